// SPDX-License-Identifier: MIT
/* Private to base/quantile*.c: the grid of tail probabilities and the normal on it. */
#ifndef PUGMARK_BASE_QUANTILE_NORMAL_H
#define PUGMARK_BASE_QUANTILE_NORMAL_H

#include "base/quantile.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	QUANTILE_HALVINGS = 27,    /* from 2^-1 down to 2^-28 */
	QUANTILE_PER_HALVING = 16, /* knots */
	QUANTILE_TAIL_KNOTS = QUANTILE_HALVINGS * QUANTILE_PER_HALVING + 2,
	QUANTILE_NORMAL_BITS = 24, /* z is told in 2^-24 */
};

extern const int32_t quantile_normal[QUANTILE_TAIL_KNOTS];

/* The tail probability of knot i in 2^-32: falls from a half to 0. */
static inline uint64_t quantile_tail_of_knot(uint32_t i)
{
	const uint32_t k = 1 + i / QUANTILE_PER_HALVING, j = i % QUANTILE_PER_HALVING;

	return i + 1 == QUANTILE_TAIL_KNOTS ? 0 : (UINT64_C(32) - j) << (32 - k) >> 5;
}

/* Room for so many knots; the guide, once the knots are in. */
int quantile_allocate(struct quantile *q, uint32_t nknots, struct arena *a, struct err *e);
void quantile_fill_guide(struct quantile *q);

/* The value where knot i's probability is left in that tail; rises from the lowest to the highest.
 */
typedef uint64_t (*quantile_value)(const void *ctx, uint32_t i, bool is_upper);

/* Both tails of the grid; the guide is still to be filled. */
int quantile_fill_grid(struct quantile *q, quantile_value value, const void *ctx, struct arena *a,
		       struct err *e);

struct quantile_lognormal {
	uint64_t median_512; /* in 1/512 ns */
	int64_t sigma_q32;   /* of log2 */
};
uint64_t quantile_lognormal_value(const void *lognormal, uint32_t i, bool is_upper);

/* ctx is the mean, a uint64_t in 1/256 ns. */
uint64_t quantile_exponential_value(const void *mean_256, uint32_t i, bool is_upper);

#endif
