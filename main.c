// SPDX-License-Identifier: MIT
/* The command table. Each command is one function in its folder; nothing else lives here. */
#include "base/err.h"
#include "collect/commands.h"
#include "replay/commands.h"
#include "reports/commands.h"

#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	/* capture */
	{ "import", "turn a recording of any known format into a trace", cmd_import },
	/* traces */
	{ "info", "streams, devices, losses and accounting of a trace", cmd_info },
	{ "verify", "check every byte of a trace", cmd_verify },
	{ "sql", "run SQL on the events of a trace", cmd_sql },
	{ "export", "write a trace in another format", cmd_export },
	/* replay */
	{ "cache", "score replacement policies: misses by policy and size", cmd_cache },
	/* results */
	{ "report", "a stored query on a trace, as table or plot", cmd_report },
	{ NULL, NULL, NULL },
};

static void usage(FILE *out)
{
	fputs("Usage: pugmark COMMAND [OPTION...] [ARGUMENT...]\n", out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return err_exit_status(ERR_USAGE);
	}
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, argv[1]))
			return c->run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_DONE;
	}
	fprintf(stderr, "pugmark: no command '%s'\n", argv[1]);
	usage(stderr);
	return err_exit_status(ERR_USAGE);
}
