// SPDX-License-Identifier: MIT
/*
 * 2 MiB backing: what comes and goes as one, what splits, and every invariant
 * on random events for every kind of reclaim.
 */
#include "base/rng.h"
#include "t/hostmem-help.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

enum { HUGE = HOSTMEM_HUGE_PAGES };

static const char *const whole_lru[] = { "memory.reclaim=lru", "memory.huge=whole", NULL };
static const char *const split_lru[] = { "memory.reclaim=lru", "memory.readahead=1",
					 "memory.huge=split", NULL };

struct calls {
	uint64_t set, clear, in, out;
};

static void on_set(void *ctx, uint32_t page, struct ns now)
{
	(void)page, (void)now;
	((struct calls *)ctx)->set++;
}

static void on_clear(void *ctx, uint32_t page, struct ns now)
{
	(void)page, (void)now;
	((struct calls *)ctx)->clear++;
}

static void on_out(void *ctx, uint32_t page, uint32_t slot, struct ns now)
{
	(void)page, (void)slot, (void)now;
	((struct calls *)ctx)->out++;
}

static void on_in(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now)
{
	(void)page, (void)slot, (void)is_readahead, (void)now;
	((struct calls *)ctx)->in++;
}

static struct hostmem_hooks hooks_of(struct calls *c)
{
	return (struct hostmem_hooks){ .ctx = c,
				       .pae_set = on_set,
				       .pae_clear = on_clear,
				       .swap_out = on_out,
				       .swap_in = on_in };
}

/* Room for n of n + 1: under LRU every touch in turn but the first round faults. */
static void one_fault_brings_all_of_a_whole_page(void **state)
{
	enum { REGIONS = 3, ROUNDS = 5 };
	(void)state;
	struct calls calls = {};
	const struct hostmem_hooks hooks = hooks_of(&calls);
	const struct hostmem_config c = config(REGIONS * HUGE, (REGIONS - 1) * HUGE, whole_lru);
	struct host o = host_new(&c, &hooks);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < REGIONS * ROUNDS; i++) {
		const uint32_t page = i % REGIONS * HUGE + 37 * i % HUGE;
		assert_int_equal(touch(&o, page), i < REGIONS ? TOUCH_FIRST : TOUCH_MAJOR);
		/* all the others of it are there, and mapped */
		assert_int_equal(touch(&o, page ^ 1), TOUCH_HIT);
		assert_int_equal(touch(&o, page / HUGE * HUGE), TOUCH_HIT);
	}
	const uint64_t faults = REGIONS * (ROUNDS - 1);
	assert_int_equal(n->first, REGIONS);
	assert_int_equal(n->major[TOUCH_CPU], faults);
	assert_int_equal(n->swap_in, faults * HUGE);
	assert_int_equal(n->swap_out, (faults + 1) * HUGE);
	assert_int_equal(n->split_pages, 0);
	assert_int_equal(n->resident, (REGIONS - 1) * HUGE);
	/* the device's table has an entry for all of it */
	assert_int_equal(calls.set, REGIONS + faults);
	assert_int_equal(calls.clear, 1 + faults);
	assert_int_equal(calls.in, faults);
	assert_int_equal(calls.out, 1 + faults);
	host_free(&o);
}

static void a_page_that_splits_comes_back_in_pieces(void **state)
{
	(void)state;
	struct calls calls = {};
	const struct hostmem_hooks hooks = hooks_of(&calls);
	const struct hostmem_config c = config(3 * HUGE, 2 * HUGE, split_lru);
	struct host o = host_new(&c, &hooks);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 3; i++)
		touch(&o, i * HUGE);
	assert_int_equal(n->split_pages, HUGE);
	assert_int_equal(n->swapped[HOSTMEM_SSD], HUGE);
	assert_int_equal(n->resident, 2 * HUGE);
	/* a small page each, for which the oldest large one splits */
	assert_int_equal(touch(&o, 7), TOUCH_MAJOR);
	assert_int_equal(touch(&o, 8), TOUCH_MAJOR);
	assert_int_equal(touch(&o, 7), TOUCH_HIT);
	assert_int_equal(n->swap_in, 2);
	assert_int_equal(n->split_pages, 2 * HUGE);
	assert_int_equal(n->resident, HUGE + 2);
	/* small ones leave for themselves: room for 510 of 512, then page 8, 7 was used since */
	for (uint32_t i = 0; i < HUGE - 1; i++)
		assert_int_equal(touch(&o, HUGE + i), TOUCH_MAJOR);
	assert_int_equal(n->split_pages, 3 * HUGE);
	/* an entry a page in the device's table */
	assert_int_equal(calls.set - calls.clear, n->resident);
	assert_int_equal(calls.set, 3 * HUGE + 2 + HUGE - 1);
	host_free(&o);
}

