// SPDX-License-Identifier: MIT
/*
 * Host memory whatever reclaims it: pages under way, pins, readahead, pools of
 * VMs, and every invariant on random events for every kind of reclaim.
 */
#include "base/embedded.h"
#include "base/rng.h"
#include "sim/reclaim.h"
#include "t/hostmem-help.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static void test_index(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=lru", "memory.index_ppm=10%",
						NULL };
	const struct hostmem_config c = config(1000, 1000, settings);
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 1000; i++)
		touch(&o, i);
	assert_int_equal(hostmem_counts(o.h)->resident, 900);
	hostmem_set_limit(o.h, 500, at_start);
	assert_int_equal(hostmem_counts(o.h)->resident, 400);
	host_free(&o);
}

/* ---- pages under way ---- */

struct log {
	char text[256];
	size_t n;
	uint32_t slot; /* of the last swap_out */
};

static void log_add(struct log *l, char what, uint32_t page)
{
	if (l->n + 3 < sizeof(l->text)) {
		l->text[l->n++] = what;
		l->text[l->n++] = (char)('0' + page);
		l->text[l->n] = 0;
	}
}

static void on_set(void *ctx, uint32_t page, struct ns now)
{
	(void)now;
	log_add(ctx, 's', page);
}

static void on_clear(void *ctx, uint32_t page, struct ns now)
{
	(void)now;
	log_add(ctx, 'c', page);
}

static void on_drain(void *ctx, uint32_t page, struct ns now)
{
	(void)now;
	log_add(ctx, 'd', page);
}

static void on_unmap(void *ctx, uint32_t page, struct ns now)
{
	(void)now;
	log_add(ctx, 'u', page);
}

static void on_out(void *ctx, uint32_t page, uint32_t slot, struct ns now)
{
	struct log *l = ctx;
	(void)now;
	l->slot = slot;
	log_add(l, 'w', page);
}

static void on_in(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now)
{
	(void)slot, (void)now;
	log_add(ctx, is_readahead ? 'a' : 'r', page);
}

static struct hostmem_hooks hooks_of(struct log *l)
{
	return (struct hostmem_hooks){ l, on_set, on_clear, on_drain, on_unmap, on_out, on_in };
}

static void test_reclaim_order(void **state)
{
	(void)state;
	struct log l = {};
	const struct hostmem_hooks hooks = hooks_of(&l);
	const struct hostmem_config c = config(2, 1, lru_plain);
	struct host o = host_new(&c, &hooks);
	touch(&o, 0);
	touch(&o, 1);
	touch(&o, 0);
	/* a place is made before the page that needs it comes */
	assert_string_equal(l.text, "s0c0d0u0w0s1c1d1u1w1r0s0");
	host_free(&o);
}

static void test_join_and_take_back(void **state)
{
	(void)state;
	struct log l = {};
	const struct hostmem_hooks hooks = hooks_of(&l);
	struct hostmem_config c = config(2, 1, lru_plain);
	c.is_instant = false;
	struct host o = host_new(&c, &hooks);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	touch(&o, 0);
	touch(&o, 1);
	assert_string_equal(states(&o, 2), "OR");
	const uint32_t slot = l.slot;

	/* still in memory: no read; the late news of its write means nothing */
	assert_int_equal(touch(&o, 0), TOUCH_MINOR);
	assert_string_equal(states(&o, 2), "RO");
	hostmem_written(o.h, 0, slot, at_start);
	assert_string_equal(states(&o, 2), "RO");
	hostmem_written(o.h, 1, l.slot, at_start);
	assert_string_equal(states(&o, 2), "RS");

	/* one read, whoever comes while it lasts */
	assert_int_equal(touch(&o, 1), TOUCH_MAJOR);
	assert_int_equal(touch(&o, 1), TOUCH_JOIN);
	assert_int_equal(hostmem_touch(o.h, 1, TOUCH_DMA, true, at_start), TOUCH_JOIN);
	assert_string_equal(states(&o, 2), "OI");
	assert_false(hostmem_is_mapped(o.h, 1));
	hostmem_arrived(o.h, 1, at_start);
	assert_string_equal(states(&o, 2), "OR");
	assert_true(hostmem_is_mapped(o.h, 1));
	assert_int_equal(n->swap_in, 1);
	assert_int_equal(n->joined, 2);
	host_free(&o);
}

