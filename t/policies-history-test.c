// SPDX-License-Identifier: MIT
/*
 * Policies that remember pages which are gone (2Q, LRU-K), every single result
 * against the definitions of their papers, executed literally: lists are
 * strings of page numbers, the victim is looked for among all pages.
 */
#include "base/rng.h"
#include "policies/policy.h"
#include "replay/pageids.h"
#include "t/cache-data.h"
#include "t/policy-sets.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

enum { PAGES_MAX = 1 << 15 };

struct trace {
	uint32_t *page;
	size_t n;
	uint32_t npages;
};

/* ---- 2Q: Johnson and Shasha, VLDB 1994, section 3.2 ---- */

/* Pages in order, the head first. */
struct queue {
	uint32_t page[PAGES_MAX];
	uint32_t n;
};

struct paper_2q {
	struct queue a1in, a1out, am;
	uint32_t slots, kin, kout;
};

static bool is_on(const struct queue *q, uint32_t x, uint32_t *at_out)
{
	for (uint32_t i = 0; i < q->n; i++)
		if (q->page[i] == x) {
			*at_out = i;
			return true;
		}
	return false;
}

static uint32_t remove_at(struct queue *q, uint32_t at)
{
	const uint32_t x = q->page[at];
	q->n--;
	memmove(q->page + at, q->page + at + 1, (q->n - at) * sizeof(x));
	return x;
}

static void add_to_head(struct queue *q, uint32_t x)
{
	memmove(q->page + 1, q->page, q->n * sizeof(x));
	q->page[0] = x;
	q->n++;
}

static uint32_t reclaimfor(struct paper_2q *s)
{
	if (s->a1in.n + s->am.n < s->slots)
		return POLICY_ROOM;
	if (s->a1in.n > s->kin || !s->am.n) {
		const uint32_t y = remove_at(&s->a1in, s->a1in.n - 1);
		add_to_head(&s->a1out, y);
		if (s->a1out.n > s->kout)
			s->a1out.n--;
		return y;
	}
	return remove_at(&s->am, s->am.n - 1);
}

static uint32_t paper_2q_access(void *state, uint32_t x)
{
	struct paper_2q *s = state;
	uint32_t at, result;
	if (is_on(&s->am, x, &at)) {
		add_to_head(&s->am, remove_at(&s->am, at));
		return POLICY_HIT;
	}
	if (is_on(&s->a1in, x, &at))
		return POLICY_HIT;
	if (is_on(&s->a1out, x, &at)) {
		remove_at(&s->a1out, at);
		result = reclaimfor(s);
		add_to_head(&s->am, x);
		return result;
	}
	result = reclaimfor(s);
	add_to_head(&s->a1in, x);
	return result;
}

/* ---- LRU-K: O'Neil, O'Neil, Weikum, SIGMOD 1993, figure 2.1 ---- */

enum { K_MAX = 8 };

struct paper_lruk {
	uint64_t hist[PAGES_MAX][K_MAX + 1]; /* HIST(p, 1..K); 0: none */
	uint64_t last[PAGES_MAX];            /* LAST(p) */
	bool is_in_buffer[PAGES_MAX];
	uint64_t k, correlated, retained, t;
	uint32_t npages, slots, used;
};

/*
 * A reference that there was none of (0) stays none, which the figure leaves to the reader. The
 * subsidiary policy among equals is LRU, and so it is when nothing is eligible.
 */
static uint32_t select_victim(const struct paper_lruk *s)
{
	uint32_t victim = UINT32_MAX;
	for (uint32_t q = 0; q < s->npages; q++) {
		if (!s->is_in_buffer[q] || s->t - s->last[q] <= s->correlated)
			continue;
		if (victim == UINT32_MAX || s->hist[q][s->k] < s->hist[victim][s->k] ||
		    (s->hist[q][s->k] == s->hist[victim][s->k] && s->last[q] < s->last[victim]))
			victim = q;
	}
	for (uint32_t q = 0; q < s->npages && victim == UINT32_MAX; q++) {
		bool is_oldest = s->is_in_buffer[q];
		for (uint32_t r = 0; r < s->npages && is_oldest; r++)
			is_oldest = !s->is_in_buffer[r] || s->last[q] <= s->last[r];
		victim = is_oldest ? q : UINT32_MAX;
	}
	return victim;
}

