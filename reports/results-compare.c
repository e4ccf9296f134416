// SPDX-License-Identifier: MIT
/*
 * pugmark report --compare OLD NEW: figures of the questions that both files
 * answer (configurations that are the same but for version and seed), side by
 * side. The values of a figure under its seeds are its sample; reports/noise.h
 * says whether two samples differ by more than they scatter.
 */
#include "reports/results-screen.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "reports/compare-why.h"
#include "reports/noise.h"
#include "reports/results-view.h"
#include "reports/section.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

enum { SCREEN_ROWS = 30, SEEDS_MAX = 1024 };

/* ---- figures of a file, in order ---- */

struct figure {
	char key[72], metric[80];
	int64_t bucket;
	char *command, *trace, *config; /* until the next one */
	int64_t values[SEEDS_MAX];      /* in the order of the seeds */
	size_t n;
};

struct reader {
	const char *path;
	sqlite3 *db;
	sqlite3_stmt *st;
	bool has_row; /* st stands at one that was not taken yet */
	bool has_figure;
	struct figure figure;
};

static const char reader_sql[] =
	"SELECT key, metric, bucket, value, command, trace, canon, design"
	" FROM cfg JOIN result USING (cfg_hash) ORDER BY key, metric, bucket, seed, cfg_hash";

static int step(struct reader *r, struct err *e)
{
	const int rc = sqlite3_step(r->st);
	r->has_row = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0
						     : db_error(r->db, r->path, "read results", e);
}

static const char *text_at(const struct reader *r, int column)
{
	const char *text = (const char *)sqlite3_column_text(r->st, column);
	return text ? text : "";
}

/* Coordinates of a configuration: "policy=lru, size_pages=512", then what is special in it. */
static char *describe(const char *canon, const char *design)
{
	char *out = NULL;
	size_t bytes;
	FILE *f = open_memstream(&out, &bytes);
	if (!f)
		return NULL;
	for (const char *p = canon; *p; p += strcspn(p, "\n"), p += *p == '\n')
		fprintf(f, "%s%.*s", ftell(f) ? ", " : "", (int)strcspn(p, "\n"), p);
	fprintf(f, "%s%s", *design && ftell(f) ? ", " : "", design);
	fclose(f);
	return out;
}

static bool is_of(const struct reader *r, const struct figure *f)
{
	return !strcmp(text_at(r, 0), f->key) && !strcmp(text_at(r, 1), f->metric) &&
	       sqlite3_column_int64(r->st, 2) == f->bucket;
}

static void forget(struct figure *f)
{
	free(f->command);
	free(f->trace);
	free(f->config);
	*f = (struct figure){};
}

/* The next figure with all its seeds; has_figure is false at the end. */
static int next_figure(struct reader *r, struct err *e)
{
	struct figure *f = &r->figure;
	int rc = 0;
	forget(f);
	r->has_figure = r->has_row;
	if (!r->has_row)
		return 0;
	snprintf(f->key, sizeof(f->key), "%s", text_at(r, 0));
	snprintf(f->metric, sizeof(f->metric), "%s", text_at(r, 1));
	f->bucket = sqlite3_column_int64(r->st, 2);
	f->command = strdup(text_at(r, 4));
	f->trace = strdup(text_at(r, 5));
	f->config = describe(text_at(r, 6), text_at(r, 7));
	if (!f->command || !f->trace || !f->config)
		return err_set(e, ERR_NOMEM, "no memory for the comparison");
	do {
		if (f->n < SEEDS_MAX)
			f->values[f->n++] = sqlite3_column_int64(r->st, 3);
		rc = step(r, e);
	} while (!rc && r->has_row && is_of(r, f));
	return rc;
}

static int reader_open(struct reader *r, const char *path, struct err *e)
{
	r->path = path;
	int rc = results_view_open(path, &r->db, e);
	if (!rc)
		rc = db_prepare(r->db, path, reader_sql, &r->st, e);
	if (!rc)
		rc = step(r, e);
	return rc ? rc : next_figure(r, e);
}

