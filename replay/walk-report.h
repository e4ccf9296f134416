// SPDX-License-Identifier: MIT
/* What `pugmark walk` found out, and the screens that show it. Private to the command. */
#ifndef PUGMARK_REPLAY_WALK_REPORT_H
#define PUGMARK_REPLAY_WALK_REPORT_H

#include "replay/walk-design.h"
#include "reports/report.h"
#include "sim/walk.h"
#include "store/results.h"
#include "store/trace.h"

struct walk_row {
	const struct walk_design *design;
	struct walk_counts counts;
};

struct walk_answer {
	const struct trace *trace;
	const struct trace_stream_info *stream;
	const struct walk_row *rows;
	size_t nrows;
};

/* Everything between report_begin and report_end. */
void walk_report(struct report *r, const struct walk_answer *a);

/* Adds a run for each design to a results file. */
int walk_store(const char *path, const struct results_run *run, const struct walk_answer *a,
	       struct err *e);

#endif
