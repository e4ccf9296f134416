// SPDX-License-Identifier: MIT
/*
 * Back-test: replays a recording of a really swapped guest through the model
 * of host memory, without pinning, and compares the faults it predicts with
 * those that the host recorded. It tells how far the model's answers about
 * other questions can be trusted.
 *
 * Left out: how long a swap-in takes (pages come back at once) and the delay
 * between a device's log line and its access.
 */
#ifndef PUGMARK_REPLAY_BACKTEST_H
#define PUGMARK_REPLAY_BACKTEST_H

#include "replay/backtest-input.h"
#include "replay/backtest-score.h"
#include "sim/hostmem.h"

/* "nic", "block", "other", "cpu" */
extern const char *const backtest_class_names[BACKTEST_CLASSES];

/* Pages out of memory, compared at each snapshot within the window; sums over them. */
struct backtest_absent {
	uint64_t snapshots;
	uint64_t recall_sum_ppm;    /* share of really absent pages that the model holds absent */
	uint64_t precision_sum_ppm; /* share of the model's absent pages that really are */
	uint64_t pages_true, pages_predicted;
};

struct backtest_result {
	struct backtest_window window;
	struct backtest_score scores[BACKTEST_CLASSES];
	struct backtest_faults truth[BACKTEST_CLASSES], predicted[BACKTEST_CLASSES];
	struct backtest_absent absent;
	struct hostmem_counts counts; /* at the end of the replay */
};

/*
 * Settings of the run that the recording tells: what reclaim sees of DMA, the
 * swap medium, readahead, how fresh its statistics were. To be called after the host profile and
 * before the user's own.
 */
int backtest_assign(const struct backtest_recording *r, struct param_set *s, struct err *e);

/* memory: section [memory] as set; sizes and limit are filled in here. The caller deinits. */
int backtest_run(const struct backtest_recording *r, const struct backtest_config *c,
		 const struct hostmem_config *memory, struct backtest_result *out, struct err *e);
void backtest_result_deinit(struct backtest_result *r);

#endif