static void a_read_serves_all_who_wait_for_a_page_of_it(void **state)
{
	(void)state;
	struct hostmem_config c = config(2 * HUGE, HUGE, whole_lru);
	c.is_instant = false;
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	touch(&o, 0);
	touch(&o, HUGE);
	assert_int_equal(hostmem_page_state(o.h, 5), HOSTMEM_OUT);
	hostmem_written(o.h, 0, 0, at_start);
	assert_int_equal(hostmem_page_state(o.h, 5), HOSTMEM_SWAPPED);

	const struct ns now = { 9 * NS_PER_SEC };
	uint32_t npages;
	assert_int_equal(hostmem_touch(o.h, 5, TOUCH_DMA, true, now), TOUCH_MAJOR);
	assert_int_equal(hostmem_touch(o.h, 6, TOUCH_CPU, true, now), TOUCH_JOIN);
	assert_int_equal(hostmem_pin(o.h, 8, now), TOUCH_JOIN);
	assert_int_equal(n->in, HUGE);
	assert_int_equal(hostmem_unit(o.h, 5, &npages), 0);
	assert_int_equal(npages, HUGE);
	hostmem_arrived(o.h, 5, now);
	assert_int_equal(n->in, 0);
	assert_true(hostmem_is_mapped(o.h, 500));
	assert_true(hostmem_is_pinned(o.h, 8));
	assert_int_equal(n->pinned, 1);
	assert_int_equal(hostmem_cpu_age_ns(o.h, 6, now), 0);
	assert_int_equal(hostmem_cpu_age_ns(o.h, 5, now), UINT64_MAX);
	host_free(&o);
}

static void a_pin_keeps_the_large_page_around_it(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 2; mode++) {
		const struct hostmem_config c =
			config(3 * HUGE, HUGE, mode ? split_lru : whole_lru);
		struct host o = host_new(&c, NULL);
		const struct hostmem_counts *n = hostmem_counts(o.h);
		hostmem_pin(o.h, 3, at_start);
		hostmem_pin(o.h, 4, at_start);
		touch(&o, HUGE);
		assert_int_equal(n->pinned, 2);
		assert_int_equal(n->overflow, HUGE);
		assert_int_equal(n->swap_out, 0);
		touch(&o, 2 * HUGE);
		assert_int_equal(n->swap_out, HUGE);
		assert_true(hostmem_is_mapped(o.h, 0));
		hostmem_unpin(o.h, 3, at_start);
		assert_true(hostmem_is_mapped(o.h, 0));
		hostmem_unpin(o.h, 4, at_start);
		/* one of the two goes: the older one */
		assert_int_equal(n->overflow, 0);
		assert_int_equal(n->resident, HUGE);
		host_free(&o);
	}
}

/* ---- random histories ---- */

struct flight {
	struct calls calls; /* first: the hooks above count */
	struct {
		uint32_t page, slot;
		bool is_read;
	} of[1 << 16];
	size_t n;
};

static void fly_out(void *ctx, uint32_t page, uint32_t slot, struct ns now)
{
	struct flight *f = ctx;
	(void)now;
	assert_true(f->n < sizeof(f->of) / sizeof(f->of[0]));
	f->of[f->n].page = page;
	f->of[f->n].slot = slot;
	f->of[f->n++].is_read = false;
}

static void fly_in(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now)
{
	struct flight *f = ctx;
	(void)is_readahead;
	fly_out(ctx, page, slot, now);
	f->of[f->n - 1].is_read = true;
}

