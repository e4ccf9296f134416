// SPDX-License-Identifier: MIT
/*
 * Screens of `pugmark pin`. For people: the trace, the verdict, one row for each
 * overcommit and CPU companion, what decides, what to do next. For programs: a
 * row of counts for each configuration and class of devices.
 */
#include "replay/pin-report.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t bytes_of(uint64_t pages)
{
	return pages * PAGE_BYTES;
}

/* ---- rows for programs ---- */

static const struct report_column flat_columns[] = {
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "cpu", NULL, REPORT_TEXT, 0 },
	{ "budget_pages", "budget", REPORT_U64, 0 },
	{ "overcommit_ppm", "over", REPORT_PPM, 0 },
	{ "seed", NULL, REPORT_ID, REPORT_ONLY_JSON },
	{ "device_class", "class", REPORT_TEXT, 0 },
	{ "dma_pages", "dma pages", REPORT_U64, 0 },
	{ "dma_first_touches", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf", NULL, REPORT_U64, 0 },
	{ "iopf_done", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_failed", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_joined", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_minor", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_max_1s", "max 1s", REPORT_U64, 0 },
	{ "iopf_max_10s", "max 10s", REPORT_U64, 0 },
	{ "cpu_major", "cpu major", REPORT_U64, 0 },
	{ "cpu_minor", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pinned_mean_ppm", "pinned", REPORT_PPM, 0 },
	{ "pinned_max_ppm", "at most", REPORT_PPM, 0 },
	{ "pin_ops", "pins", REPORT_U64, 0 },
	{ "unpin_ops", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pins_refused", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_in", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_out", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "resident_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swapped_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "absent_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "inflight_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "overflow_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_bytes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "bitmap_updates", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_p50_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_p99_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_longest_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "exposure_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
};
enum { FLAT_COLUMNS = sizeof(flat_columns) / sizeof(*flat_columns) };

static uint64_t swapped_pages(const struct hostmem_counts *h)
{
	uint64_t n = 0;
	for (unsigned t = 0; t < HOSTMEM_TIERS; t++)
		n += h->swapped[t];
	return n;
}

/* Columns of the whole VM are the same in each row of a configuration. */
static void flat_row(struct report *r, const struct pin_answer *a, const struct pin_job *j,
		     uint64_t seed, unsigned device_class)
{
	const struct pin_result *x = &j->result;
	const struct hostmem_counts *h = &x->host;
	const bool is_all = device_class == PIN_CLASSES;
	const struct pin_counts *k = is_all ? &x->total : &x->by_class[device_class];
	const uint64_t vm = a->facts->vm_pages;
	const struct report_value v[FLAT_COLUMNS] = {
		REPORT_S(j->policy->name),
		REPORT_S(pin_companion_names[j->companion]),
		REPORT_U(j->budget_pages),
		REPORT_U(j->overcommit_ppm),
		REPORT_U(seed),
		REPORT_S(is_all ? "total" : pin_class_names[device_class]),
		REPORT_U(k->dma_pages),
		REPORT_U(k->first),
		REPORT_U(pin_iopf(k)),
		REPORT_U(k->done),
		REPORT_U(k->failed),
		REPORT_U(k->joined),
		REPORT_U(k->minor),
		REPORT_U(k->max_1s),
		REPORT_U(k->max_10s),
		REPORT_U(h->major[TOUCH_CPU]),
		REPORT_U(h->minor[TOUCH_CPU]),
		REPORT_U(x->pinned_mean_ppm),
		REPORT_U(quantity_ratio_ppm(x->pinned_max, vm)),
		REPORT_U(h->pin_ops),
		REPORT_U(h->unpin_ops),
		REPORT_U(x->pins_refused),
		REPORT_U(h->swap_in),
		REPORT_U(h->swap_out),
		REPORT_U(vm),
		REPORT_U(h->resident),
		REPORT_U(swapped_pages(h)),
		REPORT_U(h->absent),
		REPORT_U(h->in + h->out),
		REPORT_U(h->overflow_max),
		REPORT_U(pin_bitmap_bytes(a, device_class)),
		REPORT_U(x->bitmap_updates),
		REPORT_U(x->fault_p50_ns),
		REPORT_U(x->fault_p99_ns),
		REPORT_U(x->fault_max_ns),
		REPORT_U(pin_exposure_ns(a)),
	};
	report_row(r, v);
}

static void show_flat(struct report *r, const struct pin_answer *a)
{
	report_table(r, "rows", NULL, flat_columns, FLAT_COLUMNS);
	for (size_t i = 0; i < a->nseeds * a->njobs; i++) {
		const struct pin_job *j = &a->jobs[i];
		const uint64_t seed = a->seeds[i / a->njobs];
		for (unsigned k = 0; k < PIN_CLASSES; k++)
			if (k != PIN_OTHER || a->devices->ndevices[PIN_OTHER])
				flat_row(r, a, j, seed, k);
		flat_row(r, a, j, seed, PIN_CLASSES);
	}
}

/* ---- the screen for people ---- */

struct text {
	char s[80];
};

/* "782 pages (3.1 MiB)": small amounts in both */
static struct text memory_text(uint64_t pages)
{
	struct text t;
	snprintf(t.s, sizeof(t.s), "%s", quantity_bytes(bytes_of(pages)).s);
	return t;
}

static void show_trace(struct report *r, const struct pin_answer *a)
{
	static const char *const what[PIN_CLASSES] = { "NIC", "block device", "other device" };
	const struct access_info *i = &a->facts->access;
	char devices[120] = "";
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		const unsigned n = a->devices->ndevices[k];
		const size_t at = strlen(devices);
		if (n)
			snprintf(devices + at, sizeof(devices) - at, "%s%u %s%s", at ? " + " : "",
				 n, what[k], n > 1 ? "s" : "");
	}
	report_text(r, "%s  %s (%s), %s.  %s of accesses, %s, CPU stream: %s.",
		    trace_path(a->trace), memory_text(a->facts->vm_pages).s, a->memory_from,
		    devices, quantity_ns(pin_exposure_ns(a)).s,
		    a->lost_events || a->has_unknown_loss ? "EVENTS WERE LOST" : "no loss recorded",
		    pin_main_companion(a) == PIN_BY_TRACE ? "recorded" : "none");
	if (a->lost_events)
		report_text(r, "%s events were lost when it was made: faults are a lower bound.",
			    quantity_count(a->lost_events).s);
	if (i->dma_sample_ppm < PPM_PER_ONE)
		report_text(r, "It holds %s of the pages (sampled by number): counts are of these.",
			    quantity_ppm(i->dma_sample_ppm).s);
	if (i->devices_no_unmap)
		report_text(r, "%u of %u devices never unmap: each map counts as an access.",
			    i->devices_no_unmap, i->devices);
}

static struct text percent(uint64_t ppm)
{
	struct text t;
	if (ppm % 10000)
		snprintf(t.s, sizeof(t.s), "%s", quantity_ppm(ppm).s);
	else
		snprintf(t.s, sizeof(t.s), "%llu %%", (unsigned long long)ppm / 10000);
	return t;
}

static struct text condition_text(const struct pin_answer *a, int why)
{
	struct text t = { "" };
	if (why < 0)
		return t;
	const struct pin_condition *c = &a->goal->conditions[why];
	snprintf(t.s, sizeof(t.s), "%s%s%s",
		 c->device_class < PIN_CLASSES ? pin_class_names[c->device_class] : "",
		 c->device_class < PIN_CLASSES ? "." : "", pin_metric_name(c->metric));
	return t;
}

/* Memory that the host has back: all of the VM that is not in memory. */
static uint64_t returned_pages(const struct pin_answer *a, const struct pin_job *j)
{
	const struct hostmem_counts *h = &j->result.host;
	const uint64_t in_use = h->resident + h->in + h->out;
	return a->facts->vm_pages > in_use ? a->facts->vm_pages - in_use : 0;
}

/* One sentence for a companion: the largest overcommit that holds, the least that does not. */
static void show_verdict(struct report *r, const struct pin_answer *a,
			 const struct pin_verdict *all, size_t n, enum pin_companion companion)
{
	const struct pin_verdict *yes = NULL, *no = NULL;
	char text[600] = "";
	for (size_t i = 0; i < n; i++) {
		if (all[i].companion != companion)
			continue;
		if (!all[i].is_yes && (!no || all[i].overcommit_ppm < no->overcommit_ppm))
			no = &all[i];
		if (all[i].is_yes && (!yes || all[i].overcommit_ppm > yes->overcommit_ppm))
			yes = &all[i];
	}
	if (yes) {
		const struct pin_job *j = &a->jobs[yes->job];
		snprintf(text, sizeof(text),
			 "YES to %s: pin %s (%s) by %s, %s net back (%s was never touched).  ",
			 percent(yes->overcommit_ppm).s, memory_text(j->result.pinned_max).s,
			 percent(quantity_ratio_ppm(j->result.pinned_max, a->facts->vm_pages)).s,
			 j->policy->name, memory_text(returned_pages(a, j)).s,
			 memory_text(j->result.host.absent).s);
	}
	if (no)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "NO at %s: %s breaks it up to a budget of %s.",
			 percent(no->overcommit_ppm).s, condition_text(a, no->why).s,
			 memory_text(a->jobs[no->job].budget_pages).s);
	report_text(r, "%s", text);
}

