// SPDX-License-Identifier: MIT
/*
 * Live DMA mappings, found by device and bus address, by IOVA, or (scatter
 * lists) by device and physical address. Chains are cut at a fixed length:
 * the oldest entry goes, so that a recording without unmappings cannot make
 * lookups slow.
 */
#ifndef PUGMARK_COLLECT_MAPSET_H
#define PUGMARK_COLLECT_MAPSET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAPSET_NONE UINT32_MAX

/* A contiguous range of a mapping; its frames are IOVAs where is_iova. */
struct mapset_piece {
	uint64_t addr, len;
	uint32_t next; /* of the same mapping, or MAPSET_NONE */
	bool is_iova;
};

struct mapset_entry {
	uint64_t dma_addr;
	uint64_t iova, iova_len; /* as iommu:map said; iova_len 0: it did not */
	uint64_t req;
	struct mapset_piece first;
	uint16_t dev;
	uint8_t dir;
	bool is_alloc, is_list, is_inferred;
	/* private */
	uint32_t next[2], hash[2];
};

struct mapset {
	struct mapset_entry *entries;
	uint32_t nentries, entries_cap, entries_free;
	struct mapset_piece *pieces;
	uint32_t npieces, pieces_cap, pieces_free;
	uint32_t *heads[2]; /* by bus address or IOVA; by physical address */
	uint32_t mask;      /* of heads */
	uint64_t live, max;
	uint64_t offset_mask; /* bits by which a bus address was seen to exceed its IOVA's start */
};

/* max: of live entries and, apart from them, of further pieces. */
void mapset_init(struct mapset *s, uint64_t max);
void mapset_deinit(struct mapset *s);

/* Adds a copy of m without further pieces. 0 and *at_out, MAPSET_NONE there when it is full. */
int mapset_add(struct mapset *s, const struct mapset_entry *m, uint32_t *at_out, struct err *e);

/* Appends a piece behind `last` (MAPSET_NONE: behind the first); *last is moved on. */
int mapset_add_piece(struct mapset *s, uint32_t at, const struct mapset_piece *p, uint32_t *last,
		     struct err *e);

void mapset_remove(struct mapset *s, uint32_t at);

/* Removes what is said to be mapped at an IOVA of a device that now maps it anew. */
void mapset_drop_iova(struct mapset *s, uint16_t dev, uint64_t iova);

/* The oldest that fits, or MAPSET_NONE. */
uint32_t mapset_find_dma(const struct mapset *s, uint16_t dev, uint64_t dma_addr);
uint32_t mapset_find_list(const struct mapset *s, uint16_t dev, uint64_t phys);
/* has_others: another device has a mapping of the same range. */
uint32_t mapset_find_iova(const struct mapset *s, uint64_t iova, uint64_t len, bool *has_others);

#endif