/* ---- pins ---- */

static void test_waiting_is_use(void **state)
{
	(void)state;
	struct hostmem_config c = config(3, 3, lru_plain);
	c.is_instant = false;
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 3; i++)
		touch(&o, i);
	hostmem_set_limit(o.h, 1, at_start);
	for (uint32_t i = 0; i < 2; i++)
		hostmem_written(o.h, i, i, at_start);
	hostmem_set_limit(o.h, 3, at_start);

	const struct ns asked = { NS_PER_SEC }, come = { 2 * NS_PER_SEC },
			later = { 5 * NS_PER_SEC };
	const uint64_t age_ns = later.v - come.v, unit_ns = UINT64_C(1) << 20;
	assert_int_equal(hostmem_touch(o.h, 0, TOUCH_CPU, false, asked), TOUCH_MAJOR);
	assert_int_equal(hostmem_touch(o.h, 1, TOUCH_DMA, false, asked), TOUCH_MAJOR);
	hostmem_arrived(o.h, 0, come);
	hostmem_arrived(o.h, 1, come);
	assert_in_range(hostmem_cpu_age_ns(o.h, 0, later), age_ns - unit_ns, age_ns + unit_ns);
	assert_int_equal(hostmem_cpu_age_ns(o.h, 1, later), UINT64_MAX);
	host_free(&o);
}

static void test_pins_stay(void **state)
{
	(void)state;
	const struct hostmem_config c = config(4, 2, lru_plain);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	assert_int_equal(hostmem_pin(o.h, 0, at_start), TOUCH_FIRST);
	for (uint32_t i = 1; i < 4; i++)
		touch(&o, i);
	assert_string_equal(states(&o, 4), "rSSR");

	/* a pin of a swapped page brings it in; it counts as no fault */
	assert_int_equal(hostmem_pin(o.h, 1, at_start), TOUCH_MAJOR);
	assert_string_equal(states(&o, 4), "rrSS");
	assert_int_equal(n->pin_swap_in, 1);
	assert_int_equal(n->major[TOUCH_CPU] + n->major[TOUCH_DMA], 0);

	/* no room is left: overflow is told, and ends when a pin does */
	touch(&o, 2);
	assert_string_equal(states(&o, 4), "rrRS");
	assert_int_equal(n->overflow, 1);
	hostmem_unpin(o.h, 0, at_start);
	assert_int_equal(n->overflow, 0);
	assert_int_equal(n->overflow_max, 1);
	assert_int_equal(n->resident, 2);
	assert_int_equal(n->pinned, 1);
	host_free(&o);
}

static void test_pin_on_arrival(void **state)
{
	(void)state;
	struct hostmem_config c = config(3, 1, lru_plain);
	c.is_instant = false;
	struct log l = {};
	const struct hostmem_hooks hooks = hooks_of(&l);
	struct host o = host_new(&c, &hooks);
	touch(&o, 0);
	touch(&o, 1);
	hostmem_written(o.h, 0, l.slot, at_start);
	assert_int_equal(hostmem_pin(o.h, 0, at_start), TOUCH_MAJOR);
	assert_false(hostmem_is_pinned(o.h, 0)); /* PINNED => RESIDENT */
	assert_int_equal(hostmem_pin(o.h, 0, at_start), TOUCH_JOIN);
	hostmem_arrived(o.h, 0, at_start);
	assert_string_equal(states(&o, 3), "rOA");
	hostmem_unpin(o.h, 0, at_start);
	assert_string_equal(states(&o, 3), "ROA");
	assert_int_equal(hostmem_counts(o.h)->pinned, 0);
	host_free(&o);
}

/* ---- readahead ---- */

