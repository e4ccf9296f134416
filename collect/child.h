// SPDX-License-Identifier: MIT
/* The command that is recorded: forked first, run when all probes do, ended with the recording. */
#ifndef PUGMARK_COLLECT_CHILD_H
#define PUGMARK_COLLECT_CHILD_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: there is none */
	int go;    /* a byte into it starts the command; -1: started, or none */
	bool is_done;
	int status; /* as waitpid tells it, once it is done or ended */
};

/* command NULL: none. ERR_NOINPUT where no such program is found. */
int child_start(struct child *c, char *const *command, struct err *e);

/* False: it could not be started. */
bool child_let_go(struct child *c);

/* Whether it has ended by itself. Never, where there is none. */
bool child_is_done(struct child *c);

/* SIGTERM where it still runs, and waits. */
void child_end(struct child *c);

#endif
