// SPDX-License-Identifier: MIT
/*
 * Pages of the kernel's trace ring buffer, as tracefs hands them out
 * (trace_pipe_raw) and trace-cmd stores them: a header {timestamp, commit},
 * then records {type_len:5, time_delta:27, payload}. The walker checks every
 * length against the committed bytes, so a damaged page ends early and never
 * reads outside. Little endian only.
 *
 * Source: include/linux/ring_buffer.h and kernel/trace/ring_buffer.c (6.12),
 * as described by events/header_page and events/header_event.
 */
#ifndef PUGMARK_COLLECT_RINGBUF_H
#define PUGMARK_COLLECT_RINGBUF_H

#include "base/err.h"
#include "collect/evformat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RINGBUF_PAGE_MIN = 64,
	RINGBUF_PAGE_MAX = 1 << 20, /* a sub-buffer is at most 2^20 bytes: the width of `commit` */
};

/* Where the fields of a page lie; the width of commit is the kernel's long. */
struct ringbuf_layout {
	uint32_t stamp_offset, commit_offset, commit_bytes, data_offset;
};

/* From the text of events/header_page. */
int ringbuf_layout_parse(const char *text, size_t n, struct ringbuf_layout *out, struct err *e);

/* A walk through one page; fields are private but for what is said here. */
struct ringbuf_page {
	const uint8_t *base;
	uint32_t pos, end; /* next record and end of the committed bytes, within the page */
	uint64_t ts;       /* of the record read last; of the page before the first */
	bool has_missed;   /* events were lost in front of this page ... */
	uint64_t missed;   /* ... so many; 0: the kernel does not say how many */
};

struct ringbuf_record {
	uint64_t ts;
	const uint8_t *data; /* borrowed from the page */
	uint32_t len;
};

/* The timestamp in a page's header. */
uint64_t ringbuf_page_stamp(const struct ringbuf_layout *l, const uint8_t *page);

/*
 * False when the header says more bytes than the page holds. avail is the part
 * of the page that is there (more than the header); the walk then ends with it.
 */
bool ringbuf_page_open(const struct ringbuf_layout *l, const uint8_t *page, size_t page_bytes,
		       size_t avail, struct ringbuf_page *out);

/* 1 and a record, 0 at the end, ERR_FORMAT when the record at p->pos does not fit. */
int ringbuf_page_next(struct ringbuf_page *p, struct ringbuf_record *out);

#endif
