// SPDX-License-Identifier: MIT
/*
 * Parameter tables: every type into its field, every refusal with file, line
 * and a sentence, provenance, and a canonical text that equals for equal designs.
 */
#include "base/param.h"
#include "reports/params.h"
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct demo {
	uint64_t entries;
	uint64_t cache_bytes;
	struct ns lookup;
	struct ns timeout;
	uint64_t share;
	struct quantity budget;
	struct rate limit;
	bool is_batched;
	int mode;
	const char *levels;
};

static const char *const modes[] = { "native", "nested", "shadow-unsync", NULL };

static const struct param rows[] = {
	{ "walk", "entries", PARAM_U64, "entries", "1536 | spec | vendor manual, 2.1", 1, 4096,
	  "Entries of the second-level TLB", offsetof(struct demo, entries), NULL },
	{ "walk", "cache", PARAM_BYTES, NULL, "32K", 0, 0, "Cache of page-table entries",
	  offsetof(struct demo, cache_bytes), NULL },
	{ "walk", "lookup_ns", PARAM_NS, NULL, "69 | published | VPRI, SOSP'24 slides", 0, 1000000,
	  "On-device lookup", offsetof(struct demo, lookup), NULL },
	{ "walk", "mode", PARAM_CHOICE, NULL, "nested", 0, 0, "Who translates",
	  offsetof(struct demo, mode), modes },
	{ "walk", "levels", PARAM_TEXT, "level:entries ..", NULL, 0, 0, "Walk caches",
	  offsetof(struct demo, levels), NULL },
	{ "pin", "timeout", PARAM_NS, NULL, "8min | guess", NS_PER_MS, 0, "Unpin after idling",
	  offsetof(struct demo, timeout), NULL },
	{ "pin", "share", PARAM_PPM, NULL, "2.5%", 0, 1000000, "Of the memory",
	  offsetof(struct demo, share), NULL },
	{ "pin", "budget", PARAM_QUANTITY, "pages", "5%", 0, 0, "Pages that may be pinned",
	  offsetof(struct demo, budget), NULL },
	{ "pin", "limit", PARAM_RATE, NULL, "10/s", 0, 0, "Of IOPFs", offsetof(struct demo, limit),
	  NULL },
	{ "pin", "batched", PARAM_BOOL, NULL, "no", 0, 0, "Batch bitmap updates",
	  offsetof(struct demo, is_batched), NULL },
};

struct fixture {
	struct arena arena;
	struct param_set set;
	struct demo demo;
	struct err e;
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->set.arena = &f->arena;
	if (param_set_add(&f->set, rows, COUNT(rows), &f->demo, &f->e))
		fail_msg("%s", f->e.msg);
}

static int read_as(struct fixture *f, enum param_file kind, const char *text)
{
	return param_read_text(&f->set, "web.ini", text, strlen(text), kind, &f->e);
}

static void defaults_fill_the_struct_and_know_their_source(void **state)
{
	struct fixture f;
	(void)state;

	begin(&f);
	assert_int_equal(f.demo.entries, 1536);
	assert_int_equal(f.demo.cache_bytes, 32768);
	assert_int_equal(f.demo.lookup.v, 69);
	assert_int_equal(f.demo.timeout.v, 480 * NS_PER_SEC);
	assert_int_equal(f.demo.share, 25000);
	assert_int_equal(f.demo.budget.value, 50000);
	assert_true(f.demo.budget.is_ppm);
	assert_int_equal(f.demo.limit.count, 10);
	assert_int_equal(f.demo.limit.per_ns, NS_PER_SEC);
	assert_false(f.demo.is_batched);
	assert_int_equal(f.demo.mode, 1);
	assert_null(f.demo.levels);

	assert_int_equal(param_find(&f.set, "walk", "entries")->kind, PARAM_SPEC);
	assert_string_equal(param_find(&f.set, "walk", "lookup_ns")->source,
			    "VPRI, SOSP'24 slides");
	assert_int_equal(param_find(&f.set, "pin", "timeout")->kind, PARAM_GUESS);
	assert_int_equal(param_find(&f.set, "pin", "share")->kind, PARAM_DEFAULT);
	assert_int_equal(param_find(&f.set, "walk", "levels")->kind, PARAM_UNSET);
	assert_null(param_find(&f.set, "walk", "nothing"));
	assert_false(param_section_is_used(&f.set, "walk"));
	arena_deinit(&f.arena);
}

