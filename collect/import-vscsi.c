// SPDX-License-Identifier: MIT
/*
 * VMware vSCSI traces, versions 1 (32-byte) and 2 (40-byte little-endian
 * records), one io row per command. Stamps are microseconds; time 0 is the
 * first of them. Version 2 also has the response time: lat.
 *
 *	v1: u32 sn, u32 len, u32 nSG, u16 cmd, u16 ver, u64 lbn, u64 ts
 *	v2: u16 cmd, u16 ver, u32 sn, u32 len, u32 nSG, u64 lbn, u64 ts, u64 rt
 *
 * Stored: commands that move blocks of the disk. Filtered: requests without
 * data, and commands whose data are not blocks at lbn (INQUIRY, MODE SENSE,
 * UNMAP ...).
 */
#include "base/bytes.h"
#include "base/units.h"
#include "collect/import.h"

#include <stdio.h>

enum { V1_BYTES = 32, V2_BYTES = 40 };

struct vscsi_record {
	uint16_t cmd, ver;
	uint32_t len_bytes;
	uint64_t lbn, ts_us, rt_us; /* rt UINT64_MAX: not recorded */
};

static struct vscsi_record decode(const uint8_t *p, size_t size)
{
	if (size == V1_BYTES)
		return (struct vscsi_record){ .len_bytes = le32_get(p + 4),
					      .cmd = le16_get(p + 12),
					      .ver = le16_get(p + 14),
					      .lbn = le64_get(p + 16),
					      .ts_us = le64_get(p + 24),
					      .rt_us = UINT64_MAX };
	return (struct vscsi_record){ .cmd = le16_get(p),
				      .ver = le16_get(p + 2),
				      .len_bytes = le32_get(p + 8),
				      .lbn = le64_get(p + 16),
				      .ts_us = le64_get(p + 24),
				      .rt_us = le64_get(p + 32) };
}

/* The version is the high byte of ver. */
static bool is_version(const struct vscsi_record *r, size_t size)
{
	return r->ver >> 8 == (size == V1_BYTES ? 1 : 2);
}

/* enum io_op of a SCSI operation code (SPC-4, SBC-3), or -1: moves no blocks at lbn */
static int op_of(uint16_t cmd)
{
	switch (cmd) {
	case 0x08: /* READ (6), (10), (16), (12) */
	case 0x28:
	case 0x88:
	case 0xa8:
		return IO_READ;
	case 0x0a: /* WRITE (6), (10), (16), (12) */
	case 0x2a:
	case 0x8a:
	case 0xaa:
	case 0x2e: /* WRITE AND VERIFY (10), (16), (12) */
	case 0x8e:
	case 0xae:
	case 0x89: /* COMPARE AND WRITE */
		return IO_WRITE;
	case 0x2f: /* VERIFY (10), (16), (12) */
	case 0x8f:
	case 0xaf:
	case 0x41: /* WRITE SAME (10), (16) */
	case 0x93:
		return IO_OTHER;
	default:
		return -1;
	}
}

/* Most of the first records must be of the version, in time order and of whole blocks. */
static int sniff_version(const uint8_t *head, size_t n, size_t size)
{
	enum { RECORDS = 64 };
	uint64_t last = 0;
	size_t i, good = 0;

	for (i = 0; i < RECORDS && (i + 1) * size <= n; i++) {
		const struct vscsi_record r = decode(head + i * size, size);
		if (!is_version(&r, size) || r.cmd > 0xff || r.ts_us < last)
			continue;
		if (op_of(r.cmd) >= 0 && r.len_bytes % BLOCK_BYTES)
			continue;
		last = r.ts_us;
		good++;
	}
	if (good <= i / 2)
		return 0;
	return good > 1 ? 90 : 40;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	const int v1 = sniff_version(head, n, V1_BYTES);
	const int v2 = sniff_version(head, n, V2_BYTES);
	return v1 > v2 ? v1 : v2;
}

