// SPDX-License-Identifier: MIT
/*
 * What the counts mean: which way to virtualise wins, by how much, why, and what
 * would change it. Native is no way to virtualise: it is what all are compared with.
 */
#include "replay/walk-report.h"

#include "base/quantity.h"
#include "replay/walk-try.h"

#include <stdio.h>

enum {
	ALIKE_PPM = 20000, /* less than the guesses are worth */
	SAME_PPM = 1000,
	PER_MILLION = 1000000,
};

const struct walk_row *walk_native(const struct walk_answer *a, const struct walk_row *row)
{
	for (size_t i = 0; i < a->nrows; i++)
		if (a->rows[i].design->config.mode == WALK_NATIVE &&
		    a->rows[i].design->costs.processor == row->design->costs.processor)
			return &a->rows[i];
	return NULL;
}

struct quantity_text walk_ratio(uint64_t part, uint64_t whole)
{
	struct quantity_text t = { "-" };
	const uint64_t hundredths = (quantity_ratio_ppm(part, whole) + 5000) / 10000;
	if (whole)
		snprintf(t.s, sizeof(t.s), "%llu.%02llu", (unsigned long long)hundredths / 100,
			 (unsigned long long)hundredths % 100);
	return t;
}

static bool is_virtual(const struct walk_row *row)
{
	return row->design->config.mode != WALK_NATIVE;
}

/* Least or most time of all that virtualise; NULL: none does. */
static const struct walk_row *extreme(const struct walk_answer *a, bool is_most)
{
	const struct walk_row *found = NULL;
	for (size_t i = 0; i < a->nrows; i++) {
		const struct walk_row *row = &a->rows[i];
		if (is_virtual(row) &&
		    (!found || (is_most ? row->cycles.total > found->cycles.total
					: row->cycles.total < found->cycles.total)))
			found = row;
	}
	return found;
}

static const struct walk_row *of_mode(const struct walk_answer *a, int mode)
{
	for (size_t i = 0; i < a->nrows; i++)
		if (a->rows[i].design->config.mode == mode)
			return &a->rows[i];
	return NULL;
}

static unsigned count_virtual(const struct walk_answer *a)
{
	unsigned n = 0;
	for (size_t i = 0; i < a->nrows; i++)
		n += is_virtual(&a->rows[i]);
	return n;
}

const struct walk_row *walk_fastest(const struct walk_answer *a)
{
	return count_virtual(a) > 1 ? extreme(a, false) : NULL;
}

const struct walk_row *walk_slowest(const struct walk_answer *a)
{
	return count_virtual(a) > 1 ? extreme(a, true) : NULL;
}

/* ---- verdict ---- */

/* Cycles of a row over another one's, in ppm of that. */
static uint64_t excess_ppm(const struct walk_row *row, const struct walk_row *than)
{
	return row->cycles.total <= than->cycles.total
		       ? 0
		       : quantity_ratio_ppm(row->cycles.total - than->cycles.total,
					    than->cycles.total);
}

/* Behind a ratio to native's time. */
static const char *caveat(const struct walk_answer *a)
{
	struct walk_calibration c;
	walk_calibrate(a, &c);
	return c.is_off ? " (uncalibrated)" : "";
}

static void show_no_choice(struct report *r, const struct walk_answer *a)
{
	const struct walk_row *only = extreme(a, false), *row = only ? only : &a->rows[0];
	const struct walk_row *native = walk_native(a, row);
	if (only && native)
		report_text(r, "%s takes %s times native's time%s; translation is %s of it.",
			    row->design->name,
			    walk_ratio(row->cycles.total, native->cycles.total).s, caveat(a),
			    quantity_ppm(row->cycles.translation_ppm).s);
	else
		report_text(r, "%s: translation takes %s of the time.", row->design->name,
			    quantity_ppm(row->cycles.translation_ppm).s);
}

/* Names of the designs that are as good as the best: "a", "a and b", "a, b and c". */
static unsigned name_winners(const struct walk_answer *a, const struct walk_row *best, char *out,
			     size_t bytes)
{
	unsigned n = 0, at = 0;
	size_t used = 0;
	for (size_t i = 0; i < a->nrows; i++)
		n += is_virtual(&a->rows[i]) && excess_ppm(&a->rows[i], best) < SAME_PPM;
	for (size_t i = 0; i < a->nrows && used < bytes; i++) {
		if (!is_virtual(&a->rows[i]) || excess_ppm(&a->rows[i], best) >= SAME_PPM)
			continue;
		const char *before = !at ? "" : at + 1 == n ? " and " : ", ";
		const int more =
			snprintf(out + used, bytes - used, "%s%s", before, a->rows[i].design->name);
		used += more > 0 ? (size_t)more : 0;
		at++;
	}
	return n;
}

