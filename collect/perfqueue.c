// SPDX-License-Identifier: MIT
/*
 * Samples lie one behind another in a buffer; an array of times and places is
 * sorted at the end of a round by merging the runs that are in it already: each
 * CPU's samples are one.
 */
#include "collect/perfqueue.h"

#include <stdlib.h>
#include <string.h>

enum {
	BYTES_LEAST = 1 << 16,
	UNIT = 8, /* places count words of 8 bytes */
	DOUBTS_MAX = 64,
	WORTH_SORTING = 4096, /* fewer wait for the next round */
};

static const uint32_t order_left = UINT32_MAX; /* of a sample that was popped */

static const uint64_t slack_ns = 100 * 1000 * 1000; /* nested events may be stamped out of order */

struct entry {
	uint64_t ts;
	uint32_t at, serial;
};

/* The last samples of one number. */
struct order {
	uint64_t last, before;
	uint32_t last_serial;
	bool has_last, has_before;
};

struct perfqueue {
	uint64_t most_bytes;
	struct entry *entries, *spare; /* cap each */
	uint32_t n, cap, ready, head;  /* [head, ready) may leave, [ready, n) waits */
	uint8_t *bytes;
	size_t used, bytes_cap;
	struct order *orders;
	uint32_t norders;
	uint64_t limit;     /* greatest believed time of the round before */
	uint64_t confirmed; /* and of all so far */
	uint64_t last_out;
	uint32_t serial, doubts[DOUBTS_MAX], ndoubts;
	struct perfqueue_stats stats;
};

int perfqueue_new(uint64_t most_bytes, struct perfqueue **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_NOMEM, "no memory to sort samples");
	(*out)->most_bytes = most_bytes;
	return 0;
}

void perfqueue_free(struct perfqueue *q)
{
	if (!q)
		return;
	free(q->entries);
	free(q->spare);
	free(q->bytes);
	free(q->orders);
	free(q);
}

static int reserve(struct perfqueue *q, size_t n, struct err *e)
{
	if (q->n == q->cap) {
		const uint32_t cap = q->cap ? 2 * q->cap : 1024;
		struct entry *a = realloc(q->entries, cap * sizeof(*a));
		if (a)
			q->entries = a;
		struct entry *b = a ? realloc(q->spare, cap * sizeof(*b)) : NULL;
		if (!b)
			return err_set(e, ERR_NOMEM, "no memory to sort %u samples", cap);
		q->spare = b;
		q->cap = cap;
	}
	if (q->bytes_cap - q->used < n) {
		size_t cap = q->bytes_cap ? 2 * q->bytes_cap : BYTES_LEAST;
		if (cap > q->most_bytes)
			cap = q->most_bytes;
		while (cap < q->used + n)
			cap += BYTES_LEAST;
		uint8_t *p = realloc(q->bytes, cap);
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %zu bytes of samples", cap);
		q->bytes = p;
		q->bytes_cap = cap;
	}
	return 0;
}

/* ---- whom to believe ---- */

