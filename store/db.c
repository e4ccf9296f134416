// SPDX-License-Identifier: MIT
/* SQLite with sentences: see store/db.h. */
#include "store/db.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite tries again read-only, so that "permission denied" reaches us as "no such file". */
static int cannot_open(const char *path, int why, struct err *e)
{
	_free_ char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (slash)
		slash[slash == folder] = 0;
	if (folder && why == ENOENT && !access(slash ? folder : ".", F_OK) &&
	    access(slash ? folder : ".", W_OK))
		why = errno;
	return err_set(e, why == EACCES || why == EPERM ? ERR_PERM : ERR_CREATE, "%s: %s", path,
		       strerror(why));
}

int db_error(sqlite3 *db, const char *path, const char *what, struct err *e)
{
	const int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
	const char *words = db ? sqlite3_errmsg(db) : "out of memory";

	switch (code & 0xff) {
	case SQLITE_FULL:
		return err_set(e, ERR_CREATE, "%s: %s: the disk or the quota is full", path, what);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, ERR_FORMAT, "%s: %s: damaged SQLite file (%s)", path, what,
			       words);
	case SQLITE_CANTOPEN:
		if (sqlite3_system_errno(db))
			return cannot_open(path, sqlite3_system_errno(db), e);
		return err_set(e, ERR_CREATE, "%s: cannot be opened (%s)", path, words);
	case SQLITE_READONLY:
		if (access(path, W_OK))
			return cannot_open(path, errno, e);
		return err_set(e, ERR_CREATE, "%s: cannot be written (%s)", path, words);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return err_set(e, ERR_PERM, "%s: %s: %s", path, what, words);
	case SQLITE_NOMEM:
		return err_set(e, ERR_NOMEM, "%s: %s: out of memory", path, what);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, ERR_CREATE, "%s: another process is writing it: try again later",
			       path);
	case SQLITE_IOERR:
		/* a full disk shows here too: the WAL and the shared memory file are no pages */
		if (sqlite3_system_errno(db) == ENOSPC || code == SQLITE_IOERR_SHMSIZE)
			return err_set(e, ERR_CREATE, "%s: %s: the disk is full", path, what);
		return err_set(e, ERR_IO, "%s: %s: %s", path, what, words);
	default:
		return err_set(e, ERR_BUG, "%s: %s: %s", path, what, words);
	}
}

int db_exec(sqlite3 *db, const char *path, const char *sql, struct err *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return db_error(db, path, sql, e);
}

int db_prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **out, struct err *e)
{
	if (sqlite3_prepare_v2(db, sql, -1, out, NULL) == SQLITE_OK)
		return 0;
	return db_error(db, path, sql, e);
}

void db_bind(sqlite3_stmt *st, const char *format, va_list ap)
{
	for (int i = 1; format[i - 1]; i++) {
		switch (format[i - 1]) {
		case 'i':
			sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 'u':
			sqlite3_bind_int64(st, i, (int64_t)va_arg(ap, uint64_t));
			break;
		case 's':
			sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
			break;
		default:
			sqlite3_bind_null(st, i);
		}
	}
}

int db_run(sqlite3 *db, const char *path, struct err *e, const char *sql, const char *format, ...)
{
	sqlite3_stmt *st;
	int rc = db_prepare(db, path, sql, &st, e);
	if (rc)
		return rc;

	va_list ap;
	va_start(ap, format);
	db_bind(st, format, ap);
	va_end(ap);
	const int step = sqlite3_step(st);
	if (step != SQLITE_DONE && step != SQLITE_ROW)
		rc = db_error(db, path, sql, e);
	sqlite3_finalize(st);
	return rc;
}

