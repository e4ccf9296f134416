// SPDX-License-Identifier: MIT
/* Counting instead of keeping: no access is lost or doubled, and what is handed out is in order. */
#include "collect/epoch.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGES = 40000, ROWS = 200000 };

struct out {
	struct dma_event last;
	uint64_t rows, accesses, bytes;
	uint32_t seen[PAGES]; /* of device 1, from-device */
};

static int take(void *ctx, const struct dma_event *row, struct err *e)
{
	struct out *o = ctx;
	(void)e;
	assert_int_equal(row->op, DMA_ACCESS);
	assert_int_equal(row->ts, 77);
	assert_true(!o->rows || o->last.dev <= row->dev);
	if (o->rows && o->last.dev == row->dev && o->last.dir == row->dir)
		assert_true(o->last.pfn + o->last.npages <= row->pfn);
	for (uint32_t i = 0; i < row->npages; i++)
		if (row->dev == 1 && row->dir == DIR_FROM_DEVICE)
			o->seen[row->pfn + i] += row->count;
	o->accesses += (uint64_t)row->npages * row->count;
	o->bytes += row->bytes;
	o->rows++;
	o->last = *row;
	return 0;
}

static void every_access_is_counted_once(void **state)
{
	struct err e = {};
	struct epoch *x;
	struct rng rng;
	static struct out out;
	static uint32_t want[PAGES];
	uint64_t accesses = 0, bytes = 0;
	(void)state;
	rng_init(&rng, 1, "epoch");
	assert_int_equal(epoch_new(&x, &e), 0);
	for (unsigned i = 0; i < ROWS; i++) {
		const struct dma_event row = { .ts = i,
					       .dev = (uint16_t)rng_below(&rng, 3),
					       .op = DMA_ACCESS,
					       .dir = rng_below(&rng, 2) ? DIR_TO_DEVICE
									 : DIR_FROM_DEVICE,
					       .pfn = rng_below(&rng, PAGES - 4),
					       .npages = 1 + (uint32_t)rng_below(&rng, 4),
					       .bytes = rng_below(&rng, 16384) };
		assert_int_equal(epoch_add(x, &row, &e), 0);
		accesses += row.npages;
		bytes += row.bytes;
		for (uint32_t k = 0; k < row.npages; k++)
			want[row.pfn + k] += row.dev == 1 && row.dir == DIR_FROM_DEVICE;
	}
	assert_int_equal(epoch_take(x, 77, take, &out, &e), 0);
	assert_int_equal(out.accesses, accesses);
	assert_int_equal(out.bytes, bytes);
	assert_memory_equal(out.seen, want, sizeof(want));
	const uint64_t rows = out.rows;
	assert_int_equal(epoch_take(x, 78, take, &out, &e), 0);
	assert_int_equal(out.rows, rows);
	epoch_free(x);
}

static void a_mapping_counts_where_its_data_moves(void **state)
{
	static const struct {
		enum dma_op op;
		enum dma_dir dir;
		unsigned accesses;
	} cases[] = {
		{ DMA_MAP, DIR_TO_DEVICE, 1 },   { DMA_UNMAP, DIR_TO_DEVICE, 0 },
		{ DMA_MAP, DIR_FROM_DEVICE, 0 }, { DMA_UNMAP, DIR_FROM_DEVICE, 1 },
		{ DMA_MAP, DIR_BOTH, 1 },        { DMA_UNMAP, DIR_BOTH, 1 },
		{ DMA_ACCESS, DIR_UNKNOWN, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err e = {};
		struct epoch *x;
		static struct out out;
		const struct dma_event row = {
			.op = (u8)cases[i].op, .dir = (u8)cases[i].dir, .pfn = 5, .npages = 1
		};
		memset(&out, 0, sizeof(out));
		assert_int_equal(epoch_new(&x, &e), 0);
		assert_true(epoch_wants(&row));
		assert_int_equal(epoch_add(x, &row, &e), 0);
		assert_int_equal(epoch_take(x, 77, take, &out, &e), 0);
		assert_int_equal(out.accesses, cases[i].accesses);
		epoch_free(x);
	}
	assert_false(epoch_wants(&(struct dma_event){ .op = DMA_ALLOC }));
	assert_false(epoch_wants(&(struct dma_event){ .op = DMA_DIRTY }));
}

static void neighbours_with_one_count_are_one_row(void **state)
{
	struct err e = {};
	struct epoch *x;
	static struct out out;
	(void)state;
	assert_int_equal(epoch_new(&x, &e), 0);
	for (uint64_t pfn = 164; pfn-- > 100;)
		epoch_add(x, &(struct dma_event){ .op = DMA_ACCESS, .pfn = pfn, .npages = 1 }, &e);
	epoch_add(x, &(struct dma_event){ .op = DMA_ACCESS, .pfn = 130, .npages = 1 }, &e);
	assert_int_equal(epoch_take(x, 77, take, &out, &e), 0);
	assert_int_equal(out.rows, 3);
	assert_int_equal(out.accesses, 65);
	epoch_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_access_is_counted_once),
		cmocka_unit_test(a_mapping_counts_where_its_data_moves),
		cmocka_unit_test(neighbours_with_one_count_are_one_row),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
