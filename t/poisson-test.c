// SPDX-License-Identifier: MIT
/* The interval against tables (Garwood 1936, and chi-square quantiles) and its definition. */
#include "base/poisson.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static void small_counts_have_the_tables_limits(void **state)
{
	/* half the 2.5 % quantile of chi-square at 2n, half the 97.5 % one at 2n + 2 */
	static const struct {
		uint64_t n, low_milli, high_milli;
	} rows[] = { { 1, 25, 5572 },      { 2, 242, 7225 },      { 3, 619, 8767 },
		     { 5, 1623, 11668 },   { 10, 4795, 18390 },   { 20, 12217, 30888 },
		     { 50, 37111, 65919 }, { 100, 81364, 121627 } };
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct poisson_interval p = poisson_interval_95(rows[i].n);
		assert_in_range(p.low_milli, rows[i].low_milli - 1, rows[i].low_milli + 1);
		assert_in_range(p.high_milli, rows[i].high_milli - 1, rows[i].high_milli + 1);
	}
}

static void none_seen_means_fewer_than_three(void **state)
{
	(void)state;
	assert_int_equal(poisson_interval_95(0).low_milli, 0);
	assert_int_equal(poisson_interval_95(0).high_milli, 3000);
}

static void the_interval_holds_the_count_and_moves_up_with_it(void **state)
{
	struct poisson_interval before = { 0, 3000 };
	(void)state;
	for (uint64_t n = 1; n < UINT64_C(1) << 50; n += 1 + n / 3) {
		const struct poisson_interval p = poisson_interval_95(n);
		assert_true(p.low_milli < n * 1000 && n * 1000 < p.high_milli);
		assert_true(p.low_milli > before.low_milli && p.high_milli > before.high_milli);
		before = p;
	}
}

/* exact on one side, approximated on the other: the steps of both ends stay as they were */
static void there_is_no_jump_where_the_approximation_begins(void **state)
{
	(void)state;
	const struct poisson_interval a = poisson_interval_95(9999), b = poisson_interval_95(10000),
				      c = poisson_interval_95(10001);
	assert_in_range(c.low_milli - b.low_milli, b.low_milli - a.low_milli - 20,
			b.low_milli - a.low_milli + 20);
	assert_in_range(c.high_milli - b.high_milli, b.high_milli - a.high_milli - 20,
			b.high_milli - a.high_milli + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_counts_have_the_tables_limits),
		cmocka_unit_test(none_seen_means_fewer_than_three),
		cmocka_unit_test(the_interval_holds_the_count_and_moves_up_with_it),
		cmocka_unit_test(there_is_no_jump_where_the_approximation_begins),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
