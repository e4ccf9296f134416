// SPDX-License-Identifier: MIT
/* Trace files: what goes in comes out, whatever the chunking, the damage or the moment of death. */
#include "base/rng.h"
#include "store/aggregate.h"
#include "store/chunk.h"
#include "store/db.h"
#include "store/sqlext.h"
#include "store/trace-writer.h"
#include "store/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[200], path[256];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");
	(void)state;
	snprintf(dir, sizeof(dir), "%.150s/store-test-XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[240];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* a fresh name in our folder */
static const char *fresh(void)
{
	static unsigned number;
	snprintf(path, sizeof(path), "%s/t%u.db", dir, number++);
	return path;
}

#define must(call)                                        \
	do {                                              \
		if (call)                                 \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

/* ---- rows ---- */

static struct rng *seeded(struct rng *r, uint64_t seed)
{
	rng_init(r, seed, "store-test");
	return r;
}

static struct dma_event dma_row(struct rng *r, uint64_t *now)
{
	*now += rng_next(r) % 2000;
	return (struct dma_event){
		.ts = *now,
		.dev = (uint16_t)(rng_next(r) % 5),
		.op = (uint8_t)(rng_next(r) % DMA_OP_COUNT),
		.dir = (uint8_t)(rng_next(r) % DIR_COUNT),
		.as = AS_GPA,
		.pfn = rng_next(r) % 100 ? rng_next(r) % 100000 : UINT64_MAX,
		.npages = (uint32_t)(rng_next(r) % 9),
		.offset = (uint16_t)(rng_next(r) % 4096),
		.bytes = rng_next(r) % 70000,
		.req = rng_next(r) % 10 ? rng_next(r) : UINT64_MAX,
		.source = 1,
	};
}

static void write_dma(const char *file, const struct trace_writer_options *opt, uint64_t n)
{
	struct err e;
	struct trace_writer *w;
	struct trace_stream *s;
	struct rng r;
	uint64_t now = 0;

	must(trace_writer_open(file, opt, &w, &e));
	must(trace_writer_stream(w, KIND_DMA, &s, &e));
	seeded(&r, 7);
	for (uint64_t i = 0; i < n; i++) {
		const struct dma_event row = dma_row(&r, &now);
		must(dma_put(s, &row, &e));
	}
	must(trace_writer_seal(w, &e));
}

static void digest_of(const char *file, char *out)
{
	struct err e;
	struct trace *t;
	must(trace_open(file, &t, &e));
	must(trace_digest(t, out, &e));
	trace_close(t);
}

static uint64_t findings_in(const char *file)
{
	struct err e;
	struct trace *t;
	uint64_t n;
	must(trace_open(file, &t, &e));
	must(trace_verify(t, NULL, NULL, &n, &e));
	trace_close(t);
	return n;
}

/* ---- tests ---- */

/* Random bits in every column of every kind, among them all NULLs and extremes. */
static void every_kind_comes_back_bit_by_bit(void **state)
{
	enum { ROWS = 3000 };
	struct err e;
	struct rng r;
	(void)state;

	seeded(&r, 1);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const struct kind *k = &kinds[i];
		void *in[KIND_MAX_COLUMNS], *out[KIND_MAX_COLUMNS];
		for (unsigned c = 0; c < k->ncolumns; c++) {
			const unsigned width = k->columns[c].width_bytes;
			in[c] = calloc(ROWS, 8);
			for (size_t j = 0; j < ROWS; j++) {
				/* every magnitude is as likely as any other */
				uint64_t v = rng_next(&r) >> rng_next(&r) % 64;
				if (rng_next(&r) % 16 == 0)
					v = UINT64_MAX;
				memcpy((uint8_t *)in[c] + j * width, &v, width);
			}
		}
		struct chunk_encoder *enc = chunk_encoder_new();
		struct chunk_decoder *dec = chunk_decoder_new();
		struct chunk_summary sum;
		struct chunk_header h;
		const void *blob;
		size_t n;
		must(chunk_encode(enc, k, ROWS, (const void *const *)in, 1, &sum, &blob, &n, &e));
		must(chunk_decode(dec, k, blob, n, UINT64_MAX, UINT32_MAX, &h, out, &e));
		assert_int_equal(h.n, ROWS);
		for (unsigned c = 0; c < k->ncolumns; c++) {
			assert_memory_equal(in[c], out[c], ROWS * k->columns[c].width_bytes);
			free(in[c]);
		}
		chunk_encoder_free(enc);
		chunk_decoder_free(dec);
	}
}

static void any_column_alone_is_the_same_as_among_all(void **state)
{
	const struct kind *k = &kinds[KIND_DMA];
	const char *file = fresh();
	struct err e;
	struct trace *t;
	(void)state;

	write_dma(file, NULL, 5000);
	must(trace_open(file, &t, &e));
	for (unsigned c = 0; c < k->ncolumns; c++) {
		struct trace_reader *all, *one;
		const struct batch *x, *y;
		must(trace_reader_open(t, &(struct trace_select){ .dev = -1 }, &all, &e));
		must(trace_reader_open(
			t, &(struct trace_select){ .columns = UINT64_C(1) << c, .dev = -1 }, &one,
			&e));
		assert_int_equal(trace_reader_next(all, &x, &e), 1);
		assert_int_equal(trace_reader_next(one, &y, &e), 1);
		assert_memory_equal(x->col[c], y->col[c], x->n * k->columns[c].width_bytes);
		for (unsigned d = 0; d < k->ncolumns; d++)
			assert_true(d == c || !y->col[d]);
		trace_reader_close(all);
		trace_reader_close(one);
	}
	trace_close(t);
}

static void the_digest_does_not_depend_on_chunks_codec_or_files(void **state)
{
	const struct trace_writer_options options[] = {
		{ .chunk_rows = 1 << 16 },
		{ .chunk_rows = 1000 },
		{ .chunk_rows = 777, .zstd_level = 9 },
		{ .chunk_rows = 2048, .rotate_bytes = 60000 },
	};
	char first[TRACE_DIGEST_CHARS + 1], other[TRACE_DIGEST_CHARS + 1];
	(void)state;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const char *file = fresh();
		write_dma(file, &options[i], 20000);
		digest_of(file, i ? other : first);
		if (i)
			assert_string_equal(first, other);
		assert_int_equal(findings_in(file), 0);
	}
	char member[280];
	snprintf(member, sizeof(member), "%.*s.0003.db", (int)strlen(path) - 3, path);
	assert_int_equal(access(member, R_OK), 0); /* it really is a set */
}

