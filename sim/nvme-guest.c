// SPDX-License-Identifier: MIT
/*
 * The guest's side: submission gates, vCPUs, doorbells, interrupts.
 *
 * A vCPU is a scanner: completion queues first, then submissions one by one. An
 * exit costs it the world switch (direct), the time that the host emulates while
 * it stands still (synchronous), and later refilled caches and TLB (indirect, a
 * debt paid at the end of the visit, so that it delays other work and not the
 * request that caused it). A queue whose completions are being handled raises no
 * further interrupt: the handler looks again before it ends.
 */
#include "sim/nvme-impl.h"

#include <stddef.h>

#define OF(type, member, node) ((type *)((char *)(node)-offsetof(type, member)))

static bool waits_by_interrupt(const struct nvme *n)
{
	return n->c.guest.wait == NVME_GUEST_INTERRUPT;
}

static uint64_t draw(struct nvme *n, enum nvme_shared which)
{
	return nvme_cost_take(&n->shared[which], 0);
}

/* ---- exits ---- */

/* One exit: what it costs the vCPU at once; sync_ns more is the host's emulation. */
static uint64_t leave_guest(struct nvme_pair *p, struct nvme_vcpu *v, uint64_t direct_ns,
			    uint64_t sync_ns)
{
	struct nvme *n = p->vm->run;
	struct nvme_vm_result *r = &p->vm->counts;
	const uint64_t indirect_ns = draw(n, NVME_SHARED_INDIRECT);

	r->exits++;
	r->guest_direct_ns += direct_ns;
	r->guest_sync_ns += sync_ns;
	r->guest_indirect_ns += indirect_ns;
	v->debt_ns += indirect_ns;
	return direct_ns + sync_ns;
}

static uint64_t pay_debt(struct nvme_vcpu *v)
{
	const uint64_t ns = v->debt_ns;

	v->debt_ns = 0;
	return ns;
}

/* ---- doorbells ---- */

/* A write to a doorbell that exits: the vCPU stands still until it is handled. */
static uint64_t write_bell(struct nvme_pair *p, struct nvme_vcpu *v, bool is_user, uint64_t now)
{
	struct nvme *n = p->vm->run;
	const uint64_t direct_ns = draw(n, NVME_SHARED_EXIT);
	uint64_t sync_ns = draw(n, is_user ? NVME_SHARED_EXIT_USER : NVME_SHARED_EVENTFD);

	p->vm->counts.kicks++;
	if (is_user && p->lock)
		sync_ns += nvme_lock_take(p->lock, now + direct_ns, sync_ns);
	return leave_guest(p, v, direct_ns, sync_ns);
}

/* The driver has filled the entry: what telling of it costs the vCPU. */
static uint64_t ring_doorbell(struct nvme_scan_queue *q, uint32_t job, uint64_t now)
{
	struct nvme_vcpu *v = q->ctx;
	struct nvme_pair *p = v->vm->run->pair[v->vm->run->net.jobs[job].queue];

	switch ((enum nvme_doorbell)p->vm->run->c.path.doorbell) {
	case NVME_BELL_MMIO_USER:
		return write_bell(p, v, true, now);
	case NVME_BELL_MMIO_KERNEL:
		return write_bell(p, v, false, now);
	case NVME_BELL_SHADOW:
		if (nvme_scan_is_asleep(p->worker, now))
			return write_bell(p, v, p->vm->run->c.path.kick == NVME_KICK_USER, now);
		p->vm->counts.kicks_suppressed++;
		return 0;
	case NVME_BELL_POLLED:
		p->vm->counts.kicks_suppressed++;
		return 0;
	case NVME_BELL_DEVICE:
		break;
	}
	return 0;
}

static uint64_t leave_submission(struct nvme_scan_queue *q, uint64_t now)
{
	(void)now;
	return pay_debt(q->ctx);
}

/* ---- interrupts ---- */

