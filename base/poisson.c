// SPDX-License-Identifier: MIT
/*
 * Sums of Poisson terms relative to the one at n, so that nothing overflows and
 * no exponential is needed: P(X <= n) = (sum up to n) / (sum of all). The mean
 * that gives 2.5 % is found by halving an interval.
 */
#include "base/poisson.h"

enum { EXACT_MAX = 10000 };

static const double tail = 0.025;

static double square_root(double x)
{
	double r = x > 1 ? x : 1;
	for (int i = 0; i < 100; i++) /* Newton's method; x < 2^64 needs 40 */
		r = (r + x / r) / 2;
	return r;
}

/* P(X <= n) of a Poisson count with a mean. */
static double probability_up_to(double n, double mean)
{
	double below = 0, above = 0;
	double term = 1; /* at n: all terms in its units */
	for (double k = n; k >= 0 && term > 1e-18; k--) {
		below += term;
		term *= k / mean;
	}
	term = mean / (n + 1);
	for (double k = n + 1; term > 1e-18 * (below + above) || k < mean; k++) {
		above += term;
		term *= mean / (k + 1);
	}
	return below / (below + above);
}

/* The greatest mean with P(X <= n) of at least p; it falls as the mean rises. */
static double mean_of(double n, double p)
{
	const double reach =
		10 * square_root(n) + 20; /* far beyond the answer, short of overflow */
	double low = n > reach ? n - reach : 0, high = n + reach;
	for (int i = 0; i < 64; i++) {
		const double middle = (low + high) / 2;
		if (probability_up_to(n, middle) >= p)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Byar's approximation: good to 10^-5 of the mean at 10^4 */
static double byar(double n, double side)
{
	const double root = 1 - 1 / (9 * n) + side * 1.959964 / (3 * square_root(n));
	return n * root * root * root;
}

static uint64_t in_micro(double mean)
{
	return mean > 0 ? (uint64_t)(mean * 1000000 + 0.5) : 0;
}

struct poisson_interval poisson_interval_95(uint64_t n)
{
	const double count = (double)n;
	if (!n)
		return (struct poisson_interval){ 0, 3000000 };
	if (n > EXACT_MAX)
		return (struct poisson_interval){ in_micro(byar(count, -1)),
						  in_micro(byar(count + 1, 1)) };
	/* P(X >= n) = tail at the low end, P(X <= n) = tail at the high one */
	return (struct poisson_interval){ in_micro(mean_of(count - 1, 1 - tail)),
					  in_micro(mean_of(count, tail)) };
}
