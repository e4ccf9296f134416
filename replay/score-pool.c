// SPDX-License-Identifier: MIT
/* VMs one by one over all shares; then choices of shares for all of them, replayed together. */
#include "replay/score-pool.h"

#include "base/cleanup.h"
#include "replay/pin-consequence.h"
#include "replay/pin-log.h"
#include "store/trace-meta.h"

#include <stdlib.h>
#include <string.h>

const uint64_t score_pool_levels_ppm[SCORE_POOL_LEVELS] = { 0,      50000,  100000, 150000, 200000,
							    300000, 400000, 500000, 600000 };

enum { TRIES_MAX = 48, POOL_STEPS = 16 };

static const uint64_t memory_bound_bytes = UINT64_C(4) << 30;

uint64_t score_pool_exposure_ns(const struct pin_facts *f)
{
	return f->last_ns - f->first_ns;
}

/* ---- alone ---- */

static int check_design(const struct score_design *d, struct err *e)
{
	const struct pin_design *p = &d->pin;
	if (!d->has[SCORE_MEMORY])
		return err_set(e, ERR_USAGE, "%s: a pool needs a design with [memory]", d->name);
	if (p->limits.schedule || p->memory.huge != HUGE_NO || p->pin.residency == PIN_FROZEN)
		return err_set(e, ERR_USAGE,
			       "%s: --pool: not with memory.limit_schedule, memory.huge or "
			       "pin.residency=frozen",
			       d->name);
	if (d->policy.policy->pinning && d->policy.policy->pinning->needs_hindsight)
		return err_set(e, ERR_USAGE, "%s: policy %s looks back on a run of one VM", d->name,
			       d->policy.policy->name);
	return 0;
}

static enum pin_companion companion_of(const struct trace *t)
{
	const struct trace_stream_info *cpu = trace_find_stream(t, KIND_CPU);
	return cpu && cpu->rows ? PIN_BY_TRACE : PIN_BY_BACKGROUND;
}

/* What the limit takes, less what stayed above it. */
static uint64_t given_bytes(const struct pin_job *j, uint64_t vm_pages)
{
	const uint64_t kept = pin_limit_pages(vm_pages, j->overcommit_ppm) +
			      (j->overcommit_ppm ? j->result.host.overflow_max : 0);
	return vm_pages > kept ? (vm_pages - kept) * PAGE_BYTES : 0;
}

static void judge_alone(struct score_alone *a, const struct pin_goal *goal)
{
	const uint64_t pages = a->facts.vm_pages;
	bool is_over = false;
	for (unsigned k = 0; k < SCORE_POOL_LEVELS; k++) {
		a->bytes[k] = given_bytes(&a->jobs[k], pages);
		a->failing[k] = pin_goal_failing(goal, &a->jobs[k].result, (uint32_t)pages,
						 score_pool_exposure_ns(&a->facts));
		a->is_non_monotone |= is_over && a->failing[k] < 0;
		is_over |= a->failing[k] >= 0;
		/* a higher share that gives no more is no answer: what was to come is pinned */
		if (!is_over && a->bytes[k] > a->bytes[a->top])
			a->top = k;
	}
	a->is_hopeless = a->failing[0] >= 0;
}

