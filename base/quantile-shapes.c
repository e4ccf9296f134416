// SPDX-License-Identifier: MIT
/*
 * Tables of named shapes. Lognormal: with v = median * exp(s z), cv^2 =
 * exp(s^2) - 1. Hyperexponential: its tail function is inverted by bisection at
 * each knot. Gamma: its density over y = log2 x, x^k e^-x, has no pole and falls
 * at least exponentially on both sides, so that trapezoids over an even grid of
 * y give both tails; the normalisation comes out of the sum itself.
 */
#include "base/quantile-shapes.h"
#include "base/fixmath.h"
#include "base/quantile-normal.h"

#include <stdlib.h>

enum { GAMMA_STEPS = 4096, GAMMA_DEPTH = 46, WEIGHT_BITS = 40, TAIL_BITS = 52 };

static const uint64_t value_max_256 = UINT64_C(1) << 58;
static const int64_t log2_e_q32 = INT64_C(6196328019);

static int refuse(struct err *e, const char *what)
{
	return err_set(e, ERR_USAGE, "no such distribution: %s", what);
}

/* Lines between knots lie above the curve: all is scaled until the mean is the one asked for. */
static int grid(struct quantile *q, quantile_value value, const void *ctx, uint64_t mean_256,
		struct arena *a, struct err *e)
{
	const int rc = quantile_fill_grid(q, value, ctx, a, e);

	if (rc)
		return rc;
	const uint64_t mean = quantile_mean_256(q);
	for (uint32_t i = 0; mean && i < q->nknots; i++)
		q->v[i] = (uint64_t)((unsigned __int128)q->v[i] * mean_256 / mean);
	quantile_fill_guide(q);
	return 0;
}

int quantile_exponential(struct quantile *q, uint64_t mean_256, struct arena *a, struct err *e)
{
	if (mean_256 > value_max_256 / 32)
		return refuse(e, "the mean is too long");
	return grid(q, quantile_exponential_value, &mean_256, mean_256, a, e);
}

int quantile_uniform(struct quantile *q, uint64_t lo_256, uint64_t hi_256, struct arena *a,
		     struct err *e)
{
	if (lo_256 > hi_256 || hi_256 > value_max_256)
		return refuse(e, "the upper end lies below the lower one, or too far");
	const int rc = quantile_allocate(q, 2, a, e);
	if (rc)
		return rc;
	q->p[1] = QUANTILE_ONE;
	q->v[0] = lo_256;
	q->v[1] = hi_256;
	quantile_fill_guide(q);
	return 0;
}

int quantile_lognormal(struct quantile *q, uint64_t mean_256, uint64_t cv_micro, struct arena *a,
		       struct err *e)
{
	const uint64_t one = UINT64_C(1000000) * 1000000;

	if (mean_256 > value_max_256 >> 20 || cv_micro < 10000 || cv_micro > 5000000)
		return refuse(e, "a lognormal's cv lies between 0.01 and 5");
	/* log2(1 + cv^2) = s^2 / ln 2 for s of the natural logarithm */
	const int64_t log2 = fix_log2_ratio(one + cv_micro * cv_micro, one);
	const unsigned __int128 square = ((unsigned __int128)log2 << 64) / FIX_LN2_Q32;
	const struct quantile_lognormal l = {
		.median_512 = fix_scale_exp2(mean_256 * 2, -log2 / 2),
		.sigma_q32 = (int64_t)fix_sqrt(square),
	};
	return grid(q, quantile_lognormal_value, &l, mean_256, a, e);
}

/* ---- gamma ---- */

struct gamma {
	uint64_t mean_256, k_q32;
	int64_t y_low, step;           /* Q32 of log2 x */
	uint64_t sum[GAMMA_STEPS + 1]; /* of trapezoids up to here, twice */
};

/* log2 of the density over y, relative to its mode at x = k. */
static int64_t gamma_height(uint64_t k_q32, int64_t y, int64_t y_mode)
{
	const int64_t x_q32 = (int64_t)fix_scale_exp2(FIX_ONE_Q32, y);
	const __int128 rise = (__int128)(int64_t)k_q32 * (y - y_mode);
	const __int128 fall = (__int128)log2_e_q32 * (x_q32 - (int64_t)k_q32);

	return (int64_t)((rise - fall) >> 32);
}

