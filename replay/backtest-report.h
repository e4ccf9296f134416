// SPDX-License-Identifier: MIT
/* What `pugmark pin --backtest` shows of a back-test. */
#ifndef PUGMARK_REPLAY_BACKTEST_REPORT_H
#define PUGMARK_REPLAY_BACKTEST_REPORT_H

#include "replay/backtest.h"
#include "reports/plot.h"
#include "reports/report.h"

/* Everything there is to show; borrowed. */
struct backtest_answer {
	const struct backtest_recording *recording;
	const struct backtest_config *config;
	const struct hostmem_config *memory;
	const struct backtest_result *result;
	const struct param_set *params; /* of [memory], for what was guessed */
};

/* Verdict, what it was measured on, one row a class, next step. */
void backtest_report(struct report *r, const struct backtest_answer *a);

/* The script of the plot, and its data: faults per second by interval. plot_end stays the caller's.
 */
extern const char backtest_plot_script[];
void backtest_plot(struct plot *p, const struct backtest_answer *a);

#endif
