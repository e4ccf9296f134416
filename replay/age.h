// SPDX-License-Identifier: MIT
/*
 * How long pages lie idle, and what comes back: one pass over page accesses
 * answers for a whole grid of ages tau
 *
 *	refaults	accesses of a device to a page that nobody, neither device
 *			nor CPU, used for at least tau: with reclaim at age tau each
 *			is an I/O page fault. The device that ends the gap has it, so
 *			devices sum to the total.
 *	idle		page time in which a page had been idle for tau or longer:
 *			sum over gaps of max(0, gap - tau), exactly, with the gap from
 *			the last use to the end of the trace. Divided by the length:
 *			the mean number of reclaimable pages. A device's own figure is
 *			that of the pages it has used so far: a shared page counts for
 *			each of its devices, and pages only the CPU uses for none.
 *
 * Nothing is known of a page before its first use in the trace: that time is
 * not idle, and the first use is no refault. first_late counts first uses by
 * devices tau or later after the start: refaults too, if the page had been
 * used before the recording began.
 *
 * A cpu row tells touches within a period: the page is used at its begin, and,
 * where there were several, in use until its end.
 *
 * A live page (see access.h) may be used at any time and counts as idle never;
 * a refault is counted all the same where a row uses it after tau, because that
 * is what reclaim by age would meet. A coherent area whose uses are told by rows
 * (SWEPT) is a page as any other. A page whose mapping is open at the end of the
 * trace is not idle after its last use.
 *
 * Memory: 16 bytes a page, and 16 to 32 for each block of four neighbours that
 * has a used one (pageids.h): 20 to 24 a page where use is dense, at most 96.
 * The grid costs nothing: a gap goes into the bucket of the longest tau it
 * reaches, and suffix sums give the rest.
 */
#ifndef PUGMARK_REPLAY_AGE_H
#define PUGMARK_REPLAY_AGE_H

#include "base/err.h"
#include "replay/access.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	AGE_TAUS_MAX = 64,
	AGE_CPU = UINT16_MAX + 1, /* the device number of the CPU */
	AGE_TOTAL,                /* and of all together */
};

/* pages times ns */
typedef unsigned __int128 age_page_ns;

struct age_result {
	unsigned dev;      /* number, AGE_CPU or AGE_TOTAL */
	uint64_t accesses; /* pages used, each time */
	uint64_t pages;    /* different ones */
	/* more than 4,096 combinations of users: pages and idle of single users miss some */
	bool is_cut;
	/* by tau, in the order of the grid; of the CPU: its own, major faults with such reclaim */
	uint64_t refaults[AGE_TAUS_MAX], first_late[AGE_TAUS_MAX];
	age_page_ns idle[AGE_TAUS_MAX];
	/* of the total: sum over pages of squared refaults, estimated (base/cluster.h) */
	uint64_t squares[AGE_TAUS_MAX];
};

struct age;

/* taus_ns: ascending, all different, 1 to AGE_TAUS_MAX of them. */
int age_new(const uint64_t *taus_ns, unsigned ntaus, struct age **out, struct err *e);
void age_free(struct age *a);

/* Accesses in order of time. */
int age_add(struct age *a, const struct access_batch *b, struct err *e);

/*
 * Ends the trace at end_ns and gives the results: devices in order of their
 * number, the CPU where it has rows, the total last; owned by a. refaults of
 * the total are those of devices, first_late likewise.
 */
int age_finish(struct age *a, uint64_t end_ns, const struct age_result **results_out,
	       size_t *nresults_out, struct err *e);

/* Bytes of all tables. */
size_t age_memory_bytes(const struct age *a);

#endif
