// SPDX-License-Identifier: MIT
/*
 * pugmark pin: how much of a VM must stay pinned so that its pass-through
 * devices hardly ever meet a page that the host has swapped out, and what that
 * costs the guest's CPU. Policies x budgets x overcommits x CPU companions x
 * seeds, decoded once.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "replay/pin-backtest.h"
#include "replay/pin-compare.h"
#include "replay/pin-consequence.h"
#include "replay/pin-decide.h"
#include "replay/pin-design.h"
#include "replay/pin-explain.h"
#include "replay/pin-options.h"
#include "replay/pin-report.h"
#include "replay/pin-whatif.h"
#include "replay/pinmap-learn.h"
#include "reports/banner.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <stdlib.h>
#include <string.h>

enum {
	SERIES_MAX = PIN_VERDICTS_MAX, /* companions x overcommits */
	TRIED_TOUCHES = 4000000,       /* of pages: up to here other inputs are tried unasked */
};

/* In the order of drawing. */
enum { PLOT_SHARES, PLOT_TIMELINE, PLOT_FOOTPRINT, PLOTS };

/* What all configurations together may take in memory before they run in turns. */
static const uint64_t memory_bound_bytes = UINT64_C(4) << 30;

/* ---- the design ---- */

static void count_guesses(const struct param_set *s, struct pin_answer *a)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!s->entries[i].base || !param_section_is_used(s, s->entries[i].param->section))
			continue;
		a->nparams++;
		a->nguesses += s->entries[i].kind == PARAM_GUESS;
	}
}

/* ---- the work ---- */

struct work {
	struct pin_options *options;
	struct pin_design design;
	struct limits limits;
	struct pin_devices devices;
	struct pin_facts facts;
	struct pin_run run;
	struct pin_consequence_config effect; /* of the run */
	struct pin_inputs inputs;
	struct pin_job *jobs;
	size_t njobs; /* of a seed */
	struct progress progress;
	struct pin_story story;
	struct plot *plots[PLOTS];
	struct policy_map map; /* of --pin-map */
};

/* A schedule that begins at once leaves no time for another limit. */
static int make_limits(struct work *w, struct err *e)
{
	struct pin_options *o = w->options;
	const int rc = pin_design_limits(&w->design, &w->limits, e);
	if (rc || !w->limits.n || w->limits.steps[0].at_ns)
		return rc;
	if (o->has_own_overcommit)
		return err_set(e, ERR_USAGE,
			       "memory.limit_schedule begins at 0s: --overcommit has no time");
	o->novercommits = 1;
	o->overcommits_ppm[0] = PPM_PER_ONE - w->limits.steps[0].share_ppm;
	return 0;
}

static void add_jobs(struct work *w, enum pin_companion companion, uint64_t overcommit_ppm)
{
	const struct pin_options *o = w->options;
	for (size_t p = 0; p < o->npolicies; p++) {
		const struct policy *policy = o->policies[p].policy;
		struct pin_job job = {
			.policy = policy,
			.policy_params = o->policies[p].params,
			.map = o->pin_map ? &w->map : NULL,
			.companion = companion,
			.overcommit_ppm = overcommit_ppm,
		};
		if (!pin_takes_budget(policy)) {
			job.budget.value = policy->pinning->is_unbounded ? PPM_PER_ONE : 0;
			job.budget.is_ppm = policy->pinning->is_unbounded;
			w->jobs[w->njobs++] = job;
			continue;
		}
		for (size_t b = 0; b < o->nbudgets; b++) {
			job.budget = o->budgets[b];
			w->jobs[w->njobs++] = job;
		}
	}
}

/* All jobs of a seed, and room for the other seeds. */
static int make_jobs(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	size_t n = 0;
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		n += o->companions[c] ? o->novercommits : 0;
	if (n > SERIES_MAX)
		return err_set(e, ERR_USAGE, "more than %d overcommits x companions", SERIES_MAX);
	w->jobs = calloc(n * o->npolicies * o->nbudgets * o->nseeds, sizeof(*w->jobs));
	if (!w->jobs)
		return err_set(e, ERR_NOMEM, "no memory for the configurations");
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		for (size_t i = 0; o->companions[c] && i < o->novercommits; i++)
			add_jobs(w, c, o->overcommits_ppm[i]);
	for (size_t s = 1; s < o->nseeds; s++)
		memcpy(w->jobs + s * w->njobs, w->jobs, w->njobs * sizeof(*w->jobs));
	return 0;
}

