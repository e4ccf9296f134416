// SPDX-License-Identifier: MIT
/*
 * The swap station: lines worked by hand, the closed forms of one and of
 * several servers, and slots with their windows.
 */
#include "base/rng.h"
#include "sim/swap.h"
#include "sim/swapslots.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

struct device {
	struct arena arena;
	struct swap *s;
};

static struct device device_new(const char *const *settings, uint64_t seed)
{
	struct device d = {};
	struct swap_config c;
	struct param_set s = { .arena = &d.arena };
	struct err e = {};
	assert_int_equal(param_set_add(&s, swap_params, swap_nparams, &c, &e), 0);
	for (; *settings; settings++)
		if (param_assign(&s, *settings, &e))
			fail_msg("%s", e.msg);
	if (swap_new(&c, seed, &d.arena, &d.s, &e))
		fail_msg("%s", e.msg);
	return d;
}

static uint64_t done(struct device *d, enum swap_job job, uint32_t npages, uint64_t now_us)
{
	return swap_submit(d->s, HOSTMEM_SSD, job, npages, (struct ns){ now_us * NS_PER_US }).v /
	       NS_PER_US;
}

static void test_line(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.ssd_read=10us", "memory.ssd_write=30us",
						"memory.ssd_servers=2", "memory.ssd_page=1us",
						NULL };
	struct device d = device_new(settings, 1);
	assert_int_equal(done(&d, SWAP_WRITEBACK, 1, 0), 30);
	assert_int_equal(done(&d, SWAP_IOPF, 1, 0), 10);
	/* both servers are busy: the fault waits for the other fault, not for the write */
	assert_int_equal(done(&d, SWAP_CPU_FAULT, 1, 5), 20);
	assert_int_equal(done(&d, SWAP_READAHEAD, 8, 20), 37);
	assert_int_equal(done(&d, SWAP_IOPF, 1, 20), 40);
	assert_int_equal(done(&d, SWAP_IOPF, 1, 100), 110);

	const struct swap_counts *n = swap_counts(d.s, HOSTMEM_SSD, SWAP_IOPF);
	assert_int_equal(n->jobs, 3);
	assert_int_equal(n->wait_ns, 10 * NS_PER_US);
	assert_int_equal(n->wait_max_ns, 10 * NS_PER_US);
	assert_int_equal(swap_counts(d.s, HOSTMEM_SSD, SWAP_READAHEAD)->pages, 8);
	/* 30 + 10 + 10 + 17 + 10 of two servers' 100, and 5 of the last job up to 105 */
	assert_int_equal(swap_busy_ppm(d.s, HOSTMEM_SSD, (struct ns){ 105 * NS_PER_US }),
			 82 * 1000000 / 210);
	/* another tier has a line of its own */
	assert_int_equal(swap_counts(d.s, HOSTMEM_ZSWAP, SWAP_IOPF)->jobs, 0);
	arena_deinit(&d.arena);
}

/* Mean wait of Poisson arrivals every 100 us on average, in ns. */
static uint64_t mean_wait_ns(const char *const *settings, uint64_t seed)
{
	struct device d = device_new(settings, seed);
	struct dist every = { .kind = DIST_EXPONENTIAL, .a_ns = 100 * NS_PER_US };
	struct quantile gap;
	struct rng rng;
	struct err e = {};
	struct ns now = {};
	enum { JOBS = 2000000 };
	rng_init(&rng, seed, "arrivals");
	assert_int_equal(quantile_init(&gap, &every, &d.arena, &e), 0);
	for (unsigned i = 0; i < JOBS; i++) {
		now.v += quantile_draw(&gap, &rng);
		swap_submit(d.s, HOSTMEM_SSD, SWAP_IOPF, 1, now);
	}
	const uint64_t mean = swap_counts(d.s, HOSTMEM_SSD, SWAP_IOPF)->wait_ns / JOBS;
	arena_deinit(&d.arena);
	return mean;
}

