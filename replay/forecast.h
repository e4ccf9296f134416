// SPDX-License-Identifier: MIT
/*
 * What a future period brings, from blocks of equal length of the past: an
 * expected value and an interval that should hold it nine times in ten.
 *
 * Assumed is that the future is like the past: its blocks are drawn as those of
 * the past were. Blocks may be bursty and depend on their neighbours; a guest
 * that is given another task is another guest, and no interval from its past
 * holds. How often these intervals do hold is counted by `score --backtest`.
 *
 *	sum	mean of the blocks +- t s sqrt(1/n + 1/m), n past and m future ones, t of
 *		Student's distribution (5 % a side). Once more with blocks merged in
 *		pairs, and pairs of pairs, down to 4: the widest is taken, as neighbours
 *		that resemble each other make single blocks look surer than they are.
 *		Events that come in bursts of about `burst` also get the exact bounds
 *		of a count (x bursts in n blocks, y in m: binomial in x + y): none in a
 *		time of the past is fewer than 5 in as long a future.
 *	share	of two sums, residuals of the blocks' parts instead of s
 *	worst	largest of m blocks' largest values: those of the past above their median
 *		are taken for an exponential tail, the largest of m then is Gumbel's; of
 *		counts, no lower bound is above what enough blocks reached
 *
 * Drawn from blocks of many kinds the intervals hold 88 % and more, mostly 95 %
 * (t/forecast-test.c); not where blocks resemble their neighbours and are too few
 * to show it: about 80 % with 4 to 8. Computed where results are shown, by integers
 * and IEEE basic operations.
 */
#ifndef PUGMARK_REPLAY_FORECAST_H
#define PUGMARK_REPLAY_FORECAST_H

#include <stddef.h>
#include <stdint.h>

enum { FORECAST_BLOCKS_MAX = 64, FORECAST_BLOCKS_LEAST = 4 };

/* Nominal, of all intervals here. */
enum { FORECAST_COVERAGE_PPM = 900000 };

struct forecast {
	uint64_t low, middle, high; /* low <= middle <= high */
};

struct forecast_past {
	const uint64_t *blocks; /* values below 2^56 */
	size_t n;               /* 1 .. FORECAST_BLOCKS_MAX */
	uint64_t burst; /* events that come at once; 0: no count, there are no exact bounds */
};

/* Of the sum over a future of that many blocks, in ppm of a block; at least a thousandth. */
struct forecast forecast_sum(const struct forecast_past *p, uint64_t ahead_ppm);

/* Of the mean of that many blocks: levels instead of counts. */
struct forecast forecast_mean(const struct forecast_past *p, uint64_t ahead_ppm);

/* Of the largest value in that many blocks; blocks have the largest of their own. */
struct forecast forecast_worst(const struct forecast_past *p, uint64_t ahead_ppm);

/*
 * Of sum(parts) / sum(wholes), in ppm, over that many blocks; parts may exceed
 * wholes. Both have n blocks; the burst is of parts.
 */
struct forecast forecast_share(const struct forecast_past *parts, const uint64_t *wholes,
			       uint64_t ahead_ppm);

/* Most and fewest events in m parts of time (both in any unit) after x in n: 5 % a side. */
uint64_t forecast_count_most(uint64_t x, uint64_t n, uint64_t m);
uint64_t forecast_count_least(uint64_t x, uint64_t n, uint64_t m);

#endif
