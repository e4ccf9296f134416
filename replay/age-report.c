// SPDX-License-Identifier: MIT
/*
 * Screens of `pugmark age`. For people: the verdict, the table over tau, what
 * would change it, the next step. For programs: a row for each device and tau.
 */
#include "replay/age-report.h"

#include "base/cluster.h"
#include "base/quantity.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_DAY (86400 * NS_PER_SEC)

/* ---- figures ---- */

/* n * by / of, rounded to the nearest; saturates. */
static uint64_t scale(age_page_ns n, uint64_t by, uint64_t of)
{
	age_page_ns product;
	if (!of || __builtin_mul_overflow(n, (age_page_ns)by, &product))
		return UINT64_MAX;
	const age_page_ns q = (product + of / 2) / of;
	return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

static uint64_t per_day(uint64_t micro, uint64_t exposure_ns, uint64_t ppm)
{
	const uint64_t all = scale(micro, PPM_PER_ONE, ppm);
	const uint64_t day = exposure_ns ? scale((age_page_ns)all * NS_PER_DAY, 1, exposure_ns) : 0;
	return day / 1000000 + (day % 1000000 >= 500000);
}

const struct age_result *age_of_cpu(const struct age_run *run)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->results[i].dev == AGE_CPU)
			return &run->results[i];
	return NULL;
}

/* Pages and idle time of a result, without those of pages that a part of it used. */
static void add_pages(struct age_figures *f, const struct age_answer *a, const struct age_result *r,
		      const struct age_result *part, unsigned tau, uint64_t ppm)
{
	const age_page_ns idle = r->idle[tau] - (part ? part->idle[tau] : 0);
	f->pages += scale(r->pages - (part ? part->pages : 0), PPM_PER_ONE, ppm);
	f->cold_pages += scale(scale(idle, PPM_PER_ONE, a->length_ns), 1, ppm);
}

/*
 * Where the CPU's rows are not sampled as the devices' are, its pages are
 * counted as they are, and those that only devices use are scaled.
 */
struct age_figures age_figures(const struct age_answer *a, const struct age_run *run,
			       const struct age_result *r, unsigned tau)
{
	const struct age_result *by_cpu = r->dev == AGE_TOTAL ? age_of_cpu(run) : NULL;
	const bool is_apart = by_cpu && run->info.cpu_sample_ppm != run->info.dma_sample_ppm;
	const uint64_t ppm = r->dev == AGE_CPU ? run->info.cpu_sample_ppm
					       : run->info.dma_sample_ppm;
	const uint64_t tau_ns = a->taus[tau];
	const uint64_t exposure_ns = a->length_ns > tau_ns ? a->length_ns - tau_ns : 0;
	/* of single devices too few for an estimate of their own: pages recur as in the total */
	const struct age_result *all = &run->results[run->n - 1];
	const uint64_t squares = all->refaults[tau] ? scale((age_page_ns)r->refaults[tau],
							    all->squares[tau], all->refaults[tau])
						    : 0;
	const struct poisson_interval p = cluster_interval_95(
		r->refaults[tau], squares > r->refaults[tau] ? squares : r->refaults[tau], ppm);
	struct age_figures f = {
		.refaults = scale(r->refaults[tau], PPM_PER_ONE, ppm),
		.first_late = scale(r->first_late[tau], PPM_PER_ONE, ppm),
		.exposure_ns = exposure_ns,
		.per_day = per_day(r->refaults[tau] * 1000000, exposure_ns, ppm),
		.per_day_low = per_day(p.low_micro, exposure_ns, PPM_PER_ONE),
		.per_day_high = per_day(p.high_micro, exposure_ns, PPM_PER_ONE),
	};
	add_pages(&f, a, r, is_apart ? by_cpu : NULL, tau, ppm);
	if (is_apart)
		add_pages(&f, a, by_cpu, NULL, tau, run->info.cpu_sample_ppm);
	f.cold_pages = f.cold_pages < f.pages ? f.cold_pages : f.pages;
	f.active_pages = f.pages - f.cold_pages;
	if (r->dev == AGE_TOTAL && a->memory_pages > f.pages)
		f.never_pages = a->memory_pages - f.pages;
	f.reclaimable_pages = f.cold_pages + f.never_pages;
	return f;
}

static const struct age_result *total(const struct age_run *run)
{
	return &run->results[run->n - 1];
}

