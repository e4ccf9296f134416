// SPDX-License-Identifier: MIT
/*
 * Distributions of durations as integer quantile tables: the same draws at any
 * optimisation level, without libm. As text, for parameters (PARAM_DIST):
 *
 *	200us                      always that
 *	69ns p99 92ns              mean 69 ns, P99 92 ns: a lognormal
 *	p50 100us p99.99 172us     median and another quantile: a lognormal
 *	exponential 100us          of that mean
 *	0% 10us, 50% 60us, 100% 500us   quantiles with straight lines between
 *
 * A lognormal here is a fit of two parameters to two published figures: it
 * reproduces those two and guesses the rest. Its shape is the unit normal's
 * quantile function, shipped as data (base/quantile-normal.c).
 *
 *	knots	16 for each halving of the tail probability, down to 2^-28, on
 *		both sides; lines between: mean within 0.1 %, quantiles 0.1 %
 *	scale	probability in 2^-32, values in 1/256 ns
 *	memory	14 KiB a lognormal or exponential, from the arena
 *
 * Each draw takes exactly one number from the stream whatever the distribution,
 * so that two designs with the same seed see the same luck.
 */
#ifndef PUGMARK_BASE_QUANTILE_H
#define PUGMARK_BASE_QUANTILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

#define QUANTILE_ONE (UINT64_C(1) << 32) /* probability 1 */

enum { DIST_POINTS_MAX = 12 };

enum dist_kind {
	DIST_CONST,
	DIST_LOGNORMAL_MEAN, /* a_ns is the mean, b_ns the quantile b_ppm */
	DIST_LOGNORMAL_P50,  /* a_ns is the median */
	DIST_EXPONENTIAL,    /* a_ns is the mean */
	DIST_POINTS,
};

struct dist_point {
	uint64_t ppm, ns;
};

/* What the text says; zeroed: always 0 ns. */
struct dist {
	enum dist_kind kind;
	uint64_t a_ns, b_ns, b_ppm;
	size_t npoints;
	struct dist_point points[DIST_POINTS_MAX]; /* ppm rises, ns does not fall */
};

/* 0, or ERR_USAGE and a sentence that quotes the text. */
int dist_parse(const char *text, struct dist *out, struct err *e);

/* The text that reads back as the same distribution, in whole ns: "69ns p99 92ns". */
struct dist_text {
	char s[512];
};
struct dist_text dist_show(const struct dist *d);

static inline struct dist dist_const(uint64_t ns)
{
	return (struct dist){ .kind = DIST_CONST, .a_ns = ns };
}

struct quantile {
	uint32_t nknots;
	uint64_t *p;         /* rises from 0 to QUANTILE_ONE */
	uint64_t *v;         /* does not fall; 1/256 ns */
	uint16_t guide[257]; /* the knot at or below each 256th */
};

/* ERR_NOMEM; ERR_USAGE when no such lognormal exists (P99 below the mean or above 14.9 of it). */
int quantile_init(struct quantile *q, const struct dist *d, struct arena *a, struct err *e);

/* The value at probability p / 2^32 (below 1, or 1), in 1/256 ns, or rounded to ns. */
uint64_t quantile_at_256(const struct quantile *q, uint64_t p);
uint64_t quantile_at(const struct quantile *q, uint64_t p);

/* The share of values above ns, in 2^-32. */
uint64_t quantile_above(const struct quantile *q, uint64_t ns);

/* The table's mean, rounded to ns, and in 1/256 ns. */
uint64_t quantile_mean(const struct quantile *q);
uint64_t quantile_mean_256(const struct quantile *q);

/* parts per million as a probability in 2^-32, rounded */
uint64_t quantile_p_of_ppm(uint64_t ppm);

static inline uint64_t quantile_draw(const struct quantile *q, struct rng *r)
{
	return quantile_at(q, rng_next(r) >> 32);
}

#endif
