// SPDX-License-Identifier: MIT
/* Words of a results file: see reports/results-facts.h. */
#include "reports/results-facts.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_at(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

/* ---- verdicts ---- */

/* Part of a command line: an option with its value, or a word. */
struct unit {
	const char *at;
	size_t len;
};

static bool next_unit(const char **line, struct unit *out)
{
	*line += strspn(*line, " ");
	out->at = *line;
	out->len = strcspn(*line, " ");
	if (*out->at == '-' && !memchr(out->at, '=', out->len) && out->at[out->len] == ' ' &&
	    out->at[out->len + 1] != '-')
		out->len += 1 + strcspn(out->at + out->len + 1, " ");
	*line += out->len;
	return out->len;
}

static bool has_unit(const char *line, const struct unit *u)
{
	struct unit own;
	while (next_unit(&line, &own))
		if (own.len == u->len && !memcmp(own.at, u->at, u->len))
			return true;
	return false;
}

/* Where results went and how fast is no part of what was asked. */
static bool is_question(const struct unit *u)
{
	static const char *const no_part[] = { "--results", "--threads", "--json", "--quiet",
					       "--verbose" };
	for (size_t i = 0; i < sizeof(no_part) / sizeof(*no_part); i++)
		if (u->len >= strlen(no_part[i]) && !memcmp(u->at, no_part[i], strlen(no_part[i])))
			return false;
	return true;
}

static bool all_have(const struct results_verdict *v, size_t n, const struct unit *u)
{
	for (size_t i = 0; i < n; i++)
		if (!has_unit(v[i].args, u))
			return false;
	return true;
}

static bool has_twin(const struct results_verdict *v, size_t n, const struct results_verdict *own)
{
	size_t same = 0;
	for (size_t i = 0; i < n; i++)
		same += !strcmp(v[i].args, own->args);
	return same > 1;
}

/*
 * What `own` has and another of the n has not; all its options if it only lacks
 * some. Lines that are the same had different designs: see the run's digest.
 */
static const char *tell_apart(const struct results_verdict *v, size_t n,
			      const struct results_verdict *own, struct arena *a)
{
	enum { COMPARED_MAX = 64 };
	const size_t bytes = strlen(own->args) + 40;
	char *out = arena_alloc(a, bytes, 1), *end = out;
	struct unit u;
	if (!out)
		return NULL;
	*out = 0;
	if (n == 1)
		return out;
	for (int pass = n > COMPARED_MAX; pass < 2 && end == out; pass++) {
		const char *line = own->args;
		while (next_unit(&line, &u))
			if (is_question(&u) && (pass ? *u.at == '-' : !all_have(v, n, &u)))
				end += sprintf(end, "%s%.*s", end > out ? " " : "", (int)u.len,
					       u.at);
	}
	if (end == out || (n <= COMPARED_MAX && has_twin(v, n, own)))
		snprintf(end, bytes - (size_t)(end - out), "%srun %" PRId64, end > out ? ", " : "",
			 own->run_id);
	return out;
}

static const char verdicts_sql[] =
	"WITH last AS (SELECT max(run_id) AS run_id FROM run"
	"  WHERE run_id IN (SELECT run_id FROM said)"
	"  GROUP BY command, trace_digest, args, design_digest),"
	" words AS (SELECT run_id, group_concat(sentence, char(10)) AS words FROM"
	"  (SELECT run_id, sentence FROM said WHERE part = 0 ORDER BY run_id, seq) GROUP BY "
	"run_id),"
	" verdict AS (SELECT max(run_id) AS run_id, command, trace_path, trace_digest, args,"
	"  count(*) AS runs FROM last JOIN run USING (run_id) LEFT JOIN words USING (run_id)"
	"  GROUP BY command, trace_digest, words)"
	" SELECT run_id, command, trace_path, args, sum(runs) OVER grp, count(*) OVER grp,"
	"  row_number() OVER (grp ORDER BY run_id DESC) - 1, max(run_id) OVER grp AS newest"
	" FROM verdict WINDOW grp AS (PARTITION BY command, trace_digest)"
	" ORDER BY CASE command WHEN 'score' THEN 0 WHEN 'score-pool' THEN 0 WHEN 'pin' THEN 1 "
	"WHEN 'age' THEN 2"
	" WHEN 'nvme' THEN 3 WHEN 'walk' THEN 4 WHEN 'numa' THEN 5 ELSE 6 END, command, newest,"
	" run_id DESC";

/* Of one command and trace: n rows, st stands at the first and ends at the last. */
static int read_group(sqlite3_stmt *st, struct results_verdict *v, size_t n, struct arena *a,
		      struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *trace = text_at(st, 2);
		v[i] = (struct results_verdict){ .run_id = sqlite3_column_int64(st, 0),
						 .command = arena_strdup(a, text_at(st, 1)),
						 .trace = trace ? arena_strdup(a, trace) : NULL,
						 .args = arena_strdup(a, text_at(st, 3)),
						 .nruns = (size_t)sqlite3_column_int64(st, 4),
						 .n = n,
						 .i = i };
		if (!v[i].command || !v[i].args || (trace && !v[i].trace))
			return err_set(e, ERR_NOMEM, "no memory for the verdicts");
		if (i + 1 < n && sqlite3_step(st) != SQLITE_ROW)
			return err_set(e, ERR_IO, "verdicts cannot be read");
	}
	for (size_t i = 0; i < n; i++) {
		v[i].apart = tell_apart(v, n, &v[i], a);
		if (!v[i].apart)
			return err_set(e, ERR_NOMEM, "no memory for the verdicts");
	}
	return 0;
}

