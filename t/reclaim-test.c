// SPDX-License-Identifier: MIT
/*
 * What each kind of reclaim takes: sequences worked by hand, LRU against the
 * cache policy of that name, limits that fall.
 */
#include "base/rng.h"
#include "policies/policy.h"
#include "t/hostmem-help.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

/* ---- two-list by hand ---- */

static const char *const two_list_small[] = { "memory.reclaim=two-list",
					      "memory.batch=1",
					      "memory.stat_period=0",
					      "memory.readahead=1",
					      "memory.scan=0",
					      "memory.writeback_async=no",
					      NULL };

static void test_two_list_populated(void **state)
{
	(void)state;
	const struct hostmem_config c = config(4, 4, two_list_small);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 4; i++)
		hostmem_populate(o.h, i, at_start);
	touch(&o, 0);
	touch(&o, 1);
	/* one scan of the whole list: 0 and 1 were referenced by who wrote them, so one
	 * access activates them; 2 and 3 go, though one would have been enough */
	hostmem_set_limit(o.h, 3, at_start);
	assert_string_equal(states(&o, 4), "RRSS");
	assert_int_equal(n->scanned, 4);
	assert_int_equal(n->activated, 2);
	assert_int_equal(n->deactivated, 0);

	/* 2 went when the clock stood at 2 (two activations) and it stands at 4:
	 * distance 2, two active pages, so it comes back active */
	assert_int_equal(touch(&o, 2), TOUCH_MAJOR);
	assert_int_equal(n->refault_activations, 1);

	/* room for 3: nothing is inactive, so all three are deactivated, and their bits with
	 * them: all go */
	assert_int_equal(touch(&o, 3), TOUCH_MAJOR);
	assert_string_equal(states(&o, 4), "SSSR");
	assert_int_equal(n->deactivated, 3);
	host_free(&o);
}

static void test_two_list_second_chance(void **state)
{
	(void)state;
	const struct hostmem_config c = config(6, 3, two_list_small);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(touch(&o, i), TOUCH_FIRST);
	/* all three have the bit of the fault that brought them: the first try spares them,
	 * the second takes them */
	assert_int_equal(touch(&o, 3), TOUCH_FIRST);
	assert_string_equal(states(&o, 6), "SSSRAA");
	assert_int_equal(n->scanned, 6);
	assert_int_equal(n->activated, 0);
	assert_int_equal(n->absent, 2);
	host_free(&o);
}

static void test_two_list_async_write(void **state)
{
	(void)state;
	struct hostmem_config c = config(4, 4, two_list_small);
	c.is_writeback_async = true;
	c.writeback_pages = 1;
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 4; i++)
		hostmem_populate(o.h, i, at_start);
	touch(&o, 0);
	/* priority 0 looks at four pages: 0 becomes active; 1 is written, and its write is back
	 * at once, so it is the oldest again and free; likewise 2, whose second look is beyond */
	hostmem_set_limit(o.h, 3, at_start);
	assert_string_equal(states(&o, 4), "RSRR");
	assert_int_equal(n->swap_out, 2);
	assert_int_equal(n->swap_cache, 1);
	assert_false(hostmem_is_mapped(o.h, 2));
	assert_int_equal(touch(&o, 2), TOUCH_MINOR);
	assert_true(hostmem_is_mapped(o.h, 2));
	assert_int_equal(n->swap_cache, 0);
	host_free(&o);
}

/* The distance at which a refault is near: as many events as there are active pages. */
static void test_two_list_far_refault(void **state)
{
	(void)state;
	const struct hostmem_config c = config(8, 8, two_list_small);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 8; i++)
		hostmem_populate(o.h, i, at_start);
	for (uint32_t i = 4; i < 7; i++)
		touch(&o, i);
	/* one scan evicts 0, 1, 2, 3, activates 4, 5, 6, evicts 7: their clocks at eviction
	 * are 0, 1, 2, 3 and 7, and now it is 8 */
	hostmem_set_limit(o.h, 7, at_start);
	assert_string_equal(states(&o, 8), "SSSSRRRS");
	assert_int_equal(touch(&o, 3), TOUCH_MAJOR); /* 5 > 3 active pages */
	assert_int_equal(n->refault_activations, 0);
	assert_int_equal(touch(&o, 7), TOUCH_MAJOR); /* 1 */
	assert_int_equal(n->refault_activations, 1);
	assert_int_equal(touch(&o, 2), TOUCH_MAJOR); /* 9 - 2 > 4 */
	assert_int_equal(n->refault_activations, 1);
	assert_int_equal(n->refaults, 3);
	host_free(&o);
}

