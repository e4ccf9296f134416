// SPDX-License-Identifier: MIT
/*
 * Writing trace files. Exactly one process writes a file; what it has
 * committed survives its death, and a restarted import goes on from there.
 */
#ifndef PUGMARK_STORE_TRACE_WRITER_H
#define PUGMARK_STORE_TRACE_WRITER_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_writer;

/* A stream being filled. Fields are private to the store and its put functions. */
struct trace_stream {
	uint32_t n, cap;
	void *col[KIND_MAX_COLUMNS]; /* typed arrays of cap rows */
	const struct kind *kind;
	struct trace_writer *writer;
	unsigned id;
};

struct trace_writer_options {
	const char *collector; /* who wrote it: "import vscsi" */
	const char *args;      /* its command line, for provenance */
	const char *clock;     /* "mono", "boot", "trace", "sequence" ... */
	uint32_t chunk_rows;   /* 0: CHUNK_ROWS */
	int zstd_level;        /* 0: 1 */
	bool sync_full;        /* fsync each commit (survives power loss) */
	bool resume;           /* continue an unsealed file instead of refusing it */
	bool append;           /* resume: what comes is new; else the same input comes again */
	bool lives_on;         /* a full disk: rows are dropped and counted until there is room */
	uint64_t quota_bytes;  /* of the main file; 0: none. Oldest chunks are evicted, as loss */
	uint64_t rotate_bytes; /* start the next file of a set above this size; 0: never */
	/* called after each COMMIT: rows and input offset below are now durable */
	void (*committed)(void *ctx, const struct kind *k, uint64_t rows, uint64_t offset);
	void *committed_ctx;
};

/* Readings of clocks at one moment of the trace; UINT64_MAX: not read. */
struct trace_clock {
	uint64_t trace_ns, mono_ns, boot_ns, real_ns;
};

/* A device as the trace knows it; unknown fields are NULL or 0. */
struct trace_device {
	const char *bdf;      /* "0000:00:06.0", or another stable name */
	const char *class;    /* "nic", "nvme", "block", "other" */
	const char *driver;   /* or NULL */
	const char *coverage; /* what of its DMA the source sees, or NULL */
	unsigned queues;
};

/* A virtual machine, as rows call it by number. */
struct trace_vm {
	unsigned vm;
	const char *name; /* or NULL */
	uint64_t mem_pages;
};

/* One line of accounting: seen = the sum of the others, always. */
struct trace_account {
	uint64_t seen, stored, filtered, ring_lost, shed, decode_error, unaccounted;
};

/*
 * Creates path (ERR_CREATE if it exists, unless resume is asked and the file
 * is unsealed). The writer is freed by close, seal or abort.
 */
int trace_writer_open(const char *path, const struct trace_writer_options *opt,
		      struct trace_writer **out, struct err *e);

/* A writer that counts rows and keeps nothing: for fuzzing and parser benchmarks. */
int trace_writer_open_null(struct trace_writer **out, struct err *e);

/* Rows put into a stream of a kind so far; 0 where there is none. */
uint64_t trace_writer_rows(const struct trace_writer *w, enum kind_id kind);

/* True when the writer continues an unsealed file. */
bool trace_writer_is_resumed(const struct trace_writer *w);

/* Where a resumed file ends: its last row, the last reading of the clocks, the boot it was on. */
struct trace_end {
	uint64_t last_ns;
	bool has_clocks;
	struct trace_clock clocks;
	char boot_id[40]; /* "" where not known */
};
int trace_writer_end(const struct trace_writer *w, struct trace_end *out, struct err *e);

/* Device number for rows; the same bdf gives the same number. */
int trace_writer_device(struct trace_writer *w, const struct trace_device *d, uint16_t *dev_out,
			struct err *e);

/* Source number for rows: what produced them and what it can see. */
int trace_writer_source(struct trace_writer *w, const char *name, const char *coverage,
			uint16_t *source_out, struct err *e);

/* The stream of a kind, created at first use; owned by the writer. */
int trace_writer_stream(struct trace_writer *w, enum kind_id kind, struct trace_stream **out,
			struct err *e);

/*
 * Input offset (bytes, decompressed) below which every row has been put. It is
 * committed together with the rows. position is the importer's own text (line
 * number, clock base ...), given back on resume; borrowed during the call.
 */
void trace_writer_progress(struct trace_writer *w, uint64_t offset, const char *position);

/* The committed offset and position of a resumed file; 0 and "" otherwise. */
uint64_t trace_writer_resume_point(const struct trace_writer *w, const char **position_out);

/*
 * A loss row: cause is one of ring, enospc, quota-evict, parse, kill, sampling,
 * damage; lost is UINT64_MAX where it is not known how many rows are missing.
 */
