// SPDX-License-Identifier: MIT
/* Which tasks of a plan are done, looked up in the folder. Private to sweep. */
#ifndef PUGMARK_REPLAY_SWEEP_STATE_H
#define PUGMARK_REPLAY_SWEEP_STATE_H

#include "replay/sweep-task.h"
#include "reports/cli.h"

enum sweep_task_state {
	SWEEP_MISSING,
	SWEEP_WAS_DONE, /* before this run */
	SWEEP_COMPUTED,
	SWEEP_BROKEN, /* failed for good in this run */
};

struct sweep_state {
	const struct sweep_plan *plan;
	const char *folder;
	uint8_t *of;     /* enum sweep_task_state of each task */
	size_t *missing; /* before the run */
	size_t nmissing;
	size_t ndamaged; /* results that were set aside */
	size_t nrefused; /* of the broken: the command refused what it was given */
};

/* Looks at every result there is; what is damaged is told and, unless it only looks, set aside. */
int sweep_state_look(struct sweep_state *s, const struct sweep_plan *p, const char *folder,
		     const struct cli *cli, bool only_looks, struct arena *a, struct err *e);

/* After the run: what was computed, checked; failures are told. */
void sweep_state_update(struct sweep_state *s, const struct cli *cli, struct arena *a);

size_t sweep_state_count(const struct sweep_state *s, enum sweep_task_state state);

/* Merges all results into DIR/results.db. */
struct results_merged;
int sweep_state_merge(const struct sweep_state *s, struct arena *a, struct results_merged *out,
		      struct err *e);

/* The tables of a run: a row a trace. */
struct sweep_outcome {
	const char *path, *engine; /* of the sweep file; engine NULL: nothing was run */
	const struct sweep_state *state;
	const struct results_merged *merged; /* NULL: not merged */
};
void sweep_report(struct report *r, const struct sweep_outcome *o);

#endif
