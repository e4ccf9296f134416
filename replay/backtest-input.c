// SPDX-License-Identifier: MIT
/*
 * Three readers and the list of limit steps, merged by time. Mappings count as
 * accesses near their use (replay/access.h). Rows of cpu wait in a heap, as a
 * drawn time may lie behind those of later rows.
 */
#include "replay/backtest-input.h"

#include "base/rng.h"
#include "replay/access.h"

#include <stdlib.h>
#include <string.h>

/* One stream, row by row. */
struct cursor {
	struct trace_reader *reader; /* NULL: the trace has no such stream */
	const struct batch *batch;
	uint32_t at;
};

struct touch {
	uint64_t ts_ns, first;
	uint32_t npages;
	bool is_write;
};

struct backtest_input {
	const struct backtest_recording *r;
	const struct backtest_config *c;
	uint64_t draw; /* of touch times */
	struct access *dma;
	struct access_batch accesses;
	size_t access; /* next of accesses */
	struct cursor cpu, swap;
	size_t step, sample;
	struct touch *heap; /* least time first, then the least page */
	size_t nheap, heap_cap;
};

/* ---- cursors ---- */

static int open_cursor(struct cursor *c, struct trace *t, enum kind_id kind, uint64_t columns,
		       struct err *e)
{
	const struct trace_stream_info *info = trace_find_stream(t, kind);
	if (!info)
		return 0;
	const struct trace_select select = { .stream = info->id, .columns = columns, .dev = -1 };
	return trace_reader_open(t, &select, &c->reader, e);
}

/* Makes sure that the cursor stands on a row: 1, 0 at the end, negative on damage. */
static int look(struct cursor *c, struct err *e)
{
	if (!c->reader)
		return 0;
	if (c->batch && c->at < c->batch->n)
		return 1;
	c->at = 0;
	const int rc = trace_reader_next(c->reader, &c->batch, e);
	if (rc <= 0)
		c->batch = NULL;
	return rc;
}

static uint64_t time_of(const struct cursor *c)
{
	return batch_u64(c->batch, 0)[c->at];
}

/* ---- cpu touches ---- */

static bool is_before(const struct touch *a, const struct touch *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->first < b->first;
}

