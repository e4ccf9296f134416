// SPDX-License-Identifier: MIT
/*
 * Quantile tables against closed forms (libm here, none in the code under test),
 * and sampled against the published figures of VPRI's bitmap (check A2).
 */
#include "base/quantile.h"
#include "base/fixmath.h"
#include "base/param.h"
#include "base/quantile-normal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* |a / b - 1| */
static double off(double a, double b)
{
	return fabs(a / b - 1);
}

static struct quantile build(const char *text, struct arena *a)
{
	struct quantile q = {};
	struct dist d;
	struct err e;

	if (dist_parse(text, &d, &e) || quantile_init(&q, &d, a, &e))
		fail_msg("%s: %s", text, e.msg);
	return q;
}

static void roots_logarithms_and_powers_agree_with_libm(void **state)
{
	struct rng r;
	(void)state;

	rng_init(&r, 1, "fixmath");
	for (int i = 0; i < 2000; i++) {
		const uint64_t a = rng_next(&r) >> rng_below(&r, 63) | 1;
		const uint64_t b = rng_next(&r) >> rng_below(&r, 63) | 1;
		const unsigned __int128 square = (unsigned __int128)a * a;
		assert_int_equal(fix_sqrt(square), a);
		assert_int_equal(fix_sqrt(square - 1), a - 1);
		const double log = log2((double)a) - log2((double)b);
		assert_true(fabs((double)fix_log2_ratio(a, b) / 0x1p32 - log) < 1e-9);
		const uint64_t v = rng_next(&r) >> 34;
		const double x = (double)rng_below(&r, 40) - 20 + 0.37;
		const double power = (double)v * exp2(x);
		const double ours = (double)fix_scale_exp2(v, (int64_t)(x * 0x1p32));
		assert_true(fabs(ours - power) <= 0.501 + power * 1e-9);
	}
	assert_int_equal(fix_scale_exp2(3, 200 * FIX_ONE_Q32), UINT64_MAX);
	assert_int_equal(fix_scale_exp2(3, -200 * FIX_ONE_Q32), 0);
}

static void the_shipped_normal_is_the_inverse_of_erfc(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < QUANTILE_TAIL_KNOTS; i++) {
		const double t = i + 1 < QUANTILE_TAIL_KNOTS
					 ? (double)quantile_tail_of_knot(i) / 0x1p32
					 : 0x1p-33;
		const double z = quantile_normal[i] / 0x1p24;
		assert_true(off(erfc(z / sqrt(2)) / 2, t) < 1e-6);
	}
}

/* By bisection: slow, and as good as erfc. */
static double normal_quantile(double p)
{
	double lo = -9, hi = 9;

	for (int i = 0; i < 60; i++) {
		const double z = (lo + hi) / 2;
		if (erfc(-z / sqrt(2)) / 2 < p)
			lo = z;
		else
			hi = z;
	}
	return lo;
}

static void lognormal_tables_follow_the_closed_form(void **state)
{
	static const struct {
		const char *text;
		double mean, high, z;
	} cases[] = {
		{ "69ns p99 92ns", 69, 92, 2.3263478740 },
		{ "1742ns p99 2341ns", 1742, 2341, 2.3263478740 },
		{ "100us p99 300us", 100e3, 300e3, 2.3263478740 },
		{ "1ms p99.9 12ms", 1e6, 12e6, 3.0902323062 },
	};
	struct arena a = {};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct quantile q = build(cases[i].text, &a);
		const double l = log(cases[i].high / cases[i].mean), z = cases[i].z;
		const double sigma = z - sqrt(z * z - 2 * l);
		const double median = cases[i].mean * exp(-sigma * sigma / 2);
		for (uint64_t ppm = 1000; ppm < 1000000; ppm += 1000) {
			const uint64_t p = quantile_p_of_ppm(ppm);
			const double v = (double)quantile_at_256(&q, p) / 256;
			const double exact =
				median * exp(sigma * normal_quantile((double)p / 0x1p32));
			assert_true(fabs(v - exact) < exact * 1e-3 + 1.0 / 256);
		}
		assert_true(off((double)quantile_mean_256(&q) / 256, cases[i].mean) < 1e-3);
	}
	arena_deinit(&a);
}

