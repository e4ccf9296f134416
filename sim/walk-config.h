// SPDX-License-Identifier: MIT
/*
 * Section [walk] of a design: how addresses are translated (mode, page sizes,
 * levels), the sizes of TLBs and walk caches, and what the guest's kernel does
 * to its page tables.
 */
#ifndef PUGMARK_SIM_WALK_CONFIG_H
#define PUGMARK_SIM_WALK_CONFIG_H

#include "base/param.h"
#include "sim/leafmap.h"
#include "sim/pagetable.h"

enum walk_mode {
	WALK_NATIVE,
	WALK_NESTED,
	WALK_SHADOW_NAIVE,  /* an exit for each update of a guest's table (TPT's slides) */
	WALK_SHADOW_UNSYNC, /* KVM's: leaf tables go unsynchronised until INVLPG or CR3 */
	WALK_TPT_OPT,       /* the tag check is hidden behind the walk */
	WALK_TPT_NAIVE,     /* the tag check comes after each reference */
	WALK_MODES
};
extern const char *const walk_mode_names[WALK_MODES + 1];

/* Sizes of a page, as the level of its leaf less one. */
enum walk_page { WALK_4K, WALK_2M, WALK_1G, WALK_PAGES };
extern const char *const walk_page_names[];

/* Where the guest's data lies in its memory. */
enum walk_frames { WALK_IN_ORDER, WALK_SPREAD };

struct walk_cache {
	uint32_t entries, ways; /* entries 0: there is none */
};

/*
 * What the guest's kernel does beside the accesses of the trace, each thing once
 * in so many of them (0: never). A spawned process forks, execs, touches its
 * pages (accesses that are played) and exits.
 */
struct walk_process {
	bool keeps_tlb; /* PCID: a switch of address spaces leaves entries in place */
	uint64_t switch_every, spawn_every, mmap_every; /* accesses */
	uint64_t fork_pages, cow_pages, spawn_pages, mmap_pages;
};

struct walk_config {
	int mode;
	int guest_page, host_page; /* enum walk_page */
	uint64_t guest_levels, host_levels;
	struct leafmap leaves;  /* of the tables that are walked: the guest's, or its shadow */
	struct leafmap granule; /* of the TLBs: no larger than the host's pages either */

	struct walk_cache l1[WALK_PAGES], stlb, stlb_1g, ntlb, tags;
	uint32_t guest_pwc[PAGETABLE_LEVELS_MAX + 1]; /* entries by level; 0: none */
	uint32_t host_pwc[PAGETABLE_LEVELS_MAX + 1];

	struct walk_process process;
	int frames;              /* enum walk_frames */
	uint64_t vm_memory;      /* bytes; 0: the caller puts the trace's, if it is known */
	bool is_populated;       /* the trace's pages were mapped before it began: no updates */
	uint64_t boot_share_ppm; /* TPT: of the accesses, from the start, under nested paging */
	uint64_t boot_accesses;  /* what that is; the caller knows how many there will be */
	uint64_t revokes_per_maccess; /* TPT: pages that the host takes, in a million accesses */

	/* as written, from which walk_config_resolve makes the above */
	int host_page_given; /* enum walk_page + 1, 0: as the guest's */
	const char *guest_2m, *l1_text[WALK_PAGES], *stlb_text, *stlb_1g_text, *ntlb_text,
		*tags_text, *guest_pwc_text, *host_pwc_text;
};

extern const struct param walk_params[];
extern const size_t walk_nparams;

/*
 * Parses the texts of a filled struct and checks them against each other.
 * ERR_USAGE with where the value stands (file:line) and its key.
 */
int walk_config_resolve(struct walk_config *c, const struct param_set *s, struct err *e);

static inline bool walk_mode_is_shadow(int mode)
{
	return mode == WALK_SHADOW_NAIVE || mode == WALK_SHADOW_UNSYNC;
}

static inline bool walk_mode_is_tpt(int mode)
{
	return mode == WALK_TPT_OPT || mode == WALK_TPT_NAIVE;
}

#endif
