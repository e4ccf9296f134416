// SPDX-License-Identifier: MIT
/*
 * replay/forecast.c: against quantiles of tables, and against drawn futures: an
 * interval of 90 % holds about nine of ten of them, whatever they are drawn
 * from, as long as the future is drawn like the past.
 */
#include "replay/forecast.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { ONE = 1000000, TRIALS = 1000 };

static void counts_have_their_exact_bounds(void **state)
{
	(void)state;
	/* none in a time: (1/2)^(y + 1) <= 5 % for as long a future, so at most 4 */
	assert_int_equal(forecast_count_most(0, 1, 1), 4);
	assert_int_equal(forecast_count_most(0, 10, 1), 1); /* (10/11)^(y+1)... of a tenth of it */
	assert_int_equal(forecast_count_least(0, 1, 1), 0);
	/* sign test: 5 against 0 is 1/32, 4 against 0 is 1/16 */
	assert_int_equal(forecast_count_least(5, 1, 1), 1);
	assert_int_equal(forecast_count_least(4, 1, 1), 0);
	/* near the normal: 1000 against 1000 +- 1.645 sqrt(2000) */
	assert_in_range(forecast_count_most(1000, 1, 1), 1070, 1080);
	assert_in_range(forecast_count_least(1000, 1, 1), 925, 935);
}

static void a_mean_has_students_interval(void **state)
{
	(void)state;
	/* 3 blocks: mean 20, s 10, t(2) 2.92; one block ahead: 20 +- 2.92 * 10 * sqrt(4/3) */
	const uint64_t blocks[] = { 10, 20, 30 };
	const struct forecast_past p = { blocks, 3, 0 };
	const struct forecast f = forecast_mean(&p, ONE);
	assert_int_equal(f.middle, 20);
	assert_int_equal(f.low, 0);
	assert_in_range(f.high, 53, 55);
	/* thousandfold, so that roundings do not show: 33,717 */
	const uint64_t fine[] = { 100000, 110000, 120000 };
	const struct forecast_past q = { fine, 3, 0 };
	const struct forecast g = forecast_sum(&q, ONE);
	assert_in_range(g.high, 110000 + 33700, 110000 + 33740);
	assert_in_range(g.low, 110000 - 33740, 110000 - 33700);
}

static void nothing_seen_is_not_nothing_to_come(void **state)
{
	(void)state;
	const uint64_t blocks[8] = { 0 };
	const struct forecast_past p = { blocks, 8, 1 }, q = { blocks, 8, 40 };
	assert_int_equal(forecast_sum(&p, 8 * ONE).high, 4);
	assert_int_equal(forecast_sum(&q, 8 * ONE).high, 160); /* in bursts of 40 */
	assert_int_equal(forecast_worst(&q, 8 * ONE).high, 40);
	const uint64_t wholes[8] = { 50, 50, 50, 50, 50, 50, 50, 50 };
	const struct forecast f = forecast_share(&p, wholes, 8 * ONE);
	assert_int_equal(f.middle, 0);
	assert_int_equal(f.high, 10000); /* 4 of 400 */
}

static void large_values_do_not_wrap(void **state)
{
	(void)state;
	const uint64_t blocks[] = { UINT64_MAX, 0, UINT64_MAX, UINT64_C(1) << 55, 7 };
	for (uint64_t burst = 0; burst < 2; burst++) {
		const struct forecast_past p = { blocks, 5, burst };
		for (uint64_t ahead = 0; ahead <= UINT64_C(1) << 40;
		     ahead = ahead ? ahead << 8 : 1) {
			const struct forecast f[] = { forecast_sum(&p, ahead),
						      forecast_mean(&p, ahead),
						      forecast_worst(&p, ahead),
						      forecast_share(&p, blocks, ahead) };
			for (unsigned i = 0; i < 4; i++) {
				assert_true(f[i].low <= f[i].middle);
				assert_true(f[i].middle <= f[i].high);
				assert_true(f[i].high <= INT64_MAX);
			}
		}
	}
}

