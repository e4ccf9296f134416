// SPDX-License-Identifier: MIT
/* One pass over the trace for each input. */
#include "replay/pin-decide.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "replay/pin-figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- trying ---- */

struct trial {
	const struct pin_run *run;
	const struct pin_answer *answer;
	struct pin_inputs *out;
};

static bool meets_goal(const struct pin_answer *a, const struct pin_result *x, uint64_t vm_pages)
{
	return pin_goal_failing(a->goal, x, (uint32_t)vm_pages, pin_exposure_ns(a)) < 0;
}

static struct pin_input *add_input(struct trial *t, const char *name, const char *from,
				   const char *to, const struct pin_result *result)
{
	struct pin_inputs *o = t->out;
	const uint64_t vm = t->answer->facts->vm_pages;
	if (o->n == PIN_INPUTS_MAX)
		return NULL;
	struct pin_input *i = &o->all[o->n++];
	snprintf(i->name, sizeof(i->name), "%s", name);
	snprintf(i->from, sizeof(i->from), "%s", from);
	snprintf(i->to, sizeof(i->to), "%s", to);
	i->result = *result;
	i->flips = meets_goal(t->answer, result, vm) != meets_goal(t->answer, &o->job->result, vm);
	return i;
}

/* Runs the job that decided under a changed run. */
static int try(struct trial *t, const struct pin_run *changed, const char *name, const char *from,
	       const char *to, struct err *e)
{
	struct pin_run run = *changed;
	struct pin_facts facts;
	struct pin_job job = *t->out->job;
	job.budget = (struct quantity){ .value = job.budget_pages };
	if (job.policy->pinning && job.policy->pinning->is_unbounded)
		job.budget = (struct quantity){ .value = PPM_PER_ONE, .is_ppm = true };
	run.progress = NULL;
	run.seed = t->answer->seeds[0];
	const int rc = pin_run(&run, &job, 1, &facts, e);
	if (!rc)
		add_input(t, name, from, to, &job.result);
	return rc;
}

static int try_access(struct trial *t, struct err *e)
{
	const char *from = access_model_names[t->run->access.model];
	int rc = 0;
	for (int m = 0; m < ACCESS_MODELS && !rc; m++) {
		struct pin_run run = *t->run;
		if ((enum access_model)m == run.access.model)
			continue;
		run.access.model = (enum access_model)m;
		rc = try(t, &run, "access", from, access_model_names[m], e);
	}
	return rc;
}

static int try_reclaim(struct trial *t, struct err *e)
{
	static const struct {
		int reclaim;
		const char *name;
	} others[] = {
		{ RECLAIM_LRU, "lru" },
		{ RECLAIM_TWO_LIST, "two-list" },
		{ RECLAIM_MGLRU, "mglru" },
	};
	struct pin_run run = *t->run;
	int rc = 0;
	if (run.memory.reclaim == RECLAIM_AGE) {
		run.memory.age_ns /= 2;
		return try(t, &run, "reclaim age", quantity_ns(t->run->memory.age_ns).s,
			   quantity_ns(run.memory.age_ns).s, e);
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others) && !rc; i++) {
		run.memory.reclaim = others[i].reclaim;
		if (run.memory.reclaim != t->run->memory.reclaim)
			rc = try(t, &run, "reclaim", t->answer->reclaim, others[i].name, e);
	}
	return rc;
}

static int try_switches(struct trial *t, struct err *e)
{
	static const char *const no_yes[] = { "no", "yes" };
	struct pin_run run = *t->run;
	const bool accessed = run.memory.dma_sets_accessed, populated = run.params.is_populated;
	run.memory.dma_sets_accessed = !accessed;
	int rc = try(t, &run, "DMA sets accessed", no_yes[accessed], no_yes[!accessed], e);
	run = *t->run;
	run.params.is_populated = !populated;
	if (!rc)
		rc = try(t, &run, "full at start (pin.populated)", no_yes[populated],
			 no_yes[!populated], e);
	return rc;
}

static int try_load(struct trial *t, struct err *e)
{
	const struct rate rate = t->run->background.rate;
	int rc = 0;
	for (int i = 0; i < 2 && !rc; i++) {
		struct pin_run run = *t->run;
		char from[24], to[24];
		run.background.rate.count = i ? rate.count * 2 : rate.count / 2;
		snprintf(from, sizeof(from), "%llu", (unsigned long long)rate.count);
		snprintf(to, sizeof(to), "%llu", (unsigned long long)run.background.rate.count);
		rc = try(t, &run, rate.per_ns == NS_PER_SEC ? "CPU touches/s" : "CPU touches", from,
			 to, e);
	}
	return rc;
}

