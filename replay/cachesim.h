// SPDX-License-Identifier: MIT
/*
 * Policies replayed over one row of requests: `resident` means held by the
 * policy, a miss always admits. Each (policy, size) is one job; jobs share the
 * decoded requests and nothing else, so any number of threads gives the same
 * counts.
 */
#ifndef PUGMARK_REPLAY_CACHESIM_H
#define PUGMARK_REPLAY_CACHESIM_H

#include "base/err.h"
#include "policies/policy.h"
#include "replay/spool.h"

#include <stdint.h>

struct cachesim_job {
	const struct policy *policy;
	uint64_t size_pages;       /* at least 1; above the unique pages nothing is evicted */
	const void *policy_params; /* for policy_setup.params */
	uint64_t misses;           /* the result */
};

struct cachesim {
	const struct spool *requests; /* dense page numbers, finished */
	const struct spool *future;   /* by cachesim_future; NULL if no policy needs it */
	uint32_t npages;              /* different pages in it */
	uint64_t seed;                /* of the run, for policies that draw */
	unsigned threads;             /* 0: 1 */
	/* called after each job, by any thread but never by two at once; may be NULL */
	void (*finished)(void *ctx, uint64_t done);
	void *finished_ctx;
};

/*
 * The distance from each request to the next one of the same page (0: none).
 * Blocks are in reverse order of the requests' blocks, values inside a block
 * in their order, and the last block of the requests is padded. 4 bytes a
 * request; 8 bytes a page while it runs.
 */
int cachesim_future(const struct spool *requests, uint32_t npages, struct spool *out,
		    struct err *e);

/* Runs all jobs. On error the results are undefined. */
int cachesim_run(const struct cachesim *sim, struct cachesim_job *jobs, size_t njobs,
		 struct err *e);

#endif
