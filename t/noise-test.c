// SPDX-License-Identifier: MIT
/* When a difference between seeds counts: cases worked out by hand. */
#include "reports/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COMPARE(a, b) noise_compare(a, sizeof(a) / sizeof(*(a)), b, sizeof(b) / sizeof(*(b)))

static void equal_values_are_the_same_even_if_there_is_only_one(void **state)
{
	const int64_t one[] = { 7 }, three[] = { 1, 2, 3 };

	(void)state;
	assert_int_equal(COMPARE(one, one), NOISE_SAME);
	assert_int_equal(COMPARE(three, three), NOISE_SAME);
}

static void one_seed_does_not_tell_noise(void **state)
{
	const int64_t a[] = { 7 }, b[] = { 8 }, many[] = { 8, 9, 10 };

	(void)state;
	assert_int_equal(COMPARE(a, b), NOISE_UNKNOWN);
	assert_int_equal(COMPARE(a, many), NOISE_UNKNOWN);
	assert_int_equal(COMPARE(many, a), NOISE_UNKNOWN);
}

static void values_that_never_vary_differ_by_any_difference(void **state)
{
	const int64_t a[] = { 5, 5, 5 }, b[] = { 6, 6, 6 }, c[] = { 5, 5 };

	(void)state;
	assert_int_equal(COMPARE(a, b), NOISE_BEYOND);
	assert_int_equal(COMPARE(a, c), NOISE_SAME);
}

/*
 * 10 11 12 13 14 against the same plus d: variance of each mean 0.5, so t = d with 8 degrees of
 * freedom, whose 99.5 % quantile is 3.355.
 */
static void the_limit_is_that_of_students_t(void **state)
{
	const int64_t a[] = { 10, 11, 12, 13, 14 }, by_3[] = { 13, 14, 15, 16, 17 },
		      by_4[] = { 14, 15, 16, 17, 18 };

	(void)state;
	assert_int_equal(COMPARE(a, by_3), NOISE_WITHIN);
	assert_int_equal(COMPARE(a, by_4), NOISE_BEYOND);
	assert_int_equal(COMPARE(by_4, a), NOISE_BEYOND);
}

/* Two seeds each: t = 9.925 with 2 degrees of freedom. 0 2 and d d+2: t = d / sqrt(2). */
static void two_seeds_tell_little(void **state)
{
	const int64_t a[] = { 0, 2 }, by_14[] = { 14, 16 }, by_15[] = { 15, 17 };

	(void)state;
	assert_int_equal(COMPARE(a, by_14), NOISE_WITHIN);
	assert_int_equal(COMPARE(a, by_15), NOISE_BEYOND);
}

static void the_greatest_numbers_do_not_overflow(void **state)
{
	const int64_t a[] = { INT64_MAX, INT64_MAX, INT64_MAX - 1 },
		      b[] = { INT64_MIN, INT64_MIN, INT64_MIN + 1 };

	(void)state;
	assert_int_equal(COMPARE(a, b), NOISE_BEYOND);
	assert_true(noise_mean(a, 3) == INT64_MAX);
	assert_true(noise_mean(b, 3) == INT64_MIN);
}

static void means_are_rounded_to_the_nearest(void **state)
{
	const int64_t up[] = { 1, 2 }, down[] = { 1, 1, 2 }, negative[] = { -1, -2 };

	(void)state;
	assert_int_equal(noise_mean(up, 2), 2);
	assert_int_equal(noise_mean(down, 3), 1);
	assert_int_equal(noise_mean(negative, 2), -2);
	assert_int_equal(noise_mean(up, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_values_are_the_same_even_if_there_is_only_one),
		cmocka_unit_test(one_seed_does_not_tell_noise),
		cmocka_unit_test(values_that_never_vary_differ_by_any_difference),
		cmocka_unit_test(the_limit_is_that_of_students_t),
		cmocka_unit_test(two_seeds_tell_little),
		cmocka_unit_test(the_greatest_numbers_do_not_overflow),
		cmocka_unit_test(means_are_rounded_to_the_nearest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