/* Uses of rings are declared, too. */
static int try_rings(struct trial *t, struct err *e)
{
	struct pin_run run = *t->run;
	run.access.live_period_ns *= 10;
	return try(t, &run, "rings used each", quantity_ns(t->run->access.live_period_ns).s,
		   quantity_ns(run.access.live_period_ns).s, e);
}

/* The pages that a trace touches are the least that its VM can have. */
static int try_memory(struct trial *t, struct err *e)
{
	struct pin_run run = *t->run;
	run.vm_pages = t->answer->facts->vm_pages * 2;
	if (run.vm_pages > HOSTMEM_PAGES_MAX)
		return 0;
	return try(t, &run, "VM memory", pin_memory(run.vm_pages / 2).s, pin_memory(run.vm_pages).s,
		   e);
}

/* The same configuration with another companion; all are of the first seed. */
static void compare_companions(struct trial *t)
{
	const struct pin_job *own = t->out->job;
	for (size_t i = 0; i < t->answer->njobs; i++) {
		const struct pin_job *j = &t->answer->jobs[i];
		if (j->policy == own->policy && j->budget_pages == own->budget_pages &&
		    j->overcommit_ppm == own->overcommit_ppm && j->companion != own->companion)
			add_input(t, "cpu", pin_companion_names[own->companion],
				  pin_companion_names[j->companion], &j->result);
	}
}

int pin_inputs_try(const struct pin_run *run, const struct pin_answer *a, bool may_run,
		   struct pin_inputs *out, struct err *e)
{
	_free_ struct pin_verdict *v = calloc(PIN_VERDICTS_MAX, sizeof(*v));
	struct trial t = { .run = run, .answer = a, .out = out };
	if (!v)
		return err_set(e, ERR_NOMEM, "no memory for the verdicts");
	const struct pin_verdict *decisive = pin_decisive(a, v, pin_judge(a, v));
	*out = (struct pin_inputs){ .job = decisive ? &a->jobs[decisive->job] : NULL };
	if (!decisive)
		return 0;
	compare_companions(&t);
	out->was_run = may_run;
	int rc = may_run ? try_access(&t, e) : 0;
	if (!rc && may_run)
		rc = try_reclaim(&t, e);
	if (!rc && may_run)
		rc = try_switches(&t, e);
	if (!rc && may_run && a->facts->access.live_areas && run->access.live_period_ns)
		rc = try_rings(&t, e);
	if (!rc && may_run && out->job->companion == PIN_BY_BACKGROUND)
		rc = try_load(&t, e);
	if (!rc && may_run && !a->is_memory_known)
		rc = try_memory(&t, e);
	return rc;
}

/* ---- telling ---- */

/* The condition that is nearest to being the reason, or just IOPF. */
static struct pin_condition condition_of(const struct pin_answer *a)
{
	const struct pin_result *x = &a->inputs->job->result;
	const int why =
		pin_goal_failing(a->goal, x, (uint32_t)a->facts->vm_pages, pin_exposure_ns(a));
	return a->goal->conditions[why < 0 ? 0 : why];
}

struct change {
	const struct pin_input *input;
	uint64_t from, to;
};

/* to / from or from / to, whichever is above 1; a count of 0 is taken for 1/2. */
static bool is_larger(const struct change *a, const struct change *b)
{
	const uint64_t x = 2 * (a->to > a->from ? a->to : a->from) | 1;
	const uint64_t y = 2 * (a->to > a->from ? a->from : a->to) | 1;
	const uint64_t u = 2 * (b->to > b->from ? b->to : b->from) | 1;
	const uint64_t w = 2 * (b->to > b->from ? b->from : b->to) | 1;
	return (unsigned __int128)x * w > (unsigned __int128)u * y;
}

static int by_weight(const void *pa, const void *pb)
{
	const struct change *a = pa, *b = pb;
	if (a->input->flips != b->input->flips)
		return a->input->flips ? -1 : 1;
	if (is_larger(a, b))
		return -1;
	if (is_larger(b, a))
		return 1;
	return a->input < b->input ? -1 : 1; /* in the order they were tried */
}

