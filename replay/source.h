// SPDX-License-Identifier: MIT
/*
 * Where page requests come from: a trace, an array, a generator. A source
 * hands out batches of ranges; a range is one event of the trace and asks for
 * its pages one after the other.
 */
#ifndef PUGMARK_REPLAY_SOURCE_H
#define PUGMARK_REPLAY_SOURCE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct page_ranges {
	const uint64_t *first; /* page numbers */
	const uint32_t *count; /* pages of each range, 0 allowed; NULL: one each */
	size_t n;
};

struct page_source {
	/* 1 and a batch, borrowed until the next call; 0 at the end; negative on error. */
	int (*next)(void *ctx, struct page_ranges *out, struct err *e);
	void *ctx;
};

static inline int page_source_next(const struct page_source *s, struct page_ranges *out,
				   struct err *e)
{
	return s->next(s->ctx, out, e);
}

/* A source over arrays, which are borrowed: handed out once, as one batch. */
struct page_array {
	struct page_ranges ranges;
	int is_done;
};

static inline int page_array_next(void *ctx, struct page_ranges *out, struct err *e)
{
	struct page_array *a = ctx;
	(void)e;
	*out = a->ranges;
	return !a->is_done++ && a->ranges.n;
}

#endif
