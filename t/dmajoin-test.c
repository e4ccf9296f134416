// SPDX-License-Identifier: MIT
/* The join of dma:* and iommu:*: one row per mapping, whatever comes in between. */
#include "base/rng.h"
#include "collect/dmajoin.h"
#include "collect/mapset.h"
#include "collect/runset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NIC = 1, DISK = 2, ROWS_MAX = 1 << 12 };

static struct dma_event rows[ROWS_MAX];
static size_t nrows;
static struct dmajoin *join;
static uint64_t now;
static struct err e;

static int keep(void *ctx, const struct dma_event *row, struct err *ignored)
{
	(void)ctx;
	(void)ignored;
	assert_true(nrows < ROWS_MAX);
	if (nrows)
		assert_true(row->ts >= rows[nrows - 1].ts);
	rows[nrows++] = *row;
	return 0;
}

static int begin_with(bool has_dma, bool has_iommu, uint64_t max)
{
	const struct dmajoin_options o = { .as = AS_PA,
					   .has_dma = has_dma,
					   .has_iommu = has_iommu,
					   .mappings_max = max,
					   .row = keep };
	nrows = 0;
	now = 0;
	return dmajoin_new(&o, &join, &e);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(true, true, 1000);
}

static int end(void **state)
{
	(void)state;
	dmajoin_free(join);
	return 0;
}

static struct dmajoin_context at(int32_t pid, uint32_t cpu)
{
	return (struct dmajoin_context){ .ts = now++, .pid = pid, .cpu = cpu };
}

#define ok(call) assert_int_equal(call, 0)

static void iommu_map(int32_t pid, uint64_t iova, uint64_t paddr, uint64_t len)
{
	const struct dmajoin_context c = at(pid, 0);
	ok(dmajoin_iommu_map(join, &c, iova, paddr, len, &e));
}

static void iommu_unmap(int32_t pid, uint64_t iova, uint64_t len)
{
	const struct dmajoin_context c = at(pid, 0);
	ok(dmajoin_iommu_unmap(join, &c, iova, len, &e));
}

static void map(int32_t pid, uint16_t dev, uint64_t phys, uint64_t dma, uint64_t len)
{
	const struct dmajoin_context c = at(pid, 0);
	const struct dmajoin_segment s = { dma, len, phys, false };
	ok(dmajoin_map(join, &c, dev, DIR_FROM_DEVICE, DMA_MAP, &s, 1, false, false, &e));
}

static void alloc(int32_t pid, uint16_t dev, uint64_t dma, uint64_t len)
{
	const struct dmajoin_context c = at(pid, 0);
	const struct dmajoin_segment s = { dma, len, DMAJOIN_NO_PHYS, false };
	ok(dmajoin_map(join, &c, dev, DIR_BOTH, DMA_ALLOC, &s, 1, false, false, &e));
}

static void unmap(int32_t pid, uint16_t dev, enum dma_op op, uint64_t dma, uint64_t len)
{
	const struct dmajoin_context c = at(pid, 0);
	const struct dmajoin_segment s = { dma, len, DMAJOIN_NO_PHYS, false };
	ok(dmajoin_unmap(join, &c, dev, DIR_FROM_DEVICE, op, &s, &e));
}

static void finish(void)
{
	ok(dmajoin_finish(join, &e));
}

static void expect(size_t i, uint64_t ts, enum dma_op op, uint16_t dev, enum address_space as,
		   uint64_t addr, uint64_t bytes, uint32_t npages)
{
	assert_true(i < nrows);
	assert_int_equal(rows[i].ts, ts);
	assert_int_equal(rows[i].op, op);
	assert_int_equal(rows[i].dev, dev);
	assert_int_equal(rows[i].as, as);
	assert_int_equal(rows[i].pfn << 12 | rows[i].offset, addr);
	assert_int_equal(rows[i].bytes, bytes);
	assert_int_equal(rows[i].npages, npages);
}

/* ---- pairs ---- */

