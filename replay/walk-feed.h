// SPDX-License-Identifier: MIT
/*
 * From a trace's mem rows to a page-walk model. Rows must be every access, or
 * every access to a sample of pages: a sample in time is refused, because its
 * gaps would be taken for TLB misses.
 */
#ifndef PUGMARK_REPLAY_WALK_FEED_H
#define PUGMARK_REPLAY_WALK_FEED_H

#include "sim/walk.h"
#include "store/trace.h"

/* The mem stream to be used; ERR_UNUSABLE with the reason when there is none. */
int walk_feed_find(const struct trace *t, const struct trace_stream_info **out, struct err *e);

/* Share of pages that the mem rows' sources kept, by hash of the page's number; 0: all. */
uint64_t walk_feed_sample_ppm(const struct trace *t);

/* All rows into the model; told (may be NULL) hears how many were read so far. */
int walk_feed(struct walk *w, struct trace *t, const struct trace_stream_info *stream,
	      void (*told)(void *ctx, uint64_t rows), void *told_ctx, struct err *e);

#endif
