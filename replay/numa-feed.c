// SPDX-License-Identifier: MIT
/* Batches of mem rows, cut where the address space changes and where the warm-up ends. */
#include "replay/numa-feed.h"

#include "store/trace-meta.h"

/* Recorded updates of page tables: how many entries were set and cleared. */
static int read_updates(struct numa_updates *out, struct trace *t, struct err *e)
{
	const struct trace_stream_info *stream = trace_find_stream(t, KIND_PT);
	struct trace_reader *reader;
	const struct batch *b;

	if (!stream || !stream->rows)
		return 0;
	const struct trace_select select = {
		.stream = stream->id,
		.columns = UINT64_C(1) << PT_COL_op | UINT64_C(1) << PT_COL_count,
		.dev = -1,
	};
	int rc = trace_reader_open(t, &select, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0)
		for (uint32_t i = 0; i < b->n; i++) {
			const uint32_t n = batch_u32(b, PT_COL_count)[i];
			const uint8_t op = batch_u8(b, PT_COL_op)[i];
			out->map += op == PT_SET ? n : 0;
			out->unmap += op == PT_CLEAR ? n : 0;
		}
	trace_reader_close(reader);
	return rc;
}

int numa_feed_known(struct trace *t, struct numa_known *k, struct err *e)
{
	*k = (struct numa_known){};
	const int rc = trace_meta_u64(t, "native_walk_ppm", &k->native_walk_ppm, e);
	if (rc < 0)
		return rc;
	if (k->native_walk_ppm >= PPM_PER_ONE)
		return err_set(e, ERR_UNUSABLE, "%s: its native_walk_ppm is not below 1000000",
			       trace_path(t));
	k->vm_pages = trace_vm_pages(t, 0);
	return read_updates(&k->updates, t, e);
}

/* Rows up to where the address space changes or the warm-up ends. */
static uint32_t piece(const struct batch *b, uint32_t i, uint64_t until)
{
	const uint32_t *asid = batch_u32(b, MEM_COL_asid);
	uint32_t end = i + 1;
	while (end < b->n && asid[end] == asid[i] && end - i < until)
		end++;
	return end - i;
}

static int add_batch(struct numa_run *r, const struct batch *b, uint64_t warm_rows,
		     uint64_t *rows_out, struct err *e)
{
	int rc = 0;

	for (uint32_t i = 0, n; i < b->n && !rc; i += n) {
		const bool is_warming = *rows_out < warm_rows;
		n = piece(b, i, is_warming ? warm_rows - *rows_out : UINT32_MAX);
		rc = numa_run_rows(r, batch_u32(b, MEM_COL_asid)[i], batch_u64(b, MEM_COL_va) + i,
				   batch_u32(b, MEM_COL_bytes) + i, n, e);
		*rows_out += n;
		if (is_warming && *rows_out == warm_rows)
			numa_run_warm(r);
	}
	return rc;
}

int numa_feed(struct numa_run *r, struct trace *t, const struct trace_stream_info *stream,
	      uint64_t warm_rows, void (*told)(void *ctx, uint64_t rows), void *told_ctx,
	      struct err *e)
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
		rc = add_batch(r, b, warm_rows, &rows, e);
		if (rc)
			break;
		if (told)
			told(told_ctx, rows);
	}
	trace_reader_close(reader);
	return rc < 0 ? err_prefix(e, "%s", trace_path(t)) : 0;
}