static void one_other_row_changes_the_digest(void **state)
{
	char a[TRACE_DIGEST_CHARS + 1], b[TRACE_DIGEST_CHARS + 1];
	(void)state;
	write_dma(fresh(), NULL, 500);
	digest_of(path, a);
	write_dma(fresh(), NULL, 501);
	digest_of(path, b);
	assert_string_not_equal(a, b);
}

/* The selected rows, counted and summed the slow way. */
static void check_selection(struct trace *t, struct trace_select sel)
{
	struct err e;
	struct trace_reader *all, *some;
	const struct batch *b;
	uint64_t want = 0, want_sum = 0, got = 0, got_sum = 0;
	int rc;

	must(trace_reader_open(t, &(struct trace_select){ .dev = -1 }, &all, &e));
	while ((rc = trace_reader_next(all, &b, &e)) > 0)
		for (uint32_t i = 0; i < b->n; i++) {
			const uint64_t ts = batch_u64(b, DMA_COL_ts)[i];
			const uint64_t pfn = batch_u64(b, DMA_COL_pfn)[i];
			const uint64_t pages = batch_u32(b, DMA_COL_npages)[i];
			bool is_in = ts >= sel.from_ns && (!sel.to_ns || ts < sel.to_ns);
			is_in &= sel.dev < 0 || batch_u16(b, DMA_COL_dev)[i] == sel.dev;
			if (sel.pfn_last)
				is_in &= pfn != UINT64_MAX && pfn <= sel.pfn_last &&
					 pfn + (pages ? pages - 1 : 0) >= sel.pfn_first;
			want += is_in;
			want_sum += is_in ? batch_u64(b, DMA_COL_bytes)[i] : 0;
		}
	assert_int_equal(rc, 0);
	trace_reader_close(all);

	sel.columns = UINT64_C(1) << DMA_COL_bytes;
	must(trace_reader_open(t, &sel, &some, &e));
	for (int pass = 0; pass < 2; pass++) { /* the second after a rewind */
		got = got_sum = 0;
		while ((rc = trace_reader_next(some, &b, &e)) > 0)
			for (uint32_t i = 0; i < b->n; i++, got++)
				got_sum += batch_u64(b, DMA_COL_bytes)[i];
		assert_int_equal(rc, 0);
		assert_int_equal(got, want);
		assert_int_equal(got_sum, want_sum);
		trace_reader_rewind(some);
	}
	trace_reader_close(some);
	assert_true(want > 0);
}

