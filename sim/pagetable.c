// SPDX-License-Identifier: MIT
/* Page tables in slabs: allocation, the bump layout, unmapping. */
#include "sim/pagetable.h"

#include <string.h>

int pagetables_init(struct pagetables *p, unsigned levels, const struct leafmap *leaves,
		    struct arena *a, struct err *e)
{
	*p = (struct pagetables){ .arena = a,
				  .leaves = leaves,
				  .levels = levels,
				  .first_frame = PAGETABLE_FIRST_FRAME,
				  .next_frame = PAGETABLE_FIRST_FRAME };
	p->slabs = arena_alloc(a, PAGETABLE_SLABS_MAX, sizeof(*p->slabs));
	return p->slabs ? 0 : err_set(e, ERR_NOMEM, "no memory for page tables");
}

int pagetables_spread(struct pagetables *p, uint64_t bytes, struct err *e)
{
	const int rc = pagetable_spread_init(&p->spread, bytes, p->leaves->is_mixed, p->arena, e);
	if (!rc)
		p->first_frame = p->next_frame = pagetable_spread_end(&p->spread);
	return rc;
}

/* What is taken in order is dense. */
uint64_t pagetables_regions(const struct pagetables *p, unsigned shift)
{
	const uint64_t dense = (((p->next_frame - p->first_frame) << 12) >> shift) + 1;
	return dense + (p->spread.frames ? pagetable_spread_regions(&p->spread, shift) : 0);
}

/* A frame that nobody uses any more. Without memory to keep it in mind it is lost: no harm. */
static void give_frame(struct pagetables *p, uint32_t frame)
{
	if (p->nfree_frames == p->free_frames_cap) {
		const uint32_t cap = p->free_frames_cap ? 2 * p->free_frames_cap : 1024;
		uint32_t *more = arena_alloc(p->arena, cap, sizeof(*more));
		if (!more)
			return;
		if (p->nfree_frames)
			memcpy(more, p->free_frames, p->nfree_frames * sizeof(*more));
		p->free_frames = more;
		p->free_frames_cap = cap;
	}
	p->free_frames[p->nfree_frames++] = frame;
}

/* A frame of `frames` 4 KiB frames, aligned to its size. */
static int take_frame(struct pagetables *p, uint64_t frames, uint32_t *out, struct err *e)
{
	if (frames == 1 && p->nfree_frames) {
		*out = p->free_frames[--p->nfree_frames];
		return 0;
	}
	const uint64_t first = (p->next_frame + frames - 1) & ~(frames - 1);
	if (first + frames > UINT32_MAX)
		return err_set(e, ERR_UNUSABLE,
			       "the accesses need more than 16 TiB of guest memory");
	p->next_frame = first + frames;
	*out = (uint32_t)first;
	return 0;
}

static int take_page(struct pagetables *p, unsigned leaf, uint32_t *out, struct err *e)
{
	if (p->spread.frames && (leaf > 1 || !p->nfree_frames))
		return pagetable_spread_take(&p->spread, leaf, out, e);
	return take_frame(p, UINT64_C(1) << (9 * (leaf - 1)), out, e);
}

static int take_table(struct pagetables *p, struct pagetable **out, struct err *e)
{
	if (p->free_head) {
		struct pagetable *t = pagetables_get(p, p->free_head - 1);
		p->free_head = t->entry[0];
		t->entry[0] = 0;
		*out = t;
		return 0;
	}
	const uint32_t slab = p->ntables / PAGETABLE_SLAB;
	if (slab >= PAGETABLE_SLABS_MAX)
		return err_set(e, ERR_UNUSABLE, "the accesses need more than %d page tables",
			       PAGETABLE_SLABS_MAX * PAGETABLE_SLAB);
	if (!p->slabs[slab]) {
		p->slabs[slab] = arena_alloc(p->arena, PAGETABLE_SLAB, sizeof(struct pagetable));
		if (!p->slabs[slab])
			return err_set(e, ERR_NOMEM, "no memory for page tables");
	}
	*out = pagetables_get(p, p->ntables);
	(*out)->id = p->ntables++;
	return 0;
}

static int new_table(struct pagetables *p, uint16_t space, unsigned level, uint64_t va,
		     struct pagetable **out, struct err *e)
{
	uint32_t frame = 0;
	int rc = take_frame(p, 1, &frame, e);
	if (!rc)
		rc = take_table(p, out, e);
	if (rc)
		return rc;
	struct pagetable *t = *out;
	t->va = va;
	t->frame = frame;
	t->space = space;
	t->level = (uint8_t)level;
	t->filled = 0;
	t->is_unsync = false;
	p->table_pages++;
	return 0;
}

int pagetables_root(struct pagetables *p, uint16_t space, struct pagetable **out, struct err *e)
{
	return new_table(p, space, p->levels, 0, out, e);
}

/* Whether the cache line of an entry, as hardware has it, holds no other. */
static bool is_alone(const struct pagetable *t, unsigned index)
{
	const uint32_t *line = &t->entry[index - index % PAGETABLE_LINE_ENTRIES];
	uint32_t any = 0;
	for (unsigned i = 0; i < PAGETABLE_LINE_ENTRIES; i++)
		any |= i == index % PAGETABLE_LINE_ENTRIES ? 0 : line[i];
	return !any;
}

int pagetables_fill(struct pagetables *p, struct pagetable *t, uint64_t va, bool is_leaf,
		    struct err *e)
{
	const unsigned index = pagetable_index(va, t->level);
	struct pagetable *below = NULL;
	int rc;
	if (is_leaf) {
		rc = take_page(p, t->level, &t->entry[index], e);
		p->data_pages += !rc;
		p->mapped_pages += !rc;
	} else {
		const uint64_t reach = (UINT64_C(1) << pagetable_shift(t->level)) - 1;
		rc = new_table(p, t->space, t->level - 1u, va & ~reach, &below, e);
		if (!rc)
			t->entry[index] = below->id + 1;
	}
	if (rc)
		return rc;
	t->filled++;
	p->lines[t->level] += is_alone(t, index);
	return 0;
}

bool pagetables_unmap(struct pagetables *p, struct pagetable *t, uint64_t va)
{
	const unsigned index = pagetable_index(va, t->level);
	if (!t->entry[index])
		return false;
	if (leafmap_level(p->leaves, va) == t->level) {
		p->mapped_pages--;
		if (t->level == 1)
			give_frame(p, t->entry[index]);
	}
	t->entry[index] = 0;
	t->filled--;
	p->lines[t->level] -= is_alone(t, index);
	return true;
}

static void free_table(struct pagetables *p, struct pagetable *t)
{
	give_frame(p, t->frame);
	memset(t->entry, 0, sizeof(t->entry));
	t->entry[0] = p->free_head;
	p->free_head = t->id + 1;
}

void pagetables_empty(struct pagetables *p, struct pagetable *root, uint64_t *pages,
		      uint64_t *tables)
{
	for (unsigned i = 0; i < PAGETABLE_ENTRIES && root->filled; i++) {
		const uint64_t va = root->va + ((uint64_t)i << pagetable_shift(root->level));
		if (!root->entry[i])
			continue;
		if (leafmap_level(p->leaves, va) == root->level) {
			++*pages;
		} else {
			struct pagetable *below = pagetables_get(p, root->entry[i] - 1);
			pagetables_empty(p, below, pages, tables);
			free_table(p, below);
			++*tables;
		}
		pagetables_unmap(p, root, va);
	}
}