static void test_closed_forms(void **state)
{
	(void)state;
	static const char *const mm1[] = { "memory.ssd_read=exponential 50us",
					   "memory.ssd_servers=1", NULL };
	static const char *const md1[] = { "memory.ssd_read=50us", "memory.ssd_servers=1", NULL };
	static const char *const mm2[] = { "memory.ssd_read=exponential 100us",
					   "memory.ssd_servers=2", NULL };
	for (uint64_t seed = 1; seed <= 3; seed++) {
		/* rho = 0.5. M/M/1: rho / (1 - rho) x service */
		assert_in_range(mean_wait_ns(mm1, seed), 49000, 51000);
		/* M/D/1: half of that */
		assert_in_range(mean_wait_ns(md1, seed), 24500, 25500);
		/* M/M/2: Erlang C is 1/3; wait = C / (2 mu - lambda) = 33.3 us */
		assert_in_range(mean_wait_ns(mm2, seed), 32667, 34000);
	}
}

/* What comes in while writeback is under way waits for it. */
/* Faults far apart find the line as time averages have it: M/M/1, rho = 1/2. */
static void test_guest_io(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.ssd_read=exponential 100us",
						"memory.ssd_write=exponential 100us",
						"memory.ssd_servers=1",
						"memory.ssd_page=0ns",
						"memory.guest_io=5000/s",
						NULL };
	enum { FAULTS = 20000, GAP_US = 200000 };
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct device d = device_new(settings, seed);
		for (uint64_t i = 1; i <= FAULTS; i++)
			done(&d, SWAP_IOPF, 1, i * GAP_US);
		const struct swap_counts *n = swap_counts(d.s, HOSTMEM_SSD, SWAP_IOPF);
		const uint64_t wait_ns = n->wait_ns / n->jobs;
		assert_in_range(wait_ns, 95 * NS_PER_US, 105 * NS_PER_US);
		const uint64_t reads = swap_counts(d.s, HOSTMEM_SSD, SWAP_GUEST_READ)->jobs;
		const uint64_t writes = swap_counts(d.s, HOSTMEM_SSD, SWAP_GUEST_WRITE)->jobs;
		assert_in_range(writes * 1000 / (reads + writes), 295, 305);
		arena_deinit(&d.arena);
	}
	/* another tier is not disturbed */
	struct device d = device_new(settings, 1);
	for (uint64_t i = 1; i <= 100; i++)
		swap_submit(d.s, HOSTMEM_ZSWAP, SWAP_IOPF, 1, (struct ns){ i * NS_PER_SEC });
	assert_int_equal(swap_counts(d.s, HOSTMEM_ZSWAP, SWAP_IOPF)->wait_ns, 0);
	assert_int_equal(swap_counts(d.s, HOSTMEM_SSD, SWAP_GUEST_READ)->jobs, 0);
	arena_deinit(&d.arena);
}

static void test_burst(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.ssd_read=100us", "memory.ssd_write=100us",
						"memory.ssd_servers=4", NULL };
	struct device d = device_new(settings, 1);
	for (unsigned i = 0; i < 40; i++)
		done(&d, SWAP_WRITEBACK, 1, 0);
	assert_int_equal(done(&d, SWAP_IOPF, 1, 0), 1100);
	assert_int_equal(swap_busy_ppm(d.s, HOSTMEM_SSD, (struct ns){ 500 * NS_PER_US }), 1000000);
	arena_deinit(&d.arena);
}

/* ---- slots ---- */

