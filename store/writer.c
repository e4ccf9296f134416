// SPDX-License-Identifier: MIT
/*
 * Trace writer: rows gather in typed columns, a full column set becomes one
 * chunk, and chunk and input progress are committed together. What happens
 * around that (files, sets, full disks, names) is in writer-file.c and
 * writer-names.c.
 */
#include "store/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void writer_stream_free(struct writer_stream *s)
{
	if (!s)
		return;
	for (unsigned c = 0; c < KIND_MAX_COLUMNS; c++)
		free(s->rows.col[c]);
	stream_digest_free(s->digest);
	free(s);
}

int writer_stream_new(struct trace_writer *w, enum kind_id kind, struct writer_stream **out,
		      struct err *e)
{
	const struct kind *k = &kinds[kind];
	struct writer_stream *s = calloc(1, sizeof(*s));
	bool is_ok = s;

	if (is_ok) {
		s->rows.kind = k;
		s->rows.writer = w;
		s->rows.id = kind;
		s->rows.cap = w->opt.chunk_rows;
		s->digest = stream_digest_new(k, k->ncolumns);
		is_ok = s->digest;
	}
	for (unsigned c = 0; is_ok && c < k->ncolumns; c++) {
		s->rows.col[c] = malloc((size_t)s->rows.cap * k->columns[c].width_bytes);
		is_ok = s->rows.col[c];
	}
	if (!is_ok) {
		writer_stream_free(s);
		return err_set(e, ERR_NOMEM, "out of memory for a stream of kind %s", k->name);
	}
	*out = s;
	return 0;
}

int trace_writer_stream(struct trace_writer *w, enum kind_id kind, struct trace_stream **out,
			struct err *e)
{
	struct writer_stream *s = w->streams[kind];
	if (s) {
		*out = &s->rows;
		return 0;
	}

	const struct kind *k = &kinds[kind];
	int rc = writer_stream_new(w, kind, &s, e);
	if (!rc && w->db) {
		rc = writer_next_id(w, "stream", "stream_id", &s->stream_id, e);
		if (!rc)
			rc = writer_run(w, e,
					"INSERT INTO stream(stream_id, sess_id, kind, schema_id,"
					" ncolumns) VALUES (?, ?, ?, ?, ?)",
					"iisii", s->stream_id, w->sess_id, k->name,
					(int64_t)k->schema_id, (int64_t)k->ncolumns);
		if (rc)
			writer_stream_free(s);
	}
	if (rc)
		return rc;
	w->streams[kind] = s;
	*out = &s->rows;
	return 0;
}

/* ---- committing ---- */

static void bind_chunk(sqlite3_stmt *st, const struct writer_stream *s, uint32_t n,
		       const struct chunk_summary *sum, const void *blob, size_t blob_bytes)
{
	const bool has_pages = sum->pfn_first <= sum->pfn_last;

	sqlite3_bind_int64(st, 1, s->stream_id);
	sqlite3_bind_int64(st, 2, s->next_seq);
	sqlite3_bind_int64(st, 3, n);
	sqlite3_bind_int64(st, 4, (int64_t)sum->first_ns);
	sqlite3_bind_int64(st, 5, (int64_t)sum->last_ns);
	sqlite3_bind_int64(st, 6, (int64_t)sum->dev_mask);
	if (has_pages) {
		sqlite3_bind_int64(st, 7, (int64_t)sum->pfn_first);
		sqlite3_bind_int64(st, 8, (int64_t)sum->pfn_last);
	} else {
		sqlite3_bind_null(st, 7);
		sqlite3_bind_null(st, 8);
	}
	sqlite3_bind_int64(st, 9, (int64_t)sum->pages);
	sqlite3_bind_int64(st, 10, (int64_t)sum->bytes);
	sqlite3_bind_int64(st, 11, (int64_t)blob_bytes);
	sqlite3_bind_blob64(st, 12, blob, blob_bytes, SQLITE_STATIC);
}

static int step_once(struct trace_writer *w, sqlite3_stmt *st, struct err *e)
{
	const int step = sqlite3_step(st);
	const int rc = step == SQLITE_DONE ? 0 : db_error(w->db, w->file, "writing rows", e);
	sqlite3_reset(st);
	return rc;
}

