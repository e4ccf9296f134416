// SPDX-License-Identifier: MIT
/* Bisection over runs of the model; all of the same seed, so that luck cancels. */
#include "replay/nvme-fit.h"

#include "replay/nvme-run.h"

#include <stdio.h>

static int run_with(const struct nvme_fit *f, uint64_t cost_ns, uint64_t *milli_iops_out,
		    struct err *e)
{
	char cost[120];
	const char *lasts[20];
	size_t n = 0;

	for (; f->sources->lasts && f->sources->lasts[n] && n < 18; n++)
		lasts[n] = f->sources->lasts[n];
	snprintf(cost, sizeof(cost), "%.80s=%lluns", f->parameter, (unsigned long long)cost_ns);
	lasts[n] = cost;
	lasts[n + 1] = NULL;
	struct nvme_design_sources sources = *f->sources;
	sources.lasts = lasts;
	struct nvme_point p = {};
	int rc = nvme_design_read(&p.design, &sources, e);
	if (!rc)
		rc = nvme_points_run(&(struct nvme_points){ .threads = 1 }, &p, 1, e);
	if (!rc)
		*milli_iops_out = nvme_milli_iops(nvme_total(&p.result));
	nvme_point_deinit(&p);
	return rc;
}

int nvme_fit_run(const struct nvme_fit *f, struct nvme_fitted *out, struct err *e)
{
	uint64_t low = 0, high = f->most_ns, at_low, at_high;
	int rc = run_with(f, low, &at_low, e);

	if (!rc)
		rc = run_with(f, high, &at_high, e);
	if (rc)
		return rc;
	if (at_low <= f->milli_iops || at_high >= f->milli_iops) {
		const bool is_low = at_low <= f->milli_iops;
		*out = (struct nvme_fitted){ is_low ? low : high, is_low ? at_low : at_high,
					     at_low != f->milli_iops && at_high != f->milli_iops };
		return 0;
	}
	while (high - low > 1) {
		const uint64_t middle = low + (high - low) / 2;
		uint64_t at;
		rc = run_with(f, middle, &at, e);
		if (rc)
			return rc;
		if (at >= f->milli_iops) {
			low = middle;
			at_low = at;
		} else {
			high = middle;
			at_high = at;
		}
	}
	const bool is_low = at_low - f->milli_iops <= f->milli_iops - at_high;
	*out = (struct nvme_fitted){ is_low ? low : high, is_low ? at_low : at_high, false };
	return 0;
}
