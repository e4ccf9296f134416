// SPDX-License-Identifier: MIT
/* The comparison of a station's two accounts. */
#include "sim/nvme-audit.h"

uint64_t nvme_residual_ppm(uint64_t x, uint64_t y)
{
	const uint64_t most = x > y ? x : y, least = x > y ? y : x;

	return most ? (uint64_t)((unsigned __int128)(most - least) * 1000000 / most) : 0;
}

int nvme_audit_check(const struct nvme_audit *a, const char *name, uint64_t now, struct err *e)
{
	struct nvme_audit end = *a;

	nvme_audit_tick(&end, now);
	const uint64_t sojourn = a->sojourn + a->inside * now - a->since;
	const uint64_t served = a->served + a->busy * now - a->started;
	if (a->entered != a->left + a->inside)
		return err_set(e, ERR_BUG, "%s: %llu requests came, %llu left, %llu are inside",
			       name, (unsigned long long)a->entered, (unsigned long long)a->left,
			       (unsigned long long)a->inside);
	if (nvme_residual_ppm(end.area, sojourn) > 1000)
		return err_set(e, ERR_BUG,
			       "%s: breaks Little's law: %llu by the clock, %llu by "
			       "requests",
			       name, (unsigned long long)end.area, (unsigned long long)sojourn);
	if (nvme_residual_ppm(end.busy_area, served) > 1000)
		return err_set(e, ERR_BUG,
			       "%s: breaks the utilisation law: %llu by the clock, "
			       "%llu by requests",
			       name, (unsigned long long)end.busy_area, (unsigned long long)served);
	return 0;
}
