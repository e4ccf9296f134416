// SPDX-License-Identifier: MIT
/*
 * LRU-K: the page whose K-th last reference is oldest goes. References closer
 * together than the correlated period are one: they move the page's older
 * references forward instead of adding to them, and the page may not go before
 * that period is over. What is known of a page outlasts its eviction, for the
 * retained period.
 *
 * As the pseudocode of the paper (SIGMOD 1993, figure 2.1), in which time is
 * counted in references: here in requests, from 1. Left open there and settled
 * here: of pages with fewer than K references, and of equal ones, the least
 * recently used goes first; and when no page may go, the least recently used
 * goes all the same. Pages that may go lie in a heap, the others in a queue of
 * the last requests: one moves on when the period since its request is over.
 */
#include "base/param.h"
#include "policies/policy.h"

enum { K_MAX = 8, CORRELATED_MAX = 1 << 20 };

struct lruk_params {
	uint64_t k, correlated, retained;
};

static const struct param lruk_params[] = {
	{ "pin", "lru_k", PARAM_U64, "references", "2 | published | O'Neil et al., SIGMOD 1993", 1,
	  K_MAX, "lru-k: which reference, counted from the last one, pages are compared by",
	  offsetof(struct lruk_params, k), NULL },
	{ "pin", "lru_k_correlated", PARAM_U64, "requests",
	  "16 | derived | a transfer of 64 KiB asks for 16 pages", 0, CORRELATED_MAX,
	  "lru-k: references to a page no further apart than this are one",
	  offsetof(struct lruk_params, correlated), NULL },
	{ "pin", "lru_k_retained", PARAM_U64, "requests", "0 | guess", 0, 0,
	  "lru-k: how long the history of a page that is not held is kept; 0: for good",
	  offsetof(struct lruk_params, retained), NULL },
};

struct lruk {
	uint64_t *hist;   /* by page: K references, the last one first; 0: none */
	uint64_t *last;   /* by page: its last reference, correlated or not */
	uint8_t *is_held; /* by page */
	uint32_t *place;  /* by page: 1 + its place in the heap; 0: not in it */
	uint32_t *heap;   /* the next victim on top */
	uint32_t *queue;  /* pages of the requests from tail on, by request modulo size */
	uint64_t k, correlated, retained, now, tail;
	uint32_t nheap, held, capacity, size;
};

static void *lruk_init(const struct policy_setup *setup)
{
	const struct lruk_params *params = setup->params;
	struct lruk *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->k = params->k;
	s->correlated = params->correlated;
	s->retained = params->retained ? params->retained : UINT64_MAX;
	s->capacity = setup->capacity_pages;
	s->size = (uint32_t)s->correlated + 2;
	s->tail = 1;
	s->hist = arena_alloc(setup->arena, (size_t)setup->npages * s->k, sizeof(*s->hist));
	s->last = arena_alloc(setup->arena, setup->npages, sizeof(*s->last));
	s->is_held = arena_alloc(setup->arena, setup->npages, sizeof(*s->is_held));
	s->place = arena_alloc(setup->arena, setup->npages, sizeof(*s->place));
	s->heap = arena_alloc(setup->arena, s->capacity, sizeof(*s->heap));
	s->queue = arena_alloc(setup->arena, s->size, sizeof(*s->queue));
	return s->hist && s->last && s->is_held && s->place && s->heap && s->queue ? s : NULL;
}

POLICY_INLINE void lruk_prefetch(void *state, uint32_t page)
{
	struct lruk *s = state;
	__builtin_prefetch(&s->hist[page * s->k], 1);
	__builtin_prefetch(&s->last[page], 1);
	__builtin_prefetch(&s->place[page], 1);
}

/* ---- the heap ---- */

POLICY_INLINE bool lruk_goes_before(const struct lruk *s, uint32_t a, uint32_t b)
{
	const uint64_t x = s->hist[a * s->k + s->k - 1], y = s->hist[b * s->k + s->k - 1];
	return x != y ? x < y : s->last[a] < s->last[b];
}

