// SPDX-License-Identifier: MIT
/*
 * The records of a perf.data one after another: those of the file, and those
 * that come out of COMPRESSED records, which are one zstd stream cut without
 * regard to records. Where a header cannot be one, the next place is looked for
 * at which several records in a row can be, so that a damaged page costs no
 * more than itself; inside a zstd stream nothing can be found again before the
 * next frame.
 */
#include "collect/perfdata-impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	WINDOW_BYTES = 1 << 20,
	LOOKAHEAD_BYTES = 1 << 18, /* CHAIN records */
	PLAIN_BYTES = 1 << 18,
	CHAIN = 4, /* headers in a row that make a place believable */
	ALIGN = 8,
	LARGEST_RATIO = 2048, /* perf reaches 50; what claims more is a bomb */
	HEAD2_BYTES = PERFDATA_HEAD_BYTES + 8,
};

static const uint32_t zstd_frame_magic = 0xfd2fb528;
static const uint64_t plain_budget_least = 64 << 20;

const uint8_t *perfdata_window(struct perfdata *d, uint64_t at, size_t n, struct err *e)
{
	if (at >= d->buf_at && at - d->buf_at <= d->buf_len && d->buf_len - (at - d->buf_at) >= n)
		return d->buf + (at - d->buf_at);
	if (at > d->size || d->size - at < n || n > WINDOW_BYTES) {
		err_set(e, ERR_FORMAT, "byte %" PRIu64 ": the file ends here, %zu bytes expected",
			at, n);
		return NULL;
	}
	if (!d->buf && !(d->buf = malloc(WINDOW_BYTES))) {
		err_set(e, ERR_NOMEM, "no memory to read a perf.data");
		return NULL;
	}
	const uint64_t left = d->size - at;
	d->buf_at = at;
	d->buf_len = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
	const int rc = input_pread(d->in, d->buf, d->buf_len, at, e);
	if (!rc)
		return d->buf;
	d->buf_len = 0;
	if (e)
		e->code = (enum err_code)rc;
	return NULL;
}

/* ---- which bytes can be a record ---- */

static bool is_known_type(uint32_t type)
{
	return (type > 0 && type < RECORD_KERNEL_MOST) ||
	       (type >= RECORD_ATTR && type < RECORD_PERF_MOST);
}

static bool is_header(const uint8_t *p, uint64_t left)
{
	const uint16_t size = le16_get(p + 6);
	return size >= PERFDATA_HEAD_BYTES && size <= left && is_known_type(le32_get(p));
}

/* Several records in a row can begin here; those that are samples are of known events. */
static bool is_chain(struct perfdata *d, uint64_t at, struct err *e)
{
	for (unsigned i = 0; i < CHAIN && at != d->end; i++) {
		if (d->end - at < PERFDATA_HEAD_BYTES)
			return false;
		const uint8_t *p = perfdata_window(d, at, PERFDATA_HEAD_BYTES, e);
		if (!p || !is_header(p, d->end - at))
			return false;
		const uint16_t size = le16_get(p + 6);
		if (le32_get(p) == RECORD_SAMPLE) {
			p = perfdata_window(d, at, size, e);
			if (!p || !perfdata_is_sample(d, p, size))
				return false;
		}
		at += size;
	}
	return true;
}

/* Moves d->pos to the next believable place, or to the end. */
static int find_records(struct perfdata *d, struct err *e)
{
	const uint64_t from = d->pos;
	const uint64_t step = d->is_unaligned ? 1 : ALIGN;
	struct err why = {};
	for (d->pos += step; d->pos < d->end; d->pos += step) {
		if (d->end - d->pos < PERFDATA_HEAD_BYTES) {
			d->pos = d->end;
			break;
		}
		/* as far as a chain may reach, so that the window is not moved to and fro */
		const uint64_t left = d->size - d->pos;
		if (!perfdata_window(d, d->pos,
				     left < LOOKAHEAD_BYTES ? (size_t)left : LOOKAHEAD_BYTES, e))
			return e->code;
		if (is_chain(d, d->pos, &why))
			break;
		if (why.code && why.code != ERR_FORMAT)
			return err_set(e, why.code, "%s", why.msg);
	}
	if (d->pos > d->end)
		d->pos = d->end;
	d->info.skipped += d->pos - from;
	perfdata_damage(d, from, "no record of perf begins here: %" PRIu64 " bytes left out",
			d->pos - from);
	return 0;
}

/* ---- compressed ones ---- */

static void lose_frame(struct perfdata *d, const char *why)
{
	perfdata_damage(d, d->packed_at,
			"compressed records: %s: all up to the next frame are lost", why);
	d->is_zstd_lost = true;
	d->packed.pos = d->packed.size;
	d->plain_pos = d->plain_len = 0;
}