/*
 * Every other page is unused: of 1, 1, 3, 7, 15 and 31 pages, priorities 12 to 7
 * free 29. The next may scan 63 and needs both chunks of them for a batch of its
 * own, though the first would have completed that of the round.
 */
static void test_two_list_batch(void **state)
{
	(void)state;
	struct hostmem_config c = config(4096, 4096, two_list_small);
	c.batch_pages = 32;
	c.anon_scan_ppm = 1000000;
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 4096; i++)
		hostmem_populate(o.h, i, at_start);
	for (uint32_t i = 1; i < 4096; i += 2)
		touch(&o, i);
	hostmem_set_limit(o.h, 4095, at_start);
	assert_int_equal(hostmem_counts(o.h)->resident, 4096 - 29 - 32);
	host_free(&o);
}

/*
 * Of 8,192 unused pages a first round frees 2 + 3 + 7 + 15 + 31 at priorities 12
 * to 8; the second 1 + 3 + 7 + 15 + 31, or but for the 1 when it has to visit the
 * groups below at priority 12.
 */
static void test_two_list_child_groups(void **state)
{
	(void)state;
	struct hostmem_config c = config(8192, 8192, two_list_small);
	c.batch_pages = 32;
	c.anon_scan_ppm = 1000000;
	for (int has_groups = 0; has_groups < 2; has_groups++) {
		c.has_child_groups = has_groups;
		struct host o = host_new(&c, NULL);
		const struct hostmem_counts *n = hostmem_counts(o.h);
		for (uint32_t i = 0; i < 8192; i++)
			hostmem_populate(o.h, i, at_start);
		hostmem_set_limit(o.h, 8191, at_start);
		assert_int_equal(n->resident, 8192 - 58);
		hostmem_set_limit(o.h, 8133, at_start);
		assert_int_equal(n->resident, 8192 - 58 - (has_groups ? 56 : 57));
		host_free(&o);
	}
}

/* Deactivation waits for the statistics, and counts what is not the VM's. */
static void test_two_list_statistics(void **state)
{
	(void)state;
	struct hostmem_config c = config(400, 400, two_list_small);
	for (int i = 0; i < 3; i++) {
		c.stat_period_ns = i == 1 ? 10 * NS_PER_SEC : 0;
		c.foreign_inactive_pages = i == 2 ? 1000 : 0;
		struct host o = host_new(&c, NULL);
		const struct hostmem_counts *n = hostmem_counts(o.h);
		const struct ns now = { NS_PER_SEC };
		for (uint32_t k = 0; k < 400; k++)
			hostmem_populate(o.h, k, now);
		for (uint32_t k = 0; k < 300; k++)
			hostmem_touch(o.h, k, TOUCH_CPU, false, now);
		hostmem_set_limit(o.h, 399, now);
		hostmem_set_limit(o.h, 350, now);
		assert_true(n->activated > 0);
		/* fresh figures: the active list is long; stale ones do not know it yet; and
		 * beside the inactive pages of others it is not */
		assert_int_equal(n->deactivated > 0, i == 0);
		host_free(&o);
	}
}

/* Who reads the statistics makes them fresh; what flushes them every 10 s goes on besides. */
static void test_two_list_flush(void **state)
{
	(void)state;
	struct hostmem_config c = config(400, 400, two_list_small);
	c.stat_period_ns = 10 * NS_PER_SEC;
	for (int i = 0; i < 3; i++) {
		struct host o = host_new(&c, NULL);
		const struct hostmem_counts *n = hostmem_counts(o.h);
		const struct ns now = { NS_PER_SEC };
		for (uint32_t k = 0; k < 400; k++)
			hostmem_populate(o.h, k, now);
		for (uint32_t k = 0; k < 300; k++)
			hostmem_touch(o.h, k, TOUCH_CPU, false, now);
		if (i == 2)
			hostmem_flush_stats(o.h, (struct ns){ 9 * NS_PER_SEC });
		hostmem_set_limit(o.h, 399, now);
		if (i == 1)
			hostmem_flush_stats(o.h, now);
		hostmem_set_limit(o.h, 350, i == 2 ? (struct ns){ 11 * NS_PER_SEC } : now);
		assert_int_equal(n->deactivated > 0, i > 0);
		host_free(&o);
	}
}

