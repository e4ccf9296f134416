// SPDX-License-Identifier: MIT
/*
 * Powers, logarithms and roots in integers, for models that may not use libm.
 * Exact to about 1e-9 of the result; 0.1 to 0.5 us a call: for setting up tables,
 * not for a hot path. Q32 is a number times 2^32.
 */
#ifndef PUGMARK_BASE_FIXMATH_H
#define PUGMARK_BASE_FIXMATH_H

#include <stdint.h>

#define FIX_ONE_Q32 (INT64_C(1) << 32)
#define FIX_LN2_Q32 INT64_C(2977044472) /* ln 2 */

/* Rounded down. */
uint64_t fix_sqrt(unsigned __int128 v);

/* log2(a / b) in Q32; a and b at least 1. */
int64_t fix_log2_ratio(uint64_t a, uint64_t b);

/* v * 2^x for x in Q32, rounded; saturates at UINT64_MAX. */
uint64_t fix_scale_exp2(uint64_t v, int64_t x_q32);

#endif
