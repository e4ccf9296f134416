// SPDX-License-Identifier: MIT
/*
 * pugmark report --compare OLD NEW: figures of the questions that both files
 * answer (configurations that are the same but for version and seed), side by
 * side. The values of a figure under its seeds are its sample; reports/noise.h
 * says whether two samples differ by more than they scatter. Where no question
 * is in both, and no file asks the same of several designs, configurations that
 * differ in parameters alone are compared, and which those are is said.
 */
#include "reports/results-screen.h"

#include "base/cleanup.h"
#include "reports/compare-why.h"
#include "reports/compare.h"
#include "reports/results-view.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS_MAX = 1024 };

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

/*
 * A configuration is called by its coordinates; by what tells its design from
 * others only where several designs have the same ones.
 */
#define READER_SQL(key)                                                                      \
	"SELECT " key ", metric, bucket, value, command, trace, canon,"                      \
	" iif(least <> most, design, '') FROM (SELECT *, min(key) OVER w AS least,"          \
	" max(key) OVER w AS most FROM cfg WINDOW w AS (PARTITION BY command, trace_digest," \
	" canon)) JOIN result USING (cfg_hash) ORDER BY 1, metric, bucket, seed, cfg_hash"

enum matching { BY_QUESTION, BY_COORDINATES };

static const char *const reader_sql[] = {
	[BY_QUESTION] = READER_SQL("key"),
	[BY_COORDINATES] = READER_SQL("config_hash(command || char(10) ||"
				      " coalesce(trace_digest, '') || char(10) || canon, 1)"),
};

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

/* From the first figure on. */
static int reader_begin(struct reader *r, enum matching matching, struct err *e)
{
	sqlite3_finalize(r->st);
	r->st = NULL;
	int rc = db_prepare(r->db, r->path, reader_sql[matching], &r->st, e);
	if (!rc)
		rc = step(r, e);
	return rc ? rc : next_figure(r, e);
}

static int reader_open(struct reader *r, const char *path, struct err *e)
{
	r->path = path;
	const int rc = results_view_open(path, &r->db, e);
	return rc ? rc : reader_begin(r, BY_QUESTION, e);
}

static void reader_close(struct reader *r)
{
	forget(&r->figure);
	sqlite3_finalize(r->st);
	sqlite3_close(r->db);
}

/* ---- differences ---- */

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

/* ---- the answer ---- */

static bool has_common(const struct comparison *c)
{
	return c->counts[NOISE_SAME] + c->counts[NOISE_WITHIN] + c->counts[NOISE_UNKNOWN] +
		       c->counts[NOISE_BEYOND] >
	       0;
}

/* Whether a file asks the same of several designs: its coordinates name none of them. */
static int has_several_designs(const struct reader *r, bool *out, struct err *e)
{
	static const char sql[] = "SELECT EXISTS (SELECT 1 FROM cfg GROUP BY command,"
				  " trace_digest, canon HAVING count(DISTINCT key) > 1)";
	int64_t has = 0;
	const int rc = db_get_i64(r->db, r->path, sql, 0, &has, e);
	*out = has;
	return rc;
}

/* Once more by coordinates; finds nothing where those are not a configuration's own. */
static int compare_designs(struct comparison *c, struct reader *a, struct reader *b, struct err *e)
{
	bool is_old = false, is_new = false;
	int rc = has_several_designs(a, &is_old, e);
	if (!rc)
		rc = has_several_designs(b, &is_new, e);
	if (rc || is_old || is_new)
		return rc;
	memset(c->old_alone, 0, sizeof(c->old_alone));
	memset(c->new_alone, 0, sizeof(c->new_alone));
	c->only_old = c->only_new = 0;
	rc = reader_begin(a, BY_COORDINATES, e);
	if (!rc)
		rc = reader_begin(b, BY_COORDINATES, e);
	return rc ? rc : compare_all(c, a, b, e);
}

static int compare_files(struct comparison *c, struct reader *a, struct reader *b, struct err *e)
{
	int rc = compare_all(c, a, b, e);
	if (rc || has_common(c))
		return rc;
	rc = compare_why(&(struct compare_file){ a->db, a->path },
			 &(struct compare_file){ b->db, b->path }, c->why, sizeof(c->why), e);
	if (!rc)
		rc = compare_designs(c, a, b, e);
	return rc || has_common(c) ? rc
				   : err_set(e, ERR_UNUSABLE,
					     "%.100s and %.100s answer no question in common: %s",
					     a->path, b->path, c->why);
}

static int print(const struct cli *cli, struct comparison *c, const struct reader *a,
		 const struct reader *b, int *status_out, struct err *e)
{
	const uint64_t *n = c->counts;
	struct report *r = report_begin(stdout, cli_format(cli), "report", NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the comparison");
	report_member_text(r, "old", a->path);
	report_member_text(r, "new", b->path);
	const int rc = compare_show(r, cli, c, e);
	*status_out = cli_report_end("report", r,
				     n[NOISE_BEYOND] || n[NOISE_UNKNOWN] ? EXIT_NO : EXIT_DONE);
	return rc;
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
		rc = compare_files(&c, a, b, &e);
	if (!rc)
		rc = print(cli, &c, a, b, &status, &e);
	reader_close(a);
	reader_close(b);
	free(c.list);
	arena_deinit(&c.arena);
	return rc ? cli_fail("report", &e) : status;
}
