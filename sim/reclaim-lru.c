// SPDX-License-Identifier: MIT
/*
 * One list in exact order of the last touch; the oldest page goes, one at a
 * time. No host can afford it (it would have to see every access): the
 * reference that the others are measured against.
 */
#include "sim/reclaim.h"

static uint32_t head(const struct hostmem *h)
{
	return h->c.npages;
}

static void lru_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	(void)origin, (void)now;
	list32_push_front(h->nodes, head(h), page);
}

static void lru_remove(struct hostmem *h, uint32_t page)
{
	list32_remove(h->nodes, page);
}

static void lru_touch(struct hostmem *h, uint32_t page)
{
	list32_remove(h->nodes, page);
	list32_push_front(h->nodes, head(h), page);
}

static uint64_t lru_shrink(struct hostmem *h, struct ns now)
{
	if (list32_is_empty(h->nodes, head(h)))
		return 0;
	const uint32_t page = list32_back(h->nodes, head(h));
	list32_remove(h->nodes, page);
	return hostmem_take(h, page, 0, now);
}

const struct reclaim reclaim_lru = {
	.name = "lru",
	.nheads = 1,
	.add = lru_add,
	.remove = lru_remove,
	.touch = lru_touch,
	.shrink = lru_shrink,
};

/* The limit is not enforced: memory is what was ever touched. */
const struct reclaim reclaim_none = { .name = "none" };
