// SPDX-License-Identifier: MIT
/*
 * Areas in an array: a chain for each device, in the order they began, and
 * chains by hash to find the one that ends. A row costs a look at the time its
 * device is due.
 */
#include "replay/live.h"

#include <stdlib.h>
#include <string.h>

struct live_area {
	uint64_t first;
	uint32_t npages;
	uint16_t dev;
	uint8_t what;
	uint32_t older, newer; /* of the device: 1 + area; newer also chains the free ones */
	uint32_t chained;      /* of the same hash: 1 + area */
};

enum { BUCKETS_MIN = 64 };

int live_init(struct live *l, uint64_t period_ns, struct err *e)
{
	*l = (struct live){ .period_ns = period_ns, .nbuckets = BUCKETS_MIN };
	l->due_ns = malloc(LIVE_DEVICES * sizeof(*l->due_ns));
	l->first = calloc(LIVE_DEVICES, sizeof(*l->first));
	l->last = calloc(LIVE_DEVICES, sizeof(*l->last));
	l->buckets = calloc(l->nbuckets, sizeof(*l->buckets));
	if (!l->due_ns || !l->first || !l->last || !l->buckets) {
		live_deinit(l);
		return err_set(e, ERR_NOMEM, "no memory for coherent areas");
	}
	live_clear(l);
	return 0;
}

void live_deinit(struct live *l)
{
	free(l->due_ns);
	free(l->first);
	free(l->last);
	free(l->buckets);
	free(l->areas);
	*l = (struct live){};
}

void live_clear(struct live *l)
{
	memset(l->due_ns, 0xff, LIVE_DEVICES * sizeof(*l->due_ns));
	memset(l->first, 0, LIVE_DEVICES * sizeof(*l->first));
	memset(l->last, 0, LIVE_DEVICES * sizeof(*l->last));
	memset(l->buckets, 0, l->nbuckets * sizeof(*l->buckets));
	l->nareas = l->nfree = 0;
	l->free = l->next = 0;
	l->pages = l->pages_max = l->told_max = 0;
}

/* ---- areas ---- */

static uint32_t *bucket_of(const struct live *l, uint16_t dev, uint64_t first)
{
	const uint64_t hash = (first ^ (uint64_t)dev << 48) * UINT64_C(0x9e3779b97f4a7c15);
	return &l->buckets[(hash >> 32) & (l->nbuckets - 1)];
}

static int grow(struct live *l, struct err *e)
{
	const size_t cap = l->cap ? 2 * l->cap : BUCKETS_MIN;
	struct live_area *areas = realloc(l->areas, cap * sizeof(*areas));
	l->areas = areas ? areas : l->areas;
	uint32_t *buckets = calloc(cap, sizeof(*buckets));
	if (!areas || !buckets || cap > UINT32_MAX) {
		free(buckets);
		return err_set(e, ERR_NOMEM, "no memory for %zu coherent areas", cap);
	}
	/* no area is free now: that is why there must be room */
	free(l->buckets);
	l->buckets = buckets;
	l->nbuckets = l->cap = cap;
	for (uint32_t i = 0; i < l->nareas; i++) {
		uint32_t *b = bucket_of(l, areas[i].dev, areas[i].first);
		areas[i].chained = *b;
		*b = i + 1;
	}
	return 0;
}

static int begin(struct live *l, const struct access_batch *b, size_t row, struct err *e)
{
	if (!l->free && l->nareas == l->cap) {
		const int rc = grow(l, e);
		if (rc)
			return rc;
	}
	const uint32_t i = l->free ? l->free - 1 : (uint32_t)l->nareas++;
	struct live_area *a = &l->areas[i];
	if (l->free) {
		l->free = a->newer;
		l->nfree--;
	}
	const uint16_t dev = b->dev[row];
	uint32_t *bucket = bucket_of(l, dev, b->first[row]);
	*a = (struct live_area){
		.first = b->first[row],
		.npages = b->npages[row],
		.dev = dev,
		.what = b->what[row] & (ACCESS_TOUCH | ACCESS_WRITE),
		.older = l->last[dev],
		.chained = *bucket,
	};
	*bucket = l->last[dev] = i + 1;
	if (a->older)
		l->areas[a->older - 1].newer = i + 1;
	else
		l->first[dev] = i + 1;
	if (l->due_ns[dev] == UINT64_MAX &&
	    __builtin_add_overflow(b->ts_ns[row], l->period_ns, &l->due_ns[dev]))
		l->due_ns[dev] = UINT64_MAX;
	l->pages += a->npages;
	l->pages_max = l->pages > l->pages_max ? l->pages : l->pages_max;
	l->told_max = l->nareas - l->nfree > l->told_max ? l->nareas - l->nfree : l->told_max;
	return 0;
}

/* What began before the trace is not known. */
static void end(struct live *l, uint16_t dev, uint64_t first)
{
	uint32_t *at = bucket_of(l, dev, first);
	while (*at && (l->areas[*at - 1].dev != dev || l->areas[*at - 1].first != first))
		at = &l->areas[*at - 1].chained;
	if (!*at)
		return;
	const uint32_t i = *at - 1;
	struct live_area *a = &l->areas[i];
	*at = a->chained;
	*(a->older ? &l->areas[a->older - 1].newer : &l->first[dev]) = a->newer;
	*(a->newer ? &l->areas[a->newer - 1].older : &l->last[dev]) = a->older;
	l->pages -= a->npages;
	a->newer = l->free;
	l->free = i + 1;
	l->nfree++;
	if (!l->first[dev])
		l->due_ns[dev] = UINT64_MAX;
}

/* ---- rows ---- */

static bool is_active(unsigned what)
{
	return what & (ACCESS_TOUCH | ACCESS_OPEN | ACCESS_CLOSE) && !(what & ACCESS_BY_CPU);
}

/* Uses are due before this row. */
static void start_telling(struct live *l, uint16_t dev, uint64_t ts)
{
	l->next = l->first[dev];
	l->next_ts = ts;
	if (__builtin_add_overflow(ts, l->period_ns, &l->due_ns[dev]))
		l->due_ns[dev] = UINT64_MAX;
}

int live_pass(struct live *l, const struct access_batch *b, size_t at, size_t *end_out,
	      struct err *e)
{
	for (size_t i = at; i < b->n; i++) {
		const unsigned what = b->what[i];
		if (__builtin_expect(what & ACCESS_SWEPT, 0)) {
			int rc = 0;
			if (what & ACCESS_LIVE_BEGIN)
				rc = begin(l, b, i, e);
			else
				end(l, b->dev[i], b->first[i]);
			if (rc)
				return rc;
		} else if (__builtin_expect(b->ts_ns[i] >= l->due_ns[b->dev[i]], 0) &&
			   is_active(what)) {
			start_telling(l, b->dev[i], b->ts_ns[i]);
			*end_out = i;
			return 0;
		}
	}
	*end_out = b->n;
	return 0;
}

bool live_take(struct live *l, struct access_batch *out)
{
	size_t n = 0;
	for (; l->next && n < LIVE_BATCH; n++) {
		const struct live_area *a = &l->areas[l->next - 1];
		l->ts[n] = l->next_ts;
		l->page[n] = a->first;
		l->npages[n] = a->npages;
		l->dev[n] = a->dev;
		l->what[n] = a->what;
		l->next = a->newer;
	}
	*out = (struct access_batch){
		.ts_ns = l->ts,
		.first = l->page,
		.npages = l->npages,
		.dev = l->dev,
		.what = l->what,
		.n = n,
	};
	return n;
}