int trace_writer_loss(struct trace_writer *w, const char *stream, uint64_t from_ns, uint64_t to_ns,
		      uint64_t lost, const char *cause, const char *detail, struct err *e);

/* Stores an accounting line under its name ("dma:dma_map_page", "io", "packets"). */
int trace_writer_account(struct trace_writer *w, const char *source, const struct trace_account *a,
			 struct err *e);

/* Free text about the recording host (key "kernel", "cpu", "hostname" ...). */
int trace_writer_host(struct trace_writer *w, const char *key, const char *value, struct err *e);

/* What is known of a VM; a second call for the same number replaces it. */
int trace_writer_vm(struct trace_writer *w, const struct trace_vm *vm, struct err *e);

/* One reading. */
int trace_writer_clock(struct trace_writer *w, const struct trace_clock *c, struct err *e);

/* A piece of a VM's memory: guest page, its place in the host process and in host memory
 * (UINT64_MAX: not known). */
struct trace_memslot {
	unsigned vm, slot;
	uint64_t from_ns, gpa_pfn, hva_pfn, hpa_pfn, npages;
};
int trace_writer_memslot(struct trace_writer *w, const struct trace_memslot *m, struct err *e);

/* Free text about the trace: "clock_base_ns", "origin", "licence" ... */
int trace_writer_meta(struct trace_writer *w, const char *key, const char *value, struct err *e);

/* What the source adds to its name: bytes a row stands for, time between looks, share of pages by
 * hash; 0: not said. */
int trace_writer_source_detail(struct trace_writer *w, uint16_t source, uint64_t granularity_bytes,
			       uint64_t period_ns, uint64_t sample_ppm, struct err *e);

/* Rows that a full disk has cost so far (opt.lives_on). */
uint64_t trace_writer_dropped(const struct trace_writer *w);

/* All pending rows of all streams in one transaction: the tick of a live recording. */
int trace_writer_commit(struct trace_writer *w, struct err *e);

/* Moves what is committed into the file itself, so that sealing has little left to do. */
void trace_writer_checkpoint(struct trace_writer *w);

/* Commits, and goes on in the next file of a set; ERR_USAGE for a single file (no rotate_bytes). */
int trace_writer_rotate(struct trace_writer *w, struct err *e);

/* Closes the current chunk of a stream; called by the put functions when it is full. */
int trace_stream_flush(struct trace_stream *s, struct err *e);

/* Commits all pending rows, writes the digests, makes a single file. Frees w, also on failure. */
int trace_writer_seal(struct trace_writer *w, struct err *e);

/* Commits what is pending and leaves the file unsealed, to be resumed. Frees w. */
int trace_writer_close(struct trace_writer *w, struct err *e);

/* Removes the file and frees w: nothing usable was found. */
void trace_writer_abort(struct trace_writer *w);

/* Removes a file of a trace and what SQLite and the writer keep beside it, where they are there. */
int trace_remove_file(const char *path, struct err *e);

/*
 * dma_put(stream, &event, err), object_put ... : append one row. Returns 0 or
 * the error of the commit that made room. Rows of a stream are put in time
 * order; the importer refuses what goes backwards.
 */
#define PUT_COLUMN(field, type, sql, transform, pack, null, names) \
	((type *)s->col[i_++])[n_] = event->field;
#define K(lower, UPPER, schema)                                                                  \
	static inline int lower##_put(struct trace_stream *s, const struct lower##_event *event, \
				      struct err *e)                                             \
	{                                                                                        \
		if (__builtin_expect(s->n == s->cap, 0)) {                                       \
			const int rc = trace_stream_flush(s, e);                                 \
			if (rc)                                                                  \
				return rc;                                                       \
		}                                                                                \
		const uint32_t n_ = s->n++;                                                      \
		unsigned i_ = 0;                                                                 \
		UPPER##_COLUMNS(PUT_COLUMN) return 0;                                            \
	}
KINDS(K)
#undef K

/* The same for a kind known at run time only: one value per column, each within its width. */
static inline int trace_stream_put(struct trace_stream *s, const uint64_t *values, struct err *e)
{
	if (__builtin_expect(s->n == s->cap, 0)) {
		const int rc = trace_stream_flush(s, e);
		if (rc)
			return rc;
	}
	const uint32_t n = s->n++;
	for (unsigned i = 0; i < s->kind->ncolumns; i++)
		switch (s->kind->columns[i].width_bytes) {
		case 1:
			((u8 *)s->col[i])[n] = (u8)values[i];
			break;
		case 2:
			((u16 *)s->col[i])[n] = (u16)values[i];
			break;
		case 4:
			((u32 *)s->col[i])[n] = (u32)values[i];
			break;
		default:
			((u64 *)s->col[i])[n] = values[i];
		}
	return 0;
}

#endif