static void a_design_replaces_defaults_and_is_the_users_word(void **state)
{
	struct fixture f;
	(void)state;

	begin(&f);
	if (read_as(&f, PARAM_DESIGN,
		    "\xef\xbb\xbf[walk]\r\n"
		    "# a comment\n"
		    "entries = 2K\r\n"
		    "   cache=1.5M   ; indented, and a comment\n"
		    "\tlookup_ns = 1us | calibrated | bench run 7\n"
		    "mode : shadow-unsync\n"
		    "levels = 4:4 3:8\n"
		    "\n"
		    "[pin]\n"
		    "batched = yes\n"
		    "budget = 512"))
		fail_msg("%s", f.e.msg);
	assert_int_equal(f.demo.entries, 2048);
	assert_int_equal(f.demo.cache_bytes, 3 << 19);
	assert_int_equal(f.demo.lookup.v, 1000);
	assert_int_equal(f.demo.mode, 2);
	assert_string_equal(f.demo.levels, "4:4 3:8");
	assert_true(f.demo.is_batched);
	assert_int_equal(f.demo.budget.value, 512);
	assert_false(f.demo.budget.is_ppm);
	assert_true(param_section_is_used(&f.set, "walk"));

	const struct param_entry *entry = param_find(&f.set, "walk", "entries");
	assert_int_equal(entry->kind, PARAM_GIVEN);
	assert_string_equal(entry->text, "2K");
	assert_string_equal(entry->source, "");
	assert_string_equal(entry->origin, "web.ini:3");
	entry = param_find(&f.set, "walk", "lookup_ns");
	assert_int_equal(entry->kind, PARAM_CALIBRATED);
	assert_string_equal(entry->source, "bench run 7");
	arena_deinit(&f.arena);
}

static void a_later_file_and_set_have_the_last_word(void **state)
{
	struct fixture f;
	(void)state;

	begin(&f);
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[walk]\nentries=1\n"), 0);
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[walk]\nentries=2\n"), 0);
	assert_int_equal(f.demo.entries, 2);
	assert_int_equal(param_assign(&f.set, "walk.entries = 3", &f.e), 0);
	assert_int_equal(f.demo.entries, 3);
	assert_string_equal(param_find(&f.set, "walk", "entries")->origin, "--set");
	assert_false(param_section_is_used(&f.set, "pin"));
	assert_int_equal(param_assign(&f.set, "pin.timeout=2s|published|a paper", &f.e), 0);
	assert_int_equal(f.demo.timeout.v, 2 * NS_PER_SEC);
	assert_int_equal(param_find(&f.set, "pin", "timeout")->kind, PARAM_PUBLISHED);
	assert_true(param_section_is_used(&f.set, "pin"));
	arena_deinit(&f.arena);
}

/* text, then the exact sentence */
static void refuse_all(enum param_file kind, const char *const (*cases)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fixture f;
		begin(&f);
		if (read_as(&f, kind, cases[i][0]) != ERR_FORMAT)
			fail_msg("accepted: %s", cases[i][0]);
		assert_int_equal(f.e.code, ERR_FORMAT);
		assert_string_equal(f.e.msg, cases[i][1]);
		arena_deinit(&f.arena);
	}
}

