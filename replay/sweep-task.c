// SPDX-License-Identifier: MIT
/* A task's child, its temporary file, and what becomes of it. */
#include "replay/sweep-task.h"

#include "base/cleanup.h"
#include "store/results-merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HOST_BYTES = 65, OUT_OF_MEMORY = 71 };

/* ---- names ---- */

struct sweep_path sweep_path(const char *folder, const char *name)
{
	struct sweep_path p;
	snprintf(p.s, sizeof(p.s), "%.3000s/%.500s", folder, name);
	return p;
}

static struct sweep_path with_ending(const char *folder, const struct sweep_task *t,
				     const char *ending)
{
	char name[SHA256_HEX_CHARS + 20];
	snprintf(name, sizeof(name), "%s.%s", t->hash, ending);
	return sweep_path(folder, name);
}

struct sweep_path sweep_path_result(const char *folder, const struct sweep_task *t)
{
	return with_ending(folder, t, "db");
}

struct sweep_path sweep_path_failed(const char *folder, const struct sweep_task *t)
{
	return with_ending(folder, t, "failed");
}

bool sweep_task_is_done(const char *folder, const struct sweep_task *t)
{
	return !access(sweep_path_result(folder, t).s, F_OK);
}

static void read_host(char host[HOST_BYTES])
{
	if (gethostname(host, HOST_BYTES))
		strcpy(host, "host");
	host[HOST_BYTES - 1] = 0;
	host[strcspn(host, "./")] = 0;
}

/* Processes of one number on two hosts may share a folder. */
static struct sweep_path temporary_of(const char *folder, const struct sweep_task *t)
{
	char host[HOST_BYTES], name[SHA256_HEX_CHARS + HOST_BYTES + 40];
	read_host(host);
	snprintf(name, sizeof(name), ".%s.%s.%ld.tmp", t->hash, host, (long)getpid());
	return sweep_path(folder, name);
}

static void remove_temporary(const char *path)
{
	struct sweep_path journal;
	unlink(path);
	snprintf(journal.s, sizeof(journal.s), "%.4080s-journal", path);
	unlink(journal.s);
}

/* `.HASH.HOST.PID.tmp` or its journal: of a process of this host that is no more? */
static bool is_left_over(const char *name, const char *host)
{
	char middle[HOST_BYTES + 2], *end;
	snprintf(middle, sizeof(middle), ".%s.", host);
	if (*name != '.' || strlen(name) < SHA256_HEX_CHARS + 2 ||
	    strspn(name + 1, "0123456789abcdef") != SHA256_HEX_CHARS ||
	    strncmp(name + 1 + SHA256_HEX_CHARS, middle, strlen(middle)))
		return false;
	const long pid = strtol(name + 1 + SHA256_HEX_CHARS + strlen(middle), &end, 10);
	return pid > 0 && !strncmp(end, ".tmp", 4) && kill((pid_t)pid, 0) && errno == ESRCH;
}

void sweep_folder_sweep(const char *folder)
{
	char host[HOST_BYTES];
	read_host(host);
	DIR *d = opendir(folder);
	for (const struct dirent *f; d && (f = readdir(d));)
		if (is_left_over(f->d_name, host))
			unlink(sweep_path(folder, f->d_name).s);
	if (d)
		closedir(d);
}

/* ---- failures ---- */

static void note_failure(const struct sweep_job *j, int status, const char *why)
{
	const struct sweep_path path = sweep_path_failed(j->folder, j->task);
	_fclose_ FILE *f = fopen(path.s, "we");
	if (f)
		fprintf(f, "%d %s\n", status, why);
}

