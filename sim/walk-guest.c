// SPDX-License-Identifier: MIT
/*
 * Walks of the guest's tables. A walk cache's entry holds the table that its
 * page-table entry points to, as in hardware, so that a walk descends from
 * there; of all levels the deepest hit wins, and it alone is promoted.
 */
#include "sim/walk-impl.h"

#include <string.h>

bool walk_guest_is_equal(const struct walk_config *a, const struct walk_config *b)
{
	return a->guest_levels == b->guest_levels && a->is_populated == b->is_populated &&
	       a->frames == b->frames && a->vm_memory == b->vm_memory &&
	       leafmap_is_equal(&a->leaves, &b->leaves) &&
	       !memcmp(a->guest_pwc, b->guest_pwc, sizeof(a->guest_pwc));
}

int walk_guest_init(struct walk_guest *g, const struct walk_config *c, struct arena *a,
		    struct err *e)
{
	*g = (struct walk_guest){ .config = c };
	g->roots = arena_alloc(a, WALK_SPACES_MAX + 1, sizeof(struct pagetable *));
	bool is_done = g->roots;
	for (unsigned level = 2; level < LEVELS; level++) {
		struct walk_pwc *cache = &g->pwc[level];
		cache->n = c->guest_pwc[level];
		cache->keys = arena_alloc(a, cache->n, sizeof(*cache->keys));
		cache->below = arena_alloc(a, cache->n, sizeof(struct pagetable *));
		is_done = is_done && cache->keys && cache->below;
		for (uint32_t i = 0; is_done && i < cache->n; i++)
			cache->keys[i] = LRUSET_EMPTY;
	}
	if (!is_done)
		return err_set(e, ERR_NOMEM, "no memory for walk caches");
	const int rc = pagetables_init(&g->tables, (unsigned)c->guest_levels, &c->leaves, a, e);
	return rc || c->frames == WALK_IN_ORDER ? rc
						: pagetables_spread(&g->tables, c->vm_memory, e);
}

/* Makes place `at` the most recent one, with these contents. */
static inline void put_first(struct walk_pwc *c, uint32_t at, uint64_t key, struct pagetable *below)
{
	for (; at; at--) {
		c->keys[at] = c->keys[at - 1];
		c->below[at] = c->below[at - 1];
	}
	c->keys[0] = key;
	c->below[0] = below;
}

/* The table an entry leads to, promoted; NULL if it is not there. */
static inline struct pagetable *look_up(struct walk_pwc *c, uint64_t key)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->keys[i] == key) {
			struct pagetable *below = c->below[i];
			put_first(c, i, key, below);
			return below;
		}
	return NULL;
}

static inline void insert(struct walk_pwc *c, uint64_t key, struct pagetable *below)
{
	if (c->n)
		put_first(c, c->n - 1, key, below);
}

/* Where a walk begins: below the deepest cached entry, or at the root. */
static inline struct pagetable *start(struct walk_guest *g, uint64_t tagged, uint32_t slot,
				      struct walk_path *p)
{
	const unsigned levels = g->tables.levels;
	for (unsigned level = p->leaf + 1; level <= levels; level++) {
		struct pagetable *t = look_up(&g->pwc[level], tagged >> (9 * (level - 1)));
		if (!t)
			continue;
		p->start = level - 1;
		p->is_short = true;
		return t;
	}
	p->start = levels;
	p->is_short = false;
	return g->roots[slot];
}

static inline int descend(struct walk_guest *g, uint64_t va, uint32_t slot, struct walk_path *p,
			  struct err *e)
{
	const uint64_t tagged = walk_tag(va, slot);
	p->leaf = leafmap_level(&g->config->leaves, va);
	struct pagetable *t = start(g, tagged, slot, p);
	for (unsigned level = p->start;; level--) {
		uint32_t *entry = &t->entry[pagetable_index(va, level)];
		const bool is_leaf = level == p->leaf;
		if (__builtin_expect(!*entry, 0)) {
			int rc = pagetables_fill(&g->tables, t, va, is_leaf, e);
			if (!rc)
				rc = walk_writes_fill(g, t, is_leaf, e);
			if (rc)
				return rc;
		}
		p->table[level] = t;
		g->refs_level[level]++;
		if (is_leaf) {
			const uint64_t inside = (UINT64_C(1) << pagetable_shift(level)) - 1;
			p->data_gpa = ((uint64_t)*entry << 12) + (va & inside);
			return 0;
		}
		t = pagetables_get(&g->tables, *entry - 1);
		insert(&g->pwc[level], tagged >> (9 * (level - 1)), t);
	}
}

/* ---- told walks ---- */

static uint32_t tell_guest_refs(const struct walk_path *p, struct walk_ref *refs)
{
	uint32_t n = 0;
	for (unsigned level = p->start; level >= p->leaf; level--)
		refs[n++] = (struct walk_ref){ p->table[level]->id, (uint8_t)level, false };
	return n;
}

static void tell(struct walk_guest *g, const struct walk_miss *m, uint32_t first_row,
		 const struct walk_path *p)
{
	struct walk_ref refs[WALK_REFS_MAX];
	struct walk_record record = {
		.va = m->va, .row = first_row + m->row, .refs = refs, .data_pfn = p->data_gpa >> 12
	};
	record.nrefs = tell_guest_refs(p, refs);
	walk_tell(g->listeners, &record);
	for (struct walk_host *h = g->hosts; h; h = h->next) {
		record.nrefs = walk_host_run_told(h, p, refs);
		walk_tell(h->listeners, &record);
	}
}

static inline __attribute__((always_inline)) int run(struct walk_guest *g, uint32_t slot,
						     const struct walk_miss *misses, size_t n,
						     uint32_t first_row, struct err *e,
						     const bool is_observed)
{
	for (size_t i = 0; i < n; i++) {
		struct walk_path p;
		const int rc = descend(g, misses[i].va, slot, &p, e);
		if (rc)
			return rc;
		g->start_level[p.start]++;
		g->refs_hist[p.start - p.leaf + 1]++;
		if (is_observed)
			tell(g, &misses[i], first_row, &p);
		else
			for (struct walk_host *h = g->hosts; h; h = h->next)
				walk_host_run(h, &p);
		for (struct walk_tags *t = g->tags; t; t = t->next)
			walk_tags_run(t, &p);
	}
	return 0;
}

int walk_guest_run(struct walk_guest *g, uint32_t slot, const struct walk_miss *misses, size_t n,
		   uint32_t first_row, struct err *e)
{
	if (!g->roots[slot] && n) {
		const int rc = pagetables_root(&g->tables, (uint16_t)slot, &g->roots[slot], e);
		if (rc)
			return rc;
	}
	return g->is_observed ? run(g, slot, misses, n, first_row, e, true)
			      : run(g, slot, misses, n, first_row, e, false);
}
