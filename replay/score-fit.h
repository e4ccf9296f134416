// SPDX-License-Identifier: MIT
/* Which parts of a design go together: pairs that cannot be, and pairs that need a word. */
#ifndef PUGMARK_REPLAY_SCORE_FIT_H
#define PUGMARK_REPLAY_SCORE_FIT_H

#include "replay/score.h"

/* ERR_USAGE with the reason for a pair that cannot be. */
int score_fit_check(const struct score_design *d, struct err *e);

/* The i-th remark on a pair that is modelled, but surprises; NULL after the last. */
const char *score_fit_remark(const struct score_design *d, size_t i);

#endif
