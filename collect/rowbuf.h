// SPDX-License-Identifier: MIT
/*
 * Rows on their way into a stream: of several sources, each in order, merged by
 * time. Rows before a mark that no source can precede any more are handed on in
 * order of time; at the same time in the order they came.
 */
#ifndef PUGMARK_COLLECT_ROWBUF_H
#define PUGMARK_COLLECT_ROWBUF_H

#include "base/err.h"
#include "store/trace-writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rowbuf {
	enum kind_id kind;
	size_t row_bytes, n, cap;
	uint8_t *rows;  /* structs of the kind; their first member is the time */
	uint8_t *other; /* for merging, as large */
	bool is_in_order;
	uint64_t settled_ns; /* rows before were handed on */
	uint64_t late;       /* rows that came after their time had been handed on */
};

void rowbuf_init(struct rowbuf *b, enum kind_id kind);
void rowbuf_deinit(struct rowbuf *b);

/* A row that is late gets the time of the mark it missed, and is counted. */
int rowbuf_add(struct rowbuf *b, const void *row, struct err *e);

/* Puts all rows before mark_ns into the stream. */
int rowbuf_settle(struct rowbuf *b, uint64_t mark_ns, struct trace_stream *s, struct err *e);

#endif
