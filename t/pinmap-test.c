// SPDX-License-Identifier: MIT
/* replay/pinmap.c: what is written is read again; what is wrong is told in a sentence. */
#include "replay/pinmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct pinmap example(struct pinmap_range *ranges)
{
	ranges[0] = (struct pinmap_range){ 16, 4, PINMAP_RETURNS, 3600, 12 };
	ranges[1] = (struct pinmap_range){ 20, 1, PINMAP_COHERENT, 7200, 0 };
	struct pinmap m = {
		.vm = "web \"7\"\n",
		.design = "vpri",
		.vm_pages = 1024,
		.page_bytes = 4096,
		.from_ns = 5,
		.to_ns = 500,
		.overcommit_ppm = 200000,
		.budget_pages = 51,
		.pinned_pages = 5,
		.seed = 3,
		.rollback = { 7, 60000000000, "the most that was seen" },
		.forecast = { { 1, 2, 3 },
			      { 40, 50, 60 },
			      { 900000, 960000, 980000 },
			      900000,
			      495,
			      8 },
		.ranges = ranges,
		.nranges = 2,
	};
	memset(m.trace_digest, 'a', TRACE_DIGEST_CHARS);
	memset(m.design_digest, '0', SHA256_HEX_CHARS);
	return m;
}

/* Not inlined: gcc would take the text for a part of the pointer that open_memstream fills. */
static __attribute__((noinline)) char *print(const struct pinmap *m, size_t *n_out)
{
	enum { ENOUGH = 1 << 16 };
	char *text = calloc(1, ENOUGH);
	assert_non_null(text);
	FILE *out = fmemopen(text, ENOUGH, "w");
	assert_non_null(out);
	pinmap_print(m, out);
	assert_int_equal(fclose(out), 0);
	*n_out = strlen(text);
	return text;
}

static void a_map_is_read_as_it_was_written(void **state)
{
	(void)state;
	struct pinmap_range ranges[2];
	const struct pinmap m = example(ranges);
	struct pinmap back;
	struct err e = {};
	size_t n;
	char *text = print(&m, &n);
	assert_int_equal(pinmap_parse("m", text, n, &back, &e), 0);
	assert_string_equal(back.vm, m.vm);
	assert_string_equal(back.trace_digest, m.trace_digest);
	assert_string_equal(back.rollback.why, m.rollback.why);
	assert_int_equal(back.rollback.iopf, 7);
	assert_memory_equal(&back.forecast, &m.forecast, sizeof(m.forecast));
	assert_int_equal(back.nranges, 2);
	assert_int_equal(back.ranges[0].reason, PINMAP_RETURNS);
	size_t again;
	char *second = print(&back, &again);
	assert_string_equal(text, second);
	pinmap_deinit(&back);
	free(text);
	free(second);
}

static void a_map_without_ranges_is_a_map(void **state)
{
	(void)state;
	struct pinmap_range ranges[2];
	struct pinmap m = example(ranges), back;
	struct err e = {};
	size_t n;
	m.nranges = m.pinned_pages = 0;
	char *text = print(&m, &n);
	assert_int_equal(pinmap_parse("m", text, n, &back, &e), 0);
	assert_int_equal(back.nranges, 0);
	pinmap_deinit(&back);
	free(text);
}

/* The text with its first `from` replaced; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out = NULL;
	if (!at || asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) < 0)
		return NULL;
	return out;
}

/* A member's value is replaced; the sentence must name the file and the member. */
static void expect_refused(const char *from, const char *to, const char *said)
{
	struct pinmap_range ranges[2];
	const struct pinmap m = example(ranges);
	struct pinmap back;
	struct err e = {};
	size_t n;
	char *text = print(&m, &n);
	char *bad = replaced(text, from, to);
	assert_non_null(bad);
	assert_int_equal(pinmap_parse("bad.json", bad, strlen(bad), &back, &e), ERR_UNUSABLE);
	assert_non_null(strstr(e.msg, "bad.json"));
	if (!strstr(e.msg, said))
		fail_msg("'%s' says nothing of '%s'", e.msg, said);
	free(text);
	free(bad);
}

static void what_does_not_fit_is_told_by_its_member(void **state)
{
	(void)state;
	expect_refused("pugmark-pinmap", "pinmap", "format");
	expect_refused("\"version\": 1", "\"version\": 2", "version");
	expect_refused("\"vm_pages\": 1024", "\"vm_pages\": -1", "vm_pages");
	expect_refused("\"vm_pages\": 1024", "\"vm_pages\": 1e3", "vm_pages");
	expect_refused("aaaa", "zzzz", "trace_digest");
	expect_refused("\"pinned_pages\": 5", "\"pinned_pages\": 6", "pinned_pages");
	expect_refused("\"first_page\": 20", "\"first_page\": 19", "range 1");
	expect_refused("\"npages\": 4", "\"npages\": 9223372036854775807", "npages");
	expect_refused("\"npages\": 4", "\"npages\": 18446744073709551617", "line");
	expect_refused("returns", "because", "reason");
	expect_refused("\"low\": 40", "\"low\": 55", "low <= middle");
	expect_refused("\"cut_ppm\": {\"low\": 900000", "\"cut_ppm\": {\"low\": \"x\"", "low");
	expect_refused("\"ranges\": [", "\"ranges\": {\"a\": [", "line");
	expect_refused("\"window_ns\": 60000000000", "\"window_ns\": 0", "window_ns");
}

static void a_file_appears_whole_or_not_at_all(void **state)
{
	(void)state;
	struct pinmap_range ranges[2];
	const struct pinmap m = example(ranges);
	struct pinmap back;
	struct err e = {};
	const char *tmp = getenv("TMPDIR");
	char dir[200], path[220], missing[220];
	snprintf(dir, sizeof(dir), "%.150s/pinmap-test-XXXXXX", tmp ? tmp : "/var/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/m.json", dir);
	snprintf(missing, sizeof(missing), "%s/none/m.json", dir);
	assert_int_equal(pinmap_write(&m, missing, &e), ERR_CREATE);
	assert_int_equal(pinmap_read(path, &back, &e), ERR_NOINPUT);
	assert_int_equal(pinmap_write(&m, path, &e), 0);
	assert_int_equal(pinmap_read(path, &back, &e), 0);
	assert_int_equal(back.pinned_pages, 5);
	pinmap_deinit(&back);
	assert_int_equal(pinmap_read(dir, &back, &e), ERR_UNUSABLE);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing else was left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_read_as_it_was_written),
		cmocka_unit_test(a_map_without_ranges_is_a_map),
		cmocka_unit_test(what_does_not_fit_is_told_by_its_member),
		cmocka_unit_test(a_file_appears_whole_or_not_at_all),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
