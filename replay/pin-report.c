// SPDX-License-Identifier: MIT
/*
 * The screen of `pugmark pin`: who and how long, the verdict, a row for each
 * overcommit and CPU companion, the policies side by side, what decides, whether
 * halves and seeds agree, what to do next. For programs: all of it as tables.
 */
#include "replay/pin-report.h"

#include "replay/pin-consequence.h"
#include "replay/pin-decide.h"
#include "replay/pin-explain.h"
#include "replay/pin-figures.h"
#include "replay/pin-rank.h"

#include <stdio.h>
#include <string.h>

/* ---- the verdict ---- */

/* The main companion's largest overcommit that holds, the least that does not. */
struct outcome {
	const struct pin_verdict *yes, *no;
};

static struct outcome outcome_of(const struct pin_answer *a, const struct pin_verdict *v, size_t n)
{
	const enum pin_companion main = pin_main_companion(a);
	struct outcome o = { NULL, NULL };
	for (size_t i = 0; i < n; i++) {
		if (v[i].companion != main)
			continue;
		if (!v[i].is_yes && (!o.no || v[i].overcommit_ppm < o.no->overcommit_ppm))
			o.no = &v[i];
		if (v[i].is_yes && (!o.yes || v[i].overcommit_ppm > o.yes->overcommit_ppm))
			o.yes = &v[i];
	}
	return o;
}

const struct pin_verdict *pin_decisive(const struct pin_answer *a, const struct pin_verdict *v,
				       size_t n)
{
	const struct outcome o = outcome_of(a, v, n);
	return o.yes ? o.yes : o.no;
}

/* "CPU faults of the guest, not IOPF" */
static const char *what_breaks(const struct pin_condition *c)
{
	switch (c->metric) {
	case PIN_GOAL_CPU_MAJOR:
	case PIN_GOAL_CPU_STALL:
		return "the guest's own CPU faults, not IOPF, break it";
	case PIN_GOAL_PINNED:
	case PIN_GOAL_PINNED_P99:
	case PIN_GOAL_PINNED_MEAN:
		return "what must be pinned breaks it";
	default:
		return "IOPF break it";
	}
}

/* The largest budget that was tried there. */
static uint64_t largest_budget(const struct pin_answer *a, const struct pin_verdict *v)
{
	uint64_t most = 0;
	for (size_t i = 0; i < a->njobs; i++) {
		const struct pin_job *j = &a->jobs[i];
		const bool is_choice = !j->policy->pinning || !j->policy->pinning->is_unbounded;
		if (is_choice && j->companion == v->companion &&
		    j->overcommit_ppm == v->overcommit_ppm && j->budget_pages > most)
			most = j->budget_pages;
	}
	return most;
}

/* What a short trace never touched may well be in use; a long one has seen a day's work. */
static struct pin_text as_far_as(const struct pin_answer *a)
{
	struct pin_text t = { "" };
	if (pin_is_short(a))
		snprintf(t.s, sizeof(t.s), ", as far as %s tell",
			 quantity_ns(pin_exposure_ns(a)).s);
	return t;
}

/* What a recording did not see is taken as empty; a YES that needs that memory says so. */
static void tell_empty(struct report *r, const struct pin_answer *a, const struct pin_verdict *v)
{
	const uint64_t absent = a->jobs[v->job].result.host.absent, vm = a->facts->vm_pages;
	const uint64_t taken = vm - pin_limit_pages(vm, v->overcommit_ppm);
	if (absent && absent >= taken)
		report_text(r,
			    "It rests on %s that the recording never saw in use being empty; "
			    "--set pin.populated=yes takes them as full.",
			    pin_memory(absent).s);
}

static void show_verdict(struct report *r, const struct pin_answer *a, const struct outcome *o)
{
	char text[1200] = "";
	if (o->yes) {
		const struct pin_job *j = &a->jobs[o->yes->job];
		const struct pin_result *x = &j->result;
		const uint64_t share = quantity_ratio_ppm(x->pinned_max, a->facts->vm_pages);
		char pin[200] = "pin nothing";
		if (x->pinned_max)
			snprintf(pin, sizeof(pin), "pin %.60s (%.30s) by %.60s",
				 pin_memory(x->pinned_max).s, pin_percent(share).s,
				 j->policy->name);
		snprintf(text, sizeof(text),
			 "YES to %s%s: %s, %s net back (%s never touched, %s cold, %s forced).",
			 pin_percent(o->yes->overcommit_ppm).s, as_far_as(a).s, pin,
			 pin_memory(pin_returned_pages(a, j)).s, pin_memory(x->host.absent).s,
			 pin_memory(x->cold_pages).s, pin_memory(x->forced_pages).s);
	}
	if (o->no && o->no->why < 0) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%sNO at %s: of the policies tried none is a choice: what pins all gives "
			 "nothing back, what knows the future is a bound.",
			 o->yes ? "  " : "", pin_percent(o->no->overcommit_ppm).s);
	} else if (o->no) {
		const struct pin_condition *c = &a->goal->conditions[o->no->why];
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%sNO at %s: %s: %s is %s, goal %s (up to %s pinned).", o->yes ? "  " : "",
			 pin_percent(o->no->overcommit_ppm).s, what_breaks(c),
			 pin_condition_name(c).s, pin_measured(a, c, &a->jobs[o->no->job].result).s,
			 pin_condition_limit(c).s, pin_memory(largest_budget(a, o->no)).s);
	}
	report_text(r, "%s", text);
	if (o->yes)
		tell_empty(r, a, o->yes);
}

