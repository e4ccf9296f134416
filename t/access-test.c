// SPDX-License-Identifier: MIT
/* What rows of a trace mean as page accesses: each model, merging, and what is left out. */
#include "replay/access.h"

#include "base/rng.h"
#include "store/trace-writer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static char dir[200], path[240];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");
	(void)state;
	snprintf(dir, sizeof(dir), "%.150s/access-test-XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/t.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct trace *write_trace(const struct dma_event *dma, size_t ndma,
				 const struct cpu_event *cpu, size_t ncpu)
{
	const struct trace_writer_options options = { .chunk_rows = 64 };
	struct trace_writer *w;
	struct trace_stream *s;
	struct trace *t;
	struct err e;
	unlink(path);
	assert_int_equal(trace_writer_open(path, &options, &w, &e), 0);
	if (ndma)
		assert_int_equal(trace_writer_stream(w, KIND_DMA, &s, &e), 0);
	for (size_t i = 0; i < ndma; i++)
		assert_int_equal(dma_put(s, &dma[i], &e), 0);
	if (ncpu)
		assert_int_equal(trace_writer_stream(w, KIND_CPU, &s, &e), 0);
	for (size_t i = 0; i < ncpu; i++)
		assert_int_equal(cpu_put(s, &cpu[i], &e), 0);
	assert_int_equal(trace_writer_seal(w, &e), 0);
	assert_int_equal(trace_open(path, &t, &e), 0);
	return t;
}

static struct access *open_model(struct trace *t, enum access_model model)
{
	const struct access_config c = { .model = model, .dma_stream = -1, .cpu_stream = -1 };
	struct access *a;
	struct err e;
	assert_int_equal(access_open(t, &c, &a, &e), 0);
	return a;
}

static struct dma_event row(uint64_t ts, uint16_t dev, enum dma_op op, enum dma_dir d, uint64_t pfn)
{
	return (struct dma_event){ .ts = ts,
				   .dev = dev,
				   .op = (uint8_t)op,
				   .dir = (uint8_t)d,
				   .as = AS_GPA,
				   .pfn = pfn,
				   .npages = 1,
				   .req = UINT64_MAX };
}

/* t touch, w written, o open, c close, l live, f no more live, . nothing */
static void spell(unsigned what, char *out)
{
	static const char letters[] = "twoclf";
	for (unsigned i = 0; i < 6; i++)
		if (what >> i & 1)
			*out++ = letters[i];
	if (!what)
		*out++ = '.';
	*out = 0;
}

static void each_model_gives_map_and_unmap_its_meaning(void **state)
{
	static const struct {
		enum dma_op op;
		enum dma_dir dir;
		const char *near, *start, *end, *sweep;
	} rows[] = {
		{ DMA_MAP, DIR_TO_DEVICE, "t", "t", ".", "t" },
		{ DMA_UNMAP, DIR_TO_DEVICE, ".", ".", "t", "t" },
		{ DMA_MAP, DIR_FROM_DEVICE, "o", "tw", "o", "two" },
		{ DMA_UNMAP, DIR_FROM_DEVICE, "twc", ".", "twc", "twc" },
		{ DMA_MAP, DIR_BOTH, "to", "tw", "o", "two" },
		{ DMA_UNMAP, DIR_BOTH, "twc", ".", "twc", "twc" },
		{ DMA_MAP, DIR_UNKNOWN, "to", "tw", "o", "two" },
		{ DMA_UNMAP, DIR_UNKNOWN, "twc", ".", "twc", "twc" },
		{ DMA_ALLOC, DIR_BOTH, "twl", "twl", "twl", "twl" },
		{ DMA_FREE, DIR_BOTH, "f", "f", "f", "f" },
		{ DMA_ACCESS, DIR_TO_DEVICE, "t", "t", "t", "t" },
		{ DMA_ACCESS, DIR_FROM_DEVICE, "tw", "tw", "tw", "tw" },
		{ DMA_DIRTY, DIR_UNKNOWN, "tw", "tw", "tw", "tw" },
	};
	enum { N = sizeof(rows) / sizeof(*rows) };
	struct dma_event events[N];
	(void)state;
	for (unsigned i = 0; i < N; i++)
		events[i] = row(i, 7, rows[i].op, rows[i].dir, 100 + i);
	struct trace *t = write_trace(events, N, NULL, 0);
	for (int m = 0; m < ACCESS_MODELS; m++) {
		struct access *a = open_model(t, (enum access_model)m);
		struct access_batch b;
		struct err e;
		assert_int_equal(access_next(a, &b, &e), 1);
		assert_int_equal(b.n, N);
		for (unsigned i = 0; i < N; i++) {
			const char *const want[] = { rows[i].near, rows[i].start, rows[i].end,
						     rows[i].sweep };
			char got[8];
			spell(b.what[i], got);
			assert_string_equal(got, want[m]);
			assert_true(b.ts_ns[i] == i && b.first[i] == 100 + i && b.dev[i] == 7);
		}
		assert_null(b.count);
		assert_int_equal(access_next(a, &b, &e), 0);
		access_close(a);
	}
	trace_close(t);
}

