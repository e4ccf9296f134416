// SPDX-License-Identifier: MIT
/*
 * Exact curve: a histogram of stack distances, summed up. The pass is compiled
 * twice, since a population count is one instruction on any x86-64 of the last
 * fifteen years but not on the baseline.
 */
#include "replay/curve.h"

#include "base/cleanup.h"
#include "replay/recency.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
	FAR = 24,     /* requests ahead to ask for a page's place ... */
	NEAR = 12,    /* ... and then for its bits */
	DELAYED = 16, /* distances wait this long for their counter */
};

struct histogram {
	uint64_t *count; /* by distance; 0: first touches */
	uint32_t wait[DELAYED];
	unsigned at;
};

static inline __attribute__((always_inline)) void
count_block(struct recency *r, struct histogram *h, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__builtin_prefetch(&r->place[ids[i + FAR < n ? i + FAR : i]], 1);
		const uint32_t near = r->place[ids[i + NEAR < n ? i + NEAR : i]];
		__builtin_prefetch(&r->stale[near / 64], 1);

		const uint32_t distance = recency_touch(r, ids[i]);
		__builtin_prefetch(&h->count[distance], 1);
		h->count[h->wait[h->at]]++;
		h->wait[h->at] = distance;
		h->at = (h->at + 1) % DELAYED;
	}
}

static void count_plain(struct recency *r, struct histogram *h, const uint32_t *ids, size_t n)
{
	count_block(r, h, ids, n);
}

#ifdef __x86_64__
__attribute__((target("popcnt"))) static void count_popcnt(struct recency *r, struct histogram *h,
							   const uint32_t *ids, size_t n)
{
	count_block(r, h, ids, n);
}
#endif

typedef void count_fn(struct recency *r, struct histogram *h, const uint32_t *ids, size_t n);

static count_fn *choose_count(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("popcnt"))
		return count_popcnt;
#endif
	return count_plain;
}

static int count_distances(const struct spool *requests, struct recency *r, struct histogram *h,
			   struct err *e)
{
	_free_ uint32_t *scratch = malloc(SPOOL_BLOCK * sizeof(*scratch));
	count_fn *const count = choose_count();
	if (!scratch)
		return err_set(e, ERR_NOMEM, "no memory to read requests");
	for (uint64_t block = 0; block < spool_blocks(requests); block++) {
		const uint32_t *ids;
		size_t n;
		const int rc = spool_get(requests, block, scratch, &ids, &n, e);
		if (rc)
			return rc;
		count(r, h, ids, n);
	}
	/* what waits is counted, and the zeros it started with are taken back */
	for (unsigned i = 0; i < DELAYED; i++)
		h->count[h->wait[i]]++;
	h->count[0] -= DELAYED;
	return 0;
}

int curve_exact(const struct spool *requests, uint32_t npages, struct curve *out, struct err *e)
{
	struct arena scratch = {};
	struct recency r;
	struct histogram h = {};
	*out = (struct curve){ .requests = requests->n,
			       .unique_pages = npages,
			       .step_pages = 1,
			       .n = (uint64_t)npages + 1 };
	out->misses = arena_alloc(&out->arena, out->n, sizeof(*out->misses));
	h.count = out->misses;
	int rc = recency_init(&r, &scratch, npages, e);
	if (!rc && !out->misses)
		rc = err_set(e, ERR_NOMEM, "no memory for a curve of %u pages", npages);
	if (!rc)
		rc = count_distances(requests, &r, &h, e);
	arena_deinit(&scratch);
	if (rc) {
		curve_deinit(out);
		return rc;
	}
	/* in place: a size misses what the smaller one misses, less the hits at this distance */
	out->misses[0] = out->requests;
	for (uint64_t size = 1; size < out->n; size++)
		out->misses[size] = out->misses[size - 1] - out->misses[size];
	return 0;
}

void curve_deinit(struct curve *c)
{
	arena_deinit(&c->arena);
	*c = (struct curve){ .step_pages = 1 };
}
