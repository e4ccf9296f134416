// SPDX-License-Identifier: MIT
/* Lists of names, and what is said of a name that is on none of them. */
#include "base/choices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void fill_few(struct choices *c)
{
	static const char *const names[] = { "lru", "mdev-1way", "mdev-2way", NULL };
	choices_add_names(c, names);
	choices_add(c, "arc", "Adapts", "Megiddo 2003");
}

static void fill_many(struct choices *c)
{
	for (unsigned i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof(name), "profile-%u", i);
		choices_add(c, name, NULL, NULL);
	}
}

static void fill_none(struct choices *c)
{
	(void)c;
}

static void names_keep_their_order(void **state)
{
	_choices_ struct choices c = {};
	(void)state;
	fill_few(&c);
	assert_int_equal(c.n, 4);
	assert_int_equal(choices_find(&c, "arc"), 3);
	assert_string_equal(c.list[3].source, "Megiddo 2003");
	assert_string_equal(c.list[0].summary, "");
	assert_int_equal(choices_find(&c, "ar"), -1);
}

static void files_of_the_program_say_what_they_are(void **state)
{
	_choices_ struct choices all = {}, walks = {};
	(void)state;
	choices_add_embedded(&all, "designs/", ".ini", NULL);
	choices_add_embedded(&walks, "designs/", ".ini", "[walk]");
	const int i = choices_find(&all, "tpt-opt");
	assert_true(i >= 0);
	assert_string_equal(all.list[i].source, "designs/tpt-opt.ini");
	assert_non_null(strstr(all.list[i].summary, "TPT (ATC'23)"));
	assert_true(walks.n && walks.n <= all.n);
	assert_int_equal(choices_find(&all, "nosuch"), -1);
	for (size_t k = 1; k < all.n; k++)
		assert_true(strcmp(all.list[k - 1].name, all.list[k].name) < 0);
}

static void a_long_summary_ends_where_a_part_of_its_sentence_does(void **state)
{
	struct choice x = { .summary = "short" };
	char out[CHOICE_BRIEF_CHARS], longer[300];
	(void)state;
	assert_string_equal(choice_brief(&x, out), "short");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	memcpy(longer + 50, ", y", 3);
	x.summary = longer;
	assert_int_equal(strlen(choice_brief(&x, out)), 50 + 3);
	memset(longer, 'x', sizeof(longer) - 1);
	assert_int_equal(strlen(choice_brief(&x, out)), CHOICE_BRIEF_CHARS - 1);
}

static const char *refuse(choices_fill fill, const char *name)
{
	static struct err e;
	assert_int_equal(choices_refuse_of(fill, "policy", name, ", and files", &e), ERR_USAGE);
	return e.msg;
}

static void a_name_that_is_not_there_is_told_with_the_nearest_or_with_all(void **state)
{
	(void)state;
	assert_string_equal(refuse(fill_few, "lur"), "no policy 'lur': did you mean 'lru'?");
	assert_string_equal(refuse(fill_few, "mdev"),
			    "no policy 'mdev': did you mean one of mdev-1way, mdev-2way?");
	assert_string_equal(refuse(fill_few, "a"), "no policy 'a': did you mean arc?");
	assert_string_equal(
		refuse(fill_few, "random"),
		"no policy 'random': there are lru, mdev-1way, mdev-2way, arc, and files");
	assert_string_equal(refuse(fill_none, "x"), "no policy 'x': there are none, and files");
}

/* What does not fit is counted, and nothing is cut in its middle. */
static void a_long_list_ends_in_the_number_of_the_rest(void **state)
{
	(void)state;
	const char *msg = refuse(fill_many, "zzz"), *comma = msg;
	unsigned shown = 1, rest = 0;
	while ((comma = strstr(comma, ", profile-"))) {
		shown++;
		comma++;
	}
	const char *end = strstr(msg, " and ");
	assert_non_null(end);
	assert_int_equal(sscanf(end, " and %u more, and files", &rest), 1);
	assert_int_equal(shown + rest, 100);
	assert_true(shown > 5);
	assert_null(strstr(msg, "..."));
	assert_string_equal(msg + strlen(msg) - strlen(", and files"), ", and files");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_keep_their_order),
		cmocka_unit_test(a_long_summary_ends_where_a_part_of_its_sentence_does),
		cmocka_unit_test(files_of_the_program_say_what_they_are),
		cmocka_unit_test(a_name_that_is_not_there_is_told_with_the_nearest_or_with_all),
		cmocka_unit_test(a_long_list_ends_in_the_number_of_the_rest),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
