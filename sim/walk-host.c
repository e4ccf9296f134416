// SPDX-License-Identifier: MIT
/*
 * The host's side of a nested walk: each guest-physical address on the way is
 * translated, but for the first table after a hit of a guest walk cache, whose
 * entry holds a host address. Host tables are named, never kept: which entry
 * they hold changes no count.
 */
#include "sim/walk-impl.h"

#include <string.h>

bool walk_host_is_equal(const struct walk_config *a, const struct walk_config *b)
{
	return a->host_levels == b->host_levels && a->host_page == b->host_page &&
	       a->ntlb.entries == b->ntlb.entries && a->ntlb.ways == b->ntlb.ways &&
	       !memcmp(a->host_pwc, b->host_pwc, sizeof(a->host_pwc));
}

bool walk_host_init(struct walk_host *h, const struct walk_config *c, struct arena *a)
{
	*h = (struct walk_host){ .config = c, .leaf = (unsigned)c->host_page + 1 };
	h->shift = pagetable_shift(h->leaf);
	bool is_done = lruset_init(&h->ntlb, c->ntlb.entries, c->ntlb.ways, a);
	for (unsigned level = 2; level < LEVELS; level++)
		is_done = is_done &&
			  lruset_init(&h->pwc[level], c->host_pwc[level], c->host_pwc[level], a);
	return is_done;
}

/* The level to read first: below the deepest cached entry, or the top. */
static inline unsigned start(struct walk_host *h, uint64_t gpa)
{
	const unsigned levels = (unsigned)h->config->host_levels;
	for (unsigned level = h->leaf + 1; level <= levels; level++)
		if (lruset_promote(&h->pwc[level], gpa >> pagetable_shift(level)))
			return level - 1;
	return levels;
}

/* References to host tables for one guest-physical address; refs may be NULL. */
static inline __attribute__((always_inline)) uint32_t translate(struct walk_host *h, uint64_t gpa,
								struct walk_ref *refs)
{
	const uint64_t page = gpa >> h->shift;
	h->ntlb_lookup++;
	if (lruset_touch(&h->ntlb, page, page)) {
		h->ntlb_hit++;
		return 0;
	}
	uint32_t n = 0;
	for (unsigned level = start(h, gpa); level >= h->leaf; level--) {
		h->refs_level[level]++;
		if (refs)
			refs[n] = (struct walk_ref){ gpa >> (pagetable_shift(level) + 9),
						     (uint8_t)level, true };
		n++;
		if (level > h->leaf)
			lruset_insert(&h->pwc[level], gpa >> pagetable_shift(level));
	}
	return n;
}

static inline __attribute__((always_inline)) uint32_t
run(struct walk_host *h, const struct walk_path *p, struct walk_ref *refs)
{
	uint32_t n = 0, tables = 0;
	for (unsigned level = p->start; level >= p->leaf; level--) {
		if (level != p->start || !p->is_short) {
			const uint64_t gpa = (uint64_t)p->table[level]->frame << 12;
			const uint32_t more = translate(h, gpa, refs ? refs + n : NULL);
			tables += more;
			n += more;
		}
		if (refs)
			refs[n] = (struct walk_ref){ p->table[level]->id, (uint8_t)level, false };
		n++;
	}
	const uint32_t data = translate(h, p->data_gpa, refs ? refs + n : NULL);
	h->refs_for_tables += tables;
	h->refs_for_data += data;
	h->refs_hist[n + data]++;
	return n + data;
}

void walk_host_run(struct walk_host *h, const struct walk_path *p)
{
	run(h, p, NULL);
}

uint32_t walk_host_run_told(struct walk_host *h, const struct walk_path *p, struct walk_ref *refs)
{
	return run(h, p, refs);
}