static void see(struct nvme_pair *p, uint32_t job, uint64_t now)
{
	p->cq->node.enter(&p->cq->node, job, now);
}

static void deliver(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_pair *p = ctx;
	(void)arg;

	p->is_pending = false;
	while (p->pending.n)
		see(p, nvme_line_pop(&p->vm->run->net, &p->pending), now.v);
}

/* An interrupt for this completion; ns until it is delivered. */
static uint64_t raise_irq(struct nvme_pair *p, uint64_t now)
{
	struct nvme *n = p->vm->run;

	p->vm->counts.irqs++;
	if (nvme_scan_is_asleep(&p->vcpu->scan, now))
		return 0; /* waking it is the scanner's cost */
	switch ((enum nvme_notify)n->c.path.notify) {
	case NVME_NOTIFY_INJECT:
		p->is_injected = true;
		return 0;
	case NVME_NOTIFY_POSTED:
	case NVME_NOTIFY_EXITLESS:
		return draw(n, NVME_SHARED_POSTED);
	case NVME_NOTIFY_NATIVE:
		break;
	}
	return 0;
}

static void enter_notify(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_pair *p = OF(struct nvme_pair, notify, node);
	const struct nvme_scan *s = &p->vcpu->scan;

	if (p->is_pending) {
		nvme_line_push(node->net, &p->pending, job);
		return;
	}
	const bool is_handled = p->cq->line.n ||
				(s->state == NVME_SCAN_SERVING && s->at == p->cq->index);
	if (!waits_by_interrupt(p->vm->run) || is_handled) {
		see(p, job, now);
		return;
	}
	const uint64_t ns = raise_irq(p, now);
	if (!ns) {
		see(p, job, now);
		return;
	}
	p->is_pending = true;
	nvme_line_push(node->net, &p->pending, job);
	nvme_post(node->net, now + ns, EVQ_SERVICE, deliver, p, 0);
}

static uint64_t begin_handler(struct nvme_scan_queue *q, uint64_t now)
{
	struct nvme_pair *p = q->ctx;
	(void)now;

	if (!p->is_injected)
		return 0;
	p->is_injected = false;
	return leave_guest(p, p->vcpu, draw(p->vm->run, NVME_SHARED_INJECT), 0);
}

static uint64_t end_handler(struct nvme_scan_queue *q, uint64_t now)
{
	struct nvme_pair *p = q->ctx;
	struct nvme *n = p->vm->run;
	uint64_t ns = 0;

	if (n->c.path.cq_bell != NVME_CQ_BELL_NONE)
		ns = write_bell(p, p->vcpu, n->c.path.cq_bell == NVME_CQ_BELL_USER, now);
	if (n->c.path.eoi_exit && waits_by_interrupt(n))
		ns += leave_guest(p, p->vcpu, draw(n, NVME_SHARED_EOI), 0);
	return ns + pay_debt(p->vcpu);
}

/* Handled: the entry is free, and the request is done. */
static void enter_seen(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_pair *p = OF(struct nvme_pair, seen, node);

	nvme_gate_release(&p->gate, now);
	node->next->enter(node->next, job, now);
}

/* ---- wiring ---- */

static void enter_dispatch(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_vm *vm = OF(struct nvme_vm, dispatch, node);
	struct nvme_vcpu *v =
		&vm->vcpus[node->net->jobs[job].thread % (uint32_t)vm->run->c.guest.vcpus];
	struct nvme_scan_queue *q = &v->scan.queues[v->scan.n - 1];

	q->node.enter(&q->node, job, now);
}

/* Nothing a driver does takes time or may exit: requests pass by the vCPU. */
static bool is_submission_free(const struct nvme *n)
{
	return n->c.path.doorbell == NVME_BELL_DEVICE && nvme_dist_is_nothing(&n->c.guest.submit);
}

