// SPDX-License-Identifier: MIT
/* Results files: what is in them, that they agree with themselves, and that failures store nothing.
 */
#include "store/results.h"
#include "base/sha256.h"
#include "reports/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

struct fixture {
	char dir[256], path[300];
	struct err e;
};

static const struct results_run nic = { .command = "cache",
					.args = "cache nic.db --policy lru",
					.trace_path = "nic.db",
					.trace_digest = "00ff",
					.seed = UINT64_MAX };

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/results-test-XXXXXX", tmp ? tmp : "/tmp");
	*state = f;
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/results.db", f->dir);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[400];

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	const int err = system(command);
	free(f);
	return err;
}

/* opens the file and starts a run */
static struct results *begin(struct fixture *f, const struct results_run *run)
{
	struct results *r = NULL;

	if (results_open(f->path, &r, &f->e) || results_begin_run(r, run, &f->e))
		fail_msg("%s", f->e.msg);
	return r;
}

static void put(struct fixture *f, struct results *r, const char *config, const char *metric,
		int64_t bucket, int64_t value)
{
	if (results_put(r, config, metric, bucket, value, &f->e))
		fail_msg("%s", f->e.msg);
}

static void finish(struct fixture *f, struct results *r)
{
	if (results_close(r, &f->e))
		fail_msg("%s", f->e.msg);
}

/* first column of the first row, as text */
static const char *ask(const struct fixture *f, const char *sql)
{
	static char answer[2000];
	sqlite3 *db;
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	const unsigned char *text = sqlite3_column_text(st, 0);
	snprintf(answer, sizeof(answer), "%s", text ? (const char *)text : "NULL");
	sqlite3_finalize(st);
	sqlite3_close(db);
	return answer;
}

static void a_run_stores_numbers_provenance_and_assumptions(void **state)
{
	struct fixture *f = *state;
	struct results *r = begin(f, &nic);

	assert_int_equal(results_assume(r, "walk.lookup_ns", "69", "published", "a paper", &f->e),
			 0);
	put(f, r, "policy=lru\nsize_pages=512\n", "misses", 0, 12345);
	put(f, r, "policy=lru\nsize_pages=512\n", "curve", 3, INT64_MIN);
	put(f, r, "policy=fifo\nsize_pages=512\n", "misses", 0, INT64_MAX);
	finish(f, r);

	assert_string_equal(ask(f, "PRAGMA integrity_check"), "ok");
	assert_string_equal(ask(f, "PRAGMA application_id"), "1346851411"); /* PGRS */
	assert_string_equal(ask(f, "PRAGMA user_version"), "2");
	assert_string_equal(ask(f, "SELECT version||' '||command||' '||args||' '||trace_path||' '||"
				   "trace_digest||' '||seed FROM run"),
			    PUGMARK_VERSION " cache cache nic.db --policy lru nic.db 00ff -1");
	assert_string_equal(ask(f, "SELECT design_digest FROM run"), "NULL");
	assert_string_equal(ask(f, "SELECT name||value||kind||source FROM assumption"),
			    "walk.lookup_ns69publisheda paper");
	assert_string_equal(ask(f, "SELECT group_concat(metric||bucket||'='||value, ' ') FROM "
				   "(SELECT * FROM result JOIN config USING (cfg_hash) ORDER BY "
				   "canon, metric)"),
			    "misses0=9223372036854775807 curve3=-9223372036854775808 "
			    "misses0=12345");
	assert_string_equal(ask(f, "SELECT count(*) FROM run_config JOIN config USING (cfg_hash)"),
			    "2");
	assert_string_equal(ask(f, "SELECT min(typeof(value))||max(typeof(value)) FROM result"),
			    "integerinteger");
}

