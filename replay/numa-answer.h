// SPDX-License-Identifier: MIT
/* What `pugmark numa replay` found out, and how it is shown. Private to the command. */
#ifndef PUGMARK_REPLAY_NUMA_ANSWER_H
#define PUGMARK_REPLAY_NUMA_ANSWER_H

#include "replay/numa-run.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "sim/numa-move.h"
#include "store/results.h"

enum { NUMA_DESIGNS_MAX = 64, NUMA_TIMELINES_MAX = 4 };

struct numa_timeline {
	const char *name;
	struct numa_sample *samples;
	uint64_t end_ppm; /* mean of the last 50 samples, of the first one */
};

struct numa_answer {
	const char *path;
	uint64_t warm_rows;
	struct numa_known known;   /* of the trace */
	const char *native_source; /* "" or NULL: none */
	const char *profile;       /* that made the trace, or NULL */
	const struct numa_result *results;
	size_t nresults;
	const struct numa_move_config *move;
	const struct numa_result *moved; /* whose timelines these are */
	struct numa_timeline timelines[NUMA_TIMELINES_MAX];
	size_t ntimelines;
};

/*
 * Of a result: "predicted" (run time from trace, latencies and the program's own
 * figure), "calibrated" (the source of a latency that it uses names the profile
 * that made the trace), "counted" (no run time).
 */
const char *numa_kind(const struct numa_answer *a, const struct numa_result *r);

/* The run time over that with all tables local, in ppm; 0: not known. */
uint64_t numa_slowdown_ppm(const struct numa_result *r);

/* Plays the timelines of a move: `of` is a result of a nested design. ERR_UNUSABLE: no run time. */
int numa_answer_move(struct numa_answer *a, const struct numa_result *of, enum numa_mover mover,
		     uint64_t seed, struct arena *arena, struct err *e);

/* samples: each of a timeline too, in JSON */
void numa_report(struct report *r, const struct numa_answer *a, bool samples);

/* Adds a run for each design to a results file, and timelines to that of theirs. */
int numa_store(const char *path, const struct results_run *run, const struct numa_answer *a,
	       struct err *e);

/* Data of reports/queries/numa-move.gp if there are timelines, else of numa-replay.gp. */
void numa_plot(struct plot *p, const struct numa_answer *a);

#endif
