// SPDX-License-Identifier: MIT
/* Half of the rows leave when all places are taken; sorted only when one came out of order. */
#include "collect/iosort.h"

#include "base/quantity.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RATE_MOST_PER_S = 50 * 1000 * 1000, /* requests; the fastest arrays make less */
	GUARD_ROWS_LEAST = 32,
	STEP = 1000, /* between units: ns, us, ms, s */
};
/* Fewer than one request in ten minutes is no recording of a disk. */
static const uint64_t gap_most_ns = 600 * NS_PER_SEC;

struct waiting {
	struct io_event row;
	uint64_t order;
};

struct iosort {
	struct import *im;
	struct trace_stream *stream;
	struct waiting *rows;
	uint32_t n;
	bool is_unsorted;
	uint64_t order, last, first, put, backwards;
};

int iosort_new(struct import *im, struct iosort **out, struct err *e)
{
	struct iosort *s = calloc(1, sizeof(*s));
	if (s)
		s->rows = malloc(IOSORT_ROWS * sizeof(*s->rows));
	if (!s || !s->rows) {
		free(s);
		return err_set(e, ERR_NOMEM, "no memory to sort requests");
	}
	s->im = im;
	s->last = im->at.last_ns; /* of the inputs before */
	const int rc = trace_writer_stream(im->w, KIND_IO, &s->stream, e);
	if (rc) {
		iosort_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void iosort_free(struct iosort *s)
{
	if (!s)
		return;
	free(s->rows);
	free(s);
}

static int by_time(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	if (x->row.ts != y->row.ts)
		return x->row.ts < y->row.ts ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int leave(struct iosort *s, uint32_t n, struct err *e)
{
	if (s->is_unsorted)
		qsort(s->rows, s->n, sizeof(s->rows[0]), by_time);
	s->is_unsorted = false;
	for (uint32_t i = 0; i < n; i++) {
		struct io_event *row = &s->rows[i].row;
		if (row->ts < s->last) {
			s->backwards++;
			row->ts = s->last;
		}
		const int rc = io_put(s->stream, row, e);
		if (rc)
			return rc;
		s->im->at.stored++;
		if (!s->put++)
			s->first = row->ts;
		s->last = row->ts;
	}
	s->n -= n;
	memmove(s->rows, s->rows + n, s->n * sizeof(s->rows[0]));
	s->im->at.last_ns = s->last;
	return 0;
}

int iosort_put(struct iosort *s, const struct io_event *row, struct err *e)
{
	s->is_unsorted |= s->n && row->ts < s->rows[s->n - 1].row.ts;
	s->rows[s->n++] = (struct waiting){ *row, s->order++ };
	return s->n == IOSORT_ROWS ? leave(s, IOSORT_ROWS / 2, e) : 0;
}

int iosort_finish(struct iosort *s, struct err *e)
{
	char text[100];
	int rc = leave(s, s->n, e);

	if (rc || !s->backwards)
		return rc;
	if (s->im->warn) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " requests far out of order: they take the time of a later one",
			 s->backwards);
		s->im->warn(s->im->ctx, text);
	}
	snprintf(text, sizeof(text), "%" PRIu64, s->backwards);
	return trace_writer_meta(s->im->w, "io_time_backwards", text, e);
}

int iosort_guard_unit(struct iosort *s, const char *unit, struct err *e)
{
	const uint64_t span = s->last - s->first, gaps = s->put ? s->put - 1 : 0;
	char text[400];

	if (s->put < GUARD_ROWS_LEAST)
		return 0;
	const bool is_fast = span < gaps * NS_PER_SEC / RATE_MOST_PER_S;
	if (!is_fast && span / gaps <= gap_most_ns)
		return 0;

	/* the factor that makes it a disk: the least power of 1,000 */
	uint64_t factor = STEP;
	while (factor < NS_PER_SEC && (is_fast ? span * factor < gaps * NS_PER_SEC / RATE_MOST_PER_S
					       : span / factor / gaps > gap_most_ns))
		factor *= STEP;
	snprintf(text, sizeof(text),
		 "%.80s: %s requests in %s are no disk's: its times are read as units of %s, but "
		 "are probably %s times %s",
		 input_name(s->im->in), quantity_count(s->put).s, quantity_ns(span).s, unit,
		 quantity_count(factor).s, is_fast ? "longer" : "shorter");
	if (s->im->warn)
		s->im->warn(s->im->ctx, text);
	return trace_writer_meta(s->im->w, "unit_warning", text, e);
}