/* ---- lru ---- */

static void test_lru_equals_policy(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=lru", "memory.readahead=1",
						"memory.dma_sets_accessed=yes", NULL };
	enum { PAGES = 500, REQUESTS = 50000 };
	for (uint32_t capacity = 1; capacity < PAGES; capacity += 71) {
		const struct hostmem_config c = config(PAGES, capacity, settings);
		struct host o = host_new(&c, NULL);
		struct arena a = {};
		const struct policy *p = policy_find("lru");
		const struct policy_setup setup = { .arena = &a,
						    .npages = PAGES,
						    .capacity_pages = capacity,
						    .nrequests = REQUESTS };
		void *s = p->init(&setup);
		struct rng rng;
		rng_init(&rng, capacity, "test");
		for (uint64_t i = 0; i < REQUESTS; i++) {
			const uint32_t page =
				(uint32_t)(rng_below(&rng, PAGES) * rng_below(&rng, PAGES) / PAGES);
			const bool is_hit = p->access(s, page, i, POLICY_NEVER) == POLICY_HIT;
			const enum touch_result r = hostmem_touch(
				o.h, page, i & 1 ? TOUCH_CPU : TOUCH_DMA, false, at_start);
			assert_int_equal(r == TOUCH_HIT, is_hit);
		}
		arena_deinit(&a);
		host_free(&o);
	}
}

static void test_dma_does_not_refresh(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=lru", "memory.readahead=1", NULL };
	const struct hostmem_config c = config(3, 2, settings);
	struct host o = host_new(&c, NULL);
	touch(&o, 0);
	touch(&o, 1);
	assert_int_equal(hostmem_touch(o.h, 0, TOUCH_DMA, true, at_start), TOUCH_HIT);
	touch(&o, 2);
	assert_string_equal(states(&o, 3), "SRR");
	assert_int_equal(hostmem_touch(o.h, 0, TOUCH_DMA, true, at_start), TOUCH_MAJOR);
	host_free(&o);
}

/* ---- proactive ---- */

static void test_age(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=age", "memory.age=100us",
						"memory.readahead=1", NULL };
	const struct hostmem_config c = config(3, 3, settings);
	struct host o = host_new(&c, NULL);
	hostmem_touch(o.h, 0, TOUCH_CPU, false, (struct ns){ 0 });
	hostmem_touch(o.h, 1, TOUCH_CPU, false, (struct ns){ 1 });
	assert_int_equal(hostmem_touch(o.h, 0, TOUCH_CPU, false, (struct ns){ 99999 }), TOUCH_HIT);
	/* exactly the age is too old */
	assert_int_equal(hostmem_touch(o.h, 1, TOUCH_CPU, false, (struct ns){ 100001 }),
			 TOUCH_MAJOR);
	hostmem_tick(o.h, (struct ns){ 199999 });
	assert_string_equal(states(&o, 3), "SRA");
	host_free(&o);
}

static void test_age_after_arrival(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=age", "memory.age=10s",
						"memory.readahead=1", NULL };
	for (int by = TOUCH_CPU; by <= TOUCH_DMA; by++) {
		struct hostmem_config c = config(1, 1, settings);
		c.is_instant = false;
		struct host o = host_new(&c, NULL);
		touch(&o, 0);
		hostmem_tick(o.h, (struct ns){ 20 * NS_PER_SEC });
		hostmem_written(o.h, 0, 0, (struct ns){ 21 * NS_PER_SEC });
		assert_string_equal(states(&o, 1), "S");
		hostmem_touch(o.h, 0, (enum hostmem_touch)by, false,
			      (struct ns){ 50 * NS_PER_SEC });
		hostmem_tick(o.h, (struct ns){ 70 * NS_PER_SEC });
		assert_string_equal(states(&o, 1), "I");
		hostmem_arrived(o.h, 0, (struct ns){ 71 * NS_PER_SEC });
		hostmem_tick(o.h, (struct ns){ 80 * NS_PER_SEC });
		assert_string_equal(states(&o, 1), "R");
		hostmem_tick(o.h, (struct ns){ 82 * NS_PER_SEC });
		assert_string_equal(states(&o, 1), "O");
		host_free(&o);
	}
}

