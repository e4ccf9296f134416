// SPDX-License-Identifier: MIT
/*
 * A scanner: one thread (or vCPU) that visits queues in turn. It pays `look` to
 * get from a queue to the next, `round` for a visit that finds work, then the
 * cost of each request. What it does without work is one of
 *
 *	spin		it goes on visiting (an empty tour costs no events: where the
 *			scanner is when something arrives is computed)
 *	sleep		it waits to be woken
 *	adaptive	it visits for spin_ns, then sleeps
 *
 * With one queue and exhaustive visits this is a server with multiple vacations
 * of length `look`; with several, the cyclic polling systems of Takagi
 * ("Queuing analysis of polling models", 1988).
 */
#ifndef PUGMARK_SIM_NVME_SCAN_H
#define PUGMARK_SIM_NVME_SCAN_H

#include "sim/nvme-audit.h"
#include "sim/nvme-config.h"
#include "sim/nvme-cost.h"
#include "sim/nvme-net.h"

#define NVME_FOR_EVER UINT64_MAX

/* Held by whoever works under it; booked in the order of asking. */
struct nvme_lock {
	uint64_t free_at;
};

/* Takes it for hold_ns as soon as it is free; how long that is from now. */
static inline uint64_t nvme_lock_take(struct nvme_lock *l, uint64_t now, uint64_t hold_ns)
{
	const uint64_t from = l->free_at > now ? l->free_at : now;

	l->free_at = from + hold_ns;
	return from - now;
}

struct nvme_scan_queue {
	struct nvme_node node; /* requests for this queue enter here; next: where they go */
	struct nvme_scan *scan;
	struct nvme_line line;
	uint32_t index;
	int visit; /* enum nvme_visit */
	uint64_t burst;
	uint64_t weight; /* wrr: bursts a visit; priority: the higher, the sooner */
	uint32_t wait_stage, serve_stage, second_stage;

	/* Borrowed, may be shared; NULL costs nothing. second: a part of the service apart. */
	struct nvme_cost *round, *request, *second, *second_page;

	/* What only the path knows; each returns ns of the scanner, and may be NULL. */
	uint64_t (*on_visit)(struct nvme_scan_queue *q, uint64_t now); /* with work */
	uint64_t (*on_served)(struct nvme_scan_queue *q, uint32_t job, uint64_t now); /* second */
	uint64_t (*on_leave)(struct nvme_scan_queue *q, uint64_t now);
	void *ctx;
};

enum nvme_scan_state { NVME_SCAN_IDLE, NVME_SCAN_MOVING, NVME_SCAN_SERVING, NVME_SCAN_WAKING };

struct nvme_scan {
	struct nvme_net *net;
	const char *name;
	struct nvme_audit audit;
	struct nvme_scan_queue *queues;
	uint64_t *has_work; /* a bit a queue */
	uint32_t n, nwords;
	int order;              /* enum nvme_order */
	uint64_t look_ns;       /* to the next queue */
	uint64_t spin_ns;       /* idle so long before it sleeps; NVME_FOR_EVER: never */
	struct nvme_cost *wake; /* borrowed; NULL: at once */
	struct nvme_lock *lock; /* borrowed; held while it serves; NULL: none */

	enum nvme_scan_state state;
	uint32_t at;       /* the queue it is at, or left */
	uint64_t left_at;  /* when */
	uint64_t allowed;  /* requests, in this visit */
	uint32_t distance; /* moving: visits until the one with work */
	struct evq_handle move;

	uint64_t busy_ns, spun_ns, rounds, wakes;
};

/* n queues, without costs, gated; fill the rest afterwards. ERR_NOMEM. */
int nvme_scan_init(struct nvme_scan *s, struct nvme_net *net, const char *name, uint32_t n);

/* It sleeps, and has to be told of new work. */
static inline bool nvme_scan_is_asleep(const struct nvme_scan *s, uint64_t now)
{
	return s->state == NVME_SCAN_IDLE && s->spin_ns != NVME_FOR_EVER &&
	       now - s->left_at >= s->spin_ns;
}

/* CPU time spent looking, up to now. */
uint64_t nvme_scan_spun(const struct nvme_scan *s, uint64_t now);

#endif
