// SPDX-License-Identifier: MIT
/* The plot of `pugmark pin`: script reports/queries/pin.gp. */
#include "replay/pin-report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* 20 %, else the middle one: where the screens look first. */
static uint64_t shown_overcommit(const struct pin_answer *a)
{
	const uint64_t favourite = PPM_PER_ONE / 5;
	for (size_t i = 0; i < a->njobs; i++)
		if (a->jobs[i].overcommit_ppm == favourite)
			return favourite;
	return a->jobs[a->njobs / 2].overcommit_ppm;
}

/* What would split a title or end the data becomes '_'. */
static void put_name(FILE *out, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		putc(*c > ' ' && *c < 0x7f && !strchr("\"'$#", *c) ? *c : '_', out);
}

static void put_job(FILE *out, const struct pin_job *j)
{
	const uint64_t ppm = j->result.pinned_mean_ppm;
	fprintf(out, "%" PRIu64 ".%04" PRIu64 " %" PRIu64 " %" PRIu64 "\n", ppm / 10000,
		ppm % 10000, pin_iopf(&j->result.total), j->result.host.major[TOUCH_CPU]);
}

int pin_plot(struct plot *p, const struct pin_answer *a, struct err *e)
{
	const enum pin_companion companion = pin_main_companion(a);
	const uint64_t overcommit_ppm = shown_overcommit(a);
	char text[300];
	unsigned n = 0;
	snprintf(text, sizeof(text), "%.200s: %s overcommit, cpu %s", trace_path(a->trace),
		 quantity_ppm(overcommit_ppm).s, pin_companion_names[companion]);
	plot_set(p, "title", text);
	FILE *out = plot_data(p, "data");
	for (size_t i = 0; i < a->njobs;) {
		const struct pin_series s = pin_series_at(a, i);
		i += s.n;
		if (s.jobs->companion != companion || s.jobs->overcommit_ppm != overcommit_ppm)
			continue;
		if (n++)
			fputs("\n\n", out);
		put_name(out, s.jobs->policy->name);
		putc('\n', out);
		for (size_t k = 0; k < s.n; k++)
			put_job(out, &s.jobs[k]);
	}
	plot_data_end(p);
	snprintf(text, sizeof(text), "%u", n);
	plot_set(p, "series", text);
	return plot_end(p, e);
}