/*
 * 95 % interval of a Poisson mean from a count (Wilson and Hilferty's cube root
 * of chi-square); shown, never stored.
 */
static struct text per_day(uint64_t count, uint64_t exposure_ns)
{
	struct text t;
	const double days = (double)exposure_ns / 86400e9, n = (double)count;
	if (!exposure_ns) {
		snprintf(t.s, sizeof(t.s), "-");
		return t;
	}
	if (!count) {
		snprintf(t.s, sizeof(t.s), "< %.0f", ceil(3 / days));
		return t;
	}
	const double up = 1 - 1 / (9 * (n + 1)) + 1.96 / (3 * sqrt(n + 1));
	const double down = 1 - 1 / (9 * n) - 1.96 / (3 * sqrt(n));
	snprintf(t.s, sizeof(t.s), "%.0f [%.0f-%.0f]", n / days, n * down * down * down / days,
		 (n + 1) * up * up * up / days);
	return t;
}

static struct text per_second(uint64_t count, uint64_t exposure_ns)
{
	struct text t;
	if (exposure_ns)
		snprintf(t.s, sizeof(t.s), "%.2g", (double)count * 1e9 / (double)exposure_ns);
	else
		snprintf(t.s, sizeof(t.s), "-");
	return t;
}

static const struct report_column verdict_columns[] = {
	{ "over", NULL, REPORT_TEXT, 0 },
	{ "cpu", NULL, REPORT_TEXT, 0 },
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "pin", NULL, REPORT_BYTES, 0 },
	{ "net_back", "net back", REPORT_BYTES, 0 },
	{ "iopf_per_day", "IOPF/day [95 %]", REPORT_TEXT, 0 },
	{ "worst_1s", "worst 1s", REPORT_U64, 0 },
	{ "cpu_major_per_s", "CPU majfault/s", REPORT_TEXT, 0 },
	{ "verdict", NULL, REPORT_TEXT, 0 },
};

