// SPDX-License-Identifier: MIT
/*
 * pugmark sql: one or more SQL statements on a trace, opened read-only, with
 * the event tables of store/sqlext.c. Rows are written as they come: tab
 * separated with a heading, or as JSON objects.
 */
#include "reports/commands.h"

#include "base/cleanup.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/report.h"
#include "store/db.h"
#include "store/sqlext.h"
#include "store/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SQL_BYTES_MAX = 1 << 20 };

struct options {
	struct cli cli;
	const char *path, *sql;
	bool has_no_heading;
};

static const struct cli_option options[] = {
	{ .name = "no-header",
	  .key = 'n',
	  .kind = CLI_FLAG,
	  .offset = offsetof(struct options, has_no_heading),
	  .help = "Leave out the line of column names" },
};

static int take_argument(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (o->sql)
		return err_set(e, ERR_USAGE, "put the statement in quotes: '%s' is too many", text);
	if (!o->path)
		o->path = text;
	else if (strcmp(text, "-")) /* standard input, as without */
		o->sql = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	struct options *o = mine;
	return o->path ? 0 : err_set(e, ERR_USAGE, "which trace?");
}

/* ---- one row ---- */

static void put_text_cell(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);
	for (const char *p = text ? text : ""; *p; p++) /* one line a row, one tab a column */
		putchar(*p == '\t' || *p == '\n'                 ? ' '
			: (unsigned char)*p < 0x20 || *p == 0x7f ? '?'
								 : *p);
}

static void put_json_cell(sqlite3_stmt *st, int column)
{
	switch (sqlite3_column_type(st, column)) {
	case SQLITE_NULL:
		fputs("null", stdout);
		break;
	case SQLITE_INTEGER:
		printf("%" PRId64, (int64_t)sqlite3_column_int64(st, column));
		break;
	case SQLITE_FLOAT: /* SQLite's own text: the same in every locale, and a JSON number */
		fputs(isfinite(sqlite3_column_double(st, column))
			      ? (const char *)sqlite3_column_text(st, column)
			      : "null",
		      stdout);
		break;
	default:
		report_json_string(stdout, (const char *)sqlite3_column_text(st, column));
	}
}

static void put_row(sqlite3_stmt *st, bool is_json, bool is_first)
{
	const int n = sqlite3_column_count(st);
	if (is_json)
		fputs(is_first ? "\n{" : ",\n{", stdout);
	for (int i = 0; i < n; i++) {
		if (is_json) {
			report_json_string(stdout, sqlite3_column_name(st, i));
			putchar(':');
			put_json_cell(st, i);
			fputs(i + 1 < n ? "," : "}", stdout);
		} else {
			put_text_cell(st, i);
			putchar(i + 1 < n ? '\t' : '\n');
		}
	}
}

static void put_heading(sqlite3_stmt *st)
{
	const int n = sqlite3_column_count(st);
	for (int i = 0; i < n; i++)
		printf("%s%c", sqlite3_column_name(st, i), i + 1 < n ? '\t' : '\n');
}

/* ---- statements ---- */

static int write_error(struct err *e)
{
	return err_set(e, errno == ENOSPC ? ERR_CREATE : ERR_IO,
		       "the results could not be written: %s", strerror(errno));
}

static int sql_error(sqlite3 *db, struct err *e)
{
	const int code = sqlite3_errcode(db);
	const enum err_code ours = code == SQLITE_CORRUPT    ? ERR_FORMAT
				   : code == SQLITE_NOMEM    ? ERR_NOMEM
				   : code == SQLITE_READONLY ? ERR_PERM
							     : ERR_USAGE;
	return err_set(e, ours, "%s", sqlite3_errmsg(db));
}

static int run_one(sqlite3 *db, sqlite3_stmt *st, const struct options *o, bool *is_first,
		   struct err *e)
{
	bool has_heading = o->has_no_heading || o->cli.is_json || !sqlite3_column_count(st);
	int step;
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		if (!has_heading)
			put_heading(st);
		has_heading = true;
		put_row(st, o->cli.is_json, *is_first);
		*is_first = false;
		if (ferror(stdout))
			return write_error(e);
	}
	if (step != SQLITE_DONE)
		return sql_error(db, e);
	if (!has_heading)
		put_heading(st);
	return 0;
}

