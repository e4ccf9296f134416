// SPDX-License-Identifier: MIT
/*
 * Where page tables lie: pages that /proc/kpageflags marks as page tables
 * (KPF_PGTABLE, Linux 4.18), counted by NUMA node. The kernel tells of one page
 * at a time (some 60 ns each), so that a census is taken in slices and is as of
 * its end; what moves meanwhile is counted once, twice or not at all.
 *
 * Leaves out: whose tables they are, of which level, and tables of guests: KVM
 * does not mark its own.
 */
#ifndef PUGMARK_COLLECT_PTCENSUS_H
#define PUGMARK_COLLECT_PTCENSUS_H

#include "base/err.h"
#include "collect/numanodes.h"

#include <stddef.h>
#include <stdint.h>

enum { PTCENSUS_BLOCK_PAGES = 1 << 14 };

struct ptcensus {
	struct numanodes nodes;
	uint64_t counts[NUMANODES_MAX]; /* of nodes.nodes nodes, whole once the census is */
	uint64_t looked_at;             /* pages so far */
	/* private */
	int fd;
	size_t span; /* what is looked at next */
	uint64_t at;
	uint64_t flags[PTCENSUS_BLOCK_PAGES];
};

/*
 * root: "" or a folder with copies of /proc and /sys. ERR_FEATURE where the
 * kernel has no such file, ERR_PERM where it is not for us.
 */
int ptcensus_open(const char *root, struct ptcensus **out, struct err *e);
void ptcensus_close(struct ptcensus *c);

/* Counts start again from 0. */
void ptcensus_begin(struct ptcensus *c);

/* Looks at up to so many pages; 1 once all have been looked at, else 0. */
int ptcensus_go_on(struct ptcensus *c, uint64_t pages);

/* Pages of all nodes. */
uint64_t ptcensus_pages(const struct ptcensus *c);

#endif