static const struct report_column verdict_columns[] = {
	{ "over", NULL, REPORT_TEXT, 0 },
	{ "cpu", NULL, REPORT_TEXT, 0 },
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "pin", NULL, REPORT_BYTES, 0 },
	{ "net_back", "net back", REPORT_BYTES, 0 },
	{ "iopf_per_day", "IOPF/day [95 %]", REPORT_TEXT, 0 },
	{ "worst_1s", "worst 1s", REPORT_U64, 0 },
	{ "seconds_over_1", "s/day >1/s", REPORT_TEXT, 0 },
	{ "nic_gap", "NIC gap", REPORT_NS, 0 },
	{ "block_p999", "P99.9 block", REPORT_TEXT, 0 },
	{ "cpu_major_per_s", "CPU majfault/s", REPORT_TEXT, 0 },
	{ "cpu_stalled", "stalled", REPORT_TEXT, 0 },
	{ "verdict", NULL, REPORT_TEXT, 0 },
};

static struct pin_text verdict_text(const struct pin_answer *a, const struct pin_verdict *v)
{
	struct pin_text t;
	const char *monotone = v->is_non_monotone ? ", not monotone" : "";
	if (v->is_yes)
		snprintf(t.s, sizeof(t.s), "yes%s", monotone);
	else if (v->why < 0)
		snprintf(t.s, sizeof(t.s), "no choice");
	else
		snprintf(t.s, sizeof(t.s), "no: %.60s%s",
			 pin_condition_name(&a->goal->conditions[v->why]).s, monotone);
	return t;
}

enum { P999 = 2 }; /* of consequence_ppm */

static void verdict_row(struct report *r, const struct pin_answer *a, const struct pin_verdict *v)
{
	const struct pin_job *j = &a->jobs[v->job];
	const struct pin_result *x = &j->result;
	const uint64_t exposure = pin_exposure_ns(a);
	const struct pin_text stalled = pin_percent(quantity_ratio_ppm(x->cpu_stall_ns, exposure));
	report_row(r, (struct report_value[]){
			      REPORT_S(pin_percent(v->overcommit_ppm).s),
			      REPORT_S(pin_companion_names[v->companion]),
			      REPORT_S(j->policy->name),
			      REPORT_U(x->pinned_max * PAGE_BYTES),
			      REPORT_U(pin_returned_pages(a, j) * PAGE_BYTES),
			      REPORT_S(pin_per_day(x, exposure).s),
			      REPORT_U(x->total.max_1s),
			      REPORT_S(pin_day(x->total.seconds_over[0], exposure).s),
			      pin_of_class(a, PIN_NIC, x->effect.nic_gap_ns),
			      REPORT_S(pin_rise(x->effect.block_ns[P999],
						x->effect.block_base_ns[P999])
					       .s),
			      REPORT_S(pin_per_second(x->host.major[TOUCH_CPU], exposure).s),
			      REPORT_S(a->is_timed ? stalled.s : "-"),
			      REPORT_S(verdict_text(a, v).s),
		      });
}

enum { COLUMNS_MAX = 16 };

/* The table without the column of a class that has no device. */
static void begin_table(struct report *r, const struct pin_answer *a, const char *name,
			const char *title, const struct report_column *columns, unsigned n,
			struct report_column *kept)
{
	for (unsigned i = 0; i < n; i++) {
		const bool is_nic = !strncmp(columns[i].key, "nic", 3);
		const bool is_block = !strncmp(columns[i].key, "block", 5);
		kept[i] = columns[i];
		if ((is_nic && !a->devices->ndevices[PIN_NIC]) ||
		    (is_block && !a->devices->ndevices[PIN_BLOCK]))
			kept[i].where = REPORT_ONLY_JSON;
	}
	report_table(r, name, title, kept, n);
}

