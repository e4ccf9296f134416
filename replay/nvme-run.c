// SPDX-License-Identifier: MIT
/* Runs points, on threads of their own. */
#include "replay/nvme-run.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 1 << 16 }; /* completions between looks at the other threads' failures */

struct crew {
	const struct nvme_points *how;
	struct nvme_point *points;
	size_t n, done;
	atomic_size_t next, failed; /* failed: the first of those that did, or n */
	pthread_mutex_t lock;       /* of err and done */
	struct err err;             /* of the first */
};

/* ---- a result without its run ---- */

static void *copy(struct arena *a, const void *from, size_t n, size_t size)
{
	void *to = arena_alloc(a, n, size);
	if (to && n)
		memcpy(to, from, n * size);
	return to;
}

static bool copy_hist(struct arena *a, struct hist *h)
{
	const struct hist from = *h;

	if (!from.buckets)
		return true;
	if (hist_init(h, from.sub_bits, a))
		return false;
	hist_merge(h, &from);
	return true;
}

/* What a run takes is a hundred times what it tells: only that is kept. */
static int keep_result(struct nvme_point *p, const struct nvme_result *r, struct err *e)
{
	struct nvme_vm_result *vms = copy(&p->arena, r->vms, r->nvms + 1, sizeof(*vms));
	struct nvme_core_result *cores = copy(&p->arena, r->cores, r->ncores, sizeof(*cores));
	struct nvme_audit_result *stations =
		copy(&p->arena, r->stations, r->nstations, sizeof(*stations));
	bool ok = vms && cores && stations;

	for (uint32_t i = 0; ok && i <= r->nvms; i++) {
		ok = copy_hist(&p->arena, &vms[i].latency);
		for (int k = 0; ok && k < NVME_OPS; k++)
			ok = copy_hist(&p->arena, &vms[i].by_op[k]);
	}
	for (uint32_t i = 0; ok && i < r->ncores; i++)
		ok = (cores[i].name = arena_strdup(&p->arena, cores[i].name));
	for (uint32_t i = 0; ok && i < r->nstations; i++)
		ok = (stations[i].name = arena_strdup(&p->arena, stations[i].name));
	p->result = *r;
	p->result.vms = vms;
	p->result.cores = cores;
	p->result.stations = stations;
	return ok ? 0 : err_set(e, ERR_NOMEM, "no memory for a result");
}

static int run_model(const struct crew *c, struct nvme_point *p, const struct nvme_source *source,
		     struct err *e)
{
	const size_t number = (size_t)(p - c->points);
	struct arena arena = {};
	struct nvme_result result;
	struct nvme *model;
	int rc = nvme_new(&p->design.config, source, NULL, &arena, &model, e);

	while (!rc && number < c->failed) {
		rc = nvme_run(model, STEP, e);
		if (rc <= 0)
			break;
		rc = 0;
	}
	if (!rc)
		rc = nvme_finish(model, &result, e);
	if (!rc)
		rc = keep_result(p, &result, e);
	arena_deinit(&arena);
	return rc;
}

static int run_point(const struct crew *c, struct nvme_point *p, struct err *e)
{
	struct nvme_trace *trace = NULL;

	if (!c->how->trace)
		return run_model(c, p, NULL, e);
	int rc = nvme_trace_open(c->how->trace, c->how->facts, &p->design, &trace, e);
	if (rc)
		return rc;
	const struct nvme_source source = { .next = nvme_trace_next, .ctx = trace };
	rc = run_model(c, p, &source, e);
	nvme_trace_close(trace);
	return rc;
}

static void *work(void *arg)
{
	struct crew *c = arg;
	size_t i;

	while ((i = c->next++) < c->failed) {
		struct err err = {};
		const int rc = run_point(c, &c->points[i], &err);
		pthread_mutex_lock(&c->lock);
		if (rc && i < c->failed) {
			c->failed = i;
			c->err = err;
		}
		c->done++;
		if (c->how->finished)
			c->how->finished(c->how->finished_ctx, c->done);
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

int nvme_points_run(const struct nvme_points *how, struct nvme_point *points, size_t n,
		    struct err *e)
{
	struct crew crew = { .how = how, .points = points, .n = n, .failed = n };
	const unsigned helpers = how->threads > 1 ? how->threads - 1 : 0;
	unsigned started = 0;
	_free_ pthread_t *threads = calloc(helpers + 1, sizeof(*threads));

	if (!threads)
		return err_set(e, ERR_NOMEM, "no memory for %u threads", helpers);
	pthread_mutex_init(&crew.lock, NULL);
	while (started < helpers && started + 1 < n &&
	       !pthread_create(&threads[started], NULL, work, &crew))
		started++;
	work(&crew);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&crew.lock);
	if (crew.failed == n)
		return 0;
	if (e)
		*e = crew.err;
	return n > 1 ? err_prefix(e, "%s", points[crew.failed].label) : crew.err.code;
}

void nvme_point_deinit(struct nvme_point *p)
{
	arena_deinit(&p->arena);
	nvme_design_deinit(&p->design);
}

uint64_t nvme_milli_iops(const struct nvme_vm_result *v)
{
	if (!v->span_ns)
		return 0;
	return (uint64_t)(((__uint128_t)v->requests * 1000 * NS_PER_SEC + v->span_ns / 2) /
			  v->span_ns);
}

uint64_t nvme_cpu_each_ns(const struct nvme_result *r)
{
	const struct nvme_vm_result *v = nvme_total(r);
	__uint128_t ns = (__uint128_t)v->guest_busy_ns + v->guest_spin_ns + v->guest_direct_ns +
			 v->guest_indirect_ns + v->guest_sync_ns;

	for (uint32_t i = 0; i < r->ncores; i++)
		ns += r->cores[i].busy_ns + r->cores[i].spin_ns;
	return r->completed ? (uint64_t)(ns / r->completed) : 0;
}

const struct nvme_audit_result *nvme_bottleneck(const struct nvme_result *r, uint64_t *use_ppm_out)
{
	const struct nvme_audit_result *most = NULL;

	*use_ppm_out = 0;
	for (uint32_t i = 0; i < r->nstations; i++) {
		const struct nvme_audit_result *s = &r->stations[i];
		if (!strcmp(s->name, "all")) /* the system itself */
			continue;
		const __uint128_t all = (__uint128_t)s->servers * r->end_ns;
		const uint64_t use = all ? (uint64_t)((__uint128_t)s->busy_ns * PPM_PER_ONE / all)
					 : 0;
		if (use > *use_ppm_out) {
			*use_ppm_out = use;
			most = s;
		}
	}
	return most;
}

struct nvme_host_cpu nvme_host_cpu(const struct nvme_result *r)
{
	struct nvme_host_cpu all = {};
	__uint128_t busy = 0, spin = 0;

	for (uint32_t i = 0; i < r->ncores; i++) {
		busy += r->cores[i].busy_ns;
		spin += r->cores[i].spin_ns;
	}
	if (!r->end_ns)
		return all;
	all.busy_ppm = (uint64_t)(busy * PPM_PER_ONE / r->end_ns);
	all.spin_ppm = (uint64_t)(spin * PPM_PER_ONE / r->end_ns);
	const uint64_t taken = all.busy_ppm + all.spin_ppm, whole = r->ncores * PPM_PER_ONE;
	all.idle_ppm = whole > taken ? whole - taken : 0;
	return all;
}
