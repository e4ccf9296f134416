// SPDX-License-Identifier: MIT
/*
 * The common command line: each case runs in a child process, because argp and
 * a command end by leaving; its two outputs and its exit status are compared.
 */
#include "reports/cli.h"
#include "reports/progress.h"
#include "base/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct demo {
	struct cli cli;
	char *argument;
};

static error_t parse_demo(int key, char *arg, struct argp_state *state)
{
	struct demo *d = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &d->cli;
		return 0;
	case 's':
		argp_error(state, "--size: '%s' is not a size", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (!strcmp(arg, "too much"))
			return ENOMEM;
		if (d->argument)
			argp_error(state, "only one trace");
		d->argument = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which trace?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option demo_options[] = {
	{ "size", 's', "N|N%", 0, "Cache size", 0 },
	{},
};
static const struct argp_child demo_children[] = { { &cli_argp, 0, NULL, 0 }, {} };
static const struct argp demo_argp = { .options = demo_options,
				       .parser = parse_demo,
				       .args_doc = "TRACE",
				       .doc = "Demonstrates.",
				       .children = demo_children };

/* prints what was understood */
static int run_demo(int argc, char **argv)
{
	struct demo d = {};

	cli_parse(&demo_argp, argc, argv, &d);
	printf("%s%s%s %s\n", d.cli.is_json ? "json " : "", d.cli.is_quiet ? "quiet " : "",
	       d.cli.is_verbose ? "verbose " : "", d.argument);
	cli_note(&d.cli, "demo", "%d events lost", 7);
	return cli_format(&d.cli) == REPORT_JSON ? 3 : 0;
}

struct outcome {
	char out[4096], err[4096];
	int status;
};

static void slurp(FILE *f, char *buf, size_t n)
{
	rewind(f);
	buf[fread(buf, 1, n - 1, f)] = 0;
	fclose(f);
}

/* runs fn(ctx) in a child with both outputs in files */
static struct outcome in_child(int (*fn)(void *ctx), void *ctx)
{
	struct outcome o = {};
	FILE *out = tmpfile(), *err = tmpfile();

	assert_non_null(out);
	assert_non_null(err);
	fflush(NULL);
	const pid_t pid = fork();
	if (!pid) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		exit(fn(ctx));
	}
	assert_int_equal(waitpid(pid, &o.status, 0), pid);
	assert_true(WIFEXITED(o.status));
	o.status = WEXITSTATUS(o.status);
	slurp(out, o.out, sizeof(o.out));
	slurp(err, o.err, sizeof(o.err));
	return o;
}

static int call_demo(void *ctx)
{
	char **argv = ctx;
	int argc = 0;

	while (argv[argc])
		argc++;
	return run_demo(argc, argv);
}

static struct outcome demo(const char *a, const char *b, const char *c)
{
	char *argv[] = { (char *)"demo", (char *)a, (char *)b, (char *)c, NULL };

	return in_child(call_demo, argv);
}

static void common_options_reach_the_command_in_any_order(void **state)
{
	struct outcome o = demo("t.db", "--json", "-v");
	(void)state;

	assert_string_equal(o.out, "json verbose  t.db\n");
	assert_string_equal(o.err, "pugmark demo: 7 events lost\n");
	assert_int_equal(o.status, 3);
}

static void quiet_silences_notes(void **state)
{
	struct outcome o = demo("-q", "t.db", NULL);
	(void)state;

	assert_string_equal(o.out, "quiet  t.db\n");
	assert_string_equal(o.err, "");
	assert_int_equal(o.status, 0);
}

static void wrong_usage_exits_with_64_and_names_the_command(void **state)
{
	struct outcome o = demo("--jsn", "t.db", NULL);
	(void)state;

	assert_int_equal(o.status, 64);
	assert_string_equal(o.out, "");
	assert_non_null(strstr(o.err, "pugmark demo: unrecognized option '--jsn'\n"));
	assert_non_null(strstr(o.err, "pugmark demo --help"));

	o = demo(NULL, NULL, NULL);
	assert_int_equal(o.status, 64);
	assert_non_null(strstr(o.err, "pugmark demo: which trace?\n"));

	o = demo("--size", "7x", "t.db");
	assert_int_equal(o.status, 64);
	assert_non_null(strstr(o.err, "pugmark demo: --size: '7x' is not a size\n"));
}

static void a_parser_without_memory_ends_the_command(void **state)
{
	struct outcome o = demo("too much", NULL, NULL);
	(void)state;

	assert_int_equal(o.status, 71);
	assert_string_equal(o.err, "pugmark demo: the command line: Cannot allocate memory\n");
	assert_string_equal(o.out, "");
}

static void help_and_version_go_to_stdout_and_exit_with_0(void **state)
{
	struct outcome o = demo("--help", NULL, NULL);
	(void)state;

	assert_int_equal(o.status, 0);
	assert_string_equal(o.err, "");
	assert_memory_equal(o.out, "Usage: pugmark demo [OPTION...] TRACE\n", 38);
	assert_non_null(strstr(o.out, "--json"));
	assert_non_null(strstr(o.out, "--size=N|N%"));

	o = demo("--version", NULL, NULL);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.out, "pugmark " PUGMARK_VERSION "\n");
}