static void a_mapping_told_twice_is_one_row_with_the_time_of_the_first(void **state)
{
	(void)state;
	iommu_map(7, 0xfffff000, 0x5000, 4096);
	map(7, NIC, 0x5000, 0xfffff000, 4096);
	iommu_unmap(7, 0xfffff000, 4096);
	unmap(7, NIC, DMA_UNMAP, 0xfffff000, 4096);
	finish();
	assert_int_equal(nrows, 2);
	expect(0, 0, DMA_MAP, NIC, AS_PA, 0x5000, 4096, 1);
	expect(1, 2, DMA_UNMAP, NIC, AS_PA, 0x5000, 4096, 1);
	assert_int_equal(rows[0].dir, DIR_FROM_DEVICE);
	assert_int_equal(rows[0].source, DMAJOIN_BOTH);
	assert_int_equal(rows[0].req, rows[1].req);
	assert_int_equal(dmajoin_stats(join)->joined, 2);
}

static void a_buffer_over_two_pages_is_one_row_of_two_pages(void **state)
{
	(void)state;
	iommu_map(0, 0xffe9e000, 0x2314b000, 8192);
	map(0, NIC, 0x2314bcc0, 0xffe9ecc0, 1522);
	iommu_unmap(0, 0xffe9e000, 8192);
	unmap(0, NIC, DMA_UNMAP, 0xffe9ecc0, 1522);
	finish();
	assert_int_equal(nrows, 2);
	expect(0, 0, DMA_MAP, NIC, AS_PA, 0x2314bcc0, 1522, 2);
	expect(1, 2, DMA_UNMAP, NIC, AS_PA, 0x2314bcc0, 1522, 2);
}

static void events_of_others_in_between_do_not_tear_a_pair(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096); /* the same IOVA in two spaces */
	iommu_map(2, 0x1000, 0xb000, 4096);
	map(1, NIC, 0xa000, 0x1000, 4096);
	map(2, DISK, 0xb000, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 2);
	expect(0, 0, DMA_MAP, NIC, AS_PA, 0xa000, 4096, 1);
	expect(1, 1, DMA_MAP, DISK, AS_PA, 0xb000, 4096, 1);
}

static void an_interrupt_in_the_middle_of_a_pair_keeps_both(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096);
	iommu_map(1, 0x1000, 0xb000, 4096); /* in an interrupt: same task, other device */
	map(1, NIC, 0xb000, 0x1000, 4096);
	map(1, DISK, 0xa000, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 2);
	expect(0, 0, DMA_MAP, DISK, AS_PA, 0xa000, 4096, 1);
	expect(1, 1, DMA_MAP, NIC, AS_PA, 0xb000, 4096, 1);
}

static void idle_cpus_are_told_apart(void **state)
{
	const struct dmajoin_context c1 = { 0, 1, 0 }, c2 = { 1, 2, 0 }, c3 = { 2, 2, 0 };
	const struct dmajoin_segment s = { 0x1000, 4096, 0xa000, false };
	(void)state;
	ok(dmajoin_iommu_map(join, &c1, 0x1000, 0xa000, 4096, &e));
	ok(dmajoin_iommu_map(join, &c2, 0x1000, 0xa000, 4096, &e));
	ok(dmajoin_map(join, &c3, NIC, DIR_BOTH, DMA_MAP, &s, 1, false, false, &e));
	finish();
	assert_int_equal(nrows, 2);
	assert_int_equal(rows[0].dev, DMAJOIN_NO_DEVICE);
	assert_int_equal(rows[1].dev, NIC);
}

static void an_iova_used_again_before_its_unmapping_is_told_is_two_mappings(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096);
	map(1, NIC, 0xa000, 0x1000, 4096);
	iommu_unmap(1, 0x1000, 4096);
	iommu_map(2, 0x1000, 0xb000, 4096); /* another task got the IOVA ... */
	map(2, NIC, 0xb000, 0x1000, 4096);
	unmap(1, NIC, DMA_UNMAP, 0x1000, 4096); /* ... before the first tells that it is done */
	iommu_unmap(2, 0x1000, 4096);
	unmap(2, NIC, DMA_UNMAP, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 4);
	expect(1, 2, DMA_UNMAP, NIC, AS_PA, 0xa000, 4096, 1);
	expect(2, 3, DMA_MAP, NIC, AS_PA, 0xb000, 4096, 1);
	expect(3, 6, DMA_UNMAP, NIC, AS_PA, 0xb000, 4096, 1);
}

