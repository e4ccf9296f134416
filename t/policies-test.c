// SPDX-License-Identifier: MIT
/*
 * Policies: sequences worked by hand, every single result against slow models
 * written from the prose, and properties that hold for any trace.
 */
#include "policies/policy.h"
#include "base/rng.h"
#include "replay/policy-params.h"

#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

/*
 * The policies once more, slowly: ordered arrays, linear searches, written from
 * the prose and from nothing in policies/.
 */

enum { NAIVE_MAX = 512 };

/* pages in an order, oldest first */
struct row {
	uint32_t page[NAIVE_MAX];
	unsigned mark[NAIVE_MAX];
	uint64_t when[NAIVE_MAX];
	unsigned n;
};

static int row_find(const struct row *r, uint32_t page)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->page[i] == page)
			return (int)i;
	return -1;
}

static void row_add(struct row *r, uint32_t page, unsigned mark)
{
	r->page[r->n] = page;
	r->when[r->n] = 0;
	r->mark[r->n++] = mark;
}

static uint32_t row_drop(struct row *r, unsigned i)
{
	const uint32_t page = r->page[i];
	r->n--;
	memmove(r->page + i, r->page + i + 1, (r->n - i) * sizeof(r->page[0]));
	memmove(r->mark + i, r->mark + i + 1, (r->n - i) * sizeof(r->mark[0]));
	memmove(r->when + i, r->when + i + 1, (r->n - i) * sizeof(r->when[0]));
	return page;
}

struct naive {
	const char *name;
	unsigned capacity;
	const uint32_t *trace; /* for min */
	uint64_t ntrace;
	struct row a, b, c, d; /* a: the only or first row; others as the policy says */
	int hand;              /* sieve: index into a, or -1 */
	double p;
	bool has_evicted;
};

static uint32_t naive_simple(struct naive *s, uint32_t page)
{
	const bool is_lru = !strcmp(s->name, "lru"), is_clock = !strcmp(s->name, "clock");
	const int at = row_find(&s->a, page);
	if (at >= 0) {
		s->a.mark[at] = is_clock;
		if (is_lru)
			row_add(&s->a, row_drop(&s->a, (unsigned)at), 0);
		return POLICY_HIT;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		while (s->a.mark[0])
			row_add(&s->a, row_drop(&s->a, 0), 0);
		victim = row_drop(&s->a, 0);
	}
	row_add(&s->a, page, 0);
	return victim;
}

static uint32_t naive_lfu(struct naive *s, uint32_t page, uint64_t now)
{
	const int at = row_find(&s->a, page);
	if (at >= 0) {
		s->a.mark[at]++;
		s->a.when[at] = now;
		return POLICY_HIT;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		unsigned least = 0;
		for (unsigned i = 1; i < s->a.n; i++)
			if (s->a.mark[i] < s->a.mark[least] ||
			    (s->a.mark[i] == s->a.mark[least] && s->a.when[i] < s->a.when[least]))
				least = i;
		victim = row_drop(&s->a, least);
	}
	row_add(&s->a, page, 1);
	s->a.when[s->a.n - 1] = now;
	return victim;
}

static uint32_t naive_sieve(struct naive *s, uint32_t page)
{
	const int at = row_find(&s->a, page);
	if (at >= 0) {
		s->a.mark[at] = 1;
		return POLICY_HIT;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		unsigned o = s->hand < 0 ? 0 : (unsigned)s->hand;
		while (s->a.mark[o]) {
			s->a.mark[o] = 0;
			o = (o + 1) % s->a.n;
		}
		s->hand = o + 1 == s->a.n ? -1 : (int)o; /* the neighbour slides into its place */
		victim = row_drop(&s->a, o);
	}
	row_add(&s->a, page, 0);
	return victim;
}

