// SPDX-License-Identifier: MIT
/*
 * One VM's memory on the host: which pages are in memory, which are swapped
 * out, and what reclaim takes next (DESIGN section 5, research/iopf.md 2).
 *
 *	ABSENT -> RESIDENT                first touch, populate
 *	RESIDENT -> (OUT ->) SWAPPED      reclaim: clear PAE, drain, unmap, write
 *	SWAPPED -> (IN ->) RESIDENT       a fault, readahead beside one, a pin
 *
 * Pages are dense numbers below npages; the VM may be larger (vm_pages): what
 * has no number was never touched and is absent. Accesses only set a bit; what
 * the reclaimer makes of it is sim/reclaim-*.c. RESIDENT pages that no fault
 * has mapped yet (brought by readahead) are in the swap cache: they take
 * memory, their PAE is clear, and a touch is a minor fault.
 *
 * Memory: 24 bytes a page or less, from the arena, none per event. The caller
 * gives time in order. Left out: page contents, NUMA, sharing between VMs.
 */
#ifndef PUGMARK_SIM_HOSTMEM_H
#define PUGMARK_SIM_HOSTMEM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/param.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdint.h>

enum { HOSTMEM_PAGES_MAX = 2000000000 };
#define HOSTMEM_AGE_MAX_NS (UINT64_C(52) * 86400 * NS_PER_SEC)

enum hostmem_state {
	HOSTMEM_ABSENT,
	HOSTMEM_RESIDENT,
	HOSTMEM_IN,  /* being read; a touch joins */
	HOSTMEM_OUT, /* being written; a touch takes it back (minor) */
	HOSTMEM_SWAPPED,
	HOSTMEM_STATES
};

enum hostmem_tier { HOSTMEM_ZSWAP, HOSTMEM_SSD, HOSTMEM_REMOTE, HOSTMEM_TIERS };

/* What may reclaim, in the order of the parameter's choices. */
enum hostmem_reclaim {
	RECLAIM_NONE, /* the limit is not enforced */
	RECLAIM_LRU,
	RECLAIM_CLOCK,
	RECLAIM_TWO_LIST,
	RECLAIM_MGLRU,
	RECLAIM_AGE,
	RECLAIM_PSI,
};

/*
 * 2 MiB backing: the first touch of any page brings the 512 of its aligned run
 * of numbers, and reclaim takes them together. split: as 512 pages, for good;
 * each comes back for itself. whole: as one, and one fault brings all of it.
 */
enum hostmem_huge { HUGE_NO, HUGE_SPLIT, HUGE_WHOLE };
enum { HOSTMEM_HUGE_PAGES = 512 };

/* Section [memory]; filled by the rows below, the first three by the caller. */
struct hostmem_config {
	uint64_t vm_pages;    /* whole VM, numbered or not */
	uint32_t npages;      /* dense page numbers are below this; at most vm_pages. With 2 MiB
				 backing a multiple of 512, neighbours by number as by address */
	uint64_t limit_pages; /* 0 is refused; at least vm_pages: no pressure */
	bool is_instant;      /* swap-in and write take no time: nobody calls arrived/written */

	int reclaim;            /* enum hostmem_reclaim */
	bool dma_sets_accessed; /* vhost, SVA, emulated devices; pass-through: no */
	int tier;               /* enum hostmem_tier of what is swapped out */
	int huge;               /* enum hostmem_huge */

	uint64_t index_ppm; /* of vm_pages: the host's own tables, charged to the limit */

	/* the swap device: sim/swapslots.c */
	uint64_t readahead_pages, slot_writers;
	bool is_writeback_async; /* a page stays in the swap cache while it is written */

	/* two-list, the host profile: sim/reclaim-two-list.c says what they mean */
	uint64_t batch_pages, anon_scan_ppm, stat_period_ns, foreign_inactive_pages;
	uint64_t writeback_pages, scan_ns;
	bool has_child_groups;

