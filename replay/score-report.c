// SPDX-License-Identifier: MIT
/* Verdict, a row a design, what was not run and why. */
#include "replay/score-report.h"

#include "base/quantity.h"
#include "replay/nvme-report.h"
#include "replay/pin-consequence.h"
#include "replay/score-choice.h"
#include "replay/score-confidence.h"
#include "replay/score-fit.h"
#include "sim/iopf.h"

#include <stdio.h>
#include <string.h>

/* The safe ones give nothing: do others? */
static void show_nothing(struct report *r, const struct score_answer *a)
{
	bool is_any = false;
	for (size_t i = 0; i < a->ndesigns; i++)
		is_any |= a->results[i].memory.returned_bytes > 0;
	if (is_any)
		report_text(r,
			    "No safe design gives memory back: those that do have more than %d I/O "
			    "page faults in their worst second, or fail some.",
			    SCORE_SAFE_MAX_1S);
	else
		report_text(r, "No design gives memory back: all of it stays pinned, or "
			       "memory.overcommit is 0.");
}

/* Without memory what tells designs apart is page walks. */
static void show_walk_verdict(struct report *r, const struct score_answer *a)
{
	const struct score_result *least = NULL, *most = NULL;
	for (size_t i = 0; i < a->ndesigns; i++) {
		const struct score_result *x = &a->results[i];
		if (!x->ran[SCORE_WALK])
			continue;
		least = !least || x->walk.placed_cycles < least->walk.placed_cycles ? x : least;
		most = !most || x->walk.placed_cycles > most->walk.placed_cycles ? x : most;
	}
	if (least && least->walk.placed_cycles < most->walk.placed_cycles)
		report_text(r,
			    "With page walks %s takes fewest cycles: %s of those of %s, which "
			    "takes most.",
			    least->design->name,
			    quantity_ppm(numa_ratio_ppm(least->walk.placed_cycles,
							most->walk.placed_cycles))
				    .s,
			    most->design->name);
}

/* ", as vpri and best do (within 1 %), at the least cost of CPU" */
static void say_ties(const struct score_answer *a, size_t best, char *out, size_t size)
{
	size_t n = 0, at = 0, told = 0;
	for (size_t i = 0; i < a->ndesigns; i++)
		n += i != best && score_is_tie(a, i);
	*out = '\0';
	for (size_t i = 0; i < a->ndesigns && n; i++) {
		if (i == best || !score_is_tie(a, i))
			continue;
		const char *before = !told ? ", as " : told + 1 == n ? " and " : ", ";
		const int len = snprintf(out + at, size - at, "%s%.60s", before,
					 a->results[i].design->name);
		at += (size_t)len < size - at ? (size_t)len : size - at - 1;
		told++;
	}
	if (n)
		snprintf(out + at, size - at, " do%s (within %d %%), at the least cost of CPU",
			 n == 1 ? "es" : "", SCORE_TIE_PPM / 10000);
}

static void show_winner(struct report *r, const struct score_answer *a, size_t best)
{
	const struct score_means m = score_means(a, best);
	char ties[512], faults[80];
	say_ties(a, best, ties, sizeof(ties));
	if (m.iopf_least == m.iopf_most)
		snprintf(faults, sizeof(faults), "%s", quantity_count(m.iopf_most).s);
	else
		snprintf(faults, sizeof(faults), "%s to %s", quantity_count(m.iopf_least).s,
			 quantity_count(m.iopf_most).s);
	report_text(r,
		    "%s gives back most of those that are safe%s: %s%s, for %s of a core of the "
		    "host and %s of one of the guest, whose CPUs wait %s of the time for pages; "
		    "%s I/O page faults, at most %llu in a second.",
		    a->results[best].design->name, ties, quantity_bytes(m.returned_bytes).s,
		    a->nseeds > 1 ? " (mean of seeds)" : "", quantity_ppm(m.host_ppm).s,
		    quantity_ppm(m.guest_ppm).s, quantity_ppm(m.stalled_ppm).s, faults,
		    (unsigned long long)m.max_1s);
}

static void show_verdict(struct report *r, const struct score_answer *a)
{
	const struct score_result *best = score_best(a);
	bool has_memory = false;
	for (size_t i = 0; i < a->ndesigns; i++)
		has_memory |= a->results[i].ran[SCORE_MEMORY];
	if (!has_memory) {
		report_text(r, "No design has [memory] and a trace with dma rows: nothing says how "
			       "much memory one gives back.");
		show_walk_verdict(r, a);
		return;
	}
	if (!best) {
		report_text(r,
			    "No design keeps below %d I/O page faults in the worst second and "
			    "serves them all.",
			    SCORE_SAFE_MAX_1S + 1);
		return;
	}
	if (!best->memory.returned_bytes) {
		show_nothing(r, a);
		return;
	}
	show_winner(r, a, (size_t)(best - a->results));
}