static const char *model_name(const struct age_run *run)
{
	return access_model_names[run->info.model];
}

/* ---- names ---- */

struct age_name age_device_name(const struct age_answer *a, unsigned dev)
{
	struct age_name n;
	for (unsigned i = 0; i < a->ndevices; i++)
		if (a->devices[i].dev == dev) {
			snprintf(n.s, sizeof(n.s), "%s", a->devices[i].bdf);
			return n;
		}
	if (dev == AGE_TOTAL)
		snprintf(n.s, sizeof(n.s), "total");
	else if (dev == UINT16_MAX)
		snprintf(n.s, sizeof(n.s), "unknown");
	else
		snprintf(n.s, sizeof(n.s), "%u", dev);
	return n;
}

static const char *device_class(const struct age_answer *a, unsigned dev)
{
	for (unsigned i = 0; i < a->ndevices; i++)
		if (a->devices[i].dev == dev)
			return a->devices[i].class;
	return NULL;
}

static struct quantity_text size(uint64_t pages)
{
	return quantity_bytes(pages > UINT64_MAX >> PAGE_SHIFT ? UINT64_MAX : pages << PAGE_SHIFT);
}

/* "41 [22-88]" */
static struct age_name rate(const struct age_figures *f)
{
	struct age_name n = { "-" };
	if (!f->exposure_ns)
		return n;
	snprintf(n.s, sizeof(n.s), "%s [%s-%s]", quantity_count(f->per_day).s,
		 quantity_count(f->per_day_low).s, quantity_count(f->per_day_high).s);
	return n;
}

/* A rate that needs time to be seen in. */
static struct report_value known(const struct age_figures *f, uint64_t value)
{
	return f->exposure_ns ? REPORT_U(value) : REPORT_NULL();
}

/* ---- for people ---- */

static void show_verdict(struct report *r, const struct age_answer *a)
{
	const struct age_figures f = age_figures(a, a->runs, total(a->runs), a->verdict);
	const struct quantity_text tau = quantity_ns(a->taus[a->verdict]);
	char parts[60] = "";
	if (f.never_pages)
		snprintf(parts, sizeof(parts), " (%s cold)", size(f.cold_pages).s);
	if (!f.exposure_ns)
		report_text(r, "The trace is shorter than tau = %s: only %s tells nothing.", tau.s,
			    quantity_ns(a->length_ns).s);
	else if (f.refaults)
		report_text(r, "At tau = %s %s are reclaimable%s and %s faults a day follow.",
			    tau.s, size(f.reclaimable_pages).s, parts, rate(&f).s);
	else
		report_text(
			r, "At tau = %s %s are reclaimable%s; no fault seen (fewer than %s a day).",
			tau.s, size(f.reclaimable_pages).s, parts,
			quantity_count(f.per_day_high).s);
}

/* With reclaim at tau the guest's own CPUs fault on what they come back to. */
static void show_cpu(struct report *r, const struct age_answer *a)
{
	const struct age_result *by_cpu = age_of_cpu(a->runs);
	if (!by_cpu)
		return;
	const struct age_figures f = age_figures(a, a->runs, by_cpu, a->verdict);
	if (f.exposure_ns)
		report_text(
			r,
			"The guest's CPUs come back %s times: %s major faults a day of their own.",
			quantity_count(f.refaults).s, rate(&f).s);
}

static void show_subject(struct report *r, const struct age_answer *a)
{
	const struct age_run *run = a->runs;
	const struct age_figures f = age_figures(a, run, total(run), a->verdict);
	const struct age_result *by_cpu = age_of_cpu(run);
	const unsigned n = (unsigned)run->n - 1 - (by_cpu != NULL);
	const uint64_t uses = total(run)->accesses - (by_cpu ? by_cpu->accesses : 0);
	char memory[80] = "";
	if (a->memory_pages)
		snprintf(memory, sizeof(memory), " of %s", size(a->memory_pages).s);
	report_text(r, "%s: %u device%s used pages %s times in %s; %s%s were touched%s%s.",
		    trace_path(a->trace), n, n == 1 ? "" : "s", quantity_count(uses).s,
		    quantity_ns(a->length_ns).s, size(f.pages).s, memory,
		    by_cpu ? ", by CPU or device" : "",
		    a->lost_events || a->is_lost_least ? "" : "; no loss recorded");
}

static uint64_t bytes(uint64_t pages)
{
	return pages << PAGE_SHIFT;
}

