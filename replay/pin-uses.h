// SPDX-License-Identifier: MIT
/*
 * When each page was last used, by whom, as far as the trace was read. The same
 * for all configurations of a run, so it is kept once, where they are fed; at
 * the end of a run it tells which of the pages that are out had grown cold.
 *
 * Memory: 4 bytes a page and kind of use. Times are known to 17 ms, and behind
 * two years of trace not at all.
 */
#ifndef PUGMARK_REPLAY_PIN_USES_H
#define PUGMARK_REPLAY_PIN_USES_H

#include <stdint.h>
#include <stdlib.h>

enum { PIN_USE_DMA, PIN_USE_CPU, PIN_USE_BACKGROUND, PIN_USE_KINDS };
enum { PIN_USE_SHIFT = 24 }; /* of ns: one unit */

struct pin_uses {
	uint32_t *last[PIN_USE_KINDS]; /* by page: 1 + units; 0: never. NULL: nobody asks */
};

/* 0 or -1: no memory. Freed by deinit also then. */
static inline int pin_uses_init(struct pin_uses *u, uint64_t npages, unsigned which)
{
	*u = (struct pin_uses){};
	for (unsigned k = 0; k < PIN_USE_KINDS; k++) {
		if (!(which >> k & 1))
			continue;
		u->last[k] = calloc(npages + 1, sizeof(*u->last[k]));
		if (!u->last[k])
			return -1;
	}
	return 0;
}

static inline void pin_uses_deinit(struct pin_uses *u)
{
	for (unsigned k = 0; k < PIN_USE_KINDS; k++)
		free(u->last[k]);
	*u = (struct pin_uses){};
}

static inline void pin_uses_note(struct pin_uses *u, unsigned kind, uint32_t page, uint64_t ts_ns)
{
	const uint64_t units = (ts_ns >> PIN_USE_SHIFT) + 1;
	if (u->last[kind])
		u->last[kind][page] = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

/* The last use of those kinds, to the unit below; 0 where there was none. */
static inline uint64_t pin_uses_last_ns(const struct pin_uses *u, unsigned which, uint32_t page)
{
	uint32_t last = 0;
	for (unsigned k = 0; k < PIN_USE_KINDS; k++)
		if (which >> k & 1 && u->last[k] && u->last[k][page] > last)
			last = u->last[k][page];
	return last ? (uint64_t)(last - 1) << PIN_USE_SHIFT : 0;
}

#endif