const char *sweep_task_failure(const char *folder, const struct sweep_task *t, struct arena *a,
			       int *status_out)
{
	char line[600];
	char *why;
	_fclose_ FILE *f = fopen(sweep_path_failed(folder, t).s, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return NULL;
	line[strcspn(line, "\n")] = 0;
	*status_out = (int)strtol(line, &why, 10);
	return arena_strdup(a, why + (*why == ' '));
}

/* ---- a task ---- */

int sweep_job_start(struct sweep_job *j, const char *folder, const struct sweep_plan *p,
		    const struct sweep_task *t, unsigned threads, struct err *e)
{
	const char *argv[SWEEP_ARGS_MAX + 8];
	char results[SWEEP_PATH_BYTES + 20], with_threads[40];
	size_t argc = 0;
	*j = (struct sweep_job){ .task = t, .folder = folder };
	j->temporary = temporary_of(folder, t);
	remove_temporary(j->temporary.s); /* of a process before us that had our number */
	unlink(sweep_path_failed(folder, t).s);
	snprintf(results, sizeof(results), "--results=%s", j->temporary.s);
	snprintf(with_threads, sizeof(with_threads), "--threads=%u", threads);
	argv[argc++] = "pugmark";
	for (const char *const *arg = t->argv; *arg && argc < SWEEP_ARGS_MAX; arg++)
		argv[argc++] = *arg;
	argv[argc++] = "--quiet";
	argv[argc++] = results;
	if (threads && p->takes_threads)
		argv[argc++] = with_threads;
	argv[argc] = NULL;
	const struct process_config c = { .argv = argv, .input = -1 };
	return process_start(&c, &j->process, e);
}

/* A name is there after a power cut only if its folder was written. */
static int sync_folder(const char *folder, struct err *e)
{
	_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return err_set(e, ERR_IO, "%s: %s", folder, strerror(errno));
	return 0;
}

/*
 * Gives the result its name. Another process may have been at the same task (an
 * orphan of a killed sweep, a job submitted twice) and was first: then its
 * result, which has the same numbers, stays.
 */
static int name_result(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST)
		return unlink(from);
	return errno == EINVAL || errno == ENOSYS ? rename(from, to) : -1;
}

static int keep_result(struct sweep_job *j, struct arena *a, struct err *e)
{
	const struct sweep_path path = sweep_path_result(j->folder, j->task);
	const struct results_task t = {
		.hash = j->task->hash,
		.canon = j->task->canon,
		.args = sweep_task_line(j->task, a),
		.trace_digest = j->task->trace_digest,
	};
	if (!t.args)
		return err_set(e, ERR_NOMEM, "no memory for a command line");
	int rc = results_seal(j->temporary.s, &t, e);
	if (!rc && name_result(j->temporary.s, path.s))
		rc = err_set(e, ERR_CREATE, "%s: %s", path.s, strerror(errno));
	return rc ? rc : sync_folder(j->folder, e);
}

enum sweep_end sweep_job_poll(struct sweep_job *j, struct arena *a, struct err *e)
{
	int status;
	if (!process_poll(&j->process, &status))
		return SWEEP_RUNS;
	const char *why = process_complaint(&j->process, a);
	const int code = process_exit_status(status);
	process_close(&j->process);
	if (code == EXIT_DONE || code == EXIT_NO || code == EXIT_DAMAGED) {
		if (!keep_result(j, a, e))
			return SWEEP_DONE;
		remove_temporary(j->temporary.s);
		note_failure(j, err_exit_status((int)e->code), e->msg);
		return SWEEP_FAILED;
	}
	remove_temporary(j->temporary.s);
	if (code > 128 || code == OUT_OF_MEMORY) {
		err_set(e, ERR_NO, "was killed by signal %d", code - 128);
		if (code == OUT_OF_MEMORY)
			err_set(e, ERR_NOMEM, "%.200s", why);
		return SWEEP_KILLED;
	}
	err_set(e, ERR_UNUSABLE, "%.200s", *why ? why : "failed without a word");
	note_failure(j, code, e->msg);
	return SWEEP_FAILED;
}

void sweep_job_stop(struct sweep_job *j)
{
	int status;
	if (!j->process.pid)
		return;
	process_signal(&j->process, SIGKILL);
	process_wait(&j->process, &status);
	process_close(&j->process);
	remove_temporary(j->temporary.s);
}
