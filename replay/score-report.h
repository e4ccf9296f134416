// SPDX-License-Identifier: MIT
/* What `pugmark score` found out, and how it is shown and stored. Private to the command. */
#ifndef PUGMARK_REPLAY_SCORE_REPORT_H
#define PUGMARK_REPLAY_SCORE_REPORT_H

#include "replay/score.h"
#include "reports/report.h"
#include "store/results.h"

enum { SCORE_DESIGNS_MAX = 64, SCORE_SEEDS_MAX = 16 };

struct score_answer {
	const struct score_input *input;
	const struct score_result *results; /* nseeds times ndesigns, seed by seed */
	size_t ndesigns, nseeds;
	const uint64_t *seeds;
	size_t nguesses, nparams;
	const char *memory_from;   /* "--memory" .. */
	const char *const *unused; /* traces that no part took */
	size_t nunused;
	uint64_t lost_events; /* of all traces, where the number is known */
};

/* Everything between report_begin and report_end. */
void score_report(struct report *r, const struct score_answer *a);

/* Adds a run to a results file. */
int score_store(const char *path, const struct results_run *run, const struct score_answer *a,
		struct err *e);

#endif
