// SPDX-License-Identifier: MIT
/*
 * Quantiles behind stalls for any arrivals and servers, by simulation of what is
 * near the stalls. Far from them requests do what they do without stalls, so
 * quiet time is cut down to what a queue needs to forget the last stall, and
 * weighs in as the baseline, which is simulated once. The cost goes with the
 * number of stalls, not with the span; beyond a bound the first ones stand for all.
 */
#include "base/units.h"
#include "sim/block.h"

#include <stdlib.h>

enum { BASE_REQUESTS = 1 << 19, NEAR_REQUESTS_MAX = 1 << 23, FORGET = 64 };

typedef unsigned __int128 wide;

struct measure {
	const struct block_config *c;
	struct arena arena;
	uint64_t forget_ns; /* after a stall, beside its own length */
	uint64_t pace_ns;   /* between two requests of the device, on average */
	struct block_result base, near;
	uint64_t base_ns, near_ns; /* simulated */
	uint64_t all_near_ns;      /* near a stall; more than near_ns when there are too many */
	uint64_t far_ns;
};

static int by_start(const void *a, const void *b)
{
	const struct block_stall *x = a, *y = b;

	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	return x->queue < y->queue ? -1 : x->queue > y->queue;
}

static int set_pace(struct measure *m, struct err *e)
{
	struct quantile service, think;
	int err = quantile_init(&service, &m->c->service, &m->arena, e);

	if (!err)
		err = quantile_init(&think, &m->c->think, &m->arena, e);
	if (err)
		return err;
	const uint64_t round_ns = quantile_mean(&service) + quantile_mean(&think) + 1;
	const struct rate r = m->c->rate;
	m->forget_ns = FORGET * round_ns;
	const uint64_t depth = m->c->depth ? m->c->depth : 1, count = r.count ? r.count : 1;
	m->pace_ns = m->c->arrivals == BLOCK_CLOSED ? round_ns / depth : r.per_ns / count;
	m->pace_ns = m->pace_ns / (m->c->queues ? m->c->queues : 1) + 1;
	return 0;
}

/*
 * Moves the stalls together, in place; how many of them are simulated. A queue
 * that was stalled needs as long again to serve what came meanwhile.
 */
static size_t cut_quiet_time(struct measure *m, struct block_stall *s, size_t n, uint64_t span_ns)
{
	const uint64_t most_ns = NEAR_REQUESTS_MAX * m->pace_ns;
	uint64_t cut_ns = 0, until_ns = 0, longest_ns = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const uint64_t quiet_ns = s[i].from_ns > until_ns ? s[i].from_ns - until_ns : 0;
		const uint64_t keep_ns = m->forget_ns + 2 * longest_ns;
		if (quiet_ns > keep_ns) {
			cut_ns += quiet_ns - keep_ns;
			longest_ns = 0;
		}
		const uint64_t length_ns = s[i].until_ns - s[i].from_ns;
		until_ns = s[i].until_ns > until_ns ? s[i].until_ns : until_ns;
		longest_ns = length_ns > longest_ns ? length_ns : longest_ns;
		m->all_near_ns = until_ns - cut_ns + m->forget_ns + 2 * longest_ns;
		if (!i || m->all_near_ns <= most_ns) {
			used = i + 1;
			m->near_ns = m->all_near_ns;
		}
		s[i].from_ns -= cut_ns;
		s[i].until_ns -= cut_ns;
	}
	m->far_ns = span_ns > m->all_near_ns ? span_ns - m->all_near_ns : 0;
	return used;
}

static int simulate(struct measure *m, const struct block_stall *stalls, size_t n, uint64_t span_ns,
		    uint64_t seed, struct err *e)
{
	struct block_stall *own = arena_alloc(&m->arena, n, sizeof(*own));
	int err = own && !block_result_init(&m->base, &m->arena) &&
				  !block_result_init(&m->near, &m->arena)
			  ? set_pace(m, e)
			  : err_set(e, ERR_NOMEM, "out of memory for block requests");

	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		own[i] = stalls[i];
	qsort(own, n, sizeof(*own), by_start);
	m->base_ns = BASE_REQUESTS * m->pace_ns;
	err = block_run(m->c, NULL, 0, m->base_ns, seed, &m->base, e);
	if (err || !n)
		return err;
	const size_t used = cut_quiet_time(m, own, n, span_ns);
	return block_run(m->c, own, used, m->near_ns, seed, &m->near, e);
}

/* Requests that took at most ns, weighed: near and far. */
static wide weigh(const struct measure *m, uint64_t near, uint64_t base)
{
	return (wide)near * m->base_ns * m->all_near_ns + (wide)base * m->far_ns * m->near_ns;
}

static uint64_t quantile_of(const struct measure *m, bool has_stalls, uint64_t ppm)
{
	const struct hist *near = &m->near.latency, *base = &m->base.latency;
	const uint64_t near_max = has_stalls && near->count ? near->max : 0;
	uint64_t lo = 0, hi = base->max > near_max ? base->max : near_max;
	const wide all = has_stalls ? weigh(m, near->count, base->count)
				    : (wide)base->count * PPM_PER_ONE;

	while (lo < hi) { /* the least that ppm of the requests do not exceed */
		const uint64_t middle = lo + (hi - lo) / 2;
		const uint64_t b = hist_count_to(base, middle);
		const wide part = has_stalls ? weigh(m, hist_count_to(near, middle), b)
					     : (wide)b * PPM_PER_ONE;
		if (part >= all - all / PPM_PER_ONE * (PPM_PER_ONE - ppm))
			hi = middle;
		else
			lo = middle + 1;
	}
	return lo;
}

int block_measure(const struct block_config *c, const struct block_stall *stalls, size_t n,
		  uint64_t span_ns, uint64_t seed, const uint64_t *ppms, size_t nppms,
		  uint64_t *base_out, uint64_t *ns_out, uint64_t *met_ppm_out, struct err *e)
{
	struct measure m = { .c = c };
	const int err = simulate(&m, stalls, n, span_ns, seed, e);

	for (size_t i = 0; i < nppms && !err; i++) {
		base_out[i] = quantile_of(&m, false, ppms[i]);
		ns_out[i] = n ? quantile_of(&m, true, ppms[i]) : base_out[i];
	}
	if (!err && met_ppm_out) {
		const wide all = weigh(&m, m.near.latency.count, m.base.latency.count);
		*met_ppm_out =
			n && all ? (uint64_t)(weigh(&m, m.near.stalled, 0) * PPM_PER_ONE / all) : 0;
	}
	arena_deinit(&m.arena);
	return err;
}
