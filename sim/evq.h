// SPDX-License-Identifier: MIT
/*
 * Discrete events: one clock in integer ns, one total order (time, priority,
 * order of posting), so that equal input gives equal output. Callbacks at
 * absolute times, as simavr's cycle timers; named priorities, as gem5's events.
 *
 * Memory is taken once, from an arena; posting never allocates. A 4-ary heap on
 * one array: about 2 log4(n) compares an event.
 */
#ifndef PUGMARK_SIM_EVQ_H
#define PUGMARK_SIM_EVQ_H

#include "base/arena.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

/* Who goes first at the same ns. */
enum evq_priority {
	EVQ_COMPLETION, /* frees servers, slots and pages that the others may want */
	EVQ_SERVICE,    /* starts work with what is free */
	EVQ_ARRIVAL,    /* new demand sees both */
	EVQ_TICK,       /* periodic work sees all that happened at its time */
};

/* ctx is the model, arg what the model wants to know (a slot, an index). */
typedef void (*evq_fn)(void *ctx, uint64_t arg, struct ns now);

/* Names a posted event until it runs or is cancelled; later it names nothing. */
struct evq_handle {
	uint32_t slot, generation;
};

struct evq_entry;
struct evq_event;

struct evq {
	struct ns now; /* of the event that runs, or where run_until stopped */
	uint32_t n, capacity;
	bool is_open; /* the root is the running event's, to be replaced or closed */
	uint32_t free_slot;
	uint64_t posted;        /* so far: the sequence number */
	struct evq_entry *heap; /* arena */
	struct evq_event *events;
};

/* At most capacity events wait at a time. ERR_NOMEM. */
int evq_init(struct evq *q, uint32_t capacity, struct arena *a);

/*
 * What lies in the past runs now. When the queue is full nothing is posted and
 * the handle names nothing (evq_is_posted).
 */
struct evq_handle evq_post(struct evq *q, struct ns at, enum evq_priority priority, evq_fn fn,
			   void *ctx, uint64_t arg);

bool evq_is_posted(const struct evq *q, struct evq_handle h);

/* False when it has run, or was cancelled before. */
bool evq_cancel(struct evq *q, struct evq_handle h);

/* The time of the next event; false when there is none. */
bool evq_next_at(const struct evq *q, struct ns *at_out);

/* Runs the next event; false when there is none. */
bool evq_run_next(struct evq *q);

/* Runs all events up to and including that time, and sets the clock to it. */
void evq_run_until(struct evq *q, struct ns until);

#endif
