// SPDX-License-Identifier: MIT
/*
 * Pairs are counted by merging the two lists sorted by page and interval. The
 * correlation is that of the textbook,
 *
 *	r = (n Sxy - Sx Sy) / sqrt((n Sxx - Sx^2) (n Syy - Sy^2))
 *
 * with exact 128-bit sums; only the last division is in floating point (IEEE
 * basic operations), and the root is an integer one.
 */
#include "replay/backtest-score.h"

#include "base/quantity.h"

#include <stdlib.h>
#include <string.h>

enum { INTERVALS_MAX = 1000000 };

__extension__ typedef __int128 wide;

int backtest_window_init(struct backtest_window *w, uint64_t from_ns, uint64_t to_ns,
			 uint64_t interval_ns, struct err *e)
{
	if (from_ns >= to_ns || !interval_ns)
		return err_set(e, ERR_UNUSABLE, "the scored time is empty: %llu to %llu ns",
			       (unsigned long long)from_ns, (unsigned long long)to_ns);
	const uint64_t n = (to_ns - from_ns - 1) / interval_ns + 1;
	if (n > INTERVALS_MAX)
		return err_set(e, ERR_UNUSABLE, "the scored time has %llu intervals, most are %d",
			       (unsigned long long)n, INTERVALS_MAX);
	*w = (struct backtest_window){ from_ns, to_ns, interval_ns, (size_t)n };
	return 0;
}

int backtest_faults_add(struct backtest_faults *f, uint64_t ts_ns, uint64_t pfn, struct err *e)
{
	if (f->n == f->cap) {
		const size_t cap = f->cap ? 2 * f->cap : 1024;
		struct backtest_fault *grown = reallocarray(f->v, cap, sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for %zu faults", cap);
		f->v = grown;
		f->cap = cap;
	}
	f->v[f->n++] = (struct backtest_fault){ ts_ns, pfn };
	return 0;
}

void backtest_faults_deinit(struct backtest_faults *f)
{
	free(f->v);
	*f = (struct backtest_faults){};
}

/* ---- correlation ---- */

uint64_t backtest_sqrt(uint64_t v)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
		if ((r | bit) * (r | bit) <= v)
			r |= bit;
	return r;
}

bool backtest_correlate(const uint64_t *x, const uint64_t *y, size_t n, int64_t *ppm_out)
{
	wide sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;

	for (size_t i = 0; i < n; i++) {
		sx += x[i];
		sy += y[i];
		sxx += (wide)x[i] * x[i];
		syy += (wide)y[i] * y[i];
		sxy += (wide)x[i] * y[i];
	}
	const wide dx = (wide)n * sxx - sx * sx, dy = (wide)n * syy - sy * sy;
	const wide dxy = (wide)n * sxy - sx * sy;
	if (dx <= 0 || dy <= 0)
		return false;
	/* r^2 is at most 1; its root in ppm is that of r^2 in millionths of a millionth */
	const double square = (double)dxy / (double)dx * ((double)dxy / (double)dy);
	const uint64_t root = backtest_sqrt((uint64_t)(square * 1e12 + 0.5));
	const int64_t ppm = (int64_t)(root > PPM_PER_ONE ? PPM_PER_ONE : root);
	*ppm_out = dxy < 0 ? -ppm : ppm;
	return true;
}

/* ---- pairs ---- */

static int by_page(const void *a, const void *b)
{
	const struct backtest_fault *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn < y->pfn ? -1 : 1;
	return x->ts_ns < y->ts_ns ? -1 : x->ts_ns > y->ts_ns;
}

static size_t interval_of(const struct backtest_window *w, const struct backtest_fault *f)
{
	return (size_t)((f->ts_ns - w->from_ns) / w->interval_ns);
}

/* Drops what lies outside the window, sorts the rest and counts it. */
static void prepare(const struct backtest_window *w, struct backtest_faults *f, uint64_t *counts)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].ts_ns >= w->from_ns && f->v[i].ts_ns < w->to_ns)
			f->v[n++] = f->v[i];
	f->n = n;
	if (n)
		qsort(f->v, n, sizeof(*f->v), by_page);
	for (size_t i = 0; i < n; i++)
		counts[interval_of(w, &f->v[i])]++;
}

/* Past all faults of the pair at i */
static size_t next_pair(const struct backtest_window *w, const struct backtest_faults *f, size_t i)
{
	const struct backtest_fault *first = &f->v[i];

	while (++i < f->n && f->v[i].pfn == first->pfn &&
	       interval_of(w, &f->v[i]) == interval_of(w, first))
		;
	return i;
}

static void count_pairs(struct backtest_score *s, const struct backtest_window *w,
			const struct backtest_faults *truth,
			const struct backtest_faults *predicted)
{
	size_t i = 0, j = 0;

	while (i < truth->n || j < predicted->n) {
		int order = i == truth->n ? 1 : j == predicted->n ? -1 : 0;
		if (!order) {
			const struct backtest_fault *a = &truth->v[i], *b = &predicted->v[j];
			const size_t ka = interval_of(w, a), kb = interval_of(w, b);
			order = a->pfn < b->pfn ? -1 : a->pfn > b->pfn ? 1 : (ka > kb) - (ka < kb);
		}
		if (order <= 0) {
			i = next_pair(w, truth, i);
			s->pairs_true++;
		}
		if (order >= 0) {
			j = next_pair(w, predicted, j);
			s->pairs_predicted++;
		}
		s->pairs_both += !order;
	}
}

static uint64_t greatest(const uint64_t *counts, size_t n)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = counts[i] > most ? counts[i] : most;
	return most;
}

int backtest_score_init(struct backtest_score *s, const struct backtest_window *w,
			struct backtest_faults *truth, struct backtest_faults *predicted,
			struct err *e)
{
	*s = (struct backtest_score){
		.counts_true = calloc(w->nintervals, sizeof(uint64_t)),
		.counts_predicted = calloc(w->nintervals, sizeof(uint64_t)),
	};
	if (!s->counts_true || !s->counts_predicted) {
		backtest_score_deinit(s);
		return err_set(e, ERR_NOMEM, "no memory for %zu intervals", w->nintervals);
	}
	prepare(w, truth, s->counts_true);
	prepare(w, predicted, s->counts_predicted);
	s->faults_true = truth->n;
	s->faults_predicted = predicted->n;
	count_pairs(s, w, truth, predicted);
	s->worst_true = greatest(s->counts_true, w->nintervals);
	s->worst_predicted = greatest(s->counts_predicted, w->nintervals);
	s->has_corr = backtest_correlate(s->counts_true, s->counts_predicted, w->nintervals,
					 &s->corr_ppm);
	return 0;
}

void backtest_score_deinit(struct backtest_score *s)
{
	free(s->counts_true);
	free(s->counts_predicted);
	*s = (struct backtest_score){};
}
