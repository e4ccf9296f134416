// SPDX-License-Identifier: MIT
/*
 * blktrace: per-CPU files of blktrace(8), which belong together and are merged
 * by time, its pipe output, and the binary form of ftrace's blk tracer.
 *
 * One io row per request: ts is D (issue to the driver), lat ends with C
 * (completion). A device whose first records hold Q but no D is made of bios
 * (dm, md, loop with no queue of its own): there ts is Q. R (requeue) takes a D
 * back. All other actions are counted as filtered, each under its letter
 * (`block:Q`), notes (processes, messages) as `block:note`; a time note becomes
 * a row of the table clock. Time 0 is the first record.
 *
 * Losses: missing sequence numbers of a file ("block:lost"). What the kernel
 * dropped when its buffer was full stands in no record: blktrace(8) prints it.
 */
#include "base/bytes.h"
#include "base/units.h"
#include "collect/blktrace.h"
#include "collect/import.h"
#include "collect/iojoin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES_MAX = 256, PROGRESS_RECORDS = 1 << 14, SORTED_LEAST = 256 };

/* A dev_t is major << 20 | minor. */
struct block_device {
	uint32_t dev;
	uint16_t number;
	bool has_queue, has_issue;
};

/* By act; what is not named here is "other". */
static const char *const act_names[BLKTRACE_ACTS] = {
	[1] = "Q",  [2] = "M",  [3] = "F",  [4] = "G",      [5] = "S",    [6] = "R",
	[7] = "D",  [8] = "C",  [9] = "P",  [10] = "U",     [11] = "UT",  [12] = "I",
	[13] = "X", [14] = "B", [15] = "A", [16] = "abort", [17] = "drv",
};
enum { ACCOUNT_NOTE = BLKTRACE_ACTS, ACCOUNT_OTHER, ACCOUNTS };

struct blktrace_import {
	struct import *im;
	struct blktrace_file **files;
	unsigned nfiles;
	struct iojoin *join;
	struct trace_stream *io;
	uint16_t source;
	uint64_t base;
	bool has_base;
	struct block_device devices[DEVICES_MAX];
	unsigned ndevices;
	struct trace_account accounts[ACCOUNTS];
	struct trace_clock clock; /* of the first time note; trace_ns UINT64_MAX: none */
	uint64_t errors;          /* completions with an error */
};

static struct input *file_input(struct import *im, unsigned i)
{
	return im->nall ? im->all[i] : im->in;
}

/* ---- devices ---- */

static struct block_device *device_of(struct blktrace_import *b, uint32_t dev)
{
	for (unsigned i = 0; i < b->ndevices; i++)
		if (b->devices[i].dev == dev)
			return &b->devices[i];
	if (b->ndevices == DEVICES_MAX)
		return NULL;
	b->devices[b->ndevices] = (struct block_device){ .dev = dev, .number = UINT16_MAX };
	return &b->devices[b->ndevices++];
}

static int device_number(struct blktrace_import *b, struct block_device *d, uint16_t *out,
			 struct err *e)
{
	if (d->number == UINT16_MAX) {
		char name[24];
		snprintf(name, sizeof(name), "%u:%u", d->dev >> 20, d->dev & 0xfffff);
		const struct trace_device device = { .bdf = name, .class = "block" };
		const int rc = trace_writer_device(b->im->w, &device, &d->number, e);
		if (rc)
			return rc;
	}
	*out = d->number;
	return 0;
}

/* What the heads of all files say about whether a device has requests or bios only. */
static int learn(struct blktrace_import *b, struct err *e)
{
	for (unsigned i = 0; i < b->nfiles; i++) {
		const bool is_big = blktrace_is_big_endian(b->files[i]);
		const uint8_t *head;
		uint32_t sequence;
		uint16_t pdu;
		size_t n;
		const int rc = input_peek(file_input(b->im, i), &head, &n, e);
		if (rc)
			return rc;
		struct blktrace_record r;
		for (size_t at = 0; at + BLKTRACE_RECORD_BYTES <= n;
		     at += BLKTRACE_RECORD_BYTES + pdu) {
			if (!blktrace_decode(head + at, is_big, &r, &sequence, &pdu))
				break;
			struct block_device *d =
				r.category & BLKTRACE_IS_NOTIFY ? NULL : device_of(b, r.dev);
			if (!d)
				continue;
			d->has_queue |= r.act == BLKTRACE_QUEUE;
			d->has_issue |= r.act == BLKTRACE_ISSUE;
		}
	}
	return 0;
}