static void show_verdicts(struct report *r, const struct pin_answer *a, const struct pin_verdict *v,
			  size_t n)
{
	struct report_column kept[COLUMNS_MAX];
	begin_table(r, a, "verdicts", NULL, verdict_columns,
		    sizeof(verdict_columns) / sizeof(*verdict_columns), kept);
	for (size_t i = 0; i < n; i++)
		verdict_row(r, a, &v[i]);
}

static const struct report_column answer_columns[] = {
	{ "overcommit_ppm", NULL, REPORT_PPM, 0 },   { "cpu", NULL, REPORT_TEXT, 0 },
	{ "is_yes", NULL, REPORT_BOOL, 0 },          { "is_non_monotone", NULL, REPORT_BOOL, 0 },
	{ "policy", NULL, REPORT_TEXT, 0 },          { "budget_pages", NULL, REPORT_U64, 0 },
	{ "pinned_max_pages", NULL, REPORT_U64, 0 }, { "returned_pages", NULL, REPORT_U64, 0 },
	{ "limited_by", NULL, REPORT_TEXT, 0 },
};

/* For programs: what the rows amount to. limited_by: broken here, or by the next smaller budget. */
static void show_answers(struct report *r, const struct pin_answer *a, const struct pin_verdict *v,
			 size_t n)
{
	report_table(r, "verdicts", NULL, answer_columns,
		     sizeof(answer_columns) / sizeof(*answer_columns));
	for (size_t i = 0; i < n; i++) {
		const struct pin_job *j = &a->jobs[v[i].job];
		const struct pin_text why =
			v[i].why < 0 ? (struct pin_text){ "" }
				     : pin_condition_name(&a->goal->conditions[v[i].why]);
		report_row(r,
			   (struct report_value[]){ REPORT_U(v[i].overcommit_ppm),
						    REPORT_S(pin_companion_names[v[i].companion]),
						    REPORT_B(v[i].is_yes),
						    REPORT_B(v[i].is_non_monotone),
						    REPORT_S(j->policy->name),
						    REPORT_U(j->budget_pages),
						    REPORT_U(j->result.pinned_max),
						    REPORT_U(pin_returned_pages(a, j)),
						    { .s = why.s, .is_null = v[i].why < 0 } });
	}
}

/* ---- policies side by side ---- */

static const struct report_column policy_columns[] = {
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "nic", "NIC IOPF", REPORT_U64, 0 },
	{ "block", "block IOPF", REPORT_U64, 0 },
	{ "iopf", "all", REPORT_U64, 0 },
	{ "against_none", "vs none", REPORT_TEXT, 0 },
	{ "against_lru", "lru has", REPORT_TEXT, 0 },
	{ "pinned_mean", "pinned mean", REPORT_TEXT, 0 },
	{ "pinned_p99", "P99", REPORT_TEXT, 0 },
	{ "pinned_max", "most", REPORT_TEXT, 0 },
	{ "cpu_major", "CPU majfaults", REPORT_U64, 0 },
};

static void policy_row(struct report *r, const struct pin_answer *a, const struct pin_job *j)
{
	const struct pin_result *x = &j->result;
	const uint64_t vm = a->facts->vm_pages;
	report_row(r, (struct report_value[]){
			      REPORT_S(j->policy->name),
			      REPORT_U(pin_iopf_of(j, PIN_NIC)),
			      REPORT_U(pin_iopf_of(j, PIN_BLOCK)),
			      REPORT_U(pin_iopf_of(j, PIN_CLASSES)),
			      REPORT_S(pin_against_none(a, j, PIN_CLASSES).s),
			      REPORT_S(pin_against_lru(a, j, PIN_CLASSES).s),
			      REPORT_S(pin_percent(x->pinned_mean_ppm).s),
			      REPORT_S(pin_percent(quantity_ratio_ppm(x->pinned_p99, vm)).s),
			      REPORT_S(pin_percent(quantity_ratio_ppm(x->pinned_max, vm)).s),
			      REPORT_U(x->host.major[TOUCH_CPU]),
		      });
}

/* At the decisive overcommit and its budget; an answer without a budget has the least one's rows.
 */
static void show_policies(struct report *r, const struct pin_answer *a, const struct pin_verdict *v)
{
	const struct pin_job *own = &a->jobs[v->job];
	uint64_t budget = own->budget_pages;
	char title[400];
	for (size_t i = 0; i < a->njobs && !budget; i++)
		if (a->jobs[i].companion == own->companion &&
		    a->jobs[i].overcommit_ppm == own->overcommit_ppm)
			budget = a->jobs[i].budget_pages;
	snprintf(title, sizeof(title), "Policies at %s overcommit, up to %s pinned, cpu %s",
		 pin_percent(own->overcommit_ppm).s, pin_memory(budget).s,
		 pin_companion_names[own->companion]);
	struct report_column kept[COLUMNS_MAX];
	begin_table(r, a, "policies", title, policy_columns,
		    sizeof(policy_columns) / sizeof(*policy_columns), kept);
	const struct policy *before = NULL; /* shares of a small VM may be the same pages */
	for (size_t i = 0; i < a->njobs; i++) {
		const struct pin_job *j = &a->jobs[i];
		if (j->companion != own->companion || j->overcommit_ppm != own->overcommit_ppm ||
		    (j->budget_pages != budget && strcmp(j->policy->name, "none")) ||
		    j->policy == before)
			continue;
		policy_row(r, a, j);
		before = j->policy;
	}
}

