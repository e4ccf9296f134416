// SPDX-License-Identifier: MIT
/*
 * Reports: JSON is read back by jansson, tables are compared as text. Writing
 * to a full device and into a closed pipe must be told.
 */
#include "reports/report.h"
#include "base/err.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct report_column all_types[] = {
	{ "policy", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "missCount", "misses", REPORT_U64, REPORT_EVERYWHERE },
	{ "delta", NULL, REPORT_I64, REPORT_EVERYWHERE },
	{ "pfn", NULL, REPORT_ID, REPORT_EVERYWHERE },
	{ "is_full", "full", REPORT_BOOL, REPORT_EVERYWHERE },
	{ "ratio_ppm", "ratio", REPORT_PPM, REPORT_ONLY_TABLE },
	{ "error_ppm", "error", REPORT_CHANGE, REPORT_EVERYWHERE },
	{ "used_bytes", "used", REPORT_BYTES, REPORT_EVERYWHERE },
	{ "p99_ns", "P99", REPORT_NS, REPORT_EVERYWHERE },
	{ "groups", NULL, REPORT_LIST, REPORT_ONLY_JSON },
};

static void put_rows(struct report *r)
{
	const struct report_value first[] = {
		REPORT_S("lru"),           REPORT_U(UINT64_MAX), REPORT_I(INT64_MIN),
		REPORT_U(1234567),         REPORT_B(true),       REPORT_U(30000),
		REPORT_I(-12345),          REPORT_U(1536),       REPORT_U(12000000),
		REPORT_S("[[0,1],[2,3]]"),
	};
	const struct report_value second[] = {
		REPORT_S("s3fifo"), REPORT_U(1234), REPORT_I(5),   REPORT_U(7), REPORT_B(false),
		REPORT_U(3),        REPORT_I(0),    REPORT_NULL(), REPORT_U(0), REPORT_NULL(),
	};

	report_row(r, first);
	report_row(r, second);
}

/* what a report writes; the caller frees */
static char *render(enum report_format format, void (*fill)(struct report *r))
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	struct report *r = report_begin(out, format, "cache", "web \"7\".db", "0123abcd");

	fill(r);
	assert_int_equal(report_end(r), 0);
	fclose(out);
	return text;
}

static json_t *render_json(void (*fill)(struct report *r))
{
	char *text = render(REPORT_JSON, fill);
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s at %d:%d in %s", error.text, error.line, error.column, text);
	free(text);
	return json;
}

static void fill_all_types(struct report *r)
{
	report_text(r, "Only people see this.");
	report_table(r, "rows", "Misses", all_types, COUNT(all_types));
	put_rows(r);
}

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void json_keys_and_integers_come_out_exactly(void **state)
{
	char *text = render(REPORT_JSON, fill_all_types);
	(void)state;

	assert_non_null(strstr(text, "{\"policy\":\"lru\",\"missCount\":18446744073709551615,"
				     "\"delta\":-9223372036854775808,\"pfn\":1234567,"
				     "\"is_full\":true,\"error_ppm\":-12345,\"used_bytes\":1536,"
				     "\"p99_ns\":12000000,\"groups\":[[0,1],[2,3]]},\n"));
	assert_non_null(strstr(text, "\"used_bytes\":null,\"p99_ns\":0,\"groups\":null}\n]}\n"));
	assert_null(strstr(text, "ratio_ppm")); /* derived: only for people */
	assert_null(strstr(text, "Only people"));
	free(text);
}

static void a_table_is_aligned_and_reads_well(void **state)
{
	char *text = render(REPORT_TABLE, fill_all_types);
	(void)state;

	assert_string_equal(
		text,
		"Only people see this.\n"
		"\n"
		"Misses\n"
		"policy                      misses                       delta      pfn  full"
		"     ratio    error     used    P99\n"
		"lru     18,446,744,073,709,551,615  -9,223,372,036,854,775,808  1234567  yes "
		"    3.00 %  -1.23 %  1.5 KiB  12 ms\n"
		"s3fifo                       1,234                           5        7  no  "
		"  0.0003 %   0.00 %        -   0 ns\n");
	free(text);
}

