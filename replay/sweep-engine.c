// SPDX-License-Identifier: MIT
/* What engines share: signals, progress by what is in the folder, the task script. */
#include "replay/sweep-engine.h"

#include "base/embedded.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static sigset_t ending_signals(void)
{
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGINT);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGHUP);
	sigaddset(&s, SIGCHLD);
	return s;
}

void sweep_signals_block(void)
{
	const sigset_t s = ending_signals();
	sigprocmask(SIG_BLOCK, &s, NULL);
}

int sweep_wait(unsigned ms)
{
	const sigset_t s = ending_signals();
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	const int got = sigtimedwait(&s, NULL, &t);
	return got == SIGINT || got == SIGTERM || got == SIGHUP ? got : 0;
}

void sweep_show_progress(struct sweep_run *r)
{
	uint64_t done = 0;
	if (!r->progress.is_on)
		return;
	for (size_t i = 0; i < r->nmissing; i++) {
		const struct sweep_task *t = &r->plan->tasks[r->missing[i]];
		done += sweep_task_is_done(r->folder, t) ? t->configs : 0;
	}
	progress_set(&r->progress, done);
}

size_t sweep_count_open(const struct sweep_run *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->nmissing; i++) {
		const struct sweep_task *t = &r->plan->tasks[r->missing[i]];
		n += !sweep_task_is_done(r->folder, t) &&
		     access(sweep_path_failed(r->folder, t).s, F_OK);
	}
	return n;
}

int sweep_write_script(const struct sweep_run *r, struct sweep_path *out, struct err *e)
{
	const char *text = embedded_text("scripts/sweep-task");
	char self[SWEEP_PATH_BYTES];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (!text || n <= 0)
		return err_set(e, ERR_BUG, "no task script in this program");
	self[n] = 0;
	*out = sweep_path(r->folder, "sweep-task");
	FILE *f = fopen(out->s, "we");
	if (!f)
		return err_set(e, ERR_CREATE, "%s: %s", out->s, strerror(errno));
	const char *body = strchr(text, '\n') + 1; /* behind #! */
	fprintf(f, "#!/bin/sh\nPUGMARK=${PUGMARK:-'");
	for (const char *c = self; *c; c++)
		fputs(*c == '\'' ? "'\\''" : (char[]){ *c, 0 }, f);
	fprintf(f, "'}\n%s", body);
	bool is_whole = !ferror(f);
	is_whole &= !fclose(f);
	if (!is_whole || chmod(out->s, 0755))
		return err_set(e, ERR_CREATE, "%s: %s", out->s, strerror(errno));
	return 0;
}
