// SPDX-License-Identifier: MIT
/* Glue between host memory, the fault's life and the swap station: who reads a page, who waits. */
#include "replay/pin-life.h"

#include <stdlib.h>

enum { EVENTS_MAX = 1 << 16 }; /* reads and writes on their way, beside faults */

struct pin_waiting {
	uint32_t page, id;
};

struct pin_late {
	evq_fn fn;
	uint64_t arg;
};

static void note_due(struct pin_life *l)
{
	struct ns at;
	l->due_ns = l->nlate ? 0 : evq_next_at(&l->q, &at) ? at.v : UINT64_MAX;
}

/* Done at the next step. */
static void post_late(struct pin_life *l, evq_fn fn, uint64_t arg)
{
	if (l->nlate == l->late_cap) {
		const size_t cap = l->late_cap ? 2 * l->late_cap : 256;
		struct pin_late *grown = realloc(l->late, cap * sizeof(*grown));
		if (!grown) {
			l->has_failed = true;
			return;
		}
		l->late = grown;
		l->late_cap = cap;
	}
	l->late[l->nlate++] = (struct pin_late){ fn, arg };
	l->due_ns = 0;
}

/* What finds our part of the queue full is late; the rest belongs to the faults. */
static void post(struct pin_life *l, struct ns at, evq_fn fn, uint64_t arg)
{
	if (l->q.n >= EVENTS_MAX ||
	    !evq_is_posted(&l->q, evq_post(&l->q, at, EVQ_COMPLETION, fn, l, arg)))
		post_late(l, fn, arg);
	else if (at.v < l->due_ns)
		l->due_ns = at.v;
}

/* ---- reads and writes ---- */

/*
 * The present. Reclaim tells later times for what it will have scanned by then;
 * the station wants its jobs in order.
 */
static struct ns present(const struct pin_life *l)
{
	return (struct ns){ l->q.now.v > l->event_ns ? l->q.now.v : l->event_ns };
}

/* What VMs that have not begun hold may be taken at their time 0, which is yet to come for all. */
static struct ns submit(struct pin_life *l, enum swap_job job, uint32_t npages, struct ns now)
{
	struct ns at = { now.v + l->swap_ahead_ns };
	if (l->is_swap_shared && at.v < swap_last(l->swap, l->tier).v)
		at = swap_last(l->swap, l->tier);
	const struct ns done = swap_submit(l->swap, l->tier, job, npages, at);
	return (struct ns){ done.v > l->swap_ahead_ns ? done.v - l->swap_ahead_ns : 0 };
}

static void wake(struct pin_life *l, uint32_t page)
{
	for (size_t i = 0; i < l->nwaiting;) {
		if (l->waiting[i].page != page) {
			i++;
			continue;
		}
		const uint32_t id = l->waiting[i].id;
		l->waiting[i] = l->waiting[--l->nwaiting];
		iopf_resolved(l->iopf, id, true);
	}
}

static bool is_waited(const struct pin_life *l, uint32_t page)
{
	for (size_t i = 0; i < l->nwaiting; i++)
		if (l->waiting[i].page == page)
			return true;
	return false;
}

static void on_read(void *ctx, uint64_t page, struct ns now)
{
	struct pin_life *l = ctx;
	uint32_t n;
	hostmem_unit(l->host, (uint32_t)page, &n);
	l->is_read[page] = 0;
	l->is_in_fault = n > 1 && is_waited(l, (uint32_t)page); /* which updates the bitmap */
	hostmem_arrived(l->host, (uint32_t)page, now);
	l->is_in_fault = false;
	wake(l, (uint32_t)page);
}

static void on_written(void *ctx, uint64_t arg, struct ns now)
{
	struct pin_life *l = ctx;
	hostmem_written(l->host, (uint32_t)arg, (uint32_t)(arg >> 32), now);
}

void pin_life_swap_in(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now)
{
	struct pin_life *l = ctx;
	(void)slot, (void)now;
	if (l->cause == PIN_CAUSE_DMA && !is_readahead)
		return; /* the fault asks for it when it comes to that */
	const bool is_cpu = l->cause == PIN_CAUSE_CPU && !is_readahead;
	uint32_t n;
	hostmem_unit(l->host, page, &n);
	l->is_read[page] = 1;
	const enum swap_job job = is_cpu ? SWAP_CPU_FAULT : SWAP_READAHEAD;
	const struct ns from = present(l);
	const struct ns done = submit(l, job, n, from);
	l->cpu_stall_ns += is_cpu ? done.v - from.v : 0;
	if (l->cause == PIN_CAUSE_CPU)
		post_late(l, on_read, page);
	else
		post(l, done, on_read, page);
}

void pin_life_swap_out(void *ctx, uint32_t page, uint32_t slot, struct ns now)
{
	struct pin_life *l = ctx;
	uint32_t n;
	(void)now;
	hostmem_unit(l->host, page, &n);
	post(l, submit(l, SWAP_WRITEBACK, n, present(l)), on_written, (uint64_t)slot << 32 | page);
}

