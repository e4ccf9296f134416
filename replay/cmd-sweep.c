// SPDX-License-Identifier: MIT
/*
 * pugmark sweep: one command on many traces with many values, each task once:
 * what is done stays done, whatever is killed, and the merged results are the
 * same bytes whoever computed them.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/sweep-engine.h"
#include "replay/sweep-merge.h"
#include "replay/sweep-state.h"
#include "reports/options.h"
#include "store/results-merge.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char program[] = "sweep";

static const struct sweep_engine *const engines[] = { &sweep_local, &sweep_parallel, &sweep_slurm };

struct options {
	struct cli cli;
	struct sweep_merge_paths paths; /* the arguments */
	const char *output;
	int engine; /* number of */
	uint64_t jobs, task;
	bool is_merge, is_dry;
};

/* ---- options ---- */

static void list_engines(struct choices *c)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++)
		choices_add(c, engines[i]->name, NULL, NULL);
}

static int take_path(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (o->paths.n == SWEEP_MERGE_PATHS_MAX)
		return err_set(e, ERR_USAGE, "more than %d files", SWEEP_MERGE_PATHS_MAX);
	o->paths.path[o->paths.n++] = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	if (o->is_merge && o->task)
		return err_set(e, ERR_USAGE, "--merge and --task are two things");
	if (!o->paths.n)
		return err_set(e, ERR_USAGE,
			       o->is_merge ? "which results?"
			       : o->task   ? "the task of which folder?"
					   : "which sweep file?");
	if (o->is_merge && !o->output)
		return err_set(e, ERR_USAGE, "--merge: into which file? -o RESULTS.db");
	if (!o->is_merge && o->paths.n > 1)
		return err_set(e, ERR_USAGE, "one at a time: '%s' is too many", o->paths.path[1]);
	if (o->task && (o->output || o->is_dry))
		return err_set(e, ERR_USAGE, "--task: no --output and no --dry-run beside it");
	return 0;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "output",
	  .key = 'o',
	  .arg = "DIR",
	  .kind = CLI_TEXT,
	  AT(output),
	  .help = "Folder of the sweep, made if need be; default: the file's name with .sweep for "
		  ".ini. With --merge: the file that is written" },
	{ .name = "engine",
	  .key = 'e',
	  .arg = "E",
	  .kind = CLI_CHOICE,
	  AT(engine),
	  .choices = list_engines,
	  .fallback = "local",
	  .help = "Who runs the tasks (parallel: GNU parallel)" },
	{ .name = "jobs",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(jobs),
	  .least = 1,
	  .most = 4096,
	  .help = "Tasks at a time; default: one a processor, under Slurm as many as it lets" },
	{ .name = "dry-run",
	  .kind = CLI_FLAG,
	  AT(is_dry),
	  .help = "Check everything, show what there is to do, do nothing" },
	{ .name = "merge",
	  .kind = CLI_FLAG,
	  AT(is_merge),
	  .help = "Merge results files, and those in folders of sweeps" },
	{ .name = "task",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(task),
	  .least = 1,
	  .most = SWEEP_TASKS_MAX,
	  .help = "Run task N of the plan in a folder, with --jobs threads: what sweep-task does" },
};

static const struct cli_command command = {
	.args_doc = "SWEEP.ini\n--merge RESULTS.db|DIR... -o RESULTS.db\n--task N DIR",
	.doc = "Runs a command that stores results on traces x designs x parameters, on all "
	       "processors or on a cluster. Run again, it does what is missing; complete, it "
	       "merges "
	       "all into DIR/results.db.\v"
	       "Examples:\n"
	       "  pugmark sweep night.ini --dry-run\n"
	       "  pugmark sweep night.ini\n"
	       "  pugmark sweep night.ini --engine slurm --jobs 100",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_path,
	.argument_files = "",
	.check = check,
};

/* ---- a sweep ---- */

/* "a/night.ini" -> "a/night.sweep" */
static const char *default_folder(const char *path, struct arena *a)
{
	static const char ending[] = ".sweep";
	const size_t n = strlen(path);
	char *folder = arena_alloc(a, n + sizeof(ending), 1);
	if (!folder)
		return NULL;
	strcpy(folder, path);
	if (n > 4 && !strcmp(folder + n - 4, ".ini"))
		folder[n - 4] = 0;
	return strcat(folder, ending);
}

/* The folder, and the right to be the only one that works in it: a descriptor. */
static int take_folder(const char *folder, struct err *e)
{
	if (mkdir(folder, 0777) && errno != EEXIST)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", folder,
			       strerror(errno));
	const struct sweep_path path = sweep_path(folder, "lock");
	const int fd = open(path.s, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", path.s,
			       strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return err_set(e, ERR_CREATE, "%s: another sweep is at work in it", folder);
	}
	return fd;
}

struct work {
	const struct options *options;
	struct arena arena;
	struct sweep_config config;
	struct sweep_plan plan;
	struct sweep_state state;
	const char *folder;
	struct results_merged merged;
	int signal;
};

static void note(void *ctx, const char *sentence)
{
	cli_note(ctx, program, "a task %s", sentence);
}

