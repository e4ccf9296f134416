// SPDX-License-Identifier: MIT
/* Prediction intervals: Student's t over blocks of several lengths, exact counts, Gumbel. */
#include "replay/forecast.h"

#include "base/fixmath.h"
#include "base/quantity.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX (UINT64_C(1) << 56)

static uint64_t saturate(unsigned __int128 v)
{
	return v > INT64_MAX ? INT64_MAX : (uint64_t)v;
}

/* ---- Student's t ---- */

enum { T_ROWS = 30, FINE = 10 };

/* 95 % quantile by degrees of freedom from 1, in millionths: any table of statistics. */
static const uint32_t t_micro[T_ROWS + 1] = {
	0,       6313752, 2919986, 2353363, 2131847, 2015048, 1943180, 1894579,
	1859548, 1833113, 1812461, 1795885, 1782288, 1770933, 1761310, 1753050,
	1745884, 1739607, 1734064, 1729133, 1724718, 1720743, 1717144, 1713872,
	1710882, 1708141, 1705618, 1703288, 1701131, 1699127, 1697261,
};

static uint64_t student_micro(size_t freedom)
{
	return t_micro[freedom < T_ROWS ? freedom : T_ROWS];
}

/*
 * t s sqrt(1/n + 1/m) of the future's mean block in 2^-FINE, m in ppm of a block,
 * from the sum of squared deviations times n^2 (which keeps them whole).
 */
static uint64_t half_width(unsigned __int128 squares_n2, size_t n, uint64_t m_ppm)
{
	if (n < 2)
		return INT64_MAX;
	/* s^2 (1/n + 1/m) = squares / (n - 1) * (m + n) / (n m) */
	const unsigned coarse = squares_n2 >> 70 ? 40 : 0; /* room for what follows */
	unsigned __int128 v = (squares_n2 >> coarse << 2 * FINE) / (n * n * (n - 1));
	const unsigned drop = v >> 80 ? 20 : 0;
	const unsigned __int128 top = (unsigned __int128)m_ppm + n * PPM_PER_ONE;
	v = (v >> drop) * top / ((unsigned __int128)n * m_ppm);
	const unsigned __int128 root = (unsigned __int128)fix_sqrt(v) << (coarse + drop) / 2;
	return saturate(root * student_micro(n - 1) / PPM_PER_ONE);
}

/* Sum over i of (n x_i - sum)^2 = n^2 times the squared deviations. */
static unsigned __int128 deviations(const int64_t *x, size_t n)
{
	__int128 sum = 0;
	unsigned __int128 squares = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	for (size_t i = 0; i < n; i++) {
		__int128 d = (__int128)x[i] * (int64_t)n - sum;
		d = d < 0 ? -d : d;
		if (d >> 60) /* far above all counts; its square must not wrap */
			d = (__int128)1 << 60;
		squares += (unsigned __int128)(d * d);
	}
	return squares;
}

/* The widest half width of one block's mean, in 2^-FINE, over blocks of 1, 2, 4 .. length. */
static uint64_t widest(const int64_t *x, size_t n, uint64_t ahead_ppm)
{
	int64_t merged[FORECAST_BLOCKS_MAX];
	uint64_t most = 0, length = 1;
	memcpy(merged, x, n * sizeof(*x));
	for (;;) {
		uint64_t m_ppm = ahead_ppm / length;
		m_ppm = m_ppm ? m_ppm : 1;
		const uint64_t own = half_width(deviations(merged, n), n, m_ppm) / length;
		most = own > most ? own : most;
		if (n / 2 < FORECAST_BLOCKS_LEAST)
			return most;
		/* an odd block at the beginning is left out: the end is nearer to the future */
		const size_t odd = n % 2;
		n /= 2;
		length *= 2;
		for (size_t i = 0; i < n; i++)
			merged[i] = merged[odd + 2 * i] + merged[odd + 2 * i + 1];
	}
}

/* ---- counts ---- */

/*
 * P(X <= x) for X of n with chance p; terms by recurrence from the largest of
 * them, so that nothing underflows before it is small against the sum.
 */
static double binomial_below(uint64_t x, uint64_t n, double p)
{
	const double odds = p / (1 - p);
	uint64_t mode = (uint64_t)((double)(n + 1) * p);
	mode = mode > n ? n : mode;
	double below = 0, all = 0, term = 1;
	for (uint64_t k = mode;; k--) {
		all += term;
		below += k <= x ? term : 0;
		if (!k || term < 1e-18 * all)
			break;
		term = term * (double)k / ((double)(n - k + 1) * odds);
	}
	term = 1;
	for (uint64_t k = mode; k < n; k++) {
		term = term * (double)(n - k) * odds / (double)(k + 1);
		if (term < 1e-18 * all)
			break;
		all += term;
		below += k + 1 <= x ? term : 0;
	}
	return below / all;
}

static const double side = 0.05;

/* From so many bursts on blocks tell how even they come: often more than chance would. */
enum { EXACT_MAX = 40 };

