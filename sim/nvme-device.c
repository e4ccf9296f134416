// SPDX-License-Identifier: MIT
/* Delays, routing to channels, splitting at the largest transfer, the write buffer. */
#include "sim/nvme-device.h"
#include "base/units.h"
#include "sim/nvme.h"

#include <stddef.h>

/* ---- delay ---- */

static void end_delay(void *ctx, uint64_t job, struct ns now)
{
	struct nvme_delay *d = ctx;

	nvme_spend(d->node.net, (uint32_t)job, d->stage, now.v);
	nvme_pass(&d->node, (uint32_t)job, now.v);
}

static void enter_delay(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_delay *d = (struct nvme_delay *)node;
	const uint64_t ns = nvme_cost_take(&d->cost, 0);

	if (ns)
		nvme_post(node->net, now + ns, EVQ_COMPLETION, end_delay, d, job);
	else
		nvme_pass(node, job, now);
}

void nvme_delay_init(struct nvme_delay *d, struct nvme_net *net, uint32_t stage)
{
	*d = (struct nvme_delay){
		.node = { .enter = enter_delay, .net = net, .name = "delay" },
		.stage = stage,
	};
}

/* ---- router ---- */

static uint64_t place_of(struct nvme_router *r, const struct nvme_job *j)
{
	switch (r->by) {
	case NVME_ROUTE_STRIPE:
		return j->lba * BLOCK_BYTES / r->stripe_bytes % r->n;
	case NVME_ROUTE_VM:
		return j->vm;
	case NVME_ROUTE_QUEUE:
		return j->queue;
	case NVME_ROUTE_RANDOM:
		break;
	}
	return (rng_next(&r->rng) >> 32) * r->n >> 32;
}

static void enter_router(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_router *r = (struct nvme_router *)node;
	struct nvme_node *target = r->targets[place_of(r, &node->net->jobs[job])];

	target->enter(target, job, now);
}

void nvme_router_init(struct nvme_router *r, struct nvme_net *net, enum nvme_route by,
		      struct nvme_node **targets, uint32_t n, const char *name)
{
	*r = (struct nvme_router){
		.node = { .enter = enter_router, .net = net, .name = name },
		.targets = targets,
		.n = n,
		.by = by,
		.stripe_bytes = BLOCK_BYTES,
	};
	rng_init(&r->rng, net->seed, name);
}

/* ---- fork ---- */

static void enter_fork(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_fork *f = (struct nvme_fork *)node;
	struct nvme_node *to = f->takes(&node->net->jobs[job]) ? node->next : f->other;

	to->enter(to, job, now);
}

void nvme_fork_init(struct nvme_fork *f, struct nvme_net *net,
		    bool (*takes)(const struct nvme_job *j))
{
	*f = (struct nvme_fork){
		.node = { .enter = enter_fork, .net = net, .name = "fork" },
		.takes = takes,
	};
}

/* ---- stopper ---- */

static void go_on(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_stopper *s = ctx;
	(void)arg;

	if (s->until > now.v) { /* stopped again meanwhile */
		nvme_post(s->node.net, s->until, EVQ_SERVICE, go_on, s, 0);
		return;
	}
	while (s->line.n) {
		const uint32_t job = nvme_line_pop(s->node.net, &s->line);
		nvme_spend(s->node.net, job, s->stage, now.v);
		nvme_pass(&s->node, job, now.v);
	}
}

static void enter_stopper(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_stopper *s = (struct nvme_stopper *)node;

	if (s->until > now || s->line.n)
		nvme_line_push(node->net, &s->line, job);
	else
		nvme_pass(node, job, now);
}

void nvme_stopper_init(struct nvme_stopper *s, struct nvme_net *net, uint32_t stage)
{
	*s = (struct nvme_stopper){
		.node = { .enter = enter_stopper, .net = net, .name = "stopper" },
		.stage = stage,
		.line = nvme_line_empty(),
	};
}

void nvme_stopper_stop(struct nvme_stopper *s, uint64_t now, uint64_t length_ns)
{
	const bool is_stopped = s->until > now;

	s->until = (is_stopped ? s->until : now) + length_ns;
	if (!is_stopped)
		nvme_post(s->node.net, s->until, EVQ_SERVICE, go_on, s, 0);
}

/* ---- split and join ---- */

