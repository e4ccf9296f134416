// SPDX-License-Identifier: MIT
/* Loads of all VMs: when requests come, their sizes, directions and addresses. */
#include "sim/nvme-impl.h"

#include "base/units.h"

enum { ROOM_ALL = 1 << 16, ROOM_LEAST = 1024 };

/* ---- what a request asks for ---- */

static uint32_t draw_bytes(const struct nvme_load_config *l, struct rng *r)
{
	uint64_t ppm = l->nblocks > 1 ? rng_below(r, PPM_PER_ONE) : 0;
	uint64_t i = 0;

	while (i + 1 < l->nblocks && ppm >= l->block[i].ppm)
		ppm -= l->block[i++].ppm;
	return (uint32_t)l->block[i].bytes;
}

static uint64_t draw_address(struct nvme_vm *vm, const struct nvme_load_config *l, uint32_t thread,
			     uint32_t bytes)
{
	if (l->pattern == NVME_RANDOM)
		return rng_below(&vm->rng, l->span_bytes / bytes) * bytes;
	uint64_t *at = &vm->at[thread];
	if (*at + bytes > l->span_bytes)
		*at = 0;
	*at += bytes;
	return *at - bytes;
}

static void place(struct nvme_vm *vm, struct nvme_job *j)
{
	const struct nvme *n = vm->run;

	j->vm = vm->index;
	j->queue = vm->index * n->pairs_per_vm + j->thread % n->pairs_per_vm;
}

static bool fill_generated(void *ctx, uint32_t job, uint64_t now)
{
	struct nvme_vm *vm = ctx;
	const struct nvme_load_config *l = &vm->run->c.load;
	struct nvme_job *j = &vm->run->net.jobs[job];
	(void)now;

	j->thread =
		(uint32_t)((vm->load.kind == NVME_LOAD_CLOSED ? j->thread : vm->issued) % l->jobs);
	vm->issued++;
	j->bytes = draw_bytes(l, &vm->rng);
	j->op = l->read_ppm == PPM_PER_ONE                       ? NVME_READ
		: rng_below(&vm->rng, PPM_PER_ONE) < l->read_ppm ? NVME_READ
								 : NVME_WRITE;
	j->lba = draw_address(vm, l, j->thread, j->bytes) / BLOCK_BYTES;
	place(vm, j);
	return true;
}

/* ---- requests of a source ---- */

/* The next one into next_request; false at the end, or with an error kept. */
static bool fetch(struct nvme *n)
{
	const int rc = n->source.next(n->source.ctx, &n->next_request, &n->err);
	const struct nvme_request *r = &n->next_request;

	if (rc > 0 && r->vm < n->nvms && r->job < n->c.load.jobs && r->bytes && r->op < NVME_OPS)
		return true;
	if (rc > 0)
		err_set(&n->err, ERR_BUG,
			"a request of VM %u, job %u, %u bytes lies outside the load", r->vm, r->job,
			r->bytes);
	else if (rc < 0 && !n->err.code)
		n->err.code = (enum err_code)rc;
	n->net.is_over |= n->err.code != 0;
	return false;
}

static void take_request(const struct nvme_request *r, struct nvme_job *j)
{
	j->bytes = r->bytes;
	j->op = (uint8_t)r->op;
	j->lba = r->lba;
}

/* Open: the request that `pull` announced. */
static bool fill_pulled(void *ctx, uint32_t job, uint64_t now)
{
	struct nvme_vm *first = ctx;
	struct nvme *n = first->run;
	struct nvme_job *j = &n->net.jobs[job];
	(void)now;

	take_request(&n->next_request, j);
	j->thread = n->next_request.job;
	place(&n->vms[n->next_request.vm], j);
	return true;
}

static bool pull(void *ctx, uint64_t *at_out)
{
	struct nvme_vm *first = ctx;
	struct nvme *n = first->run;

	if (!fetch(n))
		return false;
	/* times do not fall; one that does anyway is taken as now */
	if (n->next_request.at.v > *at_out)
		*at_out = n->next_request.at.v;
	return true;
}

/* Closed: the next request whatever its time, VM and job. */
static bool fill_closed(void *ctx, uint32_t job, uint64_t now)
{
	struct nvme_vm *vm = ctx;
	struct nvme_job *j = &vm->run->net.jobs[job];
	(void)now;

	if (!fetch(vm->run))
		return false;
	take_request(&vm->run->next_request, j);
	j->thread %= (uint32_t)vm->run->c.load.jobs;
	place(vm, j);
	return true;
}

/* ---- loads ---- */

static uint64_t gap_q16(const struct rate *r)
{
	return (uint64_t)(((unsigned __int128)r->per_ns << NVME_COST_BITS) / r->count);
}

