// SPDX-License-Identifier: MIT
/*
 * A policy outside the tree. Build and try it:
 *
 *	gcc -O2 -shared -fPIC -I. -o mine.so examples/policy-mine.c
 *	pugmark cache trace.db --policy ./mine.so,clock,lru --size 10%
 *
 * (-I/usr/local/include/pugmark when pugmark is installed.) The idea of this
 * one: a FIFO queue whose oldest page goes round once more if it was used since
 * it was last looked at, up to ROUNDS times. With ROUNDS = 1 it is CLOCK.
 */
#include "policies/policy.h"

#ifndef ROUNDS
#define ROUNDS 3
#endif

struct mine {
	uint8_t *rounds; /* by page: 0 not held, else 1 + rounds it may still go */
	uint32_t *queue; /* a ring of the held pages */
	uint32_t capacity, held, oldest;
};

/* Memory comes from the arena, is zeroed, and nobody has to free it. */
static void *mine_init(const struct policy_setup *setup)
{
	struct mine *m = arena_alloc(setup->arena, 1, sizeof(*m));
	if (!m)
		return NULL;
	m->rounds = arena_alloc(setup->arena, setup->npages, sizeof(*m->rounds));
	m->queue = arena_alloc(setup->arena, setup->capacity_pages, sizeof(*m->queue));
	m->capacity = setup->capacity_pages;
	return m->rounds && m->queue ? m : NULL;
}

/* Called some requests ahead, so that the memory is there when access needs it. */
POLICY_INLINE void mine_prefetch(void *state, uint32_t page)
{
	struct mine *m = state;
	__builtin_prefetch(&m->rounds[page], 1);
}

POLICY_INLINE uint32_t mine_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct mine *m = state;
	(void)request, (void)next_use;
	if (m->rounds[page]) {
		if (m->rounds[page] <= ROUNDS)
			m->rounds[page]++;
		return POLICY_HIT;
	}

	m->rounds[page] = 1;
	if (m->held < m->capacity) {
		m->queue[m->held++] = page;
		return POLICY_ROOM;
	}
	while (m->rounds[m->queue[m->oldest]] > 1) {
		m->rounds[m->queue[m->oldest]]--;
		m->oldest = m->oldest + 1 == m->capacity ? 0 : m->oldest + 1;
	}
	const uint32_t victim = m->queue[m->oldest];
	m->rounds[victim] = 0;
	m->queue[m->oldest] = page;
	m->oldest = m->oldest + 1 == m->capacity ? 0 : m->oldest + 1;
	return victim;
}

POLICY_RUN(mine)

__attribute__((visibility("default"))) extern const struct policy pugmark_policy;
const struct policy pugmark_policy = {
	.abi = POLICY_ABI,
	.name = "mine",
	.summary = "FIFO whose pages go round as often as they were used, up to three times",
	.source = "an example",
	.init = mine_init,
	.access = mine_access,
	.run = mine_run,
};
