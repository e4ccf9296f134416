// SPDX-License-Identifier: MIT
/*
 * Ages against an obvious model: every page, every tau and every tick of small
 * random traces by itself. Equal counts, no tolerance.
 */
#include "replay/age.h"
#include "replay/age-report.h"

#include "base/rng.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { PAGES = 11, DEVICES = 3, ROWS_MAX = 400, TAUS = 6, USERS = DEVICES + 1, CPU = DEVICES };

struct rows {
	uint64_t ts[ROWS_MAX], first[ROWS_MAX], period[ROWS_MAX], end_ns;
	uint32_t npages[ROWS_MAX], count[ROWS_MAX];
	uint16_t dev[ROWS_MAX];
	uint8_t what[ROWS_MAX];
	size_t n;
	bool has_cpu;
};

static const uint64_t taus[TAUS] = { 1, 2, 5, 11, 40, 100 };
static const uint16_t device_numbers[DEVICES] = { 3, 40000, 65535 };

static uint8_t draw_what(struct rng *r, bool *by_cpu)
{
	static const uint8_t whats[] = {
		ACCESS_TOUCH,
		ACCESS_TOUCH | ACCESS_WRITE,
		ACCESS_TOUCH | ACCESS_WRITE,
		ACCESS_OPEN,
		ACCESS_OPEN | ACCESS_TOUCH,
		ACCESS_TOUCH | ACCESS_WRITE | ACCESS_CLOSE,
		ACCESS_TOUCH | ACCESS_WRITE | ACCESS_CLOSE,
		ACCESS_TOUCH | ACCESS_WRITE | ACCESS_LIVE_BEGIN,
		ACCESS_LIVE_END,
		ACCESS_LIVE_END,
		0,
	};
	*by_cpu = *by_cpu && rng_below(r, 3) == 0;
	return *by_cpu ? ACCESS_BY_CPU | ACCESS_TOUCH : whats[rng_below(r, sizeof(whats))];
}

static void draw_rows(struct rng *r, struct rows *t)
{
	const uint64_t gap = 1 + rng_below(r, 40), pages = 2 + rng_below(r, PAGES - 1);
	uint64_t now = rng_below(r, 30);
	t->n = 1 + rng_below(r, ROWS_MAX);
	t->has_cpu = rng_below(r, 2);
	for (size_t i = 0; i < t->n; i++) {
		bool by_cpu = t->has_cpu;
		now += rng_below(r, 4) ? rng_below(r, gap) : 0;
		t->ts[i] = now;
		t->first[i] = rng_below(r, pages);
		t->npages[i] = (uint32_t)rng_below(r, pages - t->first[i] + 1);
		t->dev[i] = device_numbers[rng_below(r, DEVICES)];
		t->what[i] = draw_what(r, &by_cpu);
		t->count[i] = by_cpu ? 1 + (uint32_t)rng_below(r, 2) : 1;
		t->period[i] = by_cpu && rng_below(r, 4) ? rng_below(r, 20) : UINT64_MAX;
	}
	t->end_ns = now + rng_below(r, 100);
}

/* ---- the obvious model ---- */

struct figures {
	uint64_t pages[USERS + 1], refaults[USERS + 1][TAUS], late[USERS + 1][TAUS];
	uint64_t idle[USERS + 1][TAUS];
};

enum { TOTAL = USERS };

static unsigned user_of(const struct rows *t, size_t row)
{
	if (t->what[row] & ACCESS_BY_CPU)
		return CPU;
	unsigned d = 0;
	while (device_numbers[d] != t->dev[row])
		d++;
	return d;
}

/* A state of one page, and how long it has been idle. */
struct state {
	uint64_t last;
	bool is_used;
	unsigned live, open, users;
};

/* The ticks from one time to another at which the page had been idle for tau. */
static void count_ticks(struct figures *f, const struct state *s, uint64_t to, unsigned k)
{
	uint64_t ticks = 0;
	for (uint64_t now = s->last; now < to; now++)
		ticks += s->is_used && !s->live && now - s->last >= taus[k];
	for (unsigned u = 0; u < USERS; u++)
		f->idle[u][k] += s->users >> u & 1 ? ticks : 0;
	f->idle[TOTAL][k] += ticks;
}

