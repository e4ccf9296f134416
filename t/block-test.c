// SPDX-License-Identifier: MIT
/*
 * Block I/O behind stalls: the published tail law predicted from one fitted
 * blocked time (checks A3 and A4), simulation against closed form, and the ways
 * in which a measurement can fail to see a stall.
 */
#include "sim/block.h"
#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define US       NS_PER_US

enum { P50 = 500000, P99 = 990000, P999 = 999000, P9999 = 999900, RISE = 100000 };

static const struct rate per_s[] = {
	{ 0, NS_PER_SEC }, { 1, NS_PER_SEC },  { 2, NS_PER_SEC },
	{ 5, NS_PER_SEC }, { 10, NS_PER_SEC },
};

/* 5,000 requests/s on one queue, lognormal of median 100 us and P99.9 157 us. */
static struct block_config base_config(const char *service)
{
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct block_config c;
	struct err e;

	if (param_set_add(&s, block_params, block_nparams, &c, &e))
		fail_msg("%s", e.msg);
	if (service)
		assert_int_equal(dist_parse(service, &c.service, &e), 0);
	arena_deinit(&a);
	return c;
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

static double off(double a, double b)
{
	return fabs(a / b - 1);
}

/* ---- the closed form once more, in floating point and with libm ---- */

static double sigma_of_base(void)
{
	return log(157.0 / 100.0) / 3.0902323061678132;
}

/* P(W + B > q): a midpoint sum over the normal behind B. */
static double takes_above(double rate, double blocked_us, double q_us)
{
	const double sigma = sigma_of_base(), step = 0.002;
	double sum = 0, weight = 0;

	for (double z = -8 + step / 2; z < 8; z += step) {
		const double density = exp(-z * z / 2);
		const double w = q_us - 100 * exp(sigma * z);
		const double left = w < 0 ? 1 : 1 - exp(-rate * 1e-6 * fmax(blocked_us - w, 0));
		sum += density * left;
		weight += density;
	}
	return sum / weight;
}

static double exact_quantile_us(double rate, double blocked_us, double p)
{
	double lo = 0, hi = 1e5;

	for (int i = 0; i < 50; i++) {
		const double middle = (lo + hi) / 2;
		if (takes_above(rate, blocked_us, middle) > 1 - p)
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}

static double predicted_us(const struct block_config *c, struct rate faults, const char *blocked,
			   uint64_t ppm)
{
	struct arena a = {};
	struct err e;
	const struct quantile service = build("p50 100us p99.9 157us", &a);
	const struct quantile d = build(blocked, &a);
	struct block_wait w;

	assert_int_equal(block_wait_poisson(&w, c, faults, &d, &a, &e), 0);
	const double us = (double)block_quantile(&w, &service, ppm) / 1000;
	arena_deinit(&a);
	return us;
}

static void integer_tail_law_agrees_with_the_same_formula_in_libm(void **state)
{
	static const struct {
		const char *text;
		double us;
	} blocked[] = { { "100us", 100 }, { "200us", 200 }, { "500us", 500 }, { "1ms", 1000 } };
	const struct block_config c = base_config(NULL);
	(void)state;

	for (size_t d = 0; d < COUNT(blocked); d++) {
		for (size_t f = 0; f < COUNT(per_s); f++) {
			const double rate = (double)per_s[f].count, us = blocked[d].us;
			const double p999 = predicted_us(&c, per_s[f], blocked[d].text, P999);
			const double p9999 = predicted_us(&c, per_s[f], blocked[d].text, P9999);
			assert_true(off(p999, exact_quantile_us(rate, us, 0.999)) < 2e-3);
			assert_true(off(p9999, exact_quantile_us(rate, us, 0.9999)) < 2e-3);
		}
	}
}

/* D uniform in 0 .. 400 us: E (D - w)+ = (400 us - w)^2 / 800 us, a parabola between two knots. */
static void the_wait_for_a_uniform_blocked_time_is_a_parabola(void **state)
{
	static const struct rate rates[] = { { 1, NS_PER_SEC },
					     { 4, NS_PER_SEC },
					     { 1000, NS_PER_SEC } };
	const struct block_config c = base_config(NULL);
	struct arena a = {};
	struct err e;
	const struct quantile d = build("0% 0us, 100% 400us", &a);
	(void)state;

	for (size_t i = 0; i < COUNT(rates); i++) {
		struct block_wait w;
		assert_int_equal(block_wait_poisson(&w, &c, rates[i], &d, &a, &e), 0);
		for (uint64_t us = 0; us < 400; us += 10) {
			const double left = 400e-6 - (double)us * 1e-6;
			const double x = (double)rates[i].count * left * left / 800e-6;
			const double ours = (double)block_waits_above(&w, us * US) / 0x1p32;
			/* shares are told in 2^-32, times in 1/256 ns */
			const double resolution = 0x1p-31 + (double)rates[i].count * 1e-9 / 256;
			assert_true(fabs(ours + expm1(-x)) < 2e-6 * x + resolution);
		}
		assert_int_equal(block_waits_above(&w, 400 * US), 0);
	}
	arena_deinit(&a);
}

/* ---- A3: one parameter, two published facts ---- */

static void one_blocked_time_fitted_on_p999_predicts_p9999(void **state)
{
	struct block_config c = base_config(NULL);
	struct block_fit fit;
	struct arena a = {};
	struct err e;
	(void)state;

	/* the knee of P99.9: 10 faults/s and not 5 */
	assert_int_equal(block_fit_blocked(&c, P999, RISE, per_s[4], per_s[3], &fit, &e), 0);
	assert_true(fit.least_ns <= fit.middle_ns && fit.middle_ns <= fit.greatest_ns);
	assert_in_range(fit.middle_ns, 10 * US, 500 * US);
	assert_in_range(200 * US, fit.least_ns, fit.greatest_ns); /* what the notes settled on */

	/* below 182 us the first fact holds and the second does not: the lower edge is refuted */
	const uint64_t tried[] = { fit.middle_ns, 200 * US, fit.greatest_ns };
	for (size_t i = 0; i < COUNT(tried); i++) {
		const struct dist d = dist_const(tried[i]);
		const uint64_t ppms[] = { P999, P9999 };
		struct block_whatif rows[2 * COUNT(per_s)];
		struct quantile blocked;

		assert_int_equal(quantile_init(&blocked, &d, &a, &e), 0);
		assert_int_equal(
			block_whatif(&c, &blocked, per_s, COUNT(per_s), ppms, 2, RISE, rows, &e),
			0);
		assert_int_equal(rows[0].change_ppm, 0);
		assert_int_equal(rows[0].verdict, BLOCK_SAFE);
		assert_true(rows[8].change_ppm >= RISE); /* P99.9 at 10/s, fitted */
		assert_true(rows[6].change_ppm < RISE);  /* P99.9 at 5/s, fitted */
		assert_true(rows[3].change_ppm >= RISE); /* P99.99 at 1/s, predicted */
		assert_int_equal(rows[3].verdict, BLOCK_RISES);
		assert_true(rows[2].change_ppm < 30000); /* P99.9 at 1/s, predicted */
		assert_int_equal(rows[2].verdict, BLOCK_RARE);
	}
	arena_deinit(&a);
}

static void on_a_base_whose_p9999_is_2_ms_the_same_faults_are_invisible(void **state)
{
	struct block_config c = base_config("p50 100us p99.99 2ms");
	struct arena a = {};
	struct err e;
	const struct quantile blocked = build("200us", &a);
	const uint64_t ppm = P9999;
	struct block_whatif row;
	(void)state;

	assert_int_equal(block_whatif(&c, &blocked, &per_s[1], 1, &ppm, 1, RISE, &row, &e), 0);
	assert_true(off((double)row.base_ns, 2e6) < 5e-3);
	assert_true(row.met_ppm >= 100); /* enough requests meet a stall */
	assert_true(row.change_ppm < 10000);
	assert_int_equal(row.verdict, BLOCK_HIDDEN);
	assert_non_null(strstr(block_verdict_text(row.verdict), "invisible"));
	arena_deinit(&a);
}

/* ---- A4: simulation against closed form ---- */

static struct block_result *simulate(const struct block_config *c, struct rate faults,
				     const char *blocked, uint64_t span_s, uint64_t seed,
				     struct arena *a)
{
	struct block_result *r = arena_alloc(a, 1, sizeof(*r));
	const struct quantile d = build(blocked, a);
	struct block_stall *stalls;
	size_t n;
	struct err e;

	assert_int_equal(block_result_init(r, a), 0);
	assert_int_equal(
		block_make_stalls(c, faults, &d, span_s * NS_PER_SEC, seed, &stalls, &n, &e), 0);
	if (block_run(c, stalls, n, span_s * NS_PER_SEC, seed, r, &e))
		fail_msg("%s", e.msg);
	free(stalls);
	return r;
}

static double simulated_us(const struct block_result *r, uint64_t ppm)
{
	return (double)hist_percentile(&r->latency, ppm) / 1000;
}

static void open_loop_quantiles_are_those_of_the_closed_form(void **state)
{
	const struct block_config c = base_config(NULL);
	(void)state;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct arena a = {};
		const struct block_result *ten = simulate(&c, per_s[4], "200us", 1200, seed, &a);
		assert_true(off(simulated_us(ten, P999), exact_quantile_us(10, 200, 0.999)) < 0.02);
		assert_true(off(simulated_us(ten, P9999), exact_quantile_us(10, 200, 0.9999)) <
			    0.02);
		const struct block_result *five = simulate(&c, per_s[3], "500us", 1200, seed, &a);
		assert_true(off(simulated_us(five, P999), exact_quantile_us(5, 500, 0.999)) < 0.02);
		assert_true(off(simulated_us(five, P99), exact_quantile_us(5, 500, 0.99)) < 0.02);
		arena_deinit(&a);
	}
}

static void a_random_blocked_time_follows_its_closed_form_too(void **state)
{
	const struct block_config c = base_config(NULL);
	const char *const d = "p50 150us p99 500us";
	struct arena a = {};
	(void)state;

	const struct block_result *r = simulate(&c, per_s[4], d, 1200, 1, &a);
	for (size_t i = 0; i < 2; i++) {
		const uint64_t ppm = i ? P9999 : P999;
		assert_true(off(simulated_us(r, ppm), predicted_us(&c, per_s[4], d, ppm)) < 0.02);
	}
	arena_deinit(&a);
}

/* The recorded stalls of a run give its quantiles back, without knowing the rate. */
static void measured_stalls_give_the_quantiles_of_their_run(void **state)
{
	struct block_config c = base_config(NULL);
	const uint64_t span_ns = 1200 * NS_PER_SEC;
	struct arena a = {};
	const struct quantile d = build("p50 150us p99 500us", &a);
	const struct quantile service = build("p50 100us p99.9 157us", &a);
	struct block_stall *stalls;
	struct block_result r;
	struct block_wait w;
	struct err e;
	size_t n;
	(void)state;

	for (int victims = 0; victims < 2; victims++) {
		c.counts_victim = victims;
		assert_int_equal(block_result_init(&r, &a), 0);
		assert_int_equal(block_make_stalls(&c, per_s[4], &d, span_ns, 2, &stalls, &n, &e),
				 0);
		assert_int_equal(block_run(&c, stalls, n, span_ns, 2, &r, &e), 0);
		assert_int_equal(block_wait_measured(&w, &c, stalls, n, span_ns, &a, &e), 0);
		for (size_t i = 0; i < 2; i++) {
			const uint64_t ppm = i ? P9999 : P999;
			const double us = (double)block_quantile(&w, &service, ppm) / 1000;
			assert_true(off(simulated_us(&r, ppm), us) < 0.02);
		}
		free(stalls);
	}
	arena_deinit(&a);
}

static void assert_same_result(const struct block_result *x, const struct block_result *y)
{
	const size_t n = (size_t)(65 - x->latency.sub_bits) << x->latency.sub_bits;

	assert_int_equal(x->ios, y->ios);
	assert_int_equal(x->stalled_ns, y->stalled_ns);
	assert_true(x->latency.sum == y->latency.sum);
	assert_memory_equal(x->latency.buckets, y->latency.buckets, n * sizeof(uint64_t));
}

static void no_faults_and_faults_off_are_the_same_to_the_bit(void **state)
{
	const struct block_config c = base_config(NULL);
	const struct block_stall late = { 3600 * NS_PER_SEC, 3601 * NS_PER_SEC, 0 };
	struct arena a = {};
	struct block_result off_result, beyond;
	struct err e;
	(void)state;

	assert_int_equal(block_result_init(&off_result, &a), 0);
	assert_int_equal(block_result_init(&beyond, &a), 0);
	assert_int_equal(block_run(&c, NULL, 0, 60 * NS_PER_SEC, 7, &off_result, &e), 0);
	assert_int_equal(block_run(&c, &late, 1, 60 * NS_PER_SEC, 7, &beyond, &e), 0);
	const struct block_result *zero = simulate(&c, per_s[0], "200us", 60, 7, &a);
	assert_same_result(zero, &off_result);
	assert_same_result(&beyond, &off_result); /* arrivals and service are drawn alike */
	assert_true(off((double)off_result.ios, 300000) < 0.01);
	arena_deinit(&a);
}

/* ---- what hides a stall ---- */

static void a_closed_loop_of_low_depth_hides_the_stall(void **state)
{
	const struct rate two_a_second = { 2, NS_PER_SEC }, half = { 1, 2 * NS_PER_SEC };
	struct block_config open = base_config(NULL), closed = open;
	struct arena a = {};
	(void)state;

	/* one in flight: one request a stall, 0.5 in 9,900, below 1 in 10,000 */
	closed.arrivals = BLOCK_CLOSED;
	closed.depth = 1;
	const double base = exact_quantile_us(0, 0, 0.9999);
	const double seen_open = simulated_us(simulate(&open, half, "1ms", 1000, 1, &a), P9999);
	const double seen_closed = simulated_us(simulate(&closed, half, "1ms", 1000, 1, &a), P9999);
	assert_true(off(seen_open, exact_quantile_us(0.5, 1000, 0.9999)) < 0.05);
	assert_true(seen_open > 4 * base);
	assert_true(seen_closed < 1.1 * base);

	/* as many clients as give the open load, thinking in between, see it again */
	closed.depth = 320;
	assert_int_equal(dist_parse("exponential 64ms", &closed.think, NULL), 0);
	const double seen_many =
		simulated_us(simulate(&closed, two_a_second, "1ms", 500, 1, &a), P9999);
	assert_true(off(seen_many, exact_quantile_us(2, 1000, 0.9999)) < 0.05);
	arena_deinit(&a);
}

/*
 * With one queue of 5,000/s and 10 faults/s the faulting requests are 0.2 % of
 * all. Counting them, no D explains both knees; on 16 queues they disappear.
 */
static void counting_the_faulting_requests_refutes_one_queue(void **state)
{
	struct block_config c = base_config(NULL);
	struct arena a = {};
	struct err e;
	struct block_fit p999, p9999;
	(void)state;

	c.counts_victim = true;
	const double predicted = predicted_us(&c, per_s[3], "200us", P999);
	const double seen = simulated_us(simulate(&c, per_s[3], "200us", 1200, 1, &a), P999);
	assert_true(off(seen, predicted) < 0.02);
	assert_true(predicted > 1.1 * exact_quantile_us(0, 0, 0.999));

	assert_int_equal(block_fit_blocked(&c, P999, RISE, per_s[4], per_s[3], &p999, &e), 0);
	assert_int_equal(block_fit_blocked(&c, P9999, RISE, per_s[1], per_s[0], &p9999, &e), 0);
	assert_true(p999.greatest_ns < p9999.least_ns);

	c.queues = 16;
	c.scope = BLOCK_DEVICE;
	assert_int_equal(block_fit_blocked(&c, P999, RISE, per_s[4], per_s[3], &p999, &e), 0);
	assert_int_equal(block_fit_blocked(&c, P9999, RISE, per_s[1], per_s[0], &p9999, &e), 0);
	assert_true(p9999.least_ns < p999.middle_ns);
	arena_deinit(&a);
}

static void a_knee_that_no_blocked_time_has_is_said_so(void **state)
{
	const struct block_config c = base_config(NULL);
	struct block_fit fit;
	struct err e;
	(void)state;

	assert_int_equal(block_fit_blocked(&c, P999, RISE, per_s[3], per_s[4], &fit, &e), ERR_NO);
	assert_non_null(strstr(e.msg, "no blocked time"));
}

static void the_scope_of_a_stall_decides_who_waits(void **state)
{
	static const struct {
		int scope;
		uint64_t domains;
	} cases[] = { { BLOCK_QUEUE, 8 }, { BLOCK_CHANNEL, 2 }, { BLOCK_DEVICE, 1 } };
	struct arena a = {};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct block_config c = base_config(NULL);
		c.queues = 8;
		c.channels = 2;
		c.scope = cases[i].scope;
		assert_int_equal(block_domains(&c), cases[i].domains);
		const struct block_result *r = simulate(&c, per_s[4], "1ms", 100, 1, &a);
		const double share = (double)r->stalled / (double)r->ios;
		/* 10 faults/s block a domain for 1 ms each */
		assert_true(off(share, 0.01 / (double)cases[i].domains) < 0.1);
	}
	arena_deinit(&a);
}

