// SPDX-License-Identifier: MIT
/*
 * Data pages spread over a VM's memory instead of packed in order of first
 * touch: a trace of a million accesses to 340 GiB touches frames all over, as
 * the VM had all of its memory in use long before. The n-th page of a size has
 * the n-th place of a keyed permutation of the places of that size, so a run is
 * the same each time. Where a guest has pages of two sizes each has a half.
 * Tables lie packed behind the data: Linux keeps unmovable pages together.
 */
#ifndef PUGMARK_SIM_PAGETABLE_SPREAD_H
#define PUGMARK_SIM_PAGETABLE_SPREAD_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { PAGETABLE_SPREAD_FIRST = 1 << 18, PAGETABLE_SPREAD_LEAVES = 4 };

struct pagetable_spread {
	uint64_t frames;                         /* of 4 KiB, of the VM; 0: pages are not spread */
	uint64_t taken[PAGETABLE_SPREAD_LEAVES]; /* by level of the leaf */
	uint64_t *lines; /* a bit for 8 frames with a page: a line of the host's leaf tables */
	bool is_mixed;
};

/* ERR_USAGE: not a memory; ERR_NOMEM. */
int pagetable_spread_init(struct pagetable_spread *s, uint64_t bytes, bool is_mixed,
			  struct arena *a, struct err *e);

/* The first frame of a new page; ERR_UNUSABLE: the VM is full. */
int pagetable_spread_take(struct pagetable_spread *s, unsigned leaf, uint32_t *out, struct err *e);

/* Behind the data. */
uint64_t pagetable_spread_end(const struct pagetable_spread *s);

/* Regions of 2^shift bytes, 32 KiB or more, that hold a page. */
uint64_t pagetable_spread_regions(const struct pagetable_spread *s, unsigned shift);

#endif
