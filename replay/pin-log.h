// SPDX-License-Identifier: MIT
/*
 * The I/O page faults of one configuration of a pin replay, one entry each, in
 * order of the accesses that raised them: what timelines, explanations and the
 * consequences for devices are made of.
 *
 * A job of pin_run with a log has it filled; one without pays nothing. A replay
 * is deterministic, so the log of a configuration that a screen shows may be had
 * afterwards, by running that job alone: its counts are the same again.
 *
 * Memory is bounded: after `max` entries the log is full, and `missed` counts
 * what came later. Nobody may take such a log for all faults: pin_log_is_whole.
 */
#ifndef PUGMARK_REPLAY_PIN_LOG_H
#define PUGMARK_REPLAY_PIN_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the access found. */
enum pin_fault_kind {
	PIN_FAULT_MINOR, /* in memory, but not mapped: swap cache, or on its way out */
	PIN_FAULT_MAJOR, /* swapped out */
	PIN_FAULT_LATE,  /* on its way in already, for another fault, readahead or a pin */
	PIN_FAULT_KINDS
};
extern const char *const pin_fault_kind_names[]; /* "minor", "major", "late", NULL */

struct pin_log_entry {
	uint64_t raised_ns;  /* the access, on the trace's clock */
	uint64_t ended_ns;   /* the device may go on, or was told that it may not */
	uint64_t resolve_ns; /* of that: until the page was there */
	uint32_t page;       /* dense number, as in struct pin_event */
	uint16_t dev;        /* of the trace */
	uint8_t kind;        /* enum pin_fault_kind */
	uint8_t outcome;     /* enum iopf_outcome */
};

struct pin_log {
	struct pin_log_entry *entries; /* n of them */
	size_t n, cap, max;
	uint64_t missed;  /* faults after the log was full */
	uint64_t full_ns; /* when the first of them was raised; UINT64_MAX: none */
	bool has_failed;  /* memory ran out before max; the run then ends with ERR_NOMEM */
};

enum { PIN_LOG_MISSED = -1 };

/* max: entries of 32 bytes, taken as they are needed. */
void pin_log_init(struct pin_log *l, size_t max);
void pin_log_deinit(struct pin_log *l);

/* Empties it, for another run. */
void pin_log_clear(struct pin_log *l);

static inline bool pin_log_is_whole(const struct pin_log *l)
{
	return !l->missed && !l->has_failed;
}

/* For who raises: a fault begins (its number, or PIN_LOG_MISSED) and ends. */
int64_t pin_log_raise(struct pin_log *l, const struct pin_log_entry *e);
void pin_log_end(struct pin_log *l, int64_t number, uint8_t outcome, uint64_t resolve_ns,
		 uint64_t ended_ns);

#endif
