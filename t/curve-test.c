// SPDX-License-Identifier: MIT
/*
 * Page numbers, the spool and the miss curve: against obvious models on small
 * random traces, through compactions, growth and the temporary file.
 */
#include "replay/curve.h"
#include "replay/policy-params.h"
#include "base/rng.h"
#include "replay/cachesim.h"
#include "replay/pageids.h"
#include "replay/recency.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

/* pages of a trace that repeats itself: hot draws, loops, and rare ones */
static uint64_t draw(struct rng *r, uint64_t npages, uint64_t i)
{
	switch (rng_below(r, 3)) {
	case 0:
		return rng_below(r, npages);
	case 1:
		return rng_below(r, npages / 8 + 1);
	default:
		return i % (npages / 2 + 1);
	}
}

static void spool_trace(struct spool *s, size_t memory, uint32_t npages, size_t n, uint64_t seed)
{
	struct err e = {};
	struct rng r;
	rng_init(&r, seed, "curve-test");
	assert_int_equal(spool_init(s, memory, &e), 0);
	for (size_t i = 0; i < n; i++) {
		const uint32_t id = (uint32_t)draw(&r, npages, i);
		assert_int_equal(spool_put(s, &id, 1, &e), 0);
	}
	assert_int_equal(spool_finish(s, &e), 0);
}

static void distances_equal_a_move_to_front_list(void **unused)
{
	(void)unused;
	enum { PAGES = 300, TOUCHES = 60000 };
	struct arena a = {};
	struct recency r;
	struct rng rng;
	uint32_t stack[PAGES], n = 0; /* most recent first */
	rng_init(&rng, 1, "recency");
	assert_int_equal(recency_init(&r, &a, PAGES, NULL), 0);
	r.size = 1000; /* compacts often */
	for (uint64_t i = 0; i < TOUCHES; i++) {
		const uint32_t page = (uint32_t)draw(&rng, PAGES, i);
		uint32_t at = 0;
		while (at < n && stack[at] != page)
			at++;
		const bool is_forgotten = at < n && rng_below(&rng, 50) == 0;
		if (is_forgotten)
			recency_forget(&r, page);
		const uint32_t want = at < n && !is_forgotten ? at + 1 : 0;
		assert_int_equal(recency_touch(&r, page), want);
		n += at == n;
		memmove(stack + 1, stack, at * sizeof(stack[0]));
		stack[0] = page;
	}
	arena_deinit(&a);
}

/* rows long enough for every level of the counts: leaves, groups and supers */
static void distances_are_right_across_a_million_places(void **unused)
{
	(void)unused;
	enum { PAGES = 300000, TOUCHES = 3000000 };
	struct arena a = {};
	struct recency r;
	uint32_t *tree = calloc(TOUCHES + 1, sizeof(*tree)); /* Fenwick: live places */
	uint32_t *last = calloc(PAGES, sizeof(*last));
	struct rng rng;
	rng_init(&rng, 2, "recency");
	assert_int_equal(recency_init(&r, &a, PAGES, NULL), 0);
	uint32_t live = 0;
	for (uint32_t i = 1; i <= TOUCHES; i++) {
		const uint32_t page = (uint32_t)draw(&rng, PAGES, i);
		uint32_t want = 0;
		if (last[page]) {
			want = live + 1;
			for (uint32_t k = last[page]; k; k &= k - 1)
				want -= tree[k];
			for (uint32_t k = last[page]; k <= TOUCHES; k += k & -k)
				tree[k]--;
			live--;
		}
		for (uint32_t k = i; k <= TOUCHES; k += k & -k)
			tree[k]++;
		live++;
		last[page] = i;
		const uint32_t got = recency_touch(&r, page);
		if (got != want)
			fail_msg("touch %u of page %u: %u, not %u", i, page, got, want);
	}
	free(tree);
	free(last);
	arena_deinit(&a);
}

