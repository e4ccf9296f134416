// SPDX-License-Identifier: MIT
/*
 * Screens of a back-test. A class of faults counts as predicted when the number
 * is within a fifth and four of five recorded faults are among those predicted;
 * the figures stand beside the verdict, so another measure can be taken.
 */
#include "replay/backtest-report.h"

#include "base/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	RATIO_LEAST_PPM = 800000,
	RATIO_MOST_PPM = 1250000,
	RECALL_LEAST_PPM = 800000,
};

const char backtest_plot_script[] = "pin-backtest";

static const struct report_column columns[] = {
	{ "class", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "true", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "predicted", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "ratio_ppm", "ratio", REPORT_PPM, REPORT_EVERYWHERE },
	{ "recall_ppm", "recall", REPORT_PPM, REPORT_EVERYWHERE },
	{ "precision_ppm", "precision", REPORT_PPM, REPORT_EVERYWHERE },
	{ "corr_ppm", "correlation", REPORT_CHANGE, REPORT_EVERYWHERE },
	{ "worst_10s_true", "worst 10 s, true", REPORT_U64, REPORT_EVERYWHERE },
	{ "worst_10s_predicted", "predicted", REPORT_U64, REPORT_EVERYWHERE },
	{ "swapped_set_recall_ppm", NULL, REPORT_PPM, REPORT_ONLY_JSON },
	{ "swapped_set_precision_ppm", NULL, REPORT_PPM, REPORT_ONLY_JSON },
	{ "pairs_true", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pairs_predicted", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "pairs_both", NULL, REPORT_U64, REPORT_ONLY_JSON },
};

static bool is_shown(const struct backtest_result *b, int class)
{
	const struct backtest_score *s = &b->scores[class];

	return class != BACKTEST_OTHER || s->faults_true || s->faults_predicted;
}

static struct report_value share(uint64_t part, uint64_t whole)
{
	return whole ? REPORT_U(quantity_ratio_ppm(part, whole)) : REPORT_NULL();
}

/* ---- verdict ---- */

static const char *class_title(int class)
{
	static const char *const titles[BACKTEST_CLASSES] = { "NIC", "block", "other devices'",
							      "CPU" };
	return titles[class];
}

static bool is_predicted(const struct backtest_score *s)
{
	const uint64_t ratio = quantity_ratio_ppm(s->faults_predicted, s->faults_true);

	return ratio >= RATIO_LEAST_PPM && ratio <= RATIO_MOST_PPM &&
	       quantity_ratio_ppm(s->pairs_both, s->pairs_true) >= RECALL_LEAST_PPM;
}

/* "2.3 times too few", "too many", or right in number only */
static void describe_miss(const struct backtest_score *s, char *out, size_t n)
{
	const uint64_t a = s->faults_true, b = s->faults_predicted;
	const uint64_t ratio = quantity_ratio_ppm(b, a);

	if (ratio >= RATIO_LEAST_PPM && ratio <= RATIO_MOST_PPM)
		snprintf(out, n, "right in number (%" PRIu64 " of %" PRIu64 "), but on other pages",
			 b, a);
	else if (!b)
		snprintf(out, n, "none of %" PRIu64, a);
	else
		snprintf(out, n, "%.1f times too %s",
			 b < a ? (double)a / (double)b : (double)b / (double)a,
			 b < a ? "few" : "many");
}

static void show_verdict(struct report *r, const struct backtest_result *b)
{
	char good[80] = "", bad[240] = "", miss[80];

	for (int i = 0; i < BACKTEST_CLASSES; i++) {
		const struct backtest_score *s = &b->scores[i];
		const size_t g = strlen(good), n = strlen(bad);
		if (!s->faults_true)
			continue;
		if (is_predicted(s)) {
			snprintf(good + g, sizeof(good) - g, "%s%s", g ? ", " : "", class_title(i));
			continue;
		}
		describe_miss(s, miss, sizeof(miss));
		snprintf(bad + n, sizeof(bad) - n, "%s%s faults: %s", n ? "; " : "", class_title(i),
			 miss);
	}
	if (!*good && !*bad)
		report_text(r, "NOTHING TO COMPARE: no fault was recorded in the scored time.");
	else if (!*bad)
		report_text(r, "AGREES: %s faults.", good);
	else if (!*good)
		report_text(r, "DIFFERS: %s.", bad);
	else
		report_text(r, "AGREES: %s faults. DIFFERS: %s.", good, bad);
}

/* ---- what it stands on ---- */

static void show_run(struct report *r, const struct backtest_answer *a)
{
	const struct backtest_recording *rec = a->recording;
	const struct backtest_result *b = a->result;
	const uint64_t limit = rec->limit_pages;
	const struct param_entry *reclaim = param_find(a->params, "memory", "reclaim");
	const struct param_entry *readahead = param_find(a->params, "memory", "readahead");

	report_text(r,
		    "%s: VM of %s, limited to %s; scored %s from %s on; reclaim %s, readahead %s, "
		    "DMA %s the accessed bit.",
		    trace_path(rec->trace), quantity_bytes(rec->vm_pages << PAGE_SHIFT).s,
		    quantity_bytes(limit << PAGE_SHIFT).s,
		    quantity_ns(b->window.to_ns - b->window.from_ns).s,
		    quantity_ns(b->window.from_ns).s, reclaim ? reclaim->text : "?",
		    readahead ? readahead->text : "?",
		    a->memory->dma_sets_accessed ? "sets" : "does not set");
	if (rec->nsqueezes)
		report_text(r,
			    "%zu times other memory of its group squeezed the guest (read from the "
			    "recorded use): %s.",
			    rec->nsqueezes,
			    a->config->has_squeezes ? "repeated, which borrows from the outcome"
						    : "left out; --set backtest.squeezes=yes "
						      "repeats that");
	if (b->absent.snapshots)
		report_text(r,
			    "Of the pages really out of memory the model holds %s out (%" PRIu64
			    " snapshots); of those it holds out %s really are.",
			    quantity_ppm(b->absent.recall_sum_ppm / b->absent.snapshots).s,
			    b->absent.snapshots,
			    quantity_ppm(b->absent.precision_sum_ppm / b->absent.snapshots).s);
}

/* Settings of [memory] of one kind, by name; gives their number. */
static unsigned list_settings(const struct param_set *params, enum param_kind kind, char *list,
			      size_t list_bytes)
{
	unsigned found = 0;
	list[0] = 0;
	for (size_t i = 0; i < params->n; i++) {
		const struct param_entry *p = &params->entries[i];
		const size_t n = strlen(list);
		if (strcmp(p->param->section, "memory") || p->kind != kind)
			continue;
		found++;
		snprintf(list + n, list_bytes - n, "%s%s", n ? ", " : "", p->param->name);
	}
	return found;
}

/* What was not measured on this host: a fit that agrees with its own data predicts nothing. */
static void show_guesses(struct report *r, const struct param_set *params)
{
	char list[200];
	if (list_settings(params, PARAM_CALIBRATED, list, sizeof(list)))
		report_text(r,
			    "Calibrated in [memory]: %s. On a recording they were fitted to, "
			    "agreement is a fit and no prediction.",
			    list);
	if (list_settings(params, PARAM_GUESS, list, sizeof(list)))
		report_text(r, "Guessed in [memory]: %s.", list);
}

static void show_row(struct report *r, const struct backtest_result *b, int class)
{
	const struct backtest_score *s = &b->scores[class];
	const struct backtest_absent *a = &b->absent;
	const struct report_value values[] = {
		REPORT_S(backtest_class_names[class]),
		REPORT_U(s->faults_true),
		REPORT_U(s->faults_predicted),
		share(s->faults_predicted, s->faults_true),
		share(s->pairs_both, s->pairs_true),
		share(s->pairs_both, s->pairs_predicted),
		s->has_corr ? REPORT_I(s->corr_ppm) : REPORT_NULL(),
		REPORT_U(s->worst_true),
		REPORT_U(s->worst_predicted),
		a->snapshots ? REPORT_U(a->recall_sum_ppm / a->snapshots) : REPORT_NULL(),
		a->snapshots ? REPORT_U(a->precision_sum_ppm / a->snapshots) : REPORT_NULL(),
		REPORT_U(s->pairs_true),
		REPORT_U(s->pairs_predicted),
		REPORT_U(s->pairs_both),
	};
	_Static_assert(sizeof(values) / sizeof(values[0]) == sizeof(columns) / sizeof(columns[0]),
		       "a value for each column");
	report_row(r, values);
}

void backtest_report(struct report *r, const struct backtest_answer *a)
{
	show_verdict(r, a->result);
	show_run(r, a);
	report_member_u64(r, "scored_ns", a->result->window.to_ns - a->result->window.from_ns);
	report_member_u64(r, "interval_ns", a->result->window.interval_ns);
	report_member_u64(r, "snapshots", a->result->absent.snapshots);
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (int i = 0; i < BACKTEST_CLASSES; i++)
		if (is_shown(a->result, i))
			show_row(r, a->result, i);
	show_guesses(r, a->params);
	report_text(r, "Recall and precision count distinct pairs of page and 10 s. "
		       "Next: --plot FILE.svg shows when faults came; --set memory.KEY=VALUE tries "
		       "another host.");
}

/* ---- plot ---- */

/* A count of an interval as faults per second, with three decimals. */
static void put_rate(FILE *out, uint64_t count, uint64_t interval_ns)
{
	const uint64_t milli =
		(uint64_t)((unsigned __int128)count * 1000 * NS_PER_SEC / interval_ns);

	fprintf(out, " %" PRIu64 ".%03" PRIu64, milli / 1000, milli % 1000);
}

void backtest_plot(struct plot *p, const struct backtest_answer *a)
{
	const struct backtest_window *w = &a->result->window;
	char names[80] = "", count[16];
	int nshown = 0;

	for (int c = 0; c < BACKTEST_CLASSES; c++) {
		if (!is_shown(a->result, c))
			continue;
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 nshown++ ? " " : "", backtest_class_names[c]);
	}
	snprintf(count, sizeof(count), "%d", nshown);
	plot_set(p, "title", trace_path(a->recording->trace));
	plot_set(p, "classes", names);
	plot_set(p, "panels", count);

	FILE *out = plot_data(p, "data");
	for (size_t i = 0; i < w->nintervals; i++) {
		const uint64_t start_ns = w->from_ns + i * w->interval_ns;
		fprintf(out, "%" PRIu64 ".%03" PRIu64, start_ns / NS_PER_SEC,
			start_ns / NS_PER_MS % 1000);
		for (int c = 0; c < BACKTEST_CLASSES; c++) {
			if (!is_shown(a->result, c))
				continue;
			put_rate(out, a->result->scores[c].counts_true[i], w->interval_ns);
			put_rate(out, a->result->scores[c].counts_predicted[i], w->interval_ns);
		}
		putc('\n', out);
	}
	plot_data_end(p);
}