uint64_t forecast_count_most(uint64_t x, uint64_t n, uint64_t m)
{
	const double p = (double)n / ((double)n + (double)m);
	uint64_t least = 0, most = 1; /* the answer lies in least .. most */
	while (binomial_below(x, x + most + 1, p) > side && most < UINT32_MAX)
		most *= 2;
	while (least < most) {
		const uint64_t y = least + (most - least) / 2;
		if (binomial_below(x, x + y + 1, p) <= side)
			most = y;
		else
			least = y + 1;
	}
	return most;
}

uint64_t forecast_count_least(uint64_t x, uint64_t n, uint64_t m)
{
	const double p = (double)n / ((double)n + (double)m);
	uint64_t y = 0;
	/* P(X >= x) of x + y: more of the future makes it likelier */
	while (x && y < UINT32_MAX && 1 - binomial_below(x - 1, x + y, p) <= side)
		y++;
	return y;
}

/* Bounds of a sum by whole bursts; false: too many for exact bounds to matter. */
static bool count_bursts(uint64_t sum, uint64_t burst, size_t n, uint64_t ahead_ppm,
			 struct forecast *out)
{
	const uint64_t bursts = burst ? sum / burst + !!(sum % burst) : EXACT_MAX;
	if (bursts >= EXACT_MAX)
		return false;
	const uint64_t past_ppm = n * PPM_PER_ONE;
	out->low = saturate((unsigned __int128)burst *
			    forecast_count_least(sum / burst, past_ppm, ahead_ppm));
	out->high = saturate((unsigned __int128)burst *
			     forecast_count_most(bursts, past_ppm, ahead_ppm));
	return true;
}

/* ---- sums and means ---- */

static uint64_t to_signed(const struct forecast_past *p, int64_t *out)
{
	unsigned __int128 sum = 0;
	for (size_t i = 0; i < p->n; i++) {
		const uint64_t v = p->blocks[i] < VALUE_MAX ? p->blocks[i] : VALUE_MAX;
		out[i] = (int64_t)v;
		sum += v;
	}
	return saturate(sum);
}

static uint64_t scale_ppm(uint64_t v, uint64_t ppm)
{
	return saturate(((unsigned __int128)v * ppm + PPM_PER_ONE / 2) / PPM_PER_ONE);
}

static uint64_t least_ahead(uint64_t ahead_ppm)
{
	enum { THOUSANDTH_PPM = 1000 };
	return ahead_ppm > THOUSANDTH_PPM ? ahead_ppm : THOUSANDTH_PPM;
}

/* Of the sum over ahead_ppm of blocks. */
struct forecast forecast_sum(const struct forecast_past *p, uint64_t ahead_ppm)
{
	int64_t x[FORECAST_BLOCKS_MAX];
	struct forecast f, exact;
	const uint64_t sum = to_signed(p, x);
	ahead_ppm = least_ahead(ahead_ppm);
	f.middle = saturate(((unsigned __int128)sum * ahead_ppm / p->n + PPM_PER_ONE / 2) /
			    PPM_PER_ONE);
	const uint64_t half = scale_ppm(widest(x, p->n, ahead_ppm), ahead_ppm) >> FINE;
	f.low = f.middle > half ? f.middle - half : 0;
	f.high = saturate((unsigned __int128)f.middle + half);
	if (count_bursts(sum, p->burst, p->n, ahead_ppm, &exact)) {
		/* one block alone has no deviation: the count is all there is */
		f.low = exact.low < f.low || p->n < 2 ? exact.low : f.low;
		f.high = exact.high > f.high || p->n < 2 ? exact.high : f.high;
		f.low = f.low < f.middle ? f.low : f.middle;
		f.high = f.high > f.middle ? f.high : f.middle;
	}
	return f;
}

struct forecast forecast_mean(const struct forecast_past *p, uint64_t ahead_ppm)
{
	int64_t x[FORECAST_BLOCKS_MAX];
	const uint64_t middle = to_signed(p, x) / p->n;
	const uint64_t half = (widest(x, p->n, least_ahead(ahead_ppm)) >> FINE) + 1;
	return (struct forecast){ middle > half ? middle - half : 0, middle,
				  saturate((unsigned __int128)middle + half) };
}

/* ---- shares ---- */

