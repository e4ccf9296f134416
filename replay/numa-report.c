// SPDX-License-Identifier: MIT
/* The screens of `pugmark numa replay`. */
#include "replay/numa-answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const view_names[] = { "visible", "oblivious", "told", "measured" };

static const struct report_column columns[] = {
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "mode", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "span", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "guest_view", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "nodes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "run_over_local_ppm", "time over LL", REPORT_PPM, 0 },
	{ "walk_share_ppm", "in walks", REPORT_PPM, 0 },
	{ "rows", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "walks", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "walk_cycles", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "gpt_cycles", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "ept_cycles", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "native_walk_cycles", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "work_cycles", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "run_cycles", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "cycles_per_walk", "cycles/walk", REPORT_U64, REPORT_ONLY_TABLE },
	{ "gpt_cached", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "gpt_local", "gPT local", REPORT_U64, 0 },
	{ "gpt_remote", "remote", REPORT_U64, 0 },
	{ "gpt_contended", "contended", REPORT_U64, 0 },
	{ "ept_cached", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "ept_local", "ePT local", REPORT_U64, 0 },
	{ "ept_remote", "remote", REPORT_U64, 0 },
	{ "ept_contended", "contended", REPORT_U64, 0 },
	{ "ll_ppm", "LL", REPORT_PPM, 0 },
	{ "lr_ppm", "LR", REPORT_PPM, 0 },
	{ "rl_ppm", "RL", REPORT_PPM, 0 },
	{ "rr_ppm", "RR", REPORT_PPM, 0 },
	{ "map_updates", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "unmap_updates", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "protect_updates", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "update_cycles", "update cycles", REPORT_U64, 0 },
	{ "gpt_tables", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "ept_tables", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "memory_bytes", "memory", REPORT_BYTES, 0 },
	{ "vm_memory_bytes", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "data_local", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "data_remote", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "data_contended", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "is_cold", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
	{ "is_bandwidth_bound", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
};

static uint64_t cached(const struct numa_result *x, int t)
{
	return x->counts.refs[t][NUMA_IN_L2] + x->counts.refs[t][NUMA_IN_LLC];
}

#define KNOWN(v) (x->run_cycles ? REPORT_U(v) : REPORT_NULL())
#define AT(t, s) REPORT_U(x->counts.refs[t][s])
#define SHARE(c) REPORT_U(quantity_ratio_ppm(x->counts.classes[c], x->counts.walks))

static void put_row(struct report *r, const struct numa_answer *a, const struct numa_result *x)
{
	const struct numa_design *d = x->design;
	const uint64_t walks = x->counts.walks, cycles = x->cycles[NUMA_TABLES];

	report_row(r,
		   (struct report_value[]){
			   REPORT_S(d->name),
			   REPORT_S(numa_kind(a, x)),
			   REPORT_S(walk_mode_names[d->walk.mode]),
			   REPORT_S(d->numa.span == NUMA_WIDE ? "wide" : "thin"),
			   REPORT_S(view_names[d->numa.view]),
			   REPORT_U(d->numa.nodes),
			   KNOWN(numa_slowdown_ppm(x)),
			   KNOWN(PPM_PER_ONE - quantity_ratio_ppm(x->work_cycles, x->run_cycles)),
			   REPORT_U(x->counts.rows),
			   REPORT_U(walks),
			   REPORT_U(cycles),
			   REPORT_U(x->cycles[NUMA_GPT]),
			   REPORT_U(x->cycles[NUMA_EPT]),
			   REPORT_U(x->native_cycles),
			   KNOWN(x->work_cycles),
			   KNOWN(x->run_cycles),
			   REPORT_U(walks ? (cycles + walks / 2) / walks : 0),
			   REPORT_U(cached(x, NUMA_GPT)),
			   AT(NUMA_GPT, NUMA_AT_LOCAL),
			   AT(NUMA_GPT, NUMA_AT_REMOTE),
			   AT(NUMA_GPT, NUMA_AT_CONTENDED),
			   REPORT_U(cached(x, NUMA_EPT)),
			   AT(NUMA_EPT, NUMA_AT_LOCAL),
			   AT(NUMA_EPT, NUMA_AT_REMOTE),
			   AT(NUMA_EPT, NUMA_AT_CONTENDED),
			   SHARE(NUMA_LL),
			   SHARE(NUMA_LR),
			   SHARE(NUMA_RL),
			   SHARE(NUMA_RR),
			   REPORT_U(x->updates.map),
			   REPORT_U(x->updates.unmap),
			   REPORT_U(x->updates.protect),
			   REPORT_U(x->update_cycles),
			   REPORT_U(x->tables[NUMA_GPT]),
			   REPORT_U(x->tables[NUMA_EPT]),
			   REPORT_U(x->memory_bytes),
			   REPORT_U(x->vm_memory_bytes),
			   REPORT_U(x->counts.data[NUMA_AT_LOCAL]),
			   REPORT_U(x->counts.data[NUMA_AT_REMOTE]),
			   REPORT_U(x->counts.data[NUMA_AT_CONTENDED]),
			   REPORT_B(x->is_cold),
			   REPORT_B(x->is_bandwidth_bound) });
}

/* ---- prose ---- */

enum { ALIKE_PPM = 5000 }; /* ratios that are the same with two decimals */

/* "2.34" */
static struct quantity_text ratio(uint64_t ppm)
{
	struct quantity_text t;
	const uint64_t hundredths = (ppm + 5000) / 10000;
	snprintf(t.s, sizeof(t.s), "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
	return t;
}

static bool has_fix(const struct numa_result *x)
{
	const int *fix = x->design->numa.fix;
	return fix[NUMA_GPT] != NUMA_NONE || fix[NUMA_EPT] != NUMA_NONE;
}

/* Whether b is a with something done about its tables. */
static bool is_fix_of(const struct numa_result *b, const struct numa_result *a)
{
	const struct numa_config *x = &a->design->numa, *y = &b->design->numa;
	return has_fix(b) && a->design->walk.mode == b->design->walk.mode &&
	       a->local_run_cycles == b->local_run_cycles && x->span == y->span &&
	       x->data == y->data && x->is_contended == y->is_contended && x->nodes == y->nodes &&
	       !memcmp(x->place, y->place, sizeof(x->place));
}

/* The fix of a design that brings most; NULL: none was replayed, or none brings anything. */
static const struct numa_result *best_fix(const struct numa_answer *a, const struct numa_result *of)
{
	const struct numa_result *best = NULL;
	uint64_t least = numa_slowdown_ppm(of);

	for (size_t i = 0; i < a->nresults; i++)
		if (is_fix_of(&a->results[i], of) && numa_slowdown_ppm(&a->results[i]) < least) {
			best = &a->results[i];
			least = numa_slowdown_ppm(best);
		}
	return best;
}

static const char *fix_words(const struct numa_config *c)
{
	const bool is_copy = c->fix[NUMA_GPT] == NUMA_REPLICATE ||
			     c->fix[NUMA_EPT] == NUMA_REPLICATE;
	if (c->fix[NUMA_GPT] == NUMA_NONE)
		return is_copy ? "a copy of the host's tables on each node"
			       : "the host's tables migrate";
	if (c->fix[NUMA_EPT] == NUMA_NONE)
		return is_copy ? "a copy of the guest's tables on each node"
			       : "the guest's tables migrate";
	return is_copy ? "copies of both tables on each node" : "both tables migrate";
}

static const struct numa_result *slowest(const struct numa_answer *a)
{
	const struct numa_result *worst = &a->results[0];

	for (size_t i = 1; i < a->nresults; i++)
		if (numa_slowdown_ppm(&a->results[i]) > numa_slowdown_ppm(worst))
			worst = &a->results[i];
	return worst;
}

static struct quantity_text walk_share(const struct numa_result *x, uint64_t run_cycles)
{
	return quantity_ppm(PPM_PER_ONE - quantity_ratio_ppm(x->work_cycles, run_cycles));
}

static void say_verdict(struct report *r, const struct numa_answer *a)
{
	const struct numa_result *worst = slowest(a), *fix = best_fix(a, worst);
	char fixed[160] = "";

	if (!worst->run_cycles) {
		report_text(r,
			    "%s: references and cycles of page walks. No run times: the trace does "
			    "not say which share of its time the program walks; --set "
			    "numa.native_walk=SHARE.",
			    a->path);
		return;
	}
	if (numa_slowdown_ppm(worst) < PPM_PER_ONE + ALIKE_PPM) {
		report_text(r,
			    "%s: no design here takes longer than with local tables; %s of the "
			    "time is spent in walks (%s).",
			    a->path, walk_share(worst, worst->run_cycles).s, worst->design->name);
		return;
	}
	if (fix)
		snprintf(fixed, sizeof(fixed), "; %s (%s) brings it to %s", fix->design->name,
			 fix_words(&fix->design->numa), ratio(numa_slowdown_ppm(fix)).s);
	report_text(r, "%s: under %s it runs %s times as long as with local page tables%s.",
		    a->path, worst->design->name, ratio(numa_slowdown_ppm(worst)).s, fixed);
	report_text(r, "%s of its time is then spent in walks, %s with local tables.",
		    walk_share(worst, worst->run_cycles).s,
		    walk_share(worst, worst->local_run_cycles).s);
}

/* What a move costs while tables stay behind, and what the best fix leaves at the end. */
static void say_move(struct report *r, const struct numa_answer *a)
{
	const struct numa_timeline *best = &a->timelines[0];

	if (!a->ntimelines)
		return;
	for (size_t i = 1; i < a->ntimelines; i++)
		best = a->timelines[i].end_ppm > best->end_ppm ? &a->timelines[i] : best;
	report_text(r,
		    "After the move the program keeps %s of its throughput when its tables stay "
		    "behind (%s), %s under %s.",
		    quantity_ppm(a->timelines[0].end_ppm).s, a->timelines[0].name,
		    quantity_ppm(best->end_ppm).s, best->name);
}

/* The nearest thing to ask. */
static void say_next(struct report *r, const struct numa_answer *a)
{
	const struct numa_result *worst = slowest(a);
	const char *next = "--move guest";

	if (!worst->run_cycles)
		next = "--set numa.native_walk=40%";
	else if (numa_slowdown_ppm(worst) < PPM_PER_ONE + ALIKE_PPM)
		next = "--design LL,RR,RRI,RRIE,RRIG,RRIM";
	else if (!best_fix(a, worst) && worst->design->numa.span == NUMA_WIDE)
		next = "--design F,FM,I,IM";
	else if (!best_fix(a, worst))
		next = "--design RRI,RRIE,RRIG,RRIM";
	else if (a->ntimelines || worst->design->walk.mode != WALK_NESTED)
		next = "--design F,FM,I,IM";
	report_text(r, "Next: pugmark numa replay %s %s", a->path, next);
}

/* Every figure of the machine that a result rests on and nobody measured there. */
static void say_basis(struct report *r, const struct numa_answer *a)
{
	static const char *const keys[] = { "local", "remote", "contended" };
	const struct param_set *s = &a->results[0].design->set;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct param_entry *p = param_find(s, "machine", keys[i]);
		if (p)
			report_text(r, "machine.%s = %s (%s%s%s)", keys[i], p->text,
				    param_kind_names[p->kind], *p->source ? ": " : "", p->source);
	}
	if (a->known.native_walk_ppm)
		report_text(r, "native walk share of this program: %s%s%s%s",
			    quantity_ppm(a->known.native_walk_ppm).s,
			    a->native_source && *a->native_source ? " (" : "",
			    a->native_source ? a->native_source : "",
			    a->native_source && *a->native_source ? ")" : "");
}

static void say_warnings(struct report *r, const struct numa_answer *a)
{
	if (a->results[0].is_cold)
		report_text(r,
			    "WARNING: the warm-up of %" PRIu64 " rows has not filled a socket's "
			    "cache: walks look dearer here than in a longer trace.",
			    a->warm_rows);
	for (size_t i = 0; i < a->nresults; i++) {
		const struct numa_result *x = &a->results[i];
		if (!x->is_bandwidth_bound)
			continue;
		report_text(r,
			    "WARNING %s: %" PRIu64 " lines of data come from memory for %" PRIu64
			    " walks, more than %" PRIu64
			    " each: bandwidth counts, interference slows data as well, and the "
			    "sum of work and walks is too low (as for PageRank and LibLinear, by "
			    "22 and 32 %%).",
			    x->design->name, numa_data_lines(&x->counts), x->counts.walks,
			    x->design->machine.streaming_lines);
	}
}

/* ---- timelines ---- */

static const struct report_column move_columns[] = {
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "samples", NULL, REPORT_U64, 0 },
	{ "moved_at", "moves at", REPORT_U64, 0 },
	{ "least_ppm", "least throughput", REPORT_PPM, 0 },
	{ "end_ppm", "last 50 samples", REPORT_PPM, 0 },
};
static const struct report_column sample_columns[] = {
	{ "design", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "sample", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "throughput_ppm", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "far_data_ppm", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "far_gpt_ppm", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "far_ept_ppm", NULL, REPORT_U64, REPORT_ONLY_JSON },
};

static uint64_t least(const struct numa_timeline *line, uint64_t n)
{
	uint64_t v = UINT64_MAX;
	for (uint64_t i = 0; i < n; i++)
		v = line->samples[i].throughput_ppm < v ? line->samples[i].throughput_ppm : v;
	return v;
}

static void put_timelines(struct report *r, const struct numa_answer *a)
{
	const uint64_t n = a->move->samples;

	report_table(r, "timelines", "Throughput over a live migration with interference",
		     move_columns, sizeof(move_columns) / sizeof(*move_columns));
	for (size_t i = 0; i < a->ntimelines; i++)
		report_row(r, (struct report_value[]){ REPORT_S(a->timelines[i].name), REPORT_U(n),
						       REPORT_U(a->move->start),
						       REPORT_U(least(&a->timelines[i], n)),
						       REPORT_U(a->timelines[i].end_ppm) });
}

static void put_samples(struct report *r, const struct numa_answer *a)
{
	report_table(r, "samples", NULL, sample_columns,
		     sizeof(sample_columns) / sizeof(*sample_columns));
	for (size_t i = 0; i < a->ntimelines; i++)
		for (uint64_t k = 0; k < a->move->samples; k++) {
			const struct numa_sample *s = &a->timelines[i].samples[k];
			report_row(r, (struct report_value[]){ REPORT_S(a->timelines[i].name),
							       REPORT_U(k),
							       REPORT_U(s->throughput_ppm),
							       REPORT_U(s->far_data_ppm),
							       REPORT_U(s->far_ppm[NUMA_GPT]),
							       REPORT_U(s->far_ppm[NUMA_EPT]) });
		}
}

void numa_report(struct report *r, const struct numa_answer *a, bool samples)
{
	report_member_u64(r, "warm_up_rows", a->warm_rows);
	report_member_u64(r, "native_walk_ppm", a->known.native_walk_ppm);
	report_member_text(r, "native_walk_source", a->native_source ? a->native_source : "");
	say_verdict(r, a);
	say_move(r, a);
	say_basis(r, a);
	say_warnings(r, a);
	report_table(r, "rows", "References that memory served, and classes of walks", columns,
		     sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < a->nresults; i++)
		put_row(r, a, &a->results[i]);
	if (a->ntimelines)
		put_timelines(r, a);
	say_next(r, a);
	if (a->ntimelines && samples)
		put_samples(r, a);
}
