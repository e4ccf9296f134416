// SPDX-License-Identifier: MIT
/* Opens the traces of a pool, makes a configuration of each VM for each job, takes the results. */
#include "replay/pin-pool.h"

#include "base/cleanup.h"
#include "base/rng.h"
#include "replay/pin-consequence.h"
#include "replay/pin-log.h"
#include "replay/pin-pool-impl.h"
#include "sim/swap.h"
#include "store/trace-meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_EVENTS = 1 << 15 };

/* ---- the common clock ---- */

static bool align(const struct pin_pool_run *run)
{
	int64_t starts[PIN_POOL_VMS_MAX], least = INT64_MAX;
	bool is_aligned = true;
	for (size_t i = 0; i < run->nvms; i++) {
		is_aligned &= trace_unix_start(run->vms[i].trace, &starts[i]);
		if (is_aligned)
			least = starts[i] < least ? starts[i] : least;
	}
	for (size_t i = 0; i < run->nvms; i++)
		run->vms[i].offset_ns = is_aligned ? (uint64_t)starts[i] - (uint64_t)least : 0;
	return is_aligned;
}

uint64_t pin_pool_seed(uint64_t seed, const struct pin_pool_vm *vm, size_t nvms)
{
	return nvms > 1 ? rng_seed(seed, vm->name) : seed;
}

/* ---- names ---- */

static void name_by_file(struct pin_pool_vm *v)
{
	const char *slash = strrchr(v->path, '/'), *base = slash ? slash + 1 : v->path;
	const size_t n = strlen(base);
	const bool has_end = n > 3 && !strcmp(base + n - 3, ".db");
	snprintf(v->name, sizeof(v->name), "%.*s", (int)(has_end ? n - 3 : n), base);
}

void pin_pool_tell_apart(struct pin_pool_vm *const *vms, size_t n)
{
	enum { NUMBER_AT = 70 };
	bool is_shared[PIN_POOL_VMS_MAX] = {};
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			is_shared[i] |= k != i && !strcmp(vms[i]->name, vms[k]->name);
	for (size_t i = 0; i < n; i++)
		if (is_shared[i])
			name_by_file(vms[i]);
	for (size_t i = 1; i < n; i++) {
		const size_t length = strlen(vms[i]->name);
		const size_t at = length < NUMBER_AT ? length : NUMBER_AT;
		for (size_t k = 0, number = 2; k < i; k++)
			if (!strcmp(vms[k]->name, vms[i]->name)) {
				snprintf(vms[i]->name + at, sizeof(vms[i]->name) - at, "#%zu",
					 number++);
				k = (size_t)-1; /* that may be taken as well */
			}
	}
}

/* ---- sources ---- */

static enum pin_companion companion_of(const struct pin_pool_job *job, size_t vm)
{
	return job->own ? job->own[vm].companion : job->companion;
}

static const struct iopf_config *iopf_of(const struct pool_session *s,
					 const struct pin_pool_job *job, size_t vm)
{
	return job->own && job->own[vm].iopf ? job->own[vm].iopf : s->run->iopf;
}

static bool any_companion(const struct pool_session *s, size_t vm, enum pin_companion c)
{
	for (size_t j = 0; j < s->njobs; j++)
		if (companion_of(s->lanes[j].job, vm) == c)
			return true;
	return false;
}

static bool any_mappings(const struct pool_session *s, size_t vm)
{
	for (size_t j = 0; j < s->njobs; j++) {
		const struct policy_pinning *p = s->lanes[j].job->policy->pinning;
		const struct iopf_config *iopf = iopf_of(s, s->lanes[j].job, vm);
		if ((p && (p->map || p->release)) || iopf_traits(iopf->backend).pins_on_map)
			return true;
	}
	return false;
}