static int run_engine(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	struct sweep_run r = {
		.folder = w->folder,
		.plan = &w->plan,
		.missing = w->state.missing,
		.nmissing = w->state.nmissing,
		.jobs = (unsigned)o->jobs,
		.retries = w->config.retries,
		.arena = &w->arena,
		.note = note,
		.note_ctx = (void *)&o->cli,
	};
	uint64_t configs = 0;
	if (!r.nmissing)
		return 0;
	for (size_t i = 0; i < r.nmissing; i++)
		configs += w->plan.tasks[r.missing[i]].configs;
	sweep_signals_block();
	progress_init(&r.progress, program, "configurations", configs, o->cli.is_quiet);
	const int rc = engines[o->engine]->run(&r, &w->signal, e);
	progress_end(&r.progress);
	return rc;
}

static int hand_out(struct work *w, bool is_merged, int status, struct err *e)
{
	const struct options *o = w->options;
	const struct sweep_outcome outcome = {
		.path = o->paths.path[0],
		.engine = o->is_dry ? NULL : engines[o->engine]->name,
		.state = &w->state,
		.merged = is_merged ? &w->merged : NULL,
	};
	struct report *r = report_begin(stdout, cli_format(&o->cli), program, NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	sweep_report(r, &outcome);
	return cli_report_end(program, r, status);
}

/* Runs, merges if it is complete, reports; a stopped run has no report. */
static int run_and_merge(struct work *w, struct err *e)
{
	sweep_folder_sweep(w->folder);
	int rc = sweep_state_look(&w->state, &w->plan, w->folder, &w->options->cli, false,
				  &w->arena, e);
	if (!rc)
		rc = sweep_plan_write(&w->plan, sweep_path(w->folder, "plan").s, e);
	if (!rc)
		rc = run_engine(w, e);
	if (rc && !w->signal)
		return rc;
	sweep_state_update(&w->state, &w->options->cli, &w->arena);
	const size_t done = sweep_state_count(&w->state, SWEEP_WAS_DONE) +
			    sweep_state_count(&w->state, SWEEP_COMPUTED);
	if (w->signal)
		return err_set(e, ERR_NO,
			       "stopped with %zu of %zu tasks done: run it again for the rest",
			       done, w->plan.n);
	const bool is_complete = done == w->plan.n;
	if (is_complete)
		rc = sweep_state_merge(&w->state, &w->arena, &w->merged, e);
	return rc ? rc : hand_out(w, is_complete, is_complete ? EXIT_DONE : EXIT_NO, e);
}

static int sweep(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	w->config.arena = &w->arena;
	int rc = sweep_config_read(&w->config, o->paths.path[0], e);
	if (!rc)
		rc = sweep_plan_make(&w->config, &w->plan, e);
	if (rc)
		return rc;
	w->folder = o->output ? o->output : default_folder(o->paths.path[0], &w->arena);
	if (!w->folder || strlen(w->folder) > 3000)
		return err_set(e, ERR_USAGE, "the folder's name is too long");
	if (o->is_dry) {
		rc = sweep_state_look(&w->state, &w->plan, w->folder, &o->cli, true, &w->arena, e);
		return rc ? rc : hand_out(w, false, EXIT_DONE, e);
	}
	_close_ int lock = take_folder(w->folder, e);
	return lock < 0 ? lock : run_and_merge(w, e);
}

/* ---- one task ---- */

static int wait_for_task(struct sweep_job *j, struct work *w, struct err *e)
{
	enum { LOOK_EVERY_MS = 500 };
	for (;;) {
		w->signal = sweep_wait(LOOK_EVERY_MS);
		if (w->signal) {
			sweep_job_stop(j);
			return err_set(e, ERR_NO, "stopped");
		}
		const enum sweep_end end = sweep_job_poll(j, &w->arena, e);
		if (end != SWEEP_RUNS)
			return end == SWEEP_DONE ? 0 : (int)e->code;
	}
}

static int run_task(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	struct sweep_job j;
	w->folder = o->paths.path[0];
	if (strlen(w->folder) > 3000)
		return err_set(e, ERR_USAGE, "the folder's name is too long");
	int rc = sweep_plan_read_task(sweep_path(w->folder, "plan").s, o->task, &w->arena, &w->plan,
				      e);
	if (rc || sweep_task_is_done(w->folder, w->plan.tasks))
		return rc;
	sweep_signals_block();
	rc = sweep_job_start(&j, w->folder, &w->plan, w->plan.tasks,
			     o->jobs ? (unsigned)o->jobs : 1, e);
	return rc ? rc : wait_for_task(&j, w, e);
}

/* ---- the command ---- */

/* Whoever started us sees that it was a signal. */
static void end_by(int signal_number)
{
	sigset_t s;
	signal(signal_number, SIG_DFL);
	sigemptyset(&s);
	sigaddset(&s, signal_number);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
}

int cmd_sweep(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(program, &e);
	}
	cli_options_parse(&command, argc, argv, o);
	w->options = o;
	const int rc = o->is_merge ? sweep_merge(&o->cli, &o->paths, o->output, &w->arena, &e)
		       : o->task   ? run_task(w, &e)
				   : sweep(w, &e);
	arena_deinit(&w->arena);
	const int status = rc < 0 ? cli_fail(program, &e) : rc;
	if (w->signal)
		end_by(w->signal);
	return status;
}
