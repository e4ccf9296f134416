// SPDX-License-Identifier: MIT
/*
 * Quantile tables. A lognormal of two figures: with v = median * exp(s z), the
 * mean is median * exp(s^2 / 2), so mean and a quantile z give s as the smaller
 * root of s z - s^2 / 2 = ln(quantile / mean); the larger one has its mean far
 * out in the tail. All of it in binary logarithms, in Q32.
 */
#include "base/quantile.h"
#include "base/fixmath.h"
#include "base/quantile-normal.h"
#include "base/quantity.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	KNOTS_MAX = 2 * QUANTILE_TAIL_KNOTS - 1, /* both tails share the median */
	VALUE_BITS = 8,
	TEXT_BYTES_MAX = 160,
};

static const uint64_t value_max_ns = UINT64_C(1) << 50; /* 13 days */

/* ---- text ---- */

/* Blanks and commas part words; a word is cut out of *text in place. NULL at the end. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, " \t,");
	char *end = word + strcspn(word, " \t,");

	if (!*word)
		return NULL;
	*text = *end ? end + 1 : end;
	*end = 0;
	return word;
}

static int refuse(struct err *e, const char *text)
{
	return err_set(e, ERR_USAGE,
		       "'%.60s' is no distribution: expected `200us`, `69ns p99 92ns`, `p50 100us "
		       "p99 300us`, `exponential 1ms` or `0%% 10us, 50%% 60us, 100%% 1ms`",
		       text);
}

static bool parse_duration(const char *word, uint64_t *ns_out)
{
	return word && !quantity_parse_ns(word, ns_out, NULL) && *ns_out <= value_max_ns;
}

/* "p99.9" or "99.9%" */
static bool parse_level(const char *word, uint64_t *ppm_out)
{
	char percent[24];
	const size_t n = word ? strlen(word) : 0;

	if (n < 2 || n >= sizeof(percent) - 1)
		return false;
	if (*word != 'p')
		return !quantity_parse_ppm(word, ppm_out, NULL) && *ppm_out <= PPM_PER_ONE;
	memcpy(percent, word + 1, n - 1);
	memcpy(percent + n - 1, "%", 2);
	return !quantity_parse_ppm(percent, ppm_out, NULL) && *ppm_out < PPM_PER_ONE;
}

static bool parse_points(char *text, struct dist *d)
{
	d->kind = DIST_POINTS;
	for (char *word; (word = next_word(&text));) {
		if (d->npoints == DIST_POINTS_MAX)
			return false;
		struct dist_point *p = &d->points[d->npoints];
		const struct dist_point *last = d->npoints ? p - 1 : NULL;
		if (!parse_level(word, &p->ppm) || !parse_duration(next_word(&text), &p->ns) ||
		    (last && (p->ppm <= last->ppm || p->ns < last->ns)))
			return false;
		d->npoints++;
	}
	return d->npoints > 0;
}

static bool parse_lognormal(char *text, struct dist *d)
{
	char *word = next_word(&text);
	uint64_t ppm;

	d->kind = DIST_LOGNORMAL_MEAN;
	if (word && *word == 'p') {
		d->kind = DIST_LOGNORMAL_P50;
		if (!parse_level(word, &ppm) || ppm != PPM_PER_ONE / 2)
			return false;
		word = next_word(&text);
	}
	return parse_duration(word, &d->a_ns) && parse_level(next_word(&text), &d->b_ppm) &&
	       d->b_ppm > PPM_PER_ONE / 2 && parse_duration(next_word(&text), &d->b_ns) &&
	       !next_word(&text);
}