static int call_fail(void *ctx)
{
	const struct err *e = ctx;

	return cli_fail("info", e);
}

static void an_error_becomes_one_line_and_its_exit_status(void **state)
{
	struct err e;
	(void)state;

	err_set(&e, ERR_NOINPUT, "a\033[2Jb.db: no such file");
	struct outcome o = in_child(call_fail, &e);
	assert_string_equal(o.err, "pugmark info: a?[2Jb.db: no such file\n");
	assert_string_equal(o.out, "");
	assert_int_equal(o.status, 66);

	err_set(&e, ERR_NO, "%s", "");
	o = in_child(call_fail, &e);
	assert_string_equal(o.err, "");
	assert_int_equal(o.status, 1);

	e = (struct err){};
	assert_int_equal(in_child(call_fail, &e).status, 70);
}

/* the file descriptor of a standard output that refuses */
static int call_report(void *ctx)
{
	(void)ctx;
	if (!freopen("/dev/full", "w", stdout))
		return 99;
	struct report *r = report_begin(stdout, REPORT_JSON, "info", NULL, NULL);
	return cli_report_end("info", r, 0);
}

static void results_that_cannot_be_written_are_a_failure(void **state)
{
	(void)state;
	if (access("/dev/full", W_OK))
		skip();
	struct outcome o = in_child(call_report, NULL);
	assert_string_equal(o.err, "pugmark info: the results could not be written: No space left "
				   "on device\n");
	assert_int_equal(o.status, 73);
}

static void a_misspelt_word_finds_the_one_meant(void **state)
{
	static const char *const words[] = { "lru",    "fifo", "clock",       "arc",
					     "s3fifo", "2q",   "best-static", NULL };
	char longer[200];
	(void)state;

	assert_string_equal(cli_nearest("lur", words), "lru"); /* neighbours swapped */
	assert_string_equal(cli_nearest("ffo", words), "fifo");
	assert_string_equal(cli_nearest("clocks", words), "clock");
	assert_string_equal(cli_nearest("best-statik", words), "best-static");
	assert_string_equal(cli_nearest("bst-sttic", words), "best-static");
	assert_null(cli_nearest("random", words));
	assert_null(cli_nearest("", words));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_null(cli_nearest(longer, words));
}

static void distances_agree_with_the_definition(void **state)
{
	(void)state;
	assert_int_equal(nearest_distance("", "", 9), 0);
	assert_int_equal(nearest_distance("", "abc", 9), 3);
	assert_int_equal(nearest_distance("kitten", "sitting", 9), 3);
	assert_int_equal(nearest_distance("ca", "abc", 9), 3); /* restricted: not 2 */
	assert_int_equal(nearest_distance("ab", "ba", 9), 1);
	assert_int_equal(nearest_distance("abcd", "badc", 9), 2);
	assert_int_equal(nearest_distance("kitten", "sitting", 2), 3);
}

