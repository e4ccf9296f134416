// SPDX-License-Identifier: MIT
/*
 * One `fault` row per page fault where a recording tells it several times: the
 * tracepoint exceptions:page_fault_* (address, write), then the software event
 * page-faults, then minor-faults or major-faults, all of one task and address.
 * The row keeps the time and place of the first and learns from the others.
 *
 * Rows leave in order, as soon as all that the recording tells has come, the
 * task faults again, 1 s of the recording has passed or ROWS_MAX wait. Where
 * only major faults are recorded beside, one without is a minor fault.
 */
#ifndef PUGMARK_COLLECT_FAULTJOIN_H
#define PUGMARK_COLLECT_FAULTJOIN_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stdint.h>

enum faultjoin_event {
	FAULTJOIN_EXCEPTION = 1, /* exceptions:page_fault_* */
	FAULTJOIN_ANY = 2,       /* page-faults */
	FAULTJOIN_OUTCOME = 4,   /* minor-faults, major-faults: row->major says which */
};

struct faultjoin_options {
	unsigned events; /* that the recording may hold, ORed */
	bool has_minor;  /* of outcomes, also the minor ones */
	int (*row)(void *ctx, const struct fault_event *row, struct err *e);
	void *ctx;
};

struct faultjoin;

int faultjoin_new(const struct faultjoin_options *o, struct faultjoin **out, struct err *e);
void faultjoin_free(struct faultjoin *j);

int faultjoin_event(struct faultjoin *j, enum faultjoin_event what, uint32_t task,
		    const struct fault_event *row, struct err *e);

/* Gives out all rows that wait. */
int faultjoin_finish(struct faultjoin *j, struct err *e);

#endif
