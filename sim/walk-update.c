// SPDX-License-Identifier: MIT
/*
 * What a guest's kernel does to its page tables, and what shadow paging makes of
 * it. Entries are counted for all modes alike; the exits of unsynchronised
 * shadow tables need to know which leaf tables the guest may write just now.
 * Tables that lose their last page stay until their address space ends.
 */
#include "sim/walk-impl.h"

#include <string.h>

enum { FLUSH_CEILING = 33 }; /* of so many INVLPGs all entries of the space may as well go */

/* ---- leaf tables the guest may write ---- */

static int push(struct walk_guest *g, uint32_t id, struct err *e)
{
	struct walk_writes *w = &g->writes;
	if (w->nunsync == w->unsync_cap) {
		const uint32_t cap = w->unsync_cap ? 2 * w->unsync_cap : 1024;
		uint32_t *more = arena_alloc(g->tables.arena, cap, sizeof(*more));
		if (!more)
			return err_set(e, ERR_NOMEM, "no memory for shadow tables");
		if (w->nunsync)
			memcpy(more, w->unsync, w->nunsync * sizeof(*more));
		w->unsync = more;
		w->unsync_cap = cap;
	}
	w->unsync[w->nunsync++] = id;
	return 0;
}

/* The guest writes into a table: an exit, but for a leaf table that exited before. */
static int write_entry(struct walk_guest *g, struct pagetable *t, struct err *e)
{
	if (t->is_unsync)
		return 0;
	g->writes.unsync_exits++;
	if (t->level > 1)
		return 0;
	t->is_unsync = true;
	return push(g, t->id, e);
}

/* A switch to a space: its tables are read again, and are read-only to the guest. */
static void sync_space(struct walk_guest *g, uint32_t slot)
{
	struct walk_writes *w = &g->writes;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < w->nunsync; i++) {
		struct pagetable *t = pagetables_get(&g->tables, w->unsync[i]);
		if (!t->is_unsync)
			continue;
		if (t->space != slot) {
			w->unsync[kept++] = w->unsync[i];
			continue;
		}
		t->is_unsync = false;
		w->synced_tables++;
	}
	w->nunsync = kept;
}

int walk_writes_fill(struct walk_guest *g, struct pagetable *t, bool is_leaf, struct err *e)
{
	if (g->config->is_populated && t->space != WALK_CHILD_SLOT) {
		g->writes.populated++;
		return 0;
	}
	/* a leaf's page is missing in the shadow when it is first used: the host fills it in */
	g->writes.unsync_exits += is_leaf && t->level == 1;
	return write_entry(g, t, e);
}

/* ---- TLBs ---- */

static bool is_of_slot(uint64_t key, uint64_t slot)
{
	return (key >> PAGE_NUMBER_BITS & WALK_SPACES_MAX) == slot;
}

static bool is_key(uint64_t key, uint64_t wanted)
{
	return key == wanted;
}

static void drop_everywhere(struct walk_tlb *t, bool (*fn)(uint64_t, uint64_t), uint64_t wanted)
{
	for (int i = 0; i < WALK_PAGES; i++)
		lruset_drop(&t->l1[i], fn, wanted);
	lruset_drop(&t->stlb, fn, wanted);
	lruset_drop(&t->stlb_1g, fn, wanted);
	t->last_key = LRUSET_EMPTY;
}

static void drop_walks(struct walk_guest *g, uint32_t slot, bool is_all)
{
	for (unsigned level = 2; level < LEVELS; level++) {
		struct walk_pwc *c = &g->pwc[level];
		const unsigned shift = PAGE_NUMBER_BITS - 9 * (level - 1);
		uint32_t kept = 0;
		for (uint32_t i = 0; i < c->n; i++)
			if (c->keys[i] != LRUSET_EMPTY && !is_all && c->keys[i] >> shift != slot) {
				c->keys[kept] = c->keys[i];
				c->below[kept++] = c->below[i];
			}
		for (; kept < c->n; kept++)
			c->keys[kept] = LRUSET_EMPTY;
	}
}

