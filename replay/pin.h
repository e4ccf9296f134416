// SPDX-License-Identifier: MIT
/*
 * Pinning against I/O page faults, replayed: an IOPF is a DMA to a page that
 * the host has swapped out, so each configuration has a host memory with
 * reclaim of its own (sim/hostmem.h) and a policy that pins some of it. All
 * configurations see the same accesses (replay/pin-feed.h), decoded once, and
 * share nothing else: any number of threads gives the same rows.
 */
#ifndef PUGMARK_REPLAY_PIN_H
#define PUGMARK_REPLAY_PIN_H

#include "base/err.h"
#include "replay/access.h"
#include "replay/pin-cell.h"
#include "sim/background.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pin_consequence_config;

/* What all configurations of a run share. */
struct pin_run {
	struct trace *trace;
	const char *path; /* for messages */
	struct access_config access;
	uint64_t until_ns;           /* the run ends then; 0: with the trace */
	uint64_t vm_pages;           /* 0: as many as the trace touches */
	const uint8_t *class_of_dev; /* for struct pin_shared, as are the next two */
	const uint8_t *list_of_dev;
	unsigned nlists; /* used if params.lists says so */
	struct hostmem_config memory;
	struct limits limits;           /* for struct pin_shared */
	const struct iopf_config *iopf; /* for struct pin_shared, as is the next */
	const struct swap_config *swap;
	const struct pin_consequence_config *effect; /* NULL: nobody asks for result.effect */
	struct background_config background;
	struct pin_params params;
	uint64_t seed;
	unsigned threads;      /* 0: 1 */
	uint64_t memory_bytes; /* configurations beyond it take another pass; 0: no bound */
	/* if not NULL: page frames by their dense number, facts.unique_pages; the caller frees */
	uint64_t **frames_out;
	/* told the rows read so far; may be NULL */
	void (*progress)(void *ctx, uint64_t rows);
	void *progress_ctx;
};

/* What the run found out about the trace. */
struct pin_facts {
	struct access_info access;
	uint64_t vm_pages, unique_pages, highest_page; /* 2 MiB backing: unique in whole ones */
	uint64_t first_ns, last_ns;                    /* of the accesses */
	unsigned passes;
	int huge; /* enum hostmem_huge, of all configurations */
};

/*
 * Of a trace with a share of all pages (by hash of their numbers): that share of
 * the VM is replayed, with that share of its memory, limit, budgets and declared
 * load, and counts are scaled to the whole. The largest second, too: it is less
 * even than the whole would be. Not scaled: seconds over a rate, what faults do
 * to I/O, and queues, which the rest of the faults would lengthen.
 *
 * Runs all jobs. On error the results are undefined. */
int pin_run(const struct pin_run *run, struct pin_job *jobs, size_t njobs,
	    struct pin_facts *facts_out, struct err *e);

/*
 * Of a backend with a bitmap, else 0: two bits a page (4 KiB, or 2 MiB that never
 * split) of the guest-physical span, holes included, for each of the functions.
 */
uint64_t pin_bitmap_bytes(const struct pin_facts *f, const struct iopf_config *iopf,
			  uint64_t functions);

#endif