static const struct report_column tau_columns[] = {
	{ "tau_ns", "tau", REPORT_NS, REPORT_ONLY_TABLE },
	{ "refaults", NULL, REPORT_U64, REPORT_ONLY_TABLE },
	{ "refaults_per_day", "a day [95 %]", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "reclaimable", NULL, REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "never", "never touched", REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "cold", NULL, REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "active", NULL, REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "cpu_refaults", "CPU refaults", REPORT_U64, REPORT_ONLY_TABLE },
};

static void show_taus(struct report *r, const struct age_answer *a)
{
	const struct age_result *by_cpu = age_of_cpu(a->runs);
	const unsigned n = sizeof(tau_columns) / sizeof(*tau_columns) - (by_cpu ? 0 : 1);
	report_table(r, "rows", "By age at which pages are reclaimed", tau_columns, n);
	for (unsigned i = 0; i < a->ntaus; i++) {
		if (!a->is_asked[i])
			continue;
		const struct age_figures f = age_figures(a, a->runs, total(a->runs), i);
		const struct age_name day = rate(&f);
		report_row(r,
			   (struct report_value[]){
				   REPORT_U(a->taus[i]), REPORT_U(f.refaults), REPORT_S(day.s),
				   REPORT_U(bytes(f.reclaimable_pages)),
				   a->memory_pages ? REPORT_U(bytes(f.never_pages)) : REPORT_NULL(),
				   REPORT_U(bytes(f.cold_pages)), REPORT_U(bytes(f.active_pages)),
				   REPORT_U(by_cpu ? age_figures(a, a->runs, by_cpu, i).refaults
						   : 0) });
	}
}

static const struct report_column device_columns[] = {
	{ "device", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "class", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "tau_ns", "tau", REPORT_NS, REPORT_ONLY_TABLE },
	{ "accesses", NULL, REPORT_U64, REPORT_ONLY_TABLE },
	{ "footprint", NULL, REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "refaults", NULL, REPORT_U64, REPORT_ONLY_TABLE },
	{ "refaults_per_day", "a day [95 %]", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "cold", "of it cold", REPORT_BYTES, REPORT_ONLY_TABLE },
};

static void show_devices(struct report *r, const struct age_answer *a, bool all_taus)
{
	report_table(r, "devices", "By device", device_columns,
		     sizeof(device_columns) / sizeof(*device_columns));
	for (size_t i = 0; i + 1 < a->runs->n; i++) {
		const struct age_result *d = &a->runs->results[i];
		const struct age_name name = age_device_name(a, d->dev);
		for (unsigned k = 0; k < a->ntaus && d->dev != AGE_CPU; k++) {
			if (!(all_taus ? a->is_asked[k] : k == a->verdict))
				continue;
			const struct age_figures f = age_figures(a, a->runs, d, k);
			const struct age_name day = rate(&f);
			report_row(r, (struct report_value[]){
					      REPORT_S(name.s), REPORT_S(device_class(a, d->dev)),
					      REPORT_U(a->taus[k]), REPORT_U(d->accesses),
					      REPORT_U(bytes(f.pages)), REPORT_U(f.refaults),
					      REPORT_S(day.s), REPORT_U(bytes(f.cold_pages)) });
		}
	}
}

