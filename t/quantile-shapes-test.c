// SPDX-License-Identifier: MIT
/* Tables of named shapes: exact means, variances and quantiles as tables of statistics have them.
 */
#include "base/quantile-shapes.h"
#include "base/fixmath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SCALE = 256, MEAN = 10000 };

/* Mean of squares over mean squared, less 1, in ppm, from 2^20 even probabilities. */
static uint64_t cv2_ppm(const struct quantile *q)
{
	unsigned __int128 squares = 0, sum = 0;

	for (uint64_t i = 0; i < 1 << 20; i++) {
		const uint64_t v = quantile_at_256(q, (i << 12) + 2048);
		squares += (unsigned __int128)v * v;
		sum += v;
	}
	return (uint64_t)((squares * 1000000 << 20) / (sum * sum >> 0)) - 1000000;
}

static void check_at(const struct quantile *q, uint64_t ppm, double expected)
{
	const double ours = (double)quantile_at_256(q, quantile_p_of_ppm(ppm)) / SCALE;

	if (ours < expected * 0.999 || ours > expected * 1.001)
		fail_msg("at %llu ppm: %f, expected %f", (unsigned long long)ppm, ours, expected);
}

static void check_moments(const struct quantile *q, uint64_t mean, uint64_t cv2, uint64_t off)
{
	assert_in_range(quantile_mean_256(q), mean * SCALE - 8, mean * SCALE + 8);
	assert_in_range(cv2_ppm(q), cv2 - off, cv2 + off);
}

static void gammas_and_erlangs_have_their_moments_and_quantiles(void **state)
{
	struct arena a = {};
	struct quantile q;
	struct err e;
	(void)state;

	/* chi-square with 8 degrees of freedom is twice an Erlang-4 */
	assert_int_equal(quantile_gamma(&q, MEAN * SCALE, 4 * FIX_ONE_Q32, &a, &e), 0);
	check_moments(&q, MEAN, 250000, 500);
	check_at(&q, 990000, 20.0902 / 8 * MEAN);
	check_at(&q, 500000, 7.34412 / 8 * MEAN);
	check_at(&q, 10000, 1.64650 / 8 * MEAN);
	/* with 1 degree, twice a gamma of shape 1/2 */
	assert_int_equal(quantile_gamma(&q, MEAN * SCALE, FIX_ONE_Q32 / 2, &a, &e), 0);
	check_moments(&q, MEAN, 2000000, 5000);
	check_at(&q, 990000, 6.63490 * MEAN);
	check_at(&q, 500000, 0.454936 * MEAN);
	assert_int_equal(quantile_gamma(&q, MEAN * SCALE, FIX_ONE_Q32 * 100 / 9, &a, &e), 0);
	check_moments(&q, MEAN, 90000, 200);
	arena_deinit(&a);
}

static void exponentials_lognormals_and_mixtures_too(void **state)
{
	const uint64_t means[] = { 5000 * SCALE, 55000 * SCALE }, weights[] = { 9, 1 };
	struct arena a = {};
	struct quantile q;
	struct err e;
	(void)state;

	assert_int_equal(quantile_exponential(&q, MEAN * SCALE, &a, &e), 0);
	check_moments(&q, MEAN, 1000000, 1000);
	check_at(&q, 990000, 4.605170 * MEAN);
	assert_int_equal(quantile_lognormal(&q, MEAN * SCALE, 1500000, &a, &e), 0);
	check_moments(&q, MEAN, 2250000, 6000);
	check_at(&q, 500000, 5547.0);
	assert_int_equal(quantile_hyperexponential(&q, means, weights, 2, &a, &e), 0);
	check_moments(&q, MEAN, 5500000, 6000);
	arena_deinit(&a);
}

static void discrete_values_come_with_their_shares_and_nothing_between(void **state)
{
	const uint64_t values[] = { 105000 * SCALE, 5000 * SCALE }, weights[] = { 5, 95 };
	struct arena a = {};
	struct quantile q;
	struct err e;
	uint64_t high = 0;
	(void)state;

	assert_int_equal(quantile_discrete(&q, values, weights, 2, &a, &e), 0);
	for (uint64_t i = 0; i < 100000; i++) {
		const uint64_t v = quantile_at_256(&q, i * QUANTILE_ONE / 100000);
		assert_true(v == values[0] || v == values[1]);
		high += v == values[0];
	}
	assert_in_range(high, 4999, 5001);
	arena_deinit(&a);
}

static void a_histogram_is_even_within_its_bins(void **state)
{
	const uint64_t ends[] = { 2000 * SCALE, 4000 * SCALE, 10000 * SCALE };
	const uint64_t counts[] = { 50, 0, 50 };
	struct arena a = {};
	struct quantile q;
	struct err e;
	(void)state;

	assert_int_equal(quantile_histogram(&q, 1000 * SCALE, ends, counts, 3, &a, &e), 0);
	check_at(&q, 250000, 1500);
	check_at(&q, 750000, 7000);
	assert_int_equal(quantile_mean(&q), 4250);
	arena_deinit(&a);
}

static void parameters_out_of_range_are_refused(void **state)
{
	const uint64_t falling[] = { 5, 4 }, none[] = { 0, 0 };
	struct arena a = {};
	struct quantile q;
	struct err e;
	(void)state;

	assert_int_equal(quantile_uniform(&q, 2, 1, &a, &e), ERR_USAGE);
	assert_int_equal(quantile_lognormal(&q, 1000, 0, &a, &e), ERR_USAGE);
	assert_int_equal(quantile_gamma(&q, 1000, 1, &a, &e), ERR_USAGE);
	assert_int_equal(quantile_discrete(&q, falling, none, 2, &a, &e), ERR_USAGE);
	assert_int_equal(quantile_histogram(&q, 0, falling, falling, 2, &a, &e), ERR_USAGE);
	assert_int_equal(quantile_histogram(&q, 0, falling, none, 1, &a, &e), ERR_USAGE);
	arena_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gammas_and_erlangs_have_their_moments_and_quantiles),
		cmocka_unit_test(exponentials_lognormals_and_mixtures_too),
		cmocka_unit_test(discrete_values_come_with_their_shares_and_nothing_between),
		cmocka_unit_test(a_histogram_is_even_within_its_bins),
		cmocka_unit_test(parameters_out_of_range_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