static int open_feed(struct pool_session *s, size_t i, struct err *e)
{
	const struct pin_pool_vm *vm = &s->run->vms[i];
	struct pool_source *x = &s->sources[i];
	const bool has_load = vm->vm_pages && any_companion(s, i, PIN_BY_BACKGROUND);
	const struct pin_feed_config c = {
		.vm_pages = vm->vm_pages,
		.wants_mappings = any_mappings(s, i),
		.wants_cpu = any_companion(s, i, PIN_BY_TRACE),
		.background = has_load ? &s->run->background : NULL,
		.seed = pin_pool_seed(s->run->seed, vm, s->run->nvms),
		.block_events = BLOCK_EVENTS,
	};
	const int rc = pin_feed_init(&x->feed, x->access, vm->path, &c, e);
	x->is_open = !rc;
	return rc;
}

static int count_pages(struct pool_source *x, struct pin_pool_vm *vm, struct err *e)
{
	int rc;
	while ((rc = pin_feed_next(&x->feed, &x->block, e)) > 0)
		;
	x->block.n = 0;
	vm->vm_pages = pin_feed_pages(&x->feed);
	pin_feed_deinit(&x->feed);
	access_rewind(x->access);
	x->is_open = false;
	return rc;
}

static int open_source(struct pool_session *s, size_t i, struct err *e)
{
	struct pin_pool_vm *vm = &s->run->vms[i];
	struct pool_source *x = &s->sources[i];
	struct access_config c = s->run->access;
	c.without_cpu = !any_companion(s, i, PIN_BY_TRACE);
	x->block.events = calloc(BLOCK_EVENTS, sizeof(*x->block.events));
	x->ahead.events = calloc(BLOCK_EVENTS, sizeof(*x->ahead.events));
	if (!x->block.events || !x->ahead.events)
		return err_set(e, ERR_NOMEM, "no memory for events");
	int rc = access_open(vm->trace, &c, &x->access, e);
	if (!rc && access_info(x->access)->dma_sample_ppm < PPM_PER_ONE)
		rc = err_set(e, ERR_UNUSABLE, "%s: holds a share of all pages: a pool needs all",
			     vm->path);
	if (!rc && !vm->vm_pages) {
		rc = open_feed(s, i, e);
		if (!rc)
			rc = count_pages(x, vm, e);
	}
	if (!rc && !vm->vm_pages)
		rc = err_set(e, ERR_UNUSABLE, "%s: no device uses a page in it", vm->path);
	if (!rc && vm->vm_pages > HOSTMEM_PAGES_MAX)
		rc = err_set(e, ERR_FEATURE, "%s: a VM of %llu pages, at most %d are modelled",
			     vm->path, (unsigned long long)vm->vm_pages, HOSTMEM_PAGES_MAX);
	return rc ? rc : open_feed(s, i, e);
}

static void close_source(struct pool_source *x)
{
	if (x->is_open)
		pin_feed_deinit(&x->feed);
	access_close(x->access);
	free(x->block.events);
	free(x->ahead.events);
}

/* ---- lanes ---- */

static void free_lane(struct pool_lane *l, size_t nvms)
{
	for (size_t i = 0; i < nvms; i++) {
		if (l->cells)
			pin_cell_free(l->cells[i]);
		if (l->logs)
			pin_log_deinit(&l->logs[i]);
	}
	free(l->cells);
	free(l->shared);
	free(l->places);
	free(l->logs);
	free(l->due_ns);
	free(l->is_over);
	free(l->touched);
}

static int make_room(struct pool_session *s, struct pool_lane *l, struct err *e)
{
	const size_t n = s->run->nvms;
	l->cells = calloc(n, sizeof(struct pin_cell *));
	l->shared = calloc(n, sizeof(*l->shared));
	l->places = calloc(n, sizeof(*l->places));
	l->logs = calloc(n, sizeof(*l->logs));
	l->due_ns = calloc(n, sizeof(*l->due_ns));
	l->is_over = calloc(n, sizeof(*l->is_over));
	l->touched = calloc(n, sizeof(*l->touched));
	l->job->vms = calloc(n, sizeof(*l->job->vms));
	if (!l->cells || !l->shared || !l->places || !l->logs || !l->due_ns || !l->is_over ||
	    !l->touched || !l->job->vms)
		return err_set(e, ERR_NOMEM, "no memory for %zu VMs", n);
	for (size_t i = 0; i < n; i++)
		pin_log_init(&l->logs[i], PIN_CONSEQUENCE_FAULTS_MAX);
	return 0;
}