/* How far from the mode the density has fallen by 2^GAMMA_DEPTH, by doubling and halving. */
static int64_t gamma_reach(uint64_t k_q32, int64_t y_mode, int sign)
{
	int64_t least = 0, most = FIX_ONE_Q32 / 1024;

	while (gamma_height(k_q32, y_mode + sign * most, y_mode) > -GAMMA_DEPTH * FIX_ONE_Q32)
		most *= 2;
	while (most - least > most / 64) {
		const int64_t middle = least + (most - least) / 2;
		if (gamma_height(k_q32, y_mode + sign * middle, y_mode) >
		    -GAMMA_DEPTH * FIX_ONE_Q32)
			least = middle;
		else
			most = middle;
	}
	return most;
}

static uint64_t gamma_value(const void *ctx, uint32_t i, bool is_upper)
{
	const struct gamma *g = ctx;
	const uint64_t total = g->sum[GAMMA_STEPS];
	const uint64_t share =
		(uint64_t)(((unsigned __int128)total * quantile_tail_of_knot(i)) >> 32);
	const uint64_t wanted = is_upper ? total - share : share;
	uint32_t lo = 0, hi = GAMMA_STEPS;

	while (hi - lo > 1) {
		const uint32_t middle = (lo + hi) / 2;
		if (g->sum[middle] <= wanted)
			lo = middle;
		else
			hi = middle;
	}
	const uint64_t rise = g->sum[hi] - g->sum[lo];
	const uint64_t part = wanted - g->sum[lo];
	const int64_t within = rise ? (int64_t)((unsigned __int128)(uint64_t)g->step * part / rise)
				    : 0;
	const uint64_t x_q32 =
		fix_scale_exp2(FIX_ONE_Q32, g->y_low + (int64_t)lo * g->step + within);
	return (uint64_t)((unsigned __int128)g->mean_256 * x_q32 / g->k_q32);
}

int quantile_gamma(struct quantile *q, uint64_t mean_256, uint64_t k_q32, struct arena *a,
		   struct err *e)
{
	const uint64_t one = FIX_ONE_Q32;

	if (mean_256 > value_max_256 >> 20 || k_q32 < one / 25 || k_q32 > one * 10000)
		return refuse(e, "a gamma's cv lies between 0.01 and 5");
	struct gamma *g = malloc(sizeof(*g));
	if (!g)
		return err_set(e, ERR_NOMEM, "out of memory for a distribution");
	const int64_t y_mode = fix_log2_ratio(k_q32, one);
	const int64_t below = gamma_reach(k_q32, y_mode, -1), above = gamma_reach(k_q32, y_mode, 1);
	*g = (struct gamma){ .mean_256 = mean_256,
			     .k_q32 = k_q32,
			     .y_low = y_mode - below,
			     .step = (below + above) / GAMMA_STEPS };
	uint64_t before = 0;
	for (uint32_t i = 0; i <= GAMMA_STEPS; i++) {
		const int64_t y = g->y_low + (int64_t)i * g->step;
		const uint64_t w =
			fix_scale_exp2(UINT64_C(1) << WEIGHT_BITS, gamma_height(k_q32, y, y_mode));
		g->sum[i] = i ? g->sum[i - 1] + before + w : 0;
		before = w;
	}
	const int rc = grid(q, gamma_value, g, mean_256, a, e);
	free(g);
	return rc;
}

/* ---- mixtures ---- */

struct mixture {
	const uint64_t *mean_256, *weight;
	uint64_t total, longest_256;
	size_t n;
};

static int check_parts(const uint64_t *v_256, const uint64_t *weight, size_t n, struct mixture *out,
		       struct err *e)
{
	*out = (struct mixture){ .mean_256 = v_256, .weight = weight, .n = n };
	if (!n || n > QUANTILE_PARTS_MAX)
		return refuse(e, "a mixture has 1 to 16 parts");
	for (size_t i = 0; i < n; i++) {
		if (v_256[i] > value_max_256 / 64 || weight[i] > UINT64_C(1) << 40)
			return refuse(e, "a part is too long");
		out->total += weight[i];
		out->longest_256 = v_256[i] > out->longest_256 ? v_256[i] : out->longest_256;
	}
	return out->total ? 0 : refuse(e, "no part has a weight");
}