/* ---- rows ---- */

static int put_row(void *ctx, const struct io_event *joined, struct err *e)
{
	struct blktrace_import *b = ctx;
	struct io_event row = *joined;

	row.source = b->source;
	b->im->at.stored++;
	return io_put(b->io, &row, e);
}

/* The letters of the operation as the kernel's text has them: what iojoin reads. */
static void name_operation(const struct blktrace_record *r, char rwbs[8])
{
	const char *name = "N";

	if (r->category & BLKTRACE_IS_PASSTHROUGH)
		name = "N";
	else if (r->category & BLKTRACE_IS_DISCARD)
		name = "D";
	else if (r->category & BLKTRACE_IS_FLUSH)
		name = r->bytes ? "FW" : "F";
	else if (r->category & BLKTRACE_IS_WRITE)
		name = "W";
	else if (r->bytes)
		name = "R";
	strncpy(rwbs, name, 8);
}

static int give_join(struct blktrace_import *b, const struct blktrace_record *r, uint64_t ts,
		     const struct block_device *d, struct err *e)
{
	const struct iojoin_context c = { .ts = ts, .cpu = r->cpu, .pid = (int32_t)r->pid };
	struct iojoin_block block = {
		.dev = d->number,
		.sector = r->bytes ? r->sector : UINT64_MAX,
		.sectors = r->bytes / BLOCK_BYTES,
		.bytes = r->bytes,
	};

	switch (r->act) {
	case BLKTRACE_COMPLETE:
		b->errors += r->error != 0;
		return iojoin_block_complete(b->join, &c, &block, e);
	case BLKTRACE_REQUEUE:
		return iojoin_block_requeue(b->join, &block, e);
	default:
		name_operation(r, block.rwbs);
		return iojoin_block_issue(b->join, &c, &block, e);
	}
}

static bool is_submission(const struct blktrace_record *r, const struct block_device *d)
{
	if (d->has_queue && !d->has_issue)
		return r->act == BLKTRACE_QUEUE;
	return r->act == BLKTRACE_ISSUE;
}

static void take_note(struct blktrace_import *b, const struct blktrace_record *r, bool is_big,
		      uint64_t ts)
{
	b->accounts[ACCOUNT_NOTE].seen++;
	b->accounts[ACCOUNT_NOTE].filtered++;
	b->im->at.filtered++;
	if (r->act != BLKTRACE_TIMESTAMP || b->clock.trace_ns != UINT64_MAX)
		return;
	const uint64_t seconds = u32_get(r->pdu, is_big), ns = u32_get(r->pdu + 4, is_big);
	if (ns < NS_PER_SEC)
		b->clock = (struct trace_clock){ .trace_ns = ts,
						 .mono_ns = r->ts,
						 .boot_ns = UINT64_MAX,
						 .real_ns = seconds * NS_PER_SEC + ns };
}

static int reject(struct blktrace_import *b, unsigned file, const struct blktrace_record *r,
		  struct trace_account *a, const char *why)
{
	struct import *im = b->im;

	if (!im->at.bad++)
		im->at.bad_from_ns = im->at.last_ns;
	a->decode_error++;
	import_damage(im, "%s: byte %" PRIu64 ": %s", input_name(file_input(im, file)), r->offset,
		      why);
	return 0;
}

static int take_record(struct blktrace_import *b, unsigned file, const struct blktrace_record *r,
		       struct err *e)
{
	struct import_cursor *at = &b->im->at;

