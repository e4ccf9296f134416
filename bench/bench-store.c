// SPDX-License-Identifier: MIT
/*
 * Store benchmarks on the reference stream: CPU time of the whole process
 * (fsync waiting is not in it), rates in million events per second, ratios
 * taken in the same run. Writes one JSON object to the file named.
 */
#include "bench/refstream.h"
#include "store/db.h"
#include "store/sqlext.h"
#include "store/trace-writer.h"
#include "store/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3 };

struct bench {
	uint64_t events;
	char dir[256];
	FILE *json;
	int printed;
};

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put(struct bench *b, const char *key, double value)
{
	fprintf(b->json, "%s\n  \"%s\": %.3f", b->printed++ ? "," : "{", key, value);
	printf("%-44s %10.3f\n", key, value);
}

static void die(const struct err *e)
{
	fprintf(stderr, "bench-store: %s\n", e->msg);
	exit(1);
}

static struct dma_event *make_events(uint64_t n, int vary_all)
{
	struct dma_event *events = malloc(n * sizeof(*events));
	struct refstream *r = refstream_new(42, vary_all);
	if (!events || !r)
		exit(1);
	for (uint64_t i = 0; i < n; i++)
		refstream_next(r, &events[i]);
	refstream_free(r);
	return events;
}

static double bench_ingest(struct bench *b, const char *path, const struct dma_event *events)
{
	double best = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct err e;
		struct trace_writer *w;
		struct trace_stream *s;
		unlink(path);
		const double start = cpu_seconds();
		if (trace_writer_open(path, NULL, &w, &e) ||
		    trace_writer_stream(w, KIND_DMA, &s, &e))
			die(&e);
		for (uint64_t i = 0; i < b->events; i++)
			if (dma_put(s, &events[i], &e))
				die(&e);
		if (trace_writer_seal(w, &e))
			die(&e);
		const double rate = (double)b->events / (cpu_seconds() - start) / 1e6;
		best = rate > best ? rate : best;
	}
	return best;
}

static double bench_decode(struct bench *b, const char *path, uint64_t columns)
{
	double best = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct err e;
		struct trace *t;
		struct trace_reader *r;
		const struct batch *batch;
		const double start = cpu_seconds();
		if (trace_open(path, &t, &e) ||
		    trace_reader_open(t, &(struct trace_select){ .columns = columns, .dev = -1 },
				      &r, &e))
			die(&e);
		uint64_t rows = 0;
		int got;
		while ((got = trace_reader_next(r, &batch, &e)) > 0)
			rows += batch->n;
		if (got < 0 || rows != b->events)
			die(&e);
		trace_reader_close(r);
		trace_close(t);
		const double rate = (double)b->events / (cpu_seconds() - start) / 1e6;
		best = rate > best ? rate : best;
	}
	return best;
}

/*
 * The rival: one row per event, prepared insert, one transaction, WAL + NORMAL;
 * with all columns of the kind, as our store keeps them, or with those that vary.
 */