static void test_readahead(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=lru", "memory.readahead=8", NULL };
	const struct hostmem_config c = config(32, 32, settings);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 32; i++)
		touch(&o, i);
	hostmem_set_limit(o.h, 16, at_start);
	hostmem_set_limit(o.h, 32, at_start);
	/* pages 0..15 lie in slots 0..15; the first window is 8, aligned: slots 8..15 */
	assert_int_equal(touch(&o, 10), TOUCH_MAJOR);
	assert_string_equal(states(&o, 17), "SSSSSSSSRRRRRRRRR");
	assert_int_equal(n->readahead, 7);
	assert_int_equal(n->swap_cache, 7);
	assert_int_equal(touch(&o, 11), TOUCH_MINOR);
	assert_int_equal(touch(&o, 11), TOUCH_HIT);
	assert_int_equal(n->readahead_hits, 1);
	/* one hit since: 1 + 2, rounded up to 4: slots 0..3 */
	assert_int_equal(touch(&o, 2), TOUCH_MAJOR);
	assert_string_equal(states(&o, 8), "RRRRSSSS");
	/* none since, and no neighbour: 1, but never less than half of the last */
	assert_int_equal(touch(&o, 6), TOUCH_MAJOR);
	assert_string_equal(states(&o, 8), "RRRRSSRR");
	host_free(&o);
}

static void test_clean_page_is_not_written_again(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=lru", "memory.readahead=8", NULL };
	const struct hostmem_config c = config(8, 8, settings);
	struct host o = host_new(&c, NULL);
	const struct hostmem_counts *n = hostmem_counts(o.h);
	for (uint32_t i = 0; i < 8; i++)
		touch(&o, i);
	hostmem_set_limit(o.h, 1, at_start);
	hostmem_set_limit(o.h, 8, at_start);
	touch(&o, 0);
	assert_int_equal(n->swap_out, 7);
	hostmem_set_limit(o.h, 2, at_start);
	/* 7 was the oldest and is written; the six that nobody asked for are dropped but one */
	assert_int_equal(n->swap_out, 8);
	assert_int_equal(n->dropped_clean, 5);
	host_free(&o);
}

enum { RANDOM_PAGES = 700, RANDOM_EVENTS = 30000 };

/* Reads and writes under way, to be ended in any order. */
struct flight {
	struct {
		uint32_t page, slot;
		bool is_read;
	} of[1 << 16];
	size_t n;
	uint64_t pae_set, pae_clear;
};

static void fly_set(void *ctx, uint32_t page, struct ns now)
{
	(void)page, (void)now;
	((struct flight *)ctx)->pae_set++;
}

static void fly_clear(void *ctx, uint32_t page, struct ns now)
{
	(void)page, (void)now;
	((struct flight *)ctx)->pae_clear++;
}

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
	(void)is_readahead;
	fly_out(ctx, page, slot, now);
	((struct flight *)ctx)->of[((struct flight *)ctx)->n - 1].is_read = true;
}

static void land(struct hostmem *h, struct flight *f, size_t i, struct ns now)
{
	const uint32_t page = f->of[i].page, slot = f->of[i].slot;
	const bool is_read = f->of[i].is_read;
	f->of[i] = f->of[--f->n];
	if (is_read)
		hostmem_arrived(h, page, now);
	else
		hostmem_written(h, page, slot, now);
}

static void random_event(struct hostmem *h, struct rng *rng, struct flight *f, struct ns now)
{
	/* the square makes low pages hot */
	const uint64_t x = rng_below(rng, RANDOM_PAGES), y = rng_below(rng, RANDOM_PAGES);
	const uint32_t page = (uint32_t)(x * y / RANDOM_PAGES);
	const uint64_t dice = rng_below(rng, 1000);

	if (dice < 850)
		hostmem_touch(h, page, dice & 1 ? TOUCH_CPU : TOUCH_DMA, dice & 2, now);
	else if (dice < 890)
		hostmem_pin(h, page, now);
	else if (dice < 960)
		hostmem_unpin(h, page, now);
	else if (dice < 965)
		hostmem_set_limit(h, 1 + rng_below(rng, RANDOM_PAGES), now);
	else if (dice < 970)
		hostmem_populate(h, page, now);
	else
		hostmem_tick(h, now);
	while (f->n && rng_below(rng, 3))
		land(h, f, rng_below(rng, f->n), now);
}