/* a, b = T1, T2; c, d = B1, B2 */
static uint32_t naive_arc_replace(struct naive *s, bool in_b2)
{
	const bool first = (s->a.n > 0 && (s->a.n > s->p || (s->a.n == s->p && in_b2))) ||
			   s->b.n == 0;
	const uint32_t page = row_drop(first ? &s->a : &s->b, 0);
	row_add(first ? &s->c : &s->d, page, 0);
	return page;
}

static uint32_t naive_arc(struct naive *s, uint32_t page)
{
	const int t1 = row_find(&s->a, page), t2 = row_find(&s->b, page);
	const int b1 = row_find(&s->c, page), b2 = row_find(&s->d, page);
	const bool is_full = s->a.n + s->b.n == s->capacity;
	uint32_t victim = POLICY_ROOM;
	if (t1 >= 0 || t2 >= 0) {
		row_drop(t1 >= 0 ? &s->a : &s->b, (unsigned)(t1 >= 0 ? t1 : t2));
		row_add(&s->b, page, 0);
		return POLICY_HIT;
	}
	if (b1 >= 0 || b2 >= 0) {
		double d = b1 >= 0 ? (double)s->d.n / s->c.n : (double)s->c.n / s->d.n;
		if (d < 1)
			d = 1;
		s->p = b1 >= 0 ? s->p + d : s->p - d;
		if (s->p > s->capacity)
			s->p = s->capacity;
		if (s->p < 0)
			s->p = 0;
		row_drop(b1 >= 0 ? &s->c : &s->d, (unsigned)(b1 >= 0 ? b1 : b2));
		if (is_full)
			victim = naive_arc_replace(s, b2 >= 0);
		row_add(&s->b, page, 0);
		return victim;
	}
	if (is_full && s->a.n + s->c.n >= s->capacity) {
		if (s->c.n) {
			row_drop(&s->c, 0);
			victim = naive_arc_replace(s, false);
		} else {
			victim = row_drop(&s->a, 0);
		}
	} else if (is_full) {
		if (s->a.n + s->b.n + s->c.n + s->d.n >= 2 * s->capacity && s->d.n)
			row_drop(&s->d, 0);
		victim = naive_arc_replace(s, false);
	}
	row_add(&s->a, page, 0);
	return victim;
}

/* a = S, b = M, c = ghosts */
static uint32_t naive_s3fifo_evict(struct naive *s)
{
	const unsigned s_cap = (unsigned)(s->capacity * 0.10), m_cap = s->capacity - s_cap;
	const unsigned g_cap = (unsigned)(s->capacity * 0.90);
	for (;;) {
		if (s->b.n > m_cap || s->a.n == 0) {
			const unsigned mark = s->b.mark[0];
			const uint32_t page = row_drop(&s->b, 0);
			if (!mark)
				return page;
			row_add(&s->b, page, (mark > 3 ? 3 : mark) - 1);
			continue;
		}
		const unsigned mark = s->a.mark[0];
		const uint32_t page = row_drop(&s->a, 0);
		if (mark >= 2) {
			/* S is emptied first, even when M is above its share meanwhile */
			row_add(&s->b, page, 0);
			while (s->a.n && s->a.mark[0] >= 2)
				row_add(&s->b, row_drop(&s->a, 0), 0);
			if (!s->a.n)
				continue;
			row_add(&s->c, row_drop(&s->a, 0), 0);
		} else {
			row_add(&s->c, page, 0);
		}
		const uint32_t victim = s->c.page[s->c.n - 1];
		while (s->c.n > g_cap)
			row_drop(&s->c, 0);
		return victim;
	}
}