static void an_unmapping_of_an_iova_of_two_devices_waits_for_its_device(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096);
	map(1, NIC, 0xa000, 0x1000, 4096);
	iommu_map(1, 0x1000, 0xb000, 4096);
	map(1, DISK, 0xb000, 0x1000, 4096);
	iommu_unmap(1, 0x1000, 4096);
	unmap(1, DISK, DMA_UNMAP, 0x1000, 4096);
	iommu_unmap(1, 0x1000, 4096);
	unmap(1, NIC, DMA_UNMAP, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 4);
	expect(2, 4, DMA_UNMAP, DISK, AS_PA, 0xb000, 4096, 1);
	expect(3, 6, DMA_UNMAP, NIC, AS_PA, 0xa000, 4096, 1);
	assert_int_equal(rows[2].req, rows[1].req);
	assert_int_equal(rows[3].req, rows[0].req);
}

static void a_stalled_cpu_does_not_make_two_rows_of_one(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096);
	now += 900 * UINT64_C(1000000);
	map(1, NIC, 0xa000, 0x1000, 4096);
	iommu_unmap(1, 0x1000, 4096);
	now += 900 * UINT64_C(1000000);
	unmap(1, NIC, DMA_UNMAP, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 2);
	expect(0, 0, DMA_MAP, NIC, AS_PA, 0xa000, 4096, 1);
}

static void a_partner_that_comes_too_late_makes_no_second_row(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096);
	now += UINT64_C(60000000000);
	iommu_map(2, 0x9000, 0xf000, 4096);
	map(2, DISK, 0xf000, 0x9000, 4096);
	map(1, NIC, 0xa000, 0x1000, 4096);
	iommu_unmap(1, 0x1000, 4096);
	unmap(1, NIC, DMA_UNMAP, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 3);
	expect(0, 0, DMA_MAP, DMAJOIN_NO_DEVICE, AS_PA, 0xa000, 4096, 1);
	assert_int_equal(rows[2].dev, NIC); /* but the unmapping knows */
	assert_int_equal(rows[2].req, rows[0].req);
	assert_int_equal(dmajoin_stats(join)->late, 1);
}

/* ---- coherent memory and lists ---- */

static void an_allocation_of_several_ranges_is_one_row_each_with_one_request(void **state)
{
	(void)state;
	iommu_map(1, 0x10000, 0x5000, 4096);
	iommu_map(1, 0x11000, 0x6000, 4096); /* continues the first */
	iommu_map(1, 0x12000, 0x1000, 4096);
	alloc(1, DISK, 0x10000, 0x2800);
	unmap(1, DISK, DMA_FREE, 0x10000, 0x2800); /* told before the IOMMU's */
	iommu_unmap(1, 0x10000, 0x3000);
	finish();
	assert_int_equal(nrows, 4);
	expect(0, 0, DMA_ALLOC, DISK, AS_PA, 0x5000, 8192, 2);
	expect(1, 2, DMA_ALLOC, DISK, AS_PA, 0x1000, 0x800, 1);
	expect(2, 4, DMA_FREE, DISK, AS_PA, 0x5000, 8192, 2);
	expect(3, 4, DMA_FREE, DISK, AS_PA, 0x1000, 0x800, 1);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(rows[i].req, rows[0].req);
	assert_int_equal(dmajoin_stats(join)->unknown, 0);
}

static void an_allocation_without_frames_is_told_by_its_iova(void **state)
{
	(void)state;
	alloc(1, DISK, 0x10000, 512);
	unmap(1, DISK, DMA_FREE, 0x10000, 512);
	finish();
	assert_int_equal(nrows, 2);
	expect(0, 0, DMA_ALLOC, DISK, AS_IOVA, 0x10000, 512, 1);
	expect(1, 1, DMA_FREE, DISK, AS_IOVA, 0x10000, 512, 1);
}