static void see_touch(struct figures *f, struct state *s, const struct rows *t, size_t row,
		      unsigned k)
{
	const unsigned user = user_of(t, row);
	const uint64_t now = t->ts[row];
	if (!s->is_used) {
		f->late[user][k] += now >= taus[k];
		f->late[TOTAL][k] += user != CPU && now >= taus[k];
	} else if (now >= s->last && now - s->last >= taus[k]) {
		f->refaults[user][k]++;
		f->refaults[TOTAL][k] += user != CPU;
	}
	count_ticks(f, s, now, k);
	s->is_used = true;
	s->last = now > s->last ? now : s->last;
	if (user == CPU && t->count[row] > 1 && t->period[row] != UINT64_MAX &&
	    now + t->period[row] > s->last)
		s->last = now + t->period[row];
}

static void see_row(struct figures *f, struct state *s, const struct rows *t, size_t row,
		    unsigned k)
{
	const unsigned what = t->what[row];
	if (!what)
		return;
	if (what & ACCESS_TOUCH)
		see_touch(f, s, t, row, k);
	if (what & ACCESS_LIVE_END) {
		s->live -= s->live > 0;
		s->is_used = true;
		s->last = t->ts[row] > s->last ? t->ts[row] : s->last;
	}
	s->live += (what & ACCESS_LIVE_BEGIN) != 0;
	s->open -= what & ACCESS_CLOSE && s->open;
	s->open += (what & ACCESS_OPEN) != 0;
	s->users |= 1U << user_of(t, row);
}

static void model(const struct rows *t, struct figures *f)
{
	*f = (struct figures){};
	for (uint64_t page = 0; page < PAGES; page++)
		for (unsigned k = 0; k < TAUS; k++) {
			struct state s = {};
			for (size_t i = 0; i < t->n; i++)
				if (page >= t->first[i] && page - t->first[i] < t->npages[i])
					see_row(f, &s, t, i, k);
			if (!s.open)
				count_ticks(f, &s, t->end_ns, k);
			for (unsigned u = 0; u < USERS && !k; u++)
				f->pages[u] += s.users >> u & 1;
			f->pages[TOTAL] += !k && s.users;
		}
}

/* ---- comparing ---- */

/* In batches of a length, as they come from a trace. */
static struct age *run(const struct rows *t, size_t batch, const struct age_result **out,
		       size_t *n_out)
{
	struct err e;
	struct age *a;
	assert_int_equal(age_new(taus, TAUS, &a, &e), 0);
	for (size_t i = 0; i < t->n; i += batch) {
		const struct access_batch b = {
			.ts_ns = t->ts + i,
			.first = t->first + i,
			.npages = t->npages + i,
			.dev = t->dev + i,
			.what = t->what + i,
			.count = t->has_cpu ? t->count + i : NULL,
			.period_ns = t->has_cpu ? t->period + i : NULL,
			.n = t->n - i < batch ? t->n - i : batch,
		};
		assert_int_equal(age_add(a, &b, &e), 0);
	}
	assert_int_equal(age_finish(a, t->end_ns, out, n_out, &e), 0);
	return a;
}

static unsigned user_number(unsigned dev)
{
	if (dev == AGE_TOTAL)
		return TOTAL;
	if (dev == AGE_CPU)
		return CPU;
	unsigned d = 0;
	while (device_numbers[d] != dev)
		d++;
	return d;
}

static void counts_equal_the_obvious_model(void **unused)
{
	struct rows *t = malloc(sizeof(*t));
	struct rng r;
	(void)unused;
	rng_init(&r, 1, "age-test");
	for (int round = 0; round < 600; round++) {
		const struct age_result *results;
		struct figures f;
		size_t n;
		draw_rows(&r, t);
		model(t, &f);
		struct age *a = run(t, 1 + rng_below(&r, ROWS_MAX), &results, &n);
		assert_int_equal(results[n - 1].dev, AGE_TOTAL);
		for (size_t i = 0; i < n; i++) {
			const unsigned u = user_number(results[i].dev);
			assert_int_equal(results[i].pages, f.pages[u]);
			for (unsigned k = 0; k < TAUS; k++) {
				assert_int_equal(results[i].refaults[k], f.refaults[u][k]);
				assert_int_equal(results[i].first_late[k], f.late[u][k]);
				assert_true(results[i].idle[k] == f.idle[u][k]);
			}
		}
		age_free(a);
	}
	free(t);
}

