// SPDX-License-Identifier: MIT
/*
 * The head of the screen: which VM, how long, what was lost, where the accesses
 * of CPU and devices come from, and what of them nobody saw.
 */
#include "replay/pin-figures.h"

#include "base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char s[500];
};

static void __attribute__((format(printf, 2, 3))) add(struct line *l, const char *fmt, ...)
{
	const size_t at = strlen(l->s);
	va_list args;
	va_start(args, fmt);
	vsnprintf(l->s + at, sizeof(l->s) - at, fmt, args);
	va_end(args);
}

static void add_devices(struct line *l, const struct pin_devices *d)
{
	static const char *const what[PIN_CLASSES] = { "NIC", "block device", "other device" };
	const char *between = "";
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		const unsigned n = d->ndevices[k];
		if (!n)
			continue;
		add(l, "%s%u %s%s", between, n, what[k], n > 1 ? "s" : "");
		between = " + ";
	}
}

static void add_loss(struct line *l, const struct pin_answer *a)
{
	const uint64_t rows = pin_rows(a->trace);
	if (a->lost_events)
		add(l, "%s LOST%s",
		    quantity_ppm(quantity_ratio_ppm(a->lost_events, a->lost_events + rows)).s,
		    a->has_unknown_loss ? " at least" : "");
	else
		add(l, "%s", a->has_unknown_loss ? "AN UNKNOWN NUMBER LOST" : "no loss recorded");
}

/* "cpu each 1 s" */
static void add_cpu(struct line *l, const struct pin_answer *a)
{
	const struct pin_devices *d = a->devices;
	const enum pin_companion main = pin_main_companion(a);
	const struct pin_source *s = NULL;
	for (unsigned i = 0; i < d->nsources && !s; i++)
		s = d->sources[i].is_cpu ? &d->sources[i] : NULL;
	add(l, "CPU stream: ");
	if (!s)
		add(l, "NONE");
	else if (main != PIN_BY_TRACE)
		add(l, "not used");
	else
		add(l, "%s", *s->name ? s->name : "recorded");
	if (s && s->period_ns && main == PIN_BY_TRACE)
		add(l, " each %s", quantity_ns(s->period_ns).s);
	const struct access_info *i = &a->facts->access;
	if (main == PIN_BY_TRACE && i->cpu_joined)
		add(l, " (by memslots)");
	if (main == PIN_BY_TRACE && i->cpu_outside)
		add(l, ", %s of %s rows OUTSIDE guest memory", quantity_count(i->cpu_outside).s,
		    quantity_count(i->cpu_rows).s);
	if (main != PIN_BY_TRACE)
		add(l, " (the verdict is by '%s', %s; scenarios are no bounds)",
		    pin_companion_names[main],
		    main == PIN_BY_BACKGROUND ? "a declared load: a guess" : "a scenario");
}

/* Blind and idle look alike in the rows; only the source's own words could tell them apart. */
static void add_direction(struct line *l, const char *what, unsigned blind, unsigned all)
{
	if (blind)
		add(l, ", %s: NONE SEEN (%u of %u function%s)", what, blind, all,
		    all > 1 ? "s" : "");
	else
		add(l, ", %s: seen", what);
}

static void add_coverage(struct line *l, const struct pin_answer *a)
{
	const struct pin_devices *d = a->devices;
	add_direction(l, "device reads", d->no_reads, d->nlists);
	add_direction(l, "device writes", d->no_writes, d->nlists);
}

/* What a source made up by a rule of its own must not pass for what was seen. */
static void show_inferred(struct report *r, const struct pin_answer *a)
{
	for (unsigned i = 0; i < a->devices->nsources; i++) {
		const struct pin_source *s = &a->devices->sources[i];
		if (!strncmp(s->coverage, "inferred", strlen("inferred")))
			report_text(r, "Not seen but %s (%s).", s->coverage, s->name);
	}
}

static void show_sample(struct report *r, const struct pin_answer *a)
{
	const struct access_info *i = &a->facts->access;
	if (i->dma_sample_ppm < PPM_PER_ONE)
		report_text(
			r,
			"It holds %s of the pages (sampled by number): that share of the VM is "
			"replayed, counts are scaled to all%s, intervals widened; what faults do "
			"to I/O is judged by the share, a lower bound.",
			quantity_ppm(i->dma_sample_ppm).s,
			i->is_sample_mixed ? " by the least rate of several sources" : "");
	if (i->devices_no_unmap)
		report_text(r, "%u of %u devices never unmap: each map counts as an access.",
			    i->devices_no_unmap, i->devices);
	if (i->dma_outside || i->dma_unknown)
		report_text(r, "%s of %s device rows tell no page of this memory: left out.",
			    quantity_count(i->dma_outside + i->dma_unknown).s,
			    quantity_count(i->dma_rows).s);
}

void pin_show_subject(struct report *r, const struct pin_answer *a)
{
	const uint64_t exposure = pin_exposure_ns(a);
	char name[64];
	struct line l = { "" };
	pin_vm_name(a->trace, name, sizeof(name));
	add(&l, "%.200s  %s (%s), ", *name ? name : trace_path(a->trace),
	    pin_memory(a->facts->vm_pages).s, a->memory_from);
	add_devices(&l, a->devices);
	add(&l, ".  %s%s, ", quantity_ns(exposure).s,
	    pin_is_short(a) ? " (short: a day is extrapolated)" : "");
	add_loss(&l, a);
	add(&l, ".");
	report_text(r, "%s", l.s);
	l.s[0] = '\0';
	add_cpu(&l, a);
	add_coverage(&l, a);
	report_text(r, "%s.", l.s);
	show_inferred(r, a);
	show_sample(r, a);
}

static const struct report_column source_columns[] = {
	{ "source", NULL, REPORT_TEXT, 0 },      { "kind", NULL, REPORT_TEXT, 0 },
	{ "reads", NULL, REPORT_BOOL, 0 },       { "writes", NULL, REPORT_BOOL, 0 },
	{ "period_ns", "period", REPORT_NS, 0 }, { "coverage", NULL, REPORT_TEXT, 0 },
};

void pin_show_sources(struct report *r, const struct pin_answer *a)
{
	const unsigned any = 1U << DIR_BOTH | 1U << DIR_UNKNOWN;
	report_table(r, "sources", "Sources", source_columns,
		     sizeof(source_columns) / sizeof(*source_columns));
	for (unsigned i = 0; i < a->devices->nsources; i++) {
		const struct pin_source *s = &a->devices->sources[i];
		const bool reads = s->directions & (any | 1U << DIR_TO_DEVICE);
		const bool writes = s->directions & (any | 1U << DIR_FROM_DEVICE);
		report_row(r, (struct report_value[]){
				      REPORT_S(s->name), REPORT_S(s->is_cpu ? "cpu" : "dma"),
				      s->is_cpu ? REPORT_NULL() : REPORT_B(reads),
				      s->is_cpu ? REPORT_NULL() : REPORT_B(writes),
				      s->period_ns ? REPORT_U(s->period_ns) : REPORT_NULL(),
				      REPORT_S(*s->coverage ? s->coverage : NULL) });
	}
}