static void what_a_device_never_unmaps_is_live_from_its_map_on(void **state)
{
	/* device 1 maps receive buffers once; what it unmaps are its transmissions */
	const struct dma_event rows[] = {
		row(0, 1, DMA_MAP, DIR_FROM_DEVICE, 10),   row(1, 1, DMA_MAP, DIR_TO_DEVICE, 11),
		row(2, 1, DMA_UNMAP, DIR_TO_DEVICE, 11),   row(3, 2, DMA_MAP, DIR_FROM_DEVICE, 12),
		row(4, 2, DMA_UNMAP, DIR_FROM_DEVICE, 12),
	};
	static const char *const want[ACCESS_MODELS][5] = { { "twl", "t", ".", "o", "twc" },
							    { "tw", "t", ".", "tw", "." },
							    { "twl", "t", "t", "o", "twc" },
							    { "twl", "t", "t", "two", "twc" } };
	(void)state;
	struct trace *t = write_trace(rows, 5, NULL, 0);
	for (int m = 0; m < ACCESS_MODELS; m++) {
		struct access *a = open_model(t, (enum access_model)m);
		struct access_batch b;
		struct err e;
		assert_int_equal(access_info(a)->devices, 2);
		assert_int_equal(access_info(a)->devices_no_unmap, 1);
		assert_int_equal(access_next(a, &b, &e), 1);
		for (int i = 0; i < 5; i++) {
			char got[8];
			spell(b.what[i], got);
			assert_string_equal(got, want[m][i]);
		}
		access_close(a);
	}
	trace_close(t);
}

static void rows_without_a_page_of_this_memory_are_left_out_and_counted(void **state)
{
	struct dma_event rows[7];
	for (unsigned i = 0; i < 7; i++)
		rows[i] = row(i, 0, DMA_ACCESS, DIR_TO_DEVICE, i);
	(void)state;
	rows[1].as = AS_IOVA;
	rows[2].pfn = UINT64_MAX;
	rows[3].pfn = UINT64_MAX - 2; /* its last page would be beyond the last number */
	rows[3].npages = 4;
	rows[4].as = AS_PA; /* of a guest: the same space */
	rows[5].npages = ACCESS_ROW_PAGES_MAX + 1;
	const struct cpu_event cpu[] = {
		{ .ts = 9, .as = AS_GPA, .pfn = 1, .npages = 1, .count = 1, .write = 1 },
		{ .ts = 9, .as = AS_GVA, .pfn = 2, .npages = 1, .count = 1, .write = 0 },
	};
	struct trace *t = write_trace(rows, 7, cpu, 2);
	struct access *a = open_model(t, ACCESS_NEAR);
	struct access_batch b;
	struct err e;
	static const uint8_t want[] = { 1, 0, 0, 0,
					1, 0, 1, ACCESS_TOUCH | ACCESS_WRITE | ACCESS_BY_CPU,
					0 };
	assert_int_equal(access_next(a, &b, &e), 1);
	assert_int_equal(b.n, 9);
	assert_memory_equal(b.what, want, 9);
	assert_int_equal(access_info(a)->space, AS_GPA);
	assert_int_equal(access_info(a)->directions, 1U << DIR_TO_DEVICE);
	assert_int_equal(access_info(a)->dma_outside, 1);
	assert_int_equal(access_info(a)->dma_unknown, 3);
	assert_int_equal(access_info(a)->cpu_outside, 1);
	access_close(a);
	trace_close(t);
}

enum { MANY = 40000 };

static void draw_times(struct rng *r, uint64_t *ts, size_t n)
{
	uint64_t now = 0;
	for (size_t i = 0; i < n; i++)
		ts[i] = now += rng_below(r, 20) ? 0 : rng_below(r, 30);
}