static void nothing_grows_with_tau_and_devices_sum_to_the_total(void **unused)
{
	struct rows *t = malloc(sizeof(*t));
	struct rng r;
	(void)unused;
	rng_init(&r, 2, "age-test");
	for (int round = 0; round < 300; round++) {
		const struct age_result *results;
		size_t n;
		draw_rows(&r, t);
		struct age *a = run(t, ROWS_MAX, &results, &n);
		for (unsigned k = 0; k < TAUS; k++) {
			uint64_t refaults = 0, late = 0;
			for (size_t i = 0; i + 1 < n; i++) {
				refaults += results[i].dev == AGE_CPU ? 0 : results[i].refaults[k];
				late += results[i].dev == AGE_CPU ? 0 : results[i].first_late[k];
			}
			assert_int_equal(refaults, results[n - 1].refaults[k]);
			assert_int_equal(late, results[n - 1].first_late[k]);
			for (size_t i = 0; i < n && k; i++) {
				assert_true(results[i].refaults[k] <= results[i].refaults[k - 1]);
				assert_true(results[i].idle[k] <= results[i].idle[k - 1]);
			}
		}
		age_free(a);
	}
	free(t);
}

/* More pages than a batch, more users than a set table starts with, sparse 64-bit numbers. */
static void many_pages_and_users_keep_their_counts(void **unused)
{
	enum { N = 100000, MANY = 300 };
	static const uint64_t tau = 1;
	(void)unused;
	struct err e;
	struct age *a;
	assert_int_equal(age_new(&tau, 1, &a, &e), 0);
	for (uint32_t i = 0; i < 2 * N; i++) {
		const uint64_t ts = i, first = (uint64_t)(i % N) * UINT64_C(0x9e3779b97f4a7c15);
		const uint16_t dev = (uint16_t)(i % N % MANY);
		const uint8_t what = ACCESS_TOUCH;
		const uint32_t one = 1;
		const struct access_batch b = { &ts, &first, &one, &dev, &what, NULL, NULL, 1 };
		assert_int_equal(age_add(a, &b, &e), 0);
	}
	const struct age_result *results;
	size_t n;
	assert_int_equal(age_finish(a, 2 * N, &results, &n, &e), 0);
	assert_int_equal(n, MANY + 1);
	assert_int_equal(results[MANY].pages, N);
	assert_int_equal(results[MANY].refaults[0], N);
	/* each page: N - 1 ticks to its second use, then to the end */
	age_page_ns idle = (age_page_ns)N * (N - 1);
	for (uint64_t i = 0; i < N; i++)
		idle += 2 * N - (N + i) - 1;
	assert_true(results[MANY].idle[0] == idle);
	uint64_t pages = 0;
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(results[i].dev, i);
		pages += results[i].pages;
	}
	assert_int_equal(pages, N);
	age_free(a);
}

/* 13 devices in all 8,178 combinations of two or more: the total stays exact */
static void too_many_combinations_of_users_are_told(void **unused)
{
	enum { USERS_MANY = 13, COMBINATIONS = 1 << USERS_MANY };
	static const uint64_t tau = 1;
	const struct age_result *r;
	struct err e;
	struct age *a;
	size_t n;
	(void)unused;
	assert_int_equal(age_new(&tau, 1, &a, &e), 0);
	for (uint16_t d = 0; d < USERS_MANY; d++)
		for (uint64_t page = 0; page < COMBINATIONS; page++) {
			const uint64_t ts = 2 * d;
			const uint32_t one = 1;
			const uint8_t what = page >> d & 1 ? ACCESS_TOUCH : 0;
			const struct access_batch b = {
				&ts, &page, &one, &d, &what, NULL, NULL, 1
			};
			assert_int_equal(age_add(a, &b, &e), 0);
		}
	assert_int_equal(age_finish(a, 2 * USERS_MANY, &r, &n, &e), 0);
	assert_int_equal(n, USERS_MANY + 1);
	assert_true(r[USERS_MANY].is_cut);
	assert_int_equal(r[USERS_MANY].pages, COMBINATIONS - 1);
	assert_int_equal(r[USERS_MANY].accesses, USERS_MANY * COMBINATIONS / 2);
	/* each use but the first ends a gap of at least 2 */
	assert_int_equal(r[USERS_MANY].refaults[0],
			 USERS_MANY * COMBINATIONS / 2 - (COMBINATIONS - 1));
	age_free(a);
}

