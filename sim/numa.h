// SPDX-License-Identifier: MIT
/*
 * Where the references of page walks are served: by a core's cache, its
 * socket's, or the memory of a node, near or far. Many designs of placement are
 * accounted in one pass over the walks of one design of translation.
 *
 *	numa_new(machine, designs, n, &arena, &model, e);
 *	walk_observe(walk, i, numa_walk, model, e);
 *	numa_begin(model, space, va, rows); walk_access(...); numa_end(model);
 *
 * One thread's stream stands for all: its TLB and caches see what each thread's
 * see. Under numa.span=wide the threads of all nodes take turns, so only the
 * place of tables differs between them. Memory is taken to be in use before the
 * trace begins, each page beside its neighbour: table entries of pages that the
 * trace leaves out fill their cache lines all the same.
 *
 * Leaves out: bandwidth (the model says when it counts), cache lines that walks
 * share with prefetchers, directory traffic, the caches' replacement but LRU.
 */
#ifndef PUGMARK_SIM_NUMA_H
#define PUGMARK_SIM_NUMA_H

#include "sim/numa-config.h"
#include "sim/walk.h"

enum numa_served {
	NUMA_IN_L2,
	NUMA_IN_LLC,
	NUMA_AT_LOCAL,
	NUMA_AT_REMOTE,
	NUMA_AT_CONTENDED,
	NUMA_SERVED
};

/* A walk by its leaf tables: guest's, then host's; local or remote to the thread. */
enum numa_class { NUMA_LL, NUMA_LR, NUMA_RL, NUMA_RR, NUMA_CLASSES };

struct numa_counts {
	uint64_t rows, walks;
	uint64_t data[NUMA_SERVED]; /* rows, by where their data came from */
	uint64_t refs[NUMA_TABLES][NUMA_SERVED];
	uint64_t classes[NUMA_CLASSES];
};

struct numa;

/* Borrows machine and designs; the rest lives in the arena. ERR_NOMEM. */
int numa_new(const struct numa_machine *machine, const struct numa_config *const *designs, size_t n,
	     struct arena *a, struct numa **out, struct err *e);

/* The rows that the next walks belong to, borrowed until numa_end(). */
void numa_begin(struct numa *m, uint32_t space, const uint64_t *va, size_t n);
void numa_end(struct numa *m);

/* A walk_observer; ctx is the struct numa. */
void numa_walk(void *ctx, const struct walk_record *walk);

/* Counts begin again, caches stay as they are: the end of the warm-up. */
void numa_restart(struct numa *m);

/*
 * The warm-up has not filled the socket's cache, and yet more than one row in a
 * hundred fetches a line: memory serves more here than in the long run.
 */
bool numa_is_cold(const struct numa *m);

void numa_counts(const struct numa *m, size_t design, struct numa_counts *out);

/* Rows whose data came from memory, and entries of a kind of table that did. */
uint64_t numa_data_lines(const struct numa_counts *c);
uint64_t numa_memory_refs(const struct numa_counts *c, int table);

/* Cycles of all references of a kind of table, or (NUMA_TABLES) of both. */
uint64_t numa_cycles(const struct numa_machine *machine, const struct numa_counts *c, int table);

/* The node of table page or data page number `key` for a thread on `node`, before any fix. */
unsigned numa_node_of(const struct numa_config *c, int place, unsigned node, uint64_t key);

/* The node a thread finds the table on: as above, or after the fix. */
unsigned numa_table_node(const struct numa_config *c, int table, unsigned node, uint64_t key);

/* Guest-physical frame of a page, and of its table of a level, in memory that was filled in the
 * order of addresses. */
uint64_t numa_frame_of_data(uint64_t va);
uint64_t numa_frame_of_table(uint64_t va, unsigned level);

#endif
