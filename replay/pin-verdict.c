// SPDX-License-Identifier: MIT
/* From counts to YES or NO: the goal over budgets, policies and seeds. */
#include "replay/pin-report.h"

#include "base/cleanup.h"

#include <stdlib.h>

uint64_t pin_exposure_ns(const struct pin_answer *a)
{
	return a->facts->last_ns - a->facts->first_ns;
}

struct pin_series pin_series_at(const struct pin_answer *a, size_t first)
{
	const struct pin_job *j = &a->jobs[first];
	struct pin_series s = { .jobs = j, .first = first, .n = 1 };
	while (first + s.n < a->njobs && j[s.n].policy == j->policy &&
	       j[s.n].companion == j->companion && j[s.n].overcommit_ppm == j->overcommit_ppm)
		s.n++;
	return s;
}

bool pin_passes(const struct pin_answer *a, size_t job, int *why_out)
{
	for (size_t s = 0; s < a->nseeds; s++) {
		*why_out = pin_goal_failing(a->goal, &a->jobs[s * a->njobs + job].result,
					    (uint32_t)a->facts->vm_pages, pin_exposure_ns(a));
		if (*why_out >= 0)
			return false;
	}
	return true;
}

enum pin_companion pin_main_companion(const struct pin_answer *a)
{
	enum pin_companion least = PIN_COMPANIONS;
	for (size_t i = 0; i < a->njobs; i++)
		least = a->jobs[i].companion < least ? a->jobs[i].companion : least;
	return least;
}

/* Nobody can choose what knows the future, and pinning all leaves nothing to overcommit. */
static bool is_choice(const struct policy *p)
{
	return !p->pinning || (!p->pinning->needs_hindsight && !p->pinning->is_unbounded);
}

static uint64_t iopf_of(const struct pin_job *j)
{
	return pin_iopf(&j->result.total);
}

/* Takes a series into account: a smaller budget is a better answer, no answer the worst. */
static void judge_series(const struct pin_answer *a, const struct pin_series *s, bool *passes,
			 struct pin_verdict *v, bool is_first)
{
	int why = -1, below = -1;
	for (size_t i = 0; i < s->n; i++)
		passes[i] = pin_passes(a, s->first + i, &why);
	const struct pin_answer_at at = pin_goal_least(passes, s->n);
	v->is_non_monotone |= at.is_non_monotone;
	if (at.least >= 0) {
		const size_t job = s->first + (size_t)at.least;
		if (v->is_yes && a->jobs[v->job].budget_pages <= a->jobs[job].budget_pages)
			return;
		if (at.least)
			pin_passes(a, job - 1, &below);
		v->is_yes = true;
		v->job = job;
		v->why = below;
	} else if (!v->is_yes) {
		const size_t last = s->first + s->n - 1; /* its failing is what denies the answer */
		pin_passes(a, last, &why);
		if (is_first || iopf_of(&a->jobs[last]) < iopf_of(&a->jobs[v->job])) {
			v->job = last;
			v->why = why;
		}
	}
}

size_t pin_judge(const struct pin_answer *a, struct pin_verdict *out)
{
	_free_ bool *passes = calloc(a->njobs + 1, sizeof(*passes));
	size_t n = 0;
	bool is_first = true;
	for (size_t i = 0; i < a->njobs && passes;) {
		const struct pin_series s = pin_series_at(a, i);
		const struct pin_job *j = s.jobs;
		struct pin_verdict *v = n ? &out[n - 1] : NULL;
		if (!v || v->companion != j->companion || v->overcommit_ppm != j->overcommit_ppm) {
			if (n == PIN_VERDICTS_MAX)
				break;
			v = &out[n++];
			*v = (struct pin_verdict){ .companion = j->companion,
						   .overcommit_ppm = j->overcommit_ppm,
						   .job = i,
						   .why = -1 };
			is_first = true;
		}
		if (is_choice(j->policy)) {
			judge_series(a, &s, passes, v, is_first);
			is_first = false;
		}
		i += s.n;
	}
	return n;
}
