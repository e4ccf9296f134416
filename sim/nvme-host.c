// SPDX-License-Identifier: MIT
/*
 * Host threads: workers that take requests out of submission queues, the thread
 * that emulates the device, and whoever sees the device's completions first.
 * All are scanners; what differs is what they visit and what wakes them.
 */
#include "sim/nvme-impl.h"

#include <stddef.h>

/* Which of n threads has a pair. */
static uint32_t dealt_to(const struct nvme *n, uint32_t pair, uint64_t threads)
{
	const uint32_t unit = n->c.path.spread == NVME_SPREAD_VM ? pair / n->pairs_per_vm : pair;

	return unit % (uint32_t)threads;
}

static uint32_t count_dealt(const struct nvme *n, uint32_t thread, uint64_t threads)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->npairs; i++)
		count += dealt_to(n, i, threads) == thread;
	return count;
}

static uint64_t patience(int wait, uint64_t spin_ns)
{
	return wait == NVME_WAIT_SPIN ? NVME_FOR_EVER : wait == NVME_WAIT_SLEEP ? 0 : spin_ns;
}

/* ---- device interrupts to threads that sleep ---- */

static void end_irq(void *ctx, uint64_t job, struct ns now)
{
	struct nvme_irq *irq = ctx;

	nvme_spend(irq->node.net, (uint32_t)job, irq->stage, now.v);
	nvme_pass(&irq->node, (uint32_t)job, now.v);
}

static void enter_irq(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_irq *irq = (struct nvme_irq *)node;
	const bool is_needed = !irq->scan || nvme_scan_is_asleep(irq->scan, now);
	const uint64_t ns = is_needed ? nvme_cost_take(&irq->cost, 0) : 0;

	if (ns)
		nvme_post(node->net, now + ns, EVQ_SERVICE, end_irq, irq, job);
	else
		nvme_pass(node, job, now);
}

static int make_irq(struct nvme *n, struct nvme_irq *irq, struct nvme_scan *s, uint32_t stage,
		    struct nvme_node *next, struct err *e)
{
	*irq = (struct nvme_irq){
		.node = { .enter = enter_irq, .net = &n->net, .next = next, .name = "irq" },
		.scan = s,
		.stage = stage,
	};
	return nvme_make_cost(n, &irq->cost, &n->c.host.irq, "host irq", "nvme-host irq", e);
}

/* ---- admin commands ---- */

static void admin_is_done(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_admin *a =
		(struct nvme_admin *)((char *)node - offsetof(struct nvme_admin, done));
	(void)now;

	a->waiting--;
	nvme_job_free(node->net, job);
}

/* A guest waits for what it asked: no more than a few at a time. */
static void ask(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_admin *a = ctx;
	struct nvme_net *net = &a->run->net;
	const uint32_t job = a->waiting < NVME_ADMIN_WAITING ? nvme_part_new(net, now.v)
							     : NVME_NO_JOB;
	(void)arg;

	if (job != NVME_NO_JOB) {
		a->waiting++;
		a->queue->node.enter(&a->queue->node, job, now.v);
	}
	nvme_post(net, now.v + nvme_cost_take(&a->gap, 0), EVQ_ARRIVAL, ask, a, 0);
}

/* Machines below `end` whose admin queue a worker has. */
static uint32_t count_admin(const struct nvme *n, uint32_t worker, uint32_t end)
{
	uint32_t count = 0;

	for (uint32_t i = 0; n->c.path.admin_rate.count && i < end; i++)
		count += dealt_to(n, i * n->pairs_per_vm, n->nworkers) == worker;
	return count;
}

static int make_admin(struct nvme *n, struct err *e)
{
	int rc = 0;

	if (!n->c.path.admin_rate.count)
		return 0;
	n->admins = arena_alloc(n->arena, n->nvms, sizeof(*n->admins));
	if (!n->admins)
		return nvme_no_memory(e);
	for (uint32_t i = 0; !rc && i < n->nvms; i++) {
		struct nvme_admin *a = &n->admins[i];
		const uint32_t worker = dealt_to(n, i * n->pairs_per_vm, n->nworkers);
		struct nvme_thread *t = &n->workers[worker];
		char name[NVME_NAME_BYTES];
		nvme_name(name, sizeof(name), "admin", i);
		a->run = n;
		a->done = (struct nvme_node){ .enter = admin_is_done, .net = &n->net };
		const uint32_t first = t->scan.n - count_admin(n, worker, n->nvms);
		a->queue = &t->scan.queues[first + count_admin(n, worker, i)];
		a->queue->node.next = &a->done;
		a->queue->request = &t->admin;
		a->queue->wait_stage = NVME_PICKUP;
		a->queue->serve_stage = a->queue->second_stage = NVME_EMULATION;
		rc = nvme_make_exponential(n, &a->gap, &n->c.path.admin_rate, name, e);
	}
	return rc;
}