static void a_shared_page_is_idle_only_when_nobody_uses_it(void **unused)
{
	static const uint64_t tau = 10;
	const uint64_t ts[] = { 0, 6, 12, 30 }, first[] = { 7, 7, 7, 7 };
	const uint32_t npages[] = { 1, 1, 1, 1 };
	const uint16_t dev[] = { 1, 2, 1, 2 };
	const uint8_t what[] = { ACCESS_TOUCH, ACCESS_TOUCH, ACCESS_TOUCH, ACCESS_TOUCH };
	const struct access_batch b = { ts, first, npages, dev, what, NULL, NULL, 4 };
	const struct age_result *r;
	struct err e;
	struct age *a;
	size_t n;
	(void)unused;
	assert_int_equal(age_new(&tau, 1, &a, &e), 0);
	assert_int_equal(age_add(a, &b, &e), 0);
	assert_int_equal(age_finish(a, 45, &r, &n, &e), 0);
	/* the gaps of 6, 6 and 18: the last is ended by device 2, and idle for 8; 5 at the end */
	assert_int_equal(r[0].refaults[0], 0);
	assert_int_equal(r[1].refaults[0], 1);
	assert_int_equal(r[2].refaults[0], 1);
	for (int i = 0; i < 3; i++) /* once in the total, and in the footprint of each */
		assert_true(r[i].pages == 1 && r[i].idle[0] == 8 + 5);
	age_free(a);
}

/* a quarter of the pages was recorded, but all of the CPU's */
static void sampled_counts_are_scaled_each_by_its_rate(void **unused)
{
	static const uint64_t tau = 10;
	struct age_result results[3] = {
		{ .dev = 1, .pages = 6, .refaults = { 5 }, .idle = { 200 } },
		{ .dev = AGE_CPU, .pages = 20, .refaults = { 7 }, .idle = { 300 } },
		{ .dev = AGE_TOTAL, .pages = 24, .refaults = { 5 }, .idle = { 400 } },
	};
	struct age_run run = { .results = results, .n = 3 };
	const struct age_answer a = {
		.length_ns = 100, .taus = &tau, .ntaus = 1, .runs = &run, .memory_pages = 100
	};
	(void)unused;
	run.info.dma_sample_ppm = 250000;
	run.info.cpu_sample_ppm = 1000000;
	struct age_figures f = age_figures(&a, &run, &results[2], 0);
	assert_int_equal(f.refaults, 20);
	assert_int_equal(f.pages, 4 * (24 - 20) + 20);
	assert_int_equal(f.cold_pages, 4 * (400 - 300) / 100 + 300 / 100);
	assert_int_equal(f.never_pages, 100 - f.pages);
	assert_int_equal(age_figures(&a, &run, &results[1], 0).refaults, 7);
	assert_int_equal(age_figures(&a, &run, &results[0], 0).cold_pages, 4 * 200 / 100);

	run.info.cpu_sample_ppm = 250000;
	f = age_figures(&a, &run, &results[2], 0);
	assert_int_equal(f.pages, 4 * 24);
	assert_int_equal(f.cold_pages, 4 * 400 / 100);
	assert_int_equal(f.cold_pages + f.active_pages + f.never_pages, 100);
	assert_int_equal(age_figures(&a, &run, &results[1], 0).refaults, 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_equal_the_obvious_model),
		cmocka_unit_test(nothing_grows_with_tau_and_devices_sum_to_the_total),
		cmocka_unit_test(many_pages_and_users_keep_their_counts),
		cmocka_unit_test(too_many_combinations_of_users_are_told),
		cmocka_unit_test(a_shared_page_is_idle_only_when_nobody_uses_it),
		cmocka_unit_test(sampled_counts_are_scaled_each_by_its_rate),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
