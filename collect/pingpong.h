// SPDX-License-Identifier: MIT
/*
 * How long a cache line takes from one CPU to another: two threads, each
 * pinned to one of them, hand a counter back and forth and count half the time
 * of an exchange. Of several rounds the least or the median counts: whatever
 * else runs on the CPUs makes a round longer, never shorter.
 *
 * Leaves out: where the line lies. It is on a page that the calling thread
 * touched first; machines with a directory send every exchange by way of its
 * home.
 */
#ifndef PUGMARK_COLLECT_PINGPONG_H
#define PUGMARK_COLLECT_PINGPONG_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { PINGPONG_ROUNDS_MAX = 1000, PINGPONG_EXCHANGES_MAX = 1000000, PINGPONG_CPUS_MAX = 1024 };

struct pingpong_config {
	uint32_t rounds, exchanges; /* from 1 */
	bool is_median;             /* else the least */
	uint64_t deadline_ns;       /* CLOCK_MONOTONIC; rounds not done by then are left out */
};

/*
 * 1 and the time of one way in ps; 0 when not one round was done in time. The
 * calling thread stays pinned to CPU a. ERR_PERM when a CPU is not ours,
 * ERR_NOMEM, ERR_IO when there is no thread.
 */
int pingpong_measure(unsigned a, unsigned b, const struct pingpong_config *c, uint64_t *ps_out,
		     struct err *e);

#endif