static uint32_t naive_s3fifo(struct naive *s, uint32_t page)
{
	const unsigned s_cap = (unsigned)(s->capacity * 0.10);
	const int in_s = row_find(&s->a, page), in_m = row_find(&s->b, page);
	const int ghost = row_find(&s->c, page);
	if (in_s >= 0 || in_m >= 0) {
		(in_s >= 0 ? &s->a : &s->b)->mark[in_s >= 0 ? in_s : in_m]++;
		return POLICY_HIT;
	}
	if (ghost >= 0)
		row_drop(&s->c, (unsigned)ghost);
	uint32_t victim = POLICY_ROOM;
	if (s->a.n + s->b.n + 1 > s->capacity) {
		victim = naive_s3fifo_evict(s);
		s->has_evicted = true;
	}
	const bool fill = !strcmp(s->name, "s3fifo-2025") && !s->has_evicted && s->a.n >= s_cap;
	row_add(ghost >= 0 || fill ? &s->b : &s->a, page, 0);
	return victim;
}

static uint64_t naive_next_use(const struct naive *s, uint32_t page, uint64_t now)
{
	for (uint64_t t = now + 1; t < s->ntrace; t++)
		if (s->trace[t] == page)
			return t;
	return POLICY_NEVER;
}

static uint32_t naive_min(struct naive *s, uint32_t page, uint64_t now)
{
	if (row_find(&s->a, page) >= 0)
		return POLICY_HIT;
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		unsigned far = 0;
		for (unsigned i = 1; i < s->a.n; i++)
			if (naive_next_use(s, s->a.page[i], now) >
			    naive_next_use(s, s->a.page[far], now))
				far = i;
		victim = row_drop(&s->a, far);
	}
	row_add(&s->a, page, 0);
	return victim;
}

static uint32_t naive_access(struct naive *s, uint32_t page, uint64_t now)
{
	if (!strcmp(s->name, "lfu"))
		return naive_lfu(s, page, now);
	if (!strcmp(s->name, "sieve"))
		return naive_sieve(s, page);
	if (!strcmp(s->name, "arc"))
		return naive_arc(s, page);
	if (!strncmp(s->name, "s3fifo", 6))
		return naive_s3fifo(s, page);
	if (!strcmp(s->name, "min"))
		return naive_min(s, page, now);
	return naive_simple(s, page);
}

/* ---- the tests ---- */

enum { PAGES_MAX = 200, REQUESTS_MAX = 3000 };

struct trace {
	uint32_t page[REQUESTS_MAX];
	uint64_t next[REQUESTS_MAX];
	uint32_t npages;
	size_t n;
};

static void find_next_uses(struct trace *t)
{
	uint64_t seen[PAGES_MAX];
	for (uint32_t i = 0; i < t->npages; i++)
		seen[i] = POLICY_NEVER;
	for (size_t i = t->n; i--;) {
		t->next[i] = seen[t->page[i]];
		seen[t->page[i]] = i;
	}
}

/* A mix of draws from a hot set, from everything, and of short loops. */
static void make_trace(struct trace *t, struct rng *r, uint32_t npages, size_t n)
{
	t->npages = npages;
	t->n = n;
	for (size_t i = 0; i < n;) {
		const uint32_t start = (uint32_t)rng_below(r, npages);
		switch (rng_below(r, 4)) {
		case 0:
			for (uint32_t k = 0; k < 12 && i < n; k++)
				t->page[i++] = (start + k % 6) % npages;
			break;
		case 1:
			t->page[i++] = start;
			break;
		default:
			t->page[i++] = (uint32_t)rng_below(r, npages / 5 + 1);
		}
	}
	find_next_uses(t);
}

static void *start(struct arena *a, const struct policy *p, const struct trace *t, uint32_t pages)
{
	const void *params;
	assert_int_equal(policy_params_default(p, a, &params, NULL), 0);
	const struct policy_setup setup = {
		.arena = a,
		.npages = t->npages,
		.capacity_pages = pages,
		.nrequests = t->n,
		.seed = 1,
		.params = params,
	};
	void *state = p->init(&setup);
	assert_non_null(state);
	return state;
}

