// SPDX-License-Identifier: MIT
/*
 * A record is 48 bytes and its pdu. Where none stands where one must, the next
 * magic number is looked for, first behind the fixed part of the record before,
 * whose pdu length may be what is damaged. Records wait in a heap, so that a
 * stamp far in the future holds one place and not the whole file.
 */
#include "collect/blktrace.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PDU_MAX = UINT16_MAX, SEQUENCE_GAP_MAX = 1 << 24 };

static const uint32_t magic = 0x65617400, magic_mask = 0xffffff00; /* the low byte: a version */
enum { VERSION = 7 };

struct sequence {
	uint32_t last, since;      /* since: records after the one with `last` */
	uint32_t pending;          /* a jump that the next record must confirm; 0: none */
	uint64_t last_ts, skipped; /* skipped: places before that record */
};

struct blktrace_file {
	struct input *in;
	bool is_big;
	bool is_end;
	struct sequence sequence;
	struct blktrace_stats stats;
	struct blktrace_options o;
	uint32_t n, cap; /* heap, least (ts, order) first */
	struct blktrace_record *heap;
};

/* ---- bytes ---- */

static bool is_magic(uint32_t word)
{
	return (word & magic_mask) == magic && (word & 0xff) == VERSION;
}

bool blktrace_is_record(const uint8_t *head, size_t n, bool *is_big_out)
{
	if (n < BLKTRACE_RECORD_BYTES)
		return false;
	*is_big_out = is_magic(be32_get(head));
	return *is_big_out || is_magic(le32_get(head));
}

bool blktrace_decode(const uint8_t *p, bool is_big, struct blktrace_record *r,
		     uint32_t *sequence_out, uint16_t *pdu_bytes_out)
{
	if (!is_magic(u32_get(p, is_big)))
		return false;
	const uint32_t action = u32_get(p + 28, is_big);
	*sequence_out = u32_get(p + 4, is_big);
	*pdu_bytes_out = u16_get(p + 46, is_big);
	*r = (struct blktrace_record){
		.ts = u64_get(p + 8, is_big),
		.sector = u64_get(p + 16, is_big),
		.bytes = u32_get(p + 24, is_big),
		.act = (uint16_t)(action & 0xffff),
		.category = (uint16_t)(action >> 16),
		.pid = u32_get(p + 32, is_big),
		.dev = u32_get(p + 36, is_big),
		.cpu = u32_get(p + 40, is_big),
		.error = u16_get(p + 44, is_big),
	};
	return true;
}

/* ---- sequence numbers ---- */

/*
 * The kernel numbers the records of a CPU, notes excepted. ftrace does not (0).
 * A jump counts when the next record goes on from it: one that does not is a
 * damaged number.
 */
static void follow_sequence(struct blktrace_file *f, uint32_t number, uint64_t ts)
{
	struct sequence *s = &f->sequence;
	if (!number)
		return;
	s->since++;
	if (!s->last || number == s->last + s->since) {
		*s = (struct sequence){ number, 0, 0, ts, f->stats.skipped };
		return;
	}
	if (!s->pending || number != s->pending + 1) {
		s->pending = number;
		return;
	}
	const uint32_t expected = s->last + s->since;
	const bool is_gap = number > expected && number - expected < SEQUENCE_GAP_MAX;
	if (is_gap && f->stats.skipped > s->skipped) {
		f->stats.unread += number - expected;
	} else if (is_gap) {
		if (!f->stats.lost)
			f->stats.lost_from = s->last_ts;
		f->stats.lost += number - expected;
		f->stats.lost_to = ts;
	}
	*s = (struct sequence){ number, 0, 0, ts, f->stats.skipped };
}

/* ---- heap ---- */

static bool is_before(const struct blktrace_record *a, const struct blktrace_record *b)
{
	return a->ts != b->ts ? a->ts < b->ts : a->order < b->order;
}

