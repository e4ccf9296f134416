// SPDX-License-Identifier: MIT
/*
 * What `pugmark cache` puts into a results file: misses by policy and size, and
 * the curve with the size as its bucket. A policy from a shared object is known
 * by the digest of its bytes, because its name says nothing about its code.
 */
#include "replay/cache-report.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "replay/policy-params.h"
#include "reports/said.h"
#include "store/results.h"

#include <stdio.h>
#include <string.h>

static int store_policy(struct results *r, const struct cache_answer *a, size_t policy,
			struct err *e)
{
	char plugin[SHA256_HEX_CHARS + 1] = "";
	_free_ char *params = policy_params_canonical(a->params, a->policies[policy]);
	int rc = params ? 0 : err_set(e, ERR_NOMEM, "no memory for the parameters");
	if (!rc && strchr(a->policy_names[policy], '/'))
		rc = sha256_file(a->policy_names[policy], plugin, e);
	for (size_t s = 0; s < a->nsizes && !rc; s++) {
		_free_ char *config = NULL;
		if (asprintf(&config, "stream=%u\npolicy=%.100s\nplugin=%s\nsize_pages=%llu\n%s",
			     a->stream->id, a->policies[policy]->name, plugin,
			     (unsigned long long)a->sizes[s].pages, params) < 0) {
			config = NULL;
			return err_set(e, ERR_NOMEM, "no memory for the parameters");
		}
		rc = results_put(r, config, "misses", 0, (int64_t)cache_misses(a, policy, s), e);
	}
	return rc;
}

static int store_curve(struct results *r, const struct cache_answer *a, struct err *e)
{
	const struct curve *c = a->curve;
	char config[100];
	int rc = 0;
	snprintf(config, sizeof(config), "stream=%u\ncurve=lru\nsample_pages=%llu\n", a->stream->id,
		 (unsigned long long)a->sample_pages);
	for (uint64_t i = 1; i < c->n && !rc; i++)
		if (curve_is_step(c, i))
			rc = results_put(r, config, "misses", (int64_t)(i * c->step_pages),
					 (int64_t)c->misses[i], e);
	return rc;
}

static int store_sentences(struct results *r, const struct cache_answer *a, struct err *e)
{
	struct report *said = said_begin(r);
	if (!said)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	cache_report(said, a, false, false);
	report_end(said);
	return a->npolicies ? said_assume(r, a->params, e) : 0;
}

int cache_store(const char *path, const struct results_run *run, const struct cache_answer *a,
		struct err *e)
{
	struct results *r;
	char config[40];
	int rc = results_open(path, &r, e);
	if (rc)
		return rc;
	snprintf(config, sizeof(config), "stream=%u\n", a->stream->id);
	rc = results_begin_run(r, run, e);
	if (!rc)
		rc = store_sentences(r, a, e);
	if (!rc && (a->jobs || !a->sample_pages))
		rc = results_put(r, config, "requests", 0, (int64_t)a->requests, e);
	if (!rc && (a->jobs || !a->sample_pages))
		rc = results_put(r, config, "unique_pages", 0, (int64_t)a->unique_pages, e);
	for (size_t p = 0; a->jobs && p < a->npolicies && !rc; p++)
		rc = store_policy(r, a, p, e);
	if (!rc && a->curve)
		rc = store_curve(r, a, e);
	if (!rc)
		return results_close(r, e);
	results_abort(r);
	return rc;
}
