// SPDX-License-Identifier: MIT
/*
 * Plots: settings, variables, data and script are collected in memory and given
 * to gnuplot as its standard input; the picture is its standard output. So no
 * name needs quoting, no pipe can break or fill up, and gnuplot's own words
 * about a failure are there to be told.
 */
#include "reports/plot.h"
#include "base/cleanup.h"
#include "base/embedded.h"
#include "reports/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATA_END "end_of_pugmark_data"

extern char **environ;

struct terminal {
	const char *ending;
	const char *name;
	const char *setup;
	const char *trailer; /* the end of a whole file: gnuplot is silent on a full disk */
	bool is_paper;       /* sizes are told in centimetres: 40 pixels each */
};

static const struct terminal terminals[] = {
	{ ".svg", "svg", "fixed font 'sans,12' background 'white'", "</svg>", false },
	{ ".png", "pngcairo", "font 'sans,10'", "IEND\xae\x42\x60\x82", false },
	{ ".pdf", "pdfcairo", "font 'sans,10'", "%%EOF", true },
	{},
};
static const struct plot_size usual_size = { 800, 500 };

static const struct terminal inline_svg = { "", "svg", "dynamic font 'sans,14' linewidth 1",
					    "</svg>", false };
static const struct plot_size inline_size = { 640, 384 };

struct plot {
	const struct terminal *terminal; /* NULL: text on stdout */
	const char *style;               /* a script before the script, or NULL */
	const char *script;
	FILE *input; /* what gnuplot will read */
	long data_start;
	bool has_data;
	char *target;
	char *temporary; /* beside the target, or NULL */
	int output;      /* of gnuplot: descriptor of it, or of a memory file; or -1 */
};

/* ---- before ---- */

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");

	for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
		const size_t n = strcspn(p, ":");
		char file[4096];
		snprintf(file, sizeof(file), "%.*s/%s", (int)n, n ? p : ".", program);
		if (!access(file, X_OK))
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

/* Columns of the text terminal, as far as the environment says something sane. */
static unsigned text_columns(void)
{
	const char *text = getenv("COLUMNS");
	const long n = text ? strtol(text, NULL, 10) : 0;

	return n >= 40 && n <= 500 ? (unsigned)n : 80;
}

static int find_terminal(const char *target, const struct terminal **out, struct err *e)
{
	const size_t n = strlen(target);

	*out = NULL;
	if (!strcmp(target, "-"))
		return 0;
	for (const struct terminal *t = terminals; t->ending; t++) {
		const size_t m = strlen(t->ending);
		if (n > m && !strcmp(target + n - m, t->ending)) {
			*out = t;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "%s: a plot is .svg, .png, .pdf, or - for the terminal",
		       target);
}

/* A file of our own beside the target. */
static int open_temporary(struct plot *p, struct err *e)
{
	struct stat st;

	if (!stat(p->target, &st) && !S_ISREG(st.st_mode))
		return err_set(e, ERR_CREATE, "%s: is there already and no ordinary file",
			       p->target);
	for (unsigned i = 0; i < 100; i++) {
		char *name;
		if (asprintf(&name, "%s.tmp%u", p->target, i) < 0)
			return err_set(e, ERR_NOMEM, "%s: out of memory", p->target);
		p->output = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (p->output >= 0) {
			p->temporary = name;
			return 0;
		}
		free(name);
		if (errno != EEXIST)
			break;
	}
	return err_set(e, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_CREATE, "%s: %s",
		       p->target, strerror(errno));
}

static void set_terminal(struct plot *p, struct plot_size size)
{
	const unsigned w = size.width_px, h = size.height_px;

	/* noenhanced: names contain _ and ^, which are no subscripts */
	if (!p->terminal)
		fprintf(p->input, "set terminal dumb mono size %u,24 noenhanced\n",
			text_columns() - 1); /* gnuplot adds a blank */
	else if (p->terminal->is_paper)
		fprintf(p->input, "set terminal %s size %u.%03ucm,%u.%03ucm %s noenhanced\n",
			p->terminal->name, w / 40, w % 40 * 25, h / 40, h % 40 * 25,
			p->terminal->setup);
	else
		fprintf(p->input, "set terminal %s size %u,%u %s noenhanced\n", p->terminal->name,
			w, h, p->terminal->setup);
}

static int open_input(struct plot *p, struct plot_size size, struct err *e)
{
	const int fd = memfd_create("plot", MFD_CLOEXEC);

	p->input = fd < 0 ? NULL : fdopen(fd, "w+");
	if (!p->input) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "no memory file for a plot: %s", strerror(errno));
	}
	fputs("set encoding utf8\n", p->input);
	set_terminal(p, size);
	return 0;
}

