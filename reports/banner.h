// SPDX-License-Identifier: MIT
/* What a reader must know about a trace before its answer: losses, and rows yet to come. */
#ifndef PUGMARK_REPORTS_BANNER_H
#define PUGMARK_REPORTS_BANNER_H

#include "reports/cli.h"
#include "store/trace.h"

/* Events that the trace says are missing; *is_least_out: there are losses of unknown size too. */
uint64_t banner_lost_events(const struct trace *t, bool *is_least_out);

bool banner_is_sealed(const struct trace *t);

/*
 * Of a merge: the recording that was asked for (from 1), or with 0 the first that has rows of the
 * kind, which is noted. The trace then shows only that one. To be called before banner_show.
 */
int banner_choose_recording(const struct cli *cli, const char *command, struct trace *t,
			    uint64_t asked, enum kind_id kind, struct err *e);

/* Notes on stderr, one for each of these and for several recordings; nothing for a whole trace or
 * with --quiet. */
void banner_show(const struct cli *cli, const char *command, const struct trace *t);

#endif
