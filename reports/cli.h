// SPDX-License-Identifier: MIT
/*
 * What all commands share: options, messages and exit statuses. A command is
 * `int cmd_NAME(int argc, char **argv)`; it parses with the table of its options
 * (reports/options.h) and ends in `return cli_fail(...)` or an enum exit_status.
 */
#ifndef PUGMARK_REPORTS_CLI_H
#define PUGMARK_REPORTS_CLI_H

#include "base/err.h"
#include "reports/report.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

struct cli {
	bool is_json, is_quiet, is_verbose;

	/* of cli_options_parse: the command line, for results files, and texts made from options */
	char args[1000], texts[1000];
	size_t texts_bytes;
};

/* --json, --quiet, --verbose: a child of a command's argp; child input: struct cli * */
extern const struct argp cli_argp;

/*
 * Prints `pugmark COMMAND: sentence` and gives the exit status of the error.
 * command may be NULL. Control characters in the sentence become '?'.
 */
int cli_fail(const char *command, const struct err *e);

/* Ends r; gives status, or says why the results could not be written and gives that status. */
int cli_report_end(const char *command, struct report *r, int status);

/* A warning or note on stderr, in the same form; nothing with --quiet. */
void cli_note(const struct cli *cli, const char *command, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Where --json decides: REPORT_JSON or REPORT_TABLE. */
enum report_format cli_format(const struct cli *cli);

/* The nearest of the NULL-terminated words to text, or NULL when none is near. */
const char *cli_nearest(const char *text, const char *const *words);

/* Splits "a, b,c" in place, blanks around parts dropped; the number of parts, or -1 above max. */
int cli_split(char *list, char **parts, int max);

/*
 * argp_parse with the name "pugmark COMMAND" (argv[0]) in messages; the parser
 * hands its struct cli on by `state->child_inputs[0] = &mine.cli` in
 * ARGP_KEY_INIT. Does not come back from --help and --version (exit with 0),
 * wrong usage (64) and anything else that fails, such as lack of memory (71).
 */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input);

#endif
