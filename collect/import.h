// SPDX-License-Identifier: MIT
/*
 * Importers: one file and one line in collect/importers.c each. An importer
 * reads an input, puts rows into streams and accounts for everything it saw.
 * It never prints and never exits; damage is told through import_damage and
 * ends in exit status 3, nothing usable in ERR_UNUSABLE.
 */
#ifndef PUGMARK_COLLECT_IMPORT_H
#define PUGMARK_COLLECT_IMPORT_H

#include "base/choices.h"
#include "base/err.h"
#include "collect/input.h"
#include "store/trace-writer.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* What a user may say about an input that it does not say itself. */
struct import_options {
	enum address_space as; /* of physical addresses: AS_PA unless told */
};

/*
 * Where an importer stands, beside its offset: all it needs to go on in a
 * second run. Travels as the position text of trace_writer_progress.
 */
struct import_cursor {
	uint64_t file;        /* of several inputs, from 0 */
	uint64_t base;        /* bytes of the inputs before this one */
	uint64_t line;        /* lines of this input before the offset */
	uint64_t first;       /* stamp that became time 0, in the input's unit */
	uint64_t last_ns;     /* time of the last row */
	uint64_t bad_from_ns; /* time of the row before the first bad one */
	uint64_t damaged;     /* places told by import_damage */
	/* rows, over all inputs: those seen are the sum */
	uint64_t stored, filtered, bad;
};

struct import {
	struct input *in;
	struct input **all; /* of importers with is_parallel: every input; in is the first */
	unsigned nall;      /* 0: only in */
	const char *folder; /* of importers with a folder_member, else NULL */
	struct trace_writer *w;
	const struct import_options *options;
	bool is_last; /* of several inputs; a single one is */
	struct import_cursor at;
	uint64_t block_offset;   /* of the block that import_lines or _records gave last */
	uint64_t resume_offset;  /* of this input: rows below are in the file already */
	struct err first_damage; /* the first of at.damaged, as a sentence */
	/* of an importer whose inputs are parts of one recording: kept from run to run */
	void *state;
	void (*state_free)(void *state);
	/* told as it happens, at most a few per input; may be NULL */
	void (*warn)(void *ctx, const char *sentence);
	/* as input_position tells it, for a progress line; may be NULL */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

struct importer {
	const char *name;    /* for --format */
	const char *summary; /* one line for --help and the manual */
	const char
		*variant_of; /* also chosen under this name, where the bytes fit better; or NULL */
	const char *extensions; /* "vscsi" or "lis arc": a hint beside the bytes */
	/*
	 * How sure are we that these are ours? 0 (no) .. 100 (a magic number).
	 * head holds the first n bytes (up to 256 KiB; is_whole: that is all).
	 */
	int (*sniff)(const uint8_t *head, size_t n, bool is_whole);
	/*
	 * Reads im->in to its end. May be resumed: rows below the writer's
	 * resume point are in the file already; an importer that can seeks
	 * there, any other replays from the start and the writer drops what it
	 * has (is_seekable says which).
	 */
	int (*run)(struct import *im, struct err *e);
	bool is_seekable;
	/* May run again for the next of several inputs, with im->at as it was left. */
	bool is_appendable;
	/* Several inputs are parts of one recording that run side by side: run gets them at once.
	 */
	bool is_parallel;
	/*
	 * Not NULL: the input is a folder that holds this file, as it is or
	 * compressed. sniff and run get that file as im->in, and run opens the
	 * other files of the folder.
	 */
	const char *folder_member;
	/* Of its times: "synthetic" (made up), "sequence" (ordinals); NULL: "trace". */
	const char *clock;
};

/* All importers in order of registration, NULL-terminated. */
extern const struct importer *const importers[];

void importer_names(struct choices *c);

/* By name, or NULL. */
const struct importer *importer_find(const char *name);

/* The named importer, or the variant of it that the bytes fit better. */
const struct importer *importer_variant(const struct importer *named, struct input *in);

/* The best match for an opened input, or NULL with a sentence that lists the formats. */
const struct importer *importer_sniff(struct input *in, struct err *e);

/* Opens a file of a folder under its name or with .zst, .gz or .xz; ERR_NOINPUT if there is none.
 */
int import_open_member(const char *folder, const char *name, struct input **out, struct err *e);

/*
 * Opens the folder_member of a folder for *importer, or (NULL) for the one
 * whose form the folder has; ERR_UNUSABLE when it has none.
 */
int importer_open_folder(const char *folder, const struct importer **importer, struct input **out,
			 struct err *e);

/*
 * Counts damage and keeps the first sentence; says where and what was
 * expected. lost events go into the loss table as cause "damage" or "parse".
 */
void import_damage(struct import *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- for importers that read lines or records in order ---- */

/* Takes the cursor from the resume point of im->w; to be called once, before the first run. */
void import_resume(struct import *im, const struct importer *importer);

/* Starts at im->resume_offset. */
int import_begin(struct import *im, struct err *e);

/*
 * The next block of whole lines or records: 1, 0 at the end or where damage
 * ends the input (already told and accounted), negative on an error of the
 * system. A scan for '\n' below end always ends at or before *end_out.
 */
int import_lines(struct import *im, const char **p_out, const char **end_out, struct err *e);
int import_records(struct import *im, size_t size, const uint8_t **p_out, size_t *n_out,
		   struct err *e);

/*
 * The whole input as one text (the caller frees), for what is read as a whole:
 * ERR_UNUSABLE above `most` bytes.
 */
int import_whole(struct import *im, size_t most, char **text_out, size_t *n_out, struct err *e);

/* One bad line or record: counted as decode_error and told as "FILE: line N: expected ...". */
void import_bad_line(struct import *im, uint64_t line, const char *expected);
void import_bad_record(struct import *im, uint64_t offset, const char *expected);

/* Hands the cursor to the writer: rows below offset (of this input) have been put. */
int import_checkpoint(struct import *im, uint64_t offset);

/* The same where the next put will commit: call it before each put with the place of that row. */
static inline int import_before_put(struct import *im, const struct trace_stream *s,
				    uint64_t offset)
{
	return __builtin_expect(s->n == s->cap, 0) ? import_checkpoint(im, offset) : 0;
}

/*
 * Accounts under the name of the stream, tells losses, hands over the last
 * cursor. ERR_UNUSABLE when no row was stored so far.
 */
int import_end(struct import *im, const char *source, struct err *e);

/* Cursor to and from its text; parsing takes what is missing as 0. */
enum { IMPORT_POSITION_CHARS = 240 };
void import_cursor_print(const struct import_cursor *at, char *text_out);
void import_cursor_parse(struct import_cursor *at, const char *text);

#endif