	if (!b->has_base) {
		b->base = r->ts;
		b->has_base = true;
	}
	const uint64_t ts = r->ts - b->base;
	const bool is_note = r->category & BLKTRACE_IS_NOTIFY;
	const unsigned act = r->act < BLKTRACE_ACTS && act_names[r->act] ? r->act : ACCOUNT_OTHER;
	struct trace_account *a = &b->accounts[is_note ? ACCOUNT_NOTE : act];
	if (r->ts < b->base || ts < at->last_ns) {
		a->seen++;
		return reject(b, file, r, a, "time goes backwards");
	}
	at->last_ns = ts;
	if (is_note) {
		take_note(b, r, blktrace_is_big_endian(b->files[file]), ts);
		return 0;
	}
	a->seen++;
	struct block_device *d = device_of(b, r->dev);
	if (!d)
		return reject(b, file, r, a, "more than 256 devices");
	int rc = 1; /* 1: of no row */
	if (is_submission(r, d) || r->act == BLKTRACE_COMPLETE || r->act == BLKTRACE_REQUEUE) {
		uint16_t number;
		rc = device_number(b, d, &number, e);
		if (!rc)
			rc = give_join(b, r, ts, d, e);
	}
	if (rc < 0)
		return rc;
	*(rc || r->act == BLKTRACE_REQUEUE ? &a->filtered : &a->stored) += 1;
	at->filtered += rc > 0;
	return 0;
}

/* ---- merging ---- */

/* The file with the oldest record: 1, 0 when all are at their end. */
static int oldest(struct blktrace_import *b, unsigned *file_out, const struct blktrace_record **out,
		  struct err *e)
{
	*out = NULL;
	for (unsigned i = 0; i < b->nfiles; i++) {
		const struct blktrace_record *r;
		const int rc = blktrace_peek(b->files[i], &r, e);
		if (rc < 0)
			return rc;
		if (rc && (!*out || r->ts < (*out)->ts)) {
			*out = r;
			*file_out = i;
		}
	}
	return *out != NULL;
}

static int merge(struct blktrace_import *b, struct err *e)
{
	const struct blktrace_record *r;
	unsigned file = 0;
	int rc;

	for (uint64_t n = 0; (rc = oldest(b, &file, &r, e)) > 0; n++) {
		rc = take_record(b, file, r, e);
		if (rc)
			return rc;
		blktrace_take(b->files[file]);
		if (b->im->progress && n % PROGRESS_RECORDS == 0) {
			uint64_t done, total;
			input_position(file_input(b->im, 0), &done, &total);
			b->im->progress(b->im->ctx, done, total);
		}
	}
	return rc ? rc : iojoin_finish(b->join, e);
}

/* ---- the end ---- */

static int put_accounts(struct blktrace_import *b, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; !rc && i < ACCOUNTS; i++) {
		char name[24];
		const char *letter = i == ACCOUNT_NOTE    ? "note"
				     : i == ACCOUNT_OTHER ? "other"
							  : act_names[i];
		if (!b->accounts[i].seen)
			continue;
		snprintf(name, sizeof(name), "block:%s", letter);
		rc = trace_writer_account(b->im->w, name, &b->accounts[i], e);
	}
	return rc;
}

/* Places without a record, and sequence numbers that are missing. */
static int put_losses(struct blktrace_import *b, unsigned i, struct trace_account *all,
		      struct err *e)
{
	const struct blktrace_stats *s = blktrace_stats(b->files[i]);
	struct import *im = b->im;
	struct input *in = file_input(im, i);
	char detail[160];
	int rc = 0;

	if (s->skipped) {
		const uint64_t n = s->unread > s->skipped ? s->unread : s->skipped;
		all->seen += n;
		all->decode_error += n;
		im->at.bad += n;
		rc = trace_writer_loss(im->w, "io", 0, im->at.last_ns, n, "parse",
				       im->first_damage.msg, e);
	}
	if (!rc && s->lost) {
		snprintf(detail, sizeof(detail), "%.100s: sequence numbers are missing",
			 input_name(in));
		all->seen += s->lost;
		all->ring_lost += s->lost;
		rc = trace_writer_loss(im->w, "io", s->lost_from - b->base, s->lost_to - b->base,
				       s->lost, "ring", detail, e);
	}
	if (!rc && input_damage(in)) {
		import_damage(im, "%s", input_damage(in));
		rc = trace_writer_loss(im->w, "io", im->at.last_ns, im->at.last_ns, UINT64_MAX,
				       "damage", input_damage(in), e);
	}
	return rc;
}

