// SPDX-License-Identifier: MIT
/*
 * Agglomerative clustering of points by a quantile of the distances between
 * two clusters: the lower quarter. Least-distance linkage joins clusters over
 * one outlier; mean linkage keeps apart what is near in places only (chiplets
 * of one package, which are near to some and far from others). The lower
 * quarter stands between: a quarter of all pairs must be near. Where more
 * clusters are joined heights may sink; they are reported as the greatest so
 * far, so that they ascend.
 *
 * Sizes: 4 bytes a pair for a copy of the distances, time about n^3 / 6 in the
 * worst case (chains), n^2 log n in the usual one.
 */
#ifndef PUGMARK_SIM_LINKAGE_H
#define PUGMARK_SIM_LINKAGE_H

#include "base/err.h"

#include <stdint.h>

enum { LINKAGE_POINTS_MAX = 2048 };

/* Clusters are named by their least point: that of b joins that of a, a < b. */
struct linkage_merge {
	uint32_t a, b;
	uint32_t height; /* UINT32_MAX: nothing is known between them */
};

/*
 * v: n x n distances, symmetric, 0 where not known; n from 1. out: n - 1 merges.
 * 0, ERR_NOMEM or ERR_USAGE (too many points).
 */
int linkage_build(const uint32_t *v, unsigned n, struct linkage_merge *out, struct err *e);

/* The k-th smallest of n values, which it reorders; k < n. */
uint32_t linkage_select(uint32_t *values, uint32_t n, uint32_t k);

#endif
