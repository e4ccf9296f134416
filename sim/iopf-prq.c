// SPDX-License-Identifier: MIT
/*
 * ATS + PRI: page requests in a queue of the IOMMU (PCIe ATS specification;
 * Linux drivers/iommu/intel/svm.c and commit ea661ad6e157 for how the queue is
 * drained). A request needs room among its device's outstanding ones, then an
 * entry of the queue; a full queue drops it and the device asks again after a
 * pause. The handler reads all that is there as one batch, and with head =
 * batch gives no entry back before it has read them all. Requests of one DMA
 * form groups, answered when the last member is mapped.
 *
 * Answers are SUCCESS and INVALID; FAILURE would switch PRI off for the whole
 * function, so iommufd never sends it, and here only is_vf = no does.
 */
#include "sim/iopf-impl.h"

int iopf_prq_init(struct iopf *f, struct arena *a)
{
	const uint32_t n = f->c.backend == IOPF_PRI ? (uint32_t)f->c.slots : 0;

	f->groups = arena_alloc(a, n, sizeof(*f->groups));
	if (!f->groups)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		f->groups[i].left = i + 1 < n ? i + 1 : IOPF_NIL;
	f->free_group = n ? 0 : IOPF_NIL;
	return 0;
}

/* There are as many groups as slots, and each has a member. */
uint32_t iopf_group_open(struct iopf *f, uint32_t members)
{
	const uint32_t id = f->free_group;

	f->free_group = f->groups[id].left;
	f->groups[id] = (struct iopf_group){ .left = members };
	f->counts.prq_groups++;
	return id;
}

/* ---- report: into the queue ---- */

static void arrive(void *ctx, uint64_t id, struct ns now);

static void post(struct iopf *f, struct ns at, evq_fn fn, uint64_t arg)
{
	evq_post(f->q, at, EVQ_COMPLETION, fn, f, arg);
}

static void send_request(struct iopf *f, uint32_t id, struct ns now)
{
	f->counts.prq_requests++;
	post(f, ns_add(now, (struct ns){ iopf_draw(f, IOPF_REPORT) }), arrive, id);
}

void iopf_prq_report(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];
	struct iopf_device *d = &f->devices[s->fault.dev];

	if (d->requests >= f->c.device_requests) {
		iopf_list_push(f, &d->waiting, id);
		return;
	}
	d->requests++;
	s->is_counted = true;
	send_request(f, id, now);
}

/* Its place among the device's requests goes to the next that waits. */
static void leave_device(struct iopf *f, struct iopf_slot *s, struct ns now)
{
	struct iopf_device *d = &f->devices[s->fault.dev];

	if (!s->is_counted)
		return;
	s->is_counted = false;
	d->requests--;
	const uint32_t next = iopf_list_pop(f, &d->waiting);
	if (next != IOPF_NIL)
		iopf_prq_report(f, next, now);
}

static void arrive(void *ctx, uint64_t id, struct ns now)
{
	struct iopf *f = ctx;
	struct iopf_slot *s = &f->slots[id];

	if (f->prq_used < f->c.prq_entries) {
		if (++f->prq_used > f->counts.prq_used_max)
			f->counts.prq_used_max = f->prq_used;
		iopf_step(f, (uint32_t)id, now);
		return;
	}
	f->counts.prq_overflow++;
	if (s->fault.retries++ < f->c.prq_retries) {
		const uint64_t pause = quantile_draw(&f->prq_retry, &f->prq_rng);
		f->counts.prq_requests++;
		post(f, ns_add(now, (struct ns){ pause + iopf_draw(f, IOPF_REPORT) }), arrive, id);
		return;
	}
	leave_device(f, s, now);
	iopf_group_leave(f, (uint32_t)id, now);
	iopf_end(f, (uint32_t)id, IOPF_FAILED, now);
}

/* ---- irq: the handler and its batches ---- */

static void begin_batch(void *ctx, uint64_t arg, struct ns now);

/* The last entry of the batch has been read. */
static void end_batch(void *ctx, uint64_t arg, struct ns now)
{
	struct iopf *f = ctx;

	if (f->c.prq_head == IOPF_HEAD_BATCH)
		f->prq_used -= f->prq_batch;
	f->is_handler_awake = false;
	if (f->prq.n)
		begin_batch(f, arg, now); /* it looks again before it sleeps */
}

static void read_entry(void *ctx, uint64_t id, struct ns now)
{
	struct iopf *f = ctx;

	if (f->c.prq_head == IOPF_HEAD_EACH)
		f->prq_used--;
	iopf_step(f, (uint32_t)id, now);
}

static void begin_batch(void *ctx, uint64_t arg, struct ns now)
{
	struct iopf *f = ctx;
	struct ns at = now;

	(void)arg;
	f->is_handler_awake = true;
	f->prq_batch = f->prq.n;
	f->counts.prq_batches++;
	for (uint64_t left = f->prq_batch; left; left--) {
		const uint64_t ns = quantile_draw(&f->prq_entry, &f->prq_rng);
		at.v += ns;
		f->counts.service_ns += ns;
		post(f, at, read_entry, iopf_list_pop(f, &f->prq));
	}
	post(f, at, end_batch, 0);
}

void iopf_prq_wait(struct iopf *f, uint32_t id, struct ns now)
{
	iopf_list_push(f, &f->prq, id);
	if (f->is_handler_awake)
		return;
	f->is_handler_awake = true;
	post(f, ns_add(now, (struct ns){ iopf_draw(f, IOPF_IRQ) }), begin_batch, 0);
}

/* ---- update: the group's answer ---- */

static void answer(struct iopf *f, struct iopf_group *g, struct ns now)
{
	const uint64_t ns = iopf_draw(f, IOPF_UPDATE);
	uint32_t id;

	f->counts.service_ns += ns;
	while ((id = iopf_list_pop(f, &g->mapped)) != IOPF_NIL) {
		f->slots[id].group = IOPF_NIL;
		iopf_post_step(f, id, now, ns);
	}
	g->left = f->free_group;
	f->free_group = (uint32_t)(g - f->groups);
}

void iopf_prq_respond(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_group *g = &f->groups[f->slots[id].group];

	iopf_list_push(f, &g->mapped, id);
	if (--g->left == 0)
		answer(f, g, now);
}

void iopf_group_leave(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_group *g = &f->groups[f->slots[id].group];

	f->slots[id].group = IOPF_NIL;
	if (--g->left == 0)
		answer(f, g, now);
}

void iopf_prq_answered(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];

	if (s->is_failed && !f->c.is_vf)
		f->devices[s->fault.dev].is_pri_off = true;
	leave_device(f, s, now);
}