static int put_number(struct blktrace_import *b, const char *key, uint64_t n, struct err *e)
{
	char text[24];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, n);
	return trace_writer_meta(b->im->w, key, text, e);
}

static int finish(struct blktrace_import *b, struct err *e)
{
	const uint64_t rejected = b->im->at.bad;
	struct trace_account all = {};
	int rc = put_accounts(b, e);

	for (unsigned i = 0; !rc && i < b->nfiles; i++)
		rc = put_losses(b, i, &all, e);
	if (!rc && all.seen)
		rc = trace_writer_account(b->im->w, "block:lost", &all, e);
	if (!rc && rejected)
		rc = trace_writer_loss(b->im->w, "io", b->im->at.bad_from_ns, b->im->at.last_ns,
				       rejected, "parse", b->im->first_damage.msg, e);
	if (!rc && b->clock.trace_ns !=
			   UINT64_MAX) { /* ftrace's form has its own clock, and no such note */
		rc = trace_writer_clock(b->im->w, &b->clock, e);
		if (!rc)
			rc = trace_writer_meta(b->im->w, "clock", "mono", e);
		if (!rc)
			rc = put_number(b, "clock_base_realtime_ns",
					b->clock.real_ns - b->clock.trace_ns, e);
	}
	if (!rc)
		rc = put_number(b, "clock_base_ns", b->base, e);
	if (!rc)
		rc = put_number(b, "io_errors", b->errors, e);
	if (!rc)
		rc = put_number(b, "io_incomplete", iojoin_stats(b->join)->incomplete, e);
	if (rc || b->im->at.stored)
		return rc;
	if (b->im->first_damage.code)
		return err_set(e, ERR_UNUSABLE, "%.200s (no row is usable)",
			       b->im->first_damage.msg);
	return err_set(e, ERR_UNUSABLE, "%s: holds no submission of a block request (D, or Q)",
		       input_name(b->im->in));
}

/* ---- life ---- */

static void tell_damage(void *ctx, const char *sentence)
{
	import_damage(ctx, "%s", sentence);
}

static int open_files(struct blktrace_import *b, struct err *e)
{
	struct import *im = b->im;
	const unsigned n = im->nall ? im->nall : 1;
	const struct blktrace_options o = {
		.sorted = BLKTRACE_SORTED / n > SORTED_LEAST ? BLKTRACE_SORTED / n : SORTED_LEAST,
		.damage = tell_damage,
		.ctx = im,
	};
	b->files = calloc(n, sizeof(struct blktrace_file *));
	if (!b->files)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		struct err why = {};
		const int rc = blktrace_open(file_input(im, i), &o, &b->files[b->nfiles], &why);
		if (rc)
			return err_set(e, rc, "%s", why.msg);
		b->nfiles++;
	}
	return 0;
}

static int run(struct import *im, struct err *e)
{
	struct blktrace_import *b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(e, ERR_NOMEM, "no memory to import blktrace files");
	b->im = im;
	b->clock.trace_ns = UINT64_MAX;

	const struct iojoin_options options = { .has_block_complete = true,
						.row = put_row,
						.ctx = b };
	int rc = open_files(b, e);
	if (!rc)
		rc = learn(b, e);
	if (!rc)
		rc = iojoin_new(&options, &b->join, e);
	if (!rc)
		rc = trace_writer_stream(im->w, KIND_IO, &b->io, e);
	if (!rc)
		rc = trace_writer_source(im->w, "blktrace", "block requests: D to C", &b->source,
					 e);
	if (!rc)
		rc = merge(b, e);
	if (!rc)
		rc = finish(b, e);
	iojoin_free(b->join);
	for (unsigned i = 0; i < b->nfiles; i++)
		blktrace_close(b->files[i]);
	free(b->files);
	free(b);
	return rc;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	bool is_big;

	(void)is_whole;
	return blktrace_is_record(head, n, &is_big) ? 100 : 0;
}

const struct importer import_blktrace = {
	.name = "blktrace",
	.summary = "blktrace(8) files, one per CPU, or ftrace's blk tracer in binary",
	.extensions = "",
	.sniff = sniff,
	.run = run,
	.is_parallel = true,
};
