// SPDX-License-Identifier: MIT
/* Results files: see store/results.h and store/results.sql. */
#include "store/results.h"
#include "base/cleanup.h"
#include "base/embedded.h"
#include "base/sha256.h"
#include "store/db.h"
#include "store/results-schema.h"
#include "store/results-trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BUSY_MS = 10000,
};

struct results {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *insert, *find;
	bool is_new; /* we made the file */
	int64_t run_id, nsaid;
	char *prefix; /* version, trace, seed: begins each canonical text of this run */
	char *config; /* the configuration put last, and its hash */
	char hash[SHA256_HEX_CHARS + 1];
	struct err failure; /* the first one: nothing is committed after it */
};

/* ---- opening ---- */

int results_make_tables(sqlite3 *db, const char *path, struct err *e)
{
	char pragmas[120];

	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 RESULT_APPLICATION_ID, RESULT_USER_VERSION);
	const int rc = db_exec(db, path, pragmas, e);
	return rc ? rc : db_exec(db, path, embedded_text("store/results.sql"), e);
}

static int prepare(struct results *r, bool is_empty, struct err *e)
{
	int rc = is_empty ? 0 : db_check_identity(r->db, r->path, RESULT_APPLICATION_ID, e);

	if (!rc)
		rc = db_exec(r->db, r->path,
			     "PRAGMA page_size=4096; PRAGMA trusted_schema=OFF; "
			     "PRAGMA foreign_keys=ON; BEGIN IMMEDIATE",
			     e);

	if (!rc && is_empty) {
		/* two that start at once both find it empty: the second finds the tables here */
		int64_t ntables;
		rc = db_get_i64(r->db, r->path, "SELECT count(*) FROM sqlite_schema", 0, &ntables,
				e);
		if (!rc && !ntables)
			rc = results_make_tables(r->db, r->path, e);
	}
	if (!rc)
		rc = db_prepare(r->db, r->path, "INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?)",
				&r->insert, e);
	if (!rc)
		rc = db_prepare(r->db, r->path,
				"SELECT value FROM result WHERE cfg_hash=? AND metric=? AND "
				"bucket=?",
				&r->find, e);
	return rc;
}

static int refuse(const char *path, int why, struct err *e)
{
	return err_set(e, why == EACCES || why == EPERM ? ERR_PERM : ERR_CREATE, "%s: %s", path,
		       strerror(why));
}

/* SQLite makes its journal beside the file. */
static int check_folder(const char *path, struct err *e)
{
	_free_ char *folder = strdup(path);
	if (!folder)
		return err_set(e, ERR_NOMEM, "%s: out of memory", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	return access(slash ? folder : ".", W_OK | X_OK) ? refuse(path, errno, e) : 0;
}

int results_check_writable(const char *path, struct err *e)
{
	struct stat st;
	const bool is_there = !stat(path, &st);

	if (!is_there && errno != ENOENT)
		return refuse(path, errno, e);
	if (is_there && !S_ISREG(st.st_mode))
		return err_set(e, ERR_CREATE, "%s: is no ordinary file", path);
	if (is_there && access(path, W_OK))
		return refuse(path, errno, e);
	return check_folder(path, e);
}

int results_open(const char *path, struct results **out, struct err *e)
{
	struct stat st;
	int rc = results_check_writable(path, e);
	if (rc)
		return rc;
	const bool is_there = !stat(path, &st);
	const bool is_empty = !is_there || !st.st_size;

	struct results *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, ERR_NOMEM, "%s: out of memory", path);
	r->is_new = !is_there;
	r->path = strdup(path);
	if (!r->path)
		rc = err_set(e, ERR_NOMEM, "%s: out of memory", path);
	else if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
		rc = db_error(r->db, path, "open", e);
	if (!rc) {
		sqlite3_busy_timeout(r->db, BUSY_MS);
		rc = prepare(r, is_empty, e);
	}
	if (rc) {
		results_abort(r);
		return rc;
	}
	*out = r;
	return 0;
}

/* ---- putting ---- */

/* Passes rc on, and keeps the first failure for results_close. */
static int keep(struct results *r, int rc, const struct err *e)
{
	if (rc && !r->failure.code) {
		r->failure.code = (enum err_code)rc;
		if (e)
			r->failure = *e;
	}
	return rc;
}

int results_begin_run(struct results *r, const struct results_run *run, struct err *e)
{
	char *prefix;

	if (asprintf(&prefix, "pugmark=%s\ncommand=%s\ntrace=%s\nseed=%" PRIu64 "\n",
		     PUGMARK_VERSION, run->command, run->trace_digest ? run->trace_digest : "none",
		     run->seed) < 0)
		return err_set(e, ERR_NOMEM, "%s: out of memory", r->path);
	free(r->prefix);
	r->prefix = prefix;
	free(r->config);
	r->config = NULL;
	int rc = db_run(r->db, r->path, e,
			"INSERT INTO run (version, command, args, trace_path, trace_digest, "
			"design_digest, seed) VALUES (?, ?, ?, ?, ?, ?, ?)",
			"ssssssu", PUGMARK_VERSION, run->command, run->args ? run->args : "",
			run->trace_path, run->trace_digest, run->design_digest, run->seed);
	r->run_id = sqlite3_last_insert_rowid(r->db);
	r->nsaid = 0;
	if (!rc && run->trace && run->trace_digest)
		rc = results_put_trace(r->db, r->path, run->trace, run->trace_digest, e);
	return keep(r, rc, e);
}

