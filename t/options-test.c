// SPDX-License-Identifier: MIT
/*
 * Options from a table. Wrong usage ends the process, so those cases run in a
 * child whose exit status is compared.
 */
#include "reports/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct mine {
	struct cli cli;
	const char *path, *plot, *results;
	const char *names[4];
	size_t nnames;
	uint64_t count, bytes, wait_ns;
	struct cli_sets sets;
	enum { RED, GREEN } colour;
	bool is_loud, has_own_names;
};

static void list_colours(struct choices *c)
{
	choices_add(c, "red", "As blood", NULL);
	choices_add(c, "green", "As grass", NULL);
}

static int add_name(void *p, char *text, struct err *e)
{
	struct mine *m = p;
	if (!strcmp(text, "broken"))
		return err_set(e, ERR_NOINPUT, "broken: no such file");
	m->names[m->nnames++] = text;
	return 0;
}

#define AT(member) .offset = offsetof(struct mine, member)

static const struct cli_option options[] = {
	{ .name = "name",
	  .key = 'n',
	  .arg = "N,..",
	  .kind = CLI_LIST,
	  AT(nnames),
	  .each = add_name,
	  .most = 4,
	  .fallback = "a,b",
	  .help = "Names",
	  .given = offsetof(struct mine, has_own_names) },
	{ .name = "count",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(count),
	  .least = 2,
	  .most = 9,
	  .help = "Count" },
	{ .name = "memory",
	  .arg = "N",
	  .kind = CLI_BYTES,
	  AT(bytes),
	  .least = 4096,
	  .fallback = "8K",
	  .help = "Memory" },
	{ .name = "wait", .arg = "T", .kind = CLI_NS, AT(wait_ns), .help = "Wait" },
	{ .name = "set", .arg = "S", .kind = CLI_SET, AT(sets), .help = "Set" },
	{ .name = "reclaim",
	  .arg = "R",
	  .kind = CLI_SET_AS,
	  AT(sets),
	  .set_as = "memory.reclaim",
	  .help = "Reclaim" },
	{ .name = "colour",
	  .arg = "C",
	  .kind = CLI_CHOICE,
	  AT(colour),
	  .choices = list_colours,
	  .fallback = "green",
	  .help = "Colour" },
	{ .name = "loud", .kind = CLI_FLAG, AT(is_loud), .help = "Loud" },
	{ .name = "plot", .arg = "F", .kind = CLI_PLOT, AT(plot), .help = "Plot" },
	{ .name = "results", .arg = "F", .kind = CLI_RESULTS, AT(results), .help = "Results" },
};

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "A demonstration.",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct mine, cli),
	.what = "trace",
	.only = offsetof(struct mine, path),
};

enum { ARGS_MAX = 16 };

/* Splits a copy of the line at blanks; the copy lives as long as the test. */
static void parse(struct mine *m, const char *line)
{
	static char text[400];
	char *argv[ARGS_MAX + 1] = { text };
	int argc = 1;
	memset(m, 0, sizeof(*m));
	snprintf(text, sizeof(text), "demo %s", line);
	for (char *p = strchr(text, ' '); p && argc < ARGS_MAX; p = strchr(p, ' ')) {
		*p++ = 0;
		argv[argc++] = p;
	}
	cli_options_parse(&command, argc, argv, m);
}

static int status_of(const char *line)
{
	const pid_t pid = fork();
	int status;
	if (!pid) {
		struct mine m;
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
			_exit(1);
		parse(&m, line);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void what_is_not_given_has_its_fallback(void **state)
{
	struct mine m;
	(void)state;
	parse(&m, "t.db");
	assert_int_equal(m.nnames, 2);
	assert_string_equal(m.names[1], "b");
	assert_int_equal(m.bytes, 8192);
	assert_false(m.has_own_names);
	assert_int_equal(m.count, 0);
	assert_int_equal(m.colour, GREEN);
	parse(&m, "t.db"); /* the table's text is not used up */
	assert_string_equal(m.names[0], "a");
}

static void a_list_given_twice_counts_once(void **state)
{
	struct mine m;
	(void)state;
	parse(&m, "t.db -n x,y --name z");
	assert_int_equal(m.nnames, 1);
	assert_string_equal(m.names[0], "z");
	assert_true(m.has_own_names);
}

static void short_forms_of_set_keep_their_place_among_the_others(void **state)
{
	struct mine m;
	(void)state;
	parse(&m, "--set a.b=1 --reclaim lru --set a.b=2 t.db");
	assert_int_equal(m.sets.n, 3);
	assert_string_equal(m.sets.text[0], "a.b=1");
	assert_string_equal(m.sets.text[1], "memory.reclaim=lru");
	assert_string_equal(m.sets.text[2], "a.b=2");
}

static void values_have_units_and_the_line_is_kept(void **state)
{
	struct mine m;
	(void)state;
	parse(&m, "t.db --memory 1M --wait 10ms --count 9 --loud --json --colour red");
	assert_int_equal(m.colour, RED);
	assert_int_equal(m.bytes, 1 << 20);
	assert_int_equal(m.wait_ns, 10000000);
	assert_int_equal(m.count, 9);
	assert_true(m.is_loud && m.cli.is_json);
	assert_string_equal(
		m.cli.args,
		"demo t.db --memory 1M --wait 10ms --count 9 --loud --json --colour red");
}

static void wrong_usage_is_64_and_other_errors_keep_their_own_status(void **state)
{
	static const char *const wrong[] = {
		"--loud",
		"a b",
		"t.db --count 1",
		"t.db --count 10",
		"t.db --memory 4095",
		"t.db --wait 5",
		"t.db -n a,b,c,d,e",
		"t.db -n a,,b",
		"t.db --results -",
		"t.db --json --plot -",
		"t.db --nosuch",
		"t.db --colour gre",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(status_of(wrong[i]), 64);
	assert_int_equal(status_of("t.db --coutn 3"), 64);
	assert_int_equal(status_of("t.db --cou 3 --lo"), 0); /* a beginning is enough */
	assert_int_equal(status_of("t.db -n broken"), 66);
	assert_int_equal(status_of("t.db --plot - --count 2"), 0);
}

static void programs_can_ask_for_options_and_have_values_checked(void **state)
{
	(void)state;
	assert_int_equal(status_of("--print-options"), 0);
	assert_int_equal(status_of("t.db --only-parse --count 3"), 0);
	assert_int_equal(status_of("t.db --only-parse --count 10"), 64);
	assert_int_equal(status_of("--only-parse"), 64);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_has_its_fallback),
		cmocka_unit_test(a_list_given_twice_counts_once),
		cmocka_unit_test(short_forms_of_set_keep_their_place_among_the_others),
		cmocka_unit_test(values_have_units_and_the_line_is_kept),
		cmocka_unit_test(programs_can_ask_for_options_and_have_values_checked),
		cmocka_unit_test(wrong_usage_is_64_and_other_errors_keep_their_own_status),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
