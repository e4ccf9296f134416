// SPDX-License-Identifier: MIT
/*
 * The tasks of a sweep: traces x designs x parameters x options, as many
 * configurations of one trace in a task as `batch` allows. It follows from the
 * sweep file and the traces alone, never from the machine: tasks are known by
 * the sha256 of their canonical text.
 *
 * A plan is written into the folder of the sweep, where tasks find their
 * command lines by number; the file is text, a word and its value a line.
 */
#ifndef PUGMARK_REPLAY_SWEEP_PLAN_H
#define PUGMARK_REPLAY_SWEEP_PLAN_H

#include "base/sha256.h"
#include "replay/sweep-config.h"

enum { SWEEP_TASKS_MAX = 100000, SWEEP_ARGS_MAX = 400 };

struct sweep_task {
	char hash[SHA256_HEX_CHARS + 1];
	const char *trace, *trace_digest;
	const char *canon; /* lines of key=value */
	const char **argv; /* the command, the trace, options; ends in NULL */
	uint64_t configs;
};

/* All of it lives in the arena. */
struct sweep_plan {
	struct sweep_task *tasks;
	size_t n;
	uint64_t configs;
	const char *command;
	bool takes_threads;
};

/* Opens every trace for its digest. */
int sweep_plan_make(const struct sweep_config *c, struct sweep_plan *out, struct err *e);

int sweep_plan_write(const struct sweep_plan *p, const char *path, struct err *e);

/* Task number n, from 1, of a plan that this version wrote: p gets it as its only one. */
int sweep_plan_read_task(const char *path, size_t n, struct arena *a, struct sweep_plan *out,
			 struct err *e);

/* The command line as a person would type it behind `pugmark`; the arena's. */
const char *sweep_task_line(const struct sweep_task *t, struct arena *a);

#endif