static int put_progress(struct trace_writer *w, struct err *e)
{
	if (!w->has_progress)
		return 0;
	sqlite3_bind_int64(w->update_progress, 1, (int64_t)w->progress_offset);
	sqlite3_bind_text(w->update_progress, 2, w->position, -1, SQLITE_STATIC);
	sqlite3_bind_int64(w->update_progress, 3, w->progress_source);
	return step_once(w, w->update_progress, e);
}

/* Rows at the beginning that a resumed file has already. */
static uint32_t skipped(const struct writer_stream *s)
{
	return s->skip_rows < s->rows.n ? (uint32_t)s->skip_rows : s->rows.n;
}

/* Rows of one stream as a chunk, inside a transaction. */
static int insert_chunk(struct writer_stream *s, size_t *blob_bytes_out, struct err *e)
{
	struct trace_writer *w = s->rows.writer;
	const struct kind *k = s->rows.kind;
	const uint32_t from = skipped(s), n = s->rows.n - from;
	const void *columns[KIND_MAX_COLUMNS];
	struct chunk_summary sum;
	const void *blob;

	for (unsigned c = 0; c < k->ncolumns; c++)
		columns[c] = (uint8_t *)s->rows.col[c] + (size_t)from * k->columns[c].width_bytes;
	int rc = chunk_encode(w->encoder, k, n, columns, w->opt.zstd_level, &sum, &blob,
			      blob_bytes_out, e);
	if (rc)
		return rc;
	bind_chunk(w->insert_chunk, s, n, &sum, blob, *blob_bytes_out);
	rc = step_once(w, w->insert_chunk, e);
	sqlite3_clear_bindings(w->insert_chunk);
	return rc;
}