static bool judges(const struct pin_pool_run *run)
{
	return run->block && run->nic;
}

static int make_cell(struct pool_session *s, struct pool_lane *l, size_t vm,
		     struct hostmem_pool *pool, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	const struct pin_pool_job *job = l->job;
	struct pin_pool_vm *v = &run->vms[vm];
	struct pin_job *own = &job->vms[vm];
	l->shared[vm] = (struct pin_shared){
		.memory = run->memory,
		.iopf = run->iopf,
		.swap = run->swap,
		.params = run->params,
		.pool = pool,
		.station = l->station,
		.offset_ns = v->offset_ns,
		.stop = run->nvms > 1 ? &l->stop : NULL,
		.uses = &s->sources[vm].feed.uses,
		.vm_pages = (uint32_t)v->vm_pages,
		.class_of_dev = v->devices.class_of_dev,
		.list_of_dev = v->devices.list_of_dev,
		.nlists = run->params.lists == PIN_LISTS_DEVICE && v->devices.nlists
				  ? v->devices.nlists
				  : 1,
		.seed = pin_pool_seed(run->seed, v, run->nvms),
		.middle_ns = pin_middle_ns(v->trace),
	};
	*own = (struct pin_job){
		.policy = job->policy,
		.policy_params = job->policy_params,
		.budget = job->budget,
		.overcommit_ppm = job->own ? job->own[vm].overcommit_ppm : 0,
		.companion = companion_of(job, vm),
		.iopf = job->own ? job->own[vm].iopf : NULL,
		.log = judges(run) ? &l->logs[vm] : NULL,
		.budget_pages = quantity_of(job->budget, v->vm_pages),
	};
	if (own->budget_pages > v->vm_pages)
		return err_set(e, ERR_USAGE, "a budget of %llu pages: %s has %llu",
			       (unsigned long long)own->budget_pages, v->name,
			       (unsigned long long)v->vm_pages);
	return pin_cell_new(&l->shared[vm], own, NULL, &l->cells[vm], e);
}

/* All guests' own I/O goes to the device that all share. */
static int make_station(struct pool_session *s, struct pool_lane *l, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	struct swap_config c = *run->swap;
	if (run->params.faults != PIN_TIMED || c.sharing == SWAP_OWN)
		return 0;
	c.guest_io.count *= run->nvms;
	return swap_new(&c, run->seed, &s->arena, &l->station, e);
}

static int make_lane(struct pool_session *s, struct pool_lane *l, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	struct pin_pool_job *job = l->job;
	struct hostmem_pool *pool;
	uint64_t all = 0;
	for (size_t i = 0; i < run->nvms; i++)
		all += run->vms[i].vm_pages;
	job->pool_pages = job->pool.is_ppm ? pin_limit_pages(all, PPM_PER_ONE - job->pool.value)
					   : job->pool.value;
	job->budget_pages = job->max_1s = 0;
	int rc = make_station(s, l, e);
	if (!rc)
		rc = hostmem_pool_new(job->pool_pages, (uint32_t)run->nvms, &s->arena, &pool, e);
	for (size_t i = 0; i < run->nvms && !rc; i++) {
		rc = make_cell(s, l, i, pool, e);
		job->budget_pages += job->vms[i].budget_pages;
		l->places[i] = (struct pool_place){ l, (uint32_t)i };
		if (!rc)
			pin_cell_place(l->cells[i], pool_lane_touch, &l->places[i]);
	}
	return rc;
}

/* ---- results ---- */

static int judge(const struct pool_session *s, struct pool_lane *l, size_t i, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	const struct pin_pool_vm *vm = &run->vms[i];
	const struct pin_consequence_config c = {
		.iopf = iopf_of(s, l->job, i),
		.block = run->block,
		.nic = run->nic,
		.list_of_dev = vm->devices.list_of_dev,
		.class_of_list = vm->devices.class_of_list,
		.nlists = vm->devices.nlists,
		.first_ns = vm->first_ns,
		.last_ns = vm->last_ns,
		.is_timed = run->params.faults == PIN_TIMED,
		.seed = l->shared[i].seed,
	};
	struct pin_job *own = &l->job->vms[i];
	const int rc = pin_consequence_judge(&c, own->log, &own->result.effect, e);
	own->log = NULL;
	return rc;
}

