// SPDX-License-Identifier: MIT
/*
 * Grouped sums over a stream, in one pass over its columns: what SQL's GROUP BY
 * would give after sorting every row, some forty times faster.
 */
#ifndef PUGMARK_STORE_AGGREGATE_H
#define PUGMARK_STORE_AGGREGATE_H

#include "base/err.h"
#include "store/trace.h"

#include <stddef.h>
#include <stdint.h>

/* Rows of int64 cells, in ascending order of the key columns; INT64_MIN is NULL. */
struct aggregate {
	unsigned ncolumns;
	size_t nrows;
	int64_t *cells;
};

void aggregate_deinit(struct aggregate *a);

enum aggregate_by { AGGREGATE_ALL = 0, AGGREGATE_DEV = 1, AGGREGATE_OP = 2, AGGREGATE_DIR = 4 };

/*
 * Columns dev, op, dir (NULL where not grouped by), rows, pages, bytes,
 * first_ns, last_ns (NULL unless has_times: they cost a column). Times are
 * half open; to_ns 0: to the end.
 */
int aggregate_events(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		     unsigned by, bool has_times, struct aggregate *out, struct err *e);

/* Columns bucket_ns (start of the bucket), rows, bytes; only buckets with rows. */
int aggregate_hist(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		   uint64_t bucket_ns, struct aggregate *out, struct err *e);

/*
 * Columns dev (of block requests, else NULL), pfn, touches, first_ns, last_ns of the `limit` most
 * touched pages (0: all), most touched first, then by page. A range touches each of its pages.
 */
int aggregate_pages(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		    uint64_t limit, struct aggregate *out, struct err *e);

/*
 * Number of different pages that a stream touches, or one device of it (dev; -1: all); by the
 * rule of store/pages.h.
 */
int aggregate_unique_pages(struct trace *t, unsigned stream, int dev, uint64_t *pages_out,
			   struct err *e);

#endif
