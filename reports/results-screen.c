// SPDX-License-Identifier: MIT
/*
 * pugmark report RESULTS: what the runs said, then a table for each section that
 * has rows. Folded sections and long tables are for --verbose, JSON and the page.
 */
#include "reports/results-screen.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "reports/page.h"
#include "reports/results-facts.h"
#include "reports/results-view.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

enum { SCREEN_ROWS = 12, SCREEN_VERDICTS = 8 }; /* of a table, without --verbose */

struct screen {
	const struct cli *cli;
	sqlite3 *db;
	const char *path;
	struct report *r;
	struct err *e;
	const struct results_verdict *verdict; /* whose sentences are told */
	unsigned nverdicts;
};

/* ---- words ---- */

static void tell_warning(void *ctx, const char *sentence)
{
	const struct screen *s = ctx;
	cli_note(s->cli, "report", "%s", sentence);
}

static void add_warning(void *ctx, const char *sentence)
{
	struct screen *s = ctx;
	report_row(s->r, (struct report_value[]){ REPORT_S(sentence) });
}

static void show_sentence(void *ctx, const char *sentence)
{
	struct screen *s = ctx;
	if (s->cli->is_json)
		report_row(s->r, (struct report_value[]){
					 REPORT_S(s->verdict->command), REPORT_S(s->verdict->trace),
					 REPORT_S(sentence), REPORT_S(s->verdict->args) });
	else
		report_text(s->r, "  %s", sentence);
}

static int show_verdict(void *ctx, const struct results_verdict *v)
{
	struct screen *s = ctx;
	s->verdict = v;
	const bool is_all = s->cli->is_json || s->cli->is_verbose;
	const bool is_counted = !is_all && v->n > RESULTS_VERDICTS_TOLD;
	if (is_counted && v->i)
		return 0;
	if (s->nverdicts++ >= SCREEN_VERDICTS && !is_all)
		return 0;
	if (s->nverdicts > 1)
		report_text(s->r, "%s", "");
	report_text(s->r, "%s%s%s%s%s", v->command, v->trace ? " " : "", v->trace ? v->trace : "",
		    !is_counted && *v->apart ? ": " : "", is_counted ? "" : v->apart);
	if (is_counted) {
		char count[120];
		results_verdicts_count(v, count, sizeof(count));
		report_text(s->r, "  %s (--verbose has all)", count);
		return 0;
	}
	return results_each_sentence(s->db, s->path, v->run_id, true, show_sentence, s, s->e);
}

static int show_words(struct screen *s)
{
	static const struct report_column warning[] = { { "warning", NULL, REPORT_TEXT, 0 } };
	static const struct report_column verdict[] = { { "command", NULL, REPORT_TEXT, 0 },
							{ "trace", NULL, REPORT_TEXT, 0 },
							{ "sentence", NULL, REPORT_TEXT, 0 },
							{ "args", NULL, REPORT_TEXT, 0 } };
	int rc = results_each_warning(s->db, s->path, tell_warning, s, s->e);
	if (s->cli->is_json && !rc) {
		report_table(s->r, "warnings", NULL, warning, 1);
		rc = results_each_warning(s->db, s->path, add_warning, s, s->e);
		report_table(s->r, "verdicts", NULL, verdict, 4);
	}
	if (!rc)
		rc = results_each_verdict(s->db, s->path, show_verdict, s, s->e);
	if (s->nverdicts > SCREEN_VERDICTS && !s->cli->is_verbose)
		report_text(s->r, "%s more verdicts: --verbose",
			    quantity_count(s->nverdicts - SCREEN_VERDICTS).s);
	return rc;
}

/* ---- tables ---- */

/* Only the columns that are shown; all of them in JSON, where a figure's are data too. */
static unsigned choose_columns(const struct screen *s, const struct section_table *t,
			       unsigned chosen[SECTION_COLUMNS_MAX],
			       struct report_column columns[SECTION_COLUMNS_MAX])
{
	unsigned n = 0;
	for (unsigned c = 0; c < t->ncolumns; c++)
		if (t->is_shown[c] || s->cli->is_json) {
			columns[n] = t->columns[c];
			chosen[n++] = c;
		}
	return n;
}

