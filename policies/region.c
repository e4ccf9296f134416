// SPDX-License-Identifier: MIT
/*
 * Region: heat by sampling, after DAMON of Linux. The VM is cut into regions.
 * In each sampling interval one page of each is looked at: was it used? After
 * an aggregation neighbours that were used alike are merged, and the regions
 * that are left are split at random places, so that they settle where use
 * changes, and the cost depends on their number and not on memory. Every epoch
 * the hottest regions are pinned, whole, as far as the budget goes.
 *
 *	merge   when the uses seen differ by a tenth of the highest at most, but
 *	        no larger than the VM / region_least
 *	split   in two, or in three while that changes nothing, if there are no
 *	        more than half of region_most
 *	heat    sum of uses seen, halved every epoch
 *
 * The page that is looked at is a hash of (seed, interval, region), so that
 * intervals without accesses cost nothing. Left out: DAMON's ages, quotas and
 * address spaces; regions lie over page numbers, in order of first touch.
 */
#include "base/param.h"
#include "base/rng.h"
#include "base/units.h"
#include "policies/pinning.h"

#include <stdlib.h>

enum { REGIONS_MAX = 100000, IDLE_AGGREGATIONS = 64, HEAT_SHIFT = 20 };

struct region_params {
	uint64_t sample_ns, aggregate_ns, least, most;
};

static const struct param region_params[] = {
	{ "pin", "region_sample", PARAM_NS, NULL, "5ms | spec | Linux DAMON, sampling interval",
	  1000, 0, "region: one page of each region is looked at in so long",
	  offsetof(struct region_params, sample_ns), NULL },
	{ "pin", "region_aggregate", PARAM_NS, NULL,
	  "100ms | spec | Linux DAMON, aggregation interval", 1000, 0,
	  "region: regions are merged and split after so long",
	  offsetof(struct region_params, aggregate_ns), NULL },
	{ "pin", "region_least", PARAM_U64, "regions", "10 | spec | Linux DAMON, min_nr_regions", 1,
	  REGIONS_MAX, "region: the VM is never cut into fewer",
	  offsetof(struct region_params, least), NULL },
	{ "pin", "region_most", PARAM_U64, "regions", "1000 | spec | Linux DAMON, max_nr_regions",
	  1, REGIONS_MAX, "region: nor into more", offsetof(struct region_params, most), NULL },
};

struct area {
	uint32_t first;    /* page; it ends where the next one begins */
	uint32_t uses;     /* seen in this aggregation */
	uint64_t heat;     /* uses seen before, in 2^-HEAT_SHIFT, as means are small */
	uint64_t interval; /* 1 + the last in which a use was seen */
};

struct range {
	uint32_t first, end;
};

struct region {
	const struct region_params *params;
	struct area *areas; /* n, and one at the end of the VM */
	struct area *spare; /* to split into */
	uint32_t n, before; /* regions now, and an aggregation ago */
	uint32_t least, most, npages;
	uint64_t seed, next_ns; /* end of the aggregation */
	struct rng rng;         /* of splits */

	struct range *pinned, *hottest; /* of the last epoch, of this one */
	uint32_t npinned;
	uint32_t *chosen_in; /* by page: the last epoch that chose it */
	uint32_t epoch;
};

static void *region_init(const struct policy_setup *setup)
{
	const struct region_params *params = setup->params;
	struct region *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->params = params;
	s->npages = setup->npages;
	s->least = params->least < s->npages ? (uint32_t)params->least : s->npages;
	s->most = params->most > s->least ? (uint32_t)params->most : s->least;
	s->seed = setup->seed;
	s->next_ns = params->aggregate_ns;
	rng_init(&s->rng, setup->seed, "splits");
	s->areas = arena_alloc(setup->arena, (size_t)s->most + 1, sizeof(*s->areas));
	s->spare = arena_alloc(setup->arena, (size_t)s->most + 1, sizeof(*s->spare));
	s->pinned = arena_alloc(setup->arena, s->most, sizeof(*s->pinned));
	s->hottest = arena_alloc(setup->arena, s->most, sizeof(*s->hottest));
	s->chosen_in = arena_alloc(setup->arena, s->npages, sizeof(*s->chosen_in));
	if (!s->areas || !s->spare || !s->pinned || !s->hottest || !s->chosen_in)
		return NULL;
	s->n = s->before = s->least;
	for (uint32_t i = 0; i <= s->n; i++)
		s->areas[i].first = (uint32_t)((uint64_t)s->npages * i / s->n);
	return s;
}

/* ---- regions ---- */

static uint64_t mean(uint64_t a, uint64_t b, uint64_t weight_a, uint64_t weight_b)
{
	return (a * weight_a + b * weight_b) / (weight_a + weight_b);
}

static void merge(struct region *s)
{
	uint32_t highest = 0, n = 0;
	for (uint32_t i = 0; i < s->n; i++)
		highest = s->areas[i].uses > highest ? s->areas[i].uses : highest;
	for (uint32_t i = 1; i < s->n; i++) {
		struct area *a = &s->areas[n];
		const struct area b = s->areas[i];
		const uint32_t size_a = b.first - a->first;
		const uint32_t size_b = s->areas[i + 1].first - b.first;
		const uint32_t apart = a->uses > b.uses ? a->uses - b.uses : b.uses - a->uses;
		if (apart <= highest / 10 && size_a + size_b <= s->npages / s->least) {
			a->uses = (uint32_t)mean(a->uses, b.uses, size_a, size_b);
			a->heat = mean(a->heat, b.heat, size_a, size_b);
		} else {
			s->areas[++n] = b;
		}
	}
	s->areas[++n].first = s->npages;
	s->n = n;
}

