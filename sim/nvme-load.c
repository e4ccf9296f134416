// SPDX-License-Identifier: MIT
/* Loads, token buckets, gates and streams of stalls. */
#include "sim/nvme-load.h"

/* ---- loads ---- */

static void born(void *ctx, uint64_t arg, struct ns now);
static void birth(void *ctx, uint64_t arg, struct ns now);

static void begin(struct nvme_load *l, uint32_t job, uint64_t now)
{
	struct nvme_net *net = l->node.net;
	struct nvme_job *j = &net->jobs[job];

	nvme_audit_tick(&net->all, now);
	/* one that waited at the source was there already */
	net->all.area += now - j->born;
	net->all.busy_area += now - j->born;
	net->all.entered++;
	net->all.busy++;
	if (++net->all.inside > net->all.most)
		net->all.most = net->all.inside;
	j->is_out = true;
	l->out++;
	net->issued++;
	if (now > j->born)
		nvme_spend(net, job, l->source_stage, now);
	nvme_pass(&l->node, job, now);
}

/* A request born then; false when there are no more. */
static bool dress(struct nvme_load *l, uint32_t job, uint64_t at)
{
	struct nvme_net *net = l->node.net;
	struct nvme_job *j = &net->jobs[job];

	if (!l->remaining)
		return false;
	const struct nvme_job as = { .born = at,
				     .mark = at,
				     .vm = l->vm,
				     .thread = j->thread,
				     .queue = j->queue,
				     .klass = (uint8_t)l->klass,
				     .bytes = l->bytes,
				     .parent = NVME_NO_JOB };
	nvme_job_begin(net, job, &as);
	if (l->fill && !l->fill(l->ctx, job, at)) {
		l->remaining = 0;
		return false;
	}
	l->remaining--;
	return true;
}

static void end_run(struct nvme_load *l)
{
	struct nvme_net *net = l->node.net;

	if (l->ends_run && !l->remaining && !l->is_starved && !net->all.inside)
		net->is_over = true;
}

/* Closed: after the think time. */
static void rethink(struct nvme_load *l, uint32_t job, uint64_t now)
{
	const uint64_t think = nvme_cost_take(&l->gap, 0);

	if (think)
		nvme_post(l->node.net, now + think, EVQ_ARRIVAL, born, l, job);
	else if (dress(l, job, now))
		begin(l, job, now);
	else
		nvme_job_free(l->node.net, job);
}

static void born(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_load *l = ctx;

	if (dress(l, (uint32_t)arg, now.v)) {
		begin(l, (uint32_t)arg, now.v);
	} else {
		nvme_job_free(l->node.net, (uint32_t)arg);
		end_run(l);
	}
}

static bool find_next_birth(struct nvme_load *l)
{
	if (!l->remaining)
		return false;
	if (l->kind == NVME_LOAD_PULLED) {
		if (l->pull(l->ctx, &l->next_at))
			return true;
		l->remaining = 0;
		return false;
	}
	l->next_at += nvme_cost_take(&l->gap, 0);
	return true;
}

/* Births that are due; then the next one is posted, unless there is no room for it. */
static void give_birth(struct nvme_load *l, uint64_t now)
{
	do {
		const uint32_t job = l->out < l->room ? nvme_job_take(l->node.net) : NVME_NO_JOB;
		l->is_starved = job == NVME_NO_JOB;
		if (l->is_starved)
			return;
		if (!dress(l, job, l->next_at)) {
			nvme_job_free(l->node.net, job);
			return;
		}
		begin(l, job, now);
		if (!find_next_birth(l))
			return;
	} while (l->next_at <= now);
	nvme_post(l->node.net, l->next_at, EVQ_ARRIVAL, birth, l, 0);
}

static void birth(void *ctx, uint64_t arg, struct ns now)
{
	(void)arg;
	give_birth(ctx, now.v);
}

static void leave(struct nvme_load *l, uint32_t job, uint64_t now)
{
	struct nvme_net *net = l->node.net;
	struct nvme_job *j = &net->jobs[job];

	nvme_audit_tick(&net->all, now);
	net->all.busy--;
	net->all.inside--;
	net->all.left++;
	net->all.sojourn += now - j->born;
	j->is_out = false;
	l->out--;
	if (l->kind == NVME_LOAD_CLOSED) {
		rethink(l, job, now);
	} else {
		nvme_job_free(net, job);
		if (l->is_starved)
			give_birth(l, now);
	}
	end_run(l);
}

static void finished(struct nvme_node *node, uint32_t job, uint64_t now)
{
	nvme_count(node->net, job, now);
	leave((struct nvme_load *)node, job, now);
}