static void run_random(const char *kind, uint64_t seed)
{
	char choice[64];
	snprintf(choice, sizeof(choice), "memory.reclaim=%s", kind);
	const char *const settings[] = {
		choice,
		seed & 1 ? "memory.readahead=8" : "memory.readahead=1",
		seed & 2 ? "memory.dma_sets_accessed=yes" : "memory.dma_sets_accessed=no",
		seed & 4 ? "memory.writeback_async=no" : "memory.writeback_async=yes",
		seed & 8 ? "memory.slot_writers=3" : "memory.slot_writers=1",
		"memory.age=2ms",
		"memory.stat_period=1ms",
		"memory.generation=1ms",
		"memory.psi_period=5ms",
		NULL
	};
	static struct flight flight;
	flight = (struct flight){};
	const struct hostmem_hooks hooks = { .ctx = &flight,
					     .pae_set = fly_set,
					     .pae_clear = fly_clear,
					     .swap_in = seed & 16 ? fly_in : NULL,
					     .swap_out = seed & 16 ? fly_out : NULL };
	struct hostmem_config c = config(RANDOM_PAGES, RANDOM_PAGES / 2, settings);
	c.vm_pages = 1000;
	c.is_instant = !(seed & 16);
	struct host o = host_new(&c, &hooks);
	struct rng rng;
	struct err e = {};
	rng_init(&rng, seed, kind);
	for (uint64_t i = 0; i < RANDOM_EVENTS; i++) {
		random_event(o.h, &rng, &flight, (struct ns){ i * 10 * NS_PER_US });
		if (i % 64 == 0 && hostmem_check(o.h, &e))
			fail_msg("%s, seed %llu, event %llu: %s", kind, (unsigned long long)seed,
				 (unsigned long long)i, e.msg);
	}
	const struct hostmem_counts *n = hostmem_counts(o.h);
	/* what is mapped is what was mapped and not unmapped */
	assert_int_equal(flight.pae_set - flight.pae_clear, n->resident - n->swap_cache);
	assert_true(n->absent >= 300);
	assert_true(n->swap_out > 0);
	host_free(&o);
}

static void test_random(void **state)
{
	(void)state;
	static const char *const kinds[] = { "lru", "clock", "two-list", "mglru", "age", "psi" };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (uint64_t seed = 0; seed < 32; seed++)
			run_random(kinds[k], seed);
}

/* What each invariant is for: one thing broken at a time is told. */
static void test_audit(void **state)
{
	(void)state;
	const struct hostmem_config c = config(4, 2, lru_plain);
	struct host o = host_new(&c, NULL);
	struct err e = {};
	for (uint32_t i = 0; i < 4; i++)
		touch(&o, i);
	assert_string_equal(states(&o, 4), "SSRR");
	const struct {
		uint32_t page, flags;
	} wrong[] = {
		{ 0, PAGE_PINNED }, { 0, PAGE_MAPPED }, { 0, PAGE_LISTED },
		{ 2, PAGE_PINNED }, { 2, PAGE_MAPPED }, { 2, HOSTMEM_RESIDENT },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		o.h->pages[wrong[i].page].flags ^= wrong[i].flags;
		assert_int_equal(hostmem_check(o.h, &e), ERR_BUG);
		o.h->pages[wrong[i].page].flags ^= wrong[i].flags;
	}
	uint64_t *const counters[] = { &o.h->n.absent, &o.h->n.resident, &o.h->n.pinned,
				       &o.h->n.swap_cache };
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		++*counters[i];
		assert_int_equal(hostmem_check(o.h, &e), ERR_BUG);
		--*counters[i];
	}
	o.h->limit = 1; /* without the overflow being told */
	assert_int_equal(hostmem_check(o.h, &e), ERR_BUG);
	o.h->limit = 2;
	host_free(&o);
}

/* ---- several VMs ---- */

