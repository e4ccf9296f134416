// SPDX-License-Identifier: MIT
/*
 * Who is who in a merge. A host is the same when its uuid is, or its boot_id; a
 * VM when its uuid is; a device when its host is known, the same, and calls it
 * the same. Anything else is another one, also where it has the same name: a
 * second 0000:00:06.0 becomes 0000:00:06.0@2, after its recording.
 */
#include "store/merge-copy.h"

#include <stdio.h>
#include <string.h>

/* ---- finding ---- */

/* A number from a query with up to three texts of a row's columns bound; -1: no row. */
static int64_t find(struct merge *m, const char *sql, sqlite3_stmt *row, const int *columns,
		    unsigned n)
{
	sqlite3_stmt *st;
	int64_t id = -1;

	if (db_prepare(m->db, m->path, sql, &st, NULL))
		return -1;
	for (unsigned i = 0; i < n; i++)
		sqlite3_bind_value(st, (int)i + 1, sqlite3_column_value(row, columns[i]));
	if (sqlite3_step(st) == SQLITE_ROW)
		id = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return id;
}

/* ---- hosts and VMs ---- */

static int64_t known_host(struct merge *m, sqlite3_stmt *row)
{
	static const int uuid_and_boot[] = { 1, 8 };

	return find(m, "SELECT host_id FROM host WHERE uuid = ?1 OR boot_id = ?2", row,
		    uuid_and_boot, 2);
}

static int64_t known_vm(struct merge *m, sqlite3_stmt *row)
{
	static const int uuid[] = { 2 };

	return find(m, "SELECT vm_id FROM vm WHERE uuid = ?1", row, uuid, 1);
}

static int insert_row(struct merge *m, const char *sql, sqlite3_stmt *row, int from, int64_t id,
		      int64_t host, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(m->db, m->path, sql, &st, e);

	if (rc)
		return rc;
	if (id >= 0)
		sqlite3_bind_int64(st, 1, id);
	if (host >= 0)
		sqlite3_bind_int64(st, 2, host);
	for (int i = from; i < sqlite3_column_count(row); i++)
		sqlite3_bind_value(st, i - from + 3, sqlite3_column_value(row, i));
	if (sqlite3_step(st) != SQLITE_DONE)
		rc = db_error(m->db, m->path, "writing names", e);
	sqlite3_finalize(st);
	return rc;
}

static int copy_hosts(struct merge_source *s, struct err *e)
{
	sqlite3_stmt *row;
	int rc = db_prepare(
		s->last->db, s->last->path,
		"SELECT host_id, uuid, hostname, kernel, cpu, cpus, sockets, numa, boot_id"
		" FROM host ORDER BY host_id",
		&row, e);

	while (!rc && sqlite3_step(row) == SQLITE_ROW) {
		int64_t id = known_host(s->m, row);
		if (id < 0) {
			rc = insert_row(
				s->m,
				"INSERT INTO host(host_id, uuid, hostname, kernel, cpu, cpus,"
				" sockets, numa, boot_id)"
				" VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
				row, 1, -1, -1, e);
			id = sqlite3_last_insert_rowid(s->m->db);
		}
		if (!rc)
			rc = id_map_add(&s->hosts, sqlite3_column_int64(row, 0), id, e);
	}
	sqlite3_finalize(row);
	return rc;
}

/* Rows without a VM of theirs say 0: that is another VM in each recording. */
static int add_nameless_vm(struct merge_source *s, struct err *e)
{
	int64_t described = 0;
	int rc = db_get_i64(s->last->db, s->last->path, "SELECT count(*) FROM vm WHERE vm_id = 0",
			    0, &described, e);
	if (rc || described)
		return rc;

	const int64_t id = s->m->next_vm++;
	if (id) /* so that it is found when this merge is merged */
		rc = db_run(s->m->db, s->m->path, e, "INSERT INTO vm(vm_id) VALUES (?)", "i", id);
	return rc ? rc : id_map_add(&s->vms, 0, id, e);
}

