// SPDX-License-Identifier: MIT
/*
 * Inside of host memory, shared by hostmem.c and the reclaim models: the state
 * of a page, the table of functions that a model is, and what hostmem.c does
 * for it. Nobody outside sim/hostmem and sim/reclaim-* includes this.
 *
 * Per page: 8 bytes of list links, 10 of struct hostpage, 4 of the swap slot
 * map, and a bit: 22 1/8; with age one more. With 2 MiB backing, 4 bytes for each 512 pages.
 *
 * A 2 MiB page that was not split is one entry of a model's lists, under the
 * number of its first page, whose flags are those of the entry (LISTED,
 * ACCESSED, REFERENCED, ..); state, MAPPED, PINNED and stamps are those of each
 * page. Models see entries only; hostmem_unit says how many pages one is.
 */
#ifndef PUGMARK_SIM_RECLAIM_H
#define PUGMARK_SIM_RECLAIM_H

#include "base/list32.h"
#include "sim/hostmem.h"
#include "sim/swapslots.h"

/* Flags of a page; the state is in the lowest bits. */
enum {
	PAGE_STATE = 7,            /* enum hostmem_state */
	PAGE_MAPPED = 1 << 3,      /* PAE.present; else in the swap cache */
	PAGE_PINNED = 1 << 4,      /* on no list */
	PAGE_WANTED_CPU = 1 << 5,  /* IN: the CPU waits, map it on arrival */
	PAGE_PROMISED = 1 << 6,    /* IN: pin it on arrival */
	PAGE_ACCESSED = 1 << 7,    /* the page table's bit: set by a touch, cleared by a scan */
	PAGE_REFERENCED = 1 << 8,  /* the reclaimer's memory of having seen that bit */
	PAGE_ACTIVE = 1 << 9,      /* two-list: which list */
	PAGE_READAHEAD = 1 << 10,  /* not touched since readahead brought it */
	PAGE_CLEAN = 1 << 11,      /* the slot holds the same: nothing to write */
	PAGE_LISTED = 1 << 12,     /* linked by the reclaim model */
	PAGE_GENERATION = 13,      /* shift: mglru, 2 bits */
	PAGE_WANTED_DMA = 1 << 15, /* IN: a device waits */
	PAGE_WANTED = PAGE_WANTED_CPU | PAGE_WANTED_DMA,
};

/* Stamps count units of about a millisecond, plus one; 0: never. */
enum { STAMP_SHIFT = 20 };

struct __attribute__((packed, aligned(2))) hostpage {
	union {
		uint32_t cpu_stamp; /* mapped */
		uint32_t slot;      /* swapped, or in the swap cache */
	};
	uint32_t shadow; /* swapped: the model's clock at eviction */
	uint16_t flags;
};

enum page_origin {
	ORIGIN_POPULATE,
	ORIGIN_FIRST,
	ORIGIN_SWAP,
	ORIGIN_READAHEAD,
	ORIGIN_BACK,
	ORIGIN_SPLIT, /* of a 2 MiB page being written; only with is_writeback_async */
};

/* 512 pages. */
struct hugepage {
	uint16_t pins; /* pinned pages of one that is whole */
	bool is_whole; /* is, or will be at its first touch, one 2 MiB page */
};

enum reclaim_progress { RECLAIM_NOTHING, RECLAIM_FREED, RECLAIM_UNDER_WAY };

/* A reclaim model. Missing functions do nothing. */
struct reclaim {
	const char *name;
	unsigned nheads; /* list heads it needs, behind the pages */

	/* Makes h->model in the arena; ERR_NOMEM. */
	int (*init)(struct hostmem *h, struct arena *arena);

	/* The page is resident and unpinned: link it. Its shadow is still there on a swap-in. */
	void (*add)(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now);

	/* Unlink it, for a reason of the caller's. */
	void (*remove)(struct hostmem *h, uint32_t page);

	/* Sees every touch of a mapped page: only for models that no kernel could afford. */
	void (*touch)(struct hostmem *h, uint32_t page);

