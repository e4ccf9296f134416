// SPDX-License-Identifier: MIT
/*
 * Sections [numa] of a design, where page tables lie and what is done about it,
 * and [machine] of a profile, what a reference to them costs from there.
 */
#ifndef PUGMARK_SIM_NUMA_CONFIG_H
#define PUGMARK_SIM_NUMA_CONFIG_H

#include "base/param.h"

enum { NUMA_NODES_MAX = 64 };

/* thin: all threads on one node. wide: on all of them, in turns. */
enum numa_span { NUMA_THIN, NUMA_WIDE };

/* Where pages lie, as a thread sees them: all on its node, all on another; or as they were put. */
enum numa_place { NUMA_LOCAL, NUMA_REMOTE, NUMA_FIRST_TOUCH, NUMA_INTERLEAVE };

/* Who touched memory first: one thread, or the threads that use it. */
enum numa_toucher { NUMA_MAIN, NUMA_SPREAD };

/* What is done about tables: vMitosis migrates or replicates them, Mitosis replicates the guest's.
 */
enum numa_fix { NUMA_NONE, NUMA_MIGRATE, NUMA_REPLICATE };

/*
 * What the guest knows of the nodes: it sees them; it does not; the hypervisor
 * tells it (NO-P); it finds out by measuring (NO-F).
 */
enum numa_view { NUMA_VISIBLE, NUMA_OBLIVIOUS, NUMA_TOLD, NUMA_MEASURED };

enum numa_table { NUMA_GPT, NUMA_EPT, NUMA_TABLES };

struct numa_config {
	uint64_t nodes;
	int span, view, toucher;
	int place[NUMA_TABLES], fix[NUMA_TABLES];
	int data;             /* enum numa_place */
	bool is_contended;    /* another program streams through the memory of all other nodes */
	uint64_t exposed_ppm; /* of walk cycles, what the program waits for */
	uint64_t native_walk_ppm; /* 0: as the trace says */
};

/* A cost in cycles with the tables on one node and on all: Mitosis, table 5. */
struct numa_write {
	uint64_t off, on;
};

struct numa_machine {
	uint64_t l2_bytes, l2_ways, llc_bytes, llc_ways;
	uint64_t l2_cycles, llc_cycles, local_cycles;
	uint64_t remote_ppm, contended_ppm; /* of local_cycles */
	struct numa_write map, unmap, protect;
	uint64_t move_cycles;     /* one table to another node */
	uint64_t streaming_lines; /* lines of data from memory for each walk: above, bandwidth
				     counts */
};

extern const struct param numa_params[];
extern const size_t numa_nparams;
extern const struct param numa_machine_params[];
extern const size_t numa_machine_nparams;

extern const char *const numa_place_names[];
extern const char *const numa_fix_names[];

/*
 * Checks the values against each other and walk.mode (enum walk_mode of
 * sim/walk-config.h). ERR_USAGE with the reason.
 */
int numa_config_check(const struct numa_config *c, int mode, struct err *e);

int numa_machine_check(const struct numa_machine *m, struct err *e);

/* What letters say besides [numa]. */
struct numa_letters {
	bool is_native;
	bool is_huge, is_fragmented; /* 2 MiB pages; most of them broken up */
};

/*
 * The configuration that the letters of the vMitosis artifact stand for: thin
 * [T|TF]LL LR RL RR (guest's tables, host's; native L R), then I (interference),
 * then E, G, M (ePT, gPT, both are migrated); wide [T]F FA I, then M (both are
 * replicated), with O before them for an oblivious guest and MP, MF at the end
 * for what it learns. False: they stand for nothing.
 */
bool numa_config_letters(const char *letters, struct numa_config *out,
			 struct numa_letters *letters_out);

#endif
