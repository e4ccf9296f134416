// SPDX-License-Identifier: MIT
/*
 * Chunk decoder. Checks first (header, bounds, checksums of all columns), then
 * decodes only what is asked for, context columns before the columns that
 * need them. A constant column is filled once and recognised on the next
 * chunk, so columns that never vary cost nothing.
 */
#include "store/chunk.h"

#include "base/bytes.h"
#include "store/chunk-layout.h"
#include "store/trace.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>
#include <zstd.h>

enum {
	SLACK_BYTES = 64,
	HUGE_BYTES = 2 << 20,
};

struct column_buffer {
	void *data;
	/* the first constant_rows rows hold this value already */
	uint64_t constant;
	uint32_t constant_rows;
};

struct chunk_decoder {
	ZSTD_DCtx *zstd;
	struct column_buffer columns[KIND_MAX_COLUMNS];
	uint8_t *packed;         /* VARINT_MAX_BYTES a row */
	const struct kind *kind; /* of the buffers */
	uint32_t cap_rows;
	/* all buffers lie in one mapping of huge pages: a page fault costs as much as 100 rows */
	void *map;
	size_t map_bytes;
};

struct chunk_decoder *chunk_decoder_new(void)
{
	struct chunk_decoder *dec = calloc(1, sizeof(*dec));
	if (dec && !(dec->zstd = ZSTD_createDCtx())) {
		free(dec);
		return NULL;
	}
	return dec;
}

void chunk_decoder_free(struct chunk_decoder *dec)
{
	if (!dec)
		return;
	ZSTD_freeDCtx(dec->zstd);
	if (dec->map)
		munmap(dec->map, dec->map_bytes);
	free(dec);
}

static void get_entry(const uint8_t *p, struct chunk_entry *entry)
{
	*entry = (struct chunk_entry){
		.col_id = le16_get(p + ENTRY_COL_ID),
		.transform = p[ENTRY_TRANSFORM],
		.pack = p[ENTRY_PACK],
		.width = p[ENTRY_WIDTH],
		.shift = p[ENTRY_SHIFT],
		.ctx_col = le16_get(p + ENTRY_CTX_COL),
		.len_col = le16_get(p + ENTRY_LEN_COL),
		.nsegments = le16_get(p + ENTRY_NSEGMENTS),
		.offset = le32_get(p + ENTRY_OFFSET),
		.stored_bytes = le32_get(p + ENTRY_STORED),
		.xxh3 = le64_get(p + ENTRY_XXH3),
	};
}

static int check_header(const struct kind *k, const uint8_t *blob, size_t blob_bytes,
			struct chunk_header *h, struct err *e)
{
	if (blob_bytes < CHUNK_HEADER_BYTES || memcmp(blob, CHUNK_MAGIC, 4))
		return err_set(e, ERR_FORMAT, "byte 0: not a chunk (magic PGM1 expected)");
	if (blob[HEADER_VERSION] != CHUNK_VERSION)
		return err_set(e, ERR_FORMAT, "byte 4: chunk version %u, this program reads %d",
			       blob[HEADER_VERSION], CHUNK_VERSION);

	const size_t ncolumns = le16_get(blob + HEADER_NCOLUMNS);
	const size_t header_bytes = CHUNK_HEADER_BYTES + ncolumns * CHUNK_ENTRY_BYTES;
	if (!ncolumns || header_bytes > blob_bytes ||
	    le32_get(blob + HEADER_BYTES_AT) != header_bytes)
		return err_set(e, ERR_FORMAT, "byte 6: %zu columns do not fit %zu bytes", ncolumns,
			       blob_bytes);
	if (le64_get(blob + HEADER_XXH3) != chunk_header_hash(blob, header_bytes))
		return err_set(e, ERR_FORMAT, "byte 40: checksum of the chunk header is wrong");

