// SPDX-License-Identifier: MIT
/*
 * Reading trace files. store/FORMAT.md is the normative description. One trace is one SQLite file
 * or a rotated set `T.0001.db ..`; every path argument may name either.
 *
 * Readers open files read-only and never hold a transaction longer than one
 * chunk. Rows travel as columns: typed dense arrays that stay valid until the
 * next call.
 */
#ifndef PUGMARK_STORE_TRACE_H
#define PUGMARK_STORE_TRACE_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;

enum {
	CHUNK_ROWS = 1 << 16,     /* an import closes a chunk at this many rows */
	CHUNK_ROWS_MAX = 1 << 18, /* what a sealed file may hold per chunk */
	TRACE_DIGEST_CHARS = 32,  /* hexadecimal, without the terminating 0 */
};

struct trace;

struct trace_stream_info {
	unsigned id; /* number within the trace, from 0 */
	const struct kind *kind;
	uint64_t rows, chunks, blob_bytes;
	uint64_t first_ns, last_ns;
	uint64_t unique_pages; /* UINT64_MAX: not known */
	bool is_sealed;
	char digest[TRACE_DIGEST_CHARS + 1]; /* "" while unsealed */
};

/* Opens a file or a set read-only. ERR_NOINPUT, ERR_UNUSABLE or ERR_FORMAT with a sentence. */
int trace_open(const char *path, struct trace **out, struct err *e);
void trace_close(struct trace *t);

const char *trace_path(const struct trace *t);
unsigned trace_nstreams(const struct trace *t);
const struct trace_stream_info *trace_stream_info(const struct trace *t, unsigned i);

/* First stream of a kind, or NULL. */
const struct trace_stream_info *trace_find_stream(const struct trace *t, enum kind_id kind);

/*
 * Recordings whose streams the trace shows: a merge holds several, each with a
 * clock, VMs and devices of its own. trace_choose_recording hides the others for
 * good, which is then what all of this header is about: n counts from 1 in the
 * order of the file; ERR_USAGE when there is none of that number. The first one
 * that has rows of a kind: its number, 0 without any.
 */
unsigned trace_nrecordings(const struct trace *t);
int trace_choose_recording(struct trace *t, unsigned n, struct err *e);
unsigned trace_recording_with(const struct trace *t, enum kind_id kind);

/* The number, in the table vm, of the VM whose rows name none: of the first stream. */
unsigned trace_own_vm(const struct trace *t);

/* Rows of the kind are a sample in time (FORMAT.md, sampled_kinds). */
bool trace_is_sampled(const struct trace *t, const struct kind *kind);

/* Files of the set, and their read-only connections (borrowed), for reports. */
unsigned trace_nfiles(const struct trace *t);
struct sqlite3 *trace_sqlite(const struct trace *t, unsigned file);
const char *trace_file_path(const struct trace *t, unsigned file);

/* Whether a process, not this one, has that file open for writing. */
bool trace_is_being_written(const char *path);

/* A member of a set: "a/T.db", 3 -> "a/T.0003.db". */
void trace_set_name(const char *path, unsigned number, char *out, size_t out_bytes);

/*
 * Whether path is one of several files of a set: "a/T.0003.db" beside "a/T.0001.db",
 * but no "a/T.db". Then *out is the set's name, "a/T.db".
 */
bool trace_set_of(const char *path, char *out, size_t out_bytes);

/*
 * Hash of the canonical decoded event sequence of every stream, independent of
 * chunking, codec and rotation (FORMAT.md). Read from a sealed file, computed
 * by decoding otherwise. digest_out: TRACE_DIGEST_CHARS + 1 bytes.
 */
int trace_digest(struct trace *t, char *digest_out, struct err *e);

/* The digest of one stream, always computed by decoding its rows. */
int trace_stream_digest(struct trace *t, unsigned stream, char *digest_out, struct err *e);

/*
 * Checks everything that can be checked: SQLite's own integrity, every
 * checksum and every row of every chunk, sequence gaps, digests, accounts.
 * Each finding is one sentence to `found`. *findings_out: how many. Fails only
 * when the trace cannot be opened or memory is out.
 */
int trace_verify(struct trace *t, void (*found)(void *ctx, const char *sentence), void *ctx,
		 uint64_t *findings_out, struct err *e);

/* Rows as typed columns; columns not asked for are NULL. */
struct batch {
	const struct kind *kind;
	uint32_t n;
	const void *col[KIND_MAX_COLUMNS];

	/* where the rows stand in the stream: row i is the chunk's row first_row + i, or rows[i] */
	uint64_t seq; /* of the chunk */
	uint32_t first_row;
	const uint32_t *rows; /* NULL: one after another */
};

#define BATCH_COLUMN(type)                                                             \
	static inline const type *batch_##type(const struct batch *b, unsigned column) \
	{                                                                              \
		return b->col[column];                                                 \
	}
BATCH_COLUMN(u8)
BATCH_COLUMN(u16)
BATCH_COLUMN(u32)
BATCH_COLUMN(u64)

/* Value of any column as a number; for reports, not for hot loops. */
static inline uint64_t batch_value(const struct batch *b, unsigned column, uint32_t row)
{
	switch (b->kind->columns[column].width_bytes) {
	case 1:
		return batch_u8(b, column)[row];
	case 2:
		return batch_u16(b, column)[row];
	case 4:
		return batch_u32(b, column)[row];
	default:
		return batch_u64(b, column)[row];
	}
}

struct trace_select {
	unsigned stream;
	uint64_t columns;             /* bit per column; 0: all */
	uint64_t from_ns, to_ns;      /* half open [from, to); to 0: no end */
	int dev;                      /* one device, or -1 */
	uint64_t pfn_first, pfn_last; /* rows that touch a page of it; both 0: all */
	bool threaded;                /* decode ahead in a second thread */
	bool as_stored;               /* do not translate numbers of a merged recording */
};

struct trace_reader;

int trace_reader_open(struct trace *t, const struct trace_select *sel, struct trace_reader **out,
		      struct err *e);

/*
 * 1 and a batch of at least one row, borrowed until the next call; 0 at the
 * end; negative on damage: the sentence names file, stream and chunk, and the
 * next call goes on after the damaged chunk.
 */
int trace_reader_next(struct trace_reader *r, const struct batch **out, struct err *e);

/* Back to the first row. */
void trace_reader_rewind(struct trace_reader *r);
void trace_reader_close(struct trace_reader *r);

#endif
