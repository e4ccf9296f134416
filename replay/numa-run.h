// SPDX-License-Identifier: MIT
/*
 * Page-table placements judged on one stream of accesses, all in one pass:
 *
 *	run time = other work + exposed share * walk cycles
 *
 * The other work is what the program does besides walking. It comes from one
 * figure of the program, the share of its time in walks natively with local
 * tables, and the walk cycles of this very stream natively with local tables:
 * work = cycles * (1 - share) / share. It is the same under every design; where
 * bandwidth counts that is wrong, and the result says so.
 */
#ifndef PUGMARK_REPLAY_NUMA_RUN_H
#define PUGMARK_REPLAY_NUMA_RUN_H

#include "replay/numa-design.h"
#include "sim/numa.h"

/* Entries of tables that were written. */
struct numa_updates {
	uint64_t map, unmap, protect;
};

struct numa_result {
	const struct numa_design *design;
	struct numa_counts counts;        /* after the warm-up */
	uint64_t cycles[NUMA_TABLES + 1]; /* by table, then of both: counts times latencies */
	uint64_t native_cycles;           /* of the same stream natively with local tables */
	uint64_t local_cycles;            /* under this [walk] with all tables local */

	/* 0 where the share of native walks is not known */
	uint64_t work_cycles, run_cycles, local_run_cycles;
	bool is_cold;            /* numa_is_cold() */
	bool is_bandwidth_bound; /* so many lines of data a walk that interference slows them too */

	/* what the fix costs, over the whole stream */
	struct numa_updates updates;
	uint64_t update_cycles;                     /* more than without the fix */
	uint64_t tables[NUMA_TABLES], memory_bytes; /* that the stream touched; of the copies */
	uint64_t vm_memory_bytes; /* of copies, if the VM uses all of its memory; 0: not known */
};

struct numa_run;

/* Borrows the designs, which must agree on [machine]: ERR_USAGE. The rest lives in the arena. */
int numa_run_new(const struct numa_design *designs, size_t n, struct arena *a,
		 struct numa_run **out, struct err *e);

/* Accesses of one address space, in order. */
int numa_run_rows(struct numa_run *r, uint32_t space, const uint64_t *va, const uint32_t *bytes,
		  size_t n, struct err *e);

/* What was so far only warmed the caches. */
void numa_run_warm(struct numa_run *r);

/* What is known beside the stream; zeroed: nothing. */
struct numa_known {
	uint64_t native_walk_ppm; /* of the program, for designs that do not say */
	uint64_t vm_pages;
	struct numa_updates updates; /* recorded ones; all 0: those the stream implies */
};

void numa_run_result(const struct numa_run *r, size_t design, const struct numa_known *known,
		     struct numa_result *out);

/* a / b in ppm, for ratios of run times; 0 where b is 0 */
uint64_t numa_ratio_ppm(uint64_t a, uint64_t b);

#endif
