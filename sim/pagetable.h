// SPDX-License-Identifier: MIT
/*
 * The radix page tables of a guest as its walker reads them: 512 entries a
 * table, 3 to 5 levels, leaves of 4 KiB, 2 MiB or 1 GiB. Tables and data take
 * guest-physical frames from a bump allocator at the first touch: missing tables
 * top-down, then the data page, large ones aligned. Roots take theirs when an
 * address space is made. This layout is that of our oracle (data/walk/oracle,
 * "Guest physical layout"); frames of 4 KiB that were given back come first. Data
 * may be spread over the VM's memory instead (pagetable-spread.h).
 *
 * An entry is a number of 4 bytes: a table's for levels above the leaf, a frame
 * at the leaf, 0 where nothing is mapped. So the model's tables take half the
 * memory of real ones: 2 KiB for each 2 MiB of 4 KiB pages.
 */
#ifndef PUGMARK_SIM_PAGETABLE_H
#define PUGMARK_SIM_PAGETABLE_H

#include "base/arena.h"
#include "base/err.h"
#include "sim/leafmap.h"
#include "sim/pagetable-spread.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PAGETABLE_LEVELS_MAX = 5,
	PAGETABLE_ENTRIES = 512,
	PAGETABLE_FIRST_FRAME = 0x100,
	PAGETABLE_SLAB = 256,          /* tables allocated at once */
	PAGETABLE_SLABS_MAX = 1 << 15, /* 8 Mi tables: 16 TiB of 4 KiB pages */
	PAGETABLE_LINE_ENTRIES = 8,    /* of 8 bytes in a cache line of 64, in hardware */
};

struct pagetable {
	uint32_t entry[PAGETABLE_ENTRIES];
	uint64_t va;     /* lowest address it maps */
	uint32_t id;     /* from 0 in order of allocation; a freed one's is used again */
	uint32_t frame;  /* guest-physical */
	uint16_t space;  /* number of its address space */
	uint16_t filled; /* entries that are not 0 */
	uint8_t level;   /* 1: entries map 4 KiB, or tables would be below */
	bool is_unsync;  /* for shadow paging: writable to the guest */
};

/* All address spaces of one guest. */
struct pagetables {
	struct arena *arena;
	const struct leafmap *leaves;     /* of the caller's */
	struct pagetable **slabs;         /* PAGETABLE_SLABS_MAX */
	uint32_t ntables;                 /* ids given out */
	uint32_t free_head;               /* id + 1 of the newest freed table; linked by entry[0] */
	uint64_t first_frame, next_frame; /* of what is taken in order */
	struct pagetable_spread spread;
	uint32_t *free_frames, nfree_frames, free_frames_cap; /* the newest is used first */
	unsigned levels;

	/* totals since the start: what a guest kernel wrote to have it so */
	uint64_t data_pages, table_pages;
	uint64_t mapped_pages;                    /* data pages less those that were unmapped */
	uint64_t lines[PAGETABLE_LEVELS_MAX + 1]; /* cache lines with an entry, now, by level */
};

int pagetables_init(struct pagetables *p, unsigned levels, const struct leafmap *leaves,
		    struct arena *a, struct err *e);

/* From now on data pages lie all over so much memory, tables behind it. */
int pagetables_spread(struct pagetables *p, uint64_t bytes, struct err *e);

/* Regions of 2^shift bytes of guest-physical memory, 32 KiB or more, with a frame in use. */
uint64_t pagetables_regions(const struct pagetables *p, unsigned shift);

static inline struct pagetable *pagetables_get(const struct pagetables *p, uint32_t id)
{
	return &p->slabs[id / PAGETABLE_SLAB][id % PAGETABLE_SLAB];
}

/* Bits of an address below the entry's reach at a level: 12, 21, 30 ... */
static inline unsigned pagetable_shift(unsigned level)
{
	return 12 + 9 * (level - 1);
}

static inline unsigned pagetable_index(uint64_t va, unsigned level)
{
	return (va >> pagetable_shift(level)) & (PAGETABLE_ENTRIES - 1);
}

/* A root. ERR_NOMEM, ERR_UNUSABLE: too many. */
int pagetables_root(struct pagetables *p, uint16_t space, struct pagetable **out, struct err *e);

/* Fills the empty entry of `t` for va with a new table below, or a new data page if t is a leaf. */
int pagetables_fill(struct pagetables *p, struct pagetable *t, uint64_t va, bool is_leaf,
		    struct err *e);

/* Empties the leaf entry of `t` for va, if it is filled: whether it was. */
bool pagetables_unmap(struct pagetables *p, struct pagetable *t, uint64_t va);

/* Takes away every table and page below a root, which stays, empty; adds up how many. */
void pagetables_empty(struct pagetables *p, struct pagetable *root, uint64_t *pages,
		      uint64_t *tables);

/* Whether an address is one of `levels` levels: sign-extended from bit 47 or 56. */
static inline bool pagetable_reaches(unsigned levels, uint64_t va)
{
	const unsigned bits = 12 + 9 * levels;
	return !((va + (UINT64_C(1) << (bits - 1))) >> bits);
}

#endif
