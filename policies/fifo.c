// SPDX-License-Identifier: MIT
/*
 * FIFO: the page held longest goes, hits change nothing. The held pages lie in
 * a ring in order of insertion; the slot under the hand is always the oldest.
 */
#include "policies/policy.h"

struct fifo {
	uint8_t *is_held; /* by page */
	uint32_t *ring;   /* capacity pages */
	uint32_t capacity, held, hand;
};

static void *fifo_init(const struct policy_setup *setup)
{
	struct fifo *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->is_held = arena_alloc(setup->arena, setup->npages, sizeof(*s->is_held));
	s->ring = arena_alloc(setup->arena, setup->capacity_pages, sizeof(*s->ring));
	s->capacity = setup->capacity_pages;
	return s->is_held && s->ring ? s : NULL;
}

POLICY_INLINE void fifo_prefetch(void *state, uint32_t page)
{
	struct fifo *s = state;
	__builtin_prefetch(&s->is_held[page], 1);
}

POLICY_INLINE uint32_t fifo_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct fifo *s = state;
	(void)request, (void)next_use;
	if (s->is_held[page])
		return POLICY_HIT;

	s->is_held[page] = true;
	if (s->held < s->capacity) {
		s->ring[s->held++] = page;
		return POLICY_ROOM;
	}
	const uint32_t victim = s->ring[s->hand];
	s->is_held[victim] = false;
	s->ring[s->hand] = page;
	s->hand = s->hand + 1 == s->capacity ? 0 : s->hand + 1;
	return victim;
}

POLICY_RUN(fifo)

const struct policy policy_fifo = {
	.abi = POLICY_ABI,
	.name = "fifo",
	.summary = "evict the page held longest",
	.source = "folklore; L. A. Belady, IBM Systems Journal 5(2), 1966",
	.init = fifo_init,
	.access = fifo_access,
	.run = fifo_run,
	.prefetch = fifo_prefetch,
};
