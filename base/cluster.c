// SPDX-License-Identifier: MIT
/* Intervals of sampled counts, in integers. */
#include "base/cluster.h"

typedef unsigned __int128 wide;

enum { PPM = 1000000 };

uint64_t cluster_squares(const struct cluster *c)
{
	wide sum = 0, squares = 0;
	for (unsigned i = 0; i < CLUSTER_GROUPS; i++) {
		sum += c->n[i];
		squares += (wide)c->n[i] * c->n[i];
	}
	/* G / (G - 1) * sum of (n[i] - mean)^2 */
	const wide apart = (squares * CLUSTER_GROUPS - sum * sum) / (CLUSTER_GROUPS - 1);
	return apart > UINT64_MAX ? UINT64_MAX : (uint64_t)(apart > sum ? apart : sum);
}

static uint64_t times(uint64_t v, uint64_t by, uint64_t of)
{
	const wide q = ((wide)v * by + of - 1) / of;
	return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

struct poisson_interval cluster_interval_95(uint64_t n, uint64_t squares, uint64_t kept_ppm)
{
	const uint64_t kept = kept_ppm < PPM ? kept_ppm : PPM;
	uint64_t independent = n;
	if (kept < PPM && n) {
		const wide spread = (wide)squares * (PPM - kept) + (wide)n * kept;
		const wide q = (wide)n * n * PPM / spread;
		independent = q < 1 ? 1 : q > n ? n : (uint64_t)q;
	}
	struct poisson_interval p = poisson_interval_95(independent);
	if (independent != n) {
		p.low_micro = times(p.low_micro, n, independent);
		p.high_micro = times(p.high_micro, n, independent);
	}
	p.low_micro = times(p.low_micro, PPM, kept);
	p.high_micro = times(p.high_micro, PPM, kept);
	return p;
}
