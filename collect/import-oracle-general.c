// SPDX-License-Identifier: MIT
/*
 * oracleGeneral, libCacheSim's binary trace: 24-byte little-endian records {u32
 * seconds, u64 id, u32 size, i64 next request of the same id}. One object row
 * each; next is not kept (it follows from the rows). The format has no magic,
 * so sniffing asks that times, and above all the next fields, make sense.
 */
#include "base/bytes.h"
#include "base/units.h"
#include "collect/import.h"

enum { RECORD_BYTES = 24 };

struct oracle_record {
	uint32_t seconds, size_bytes;
	uint64_t id;
	int64_t next;
};

static struct oracle_record decode(const uint8_t *p)
{
	return (struct oracle_record){
		.seconds = le32_get(p),
		.id = le64_get(p + 4),
		.size_bytes = le32_get(p + 12),
		.next = (int64_t)le64_get(p + 16),
	};
}

/*
 * next is -1 or INT64_MAX, or lies ahead. Where it lies within the head, the
 * record there must have the same id: writers count requests from 0 or from 1.
 */
static bool is_plausible(const uint8_t *head, uint64_t total, uint64_t i)
{
	const int64_t most = INT64_C(1) << 40;
	const struct oracle_record r = decode(head + i * RECORD_BYTES);
	const uint64_t next = (uint64_t)r.next;

	if (r.next == -1 || r.next == INT64_MAX)
		return true;
	if (r.next <= (int64_t)i || r.next > most)
		return false;
	if (next < total && decode(head + next * RECORD_BYTES).id == r.id)
		return true;
	if (next - 1 > i && next - 1 < total)
		return decode(head + (next - 1) * RECORD_BYTES).id == r.id;
	return next >= total;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	enum { RECORDS = 4000 };
	const uint64_t total = n / RECORD_BYTES;
	const uint64_t looked_at = total < RECORDS ? total : RECORDS;
	uint64_t good = 0;
	uint32_t last = 0;

	for (uint64_t i = 0; i < looked_at; i++) {
		const uint32_t seconds = decode(head + i * RECORD_BYTES).seconds;
		if (seconds >= last && is_plausible(head, total, i)) {
			last = seconds;
			good++;
		}
	}
	if (!total || good * 8 < looked_at * 7)
		return 0;
	return is_whole && n % RECORD_BYTES ? 75 : 85;
}

static int put_block(struct import *im, struct trace_stream *s, struct object_event *ev,
		     const uint8_t *p, size_t n, struct err *e)
{
	struct import_cursor *at = &im->at;

	for (size_t i = 0; i < n; i++) {
		const struct oracle_record r = decode(p + i * RECORD_BYTES);
		const uint64_t offset = im->block_offset + i * RECORD_BYTES;
		ev->ts = r.seconds * NS_PER_SEC;
		if (ev->ts < at->last_ns) {
			import_bad_record(im, offset, "time goes backwards");
			continue;
		}
		ev->obj = r.id;
		ev->bytes = r.size_bytes;
		int rc = import_before_put(im, s, offset);
		if (!rc)
			rc = object_put(s, ev, e);
		if (rc)
			return rc;
		at->last_ns = ev->ts;
		at->stored++;
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct trace_stream *s;
	struct object_event ev = { .npages = 1, .op = IO_OTHER };
	const struct trace_device device = { .bdf = "objects", .class = "other" };
	int rc = trace_writer_stream(im->w, KIND_OBJECT, &s, e);
	if (!rc)
		rc = trace_writer_device(im->w, &device, &ev.dev, e);
	if (!rc)
		rc = import_begin(im, e);
	if (rc)
		return rc;

	const uint8_t *p;
	size_t n;
	while ((rc = import_records(im, RECORD_BYTES, &p, &n, e)) > 0) {
		rc = put_block(im, s, &ev, p, n, e);
		if (rc)
			return rc;
	}
	return rc ? rc : import_end(im, "object", e);
}

const struct importer import_oracle_general = {
	.name = "oracle-general",
	.summary = "libCacheSim's binary format: seconds, id, size, next request",
	.extensions = "bin oracleGeneral",
	.sniff = sniff,
	.run = run,
	.is_seekable = true,
	.is_appendable = true,
};
