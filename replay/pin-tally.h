// SPDX-License-Identifier: MIT
/*
 * How the faults of one class of devices lie in time: the worst second and ten
 * seconds, seconds above a rate, and how many came in the first half of the
 * trace. Windows are those of the trace's clock (second 0 ends at 1 s), so a
 * burst across a boundary counts in two; a fault costs a few additions.
 */
#ifndef PUGMARK_REPLAY_PIN_TALLY_H
#define PUGMARK_REPLAY_PIN_TALLY_H

#include <stdint.h>

/*
 * Rates whose seconds are counted: P99.99 and P99.9 of block I/O begin to move
 * at 1 and at 10 faults a second (VPRI, SOSP'24 slides).
 */
enum { PIN_RATES = 2 };
extern const unsigned pin_rates_per_s[PIN_RATES]; /* 1, 10 */

struct pin_window {
	uint64_t number, n, max;
};

struct pin_tally {
	struct pin_window second, ten_seconds;
	uint64_t seconds_over[PIN_RATES];
	uint64_t first_half;
};

/* Times in order. middle_ns: where the second half begins. */
void pin_tally_add(struct pin_tally *t, uint64_t now_ns, uint64_t middle_ns);

/* After the last fault, once: counts the windows that are still open. */
void pin_tally_end(struct pin_tally *t);

#endif