/* ---- the end ---- */

/* What NIC gaps and block quantiles are made of. */
static void show_judged(struct report *r, const struct pin_answer *a)
{
	uint64_t cut = 0;
	for (size_t i = 0; i < a->nseeds * a->njobs; i++) {
		const struct pin_result *x = &a->jobs[i].result;
		cut += pin_iopf(&x->total) > x->effect.faults;
	}
	if (a->devices->ndevices[PIN_BLOCK])
		report_text(r, "Block I/O: %s ([block]).", pin_arrivals(a->block).s);
	if (cut)
		report_text(r,
			    "%s configurations have more than %s faults: their gaps, losses and "
			    "quantiles are of the first.",
			    quantity_count(cut).s, quantity_count(PIN_CONSEQUENCE_FAULTS_MAX).s);
}

static void show_next(struct report *r, const struct pin_answer *a, const struct outcome *o)
{
	const char *next = "--plot pin.svg shows how near the cliff is, --verbose every "
			   "configuration.";
	if (o->no && !o->yes)
		next = "--explain tells what is behind the faults; a smaller --overcommit or a "
		       "larger --budget may do.";
	if (!a->is_memory_known)
		report_text(r,
			    "Next: --memory SIZE, the VM's: the trace does not tell it, so shares "
			    "are of the pages in use (the highest lies at %s).",
			    pin_memory(a->facts->highest_page + 1).s);
	else
		report_text(r, "Next: %s", next);
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
	report_member_text(r, "arrivals", block_arrival_names[a->block->arrivals]);
	report_member_text(r, "goal", a->goal->text);
	report_member_text(r, "design", a->canonical);
	report_member_u64(r, "lost_events", a->lost_events);
	report_member_u64(r, "unique_pages", a->facts->unique_pages);
	report_member_u64(r, "functions_without_reads", a->devices->no_reads);
	report_member_u64(r, "functions_without_writes", a->devices->no_writes);
}

static int show_json(struct report *r, const struct pin_answer *a, const struct pin_verdict *v,
		     size_t n, struct err *e)
{
	show_members(r, a);
	show_answers(r, a, v, n);
	pin_show_sources(r, a);
	pin_show_inputs(r, a);
	pin_show_ranks(r, a, true);
	const int rc = a->story ? pin_show_story(r, a, a->story, true, false, e) : 0;
	pin_show_rows(r, a);
	return rc;
}

static int show_screen(struct report *r, const struct pin_answer *a, const struct pin_verdict *v,
		       size_t n, bool is_verbose, struct err *e)
{
	const struct outcome o = outcome_of(a, v, n);
	const struct access_info *in = &a->facts->access;
	pin_show_subject(r, a);
	show_verdict(r, a, &o);
	report_text(r, "Goal%s: %s.  Reclaim %s, access model %s%s%s%s%.60s.",
		    a->has_own_goal ? "" : " (ours)", a->goal->text, a->reclaim,
		    access_model_names[in->model], in->live_areas ? ", rings used every " : "",
		    in->live_areas ? quantity_ns(in->live_period_ns).s : "",
		    a->limit_schedule ? ", limits " : "",
		    a->limit_schedule ? a->limit_schedule : "");
	show_verdicts(r, a, v, n);
	if (o.yes || o.no)
		show_policies(r, a, o.yes ? o.yes : o.no);
	if (is_verbose) {
		pin_show_sources(r, a);
		pin_show_inputs(r, a);
		pin_show_rows(r, a);
	}
	show_judged(r, a);
	pin_show_decision(r, a);
	pin_show_ranks(r, a, false);
	show_next(r, a, &o);
	return a->story ? pin_show_story(r, a, a->story, false, is_verbose, e) : 0;
}

int pin_report(struct report *r, const struct pin_answer *a, bool is_json, bool is_verbose,
	       bool *is_yes_out, struct err *e)
{
	struct pin_verdict v[PIN_VERDICTS_MAX];
	const size_t n = pin_judge(a, v);
	*is_yes_out = all_yes(a, v, n);
	return is_json ? show_json(r, a, v, n, e) : show_screen(r, a, v, n, is_verbose, e);
}
