// SPDX-License-Identifier: MIT
/*
 * Chunk encoder. Each column goes through transform -> pack -> zstd, in that
 * order; the choice per column stands in store/kinds.h and was measured on the
 * reference stream (delta + byte planes for times, per-device delta + LEB128
 * for page numbers). Byte planes are compressed one by one: the low plane of a
 * time delta is noise, and storing it raw costs nothing to decode.
 */
#include "store/chunk.h"

#include "base/bytes.h"
#include "store/chunk-layout.h"
#include "store/trace.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

/* a segment must save 1/64 of its bytes to be worth decompressing */
enum { MIN_GAIN_SHIFT = 6 };

struct chunk_encoder {
	ZSTD_CCtx *zstd;
	uint64_t *values; /* a column as u64, transformed in place */
	uint8_t *packed;  /* its segments before compression */
	uint8_t *blob;
	size_t cap_rows, blob_cap;
};

struct chunk_encoder *chunk_encoder_new(void)
{
	struct chunk_encoder *enc = calloc(1, sizeof(*enc));
	if (enc && !(enc->zstd = ZSTD_createCCtx())) {
		free(enc);
		return NULL;
	}
	return enc;
}

void chunk_encoder_free(struct chunk_encoder *enc)
{
	if (!enc)
		return;
	ZSTD_freeCCtx(enc->zstd);
	free(enc->values);
	free(enc->packed);
	free(enc->blob);
	free(enc);
}

static size_t column_bound(size_t n)
{
	return VARINT_MAX_BYTES * n + SEGMENTS_MAX * (SEGMENT_BYTES + ZSTD_compressBound(n));
}

static int reserve(struct chunk_encoder *enc, const struct kind *k, size_t n, struct err *e)
{
	if (n <= enc->cap_rows)
		return 0;

	const size_t blob = CHUNK_HEADER_BYTES + KIND_MAX_COLUMNS * CHUNK_ENTRY_BYTES +
			    (size_t)k->ncolumns * column_bound(n);
	free(enc->values);
	free(enc->packed);
	free(enc->blob);
	enc->values = malloc(n * sizeof(*enc->values));
	enc->packed = malloc(n * VARINT_MAX_BYTES);
	enc->blob = malloc(blob);
	enc->blob_cap = blob;
	enc->cap_rows = n;
	if (!enc->values || !enc->packed || !enc->blob) {
		enc->cap_rows = 0;
		return err_set(e, ERR_NOMEM, "out of memory for a chunk of %zu rows", n);
	}
	return 0;
}

static void widen(uint64_t *restrict out, const void *column, unsigned width, size_t n)
{
	switch (width) {
	case 1:
		for (size_t i = 0; i < n; i++)
			out[i] = ((const uint8_t *)column)[i];
		break;
	case 2:
		for (size_t i = 0; i < n; i++)
			out[i] = ((const uint16_t *)column)[i];
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			out[i] = ((const uint32_t *)column)[i];
		break;
	default:
		memcpy(out, column, n * sizeof(*out));
	}
}

/* to the previous row; plain where times only grow (one bit less), else zigzag */
static void transform_delta(uint64_t *v, size_t n, bool is_plain)
{
	uint64_t prev = 0;
	for (size_t i = 0; i < n; i++) {
		const uint64_t now = v[i], delta = now - prev;
		v[i] = is_plain ? delta : zigzag(delta);
		prev = now;
	}
}

/* to where the previous row of the same context ended */
static void transform_ctx(uint64_t *v, size_t n, const struct chunk_context *ctx)
{
	uint64_t expected[CONTEXTS] = {};
	for (size_t i = 0; i < n; i++) {
		uint64_t *slot = &expected[chunk_context_slot(ctx, i)];
		const uint64_t now = v[i];
		v[i] = zigzag(now - *slot);
		*slot = now + chunk_context_length(ctx, i);
	}
}

static size_t pack_varint(uint8_t *out, const uint64_t *v, size_t n)
{
	uint8_t *p = out;
	for (size_t i = 0; i < n; i++) {
		uint64_t x = v[i];
		while (x >= 0x80) {
			*p++ = (uint8_t)(x | 0x80);
			x >>= 7;
		}
		*p++ = (uint8_t)x;
	}
	return (size_t)(p - out);
}

/* number of planes: bytes that the greatest value needs */
static unsigned pack_planes(uint8_t *restrict out, const uint64_t *restrict v, size_t n)
{
	uint64_t any = 0;
	for (size_t i = 0; i < n; i++)
		any |= v[i];

	unsigned planes = 1;
	while (planes < 8 && any >> (8 * planes))
		planes++;
	for (unsigned j = 0; j < planes; j++)
		for (size_t i = 0; i < n; i++)
			out[j * n + i] = (uint8_t)(v[i] >> (8 * j));
	return planes;
}

