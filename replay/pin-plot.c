// SPDX-License-Identifier: MIT
/*
 * Plots of `pugmark pin`: faults by pinned share (script reports/queries/pin.gp),
 * and of the answer's configuration faults and memory over time (pin-timeline.gp)
 * and the map of the pages that devices use (pin-footprint.gp).
 */
#include "replay/pin-report.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "replay/pin-explain.h"
#include "replay/pin-figures.h"
#include "replay/pin-timeline.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A title has no room for folders. */
static const char *short_name(const struct pin_answer *a)
{
	const char *slash = strrchr(trace_path(a->trace), '/');
	return slash ? slash + 1 : trace_path(a->trace);
}

/* n / unit with six decimals */
static void put_fixed(FILE *out, uint64_t n, uint64_t unit)
{
	const uint64_t millionths = (uint64_t)((unsigned __int128)n * 1000000 / unit);
	fprintf(out, "%" PRIu64 ".%06" PRIu64, millionths / 1000000, millionths % 1000000);
}

static void set_fixed(struct plot *p, const char *variable, uint64_t n, uint64_t unit)
{
	char text[48];
	FILE *out = fmemopen(text, sizeof(text), "w");
	if (!out)
		return;
	put_fixed(out, n, unit);
	fclose(out);
	plot_set(p, variable, text);
}

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

/* Whether it has a count of 0, which needs a place on the axis. */
static bool put_job(FILE *out, const struct pin_job *j, uint64_t *most_ppm)
{
	const uint64_t iopf = pin_iopf(&j->result.total), cpu = j->result.host.major[TOUCH_CPU];
	const uint64_t ppm = j->result.pinned_mean_ppm;
	fprintf(out, "%" PRIu64 ".%04" PRIu64 " %" PRIu64 " %" PRIu64 "\n", ppm / 10000,
		ppm % 10000, iopf, cpu);
	*most_ppm = ppm > *most_ppm ? ppm : *most_ppm;
	return !iopf || !cpu;
}

int pin_plot(struct plot *p, const struct pin_answer *a, struct err *e)
{
	const enum pin_companion companion = pin_main_companion(a);
	const uint64_t overcommit_ppm = shown_overcommit(a);
	char text[500];
	uint64_t most_ppm = 1;
	bool has_zero = false;
	unsigned n = 0;
	snprintf(text, sizeof(text), "%.200s: %s overcommit, cpu %s", short_name(a),
		 pin_percent(overcommit_ppm).s, pin_companion_names[companion]);
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
			has_zero |= put_job(out, &s.jobs[k], &most_ppm);
	}
	plot_data_end(p);
	snprintf(text, sizeof(text), "%u", n);
	plot_set(p, "series", text);
	set_fixed(p, "most", most_ppm, 10000);
	plot_set(p, "has_zero", has_zero ? "1" : "0");
	plot_set(p, "during", quantity_ns(pin_exposure_ns(a)).s);
	return plot_end(p, e);
}

/* ---- over time ---- */

struct time_axis {
	const char *label;
	uint64_t unit_ns, length_ns;
};

static struct time_axis time_axis(const struct pin_story *s)
{
	const uint64_t length = s->last_ns > s->first_ns ? s->last_ns - s->first_ns : 1;
	if (length < 180 * NS_PER_SEC)
		return (struct time_axis){ "s from the first access", NS_PER_SEC, length };
	if (length < 3 * 3600 * NS_PER_SEC)
		return (struct time_axis){ "min from the first access", 60 * NS_PER_SEC, length };
	return (struct time_axis){ "h from the first access", 3600 * NS_PER_SEC, length };
}

static void set_title(struct plot *p, const struct pin_answer *a)
{
	const struct pin_job *j = &a->story->job;
	char title[500];
	snprintf(title, sizeof(title), "%.200s: %s at %s overcommit, %s pinned, cpu %s",
		 short_name(a), j->policy->name, pin_percent(j->overcommit_ppm).s,
		 pin_memory(j->result.pinned_max).s, pin_companion_names[j->companion]);
	plot_set(p, "title", title);
}

static void put_bin(FILE *out, const struct pin_bin *b, uint64_t cpu_before, uint64_t bin_ns)
{
	enum { PAGES_PER_MIB = 256 };
	for (unsigned k = 0; k < PIN_CLASSES; k++)
		fprintf(out, " %" PRIu64, b->worst[k]);
	putc(' ', out);
	put_fixed(out, (b->cpu_major - cpu_before) * NS_PER_SEC, bin_ns);
	putc(' ', out);
	put_fixed(out, b->resident, PAGES_PER_MIB);
	putc(' ', out);
	put_fixed(out, b->pinned, PAGES_PER_MIB);
	putc('\n', out);
}

