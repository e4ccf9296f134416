// SPDX-License-Identifier: MIT
/*
 * The swap devices as queueing stations: how long a page takes to come back
 * depends on who else is asking. I/O page faults, the guest's CPU faults,
 * readahead, writeback and, where the guest's disk is the same device, the
 * guest's own I/O stand in one line per tier: first come, first served, k
 * servers, service times from integer quantile tables.
 *
 *	zswap	compressed memory; servers: CPUs that (de)compress
 *	ssd	servers: requests that the device works on at once
 *	remote	servers: outstanding requests of the network path
 *
 * With one line, known service times and no way to leave, the end of a job is
 * known when it comes: swap_submit returns it and the caller posts the event.
 * Jobs come in order of time.
 *
 * The guest's own I/O on the drive that it swaps to is a declared load: Poisson
 * arrivals of jobs of one size. They are drawn as somebody else comes, those of
 * the last 100 ms: what came before has long been served unless the drive is
 * overloaded, which the caller sees in swap_busy_ppm. Left out: priorities, merging of neighbours
 * (a job of n pages pays one service time and n - 1 transfers), writes that
 * fail, a device that fills.
 */
#ifndef PUGMARK_SIM_SWAP_H
#define PUGMARK_SIM_SWAP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/param.h"
#include "base/quantile.h"
#include "base/quantity.h"
#include "base/units.h"
#include "sim/hostmem.h"

#include <stdint.h>

enum { SWAP_SERVERS_MAX = 1024 };

/* Several VMs of one host: one device for all of them, or one for each. */
enum swap_sharing { SWAP_SHARED, SWAP_OWN };

enum swap_job {
	SWAP_IOPF,
	SWAP_CPU_FAULT,
	SWAP_READAHEAD, /* also what a pin brings in */
	SWAP_WRITEBACK,
	SWAP_GUEST_READ,
	SWAP_GUEST_WRITE,
	SWAP_JOBS
};
extern const char *const swap_job_names[SWAP_JOBS + 1]; /* "iopf", ..., NULL */

/* Rows of section [memory], beside those of hostmem_params. */
struct swap_config {
	struct {
		struct dist read, write;
		uint64_t servers;
		uint64_t page_ns; /* for each page of a job after the first */
	} tier[HOSTMEM_TIERS];
	int sharing;          /* enum swap_sharing */
	struct rate guest_io; /* of the tier ssd */
	uint64_t guest_io_pages, guest_io_write_ppm;
};
extern const struct param swap_params[];
extern const size_t swap_nparams;

struct swap_counts {
	uint64_t jobs, pages;
	uint64_t wait_ns, wait_max_ns; /* in line */
	uint64_t service_ns;
};

struct swap;

/* Streams of random numbers are seeded by (seed, tier, job). The state is the arena's. */
int swap_new(const struct swap_config *c, uint64_t seed, struct arena *a, struct swap **out,
	     struct err *e);

/* A job of npages (at least 1) comes now; returns when it is done. */
struct ns swap_submit(struct swap *s, enum hostmem_tier tier, enum swap_job job, uint32_t npages,
		      struct ns now);

/* When the last job came. */
struct ns swap_last(const struct swap *s, enum hostmem_tier tier);

const struct swap_counts *swap_counts(const struct swap *s, enum hostmem_tier tier,
				      enum swap_job job);

/* Time from coming to done, of all jobs of a kind. */
const struct hist *swap_hist(const struct swap *s, enum hostmem_tier tier, enum swap_job job);

/* Share of its servers' time that a tier was busy until `end`, in ppm. */
uint64_t swap_busy_ppm(const struct swap *s, enum hostmem_tier tier, struct ns end);

/*
 * The most work that came in one second of the clock, as a share of what the
 * servers can do in it: above 10^6 some of it had to wait.
 */
uint64_t swap_peak_ppm(const struct swap *s, enum hostmem_tier tier);

#endif
