// SPDX-License-Identifier: MIT
/*
 * Metadata of a trace.dat as a stream of bytes, plain or zstd. A section's own
 * idea of its size is never allocated: it is decoded through a small window.
 */
#include "collect/tracedat-impl.h"

#include "base/bytes.h"

#include <string.h>

enum {
	COMPRESSION_HEADER_BYTES = 8, /* u32 packed size, u32 plain size */
	WINDOW_LOG_MAX = 23,          /* sections are written in one go: at most their own size */
};

static int ends_early(const struct section *s, struct err *e)
{
	return err_set(e, ERR_FORMAT, "byte %llu: the data end here, more was expected",
		       (unsigned long long)section_offset(s));
}

int section_open(struct section *s, struct input *in, uint64_t begin, uint64_t end, ZSTD_DCtx *zstd,
		 struct err *e)
{
	s->in = in;
	s->begin = s->pos = begin;
	s->end = end;
	s->zstd = NULL;
	s->raw = (ZSTD_inBuffer){ s->buf, 0, 0 };
	if (!zstd)
		return 0;

	uint32_t packed, plain;
	int rc = section_u32(s, &packed, e);
	if (!rc)
		rc = section_u32(s, &plain, e);
	if (rc)
		return rc;
	const uint64_t data = begin + COMPRESSION_HEADER_BYTES;
	s->raw = (ZSTD_inBuffer){ s->buf, 0, 0 };
	s->pos = data;
	if (packed < s->end - data)
		s->end = data + packed;
	s->zstd = zstd;
	s->plain_left = plain;
	ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only);
	if (ZSTD_isError(ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return err_set(e, ERR_BUG, "zstd refuses a window of 8 MiB");
	return 0;
}

uint64_t section_offset(const struct section *s)
{
	return s->pos - (s->raw.size - s->raw.pos);
}

uint64_t section_left(const struct section *s)
{
	return s->zstd ? s->plain_left : s->end - section_offset(s);
}

/* Puts the next bytes of the file into the empty buffer; ERR_FORMAT at the end. */
static int refill(struct section *s, struct err *e)
{
	const uint64_t left = s->end - s->pos;
	const size_t n = left < sizeof(s->buf) ? (size_t)left : sizeof(s->buf);
	if (!n)
		return ends_early(s, e);

	const int rc = input_pread(s->in, s->buf, n, s->pos, e);
	if (rc)
		return rc;
	s->pos += n;
	s->raw = (ZSTD_inBuffer){ s->buf, n, 0 };
	return 0;
}

static int read_plain(struct section *s, uint8_t *dst, size_t n, struct err *e)
{
	while (n) {
		if (s->raw.pos == s->raw.size) {
			const int rc = refill(s, e);
			if (rc)
				return rc;
		}
		size_t take = s->raw.size - s->raw.pos;
		if (take > n)
			take = n;
		memcpy(dst, s->buf + s->raw.pos, take);
		s->raw.pos += take;
		dst += take;
		n -= take;
	}
	return 0;
}

static int read_zstd(struct section *s, uint8_t *dst, size_t n, struct err *e)
{
	if (n > s->plain_left)
		return ends_early(s, e);
	s->plain_left -= n;

	ZSTD_outBuffer out = { dst, n, 0 };
	while (out.pos < out.size) {
		const size_t before = out.pos;
		const size_t rc = ZSTD_decompressStream(s->zstd, &out, &s->raw);
		if (ZSTD_isError(rc))
			return err_set(e, ERR_FORMAT, "byte %llu: zstd: %s",
				       (unsigned long long)s->begin, ZSTD_getErrorName(rc));
		if (out.pos == before && s->raw.pos == s->raw.size) {
			const int io = refill(s, e);
			if (io)
				return io;
		}
	}
	return 0;
}

int section_read(struct section *s, void *dst, size_t n, struct err *e)
{
	return s->zstd ? read_zstd(s, dst, n, e) : read_plain(s, dst, n, e);
}

int section_skip(struct section *s, uint64_t n, struct err *e)
{
	if (n > section_left(s))
		return ends_early(s, e);
	if (!s->zstd) {
		const uint64_t buffered = s->raw.size - s->raw.pos;
		if (n <= buffered) {
			s->raw.pos += (size_t)n;
		} else {
			s->raw.pos = s->raw.size;
			s->pos += n - buffered;
		}
		return 0;
	}
	while (n) {
		uint8_t drop[1024];
		const size_t take = n < sizeof(drop) ? (size_t)n : sizeof(drop);
		const int rc = section_read(s, drop, take, e);
		if (rc)
			return rc;
		n -= take;
	}
	return 0;
}

int section_u16(struct section *s, uint16_t *out, struct err *e)
{
	uint8_t b[2];
	const int rc = section_read(s, b, sizeof(b), e);
	*out = rc ? 0 : le16_get(b);
	return rc;
}

int section_u32(struct section *s, uint32_t *out, struct err *e)
{
	uint8_t b[4];
	const int rc = section_read(s, b, sizeof(b), e);
	*out = rc ? 0 : le32_get(b);
	return rc;
}

int section_u64(struct section *s, uint64_t *out, struct err *e)
{
	uint8_t b[8];
	const int rc = section_read(s, b, sizeof(b), e);
	*out = rc ? 0 : le64_get(b);
	return rc;
}

int section_string(struct section *s, char *dst, size_t cap, struct err *e)
{
	for (size_t i = 0;; i++) {
		char c;
		const int rc = section_read(s, &c, 1, e);
		if (rc)
			return rc;
		if (i < cap)
			dst[i < cap - 1 ? i : cap - 1] = i < cap - 1 ? c : 0;
		if (!c)
			return 0;
	}
}