/* dma rows carry even page numbers, cpu rows odd ones, both counting up */
static void expect_merged(struct access *a, const uint64_t *dma, size_t ndma, const uint64_t *cpu,
			  size_t ncpu)
{
	size_t d = 0, c = 0;
	struct access_batch b;
	struct err e;
	int rc;
	while ((rc = access_next(a, &b, &e)) > 0)
		for (size_t i = 0; i < b.n; i++) {
			const bool is_dma = d < ndma && (c == ncpu || dma[d] <= cpu[c]);
			assert_int_equal(b.ts_ns[i], is_dma ? dma[d] : cpu[c]);
			assert_int_equal(b.first[i], is_dma ? 2 * d : 2 * c + 1);
			assert_int_equal(b.npages[i], is_dma ? 1 : 3);
			assert_int_equal(b.what[i] & ACCESS_BY_CPU, is_dma ? 0 : ACCESS_BY_CPU);
			assert_int_equal(b.dev[i], is_dma ? 5 : 2);
			assert_int_equal(b.count[i], is_dma ? 1 : c % 7);
			assert_true(b.period_ns[i] == (is_dma ? UINT64_MAX : 1000));
			d += is_dma;
			c += !is_dma;
		}
	assert_int_equal(rc, 0);
	assert_true(d == ndma && c == ncpu);
}

static void cpu_rows_are_merged_by_time_behind_dma_rows_of_the_same_time(void **state)
{
	struct dma_event *dma = calloc(MANY, sizeof(*dma));
	struct cpu_event *cpu = calloc(MANY, sizeof(*cpu));
	uint64_t *dma_ts = calloc(MANY, sizeof(*dma_ts)), *cpu_ts = calloc(MANY, sizeof(*cpu_ts));
	const size_t sizes[][2] = { { MANY, MANY }, { MANY, 1 }, { 1, MANY }, { 70, 64 } };
	struct rng r;
	(void)state;
	rng_init(&r, 3, "access-test");
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		draw_times(&r, dma_ts, sizes[k][0]);
		draw_times(&r, cpu_ts, sizes[k][1]);
		for (size_t i = 0; i < sizes[k][0]; i++)
			dma[i] = row(dma_ts[i], 5, DMA_ACCESS, DIR_TO_DEVICE, 2 * i);
		for (size_t i = 0; i < sizes[k][1]; i++)
			cpu[i] = (struct cpu_event){ .ts = cpu_ts[i],
						     .vm = 2,
						     .as = AS_PA,
						     .pfn = 2 * i + 1,
						     .npages = 3,
						     .count = (uint32_t)(i % 7),
						     .period = 1000,
						     .write = 0 };
		struct trace *t = write_trace(dma, sizes[k][0], cpu, sizes[k][1]);
		for (int threaded = 0; threaded < 2; threaded++) {
			const struct access_config c = { .dma_stream = -1,
							 .cpu_stream = -1,
							 .threaded = threaded };
			struct access *a;
			struct err e;
			assert_int_equal(access_open(t, &c, &a, &e), 0);
			expect_merged(a, dma_ts, sizes[k][0], cpu_ts, sizes[k][1]);
			access_rewind(a);
			expect_merged(a, dma_ts, sizes[k][0], cpu_ts, sizes[k][1]);
			access_close(a);
		}
		trace_close(t);
	}
	free(dma);
	free(cpu);
	free(dma_ts);
	free(cpu_ts);
}

static void a_late_device_is_known_before_its_first_row(void **state)
{
	/* all of device 0 unmaps early; device 1 comes thousands of rows later and never does */
	enum { N = 5000 };
	struct dma_event *rows = calloc(N, sizeof(*rows));
	(void)state;
	for (unsigned i = 0; i < N - 1; i++)
		rows[i] = row(i, 0, i % 2 ? DMA_UNMAP : DMA_MAP, DIR_FROM_DEVICE, i / 2);
	rows[N - 1] = row(N, 1, DMA_MAP, DIR_FROM_DEVICE, 1);
	struct trace *t = write_trace(rows, N, NULL, 0);
	struct access *a = open_model(t, ACCESS_NEAR);
	struct access_batch b;
	struct err e;
	unsigned last = 0;
	assert_int_equal(access_info(a)->devices_no_unmap, 1);
	while (access_next(a, &b, &e) > 0)
		last = b.what[b.n - 1];
	assert_int_equal(last, ACCESS_TOUCH | ACCESS_WRITE | ACCESS_LIVE_BEGIN);
	access_close(a);
	trace_close(t);
	free(rows);
}

