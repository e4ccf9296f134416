// SPDX-License-Identifier: MIT
/* What `pugmark score --backtest` shows: verdict, a row for each design and metric, next step. */
#include "replay/score-backtest.h"

#include "base/quantity.h"

static const struct report_column columns[] = {
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "metric", NULL, REPORT_TEXT, 0 },
	{ "learned", NULL, REPORT_U64, 0 },
	{ "low", NULL, REPORT_U64, 0 },
	{ "predicted", NULL, REPORT_U64, 0 },
	{ "high", NULL, REPORT_U64, 0 },
	{ "actual", NULL, REPORT_U64, 0 },
	{ "inside", NULL, REPORT_BOOL, 0 },
	{ "trials", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "covered_ppm", "next block inside", REPORT_PPM, 0 },
	{ "nominal_ppm", NULL, REPORT_PPM, REPORT_ONLY_JSON },
	{ "from", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

static void show_map(struct report *r, const struct score_backtest *b)
{
	const struct score_backtest_row *x = &b->rows[b->nrows - SCORE_BACKTEST_MAP_ROWS];
	const struct score_backtest_row *without = &x[0], *with = &x[1], *cut = &x[2];
	if (!b->map_design)
		return;
	report_text(r,
		    "Pin map of the first part (%s, %s of the VM): cuts the second part's IOPF by "
		    "%s (%s -> %s); predicted %s [%s to %s]: %s.",
		    b->map_design,
		    quantity_ppm(quantity_ratio_ppm(b->map.pinned_pages, b->map.vm_pages)).s,
		    quantity_ppm(cut->actual).s, quantity_count(without->actual).s,
		    quantity_count(with->actual).s, quantity_ppm(cut->forecast.middle).s,
		    quantity_ppm(cut->forecast.low).s, quantity_ppm(cut->forecast.high).s,
		    cut->is_inside ? "inside" : "OUTSIDE");
}

static void show_verdict(struct report *r, const struct score_backtest *b)
{
	const uint64_t covered = quantity_ratio_ppm(b->covered, b->trials);
	if (!b->tried)
		report_text(r, "NOTHING TO PREDICT: no design had a fault in either part.");
	else
		report_text(
			r,
			"%llu of %llu figures of the second part lie inside the intervals that the "
			"first part (%s) gave%s. Of one block from those before it: %s of %s "
			"trials inside, nominal %s%s.",
			(unsigned long long)b->inside, (unsigned long long)b->tried,
			quantity_ppm(b->split_ppm).s,
			quantity_ratio_ppm(b->inside, b->tried) < FORECAST_COVERAGE_PPM
				? ": the second part is NOT LIKE the first"
				: "",
			quantity_ppm(covered).s, quantity_count(b->trials).s,
			quantity_ppm(FORECAST_COVERAGE_PPM).s,
			covered < FORECAST_COVERAGE_PPM
				? ": the intervals are TOO NARROW here, the "
				  "recording changes as it goes"
				: "");
	show_map(r, b);
	if (b->pairs)
		report_text(r,
			    "Designs by IOPF: %llu of %llu pairs that differ are in the order "
			    "that was predicted.",
			    (unsigned long long)b->ordered, (unsigned long long)b->pairs);
}

static void put_members(struct report *r, const struct score_backtest *b)
{
	report_member_u64(r, "split_ppm", b->split_ppm);
	report_member_u64(r, "from_ns", b->from_ns);
	report_member_u64(r, "split_ns", b->split_ns);
	report_member_u64(r, "to_ns", b->to_ns);
	report_member_u64(r, "nominal_ppm", FORECAST_COVERAGE_PPM);
	report_member_u64(r, "tried", b->tried);
	report_member_u64(r, "inside", b->inside);
	report_member_u64(r, "trials", b->trials);
	report_member_u64(r, "covered", b->covered);
	report_member_u64(r, "pairs", b->pairs);
	report_member_u64(r, "pairs_in_order", b->ordered);
	if (b->map_design) {
		report_member_text(r, "map_design", b->map_design);
		report_member_u64(r, "map_pages", b->map.pinned_pages);
	}
}

void score_backtest_report(struct report *r, const struct score_backtest *b)
{
	show_verdict(r, b);
	put_members(r, b);
	report_table(r, "rows", "Second part, from the first", columns,
		     sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < b->nrows; i++) {
		const struct score_backtest_row *x = &b->rows[i];
		const bool has_trials = x->trials && !x->is_idle;
		report_row(r,
			   (struct report_value[]){
				   REPORT_S(x->design), REPORT_S(x->metric), REPORT_U(x->learned),
				   REPORT_U(x->forecast.low), REPORT_U(x->forecast.middle),
				   REPORT_U(x->forecast.high), REPORT_U(x->actual),
				   REPORT_B(x->is_inside), REPORT_U(has_trials ? x->trials : 0),
				   has_trials ? REPORT_U(quantity_ratio_ppm(x->covered, x->trials))
					      : REPORT_NULL(),
				   REPORT_U(FORECAST_COVERAGE_PPM),
				   REPORT_S(x->is_map ? "map" : "blocks") });
	}
	report_text(r, "Assumed: the second part is drawn like the first. Figures are of the "
		       "whole parts, not per day.");
	report_text(r, "Next: --split N%% moves the border, --pin-map FILE keeps the map; pugmark "
		       "pin --pin-map FILE tries it.");
}