static void test_pool_shares(void **state)
{
	(void)state;
	const struct hostmem_config c = config(300, 300, lru_plain);
	struct host a = host_new(&c, NULL), b = host_new(&c, NULL);
	struct arena arena = {};
	struct hostmem_pool *pool;
	struct err e = {};
	assert_int_equal(hostmem_pool_new(400, 2, &arena, &pool, &e), 0);
	assert_int_equal(hostmem_pool_join(pool, a.h, &e), 0);
	assert_int_equal(hostmem_pool_join(pool, b.h, &e), 0);
	for (uint32_t i = 0; i < 300; i++)
		touch(&a, i);
	for (uint32_t i = 0; i < 100; i++)
		touch(&b, i);
	assert_int_equal(hostmem_counts(a.h)->resident, 300);

	/* from here on each page of b costs a page of the pool: three of a for one of b at
	 * first, and as b grows in proportion */
	for (uint32_t i = 100; i < 140; i++)
		touch(&b, i);
	assert_int_equal(hostmem_pool_charged(pool), 400);
	assert_in_range(300 - hostmem_counts(a.h)->resident, 28, 31);

	/* pins of a shift the burden to b */
	for (uint32_t i = 0; i < 300; i++)
		hostmem_pin(a.h, i, at_start);
	assert_int_equal(hostmem_counts(a.h)->resident, 300);
	assert_int_equal(hostmem_counts(b.h)->resident, 100);
	hostmem_pool_set_limit(pool, 350, at_start);
	assert_int_equal(hostmem_counts(b.h)->resident, 50);
	assert_int_equal(hostmem_pool_charged(pool), 350);
	assert_int_equal(hostmem_pool_join(pool, a.h, &e), ERR_USAGE);
	host_free(&a);
	host_free(&b);
	arena_deinit(&arena);
}

/* A VM alone in a pool of n pages is a VM with a limit of n pages. */
static void test_pool_of_one(void **state)
{
	(void)state;
	static const char *const kinds[] = { "lru", "clock", "two-list", "mglru" };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		char choice[64];
		snprintf(choice, sizeof(choice), "memory.reclaim=%s", kinds[k]);
		const char *const settings[] = { choice, NULL };
		const struct hostmem_config limited = config(500, 300, settings);
		const struct hostmem_config pooled = config(500, 500, settings);
		struct host a = host_new(&limited, NULL), b = host_new(&pooled, NULL);
		struct arena arena = {};
		struct hostmem_pool *pool;
		struct rng rng;
		struct err e = {};
		rng_init(&rng, k, "pool");
		assert_int_equal(hostmem_pool_new(300, 1, &arena, &pool, &e), 0);
		assert_int_equal(hostmem_pool_join(pool, b.h, &e), 0);
		for (uint64_t i = 0; i < 20000; i++) {
			const uint32_t page =
				(uint32_t)(rng_below(&rng, 500) * rng_below(&rng, 500) / 500);
			const struct ns now = { i * NS_PER_MS };
			assert_int_equal(hostmem_touch(a.h, page, TOUCH_CPU, false, now),
					 hostmem_touch(b.h, page, TOUCH_CPU, false, now));
		}
		host_free(&a);
		host_free(&b);
		arena_deinit(&arena);
	}
}

static void test_none(void **state)
{
	(void)state;
	static const char *const settings[] = { "memory.reclaim=none", NULL };
	const struct hostmem_config c = config(10, 5, settings);
	struct host o = host_new(&c, NULL);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(touch(&o, i), TOUCH_FIRST);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(touch(&o, i), TOUCH_HIT);
	assert_int_equal(hostmem_counts(o.h)->overflow, 5);
	host_free(&o);
}

static void test_memory(void **state)
{
	(void)state;
	for (int reclaim = RECLAIM_NONE; reclaim <= RECLAIM_PSI; reclaim++) {
		struct hostmem_config c = config(1 << 20, 1 << 19, (const char *const[]){ NULL });
		c.reclaim = reclaim;
		struct host o = host_new(&c, NULL);
		/* 24 bytes a page; fixed parts and a cluster of slots are less than 64 KiB */
		assert_true(o.arena.total_bytes <= (size_t)24 * c.npages + 65536);
		host_free(&o);
	}
	/* with 2 MiB backing, four more for 512 */
	static const char *const huge[] = { "memory.huge=split", NULL };
	const struct hostmem_config c2 = config(1 << 20, 1 << 19, huge);
	struct host o = host_new(&c2, NULL);
	assert_true(o.arena.total_bytes <= (size_t)24 * c2.npages + c2.npages / 128 + 65536);
	host_free(&o);
}

