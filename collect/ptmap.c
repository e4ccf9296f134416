// SPDX-License-Identifier: MIT
/* Tables sorted by level and frame, then walked once from the root. */
#include "collect/ptmap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A table of the dump: a leaf table has a number of a leaf, an upper one its entries. */
struct ptmap_table {
	uint64_t frame;
	uint32_t leaf;
	uint16_t n;
	uint8_t level;
	bool is_used;
	const uint16_t *index;
	const uint64_t *entry;
};

int ptmap_init(struct ptmap *m, const struct ptnodes *where, struct err *e)
{
	*m = (struct ptmap){ .where = where };
	if (pagemap_init(&m->by_prefix, 0))
		return err_set(e, ERR_NOMEM, "out of memory");
	m->has_pagemap = true;
	return 0;
}

void ptmap_deinit(struct ptmap *m)
{
	arena_deinit(&m->arena);
	if (m->has_pagemap)
		pagemap_deinit(&m->by_prefix);
	free(m->tables);
	free(m->chunks);
	*m = (struct ptmap){};
}

/* ---- what is kept ---- */

static struct ptmap_table *add_table(struct ptmap *m)
{
	if (m->ntables == m->tables_cap) {
		const size_t cap = m->tables_cap ? m->tables_cap + m->tables_cap / 2 : 1024;
		struct ptmap_table *more = reallocarray(m->tables, cap, sizeof(*more));
		if (!more)
			return NULL;
		m->tables = more;
		m->tables_cap = cap;
	}
	struct ptmap_table *t = &m->tables[m->ntables++];
	*t = (struct ptmap_table){};
	return t;
}

static struct ptmap_leaf *add_leaf(struct ptmap *m)
{
	const size_t chunk = m->nleaves / PTMAP_CHUNK;
	if (m->nleaves % PTMAP_CHUNK)
		return &m->chunks[chunk][m->nleaves++ % PTMAP_CHUNK];
	if (chunk == m->chunks_cap) {
		const size_t cap = m->chunks_cap ? 2 * m->chunks_cap : 64;
		struct ptmap_leaf **more = reallocarray(m->chunks, cap, sizeof(*more));
		if (!more)
			return NULL;
		m->chunks = more;
		m->chunks_cap = cap;
	}
	m->chunks[chunk] = arena_alloc(&m->arena, PTMAP_CHUNK, sizeof(struct ptmap_leaf));
	return m->chunks[chunk] ? &m->chunks[chunk][m->nleaves++ % PTMAP_CHUNK] : NULL;
}

static bool keep_leaf(struct ptmap *m, const struct ptdump_table *t, struct ptmap_table *out)
{
	uint8_t *nodes = arena_alloc(&m->arena, t->n, 1);
	out->leaf = (uint32_t)m->nleaves;
	struct ptmap_leaf *leaf = m->nleaves < UINT32_MAX - 1 ? add_leaf(m) : NULL;
	if (!nodes || !leaf)
		return false;
	for (unsigned i = 0; i < t->n; i++) {
		leaf->present[t->index[i] / 64] |= UINT64_C(1) << t->index[i] % 64;
		nodes[i] = (uint8_t)ptnodes_find(m->where, ptdump_frame(t->entry[i]));
	}
	for (unsigned i = 1; i < PTDUMP_ENTRIES / 64; i++)
		leaf->before[i] = (uint16_t)(leaf->before[i - 1] +
					     __builtin_popcountll(leaf->present[i - 1]));
	leaf->nodes = nodes;
	leaf->table_node = (uint8_t)ptnodes_find(m->where, t->frame);
	return true;
}

static bool keep_entries(struct ptmap *m, const struct ptdump_table *t, struct ptmap_table *out)
{
	uint16_t *index = arena_alloc(&m->arena, t->n, sizeof(*index));
	uint64_t *entry = arena_alloc(&m->arena, t->n, sizeof(*entry));
	if (!index || !entry)
		return false;
	memcpy(index, t->index, t->n * sizeof(*index));
	memcpy(entry, t->entry, t->n * sizeof(*entry));
	out->index = index;
	out->entry = entry;
	out->n = (uint16_t)t->n;
	return true;
}

int ptmap_add(struct ptmap *m, const struct ptdump_table *t, struct err *e)
{
	struct ptmap_table *table = add_table(m);
	if (table) {
		table->frame = t->frame;
		table->level = (uint8_t)t->level;
		if (t->level == 1 ? keep_leaf(m, t, table) : keep_entries(m, t, table))
			return 0;
	}
	return err_set(e, ERR_NOMEM, "no memory for %zu page tables", m->ntables);
}