static int run_alone(const struct score_pool_run *r, size_t i, struct score_alone *a, struct err *e)
{
	struct pin_pool_vm *v = &r->vms[i];
	const struct pin_design *d = &a->design.pin;
	const struct pin_consequence_config effect = {
		.iopf = d->iopf,
		.block = d->block,
		.nic = d->nic,
		.list_of_dev = v->devices.list_of_dev,
		.class_of_list = v->devices.class_of_list,
		.nlists = v->devices.nlists,
	};
	const struct pin_run run = {
		.trace = v->trace,
		.path = v->path,
		.access = { .model = ACCESS_NEAR,
			    .threaded = r->threads > 1,
			    .live_period_ns = d->access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.vm_pages = trace_vm_pages(v->trace, 0),
		.class_of_dev = v->devices.class_of_dev,
		.list_of_dev = v->devices.list_of_dev,
		.nlists = v->devices.nlists,
		.memory = d->memory,
		.iopf = d->iopf,
		.swap = d->swap,
		.effect = &effect,
		.background = d->background,
		.params = d->pin,
		.seed = pin_pool_seed(r->seed, v, r->nvms),
		.threads = r->threads,
		.memory_bytes = memory_bound_bytes,
	};
	a->companion = companion_of(v->trace);
	for (unsigned k = 0; k < SCORE_POOL_LEVELS; k++)
		a->jobs[k] = (struct pin_job){
			.policy = a->design.policy.policy,
			.policy_params = a->design.policy.params,
			.budget = a->design.budget,
			.overcommit_ppm = score_pool_levels_ppm[k],
			.companion = a->companion,
		};
	const int rc = pin_run(&run, a->jobs, SCORE_POOL_LEVELS, &a->facts, e);
	v->vm_pages = a->facts.vm_pages;
	if (!rc)
		judge_alone(a, r->goal);
	return rc;
}

static int run_each_alone(const struct score_pool_run *r, const char *path, const char *const *sets,
			  size_t nsets, struct score_pool_result *out, size_t *unusable_out,
			  struct err *e)
{
	_free_ struct score_input *in = calloc(1, sizeof(*in));
	int rc = in ? 0 : err_set(e, ERR_NOMEM, "no memory for a design");
	for (size_t i = 0; i < r->nvms && !rc; i++) {
		struct score_alone *a = &out->alone[i];
		a->design.path = path;
		in->trace[SCORE_MEMORY] = r->vms[i].trace;
		in->path[SCORE_MEMORY] = r->vms[i].path;
		in->devices = r->vms[i].devices;
		rc = score_design_read(&a->design, sets, nsets, in, e);
		if (!rc)
			rc = check_design(&a->design, e);
		if (rc)
			return rc;
		rc = run_alone(r, i, a, e);
		if (rc == ERR_UNUSABLE)
			*unusable_out = i;
		if (r->progress)
			r->progress(r->progress_ctx, i + 1);
	}
	return rc;
}

/* ---- together ---- */

/* A choice that was replayed. */
struct tried {
	unsigned levels[PIN_POOL_VMS_MAX];
	uint64_t pool_pages;
	struct pin_pool_job job;
};

struct joint {
	const struct score_pool_run *r;
	struct score_pool_result *out;
	struct pin_pool_run run;
	uint64_t pool_pages; /* of the choices that are tried; 0: room for all */
	struct tried *tried;
	size_t ntried, cap;
	bool is_aligned;
};

static int make_tried(struct joint *j, size_t n, struct err *e)
{
	if (j->ntried + n <= j->cap)
		return 0;
	const size_t cap = j->cap ? 2 * j->cap : 2 * POOL_BATCH_MAX;
	struct tried *grown = realloc(j->tried, cap * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for the choices of a pool");
	j->tried = grown;
	j->cap = cap;
	return 0;
}

static void fill_own(const struct joint *j, const unsigned *levels, struct pin_pool_own *own)
{
	for (size_t i = 0; i < j->r->nvms; i++) {
		const struct score_alone *a = &j->out->alone[i];
		own[i] = (struct pin_pool_own){ .overcommit_ppm = score_pool_levels_ppm[levels[i]],
						.companion = a->companion,
						.iopf = a->design.pin.iopf };
	}
}

/* What the pool's limit could not take, because it is pinned. */
static bool is_overflown(const struct joint *j, const struct pin_pool_job *job)
{
	uint64_t in_use = 0;
	for (size_t i = 0; i < j->r->nvms; i++)
		in_use += job->vms[i].result.host.resident + job->vms[i].result.host.in;
	return in_use > job->pool_pages;
}

static void judge(const struct joint *j, const struct pin_pool_job *job, int *wrong)
{
	const bool has_no_room = is_overflown(j, job);
	for (size_t i = 0; i < j->r->nvms; i++) {
		const struct score_alone *a = &j->out->alone[i];
		const struct pin_pool_vm *v = &j->r->vms[i];
		const int failing = pin_goal_failing(j->r->goal, &job->vms[i].result,
						     (uint32_t)v->vm_pages,
						     score_pool_exposure_ns(&a->facts));
		wrong[i] = failing >= 0 && !a->is_hopeless ? failing
			   : has_no_room                   ? SCORE_POOL_NO_ROOM
							   : POOL_WELL;
	}
}

/* n choices with pools of their own (0: room for all), in one pass over the traces. */
static int replay(struct joint *j, const unsigned *levels, const uint64_t *pools, size_t n,
		  int *wrong, struct err *e)
{
	const size_t nvms = j->r->nvms;
	_free_ struct pin_pool_own *own = calloc(n * nvms, sizeof(*own));
	struct pin_pool_job jobs[POOL_BATCH_MAX] = {};
	int rc = own ? make_tried(j, n, e) : err_set(e, ERR_NOMEM, "no memory for VMs");
	for (size_t c = 0; c < n && !rc; c++) {
		const struct score_design *d = &j->out->alone[0].design;
		fill_own(j, &levels[c * nvms], &own[c * nvms]);
		jobs[c] = (struct pin_pool_job){
			.policy = d->policy.policy,
			.policy_params = d->policy.params,
			.budget = d->budget,
			.pool = { .value = pools[c] ? pools[c] : j->out->all_pages },
			.own = &own[c * nvms],
		};
	}
	if (!rc)
		rc = pin_pool_run(&j->run, jobs, n, &j->is_aligned, e);
	for (size_t c = 0; c < n; c++) {
		if (rc) {
			free(jobs[c].vms);
			continue;
		}
		judge(j, &jobs[c], &wrong[c * nvms]);
		struct tried *t = &j->tried[j->ntried++];
		memcpy(t->levels, &levels[c * nvms], nvms * sizeof(*levels));
		t->pool_pages = pools[c];
		t->job = jobs[c];
		t->job.own = NULL;
	}
	if (j->r->progress)
		j->r->progress(j->r->progress_ctx, nvms + j->ntried);
	return rc;
}

static int try_levels(void *ctx, const unsigned *levels, size_t n, int *wrong, struct err *e)
{
	struct joint *j = ctx;
	uint64_t pools[POOL_BATCH_MAX];
	for (size_t c = 0; c < n; c++)
		pools[c] = j->pool_pages;
	return replay(j, levels, pools, n, wrong, e);
}

/* As many at a time as memory allows; the same on every machine. */
static unsigned batch_of(const struct score_pool_run *r)
{
	enum { USUAL = 4 };
	const uint64_t n = memory_bound_bytes / (pin_pool_job_bytes(r->vms, r->nvms) + 1);
	return n < 1 ? 1 : n < USUAL ? (unsigned)n : USUAL;
}

/* What the VMs share is the pool and the swap device: pages that come and go ask for both. */
static int search(struct joint *j, uint64_t pool_pages, struct err *e)
{
	const size_t nvms = j->r->nvms;
	_free_ uint64_t *bytes = calloc(nvms * SCORE_POOL_LEVELS, sizeof(*bytes));
	_free_ uint64_t *load = calloc(nvms * SCORE_POOL_LEVELS, sizeof(*load));
	unsigned top[PIN_POOL_VMS_MAX];
	if (!bytes || !load)
		return err_set(e, ERR_NOMEM, "no memory to search among %zu VMs", nvms);
	for (size_t i = 0; i < nvms; i++) {
		const struct score_alone *a = &j->out->alone[i];
		top[i] = a->top;
		for (unsigned k = 0; k < SCORE_POOL_LEVELS; k++) {
			const struct hostmem_counts *h = &a->jobs[k].result.host;
			bytes[i * SCORE_POOL_LEVELS + k] = a->bytes[k];
			load[i * SCORE_POOL_LEVELS + k] = h->swap_in + h->swap_out;
		}
	}
	const struct pool_search s = {
		.nvms = nvms,
		.nlevels = SCORE_POOL_LEVELS,
		.top = top,
		.bytes = bytes,
		.load = load,
		.batch = batch_of(j->r),
		.tries_max = TRIES_MAX,
		.try = try_levels,
		.ctx = j,
	};
	j->pool_pages = pool_pages;
	return pool_search_run(&s, &j->out->found, e);
}

static uint64_t limits_of(const struct joint *j, const unsigned *levels)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < j->r->nvms; i++)
		sum += pin_limit_pages(j->r->vms[i].vm_pages, score_pool_levels_ppm[levels[i]]);
	return sum;
}

