// SPDX-License-Identifier: MIT
/* The sentences of a report, kept in a results file with the numbers they speak of. */
#ifndef PUGMARK_REPORTS_SAID_H
#define PUGMARK_REPORTS_SAID_H

#include "base/param.h"
#include "reports/report.h"
#include "store/results.h"

/*
 * A report whose sentences go into the current run of r; end it by report_end.
 * What fails is told by results_close. NULL when memory is out.
 */
struct report *said_begin(struct results *r);

/* Each parameter that fills something, of the used sections, as an assumption of the current run.
 */
int said_assume(struct results *r, const struct param_set *s, struct err *e);

/*
 * Begins a run of one design of several that a command compares: results_begin_run
 * with the design's digest, then said_assume. *canonical_out is param_canonical,
 * which the caller frees, also on failure.
 */
int said_begin_design(struct results *r, const struct results_run *run, const struct param_set *s,
		      char **canonical_out, struct err *e);

#endif