static void selections_hold_exactly_the_rows_asked_for(void **state)
{
	const char *file = fresh();
	struct err e;
	struct trace *t;
	(void)state;

	write_dma(file, &(struct trace_writer_options){ .chunk_rows = 1000 }, 30000);
	must(trace_open(file, &t, &e));
	for (int threaded = 0; threaded < 2; threaded++) {
		const bool th = threaded;
		check_selection(t, (struct trace_select){ .dev = -1, .threaded = th });
		check_selection(t, (struct trace_select){ .dev = 3, .threaded = th });
		check_selection(
			t, (struct trace_select){ .from_ns = 5000000, .dev = -1, .threaded = th });
		check_selection(
			t, (struct trace_select){
				   .from_ns = 999999, .to_ns = 1100001, .dev = 2, .threaded = th });
		check_selection(
			t, (struct trace_select){
				   .pfn_first = 400, .pfn_last = 600, .dev = -1, .threaded = th });
	}
	trace_close(t);
}

static void every_flipped_byte_of_a_chunk_is_found(void **state)
{
	const struct kind *k = &kinds[KIND_DMA];
	struct chunk_encoder *enc = chunk_encoder_new();
	struct chunk_decoder *dec = chunk_decoder_new();
	void *columns[KIND_MAX_COLUMNS] = {}, *out[KIND_MAX_COLUMNS];
	struct chunk_summary sum;
	struct chunk_header h;
	const void *blob;
	size_t n;
	struct err e;
	struct rng r;
	(void)state;

	seeded(&r, 3);
	for (unsigned c = 0; c < k->ncolumns; c++) {
		columns[c] = calloc(200, 8);
		for (size_t i = 0; i < 1600; i++)
			((uint8_t *)columns[c])[i] = (uint8_t)(rng_next(&r) % 7);
	}
	must(chunk_encode(enc, k, 200, (const void *const *)columns, 1, &sum, &blob, &n, &e));
	uint8_t *copy = malloc(n);
	memcpy(copy, blob, n);
	for (size_t at = 0; at < n; at++) {
		copy[at] ^= (uint8_t)(1 << at % 8);
		if (!chunk_decode(dec, k, copy, n, 1, UINT32_MAX, &h, out, &e))
			fail_msg("byte %zu of %zu flipped, and nobody noticed", at, n);
		copy[at] ^= (uint8_t)(1 << at % 8);
	}
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(
			chunk_decode(dec, k, copy, cut, UINT64_MAX, UINT32_MAX, &h, out, &e),
			ERR_FORMAT);
	must(chunk_decode(dec, k, copy, n, UINT64_MAX, UINT32_MAX, &h, out, &e));
	for (unsigned c = 0; c < k->ncolumns; c++)
		free(columns[c]);
	free(copy);
	chunk_encoder_free(enc);
	chunk_decoder_free(dec);
}

/* Flips one byte in the middle of chunk 3's blob, past SQLite's notice. */
static void damage(const char *file)
{
	struct err e;
	sqlite3 *db;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	must(db_exec(db, file,
		     "UPDATE chunk SET blob = CAST(substr(blob, 1, 1000) || x'a5' ||"
		     " substr(blob, 1002) AS BLOB) WHERE seq = 3",
		     &e));
	sqlite3_close(db);
}

static void a_damaged_chunk_is_named_and_the_rest_is_read(void **state)
{
	const char *file = fresh();
	struct err e;
	struct trace *t;
	struct trace_reader *r;
	const struct batch *b;
	(void)state;

	write_dma(file, &(struct trace_writer_options){ .chunk_rows = 1000 }, 10000);
	damage(file);
	assert_int_equal(findings_in(file), 1);
	for (int threaded = 0; threaded < 2; threaded++) {
		uint64_t rows = 0, errors = 0;
		int rc;
		must(trace_open(file, &t, &e));
		must(trace_reader_open(t, &(struct trace_select){ .dev = -1, .threaded = threaded },
				       &r, &e));
		while ((rc = trace_reader_next(r, &b, &e))) {
			rows += rc > 0 ? b->n : 0;
			errors += rc < 0;
			if (rc < 0)
				assert_non_null(strstr(e.msg, "chunk 3"));
		}
		assert_int_equal(rows, 9000);
		assert_int_equal(errors, 1);
		trace_reader_close(r);
		trace_close(t);
	}
}

