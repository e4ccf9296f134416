// SPDX-License-Identifier: MIT
/* Figures for people: integers until the last step, a decimal only in the text. */
#include "replay/pin-figures.h"

#include "base/cluster.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_DAY (86400 * NS_PER_SEC)

typedef unsigned __int128 wide;

/* n * by / of, rounded to the nearest; saturates. */
static uint64_t scale(uint64_t n, uint64_t by, uint64_t of)
{
	const wide q = of ? ((wide)n * by + of / 2) / of : 0;
	return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

struct pin_text pin_compact(uint64_t n)
{
	static const char unit[] = { 'k', 'M', 'G', 'T', 'P', 'E' };
	struct pin_text t;
	if (n < 10000) {
		snprintf(t.s, sizeof(t.s), "%s", quantity_count(n).s);
		return t;
	}
	uint64_t of = 1000;
	unsigned i = 0;
	while (i + 1 < sizeof(unit) && n / of >= 1000) {
		of *= 1000;
		i++;
	}
	const uint64_t hundredths = scale(n, 100, of);
	const unsigned decimals = hundredths < 1000 ? 2 : hundredths < 10000 ? 1 : 0;
	snprintf(t.s, sizeof(t.s), "%.*f%c", (int)decimals, (double)hundredths / 100, unit[i]);
	return t;
}

struct pin_text pin_percent(uint64_t ppm)
{
	struct pin_text t;
	if (ppm % 10000)
		snprintf(t.s, sizeof(t.s), "%s", quantity_ppm(ppm).s);
	else
		snprintf(t.s, sizeof(t.s), "%llu %%", (unsigned long long)ppm / 10000);
	return t;
}

struct pin_text pin_memory(uint64_t pages)
{
	struct pin_text t;
	snprintf(t.s, sizeof(t.s), "%s", quantity_bytes(pages * PAGE_BYTES).s);
	return t;
}

static uint64_t a_day(uint64_t micro, uint64_t exposure_ns)
{
	const wide q = (wide)micro * (NS_PER_DAY / 1000000) / exposure_ns;
	return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

struct pin_text pin_per_day(const struct pin_result *x, uint64_t exposure_ns)
{
	const uint64_t count = pin_iopf(&x->total);
	struct pin_text t = { "-" };
	if (!exposure_ns)
		return t;
	const struct poisson_interval p =
		cluster_interval_95(x->kept_iopf, x->kept_squares, x->kept_ppm);
	const struct pin_text high = pin_compact(a_day(p.high_micro, exposure_ns) + !count);
	if (count)
		snprintf(t.s, sizeof(t.s), "%.30s [%.30s-%.30s]",
			 pin_compact(scale(count, NS_PER_DAY, exposure_ns)).s,
			 pin_compact(a_day(p.low_micro, exposure_ns)).s, high.s);
	else
		snprintf(t.s, sizeof(t.s), "< %.30s", high.s);
	return t;
}

struct pin_text pin_day(uint64_t count, uint64_t exposure_ns)
{
	struct pin_text t = { "-" };
	return exposure_ns ? pin_compact(scale(count, NS_PER_DAY, exposure_ns)) : t;
}

struct pin_text pin_per_second(uint64_t count, uint64_t exposure_ns)
{
	struct pin_text t = { "-" };
	if (!exposure_ns)
		return t;
	const uint64_t thousandths = scale(count, 1000 * NS_PER_SEC, exposure_ns);
	if (thousandths >= 100000)
		return pin_compact((thousandths + 500) / 1000);
	if (thousandths >= 1000 || !count)
		snprintf(t.s, sizeof(t.s), "%.3g", (double)thousandths / 1000);
	else
		snprintf(t.s, sizeof(t.s), "%.2g",
			 (double)count * (double)NS_PER_SEC / (double)exposure_ns);
	return t;
}

struct pin_text pin_condition_name(const struct pin_condition *c)
{
	struct pin_text t;
	const bool is_class = c->device_class < PIN_CLASSES;
	snprintf(t.s, sizeof(t.s), "%s%s%s", is_class ? pin_class_names[c->device_class] : "",
		 is_class ? "." : "", pin_metric_name(c->metric));
	return t;
}

/* "/s", "/day" of a rate */
static const char *per(uint64_t ns)
{
	return ns == NS_PER_SEC        ? "/s"
	       : ns == 60 * NS_PER_SEC ? "/min"
	       : ns == NS_PER_DAY      ? "/day"
				       : "/h";
}

/* "2.5 ms", "+5 %" */
static struct pin_text time_text(const struct pin_condition *c, uint64_t n)
{
	struct pin_text t;
	snprintf(t.s, sizeof(t.s), "%s%.60s", c->is_rise ? "+" : "",
		 c->is_rise ? pin_percent(n).s : quantity_ns(n).s);
	return t;
}

struct pin_text pin_condition_limit(const struct pin_condition *c)
{
	struct pin_text t;
	if (pin_metric_is_share(c->metric))
		snprintf(t.s, sizeof(t.s), "<= %.60s", pin_percent(c->limit).s);
	else if (pin_metric_is_time(c->metric))
		snprintf(t.s, sizeof(t.s), "<= %.60s", time_text(c, c->limit).s);
	else
		snprintf(t.s, sizeof(t.s), "<= %s%s", quantity_count(c->limit).s,
			 c->per_ns ? per(c->per_ns) : "");
	return t;
}

struct pin_text pin_measured(const struct pin_answer *a, const struct pin_condition *c,
			     const struct pin_result *x)
{
	const uint64_t exposure = pin_exposure_ns(a);
	const uint64_t n = pin_goal_measure(c, x, (uint32_t)a->facts->vm_pages, exposure);
	struct pin_text t;
	if (pin_metric_is_share(c->metric))
		return pin_percent(n);
	if (pin_metric_is_time(c->metric))
		return time_text(c, n);
	if (!c->per_ns)
		return pin_compact(n);
	/* as so many seconds, to have its decimals */
	snprintf(t.s, sizeof(t.s), "%.60s%s",
		 pin_per_second(scale(n, c->per_ns, NS_PER_SEC), exposure).s, per(c->per_ns));
	return t;
}

struct report_value pin_of_class(const struct pin_answer *a, enum pin_class k, uint64_t v)
{
	return a->devices->ndevices[k] ? REPORT_U(v) : REPORT_NULL();
}

bool pin_is_short(const struct pin_answer *a)
{
	return pin_exposure_ns(a) < 3600 * NS_PER_SEC;
}

uint64_t pin_returned_pages(const struct pin_answer *a, const struct pin_job *j)
{
	const struct hostmem_counts *h = &j->result.host;
	const uint64_t in_use = h->resident + h->in + h->out;
	return a->facts->vm_pages > in_use ? a->facts->vm_pages - in_use : 0;
}

const struct pin_job *pin_job_like(const struct pin_answer *a, const struct pin_job *j,
				   const char *policy)
{
	const size_t seed = (size_t)(j - a->jobs) / a->njobs * a->njobs;
	const bool has_budget = strcmp(policy, "none");
	for (size_t i = seed; i < seed + a->njobs; i++) {
		const struct pin_job *k = &a->jobs[i];
		if (k->companion == j->companion && k->overcommit_ppm == j->overcommit_ppm &&
		    !strcmp(k->policy->name, policy) &&
		    (!has_budget || k->budget_pages == j->budget_pages))
			return k;
	}
	return NULL;
}

uint64_t pin_iopf_of(const struct pin_job *j, unsigned device_class)
{
	return pin_iopf(device_class < PIN_CLASSES ? &j->result.by_class[device_class]
						   : &j->result.total);
}

struct pin_text pin_against_none(const struct pin_answer *a, const struct pin_job *j,
				 unsigned device_class)
{
	struct pin_text t = { "-" };
	const struct pin_job *none = pin_job_like(a, j, "none");
	const uint64_t n = none ? pin_iopf_of(none, device_class) : 0;
	const uint64_t own = pin_iopf_of(j, device_class);
	if (!n || none == j)
		return t;
	const uint64_t tenths = scale(own > n ? own - n : n - own, 1000, n);
	snprintf(t.s, sizeof(t.s), "%s%llu.%llu %%",
		 !tenths   ? ""
		 : own > n ? "+"
			   : "-",
		 (unsigned long long)tenths / 10, (unsigned long long)tenths % 10);
	return t;
}

struct pin_text pin_against_lru(const struct pin_answer *a, const struct pin_job *j,
				unsigned device_class)
{
	struct pin_text t = { "-" };
	const struct pin_job *lru = pin_job_like(a, j, "lru");
	const uint64_t n = lru ? pin_iopf_of(lru, device_class) : 0;
	const uint64_t own = pin_iopf_of(j, device_class);
	if (!lru || lru == j || (!n && !own))
		return t;
	const uint64_t hundredths = scale(n, 100, own ? own : 1);
	if (!own)
		snprintf(t.s, sizeof(t.s), "0 of %.30s", pin_compact(n).s);
	else
		snprintf(t.s, sizeof(t.s), "%llu.%02llux", (unsigned long long)hundredths / 100,
			 (unsigned long long)hundredths % 100);
	return t;
}
