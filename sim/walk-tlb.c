// SPDX-License-Identifier: MIT
/*
 * First and second TLB. The granule, and with it the first TLB that serves an
 * address, follows from the address; the second holds 4 KiB and 2 MiB pages
 * together, 1 GiB pages apart.
 */
#include "sim/walk-impl.h"

static bool is_same_cache(struct walk_cache a, struct walk_cache b)
{
	return a.entries == b.entries && a.ways == b.ways;
}

static bool is_same_process(const struct walk_process *a, const struct walk_process *b)
{
	return a->keeps_tlb == b->keeps_tlb && a->switch_every == b->switch_every &&
	       a->spawn_every == b->spawn_every && a->mmap_every == b->mmap_every &&
	       a->fork_pages == b->fork_pages && a->cow_pages == b->cow_pages &&
	       a->spawn_pages == b->spawn_pages && a->mmap_pages == b->mmap_pages;
}

bool walk_tlb_is_equal(const struct walk_config *a, const struct walk_config *b)
{
	bool is_equal = leafmap_is_equal(&a->granule, &b->granule) &&
			is_same_cache(a->stlb, b->stlb) && is_same_cache(a->stlb_1g, b->stlb_1g);
	is_equal = is_equal && is_same_process(&a->process, &b->process);
	for (int i = 0; i < WALK_PAGES; i++)
		is_equal = is_equal && is_same_cache(a->l1[i], b->l1[i]);
	return is_equal;
}

bool walk_tlb_init(struct walk_tlb *t, const struct walk_config *c, struct arena *a)
{
	*t = (struct walk_tlb){ .config = c,
				.last_key = LRUSET_EMPTY,
				.last_region = UINT64_MAX,
				.last_level = c->granule.level };
	bool is_done = lruset_init(&t->stlb, c->stlb.entries, c->stlb.ways, a) &&
		       lruset_init(&t->stlb_1g, c->stlb_1g.entries, c->stlb_1g.ways, a);
	for (int i = 0; i < WALK_PAGES; i++)
		is_done = is_done && lruset_init(&t->l1[i], c->l1[i].entries, c->l1[i].ways, a);
	return is_done;
}

/* Whether both TLBs miss. */
static inline bool misses_l1(struct walk_tlb *t, unsigned level, uint64_t number, uint64_t key)
{
	const struct lruset *l1 = &t->l1[level - 1];
	if (lruset_touch(l1, number, key))
		return false;
	t->l1_miss++;
	const struct lruset *second = level == 3 ? &t->stlb_1g : &t->stlb;
	return !lruset_touch(second, number, key);
}

static inline bool touch(struct walk_tlb *t, uint64_t va, uint32_t slot, const bool is_mixed)
{
	unsigned level = t->last_level;
	if (is_mixed && va >> 21 != t->last_region) {
		t->last_region = va >> 21;
		t->last_level = level = leafmap_level(&t->config->granule, va);
	}
	const uint64_t number = walk_tag(va, 0) >> (9 * (level - 1));
	const uint64_t key = walk_tlb_key(number, slot, level);
	if (key == t->last_key)
		return false;
	t->last_key = t->l1[level - 1].ways ? key : LRUSET_EMPTY;
	return misses_l1(t, level, number, key);
}

static inline __attribute__((always_inline)) size_t run(struct walk_tlb *t, uint32_t slot,
							const uint64_t *va, const uint32_t *bytes,
							size_t n, const bool is_mixed)
{
	struct walk_miss *misses = t->misses;
	size_t nmisses = 0;
	uint64_t straddles = 0;
	for (size_t i = 0; i < n; i++) {
		if (touch(t, va[i], slot, is_mixed))
			misses[nmisses++] = (struct walk_miss){ va[i], (uint32_t)i };
		const uint64_t last = va[i] + bytes[i] - (bytes[i] != 0);
		if (last >> 12 == va[i] >> 12)
			continue;
		straddles++;
		if (touch(t, last >> 12 << 12, slot, is_mixed))
			misses[nmisses++] = (struct walk_miss){ last >> 12 << 12, (uint32_t)i };
	}
	t->accesses += n + straddles;
	t->stlb_miss += nmisses;
	return nmisses;
}

size_t walk_tlb_run(struct walk_tlb *t, uint32_t slot, const uint64_t *va, const uint32_t *bytes,
		    size_t n)
{
	return t->config->granule.is_mixed ? run(t, slot, va, bytes, n, true)
					   : run(t, slot, va, bytes, n, false);
}

int walk_tlb_play(struct walk_tlb *t, uint32_t slot, const uint64_t *va, const uint32_t *bytes,
		  size_t n, uint32_t first_row, struct err *e)
{
	const size_t nmisses = walk_tlb_run(t, slot, va, bytes, n);
	int rc = 0;
	for (struct walk_guest *g = t->guests; g && !rc; g = g->next)
		rc = walk_guest_run(g, slot, t->misses, nmisses, first_row, e);
	return rc;
}