static void the_hash_is_the_sha256_of_the_stored_text(void **state)
{
	struct fixture *f = *state;
	struct results *r = begin(f, &nic);
	char hex[SHA256_HEX_CHARS + 1];

	put(f, r, "policy=lru\n", "misses", 0, 1);
	finish(f, r);
	const char *canon = ask(f, "SELECT canon FROM config");
	assert_string_equal(canon, "pugmark=" PUGMARK_VERSION
				   "\ncommand=cache\ntrace=00ff\nseed=18446744073709551615\n"
				   "policy=lru\n");
	sha256_hex(canon, strlen(canon), hex);
	assert_string_equal(ask(f, "SELECT cfg_hash FROM config"), hex);
}

static void the_same_numbers_again_are_no_change(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		struct results *r = begin(f, &nic);
		put(f, r, "policy=lru\n", "misses", 0, 7);
		put(f, r, "policy=lru\n", "misses", 0, 7);
		finish(f, r);
	}
	assert_string_equal(ask(f, "SELECT count(*) FROM result"), "1");
	assert_string_equal(ask(f, "SELECT count(*) FROM config"), "1");
	assert_string_equal(ask(f, "SELECT count(*) FROM run"), "3");
	assert_string_equal(ask(f, "SELECT count(*) FROM run_config"), "3");
}

static void another_number_for_the_same_configuration_stores_nothing(void **state)
{
	struct fixture *f = *state;
	struct results *r = begin(f, &nic);

	put(f, r, "policy=lru\n", "misses", 0, 7);
	finish(f, r);
	r = begin(f, &nic);
	put(f, r, "policy=lru\n", "hits", 0, 1);
	assert_int_equal(results_put(r, "policy=lru\n", "misses", 0, 8, &f->e), ERR_BUG);
	assert_non_null(strstr(f->e.msg, "misses[0] of configuration "));
	assert_non_null(strstr(f->e.msg, "is stored as 7, now 8"));
	put(f, r, "policy=fifo\n", "misses", 0, 9);
	f->e = (struct err){};
	assert_int_equal(results_close(r, &f->e), ERR_BUG);
	assert_non_null(strstr(f->e.msg, "is stored as 7, now 8"));
	assert_string_equal(ask(f, "SELECT count(*)||max(value) FROM result"), "17");
	assert_string_equal(ask(f, "SELECT count(*) FROM run"), "1");
}

static void trace_seed_and_command_tell_configurations_apart(void **state)
{
	struct fixture *f = *state;
	struct results_run runs[] = { nic, nic, nic, nic };

	runs[1].trace_digest = "00fe";
	runs[2].seed = 1;
	runs[3].command = "pin";
	for (int i = 0; i < 4; i++) {
		struct results *r = begin(f, &runs[i]);
		put(f, r, "policy=lru\n", "misses", 0, i);
		finish(f, r);
	}
	/* two runs in one session do not share a configuration by accident either */
	struct results *r = begin(f, &runs[0]);
	put(f, r, "policy=lru\n", "misses", 0, 0);
	assert_int_equal(results_begin_run(r, &runs[1], &f->e), 0);
	put(f, r, "policy=lru\n", "misses", 0, 1);
	finish(f, r);
	assert_string_equal(ask(f, "SELECT count(*) FROM config"), "4");
	assert_string_equal(ask(f, "SELECT count(*) FROM run_config"), "6");
}

static void an_abandoned_run_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct results *r = begin(f, &nic);

	put(f, r, "policy=lru\n", "misses", 0, 7);
	results_abort(r);
	assert_int_equal(access(f->path, F_OK), -1);

	r = begin(f, &nic);
	finish(f, r);
	r = begin(f, &nic);
	put(f, r, "policy=lru\n", "misses", 0, 7);
	results_abort(r);
	assert_string_equal(ask(f, "SELECT count(*) FROM run"), "1");
	assert_string_equal(ask(f, "SELECT count(*) FROM result"), "0");
}

