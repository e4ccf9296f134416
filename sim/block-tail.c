// SPDX-License-Identifier: MIT
/*
 * The tail law in closed form, for open arrivals and unlimited servers. With
 * Poisson faults at rate f a request finds at its arrival that some stall goes on
 * for more than w if a fault began in (t - (D - w), t]:
 *
 *	P(W > w) = 1 - exp(-f E[(D - w)+])
 *
 * for any distribution of D; for recorded stalls it is the time average
 * sum (length - w)+ / span. The latency is W + B with an independent service B,
 * so P(L > q) is the mean of P(W > q - b) over the table of B. Fitting, limits
 * and what-if rows are bisections on that.
 */
#include "base/fixmath.h"
#include "base/units.h"
#include "sim/block.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_BITS = 8, PARTS_MIN = 512 };

#define LOG2_E_Q32 INT64_C(6196328019)

/* ---- how long faults block, and its excess ---- */

static int allocate(struct block_wait *w, size_t n, struct arena *a, struct err *e)
{
	w->n = (uint32_t)n;
	w->v = arena_alloc(a, n, sizeof(*w->v));
	w->above = arena_alloc(a, n, sizeof(*w->above));
	w->excess = arena_alloc(a, n, sizeof(*w->excess));
	return w->v && w->above && w->excess
		       ? 0
		       : err_set(e, ERR_NOMEM, "out of memory for blocked times");
}

/* An n-th of a rate; exact as long as per_ns * n fits. */
static struct rate split_rate(struct rate r, uint64_t n)
{
	return (struct rate){ r.count, r.per_ns * n };
}

int block_wait_poisson(struct block_wait *w, const struct block_config *c, struct rate faults,
		       const struct quantile *blocked, struct arena *a, struct err *e)
{
	*w = (struct block_wait){ .is_poisson = true, .requests = c->rate };
	const int err = allocate(w, blocked->nknots, a, e);

	if (err)
		return err;
	w->faults = split_rate(faults, block_domains(c));
	if (c->counts_victim)
		w->victims = split_rate(faults, c->queues);
	for (uint32_t i = w->n; i-- > 0;) {
		w->v[i] = blocked->v[i];
		w->above[i] = QUANTILE_ONE - blocked->p[i];
		if (i + 1 == w->n)
			continue;
		const unsigned __int128 twice = (unsigned __int128)(w->v[i + 1] - w->v[i]) *
						(w->above[i] + w->above[i + 1]);
		w->excess[i] = w->excess[i + 1] + (uint64_t)(twice >> 33);
	}
	return 0;
}