static void verdict_row(struct report *r, const struct pin_answer *a, const struct pin_verdict *v)
{
	const struct pin_job *j = &a->jobs[v->job];
	const struct pin_result *x = &j->result;
	const uint64_t exposure = pin_exposure_ns(a);
	struct {
		char s[120];
	} verdict;
	snprintf(verdict.s, sizeof(verdict.s), "%s%s%s",
		 v->is_yes ? "yes" : "no: ", v->is_yes ? "" : condition_text(a, v->why).s,
		 v->is_non_monotone ? ", not monotone" : "");
	report_row(r, (struct report_value[]){
			      REPORT_S(percent(v->overcommit_ppm).s),
			      REPORT_S(pin_companion_names[v->companion]),
			      REPORT_S(j->policy->name),
			      REPORT_U(bytes_of(x->pinned_max)),
			      REPORT_U(bytes_of(returned_pages(a, j))),
			      REPORT_S(per_day(pin_iopf(&x->total), exposure).s),
			      REPORT_U(x->total.max_1s),
			      REPORT_S(per_second(x->host.major[TOUCH_CPU], exposure).s),
			      REPORT_S(verdict.s),
		      });
}

/* Companions that judge the main one's overcommits differently. */
static void show_decision(struct report *r, const struct pin_answer *a, const struct pin_verdict *v,
			  size_t n)
{
	const enum pin_companion main = pin_main_companion(a);
	unsigned differ = 0, compared = 0;
	int why = -1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			if (v[i].companion != main || v[k].companion == main ||
			    v[i].overcommit_ppm != v[k].overcommit_ppm)
				continue;
			compared++;
			differ += v[i].is_yes != v[k].is_yes;
		}
	for (size_t i = 0; i < n && why < 0; i++)
		if (v[i].companion == main)
			why = v[i].why;
	char text[300];
	snprintf(text, sizeof(text), "Decided by: %s",
		 why < 0 ? "no condition; nothing comes near "
			   "the goal"
			 : condition_text(a, why).s);
	if (compared)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; what the CPU does (%u of %u scenarios say otherwise)", differ,
			 compared);
	report_text(r, "%s.  %u of %u inputs are guesses: --assumptions", text, a->nguesses,
		    a->nparams);
}