static bool is_completion_free(const struct nvme *n)
{
	const struct nvme_guest_config *g = &n->c.guest;

	return waits_by_interrupt(n) && n->c.path.notify == NVME_NOTIFY_NATIVE &&
	       n->c.path.coalesce_count == 1 && nvme_dist_is_nothing(&g->irq) &&
	       nvme_dist_is_nothing(&g->complete) && nvme_dist_is_nothing(&g->wake);
}

static int make_hybrid(struct nvme *n, struct nvme_pair *p, struct err *e)
{
	nvme_hybrid_init(&p->hybrid, &n->net);
	p->hybrid.stage = NVME_NOTIFY;
	p->hybrid.node.next = &p->notify;
	p->hybrid.submit.next = p->submit;
	p->submit = &p->hybrid.submit;
	int rc = nvme_make_cost(n, &p->hybrid.sleep, &n->c.guest.hybrid_sleep, "hybrid sleep",
				"nvme-guest hybrid_sleep", e);
	if (!rc)
		rc = nvme_make_cost(n, &p->hybrid.wake, &n->c.guest.hybrid_wake, "hybrid wake",
				    "nvme-guest hybrid_wake", e);
	return rc;
}

static int make_pair(struct nvme *n, struct nvme_vm *vm, uint32_t i, struct err *e)
{
	const struct nvme_path_config *c = &n->c.path;
	struct nvme_pair *p = &vm->pairs[i];
	int rc = 0;

	p->vm = vm;
	p->index = vm->index * n->pairs_per_vm + i;
	p->vcpu = &vm->vcpus[i % n->c.guest.vcpus];
	p->pending = nvme_line_empty();
	p->notify = (struct nvme_node){ .enter = enter_notify, .net = &n->net, .name = "notify" };
	p->seen = (struct nvme_node){ .enter = enter_seen, .net = &n->net, .name = "seen" };
	p->seen.next = &n->to_loads.node;
	p->told = &p->notify;
	nvme_gate_init(&p->gate, &n->net, n->c.guest.queue_entries, NVME_SQ);
	p->gate.node.next = is_submission_free(n) ? &n->to_submit.node : &vm->dispatch;
	p->submit = n->drive.entry; /* unless a worker takes it */
	if (n->c.guest.wait == NVME_GUEST_HYBRID) {
		rc = make_hybrid(n, p, e);
		p->told = &p->hybrid.node;
	}
	if (c->coalesce_count > 1) {
		nvme_coalesce_init(&p->coalesce, &n->net, c->coalesce_count, c->coalesce_ns);
		p->coalesce.stage = NVME_NOTIFY;
		p->coalesce.node.next = p->told;
		p->told = &p->coalesce.node;
	}
	if (is_completion_free(n))
		p->told = &p->seen;
	n->pair[p->index] = p;
	n->gate_nodes[p->index] = &p->gate.node;
	return rc;
}

static void wire_queue(struct nvme_scan_queue *q, struct nvme_vcpu *v, struct nvme_pair *p)
{
	*q = (struct nvme_scan_queue){
		.node = { .enter = q->node.enter, .net = q->node.net, .name = v->name },
		.scan = q->scan,
		.line = q->line,
		.index = q->index,
		.visit = p ? NVME_VISIT_EXHAUSTIVE : NVME_VISIT_BURST,
		.burst = 1,
		.weight = p ? 1 : 0,
		.ctx = p ? (void *)p : (void *)v,
	};
	if (!p) {
		q->node.next = &v->vm->run->to_submit.node;
		q->wait_stage = q->serve_stage = NVME_GUEST_SUBMIT;
		q->second_stage = NVME_DOORBELL;
		q->request = &v->submit;
		q->on_served = ring_doorbell;
		q->on_leave = leave_submission;
		return;
	}
	p->cq = q;
	q->node.next = &p->seen;
	q->wait_stage = NVME_NOTIFY;
	q->serve_stage = q->second_stage = NVME_GUEST_COMPLETE;
	q->request = &v->complete;
	q->round = waits_by_interrupt(v->vm->run) ? &v->irq : NULL;
	q->on_visit = begin_handler;
	q->on_leave = end_handler;
}

