// SPDX-License-Identifier: MIT
/* Loads of the sweep, tables, crossings as sentences, and a plot. */
#include "replay/pin-compare.h"

#include "base/units.h"
#include "replay/pin-consequence.h"
#include "replay/pin-log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SWEEP_FAULTS = 1 << 14, DAY_S = 86400 };

const char pin_compare_script[] = "pin-compare";

/* What is compared for crossings. */
static const enum iopf_metric crossed[] = { IOPF_HOST_NS, IOPF_REQUEST_NS, IOPF_BLOCKED_P999 };
static const char *const crossed_texts[] = { "CPU", "time added to a request",
					     "P99.9 of blocked time" };
enum { CROSSED = sizeof(crossed) / sizeof(*crossed) };

/* ---- the sweep ---- */

uint64_t pin_compare_burst(const struct pin_log *log, uint64_t within_ns)
{
	uint64_t bursts = 0, faults = 0, last_ns = 0;
	for (size_t i = 0; i < log->n; i++) {
		const struct pin_log_entry *x = &log->entries[i];
		if (x->outcome == IOPF_JOINED)
			continue;
		bursts += !faults || x->raised_ns - last_ns > within_ns;
		faults++;
		last_ns = x->raised_ns;
	}
	return bursts ? (faults + bursts - 1) / bursts : 0;
}

static uint64_t a_day(uint64_t count, uint64_t per_ns)
{
	const unsigned __int128 n = (unsigned __int128)count * DAY_S * NS_PER_SEC;
	return per_ns ? (uint64_t)(n / per_ns) : 0;
}

/* count per exposure, times 2^step */
static struct rate scaled(uint64_t count, uint64_t exposure_ns, int step)
{
	const struct rate r = { step > 0 ? count << step : count,
				step < 0 ? exposure_ns << -step : exposure_ns };
	return r;
}

/* As snoop counts them in the replay; without time nobody counts, and rows stand for them. */
static uint64_t requests_of(const struct pin_compare *c)
{
	const uint64_t seen = c->jobs[IOPF_SNOOP].result.requests;
	return seen ? seen : c->facts->access.dma_rows;
}

static const char *const sweep_names[PIN_SWEEPS] = { "load", "faults" };

static int run_sweep(struct pin_compare *c, unsigned which, uint64_t seed, struct err *e)
{
	struct iopf_design designs[PIN_BACKENDS];
	struct pin_sweep *s = &c->sweeps[which];
	const struct pin_counts *k = &c->jobs[IOPF_VPRI].result.total;
	for (unsigned b = 0; b < PIN_BACKENDS; b++)
		designs[b] = (struct iopf_design){ iopf_backend_names[b], c->designs[b].iopf };
	for (int l = 0; l < PIN_LOADS; l++) {
		struct iopf_load *x = &s->loads[l];
		const int step = l - PIN_LOADS_MIDDLE;
		*x = (struct iopf_load){
			.requests = scaled(requests_of(c), c->exposure_ns,
					   which == PIN_SWEEP_LOAD ? step : 0),
			.faults = scaled(k->done + k->failed, c->exposure_ns, step),
			.burst = c->burst,
		};
		const struct rate swept = which == PIN_SWEEP_LOAD ? x->requests : x->faults;
		x->x = a_day(swept.count, swept.per_ns);
	}
	const int rc = iopf_compare(designs, PIN_BACKENDS, s->loads, PIN_LOADS, SWEEP_FAULTS, seed,
				    s->rows, e);
	for (unsigned m = 0; m < CROSSED && !rc; m++) {
		const uint32_t room = PIN_CROSSINGS_MAX - s->ncrossings;
		const uint32_t n = iopf_crossings(s->rows, PIN_BACKENDS, s->loads, PIN_LOADS,
						  crossed[m], s->crossings + s->ncrossings, room);
		s->ncrossings += n < room ? n : room;
	}
	return rc;
}

int pin_compare_sweep(struct pin_compare *c, uint64_t seed, struct err *e)
{
	int rc = 0;
	for (unsigned s = 0; s < PIN_SWEEPS && !rc; s++)
		rc = run_sweep(c, s, seed, e);
	return rc;
}

/* ---- on the trace ---- */

static struct report_value if_class(const struct pin_compare *c, enum pin_class k, uint64_t v)
{
	return c->devices->ndevices[k] ? REPORT_U(v) : REPORT_NULL();
}