int results_each_verdict(sqlite3 *db, const char *path,
			 int (*fn)(void *ctx, const struct results_verdict *v), void *ctx,
			 struct err *e)
{
	sqlite3_stmt *st;
	int step, rc = db_prepare(db, path, verdicts_sql, &st, e);
	if (rc)
		return rc;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW) {
		_arena_ struct arena a = {};
		const size_t n = (size_t)sqlite3_column_int64(st, 5);
		struct results_verdict *v = arena_alloc(&a, n, sizeof(*v));
		rc = v ? read_group(st, v, n, &a, e)
		       : err_set(e, ERR_NOMEM, "no memory for the verdicts");
		for (size_t i = 0; i < n && !rc; i++)
			rc = fn(ctx, &v[i]);
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_error(db, path, "read runs", e);
	sqlite3_finalize(st);
	return rc;
}

void results_verdicts_count(const struct results_verdict *v, char *out, size_t bytes)
{
	snprintf(out, bytes, "%s runs with %s different verdicts: see the tables",
		 quantity_count(v->nruns).s, quantity_count(v->n).s);
}

/* ---- sentences ---- */

int results_each_sentence(sqlite3 *db, const char *path, int64_t run_id, bool is_verdict,
			  void (*fn)(void *ctx, const char *sentence), void *ctx, struct err *e)
{
	static const char sql[] =
		"SELECT sentence FROM said WHERE run_id = ? AND (part = 0) = ?"
		" ORDER BY sentence NOT GLOB 'YES *' AND sentence NOT GLOB 'NO *', seq";
	sqlite3_stmt *st;
	int step, rc = db_prepare(db, path, sql, &st, e);
	if (rc)
		return rc;
	sqlite3_bind_int64(st, 1, run_id);
	sqlite3_bind_int(st, 2, is_verdict);
	while ((step = sqlite3_step(st)) == SQLITE_ROW)
		fn(ctx, text_at(st, 0));
	if (step != SQLITE_DONE)
		rc = db_error(db, path, "read sentences", e);
	sqlite3_finalize(st);
	return rc;
}

static void warn(sqlite3_stmt *st, void (*fn)(void *ctx, const char *sentence), void *ctx)
{
	const char *trace = text_at(st, 0), *sampled = text_at(st, 4);
	const int64_t lost = sqlite3_column_int64(st, 1);
	const bool is_least = sqlite3_column_int64(st, 2);
	char text[800];

	if (!sqlite3_column_int(st, 5)) {
		snprintf(text, sizeof(text),
			 "%.400s: what was lost when it was recorded is not known here", trace);
		fn(ctx, text);
		return;
	}
	if (lost || is_least) {
		snprintf(text, sizeof(text), "%.400s: %s%s EVENTS WERE LOST when it was made",
			 trace, is_least ? "at least " : "", quantity_count((uint64_t)lost).s);
		fn(ctx, text);
	}
	if (sampled && *sampled) {
		snprintf(text, sizeof(text),
			 "%.400s: NOT EVERY EVENT has a row, they are a sample: %.200s", trace,
			 sampled);
		fn(ctx, text);
	}
	if (!sqlite3_column_int(st, 3)) {
		snprintf(text, sizeof(text),
			 "%.400s: NOT SEALED: it was being written, or its writer died", trace);
		fn(ctx, text);
	}
}

int results_each_warning(sqlite3 *db, const char *path, void (*fn)(void *ctx, const char *sentence),
			 void *ctx, struct err *e)
{
	static const char sql[] =
		"SELECT coalesce(trace_path, '(no path)'), lost_events, unknown_losses, is_sealed,"
		" sampled, t.trace_digest IS NOT NULL"
		" FROM called c LEFT JOIN trace t USING (trace_digest) ORDER BY c.run_id";
	sqlite3_stmt *st;
	int step, rc = db_prepare(db, path, sql, &st, e);
	if (rc)
		return rc;
	while ((step = sqlite3_step(st)) == SQLITE_ROW)
		warn(st, fn, ctx);
	if (step != SQLITE_DONE)
		rc = db_error(db, path, "read losses", e);
	sqlite3_finalize(st);
	return rc;
}

int results_summary(sqlite3 *db, const char *path, char *out, size_t bytes, struct err *e)
{
	sqlite3_stmt *st;
	int64_t nruns, ntraces;
	int rc = db_get_i64(db, path, "SELECT count(*) FROM run", 0, &nruns, e);
	if (!rc)
		rc = db_get_i64(db, path, "SELECT count(*) FROM called", 0, &ntraces, e);
	if (!rc)
		rc = db_prepare(db, path,
				"SELECT group_concat(command, ', ') FROM (SELECT DISTINCT command"
				" FROM run ORDER BY command)",
				&st, e);
	if (rc)
		return rc;
	const bool has_row = sqlite3_step(st) == SQLITE_ROW && text_at(st, 0);
	snprintf(out, bytes, "%" PRId64 " run%s of %.200s on %" PRId64 " trace%s", nruns,
		 nruns == 1 ? "" : "s", has_row ? text_at(st, 0) : "nothing", ntraces,
		 ntraces == 1 ? "" : "s");
	sqlite3_finalize(st);
	return 0;
}
