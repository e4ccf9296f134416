// SPDX-License-Identifier: MIT
/* What `pugmark score --pool` puts into a results file: a run a design, its VMs and their sum. */
#include "replay/score-pool-report.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "reports/said.h"

#include <stdio.h>
#include <string.h>

struct metric {
	const char *name;
	uint64_t value;
};

static int put_all(struct results *r, const char *config, const struct metric *m, size_t n,
		   struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++)
		rc = results_put(r, config, m[i].name, 0, (int64_t)m[i].value, e);
	return rc;
}

/* Of a design for these VMs; the caller frees. NULL when memory is out. */
static char *canonical_of(const struct score_pool_answer *a, const struct score_pool_result *x)
{
	const struct score_design *d = &x->alone[0].design;
	_free_ char *pin = param_canonical(&d->pin.set);
	char *all = NULL;
	if (!pin || asprintf(&all,
			     "%spolicy=%s\nbudget=%llu%s\ndesign=%s\npool_pages=%llu\nslo=%s\n"
			     "vms=%s\n",
			     pin, d->policy.policy->name, (unsigned long long)d->budget.value,
			     d->budget.is_ppm ? "ppm" : "", d->name,
			     (unsigned long long)x->asked_pages, a->slo->text, a->digests) < 0)
		return NULL;
	return all;
}

static int put_vm(struct results *r, const char *design, const struct score_pool_answer *a,
		  const struct score_pool_result *x, size_t i, struct err *e)
{
	const struct score_alone *v = &x->alone[i];
	const struct pin_result *p = &x->joint.vms[i].result;
	const struct score_pool_split split = score_pool_split(x, i);
	const struct metric metrics[] = {
		{ "vm_bytes", a->vms[i].vm_pages * PAGE_BYTES },
		{ "safe_ppm", score_pool_levels_ppm[v->top] },
		{ "alone_returned_bytes", v->bytes[v->top] },
		{ "joint_ppm", score_pool_levels_ppm[x->found.levels[i]] },
		{ "returned_bytes", x->joint_bytes[i] },
		{ "never_touched_bytes", split.never_touched },
		{ "cold_bytes", split.cold },
		{ "forced_bytes", split.forced },
		{ "iopf", pin_iopf(&p->total) },
		{ "iopf_max_1s", p->total.max_1s },
		{ "cpu_major", p->host.major[TOUCH_CPU] },
		{ "pinned_mean_ppm", p->pinned_mean_ppm },
	};
	_free_ char *config = NULL;
	if (asprintf(&config, "%svm=%s\n", design, a->vms[i].name) < 0)
		return err_set(e, ERR_NOMEM, "no memory for a VM");
	return put_all(r, config, metrics, sizeof(metrics) / sizeof(*metrics), e);
}

static int put_pool(struct results *r, const char *design, const struct score_pool_answer *a,
		    const struct score_pool_result *x, struct err *e)
{
	const struct metric metrics[] = {
		{ "holds", score_pool_holds(x) },
		{ "vm_bytes", x->all_pages * PAGE_BYTES },
		{ "pool_bytes", x->asked_pages * PAGE_BYTES },
		{ "needed_bytes", x->pool_pages * PAGE_BYTES },
		{ "alone_returned_bytes", x->alone_bytes },
		{ "returned_bytes", x->back_bytes },
		{ "iopf_max_1s", x->joint.max_1s },
		{ "swap_busy_ppm", x->joint.swap_busy_ppm },
		{ "swap_peak_ppm", x->joint.swap_peak_ppm },
		{ "swap_wait_max_ns", x->joint.swap_wait_max_ns },
	};
	int rc = put_all(r, design, metrics, sizeof(metrics) / sizeof(*metrics), e);
	for (size_t i = 0; i < a->nvms && !rc; i++)
		rc = put_vm(r, design, a, x, i, e);
	return rc;
}

/* The words go with the first design, once. */
static int put(struct results *r, const struct results_run *run, const struct score_pool_answer *a,
	       size_t d, struct err *e)
{
	const struct score_pool_result *x = &a->results[d];
	struct results_run own = *run;
	char digest[SHA256_HEX_CHARS + 1];
	_free_ char *design = canonical_of(a, x);
	if (!design)
		return err_set(e, ERR_NOMEM, "no memory for a design");
	sha256_hex(design, strlen(design), digest);
	own.design_digest = digest;
	int rc = results_begin_run(r, &own, e);
	struct report *said = rc || d ? NULL : said_begin(r);
	if (!rc && !d && !said)
		rc = err_set(e, ERR_NOMEM, "no memory for the results");
	if (said) {
		score_pool_report(said, a, false);
		report_end(said);
	}
	if (!rc)
		rc = said_assume(r, &x->alone[0].design.pin.set, e);
	return rc ? rc : put_pool(r, design, a, x, e);
}

int score_pool_store(const char *path, const struct results_run *run,
		     const struct score_pool_answer *a, struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	if (rc)
		return rc;
	for (size_t d = 0; d < a->ndesigns && !rc; d++)
		rc = put(r, run, a, d, e);
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