/* The version is said by each record; damage of the first must not decide. */
static int record_size(struct import *im, size_t *size_out, struct err *e)
{
	const uint8_t *head;
	size_t n;
	const int rc = input_peek(im->in, &head, &n, e);
	if (rc)
		return rc;

	size_t v1 = 0, v2 = 0;
	for (size_t i = 0; i < 64; i++) {
		struct vscsi_record r;
		if ((i + 1) * V1_BYTES <= n)
			r = decode(head + i * V1_BYTES, V1_BYTES), v1 += is_version(&r, V1_BYTES);
		if ((i + 1) * V2_BYTES <= n)
			r = decode(head + i * V2_BYTES, V2_BYTES), v2 += is_version(&r, V2_BYTES);
	}
	if (!v1 && !v2)
		return err_set(e, ERR_UNUSABLE,
			       "%s: byte 0: expected vSCSI records of version 1 or 2",
			       input_name(im->in));
	*size_out = v1 >= v2 ? V1_BYTES : V2_BYTES;
	return 0;
}

/* What is wrong with a record, or NULL; sets ts and lat of the row. */
static const char *check_record(struct import_cursor *at, const struct vscsi_record *r, size_t size,
				struct io_event *ev)
{
	uint64_t last_block;

	if (!is_version(r, size))
		return size == V1_BYTES ? "expected a record of vSCSI version 1"
					: "expected a record of vSCSI version 2";
	if (__builtin_add_overflow(r->lbn, (uint64_t)r->len_bytes / BLOCK_BYTES + 1, &last_block) ||
	    last_block > UINT64_MAX / BLOCK_BYTES)
		return "block number too large";
	if (!at->stored && !at->filtered)
		at->first = r->ts_us; /* of the first good record */
	if (r->ts_us < at->first ||
	    __builtin_mul_overflow(r->ts_us - at->first, NS_PER_US, &ev->ts) ||
	    ev->ts < at->last_ns)
		return "time goes backwards";
	ev->lat = UINT64_MAX;
	if (r->rt_us < UINT64_MAX / NS_PER_US)
		ev->lat = r->rt_us * NS_PER_US;
	return NULL;
}

static int put_block(struct import *im, struct trace_stream *s, struct io_event *ev,
		     const uint8_t *p, size_t n, size_t size, struct err *e)
{
	struct import_cursor *at = &im->at;

	for (size_t i = 0; i < n; i++) {
		const struct vscsi_record r = decode(p + i * size, size);
		const uint64_t offset = im->block_offset + i * size;
		const char *why = check_record(at, &r, size, ev);
		if (why) {
			import_bad_record(im, offset, why);
			continue;
		}
		const int op = op_of(r.cmd);
		if (op < 0 || !r.len_bytes) {
			at->filtered++;
			continue;
		}
		ev->op = (uint8_t)op;
		ev->lba = r.lbn;
		ev->bytes = r.len_bytes;
		int rc = import_before_put(im, s, offset);
		if (!rc)
			rc = io_put(s, ev, e);
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
	struct io_event ev = { .qid = UINT16_MAX, .cid = UINT16_MAX };
	const struct trace_device device = { .bdf = "vscsi", .class = "block" };
	size_t size = 0, n;
	int rc = record_size(im, &size, e);
	if (!rc)
		rc = trace_writer_stream(im->w, KIND_IO, &s, e);
	if (!rc)
		rc = trace_writer_device(im->w, &device, &ev.dev, e);
	if (!rc)
		rc = trace_writer_source(im->w, "vscsi", "block requests of a virtual disk",
					 &ev.source, e);
	if (!rc)
		rc = import_begin(im, e);
	if (rc)
		return rc;

	const uint8_t *p;
	while ((rc = import_records(im, size, &p, &n, e)) > 0) {
		rc = put_block(im, s, &ev, p, n, size, e);
		if (rc)
			return rc;
	}
	return rc ? rc : import_end(im, "io", e);
}

const struct importer import_vscsi = {
	.name = "vscsi",
	.summary = "VMware vSCSI disk traces, versions 1 and 2",
	.extensions = "vscsi",
	.sniff = sniff,
	.run = run,
	.is_seekable = true,
	.is_appendable = true,
};