/* ---- joining ---- */

static int by_level(const void *pa, const void *pb)
{
	const struct ptmap_table *a = pa, *b = pb;
	if (a->level != b->level)
		return b->level - a->level;
	return (a->frame > b->frame) - (a->frame < b->frame);
}

static struct ptmap_table *find_table(struct ptmap *m, unsigned level, uint64_t frame)
{
	const struct ptmap_table key = { .level = (uint8_t)level, .frame = frame };
	struct ptmap_table *t = bsearch(&key, m->tables, m->ntables, sizeof(*m->tables), by_level);
	if (!t || t->is_used) /* of a second way to a table nothing can be told */
		return NULL;
	t->is_used = true;
	return t;
}

static int set_leaf(struct ptmap *m, uint64_t prefix, uint32_t leaf)
{
	uint32_t *slot = pagemap_get(&m->by_prefix, (struct pfn){ prefix });
	if (!slot)
		return ERR_NOMEM;
	*slot = leaf + 1;
	return 0;
}

static int set_huge(struct ptmap *m, const struct ptmap_table *t, uint64_t prefix, uint64_t frame)
{
	const uint32_t number = (uint32_t)m->nleaves;
	struct ptmap_leaf *leaf = m->nleaves < UINT32_MAX - 1 ? add_leaf(m) : NULL;
	if (!leaf)
		return ERR_NOMEM;
	leaf->is_huge = true;
	leaf->huge_frame = frame * PTDUMP_ENTRIES;
	leaf->table_node = (uint8_t)ptnodes_find(m->where, t->frame);
	return set_leaf(m, prefix, number);
}

/* The tables below t, whose entries map guest frames from prefix * 512^level. */
static int join(struct ptmap *m, const struct ptmap_table *t, uint64_t prefix)
{
	int rc = 0;
	for (unsigned i = 0; i < t->n && !rc; i++) {
		const uint64_t below = prefix * PTDUMP_ENTRIES + t->index[i];
		const uint64_t frame = ptdump_frame(t->entry[i]);
		if (t->level == 2 && !(t->entry[i] & PTDUMP_TABLE)) {
			rc = set_huge(m, t, below, frame);
			continue;
		}
		struct ptmap_table *next = find_table(m, t->level - 1U, frame);
		if (next)
			rc = t->level == 2 ? set_leaf(m, below, next->leaf) : join(m, next, below);
	}
	return rc;
}

int ptmap_finish(struct ptmap *m, struct ptdump *d, struct err *e)
{
	if (m->ntables)
		qsort(m->tables, m->ntables, sizeof(*m->tables), by_level);
	for (size_t i = 1; i < m->ntables; i++)
		if (!by_level(&m->tables[i - 1], &m->tables[i]))
			ptdump_damage(d,
				      "the snapshot before has two tables of level %u at %" PRIx64,
				      m->tables[i].level, m->tables[i].frame);
	if (!m->ntables || m->tables->level < 4)
		return err_set(e, ERR_FORMAT,
			       "%.120s: line %" PRIu64 ": expected a table of level 4 in the "
			       "snapshot before",
			       input_name(d->in), d->line);
	if (m->ntables > 1 && m->tables[1].level == m->tables->level)
		ptdump_damage(d, "expected one table of level %u in the snapshot before",
			      m->tables->level);
	if (join(m, m->tables, 0))
		return err_set(e, ERR_NOMEM, "no memory for %zu page tables", m->ntables);
	free(m->tables);
	m->tables = NULL;
	m->ntables = m->tables_cap = 0;
	return 0;
}

/* ---- asking ---- */

unsigned ptmap_host_node(const struct ptmap *m, uint64_t frame)
{
	const struct ptmap_leaf *leaf = ptmap_leaf(m, frame / PTDUMP_ENTRIES);
	if (!leaf || !ptmap_is_present(leaf, frame))
		return PTNODES_NONE;
	const unsigned i = frame % PTDUMP_ENTRIES;
	if (leaf->is_huge)
		return ptnodes_find(m->where, leaf->huge_frame + i);
	const uint64_t lower = leaf->present[i / 64] & ((UINT64_C(1) << i % 64) - 1);
	return leaf->nodes[leaf->before[i / 64] + __builtin_popcountll(lower)];
}
