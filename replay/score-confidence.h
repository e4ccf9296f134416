// SPDX-License-Identifier: MIT
/*
 * How sure is the verdict of score? Would each half of the trace, and each seed,
 * have chosen the same design, and how many faults would it have in as long a
 * time again (replay/forecast.h)? A half judges by its own faults; the memory
 * that comes back is that of the whole run.
 */
#ifndef PUGMARK_REPLAY_SCORE_CONFIDENCE_H
#define PUGMARK_REPLAY_SCORE_CONFIDENCE_H

#include "replay/forecast.h"
#include "replay/score-report.h"

struct score_confidence {
	const struct score_result *best, *by_half[2]; /* NULL: no design */
	bool halves_agree, seeds_agree;
	const struct score_result *other; /* what some seed chooses instead; NULL: no design */
	bool has_interval;
	struct forecast iopf; /* of the best, in as long a time again */
};

void score_confidence(const struct score_answer *a, struct score_confidence *out);

/* A line below the verdict, members for programs; nothing where no design was chosen. */
void score_show_confidence(struct report *r, const struct score_answer *a);

#endif