static void lists_split_at_commas(void **state)
{
	char list[] = "lru, fifo ,s3fifo";
	char empty[] = "";
	char holes[] = "a,,";
	char many[] = "a,b,c,d";
	char *parts[3];
	(void)state;

	assert_int_equal(cli_split(list, parts, 3), 3);
	assert_string_equal(parts[0], "lru");
	assert_string_equal(parts[1], "fifo");
	assert_string_equal(parts[2], "s3fifo");
	assert_int_equal(cli_split(empty, parts, 3), 1);
	assert_string_equal(parts[0], "");
	assert_int_equal(cli_split(holes, parts, 3), 3);
	assert_string_equal(parts[1], "");
	assert_string_equal(parts[2], "");
	assert_int_equal(cli_split(many, parts, 3), -1);
}

static int call_progress(void *ctx)
{
	struct progress p;

	(void)ctx;
	progress_init(&p, "import", "events", 10, false);
	for (uint64_t i = 0; i <= 10; i++)
		progress_set(&p, i);
	progress_end(&p);
	return 0;
}

static void progress_is_silent_away_from_a_terminal(void **state)
{
	struct outcome o = in_child(call_progress, NULL);
	(void)state;

	assert_string_equal(o.out, "");
	assert_string_equal(o.err, "");
}

/* stderr is the terminal named ctx */
static int call_progress_on_terminal(void *ctx)
{
	struct progress p;

	if (!freopen(ctx, "w", stderr) || !isatty(STDERR_FILENO))
		return 99;
	progress_init(&p, "import", "events", 10, true);
	progress_end(&p); /* quiet: nothing */
	progress_init(&p, "import", "events", 10, false);
	progress_end(&p);
	progress_end(&p); /* once is enough */
	return 0;
}

static void progress_on_a_terminal_erases_its_line(void **state)
{
	char line[200], expected[82];
	(void)state;

	const int master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) || unlockpt(master))
		skip();
	assert_int_equal(in_child(call_progress_on_terminal, ptsname(master)).status, 0);
	snprintf(expected, sizeof(expected), "\r%79s\r", "");
	assert_int_equal(read(master, line, sizeof(line)), 81);
	assert_memory_equal(line, expected, 81);
	close(master);
}

static void progress_tells_rate_and_time_left(void **state)
{
	const uint64_t gib = UINT64_C(1) << 30, second = UINT64_C(1000000000);
	struct progress p = { .what = "import", .unit = "B", .total = 4 * gib, .done = gib };
	char line[128];
	(void)state;

	progress_format(&p, 8 * second, line, sizeof(line));
	assert_string_equal(line, "import  1 GiB of 4 GiB  25 %  24 s left  128 MiB/s");

	p = (struct progress){ .what = "replay", .unit = "events", .done = 1500000 };
	progress_format(&p, second / 2, line, sizeof(line));
	assert_string_equal(line, "replay  1,500,000 events  3,000,000 events/s");

	/* nothing known, more done than promised, numbers at their end */
	p.done = 0;
	progress_format(&p, 0, line, sizeof(line));
	assert_string_equal(line, "replay  0 events  0 events/s");
	p = (struct progress){ .what = "x", .unit = "B", .total = 5, .done = UINT64_MAX };
	progress_format(&p, 1, line, sizeof(line));
	assert_string_equal(line, "x  16384 PiB of 5 B  100 %  0 s left  16384 PiB/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_options_reach_the_command_in_any_order),
		cmocka_unit_test(quiet_silences_notes),
		cmocka_unit_test(wrong_usage_exits_with_64_and_names_the_command),
		cmocka_unit_test(a_parser_without_memory_ends_the_command),
		cmocka_unit_test(help_and_version_go_to_stdout_and_exit_with_0),
		cmocka_unit_test(an_error_becomes_one_line_and_its_exit_status),
		cmocka_unit_test(results_that_cannot_be_written_are_a_failure),
		cmocka_unit_test(a_misspelt_word_finds_the_one_meant),
		cmocka_unit_test(distances_agree_with_the_definition),
		cmocka_unit_test(lists_split_at_commas),
		cmocka_unit_test(progress_is_silent_away_from_a_terminal),
		cmocka_unit_test(progress_on_a_terminal_erases_its_line),
		cmocka_unit_test(progress_tells_rate_and_time_left),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