int dist_parse(const char *text, struct dist *out, struct err *e)
{
	static const char exponential[] = "exponential ";
	char copy[TEXT_BYTES_MAX];
	struct dist d = {};

	if (strlen(text) >= sizeof(copy))
		return refuse(e, text);
	strcpy(copy, text);
	const char *first = copy + strspn(copy, " \t");
	bool ok = parse_duration(first, &d.a_ns); /* may hold a blank: "200 us" */
	if (!ok && !strncmp(first, exponential, sizeof(exponential) - 1)) {
		d.kind = DIST_EXPONENTIAL;
		ok = parse_duration(first + sizeof(exponential) - 1, &d.a_ns);
	} else if (!ok && strchr(copy, '%')) {
		ok = parse_points(copy, &d);
	} else if (!ok) {
		ok = parse_lognormal(copy, &d);
	}
	if (!ok)
		return refuse(e, text);
	*out = d;
	return 0;
}

struct dist_text dist_show(const struct dist *d)
{
	struct dist_text t = {};
	const char *median = d->kind == DIST_LOGNORMAL_P50 ? "p50 " : "";
	const uint64_t whole = d->b_ppm / 10000, part = d->b_ppm % 10000;
	size_t n = 0;

	switch (d->kind) {
	case DIST_CONST:
		snprintf(t.s, sizeof(t.s), "%" PRIu64 "ns", d->a_ns);
		break;
	case DIST_LOGNORMAL_MEAN:
	case DIST_LOGNORMAL_P50:
		snprintf(t.s, sizeof(t.s),
			 "%s%" PRIu64 "ns p%" PRIu64 ".%04" PRIu64 " %" PRIu64 "ns", median,
			 d->a_ns, whole, part, d->b_ns);
		break;
	case DIST_EXPONENTIAL:
		snprintf(t.s, sizeof(t.s), "exponential %" PRIu64 "ns", d->a_ns);
		break;
	case DIST_POINTS: /* at most 12 times 38 bytes: fits */
		for (size_t i = 0; i < d->npoints && n < sizeof(t.s); i++)
			n += (size_t)snprintf(t.s + n, sizeof(t.s) - n,
					      "%s%" PRIu64 ".%04" PRIu64 "%% %" PRIu64 "ns",
					      i ? ", " : "", d->points[i].ppm / 10000,
					      d->points[i].ppm % 10000, d->points[i].ns);
		break;
	}
	return t;
}

/* ---- building ---- */

uint64_t quantile_p_of_ppm(uint64_t ppm)
{
	return ppm >= PPM_PER_ONE ? QUANTILE_ONE
				  : (ppm * QUANTILE_ONE + PPM_PER_ONE / 2) / PPM_PER_ONE;
}

int quantile_allocate(struct quantile *q, uint32_t nknots, struct arena *a, struct err *e)
{
	*q = (struct quantile){ .nknots = nknots };
	q->p = arena_alloc(a, nknots, sizeof(*q->p));
	q->v = arena_alloc(a, nknots, sizeof(*q->v));
	return q->p && q->v ? 0 : err_set(e, ERR_NOMEM, "out of memory for a distribution");
}

void quantile_fill_guide(struct quantile *q)
{
	uint32_t knot = 0;

	for (uint32_t cell = 0; cell < 257; cell++) {
		while (knot + 2 < q->nknots && q->p[knot + 1] <= (uint64_t)cell << 24)
			knot++;
		q->guide[cell] = (uint16_t)knot;
	}
}

int quantile_fill_grid(struct quantile *q, quantile_value value, const void *ctx, struct arena *a,
		       struct err *e)
{
	const uint32_t median = QUANTILE_TAIL_KNOTS - 1;
	const int err = quantile_allocate(q, KNOTS_MAX, a, e);

	for (uint32_t i = 0; !err && i < QUANTILE_TAIL_KNOTS; i++) {
		const uint64_t t = quantile_tail_of_knot(i);
		q->p[median - i] = t;
		q->v[median - i] = value(ctx, i, false);
		q->p[median + i] = QUANTILE_ONE - t;
		q->v[median + i] = value(ctx, i, true);
	}
	return err;
}

uint64_t quantile_lognormal_value(const void *ctx, uint32_t i, bool is_upper)
{
	const struct quantile_lognormal *l = ctx;
	const __int128 product = (__int128)l->sigma_q32 * quantile_normal[i];
	const int64_t x = (int64_t)(product / (1 << QUANTILE_NORMAL_BITS));

	return fix_scale_exp2(l->median_512, is_upper ? x : -x) >> 1; /* sums of two must fit */
}