/* ---- the queue itself ---- */

static void one_server_with_exponential_service_is_mm1(void **state)
{
	struct block_config c = base_config("exponential 100us");
	struct arena a = {};
	(void)state;

	c.servers = 1;
	const struct block_result *r = simulate(&c, per_s[0], "0", 400, 1, &a);
	/* load 1/2: the time in the system is exponential of mean 200 us */
	assert_true(off((double)hist_mean(&r->latency), 200e3) < 0.02);
	assert_true(off(simulated_us(r, P50), 200 * log(2)) < 0.02);
	assert_true(off(simulated_us(r, P99), 200 * log(100)) < 0.03);
	arena_deinit(&a);
}

static void requests_behind_a_stall_start_in_order_when_it_ends(void **state)
{
	const uint64_t at[] = { 0, 100, 150, 400 }, service[] = { 10, 10, 10, 10 };
	const struct block_stall stalls[] = { { 50, 200, 0 }, { 120, 300, 0 } };
	const struct block_requests q = { .at_ns = at, .service_ns = service, .n = 4 };
	struct block_config c = base_config(NULL);
	struct arena a = {};
	struct block_result r;
	struct err e;
	(void)state;

	assert_int_equal(block_result_init(&r, &a), 0);
	assert_int_equal(block_run_trace(&c, stalls, 2, &q, 1, &r, &e), 0);
	assert_int_equal(r.stalled, 2);
	assert_int_equal(r.stalled_ns, 200 + 150); /* one stall from 50 to 300 */
	assert_true(r.latency.sum == 10 + 210 + 160 + 10);

	c.servers = 1;
	assert_int_equal(block_result_init(&r, &a), 0);
	assert_int_equal(block_run_trace(&c, stalls, 2, &q, 1, &r, &e), 0);
	assert_true(r.latency.sum == 10 + 210 + 170 + 10);
	arena_deinit(&a);
}

