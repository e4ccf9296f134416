// SPDX-License-Identifier: MIT
/*
 * The inside of a configuration: pin-cell-new.c makes it, pin-cell.c moves it by
 * events, pin-cell-end.c takes its result.
 */
#ifndef PUGMARK_REPLAY_PIN_CELL_IMPL_H
#define PUGMARK_REPLAY_PIN_CELL_IMPL_H

#include "base/arena.h"
#include "base/cluster.h"
#include "base/hist.h"
#include "replay/pin-cell.h"
#include "replay/pin-hardware.h"
#include "replay/pin-late.h"
#include "replay/pin-life.h"
#include "replay/pin-schedule.h"
#include "replay/pin-tally.h"

enum {
	CELL_LISTS_MAX = 256,     /* a list number is a byte */
	PINNED_SUB_BITS = 6,      /* of the distribution of pinned pages: 1.6 % */
	CELL_TICKS_MAX = 1 << 17, /* in one gap between events: a day and a half of seconds */
};

struct class_state {
	struct pin_counts counts;
	struct pin_tally tally;
};

struct pin_cell {
	struct policy_pins pins; /* first: the policy's handle is the cell */
	struct policy_view view;
	const struct pin_shared *shared;
	struct pin_job *job;
	struct arena arena;
	struct hostmem *host;

	const struct policy *policy;
	void *lists[CELL_LISTS_MAX]; /* states of the policy */
	uint64_t requests[CELL_LISTS_MAX];
	uint8_t *holders; /* by page: lists that hold it; NULL: one list, which knows by itself */
	struct policy_page *pages; /* view.pages */

	uint8_t wants[PIN_RELEASE + 1]; /* by event kind */
	bool cpu_follows;
	uint64_t now_ns, next_tick_ns, next_epoch_ns, first_ns;
	uint64_t next_second_ns; /* of the host; next_tick_ns is that or the next limit's time */
	size_t next_limit;
	struct hostmem_quiet quiet; /* see note_quiet */
	struct pin_late late;
	struct class_state classes[PIN_CLASSES + 1]; /* the last one: all */
	uint64_t pinned_since_ns;
	unsigned __int128 pinned_page_ns;
	uint64_t pinned_max, refused;
	struct hist pinned; /* pages, each second */

	uint64_t event; /* accesses by device and CPU so far */
	struct pin_recorder recorder;
	struct pin_schedule schedule;
	bool records, is_frozen;

	bool is_timed;
	bool is_stepped;        /* see pin_cell_advance */
	uint64_t raised;        /* IOPFs: each ends done, failed or joined */
	struct cluster cluster; /* they, by groups of pages */
	struct pin_life life;
	struct pin_hardware hardware;
	uint8_t class_of_list[CELL_LISTS_MAX]; /* of the devices that faulted */
};

static inline void pin_cell_count_pinned(struct pin_cell *c)
{
	c->pinned_page_ns +=
		(unsigned __int128)c->pins.held_pages * (c->now_ns - c->pinned_since_ns);
	c->pinned_since_ns = c->now_ns;
}

/* What a policy may call, and what the host (the hooks to give it) and faults call. */
void pin_cell_wire(struct pin_cell *c, struct hostmem_hooks *out);

/* Pages, by a step of shared.limits. */
uint64_t pin_cell_limit_at(const struct pin_cell *c, size_t step);

/* Sets next_tick_ns by the times of the host's next second and of the next limit. */
void pin_cell_note_tick(struct pin_cell *c);

#endif
