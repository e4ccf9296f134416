// SPDX-License-Identifier: MIT
/* Arithmetic of a ring of buffers that lie one after the other. */
#include "collect/rxring.h"

#include "base/units.h"

static void fill(struct dma_event *row, uint64_t at, uint64_t bytes)
{
	row->pfn = at >> PAGE_SHIFT;
	row->npages = (uint32_t)(((at + bytes - 1) >> PAGE_SHIFT) - row->pfn + 1);
	row->offset = at & (PAGE_BYTES - 1);
	row->bytes = bytes;
}

unsigned rxring_place(struct rxring *r, uint32_t packet_bytes,
		      struct dma_event rows[RXRING_ROWS_MAX])
{
	const uint64_t ring_bytes = (uint64_t)r->slots * r->buffer_bytes;
	const uint64_t at = (uint64_t)r->next * r->buffer_bytes;
	uint64_t bytes = packet_bytes ? packet_bytes : 1;
	bytes = bytes < ring_bytes ? bytes : ring_bytes;
	const uint64_t used = (bytes + r->buffer_bytes - 1) / r->buffer_bytes;
	const uint64_t room = ring_bytes - at;
	r->next = (uint32_t)((r->next + used) % r->slots);
	fill(&rows[0], at, bytes < room ? bytes : room);
	if (bytes <= room)
		return 1;
	fill(&rows[1], 0, bytes - room);
	return 2;
}
