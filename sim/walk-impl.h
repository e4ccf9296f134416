// SPDX-License-Identifier: MIT
/*
 * The stages of a page walk, private to sim/walk*.c: TLBs, whose misses go to
 * one or more guest sides, whose walks go to one or more host sides.
 *
 * Names: a page is numbered by `tagged`, the low 45 bits of va >> 12 with the
 * address space above them; what identifies a larger region is that number
 * shifted right.
 */
#ifndef PUGMARK_SIM_WALK_IMPL_H
#define PUGMARK_SIM_WALK_IMPL_H

#include "sim/lruset.h"
#include "sim/walk.h"

enum {
	CHUNK_ROWS = 1024, /* misses of so many rows stay in the processor's first cache */
	MISSES_MAX = 2 * CHUNK_ROWS,
	LEVELS = PAGETABLE_LEVELS_MAX + 1, /* of arrays by level; 0 is not used */
	PAGE_NUMBER_BITS = 57 - 12,
	PAGE_SIZE_BIT = PAGE_NUMBER_BITS + 12, /* of a TLB's key: above the address space */
};

static inline uint64_t walk_tag(uint64_t va, uint32_t slot)
{
	const uint64_t mask = (UINT64_C(1) << PAGE_NUMBER_BITS) - 1;
	return (va >> 12 & mask) | (uint64_t)slot << PAGE_NUMBER_BITS;
}

struct walk_miss {
	uint64_t va;
	uint32_t row;
};

/* ---- TLBs ---- */

struct walk_tlb {
	const struct walk_config *config; /* of the first design that has it */
	struct lruset l1[WALK_PAGES], stlb, stlb_1g;
	uint64_t last_key;    /* the page touched last, if there is a first TLB to hold it */
	uint64_t last_region; /* of 2 MiB, and the level of its leaves */
	unsigned last_level;
	uint64_t accesses, l1_miss, stlb_miss;
	struct walk_schedule *schedule; /* NULL: nothing happens beside the accesses */
	struct walk_guest *guests;
	struct walk_tlb *next;
	struct walk_miss misses[MISSES_MAX];
};

bool walk_tlb_is_equal(const struct walk_config *a, const struct walk_config *b);
bool walk_tlb_init(struct walk_tlb *t, const struct walk_config *c, struct arena *a);

/* n up to CHUNK_ROWS; gives how many misses of both TLBs. */
size_t walk_tlb_run(struct walk_tlb *t, uint32_t slot, const uint64_t *va, const uint32_t *bytes,
		    size_t n);

/* The same, and what is behind it walks. */
int walk_tlb_play(struct walk_tlb *t, uint32_t slot, const uint64_t *va, const uint32_t *bytes,
		  size_t n, uint32_t first_row, struct err *e);

static inline uint64_t walk_tlb_key(uint64_t number, uint32_t slot, unsigned level)
{
	return number | (uint64_t)slot << PAGE_NUMBER_BITS | (uint64_t)level << PAGE_SIZE_BIT;
}

/* ---- who is told of walks ---- */

struct walk_listener {
	walk_observer fn;
	void *ctx;
	struct walk_listener *next;
};

static inline void walk_tell(const struct walk_listener *all, const struct walk_record *walk)
{
	for (const struct walk_listener *l = all; l; l = l->next)
		l->fn(l->ctx, walk);
}

/* ---- the guest's tables ---- */

struct walk_pwc {
	uint64_t *keys;           /* most recent first */
	struct pagetable **below; /* the table that the cached entry points to */
	uint32_t n;
};

/* One walk, for the host's side. */
struct walk_path {
	uint64_t data_gpa;
	struct pagetable *table[LEVELS];
	unsigned start, leaf; /* levels read, from start down to leaf */
	bool is_short; /* began at a walk cache, which knows the first table's host address */
};

/* What the guest's kernel did to the tables, and what shadow paging made of it. */
struct walk_writes {
	uint64_t updates, invlpgs, cr3_writes;
	uint64_t populated; /* entries that were there before the trace, filled at first touch */
	uint64_t unsync_exits, synced_tables;
	uint32_t *unsync; /* ids of tables that are, or were and died */
	uint32_t nunsync, unsync_cap;
};

struct walk_guest {
	const struct walk_config *config;
	struct pagetables tables;
	struct pagetable **roots; /* by slot */
	struct walk_pwc pwc[LEVELS];
	uint64_t refs_level[LEVELS], start_level[LEVELS], refs_hist[WALK_REFS_MAX + 1];
	struct walk_writes writes;
	struct walk_host *hosts;
	struct walk_tags *tags;
	struct walk_listener *listeners;
	bool is_observed; /* or one of its hosts is */
	struct walk_guest *next;
};

bool walk_guest_is_equal(const struct walk_config *a, const struct walk_config *b);
int walk_guest_init(struct walk_guest *g, const struct walk_config *c, struct arena *a,
		    struct err *e);
int walk_guest_run(struct walk_guest *g, uint32_t slot, const struct walk_miss *misses, size_t n,
		   uint32_t first_row, struct err *e);

/* ---- what kernels do ---- */

enum { WALK_CHILD_SLOT = WALK_SPACES_MAX }; /* of spawned processes, one at a time */

/* An entry was filled by a first touch: its table, leaf or not. */
int walk_writes_fill(struct walk_guest *g, struct pagetable *t, bool is_leaf, struct err *e);

/* On one TLB and all guests behind it. */
int walk_tlb_update(struct walk_tlb *t, uint32_t slot, const struct walk_update *u, struct err *e);

/* ---- the process model ---- */

struct walk_schedule {
	const struct walk_process *process;
	uint64_t next_switch, next_spawn, next_mmap; /* rows of the trace; UINT64_MAX: never */
	uint64_t rows, process_accesses;
	uint32_t row; /* number of the row before, for observers */
};

/* Gives t a schedule if its design asks for anything. */
int walk_schedule_new(struct walk_tlb *t, struct arena *a, struct err *e);

/* Rows at which something is due. */
uint64_t walk_schedule_next(const struct walk_schedule *s);

/* What is due by now. */
int walk_schedule_run(struct walk_tlb *t, uint32_t slot, struct err *e);

/* ---- tags ---- */

struct walk_tags {
	const struct walk_config *config;
	struct lruset cache;
	uint64_t lookups, misses;
	struct walk_tags *next;
};

bool walk_tags_is_equal(const struct walk_config *a, const struct walk_config *b);
bool walk_tags_init(struct walk_tags *t, const struct walk_config *c, struct arena *a);
void walk_tags_run(struct walk_tags *t, const struct walk_path *p);

/* ---- the host's tables ---- */

struct walk_host {
	const struct walk_config *config;
	struct lruset ntlb, pwc[LEVELS];
	unsigned leaf, shift; /* of the host's pages */
	uint64_t ntlb_lookup, ntlb_hit, refs_for_tables, refs_for_data;
	uint64_t refs_level[LEVELS], refs_hist[WALK_REFS_MAX + 1];
	struct walk_listener *listeners;
	struct walk_host *next;
};

bool walk_host_is_equal(const struct walk_config *a, const struct walk_config *b);
bool walk_host_init(struct walk_host *h, const struct walk_config *c, struct arena *a);
void walk_host_run(struct walk_host *h, const struct walk_path *p);

/* The same, and puts each reference into refs, the guest's too: how many. */
uint32_t walk_host_run_told(struct walk_host *h, const struct walk_path *p, struct walk_ref *refs);

#endif
