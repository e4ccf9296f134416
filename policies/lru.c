// SPDX-License-Identifier: MIT
/*
 * LRU: the page not touched for longest goes. Instead of a linked list, each
 * touch appends the page to a queue and remembers the slot; older slots of the
 * page thereby become stale. The oldest slot that is not stale is the victim.
 * A full queue is compacted: at most capacity of its slots are not stale, so
 * that costs two looks a touch, all of them independent of each other, where
 * a list costs three cache lines that wait for one another.
 */
#include "policies/policy.h"

enum { LRU_AHEAD = 16 }; /* queue slots looked ahead, to hide a miss in slot[] */

struct lru {
	uint32_t *slot;  /* by page: 1 + its newest place in the queue; 0: not held */
	uint32_t *queue; /* of pages, some stale; size + LRU_AHEAD slots */
	uint32_t size, tail, head;
	uint32_t held, capacity;
};

static void *lru_init(const struct policy_setup *setup)
{
	struct lru *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->size = 2 * setup->capacity_pages + 64;
	s->slot = arena_alloc(setup->arena, setup->npages, sizeof(*s->slot));
	s->queue = arena_alloc(setup->arena, s->size + LRU_AHEAD, sizeof(*s->queue));
	s->capacity = setup->capacity_pages;
	return s->slot && s->queue ? s : NULL;
}

POLICY_INLINE void lru_prefetch(void *state, uint32_t page)
{
	struct lru *s = state;
	__builtin_prefetch(&s->slot[page], 1);
}

static void lru_compact(struct lru *s)
{
	uint32_t live = 0;
	for (uint32_t i = s->tail; i < s->head; i++) {
		const uint32_t page = s->queue[i];
		__builtin_prefetch(&s->slot[s->queue[i + LRU_AHEAD]], 1);
		const uint32_t slot = s->slot[page];
		const uint32_t is_live = slot == i + 1; /* no branch: nobody could predict it */
		s->queue[live] = page;
		live += is_live;
		s->slot[page] = slot ^ ((slot ^ live) & -is_live);
	}
	s->tail = 0;
	s->head = live;
}

POLICY_INLINE uint32_t lru_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct lru *s = state;
	(void)request, (void)next_use;
	if (__builtin_expect(s->head == s->size, 0))
		lru_compact(s);
	const bool was_held = s->slot[page];
	s->queue[s->head] = page;
	s->slot[page] = ++s->head;
	if (was_held)
		return POLICY_HIT;
	if (s->held < s->capacity) {
		s->held++;
		return POLICY_ROOM;
	}

	uint32_t victim;
	do {
		victim = s->queue[s->tail++];
		__builtin_prefetch(&s->slot[s->queue[s->tail + LRU_AHEAD - 1]], 1);
	} while (s->slot[victim] != s->tail);
	s->slot[victim] = 0;
	return victim;
}

POLICY_RUN(lru)

const struct policy policy_lru = {
	.abi = POLICY_ABI,
	.name = "lru",
	.summary = "evict the page not used for longest",
	.source = "R. L. Mattson et al., IBM Systems Journal 9(2), 1970",
	.init = lru_init,
	.access = lru_access,
	.run = lru_run,
	.prefetch = lru_prefetch,
};
