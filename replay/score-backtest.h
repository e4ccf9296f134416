// SPDX-License-Identifier: MIT
/*
 * Back-test of scores: what the first part of a recording tells of the second,
 * against what the second then was. Each design is replayed once; its numbers in
 * blocks of equal length of the first part give a forecast of the rest
 * (replay/forecast.h), and from each block on one of the next block: these many
 * trials are what coverage is counted from. A pin map is learned from the first
 * part and applied to the second, for as long as the first one was at most.
 *
 * Left out: tails of I/O, drops and page walks, whose parts keep no blocks.
 */
#ifndef PUGMARK_REPLAY_SCORE_BACKTEST_H
#define PUGMARK_REPLAY_SCORE_BACKTEST_H

#include "replay/forecast.h"
#include "replay/pinmap.h"
#include "replay/score-report.h"
#include "reports/report.h"

enum {
	SCORE_BACKTEST_BLOCKS = 32,
	SCORE_BACKTEST_LEAST = 8, /* blocks that a next one is forecast from */
	SCORE_BACKTEST_MAP_ROWS = 3,
};

enum score_metric {
	SCORE_IOPF,       /* faults */
	SCORE_IOPF_WORST, /* faults in the worst second */
	SCORE_FAULT_TIME, /* ns from access to end, all faults added up */
	SCORE_CPU_MAJOR,  /* faults of the guest's CPUs */
	SCORE_RETURNED,   /* bytes, mean over the blocks */
	SCORE_METRICS
};
extern const char *const score_metric_names[];

/* Units as of the metric; of the whole part, not per day. */
struct score_backtest_row {
	const char *design, *metric;
	uint64_t learned;
	struct forecast forecast;
	uint64_t actual;
	uint64_t trials, covered; /* of forecasts of one block; 0: none */
	bool is_inside;
	bool is_idle; /* neither part had any: there was nothing to forecast */
	bool is_map;
};

struct score_backtest {
	struct score_backtest_row *rows; /* by design and metric, then those of the map */
	size_t nrows;
	uint64_t split_ppm, block_ns, from_ns, split_ns, to_ns;
	uint64_t pairs, ordered; /* designs that differ in the second part; of them: as forecast */
	struct pinmap map;       /* of the first part */
	const char *map_design;  /* NULL: no design has faults that a map could spare */
	uint64_t trials, covered, tried, inside; /* of rows that are not idle nor of the map */
};

/* Begins zeroed; to be released whatever came out. split_ppm: 1 .. 999,999 */
int score_backtest_run(const struct score_run *r, struct score_design *designs, size_t ndesigns,
		       uint64_t split_ppm, struct score_backtest *out, struct err *e);
void score_backtest_deinit(struct score_backtest *b);

/* Verdict, table, next step. */
void score_backtest_report(struct report *r, const struct score_backtest *b);

#endif