/* Mean and P99 of a million draws. */
static void expect_sampled(const char *text, double mean, double p99)
{
	enum { DRAWS = 1000000 };
	struct arena a = {};
	const struct quantile q = build(text, &a);

	for (uint64_t seed = 1; seed <= 3; seed++) {
		uint64_t sum = 0, above = 0, below = 0;
		struct rng r;

		rng_init(&r, seed, "bitmap");
		for (int i = 0; i < DRAWS; i++) {
			const uint64_t v = quantile_draw(&q, &r);
			sum += v;
			above += (double)v > p99 * 1.01;
			below += (double)v < p99 * 0.99;
		}
		assert_true(off((double)sum / DRAWS, mean) < 0.01);
		/* the sampled P99 lies within 1 % of the published one */
		assert_true(above <= DRAWS / 100 && below <= DRAWS / 100 * 99);
	}
	arena_deinit(&a);
}

static void a_million_draws_have_the_published_mean_and_p99_of_lookup_and_update(void **state)
{
	(void)state;
	expect_sampled("69ns p99 92ns", 69, 92);
	expect_sampled("1742ns p99 2341ns", 1742, 2341);
}

static void the_median_and_any_quantile_fix_a_lognormal_too(void **state)
{
	struct arena a = {};
	const struct quantile q = build("p50 100us p99.99 2ms", &a);
	(void)state;

	assert_int_equal(quantile_at(&q, QUANTILE_ONE / 2), 100000);
	assert_true(off((double)quantile_at(&q, quantile_p_of_ppm(999900)), 2e6) < 1e-3);
	assert_true(off((double)quantile_above(&q, 2000000) / 0x1p32, 1e-4) < 5e-3);
	arena_deinit(&a);
}

static void the_exponential_has_its_mean_and_tail(void **state)
{
	struct arena a = {};
	const struct quantile q = build("exponential 100us", &a);
	(void)state;

	assert_true(off((double)quantile_mean_256(&q) / 256, 1e5) < 5e-4);
	for (double x = 1e3; x < 1.5e6; x *= 1.3) {
		const double t = (double)quantile_above(&q, (uint64_t)x) / 0x1p32;
		assert_true(off(t, exp(-floor(x) / 1e5)) < 2e-3);
	}
	arena_deinit(&a);
}

static void points_are_joined_by_straight_lines(void **state)
{
	struct arena a = {};
	const struct quantile q = build("0% 10us, 50% 20us, 99% 118us, 100% 500us", &a);
	(void)state;

	assert_int_equal(quantile_at(&q, 0), 10000);
	assert_int_equal(quantile_at(&q, QUANTILE_ONE / 4), 15000);
	assert_int_equal(quantile_at(&q, QUANTILE_ONE / 2), 20000);
	assert_int_equal(quantile_at(&q, quantile_p_of_ppm(745000)), 69000);
	assert_int_equal(quantile_at(&q, QUANTILE_ONE), 500000);
	assert_int_equal(quantile_above(&q, 9999), QUANTILE_ONE);
	assert_int_equal(quantile_above(&q, 15000), QUANTILE_ONE / 4 * 3);
	assert_int_equal(quantile_above(&q, 500000), 0);
	assert_int_equal(quantile_mean(&q), 7500 + 33810 + 3090);
	arena_deinit(&a);
}

static void a_constant_is_constant_and_takes_one_number_a_draw(void **state)
{
	struct arena a = {};
	const struct quantile q = build("200us", &a), lognormal = build("69ns p99 92ns", &a);
	struct rng r, s;
	(void)state;

	rng_init(&r, 1, "x");
	rng_init(&s, 1, "x");
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(quantile_draw(&q, &r), 200000);
		quantile_draw(&lognormal, &s);
	}
	assert_int_equal(rng_next(&r), rng_next(&s));
	assert_int_equal(quantile_above(&q, 199999), QUANTILE_ONE);
	assert_int_equal(quantile_above(&q, 200000), 0);
	arena_deinit(&a);
}

/* Asking back: the quantile of the share above v is v. */
static void above_is_the_inverse_of_the_quantile(void **state)
{
	struct arena a = {};
	const struct quantile q = build("100us p99 300us", &a);
	(void)state;

	for (uint64_t v = 30000; v < 900000; v += 777) {
		const uint64_t back = quantile_at(&q, QUANTILE_ONE - quantile_above(&q, v));
		assert_true(off((double)back, (double)v) < 1e-4);
	}
	arena_deinit(&a);
}