void nvme_start_admin(struct nvme *n)
{
	for (uint32_t i = 0; n->admins && i < n->nvms; i++)
		nvme_post(&n->net, nvme_cost_take(&n->admins[i].gap, 0), EVQ_ARRIVAL, ask,
			  &n->admins[i], 0);
}

/* ---- workers ---- */

static void wire_submission(struct nvme *n, struct nvme_thread *t, struct nvme_scan_queue *q,
			    struct nvme_pair *p)
{
	q->node.next = n->emulator ? &n->emulator->scan.queues->node : n->drive.entry;
	q->node.name = t->name;
	q->visit = n->c.path.visit;
	q->burst = n->c.path.burst;
	q->weight = p->vm->weight;
	q->wait_stage = NVME_PICKUP;
	q->serve_stage = NVME_WORKER;
	q->second_stage = NVME_TRANSLATE;
	q->round = &t->round;
	q->request = &t->request;
	q->second = &t->second;
	q->second_page = nvme_cost_is_nothing(&t->page) ? NULL : &t->page;
	p->worker = &t->scan;
	p->lock = t->scan.lock;
	if (n->c.guest.wait == NVME_GUEST_HYBRID)
		p->hybrid.submit.next = &q->node;
	else
		p->submit = &q->node;
}

static void wire_completion(struct nvme *n, struct nvme_thread *t, struct nvme_scan_queue *q,
			    struct nvme_pair *p)
{
	q->node.next = p->told;
	q->node.name = t->name;
	q->weight = UINT64_MAX; /* by priority completions come first: they free entries */
	q->wait_stage = NVME_REAP_WAIT;
	q->serve_stage = q->second_stage = NVME_REAP;
	q->round = &t->reap_round;
	q->request = &t->reap_request;
	if (n->c.path.order == NVME_ORDER_WRR)
		q->weight = 1;
	n->reap_nodes[p->index] = &q->node;
}

static int make_thread_costs(struct nvme *n, struct nvme_thread *t, const struct dist *wake,
			     struct err *e)
{
	const struct nvme_path_config *p = &n->c.path;
	const struct {
		struct nvme_cost *cost;
		const struct dist *dist;
		const char *what;
	} all[] = { { &t->round, &p->round, "nvme-path round" },
		    { &t->request, &p->request, "nvme-path request" },
		    { &t->second, &p->translate, "nvme-path translate" },
		    { &t->page, &p->pin, "nvme-path pin" },
		    { &t->reap_round, &p->reap_round, "nvme-path reap_round" },
		    { &t->reap_request, &p->reap_request, "nvme-path reap_request" },
		    { &t->admin, &p->admin, "nvme-path admin" },
		    { &t->wake, wake, "wake" } };
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(all) / sizeof(all[0]); i++)
		rc = nvme_make_cost(n, all[i].cost, all[i].dist, t->name, all[i].what, e);
	nvme_cost_per_byte(&t->request, p->copy_rate);
	t->scan.wake = &t->wake;
	return rc;
}

/* Submissions first, then (if workers reap) completions, then (if there are) admin queues. */
static int make_worker(struct nvme *n, uint32_t i, struct err *e)
{
	const struct nvme_path_config *c = &n->c.path;
	const bool reaps = c->reap == NVME_REAP_WORKER;
	const uint32_t mine = count_dealt(n, i, c->workers);
	struct nvme_thread *t = &n->workers[i];
	uint32_t at = 0;

	nvme_name(t->name, sizeof(t->name), "worker", i);
	if (nvme_scan_init(&t->scan, &n->net, t->name,
			   mine * (reaps ? 2 : 1) + count_admin(n, i, n->nvms)))
		return nvme_no_memory(e);
	t->scan.order = c->order;
	t->scan.look_ns = nvme_dist_mean(n, &c->look);
	t->scan.spin_ns = patience(c->wait, c->spin_ns);
	t->scan.lock = c->big_lock ? &t->lock : NULL;
	int rc = make_thread_costs(n, t, &n->c.host.thread_wake, e);
	for (uint32_t k = 0; !rc && k < n->npairs; k++) {
		if (dealt_to(n, k, c->workers) != i)
			continue;
		wire_submission(n, t, &t->scan.queues[at], n->pair[k]);
		if (reaps) {
			wire_completion(n, t, &t->scan.queues[mine + at], n->pair[k]);
			rc = make_irq(n, &n->irqs[k], &t->scan, NVME_REAP_WAIT, n->reap_nodes[k],
				      e);
			n->reap_nodes[k] = &n->irqs[k].node;
		}
		at++;
	}
	return rc;
}

/* ---- reapers ---- */

