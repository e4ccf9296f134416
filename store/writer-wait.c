// SPDX-License-Identifier: MIT
/*
 * What is said beside rows, while a disk is full that a recording lives on
 * with: it waits in memory, as SQL with its values, in order, and is written
 * when there is room. Only readings of the clocks are left out: no row is there
 * that they would date.
 */
#include "store/writer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 1 << 16 };

struct writer_waiting {
	struct writer_waiting *next;
	char sql[];
};

static int wait_for_room(struct trace_writer *w, const char *sql, struct err *e)
{
	const size_t n = strlen(sql) + 1;
	struct writer_waiting *x = w->nwaiting < WAITING_MAX ? malloc(sizeof(*x) + n) : NULL;
	if (!x)
		return err_set(e, ERR_NOMEM, "%s: the disk is full, and too much waits for it",
			       w->file);
	memcpy(x->sql, sql, n);
	x->next = NULL;
	*(w->last_waiting ? &w->last_waiting->next : &w->waiting) = x;
	w->last_waiting = x;
	w->nwaiting++;
	return 0;
}

static void drop_first(struct trace_writer *w)
{
	struct writer_waiting *x = w->waiting;
	w->waiting = x->next;
	if (!w->waiting)
		w->last_waiting = NULL;
	w->nwaiting--;
	free(x);
}

void writer_free_waiting(struct trace_writer *w)
{
	while (w->waiting)
		drop_first(w);
}

int writer_run_waiting(struct trace_writer *w, struct err *e)
{
	int rc = 0;
	while (!rc && w->waiting) {
		rc = db_exec(w->db, w->file, w->waiting->sql, e);
		if (!rc)
			drop_first(w);
	}
	return rc;
}

/* Runs st, or keeps it for later; what is kept goes first. */
static int run_or_wait(struct trace_writer *w, sqlite3_stmt *st, struct err *e)
{
	bool must_wait = (w->opt.lives_on && w->is_full) ||
			 (w->waiting && writer_run_waiting(w, NULL));
	if (!must_wait) {
		const int step = sqlite3_step(st);
		if (step == SQLITE_DONE || step == SQLITE_ROW)
			return 0;
		must_wait = w->opt.lives_on && step == SQLITE_FULL;
		if (!must_wait)
			return db_error(w->db, w->file, sqlite3_sql(st), e);
	}
	char *sql = sqlite3_expanded_sql(st);
	const int rc = sql ? wait_for_room(w, sql, e) : err_set(e, ERR_NOMEM, "out of memory");
	sqlite3_free(sql);
	return rc;
}

int writer_run(struct trace_writer *w, struct err *e, const char *sql, const char *format, ...)
{
	sqlite3_stmt *st;
	va_list ap;
	int rc = db_prepare(w->db, w->file, sql, &st, e);
	if (rc)
		return rc;
	va_start(ap, format);
	db_bind(st, format, ap);
	va_end(ap);
	rc = run_or_wait(w, st, e);
	sqlite3_finalize(st);
	return rc;
}

int writer_next_id(struct trace_writer *w, const char *table, const char *column, int64_t *id_out,
		   struct err *e)
{
	char sql[100];
	sqlite3_snprintf(sizeof(sql), sql, "SELECT 1 + max(%s) FROM %s", column, table);
	const int rc = db_get_i64(w->db, w->file, sql, 1, id_out, e);
	*id_out += w->nwaiting; /* some of them may be rows of this table */
	return rc;
}
