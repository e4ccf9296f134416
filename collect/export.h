// SPDX-License-Identifier: MIT
/*
 * Exporters: one struct each, in one table of cmd-export.c. Private to
 * collect/. An exporter reads streams of a trace and writes to out; damage of
 * a chunk is told and skipped.
 */
#ifndef PUGMARK_COLLECT_EXPORT_H
#define PUGMARK_COLLECT_EXPORT_H

#include "base/choices.h"
#include "collect/outbuf.h"
#include "reports/report.h"
#include "store/trace.h"

#include <stdbool.h>

struct export
{
	struct trace *t;
	const struct trace_stream_info *stream; /* NULL: not chosen; exporters of all streams */
	struct outbuf out;
	int fd; /* of out; is_seekable: a file of our own, from offset 0 */
	bool is_seekable;
	uint64_t damaged; /* chunks that could not be read */
	void (*warn)(void *ctx, const char *sentence);
	void *ctx;
};

struct exporter {
	const char *name, *summary;
	/* Kinds it can write, the preferred one first, ending in KIND_COUNT; NULL: any. */
	const enum kind_id *kinds;
	bool is_of_all;  /* writes every stream it knows, not a chosen one */
	bool needs_seek; /* works in place: stdout gets a copy */
	int (*run)(struct export *x, struct err *e);
};

void exporter_names(struct choices *c);

extern const struct exporter export_csv, export_jsonl, export_oracle_general, export_perfetto,
	export_requests;

/*
 * Calls put for each batch of a stream with the columns asked for (0: all).
 * Damaged chunks are counted and told; other errors end it.
 */
int export_each_batch(struct export *x, const struct trace_stream_info *s, uint64_t columns,
		      int (*put)(struct export *x, const struct batch *b, void *ctx, struct err *e),
		      void *ctx, struct err *e);

struct pseudonym_counts;

/* What is left to find out in a trace that was pseudonymised, and what it still answers. */
void export_tell_pseudonyms(struct report *r, const char *out, unsigned grain_shift,
			    const struct pseudonym_counts *n, bool is_json);

#endif