static char *heading(const struct page_part *part, size_t nrows)
{
	const struct section_table *t = &part->table;
	_free_ char *where = NULL;
	char cut[120] = "", *out;
	bool hides = false;
	for (unsigned c = 0; c < part->section->npanel && c < t->ncolumns; c++)
		hides |= !t->is_shown[c];
	if (hides) /* what all rows share stands here instead of in a column */
		where = page_shared_name(part->section, t);
	if (nrows < t->nrows)
		snprintf(cut, sizeof(cut), " (%s of %s rows, --verbose has all)",
			 quantity_count(nrows).s, quantity_count(t->nrows).s);
	return asprintf(&out, "%s%s%s%s", part->section->title, where && *where ? ": " : "",
			where ? where : "", cut) < 0
		       ? NULL
		       : out;
}

static void show_part(struct screen *s, const struct page_part *part,
		      struct report_column columns[SECTION_COLUMNS_MAX])
{
	const struct section_table *t = &part->table;
	const bool is_all = s->cli->is_json || s->cli->is_verbose;
	const size_t nrows = !is_all && t->nrows > SCREEN_ROWS ? SCREEN_ROWS : t->nrows;
	unsigned chosen[SECTION_COLUMNS_MAX];
	_free_ char *title = heading(part, nrows);
	if (part->section->is_folded && !is_all)
		return;
	const unsigned n = choose_columns(s, t, chosen, columns);
	report_table(s->r, part->section->name, title, columns, n);
	for (size_t row = 0; row < nrows; row++) {
		struct report_value v[SECTION_COLUMNS_MAX];
		for (unsigned c = 0; c < n; c++)
			v[c] = t->cells[row * t->ncolumns + chosen[c]].v;
		report_row(s->r, v);
	}
}

static int show_all(struct screen *s, const struct page_part *parts, size_t n, struct arena *arena)
{
	struct report_column(*columns)[SECTION_COLUMNS_MAX] =
		arena_alloc(arena, n, sizeof(*columns));
	static const struct report_column section[] = { { "section", NULL, REPORT_TEXT, 0 },
							{ "title", NULL, REPORT_TEXT, 0 },
							{ "rows", NULL, REPORT_U64, 0 },
							{ "has_plot", NULL, REPORT_BOOL, 0 } };
	if (!columns)
		return err_set(s->e, ERR_NOMEM, "no memory for the report");
	report_member_text(s->r, "results", s->path);
	int rc = show_words(s);
	if (s->cli->is_json)
		report_table(s->r, "rows", NULL, section, 4);
	for (size_t i = 0; i < n && s->cli->is_json; i++)
		report_row(s->r, (struct report_value[]){ REPORT_S(parts[i].section->name),
							  REPORT_S(parts[i].section->title),
							  REPORT_U(parts[i].table.nrows),
							  REPORT_B(parts[i].section->script) });
	for (size_t i = 0; i < n && !rc; i++)
		show_part(s, &parts[i], columns[i]);
	return rc;
}

/* ---- the command ---- */

static int print(struct screen *s, const struct page_part *parts, size_t n, struct arena *arena,
		 int *status_out)
{
	s->r = report_begin(stdout, cli_format(s->cli), "report", NULL, NULL);
	if (!s->r)
		return err_set(s->e, ERR_NOMEM, "no memory for the report");
	const int rc = show_all(s, parts, n, arena);
	*status_out = cli_report_end("report", s->r, EXIT_DONE);
	return rc;
}

/* A trace where a results file is expected: the report's name is missing. */
static int open_results(const char *path, sqlite3 **out, struct err *e)
{
	sqlite3 *trace;
	const int rc = results_view_open(path, out, e);
	if (rc != ERR_UNUSABLE ||
	    db_open_readonly(path, TRACE_APPLICATION_ID, &trace, &(struct err){}))
		return rc;
	sqlite3_close(trace);
	return err_set(e, ERR_USAGE, "%s: is a trace: which report of it? see --list", path);
}

int report_results(const struct cli *cli, const char *path, const char *dir)
{
	struct err e = {};
	struct screen s = { .cli = cli, .path = path, .e = &e };
	struct arena arena = {};
	struct page_part *parts;
	size_t n;
	int status = EXIT_DONE;
	int rc = open_results(path, &s.db, &e);
	if (rc)
		return cli_fail("report", &e);
	rc = page_read(s.db, path, &arena, &parts, &n, &e);
	if (!rc && !n)
		rc = err_set(&e, ERR_UNUSABLE, "%s: holds no results", path);
	if (!rc && dir)
		rc = page_write(dir, s.db, path, parts, n, &e);
	if (!rc && dir)
		cli_note(cli, "report", "%s/index.html: written", dir);
	if (!rc && (!dir || cli->is_json))
		rc = print(&s, parts, n, &arena, &status);
	arena_deinit(&arena);
	sqlite3_close(s.db);
	return rc ? cli_fail("report", &e) : status;
}