struct forecast forecast_share(const struct forecast_past *parts, const uint64_t *wholes,
			       uint64_t ahead_ppm)
{
	int64_t x[FORECAST_BLOCKS_MAX], y[FORECAST_BLOCKS_MAX];
	const struct forecast_past all = { wholes, parts->n, 0 };
	const uint64_t part = to_signed(parts, x), whole = to_signed(&all, y);
	const size_t n = parts->n;
	struct forecast f = {}, exact;
	ahead_ppm = least_ahead(ahead_ppm);
	if (!whole) /* nothing to be a share of */
		return (struct forecast){ 0, 0, PPM_PER_ONE };
	f.middle = saturate((unsigned __int128)part * PPM_PER_ONE / whole);
	for (size_t i = 0; i < n; i++)
		x[i] -= (int64_t)((__int128)y[i] * part / whole);
	const uint64_t mean = whole / n ? whole / n : 1;
	const uint64_t half =
		saturate(((unsigned __int128)widest(x, n, ahead_ppm) * PPM_PER_ONE / mean) >> FINE);
	f.low = f.middle > half ? f.middle - half : 0;
	f.high = saturate((unsigned __int128)f.middle + half);
	if (count_bursts(part, parts->burst, n, ahead_ppm, &exact)) {
		const unsigned __int128 expected =
			(unsigned __int128)whole * ahead_ppm / (n * PPM_PER_ONE);
		const unsigned __int128 by = expected ? expected : 1;
		const uint64_t low = saturate((unsigned __int128)exact.low * PPM_PER_ONE / by);
		const uint64_t high = saturate((unsigned __int128)exact.high * PPM_PER_ONE / by);
		f.low = low < f.low ? low : f.low;
		f.high = high > f.high || n < 2 ? high : f.high;
		f.high = f.high > f.middle ? f.high : f.middle;
	}
	return f;
}

/* ---- the worst ---- */

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* v * q for q in Q32, of either sign. */
static int64_t times_q32(uint64_t v, int64_t q)
{
	return (int64_t)((__int128)v * q >> 32);
}

/* -ln(-ln p) of Gumbel's distribution, in Q32. */
static const int64_t gumbel_low_q32 = -INT64_C(4712301412);  /* p = 5 %: -1.09719 */
static const int64_t gumbel_mid_q32 = INT64_C(1574146940);   /* p = 50 %: 0.36651 */
static const int64_t gumbel_high_q32 = INT64_C(12756906254); /* p = 95 %: 2.97020 */

/*
 * The largest value that is reached in the future but for 5 %, as far as the past
 * has blocks that reach it: what happens in few blocks may not happen again.
 */
static uint64_t reached(const uint64_t *sorted, size_t n, uint64_t ahead_ppm)
{
	for (size_t x = 1; x <= n; x++)
		if (forecast_count_least(x, n * PPM_PER_ONE, ahead_ppm))
			return sorted[n - x];
	return 0;
}

struct forecast forecast_worst(const struct forecast_past *p, uint64_t ahead_ppm)
{
	uint64_t v[FORECAST_BLOCKS_MAX];
	const size_t n = p->n;
	for (size_t i = 0; i < n; i++)
		v[i] = p->blocks[i] < VALUE_MAX ? p->blocks[i] : VALUE_MAX;
	qsort(v, n, sizeof(*v), by_value);
	if (!v[n - 1])
		return (struct forecast){ 0, 0, p->burst };
	const size_t first = n / 2; /* the tail begins there */
	const size_t k = n - first;
	const uint64_t from = first ? (v[first - 1] + v[first]) / 2 : v[0];
	unsigned __int128 above = 0;
	for (size_t i = first; i < n; i++)
		above += v[i] - from;
	/* equal values still may differ next time: at least as much as a count's do */
	const uint64_t least = fix_sqrt(v[n - 1]) / 2 + !!p->burst;
	uint64_t beta = saturate(above / k);
	beta = beta > least ? beta : least;
	/* the scale itself is known to 1 / sqrt(k): wider on both sides */
	const uint64_t doubt_ppm = student_micro(k) * 1000 / (fix_sqrt(k * PPM_PER_ONE) + 1);
	const uint64_t wide = scale_ppm(beta, PPM_PER_ONE + doubt_ppm);
	const uint64_t tail_ppm = saturate((unsigned __int128)least_ahead(ahead_ppm) * k / n);
	const int64_t ln_q32 =
		(int64_t)((__int128)fix_log2_ratio(tail_ppm ? tail_ppm : 1, PPM_PER_ONE) *
				  FIX_LN2_Q32 >>
			  32);
	const int64_t low =
		(int64_t)from + times_q32(beta, ln_q32) + times_q32(wide, gumbel_low_q32);
	const int64_t middle = (int64_t)from + times_q32(beta, ln_q32 + gumbel_mid_q32);
	const int64_t high = (int64_t)from + times_q32(ln_q32 > 0 ? wide : beta, ln_q32) +
			     times_q32(wide, gumbel_high_q32);
	struct forecast f = { low > 0 ? (uint64_t)low : 0, middle > 0 ? (uint64_t)middle : 0,
			      high > 0 ? (uint64_t)high : 0 };
	const uint64_t again = p->burst ? reached(v, n, least_ahead(ahead_ppm)) : f.low;
	f.low = again < f.low ? again : f.low;
	f.high = f.high > v[n - 1] ? f.high : v[n - 1];
	f.low = f.low < f.middle ? f.low : f.middle;
	f.high = f.high > f.middle ? f.high : f.middle;
	return f;
}
