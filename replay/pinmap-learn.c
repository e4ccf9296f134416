// SPDX-License-Identifier: MIT
/* Tries maps on a part of the past that they do not know, and draws up the best from all of it. */
#include "replay/pinmap-learn.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "replay/pinmap-choose.h"
#include "store/trace-meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pinmap_variant variants[] = {
	{ "all", 1, false },
	{ "ahead", 1, true },
	{ "half", 2, false },
	{ "quarter", 4, false },
};
enum {
	VARIANTS = sizeof(variants) / sizeof(*variants),
	WORTH_PARTS = 100, /* of the faults without pins: less is no reason for another map */
	LEAST_PARTS = 20,  /* and less than this none for any */
};

struct trial {
	struct pinmap map;
	struct policy_map pages;
	struct pin_log log;
};

struct learning {
	const struct pinmap_lesson *lesson;
	const struct pinmap_past *past;
	uint64_t from_ns, middle_ns, to_ns, budget_pages;
	struct trial trials[VARIANTS];
	struct pin_job jobs[VARIANTS];
};

static uint64_t count_faults(const struct pin_log *log, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t n = 0;
	for (size_t i = 0; i < log->n; i++)
		n += log->entries[i].raised_ns >= from_ns && log->entries[i].raised_ns < to_ns;
	return n;
}

/* ---- trials ---- */

static int prepare_trial(struct learning *w, unsigned i, struct err *e)
{
	struct trial *t = &w->trials[i];
	pin_log_init(&t->log, w->past->log.max);
	int rc = pinmap_choose(w->past, w->from_ns, w->middle_ns, w->budget_pages, &variants[i],
			       &t->map, e);
	if (!rc)
		rc = pinmap_apply(&t->map, w->middle_ns, w->past->frames, &w->past->facts,
				  &t->pages, e);
	w->jobs[i] = (struct pin_job){
		.policy = policy_find_pinning("map"),
		.map = &t->pages,
		.overcommit_ppm = w->lesson->overcommit_ppm,
		.companion = w->past->job.companion,
		.log = &t->log,
	};
	return rc;
}

/* Maps are applied in the middle, so what was replayed before it is as without pins. */
static int run_trials(struct learning *w, struct err *e)
{
	struct pin_run run;
	struct pin_facts facts;
	int rc = 0;
	for (unsigned i = 0; i < VARIANTS && !rc; i++)
		rc = prepare_trial(w, i, e);
	if (!rc)
		rc = pinmap_run_of(w->lesson, w->past->facts.vm_pages, w->to_ns, &run, e);
	if (!rc)
		rc = pin_run(&run, w->jobs, VARIANTS, &facts, e);
	return rc;
}

/*
 * All pages that faulted, unless another map is clearly better: that some were of
 * no use in half the time does not tell that they will not be in all of it.
 * VARIANTS: no map is worth it.
 */
static unsigned choose_variant(const struct learning *w, uint64_t without)
{
	uint64_t faults[VARIANTS];
	unsigned best = 0;
	for (unsigned i = 0; i < VARIANTS; i++) {
		faults[i] = count_faults(&w->trials[i].log, w->middle_ns, w->to_ns);
		if (faults[i] + without / WORTH_PARTS < faults[best])
			best = i;
	}
	return faults[best] + without / LEAST_PARTS >= without ? VARIANTS : best;
}

/* ---- the map ---- */

/* Wall clock at the trace's time 0; 0: not known, or before 1970. */
static uint64_t unix_start(const struct trace *t)
{
	int64_t at;
	return trace_unix_start(t, &at) && at > 0 ? (uint64_t)at : 0;
}