static void numbers_do_not_see_the_locale(void **state)
{
	char *before[2], *after[2];
	(void)state;

	before[0] = render(REPORT_TABLE, fill_all_types);
	before[1] = render(REPORT_JSON, fill_all_types);
	if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "C.UTF-8"))
		skip(); /* no other locale on this machine */
	after[0] = render(REPORT_TABLE, fill_all_types);
	after[1] = render(REPORT_JSON, fill_all_types);
	setlocale(LC_ALL, "C");
	for (int i = 0; i < 2; i++) {
		assert_string_equal(before[i], after[i]);
		free(before[i]);
		free(after[i]);
	}
}

static const struct report_column names[] = {
	{ "comm", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "n", NULL, REPORT_U64, REPORT_EVERYWHERE },
};

/* a byte alone, overlong, surrogate, above U+10FFFF, cut short; then what must pass */
static const char *const dirty[] = {
	"a\xff-b",          "\xc0\xaf",    "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "cut\xe2\x82", "\xe2\x82\xac \xf0\x9f\x90\xbe \"q\" \\ \t\x01",
};

static void fill_dirty(struct report *r)
{
	report_table(r, "rows", NULL, names, COUNT(names));
	for (size_t i = 0; i < COUNT(dirty); i++)
		report_row(r, (struct report_value[]){ REPORT_S(dirty[i]), REPORT_U(i) });
}

static void the_json_envelope_names_command_version_and_trace(void **state)
{
	json_t *json = render_json(fill_dirty);
	const json_t *trace = json_object_get(json, "trace");
	(void)state;

	assert_string_equal(text_at(json, "command"), "cache");
	assert_string_equal(text_at(json, "version"), PUGMARK_VERSION);
	assert_string_equal(text_at(trace, "path"), "web \"7\".db");
	assert_string_equal(text_at(trace, "digest"), "0123abcd");
	assert_int_equal(json_object_size(json), 4);
	json_decref(json);
}

static void text_that_is_not_utf8_becomes_replacement_characters(void **state)
{
	static const char *const clean[] = {
		"a\xef\xbf\xbd-b",
		"\xef\xbf\xbd\xef\xbf\xbd",
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		"cut\xef\xbf\xbd\xef\xbf\xbd",
		"\xe2\x82\xac \xf0\x9f\x90\xbe \"q\" \\ \t\x01",
	};
	json_t *json = render_json(fill_dirty);
	const json_t *rows = json_object_get(json, "rows");
	(void)state;

	assert_int_equal(json_array_size(rows), COUNT(clean));
	for (size_t i = 0; i < COUNT(clean); i++)
		assert_string_equal(text_at(json_array_get(rows, i), "comm"), clean[i]);
	json_decref(json);
}

static void a_table_cannot_move_the_cursor(void **state)
{
	char *text = render(REPORT_TABLE, fill_dirty);
	(void)state;

	assert_non_null(strstr(text, "a?-b"));
	for (const char *p = text; *p; p++)
		assert_true((unsigned char)*p >= 0x20 || *p == '\n');
	free(text);
}

static void fill_two_tables(struct report *r)
{
	report_member_u64(r, "unique_pages", 12);
	report_table(r, "rows", NULL, names, COUNT(names));
	report_row(r, (struct report_value[]){ REPORT_S("a"), REPORT_U(1) });
	report_member_text(r, "note", "x\ny");
	report_table(r, "devices", "Devices", names, COUNT(names));
	report_row(r, (struct report_value[]){ REPORT_S("b"), REPORT_U(2) });
	report_row(r, (struct report_value[]){ REPORT_S(NULL), REPORT_U(3) });
	report_table(r, "loss", "Losses", names, COUNT(names));
	report_text(r, "The end of %s.", "it");
}