/* One transaction: a chunk of each stream and how far the input has been read. */
static int commit_chunks(struct trace_writer *w, struct writer_stream *const *list, unsigned n,
			 size_t *bytes_out, struct err *e)
{
	int rc = db_exec(w->db, w->file, "BEGIN IMMEDIATE", e);
	*bytes_out = 0;
	for (unsigned i = 0; !rc && i < n; i++) {
		size_t blob_bytes = 0;
		if (skipped(list[i]) < list[i]->rows.n)
			rc = insert_chunk(list[i], &blob_bytes, e);
		*bytes_out += blob_bytes;
	}
	if (!rc)
		rc = put_progress(w, e);
	if (!rc)
		rc = db_exec(w->db, w->file, "COMMIT", e);
	if (rc && !sqlite3_get_autocommit(w->db))
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static int checkpoint_if_due(struct trace_writer *w, size_t blob_bytes, struct err *e)
{
	w->wal_bytes += blob_bytes;
	w->file_bytes += blob_bytes;
	if (w->wal_bytes >= CHECKPOINT_BYTES) {
		int frames = 0, done = 0;
		sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
		const uint64_t left = (uint64_t)(frames - done) * DB_PAGE_BYTES;
		w->wal_bytes = left;
		if (left > WAL_BYTES_MAX && w->opt.rotate_bytes)
			return writer_rotate(w, e);
	}
	if (w->opt.rotate_bytes && w->file_bytes >= w->opt.rotate_bytes)
		return writer_rotate(w, e);
	return 0;
}

/* The rows of a stream are safe, or were there before. */
static void note_stored(struct writer_stream *s)
{
	struct trace_writer *w = s->rows.writer;
	const uint32_t skip = skipped(s), n = s->rows.n - skip;
	if (n && w->db) {
		s->next_seq++;
		s->committed_rows += n;
		if (w->opt.committed)
			w->opt.committed(w->opt.committed_ctx, s->rows.kind, s->committed_rows,
					 w->progress_offset);
	}
	s->put_rows += s->rows.n;
	stream_digest_update(s->digest, s->rows.n, (const void *const *)s->rows.col);
	s->skip_rows -= skip;
	s->rows.n = 0;
}

static int store_rows(struct trace_writer *w, struct writer_stream *const *list, unsigned n,
		      struct err *e)
{
	size_t bytes = 0;
	int rc;

	if (w->is_full && !w->opt.lives_on)
		return err_set(e, ERR_CREATE, "%s: the disk is full", w->file);
	if (w->is_full && (!writer_has_room(w) || writer_run_waiting(w, NULL))) {
		writer_drop_rows(w, list, n);
		return 0;
	}
	while ((rc = commit_chunks(w, list, n, &bytes, e)) == ERR_CREATE)
		if ((rc = writer_make_room(w, list[0], e)))
			break;
	if (rc && w->is_full && w->opt.lives_on) {
		writer_drop_rows(w, list, n);
		return 0;
	}
	if (rc)
		return rc;
	w->has_progress = false;
	for (unsigned i = 0; i < n; i++)
		note_stored(list[i]);
	if (w->is_full)
		rc = writer_live_again(w, e);
	return rc ? rc : checkpoint_if_due(w, bytes, e);
}

int trace_stream_flush(struct trace_stream *rows, struct err *e)
{
	struct writer_stream *s = (struct writer_stream *)rows;
	struct trace_writer *w = rows->writer;
	if (!rows->n)
		return 0;
	if (w->db && skipped(s) < rows->n)
		return store_rows(w, &s, 1, e);
	note_stored(s);
	return 0;
}

int trace_writer_commit(struct trace_writer *w, struct err *e)
{
	struct writer_stream *list[KIND_COUNT];
	unsigned n = 0;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		if (w->streams[i] && w->streams[i]->rows.n)
			list[n++] = w->streams[i];
	if (!n)
		return 0;
	if (w->db)
		return store_rows(w, list, n, e);
	for (unsigned i = 0; i < n; i++)
		note_stored(list[i]);
	return 0;
}

void trace_writer_checkpoint(struct trace_writer *w)
{
	if (w->db)
		sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	w->wal_bytes = 0;
}

/* ---- progress ---- */

void trace_writer_progress(struct trace_writer *w, uint64_t offset, const char *position)
{
	w->progress_offset = offset;
	w->has_progress = true;
	strncpy(w->position, position, sizeof(w->position) - 1);
}

uint64_t trace_writer_resume_point(const struct trace_writer *w, const char **position_out)
{
	*position_out = w->resume_position;
	return w->resume_offset;
}

bool trace_writer_is_resumed(const struct trace_writer *w)
{
	return w->is_resumed;
}

/* ---- opening and closing ---- */

static void free_writer(struct trace_writer *w)
{
	if (w->db) {
		sqlite3_finalize(w->insert_chunk);
		sqlite3_finalize(w->update_progress);
		sqlite3_close(w->db);
	}
	writer_unlock(w);
	for (unsigned i = 0; i < KIND_COUNT; i++)
		writer_stream_free(w->streams[i]);
	chunk_encoder_free(w->encoder);
	writer_free_names(w);
	writer_free_waiting(w);
	free(w);
}

static struct trace_writer *new_writer(const char *path, const struct trace_writer_options *opt)
{
	struct trace_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->lock_fd = -1;
	if (opt)
		w->opt = *opt;
	if (!w->opt.chunk_rows || w->opt.chunk_rows > CHUNK_ROWS_MAX)
		w->opt.chunk_rows = CHUNK_ROWS;
	if (!w->opt.zstd_level)
		w->opt.zstd_level = 1;
	strncpy(w->path, path, sizeof(w->path) - 1);
	w->encoder = chunk_encoder_new();
	if (!w->encoder) {
		free(w);
		return NULL;
	}
	return w;
}

int trace_writer_open_null(struct trace_writer **out, struct err *e)
{
	*out = new_writer("", NULL);
	return *out ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

uint64_t trace_writer_rows(const struct trace_writer *w, enum kind_id kind)
{
	const struct writer_stream *s = w->streams[kind];
	return s ? s->put_rows + s->rows.n : 0;
}

static bool exists(const char *path)
{
	struct stat st;
	return !stat(path, &st);
}

/* Picks the file to write: path itself, or the last (or first) member of a set. */
static bool find_file(struct trace_writer *w)
{
	if (!w->opt.rotate_bytes) {
		memcpy(w->file, w->path, sizeof(w->path));
		return exists(w->file);
	}
	for (w->file_number = 1;; w->file_number++) {
		trace_set_name(w->path, w->file_number + 1, w->file, sizeof(w->file));
		if (!exists(w->file))
			break;
	}
	trace_set_name(w->path, w->file_number, w->file, sizeof(w->file));
	return exists(w->file);
}

/* A file T.db and a set T.0001.db are both called T.db: there must not be both. */
static int check_name(const struct trace_writer *w, struct err *e)
{
	char other[sizeof(w->file)];

	if (w->opt.rotate_bytes)
		snprintf(other, sizeof(other), "%s", w->path);
	else
		trace_set_name(w->path, 1, other, sizeof(other));
	if (!exists(other))
		return 0;
	return err_set(e, ERR_CREATE,
		       w->opt.rotate_bytes ? "%s: exists already, and is no set of files"
					   : "%s: exists already: a set of the same name",
		       other);
}

int trace_writer_open(const char *path, const struct trace_writer_options *opt,
		      struct trace_writer **out, struct err *e)
{
	if (strlen(path) >= PATH_BYTES)
		return err_set(e, ERR_CREATE, "the path of the trace is too long");

	struct trace_writer *w = new_writer(path, opt);
	if (!w)
		return err_set(e, ERR_NOMEM, "out of memory");

	bool is_there = find_file(w);
	if (w->file_number > 1 && opt->resume && opt->append && writer_file_is_shell(w)) {
		/* the writer died while it made it: the file before is the last */
		trace_remove_file(w->file, NULL);
		is_there = find_file(w);
	}
	int rc = check_name(w, e);
	if (!rc && is_there && w->opt.resume)
		rc = writer_lock(w, false, e);
	if (rc) {
		free_writer(w);
		return rc;
	}
	if (is_there && w->opt.resume && writer_file_is_shell(w)) {
		trace_remove_file(w->file, NULL);
		writer_unlock(w);
		is_there = false;
	}
	if (is_there && !w->opt.resume)
		rc = err_set(e, ERR_CREATE, "%s: exists already", w->file);
	else if (is_there)
		rc = writer_file_resume(w, e);
	else
		rc = writer_file_create(w, e);
	if (rc) {
		free_writer(w);
		return rc;
	}
	*out = w;
	return 0;
}

static int store_digests(struct trace_writer *w, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; !rc && i < KIND_COUNT; i++) {
		struct writer_stream *s = w->streams[i];
		char text[TRACE_DIGEST_CHARS + 1];
		if (!s || s->is_digest_stale) /* readers compute what is not stored */
			continue;
		stream_digest_text(s->digest, text);
		rc = db_run(w->db, w->file, e, "UPDATE stream SET digest = ? WHERE stream_id = ?",
			    "si", text, s->stream_id);
	}
	return rc;
}

/* One self-contained file. Best effort: an idle reader may hold it back, which is no error. */
static void end_file(struct trace_writer *w)
{
	sqlite3_busy_timeout(w->db, 200);
	writer_make_single_file(w);
	writer_ballast_remove(w);
}

int trace_writer_seal(struct trace_writer *w, struct err *e)
{
	int rc = trace_writer_commit(w, e);
	if (!rc && w->db) {
		w->is_full = false; /* what the ballast left is enough for this */
		rc = writer_note_drops(w, e);
		if (!rc)
			rc = writer_run_waiting(w, e);
		if (!rc)
			rc = store_digests(w, e);
		if (!rc)
			rc = db_run(w->db, w->file, e,
				    "UPDATE session SET state = ?, end_ns ="
				    " (SELECT max(last_ns) FROM chunk) WHERE sess_id = ?",
				    "si", w->is_resumed ? "recovered" : "sealed", w->sess_id);
		end_file(w);
	}
	free_writer(w);
	return rc;
}

int trace_writer_close(struct trace_writer *w, struct err *e)
{
	int rc = w->is_full && !w->opt.lives_on ? 0 : trace_writer_commit(w, e);
	if (w->db)
		end_file(w);
	free_writer(w);
	return rc;
}

void trace_writer_abort(struct trace_writer *w)
{
	const bool is_null = !w->db;
	char path[PATH_BYTES], file[PATH_BYTES + 16];
	memcpy(path, w->path, sizeof(path));
	const unsigned nfiles = w->file_number;

	free_writer(w);
	if (is_null)
		return;
	if (!nfiles)
		trace_remove_file(path, NULL);
	for (unsigned i = 1; i <= nfiles; i++) {
		trace_set_name(path, i, file, sizeof(file));
		trace_remove_file(file, NULL);
	}
}
