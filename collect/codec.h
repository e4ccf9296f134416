// SPDX-License-Identifier: MIT
/*
 * Decompressors behind collect/input.c: zstd, gzip and xz as one step
 * function. Private to collect/.
 */
#ifndef PUGMARK_COLLECT_CODEC_H
#define PUGMARK_COLLECT_CODEC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CODEC_MAGIC_BYTES = 6 };

struct codec;

/* A window over bytes: a step advances next and reduces n. */
struct codec_span {
	uint8_t *next;
	size_t n;
};

/* Picks by magic; *out is NULL where the bytes are not compressed (or not in a form we know). */
int codec_open(const uint8_t *magic, size_t n, struct codec **out, struct err *e);
void codec_close(struct codec *c);

/*
 * Decodes some of src into dst. is_last: no bytes follow those of src. NULL,
 * or what is wrong with the bytes at src->next, as part of a sentence.
 */
const char *codec_step(struct codec *c, struct codec_span *src, struct codec_span *dst,
		       bool is_last);

/* True between two frames or members: the only places where the bytes may end. */
bool codec_is_at_boundary(const struct codec *c);

/* "zstd", "gzip" or "xz" */
const char *codec_name(const struct codec *c);

#endif