static int compare_u64(const void *x, const void *y)
{
	const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

/* The lengths of a domain's stalls, those that overlap as one, behind v[n]. */
static size_t add_lengths(uint64_t *v, size_t n, const struct block_config *c, uint64_t domain,
			  const struct block_stall *stalls, size_t nstalls)
{
	uint64_t from = 0, until = 0;
	const uint64_t domains = block_domains(c);

	for (size_t i = 0; i < nstalls; i++) {
		if (stalls[i].queue % domains != domain)
			continue;
		if (stalls[i].from_ns > until) {
			if (until > from)
				v[n++] = (until - from) << VALUE_BITS;
			from = stalls[i].from_ns;
		}
		if (stalls[i].until_ns > until)
			until = stalls[i].until_ns;
	}
	if (until > from)
		v[n++] = (until - from) << VALUE_BITS;
	return n;
}

int block_wait_measured(struct block_wait *w, const struct block_config *c,
			const struct block_stall *stalls, size_t nstalls, uint64_t span_ns,
			struct arena *a, struct err *e)
{
	size_t n = 0;

	*w = (struct block_wait){ .requests = c->rate };
	const int err = allocate(w, nstalls, a, e);
	if (err)
		return err;
	if (!span_ns || __builtin_mul_overflow(span_ns, block_domains(c), &w->span_ns))
		return err_set(e, ERR_USAGE,
			       "block: stalls over a span of 0 ns, or too long a one");
	for (uint64_t d = 0; d < block_domains(c); d++)
		n = add_lengths(w->v, n, c, d, stalls, nstalls);
	qsort(w->v, n, sizeof(*w->v), compare_u64);
	w->n = (uint32_t)n;
	for (size_t i = n; i-- > 0;) {
		w->above[i] = n - 1 - i;
		if (i + 1 < n)
			w->excess[i] = w->excess[i + 1] + w->above[i] * (w->v[i + 1] - w->v[i]);
	}
	if (c->counts_victim)
		w->victims = (struct rate){ nstalls, span_ns * c->queues };
	return 0;
}

/* The first knot above v; n when there is none. */
static uint32_t first_above(const struct block_wait *w, uint64_t v)
{
	uint32_t lo = 0, hi = w->n;

	while (lo < hi) {
		const uint32_t middle = lo + (hi - lo) / 2;
		if (w->v[middle] > v)
			hi = middle;
		else
			lo = middle + 1;
	}
	return lo;
}

/* The share (poisson, 2^-32) or number of faults that block longer than v, v below w->v[i]. */
static uint64_t faults_above(const struct block_wait *w, uint32_t i, uint64_t v)
{
	if (i == 0)
		return w->is_poisson ? QUANTILE_ONE : w->n;
	if (!w->is_poisson)
		return w->above[i - 1];
	const unsigned __int128 part = (unsigned __int128)(w->above[i - 1] - w->above[i]) *
				       (w->v[i] - v) / (w->v[i] - w->v[i - 1]);
	return w->above[i] + (uint64_t)part;
}

/* E (or sum) of (blocked - v)+ in 1/256 ns: a trapezoid up to the next knot, then the table. */
static uint64_t excess_over(const struct block_wait *w, uint64_t v, uint32_t i)
{
	if (i == w->n)
		return 0;
	const uint64_t here = faults_above(w, i, v), run = w->v[i] - v;
	if (!w->is_poisson)
		return w->excess[i] + here * run;
	/* below the first knot all faults are longer: also up to it */
	const uint64_t there = i ? w->above[i] : QUANTILE_ONE;
	return w->excess[i] + (uint64_t)((unsigned __int128)run * (here + there) >> 33);
}

/* 1 - exp(-f x) in 2^-32 */
static uint64_t poisson_hit(struct rate f, uint64_t x_256)
{
	const unsigned __int128 x_q32 =
		((unsigned __int128)x_256 * f.count << (32 - VALUE_BITS)) / f.per_ns;

	if (!f.count || !x_256)
		return 0;
	if (x_q32 > (unsigned __int128)30 * QUANTILE_ONE)
		return QUANTILE_ONE;
	if (x_q32 >> 22 == 0) { /* x < 2^-10: x - x^2 / 2 + x^3 / 6 is exact enough */
		const uint64_t x = (uint64_t)x_q32, square = x * x >> 32;
		return x - square / 2 + (square * x >> 32) / 6;
	}
	const int64_t power = (int64_t)(x_q32 * LOG2_E_Q32 >> 32);
	return QUANTILE_ONE - fix_scale_exp2(QUANTILE_ONE, -power);
}

/* share a of 2^32 of b */
static uint64_t of_share(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 32);
}

/* Victims among all requests of a queue. */
static uint64_t victim_share(const struct block_wait *w)
{
	if (!w->victims.count || !w->requests.count)
		return 0;
	const unsigned __int128 victims = (unsigned __int128)w->victims.count * w->requests.per_ns;
	const unsigned __int128 others = (unsigned __int128)w->requests.count * w->victims.per_ns;
	/* both scaled down alike, so that the quotient fits */
	unsigned __int128 all = victims + others, part = victims;
	while (all >> 94) {
		all >>= 1;
		part >>= 1;
	}
	return (uint64_t)((part << 32) / all);
}

static bool has_stalls(const struct block_wait *w)
{
	return w->n && (!w->is_poisson || w->faults.count);
}