/* z with P(Z <= z) = ppm in Q32, ppm above a half: a line between two knots */
static int64_t normal_quantile(uint64_t ppm)
{
	const uint64_t t = QUANTILE_ONE - quantile_p_of_ppm(ppm);
	uint32_t i = 1;

	while (i + 1 < QUANTILE_TAIL_KNOTS && quantile_tail_of_knot(i) > t)
		i++;
	const uint64_t above = quantile_tail_of_knot(i - 1), below = quantile_tail_of_knot(i);
	const int64_t lo = quantile_normal[i - 1], hi = quantile_normal[i];
	const int64_t z =
		(lo << 8) + ((hi - lo) << 8) * (int64_t)(above - t) / (int64_t)(above - below);
	return z; /* 24 + 8 bits */
}

static int fit_lognormal(const struct dist *d, struct quantile_lognormal *out, struct err *e)
{
	const int64_t z = normal_quantile(d->b_ppm);
	const uint64_t lo = d->a_ns, hi = d->b_ns;

	if (!lo || hi < lo)
		return err_set(e, ERR_USAGE,
			       "no lognormal has that: the quantile must not be below the %s, and "
			       "that not 0",
			       d->kind == DIST_LOGNORMAL_P50 ? "median" : "mean");
	const int64_t ratio = fix_log2_ratio(hi, lo);
	*out = (struct quantile_lognormal){ .median_512 = lo << (VALUE_BITS + 1) };
	if (d->kind == DIST_LOGNORMAL_P50) {
		out->sigma_q32 = (int64_t)(((__int128)ratio << 32) / z);
		return 0;
	}
	/* s = (z - sqrt(z^2 - 2 ln2 ratio)) / ln2 */
	const __int128 under = (__int128)z * z - 2 * (__int128)FIX_LN2_Q32 * ratio;
	if (under < 0)
		return err_set(e, ERR_USAGE,
			       "no lognormal has that quantile so far above its mean: give the "
			       "median (p50), or points");
	const int64_t root = (int64_t)fix_sqrt((unsigned __int128)under);
	out->sigma_q32 = (int64_t)(((__int128)(z - root) << 32) / FIX_LN2_Q32);
	/* log2(mean / median) = s^2 ln2 / 2 */
	const __int128 square = (__int128)out->sigma_q32 * out->sigma_q32 >> 32;
	out->median_512 = fix_scale_exp2(out->median_512, -(int64_t)(square * FIX_LN2_Q32 >> 33));
	return 0;
}

uint64_t quantile_exponential_value(const void *ctx, uint32_t i, bool is_upper)
{
	const uint64_t mean_256 = *(const uint64_t *)ctx;
	uint64_t t = quantile_tail_of_knot(i);

	if (!is_upper)
		t = QUANTILE_ONE - t;
	/* 2^-33 stands in for 0 */
	const int64_t log2 = t ? fix_log2_ratio(QUANTILE_ONE, t) : 33 * FIX_ONE_Q32;
	const uint64_t ln_q32 = (uint64_t)((__int128)log2 * FIX_LN2_Q32 >> 32);
	return (uint64_t)((unsigned __int128)mean_256 * ln_q32 >> 32);
}

/* Straight lines between the points; flat outside of them. */
static int fill_points(struct quantile *q, const struct dist_point *points, size_t n,
		       struct arena *a, struct err *e)
{
	const bool starts_late = points[0].ppm > 0, ends_early = points[n - 1].ppm < PPM_PER_ONE;
	const int err = quantile_allocate(q, (uint32_t)(n + starts_late + ends_early), a, e);
	uint32_t k = starts_late;

