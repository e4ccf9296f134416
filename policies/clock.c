// SPDX-License-Identifier: MIT
/*
 * CLOCK: FIFO with a second chance. A hit sets the page's reference bit; the
 * hand goes round the ring, clears set bits and evicts the first page without
 * one. New pages start without the bit, in the victim's slot.
 */
#include "policies/policy.h"

enum { ABSENT, HELD, REFERENCED };

struct clock {
	uint8_t *flag;  /* by page: one of the above */
	uint32_t *ring; /* capacity pages */
	uint32_t capacity, held, hand;
};

static void *clock_init(const struct policy_setup *setup)
{
	struct clock *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->flag = arena_alloc(setup->arena, setup->npages, sizeof(*s->flag));
	s->ring = arena_alloc(setup->arena, setup->capacity_pages, sizeof(*s->ring));
	s->capacity = setup->capacity_pages;
	return s->flag && s->ring ? s : NULL;
}

POLICY_INLINE void clock_prefetch(void *state, uint32_t page)
{
	struct clock *s = state;
	__builtin_prefetch(&s->flag[page], 1);
}

/* Leaves the hand on the slot of the page that has to go. */
POLICY_INLINE uint32_t clock_choose(struct clock *s)
{
	for (;;) {
		const uint32_t page = s->ring[s->hand];
		if (s->flag[page] == HELD)
			return page;
		s->flag[page] = HELD;
		s->hand = s->hand + 1 == s->capacity ? 0 : s->hand + 1;
	}
}

POLICY_INLINE uint32_t clock_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct clock *s = state;
	(void)request, (void)next_use;
	if (s->flag[page]) {
		s->flag[page] = REFERENCED;
		return POLICY_HIT;
	}

	if (s->held < s->capacity) {
		s->flag[page] = HELD;
		s->ring[s->held++] = page;
		return POLICY_ROOM;
	}
	const uint32_t victim = clock_choose(s);
	s->flag[victim] = ABSENT;
	s->flag[page] = HELD;
	s->ring[s->hand] = page;
	s->hand = s->hand + 1 == s->capacity ? 0 : s->hand + 1;
	return victim;
}

POLICY_RUN(clock)

const struct policy policy_clock = {
	.abi = POLICY_ABI,
	.name = "clock",
	.summary = "FIFO, but a referenced page gets a second round",
	.source = "F. J. Corbato, A paging experiment with the Multics system, 1968",
	.init = clock_init,
	.access = clock_access,
	.run = clock_run,
	.prefetch = clock_prefetch,
};
