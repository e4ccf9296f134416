// SPDX-License-Identifier: MIT
/*
 * Dirty bitmaps of an I/O page table, read and cleared piece by piece: which
 * pages devices wrote since the last look. What the kernel does is behind three
 * functions, so that it can be stood in for.
 */
#ifndef PUGMARK_COLLECT_DIRTYMAP_H
#define PUGMARK_COLLECT_DIRTYMAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Each gives 0 or -errno. */
struct dirtymap_ops {
	int (*set_tracking)(void *ctx, bool is_on);
	/*
	 * Sets bit i of bitmap if a device wrote [iova + i * page_bytes, + page_bytes), and
	 * forgets it.
	 */
	int (*read_clear)(void *ctx, uint64_t iova, uint64_t length, uint64_t page_bytes,
			  uint64_t *bitmap);
};

enum { DIRTYMAP_PIECE_BITS = 1 << 18 }; /* 1 GiB of 4 KiB pages in one call */

struct dirtymap {
	const struct dirtymap_ops *ops;
	void *ctx;
	uint64_t iova, length, page_bytes;
	uint64_t bitmap[DIRTYMAP_PIECE_BITS / 64];
};

/*
 * Turns tracking on and forgets what was written before. ERR_USAGE when the
 * range is none of whole pages, ERR_FEATURE when the kernel or its IOMMU cannot.
 */
int dirtymap_begin(struct dirtymap *m, struct err *e);

/* Calls put for each run of pages written since the last time, by address. */
int dirtymap_read(struct dirtymap *m,
		  int (*put)(void *ctx, uint64_t iova, uint64_t length, struct err *e),
		  void *put_ctx, struct err *e);

/* Turns tracking off. */
int dirtymap_end(struct dirtymap *m, struct err *e);

/* The ioctls of an iommufd: ctx is a struct dirtymap_iommufd. */
struct dirtymap_iommufd {
	int fd;
	uint32_t hwpt; /* number of the page table among the fd's objects */
};
extern const struct dirtymap_ops dirtymap_iommufd_ops;

#endif