static int need_run(const struct results *r, struct err *e)
{
	return r->prefix ? 0 : err_set(e, ERR_BUG, "%s: results without a run", r->path);
}

int results_assume(struct results *r, const char *name, const char *value, const char *kind,
		   const char *source, struct err *e)
{
	int rc = need_run(r, e);

	if (!rc)
		rc = db_run(r->db, r->path, e, "INSERT INTO assumption VALUES (?, ?, ?, ?, ?)",
			    "issss", r->run_id, name, value, kind, source ? source : "");
	return keep(r, rc, e);
}

int results_say(struct results *r, unsigned part, const char *sentence, struct err *e)
{
	int rc = need_run(r, e);

	if (!rc)
		rc = db_run(r->db, r->path, e, "INSERT INTO said VALUES (?, ?, ?, ?)", "iiis",
			    r->run_id, ++r->nsaid, (int64_t)part, sentence);
	return keep(r, rc, e);
}

/* Makes config the current one: its hash, and its rows. */
static int use_config(struct results *r, const char *config, struct err *e)
{
	if (r->config && !strcmp(r->config, config))
		return 0;

	_free_ char *canon = NULL;
	char *copy = strdup(config);
	if (!copy || asprintf(&canon, "%s%s", r->prefix, config) < 0) {
		free(copy);
		return err_set(e, ERR_NOMEM, "%s: out of memory", r->path);
	}
	free(r->config);
	r->config = copy;
	sha256_hex(canon, strlen(canon), r->hash);
	int rc = db_run(r->db, r->path, e, "INSERT OR IGNORE INTO config VALUES (?, ?)", "ss",
			r->hash, canon);
	if (!rc)
		rc = db_run(r->db, r->path, e, "INSERT OR IGNORE INTO run_config VALUES (?, ?)",
			    "is", r->run_id, r->hash);
	return rc;
}

static void bind_key(sqlite3_stmt *st, const struct results *r, const char *metric, int64_t bucket)
{
	sqlite3_bind_text(st, 1, r->hash, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, metric, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, bucket);
}

/* The number that is there already must be this one. */
static int compare(struct results *r, const char *metric, int64_t bucket, int64_t value,
		   struct err *e)
{
	int rc = 0;

	bind_key(r->find, r, metric, bucket);
	if (sqlite3_step(r->find) != SQLITE_ROW) {
		rc = db_error(r->db, r->path, "find a result", e);
	} else if (sqlite3_column_int64(r->find, 0) != value) {
		rc = err_set(e, ERR_BUG,
			     "%.80s: %.60s[%" PRId64
			     "] of configuration %.12s is stored as %" PRId64 ", now %" PRId64
			     ": same version, trace and seed",
			     r->path, metric, bucket, r->hash,
			     (int64_t)sqlite3_column_int64(r->find, 0), value);
	}
	sqlite3_reset(r->find);
	return rc;
}

int results_put(struct results *r, const char *config, const char *metric, int64_t bucket,
		int64_t value, struct err *e)
{
	int rc = need_run(r, e);

	if (!rc)
		rc = use_config(r, config, e);
	if (rc)
		return keep(r, rc, e);
	bind_key(r->insert, r, metric, bucket);
	sqlite3_bind_int64(r->insert, 4, value);
	if (sqlite3_step(r->insert) != SQLITE_DONE)
		rc = db_error(r->db, r->path, "store a result", e);
	else if (!sqlite3_changes(r->db))
		rc = compare(r, metric, bucket, value, e);
	sqlite3_reset(r->insert);
	return keep(r, rc, e);
}

/* ---- closing ---- */

int results_close(struct results *r, struct err *e)
{
	const int rc = r->failure.code ? err_set(e, r->failure.code, "%s", r->failure.msg)
				       : db_exec(r->db, r->path, "COMMIT", e);

	if (!rc)
		r->is_new = false; /* it may stay */
	results_abort(r);
	return rc;
}

void results_abort(struct results *r)
{
	struct stat st;

	sqlite3_finalize(r->insert);
	sqlite3_finalize(r->find);
	sqlite3_close(r->db); /* rolls back what was not committed */
	if (r->is_new && r->path && !stat(r->path, &st) && !st.st_size)
		unlink(r->path);
	free(r->prefix);
	free(r->config);
	free(r->path);
	free(r);
}
