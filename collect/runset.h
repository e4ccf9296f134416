// SPDX-License-Identifier: MIT
/*
 * IOMMU mappings that no dma:* event has claimed, ordered by (iova, order):
 * small sorted blocks under a directory. Lookups are two binary searches; no
 * input can make it worse than that, and a set of few entries costs nothing.
 */
#ifndef PUGMARK_COLLECT_RUNSET_H
#define PUGMARK_COLLECT_RUNSET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One iommu:map event: len bytes at iova lead to paddr. */
struct iommu_run {
	uint64_t iova, order; /* order: number of the mapping, unique */
	uint64_t len, paddr;
	uint64_t slot; /* of its row, private to the join */
	uint32_t cpu;
	int32_t pid;
};

struct runset_block;

/* Ready when zeroed. */
struct runset {
	struct runset_block **blocks;
	uint32_t nblocks, cap;
	uint64_t count;
};

/* Valid until the set changes. */
struct runset_pos {
	uint32_t block, i;
};

int runset_add(struct runset *s, const struct iommu_run *run, struct err *e);
void runset_remove(struct runset *s, struct runset_pos pos);
void runset_deinit(struct runset *s);

/* The last run at or before (iova, order), the first one at or after it; false if there is none. */
bool runset_floor(const struct runset *s, uint64_t iova, uint64_t order, struct runset_pos *out);
bool runset_ceiling(const struct runset *s, uint64_t iova, uint64_t order, struct runset_pos *out);
bool runset_previous(const struct runset *s, struct runset_pos *pos);

/* Its iova and order must not be changed. */
struct iommu_run *runset_at(const struct runset *s, struct runset_pos pos);

#endif
