// SPDX-License-Identifier: MIT
/*
 * Page-cache inserts and reclaim's writes, as Linux 6.1 to 6.18 tell them. How
 * many pages a folio on its way to swap has is not told: its first one is the row.
 */
#include "collect/tracepoint-memory.h"

#include "base/units.h"

enum {
	ORDER_MAX = 18,   /* 1 GiB */
	RECLAIM_ANON = 1, /* bit of reclaim_flags: not a file's page */
};

bool memory_page_cache(const struct evfield *pfn, const struct evfield *s_dev,
		       const struct evfield *order, const uint8_t *rec, size_t n,
		       struct dma_event *row, uint32_t *s_dev_out)
{
	uint64_t first, dev, pages_order = 0;
	if (!evfield_u64(pfn, rec, n, &first) || !evfield_u64(s_dev, rec, n, &dev) ||
	    (order && !evfield_u64(order, rec, n, &pages_order)))
		return false;
	if (pages_order > ORDER_MAX || first >> 52)
		return false;
	row->op = DMA_ACCESS;
	row->dir = DIR_UNKNOWN;
	row->pfn = first;
	row->npages = 1U << pages_order;
	row->bytes = (uint64_t)row->npages << PAGE_SHIFT;
	row->req = UINT64_MAX;
	*s_dev_out = (uint32_t)dev;
	return true;
}

bool memory_reclaim_write(const struct evfield *pfn, const struct evfield *flags,
			  const uint8_t *rec, size_t n, struct swap_event *row, bool *is_swap_out)
{
	uint64_t first, bits;
	if (!evfield_u64(pfn, rec, n, &first) || !evfield_u64(flags, rec, n, &bits) || first >> 52)
		return false;
	row->op = SWAP_OUT;
	row->pfn = first;
	row->npages = 1;
	row->slot = UINT64_MAX;
	row->tier = TIER_UNKNOWN;
	row->lat = UINT64_MAX;
	*is_swap_out = bits & RECLAIM_ANON;
	return true;
}
