// SPDX-License-Identifier: MIT
/*
 * When pages were gone: noted in a run without pins (recorder), and followed in
 * later ones, as hindsight or as a frozen schedule on which policies can be
 * compared with a bound (research/iopf.md section 6).
 */
#ifndef PUGMARK_REPLAY_PIN_SCHEDULE_H
#define PUGMARK_REPLAY_PIN_SCHEDULE_H

#include "base/arena.h"
#include "base/err.h"
#include "policies/pinning.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pin_recorder {
	uint32_t npages;
	uint64_t *from, *from_ns; /* by page: event and time when it left; arena */
	uint32_t *faults;         /* the caller's in the end, as are the absences */
	struct policy_absence *absences;
	size_t n, cap;
	bool has_failed; /* memory is out */
};

int pin_recorder_init(struct pin_recorder *r, uint32_t npages, struct arena *a, struct err *e);
void pin_recorder_deinit(struct pin_recorder *r);

static inline void pin_recorder_leaves(struct pin_recorder *r, uint32_t page, uint64_t event,
				       uint64_t now_ns)
{
	r->from[page] = event;
	r->from_ns[page] = now_ns;
}

/* A device faults on the page. */
void pin_recorder_fault(struct pin_recorder *r, uint32_t page, uint64_t event, uint64_t now_ns);

/* Hands over what was noted; pin_hindsight_free releases it. */
int pin_recorder_take(struct pin_recorder *r, struct policy_hindsight *out, struct err *e);
void pin_hindsight_free(struct policy_hindsight *h);

/* A frozen schedule: an absence counts if its page was not pinned over all of it. */
struct pin_schedule {
	const struct policy_hindsight *h;
	uint32_t next; /* of by_from */
	uint8_t *is;   /* by page: enum pin_presence; arena */
};

enum pin_presence { PIN_PRESENT, PIN_KEPT, PIN_GONE };

int pin_schedule_init(struct pin_schedule *s, const struct policy_hindsight *h, struct arena *a,
		      struct err *e);

/* The next absence that has begun before an event; UINT32_MAX: none. */
static inline uint32_t pin_schedule_next(struct pin_schedule *s, uint64_t event)
{
	if (s->next == s->h->nabsences)
		return UINT32_MAX;
	const uint32_t absence = s->h->by_from[s->next];
	if (s->h->absences[absence].from >= event)
		return UINT32_MAX;
	s->next++;
	return absence;
}

/* A device uses the page: whether that is a fault. */
static inline bool pin_schedule_use(struct pin_schedule *s, uint32_t page)
{
	const bool is_fault = s->is[page] == PIN_GONE;
	s->is[page] = PIN_PRESENT;
	return is_fault;
}

static inline void pin_schedule_unpin(struct pin_schedule *s, uint32_t page)
{
	if (s->is[page] == PIN_KEPT)
		s->is[page] = PIN_GONE;
}

#endif
