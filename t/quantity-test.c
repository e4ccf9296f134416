// SPDX-License-Identifier: MIT
/* Quantities: every unit, exactness, refusals with their sentences, and what people get to read. */
#include "base/quantity.h"
#include "base/units.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef int (*parse_fn)(const char *text, uint64_t *out, struct err *e);

struct good {
	const char *text;
	uint64_t value;
};

static void accept_all(parse_fn parse, const struct good *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 42;
		struct err e = {};
		if (parse(cases[i].text, &v, &e))
			fail_msg("'%s': %s", cases[i].text, e.msg);
		if (v != cases[i].value)
			fail_msg("'%s': got %llu, expected %llu", cases[i].text,
				 (unsigned long long)v, (unsigned long long)cases[i].value);
	}
}

/* every refusal quotes the text, says the kind of thing expected and leaves the value alone */
static void refuse_all(parse_fn parse, const char *kind, const char *const *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 42;
		struct err e = {};
		if (parse(cases[i], &v, &e) != ERR_USAGE)
			fail_msg("'%s' was accepted as %llu", cases[i], (unsigned long long)v);
		assert_int_equal(v, 42);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.msg, cases[i]));
		assert_non_null(strstr(e.msg, kind));
		assert_int_equal(parse(cases[i], &v, NULL), ERR_USAGE);
	}
}

static void sizes_are_powers_of_1024(void **state)
{
	static const struct good good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "17B", 17 },
		{ "64K", 65536 },
		{ "64k", 65536 },
		{ "4Ki", 4096 },
		{ "4KiB", 4096 },
		{ "4 KiB", 4096 },
		{ "4KB", 4096 },
		{ "2M", 2 << 20 },
		{ "1G", 1 << 30 },
		{ "1.5G", UINT64_C(3) << 29 },
		{ "1.3G", UINT64_C(1395864371) }, /* 1395864371.2 rounded down */
		{ "1T", UINT64_C(1) << 40 },
		{ "16383P", UINT64_C(16383) << 50 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = {
		"",
		"K",
		"-1",
		"+1",
		"1.",
		".5",
		"1e3",
		"64Q",
		"64KK",
		"64KiBs",
		"0x10",
		" 1",
		"16384P",
		"1,5G",
		"1..5",
		"1.2.3",
		"1 K ",
		"1000000000000000000000",
		"18446744073709551616",
		"1Bi",
		"1BB",
		"1iB",
		"1.1234567890123456789",
	};
	(void)state;
	accept_all(quantity_parse_bytes, good, COUNT(good));
	refuse_all(quantity_parse_bytes, "a size", bad, COUNT(bad));
}

static void durations_need_a_unit_except_zero(void **state)
{
	static const struct good good[] = {
		{ "0", 0 },
		{ "0.0", 0 },
		{ "0ms", 0 },
		{ "7ns", 7 },
		{ "250us", 250000 },
		{ "10ms", 10000000 },
		{ "1.5s", 1500000000 },
		{ "0.000000001s", 1 },
		{ "8min", 480 * NS_PER_SEC },
		{ "8 min", 480 * NS_PER_SEC },
		{ "5m", 300 * NS_PER_SEC },
		{ "2h", 7200 * NS_PER_SEC },
		{ "3d", 259200 * NS_PER_SEC },
		{ "213503d", UINT64_C(213503) * 86400 * NS_PER_SEC },
	};
	static const char *const bad[] = { "1",    "10",      "5mo",   "1.5ns", "0.0000000001s",
					   "10MS", "213504d", "10m s", "s",     "1.0" };
	(void)state;
	accept_all(quantity_parse_ns, good, COUNT(good));
	refuse_all(quantity_parse_ns, "a duration", bad, COUNT(bad));
}

static void percentages_are_exact_parts_per_million(void **state)
{
	static const struct good good[] = {
		{ "5%", 50000 },     { "0.5%", 5000 },    { "0.0001%", 1 },
		{ "100%", 1000000 }, { "150%", 1500000 }, { "33.3333%", 333333 },
		{ "0.29%", 2900 },   { "1.10 %", 11000 }, { "0%", 0 },
	};
	static const char *const bad[] = { "5",         "0.00001%",         "5%%", "%", "-5%",
					   "33.33333%", "1844674407370956%" };
	(void)state;
	accept_all(quantity_parse_ppm, good, COUNT(good));
	refuse_all(quantity_parse_ppm, "a percentage", bad, COUNT(bad));
}

