// SPDX-License-Identifier: MIT
/*
 * Page walks: what the translation of a stream of accesses costs in references
 * to page tables, for many designs in one pass. Exact semantics are those of
 * data/walk/oracle/README.md: L1 and second TLB, a walk cache for each level, a
 * nested TLB, all true LRU. Without caches a native walk of g levels costs g
 * references (4, 5; 3 for a 2 MiB page), a nested one of g guest and h host levels
 * (g + 1)(h + 1) - 1 (24, 35; 19 and 15 with 2 MiB pages on one side, on both).
 *
 *	struct walk *w;
 *	walk_new(configs, n, &arena, &w, e);
 *	walk_access(w, 0, va, bytes, rows, e);	... as often as there are rows
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
 * Shadow paging walks the guest's table counts on a table of the host's making;
 * what it costs are exits. Naive, as TPT's slides have it: one for each entry the
 * guest writes and each CR3. Unsync, as KVM does it: the first write into a leaf
 * table makes it writable to the guest (an exit), INVLPG and CR3 take the exits
 * and make leaf tables read-only again, and a new page costs one when it is first
 * used; entries above the leaf tables exit each. Page-fault exits, which all
 * shadow paging has alike, are left out.
 *
 * TPT (ATC'23) walks one table of the guest's making whose entries hold host
 * frames; each page has a tag of its owner that is looked up beside each
 * reference. The tag cache is OUR model (lines of 64 bytes with 32 tags, so of
 * 128 KiB): no hardware has one. A TLB entry was checked when it was made.
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
	uint64_t mapped_pages; /* of the data pages, at the end */
	uint64_t guest_frames; /* guest-physical memory over which pages and tables lie, in 4 KiB */
	uint64_t guest_refs_level[PAGETABLE_LEVELS_MAX + 1];
	uint64_t host_refs_level[PAGETABLE_LEVELS_MAX + 1];
	uint64_t guest_start_level[PAGETABLE_LEVELS_MAX + 1];
	uint64_t walk_refs_hist[WALK_REFS_MAX + 1];

	/* what the guest's kernel did: entries written (roots are none), and the rest */
	uint64_t updates, invlpgs, cr3_writes;
	uint64_t process_accesses; /* of accesses: those of spawned processes and mappings */

	/* shadow: exits to the host for these, and leaf tables that it read again */
	uint64_t exits, synced_tables;

	/* TPT: lookups of page tags, one a reference and one for the data, and the misses */
	uint64_t tag_lookups, tag_misses;
	uint64_t revokes;
	uint64_t boot_host_refs; /* while booting; part of host_refs */

	/* cache lines of tables with an entry at the end, by level: what the references fall on */
	uint64_t guest_lines[PAGETABLE_LEVELS_MAX + 1];
	uint64_t host_lines[PAGETABLE_LEVELS_MAX + 1];
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

enum walk_op {
	WALK_SET,    /* count entries for pages from va on are written, and present */
	WALK_CLEAR,  /* the same, and no longer present */
	WALK_INVLPG, /* of count pages from va on */
	WALK_CR3,    /* a switch to the space */
	WALK_FORK,   /* count entries written in the space's tables and in a child's */
	WALK_EXIT,   /* the space is gone: count entries, or what was present, are cleared */
	WALK_REVOKE, /* the host takes count pages, whose tags change under TPT */
};

struct walk_update {
	enum walk_op op;
	uint32_t space;
	uint64_t va; /* UINT64_MAX: not known; then entries are counted and nothing else */
	uint64_t count;
	unsigned level; /* of SET and CLEAR: of the table written; 0: that of leaves */
};

/* What a kernel does to its tables, or the host to pages, between accesses. Errors as above. */
int walk_update(struct walk *w, const struct walk_update *u, struct err *e);

void walk_counts(const struct walk *w, size_t design, struct walk_counts *out);

/* A table page of the design's guest by its id; NULL past the last. */
const struct pagetable *walk_table(const struct walk *w, size_t design, uint32_t id);

#endif
