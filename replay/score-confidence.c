// SPDX-License-Identifier: MIT
/* The verdict once more by half and by seed. */
#include "replay/score-confidence.h"

#include "base/quantity.h"
#include "base/units.h"
#include "replay/pinmap-choose.h"
#include "replay/score-choice.h"

#include <stdio.h>

enum { CONFIDENCE_BLOCKS = 16 };

static uint64_t middle_of(const struct score_result *r)
{
	const struct pin_facts *f = &r->memory.facts;
	return f->first_ns + (f->last_ns - f->first_ns) / 2;
}

/* A log that is not whole knows nothing of the end: then the whole run's worst second counts. */
static bool is_safe_in(const struct score_result *r, unsigned half)
{
	const struct pin_log *log = &r->memory.log;
	const struct pin_counts *t = &r->memory.job.result.total;
	const uint64_t middle = middle_of(r);
	uint64_t second = UINT64_MAX, n = 0, worst = 0;
	if (!r->ran[SCORE_MEMORY] || t->failed)
		return false;
	if (!pin_log_is_whole(log))
		return t->max_1s <= SCORE_SAFE_MAX_1S;
	for (size_t i = 0; i < log->n; i++) {
		const uint64_t at = log->entries[i].raised_ns;
		if ((at >= middle) != half)
			continue;
		n = at / NS_PER_SEC == second ? n + 1 : 1;
		second = at / NS_PER_SEC;
		worst = n > worst ? n : worst;
	}
	return worst <= SCORE_SAFE_MAX_1S;
}

static const struct score_result *choose_by_half(const struct score_answer *a, unsigned half)
{
	bool is_safe[SCORE_DESIGNS_MAX];
	for (size_t i = 0; i < a->ndesigns; i++) {
		is_safe[i] = true;
		for (size_t s = 0; s < a->nseeds; s++)
			is_safe[i] &= is_safe_in(&a->results[s * a->ndesigns + i], half);
	}
	const size_t best = score_choose(a, is_safe);
	return best == SCORE_NO_DESIGN ? NULL : &a->results[best];
}

static const struct score_result *choose_by_seed(const struct score_answer *a, size_t seed)
{
	struct score_answer alone = *a;
	alone.results = a->results + seed * a->ndesigns;
	alone.nseeds = 1;
	return score_best(&alone);
}

static bool is_same(const struct score_result *x, const struct score_result *y)
{
	return (x ? x->design : NULL) == (y ? y->design : NULL);
}

static void set_interval(struct score_confidence *c)
{
	const struct pin_log *log = &c->best->memory.log;
	const struct pin_facts *f = &c->best->memory.facts;
	const uint64_t span = f->last_ns + 1 - f->first_ns;
	uint64_t blocks[CONFIDENCE_BLOCKS] = {};
	if (!pin_log_is_whole(log) || f->access.dma_sample_ppm < PPM_PER_ONE)
		return;
	for (size_t i = 0; i < log->n; i++) {
		const uint64_t past = log->entries[i].raised_ns - f->first_ns;
		const size_t b = (size_t)((unsigned __int128)past * CONFIDENCE_BLOCKS / span);
		blocks[b < CONFIDENCE_BLOCKS ? b : CONFIDENCE_BLOCKS - 1]++;
	}
	const struct forecast_past p = {
		.blocks = blocks,
		.n = CONFIDENCE_BLOCKS,
		.burst = pinmap_burst(log, f->first_ns, f->last_ns + 1, span),
	};
	c->iopf = forecast_sum(&p, CONFIDENCE_BLOCKS * PPM_PER_ONE);
	c->has_interval = true;
}

void score_confidence(const struct score_answer *a, struct score_confidence *out)
{
	*out = (struct score_confidence){ .best = score_best(a),
					  .halves_agree = true,
					  .seeds_agree = true };
	if (!out->best)
		return;
	for (unsigned half = 0; half < 2; half++) {
		out->by_half[half] = choose_by_half(a, half);
		out->halves_agree &= is_same(out->by_half[half], out->best);
	}
	for (size_t s = 0; s < a->nseeds && out->seeds_agree; s++) {
		const struct score_result *own = choose_by_seed(a, s);
		out->seeds_agree = is_same(own, out->best);
		out->other = own;
	}
	set_interval(out);
}

static const char *name_of(const struct score_result *r)
{
	return r ? r->design->name : "none";
}

static void put_members(struct report *r, const struct score_answer *a,
			const struct score_confidence *c)
{
	report_member_text(r, "verdict_first_half", name_of(c->by_half[0]));
	report_member_text(r, "verdict_second_half", name_of(c->by_half[1]));
	report_member_text(r, "halves_agree", c->halves_agree ? "yes" : "no");
	if (a->nseeds > 1)
		report_member_text(r, "seeds_agree", c->seeds_agree ? "yes" : "no");
	if (!c->has_interval)
		return;
	report_member_u64(r, "verdict_iopf_low", c->iopf.low);
	report_member_u64(r, "verdict_iopf", c->iopf.middle);
	report_member_u64(r, "verdict_iopf_high", c->iopf.high);
	report_member_u64(r, "interval_ppm", FORECAST_COVERAGE_PPM);
}

void score_show_confidence(struct report *r, const struct score_answer *a)
{
	struct score_confidence c;
	char said[400], faults[160] = "";
	score_confidence(a, &c);
	if (!c.best || !c.best->memory.returned_bytes)
		return;
	if (c.has_interval)
		snprintf(faults, sizeof(faults),
			 "  In as long a time again: %s I/O page faults [90 %%: %s to %s].",
			 quantity_count(c.iopf.middle).s, quantity_count(c.iopf.low).s,
			 quantity_count(c.iopf.high).s);
	if (!c.halves_agree)
		snprintf(said, sizeof(said),
			 "NOT SURE: by its faults the first half alone chooses %.80s, the second "
			 "%.80s.",
			 name_of(c.by_half[0]), name_of(c.by_half[1]));
	else if (!c.seeds_agree)
		snprintf(said, sizeof(said), "NOT SURE: another seed alone chooses %.80s.",
			 name_of(c.other));
	else
		snprintf(said, sizeof(said), "Both halves of the trace%s choose it.",
			 a->nseeds > 1 ? " and all seeds" : "");
	report_text(r, "%s%s", said, faults);
	put_members(r, a, &c);
}
