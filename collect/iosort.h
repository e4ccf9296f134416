// SPDX-License-Identifier: MIT
/*
 * Rows of an `io` stream that arrive nearly in order: up to IOSORT_ROWS wait
 * and leave by time, rows of one time as they came. A row older than one that
 * has left takes that one's time and is counted, never dropped.
 *
 * And a guard against wrong units: requests that come much faster or slower
 * than any disk's tell that the input counts in another unit of time.
 */
#ifndef PUGMARK_COLLECT_IOSORT_H
#define PUGMARK_COLLECT_IOSORT_H

#include "base/err.h"
#include "collect/import.h"

#include <stdint.h>

enum { IOSORT_ROWS = 1 << 16 };

struct iosort;

/* Rows go into the io stream of im->w; im->at.stored counts them as they leave. */
int iosort_new(struct import *im, struct iosort **out, struct err *e);
void iosort_free(struct iosort *s);

int iosort_put(struct iosort *s, const struct io_event *row, struct err *e);

/* Gives out all rows; says in meta ("io_time_backwards") and once how many were too old. */
int iosort_finish(struct iosort *s, struct err *e);

/*
 * Warns, and keeps the sentence in meta ("unit_warning"), where the rate of the
 * rows put so far is no disk's. unit: of the input's stamps, such as "1 us".
 */
int iosort_guard_unit(struct iosort *s, const char *unit, struct err *e);

#endif
