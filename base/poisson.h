// SPDX-License-Identifier: MIT
/*
 * How many events may come when n were seen: the exact (Garwood) 95 % interval
 * of the mean of a Poisson count, each side with 2.5 %. None seen: fewer than 3
 * (the one-sided 95 % bound, 2.996). It holds for events that come one by one;
 * bursts make the truth wider. Computed where results are shown, by IEEE basic
 * operations only, so it is the same everywhere.
 */
#ifndef PUGMARK_BASE_POISSON_H
#define PUGMARK_BASE_POISSON_H

#include <stdint.h>

/* in millionths of an event */
struct poisson_interval {
	uint64_t low_micro, high_micro;
};

/* Exact to a millionth up to 10,000; above by Byar's approximation, within 0.001 %. */
struct poisson_interval poisson_interval_95(uint64_t n);

#endif