static void what_is_no_distribution_is_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"",
		"200",
		"fast",
		"69ns p99",
		"69ns p99 92",
		"69ns p50 92ns",
		"69ns p100 92ns",
		"69ns p99 92ns more",
		"p40 100us p99 200us",
		"exponential",
		"exponential 5",
		"10us 0%",
		"0% 10us, 0% 20us",
		"0% 20us, 50% 10us",
		"0% 10us, 101% 20us",
		"0% 1us 1% 1us 2% 1us 3% 1us 4% 1us 5% 1us 6% 1us 7% 1us 8% 1us 9% 1us 10% 1us "
		"11% 1us 12% 1us",
		"99999999d",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xx",
	};
	struct dist d;
	(void)state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = {};
		if (dist_parse(bad[i], &d, &e) != ERR_USAGE)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(e.msg, "is no distribution"));
	}
}

static void figures_that_no_lognormal_has_are_refused(void **state)
{
	static const char *const bad[] = { "100us p99 90us", "100us p99 1600us", "0ns p99 1us",
					   "p50 100us p99 99us" };
	struct arena a = {};
	(void)state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct quantile q;
		struct dist d;
		struct err e = {};
		assert_int_equal(dist_parse(bad[i], &d, &e), 0);
		assert_int_equal(quantile_init(&q, &d, &a, &e), ERR_USAGE);
		assert_non_null(strstr(e.msg, "no lognormal has that"));
	}
	arena_deinit(&a);
}

struct model {
	struct dist detect;
};

static void a_distribution_is_a_parameter_with_provenance_and_canonical_text(void **state)
{
	static const struct param row = { "iopf", "detect", PARAM_DIST,
					  NULL,   "69 ns",  0,
					  0,      "Lookup", offsetof(struct model, detect),
					  NULL };
	static const char ini[] =
		"[iopf]\ndetect = 0.069us  p99 92ns | published | VPRI, SOSP'24 slides\n";
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct model m;
	struct err e = {};
	(void)state;

	assert_int_equal(param_set_add(&s, &row, 1, &m, &e), 0);
	assert_int_equal(m.detect.kind, DIST_CONST);
	assert_int_equal(param_read_text(&s, "p.ini", ini, strlen(ini), PARAM_PROFILE, &e), 0);
	assert_int_equal(m.detect.kind, DIST_LOGNORMAL_MEAN);
	assert_int_equal(param_find(&s, "iopf", "detect")->kind, PARAM_PUBLISHED);
	char *text = param_canonical(&s);
	assert_string_equal(text, "iopf.detect=69ns p99.0000 92ns\n");
	free(text);
	assert_int_equal(param_assign(&s, "iopf.detect=soon", &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "iopf.detect: 'soon' is no distribution"));
	arena_deinit(&a);
}

static void shown_text_reads_back_as_the_same_distribution(void **state)
{
	static const char *const texts[] = { "200 us", "69ns p99 92ns", "p50 100us p99.99 2ms",
					     "exponential 1.5ms", "0% 10us, 99.99% 20us 100% 5ms" };
	struct dist d, again;
	(void)state;

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(dist_parse(texts[i], &d, NULL), 0);
		assert_int_equal(dist_parse(dist_show(&d).s, &again, NULL), 0);
		assert_memory_equal(&d, &again, sizeof(d));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_logarithms_and_powers_agree_with_libm),
		cmocka_unit_test(the_shipped_normal_is_the_inverse_of_erfc),
		cmocka_unit_test(lognormal_tables_follow_the_closed_form),
		cmocka_unit_test(
			a_million_draws_have_the_published_mean_and_p99_of_lookup_and_update),
		cmocka_unit_test(the_median_and_any_quantile_fix_a_lognormal_too),
		cmocka_unit_test(the_exponential_has_its_mean_and_tail),
		cmocka_unit_test(points_are_joined_by_straight_lines),
		cmocka_unit_test(a_constant_is_constant_and_takes_one_number_a_draw),
		cmocka_unit_test(above_is_the_inverse_of_the_quantile),
		cmocka_unit_test(what_is_no_distribution_is_refused_with_a_sentence),
		cmocka_unit_test(figures_that_no_lognormal_has_are_refused),
		cmocka_unit_test(a_distribution_is_a_parameter_with_provenance_and_canonical_text),
		cmocka_unit_test(shown_text_reads_back_as_the_same_distribution),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
