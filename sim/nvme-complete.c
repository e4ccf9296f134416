// SPDX-License-Identifier: MIT
/* Coalescing and hybrid polling. */
#include "sim/nvme-complete.h"

#include <stddef.h>

static void raise_irq(struct nvme_coalesce *c, uint64_t now)
{
	c->raised++;
	if (c->on_raise)
		c->on_raise(c->ctx, now);
	for (uint32_t n = c->line.n; n; n--) {
		const uint32_t job = nvme_line_pop(c->node.net, &c->line);
		nvme_spend(c->node.net, job, c->stage, now);
		nvme_pass(&c->node, job, now);
	}
}

static void run_out(void *ctx, uint64_t arg, struct ns now)
{
	(void)arg;
	raise_irq(ctx, now.v);
}

static void enter_coalesce(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_coalesce *c = (struct nvme_coalesce *)node;

	nvme_line_push(node->net, &c->line, job);
	if (c->count && c->line.n >= c->count) {
		evq_cancel(&node->net->q, c->timer);
		raise_irq(c, now);
	} else if (c->timer_ns && c->line.n == 1) {
		c->timer = evq_post(&node->net->q, (struct ns){ now + c->timer_ns }, EVQ_SERVICE,
				    run_out, c, 0);
	}
}

void nvme_coalesce_init(struct nvme_coalesce *c, struct nvme_net *net, uint64_t count,
			uint64_t timer_ns)
{
	*c = (struct nvme_coalesce){
		.node = { .enter = enter_coalesce, .net = net, .name = "coalesce" },
		.count = count,
		.timer_ns = timer_ns,
		.line = nvme_line_empty(),
	};
}

/* ---- hybrid polling ---- */

static void submit(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_hybrid *h =
		(struct nvme_hybrid *)((char *)node - offsetof(struct nvme_hybrid, submit));

	node->net->jobs[job].ready =
		now + nvme_cost_take(&h->sleep, 0) + nvme_cost_take(&h->wake, 0);
	nvme_pass(node, job, now);
}

static void awake(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_hybrid *h = ctx;

	nvme_spend(h->node.net, (uint32_t)arg, h->stage, now.v);
	nvme_pass(&h->node, (uint32_t)arg, now.v);
}

static void enter_hybrid(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_hybrid *h = (struct nvme_hybrid *)node;
	const uint64_t ready = node->net->jobs[job].ready;

	if (now < ready) {
		nvme_post(node->net, ready, EVQ_COMPLETION, awake, h, job);
		return;
	}
	h->spun_ns += now - ready;
	nvme_pass(node, job, now);
}

void nvme_hybrid_init(struct nvme_hybrid *h, struct nvme_net *net)
{
	*h = (struct nvme_hybrid){
		.node = { .enter = enter_hybrid, .net = net, .name = "hybrid" },
		.submit = { .enter = submit, .net = net, .name = "hybrid" },
	};
}