static const struct report_column model_columns[] = {
	{ "access", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "tau_ns", "tau", REPORT_NS, REPORT_EVERYWHERE },
	{ "refaults", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "refaults_per_day", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "day", "a day [95 %]", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "first_late", "first uses at tau or later", REPORT_U64, REPORT_EVERYWHERE },
	{ "reclaimable_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "reclaimable", NULL, REPORT_BYTES, REPORT_ONLY_TABLE },
	{ "footprint", NULL, REPORT_BYTES, REPORT_ONLY_TABLE },
};

/* Whether a model gives other figures than the one asked for: not where rows tell accesses. */
static bool models_differ(const struct age_answer *a)
{
	const struct age_result *first = total(a->runs);
	for (unsigned m = 1; m < a->nruns; m++) {
		const struct age_result *other = total(&a->runs[m]);
		for (unsigned i = 0; i < a->ntaus; i++)
			if (other->refaults[i] != first->refaults[i] ||
			    other->first_late[i] != first->first_late[i] ||
			    other->idle[i] != first->idle[i])
				return true;
	}
	return false;
}

static void show_models(struct report *r, const struct age_answer *a, bool all_taus)
{
	report_table(r, "access_models", "What would change it: when mapped pages are used",
		     model_columns, sizeof(model_columns) / sizeof(*model_columns));
	for (unsigned m = 0; m < a->nruns; m++)
		for (unsigned i = 0; i < a->ntaus; i++) {
			if (!(all_taus ? a->is_asked[i] : i == a->verdict))
				continue;
			const struct age_run *run = &a->runs[m];
			const struct age_figures f = age_figures(a, run, total(run), i);
			const struct age_name day = rate(&f);
			report_row(r, (struct report_value[]){
					      REPORT_S(model_name(run)), REPORT_U(a->taus[i]),
					      REPORT_U(f.refaults), known(&f, f.per_day),
					      REPORT_S(day.s), REPORT_U(f.first_late),
					      REPORT_U(f.reclaimable_pages),
					      REPORT_U(bytes(f.reclaimable_pages)),
					      REPORT_U(bytes(f.pages)) });
		}
}

/* The neighbours of the verdict's tau: how steep is the answer there? */
static void show_neighbours(struct report *r, const struct age_answer *a)
{
	char text[300] = "";
	size_t n = 0;
	for (int step = -1; step <= 1; step += 2) {
		int i = (int)a->verdict + step;
		while (i >= 0 && i < (int)a->ntaus && !a->is_asked[i])
			i += step;
		if (i < 0 || i >= (int)a->ntaus)
			continue;
		const struct age_figures f = age_figures(a, a->runs, total(a->runs), (unsigned)i);
		if (!f.exposure_ns)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s gives %s a day, %s",
				      n ? "; " : "", quantity_ns(a->taus[i]).s,
				      quantity_count(f.per_day).s, size(f.reclaimable_pages).s);
	}
	if (n)
		report_text(r, "Another tau: %s.", text);
}

/* ---- assumptions ---- */

typedef void say_fn(void *ctx, const char *sentence);

static void __attribute__((format(printf, 3, 4))) say(say_fn *fn, void *ctx, const char *fmt, ...)
{
	char text[300];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fn(ctx, text);
}

static void assume_cpu(const struct age_answer *a, say_fn *fn, void *ctx)
{
	const struct access_info *i = &a->runs->info;
	if (i->cpu_rows && i->cpu_outside < i->cpu_rows)
		say(fn, ctx, "CPU stream: used; CPU refaults are its own major faults.");
	else if (a->is_cpu_unwanted)
		say(fn, ctx, "CPU stream: NOT USED (--no-cpu): upper bounds.");
	else if (a->is_cpu_left_out)
		say(fn, ctx, "CPU stream: NOT USED (sampled at another rate): upper bounds.");
	else
		say(fn, ctx,
		    "CPU stream: NONE, so pages that the CPU uses look idle: upper bounds for "
		    "reclaim"
		    " by age.");
	if (i->cpu_joined)
		say(fn, ctx, "%s cpu rows were joined with guest memory by memslots.",
		    quantity_count(i->cpu_joined).s);
	if (i->cpu_outside)
		say(fn, ctx, "%s cpu rows tell no page of this memory%s: left out.",
		    quantity_count(i->cpu_outside).s,
		    i->cpu_joined ? ", or some of their pages lie in no memslot" : "");
}

static void assume_coverage(const struct age_answer *a, say_fn *fn, void *ctx)
{
	const unsigned seen = a->runs->info.directions;
	const unsigned any = 1U << DIR_BOTH | 1U << DIR_UNKNOWN;
	if (!(seen & (any | 1U << DIR_TO_DEVICE)))
		say(fn, ctx,
		    "Device reads: NOT SEEN in the whole trace: refaults of reads are missing.");
	if (!(seen & (any | 1U << DIR_FROM_DEVICE)))
		say(fn, ctx,
		    "Device writes: NOT SEEN in the whole trace: refaults of writes are missing.");
	if (a->lost_events || a->is_lost_least)
		say(fn, ctx, "%s%s events were LOST: gaps look longer and fewer than they are.",
		    a->is_lost_least ? "At least " : "", quantity_count(a->lost_events).s);
}

static void assume_sample(const struct access_info *i, say_fn *fn, void *ctx)
{
	if (i->dma_sample_ppm == PPM_PER_ONE)
		return;
	say(fn, ctx,
	    "%s of the pages were recorded: counts and pages are scaled to all%s, intervals by "
	    "what a page left out may hold.",
	    quantity_ppm(i->dma_sample_ppm).s,
	    i->is_sample_mixed ? " by the least rate of several sources, an upper bound" : "");
}

