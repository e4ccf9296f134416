// SPDX-License-Identifier: MIT
/*
 * zstd (RFC 8878), gzip (RFC 1952) and xz streams, also several one after
 * another, as `cat a.gz b.gz` gives. Memory is bounded: windows up to 128 MiB,
 * which is what `zstd --long` writes; larger ones are refused by name.
 */
#include "collect/codec.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	ZSTD_WINDOW_LOG = 27,
	ZSTD_HEADER_BYTES = 18,     /* most of a frame header */
	GZIP_WINDOW_BITS = 15 + 16, /* 16: a gzip header, not a zlib one */
};

static const uint64_t XZ_MEMORY_BYTES = UINT64_C(160) << 20;

enum codec_kind { CODEC_ZSTD, CODEC_GZIP, CODEC_XZ };

struct codec {
	enum codec_kind kind;
	bool is_at_boundary;
	bool is_padding; /* gzip: zero bytes after the last member, as tapes leave them */
	ZSTD_DStream *zstd;
	size_t zstd_wants; /* bytes up to the end of the next block, or header */
	z_stream gzip;
	lzma_stream xz;
};

static bool is_zstd(const uint8_t *p, size_t n)
{
	static const uint8_t frame[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const uint8_t skippable[3] = { 0x2a, 0x4d, 0x18 }; /* after 0x50..0x5f */

	return n >= 4 &&
	       (!memcmp(p, frame, 4) || ((p[0] & 0xf0) == 0x50 && !memcmp(p + 1, skippable, 3)));
}

static bool is_gzip(const uint8_t *p, size_t n)
{
	return n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8; /* 8: deflate */
}

static bool is_xz(const uint8_t *p, size_t n)
{
	static const uint8_t magic[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	return n >= 6 && !memcmp(p, magic, 6);
}

static bool start_zstd(struct codec *c)
{
	c->kind = CODEC_ZSTD;
	c->zstd = ZSTD_createDStream();
	c->zstd_wants = ZSTD_HEADER_BYTES;
	return c->zstd &&
	       !ZSTD_isError(ZSTD_DCtx_setParameter(c->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
}

static bool start_gzip(struct codec *c)
{
	c->kind = CODEC_GZIP;
	return inflateInit2(&c->gzip, GZIP_WINDOW_BITS) == Z_OK;
}

static bool start_xz(struct codec *c)
{
	c->kind = CODEC_XZ;
	return lzma_stream_decoder(&c->xz, XZ_MEMORY_BYTES, LZMA_CONCATENATED) == LZMA_OK;
}

int codec_open(const uint8_t *magic, size_t n, struct codec **out, struct err *e)
{
	*out = NULL;
	bool (*start)(struct codec *) = is_zstd(magic, n)   ? start_zstd
					: is_gzip(magic, n) ? start_gzip
					: is_xz(magic, n)   ? start_xz
							    : NULL;
	if (!start)
		return 0;

	struct codec *c = calloc(1, sizeof(*c));
	if (!c || !start(c)) {
		codec_close(c);
		return err_set(e, ERR_NOMEM, "no memory for decompression");
	}
	c->is_at_boundary = true;
	*out = c;
	return 0;
}

void codec_close(struct codec *c)
{
	if (!c)
		return;
	switch (c->kind) {
	case CODEC_ZSTD:
		ZSTD_freeDStream(c->zstd);
		break;
	case CODEC_GZIP:
		inflateEnd(&c->gzip);
		break;
	case CODEC_XZ:
		lzma_end(&c->xz);
		break;
	}
	free(c);
}

/*
 * A block at a time: a call that fails gives nothing of what it decoded before
 * (its out.pos means nothing then), and the good blocks must not be lost.
 */
static const char *step_zstd(struct codec *c, struct codec_span *src, struct codec_span *dst)
{
	ZSTD_inBuffer in = { src->next, src->n < c->zstd_wants ? src->n : c->zstd_wants, 0 };
	ZSTD_outBuffer out = { dst->next, dst->n, 0 };

	const size_t rc = ZSTD_decompressStream(c->zstd, &out, &in);
	if (ZSTD_isError(rc))
		out.pos = 0;
	else
		c->zstd_wants = rc ? rc : ZSTD_HEADER_BYTES;
	const bool moved = in.pos || out.pos;
	src->next += in.pos;
	src->n -= in.pos;
	dst->next += out.pos;
	dst->n -= out.pos;
	if (!ZSTD_isError(rc)) {
		if (moved) /* asked at a boundary with nothing left, it asks for the next header */
			c->is_at_boundary = rc == 0;
		return NULL;
	}
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return "its window is above 128 MiB: decompress the file first (zstd -d --long=31)";
	case ZSTD_error_prefix_unknown:
		return "expected the start of a zstd frame";
	case ZSTD_error_memory_allocation:
		return "out of memory";
	default:
		return ZSTD_getErrorName(rc);
	}
}

static const char *step_padding(struct codec_span *src)
{
	for (; src->n; src->next++, src->n--)
		if (*src->next)
			return "expected the start of a gzip member";
	return NULL;
}

static const char *step_gzip(struct codec *c, struct codec_span *src, struct codec_span *dst)
{
	if (c->is_at_boundary && src->n && !*src->next)
		c->is_padding = true;
	if (c->is_padding)
		return step_padding(src);
	if (!src->n && c->is_at_boundary)
		return NULL;

	c->gzip.next_in = src->next;
	c->gzip.avail_in = (uInt)src->n;
	c->gzip.next_out = dst->next;
	c->gzip.avail_out = (uInt)dst->n;
	const int rc = inflate(&c->gzip, Z_NO_FLUSH);
	src->next = c->gzip.next_in;
	src->n = c->gzip.avail_in;
	dst->next = c->gzip.next_out;
	dst->n = c->gzip.avail_out;

	c->is_at_boundary = rc == Z_STREAM_END;
	switch (rc) {
	case Z_STREAM_END:
		inflateReset(&c->gzip);
		return NULL;
	case Z_OK:
	case Z_BUF_ERROR: /* no progress possible: more input, or more room */
		return NULL;
	case Z_MEM_ERROR:
		return "out of memory";
	default:
		return c->gzip.msg ? c->gzip.msg : "not gzip data";
	}
}

static const char *step_xz(struct codec *c, struct codec_span *src, struct codec_span *dst,
			   bool is_last)
{
	c->xz.next_in = src->next;
	c->xz.avail_in = src->n;
	c->xz.next_out = dst->next;
	c->xz.avail_out = dst->n;
	const lzma_ret rc = lzma_code(&c->xz, is_last ? LZMA_FINISH : LZMA_RUN);
	src->next += src->n - c->xz.avail_in;
	src->n = c->xz.avail_in;
	dst->next = c->xz.next_out;
	dst->n = c->xz.avail_out;

	c->is_at_boundary = rc == LZMA_STREAM_END;
	switch (rc) {
	case LZMA_STREAM_END:
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return NULL;
	case LZMA_MEM_ERROR:
		return "out of memory";
	case LZMA_MEMLIMIT_ERROR:
		return "its dictionary is above 128 MiB: decompress the file first (xz -d)";
	case LZMA_FORMAT_ERROR:
		return "expected the start of an xz stream";
	default:
		return "damaged xz data";
	}
}

const char *codec_step(struct codec *c, struct codec_span *src, struct codec_span *dst,
		       bool is_last)
{
	switch (c->kind) {
	case CODEC_ZSTD:
		return step_zstd(c, src, dst);
	case CODEC_GZIP:
		return step_gzip(c, src, dst);
	case CODEC_XZ:
		return step_xz(c, src, dst, is_last);
	}
	return "no such compression";
}

bool codec_is_at_boundary(const struct codec *c)
{
	return c->is_at_boundary;
}

const char *codec_name(const struct codec *c)
{
	static const char *const names[] = { "zstd", "gzip", "xz" };

	return names[c->kind];
}
