// SPDX-License-Identifier: MIT
/*
 * The extended page table of one snapshot of a dump (ptdump.h): of a guest
 * frame, on which node its leaf table lies and on which the host frame. Tables
 * may come in any order; they are joined when the snapshot is whole.
 *
 * Memory: of a leaf table 104 bytes and one byte an entry, of an upper table 10
 * bytes an entry; 24 bytes a table while they are joined, and 2 KiB for each GiB
 * of guest memory in use. A leaf table of n entries is 1,024 + (n * 4 or more)
 * bytes of text, so that it is about a sixth of the text.
 */
#ifndef PUGMARK_COLLECT_PTMAP_H
#define PUGMARK_COLLECT_PTMAP_H

#include "base/arena.h"
#include "base/pagemap.h"
#include "collect/ptdump.h"
#include "collect/ptnodes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What maps 2 MiB: a leaf table, or an entry of level 2. */
struct ptmap_leaf {
	uint64_t present[PTDUMP_ENTRIES / 64];
	uint16_t before[PTDUMP_ENTRIES / 64]; /* entries before each word */
	const uint8_t *nodes;                 /* of host frames, of the entries present */
	uint64_t huge_frame;                  /* the first of 512, where is_huge */
	uint8_t table_node;                   /* or PTNODES_NONE */
	bool is_huge;
};

struct ptmap_table; /* of ptmap.c */

struct ptmap {
	const struct ptnodes *where;
	struct arena arena;
	struct ptmap_table *tables;
	size_t ntables, tables_cap;
	struct ptmap_leaf **chunks; /* of leaves */
	size_t nleaves, chunks_cap;
	struct pagemap by_prefix; /* guest frame >> 9: leaf number + 1 */
	bool has_pagemap;
};

int ptmap_init(struct ptmap *m, const struct ptnodes *where, struct err *e);
void ptmap_deinit(struct ptmap *m);

/* A table of the snapshot; kept as far as needed. */
int ptmap_add(struct ptmap *m, const struct ptdump_table *t, struct err *e);

/*
 * Joins the tables. What is amiss (two roots, a table that is twice there) is
 * told as a damage of d. ERR_FORMAT when there is no root.
 */
int ptmap_finish(struct ptmap *m, struct ptdump *d, struct err *e);

enum { PTMAP_CHUNK = 512 };

/* The leaf of a guest frame >> 9, or NULL. */
static inline const struct ptmap_leaf *ptmap_leaf(const struct ptmap *m, uint64_t prefix)
{
	const uint32_t i = pagemap_lookup(&m->by_prefix, (struct pfn){ prefix });
	return i ? &m->chunks[(i - 1) / PTMAP_CHUNK][(i - 1) % PTMAP_CHUNK] : NULL;
}

static inline bool ptmap_is_present(const struct ptmap_leaf *leaf, uint64_t frame)
{
	return leaf->is_huge || leaf->present[frame % PTDUMP_ENTRIES / 64] >> frame % 64 & 1;
}

/* Of a guest frame: the node of the leaf table that maps it; PTNODES_NONE if none does. */
static inline unsigned ptmap_table_node(const struct ptmap *m, uint64_t frame)
{
	const struct ptmap_leaf *leaf = ptmap_leaf(m, frame / PTDUMP_ENTRIES);
	return leaf && ptmap_is_present(leaf, frame) ? leaf->table_node : (unsigned)PTNODES_NONE;
}

/* Of a guest frame: the node of its host frame; PTNODES_NONE if it has none. */
unsigned ptmap_host_node(const struct ptmap *m, uint64_t frame);

#endif