static uint32_t paper_lruk_access(void *state, uint32_t p)
{
	struct paper_lruk *s = state;
	s->t++;
	if (s->is_in_buffer[p]) {
		if (s->t - s->last[p] > s->correlated) {
			const uint64_t period = s->last[p] - s->hist[p][1];
			for (uint64_t i = s->k; i >= 2; i--)
				s->hist[p][i] = s->hist[p][i - 1] ? s->hist[p][i - 1] + period : 0;
			s->hist[p][1] = s->t;
		}
		s->last[p] = s->t;
		return POLICY_HIT;
	}
	uint32_t result = POLICY_ROOM;
	if (s->used < s->slots) {
		s->used++;
	} else {
		result = select_victim(s);
		s->is_in_buffer[result] = false;
	}
	if (s->retained && s->t - s->last[p] > s->retained)
		memset(s->hist[p], 0, sizeof(s->hist[p]));
	for (uint64_t i = s->k; i >= 2; i--)
		s->hist[p][i] = s->hist[p][i - 1];
	s->hist[p][1] = s->last[p] = s->t;
	s->is_in_buffer[p] = true;
	return result;
}

/* ---- the comparison ---- */

static uint64_t check_equal(const char *name, const struct trace *t, uint32_t capacity,
			    const char *const *sets, uint32_t (*paper)(void *, uint32_t),
			    void *paper_state)
{
	const struct policy *p = policy_find(name);
	struct arena a = {};
	const struct policy_setup setup = { .arena = &a,
					    .npages = t->npages,
					    .capacity_pages = capacity,
					    .nrequests = t->n,
					    .params = policy_sets(p, sets, &a) };
	void *state = p->init(&setup), *batched = p->init(&setup);
	uint64_t misses = 0;
	assert_non_null(state);
	for (size_t i = 0; i < t->n; i++) {
		const uint32_t got = p->access(state, t->page[i], i, POLICY_NEVER);
		const uint32_t want = paper(paper_state, t->page[i]);
		if (got != want)
			fail_msg("%s of %u, %s, request %zu: %u, not %u", name, capacity, sets[0],
				 i, got, want);
		misses += want != POLICY_HIT;
	}
	const struct policy_batch b = { .pages = t->page, .n = t->n };
	assert_int_equal(p->run(batched, &b), misses);
	arena_deinit(&a);
	return misses;
}

static void check_2q(const struct trace *t, uint32_t capacity, unsigned in, unsigned out)
{
	static struct paper_2q s;
	char in_text[40], out_text[40];
	snprintf(in_text, sizeof(in_text), "pin.2q_in=%u%%", in);
	snprintf(out_text, sizeof(out_text), "pin.2q_out=%u%%", out);
	s = (struct paper_2q){ .slots = capacity,
			       .kin = capacity * in / 100,
			       .kout = capacity * out / 100 };
	const char *const sets[] = { in_text, out_text, NULL };
	check_equal("2q", t, capacity, sets, paper_2q_access, &s);
}

static uint64_t check_lruk(const struct trace *t, uint32_t capacity, unsigned k,
			   unsigned correlated, unsigned retained)
{
	static struct paper_lruk s;
	char texts[3][40];
	snprintf(texts[0], sizeof(texts[0]), "pin.lru_k=%u", k);
	snprintf(texts[1], sizeof(texts[1]), "pin.lru_k_correlated=%u", correlated);
	snprintf(texts[2], sizeof(texts[2]), "pin.lru_k_retained=%u", retained);
	memset(&s, 0, sizeof(s));
	s.k = k;
	s.correlated = correlated;
	s.retained = retained;
	s.slots = capacity;
	s.npages = t->npages;
	const char *const sets[] = { texts[0], texts[1], texts[2], NULL };
	return check_equal("lru-k", t, capacity, sets, paper_lruk_access, &s);
}

/* Draws from a hot set and from everything, pieces of one transfer, loops. */
static struct trace draw(uint64_t seed, uint32_t npages, size_t n)
{
	struct trace t = { calloc(n, sizeof(uint32_t)), n, npages };
	struct rng r;
	rng_init(&r, seed, "policies-history-test");
	for (size_t i = 0; i < n;) {
		const uint32_t start = (uint32_t)rng_below(&r, npages);
		switch (rng_below(&r, 5)) {
		case 0: /* one page in several pieces */
			for (uint32_t k = 0; k < 5 && i < n; k++)
				t.page[i++] = start;
			break;
		case 1:
			for (uint32_t k = 0; k < 24 && i < n; k++)
				t.page[i++] = (start + k % 8) % npages;
			break;
		case 2:
			t.page[i++] = start;
			break;
		default:
			t.page[i++] = (uint32_t)rng_below(&r, npages / 6 + 1);
		}
	}
	return t;
}

static const uint32_t capacities[] = { 1, 2, 3, 4, 7, 16, 17, 33, 60, 100 };
enum { NCAPACITIES = sizeof(capacities) / sizeof(*capacities) };