static void test_age_rate(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=age", "memory.age=1s",
						"memory.age_rate=2", "memory.readahead=1", NULL };
	const struct hostmem_config c = config(5, 5, settings);
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 5; i++)
		touch(&o, i);
	hostmem_tick(o.h, (struct ns){ 2 * NS_PER_SEC });
	assert_string_equal(states(&o, 5), "SSRRR");
	hostmem_tick(o.h, (struct ns){ 2 * NS_PER_SEC + 1 });
	assert_string_equal(states(&o, 5), "SSRRR");
	hostmem_tick(o.h, (struct ns){ 3 * NS_PER_SEC });
	assert_string_equal(states(&o, 5), "SSSSR");
	host_free(&o);
}

/* Against the times themselves: steps from a nanosecond to 200 days. */
static void test_age_over_years(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=age", "memory.age=30000s",
						"memory.readahead=1", NULL };
	enum { PAGES = 40, TOUCHES = 20000 };
	const uint64_t age_ns = 30000 * NS_PER_SEC;
	const struct hostmem_config c = config(PAGES, PAGES, settings);
	struct host o = host_new(&c, NULL);
	struct rng r;
	rng_init(&r, 1, "test");
	uint64_t last[PAGES] = {}, now = 0, majors = 0;
	bool is_known[PAGES] = {};
	for (int i = 0; i < TOUCHES; i++) {
		const unsigned bits = rng_below(&r, 50) ? 43 : 54;
		now += rng_below(&r, UINT64_C(1) << rng_below(&r, bits));
		const uint32_t page =
			(uint32_t)(rng_below(&r, PAGES) * rng_below(&r, PAGES) / PAGES);
		const enum touch_result expected = !is_known[page]             ? TOUCH_FIRST
						   : now - last[page] < age_ns ? TOUCH_HIT
									       : TOUCH_MAJOR;
		assert_int_equal(hostmem_touch(o.h, page, TOUCH_CPU, false, (struct ns){ now }),
				 expected);
		majors += expected == TOUCH_MAJOR;
		is_known[page] = true;
		last[page] = now;
		for (uint32_t k = 0; k < PAGES; k++)
			assert_int_equal(hostmem_is_mapped(o.h, k),
					 is_known[k] && now - last[k] < age_ns);
	}
	assert_in_range(majors, TOUCHES / 20, TOUCHES / 2);
	host_free(&o);
}

/* A rate keeps pages that are older than marks tell: they still leave in their order. */
static void test_age_rate_over_years(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=age", "memory.age=30000s",
						"memory.age_rate=1", "memory.readahead=1", NULL };
	const struct hostmem_config c = config(4, 4, settings);
	struct host o = host_new(&c, NULL);
	const uint64_t day_ns = 86400 * NS_PER_SEC;
	for (uint32_t i = 0; i < 3; i++)
		hostmem_touch(o.h, i, TOUCH_CPU, false, (struct ns){ i * NS_PER_SEC });
	hostmem_touch(o.h, 3, TOUCH_CPU, false, (struct ns){ 60 * day_ns });
	assert_string_equal(states(&o, 4), "SRRR");
	hostmem_touch(o.h, 3, TOUCH_CPU, false, (struct ns){ 200 * day_ns });
	assert_string_equal(states(&o, 4), "SSRR");
	hostmem_tick(o.h, (struct ns){ 200 * day_ns + NS_PER_SEC });
	assert_string_equal(states(&o, 4), "SSSR");
	hostmem_tick(o.h, (struct ns){ 200 * day_ns + 29999 * NS_PER_SEC });
	assert_string_equal(states(&o, 4), "SSSR");
	hostmem_tick(o.h, (struct ns){ 200 * day_ns + 30000 * NS_PER_SEC });
	assert_string_equal(states(&o, 4), "SSSS");
	host_free(&o);
}