static int push(struct backtest_input *in, const struct touch *t, struct err *e)
{
	if (in->nheap == in->heap_cap) {
		const size_t cap = in->heap_cap ? 2 * in->heap_cap : 4096;
		struct touch *grown = reallocarray(in->heap, cap, sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for %zu touches", cap);
		in->heap = grown;
		in->heap_cap = cap;
	}
	size_t i = in->nheap++;
	for (; i && is_before(t, &in->heap[(i - 1) / 2]); i = (i - 1) / 2)
		in->heap[i] = in->heap[(i - 1) / 2];
	in->heap[i] = *t;
	return 0;
}

static void pop(struct backtest_input *in)
{
	const struct touch last = in->heap[--in->nheap];
	size_t i = 0;

	for (size_t child = 1; child < in->nheap; child = 2 * i + 1) {
		if (child + 1 < in->nheap && is_before(&in->heap[child + 1], &in->heap[child]))
			child++;
		if (!is_before(&in->heap[child], &last))
			break;
		in->heap[i] = in->heap[child];
		i = child;
	}
	in->heap[i] = last;
}

/* The touch of the cpu row under the cursor. */
static struct touch touch_of(const struct backtest_input *in)
{
	const struct batch *b = in->cpu.batch;
	const uint32_t i = in->cpu.at;
	const uint64_t period = batch_u64(b, CPU_COL_period)[i];
	struct touch t = {
		.ts_ns = batch_u64(b, CPU_COL_ts)[i],
		.first = batch_u64(b, CPU_COL_pfn)[i],
		.npages = batch_u32(b, CPU_COL_npages)[i],
		.is_write = batch_u8(b, CPU_COL_write)[i] != 0, /* not known: the worse */
	};
	const bool is_first_known = period < in->r->epoch_ns;

	if (!is_first_known && period && period != UINT64_MAX)
		t.ts_ns += splitmix64_mix(in->draw ^ t.ts_ns ^ splitmix64_mix(t.first)) % period;
	return t;
}

/* Fills the heap so far that its least touch is the next one: 1, 0 at the end, or an error. */
static int look_touch(struct backtest_input *in, struct err *e)
{
	for (;;) {
		const int rc = look(&in->cpu, e);
		if (rc < 0)
			return rc;
		if (!rc || (in->nheap && in->heap[0].ts_ns < time_of(&in->cpu)))
			return in->nheap > 0;
		const struct touch t = touch_of(in);
		in->cpu.at++;
		const int failed = push(in, &t, e);
		if (failed)
			return failed;
	}
}

/* ---- events ---- */

static int check_pages(const struct backtest_input *in, const struct backtest_event *ev,
		       struct err *e)
{
	const uint64_t all = in->r->vm_pages;

	if (ev->first < all && ev->npages <= all - ev->first)
		return 1;
	return err_set(e, ERR_UNUSABLE,
		       "%.120s: a row at %llu ns has page %llu, outside the VM's %llu",
		       trace_path(in->r->trace), (unsigned long long)ev->ts_ns,
		       (unsigned long long)ev->first, (unsigned long long)all);
}

/* Stands on the next row that uses pages; of a mapping nobody ends, that is its map. */
static int look_dma(struct backtest_input *in, struct err *e)
{
	for (;; in->access++) {
		while (in->access == in->accesses.n) {
			in->access = in->accesses.n = 0;
			const int rc = access_next(in->dma, &in->accesses, e);
			if (rc <= 0)
				return rc;
		}
		if (in->accesses.what[in->access] & (ACCESS_TOUCH | ACCESS_LIVE_BEGIN))
			return 1;
	}
}

static int take_dma(struct backtest_input *in, struct backtest_event *out, struct err *e)
{
	const struct access_batch *b = &in->accesses;
	const size_t i = in->access++;

	out->first = b->first[i];
	out->npages = b->npages[i];
	out->dev = b->dev[i];
	out->is_write = b->what[i] & (ACCESS_WRITE | ACCESS_LIVE_BEGIN);
	return check_pages(in, out, e);
}

static int take_touch(struct backtest_input *in, struct backtest_event *out, struct err *e)
{
	const struct touch t = in->heap[0];

	pop(in);
	out->first = t.first;
	out->npages = t.npages;
	out->is_write = t.is_write;
	return check_pages(in, out, e);
}

static bool is_snapshot_row(const struct cursor *c)
{
	return batch_u8(c->batch, SWAP_COL_op)[c->at] == SWAP_ABSENT;
}

/* Stands on the next snapshot row; other swap rows are not of interest. */
static int look_snapshot(struct backtest_input *in, struct err *e)
{
	int rc;

	while ((rc = look(&in->swap, e)) > 0 && !is_snapshot_row(&in->swap))
		in->swap.at++;
	return rc;
}

static int take_snapshot(struct backtest_input *in, struct backtest_event *out, struct err *e)
{
	const struct batch *b = in->swap.batch;
	const uint32_t i = in->swap.at++;

	out->first = batch_u64(b, SWAP_COL_pfn)[i];
	out->npages = batch_u32(b, SWAP_COL_npages)[i];
	const int rc = look_snapshot(in, e);
	if (rc < 0)
		return rc;
	out->is_last = !rc || time_of(&in->swap) != out->ts_ns;
	return check_pages(in, out, e);
}

static int take(struct backtest_input *in, struct backtest_event *out, struct err *e)
{
	switch (out->what) {
	case BACKTEST_LIMIT:
		out->pages = in->r->steps[in->step].pages;
		out->is_squeeze = in->r->steps[in->step++].is_squeeze;
		return 1;
	case BACKTEST_SAMPLE:
		in->sample++;
		return 1;
	case BACKTEST_SNAPSHOT:
		return take_snapshot(in, out, e);
	case BACKTEST_DMA:
		return take_dma(in, out, e);
	default:
		return take_touch(in, out, e);
	}
}

int backtest_input_next(struct backtest_input *in, struct backtest_event *out, struct err *e)
{
	const struct backtest_recording *r = in->r;
	while (in->step < r->nsteps && r->steps[in->step].is_squeeze && !in->c->has_squeezes)
		in->step++;
	const int has_snapshot = look_snapshot(in, e);
	const int has_dma = has_snapshot < 0 ? has_snapshot : look_dma(in, e);
	const int has_touch = has_dma < 0 ? has_dma : look_touch(in, e);
	if (has_touch < 0)
		return has_touch;

	const struct {
		bool is_there;
		uint64_t ts_ns;
	} heads[] = {
		[BACKTEST_LIMIT] = { in->step < r->nsteps,
				     in->step < r->nsteps ? r->steps[in->step].ts_ns : 0 },
		[BACKTEST_SAMPLE] = { in->sample < r->nsamples,
				      in->sample < r->nsamples ? r->samples_ns[in->sample] : 0 },
		[BACKTEST_SNAPSHOT] = { has_snapshot, has_snapshot ? time_of(&in->swap) : 0 },
		[BACKTEST_DMA] = { has_dma, has_dma ? in->accesses.ts_ns[in->access] : 0 },
		[BACKTEST_TOUCH] = { has_touch, has_touch ? in->heap[0].ts_ns : 0 },
	};
	int best = -1;
	for (int i = 0; i <= BACKTEST_TOUCH; i++)
		if (heads[i].is_there && (best < 0 || heads[i].ts_ns < heads[best].ts_ns))
			best = i;
	if (best < 0)
		return 0;
	*out = (struct backtest_event){ .what = (enum backtest_what)best,
					.ts_ns = heads[best].ts_ns };
	return take(in, out, e);
}

#define CONFIG(field) offsetof(struct backtest_config, field)

const struct param backtest_params[] = {
	{ "backtest", "interval", PARAM_NS, NULL, "10s", 1, 0,
	  "Faults on one page within it are one when recall and precision are counted.",
	  CONFIG(interval_ns), NULL },
	{ "backtest", "squeezes", PARAM_BOOL, NULL, "no", 0, 0,
	  "Repeat moments when other memory of the group squeezed the guest, as its use tells.",
	  CONFIG(has_squeezes), NULL },
	{ "backtest", "seed", PARAM_U64, NULL, "1", 0, 0,
	  "Of the times drawn for CPU touches whose place within their epoch is not known.",
	  CONFIG(seed), NULL },
};
const size_t backtest_nparams = sizeof(backtest_params) / sizeof(backtest_params[0]);

#define BIT(column) (UINT64_C(1) << (column))

int backtest_input_open(const struct backtest_recording *r, const struct backtest_config *c,
			struct backtest_input **out, struct err *e)
{
	struct backtest_input *in = calloc(1, sizeof(*in));
	if (!in)
		return err_set(e, ERR_NOMEM, "out of memory");
	in->r = r;
	in->c = c;
	in->draw = splitmix64_mix(c->seed);
	const struct access_config near = {
		.model = ACCESS_NEAR,
		.without_cpu = true,
		.dma_stream = -1,
		.cpu_stream = -1,
	};
	int rc = access_open(r->trace, &near, &in->dma, e);
	if (!rc)
		rc = open_cursor(&in->cpu, r->trace, KIND_CPU,
				 BIT(CPU_COL_ts) | BIT(CPU_COL_pfn) | BIT(CPU_COL_npages) |
					 BIT(CPU_COL_period) | BIT(CPU_COL_write),
				 e);
	if (!rc)
		rc = open_cursor(&in->swap, r->trace, KIND_SWAP,
				 BIT(SWAP_COL_ts) | BIT(SWAP_COL_op) | BIT(SWAP_COL_pfn) |
					 BIT(SWAP_COL_npages),
				 e);
	if (rc) {
		backtest_input_close(in);
		return rc;
	}
	*out = in;
	return 0;
}

void backtest_input_close(struct backtest_input *in)
{
	if (!in)
		return;
	access_close(in->dma);
	trace_reader_close(in->cpu.reader);
	trace_reader_close(in->swap.reader);
	free(in->heap);
	free(in);
}
