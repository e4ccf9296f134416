// SPDX-License-Identifier: MIT
/* Merging traces: what is copied, translated, kept apart, repeated and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "store/db.h"
#include "store/merge.h"
#include "store/trace-distribution.h"
#include "store/trace-meta.h"
#include "store/trace-writer.h"

static char dir[300];

static const char *file(const char *name)
{
	static char paths[8][400];
	static unsigned next;
	char *p = paths[next++ % 8];
	snprintf(p, sizeof(paths[0]), "%s/%s.db", dir, name);
	return p;
}

struct plan {
	const char *name, *bdf, *boot_id; /* boot_id NULL: the host is not told */
	uint64_t first;                   /* time of the first row */
	unsigned rows;
	bool stays_open;
};

/* dma rows of one device (number 1: 0 is another), io rows and all that lies beside rows */
static struct trace_writer *write_trace(const struct plan *p, struct err *e)
{
	const struct trace_writer_options o = { .collector = "test", .chunk_rows = 16 };
	const struct trace_device other = { .bdf = "other" };
	const struct trace_device device = { .bdf = p->bdf, .class = "nic" };
	const struct trace_account account = { .seen = p->rows + 3, .stored = p->rows, .shed = 3 };
	const struct trace_clock clock = { .mono_ns = p->first, .boot_ns = UINT64_MAX };
	struct trace_stream *dma, *fault;
	struct trace_writer *w;
	uint16_t dev, source;

	unlink(file(p->name));
	assert_int_equal(trace_writer_open(file(p->name), &o, &w, e), 0);
	assert_int_equal(trace_writer_device(w, &other, &dev, e), 0);
	assert_int_equal(trace_writer_device(w, &device, &dev, e), 0);
	assert_int_equal(trace_writer_source(w, "probe", NULL, &source, e), 0);
	const struct trace_vm vm = { .name = p->name, .mem_pages = p->rows };
	const struct trace_memslot slot = { .hva_pfn = p->first,
					    .hpa_pfn = UINT64_MAX,
					    .npages = p->rows };
	assert_int_equal(trace_writer_vm(w, &vm, e), 0);
	assert_int_equal(trace_writer_memslot(w, &slot, e), 0);
	if (p->boot_id)
		assert_int_equal(trace_writer_host(w, "boot_id", p->boot_id, e), 0);
	assert_int_equal(trace_writer_stream(w, KIND_DMA, &dma, e), 0);
	assert_int_equal(trace_writer_stream(w, KIND_FAULT, &fault, e), 0);
	for (unsigned i = 0; i < p->rows; i++) {
		const struct dma_event d = {
			.ts = p->first + i, .dev = dev, .pfn = i, .npages = 1, .source = source
		};
		const struct fault_event f = { .ts = p->first + i, .va = i };
		assert_int_equal(dma_put(dma, &d, e), 0);
		assert_int_equal(fault_put(fault, &f, e), 0);
	}
	assert_int_equal(trace_writer_account(w, "dma", &account, e), 0);
	assert_int_equal(trace_writer_loss(w, "dma", 1, 2, 3, "shed", p->name, e), 0);
	assert_int_equal(trace_writer_clock(w, &clock, e), 0);
	assert_int_equal(trace_writer_meta(w, "origin", p->name, e), 0);
	struct distribution d = {
		.source = "t", .subject = p->name, .op = "read", .quantity = "x"
	};
	uint64_t values[] = { 3, 1, 2 };
	assert_int_equal(trace_writer_distribution_of(w, &d, values, 3, e), 0);
	return w;
}

static void make(const struct plan *p)
{
	struct err e;
	struct trace_writer *w = write_trace(p, &e);
	assert_int_equal(p->stays_open ? trace_writer_close(w, &e) : trace_writer_seal(w, &e), 0);
}

static const struct plan plan_a = { "a", "0000:00:06.0", NULL, 100, 50, false };
static const struct plan plan_b = { "b", "0000:00:06.0", NULL, 700, 70, false };

static int merge_into(const char *out, const char *const *names, struct merge_result *r,
		      struct err *e)
{
	struct merge *m;
	int rc;

	unlink(file(out));
	assert_int_equal(merge_begin(file(out), NULL, &m, e), 0);
	for (; *names; names++) {
		struct trace *t;
		assert_int_equal(trace_open(file(*names), &t, e), 0);
		rc = merge_add(m, t, e);
		trace_close(t);
		if (rc) {
			merge_abort(m);
			return rc;
		}
	}
	return merge_finish(m, r, e);
}

#define MERGE(out, result, ...)                                                                   \
	do {                                                                                      \
		struct err e_ = {};                                                               \
		assert_int_equal(                                                                 \
			merge_into(out, (const char *const[]){ __VA_ARGS__, NULL }, result, &e_), \
			0);                                                                       \
	} while (0)

