// SPDX-License-Identifier: MIT
/*
 * Lists of values as a sweep file writes them:
 *
 *	lru, arc, "a, b"		words; quotes keep commas and dots
 *	10%..50% step 10%		10%, 20%, 30%, 40%, 50%
 *	1..5				1, 2, 3, 4, 5
 *	1000..100000 x10		1000, 10000, 100000
 *	1ms, 5ms..20ms step 5ms		both in one list
 *
 * Ranges are decimal and exact; both ends have the same unit, which the values
 * get. The last value is the greatest that is not above the end.
 */
#ifndef PUGMARK_REPLAY_SWEEP_VALUES_H
#define PUGMARK_REPLAY_SWEEP_VALUES_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

enum { SWEEP_VALUES_MAX = 10000 };

struct sweep_values {
	const char **text; /* the arena's, as the texts are */
	size_t n;
};

/* ERR_USAGE for an empty list or part, a range that is none, or too many values. */
int sweep_values_parse(const char *text, struct arena *a, struct sweep_values *out, struct err *e);

#endif
