// SPDX-License-Identifier: MIT
/*
 * The sweep behind --compare-backends: one run of sim/iopf.c for each design and
 * load, all with the same arrivals. Host CPU is what a server spends on a fault
 * (not while it waits for the swap), bitmap, device TLB and snooping; for viommu
 * also what the guest spends on mapping.
 */
#include "sim/iopf-compare.h"
#include "base/units.h"

const char *const iopf_metric_names[IOPF_METRICS + 1] = { "blocked_mean_ns", "blocked_p99_ns",
							  "blocked_p999_ns", "request_ns",
							  "host_ns_per_s",   NULL };

/* count a second, rounded down */
static uint64_t per_second(struct rate r)
{
	return r.per_ns ? (uint64_t)((unsigned __int128)r.count * NS_PER_SEC / r.per_ns) : 0;
}

static int mean_of(const struct dist *d, struct arena *a, uint64_t *ns_out, struct err *e)
{
	struct quantile q;
	const int err = quantile_init(&q, d, a, e);

	if (!err)
		*ns_out = quantile_mean(&q);
	return err;
}

static int simulate(const struct iopf_config *c, const struct iopf_load *load, uint64_t nfaults,
		    uint64_t seed, struct iopf **f, struct evq *q, struct arena *a, struct err *e)
{
	const uint64_t burst = load->burst ? load->burst : 1;
	const struct dist d = { .kind = DIST_EXPONENTIAL,
				.a_ns = load->faults.per_ns / load->faults.count * burst };
	struct quantile gap;
	struct rng rng;
	uint32_t *pages = arena_alloc(a, burst, sizeof(*pages));

	if (!pages || c->slots > UINT32_MAX / 4 || evq_init(q, (uint32_t)c->slots + 16, a))
		return err_set(e, ERR_NOMEM, "out of memory to compare fault hardware");
	int err = quantile_init(&gap, &d, a, e);
	if (!err)
		err = iopf_new(c, NULL, q, seed, a, f, e);
	rng_init(&rng, seed, "compare");
	for (uint64_t n = 0; !err && n < nfaults;) {
		evq_run_until(q, ns_add(q->now, (struct ns){ quantile_draw(&gap, &rng) }));
		for (uint64_t i = 0; i < burst; i++, n++) {
			pages[i] = (uint32_t)n;
			iopf_residency(*f, 0, pages[i], false);
		}
		const struct iopf_request r = { .queue = (uint16_t)rng_next(&rng),
						.pages = pages,
						.npages = (uint32_t)burst };
		iopf_raise(*f, &r);
	}
	while (!err && evq_run_next(q))
		;
	return err;
}

/* What requests cost without faulting, in ns: on the way, and of the host. */
static int request_costs(const struct iopf_config *c, struct arena *a, uint64_t *added_out,
			 uint64_t *host_out, struct err *e)
{
	uint64_t lookup = 0, snoop = 0, map = 0;
	int err = mean_of(&c->lookup, a, &lookup, e);

	if (!err)
		err = mean_of(&c->request_cost, a, &snoop, e);
	if (!err)
		err = mean_of(&c->map_cost, a, &map, e);
	*host_out = (c->backend == IOPF_SNOOP ? snoop : 0) + (c->backend == IOPF_VIOMMU ? map : 0);
	*added_out = lookup + *host_out;
	return err;
}

