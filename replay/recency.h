// SPDX-License-Identifier: MIT
/*
 * Stack distances: how many different pages were touched since a page's last
 * touch (itself included), which is the least LRU size that hits (Mattson et
 * al., IBM Systems Journal 9(2), 1970).
 *
 * Each touch takes the next place of a row, and the page's older place becomes
 * stale. The distance is the number of places since, less the stale ones among
 * them. Stale places are bits; counts of stale bits per 512, 32 Ki and 1 Mi
 * places make the sum short and free of branches. A full row is compacted,
 * which costs each page one look every seven touches a page.
 *
 * Memory: 4 bytes a page for its place, 1.6 bytes for its share of the bits.
 */
#ifndef PUGMARK_REPLAY_RECENCY_H
#define PUGMARK_REPLAY_RECENCY_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	LEAF_BITS = 512,
	LEAF_WORDS = LEAF_BITS / 64,
	GROUP_LEAVES = 64,
	GROUP_BITS = LEAF_BITS * GROUP_LEAVES,
	SUPER_GROUPS = 32,
	SUPER_BITS = GROUP_BITS * SUPER_GROUPS,
};

struct recency {
	uint32_t *place;  /* by page: 1 + its newest place; 0: not seen, or forgotten */
	uint64_t *stale;  /* a bit a place */
	uint16_t *leaf;   /* stale places by 512 ... */
	uint32_t *group;  /* ... by 32 Ki ... */
	uint32_t *super;  /* ... by 1 Mi */
	uint32_t *before; /* stale places before each word, while compacting */
	uint32_t npages, size, now;
};

/* Room for npages pages in the arena. */
int recency_init(struct recency *r, struct arena *a, uint32_t npages, struct err *e);

/* Renumbers the places; called by recency_touch. */
void recency_compact(struct recency *r);

/* Forgets a page: it no longer counts in any distance, and its next touch is a first one. */
void recency_forget(struct recency *r, uint32_t page);

typedef uint16_t recency_u16x8 __attribute__((vector_size(16), aligned(2)));
typedef uint32_t recency_u32x4 __attribute__((vector_size(16), aligned(4)));

/* Zeros, then ones: loading from the middle masks what is not behind an index. */
extern const uint64_t recency_mask64[2 * LEAF_WORDS];
extern const uint16_t recency_mask16[2 * GROUP_LEAVES];
extern const uint32_t recency_mask32[2 * SUPER_GROUPS];

/* Stale places behind `at` within its leaf, group, super, and behind its super. */
static inline __attribute__((always_inline)) uint32_t recency_stale_behind(const struct recency *r,
									   uint32_t at)
{
	const uint64_t *word = r->stale + at / LEAF_BITS * LEAF_WORDS;
	const unsigned k = at / 64 % LEAF_WORDS;
	unsigned in_leaf = (unsigned)__builtin_popcountll(word[k] >> at % 64 >> 1);
	for (unsigned j = 0; j < LEAF_WORDS; j++)
		in_leaf += (unsigned)__builtin_popcountll(word[j] &
							  recency_mask64[LEAF_WORDS - 1 - k + j]);

	const uint16_t *leaf = r->leaf + at / GROUP_BITS * GROUP_LEAVES;
	const uint16_t *mask16 = recency_mask16 + GROUP_LEAVES - 1 - at / LEAF_BITS % GROUP_LEAVES;
	recency_u16x8 leaves = {};
	for (unsigned j = 0; j < GROUP_LEAVES; j += 8)
		leaves += *(const recency_u16x8 *)(leaf + j) & *(const recency_u16x8 *)(mask16 + j);
	uint32_t in_group = 0;
	for (unsigned j = 0; j < 8; j++)
		in_group += leaves[j];

	const uint32_t *group = r->group + at / SUPER_BITS * SUPER_GROUPS;
	const uint32_t *mask32 = recency_mask32 + SUPER_GROUPS - 1 - at / GROUP_BITS % SUPER_GROUPS;
	recency_u32x4 groups = {};
	for (unsigned j = 0; j < SUPER_GROUPS; j += 4)
		groups += *(const recency_u32x4 *)(group + j) &
			  *(const recency_u32x4 *)(mask32 + j);
	uint32_t rest = groups[0] + groups[1] + groups[2] + groups[3];

	for (uint32_t j = at / SUPER_BITS + 1; j <= (r->now - 1) / SUPER_BITS; j++)
		rest += r->super[j];
	return in_leaf + in_group + rest;
}

static inline void recency_mark_stale(struct recency *r, uint32_t at)
{
	r->stale[at / 64] |= UINT64_C(1) << at % 64;
	r->leaf[at / LEAF_BITS]++;
	r->group[at / GROUP_BITS]++;
	r->super[at / SUPER_BITS]++;
}

/* Touches a page: its distance, at least 1, or 0 at its first touch. */
static inline __attribute__((always_inline)) uint32_t recency_touch(struct recency *r,
								    uint32_t page)
{
	if (__builtin_expect(r->now == r->size, 0))
		recency_compact(r);
	const uint32_t before = r->place[page], now = r->now++;
	r->place[page] = now + 1;
	if (!before)
		return 0;
	const uint32_t distance = now - (before - 1) - recency_stale_behind(r, before - 1);
	recency_mark_stale(r, before - 1);
	return distance;
}

#endif
