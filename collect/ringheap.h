// SPDX-License-Identifier: MIT
/*
 * Which ring of many holds the earliest record: a binary heap of {time, ring}.
 * At the same time the ring with the lower number comes first, so that the
 * order does not depend on the past. Private to the readers of rings.
 */
#ifndef PUGMARK_COLLECT_RINGHEAP_H
#define PUGMARK_COLLECT_RINGHEAP_H

#include <stdbool.h>
#include <stdint.h>

struct ringheap_entry {
	uint64_t ts;
	uint32_t ring;
};

struct ringheap {
	struct ringheap_entry *entries; /* the owner's, one a ring */
	unsigned n;
};

static inline bool ringheap_is_before(struct ringheap_entry a, struct ringheap_entry b)
{
	return a.ts < b.ts || (a.ts == b.ts && a.ring < b.ring);
}

/* The entry at a place has a later time than when it was put there. */
static inline void ringheap_sift(struct ringheap *h, unsigned at)
{
	const struct ringheap_entry moved = h->entries[at];
	for (;;) {
		unsigned child = 2 * at + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n &&
		    ringheap_is_before(h->entries[child + 1], h->entries[child]))
			child++;
		if (!ringheap_is_before(h->entries[child], moved))
			break;
		h->entries[at] = h->entries[child];
		at = child;
	}
	h->entries[at] = moved;
}

/* After all entries were appended. */
static inline void ringheap_build(struct ringheap *h)
{
	for (unsigned i = h->n / 2; i-- > 0;)
		ringheap_sift(h, i);
}

/* The first ring's next record has this time ... */
static inline void ringheap_replace_first(struct ringheap *h, uint64_t ts)
{
	h->entries[0].ts = ts;
	ringheap_sift(h, 0);
}

/* ... or it has none. */
static inline void ringheap_drop_first(struct ringheap *h)
{
	h->entries[0] = h->entries[--h->n];
	if (h->n)
		ringheap_sift(h, 0);
}

#endif
