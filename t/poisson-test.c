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
		uint64_t n, low_micro, high_micro;
	} rows[] = {
		{ 1, 25318, 5571643 },      { 2, 242209, 7224688 },
		{ 3, 618672, 8767273 },     { 5, 1623486, 11668332 },
		{ 10, 4795389, 18390356 },  { 20, 12216520, 30888378 },
		{ 50, 37110964, 65918767 }, { 100, 81363991, 121626794 },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct poisson_interval p = poisson_interval_95(rows[i].n);
		assert_in_range(p.low_micro, rows[i].low_micro - 1, rows[i].low_micro + 1);
		assert_in_range(p.high_micro, rows[i].high_micro - 1, rows[i].high_micro + 1);
	}
}

static void none_seen_means_fewer_than_three(void **state)
{
	(void)state;
	assert_int_equal(poisson_interval_95(0).low_micro, 0);
	assert_int_equal(poisson_interval_95(0).high_micro, 3000000);
}

static void the_interval_holds_the_count_and_moves_up_with_it(void **state)
{
	struct poisson_interval before = { 0, 3000000 };
	(void)state;
	for (uint64_t n = 1; n < UINT64_C(1) << 40; n += 1 + n / 3) {
		const struct poisson_interval p = poisson_interval_95(n);
		assert_true(p.low_micro < n * 1000000 && n * 1000000 < p.high_micro);
		assert_true(p.low_micro > before.low_micro && p.high_micro > before.high_micro);
		before = p;
	}
}

/* exact on one side, approximated on the other: the steps of both ends stay as they were */
static void there_is_no_jump_where_the_approximation_begins(void **state)
{
	(void)state;
	const struct poisson_interval a = poisson_interval_95(9999), b = poisson_interval_95(10000),
				      c = poisson_interval_95(10001);
	assert_in_range(c.low_micro - b.low_micro, b.low_micro - a.low_micro - 20000,
			b.low_micro - a.low_micro + 20000);
	assert_in_range(c.high_micro - b.high_micro, b.high_micro - a.high_micro - 20000,
			b.high_micro - a.high_micro + 20000);
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