static void test_host_profile(void **state)
{
	(void)state;
	static const char name[] = "sim/profiles/host-linux-6.18.ini";
	const char *text = embedded_text(name);
	struct hostmem_config c;
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct err e = {};
	assert_non_null(text);
	assert_int_equal(param_set_add(&s, hostmem_params, hostmem_nparams, &c, &e), 0);
	if (param_read_text(&s, name, text, strlen(text), PARAM_PROFILE, &e))
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < s.n; i++) {
		const struct param_entry *p = &s.entries[i];
		if (p->file && p->param->type != PARAM_CHOICE &&
		    (p->kind < PARAM_SPEC || !*p->source))
			fail_msg("%s: %s has no kind or no source", p->origin, p->param->name);
	}
	assert_int_equal(c.reclaim, RECLAIM_TWO_LIST);
	/* 64 entries a node of 576 bytes: 7 nodes a page */
	assert_int_equal(c.index_ppm, 1000000 / (64 * 7));
	arena_deinit(&a);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		uint64_t vm_pages, limit, huge, readahead;
		const char *text;
	} bad[] = {
		{ 5, 10, 0, 1, "expected more memory" },
		{ 10, 0, 0, 1, "leaves the VM no memory" },
		{ 10, 10, 1, 1, "no number of 2 MiB pages" },
		{ 10, 10, 0, 6, "expected a power of two" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hostmem_config c = config(10, bad[i].limit, NULL);
		struct arena a = {};
		struct hostmem *h;
		struct err e = {};
		c.vm_pages = bad[i].vm_pages;
		c.huge = (int)bad[i].huge;
		c.readahead_pages = bad[i].readahead;
		assert_int_equal(hostmem_new(&c, NULL, &a, &h, &e), ERR_USAGE);
		assert_non_null(strstr(e.msg, bad[i].text));
		arena_deinit(&a);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "tables of the host take their share of the limit", test_index, NULL, NULL,
		  NULL },
		{ "reclaim clears PAE, drains, unmaps, then writes", test_reclaim_order, NULL, NULL,
		  NULL },
		{ "a second fault joins, and a page on its way out is taken back",
		  test_join_and_take_back, NULL, NULL, NULL },
		{ "who waited for a page uses it when it arrives", test_waiting_is_use, NULL, NULL,
		  NULL },
		{ "pinned pages stay, count against the limit, and overflow is told",
		  test_pins_stay, NULL, NULL, NULL },
		{ "a pin of a swapped page holds from its arrival on", test_pin_on_arrival, NULL,
		  NULL, NULL },
		{ "readahead brings the aligned window and adapts to hits", test_readahead, NULL,
		  NULL, NULL },
		{ "what readahead brought in vain is dropped without a write",
		  test_clean_page_is_not_written_again, NULL, NULL, NULL },
		{ "no random history of events breaks an invariant", test_random, NULL, NULL,
		  NULL },
		{ "each broken invariant is told", test_audit, NULL, NULL, NULL },
		{ "a full pool takes from its VMs in proportion, but no pinned page",
		  test_pool_shares, NULL, NULL, NULL },
		{ "a pool of one VM is a limit", test_pool_of_one, NULL, NULL, NULL },
		{ "without reclaim the limit is only reported", test_none, NULL, NULL, NULL },
		{ "a page costs 24 bytes", test_memory, NULL, NULL, NULL },
		{ "the host profile is read, and each of its numbers has a source",
		  test_host_profile, NULL, NULL, NULL },
		{ "impossible configurations are refused with a sentence", test_refused, NULL, NULL,
		  NULL },
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hostmem", tests, NULL, NULL);
}
