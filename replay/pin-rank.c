// SPDX-License-Identifier: MIT
/* All pairs of jobs of the first seed that differ in their policy. */
#include "replay/pin-rank.h"

#include "replay/pin-figures.h"
#include "replay/pin-sample.h"

#include <stdio.h>
#include <string.h>

int pin_rank_order(uint64_t x, uint64_t y)
{
	const uint64_t apart = x > y ? x - y : y - x;
	const unsigned __int128 square = (unsigned __int128)apart * apart;
	if (square * 100 <= ((unsigned __int128)x + y) * 384)
		return 0;
	return x > y ? 1 : -1;
}

static const struct pin_counts *counts_of(const struct pin_answer *a, const struct pin_job *j,
					  size_t seed, unsigned device_class)
{
	return &j[seed * a->njobs].result.by_class[device_class];
}

/* IOPFs of both halves, over all seeds. */
static void sum_halves(const struct pin_answer *a, const struct pin_job *j, unsigned device_class,
		       uint64_t *first_out, uint64_t *second_out)
{
	*first_out = *second_out = 0;
	for (size_t s = 0; s < a->nseeds; s++) {
		const struct pin_counts *k = counts_of(a, j, s, device_class);
		*first_out += k->first_half;
		*second_out += pin_iopf(k) - k->first_half;
	}
}

/* Chance is that of the faults that were seen, not of what they were scaled to. */
static int order(const struct pin_answer *a, uint64_t x, uint64_t y)
{
	const uint64_t kept = a->facts->access.dma_sample_ppm;
	return pin_rank_order(pin_sample_part(x, kept), pin_sample_part(y, kept));
}

static void compare_halves(const struct pin_answer *a, struct pin_flip *f, struct pin_ranks *n)
{
	sum_halves(a, f->a, f->device_class, &f->a_first, &f->a_other);
	sum_halves(a, f->b, f->device_class, &f->b_first, &f->b_other);
	const int first = order(a, f->a_first, f->b_first);
	const int other = order(a, f->a_other, f->b_other);
	n->close += !first || !other;
	n->same += first && first == other;
	n->flipped += first && other && first != other;
}

static void compare_seeds(const struct pin_answer *a, struct pin_flip *f, struct pin_ranks *n)
{
	bool is_close = a->nseeds < 2, has_flipped = false;
	int first = 0;
	for (size_t s = 0; s < a->nseeds; s++) {
		const uint64_t x = pin_iopf(counts_of(a, f->a, s, f->device_class));
		const uint64_t y = pin_iopf(counts_of(a, f->b, s, f->device_class));
		const int now = order(a, x, y);
		is_close |= !now;
		if (now && !first) {
			first = now;
			f->a_first = x;
			f->b_first = y;
		} else if (now == -first && now && !has_flipped) {
			has_flipped = true;
			f->a_other = x;
			f->b_other = y;
		}
	}
	n->flipped += has_flipped;
	n->close += !has_flipped && is_close;
	n->same += !has_flipped && !is_close;
}

/* A budget of 0 pins nothing whoever has it; `none` meets each budget. */
static bool are_rivals(const struct pin_job *a, const struct pin_job *b)
{
	if (a->companion != b->companion || a->overcommit_ppm != b->overcommit_ppm ||
	    a->policy == b->policy)
		return false;
	return a->budget_pages == b->budget_pages || !strcmp(a->policy->name, "none") ||
	       !strcmp(b->policy->name, "none");
}

typedef void compare_fn(const struct pin_answer *a, struct pin_flip *f, struct pin_ranks *n);

static struct pin_ranks each_pair(const struct pin_answer *a, compare_fn *compare,
				  pin_flip_fn *told, void *ctx)
{
	struct pin_ranks n = { 0, 0, 0 };
	const enum pin_companion main = pin_main_companion(a);
	for (size_t i = 0; i < a->njobs; i++)
		for (size_t k = i + 1; k < a->njobs && a->jobs[i].companion == main; k++) {
			if (!are_rivals(&a->jobs[i], &a->jobs[k]))
				continue;
			for (unsigned c = 0; c < PIN_CLASSES; c++) {
				struct pin_flip f = { .a = &a->jobs[i],
						      .b = &a->jobs[k],
						      .device_class = c };
				const uint64_t before = n.flipped;
				if (!a->devices->ndevices[c])
					continue;
				compare(a, &f, &n);
				if (told && n.flipped > before)
					told(ctx, &f);
			}
		}
	return n;
}

