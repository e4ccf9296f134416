// SPDX-License-Identifier: MIT
/*
 * Reader of one blktrace binary file (include/uapi/linux/blktrace_api.h): as
 * blktrace(8) writes one per CPU, as it writes them to a pipe, or as ftrace's
 * blk tracer does with option bin. Records come in order of time as far as
 * BLKTRACE_SORTED of them reach; those of one CPU differ by a few places only,
 * those of a pipe by a buffer. Either byte order.
 */
#ifndef PUGMARK_COLLECT_BLKTRACE_H
#define PUGMARK_COLLECT_BLKTRACE_H

#include "base/err.h"
#include "collect/input.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	BLKTRACE_RECORD_BYTES = 48,
	BLKTRACE_PDU_KEPT = 8,
	BLKTRACE_SORTED = 1 << 15, /* records that wait at most, of all files */
};

/* low half of an action */
enum blktrace_act {
	BLKTRACE_QUEUE = 1,
	BLKTRACE_REQUEUE = 6,
	BLKTRACE_ISSUE = 7,
	BLKTRACE_COMPLETE = 8,
	BLKTRACE_ACTS = 18, /* one more than the last */
};

/* of a notify record instead */
enum blktrace_note { BLKTRACE_PROCESS, BLKTRACE_TIMESTAMP, BLKTRACE_MESSAGE };

/* high half: bits */
enum blktrace_category {
	BLKTRACE_IS_WRITE = 1 << 1,
	BLKTRACE_IS_FLUSH = 1 << 2,
	BLKTRACE_IS_PASSTHROUGH = 1 << 9,
	BLKTRACE_IS_NOTIFY = 1 << 10,
	BLKTRACE_IS_DISCARD = 1 << 13,
};

struct blktrace_record {
	uint64_t ts, sector, offset; /* offset: where it stands in the file */
	uint64_t order;              /* of equal stamps: as they stand in the file */
	uint32_t bytes, pid, dev, cpu;
	uint16_t act, category, error;
	uint8_t pdu[BLKTRACE_PDU_KEPT]; /* the first bytes of what follows the record, 0 beyond */
};

struct blktrace_stats {
	uint64_t records, lost; /* lost: missing sequence numbers */
	uint64_t skipped;       /* places where no record was */
	uint64_t unread;        /* missing sequence numbers at such places */
	uint64_t lost_from, lost_to;
};

struct blktrace_file;

struct blktrace_options {
	uint32_t sorted; /* records of this file that wait */
	/* told of each place with damage; may be NULL */
	void (*damage)(void *ctx, const char *sentence);
	void *ctx;
};

/* in: borrowed. ERR_UNUSABLE without a first record. */
int blktrace_open(struct input *in, const struct blktrace_options *o, struct blktrace_file **out,
		  struct err *e);
void blktrace_close(struct blktrace_file *f);

/* The next record without taking it: 1, 0 at the end, negative. Borrowed until taken. */
int blktrace_peek(struct blktrace_file *f, const struct blktrace_record **out, struct err *e);
void blktrace_take(struct blktrace_file *f);

bool blktrace_is_big_endian(const struct blktrace_file *f);
const struct blktrace_stats *blktrace_stats(const struct blktrace_file *f);

/* Where the first record of head begins and its byte order; whether there is one. */
bool blktrace_is_record(const uint8_t *head, size_t n, bool *is_big_out);

/* Decodes the fixed part; true when it is one. */
bool blktrace_decode(const uint8_t *p, bool is_big, struct blktrace_record *out,
		     uint32_t *sequence_out, uint16_t *pdu_bytes_out);

#endif
