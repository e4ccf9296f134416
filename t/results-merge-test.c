// SPDX-License-Identifier: MIT
/* Merging results files: once each, in any order, the same bytes; conflicts and damage are found.
 */
#include "store/results-merge.h"

#include "base/sha256.h"
#include "store/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

struct fixture {
	char dir[256];
	struct err e;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/results-merge-XXXXXX", tmp ? tmp : "/tmp");
	*state = f;
	return mkdtemp(f->dir) && !chdir(f->dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[400];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	const int err = chdir("/") || system(command);
	free(f);
	return err;
}

/* A file with one run of one configuration, and a curve. */
static void make(struct fixture *f, const char *path, const char *trace, const char *config,
		 int64_t value)
{
	const struct results_run run = { .command = "pin",
					 .args = "pin --results=somewhere",
					 .trace_path = "a.db",
					 .trace_digest = trace,
					 .seed = 7 };
	struct results *r;
	if (results_open(path, &r, &f->e) || results_begin_run(r, &run, &f->e) ||
	    results_assume(r, "walk.lookup_ns", "69", "published", "a paper", &f->e) ||
	    results_say(r, 0, "YES to 20 %", &f->e) ||
	    results_put(r, config, "iopf", 0, value, &f->e) ||
	    results_put(r, config, "curve", 5, -value, &f->e) || results_close(r, &f->e))
		fail_msg("%s", f->e.msg);
}

static const char canon[] = "pugmark=0\ncommand=pin\n";

static struct results_task task_of(const char *trace, char hash[SHA256_HEX_CHARS + 1])
{
	sha256_hex(canon, strlen(canon), hash);
	return (struct results_task){
		.hash = hash, .canon = canon, .args = "pin a.db", .trace_digest = trace
	};
}

static void seal(struct fixture *f, const char *path, const char *trace)
{
	char hash[SHA256_HEX_CHARS + 1];
	const struct results_task t = task_of(trace, hash);
	if (results_seal(path, &t, &f->e))
		fail_msg("%s", f->e.msg);
}

static struct results_merged merge(struct fixture *f, const char *const *paths, size_t n,
				   const char *out)
{
	struct results_merged m;
	if (results_merge(paths, n, out, &m, &f->e))
		fail_msg("%s", f->e.msg);
	return m;
}

static char *slurp(const char *path, size_t *n)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*n = (size_t)ftell(file);
	rewind(file);
	char *bytes = malloc(*n + 1);
	assert_int_equal(fread(bytes, 1, *n, file), *n);
	fclose(file);
	return bytes;
}

static void assert_same_bytes(const char *a, const char *b)
{
	size_t na, nb;
	char *x = slurp(a, &na), *y = slurp(b, &nb);
	assert_int_equal(na, nb);
	assert_memory_equal(x, y, na);
	free(x);
	free(y);
}

static int64_t ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	const int64_t v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

static void any_order_gives_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	static const char *const one[] = { "a.db", "b.db", "c.db" };
	static const char *const other[] = { "c.db", "a.db", "b.db" };
	make(f, "a.db", "00ff", "budget=1\n", 5);
	make(f, "b.db", "00ff", "budget=2\n", 6);
	make(f, "c.db", "01ff", "budget=1\n", 7);
	const struct results_merged m = merge(f, one, 3, "m1.db");
	merge(f, other, 3, "m2.db");
	assert_same_bytes("m1.db", "m2.db");
	assert_int_equal(m.files, 3);
	assert_int_equal(m.runs, 3);
	assert_int_equal(m.configs, 3);
	assert_int_equal(m.numbers, 6);
	assert_int_equal(ask("m1.db", "SELECT count(*) FROM run JOIN said USING (run_id) JOIN"
				      " assumption USING (run_id) JOIN run_config USING (run_id)"
				      " JOIN result USING (cfg_hash)"),
			 6);
}

static void merging_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	static const char *const parts[] = { "a.db", "b.db" };
	static const char *const again[] = { "m1.db", "b.db", "m1.db", "a.db" };
	make(f, "a.db", "00ff", "budget=1\n", 5);
	make(f, "b.db", "00ff", "budget=2\n", 6);
	merge(f, parts, 2, "m1.db");
	merge(f, again, 4, "m2.db");
	assert_same_bytes("m1.db", "m2.db");
	merge(f, parts, 2, "m2.db"); /* over itself */
	assert_same_bytes("m1.db", "m2.db");
}

static void two_numbers_of_one_configuration_name_both_files(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "a.db", "b.db", "c.db" };
	struct results_merged m;
	make(f, "a.db", "00ff", "budget=2\n", 1);
	make(f, "b.db", "00ff", "budget=1\n", 5);
	make(f, "c.db", "00ff", "budget=1\n", 6);
	assert_int_equal(results_merge(paths, 3, "m.db", &m, &f->e), ERR_NO);
	assert_non_null(strstr(f->e.msg, "b.db: "));
	assert_non_null(strstr(f->e.msg, "c.db: "));
	assert_null(strstr(f->e.msg, "a.db"));
	assert_int_equal(access("m.db", F_OK), -1);
	assert_int_equal(results_compare(paths, 3, &f->e), ERR_NO);
	assert_int_equal(results_compare(paths, 2, &f->e), 0);

	/* a merge that is there contradicts, too, and stays */
	merge(f, paths, 2, "m.db");
	assert_int_equal(results_merge(paths + 2, 1, "m.db", &m, &f->e), ERR_NO);
	assert_non_null(strstr(f->e.msg, "m.db: "));
	assert_non_null(strstr(f->e.msg, "c.db: "));
	assert_int_equal(ask("m.db", "SELECT count(*) FROM result"), 4);
}

