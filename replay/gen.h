// SPDX-License-Identifier: MIT
/*
 * Workloads made by a generator instead of a recorder: the dma and cpu rows of
 * a VM with a NIC and a disk, from a profile (datasets/profiles) and a seed.
 * Same profile, parameters and seed: same rows.
 *
 * Two generators stand on different principles, so that a policy tuned on one
 * can be judged on the other: `behaviour` plays processes, a page cache, rings
 * and the hours of a day; `statistics` draws reuse distances and bursts from
 * tables and knows of no cause. A third, `access`, makes mem rows instead: the
 * addresses that a program with a big heap asks for, for page walks.
 */
#ifndef PUGMARK_REPLAY_GEN_H
#define PUGMARK_REPLAY_GEN_H

#include "base/arena.h"
#include "base/choices.h"
#include "base/param.h"
#include "base/sha256.h"
#include "store/kinds.h"

#include <stdbool.h>

/* Takes the rows in time order: at the same time dma before cpu. Not 0 stops the generator. */
struct gen_sink {
	void *ctx;
	int (*dma)(void *ctx, const struct dma_event *row, struct err *e);
	int (*cpu)(void *ctx, const struct cpu_event *row, struct err *e);
	int (*mem)(void *ctx, const struct mem_event *row, struct err *e);
};

/* mem rows lie between here and as far above as the VM has memory. */
#define GEN_VA_BASE (UINT64_C(1) << 44)

/* Numbers of the devices in dma rows. */
enum gen_device { GEN_NIC, GEN_BLOCK, GEN_DEVICES };

struct gen; /* a profile with its parameters */

/* The built-in profiles, alphabetical. */
void gen_profiles(struct choices *c);

/*
 * A built-in profile by name, or a file of one: a name with a '/' or that ends
 * in .ini. Everything lives in the arena. ERR_USAGE, ERR_NOINPUT, ERR_FORMAT.
 */
int gen_open(const char *profile, struct arena *arena, struct gen **out, struct err *e);

/* `section.key=value` */
int gen_assign(struct gen *g, const char *assignment, struct err *e);

/* Checks the parameters against each other and takes their digest. Needed before what follows. */
int gen_prepare(struct gen *g, struct err *e);

/* SHA-256 of the canonical parameters, in hexadecimal; the seed is no part of it. */
const char *gen_digest(const struct gen *g);

const char *gen_profile(const struct gen *g);
const char *gen_generator(const struct gen *g); /* "behaviour", "statistics", "access" */
uint64_t gen_pages(const struct gen *g);        /* of the VM */
uint64_t gen_duration_ns(const struct gen *g);
const struct param_set *gen_params(const struct gen *g);

/* It makes mem rows, instead of dma and cpu rows. */
bool gen_makes_mem(const struct gen *g);

/* Share of time that the program waits for page walks, natively and with all tables local; 0: not
 * known. The source says what the figure rests on. */
uint64_t gen_native_walk_ppm(const struct gen *g, const char **source_out);

/* Makes all rows. ERR_NOMEM, ERR_BUG, or what the sink returned. */
int gen_run(const struct gen *g, uint64_t seed, const struct gen_sink *sink, struct err *e);

struct gen_counts {
	uint64_t dma_rows, dma_pages, cpu_rows, cpu_pages, mem_rows;
};

/*
 * Writes a sealed trace with devices, the VM and what made it. ERR_CREATE when
 * the file exists; a failure leaves no file. rows (may be NULL) is told the
 * simulated time now and then.
 */
int gen_write(const struct gen *g, uint64_t seed, const char *path, const char *args,
	      void (*told)(void *ctx, uint64_t now_ns), void *told_ctx,
	      struct gen_counts *counts_out, struct err *e);

#endif