/* All inputs, those that matter most first. */
static void weigh(const struct pin_answer *a, const struct pin_condition *c, struct change *out)
{
	const struct pin_inputs *in = a->inputs;
	const uint32_t vm = (uint32_t)a->facts->vm_pages;
	const uint64_t exposure = pin_exposure_ns(a);
	for (unsigned i = 0; i < in->n; i++)
		out[i] = (struct change){
			.input = &in->all[i],
			.from = pin_goal_measure(c, &in->job->result, vm, exposure),
			.to = pin_goal_measure(c, &in->all[i].result, vm, exposure),
		};
	qsort(out, in->n, sizeof(*out), by_weight);
}

/* What blind directions may hide, if it is as much and as cold as what was seen. */
static void add_unseen(const struct pin_answer *a, char *text, size_t bytes)
{
	const struct pin_devices *d = a->devices;
	const size_t at = strlen(text);
	if (d->no_reads || d->no_writes)
		snprintf(text + at, bytes - at, "; unseen %s (+0..%s IOPF/day, if like the rest)",
			 d->no_reads ? "reads" : "writes",
			 pin_day(pin_iopf(&a->inputs->job->result.total), pin_exposure_ns(a)).s);
}

void pin_show_decision(struct report *r, const struct pin_answer *a)
{
	enum { SHOWN = 3 };
	const struct pin_inputs *in = a->inputs;
	struct change changes[PIN_INPUTS_MAX];
	char text[600] = "";
	unsigned shown = 0;
	if (!in->job)
		return;
	const struct pin_condition c = condition_of(a);
	const bool is_yes = meets_goal(a, &in->job->result, a->facts->vm_pages);
	weigh(a, &c, changes);
	for (unsigned i = 0; i < in->n && shown < SHOWN; i++) {
		const struct pin_input *x = changes[i].input;
		const size_t at = strlen(text);
		if (changes[i].from == changes[i].to && !x->flips)
			continue;
		snprintf(text + at, sizeof(text) - at, "%s%s %s -> %s: %s%s", shown++ ? "; " : "",
			 x->name, x->from, x->to, pin_measured(a, &c, &x->result).s,
			 !x->flips ? ""
			 : is_yes  ? ", NO"
				   : ", YES");
	}
	if (!shown)
		snprintf(text, sizeof(text), "%s",
			 in->was_run ? "no input that was tried moves it"
				     : "not tried on a trace of this size (--try-inputs)");
	add_unseen(a, text, sizeof(text));
	report_text(r,
		    "Decided by (%s is %s at %s): %s.  %u of %u inputs are guesses: --assumptions",
		    pin_condition_name(&c).s, pin_measured(a, &c, &in->job->result).s,
		    pin_percent(in->job->overcommit_ppm).s, text, a->nguesses, a->nparams);
}

static const struct report_column columns[] = {
	{ "input", NULL, REPORT_TEXT, 0 },
	{ "from", NULL, REPORT_TEXT, 0 },
	{ "to", NULL, REPORT_TEXT, 0 },
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "iopf_max_1s", "worst 1s", REPORT_U64, 0 },
	{ "cpu_major", "CPU majfaults", REPORT_U64, 0 },
	{ "cpu_stall_ns", "CPU stalled", REPORT_NS, 0 },
	{ "flips", "turns the answer", REPORT_BOOL, 0 },
};

static void input_row(struct report *r, const char *name, const char *from, const char *to,
		      const struct pin_result *x, bool flips)
{
	report_row(r, (struct report_value[]){ REPORT_S(name), REPORT_S(from), REPORT_S(to),
					       REPORT_U(pin_iopf(&x->total)),
					       REPORT_U(x->total.max_1s),
					       REPORT_U(x->host.major[TOUCH_CPU]),
					       REPORT_U(x->cpu_stall_ns), REPORT_B(flips) });
}

void pin_show_inputs(struct report *r, const struct pin_answer *a)
{
	const struct pin_inputs *in = a->inputs;
	report_table(r, "inputs", "The configuration that decided, with one input changed", columns,
		     sizeof(columns) / sizeof(*columns));
	if (in->job)
		input_row(r, "as it is", NULL, NULL, &in->job->result, false);
	for (unsigned i = 0; i < in->n; i++)
		input_row(r, in->all[i].name, in->all[i].from, in->all[i].to, &in->all[i].result,
			  in->all[i].flips);
}
