// SPDX-License-Identifier: MIT
/*
 * Verification of a trace. SQLite's integrity_check looks at the B-trees and
 * says "ok" on a zeroed blob, so the chunks' own checksums and the digests are
 * checked as well, and everything is decoded.
 */
#include "store/trace.h"

#include "store/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct verify {
	struct trace *trace;
	void (*found)(void *ctx, const char *sentence);
	void *ctx;
	uint64_t findings;
};

static void report(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void report(struct verify *v, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->findings++;
	if (v->found)
		v->found(v->ctx, text);
}

static void check_sqlite(struct verify *v, const struct trace_file *f)
{
	sqlite3_stmt *st;
	struct err e = {};
	if (db_prepare(f->db, f->path, "PRAGMA integrity_check(10)", &st, &e)) {
		report(v, "%s", e.msg);
		return;
	}
	int step;
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		if (text && strcmp(text, "ok"))
			report(v, "%s: SQLite: %s", f->path, text);
	}
	if (step != SQLITE_DONE)
		report(v, "%s: SQLite: %s", f->path, sqlite3_errmsg(f->db));
	sqlite3_finalize(st);
}

/* Each row of this query is one finding. */
static void check_query(struct verify *v, const struct trace_file *f, const char *sql)
{
	sqlite3_stmt *st;
	struct err e = {};
	if (db_prepare(f->db, f->path, sql, &st, &e)) {
		report(v, "%s", e.msg);
		return;
	}
	while (sqlite3_step(st) == SQLITE_ROW)
		report(v, "%s: %s", f->path, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
}

static const char account_sql[] =
	"SELECT 'account ' || source || ': ' || seen || ' seen, ' ||"
	" (stored + filtered + ring_lost + shed + decode_error + unaccounted) || ' accounted for'"
	" FROM account WHERE seen <> stored + filtered + ring_lost + shed + decode_error"
	" + unaccounted";

/* rows may be missing only where a loss row says so */
static const char gap_sql[] =
	"SELECT 'stream ' || kind || ': chunk ' || (seq - 1) || ' is missing' FROM"
	" (SELECT stream_id, seq, lag(seq, 1, seq - 1) OVER (PARTITION BY stream_id ORDER BY seq)"
	" AS before FROM chunk) JOIN stream USING (stream_id) WHERE before <> seq - 1";

static const char first_sql[] =
	"SELECT 'stream ' || kind || ': its first chunk is ' || min(seq) || ', not 0' FROM chunk"
	" JOIN stream USING (stream_id) GROUP BY stream_id HAVING min(seq) > 0 AND NOT EXISTS"
	" (SELECT 1 FROM loss WHERE cause = 'quota-evict' AND loss.stream = kind)";

/* Rows gave way to a quota: then their stream has no digest. */
static bool was_evicted(const struct trace *t)
{
	int64_t rows = 0;

	for (unsigned i = 0; !rows && i < t->nfiles; i++)
		if (db_get_i64(t->files[i].db, t->files[i].path,
			       "SELECT count(*) FROM loss WHERE cause = 'quota-evict'", 0, &rows,
			       NULL))
			return false;
	return rows;
}

/* Decodes every row; damaged chunks are told one by one. */
static int check_stream(struct verify *v, unsigned stream, struct err *e)
{
	const struct trace_stream_state *s = &v->trace->streams[stream];
	const struct trace_select all = { .stream = stream, .dev = -1, .threaded = true };
	struct trace_reader *r;
	const struct batch *b;
	struct err damage;
	uint64_t rows = 0;
	int got, rc = trace_reader_open(v->trace, &all, &r, e);
	if (rc)
		return rc;

	const uint64_t before = v->findings;
	while ((got = trace_reader_next(r, &b, &damage))) {
		if (got < 0)
			report(v, "%s", damage.msg);
		else
			rows += b->n;
	}
	trace_reader_close(r);
	if (v->findings != before)
		return 0;

	if (rows != s->info.rows)
		report(v, "stream %s: %llu rows decoded, the chunk table says %llu",
		       s->info.kind->name, (unsigned long long)rows,
		       (unsigned long long)s->info.rows);
	char text[TRACE_DIGEST_CHARS + 1];
	if (!s->info.digest[0]) {
		if (s->info.is_sealed && !was_evicted(v->trace))
			report(v,
			       "stream %s: sealed without a digest: the last file of its set is "
			       "missing",
			       s->info.kind->name);
		return 0;
	}
	rc = trace_stream_digest(v->trace, stream, text, e);
	if (!rc && strcmp(text, s->info.digest))
		report(v, "stream %s: its rows hash to %s, sealed as %s", s->info.kind->name, text,
		       s->info.digest);
	return rc;
}

int trace_verify(struct trace *t, void (*found)(void *ctx, const char *sentence), void *ctx,
		 uint64_t *findings_out, struct err *e)
{
	struct verify v = { .trace = t, .found = found, .ctx = ctx };
	int rc = 0;

	for (unsigned i = 0; i < t->nfiles; i++) {
		check_sqlite(&v, &t->files[i]);
		check_query(&v, &t->files[i], account_sql);
		check_query(&v, &t->files[i], gap_sql);
		if (i == 0)
			check_query(&v, &t->files[i], first_sql);
	}
	for (unsigned i = 0; !rc && i < t->nstreams; i++)
		rc = check_stream(&v, i, e);
	*findings_out = v.findings;
	return rc;
}