static void several_tables_are_several_arrays(void **state)
{
	json_t *json = render_json(fill_two_tables);
	const json_t *devices = json_object_get(json, "devices");
	(void)state;

	assert_int_equal(json_integer_value(json_object_get(json, "unique_pages")), 12);
	assert_string_equal(text_at(json, "note"), "x\ny");
	assert_int_equal(json_array_size(json_object_get(json, "rows")), 1);
	assert_int_equal(json_array_size(devices), 2);
	assert_string_equal(text_at(json_array_get(devices, 0), "comm"), "b");
	assert_true(json_is_null(json_object_get(json_array_get(devices, 1), "comm")));
	assert_int_equal(json_array_size(json_object_get(json, "loss")), 0);
	assert_true(json_is_array(json_object_get(json, "loss")));
	json_decref(json);
}

static void several_tables_stand_apart_with_their_titles(void **state)
{
	char *text = render(REPORT_TABLE, fill_two_tables);
	(void)state;

	assert_string_equal(text, "comm  n\n"
				  "a     1\n"
				  "\n"
				  "Devices\n"
				  "comm  n\n"
				  "b     2\n"
				  "-     3\n"
				  "\n"
				  "Losses\n"
				  "(nothing to show)\n"
				  "The end of it.\n");
	free(text);
}

static void a_report_without_a_trace_says_null(void **state)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	(void)state;

	assert_int_equal(report_end(report_begin(out, REPORT_JSON, "list", NULL, NULL)), 0);
	fclose(out);
	assert_string_equal(text, "{\"command\":\"list\",\"version\":\"" PUGMARK_VERSION
				  "\",\"trace\":null,\n\"rows\":[]}\n");
	free(text);
}

/* many rows, so that the failure comes amid them, or only two, so that it comes at the end */
static int write_to(FILE *out, enum report_format format, unsigned nrows)
{
	struct report *r = report_begin(out, format, "info", NULL, NULL);

	report_table(r, "rows", NULL, names, COUNT(names));
	for (unsigned i = 0; i < nrows; i++)
		report_row(r, (struct report_value[]){ REPORT_S("x"), REPORT_U(i) });
	const int err = report_end(r);
	const int why = errno;
	fclose(out);
	errno = why;
	return err;
}

static void a_full_disk_is_told(void **state)
{
	static const unsigned sizes[] = { 2, 5000 };
	(void)state;

	if (access("/dev/full", W_OK))
		skip();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(write_to(fopen("/dev/full", "w"), REPORT_JSON, sizes[i]),
				 ERR_CREATE);
		assert_int_equal(errno, ENOSPC);
		assert_int_equal(write_to(fopen("/dev/full", "w"), REPORT_TABLE, sizes[i]),
				 ERR_CREATE);
		assert_int_equal(errno, ENOSPC);
	}
}

static void a_closed_pipe_is_told(void **state)
{
	static const enum report_format formats[] = { REPORT_JSON, REPORT_TABLE };
	(void)state;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT(formats); i++) {
		int fds[2];
		assert_int_equal(pipe(fds), 0);
		close(fds[0]);
		assert_int_equal(write_to(fdopen(fds[1], "w"), formats[i], 5000), ERR_IO);
		assert_int_equal(errno, EPIPE);
	}
	signal(SIGPIPE, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_json_envelope_names_command_version_and_trace),
		cmocka_unit_test(json_keys_and_integers_come_out_exactly),
		cmocka_unit_test(a_table_is_aligned_and_reads_well),
		cmocka_unit_test(numbers_do_not_see_the_locale),
		cmocka_unit_test(text_that_is_not_utf8_becomes_replacement_characters),
		cmocka_unit_test(a_table_cannot_move_the_cursor),
		cmocka_unit_test(several_tables_are_several_arrays),
		cmocka_unit_test(several_tables_stand_apart_with_their_titles),
		cmocka_unit_test(a_report_without_a_trace_says_null),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(a_closed_pipe_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