static double bench_rows(struct bench *b, const char *path, const struct dma_event *events,
			 uint64_t n, bool has_all)
{
	struct err e;
	sqlite3 *db;
	sqlite3_stmt *st;
	(void)b;
	unlink(path);
	const double start = cpu_seconds();
	if (sqlite3_open(path, &db) ||
	    db_exec(db, path, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", &e) ||
	    db_exec(db, path,
		    has_all ? "CREATE TABLE event(ts INT, dev INT, op INT, pfn INT, bytes INT,"
			      " dir INT, space INT, npages INT, offset INT, req INT, source INT);"
			      " BEGIN"
			    : "CREATE TABLE event(ts INT, dev INT, op INT, pfn INT, bytes INT); "
			      "BEGIN",
		    &e) ||
	    db_prepare(db, path,
		       has_all ? "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			       : "INSERT INTO event VALUES (?, ?, ?, ?, ?)",
		       &st, &e))
		die(&e);
	for (uint64_t i = 0; i < n; i++) {
		sqlite3_bind_int64(st, 1, (int64_t)events[i].ts);
		sqlite3_bind_int64(st, 2, events[i].dev);
		sqlite3_bind_int64(st, 3, events[i].op);
		sqlite3_bind_int64(st, 4, (int64_t)events[i].pfn);
		sqlite3_bind_int64(st, 5, (int64_t)events[i].bytes);
		if (has_all) { /* what a dma row of ours holds as well; req is NULL */
			sqlite3_bind_int64(st, 6, events[i].dir);
			sqlite3_bind_int64(st, 7, events[i].as);
			sqlite3_bind_int64(st, 8, events[i].npages);
			sqlite3_bind_int64(st, 9, events[i].offset);
			sqlite3_bind_int64(st, 11, events[i].source);
		}
		if (sqlite3_step(st) != SQLITE_DONE)
			exit(1);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	if (db_exec(db, path, "COMMIT", &e))
		die(&e);
	sqlite3_close(db);
	return (double)n / (cpu_seconds() - start) / 1e6;
}

/*
 * CPU seconds of one statement, best of the rounds, every row stepped through;
 * the first use of the tables opens the trace. *whole_out: with the connection.
 */
static double sql_seconds_both(const char *path, bool has_events, const char *sql,
			       double *whole_out)
{
	double best = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		sqlite3 *db;
		sqlite3_stmt *st;
		const double start = cpu_seconds();
		if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
		    (has_events && sqlext_register(db, NULL) != SQLITE_OK))
			exit(1);
		const double connected = cpu_seconds();
		if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
			fprintf(stderr, "bench-store: %s\n", sqlite3_errmsg(db));
			exit(1);
		}
		int step;
		while ((step = sqlite3_step(st)) == SQLITE_ROW)
			;
		if (step != SQLITE_DONE)
			exit(1);
		sqlite3_finalize(st);
		const double spent = cpu_seconds() - connected;
		best = spent < best ? spent : best;
		sqlite3_close(db);
		const double whole = cpu_seconds() - start;
		*whole_out = whole < *whole_out ? whole : *whole_out;
	}
	return best;
}

static double sql_seconds(const char *path, bool has_events, const char *sql)
{
	double whole = 1e9;
	return sql_seconds_both(path, has_events, sql, &whole);
}

/* rows_path holds the first nrows events as plain rows */
static void bench_sql(struct bench *b, const char *chunks, const char *rows, uint64_t nrows,
		      uint64_t last_ns)
{
	const double all = (double)b->events / 1e6;
	char sql[200];
	const double vtab = all / sql_seconds(chunks, true, "SELECT count(*), sum(bytes) FROM dma");
	const double plain = (double)nrows / 1e6 /
			     sql_seconds(rows, false, "SELECT count(*), sum(bytes) FROM event");

	put(b, "sql_count_sum_mrows_s", vtab);
	put(b, "sql_count_sum_row_table_mrows_s", plain);
	put(b, "sql_vs_row_table", vtab / plain);
	put(b, "sql_six_columns_mrows_s",
	    all / sql_seconds(chunks, true,
			      "SELECT sum(ts_ns), sum(dev), sum(pfn), sum(npages), sum(bytes),"
			      " sum(op = 'map') FROM dma"));
	snprintf(sql, sizeof(sql),
		 "SELECT count(*), sum(bytes) FROM dma WHERE ts_ns >= %llu AND ts_ns < %llu",
		 (unsigned long long)(last_ns / 2), (unsigned long long)(last_ns / 2 + 1000000));
	double whole = 1e9;
	put(b, "sql_1ms_slice_ms", 1e3 * sql_seconds_both(chunks, true, sql, &whole));
	put(b, "sql_1ms_slice_and_connection_ms", 1e3 * whole);
	snprintf(sql, sizeof(sql), "SELECT * FROM dma WHERE ts_ns >= %llu AND ts_ns < %llu",
		 (unsigned long long)(last_ns / 2), (unsigned long long)(last_ns / 2 + 1000000));
	put(b, "sql_1ms_slice_all_columns_ms", 1e3 * sql_seconds(chunks, true, sql));
	snprintf(sql, sizeof(sql),
		 "SELECT count(*), sum(bytes) FROM dma WHERE ts_ns < %llu AND dev = 2",
		 (unsigned long long)(last_ns / 2));
	const double pushed = sql_seconds(chunks, true, sql);
	snprintf(sql, sizeof(sql),
		 "SELECT count(*), sum(bytes) FROM dma WHERE +ts_ns < %llu AND +dev = 2",
		 (unsigned long long)(last_ns / 2));
	put(b, "sql_pushdown_gain", sql_seconds(chunks, true, sql) / pushed);
	put(b, "event_agg_mev_s",
	    all / sql_seconds(chunks, true,
			      "SELECT dev, events, bytes FROM event_agg(0, 0, 'dev')"));
	put(b, "event_agg_dev_op_times_mev_s",
	    all / sql_seconds(chunks, true, "SELECT * FROM event_agg(0, 0, 'dev,op')"));
	put(b, "event_hist_mev_s",
	    all / sql_seconds(chunks, true, "SELECT ts_ns, events FROM event_hist(0, 0, 1000000)"));
}