static int make_gap(struct nvme *n, struct nvme_vm *vm, struct err *e)
{
	const struct nvme_load_config *l = &n->c.load;
	char name[NVME_NAME_BYTES * 2];

	nvme_name(name, sizeof(name), "arrivals", vm->index);
	if (l->arrival == NVME_CLOSED)
		return nvme_make_cost(n, &vm->load.gap, &l->think, name, "think", e);
	if (l->arrival != NVME_POISSON) {
		nvme_cost_const(&vm->load.gap, gap_q16(&l->rate));
		/* not all machines at the same ns */
		vm->load.next_at = (gap_q16(&l->rate) >> NVME_COST_BITS) * vm->index / n->nvms;
		return 0;
	}
	return nvme_make_exponential(n, &vm->load.gap, &l->rate, name, e);
}

static uint64_t room_of(const struct nvme *n)
{
	const struct nvme_load_config *l = &n->c.load;
	const uint64_t share = ROOM_ALL / n->nvms;

	if (l->arrival == NVME_CLOSED)
		return l->jobs * l->depth;
	if (l->arrival == NVME_TRACE)
		return ROOM_ALL;
	return share > ROOM_LEAST ? share : ROOM_LEAST;
}

uint64_t nvme_jobs_needed(const struct nvme *n)
{
	return room_of(n) * (n->c.load.arrival == NVME_TRACE ? 1 : n->nvms);
}

static int make_vm_load(struct nvme *n, struct nvme_vm *vm, struct err *e)
{
	static const enum nvme_load_kind kinds[] = { NVME_LOAD_CLOSED, NVME_LOAD_PACED,
						     NVME_LOAD_PACED, NVME_LOAD_PULLED };
	const struct nvme_load_config *l = &n->c.load;
	char name[NVME_NAME_BYTES];

	nvme_load_init(&vm->load, &n->net, kinds[l->arrival], (uint32_t)room_of(n), vm->index);
	nvme_name(name, sizeof(name), "requests", vm->index);
	rng_init(&vm->rng, n->net.seed, name);
	vm->load.source_stage = NVME_SOURCE;
	vm->load.node.next = &n->to_gates.node;
	vm->load.ctx = vm;
	vm->load.fill = l->arrival == NVME_TRACE ? fill_pulled
			: n->has_source          ? fill_closed
						 : fill_generated;
	vm->load.pull = pull;
	vm->load.ends_run = n->has_source;
	vm->at = arena_alloc(n->arena, l->jobs, sizeof(*vm->at));
	if (!vm->at)
		return nvme_no_memory(e);
	for (uint64_t i = 0; i < l->jobs; i++) /* jobs begin apart */
		vm->at[i] = l->span_bytes / l->jobs * i / PAGE_BYTES * PAGE_BYTES;
	return l->arrival == NVME_TRACE ? 0 : make_gap(n, vm, e);
}

int nvme_make_requests(struct nvme *n, struct err *e)
{
	int rc = 0;

	n->load_nodes = arena_alloc(n->arena, n->nvms, sizeof(*n->load_nodes));
	if (!n->load_nodes)
		return nvme_no_memory(e);
	for (uint32_t i = 0; !rc && i < n->nvms; i++) {
		rc = make_vm_load(n, &n->vms[i], e);
		/* a trace has one load for all VMs */
		n->load_nodes[i] = &n->vms[n->c.load.arrival == NVME_TRACE ? 0 : i].load.node;
	}
	nvme_router_init(&n->to_loads, &n->net, NVME_ROUTE_VM, n->load_nodes, n->nvms, "loads");
	return rc;
}

static void end_of_time(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme *n = ctx;
	(void)arg;
	(void)now;

	n->net.is_over = true;
}

static void end_of_warmup(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme *n = ctx;
	(void)arg;

	nvme_begin_counting(&n->net, now.v);
}

void nvme_start_requests(struct nvme *n)
{
	const struct nvme_load_config *l = &n->c.load;
	const uint32_t loads = l->arrival == NVME_TRACE ? 1 : n->nvms;

	for (uint32_t i = 0; i < loads; i++)
		nvme_load_start(&n->vms[i].load);
	if (!l->duration_ns)
		return;
	nvme_post(&n->net, l->duration_ns, EVQ_TICK, end_of_time, n, 0);
	if (!n->net.target && l->arrival != NVME_TRACE)
		nvme_post(
			&n->net,
			(uint64_t)((unsigned __int128)l->duration_ns * l->warmup_ppm / PPM_PER_ONE),
			EVQ_TICK, end_of_warmup, n, 0);
}