static void put_envelope(const struct options *o, const char *digest)
{
	if (!o->cli.is_json)
		return;
	printf("{\"command\":\"sql\",\"version\":\"" PUGMARK_VERSION "\",\"trace\":{\"path\":");
	report_json_string(stdout, o->path);
	printf(",\"digest\":\"%s\"},\"rows\":[", digest);
}

/* Nothing is written before the first statement is known to be SQL. */
static int run_all(sqlite3 *db, const char *sql, const char *digest, const struct options *o,
		   struct err *e)
{
	bool is_first = true, is_begun = false;
	int rc = 0;
	while (!rc && *sql) {
		sqlite3_stmt *st;
		if (sqlite3_prepare_v2(db, sql, -1, &st, &sql) != SQLITE_OK)
			return sql_error(db, e);
		if (!st)
			continue; /* a comment or blanks */
		if (!is_begun)
			put_envelope(o, digest);
		is_begun = true;
		rc = run_one(db, st, o, &is_first, e);
		sqlite3_finalize(st);
	}
	if (!rc && !is_begun)
		return err_set(e, ERR_USAGE, "no statement to run");
	if (!rc && o->cli.is_json)
		fputs("]}\n", stdout);
	return rc;
}

static int run(struct trace *t, const char *sql, const struct options *o, struct err *e)
{
	sqlite3 *db;
	int rc = db_open_readonly(trace_file_path(t, trace_nfiles(t) - 1), TRACE_APPLICATION_ID,
				  &db, e);
	if (rc)
		return rc;
	if (sqlext_register(db, o->path) != SQLITE_OK)
		rc = err_set(e, ERR_NOMEM, "out of memory");

	char digest[TRACE_DIGEST_CHARS + 1] = "";
	if (!rc && o->cli.is_json)
		rc = trace_digest(t, digest, e);
	if (!rc)
		rc = run_all(db, sql, digest, o, e);
	if (!rc && (fflush(stdout) || ferror(stdout)))
		rc = write_error(e);
	sqlite3_close_v2(db);
	return rc;
}

static char *read_stdin(struct err *e)
{
	if (isatty(STDIN_FILENO))
		fputs("pugmark sql: statements from the terminal, to their end (Ctrl-D)\n", stderr);
	char *text = calloc(1, SQL_BYTES_MAX);
	const size_t n = text ? fread(text, 1, SQL_BYTES_MAX - 1, stdin) : 0;
	if (!text)
		err_set(e, ERR_NOMEM, "out of memory");
	else if (n == SQL_BYTES_MAX - 1)
		err_set(e, ERR_USAGE, "more than 1 MiB of SQL on standard input");
	else
		return text;
	free(text);
	return NULL;
}

static const struct cli_command command = {
	.args_doc = "TRACE [SQL]",
	.doc = "Runs SQL on a trace; without SQL, statements come from standard input. Tables: "
	       "dma, "
	       "object, io, cpu, mem, fault, iopf, pkt, walk, pt, ptpage, swap (events), and "
	       "those of the file (chunk, device, loss, account ...). Functions: "
	       "event_agg(t0,t1,by,kind), event_hist(t0,t1,bucket_ns,kind), "
	       "page_agg(t0,t1,max_rows,kind).\v"
	       "Example:\n  pugmark sql nic.db \"SELECT op, count(*) FROM dma GROUP BY op\"",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_argument,
	.check = check,
};

int cmd_sql(int argc, char **argv)
{
	struct options o = {};
	struct trace *t;
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);

	int rc = trace_open(o.path, &t, &e);
	if (rc)
		return cli_fail("sql", &e);
	_free_ char *text = o.sql ? NULL : read_stdin(&e);
	if (!o.sql && !text)
		rc = e.code;
	if (!rc) {
		banner_show(&o.cli, "sql", t);
		rc = run(t, o.sql ? o.sql : text, &o, &e);
	}
	trace_close(t);
	return rc ? cli_fail("sql", &e) : EXIT_DONE;
}