static void damaged_files_are_refused_with_line_and_sentence(void **state)
{
	static const char *const cases[][2] = {
		{ "[walk]\n\nentires = 5\n",
		  "web.ini: line 3: no parameter in [walk] 'entires': did you mean 'entries'?" },
		{ "[walk]\nspeed = 5\n",
		  "web.ini: line 2: no parameter in [walk] 'speed': there are entries, cache, "
		  "lookup_ns, mode, levels" },
		{ "[wlak]\n", "web.ini: line 1: no section 'wlak': did you mean 'walk'?" },
		{ "[network]\nmtu = 5\n",
		  "web.ini: line 1: no section 'network': there are walk, pin" },
		{ "entries = 5\n", "web.ini: line 1: 'entries' stands before the first [section]" },
		{ "[walk]\nentries = 5\nentries = 6\n",
		  "web.ini: line 3: walk.entries is given twice" },
		{ "[walk]\nentries 5\n",
		  "web.ini: line 2: expected [section], `key = value` or a comment" },
		{ "[walk\nentries = 5\n",
		  "web.ini: line 1: expected [section], `key = value` or a comment" },
		{ "[walk]\nentries = 0\n",
		  "web.ini: line 2: walk.entries: 0 is not between 1 and 4,096" },
		{ "[walk]\nlookup_ns = 1s\n",
		  "web.ini: line 2: walk.lookup_ns: 1s is not between 0 ns and 1 ms" },
		{ "[pin]\ntimeout = 3us\n", "web.ini: line 2: pin.timeout: 3us is less than 1 ms" },
		{ "[pin]\ntimeout = 3\n",
		  "web.ini: line 2: pin.timeout: '3' is not a duration in whole ns with its unit "
		  "(ns us ms s min h d) such as 250us, 1.5s or 8min" },
		{ "[pin]\nbatched = maybe\n",
		  "web.ini: line 2: pin.batched: 'maybe' is neither yes nor no" },
		{ "[walk]\nmode = nestde\n",
		  "web.ini: line 2: walk.mode: no 'nestde': did you mean 'nested'?" },
		{ "[walk]\nmode = 5\n",
		  "web.ini: line 2: walk.mode: '5' is none of native, nested, shadow-unsync" },
		{ "[walk]\nentries = 5 | measured | by me\n",
		  "web.ini: line 2: walk.entries: 'measured' is not a kind: expected spec, "
		  "published, derived, calibrated or guess" },
		{ "[walk]\nlevels =;4:4\n",
		  "web.ini: line 2: walk.levels: ';' starts a comment and cannot be in a value" },
		{ "[walk]\nentries = 5 | published\n",
		  "web.ini: line 2: walk.entries: a published value names its source: expected "
		  "`5 | published | SOURCE`" },
	};
	(void)state;
	refuse_all(PARAM_DESIGN, cases, COUNT(cases));
}

static void a_number_in_a_profile_needs_a_kind(void **state)
{
	static const char *const cases[][2] = {
		{ "[walk]\nmode = native\nentries = 64\n",
		  "web.ini: line 3: walk.entries: a number in a profile says where it comes from: "
		  "expected `64 | KIND | SOURCE`" },
		{ "[walk]\nentries = 64 | given\n",
		  "web.ini: line 2: walk.entries: a number in a profile says where it comes from: "
		  "expected `64 | KIND | SOURCE`" },
		{ "[walk]\nlevels = 4:4\n",
		  "web.ini: line 2: walk.levels: a number in a profile says where it comes from: "
		  "expected `4:4 | KIND | SOURCE`" },
	};
	struct fixture f;
	(void)state;

	refuse_all(PARAM_PROFILE, cases, COUNT(cases));
	begin(&f);
	if (read_as(&f, PARAM_PROFILE,
		    "[walk]\nmode = native\nlevels = none\nentries = 64 | guess\n"
		    "cache = 1M | derived | 512 entries of 2 KiB\n[pin]\nbatched = yes\n"))
		fail_msg("%s", f.e.msg);
	assert_int_equal(param_find(&f.set, "walk", "entries")->kind, PARAM_GUESS);
	arena_deinit(&f.arena);
}