static void split(struct region *s)
{
	const uint32_t pieces = s->n == s->before && s->n < s->most / 3 ? 3 : 2;
	uint32_t n = 0;
	s->before = s->n;
	if (s->n > s->most / 2)
		return;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t first = s->areas[i].first;
		const uint32_t end = s->areas[i + 1].first;
		for (uint32_t k = 1; k <= pieces; k++) {
			const uint32_t size = end - first;
			uint32_t cut = (uint32_t)(size * (1 + rng_below(&s->rng, 9)) / 10);
			if (k < pieces && !cut)
				continue;
			s->spare[n] = s->areas[i];
			s->spare[n++].first = first;
			first = k < pieces ? first + cut : end;
		}
	}
	s->spare[n].first = s->npages;
	struct area *old = s->areas;
	s->areas = s->spare;
	s->spare = old;
	s->n = n;
}

static void aggregate(struct region *s)
{
	merge(s);
	for (uint32_t i = 0; i < s->n; i++) {
		s->areas[i].heat += (uint64_t)s->areas[i].uses << HEAT_SHIFT;
		s->areas[i].uses = 0;
		s->areas[i].interval = 0;
	}
	split(s);
}

/* After many aggregations without a use more of them change nothing that matters. */
static void aggregate_until(struct region *s, uint64_t now_ns)
{
	const uint64_t step = s->params->aggregate_ns;
	for (unsigned i = 0; now_ns >= s->next_ns; i++) {
		if (i == IDLE_AGGREGATIONS)
			s->next_ns += (now_ns - s->next_ns) / step * step;
		aggregate(s);
		if (__builtin_add_overflow(s->next_ns, step, &s->next_ns))
			s->next_ns = UINT64_MAX;
	}
}

static uint32_t find_area(const struct region *s, uint32_t page)
{
	uint32_t low = 0, high = s->n;
	while (high - low > 1) {
		const uint32_t middle = low + (high - low) / 2;
		if (s->areas[middle].first <= page)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void region_access(void *state, const struct policy_access *a, struct policy_pins *pins)
{
	struct region *s = state;
	(void)pins;
	aggregate_until(s, a->now_ns);
	const uint64_t interval = a->now_ns / s->params->sample_ns;
	const uint32_t at = find_area(s, a->page);
	struct area *area = &s->areas[at];
	const uint32_t size = s->areas[at + 1].first - area->first;
	const uint64_t draw = splitmix64_mix(splitmix64_mix(s->seed ^ interval) ^ area->first);
	if (area->first + (draw >> 32) * size / (UINT64_C(1) << 32) != a->page ||
	    area->interval == interval + 1)
		return;
	area->interval = interval + 1;
	area->uses++;
}

/* ---- pins ---- */

static int by_heat(const void *a, const void *b)
{
	const struct area *x = a, *y = b;
	if (x->heat != y->heat)
		return x->heat > y->heat ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* The hottest regions, the last one in part; returns their number. */
static uint32_t choose(struct region *s, uint32_t budget)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n; i++) { /* in spare a region knows its length by `uses` */
		s->spare[i] = s->areas[i];
		s->spare[i].uses = s->areas[i + 1].first - s->areas[i].first;
	}
	qsort(s->spare, s->n, sizeof(*s->spare), by_heat);
	for (uint32_t i = 0; i < s->n && budget && s->spare[i].heat; i++) {
		const struct area *a = &s->spare[i];
		const uint32_t pages = a->uses < budget ? a->uses : budget;
		s->hottest[n++] = (struct range){ a->first, a->first + pages };
		budget -= pages;
		for (uint32_t page = a->first; page < a->first + pages; page++)
			s->chosen_in[page] = s->epoch;
	}
	return n;
}

static void region_tick(void *state, uint64_t now_ns, struct policy_pins *pins)
{
	struct region *s = state;
	aggregate_until(s, now_ns);
	s->epoch++;
	const uint32_t n = choose(s, pins->budget_pages);
	for (uint32_t i = 0; i < s->npinned; i++)
		for (uint32_t page = s->pinned[i].first; page < s->pinned[i].end; page++)
			if (s->chosen_in[page] != s->epoch)
				pins->unpin(pins, page);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t page = s->hottest[i].first; page < s->hottest[i].end; page++)
			pins->pin(pins, page);
	struct range *old = s->pinned;
	s->pinned = s->hottest;
	s->hottest = old;
	s->npinned = n;
	for (uint32_t i = 0; i < s->n; i++)
		s->areas[i].heat /= 2;
}

static const struct policy_pinning region_pinning = {
	.access = region_access,
	.tick = region_tick,
};

const struct policy policy_region = {
	.abi = POLICY_ABI,
	.name = "region",
	.summary = "pin the regions that samples find hottest, as DAMON finds them",
	.source = "S. Park et al., Profiling dynamic data access patterns, Middleware 2019",
	.init = region_init,
	.pinning = &region_pinning,
	.params = region_params,
	.nparams = sizeof(region_params) / sizeof(*region_params),
	.params_bytes = sizeof(struct region_params),
};