static void show_winner(struct report *r, const struct walk_answer *a)
{
	const struct walk_row *best = extreme(a, false), *worst = extreme(a, true);
	const struct walk_row *native = walk_native(a, best);
	const uint64_t gap = excess_ppm(worst, best);
	char winners[200], share[80] = "";
	if (gap < ALIKE_PPM) {
		report_text(r,
			    "Which way to virtualise hardly matters here: all %u lie within %s; "
			    "translation takes at most %s of the time.",
			    count_virtual(a), quantity_ppm(gap).s,
			    quantity_ppm(worst->cycles.translation_ppm).s);
		return;
	}
	const unsigned n = name_winners(a, best, winners, sizeof(winners));
	if (native)
		snprintf(share, sizeof(share), " %s times native's time;",
			 walk_ratio(best->cycles.total, native->cycles.total).s);
	report_text(r, "%s %s:%s %s takes %s times as long%s.", winners,
		    n > 1 ? "win alike" : "wins", share, worst->design->name,
		    walk_ratio(worst->cycles.total, best->cycles.total).s, caveat(a));
}

static void show_trace(struct report *r, const struct walk_answer *a)
{
	const struct walk_row *row = &a->rows[0];
	const struct walk_counts *c = &row->counts;
	report_text(r,
		    "%s: %s accesses to %s pages; in %s %s of them miss the first TLB and %s walk.",
		    trace_path(a->trace), quantity_count(c->accesses).s,
		    quantity_count(c->mapped_pages).s, row->design->name,
		    quantity_ppm(quantity_ratio_ppm(c->l1_miss, c->accesses)).s,
		    quantity_ppm(quantity_ratio_ppm(c->stlb_miss, c->accesses)).s);
}

static struct quantity_text cycles_a_walk(const struct walk_row *row)
{
	const uint64_t walks = row->counts.stlb_miss;
	return quantity_count(walks ? row->cycles.walk / walks : 0);
}

static void show_why(struct report *r, const struct walk_answer *a)
{
	const struct walk_row *nested = of_mode(a, WALK_NESTED), *one = of_mode(a, WALK_NATIVE);
	const struct walk_row *shadow = of_mode(a, WALK_SHADOW_NAIVE);
	if (!one)
		one = of_mode(a, WALK_TPT_OPT);
	if (nested && one)
		report_text(
			r,
			"Why: a walk of one table makes %s references (%s cycles), a nested one "
			"%s (%s cycles), before what execution hides (%s).",
			walk_ratio(one->counts.total_refs, one->counts.stlb_miss).s,
			cycles_a_walk(one).s,
			walk_ratio(nested->counts.total_refs, nested->counts.stlb_miss).s,
			cycles_a_walk(nested).s,
			quantity_ppm(PPM_PER_ONE - nested->design->costs.exposed_ppm).s);
	if (shadow)
		report_text(
			r, "Shadow paging pays %s exits for table updates: %s of %s's time.",
			quantity_count(shadow->counts.exits).s,
			quantity_ppm(quantity_ratio_ppm(shadow->cycles.exits, shadow->cycles.total))
				.s,
			shadow->design->name);
}

/* Host pages that are larger hold all that was touched one after the other: what a trace's start
 * has. */
static void show_frames(struct report *r, const struct walk_answer *a)
{
	const struct walk_row *nested = of_mode(a, WALK_NESTED);
	const struct walk_config *c = nested ? &nested->design->config : NULL;
	char vm[60] = "";
	if (!c || c->frames != WALK_IN_ORDER || c->host_page <= c->guest_page)
		return;
	if (a->vm_pages)
		snprintf(vm, sizeof(vm), " of the VM's %s", quantity_bytes(a->vm_pages << 12).s);
	report_text(r,
		    "%s: guest memory is %s%s, packed in order of first touch, so few host pages "
		    "of %s hold it: cheaper than in a VM that is full: --set walk.frames=spread%s.",
		    nested->design->name, quantity_bytes(nested->counts.guest_frames << 12).s, vm,
		    walk_page_names[c->host_page],
		    a->vm_pages ? "" : " --set walk.vm_memory=BYTES");
}