static void long_lines_are_refused_before_they_are_split(void **state)
{
	char text[600];
	struct fixture f;
	(void)state;

	for (int len = 185; len < 400; len++) { /* inih splits at 200 */
		const int used = snprintf(text, sizeof(text), "[walk]\nlevels = ");
		const size_t start = strlen("[walk]\n");
		memset(text + used, 'x', sizeof(text) - (size_t)used);
		strcpy(text + start + (size_t)len, "\nentries = 7\n");
		begin(&f);
		const int err = read_as(&f, PARAM_DESIGN, text);
		if (len <= PARAM_LINE_BYTES_MAX) {
			assert_int_equal(err, 0);
			assert_int_equal(strlen(f.demo.levels), len - 9);
			assert_int_equal(f.demo.entries, 7);
		} else {
			char expected[100];
			assert_int_equal(err, ERR_FORMAT);
			snprintf(expected, sizeof(expected),
				 "web.ini: line 2: %d bytes: lines have at most 190", len);
			assert_string_equal(f.e.msg, expected);
		}
		arena_deinit(&f.arena);
	}
}

static void zero_bytes_are_refused(void **state)
{
	static const char text[] = "[walk]\nentries = 5\0 6\n";
	struct fixture f;
	(void)state;

	begin(&f);
	assert_int_equal(
		param_read_text(&f.set, "web.ini", text, sizeof(text) - 1, PARAM_DESIGN, &f.e),
		ERR_FORMAT);
	assert_string_equal(f.e.msg, "web.ini: line 2: a zero byte: expected text");
	arena_deinit(&f.arena);
}

static void wrong_assignments_are_wrong_usage(void **state)
{
	static const char *const cases[][2] = {
		{ "walk.entries", "'walk.entries' is not of the form section.key=value" },
		{ "entries=5", "'entries=5' is not of the form section.key=value" },
		{ "", "'' is not of the form section.key=value" },
		{ "wakl.entries=5", "no section 'wakl': did you mean 'walk'?" },
		{ "walk.entrees=5", "no parameter in [walk] 'entrees': did you mean 'entries'?" },
		{ "walk.entries=five",
		  "walk.entries: 'five' is not a whole number such as 512 or 64K (K is 1024)" },
		{ "walk.entries=5|x", "walk.entries: 'x' is not a kind: expected spec, published, "
				      "derived, calibrated or guess" },
	};
	struct fixture f;
	(void)state;

	begin(&f);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(param_assign(&f.set, cases[i][0], &f.e), ERR_USAGE);
		assert_int_equal(f.e.code, ERR_USAGE);
		assert_string_equal(f.e.msg, cases[i][1]);
	}
	assert_int_equal(f.demo.entries, 1536);
	arena_deinit(&f.arena);
}

static void a_table_that_breaks_its_own_rules_is_our_bug(void **state)
{
	static const struct param bad[] = {
		{ "x", "y", PARAM_U64, NULL, "7", 1, 5, "Out of its own bounds", 0, NULL },
	};
	struct fixture f;
	(void)state;

	begin(&f);
	assert_int_equal(param_set_add(&f.set, bad, 1, NULL, &f.e), ERR_BUG);
	assert_string_equal(f.e.msg, "default: x.y: 7 is not between 1 and 5");
	assert_int_equal(param_set_add(&f.set, rows, 1, NULL, &f.e), ERR_BUG); /* twice */
	arena_deinit(&f.arena);
}

/* canonical text after reading a design; the caller frees */
static char *canonical_of(const char *text)
{
	struct fixture f;

	begin(&f);
	if (read_as(&f, PARAM_DESIGN, text))
		fail_msg("%s", f.e.msg);
	char *canon = param_canonical(&f.set);
	arena_deinit(&f.arena);
	return canon;
}

static void equal_designs_have_equal_canonical_text(void **state)
{
	char *a = canonical_of("[pin]\nbatched = on\ntimeout = 1.5s\nbudget = 4K\n");
	char *b = canonical_of("; other words\n[pin]\nbudget = 4096 | guess\nbatched=yes\n"
			       "timeout = 1500 ms\nshare = 2.50%\n");
	(void)state;

	assert_string_equal(a, "pin.batched=yes\n"
			       "pin.budget=4096\n"
			       "pin.limit=10/1000000000ns\n"
			       "pin.share=25000\n"
			       "pin.timeout=1500000000\n");
	assert_string_equal(a, b);
	free(b);
	b = canonical_of("[pin]\nbatched = on\ntimeout = 1.5s\nbudget = 4K\n[walk]\n");
	assert_non_null(strstr(b, a)); /* one more model runs */
	assert_non_null(strstr(b, "walk.mode=nested\n"));
	assert_null(strstr(b, "walk.levels")); /* unset */
	free(a);
	free(b);
	a = canonical_of("");
	assert_string_equal(a, "");
	free(a);
}