static int make_reaper(struct nvme *n, uint32_t i, struct err *e)
{
	const struct nvme_path_config *c = &n->c.path;
	const bool polls = c->reap == NVME_REAP_THREAD;
	struct nvme_thread *t = &n->reapers[i];
	uint32_t at = 0;

	nvme_name(t->name, sizeof(t->name), "reaper", i);
	if (nvme_scan_init(&t->scan, &n->net, t->name, count_dealt(n, i, c->reapers)))
		return nvme_no_memory(e);
	t->scan.look_ns = polls ? nvme_dist_mean(n, &c->reap_look) : 0;
	t->scan.spin_ns = polls ? NVME_FOR_EVER : 0;
	/* a handler is woken by the device's interrupt */
	const int rc = make_thread_costs(n, t, &n->c.host.irq, e);
	for (uint32_t k = 0; !rc && k < n->npairs; k++)
		if (dealt_to(n, k, c->reapers) == i)
			wire_completion(n, t, &t->scan.queues[at++], n->pair[k]);
	return rc;
}

/* The device tells the guest; by an exit only after a host interrupt. */
static int make_direct(struct nvme *n, struct err *e)
{
	int rc = 0;

	for (uint32_t k = 0; !rc && k < n->npairs; k++) {
		n->reap_nodes[k] = n->pair[k]->told;
		if (n->c.path.notify != NVME_NOTIFY_INJECT ||
		    n->c.guest.wait != NVME_GUEST_INTERRUPT)
			continue;
		rc = make_irq(n, &n->irqs[k], NULL, NVME_NOTIFY, n->pair[k]->told, e);
		n->reap_nodes[k] = &n->irqs[k].node;
	}
	return rc;
}

static int make_reapers(struct nvme *n, struct err *e)
{
	int rc = 0;

	if (n->c.path.reap == NVME_REAP_WORKER)
		return 0;
	if (n->c.path.reap == NVME_REAP_GUEST)
		return make_direct(n, e);
	n->reapers = arena_alloc(n->arena, n->c.path.reapers, sizeof(*n->reapers));
	n->nreapers = (uint32_t)n->c.path.reapers;
	if (!n->reapers)
		return nvme_no_memory(e);
	for (uint32_t i = 0; !rc && i < n->nreapers; i++)
		rc = make_reaper(n, i, e);
	return rc;
}

/* ---- emulation thread ---- */

static int make_emulator(struct nvme *n, struct err *e)
{
	const struct nvme_path_config *c = &n->c.path;
	struct nvme_thread *t = arena_alloc(n->arena, 1, sizeof(*t));

	if (!t)
		return nvme_no_memory(e);
	nvme_name(t->name, sizeof(t->name), "emulator", 0);
	if (nvme_scan_init(&t->scan, &n->net, t->name, 1))
		return nvme_no_memory(e);
	t->scan.spin_ns = patience(c->wait, c->spin_ns);
	t->scan.look_ns = c->wait == NVME_WAIT_SLEEP ? 0 : nvme_dist_mean(n, &c->handover);
	struct nvme_scan_queue *q = t->scan.queues;
	q->node.next = n->drive.entry;
	q->visit = NVME_VISIT_EXHAUSTIVE;
	q->wait_stage = q->serve_stage = q->second_stage = NVME_EMULATION;
	q->request = &t->request;
	n->emulator = t;
	t->scan.wake = &t->wake;
	int rc = nvme_make_cost(n, &t->request, &c->emulation, t->name, "nvme-path emulation", e);
	if (!rc)
		rc = nvme_make_cost(n, &t->wake, &c->handover, t->name, "nvme-path handover", e);
	return rc;
}

int nvme_make_host(struct nvme *n, struct err *e)
{
	int rc = n->c.path.emulation_thread ? make_emulator(n, e) : 0;

	n->nworkers = (uint32_t)n->c.path.workers;
	n->workers = arena_alloc(n->arena, n->nworkers, sizeof(*n->workers));
	n->irqs = arena_alloc(n->arena, n->npairs, sizeof(*n->irqs));
	n->reap_nodes = arena_alloc(n->arena, n->npairs, sizeof(*n->reap_nodes));
	n->submit_nodes = arena_alloc(n->arena, n->npairs, sizeof(*n->submit_nodes));
	if (!n->workers || !n->irqs || !n->reap_nodes || !n->submit_nodes)
		return nvme_no_memory(e);
	for (uint32_t i = 0; !rc && i < n->nworkers; i++)
		rc = make_worker(n, i, e);
	if (!rc)
		rc = make_admin(n, e);
	if (!rc)
		rc = make_reapers(n, e);
	for (uint32_t k = 0; !rc && k < n->npairs; k++)
		n->submit_nodes[k] = n->pair[k]->submit;
	nvme_router_init(&n->to_reap, &n->net, NVME_ROUTE_QUEUE, n->reap_nodes, n->npairs, "reap");
	nvme_router_init(&n->to_submit, &n->net, NVME_ROUTE_QUEUE, n->submit_nodes, n->npairs,
			 "submit");
	return rc;
}
