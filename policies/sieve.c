// SPDX-License-Identifier: MIT
/*
 * SIEVE: a FIFO queue whose hand evicts in the middle. A hit marks the page as
 * visited and does not move it; the hand walks from the oldest page to the
 * newest and round again, unmarks visited pages and evicts the first page that
 * is not. The queue is an array in order of insertion in which evicted pages
 * leave holes; it is compacted when its end is reached.
 */
#include "policies/policy.h"

enum { ABSENT, HELD, VISITED };
enum { HOLE = UINT32_MAX };

struct sieve {
	uint8_t *flag;   /* by page: one of the above */
	uint32_t *queue; /* pages and holes, oldest first; the last slot never is a hole */
	uint32_t size, head, hand;
	uint32_t held, capacity;
};

static void *sieve_init(const struct policy_setup *setup)
{
	struct sieve *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->size = 2 * setup->capacity_pages + 64;
	s->flag = arena_alloc(setup->arena, setup->npages, sizeof(*s->flag));
	s->queue = arena_alloc(setup->arena, s->size, sizeof(*s->queue));
	s->capacity = setup->capacity_pages;
	return s->flag && s->queue ? s : NULL;
}

POLICY_INLINE void sieve_prefetch(void *state, uint32_t page)
{
	struct sieve *s = state;
	__builtin_prefetch(&s->flag[page], 1);
}

static void sieve_compact(struct sieve *s)
{
	uint32_t live = 0, hand = 0;
	for (uint32_t i = 0; i < s->head; i++) {
		if (i == s->hand)
			hand = live;
		if (s->queue[i] != HOLE)
			s->queue[live++] = s->queue[i];
	}
	s->head = live;
	s->hand = hand;
}

POLICY_INLINE uint32_t sieve_evict(struct sieve *s)
{
	for (uint32_t i = s->hand;; i = i + 1 == s->head ? 0 : i + 1) {
		const uint32_t page = s->queue[i];
		if (page == HOLE)
			continue;
		if (s->flag[page] == VISITED) {
			s->flag[page] = HELD;
			continue;
		}
		s->queue[i] = HOLE;
		s->flag[page] = ABSENT;
		s->hand = i + 1 == s->head ? 0 : i + 1;
		return page;
	}
}

POLICY_INLINE uint32_t sieve_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct sieve *s = state;
	(void)request, (void)next_use;
	if (s->flag[page]) {
		s->flag[page] = VISITED;
		return POLICY_HIT;
	}

	uint32_t victim = POLICY_ROOM;
	if (s->held < s->capacity)
		s->held++;
	else
		victim = sieve_evict(s);
	if (__builtin_expect(s->head == s->size, 0))
		sieve_compact(s);
	s->queue[s->head++] = page;
	s->flag[page] = HELD;
	return victim;
}

POLICY_RUN(sieve)

const struct policy policy_sieve = {
	.abi = POLICY_ABI,
	.name = "sieve",
	.summary = "FIFO queue with a hand that evicts unvisited pages in place",
	.source = "Y. Zhang et al., SIEVE is simpler than LRU, NSDI 2024",
	.init = sieve_init,
	.access = sieve_access,
	.run = sieve_run,
	.prefetch = sieve_prefetch,
};