	*h = (struct chunk_header){
		.n = le32_get(blob + HEADER_ROWS),
		.schema_id = le32_get(blob + HEADER_SCHEMA),
		.first_ns = le64_get(blob + HEADER_FIRST_NS),
		.last_ns = le64_get(blob + HEADER_LAST_NS),
		.is_monotone = blob[HEADER_FLAGS] & CHUNK_FLAG_MONOTONE,
	};
	if (!h->n || h->n > CHUNK_ROWS_MAX)
		return err_set(e, ERR_FORMAT, "byte 8: %u rows, 1 to %d expected", h->n,
			       CHUNK_ROWS_MAX);
	if (k && h->schema_id != k->schema_id)
		return err_set(e, ERR_FORMAT, "byte 32: schema %u, %u (%s) expected", h->schema_id,
			       k->schema_id, k->name);
	return 0;
}

int chunk_check(const struct kind *k, const void *blob_, size_t blob_bytes,
		struct chunk_header *header_out, struct err *e)
{
	const uint8_t *blob = blob_;
	const int rc = check_header(k, blob, blob_bytes, header_out, e);
	if (rc)
		return rc;

	/* columns lie one after the other up to the end: no byte is left unchecked */
	const size_t ncolumns = le16_get(blob + HEADER_NCOLUMNS);
	size_t at = CHUNK_HEADER_BYTES + ncolumns * CHUNK_ENTRY_BYTES;
	for (size_t i = 0; i < ncolumns; i++) {
		struct chunk_entry entry;
		get_entry(blob + CHUNK_HEADER_BYTES + i * CHUNK_ENTRY_BYTES, &entry);
		if (entry.offset != at || entry.stored_bytes > blob_bytes - at)
			return err_set(e, ERR_FORMAT,
				       "column %u at byte %u with %u bytes leaves its place",
				       entry.col_id, entry.offset, entry.stored_bytes);
		if (XXH3_64bits(blob + at, entry.stored_bytes) != entry.xxh3)
			return err_set(
				e, ERR_FORMAT, "byte %zu: checksum of column %s is wrong", at,
				k && entry.col_id < k->ncolumns ? k->columns[entry.col_id].name
								: "?");
		at += entry.stored_bytes;
	}
	if (at != blob_bytes)
		return err_set(e, ERR_FORMAT, "byte %zu: %zu bytes after the last column", at,
			       blob_bytes - at);
	return 0;
}

/* ---- one column ---- */

static size_t buffer_bytes(size_t bytes)
{
	return (bytes + SLACK_BYTES + 63) & ~(size_t)63;
}

static uint8_t *cut(uint8_t **at, size_t bytes)
{
	uint8_t *buffer = *at;
	*at += buffer_bytes(bytes);
	return buffer;
}

/* Buffers for n rows of a kind; they stay as long as kind and size do. */
static int reserve(struct chunk_decoder *dec, const struct kind *k, uint32_t n, struct err *e)
{
	if (dec->kind == k && n <= dec->cap_rows)
		return 0;

	size_t bytes = buffer_bytes((size_t)VARINT_MAX_BYTES * n) + HUGE_BYTES;
	for (unsigned c = 0; c < k->ncolumns; c++)
		bytes += buffer_bytes((size_t)n * k->columns[c].width_bytes);
	if (dec->map)
		munmap(dec->map, dec->map_bytes);
	dec->kind = NULL;
	dec->map_bytes = bytes;
	dec->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dec->map == MAP_FAILED) {
		dec->map = NULL;
		return err_set(e, ERR_NOMEM, "out of memory for a chunk of %u rows", n);
	}

	uint8_t *at =
		(uint8_t *)(((uintptr_t)dec->map + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1));
	if (bytes >= 2 * HUGE_BYTES)
		madvise(at, bytes - HUGE_BYTES, MADV_HUGEPAGE); /* advice: may fail */
	dec->packed = cut(&at, (size_t)VARINT_MAX_BYTES * n);
	for (unsigned c = 0; c < k->ncolumns; c++)
		dec->columns[c] = (struct column_buffer){
			.data = cut(&at, (size_t)n * k->columns[c].width_bytes)
		};
	dec->kind = k;
	dec->cap_rows = n;
	return 0;
}