static void drop_space(struct walk_tlb *t, uint32_t slot)
{
	drop_everywhere(t, is_of_slot, slot);
	for (struct walk_guest *g = t->guests; g; g = g->next)
		drop_walks(g, slot, false);
}

static void drop_all(struct walk_tlb *t)
{
	for (int i = 0; i < WALK_PAGES; i++)
		lruset_clear(&t->l1[i]);
	lruset_clear(&t->stlb);
	lruset_clear(&t->stlb_1g);
	t->last_key = LRUSET_EMPTY;
	for (struct walk_guest *g = t->guests; g; g = g->next)
		drop_walks(g, 0, true);
}

/* INVLPG takes the page, and all walk-cache entries of the space (SDM 4.10.4.1). */
static void drop_pages(struct walk_tlb *t, uint32_t slot, uint64_t va, uint64_t count)
{
	if (count >= FLUSH_CEILING) {
		drop_space(t, slot);
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		const unsigned level = leafmap_level(&t->config->granule, va);
		const uint64_t number = walk_tag(va, 0) >> (9 * (level - 1));
		drop_everywhere(t, is_key, walk_tlb_key(number, slot, level));
		va += UINT64_C(1) << pagetable_shift(level);
	}
	for (struct walk_guest *g = t->guests; g; g = g->next)
		drop_walks(g, slot, false);
}

/* ---- one guest ---- */

static int get_root(struct walk_guest *g, uint32_t slot, struct err *e)
{
	return g->roots[slot] ? 0 : pagetables_root(&g->tables, (uint16_t)slot, &g->roots[slot], e);
}

/* The leaf table for va; NULL: a table above it has no entry, which `fills` puts in. */
static int find_leaf(struct walk_guest *g, uint32_t slot, uint64_t va, bool fills,
		     struct pagetable **out, struct err *e)
{
	const unsigned leaf = leafmap_level(&g->config->leaves, va);
	int rc = get_root(g, slot, e);
	struct pagetable *t = rc ? NULL : g->roots[slot];
	while (t && t->level > leaf) {
		const uint32_t *entry = &t->entry[pagetable_index(va, t->level)];
		if (!*entry && fills) {
			rc = pagetables_fill(&g->tables, t, va, false, e);
			if (!rc)
				rc = write_entry(g, t, e);
		}
		t = !rc && *entry ? pagetables_get(&g->tables, *entry - 1) : NULL;
	}
	*out = t;
	return rc;
}

static int set_page(struct walk_guest *g, struct pagetable *t, uint64_t va, struct err *e)
{
	int rc = 0;
	if (t->entry[pagetable_index(va, t->level)])
		g->writes.updates++; /* a new entry is counted with the data pages */
	else
		rc = pagetables_fill(&g->tables, t, va, true, e);
	return rc ? rc : write_entry(g, t, e);
}

static int clear_page(struct walk_guest *g, struct pagetable *t, uint64_t va, struct err *e)
{
	if (!pagetables_unmap(&g->tables, t, va))
		return 0;
	g->writes.updates++;
	return write_entry(g, t, e);
}

/* Entries from va on; where no table is, a clear goes on behind what it would map. */
static int write_pages(struct walk_guest *g, uint32_t slot, const struct walk_update *u,
		       struct err *e)
{
	const bool sets = u->op == WALK_SET;
	uint64_t va = u->va;
	int rc = 0;
	for (uint64_t i = 0, step; i < u->count && !rc; i += step) {
		const unsigned leaf = leafmap_level(&g->config->leaves, va);
		struct pagetable *t;
		if (!pagetable_reaches(g->tables.levels, va))
			return err_set(e, ERR_UNUSABLE, "address 0x%llx does not fit %u levels",
				       (unsigned long long)va, g->tables.levels);
		rc = find_leaf(g, slot, va, sets, &t, e);
		if (!rc && t)
			rc = sets ? set_page(g, t, va, e) : clear_page(g, t, va, e);
		step = t ? 1 : PAGETABLE_ENTRIES - pagetable_index(va, leaf);
		va += step << pagetable_shift(leaf);
	}
	return rc;
}

