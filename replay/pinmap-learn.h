// SPDX-License-Identifier: MIT
/* A pin map from the past of a VM: a time window of its trace, replayed under a design. */
#ifndef PUGMARK_REPLAY_PINMAP_LEARN_H
#define PUGMARK_REPLAY_PINMAP_LEARN_H

#include "base/quantity.h"
#include "replay/pin-design.h"
#include "replay/pin-trace.h"
#include "replay/pinmap.h"

/* Everything is borrowed. */
struct pinmap_lesson {
	struct trace *trace;
	const char *path; /* for messages */
	const struct pin_devices *devices;
	struct pin_design *design; /* memory, backend, load; its policy pins nothing here */
	const char *design_name;
	uint64_t vm_pages; /* 0: as the trace says, else as many as it touches */
	struct quantity budget;
	uint64_t overcommit_ppm;
	uint64_t from_ns, to_ns; /* of the trace's clock, to is not in it; UINT64_MAX: its end */
	uint64_t horizon_ns;     /* of the forecast; 0: as long as the past was */
	uint64_t seed;
	unsigned threads; /* 0: 1 */
};

/*
 * Nothing after to_ns has an influence on the map. ERR_UNUSABLE when the window
 * has no access of a device. out is to be released after success.
 */
int pinmap_learn(const struct pinmap_lesson *l, struct pinmap *out, struct err *e);

#endif
