// SPDX-License-Identifier: MIT
/*
 * The records of one CPU: pages are read a few at a time, or a compressed
 * chunk at a time, and one page beyond the current one is kept in sight. Pages
 * carry their own time, so a damaged page is left out and the next one goes
 * on; a stamp that lies beyond that of the page behind it is damage too, since
 * believing it would push all later records of the file into the future.
 */
#include "collect/tracedat-impl.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_AHEAD_BYTES = 1 << 16,
	CHUNK_HEADER_BYTES = 8, /* u32 packed size, u32 plain size */
	CHUNK_PLAIN_MAX = 1 << 24,
	PACKED_PAGE_BYTES =
		4, /* that even an almost empty page takes: what claims less is a bomb */
	/* nested writers may stamp slightly out of order; in units of the file's clock */
	STAMP_SLACK = 1000000,
};

/* Room for n bytes in s->buf, within what all CPUs may take. */
static int reserve(struct tracedat *t, struct tracedat_cpu *s, size_t n, struct err *e)
{
	if (n <= s->buf_cap)
		return 0;
	if (n - s->buf_cap > t->buffer_budget)
		return ERR_FORMAT;

	uint8_t *p = realloc(s->buf, n);
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory for %zu bytes of trace pages", n);
	t->buffer_budget -= n - s->buf_cap;
	s->buf = p;
	s->buf_cap = (uint32_t)n;
	return 0;
}

static int read_packed(struct tracedat *t, uint32_t n, uint64_t offset, struct err *e)
{
	if (n > t->packed_cap) {
		uint8_t *p = realloc(t->packed, n);
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for a chunk of %u bytes", n);
		t->packed = p;
		t->packed_cap = n;
	}
	return input_pread(t->in, t->packed, n, offset, e);
}

static int load_pages(struct tracedat *t, struct tracedat_cpu *s, struct err *e)
{
	uint64_t want = s->page_bytes > READ_AHEAD_BYTES
				? s->page_bytes
				: READ_AHEAD_BYTES / s->page_bytes * s->page_bytes;
	if (want > s->end - s->pos)
		want = s->end - s->pos;
	int rc = reserve(t, s, s->buf_len + (size_t)want, e);
	if (rc == ERR_FORMAT) {
		tracedat_damage(t, s->pos, "cpu %u: too many CPUs for a file of this size", s->cpu);
		s->pos = s->end;
		return 0;
	}
	if (!rc)
		rc = input_pread(t->in, s->buf + s->buf_len, (size_t)want, s->pos, e);
	if (rc)
		return rc;
	s->buf_offset = s->pos - s->buf_len;
	s->buf_len += (uint32_t)want;
	s->pos += want;
	return 0;
}

/* Decodes the next chunk; a damaged one is left out. */
static int load_chunk(struct tracedat *t, struct tracedat_cpu *s, struct err *e)
{
	uint8_t head[CHUNK_HEADER_BYTES];
	const uint64_t at = s->pos;
	if (s->end - at < sizeof(head)) {
		tracedat_damage(t, at, "cpu %u: the data end before %u more chunks", s->cpu,
				s->chunks_left);
		s->pos = s->end;
		return 0;
	}
	int rc = input_pread(t->in, head, sizeof(head), at, e);
	if (rc)
		return rc;

	const uint32_t packed = le32_get(head), plain = le32_get(head + 4);
	const uint64_t body = at + sizeof(head);
	s->chunks_left--;
	if (packed > s->end - body || plain > CHUNK_PLAIN_MAX || !packed || !plain ||
	    plain / s->page_bytes > packed / PACKED_PAGE_BYTES) {
		tracedat_damage(t, at,
				"cpu %u: a chunk of %u bytes for %u does not fit, %u chunks lost",
				s->cpu, packed, plain, s->chunks_left + 1);
		s->pos = s->end;
		return 0;
	}
	s->pos = body + packed;
	rc = reserve(t, s, s->buf_len + (size_t)plain, e);
	if (!rc)
		rc = read_packed(t, packed, body, e);
	if (rc && rc != ERR_FORMAT)
		return rc;
	const size_t got =
		rc ? 0
		   : ZSTD_decompressDCtx(t->zstd, s->buf + s->buf_len, plain, t->packed, packed);
	if (rc || ZSTD_isError(got) || got != plain) {
		tracedat_damage(t, at, "cpu %u: chunk of %u bytes: %s", s->cpu, packed,
				rc                  ? "too large for a file of this size"
				: ZSTD_isError(got) ? ZSTD_getErrorName(got)
						    : "shorter than it says");
		return 0;
	}
	s->buf_offset = at;
	s->buf_len += plain;
	return 0;
}

/* Tries to have two pages behind buf_pos: the next one and the one after it. */
static int fill(struct tracedat *t, struct tracedat_cpu *s, struct err *e)
{
	while (s->buf_len - s->buf_pos < 2 * s->page_bytes && s->pos < s->end) {
		if (s->is_compressed && !s->chunks_left) {
			s->pos = s->end;
			break;
		}
		s->buf_len -= s->buf_pos;
		if (s->buf_len && s->buf_pos)
			memmove(s->buf, s->buf + s->buf_pos, s->buf_len);
		s->buf_pos = 0;
		const int rc = s->is_compressed ? load_chunk(t, s, e) : load_pages(t, s, e);
		if (rc)
			return rc;
	}
	return 0;
}

