// SPDX-License-Identifier: MIT
/*
 * Which NUMA node a page frame lies on: from the memory blocks of each node in
 * sysfs, or where the kernel has none, from the spans of its zones. A block is
 * of one node here, although the kernel allows it to be of two.
 */
#ifndef PUGMARK_COLLECT_NUMANODES_H
#define PUGMARK_COLLECT_NUMANODES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { NUMANODES_MAX = 1024 };

struct numaspan {
	uint64_t first, end; /* page frames, half open */
	uint16_t node;
};

/* By first frame, none overlap. */
struct numanodes {
	struct numaspan *spans;
	size_t n;
	uint16_t nodes; /* greatest number + 1 */
};

/* root: "" or a folder with copies of /proc and /sys. ERR_FEATURE when neither source is there. */
int numanodes_read(struct numanodes *m, const char *root, struct err *e);
void numanodes_deinit(struct numanodes *m);

/* The span that holds a frame, or NULL. */
const struct numaspan *numanodes_find(const struct numanodes *m, uint64_t pfn);

#endif
