// SPDX-License-Identifier: MIT
/* Intervals of counts from a sample of pages hold the truth as often as they say. */
#include "base/cluster.h"

#include "base/rng.h"

#include <stdbool.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static void all_pages_kept_is_a_poisson_count(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 2000; n += 37) {
		const struct poisson_interval a = cluster_interval_95(n, 5 * n, 1000000),
					      b = poisson_interval_95(n);
		assert_int_equal(a.low_micro, b.low_micro);
		assert_int_equal(a.high_micro, b.high_micro);
	}
}

static void independent_events_are_a_scaled_poisson_count(void **state)
{
	(void)state;
	const struct poisson_interval a = cluster_interval_95(100, 100, 100000),
				      b = poisson_interval_95(100);
	assert_in_range(a.low_micro, 10 * b.low_micro, 10 * b.low_micro + 10);
	assert_in_range(a.high_micro, 10 * b.high_micro, 10 * b.high_micro + 10);
	/* none seen: fewer than 3 of those kept */
	assert_int_equal(cluster_interval_95(0, 0, 100000).high_micro,
			 10 * poisson_interval_95(0).high_micro);
	/* pages with four events each: half as many standard deviations in the same count */
	const struct poisson_interval c = cluster_interval_95(400, 1600, 1);
	const struct poisson_interval d = poisson_interval_95(100);
	assert_in_range(c.low_micro / 1000000, 4 * d.low_micro - 4, 4 * d.low_micro + 4);
}

static void groups_tell_the_sum_of_squares(void **state)
{
	enum { PAGES = 20000, EACH = 7 };
	(void)state;
	struct cluster c = {};
	for (uint64_t page = 0; page < PAGES; page++)
		for (unsigned k = 0; k < EACH; k++)
			cluster_count(&c, page * 4096 + 17);
	/* a multiplicative hash spreads a grid more evenly than chance: at least the count */
	assert_true(cluster_squares(&c) >= PAGES * EACH);
	struct rng r;
	rng_init(&r, 1, "cluster");
	c = (struct cluster){};
	for (uint64_t page = 0; page < PAGES; page++) {
		const uint64_t number = rng_next(&r);
		for (unsigned k = 0; k < EACH; k++)
			cluster_count(&c, number);
	}
	/* 63 degrees of freedom: within 4 standard deviations */
	const uint64_t truth = (uint64_t)PAGES * EACH * EACH;
	assert_in_range(cluster_squares(&c), truth * 3 / 10, truth * 17 / 10);
}

/* Pages with 1 to 40 faults each, a tenth of them kept: how often is the truth inside? */
static void the_interval_holds_the_truth(void **state)
{
	enum { PAGES = 3000, ROUNDS = 400, KEPT_PPM = 100000 };
	(void)state;
	struct rng r;
	unsigned inside = 0, poisson = 0;
	rng_init(&r, 7, "cluster");
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct cluster c = {};
		uint64_t truth = 0, n = 0;
		for (uint64_t page = 0; page < PAGES; page++) {
			const uint64_t events = 1 + rng_below(&r, 40), number = rng_next(&r);
			const bool is_kept = rng_below(&r, 1000000) < KEPT_PPM;
			truth += events;
			n += is_kept ? events : 0;
			for (uint64_t k = 0; is_kept && k < events; k++)
				cluster_count(&c, number);
		}
		const struct poisson_interval p =
			cluster_interval_95(n, cluster_squares(&c), KEPT_PPM);
		const struct poisson_interval naive = cluster_interval_95(n, n, KEPT_PPM);
		inside += p.low_micro <= truth * 1000000 && truth * 1000000 <= p.high_micro;
		poisson += naive.low_micro <= truth * 1000000 &&
			   truth * 1000000 <= naive.high_micro;
	}
	assert_in_range(inside, ROUNDS * 90 / 100, ROUNDS);
	assert_true(poisson < ROUNDS * 60 / 100); /* without groups it promised too much */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pages_kept_is_a_poisson_count),
		cmocka_unit_test(independent_events_are_a_scaled_poisson_count),
		cmocka_unit_test(groups_tell_the_sum_of_squares),
		cmocka_unit_test(the_interval_holds_the_truth),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
