// SPDX-License-Identifier: MIT
/*
 * What tables a results file has, asked of the file itself: sealing and merging
 * go through all of them and need not change when one is added.
 */
#include "store/results-schema.h"

#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Names of our tables and columns are words; another name is not ours to put into SQL. */
static bool is_word(const char *name)
{
	return name && *name &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(name);
}

static bool append(char *list, const char *word)
{
	const size_t used = strlen(list);
	const int n =
		snprintf(list + used, RESULTS_TEXT_BYTES - used, "%s%s", used ? ", " : "", word);
	return n > 0 && (size_t)n < RESULTS_TEXT_BYTES - used;
}

/* Columns in order; those of a primary key come in its order. */
static int describe(sqlite3 *db, const char *path, struct results_table *t, struct err *e)
{
	sqlite3_stmt *st;
	bool is_known = true;
	int rc = db_prepare(db, path,
			    "SELECT name, 0 FROM pragma_table_info(?1) UNION ALL"
			    " SELECT name, pk FROM (SELECT * FROM pragma_table_info(?1)"
			    " WHERE pk > 0 ORDER BY pk)",
			    &st, e);
	if (rc)
		return rc;
	sqlite3_bind_text(st, 1, t->name, -1, SQLITE_STATIC);
	while (sqlite3_step(st) == SQLITE_ROW && is_known) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		const bool is_key = sqlite3_column_int(st, 1);
		is_known = is_word(name) && append(is_key ? t->key : t->columns, name);
		if (is_key || !is_known)
			continue;
		t->is_of_run |= !t->ncolumns && !strcmp(name, "run_id");
		t->ncolumns++;
	}
	sqlite3_finalize(st);
	if (!is_known || !*t->key)
		return err_set(e, ERR_FORMAT, "%s: table %s is none of a results file", path,
			       t->name);
	return 0;
}

int results_list_tables(sqlite3 *db, const char *path, struct results_tables *out, struct err *e)
{
	sqlite3_stmt *st;
	out->n = 0;
	int rc = db_prepare(db, path,
			    "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name", &st,
			    e);
	if (rc)
		return rc;
	int step;
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		struct results_table *t = &out->table[out->n];
		if (!is_word(name) || strlen(name) >= sizeof(t->name) ||
		    out->n == RESULTS_TABLES_MAX) {
			rc = err_set(e, ERR_FORMAT, "%s: has tables that no results file has",
				     path);
			break;
		}
		*t = (struct results_table){};
		strcpy(t->name, name);
		rc = describe(db, path, t, e);
		out->n++;
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_error(db, path, "list tables", e);
	sqlite3_finalize(st);
	return rc;
}

int results_digest_rows(sqlite3 *db, const char *path, sqlite3_stmt *st, struct sha256 *s,
			struct err *e)
{
	int step;
	while ((step = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			char head[48];
			const int type = sqlite3_column_type(st, i);
			const void *bytes = sqlite3_column_blob(st, i); /* the text of a number */
			const int n = sqlite3_column_bytes(st, i);
			const int len = snprintf(head, sizeof(head), "%d:%d:", type, n);
			sha256_update(s, head, (size_t)len);
			if (n)
				sha256_update(s, bytes, (size_t)n);
		}
		sha256_update(s, "\n", 1);
	}
	return step == SQLITE_DONE ? 0 : db_error(db, path, "read rows", e);
}