static void show_next(struct report *r, const struct pin_answer *a, const struct pin_verdict *v,
		      size_t n)
{
	bool is_no = false;
	for (size_t i = 0; i < n; i++)
		is_no |= v[i].companion == pin_main_companion(a) && !v[i].is_yes;
	report_text(r,
		    is_no ? "Next: a larger --budget, a smaller --overcommit, or --policy at-risk; "
			    "--verbose shows every configuration."
			  : "Next: --plot pin.svg shows how near the cliff is; --verbose every "
			    "configuration.");
}

static bool all_yes(const struct pin_answer *a, const struct pin_verdict *v, size_t n)
{
	const enum pin_companion main = pin_main_companion(a);
	for (size_t i = 0; i < n; i++)
		if (v[i].companion == main && !v[i].is_yes)
			return false;
	return true;
}

static void show_members(struct report *r, const struct pin_answer *a)
{
	report_member_text(r, "access_model", access_model_names[a->facts->access.model]);
	report_member_text(r, "reclaim", a->reclaim);
	report_member_text(r, "goal", a->goal->text);
	report_member_text(r, "design", a->canonical);
	report_member_u64(r, "lost_events", a->lost_events);
	report_member_u64(r, "unique_pages", a->facts->unique_pages);
}

bool pin_report(struct report *r, const struct pin_answer *a, bool is_json, bool is_verbose)
{
	struct pin_verdict v[PIN_VERDICTS_MAX];
	const size_t n = pin_judge(a, v);
	show_members(r, a);
	if (is_json) {
		show_flat(r, a);
		return all_yes(a, v, n);
	}
	show_trace(r, a);
	show_verdict(r, a, v, n, pin_main_companion(a));
	const struct access_info *in = &a->facts->access;
	report_text(r, "Goal%s: %s.  Reclaim %s, access model %s%s%s.",
		    a->has_own_goal ? "" : " (ours)", a->goal->text, a->reclaim,
		    access_model_names[in->model], in->live_areas ? ", rings used every " : "",
		    in->live_areas ? quantity_ns(in->live_period_ns).s : "");
	report_table(r, "verdicts", NULL, verdict_columns,
		     sizeof(verdict_columns) / sizeof(*verdict_columns));
	for (size_t i = 0; i < n; i++)
		verdict_row(r, a, &v[i]);
	if (is_verbose)
		show_flat(r, a);
	show_decision(r, a, v, n);
	show_next(r, a, v, n);
	return all_yes(a, v, n);
}
