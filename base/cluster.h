// SPDX-License-Identifier: MIT
/*
 * Counts from a sample of pages: what is known of all of them. Where a share r
 * of pages was kept (by hash), n events of theirs stand for n / r, and the
 * interval is wider for two reasons: there are fewer events, and a page that
 * was left out takes all of its events with it. With x events of each page kept
 * the variance of the estimate is
 *
 *	n / r + (1 - r) / r^2 * sum of x^2
 *
 * where the first term is that of a Poisson count. The sum is estimated from 64
 * groups of pages by hash (their counts differ the more, the more events a page
 * has), so that no page needs a counter. The interval given is the exact Poisson
 * one of as many independent events as have that relative variance.
 */
#ifndef PUGMARK_BASE_CLUSTER_H
#define PUGMARK_BASE_CLUSTER_H

#include "base/poisson.h"

#include <stdint.h>

enum { CLUSTER_GROUPS = 64 };

struct cluster {
	uint64_t n[CLUSTER_GROUPS];
};

static inline void cluster_count(struct cluster *c, uint64_t page)
{
	c->n[page * UINT64_C(0x9e3779b97f4a7c15) >> 58]++;
}

/* The estimate of the sum of x^2, at least the number of events. */
uint64_t cluster_squares(const struct cluster *c);

/* 95 % interval of the count of all pages, from n of the share kept (ppm, above 0). */
struct poisson_interval cluster_interval_95(uint64_t n, uint64_t squares, uint64_t kept_ppm);

#endif
