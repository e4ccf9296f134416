// SPDX-License-Identifier: MIT
/*
 * Plots: whole or not at all. The real gnuplot draws where there is one; shell
 * scripts in its place fail in every way a program can.
 */
#include "reports/plot.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* a working directory of each test's own, and the PATH to be restored */
struct fixture {
	char dir[256], path[4096], bin[300];
	bool has_gnuplot;
	char file[300]; /* the last name made by in_dir */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/plot-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s", getenv("PATH"));
	snprintf(f->bin, sizeof(f->bin), "%s/bin", f->dir);
	f->has_gnuplot = !system("gnuplot --version >/dev/null 2>&1");
	unsetenv("COLUMNS");
	*state = f;
	return mkdir(f->bin, 0777);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[400];

	setenv("PATH", f->path, 1);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	const int err = system(command);
	free(f);
	return err;
}

static const char *in_dir(struct fixture *f, const char *name)
{
	snprintf(f->file, sizeof(f->file), "%s/%s", f->dir, name);
	return f->file;
}

/* whole file, a 0 behind it; the caller frees; NULL if there is none */
static char *slurp(const char *path, size_t *n_out)
{
	FILE *in = fopen(path, "r");

	if (!in)
		return NULL;
	fseek(in, 0, SEEK_END);
	const size_t n = (size_t)ftell(in);
	char *text = calloc(n + 1, 1);
	rewind(in);
	*n_out = fread(text, 1, n, in);
	fclose(in);
	return text;
}

/* files in the directory, the fake programs' folder not counted */
static unsigned count_files(const struct fixture *f)
{
	DIR *d = opendir(f->dir);
	unsigned n = 0;

	for (struct dirent *entry; (entry = readdir(d));)
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "bin") != 0;
	closedir(d);
	return n;
}

static int draw(const char *target, const char *title, unsigned points, struct err *e)
{
	struct plot *p;
	const int err = plot_begin(target, "lines", &p, e);

	if (err)
		return err;
	plot_set(p, "title", title);
	plot_set(p, "xlabel", "pages");
	FILE *data = plot_data(p, "data");
	for (unsigned i = 0; i < points; i++)
		fprintf(data, "%u %u\n", i, i * i);
	plot_data_end(p);
	return plot_end(p, e);
}

static void pictures_are_whole_and_the_same_each_time(void **state)
{
	static const char *const endings[] = { "svg", "png" };
	struct fixture *f = *state;
	struct err e = {};

	if (!f->has_gnuplot)
		skip();
	for (size_t i = 0; i < COUNT(endings); i++) {
		char name[40];
		char *text[2];
		size_t n[2];
		for (int k = 0; k < 2; k++) {
			snprintf(name, sizeof(name), "curve %d'\"$(x).%s", k, endings[i]);
			if (draw(in_dir(f, name), "Misses", 50, &e))
				fail_msg("%s", e.msg);
			text[k] = slurp(f->file, &n[k]);
			assert_non_null(text[k]);
		}
		assert_in_range(n[0], 1000, 1000000);
		assert_int_equal(n[0], n[1]);
		assert_memory_equal(text[0], text[1], n[0]);
		free(text[0]);
		free(text[1]);
	}
	assert_int_equal(count_files(f), 4);
}

static void a_pdf_is_a_pdf_with_the_users_umask(void **state)
{
	struct fixture *f = *state;
	struct err e = {};
	struct stat st;
	size_t n;

	if (!f->has_gnuplot)
		skip();
	const mode_t old = umask(027);
	const int err = draw(in_dir(f, "a.pdf"), "x", 5, &e);
	umask(old);
	if (err)
		fail_msg("%s", e.msg);
	char *text = slurp(f->file, &n);
	assert_memory_equal(text, "%PDF-", 5);
	free(text);
	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(count_files(f), 1);
}

