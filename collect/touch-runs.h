// SPDX-License-Identifier: MIT
/* Sets of pages as runs in ascending order that do not touch each other. */
#ifndef PUGMARK_COLLECT_TOUCH_RUNS_H
#define PUGMARK_COLLECT_TOUCH_RUNS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOUCH_RUNS_MAX = 1 << 20 };

struct touch_run {
	uint64_t page, end; /* end: behind the last */
};

struct touch_runs {
	struct touch_run *list;
	size_t n, cap;
	bool is_coarse; /* there were too many: gaps between the last ones are filled */
};

/* A run that begins at or behind the end of the last. ERR_NOMEM. */
int touch_runs_add(struct touch_runs *r, struct touch_run x, struct err *e);
void touch_runs_free(struct touch_runs *r);

/*
 * Of [*from, end) the first part in the set (or, !is_in, outside it): *from is
 * moved behind it. False: none left. *at is a place in the list that only moves
 * on while the ranges asked for ascend; 0 at first.
 */
bool touch_runs_part(const struct touch_runs *r, size_t *at, bool is_in, uint64_t *from,
		     uint64_t end, struct touch_run *part_out);

#endif
