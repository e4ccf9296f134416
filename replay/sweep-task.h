// SPDX-License-Identifier: MIT
/*
 * One task in the folder of its sweep: the command runs as a child and stores
 * into .HASH.HOST.PID.tmp; what is whole is sealed and renamed to HASH.db. Why a
 * task failed for good stands in HASH.failed.
 */
#ifndef PUGMARK_REPLAY_SWEEP_TASK_H
#define PUGMARK_REPLAY_SWEEP_TASK_H

#include "replay/process.h"
#include "replay/sweep-plan.h"

enum { SWEEP_PATH_BYTES = 4096 };

struct sweep_path {
	char s[SWEEP_PATH_BYTES];
};

/* DIR/NAME and DIR/HASH.db by value; checked once by sweep_folder_make. */
struct sweep_path sweep_path(const char *folder, const char *name);
struct sweep_path sweep_path_result(const char *folder, const struct sweep_task *t);
struct sweep_path sweep_path_failed(const char *folder, const struct sweep_task *t);

/* Whether its result is there, as far as its name tells. */
bool sweep_task_is_done(const char *folder, const struct sweep_task *t);

/* Likewise why it failed, in the arena; NULL: it did not. */
const char *sweep_task_failure(const char *folder, const struct sweep_task *t, struct arena *a,
			       int *status_out);

struct sweep_job {
	const struct sweep_task *task;
	const char *folder;
	struct process process;
	struct sweep_path temporary;
};

/* Starts the command; threads 0: the command's own choice. */
int sweep_job_start(struct sweep_job *j, const char *folder, const struct sweep_plan *p,
		    const struct sweep_task *t, unsigned threads, struct err *e);

enum sweep_end {
	SWEEP_RUNS,
	SWEEP_DONE,
	SWEEP_KILLED, /* worth another try */
	SWEEP_FAILED, /* not so: e says why */
};

/* Looks whether it has ended, and ends it: then its result is there, or nothing is. */
enum sweep_end sweep_job_poll(struct sweep_job *j, struct arena *a, struct err *e);

/* Ends it, now; nothing of it stays. */
void sweep_job_stop(struct sweep_job *j);

/* Removes what processes of this host that are no more left in a folder. */
void sweep_folder_sweep(const char *folder);

#endif
