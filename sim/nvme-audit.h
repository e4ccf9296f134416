// SPDX-License-Identifier: MIT
/*
 * Each station keeps two accounts of the same thing, areas by the clock and sums
 * by the stamps of jobs; nvme_audit_check compares them. That is Little's law
 * and the utilisation law without edge effects, hence for runs of any length.
 */
#ifndef PUGMARK_SIM_NVME_AUDIT_H
#define PUGMARK_SIM_NVME_AUDIT_H

#include "base/err.h"
#include "sim/nvme-net.h"

/* Of one station; times in ns, areas in ns of jobs or servers, below 2^64 for any sane run. */
struct nvme_audit {
	uint64_t entered, left, inside, busy, most;
	uint64_t clock;           /* up to which the areas are counted */
	uint64_t area, busy_area; /* by the clock */
	uint64_t sojourn, since;  /* by stamps: of those that left; sum of stamps of those inside */
	uint64_t served, started; /* likewise, of service */
};

/* ERR_BUG and a sentence when the two accounts differ, or jobs were lost or made. */
int nvme_audit_check(const struct nvme_audit *a, const char *name, uint64_t now, struct err *e);

/* |x - y| / max in ppm, for showing. */
uint64_t nvme_residual_ppm(uint64_t x, uint64_t y);

static inline void nvme_audit_tick(struct nvme_audit *a, uint64_t now)
{
	const uint64_t span = now - a->clock;

	a->area += span * a->inside;
	a->busy_area += span * a->busy;
	a->clock = now;
}

static inline void nvme_audit_enter(struct nvme_audit *a, struct nvme_job *j, uint64_t now)
{
	nvme_audit_tick(a, now);
	j->entered = now;
	a->since += now;
	a->entered++;
	if (++a->inside > a->most)
		a->most = a->inside;
}

static inline void nvme_audit_start(struct nvme_audit *a, uint64_t now)
{
	nvme_audit_tick(a, now);
	a->busy++;
	a->started += now;
}

/* The service began at `start`. */
static inline void nvme_audit_leave(struct nvme_audit *a, const struct nvme_job *j, uint64_t start,
				    uint64_t now)
{
	nvme_audit_tick(a, now);
	a->busy--;
	a->inside--;
	a->left++;
	a->since -= j->entered;
	a->sojourn += now - j->entered;
	a->started -= start;
	a->served += now - start;
}

#endif
