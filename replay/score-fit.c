// SPDX-License-Identifier: MIT
/* The compatibility table: a row a pair of parts, refused or explained. */
#include "replay/score-fit.h"

#include "sim/iopf.h"

#include <string.h>

static bool has_faults(const struct score_design *d)
{
	const int b = d->pin.iopf->backend;
	return d->has[SCORE_MEMORY] && (b == IOPF_VPRI || b == IOPF_PRI || b == IOPF_SNOOP);
}

/* Somebody brings pages for the device: hardware, or the guest's map calls. */
static bool serves_device(const struct score_design *d)
{
	return has_faults(d) || (d->has[SCORE_MEMORY] && d->pin.iopf->backend == IOPF_VIOMMU);
}

/* Whether the name of nvme.path begins with one of these. */
static bool is_path(const struct score_design *d, const char *const *prefixes)
{
	const char *path = d->nvme.choice.profile[NVME_PROFILE_PATH];
	for (; d->has[SCORE_NVME] && *prefixes; prefixes++)
		if (!strncmp(path, *prefixes, strlen(*prefixes)))
			return true;
	return false;
}

/* The host's software pins the pages of each command before the device sees it. */
static bool pins_commands(const struct score_design *d)
{
	return is_path(d, (const char *const[]){ "mdev", NULL });
}

/* The device reads and writes memory of the host's software, which faults as any program does. */
static bool is_copied(const struct score_design *d)
{
	return is_path(d, (const char *const[]){ "virtio", "kvhost", "qemu-nvme", "iocore", NULL });
}

/* A process of the host drives the device itself and has all guest memory pinned for that. */
static bool pins_for_driver(const struct score_design *d)
{
	return is_path(d, (const char *const[]){ "spdk", "nvme-uri", NULL });
}

static bool swaps(const struct score_design *d)
{
	return d->has[SCORE_MEMORY] && d->overcommit_ppm;
}

static bool is_tpt(const struct score_design *d)
{
	return d->has[SCORE_WALK] && walk_mode_is_tpt(d->walk.config.mode);
}

static bool pins_in_software_and_faults(const struct score_design *d)
{
	return pins_commands(d) && has_faults(d);
}

static bool driver_and_faults(const struct score_design *d)
{
	return pins_for_driver(d) && serves_device(d);
}

static bool has_no_vm(const struct score_design *d)
{
	return d->has[SCORE_MEMORY] && is_path(d, (const char *const[]){ "native", NULL });
}

static bool copies_and_faults(const struct score_design *d)
{
	return is_copied(d) && serves_device(d);
}

static bool swaps_without_service(const struct score_design *d)
{
	return swaps(d) && d->pin.iopf->backend == IOPF_NONE &&
	       strcmp(d->policy.policy->name, "static-all") != 0;
}

static bool pins_all_twice(const struct score_design *d)
{
	return d->has[SCORE_MEMORY] && d->pin.iopf->backend == IOPF_STATIC &&
	       strcmp(d->policy.policy->name, "none") != 0 &&
	       strcmp(d->policy.policy->name, "static-all") != 0;
}

static bool is_numa(const struct score_design *d)
{
	return d->has[SCORE_NUMA];
}

static bool has_fix(const struct score_design *d, enum numa_fix fix)
{
	const int *fixes = d->numa.numa.fix;
	return is_numa(d) && (fixes[NUMA_GPT] == (int)fix || fixes[NUMA_EPT] == (int)fix);
}

/* The host's tables follow data that AutoNUMA moves, and long-term pins keep pages in place. */
static bool migrates_pinned(const struct score_design *d)
{
	return is_numa(d) && d->has[SCORE_MEMORY] && d->numa.numa.fix[NUMA_EPT] == NUMA_MIGRATE &&
	       (d->pin.iopf->backend == IOPF_STATIC ||
		!strcmp(d->policy.policy->name, "static-all"));
}

static bool migrates_wide(const struct score_design *d)
{
	return has_fix(d, NUMA_MIGRATE) && d->numa.numa.span == NUMA_WIDE;
}

static bool is_fix_on_one_node(const struct score_design *d)
{
	return is_numa(d) && d->numa.numa.nodes == 1 &&
	       (has_fix(d, NUMA_MIGRATE) || has_fix(d, NUMA_REPLICATE));
}

