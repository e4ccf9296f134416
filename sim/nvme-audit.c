// SPDX-License-Identifier: MIT
/* The comparison of a station's two accounts. */
#include "sim/nvme-audit.h"

void nvme_audit_settle(struct nvme_net *net)
{
	const uint64_t now = net->q.now.v;

	if (net->is_settled)
		return;
	net->is_settled = true;
	for (uint32_t i = 0; i < net->njobs + net->nparts; i++) {
		const struct nvme_job *j = &net->jobs[i];
		if (j->is_out)
			net->all.sojourn += now - j->born;
		if (!j->at)
			continue;
		j->at->sojourn += now - j->entered;
		if (j->served != NVME_NOT_SERVED)
			j->at->served += now - j->served;
	}
	net->all.served = net->all.sojourn;
}

uint64_t nvme_residual_ppm(uint64_t x, uint64_t y)
{
	const uint64_t most = x > y ? x : y, least = x > y ? y : x;

	return most ? (uint64_t)((unsigned __int128)(most - least) * 1000000 / most) : 0;
}

static int compare(const char *name, const char *law, uint64_t by_clock, uint64_t by_jobs,
		   struct err *e)
{
	if (nvme_residual_ppm(by_clock, by_jobs) <= 1000)
		return 0;
	return err_set(e, ERR_BUG, "%s: breaks %s: %llu ns by the clock, %llu ns by requests", name,
		       law, (unsigned long long)by_clock, (unsigned long long)by_jobs);
}

int nvme_audit_check(const struct nvme_audit *a, const char *name, uint64_t now, struct err *e)
{
	struct nvme_audit end = *a;

	nvme_audit_tick(&end, now);
	if (a->entered != a->left + a->inside)
		return err_set(e, ERR_BUG, "%s: %llu requests came, %llu left, %llu are inside",
			       name, (unsigned long long)a->entered, (unsigned long long)a->left,
			       (unsigned long long)a->inside);
	const int rc = compare(name, "Little's law", end.area, a->sojourn, e);
	return rc ? rc : compare(name, "the utilisation law", end.busy_area, a->served, e);
}