static void fill_constant(struct column_buffer *buf, unsigned width, uint32_t n, uint64_t value)
{
	if (buf->constant_rows >= n && buf->constant == value)
		return;

	switch (width) {
	case 1:
		memset(buf->data, (int)(value & 0xff), n);
		break;
	case 2:
		for (uint32_t i = 0; i < n; i++)
			((uint16_t *)buf->data)[i] = (uint16_t)value;
		break;
	case 4:
		for (uint32_t i = 0; i < n; i++)
			((uint32_t *)buf->data)[i] = (uint32_t)value;
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			((uint64_t *)buf->data)[i] = value;
	}
	buf->constant = value;
	buf->constant_rows = n;
}

/*
 * One segment's bytes: decompressed into dst, or in place where it is stored
 * raw. *src and *left advance.
 */
static int get_segment(struct chunk_decoder *dec, const uint8_t *table, const uint8_t **src,
		       size_t *left, uint8_t *dst, size_t packed_max, const uint8_t **bytes_out,
		       size_t *n_out, struct err *e)
{
	const size_t packed = le32_get(table), stored = le32_get(table + 4);
	if (packed > packed_max || stored > packed || stored > *left)
		return err_set(e, ERR_FORMAT, "a segment of %zu bytes from %zu does not fit",
			       packed, stored);
	if (stored == packed) {
		*bytes_out = *src;
	} else {
		const size_t got = ZSTD_decompressDCtx(dec->zstd, dst, packed, *src, stored);
		if (ZSTD_isError(got) || got != packed)
			return err_set(e, ERR_FORMAT, "a segment does not decompress to %zu bytes",
				       packed);
		*bytes_out = dst;
	}
	*src += stored;
	*left -= stored;
	*n_out = packed;
	return 0;
}

/* How the values of a column become rows: the inverse of the transform. */
struct restore {
	unsigned transform;
	uint32_t rows; /* how many are wanted, from the first */
	uint64_t prev;
	struct chunk_context ctx;
	uint64_t expected[CONTEXTS];
};

static void restore_ctx(struct restore *r, uint64_t *v, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t *slot = &r->expected[chunk_context_slot(&r->ctx, first + i)];
		v[i] = *slot + unzigzag(v[i]);
		*slot = v[i] + chunk_context_length(&r->ctx, first + i);
	}
}

/* Rows first .. first+n of the column, in place. */
static void restore_values(struct restore *r, uint64_t *v, size_t first, size_t n)
{
	uint64_t prev = r->prev;
	switch (r->transform) {
	case TRANSFORM_DELTA:
		for (size_t i = 0; i < n; i++)
			v[i] = prev += unzigzag(v[i]);
		break;
	case TRANSFORM_DELTA_PLAIN:
		for (size_t i = 0; i < n; i++)
			v[i] = prev += v[i];
		break;
	case TRANSFORM_CTX:
		restore_ctx(r, v, first, n);
		break;
	default:
		break;
	}
	r->prev = prev;
}

static void narrow(void *column, unsigned width, size_t first, const uint64_t *v, size_t n)
{
	switch (width) {
	case 1:
		for (size_t i = 0; i < n; i++)
			((uint8_t *)column)[first + i] = (uint8_t)v[i];
		break;
	case 2:
		for (size_t i = 0; i < n; i++)
			((uint16_t *)column)[first + i] = (uint16_t)v[i];
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			((uint32_t *)column)[first + i] = (uint32_t)v[i];
		break;
	default:
		memcpy((uint64_t *)column + first, v, n * sizeof(*v));
	}
}

/* ---- unpacking: a block of values at a time, which stays in the L1 cache ---- */

enum { BLOCK_ROWS = 1024 };

/*
 * LEB128 of a value whose bytes p[0..9] may be read. Up to eight bytes are
 * taken at once and closed up without a branch: lengths are hard to predict.
 */
