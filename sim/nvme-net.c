// SPDX-License-Identifier: MIT
/*
 * The network's pool of jobs, its loop, and the counting of finished requests.
 */
#include "sim/nvme-net.h"

static void make_list(struct nvme_net *net, uint32_t from, uint32_t n, uint32_t *head_out)
{
	*head_out = n ? from : NVME_NO_JOB;
	for (uint32_t i = 0; i < n; i++)
		net->jobs[from + i].next = i + 1 < n ? from + i + 1 : NVME_NO_JOB;
}

int nvme_net_init(struct nvme_net *net, const struct nvme_net_config *c, struct arena *a)
{
	*net = (struct nvme_net){
		.arena = a,
		.seed = c->seed,
		.njobs = c->jobs,
		.nparts = c->parts,
		.nstages = c->nstages,
		.zero_stage = UINT32_MAX,
		.nmeters = c->nmeters,
		.warmup = c->warmup,
		.target = c->target,
	};
	const size_t total = (size_t)c->jobs + c->parts;
	net->jobs = arena_alloc(a, total, sizeof(*net->jobs));
	net->stage = arena_alloc(a, total * c->nstages, sizeof(*net->stage));
	net->meters = arena_alloc(a, c->nmeters, sizeof(*net->meters));
	if (!net->jobs || !net->stage || !net->meters)
		return ERR_NOMEM;
	make_list(net, 0, c->jobs, &net->free_job);
	make_list(net, c->jobs, c->parts, &net->free_part);
	for (uint32_t i = 0; i < c->nmeters; i++) {
		struct nvme_meter *m = &net->meters[i];
		m->stage = arena_alloc(a, c->nstages, sizeof(*m->stage));
		m->latency = c->latency_bits ? arena_alloc(a, 1, sizeof(*m->latency)) : NULL;
		if (!m->stage || (c->latency_bits && !m->latency) ||
		    (c->latency_bits && hist_init(m->latency, c->latency_bits, a)))
			return ERR_NOMEM;
	}
	return evq_init(&net->q, c->events, a);
}

bool nvme_net_run(struct nvme_net *net, uint64_t events)
{
	for (; events && !net->is_over; events--) {
		if (!evq_run_next(&net->q))
			return false;
		net->events++;
	}
	return !net->is_over;
}

uint32_t nvme_job_take(struct nvme_net *net)
{
	const uint32_t job = net->free_job;

	if (job != NVME_NO_JOB)
		net->free_job = net->jobs[job].next;
	return job;
}

void nvme_job_begin(struct nvme_net *net, uint32_t job, const struct nvme_job *as)
{
	uint64_t *stage = &net->stage[(uint64_t)job * net->nstages];

	net->jobs[job] = *as;
	for (uint32_t i = 0; i < net->nstages; i++)
		stage[i] = 0;
}

uint32_t nvme_part_new(struct nvme_net *net, uint64_t now)
{
	const uint32_t job = net->free_part;
	const struct nvme_job as = {
		.born = now, .mark = now, .parent = NVME_NO_JOB, .is_part = true
	};

	if (job == NVME_NO_JOB)
		return job;
	net->free_part = net->jobs[job].next;
	nvme_job_begin(net, job, &as);
	return job;
}

void nvme_job_free(struct nvme_net *net, uint32_t job)
{
	uint32_t *list = job < net->njobs ? &net->free_job : &net->free_part;

	net->jobs[job].next = *list;
	*list = job;
}

void nvme_begin_counting(struct nvme_net *net, uint64_t now)
{
	net->warmup = net->completed;
	net->counted_from = now;
	for (uint32_t i = 0; i < net->nmeters; i++)
		net->meters[i].first = now;
	if (net->on_counting)
		net->on_counting(net->on_counting_ctx, now);
}

static void add_to_meter(struct nvme_net *net, uint32_t job, uint64_t latency, uint64_t now)
{
	const struct nvme_job *j = &net->jobs[job];
	const uint64_t *stage = &net->stage[(uint64_t)job * net->nstages];
	struct nvme_meter *m = &net->meters[j->vm];
	uint64_t sum = 0;

	for (uint32_t i = 0; i < net->nstages; i++) {
		m->stage[i] += stage[i];
		sum += stage[i];
	}
	net->broken += sum != latency;
	m->requests++;
	m->bytes += j->bytes;
	m->last = now;
	if (m->latency)
		hist_record(m->latency, latency);
	if (m->by_op)
		hist_record(&m->by_op[j->op], latency);
	if (net->zero_stage != UINT32_MAX)
		m->wait_zero += !stage[net->zero_stage];
}

void nvme_count(struct nvme_net *net, uint32_t job, uint64_t now)
{
	if (net->completed >= net->warmup)
		add_to_meter(net, job, now - net->jobs[job].born, now);
	net->completed++;
	if (net->completed == net->warmup)
		nvme_begin_counting(net, now);
	if (net->target && net->completed == net->warmup + net->target)
		net->is_over = true;
}