static void refused(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_load *l =
		(struct nvme_load *)((char *)node - offsetof(struct nvme_load, refusal));

	l->refused++;
	leave(l, job, now);
}

void nvme_load_init(struct nvme_load *l, struct nvme_net *net, enum nvme_load_kind kind,
		    uint32_t room, uint32_t vm)
{
	*l = (struct nvme_load){
		.node = { .enter = finished, .net = net, .name = "load" },
		.refusal = { .enter = refused, .net = net, .name = "refused" },
		.kind = kind,
		.room = room,
		.vm = vm,
		.remaining = UINT64_MAX,
	};
}

void nvme_load_start(struct nvme_load *l)
{
	struct nvme_net *net = l->node.net;

	if (l->kind != NVME_LOAD_CLOSED) {
		if (find_next_birth(l))
			nvme_post(net, l->next_at, EVQ_ARRIVAL, birth, l, 0);
		else
			end_run(l);
		return;
	}
	for (uint32_t i = 0; i < l->room; i++) {
		const uint32_t job = nvme_job_take(net);
		assert(job != NVME_NO_JOB);
		net->jobs[job].thread = i;
		nvme_post(net, nvme_cost_take(&l->gap, 0), EVQ_ARRIVAL, born, l, job);
	}
}

/* ---- token bucket ---- */

static void admit(struct nvme_bucket *b, uint32_t job, uint64_t now)
{
	const uint64_t now_q16 = now << NVME_COST_BITS;

	b->full_q16 = (b->full_q16 > now_q16 ? b->full_q16 : now_q16) + b->token_q16;
	b->admitted++;
	b->last = now;
	nvme_spend(b->node.net, job, b->stage, now);
	nvme_pass(&b->node, job, now);
}

/* When the bucket holds a whole token. */
static uint64_t token_at(const struct nvme_bucket *b)
{
	const uint64_t lead = (b->burst - 1) * b->token_q16;
	const uint64_t at = b->full_q16 > lead ? b->full_q16 - lead : 0;

	return (at + (1 << NVME_COST_BITS) - 1) >> NVME_COST_BITS;
}

static void token(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_bucket *b = ctx;
	(void)arg;

	admit(b, nvme_line_pop(b->node.net, &b->line), now.v);
	if (!b->waited++)
		b->first_wait = now.v;
	if (b->line.n)
		nvme_post(b->node.net, token_at(b), EVQ_SERVICE, token, b, 0);
}

static void enter_bucket(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_bucket *b = (struct nvme_bucket *)node;

	if (!b->line.n && token_at(b) <= now) {
		admit(b, job, now);
		return;
	}
	nvme_line_push(node->net, &b->line, job);
	if (b->line.n == 1)
		nvme_post(node->net, token_at(b), EVQ_SERVICE, token, b, 0);
}

void nvme_bucket_init(struct nvme_bucket *b, struct nvme_net *net, uint64_t token_q16,
		      uint64_t burst)
{
	*b = (struct nvme_bucket){
		.node = { .enter = enter_bucket, .net = net, .name = "bucket" },
		.token_q16 = token_q16,
		.burst = burst,
		.line = nvme_line_empty(),
	};
}

/* ---- gate ---- */

static void enter_gate(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_gate *g = (struct nvme_gate *)node;

	if (g->inside < g->entries) {
		g->inside++;
		nvme_pass(node, job, now);
	} else {
		g->waited++;
		nvme_line_push(node->net, &g->line, job);
	}
}

void nvme_gate_init(struct nvme_gate *g, struct nvme_net *net, uint64_t entries, uint32_t stage)
{
	*g = (struct nvme_gate){
		.node = { .enter = enter_gate, .net = net, .name = "gate" },
		.entries = entries,
		.stage = stage,
		.line = nvme_line_empty(),
	};
}

void nvme_gate_release(struct nvme_gate *g, uint64_t now)
{
	if (!g->line.n) {
		g->inside--;
		return;
	}
	const uint32_t job = nvme_line_pop(g->node.net, &g->line);
	nvme_spend(g->node.net, job, g->stage, now);
	nvme_pass(&g->node, job, now);
}

/* ---- stalls ---- */

static void stall(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_stall_process *p = ctx;
	const uint64_t length_ns = nvme_cost_take(&p->length, 0);
	(void)arg;

	p->stalls++;
	p->total_ns += length_ns;
	p->stall(p->ctx, now.v, length_ns);
	nvme_stall_start(p);
}

void nvme_stall_start(struct nvme_stall_process *p)
{
	nvme_post(p->net, p->net->q.now.v + nvme_cost_take(&p->gap, 0), EVQ_ARRIVAL, stall, p, 0);
}
