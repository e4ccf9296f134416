// SPDX-License-Identifier: MIT
/* Children by fork and exec; output into files that only memory holds. */
#include "replay/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES_MAX = 1 << 18 };

static const char self[] = "/proc/self/exe";

/* Only calls that are safe behind a fork. */
static void __attribute__((noreturn))
become(const struct process_config *c, const struct process *p, pid_t parent)
{
	static const int reset[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD };
	sigset_t none;
	if (c->is_group)
		setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before we asked */
		_exit(PROCESS_NOT_STARTED);
	for (size_t i = 0; i < sizeof(reset) / sizeof(*reset); i++)
		signal(reset[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	const int nothing = open("/dev/null", O_RDWR);
	dup2(c->input >= 0 ? c->input : nothing, STDIN_FILENO);
	dup2(p->out >= 0 ? p->out : nothing, STDOUT_FILENO);
	if (p->err >= 0)
		dup2(p->err, STDERR_FILENO);
	execvp(c->program ? c->program : self, (char *const *)c->argv);
	const char *why = strerror(errno);
	if (write(STDERR_FILENO, why, strlen(why)) < 0)
		_exit(PROCESS_NOT_STARTED);
	_exit(PROCESS_NOT_STARTED);
}

int process_start(const struct process_config *c, struct process *out, struct err *e)
{
	const pid_t parent = getpid();
	*out = (struct process){ .out = -1, .err = -1, .is_group = c->is_group };
	if (c->keeps_output)
		out->out = memfd_create("output", MFD_CLOEXEC);
	if (!c->shows_errors)
		out->err = memfd_create("errors", MFD_CLOEXEC);
	const bool has_files = (!c->keeps_output || out->out >= 0) &&
			       (c->shows_errors || out->err >= 0);
	fflush(NULL);
	out->pid = has_files ? fork() : -1;
	if (!out->pid)
		become(c, out, parent);
	if (out->pid < 0) {
		const int rc = err_set(e, ERR_NOMEM, "%s: %s", c->argv[0], strerror(errno));
		out->pid = 0;
		process_close(out);
		return rc;
	}
	return 0;
}

int process_poll(struct process *p, int *status_out)
{
	const pid_t got = waitpid(p->pid, status_out, WNOHANG);
	if (!got || (got < 0 && errno == EINTR))
		return 0;
	if (got < 0) /* not ours any more: as if it was killed */
		*status_out = SIGKILL;
	p->pid = 0;
	return 1;
}

void process_wait(struct process *p, int *status_out)
{
	pid_t got;
	do
		got = waitpid(p->pid, status_out, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		*status_out = SIGKILL;
	p->pid = 0;
}

void process_signal(const struct process *p, int signal)
{
	if (p->pid)
		kill(p->is_group ? -p->pid : p->pid, signal);
}

static const char *read_kept(int fd, struct arena *a)
{
	const off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	const size_t n = end < 0 ? 0 : end > OUTPUT_BYTES_MAX ? OUTPUT_BYTES_MAX : (size_t)end;
	char *text = arena_alloc(a, n + 1, 1);
	if (!text)
		return "";
	const ssize_t got = n ? pread(fd, text, n, 0) : 0;
	text[got > 0 ? got : 0] = 0;
	return text;
}

const char *process_output(const struct process *p, struct arena *a)
{
	return read_kept(p->out, a);
}

const char *process_complaint(const struct process *p, struct arena *a)
{
	const char *text = read_kept(p->err, a);
	char *line = arena_strdup(a, text);
	if (!line)
		return "";
	line[strcspn(line, "\n")] = 0;
	return line;
}

void process_close(struct process *p)
{
	if (p->out >= 0)
		close(p->out);
	if (p->err >= 0)
		close(p->err);
	p->out = p->err = -1;
}

int process_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_run(const char *program, const char *const *argv, struct arena *a,
		struct process_result *out, struct err *e)
{
	const struct process_config c = {
		.program = program, .argv = argv, .input = -1, .keeps_output = true
	};
	struct process p;
	int status;
	const int rc = process_start(&c, &p, e);
	if (rc)
		return rc;
	process_wait(&p, &status);
	out->status = process_exit_status(status);
	out->output = process_output(&p, a);
	out->complaint = process_complaint(&p, a);
	process_close(&p);
	return 0;
}
