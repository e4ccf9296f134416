// SPDX-License-Identifier: MIT
/*
 * SHARDS with a fixed number of pages and adjustment. A page belongs to the
 * sample when its hash is below a threshold; threshold / 2^64 is the rate R.
 * When the sample is full, the page with the greatest hash leaves and its hash
 * becomes the threshold. A distance of d sampled pages stands for d / R pages,
 * and a sampled request for 1 / R requests.
 *
 * The paper rescales all counts when R falls; here a request is counted as its
 * 1 / R in full requests from the start, which is the same and needs no
 * rescaling. Weights are fixed-point integers, so results repeat bit by bit.
 *
 * The paper hashes pages independently of each other, so the number that falls
 * below the threshold is off by 1 % (one sigma, 8192 pages), and the curve with
 * it. Here the hash is a golden-ratio sequence over page numbers, shifted at
 * random for each region of 4096 pages: every page is still drawn with the
 * chance R, but neighbours, which often are used alike, are drawn evenly. That
 * cuts the mean error on two real traces to less than half. Page numbers that
 * are scattered fall back to independence.
 *
 * Adjustment: what the weights miss of the number of requests, or exceed it by,
 * is added to the smallest distance; popular pages drawn too rarely or too
 * often are most of that error.
 */
#include "replay/curve.h"

#include "base/rng.h"
#include "replay/recency.h"

enum {
	REGION_SHIFT = 12, /* 16 MiB of pages share a random shift */
	WEIGHT_BITS = 20,  /* fraction bits: sums hold 2^44 requests */
	BUCKETS = 1 << 16,
};

struct sample {
	struct recency recency; /* by slot, as hash[] */
	uint64_t *page, *hash;  /* of a slot */
	uint32_t *heap;         /* slots, greatest hash first */
	uint32_t *table;        /* 1 + slot, by page; linear probing */
	uint32_t mask;
	uint32_t n, max;
	uint64_t threshold, weight; /* of one sampled request, fixed point */
	uint64_t salt, requests, first_touches;
	uint64_t *count; /* by ceil(distance / 2^step_bits), weights */
	unsigned step_bits;
	uint64_t used; /* buckets: the greatest index + 1 */
};

static inline uint64_t hash_of(const struct sample *s, uint64_t page)
{
	const uint64_t region = splitmix64_mix(page >> REGION_SHIFT ^ s->salt);
	return page * UINT64_C(0x9e3779b97f4a7c15) + region;
}

static void set_threshold(struct sample *s, uint64_t threshold)
{
	/* a rate below 2^-32 cannot come from pages that fit a trace, only from a crafted one */
	s->threshold = threshold > UINT32_MAX ? threshold : (uint64_t)UINT32_MAX + 1;
	s->weight = (uint64_t)(((unsigned __int128)1 << (64 + WEIGHT_BITS)) / s->threshold);
}

static int init(struct sample *s, struct arena *a, uint32_t max, uint64_t seed, uint64_t *count,
		struct err *e)
{
	uint32_t slots = 16;
	while (slots < 2 * (uint64_t)max)
		slots *= 2;
	*s = (struct sample){
		.page = arena_alloc(a, max, sizeof(*s->page)),
		.hash = arena_alloc(a, max, sizeof(*s->hash)),
		.heap = arena_alloc(a, max, sizeof(*s->heap)),
		.table = arena_alloc(a, slots, sizeof(*s->table)),
		.mask = slots - 1,
		.max = max,
		.salt = rng_seed(seed, "shards"),
		.count = count,
		.used = 1,
	};
	set_threshold(s, UINT64_MAX);
	s->weight = UINT64_C(1) << WEIGHT_BITS;
	if (!s->page || !s->hash || !s->heap || !s->table || !count)
		return err_set(e, ERR_NOMEM, "no memory for a sample of %u pages", max);
	return recency_init(&s->recency, a, max, e);
}

static uint32_t home_of(const struct sample *s, uint64_t page)
{
	return (uint32_t)splitmix64_mix(page) & s->mask;
}

/* Where a page is in the table, or the free place where it would be. */
static uint32_t find(const struct sample *s, uint64_t page)
{
	uint32_t at = home_of(s, page);
	while (s->table[at] && s->page[s->table[at] - 1] != page)
		at = (at + 1) & s->mask;
	return at;
}

/* Closes the gap, so that probing needs no markers for removed entries. */
static void table_remove(struct sample *s, uint64_t page)
{
	uint32_t gap = find(s, page);
	for (uint32_t at = (gap + 1) & s->mask; s->table[at]; at = (at + 1) & s->mask) {
		const uint32_t home = home_of(s, s->page[s->table[at] - 1]);
		if (((at - home) & s->mask) < ((at - gap) & s->mask))
			continue;
		s->table[gap] = s->table[at];
		gap = at;
	}
	s->table[gap] = 0;
}

