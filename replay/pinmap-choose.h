// SPDX-License-Identifier: MIT
/* Which pages of a past a pin map has, why and until when. Private to replay/pinmap-*.c. */
#ifndef PUGMARK_REPLAY_PINMAP_CHOOSE_H
#define PUGMARK_REPLAY_PINMAP_CHOOSE_H

#include "replay/pinmap-learn.h"

/* Maps that are tried. */
struct pinmap_variant {
	const char *name;
	uint32_t part; /* one in so many of the pages that fault */
	bool goes_ahead;
};

/* Fills vm-independent members of out: ranges, pinned_pages. Faults in from_ns .. to_ns - 1. */
int pinmap_choose(const struct pinmap_past *p, uint64_t from_ns, uint64_t to_ns,
		  uint64_t budget_pages, const struct pinmap_variant *v, struct pinmap *out,
		  struct err *e);

/* The page has been mapped for a device since then, up to noted_ns. */
bool pinmap_past_is_live(const struct pinmap_past *p, uint32_t page, uint64_t since_ns);

/* Usual number of faults in a burst: gaps of 10 s or a thousandth of the past part them. */
uint64_t pinmap_burst(const struct pin_log *log, uint64_t from_ns, uint64_t to_ns,
		      uint64_t past_ns);

/* What the map promises and when to give it up, from runs without and with one on from .. to_ns. */
struct pinmap_held {
	const struct pin_log *without, *with;
	uint64_t from_ns, to_ns;
};
void pinmap_promise(const struct pinmap_held *h, const struct pinmap_lesson *l,
		    const struct pinmap_past *p, struct pinmap *m);

#endif