static uint64_t bitmap_bytes(const struct pin_compare *c, unsigned backend)
{
	const struct iopf_config *i = c->designs[backend].iopf;
	return pin_bitmap_bytes(c->facts, i, i->functions);
}

static uint64_t ns_per_s(const struct pin_compare *c, uint64_t ns)
{
	return c->exposure_ns ? (uint64_t)((unsigned __int128)ns * NS_PER_SEC / c->exposure_ns) : 0;
}

static const struct report_column trace_columns[] = {
	{ "backend", NULL, REPORT_TEXT, 0 },
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "iopf_failed", "failed", REPORT_U64, 0 },
	{ "iopf_p50_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_p99_ns", "P99 blocked", REPORT_NS, 0 },
	{ "nic_gap_ns", "NIC gap", REPORT_NS, 0 },
	{ "nic_drops", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "nic_rto", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p999_change", "P99.9 block", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "block_p999_base_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p999_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p9999_base_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "block_p9999_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "host_cpu", "host CPU a s", REPORT_NS, REPORT_ONLY_TABLE },
	{ "guest_cpu", "guest's", REPORT_NS, REPORT_ONLY_TABLE },
	{ "service_cpu_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "update_cpu_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "map_cpu_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "map_faults", "map faults", REPORT_U64, 0 },
	{ "cpu_major", "CPU majfaults", REPORT_U64, 0 },
	{ "backend_pinned_max_pages", "pins itself", REPORT_U64, 0 },
	{ "net_back", "net back", REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "resident_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_bytes", "on the device", REPORT_BYTES, 0 },
	{ "functions", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_updates", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_writes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "tlb_invalidations", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "snooped_requests", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "passed_requests", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "exposure_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
};

static void show_trace_row(struct report *r, const struct pin_compare *c, unsigned b)
{
	const struct pin_result *x = &c->jobs[b].result;
	const struct pin_consequence *f = &x->effect;
	const uint64_t in_use = x->host.resident + x->host.in + x->host.out;
	report_row(
		r,
		(struct report_value[]){
			REPORT_S(iopf_backend_names[b]),
			REPORT_U(pin_iopf(&x->total)),
			REPORT_U(x->total.failed),
			REPORT_U(x->fault_p50_ns),
			REPORT_U(x->fault_p99_ns),
			if_class(c, PIN_NIC, f->nic_gap_ns),
			if_class(c, PIN_NIC, f->nic_drops),
			if_class(c, PIN_NIC, f->nic_flows[NIC_RTO]),
			REPORT_S(x->total.failed ? "DMA fails"
						 : pin_rise(f->block_ns[2], f->block_base_ns[2]).s),
			if_class(c, PIN_BLOCK, f->block_base_ns[2]),
			if_class(c, PIN_BLOCK, f->block_ns[2]),
			if_class(c, PIN_BLOCK, f->block_base_ns[3]),
			if_class(c, PIN_BLOCK, f->block_ns[3]),
			REPORT_U(ns_per_s(c, x->service_ns)),
			REPORT_U(ns_per_s(c, x->map_ns)),
			REPORT_U(x->service_ns),
			REPORT_U(x->update_ns),
			REPORT_U(x->map_ns),
			REPORT_U(x->map_faults),
			REPORT_U(x->host.major[TOUCH_CPU]),
			REPORT_U(x->backend_pinned_max),
			REPORT_U((c->facts->vm_pages > in_use ? c->facts->vm_pages - in_use : 0) *
				 PAGE_BYTES),
			REPORT_U(c->facts->vm_pages),
			REPORT_U(x->host.resident),
			REPORT_U(bitmap_bytes(c, b)),
			REPORT_U(c->designs[b].iopf->functions),
			REPORT_U(x->bitmap_updates),
			REPORT_U(x->bitmap_writes),
			REPORT_U(x->tlb_invalidations),
			REPORT_U(x->requests - x->requests_passed),
			REPORT_U(x->requests_passed),
			REPORT_U(c->exposure_ns),
		});
}

static void show_trace(struct report *r, const struct pin_compare *c)
{
	report_table(r, "rows", NULL, trace_columns,
		     sizeof(trace_columns) / sizeof(*trace_columns));
	for (unsigned b = 0; b < PIN_BACKENDS; b++)
		show_trace_row(r, c, b);
}

/* ---- under load ---- */

static void show_sweeps(struct report *r, const struct pin_compare *c)
{
	static const struct report_column columns[] = {
		{ "sweep", NULL, REPORT_TEXT, 0 },
		{ "backend", NULL, REPORT_TEXT, 0 },
		{ "requests_per_day", NULL, REPORT_U64, 0 },
		{ "faults_per_day", NULL, REPORT_U64, 0 },
		{ "burst", NULL, REPORT_U64, 0 },
		{ "blocked_mean_ns", NULL, REPORT_U64, 0 },
		{ "blocked_p99_ns", NULL, REPORT_U64, 0 },
		{ "blocked_p999_ns", NULL, REPORT_U64, 0 },
		{ "request_ns", NULL, REPORT_U64, 0 },
		{ "host_cpu_ns_per_s", NULL, REPORT_U64, 0 },
		{ "failed", NULL, REPORT_U64, 0 },
		{ "prq_overflow", NULL, REPORT_U64, 0 },
		{ "faults", NULL, REPORT_U64, 0 },
		{ "pins_all", NULL, REPORT_BOOL, 0 },
	};
	report_table(r, "sweep", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned i = 0; i < PIN_SWEEPS * PIN_LOADS * PIN_BACKENDS; i++) {
		const struct pin_sweep *s = &c->sweeps[i / (PIN_LOADS * PIN_BACKENDS)];
		const struct iopf_compared *x = &s->rows[i % (PIN_LOADS * PIN_BACKENDS)];
		const struct iopf_load *l = &s->loads[x->load];
		report_row(r, (struct report_value[]){
				      REPORT_S(sweep_names[s - c->sweeps]),
				      REPORT_S(iopf_backend_names[x->design]),
				      REPORT_U(a_day(l->requests.count, l->requests.per_ns)),
				      REPORT_U(a_day(l->faults.count, l->faults.per_ns)),
				      REPORT_U(l->burst),
				      REPORT_U(x->metric[IOPF_BLOCKED_MEAN]),
				      REPORT_U(x->metric[IOPF_BLOCKED_P99]),
				      REPORT_U(x->metric[IOPF_BLOCKED_P999]),
				      REPORT_U(x->metric[IOPF_REQUEST_NS]),
				      REPORT_U(x->metric[IOPF_HOST_NS]),
				      REPORT_U(x->failed),
				      REPORT_U(x->overflow),
				      REPORT_U(x->faults),
				      REPORT_B(x->pins_all),
			      });
	}
}

static const struct iopf_compared *row_at(const struct pin_sweep *s, int load, unsigned backend)
{
	return &s->rows[load * PIN_BACKENDS + (int)backend];
}

struct text {
	char s[40];
};

static struct text rate_text(uint64_t per_day)
{
	struct text t;
	if (per_day >= DAY_S)
		snprintf(t.s, sizeof(t.s), "%s/s", quantity_count(per_day / DAY_S).s);
	else
		snprintf(t.s, sizeof(t.s), "%s/day", quantity_count(per_day).s);
	return t;
}

static struct report_value metric_value(const struct iopf_compared *x, enum iopf_metric m)
{
	return x->pins_all ? REPORT_NULL() : REPORT_U(x->metric[m]);
}

/* One metric by load, every second one of them. */
static void show_metric(struct report *r, const struct pin_sweep *s, enum iopf_metric m,
			const char *title)
{
	static const struct report_column columns[] = {
		{ "requests", NULL, REPORT_TEXT, 0 }, { "faults", NULL, REPORT_TEXT, 0 },
		{ "vpri", NULL, REPORT_NS, 0 },       { "pri", NULL, REPORT_NS, 0 },
		{ "snoop", NULL, REPORT_NS, 0 },      { "viommu", NULL, REPORT_NS, 0 },
		{ "static", NULL, REPORT_NS, 0 },     { "none", NULL, REPORT_NS, 0 },
	};
	report_table(r, iopf_metric_names[m], title, columns, sizeof(columns) / sizeof(*columns));
	for (int l = 0; l < PIN_LOADS; l += 2) {
		const struct rate q = s->loads[l].requests, f = s->loads[l].faults;
		report_row(r, (struct report_value[]){
				      REPORT_S(rate_text(a_day(q.count, q.per_ns)).s),
				      REPORT_S(rate_text(a_day(f.count, f.per_ns)).s),
				      metric_value(row_at(s, l, IOPF_VPRI), m),
				      metric_value(row_at(s, l, IOPF_PRI), m),
				      metric_value(row_at(s, l, IOPF_SNOOP), m),
				      metric_value(row_at(s, l, IOPF_VIOMMU), m),
				      metric_value(row_at(s, l, IOPF_STATIC), m),
				      metric_value(row_at(s, l, IOPF_NONE), m),
			      });
	}
}

static const char *text_of(enum iopf_metric m)
{
	for (unsigned i = 0; i < CROSSED; i++)
		if (crossed[i] == m)
			return crossed_texts[i];
	return "";
}

/* none has no cost and no service either: where it crosses says nothing */
static bool is_told(const struct iopf_crossing *x)
{
	return x->first != IOPF_NONE && x->second != IOPF_NONE;
}

static void show_crossings(struct report *r, const struct pin_compare *c, unsigned which)
{
	static const char *const units[PIN_SWEEPS] = { "requests", "faults" };
	const struct pin_sweep *s = &c->sweeps[which];
	unsigned told = 0;
	for (uint32_t i = 0; i < s->ncrossings; i++) {
		const struct iopf_crossing *x = &s->crossings[i];
		if (!is_told(x))
			continue;
		told++;
		report_text(r, "%s: %s has less up to %s %s, %s from there on.", text_of(x->metric),
			    iopf_backend_names[x->first], rate_text(x->x).s, units[which],
			    iopf_backend_names[x->second]);
	}
	if (!told)
		report_text(r, "No two change places between %s and %s %s.",
			    rate_text(s->loads[0].x).s, rate_text(s->loads[PIN_LOADS - 1].x).s,
			    units[which]);
}

static void show_passing(struct report *r, const struct pin_compare *c)
{
	bool passes = false;
	for (int l = 0; l < PIN_LOADS; l++)
		passes |= row_at(&c->sweeps[PIN_SWEEP_LOAD], l, IOPF_SNOOP)->pins_all;
	if (passes)
		report_text(r,
			    "From %s requests a second on snoop passes devices through: no cost, "
			    "but all memory stays, as with static.",
			    quantity_count(c->designs[IOPF_SNOOP].iopf->passthrough_iops).s);
}

static void show_crossing_rows(struct report *r, const struct pin_compare *c)
{
	static const struct report_column columns[] = {
		{ "sweep", NULL, REPORT_TEXT, 0 },      { "metric", NULL, REPORT_TEXT, 0 },
		{ "less_below", NULL, REPORT_TEXT, 0 }, { "less_above", NULL, REPORT_TEXT, 0 },
		{ "at_per_day", NULL, REPORT_U64, 0 },
	};
	report_table(r, "crossings", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned w = 0; w < PIN_SWEEPS; w++)
		for (uint32_t i = 0; i < c->sweeps[w].ncrossings; i++) {
			const struct iopf_crossing *x = &c->sweeps[w].crossings[i];
			if (!is_told(x))
				continue;
			report_row(r, (struct report_value[]){
					      REPORT_S(sweep_names[w]),
					      REPORT_S(iopf_metric_names[x->metric]),
					      REPORT_S(iopf_backend_names[x->first]),
					      REPORT_S(iopf_backend_names[x->second]),
					      REPORT_U(x->x),
				      });
		}
}

/* Question 9: what a bitmap costs on the device and on the host. */
static void show_bitmap(struct report *r, const struct pin_compare *c)
{
	const struct pin_result *x = &c->jobs[IOPF_VPRI].result;
	const struct iopf_config *i = c->designs[IOPF_VPRI].iopf;
	const uint64_t per_s = ns_per_s(c, x->bitmap_updates);
	report_text(r,
		    "vpri's bitmap: %s on the device for %s (%llu %s, each %s a TiB); %s updates/s "
		    "in %s writes/s take %s of CPU a second.",
		    quantity_bytes(bitmap_bytes(c, IOPF_VPRI)).s,
		    quantity_bytes(c->facts->vm_pages * PAGE_BYTES).s,
		    (unsigned long long)i->functions, i->functions == 1 ? "function" : "functions",
		    quantity_bytes(iopf_bitmap_bytes(UINT64_C(1) << 40, 1)).s,
		    quantity_count(per_s).s, quantity_count(ns_per_s(c, x->bitmap_writes)).s,
		    quantity_ns(ns_per_s(c, x->update_ns)).s);
}

/* Of those that let memory go and serve their faults. */
static void show_verdict(struct report *r, const struct pin_compare *c)
{
	int best = -1;
	for (unsigned b = 0; b < PIN_BACKENDS; b++) {
		const struct pin_result *x = &c->jobs[b].result;
		const bool keeps_all = x->backend_pinned_max >= c->facts->vm_pages;
		if (keeps_all || x->total.failed || b == IOPF_NONE)
			continue;
		const struct pin_result *y = best < 0 ? NULL : &c->jobs[best].result;
		if (!y || x->service_ns + x->map_ns < y->service_ns + y->map_ns)
			best = (int)b;
	}
	if (best < 0) {
		report_text(r,
			    "No backend lets memory go and serves all its faults on this trace.");
		return;
	}
	const struct pin_result *x = &c->jobs[best].result;
	report_text(
		r,
		"%s takes the least CPU of what lets memory go: %s a second of the trace, %s of it "
		"the guest's.",
		iopf_backend_names[best], quantity_ns(ns_per_s(c, x->service_ns + x->map_ns)).s,
		x->map_ns ? quantity_ns(ns_per_s(c, x->map_ns)).s : "none");
}

void pin_compare_report(struct report *r, const struct pin_compare *c, bool is_json)
{
	const struct pin_job *j = &c->jobs[0];
	report_member_text(r, "policy", j->policy->name);
	report_member_u64(r, "budget_pages", j->budget_pages);
	report_member_u64(r, "overcommit_ppm", j->overcommit_ppm);
	report_member_text(r, "cpu", pin_companion_names[j->companion]);
	report_member_text(r, "arrivals", block_arrival_names[c->designs[0].block->arrivals]);
	show_verdict(r, c);
	report_text(r, "On the trace: %s overcommit, policy %s, cpu %s.%s%s",
		    quantity_ppm(j->overcommit_ppm).s, j->policy->name,
		    pin_companion_names[j->companion],
		    c->devices->ndevices[PIN_BLOCK] ? "  Block I/O: " : "",
		    c->devices->ndevices[PIN_BLOCK] ? pin_arrivals(c->designs[0].block).s : "");
	show_trace(r, c);
	if (is_json) {
		show_sweeps(r, c);
		show_crossing_rows(r, c);
		return;
	}
	show_bitmap(r, c);
	show_metric(r, &c->sweeps[PIN_SWEEP_LOAD], IOPF_HOST_NS,
		    "CPU a second, of the host and by maps of the guest, by load (middle: the "
		    "trace's own)");
	show_crossings(r, c, PIN_SWEEP_LOAD);
	show_passing(r, c);
	show_metric(r, &c->sweeps[PIN_SWEEP_FAULTS], IOPF_REQUEST_NS,
		    "Added to a request on average, by faults alone: lookup, snooping, waiting");
	show_crossings(r, c, PIN_SWEEP_FAULTS);
	if (!c->burst)
		report_text(r, "The trace has no fault here: only what requests cost differs.");
}

/* ---- the plot ---- */

int pin_compare_plot(struct plot *p, const struct pin_compare *c, struct err *e)
{
	const struct pin_sweep *s = &c->sweeps[PIN_SWEEP_LOAD];
	char text[200];
	snprintf(text, sizeof(text), "fault hardware by load: %s requests, %s faults in the middle",
		 rate_text(s->loads[PIN_LOADS_MIDDLE].x).s,
		 rate_text(a_day(s->loads[PIN_LOADS_MIDDLE].faults.count,
				 s->loads[PIN_LOADS_MIDDLE].faults.per_ns))
			 .s);
	plot_set(p, "title", text);
	FILE *out = plot_data(p, "data");
	for (unsigned b = 0; b <= IOPF_VIOMMU; b++) {
		fprintf(out, "%s%s\n", b ? "\n\n" : "", iopf_backend_names[b]);
		for (int l = 0; l < PIN_LOADS; l++) {
			const struct iopf_compared *x = row_at(s, l, b);
			const uint64_t milli = s->loads[l].x * 1000 / DAY_S;
			if (!x->pins_all)
				fprintf(out, "%" PRIu64 ".%03" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
					milli / 1000, milli % 1000, x->metric[IOPF_HOST_NS],
					x->metric[IOPF_REQUEST_NS]);
		}
	}
	plot_data_end(p);
	return plot_end(p, e);
}