static int copy_vms(struct merge_source *s, struct err *e)
{
	sqlite3_stmt *row = NULL;
	int rc = add_nameless_vm(s, e);

	if (!rc)
		rc = db_prepare(
			s->last->db, s->last->path,
			"SELECT vm_id, host_id, uuid, name, mem_pages, page_shift, vnuma, pid"
			" FROM vm ORDER BY vm_id",
			&row, e);
	while (!rc && sqlite3_step(row) == SQLITE_ROW) {
		const int64_t host = sqlite3_column_type(row, 1) == SQLITE_NULL
					     ? -1
					     : id_map_find(&s->hosts, sqlite3_column_int64(row, 1));
		int64_t id = known_vm(s->m, row);
		if (id < 0) {
			id = s->m->next_vm++;
			rc = insert_row(s->m,
					"INSERT INTO vm(vm_id, host_id, uuid, name, mem_pages,"
					" page_shift, vnuma, pid)"
					" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
					row, 2, id, host, e);
		}
		if (!rc)
			rc = id_map_add(&s->vms, sqlite3_column_int64(row, 0), id, e);
	}
	sqlite3_finalize(row);
	return rc;
}

/* ---- devices ---- */

/* The host that the recordings of this trace were made on: the only one, or -1. */
static int64_t only_host(const struct merge_source *s)
{
	return s->hosts.n == 1 ? s->hosts.pairs[0].to : -1;
}

/* A free name: bdf, or bdf@N. */
static int free_name(struct merge *m, const char *bdf, int64_t number, char *out, size_t out_bytes,
		     struct err *e)
{
	snprintf(out, out_bytes, "%s", bdf);
	for (;; number++) {
		sqlite3_stmt *st;
		const int rc =
			db_prepare(m->db, m->path, "SELECT 1 FROM device WHERE bdf = ?", &st, e);
		if (rc)
			return rc;
		sqlite3_bind_text(st, 1, out, -1, SQLITE_STATIC);
		const bool is_taken = sqlite3_step(st) == SQLITE_ROW;
		sqlite3_finalize(st);
		if (!is_taken)
			return 0;
		snprintf(out, out_bytes, "%s@%lld", bdf, (long long)number);
	}
}