static void what_is_no_results_file_is_not_replaced(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "a.db" };
	struct results_merged m;
	make(f, "a.db", "00ff", "budget=1\n", 5);
	FILE *file = fopen("letter.txt", "w");
	fputs("Dear reader,\n", file);
	fclose(file);
	assert_int_equal(results_merge(paths, 1, "letter.txt", &m, &f->e), ERR_CREATE);
	assert_int_equal(access("letter.txt", F_OK), 0);
}

static void a_sealed_file_is_right_and_merges(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "a.db" };
	char hash[SHA256_HEX_CHARS + 1];
	make(f, "a.db", "00ff", "budget=1\n", 5);
	const struct results_task t = task_of("00ff", hash);
	assert_int_equal(results_check_sealed("a.db", t.hash, &f->e), ERR_FORMAT);
	assert_int_equal(results_check_sealed("a.db", NULL, &f->e), 0);
	seal(f, "a.db", "00ff");
	assert_int_equal(results_check_sealed("a.db", t.hash, &f->e), 0);
	assert_int_equal(results_check_sealed("a.db", NULL, &f->e), 0);
	merge(f, paths, 1, "m.db");
	assert_int_equal(ask("m.db", "SELECT args = 'pin a.db' FROM run"), 1);
	assert_int_equal(ask("m.db", "SELECT count(*) FROM sqlite_schema WHERE name = 'task'"), 0);
}

static void a_file_of_another_task_or_trace_is_refused(void **state)
{
	struct fixture *f = *state;
	char hash[SHA256_HEX_CHARS + 1];
	make(f, "a.db", "00ff", "budget=1\n", 5);
	const struct results_task t = task_of("01ff", hash);
	assert_int_equal(results_seal("a.db", &t, &f->e), ERR_UNUSABLE);
	seal(f, "a.db", "00ff");
	hash[0] = hash[0] == '0' ? '1' : '0';
	assert_int_equal(results_check_sealed("a.db", hash, &f->e), ERR_FORMAT);
}

/* Every table, every row: what was changed, dropped or added by hand is found. */
static void a_changed_row_of_any_table_is_found(void **state)
{
	struct fixture *f = *state;
	static const char *const changes[] = {
		"UPDATE result SET value = value + 1 WHERE metric = 'curve'",
		"UPDATE result SET bucket = 6 WHERE metric = 'curve'",
		"DELETE FROM result WHERE metric = 'iopf'",
		"UPDATE run SET seed = 8",
		"UPDATE run SET args = 'pin b.db'",
		"UPDATE assumption SET value = '70'",
		"UPDATE said SET sentence = 'NO'",
		"INSERT INTO config VALUES ('00', 'x')",
		"UPDATE config SET canon = canon || 'x'",
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		char hash[SHA256_HEX_CHARS + 1];
		sqlite3 *db;
		unlink("a.db");
		make(f, "a.db", "00ff", "budget=1\n", 5);
		seal(f, "a.db", "00ff");
		assert_int_equal(sqlite3_open("a.db", &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_changes(db), 1);
		sqlite3_close(db);
		task_of("00ff", hash);
		if (results_check_sealed("a.db", hash, &f->e) != ERR_NO)
			fail_msg("unseen: %s", changes[i]);
	}
}

/* Wherever a byte flips or the file ends: it is found, or no row is another one. */
static void damage_is_found_or_harmless(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = { "a.db" }, *const spoilt[] = { "x.db" };
	char hash[SHA256_HEX_CHARS + 1];
	size_t n;
	make(f, "a.db", "00ff", "budget=1\n", 5);
	seal(f, "a.db", "00ff");
	merge(f, paths, 1, "m.db");
	task_of("00ff", hash);
	char *bytes = slurp("a.db", &n);
	unsigned found = 0, tried = 0;
	for (size_t at = 0; at < n; at += 131) {
		struct results_merged m;
		bytes[at] ^= 0x10;
		FILE *file = fopen("x.db", "wb");
		fwrite(bytes, 1, n, file);
		fclose(file);
		bytes[at] ^= 0x10;
		tried++;
		if (results_check_sealed("x.db", hash, &f->e)) {
			found++;
			continue;
		}
		unlink("m2.db");
		assert_int_equal(results_merge(spoilt, 1, "m2.db", &m, &f->e), 0);
		assert_same_bytes("m.db", "m2.db");
	}
	free(bytes);
	assert_in_range(found, 5, tried);
	for (size_t cut = 0; cut < n; cut += 4099) {
		assert_int_equal(truncate("x.db", (off_t)(n - cut - 1)), 0);
		assert_int_not_equal(results_check_sealed("x.db", hash, &f->e), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(any_order_gives_the_same_bytes),
		TEST(merging_again_changes_nothing),
		TEST(two_numbers_of_one_configuration_name_both_files),
		TEST(what_is_no_results_file_is_not_replaced),
		TEST(a_sealed_file_is_right_and_merges),
		TEST(a_file_of_another_task_or_trace_is_refused),
		TEST(a_changed_row_of_any_table_is_found),
		TEST(damage_is_found_or_harmless),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
