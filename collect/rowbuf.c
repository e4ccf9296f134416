// SPDX-License-Identifier: MIT
/*
 * Mostly rows come in order and nothing has to be done. Else runs that are in
 * order are merged pairwise, as many times as it takes: each source is such a
 * run, so there are few.
 */
#include "collect/rowbuf.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MIN = 1024 };

#define K(lower, UPPER, schema) [KIND_##UPPER] = sizeof(struct lower##_event),
static const size_t sizes[KIND_COUNT] = { KINDS(K) };
#undef K

static uint64_t time_of(const struct rowbuf *b, size_t i)
{
	uint64_t ts;
	memcpy(&ts, b->rows + i * b->row_bytes, sizeof(ts));
	return ts;
}

void rowbuf_init(struct rowbuf *b, enum kind_id kind)
{
	*b = (struct rowbuf){ .kind = kind, .row_bytes = sizes[kind], .is_in_order = true };
}

void rowbuf_deinit(struct rowbuf *b)
{
	free(b->rows);
	free(b->other);
	b->rows = b->other = NULL;
}

static int grow(struct rowbuf *b, struct err *e)
{
	const size_t cap = b->cap ? 2 * b->cap : ROWS_MIN;
	uint8_t *rows = realloc(b->rows, cap * b->row_bytes);
	if (!rows)
		return err_set(e, ERR_NOMEM, "no memory for %zu %s rows", cap, kinds[b->kind].name);
	b->rows = rows;
	free(b->other);
	b->other = NULL;
	b->cap = cap;
	return 0;
}

int rowbuf_add(struct rowbuf *b, const void *row, struct err *e)
{
	if (b->n == b->cap) {
		const int rc = grow(b, e);
		if (rc)
			return rc;
	}
	uint8_t *to = b->rows + b->n * b->row_bytes;
	memcpy(to, row, b->row_bytes);
	uint64_t ts;
	memcpy(&ts, row, sizeof(ts));
	if (ts < b->settled_ns) {
		b->late++;
		ts = b->settled_ns;
		memcpy(to, &ts, sizeof(ts));
	}
	b->is_in_order = b->is_in_order && (!b->n || time_of(b, b->n - 1) <= ts);
	b->n++;
	return 0;
}

/* The end of the run in order that begins at i. */
static size_t run_end(const struct rowbuf *b, size_t i)
{
	while (i + 1 < b->n && time_of(b, i) <= time_of(b, i + 1))
		i++;
	return i + 1;
}

/* Merges [from, mid) and [mid, to) into the other array, the first run first at the same time. */
static void merge(struct rowbuf *b, size_t from, size_t mid, size_t to)
{
	size_t x = from, y = mid;
	for (size_t at = from; at < to; at++) {
		const bool takes_x = x < mid && (y == to || time_of(b, x) <= time_of(b, y));
		memcpy(b->other + at * b->row_bytes, b->rows + (takes_x ? x++ : y++) * b->row_bytes,
		       b->row_bytes);
	}
}

/* One round: the number of runs halves. */
static void merge_runs(struct rowbuf *b)
{
	for (size_t from = 0, mid, to; from < b->n; from = to) {
		mid = run_end(b, from);
		to = mid < b->n ? run_end(b, mid) : mid;
		merge(b, from, mid, to);
	}
	uint8_t *rows = b->other;
	b->other = b->rows;
	b->rows = rows;
}

static int sort(struct rowbuf *b, struct err *e)
{
	if (!b->other && !(b->other = malloc(b->cap * b->row_bytes)))
		return err_set(e, ERR_NOMEM, "no memory to sort %zu rows", b->n);
	while (run_end(b, 0) < b->n)
		merge_runs(b);
	b->is_in_order = true;
	return 0;
}

#define K(lower, UPPER, schema) \
	case KIND_##UPPER:      \
		return lower##_put(s, (const struct lower##_event *)row, e);
static int put(enum kind_id kind, struct trace_stream *s, const void *row, struct err *e)
{
	switch (kind) {
		KINDS(K)
	case KIND_COUNT:
		break;
	}
	return err_set(e, ERR_BUG, "a row of no kind");
}
#undef K

int rowbuf_settle(struct rowbuf *b, uint64_t mark_ns, struct trace_stream *s, struct err *e)
{
	int rc = b->is_in_order ? 0 : sort(b, e);
	size_t n = 0;
	for (; !rc && n < b->n && time_of(b, n) < mark_ns; n++)
		rc = put(b->kind, s, b->rows + n * b->row_bytes, e);
	if (rc)
		return rc;
	b->n -= n;
	memmove(b->rows, b->rows + n * b->row_bytes, b->n * b->row_bytes);
	b->settled_ns = mark_ns > b->settled_ns ? mark_ns : b->settled_ns;
	return 0;
}