static void each_assumption(const struct age_answer *a, say_fn *fn, void *ctx)
{
	static const char *const how[] = {
		"to-device data is read at the map, from-device data written at the unmap",
		"all data is used at the map",
		"all data is used at the unmap",
		"all data is used at the map and at the unmap",
	};
	const struct access_info *i = &a->runs->info;
	say(fn, ctx, "Access model %s: %s.", access_model_names[i->model], how[i->model]);
	if (i->devices_no_unmap)
		say(fn, ctx,
		    i->model == ACCESS_START
			    ? "%u device%s never unmap what they may write."
			    : "%u device%s never unmap what they may write: those pages are"
			      " used from the map on.",
		    i->devices_no_unmap, i->devices_no_unmap == 1 ? "" : "s");
	if (i->live_areas)
		say(fn, ctx,
		    "Coherent areas (rings, %s) count as used every %s while their device works.",
		    quantity_bytes(i->live_pages << PAGE_SHIFT).s,
		    quantity_ns(i->live_period_ns).s);
	assume_cpu(a, fn, ctx);
	assume_coverage(a, fn, ctx);
	assume_sample(i, fn, ctx);
	if (total(a->runs)->is_cut)
		say(fn, ctx,
		    "Pages are shared in more than 4,096 combinations: footprints of single"
		    " devices leave some out.");
	if (i->dma_unknown || i->dma_outside)
		say(fn, ctx, "%s of %s dma rows tell no page of this memory: left out.",
		    quantity_count(i->dma_unknown + i->dma_outside).s,
		    quantity_count(i->dma_rows).s);
	if (!a->memory_pages)
		say(fn, ctx,
		    "Memory of the VM: not known, so never touched memory is not counted"
		    " (--memory SIZE).");
	const struct age_figures f = age_figures(a, a->runs, total(a->runs), a->verdict);
	if (f.first_late)
		say(fn, ctx,
		    "%s pages were first used %s or later after the start: refaults too, if in use"
		    " before.",
		    quantity_count(f.first_late).s, quantity_ns(a->taus[a->verdict]).s);
}

static void say_line(void *ctx, const char *sentence)
{
	report_text(ctx, "  %s", sentence);
}

static void show_assumptions(struct report *r, const struct age_answer *a)
{
	report_text(r, "Assumed:");
	each_assumption(a, say_line, r);
}

/* ---- for programs ---- */

static const struct report_column flat_columns[] = {
	{ "vm", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "device", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "queue", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "class", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "tau_ns", NULL, REPORT_NS, REPORT_EVERYWHERE },
	{ "exposure_ns", NULL, REPORT_NS, REPORT_EVERYWHERE },
	{ "accesses", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "refaults", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "refaults_per_day", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "refaults_per_day_low", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "refaults_per_day_high", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "first_late", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "cpu_refaults", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "reclaimable_pages", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "never_touched_pages", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "cold_pages", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "active_pages", NULL, REPORT_U64, REPORT_EVERYWHERE },
};

static void show_flat_row(struct report *r, const struct age_answer *a, const struct age_result *d,
			  unsigned tau)
{
	const bool is_total = d->dev == AGE_TOTAL;
	const struct age_result *by_cpu = is_total ? age_of_cpu(a->runs) : NULL;
	const struct age_figures f = age_figures(a, a->runs, d, tau);
	const struct age_name name = age_device_name(a, d->dev);
	report_row(r, (struct report_value[]){
			      REPORT_S(a->vm_name), REPORT_S(name.s), REPORT_NULL(),
			      REPORT_S(device_class(a, d->dev)), REPORT_U(a->taus[tau]),
			      REPORT_U(f.exposure_ns), REPORT_U(d->accesses), REPORT_U(f.refaults),
			      known(&f, f.per_day), known(&f, f.per_day_low),
			      known(&f, f.per_day_high), REPORT_U(f.first_late),
			      by_cpu ? REPORT_U(age_figures(a, a->runs, by_cpu, tau).refaults)
				     : REPORT_NULL(),
			      REPORT_U(f.reclaimable_pages),
			      is_total && a->memory_pages ? REPORT_U(f.never_pages) : REPORT_NULL(),
			      REPORT_U(f.cold_pages), REPORT_U(f.active_pages) });
}

