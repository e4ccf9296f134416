// SPDX-License-Identifier: MIT
/*
 * Files of a trace being written: creation, resuming after a crash, rotation
 * into a set, and what to do when the disk or the quota is full. A full disk
 * is a trap: SQLite keeps earlier chunks, but then not even a loss row can be
 * written, because the WAL cannot grow. Hence the ballast file, given up first.
 */
#include "store/writer.h"

#include "base/cleanup.h"
#include "base/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void trace_set_name(const char *path, unsigned number, char *out, size_t out_bytes)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	const bool has_tail = dot && (!slash || dot > slash) && dot != path;
	const int stem = has_tail ? (int)(dot - path) : (int)strlen(path);

	snprintf(out, out_bytes, "%.*s.%04u%s", stem, path, number, has_tail ? dot : ".db");
}

/* ---- ballast ---- */

static void ballast_name(const struct trace_writer *w, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "%s-ballast", w->file);
}

void writer_ballast_create(struct trace_writer *w)
{
	char name[PATH_BYTES + 32];
	ballast_name(w, name, sizeof(name));
	const int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;

	/* on a nearly full disk a small one must do, or none */
	w->has_ballast = true;
	for (off_t size = BALLAST_BYTES; posix_fallocate(fd, 0, size); size /= 2)
		if (size <= BALLAST_BYTES / 64) {
			unlink(name);
			w->has_ballast = false;
			break;
		}
	close(fd);
}

void writer_ballast_remove(struct trace_writer *w)
{
	char name[PATH_BYTES + 32];
	ballast_name(w, name, sizeof(name));
	unlink(name);
	w->has_ballast = false;
}

/* ---- full ---- */

static int evict_oldest(struct trace_writer *w, struct err *e)
{
	int rc = db_exec(
		w->db, w->file,
		"BEGIN IMMEDIATE;"
		"CREATE TEMP TABLE IF NOT EXISTS evicted(kind, id, n, t0, t1);"
		"DELETE FROM evicted;"
		"INSERT INTO evicted SELECT kind, chunk_id, n, first_ns, last_ns"
		" FROM chunk JOIN stream USING (stream_id) ORDER BY chunk_id LIMIT 1;"
		"DELETE FROM chunk WHERE chunk_id = (SELECT id FROM evicted);"
		"UPDATE loss SET n_lost = n_lost + (SELECT n FROM evicted),"
		" to_ns = (SELECT t1 FROM evicted)"
		" WHERE cause = 'quota-evict' AND stream = (SELECT kind FROM evicted);"
		"INSERT INTO loss(stream, from_ns, to_ns, n_lost, cause, detail)"
		" SELECT kind, t0, t1, n, 'quota-evict', 'oldest rows gave way to the quota'"
		" FROM evicted WHERE NOT EXISTS (SELECT 1 FROM loss l"
		" WHERE l.cause = 'quota-evict' AND l.stream = kind);"
		"COMMIT",
		e);
	if (rc && !sqlite3_get_autocommit(w->db))
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	for (unsigned i = 0; !rc && i < KIND_COUNT; i++)
		if (w->streams[i])
			w->streams[i]->is_digest_stale = true;
	return rc;
}

static bool is_at_quota(struct trace_writer *w)
{
	int64_t pages = 0, max = 0, chunks = 0;
	if (!w->opt.quota_bytes ||
	    db_get_i64(w->db, w->file, "PRAGMA page_count", 0, &pages, NULL) ||
	    db_get_i64(w->db, w->file, "PRAGMA max_page_count", 0, &max, NULL) ||
	    db_get_i64(w->db, w->file, "SELECT count(*) FROM chunk", 0, &chunks, NULL))
		return false;
	/* a chunk may need more pages than are left: "nearly at" is at */
	return chunks > 0 && pages + (8 << 20) / DB_PAGE_BYTES >= max;
}

int writer_make_room(struct trace_writer *w, struct writer_stream *s, struct err *e)
{
	if (is_at_quota(w))
		return evict_oldest(w, e);

	const struct err first = *e;
	uint64_t lost = 0;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		lost += w->streams[i] ? w->streams[i]->rows.n : 0;

	w->is_full = true;
	writer_ballast_remove(w);
	sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (w->opt.lives_on)
		return e->code;
	char detail[160];
	snprintf(detail, sizeof(detail),
		 "disk full at input offset %llu: these rows and the rest of the input are missing",
		 (unsigned long long)w->progress_offset);
	const uint64_t from = ((const uint64_t *)s->rows.col[0])[0];
	const int rc =
		trace_writer_loss(w, s->rows.kind->name, from, from, lost, "enospc", detail, e);
	if (rc)
		return rc;
	return err_set(
		e, ERR_CREATE,
		"%.120s; %llu rows are committed and valid, %llu were lost (loss row written)",
		first.msg, (unsigned long long)s->committed_rows, (unsigned long long)lost);
}

