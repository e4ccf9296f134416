// SPDX-License-Identifier: MIT
/* METRIC<=LIMIT, with `nic.` or `block.` before a fault metric for that class alone. */
#include "replay/pin-goal.h"

#include "base/nearest.h"
#include "replay/pin-consequence.h"

#include <stdio.h>
#include <string.h>

enum form {
	COUNT,    /* over the trace, so a limit may be a rate */
	GREATEST, /* in a window: no rate */
	SHARE,
	TIME, /* of a quantile also a rise */
};

enum owner { OF_ANY, OF_VM, OF_NIC, OF_BLOCK };

static const struct metric {
	const char *name;
	enum form form;
	enum owner owner; /* any: of all devices, or of a class */
} metrics[] = {
	[PIN_GOAL_IOPF] = { "iopf", COUNT, OF_ANY },
	[PIN_GOAL_MAX_1S] = { "iopf.max_1s", GREATEST, OF_ANY },
	[PIN_GOAL_MAX_10S] = { "iopf.max_10s", GREATEST, OF_ANY },
	[PIN_GOAL_SECONDS_OVER_1] = { "iopf.seconds_over_1", COUNT, OF_ANY },
	[PIN_GOAL_SECONDS_OVER_10] = { "iopf.seconds_over_10", COUNT, OF_ANY },
	[PIN_GOAL_CPU_MAJOR] = { "cpu_major", COUNT, OF_VM },
	[PIN_GOAL_CPU_STALL] = { "cpu_stall", SHARE, OF_VM },
	[PIN_GOAL_PINNED] = { "pinned", SHARE, OF_VM },
	[PIN_GOAL_PINNED_P99] = { "pinned.p99", SHARE, OF_VM },
	[PIN_GOAL_PINNED_MEAN] = { "pinned.mean", SHARE, OF_VM },
	[PIN_GOAL_GAP] = { "gap", TIME, OF_NIC },
	[PIN_GOAL_DROPS] = { "drops", COUNT, OF_NIC },
	[PIN_GOAL_RTO] = { "rto", COUNT, OF_NIC },
	[PIN_GOAL_P50] = { "p50", TIME, OF_BLOCK },
	[PIN_GOAL_P99] = { "p99", TIME, OF_BLOCK },
	[PIN_GOAL_P999] = { "p999", TIME, OF_BLOCK },
	[PIN_GOAL_P9999] = { "p9999", TIME, OF_BLOCK },
};

int pin_condition_class(const struct pin_condition *c)
{
	if (c->metric >= PIN_GOAL_GAP && c->metric <= PIN_GOAL_RTO)
		return PIN_NIC;
	return c->metric >= PIN_GOAL_P50 ? PIN_BLOCK : c->device_class;
}

const char *pin_metric_name(enum pin_metric m)
{
	return metrics[m].name;
}

bool pin_metric_is_share(enum pin_metric m)
{
	return metrics[m].form == SHARE;
}

bool pin_metric_is_time(enum pin_metric m)
{
	return metrics[m].form == TIME;
}

static int no_metric(const char *name, struct err *e)
{
	const char *names[PIN_METRICS];
	for (unsigned m = 0; m < PIN_METRICS; m++)
		names[m] = metrics[m].name;
	const char *near = nearest_word(name, names, PIN_METRICS);
	if (near)
		return err_set(e, ERR_USAGE, "no metric '%.40s': did you mean '%s'?", name, near);
	return err_set(e, ERR_USAGE,
		       "no metric '%.40s', only: [nic.|block.]iopf, iopf.max_1s, iopf.max_10s, "
		       "iopf.seconds_over_1, iopf.seconds_over_10; cpu_major, cpu_stall, pinned, "
		       "pinned.p99, pinned.mean; nic.gap, drops, rto; block.p50, p99, p999, p9999",
		       name);
}

/* Takes "nic." off the name. */
static const char *split_class(const char *name, struct pin_condition *c)
{
	c->device_class = PIN_CLASSES;
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		const size_t n = strlen(pin_class_names[k]);
		if (!strncmp(name, pin_class_names[k], n) && name[n] == '.') {
			c->device_class = (int)k;
			return name + n + 1;
		}
	}
	return name;
}

static int parse_limit(const char *text, struct pin_condition *c, struct err *e)
{
	struct rate rate;
	if (metrics[c->metric].form == SHARE)
		return quantity_parse_ppm(text, &c->limit, e);
	c->is_rise = metrics[c->metric].owner == OF_BLOCK && *text == '+';
	if (c->is_rise)
		return quantity_parse_ppm(text + 1, &c->limit, e);
	if (metrics[c->metric].form == TIME)
		return quantity_parse_ns(text, &c->limit, e);
	if (!strchr(text, '/'))
		return quantity_parse_count(text, &c->limit, e);
	if (metrics[c->metric].form == GREATEST)
		return err_set(e, ERR_USAGE, "'%s': a greatest number in a window is no rate",
			       text);
	const int rc = quantity_parse_rate(text, &rate, e);
	if (!rc) {
		c->limit = rate.count;
		c->per_ns = rate.per_ns;
	}
	return rc;
}

