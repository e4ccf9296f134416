// SPDX-License-Identifier: MIT
/* Inside of the merge: rows from one database into another. Shared by merge*.c only. */
#ifndef PUGMARK_STORE_MERGE_COPY_H
#define PUGMARK_STORE_MERGE_COPY_H

#include "store/db.h"
#include "store/merge.h"
#include "store/reader.h"

struct merge {
	char *path, *file; /* file: the one that is written */
	struct merge_options o;
	sqlite3 *db;
	int64_t next_vm, next_dev;
	struct merge_result result;
};

/* Old ids to new ones, few of them. Zeroed to begin with. */
struct id_map {
	struct id_pair {
		int64_t from, to;
	} * pairs;
	size_t n, cap;
};

int id_map_add(struct id_map *m, int64_t from, int64_t to, struct err *e);
/* -1 where there is none */
int64_t id_map_find(const struct id_map *m, int64_t from);
void id_map_deinit(struct id_map *m);

/* From one trace into the merge. A trace may hold several recordings: it may be a merge. */
struct merge_source {
	struct merge *m;
	struct trace *trace;
	const struct trace_file *last; /* facts of a set are complete there */
	struct id_map hosts, vms, devices, sessions, sources, streams, distributions;
};

/*
 * Copies each row that `select` gives to `insert`, its columns bound in order.
 * id_column: of them that is not bound but is the row's old id, its new one
 * goes into ids (-1: none). Columns of `maps` (ends with column -1) are
 * translated; NULL stays NULL, and a row whose id is not known is left out.
 */
struct column_map {
	int column;
	const struct id_map *ids;
};
struct copy {
	const char *select, *insert;
	int id_column;
	struct id_map *ids;
	struct column_map maps[4];
	bool is_optional; /* the table may not be there */
};
int merge_copy(struct merge_source *s, const struct trace_file *from, const struct copy *c,
	       struct err *e);

/* merge-names.c: hosts, VMs, devices and sources of the trace, and what their numbers become. */
int merge_names(struct merge_source *s, struct err *e);
int merge_renumber(struct merge_source *s, struct err *e);

#endif