static void test_psi(void **state)
{
	(void)state;
	static const char *const settings[] = {
		"memory.reclaim=psi",         "memory.psi_period=1s", "memory.psi_fault=1ms",
		"memory.psi_target_ppm=0.2%", "memory.readahead=1",   NULL
	};
	const struct hostmem_config c = config(10000, 10000, settings);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 10000; i++)
		hostmem_populate(o.h, i, at_start);
	/* no pressure: 0.05 % of 10,000 */
	hostmem_tick(o.h, (struct ns){ NS_PER_SEC });
	assert_int_equal(n->swap_out, 5);
	/* one fault of 1 ms in a second is half of the target: half as much, rounded down */
	assert_int_equal(touch(&o, 0), TOUCH_MAJOR);
	hostmem_tick(o.h, (struct ns){ 2 * NS_PER_SEC });
	assert_int_equal(n->swap_out, 7);
	/* two faults are the target */
	touch(&o, 1);
	touch(&o, 2);
	hostmem_tick(o.h, (struct ns){ 3 * NS_PER_SEC });
	assert_int_equal(n->swap_out, 7);
	host_free(&o);
}

static void test_mglru_generations(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=mglru", "memory.batch=1",
						"memory.readahead=1", NULL };
	const struct hostmem_config c = config(5, 4, settings);
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 4; i++)
		touch(&o, i);
	/* two ticks: the pages fall two generations behind, and lose the bits of their faults */
	hostmem_tick(o.h, (struct ns){ 1 * NS_PER_SEC });
	touch(&o, 0);
	hostmem_tick(o.h, (struct ns){ 2 * NS_PER_SEC });
	/* 0 was seen by the second walk, 1 is the oldest of those that were not */
	touch(&o, 4);
	assert_string_equal(states(&o, 5), "RSRRR");
	host_free(&o);
}

/* ---- all kinds ---- */

static void test_limit_schedule(void **state)
{
	(void)state;
	static const char *const kinds[] = { "lru", "clock", "two-list", "mglru", "age", "psi" };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		char choice[64];
		snprintf(choice, sizeof(choice), "memory.reclaim=%s", kinds[k]);
		const char *const settings[] = { choice, "memory.scan=0", NULL };
		const struct hostmem_config c = config(4000, 4000, settings);
		struct host o = host_new(&c, NULL);
		const struct hostmem_counts *n = hostmem_counts(o.h);
		for (uint32_t i = 0; i < 4000; i++)
			hostmem_populate(o.h, i, at_start);
		for (uint64_t limit = 3900; limit >= 2000; limit -= 100) {
			hostmem_set_limit(o.h, limit, at_start);
			assert_true(n->resident <= limit);
			assert_int_equal(n->overflow, 0);
		}
		assert_true(n->resident > 1900);
		hostmem_set_limit(o.h, 4000, at_start);
		assert_int_equal(hostmem_limit(o.h), 4000);
		host_free(&o);
	}
}

/*
 * All but 350 and 399 were used, so that one round looks at every page, 1 ms
 * each: 350 is used before its turn comes.
 */
static void test_limit_sees_touches(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=two-list", "memory.scan=1ms",
						"memory.readahead=1", "memory.writeback_async=no",
						NULL };
	const struct hostmem_config c = config(400, 400, settings);
	const struct ns at = { 50 * NS_PER_MS };
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 400; i++)
		hostmem_populate(o.h, i, at_start);
	for (uint32_t i = 0; i < 399; i++)
		if (i != 350)
			touch(&o, i);
	hostmem_set_limit(o.h, 399, at_start);
	assert_int_equal(hostmem_touch(o.h, 350, TOUCH_CPU, false, at), TOUCH_HIT);
	assert_in_range(hostmem_counts(o.h)->scanned, 50, 50 + 32);
	hostmem_tick(o.h, (struct ns){ NS_PER_SEC });
	assert_int_equal(hostmem_limit(o.h), 399);
	assert_int_equal(hostmem_page_state(o.h, 350), HOSTMEM_RESIDENT);
	assert_int_equal(hostmem_page_state(o.h, 399), HOSTMEM_SWAPPED);
	host_free(&o);
}

