// SPDX-License-Identifier: MIT
/*
 * How near predicted faults are to recorded ones. Two faults are the same when
 * they hit one page within one interval: recall and precision count distinct
 * (page, interval) pairs, so that neither a double fault nor a fault predicted
 * a second early counts as two mistakes. Intervals start with the window.
 */
#ifndef PUGMARK_REPLAY_BACKTEST_SCORE_H
#define PUGMARK_REPLAY_BACKTEST_SCORE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The scored part of a recording: [from, to), cut into intervals; the last may be shorter. */
struct backtest_window {
	uint64_t from_ns, to_ns, interval_ns;
	size_t nintervals;
};

/* ERR_UNUSABLE when it is empty or has more than a million intervals. */
int backtest_window_init(struct backtest_window *w, uint64_t from_ns, uint64_t to_ns,
			 uint64_t interval_ns, struct err *e);

struct backtest_fault {
	uint64_t ts_ns, pfn;
};

/* A growing list, zeroed to begin with. */
struct backtest_faults {
	struct backtest_fault *v;
	size_t n, cap;
};

int backtest_faults_add(struct backtest_faults *f, uint64_t ts_ns, uint64_t pfn, struct err *e);
void backtest_faults_deinit(struct backtest_faults *f);

struct backtest_score {
	uint64_t faults_true, faults_predicted;
	uint64_t pairs_true, pairs_predicted, pairs_both;
	/* Pearson's r of the counts by interval, in ppm; has_corr is false where one is constant */
	int64_t corr_ppm;
	bool has_corr;
	uint64_t worst_true, worst_predicted;     /* most faults of one interval */
	uint64_t *counts_true, *counts_predicted; /* by interval */
};

/* Scores the faults within the window; sorts both lists by page and time. Caller deinits. */
int backtest_score_init(struct backtest_score *s, const struct backtest_window *w,
			struct backtest_faults *truth, struct backtest_faults *predicted,
			struct err *e);
void backtest_score_deinit(struct backtest_score *s);

/* The greatest r with r * r <= v. */
uint64_t backtest_sqrt(uint64_t v);

/* Pearson's r of two rows of n counts, in ppm, towards zero; false where one row is constant. */
bool backtest_correlate(const uint64_t *x, const uint64_t *y, size_t n, int64_t *ppm_out);

#endif
