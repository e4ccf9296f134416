// SPDX-License-Identifier: MIT
/*
 * Who runs the tasks of a sweep: workers of this process, GNU parallel, or
 * Slurm. An engine ends when no task is left that it could run; what was done is
 * seen in the folder, not told by the engine. All three run the same tasks and
 * leave the same files.
 */
#ifndef PUGMARK_REPLAY_SWEEP_ENGINE_H
#define PUGMARK_REPLAY_SWEEP_ENGINE_H

#include "replay/sweep-task.h"
#include "reports/progress.h"

struct sweep_run {
	const char *folder;
	const struct sweep_plan *plan;
	const size_t *missing; /* numbers of tasks, from 0, ascending */
	size_t nmissing;
	unsigned jobs; /* tasks at a time; 0: what the engine thinks right */
	uint64_t retries;
	struct arena *arena;
	struct progress progress; /* in configurations */
	uint64_t done_before;     /* configurations */
	void (*note)(void *ctx, const char *sentence);
	void *note_ctx;
};

struct sweep_engine {
	const char *name, *summary;
	/* ERR_NO with the number in *signal_out: stopped by a signal, all children are gone. */
	int (*run)(struct sweep_run *r, int *signal_out, struct err *e);
};

extern const struct sweep_engine sweep_local, sweep_parallel, sweep_slurm;

/* Signals that end a sweep arrive by sweep_wait, from here on. */
void sweep_signals_block(void);

/* Waits for a child's end or `ms` at most; a signal that ends us, or 0. */
int sweep_wait(unsigned ms);

/* Configurations whose results are there; the progress line follows. */
void sweep_show_progress(struct sweep_run *r);

/* How many tasks of the run are neither done nor failed for good. */
size_t sweep_count_open(const struct sweep_run *r);

/* The script that engines outside run: written into the folder. */
int sweep_write_script(const struct sweep_run *r, struct sweep_path *out, struct err *e);

#endif