static int name_map(const struct learning *w, struct pinmap *m, struct err *e)
{
	const struct pinmap_lesson *l = w->lesson;
	_free_ char *canonical = param_canonical(&l->design->set);
	if (!canonical)
		return err_set(e, ERR_NOMEM, "no memory for the design");
	sha256_hex(canonical, strlen(canonical), m->design_digest);
	pin_vm_name(l->trace, m->vm, sizeof(m->vm));
	snprintf(m->design, sizeof(m->design), "%s", l->design_name ? l->design_name : "");
	m->vm_pages = w->past->facts.vm_pages;
	m->page_bytes = PAGE_BYTES;
	m->from_ns = w->from_ns;
	m->to_ns = w->to_ns;
	const uint64_t start = unix_start(l->trace);
	m->from_unix_ns = start ? start + w->from_ns : 0;
	m->to_unix_ns = start ? start + w->to_ns : 0;
	m->overcommit_ppm = l->overcommit_ppm;
	m->budget_pages = w->budget_pages;
	m->seed = l->seed;
	return trace_digest(l->trace, m->trace_digest, e);
}

static int learn(struct learning *w, struct pinmap *m, struct err *e)
{
	const struct pinmap_past *p = w->past;
	int rc = run_trials(w, e);
	if (rc)
		return rc;
	const uint64_t without = count_faults(&p->log, w->middle_ns, w->to_ns);
	unsigned best = choose_variant(w, without);
	/* a second half without faults tells nothing: what faulted in the first one is pinned */
	const bool is_empty = best == VARIANTS && without;
	best = best == VARIANTS ? 0 : best;
	if (!rc)
		rc = pinmap_choose(p, w->from_ns, w->to_ns, is_empty ? 0 : w->budget_pages,
				   &variants[best], m, e);
	if (!rc)
		rc = name_map(w, m, e);
	const struct pinmap_held held = {
		.without = &p->log,
		.with = is_empty ? &p->log : &w->trials[best].log,
		.from_ns = w->middle_ns,
		.to_ns = w->to_ns,
	};
	if (!rc)
		pinmap_promise(&held, w->lesson, p, m);
	return rc;
}

int pinmap_learn_from(const struct pinmap_lesson *l, const struct pinmap_past *p,
		      struct pinmap *out, struct err *e)
{
	enum { SPLIT_LEAST_NS = 64 };
	_free_ struct learning *w = calloc(1, sizeof(*w));
	*out = (struct pinmap){};
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for a pin map");
	const uint64_t begin = p->facts.first_ns;
	const uint64_t end = p->facts.last_ns + 1;
	w->lesson = l;
	w->past = p;
	w->from_ns = l->from_ns > begin ? l->from_ns : begin;
	w->to_ns = l->to_ns < end ? l->to_ns : end;
	if (!p->facts.unique_pages || w->to_ns < w->from_ns + SPLIT_LEAST_NS)
		return err_set(e, ERR_UNUSABLE,
			       "%s: no access in the time that a pin map is to be learned from",
			       l->path);
	w->middle_ns = w->from_ns + (w->to_ns - w->from_ns) / 2;
	w->budget_pages = quantity_of(l->budget, p->facts.vm_pages);
	int rc = w->budget_pages <= p->facts.vm_pages
			 ? learn(w, out, e)
			 : err_set(e, ERR_USAGE, "a budget of %llu pages: the VM has %llu",
				   (unsigned long long)w->budget_pages,
				   (unsigned long long)p->facts.vm_pages);
	for (unsigned i = 0; i < VARIANTS; i++) {
		pinmap_deinit(&w->trials[i].map);
		pin_log_deinit(&w->trials[i].log);
		free((void *)w->trials[i].pages.pages);
	}
	if (rc)
		pinmap_deinit(out);
	return rc;
}

int pinmap_learn(const struct pinmap_lesson *l, struct pinmap *out, struct err *e)
{
	struct pinmap_past past = {};
	*out = (struct pinmap){};
	int rc = pinmap_past_run(l, l->to_ns == UINT64_MAX ? 0 : l->to_ns, &past, e);
	if (!rc)
		rc = pinmap_learn_from(l, &past, out, e);
	pinmap_past_deinit(&past);
	return rc;
}