static void stalls_beyond_the_span_block_everything_and_no_more(void **state)
{
	const struct block_stall stall = { 0, 2 * NS_PER_SEC, 0 };
	const struct block_config c = base_config(NULL);
	struct arena a = {};
	struct block_wait w;
	struct err e;
	(void)state;

	assert_int_equal(block_wait_measured(&w, &c, &stall, 1, NS_PER_SEC, &a, &e), 0);
	assert_int_equal(block_waits_above(&w, 0), QUANTILE_ONE);
	assert_int_equal(block_waits_above(&w, 3 * NS_PER_SEC / 2), QUANTILE_ONE / 2);
	assert_int_equal(block_wait_measured(&w, &c, &stall, 1, 0, &a, &e), ERR_USAGE);
	arena_deinit(&a);
}

static void the_slo_inverts_the_tail_law(void **state)
{
	const struct block_config c = base_config(NULL);
	struct arena a = {};
	struct err e;
	const struct quantile blocked = build("200us", &a);
	const uint64_t ppm = P9999;
	uint64_t per_day;
	(void)state;

	assert_int_equal(block_limit_rate(&c, &blocked, ppm, 50000, &per_day, &e), 0);
	/* below 1/s, which is +11 %, and more than none */
	assert_in_range(per_day, 1000, 86400);
	struct rate at[] = { { per_day, 86400 * NS_PER_SEC },
			     { per_day + 200, 86400 * NS_PER_SEC } };
	struct block_whatif rows[2];
	assert_int_equal(block_whatif(&c, &blocked, at, 2, &ppm, 1, 50000, rows, &e), 0);
	assert_true(rows[0].change_ppm <= 50000);
	assert_true(rows[1].change_ppm > 50000);
	arena_deinit(&a);
}

