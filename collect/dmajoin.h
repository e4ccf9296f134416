// SPDX-License-Identifier: MIT
/*
 * Joins what the kernel tells about DMA mappings, dma:* (device, direction,
 * bytes) and iommu:* (IOVA and frames), into one row per mapping and one per
 * unmapping; a mapping of several physical ranges is several rows with one
 * `req`. Nothing is stored twice: the second event of a pair only completes
 * the row of the first.
 *
 * Order in the kernel (6.12 .. 6.18): iommu:map, then dma_map_* or dma_alloc*;
 * iommu:unmap, then dma_unmap_page; but dma_unmap_sg and dma_free*, then
 * iommu:unmap. Both happen in one context (task; or CPU when idle), so a pair
 * is told by context and IOVA: IOVA spaces of devices overlap, and an IOVA is
 * used again by another CPU before the first one has told its unmapping.
 *
 * Rows: the time is that of the pair's first event. `as` of a row is that of
 * its frame: options->as where the physical address is known, AS_IOVA (frame
 * of the IOVA) where it is not, i.e. for mappings made before the recording
 * and for coherent memory without iommu:map. dev is DMAJOIN_NO_DEVICE for
 * iommu:* without partner. A row waits at most 10 s of trace time (a guest is stopped that long
 * at times) and for 65,536 others.
 *
 * Leaves out: which device an iommu:map without partner (VFIO) belongs to.
 */
#ifndef PUGMARK_COLLECT_DMAJOIN_H
#define PUGMARK_COLLECT_DMAJOIN_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DMAJOIN_NO_PHYS UINT64_MAX /* the event does not tell the physical address */

enum { DMAJOIN_NO_DEVICE = UINT16_MAX };

/* What a row was made of; in its `source` until the caller puts a number of its own there. */
enum dmajoin_source { DMAJOIN_BOTH, DMAJOIN_DMA, DMAJOIN_IOMMU, DMAJOIN_INFERRED, DMAJOIN_SOURCES };

/* Where and when an event happened. */
struct dmajoin_context {
	uint64_t ts;
	uint32_t cpu;
	int32_t pid; /* the interrupted task's in an interrupt; 0: idle, then cpu counts */
};

/*
 * What a device may reach at dma_addr; phys may be DMAJOIN_NO_PHYS. is_inferred:
 * the caller concludes phys from what it knows of the device.
 */
struct dmajoin_segment {
	uint64_t dma_addr, len, phys;
	bool is_inferred;
};

struct dmajoin_options {
	enum address_space as;   /* of physical addresses */
	bool has_dma, has_iommu; /* event families that the recording may hold */
	uint64_t mappings_max;   /* live at a time; the unmapping of more is AS_IOVA */
	uint64_t hold_ns;        /* 0: 10 s */
	int (*row)(void *ctx, const struct dma_event *row, struct err *e);
	void *ctx;
};

struct dmajoin_stats {
	uint64_t joined;    /* pairs */
	uint64_t late;      /* of them too late: the row went out without device */
	uint64_t unknown;   /* unmappings of something mapped before the recording */
	uint64_t untracked; /* mappings beyond mappings_max */
	uint64_t live;      /* mapped now */
};

struct dmajoin;

int dmajoin_new(const struct dmajoin_options *o, struct dmajoin **out, struct err *e);
void dmajoin_free(struct dmajoin *j);

int dmajoin_iommu_map(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova,
		      uint64_t paddr, uint64_t len, struct err *e);
int dmajoin_iommu_unmap(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova,
			uint64_t len, struct err *e);

/*
 * dma_map_*, dma_alloc*: n segments in the order of their IOVAs, at least one.
 * op is DMA_MAP or DMA_ALLOC. is_list: a scatter list, whose unmapping names
 * the physical address of the first segment. is_cut: the list goes on, but the
 * kernel recorded no more of it; returns 1 when iommu:map did not fill it up.
 */
int dmajoin_map(struct dmajoin *j, const struct dmajoin_context *c, uint16_t dev, uint8_t dir,
		enum dma_op op, const struct dmajoin_segment *segs, size_t n, bool is_list,
		bool is_cut, struct err *e);

/*
 * dma_unmap_*, dma_free*: op is DMA_UNMAP or DMA_FREE. seg->phys counts only
 * when the mapping is not known.
 */
int dmajoin_unmap(struct dmajoin *j, const struct dmajoin_context *c, uint16_t dev, uint8_t dir,
		  enum dma_op op, const struct dmajoin_segment *seg, struct err *e);

/* dma_unmap_sg: physical addresses of the list's n segments, at least one; lengths are not told. */
int dmajoin_unmap_list(struct dmajoin *j, const struct dmajoin_context *c, uint16_t dev,
		       uint8_t dir, const uint64_t *phys, size_t n, struct err *e);

/* Time has come to now: rows that have waited long enough leave. */
int dmajoin_advance(struct dmajoin *j, uint64_t now, struct err *e);

/* Time of the oldest row that waits, or UINT64_MAX. */
uint64_t dmajoin_oldest(const struct dmajoin *j);

/* Gives out all rows that still wait. */
int dmajoin_finish(struct dmajoin *j, struct err *e);

const struct dmajoin_stats *dmajoin_stats(const struct dmajoin *j);

#endif
