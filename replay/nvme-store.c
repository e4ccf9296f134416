// SPDX-License-Identifier: MIT
/* What `pugmark nvme` puts into a results file: absolute integers by design and VM. */
#include "replay/nvme-report.h"

#include "base/cleanup.h"
#include "reports/said.h"

#include <stdio.h>

struct metric {
	const char *name;
	uint64_t value;
};

static int put_vm(struct results *r, const char *design, uint32_t vm, bool is_all,
		  const struct nvme_result *x, struct err *e)
{
	const struct nvme_vm_result *v = &x->vms[vm];
	const struct metric metrics[] = {
		{ "requests", v->requests },
		{ "requests_all", nvme_completed(x, v) },
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
	const struct nvme_host_cpu host = nvme_host_cpu(x); /* of all cores, as of one */
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
	if (!rc && is_all)
		rc = results_put(r, config, "host_busy_ppm", 0, (int64_t)host.busy_ppm, e);
	if (!rc && is_all)
		rc = results_put(r, config, "host_spin_ppm", 0, (int64_t)host.spin_ppm, e);
	for (unsigned s = 0; s < NVME_STAGES && !rc; s++) {
		char stage[40];
		snprintf(stage, sizeof(stage), "stage.%s_ns", nvme_stage_names[s]);
		rc = results_put(r, config, stage, 0, (int64_t)v->stage_ns[s], e);
	}
	return rc;
}

/* Each host core by its name; the rest of run_ns it is idle. */
static int put_cores(struct results *r, const char *design, const struct nvme_result *x,
		     struct err *e)
{
	int rc = 0;

	for (uint32_t k = 0; k < x->ncores && !rc; k++) {
		_free_ char *config = NULL;
		if (asprintf(&config, "%score=%s\n", design, x->cores[k].name) < 0) {
			config = NULL;
			return err_set(e, ERR_NOMEM, "no memory for a configuration");
		}
		rc = results_put(r, config, "core_busy_ns", 0, (int64_t)x->cores[k].busy_ns, e);
		if (!rc)
			rc = results_put(r, config, "core_spin_ns", 0, (int64_t)x->cores[k].spin_ns,
					 e);
		if (!rc)
			rc = results_put(r, config, "core_run_ns", 0, (int64_t)x->end_ns, e);
	}
	return rc;
}

static int put_sentences(struct results *r, const struct nvme_answer *a, struct err *e)
{
	struct report *said = said_begin(r);
	if (!said)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	nvme_report(said, a, false, false);
	report_end(said);
	return 0;
}

/* A run of its own, as each point has parameters of its own; the first has what all of them say. */
static int put_point(struct results *r, const struct results_run *run, const struct nvme_answer *a,
		     size_t i, struct err *e)
{
	const struct nvme_point *p = &a->points[i];
	const uint32_t n = p->result.nvms;
	_free_ char *canonical = NULL, *design = NULL;
	int rc = said_begin_design(r, run, &p->design.set, &canonical, e);

	if (!rc && !i)
		rc = put_sentences(r, a, e);
	if (!rc && asprintf(&design, "%sdesign=%s\nload=%s\n", canonical, p->label,
			    nvme_load_text(&p->design.config).s) < 0) {
		design = NULL;
		rc = err_set(e, ERR_NOMEM, "no memory for a design");
	}
	for (uint32_t vm = 0; vm <= n && !rc; vm++)
		if (vm == n || n > 1)
			rc = put_vm(r, design, vm, vm == n, &p->result, e);
	return rc ? rc : put_cores(r, design, &p->result, e);
}

int nvme_store(const char *path, const struct results_run *run, const struct nvme_answer *a,
	       struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);

	for (size_t i = 0; i < a->n && !rc; i++) {
		rc = put_point(r, run, a, i, e);
		if (rc)
			results_abort(r);
	}
	return rc ? rc : results_close(r, e);
}
