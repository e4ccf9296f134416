// SPDX-License-Identifier: MIT
/*
 * What DAMON, run by somebody else on this host, tells of memory: its
 * configuration as sysfs has it, read only, and the regions that its tracepoint
 * damon:damon_aggregated tells once per aggregation.
 *
 * DAMON divides memory into regions and looks at one page of each in every
 * sampling interval; it takes that page for all of its region. What is told of
 * a page is therefore inferred, and its count one of looks, not of touches.
 *
 * Source: Documentation/admin-guide/mm/damon/usage.rst,
 * include/trace/events/damon.h. Left out: kdamonds that other parts of the
 * kernel started (DAMON_RECLAIM, DAMON_LRU_SORT), which sysfs does not describe.
 */
#ifndef PUGMARK_COLLECT_DAMON_H
#define PUGMARK_COLLECT_DAMON_H

#include "base/err.h"
#include "collect/evformat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DAMON_KDAMONDS_MAX = 16, DAMON_TARGETS_MAX = 64 };

/* A monitoring thread that is on. */
struct damon_kdamond {
	int32_t pid;
	bool is_physical; /* regions of physical memory; else of processes */
	uint64_t unit;    /* bytes that its addresses count */
	uint64_t sample_ns, aggregation_ns;
	int32_t targets[DAMON_TARGETS_MAX]; /* their processes; 0: none */
	unsigned ntargets;

	/* of the aggregation at hand, and when the one before it was told */
	uint64_t target, start, told_ns, before_ns;
};

struct damon {
	struct damon_kdamond list[DAMON_KDAMONDS_MAX];
	unsigned n;
};

/* root: "", or a folder with a copy of /sys. What cannot be read is not there. */
void damon_read(struct damon *d, const char *root);

/* The longest aggregation of those that tell of a process (0: of physical memory); 0: none does. */
uint64_t damon_monitors(const struct damon *d, int32_t process);

/* The fields of the tracepoint; ERR_FORMAT names the one that is missing. */
struct damon_fields {
	struct evfield pid, target, start, end, accesses;
};
int damon_fields_find(const struct evformat *f, struct damon_fields *out, struct err *e);

struct damon_region {
	const struct damon_kdamond *kdamond; /* NULL: of one that sysfs does not tell of */
	int32_t process;                     /* whose addresses they are; 0: physical */
	uint64_t page, npages;
	uint32_t count; /* looks that found the page at hand touched */
	uint64_t told_ns,
		period_ns; /* the aggregation ended with its first record, and how long it was */
};

/* A record of CLOCK_MONOTONIC time ts; false: it cannot be. */
bool damon_region_decode(struct damon *d, const struct damon_fields *f, uint64_t ts_ns,
			 const uint8_t *rec, size_t n, struct damon_region *out);

#endif