static inline const uint8_t *take_varint(const uint8_t *p, uint64_t *out)
{
	const uint64_t w = le64_get(p), stops = ~w & UINT64_C(0x8080808080808080);

	if (__builtin_expect(stops != 0, 1)) {
		uint64_t v = w & (stops ^ (stops - 1)) & UINT64_C(0x7f7f7f7f7f7f7f7f);
		v = (v & UINT64_C(0x007f007f007f007f)) | (v & UINT64_C(0x7f007f007f007f00)) >> 1;
		v = (v & UINT64_C(0x00003fff00003fff)) | (v & UINT64_C(0x3fff00003fff0000)) >> 2;
		v = (v & UINT64_C(0x000000000fffffff)) | (v & UINT64_C(0x0fffffff00000000)) >> 4;
		*out = v;
		return p + (__builtin_ctzll(stops) >> 3) + 1;
	}

	uint64_t v = 0;
	unsigned shift = 0, i = 0;
	do {
		v |= (uint64_t)(p[i] & 0x7f) << shift;
		shift += 7;
	} while (p[i++] & 0x80 && i < VARINT_MAX_BYTES);
	*out = v;
	return p + i;
}

/* Near the end of the bytes: NULL when they run out. */
static const uint8_t *take_varint_bounded(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
	uint8_t tail[16] = {};
	const size_t left = (size_t)(end - p);

	memcpy(tail, p, left < VARINT_MAX_BYTES ? left : VARINT_MAX_BYTES);
	const size_t used = (size_t)(take_varint(tail, out) - tail);
	return used <= left ? p + used : NULL;
}

static const uint8_t *unpack_varint(const uint8_t *p, const uint8_t *end, uint64_t *v, size_t n)
{
	if ((size_t)(end - p) >= VARINT_MAX_BYTES * n) {
		for (size_t i = 0; i < n; i++)
			p = take_varint(p, &v[i]);
		return p;
	}
	for (size_t i = 0; i < n && p; i++)
		p = end - p > VARINT_MAX_BYTES ? take_varint(p, &v[i])
					       : take_varint_bounded(p, end, &v[i]);
	return p;
}

static int decode_varint(struct chunk_decoder *dec, const uint8_t *src, size_t left, uint32_t n,
			 unsigned width, struct restore *r, struct column_buffer *buf,
			 struct err *e)
{
	const uint8_t *table = src, *p = NULL;
	size_t bytes = 0;
	src += SEGMENT_BYTES;
	left -= SEGMENT_BYTES;
	const int rc = get_segment(dec, table, &src, &left, dec->packed,
				   (size_t)VARINT_MAX_BYTES * n, &p, &bytes, e);
	if (rc)
		return rc;

	const uint8_t *end = p + bytes;
	for (size_t at = 0; at < r->rows && p; at += BLOCK_ROWS) {
		uint64_t v[BLOCK_ROWS];
		const size_t m = r->rows - at < BLOCK_ROWS ? r->rows - at : BLOCK_ROWS;
		p = unpack_varint(p, end, v, m);
		if (!p)
			break;
		restore_values(r, v, at, m);
		narrow(buf->data, width, at, v, m);
	}
	if (!p || left || (r->rows == n && p != end))
		return err_set(e, ERR_FORMAT, "the numbers of a column end at the wrong byte");
	return 0;
}

static void unpack_planes(const uint8_t *const *plane, unsigned nplanes, size_t first,
			  uint64_t *restrict v, size_t n)
{
	const uint8_t *restrict p = plane[0] + first;
	for (size_t i = 0; i < n; i++)
		v[i] = p[i];
	for (unsigned j = 1; j < nplanes; j++) {
		p = plane[j] + first;
		for (size_t i = 0; i < n; i++)
			v[i] |= (uint64_t)p[i] << (8 * j);
	}
}

static int decode_planes(struct chunk_decoder *dec, const uint8_t *src, size_t left, uint32_t n,
			 unsigned nplanes, unsigned width, struct restore *r,
			 struct column_buffer *buf, struct err *e)
{
	const uint8_t *plane[SEGMENTS_MAX], *table = src;
	src += nplanes * SEGMENT_BYTES;
	left -= nplanes * SEGMENT_BYTES;
	int rc = 0;
	for (unsigned j = 0; !rc && j < nplanes; j++) {
		size_t bytes = 0;
		rc = get_segment(dec, table + j * SEGMENT_BYTES, &src, &left,
				 dec->packed + (size_t)j * n, n, &plane[j], &bytes, e);
		if (!rc && bytes != n)
			rc = err_set(e, ERR_FORMAT, "a byte plane of %zu rows, %u expected", bytes,
				     n);
	}
	if (rc)
		return rc;
	if (left)
		return err_set(e, ERR_FORMAT, "%zu bytes after the last byte plane", left);