/* Sends parts while there is room; true when all are on their way. j->ready: bytes sent. */
static bool send_parts(struct nvme_split *s, uint32_t job, uint64_t now)
{
	struct nvme_net *net = s->node.net;

	while (net->jobs[job].ready < net->jobs[job].bytes) {
		struct nvme_job *j = &net->jobs[job];
		const uint32_t part = s->parts < s->room ? nvme_part_new(net, j->mark)
							 : NVME_NO_JOB;
		if (part == NVME_NO_JOB)
			return false;
		s->parts++;
		const uint64_t rest = j->bytes - j->ready;
		struct nvme_job *p = &net->jobs[part];
		p->vm = j->vm;
		p->op = j->op;
		p->klass = j->klass;
		p->queue = j->queue;
		p->parent = job;
		p->lba = j->lba + j->ready / BLOCK_BYTES;
		p->bytes = rest < s->most ? (uint32_t)rest : s->most;
		j->ready += p->bytes;
		j->parts++;
		nvme_pass(&s->node, part, now);
	}
	return true;
}

static void enter_split(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_split *s = (struct nvme_split *)node;

	if (!s->most || node->net->jobs[job].bytes <= s->most) {
		nvme_pass(node, job, now);
		return;
	}
	node->net->jobs[job].ready = 0;
	node->net->jobs[job].parts = 0;
	if (s->line.n || !send_parts(s, job, now))
		nvme_line_push(node->net, &s->line, job);
}

static void enter_join(struct nvme_node *node, uint32_t part, uint64_t now)
{
	struct nvme_split *s =
		(struct nvme_split *)((char *)node - offsetof(struct nvme_split, join));
	struct nvme_net *net = node->net;
	const uint32_t job = net->jobs[part].parent;

	if (job == NVME_NO_JOB) {
		nvme_pass(node, part, now);
		return;
	}
	struct nvme_job *j = &net->jobs[job];
	const bool is_last = !--j->parts && j->ready == j->bytes;
	if (is_last) {
		for (uint32_t i = 0; i < net->nstages; i++)
			net->stage[(uint64_t)job * net->nstages + i] +=
				net->stage[(uint64_t)part * net->nstages + i];
		j->mark = now;
	}
	nvme_job_free(net, part);
	s->parts--;
	while (s->line.n && send_parts(s, s->line.head, now))
		nvme_line_pop(net, &s->line);
	if (is_last)
		nvme_pass(node, job, now);
}

void nvme_split_init(struct nvme_split *s, struct nvme_net *net, uint32_t most, uint32_t room)
{
	*s = (struct nvme_split){
		.node = { .enter = enter_split, .net = net, .name = "split" },
		.join = { .enter = enter_join, .net = net, .name = "join" },
		.most = most,
		.room = room,
		.line = nvme_line_empty(),
	};
}

/* ---- write buffer ---- */

static void buffered(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_buffer *b = ctx;

	nvme_spend(b->node.net, (uint32_t)arg, b->stage, now.v);
	b->done->enter(b->done, (uint32_t)arg, now.v);
}

/* A copy of the write goes on to the channels. */
static void accept(struct nvme_buffer *b, uint32_t job, uint64_t now)
{
	struct nvme_net *net = b->node.net;
	const uint32_t part = nvme_part_new(net, now);

	assert(part != NVME_NO_JOB);
	b->parts++;
	const struct nvme_job *j = &net->jobs[job];
	struct nvme_job *p = &net->jobs[part];
	p->vm = j->vm;
	p->op = j->op;
	p->lba = j->lba;
	p->bytes = j->bytes;
	p->queue = j->queue;
	b->used += j->bytes;
	nvme_spend(net, job, b->wait_stage, now);
	nvme_post(net, now + nvme_cost_take(&b->cost, j->bytes), EVQ_COMPLETION, buffered, b, job);
	b->drain->enter(b->drain, part, now);
}

static bool has_room(const struct nvme_buffer *b, uint32_t job)
{
	const uint64_t bytes = b->node.net->jobs[job].bytes;

	return b->parts < b->room && (!b->used || b->used + bytes <= b->bytes);
}

static void enter_buffer(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_buffer *b = (struct nvme_buffer *)node;

	if (node->net->jobs[job].op != NVME_WRITE)
		nvme_pass(node, job, now);
	else if (b->line.n || !has_room(b, job))
		nvme_line_push(node->net, &b->line, job);
	else
		accept(b, job, now);
}

static void enter_drained(struct nvme_node *node, uint32_t part, uint64_t now)
{
	struct nvme_buffer *b =
		(struct nvme_buffer *)((char *)node - offsetof(struct nvme_buffer, drained));

	b->used -= node->net->jobs[part].bytes;
	b->parts--;
	nvme_job_free(node->net, part);
	while (b->line.n && has_room(b, b->line.head))
		accept(b, nvme_line_pop(node->net, &b->line), now);
}

void nvme_buffer_init(struct nvme_buffer *b, struct nvme_net *net, uint64_t bytes, uint32_t room)
{
	*b = (struct nvme_buffer){
		.node = { .enter = enter_buffer, .net = net, .name = "buffer" },
		.drained = { .enter = enter_drained, .net = net, .name = "drained" },
		.bytes = bytes,
		.room = room,
		.line = nvme_line_empty(),
	};
}