	/* mglru, age, psi */
	uint64_t generation_ns, age_ns, age_pages_per_s;
	uint64_t psi_target_ppm, psi_period_ns, psi_fault_ns;
};

extern const struct param hostmem_params[];
extern const size_t hostmem_nparams;

enum hostmem_touch { TOUCH_CPU, TOUCH_DMA };

enum touch_result {
	TOUCH_HIT,
	TOUCH_FIRST, /* was absent: now resident */
	TOUCH_MINOR, /* was in memory, but not mapped: swap cache, or on its way out */
	TOUCH_MAJOR, /* was swapped: now IN (instant: resident) */
	TOUCH_JOIN,  /* is IN already */
};

/*
 * Called as residency changes; any may be NULL. Reclaim of a page calls
 * pae_clear, drain, unmap, swap_out in this order (the first three not for a
 * page that was never mapped); a mapping calls pae_set. None may call back.
 * With huge = whole one call, for its first page, stands for all of a 2 MiB page.
 */
struct hostmem_hooks {
	void *ctx;
	void (*pae_set)(void *ctx, uint32_t page, struct ns now);
	void (*pae_clear)(void *ctx, uint32_t page, struct ns now);
	void (*drain)(void *ctx, uint32_t page, struct ns now);
	void (*unmap)(void *ctx, uint32_t page, struct ns now);
	/* not called for a clean page whose slot still holds it */
	void (*swap_out)(void *ctx, uint32_t page, uint32_t slot, struct ns now);
	/* is_readahead: nobody waits for this one */
	void (*swap_in)(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now);
};

struct hostmem_counts {
	/* pages now; the first line sums to vm_pages. RESIDENT includes the swap cache. */
	uint64_t absent, resident, in, out, swapped[HOSTMEM_TIERS];
	uint64_t pinned, swap_cache;
	uint64_t overflow, overflow_max; /* charged (resident + in) above the limit */

	/* events so far */
	uint64_t touches, first, minor[2], major[2], joined; /* [enum hostmem_touch] */
	uint64_t swap_in, swap_out, readahead, readahead_hits, dropped_clean;
	uint64_t scanned, activated, deactivated, refaults, refault_activations;
	uint64_t pin_ops, unpin_ops, pin_swap_in;
	uint64_t split_pages; /* of 2 MiB pages that became 512 small ones */
};

struct hostmem;

/* The state is the arena's. hooks may be NULL, else it is copied. ERR_NOMEM, ERR_USAGE. */
int hostmem_new(const struct hostmem_config *c, const struct hostmem_hooks *hooks,
		struct arena *arena, struct hostmem **out, struct err *e);

/* Makes an absent page resident, mapped by nobody's access: as if written before the VM ran. */
void hostmem_populate(struct hostmem *h, uint32_t page, struct ns now);

enum touch_result hostmem_touch(struct hostmem *h, uint32_t page, enum hostmem_touch by,
				bool is_write, struct ns now);

/* Asks for the memory that a touch some 12 events ahead will need. */
void hostmem_prefetch(const struct hostmem *h, uint32_t page);

/* Of a page asked for before: the memory of its neighbours on a list, which pinning it needs. */
void hostmem_prefetch_neighbours(const struct hostmem *h, uint32_t page);

/* The read of an IN page (or of its readahead neighbours, one call each) is done. */
void hostmem_arrived(struct hostmem *h, uint32_t page, struct ns now);

/* The write of an OUT page to that slot is done; late news of a page taken back is ignored. */
void hostmem_written(struct hostmem *h, uint32_t page, uint32_t slot, struct ns now);

/*
 * Pins are not counted: the caller keeps one bit a page. A pin of a page that
 * is not resident brings it in first and tells so (TOUCH_FIRST, _MINOR, _MAJOR,
 * _JOIN): while IN it is promised, and PINNED from its arrival on. Pinned pages
 * are not reclaimed and count against the limit; what does not fit is overflow.
 * A pin of a page keeps the 2 MiB page that it lies in, which is not counted.
 */