static uint64_t waits_above_256(const struct block_wait *w, uint64_t v, uint64_t victims)
{
	if (!has_stalls(w))
		return 0;
	const uint32_t i = first_above(w, v);
	const uint64_t excess = excess_over(w, v, i);
	uint64_t others;
	if (w->is_poisson) {
		others = poisson_hit(w->faults, excess);
	} else { /* stalls may last beyond the span, but no share is above 1 */
		const unsigned __int128 share =
			((unsigned __int128)excess << (32 - VALUE_BITS)) / w->span_ns;
		others = share < QUANTILE_ONE ? (uint64_t)share : QUANTILE_ONE;
	}
	if (!victims || i == w->n)
		return of_share(QUANTILE_ONE - victims, others);
	uint64_t own = faults_above(w, i, v);
	if (!w->is_poisson)
		own = (own << 32) / w->n;
	/* a victim waits for its own fault, and for others that are open */
	const uint64_t either = own + of_share(QUANTILE_ONE - own, others);
	return of_share(victims, either) + of_share(QUANTILE_ONE - victims, others);
}

uint64_t block_waits_above(const struct block_wait *w, uint64_t ns)
{
	return ns >> (64 - VALUE_BITS) ? 0 : waits_above_256(w, ns << VALUE_BITS, victim_share(w));
}

uint64_t block_takes_above(const struct block_wait *w, const struct quantile *service, uint64_t ns)
{
	const uint64_t q = ns << VALUE_BITS, victims = victim_share(w);
	const uint64_t parts = service->nknots < PARTS_MIN ? PARTS_MIN / (service->nknots - 1) + 1
							   : 1;
	const uint64_t slower = quantile_above(service, ns);
	if (!has_stalls(w)) /* what follows would add nothing */
		return slower;
	unsigned __int128 sum = (unsigned __int128)slower << 32;

	/* what of the service is at most q, part by part at its middle */
	for (uint32_t i = 0; i + 1 < service->nknots && service->v[i] <= q; i++) {
		const uint64_t end = service->p[i + 1] < QUANTILE_ONE - slower
					     ? service->p[i + 1]
					     : QUANTILE_ONE - slower;
		const uint64_t run = end > service->p[i] ? end - service->p[i] : 0;
		const uint64_t n = run < parts ? 1 : parts;
		for (uint64_t k = 0; run && k < n; k++) {
			const uint64_t from = service->p[i] + run * k / n;
			const uint64_t to = service->p[i] + run * (k + 1) / n;
			const uint64_t b = quantile_at_256(service, from + (to - from) / 2);
			sum += (unsigned __int128)(to - from) *
			       waits_above_256(w, q > b ? q - b : 0, victims);
		}
	}
	return (uint64_t)(sum >> 32);
}

uint64_t block_quantile(const struct block_wait *w, const struct quantile *service, uint64_t ppm)
{
	const uint64_t allowed = QUANTILE_ONE - quantile_p_of_ppm(ppm);
	const uint64_t longest = service->v[service->nknots - 1] + (w->n ? w->v[w->n - 1] : 0);
	uint64_t lo = 0, hi = (longest >> VALUE_BITS) + 1;

	while (lo < hi) { /* the least that no more than allowed exceed */
		const uint64_t middle = lo + (hi - lo) / 2;
		if (block_takes_above(w, service, middle) <= allowed)
			hi = middle;
		else
			lo = middle + 1;
	}
	return lo;
}

/* ---- what if ---- */

const char *block_verdict_text(enum block_verdict v)
{
	static const char *const texts[] = {
		[BLOCK_SAFE] = "no change",
		[BLOCK_RARE] = "too rare for this quantile",
		[BLOCK_HIDDEN] = "invisible: without faults it is slower than a stall already",
		[BLOCK_SHIFTS] = "moves a little",
		[BLOCK_RISES] = "rises",
	};

	return texts[v];
}

/* (ns - base) / base in ppm */
static int64_t change_ppm(uint64_t ns, uint64_t base)
{
	const __int128 change = ((__int128)ns - base) * (__int128)PPM_PER_ONE;

	return base ? (int64_t)(change / base) : 0;
}

static enum block_verdict judge(const struct block_whatif *row, uint64_t rise_ppm)
{
	enum { NOTICEABLE_PPM = 10000 };