static void test_slots_ascend(void **state)
{
	(void)state;
	struct arena a = {};
	struct swapslots s;
	assert_int_equal(swapslots_init(&s, 2000, 2, 1, &a), 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(swapslots_take(&s, i, 0), i);
		assert_int_equal(swapslots_take(&s, 1000 + i, 1), SWAPSLOTS_CLUSTER + i);
	}
	/* what is given up behind the writer's back is not taken at once */
	swapslots_release(&s, 5);
	assert_int_equal(swapslots_take(&s, 200, 0), 100);
	for (uint32_t i = 101; i < SWAPSLOTS_CLUSTER; i++)
		assert_int_equal(swapslots_take(&s, i, 0), i);
	/* the cluster is full but for that slot, and comes before an unused one */
	assert_int_equal(swapslots_take(&s, 7, 0), 5);
	assert_int_equal(swapslots_take(&s, 8, 0), 2 * SWAPSLOTS_CLUSTER);
	arena_deinit(&a);
}

static void test_slots_never_run_out(void **state)
{
	(void)state;
	enum { PAGES = 3000 };
	static uint32_t slot[PAGES];
	struct arena a = {};
	struct swapslots s;
	struct rng rng;
	uint32_t nused = 0;
	rng_init(&rng, 1, "slots");
	memset(slot, 0xff, sizeof(slot));
	assert_int_equal(swapslots_init(&s, PAGES, 8, 1, &a), 0);
	for (unsigned i = 0; i < 500000; i++) {
		const uint32_t page = (uint32_t)rng_below(&rng, PAGES);
		/* fill, then empty, in turns */
		const bool is_filling = i / 20000 % 2 == 0;
		if (slot[page] == SWAPSLOT_NONE && (is_filling || rng_below(&rng, 8) == 0)) {
			slot[page] = swapslots_take(&s, page, (uint32_t)rng_below(&rng, 8));
			assert_in_range(slot[page], 0,
					s.nclusters * (uint64_t)SWAPSLOTS_CLUSTER - 1);
			nused++;
		} else if (slot[page] != SWAPSLOT_NONE && !is_filling) {
			assert_int_equal(s.page[slot[page]], page);
			swapslots_release(&s, slot[page]);
			slot[page] = SWAPSLOT_NONE;
			nused--;
		}
		assert_true(s.nopened <= s.nclusters);
	}
	uint32_t sum = 0;
	for (uint32_t i = 0; i < s.nclusters; i++)
		sum += s.used[i];
	assert_int_equal(sum, nused);
	arena_deinit(&a);
}

static void test_window(void **state)
{
	(void)state;
	static const struct {
		uint32_t hits, slot, pages;
	} steps[] = {
		{ 4, 100, 8 }, /* the start: 4 + 2, rounded up to 8 */
		{ 0, 200, 4 }, /* no hit: half of the last */
		{ 0, 300, 2 }, /* again */
		{ 0, 400, 1 }, /* again */
		{ 0, 401, 2 }, /* a neighbour of the last */
		{ 1, 500, 4 }, /* 1 + 2, rounded up */
		{ 3, 600, 8 }, /* 3 + 2 */
		{ 9, 700, 8 }, /* no more than page-cluster */
	};
	struct arena a = {};
	struct swapslots s;
	assert_int_equal(swapslots_init(&s, 2000, 1, 8, &a), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint32_t first, last;
		s.hits = steps[i].hits;
		swapslots_window(&s, steps[i].slot, &first, &last);
		assert_int_equal(last - first + 1, steps[i].pages);
		assert_int_equal(first % steps[i].pages, 0);
		assert_in_range(steps[i].slot, first, last);
	}
	arena_deinit(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "faults and writes stand in one line, first come first served", test_line, NULL,
		  NULL, NULL },
		{ "waits are those of M/M/1, M/D/1 and M/M/2 within 2 %", test_closed_forms, NULL,
		  NULL, NULL },
		{ "the guest's own I/O stands in the same line", test_guest_io, NULL, NULL, NULL },
		{ "a fault waits for the writeback before it", test_burst, NULL, NULL, NULL },
		{ "slots ascend in clusters, partly used ones first", test_slots_ascend, NULL, NULL,
		  NULL },
		{ "slots never run out, however they are given up", test_slots_never_run_out, NULL,
		  NULL, NULL },
		{ "the readahead window follows hits and neighbours", test_window, NULL, NULL,
		  NULL },
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