static void two_sessions_give_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	char *bytes[2];
	long n[2];

	for (int i = 0; i < 2; i++) {
		unlink(f->path);
		struct results *r = begin(f, &nic);
		for (int k = 0; k < 500; k++)
			put(f, r, k % 2 ? "a=1\n" : "a=2\n", "misses", k, k * 3);
		finish(f, r);
		FILE *in = fopen(f->path, "r");
		fseek(in, 0, SEEK_END);
		n[i] = ftell(in);
		bytes[i] = malloc((size_t)n[i]);
		rewind(in);
		assert_int_equal(fread(bytes[i], 1, (size_t)n[i], in), n[i]);
		fclose(in);
	}
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(bytes[0], bytes[1], (size_t)n[0]);
	free(bytes[0]);
	free(bytes[1]);
}

static void other_files_are_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	struct results *r = NULL;
	sqlite3 *db;
	struct stat before, after;

	FILE *out = fopen(f->path, "w");
	for (int i = 0; i < 300; i++)
		fputs("no database at all\n", out);
	fclose(out);
	assert_int_equal(results_open(f->path, &r, &f->e), ERR_UNUSABLE);
	assert_non_null(strstr(f->e.msg, "results.db: not a pugmark file"));

	unlink(f->path);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(results_open(f->path, &r, &f->e), ERR_UNUSABLE);
	assert_non_null(strstr(f->e.msg, "not a pugmark results file"));
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);

	char missing[400];
	snprintf(missing, sizeof(missing), "%s/no/results.db", f->dir);
	assert_int_equal(results_open(missing, &r, &f->e), ERR_CREATE);
	assert_int_not_equal(results_open(f->dir, &r, &f->e), 0);
}

static void numbers_without_a_run_are_our_bug(void **state)
{
	struct fixture *f = *state;
	struct results *r = NULL;

	assert_int_equal(results_open(f->path, &r, &f->e), 0);
	assert_int_equal(results_put(r, "a=1\n", "misses", 0, 1, &f->e), ERR_BUG);
	assert_int_equal(results_assume(r, "a", "1", "guess", NULL, &f->e), ERR_BUG);
	assert_int_equal(results_close(r, &f->e), ERR_BUG);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void an_unknown_kind_of_assumption_is_refused(void **state)
{
	struct fixture *f = *state;
	struct results *r = begin(f, &nic);

	assert_int_not_equal(results_assume(r, "a", "1", "rumour", NULL, &f->e), 0);
	results_abort(r);
}

static void sentences_keep_their_order_and_part(void **state)
{
	struct fixture *f = *state;
	struct results *r = begin(f, &nic);
	struct report *said = said_begin(r);
	static const struct report_column column[] = { { "n", NULL, REPORT_U64, 0 } };

	report_text(said, "YES to %d %%", 20);
	report_table(said, "rows", "Rows", column, 1);
	report_row(said, (struct report_value[]){ REPORT_U(7) });
	report_member_u64(said, "n", 7);
	report_text(said, "Next: a\nb");
	assert_int_equal(report_end(said), 0);
	finish(f, r);
	assert_string_equal(ask(f, "SELECT group_concat(seq||':'||part||':'||sentence, ' ') FROM "
				   "(SELECT * FROM said ORDER BY run_id, seq)"),
			    "1:0:YES to 20 % 2:1:Next: a?b");
}

#define results_test(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		results_test(a_run_stores_numbers_provenance_and_assumptions),
		results_test(the_hash_is_the_sha256_of_the_stored_text),
		results_test(the_same_numbers_again_are_no_change),
		results_test(another_number_for_the_same_configuration_stores_nothing),
		results_test(trace_seed_and_command_tell_configurations_apart),
		results_test(an_abandoned_run_leaves_nothing),
		results_test(two_sessions_give_the_same_bytes),
		results_test(other_files_are_refused_and_left_alone),
		results_test(numbers_without_a_run_are_our_bug),
		results_test(an_unknown_kind_of_assumption_is_refused),
		results_test(sentences_keep_their_order_and_part),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