	if (row->change_ppm >= (int64_t)rise_ppm)
		return row->faults.count ? BLOCK_RISES : BLOCK_SAFE;
	if (!row->met_ppm && !row->change_ppm)
		return BLOCK_SAFE;
	if (row->met_ppm < PPM_PER_ONE - row->ppm)
		return BLOCK_RARE;
	return row->change_ppm < NOTICEABLE_PPM ? BLOCK_HIDDEN : BLOCK_SHIFTS;
}

/* The quantile at a rate of the device's faults. */
static int quantile_at_rate(const struct block_config *c, const struct quantile *service,
			    const struct quantile *blocked, struct rate faults, uint64_t ppm,
			    uint64_t *ns_out, uint64_t *met_ppm_out, struct err *e)
{
	struct arena a = {};
	struct block_wait w;
	const int err = block_wait_poisson(&w, c, faults, blocked, &a, e);

	if (!err) {
		*ns_out = block_quantile(&w, service, ppm);
		*met_ppm_out = of_share(block_waits_above(&w, 0), PPM_PER_ONE);
	}
	arena_deinit(&a);
	return err;
}

/* The rows of one rate, simulated over so many faults. */
static int simulate_rate(const struct block_config *c, const struct quantile *blocked,
			 struct rate faults, const uint64_t *ppms, size_t nppms,
			 struct block_whatif *rows_out, struct err *e)
{
	enum { FAULTS = 1 << 14, QUANTILES_MAX = 16, SEED = 1 };
	uint64_t base[QUANTILES_MAX], ns[QUANTILES_MAX], met_ppm = 0, span_ns = NS_PER_SEC;
	struct block_stall *stalls = NULL;
	size_t n = 0;
	int err = nppms > QUANTILES_MAX
			  ? err_set(e, ERR_USAGE, "more than %d quantiles", QUANTILES_MAX)
			  : 0;

	if (faults.count)
		span_ns = (uint64_t)((unsigned __int128)faults.per_ns * FAULTS / faults.count);
	if (!err)
		err = block_make_stalls(c, faults, blocked, span_ns, SEED, &stalls, &n, e);
	if (!err)
		err = block_measure(c, stalls, n, span_ns, SEED, ppms, nppms, base, ns, &met_ppm,
				    e);
	free(stalls);
	for (size_t p = 0; p < nppms && !err; p++) {
		rows_out[p].base_ns = base[p];
		rows_out[p].ns = ns[p];
		rows_out[p].met_ppm = met_ppm;
	}
	return err;
}

static int whatif_simulated(const struct block_config *c, const struct quantile *blocked,
			    const struct rate *faults, size_t nfaults, const uint64_t *ppms,
			    size_t nppms, uint64_t rise_ppm, struct block_whatif *rows_out,
			    struct err *e)
{
	int err = 0;

	for (size_t f = 0; f < nfaults && !err; f++) {
		struct block_whatif *rows = &rows_out[f * nppms];
		for (size_t p = 0; p < nppms; p++)
			rows[p] = (struct block_whatif){ .faults = faults[f], .ppm = ppms[p] };
		err = simulate_rate(c, blocked, faults[f], ppms, nppms, rows, e);
		for (size_t p = 0; p < nppms && !err; p++) {
			rows[p].change_ppm = change_ppm(rows[p].ns, rows[p].base_ns);
			rows[p].verdict = judge(&rows[p], rise_ppm);
		}
	}
	return err;
}

int block_whatif(const struct block_config *c, const struct quantile *blocked,
		 const struct rate *faults, size_t nfaults, const uint64_t *ppms, size_t nppms,
		 uint64_t rise_ppm, struct block_whatif *rows_out, struct err *e)
{
	if (!block_has_closed_form(c))
		return whatif_simulated(c, blocked, faults, nfaults, ppms, nppms, rise_ppm,
					rows_out, e);

	struct arena a = {};
	struct quantile service;
	int err = quantile_init(&service, &c->service, &a, e);

	for (size_t f = 0; f < nfaults; f++) {
		for (size_t p = 0; !err && p < nppms; p++) {
			struct block_whatif *row = &rows_out[f * nppms + p];
			*row = (struct block_whatif){ .faults = faults[f], .ppm = ppms[p] };
			/* the base by the same way, so that no fault is no change */
			err = quantile_at_rate(c, &service, blocked, (struct rate){ 0, 1 }, ppms[p],
					       &row->base_ns, &row->met_ppm, e);
			if (!err)
				err = quantile_at_rate(c, &service, blocked, faults[f], ppms[p],
						       &row->ns, &row->met_ppm, e);
			row->change_ppm = change_ppm(row->ns, row->base_ns);
			row->verdict = judge(row, rise_ppm);
		}
	}
	arena_deinit(&a);
	return err;
}

