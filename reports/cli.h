// SPDX-License-Identifier: MIT
/*
 * What all commands share: options, messages and exit statuses. A command is
 * `int cmd_NAME(int argc, char **argv)`; it parses with argp, takes cli_argp
 * as a child (child input: struct cli *) and ends in `return cli_fail(...)` or
 * an enum exit_status.
 */
#ifndef PUGMARK_REPORTS_CLI_H
#define PUGMARK_REPORTS_CLI_H

#include "base/err.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

struct cli {
	bool is_json, is_quiet, is_verbose;
};

/* --json, --quiet, --verbose */
extern const struct argp cli_argp;

/* Prints `pugmark COMMAND: sentence` and gives the exit status of the error. */
int cli_fail(const char *command, const struct err *e);

/* A warning or note on stderr, in the same form; nothing with --quiet. */
void cli_note(const struct cli *cli, const char *command, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The nearest of the NULL-terminated words to text, or NULL when none is near. */
const char *cli_nearest(const char *text, const char *const *words);

/* Splits "a,b,c" in place; returns the number of parts, or -1 above max. */
int cli_split(char *list, char **parts, int max);

/* argp_parse with a name "pugmark COMMAND" in messages; 0 or exits with 64 as argp does. */
int cli_parse(const struct argp *argp, int argc, char **argv, void *input);

#endif
