// SPDX-License-Identifier: MIT
/* Errors: the code survives, the sentence fits, each code has the exit status that is promised. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void setting_returns_the_code_with_or_without_a_place(void **state)
{
	struct err e = {};
	(void)state;

	assert_int_equal(err_set(&e, ERR_FORMAT, "%s: byte %d", "t.db", 7), ERR_FORMAT);
	assert_int_equal(e.code, ERR_FORMAT);
	assert_string_equal(e.msg, "t.db: byte 7");
	assert_int_equal(err_set(NULL, ERR_IO, "nobody reads this"), ERR_IO);
}

static void prefixes_say_where_from_the_outside_in(void **state)
{
	struct err e = {};
	(void)state;

	err_set(&e, ERR_FORMAT, "row 812");
	assert_int_equal(err_prefix(&e, "chunk %d", 3), ERR_FORMAT);
	assert_int_equal(err_prefix(&e, "%s", "nic.db"), ERR_FORMAT);
	assert_string_equal(e.msg, "nic.db: chunk 3: row 812");
}

static void a_long_path_does_not_cost_the_reason(void **state)
{
	char path[4000];
	struct err e;
	(void)state;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	err_set(&e, ERR_NOINPUT, "%s: No such file or directory", path);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_memory_equal(e.msg, path, 80);
	const char reason[] = "xxx: No such file or directory";
	assert_string_equal(e.msg + sizeof(e.msg) - sizeof(reason), reason);
}

static void long_sentences_are_cut_and_stay_terminated(void **state)
{
	char longer[500];
	struct err e;
	(void)state;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	err_set(&e, ERR_IO, "%s", longer);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);

	/* prefixes of every length around the end of the room, before a short and a long sentence
	 */
	for (size_t n = 0; n < 260; n++) {
		for (int is_long = 0; is_long < 2; is_long++) {
			err_set(&e, ERR_IO, "%s", is_long ? longer : "short");
			assert_int_equal(err_prefix(&e, "%.*s", (int)n, longer), ERR_IO);
			const size_t all = n + 2 + (is_long ? sizeof(e.msg) - 1 : 5);
			const size_t len = strnlen(e.msg, sizeof(e.msg));
			assert_true(len < sizeof(e.msg));
			if (all < sizeof(e.msg))
				assert_int_equal(len, all);
			else
				assert_in_range(len, sizeof(e.msg) - 3, sizeof(e.msg) - 1);
			assert_memory_equal(e.msg, longer, n < len ? n : len);
		}
	}
}

static void exit_statuses_are_as_agreed(void **state)
{
	static const struct {
		int code, status;
	} agreed[] = {
		{ ERR_OK, 0 },      { ERR_NO, 1 },       { ERR_USAGE, 64 },   { ERR_UNUSABLE, 65 },
		{ ERR_FORMAT, 65 }, { ERR_NOINPUT, 66 }, { ERR_FEATURE, 69 }, { ERR_BUG, 70 },
		{ ERR_NOMEM, 71 },  { ERR_CREATE, 73 },  { ERR_IO, 74 },      { ERR_PERM, 77 },
		{ -1000, 70 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(agreed) / sizeof(agreed[0]); i++)
		assert_int_equal(err_exit_status(agreed[i].code), agreed[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_returns_the_code_with_or_without_a_place),
		cmocka_unit_test(prefixes_say_where_from_the_outside_in),
		cmocka_unit_test(a_long_path_does_not_cost_the_reason),
		cmocka_unit_test(long_sentences_are_cut_and_stay_terminated),
		cmocka_unit_test(exit_statuses_are_as_agreed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