	/* One round of reclaim, by hostmem_evict: how many pages were freed. 0: nothing left. */
	uint64_t (*shrink)(struct hostmem *h, struct ns now);

	/*
	 * A round whose work takes time, begun at `from` or left off before: goes on until it is
	 * over or its clock is past `until`. Where it is missing, shrink does it in no time.
	 */
	enum reclaim_progress (*work)(struct hostmem *h, struct ns from, struct ns until,
				      struct ns *end_out);

	/* Somebody reads the statistics of the memory group. */
	void (*flush)(struct hostmem *h, struct ns now);

	void (*tick)(struct hostmem *h, struct ns now);

	/* As tick, but before every touch; there is nothing to do before `due`. */
	void (*advance)(struct hostmem *h, struct ns now);
	struct ns (*due)(const struct hostmem *h);
};

struct hostmem {
	struct list32_node *nodes; /* npages + nheads of the model */
	struct hostpage *pages;
	struct hugepage *huge; /* NULL: 4 KiB backing */
	uint64_t *mapped;      /* PAGE_MAPPED again, a bit a page: for many looks at few bytes */
	const struct reclaim *reclaim;
	void *model;
	uint64_t limit, limit_goal; /* in force, and wanted: falling takes reclaim its time */
	struct ns limit_work;       /* how far reclaim for the goal has got */
	bool is_limit_work_open;    /* the model's round for it is under way */
	struct hostmem_config c;
	struct hostmem_counts n;
	struct hostmem_hooks hooks;
	struct hostmem_pool *pool; /* or NULL */
	uint32_t pool_place;       /* number in it */
	struct swapslots slots;
	uint32_t writer;    /* of swap slots, whose turn it is */
	uint32_t unaudited; /* events since the last look at all pages (PUGMARK_DEBUG) */
};

static inline enum hostmem_state page_state(const struct hostpage *p)
{
	return (enum hostmem_state)(p->flags & PAGE_STATE);
}

/* Memory that counts against the limit. */
static inline uint64_t hostmem_charged(const struct hostmem *h)
{
	return h->n.resident + h->n.in;
}

/*
 * Takes a page, unlinked by the model, out of memory: PAE, drain, unmap, write.
 * True when its memory is free; false when it stays in the swap cache, to be
 * linked again and evicted a second time (is_writeback_async). Of a 2 MiB page
 * that this splits, the other pages are then linked already.
 */
bool hostmem_evict(struct hostmem *h, uint32_t page, uint32_t shadow, struct ns now);

/* As hostmem_evict, where that frees at once: how many pages it freed. */
static inline uint64_t hostmem_take(struct hostmem *h, uint32_t page, uint32_t shadow,
				    struct ns now)
{
	const uint64_t before = hostmem_charged(h);
	hostmem_evict(h, page, shadow, now);
	return before - hostmem_charged(h);
}

static inline uint32_t unit_pages(const struct hostmem *h, uint32_t page)
{
	if (__builtin_expect(!h->huge, 1))
		return 1;
	return h->huge[page / HOSTMEM_HUGE_PAGES].is_whole ? HOSTMEM_HUGE_PAGES : 1;
}

static inline uint32_t unit_of(const struct hostmem *h, uint32_t page)
{
	return page & ~(unit_pages(h, page) - 1);
}

/* ERR_USAGE with a sentence. */
int hostmem_config_check(const struct hostmem_config *c, struct err *e);

/* Asserts what holds after each event; page: the one it was about, UINT32_MAX: none. */
void hostmem_check_event(struct hostmem *h, uint32_t page);

/*
 * One round of reclaim in the pool of a VM that asks for memory, by its clock: how
 * many pages were freed. 0: nothing left.
 */
uint64_t hostpool_shrink(struct hostmem *asking, struct ns now);
uint64_t hostpool_limit(const struct hostmem_pool *pool);

extern const struct reclaim reclaim_none, reclaim_lru, reclaim_clock, reclaim_two_list,
	reclaim_mglru, reclaim_age, reclaim_psi;

#endif
