// SPDX-License-Identifier: MIT
/*
 * Merging results files: each is attached to a database that lives no longer
 * than the merge; what it gathered is written in order into a new file. Runs
 * that are equal in everything (command line, assumptions, sentences,
 * configurations) are one run, so merging a merge with one of its parts gives
 * that merge again. Runs are numbered by what they are.
 */
#include "store/results-merge.h"

#include "base/cleanup.h"
#include "base/sha256.h"
#include "store/db.h"
#include "store/results-schema.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SQL_BYTES = 4 * RESULTS_TEXT_BYTES, PATH_BYTES = 4096 };

struct merging {
	sqlite3 *db;
	struct results_tables tables; /* of the version we write */
	const char *const *paths;
	size_t present; /* the file that is attached */
	int64_t nruns;
};

/* Columns behind run_id, of a table of runs. */
static const char *own_columns(const struct results_table *t)
{
	return t->columns + strlen("run_id, ");
}

/* ---- another file ---- */

/* SQLite takes a path as part of a URI, so that it can be told not to write. */
static bool make_uri(const char *path, char *out, size_t bytes)
{
	size_t n = (size_t)snprintf(out, bytes, "file:");
	for (; *path; path++) {
		const bool is_plain = !strchr("?#%", *path) && (unsigned char)*path > ' ';
		const int more = snprintf(out + n, bytes - n, is_plain ? "%c" : "%%%02X",
					  (unsigned char)*path);
		n += (size_t)more;
		if (n + sizeof("?mode=ro") > bytes)
			return false;
	}
	snprintf(out + n, bytes - n, "?mode=ro");
	return true;
}

static int attach(struct merging *m, const char *path, struct err *e)
{
	char uri[PATH_BYTES];
	sqlite3 *other;
	int rc = db_open_readonly(path, RESULT_APPLICATION_ID, &other, e);
	if (rc)
		return rc;
	sqlite3_close(other);
	if (!make_uri(path, uri, sizeof(uri)))
		return err_set(e, ERR_USAGE, "%.80s...: the name is too long", path);
	return db_run(m->db, path, e, "ATTACH ? AS src", "s", uri);
}

static int detach(struct merging *m, const char *path, struct err *e)
{
	return db_exec(m->db, path, "DETACH src", e);
}

/* ---- conflicts ---- */

static const char find_conflict[] =
	"SELECT a.cfg_hash, a.metric, a.bucket, a.value, b.value FROM src.result a JOIN"
	" main.result b USING (cfg_hash, metric, bucket) WHERE a.value <> b.value"
	" ORDER BY 1, 2, 3 LIMIT 1";

static bool holds(const char *path, const char *hash, const char *metric, int64_t bucket)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	bool is_there = false;
	if (db_open_readonly(path, RESULT_APPLICATION_ID, &db, NULL))
		return false;
	if (!sqlite3_prepare_v2(db,
				"SELECT 1 FROM result WHERE cfg_hash = ? AND metric = ?"
				" AND bucket = ?",
				-1, &st, NULL)) {
		sqlite3_bind_text(st, 1, hash, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, metric, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 3, bucket);
		is_there = sqlite3_step(st) == SQLITE_ROW;
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
	return is_there;
}

/* Of which file the number in hand is: the first that has it. */
static const char *find_holder(const struct merging *m, sqlite3_stmt *st)
{
	for (size_t i = 0; i < m->present; i++)
		if (holds(m->paths[i], (const char *)sqlite3_column_text(st, 0),
			  (const char *)sqlite3_column_text(st, 1), sqlite3_column_int64(st, 2)))
			return m->paths[i];
	return "a file before";
}

/* The end of a path, which tells files of one folder apart. */
static const char *tail(const char *path)
{
	enum { TAIL_BYTES = 80 };
	const size_t n = strlen(path);
	return n > TAIL_BYTES ? path + n - TAIL_BYTES : path;
}

/* path is attached: its numbers and those gathered before must agree. */
static int check_agreement(struct merging *m, const char *path, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(m->db, path, find_conflict, &st, e);
	if (rc)
		return rc;
	const int step = sqlite3_step(st);
	if (step == SQLITE_ROW)
		rc = err_set(e, ERR_NO,
			     "%s: %.30s[%" PRId64 "] is %" PRId64 "; %s: %" PRId64
			     ": two results of one configuration",
			     tail(find_holder(m, st)), sqlite3_column_text(st, 1),
			     (int64_t)sqlite3_column_int64(st, 2),
			     (int64_t)sqlite3_column_int64(st, 4), tail(path),
			     (int64_t)sqlite3_column_int64(st, 3));
	else if (step != SQLITE_DONE)
		rc = db_error(m->db, path, "compare numbers", e);
	sqlite3_finalize(st);
	return rc;
}

/* ---- gathering ---- */

