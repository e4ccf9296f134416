// SPDX-License-Identifier: MIT
/* The story of a configuration in bins of whole seconds: what its timeline shows. */
#ifndef PUGMARK_REPLAY_PIN_TIMELINE_H
#define PUGMARK_REPLAY_PIN_TIMELINE_H

#include "replay/pin-explain.h"

enum { PIN_BINS_MAX = 360 };

struct pin_bin {
	uint64_t worst[PIN_CLASSES], now[PIN_CLASSES], second; /* I/O page faults in a second */
	uint64_t cpu_major;                                    /* at its end, so far */
	uint32_t resident, pinned;                             /* pages */
};

struct pin_timeline {
	struct pin_bin bins[PIN_BINS_MAX];
	size_t n;
	uint64_t bin_ns;
};

/* Of the answer's story; t begins zeroed. */
void pin_timeline_fill(struct pin_timeline *t, const struct pin_answer *a);

#endif
