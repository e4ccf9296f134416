// SPDX-License-Identifier: MIT
/* Where two designs change places while the load grows: the cross-overs of a sweep. */
#include "replay/nvme-report.h"

#include <stdio.h>
#include <string.h>

enum { SERIES_MAX = 64 };

/* The less the better, all of them. */
static uint64_t mean_latency(const struct nvme_point *p)
{
	return hist_mean(&nvme_total(&p->result)->latency);
}

static uint64_t p99_latency(const struct nvme_point *p)
{
	return hist_percentile(&nvme_total(&p->result)->latency, 990000);
}

/* Cores of the host, and the CPU time of the guest, in ppm of one CPU. */
static uint64_t cpu(const struct nvme_point *p)
{
	const struct nvme_vm_result *v = nvme_total(&p->result);
	const struct nvme_host_cpu c = nvme_host_cpu(&p->result);
	const uint64_t guest = v->guest_busy_ns + v->guest_direct_ns + v->guest_indirect_ns +
			       v->guest_sync_ns + v->guest_spin_ns;
	return c.busy_ppm + c.spin_ppm + quantity_ratio_ppm(guest, p->result.end_ns);
}

static const struct {
	const char *name;
	uint64_t (*of)(const struct nvme_point *p);
} metrics[] = {
	{ "mean latency", mean_latency },
	{ "P99 latency", p99_latency },
	{ "CPU of host and guest", cpu },
};
enum { METRICS = sizeof(metrics) / sizeof(metrics[0]) };

static const struct report_column columns[] = {
	{ "metric", "less of", REPORT_TEXT, 0 }, { "first", NULL, REPORT_TEXT, 0 },
	{ "up_to", "up to", REPORT_U64, 0 },     { "second", NULL, REPORT_TEXT, 0 },
	{ "from", NULL, REPORT_U64, 0 },
};

size_t nvme_series(const struct nvme_answer *a, size_t *length_out)
{
	size_t series = 1, length = 0;

	for (size_t i = 1; i < a->n; i++) {
		if (!strcmp(a->points[i].label, a->points[i - 1].label))
			continue;
		series++;
		length = length ? length : i;
	}
	*length_out = length;
	return series > 1 && series <= SERIES_MAX && series * length == a->n ? series : 0;
}

/* Less or equal before and more after, or the other way round, with something on both sides. */
static void put_pair(struct report *r, const struct nvme_answer *a, size_t i, size_t j,
		     size_t length, size_t metric, bool *is_started)
{
	const struct nvme_point *x = &a->points[i * length], *y = &a->points[j * length];
	int side = 0;
	size_t last = 0;

	for (size_t k = 0; k < length; k++) {
		const uint64_t mine = metrics[metric].of(&x[k]), other = metrics[metric].of(&y[k]);
		const int now = mine < other ? 1 : mine > other ? -1 : 0;
		if (!now)
			continue;
		if (side && now != side) {
			if (!*is_started)
				report_table(r, "crossings", "Where designs change places", columns,
					     sizeof(columns) / sizeof(*columns));
			*is_started = true;
			report_row(r, (struct report_value[]){
					      REPORT_S(metrics[metric].name),
					      REPORT_S(side > 0 ? x->label : y->label),
					      REPORT_U(nvme_axis_value(&x[last], a->axis)),
					      REPORT_S(side > 0 ? y->label : x->label),
					      REPORT_U(nvme_axis_value(&x[k], a->axis)) });
		}
		side = now;
		last = k;
	}
}

void nvme_show_crossings(struct report *r, const struct nvme_answer *a, bool is_json)
{
	size_t length;
	const size_t series = nvme_series(a, &length);
	bool is_started = is_json;

	if (is_json)
		report_table(r, "crossings", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (size_t m = 0; m < METRICS; m++)
		for (size_t i = 0; i < series && a->axis != NVME_AXIS_NONE; i++)
			for (size_t j = i + 1; j < series; j++)
				put_pair(r, a, i, j, length, m, &is_started);
}