static void change_file(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void the_share_of_recorded_pages_is_that_of_the_sources_of_the_rows(void **state)
{
	struct dma_event rows[] = { row(0, 0, DMA_ACCESS, DIR_TO_DEVICE, 1),
				    row(1, 0, DMA_ACCESS, DIR_TO_DEVICE, 2) };
	struct cpu_event cpu = { .ts = 3, .as = AS_GPA, .pfn = 1, .npages = 1, .source = 103 };
	(void)state;
	rows[0].source = 101;
	rows[1].source = 102;
	trace_close(write_trace(rows, 2, &cpu, 1));
	change_file(
		"INSERT INTO source(source_id, sess_id, name, sample_ppm) SELECT 100 + n, sess_id,"
		" 's' || n, ppm FROM session, (SELECT 1 n, 50000 ppm UNION SELECT 2, 50000"
		" UNION SELECT 3, NULL UNION SELECT 4, 10)");
	for (int mixed = 0; mixed < 2; mixed++) {
		struct trace *t;
		struct err e;
		assert_int_equal(trace_open(path, &t, &e), 0);
		struct access *a = open_model(t, ACCESS_NEAR);
		assert_int_equal(access_info(a)->dma_sample_ppm, mixed ? 20000 : 50000);
		assert_int_equal(access_info(a)->cpu_sample_ppm, 1000000);
		assert_int_equal(access_info(a)->is_sample_mixed, mixed);
		access_close(a);
		trace_close(t);
		change_file("UPDATE source SET sample_ppm = 20000 WHERE source_id = 102");
	}
}

static void host_addresses_are_joined_by_memslots(void **state)
{
	const struct dma_event dma = row(0, 0, DMA_ACCESS, DIR_TO_DEVICE, 100);
	/* slots: hva 1000-1009 is gpa 100 on, 1010-1019 gpa 500 on from 50 ns, before that 300 on
	 */
	const struct cpu_event cpu[] = {
		{ .ts = 10, .vm = 1, .as = AS_HVA, .pfn = 1003, .npages = 5, .count = 7 },
		{ .ts = 20, .vm = 1, .as = AS_HVA, .pfn = 1008, .npages = 4, .period = 9 },
		{ .ts = 30, .vm = 1, .as = AS_HVA, .pfn = 998, .npages = 4, .write = 1 },
		{ .ts = 40, .vm = 1, .as = AS_HVA, .pfn = 5000, .npages = 1 },
		{ .ts = 45, .vm = 2, .as = AS_HVA, .pfn = 1003, .npages = 1 },
		{ .ts = 60, .vm = 1, .as = AS_HVA, .pfn = 1012, .npages = 1 },
		{ .ts = 61, .vm = 1, .as = AS_HPA, .pfn = 7002, .npages = 1 },
		{ .ts = 62, .vm = 1, .as = AS_GPA, .pfn = 9, .npages = 1 },
		{ .ts = 63, .vm = 1, .as = AS_GVA, .pfn = 1003, .npages = 1 },
		{ .ts = 64, .vm = 1, .as = AS_HVA, .pfn = 1, .npages = 1 },
	};
	static const struct {
		uint64_t ts, first;
		uint32_t npages;
	} want[] = { { 0, 100, 1 },  { 10, 103, 5 }, { 20, 108, 2 }, { 20, 300, 2 },
		     { 30, 100, 2 }, { 60, 502, 1 }, { 61, 202, 1 }, { 62, 9, 1 } };
	(void)state;
	trace_close(write_trace(&dma, 1, cpu, 10));
	change_file("INSERT INTO vm(vm_id, name) VALUES (1, 'a'), (2, 'b');"
		    "INSERT INTO memslot(vm_id, slot, from_ns, to_ns, gpa_pfn, hva_pfn, hpa_pfn,"
		    " npages) VALUES (1, 0, 0, NULL, 100, 1000, NULL, 10),"
		    " (1, 1, 0, 50, 300, 1010, NULL, 10), (1, 1, 50, NULL, 500, 1010, NULL, 10),"
		    " (1, 2, 0, NULL, 200, NULL, 7000, 5), (1, 3, 0, NULL, 800, 1005, NULL, 1)");
	struct trace *t;
	struct err e;
	assert_int_equal(trace_open(path, &t, &e), 0);
	struct access *a = open_model(t, ACCESS_NEAR);
	for (unsigned round = 0; round < 2; round++) {
		struct access_batch b;
		size_t n = 0;
		while (access_next(a, &b, &e) > 0)
			for (size_t i = 0; i < b.n; i++, n++) {
				assert_true(n < sizeof(want) / sizeof(*want));
				assert_int_equal(b.ts_ns[i], want[n].ts);
				assert_int_equal(b.first[i], want[n].first);
				assert_int_equal(b.npages[i], want[n].npages);
				assert_true(b.what[i] & ACCESS_TOUCH);
				if (b.ts_ns[i] == 10)
					assert_int_equal(b.count[i], 7);
				if (b.ts_ns[i] == 20)
					assert_int_equal(b.period_ns[i], 9);
				assert_int_equal(b.what[i] & ACCESS_WRITE,
						 b.ts_ns[i] == 30 ? ACCESS_WRITE : 0);
			}
		assert_int_equal(n, sizeof(want) / sizeof(*want));
		/* 30 lies partly outside; 40 and 64 wholly, 45 is of a VM without slots, 63 a GVA
		 */
		assert_int_equal(access_info(a)->cpu_outside, 5);
		assert_int_equal(access_info(a)->cpu_joined, 4);
		access_rewind(a);
	}
	access_close(a);
	trace_close(t);
}

static void cpu_rows_that_tell_no_guest_page_are_refused(void **state)
{
	const struct access_config with = { .dma_stream = -1, .cpu_stream = -1 };
	const struct access_config without = { .dma_stream = -1,
					       .cpu_stream = -1,
					       .without_cpu = true };
	const uint8_t spaces[] = { AS_HVA, AS_GVA, AS_HPA, AS_IOVA };
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const struct dma_event dma = row(0, 0, DMA_ACCESS, DIR_TO_DEVICE, 100);
		const struct cpu_event cpu = { .ts = 1, .as = spaces[i], .pfn = 1, .npages = 1 };
		struct trace *t = write_trace(&dma, 1, &cpu, 1);
		struct access *a;
		struct err e;
		assert_int_equal(access_open(t, &with, &a, &e), ERR_UNUSABLE);
		assert_non_null(strstr(e.msg, "no memslots that join them"));
		assert_int_equal(access_open(t, &without, &a, &e), 0);
		access_close(a);
		trace_close(t);
	}
}

