// SPDX-License-Identifier: MIT
/*
 * LFU: the page with the fewest touches since it came in goes; among equals
 * the one that reached that count first. Counts are forgotten on eviction.
 * Pages of one count form a list (a level), and the levels form a list in
 * order of their counts, so every access costs the same. Levels in use have at
 * least one page each, hence there are at most capacity + 1 of them.
 */
#include "base/list32.h"
#include "policies/policy.h"

enum { LEVELS, FIRST_LEVEL }; /* level 0 is the head of the level list */

struct lfu {
	uint32_t *level;            /* by page; 0: not held */
	struct list32_node *nodes;  /* by page; then one head a level */
	struct list32_node *levels; /* by level; a free level's next is the next free one */
	uint64_t *touches;          /* by level */
	uint32_t npages, held, capacity;
	uint32_t fresh, free; /* first level never used; first one given back, or 0 */
};

static void *lfu_init(const struct policy_setup *setup)
{
	struct lfu *s = arena_alloc(setup->arena, 1, sizeof(*s));
	const size_t nlevels = (size_t)setup->capacity_pages + 1 + FIRST_LEVEL;
	if (!s)
		return NULL;
	s->level = arena_alloc(setup->arena, setup->npages, sizeof(*s->level));
	s->nodes = arena_alloc(setup->arena, setup->npages + nlevels, sizeof(*s->nodes));
	s->levels = arena_alloc(setup->arena, nlevels, sizeof(*s->levels));
	s->touches = arena_alloc(setup->arena, nlevels, sizeof(*s->touches));
	if (!s->level || !s->nodes || !s->levels || !s->touches)
		return NULL;
	s->npages = setup->npages;
	s->capacity = setup->capacity_pages;
	s->fresh = FIRST_LEVEL;
	list32_init(s->levels, LEVELS);
	return s;
}

POLICY_INLINE void lfu_prefetch(void *state, uint32_t page)
{
	struct lfu *s = state;
	__builtin_prefetch(&s->nodes[page], 1);
	__builtin_prefetch(&s->level[page], 1);
}

/* The level of a count, which may be the one behind `before`, else is made there. */
POLICY_INLINE uint32_t lfu_level(struct lfu *s, uint32_t before, uint64_t touches)
{
	uint32_t level = s->levels[before].next;
	if (level != LEVELS && s->touches[level] == touches)
		return level;

	if (s->free) {
		level = s->free;
		s->free = s->levels[level].next;
	} else {
		level = s->fresh++;
	}
	s->touches[level] = touches;
	list32_init(s->nodes, s->npages + level);
	list32_insert_after(s->levels, before, level);
	return level;
}

POLICY_INLINE void lfu_take(struct lfu *s, uint32_t page)
{
	const uint32_t level = s->level[page];
	list32_remove(s->nodes, page);
	if (!list32_is_empty(s->nodes, s->npages + level))
		return;
	list32_remove(s->levels, level);
	s->levels[level].next = s->free;
	s->free = level;
}

POLICY_INLINE void lfu_put(struct lfu *s, uint32_t page, uint32_t level)
{
	s->level[page] = level;
	list32_push_back(s->nodes, s->npages + level, page);
}

POLICY_INLINE uint32_t lfu_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct lfu *s = state;
	(void)request, (void)next_use;
	const uint32_t level = s->level[page];
	if (level) {
		const uint32_t up = lfu_level(s, level, s->touches[level] + 1);
		lfu_take(s, page);
		lfu_put(s, page, up);
		return POLICY_HIT;
	}

	uint32_t victim = POLICY_ROOM;
	if (s->held < s->capacity) {
		s->held++;
	} else {
		victim = list32_front(s->nodes, s->npages + list32_front(s->levels, LEVELS));
		lfu_take(s, victim);
		s->level[victim] = 0;
	}
	lfu_put(s, page, lfu_level(s, LEVELS, 1));
	return victim;
}

POLICY_RUN(lfu)

const struct policy policy_lfu = {
	.abi = POLICY_ABI,
	.name = "lfu",
	.summary = "evict the page touched least often since it came in",
	.source = "constant-time levels as in K. Shah et al., 2010",
	.init = lfu_init,
	.access = lfu_access,
	.run = lfu_run,
	.prefetch = lfu_prefetch,
};
