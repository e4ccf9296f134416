// SPDX-License-Identifier: MIT
/* Recency: set-up, compaction and forgetting; the hot path is inline in the header. */
#include "replay/recency.h"

#include <string.h>

/* places per page: more means fewer compactions and a larger bitmap */
enum { PLACES_PER_PAGE = 8 };

#define ONES8(one) one, one, one, one, one, one, one, one

const uint64_t recency_mask64[2 * LEAF_WORDS] = { [LEAF_WORDS] = ONES8(UINT64_MAX) };

const uint16_t recency_mask16[2 * GROUP_LEAVES] = {
	[GROUP_LEAVES] = ONES8(ONES8(UINT16_MAX)),
};

const uint32_t recency_mask32[2 * SUPER_GROUPS] = {
	[SUPER_GROUPS] = ONES8(UINT32_MAX), ONES8(UINT32_MAX), ONES8(UINT32_MAX), ONES8(UINT32_MAX)
};

static uint32_t supers(const struct recency *r)
{
	return r->size / SUPER_BITS + 1;
}

int recency_init(struct recency *r, struct arena *a, uint32_t npages, struct err *e)
{
	const uint64_t want = (uint64_t)npages * PLACES_PER_PAGE + SUPER_BITS / 4;
	*r = (struct recency){ .npages = npages };
	r->size = want < UINT32_MAX ? (uint32_t)want : UINT32_MAX;
	const size_t n = supers(r), leaves = n * SUPER_GROUPS * GROUP_LEAVES;
	r->place = arena_alloc(a, npages, sizeof(*r->place));
	r->before = arena_alloc(a, leaves * LEAF_WORDS, sizeof(*r->before));
	r->stale = arena_alloc(a, leaves * LEAF_WORDS, sizeof(*r->stale));
	r->leaf = arena_alloc(a, leaves, sizeof(*r->leaf));
	r->group = arena_alloc(a, n * SUPER_GROUPS, sizeof(*r->group));
	r->super = arena_alloc(a, n, sizeof(*r->super));
	if (!r->place || !r->before || !r->stale || !r->leaf || !r->group || !r->super)
		return err_set(e, ERR_NOMEM, "no memory for the distances of %u pages", npages);
	return 0;
}

/* A place's new number is the count of places before it that are not stale. */
static void renumber(struct recency *r)
{
	uint32_t stale = 0;
	for (uint32_t w = 0; w <= (r->now - 1) / 64; w++) {
		r->before[w] = stale;
		stale += (uint32_t)__builtin_popcountll(r->stale[w]);
	}
	for (uint32_t page = 0; page < r->npages; page++) {
		if (!r->place[page])
			continue;
		const uint32_t at = r->place[page] - 1;
		const uint64_t below = r->stale[at / 64] & ~(~UINT64_C(0) << at % 64);
		const uint32_t here = (uint32_t)__builtin_popcountll(below);
		r->place[page] = 1 + at - r->before[at / 64] - here;
	}
	r->now -= stale;
}

void recency_compact(struct recency *r)
{
	const size_t n = supers(r), leaves = n * SUPER_GROUPS * GROUP_LEAVES;
	renumber(r);
	memset(r->stale, 0, leaves * LEAF_WORDS * sizeof(*r->stale));
	memset(r->leaf, 0, leaves * sizeof(*r->leaf));
	memset(r->group, 0, n * SUPER_GROUPS * sizeof(*r->group));
	memset(r->super, 0, n * sizeof(*r->super));
}

void recency_forget(struct recency *r, uint32_t page)
{
	if (!r->place[page])
		return;
	recency_mark_stale(r, r->place[page] - 1);
	r->place[page] = 0;
}