enum touch_result hostmem_pin(struct hostmem *h, uint32_t page, struct ns now);
void hostmem_unpin(struct hostmem *h, uint32_t page, struct ns now);

/*
 * A limit that rises is in force at once. One that falls is in force when
 * reclaim has got there: at once, but for two-list, which works meanwhile (see
 * `scan`) as touches and ticks go on.
 */
void hostmem_set_limit(struct hostmem *h, uint64_t pages, struct ns now);

/*
 * Somebody on the host reads the statistics of the memory group: the kernel
 * brings them up to date for it, and reclaim (two-list) judges by them.
 */
void hostmem_flush_stats(struct hostmem *h, struct ns now);

/* Lets time-driven reclaim (mglru aging, age, psi) work; call at least once a second. */
void hostmem_tick(struct hostmem *h, struct ns now);

enum hostmem_state hostmem_page_state(const struct hostmem *h, uint32_t page);
/* The first page of what comes and goes with this one, and how many those are: 1 or 512. */
uint32_t hostmem_unit(const struct hostmem *h, uint32_t page, uint32_t *npages_out);

bool hostmem_is_mapped(const struct hostmem *h, uint32_t page); /* PAE.present */
bool hostmem_is_pinned(const struct hostmem *h, uint32_t page);

/* Time since the last CPU touch of a mapped page; UINT64_MAX where none is known. */
uint64_t hostmem_cpu_age_ns(const struct hostmem *h, uint32_t page, struct ns now);

/*
 * Most touches are by devices, of mapped pages, and change nothing but a count.
 * Who touches much may leave them out, and say afterwards how many they were:
 * a DMA before until_ns to a page whose bit is set. True until the next call
 * of a function that is not const; the bits are hostmem's own.
 */
struct hostmem_quiet {
	const uint64_t *mapped; /* PAE.present, a bit a page */
	uint64_t until_ns;      /* 0: no touch may be left out */
};
struct hostmem_quiet hostmem_quiet(const struct hostmem *h);
void hostmem_note_hits(struct hostmem *h, uint64_t n);

const struct hostmem_counts *hostmem_counts(const struct hostmem *h);
uint64_t hostmem_limit(const struct hostmem *h);

/*
 * Several VMs on one host: besides its own limit, each shares that of the pool.
 * When the pool is full, rounds of reclaim go to its VMs in proportion to the
 * memory they hold (as the kernel scans the groups below a limit). A VM that
 * asks may thereby take memory from another. The pool lives as long as its VMs.
 */
struct hostmem_pool;

/* ERR_NOMEM, ERR_USAGE. */
int hostmem_pool_new(uint64_t limit_pages, uint32_t nvms_max, struct arena *arena,
		     struct hostmem_pool **out, struct err *e);

/* Before the VM's first page: ERR_USAGE when it has any, or the pool is complete. */
int hostmem_pool_join(struct hostmem_pool *pool, struct hostmem *h, struct err *e);

/*
 * For a VM that has joined, whose owner brings its clock along only when something
 * is due: its time 0 is offset_ns of the pool's clock, and before the pool takes
 * pages of it for another VM, `before` tells its owner the time, on its own clock.
 */
void hostmem_pool_place(struct hostmem *h, uint64_t offset_ns,
			void (*before)(void *ctx, struct ns now), void *ctx);

/* In force at once. */
void hostmem_pool_set_limit(struct hostmem_pool *pool, uint64_t pages, struct ns now);

/* Memory charged by all VMs; above the limit it is overflow. */
uint64_t hostmem_pool_charged(const struct hostmem_pool *pool);

/* Every invariant over every page, O(n): 0, or ERR_BUG and a sentence. */
int hostmem_check(const struct hostmem *h, struct err *e);

#endif
