// SPDX-License-Identifier: MIT
/*
 * What the guest's CPU does when no recording of it exists: a declared load,
 * touches at a constant mean rate (exponential gaps) of pages drawn by a zipf
 * law. A guess by nature; every result that rests on it says so.
 *
 * The law is a staircase: ranks 2^k .. 2^(k+1) - 1 are one step, drawn with
 * weight 2^(k (1 - theta)) and evenly within, so that theta = 1 gives all steps
 * the same weight. Ranks are spread over the pages by multiplication with a
 * number coprime to their count, which depends on the seed. Left out: phases
 * and days, sequential runs, any relation to what the devices do.
 */
#ifndef PUGMARK_SIM_BACKGROUND_H
#define PUGMARK_SIM_BACKGROUND_H

#include "base/err.h"
#include "base/param.h"
#include "base/quantity.h"
#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

/* Section [background]. */
struct background_config {
	struct rate rate;
	uint64_t theta_ppm; /* 0: all pages alike */
	uint64_t pages_ppm; /* of the VM that are touched at all */
};

extern const struct param background_params[];
extern const size_t background_nparams;

enum { BACKGROUND_STEPS = 32 };

struct background {
	struct rng rng;
	uint64_t steps[BACKGROUND_STEPS]; /* a draw not above it picks the step, or one before */
	unsigned nsteps;
	uint32_t npages, vm_pages;
	uint64_t factor, offset; /* page = (rank * factor + offset) mod vm_pages */
	uint64_t gap_ns;         /* mean; 0: no touches */
	uint64_t next_ns;
};

/* ERR_USAGE when the rate is above one a nanosecond. */
int background_init(struct background *b, const struct background_config *c, uint32_t vm_pages,
		    uint64_t run_seed, struct err *e);

struct background_touch {
	uint64_t ts_ns;
	uint32_t page; /* below vm_pages */
};

/* The time of the next touch, UINT64_MAX when there is none. */
static inline uint64_t background_peek(const struct background *b)
{
	return b->next_ns;
}

/* Takes the next touch. */
struct background_touch background_next(struct background *b);

#endif
