// SPDX-License-Identifier: MIT
/*
 * Batches of mem rows, cut where the address space changes and where the trace
 * has an update of page tables (pt rows); these come first at the same time.
 */
#include "replay/walk-feed.h"

#include <sqlite3.h>

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

uint64_t walk_feed_sample_ppm(const struct trace *t)
{
	sqlite3_stmt *st = NULL;
	int64_t ppm = 0;
	if (!sqlite3_prepare_v2(trace_sqlite(t, trace_nfiles(t) - 1),
				"SELECT min(sample_ppm) FROM source WHERE sample_ppm > 0 AND "
				"sample_ppm < 1000000",
				-1, &st, NULL) &&
	    sqlite3_step(st) == SQLITE_ROW)
		ppm = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return (uint64_t)ppm;
}

/* ---- updates of page tables ---- */

struct updates {
	struct trace_reader *reader; /* NULL: the trace has none */
	const struct batch *b;
	uint32_t at;
	uint64_t next_ns; /* of the row at hand; UINT64_MAX: there is none */
};

static int fetch(struct updates *u, struct err *e)
{
	const int rc = trace_reader_next(u->reader, &u->b, e);
	u->at = 0;
	u->next_ns = rc > 0 ? batch_u64(u->b, PT_COL_ts)[0] : UINT64_MAX;
	return rc < 0 ? rc : 0;
}

static enum walk_op op_of(uint8_t op)
{
	switch (op) {
	case PT_CLEAR:
		return WALK_CLEAR;
	case PT_INVLPG:
		return WALK_INVLPG;
	case PT_CR3:
		return WALK_CR3;
	case PT_FORK:
		return WALK_FORK;
	case PT_EXEC:
	case PT_EXIT:
		return WALK_EXIT;
	default:
		return WALK_SET;
	}
}

/* An INVLPG is one, whatever its source writes there. */
static uint32_t count_of(const struct batch *b, uint32_t at)
{
	const uint32_t count = batch_u32(b, PT_COL_count)[at];
	return !count && batch_u8(b, PT_COL_op)[at] == PT_INVLPG ? 1 : count;
}

/* Rows up to a time. */
static int apply(struct updates *u, struct walk *w, uint64_t until_ns, struct err *e)
{
	int rc = 0;
	while (!rc && u->next_ns != UINT64_MAX && u->next_ns <= until_ns) {
		const struct walk_update row = {
			.op = op_of(batch_u8(u->b, PT_COL_op)[u->at]),
			.space = batch_u32(u->b, PT_COL_asid)[u->at],
			.va = batch_u64(u->b, PT_COL_va)[u->at],
			.count = count_of(u->b, u->at),
			.level = batch_u8(u->b, PT_COL_level)[u->at],
		};
		rc = walk_update(w, &row, e);
		if (++u->at == u->b->n)
			rc = rc ? rc : fetch(u, e);
		else
			u->next_ns = batch_u64(u->b, PT_COL_ts)[u->at];
	}
	return rc;
}

/* pagemap's pt rows are a snapshot of what is mapped, no updates. */
static bool is_snapshot(const struct trace *t)
{
	sqlite3_stmt *st = NULL;
	bool is_one = false;
	if (!sqlite3_prepare_v2(trace_sqlite(t, trace_nfiles(t) - 1),
				"SELECT 1 FROM source WHERE name = 'pagemap'", -1, &st, NULL))
		is_one = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return is_one;
}

static int open_updates(struct updates *u, struct trace *t, struct err *e)
{
	const struct trace_stream_info *s = trace_find_stream(t, KIND_PT);
	*u = (struct updates){ .next_ns = UINT64_MAX };
	if (!s || !s->rows || is_snapshot(t))
		return 0;
	const struct trace_select select = { .stream = s->id, .dev = -1 };
	const int rc = trace_reader_open(t, &select, &u->reader, e);
	return rc ? rc : fetch(u, e);
}

/* Pages that the host swapped out: it takes no matter when, as each costs the same. */
static int add_swapped(struct walk *w, struct trace *t, struct err *e)
{
	const struct trace_stream_info *s = trace_find_stream(t, KIND_SWAP);
	struct walk_update u = { .op = WALK_REVOKE };
	struct trace_reader *reader;
	const struct batch *b;
	if (!s || !s->rows)
		return 0;
	const struct trace_select select = {
		.stream = s->id,
		.columns = UINT64_C(1) << SWAP_COL_op | UINT64_C(1) << SWAP_COL_npages,
		.dev = -1,
	};
	int rc = trace_reader_open(t, &select, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0)
		for (uint32_t i = 0; i < b->n; i++)
			if (batch_u8(b, SWAP_COL_op)[i] == SWAP_OUT)
				u.count += batch_u32(b, SWAP_COL_npages)[i];
	trace_reader_close(reader);
	return rc ? rc : walk_update(w, &u, e);
}

/* ---- accesses ---- */

/* Rows from i on of one address space, before the next update. */
static uint32_t run_length(const struct batch *b, uint32_t i, uint64_t next_ns)
{
	const uint32_t *asid = batch_u32(b, MEM_COL_asid);
	const uint64_t *ts = batch_u64(b, MEM_COL_ts);
	uint32_t end = i + 1;
	while (end < b->n && asid[end] == asid[i] && (!ts || ts[end] < next_ns))
		end++;
	return end - i;
}

static int add_batch(struct walk *w, const struct batch *b, struct updates *u, struct err *e)
{
	const uint32_t *asid = batch_u32(b, MEM_COL_asid), *bytes = batch_u32(b, MEM_COL_bytes);
	const uint64_t *va = batch_u64(b, MEM_COL_va), *ts = batch_u64(b, MEM_COL_ts);
	int rc = 0;
	for (uint32_t i = 0, n; i < b->n && !rc; i += n) {
		if (ts && ts[i] >= u->next_ns)
			rc = apply(u, w, ts[i], e);
		n = run_length(b, i, u->next_ns);
		if (!rc)
			rc = walk_access(w, asid[i], va + i, bytes + i, n, e);
	}
	return rc;
}

static int add_all(struct walk *w, struct trace_reader *reader, struct updates *u,
		   void (*told)(void *ctx, uint64_t rows), void *told_ctx, struct err *e)
{
	const struct batch *b;
	uint64_t rows = 0;
	int rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0) {
		rc = add_batch(w, b, u, e);
		if (rc)
			return rc;
		rows += b->n;
		if (told)
			told(told_ctx, rows);
	}
	return rc ? rc : apply(u, w, UINT64_MAX, e);
}

int walk_feed(struct walk *w, struct trace *t, const struct trace_stream_info *stream,
	      void (*told)(void *ctx, uint64_t rows), void *told_ctx, struct err *e)
{
	struct trace_reader *reader;
	struct updates u;
	int rc = open_updates(&u, t, e);
	const struct trace_select select = {
		.stream = stream->id,
		.columns = UINT64_C(1) << MEM_COL_asid | UINT64_C(1) << MEM_COL_va |
			   UINT64_C(1) << MEM_COL_bytes |
			   (uint64_t)(u.reader != NULL) << MEM_COL_ts,
		.dev = -1,
		.threaded = true,
	};
	if (!rc)
		rc = trace_reader_open(t, &select, &reader, e);
	if (!rc) {
		rc = add_all(w, reader, &u, told, told_ctx, e);
		trace_reader_close(reader);
	}
	if (!rc)
		rc = add_swapped(w, t, e);
	if (u.reader)
		trace_reader_close(u.reader);
	return rc < 0 ? err_prefix(e, "%s", trace_path(t)) : 0;
}