static void show_flat(struct report *r, const struct age_answer *a)
{
	report_table(r, "rows", NULL, flat_columns, sizeof(flat_columns) / sizeof(*flat_columns));
	for (size_t i = 0; i < a->runs->n; i++)
		for (unsigned k = 0; k < a->ntaus && a->runs->results[i].dev != AGE_CPU; k++)
			if (a->is_asked[k])
				show_flat_row(r, a, &a->runs->results[i], k);
}

static void say_row(void *ctx, const char *sentence)
{
	report_row(ctx, (struct report_value[]){ REPORT_S(sentence) });
}

static void show_members(struct report *r, const struct age_answer *a)
{
	const struct access_info *i = &a->runs->info;
	report_member_text(r, "access", access_model_names[i->model]);
	report_member_u64(r, "length_ns", a->length_ns);
	report_member_u64(r, "verdict_tau_ns", a->taus[a->verdict]);
	if (a->memory_pages)
		report_member_u64(r, "memory_pages", a->memory_pages);
	report_member_u64(r, "dma_rows", i->dma_rows);
	report_member_u64(r, "cpu_rows", i->cpu_rows);
	report_member_u64(r, "rows_without_page", i->dma_unknown + i->dma_outside);
	report_member_u64(r, "sample_ppm", i->dma_sample_ppm);
	report_member_u64(r, "cpu_rows_joined", i->cpu_joined);
	report_member_u64(r, "cpu_rows_outside", i->cpu_outside);
	report_member_u64(r, "live_period_ns", i->live_period_ns);
	report_member_u64(r, "live_pages", i->live_pages);
	report_member_u64(r, "lost_events", a->lost_events);
}

void age_report(struct report *r, const struct age_answer *a, bool is_json, bool is_verbose)
{
	static const struct report_column sentence[] = { { "assumption", NULL, REPORT_TEXT, 0 } };
	show_members(r, a);
	if (is_json) {
		show_flat(r, a);
		show_models(r, a, true);
		report_table(r, "assumptions", NULL, sentence, 1);
		each_assumption(a, say_row, r);
		return;
	}
	const unsigned ndevices = (unsigned)a->runs->n - 1 - (age_of_cpu(a->runs) != NULL);
	show_verdict(r, a);
	show_cpu(r, a);
	show_subject(r, a);
	show_taus(r, a);
	if (ndevices > 1 || is_verbose)
		show_devices(r, a, is_verbose);
	if (models_differ(a))
		show_models(r, a, is_verbose);
	else if (a->nruns > 1)
		report_text(r, "The access model makes no difference here.");
	show_neighbours(r, a);
	show_assumptions(r, a);
	if (a->nruns == 1)
		report_text(r, "Next: --compare-access shows how much the access model matters.");
	report_text(
		r,
		"Next: pugmark pin %s --policy none,lru,at-risk --budget 1%%,5%% --overcommit 20%%",
		trace_path(a->trace));
}

/* ---- the plot ---- */

/* 0 has no place on a logarithmic axis. */
static void put_rate(FILE *out, uint64_t rate_per_day)
{
	if (rate_per_day)
		fprintf(out, " %" PRIu64, rate_per_day);
	else
		fputs(" NaN", out);
}

/* tau in s, faults a day (a value that is no number where none was seen), at most, GiB */
int age_plot(struct plot *p, const struct age_answer *a, struct err *e)
{
	enum { PAGES_PER_GIB_SHIFT = 30 - PAGE_SHIFT };
	plot_set(p, "title", trace_path(a->trace));
	FILE *out = plot_data(p, "data");
	for (unsigned i = 0; i < a->ntaus; i++) {
		const struct age_figures f = age_figures(a, a->runs, total(a->runs), i);
		const uint64_t mega = f.reclaimable_pages * 1000000 >> PAGES_PER_GIB_SHIFT;
		fprintf(out, "%" PRIu64 ".%09" PRIu64, a->taus[i] / NS_PER_SEC,
			a->taus[i] % NS_PER_SEC);
		put_rate(out, f.refaults ? f.per_day : 0);
		put_rate(out, f.exposure_ns ? f.per_day_high : 0);
		fprintf(out, " %" PRIu64 ".%06" PRIu64 "\n", mega / 1000000, mega % 1000000);
	}
	plot_data_end(p);
	return plot_end(p, e);
}
