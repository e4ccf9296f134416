// SPDX-License-Identifier: MIT
/* The page requests of one stream of a trace, by the rule of store/pages.h. */
#ifndef PUGMARK_REPLAY_TRACE_SOURCE_H
#define PUGMARK_REPLAY_TRACE_SOURCE_H

#include "base/err.h"
#include "replay/source.h"
#include "store/trace.h"

#include <stdint.h>

struct trace_source {
	struct trace *trace;
	const struct trace_stream_info *info;
	struct trace_reader *reader;
	uint64_t *first;
	uint32_t *count;
	uint32_t capacity; /* rows that first and count hold */
	uint64_t rows;     /* read so far */
	/* told after each batch; may be NULL */
	void (*progress)(void *ctx, uint64_t rows);
	void *progress_ctx;
};

/*
 * The stream called name: a kind ("io") or a number as `pugmark info` lists
 * them; NULL: of object, dma and io the one with the most rows. ERR_USAGE with what there is
 * when there is no such stream, ERR_UNUSABLE when it asks for no pages.
 */
int trace_source_find(const struct trace *t, const char *name, const struct trace_stream_info **out,
		      struct err *e);

int trace_source_open(struct trace_source *s, struct trace *t, const struct trace_stream_info *info,
		      struct err *e);
void trace_source_rewind(struct trace_source *s);
void trace_source_close(struct trace_source *s);

/* For struct page_source; ctx is the struct trace_source. Damage ends the replay. */
int trace_source_next(void *ctx, struct page_ranges *out, struct err *e);

#endif
