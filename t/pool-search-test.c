// SPDX-License-Identifier: MIT
/*
 * The search for what may be taken from each VM of a pool, on functions that are
 * known: a shared resource of a size that it is not told, against every choice.
 */
#include "base/rng.h"
#include "replay/pool-search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { VMS = 5, LEVELS = 5 };

struct world {
	size_t nvms;
	unsigned top[VMS];
	uint64_t bytes[VMS * LEVELS], load[VMS * LEVELS];
	uint64_t room;      /* of what they share */
	unsigned fails_at;  /* this VM is hurt whatever is taken; VMS: none is */
	unsigned most_open; /* batches that were larger are counted here */
	unsigned tries;
};

static bool fits(const struct world *w, const unsigned *levels)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < w->nvms; i++)
		sum += w->load[i * LEVELS + levels[i]];
	return sum <= w->room;
}

/* The VM that asks for most is the one that is hurt. */
static int try(void *ctx, const unsigned *levels, size_t n, int *wrong, struct err *e)
{
	struct world *w = ctx;
	(void)e;
	w->tries += (unsigned)n;
	w->most_open = n > w->most_open ? (unsigned)n : w->most_open;
	for (size_t c = 0; c < n; c++) {
		const unsigned *own = &levels[c * w->nvms];
		size_t most = 0;
		for (size_t i = 0; i < w->nvms; i++) {
			assert_in_range(own[i], 0, w->top[i]);
			wrong[c * w->nvms + i] = i == w->fails_at ? 7 : POOL_WELL;
			if (w->load[i * LEVELS + own[i]] > w->load[most * LEVELS + own[most]])
				most = i;
		}
		if (!fits(w, own))
			wrong[c * w->nvms + most] = 3;
	}
	return 0;
}

static struct world draw(uint64_t seed)
{
	struct world w = { .nvms = VMS, .fails_at = VMS };
	struct rng rng;
	uint64_t all = 0;
	rng_init(&rng, seed, "world");
	for (size_t i = 0; i < VMS; i++) {
		w.top[i] = (unsigned)rng_below(&rng, LEVELS);
		for (size_t k = 1; k < LEVELS; k++) {
			w.bytes[i * LEVELS + k] =
				w.bytes[i * LEVELS + k - 1] + 1 + rng_below(&rng, 1000);
			w.load[i * LEVELS + k] = w.load[i * LEVELS + k - 1] + rng_below(&rng, 1000);
		}
		all += w.load[i * LEVELS + w.top[i]];
	}
	w.room = rng_below(&rng, all + all / 4 + 1);
	return w;
}

static struct pool_found search(struct world *w, unsigned batch)
{
	const struct pool_search s = { .nvms = w->nvms,
				       .nlevels = LEVELS,
				       .top = w->top,
				       .bytes = w->bytes,
				       .load = w->load,
				       .batch = batch,
				       .tries_max = 1000,
				       .try = try,
				       .ctx = w };
	struct pool_found f;
	struct err e = {};
	assert_int_equal(pool_search_run(&s, &f, &e), 0);
	return f;
}

static uint64_t bytes_of(const struct world *w, const unsigned *levels)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < w->nvms; i++)
		sum += w->bytes[i * LEVELS + levels[i]];
	return sum;
}

/* The most that any choice which fits gives. */
static uint64_t best(const struct world *w)
{
	unsigned levels[VMS] = {};
	uint64_t most = 0;
	for (;;) {
		if (fits(w, levels) && bytes_of(w, levels) > most)
			most = bytes_of(w, levels);
		size_t i = 0;
		while (i < w->nvms && levels[i] == w->top[i])
			levels[i++] = 0;
		if (i == w->nvms)
			return most;
		levels[i]++;
	}
}

static void test_against_every_choice(void **state)
{
	(void)state;
	uint64_t found = 0, most = 0;
	unsigned optimal = 0, tries = 0;
	enum { WORLDS = 400 };
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct world w = draw(seed);
		const struct pool_found f = search(&w, 1 + (unsigned)(seed % POOL_BATCH_MAX));
		const uint64_t own = bytes_of(&w, f.levels), limit = best(&w);
		assert_true(f.holds && fits(&w, f.levels));
		assert_true(!f.is_cut && f.tries == w.tries);
		assert_in_range(own, 0, limit);
		for (size_t i = 0; i < VMS; i++) {
			struct pool_found more = f;
			if (f.levels[i] == w.top[i]) {
				assert_int_equal(f.blocked_why[i], POOL_WELL);
				continue;
			}
			more.levels[i]++;
			assert_false(fits(&w, more.levels));
			assert_int_equal(f.blocked_why[i], 3);
		}
		found += own;
		most += limit;
		optimal += own == limit;
		tries += f.tries;
	}
	/* of what is possible at all */
	assert_in_range(found * 1000 / most, 970, 1000);
	assert_in_range(optimal * 100 / WORLDS, 60, 100);
	assert_in_range(tries / WORLDS, 1, 30);
}

static void test_room_for_all(void **state)
{
	(void)state;
	struct world w = draw(3);
	w.room = UINT64_MAX;
	const struct pool_found f = search(&w, 4);
	assert_true(f.holds);
	assert_memory_equal(f.levels, w.top, sizeof(w.top));
	assert_int_equal(f.tries, 1);
}

static void test_no_choice(void **state)
{
	(void)state;
	struct world w = draw(3);
	w.fails_at = 2;
	const struct pool_found f = search(&w, 4);
	assert_false(f.holds);
	assert_int_equal(f.wrong_at_top[2], 7);
	for (size_t i = 0; i < VMS; i++)
		assert_int_equal(f.levels[i], 0);
	assert_int_equal(f.tries, 2);
}

/* The same VMs in another order: the same levels of each. */
static void test_order_of_vms(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct world w = draw(seed), other = w;
		for (size_t i = 0; i < VMS; i++) {
			const size_t to = (i + 2) % VMS;
			other.top[to] = w.top[i];
			memcpy(&other.bytes[to * LEVELS], &w.bytes[i * LEVELS],
			       LEVELS * sizeof(*w.bytes));
			memcpy(&other.load[to * LEVELS], &w.load[i * LEVELS],
			       LEVELS * sizeof(*w.load));
		}
		const struct pool_found f = search(&w, 3), g = search(&other, 3);
		for (size_t i = 0; i < VMS; i++)
			assert_int_equal(f.levels[i], g.levels[(i + 2) % VMS]);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	struct world w = draw(9);
	w.room /= 2;
	(void)search(&w, 4);
	assert_in_range(w.most_open, 1, 4);

	struct world none = draw(9);
	memset(none.top, 0, sizeof(none.top));
	const struct pool_found f = search(&none, 4);
	assert_true(f.holds);
	assert_int_equal(f.tries, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_every_choice),
		cmocka_unit_test(test_room_for_all),
		cmocka_unit_test(test_no_choice),
		cmocka_unit_test(test_order_of_vms),
		cmocka_unit_test(test_bounds),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