POLICY_INLINE void lruk_set(struct lruk *s, uint32_t at, uint32_t page)
{
	s->heap[at] = page;
	s->place[page] = at + 1;
}

static void lruk_push(struct lruk *s, uint32_t page)
{
	uint32_t at = s->nheap++;
	for (; at && lruk_goes_before(s, page, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
		lruk_set(s, at, s->heap[(at - 1) / 2]);
	lruk_set(s, at, page);
}

static void lruk_remove(struct lruk *s, uint32_t page)
{
	uint32_t at = s->place[page] - 1;
	const uint32_t moved = s->heap[--s->nheap];
	s->place[page] = 0;
	if (moved == page)
		return;
	for (; at && lruk_goes_before(s, moved, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
		lruk_set(s, at, s->heap[(at - 1) / 2]);
	for (uint32_t child; (child = 2 * at + 1) < s->nheap; at = child) {
		child += child + 1 < s->nheap &&
			 lruk_goes_before(s, s->heap[child + 1], s->heap[child]);
		if (!lruk_goes_before(s, s->heap[child], moved))
			break;
		lruk_set(s, at, s->heap[child]);
	}
	lruk_set(s, at, moved);
}

/* ---- requests ---- */

/* The page of request tail if it is held and was not asked for since; POLICY_ROOM: no such. */
POLICY_INLINE uint32_t lruk_pass(struct lruk *s)
{
	const uint64_t request = s->tail++;
	const uint32_t page = s->queue[request % s->size];
	return s->is_held[page] && s->last[page] == request ? page : POLICY_ROOM;
}

POLICY_INLINE uint32_t lruk_evict(struct lruk *s)
{
	uint32_t victim = POLICY_ROOM;
	if (s->nheap) {
		victim = s->heap[0];
		lruk_remove(s, victim);
	}
	while (victim == POLICY_ROOM)
		victim = lruk_pass(s);
	s->is_held[victim] = false;
	return victim;
}

POLICY_INLINE void lruk_shift(struct lruk *s, uint32_t page, uint64_t correlated)
{
	uint64_t *hist = &s->hist[page * s->k];
	for (uint64_t i = s->k - 1; i; i--)
		hist[i] = hist[i - 1] ? hist[i - 1] + correlated : 0;
	hist[0] = s->now;
}

POLICY_INLINE uint32_t lruk_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct lruk *s = state;
	(void)request, (void)next_use;
	s->now++;
	while (s->now - s->tail > s->correlated) {
		const uint32_t settled = lruk_pass(s);
		if (settled != POLICY_ROOM)
			lruk_push(s, settled);
	}
	uint32_t result = POLICY_HIT;
	if (!s->is_held[page]) {
		result = s->held < s->capacity ? (s->held++, POLICY_ROOM) : lruk_evict(s);
		s->is_held[page] = true;
		if (s->now - s->last[page] > s->retained)
			__builtin_memset(&s->hist[page * s->k], 0, s->k * sizeof(*s->hist));
		lruk_shift(s, page, 0);
	} else if (s->place[page]) { /* uncorrelated, else it would be in the queue */
		lruk_remove(s, page);
		lruk_shift(s, page, s->last[page] - s->hist[page * s->k]);
	}
	s->last[page] = s->now;
	s->queue[s->now % s->size] = page;
	return result;
}

POLICY_RUN(lruk)

const struct policy policy_lru_k = {
	.abi = POLICY_ABI,
	.name = "lru-k",
	.summary = "evict the page whose K-th last use is oldest",
	.source = "E. J. O'Neil, P. E. O'Neil, G. Weikum, LRU-K, SIGMOD 1993",
	.init = lruk_init,
	.access = lruk_access,
	.run = lruk_run,
	.prefetch = lruk_prefetch,
	.params = lruk_params,
	.nparams = sizeof(lruk_params) / sizeof(*lruk_params),
	.params_bytes = sizeof(struct lruk_params),
};