static void the_curve_equals_lru_at_every_size(void **unused)
{
	(void)unused;
	enum { PAGES = 150 };
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct spool s;
		struct curve c;
		struct err e = {};
		struct cachesim_job jobs[PAGES + 20];
		spool_trace(&s, SPOOL_MEMORY_BYTES, PAGES, 5000, seed);
		for (uint64_t i = 0; i < PAGES + 20; i++)
			jobs[i] = (struct cachesim_job){ .policy = policy_find("lru"),
							 .size_pages = i + 1 };
		const struct cachesim sim = { .requests = &s, .npages = PAGES };
		assert_int_equal(cachesim_run(&sim, jobs, PAGES + 20, &e), 0);
		assert_int_equal(curve_exact(&s, PAGES, &c, &e), 0);
		assert_int_equal(curve_misses(&c, 0), 5000);
		for (uint64_t i = 0; i < PAGES + 20; i++)
			assert_int_equal(curve_misses(&c, i + 1), jobs[i].misses);
		curve_deinit(&c);
		spool_deinit(&s);
	}
}

static void an_empty_trace_has_an_empty_curve(void **unused)
{
	(void)unused;
	struct spool s;
	struct curve c;
	struct err e = {};
	spool_trace(&s, SPOOL_MEMORY_BYTES, 1, 0, 1);
	assert_int_equal(curve_exact(&s, 0, &c, &e), 0);
	assert_int_equal(curve_misses(&c, 0), 0);
	assert_int_equal(curve_misses(&c, 10), 0);
	curve_deinit(&c);
	spool_deinit(&s);
}

