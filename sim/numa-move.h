// SPDX-License-Identifier: MIT
/*
 * A program, or its whole VM, moves to another node: its data follows page by
 * page, and page tables stay where they are, or follow once most of what they
 * map has gone (vMitosis' incremental migration). Linux migrates data alone, be
 * it at once (migrate_pages) or as it is touched (AutoNUMA).
 *
 * Left out: upper tables (a walk seldom asks memory for them), the time that
 * copying takes from the program, pages that cannot move.
 */
#ifndef PUGMARK_SIM_NUMA_MOVE_H
#define PUGMARK_SIM_NUMA_MOVE_H

#include "base/arena.h"
#include "base/rng.h"
#include "sim/numa-config.h"

enum numa_mover { NUMA_GUEST_MOVES, NUMA_VM_MOVES };

/* Section [move] of a design: a timeline of samples. */
struct numa_move_config {
	uint64_t samples, start, pace;
	uint64_t data_exposed_ppm; /* of the added latency of data that is still away */
};

extern const struct param numa_move_params[];
extern const size_t numa_move_nparams;

/* Leaf tables of one kind and the data they map. */
struct numa_leaves {
	uint32_t n;
	uint16_t *filled;  /* entries by table */
	uint16_t *moved;   /* of them, pages on the new node */
	uint8_t *is_moved; /* the table itself */
	uint64_t pages, pages_moved, tables_moved;
	uint32_t hand;
};

/* pages of 4 KiB from the beginning of a table on, all of it on the old node. false: no memory */
bool numa_leaves_init(struct numa_leaves *l, uint64_t pages, struct arena *a);

/* The next n pages go, in the order of addresses. */
void numa_leaves_move(struct numa_leaves *l, uint64_t n);

/* One page of table t goes, if one is left; whether one was. */
bool numa_leaves_move_one(struct numa_leaves *l, uint32_t t);

/* Tables go of which more than half the entries point to the new node; how many went. */
uint64_t numa_leaves_follow(struct numa_leaves *l);

/* Entries by [table on the new node][page on the new node]. */
void numa_leaves_count(const struct numa_leaves *l, uint64_t out[2][2]);

/* What a reference to memory costs and how many there are, for the same stream all local. */
struct numa_pace {
	uint64_t run_cycles;              /* all local */
	uint64_t far_cycles[NUMA_TABLES]; /* more, when all leaf tables of a kind are away */
	uint64_t far_data_cycles;         /* likewise all data */
};

struct numa_sample {
	uint64_t throughput_ppm; /* of that before the move */
	uint64_t far_data_ppm, far_ppm[NUMA_TABLES];
};

/*
 * Fills config->samples samples. fix: enum numa_fix by kind of table (migrate or
 * none). When the VM moves, the guest's tables are memory like any other and go
 * with the data. ERR_NOMEM.
 */
int numa_move_play(const struct numa_move_config *c, enum numa_mover mover, const int *fix,
		   const struct numa_pace *pace, uint64_t seed, struct arena *a,
		   struct numa_sample *out, struct err *e);

/* Mean throughput of the last n samples (the measure of the published figures: 50). */
uint64_t numa_move_end_ppm(const struct numa_sample *s, uint64_t samples, uint64_t n);

#endif