static void random_event(struct hostmem *h, uint32_t npages, struct rng *rng, struct flight *f,
			 struct ns now)
{
	const uint64_t x = rng_below(rng, npages), y = rng_below(rng, npages);
	const uint32_t page = (uint32_t)(x * y / npages);
	const uint64_t dice = rng_below(rng, 1000);
	if (dice < 900)
		hostmem_touch(h, page, dice & 1 ? TOUCH_CPU : TOUCH_DMA, false, now);
	else if (dice < 930)
		hostmem_pin(h, page, now);
	else if (dice < 985)
		hostmem_unpin(h, page, now);
	else if (dice < 990)
		hostmem_set_limit(h, 1 + rng_below(rng, npages), now);
	else
		hostmem_tick(h, now);
	while (f->n && rng_below(rng, 8)) {
		const size_t i = rng_below(rng, f->n);
		const uint32_t of = f->of[i].page, slot = f->of[i].slot;
		const bool is_read = f->of[i].is_read;
		f->of[i] = f->of[--f->n];
		if (is_read)
			hostmem_arrived(h, of, now);
		else
			hostmem_written(h, of, slot, now);
	}
}

static void run_random(const char *kind, bool is_whole, uint64_t seed)
{
	enum { PAGES = 8 * HUGE, EVENTS = 3000 };
	char choice[64];
	snprintf(choice, sizeof(choice), "memory.reclaim=%s", kind);
	const char *const settings[] = {
		choice,
		is_whole ? "memory.huge=whole" : "memory.huge=split",
		seed & 1 ? "memory.dma_sets_accessed=yes" : "memory.dma_sets_accessed=no",
		seed & 2 ? "memory.writeback_async=no" : "memory.writeback_async=yes",
		"memory.age=50ms",
		"memory.stat_period=1ms",
		"memory.generation=1ms",
		"memory.psi_period=5ms",
		NULL
	};
	static struct flight flight;
	flight.n = 0;
	flight.calls = (struct calls){};
	const bool is_timed = seed & 4;
	const struct hostmem_hooks hooks = { .ctx = &flight,
					     .pae_set = on_set,
					     .pae_clear = on_clear,
					     .swap_in = is_timed ? fly_in : NULL,
					     .swap_out = is_timed ? fly_out : NULL };
	struct hostmem_config c = config(PAGES, PAGES / 2, settings);
	c.vm_pages = PAGES + 100;
	c.is_instant = !is_timed;
	struct host o = host_new(&c, &hooks);
	struct rng rng;
	struct err e = {};
	rng_init(&rng, seed, kind);
	for (uint64_t i = 0; i < EVENTS; i++) {
		random_event(o.h, PAGES, &rng, &flight, (struct ns){ i * 100 * NS_PER_US });
		if (i % 128 == 0 && hostmem_check(o.h, &e))
			fail_msg("%s, seed %llu, event %llu: %s", kind, (unsigned long long)seed,
				 (unsigned long long)i, e.msg);
	}
	const struct hostmem_counts *n = hostmem_counts(o.h);
	const uint64_t grain = is_whole ? HUGE : 1;
	assert_int_equal((flight.calls.set - flight.calls.clear) * grain,
			 n->resident - n->swap_cache);
	assert_true(n->swap_out > 0);
	assert_true(is_whole == !n->split_pages);
	host_free(&o);
}

static void no_random_history_breaks_an_invariant(void **state)
{
	(void)state;
	static const char *const kinds[] = { "lru", "clock", "two-list", "mglru", "age", "psi" };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (uint64_t seed = 0; seed < 16; seed++)
			run_random(kinds[k], seed & 8, seed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_fault_brings_all_of_a_whole_page),
		cmocka_unit_test(a_page_that_splits_comes_back_in_pieces),
		cmocka_unit_test(a_read_serves_all_who_wait_for_a_page_of_it),
		cmocka_unit_test(a_pin_keeps_the_large_page_around_it),
		cmocka_unit_test(no_random_history_breaks_an_invariant),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