static uint64_t misses(const struct policy *p, const struct trace *t, uint32_t capacity)
{
	struct arena a = {};
	const struct policy_batch batch = { .pages = t->page, .next_use = t->next, .n = t->n };
	void *state = start(&a, p, t, capacity);
	uint64_t n = p->run ? p->run(state, &batch) : 0;
	for (size_t i = 0; !p->run && i < t->n; i++)
		n += p->access(state, t->page[i], i, t->next[i]) != POLICY_HIT;
	arena_deinit(&a);
	return n;
}

/*
 * Letters are pages; a capital in `want` is the victim, '.' a hit, '+' a miss
 * with room.
 */
static void check_by_hand(const char *name, uint32_t capacity, const char *pages, const char *want)
{
	struct trace t = { .npages = 26, .n = strlen(pages) };
	struct arena a = {};
	char got[64] = "";

	for (size_t i = 0; i < t.n; i++)
		t.page[i] = (uint32_t)(pages[i] - 'a');
	find_next_uses(&t);
	const struct policy *p = policy_find(name);
	void *state = start(&a, p, &t, capacity);
	for (size_t i = 0; i < t.n; i++) {
		const uint32_t r = p->access(state, t.page[i], i, t.next[i]);
		got[i] = r == POLICY_HIT       ? '.'
			 : r == POLICY_ROOM    ? '+'
			 : r == POLICY_UNNAMED ? '?'
					       : (char)('A' + r);
	}
	arena_deinit(&a);
	assert_string_equal(got, want);
}

static void lru_and_fifo_differ_by_what_a_hit_does(void **unused)
{
	(void)unused;
	check_by_hand("lru", 3, "abcadb", "+++.BC");
	check_by_hand("fifo", 3, "abcadba", "+++.A.B");
	check_by_hand("lru", 1, "aabba", "+.A.B");
	check_by_hand("fifo", 1, "aabba", "+.A.B");
}

static void clock_gives_a_referenced_page_one_more_round(void **unused)
{
	(void)unused;
	/* a is referenced: b goes, and a has lost its bit when d's turn comes */
	check_by_hand("clock", 3, "abcadef", "+++.BCA");
	check_by_hand("clock", 2, "ababc", "++..A");
	check_by_hand("clock", 1, "aaab", "+..A");
}

static void sieve_evicts_in_the_middle_and_the_hand_stays(void **unused)
{
	(void)unused;
	/* a visited: b goes and the hand stands at c, which goes next; then d, e; a only then */
	check_by_hand("sieve", 3, "abcade", "+++.BC");
	check_by_hand("sieve", 3, "abcadefa", "+++.BCD.");
	/* b, the newest, goes: the hand starts again at the oldest, a */
	check_by_hand("sieve", 2, "abacbd", "++.BAC");
	check_by_hand("sieve", 1, "aabc", "+.AB");
}

static void lfu_evicts_the_least_count_and_among_equals_the_first_to_reach_it(void **unused)
{
	(void)unused;
	check_by_hand("lfu", 3, "aabbcd", "+.+.+C");
	check_by_hand("lfu", 2, "abbac", "++..B"); /* both at 2, b was there first */
	check_by_hand("lfu", 2, "aabcb", "+.+BC"); /* b's count is forgotten */
}

static void arc_keeps_pages_seen_twice_and_learns_from_ghosts(void **unused)
{
	(void)unused;
	/*
	 * C=2. a,b in T1; a again: T2={a}. c: T1={b} is not above p=0? it is: b -> B1,
	 * T1={c}. b is a ghost hit: p=1, |T1|=1 is not above 1 and b was not in B2:
	 * a goes from T2; T2={b}. d: T1+B1 = 1 < 2, four lists 3 < 4: REPLACE, |T1|=1
	 * is not above p=1: b goes.
	 */
	check_by_hand("arc", 2, "abacbd", "++.BAB");
	/* C=1: no ghost fits beside a full T1 */
	check_by_hand("arc", 1, "abab", "+ABA");
	check_by_hand("arc", 1, "aabbc", "+.A.B");
}

