// SPDX-License-Identifier: MIT
/* pugmark score --pool: VMs of one host, ranked by the memory that they can give back safely. */
#include "replay/score-options.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "replay/score-pool-report.h"
#include "reports/banner.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a trace that lost more of its events the faults say too little. */
enum { LOST_MOST_PPM = 10000 };

struct named {
	struct pin_pool_vm vm;
	char digest[TRACE_DIGEST_CHARS + 1];
	uint64_t lost_events;
	char why[240]; /* it is not judged; "": it is */
};

struct work {
	const struct score_options *options;
	struct named *all; /* by name */
	size_t nall;
	char (*sets)[PATH_MAX];  /* by argument: of a file of a rotated set the set's name */
	struct pin_pool_vm *vms; /* of all those that are judged */
	struct score_pool_other *others;
	uint64_t lost_events[PIN_POOL_VMS_MAX];
	char digests[SHA256_HEX_CHARS + 1];
	struct score_pool_result results[SCORE_DESIGNS_MAX];
	struct score_pool_answer answer;
	struct progress progress;
	uint64_t replays; /* of designs before this one */
};

/* ---- traces ---- */

static void look(struct named *x)
{
	const struct trace *t = x->vm.trace;
	const struct trace_stream_info *dma = trace_find_stream(t, KIND_DMA);
	bool is_unknown;
	const uint64_t rows = pin_rows(t);
	x->lost_events = pin_lost_events(t, &is_unknown);
	const uint64_t lost_ppm = quantity_ratio_ppm(x->lost_events, x->lost_events + rows);
	if (!dma || !dma->rows)
		snprintf(x->why, sizeof(x->why), "its trace has no dma rows");
	else if (is_unknown)
		snprintf(x->why, sizeof(x->why), "its trace lost events, nobody knows how many");
	else if (lost_ppm > LOST_MOST_PPM)
		snprintf(x->why, sizeof(x->why), "its trace lost %s of its events",
			 quantity_ppm(lost_ppm).s);
}

static int open_trace(const struct score_options *o, struct named *x, const char *path,
		      struct err *e)
{
	struct pin_pool_vm *v = &x->vm;
	v->path = path;
	int rc = trace_open(path, &v->trace, e);
	if (!rc)
		look(x);
	if (!rc && !*x->why)
		rc = banner_choose_recording(&o->cli, "score", v->trace, 0, KIND_DMA, e);
	if (!rc)
		rc = trace_digest(v->trace, x->digest, e);
	if (rc)
		return rc;
	pin_vm_name(v->trace, v->name, sizeof(v->name));
	if (!*v->name) {
		const char *slash = strrchr(path, '/');
		snprintf(v->name, sizeof(v->name), "%.79s", slash ? slash + 1 : path);
	}
	v->vm_pages = trace_vm_pages(v->trace, 0);
	return pin_devices_read(v->trace, &v->devices, e);
}

/* A shell's pattern names each file of a rotated set: they are one VM. NULL: it was named. */
static const char *path_of(struct work *w, size_t i)
{
	const char *path = w->options->paths[i];
	if (!trace_set_of(path, w->sets[i], sizeof(w->sets[i])))
		return path;
	for (size_t k = 0; k < i; k++)
		if (!strcmp(w->sets[k], w->sets[i]))
			return NULL;
	return w->sets[i];
}

/* The order of arguments must not matter: not for ties, numbers behind names, seeds. */
static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->vm.name, y->vm.name);
	c = c ? c : strcmp(x->digest, y->digest);
	return c ? c : strcmp(x->vm.path, y->vm.path);
}

/* Files of one name are numbered by what is in them. */
static void name_all(struct named *all, size_t n)
{
	struct pin_pool_vm *vms[PIN_POOL_VMS_MAX];
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++)
		vms[i] = &all[i].vm;
	pin_pool_tell_apart(vms, n);
	qsort(all, n, sizeof(*all), by_name);
}