static void a_list_is_unmapped_by_its_first_physical_address(void **state)
{
	const struct dmajoin_segment segs[] = { { 0x10800, 0x800, 0x5800, false },
						{ 0x11000, 0x1000, 0x9000, false },
						{ 0x12000, 0x200, 0xa000, false } };
	const uint64_t phys[] = { 0x5800, 0x9000, 0xa000 };
	(void)state;
	iommu_map(1, 0x10000, 0x5000, 4096);
	iommu_map(1, 0x11000, 0x9000, 8192);
	struct dmajoin_context c = at(1, 0);
	ok(dmajoin_map(join, &c, NIC, DIR_TO_DEVICE, DMA_MAP, segs, 3, true, false, &e));
	c = at(1, 0);
	ok(dmajoin_unmap_list(join, &c, NIC, DIR_TO_DEVICE, phys, 3, &e));
	iommu_unmap(1, 0x10000, 0x3000);
	finish();
	assert_int_equal(nrows, 4);
	expect(0, 0, DMA_MAP, NIC, AS_PA, 0x5800, 0x800, 1);
	expect(1, 1, DMA_MAP, NIC, AS_PA, 0x9000, 0x1200, 2);
	expect(2, 3, DMA_UNMAP, NIC, AS_PA, 0x5800, 0x800, 1);
	expect(3, 3, DMA_UNMAP, NIC, AS_PA, 0x9000, 0x1200, 2);
}

static void a_cut_list_is_filled_up_by_what_the_iommu_mapped(void **state)
{
	const struct dmajoin_segment seg = { 0x10000, 0x1000, 0x5000, false };
	(void)state;
	iommu_map(1, 0x10000, 0x5000, 4096);
	iommu_map(1, 0x11000, 0x9000, 4096);
	struct dmajoin_context c = at(1, 0);
	assert_int_equal(
		dmajoin_map(join, &c, NIC, DIR_TO_DEVICE, DMA_MAP, &seg, 1, true, true, &e), 0);
	c = at(1, 0);
	assert_int_equal(
		dmajoin_map(join, &c, DISK, DIR_TO_DEVICE, DMA_MAP, &seg, 1, true, true, &e), 1);
	finish();
	assert_int_equal(nrows, 3);
	expect(1, 1, DMA_MAP, NIC, AS_PA, 0x9000, 4096, 1);
	assert_int_equal(rows[1].req, rows[0].req);
}

/* ---- one family only ---- */

static void without_an_iommu_every_event_is_a_row_at_once(void **state)
{
	(void)state;
	map(1, NIC, 0x5000, 0x5000, 100);
	map(1, NIC, 0x5000, 0x5000, 100); /* the same page twice: two mappings */
	assert_int_equal(nrows, 2);
	unmap(1, NIC, DMA_UNMAP, 0x5000, 100);
	unmap(1, NIC, DMA_UNMAP, 0x5000, 100);
	assert_int_equal(nrows, 4);
	expect(2, 2, DMA_UNMAP, NIC, AS_PA, 0x5000, 100, 1);
	assert_int_equal(rows[2].req, rows[0].req);
	assert_int_equal(rows[3].req, rows[1].req);
}

static void iommu_events_alone_are_rows_without_device(void **state)
{
	(void)state;
	end(state);
	begin_with(false, true, 1000);
	iommu_map(1, 0, 0x5894000, 8192);
	iommu_unmap(1, 0, 4096); /* page by page, as VFIO may */
	iommu_unmap(1, 0x1000, 4096);
	assert_int_equal(nrows, 3);
	expect(0, 0, DMA_MAP, DMAJOIN_NO_DEVICE, AS_PA, 0x5894000, 8192, 2);
	expect(1, 1, DMA_UNMAP, DMAJOIN_NO_DEVICE, AS_PA, 0x5894000, 4096, 1);
	expect(2, 2, DMA_UNMAP, DMAJOIN_NO_DEVICE, AS_PA, 0x5895000, 4096, 1);
	assert_int_equal(rows[2].req, rows[0].req);
}

static void one_unmapping_ends_all_mappings_in_its_range(void **state)
{
	(void)state;
	end(state);
	begin_with(false, true, 1000);
	for (uint64_t i = 0; i < 8; i++)
		iommu_map(1, i << 16, (100 + i) << 20, 0x10000);
	iommu_unmap(1, 0x8000, 0x60000);
	assert_int_equal(nrows, 8 + 7);
	expect(8, 8, DMA_UNMAP, DMAJOIN_NO_DEVICE, AS_PA, (UINT64_C(100) << 20) + 0x8000, 0x8000,
	       8);
	expect(14, 8, DMA_UNMAP, DMAJOIN_NO_DEVICE, AS_PA, UINT64_C(106) << 20, 0x8000, 8);
	iommu_unmap(1, 0, UINT64_MAX);
	assert_int_equal(nrows, 15 + 3);
}