/* Whether it is known which pages come or go: tables above the leaves come with their pages. */
static bool is_of_leaves(const struct walk_guest *g, const struct walk_update *u)
{
	return u->va != UINT64_MAX &&
	       (!u->level || u->level == leafmap_level(&g->config->leaves, u->va));
}

/* Entries somewhere: full leaf tables, each of which exits once. */
static void write_anywhere(struct walk_guest *g, uint64_t count)
{
	g->writes.updates += count;
	g->writes.unsync_exits += count / PAGETABLE_ENTRIES + (count % PAGETABLE_ENTRIES != 0);
}

/* The guest writes into each of its leaf tables. */
static int write_all_leaves(struct walk_guest *g, struct pagetable *t, struct err *e)
{
	int rc = 0;
	if (t->level == 1 || t->level == leafmap_level(&g->config->leaves, t->va))
		return write_entry(g, t, e);
	for (unsigned i = 0; i < PAGETABLE_ENTRIES && !rc; i++) {
		const uint64_t va = t->va + ((uint64_t)i << pagetable_shift(t->level));
		if (t->entry[i] && leafmap_level(&g->config->leaves, va) < t->level)
			rc = write_all_leaves(g, pagetables_get(&g->tables, t->entry[i] - 1), e);
	}
	return rc;
}

/* Parent and child are written; the child's tables are not shadowed before it runs. */
static void fork_space(struct walk_guest *g, uint64_t count)
{
	write_anywhere(g, count);
	g->writes.updates += count;
}

static int exit_space(struct walk_guest *g, uint32_t slot, uint64_t count, struct err *e)
{
	uint64_t pages = 0, tables = 0;
	int rc = get_root(g, slot, e);
	if (!rc)
		rc = write_all_leaves(g, g->roots[slot], e);
	if (rc)
		return rc;
	pagetables_empty(&g->tables, g->roots[slot], &pages, &tables);
	g->writes.unsync_exits += tables; /* entries that led to them */
	g->writes.updates += tables + (pages > count ? pages : count);
	return 0;
}

static int update_guest(struct walk_guest *g, uint32_t slot, const struct walk_update *u,
			struct err *e)
{
	switch (u->op) {
	case WALK_SET:
	case WALK_CLEAR:
		if (is_of_leaves(g, u))
			return write_pages(g, slot, u, e);
		write_anywhere(g, u->count);
		return 0;
	case WALK_INVLPG:
		g->writes.invlpgs += u->count;
		g->writes.unsync_exits += u->count;
		return 0;
	case WALK_CR3:
		g->writes.cr3_writes++;
		g->writes.unsync_exits++;
		sync_space(g, slot);
		return 0;
	case WALK_FORK:
		fork_space(g, u->count);
		return 0;
	case WALK_EXIT:
		return exit_space(g, slot, u->count, e);
	case WALK_REVOKE:
		break; /* nothing of the guest's */
	}
	return err_set(e, ERR_BUG, "walk: no such update of tables");
}

int walk_tlb_update(struct walk_tlb *t, uint32_t slot, const struct walk_update *u, struct err *e)
{
	int rc = 0;
	for (struct walk_guest *g = t->guests; g && !rc; g = g->next)
		rc = update_guest(g, slot, u, e);
	if (u->op == WALK_INVLPG && u->va != UINT64_MAX)
		drop_pages(t, slot, u->va, u->count);
	else if (u->op == WALK_FORK || u->op == WALK_EXIT)
		drop_space(t, slot);
	else if (u->op == WALK_CR3 && !t->config->process.keeps_tlb)
		drop_all(t);
	return rc;
}