static bool is_numa_of_shadow(const struct score_design *d)
{
	return is_numa(d) && walk_mode_is_shadow(d->numa.walk.mode);
}

static bool is_numa_of_tpt(const struct score_design *d)
{
	return is_numa(d) && walk_mode_is_tpt(d->numa.walk.mode);
}

static bool migrates_as_it_maps(const struct score_design *d)
{
	return has_fix(d, NUMA_MIGRATE) && !d->numa.walk.is_populated;
}

static bool splits_small_pages(const struct score_design *d)
{
	return d->has[SCORE_MEMORY] && d->has[SCORE_WALK] && d->pin.memory.huge != HUGE_NO &&
	       d->walk.config.mode != WALK_NATIVE && d->walk.config.host_page == WALK_4K;
}

static bool revokes(const struct score_design *d)
{
	return is_tpt(d) && swaps(d);
}

static bool splits_no_host_pages(const struct score_design *d)
{
	return d->has[SCORE_MEMORY] && d->has[SCORE_WALK] && d->pin.memory.huge != HUGE_NO &&
	       d->walk.config.mode == WALK_NATIVE;
}

static const struct fit {
	bool (*is_so)(const struct score_design *d);
	bool is_refused;
	const char *reason;
} table[] = {
	{ pins_in_software_and_faults, true,
	  "nvme.path mdev pins the pages of each command in software, so no device fault is left "
	  "for iopf.backend; give it static or none" },
	{ copies_and_faults, true,
	  "on this nvme.path the host's software touches guest memory, not the device: its faults "
	  "are the host's own; iopf.backend has no device to stop" },
	{ driver_and_faults, true,
	  "on this nvme.path a process of the host drives the device and keeps guest memory pinned "
	  "for it: no page is absent; give iopf.backend static" },
	{ swaps_without_service, true,
	  "iopf.backend none cannot serve a fault: with memory.overcommit DMA would fail; pin "
	  "all (pin.policy static-all) or choose a backend" },
	{ splits_no_host_pages, true,
	  "walk.mode native has no host pages that [memory] could split; choose nested, a shadow "
	  "or tpt" },
	{ migrates_pinned, true,
	  "the host's tables migrate with data that moves, and pages pinned for devices do not: "
	  "with all of them pinned numa.ept_fix migrate has no occasion; give it replicate" },
	{ is_fix_on_one_node, true,
	  "numa.nodes 1 has no other node to migrate tables from or keep copies on" },
	{ has_no_vm, false, "nvme.path native is the host's own: its latency is that of no VM" },
	{ pins_all_twice, false,
	  "iopf.backend static pins all that devices map: pin.policy has nothing left to do" },
	{ revokes, false,
	  "under TPT a page that the host swaps out must lose its tag: each costs "
	  "walk-costs.revoke cycles (revoke_cycles), beside the walks" },
	{ splits_small_pages, false,
	  "memory.huge splits pages of 2 MiB, but [walk] maps them by 4 KiB: walks get no dearer; "
	  "walk.host_page = 2M" },
	{ migrates_wide, false,
	  "numa.span wide uses each table from all nodes: one that migrates has nowhere to go and "
	  "stays; replicate is what helps" },
	{ migrates_as_it_maps, false,
	  "walk.populated no: tables made while the trace runs are charged as if they had been "
	  "there before and moved" },
	{ is_numa_of_shadow, false,
	  "under shadow paging numa.gpt is the shadow table, which the host makes, and its copies "
	  "are the host's" },
	{ is_numa_of_tpt, false,
	  "under TPT numa.gpt is the guest's only table; where the page tags lie is not modelled: "
	  "they cost the same on all nodes" },
};

int score_fit_check(const struct score_design *d, struct err *e)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].is_refused && table[i].is_so(d))
			return err_set(e, ERR_USAGE, "%s: %s", d->name, table[i].reason);
	return 0;
}

const char *score_fit_remark(const struct score_design *d, size_t i)
{
	for (size_t k = 0; k < sizeof(table) / sizeof(*table); k++)
		if (!table[k].is_refused && table[k].is_so(d) && !i--)
			return table[k].reason;
	return NULL;
}
