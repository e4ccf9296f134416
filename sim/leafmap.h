// SPDX-License-Identifier: MIT
/*
 * Which leaf maps an address of a guest: one size everywhere, or 4 KiB with 2 MiB
 * for some regions, as transparent huge pages leave it. Regions of 2 MiB are
 * picked by address ranges, or as a share of all by a hash of the region's
 * number: the same regions in every design and run. A region keeps its size.
 */
#ifndef PUGMARK_SIM_LEAFMAP_H
#define PUGMARK_SIM_LEAFMAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEAFMAP_RANGES_MAX = 16 };

struct leafmap {
	unsigned level; /* of a leaf: 1 4 KiB, 2 2 MiB, 3 1 GiB */
	bool is_mixed;  /* level is 1, and some regions have 2 */
	uint64_t share_ppm;
	struct {
		uint64_t first, last; /* regions of 2 MiB, last included */
	} ranges[LEAFMAP_RANGES_MAX];
	unsigned nranges;
};

/* "none", "40%", or ranges in hexadecimal, "7f0000000000-7fffffffffff,..": for level 1 only. */
int leafmap_parse(struct leafmap *m, const char *text, struct err *e);

/* The same, with no leaf above a level: what a TLB can hold if the host's pages are smaller. */
struct leafmap leafmap_cap(const struct leafmap *m, unsigned level);

bool leafmap_is_equal(const struct leafmap *a, const struct leafmap *b);

bool leafmap_is_large(const struct leafmap *m, uint64_t va);

/* The leaf's level for an address. */
static inline unsigned leafmap_level(const struct leafmap *m, uint64_t va)
{
	return m->is_mixed && leafmap_is_large(m, va) ? 2 : m->level;
}

#endif