static int count_sql(const char *file, const char *sql, int64_t *out)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlext_register(db, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	const int step = sqlite3_step(st);
	*out = step == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return step;
}

static void sql_sees_all_rows_and_refuses_damaged_ones(void **state)
{
	const char *file = fresh();
	int64_t n;
	(void)state;

	write_dma(file, &(struct trace_writer_options){ .chunk_rows = 1000 }, 10000);
	assert_int_equal(count_sql(file, "SELECT count(*) FROM dma", &n), SQLITE_ROW);
	assert_int_equal(n, 10000);
	assert_int_equal(
		count_sql(file,
			  "SELECT abs((SELECT sum(bytes) FROM dma WHERE ts_ns BETWEEN 1000000"
			  " AND 2000000 AND dev = 1 AND op = 'map') - (SELECT sum(bytes)"
			  " FROM dma WHERE +ts_ns BETWEEN 1000000 AND 2000000 AND +dev = 1"
			  " AND op = 'map'))",
			  &n),
		SQLITE_ROW);
	assert_int_equal(n, 0); /* pushed down or not: the same */
	assert_int_equal(
		count_sql(file,
			  "SELECT sum(abs(events - (SELECT count(*) FROM dma WHERE dev = a.dev)))"
			  " FROM event_agg(0, 0, 'dev') a",
			  &n),
		SQLITE_ROW);
	assert_int_equal(n, 0);
	damage(file);
	assert_int_equal(count_sql(file, "SELECT count(*) FROM dma", &n), SQLITE_CORRUPT);
}

static void a_quota_evicts_the_oldest_and_says_so(void **state)
{
	const char *file = fresh();
	struct stat st;
	int64_t kept, lost;
	(void)state;

	const uint64_t quota = 12 << 20, rows = 2500000;
	write_dma(file, &(struct trace_writer_options){ .quota_bytes = quota }, rows);
	stat(file, &st);
	assert_true((uint64_t)st.st_size <= quota);
	count_sql(file, "SELECT sum(n) FROM chunk", &kept);
	count_sql(file, "SELECT sum(n_lost) FROM loss WHERE cause = 'quota-evict'", &lost);
	assert_true(lost > 0);
	assert_int_equal(kept + lost, rows);
	assert_int_equal(findings_in(file), 0);
}

/* The importer dies in the 5th commit; a second run with `resume` completes the file. */
static void die_after_five(void *ctx, const struct kind *k, uint64_t rows, uint64_t offset)
{
	(void)k, (void)rows, (void)offset;
	if (++*(int *)ctx == 5)
		raise(SIGKILL);
}

/* Puts rows as an importer would; is_seeking: from the resume point on. */
static void import_rows(const char *file, uint64_t n, bool is_seeking, bool is_dying)
{
	struct err e;
	struct trace_writer *w;
	struct trace_stream *s;
	struct rng r;
	uint64_t now = 0;
	int commits = 0;
	const struct trace_writer_options opt = {
		.args = "input",
		.chunk_rows = 1000,
		.resume = true,
		.committed = is_dying ? die_after_five : NULL,
		.committed_ctx = &commits,
	};

	must(trace_writer_open(file, &opt, &w, &e));
	must(trace_writer_stream(w, KIND_DMA, &s, &e));
	const char *position;
	const uint64_t from = trace_writer_resume_point(w, &position);
	if (from)
		assert_string_equal(position, "here");
	seeded(&r, 7);
	for (uint64_t i = 0; i < n; i++) {
		const struct dma_event row = dma_row(&r, &now);
		if (i < from)
			continue;
		if (is_seeking && s->n == s->cap)
			trace_writer_progress(w, i, "here");
		must(dma_put(s, &row, &e));
	}
	must(trace_writer_seal(w, &e));
}

