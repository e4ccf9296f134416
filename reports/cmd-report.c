// SPDX-License-Identifier: MIT
/*
 * pugmark report: a results file as tables or as a page (reports/results-screen.h),
 * two of them compared, or a stored query on a trace, shown as a table or drawn. A report is one
 * reports/queries/NAME.sql and, to be drawn, one NAME.gp beside it; the first
 * comment of the query after its licence line is its title. No C is needed.
 *
 * A query over time may use :seconds, the length of a row: 1 for JSON, so much
 * that the rows fit a screen or a picture otherwise.
 */
#include "reports/commands.h"

#include "base/cleanup.h"
#include "base/embedded.h"
#include "base/quantity.h"
#include "base/units.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "reports/results-screen.h"
#include "reports/section.h"
#include "store/db.h"
#include "store/sqlext.h"
#include "store/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN_ROWS = 60, PLOT_BARS = 800 };
enum { COLUMNS_MAX = 24 };

struct options {
	struct cli cli;
	const char *path, *name, *plot, *dir;
	bool is_list, is_compare;
};

/* ---- the reports there are ---- */

static const char folder[] = "reports/queries/", ending[] = ".sql";

static void list_queries(struct choices *c)
{
	choices_add_embedded(c, folder, ending, NULL);
}

static const struct report_column list_columns[] = {
	{ "report", NULL, REPORT_TEXT, 0 },
	{ "title", NULL, REPORT_TEXT, 0 },
	{ "has_plot", "plot", REPORT_BOOL, 0 },
};

static int list_reports(const struct cli *cli)
{
	_choices_ struct choices c = {};
	struct report *r = report_begin(stdout, cli_format(cli), "report", NULL, NULL);
	if (!r)
		return ERR_NOMEM;
	list_queries(&c);
	report_table(r, "rows", NULL, list_columns, 3);
	for (size_t i = 0; i < c.n; i++) {
		char script[100];
		snprintf(script, sizeof(script), "%s%s.gp", folder, c.list[i].name);
		report_row(r, (struct report_value[]){ REPORT_S(c.list[i].name),
						       REPORT_S(c.list[i].summary),
						       REPORT_U(embedded_text(script) != NULL) });
	}
	return cli_report_end("report", r, EXIT_DONE);
}

/* The query of a report, and what it is called. */
static const char *find_query(const char *name, char **title_out, struct err *e)
{
	_choices_ struct choices c = {};
	list_queries(&c);
	const int i = choices_find(&c, name);
	if (i >= 0) {
		*title_out = strdup(c.list[i].summary);
		return embedded_text(c.list[i].source);
	}
	if (db_is_sqlite_file(name))
		err_set(e, ERR_USAGE, "no report '%.40s': that is a trace, which comes first",
			name);
	else
		choices_refuse(&c, "report", name, NULL, e);
	return NULL;
}

/* ---- options ---- */

static int take_argument(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (o->path && o->name)
		return err_set(e, ERR_USAGE, "one report at a time: '%s' is too many", text);
	*(o->path ? &o->name : &o->path) = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	if (!o->is_list && !o->path)
		return err_set(e, ERR_USAGE, "which results file, or trace and report? see --list");
	if (o->is_compare && !o->name)
		return err_set(e, ERR_USAGE, "--compare wants two results files");
	if (o->dir && (o->name || o->is_list))
		return err_set(e, ERR_USAGE, "--output is for one results file alone");
	if (o->plot && (o->is_compare || (o->path && !o->name)))
		return err_set(e, ERR_USAGE,
			       "--plot draws a report on a trace; a page of a results file (-o "
			       "DIR) has figures");
	return 0;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "list", .kind = CLI_FLAG, AT(is_list), .help = "List the reports there are" },
	{ .name = "output",
	  .key = 'o',
	  .arg = "DIR",
	  .kind = CLI_TEXT,
	  AT(dir),
	  .help = "Of a results file: write a page, DIR/index.html" },
	{ .name = "compare",
	  .kind = CLI_FLAG,
	  AT(is_compare),
	  .help = "Of two results files: what changed, and beyond noise?" },
	{ .name = "plot",
	  .arg = "FILE",
	  .kind = CLI_PLOT,
	  AT(plot),
	  .help = "Draw it: FILE.svg, .png, .pdf, or - for the terminal" },
};