void walk_verdict(struct report *r, const struct walk_answer *a)
{
	if (count_virtual(a) > 1)
		show_winner(r, a);
	else
		show_no_choice(r, a);
	walk_show_calibration(r, a);
	show_frames(r, a);
	show_trace(r, a);
	show_why(r, a);
}

/* ---- what would change it ---- */

/* v in a million accesses */
static uint64_t per_million(uint64_t v, const struct walk_counts *c)
{
	const uint64_t rows = c->accesses ? c->accesses : 1;
	return (uint64_t)((unsigned __int128)v * PER_MILLION / rows);
}

/* Shadow and nested paging cost the same where exits eat up what walks save. */
static void show_crossing(struct report *r, const struct walk_answer *a)
{
	const struct walk_row *nested = of_mode(a, WALK_NESTED);
	const struct walk_row *shadow = of_mode(a, WALK_SHADOW_NAIVE);
	if (!nested || !shadow)
		return;
	const struct walk_costs *p = &shadow->design->costs;
	const uint64_t one = p->exit + p->handling ? p->exit + p->handling : 1;
	const uint64_t without = shadow->cycles.total - shadow->cycles.exits;
	const uint64_t here = per_million(shadow->counts.exits, &shadow->counts);
	if (nested->cycles.total <= without) {
		report_text(r, "Shadow paging gains nothing here, however few updates there are.");
		return;
	}
	const uint64_t cross = per_million((nested->cycles.total - without) / one, &shadow->counts);
	report_text(r,
		    "What would change it: %s and %s cross at %s updates of tables in a million "
		    "accesses (here %s; walk.spawn_every, walk.mmap_every add some).",
		    shadow->design->name, nested->design->name, quantity_count(cross).s,
		    quantity_count(here).s);
}

/* The nearest thing to try, by what the walks fell on. */
static const char *next_try(const struct walk_answer *a)
{
	const struct walk_row *row = &a->rows[0];
	if (!a->tries && count_virtual(a) > 1)
		return "--try-inputs";
	if (row->design->config.guest_page == WALK_4K && !row->design->config.leaves.is_mixed &&
	    row->counts.stlb_miss > row->counts.accesses / 100)
		return "--set walk.guest_2m=50%";
	return "--set walk-costs.processor=zen2";
}

static void count_guesses(const struct walk_answer *a, unsigned *guesses, unsigned *all)
{
	const struct param_set *s = &a->rows[0].design->set;
	*guesses = *all = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (!param_section_is_used(s, s->entries[i].param->section))
			continue;
		++*all;
		*guesses += s->entries[i].kind == PARAM_GUESS;
	}
}

/* "walk.ntlb=16/4" */
static void show_tries(struct report *r, const struct walk_tries *t)
{
	const struct walk_tried *low = &t->all[0], *high = &t->all[0];
	if (!t->n)
		return;
	for (size_t i = 1; i < t->n; i++) {
		low = t->all[i].ratio_ppm < low->ratio_ppm ? &t->all[i] : low;
		high = t->all[i].ratio_ppm > high->ratio_ppm ? &t->all[i] : high;
	}
	report_text(r,
		    "Guesses at %zu other values: %s takes %s (%s) to %s (%s) times as long: %s.",
		    t->n, t->slow->design->name, walk_ratio(low->ratio_ppm, PPM_PER_ONE).s,
		    low->input, walk_ratio(high->ratio_ppm, PPM_PER_ONE).s, high->input,
		    low->ratio_ppm < PPM_PER_ONE ? "the verdict hangs on them"
						 : "the order of the two stays");
}

static bool has_tpt(const struct walk_answer *a)
{
	return of_mode(a, WALK_TPT_OPT) || of_mode(a, WALK_TPT_NAIVE);
}

void walk_outlook(struct report *r, const struct walk_answer *a)
{
	unsigned guesses, all;
	show_crossing(r, a);
	count_guesses(a, &guesses, &all);
	report_text(r, "%u of %u inputs are guesses: --assumptions%s.", guesses, all,
		    has_tpt(a) ? "; the tags of TPT are a model of ours" : "");
	if (a->tries)
		show_tries(r, a->tries);
	if (a->sample_ppm)
		report_text(r,
			    "Only %s of the pages were recorded: TLBs and caches of the full size "
			    "hold more of them than they would, so misses are too few.",
			    quantity_ppm(a->sample_ppm).s);
	if (a->lost_events)
		report_text(r, "The trace lost %s events.", quantity_count(a->lost_events).s);
	report_text(r, "Next: pugmark walk %s %s", trace_path(a->trace), next_try(a));
}
