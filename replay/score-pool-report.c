// SPDX-License-Identifier: MIT
/* Verdict, VMs ranked by what comes back, all designs, what was not judged and why. */
#include "replay/score-pool-report.h"

#include "base/quantity.h"
#include "replay/pin-figures.h"

#include <stdio.h>
#include <string.h>

struct text {
	char s[320];
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct score_pool_split score_pool_split(const struct score_pool_result *x, size_t vm)
{
	const struct pin_result *p = &x->joint.vms[vm].result;
	const uint64_t back = x->joint_bytes[vm];
	struct score_pool_split s;
	s.never_touched = least(p->host.absent * PAGE_BYTES, back);
	s.cold = least(p->cold_pages * PAGE_BYTES, back - s.never_touched);
	s.forced = back - s.never_touched - s.cold;
	return s;
}

static bool is_before(const struct score_pool_answer *a, const struct score_pool_result *x,
		      size_t i, size_t k)
{
	const uint64_t alone_i = x->alone[i].bytes[x->alone[i].top];
	const uint64_t alone_k = x->alone[k].bytes[x->alone[k].top];
	if (x->joint_bytes[i] != x->joint_bytes[k])
		return x->joint_bytes[i] > x->joint_bytes[k];
	if (alone_i != alone_k)
		return alone_i > alone_k;
	return strcmp(a->vms[i].name, a->vms[k].name) < 0;
}

void score_pool_rank(const struct score_pool_answer *a, const struct score_pool_result *x,
		     size_t *order)
{
	for (size_t i = 0; i < a->nvms; i++) {
		size_t at = i;
		for (; at && is_before(a, x, i, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

size_t score_pool_best(const struct score_pool_result *results, size_t n)
{
	size_t best = 0;
	for (size_t i = 1; i < n; i++) {
		const bool own = score_pool_holds(&results[i]),
			   other = score_pool_holds(&results[best]);
		if (own != other ? own : results[i].back_bytes > results[best].back_bytes)
			best = i;
	}
	return best;
}

/* ---- what stops a VM ---- */

static struct text measured(const struct score_pool_answer *a, const struct score_alone *x,
			    unsigned level)
{
	const struct pin_condition *c = &a->slo->conditions[x->failing[level]];
	const struct pin_answer of = { .facts = &x->facts };
	struct text t;
	snprintf(t.s, sizeof(t.s), "%.80s %.80s at %.80s", pin_condition_name(c).s,
		 pin_measured(&of, c, &x->jobs[level].result).s,
		 pin_percent(score_pool_levels_ppm[level]).s);
	return t;
}

static const char *wrong_name(const struct score_pool_answer *a, int wrong, struct text *t)
{
	if (wrong == SCORE_POOL_NO_ROOM)
		return "pinned memory does not fit the pool";
	*t = (struct text){};
	snprintf(t->s, sizeof(t->s), "%s", pin_condition_name(&a->slo->conditions[wrong]).s);
	return t->s;
}

static struct text limited_by(const struct score_pool_answer *a, const struct score_pool_result *x,
			      size_t i)
{
	const struct score_alone *v = &x->alone[i];
	const unsigned level = x->found.levels[i];
	struct text t, name;
	if (v->is_hopeless)
		return measured(a, v, 0);
	if (level < v->top && x->found.blocked_why[i] != POOL_WELL)
		snprintf(t.s, sizeof(t.s), "together: %.80s of %.80s",
			 wrong_name(a, x->found.blocked_why[i], &name),
			 a->vms[x->found.blocked_by[i]].name);
	else if (level < v->top)
		snprintf(t.s, sizeof(t.s), "together");
	else if (v->top + 1 == SCORE_POOL_LEVELS)
		snprintf(t.s, sizeof(t.s), "largest share tried");
	else if (v->failing[v->top + 1] >= 0)
		return measured(a, v, v->top + 1);
	else
		snprintf(t.s, sizeof(t.s), "all that would come back is pinned");
	return t;
}

/* ---- verdict ---- */

static uint64_t forced_bytes(const struct score_pool_answer *a, const struct score_pool_result *x,
			     uint64_t *own_out)
{
	uint64_t forced = 0;
	*own_out = 0;
	for (size_t i = 0; i < a->nvms; i++) {
		forced += score_pool_split(x, i).forced;
		*own_out += x->joint_bytes[i];
	}
	return forced;
}

/* Memory in use comes back as well, but at a price that the SLO may not name. */
static struct text warn(const struct score_pool_answer *a, const struct score_pool_result *x)
{
	uint64_t own;
	const uint64_t forced = forced_bytes(a, x, &own);
	struct text t = {};
	if (forced > own / 2)
		snprintf(t.s, sizeof(t.s), "  But %s of it is forced: the guests still used it.",
			 forced == own ? "all" : quantity_bytes(forced).s);
	return t;
}

static size_t count_taken(const struct score_pool_answer *a, const struct score_pool_result *x)
{
	size_t n = 0;
	for (size_t i = 0; i < a->nvms; i++)
		n += x->joint_bytes[i] > 0;
	return n;
}

/* Against the sum of what each would give alone. */
static struct text compare(const struct score_pool_result *x)
{
	const uint64_t own = x->back_bytes, alone = x->alone_bytes;
	struct text t;
	if (own == alone)
		snprintf(t.s, sizeof(t.s),
			 "as much as the VMs alone suggest: together they still meet the SLO");
	else if (own < alone)
		snprintf(
			t.s, sizeof(t.s),
			"%s less than the VMs alone would suggest, because their peaks coincide in "
			"what they share",
			pin_percent(quantity_ratio_ppm(alone - own, alone)).s);
	else
		snprintf(t.s, sizeof(t.s),
			 "%s by their own limits, as the rows say, and %s that the host takes in "
			 "turn "
			 "from whoever can spare it",
			 quantity_bytes(alone).s, quantity_bytes(own - alone).s);
	return t;
}

/* Nothing holds in the pool that was asked for. */
static void show_no(struct report *r, const struct score_pool_answer *a,
		    const struct score_pool_result *x)
{
	struct text name;
	for (size_t i = 0; i < a->nvms && !x->found.holds; i++)
		if (x->found.wrong_at_top[i] != POOL_WELL) {
			report_text(r,
				    "NO with %s: not even with nothing taken do all VMs meet the "
				    "SLO: %s of %s.",
				    x->name, wrong_name(a, x->found.wrong_at_top[i], &name),
				    a->vms[i].name);
			return;
		}
	struct text there = {};
	if (x->back_bytes)
		snprintf(there.s, sizeof(there.s), "There %.40s of %.40s would come back, %.200s.",
			 quantity_bytes(x->back_bytes).s,
			 quantity_bytes(x->all_pages * PAGE_BYTES).s, compare(x).s);
	else
		snprintf(there.s, sizeof(there.s), "None of them may be overcommitted.");
	report_text(r,
		    "NO with %s: these VMs need a host with %s for them; this one has %s, %s too "
		    "little. %s",
		    x->name, quantity_bytes(x->pool_pages * PAGE_BYTES).s,
		    quantity_bytes(x->asked_pages * PAGE_BYTES).s,
		    quantity_bytes((x->pool_pages - x->asked_pages) * PAGE_BYTES).s, there.s);
}

static void show_verdict(struct report *r, const struct score_pool_answer *a)
{
	const struct score_pool_result *x = &a->results[a->best];
	const size_t taken = count_taken(a, x);
	if (!score_pool_holds(x))
		show_no(r, a, x);
	else if (!taken && !x->back_bytes)
		report_text(r,
			    "None of %zu VMs may be overcommitted with %s: the rows say what stops "
			    "each.",
			    a->nvms, x->name);
	else
		report_text(
			r, "%zu of %zu VMs may be overcommitted with %s; %s of %s come back, %s.%s",
			taken, a->nvms, x->name, quantity_bytes(x->back_bytes).s,
			quantity_bytes(x->all_pages * PAGE_BYTES).s, compare(x).s, warn(a, x).s);
	report_text(r, "SLO of each VM: %s.  %s", a->slo->text,
		    a->is_aligned ? "VMs of one host, by their traces' wall clocks."
				  : "Not all traces tell their wall clock: they begin TOGETHER.");
}

/* ---- rows ---- */

enum { COLUMN_TRACE = 3 };

static const struct report_column columns[] = {
	{ "rank", "#", REPORT_U64, 0 },
	{ "design", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "vm", NULL, REPORT_TEXT, 0 },
	[COLUMN_TRACE] = { "trace", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "seed", NULL, REPORT_ID, REPORT_ONLY_JSON },
	{ "offset_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "vm_bytes", "memory", REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "safe_ppm", "alone", REPORT_PPM, 0 },
	{ "returned_bytes", "gives", REPORT_BYTES, 0 },
	{ "joint_ppm", "together", REPORT_PPM, 0 },
	{ "joint_returned_bytes", "gives", REPORT_BYTES, 0 },
	{ "never_touched_bytes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "cold_bytes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "forced_bytes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "iopf_failed", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_joined", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "iopf_max_1s", "worst 1s", REPORT_U64, 0 },
	{ "exposure_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "cpu_major", "CPU majfaults", REPORT_U64, 0 },
	{ "cpu_stall_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_in", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "swap_out", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "nic_gap_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "p9999_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pinned_mean_ppm", "pinned", REPORT_PPM, 0 },
	{ "lost_events", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "is_non_monotone", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
	{ "limited_by", "limited by", REPORT_TEXT, 0 },
};
enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

static void show_vm(struct report *r, const struct score_pool_answer *a,
		    const struct score_pool_result *x, size_t rank, size_t i)
{
	const struct pin_pool_vm *v = &a->vms[i];
	const struct score_alone *alone = &x->alone[i];
	const struct pin_result *p = &x->joint.vms[i].result;
	const struct score_pool_split split = score_pool_split(x, i);
	const unsigned *has = v->devices.ndevices;
	const struct report_value values[] = {
		REPORT_U(rank),
		REPORT_S(x->name),
		REPORT_S(v->name),
		REPORT_S(v->path),
		REPORT_U(pin_pool_seed(a->seed, v, a->nvms)),
		REPORT_U(v->offset_ns),
		REPORT_U(v->vm_pages),
		REPORT_U(v->vm_pages * PAGE_BYTES),
		REPORT_U(score_pool_levels_ppm[alone->top]),
		REPORT_U(alone->bytes[alone->top]),
		REPORT_U(score_pool_levels_ppm[x->found.levels[i]]),
		REPORT_U(x->joint_bytes[i]),
		REPORT_U(split.never_touched),
		REPORT_U(split.cold),
		REPORT_U(split.forced),
		REPORT_U(pin_iopf(&p->total)),
		REPORT_U(p->total.failed),
		REPORT_U(p->total.joined),
		REPORT_U(p->total.max_1s),
		REPORT_U(score_pool_exposure_ns(&alone->facts)),
		REPORT_U(p->host.major[TOUCH_CPU]),
		REPORT_U(p->cpu_stall_ns),
		REPORT_U(p->host.swap_in),
		REPORT_U(p->host.swap_out),
		has[PIN_NIC] ? REPORT_U(p->effect.nic_gap_ns) : REPORT_NULL(),
		has[PIN_BLOCK] ? REPORT_U(p->effect.block_ns[PIN_GOAL_P9999 - PIN_GOAL_P50])
			       : REPORT_NULL(),
		REPORT_U(p->pinned_mean_ppm),
		REPORT_U(a->lost_events[i]),
		REPORT_B(alone->is_non_monotone),
		REPORT_S(limited_by(a, x, i).s),
	};
	_Static_assert(sizeof(values) / sizeof(*values) == COLUMNS, "a value a column");
	report_row(r, values);
}

static void show_vms(struct report *r, const struct score_pool_answer *a, bool is_json)
{
	size_t order[PIN_POOL_VMS_MAX];
	struct report_column shown[COLUMNS];
	memcpy(shown, columns, sizeof(columns));
	for (size_t i = 0; i < a->nvms;
	     i++) /* of VMs with one name the file tells which is which */
		if (strchr(a->vms[i].name, '#'))
			shown[COLUMN_TRACE].where = REPORT_EVERYWHERE;
	report_table(r, "rows", NULL, shown, COLUMNS);
	for (size_t d = 0; d < a->ndesigns; d++) {
		const struct score_pool_result *x = &a->results[d];
		if (!is_json && d != a->best)
			continue;
		score_pool_rank(a, x, order);
		for (size_t i = 0; i < a->nvms; i++)
			show_vm(r, a, x, i + 1, order[i]);
	}
}

static const struct report_column pool_columns[] = {
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "is_best", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
	{ "holds", "holds", REPORT_BOOL, 0 },
	{ "vms", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "overcommitted", "VMs", REPORT_U64, 0 },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pool_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pool_bytes", "pool", REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "needed_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "needed_bytes", "needs", REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "limits_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "alone_returned_bytes", "apart", REPORT_BYTES, 0 },
	{ "joint_returned_bytes", "comes back", REPORT_BYTES, 0 },
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "iopf_max_1s", "worst 1s of all", REPORT_U64, 0 },
	{ "cpu_major", "CPU majfaults", REPORT_U64, 0 },
	{ "swap_busy_ppm", "swap busy", REPORT_PPM, 0 },
	{ "swap_peak_ppm", "peak 1s", REPORT_PPM, 0 },
	{ "swap_wait_max_ns", "longest wait", REPORT_NS, 0 },
	{ "replays", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "is_cut", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
	{ "is_non_monotone", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
};

static void show_pools(struct report *r, const struct score_pool_answer *a)
{
	report_table(r, "pools", NULL, pool_columns, sizeof(pool_columns) / sizeof(*pool_columns));
	for (size_t d = 0; d < a->ndesigns; d++) {
		const struct score_pool_result *x = &a->results[d];
		uint64_t iopf = 0, major = 0;
		for (size_t i = 0; i < a->nvms; i++) {
			iopf += pin_iopf(&x->joint.vms[i].result.total);
			major += x->joint.vms[i].result.host.major[TOUCH_CPU];
		}
		const bool has_need = x->found.holds;
		const struct report_value values[] = {
			REPORT_S(x->name),
			REPORT_B(d == a->best),
			REPORT_B(score_pool_holds(x)),
			REPORT_U(a->nvms),
			REPORT_U(count_taken(a, x)),
			REPORT_U(x->all_pages),
			REPORT_U(x->asked_pages),
			REPORT_U(x->asked_pages * PAGE_BYTES),
			has_need ? REPORT_U(least(x->pool_pages, x->limits_pages)) : REPORT_NULL(),
			has_need ? REPORT_U(least(x->pool_pages, x->limits_pages) * PAGE_BYTES)
				 : REPORT_NULL(),
			REPORT_U(x->limits_pages),
			REPORT_U(x->alone_bytes),
			REPORT_U(x->back_bytes),
			REPORT_U(iopf),
			REPORT_U(x->joint.max_1s),
			REPORT_U(major),
			REPORT_U(x->joint.swap_busy_ppm),
			REPORT_U(x->joint.swap_peak_ppm),
			REPORT_U(x->joint.swap_wait_max_ns),
			REPORT_U(x->tries),
			REPORT_B(x->found.is_cut),
			REPORT_B(x->found.is_non_monotone),
		};
		_Static_assert(sizeof(values) / sizeof(*values) ==
				       sizeof(pool_columns) / sizeof(*pool_columns),
			       "a value a column");
		report_row(r, values);
	}
}

static const struct report_column other_columns[] = {
	{ "vm", NULL, REPORT_TEXT, 0 },
	{ "trace", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "vm_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "vm_bytes", "memory", REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "reason", "not judged, because", REPORT_TEXT, 0 },
};

static void show_others(struct report *r, const struct score_pool_answer *a)
{
	if (!a->nothers)
		return;
	report_table(r, "not_judged", NULL, other_columns,
		     sizeof(other_columns) / sizeof(*other_columns));
	for (size_t i = 0; i < a->nothers; i++) {
		const struct score_pool_other *o = &a->others[i];
		const struct report_value values[] = {
			REPORT_S(o->name),
			REPORT_S(o->path),
			o->vm_pages ? REPORT_U(o->vm_pages) : REPORT_NULL(),
			o->vm_pages ? REPORT_U(o->vm_pages * PAGE_BYTES) : REPORT_NULL(),
			REPORT_S(o->why),
		};
		report_row(r, values);
	}
}

/* ---- below the tables ---- */

static void show_split(struct report *r, const struct score_pool_answer *a,
		       const struct score_pool_result *x)
{
	struct score_pool_split sum = {};
	uint64_t own = 0;
	for (size_t i = 0; i < a->nvms; i++) {
		const struct score_pool_split s = score_pool_split(x, i);
		sum.never_touched += s.never_touched;
		sum.cold += s.cold;
		sum.forced += s.forced;
		own += x->joint_bytes[i];
	}
	if (own)
		report_text(r,
			    "Of the %s that the VMs' own limits take %s was never touched, %s is "
			    "cold ([memory] age), %s is forced.",
			    quantity_bytes(own).s, quantity_bytes(sum.never_touched).s,
			    quantity_bytes(sum.cold).s, quantity_bytes(sum.forced).s);
}

/* Guests pay for memory that is gone with faults of their own. */
static void show_cost(struct report *r, const struct score_pool_answer *a,
		      const struct score_pool_result *x)
{
	uint64_t major = 0, longest_ns = 0;
	bool is_bound = false;
	for (unsigned i = 0; i < a->slo->n; i++)
		is_bound |= a->slo->conditions[i].metric == PIN_GOAL_CPU_MAJOR ||
			    a->slo->conditions[i].metric == PIN_GOAL_CPU_STALL;
	for (size_t i = 0; i < a->nvms; i++) {
		const uint64_t ns = score_pool_exposure_ns(&x->alone[i].facts);
		major += x->joint.vms[i].result.host.major[TOUCH_CPU];
		longest_ns = ns > longest_ns ? ns : longest_ns;
	}
	if (major)
		report_text(r, "The guests' CPUs pay %s major faults for it, %s/s in all%s.",
			    quantity_count(major).s, pin_per_second(major, longest_ns).s,
			    is_bound ? "" : "; the SLO sets no bound (cpu_major<=5/s would)");
}

static void show_device(struct report *r, const struct score_pool_result *x)
{
	enum { IDLE_PPM = 500000 };
	if (x->joint.swap_peak_ppm >= PPM_PER_ONE)
		report_text(r,
			    "The swap device is the narrow place: in its busiest second %s of what "
			    "it can do came, and somebody waited %s. A faster one gives more.",
			    pin_percent(x->joint.swap_peak_ppm / 10000 * 10000).s,
			    quantity_ns(x->joint.swap_wait_max_ns).s);
	else if (x->joint.swap_peak_ppm < IDLE_PPM && x->back_bytes < x->alone_bytes)
		report_text(r,
			    "The swap device is not what stops them: %s of it in its busiest "
			    "second.",
			    quantity_ppm(x->joint.swap_peak_ppm).s);
}

/* The VM that gives least of what it has, among those that the SLO stops. */
static void show_next(struct report *r, const struct score_pool_answer *a,
		      const struct score_pool_result *x)
{
	size_t best = a->nvms;
	uint64_t most = 0;
	for (size_t i = 0; i < a->nvms; i++) {
		const struct score_alone *v = &x->alone[i];
		const uint64_t kept = a->vms[i].vm_pages * PAGE_BYTES - x->joint_bytes[i];
		if (v->top + 1 < SCORE_POOL_LEVELS && v->failing[v->top + 1] >= 0 && kept > most) {
			most = kept;
			best = i;
		}
	}
	if (best == a->nvms)
		return;
	report_text(r,
		    "Next: pugmark pin %s --design %s --overcommit %llu%% --seed %llu --goal '%s' "
		    "--explain tells what stops %s.",
		    a->vms[best].path, x->alone[best].design.path,
		    (unsigned long long)score_pool_levels_ppm[x->alone[best].top + 1] /
			    (PPM_PER_ONE / 100),
		    (unsigned long long)pin_pool_seed(a->seed, &a->vms[best], a->nvms),
		    a->slo->text, a->vms[best].name);
}

static void show_maps(struct report *r, const struct score_pool_answer *a)
{
	if (!a->maps)
		report_text(r, "What to pin of each: --pin-maps DIR writes it down for the VMM.");
	else if (a->nmaps)
		report_text(r, "%zu pin map%s in %s.", a->nmaps, a->nmaps == 1 ? "" : "s", a->maps);
	else
		report_text(r, "No pin map: no VM may be overcommitted.");
}

static void show_search(struct report *r, const struct score_pool_result *x)
{
	const char *what =
		score_pool_holds(x) ? "it holds, nothing proves that no other choice gives more"
		: x->found.holds    ? "the choice holds in the larger host that is told above"
				    : "no choice that was tried holds";
	report_text(
		r,
		"Found by search over shares of %s to %s, %u replay%s of all VMs: %s. Limits of "
		"the VMs cannot give more than %s.",
		pin_percent(score_pool_levels_ppm[1]).s,
		pin_percent(score_pool_levels_ppm[SCORE_POOL_LEVELS - 1]).s, x->tries,
		x->tries == 1 ? "" : "s", what, quantity_bytes(x->alone_bytes).s);
	if (x->found.is_cut)
		report_text(r, "The search was ended before it was through.");
	if (x->found.is_non_monotone)
		report_text(r, "Non-monotone: taking less was worse in some replay.");
}

static void show_notes(struct report *r, const struct score_pool_answer *a)
{
	const struct score_pool_result *x = &a->results[a->best];
	uint64_t others = 0;
	bool is_guessed = false, is_bumpy = false;
	show_split(r, a, x);
	show_cost(r, a, x);
	show_device(r, x);
	show_search(r, x);
	for (size_t i = 0; i < a->nvms; i++) {
		is_guessed |= x->alone[i].companion != PIN_BY_TRACE;
		is_bumpy |= x->alone[i].is_non_monotone;
		if (a->lost_events[i])
			report_text(r, "%s lost %s events: it may have more faults than these.",
				    a->vms[i].name, quantity_count(a->lost_events[i]).s);
	}
	if (is_bumpy)
		report_text(r, "Of some VMs a larger share meets the SLO again (is_non_monotone): "
			       "what counts is the largest below which all do.");
	if (is_guessed)
		report_text(r, "Some traces have no cpu rows: their CPUs are a declared load "
			       "([background]), which is a guess.");
	for (size_t i = 0; i < a->nothers; i++)
		others += a->others[i].vm_pages;
	if (others)
		report_text(r, "VMs that are not judged keep their %s beside the pool.",
			    quantity_bytes(others * PAGE_BYTES).s);
	report_text(r, "%zu of %zu inputs are guesses: --assumptions.", a->nguesses, a->nparams);
	show_maps(r, a);
	show_next(r, a, x);
}

void score_pool_report(struct report *r, const struct score_pool_answer *a, bool is_json)
{
	report_member_text(r, "slo", a->slo->text);
	report_member_text(r, "clocks", a->is_aligned ? "wall" : "begin together");
	show_verdict(r, a);
	show_vms(r, a, is_json);
	show_pools(r, a);
	show_others(r, a);
	show_notes(r, a);
}