/* Takes the body of a COMPRESSED record; it stays in the window until it is used up. */
static int take_packed(struct perfdata *d, const struct perfdata_record *r, struct err *e)
{
	size_t head = PERFDATA_HEAD_BYTES, n = (size_t)r->size - head;
	if (r->type == RECORD_COMPRESSED2) {
		if (r->size < HEAD2_BYTES || le64_get(r->p + 8) > (uint64_t)r->size - HEAD2_BYTES) {
			perfdata_damage(d, r->at, "a compressed record of %u bytes claims more",
					r->size);
			return 0;
		}
		head = HEAD2_BYTES;
		n = (size_t)le64_get(r->p + 8);
	} else if (r->size % ALIGN) {
		d->is_unaligned = true;
	}
	if (!d->zstd) {
		d->zstd = ZSTD_createDCtx();
		d->plain = malloc(PLAIN_BYTES);
		d->plain_budget = d->size * LARGEST_RATIO;
		if (d->plain_budget < plain_budget_least)
			d->plain_budget = plain_budget_least;
		if (!d->zstd || !d->plain)
			return err_set(e, ERR_NOMEM, "no memory to decompress a perf.data");
	}
	d->info.has_compressed = true;
	d->packed = (ZSTD_inBuffer){ r->p + head, n, 0 };
	d->packed_at = r->at;
	if (d->is_zstd_lost && n >= 4 && le32_get(r->p + head) == zstd_frame_magic) {
		ZSTD_DCtx_reset(d->zstd, ZSTD_reset_session_only);
		d->is_zstd_lost = false;
	} else if (d->is_zstd_lost) {
		d->packed.pos = n;
		d->info.skipped += n;
	}
	return 0;
}

/* More plain bytes behind those that are left; false when the record at hand gives no more. */
static bool unpack(struct perfdata *d)
{
	if (d->is_zstd_lost)
		return false;
	d->plain_len -= d->plain_pos;
	if (d->plain_pos && d->plain_len)
		memmove(d->plain, d->plain + d->plain_pos, d->plain_len);
	d->plain_pos = 0;
	ZSTD_outBuffer out = { d->plain, PLAIN_BYTES, d->plain_len };
	const size_t rc = ZSTD_decompressStream(d->zstd, &out, &d->packed);
	const size_t got = out.pos - d->plain_len;
	if (ZSTD_isError(rc)) {
		lose_frame(d, ZSTD_getErrorName(rc));
		return false;
	}
	d->plain_len = out.pos;
	if (got > d->plain_budget) {
		lose_frame(d, "they unpack to far more than perf ever packs");
		return false;
	}
	d->plain_budget -= got;
	return got != 0;
}

/* 1 and a record out of what was compressed; 0 when there is none left. */
static int next_plain(struct perfdata *d, struct perfdata_record *out)
{
	for (;;) {
		const size_t left = d->plain_len - d->plain_pos;
		const uint8_t *p = d->plain + d->plain_pos;
		if (left >= PERFDATA_HEAD_BYTES) {
			const uint16_t size = le16_get(p + 6);
			if (!is_header(p, UINT64_MAX) || le32_get(p) == RECORD_COMPRESSED ||
			    le32_get(p) == RECORD_COMPRESSED2) {
				lose_frame(d, "no record of perf is in them");
				return 0;
			}
			if (size <= left) {
				*out = (struct perfdata_record){ le32_get(p), le16_get(p + 4), size,
								 p, d->packed_at };
				d->plain_pos += size;
				return 1;
			}
		}
		/* all input taken may still mean that zstd holds back output */
		if (!unpack(d))
			return 0;
	}
}

/* ---- of the file ---- */

/* AUX data, which we do not read, follow their record. */
static void skip_auxtrace(struct perfdata *d, const struct perfdata_record *r)
{
	uint64_t n = r->size >= PERFDATA_HEAD_BYTES + 8 ? le64_get(r->p + 8) : 0;
	if (n > d->end - d->pos) {
		perfdata_damage(d, r->at,
				"AUX data of %" PRIu64 " bytes, the records end after %" PRIu64, n,
				d->end - d->pos);
		n = d->end - d->pos;
	}
	d->pos += n;
}

/* 1 and a record of the file, 0 at the end. */
static int next_outer(struct perfdata *d, struct perfdata_record *out, struct err *e)
{
	for (;;) {
		const uint64_t left = d->end - d->pos;
		if (!left)
			return 0;
		const uint8_t *p = left < PERFDATA_HEAD_BYTES
					   ? NULL
					   : perfdata_window(d, d->pos, PERFDATA_HEAD_BYTES, e);
		if (left >= PERFDATA_HEAD_BYTES && !p)
			return e->code;
		const uint16_t size = p ? le16_get(p + 6) : 0;
		if (!p || (is_header(p, UINT64_MAX) && size > left && left < PERFDATA_RECORD_MAX)) {
			perfdata_damage(d, d->pos,
					"the records end inside of one: %" PRIu64
					" bytes of it are here",
					left);
			d->info.skipped += left;
			d->pos = d->end;
			return 0;
		}
		if (!is_header(p, left)) {
			const int rc = find_records(d, e);
			if (rc)
				return rc;
			continue;
		}
		p = perfdata_window(d, d->pos, size, e);
		if (!p)
			return e->code;
		*out = (struct perfdata_record){ le32_get(p), le16_get(p + 4), size, p, d->pos };
		d->pos += size;
		return 1;
	}
}

int perfdata_next_record(struct perfdata *d, struct perfdata_record *out, struct err *e)
{
	struct err local = {};
	if (!e)
		e = &local;
	for (;;) {
		if (d->plain && next_plain(d, out))
			return 1;
		const int rc = next_outer(d, out, e);
		if (!rc && d->plain_len > d->plain_pos)
			lose_frame(d, "the last one is cut short");
		if (rc != 1)
			return rc;
		if (out->type == RECORD_AUXTRACE) {
			skip_auxtrace(d, out);
			continue;
		}
		if (out->type != RECORD_COMPRESSED && out->type != RECORD_COMPRESSED2)
			return 1;
		const int packed = take_packed(d, out, e);
		if (packed)
			return packed;
	}
}
