// SPDX-License-Identifier: MIT
/*
 * Where received packets would lie in memory if a NIC used the buffers of one
 * receive ring in turn: a model, for hosts on which no source sees the NIC's
 * DMA. Addresses are places in the ring from 0 on, not memory; a packet larger
 * than a buffer takes as many as it fills.
 *
 * Leaves out: other orders (several queues, buffers given back late), drivers
 * that put a new page in the place of each used one, and packets that the
 * kernel had joined (GRO) before anybody could count them.
 */
#ifndef PUGMARK_COLLECT_RXRING_H
#define PUGMARK_COLLECT_RXRING_H

#include "store/kinds.h"

#include <stdint.h>

enum { RXRING_SLOTS_MAX = 1 << 20, RXRING_ROWS_MAX = 2 };

struct rxring {
	uint32_t slots, buffer_bytes; /* at least 1 and 64 */
	uint32_t next;
};

/*
 * A packet's place: fills pfn, npages, offset and bytes of one row, or of two
 * where it goes on at the ring's beginning; how many. Of a packet larger than
 * the ring as much as the ring holds.
 */
unsigned rxring_place(struct rxring *r, uint32_t packet_bytes,
		      struct dma_event rows[RXRING_ROWS_MAX]);

#endif
