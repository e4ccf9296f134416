// SPDX-License-Identifier: MIT
/*
 * A command that waits between fork and exec, so that everything that shall see
 * it can be set up on its process number before it runs.
 */
#include "collect/child.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As execvp will look for it: better now than after the fork. */
static bool is_command(const char *name)
{
	char path[PATH_MAX];
	const char *folders = getenv("PATH");
	if (strchr(name, '/') || !folders)
		return !access(name, X_OK);
	for (const char *p = folders; *p; p += strcspn(p, ":"), p += *p == ':') {
		snprintf(path, sizeof(path), "%.*s/%s", (int)strcspn(p, ":"), p, name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/* In the child: the byte that lets it go, or the end of the pipe. */
static void wait_and_exec(char *const *command, int go[2])
{
	char byte;
	close(go[1]);
	if (read(go[0], &byte, 1) == 1) {
		close(go[0]);
		execvp(command[0], command);
		fprintf(stderr, "pugmark record: %s: %s\n", command[0], strerror(errno));
	}
	_exit(127);
}

int child_start(struct child *c, char *const *command, struct err *e)
{
	int go[2];
	*c = (struct child){ .go = -1 };
	if (!command)
		return 0;
	if (!is_command(command[0]))
		return err_set(e, ERR_NOINPUT, "%s: no such command", command[0]);
	if (pipe(go))
		return err_set(e, ERR_IO, "pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid < 0)
		return err_set(e, ERR_IO, "fork: %s", strerror(errno));
	if (!c->pid)
		wait_and_exec(command, go);
	close(go[0]);
	c->go = go[1];
	return 0;
}

bool child_let_go(struct child *c)
{
	const char byte = 1;
	if (c->go < 0)
		return true;
	const bool is_told = write(c->go, &byte, 1) == 1;
	close(c->go);
	c->go = -1;
	return is_told;
}

bool child_is_done(struct child *c)
{
	if (c->pid > 0 && !c->is_done && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->is_done = true;
	return c->is_done;
}

void child_end(struct child *c)
{
	if (c->pid <= 0)
		return;
	if (c->go >= 0)
		close(c->go);
	if (!c->is_done) {
		kill(c->pid, SIGTERM);
		waitpid(c->pid, &c->status, 0);
	}
}
