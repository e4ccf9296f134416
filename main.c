// SPDX-License-Identifier: MIT
/* The command table. Each command is one function in its folder; nothing else lives here. */
#include "base/err.h"
#include "collect/commands.h"
#include "replay/commands.h"
#include "reports/cli.h"
#include "reports/commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	/* capture */
	{ "doctor", "which sources of this host are usable, blind, denied or absent", cmd_doctor },
	{ "record", "record live sources of this host within budgets", cmd_record },
	{ "import", "turn a recording of any known format into a trace", cmd_import },
	{ "merge", "several traces in one, recordings kept apart", cmd_merge },
	{ "gen", "make a trace of a characterised workload from a seed", cmd_gen },
	/* traces */
	{ "info", "streams, devices, losses and accounting of a trace", cmd_info },
	{ "verify", "check every byte of a trace", cmd_verify },
	{ "sql", "run SQL on the events of a trace", cmd_sql },
	{ "export", "write a trace in another format", cmd_export },
	/* replay */
	{ "age", "idle memory by age, and how often devices come back to it", cmd_age },
	{ "cache", "score replacement policies: misses by policy and size", cmd_cache },
	{ "pin", "I/O page faults of a VM under overcommit, by what is pinned", cmd_pin },
	{ "walk", "page walks under native, shadow, nested paging and TPT", cmd_walk },
	/* results */
	{ "report", "a stored query on a trace, as table or plot", cmd_report },
	{ NULL, NULL, NULL },
};

static void usage(FILE *out)
{
	fputs("Usage: pugmark COMMAND [OPTION...] [ARGUMENT...]\n", out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fputs("pugmark COMMAND --help tells the options of a command.\n", out);
}

static const struct command *find_command(const char *name)
{
	const struct command *c = commands;

	while (c->name && strcmp(c->name, name))
		c++;
	return c->name ? c : NULL;
}

static int refuse(const char *name)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		names[i] = commands[i].name;
	const char *nearest = *name == '-' ? NULL : cli_nearest(name, names);
	if (nearest)
		fprintf(stderr, "pugmark: no command '%s': did you mean '%s'?\n", name, nearest);
	else
		fprintf(stderr, "pugmark: no %s '%s': see pugmark --help\n",
			*name == '-' ? "option" : "command", name);
	return err_exit_status(ERR_USAGE);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
	return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

/* What --help and --version print inside argp fails unseen without this. */
static void check_stdout(int status, void *arg)
{
	(void)arg;
	if (status || (!fflush(stdout) && !ferror(stdout)))
		return;
	const int why = errno;
	fprintf(stderr, "pugmark: standard output: %s\n", strerror(why));
	_exit(err_exit_status(why == ENOSPC ? ERR_CREATE : ERR_IO));
}

int main(int argc, char **argv)
{
	on_exit(check_stdout, NULL);
	if (argc < 2) {
		usage(stderr);
		return err_exit_status(ERR_USAGE);
	}
	const struct command *c = find_command(argv[1]);
	if (c)
		return c->run(argc - 1, argv + 1);
	if (is_one_of(argv[1], "--version", "-V", "version")) {
		puts("pugmark " PUGMARK_VERSION);
		return EXIT_DONE;
	}
	if (!is_one_of(argv[1], "--help", "-h", "help") && strcmp(argv[1], "-?"))
		return refuse(argv[1]);
	if (argc < 3) {
		usage(stdout);
		return EXIT_DONE;
	}
	c = find_command(argv[2]);
	char help[] = "--help", *words[] = { argv[2], help, NULL };
	return c ? c->run(2, words) : refuse(argv[2]);
}