/* ---- bitmap ---- */

static void tell_device(struct pin_life *l, uint32_t page, bool is_present)
{
	if (!l->is_in_fault && (l->traits.has_bitmap || l->traits.has_tlb))
		iopf_residency(l->iopf, 0, page, is_present);
}

void pin_life_pae_set(void *ctx, uint32_t page, struct ns now)
{
	(void)now;
	tell_device(ctx, page, true);
}

void pin_life_pae_clear(void *ctx, uint32_t page, struct ns now)
{
	(void)now;
	tell_device(ctx, page, false);
}

/* ---- faults ---- */

static uint64_t wait_for(struct pin_life *l, uint32_t page, uint32_t id)
{
	if (l->nwaiting == l->waiting_cap) {
		const size_t cap = l->waiting_cap ? 2 * l->waiting_cap : 64;
		struct pin_waiting *grown = realloc(l->waiting, cap * sizeof(*grown));
		if (!grown) {
			l->has_failed = true;
			return 0;
		}
		l->waiting = grown;
		l->waiting_cap = cap;
	}
	l->waiting[l->nwaiting++] = (struct pin_waiting){ page, id };
	return IOPF_LATER;
}

static uint64_t on_resolve(void *ctx, const struct iopf_fault *f, struct ns now)
{
	struct pin_life *l = ctx;
	if (hostmem_page_state(l->host, f->page) != HOSTMEM_IN)
		return 0; /* it is there: in the swap cache, or brought meanwhile */
	uint32_t n;
	const uint32_t unit = hostmem_unit(l->host, f->page, &n);
	if (!l->is_read[unit]) {
		const struct ns done = submit(l, SWAP_IOPF, n, now);
		if (n == 1)
			return done.v - now.v;
		/* a fault on another page of it waits for the same read */
		l->is_read[unit] = 1;
		post(l, done, on_read, unit);
	}
	return wait_for(l, unit, f->id);
}

/* The page of a fault that failed is brought all the same: the host has begun to. */
static void on_done(void *ctx, const struct iopf_fault *f)
{
	struct pin_life *l = ctx;
	uint32_t n;
	if (f->outcome != IOPF_JOINED && !l->is_read[hostmem_unit(l->host, f->page, &n)] &&
	    hostmem_page_state(l->host, f->page) == HOSTMEM_IN) {
		l->is_in_fault = true;
		hostmem_arrived(l->host, f->page, l->q.now);
		l->is_in_fault = false;
	}
	l->ended(l->ctx, f);
}

int pin_life_init(struct pin_life *l, const struct iopf_config *iopf,
		  const struct swap_config *swap, int tier, uint32_t npages, uint64_t seed,
		  struct arena *a, struct err *e)
{
	*l = (struct pin_life){
		.due_ns = UINT64_MAX,
		.tier = (enum hostmem_tier)tier,
		.traits = iopf_traits(iopf->backend),
	};
	const struct iopf_hooks hooks = { .ctx = l, .resolve = on_resolve, .done = on_done };
	l->is_read = arena_alloc(a, npages, sizeof(*l->is_read));
	if (!l->is_read || evq_init(&l->q, EVENTS_MAX + 2 * (uint32_t)iopf->slots, a))
		return err_set(e, ERR_NOMEM, "no memory for events");
	const int rc = iopf_new(iopf, &hooks, &l->q, seed, a, &l->iopf, e);
	return rc || !swap ? rc : swap_new(swap, seed, a, &l->swap, e);
}

void pin_life_deinit(struct pin_life *l)
{
	free(l->waiting);
	free(l->late);
	l->waiting = NULL;
	l->late = NULL;
}

/* May be entered again from what it calls, and grow meanwhile. */
static void run_late(struct pin_life *l)
{
	while (l->late_at < l->nlate) {
		const struct pin_late x = l->late[l->late_at++];
		x.fn(l, x.arg, present(l));
	}
	l->late_at = l->nlate = 0;
}

void pin_life_run(struct pin_life *l, uint64_t until_ns)
{
	run_late(l);
	evq_run_until(&l->q, (struct ns){ until_ns });
	note_due(l);
}

void pin_life_settle(struct pin_life *l)
{
	run_late(l);
	note_due(l);
}

void pin_life_raise(struct pin_life *l, uint32_t page, uint16_t dev, uint16_t queue, uint64_t tag,
		    uint64_t now_ns)
{
	evq_run_until(&l->q, (struct ns){ now_ns }); /* sets its clock */
	const struct iopf_request r = {
		.dev = dev, .queue = queue, .pages = &page, .npages = 1, .tag = tag
	};
	iopf_raise(l->iopf, &r);
	note_due(l);
}

int pin_life_finish(struct pin_life *l, struct err *e)
{
	do {
		run_late(l);
	} while (evq_run_next(&l->q) || l->nlate);
	l->due_ns = UINT64_MAX;
	if (l->has_failed)
		return err_set(e, ERR_NOMEM, "no memory for pages on their way");
	return iopf_check(l->iopf, e);
}