static void what_does_not_fit_is_called_too_large(void **state)
{
	static const char *const bad[] = { "18446744073709551616", "99999999999999999999999",
					   "16777216T", "18014398509481984K" };
	struct quantity q;
	struct err e = {};
	(void)state;
	refuse_all(quantity_parse_count, "too large: expected a whole number", bad, COUNT(bad));
	refuse_all(quantity_parse_bytes, "too large: expected a size", bad, COUNT(bad));
	assert_int_equal(quantity_parse("99999999999999999999999", &q, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "too large"));
	assert_int_equal(quantity_parse("1.5", &q, &e), ERR_USAGE);
	assert_null(strstr(e.msg, "too large"));
}

static void counts_take_the_same_letters_but_no_bytes(void **state)
{
	static const struct good good[] = {
		{ "512", 512 }, { "64K", 65536 }, { "1Mi", 1 << 20 }, { "0.5K", 512 }, { "1.0", 1 },
	};
	static const char *const bad[] = { "5%", "0.1K", "1.5", "4KiB", "4B", "4KB", "many" };
	(void)state;
	accept_all(quantity_parse_count, good, COUNT(good));
	refuse_all(quantity_parse_count, "a whole number", bad, COUNT(bad));
}

static void a_quantity_is_a_count_or_a_share(void **state)
{
	struct quantity q = {};
	struct err e;
	(void)state;

	assert_int_equal(quantity_parse("2.5%", &q, &e), 0);
	assert_true(q.is_ppm);
	assert_int_equal(q.value, 25000);
	assert_int_equal(quantity_of(q, 1000), 25);
	assert_int_equal(quantity_of(q, UINT64_MAX), UINT64_C(461168601842738790));

	assert_int_equal(quantity_parse("4K", &q, &e), 0);
	assert_false(q.is_ppm);
	assert_int_equal(quantity_of(q, 7), 4096);

	assert_int_equal(quantity_parse("4 apples", &q, &e), ERR_USAGE);
	assert_string_equal(e.msg, "'4 apples' is not a whole number or a percentage such as "
				   "512, 64K (K is 1024) or 5%");
	assert_int_equal(q.value, 4096);
	assert_int_equal(quantity_parse("x%", &q, &e), ERR_USAGE);
	assert_int_equal(quantity_of((struct quantity){ UINT64_MAX, true }, UINT64_MAX),
			 UINT64_MAX);
}

static void rates_name_their_time(void **state)
{
	struct rate r = { 1, 1 };
	struct err e;
	(void)state;

	assert_int_equal(quantity_parse_rate("10/s", &r, &e), 0);
	assert_int_equal(r.count, 10);
	assert_int_equal(r.per_ns, NS_PER_SEC);
	assert_int_equal(quantity_parse_rate("41 /day", &r, &e), 0);
	assert_int_equal(r.count, 41);
	assert_int_equal(r.per_ns, 86400 * NS_PER_SEC);
	assert_int_equal(quantity_parse_rate("5", &r, &e), ERR_USAGE);
	assert_int_equal(quantity_parse_rate("0.5/s", &r, &e), ERR_USAGE);
	assert_int_equal(r.count, 41);
	assert_non_null(strstr(e.msg, "10/s"));
}

static void ratios_round_to_the_nearest_and_survive_nothing(void **state)
{
	(void)state;
	assert_int_equal(quantity_ratio_ppm(1, 3), 333333);
	assert_int_equal(quantity_ratio_ppm(2, 3), 666667);
	assert_int_equal(quantity_ratio_ppm(5, 0), 0);
	assert_int_equal(quantity_ratio_ppm(UINT64_MAX, UINT64_MAX), 1000000);
	assert_int_equal(quantity_ratio_ppm(UINT64_MAX, 1), UINT64_MAX);
}

