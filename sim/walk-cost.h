// SPDX-License-Identifier: MIT
/*
 * What counts of page walks cost in cycles of a processor. Everything is derived
 * after the run:
 *
 *	base	= accesses x access + data_exposed x walks x what their data costs
 *	walk	= sum over levels: references x what one costs
 *	translation = exposed x (walk + second TLB's hits + serial tag checks)
 *	kernel	= exits x (exit + handling) + tables read again + pages revoked
 *	total	= base + translation + kernel
 *
 * A reference costs what the cache that holds its line does. Lines of tables
 * with an entry compete for the share of each cache that tables have: levels
 * with most references a line come first into the nearest cache, what does not
 * fit into one goes to the next, and a level that is split is hit evenly. So a
 * level whose references fall on few of its lines looks dearer than it is.
 *
 * Data of an access that walks is far away too: in the last-level cache as far
 * as the pages touched fit its share for data, else in memory. That cost is the
 * same in all modes; without it walks would look like all there is.
 *
 * `exposed` is what execution cannot hide of a walk. Leaves out: competition of
 * data for bandwidth, walks at the same time, cold misses of the lines.
 */
#ifndef PUGMARK_SIM_WALK_COST_H
#define PUGMARK_SIM_WALK_COST_H

#include "sim/walk.h"

enum { WALK_CACHES = 3 }; /* L1, L2, last level; then memory */

struct walk_costs {
	int processor; /* index into walk_processor_names */
	uint64_t access, stlb_hit, exposed_ppm, data_exposed_ppm;
	uint64_t cache_bytes[WALK_CACHES]; /* of each, what table lines have */
	uint64_t llc_data_bytes;
	uint64_t cache[WALK_CACHES], memory;
	uint64_t exit, handling, sync_table;
	uint64_t tag_hit, tag_miss, revoke;
};

extern const char *const walk_processor_names[];
extern const struct param walk_cost_params[];
extern const size_t walk_cost_nparams;

/* Reads the embedded profile of a processor, which also has the sizes of its TLBs. */
int walk_read_processor(struct param_set *s, const char *name, struct err *e);

/* Cycles; sums saturate. */
struct walk_cycles {
	uint64_t base, walk, stlb, tags; /* the last three before `exposed` */
	uint64_t translation, exits, revokes;
	uint64_t total;
	uint64_t translation_ppm;                       /* of total: everything but base */
	uint64_t guest_level[PAGETABLE_LEVELS_MAX + 1]; /* of walk, by level */
	uint64_t host_level[PAGETABLE_LEVELS_MAX + 1];
};

void walk_cost(const struct walk_costs *p, const struct walk_config *d, const struct walk_counts *c,
	       struct walk_cycles *out);

#endif