static void tell_missed(struct tracedat *t, struct tracedat_cpu *s)
{
	s->report->missed += s->page.missed ? s->page.missed : 1;
	t->h.missed(t->h.ctx, s->cpu, s->has_last ? s->last : s->page.ts, s->page.ts,
		    s->page.missed);
}

/*
 * Opens the page at p, of which avail bytes are there; the stamp of the page
 * behind it is next (has_next). False: left out, and the reason was told.
 */
static bool open_page(struct tracedat *t, struct tracedat_cpu *s, const uint8_t *p, size_t avail,
		      bool has_next, uint64_t next)
{
	s->page_is_cut = avail < s->page_bytes;
	if (!ringbuf_page_open(&t->layout, p, s->page_bytes, avail, &s->page)) {
		tracedat_damage(t, s->page_offset,
				"cpu %u: a page says that it holds more than "
				"its %u bytes",
				s->cpu, s->page_bytes);
		return false;
	}
	if (s->page.pos == s->page.end && !s->page.has_missed)
		return false; /* an empty page carries no time either */
	const uint64_t ts = s->page.ts;
	if (s->has_last && s->last > STAMP_SLACK && ts < s->last - STAMP_SLACK) {
		tracedat_damage(t, s->page_offset,
				"cpu %u: a page's time %" PRIu64 " lies before %" PRIu64, s->cpu,
				ts, s->last);
		return false;
	}
	s->limit = UINT64_MAX;
	if (has_next && (!s->has_last || next >= s->last) && next < UINT64_MAX - STAMP_SLACK) {
		if (ts > next + STAMP_SLACK) {
			tracedat_damage(t, s->page_offset,
					"cpu %u: a page's time %" PRIu64 " lies behind %" PRIu64
					" of the next",
					s->cpu, ts, next);
			return false;
		}
		s->limit = next + STAMP_SLACK;
	}
	if (s->page.has_missed)
		tell_missed(t, s);
	return true;
}

/* 1 when s->page is open, 0 at the end. */
static int next_page(struct tracedat *t, struct tracedat_cpu *s, struct err *e)
{
	for (;;) {
		const int rc = fill(t, s, e);
		if (rc)
			return rc;
		const uint32_t left = s->buf_len - s->buf_pos;
		if (left <= t->layout.data_offset) {
			s->buf_pos = s->buf_len;
			return 0;
		}

		const uint8_t *p = s->buf + s->buf_pos, *behind = p + s->page_bytes;
		const uint32_t avail = left < s->page_bytes ? left : s->page_bytes;
		bool has_next = left > s->page_bytes &&
				left - s->page_bytes > t->layout.data_offset;
		if (has_next) /* an empty page has no time */
			has_next = ringbuf_page_stamp(&t->layout, behind) != 0;
		s->page_offset = s->is_compressed ? s->buf_offset : s->buf_offset + s->buf_pos;
		s->buf_pos += avail;
		if (open_page(t, s, p, avail, has_next,
			      has_next ? ringbuf_page_stamp(&t->layout, behind) : 0))
			return 1;
	}
}

int tracedat_cpu_advance(struct tracedat *t, struct tracedat_cpu *s, struct err *e)
{
	for (;;) {
		const int rc = ringbuf_page_next(&s->page, &s->rec);
		if (rc == 1 && s->rec.ts <= s->limit) {
			if (s->rec.ts < s->last) {
				s->rec.ts = s->last;
				s->report->backwards++;
			}
			s->last = s->rec.ts;
			s->has_last = true;
			s->report->records++;
			return 1;
		}
		if (rc == 1)
			tracedat_damage(t, s->page_offset,
					"cpu %u: a record's time %" PRIu64
					" lies behind the next page, rest of the page left out",
					s->cpu, s->rec.ts);
		else if (rc < 0 && !s->page_is_cut)
			tracedat_damage(t, s->page_offset,
					"cpu %u: a record at byte %u of the page "
					"does not fit, rest of the page left out",
					s->cpu, s->page.pos);
		const int more = next_page(t, s, e);
		if (more <= 0)
			return more;
	}
}

uint64_t tracedat_chunks_end(struct tracedat *t, uint64_t offset, uint64_t limit)
{
	uint8_t head[CHUNK_HEADER_BYTES];
	uint64_t pos = offset + 4;
	if (limit < 4 || offset > limit - 4 || input_pread(t->in, head, 4, offset, NULL))
		return limit;
	for (uint32_t left = le32_get(head); left; left--) {
		if (pos > limit || limit - pos < sizeof(head) ||
		    input_pread(t->in, head, sizeof(head), pos, NULL))
			return limit;
		pos += sizeof(head) + le32_get(head);
	}
	return pos < limit ? pos : limit;
}