	if (err)
		return err;
	for (size_t i = 0; i < n; i++, k++) {
		q->p[k] = quantile_p_of_ppm(points[i].ppm);
		q->v[k] = points[i].ns << VALUE_BITS;
	}
	q->v[0] = points[0].ns << VALUE_BITS;
	if (ends_early) {
		q->p[k] = QUANTILE_ONE;
		q->v[k] = points[n - 1].ns << VALUE_BITS;
	}
	return 0;
}

int quantile_init(struct quantile *q, const struct dist *d, struct arena *a, struct err *e)
{
	const struct dist_point constant[] = { { 0, d->a_ns }, { PPM_PER_ONE, d->a_ns } };
	const uint64_t mean_256 = d->a_ns << VALUE_BITS;
	struct quantile_lognormal l = {};
	int err = ERR_BUG;

	switch (d->kind) {
	case DIST_CONST:
		err = fill_points(q, constant, 2, a, e);
		break;
	case DIST_LOGNORMAL_MEAN:
	case DIST_LOGNORMAL_P50:
		err = fit_lognormal(d, &l, e);
		if (!err)
			err = quantile_fill_grid(q, quantile_lognormal_value, &l, a, e);
		break;
	case DIST_EXPONENTIAL:
		err = quantile_fill_grid(q, quantile_exponential_value, &mean_256, a, e);
		break;
	case DIST_POINTS:
		err = fill_points(q, d->points, d->npoints, a, e);
		break;
	}
	if (!err)
		quantile_fill_guide(q);
	return err;
}

/* ---- asking ---- */

/* The knot at or below p. */
static uint32_t find_knot(const struct quantile *q, uint64_t p)
{
	const uint64_t cell = p >> 24;
	uint32_t lo = q->guide[cell < 256 ? cell : 256];
	uint32_t hi = q->guide[cell < 256 ? cell + 1 : 256];

	while (lo < hi) {
		const uint32_t middle = (lo + hi + 1) / 2;
		if (q->p[middle] <= p)
			lo = middle;
		else
			hi = middle - 1;
	}
	return lo;
}

uint64_t quantile_at_256(const struct quantile *q, uint64_t p)
{
	const uint32_t i = find_knot(q, p);
	const uint64_t rise = q->v[i + 1] - q->v[i];
	const uint64_t run = q->p[i + 1] - q->p[i], part = p - q->p[i];

	if (rise >> 31 == 0)
		return q->v[i] + rise * part / run;
	return q->v[i] + (uint64_t)((unsigned __int128)rise * part / run);
}

uint64_t quantile_at(const struct quantile *q, uint64_t p)
{
	return (quantile_at_256(q, p) + (1 << (VALUE_BITS - 1))) >> VALUE_BITS;
}

uint64_t quantile_above(const struct quantile *q, uint64_t ns)
{
	const uint64_t v = ns << VALUE_BITS;
	uint32_t lo = 0, hi = q->nknots;

	if (ns >= UINT64_MAX >> VALUE_BITS)
		return 0;
	while (lo < hi) { /* the first knot above v */
		const uint32_t middle = lo + (hi - lo) / 2;
		if (q->v[middle] > v)
			hi = middle;
		else
			lo = middle + 1;
	}
	if (!lo || lo == q->nknots)
		return lo ? 0 : QUANTILE_ONE;
	const unsigned __int128 part =
		(unsigned __int128)(q->p[lo] - q->p[lo - 1]) * (v - q->v[lo - 1]);
	return QUANTILE_ONE - q->p[lo - 1] - (uint64_t)(part / (q->v[lo] - q->v[lo - 1]));
}

uint64_t quantile_mean_256(const struct quantile *q)
{
	unsigned __int128 sum = 0;

	for (uint32_t i = 0; i + 1 < q->nknots; i++)
		sum += (unsigned __int128)(q->v[i] + q->v[i + 1]) * (q->p[i + 1] - q->p[i]);
	return (uint64_t)((sum + QUANTILE_ONE) >> 33);
}

uint64_t quantile_mean(const struct quantile *q)
{
	return (quantile_mean_256(q) + (1 << (VALUE_BITS - 1))) >> VALUE_BITS;
}