static void sift_up(struct sample *s, uint32_t at)
{
	const uint32_t slot = s->heap[at];
	for (; at; at = (at - 1) / 2) {
		const uint32_t parent = s->heap[(at - 1) / 2];
		if (s->hash[parent] >= s->hash[slot])
			break;
		s->heap[at] = parent;
	}
	s->heap[at] = slot;
}

static void sift_down(struct sample *s)
{
	const uint32_t slot = s->heap[0];
	uint32_t at = 0;
	for (uint32_t child; (child = 2 * at + 1) < s->n; at = child) {
		if (child + 1 < s->n && s->hash[s->heap[child + 1]] > s->hash[s->heap[child]])
			child++;
		if (s->hash[s->heap[child]] <= s->hash[slot])
			break;
		s->heap[at] = s->heap[child];
	}
	s->heap[at] = slot;
}

/* A page seen for the first time, or again after it left the sample. */
static void add_page(struct sample *s, uint64_t page, uint64_t hash)
{
	uint32_t slot = s->n;
	s->first_touches += s->weight;
	if (s->n < s->max) {
		s->heap[s->n++] = slot;
		s->page[slot] = page;
		s->hash[slot] = hash;
		sift_up(s, s->n - 1);
	} else {
		slot = s->heap[0];
		if (hash >= s->hash[slot]) {
			set_threshold(s, hash);
			return;
		}
		set_threshold(s, s->hash[slot]);
		table_remove(s, s->page[slot]);
		recency_forget(&s->recency, slot);
		s->page[slot] = page;
		s->hash[slot] = hash;
		sift_down(s);
	}
	s->table[find(s, page)] = slot + 1;
	recency_touch(&s->recency, slot);
}

/* Buckets of twice the width: each is the sum of two. */
static void double_step(struct sample *s)
{
	for (uint64_t i = 1; i < BUCKETS; i++) {
		const uint64_t n = s->count[i];
		s->count[i] = 0;
		s->count[(i + 1) / 2] += n;
	}
	s->step_bits++;
	s->used = s->used / 2 + 1;
}

static void count_distance(struct sample *s, uint32_t sampled)
{
	const uint64_t between = (uint64_t)sampled - 1;
	const uint64_t distance =
		1 + (uint64_t)(((unsigned __int128)between * s->weight) >> WEIGHT_BITS);
	uint64_t i;
	while ((i = ((distance - 1) >> s->step_bits) + 1) >= BUCKETS)
		double_step(s);
	s->count[i] += s->weight;
	s->used = i >= s->used ? i + 1 : s->used;
}

static void take_request(struct sample *s, uint64_t page, uint64_t hash)
{
	const uint32_t at = find(s, page);
	if (s->table[at])
		count_distance(s, recency_touch(&s->recency, s->table[at] - 1));
	else
		add_page(s, page, hash);
}

static void take_ranges(struct sample *s, const struct page_ranges *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const uint32_t pages = r->count ? r->count[i] : 1;
		s->requests += pages;
		for (uint32_t k = 0; k < pages; k++) {
			const uint64_t page = r->first[i] + k, hash = hash_of(s, page);
			if (__builtin_expect(hash < s->threshold, 0))
				take_request(s, page, hash);
		}
	}
}

/* Turns weights by distance into misses by size, in place. */
static void sum_up(const struct sample *s, struct curve *out)
{
	uint64_t missed = s->first_touches;
	for (uint64_t i = s->used; i--;) {
		const uint64_t here = s->count[i], misses = missed >> WEIGHT_BITS;
		out->misses[i] = misses < s->requests && i ? misses : s->requests;
		missed += here;
	}
	out->n = s->used;
	out->step_pages = UINT64_C(1) << s->step_bits;
	out->requests = s->requests;
	const unsigned __int128 unique = ((unsigned __int128)s->n * s->weight) >> WEIGHT_BITS;
	out->unique_pages = unique < s->requests ? (uint64_t)unique : s->requests;
}

int curve_sample(const struct page_source *source, uint32_t max_pages, uint64_t seed,
		 struct curve *out, struct err *e)
{
	struct arena scratch = {};
	struct sample s;
	struct page_ranges ranges;

	*out = (struct curve){ .step_pages = 1 };
	out->misses = arena_alloc(&out->arena, BUCKETS, sizeof(*out->misses));
	int rc = init(&s, &scratch, max_pages, seed, out->misses, e);
	while (!rc) {
		rc = page_source_next(source, &ranges, e);
		if (rc <= 0)
			break;
		take_ranges(&s, &ranges);
		rc = 0;
	}
	if (!rc)
		sum_up(&s, out);
	arena_deinit(&scratch);
	if (rc)
		curve_deinit(out);
	return rc;
}