int pin_plot_timeline(struct plot *p, const struct pin_answer *a, struct err *e)
{
	enum { PAGES_PER_MIB = 256 };
	const struct pin_story *s = a->story;
	const struct time_axis axis = time_axis(s);
	_free_ struct pin_timeline *t = calloc(1, sizeof(*t));
	char names[60] = "", columns[20] = "";
	if (!t) {
		plot_abort(p);
		return err_set(e, ERR_NOMEM, "no memory for a plot");
	}
	pin_timeline_fill(t, a);
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		if (!a->devices->ndevices[k])
			continue;
		strcat(strcat(names, pin_class_names[k]), " ");
		snprintf(columns + strlen(columns), sizeof(columns) - strlen(columns), "%u ",
			 k + 2);
	}
	set_title(p, a);
	plot_set(p, "xlabel", axis.label);
	plot_set(p, "names", names);
	plot_set(p, "columns", columns);
	set_fixed(p, "to", axis.length_ns, axis.unit_ns);
	set_fixed(p, "limit", pin_limit_pages(a->facts->vm_pages, s->job.overcommit_ppm),
		  PAGES_PER_MIB);
	set_fixed(p, "vm", a->facts->vm_pages, PAGES_PER_MIB);
	FILE *out = plot_data(p, "data");
	for (size_t i = 0; i < t->n; i++) {
		put_fixed(out, i * t->bin_ns, axis.unit_ns);
		put_bin(out, &t->bins[i], i ? t->bins[i - 1].cpu_major : 0, t->bin_ns);
	}
	plot_data_end(p);
	return plot_end(p, e);
}

/* ---- the map ---- */

static uint64_t column_ns(const struct pin_story *s)
{
	return (s->last_ns - s->first_ns) / PIN_MAP_COLUMNS + 1;
}

/* Middle of a cell; rows are numbered from 0. */
static void put_place(FILE *out, const struct pin_story *s, const struct time_axis *axis,
		      unsigned row, unsigned column)
{
	const uint64_t bin_ns = column_ns(s);
	put_fixed(out, column * bin_ns + bin_ns / 2, axis->unit_ns);
	fprintf(out, " %u.5", row);
}

static void put_density(struct plot *p, const struct pin_story *s, const struct time_axis *axis)
{
	FILE *out = plot_data(p, "density");
	for (unsigned row = 0; row < s->nrows; row++)
		for (unsigned column = 0; column < PIN_MAP_COLUMNS; column++) {
			put_place(out, s, axis, row, column);
			if (s->density[row][column])
				fprintf(out, " %.3f\n", log10(s->density[row][column]));
			else
				fputs(" NaN\n", out);
		}
	plot_data_end(p);
}

/* A place where nothing was written stands in for no faults. */
static int put_faults(struct plot *p, const struct pin_story *s, const struct time_axis *axis,
		      struct err *e)
{
	_free_ uint32_t *cells = calloc(PIN_MAP_ROWS * PIN_MAP_COLUMNS, sizeof(*cells));
	if (!cells)
		return err_set(e, ERR_NOMEM, "no memory for a plot");
	for (size_t i = 0; i < s->log.n; i++) {
		const struct pin_log_entry *x = &s->log.entries[i];
		const uint64_t column = (x->raised_ns - s->first_ns) / column_ns(s);
		if (column < PIN_MAP_COLUMNS)
			cells[s->row_of[x->page] * PIN_MAP_COLUMNS + column]++;
	}
	FILE *out = plot_data(p, "faults");
	for (unsigned i = 0; i < PIN_MAP_ROWS * PIN_MAP_COLUMNS; i++)
		if (cells[i]) {
			put_place(out, s, axis, i / PIN_MAP_COLUMNS, i % PIN_MAP_COLUMNS);
			fprintf(out, " %" PRIu32 "\n", cells[i]);
		}
	if (!s->log.n)
		fputs("NaN NaN 1\n", out);
	plot_data_end(p);
	return 0;
}

/* Page numbers of some rows, for `set ytics`. */
static void set_addresses(struct plot *p, const struct pin_story *s)
{
	enum { TICS = 8 };
	char text[TICS * 48 + 8] = "(";
	const unsigned step = s->nrows / TICS + 1;
	for (unsigned row = 0; row < s->nrows; row += step) {
		const size_t at = strlen(text);
		snprintf(text + at, sizeof(text) - at, "%s\"0x%" PRIx64 "\" %u", row ? ", " : "",
			 s->row_frame[row], row);
	}
	strcat(text, ")");
	plot_set(p, "addresses", text);
}

int pin_plot_footprint(struct plot *p, const struct pin_answer *a, struct err *e)
{
	const struct pin_story *s = a->story;
	const struct time_axis axis = time_axis(s);
	set_title(p, a);
	plot_set(p, "xlabel", axis.label);
	set_addresses(p, s);
	set_fixed(p, "to", axis.length_ns, axis.unit_ns);
	set_fixed(p, "rows", s->nrows, 1);
	plot_set(p, "faulting", s->log.n ? "I/O page faults" : "no I/O page fault");
	put_density(p, s, &axis);
	const int rc = put_faults(p, s, &axis, e);
	if (rc) {
		plot_abort(p);
		return rc;
	}
	return plot_end(p, e);
}