/* ---- full, but alive ---- */

/* Enough for some time: a disk with a page free would fill at once again. */
bool writer_has_room(const struct trace_writer *w)
{
	enum { ROOM_BYTES = 4 * BALLAST_BYTES };
	char folder[sizeof(w->file)];
	struct statvfs st;

	memcpy(folder, w->file, sizeof(folder));
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	return !statvfs(slash ? folder : ".", &st) &&
	       (uint64_t)st.f_bavail * st.f_frsize >= ROOM_BYTES;
}

void writer_drop_rows(struct trace_writer *w, struct writer_stream *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct trace_stream *rows = &list[i]->rows;
		const uint64_t *ts = rows->col[0];
		if (!rows->n)
			continue;
		if (!w->full_dropped[rows->id])
			w->full_from_ns[rows->id] = ts[0];
		w->full_to_ns[rows->id] = ts[rows->n - 1];
		w->full_dropped[rows->id] += rows->n;
		w->dropped_rows += rows->n;
		rows->n = 0;
	}
}

/* The gap is known: one loss row a stream. */
int writer_note_drops(struct trace_writer *w, struct err *e)
{
	int rc = writer_run_waiting(w, e);
	for (unsigned i = 0; !rc && i < KIND_COUNT; i++) {
		if (!w->full_dropped[i])
			continue;
		rc = trace_writer_loss(w, kinds[i].name, w->full_from_ns[i], w->full_to_ns[i],
				       w->full_dropped[i], "enospc",
				       "the disk was full: these rows were counted only", e);
		if (!rc)
			w->full_dropped[i] = 0;
	}
	return rc;
}

int writer_live_again(struct trace_writer *w, struct err *e)
{
	w->is_full = false;
	writer_ballast_create(w);
	return writer_note_drops(w, e);
}

uint64_t trace_writer_dropped(const struct trace_writer *w)
{
	return w->dropped_rows;
}

/* ---- creating ---- */

static int prepare(struct trace_writer *w, struct err *e)
{
	int rc = db_prepare(w->db, w->file,
			    "INSERT INTO chunk(stream_id, seq, n, first_ns, last_ns, dev_mask,"
			    " pfn_first, pfn_last, pages, bytes, blob_bytes, blob)"
			    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			    &w->insert_chunk, e);
	if (!rc)
		rc = db_prepare(w->db, w->file,
				"UPDATE source SET progress = ?, position = ? WHERE source_id = ?",
				&w->update_progress, e);
	return rc;
}

static struct flock writer_lock_byte(void)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_C(1) << 62, .l_len = 1
	};
}

/*
 * Two processes that write one trace would drop each other's rows. The lock is
 * one byte far from those that SQLite locks, held by the open file, so that it
 * ends with the process. Closing lock_fd drops SQLite's locks: close db first.
 */
int writer_lock(struct trace_writer *w, bool may_create, struct err *e)
{
	struct flock lock = writer_lock_byte();

	if (w->lock_fd >= 0)
		return 0;
	w->lock_fd = open(w->file, O_RDWR | O_CLOEXEC | (may_create ? O_CREAT : 0), 0644);
	if (w->lock_fd < 0 || !fcntl(w->lock_fd, F_OFD_SETLK, &lock))
		return 0; /* what cannot be opened is told by SQLite */
	if (errno != EAGAIN && errno != EACCES)
		return 0; /* a file system without locks */
	writer_unlock(w);
	return err_set(e, ERR_CREATE, "%s: another process is writing it", w->file);
}

void writer_unlock(struct trace_writer *w)
{
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	w->lock_fd = -1;
}

