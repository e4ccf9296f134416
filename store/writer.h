// SPDX-License-Identifier: MIT
/* Inside of the trace writer, shared by writer*.c only. */
#ifndef PUGMARK_STORE_WRITER_H
#define PUGMARK_STORE_WRITER_H

#include "store/chunk.h"
#include "store/db.h"
#include "store/digest.h"
#include "store/trace-writer.h"
#include "store/trace.h"

#include <sqlite3.h>

enum {
	BALLAST_BYTES = 8 << 20,     /* room for a loss row on a full disk */
	CHECKPOINT_BYTES = 16 << 20, /* of WAL between own checkpoints */
	WAL_BYTES_MAX = 32 << 20,    /* held back by a reader: start a new file, where allowed */
	PATH_BYTES = 4096,
};

struct writer_stream {
	struct trace_stream rows; /* first: what the put functions see */
	int64_t stream_id, next_seq;
	uint64_t committed_rows; /* in the file, evicted ones included */
	uint64_t put_rows;       /* handed over by the importer and flushed */
	uint64_t skip_rows;      /* a replayed import: so many are in the file already */
	struct stream_digest *digest;
	bool is_digest_stale; /* rows were evicted: hash what is left, at the end */
};

struct writer_name; /* name -> number, for devices and sources */

struct trace_writer {
	char path[PATH_BYTES];      /* as the user named it */
	char file[PATH_BYTES + 16]; /* being written: path, or a member of the set */
	unsigned file_number;       /* of the set, from 1; 0: a single file */
	struct trace_writer_options opt;
	sqlite3 *db; /* NULL: rows are counted and dropped (fuzzing) */
	sqlite3_stmt *insert_chunk, *update_progress;
	struct chunk_encoder *encoder;
	struct writer_stream *streams[KIND_COUNT];
	struct writer_name *devices, *sources;
	int64_t sess_id;
	int64_t progress_source; /* source row that carries the progress */
	uint64_t progress_offset;
	char position[240];
	bool has_progress; /* changed since the last commit */
	bool is_resumed, is_full, has_ballast;
	/* opt.lives_on: of each stream while the disk is full, and all ever */
	uint64_t full_dropped[KIND_COUNT], full_from_ns[KIND_COUNT], full_to_ns[KIND_COUNT];
	uint64_t dropped_rows;
	struct writer_waiting *waiting, *last_waiting; /* what is to be said when there is room */
	unsigned nwaiting;
	int lock_fd; /* of file, or -1 */
	uint64_t resume_offset;
	char resume_position[240];
	uint64_t wal_bytes, file_bytes;
};

/* Numbers for names already in the file, after a resume or a rotation. */
int writer_load_names(struct trace_writer *w, struct err *e);
void writer_free_names(struct trace_writer *w);

/* SQLITE_FULL: evicts for the quota (0: try again) or gives up with a loss row. */
int writer_make_room(struct trace_writer *w, struct writer_stream *s, struct err *e);

/* With opt.lives_on, while the disk is full: is there room again; rows go, counted; and its end. */
bool writer_has_room(const struct trace_writer *w);
void writer_drop_rows(struct trace_writer *w, struct writer_stream *const *list, unsigned n);
int writer_live_again(struct trace_writer *w, struct err *e);
int writer_note_drops(struct trace_writer *w, struct err *e);

/* db_run for all that is no row; with opt.lives_on it waits while the disk is full. */
int writer_run(struct trace_writer *w, struct err *e, const char *sql, const char *format, ...);
int writer_run_waiting(struct trace_writer *w, struct err *e);
void writer_free_waiting(struct trace_writer *w);

/* A number that is free in a table, also with rows of it waiting. */
int writer_next_id(struct trace_writer *w, const char *table, const char *column, int64_t *id_out,
		   struct err *e);

void writer_ballast_create(struct trace_writer *w);
void writer_ballast_remove(struct trace_writer *w);

/* Ends the statements and the WAL, so that what is there is in one file. */
void writer_make_single_file(struct trace_writer *w);

/* Continues in the next file of the set. */
int writer_rotate(struct trace_writer *w, struct err *e);

/* Keeps other writers off w->file; ERR_CREATE when one is there. */
int writer_lock(struct trace_writer *w, bool may_create, struct err *e);
void writer_unlock(struct trace_writer *w);

/* A file whose writer died before its tables were there: nothing is in it. */
bool writer_file_is_shell(const struct trace_writer *w);

/* Creates tables and the session in an empty file, or takes over an unsealed one. */
int writer_file_create(struct trace_writer *w, struct err *e);
int writer_file_resume(struct trace_writer *w, struct err *e);

int writer_stream_new(struct trace_writer *w, enum kind_id kind, struct writer_stream **out,
		      struct err *e);
void writer_stream_free(struct writer_stream *s);

#endif