static const struct cli_command command = {
	.args_doc = "RESULTS\n--compare OLD NEW\nTRACE NAME\n--list",
	.doc = "Shows what runs stored in a results file (--results of age, cache, pin ..), as "
	       "tables or as a page, or what changed between two; or a stored query on a trace, "
	       "as a table, JSON or plot.\v"
	       "Examples:\n  pugmark report results.db -o page\n"
	       "  pugmark report --compare old.db new.db\n"
	       "  pugmark report nic.db rate --plot rate.svg",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_argument,
	.argument_choices = list_queries,
	.argument_files = "db",
	.check = check,
};

/* ---- rows ---- */

static void start_table(struct report *r, sqlite3_stmt *st, struct report_column *columns, int n)
{
	for (int i = 0; i < n; i++) {
		const char *name = sqlite3_column_name(st, i);
		columns[i] = (struct report_column){
			.key = name,
			.type = section_type_of(name, sqlite3_column_type(st, i) == SQLITE_TEXT)
		};
	}
	report_table(r, "rows", NULL, columns, (unsigned)n);
}

/* A report of pages about a trace of packets has no row: say what there is. */
static void tell_kinds(struct report *r, const struct trace *t)
{
	char text[200] = "";
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		const char *name = trace_stream_info(t, i)->kind->name;
		const size_t at = strlen(text);
		if (!strstr(text, name))
			snprintf(text + at, sizeof(text) - at, "%s%s", at ? ", " : "", name);
	}
	report_text(r, "The trace has nothing that this report is about, only rows of: %s.",
		    *text ? text : "no kind");
}

static int show(const struct trace *t, sqlite3 *db, sqlite3_stmt *st, struct report *r,
		struct err *e)
{
	const int n = sqlite3_column_count(st);
	struct report_column columns[COLUMNS_MAX];
	bool is_started = false;
	int step;

	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		struct report_value v[COLUMNS_MAX];
		if (!is_started)
			start_table(r, st, columns, n);
		is_started = true;
		for (int i = 0; i < n; i++) {
			v[i] = columns[i].type == REPORT_TEXT
				       ? REPORT_S((const char *)sqlite3_column_text(st, i))
				       : REPORT_I(sqlite3_column_int64(st, i));
			v[i].is_null = sqlite3_column_type(st, i) == SQLITE_NULL;
		}
		report_row(r, v);
	}
	if (!is_started) {
		tell_kinds(r, t);
		start_table(r, st, columns, n);
	}
	return step == SQLITE_DONE ? 0 : err_set(e, ERR_FORMAT, "%s", sqlite3_errmsg(db));
}

/* Words for gnuplot: no blank, no quote; nothing is "?" */
static void put_word(FILE *f, const char *text)
{
	if (!text || !*text)
		fputc('?', f);
	for (const char *p = text; p && *p; p++)
		fputc(*p > ' ' && *p != '"' && *p != '\'' && *p != '\\' ? *p : '_', f);
}

static int put_plot(sqlite3 *db, sqlite3_stmt *st, struct plot *p, struct err *e)
{
	const int n = sqlite3_column_count(st);
	FILE *f = plot_data(p, "data");
	int step;

	while ((step = sqlite3_step(st)) == SQLITE_ROW)
		for (int i = 0; i < n; i++) {
			put_word(f, (const char *)sqlite3_column_text(st, i));
			fputc(i + 1 < n ? ' ' : '\n', f);
		}
	plot_data_end(p);
	if (step == SQLITE_DONE)
		return plot_end(p, e);
	plot_abort(p);
	return err_set(e, ERR_FORMAT, "%s", sqlite3_errmsg(db));
}