static void reader_close(struct reader *r)
{
	forget(&r->figure);
	sqlite3_finalize(r->st);
	sqlite3_close(r->db);
}

/* ---- differences ---- */

struct difference {
	enum noise_verdict verdict;
	char *command, *trace, *config, *metric; /* arena */
	int64_t bucket;
	int64_t old, new;    /* means */
	uint64_t change_ppm; /* of the old mean, its size; UINT64_MAX: it was 0 */
	size_t old_seeds, new_seeds, number;
};

/* Figures that one file has alone, by command. */
struct alone {
	char *command, *example; /* arena; the coordinates of a configuration */
	uint64_t figures, configs;
	char key[72]; /* of the last one */
};

enum { COMMANDS_MAX = 16 };

struct comparison {
	struct arena arena;
	struct alone old_alone[COMMANDS_MAX], new_alone[COMMANDS_MAX];
	struct difference *list;
	size_t n, room;
	uint64_t counts[NOISE_BEYOND + 1];
	uint64_t only_old, only_new; /* figures */
};

static uint64_t change_of(int64_t old, int64_t new)
{
	const unsigned __int128 by = new > old ? (__int128)new - old : (__int128)old - new;
	const unsigned __int128 of = old < 0 ? -(__int128)old : old;
	const unsigned __int128 ppm = of ? by * 1000000 / of : UINT64_MAX;
	return ppm > INT64_MAX ? UINT64_MAX : (uint64_t)ppm;
}

