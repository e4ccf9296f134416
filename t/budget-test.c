// SPDX-License-Identifier: MIT
/* Budgets of a recording hold in any storm, and give back what they took when it is over. */
#include "collect/budget.h"

#include "base/rng.h"
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t tick_ns = 200 * NS_PER_MS;

/* Pages that come at a rate, for a time; each is kept by the share alone. Gives rows kept. */
static uint64_t storm(struct budget *b, struct rng *rng, uint64_t *now_ns, uint64_t per_tick,
		      unsigned ticks)
{
	uint64_t kept = 0;
	for (unsigned t = 0; t < ticks; t++) {
		*now_ns += tick_ns;
		budget_fill(b, *now_ns);
		for (uint64_t i = 0; i < per_tick; i++) {
			if (b->halvings && rng_next(rng) >> (64 - b->halvings))
				continue;
			kept += budget_take(b);
			budget_halve(b);
		}
		budget_judge(b, *now_ns, 0);
	}
	return kept;
}

static void a_storm_is_kept_within_the_rate(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct rng rng;
		struct budget b;
		uint64_t now = seed * NS_PER_SEC;
		rng_init(&rng, seed, "storm");
		budget_init(&b, 1000, 0, now);
		const uint64_t kept = storm(&b, &rng, &now, 100 << seed % 12, 25);
		assert_in_range(kept, 0, 1000 + 25 * 200);
		/* and the budget is used: at least a quarter, where so much came */
		if (seed % 12 > 2)
			assert_true(kept >= 1500);
	}
}

static void all_pages_are_kept_again_after_a_storm(void **state)
{
	struct rng rng;
	struct budget b;
	uint64_t now = 0;
	(void)state;
	rng_init(&rng, 1, "storm");
	budget_init(&b, 1000, 0, now);
	storm(&b, &rng, &now, 50000, 10);
	assert_true(b.halvings >= 5);
	storm(&b, &rng, &now, 10, 100);
	assert_int_equal(b.halvings, 0);
}

static void below_the_rate_nothing_is_left_out(void **state)
{
	struct rng rng;
	struct budget b;
	uint64_t now = 0;
	(void)state;
	rng_init(&rng, 1, "storm");
	budget_init(&b, 1000, 0, now);
	assert_int_equal(storm(&b, &rng, &now, 199, 1000), 199 * 1000);
	budget_init(&b, 0, 0, now);
	assert_int_equal(storm(&b, &rng, &now, 10000, 10), 100000);
}

static void too_much_cpu_halves_the_share_and_spare_cpu_doubles_it(void **state)
{
	struct budget b;
	uint64_t now = 0, cpu = 0;
	(void)state;
	budget_init(&b, 0, 10000, now); /* 1 % */
	for (unsigned i = 0; i < 10; i++)
		budget_judge(&b, now += tick_ns, cpu += tick_ns / 200); /* 0.5 % */
	assert_int_equal(b.halvings, 0);
	for (unsigned i = 0; i < 10; i++)
		budget_judge(&b, now += tick_ns, cpu += tick_ns / 20); /* 5 % */
	assert_in_range(b.halvings, 5, 10);
	for (unsigned i = 0; i < 60; i++)
		budget_judge(&b, now += tick_ns, cpu += tick_ns / 1000); /* 0.1 % */
	assert_int_equal(b.halvings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm_is_kept_within_the_rate),
		cmocka_unit_test(all_pages_are_kept_again_after_a_storm),
		cmocka_unit_test(below_the_rate_nothing_is_left_out),
		cmocka_unit_test(too_much_cpu_halves_the_share_and_spare_cpu_doubles_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