/* Writes one segment's table entry and bytes; returns the bytes stored. */
static size_t put_segment(struct chunk_encoder *enc, uint8_t *entry, uint8_t *dst,
			  const uint8_t *src, size_t n, int level)
{
	size_t stored = ZSTD_compressCCtx(enc->zstd, dst, ZSTD_compressBound(n), src, n, level);
	if (ZSTD_isError(stored) || stored + (n >> MIN_GAIN_SHIFT) >= n) {
		memcpy(dst, src, n);
		stored = n;
	}
	le32_put(entry, (uint32_t)n);
	le32_put(entry + 4, (uint32_t)stored);
	return stored;
}

static size_t put_segments(struct chunk_encoder *enc, uint8_t *dst, unsigned nsegments,
			   size_t segment_bytes, int level)
{
	uint8_t *p = dst + nsegments * SEGMENT_BYTES;
	for (unsigned j = 0; j < nsegments; j++)
		p += put_segment(enc, dst + j * SEGMENT_BYTES, p, enc->packed + j * segment_bytes,
				 segment_bytes, level);
	return (size_t)(p - dst);
}

static bool is_constant(const void *column, unsigned width, size_t n)
{
	const uint8_t *p = column;
	return n == 1 || !memcmp(p, p + width, (n - 1) * width);
}

/* Encodes column c at dst, fills its entry, returns the bytes stored. */
static size_t encode_column(struct chunk_encoder *enc, const struct kind *k, unsigned c, uint32_t n,
			    const void *const *columns, bool is_monotone, int level, uint8_t *dst,
			    struct chunk_entry *entry)
{
	const struct kind_column *col = &k->columns[c];
	*entry = (struct chunk_entry){ .col_id = (uint16_t)c,
				       .width = col->width_bytes,
				       .ctx_col = CHUNK_NO_COLUMN,
				       .len_col = CHUNK_NO_COLUMN };

	const bool is_const = is_constant(columns[c], col->width_bytes, n);
	widen(enc->values, columns[c], col->width_bytes, is_const ? 1 : n);
	if (is_const) {
		entry->pack = PACK_CONSTANT;
		le64_put(dst, enc->values[0]);
		return 8;
	}

	entry->transform = col->transform;
	if (col->transform == TRANSFORM_DELTA) {
		const bool is_plain = c == 0 && is_monotone;
		entry->transform = is_plain ? TRANSFORM_DELTA_PLAIN : TRANSFORM_DELTA;
		transform_delta(enc->values, n, is_plain);
	} else if (col->transform == TRANSFORM_CTX) {
		struct chunk_context ctx;
		chunk_context_of(k, c, columns, &ctx);
		entry->ctx_col = ctx.ctx_col;
		entry->len_col = ctx.len_col;
		entry->shift = ctx.shift;
		transform_ctx(enc->values, n, &ctx);
	}

	entry->pack = col->pack;
	size_t segment_bytes = n;
	if (col->pack == PACK_VARINT) {
		entry->nsegments = 1;
		segment_bytes = pack_varint(enc->packed, enc->values, n);
	} else {
		entry->nsegments = (uint16_t)pack_planes(enc->packed, enc->values, n);
	}
	return put_segments(enc, dst, entry->nsegments, segment_bytes, level);
}

static void put_entry(uint8_t *p, const struct chunk_entry *entry)
{
	memset(p, 0, CHUNK_ENTRY_BYTES);
	le16_put(p + ENTRY_COL_ID, entry->col_id);
	p[ENTRY_TRANSFORM] = entry->transform;
	p[ENTRY_PACK] = entry->pack;
	p[ENTRY_WIDTH] = entry->width;
	p[ENTRY_SHIFT] = entry->shift;
	le16_put(p + ENTRY_CTX_COL, entry->ctx_col);
	le16_put(p + ENTRY_LEN_COL, entry->len_col);
	le16_put(p + ENTRY_NSEGMENTS, entry->nsegments);
	le32_put(p + ENTRY_OFFSET, entry->offset);
	le32_put(p + ENTRY_STORED, entry->stored_bytes);
	le64_put(p + ENTRY_XXH3, entry->xxh3);
}

