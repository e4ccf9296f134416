// SPDX-License-Identifier: MIT
/*
 * Second chance: pages on a circle, the hand clears the accessed bit and takes
 * the first page without it. The least that an accessed bit can be used for.
 */
#include "sim/reclaim.h"

static uint32_t head(const struct hostmem *h)
{
	return h->c.npages;
}

static void clock_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	(void)origin, (void)now;
	list32_push_front(h->nodes, head(h), page);
}

static void clock_remove(struct hostmem *h, uint32_t page)
{
	list32_remove(h->nodes, page);
}

static uint64_t clock_shrink(struct hostmem *h, struct ns now)
{
	while (!list32_is_empty(h->nodes, head(h))) {
		const uint32_t page = list32_back(h->nodes, head(h));
		struct hostpage *p = &h->pages[page];
		list32_remove(h->nodes, page);
		h->n.scanned++;
		if (!(p->flags & PAGE_ACCESSED)) {
			return hostmem_take(h, page, 0, now);
		}
		p->flags &= ~(uint32_t)PAGE_ACCESSED;
		list32_push_front(h->nodes, head(h), page);
	}
	return 0;
}

const struct reclaim reclaim_clock = {
	.name = "clock",
	.nheads = 1,
	.add = clock_add,
	.remove = clock_remove,
	.shrink = clock_shrink,
};
