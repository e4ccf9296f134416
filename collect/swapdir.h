// SPDX-License-Identifier: MIT
/*
 * Inside of the swapdir importer: a folder that records one guest while its
 * host swapped its memory. meta.json says what was run; dma, cpu, faults,
 * absent and host .csv hold rows with absolute times, from which the start of
 * the first CPU epoch is taken off. Private to collect/ and its tests.
 */
#ifndef PUGMARK_COLLECT_SWAPDIR_H
#define PUGMARK_COLLECT_SWAPDIR_H

#include "collect/import.h"

/* The files of a folder beside meta.json, in the order they are read. */
enum swapdir_member {
	SWAPDIR_DMA,
	SWAPDIR_CPU,
	SWAPDIR_FAULTS,
	SWAPDIR_ABSENT,
	SWAPDIR_HOST,
	SWAPDIR_MEMBERS
};

enum { SWAPDIR_META_BYTES = 4 << 20 }; /* greatest meta.json */

/* What the rows need of meta.json; stamps in the recording's own clock. */
struct swapdir_meta {
	uint64_t epoch0_ns, epoch_ns; /* of cpu.csv; epoch0 becomes time 0 */
	uint64_t first_step_ns;       /* of the limit; absolute */
	uint64_t reached_ns;          /* one pace after its last step; absolute */
	uint64_t mem_pages;
	enum swap_tier tier;
};

struct swapdir {
	struct import *im;
	struct swapdir_meta meta;
	uint64_t rows_bad; /* of all members so far */
	uint64_t rows_stored, rows_filtered;
};

/*
 * Reads meta.json and writes what it says into the trace: meta texts, the VM,
 * the host's kernel. ERR_UNUSABLE with the place when it is damaged or lacks
 * something.
 */
int swapdir_read_meta(struct import *im, struct swapdir_meta *out, struct err *e);

/* Rows of im->in, as that member: a bad row is told and counted, and the next is read. */
int swapdir_read_member(struct swapdir *d, enum swapdir_member member, struct err *e);

/* What the samples of host.csv say of the run. */
struct swapdir_host;
int swapdir_host_new(const struct swapdir_meta *meta, struct swapdir_host **out, struct err *e);
void swapdir_host_free(struct swapdir_host *h);

/* A sample at an absolute time; they come in order of time. */
int swapdir_host_add(struct swapdir_host *h, uint64_t t_ns, uint64_t limit_pages,
		     uint64_t usage_pages, struct err *e);

/* Writes the meta texts limit_steps, squeezes and host_samples. */
int swapdir_host_put(struct swapdir_host *h, struct import *im, struct err *e);

/* "dma", "cpu" ...: DIR/NAME.csv, and the name in the accounting */
extern const char *const swapdir_member_names[SWAPDIR_MEMBERS];

#endif
