// SPDX-License-Identifier: MIT
/*
 * ARC: two LRU lists, T1 of pages seen once and T2 of pages seen again, each
 * with a ghost list (B1, B2) of what it evicted. A hit in a ghost list moves
 * the target size p of T1 towards the list that would have kept the page. As
 * in the paper (FAST 2003, figure 4); p is real, the size ratio is not rounded.
 */
#include "base/list32.h"
#include "policies/policy.h"

enum where { NOWHERE, T1, T2, B1, B2, LISTS };

struct arc {
	struct list32_node *nodes; /* by page; then the head of each list */
	uint8_t *where;            /* by page */
	uint32_t npages, capacity;
	uint32_t size[LISTS];
	double p;
};

static void *arc_init(const struct policy_setup *setup)
{
	struct arc *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->nodes = arena_alloc(setup->arena, (size_t)setup->npages + LISTS, sizeof(*s->nodes));
	s->where = arena_alloc(setup->arena, setup->npages, sizeof(*s->where));
	if (!s->nodes || !s->where)
		return NULL;
	s->npages = setup->npages;
	s->capacity = setup->capacity_pages;
	for (uint32_t list = 0; list < LISTS; list++)
		list32_init(s->nodes, s->npages + list);
	return s;
}

POLICY_INLINE void arc_prefetch(void *state, uint32_t page)
{
	struct arc *s = state;
	__builtin_prefetch(&s->nodes[page], 1);
	__builtin_prefetch(&s->where[page], 1);
}

POLICY_INLINE void arc_take(struct arc *s, uint32_t page)
{
	list32_remove(s->nodes, page);
	s->size[s->where[page]]--;
}

POLICY_INLINE void arc_put(struct arc *s, enum where list, uint32_t page)
{
	list32_push_front(s->nodes, s->npages + list, page);
	s->where[page] = (uint8_t)list;
	s->size[list]++;
}

/* Takes the oldest page of a list to its ghost list, or to nowhere. */
POLICY_INLINE uint32_t arc_demote(struct arc *s, enum where from, enum where to)
{
	const uint32_t page = list32_back(s->nodes, s->npages + from);
	arc_take(s, page);
	if (to == NOWHERE)
		s->where[page] = NOWHERE;
	else
		arc_put(s, to, page);
	return page;
}

/* REPLACE of the paper */
POLICY_INLINE uint32_t arc_replace(struct arc *s, bool was_in_b2)
{
	const double t1 = s->size[T1];
	if ((s->size[T1] && (t1 > s->p || (t1 == s->p && was_in_b2))) || !s->size[T2])
		return arc_demote(s, T1, B1);
	return arc_demote(s, T2, B2);
}

POLICY_INLINE uint32_t arc_ghost_hit(struct arc *s, uint32_t page, enum where ghost)
{
	const double b1 = s->size[B1], b2 = s->size[B2], c = s->capacity;
	if (ghost == B1) {
		const double d = b2 / b1 > 1 ? b2 / b1 : 1;
		s->p = s->p + d < c ? s->p + d : c;
	} else {
		const double d = b1 / b2 > 1 ? b1 / b2 : 1;
		s->p = s->p - d > 0 ? s->p - d : 0;
	}
	arc_take(s, page);
	uint32_t victim = POLICY_ROOM;
	if (s->size[T1] + s->size[T2] == s->capacity)
		victim = arc_replace(s, ghost == B2);
	arc_put(s, T2, page);
	return victim;
}

POLICY_INLINE uint32_t arc_full_miss(struct arc *s)
{
	const uint64_t once = (uint64_t)s->size[T1] + s->size[B1];
	const uint64_t again = (uint64_t)s->size[T2] + s->size[B2];

	if (s->size[T1] + s->size[T2] < s->capacity)
		return POLICY_ROOM;
	if (once >= s->capacity) {
		if (!s->size[B1])
			return arc_demote(s, T1, NOWHERE);
		arc_demote(s, B1, NOWHERE);
	} else if (once + again >= 2 * (uint64_t)s->capacity && s->size[B2]) {
		arc_demote(s, B2, NOWHERE);
	}
	return arc_replace(s, false);
}

POLICY_INLINE uint32_t arc_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct arc *s = state;
	(void)request, (void)next_use;
	const enum where where = s->where[page];
	if (where == T1 || where == T2) {
		arc_take(s, page);
		arc_put(s, T2, page);
		return POLICY_HIT;
	}
	if (where != NOWHERE)
		return arc_ghost_hit(s, page, where);

	const uint32_t victim = arc_full_miss(s);
	arc_put(s, T1, page);
	return victim;
}

POLICY_RUN(arc)

const struct policy policy_arc = {
	.abi = POLICY_ABI,
	.name = "arc",
	.summary = "balances pages seen once and seen again by what it regrets",
	.source = "N. Megiddo, D. S. Modha, ARC, FAST 2003",
	.init = arc_init,
	.access = arc_access,
	.run = arc_run,
	.prefetch = arc_prefetch,
};
