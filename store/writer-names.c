// SPDX-License-Identifier: MIT
/* What a trace says beside its rows: devices, sources, losses, accounts, host and meta text. */
#include "store/writer.h"

#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct writer_name {
	char *name; /* key */
	int64_t id;
	UT_hash_handle hh;
};

static int remember(struct writer_name **table, const char *name, int64_t id, struct err *e)
{
	struct writer_name *entry = calloc(1, sizeof(*entry));
	if (entry)
		entry->name = strdup(name);
	if (!entry || !entry->name) {
		free(entry);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	entry->id = id;
	HASH_ADD_KEYPTR(hh, *table, entry->name, strlen(entry->name), entry);
	return 0;
}

static struct writer_name *recall(struct writer_name *table, const char *name)
{
	struct writer_name *entry;
	HASH_FIND_STR(table, name, entry);
	return entry;
}

static void forget(struct writer_name **table)
{
	struct writer_name *entry, *next;
	HASH_ITER(hh, *table, entry, next)
	{
		HASH_DEL(*table, entry);
		free(entry->name);
		free(entry);
	}
}

void writer_free_names(struct trace_writer *w)
{
	forget(&w->devices);
	forget(&w->sources);
}

static int load(struct trace_writer *w, const char *sql, struct writer_name **table, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(w->db, w->file, sql, &st, e);
	if (rc)
		return rc;
	while (!rc && sqlite3_step(st) == SQLITE_ROW)
		rc = remember(table, (const char *)sqlite3_column_text(st, 0),
			      sqlite3_column_int64(st, 1), e);
	sqlite3_finalize(st);
	return rc;
}

int writer_load_names(struct trace_writer *w, struct err *e)
{
	writer_free_names(w);
	int rc = load(w, "SELECT bdf, dev_id FROM device", &w->devices, e);
	if (!rc)
		rc = load(w, "SELECT name, source_id FROM source", &w->sources, e);
	return rc;
}

int trace_writer_device(struct trace_writer *w, const struct trace_device *d, uint16_t *dev_out,
			struct err *e)
{
	const char *bdf = d->bdf ? d->bdf : "unknown";
	struct writer_name *known = recall(w->devices, bdf);
	if (known) {
		*dev_out = (uint16_t)known->id;
		return 0;
	}

	const int64_t id = HASH_COUNT(w->devices);
	if (id > UINT16_MAX)
		return err_set(e, ERR_FORMAT, "%s: more than 65,536 devices", w->file);
	int rc = 0;
	if (w->db)
		rc = writer_run(w, e,
				"INSERT INTO device(dev_id, bdf, class, driver, queues, coverage)"
				" VALUES (?, ?, ?, ?, ?, ?)",
				"isssis", id, bdf, d->class ? d->class : "other", d->driver,
				(int64_t)d->queues, d->coverage);
	if (!rc)
		rc = remember(&w->devices, bdf, id, e);
	*dev_out = (uint16_t)id;
	return rc;
}

int trace_writer_source(struct trace_writer *w, const char *name, const char *coverage,
			uint16_t *source_out, struct err *e)
{
	struct writer_name *known = recall(w->sources, name);
	if (known) {
		*source_out = (uint16_t)known->id;
		return 0;
	}

	int64_t id = HASH_COUNT(w->sources) + 1;
	int rc = w->db ? writer_next_id(w, "source", "source_id", &id, e) : 0;
	if (!rc && w->db)
		rc = writer_run(w, e,
				"INSERT INTO source(source_id, sess_id, name, coverage)"
				" VALUES (?, ?, ?, ?)",
				"iiss", id, w->sess_id, name, coverage);
	if (!rc)
		rc = remember(&w->sources, name, id, e);
	*source_out = (uint16_t)id;
	return rc;
}

int trace_writer_source_detail(struct trace_writer *w, uint16_t source, uint64_t granularity_bytes,
			       uint64_t period_ns, uint64_t sample_ppm, struct err *e)
{
	if (!w->db)
		return 0;
	return writer_run(w, e,
			  "UPDATE source SET granularity = nullif(?, 0), period_ns = nullif(?, 0),"
			  " sample_ppm = nullif(?, 0) WHERE source_id = ?",
			  "uuui", granularity_bytes, period_ns, sample_ppm, (int64_t)source);
}

int trace_writer_loss(struct trace_writer *w, const char *stream, uint64_t from_ns, uint64_t to_ns,
		      uint64_t lost, const char *cause, const char *detail, struct err *e)
{
	if (!w->db)
		return 0;
	return writer_run(w, e,
			  "INSERT INTO loss(stream, from_ns, to_ns, n_lost, cause, detail)"
			  " VALUES (?, ?, ?, nullif(?, -1), ?, ?)",
			  "siiiss", stream, (int64_t)from_ns, (int64_t)to_ns, (int64_t)lost, cause,
			  detail);
}

int trace_writer_account(struct trace_writer *w, const char *source, const struct trace_account *a,
			 struct err *e)
{
	if (!w->db)
		return 0;
	return writer_run(w, e, "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			  "suuuuuuu", source, a->seen, a->stored, a->filtered, a->ring_lost,
			  a->shed, a->decode_error, a->unaccounted);
}

int trace_writer_vm(struct trace_writer *w, const struct trace_vm *vm, struct err *e)
{
	if (!w->db)
		return 0;
	return writer_run(w, e,
			  "INSERT OR REPLACE INTO vm(vm_id, name, mem_pages, page_shift)"
			  " VALUES (?, ?, ?, ?)",
			  "isui", (int64_t)vm->vm, vm->name, vm->mem_pages, (int64_t)PAGE_SHIFT);
}

/*
 * A resumed import that replays must not tell a reading twice. A full disk that
 * a recording lives on with gets none: there is no row that they would date.
 */
int trace_writer_clock(struct trace_writer *w, const struct trace_clock *c, struct err *e)
{
	if (!w->db || (w->opt.lives_on && (w->is_full || w->waiting)))
		return 0;
	return writer_run(w, e,
			  "INSERT INTO clock(sess_id, trace_ns, mono_ns, boot_ns, real_ns)"
			  " SELECT ?1, ?2, nullif(?3, -1), nullif(?4, -1), nullif(?5, -1)"
			  " WHERE NOT ?6 OR NOT EXISTS"
			  " (SELECT 1 FROM clock WHERE sess_id = ?1 AND trace_ns = ?2)",
			  "iuuuui", w->sess_id, c->trace_ns, c->mono_ns, c->boot_ns, c->real_ns,
			  (int64_t)w->is_resumed);
}

/* A slot that is told again ends where the new one begins. */
int trace_writer_memslot(struct trace_writer *w, const struct trace_memslot *m, struct err *e)
{
	if (!w->db)
		return 0;
	int rc = db_run(
		w->db, w->file, e,
		"UPDATE memslot SET to_ns = ? WHERE vm_id = ? AND slot = ? AND to_ns IS NULL",
		"uii", m->from_ns, (int64_t)m->vm, (int64_t)m->slot);
	if (!rc && m->npages)
		rc = db_run(w->db, w->file, e,
			    "INSERT INTO memslot(vm_id, slot, from_ns, gpa_pfn, hva_pfn, hpa_pfn,"
			    " npages) VALUES (?, ?, ?, ?, nullif(?, -1), nullif(?, -1), ?)",
			    "iiuuiiu", (int64_t)m->vm, (int64_t)m->slot, m->from_ns, m->gpa_pfn,
			    (int64_t)m->hva_pfn, (int64_t)m->hpa_pfn, m->npages);
	return rc;
}

int trace_writer_meta(struct trace_writer *w, const char *key, const char *value, struct err *e)
{
	if (!w->db)
		return 0;
	return writer_run(w, e, "INSERT OR REPLACE INTO meta VALUES (?, ?)", "ss", key, value);
}

int trace_writer_host(struct trace_writer *w, const char *key, const char *value, struct err *e)
{
	static const char *const columns[] = { "hostname", "kernel", "cpu",     "cpus",
					       "sockets",  "numa",   "boot_id", "uuid" };
	if (!w->db)
		return 0;

	int rc = writer_run(w, e, "INSERT OR IGNORE INTO host(host_id) VALUES (1)", "");
	if (!rc)
		rc = writer_run(w, e, "UPDATE session SET host_id = 1 WHERE host_id IS NULL", "");
	for (size_t i = 0; !rc && i < sizeof(columns) / sizeof(*columns); i++) {
		char sql[80];
		if (strcmp(columns[i], key))
			continue;
		snprintf(sql, sizeof(sql), "UPDATE host SET %s = ? WHERE host_id = 1", columns[i]);
		return writer_run(w, e, sql, "s", value);
	}
	return rc ? rc : err_set(e, ERR_BUG, "no host column '%s'", key);
}
