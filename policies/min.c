// SPDX-License-Identifier: MIT
/*
 * MIN: the page whose next use is farthest goes; no policy that always admits
 * misses less. It needs the future and is a bound, not a choice.
 *
 * Every request is the next use of exactly one earlier one, so the held pages
 * are a set of request numbers: a bitmap with one bit a request, no heap.
 * Request t hits when bit t is set; holding a page sets the bit of its next
 * use; the victim is the highest bit. Held pages that are not used again are
 * only counted and go first. A level of the tree marks the words that are not
 * zero in the level below. The cost: the policy knows how many pages it holds,
 * not which, and reports evictions as POLICY_UNNAMED.
 */
#include "policies/policy.h"

enum { LEVELS_MAX = 11, WORD_BITS = 64 };

struct min {
	uint64_t *level[LEVELS_MAX]; /* 0: one bit a request; the last is one word */
	unsigned top;
	uint32_t held, capacity, useless;
};

static void *min_init(const struct policy_setup *setup)
{
	struct min *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->capacity = setup->capacity_pages;
	uint64_t words = setup->nrequests;
	for (s->top = 0;; s->top++) {
		words = words / WORD_BITS + 1;
		s->level[s->top] = arena_alloc(setup->arena, words, sizeof(uint64_t));
		if (!s->level[s->top])
			return NULL;
		if (words == 1)
			return s;
	}
}

/* The bits are touched in order of time; nothing has to be asked for. */
POLICY_INLINE void min_prefetch(void *state, uint32_t page)
{
	(void)state, (void)page;
}

POLICY_INLINE void min_hold(struct min *s, uint64_t next_use)
{
	if (next_use == POLICY_NEVER) {
		s->useless++;
		return;
	}
	for (unsigned level = 0; level <= s->top; level++, next_use /= WORD_BITS) {
		uint64_t *word = &s->level[level][next_use / WORD_BITS];
		const uint64_t before = *word;
		*word = before | UINT64_C(1) << next_use % WORD_BITS;
		if (before)
			return;
	}
}

POLICY_INLINE void min_evict(struct min *s)
{
	if (s->useless) {
		s->useless--;
		return;
	}
	uint64_t farthest = 0;
	for (unsigned level = s->top + 1; level--;) {
		const uint64_t word = s->level[level][farthest];
		farthest = farthest * WORD_BITS + (WORD_BITS - 1 - __builtin_clzll(word));
	}
	for (unsigned level = 0; level <= s->top; level++, farthest /= WORD_BITS) {
		uint64_t *word = &s->level[level][farthest / WORD_BITS];
		*word &= ~(UINT64_C(1) << farthest % WORD_BITS);
		if (*word)
			return;
	}
}

/*
 * The bit of a request stays set after it: pages that are held and used again
 * have higher ones, and there is such a page whenever one has to go.
 */
POLICY_INLINE uint32_t min_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct min *s = state;
	(void)page;
	if (s->level[0][request / WORD_BITS] >> request % WORD_BITS & 1) {
		min_hold(s, next_use);
		return POLICY_HIT;
	}
	uint32_t result = POLICY_ROOM;
	if (s->held < s->capacity) {
		s->held++;
	} else {
		min_evict(s);
		result = POLICY_UNNAMED;
	}
	min_hold(s, next_use);
	return result;
}

POLICY_RUN(min)

const struct policy policy_min = {
	.abi = POLICY_ABI,
	.name = "min",
	.summary = "evict the page used farthest in the future: the bound",
	.source = "L. A. Belady, IBM Systems Journal 5(2), 1966",
	.needs_future = true,
	.init = min_init,
	.access = min_access,
	.run = min_run,
};
