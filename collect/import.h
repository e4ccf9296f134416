// SPDX-License-Identifier: MIT
/*
 * Importers: one file and one line in collect/importers.c each. An importer
 * reads an input, puts rows into streams and accounts for everything it saw.
 * It never prints and never exits; damage is told through import_damage and
 * ends in exit status 3, nothing usable in ERR_UNUSABLE.
 */
#ifndef PUGMARK_COLLECT_IMPORT_H
#define PUGMARK_COLLECT_IMPORT_H

#include "base/err.h"
#include "collect/input.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* What a user may say about an input that it does not say itself. */
struct import_options {
	enum address_space as; /* of physical addresses: AS_PA unless told */
};

struct import_source; /* one accounting line, private to import.c */

struct import {
	struct input *in;
	struct trace_writer *w;
	const struct import_options *options;
	uint64_t damaged;	/* places told by import_damage */
	struct err first_damage; /* the first of them, as a sentence */
	/* told as it happens, at most a few per input; may be NULL */
	void (*warn)(void *ctx, const char *sentence);
	/* input bytes consumed so far, for a progress line; may be NULL */
	void (*progress)(void *ctx, uint64_t offset);
	void *ctx;
};

struct importer {
	const char *name;	/* for --format */
	const char *summary;	/* one line for --help and the manual */
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
};

/* All importers in order of registration, NULL-terminated. */
extern const struct importer *const importers[];

/* By name, or NULL. */
const struct importer *importer_find(const char *name);

/* The best match for an opened input, or NULL with a sentence that lists the formats. */
const struct importer *importer_sniff(struct input *in, struct err *e);

/*
 * Counts damage and keeps the first sentence; says where and what was
 * expected. lost events go into the loss table as cause "damage" or "parse".
 */
void import_damage(struct import *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