struct pin_ranks pin_rank_halves(const struct pin_answer *a, pin_flip_fn *told, void *ctx)
{
	return each_pair(a, compare_halves, told, ctx);
}

struct pin_ranks pin_rank_seeds(const struct pin_answer *a, pin_flip_fn *told, void *ctx)
{
	return each_pair(a, compare_seeds, told, ctx);
}

/* ---- on screens ---- */

static const struct report_column columns[] = {
	{ "over", NULL, REPORT_TEXT, 0 },
	{ "device_class", "class", REPORT_TEXT, 0 },
	{ "overcommit_ppm", "overcommit", REPORT_PPM, 0 },
	{ "budget_pages", "budget", REPORT_U64, 0 },
	{ "policy", NULL, REPORT_TEXT, 0 },
	{ "rival", NULL, REPORT_TEXT, 0 },
	{ "policy_iopf_first", "IOPF", REPORT_U64, 0 },
	{ "rival_iopf_first", "rival's", REPORT_U64, 0 },
	{ "policy_iopf_other", "elsewhere", REPORT_U64, 0 },
	{ "rival_iopf_other", "rival's", REPORT_U64, 0 },
};

struct table {
	struct report *report;
	const char *over;
};

static uint64_t budget_of(const struct pin_flip *f)
{
	return f->a->budget_pages ? f->a->budget_pages : f->b->budget_pages;
}

static void flip_row(void *ctx, const struct pin_flip *f)
{
	const struct table *t = ctx;
	report_row(t->report, (struct report_value[]){
				      REPORT_S(t->over), REPORT_S(pin_class_names[f->device_class]),
				      REPORT_U(f->a->overcommit_ppm), REPORT_U(budget_of(f)),
				      REPORT_S(f->a->policy->name), REPORT_S(f->b->policy->name),
				      REPORT_U(f->a_first), REPORT_U(f->b_first),
				      REPORT_U(f->a_other), REPORT_U(f->b_other) });
}

static void keep_first(void *ctx, const struct pin_flip *f)
{
	struct pin_flip *first = ctx;
	if (!first->a)
		*first = *f;
}

static void say(struct report *r, const char *what, const struct pin_ranks *n,
		const struct pin_flip *f)
{
	const uint64_t pairs = n->same + n->flipped + n->close;
	if (n->flipped)
		report_text(r,
			    "%s: NO, %s of %s pairs of policies change places: at %s and %s %s and "
			    "%s have %s and %s IOPF of %s devices, then %s and %s.",
			    what, quantity_count(n->flipped).s, quantity_count(pairs).s,
			    pin_percent(f->a->overcommit_ppm).s, pin_memory(budget_of(f)).s,
			    f->a->policy->name, f->b->policy->name, pin_compact(f->a_first).s,
			    pin_compact(f->b_first).s, pin_class_names[f->device_class],
			    pin_compact(f->a_other).s, pin_compact(f->b_other).s);
	else if (n->same)
		report_text(r, "%s: yes, %s of %s pairs of policies keep their order, %s", what,
			    quantity_count(n->same).s, quantity_count(pairs).s,
			    n->close ? "the rest is too close to tell." : "none turns round.");
	else
		report_text(r, "%s: cannot be told, %s", what,
			    pairs ? "all pairs of policies have nearly the same faults somewhere."
				  : "there is only one policy.");
}

void pin_show_ranks(struct report *r, const struct pin_answer *a, bool is_json)
{
	struct pin_flip halves = { .a = NULL }, seeds = { .a = NULL };
	const struct pin_ranks h = pin_rank_halves(a, keep_first, &halves);
	const struct pin_ranks s = pin_rank_seeds(a, keep_first, &seeds);
	if (!is_json) {
		say(r, "Halves agree", &h, &halves);
		if (a->nseeds > 1)
			say(r, "Seeds agree", &s, &seeds);
		return;
	}
	const struct {
		const char *key;
		uint64_t value;
	} members[] = {
		{ "halves_same_pairs", h.same },      { "halves_flipped_pairs", h.flipped },
		{ "halves_close_pairs", h.close },    { "seeds_same_pairs", s.same },
		{ "seeds_flipped_pairs", s.flipped }, { "seeds_close_pairs", s.close },
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		report_member_u64(r, members[i].key, members[i].value);
	report_table(r, "rank_flips", NULL, columns, sizeof(columns) / sizeof(*columns));
	pin_rank_halves(a, flip_row, &(struct table){ r, "halves" });
	pin_rank_seeds(a, flip_row, &(struct table){ r, "seeds" });
}