/*
 * With room for all the choice holds, in the pool that was asked for it does not:
 * the least pool of some between from which on all that were tried hold.
 */
static int find_pool(struct joint *j, uint64_t *pages_out, struct err *e)
{
	struct pool_found *f = &j->out->found;
	const size_t nvms = j->r->nvms, batch = batch_of(j->r);
	const uint64_t least = j->out->asked_pages, most = limits_of(j, f->levels);
	_free_ unsigned *levels = calloc(batch * nvms, sizeof(*levels));
	_free_ int *wrong = calloc(batch * nvms, sizeof(*wrong));
	unsigned fails = 0, holds = POOL_STEPS; /* steps from least to most */
	*pages_out = most > least ? most : least;
	if (!levels || !wrong)
		return err_set(e, ERR_NOMEM, "no memory to search among %zu VMs", nvms);
	for (size_t c = 0; c < batch; c++)
		memcpy(&levels[c * nvms], f->levels, nvms * sizeof(*levels));
	while (most > least && holds - fails > 1) {
		const unsigned room = holds - fails - 1, n = room < batch ? room : (unsigned)batch;
		uint64_t pools[POOL_BATCH_MAX];
		unsigned at[POOL_BATCH_MAX], c;
		for (c = 0; c < n; c++) {
			at[c] = fails + (holds - fails) * (c + 1) / (n + 1);
			pools[c] = least + (most - least) * at[c] / POOL_STEPS;
		}
		const int rc = replay(j, levels, pools, n, wrong, e);
		if (rc)
			return rc;
		for (; c; c--) {
			bool is_well = true;
			for (size_t i = 0; i < nvms; i++)
				is_well &= wrong[(c - 1) * nvms + i] == POOL_WELL;
			if (!is_well)
				break;
			holds = at[c - 1];
			*pages_out = pools[c - 1];
		}
		fails = c ? at[c - 1] : fails;
	}
	return 0;
}

