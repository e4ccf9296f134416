// SPDX-License-Identifier: MIT
/*
 * A command's options as a table: one row an option says its name, its help,
 * what it defaults to, what its text means and which member of the command's
 * own struct takes the value. Help, parsing, bounds and defaults come from it.
 *
 *	static const struct cli_option options[] = {
 *		{ .name = "budget", .key = 'b', .arg = "N|N%,..", .kind = CLI_LIST,
 *		  .help = "Pages that may be pinned", .fallback = "1%,5%",
 *		  .each = add_budget, .offset = offsetof(struct options, nbudgets),
 *		  .most = BUDGETS_MAX },
 */
#ifndef PUGMARK_REPORTS_OPTIONS_H
#define PUGMARK_REPORTS_OPTIONS_H

#include "base/choices.h"
#include "reports/cli.h"

#include <stddef.h>

enum cli_option_kind {
	CLI_FLAG,    /* bool: given */
	CLI_TEXT,    /* const char * */
	CLI_COUNT,   /* uint64_t, as are the next two: least to most (0: no bound) */
	CLI_BYTES,   /* 64K */
	CLI_NS,      /* 10ms */
	CLI_LIST,    /* size_t, set to 0 at each --option; then `each` takes part by part, or
		      * without one the parts are kept as `texts`. Lists are crossed: a result of
		      * one part must not depend on the others, or `pugmark sweep` could not
		      * batch them. */
	CLI_CALL,    /* `each` takes the whole text */
	CLI_CHOICE,  /* int or enum: the number of one of `choices` */
	CLI_CHOICES, /* size_t: how many of `choices`, `chosen` says which */
	CLI_SET,     /* struct cli_sets: --set section.key=value */
	CLI_SET_AS,  /* struct cli_sets: short for --set KEY=text, KEY being `set_as` */
	CLI_PLOT,    /* const char *: a picture, or - for standard output */
	CLI_RESULTS, /* const char *: a file with a name */
};

enum { CLI_SETS_MAX = 256, CLI_LIST_MAX = 1024 };

/* What --set said, for param_assign, in the order given. */
struct cli_sets {
	const char *text[CLI_SETS_MAX];
	size_t n;
};

/*
 * Takes a text, which stays valid while the command's struct does. ERR_USAGE
 * becomes wrong usage of the option (64), any other error ends the command.
 */
typedef int (*cli_each)(void *mine, char *text, struct err *e);

struct cli_option {
	const char *name;
	const char *arg; /* what help calls the value; NULL: takes none */
	const char *help;
	const char *fallback; /* taken if the option is not given; help names it */
	cli_each each;
	choices_fill choices; /* what may be said, or (a list, a text) is known by name */
	const char *what;     /* of a choice, for messages; default: the option's name */
	const char *listed;   /* help lists the choices under this title, not in the line */
	const char *files;    /* ending of files that are meant, "" for any; completion only */
	const char *set_as;
	uint64_t least, most; /* of a count; most parts of a list */
	size_t offset;        /* in the command's struct */
	size_t texts;         /* likewise of an array of `most` const char *, of a list */
	size_t chosen;        /* likewise of an array of bool, one a choice */
	size_t given;         /* likewise of a bool: it was given; 0: nobody asks */
	int key;              /* a letter, or 0 */
	enum cli_option_kind kind;
};

struct cli_command {
	const char *args_doc, *doc; /* as argp has them: text, \v, examples */
	const struct cli_option *options;
	size_t noptions;
	size_t cli_offset; /* of struct cli in the command's struct */

	/* An argument that is not an option's; NULL: there are none. The rest is for completion:
	 * names and files that it may be, as of an option; neither: traces. */
	cli_each argument;
	choices_fill argument_choices;
	const char *argument_files;

	/* Instead: there is one, a const char * there; it may be left out only if it says so. */
	const char *what; /* "trace", for messages: "which trace?" */
	size_t only;
	bool is_optional;

	/* What one option alone cannot know; fallbacks are in place. May be NULL. */
	int (*check)(void *mine, struct err *e);
};

/*
 * Fills mine, which begins zeroed; does not come back from --help, --version
 * (exit with 0) and wrong usage (64). argv must outlive mine.
 *
 * For programs that run commands (pugmark sweep): --print-options alone prints
 * `name kind most arg`, tabs between, an option a line; --only-parse anywhere
 * exits with 0 once the line was found right. --complete WORD.. prints what the
 * last word may become (reports/complete.h).
 */
void cli_options_parse(const struct cli_command *c, int argc, char **argv, void *mine);

/*
 * Rows that many commands have, so that they mean the same everywhere; at:
 * `.offset = ..`, of a uint64_t, a const char *, a bool or struct cli_sets.
 */
#define CLI_OPTION_THREADS(at)                                                                 \
	{                                                                                      \
		.name = "threads", .arg = "N", .kind = CLI_COUNT, at, .least = 1, .most = 256, \
		.help = "Default: one a processor; never changes a result"                     \
	}
#define CLI_OPTION_SEED(at, of)                                                                \
	{                                                                                      \
		.name = "seed", .arg = "N", .kind = CLI_COUNT, at, .fallback = "1", .help = of \
	}
#define CLI_OPTION_SET(at, of)                                                             \
	{                                                                                  \
		.name = "set", .arg = "SECTION.KEY=VALUE", .kind = CLI_SET, at, .help = of \
	}
#define CLI_OPTION_PLOT(at, what)                                        \
	{                                                                \
		.name = "plot", .arg = "FILE", .kind = CLI_PLOT, at,     \
		.help = what ": .svg, .png, .pdf, or - for the terminal" \
	}
#define CLI_OPTION_RECORDING(at)                                                           \
	{                                                                                  \
		.name = "recording", .arg = "N", .kind = CLI_COUNT, at, .least = 1,        \
		.help = "Of a merged trace: recording N; default: the first with dma rows" \
	}
#define CLI_OPTION_ASSUMPTIONS(at)                              \
	{                                                       \
		.name = "assumptions", .kind = CLI_FLAG, at,    \
		.help = "Print every parameter with its source" \
	}
#define CLI_OPTION_RESULTS(at)                                             \
	{                                                                  \
		.name = "results", .arg = "FILE", .kind = CLI_RESULTS, at, \
		.help = "Add what is found to a results file"              \
	}

/* The number of threads asked for, or (0) one a processor, at most 256. */
unsigned cli_threads(uint64_t asked);

#endif
