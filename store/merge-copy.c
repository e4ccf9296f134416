// SPDX-License-Identifier: MIT
/* Rows from one database into another, and maps of ids. */
#include "store/merge-copy.h"

#include <stdlib.h>

int id_map_add(struct id_map *m, int64_t from, int64_t to, struct err *e)
{
	if (m->n == m->cap) {
		const size_t cap = m->cap ? 2 * m->cap : 16;
		struct id_pair *p = realloc(m->pairs, cap * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "out of memory");
		m->pairs = p;
		m->cap = cap;
	}
	m->pairs[m->n++] = (struct id_pair){ from, to };
	return 0;
}

int64_t id_map_find(const struct id_map *m, int64_t from)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->pairs[i].from == from)
			return m->pairs[i].to;
	return -1;
}

void id_map_deinit(struct id_map *m)
{
	free(m->pairs);
	*m = (struct id_map){};
}

/* False when a row refers to something that is not copied. */
static bool bind_row(sqlite3_stmt *get, sqlite3_stmt *put, const struct copy *c)
{
	int at = 1;

	for (int i = 0; i < sqlite3_column_count(get); i++) {
		const struct id_map *ids = NULL;
		for (const struct column_map *m = c->maps; m->ids; m++)
			if (m->column == i)
				ids = m->ids;
		if (i == c->id_column)
			continue;
		if (!ids || sqlite3_column_type(get, i) == SQLITE_NULL) {
			sqlite3_bind_value(put, at++, sqlite3_column_value(get, i));
			continue;
		}
		const int64_t id = id_map_find(ids, sqlite3_column_int64(get, i));
		if (id < 0)
			return false;
		sqlite3_bind_int64(put, at++, id);
	}
	return true;
}

int merge_copy(struct merge_source *s, const struct trace_file *from, const struct copy *c,
	       struct err *e)
{
	sqlite3_stmt *get = NULL, *put = NULL;
	struct err why = {};
	int step = SQLITE_DONE;
	int rc = db_prepare(from->db, from->path, c->select, &get, &why);

	if (rc && c->is_optional) /* of an earlier writer */
		return 0;
	if (rc)
		return err_set(e, rc, "%s", why.msg);
	rc = db_prepare(s->m->db, s->m->path, c->insert, &put, e);
	while (!rc && (step = sqlite3_step(get)) == SQLITE_ROW) {
		if (!bind_row(get, put, c))
			continue;
		if (sqlite3_step(put) != SQLITE_DONE)
			rc = db_error(s->m->db, s->m->path, "writing", e);
		if (!rc && c->ids)
			rc = id_map_add(c->ids, sqlite3_column_int64(get, c->id_column),
					sqlite3_last_insert_rowid(s->m->db), e);
		sqlite3_reset(put);
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_error(from->db, from->path, "reading", e);
	sqlite3_finalize(get);
	sqlite3_finalize(put);
	return rc;
}