static void a_title_is_shown_as_it_is_and_runs_nothing(void **state)
{
	static const char title[] = "it's `touch ran` $(touch ran) \"q\" a_b^c {/x} \\n @d\n"
				    "set output 'stolen' \xff \xe2\x82\xac";
	struct fixture *f = *state;
	struct err e = {};
	char cwd[1024];
	size_t n;

	if (!f->has_gnuplot)
		skip();
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(f->dir), 0);
	const int err = draw("t.svg", title, 5, &e);
	char *text = slurp("t.svg", &n);
	assert_int_equal(chdir(cwd), 0);
	if (err)
		fail_msg("%s", e.msg);
	assert_int_equal(count_files(f), 1);
	assert_non_null(strstr(text, "it's `touch ran` $(touch ran) "));
	assert_non_null(strstr(text, "a_b^c {/x} \\n @d?set output 'stolen' ? \xe2\x82\xac"));
	free(text);
}

static void a_dash_draws_text_on_stdout_after_what_was_printed(void **state)
{
	struct fixture *f = *state;
	size_t n;
	int status;

	if (!f->has_gnuplot)
		skip();
	in_dir(f, "out.txt");
	fflush(NULL);
	const pid_t pid = fork();
	if (!pid) {
		struct err e = {};
		setenv("COLUMNS", "60", 1);
		if (!freopen(f->file, "w", stdout))
			_exit(9);
		printf("first\n");
		const int err = draw("-", "Misses", 20, &e);
		printf("%s", e.msg);
		fflush(stdout);
		_exit(err ? 8 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	char *text = slurp(f->file, &n);
	assert_memory_equal(text, "first\n", 6);
	assert_non_null(strstr(text, "Misses"));
	size_t widest = 0;
	for (const char *c = text, *line = text; *c; c++) {
		if (*c == '\n' || *c == '\f') /* the terminal starts a page */
			line = c + 1;
		else
			assert_in_range((unsigned char)*c, 0x20, 0x7e);
		if ((size_t)(c - line) + 1 > widest && c >= line)
			widest = (size_t)(c - line) + 1;
	}
	assert_in_range(widest, 50, 60);
	free(text);
}

static void a_plot_without_points_leaves_no_file(void **state)
{
	struct fixture *f = *state;
	struct err e = {};

	if (!f->has_gnuplot)
		skip();
	assert_int_equal(draw(in_dir(f, "empty.svg"), "x", 0, &e), ERR_UNUSABLE);
	assert_non_null(strstr(e.msg, "empty.svg: nothing to plot"));
	assert_int_equal(count_files(f), 0);

	/* rows, but none with a number: found by gnuplot */
	struct plot *p;
	assert_int_equal(plot_begin(in_dir(f, "words.svg"), "lines", &p, &e), 0);
	fputs("a b\nc d\n", plot_data(p, "data"));
	plot_data_end(p);
	assert_int_equal(plot_end(p, &e), ERR_UNUSABLE);
	assert_int_equal(count_files(f), 0);
}

static void an_abandoned_plot_leaves_no_file(void **state)
{
	struct fixture *f = *state;
	struct err e = {};
	struct plot *p;

	if (!f->has_gnuplot)
		skip();
	assert_int_equal(plot_begin(in_dir(f, "a.svg"), "lines", &p, &e), 0);
	plot_set(p, "title", "x");
	plot_abort(p);
	assert_int_equal(count_files(f), 0);
}

static void a_missing_gnuplot_is_one_clear_line(void **state)
{
	struct fixture *f = *state;
	struct err e = {};

	setenv("PATH", f->bin, 1); /* empty */
	assert_int_equal(draw(in_dir(f, "a.svg"), "x", 5, &e), ERR_FEATURE);
	assert_string_equal(e.msg, "no gnuplot in the path: install gnuplot-nox");
	assert_int_equal(count_files(f), 0);
}

/* puts a shell script in gnuplot's place */
static void fake_gnuplot(struct fixture *f, const char *body)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/gnuplot", f->bin);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fprintf(out, "#!/bin/sh\n%s\n", body);
	fclose(out);
	assert_int_equal(chmod(path, 0755), 0);
	setenv("PATH", f->bin, 1);
}

static void wrong_targets_are_refused(void **state)
{
	struct fixture *f = *state;
	struct err e = {};

	fake_gnuplot(f, "exit 0");
	assert_int_equal(draw(in_dir(f, "a.gif"), "x", 5, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "a.gif: a plot is .svg, .png, .pdf, or - for the terminal"));
	assert_int_equal(draw(".svg", "x", 5, &e), ERR_USAGE);
	assert_int_equal(draw("", "x", 5, &e), ERR_USAGE);
	assert_int_equal(draw(in_dir(f, "no/such/a.svg"), "x", 5, &e), ERR_CREATE);
	assert_non_null(strstr(e.msg, "No such file or directory"));
	assert_int_equal(mkdir(in_dir(f, "folder.svg"), 0777), 0);
	assert_int_equal(draw(f->file, "x", 5, &e), ERR_CREATE);

	struct plot *p;
	assert_int_equal(plot_begin(in_dir(f, "a.svg"), "no-such-script", &p, &e), ERR_BUG);
}

static void a_failing_gnuplot_is_told_and_the_old_plot_stays(void **state)
{
	static const struct {
		const char *body;
		int code;
		const char *says;
	} cases[] = {
		/* without reading a byte: a pipe would have killed us by SIGPIPE */
		{ "echo 'line 3: undefined variable' >&2; exit 1", ERR_IO,
		  "a.svg: gnuplot failed: line 3: undefined variable" },
		{ "kill -9 $$", ERR_IO, "a.svg: gnuplot was ended by signal 9" },
		{ "exit 0", ERR_CREATE, "a.svg: gnuplot wrote no whole plot (disk full?)" },
		{ "printf '<svg>half'", ERR_CREATE, "wrote no whole plot" },
		{ "echo 'all points y value undefined!' >&2; exit 1", ERR_UNUSABLE,
		  "a.svg: nothing to plot" },
	};
	struct fixture *f = *state;

	FILE *old = fopen(in_dir(f, "a.svg"), "w");
	fputs("old", old);
	fclose(old);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = {};
		size_t n;
		fake_gnuplot(f, cases[i].body);
		/* more than any pipe holds */
		assert_int_equal(draw(in_dir(f, "a.svg"), "x", 100000, &e), cases[i].code);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("expected '%s' in '%s'", cases[i].says, e.msg);
		assert_int_equal(count_files(f), 1);
		char *text = slurp(f->file, &n);
		assert_string_equal(text, "old");
		free(text);
	}
}