/* ---- before the recording, and beyond what is followed ---- */

static void an_unmapping_of_an_older_mapping_is_one_row_with_device_and_iova(void **state)
{
	(void)state;
	iommu_unmap(1, 0x7000, 4096);
	unmap(1, NIC, DMA_UNMAP, 0x7080, 1522);
	finish();
	assert_int_equal(nrows, 1);
	expect(0, 0, DMA_UNMAP, NIC, AS_IOVA, 0x7080, 1522, 1);
	assert_int_equal(rows[0].req, UINT64_MAX);
	assert_int_equal(dmajoin_stats(join)->unknown, 1);
}

static void a_lost_unmapping_does_not_answer_for_later_ones(void **state)
{
	(void)state;
	iommu_map(1, 0x1000, 0xa000, 4096);
	map(1, NIC, 0xa000, 0x1000, 4096);
	/* its unmapping is lost */
	iommu_map(1, 0x1000, 0xb000, 4096);
	map(1, NIC, 0xb000, 0x1000, 4096);
	iommu_unmap(1, 0x1000, 4096);
	unmap(1, NIC, DMA_UNMAP, 0x1000, 4096);
	finish();
	assert_int_equal(nrows, 3);
	expect(2, 4, DMA_UNMAP, NIC, AS_PA, 0xb000, 4096, 1);
}

static void more_mappings_than_are_followed_are_counted(void **state)
{
	(void)state;
	end(state);
	begin_with(true, false, 10);
	for (uint64_t i = 0; i < 20; i++)
		map(1, NIC, i << 12, i << 12, 4096);
	unmap(1, NIC, DMA_UNMAP, 3 << 12, 4096);
	unmap(1, NIC, DMA_UNMAP, 15 << 12, 4096);
	assert_int_equal(dmajoin_stats(join)->untracked, 10);
	expect(20, 20, DMA_UNMAP, NIC, AS_PA, 3 << 12, 4096, 1);
	expect(21, 21, DMA_UNMAP, NIC, AS_IOVA, 15 << 12, 4096, 1);
}

static void the_largest_addresses_do_not_wrap(void **state)
{
	(void)state;
	iommu_map(1, UINT64_MAX - 4095, UINT64_MAX - 4095, 4096);
	map(1, NIC, UINT64_MAX - 4095, UINT64_MAX - 4095, 4096);
	iommu_map(1, UINT64_MAX - 4095, 0, UINT64_MAX);
	map(1, NIC, 0, UINT64_MAX, UINT64_MAX);
	iommu_unmap(1, 0, UINT64_MAX);
	unmap(1, NIC, DMA_UNMAP, UINT64_MAX - 4095, 4096);
	finish();
	assert_true(nrows >= 4);
}

/* ---- tables against plain ones ---- */

static void runset_agrees_with_a_plain_list(void **state)
{
	enum { N = 3000 };
	static struct iommu_run list[N];
	size_t n = 0;
	struct runset s = {};
	struct rng r;
	(void)state;
	rng_init(&r, 1, "runset");
	for (uint64_t i = 0; i < 4 * N; i++) {
		const uint64_t iova = rng_next(&r) % 2000;
		struct runset_pos pos;
		size_t floor = N, ceiling = N;
		for (size_t k = 0; k < n; k++) {
			if (list[k].iova <= iova &&
			    (floor == N || list[k].iova > list[floor].iova ||
			     (list[k].iova == list[floor].iova &&
			      list[k].order > list[floor].order)))
				floor = k;
			if (list[k].iova >= iova &&
			    (ceiling == N || list[k].iova < list[ceiling].iova ||
			     (list[k].iova == list[ceiling].iova &&
			      list[k].order < list[ceiling].order)))
				ceiling = k;
		}
		assert_int_equal(runset_ceiling(&s, iova, 0, &pos), ceiling != N);
		if (ceiling != N)
			assert_int_equal(runset_at(&s, pos)->order, list[ceiling].order);
		assert_int_equal(runset_floor(&s, iova, UINT64_MAX, &pos), floor != N);
		if (floor != N)
			assert_int_equal(runset_at(&s, pos)->order, list[floor].order);
		if (floor != N && (n == N || rng_next(&r) % 3 == 0)) {
			runset_remove(&s, pos);
			list[floor] = list[--n];
		} else if (n < N) {
			list[n] = (struct iommu_run){ .iova = iova, .order = i + 1, .len = 1 };
			assert_int_equal(runset_add(&s, &list[n++], &e), 0);
		}
		assert_int_equal(s.count, n);
	}
	runset_deinit(&s);
}

