// SPDX-License-Identifier: MIT
/*
 * The state of a configuration each second of the trace's clock, for timelines.
 * Bounded: where the trace has more seconds than there is room for, every second
 * pulse goes, and from then on they come half as often.
 */
#ifndef PUGMARK_REPLAY_PIN_PULSE_H
#define PUGMARK_REPLAY_PIN_PULSE_H

#include <stddef.h>
#include <stdint.h>

enum { PIN_PULSES_MAX = 1 << 16 };

struct pin_pulse {
	uint64_t at_ns;
	uint64_t cpu_major; /* so far */
	uint32_t resident, pinned;
};

struct pin_pulses {
	struct pin_pulse all[PIN_PULSES_MAX];
	size_t n;
	uint64_t apart_ns; /* least time between two */
};

/* Times ascend. An empty one is all zero. */
void pin_pulses_add(struct pin_pulses *p, const struct pin_pulse *pulse);

#endif
