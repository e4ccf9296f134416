// SPDX-License-Identifier: MIT
/* Private to base/quantile*.c: the grid of tail probabilities and the normal on it. */
#ifndef PUGMARK_BASE_QUANTILE_NORMAL_H
#define PUGMARK_BASE_QUANTILE_NORMAL_H

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

#endif
