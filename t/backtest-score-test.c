// SPDX-License-Identifier: MIT
/* Scores of a back-test against figures worked out by hand. */
#include "replay/backtest-score.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

static const struct backtest_window window = { 100 * S, 130 * S, 10 * S, 3 };

struct pair {
	uint64_t ts_ns, pfn;
};

static void fill(struct backtest_faults *f, const struct pair *p, size_t n)
{
	struct err e;

	*f = (struct backtest_faults){};
	for (size_t i = 0; i < n; i++)
		assert_int_equal(backtest_faults_add(f, p[i].ts_ns, p[i].pfn, &e), 0);
}

static void score(struct backtest_score *s, const struct pair *truth, size_t ntruth,
		  const struct pair *predicted, size_t npredicted)
{
	struct backtest_faults t, p;
	struct err e;

	fill(&t, truth, ntruth);
	fill(&p, predicted, npredicted);
	assert_int_equal(backtest_score_init(s, &window, &t, &p, &e), 0);
	backtest_faults_deinit(&t);
	backtest_faults_deinit(&p);
}

static void pairs_are_of_page_and_interval_and_count_once(void **state)
{
	static const struct pair truth[] = {
		{ 101 * S, 7 },
		{ 109 * S, 7 }, /* one pair */
		{ 110 * S, 7 }, /* the next interval is another */
		{ 125 * S, 9 },
	};
	static const struct pair predicted[] = {
		{ 100 * S, 7 }, /* another time of the same interval: hit */
		{ 121 * S, 7 }, /* wrong interval */
		{ 129 * S, 9 }, { 129 * S, 9 }, { 129 * S, 8 },
	};
	struct backtest_score s;

	(void)state;
	score(&s, truth, 4, predicted, 5);
	assert_int_equal(s.faults_true, 4);
	assert_int_equal(s.faults_predicted, 5);
	assert_int_equal(s.pairs_true, 3);
	assert_int_equal(s.pairs_predicted, 4);
	assert_int_equal(s.pairs_both, 2);
	assert_int_equal(s.worst_true, 2);
	assert_int_equal(s.worst_predicted, 4);
	assert_int_equal(s.counts_true[0], 2);
	assert_int_equal(s.counts_predicted[2], 4);
	backtest_score_deinit(&s);
}

static void faults_outside_the_window_do_not_count(void **state)
{
	static const struct pair truth[] = { { 100 * S - 1, 1 }, { 100 * S, 2 }, { 130 * S, 3 } };
	static const struct pair predicted[] = { { 130 * S - 1, 2 }, { 131 * S, 3 } };
	struct backtest_score s;

	(void)state;
	score(&s, truth, 3, predicted, 2);
	assert_int_equal(s.faults_true, 1);
	assert_int_equal(s.faults_predicted, 1);
	assert_int_equal(s.pairs_both, 0);
	backtest_score_deinit(&s);
}

static void nothing_on_one_side_is_no_correlation(void **state)
{
	static const struct pair truth[] = { { 100 * S, 2 } };
	struct backtest_score s;

	(void)state;
	score(&s, truth, 1, NULL, 0);
	assert_int_equal(s.pairs_true, 1);
	assert_int_equal(s.pairs_both, 0);
	assert_false(s.has_corr);
	backtest_score_deinit(&s);
}

/* r = 6 / sqrt(10 * 6) for the first two rows, by hand */
static void the_correlation_is_pearsons(void **state)
{
	static const uint64_t x[] = { 1, 2, 3, 4, 5 }, y[] = { 2, 4, 5, 4, 5 };
	static const uint64_t down[] = { 50, 40, 30, 20, 10 }, same[] = { 3, 3, 3, 3, 3 };
	static const uint64_t huge[] = { UINT32_MAX, 0, UINT32_MAX, 0, UINT32_MAX };
	int64_t ppm;

	(void)state;
	assert_true(backtest_correlate(x, y, 5, &ppm));
	assert_int_equal(ppm, 774596); /* 0.7745966.. */
	assert_true(backtest_correlate(x, down, 5, &ppm));
	assert_int_equal(ppm, -1000000);
	assert_true(backtest_correlate(huge, huge, 5, &ppm));
	assert_int_equal(ppm, 1000000);
	assert_false(backtest_correlate(x, same, 5, &ppm));
	assert_false(backtest_correlate(x, y, 0, &ppm));
}

static void the_root_is_the_greatest_whole_one(void **state)
{
	static const uint64_t roots[] = { 0, 1, 2, 1000, 999999, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		assert_int_equal(backtest_sqrt(roots[i] * roots[i]), roots[i]);
		if (roots[i])
			assert_int_equal(backtest_sqrt(roots[i] * roots[i] - 1), roots[i] - 1);
	}
	assert_int_equal(backtest_sqrt(UINT64_MAX), UINT32_MAX);
}

static void an_empty_or_endless_window_is_refused(void **state)
{
	struct backtest_window w;
	struct err e = {};

	(void)state;
	assert_int_equal(backtest_window_init(&w, 0, 25, 10, &e), 0);
	assert_int_equal(w.nintervals, 3);
	assert_int_equal(backtest_window_init(&w, 5, 5, 10, &e), ERR_UNUSABLE);
	assert_int_equal(backtest_window_init(&w, 0, UINT64_MAX, 10, &e), ERR_UNUSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_of_page_and_interval_and_count_once),
		cmocka_unit_test(faults_outside_the_window_do_not_count),
		cmocka_unit_test(nothing_on_one_side_is_no_correlation),
		cmocka_unit_test(the_correlation_is_pearsons),
		cmocka_unit_test(the_root_is_the_greatest_whole_one),
		cmocka_unit_test(an_empty_or_endless_window_is_refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
