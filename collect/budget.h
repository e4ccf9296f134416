// SPDX-License-Identifier: MIT
/*
 * What a recording may take of the host: rows a second and a share of a core.
 * Says when the share of pages that are kept is to be halved or may be doubled;
 * who keeps which pages is the recording's business. Pure arithmetic on times
 * it is given.
 *
 * Rows: a bucket that holds a second's worth and fills at the rate allowed. The
 * share is halved when half of the bucket is gone, again at half of what was
 * left then, and so on; an empty bucket takes no row. So in any time t no more
 * than rate * (t + 1 s) rows are kept.
 *
 * CPU: the mean over about a second, judged once a tick.
 */
#ifndef PUGMARK_COLLECT_BUDGET_H
#define PUGMARK_COLLECT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_HALVINGS_MAX = 20 };

struct budget {
	uint64_t rows_per_s, cpu_ppm; /* 0: no bound */
	unsigned halvings;
	uint64_t left, halve_below; /* rows in the bucket */
	uint64_t filled_ns, judged_ns;
	uint64_t cpu_ns, mean_ppm; /* as judged last; mean over about a second */
};

enum budget_advice { BUDGET_DOUBLE = -1, BUDGET_KEEP, BUDGET_HALVE };

void budget_init(struct budget *b, uint64_t rows_per_s, uint64_t cpu_ppm, uint64_t now_ns);

/* The time goes on: call before rows are taken, at least once a tick. */
void budget_fill(struct budget *b, uint64_t now_ns);

/* One row is kept; false: there is no room for it, whatever the share. */
static inline bool budget_take(struct budget *b)
{
	if (!b->rows_per_s)
		return true;
	if (!b->left)
		return false;
	b->left--;
	return true;
}

/* Whether the bucket empties too fast: the share is halved, in `halvings`. */
bool budget_halve(struct budget *b);

/* Once a tick, with the CPU time used so far: as it changed `halvings`. */
enum budget_advice budget_judge(struct budget *b, uint64_t now_ns, uint64_t cpu_ns);

#endif