static void show_progress(void *ctx, uint64_t done)
{
	progress_set(ctx, done);
}

static int by_budget(const void *a, const void *b)
{
	const struct pin_job *x = a, *y = b;
	return x->budget_pages < y->budget_pages ? -1 : x->budget_pages > y->budget_pages;
}

static bool is_one_series(const struct pin_job *a, const struct pin_job *b)
{
	return a->policy == b->policy && a->companion == b->companion &&
	       a->overcommit_ppm == b->overcommit_ppm;
}

/* Budgets in ascending order: only the run knows how many pages a share is. */
static void sort_budgets(struct pin_job *jobs, size_t n)
{
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && is_one_series(&jobs[next], &jobs[i]);)
			next++;
		qsort(&jobs[i], next - i, sizeof(*jobs), by_budget);
	}
}

/* Two shares that are as many pages have one result: of all seeds the same jobs go. */
static void drop_twins(struct work *w)
{
	const size_t n = w->njobs;
	size_t kept = 0, end = 0;
	for (size_t i = 0; i < n * w->options->nseeds; i++) {
		const struct pin_job *job = &w->jobs[i], *last = kept ? &w->jobs[kept - 1] : NULL;
		if (i % n && is_one_series(job, last) && job->budget_pages == last->budget_pages)
			continue;
		w->jobs[kept++] = *job;
		end = i < n ? kept : end;
	}
	w->njobs = end;
}

static int choose_companions(struct pin_options *o, const struct trace *t, struct err *e)
{
	const struct trace_stream_info *cpu = trace_find_stream(t, KIND_CPU);
	const bool has_rows = cpu && cpu->rows;
	if (o->companions[PIN_BY_TRACE] && !has_rows)
		return err_set(e, ERR_UNUSABLE,
			       "%s: has no cpu rows: --cpu background, cold or touched", o->path);
	if (o->ncompanions)
		return 0;
	o->companions[PIN_BY_TRACE] = has_rows;
	o->companions[PIN_BY_BACKGROUND] = o->companions[PIN_BY_COLD] =
		o->companions[PIN_BY_TOUCHED] = !has_rows;
	return 0;
}

/* A goal for devices that are not there would always be met. */
static int check_goal(const struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	for (unsigned i = 0; i < o->goal.n; i++) {
		const int k = pin_condition_class(&o->goal.conditions[i]);
		if (k < PIN_CLASSES && !w->devices.ndevices[k])
			return err_set(e, ERR_USAGE, "--goal '%s': %s has no %s device",
				       o->goal.text, o->path, pin_class_names[k]);
	}
	return 0;
}

/* Which pages of the replay those of --pin-map are: a replay without pins tells. */
static int find_map(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	struct pinmap m;
	_free_ uint64_t *frames = NULL;
	struct pin_run run = w->run;
	struct pin_job job = {
		.policy = policy_find_pinning("none"),
		.companion = w->jobs->companion,
		.overcommit_ppm = w->jobs->overcommit_ppm,
	};
	int rc = pinmap_read(o->pin_map, &m, e);
	if (rc)
		return rc;
	run.effect = NULL;
	run.frames_out = &frames;
	run.seed = o->seeds[0];
	rc = pin_run(&run, &job, 1, &w->facts, e);
	if (!rc)
		rc = pinmap_apply(&m, o->pin_map_at_ns, frames, &w->facts, &w->map, e);
	pinmap_deinit(&m);
	return rc;
}