static struct trace *open_trace(const char *name)
{
	struct trace *t;
	struct err e = {};
	assert_int_equal(trace_open(file(name), &t, &e), 0);
	return t;
}

static int64_t number(const struct trace *t, const char *sql)
{
	int64_t v = -1;
	struct err e;
	assert_int_equal(db_get_i64(trace_sqlite(t, 0), "t", sql, -1, &v, &e), 0);
	return v;
}

static void check_verified(const char *name)
{
	struct trace *t = open_trace(name);
	uint64_t findings;
	struct err e;
	assert_int_equal(trace_verify(t, NULL, NULL, &findings, &e), 0);
	assert_int_equal(findings, 0);
	trace_close(t);
}

static void digests_rows_and_counts_are_those_of_the_inputs(void **state)
{
	(void)state;
	struct merge_result r;
	make(&plan_a);
	make(&plan_b);
	MERGE("c", &r, "a", "b");
	assert_int_equal(r.recordings, 2);
	assert_int_equal(r.damaged_chunks, 0);
	check_verified("c");

	struct trace *a = open_trace("a"), *b = open_trace("b"), *c = open_trace("c");
	assert_int_equal(trace_nstreams(c), 4);
	for (unsigned i = 0; i < 4; i++) { /* by kind, and within it by recording */
		const struct trace_stream_info *want = trace_stream_info(i % 2 ? b : a, i / 2);
		const struct trace_stream_info *got = trace_stream_info(c, i);
		char digest[TRACE_DIGEST_CHARS + 1];
		struct err e;
		assert_string_equal(got->digest, want->digest);
		assert_int_equal(trace_stream_digest(c, i, digest, &e), 0);
		assert_string_equal(digest, want->digest);
		assert_int_equal(got->rows, want->rows);
		assert_int_equal(got->first_ns, want->first_ns);
	}
	assert_int_equal(number(c, "SELECT seen FROM account"), 50 + 70 + 6);
	assert_int_equal(number(c, "SELECT sum(n_lost) FROM loss"), 6);
	assert_int_equal(number(c, "SELECT count(*) FROM clock"), 2);
	assert_int_equal(number(c, "SELECT sum(mono_ns) FROM clock"), 800);
	assert_int_equal(number(c, "SELECT count(*) FROM distribution"), 2);
	assert_int_equal(number(c, "SELECT count(*) FROM distribution_point"), 34);
	assert_int_equal(number(c, "SELECT v = 'a' FROM meta WHERE k = 'origin'"), 1);
	assert_int_equal(number(c, "SELECT v = 'b' FROM meta WHERE k = 'origin@2'"), 1);
	trace_close(a);
	trace_close(b);
	trace_close(c);
}

/* Rows of a stream with this device, and the values of their vm and source columns */
static uint64_t count_rows(struct trace *t, unsigned stream, int dev, int column, uint64_t want)
{
	const struct trace_select sel = { .stream = stream, .dev = dev };
	struct trace_reader *r;
	const struct batch *b;
	struct err e;
	uint64_t n = 0;

	assert_int_equal(trace_reader_open(t, &sel, &r, &e), 0);
	while (trace_reader_next(r, &b, &e) == 1)
		for (uint32_t i = 0; i < b->n; i++, n++)
			assert_int_equal(batch_value(b, (unsigned)column, i), want);
	trace_reader_close(r);
	return n;
}

static void numbers_in_rows_are_those_of_the_tables(void **state)
{
	(void)state;
	struct merge_result r;
	make(&plan_a);
	make(&plan_b);
	MERGE("c", &r, "a", "b");
	struct trace *c = open_trace("c");

	const int first = (int)number(c, "SELECT dev_id FROM device WHERE bdf = '0000:00:06.0'");
	const int second = (int)number(c, "SELECT dev_id FROM device WHERE bdf = '0000:00:06.0@2'");
	assert_int_equal(first, 1);
	assert_int_equal(second, 3);
	assert_int_equal(count_rows(c, 0, first, DMA_COL_dev, 1), 50);
	assert_int_equal(count_rows(c, 0, second, DMA_COL_dev, 3), 0);
	assert_int_equal(count_rows(c, 1, first, DMA_COL_dev, 1), 0);
	assert_int_equal(count_rows(c, 1, second, DMA_COL_dev, 3), 70);
	assert_int_equal(count_rows(c, 1, -1, DMA_COL_dev, 3), 70);
	const uint64_t source = (uint64_t)number(
		c, "SELECT source_id FROM source WHERE name = 'probe' AND sess_id = 2");
	assert_int_equal(count_rows(c, 1, -1, DMA_COL_source, source), 70);
	assert_int_equal(count_rows(c, 2, -1, FAULT_COL_vm, 0), 50);
	assert_int_equal(count_rows(c, 3, -1, FAULT_COL_vm, 1), 70);
	trace_close(c);
}