static void printed_values_can_be_read_again(void **state)
{
	struct fixture f, again;
	char *text = NULL;
	size_t n = 0;
	(void)state;

	begin(&f);
	assert_int_equal(read_as(&f, PARAM_DESIGN,
				 "[walk]\nentries = 5 | published | a, b\nlevels = 4:4\n[pin]\n"),
			 0);
	FILE *out = open_memstream(&text, &n);
	params_print_values(out, &f.set);
	fclose(out);
	assert_non_null(strstr(text, "entries = 5 | published | a, b\n"));
	assert_non_null(strstr(text, "timeout = 8min | guess\n"));

	begin(&again);
	if (read_as(&again, PARAM_DESIGN, text))
		fail_msg("%s", again.e.msg);
	char *a = param_canonical(&f.set), *b = param_canonical(&again.set);
	assert_string_equal(a, b);
	assert_int_equal(param_find(&again.set, "walk", "entries")->kind, PARAM_PUBLISHED);
	assert_int_equal(param_find(&again.set, "pin", "share")->kind, PARAM_DEFAULT);
	free(a);
	free(b);
	free(text);
	arena_deinit(&f.arena);
	arena_deinit(&again.arena);
}

static void help_shows_defaults_sources_and_bounds(void **state)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	(void)state;

	params_print_rows(out, rows, 4, PARAMS_HELP);
	params_print_rows(out, rows, 1, PARAMS_SCDOC);
	fclose(out);
	assert_string_equal(text, "  walk.entries = 1536 | spec | vendor manual, 2.1\n"
				  "      Entries of the second-level TLB (entries, 1 .. 4,096)\n"
				  "  walk.cache = 32K\n"
				  "      Cache of page-table entries\n"
				  "  walk.lookup_ns = 69 | published | VPRI, SOSP'24 slides\n"
				  "      On-device lookup (0 ns .. 1 ms)\n"
				  "  walk.mode = nested\n"
				  "      Who translates (native | nested | shadow-unsync)\n"
				  "*walk.entries* = 1536 | spec | vendor manual, 2.1\n"
				  "\tEntries of the second-level TLB (entries, 1 .. 4,096)\n\n");
	free(text);
}

static void rows_without_a_struct_are_checked_all_the_same(void **state)
{
	struct fixture f = {};
	(void)state;

	f.set.arena = &f.arena;
	assert_int_equal(param_set_add(&f.set, rows, COUNT(rows), NULL, &f.e), 0);
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[walk]\nentries = 9\n"), 0);
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[walk]\nentries = 9999\n"), ERR_FORMAT);
	assert_string_equal(param_find(&f.set, "walk", "entries")->text, "9");
	arena_deinit(&f.arena);
}

static const struct param other_rows[] = {
	{ "walk", "levels_of_another", PARAM_U64, NULL, "4", 0, 0, "Left out: [walk] is ours", 0,
	  NULL },
	{ "nic", "rings", PARAM_U64, NULL, "2", 1, 8, "Somebody else's", 0, NULL },
	{ "nic", "depth", PARAM_U64, NULL, "64", 0, 0, "Somebody else's", 0, NULL },
};