	if (nplanes == 1 && width == 1 && r->transform == TRANSFORM_NONE) {
		memcpy(buf->data, plane[0], n);
		return 0;
	}
	for (size_t at = 0; at < r->rows; at += BLOCK_ROWS) {
		uint64_t v[BLOCK_ROWS];
		const size_t m = r->rows - at < BLOCK_ROWS ? r->rows - at : BLOCK_ROWS;
		unpack_planes(plane, nplanes, at, v, m);
		restore_values(r, v, at, m);
		narrow(buf->data, width, at, v, m);
	}
	return 0;
}

static int decode_raw(const uint8_t *src, size_t left, uint32_t n, unsigned width,
		      struct restore *r, struct column_buffer *buf, struct err *e)
{
	if (left != (size_t)n * width)
		return err_set(e, ERR_FORMAT, "a raw column of %zu bytes, %zu expected", left,
			       (size_t)n * width);
	for (uint32_t i = 0; i < r->rows; i++) {
		uint64_t v = 0;
		memcpy(&v, src + (size_t)i * width, width);
		restore_values(r, &v, i, 1);
		narrow(buf->data, width, i, &v, 1);
	}
	return 0;
}

static int decode_column(struct chunk_decoder *dec, const struct chunk_entry *entry,
			 const uint8_t *blob, uint32_t n, struct restore *r,
			 struct column_buffer *buf, struct err *e)
{
	const uint8_t *src = blob + entry->offset;
	const size_t left = entry->stored_bytes;

	if (entry->pack == PACK_CONSTANT) {
		if (left != 8)
			return err_set(e, ERR_FORMAT, "a constant column of %zu bytes", left);
		fill_constant(buf, entry->width, n, le64_get(src));
		return 0;
	}
	buf->constant_rows = 0;
	if (entry->pack == PACK_RAW)
		return decode_raw(src, left, n, entry->width, r, buf, e);
	if (!entry->nsegments || entry->nsegments > SEGMENTS_MAX ||
	    left < (size_t)entry->nsegments * SEGMENT_BYTES)
		return err_set(e, ERR_FORMAT, "%u segments in %zu bytes", entry->nsegments, left);
	if (entry->pack == PACK_VARINT && entry->nsegments == 1)
		return decode_varint(dec, src, left, n, entry->width, r, buf, e);
	if (entry->pack == PACK_PLANES)
		return decode_planes(dec, src, left, n, entry->nsegments, entry->width, r, buf, e);
	return err_set(e, ERR_FORMAT, "unknown packing %u", entry->pack);
}

/* ---- the chunk ---- */

/* The context columns of a CTX entry, which must be decoded already. */
static int set_context(const struct kind *k, const struct chunk_entry *entry, void *const *columns,
		       struct restore *r, struct err *e)
{
	const unsigned dev = entry->ctx_col, len = entry->len_col;
	const bool is_dev_ok =
		dev == CHUNK_NO_COLUMN ||
		(dev < k->ncolumns && k->columns[dev].width_bytes == 2 && columns[dev]);
	const bool is_len_ok =
		len == CHUNK_NO_COLUMN ||
		(len < k->ncolumns && k->columns[len].width_bytes >= 4 && columns[len]);
	if (!is_dev_ok || !is_len_ok || entry->shift > 63)
		return err_set(e, ERR_FORMAT, "column %u: context columns %u and %u do not fit",
			       entry->col_id, dev, len);
	r->ctx = (struct chunk_context){
		.dev = dev == CHUNK_NO_COLUMN ? NULL : columns[dev],
		.len = len == CHUNK_NO_COLUMN ? NULL : columns[len],
		.len_width = len == CHUNK_NO_COLUMN ? 0 : k->columns[len].width_bytes,
		.shift = entry->shift,
	};
	return 0;
}

