// SPDX-License-Identifier: MIT
/*
 * Engine slurm: array jobs of the task script, then waiting for the results to
 * appear in the folder, which all nodes must share, and for the jobs to end. A
 * task that was killed is submitted again. What a task says goes into DIR/log.
 * Options of one's own go by the environment that sbatch reads:
 * SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT.
 */
#include "replay/sweep-engine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LOOK_EVERY_MS = 1000,
	ASK_EVERY_LOOKS = 3, /* the controller serves others, too */
	ARRAY_DEFAULT = 1000,
	ARRAY_MOST = 10000, /* its list of indices stays below 64 KiB */
	JOBS_MAX = 200,
};

struct array {
	char id[JOBS_MAX][24];
	size_t n;
};

/* ---- submitting ---- */

/* Slurm's own limit of an array's indices; they are below it. */
static size_t array_limit(struct sweep_run *r)
{
	static const char *const argv[] = { "scontrol", "show", "config", NULL };
	struct process_result p;
	struct err e;
	if (process_run("scontrol", argv, r->arena, &p, &e) || p.status)
		return ARRAY_DEFAULT;
	const char *at = strstr(p.output, "MaxArraySize");
	const char *equals = at ? strchr(at, '=') : NULL;
	const unsigned long n = equals ? strtoul(equals + 1, NULL, 10) : 0;
	return n < 2 ? ARRAY_DEFAULT : n > ARRAY_MOST ? ARRAY_MOST : n - 1;
}

/* "0-4,7,9-12": the open tasks from first to first + n - 1, as offsets; false: none. */
static bool list_open(const struct sweep_run *r, size_t first, size_t n, FILE *out)
{
	bool is_any = false;
	size_t begin = SIZE_MAX, last = SIZE_MAX;
	for (size_t i = 0; i <= r->nmissing; i++) {
		const size_t task = i < r->nmissing ? r->missing[i] : SIZE_MAX;
		const bool is_in = task >= first && task < first + n &&
				   !sweep_task_is_done(r->folder, &r->plan->tasks[task]);
		if (is_in && begin != SIZE_MAX && task == last + 1) {
			last = task;
			continue;
		}
		if (begin != SIZE_MAX && (is_in || i == r->nmissing)) {
			fprintf(out, "%s%zu", is_any ? "," : "", begin - first);
			if (last != begin)
				fprintf(out, "-%zu", last - first);
			is_any = true;
		}
		if (is_in)
			begin = last = task;
	}
	return is_any;
}

static int submit(struct sweep_run *r, const char *script, const char *list, size_t first,
		  struct array *jobs, struct err *e)
{
	char array[1 << 16], offset[40], output[SWEEP_PATH_BYTES + 40];
	struct process_result p;
	if (r->jobs)
		snprintf(array, sizeof(array), "--array=%s%%%u", list, r->jobs);
	else
		snprintf(array, sizeof(array), "--array=%s", list);
	snprintf(offset, sizeof(offset), "+%zu", first + 1);
	snprintf(output, sizeof(output), "--output=%s/log/%%A-%%a.txt", r->folder);
	const char *const argv[] = { "sbatch",
				     "--parsable",
				     "--job-name=pugmark-sweep",
				     "--open-mode=append",
				     array,
				     output,
				     script,
				     r->folder,
				     offset,
				     NULL };
	const int rc = process_run("sbatch", argv, r->arena, &p, e);
	if (rc)
		return rc;
	if (p.status == PROCESS_NOT_STARTED)
		return err_set(e, ERR_FEATURE,
			       "sbatch: %.100s: install the package slurm-client, or use --engine "
			       "local",
			       p.complaint);
	if (p.status || jobs->n == JOBS_MAX)
		return err_set(e, ERR_FEATURE, "%.200s", p.complaint);
	snprintf(jobs->id[jobs->n++], sizeof(jobs->id[0]), "%.*s",
		 (int)strspn(p.output, "0123456789"), p.output);
	return 0;
}

/* An array for every `limit` tasks of the plan that has open ones. */
static int submit_all(struct sweep_run *r, const char *script, struct array *jobs, struct err *e)
{
	const size_t limit = array_limit(r);
	int rc = 0;
	for (size_t first = 0; first < r->plan->n && !rc; first += limit) {
		_free_ char *list = NULL;
		size_t bytes;
		FILE *f = open_memstream(&list, &bytes);
		if (!f)
			return err_set(e, ERR_NOMEM, "no memory for the list of tasks");
		const bool is_any = list_open(r, first, limit, f);
		fclose(f);
		if (is_any)
			rc = submit(r, script, list, first, jobs, e);
	}
	return rc;
}

/* ---- waiting ---- */

/* Whether the controller says that a job has ended; not so when it cannot be asked. */
static bool has_ended(struct sweep_run *r, const char *id)
{
	const char *const argv[] = { "squeue", "--noheader", "--jobs", id, "--format=%T", NULL };
	struct process_result p;
	struct err e;
	if (process_run("squeue", argv, r->arena, &p, &e))
		return false;
	if (p.status) /* long gone, or nobody answers */
		return strstr(p.complaint, "Invalid job id");
	return !*p.output;
}

static void cancel(struct sweep_run *r, const struct array *jobs)
{
	struct process_result p;
	struct err e;
	for (size_t i = 0; i < jobs->n; i++) {
		const char *const argv[] = { "scancel", jobs->id[i], NULL };
		if (process_run("scancel", argv, r->arena, &p, &e))
			continue;
	}
}

static bool all_ended(struct sweep_run *r, const struct array *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (!has_ended(r, jobs->id[i]))
			return false;
	return true;
}

static int wait_for(struct sweep_run *r, const struct array *jobs, int *signal_out, struct err *e)
{
	for (unsigned long look = 1; sweep_count_open(r); look++) {
		if (look % ASK_EVERY_LOOKS == 0 && all_ended(r, jobs))
			return 0;
		*signal_out = sweep_wait(LOOK_EVERY_MS);
		sweep_show_progress(r);
		if (*signal_out) {
			cancel(r, jobs);
			return err_set(e, ERR_NO, "stopped");
		}
	}
	return 0;
}

static int run(struct sweep_run *r, int *signal_out, struct err *e)
{
	struct sweep_path script;
	const struct sweep_path log = sweep_path(r->folder, "log");
	int rc = sweep_write_script(r, &script, e);
	if (!rc && mkdir(log.s, 0777) && errno != EEXIST)
		rc = err_set(e, ERR_CREATE, "%s: %s", log.s, strerror(errno));
	for (uint64_t i = 0; !rc && i <= r->retries && sweep_count_open(r); i++) {
		_free_ struct array *jobs = calloc(1, sizeof(*jobs));
		if (!jobs)
			return err_set(e, ERR_NOMEM, "no memory for the jobs");
		if (i)
			r->note(r->note_ctx, "jobs ended without a result: submitted again");
		rc = submit_all(r, script.s, jobs, e);
		if (!rc)
			rc = wait_for(r, jobs, signal_out, e);
		else
			cancel(r, jobs);
	}
	return rc;
}

const struct sweep_engine sweep_slurm = {
	.name = "slurm",
	.summary = "array jobs of a Slurm cluster that shares the folder",
	.run = run,
};
