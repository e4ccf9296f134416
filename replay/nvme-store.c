// SPDX-License-Identifier: MIT
/* What `pugmark nvme` puts into a results file: absolute integers by design and VM. */
#include "replay/nvme-report.h"

#include "base/cleanup.h"
#include "store/results.h"

#include <stdio.h>

struct metric {
	const char *name;
	uint64_t value;
};

static int put_vm(struct results *r, const char *design, uint32_t vm, bool is_all,
		  const struct nvme_vm_result *v, struct err *e)
{
	const struct metric metrics[] = {
		{ "requests", v->requests },
		{ "bytes", v->bytes },
		{ "span_ns", v->span_ns },
		{ "latency_sum_ns", (uint64_t)v->latency.sum },
		{ "p50_ns", hist_percentile(&v->latency, 500000) },
		{ "p99_ns", hist_percentile(&v->latency, 990000) },
		{ "p999_ns", hist_percentile(&v->latency, 999000) },
		{ "p9999_ns", hist_percentile(&v->latency, 999900) },
		{ "p99999_ns", hist_percentile(&v->latency, 999990) },
		{ "kicks", v->kicks },
		{ "kicks_suppressed", v->kicks_suppressed },
		{ "exits", v->exits },
		{ "irqs", v->irqs },
		{ "guest_busy_ns", v->guest_busy_ns },
		{ "guest_direct_ns", v->guest_direct_ns },
		{ "guest_indirect_ns", v->guest_indirect_ns },
		{ "guest_sync_ns", v->guest_sync_ns },
		{ "guest_spin_ns", v->guest_spin_ns },
	};
	_free_ char *config = NULL;
	char name[24] = "all";
	int rc = 0;

	if (!is_all)
		snprintf(name, sizeof(name), "%u", vm);
	if (asprintf(&config, "%svm=%s\n", design, name) < 0) {
		config = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a configuration");
	}
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics) && !rc; i++)
		rc = results_put(r, config, metrics[i].name, 0, (int64_t)metrics[i].value, e);
	for (unsigned s = 0; s < NVME_STAGES && !rc; s++)
		rc = results_put(r, config, "stage_ns", s, (int64_t)v->stage_ns[s], e);
	return rc;
}

static int put_point(struct results *r, const struct nvme_point *p, struct err *e)
{
	_free_ char *design = param_canonical(&p->design.set);
	const uint32_t n = p->result.nvms;
	int rc = design ? 0 : err_set(e, ERR_NOMEM, "no memory for a design");

	for (uint32_t vm = 0; vm <= n && !rc; vm++)
		if (vm == n || n > 1)
			rc = put_vm(r, design, vm, vm == n, &p->result.vms[vm], e);
	return rc;
}

int nvme_store(const char *path, const struct results_run *run, const struct nvme_answer *a,
	       struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);

	if (rc)
		return rc;
	rc = results_begin_run(r, run, e);
	for (size_t i = 0; i < a->n && !rc; i++)
		rc = put_point(r, &a->points[i], e);
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