static int decode_entry(struct chunk_decoder *dec, const struct kind *k,
			const struct chunk_entry *entry, const uint8_t *blob, uint32_t n,
			uint32_t rows, void **columns, struct err *e)
{
	const unsigned c = entry->col_id;
	if (entry->width != k->columns[c].width_bytes)
		return err_set(e, ERR_FORMAT, "column %s: width %u, %u expected",
			       k->columns[c].name, entry->width, k->columns[c].width_bytes);

	struct restore r = { .transform = entry->transform, .rows = rows };
	int rc = 0;
	if (entry->transform > TRANSFORM_DELTA_PLAIN)
		rc = err_set(e, ERR_FORMAT, "column %s: unknown transform %u", k->columns[c].name,
			     entry->transform);
	else if (entry->transform == TRANSFORM_CTX)
		rc = set_context(k, entry, columns, &r, e);
	if (!rc)
		rc = decode_column(dec, entry, blob, n, &r, &dec->columns[c], e);
	if (!rc)
		columns[c] = dec->columns[c].data;
	return rc;
}

/* Entries by column id; unknown ids are skipped (a later writer's columns). */
static uint64_t collect_entries(const struct kind *k, const uint8_t *blob,
				struct chunk_entry *entries)
{
	const size_t ncolumns = le16_get(blob + HEADER_NCOLUMNS);
	uint64_t have = 0;
	for (size_t i = 0; i < ncolumns; i++) {
		struct chunk_entry entry;
		get_entry(blob + CHUNK_HEADER_BYTES + i * CHUNK_ENTRY_BYTES, &entry);
		if (entry.col_id < k->ncolumns && !(have >> entry.col_id & 1)) {
			entries[entry.col_id] = entry;
			have |= UINT64_C(1) << entry.col_id;
		}
	}
	return have;
}

static void fill_missing(struct chunk_decoder *dec, const struct kind *k, unsigned c, uint32_t n,
			 void **columns)
{
	const unsigned width = k->columns[c].width_bytes;

	fill_constant(&dec->columns[c], width, n, k->columns[c].is_nullable ? kind_null(width) : 0);
	columns[c] = dec->columns[c].data;
}

int chunk_decode(struct chunk_decoder *dec, const struct kind *k, const void *blob,
		 size_t blob_bytes, uint64_t mask, uint32_t max_rows,
		 struct chunk_header *header_out, void *columns_out[KIND_MAX_COLUMNS],
		 struct err *e)
{
	int rc = chunk_check(k, blob, blob_bytes, header_out, e);
	if (rc)
		return rc;
	rc = reserve(dec, k, header_out->n, e);
	if (rc)
		return rc;

	struct chunk_entry entries[KIND_MAX_COLUMNS];
	const uint64_t have = collect_entries(k, blob, entries);
	uint64_t first = 0, second = 0;
	for (unsigned c = 0; c < k->ncolumns; c++) {
		if (!(mask >> c & 1))
			continue;
		if (!(have >> c & 1) || entries[c].transform != TRANSFORM_CTX) {
			first |= UINT64_C(1) << c;
			continue;
		}
		second |= UINT64_C(1) << c;
		if (entries[c].ctx_col < k->ncolumns)
			first |= UINT64_C(1) << entries[c].ctx_col;
		if (entries[c].len_col < k->ncolumns)
			first |= UINT64_C(1) << entries[c].len_col;
	}
	first &= ~second;

	const uint32_t n = header_out->n, rows = max_rows < n ? max_rows : n;
	memset(columns_out, 0, KIND_MAX_COLUMNS * sizeof(*columns_out));
	for (int pass = 0; pass < 2; pass++) {
		const uint64_t todo = pass ? second : first;
		for (unsigned c = 0; !rc && c < k->ncolumns; c++) {
			if (!(todo >> c & 1))
				continue;
			if (have >> c & 1)
				rc = decode_entry(dec, k, &entries[c], blob, n, rows, columns_out,
						  e);
			else
				fill_missing(dec, k, c, n, columns_out);
		}
	}
	return rc;
}
