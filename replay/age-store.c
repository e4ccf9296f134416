// SPDX-License-Identifier: MIT
/*
 * What `pugmark age` puts into a results file: each access model and device is a
 * configuration, each figure a curve with tau in ns as its bucket.
 */
#include "replay/age-report.h"

#include "base/cleanup.h"
#include "base/param.h"
#include "reports/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int put_point(struct results *r, const char *config, const struct age_answer *a,
		     const struct age_run *run, const struct age_result *d, unsigned tau,
		     struct err *e)
{
	const struct age_figures f = age_figures(a, run, d, tau);
	const bool is_total = d->dev == AGE_TOTAL;
	const struct {
		const char *name;
		uint64_t value;
		bool is_known;
	} metrics[] = {
		{ "refaults", f.refaults, true },
		{ "exposure_ns", f.exposure_ns, true },
		{ "refaults_per_day", f.per_day, f.exposure_ns },
		{ "refaults_per_day_low", f.per_day_low, f.exposure_ns },
		{ "refaults_per_day_high", f.per_day_high, f.exposure_ns },
		{ "first_late", f.first_late, true },
		{ "reclaimable_pages", f.reclaimable_pages, true },
		{ "never_touched_pages", f.never_pages, is_total && a->memory_pages },
		{ "cold_pages", f.cold_pages, true },
		{ "active_pages", f.active_pages, true },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics) && !rc; i++)
		if (metrics[i].is_known)
			rc = results_put(r, config, metrics[i].name, (int64_t)a->taus[tau],
					 (int64_t)metrics[i].value, e);
	return rc;
}

/* Text of a trace must not begin a line of its own. */
static void flatten(char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			*text = '?';
}

static int put_device(struct results *r, const char *canonical, const struct age_answer *a,
		      const struct age_run *run, const struct age_result *d, struct err *e)
{
	_free_ char *config = NULL;
	struct age_name name = age_device_name(a, d->dev);
	if (d->dev == AGE_CPU)
		snprintf(name.s, sizeof(name.s), "cpu");
	flatten(name.s);
	if (asprintf(&config, "%saccess=%s\ncpu=%s\nmemory_pages=%llu\ndevice=%s\n", canonical,
		     access_model_names[run->info.model], age_of_cpu(run) ? "trace" : "none",
		     (unsigned long long)a->memory_pages, name.s) < 0) {
		config = NULL;
		return err_set(e, ERR_NOMEM, "no memory for a configuration");
	}
	int rc = results_put(r, config, "accesses", 0, (int64_t)d->accesses, e);
	for (unsigned k = 0; k < a->ntaus && !rc; k++)
		rc = put_point(r, config, a, run, d, k, e);
	return rc;
}

static int put_sentences(struct results *r, const struct age_answer *a, struct err *e)
{
	struct report *said = said_begin(r);
	if (!said)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	age_report(said, a, false, false);
	report_end(said);
	return said_assume(r, a->params, e);
}

int age_store(const char *path, const struct results_run *run, const struct age_answer *a,
	      struct err *e)
{
	_free_ char *canonical = param_canonical(a->params);
	struct results *r;
	int rc = canonical ? results_open(path, &r, e)
			   : err_set(e, ERR_NOMEM, "no memory for a configuration");
	if (rc)
		return rc;
	rc = results_begin_run(r, run, e);
	if (!rc)
		rc = put_sentences(r, a, e);
	for (unsigned m = 0; m < a->nruns && !rc; m++)
		for (size_t i = 0; i < a->runs[m].n && !rc; i++)
			rc = put_device(r, canonical, a, &a->runs[m], &a->runs[m].results[i], e);
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
