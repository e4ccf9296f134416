// SPDX-License-Identifier: MIT
/* Records of page-cache inserts and reclaim's writes become the rows they are, or none. */
#include "collect/tracepoint-memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { RECORD_BYTES = 40 };

static struct evfield field(const struct evformat *f, const char *name)
{
	const struct evfield *found = evformat_find(f, name);
	assert_non_null(found);
	return *found;
}

/* As a kernel of 6.18 lays it out; before 6.1 without the order. */
static void parse(struct evformat *f)
{
	static const char text[] =
		"name: mm_filemap_add_to_page_cache\nID: 7\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
		"\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n"
		"\tfield:int reclaim_flags;\toffset:16;\tsize:4;\tsigned:1;\n"
		"\tfield:dev_t s_dev;\toffset:32;\tsize:4;\tsigned:0;\n"
		"\tfield:unsigned char order;\toffset:36;\tsize:1;\tsigned:0;\n"
		"\nprint fmt: \"\"\n";
	struct err e = {};
	assert_int_equal(evformat_parse(text, sizeof(text) - 1, f, &e), 0);
}

static void fill(uint8_t rec[RECORD_BYTES], uint64_t pfn, int32_t flags, uint32_t dev,
		 uint8_t order)
{
	memset(rec, 0, RECORD_BYTES);
	memcpy(rec + 8, &pfn, sizeof(pfn));
	memcpy(rec + 16, &flags, sizeof(flags));
	memcpy(rec + 32, &dev, sizeof(dev));
	rec[36] = order;
}

static void a_page_cache_insert_is_an_access_of_unknown_direction(void **state)
{
	struct evformat f;
	struct dma_event row = {};
	uint8_t rec[RECORD_BYTES];
	uint32_t dev;
	(void)state;
	parse(&f);
	const struct evfield pfn = field(&f, "pfn"), s_dev = field(&f, "s_dev");
	const struct evfield order = field(&f, "order");
	fill(rec, 0x12345, 0, 259 << 20 | 1, 4);
	assert_true(memory_page_cache(&pfn, &s_dev, &order, rec, sizeof(rec), &row, &dev));
	assert_int_equal(row.op, DMA_ACCESS);
	assert_int_equal(row.dir, DIR_UNKNOWN);
	assert_int_equal(row.pfn, 0x12345);
	assert_int_equal(row.npages, 16);
	assert_int_equal(row.bytes, 65536);
	assert_int_equal(row.req, UINT64_MAX);
	assert_int_equal(dev, 259 << 20 | 1);

	assert_true(memory_page_cache(&pfn, &s_dev, NULL, rec, sizeof(rec), &row, &dev));
	assert_int_equal(row.npages, 1); /* the order is not told */
}

static void inserts_that_cannot_be_are_refused(void **state)
{
	struct evformat f;
	struct dma_event row = {};
	uint8_t rec[RECORD_BYTES];
	uint32_t dev;
	(void)state;
	parse(&f);
	const struct evfield pfn = field(&f, "pfn"), s_dev = field(&f, "s_dev");
	const struct evfield order = field(&f, "order");
	fill(rec, 1, 0, 0, 19);
	assert_false(memory_page_cache(&pfn, &s_dev, &order, rec, sizeof(rec), &row, &dev));
	fill(rec, UINT64_C(1) << 52, 0, 0, 0);
	assert_false(memory_page_cache(&pfn, &s_dev, &order, rec, sizeof(rec), &row, &dev));
	fill(rec, 1, 0, 0, 0);
	for (size_t n = 0; n < 37; n++)
		assert_false(memory_page_cache(&pfn, &s_dev, &order, rec, n, &row, &dev));
}

static void only_anonymous_pages_go_to_swap(void **state)
{
	struct evformat f;
	struct swap_event row = {};
	uint8_t rec[RECORD_BYTES];
	bool is_swap;
	(void)state;
	parse(&f);
	const struct evfield pfn = field(&f, "pfn"), flags = field(&f, "reclaim_flags");
	fill(rec, 77, 0x9, 0, 0); /* ANON | ASYNC */
	assert_true(memory_reclaim_write(&pfn, &flags, rec, sizeof(rec), &row, &is_swap));
	assert_true(is_swap);
	assert_int_equal(row.op, SWAP_OUT);
	assert_int_equal(row.pfn, 77);
	assert_int_equal(row.npages, 1);
	assert_int_equal(row.slot, UINT64_MAX);
	assert_int_equal(row.lat, UINT64_MAX);
	fill(rec, 77, 0xa, 0, 0); /* FILE | ASYNC */
	assert_true(memory_reclaim_write(&pfn, &flags, rec, sizeof(rec), &row, &is_swap));
	assert_false(is_swap);
	for (size_t n = 0; n < 20; n++)
		assert_false(memory_reclaim_write(&pfn, &flags, rec, n, &row, &is_swap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_cache_insert_is_an_access_of_unknown_direction),
		cmocka_unit_test(inserts_that_cannot_be_are_refused),
		cmocka_unit_test(only_anonymous_pages_go_to_swap),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
