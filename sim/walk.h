// SPDX-License-Identifier: MIT
/*
 * Page walks: what the translation of a stream of accesses costs in references
 * to page tables, for many designs in one pass. Exact semantics are those of
 * data/walk/oracle/README.md: L1 and second TLB, a walk cache for each level, a
 * nested TLB, all true LRU; without caches a walk of g guest and h host levels
 * costs (g + 1)(h + 1) - 1 references, natively g: 4, 5, 3, 24, 35, 19, 15.
 *
 *	struct walk *w;
 *	walk_new(configs, n, &arena, &w, e);
 *	walk_access(w, va, bytes, rows, e);	... as often as there are rows
 *	walk_counts(w, i, &counts);
 *
 * Stages are shared wherever they are equal, because nothing flows back: the
 * TLBs of designs with the same granule and geometry, then the guest's walks,
 * then the host's. So native, shadow and TPT cost one walk together, and nested
 * adds its host side alone.
 *
 * A NUMA model hooks in by walk_observe(): it is told each walk with the table
 * page of every reference. A design without an observer runs code in which the
 * question does not occur.
 *
 * Leaves out: instruction TLBs, page-fault cost, prefetch of translations,
 * accessed and dirty bits, walks that overlap.
 */
#ifndef PUGMARK_SIM_WALK_H
#define PUGMARK_SIM_WALK_H

#include "sim/walk-config.h"

enum {
	/* 5 guest levels and the data, each translated by 5 host levels */
	WALK_REFS_MAX = (PAGETABLE_LEVELS_MAX + 1) * (PAGETABLE_LEVELS_MAX + 1) - 1,
	WALK_SPACES_MAX = 4095,
};

/* Everything since walk_new(). Fields are named as in the oracle's files. */
struct walk_counts {
	uint64_t accesses; /* page touches: rows and straddles of a 4 KiB boundary */
	uint64_t l1_hit, l1_miss, stlb_hit, stlb_miss; /* the last: walks */
	uint64_t guest_refs, host_refs, host_refs_for_tables, host_refs_for_data, total_refs;
	uint64_t ntlb_lookup, ntlb_hit;
	uint64_t data_pages, table_pages;
	uint64_t guest_refs_level[PAGETABLE_LEVELS_MAX + 1];
	uint64_t host_refs_level[PAGETABLE_LEVELS_MAX + 1];
	uint64_t guest_start_level[PAGETABLE_LEVELS_MAX + 1];
	uint64_t walk_refs_hist[WALK_REFS_MAX + 1];
};

/* A reference of a walk, in the order of the walk. */
struct walk_ref {
	/*
	 * Guest: the table's id, dense from 0 (walk_table()). Host: guest-physical
	 * address >> (12 + 9 * level), which names the host's table of that level.
	 */
	uint64_t table;
	uint8_t level; /* of the table read; 1: a leaf table of 4 KiB pages */
	bool is_host;
};

struct walk_record {
	uint64_t va;
	uint32_t row; /* of this walk_access() call: whose thread, whose time */
	uint32_t nrefs;
	uint64_t data_pfn;           /* guest-physical frame of 4 KiB that holds va */
	const struct walk_ref *refs; /* borrowed during the call */
};

typedef void (*walk_observer)(void *ctx, const struct walk_record *walk);

struct walk;

/* Borrows the configurations; everything lives in the arena. ERR_NOMEM, ERR_USAGE. */
int walk_new(const struct walk_config *const *designs, size_t n, struct arena *a, struct walk **out,
	     struct err *e);

/*
 * Before the first access: fn is told each walk of a design, with all references
 * that the design makes, in their order. Several observers may watch one design.
 * Translation by a TLB makes no walk, so nothing is told of it. ERR_NOMEM.
 */
int walk_observe(struct walk *w, size_t design, walk_observer fn, void *ctx, struct err *e);

/*
 * n loads or stores of an address space (any number; 0 unless there are several);
 * bytes 0 counts as 1. ERR_UNUSABLE: an address that the levels cannot hold.
 */
int walk_access(struct walk *w, uint32_t space, const uint64_t *va, const uint32_t *bytes, size_t n,
		struct err *e);

void walk_counts(const struct walk *w, size_t design, struct walk_counts *out);

/* A table page of the design's guest by its id; NULL past the last. */
const struct pagetable *walk_table(const struct walk *w, size_t design, uint32_t id);

#endif
