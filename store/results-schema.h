// SPDX-License-Identifier: MIT
/* Tables of a results file, for those who go through all of them. Private to the folder. */
#ifndef PUGMARK_STORE_RESULTS_SCHEMA_H
#define PUGMARK_STORE_RESULTS_SCHEMA_H

#include "base/err.h"
#include "base/sha256.h"

#include <sqlite3.h>
#include <stdbool.h>

enum { RESULTS_TABLES_MAX = 32, RESULTS_TEXT_BYTES = 600 };

/* One table, as its schema says. */
struct results_table {
	char name[64];
	char columns[RESULTS_TEXT_BYTES]; /* "a, b, c" */
	char key[RESULTS_TEXT_BYTES];     /* of its primary key, likewise */
	unsigned ncolumns;
	bool is_of_run; /* its first column is run_id */
};

struct results_tables {
	struct results_table table[RESULTS_TABLES_MAX];
	unsigned n;
};

/* Writes identity and tables into an empty database. */
int results_make_tables(sqlite3 *db, const char *path, struct err *e);

/* All tables by name; ERR_FORMAT for what no results file has. */
int results_list_tables(sqlite3 *db, const char *path, struct results_tables *out, struct err *e);

/* Adds what a statement gives to a digest, so that no two lists of rows look the same. */
int results_digest_rows(sqlite3 *db, const char *path, sqlite3_stmt *st, struct sha256 *s,
			struct err *e);

#endif