static void s3fifo_moves_pages_hit_twice_and_readmits_ghosts_to_main(void **unused)
{
	(void)unused;
	/* C=10: S 1, M 9, G 9. a hit twice in S moves to M, b is dropped */
	check_by_hand("s3fifo", 10, "abcdefghijaak", "++++++++++..B");
	/* one hit is not enough; a comes back as a ghost into M, past b in S */
	check_by_hand("s3fifo", 10, "abcdefghijakal", "++++++++++.ABC");
}

static void s3fifo_works_below_ten_pages(void **unused)
{
	(void)unused;
	/* S has no share, G none at C=1: plain FIFO with promotion */
	check_by_hand("s3fifo", 1, "aabc", "+.AB");
	check_by_hand("s3fifo", 2, "abac", "++.A");
	for (uint32_t c = 1; c < 25; c++) {
		static struct trace t;
		struct rng r;
		rng_init(&r, c, "small s3fifo");
		make_trace(&t, &r, 40, 1000);
		assert_true(misses(policy_find("s3fifo"), &t, c) < 1000);
		assert_true(misses(policy_find("s3fifo-2025"), &t, c) < 1000);
	}
}

static void min_evicts_what_is_used_last_and_first_what_is_not(void **unused)
{
	(void)unused;
	check_by_hand("min", 2, "abcab", "++?.?");
	check_by_hand("min", 2, "abcbb", "++?..");
	check_by_hand("min", 1, "aba", "+??");
}

static void every_result_equals_the_slow_model(void **unused)
{
	(void)unused;
	static struct trace t;
	static const char *const modelled[] = { "arc", "clock",  "fifo",        "lfu",  "lru",
						"min", "s3fifo", "s3fifo-2025", "sieve" };
	static const uint32_t capacities[] = { 1, 2, 3, 5, 9, 10, 11, 19, 20, 21, 37, 60, 119 };
	for (unsigned seed = 1; seed <= 12; seed++) {
		struct rng r;
		rng_init(&r, seed, "policies-test");
		make_trace(&t, &r, 20 + 15 * seed - (seed & 1) * 10, 2000);
		for (size_t i = 0; i < sizeof(modelled) / sizeof(modelled[0]); i++) {
			for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
				const struct policy *p = policy_find(modelled[i]);
				static struct naive naive;
				naive = (struct naive){ .name = p->name,
							.capacity = capacities[c],
							.trace = t.page,
							.ntrace = t.n,
							.hand = -1 };
				struct arena a = {};
				void *state = start(&a, p, &t, capacities[c]);
				uint64_t slow_misses = 0;
				for (size_t k = 0; k < t.n; k++) {
					const uint32_t got =
						p->access(state, t.page[k], k, t.next[k]);
					uint32_t want = naive_access(&naive, t.page[k], k);
					slow_misses += want != POLICY_HIT;
					if (p->needs_future && want < POLICY_UNNAMED)
						want = POLICY_UNNAMED;
					if (got != want)
						fail_msg("%s of %u, seed %u, request %zu: %u, not "
							 "%u",
							 p->name, capacities[c], seed, k, got,
							 want);
				}
				arena_deinit(&a);
				assert_int_equal(misses(p, &t, capacities[c]), slow_misses);
			}
		}
	}
}

static void the_batched_run_equals_single_accesses_for_any_batch_size(void **unused)
{
	(void)unused;
	static struct trace t;
	struct rng r;
	rng_init(&r, 3, "batches");
	make_trace(&t, &r, PAGES_MAX, REQUESTS_MAX);
	for (size_t i = 0; policies[i]; i++) {
		if (!policies[i]->run)
			continue;
		const uint64_t want = misses(policies[i], &t, 17);
		for (size_t step = 1; step < 40; step += 6) {
			struct arena a = {};
			void *state = start(&a, policies[i], &t, 17);
			uint64_t got = 0;
			for (size_t k = 0; k < t.n; k += step) {
				const size_t n = t.n - k < step ? t.n - k : step;
				const struct policy_batch b = { t.page + k, t.next + k, n, k };
				got += policies[i]->run(state, &b);
			}
			arena_deinit(&a);
			assert_int_equal(got, want);
		}
	}
}

