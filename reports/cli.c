// SPDX-License-Identifier: MIT
/*
 * What all commands share on the command line: options by argp, messages in
 * one form (`pugmark COMMAND: where: what, expected`) and exit statuses.
 */
#include "reports/cli.h"
#include "base/nearest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_message(const char *command, const char *text)
{
	fprintf(stderr, command ? "pugmark %s: " : "pugmark: ", command);
	for (const char *p = text; *p; p++)
		putc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, stderr);
	putc('\n', stderr);
}

int cli_fail(const char *command, const struct err *e)
{
	if (e->code == ERR_OK)
		print_message(command, "failed without an error: a mistake of pugmark's own");
	else if (e->msg[0])
		print_message(command, e->msg);
	return err_exit_status(e->code == ERR_OK ? ERR_BUG : (int)e->code);
}

int cli_report_end(const char *command, struct report *r, int status)
{
	struct err e = {};
	const int err = report_end(r);

	if (!err)
		return status;
	if (err == ERR_NOMEM)
		err_set(&e, err, "no memory for the results");
	else
		err_set(&e, err, "the results could not be written: %s", strerror(errno));
	return cli_fail(command, &e);
}

void cli_note(const struct cli *cli, const char *command, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (cli->is_quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_message(command, text);
}

enum report_format cli_format(const struct cli *cli)
{
	return cli->is_json ? REPORT_JSON : REPORT_TABLE;
}

const char *cli_nearest(const char *text, const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return nearest_word(text, words, n);
}

int cli_split(char *list, char **parts, int max)
{
	int n = 0;

	for (char *p = list; p; n++) {
		if (n == max)
			return -1;
		parts[n] = p + strspn(p, " ");
		p = strchr(parts[n], ',');
		char *end = p ? p : strchr(parts[n], 0);
		if (p)
			p++;
		while (end > parts[n] && end[-1] == ' ')
			end--;
		*end = 0;
	}
	return n;
}

void cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	char name[64] = "pugmark";

	if (argc > 0 && argv[0])
		snprintf(name, sizeof(name), "pugmark %s", argv[0]);

	/* argp sorts the vector it parses and takes the program's name from it: give it a copy */
	char **copy = calloc((size_t)argc + 2, sizeof(*copy));
	int rc = copy ? 0 : ENOMEM;
	if (!rc) {
		copy[0] = name;
		for (int i = 1; i < argc; i++)
			copy[i] = argv[i];
		argp_program_version = "pugmark " PUGMARK_VERSION;
		rc = argp_parse(argp, argc > 0 ? argc : 1, copy, 0, NULL, input);
	}
	free(copy);
	if (rc) {
		struct err e = {};
		err_set(&e, rc == ENOMEM ? ERR_NOMEM : ERR_BUG, "the command line: %s",
			strerror(rc));
		exit(cli_fail(argc > 0 ? argv[0] : NULL, &e));
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		cli->is_json = true;
		return 0;
	case 'q':
		cli->is_quiet = true;
		return 0;
	case 'v':
		cli->is_verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Results as JSON", -2 },
	{ "quiet", 'q', NULL, 0, "No notes and no progress", -2 },
	{ "verbose", 'v', NULL, 0, "Say more", -2 },
	{},
};

const struct argp cli_argp = { .options = options, .parser = parse_option };