static int fill_row(const struct iopf_config *c, const struct iopf_load *load, uint64_t nfaults,
		    uint64_t seed, struct iopf_compared *row, struct err *e)
{
	struct arena a = {};
	struct iopf *f;
	struct evq q;
	const uint64_t requests = per_second(load->requests);
	const bool is_passed = c->backend == IOPF_SNOOP && c->passthrough_iops &&
			       requests >= c->passthrough_iops;
	uint64_t added, host;
	int err = request_costs(c, &a, &added, &host, e);

	row->pins_all = is_passed || iopf_traits(c->backend).pins_all;
	if (!err && !row->pins_all && load->faults.count) {
		err = simulate(c, load, nfaults, seed, &f, &q, &a, e);
		if (!err) {
			const struct iopf_counts *n = iopf_counts(f);
			const struct hist *total = iopf_total_hist(f);
			const unsigned __int128 all =
				(unsigned __int128)n->service_ns + n->bitmap_ns + n->tlb_ns;
			row->faults = n->raised;
			row->failed = n->failed;
			row->overflow = n->prq_overflow;
			row->metric[IOPF_BLOCKED_MEAN] = hist_mean(total);
			row->metric[IOPF_BLOCKED_P99] = hist_percentile(total, 990000);
			row->metric[IOPF_BLOCKED_P999] = hist_percentile(total, 999000);
			row->metric[IOPF_HOST_NS] =
				(uint64_t)(all * load->faults.count * NS_PER_SEC /
					   load->faults.per_ns / n->raised);
		}
	}
	if (!err && !row->pins_all) {
		const unsigned __int128 blocked =
			(unsigned __int128)row->metric[IOPF_BLOCKED_MEAN] * load->faults.count *
			load->requests.per_ns;
		const unsigned __int128 over =
			(unsigned __int128)load->requests.count * load->faults.per_ns;
		row->metric[IOPF_HOST_NS] +=
			(uint64_t)((unsigned __int128)host * load->requests.count * NS_PER_SEC /
				   load->requests.per_ns);
		row->metric[IOPF_REQUEST_NS] = added + (over ? (uint64_t)(blocked / over) : 0);
	}
	arena_deinit(&a);
	return err;
}

int iopf_compare(const struct iopf_design *designs, uint32_t ndesigns,
		 const struct iopf_load *loads, uint32_t nloads, uint64_t nfaults, uint64_t seed,
		 struct iopf_compared *rows_out, struct err *e)
{
	for (uint32_t l = 0; l < nloads; l++) {
		for (uint32_t d = 0; d < ndesigns; d++) {
			struct iopf_compared *row = &rows_out[(size_t)l * ndesigns + d];
			*row = (struct iopf_compared){ .design = d, .load = l };
			const int err =
				fill_row(designs[d].config, &loads[l], nfaults, seed, row, e);
			if (err)
				return err_prefix(e, "%s", designs[d].name);
		}
	}
	return 0;
}

/* ---- crossings ---- */

/* Where the line from y0 at x0 to y1 at x1 is 0; y0 and y1 have different signs. */
static uint64_t zero_between(uint64_t x0, __int128 y0, uint64_t x1, __int128 y1)
{
	const __int128 run = (__int128)x1 - x0;

	return x0 + (uint64_t)(run * y0 / (y0 - y1));
}

/* The metric of a minus that of b; false where one of them has no say. */
static bool difference(const struct iopf_compared *a, const struct iopf_compared *b,
		       enum iopf_metric m, __int128 *out)
{
	*out = (__int128)a->metric[m] - b->metric[m];
	return !a->pins_all && !b->pins_all;
}

/* Keeps out sorted by x; the order of finding decides among equals. */
static void insert(struct iopf_crossing *out, uint32_t n, uint32_t cap, struct iopf_crossing c)
{
	uint32_t at = n < cap ? n : cap;

	if (at == cap && (!cap || out[cap - 1].x <= c.x))
		return;
	if (at == cap)
		at--;
	for (; at && out[at - 1].x > c.x; at--)
		out[at] = out[at - 1];
	out[at] = c;
}

uint32_t iopf_crossings(const struct iopf_compared *rows, uint32_t ndesigns,
			const struct iopf_load *loads, uint32_t nloads, enum iopf_metric metric,
			struct iopf_crossing *out, uint32_t cap)
{
	uint32_t n = 0;

	for (uint32_t a = 0; a < ndesigns; a++) {
		for (uint32_t b = a + 1; b < ndesigns; b++) {
			bool has_last = false;
			__int128 last = 0;
			uint64_t last_x = 0;
			for (uint32_t l = 0; l < nloads; l++) {
				const struct iopf_compared *row = &rows[(size_t)l * ndesigns];
				__int128 now;
				if (!difference(&row[a], &row[b], metric, &now)) {
					has_last = false; /* nothing to draw a line from */
					continue;
				}
				if (!now) /* touching is not crossing */
					continue;
				if (has_last && (last < 0) != (now < 0))
					insert(out, n++, cap,
					       (struct iopf_crossing){
						       .first = last < 0 ? a : b,
						       .second = last < 0 ? b : a,
						       .metric = metric,
						       .x = zero_between(last_x, last, loads[l].x,
									 now),
					       });
				last = now;
				last_x = loads[l].x;
				has_last = true;
			}
		}
	}
	return n;
}