static int add(struct comparison *c, const struct figure *a, const struct figure *b, struct err *e)
{
	const enum noise_verdict verdict = noise_compare(a->values, a->n, b->values, b->n);
	c->counts[verdict]++;
	if (verdict == NOISE_SAME)
		return 0;
	if (c->n == c->room) {
		const size_t room = 2 * c->room + 256;
		struct difference *grown = realloc(c->list, room * sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for the comparison");
		c->list = grown;
		c->room = room;
	}
	const int64_t old = noise_mean(a->values, a->n), new = noise_mean(b->values, b->n);
	c->list[c->n] = (struct difference){
		.verdict = verdict,
		.command = arena_strdup(&c->arena, b->command),
		.trace = arena_strdup(&c->arena, b->trace),
		.config = arena_strdup(&c->arena, b->config),
		.metric = arena_strdup(&c->arena, b->metric),
		.bucket = b->bucket,
		.old = old,
		.new = new,
		.change_ppm = change_of(old, new),
		.old_seeds = a->n,
		.new_seeds = b->n,
		.number = c->n,
	};
	const struct difference *d = &c->list[c->n++];
	return d->command && d->trace && d->config && d->metric
		       ? 0
		       : err_set(e, ERR_NOMEM, "no memory for the comparison");
}

static int add_alone(struct comparison *c, struct alone *list, const struct figure *f,
		     struct err *e)
{
	struct alone *a = list;
	while (a < list + COMMANDS_MAX - 1 && a->command && strcmp(a->command, f->command))
		a++;
	if (!a->command) {
		a->command = arena_strdup(&c->arena, f->command);
		a->example = arena_strdup(&c->arena, f->config);
	}
	if (!a->command || !a->example)
		return err_set(e, ERR_NOMEM, "no memory for the comparison");
	a->figures++;
	a->configs += strcmp(a->key, f->key) != 0;
	snprintf(a->key, sizeof(a->key), "%s", f->key);
	return 0;
}

static int order_of(const struct figure *a, const struct figure *b)
{
	int order = strcmp(a->key, b->key);
	if (!order)
		order = strcmp(a->metric, b->metric);
	return order ? order : (a->bucket > b->bucket) - (a->bucket < b->bucket);
}

static int compare_all(struct comparison *c, struct reader *a, struct reader *b, struct err *e)
{
	int rc = 0;
	while (!rc && (a->has_figure || b->has_figure)) {
		const int order = !a->has_figure   ? 1
				  : !b->has_figure ? -1
						   : order_of(&a->figure, &b->figure);
		if (!order)
			rc = add(c, &a->figure, &b->figure, e);
		else
			rc = add_alone(c, order < 0 ? c->old_alone : c->new_alone,
				       order < 0 ? &a->figure : &b->figure, e);
		c->only_old += order < 0;
		c->only_new += order > 0;
		if (!rc && order <= 0)
			rc = next_figure(a, e);
		if (!rc && order >= 0)
			rc = next_figure(b, e);
	}
	return rc;
}

/* What is beyond noise first, large changes before small ones. */
static int by_weight(const void *x, const void *y)
{
	const struct difference *a = x, *b = y;
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict ? -1 : 1;
	if (a->change_ppm != b->change_ppm)
		return a->change_ppm > b->change_ppm ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

/* ---- the screen ---- */

/* "Only in the old file: cache 6 figures of 4 configurations, as policy=lru, size_pages=2." */
static void show_alone(struct report *r, const char *which, const struct alone *list)
{
	for (const struct alone *a = list; a < list + COMMANDS_MAX && a->command; a++)
		report_text(
			r, "Only in the %s file: %s, %s figure%s of %s configuration%s%s%.120s.",
			which, a->command, quantity_count(a->figures).s, a->figures == 1 ? "" : "s",
			quantity_count(a->configs).s, a->configs == 1 ? "" : "s",
			!*a->example      ? ""
			: a->configs == 1 ? ": "
					  : ", as ",
			a->example);
}

static void show_verdict(struct report *r, const struct comparison *c)
{
	const uint64_t *n = c->counts;
	const uint64_t all = n[0] + n[1] + n[2] + n[3];
	if (!n[NOISE_BEYOND] && !n[NOISE_UNKNOWN])
		report_text(r,
			    "NO CHANGE beyond noise: %s figures are the same, %s differ as much "
			    "as their seeds do.",
			    quantity_count(n[NOISE_SAME]).s, quantity_count(n[NOISE_WITHIN]).s);
	else
		report_text(r,
			    "CHANGED: of %s figures %s differ beyond the noise of their seeds "
			    "(99 %%), %s within it; %s are the same.",
			    quantity_count(all).s, quantity_count(n[NOISE_BEYOND]).s,
			    quantity_count(n[NOISE_WITHIN]).s, quantity_count(n[NOISE_SAME]).s);
	if (n[NOISE_BEYOND])
		report_text(r, "Of as many that differ %s would by chance.",
			    quantity_count((n[NOISE_BEYOND] + n[NOISE_WITHIN] + 99) / 100).s);
	if (n[NOISE_UNKNOWN])
		report_text(r,
			    "%s differ under one seed: noise is not known (run both with --seed "
			    "1,2,3,..).",
			    quantity_count(n[NOISE_UNKNOWN]).s);
	if (c->only_old || c->only_new)
		report_text(r, "Not compared: %s figures only in the old file, %s only in the new.",
			    quantity_count(c->only_old).s, quantity_count(c->only_new).s);
	show_alone(r, "old", c->old_alone);
	show_alone(r, "new", c->new_alone);
}

static const struct report_column columns[] = {
	{ "noise", "is it noise", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "command", NULL, REPORT_TEXT, 0 },
	{ "trace", NULL, REPORT_TEXT, 0 },
	{ "configuration", NULL, REPORT_TEXT, 0 },
	{ "metric", NULL, REPORT_TEXT, 0 },
	{ "bucket", NULL, REPORT_I64, 0 },
	{ "old_text", "old", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "new_text", "new", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "old", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "new", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "difference", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "change_ppm", "change", REPORT_CHANGE, 0 },
	{ "old_seeds", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "new_seeds", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "is_beyond_noise", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
};

static void show_row(struct report *r, const struct difference *d)
{
	const enum report_type type = section_type_of(d->metric, false);
	_free_ char *old = report_value_text(type, &REPORT_I(d->old));
	_free_ char *new = report_value_text(type, &REPORT_I(d->new));
	int64_t difference;
	const bool is_too_far = __builtin_sub_overflow(d->new, d->old, &difference);
	const bool is_known = d->verdict != NOISE_UNKNOWN;
	const struct report_value change = d->change_ppm == UINT64_MAX ? REPORT_NULL()
					   : d->new < d->old ? REPORT_I(-(int64_t)d->change_ppm)
							     : REPORT_I((int64_t)d->change_ppm);
	report_row(r, (struct report_value[]){
			      REPORT_S(noise_verdict_names[d->verdict]), REPORT_S(d->command),
			      REPORT_S(d->trace), REPORT_S(d->config), REPORT_S(d->metric),
			      REPORT_I(d->bucket), REPORT_S(old), REPORT_S(new), REPORT_I(d->old),
			      REPORT_I(d->new), is_too_far ? REPORT_NULL() : REPORT_I(difference),
			      change, REPORT_U(d->old_seeds), REPORT_U(d->new_seeds),
			      is_known ? REPORT_B(d->verdict == NOISE_BEYOND) : REPORT_NULL() });
}

static void show(struct report *r, const struct cli *cli, const struct comparison *c)
{
	const bool is_all = cli->is_json || cli->is_verbose || c->n <= SCREEN_ROWS;
	report_member_u64(r, "same", c->counts[NOISE_SAME]);
	report_member_u64(r, "within_noise", c->counts[NOISE_WITHIN]);
	report_member_u64(r, "beyond_noise", c->counts[NOISE_BEYOND]);
	report_member_u64(r, "noise_not_known", c->counts[NOISE_UNKNOWN]);
	report_member_u64(r, "only_old", c->only_old);
	report_member_u64(r, "only_new", c->only_new);
	show_verdict(r, c);
	if (!c->n && !cli->is_json)
		return;
	report_table(r, "rows", is_all ? "What differs" : "What differs most (--verbose has all)",
		     columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < c->n && (is_all || i < SCREEN_ROWS); i++)
		show_row(r, &c->list[i]);
}

static int refuse(const struct reader *a, const struct reader *b, struct err *e)
{
	char why[200];
	const int rc = compare_why(&(struct compare_file){ a->db, a->path },
				   &(struct compare_file){ b->db, b->path }, why, sizeof(why), e);
	return rc ? rc
		  : err_set(e, ERR_UNUSABLE, "%.100s and %.100s answer no question in common: %s",
			    a->path, b->path, why);
}

static int print(const struct cli *cli, struct comparison *c, const struct reader *a,
		 const struct reader *b, int *status_out, struct err *e)
{
	const uint64_t *n = c->counts;
	if (!(n[0] + n[1] + n[2] + n[3]))
		return refuse(a, b, e);
	if (c->n)
		qsort(c->list, c->n, sizeof(*c->list), by_weight);
	struct report *r = report_begin(stdout, cli_format(cli), "report", NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the comparison");
	report_member_text(r, "old", a->path);
	report_member_text(r, "new", b->path);
	show(r, cli, c);
	*status_out = cli_report_end("report", r,
				     n[NOISE_BEYOND] || n[NOISE_UNKNOWN] ? EXIT_NO : EXIT_DONE);
	return 0;
}

int compare_results(const struct cli *cli, const char *old_path, const char *new_path)
{
	struct err e = {};
	struct comparison c = {};
	int status = EXIT_DONE, rc = ERR_NOMEM;
	_free_ struct reader *a = calloc(1, sizeof(*a));
	_free_ struct reader *b = calloc(1, sizeof(*b));
	if (!a || !b) {
		err_set(&e, ERR_NOMEM, "no memory for the comparison");
		return cli_fail("report", &e);
	}
	rc = reader_open(a, old_path, &e);
	if (!rc)
		rc = reader_open(b, new_path, &e);
	if (!rc)
		rc = compare_all(&c, a, b, &e);
	if (!rc)
		rc = print(cli, &c, a, b, &status, &e);
	reader_close(a);
	reader_close(b);
	free(c.list);
	arena_deinit(&c.arena);
	return rc ? cli_fail("report", &e) : status;
}