/* The replay of the choice that was found, which is among those that were tried. */
static int take_found(struct joint *j, uint64_t pool_pages, struct err *e)
{
	struct score_pool_result *out = j->out;
	const size_t nvms = j->r->nvms;
	int wrong[PIN_POOL_VMS_MAX];
	struct tried *t = NULL;
	for (unsigned again = 0; again < 2 && !t; again++) {
		for (size_t c = 0; c < j->ntried && !t; c++)
			if (j->tried[c].pool_pages == pool_pages &&
			    !memcmp(j->tried[c].levels, out->found.levels,
				    nvms * sizeof(*out->found.levels)))
				t = &j->tried[c];
		const int rc = t ? 0 : replay(j, out->found.levels, &pool_pages, 1, wrong, e);
		if (rc)
			return rc;
	}
	out->joint = t->job;
	t->job.vms = NULL;
	out->pool_pages = pool_pages ? pool_pages : out->all_pages;
	out->limits_pages = limits_of(j, out->found.levels);
	uint64_t own_bytes = 0;
	for (size_t i = 0; i < nvms; i++) {
		out->joint_bytes[i] = given_bytes(&out->joint.vms[i], j->r->vms[i].vm_pages);
		own_bytes += out->joint_bytes[i];
		out->alone_bytes += out->alone[i].bytes[out->alone[i].top];
	}
	const uint64_t pool_bytes = (out->all_pages - out->pool_pages) * PAGE_BYTES;
	const bool is_binding = out->found.holds && out->pool_pages < out->limits_pages;
	out->back_bytes = is_binding && pool_bytes > own_bytes ? pool_bytes : own_bytes;
	out->tries = (unsigned)j->ntried;
	return 0;
}

static void prepare(struct joint *j)
{
	const struct score_pool_run *r = j->r;
	const struct pin_design *d = &j->out->alone[0].design.pin;
	j->run = (struct pin_pool_run){
		.vms = r->vms,
		.nvms = r->nvms,
		.access = { .model = ACCESS_NEAR,
			    .live_period_ns = d->access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.memory = d->memory,
		.iopf = d->iopf,
		.swap = d->swap,
		.block = d->block,
		.nic = d->nic,
		.background = d->background,
		.params = d->pin,
		.seed = r->seed,
		.threads = r->threads,
	};
}

/* The pool that was asked for; if nothing holds in it, how large one would have to be. */
static int run_joint(struct joint *j, struct err *e)
{
	struct score_pool_result *out = j->out;
	const struct score_pool_run *r = j->r;
	for (size_t i = 0; i < r->nvms; i++)
		out->all_pages += r->vms[i].vm_pages;
	out->asked_pages = r->pool.is_ppm
				   ? pin_limit_pages(out->all_pages, PPM_PER_ONE - r->pool.value)
				   : r->pool.value;
	const bool has_room = out->asked_pages >= out->all_pages;
	out->asked_pages = has_room ? out->all_pages : out->asked_pages;
	uint64_t pages = has_room ? 0 : out->asked_pages;
	int rc = search(j, pages, e);
	if (rc || out->found.holds || has_room)
		return rc ? rc : take_found(j, pages, e);
	rc = search(j, 0, e);
	if (!rc && out->found.holds)
		rc = find_pool(j, &pages, e);
	else
		pages = 0;
	return rc ? rc : take_found(j, pages, e);
}

int score_pool_design(const struct score_pool_run *r, const char *path, const char *const *sets,
		      size_t nsets, struct score_pool_result *out, bool *is_aligned_out,
		      size_t *unusable_out, struct err *e)
{
	struct joint j = { .r = r, .out = out };
	*unusable_out = r->nvms;
	out->alone = calloc(r->nvms, sizeof(*out->alone));
	if (!out->alone)
		return err_set(e, ERR_NOMEM, "no memory for %zu VMs", r->nvms);
	int rc = run_each_alone(r, path, sets, nsets, out, unusable_out, e);
	if (rc)
		return rc;
	out->name = out->alone[0].design.name;
	prepare(&j);
	rc = run_joint(&j, e);
	for (size_t c = 0; c < j.ntried; c++)
		free(j.tried[c].job.vms);
	free(j.tried);
	*is_aligned_out = j.is_aligned;
	return rc ? err_prefix(e, "%s", out->name) : 0;
}

void score_pool_deinit(struct score_pool_result *r, size_t nvms)
{
	for (size_t i = 0; i < nvms && r->alone; i++)
		score_design_deinit(&r->alone[i].design);
	free(r->alone);
	free(r->joint.vms);
	*r = (struct score_pool_result){};
}
