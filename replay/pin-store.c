// SPDX-License-Identifier: MIT
/* What `pugmark pin` puts into a results file: counts of each configuration, sentences,
 * assumptions. */
#include "replay/pin-report.h"

#include "base/cleanup.h"
#include "replay/pin-figures.h"
#include "replay/pin-timeline.h"
#include "reports/said.h"

#include <stdio.h>
#include <stdlib.h>
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

static int put_class(struct results *r, const char *config, const char *name,
		     const struct pin_counts *k, struct err *e)
{
	static const char *const what[] = {
		"dma_pages",
		"iopf",
		"iopf_joined",
		"iopf_failed",
		"iopf_max_1s",
		"iopf_seconds_over_1",
		"iopf_seconds_over_10",
	};
	const uint64_t values[] = { k->dma_pages, pin_iopf(k),        k->joined,         k->failed,
				    k->max_1s,    k->seconds_over[0], k->seconds_over[1] };
	enum { N = sizeof(what) / sizeof(*what) };
	char names[N][40];
	struct metric m[N];
	for (unsigned i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "%s.%s", name, what[i]);
		m[i] = (struct metric){ names[i], values[i] };
	}
	return put_all(r, config, m, N, e);
}

static int put_job(struct results *r, const struct pin_answer *a, const struct pin_job *j,
		   const char *config, struct err *e)
{
	const struct pin_result *x = &j->result;
	int rc = put_class(r, config, "total", &x->total, e);
	for (unsigned k = 0; k < PIN_CLASSES && !rc; k++)
		if (a->devices->ndevices[k])
			rc = put_class(r, config, pin_class_names[k], &x->by_class[k], e);
	const struct metric m[] = {
		{ "cpu_major", x->host.major[TOUCH_CPU] },
		{ "returned_pages", pin_returned_pages(a, j) },
		{ "exposure_ns", pin_exposure_ns(a) },
		{ "pinned_mean_ppm", x->pinned_mean_ppm },
		{ "pinned_max", x->pinned_max },
		{ "pin_ops", x->host.pin_ops },
		{ "unpin_ops", x->host.unpin_ops },
		{ "swap_in", x->host.swap_in },
		{ "swap_out", x->host.swap_out },
		{ "resident_pages", x->host.resident },
		{ "absent_pages", x->host.absent },
		{ "cold_pages", x->cold_pages },
		{ "forced_pages", x->forced_pages },
		{ "cpu_stall_ns", x->cpu_stall_ns },
		{ "pinned_p99", x->pinned_p99 },
		{ "service_cpu_ns", x->service_ns },
		{ "update_cpu_ns", x->update_ns },
		{ "nic_gap_ns", x->effect.nic_gap_ns },
		{ "nic_drops", x->effect.nic_drops },
		{ "nic_rto", x->effect.nic_flows[NIC_RTO] },
		{ "block_p999_base_ns", x->effect.block_base_ns[2] },
		{ "block_p999_ns", x->effect.block_ns[2] },
		{ "block_p9999_base_ns", x->effect.block_base_ns[3] },
		{ "block_p9999_ns", x->effect.block_ns[3] },
	};
	return rc ? rc : put_all(r, config, m, sizeof(m) / sizeof(*m), e);
}

static int name_job(const struct pin_answer *a, const struct pin_job *j, char **config_out,
		    struct err *e)
{
	if (asprintf(config_out,
		     "%saccess=%s\nvm_pages=%llu\npolicy=%s\nbudget_pages=%llu\n"
		     "overcommit_ppm=%llu\ncpu=%s\n",
		     a->canonical, access_model_names[a->facts->access.model],
		     (unsigned long long)a->facts->vm_pages, j->policy->name,
		     (unsigned long long)j->budget_pages, (unsigned long long)j->overcommit_ppm,
		     pin_companion_names[j->companion]) >= 0)
		return 0;
	*config_out = NULL;
	return err_set(e, ERR_NOMEM, "no memory for a configuration");
}

static int put_seed(struct results *r, const struct pin_answer *a, size_t seed, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < a->njobs && !rc; i++) {
		const struct pin_job *j = &a->jobs[seed * a->njobs + i];
		_free_ char *config = NULL;
		rc = name_job(a, j, &config, e);
		if (!rc)
			rc = put_job(r, a, j, config, e);
	}
	return rc;
}

static int put_bin(struct results *r, const struct pin_answer *a, const char *config,
		   const struct pin_timeline *t, size_t i, struct err *e)
{
	const struct pin_bin *b = &t->bins[i];
	const int64_t at_ns = (int64_t)(i * t->bin_ns);
	const uint64_t before = i ? t->bins[i - 1].cpu_major : 0;
	const struct metric m[] = {
		{ "time.cpu_major", b->cpu_major - before },
		{ "time.resident_pages", b->resident },
		{ "time.pinned_pages", b->pinned },
	};
	int rc = 0;
	for (size_t k = 0; k < sizeof(m) / sizeof(*m) && !rc; k++)
		rc = results_put(r, config, m[k].name, at_ns, (int64_t)m[k].value, e);
	for (unsigned k = 0; k < PIN_CLASSES && !rc; k++) {
		char name[40];
		snprintf(name, sizeof(name), "time.%s.iopf_max_1s", pin_class_names[k]);
		if (a->devices->ndevices[k])
			rc = results_put(r, config, name, at_ns, (int64_t)b->worst[k], e);
	}
	return rc;
}

/* The bucket is the time since the first access, the story one of the first seed. */
static int put_timeline(struct results *r, const struct pin_answer *a, struct err *e)
{
	_free_ struct pin_timeline *t = calloc(1, sizeof(*t));
	_free_ char *config = NULL;
	int rc = t ? name_job(a, &a->story->job, &config, e)
		   : err_set(e, ERR_NOMEM, "no memory for a timeline");
	if (!rc)
		pin_timeline_fill(t, a);
	if (!rc)
		rc = results_put(r, config, "time.bin_ns", 0, (int64_t)t->bin_ns, e);
	for (size_t i = 0; i < (rc ? 0 : t->n) && !rc; i++)
		rc = put_bin(r, a, config, t, i, e);
	return rc;
}

/* What the run says, once: it speaks of all seeds. */
static int put_sentences(struct results *r, const struct pin_answer *a, struct err *e)
{
	bool is_yes;
	struct report *said = said_begin(r);
	if (!said)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	const int rc = pin_report(said, a, false, false, &is_yes, e);
	report_end(said);
	return rc;
}

int pin_store(const char *path, const struct results_run *run, const struct pin_answer *a,
	      struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	if (rc)
		return rc;
	for (size_t s = 0; s < a->nseeds && !rc; s++) {
		struct results_run own = *run;
		own.seed = a->seeds[s];
		rc = results_begin_run(r, &own, e);
		if (!rc)
			rc = said_assume(r, a->params, e);
		if (!rc && !s)
			rc = put_sentences(r, a, e);
		if (!rc)
			rc = put_seed(r, a, s, e);
		if (!rc && !s && a->story)
			rc = put_timeline(r, a, e);
	}
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
