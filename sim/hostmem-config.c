// SPDX-License-Identifier: MIT
/* The rows of section [memory] that host memory reads, and what it refuses. */
#include "sim/reclaim.h"

#include <stddef.h>

#define CONFIG(field) offsetof(struct hostmem_config, field)

static const char *const reclaim_names[] = { "none",  "lru", "clock", "two-list",
					     "mglru", "age", "psi",   NULL };
static const char *const huge_names[] = { "no", "split", "whole", NULL };
static const char *const tier_names[] = { "zswap", "ssd", "remote", NULL };

int hostmem_config_check(const struct hostmem_config *c, struct err *e)
{
	if (c->npages > HOSTMEM_PAGES_MAX)
		return err_set(e, ERR_USAGE, "%u pages: expected at most %u", c->npages,
			       HOSTMEM_PAGES_MAX);
	if (c->npages > c->vm_pages)
		return err_set(e, ERR_USAGE,
			       "the VM has %llu pages but %u are used: expected more memory",
			       (unsigned long long)c->vm_pages, c->npages);
	if (!c->limit_pages)
		return err_set(e, ERR_USAGE, "a limit of 0 pages leaves the VM no memory");
	if (c->huge != HUGE_NO && c->npages % HOSTMEM_HUGE_PAGES)
		return err_set(e, ERR_USAGE, "memory.huge: %u pages are no number of 2 MiB pages",
			       c->npages);
	if (c->readahead_pages & (c->readahead_pages - 1))
		return err_set(e, ERR_USAGE,
			       "memory.readahead %llu: expected a power of two, as page-cluster is",
			       (unsigned long long)c->readahead_pages);
	return 0;
}

const struct param hostmem_params[] = {
	{ "memory", "reclaim", PARAM_CHOICE, NULL,
	  "two-list | guess | what most hosts run: Linux without MGLRU", 0, 0,
	  "What decides which page leaves memory.", CONFIG(reclaim), reclaim_names },
	{ "memory", "dma_sets_accessed", PARAM_BOOL, NULL,
	  "no | derived | IOMMU A/D bits are not folded into the LRU (research notes)", 0, 0,
	  "Whether a DMA counts as an access: yes for vhost, SVA, emulated devices.",
	  CONFIG(dma_sets_accessed), NULL },
	{ "memory", "swap_tier", PARAM_CHOICE, NULL, "ssd", 0, 0, "Where swapped pages go.",
	  CONFIG(tier), tier_names },
	{ "memory", "index_ppm", PARAM_PPM, NULL, "0", 0, 100000,
	  "Share of the VM that the host's tables of its pages take from the limit.",
	  CONFIG(index_ppm), NULL },
	{ "memory", "huge", PARAM_CHOICE, NULL, "no", 0, 0,
	  "2 MiB backing: split on its way out, or swapped as a whole.", CONFIG(huge), huge_names },
	{ "memory", "readahead", PARAM_U64, "pages", "8 | published | Linux page-cluster 3", 1,
	  SWAPSLOTS_CLUSTER, "Largest swap readahead window; 1 for compressed memory.",
	  CONFIG(readahead_pages), NULL },
	{ "memory", "slot_writers", PARAM_U64, "CPUs",
	  "1 | guess | one thread of the VM reclaims at a time", 1, SWAPSLOTS_WRITERS_MAX,
	  "CPUs that reclaim in turn, each into its own cluster of slots.", CONFIG(slot_writers),
	  NULL },
	{ "memory", "writeback_async", PARAM_BOOL, NULL,
	  "yes | derived | a disk, where compressed memory is written on the spot", 0, 0,
	  "Whether a page stays in the swap cache until a later round frees it (two-list).",
	  CONFIG(is_writeback_async), NULL },
	{ "memory", "batch", PARAM_U64, "pages", "32 | published | Linux SWAP_CLUSTER_MAX", 1, 1024,
	  "Pages one round of reclaim has to free.", CONFIG(batch_pages), NULL },
	{ "memory", "anon_scan_ppm", PARAM_PPM, NULL,
	  "17.52% | derived | get_scan_count: 89 of 508 at swappiness 60, all cost on the anon "
	  "side",
	  1, 1000000, "Share of (list size >> priority) that a pass of two-list scans.",
	  CONFIG(anon_scan_ppm), NULL },
	{ "memory", "stat_period", PARAM_NS, NULL,
	  "2s | published | Linux flushes memory group statistics every 2 s", 0, 0,
	  "Pace at which list sizes and refault counts that two-list decides by become known.",
	  CONFIG(stat_period_ns), NULL },
	{ "memory", "foreign_inactive", PARAM_U64, "pages",
	  "0 | guess | the VMM's own anonymous memory in the same group", 0, 0,
	  "Inactive pages of the group that are not the VM's (two-list).",
	  CONFIG(foreign_inactive_pages), NULL },
	{ "memory", "child_groups", PARAM_BOOL, NULL,
	  "no | guess | guest memory and VMM in one group", 0, 0,
	  "Whether the group has groups below it, which reclaim visits in turn (two-list).",
	  CONFIG(has_child_groups), NULL },
	{ "memory", "writeback_pages", PARAM_U64, "pages",
	  "512 | guess | a disk slower than that of data/swap, whose profile has 64", 1, 0,
	  "Pages one round may start to write before it finds free ones (two-list).",
	  CONFIG(writeback_pages), NULL },
	{ "memory", "scan", PARAM_NS, NULL, "4us | guess | look up the page tables of one page", 0,
	  0, "Time a scan takes for one page; statistics grow older meanwhile (two-list).",
	  CONFIG(scan_ns), NULL },
	{ "memory", "generation", PARAM_NS, NULL, "1s | guess | how often something else ages", 1,
	  0, "Least time between two generations (mglru).", CONFIG(generation_ns), NULL },
	{ "memory", "age", PARAM_NS, NULL, "2min | guess | kidled and DAMOS style reclaim", 1,
	  HOSTMEM_AGE_MAX_NS, "Idle time after which a page is reclaimed (age).", CONFIG(age_ns),
	  NULL },
	{ "memory", "age_rate", PARAM_U64, "pages/s", "0", 0, 0,
	  "Most pages reclaimed per second, 0: any number (age).", CONFIG(age_pages_per_s), NULL },
	{ "memory", "psi_target_ppm", PARAM_PPM, NULL,
	  "0.1% | published | Senpai's target share of stalled time", 1, 1000000,
	  "Share of time in major faults that psi steers to.", CONFIG(psi_target_ppm), NULL },
	{ "memory", "psi_period", PARAM_NS, NULL, "6s | published | Senpai's interval", 1, 0,
	  "Time between two decisions of psi.", CONFIG(psi_period_ns), NULL },
	{ "memory", "psi_fault", PARAM_NS, NULL,
	  "200us | guess | a read from flash and its wake-up", 0, 0,
	  "Stall that psi counts for each major fault.", CONFIG(psi_fault_ns), NULL },
};

const size_t hostmem_nparams = sizeof(hostmem_params) / sizeof(hostmem_params[0]);