static void mapset_finds_the_oldest_and_frees_what_it_drops(void **state)
{
	struct mapset s;
	bool has_others;
	(void)state;
	mapset_init(&s, 100000);
	for (uint64_t i = 0; i < 5000; i++) {
		const struct mapset_entry m = { .dma_addr = i << 12 | 64,
						.iova = i << 12,
						.iova_len = 4096,
						.dev = (uint16_t)(i % 3),
						.req = i };
		const struct mapset_piece p = { .addr = i, .len = 1 };
		uint32_t where, last = MAPSET_NONE;
		assert_int_equal(mapset_add(&s, &m, &where, &e), 0);
		assert_int_equal(mapset_add_piece(&s, where, &p, &last, &e), 0);
		assert_int_equal(mapset_add_piece(&s, where, &p, &last, &e), 0);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		const uint32_t found = mapset_find_dma(&s, (uint16_t)(i % 3), i << 12 | 64);
		assert_int_not_equal(found, MAPSET_NONE);
		assert_int_equal(s.entries[found].req, i);
		assert_int_equal(mapset_find_dma(&s, 3, i << 12 | 64), MAPSET_NONE);
		assert_int_equal(mapset_find_iova(&s, i << 12, 4096, &has_others), found);
		assert_false(has_others);
		mapset_remove(&s, found);
	}
	assert_int_equal(s.live, 0);

	/* a page mapped for ever and again: the chain stays short, the pool is reused */
	for (uint64_t i = 0; i < 100000; i++) {
		const struct mapset_entry m = { .dma_addr = 4096, .req = i };
		uint32_t where;
		assert_int_equal(mapset_add(&s, &m, &where, &e), 0);
	}
	assert_true(s.live <= 64);
	assert_true(s.nentries <= 5000);
	assert_int_equal(s.entries[mapset_find_dma(&s, 0, 4096)].req, 100000 - s.live);
	mapset_deinit(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_mapping_told_twice_is_one_row_with_the_time_of_the_first),
		T(a_buffer_over_two_pages_is_one_row_of_two_pages),
		T(events_of_others_in_between_do_not_tear_a_pair),
		T(an_interrupt_in_the_middle_of_a_pair_keeps_both),
		T(idle_cpus_are_told_apart),
		T(an_iova_used_again_before_its_unmapping_is_told_is_two_mappings),
		T(an_unmapping_of_an_iova_of_two_devices_waits_for_its_device),
		T(a_stalled_cpu_does_not_make_two_rows_of_one),
		T(a_partner_that_comes_too_late_makes_no_second_row),
		T(an_allocation_of_several_ranges_is_one_row_each_with_one_request),
		T(an_allocation_without_frames_is_told_by_its_iova),
		T(a_list_is_unmapped_by_its_first_physical_address),
		T(a_cut_list_is_filled_up_by_what_the_iommu_mapped),
		T(without_an_iommu_every_event_is_a_row_at_once),
		T(iommu_events_alone_are_rows_without_device),
		T(one_unmapping_ends_all_mappings_in_its_range),
		T(an_unmapping_of_an_older_mapping_is_one_row_with_device_and_iova),
		T(a_lost_unmapping_does_not_answer_for_later_ones),
		T(more_mappings_than_are_followed_are_counted),
		T(the_largest_addresses_do_not_wrap),
		cmocka_unit_test(runset_agrees_with_a_plain_list),
		cmocka_unit_test(mapset_finds_the_oldest_and_frees_what_it_drops),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
