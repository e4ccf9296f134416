// SPDX-License-Identifier: MIT
/* The figure of `pugmark score`: which design wins. Private to the command. */
#ifndef PUGMARK_REPLAY_SCORE_PLOT_H
#define PUGMARK_REPLAY_SCORE_PLOT_H

#include "replay/score-report.h"
#include "reports/plot.h"

#define SCORE_PLOT_SCRIPT "score"

/*
 * Memory given back against P99.99 of block I/O, or against I/O page faults in the
 * worst second where no design has [nvme]: a point a design (of the first seed),
 * and the front of the safe ones. Frees p. ERR_UNUSABLE: no design has both.
 */
int score_plot(struct plot *p, const char *path, const struct score_answer *a, struct err *e);

#endif