static int parse_condition(char *text, struct pin_condition *c, struct err *e)
{
	char *le = strstr(text, "<=");
	if (!le)
		return err_set(e, ERR_USAGE, "'%.60s': expected METRIC<=LIMIT", text);
	*le = '\0';
	char *limit = le + 2 + strspn(le + 2, " ");
	text += strspn(text, " ");
	for (size_t n = strlen(text); n && text[n - 1] == ' ';)
		text[--n] = '\0';
	const char *name = split_class(text, c);
	unsigned m = 0;
	while (m < PIN_METRICS && strcmp(metrics[m].name, name))
		m++;
	if (m == PIN_METRICS)
		return no_metric(text, e);
	c->metric = m;
	const enum owner owner = metrics[m].owner;
	const int class = owner == OF_NIC ? PIN_NIC : owner == OF_BLOCK ? PIN_BLOCK : PIN_CLASSES;
	if (owner == OF_VM && c->device_class != PIN_CLASSES)
		return err_set(e, ERR_USAGE, "'%s': is of the whole VM, not of a device class",
			       text);
	if (class != PIN_CLASSES && c->device_class != class)
		return err_set(e, ERR_USAGE, "'%s': there is %s.%s only", text,
			       pin_class_names[class], metrics[m].name);
	return parse_limit(limit, c, e);
}

int pin_goal_parse(const char *text, struct pin_goal *out, struct err *e)
{
	char copy[400];
	*out = (struct pin_goal){ .text = text };
	if (strlen(text) >= sizeof(copy))
		return err_set(e, ERR_USAGE, "a goal of more than %zu characters", sizeof(copy));
	strcpy(copy, text);
	for (char *part = copy, *end; part; part = end) {
		end = strchr(part, ',');
		if (end)
			*end++ = '\0';
		if (out->n == PIN_GOAL_MAX)
			return err_set(e, ERR_USAGE, "more than %d conditions", PIN_GOAL_MAX);
		const int rc = parse_condition(part, &out->conditions[out->n++], e);
		if (rc)
			return rc;
	}
	return 0;
}

static uint64_t measure_quantile(const struct pin_condition *c, const struct pin_consequence *x)
{
	const unsigned q = c->metric - PIN_GOAL_P50;
	if (!c->is_rise)
		return x->block_ns[q];
	const int64_t change_ppm = pin_change_ppm(x->block_ns[q], x->block_base_ns[q]);
	return change_ppm > 0 ? (uint64_t)change_ppm : 0;
}

uint64_t pin_goal_measure(const struct pin_condition *c, const struct pin_result *r,
			  uint32_t vm_pages, uint64_t exposure_ns)
{
	const struct pin_counts *k = c->device_class < PIN_CLASSES ? &r->by_class[c->device_class]
								   : &r->total;
	switch (c->metric) {
	case PIN_GOAL_IOPF:
		return pin_iopf(k);
	case PIN_GOAL_MAX_1S:
		return k->max_1s;
	case PIN_GOAL_MAX_10S:
		return k->max_10s;
	case PIN_GOAL_SECONDS_OVER_1:
		return k->seconds_over[0];
	case PIN_GOAL_SECONDS_OVER_10:
		return k->seconds_over[1];
	case PIN_GOAL_CPU_MAJOR:
		return r->host.major[TOUCH_CPU];
	case PIN_GOAL_CPU_STALL:
		return quantity_ratio_ppm(r->cpu_stall_ns, exposure_ns);
	case PIN_GOAL_PINNED_P99:
		return quantity_ratio_ppm(r->pinned_p99, vm_pages);
	case PIN_GOAL_PINNED_MEAN:
		return r->pinned_mean_ppm;
	case PIN_GOAL_GAP:
		return r->effect.nic_gap_ns;
	case PIN_GOAL_DROPS:
		return r->effect.nic_drops;
	case PIN_GOAL_RTO:
		return r->effect.nic_flows[NIC_RTO];
	case PIN_GOAL_P50:
	case PIN_GOAL_P99:
	case PIN_GOAL_P999:
	case PIN_GOAL_P9999:
		return measure_quantile(c, &r->effect);
	default:
		return quantity_ratio_ppm(r->pinned_max, vm_pages);
	}
}

static bool holds(const struct pin_condition *c, uint64_t value, uint64_t exposure_ns)
{
	if (!c->per_ns)
		return value <= c->limit;
	return (unsigned __int128)value * c->per_ns <= (unsigned __int128)c->limit * exposure_ns;
}

int pin_goal_failing(const struct pin_goal *g, const struct pin_result *r, uint32_t vm_pages,
		     uint64_t exposure_ns)
{
	for (unsigned i = 0; i < g->n; i++)
		if (!holds(&g->conditions[i],
			   pin_goal_measure(&g->conditions[i], r, vm_pages, exposure_ns),
			   exposure_ns))
			return (int)i;
	return -1;
}

struct pin_answer_at pin_goal_least(const bool *passes, size_t n)
{
	struct pin_answer_at a = { .least = -1 };
	size_t from = n;
	while (from && passes[from - 1])
		from--;
	if (from < n)
		a.least = (int)from;
	for (size_t i = 0; i < from; i++)
		a.is_non_monotone |= passes[i];
	return a;
}
