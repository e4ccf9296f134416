// SPDX-License-Identifier: MIT
/*
 * Log-linear histogram of 64-bit values. With b = sub_bits:
 *
 *	range	0 .. 2^64 - 1, nothing is clipped
 *	error	values below 2^(b+1) are kept exactly; any other shares a bucket
 *		with values at most v / 2^b away, and a percentile is told as the
 *		bucket's upper end: exact <= told <= exact * (1 + 2^-b)
 *	memory	(65 - b) * 2^b counters of 8 bytes: b = 7 gives 0.8 % in 58 KiB,
 *		b = 5 gives 3.2 % in 15 KiB
 *
 * Count, sum, least and greatest are exact. Memory comes from an arena and is
 * never taken again: recording cannot fail.
 */
#ifndef PUGMARK_BASE_HIST_H
#define PUGMARK_BASE_HIST_H

#include "base/arena.h"

#include <stdint.h>

enum {
	HIST_SUB_BITS_MIN = 1,
	HIST_SUB_BITS_MAX = 16, /* 24.5 MiB */
};

struct hist {
	uint64_t *buckets; /* arena */
	unsigned sub_bits;
	uint64_t count;        /* saturates, as does each bucket */
	uint64_t min, max;     /* UINT64_MAX and 0 while empty */
	unsigned __int128 sum; /* cannot overflow: 2^64 values below 2^64 */
};

/* 0 or ERR_NOMEM. */
int hist_init(struct hist *h, unsigned sub_bits, struct arena *a);

/* Back to empty, keeping the memory. */
void hist_reset(struct hist *h);

void hist_record(struct hist *h, uint64_t v);
void hist_record_n(struct hist *h, uint64_t v, uint64_t n);

/* Adds all of src; both have the same sub_bits. */
void hist_merge(struct hist *h, const struct hist *src);

/*
 * The value that ppm of the values do not exceed: nearest rank, so the rank is
 * count * ppm / 10^6 rounded up, and 1 for ppm 0. 0 while empty.
 */
uint64_t hist_percentile(const struct hist *h, uint64_t ppm);

/* Rounded down; 0 while empty. */
uint64_t hist_mean(const struct hist *h);

/* How many recorded values share a bucket with v or lie in a bucket below it. */
uint64_t hist_count_to(const struct hist *h, uint64_t v);

#endif