/* What a round has isolated when its limit is withdrawn goes back to the lists. */
static void test_limit_withdrawn(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=two-list", "memory.scan=1ms",
						"memory.readahead=1", "memory.writeback_async=yes",
						NULL };
	const struct hostmem_config c = config(400, 400, settings);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 400; i++)
		hostmem_populate(o.h, i, at_start);
	hostmem_set_limit(o.h, 50, at_start);
	hostmem_tick(o.h, (struct ns){ 5 * NS_PER_MS });
	assert_true(n->swap_cache > 0);
	hostmem_set_limit(o.h, 400, (struct ns){ 6 * NS_PER_MS });
	assert_int_equal(hostmem_limit(o.h), 400);
	hostmem_set_limit(o.h, 10, (struct ns){ 6 * NS_PER_MS });
	hostmem_tick(o.h, (struct ns){ 10 * NS_PER_SEC });
	assert_true(n->resident <= 10);
	host_free(&o);
}

/* The limit falls as fast as 1 us a page allows, while the guest runs on. */
static void test_limit_takes_time(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=two-list", "memory.scan=1us",
						"memory.writeback_async=no", NULL };
	const struct hostmem_config c = config(4000, 4000, settings);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 4000; i++)
		hostmem_populate(o.h, i, at_start);
	hostmem_set_limit(o.h, 3000, at_start);
	assert_int_equal(hostmem_limit(o.h), 4000);
	hostmem_tick(o.h, (struct ns){ 500 * NS_PER_US });
	assert_in_range(4000 - n->resident, 500, 600);
	hostmem_tick(o.h, (struct ns){ 1100 * NS_PER_US });
	assert_int_equal(hostmem_limit(o.h), 3000);
	assert_true(n->resident <= 3000);
	host_free(&o);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "two-list activates on one access what was referenced before, and takes 32 at a "
		  "time",
		  test_two_list_populated, NULL, NULL, NULL },
		{ "two-list spares a page once for the access that brought it",
		  test_two_list_second_chance, NULL, NULL, NULL },
		{ "a refault is near when the active list is as long as its distance",
		  test_two_list_far_refault, NULL, NULL, NULL },
		{ "each priority frees a batch of its own", test_two_list_batch, NULL, NULL, NULL },
		{ "a round begins behind the group where the last one broke off",
		  test_two_list_child_groups, NULL, NULL, NULL },
		{ "two-list deactivates by statistics that are late and count others' pages",
		  test_two_list_statistics, NULL, NULL, NULL },
		{ "reading the statistics makes them fresh", test_two_list_flush, NULL, NULL,
		  NULL },
		{ "a page written to a disk stays in the swap cache until a scan frees it",
		  test_two_list_async_write, NULL, NULL, NULL },
		{ "lru hits exactly where the cache policy lru does", test_lru_equals_policy, NULL,
		  NULL, NULL },
		{ "a DMA keeps no page in memory unless told so", test_dma_does_not_refresh, NULL,
		  NULL, NULL },
		{ "age takes a page at exactly its age", test_age, NULL, NULL, NULL },
		{ "a page that was waited for is as old as its arrival", test_age_after_arrival,
		  NULL, NULL, NULL },
		{ "age takes no more than its rate", test_age_rate, NULL, NULL, NULL },
		{ "age knows times to the nanosecond over years", test_age_over_years, NULL, NULL,
		  NULL },
		{ "a rate keeps the order of pages idle for months", test_age_rate_over_years, NULL,
		  NULL, NULL },
		{ "psi reclaims by how far pressure is below target", test_psi, NULL, NULL, NULL },
		{ "mglru takes the oldest generation that no walk found accessed",
		  test_mglru_generations, NULL, NULL, NULL },
		{ "every kind of reclaim follows a limit down and up", test_limit_schedule, NULL,
		  NULL, NULL },
		{ "a falling limit takes the time of its scans", test_limit_takes_time, NULL, NULL,
		  NULL },
		{ "what is used before reclaim gets there counts as used", test_limit_sees_touches,
		  NULL, NULL, NULL },
		{ "a limit that is withdrawn leaves no page isolated", test_limit_withdrawn, NULL,
		  NULL, NULL },
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reclaim", tests, NULL, NULL);
}