/* What both begin with; p->output is left to the caller. */
static int begin(const char *target, const struct terminal *terminal, struct plot_size size,
		 const char *script, struct plot **out, struct err *e)
{
	if (!is_in_path("gnuplot"))
		return err_set(e, ERR_FEATURE, "no gnuplot in the path: install gnuplot-nox");
	if (!embedded_text(script))
		return err_set(e, ERR_BUG, "no plot script %s in this program", script);

	struct plot *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory for a plot");
	p->terminal = terminal;
	p->script = embedded_text(script);
	p->output = -1;
	p->target = strdup(target);
	const int err = p->target ? open_input(p, size, e)
				  : err_set(e, ERR_NOMEM, "no memory for a plot");
	if (err)
		plot_abort(p);
	else
		*out = p;
	return err;
}

static int open_memory(struct plot *p, struct err *e)
{
	p->output = memfd_create("picture", MFD_CLOEXEC);
	return p->output >= 0
		       ? 0
		       : err_set(e, ERR_IO, "no memory file for a plot: %s", strerror(errno));
}

int plot_begin(const char *target, const char *script, struct plot **out, struct err *e)
{
	return plot_begin_sized(target, script, usual_size, out, e);
}

int plot_begin_sized(const char *target, const char *script, struct plot_size size,
		     struct plot **out, struct err *e)
{
	const struct terminal *terminal;
	struct plot *p;
	char path[128];

	int err = find_terminal(target, &terminal, e);
	snprintf(path, sizeof(path), "reports/queries/%s.gp", script);
	if (!err)
		err = begin(target, terminal, size, path, &p, e);
	if (err)
		return err;
	err = terminal ? open_temporary(p, e) : open_memory(p, e);
	if (err)
		plot_abort(p);
	else
		*out = p;
	return err;
}

int plot_begin_inline(const char *script, struct plot **out, struct err *e)
{
	struct plot *p;
	int err = begin(script, &inline_svg, inline_size, script, &p, e);
	if (err)
		return err;
	p->style = embedded_text("reports/sections/style.gp");
	err = open_memory(p, e);
	if (err)
		plot_abort(p);
	else
		*out = p;
	return err;
}

/* ---- what is plotted ---- */

void plot_set(struct plot *p, const char *variable, const char *value)
{
	_free_ char *text = report_printable(value);

	/* in single quotes gnuplot expands nothing; only the quote itself is doubled */
	fprintf(p->input, "%s = '", variable);
	for (const char *c = text ? text : ""; *c; c++) {
		putc(*c, p->input);
		if (*c == '\'')
			putc('\'', p->input);
	}
	fputs("'\n", p->input);
}

FILE *plot_data(struct plot *p, const char *name)
{
	fprintf(p->input, "$%s << %s\n", name, DATA_END);
	p->data_start = ftell(p->input);
	return p->input;
}

void plot_data_end(struct plot *p)
{
	const long end = ftell(p->input);
	char last = '\n';

	if (end > p->data_start) {
		p->has_data = true;
		fflush(p->input);
		if (pread(fileno(p->input), &last, 1, end - 1) != 1)
			last = 0;
	}
	/* an empty line would be one more block of data */
	fputs(last == '\n' ? DATA_END "\n" : "\n" DATA_END "\n", p->input);
}

/* ---- gnuplot ---- */