static struct report_value if_ran(const struct score_result *r, enum score_part part, uint64_t v)
{
	return r->ran[part] ? REPORT_U(v) : REPORT_NULL();
}

static struct report_value if_class(const struct score_answer *a, const struct score_result *r,
				    enum pin_class k, uint64_t v)
{
	return r->ran[SCORE_MEMORY] && a->input->devices.ndevices[k] ? REPORT_U(v) : REPORT_NULL();
}

static struct report_value if_class_of_walk(const struct score_result *r, enum numa_class k)
{
	const struct numa_counts *c = &r->numa.result.counts;
	return if_ran(r, SCORE_NUMA, quantity_ratio_ppm(c->classes[k], c->walks));
}

/* Where a column stands on a screen, which has two tables; JSON has one with all. */
enum screen {
	ON_NONE,
	ON_FIRST = 1,  /* memory and faults */
	ON_SECOND = 2, /* what it does to I/O, page walks, cores */
	ON_BOTH = ON_FIRST | ON_SECOND,
};

struct column {
	struct report_column is;
	enum screen screen;
};

enum { COLUMN_SEED = 1 };

static const struct column columns[] = {
	{ { "design", NULL, REPORT_TEXT, 0 }, ON_BOTH },
	[COLUMN_SEED] = { { "seed", NULL, REPORT_ID, 0 }, ON_NONE },
	{ { "policy", NULL, REPORT_TEXT, 0 }, ON_FIRST },
	{ { "backend", NULL, REPORT_TEXT, 0 }, ON_FIRST },
	{ { "overcommit_ppm", "over", REPORT_PPM, 0 }, ON_FIRST },
	{ { "returned_bytes", "returned", REPORT_BYTES, 0 }, ON_FIRST },
	{ { "iopf", "IOPF", REPORT_U64, 0 }, ON_FIRST },
	{ { "iopf_least", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "iopf_most", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "iopf_first_half", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "iopf_failed", "failed", REPORT_U64, 0 }, ON_FIRST },
	{ { "iopf_max_1s", "worst 1s", REPORT_U64, 0 }, ON_FIRST },
	{ { "exposure_ns", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "cpu_major", "CPU majfaults", REPORT_U64, 0 }, ON_FIRST },
	{ { "cpu_stall_ns", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "cpu_stalled", "CPU stalled", REPORT_PPM, REPORT_ONLY_TABLE }, ON_FIRST },
	{ { "pinned_mean_ppm", "pinned", REPORT_PPM, 0 }, ON_FIRST },
	{ { "nic_gap_ns", "NIC gap", REPORT_NS, 0 }, ON_SECOND },
	{ { "nic_drops", "drops", REPORT_U64, 0 }, ON_SECOND },
	{ { "p99_base_ns", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "p99_ns", "P99", REPORT_NS, 0 }, ON_SECOND },
	{ { "p999_base_ns", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "p999_ns", "P99.9", REPORT_NS, 0 }, ON_SECOND },
	{ { "p9999_base_ns", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "p9999_ns", "P99.99", REPORT_NS, 0 }, ON_SECOND },
	{ { "p9999_change", "P99.99 rises", REPORT_TEXT, REPORT_ONLY_TABLE }, ON_SECOND },
	{ { "requests", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "milli_iops", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "stalls", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "stalled_ns", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "total_refs", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "split_ppm", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "walk_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "total_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "walk_share_ppm", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "placed_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "placed_share_ppm", "walks", REPORT_PPM, 0 }, ON_SECOND },
	{ { "revoke_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "numa_walks", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "numa_walk_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "gpt_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "ept_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "numa_local_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "numa_unfixed_cycles", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "ll_ppm", "walks local", REPORT_PPM, 0 }, ON_SECOND },
	{ { "lr_ppm", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "rl_ppm", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "rr_ppm", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "run_over_local_ppm", "time over LL", REPORT_PPM, 0 }, ON_SECOND },
	{ { "numa_walk_share_ppm", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "update_cycles", "update cycles", REPORT_U64, 0 }, ON_SECOND },
	{ { "copies_bytes", "copies", REPORT_BYTES, 0 }, ON_SECOND },
	{ { "memory_bytes", NULL, REPORT_U64, 0 }, ON_NONE },
	{ { "host_cores_ppm", "host cores", REPORT_PPM, 0 }, ON_SECOND },
	{ { "guest_cores_ppm", "guest's", REPORT_PPM, 0 }, ON_SECOND },
	{ { "bitmap_bytes", "on the device", REPORT_BYTES, 0 }, ON_SECOND },
	{ { "is_pareto", "Pareto", REPORT_BOOL, 0 }, ON_FIRST },
};

enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

/* r NULL: nothing is shown, has_value is told which columns are not empty. */
static void show_row(struct report *r, const struct score_answer *a, size_t seed, size_t design,
		     bool *has_value)
{
	const struct score_result *x = &a->results[seed * a->ndesigns + design];
	const struct score_design *d = x->design;
	const struct score_memory *m = &x->memory;
	const struct pin_result *p = &m->job.result;
	const struct score_nvme *n = &x->nvme;
	const struct score_numa *u = &x->numa;
	const bool has_memory = x->ran[SCORE_MEMORY], has_nvme = x->ran[SCORE_NVME];
	const struct score_means means = score_means(a, design);
	const struct report_value values[] = {
		REPORT_S(d->name),
		REPORT_U(a->seeds[seed]),
		REPORT_S(has_memory ? d->policy.policy->name : NULL),
		REPORT_S(has_memory ? iopf_backend_names[d->pin.iopf->backend] : NULL),
		if_ran(x, SCORE_MEMORY, d->overcommit_ppm),
		if_ran(x, SCORE_MEMORY, m->returned_bytes),
		if_ran(x, SCORE_MEMORY, pin_iopf(&p->total)),
		if_ran(x, SCORE_MEMORY, means.iopf_least),
		if_ran(x, SCORE_MEMORY, means.iopf_most),
		if_ran(x, SCORE_MEMORY, p->total.first_half),
		if_ran(x, SCORE_MEMORY, p->total.failed),
		if_ran(x, SCORE_MEMORY, p->total.max_1s),
		if_ran(x, SCORE_MEMORY, m->exposure_ns),
		if_ran(x, SCORE_MEMORY, p->host.major[TOUCH_CPU]),
		if_ran(x, SCORE_MEMORY, p->cpu_stall_ns),
		if_ran(x, SCORE_MEMORY, m->stalled_ppm),
		if_ran(x, SCORE_MEMORY, p->pinned_mean_ppm),
		if_class(a, x, PIN_NIC, p->effect.nic_gap_ns),
		if_class(a, x, PIN_NIC, p->effect.nic_drops),
		if_ran(x, SCORE_NVME, n->base_ns[0]),
		if_ran(x, SCORE_NVME, n->ns[0]),
		if_ran(x, SCORE_NVME, n->base_ns[1]),
		if_ran(x, SCORE_NVME, n->ns[1]),
		if_ran(x, SCORE_NVME, n->base_ns[2]),
		if_ran(x, SCORE_NVME, n->ns[2]),
		REPORT_S(has_nvme ? pin_rise(n->ns[2], n->base_ns[2]).s : NULL),
		if_ran(x, SCORE_NVME, n->requests),
		if_ran(x, SCORE_NVME, n->milli_iops),
		if_ran(x, SCORE_NVME, n->stalls),
		if_ran(x, SCORE_NVME, n->stalled_ns),
		if_ran(x, SCORE_WALK, x->walk.counts.total_refs),
		if_ran(x, SCORE_WALK, m->split_ppm),
		if_ran(x, SCORE_WALK, x->walk.cycles.walk),
		if_ran(x, SCORE_WALK, x->walk.cycles.total),
		if_ran(x, SCORE_WALK, x->walk.cycles.translation_ppm),
		if_ran(x, SCORE_WALK, x->walk.placed_cycles),
		if_ran(x, SCORE_WALK, x->walk.placed_ppm),
		if_ran(x, SCORE_WALK, x->revoke_cycles),
		if_ran(x, SCORE_NUMA, u->result.counts.walks),
		if_ran(x, SCORE_NUMA, u->cycles),
		if_ran(x, SCORE_NUMA, u->result.cycles[NUMA_GPT]),
		if_ran(x, SCORE_NUMA, u->result.cycles[NUMA_EPT]),
		if_ran(x, SCORE_NUMA, u->local_cycles),
		if_ran(x, SCORE_NUMA, u->unfixed_cycles),
		if_class_of_walk(x, NUMA_LL),
		if_class_of_walk(x, NUMA_LR),
		if_class_of_walk(x, NUMA_RL),
		if_class_of_walk(x, NUMA_RR),
		u->run_over_local_ppm ? REPORT_U(u->run_over_local_ppm) : REPORT_NULL(),
		u->run_over_local_ppm ? REPORT_U(u->walk_share_ppm) : REPORT_NULL(),
		if_ran(x, SCORE_NUMA, u->result.update_cycles),
		has_memory ? if_ran(x, SCORE_NUMA, m->copies_bytes) : REPORT_NULL(),
		if_ran(x, SCORE_NUMA, u->result.memory_bytes),
		has_memory || has_nvme ? REPORT_U(x->host_ppm) : REPORT_NULL(),
		has_memory || has_nvme ? REPORT_U(x->guest_ppm) : REPORT_NULL(),
		if_ran(x, SCORE_MEMORY, m->bitmap_bytes),
		REPORT_B(x->is_pareto),
	};
	_Static_assert(sizeof(values) / sizeof(*values) == COLUMNS, "a value a column");
	for (size_t i = 0; i < COLUMNS; i++)
		has_value[i] |= !values[i].is_null;
	if (r)
		report_row(r, values);
}

/* Designs that lack a part for the same reason share a line. */
static void show_absent(struct report *r, const struct score_answer *a)
{
	for (unsigned p = 0; p < SCORE_PARTS; p++) {
		const char *why = NULL;
		size_t n = 0;
		for (size_t i = 0; i < a->ndesigns; i++) {
			n += a->results[i].why_not[p] != NULL;
			why = why ? why : a->results[i].why_not[p];
		}
		if (why)
			report_text(r, "[%s] of %zu design%s was not run: %s.", score_part_names[p],
				    n, n == 1 ? "" : "s", why);
	}
}

/* Where the memory part has its numbers from, and traces that nobody read. */
static void show_inputs(struct report *r, const struct score_answer *a)
{
	const struct score_result *x = NULL;
	for (size_t i = 0; i < a->ndesigns && !x; i++)
		x = a->results[i].ran[SCORE_MEMORY] ? &a->results[i] : NULL;
	if (x)
		report_text(r, "Memory of the VM: %s (%s).  CPU: %s.",
			    quantity_bytes(x->memory.facts.vm_pages * PAGE_BYTES).s, a->memory_from,
			    x->memory.job.companion == PIN_BY_TRACE
				    ? "the trace's"
				    : "a declared load ([background]), which is a guess");
	for (size_t i = 0; i < a->nunused; i++)
		report_text(r, "%s was not used: another trace has its rows, or it has none.",
			    a->unused[i]);
}

/* A quantile beyond the last request is the longest one. */
static void show_few(struct report *r, const struct score_answer *a)
{
	enum { ENOUGH = 10000 };
	for (size_t i = 0; i < a->ndesigns; i++) {
		const struct score_result *x = &a->results[i];
		if (!x->ran[SCORE_NVME] || x->nvme.requests >= ENOUGH)
			continue;
		report_text(r, "Only %s requests: P99.99 is the longest one.",
			    quantity_count(x->nvme.requests).s);
		return;
	}
}

/* What the place of page tables rests on, and where the replay of it is not to be trusted. */
static void show_numa(struct report *r, const struct score_answer *a)
{
	const struct score_result *first = NULL;
	size_t without = 0;
	for (size_t i = 0; i < a->ndesigns; i++) {
		const struct score_result *x = &a->results[i];
		without += x->ran[SCORE_WALK] && !x->ran[SCORE_NUMA];
		first = first || !x->ran[SCORE_NUMA] ? first : x;
		const struct score_numa *u = &x->numa;
		if (x->ran[SCORE_NUMA] && u->unfixed_cycles > u->cycles)
			report_text(r,
				    "%s: where tables lie, walks would take %s of these cycles if "
				    "nothing were done about it.",
				    x->design->name,
				    quantity_ppm(numa_ratio_ppm(u->unfixed_cycles, u->cycles)).s);
		if (x->ran[SCORE_NUMA] && u->result.is_bandwidth_bound)
			report_text(r,
				    "WARNING %s: bandwidth counts here, which the replay of page "
				    "tables leaves out: pugmark numa replay.",
				    x->design->name);
	}
	if (!first)
		return;
	const struct param_entry *remote =
		param_find(&first->numa.result.design->set, "machine", "remote");
	if (remote)
		report_text(r,
			    "Page tables on nodes ([numa]): machine.remote = %s of local (%s%s%s).",
			    remote->text, param_kind_names[remote->kind],
			    *remote->source ? ": " : "", remote->source);
	if (without)
		report_text(r,
			    "%zu design%s without [numa]: all page tables are taken to be local "
			    "there.  On one host: --set numa.gpt=remote --set numa.ept=remote.",
			    without, without == 1 ? "" : "s");
	if (first->numa.result.is_cold)
		report_text(r, "WARNING: the warm-up has not filled a socket's cache: walks look "
			       "dearer by node than in a longer trace.");
}

/* How requests arrive: a closed load of low depth hides stalls. */
static void show_load(struct report *r, const struct score_answer *a, bool is_generated)
{
	if (!is_generated) {
		report_text(r,
			    "Block I/O: at the times of the trace (open arrivals); a fault stops "
			    "the [nvme-load] stall_scope.");
		return;
	}
	const struct nvme_config *first = NULL;
	bool is_closed = false;
	for (size_t i = 0; i < a->ndesigns; i++) {
		const struct nvme_config *c = &a->results[i].design->nvme.config;
		if (!a->results[i].ran[SCORE_NVME])
			continue;
		first = first ? first : c;
		is_closed |= c->load.arrival == NVME_CLOSED;
	}
	report_text(
		r,
		"Block I/O: generated (%s)%s; faults stop the [nvme-load] stall_scope as a Poisson "
		"stream of their rate.",
		nvme_load_text(first).s,
		is_closed ? ", a CLOSED load, which hides stalls: --set "
			    "nvme-load.arrival=poisson --set nvme-load.rate=5000/s shows them"
			  : "");
}

/* What a reader must know beside the table. */
static void show_notes(struct report *r, const struct score_answer *a)
{
	bool is_generated = false, has_nvme = false;
	show_inputs(r, a);
	show_absent(r, a);
	show_few(r, a);
	for (size_t i = 0; i < a->ndesigns; i++) {
		const struct score_result *x = &a->results[i];
		const char *remark;
		for (size_t k = 0; (remark = score_fit_remark(x->design, k)); k++)
			report_text(r, "%s: %s.", x->design->name, remark);
		has_nvme |= x->ran[SCORE_NVME];
		is_generated |= x->ran[SCORE_NVME] && x->nvme.is_generated;
	}
	if (has_nvme)
		show_load(r, a, is_generated);
	show_numa(r, a);
	for (size_t i = 0; i < a->ndesigns && a->nseeds > 1; i++) {
		const struct score_means m = score_means(a, i);
		if (!a->results[i].ran[SCORE_MEMORY])
			continue;
		report_text(r, "%s: %s to %s I/O page faults over %zu seeds.",
			    a->results[i].design->name, quantity_count(m.iopf_least).s,
			    quantity_count(m.iopf_most).s, a->nseeds);
	}
	report_text(
		r,
		"%zu of %zu inputs are guesses: --assumptions.  Next: pugmark pin, nvme or walk "
		"--design with one of these shows its part alone.",
		a->nguesses, a->nparams);
}

static void show_rows(struct report *r, const struct score_answer *a, bool *has_value)
{
	for (size_t s = 0; s < a->nseeds; s++)
		for (size_t d = 0; d < a->ndesigns; d++)
			show_row(r, a, s, d, has_value);
}

/* A column without a value in any row would crowd a screen. */
static void show_table(struct report *r, const struct score_answer *a, enum screen screen,
		       bool *has_value)
{
	struct report_column shown[COLUMNS];
	bool is_any = false;
	for (size_t i = 0; i < COLUMNS; i++) {
		const bool is_seed = i == COLUMN_SEED && a->nseeds > 1;
		const bool is_here = is_seed || (columns[i].screen & screen && has_value[i]);
		shown[i] = columns[i].is;
		is_any |= is_here && columns[i].screen == screen;
		if (!is_here)
			shown[i].where = shown[i].where == REPORT_ONLY_TABLE ? REPORT_NOWHERE
									     : REPORT_ONLY_JSON;
	}
	if (screen == ON_SECOND && !is_any)
		return;
	report_table(r, screen == ON_FIRST ? "rows" : NULL, NULL, shown, COLUMNS);
	show_rows(r, a, has_value);
}

void score_report(struct report *r, const struct score_answer *a)
{
	bool has_value[COLUMNS] = {};
	const struct score_result *best = score_best(a);
	report_member_text(r, "verdict_design",
			   best && best->memory.returned_bytes ? best->design->name : NULL);
	report_member_u64(r, "lost_events", a->lost_events);
	show_verdict(r, a);
	score_show_confidence(r, a);
	show_rows(NULL, a, has_value);
	show_table(r, a, ON_FIRST, has_value);
	show_table(r, a, ON_SECOND, has_value);
	show_notes(r, a);
}
