// SPDX-License-Identifier: MIT
/*
 * A merge is written in one transaction to a file of its own beside the result
 * and renamed at the end: nobody sees half of one. Chunks are copied with their
 * checksums looked at and nothing decoded; a damaged one is copied as it is,
 * counted and told.
 */
#include "store/merge.h"

#include "base/embedded.h"
#include "store/chunk.h"
#include "store/merge-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void note(struct merge *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct merge *m, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (m->o.note)
		m->o.note(m->o.ctx, text);
}

static void tell_damage(struct merge *m, const char *sentence)
{
	if (!m->result.first_damage.code)
		err_set(&m->result.first_damage, ERR_FORMAT, "%s", sentence);
	note(m, "%s", sentence);
}

/* ---- begin and end ---- */

static int create(struct merge *m, struct err *e)
{
	char sql[300];
	const int fd = open(m->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_set(e, errno == EACCES ? ERR_PERM : ERR_CREATE, "%s: %s", m->path,
			       strerror(errno));
	close(fd);
	if (sqlite3_open_v2(m->file, &m->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return db_error(m->db, m->path, "creating it", e);
	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size=%d; PRAGMA application_id=%d; PRAGMA user_version=%d;"
		 "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;"
		 "PRAGMA trusted_schema=OFF;"
		 "CREATE TEMP TABLE device_of_host(host_id, bdf, dev_id); BEGIN",
		 DB_PAGE_BYTES, TRACE_APPLICATION_ID, TRACE_USER_VERSION);
	int rc = db_exec(m->db, m->path, sql, e);
	if (!rc)
		rc = db_exec(m->db, m->path, embedded_text("store/schema.sql"), e);
	if (!rc)
		rc = db_run(m->db, m->path, e,
			    "INSERT INTO meta VALUES ('format', ?), ('program', ?)", "ss",
			    "pugmark trace 1", "pugmark " PUGMARK_VERSION);
	return rc;
}

int merge_begin(const char *path, const struct merge_options *o, struct merge **out, struct err *e)
{
	struct merge *m = calloc(1, sizeof(*m));
	if (m)
		m->path = strdup(path);
	if (!m || !m->path || asprintf(&m->file, "%s-merge-%lld", path, (long long)getpid()) < 0) {
		free(m ? m->path : NULL);
		free(m);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	if (o)
		m->o = *o;
	const int rc = create(m, e);
	if (rc) {
		merge_abort(m);
		return rc;
	}
	*out = m;
	return 0;
}

static void free_merge(struct merge *m)
{
	sqlite3_close(m->db);
	free(m->path);
	free(m->file);
	free(m);
}

void merge_abort(struct merge *m)
{
	if (!m)
		return;
	sqlite3_close(m->db);
	m->db = NULL;
	unlink(m->file);
	free_merge(m);
}

/* On the disk before it has its name; never in place of a file that came meanwhile. */
static int give_name(struct merge *m, struct err *e)
{
	const int fd = open(m->file, O_RDWR | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) || link(m->file, m->path);

	if (failed && errno != EEXIST && fd >= 0 && access(m->path, F_OK))
		failed = rename(m->file, m->path); /* a file system without links */
	const int why = errno;
	if (fd >= 0)
		close(fd);
	return failed ? err_set(e, ERR_CREATE, "%s: %s", m->path, strerror(why)) : 0;
}

int merge_finish(struct merge *m, struct merge_result *result_out, struct err *e)
{
	int rc = db_exec(m->db, m->path, "COMMIT", e);

	sqlite3_close(m->db);
	m->db = NULL;
	if (!rc)
		rc = give_name(m, e);
	unlink(m->file);
	*result_out = m->result;
	free_merge(m);
	return rc;
}

/* ---- recordings ---- */

/* Streams of a recording by kind and digest, as one text; NULL where one has no digest. */
static char *session_digest(sqlite3 *db, const char *path, int64_t session)
{
	sqlite3_stmt *st;
	char *text = NULL;

	if (db_prepare(db, path,
		       "SELECT group_concat(kind || ' ' || digest, ',') FROM (SELECT kind, digest"
		       " FROM stream WHERE sess_id = ?1 ORDER BY kind, vm_id)"
		       " WHERE NOT EXISTS (SELECT 1 FROM stream WHERE sess_id = ?1 AND digest IS "
		       "NULL)",
		       &st, NULL))
		return NULL;
	sqlite3_bind_int64(st, 1, session);
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
		text = strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return text;
}

/* The recording of the merge that this one repeats: by uuid, else by what it holds; 0: none. */
static int64_t find_session(struct merge *m, const char *uuid, const char *digest)
{
	sqlite3_stmt *st;
	int64_t found = 0;

	if (db_prepare(m->db, m->path, "SELECT sess_id, uuid FROM session ORDER BY sess_id", &st,
		       NULL))
		return 0;
	while (!found && sqlite3_step(st) == SQLITE_ROW) {
		const int64_t id = sqlite3_column_int64(st, 0);
		char *known = session_digest(m->db, m->path, id);
		if (!strcmp((const char *)sqlite3_column_text(st, 1), uuid) ||
		    (known && digest && !strcmp(known, digest)))
			found = id;
		free(known);
	}
	sqlite3_finalize(st);
	return found;
}

/*
 * Which recordings are new. Counts and losses of a trace are not told apart by
 * recording, so it is new as a whole or not at all.
 */
static int choose_sessions(struct merge_source *s, struct id_map *fresh, struct err *e)
{
	struct merge *m = s->m;
	uint64_t repeated = 0;
	sqlite3_stmt *st;
	int rc = db_prepare(s->last->db, s->last->path,
			    "SELECT sess_id, uuid FROM session ORDER BY sess_id", &st, e);

	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		const int64_t id = sqlite3_column_int64(st, 0);
		const char *uuid = (const char *)sqlite3_column_text(st, 1);
		char *digest = session_digest(s->last->db, s->last->path, id);
		const int64_t same = find_session(m, uuid, digest);
		free(digest);
		if (!same) {
			rc = id_map_add(fresh, id, id, e);
			continue;
		}
		repeated++;
		note(m, "%s: recording %s is there already: left out", trace_path(s->trace), uuid);
	}
	sqlite3_finalize(st);
	m->result.repeated += repeated;
	if (!rc && repeated && fresh->n)
		return err_set(
			e, ERR_USAGE,
			"%s: holds recordings that are there already beside new ones: name it "
			"before the traces that repeat them",
			trace_path(s->trace));
	return rc;
}

static int copy_sessions(struct merge_source *s, const struct id_map *fresh, struct err *e)
{
	const struct copy copy = {
		.select = "SELECT sess_id, sess_id, uuid, host_id, start_ns, end_ns, clock, "
			  "collector,"
			  " args, CASE state WHEN 'open' THEN 'recovered' ELSE state END"
			  " FROM session ORDER BY sess_id",
		/* ?1: known to be a fresh one, else the row is left out */
		.insert = "INSERT INTO session(uuid, host_id, start_ns, end_ns, clock, collector, "
			  "args,"
			  " state) SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE ?1 IS NOT NULL",
		.id_column = 0,
		.ids = &s->sessions,
		.maps = { { 1, fresh }, { 3, &s->hosts } },
	};
	const int rc = merge_copy(s, s->last, &copy, e);

	s->m->result.recordings += s->sessions.n;
	return rc;
}

/* ---- what belongs to them ---- */

static int copy_facts(struct merge_source *s, struct err *e)
{
	const struct copy copies[] = {
		{ .select =
			  "SELECT source_id, sess_id, name, kind, coverage, granularity, period_ns,"
			  " sample_ppm, progress, position FROM source ORDER BY source_id",
		  .insert = "INSERT INTO source(sess_id, name, kind, coverage, granularity, "
			    "period_ns,"
			    " sample_ppm, progress, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  .id_column = 0,
		  .ids = &s->sources,
		  .maps = { { 1, &s->sessions } } },
		{ .select = "SELECT stream_id, sess_id, vm_id, kind, schema_id, ncolumns, digest"
			    " FROM stream ORDER BY stream_id",
		  .insert = "INSERT INTO stream(sess_id, vm_id, kind, schema_id, ncolumns, digest)"
			    " VALUES (?, ?, ?, ?, ?, ?)",
		  .id_column = 0,
		  .ids = &s->streams,
		  .maps = { { 1, &s->sessions }, { 2, &s->vms } } },
		{ .select = "SELECT sess_id, trace_ns, mono_ns, boot_ns, real_ns FROM clock"
			    " ORDER BY clock_id",
		  .insert = "INSERT INTO clock(sess_id, trace_ns, mono_ns, boot_ns, real_ns)"
			    " VALUES (?, ?, ?, ?, ?)",
		  .id_column = -1,
		  .maps = { { 0, &s->sessions } } },
		{ .select = "SELECT vm_id, slot, from_ns, to_ns, gpa_pfn, hva_pfn, hpa_pfn, npages,"
			    " flags FROM memslot ORDER BY memslot_id",
		  .insert = "INSERT INTO memslot(vm_id, slot, from_ns, to_ns, gpa_pfn, hva_pfn,"
			    " hpa_pfn, npages, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  .id_column = -1,
		  .maps = { { 0, &s->vms } } },
		{ .select = "SELECT dist_id, sess_id, source, subject, op, quantity, n, sum, min, "
			    "max,"
			    " mean_e6, stddev_e6, per_second_e6 FROM distribution ORDER BY dist_id",
		  .insert =
			  "INSERT INTO distribution(sess_id, source, subject, op, quantity, n, sum,"
			  " min, max, mean_e6, stddev_e6, per_second_e6)"
			  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  .id_column = 0,
		  .ids = &s->distributions,
		  .maps = { { 1, &s->sessions } },
		  .is_optional = true },
		{ .select = "SELECT dist_id, shape, x, y FROM distribution_point",
		  .insert = "INSERT INTO distribution_point VALUES (?, ?, ?, ?)",
		  .id_column = -1,
		  .maps = { { 0, &s->distributions } },
		  .is_optional = true },
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(copies) / sizeof(copies[0]); i++)
		rc = merge_copy(s, s->last, &copies[i], e);
	return rc;
}

/* Counts of one source add up. */
static int add_accounts(struct merge_source *s, const struct trace_file *f, struct err *e)
{
	static const struct copy accounts = {
		.select = "SELECT source, seen, stored, filtered, ring_lost, shed, decode_error,"
			  " unaccounted FROM account ORDER BY source",
		.insert =
			"INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
			" ON CONFLICT (source) DO UPDATE SET seen = seen + excluded.seen,"
			" stored = stored + excluded.stored, filtered = filtered + "
			"excluded.filtered,"
			" ring_lost = ring_lost + excluded.ring_lost, shed = shed + excluded.shed,"
			" decode_error = decode_error + excluded.decode_error,"
			" unaccounted = unaccounted + excluded.unaccounted",
		.id_column = -1,
	};
	static const struct copy losses = {
		.select = "SELECT stream, from_ns, to_ns, n_lost, cause, detail FROM loss"
			  " ORDER BY loss_id",
		.insert = "INSERT INTO loss(stream, from_ns, to_ns, n_lost, cause, detail)"
			  " VALUES (?, ?, ?, ?, ?, ?)",
		.id_column = -1,
	};
	const int rc = merge_copy(s, f, &accounts, e);

	return rc ? rc : merge_copy(s, f, &losses, e);
}

/*
 * Texts of the merge's first recording keep their key, those of others get
 * "@" and the number of theirs. An input may be such a merge.
 */
static int copy_meta(struct merge_source *s, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(s->last->db, s->last->path,
			    "SELECT k, v FROM meta WHERE k NOT IN ('format', 'program') ORDER BY k",
			    &st, e);

	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		const char *k = (const char *)sqlite3_column_text(st, 0), *at = strrchr(k, '@');
		int64_t session = s->sessions.pairs[0].to;
		int n = (int)strlen(k);
		char *end, key[300];
		if (at && at[1]) {
			const int64_t old = strtoll(at + 1, &end, 10);
			if (!*end && (session = id_map_find(&s->sessions, old)) < 0)
				continue;
			n = *end ? n : (int)(at - k);
		}
		if (session == 1)
			snprintf(key, sizeof(key), "%.*s", n, k);
		else
			snprintf(key, sizeof(key), "%.*s@%lld", n, k, (long long)session);
		rc = db_run(s->m->db, s->m->path, e, "INSERT OR IGNORE INTO meta VALUES (?, ?)",
			    "ss", key, (const char *)sqlite3_column_text(st, 1));
	}
	sqlite3_finalize(st);
	return rc;
}

/* ---- chunks ---- */

static void check_chunk(struct merge_source *s, const struct trace_file *f, const char *kind,
			sqlite3_stmt *row)
{
	enum { SEQ = 1, BLOB = 11 };
	const struct kind *k = kind_find(kind);
	struct chunk_header h;
	struct err why = {};
	char text[400];

	s->m->result.chunks++;
	if (k && !chunk_check(k, sqlite3_column_blob(row, BLOB),
			      (size_t)sqlite3_column_bytes(row, BLOB), &h, &why))
		return;
	s->m->result.damaged_chunks++;
	snprintf(text, sizeof(text),
		 "%.100s: stream %.20s, chunk %lld: %.160s; it is copied as it is", f->path, kind,
		 (long long)sqlite3_column_int64(row, SEQ), k ? why.msg : "of an unknown kind");
	tell_damage(s->m, text);
}

static int copy_chunks(struct merge_source *s, const struct trace_file *f, struct err *e)
{
	sqlite3_stmt *get = NULL, *put = NULL;
	int step = SQLITE_DONE;
	int rc = db_prepare(
		f->db, f->path,
		"SELECT stream_id, seq, n, first_ns, last_ns, dev_mask, pfn_first, pfn_last,"
		" pages, bytes, blob_bytes, blob, kind FROM chunk JOIN stream"
		" USING (stream_id) ORDER BY chunk_id",
		&get, e);
	if (!rc)
		rc = db_prepare(s->m->db, s->m->path,
				"INSERT INTO chunk(stream_id, seq, n, first_ns, last_ns, dev_mask,"
				" pfn_first, pfn_last, pages, bytes, blob_bytes, blob)"
				" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				&put, e);
	while (!rc && (step = sqlite3_step(get)) == SQLITE_ROW) {
		const int64_t stream = id_map_find(&s->streams, sqlite3_column_int64(get, 0));
		if (stream < 0)
			continue;
		check_chunk(s, f, (const char *)sqlite3_column_text(get, 12), get);
		sqlite3_bind_int64(put, 1, stream);
		for (int i = 1; i < 12; i++)
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(get, i));
		if (sqlite3_step(put) != SQLITE_DONE)
			rc = db_error(s->m->db, s->m->path, "writing rows", e);
		sqlite3_reset(put);
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_error(f->db, f->path, "reading chunks", e);
	sqlite3_finalize(get);
	sqlite3_finalize(put);
	return rc;
}

/* A writer that died left no digests: they are those of what was committed. */
static int complete_streams(struct merge_source *s, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < s->trace->nstreams; i++) {
		const struct trace_stream_state *t = &s->trace->streams[i];
		const int64_t id = id_map_find(&s->streams, t->stream_id);
		char digest[TRACE_DIGEST_CHARS + 1];
		struct err why = {};
		if (id < 0 || t->info.is_sealed)
			continue;
		if (trace_stream_digest(s->trace, i, digest, &why))
			continue; /* damaged, and told */
		rc = db_run(s->m->db, s->m->path, e,
			    "UPDATE stream SET digest = ? WHERE stream_id = ?", "si", digest, id);
	}
	return rc;
}

static int tell_unfinished(struct merge_source *s, struct err *e)
{
	int64_t n = 0;
	int rc = db_get_i64(s->last->db, s->last->path,
			    "SELECT count(*) FROM session WHERE state = 'open'", 0, &n, e);
	if (rc || !n)
		return rc;
	char text[300];
	snprintf(text, sizeof(text),
		 "%.150s: was never finished: what was not committed is missing",
		 trace_path(s->trace));
	s->m->result.unfinished += (uint64_t)n;
	tell_damage(s->m, text);
	rc = db_run(s->m->db, s->m->path, e,
		    "INSERT INTO loss(from_ns, to_ns, n_lost, cause, detail)"
		    " VALUES (0, 0, NULL, 'kill', ?)",
		    "s", text);
	return rc ? rc : complete_streams(s, e);
}

/* ---- a trace ---- */

static int add_recordings(struct merge_source *s, const struct id_map *fresh, struct err *e)
{
	int rc = merge_names(s, e);

	if (!rc)
		rc = copy_sessions(s, fresh, e);
	if (!rc)
		rc = copy_facts(s, e);
	if (!rc)
		rc = merge_renumber(s, e);
	if (!rc)
		rc = copy_meta(s, e);
	for (unsigned i = 0; !rc && i < s->trace->nfiles; i++) {
		rc = copy_chunks(s, &s->trace->files[i], e);
		if (!rc)
			rc = add_accounts(s, &s->trace->files[i], e);
	}
	return rc ? rc : tell_unfinished(s, e);
}

int merge_add(struct merge *m, struct trace *t, struct err *e)
{
	struct merge_source s = { .m = m, .trace = t, .last = &t->files[t->nfiles - 1] };
	struct id_map fresh = {};
	int rc = 0;

	for (unsigned i = 0; !rc && i < t->nfiles; i++)
		if (trace_is_being_written(t->files[i].path))
			rc = err_set(e, ERR_UNUSABLE, "%s: another process is writing it",
				     t->files[i].path);
	if (!rc)
		rc = choose_sessions(&s, &fresh, e);
	if (!rc && fresh.n)
		rc = add_recordings(&s, &fresh, e);
	id_map_deinit(&fresh);
	id_map_deinit(&s.hosts);
	id_map_deinit(&s.vms);
	id_map_deinit(&s.devices);
	id_map_deinit(&s.sessions);
	id_map_deinit(&s.sources);
	id_map_deinit(&s.streams);
	id_map_deinit(&s.distributions);
	return rc;
}
