// SPDX-License-Identifier: MIT
/*
 * Coherent areas (rings, completion queues) of devices: allocated once, never
 * mapped again, and used whenever the device works. No trace shows those uses,
 * so they are declared: while a device is active, each of its live areas is
 * used as a whole once a period. An area of a device that was idle is thus used
 * at the device's next row, page after page, which is what makes a ring that
 * went cold expensive.
 *
 * Active is a device in a row that uses, opens or closes other memory. The
 * uses have the time of that row and come before it: a descriptor is fetched
 * first. Left out: which descriptor, hence which page of a ring, comes next.
 */
#ifndef PUGMARK_REPLAY_LIVE_H
#define PUGMARK_REPLAY_LIVE_H

#include "base/err.h"
#include "replay/access.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIVE_BATCH = 256, LIVE_DEVICES = 1 << 16 };

struct live {
	uint64_t period_ns;
	uint64_t *due_ns; /* by device: from then on a row of it is preceded by uses */
	struct live_area *areas;
	uint32_t *first, *last; /* by device: 1 + its oldest and newest area; 0: none */
	uint32_t *buckets;      /* by hash of device and first page: 1 + area */
	size_t nbuckets, nareas, cap, nfree;
	uint32_t free; /* 1 + an area that is none any more */
	uint64_t pages, pages_max;
	uint64_t told_max; /* most areas at a time */

	/* uses that are being told */
	uint32_t next; /* 1 + area; 0: none left */
	uint64_t next_ts;
	uint64_t ts[LIVE_BATCH], page[LIVE_BATCH];
	uint32_t npages[LIVE_BATCH];
	uint16_t dev[LIVE_BATCH];
	uint8_t what[LIVE_BATCH];
};

/* period_ns: more than 0. ERR_NOMEM. */
int live_init(struct live *l, uint64_t period_ns, struct err *e);
void live_deinit(struct live *l);

/* Forgets all areas. */
void live_clear(struct live *l);

/*
 * Rows of b from `at` on, up to the first one that uses have to precede (then
 * live_take tells them, and live_pass goes on behind it); areas that begin and
 * end in those rows are noted. ERR_NOMEM.
 */
int live_pass(struct live *l, const struct access_batch *b, size_t at, size_t *end_out,
	      struct err *e);

/* Uses of areas, borrowed until the next call: false when there are none to tell. */
bool live_take(struct live *l, struct access_batch *out);

#endif