static void death_at_any_commit_loses_nothing_that_was_acknowledged(void **state)
{
	char whole[TRACE_DIGEST_CHARS + 1], resumed[TRACE_DIGEST_CHARS + 1];
	int64_t n;
	(void)state;

	write_dma(fresh(), NULL, 12345);
	digest_of(path, whole);
	for (int is_seeking = 0; is_seeking < 2; is_seeking++) {
		const char *file = fresh();
		for (int death = 0; death < 2; death++) { /* it dies twice */
			const pid_t pid = fork();
			if (!pid) {
				import_rows(file, 12345, is_seeking, true);
				_exit(0);
			}
			int status;
			waitpid(pid, &status, 0);
			assert_true(WIFSIGNALED(status));
			count_sql(file, "SELECT sum(n) FROM chunk", &n);
			assert_int_equal(n, 5000 * (death + 1));
		}
		import_rows(file, 12345, is_seeking, false);
		digest_of(file, resumed);
		assert_string_equal(whole, resumed);
		assert_int_equal(findings_in(file), 0);
		count_sql(file, "SELECT count(*) FROM session WHERE state = 'recovered'", &n);
		assert_int_equal(n, 1);
	}
}

static void a_complete_file_is_not_overwritten(void **state)
{
	const char *file = fresh();
	struct trace_writer *w;
	struct err e;
	(void)state;

	write_dma(file, NULL, 10);
	assert_int_equal(trace_writer_open(file, NULL, &w, &e), ERR_CREATE);
	const struct trace_writer_options opt = { .resume = true, .args = "x" };
	assert_int_equal(trace_writer_open(file, &opt, &w, &e), ERR_CREATE);
	assert_int_equal(findings_in(file), 0);
}

static void giving_up_leaves_no_file(void **state)
{
	const char *file = fresh();
	struct trace_writer *w;
	struct trace_stream *s;
	struct err e;
	char command[320];
	(void)state;

	must(trace_writer_open(file, NULL, &w, &e));
	must(trace_writer_stream(w, KIND_IO, &s, &e));
	trace_writer_abort(w);
	snprintf(command, sizeof(command), "ls %s* >/dev/null 2>&1", file);
	assert_int_not_equal(system(command), 0);
}