static void sections_of_others_are_checked_but_are_no_part_of_the_design(void **state)
{
	struct fixture f;
	(void)state;

	begin(&f);
	assert_int_equal(param_set_add_foreign(&f.set, other_rows, COUNT(other_rows), &f.e), 0);
	assert_null(param_find(&f.set, "walk", "levels_of_another"));
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[walk]\nentries = 9\n"), 0);
	char *alone = param_canonical(&f.set);
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[walk]\nentries = 9\n[nic]\nrings = 3\n"), 0);
	char *beside = param_canonical(&f.set);
	assert_string_equal(alone, beside);
	assert_false(param_section_is_used(&f.set, "nic"));
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[nic]\nrings = 9\n"), ERR_FORMAT);
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[nic]\nring = 3\n"), ERR_FORMAT);
	assert_int_equal(param_assign(&f.set, "nic.rings=3", &f.e), ERR_USAGE);
	assert_string_equal(f.e.msg, "nothing here uses [nic]");
	free(alone);
	free(beside);
	arena_deinit(&f.arena);
}

static int take_word(void *ctx, const char *name, const char *value, const char *origin,
		     struct err *e)
{
	char *seen = ctx;
	if (!strcmp(value, "bad"))
		return err_set(e, ERR_USAGE, "not this one");
	snprintf(seen + strlen(seen), 200 - strlen(seen), "%s %s=%s;", origin, name, value);
	return 0;
}

static void an_open_section_hands_its_values_on_in_order(void **state)
{
	struct fixture f;
	char seen[200] = "";
	(void)state;

	begin(&f);
	assert_int_equal(param_set_open(&f.set, "vary", take_word, seen, &f.e), 0);
	assert_int_equal(param_set_open(&f.set, "walk", take_word, seen, &f.e), ERR_BUG);
	assert_int_equal(read_as(&f, PARAM_DESIGN,
				 "[vary]\nb.c = 1..3\n[walk]\nentries = 9\n"
				 "[vary]\na = x, y\na = z\n"),
			 0);
	assert_string_equal(seen, "web.ini:2 b.c=1..3;web.ini:6 a=x, y;web.ini:7 a=z;");
	assert_int_equal(read_as(&f, PARAM_DESIGN, "[vary]\nc = bad\n"), ERR_FORMAT);
	assert_string_equal(f.e.msg, "web.ini: line 2: not this one");
	char *canonical = param_canonical(&f.set);
	assert_null(strstr(canonical, "vary"));
	free(canonical);
	arena_deinit(&f.arena);
}

static void files_that_cannot_be_read_are_told_apart(void **state)
{
	struct fixture f;
	(void)state;

	begin(&f);
	assert_int_equal(param_read(&f.set, "t/no-such.ini", PARAM_DESIGN, &f.e), ERR_NOINPUT);
	assert_string_equal(f.e.msg, "t/no-such.ini: No such file or directory");
	assert_int_equal(param_read(&f.set, "t", PARAM_DESIGN, &f.e), ERR_IO); /* a folder */
	assert_int_equal(param_read(&f.set, "/dev/zero", PARAM_DESIGN, &f.e), ERR_FORMAT);
	arena_deinit(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_fill_the_struct_and_know_their_source),
		cmocka_unit_test(a_design_replaces_defaults_and_is_the_users_word),
		cmocka_unit_test(a_later_file_and_set_have_the_last_word),
		cmocka_unit_test(damaged_files_are_refused_with_line_and_sentence),
		cmocka_unit_test(a_number_in_a_profile_needs_a_kind),
		cmocka_unit_test(long_lines_are_refused_before_they_are_split),
		cmocka_unit_test(zero_bytes_are_refused),
		cmocka_unit_test(wrong_assignments_are_wrong_usage),
		cmocka_unit_test(a_table_that_breaks_its_own_rules_is_our_bug),
		cmocka_unit_test(equal_designs_have_equal_canonical_text),
		cmocka_unit_test(printed_values_can_be_read_again),
		cmocka_unit_test(help_shows_defaults_sources_and_bounds),
		cmocka_unit_test(rows_without_a_struct_are_checked_all_the_same),
		cmocka_unit_test(an_open_section_hands_its_values_on_in_order),
		cmocka_unit_test(sections_of_others_are_checked_but_are_no_part_of_the_design),
		cmocka_unit_test(files_that_cannot_be_read_are_told_apart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
