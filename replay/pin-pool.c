// SPDX-License-Identifier: MIT
/*
 * One pass: of all VMs the one whose next event is earliest goes on. Before it
 * does, the others' clocks come to the same time, because what reclaim takes
 * from them is written then.
 */
#include "replay/pin-pool.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/rng.h"
#include "replay/pin-feed.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* A VM's events, and how far they were taken. */
struct source {
	struct access *access;
	struct pin_feed feed;
	struct pin_event *events;
	struct pin_block block;
	size_t at;
	bool is_open;
};

struct window {
	uint64_t second, n, raised;
};

struct session {
	const struct pin_pool_run *run;
	struct pin_pool_job *jobs;
	size_t njobs;
	struct source *sources;
	struct pin_shared *shared; /* by job and VM */
	struct pin_cell **cells;   /* likewise */
	struct window *windows;    /* by job */
	struct arena arena;        /* pools */
};

/* ---- the common clock ---- */

/* Wall clock at the trace's time 0. */
static bool wall_start(const struct trace *t, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	bool has = false;
	if (sqlite3_prepare_v2(trace_sqlite(t, trace_nfiles(t) - 1),
			       "SELECT real_ns - trace_ns FROM clock WHERE real_ns IS NOT NULL"
			       " ORDER BY clock_id LIMIT 1",
			       -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		*out = sqlite3_column_int64(st, 0);
		has = true;
	}
	sqlite3_finalize(st);
	return has;
}

static bool align(const struct pin_pool_run *run)
{
	int64_t starts[PIN_POOL_VMS_MAX], least = INT64_MAX;
	bool is_aligned = true;
	for (size_t i = 0; i < run->nvms; i++) {
		is_aligned &= wall_start(run->vms[i].trace, &starts[i]);
		if (is_aligned)
			least = starts[i] < least ? starts[i] : least;
	}
	for (size_t i = 0; i < run->nvms; i++)
		run->vms[i].offset_ns = is_aligned ? (uint64_t)starts[i] - (uint64_t)least : 0;
	return is_aligned;
}

/* ---- making ---- */

static bool any_companion(const struct session *s, enum pin_companion c)
{
	for (size_t i = 0; i < s->njobs; i++)
		if (s->jobs[i].companion == c)
			return true;
	return false;
}

static bool any_mappings(const struct session *s)
{
	for (size_t i = 0; i < s->njobs; i++) {
		const struct policy_pinning *p = s->jobs[i].policy->pinning;
		if (p && (p->map || p->release))
			return true;
	}
	return false;
}

static struct pin_feed_config feed_config(const struct session *s, const struct pin_pool_vm *vm)
{
	const bool has_load = vm->vm_pages && any_companion(s, PIN_BY_BACKGROUND);
	return (struct pin_feed_config){
		.vm_pages = vm->vm_pages,
		.wants_mappings = any_mappings(s),
		.wants_cpu = any_companion(s, PIN_BY_TRACE),
		.background = has_load ? &s->run->background : NULL,
		.seed = rng_seed(s->run->seed, vm->name),
	};
}

static int count_pages(struct source *x, struct pin_pool_vm *vm, struct err *e)
{
	int rc;
	while ((rc = pin_feed_next(&x->feed, &x->block, e)) > 0)
		;
	vm->vm_pages = pin_feed_pages(&x->feed);
	pin_feed_deinit(&x->feed);
	access_rewind(x->access);
	x->is_open = false;
	return rc;
}

static int open_feed(struct session *s, struct source *x, const struct pin_pool_vm *vm,
		     struct err *e)
{
	const struct pin_feed_config c = feed_config(s, vm);
	const int rc = pin_feed_init(&x->feed, x->access, vm->path, &c, e);
	x->is_open = !rc;
	return rc;
}

static int open_source(struct session *s, struct source *x, struct pin_pool_vm *vm, struct err *e)
{
	struct access_config c = s->run->access;
	c.without_cpu = !any_companion(s, PIN_BY_TRACE);
	x->events = calloc(PIN_FEED_BLOCK, sizeof(*x->events));
	x->block.events = x->events;
	if (!x->events)
		return err_set(e, ERR_NOMEM, "no memory for events");
	int rc = access_open(vm->trace, &c, &x->access, e);
	if (!rc && access_info(x->access)->dma_sample_ppm < PPM_PER_ONE)
		rc = err_set(e, ERR_UNUSABLE, "%s: holds a share of all pages: a pool needs all",
			     vm->path);
	if (!rc && !vm->vm_pages) {
		rc = open_feed(s, x, vm, e);
		if (!rc)
			rc = count_pages(x, vm, e);
	}
	if (!rc && !vm->vm_pages)
		rc = err_set(e, ERR_UNUSABLE, "%s: no device uses a page in it", vm->path);
	if (!rc && vm->vm_pages > HOSTMEM_PAGES_MAX)
		rc = err_set(e, ERR_FEATURE, "%s: a VM of %llu pages, at most %d are modelled",
			     vm->path, (unsigned long long)vm->vm_pages, HOSTMEM_PAGES_MAX);
	return rc ? rc : open_feed(s, x, vm, e);
}

static void close_source(struct source *x)
{
	if (x->is_open)
		pin_feed_deinit(&x->feed);
	access_close(x->access);
	free(x->events);
}

static int make_cell(struct session *s, struct pin_pool_job *job, size_t vm,
		     struct hostmem_pool *pool, size_t cell, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	struct pin_pool_vm *v = &run->vms[vm];
	struct pin_job *own = &job->vms[vm];
	s->shared[cell] = (struct pin_shared){
		.memory = run->memory,
		.iopf = run->iopf,
		.swap = run->swap,
		.params = run->params,
		.pool = pool,
		.uses = &s->sources[vm].feed.uses,
		.vm_pages = (uint32_t)v->vm_pages,
		.class_of_dev = v->devices.class_of_dev,
		.list_of_dev = v->devices.list_of_dev,
		.nlists = run->params.lists == PIN_LISTS_DEVICE && v->devices.nlists
				  ? v->devices.nlists
				  : 1,
		.seed = rng_seed(run->seed, v->name),
	};
	*own = (struct pin_job){
		.policy = job->policy,
		.policy_params = job->policy_params,
		.budget = job->budget,
		.companion = job->companion,
		.budget_pages = quantity_of(job->budget, v->vm_pages),
	};
	if (own->budget_pages > v->vm_pages)
		return err_set(e, ERR_USAGE, "a budget of %llu pages: %s has %llu",
			       (unsigned long long)own->budget_pages, v->name,
			       (unsigned long long)v->vm_pages);
	job->budget_pages += own->budget_pages;
	return pin_cell_new(&s->shared[cell], own, NULL, &s->cells[cell], e);
}

static int make_job(struct session *s, size_t j, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	struct pin_pool_job *job = &s->jobs[j];
	struct hostmem_pool *pool;
	uint64_t all = 0;
	for (size_t i = 0; i < run->nvms; i++)
		all += run->vms[i].vm_pages;
	job->pool_pages = job->pool.is_ppm ? pin_limit_pages(all, PPM_PER_ONE - job->pool.value)
					   : job->pool.value;
	job->budget_pages = 0;
	job->vms = calloc(run->nvms, sizeof(*job->vms));
	if (!job->vms)
		return err_set(e, ERR_NOMEM, "no memory for the configurations");
	int rc = hostmem_pool_new(job->pool_pages, (uint32_t)run->nvms, &s->arena, &pool, e);
	for (size_t i = 0; i < run->nvms && !rc; i++)
		rc = make_cell(s, job, i, pool, j * run->nvms + i, e);
	return rc;
}

/* ---- running ---- */

static int fill(struct source *x, struct err *e)
{
	if (x->at < x->block.n)
		return 1;
	x->at = 0;
	const int rc = pin_feed_next(&x->feed, &x->block, e);
	x->block.n = rc > 0 ? x->block.n : 0;
	return rc;
}

/* The VM with the earliest event (of several the first); nvms: none has any. */
static int next_vm(struct session *s, size_t *out, struct err *e)
{
	uint64_t least = UINT64_MAX;
	*out = s->run->nvms;
	for (size_t i = 0; i < s->run->nvms; i++) {
		struct source *x = &s->sources[i];
		const int rc = fill(x, e);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		const uint64_t at = x->block.events[x->at].ts_ns + s->run->vms[i].offset_ns;
		if (*out == s->run->nvms || at < least) {
			least = at;
			*out = i;
		}
	}
	return 0;
}

static void count_second(struct session *s, size_t j, uint64_t now_ns)
{
	struct window *w = &s->windows[j];
	struct pin_pool_job *job = &s->jobs[j];
	uint64_t raised = 0;
	for (size_t i = 0; i < s->run->nvms; i++)
		raised += pin_cell_raised(s->cells[j * s->run->nvms + i]);
	const uint64_t second = now_ns / NS_PER_SEC;
	w->n = second == w->second ? w->n : 0;
	w->second = second;
	w->n += raised - w->raised;
	w->raised = raised;
	job->max_1s = w->n > job->max_1s ? w->n : job->max_1s;
}

static void run_event(struct session *s, size_t vm, struct pin_event *ev)
{
	const size_t nvms = s->run->nvms;
	const struct pin_block one = { ev, 1 };
	for (size_t j = 0; j < s->njobs; j++) {
		struct pin_cell **cells = &s->cells[j * nvms];
		for (size_t i = 0; i < nvms; i++)
			if (i != vm)
				pin_cell_advance(cells[i], ev->ts_ns);
		pin_cell_run(cells[vm], &one);
		count_second(s, j, ev->ts_ns);
	}
}

static int run_events(struct session *s, struct err *e)
{
	enum { TOLD_EVENTS = 1 << 15 };
	size_t vm;
	int rc;
	for (uint64_t n = 0; !(rc = next_vm(s, &vm, e)) && vm < s->run->nvms; n++) {
		struct source *x = &s->sources[vm];
		struct pin_event ev = x->block.events[x->at++];
		ev.ts_ns += s->run->vms[vm].offset_ns;
		run_event(s, vm, &ev);
		if (s->run->progress && n % TOLD_EVENTS == 0)
			s->run->progress(s->run->progress_ctx, n);
	}
	return rc;
}

static int run_session(struct session *s, struct err *e)
{
	const size_t nvms = s->run->nvms;
	int rc = 0;
	for (size_t i = 0; i < nvms && !rc; i++)
		rc = open_source(s, &s->sources[i], &s->run->vms[i], e);
	for (size_t j = 0; j < s->njobs && !rc; j++)
		rc = make_job(s, j, e);
	if (!rc)
		rc = run_events(s, e);
	for (size_t c = 0; c < s->njobs * nvms && !rc; c++)
		rc = pin_cell_end(s->cells[c], e);
	for (size_t c = 0; c < s->njobs * nvms; c++)
		pin_cell_free(s->cells[c]);
	for (size_t i = 0; i < nvms; i++)
		close_source(&s->sources[i]);
	return rc;
}

int pin_pool_run(const struct pin_pool_run *run, struct pin_pool_job *jobs, size_t njobs,
		 bool *is_aligned_out, struct err *e)
{
	const size_t n = run->nvms * njobs;
	_free_ struct source *sources = calloc(run->nvms, sizeof(*sources));
	_free_ struct pin_shared *shared = calloc(n, sizeof(*shared));
	_free_ struct pin_cell **cells = calloc(n, sizeof(struct pin_cell *));
	_free_ struct window *windows = calloc(njobs, sizeof(*windows));
	struct session s = { .run = run,
			     .jobs = jobs,
			     .njobs = njobs,
			     .sources = sources,
			     .shared = shared,
			     .cells = cells,
			     .windows = windows };
	if (!sources || !shared || !cells || !windows)
		return err_set(e, ERR_NOMEM, "no memory for %zu VMs", run->nvms);
	*is_aligned_out = align(run);
	const int rc = run_session(&s, e);
	arena_deinit(&s.arena);
	return rc;
}