static void put_header(uint8_t *blob, const struct kind *k, uint32_t n,
		       const struct chunk_summary *s)
{
	const size_t header_bytes = CHUNK_HEADER_BYTES + k->ncolumns * CHUNK_ENTRY_BYTES;
	memset(blob, 0, CHUNK_HEADER_BYTES);
	memcpy(blob, CHUNK_MAGIC, 4);
	blob[HEADER_VERSION] = CHUNK_VERSION;
	blob[HEADER_FLAGS] = s->is_monotone ? CHUNK_FLAG_MONOTONE : 0;
	le16_put(blob + HEADER_NCOLUMNS, (uint16_t)k->ncolumns);
	le32_put(blob + HEADER_ROWS, n);
	le32_put(blob + HEADER_BYTES_AT, (uint32_t)header_bytes);
	le64_put(blob + HEADER_FIRST_NS, s->first_ns);
	le64_put(blob + HEADER_LAST_NS, s->last_ns);
	le32_put(blob + HEADER_SCHEMA, k->schema_id);
	le64_put(blob + HEADER_XXH3, chunk_header_hash(blob, header_bytes));
}

static void summarise_pages(const struct kind *k, uint32_t n, const void *const *columns,
			    struct chunk_summary *s)
{
	if (k->pfn < 0)
		return;

	const uint64_t *pfn = columns[k->pfn];
	const uint32_t *npages = k->npages >= 0 ? columns[k->npages] : NULL;
	const bool is_nullable = k->columns[k->pfn].is_nullable;
	for (uint32_t i = 0; i < n; i++) {
		if (is_nullable && pfn[i] == UINT64_MAX)
			continue;
		const uint64_t pages = npages ? npages[i] : 1;
		uint64_t last;
		if (__builtin_add_overflow(pfn[i], pages ? pages - 1 : 0, &last))
			last = UINT64_MAX;
		s->pfn_first = pfn[i] < s->pfn_first ? pfn[i] : s->pfn_first;
		s->pfn_last = last > s->pfn_last ? last : s->pfn_last;
		s->pages += pages;
	}
}

static void summarise(const struct kind *k, uint32_t n, const void *const *columns,
		      struct chunk_summary *s)
{
	const uint64_t *ts = columns[0];
	*s = (struct chunk_summary){
		.first_ns = ts[0], .last_ns = ts[0], .pfn_first = UINT64_MAX, .is_monotone = true
	};

	bool is_backwards = false;
	for (uint32_t i = 1; i < n; i++) {
		is_backwards |= ts[i] < ts[i - 1];
		s->first_ns = ts[i] < s->first_ns ? ts[i] : s->first_ns;
		s->last_ns = ts[i] > s->last_ns ? ts[i] : s->last_ns;
	}
	s->is_monotone = !is_backwards;

	if (k->dev >= 0) {
		const uint16_t *dev = columns[k->dev];
		for (uint32_t i = 0; i < n; i++)
			s->dev_mask |= UINT64_C(1) << (dev[i] & 63);
	}
	summarise_pages(k, n, columns, s);
	if (k->bytes >= 0 && k->columns[k->bytes].width_bytes == 8) {
		const uint64_t *bytes = columns[k->bytes];
		for (uint32_t i = 0; i < n; i++)
			if (bytes[i] != UINT64_MAX &&
			    __builtin_add_overflow(s->bytes, bytes[i], &s->bytes))
				s->bytes = INT64_MAX;
	}
}

int chunk_encode(struct chunk_encoder *enc, const struct kind *k, uint32_t n,
		 const void *const *columns, int zstd_level, struct chunk_summary *summary_out,
		 const void **blob_out, size_t *blob_bytes_out, struct err *e)
{
	if (!n || n > CHUNK_ROWS_MAX)
		return err_set(e, ERR_BUG, "a chunk of %u rows", n);

	const int rc = reserve(enc, k, n, e);
	if (rc)
		return rc;
	summarise(k, n, columns, summary_out);

	size_t at = CHUNK_HEADER_BYTES + k->ncolumns * CHUNK_ENTRY_BYTES;
	for (unsigned c = 0; c < k->ncolumns; c++) {
		struct chunk_entry entry;
		const size_t stored = encode_column(enc, k, c, n, columns, summary_out->is_monotone,
						    zstd_level, enc->blob + at, &entry);
		entry.offset = (uint32_t)at;
		entry.stored_bytes = (uint32_t)stored;
		entry.xxh3 = XXH3_64bits(enc->blob + at, stored);
		put_entry(enc->blob + CHUNK_HEADER_BYTES + c * CHUNK_ENTRY_BYTES, &entry);
		at += stored;
	}
	put_header(enc->blob, k, n, summary_out);
	*blob_out = enc->blob;
	*blob_bytes_out = at;
	return 0;
}