static void heap_put(struct blktrace_file *f, const struct blktrace_record *r)
{
	uint32_t i = f->n++;
	while (i && is_before(r, &f->heap[(i - 1) / 2])) {
		f->heap[i] = f->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	f->heap[i] = *r;
}

void blktrace_take(struct blktrace_file *f)
{
	const struct blktrace_record last = f->heap[--f->n];
	uint32_t i = 0;
	for (uint32_t child; (child = 2 * i + 1) < f->n; i = child) {
		if (child + 1 < f->n && is_before(&f->heap[child + 1], &f->heap[child]))
			child++;
		if (!is_before(&f->heap[child], &last))
			break;
		f->heap[i] = f->heap[child];
	}
	f->heap[i] = last;
}

/* ---- reading ---- */

static void tell(struct blktrace_file *f, uint64_t offset, const char *what)
{
	char sentence[200];

	f->stats.skipped++;
	snprintf(sentence, sizeof(sentence), "%.100s: byte %" PRIu64 ": %s", input_name(f->in),
		 offset, what);
	if (f->o.damage)
		f->o.damage(f->o.ctx, sentence);
}

/* Takes bytes up to the next magic number: 1, or 0 when there is none. */
static int search(struct blktrace_file *f, struct err *e)
{
	const uint8_t *p;
	size_t n;

	for (;;) {
		const int rc = input_window(f->in, INPUT_PEEK_BYTES, &p, &n, e);
		if (rc)
			return rc;
		bool is_big;
		for (size_t i = 0; i + BLKTRACE_RECORD_BYTES <= n; i++)
			if (blktrace_is_record(p + i, n - i, &is_big) && is_big == f->is_big) {
				input_take(f->in, i);
				return 1;
			}
		if (n < INPUT_PEEK_BYTES) {
			input_take(f->in, n);
			return 0;
		}
		input_take(f->in, n - BLKTRACE_RECORD_BYTES + 1);
	}
}

/*
 * Bytes of the pdu that follow a record at p: as it says, or none where no
 * record follows there but one follows at once.
 */
static size_t pdu_bytes(const struct blktrace_file *f, const uint8_t *p, size_t n, size_t told)
{
	const size_t fixed = BLKTRACE_RECORD_BYTES, next = fixed + told;
	if (!told || n == next || (n >= next + 4 && is_magic(u32_get(p + next, f->is_big))))
		return told;
	return n >= fixed + 4 && is_magic(u32_get(p + fixed, f->is_big)) ? 0 : told;
}

/* One record into the heap: 1, or 0 at the end. */
static int read_record(struct blktrace_file *f, struct err *e)
{
	struct blktrace_record r;
	const uint8_t *p;
	uint32_t sequence;
	uint16_t told;
	size_t n;
	int rc;

	for (;;) {
		rc = input_window(f->in, BLKTRACE_RECORD_BYTES + PDU_MAX + 4, &p, &n, e);
		if (rc)
			return rc;
		if (!n)
			return 0;
		if (n >= BLKTRACE_RECORD_BYTES &&
		    blktrace_decode(p, f->is_big, &r, &sequence, &told))
			break;
		tell(f, input_offset(f->in),
		     n < BLKTRACE_RECORD_BYTES ? "the file ends within a record"
					       : "expected a blktrace record of version 7");
		rc = search(f, e);
		if (rc <= 0)
			return rc;
	}
	r.offset = input_offset(f->in);
	r.order = f->stats.records++;
	const size_t pdu = pdu_bytes(f, p, n, told), whole = BLKTRACE_RECORD_BYTES + pdu;
	if (pdu != told || whole > n)
		tell(f, r.offset, "expected its pdu and another record behind it");
	const size_t there = (whole < n ? whole : n) - BLKTRACE_RECORD_BYTES;
	memcpy(r.pdu, p + BLKTRACE_RECORD_BYTES,
	       there < BLKTRACE_PDU_KEPT ? there : BLKTRACE_PDU_KEPT);
	input_take(f->in, BLKTRACE_RECORD_BYTES + there);
	if (!(r.category & BLKTRACE_IS_NOTIFY))
		follow_sequence(f, sequence, r.ts);
	heap_put(f, &r);
	return 1;
}

int blktrace_peek(struct blktrace_file *f, const struct blktrace_record **out, struct err *e)
{
	while (!f->is_end && f->n < f->o.sorted) {
		const int rc = read_record(f, e);
		if (rc < 0)
			return rc;
		f->is_end = !rc;
	}
	*out = f->heap;
	return f->n > 0;
}

/* ---- life ---- */

int blktrace_open(struct input *in, const struct blktrace_options *o, struct blktrace_file **out,
		  struct err *e)
{
	const uint8_t *head;
	size_t n;
	bool is_big;
	int rc = input_peek(in, &head, &n, e);
	if (rc)
		return rc;

	size_t at = 0; /* damage of the very first bytes must not decide */
	while (at < n && !blktrace_is_record(head + at, n - at, &is_big))
		at++;
	if (at == n)
		return err_set(e, ERR_UNUSABLE, "%s: byte 0: expected a blktrace record",
			       input_name(in));
	struct blktrace_file *f = calloc(1, sizeof(*f));
	if (f)
		f->heap = malloc(o->sorted * sizeof(*f->heap));
	if (!f || !f->heap) {
		free(f);
		return err_set(e, ERR_NOMEM, "no memory for a blktrace file");
	}
	f->in = in;
	f->is_big = is_big;
	f->o = *o;
	*out = f;
	return 0;
}

void blktrace_close(struct blktrace_file *f)
{
	if (!f)
		return;
	free(f->heap);
	free(f);
}

bool blktrace_is_big_endian(const struct blktrace_file *f)
{
	return f->is_big;
}

const struct blktrace_stats *blktrace_stats(const struct blktrace_file *f)
{
	return &f->stats;
}
