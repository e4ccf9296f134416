// SPDX-License-Identifier: MIT
/*
 * Page requests for benchmarks, the same in every run:
 *
 * zipf   10 M requests over 1 M objects, probability of rank k as 1/k, ranks
 *        scattered over a 48-bit number space.
 * block  5 M requests over about 275 k pages: 4,000 extents of 8 .. 128 pages
 *        lie scattered on a disk; an operation picks an extent (60 % of them
 *        from a hot tenth) and reads a run of 1 .. 64 of its pages, half of the
 *        time where the last run on it ended.
 */
#ifndef PUGMARK_BENCH_REQUESTS_H
#define PUGMARK_BENCH_REQUESTS_H

#include <stdint.h>

enum {
	ZIPF_OBJECTS = 1000000,
	ZIPF_REQUESTS = 10000000,
	BLOCK_EXTENTS = 4000,
	BLOCK_REQUESTS = 5000000,
};

/* pages: room for ZIPF_REQUESTS */
void requests_zipf(uint64_t *pages);

/* pages: room for BLOCK_REQUESTS */
void requests_block(uint64_t *pages);

#endif