static int open_traces(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
	w->all = calloc(o->npaths, sizeof(*w->all));
	w->vms = calloc(o->npaths, sizeof(*w->vms));
	w->others = calloc(o->npaths, sizeof(*w->others));
	w->sets = calloc(o->npaths, sizeof(*w->sets));
	int rc = w->all && w->vms && w->others && w->sets
			 ? 0
			 : err_set(e, ERR_NOMEM, "no memory for %zu VMs", o->npaths);
	for (size_t i = 0; i < o->npaths && !rc; i++) {
		struct named *x = &w->all[w->nall];
		const char *path = path_of(w, i);
		if (!path)
			continue;
		rc = open_trace(o, x, path, e);
		w->nall += x->vm.trace != NULL;
	}
	if (rc)
		return rc;
	name_all(w->all, w->nall);
	return 0;
}

/* Those that can be judged, and the others. */
static int choose_vms(struct work *w, struct err *e)
{
	struct score_pool_answer *a = &w->answer;
	char list[PIN_POOL_VMS_MAX * (TRACE_DIGEST_CHARS + 1) + 1];
	size_t used = 0;
	a->nvms = a->nothers = 0;
	for (size_t i = 0; i < w->nall; i++) {
		const struct named *x = &w->all[i];
		if (*x->why) {
			struct score_pool_other *o = &w->others[a->nothers++];
			*o = (struct score_pool_other){
				.path = x->vm.path, .vm_pages = trace_vm_pages(x->vm.trace, 0)
			};
			memcpy(o->name, x->vm.name, sizeof(o->name));
			memcpy(o->why, x->why, sizeof(o->why));
			continue;
		}
		w->lost_events[a->nvms] = x->lost_events;
		w->vms[a->nvms++] = x->vm;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s\n", x->digest);
	}
	if (!a->nvms)
		return err_set(e, ERR_UNUSABLE, "%s: %s%s", w->others[0].path, w->others[0].why,
			       a->nothers > 1 ? "; none of the other VMs can be judged either"
					      : "");
	sha256_hex(list, used, w->digests);
	a->vms = w->vms;
	a->others = w->others;
	a->lost_events = w->lost_events;
	a->digests = w->digests;
	return 0;
}

/* A size is the host's memory: what is not judged keeps all of its own. */
static int find_pool(const struct work *w, struct quantity *out, struct err *e)
{
	*out = w->options->pool;
	for (size_t i = 0; i < w->answer.nothers && !out->is_ppm; i++) {
		const uint64_t own = w->answer.others[i].vm_pages;
		if (own >= out->value)
			return err_set(e, ERR_USAGE,
				       "--pool: VMs that cannot be judged, as %s (%s), leave "
				       "nothing of it",
				       w->answer.others[i].name, w->answer.others[i].why);
		out->value -= own;
	}
	return 0;
}

/* A goal for devices that no VM has would always be met. */
static int check_slo(const struct work *w, struct err *e)
{
	const struct pin_goal *g = &w->options->slo;
	for (unsigned i = 0; i < g->n; i++) {
		const int k = pin_condition_class(&g->conditions[i]);
		bool has = k >= PIN_CLASSES;
		for (size_t v = 0; v < w->answer.nvms && !has; v++)
			has = w->vms[v].devices.ndevices[k] > 0;
		if (!has)
			return err_set(e, ERR_USAGE, "--slo '%s': no VM has a %s device", g->text,
				       pin_class_names[k]);
	}
	return 0;
}

/* ---- designs ---- */

static void show_progress(void *ctx, uint64_t replays)
{
	struct work *w = ctx;
	progress_set(&w->progress, w->replays + replays);
}

static void count_inputs(struct work *w, size_t design)
{
	const struct param_set *s = &w->results[design].alone[0].design.pin.set;
	for (size_t i = 0; i < s->n; i++) {
		const struct param_entry *x = &s->entries[i];
		bool is_new = x->base && param_section_is_used(s, x->param->section);
		for (size_t k = 0; k < design && is_new; k++)
			is_new = !param_find(&w->results[k].alone[0].design.pin.set,
					     x->param->section, x->param->name);
		w->answer.nparams += is_new;
		w->answer.nguesses += is_new && x->kind == PARAM_GUESS;
	}
}

