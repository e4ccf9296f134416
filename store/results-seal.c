// SPDX-License-Identifier: MIT
/*
 * A results file that one task of a sweep wrote, and that stays as it is. Its
 * table task says what it was made for and holds a digest of all other rows:
 * SQLite would not notice a changed number.
 */
#include "store/results-merge.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "store/db.h"
#include "store/results-schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const char make_task_table[] = "CREATE TABLE task ("
				      " task_hash TEXT PRIMARY KEY," /* sha256 of canon */
				      " canon TEXT NOT NULL,"
				      " rows_digest TEXT NOT NULL" /* sha256 of all other rows */
				      ") STRICT, WITHOUT ROWID";

static int digest_table(sqlite3 *db, const char *path, const struct results_table *t,
			struct sha256 *s, struct err *e)
{
	char sql[3 * RESULTS_TEXT_BYTES];
	sqlite3_stmt *st;
	sha256_update(s, t->name, strlen(t->name) + 1);
	snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY %s", t->columns, t->name, t->key);
	int rc = db_prepare(db, path, sql, &st, e);
	if (rc)
		return rc;
	rc = results_digest_rows(db, path, st, s, e);
	sqlite3_finalize(st);
	return rc;
}

/* Of all rows but those of the table task. */
static int digest_all(sqlite3 *db, const char *path, char hex_out[SHA256_HEX_CHARS + 1],
		      struct err *e)
{
	struct results_tables tables;
	struct sha256 s;
	int rc = results_list_tables(db, path, &tables, e);
	sha256_init(&s);
	for (unsigned i = 0; i < tables.n && !rc; i++)
		if (strcmp(tables.table[i].name, "task"))
			rc = digest_table(db, path, &tables.table[i], &s, e);
	sha256_final_hex(&s, hex_out);
	return rc;
}

static int check_trace(sqlite3 *db, const char *path, const struct results_task *t, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(db, path,
			    "SELECT count(*), sum(trace_digest IS NOT ?) FROM run WHERE"
			    " run_id IN (SELECT run_id FROM run_config)",
			    &st, e);
	if (rc)
		return rc;
	sqlite3_bind_text(st, 1, t->trace_digest, -1, SQLITE_STATIC);
	if (sqlite3_step(st) != SQLITE_ROW)
		rc = db_error(db, path, "read runs", e);
	else if (!sqlite3_column_int(st, 0))
		rc = err_set(e, ERR_UNUSABLE, "%s: holds no numbers", path);
	else if (sqlite3_column_int(st, 1))
		rc = err_set(e, ERR_UNUSABLE,
			     "%s: its numbers are of another trace than was planned: the trace was "
			     "changed since",
			     path);
	sqlite3_finalize(st);
	return rc;
}

/* SQLite has synced its pages; this is for the file's length and what no page holds. */
static int sync_file(const char *path, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	return 0;
}

static int note_task(sqlite3 *db, const char *path, const struct results_task *t, struct err *e)
{
	char digest[SHA256_HEX_CHARS + 1];
	int rc = db_exec(db, path, "BEGIN IMMEDIATE", e);
	if (!rc)
		rc = check_trace(db, path, t, e);
	if (!rc)
		rc = db_run(db, path, e, "UPDATE run SET args = ?", "s", t->args);
	if (!rc)
		rc = db_exec(db, path, make_task_table, e);
	if (!rc)
		rc = digest_all(db, path, digest, e);
	if (!rc)
		rc = db_run(db, path, e, "INSERT INTO task VALUES (?, ?, ?)", "sss", t->hash,
			    t->canon, digest);
	return rc ? rc : db_exec(db, path, "COMMIT", e);
}

int results_seal(const char *path, const struct results_task *t, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = 0;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL))
		rc = db_error(db, path, "open", e);
	if (!rc)
		rc = db_check_identity(db, path, RESULT_APPLICATION_ID, e);
	if (!rc)
		rc = note_task(db, path, t, e);
	sqlite3_close(db);
	return rc ? rc : sync_file(path, e);
}

static int check_task(sqlite3 *db, const char *path, const char *hash, struct err *e)
{
	char digest[SHA256_HEX_CHARS + 1];
	char of_canon[SHA256_HEX_CHARS + 1];
	sqlite3_stmt *st;
	int rc = db_prepare(db, path, "SELECT task_hash, canon, rows_digest FROM task", &st, NULL);
	if (rc && !hash) /* a merge, or a command's own file */
		return 0;
	if (rc)
		return err_set(e, ERR_FORMAT, "%s: was not finished by a task", path);
	if (sqlite3_step(st) != SQLITE_ROW) {
		sqlite3_finalize(st);
		return err_set(e, ERR_FORMAT, "%s: was not finished by a task", path);
	}
	const char *is_for = (const char *)sqlite3_column_text(st, 0);
	const char *canon = (const char *)sqlite3_column_text(st, 1);
	const char *rows = (const char *)sqlite3_column_text(st, 2);
	sha256_hex(canon, strlen(canon), of_canon);
	rc = digest_all(db, path, digest, e);
	if (!rc && (strcmp(is_for, of_canon) || (hash && strcmp(is_for, hash))))
		rc = err_set(e, ERR_FORMAT, "%s: is of another task, %.12s", path, is_for);
	if (!rc && strcmp(rows, digest))
		rc = err_set(e, ERR_NO, "%s: its rows are not as they were written", path);
	sqlite3_finalize(st);
	return rc;
}

int results_check_sealed(const char *path, const char *hash, struct err *e)
{
	sqlite3 *db;
	int rc = db_open_readonly(path, RESULT_APPLICATION_ID, &db, e);
	if (rc)
		return rc;
	rc = check_task(db, path, hash, e);
	sqlite3_close(db);
	return rc;
}