/* Gives the query rows of so many seconds that a stream has no more than rows_max; 0: of one. */
static uint64_t bind_seconds(const struct trace *t, sqlite3_stmt *st, uint64_t rows_max)
{
	uint64_t seconds = 1;
	for (unsigned i = 0; rows_max && i < trace_nstreams(t); i++) {
		const uint64_t last_s = trace_stream_info(t, i)->last_ns / NS_PER_SEC;
		if (seconds <= last_s / rows_max)
			seconds = last_s / rows_max + 1;
	}
	const int parameter = sqlite3_bind_parameter_index(st, ":seconds");
	sqlite3_reset(st);
	if (parameter)
		sqlite3_bind_int64(st, parameter, (sqlite3_int64)seconds);
	return parameter ? seconds : 1;
}

static int draw(const struct trace *t, sqlite3_stmt *st, const char *title, const struct options *o,
		struct err *e)
{
	char seconds[24];
	struct plot *p;
	const int rc = plot_begin(o->plot, o->name, &p, e);
	if (rc)
		return rc;
	snprintf(seconds, sizeof(seconds), "%" PRIu64, bind_seconds(t, st, PLOT_BARS));
	plot_set(p, "title", title);
	plot_set(p, "seconds", seconds);
	const int drawn = put_plot(sqlite3_db_handle(st), st, p, e);
	if (!drawn && strcmp(o->plot, "-"))
		cli_note(&o->cli, "report", "%s: drawn", o->plot);
	return drawn;
}

static int run(struct trace *t, sqlite3_stmt *st, const char *title, const struct options *o,
	       int *status_out, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	if (sqlite3_column_count(st) > COLUMNS_MAX)
		return err_set(e, ERR_USAGE, "a report of more than %d columns", COLUMNS_MAX);
	if (o->plot) {
		const int drawn = draw(t, st, title, o, e);
		if (drawn || !o->cli.is_json)
			return drawn;
	}

	int rc = trace_digest(t, digest, e);
	struct report *r =
		rc ? NULL
		   : report_begin(stdout, cli_format(&o->cli), "report", trace_path(t), digest);
	if (!r)
		return rc ? rc : err_set(e, ERR_NOMEM, "out of memory");
	report_member_text(r, "report", o->name);
	report_text(r, "%s", title);
	const uint64_t rows_max = SCREEN_ROWS / (trace_nstreams(t) ? trace_nstreams(t) : 1);
	const uint64_t seconds = bind_seconds(t, st, o->cli.is_json ? 0 : rows_max);
	if (seconds > 1)
		report_text(r, "Each row is the mean of %s seconds; --json has one a second.",
			    quantity_count(seconds).s);
	rc = show(t, sqlite3_db_handle(st), st, r, e);
	*status_out = cli_report_end("report", r, EXIT_DONE);
	return rc;
}

static int open_and_run(struct trace *t, const char *sql, const char *title,
			const struct options *o, int *status_out, struct err *e)
{
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	int rc = db_open_readonly(trace_file_path(t, trace_nfiles(t) - 1), TRACE_APPLICATION_ID,
				  &db, e);
	if (rc)
		return rc;
	if (sqlext_register(db, o->path) != SQLITE_OK || !title)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	else if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		rc = err_set(e, ERR_BUG, "report %s: %s", o->name, sqlite3_errmsg(db));
	else
		rc = run(t, st, title, o, status_out, e);
	sqlite3_finalize(st);
	sqlite3_close_v2(db);
	return rc;
}

/* A stored query on a trace. */
static int report_on_trace(const struct options *given)
{
	const struct options o = *given;
	struct trace *t;
	struct err e = {};
	int status = EXIT_DONE;
	_free_ char *title = NULL;
	const char *sql = find_query(o.name, &title, &e);
	int rc = sql ? trace_open(o.path, &t, &e) : e.code;
	if (!rc) {
		banner_show(&o.cli, "report", t);
		rc = open_and_run(t, sql, title, &o, &status, &e);
		trace_close(t);
	}
	return rc ? cli_fail("report", &e) : status;
}

int cmd_report(int argc, char **argv)
{
	struct options o = {};
	cli_options_parse(&command, argc, argv, &o);
	if (o.is_list)
		return list_reports(&o.cli);
	if (o.is_compare)
		return compare_results(&o.cli, o.path, o.name);
	return o.name ? report_on_trace(&o) : report_results(&o.cli, o.path, o.dir);
}