static void a_recording_of_a_merge_is_the_trace_it_was(void **state)
{
	static const char *const names[] = { "a", "b" };
	(void)state;
	struct merge_result r;
	make(&plan_a);
	make(&plan_b);
	MERGE("c", &r, "a", "b");
	for (unsigned n = 1; n <= 2; n++) {
		char want[TRACE_DIGEST_CHARS + 1], got[TRACE_DIGEST_CHARS + 1];
		struct trace *one = open_trace(names[n - 1]), *c = open_trace("c");
		struct err e = {};
		assert_int_equal(trace_nrecordings(one), 1);
		assert_int_equal(trace_nrecordings(c), 2);
		assert_int_equal(trace_recording_with(c, KIND_DMA), 1);
		assert_int_equal(trace_recording_with(c, KIND_CPU), 0);
		assert_int_equal(trace_choose_recording(c, n, &e), 0);
		assert_int_equal(trace_nstreams(c), 2);
		assert_int_equal(trace_digest(one, want, &e), 0);
		assert_int_equal(trace_digest(c, got, &e), 0);
		assert_string_equal(got, want);
		assert_int_equal(count_rows(c, 0, -1, DMA_COL_dev, n == 1 ? 1 : 3),
				 trace_stream_info(one, 0)->rows);
		assert_int_equal(trace_own_vm(c), n - 1);
		assert_int_equal(trace_vm_pages(c, 0), trace_vm_pages(one, 0));
		assert_int_equal(trace_choose_recording(c, 2, &e), ERR_USAGE);
		trace_close(one);
		trace_close(c);
	}
}

static void memslots_stay_with_their_vm(void **state)
{
	(void)state;
	struct merge_result r;
	make(&plan_a);
	make(&plan_b);
	MERGE("c", &r, "a", "b");
	MERGE("again", &r, "c", "b");
	struct trace *c = open_trace("again");
	assert_int_equal(number(c, "SELECT count(*) FROM memslot"), 2);
	assert_int_equal(number(c, "SELECT hva_pfn FROM memslot JOIN vm USING (vm_id)"
				   " WHERE name = 'a' AND npages = mem_pages"),
			 plan_a.first);
	assert_int_equal(number(c, "SELECT hva_pfn FROM memslot JOIN vm USING (vm_id)"
				   " WHERE name = 'b' AND npages = mem_pages"),
			 plan_b.first);
	assert_int_equal(number(c, "SELECT count(*) FROM memslot WHERE hpa_pfn IS NULL"), 2);
	trace_close(c);
}

static void devices_of_one_host_are_one(void **state)
{
	(void)state;
	const struct plan x = { "x", "0000:00:06.0", "boot-1", 100, 5, false };
	const struct plan y = { "y", "0000:00:06.0", "boot-1", 900, 6, false };
	const struct plan z = { "z", "0000:00:06.0", "boot-2", 900, 7, false };
	struct merge_result r;
	make(&x);
	make(&y);
	make(&z);
	MERGE("c", &r, "x", "y", "z");
	struct trace *c = open_trace("c");
	assert_int_equal(number(c, "SELECT count(*) FROM host"), 2);
	assert_int_equal(number(c, "SELECT count(*) FROM device"), 4);
	assert_int_equal(count_rows(c, 1, 1, DMA_COL_dev, 1), 6);
	assert_int_equal(count_rows(c, 2, 3, DMA_COL_dev, 3), 7);
	trace_close(c);
}

/* Everything in a file but its name, as one text */
static char *dump(const char *name)
{
	static const char *const tables[] = { "meta",
					      "host",
					      "vm",
					      "device",
					      "session",
					      "source",
					      "stream",
					      "chunk",
					      "loss",
					      "account",
					      "clock",
					      "distribution",
					      "distribution_point",
					      "renumber" };
	struct trace *t = open_trace(name);
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char sql[80];
		sqlite3_stmt *st;
		struct err e;
		snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2, 3", tables[i]);
		if (!strcmp(tables[i], "meta"))
			snprintf(sql, sizeof(sql), "SELECT * FROM meta ORDER BY 1");
		assert_int_equal(db_prepare(trace_sqlite(t, 0), "t", sql, &st, &e), 0);
		while (sqlite3_step(st) == SQLITE_ROW) {
			fputs(tables[i], f);
			for (int c = 0; c < sqlite3_column_count(st); c++) {
				fputc('|', f);
				if (sqlite3_column_bytes(st, c))
					fwrite(sqlite3_column_blob(st, c), 1,
					       (size_t)sqlite3_column_bytes(st, c), f);
			}
			fputc('\n', f);
		}
		sqlite3_finalize(st);
	}
	fclose(f);
	trace_close(t);
	return text;
}

