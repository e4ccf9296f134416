// SPDX-License-Identifier: MIT
/*
 * Which design wins: of those that are safe the one that gives most memory back,
 * as the mean over seeds. Designs within 1 % of it count as equal: that much is
 * where reclaim happened to stand at the end of the trace, seeds differ by more.
 * Of equals the one that costs least CPU wins, burnt by host and guest or waited
 * for pages by the guest; of those equal in that too the one named first.
 */
#ifndef PUGMARK_REPLAY_SCORE_CHOICE_H
#define PUGMARK_REPLAY_SCORE_CHOICE_H

#include "replay/score-report.h"

enum {
	SCORE_TIE_PPM = 10000,
	SCORE_SAFE_MAX_1S = 10, /* IOPFs in a second that a safe design may have, as pin's goal */
};

/* Of one design, means over seeds but for the counts of faults. */
struct score_means {
	uint64_t returned_bytes, host_ppm, guest_ppm, stalled_ppm, cost_ppm;
	uint64_t iopf_least, iopf_most, max_1s; /* over seeds */
};

struct score_means score_means(const struct score_answer *a, size_t design);

enum { SCORE_NO_DESIGN = SCORE_DESIGNS_MAX };

/* Of the designs that are allowed; SCORE_NO_DESIGN: none is. */
size_t score_choose(const struct score_answer *a, const bool *is_allowed);

/* All its faults are served, and no second has more than a few: in all seeds. */
bool score_is_safe(const struct score_answer *a, size_t design);

/* Of the safe ones, its result with the first seed; NULL: none is safe. */
const struct score_result *score_best(const struct score_answer *a);

/* Whether the design is safe and gives as much back as the best. */
bool score_is_tie(const struct score_answer *a, size_t design);

#endif
