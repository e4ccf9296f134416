// SPDX-License-Identifier: MIT
/*
 * Engine parallel: GNU parallel runs the task script. It is given every task in
 * the plan's order, so that the numbers in its joblog stay those of the plan and
 * --resume-failed skips what is done. Where the joblog calls a task done whose
 * result is gone, the log is begun anew: the script does nothing where a result
 * is there. Options of one's own (other machines, niceness) go by the
 * environment, as GNU parallel reads it: PARALLEL='--sshloginfile hosts'.
 */
#include "replay/sweep-engine.h"

#include "base/cleanup.h"
#include "base/tempfile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 200, STOP_LOOKS = 50, STOP_EVERY_MS = 100 };

/* All numbers, a line each: what parallel reads. */
static int write_numbers(const struct sweep_run *r, int *fd_out, struct err *e)
{
	const int fd = tempfile_open(e);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < r->plan->n; i++)
		dprintf(fd, "%zu\n", i + 1);
	if (lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return err_set(e, ERR_IO, "the list of tasks: %s", strerror(errno));
	}
	*fd_out = fd;
	return 0;
}

/* Lines `SEQ HOST START RUNTIME SEND RECEIVE EXITVAL SIGNAL COMMAND` behind a heading. */
static bool calls_missing_done(const struct sweep_run *r, const char *joblog)
{
	_free_ char *line = NULL;
	size_t bytes = 0;
	bool is_stale = false;
	_fclose_ FILE *f = fopen(joblog, "re");
	while (f && !is_stale && getline(&line, &bytes, f) > 0) {
		unsigned long seq;
		int status;
		if (sscanf(line, "%lu %*s %*s %*s %*s %*s %d", &seq, &status) != 2)
			continue;
		is_stale = !seq || seq > r->plan->n ||
			   (!status && !sweep_task_is_done(r->folder, &r->plan->tasks[seq - 1]));
	}
	return is_stale;
}

/* Tells it to end; the first TERM lets it wait for its jobs, the second kills them. */
static void stop(struct process *p)
{
	int status;
	for (unsigned i = 0; i < STOP_LOOKS && p->pid; i++) {
		process_signal(p, SIGTERM);
		sweep_wait(STOP_EVERY_MS);
		process_poll(p, &status);
	}
	if (!p->pid)
		return;
	process_signal(p, SIGKILL);
	process_wait(p, &status);
}

static int wait_for(struct sweep_run *r, struct process *p, int *signal_out, struct err *e)
{
	int status;
	while (!process_poll(p, &status)) {
		*signal_out = sweep_wait(LOOK_EVERY_MS);
		sweep_show_progress(r);
		if (*signal_out) {
			stop(p);
			return err_set(e, ERR_NO, "stopped");
		}
	}
	const int code = process_exit_status(status);
	const char *why = process_complaint(p, r->arena);
	if (code == PROCESS_NOT_STARTED)
		return err_set(e, ERR_FEATURE,
			       "parallel: %.100s: install the package parallel, or use --engine "
			       "local",
			       why);
	if (code == 255) /* its own failure; up to 101 it counts jobs that failed */
		return err_set(e, ERR_FEATURE, "parallel: %.200s", why);
	return 0;
}

static int run_once(struct sweep_run *r, const char *script, int *signal_out, struct err *e)
{
	const struct sweep_path joblog = sweep_path(r->folder, "joblog");
	char jobs[40];
	int numbers = -1;
	if (calls_missing_done(r, joblog.s))
		unlink(joblog.s);
	snprintf(jobs, sizeof(jobs), r->jobs ? "--jobs=%u" : "--jobs=100%%", r->jobs);
	const char *const argv[] = { "parallel", "--no-notice", "--quote",
				     "--joblog", joblog.s,      "--resume-failed",
				     jobs,       script,        r->folder,
				     NULL };
	int rc = write_numbers(r, &numbers, e);
	if (rc)
		return rc;
	const struct process_config c = {
		.program = "parallel", .argv = argv, .input = numbers, .is_group = true
	};
	struct process p;
	rc = process_start(&c, &p, e);
	close(numbers);
	if (rc)
		return rc;
	rc = wait_for(r, &p, signal_out, e);
	process_close(&p);
	return rc;
}

static int run(struct sweep_run *r, int *signal_out, struct err *e)
{
	struct sweep_path script;
	int rc = sweep_write_script(r, &script, e);
	setenv("SHELL", "/bin/sh", 1); /* what parallel runs jobs with */
	for (uint64_t i = 0; !rc && i <= r->retries && sweep_count_open(r); i++)
		rc = run_once(r, script.s, signal_out, e);
	return rc;
}

const struct sweep_engine sweep_parallel = {
	.name = "parallel",
	.summary = "GNU parallel",
	.run = run,
};