static int run_all(struct work *w, struct trace *t, const char **memory_from, struct err *e)
{
	const struct pin_options *o = w->options;
	struct pin_run *run = &w->run;
	w->effect = (struct pin_consequence_config){
		.iopf = w->design.iopf,
		.block = w->design.block,
		.nic = w->design.nic,
		.list_of_dev = w->devices.list_of_dev,
		.class_of_list = w->devices.class_of_list,
		.nlists = w->devices.nlists,
	};
	*run = (struct pin_run){
		.trace = t,
		.path = o->path,
		.access = { .model = o->model,
			    .threaded = o->threads > 1,
			    .live_period_ns = w->design.access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.class_of_dev = w->devices.class_of_dev,
		.list_of_dev = w->devices.list_of_dev,
		.nlists = w->devices.nlists,
		.memory = w->design.memory,
		.limits = w->limits,
		.iopf = w->design.iopf,
		.swap = w->design.swap,
		.effect = &w->effect,
		.background = w->design.background,
		.params = w->design.pin,
		.threads = (unsigned)o->threads,
		.memory_bytes = memory_bound_bytes,
		.progress = show_progress,
		.progress_ctx = &w->progress,
	};
	*memory_from = o->memory_bytes ? "--memory" : "as the trace says";
	run->vm_pages = o->memory_bytes ? o->memory_bytes / PAGE_BYTES : trace_vm_pages(t, 0);
	if (!run->vm_pages)
		*memory_from = "the pages it touches";
	progress_init(&w->progress, "replay", "events", 0, o->cli.is_quiet);
	int rc = o->pin_map ? find_map(w, e) : 0;
	for (size_t s = 0; s < o->nseeds && !rc; s++) {
		run->seed = o->seeds[s];
		rc = pin_run(run, w->jobs + s * w->njobs, w->njobs, &w->facts, e);
		sort_budgets(w->jobs + s * w->njobs, w->njobs);
		run->vm_pages = w->facts.vm_pages;
	}
	if (!rc)
		drop_twins(w);
	progress_end(&w->progress);
	return rc;
}

static int begin_plots(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	const struct {
		const char *target, *script;
	} wanted[PLOTS] = {
		[PLOT_SHARES] = { o->plot, "pin" },
		[PLOT_TIMELINE] = { o->timeline, "pin-timeline" },
		[PLOT_FOOTPRINT] = { o->footprint, "pin-footprint" },
	};
	int rc = 0;
	for (unsigned i = 0; i < PLOTS && !rc; i++)
		if (wanted[i].target)
			rc = plot_begin(wanted[i].target, wanted[i].script, &w->plots[i], e);
	return rc;
}

static int draw(struct work *w, const struct pin_answer *answer, struct err *e)
{
	static int (*const drawers[PLOTS])(struct plot *, const struct pin_answer *,
					   struct err *) = {
		[PLOT_SHARES] = pin_plot,
		[PLOT_TIMELINE] = pin_plot_timeline,
		[PLOT_FOOTPRINT] = pin_plot_footprint,
	};
	struct pin_answer a = *answer;
	int rc = 0;
	a.story = &w->story;
	for (unsigned i = 0; i < PLOTS && !rc; i++) {
		struct plot *p = take_ptr(w->plots[i]);
		if (p)
			rc = drawers[i](p, &a, e);
	}
	return rc;
}

/* Prints, stores and draws; plots come last, as they may share standard output. */
static int hand_out(struct work *w, const struct pin_answer *a, const char *digest, struct err *e)
{
	const struct pin_options *o = w->options;
	char design[SHA256_HEX_CHARS + 1];
	sha256_hex(a->canonical, strlen(a->canonical), design);
	const struct results_run run = { .command = "pin",
					 .args = o->cli.args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .design_digest = design,
					 .seed = o->seeds[0],
					 .trace = a->trace };
	if (o->results) {
		struct pin_answer stored = *a;
		if (o->timeline)
			stored.story = &w->story;
		const int rc = pin_store(o->results, &run, &stored, e);
		if (rc)
			return rc;
	}
	struct report *r = report_begin(stdout, cli_format(&o->cli), "pin", o->path, digest);
	bool is_yes = true;
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	int rc = pin_report(r, a, o->cli.is_json, o->cli.is_verbose, &is_yes, e);
	if (o->wants_assumptions && o->cli.is_json) {
		params_report_begin(r);
		params_report_values(r, o->design, a->params);
	}
	const int status =
		cli_report_end("pin", r, is_yes || !o->has_own_goal ? EXIT_DONE : EXIT_NO);
	if (!rc && status <= EXIT_NO)
		rc = draw(w, a, e);
	return rc ? rc : status;
}

/* The answer once more, with a log, if somebody wants to know what is behind it. */
static int explain(struct work *w, struct pin_answer *a, struct err *e)
{
	const struct pin_options *o = w->options;
	if (!o->explains && !o->timeline && !o->footprint)
		return 0;
	const int rc = pin_story_tell(&w->run, w->inputs.job, o->seeds[0], &w->story, e);
	if (!rc && o->explains)
		a->story = &w->story;
	return rc;
}

static int answer(struct trace *t, struct work *w, struct err *e)
{
	struct pin_options *o = w->options;
	char digest[TRACE_DIGEST_CHARS + 1];
	const char *memory_from = NULL;
	int rc = choose_companions(o, t, e);
	if (!rc)
		rc = pin_devices_read(t, &w->devices, e);
	if (!rc)
		rc = check_goal(w, e);
	if (!rc)
		rc = pin_options_design(o, &w->devices, &w->design, e);
	if (!rc)
		rc = make_limits(w, e);
	if (!rc && o->wants_assumptions && !o->cli.is_json)
		params_print_values(stdout, &w->design.set);
	if (!rc)
		rc = begin_plots(w, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	if (!rc)
		rc = make_jobs(w, e);
	if (!rc)
		rc = run_all(w, t, &memory_from, e);
	if (rc)
		return rc;

	_free_ char *canonical = param_canonical(&w->design.set);
	struct pin_answer a = {
		.trace = t,
		.facts = &w->facts,
		.devices = &w->devices,
		.jobs = w->jobs,
		.njobs = w->njobs,
		.seeds = o->seeds,
		.nseeds = o->nseeds,
		.goal = &o->goal,
		.has_own_goal = o->has_own_goal,
		.memory_from = memory_from,
		.is_memory_known = o->memory_bytes || trace_vm_pages(t, 0),
		.is_timed = w->design.pin.faults == PIN_TIMED &&
			    w->design.pin.residency == PIN_LIVE,
		.inputs = &w->inputs,
		.params = &w->design.set,
		.canonical = canonical,
		.block = w->design.block,
		.iopf = w->design.iopf,
		.limit_schedule = w->design.limits.schedule,
		.reclaim = param_find(&w->design.set, "memory", "reclaim")->text,
	};
	if (!canonical)
		return err_set(e, ERR_NOMEM, "no memory for the design");
	a.lost_events = pin_lost_events(t, &a.has_unknown_loss);
	count_guesses(&w->design.set, &a);
	const bool is_small = w->jobs->result.host.touches <= TRIED_TOUCHES;
	const bool is_tried = o->tries_inputs || (is_small && !o->cli.is_json);
	rc = pin_inputs_try(&w->run, &a, is_tried, &w->inputs, e);
	if (!rc)
		rc = explain(w, &a, e);
	return rc ? rc : hand_out(w, &a, digest, e);
}

int cmd_pin(int argc, char **argv)
{
	_free_ struct pin_options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct trace *t = NULL;
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("pin", &e);
	}
	pin_options_parse(o, argc, argv);
	if (o->nrates)
		return cmd_pin_whatif(o);
	if (o->compares_backends)
		return cmd_pin_compare(o);
	if (o->is_backtest)
		return cmd_pin_backtest(&(struct pin_backtest_options){ .cli = &o->cli,
									.path = o->path,
									.plot = o->plot,
									.design = o->design,
									.sets = o->sets.text,
									.nsets = o->sets.n });
	if (o->npools)
		return cmd_pin_pool(o);
	w->options = o;

	int rc = trace_open(o->path, &t, &e);
	if (!rc)
		rc = banner_choose_recording(&o->cli, "pin", t, o->recording, KIND_DMA, &e);
	if (!rc) {
		banner_show(&o->cli, "pin", t);
		rc = answer(t, w, &e);
		for (unsigned i = 0; i < PLOTS; i++)
			if (w->plots[i])
				plot_abort(w->plots[i]);
		pin_story_deinit(&w->story);
	}
	trace_close(t);
	free(w->jobs);
	free((void *)w->map.pages);
	arena_deinit(&w->design.arena);
	return rc < 0 ? cli_fail("pin", &e) : rc;
}
