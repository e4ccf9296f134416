// SPDX-License-Identifier: MIT
/*
 * Multi-generation LRU (Linux 6.1 and later; from general knowledge),
 * simplified: up to four generations of pages.
 *
 * - Aging makes a new youngest generation and walks all page tables: every page
 *   found accessed moves into it and loses the bit. It runs when eviction has
 *   two generations left, and on a tick when `generation` has passed.
 * - Eviction takes the oldest page of the oldest generation; one found accessed
 *   moves to the youngest instead.
 * - A fault puts its page into the youngest generation, readahead into the
 *   second oldest.
 *
 * Left out: tiers and their controller (they protect file pages used through
 * descriptors; guest memory is mapped), look-around of neighbouring entries,
 * Bloom filters (cost, not order), memory group generations.
 */
#include "sim/reclaim.h"

enum { GENERATIONS = 4, GENERATIONS_MIN = 2, GENERATION_BITS = 3 << PAGE_GENERATION };

struct mglru {
	uint64_t youngest, oldest; /* sequence numbers; number % 4 is the list */
	struct ns aged;
};

static uint32_t head(const struct hostmem *h, uint64_t generation)
{
	return h->c.npages + (uint32_t)(generation % GENERATIONS);
}

static void put(struct hostmem *h, uint64_t generation, uint32_t page)
{
	struct hostpage *p = &h->pages[page];
	p->flags = (p->flags & ~(uint32_t)GENERATION_BITS) | (uint32_t)(generation % GENERATIONS)
								     << PAGE_GENERATION;
	list32_push_front(h->nodes, head(h, generation), page);
}

static void mglru_remove(struct hostmem *h, uint32_t page)
{
	list32_remove(h->nodes, page);
}

static void mglru_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	(void)now;
	struct mglru *m = h->model;
	put(h, origin == ORIGIN_READAHEAD ? m->oldest + 1 : m->youngest, page);
}

static void drop_empty(struct hostmem *h)
{
	struct mglru *m = h->model;
	while (m->youngest - m->oldest + 1 > GENERATIONS_MIN &&
	       list32_is_empty(h->nodes, head(h, m->oldest)))
		m->oldest++;
}

static void age(struct hostmem *h, struct ns now)
{
	struct mglru *m = h->model;
	m->youngest++;
	m->aged = now;
	for (uint32_t i = 0; i < h->c.npages; i++) {
		struct hostpage *p = &h->pages[i];
		if (!(p->flags & PAGE_LISTED) || !(p->flags & PAGE_ACCESSED))
			continue;
		p->flags &= ~(uint32_t)PAGE_ACCESSED;
		list32_remove(h->nodes, i);
		put(h, m->youngest, i);
	}
	h->n.scanned += h->c.npages;
}

static bool are_empty(const struct hostmem *h)
{
	for (uint32_t i = 0; i < GENERATIONS; i++)
		if (!list32_is_empty(h->nodes, head(h, i)))
			return false;
	return true;
}

/* Takes one page of the oldest generation, or moves it up; pages freed. */
static uint64_t take_oldest(struct hostmem *h, struct ns now)
{
	struct mglru *m = h->model;
	const uint32_t page = list32_back(h->nodes, head(h, m->oldest));
	struct hostpage *p = &h->pages[page];
	list32_remove(h->nodes, page);
	h->n.scanned++;
	if (p->flags & PAGE_ACCESSED) {
		p->flags &= ~(uint32_t)PAGE_ACCESSED;
		h->n.activated++;
		put(h, m->youngest, page);
		return 0;
	}
	return hostmem_take(h, page, 0, now);
}

static uint64_t mglru_shrink(struct hostmem *h, struct ns now)
{
	struct mglru *m = h->model;
	uint64_t freed = 0;
	while (freed < h->c.batch_pages && !are_empty(h)) {
		drop_empty(h);
		if (m->youngest - m->oldest + 1 <= GENERATIONS_MIN) {
			age(h, now);
			continue;
		}
		freed += take_oldest(h, now);
	}
	return freed;
}

static void mglru_tick(struct hostmem *h, struct ns now)
{
	struct mglru *m = h->model;
	drop_empty(h);
	if (m->youngest - m->oldest + 1 < GENERATIONS &&
	    ns_sub(now, m->aged).v >= h->c.generation_ns)
		age(h, now);
}

static int mglru_init(struct hostmem *h, struct arena *arena)
{
	struct mglru *m = h->model = arena_alloc(arena, 1, sizeof(*m));
	if (!m)
		return ERR_NOMEM;
	m->youngest = GENERATIONS - 1;
	return 0;
}

const struct reclaim reclaim_mglru = {
	.name = "mglru",
	.nheads = GENERATIONS,
	.init = mglru_init,
	.add = mglru_add,
	.remove = mglru_remove,
	.shrink = mglru_shrink,
	.tick = mglru_tick,
};
