// SPDX-License-Identifier: MIT
/*
 * Swap slots: which page lies where on the swap device, and how many slots are
 * read at once. Neighbours in slot space come back together, so the order of
 * allocation decides what readahead brings.
 *
 * Slots are handed out in ascending order from clusters of 512; each writer
 * (a CPU that reclaims) fills a cluster of its own, taking partly used
 * clusters, oldest first, before unused ones: Linux 6.14 and later, from memory.
 * The window is the kernel's for pages without a mapping of their own (shared
 * memory): hits since the last fault plus 2, rounded up to 4, 8, ...; 1 when
 * there were none and the slot is no neighbour of the last; never less than
 * half of the last window.
 *
 * Left out: other users of the device, several devices, huge entries.
 */
#ifndef PUGMARK_SIM_SWAPSLOTS_H
#define PUGMARK_SIM_SWAPSLOTS_H

#include "base/arena.h"

#include <stdint.h>

enum { SWAPSLOTS_CLUSTER = 512, SWAPSLOTS_WRITERS_MAX = 64 };
#define SWAPSLOT_NONE UINT32_MAX

struct swapslots {
	uint32_t *page;       /* by slot, SWAPSLOT_NONE: free */
	uint16_t *used;       /* by cluster */
	uint32_t *queue_next; /* by cluster: queue of partly used ones; itself: not queued */
	uint32_t queue_first, queue_last; /* SWAPSLOT_NONE: empty */
	uint32_t nclusters, nopened;      /* clusters from nopened up were never used */
	uint32_t nwriters;
	struct {
		uint32_t cluster, next; /* cluster SWAPSLOT_NONE: has none */
	} writer[SWAPSLOTS_WRITERS_MAX];

	uint32_t window_max, window, hits, last_slot;
};

/* Room for npages pages. window_max 1: no readahead. 0 or ERR_NOMEM. */
int swapslots_init(struct swapslots *s, uint32_t npages, uint32_t nwriters, uint32_t window_max,
		   struct arena *arena);

/* A slot for the page; there is always one. */
uint32_t swapslots_take(struct swapslots *s, uint32_t page, uint32_t writer);

void swapslots_release(struct swapslots *s, uint32_t slot);

/* The slots [first, last] to read for a fault on slot; adapts the window. */
void swapslots_window(struct swapslots *s, uint32_t slot, uint32_t *first_out, uint32_t *last_out);

#endif