int main(int argc, char **argv)
{
	struct bench b = { .events = 20000000 };
	if (argc < 2 || !(b.json = fopen(argv[1], "w"))) {
		fprintf(stderr, "usage: bench-store OUT.json [MILLION_EVENTS]\n");
		return 64;
	}
	if (argc > 2)
		b.events = strtoull(argv[2], NULL, 10) * 1000000;
	const char *tmp = getenv("TMPDIR");
	snprintf(b.dir, sizeof(b.dir), "%s/bench-store-XXXXXX", tmp ? tmp : "/var/tmp");
	if (!mkdtemp(b.dir))
		return 73;
	char chunks[300], rows[300], varying[300];
	snprintf(chunks, sizeof(chunks), "%s/chunks.db", b.dir);
	snprintf(rows, sizeof(rows), "%s/rows.db", b.dir);
	snprintf(varying, sizeof(varying), "%s/varying.db", b.dir);

	struct dma_event *events = make_events(b.events, 0);
	const double ingest = bench_ingest(&b, chunks, events);
	put(&b, "ingest_commit_mev_s", ingest);
	struct stat st;
	stat(chunks, &st);
	put(&b, "bytes_per_event", (double)st.st_size / (double)b.events);
	const uint64_t nrows = b.events / 2;
	const double full = bench_rows(&b, rows, events, nrows, true);
	put(&b, "row_insert_mev_s", full);
	put(&b, "ingest_vs_row_insert", ingest / full);
	const double narrow = bench_rows(&b, rows, events, nrows, false);
	put(&b, "row_insert_varying_columns_mev_s", narrow);
	put(&b, "ingest_vs_row_insert_varying_columns", ingest / narrow);
	put(&b, "decode_all_mev_s", bench_decode(&b, chunks, 0));
	put(&b, "decode_ts_mev_s", bench_decode(&b, chunks, 1));
	bench_sql(&b, chunks, rows, nrows, events[b.events - 1].ts);
	free(events);
	events = make_events(b.events, 1);
	put(&b, "ingest_all_varying_mev_s", bench_ingest(&b, varying, events));
	stat(varying, &st);
	put(&b, "bytes_per_event_all_varying", (double)st.st_size / (double)b.events);
	put(&b, "decode_all_varying_mev_s", bench_decode(&b, varying, 0));
	fprintf(b.json, "\n}\n");
	fclose(b.json);
	unlink(chunks);
	unlink(rows);
	unlink(varying);
	rmdir(b.dir);
	free(events);
	return 0;
}