static void merging_again_adds_nothing(void **state)
{
	(void)state;
	struct merge_result r;
	make(&plan_a);
	make(&plan_b);
	MERGE("ab", &r, "a", "b");
	MERGE("abb", &r, "ab", "b", "a", "ab");
	assert_int_equal(r.recordings, 2);
	assert_int_equal(r.repeated, 4);
	MERGE("aab", &r, "a", "a", "b");
	assert_int_equal(r.repeated, 1);
	char *ab = dump("ab"), *abb = dump("abb"), *aab = dump("aab");
	assert_string_equal(abb, ab);
	assert_string_equal(aab, ab);
	free(ab);
	free(abb);
	free(aab);

	make(&plan_a); /* the same rows in a recording of another name: imported twice */
	MERGE("abc", &r, "ab", "a");
	assert_int_equal(r.repeated, 1);

	struct err e;
	const char *const names[] = { "b", "ab", NULL };
	assert_int_equal(merge_into("no", names, &r, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "name it before the traces that repeat them"));
	assert_int_not_equal(access(file("no"), F_OK), 0);
}

static void a_merge_of_merges_keeps_numbers_apart(void **state)
{
	(void)state;
	const struct plan d = { "d", "0000:00:06.0", NULL, 5, 9, false };
	struct merge_result r;
	make(&plan_a);
	make(&plan_b);
	make(&d);
	MERGE("ab", &r, "a", "b");
	MERGE("dab", &r, "d", "ab");
	struct trace *t = open_trace("dab");
	assert_int_equal(r.recordings, 3);
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t rows[] = { 9, 50, 70 };
		const int dev = 2 * (int)i + 1;
		assert_int_equal(count_rows(t, i, dev, DMA_COL_dev, (uint64_t)dev), rows[i]);
		assert_int_equal(count_rows(t, 3 + i, -1, FAULT_COL_vm, i), rows[i]);
	}
	assert_int_equal(number(t, "SELECT v = 'a' FROM meta WHERE k = 'origin@2'"), 1);
	assert_int_equal(number(t, "SELECT v = 'b' FROM meta WHERE k = 'origin@3'"), 1);
	trace_close(t);
	check_verified("dab");
}

static void a_trace_that_is_being_written_is_refused(void **state)
{
	(void)state;
	const struct plan open_one = { "open", "x", NULL, 100, 40, true };
	const char *const names[] = { "open", NULL };
	struct merge_result r;
	struct err e = {};

	struct trace_writer *w = write_trace(&open_one, &e);
	assert_int_equal(merge_into("no", names, &r, &e), ERR_UNUSABLE);
	assert_non_null(strstr(e.msg, "another process is writing it"));
	assert_int_equal(trace_writer_close(w, &e), 0);

	MERGE("left", &r, "open"); /* its writer is gone: what it committed is there */
	assert_int_equal(r.unfinished, 1);
	struct trace *t = open_trace("left");
	assert_int_equal(trace_stream_info(t, 0)->rows, 40);
	assert_int_equal(number(t, "SELECT count(*) FROM session WHERE state = 'recovered'"), 1);
	assert_int_equal(number(t, "SELECT count(*) FROM loss WHERE cause = 'kill'"), 1);
	trace_close(t);
	check_verified("left");
}

static void a_damaged_chunk_is_copied_and_told(void **state)
{
	(void)state;
	struct merge_result r;
	sqlite3 *db;
	make(&plan_a);
	assert_int_equal(sqlite3_open(file("a"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "UPDATE chunk SET blob = CAST(substr(blob, 1, 100) || x'00ff' ||"
			     " substr(blob, 103) AS BLOB) WHERE chunk_id = 3",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	MERGE("c", &r, "a");
	assert_int_equal(r.damaged_chunks, 1);
	assert_non_null(strstr(r.first_damage.msg, "it is copied as it is"));
	struct trace *t = open_trace("c");
	uint64_t findings;
	struct err e;
	assert_int_equal(trace_verify(t, NULL, NULL, &findings, &e), 0);
	assert_int_equal(findings, 1);
	trace_close(t);
}

static int begin(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%s/merge-test-XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	char command[400];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_rows_and_counts_are_those_of_the_inputs),
		cmocka_unit_test(numbers_in_rows_are_those_of_the_tables),
		cmocka_unit_test(a_recording_of_a_merge_is_the_trace_it_was),
		cmocka_unit_test(memslots_stay_with_their_vm),
		cmocka_unit_test(devices_of_one_host_are_one),
		cmocka_unit_test(merging_again_adds_nothing),
		cmocka_unit_test(a_merge_of_merges_keeps_numbers_apart),
		cmocka_unit_test(a_trace_that_is_being_written_is_refused),
		cmocka_unit_test(a_damaged_chunk_is_copied_and_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}
