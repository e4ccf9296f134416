// SPDX-License-Identifier: MIT
/*
 * Whole designs on one recording: the parts of a design run one after the other,
 * coupled, and what comes out of them all is one row.
 *
 *	memory	DMA -> host memory, reclaim, pins -> I/O page faults (replay/pin.h)
 *	nvme	requests through queues, workers and device (sim/nvme.h), which the
 *		memory's block faults stop at their times and for as long as they took
 *	walk	references of page walks in cycles (sim/walk.h); 2 MiB pages that the
 *		memory split cost what 4 KiB ones do, in the share that was split
 *	numa	page tables on nodes (replay/numa-run.h): what their place makes a
 *		reference of a walk cost, over tables that are all local, is what the
 *		cycles of walks are judged with; copies of tables take host memory
 *
 * A part runs if the design has a section of it and some trace has its rows; its
 * own numbers are those of the command that runs it alone. Cores are added up:
 * fault service and updates, I/O threads that work or spin, exits of the guest.
 */
#ifndef PUGMARK_REPLAY_SCORE_H
#define PUGMARK_REPLAY_SCORE_H

#include "replay/design.h"
#include "replay/numa-run.h"
#include "replay/nvme-design.h"
#include "replay/nvme-trace.h"
#include "replay/pin-design.h"
#include "replay/pin-log.h"
#include "replay/pin-trace.h"
#include "replay/pin.h"
#include "replay/walk-design.h"
#include "sim/nvme.h"

enum score_part { SCORE_MEMORY, SCORE_NVME, SCORE_WALK, SCORE_NUMA, SCORE_PARTS };
extern const char *const score_part_names[SCORE_PARTS + 1];

/* Traces by part: the first that has its rows; NULL: none has. */
struct score_input {
	struct trace *trace[SCORE_PARTS];
	const char *path[SCORE_PARTS];
	struct pin_devices devices;
	struct nvme_trace_facts io; /* if there is a trace for nvme */
};

/* One design with all its parameters. Begins zeroed but for path; to be released. */
struct score_design {
	const char *path, *name;
	bool has[SCORE_PARTS]; /* sections of it */
	struct arena arena;
	struct pin_design pin;
	struct policy_chosen policy;
	struct quantity budget;
	uint64_t overcommit_ppm;
	struct nvme_design nvme;
	struct walk_design walk, small; /* small: the host's pages are 4 KiB */
	struct numa_design numa, numa_small;
};

/* P99, P99.9, P99.99 of block I/O */
enum { SCORE_QUANTILES = 3 };
extern const uint64_t score_ppm[SCORE_QUANTILES];

struct score_memory {
	struct pin_job job;
	struct pin_facts facts;
	struct pin_log log; /* its faults */
	uint64_t exposure_ns, bitmap_bytes;
	uint64_t returned_bytes;      /* less the copies of page tables */
	uint64_t copies_bytes;        /* of page tables on other nodes */
	uint64_t split_ppm;           /* of the VM's memory: 2 MiB pages that became small ones */
	uint64_t host_ppm, guest_ppm; /* CPU time of one core */
	uint64_t stalled_ppm; /* the guest's CPUs waited for pages, those of maps included */
};

struct score_nvme {
	uint64_t requests, milli_iops;
	uint64_t base_ns[SCORE_QUANTILES], ns[SCORE_QUANTILES]; /* without and with the stalls */
	uint64_t stalls, stalled_ns;
	uint64_t host_ppm, guest_ppm; /* with them: of one core; the guest's exits only */
	bool is_generated;            /* the load: stalls then are Poisson at the memory's rate */
};

struct score_walk {
	struct walk_counts counts;
	struct walk_cycles cycles;          /* with the share that was split */
	struct walk_cycles unsplit, small;  /* all pages as they are; all of them split */
	uint64_t placed_cycles, placed_ppm; /* cycles.total, .translation_ppm with the tables
					       where [numa] has them */
};

/* With the share of pages that was split, but for the result. */
struct score_numa {
	struct numa_result result; /* as the command `numa replay` has it */
	/* with nothing done about tables; likewise both with all pages split */
	struct numa_result unfixed, small, small_unfixed;
	uint64_t cycles, local_cycles;
	uint64_t unfixed_cycles; /* where the tables lie, with nothing done about it */
	uint64_t run_over_local_ppm, walk_share_ppm; /* 0: not known */
};

struct score_result {
	const struct score_design *design;
	bool ran[SCORE_PARTS];
	const char
		*why_not[SCORE_PARTS]; /* it did not run: a sentence, or NULL: not in the design */
	struct score_memory memory;
	struct score_nvme nvme;
	struct score_walk walk;
	struct score_numa numa;
	uint64_t revoke_cycles;       /* under TPT: tags of the pages that the memory swapped out */
	uint64_t host_ppm, guest_ppm; /* of one core, all parts */
	bool is_pareto; /* no other design is as good everywhere and better somewhere */
};

struct score_run {
	const struct score_input *input;
	uint64_t vm_bytes; /* 0: as the trace says */
	uint64_t seed;
	unsigned threads;
	/* of this run with the same input, whose page walks are taken over where they are the same
	 */
	const struct score_result *earlier;
	size_t nearlier;
};

/* An earlier result of the same parameters in a part of page walks, or NULL. */
const struct score_result *score_find_same(const struct score_run *r, const struct score_design *d,
					   enum score_part part);

/*
 * Reads all sections that the design has; sets (section.key=value) may touch any
 * of them. ERR_USAGE also for a pair of parts that cannot be (replay/score-fit.h).
 */
int score_design_read(struct score_design *d, const char *const *sets, size_t nsets,
		      const struct score_input *in, struct err *e);
void score_design_deinit(struct score_design *d);

/* The parameters of a part that the design has, else NULL. [walk] is that part's alone. */
const struct param_set *score_part_set(const struct score_design *d, enum score_part part);

/* Zeroed before; to be released whatever came out. */
int score_design_run(const struct score_run *r, struct score_design *d, struct score_result *out,
		     struct err *e);
void score_result_deinit(struct score_result *r);

/* The part numa alone, and what it does to the others that ran (replay/score-numa.c). */
int score_numa_run(const struct score_run *r, const struct score_design *d, uint64_t split_ppm,
		   struct score_numa *out, struct err *e);
void score_numa_couple(struct score_result *r);

/* What copies of page tables take that map so much memory of the VM. */
uint64_t score_numa_copies_bytes(const struct score_design *d, uint64_t mapped_bytes,
				 uint64_t split_ppm);

static inline uint64_t score_mix(uint64_t whole, uint64_t small, uint64_t small_ppm)
{
	return (uint64_t)(((unsigned __int128)whole * (PPM_PER_ONE - small_ppm) +
			   (unsigned __int128)small * small_ppm) /
			  PPM_PER_ONE);
}

/* Sets is_pareto of n results. */
void score_mark_pareto(struct score_result *results, size_t n);

#endif