static void the_script_comes_after_its_variables_and_data(void **state)
{
	struct fixture *f = *state;
	struct err e = {};
	size_t n;

	/* a picture that is the input itself */
	fake_gnuplot(f, "/bin/cat; echo '</svg>'");
	if (draw(in_dir(f, "a.svg"), "T'", 2, &e))
		fail_msg("%s", e.msg);
	char *text = slurp(f->file, &n);
	const char *const parts[] = { "set terminal svg", "title = 'T'''\n", "$data << ",
				      "\n0 0\n1 1\nend_of_", "plot $data" };
	const char *at = text;
	for (size_t i = 0; i < COUNT(parts); i++) {
		at = strstr(at, parts[i]);
		if (!at)
			fail_msg("no '%s' at its place in %s", parts[i], text);
	}
	free(text);
}

#define plot_test(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		plot_test(pictures_are_whole_and_the_same_each_time),
		plot_test(a_pdf_is_a_pdf_with_the_users_umask),
		plot_test(a_title_is_shown_as_it_is_and_runs_nothing),
		plot_test(a_dash_draws_text_on_stdout_after_what_was_printed),
		plot_test(a_plot_without_points_leaves_no_file),
		plot_test(an_abandoned_plot_leaves_no_file),
		plot_test(a_missing_gnuplot_is_one_clear_line),
		plot_test(wrong_targets_are_refused),
		plot_test(a_failing_gnuplot_is_told_and_the_old_plot_stays),
		plot_test(the_script_comes_after_its_variables_and_data),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