static void bytes_read_well_at_every_rounding_edge(void **state)
{
	(void)state;
	assert_string_equal(quantity_bytes(0).s, "0 B");
	assert_string_equal(quantity_bytes(1023).s, "1023 B");
	assert_string_equal(quantity_bytes(1024).s, "1 KiB");
	assert_string_equal(quantity_bytes(65536).s, "64 KiB");
	assert_string_equal(quantity_bytes(UINT64_C(2040109465)).s, "1.9 GiB");
	assert_string_equal(quantity_bytes((1 << 20) - 1).s, "1 MiB"); /* not 1024 KiB */
	assert_string_equal(quantity_bytes(102348).s, "99.9 KiB");
	assert_string_equal(quantity_bytes(102349).s, "100 KiB");
	assert_string_equal(quantity_bytes(UINT64_MAX).s, "16384 PiB");
}

static void durations_read_well_at_every_rounding_edge(void **state)
{
	(void)state;
	assert_string_equal(quantity_ns(0).s, "0 ns");
	assert_string_equal(quantity_ns(999).s, "999 ns");
	assert_string_equal(quantity_ns(12000000).s, "12 ms");
	assert_string_equal(quantity_ns(999950).s, "1 ms"); /* not 1000 us */
	assert_string_equal(quantity_ns(1500000000).s, "1.5 s");
	assert_string_equal(quantity_ns(480 * NS_PER_SEC).s, "8 min");
	assert_string_equal(quantity_ns(59 * NS_PER_SEC + 999000000).s, "1 min");
	assert_string_equal(quantity_ns(UINT64_C(95040) * NS_PER_SEC).s, "26.4 h");
	assert_string_equal(quantity_ns(UINT64_C(172800) * NS_PER_SEC).s, "2 d");
	assert_string_equal(quantity_ns(UINT64_MAX).s, "213504 d");
}

static void counts_and_shares_read_the_same_in_every_locale(void **state)
{
	(void)state;
	/* absent on many machines: then this is the C locale, which is the weaker test */
	setlocale(LC_ALL, "de_DE.UTF-8");
	assert_string_equal(quantity_count(0).s, "0");
	assert_string_equal(quantity_count(999).s, "999");
	assert_string_equal(quantity_count(1000).s, "1,000");
	assert_string_equal(quantity_count(1234567).s, "1,234,567");
	assert_string_equal(quantity_count(UINT64_MAX).s, "18,446,744,073,709,551,615");
	assert_string_equal(quantity_ppm(0).s, "0.00 %");
	assert_string_equal(quantity_ppm(3).s, "0.0003 %");
	assert_string_equal(quantity_ppm(200).s, "0.02 %");
	assert_string_equal(quantity_ppm(30000).s, "3.00 %");
	assert_string_equal(quantity_ppm(12345).s, "1.23 %");
	assert_string_equal(quantity_ppm(999999).s, "100.00 %");
	assert_string_equal(quantity_ppm(UINT64_MAX).s, "1844674407370955.16 %");
	assert_string_equal(quantity_bytes(1536).s, "1.5 KiB");
	setlocale(LC_ALL, "C");
}

static void what_is_printed_can_be_read_back(void **state)
{
	uint64_t v;
	(void)state;
	assert_int_equal(quantity_parse_bytes(quantity_bytes(3 << 19).s, &v, NULL), 0);
	assert_int_equal(v, 3 << 19);
	assert_int_equal(quantity_parse_ns(quantity_ns(90 * NS_PER_SEC).s, &v, NULL), 0);
	assert_int_equal(v, 90 * NS_PER_SEC);
	assert_int_equal(quantity_parse_ppm(quantity_ppm(20000).s, &v, NULL), 0);
	assert_int_equal(v, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(durations_need_a_unit_except_zero),
		cmocka_unit_test(percentages_are_exact_parts_per_million),
		cmocka_unit_test(what_does_not_fit_is_called_too_large),
		cmocka_unit_test(counts_take_the_same_letters_but_no_bytes),
		cmocka_unit_test(a_quantity_is_a_count_or_a_share),
		cmocka_unit_test(rates_name_their_time),
		cmocka_unit_test(ratios_round_to_the_nearest_and_survive_nothing),
		cmocka_unit_test(bytes_read_well_at_every_rounding_edge),
		cmocka_unit_test(durations_read_well_at_every_rounding_edge),
		cmocka_unit_test(counts_and_shares_read_the_same_in_every_locale),
		cmocka_unit_test(what_is_printed_can_be_read_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