/* What no run owns. Losses of a trace: the greater one, as in store/results-trace.c. */
static int gather_table(struct merging *m, const char *path, const struct results_table *t,
			struct err *e)
{
	char sql[SQL_BYTES];
	snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO main.%s SELECT %s FROM src.%s", t->name,
		 t->columns, t->name);
	int rc = db_exec(m->db, path, sql, e);
	if (!rc && !strcmp(t->name, "trace"))
		rc = db_exec(m->db, path,
			     "UPDATE main.trace AS m SET"
			     " lost_events = max(m.lost_events, s.lost_events),"
			     " unknown_losses = max(m.unknown_losses, s.unknown_losses),"
			     " is_sealed = min(m.is_sealed, s.is_sealed)"
			     " FROM src.trace AS s WHERE s.trace_digest = m.trace_digest",
			     e);
	return rc;
}

static int digest_run_of(struct merging *m, const char *path, const struct results_table *t,
			 int64_t run_id, struct sha256 *s, struct err *e)
{
	char sql[SQL_BYTES];
	sqlite3_stmt *st;
	snprintf(sql, sizeof(sql), "SELECT %s FROM src.%s WHERE run_id = ? ORDER BY %s",
		 own_columns(t), t->name, t->key);
	int rc = db_prepare(m->db, path, sql, &st, e);
	if (rc)
		return rc;
	sha256_update(s, t->name, strlen(t->name) + 1);
	sqlite3_bind_int64(st, 1, run_id);
	rc = results_digest_rows(m->db, path, st, s, e);
	sqlite3_finalize(st);
	return rc;
}

/* All that belongs to a run, whatever its number. */
static int digest_run(struct merging *m, const char *path, int64_t run_id,
		      char hex_out[SHA256_HEX_CHARS + 1], struct err *e)
{
	struct sha256 s;
	int rc = 0;
	sha256_init(&s);
	for (unsigned i = 0; i < m->tables.n && !rc; i++)
		if (m->tables.table[i].is_of_run)
			rc = digest_run_of(m, path, &m->tables.table[i], run_id, &s, e);
	sha256_final_hex(&s, hex_out);
	return rc;
}

static int gather_run(struct merging *m, const char *path, int64_t run_id, struct err *e)
{
	char digest[SHA256_HEX_CHARS + 1], sql[SQL_BYTES];
	int rc = digest_run(m, path, run_id, digest, e);
	if (!rc)
		rc = db_run(m->db, path, e, "INSERT OR IGNORE INTO temp.gathered VALUES (?, ?)",
			    "si", digest, m->nruns + 1);
	if (rc || !sqlite3_changes(m->db))
		return rc;
	m->nruns++;
	for (unsigned i = 0; i < m->tables.n && !rc; i++) {
		const struct results_table *t = &m->tables.table[i];
		if (!t->is_of_run)
			continue;
		snprintf(sql, sizeof(sql),
			 "INSERT INTO main.%s SELECT ?, %s FROM src.%s WHERE run_id = ?", t->name,
			 own_columns(t), t->name);
		rc = db_run(m->db, path, e, sql, "ii", m->nruns, run_id);
	}
	return rc;
}

static int gather_runs(struct merging *m, const char *path, struct err *e)
{
	sqlite3_stmt *st;
	int step = SQLITE_DONE;
	int rc = db_prepare(m->db, path, "SELECT run_id FROM src.run ORDER BY run_id", &st, e);
	if (rc)
		return rc;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = gather_run(m, path, sqlite3_column_int64(st, 0), e);
	if (!rc && step != SQLITE_DONE)
		rc = db_error(m->db, path, "read runs", e);
	sqlite3_finalize(st);
	return rc;
}

static int gather(struct merging *m, const char *path, struct err *e)
{
	int rc = attach(m, path, e);
	if (!rc)
		rc = check_agreement(m, path, e);
	if (!rc)
		rc = db_exec(m->db, path, "BEGIN", e);
	for (unsigned i = 0; i < m->tables.n && !rc; i++)
		if (!m->tables.table[i].is_of_run)
			rc = gather_table(m, path, &m->tables.table[i], e);
	if (!rc)
		rc = gather_runs(m, path, e);
	if (!rc)
		rc = db_exec(m->db, path, "COMMIT", e);
	return rc ? rc : detach(m, path, e);
}

/* ---- writing ---- */

/* A merge that was made before must agree, too; another file is not ours to replace. */
static int check_old(struct merging *m, const char *path, size_t n, struct err *e)
{
	struct stat st;
	if (stat(path, &st) || (S_ISREG(st.st_mode) && !st.st_size))
		return 0;
	m->present = n;
	int rc = attach(m, path, e);
	if (rc)
		return err_set(e, ERR_CREATE, "%s: is there, and is no results file to replace",
			       path);
	rc = check_agreement(m, path, e);
	return rc ? rc : detach(m, path, e);
}

