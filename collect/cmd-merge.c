// SPDX-License-Identifier: MIT
/*
 * pugmark merge: several traces into one by copying their chunks (store/merge.h).
 * A recording that is named twice, or in a copy, is there once.
 */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "collect/import-report.h"
#include "reports/options.h"
#include "store/db.h"
#include "store/merge.h"
#include "store/trace-writer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "merge"

struct merge_command {
	struct cli cli;
	const char **files; /* room for all of argv */
	unsigned nfiles;
	const char *out;
	bool force;
};

static void tell(void *ctx, const char *sentence)
{
	struct merge_command *c = ctx;

	cli_note(&c->cli, COMMAND, "%s", sentence);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* --force: a finished trace that is no input may go. */
static int check_output(const struct merge_command *c, struct err *e)
{
	char first[PATH_MAX];
	struct stat st;

	trace_set_name(c->out, 1, first, sizeof(first));
	if (!access(first, F_OK))
		return err_set(e, ERR_CREATE, "%s: exists already: a set of the same name", first);
	if (stat(c->out, &st))
		return 0;
	for (unsigned i = 0; i < c->nfiles; i++)
		if (is_same_file(c->files[i], c->out))
			return err_set(e, ERR_CREATE, "%s: is an input too", c->out);
	if (!c->force)
		return err_set(e, ERR_CREATE, "%s: exists already%s", c->out,
			       db_is_sqlite_file(c->out) ? "; --force replaces it" : "");
	if (!S_ISREG(st.st_mode) || (st.st_size && !db_is_sqlite_file(c->out)))
		return err_set(e, ERR_CREATE, "%s: is no trace, so --force does not replace it",
			       c->out);
	if (trace_is_being_written(c->out))
		return err_set(e, ERR_CREATE, "%s: another process is writing it", c->out);
	return 0;
}

static int remove_output(const struct merge_command *c, struct err *e)
{
	const int rc = check_output(c, e);

	return rc ? rc : trace_remove_file(c->out, e);
}

static int add_file(struct merge *m, const char *path, struct err *e)
{
	struct trace *t = NULL;
	int rc = trace_open(path, &t, e);

	if (!rc)
		rc = merge_add(m, t, e);
	trace_close(t);
	return rc;
}

/* A set is one recording: of its files the first that is named stands for all. */
static int add_input(const struct merge_command *c, struct merge *m, unsigned i, struct err *e)
{
	char set[PATH_MAX], other[PATH_MAX];
	if (!trace_set_of(c->files[i], set, sizeof(set)))
		return add_file(m, c->files[i], e);
	for (unsigned k = 0; k < i; k++)
		if (trace_set_of(c->files[k], other, sizeof(other)) && !strcmp(set, other))
			return 0;
	cli_note(&c->cli, COMMAND, "%s: is one file of the set %s, which is taken whole",
		 c->files[i], set);
	return add_file(m, set, e);
}

/* The old result goes only when the new one is whole. */
static int merge_files(struct merge_command *c, struct merge_result *result, struct err *e)
{
	const struct merge_options o = { .note = tell, .ctx = c };
	struct merge *m = NULL;
	int rc = check_output(c, e);

	if (!rc)
		rc = merge_begin(c->out, &o, &m, e);

	for (unsigned i = 0; !rc && i < c->nfiles; i++)
		rc = add_input(c, m, i, e);
	if (!rc)
		rc = remove_output(c, e);
	if (rc) {
		merge_abort(m);
		return rc;
	}
	return merge_finish(m, result, e);
}

/* ---- options ---- */

#define AT(member) .offset = offsetof(struct merge_command, member)

static const struct cli_option options[] = {
	{ .name = "output",
	  .key = 'o',
	  .arg = "T.db",
	  .kind = CLI_TEXT,
	  AT(out),
	  .files = "db",
	  .help = "Trace to write" },
	{ .name = "force", .kind = CLI_FLAG, AT(force), .help = "Replace T.db" },
};

static int take_file(void *mine, char *text, struct err *e)
{
	struct merge_command *c = mine;
	(void)e;
	c->files[c->nfiles++] = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	const struct merge_command *c = mine;
	if (!c->nfiles)
		return err_set(e, ERR_USAGE, "which traces?");
	if (!c->out)
		return err_set(e, ERR_USAGE, "which trace to write? -o T.db");
	if (!strcmp(c->out, "-"))
		return err_set(e, ERR_USAGE, "-o '-': a trace is a file with a name");
	return 0;
}

static const struct cli_command command = {
	.args_doc = "TRACE...",
	.doc = "Copies the recordings of several traces into one; each stays apart.",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct merge_command, cli),
	.argument = take_file,
	.check = check,
};

static int report(const struct merge_command *c, const struct merge_result *r)
{
	char format[80];

	snprintf(format, sizeof(format), "%s recording%s", quantity_count(r->recordings).s,
		 r->recordings == 1 ? "" : "s");
	const struct import_result result = {
		.command = COMMAND,
		.path = c->out,
		.format = format,
		.damaged = r->damaged_chunks + r->unfinished,
		.first_damage = r->first_damage.code ? r->first_damage.msg : NULL,
	};
	return import_report(&c->cli, &result);
}

int cmd_merge(int argc, char **argv)
{
	struct merge_command c = {};
	struct merge_result result = {};
	struct err e = {};

	_free_ const char **files = calloc((size_t)argc, sizeof(*files));
	if (!files) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	c.files = files;
	cli_options_parse(&command, argc, argv, &c);
	return merge_files(&c, &result, &e) ? cli_fail(COMMAND, &e) : report(&c, &result);
}