bool trace_is_being_written(const char *path)
{
	struct flock lock = writer_lock_byte();
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

static int open_rw(struct trace_writer *w, int flags, struct err *e)
{
	const int locked = writer_lock(w, flags & SQLITE_OPEN_CREATE, e);
	if (locked)
		return locked;
	if (sqlite3_open_v2(w->file, &w->db, SQLITE_OPEN_READWRITE | flags, NULL) != SQLITE_OK) {
		const int rc = db_error(w->db, w->file,
					flags & SQLITE_OPEN_CREATE ? "creating it" : "opening it",
					e);
		sqlite3_close(w->db);
		w->db = NULL;
		return rc;
	}
	sqlite3_busy_timeout(w->db, 10000);
	return 0;
}

/* main only: while a set goes on to its next file, the one before it is attached and finished */
static int configure(struct trace_writer *w, struct err *e)
{
	char sql[320];
	snprintf(sql, sizeof(sql),
		 "PRAGMA main.journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA wal_autocheckpoint=0;"
		 "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA max_page_count=%llu;"
		 "PRAGMA temp_store=MEMORY",
		 w->opt.sync_full ? "FULL" : "NORMAL",
		 w->opt.quota_bytes ? (unsigned long long)(w->opt.quota_bytes / DB_PAGE_BYTES)
				    : 4294967294ULL);
	return db_exec(w->db, w->file, sql, e);
}

static void make_uuid(char out[37])
{
	uint8_t b[16] = {};
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		memset(b, 0x5a, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

static int create_tables(struct trace_writer *w, struct err *e)
{
	char sql[160];
	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size=%d; PRAGMA application_id=%d; PRAGMA user_version=%d",
		 DB_PAGE_BYTES, TRACE_APPLICATION_ID, TRACE_USER_VERSION);
	int rc = db_exec(w->db, w->file, sql, e);
	if (!rc)
		rc = configure(w, e);
	if (!rc)
		rc = db_exec(w->db, w->file, "BEGIN", e);
	if (!rc)
		rc = db_exec(w->db, w->file, embedded_text("store/schema.sql"), e);
	return rc;
}

static int create_session(struct trace_writer *w, struct err *e)
{
	char uuid[37];
	make_uuid(uuid);
	int rc = db_run(w->db, w->file, e,
			"INSERT INTO session(uuid, start_ns, clock, collector, args, state)"
			" VALUES (?, 0, ?, ?, ?, 'open')",
			"ssss", uuid, w->opt.clock, w->opt.collector, w->opt.args);
	w->sess_id = sqlite3_last_insert_rowid(w->db);
	if (!rc)
		rc = db_run(w->db, w->file, e,
			    "INSERT INTO source(sess_id, name) VALUES (?, 'input')", "i",
			    w->sess_id);
	w->progress_source = sqlite3_last_insert_rowid(w->db);
	if (!rc)
		rc = db_run(w->db, w->file, e,
			    "INSERT INTO meta VALUES ('format', ?), ('program', ?)", "ss",
			    "pugmark trace 1", "pugmark " PUGMARK_VERSION);
	return rc;
}

int writer_file_create(struct trace_writer *w, struct err *e)
{
	int rc = open_rw(w, SQLITE_OPEN_CREATE, e);
	if (rc)
		return rc;
	writer_ballast_create(w);
	rc = create_tables(w, e);
	if (!rc)
		rc = create_session(w, e);
	if (!rc)
		rc = db_exec(w->db, w->file, "COMMIT", e);
	if (!rc)
		rc = prepare(w, e);
	if (!rc)
		rc = writer_load_names(w, e);
	if (rc) { /* nothing of worth is in it yet */
		char name[PATH_BYTES + 32];
		sqlite3_close_v2(w->db);
		w->db = NULL;
		writer_ballast_remove(w);
		unlink(w->file);
		snprintf(name, sizeof(name), "%s-wal", w->file);
		unlink(name);
		snprintf(name, sizeof(name), "%s-shm", w->file);
		unlink(name);
	}
	return rc;
}

/* ---- resuming ---- */

bool writer_file_is_shell(const struct trace_writer *w)
{
	sqlite3 *db = NULL;
	struct stat st;
	if (lstat(w->file, &st) || !S_ISREG(st.st_mode)) /* never a device or a link */
		return false;
	int64_t tables = 1, id = -1;
	const bool is_open = sqlite3_open_v2(w->file, &db, SQLITE_OPEN_READWRITE, NULL) ==
			     SQLITE_OK;
	if (is_open &&
	    (db_get_i64(db, w->file, "SELECT count(*) FROM sqlite_schema", 1, &tables, NULL) ||
	     db_get_i64(db, w->file, "PRAGMA application_id", -1, &id, NULL)))
		tables = 1;
	sqlite3_close(db);
	return !tables && (id == 0 || id == TRACE_APPLICATION_ID);
}

static int check_resumable(struct trace_writer *w, struct err *e)
{
	sqlite3 *db;
	int rc = db_open_readonly(w->file, TRACE_APPLICATION_ID, &db, e);
	if (rc)
		return err_set(e, ERR_CREATE, "%s: exists and is not an unfinished trace", w->file);

	sqlite3_stmt *st;
	rc = db_prepare(db, w->file, "SELECT state, collector, args FROM session", &st, e);
	if (!rc) {
		const bool has_row = sqlite3_step(st) == SQLITE_ROW;
		const char *state = has_row ? (const char *)sqlite3_column_text(st, 0) : NULL;
		const char *collector = has_row ? (const char *)sqlite3_column_text(st, 1) : NULL;
		const char *args = has_row ? (const char *)sqlite3_column_text(st, 2) : NULL;
		if (!state || strcmp(state, "open"))
			rc = err_set(e, ERR_CREATE, "%s: exists already and is complete", w->file);
		else if (w->opt.append ? !collector || strcmp(collector, w->opt.collector)
				       : !args || !w->opt.args || strcmp(args, w->opt.args))
			rc = err_set(e, ERR_CREATE,
				     "%s: is an unfinished trace of another input (%.100s)",
				     w->file, args ? args : "?");
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
	return rc;
}

static int load_session(struct trace_writer *w, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(w->db, w->file,
			    "SELECT sess_id, source_id, progress, position FROM session"
			    " JOIN source USING (sess_id) WHERE source.name = 'input'",
			    &st, e);
	if (rc)
		return rc;
	if (sqlite3_step(st) == SQLITE_ROW) {
		w->sess_id = sqlite3_column_int64(st, 0);
		w->progress_source = sqlite3_column_int64(st, 1);
		w->resume_offset = (uint64_t)sqlite3_column_int64(st, 2);
		const char *text = (const char *)sqlite3_column_text(st, 3);
		snprintf(w->resume_position, sizeof(w->resume_position), "%s", text ? text : "");
		w->progress_offset = w->resume_offset;
	} else {
		rc = err_set(e, ERR_FORMAT, "%s: no session to resume", w->file);
	}
	sqlite3_finalize(st);
	return rc;
}

/* Rows of a stream that were committed, over all files of a set, evicted ones included. */
static int count_rows(struct trace_writer *w, struct writer_stream *s, struct err *e)
{
	char sql[320];
	int64_t rows = 0, evicted = 0, seq = 0;
	snprintf(sql, sizeof(sql), "SELECT sum(n) FROM chunk WHERE stream_id = %lld",
		 (long long)s->stream_id);
	int rc = db_get_i64(w->db, w->file, sql, 0, &rows, e);
	snprintf(sql, sizeof(sql), "SELECT 1 + max(seq) FROM chunk WHERE stream_id = %lld",
		 (long long)s->stream_id);
	if (!rc)
		rc = db_get_i64(w->db, w->file, sql, 0, &seq, e);
	snprintf(sql, sizeof(sql),
		 "SELECT sum(n_lost) FROM loss WHERE cause = 'quota-evict' AND stream = '%s'",
		 s->rows.kind->name);
	if (!rc)
		rc = db_get_i64(w->db, w->file, sql, 0, &evicted, e);
	s->committed_rows += (uint64_t)(rows + evicted);
	s->next_seq = seq > s->next_seq ? seq : s->next_seq;
	s->is_digest_stale = evicted > 0;
	return rc;
}

/* Hashes the rows that are in the file: the rest of the input follows them. */
static int rebuild_digest(sqlite3 *db, const char *file, struct writer_stream *s, struct err *e)
{
	struct chunk_decoder *dec = chunk_decoder_new();
	sqlite3_stmt *st = NULL;
	int rc = dec ? 0 : err_set(e, ERR_NOMEM, "out of memory");
	if (!rc)
		rc = db_prepare(db, file, "SELECT blob FROM chunk WHERE stream_id = ? ORDER BY seq",
				&st, e);
	if (!rc)
		sqlite3_bind_int64(st, 1, s->stream_id);
	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		struct chunk_header h;
		void *columns[KIND_MAX_COLUMNS];
		rc = chunk_decode(dec, s->rows.kind, sqlite3_column_blob(st, 0),
				  (size_t)sqlite3_column_bytes(st, 0), UINT64_MAX, UINT32_MAX, &h,
				  columns, e);
		if (!rc)
			stream_digest_update(s->digest, h.n, (const void *const *)columns);
	}
	sqlite3_finalize(st);
	chunk_decoder_free(dec);
	return rc;
}

/* What earlier files of the set hold of a stream. */
static int count_earlier(struct trace_writer *w, struct writer_stream *s, struct err *e)
{
	int rc = 0;
	for (unsigned i = 1; i < w->file_number && !rc; i++) {
		char file[sizeof(w->file)], sql[120];
		sqlite3 *db;
		int64_t rows = 0, seq = 0;
		trace_set_name(w->path, i, file, sizeof(file));
		rc = db_open_readonly(file, TRACE_APPLICATION_ID, &db, e);
		if (rc)
			break;
		snprintf(sql, sizeof(sql), "SELECT sum(n) FROM chunk WHERE stream_id = %lld",
			 (long long)s->stream_id);
		rc = db_get_i64(db, file, sql, 0, &rows, e);
		snprintf(sql, sizeof(sql), "SELECT 1 + max(seq) FROM chunk WHERE stream_id = %lld",
			 (long long)s->stream_id);
		if (!rc)
			rc = db_get_i64(db, file, sql, 0, &seq, e);
		if (!rc && !s->is_digest_stale)
			rc = rebuild_digest(db, file, s, e);
		sqlite3_close(db);
		s->committed_rows += (uint64_t)rows;
		s->next_seq = seq > s->next_seq ? seq : s->next_seq;
	}
	return rc;
}

static int load_streams(struct trace_writer *w, struct err *e)
{
	sqlite3_stmt *st;
	int rc = db_prepare(w->db, w->file, "SELECT stream_id, kind FROM stream", &st, e);
	if (rc)
		return rc;
	while (!rc && sqlite3_step(st) == SQLITE_ROW) {
		const struct kind *k = kind_find((const char *)sqlite3_column_text(st, 1));
		struct writer_stream *s;
		if (!k || w->streams[k->id]) {
			rc = err_set(e, ERR_FORMAT, "%s: streams cannot be resumed", w->file);
			break;
		}
		rc = writer_stream_new(w, k->id, &s, e);
		if (rc)
			break;
		w->streams[k->id] = s;
		s->stream_id = sqlite3_column_int64(st, 0);
		rc = count_rows(w, s, e);
		const bool goes_on = w->resume_offset || w->opt.append;
		if (!rc && goes_on && w->file_number > 1)
			rc = count_earlier(w, s, e);
		if (!rc && goes_on && !s->is_digest_stale) /* else rows below are put again */
			rc = rebuild_digest(w->db, w->file, s, e);
		if (!rc && goes_on)
			s->put_rows = s->committed_rows;
		else if (!rc) /* the importer replays: drop what is in the file */
			s->skip_rows = s->committed_rows;
	}
	sqlite3_finalize(st);
	return rc;
}

int writer_file_resume(struct trace_writer *w, struct err *e)
{
	if (w->file_number > 1 && !w->opt.append)
		return err_set(e, ERR_CREATE,
			       "%s: a set of several files cannot be resumed; "
			       "remove it and import again",
			       w->file);
	int rc = check_resumable(w, e);
	if (!rc)
		rc = open_rw(w, 0, e);
	if (!rc)
		rc = configure(w, e);
	if (!rc)
		rc = load_session(w, e);
	if (!rc)
		rc = load_streams(w, e);
	if (!rc)
		rc = prepare(w, e);
	if (!rc)
		rc = writer_load_names(w, e);
	if (rc)
		return rc;

	w->is_resumed = true;
	writer_ballast_create(w);
	if (w->opt.append)
		return 0;
	uint64_t rows = 0;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		rows += w->streams[i] ? w->streams[i]->committed_rows : 0;
	char detail[120];
	snprintf(detail, sizeof(detail), "resumed after %llu rows; no row is missing",
		 (unsigned long long)rows);
	return trace_writer_loss(w, NULL, 0, 0, 0, "kill", detail, e);
}

int trace_writer_end(const struct trace_writer *w, struct trace_end *out, struct err *e)
{
	int64_t last = 0;
	sqlite3_stmt *st;
	*out = (struct trace_end){};
	int rc = db_get_i64(w->db, w->file, "SELECT max(last_ns) FROM chunk", 0, &last, e);
	if (!rc)
		rc = db_prepare(w->db, w->file,
				"SELECT trace_ns, mono_ns, boot_ns, real_ns,"
				" (SELECT boot_id FROM host LIMIT 1) FROM clock"
				" WHERE mono_ns NOTNULL AND boot_ns NOTNULL AND real_ns NOTNULL"
				" ORDER BY clock_id DESC LIMIT 1",
				&st, e);
	if (rc)
		return rc;
	out->last_ns = (uint64_t)last;
	if (sqlite3_step(st) == SQLITE_ROW) {
		const char *boot = (const char *)sqlite3_column_text(st, 4);
		out->has_clocks = true;
		out->clocks.trace_ns = (uint64_t)sqlite3_column_int64(st, 0);
		out->clocks.mono_ns = (uint64_t)sqlite3_column_int64(st, 1);
		out->clocks.boot_ns = (uint64_t)sqlite3_column_int64(st, 2);
		out->clocks.real_ns = (uint64_t)sqlite3_column_int64(st, 3);
		snprintf(out->boot_id, sizeof(out->boot_id), "%s", boot ? boot : "");
	}
	sqlite3_finalize(st);
	return 0;
}

/* ---- rotation ---- */

/* Everything but rows moves on to the next file: the same ids, so rows need no translation. */
static const char copy_tables[] = "INSERT INTO main.meta SELECT * FROM old.meta;"
				  "INSERT INTO main.host SELECT * FROM old.host;"
				  "INSERT INTO main.vm SELECT * FROM old.vm;"
				  "INSERT INTO main.memslot SELECT * FROM old.memslot;"
				  "INSERT INTO main.device SELECT * FROM old.device;"
				  "INSERT INTO main.session SELECT * FROM old.session;"
				  "INSERT INTO main.source SELECT * FROM old.source;"
				  "INSERT INTO main.stream SELECT * FROM old.stream;"
				  "INSERT INTO main.clock SELECT * FROM old.clock;"
				  "INSERT INTO main.renumber SELECT * FROM old.renumber;"
				  "INSERT INTO main.distribution SELECT * FROM old.distribution;"
				  "INSERT INTO main.distribution_point"
				  " SELECT * FROM old.distribution_point;"
				  "INSERT INTO main.account SELECT * FROM old.account;"
				  "DELETE FROM old.account;"
				  "UPDATE old.session SET state = 'sealed';"
				  "COMMIT;"
				  "DETACH old";

void writer_make_single_file(struct trace_writer *w)
{
	sqlite3_finalize(w->insert_chunk);
	sqlite3_finalize(w->update_progress);
	w->insert_chunk = w->update_progress = NULL;
	sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_exec(w->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
}

int trace_remove_file(const char *path, struct err *e)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal", "-ballast" };
	int rc = 0;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		_free_ char *name = NULL;
		if (asprintf(&name, "%s%s", path, tails[i]) < 0)
			return err_set(e, ERR_NOMEM, "out of memory");
		if (unlink(name) && errno != ENOENT && !rc)
			rc = err_set(e, ERR_CREATE, "%s: %s", name, strerror(errno));
	}
	return rc;
}

int writer_rotate(struct trace_writer *w, struct err *e)
{
	char old[sizeof(w->file)];
	memcpy(old, w->file, sizeof(old));
	writer_make_single_file(w);
	sqlite3_close(w->db);
	w->db = NULL;
	writer_unlock(w);
	writer_ballast_remove(w);

	trace_set_name(w->path, ++w->file_number, w->file, sizeof(w->file));
	w->wal_bytes = w->file_bytes = 0;
	int rc = open_rw(w, SQLITE_OPEN_CREATE, e);
	if (rc)
		return rc;
	writer_ballast_create(w);
	rc = db_run(w->db, w->file, e, "ATTACH ? AS old", "s", old);
	if (!rc)
		rc = create_tables(w, e);
	if (!rc)
		rc = db_exec(w->db, w->file, copy_tables, e);
	if (!rc)
		rc = prepare(w, e);
	return rc;
}

int trace_writer_rotate(struct trace_writer *w, struct err *e)
{
	if (!w->opt.rotate_bytes)
		return err_set(e, ERR_USAGE, "%s: is a single file, not a set", w->file);
	const int rc = trace_writer_commit(w, e);
	/* on a full disk there is no room for another file either */
	return rc || !w->db || w->is_full ? rc : writer_rotate(w, e);
}
