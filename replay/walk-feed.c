// SPDX-License-Identifier: MIT
/* Batches of mem rows, cut where the address space changes. */
#include "replay/walk-feed.h"

int walk_feed_find(const struct trace *t, const struct trace_stream_info **out, struct err *e)
{
	*out = trace_find_stream(t, KIND_MEM);
	if (!*out || !(*out)->rows)
		return err_set(e, ERR_UNUSABLE,
			       "%s: no mem rows: page walks need loads and stores with their "
			       "addresses (import a lackey log)",
			       trace_path(t));
	if (trace_is_sampled(t, (*out)->kind))
		return err_set(e, ERR_UNUSABLE,
			       "%s: its mem rows are a sample in time (perf mem, IBS, PEBS): what "
			       "lies between two of them is unknown, so no TLB can be played on "
			       "them; counters tell totals (pugmark info)",
			       trace_path(t));
	return 0;
}

/* Rows from i that belong to one address space. */
static uint32_t run_length(const uint32_t *asid, uint32_t i, uint32_t n)
{
	uint32_t end = i + 1;
	while (end < n && asid[end] == asid[i])
		end++;
	return end - i;
}

static int add_batch(struct walk *w, const struct batch *b, struct err *e)
{
	const uint32_t *asid = batch_u32(b, MEM_COL_asid), *bytes = batch_u32(b, MEM_COL_bytes);
	const uint64_t *va = batch_u64(b, MEM_COL_va);
	int rc = 0;
	for (uint32_t i = 0, n; i < b->n && !rc; i += n) {
		n = run_length(asid, i, b->n);
		rc = walk_access(w, asid[i], va + i, bytes + i, n, e);
	}
	return rc;
}

int walk_feed(struct walk *w, struct trace *t, const struct trace_stream_info *stream,
	      void (*told)(void *ctx, uint64_t rows), void *told_ctx, struct err *e)
{
	const struct trace_select select = {
		.stream = stream->id,
		.columns = UINT64_C(1) << MEM_COL_asid | UINT64_C(1) << MEM_COL_va |
			   UINT64_C(1) << MEM_COL_bytes,
		.dev = -1,
		.threaded = true,
	};
	struct trace_reader *reader;
	const struct batch *b;
	uint64_t rows = 0;
	int rc = trace_reader_open(t, &select, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0) {
		rc = add_batch(w, b, e);
		if (rc)
			break;
		rows += b->n;
		if (told)
			told(told_ctx, rows);
	}
	trace_reader_close(reader);
	return rc < 0 ? err_prefix(e, "%s", trace_path(t)) : 0;
}