/* Rise of a quantile at one rate, for a constant blocked time. */
static int rise_of(const struct block_config *c, struct rate faults, uint64_t blocked_ns,
		   uint64_t ppm, int64_t *change_out, struct err *e)
{
	const struct dist d = dist_const(blocked_ns);
	struct block_whatif row = {};
	struct arena a = {};
	struct quantile blocked;
	int err = quantile_init(&blocked, &d, &a, e);

	if (!err)
		err = block_whatif(c, &blocked, &faults, 1, &ppm, 1, PPM_PER_ONE, &row, e);
	*change_out = row.change_ppm;
	arena_deinit(&a);
	return err;
}

/* The least blocked time up to 1 s at which the quantile rises so much. */
static int least_rising(const struct block_config *c, struct rate faults, uint64_t ppm,
			uint64_t rise_ppm, uint64_t *ns_out, struct err *e)
{
	uint64_t lo = 0, hi = NS_PER_SEC;
	int err = 0;

	while (!err && lo < hi) {
		const uint64_t middle = lo + (hi - lo) / 2;
		int64_t change;
		err = rise_of(c, faults, middle, ppm, &change, e);
		if (change >= (int64_t)rise_ppm)
			hi = middle;
		else
			lo = middle + 1;
	}
	*ns_out = lo;
	return err;
}

int block_fit_blocked(const struct block_config *c, uint64_t ppm, uint64_t rise_ppm,
		      struct rate faults, struct rate below, struct block_fit *out, struct err *e)
{
	uint64_t least, too_long;
	int err = least_rising(c, faults, ppm, rise_ppm, &least, e);

	if (!err)
		err = least_rising(c, below, ppm, rise_ppm, &too_long, e);
	if (err)
		return err;
	if (too_long <= least)
		return err_set(e, ERR_NO,
			       "no blocked time lets the quantile rise at the one rate and not at "
			       "the other");
	*out = (struct block_fit){ .least_ns = least, .greatest_ns = too_long - 1 };
	out->middle_ns = least + (out->greatest_ns - least) / 2;
	return 0;
}

int block_limit_bracket(const struct block_config *c, const struct quantile *blocked, uint64_t ppm,
			uint64_t max_rise_ppm, struct block_bracket *out, struct err *e)
{
	enum { COARSE = 256 };
	static const uint64_t day_ns = 86400 * NS_PER_SEC, most_per_day = UINT64_C(1) << 40;
	uint64_t keeps = 0, breaks = most_per_day + 1;
	int err = 0;

	while (!err && breaks - keeps > 1) {
		const uint64_t middle = keeps + (breaks - keeps) / 2;
		const struct rate faults = { middle, day_ns };
		struct block_whatif row;
		if (!block_has_closed_form(c) && breaks - keeps <= keeps / COARSE)
			break;
		err = block_whatif(c, blocked, &faults, 1, &ppm, 1, PPM_PER_ONE, &row, e);
		if (!err && row.change_ppm <= (int64_t)max_rise_ppm)
			keeps = middle;
		else
			breaks = middle;
	}
	*out = (struct block_bracket){ keeps, breaks > most_per_day ? 0 : breaks };
	return err;
}

int block_limit_rate(const struct block_config *c, const struct quantile *blocked, uint64_t ppm,
		     uint64_t max_rise_ppm, uint64_t *per_day_out, struct err *e)
{
	struct block_bracket b = {};
	const int err = block_limit_bracket(c, blocked, ppm, max_rise_ppm, &b, e);

	*per_day_out = b.keeps_per_day;
	return err;
}
