// SPDX-License-Identifier: MIT
/*
 * 2Q, the full version: new pages enter a FIFO A1in and leave it for A1out, a
 * FIFO of page numbers only. A page asked for again while in A1out is wanted
 * for longer and enters Am, an LRU list. Touches of a page in A1in change
 * nothing: they are taken for one use of it, in several pieces.
 *
 * What the paper leaves open: a page leaves A1out before room is made for it,
 * so that its own number takes no place; and when Am is empty, A1in gives the
 * victim whatever its length.
 */
#include "base/list32.h"
#include "base/param.h"
#include "policies/policy.h"

struct twoq_params {
	uint64_t kin_ppm, kout_ppm;
};

static const struct param twoq_params[] = {
	{ "pin", "2q_in", PARAM_PPM, NULL, "25% | published | Johnson and Shasha, VLDB 1994", 0,
	  PPM_PER_ONE, "2q: share of the pages held that A1in may have while others want room",
	  offsetof(struct twoq_params, kin_ppm), NULL },
	{ "pin", "2q_out", PARAM_PPM, NULL, "50% | published | Johnson and Shasha, VLDB 1994", 0,
	  PPM_PER_ONE, "2q: page numbers that A1out remembers, as a share of the pages held",
	  offsetof(struct twoq_params, kout_ppm), NULL },
};

enum where { NOWHERE, A1IN, A1OUT, AM, LISTS };

struct twoq {
	struct list32_node *nodes; /* by page; then the head of each list */
	uint8_t *where;            /* by page */
	uint32_t npages, capacity, kin, kout;
	uint32_t size[LISTS];
};

static uint32_t share_of(uint32_t pages, uint64_t ppm)
{
	return (uint32_t)(pages * ppm / PPM_PER_ONE);
}

static void *twoq_init(const struct policy_setup *setup)
{
	const struct twoq_params *params = setup->params;
	struct twoq *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->nodes = arena_alloc(setup->arena, (size_t)setup->npages + LISTS, sizeof(*s->nodes));
	s->where = arena_alloc(setup->arena, setup->npages, sizeof(*s->where));
	if (!s->nodes || !s->where)
		return NULL;
	s->npages = setup->npages;
	s->capacity = setup->capacity_pages;
	s->kin = share_of(s->capacity, params->kin_ppm);
	s->kout = share_of(s->capacity, params->kout_ppm);
	for (uint32_t list = 0; list < LISTS; list++)
		list32_init(s->nodes, s->npages + list);
	return s;
}

POLICY_INLINE void twoq_prefetch(void *state, uint32_t page)
{
	struct twoq *s = state;
	__builtin_prefetch(&s->nodes[page], 1);
	__builtin_prefetch(&s->where[page], 1);
}

POLICY_INLINE void twoq_take(struct twoq *s, uint32_t page)
{
	list32_remove(s->nodes, page);
	s->size[s->where[page]]--;
	s->where[page] = NOWHERE;
}

POLICY_INLINE void twoq_put(struct twoq *s, enum where list, uint32_t page)
{
	list32_push_front(s->nodes, s->npages + list, page);
	s->where[page] = (uint8_t)list;
	s->size[list]++;
}

POLICY_INLINE uint32_t twoq_take_oldest(struct twoq *s, enum where list)
{
	const uint32_t page = list32_back(s->nodes, s->npages + list);
	twoq_take(s, page);
	return page;
}

/* reclaimfor of the paper */
POLICY_INLINE uint32_t twoq_make_room(struct twoq *s)
{
	if (s->size[A1IN] + s->size[AM] < s->capacity)
		return POLICY_ROOM;
	if (s->size[AM] && s->size[A1IN] <= s->kin)
		return twoq_take_oldest(s, AM);
	const uint32_t victim = twoq_take_oldest(s, A1IN);
	twoq_put(s, A1OUT, victim);
	if (s->size[A1OUT] > s->kout)
		twoq_take_oldest(s, A1OUT);
	return victim;
}

POLICY_INLINE uint32_t twoq_access(void *state, uint32_t page, uint64_t request, uint64_t next_use)
{
	struct twoq *s = state;
	(void)request, (void)next_use;
	const enum where where = s->where[page];
	if (where == A1IN)
		return POLICY_HIT;
	if (where != NOWHERE)
		twoq_take(s, page);
	const uint32_t result = where == AM ? POLICY_HIT : twoq_make_room(s);
	twoq_put(s, where == NOWHERE ? A1IN : AM, page);
	return result;
}

POLICY_RUN(twoq)

const struct policy policy_2q = {
	.abi = POLICY_ABI,
	.name = "2q",
	.summary = "a FIFO for pages seen once, an LRU list for those that come back",
	.source = "T. Johnson, D. Shasha, 2Q, VLDB 1994",
	.init = twoq_init,
	.access = twoq_access,
	.run = twoq_run,
	.prefetch = twoq_prefetch,
	.params = twoq_params,
	.nparams = sizeof(twoq_params) / sizeof(*twoq_params),
	.params_bytes = sizeof(struct twoq_params),
};
