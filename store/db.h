// SPDX-License-Identifier: MIT
/*
 * The few things the store does with SQLite, with sentences for errors: one
 * statement with bound values, prepared statements, the meta table.
 */
#ifndef PUGMARK_STORE_DB_H
#define PUGMARK_STORE_DB_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TRACE_APPLICATION_ID = 0x5047444d,  /* "PGDM" */
	RESULT_APPLICATION_ID = 0x50475253, /* "PGRS" */
	TRACE_USER_VERSION = 1,
	RESULT_USER_VERSION = 2,
	DB_PAGE_BYTES = 4096,
};

/* Maps an SQLite failure to our codes and fills e with "path: what: SQLite's words". */
int db_error(sqlite3 *db, const char *path, const char *what, struct err *e);

/* Runs SQL without results. */
int db_exec(sqlite3 *db, const char *path, const char *sql, struct err *e);

/*
 * Runs one statement with bound values. format has a character per `?`: i
 * (int64_t), u (uint64_t bit pattern), s (const char *, may be NULL), n (NULL,
 * takes no argument).
 */
int db_run(sqlite3 *db, const char *path, struct err *e, const char *sql, const char *format, ...);

/* The values of db_run. */
void db_bind(sqlite3_stmt *st, const char *format, va_list ap);

/* First column of the first row as a number; missing when there is no row or it is NULL. */
int db_get_i64(sqlite3 *db, const char *path, const char *sql, int64_t missing, int64_t *out,
	       struct err *e);

int db_prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **out, struct err *e);

/* Is this open database ours, and of a version we know? ERR_UNUSABLE if not. */
int db_check_identity(sqlite3 *db, const char *path, uint32_t application_id, struct err *e);

/*
 * Opens a trace (or results) file read-only and checks its application id and
 * version. ERR_NOINPUT, ERR_PERM, ERR_UNUSABLE, ERR_FORMAT with a sentence.
 */
int db_open_readonly(const char *path, uint32_t application_id, sqlite3 **out, struct err *e);

/* Whether the first n bytes of a file are those of an SQLite database. */
bool db_is_sqlite(const void *head, size_t n);

/* Whether path is an ordinary file that begins so; a pipe is not opened. */
bool db_is_sqlite_file(const char *path);

#endif