static int order_of(struct perfqueue *q, uint32_t number, struct order **out, struct err *e)
{
	if (number >= q->norders) {
		uint32_t n = q->norders ? q->norders : 64;
		while (n <= number)
			n *= 2;
		struct order *p = realloc(q->orders, n * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %u numbers of events", n);
		memset(p + q->norders, 0, (n - q->norders) * sizeof(*p));
		q->orders = p;
		q->norders = n;
	}
	*out = &q->orders[number];
	return 0;
}

static void believe(struct perfqueue *q, struct order *o, uint64_t ts)
{
	if (o->has_last && ts + slack_ns >= o->last) {
		if (o->last > q->confirmed)
			q->confirmed = o->last;
		o->before = o->last;
		o->has_before = true;
	} else if (o->has_last && o->has_before && ts + slack_ns >= o->before &&
		   q->ndoubts < DOUBTS_MAX) {
		q->doubts[q->ndoubts++] = o->last_serial; /* it was the last one that lied */
	}
	o->last = ts;
	o->last_serial = q->serial;
	o->has_last = true;
}

static bool is_doubted(struct perfqueue *q, uint32_t serial)
{
	for (uint32_t i = 0; i < q->ndoubts; i++)
		if (q->doubts[i] == serial) {
			q->doubts[i] = q->doubts[--q->ndoubts];
			q->stats.doubted++;
			return true;
		}
	return false;
}

/* ---- order ---- */

/* End of the run that begins at i. */
static uint32_t run_end(const struct entry *v, uint32_t i, uint32_t n)
{
	for (i++; i < n && v[i - 1].ts <= v[i].ts; i++)
		;
	return i;
}

static void merge(const struct entry *a, const struct entry *a_end, const struct entry *b,
		  const struct entry *b_end, struct entry *to)
{
	while (a < a_end && b < b_end)
		*to++ = b->ts < a->ts ? *b++ : *a++;
	memcpy(to, a, (size_t)((const char *)a_end - (const char *)a));
	to += a_end - a;
	memcpy(to, b, (size_t)((const char *)b_end - (const char *)b));
}

/* Stable: equal times stay in the order of the file. */
static void sort(struct perfqueue *q)
{
	bool is_sorted = false;
	while (!is_sorted) {
		uint32_t i = q->head, runs = 0;
		while (i < q->n) {
			const uint32_t mid = run_end(q->entries, i, q->n);
			const uint32_t end = mid < q->n ? run_end(q->entries, mid, q->n) : mid;
			if (!runs && mid == q->n)
				return;
			merge(q->entries + i, q->entries + mid, q->entries + mid, q->entries + end,
			      q->spare + i);
			i = end;
			runs++;
		}
		struct entry *was = q->entries;
		q->entries = q->spare;
		q->spare = was;
		is_sorted = runs <= 1;
	}
}

static struct perfdata_sample *sample_at(const struct perfqueue *q, uint32_t at)
{
	return (struct perfdata_sample *)(q->bytes + (size_t)at * UNIT);
}

static size_t bytes_of(const struct perfdata_sample *s)
{
	return (sizeof(*s) + s->raw_len + UNIT - 1) / UNIT * UNIT;
}

/*
 * Gives back the bytes of samples that have left: the others move to the front
 * in the order they lie in. For that time `order`, which counts no more once a
 * sample is taken, holds the place of its entry.
 */
static void move_to_front(struct perfqueue *q)
{
	for (uint32_t i = q->head; i < q->n; i++) {
		struct perfdata_sample *s = sample_at(q, q->entries[i].at);
		s->order = i - q->head;
		q->entries[i - q->head] = q->entries[i];
	}
	q->n -= q->head;
	q->ready -= q->head;
	q->head = 0;
	size_t to = 0;
	for (size_t from = 0; from < q->used;) {
		struct perfdata_sample *s = (void *)(q->bytes + from);
		const size_t n = bytes_of(s);
		if (s->order != order_left) {
			q->entries[s->order].at = (uint32_t)(to / UNIT);
			if (to != from)
				memmove(q->bytes + to, s, n);
			to += n;
		}
		from += n;
	}
	q->used = to;
}

/* Lets go what is not later than `until`, and `least` samples anyway. */
static void release(struct perfqueue *q, uint64_t until, uint32_t least)
{
	sort(q);
	q->ready = q->head + least;
	while (q->ready < q->n && q->entries[q->ready].ts <= until)
		q->ready++;
}

int perfqueue_push(struct perfqueue *q, const struct perfdata_sample *s, struct err *e)
{
	const size_t n = bytes_of(s);
	struct order *o = NULL;
	if (q->head)
		move_to_front(q);
	int rc = reserve(q, n, e);
	if (!rc)
		rc = order_of(q, s->order, &o, e);
	if (rc)
		return rc;

	q->entries[q->n++] = (struct entry){ s->ts, (uint32_t)(q->used / UNIT), q->serial };
	memcpy(q->bytes + q->used, s, sizeof(*s));
	if (s->raw_len)
		memcpy(q->bytes + q->used + sizeof(*s), s->raw, s->raw_len);
	q->used += n;
	believe(q, o, s->ts);
	q->serial++;
	if (q->used + q->n * 2 * sizeof(struct entry) < q->most_bytes)
		return 0;
	release(q, 0, (q->n - q->head + 1) / 2);
	return 1;
}

bool perfqueue_end_round(struct perfqueue *q)
{
	const uint64_t until = q->limit;
	q->limit = q->confirmed;
	if (q->n - q->head < WORTH_SORTING)
		return false;
	release(q, until, 0);
	return q->ready > q->head;
}

void perfqueue_finish(struct perfqueue *q)
{
	release(q, UINT64_MAX, 0);
}

void perfqueue_next_file(struct perfqueue *q)
{
	if (q->norders)
		memset(q->orders, 0, q->norders * sizeof(*q->orders));
}

bool perfqueue_pop(struct perfqueue *q, struct perfdata_sample *out, bool *dropped_out)
{
	if (q->head == q->ready)
		return false;
	const struct entry *x = &q->entries[q->head++];
	struct perfdata_sample *s = sample_at(q, x->at);
	*out = *s;
	out->raw = (const uint8_t *)(s + 1);
	s->order = order_left;
	*dropped_out = q->ndoubts && is_doubted(q, x->serial);
	if (*dropped_out)
		return true;
	if (out->ts < q->last_out) {
		out->ts = q->last_out;
		q->stats.lifted++;
	}
	q->last_out = out->ts;
	return true;
}

const struct perfqueue_stats *perfqueue_stats(const struct perfqueue *q)
{
	return &q->stats;
}