static void take_swap(const struct pool_session *s, const struct swap *swap, uint64_t end_ns,
		      struct pin_pool_job *job)
{
	const enum hostmem_tier tier = (enum hostmem_tier)s->run->memory.tier;
	const uint64_t busy_ppm = swap_busy_ppm(swap, tier, (struct ns){ end_ns });
	const uint64_t peak_ppm = swap_peak_ppm(swap, tier);
	if (busy_ppm > job->swap_busy_ppm)
		job->swap_busy_ppm = busy_ppm;
	if (peak_ppm > job->swap_peak_ppm)
		job->swap_peak_ppm = peak_ppm;
	for (int k = 0; k < SWAP_JOBS; k++) {
		const uint64_t wait_ns = swap_counts(swap, tier, k)->wait_max_ns;
		if (wait_ns > job->swap_wait_max_ns)
			job->swap_wait_max_ns = wait_ns;
	}
}

static int end_lane(struct pool_session *s, struct pool_lane *l, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < s->run->nvms && !rc; i++) {
		const struct swap *own = pin_cell_swap(l->cells[i]);
		rc = pin_cell_end(l->cells[i], e);
		if (!rc && judges(s->run))
			rc = judge(s, l, i, e);
		if (!rc && own && (!l->station || !i))
			take_swap(s, own, l->station ? s->end_ns : s->run->vms[i].last_ns, l->job);
	}
	return rc;
}

static int run_session(struct pool_session *s, struct err *e)
{
	const struct pin_pool_run *run = s->run;
	int rc = 0;
	for (size_t i = 0; i < run->nvms && !rc; i++)
		rc = open_source(s, i, e);
	for (size_t j = 0; j < s->njobs && !rc; j++) {
		rc = make_room(s, &s->lanes[j], e);
		if (!rc)
			rc = make_lane(s, &s->lanes[j], e);
	}
	if (!rc)
		rc = pool_session_run(s, e);
	for (size_t i = 0; i < run->nvms && !rc; i++) {
		const struct pin_feed *f = &s->sources[i].feed;
		run->vms[i].first_ns = f->first_ns == UINT64_MAX ? 0 : f->first_ns;
		run->vms[i].last_ns = f->last_ns;
	}
	for (size_t j = 0; j < s->njobs && !rc; j++)
		rc = end_lane(s, &s->lanes[j], e);
	for (size_t j = 0; j < s->njobs; j++)
		free_lane(&s->lanes[j], run->nvms);
	for (size_t i = 0; i < run->nvms; i++)
		close_source(&s->sources[i]);
	return rc;
}

int pin_pool_run(const struct pin_pool_run *run, struct pin_pool_job *jobs, size_t njobs,
		 bool *is_aligned_out, struct err *e)
{
	_free_ struct pool_source *sources = calloc(run->nvms, sizeof(*sources));
	_free_ struct pool_lane *lanes = calloc(njobs, sizeof(*lanes));
	struct pool_session s = { .run = run, .sources = sources, .lanes = lanes, .njobs = njobs };
	if (!sources || !lanes)
		return err_set(e, ERR_NOMEM, "no memory for %zu VMs", run->nvms);
	for (size_t j = 0; j < njobs; j++)
		lanes[j].job = &jobs[j];
	*is_aligned_out = align(run);
	const int rc = run_session(&s, e);
	arena_deinit(&s.arena);
	return rc;
}

uint64_t pin_pool_job_bytes(const struct pin_pool_vm *vms, size_t nvms)
{
	enum { BYTES_PER_PAGE = 48, BYTES_FIXED = 1 << 20 };
	uint64_t bytes = 0;
	for (size_t i = 0; i < nvms; i++)
		bytes += vms[i].vm_pages * BYTES_PER_PAGE + BYTES_FIXED;
	return bytes;
}