static void two_queues_equal_the_paper_on_random_traces(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct trace t = draw(seed, 40 + 20 * (uint32_t)seed, 4000);
		for (unsigned c = 0; c < NCAPACITIES; c++) {
			check_2q(&t, capacities[c], 25, 50);
			check_2q(&t, capacities[c], 0, 100);
			check_2q(&t, capacities[c], 100, 0);
			check_2q(&t, capacities[c], 50, 20);
		}
		free(t.page);
	}
}

static void lru_k_equals_the_paper_on_random_traces(void **state)
{
	(void)state;
	static const unsigned periods[] = { 0, 1, 5, 16, 200 };
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct trace t = draw(seed, 40 + 40 * (uint32_t)seed, 2000);
		for (unsigned c = 0; c < NCAPACITIES; c++)
			for (unsigned k = 1; k <= 4; k++)
				for (unsigned p = 0; p < sizeof(periods) / sizeof(*periods); p++) {
					check_lruk(&t, capacities[c], k, periods[p], 0);
					check_lruk(&t, capacities[c], k, periods[p], 90);
				}
		check_lruk(&t, 30, K_MAX, 16, 0);
		free(t.page);
	}
}

/* The first requests of a real trace. */
static bool read_real(struct trace *t, bool (*read)(struct trace_data *), size_t most)
{
	struct trace_data data = {};
	struct pageids ids;
	struct err e = {};
	if (!read(&data))
		return false;
	*t = (struct trace){ calloc(most, sizeof(uint32_t)), 0, 0 };
	assert_int_equal(pageids_init(&ids, &e), 0);
	for (size_t i = 0; i < data.n && t->n < most; i++)
		for (uint64_t k = 0; k < data.count[i] && t->n < most; k++) {
			const uint64_t page = data.first[i] + k;
			assert_int_equal(pageids_map(&ids, &page, 1, &t->page[t->n++], &e), 0);
		}
	t->npages = ids.n;
	assert_true(t->n == most && t->npages <= PAGES_MAX);
	pageids_deinit(&ids);
	data_free(&data);
	return true;
}

static void check_real(bool (*read)(struct trace_data *))
{
	struct trace t = {};
	if (!read_real(&t, read, 30000))
		skip();
	const uint32_t sizes[] = { t.npages / 100, t.npages / 10, t.npages / 4 };
	for (unsigned i = 0; i < 3; i++) {
		check_2q(&t, sizes[i], 25, 50);
		check_lruk(&t, sizes[i], 2, 16, 0);
	}
	check_lruk(&t, sizes[1], 3, 0, 5000);
	free(t.page);
}

static void both_equal_their_papers_on_block_requests(void **state)
{
	(void)state;
	check_real(data_vscsi);
}

static void both_equal_their_papers_on_a_database(void **state)
{
	(void)state;
	check_real(data_lis);
}

/* ---- what follows from the definitions ---- */

static void lru_1_without_a_correlated_period_is_lru(void **state)
{
	(void)state;
	struct trace t = draw(9, 150, 5000);
	for (unsigned c = 0; c < NCAPACITIES; c++) {
		const struct policy *lru = policy_find("lru");
		struct arena a = {};
		const struct policy_setup setup = { .arena = &a,
						    .npages = t.npages,
						    .capacity_pages = capacities[c],
						    .nrequests = t.n };
		const struct policy_batch b = { .pages = t.page, .n = t.n };
		assert_int_equal(check_lruk(&t, capacities[c], 1, 0, 0),
				 lru->run(lru->init(&setup), &b));
		arena_deinit(&a);
	}
	free(t.page);
}

/* Six hot pages by turns with pages that are touched four times in a row and never again. */
static void without_its_period_a_transfer_in_pieces_looks_hot(void **state)
{
	(void)state;
	enum { ROUNDS = 500, HOT = 6 };
	struct trace t = { calloc(5 * ROUNDS, sizeof(uint32_t)), 0, HOT + ROUNDS };
	for (uint32_t i = 0; i < ROUNDS; i++) {
		t.page[t.n++] = i % HOT;
		for (unsigned piece = 0; piece < 4; piece++)
			t.page[t.n++] = HOT + i;
	}
	/* with it the hot pages stay from their second reference on; without it most are lost */
	assert_true(check_lruk(&t, 8, 2, 4, 0) <= ROUNDS + 2 * HOT);
	assert_true(check_lruk(&t, 8, 2, 0, 0) > ROUNDS + ROUNDS / 2);
	free(t.page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_queues_equal_the_paper_on_random_traces),
		cmocka_unit_test(lru_k_equals_the_paper_on_random_traces),
		cmocka_unit_test(both_equal_their_papers_on_block_requests),
		cmocka_unit_test(both_equal_their_papers_on_a_database),
		cmocka_unit_test(lru_1_without_a_correlated_period_is_lru),
		cmocka_unit_test(without_its_period_a_transfer_in_pieces_looks_hot),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