/* P(X > v) in 2^-TAIL_BITS */
static uint64_t mixture_tail(const struct mixture *m, uint64_t v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->n; i++) {
		const uint64_t share =
			(uint64_t)(((unsigned __int128)m->weight[i] << TAIL_BITS) / m->total);
		if (!m->mean_256[i])
			continue;
		const unsigned __int128 x =
			(unsigned __int128)v * (uint64_t)log2_e_q32 / m->mean_256[i];
		if (x < (unsigned __int128)64 << 32)
			sum += fix_scale_exp2(share, -(int64_t)x);
	}
	return sum;
}

static uint64_t mixture_value(const void *ctx, uint32_t i, bool is_upper)
{
	const struct mixture *m = ctx;
	const uint64_t t = quantile_tail_of_knot(i);
	const uint64_t wanted = (is_upper ? t : QUANTILE_ONE - t) << (TAIL_BITS - 32);
	uint64_t lo = 0, hi = m->longest_256 * 24; /* e^-24 is below 2^-33 */

	while (hi - lo > 1) {
		const uint64_t middle = lo + (hi - lo) / 2;
		if (mixture_tail(m, middle) > wanted)
			lo = middle;
		else
			hi = middle;
	}
	return hi;
}

int quantile_hyperexponential(struct quantile *q, const uint64_t *mean_256, const uint64_t *weight,
			      size_t n, struct arena *a, struct err *e)
{
	struct mixture m;
	unsigned __int128 sum = 0;
	const int rc = check_parts(mean_256, weight, n, &m, e);

	for (size_t i = 0; !rc && i < n; i++)
		sum += (unsigned __int128)mean_256[i] * weight[i];
	return rc ? rc : grid(q, mixture_value, &m, (uint64_t)(sum / m.total), a, e);
}

int quantile_discrete(struct quantile *q, const uint64_t *value_256, const uint64_t *weight,
		      size_t n, struct arena *a, struct err *e)
{
	struct mixture m;
	bool is_used[QUANTILE_PARTS_MAX] = {};
	unsigned __int128 below = 0;
	int rc = check_parts(value_256, weight, n, &m, e);

	if (!rc)
		rc = quantile_allocate(q, (uint32_t)(2 * n), a, e);
	for (uint32_t k = 0; !rc && k < n; k++) { /* by value, least first */
		size_t least = n;
		for (size_t i = 0; i < n; i++)
			if (!is_used[i] && (least == n || value_256[i] < value_256[least]))
				least = i;
		is_used[least] = true;
		q->p[2 * k] = (uint64_t)((below << 32) / m.total);
		below += weight[least];
		q->p[2 * k + 1] = (uint64_t)((below << 32) / m.total);
		q->v[2 * k] = q->v[2 * k + 1] = value_256[least];
	}
	if (!rc)
		quantile_fill_guide(q);
	return rc;
}

int quantile_histogram(struct quantile *q, uint64_t low_256, const uint64_t *end_256,
		       const uint64_t *count, size_t n, struct arena *a, struct err *e)
{
	unsigned __int128 total = 0, below = 0;
	uint64_t last = low_256;

	if (!n || n > QUANTILE_STEPS_MAX)
		return refuse(e, "a histogram has 1 to 60000 bins");
	for (size_t i = 0; i < n; i++) {
		if (end_256[i] < last || end_256[i] > value_max_256)
			return refuse(e, "the ends of the bins do not rise");
		last = end_256[i];
		total += count[i];
	}
	if (!total)
		return refuse(e, "the histogram is empty");
	const int rc = quantile_allocate(q, (uint32_t)(2 * n), a, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		q->p[2 * i] = (uint64_t)((below << 32) / total);
		q->v[2 * i] = i ? end_256[i - 1] : low_256;
		below += count[i];
		q->p[2 * i + 1] = (uint64_t)((below << 32) / total);
		q->v[2 * i + 1] = end_256[i];
	}
	quantile_fill_guide(q);
	return 0;
}
