// SPDX-License-Identifier: MIT
/*
 * The shape of a workload in a few integers, per device class, so that a
 * generated trace can be held against a recorded one. One pass over a stream;
 * a touch is a page of a row, by the rule of store/pages.h.
 */
#ifndef PUGMARK_STORE_CHARACTERISE_H
#define PUGMARK_STORE_CHARACTERISE_H

#include "base/err.h"
#include "store/trace.h"

#include <stdint.h>

enum characterise_class { CLASS_NIC, CLASS_NVME, CLASS_BLOCK, CLASS_OTHER, CLASS_COUNT };

/* "nic" .. "other" */
extern const char *const characterise_class_names[CLASS_COUNT];

struct characteristics {
	uint64_t touches, unique_pages;
	uint64_t often_pages; /* touched more than twice */

	/* the time is that from the first to the last row of the stream */
	uint64_t late_pages; /* touched first in the last third of it */
	/*
	 * The same in windows of 30 min, sums over all whole windows, for each of
	 * which pages are counted afresh; 0 in a stream shorter than that.
	 */
	uint64_t windows, window_pages, window_late_pages;

	uint64_t seconds;        /* the time in seconds, rounded up; at least 1 */
	uint64_t peak_1s;        /* touches in the busiest second */
	uint64_t dispersion_ppm; /* variance / mean of touches a second; Poisson: 1,000,000 */

	/* a run: touches of one device, each of the page after the one before */
	uint64_t runs, longest_run_pages;
};

#define CHARACTERISE_WINDOW_NS UINT64_C(1800000000000)

/* out has CLASS_COUNT entries, zeroes where a class has no touch. Devices unknown to the trace are
 * "other". */
int characterise_stream(struct trace *t, unsigned stream, struct characteristics *out,
			struct err *e);

#endif
