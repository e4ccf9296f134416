// SPDX-License-Identifier: MIT
/*
 * How much may be taken from each VM of a pool so that all of them together
 * still meet what is asked of them. Each VM has levels, 0 (nothing is taken) to
 * the highest at which it is well alone; whether a choice of levels holds for
 * all at once is told by trying it.
 *
 * At first all are at their highest. While that does not hold, levels are given
 * up in an order: the step that relieves what they share most for each byte
 * that it costs comes first (of one shared resource of unknown size this is the
 * greedy order of the knapsack, over the upper hull of each VM's steps). How
 * far to go down that order is bisected. A second order gives up the VMs that
 * were hurt before all others; the better end is kept. Then single VMs are
 * raised again by a level as long as it holds.
 *
 * What comes out was tried and holds. That no other choice gives more is not
 * proven: nobody knows the function but by trying, and it need not be monotone.
 */
#ifndef PUGMARK_REPLAY_POOL_SEARCH_H
#define PUGMARK_REPLAY_POOL_SEARCH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POOL_VMS_MAX = 64, POOL_LEVELS_MAX = 32, POOL_BATCH_MAX = 8, POOL_WELL = -1 };

struct pool_search {
	size_t nvms, nlevels;
	const unsigned *top;   /* by VM */
	const uint64_t *bytes; /* by VM and level (vm * nlevels + level): what comes back */
	const uint64_t *load;  /* likewise: asked of what they share */
	unsigned batch;        /* choices tried at a time, at most POOL_BATCH_MAX */
	unsigned tries_max;

	/*
	 * Tries n choices (choice * nvms + vm: its level). For each VM of each says what
	 * is wrong with it, a number of the caller's, or POOL_WELL.
	 */
	int (*try)(void *ctx, const unsigned *levels, size_t n, int *wrong_out, struct err *e);
	void *ctx;
};

struct pool_found {
	bool holds; /* else not even with nothing taken */
	unsigned levels[POOL_VMS_MAX];
	unsigned tries;
	bool is_cut;          /* tries_max came first: more might be possible */
	bool is_non_monotone; /* less was taken in a try that failed than in one that held */
	/* by VM below its highest level: who was hurt when it was tried a level higher */
	unsigned blocked_by[POOL_VMS_MAX];
	int blocked_why[POOL_VMS_MAX]; /* what the caller said; POOL_WELL: not tried, or not below
					*/
	/* with all at their highest: what was wrong with each */
	int wrong_at_top[POOL_VMS_MAX];
};

int pool_search_run(const struct pool_search *s, struct pool_found *out, struct err *e);

#endif