int db_get_i64(sqlite3 *db, const char *path, const char *sql, int64_t missing, int64_t *out,
	       struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(db, path, sql, &st, e);
	if (rc)
		return rc;

	*out = missing;
	const int step = sqlite3_step(st);
	if (step == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(st, 0);
	else if (step != SQLITE_DONE && step != SQLITE_ROW)
		rc = db_error(db, path, sql, e);
	sqlite3_finalize(st);
	return rc;
}

bool db_is_sqlite(const void *head, size_t n)
{
	static const char magic[16] = "SQLite format 3";
	return n >= sizeof(magic) && !memcmp(head, magic, sizeof(magic));
}

bool db_is_sqlite_file(const char *path)
{
	char head[16];
	struct stat st;
	if (stat(path, &st) || !S_ISREG(st.st_mode)) /* opening a pipe would wait */
		return false;
	_fclose_ FILE *f = fopen(path, "re");
	return f && db_is_sqlite(head, fread(head, 1, sizeof(head), f));
}

/* Whether a file is shorter than bytes 16 and 28 of its header say. */
static bool is_cut_short(const char *path, struct err *e)
{
	_fclose_ FILE *f = fopen(path, "re");
	uint8_t h[32] = {};
	struct stat st;

	if (!f || fread(h, 1, sizeof(h), f) != sizeof(h) || !db_is_sqlite(h, sizeof(h)) ||
	    fstat(fileno(f), &st))
		return false;
	const uint64_t size = h[16] << 8 | h[17];
	const uint64_t pages = (uint32_t)h[28] << 24 | h[29] << 16 | h[30] << 8 | h[31];
	const uint64_t bytes = (size == 1 ? 65536 : size) * pages;
	if ((uint64_t)st.st_size >= bytes)
		return false;
	err_set(e, ERR_UNUSABLE, "%s: is cut short: %llu bytes of %llu are there", path,
		(unsigned long long)st.st_size, (unsigned long long)bytes);
	return true;
}

/* A SQLite file of another kind: perhaps the other one of ours. */
static int tell_other(const char *path, uint32_t id, uint32_t wanted, struct err *e)
{
	const char *name = wanted == TRACE_APPLICATION_ID ? "trace" : "results file";
	if (id == TRACE_APPLICATION_ID)
		return err_set(e, ERR_UNUSABLE, "%s: a pugmark trace, not a %s", path, name);
	if (id == RESULT_APPLICATION_ID)
		return err_set(e, ERR_UNUSABLE,
			       "%s: a pugmark results file, not a %s: pugmark report shows it",
			       path, name);
	return err_set(e, ERR_UNUSABLE, "%s: an SQLite file, but not a pugmark %s", path, name);
}

int db_check_identity(sqlite3 *db, const char *path, uint32_t application_id, struct err *e)
{
	int64_t id, version;
	int rc = db_get_i64(db, path, "PRAGMA application_id", 0, &id, e);
	if (!rc)
		rc = db_get_i64(db, path, "PRAGMA user_version", 0, &version, e);
	if (rc == ERR_FORMAT)
		return is_cut_short(path, e)
			       ? ERR_UNUSABLE
			       : err_set(e, ERR_UNUSABLE,
					 "%s: not a pugmark file (no SQLite database)", path);
	if (rc)
		return rc;
	if ((uint32_t)id != application_id)
		return !id && is_cut_short(path, e)
			       ? ERR_UNUSABLE
			       : tell_other(path, (uint32_t)id, application_id, e);
	const int known = application_id == TRACE_APPLICATION_ID ? TRACE_USER_VERSION
								 : RESULT_USER_VERSION;
	if (version != known)
		return err_set(e, ERR_UNUSABLE, "%s: format version %lld, this program reads %d",
			       path, (long long)version, known);
	return 0;
}

static int open_with(const char *path, int flags, uint32_t application_id, sqlite3 **out,
		     struct err *e)
{
	int rc = 0;
	if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK)
		return err_set(e, ERR_NOINPUT, "%s: %s", path,
			       *out ? sqlite3_errmsg(*out) : "out of memory");
	sqlite3_busy_timeout(*out, 10000);
	rc = db_check_identity(*out, path, application_id, e);
	if (!rc)
		rc = db_exec(*out, path, "PRAGMA trusted_schema=OFF; PRAGMA mmap_size=1073741824",
			     e);
	return rc;
}

/* A writer that died while sealing leaves a journal that must be rolled back first. */
static bool needs_recovery(sqlite3 *db)
{
	const int code = db ? sqlite3_extended_errcode(db) : 0;
	return code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY;
}

/* What SQLite would tell in words of its own, or take for an empty database */
static int check_file(const char *path, struct err *e)
{
	struct stat st;

	if (!*path)
		return err_set(e, ERR_NOINPUT, "'' is no file name");
	if (stat(path, &st) || access(path, R_OK)) {
		const bool is_denied = errno == EACCES || errno == EPERM;
		return err_set(e, is_denied ? ERR_PERM : ERR_NOINPUT, "%s: %s", path,
			       strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_NOINPUT, "%s: is a directory, expected a file", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_NOINPUT, "%s: is no ordinary file", path);
	return st.st_size ? 0 : err_set(e, ERR_UNUSABLE, "%s: is empty", path);
}

/* The file itself can be read, but there is no shared memory of the WAL, nor a way to make it. */
static bool needs_folder(sqlite3 *db)
{
	const int code = db ? sqlite3_errcode(db) : 0;
	return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

int db_open_readonly(const char *path, uint32_t application_id, sqlite3 **out, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = check_file(path, e);

	if (rc)
		return rc;
	rc = open_with(path, SQLITE_OPEN_READONLY, application_id, &db, e);
	if (rc && needs_recovery(db)) {
		sqlite3_close(db);
		rc = open_with(path, SQLITE_OPEN_READWRITE, application_id, &db, e);
		if (!rc)
			rc = db_exec(db, path, "PRAGMA query_only=ON", e);
		if (rc && needs_recovery(db))
			rc = err_set(e, ERR_PERM,
				     "%s: its writer died; reading it once needs write permission "
				     "for the file and its folder",
				     path);
	} else if (rc && needs_folder(db)) {
		rc = err_set(e, ERR_PERM,
			     "%s: is not sealed: reading it needs write permission for its folder",
			     path);
	}
	if (rc) {
		sqlite3_close(db);
		return rc;
	}
	*out = db;
	return 0;
}
