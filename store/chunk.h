// SPDX-License-Identifier: MIT
/*
 * One chunk of rows as one blob, column by column (FORMAT.md section 3). Pure:
 * bytes in, columns out, no file. The decoder trusts nothing: every length is
 * bounded before use and every byte of a blob is covered by a checksum.
 */
#ifndef PUGMARK_STORE_CHUNK_H
#define PUGMARK_STORE_CHUNK_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHUNK_VERSION = 1,
	CHUNK_HEADER_BYTES = 48,
	CHUNK_ENTRY_BYTES = 32,
	CHUNK_NO_COLUMN = 0xffff,
};

/* What the chunk table says beside the blob, so that readers can skip it. */
struct chunk_summary {
	uint64_t first_ns, last_ns;   /* least and greatest time */
	uint64_t dev_mask;            /* bit dev % 64 of every device in it */
	uint64_t pfn_first, pfn_last; /* least first and greatest last page; first > last: none */
	uint64_t pages, bytes;        /* sums, saturating */
	bool is_monotone;             /* times never go backwards */
};

/* Scratch of an encoder: reused, freed by chunk_encoder_free. */
struct chunk_encoder;

struct chunk_encoder *chunk_encoder_new(void);
void chunk_encoder_free(struct chunk_encoder *enc);

/*
 * Encodes n rows (1 .. CHUNK_ROWS_MAX) at zstd_level. *blob_out is borrowed
 * until the next call.
 */
int chunk_encode(struct chunk_encoder *enc, const struct kind *k, uint32_t n,
		 const void *const *columns, int zstd_level, struct chunk_summary *summary_out,
		 const void **blob_out, size_t *blob_bytes_out, struct err *e);

struct chunk_decoder;

struct chunk_decoder *chunk_decoder_new(void);
void chunk_decoder_free(struct chunk_decoder *dec);

/* What a blob's header says, checked. */
struct chunk_header {
	uint32_t n, schema_id;
	uint64_t first_ns, last_ns;
	bool is_monotone;
};

/*
 * Checks the header and all checksums: 0 or ERR_FORMAT with a sentence that
 * says what is wrong at which byte of the blob.
 */
int chunk_check(const struct kind *k, const void *blob, size_t blob_bytes,
		struct chunk_header *header_out, struct err *e);

/*
 * chunk_check, then decodes the columns of the mask (bit per column), of them
 * the first max_rows rows (a slice near the start need not pay for the rest).
 * Columns not in the mask are NULL. A column that the writer did not know yet holds
 * its NULL value (0 where it has none). Arrays belong to the decoder and are
 * valid until its next call; they are writable, and 64 bytes past their end
 * may be read.
 */
int chunk_decode(struct chunk_decoder *dec, const struct kind *k, const void *blob,
		 size_t blob_bytes, uint64_t mask, uint32_t max_rows,
		 struct chunk_header *header_out, void *columns_out[KIND_MAX_COLUMNS],
		 struct err *e);

#endif
