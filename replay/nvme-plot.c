// SPDX-License-Identifier: MIT
/*
 * Plots of `pugmark nvme` (scripts reports/queries/nvme*.gp): requests/s and
 * latency by what varies, the tail of the latency, the stages of a request by
 * path, the time of the host's cores.
 */
#include "replay/nvme-report.h"

#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const scripts[NVME_PLOTS] = { "nvme", "nvme-tail", "nvme-stages", "nvme-cores" };

const char *nvme_plot_script(enum nvme_picture picture)
{
	return scripts[picture];
}

/* What would split a title or end the data becomes '_'. */
static void put_name(FILE *out, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		putc(*c > ' ' && *c < 0x7f && !strchr("\"'$#", *c) ? *c : '_', out);
}

static void put_us(FILE *out, uint64_t ns)
{
	fprintf(out, " %" PRIu64 ".%03" PRIu64, ns / NS_PER_US, ns % NS_PER_US);
}

static void set_count(struct plot *p, const char *variable, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, n);
	plot_set(p, variable, text);
}

static bool starts_series(const struct nvme_answer *a, size_t i)
{
	return !i || strcmp(a->points[i].label, a->points[i - 1].label) != 0;
}

static size_t count_series(const struct nvme_answer *a)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++)
		n += starts_series(a, i);
	return n;
}

/* A block a design: x, thousand requests/s, mean, P99 in us. */
static void put_axis(struct plot *p, const struct nvme_answer *a)
{
	static const char *const labels[] = { "requests outstanding (depth x jobs)",
					      "requests outstanding (depth x jobs)", "VMs",
					      "block size, bytes", "requests/s of a VM" };
	FILE *out = plot_data(p, "data");

	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_vm_result *v = nvme_total(&a->points[i].result);
		const uint64_t m = nvme_milli_iops(v);
		if (starts_series(a, i)) {
			fputs(i ? "\n\n" : "", out);
			put_name(out, a->points[i].label);
			putc('\n', out);
		}
		fprintf(out, "%" PRIu64 " %" PRIu64 ".%06" PRIu64,
			nvme_axis_value(&a->points[i], a->axis), m / 1000000, m % 1000000);
		put_us(out, hist_mean(&v->latency));
		put_us(out, hist_percentile(&v->latency, 990000));
		putc('\n', out);
	}
	plot_data_end(p);
	plot_set(p, "xlabel", labels[a->axis]);
	set_count(p, "series", count_series(a));
}

/* A block a point: latency in us, share of requests that take longer. */
static void put_tail(struct plot *p, const struct nvme_answer *a)
{
	enum { LEVELS = 6, STEPS = 9 };
	FILE *out = plot_data(p, "data");

	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_vm_result *v = nvme_total(&a->points[i].result);
		fputs(i ? "\n\n" : "", out);
		put_name(out, a->points[i].label);
		putc(':', out);
		put_name(out, nvme_load_text(&a->points[i].design.config).s);
		putc('\n', out);
		uint64_t above = 1000000;
		for (int l = 0; l < LEVELS; l++, above /= 10)
			for (uint64_t k = 0; k < STEPS; k++) {
				const uint64_t ppm = above - above * k / 10;
				if (!ppm || ppm * v->requests < 1000000)
					break;
				put_us(out, hist_percentile(&v->latency, 1000000 - ppm));
				fprintf(out, " %" PRIu64 ".%06" PRIu64 "\n", ppm / 1000000,
					ppm % 1000000);
			}
	}
	plot_data_end(p);
	set_count(p, "series", a->n);
}

static bool takes_time(const struct nvme_answer *a, unsigned stage)
{
	for (size_t i = 0; i < a->n; i++)
		if (nvme_total(&a->points[i].result)->stage_ns[stage])
			return true;
	return false;
}

/* A row a point, a column a stage that takes time, in us a request; the first row names. */
static void put_stages(struct plot *p, const struct nvme_answer *a)
{
	FILE *out = plot_data(p, "data");
	unsigned stages[NVME_STAGES], n = 0;

	fputs("design", out);
	for (unsigned s = 0; s < NVME_STAGES; s++)
		if (takes_time(a, s)) {
			stages[n++] = s;
			fprintf(out, " %s", nvme_stage_names[s]);
		}
	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_vm_result *v = nvme_total(&a->points[i].result);
		putc('\n', out);
		put_name(out, a->points[i].label);
		putc(':', out);
		put_name(out, nvme_load_text(&a->points[i].design.config).s);
		for (unsigned k = 0; k < n; k++)
			put_us(out, v->requests ? v->stage_ns[stages[k]] / v->requests : 0);
	}
	putc('\n', out);
	plot_data_end(p);
	set_count(p, "series", n);
}

static void put_percent(FILE *out, uint64_t part, uint64_t whole)
{
	const uint64_t tenths = (uint64_t)((unsigned __int128)part * 1000 / whole);
	fprintf(out, " %" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

/* A row a core: name, busy and spinning in % of the run. */
static void put_cores(struct plot *p, const struct nvme_answer *a)
{
	FILE *out = plot_data(p, "data");

	for (size_t i = 0; i < a->n; i++) {
		const struct nvme_result *r = &a->points[i].result;
		for (uint32_t k = 0; k < r->ncores && r->end_ns; k++) {
			put_name(out, a->points[i].label);
			putc(':', out);
			put_name(out, r->cores[k].name);
			put_percent(out, r->cores[k].busy_ns, r->end_ns);
			put_percent(out, r->cores[k].spin_ns, r->end_ns);
			putc('\n', out);
		}
	}
	plot_data_end(p);
}

int nvme_plot(enum nvme_picture picture, struct plot *p, const struct nvme_answer *a, struct err *e)
{
	static void (*const put[NVME_PLOTS])(struct plot *, const struct nvme_answer *) = {
		put_axis, put_tail, put_stages, put_cores
	};
	char title[160];

	snprintf(title, sizeof(title), "%s, %s", a->trace ? a->trace : "generated load",
		 a->points->design.choice.profile[NVME_PROFILE_DEVICE]);
	plot_set(p, "title", title);
	put[picture](p, a);
	return plot_end(p, e);
}
