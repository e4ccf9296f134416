// SPDX-License-Identifier: MIT
/* The shape of small streams made by hand, every figure counted on paper. */
#include "base/units.h"
#include "store/characterise.h"
#include "store/trace-writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define must(call)                                        \
	do {                                              \
		if (call)                                 \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

struct row {
	uint64_t ts;
	unsigned dev; /* 0: a NIC, 1 and 2: disks */
	uint64_t pfn;
	uint32_t npages;
	enum dma_op op;
};

static void characterise(const struct row *rows, size_t n, struct characteristics *out)
{
	static const struct trace_device devices[] = { { .bdf = "a", .class = "nic" },
						       { .bdf = "b", .class = "nvme" },
						       { .bdf = "c", .class = "nvme" } };
	char path[200];
	struct err e = {};
	struct trace_writer_options options = {};
	struct trace_writer *w;
	struct trace_stream *s;
	struct trace *t;

	const char *tmp = getenv("TMPDIR");
	snprintf(path, sizeof(path), "%.150s/characterise-test-%d.db",
		 tmp && *tmp ? tmp : "/var/tmp", (int)getpid());
	must(trace_writer_open(path, &options, &w, &e));
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		uint16_t number;
		must(trace_writer_device(w, &devices[i], &number, &e));
	}
	must(trace_writer_stream(w, KIND_DMA, &s, &e));
	for (size_t i = 0; i < n; i++) {
		const struct dma_event row = { .ts = rows[i].ts,
					       .dev = (uint16_t)rows[i].dev,
					       .op = (uint8_t)rows[i].op,
					       .pfn = rows[i].pfn,
					       .npages = rows[i].npages };
		must(dma_put(s, &row, &e));
	}
	must(trace_writer_seal(w, &e));
	must(trace_open(path, &t, &e));
	must(characterise_stream(t, 0, out, &e));
	trace_close(t);
	unlink(path);
}

static void visits_count_pages_by_class(void **state)
{
	static const struct row rows[] = {
		{ 0, 0, 10, 2, DMA_ACCESS }, { 1, 0, 10, 1, DMA_ACCESS },
		{ 2, 0, 10, 1, DMA_MAP },    { 3, 0, 10, 1, DMA_UNMAP },
		{ 4, 1, 10, 4, DMA_ACCESS }, { 5, 9, 10, 1, DMA_ACCESS },
	};
	struct characteristics c[CLASS_COUNT];
	(void)state;

	characterise(rows, sizeof(rows) / sizeof(*rows), c);
	assert_int_equal(c[CLASS_NIC].touches, 4); /* an unmap is none */
	assert_int_equal(c[CLASS_NIC].unique_pages, 2);
	assert_int_equal(c[CLASS_NIC].often_pages, 1);
	assert_int_equal(c[CLASS_NVME].touches, 4);
	assert_int_equal(c[CLASS_NVME].often_pages, 0);
	assert_int_equal(c[CLASS_OTHER].unique_pages, 1); /* a device that nobody declared */
	assert_int_equal(c[CLASS_BLOCK].touches, 0);
}

static void growth_is_what_comes_in_the_last_third(void **state)
{
	/* 0 .. 90 s: the last third begins at 60 s; a page seen before is not new */
	static const struct row rows[] = {
		{ 0, 0, 1, 3, DMA_ACCESS },
		{ 59 * NS_PER_SEC, 0, 9, 1, DMA_ACCESS },
		{ 60 * NS_PER_SEC, 0, 1, 4, DMA_ACCESS },
		{ 90 * NS_PER_SEC, 0, 2, 1, DMA_ACCESS },
	};
	struct characteristics c[CLASS_COUNT];
	(void)state;

	characterise(rows, sizeof(rows) / sizeof(*rows), c);
	assert_int_equal(c[CLASS_NIC].unique_pages, 5);
	assert_int_equal(c[CLASS_NIC].late_pages, 1);
	assert_int_equal(c[CLASS_NIC].windows, 0);
}

static void windows_count_afresh(void **state)
{
	/* two whole windows and a minute; times from the first row on */
	const uint64_t start = 7 * NS_PER_SEC, minute = 60 * NS_PER_SEC;
	const struct row rows[] = {
		{ start, 0, 1, 1, DMA_ACCESS },
		{ start + 20 * minute, 0, 1, 2, DMA_ACCESS },  /* 2 is late */
		{ start + 31 * minute, 0, 1, 2, DMA_ACCESS },  /* neither is */
		{ start + 59 * minute, 0, 5, 1, DMA_ACCESS },  /* late */
		{ start + 61 * minute, 0, 50, 9, DMA_ACCESS }, /* in no whole window */
	};
	struct characteristics c[CLASS_COUNT];
	(void)state;

	characterise(rows, sizeof(rows) / sizeof(*rows), c);
	assert_int_equal(c[CLASS_NIC].windows, 2);
	assert_int_equal(c[CLASS_NIC].window_pages, 2 + 3);
	assert_int_equal(c[CLASS_NIC].window_late_pages, 1 + 1);
}

static void bursts_have_a_peak_and_a_dispersion(void **state)
{
	/* touches a second: 6, 0, 0, 2: mean 2, variance (16 + 4 + 4 + 0) / 4 = 6 */
	static const struct row rows[] = {
		{ 0, 0, 1, 2, DMA_ACCESS },
		{ 999999999, 0, 1, 4, DMA_ACCESS },
		{ 3 * NS_PER_SEC, 0, 1, 2, DMA_ACCESS },
	};
	struct characteristics c[CLASS_COUNT];
	(void)state;

	characterise(rows, sizeof(rows) / sizeof(*rows), c);
	assert_int_equal(c[CLASS_NIC].seconds, 4);
	assert_int_equal(c[CLASS_NIC].peak_1s, 6);
	assert_int_equal(c[CLASS_NIC].dispersion_ppm, 3000000);
}

static void a_run_goes_on_within_its_device(void **state)
{
	static const struct row rows[] = {
		{ 0, 1, 10, 4, DMA_ACCESS },  { 1, 2, 100, 1, DMA_ACCESS },
		{ 2, 1, 14, 2, DMA_ACCESS },  { 3, 1, 10, 1, DMA_ACCESS },
		{ 4, 2, 101, 1, DMA_ACCESS },
	};
	struct characteristics c[CLASS_COUNT];
	(void)state;

	characterise(rows, sizeof(rows) / sizeof(*rows), c);
	assert_int_equal(c[CLASS_NVME].runs, 3);
	assert_int_equal(c[CLASS_NVME].longest_run_pages, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visits_count_pages_by_class),
		cmocka_unit_test(growth_is_what_comes_in_the_last_third),
		cmocka_unit_test(windows_count_afresh),
		cmocka_unit_test(bursts_have_a_peak_and_a_dispersion),
		cmocka_unit_test(a_run_goes_on_within_its_device),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
