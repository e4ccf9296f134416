// SPDX-License-Identifier: MIT
/*
 * The event queue: a 4-ary heap of (time, priority and sequence, slot); slots
 * hold the callbacks and know their place in the heap, so that an event can be
 * cancelled in O(log n). A slot's generation tells a stale handle.
 */
#include "sim/evq.h"
#include "base/err.h"

#include <stddef.h>

enum { ARITY = 4, SEQUENCE_BITS = 56 };

static const uint32_t no_slot = UINT32_MAX;

struct evq_entry {
	uint64_t at;
	uint64_t order; /* priority, then sequence: unique */
	uint32_t slot;
};

struct evq_event {
	evq_fn fn;
	void *ctx;
	uint64_t arg;
	uint32_t place; /* in the heap; of a free slot: the next free one */
	uint32_t generation;
};

int evq_init(struct evq *q, uint32_t capacity, struct arena *a)
{
	*q = (struct evq){ .capacity = capacity, .free_slot = capacity ? 0 : no_slot };
	q->heap = arena_alloc(a, capacity, sizeof(*q->heap));
	q->events = arena_alloc(a, capacity, sizeof(*q->events));
	if (!q->heap || !q->events)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < capacity; i++) {
		q->events[i].place = i + 1 < capacity ? i + 1 : no_slot;
		q->events[i].generation = 1; /* a zeroed handle names nothing */
	}
	return 0;
}

/* One comparison of 128 bits: no branch to mispredict. */
static bool is_before(const struct evq_entry *x, const struct evq_entry *y)
{
	const unsigned __int128 a = (unsigned __int128)x->at << 64 | x->order;
	const unsigned __int128 b = (unsigned __int128)y->at << 64 | y->order;

	return a < b;
}

static void put(struct evq *q, uint32_t place, struct evq_entry entry)
{
	q->heap[place] = entry;
	q->events[entry.slot].place = place;
}

/* Moves entry from an empty place towards the root. */
static void sift_up(struct evq *q, uint32_t place, struct evq_entry entry)
{
	while (place) {
		const uint32_t parent = (place - 1) / ARITY;
		if (!is_before(&entry, &q->heap[parent]))
			break;
		put(q, place, q->heap[parent]);
		place = parent;
	}
	put(q, place, entry);
}

/* Moves entry from an empty place towards the leaves. */
static void sift_down(struct evq *q, uint32_t place, struct evq_entry entry)
{
	for (;;) {
		const uint64_t first = (uint64_t)place * ARITY + 1;
		if (first >= q->n)
			break;
		const uint64_t end = first + ARITY < q->n ? first + ARITY : q->n;
		const struct evq_entry *child = &q->heap[first];
		uint32_t least = (uint32_t)first;
		if (end - first == ARITY) { /* a tournament of conditional moves */
			const uint32_t a = is_before(&child[1], &child[0]);
			const uint32_t b = 2 + is_before(&child[3], &child[2]);
			least += is_before(&child[b], &child[a]) ? b : a;
		} else {
			for (uint32_t i = 1; i < end - first; i++)
				if (is_before(&child[i], &q->heap[least]))
					least = (uint32_t)first + i;
		}
		if (!is_before(&q->heap[least], &entry))
			break;
		put(q, place, q->heap[least]);
		place = least;
	}
	put(q, place, entry);
}

static void free_slot(struct evq *q, uint32_t slot)
{
	q->events[slot].generation++;
	q->events[slot].place = q->free_slot;
	q->free_slot = slot;
}

static void close_place(struct evq *q, uint32_t place)
{
	const struct evq_entry last = q->heap[--q->n];

	if (place == q->n)
		return;
	if (place && is_before(&last, &q->heap[(place - 1) / ARITY]))
		sift_up(q, place, last);
	else
		sift_down(q, place, last);
}

/* The root that the running event left open is closed unless a new event takes it. */
static void close_root(struct evq *q)
{
	if (q->is_open) {
		q->is_open = false;
		close_place(q, 0);
	}
}

struct evq_handle evq_post(struct evq *q, struct ns at, enum evq_priority priority, evq_fn fn,
			   void *ctx, uint64_t arg)
{
	const uint32_t slot = q->free_slot;

	if (slot == no_slot)
		return (struct evq_handle){ .slot = no_slot };

	struct evq_event *event = &q->events[slot];
	q->free_slot = event->place;
	event->fn = fn;
	event->ctx = ctx;
	event->arg = arg;
	const struct evq_entry entry = {
		.at = at.v > q->now.v ? at.v : q->now.v,
		.order = (uint64_t)priority << SEQUENCE_BITS | q->posted++,
		.slot = slot,
	};
	if (q->is_open) {
		q->is_open = false;
		sift_down(q, 0, entry);
	} else {
		sift_up(q, q->n++, entry);
	}
	return (struct evq_handle){ slot, event->generation };
}

bool evq_is_posted(const struct evq *q, struct evq_handle h)
{
	if (h.slot >= q->capacity)
		return false;
	const struct evq_event *event = &q->events[h.slot];
	return event->generation == h.generation && event->place < q->n &&
	       q->heap[event->place].slot == h.slot;
}

bool evq_cancel(struct evq *q, struct evq_handle h)
{
	if (!evq_is_posted(q, h))
		return false;
	close_root(q);
	close_place(q, q->events[h.slot].place);
	free_slot(q, h.slot);
	return true;
}

bool evq_next_at(const struct evq *q, struct ns *at_out)
{
	const uint32_t end = q->n < ARITY + 1 ? q->n : ARITY + 1;

	if (q->n <= q->is_open)
		return false;
	at_out->v = q->heap[q->is_open].at;
	for (uint32_t i = 2; q->is_open && i < end; i++)
		at_out->v = q->heap[i].at < at_out->v ? q->heap[i].at : at_out->v;
	return true;
}

bool evq_run_next(struct evq *q)
{
	if (!q->n)
		return false;

	const struct evq_entry first = q->heap[0];
	const struct evq_event event = q->events[first.slot];
	q->now.v = first.at;
	free_slot(q, first.slot); /* before the call: the callback may post into it */
	q->is_open = true;
	event.fn(event.ctx, event.arg, q->now);
	close_root(q);
	return true;
}

void evq_run_until(struct evq *q, struct ns until)
{
	while (q->n && q->heap[0].at <= until.v)
		evq_run_next(q);
	if (q->now.v < until.v)
		q->now = until;
}
