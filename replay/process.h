// SPDX-License-Identifier: MIT
/*
 * Programs as children: pugmark itself with another command, or a program of
 * the system. A child dies with us, whatever kills us; it starts with ordinary
 * signals and nothing on its standard input. What it says is kept in memory.
 */
#ifndef PUGMARK_REPLAY_PROCESS_H
#define PUGMARK_REPLAY_PROCESS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { PROCESS_NOT_STARTED = 127 };

struct process {
	pid_t pid;     /* 0: none */
	int out, err;  /* what it said, -1: not kept */
	bool is_group; /* it leads a process group of its own */
};

struct process_config {
	const char *program;     /* looked for in PATH; NULL: this pugmark */
	const char *const *argv; /* ends in NULL */
	int input;               /* a file it reads, or -1 */
	bool keeps_output;       /* its standard output; else that goes nowhere */
	bool shows_errors;       /* standard error is ours; else kept */
	bool is_group;
};

int process_start(const struct process_config *c, struct process *out, struct err *e);

/* 1: it has ended, with status as waitpid gives it; 0: it runs. */
int process_poll(struct process *p, int *status_out);
void process_wait(struct process *p, int *status_out);
void process_signal(const struct process *p, int signal);

/* The beginning of what it said, in the arena; "" when memory is out. */
const char *process_output(const struct process *p, struct arena *a);
/* Likewise its first line on standard error, without its end. */
const char *process_complaint(const struct process *p, struct arena *a);

/* Forgets what was kept; it has ended. */
void process_close(struct process *p);

/* Runs to its end: exit status (128 + signal if killed), its output and complaint. */
struct process_result {
	int status;
	const char *output, *complaint;
};
int process_run(const char *program, const char *const *argv, struct arena *a,
		struct process_result *out, struct err *e);

/* As a shell tells how a process ended. */
int process_exit_status(int status);

#endif