static void senseless_configurations_are_refused(void **state)
{
	struct block_config c = base_config(NULL);
	struct arena a = {};
	struct block_result r;
	struct err e;
	(void)state;

	assert_int_equal(block_result_init(&r, &a), 0);
	c.rate.count = 0;
	assert_int_equal(block_run(&c, NULL, 0, NS_PER_SEC, 1, &r, &e), ERR_USAGE);
	c = base_config(NULL);
	c.queues = 3;
	c.channels = 2;
	assert_int_equal(block_run(&c, NULL, 0, NS_PER_SEC, 1, &r, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "block.channels must divide block.queues"));
	c = base_config("100us p99 90us");
	assert_int_equal(block_run(&c, NULL, 0, NS_PER_SEC, 1, &r, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "no lognormal"));
	arena_deinit(&a);
}

/* What is near stalls, simulated, against the closed form over the whole span. */
static void what_is_near_stalls_tells_the_quantiles(void **state)
{
	static const uint64_t ppms[] = { 500000, 990000, 999000, 999900 };
	(void)state;

	for (unsigned scope = 0; scope < 2; scope++) {
		struct arena a = {};
		struct param_set set = { .arena = &a };
		struct block_config c;
		struct block_stall *stalls;
		struct block_wait w;
		struct quantile service, blocked;
		struct err e = {};
		size_t n;
		uint64_t base[4], ns[4], again[4], met_ppm;
		const struct dist d = dist_const(300 * NS_PER_US);
		const uint64_t span_ns = 1000000 * NS_PER_SEC;

		assert_int_equal(param_set_add(&set, block_params, block_nparams, &c, &e), 0);
		c.queues = 4;
		c.scope = scope ? BLOCK_DEVICE : BLOCK_QUEUE;
		assert_int_equal(quantile_init(&blocked, &d, &a, &e), 0);
		assert_int_equal(quantile_init(&service, &c.service, &a, &e), 0);
		/* 5 faults a second, for a while in the middle */
		assert_int_equal(block_make_stalls(&c, (struct rate){ 5, NS_PER_SEC }, &blocked,
						   span_ns / 100, 3, &stalls, &n, &e),
				 0);
		for (size_t i = 0; i < n; i++) {
			stalls[i].from_ns += span_ns / 2;
			stalls[i].until_ns += span_ns / 2;
		}
		assert_int_equal(block_wait_measured(&w, &c, stalls, n, span_ns / 50, &a, &e), 0);
		assert_int_equal(block_measure(&c, stalls, n, span_ns / 50, 1, ppms, 4, base, ns,
					       &met_ppm, &e),
				 0);
		for (unsigned q = 0; q < 4; q++) {
			const uint64_t want = block_quantile(&w, &service, ppms[q]);
			assert_true(ns[q] >= base[q]);
			assert_in_range(ns[q], want - want / 33, want + want / 33);
		}
		const uint64_t met = block_waits_above(&w, 0) * PPM_PER_ONE >> 32;
		assert_in_range(met_ppm, met - met / 10 - 1, met + met / 10 + 1);
		/* without stalls the same to the ns */
		assert_int_equal(
			block_measure(&c, NULL, 0, span_ns, 1, ppms, 4, base, again, NULL, &e), 0);
		assert_memory_equal(base, again, sizeof(base));
		free(stalls);
		arena_deinit(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integer_tail_law_agrees_with_the_same_formula_in_libm),
		cmocka_unit_test(the_wait_for_a_uniform_blocked_time_is_a_parabola),
		cmocka_unit_test(one_blocked_time_fitted_on_p999_predicts_p9999),
		cmocka_unit_test(on_a_base_whose_p9999_is_2_ms_the_same_faults_are_invisible),
		cmocka_unit_test(open_loop_quantiles_are_those_of_the_closed_form),
		cmocka_unit_test(a_random_blocked_time_follows_its_closed_form_too),
		cmocka_unit_test(measured_stalls_give_the_quantiles_of_their_run),
		cmocka_unit_test(no_faults_and_faults_off_are_the_same_to_the_bit),
		cmocka_unit_test(a_closed_loop_of_low_depth_hides_the_stall),
		cmocka_unit_test(counting_the_faulting_requests_refutes_one_queue),
		cmocka_unit_test(a_knee_that_no_blocked_time_has_is_said_so),
		cmocka_unit_test(the_scope_of_a_stall_decides_who_waits),
		cmocka_unit_test(one_server_with_exponential_service_is_mm1),
		cmocka_unit_test(requests_behind_a_stall_start_in_order_when_it_ends),
		cmocka_unit_test(stalls_beyond_the_span_block_everything_and_no_more),
		cmocka_unit_test(the_slo_inverts_the_tail_law),
		cmocka_unit_test(senseless_configurations_are_refused),
		cmocka_unit_test(what_is_near_stalls_tells_the_quantiles),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
