// SPDX-License-Identifier: MIT
/*
 * What is behind the faults of one configuration: it is run again with a log of
 * its faults, then the accesses are read once more, to know of each fault how
 * long its page had been idle and of each page how it is used. Everything that
 * the tables and pictures of `pugmark pin --explain` show is computed here.
 */
#ifndef PUGMARK_REPLAY_PIN_EXPLAIN_H
#define PUGMARK_REPLAY_PIN_EXPLAIN_H

#include "replay/pin-log.h"
#include "replay/pin-pulse.h"
#include "replay/pin-report.h"

/* What a page is for, as far as its accesses tell. */
enum pin_use {
	PIN_USE_RING, /* used 16 times or more in one mapping: a ring, a long-lived area */
	PIN_USE_POOL, /* mapped (without mappings: used) 16 times or more: recycled buffers */
	PIN_USE_DATA, /* less often: page cache, application memory */
	PIN_USES
};
extern const char *const pin_use_names[]; /* "ring", "pool", "data", NULL */

/* A fault's page before the fault; by log entry. */
struct pin_before {
	uint64_t idle_ns;   /* since anybody's last touch; UINT64_MAX: none seen, it is a first */
	uint64_t mapped_ns; /* since the device mapped it; UINT64_MAX: not mapped, or none seen */
};

/* How devices use a page; by dense number. */
struct pin_page_story {
	uint64_t last_ns, mapped_since_ns; /* UINT64_MAX: never, not mapped */
	uint64_t mapped_ns;                /* all finished mappings together */
	uint32_t dmas, maps, finished;     /* finished: mappings */
	uint32_t faults;
};

/*
 * DMA accesses by time and place, for the map of the footprint. A row has equally
 * many pages of those in the trace, in order of address: holes take no room.
 */
enum { PIN_MAP_COLUMNS = 240, PIN_MAP_ROWS = 120 };

struct pin_story {
	struct pin_job job; /* with its result; log and pulses are this story's */
	struct pin_log log;
	struct pin_pulses *pulses;
	uint64_t first_ns, last_ns;
	uint64_t *frames; /* by dense number */
	uint32_t npages;
	struct pin_page_story *pages;
	struct pin_before *before;        /* log.n of them */
	uint8_t *row_of;                  /* of the map, by dense number */
	uint64_t row_frame[PIN_MAP_ROWS]; /* the lowest page of a row */
	unsigned nrows;
	uint32_t (*density)[PIN_MAP_COLUMNS]; /* PIN_MAP_ROWS of them, lowest page first */
};

/* Faults that are looked at; the rest is said to be missing. */
enum { PIN_EXPLAIN_FAULTS_MAX = 1 << 21 };

/* The job of the answer; s is to be released even on failure. */
int pin_story_tell(const struct pin_run *run, const struct pin_job *job, uint64_t seed,
		   struct pin_story *s, struct err *e);
void pin_story_deinit(struct pin_story *s);

enum pin_use pin_use_of(const struct pin_page_story *p);

/* Tables for people and programs. ERR_NOMEM. */
int pin_show_story(struct report *r, const struct pin_answer *a, const struct pin_story *s,
		   bool is_json, bool is_verbose, struct err *e);

#endif