static void strangers_are_refused_with_a_sentence(void **state)
{
	const char *file = fresh();
	struct trace *t;
	struct err e;
	(void)state;

	assert_int_equal(trace_open(file, &t, &e), ERR_NOINPUT);
	FILE *f = fopen(file, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", f);
	fclose(f);
	assert_int_equal(trace_open(file, &t, &e), ERR_UNUSABLE);
	assert_non_null(strstr(e.msg, file));

	sqlite3 *db;
	file = fresh();
	sqlite3_open(file, &db);
	sqlite3_exec(db, "CREATE TABLE x(y)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(trace_open(file, &t, &e), ERR_UNUSABLE);
}

static void a_column_the_writer_did_not_know_reads_as_not_observed(void **state)
{
	struct kind old = kinds[KIND_IO];
	struct chunk_encoder *enc = chunk_encoder_new();
	struct chunk_decoder *dec = chunk_decoder_new();
	void *columns[KIND_MAX_COLUMNS], *out[KIND_MAX_COLUMNS];
	struct chunk_summary sum;
	struct chunk_header h;
	const void *blob;
	size_t n;
	struct err e;
	(void)state;

	for (unsigned c = 0; c < old.ncolumns; c++)
		columns[c] = calloc(4, 8);
	old.ncolumns = IO_COL_source; /* everything but the last */
	must(chunk_encode(enc, &old, 4, (const void *const *)columns, 1, &sum, &blob, &n, &e));
	must(chunk_decode(dec, &kinds[KIND_IO], blob, n, UINT64_MAX, UINT32_MAX, &h, out, &e));
	assert_int_equal(((uint16_t *)out[IO_COL_source])[3], 0);
	assert_int_equal(((uint64_t *)out[IO_COL_lba])[3], 0);
	for (unsigned c = 0; c < kinds[KIND_IO].ncolumns; c++)
		free(columns[c]);
	chunk_encoder_free(enc);
	chunk_decoder_free(dec);
}

static void an_account_that_does_not_add_up_is_a_finding(void **state)
{
	const char *file = fresh();
	struct trace_writer *w;
	struct err e;
	(void)state;

	must(trace_writer_open(file, NULL, &w, &e));
	must(trace_writer_account(
		w, "good", &(struct trace_account){ .seen = 3, .stored = 2, .shed = 1 }, &e));
	must(trace_writer_account(w, "bad", &(struct trace_account){ .seen = 3, .stored = 2 }, &e));
	must(trace_writer_seal(w, &e));
	assert_int_equal(findings_in(file), 1);
}

static void unique_pages_are_counted_once(void **state)
{
	const char *file = fresh();
	struct trace_writer *w;
	struct trace_stream *s;
	struct trace *t;
	struct err e;
	uint64_t n;
	(void)state;

	must(trace_writer_open(file, NULL, &w, &e));
	must(trace_writer_stream(w, KIND_OBJECT, &s, &e));
	must(object_put(s, &(struct object_event){ .ts = 1, .obj = 10, .npages = 5 }, &e));
	must(object_put(s, &(struct object_event){ .ts = 2, .obj = 12, .npages = 5 }, &e));
	must(object_put(s, &(struct object_event){ .ts = 3, .obj = UINT64_C(1) << 50, .npages = 1 },
			&e));
	must(trace_writer_seal(w, &e));
	must(trace_open(file, &t, &e));
	must(aggregate_unique_pages(t, 0, -1, &n, &e));
	assert_int_equal(n, 8);
	trace_close(t);
}

static void a_tick_commits_all_streams_at_once(void **state)
{
	const struct trace_writer_options opt = { .collector = "test", .resume = true };
	const char *file = fresh();
	struct trace_writer *w;
	struct trace *t;
	struct err e = {};
	(void)state;

	const pid_t pid = fork();
	if (!pid) { /* dies after a tick: what the tick took is there, what came later is not */
		struct trace_stream *dma, *fault;
		if (trace_writer_open(file, &opt, &w, &e) ||
		    trace_writer_stream(w, KIND_DMA, &dma, &e) ||
		    trace_writer_stream(w, KIND_FAULT, &fault, &e))
			_exit(1);
		for (uint64_t i = 0; i < 30; i++) {
			if (i == 20 &&
			    (trace_writer_clock(
				     w, &(struct trace_clock){ .trace_ns = i, .mono_ns = 7 }, &e) ||
			     trace_writer_commit(w, &e)))
				_exit(1);
			if (dma_put(dma, &(struct dma_event){ .ts = i, .pfn = i, .npages = 1 }, &e))
				_exit(1);
			if (i % 2 &&
			    fault_put(fault, &(struct fault_event){ .ts = i, .va = i }, &e))
				_exit(1);
		}
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));

	must(trace_open(file, &t, &e));
	assert_int_equal(trace_find_stream(t, KIND_DMA)->rows, 20);
	assert_int_equal(trace_find_stream(t, KIND_FAULT)->rows, 10);
	int64_t mono = 0;
	must(db_get_i64(trace_sqlite(t, 0), file, "SELECT mono_ns FROM clock", 0, &mono, &e));
	assert_int_equal(mono, 7);
	trace_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back_bit_by_bit),
		cmocka_unit_test(any_column_alone_is_the_same_as_among_all),
		cmocka_unit_test(the_digest_does_not_depend_on_chunks_codec_or_files),
		cmocka_unit_test(one_other_row_changes_the_digest),
		cmocka_unit_test(selections_hold_exactly_the_rows_asked_for),
		cmocka_unit_test(every_flipped_byte_of_a_chunk_is_found),
		cmocka_unit_test(a_damaged_chunk_is_named_and_the_rest_is_read),
		cmocka_unit_test(sql_sees_all_rows_and_refuses_damaged_ones),
		cmocka_unit_test(a_quota_evicts_the_oldest_and_says_so),
		cmocka_unit_test(death_at_any_commit_loses_nothing_that_was_acknowledged),
		cmocka_unit_test(a_complete_file_is_not_overwritten),
		cmocka_unit_test(giving_up_leaves_no_file),
		cmocka_unit_test(strangers_are_refused_with_a_sentence),
		cmocka_unit_test(a_column_the_writer_did_not_know_reads_as_not_observed),
		cmocka_unit_test(an_account_that_does_not_add_up_is_a_finding),
		cmocka_unit_test(unique_pages_are_counted_once),
		cmocka_unit_test(a_tick_commits_all_streams_at_once),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