static void no_policy_beats_min_and_none_misses_less_than_the_cold_pages(void **unused)
{
	(void)unused;
	static struct trace t;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct rng r;
		rng_init(&r, seed, "bounds");
		make_trace(&t, &r, 100, REQUESTS_MAX);
		uint64_t unique = 0;
		bool seen[PAGES_MAX] = {};
		for (size_t k = 0; k < t.n; k++) {
			unique += !seen[t.page[k]];
			seen[t.page[k]] = true;
		}
		uint64_t previous = t.n + 1;
		for (uint32_t c = 1; c <= 100; c += 3) {
			const uint64_t bound = misses(policy_find("min"), &t, c);
			assert_true(bound <= previous && bound >= unique);
			previous = bound;
			for (size_t i = 0; policies[i]; i++)
				assert_true(misses(policies[i], &t, c) >= bound);
		}
		for (size_t i = 0; policies[i]; i++)
			assert_int_equal(misses(policies[i], &t, 100), unique);
	}
}

static void a_larger_lru_holds_everything_a_smaller_one_holds(void **unused)
{
	(void)unused;
	static struct trace t;
	struct rng r;
	rng_init(&r, 5, "stack");
	make_trace(&t, &r, 100, REQUESTS_MAX);
	const struct policy *lru = policy_find("lru");
	for (uint32_t c = 1; c < 40; c++) {
		struct arena a = {};
		void *small = start(&a, lru, &t, c), *large = start(&a, lru, &t, c + 1);
		for (size_t k = 0; k < t.n; k++) {
			const uint32_t in_small = lru->access(small, t.page[k], k, t.next[k]);
			const uint32_t in_large = lru->access(large, t.page[k], k, t.next[k]);
			if (in_small == POLICY_HIT)
				assert_int_equal(in_large, POLICY_HIT);
		}
		arena_deinit(&a);
	}
}

static void policies_are_listed_in_order_and_found_by_name(void **unused)
{
	(void)unused;
	size_t n = 0;
	for (; policies[n]; n++) {
		assert_int_equal(policies[n]->abi, POLICY_ABI);
		assert_ptr_equal(policy_find(policies[n]->name), policies[n]);
		if (n)
			assert_true(strcmp(policies[n - 1]->name, policies[n]->name) < 0);
	}
	assert_true(n);
	assert_null(policy_find("lrux"));
	assert_null(policy_find(""));
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lru_and_fifo_differ_by_what_a_hit_does),
		cmocka_unit_test(clock_gives_a_referenced_page_one_more_round),
		cmocka_unit_test(sieve_evicts_in_the_middle_and_the_hand_stays),
		cmocka_unit_test(lfu_evicts_the_least_count_and_among_equals_the_first_to_reach_it),
		cmocka_unit_test(arc_keeps_pages_seen_twice_and_learns_from_ghosts),
		cmocka_unit_test(s3fifo_moves_pages_hit_twice_and_readmits_ghosts_to_main),
		cmocka_unit_test(s3fifo_works_below_ten_pages),
		cmocka_unit_test(min_evicts_what_is_used_last_and_first_what_is_not),
		cmocka_unit_test(every_result_equals_the_slow_model),
		cmocka_unit_test(the_batched_run_equals_single_accesses_for_any_batch_size),
		cmocka_unit_test(no_policy_beats_min_and_none_misses_less_than_the_cold_pages),
		cmocka_unit_test(a_larger_lru_holds_everything_a_smaller_one_holds),
		cmocka_unit_test(policies_are_listed_in_order_and_found_by_name),
	};
	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