static int64_t known_device(struct merge_source *s, const char *bdf)
{
	sqlite3_stmt *st;
	int64_t id = -1;
	const int64_t host = only_host(s);

	if (host < 0 ||
	    db_prepare(s->m->db, s->m->path,
		       "SELECT dev_id FROM device_of_host WHERE host_id = ? AND bdf = ?", &st,
		       NULL))
		return -1;
	sqlite3_bind_int64(st, 1, host);
	sqlite3_bind_text(st, 2, bdf, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		id = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return id;
}

static int add_device(struct merge_source *s, sqlite3_stmt *row, int64_t first_session,
		      int64_t *id_out, struct err *e)
{
	struct merge *m = s->m;
	const char *bdf = (const char *)sqlite3_column_text(row, 2);
	char name[512];
	int rc = free_name(m, bdf, first_session, name, sizeof(name), e);
	if (rc)
		return rc;

	sqlite3_stmt *st;
	*id_out = m->next_dev++;
	rc = db_prepare(m->db, m->path, "INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?)", &st, e);
	if (rc)
		return rc;
	sqlite3_bind_int64(st, 1, *id_out);
	if (sqlite3_column_type(row, 1) != SQLITE_NULL)
		sqlite3_bind_int64(st, 2, id_map_find(&s->vms, sqlite3_column_int64(row, 1)));
	sqlite3_bind_text(st, 3, name, -1, SQLITE_STATIC);
	for (int i = 3; i < 7; i++)
		sqlite3_bind_value(st, i + 1, sqlite3_column_value(row, i));
	if (sqlite3_step(st) != SQLITE_DONE)
		rc = db_error(m->db, m->path, "writing a device", e);
	sqlite3_finalize(st);
	if (!rc && *id_out > UINT16_MAX)
		rc = err_set(e, ERR_UNUSABLE, "%s: more than 65,536 devices in all", m->path);
	if (!rc && only_host(s) >= 0)
		rc = db_run(m->db, m->path, e, "INSERT INTO device_of_host VALUES (?, ?, ?)", "isi",
			    only_host(s), bdf, *id_out);
	return rc;
}

static int copy_devices(struct merge_source *s, struct err *e)
{
	sqlite3_stmt *row = NULL;
	int64_t session = 0;
	int rc = db_get_i64(s->m->db, s->m->path,
			    "SELECT coalesce(max(sess_id), 0) + 1 FROM session", 0, &session, e);
	if (!rc)
		rc = db_prepare(s->last->db, s->last->path,
				"SELECT dev_id, vm_id, bdf, class, driver, queues, coverage"
				" FROM device ORDER BY dev_id",
				&row, e);
	if (rc)
		return rc;
	while (!rc && sqlite3_step(row) == SQLITE_ROW) {
		int64_t id = known_device(s, (const char *)sqlite3_column_text(row, 2));
		if (id < 0)
			rc = add_device(s, row, session, &id, e);
		if (!rc)
			rc = id_map_add(&s->devices, sqlite3_column_int64(row, 0), id, e);
	}
	sqlite3_finalize(row);
	return rc;
}

int merge_names(struct merge_source *s, struct err *e)
{
	int rc = copy_hosts(s, e);

	if (!rc)
		rc = copy_vms(s, e);
	return rc ? rc : copy_devices(s, e);
}

/* ---- numbers ---- */

static int put_number(struct merge *m, int64_t session, const char *what, int64_t number,
		      int64_t id, struct err *e)
{
	if (number == id)
		return 0;
	return db_run(m->db, m->path, e, "INSERT OR REPLACE INTO renumber VALUES (?, ?, ?, ?)",
		      "isii", session, what, number, id);
}

/* Of a recording whose numbers were translated before: through what they had become. */
static int put_translated(struct merge_source *s, const char *what, const struct id_map *ids,
			  struct err *e)
{
	sqlite3_stmt *st;

	if (db_prepare(s->last->db, s->last->path,
		       "SELECT sess_id, number, id FROM renumber WHERE what = ?", &st, NULL))
		return 0; /* of an earlier writer */
	sqlite3_bind_text(st, 1, what, -1, SQLITE_STATIC);
	int rc = 0;
	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		const int64_t session = id_map_find(&s->sessions, sqlite3_column_int64(st, 0));
		const int64_t number = sqlite3_column_int64(st, 1);
		const int64_t id = id_map_find(ids, sqlite3_column_int64(st, 2));
		if (session < 0 || id < 0)
			continue;
		rc = db_run(s->m->db, s->m->path, e,
			    "DELETE FROM renumber WHERE sess_id = ? AND what = ? AND number = ?",
			    "isi", session, what, number);
		if (!rc)
			rc = put_number(s->m, session, what, number, id, e);
	}
	sqlite3_finalize(st);
	return rc;
}

int merge_renumber(struct merge_source *s, struct err *e)
{
	static const char *const whats[] = { "dev", "vm", "source" };
	const struct id_map *const maps[] = { &s->devices, &s->vms, &s->sources };
	int rc = 0;

	for (size_t k = 0; !rc && k < 3; k++) {
		for (size_t i = 0; !rc && i < s->sessions.n; i++)
			for (size_t n = 0; !rc && n < maps[k]->n; n++)
				rc = put_number(s->m, s->sessions.pairs[i].to, whats[k],
						maps[k]->pairs[n].from, maps[k]->pairs[n].to, e);
		if (!rc)
			rc = put_translated(s, whats[k], maps[k], e);
	}
	return rc;
}
