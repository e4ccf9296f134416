// SPDX-License-Identifier: MIT
/* From a trace to a replay of page-table placements: its rows, and what it knows of its program. */
#ifndef PUGMARK_REPLAY_NUMA_FEED_H
#define PUGMARK_REPLAY_NUMA_FEED_H

#include "replay/numa-run.h"
#include "store/trace.h"

/* Of the rows, those that only fill caches, unless somebody says otherwise. */
enum { NUMA_WARM_PPM = 500000 };

/* Share of walks natively (meta), memory of the VM, recorded updates of tables. ERR_UNUSABLE. */
int numa_feed_known(struct trace *t, struct numa_known *out, struct err *e);

/* All rows; told (may be NULL) hears how many were read so far. */
int numa_feed(struct numa_run *r, struct trace *t, const struct trace_stream_info *stream,
	      uint64_t warm_rows, void (*told)(void *ctx, uint64_t rows), void *told_ctx,
	      struct err *e);

#endif