static void a_trace_without_dma_rows_is_refused(void **state)
{
	struct dma_event lba = row(0, 0, DMA_ACCESS, DIR_TO_DEVICE, 1);
	const struct cpu_event cpu = { .ts = 3, .as = AS_GPA, .pfn = 1, .npages = 1 };
	const struct access_config c = { .dma_stream = -1, .cpu_stream = -1 };
	struct access *a;
	struct err e;
	(void)state;
	struct trace *t = write_trace(NULL, 0, &cpu, 1);
	assert_int_equal(access_open(t, &c, &a, &e), ERR_UNUSABLE);
	assert_null(a);
	trace_close(t);

	lba.as = AS_LBA;
	t = write_trace(&lba, 1, NULL, 0);
	assert_int_equal(access_open(t, &c, &a, &e), ERR_UNUSABLE);
	assert_non_null(strstr(e.msg, "an LBA is not a memory page"));
	trace_close(t);
}

static void a_model_has_the_number_of_its_name(void **state)
{
	_choices_ struct choices c = {};
	(void)state;
	access_models(&c);
	assert_int_equal(c.n, ACCESS_MODELS);
	assert_int_equal(choices_find(&c, "sweep"), ACCESS_SWEEP);
	assert_int_equal(choices_find(&c, "near"), ACCESS_NEAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_model_gives_map_and_unmap_its_meaning),
		cmocka_unit_test(what_a_device_never_unmaps_is_live_from_its_map_on),
		cmocka_unit_test(rows_without_a_page_of_this_memory_are_left_out_and_counted),
		cmocka_unit_test(cpu_rows_are_merged_by_time_behind_dma_rows_of_the_same_time),
		cmocka_unit_test(a_late_device_is_known_before_its_first_row),
		cmocka_unit_test(the_share_of_recorded_pages_is_that_of_the_sources_of_the_rows),
		cmocka_unit_test(host_addresses_are_joined_by_memslots),
		cmocka_unit_test(cpu_rows_that_tell_no_guest_page_are_refused),
		cmocka_unit_test(a_trace_without_dma_rows_is_refused),
		cmocka_unit_test(a_model_has_the_number_of_its_name),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