static int make_vcpu_costs(struct nvme *n, struct nvme_vcpu *v, struct err *e)
{
	const struct nvme_guest_config *g = &n->c.guest;
	const struct {
		struct nvme_cost *cost;
		const struct dist *dist;
		const char *what;
	} all[] = { { &v->submit, &g->submit, "nvme-guest submit" },
		    { &v->irq, &g->irq, "nvme-guest irq" },
		    { &v->complete, &g->complete, "nvme-guest complete" },
		    { &v->wake, &g->wake, "nvme-guest wake" } };
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(all) / sizeof(all[0]); i++)
		rc = nvme_make_cost(n, all[i].cost, all[i].dist, v->name, all[i].what, e);
	return rc;
}

static int make_vcpu(struct nvme *n, struct nvme_vm *vm, uint32_t i, struct err *e)
{
	const uint32_t vcpus = (uint32_t)n->c.guest.vcpus;
	const uint32_t mine = (n->pairs_per_vm + vcpus - 1 - i) / vcpus;
	struct nvme_vcpu *v = &vm->vcpus[i];

	nvme_name(v->name, sizeof(v->name), "vcpu", vm->index * vcpus + i);
	v->vm = vm;
	if (nvme_scan_init(&v->scan, &n->net, v->name, mine + 1))
		return nvme_no_memory(e);
	v->scan.order = NVME_ORDER_PRIORITY;
	for (uint32_t k = 0; k < mine; k++)
		wire_queue(&v->scan.queues[k], v, &vm->pairs[i + k * vcpus]);
	wire_queue(&v->scan.queues[mine], v, NULL);
	if (n->c.guest.wait == NVME_GUEST_POLL) {
		v->scan.spin_ns = NVME_FOR_EVER;
		v->scan.look_ns = nvme_dist_mean(n, &n->c.guest.poll_look);
	} else if (waits_by_interrupt(n)) {
		v->scan.spin_ns = n->c.guest.halt_poll_ns;
		v->scan.wake = &v->wake;
	}
	return make_vcpu_costs(n, v, e);
}

static int make_vm(struct nvme *n, struct nvme_vm *vm, struct err *e)
{
	const uint32_t vcpus = (uint32_t)n->c.guest.vcpus;
	int rc = 0;

	vm->vcpus = arena_alloc(n->arena, vcpus, sizeof(*vm->vcpus));
	vm->pairs = arena_alloc(n->arena, n->pairs_per_vm, sizeof(*vm->pairs));
	if (!vm->vcpus || !vm->pairs)
		return nvme_no_memory(e);
	vm->dispatch =
		(struct nvme_node){ .enter = enter_dispatch, .net = &n->net, .name = "dispatch" };
	for (uint32_t i = 0; !rc && i < n->pairs_per_vm; i++)
		rc = make_pair(n, vm, i, e);
	for (uint32_t i = 0; !rc && i < vcpus; i++)
		rc = make_vcpu(n, vm, i, e);
	return rc;
}

int nvme_make_guest(struct nvme *n, struct err *e)
{
	int rc = 0;

	n->gate_nodes = arena_alloc(n->arena, n->npairs, sizeof(*n->gate_nodes));
	n->pair = arena_alloc(n->arena, n->npairs, sizeof(*n->pair));
	if (!n->gate_nodes || !n->pair)
		return nvme_no_memory(e);
	for (uint32_t i = 0; !rc && i < n->nvms; i++)
		rc = make_vm(n, &n->vms[i], e);
	nvme_router_init(&n->to_gates, &n->net, NVME_ROUTE_QUEUE, n->gate_nodes, n->npairs,
			 "gates");
	return rc;
}
