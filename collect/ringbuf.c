// SPDX-License-Identifier: MIT
/*
 * Walker for pages of the kernel's trace ring buffer. A record's time is the
 * page's time plus all deltas in front of it, those of discarded records too,
 * which is how trace-cmd reads them. Leaves out: big-endian bit fields.
 */
#include "collect/ringbuf.h"

#include "base/bytes.h"

enum {
	TYPE_LEN_BITS = 5,
	DELTA_BITS = 27,
	TYPE_DATA_LONG = 0, /* the length is in the next word */
	TYPE_PADDING = 29,
	TYPE_TIME_EXTEND = 30,
	TYPE_TIME_STAMP = 31,
	WORD_BYTES = 4,
};

static const uint64_t commit_mask = (UINT64_C(1) << 27) - 1;
static const uint64_t missed_flag = UINT64_C(1) << 31;   /* records were lost before the page */
static const uint64_t missed_stored = UINT64_C(1) << 30; /* and their number is behind the data */
static const uint64_t stamp_bits_mask = UINT64_C(0xf8) << 56; /* what an absolute stamp lacks */

int ringbuf_layout_parse(const char *text, size_t n, struct ringbuf_layout *out, struct err *e)
{
	struct evformat f;
	const int rc = evformat_parse(text, n, &f, e);
	if (rc)
		return rc;

	const struct evfield *stamp = evformat_find(&f, "timestamp");
	const struct evfield *commit = evformat_find(&f, "commit");
	const struct evfield *data = evformat_find(&f, "data");
	if (!stamp || !commit || !data || stamp->size != 8 ||
	    (commit->size != 4 && commit->size != 8))
		return err_set(e, ERR_FORMAT,
			       "header_page lacks timestamp (8 bytes), commit (4 or 8) or data");
	if (stamp->offset + 8 > data->offset || commit->offset + commit->size > data->offset ||
	    data->offset > RINGBUF_PAGE_MIN / 2)
		return err_set(e, ERR_FORMAT,
			       "header_page: data at byte %u, expected behind the "
			       "other fields and below %u",
			       data->offset, RINGBUF_PAGE_MIN / 2);
	*out = (struct ringbuf_layout){ stamp->offset, commit->offset, commit->size, data->offset };
	return 0;
}

uint64_t ringbuf_page_stamp(const struct ringbuf_layout *l, const uint8_t *page)
{
	return le64_get(page + l->stamp_offset);
}

static uint64_t read_long(const struct ringbuf_layout *l, const uint8_t *p)
{
	return l->commit_bytes == 8 ? le64_get(p) : le32_get(p);
}

bool ringbuf_page_open(const struct ringbuf_layout *l, const uint8_t *page, size_t page_bytes,
		       size_t avail, struct ringbuf_page *out)
{
	const uint64_t commit = read_long(l, page + l->commit_offset);
	const uint64_t used = commit & commit_mask;
	if (used > page_bytes - l->data_offset)
		return false;

	*out = (struct ringbuf_page){
		.base = page,
		.pos = l->data_offset,
		.end = l->data_offset + (uint32_t)used,
		.ts = ringbuf_page_stamp(l, page),
		.has_missed = commit & missed_flag,
	};
	if (out->end > avail)
		out->end = (uint32_t)avail;
	else if (out->has_missed && commit & missed_stored && avail - out->end >= l->commit_bytes)
		out->missed = read_long(l, page + out->end);
	return true;
}

/* An absolute stamp has 59 bits; the rest comes from the time before it. */
static uint64_t absolute_stamp(uint64_t stamp, uint64_t before)
{
	if (before & stamp_bits_mask) {
		stamp |= before & stamp_bits_mask;
		if (stamp < before)
			stamp += UINT64_C(1) << (DELTA_BITS + 32);
	}
	return stamp;
}

int ringbuf_page_next(struct ringbuf_page *p, struct ringbuf_record *out)
{
	while (p->end - p->pos >= WORD_BYTES) {
		const uint32_t head = le32_get(p->base + p->pos);
		const uint32_t type = head & ((1u << TYPE_LEN_BITS) - 1);
		const uint64_t delta = head >> TYPE_LEN_BITS;
		const uint32_t room = p->end - p->pos - WORD_BYTES;
		const uint8_t *body = p->base + p->pos + WORD_BYTES;

		if (type && type < TYPE_PADDING) {
			const uint32_t len = type * WORD_BYTES;
			if (len > room)
				return ERR_FORMAT;
			p->pos += WORD_BYTES + len;
			p->ts += delta;
			*out = (struct ringbuf_record){ p->ts, body, len };
			return 1;
		}
		if (type == TYPE_PADDING && !delta) {
			p->pos = p->end; /* nothing was written from here on */
			return 0;
		}
		if (room < WORD_BYTES)
			return ERR_FORMAT;

		const uint32_t word = le32_get(body);
		if (type == TYPE_TIME_EXTEND || type == TYPE_TIME_STAMP) {
			const uint64_t v = (uint64_t)word << DELTA_BITS | delta;
			p->ts = type == TYPE_TIME_EXTEND ? p->ts + v : absolute_stamp(v, p->ts);
			p->pos += 2 * WORD_BYTES;
			continue;
		}

		/* the length word counts itself; records are padded to words */
		if (word < WORD_BYTES || word > room)
			return ERR_FORMAT;
		const uint32_t step = (word + WORD_BYTES - 1) & ~(uint32_t)(WORD_BYTES - 1);
		p->pos = step > room ? p->end : p->pos + WORD_BYTES + step;
		p->ts += delta;
		if (type == TYPE_DATA_LONG) {
			*out = (struct ringbuf_record){ p->ts, body + WORD_BYTES,
							word - WORD_BYTES };
			return 1;
		}
	}
	p->pos = p->end;
	return 0;
}
