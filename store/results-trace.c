// SPDX-License-Identifier: MIT
/*
 * What a results file keeps of a trace, so that a report can tell what was
 * recorded and what was lost when the trace is far away. Only what is known
 * without reading a row: counts of the streams, tables beside the chunks.
 */
#include "store/results-trace.h"

#include "base/cleanup.h"
#include "store/db.h"
#include "store/trace-meta.h"

#include <string.h>

/* Tables of the trace's last file (facts of a set are complete there), row by row. */
struct copy {
	const char *from, *into;
};

static const struct copy copies[] = {
	{ "SELECT dev_id, bdf, class, coverage FROM device ORDER BY dev_id",
	  "INSERT OR IGNORE INTO trace_device VALUES (?, ?, ?, ?, ?)" },
	{ "SELECT source, seen, stored, filtered, ring_lost, shed, decode_error, unaccounted"
	  " FROM account ORDER BY source",
	  "INSERT OR IGNORE INTO trace_account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" },
};

/* A damaged table reads as an empty one, as in store/trace-meta.c. */
static int copy_rows(sqlite3 *db, const char *path, const struct trace *t, const char *digest,
		     const struct copy *c, struct err *e)
{
	sqlite3_stmt *from = NULL, *into;
	int rc = db_prepare(db, path, c->into, &into, e);

	if (rc)
		return rc;
	if (sqlite3_prepare_v2(trace_sqlite(t, trace_nfiles(t) - 1), c->from, -1, &from, NULL))
		from = NULL;
	while (!rc && from && sqlite3_step(from) == SQLITE_ROW) {
		sqlite3_bind_text(into, 1, digest, -1, SQLITE_STATIC);
		for (int i = 0; i < sqlite3_column_count(from); i++)
			sqlite3_bind_value(into, i + 2, sqlite3_column_value(from, i));
		if (sqlite3_step(into) != SQLITE_DONE)
			rc = db_error(db, path, "store facts of the trace", e);
		sqlite3_reset(into);
	}
	sqlite3_finalize(from);
	sqlite3_finalize(into);
	return rc;
}

static int put_streams(sqlite3 *db, const char *path, const struct trace *t, const char *digest,
		       struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < trace_nstreams(t) && !rc; i++) {
		const struct trace_stream_info *s = trace_stream_info(t, i);
		const bool is_known = s->unique_pages != UINT64_MAX;
		rc = db_run(db, path, e,
			    "INSERT OR IGNORE INTO trace_stream VALUES (?, ?, ?, ?, ?, ?,"
			    " iif(?, ?, NULL))",
			    "sisuuuiu", digest, (int64_t)i, s->kind->name, s->rows, s->first_ns,
			    s->last_ns, (int64_t)is_known, s->unique_pages);
	}
	return rc;
}

/* Sums over the files of a set: losses are spread over all. */
static void count_losses(const struct trace *t, int64_t *lost_out, int64_t *unknown_out)
{
	*lost_out = *unknown_out = 0;
	for (unsigned f = 0; f < trace_nfiles(t); f++) {
		int64_t lost, unknown;
		if (!db_get_i64(trace_sqlite(t, f), trace_file_path(t, f),
				"SELECT sum(n_lost) FROM loss", 0, &lost, NULL) &&
		    !db_get_i64(trace_sqlite(t, f), trace_file_path(t, f),
				"SELECT count(*) FROM loss WHERE n_lost IS NULL", 0, &unknown,
				NULL)) {
			*lost_out += lost;
			*unknown_out += unknown;
		}
	}
}

static int put_facts(sqlite3 *db, const char *path, const struct trace *t, const char *digest,
		     struct err *e)
{
	_free_ char *sampled = trace_meta(t, "sampled_kinds");
	_free_ char *vm = NULL;
	int64_t lost, unknown, pages = 0;
	bool is_sealed = true;
	sqlite3_stmt *st = NULL;

	count_losses(t, &lost, &unknown);
	for (unsigned i = 0; i < trace_nstreams(t); i++)
		is_sealed &= trace_stream_info(t, i)->is_sealed;
	if (!sqlite3_prepare_v2(trace_sqlite(t, trace_nfiles(t) - 1),
				"SELECT max(name), max(mem_pages) FROM vm HAVING count(*) = 1", -1,
				&st, NULL) &&
	    sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		vm = name ? strdup(name) : NULL;
		pages = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return db_run(db, path, e,
		      "INSERT INTO trace VALUES (?, ?, nullif(?, 0), ?, ?, ?, ?) ON CONFLICT DO"
		      " UPDATE SET lost_events = max(lost_events, excluded.lost_events),"
		      " unknown_losses = max(unknown_losses, excluded.unknown_losses),"
		      " is_sealed = min(is_sealed, excluded.is_sealed)",
		      "ssiiisi", digest, vm, pages > 0 ? pages : 0, lost, unknown,
		      sampled ? sampled : "", (int64_t)is_sealed);
}

int results_put_trace(sqlite3 *db, const char *path, const struct trace *t, const char *digest,
		      struct err *e)
{
	int rc = put_facts(db, path, t, digest, e);

	if (!rc)
		rc = put_streams(db, path, t, digest, e);
	for (size_t i = 0; i < sizeof(copies) / sizeof(*copies) && !rc; i++)
		rc = copy_rows(db, path, t, digest, &copies[i], e);
	return rc;
}