static int write_tables(struct merging *m, const char *path, struct err *e)
{
	char sql[SQL_BYTES];
	int rc = db_exec(m->db, path,
			 "CREATE TEMP TABLE renumber AS SELECT r.run_id AS old, row_number() OVER"
			 " (ORDER BY r.command, r.trace_path, r.trace_digest, r.args, r.seed,"
			 " g.digest) AS new FROM main.run r JOIN temp.gathered g"
			 " ON g.run_id = r.run_id;"
			 "BEGIN",
			 e);
	for (unsigned i = 0; i < m->tables.n && !rc; i++) {
		const struct results_table *t = &m->tables.table[i];
		if (t->is_of_run)
			snprintf(sql, sizeof(sql),
				 "INSERT INTO dst.%s SELECT new AS run_id, %s FROM main.%s JOIN"
				 " temp.renumber ON old = run_id ORDER BY new, %s",
				 t->name, own_columns(t), t->name, t->key);
		else
			snprintf(sql, sizeof(sql),
				 "INSERT INTO dst.%s SELECT %s FROM main.%s ORDER BY %s", t->name,
				 t->columns, t->name, t->key);
		rc = db_exec(m->db, path, sql, e);
	}
	return rc ? rc : db_exec(m->db, path, "COMMIT", e);
}

static int make_empty(const char *path, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = 0;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
		rc = err_set(e, ERR_CREATE, "%s: %s", path, sqlite3_errmsg(db));
	if (!rc)
		rc = db_exec(db, path, "PRAGMA page_size=4096; BEGIN", e);
	if (!rc)
		rc = results_make_tables(db, path, e);
	if (!rc)
		rc = db_exec(db, path, "COMMIT", e);
	sqlite3_close(db);
	return rc;
}

static int sync_and_rename(const char *from, const char *to, struct err *e)
{
	_close_ int fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) || rename(from, to))
		return err_set(e, ERR_CREATE, "%s: %s", to, strerror(errno));
	return 0;
}

static int write_out(struct merging *m, const char *path, struct err *e)
{
	char temporary[PATH_BYTES];
	const int n = snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return err_set(e, ERR_USAGE, "%.80s...: the name is too long", path);
	unlink(temporary);
	int rc = make_empty(temporary, e);
	if (!rc)
		rc = db_run(m->db, temporary, e, "ATTACH ? AS dst", "s", temporary);
	if (!rc)
		rc = write_tables(m, temporary, e);
	if (!rc)
		rc = db_exec(m->db, temporary, "DETACH dst", e);
	if (!rc)
		rc = sync_and_rename(temporary, path, e);
	if (rc)
		unlink(temporary);
	return rc;
}

static int count(struct merging *m, struct results_merged *out, struct err *e)
{
	int64_t configs, numbers;
	int rc = db_get_i64(m->db, "merge", "SELECT count(*) FROM config", 0, &configs, e);
	if (!rc)
		rc = db_get_i64(m->db, "merge", "SELECT count(*) FROM result", 0, &numbers, e);
	out->runs = (uint64_t)m->nruns;
	out->configs = rc ? 0 : (uint64_t)configs;
	out->numbers = rc ? 0 : (uint64_t)numbers;
	return rc;
}

static int open_scratch(struct merging *m, struct err *e)
{
	if (sqlite3_open_v2("", &m->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL))
		return db_error(m->db, "merge", "open", e);
	int rc = results_make_tables(m->db, "merge", e);
	if (!rc)
		rc = results_list_tables(m->db, "merge", &m->tables, e);
	return rc ? rc
		  : db_exec(m->db, "merge",
			    "CREATE TEMP TABLE gathered (digest TEXT PRIMARY KEY, run_id INTEGER)",
			    e);
}

static int gather_all(struct merging *m, const char *const *paths, size_t n, struct err *e)
{
	int rc = open_scratch(m, e);
	m->paths = paths;
	for (size_t i = 0; i < n && !rc; i++) {
		m->present = i;
		rc = gather(m, paths[i], e);
	}
	return rc;
}

int results_compare(const char *const *paths, size_t n, struct err *e)
{
	struct merging m = {};
	const int rc = gather_all(&m, paths, n, e);
	sqlite3_close(m.db);
	return rc;
}

int results_merge(const char *const *paths, size_t n, const char *out_path,
		  struct results_merged *out, struct err *e)
{
	struct merging m = {};
	*out = (struct results_merged){ .files = n };
	int rc = gather_all(&m, paths, n, e);
	if (!rc)
		rc = check_old(&m, out_path, n, e);
	if (!rc)
		rc = write_out(&m, out_path, e);
	if (!rc)
		rc = count(&m, out, e);
	sqlite3_close(m.db);
	return rc;
}
