// SPDX-License-Identifier: MIT
/*
 * Byte layout of a chunk blob, shared by encoder and decoder only. FORMAT.md
 * section 3 is normative; the offsets here are its tables.
 */
#ifndef PUGMARK_STORE_CHUNK_LAYOUT_H
#define PUGMARK_STORE_CHUNK_LAYOUT_H

#include "store/chunk.h"

#include <string.h>
#include <xxhash.h>

#define CHUNK_MAGIC "PGM1"

enum {
	CHUNK_FLAG_MONOTONE = 1,
	TRANSFORM_DELTA_PLAIN = 3, /* like DELTA, without the zigzag: values only grow */
	SEGMENTS_MAX = 8,
	VARINT_MAX_BYTES = 10,
	SEGMENT_BYTES = 8, /* u32 packed length, u32 stored length */
	CONTEXTS = 256,    /* a context is a device number modulo this */
};

enum {
	HEADER_VERSION = 4,
	HEADER_FLAGS = 5,
	HEADER_NCOLUMNS = 6,
	HEADER_ROWS = 8,
	HEADER_BYTES_AT = 12,
	HEADER_FIRST_NS = 16,
	HEADER_LAST_NS = 24,
	HEADER_SCHEMA = 32,
	HEADER_ZERO = 36,
	HEADER_XXH3 = 40,
};

enum {
	ENTRY_COL_ID = 0,
	ENTRY_TRANSFORM = 2,
	ENTRY_PACK = 3,
	ENTRY_WIDTH = 4,
	ENTRY_SHIFT = 5,
	ENTRY_CTX_COL = 6,
	ENTRY_LEN_COL = 8,
	ENTRY_NSEGMENTS = 10,
	ENTRY_OFFSET = 12,
	ENTRY_STORED = 16,
	ENTRY_ZERO = 20,
	ENTRY_XXH3 = 24,
};

struct chunk_entry {
	uint16_t col_id, ctx_col, len_col, nsegments;
	uint8_t transform, pack, width, shift;
	uint32_t offset, stored_bytes;
	uint64_t xxh3;
};

/* Header and entries, without the hash itself. */
static inline uint64_t chunk_header_hash(const uint8_t *blob, size_t header_bytes)
{
	return XXH3_64bits(blob, HEADER_XXH3) ^
	       XXH3_64bits_withSeed(blob + CHUNK_HEADER_BYTES, header_bytes - CHUNK_HEADER_BYTES,
				    1);
}

/*
 * The context of the CTX transform: rows of one device continue where its
 * previous row ended. Lengths are in units of the predicted column.
 */
struct chunk_context {
	const uint16_t *dev;
	const void *len;    /* u32 or u64 column, or NULL: 1 */
	unsigned len_width; /* 4 or 8 */
	uint8_t shift;      /* bytes to units */
	uint16_t ctx_col, len_col;
};

static inline unsigned chunk_context_slot(const struct chunk_context *ctx, size_t i)
{
	return ctx->dev ? ctx->dev[i] % CONTEXTS : 0;
}

static inline uint64_t chunk_context_length(const struct chunk_context *ctx, size_t i)
{
	if (!ctx->len)
		return 1;
	return (ctx->len_width == 4 ? ((const uint32_t *)ctx->len)[i]
				    : ((const uint64_t *)ctx->len)[i]) >>
	       ctx->shift;
}

/* What the writer uses for a column of a kind. */
static inline void chunk_context_of(const struct kind *k, unsigned column,
				    const void *const *columns, struct chunk_context *ctx)
{
	const bool is_lba = !strcmp(k->columns[column].name, "lba");
	const int len = is_lba ? k->bytes : k->npages;

	*ctx = (struct chunk_context){
		.dev = k->dev >= 0 ? columns[k->dev] : NULL,
		.len = len >= 0 ? columns[len] : NULL,
		.len_width = len >= 0 ? k->columns[len].width_bytes : 0,
		.shift = is_lba ? 9 : 0,
		.ctx_col = k->dev >= 0 ? (uint16_t)k->dev : CHUNK_NO_COLUMN,
		.len_col = len >= 0 ? (uint16_t)len : CHUNK_NO_COLUMN,
	};
}

#endif
