// SPDX-License-Identifier: MIT
/* Lists and ranges of a sweep file. */
#include "replay/sweep-values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The values, a blank between, or '!' and the sentence. */
static const char *values(const char *text)
{
	static char got[4000];
	struct arena a = {};
	struct sweep_values v;
	struct err e;
	size_t n = 0;
	*got = 0;
	const int rc = sweep_values_parse(text, &a, &v, &e);
	if (rc)
		snprintf(got, sizeof(got), "!%s", e.msg);
	for (size_t i = 0; i < v.n && !rc && n < sizeof(got); i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s", i ? " " : "", v.text[i]);
	arena_deinit(&a);
	return got;
}

static void lists_are_words_between_commas(void **state)
{
	(void)state;
	assert_string_equal(values("lru"), "lru");
	assert_string_equal(values("lru , arc,at-risk"), "lru arc at-risk");
	assert_string_equal(values("../a.db, b..c, 2q, ./mine.so"), "../a.db b..c 2q ./mine.so");
	assert_string_equal(values("\"iopf<=1,cpu<=5/s\", x"), "iopf<=1,cpu<=5/s x");
	assert_string_equal(values("\"1..3\""), "1..3");
}

static void ranges_are_exact_and_keep_their_unit(void **state)
{
	(void)state;
	assert_string_equal(values("1..5"), "1 2 3 4 5");
	assert_string_equal(values("10%..50% step 10%"), "10% 20% 30% 40% 50%");
	assert_string_equal(values("10%..55% step 15"), "10% 25% 40% 55%");
	assert_string_equal(values("0.1%..0.3% step 0.05%"), "0.1% 0.15% 0.2% 0.25% 0.3%");
	assert_string_equal(values("1000..100000 x10"), "1000 10000 100000");
	assert_string_equal(values("0.5ms..9ms x4"), "0.5ms 2ms 8ms");
	assert_string_equal(values("1ms, 5ms..20ms step 5ms, 1s"), "1ms 5ms 10ms 15ms 20ms 1s");
	assert_string_equal(values("7..7"), "7");
	assert_string_equal(values("1/s..3/s"), "1/s 2/s 3/s");
	assert_string_equal(values("18446744073709551614..18446744073709551615"),
			    "18446744073709551614 18446744073709551615");
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "an empty part" },
		{ "a,,b", "an empty part" },
		{ "a,", "an empty part" },
		{ "\"\"", "an empty part" },
		{ "\"a", "closing quote" },
		{ "\"a\"b", "comma behind a quote" },
		{ "1..x", "a number behind" },
		{ "5..1", "ends before it begins" },
		{ "1ms..1s", "different units" },
		{ "1..5 step 1s", "another unit" },
		{ "1..5 step 0", "step is 0" },
		{ "1..5 by 2", "expected `A..B step C`" },
		{ "1..5 step2", "expected `A..B step C`" },
		{ "1..5 step 2 x", "expected `A..B step C`" },
		{ "1..5 x1", "whole number from 2" },
		{ "1..5 x2.5", "whole number from 2" },
		{ "0..5 x2", "leads nowhere" },
		{ "1..100000", "more than 10000" },
		{ "1..18446744073709551616", "a number behind" },
		{ "1000000000000000000..2000000000000000000 step 0.001", "too large" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		const char *got = values(wrong[i][0]);
		if (*got != '!' || !strstr(got, wrong[i][1]))
			fail_msg("%s: %s", wrong[i][0], got);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_words_between_commas),
		cmocka_unit_test(ranges_are_exact_and_keep_their_unit),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