/* ---- drawn futures ---- */

enum shape { EVEN, POISSON, BURSTS, RARE, CHAINED, SHAPES };

/* One block. Bursts of 40, two in three blocks; rare ones: one in twenty blocks. */
static uint64_t draw(enum shape s, struct rng *r, uint64_t *memory)
{
	uint64_t n = 0;
	switch (s) {
	case EVEN:
		return 1000 + rng_below(r, 201);
	case POISSON: /* 100 chances of 10 % */
		for (unsigned i = 0; i < 100; i++)
			n += rng_below(r, 10) == 0;
		return n;
	case BURSTS:
		for (unsigned i = 0; i < 8; i++)
			n += rng_below(r, 12) == 0 ? 40 : 0;
		return n;
	case RARE:
		return rng_below(r, 20) == 0 ? 40 : 0;
	default: /* half of what was before */
		*memory = *memory / 2 + rng_below(r, 1001);
		return *memory;
	}
}

static unsigned held_ppm(enum shape s, size_t n, size_t m, bool is_worst)
{
	struct rng r;
	unsigned held = 0;
	rng_init(&r, 7 + s, "forecast-test");
	for (unsigned i = 0; i < TRIALS; i++) {
		uint64_t past[FORECAST_BLOCKS_MAX], memory = 1000, sum = 0, worst = 0;
		for (size_t k = 0; k < 8; k++) /* runs in */
			draw(s, &r, &memory);
		for (size_t k = 0; k < n; k++)
			past[k] = draw(s, &r, &memory);
		for (size_t k = 0; k < m; k++) {
			const uint64_t v = draw(s, &r, &memory);
			sum += v;
			worst = v > worst ? v : worst;
		}
		const struct forecast_past p = { past, n,
						 s == BURSTS || s == RARE ? 40
						 : s == POISSON           ? 1
									  : 0 };
		const struct forecast f = is_worst ? forecast_worst(&p, m * ONE)
						   : forecast_sum(&p, m * ONE);
		const uint64_t v = is_worst ? worst : sum;
		held += v >= f.low && v <= f.high;
	}
	return (unsigned)((uint64_t)held * ONE / TRIALS);
}

static void an_interval_holds_nine_of_ten_sums(void **state)
{
	(void)state;
	static const size_t blocks[] = { 4, 8, 16, 32 };
	for (enum shape s = EVEN; s < SHAPES; s++)
		for (unsigned i = 0; i < 4; i++)
			for (unsigned half = 0; half < 2; half++) {
				const size_t n = blocks[i], m = half ? n / 2 : n;
				const unsigned held = held_ppm(s, n, m, false);
				print_message("# shape %d: %zu blocks for %zu: %u ppm\n", s, n, m,
					      held);
				/* few blocks cannot show that they depend on each other */
				const bool is_hard = s == CHAINED && blocks[i] <= 8;
				const unsigned least = is_hard        ? 750000
						       : s == CHAINED ? 850000
								      : 880000;
				assert_in_range(held, least, ONE);
			}
}

static void an_interval_holds_nine_of_ten_worst_values(void **state)
{
	(void)state;
	static const size_t blocks[] = { 4, 8, 16, 32 };
	for (enum shape s = EVEN; s < SHAPES; s++)
		for (unsigned i = 0; i < 4; i++) {
			const unsigned held = held_ppm(s, blocks[i], blocks[i], true);
			print_message("# shape %d: worst of %zu blocks: %u ppm\n", s, blocks[i],
				      held);
			assert_in_range(held, 850000, ONE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_their_exact_bounds),
		cmocka_unit_test(a_mean_has_students_interval),
		cmocka_unit_test(nothing_seen_is_not_nothing_to_come),
		cmocka_unit_test(large_values_do_not_wrap),
		cmocka_unit_test(an_interval_holds_nine_of_ten_sums),
		cmocka_unit_test(an_interval_holds_nine_of_ten_worst_values),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