/* unusable_out: a VM that has to go before it is tried again. */
static int run_designs(struct work *w, size_t *unusable_out, struct err *e)
{
	const struct score_options *o = w->options;
	struct score_pool_answer *a = &w->answer;
	struct score_pool_run run = { .vms = w->vms,
				      .nvms = a->nvms,
				      .goal = &o->slo,
				      .seed = o->seeds[0],
				      .threads = (unsigned)o->threads,
				      .progress = show_progress,
				      .progress_ctx = w };
	int rc = find_pool(w, &run.pool, e);
	*unusable_out = a->nvms;
	progress_init(&w->progress, "score", "replays", 0, o->cli.is_quiet);
	for (size_t d = 0; d < o->ndesigns && !rc; d++) {
		rc = score_pool_design(&run, o->designs[d], o->sets.text, o->sets.n, &w->results[d],
				       &a->is_aligned, unusable_out, e);
		w->replays += a->nvms + w->results[d].tries;
		if (!rc)
			count_inputs(w, d);
	}
	progress_end(&w->progress);
	return rc;
}

static void forget(struct work *w)
{
	for (size_t d = 0; d < w->options->ndesigns; d++)
		score_pool_deinit(&w->results[d], w->answer.nvms);
	w->answer.nparams = w->answer.nguesses = 0;
}

/* The VM's trace turned out to be of no use: it joins those that are not judged. */
static void drop(struct work *w, size_t vm, const struct err *e)
{
	for (size_t i = 0; i < w->nall; i++)
		if (!strcmp(w->all[i].vm.name, w->vms[vm].name))
			snprintf(w->all[i].why, sizeof(w->all[i].why), "%.230s", e->msg);
}

static int run_all(struct work *w, struct err *e)
{
	for (;;) {
		size_t unusable = 0;
		int rc = choose_vms(w, e);
		if (!rc)
			rc = check_slo(w, e);
		if (!rc)
			rc = run_designs(w, &unusable, e);
		if (rc != ERR_UNUSABLE || unusable >= w->answer.nvms)
			return rc;
		drop(w, unusable, e);
		forget(w);
	}
}

/* ---- the answer ---- */

static int hand_out(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
	struct score_pool_answer *a = &w->answer;
	char digest[TRACE_DIGEST_CHARS + 1];
	a->results = w->results;
	a->ndesigns = o->ndesigns;
	a->best = score_pool_best(w->results, o->ndesigns);
	a->slo = &o->slo;
	a->seed = o->seeds[0];
	const int bad = trace_digest(w->vms[0].trace, digest, e);
	if (bad)
		return bad;
	const struct results_run run = { .command = "score-pool",
					 .args = o->cli.args,
					 .trace_path = w->vms[0].path,
					 .trace_digest = digest,
					 .seed = o->seeds[0],
					 .trace = w->vms[0].trace };
	int rc = 0;
	if (o->pin_maps)
		rc = score_pool_write_maps(o->pin_maps, a, (unsigned)o->threads, &a->nmaps, e);
	a->maps = o->pin_maps;
	if (!rc && o->results)
		rc = score_pool_store(o->results, &run, a, e);
	if (rc)
		return rc;
	for (size_t d = 0; d < o->ndesigns && o->wants_assumptions && !o->cli.is_json; d++)
		params_print_values(stdout, &w->results[d].alone[0].design.pin.set);
	struct report *r =
		report_begin(stdout, cli_format(&o->cli), "score", w->vms[0].path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	score_pool_report(r, a, o->cli.is_json);
	if (o->wants_assumptions && o->cli.is_json)
		params_report_begin(r);
	for (size_t d = 0; d < o->ndesigns && o->wants_assumptions && o->cli.is_json; d++)
		params_report_values(r, w->results[d].name, &w->results[d].alone[0].design.pin.set);
	const bool is_yes = score_pool_holds(&w->results[a->best]);
	return cli_report_end("score", r, is_yes ? EXIT_DONE : EXIT_NO);
}

int cmd_score_pool(struct score_options *o)
{
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("score", &e);
	}
	w->options = o;
	int rc = open_traces(w, &e);
	if (!rc)
		rc = run_all(w, &e);
	if (!rc)
		rc = hand_out(w, &e);
	forget(w);
	for (size_t i = 0; i < w->nall; i++)
		trace_close(w->all[i].vm.trace);
	free(w->all);
	free(w->vms);
	free(w->others);
	free(w->sets);
	return rc < 0 ? cli_fail("score", &e) : rc;
}
