// SPDX-License-Identifier: MIT
/*
 * Page map: a 32-bit slot for each 64-bit page frame number. Two levels: a
 * directory of 2 MiB regions and a leaf of 512 slots for each touched one, so
 * that memory follows what is touched (2 KiB per region) and neighbours stay
 * neighbours. Slots start at 0, which means "nothing here": keep a dense page
 * number as number + 1.
 *
 * Frames below a size given at the start have a direct array instead (a small
 * VM); regions below 8 TiB have a directory array that grows by doubling; any
 * region above (an address space with holes) goes through a hash of regions.
 */
#ifndef PUGMARK_BASE_PAGEMAP_H
#define PUGMARK_BASE_PAGEMAP_H

#include "base/units.h"

#include <stddef.h>
#include <stdint.h>

enum {
	PAGEMAP_LEAF_SHIFT = 9,
	PAGEMAP_LEAF_SLOTS = 1 << PAGEMAP_LEAF_SHIFT,
	PAGEMAP_DIRECTORY_MAX = 1 << 22, /* regions: 8 TiB, a directory of 32 MiB */
};

/* Private to the inline functions and pagemap.c. */
struct pagemap {
	uint32_t *direct; /* slots of frames below ndirect */
	uint64_t ndirect;
	uint32_t **directory; /* leaves of regions below ndirectory, or NULL */
	uint64_t ndirectory;
	struct pagemap_region *far; /* open addressing, nfar_cap a power of two */
	size_t nfar, nfar_cap;
	struct pagemap_slab *slabs; /* leaves are cut from the newest */
	size_t nleaves, memory_bytes;
};

/*
 * direct_pages: frames below this are an array from the start (4 bytes a
 * frame), 0 for none. 0 or ERR_NOMEM.
 */
int pagemap_init(struct pagemap *m, uint64_t direct_pages);
void pagemap_deinit(struct pagemap *m);

/* The parts of get and lookup that are not for inlining. */
uint32_t *pagemap_get_slow(struct pagemap *m, uint64_t pfn);
uint32_t *pagemap_find_far(const struct pagemap *m, uint64_t region);

/* The slot of a frame, made if need be; NULL when memory is out. Valid until deinit. */
static inline uint32_t *pagemap_get(struct pagemap *m, struct pfn pfn)
{
	const uint64_t region = pfn.v >> PAGEMAP_LEAF_SHIFT;

	if (pfn.v < m->ndirect)
		return &m->direct[pfn.v];
	if (region < m->ndirectory && m->directory[region])
		return &m->directory[region][pfn.v % PAGEMAP_LEAF_SLOTS];
	return pagemap_get_slow(m, pfn.v);
}

/* What the slot of a frame holds; 0 where there is none. */
static inline uint32_t pagemap_lookup(const struct pagemap *m, struct pfn pfn)
{
	const uint64_t region = pfn.v >> PAGEMAP_LEAF_SHIFT;
	const uint32_t *leaf;

	if (pfn.v < m->ndirect)
		return m->direct[pfn.v];
	if (region < m->ndirectory)
		leaf = m->directory[region];
	else
		leaf = m->nfar ? pagemap_find_far(m, region) : NULL;
	return leaf ? leaf[pfn.v % PAGEMAP_LEAF_SLOTS] : 0;
}

/*
 * Calls fn for each slot that is not 0, in ascending order of frames, until it
 * returns other than 0; gives that value, 0 at the end, ERR_NOMEM when there is
 * no memory to sort the far regions. fn may change the slot, not the map.
 */
int pagemap_each(const struct pagemap *m, int (*fn)(void *ctx, struct pfn pfn, uint32_t *slot),
		 void *ctx);

/* Bytes asked of the system; what of the arrays was never touched costs nothing yet. */
size_t pagemap_memory_bytes(const struct pagemap *m);

#endif
