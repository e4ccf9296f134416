// SPDX-License-Identifier: MIT
/* Words of a results file: see reports/results-facts.h. */
#include "reports/results-facts.h"

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

int results_each_verdict(sqlite3 *db, const char *path,
			 int (*fn)(void *ctx, const struct results_verdict *v), void *ctx,
			 struct err *e)
{
	static const char sql[] =
		"SELECT max(run_id), command, trace_path, args FROM run"
		" WHERE run_id IN (SELECT run_id FROM said)"
		" GROUP BY command, trace_digest ORDER BY CASE command WHEN 'score' THEN 0"
		" WHEN 'pin' THEN 1 WHEN 'age' THEN 2 WHEN 'nvme' THEN 3 WHEN 'walk' THEN 4"
		" WHEN 'numa' THEN 5 ELSE 6 END, command, 1";
	sqlite3_stmt *st;
	int step, rc = db_prepare(db, path, sql, &st, e);
	if (rc)
		return rc;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW) {
		const struct results_verdict v = { .run_id = sqlite3_column_int64(st, 0),
						   .command = text_at(st, 1),
						   .trace = text_at(st, 2),
						   .args = text_at(st, 3) };
		rc = fn(ctx, &v);
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_error(db, path, "read runs", e);
	sqlite3_finalize(st);
	return rc;
}

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
