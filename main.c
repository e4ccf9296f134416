// SPDX-License-Identifier: MIT
/* The command table. Each command is one function in its folder; nothing else lives here. */
#include "base/embedded.h"
#include "base/err.h"
#include "collect/commands.h"
#include "replay/commands.h"
#include "replay/list.h"
#include "reports/cli.h"
#include "reports/commands.h"
#include "reports/complete.h"

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

static int cmd_list(int argc, char **argv);
static int cmd_numa(int argc, char **argv);

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
	{ "check", "the queueing engine against systems with known answers", cmd_check },
	{ "numa", "where page tables lie by NUMA node, and what a host's nodes are", cmd_numa },
	{ "pin", "I/O page faults of a VM under overcommit, by what is pinned", cmd_pin },
	{ "sweep", "a command on many traces with many values, here or on a cluster", cmd_sweep },
	{ "walk", "page walks under native, shadow, nested paging and TPT", cmd_walk },
	{ "nvme", "NVMe I/O through virtualization paths: rates, latency, host and guest CPU",
	  cmd_nvme },
	{ "calibrate", "a profile from measurements", cmd_calibrate },
	{ "score", "whole designs side by side: memory, faults, I/O, walks, cores", cmd_score },
	/* results */
	{ "report", "results as tables, page or comparison; queries on a trace", cmd_report },
	{ "list", "what is built in: designs, profiles, policies, formats, every parameter",
	  cmd_list },
	{ "paper", "published figures of the works it follows, beside ours", cmd_paper },
	{ NULL, NULL, NULL },
};

/* Page tables and nodes: questions with inputs and options of their own. */
static const struct command numa_parts[] = {
	{ "census", "page tables by node, of this host or in a trace", cmd_numa_census },
	{ "classify", "local and remote page tables of a VM, from dumps", cmd_numa_classify },
	{ "measure", "how long a cache line takes between any two CPUs of this host",
	  cmd_numa_measure },
	{ "published", "the run times vMitosis published beside ours from generated traces",
	  cmd_numa_published },
	{ "replay", "what remote page tables cost on a trace, and what a fix gives and costs",
	  cmd_numa_replay },
	{ "topology", "the CPUs of each socket, from latencies between CPUs", cmd_numa_topology },
	{ NULL, NULL, NULL },
};

/* prefix: "", or the command whose parts these are and a blank. */
static void usage(FILE *out, const struct command *table, const char *prefix)
{
	const char *what = *prefix ? "PART" : "COMMAND";
	fprintf(out, "Usage: pugmark %s%s [OPTION...] [ARGUMENT...]\n", prefix, what);
	for (const struct command *c = table; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fprintf(out, "pugmark %s%s --help tells the options of a %s.\n", prefix, what,
		*prefix ? "part" : "command");
}

static const struct command *find_command(const struct command *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

static int refuse(const struct command *table, const char *prefix, const char *name)
{
	const char *names[sizeof(commands) / sizeof(commands[0])] = {};

	for (size_t i = 0; table[i].name; i++)
		names[i] = table[i].name;
	const char *nearest = *name == '-' ? NULL : cli_nearest(name, names);
	if (nearest)
		fprintf(stderr, "pugmark: no command '%s%s': did you mean '%s%s'?\n", prefix, name,
			prefix, nearest);
	else
		fprintf(stderr, "pugmark: no %s '%s%s': see pugmark %s--help\n",
			*name == '-' ? "option" : "command", prefix, name, prefix);
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

/* --complete WORD..: what the last word may become (reports/complete.h). */
static int complete(const struct command *table, int argc, char **argv)
{
	const int last = argc - 1;
	for (int i = 3; i < last; i++)
		if (!strcmp(argv[i], "--")) { /* a command of somebody else's */
			puts(":files");
			return EXIT_DONE;
		}
	if (last > 2 && !strcmp(argv[2], "help")) { /* its words are those of the command */
		argv[2] = argv[1];
		return complete(table, last, argv + 1);
	}
	for (const struct command *c = table; last == 2 && c->name; c++)
		if (!strncmp(c->name, argv[last], strlen(argv[last])))
			puts(c->name);
	const struct command *c = last > 2 ? find_command(table, argv[2]) : NULL;
	if (!c)
		return EXIT_DONE;
	argv[2] = argv[1];
	argv[last] += !strcmp(argv[last], "--"); /* which would end the options of whoever parses */
	return c->run(last, argv + 1);
}

/* argv[0] is what the table belongs to; prefix as in usage(). */
static int dispatch(const struct command *table, const char *prefix, int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr, table, prefix);
		return err_exit_status(ERR_USAGE);
	}
	if (argc > 2 && !strcmp(argv[1], CLI_COMPLETE))
		return complete(table, argc, argv);
	const struct command *c = find_command(table, argv[1]);
	if (c) { /* messages begin with the whole name */
		char name[64];
		snprintf(name, sizeof(name), "%s%s", prefix, c->name);
		argv[1] = name;
		return c->run(argc - 1, argv + 1);
	}
	if (!is_one_of(argv[1], "--help", "-h", "help") && strcmp(argv[1], "-?"))
		return refuse(table, prefix, argv[1]);
	if (argc < 3) {
		usage(stdout, table, prefix);
		return EXIT_DONE;
	}
	/* help COMMAND [PART] is COMMAND [PART] --help */
	char help[] = "--help",
	     *words[] = { argv[0], argv[2], argc > 3 ? argv[3] : help, help, NULL };
	return dispatch(table, prefix, argc > 3 ? 4 : 3, words);
}

static const struct catalogue *const catalogues[] = { collect_catalogues, report_catalogues, NULL };

static void list_names(struct choices *c)
{
	list_add_names(c, catalogues);
}

static int cmd_list(int argc, char **argv)
{
	return list_run(catalogues, list_names, argc, argv);
}

static int cmd_numa(int argc, char **argv)
{
	return dispatch(numa_parts, "numa ", argc, argv);
}

int main(int argc, char **argv)
{
	on_exit(check_stdout, NULL);
	if (argc > 1 && is_one_of(argv[1], "--version", "-V", "version")) {
		puts("pugmark " PUGMARK_VERSION);
		return EXIT_DONE;
	}
	if (argc == 3 && !strcmp(argv[1], "completion") && !strcmp(argv[2], "bash")) {
		fputs(embedded_text("scripts/completion.bash"), stdout);
		return EXIT_DONE;
	}
	return dispatch(commands, "", argc, argv);
}
