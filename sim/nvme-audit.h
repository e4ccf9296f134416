// SPDX-License-Identifier: MIT
/*
 * Each station keeps two accounts of the same thing, areas by the clock (how
 * many are inside, how many are served) and sums over jobs (how long each was).
 * Compared at the end they are Little's law, L T = sum of sojourns, and the
 * utilisation law, U T = sum of services; jobs still inside count up to the end,
 * so that both hold for runs of any length.
 */
#ifndef PUGMARK_SIM_NVME_AUDIT_H
#define PUGMARK_SIM_NVME_AUDIT_H

#include "base/err.h"
#include "sim/nvme-net.h"

/* Adds what is inside at the end to the accounts by jobs; nothing may run afterwards. */
void nvme_audit_settle(struct nvme_net *net);

/* After settling: ERR_BUG and a sentence when the accounts differ, or jobs were lost or made. */
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
	j->at = a;
	j->entered = now;
	j->served = NVME_NOT_SERVED;
	a->entered++;
	if (++a->inside > a->most)
		a->most = a->inside;
}

static inline void nvme_audit_start(struct nvme_audit *a, struct nvme_job *j, uint64_t now)
{
	nvme_audit_tick(a, now);
	j->served = now;
	a->busy++;
}

static inline void nvme_audit_leave(struct nvme_audit *a, struct nvme_job *j, uint64_t now)
{
	nvme_audit_tick(a, now);
	a->busy--;
	a->inside--;
	a->left++;
	a->sojourn += now - j->entered;
	a->served += now - j->served;
	j->at = NULL;
}

#endif
