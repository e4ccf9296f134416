// SPDX-License-Identifier: MIT
/*
 * Fits one cost of an NVMe design to one measured figure, by running the model:
 * requests/s do not rise with a cost, so bisection finds the cost to 1 ns.
 */
#ifndef PUGMARK_REPLAY_NVME_FIT_H
#define PUGMARK_REPLAY_NVME_FIT_H

#include "replay/nvme-design.h"

struct nvme_fit {
	const struct nvme_design_sources *sources; /* without the cost that is fitted */
	const char *parameter;                     /* "nvme-path.request": a cost */
	uint64_t milli_iops;                       /* to be met */
	uint64_t most_ns;                          /* the cost lies in 0 .. most */
	unsigned threads;
};

struct nvme_fitted {
	uint64_t cost_ns;
	uint64_t milli_iops; /* of the model with it */
	bool is_bound;       /* at 0 or at the most: the figure is not met */
};

int nvme_fit_run(const struct nvme_fit *f, struct nvme_fitted *out, struct err *e);

#endif