static void results_do_not_depend_on_where_the_requests_lie(void **unused)
{
	(void)unused;
	enum { PAGES = 5000, N = 5 * SPOOL_BLOCK + 77 };
	struct spool memory, file, future_memory, future_file;
	struct err e = {};
	spool_trace(&memory, SPOOL_MEMORY_BYTES, PAGES, N, 1);
	spool_trace(&file, 2 * SPOOL_BLOCK * sizeof(uint32_t), PAGES, N, 1);
	assert_true(memory.fd < 0);
	assert_true(file.fd >= 0);
	assert_int_equal(spool_blocks(&file), 6);

	static uint32_t scratch[SPOOL_BLOCK];
	for (uint64_t block = 6; block--;) {
		const uint32_t *a, *b;
		size_t na, nb;
		assert_int_equal(spool_get(&memory, block, NULL, &a, &na, &e), 0);
		assert_int_equal(spool_get(&file, block, scratch, &b, &nb, &e), 0);
		assert_int_equal(na, nb);
		assert_int_equal(na, block == 5 ? 77 : SPOOL_BLOCK);
		assert_memory_equal(a, b, na * sizeof(*a));
	}

	assert_int_equal(spool_init(&future_memory, SPOOL_MEMORY_BYTES, &e), 0);
	assert_int_equal(spool_init(&future_file, 0, &e), 0);
	assert_int_equal(cachesim_future(&memory, PAGES, &future_memory, &e), 0);
	assert_int_equal(cachesim_future(&file, PAGES, &future_file, &e), 0);
	enum { JOBS_MAX = 64 };
	struct cachesim_job a[JOBS_MAX] = {}, b[JOBS_MAX] = {};
	struct arena arena = {};
	size_t n = 0;
	for (; policies[n]; n++) {
		assert_true(n < JOBS_MAX);
		a[n] = (struct cachesim_job){ .policy = policies[n], .size_pages = 500 };
		assert_int_equal(
			policy_params_default(policies[n], &arena, &a[n].policy_params, &e), 0);
		b[n] = a[n];
	}
	const struct cachesim one = { &memory, &future_memory, PAGES, 1, 1, NULL, NULL };
	const struct cachesim two = { &file, &future_file, PAGES, 1, 4, NULL, NULL };
	assert_int_equal(cachesim_run(&one, a, n, &e), 0);
	assert_int_equal(cachesim_run(&two, b, n, &e), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(a[i].misses, b[i].misses);
	arena_deinit(&arena);
	spool_deinit(&memory);
	spool_deinit(&file);
	spool_deinit(&future_memory);
	spool_deinit(&future_file);
}

static void a_temporary_folder_that_is_missing_is_named(void **unused)
{
	(void)unused;
	struct spool s;
	struct err e = {};
	static const uint32_t values[SPOOL_BLOCK];
	const char *before = getenv("TMPDIR");
	char *saved = before ? strdup(before) : NULL;
	setenv("TMPDIR", "/does/not/exist", 1);
	assert_int_equal(spool_init(&s, 0, &e), 0);
	assert_int_equal(spool_put(&s, values, 1, &e), ERR_CREATE);
	assert_non_null(strstr(e.msg, "/does/not/exist"));
	spool_deinit(&s);
	if (saved)
		setenv("TMPDIR", saved, 1);
	else
		unsetenv("TMPDIR");
	free(saved);
}

static void page_numbers_follow_first_touch_through_growth(void **unused)
{
	(void)unused;
	enum { PAGES = 100000, N = 400000 };
	struct pageids ids;
	struct err e = {};
	struct rng r;
	uint32_t *number = calloc(PAGES, sizeof(*number)), next = 0; /* 1 + id */
	static uint64_t pages[N];
	static uint32_t got[N];
	static uint32_t which[N];
	rng_init(&r, 1, "pageids");
	for (size_t i = 0; i < N; i++) {
		which[i] = (uint32_t)rng_below(&r, i < 1000 ? 50 : PAGES);
		/* strides, the extremes, and scattered numbers */
		pages[i] = which[i] % 3 == 0   ? (uint64_t)which[i] << 44
			   : which[i] % 3 == 1 ? which[i] - UINT64_C(2)
					       : splitmix64_mix(which[i]);
	}
	assert_int_equal(pageids_init(&ids, &e), 0);
	for (size_t i = 0; i < N;) {
		const size_t n = 1 + rng_below(&r, 5000), take = n < N - i ? n : N - i;
		assert_int_equal(pageids_map(&ids, pages + i, take, got + i, &e), 0);
		i += take;
	}
	for (size_t i = 0; i < N; i++) {
		if (!number[which[i]])
			number[which[i]] = ++next;
		assert_int_equal(got[i], number[which[i]] - 1);
	}
	assert_int_equal(ids.n, next);
	assert_true(pageids_bytes(&ids) <= 32 * (size_t)ids.n);
	pageids_deinit(&ids);
	free(number);
}

static void ranges_expand_page_by_page(void **unused)
{
	(void)unused;
	static const uint64_t first[] = { 10, 12, 5, 10 };
	static const uint32_t count[] = { 3, 2, 0, 9000 };
	struct page_array array = { .ranges = { first, count, 4 } };
	const struct page_source source = { page_array_next, &array };
	struct pageids ids;
	struct spool s;
	struct err e = {};
	assert_int_equal(pageids_init(&ids, &e), 0);
	assert_int_equal(spool_init(&s, SPOOL_MEMORY_BYTES, &e), 0);
	assert_int_equal(pageids_ingest(&ids, &source, &s, &e), 0);
	assert_int_equal(s.n, 9005);
	assert_int_equal(ids.n, 9000);
	const uint32_t *v;
	size_t n;
	assert_int_equal(spool_get(&s, 0, NULL, &v, &n, &e), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(v[i], i < 3 ? i : i < 5 ? i - 1 : i - 5);
	spool_deinit(&s);
	pageids_deinit(&ids);
}

static void a_sample_that_holds_all_pages_gives_the_exact_curve(void **unused)
{
	(void)unused;
	enum { PAGES = 3000, N = 50000 };
	static uint64_t pages[N];
	struct rng r;
	struct err e = {};
	struct pageids ids;
	struct spool s;
	struct curve exact, sampled;
	rng_init(&r, 1, "sample");
	for (size_t i = 0; i < N; i++)
		pages[i] = draw(&r, PAGES, i) * 8;
	struct page_array array = { .ranges = { .first = pages, .n = N } };
	const struct page_source source = { page_array_next, &array };
	assert_int_equal(pageids_init(&ids, &e), 0);
	assert_int_equal(spool_init(&s, SPOOL_MEMORY_BYTES, &e), 0);
	assert_int_equal(pageids_ingest(&ids, &source, &s, &e), 0);
	assert_int_equal(curve_exact(&s, ids.n, &exact, &e), 0);
	array.is_done = 0;
	assert_int_equal(curve_sample(&source, PAGES, 1, &sampled, &e), 0);
	assert_int_equal(sampled.unique_pages, exact.unique_pages);
	assert_int_equal(sampled.step_pages, 1);
	for (uint64_t size = 0; size <= ids.n + 1; size++)
		assert_int_equal(curve_misses(&sampled, size), curve_misses(&exact, size));

	/* a small sample repeats bit by bit, and another seed differs */
	struct curve again, other;
	curve_deinit(&sampled);
	array.is_done = 0;
	assert_int_equal(curve_sample(&source, 100, 1, &sampled, &e), 0);
	array.is_done = 0;
	assert_int_equal(curve_sample(&source, 100, 1, &again, &e), 0);
	array.is_done = 0;
	assert_int_equal(curve_sample(&source, 100, 2, &other, &e), 0);
	assert_int_equal(sampled.n, again.n);
	assert_memory_equal(sampled.misses, again.misses, sampled.n * sizeof(uint64_t));
	bool is_equal = other.n == sampled.n;
	for (uint64_t i = 0; i < sampled.n && is_equal; i++)
		is_equal = other.misses[i] == sampled.misses[i];
	assert_false(is_equal);
	for (uint64_t i = 1; i < sampled.n; i++)
		assert_true(sampled.misses[i] <= sampled.misses[i - 1]);
	curve_deinit(&exact);
	curve_deinit(&sampled);
	curve_deinit(&again);
	curve_deinit(&other);
	spool_deinit(&s);
	pageids_deinit(&ids);
}

/* few samples of many pages: the histogram has to widen its buckets several times */
static void a_wide_sampled_curve_stays_near_the_exact_one(void **unused)
{
	(void)unused;
	enum { PAGES = 1 << 20 };
	struct err e = {};
	static uint64_t first[3 * 64];
	static uint32_t count[3 * 64];
	for (int i = 0; i < 3 * 64; i++) { /* three loops over all pages */
		first[i] = (uint64_t)(i % 64) * (PAGES / 64);
		count[i] = PAGES / 64;
	}
	struct page_array array = { .ranges = { first, count, 3 * 64 } };
	const struct page_source source = { page_array_next, &array };
	struct curve c;
	assert_int_equal(curve_sample(&source, 4096, 1, &c, &e), 0);
	assert_true(c.step_pages >= 16);
	assert_int_equal(c.requests, 3 * PAGES);
	assert_in_range(c.unique_pages, PAGES - PAGES / 20, PAGES + PAGES / 20);
	/* a loop misses everything until the cache holds all of it */
	assert_in_range(curve_misses(&c, PAGES / 2), PAGES * 11 / 4, 3 * PAGES);
	assert_in_range(curve_misses(&c, PAGES + PAGES / 10), PAGES * 9 / 10, PAGES * 11 / 10);
	curve_deinit(&c);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_equal_a_move_to_front_list),
		cmocka_unit_test(distances_are_right_across_a_million_places),
		cmocka_unit_test(the_curve_equals_lru_at_every_size),
		cmocka_unit_test(an_empty_trace_has_an_empty_curve),
		cmocka_unit_test(results_do_not_depend_on_where_the_requests_lie),
		cmocka_unit_test(a_temporary_folder_that_is_missing_is_named),
		cmocka_unit_test(page_numbers_follow_first_touch_through_growth),
		cmocka_unit_test(ranges_expand_page_by_page),
		cmocka_unit_test(a_sample_that_holds_all_pages_gives_the_exact_curve),
		cmocka_unit_test(a_wide_sampled_curve_stays_near_the_exact_one),
	};
	return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