/* Exit status of gnuplot as waitpid gives it, or -1 with errno. */
static int run_gnuplot(int in, int out, int said)
{
	/* -d: no file of the user's home has a say */
	char *argv[] = { (char *)"gnuplot", (char *)"-d", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_signal;
	pid_t pid;
	int status = -1;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_signal);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, said, STDERR_FILENO);
	const int err = posix_spawnp(&pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (err) {
		errno = err;
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* What gnuplot said on stderr. */
struct complaint {
	char words[160]; /* its last line */
	bool is_about_points;
};

static void read_complaint(int fd, struct complaint *c)
{
	char text[2048];
	const ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = 0;
	c->is_about_points = strstr(text, "no valid points") || strstr(text, "all points");
	char *last = text, *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (line[strspn(line, " \t^")])
			last = line;
	_free_ char *clean = report_printable(last + strspn(last, " \t"));
	snprintf(c->words, sizeof(c->words), "%s", clean ? clean : "");
}

/* Does the file end as such a file does, but for newlines? */
static bool is_whole(int fd, const char *trailer)
{
	const size_t n = strlen(trailer);
	char end[32];
	struct stat st;

	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(end) ||
	    pread(fd, end, sizeof(end), st.st_size - (off_t)sizeof(end)) != sizeof(end))
		return false;
	size_t len = sizeof(end);
	while (len > n && end[len - 1] == '\n')
		len--;
	return !memcmp(end + len - n, trailer, n);
}

static int check_result(const struct plot *p, int status, int said, struct err *e)
{
	struct complaint c;

	if (status < 0)
		return err_set(e, ERR_FEATURE, "gnuplot cannot be started: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return err_set(e, ERR_IO, "%s: gnuplot was ended by signal %d", p->target,
			       WTERMSIG(status));
	read_complaint(said, &c);
	if (WEXITSTATUS(status) && c.is_about_points)
		return err_set(e, ERR_UNUSABLE, "%s: nothing to plot: %s", p->target, c.words);
	if (WEXITSTATUS(status))
		return err_set(e, ERR_IO, "%s: gnuplot failed: %s", p->target, c.words);
	if (p->terminal && !is_whole(p->output, p->terminal->trailer))
		return err_set(e, ERR_CREATE, "%s: gnuplot wrote no whole plot (disk full?)%s%s",
			       p->target, *c.words ? ": " : "", c.words);
	return 0;
}

/* From our file to stdout, because gnuplot is silent when it cannot write. */
static int print_text(const struct plot *p, struct err *e)
{
	char block[4096];
	off_t at = 0;

	for (ssize_t n; (n = pread(p->output, block, sizeof(block), at)) > 0; at += n)
		fwrite(block, 1, (size_t)n, stdout);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return err_set(e, errno == ENOSPC ? ERR_CREATE : ERR_IO,
		       "the plot could not be written: %s", strerror(errno));
}

/* Runs gnuplot on all that was collected. */
static int make_picture(struct plot *p, struct err *e)
{
	_close_ int said = memfd_create("gnuplot-said", MFD_CLOEXEC);

	if (!p->has_data)
		return err_set(e, ERR_UNUSABLE, "%s: nothing to plot", p->target);
	if (p->style)
		fputs(p->style, p->input);
	fputs(p->script, p->input);
	if (fflush(p->input) || ferror(p->input) || said < 0)
		return err_set(e, ERR_NOMEM, "%s: no memory for the plot", p->target);
	const int in = fileno(p->input);
	lseek(in, 0, SEEK_SET);
	const int status = run_gnuplot(in, p->output, said);
	return check_result(p, status, said, e);
}

int plot_end(struct plot *p, struct err *e)
{
	int err = make_picture(p, e);

	if (!err && !p->terminal)
		err = print_text(p, e);
	if (!err && p->temporary) {
		if (rename(p->temporary, p->target)) {
			err = err_set(e, ERR_CREATE, "%s: %s", p->target, strerror(errno));
		} else {
			free(p->temporary);
			p->temporary = NULL;
		}
	}
	plot_abort(p);
	return err;
}

int plot_end_inline(struct plot *p, char **svg_out, struct err *e)
{
	struct stat st;
	char *text = NULL;
	int err = make_picture(p, e);

	if (!err && !fstat(p->output, &st))
		text = calloc(1, (size_t)st.st_size + 1);
	if (!err && (!text || pread(p->output, text, (size_t)st.st_size, 0) != st.st_size))
		err = err_set(e, ERR_NOMEM, "no memory for a picture");
	if (err)
		free(text);
	else
		*svg_out = text;
	plot_abort(p);
	return err;
}

void plot_abort(struct plot *p)
{
	if (p->temporary)
		unlink(p->temporary);
	if (p->output >= 0)
		close(p->output);
	if (p->input)
		fclose(p->input);
	free(p->temporary);
	free(p->target);
	free(p);
}
