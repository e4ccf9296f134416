// SPDX-License-Identifier: MIT
/*
 * What a pin replay is fed with: the accesses of a trace, page by page and in
 * time order, with dense page numbers, and the touches of the declared CPU
 * load between them. Decoded and numbered once, used by every configuration.
 *
 * Number n is the n-th page that the trace touches or maps first; what it never
 * does has the numbers above, up to the size of the VM. With 2 MiB backing runs
 * of 512 neighbours are numbered so, and pages within them by address. At the same time
 * device before CPU of the trace before the declared load.
 */
#ifndef PUGMARK_REPLAY_PIN_FEED_H
#define PUGMARK_REPLAY_PIN_FEED_H

#include "base/err.h"
#include "replay/access.h"
#include "replay/pageids.h"
#include "replay/pin-cell.h"
#include "replay/pin-uses.h"
#include "sim/background.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PIN_FEED_BLOCK = 1 << 19, /* events: a configuration keeps the cache for so long */
	PIN_FEED_BATCH = 2048,
};

struct pin_feed_config {
	uint64_t until_ns;   /* rows from then on are left out; 0: none */
	uint64_t vm_pages;   /* more different pages are ERR_UNUSABLE; 0: no bound */
	unsigned run_shift;  /* numbers go to aligned runs of 2^run_shift pages; 9: 2 MiB */
	bool wants_mappings; /* PIN_MAP, PIN_RELEASE */
	bool wants_cpu;      /* the trace's */
	const struct background_config *background; /* NULL: none */
	uint64_t seed;
	size_t block_events; /* fills no more of a block; 0: PIN_FEED_BLOCK */
};

struct pin_feed {
	struct access *access; /* the caller's */
	const char *path;      /* for messages; borrowed */
	struct pin_feed_config config;
	struct pageids ids;
	struct pin_uses uses; /* where there is a bound of pages */
	struct background background;
	uint64_t first_ns, last_ns; /* of the trace's accesses so far */
	uint64_t last_pfn;          /* highest page number so far */

	struct access_batch batch;
	size_t row;      /* of the batch */
	uint32_t within; /* pages of that row already taken */
	bool is_ended;

	uint32_t *mappings; /* live ones by page, when they are wanted */
	size_t mappings_cap;
	struct pin_event staged[2 * PIN_FEED_BATCH];
	size_t nstaged, staged_at;
};

/* Starts at the access stream's present place, which is its beginning. */
int pin_feed_init(struct pin_feed *f, struct access *a, const char *path,
		  const struct pin_feed_config *c, struct err *e);
void pin_feed_deinit(struct pin_feed *f);

/* Pages numbered so far: all of a run that has one. */
uint64_t pin_feed_pages(const struct pin_feed *f);

/* Fills a block of room for PIN_FEED_BLOCK events: 1, 0 at the end (nothing was filled), negative.
 */
int pin_feed_next(struct pin_feed *f, struct pin_block *b, struct err *e);

#endif
