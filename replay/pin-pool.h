// SPDX-License-Identifier: MIT
/*
 * Several VMs under one limit of their host (struct hostmem_pool), each with a
 * trace of its own, replayed on one clock: when the pool is full a VM that asks
 * for memory may take it from another, so peaks at the same time hurt more than
 * peaks in turn.
 *
 * Each VM has its policy, its budget, its declared load and, a simplification,
 * its own swap device. Left out: looking back (hindsight, frozen residency),
 * schedules, samples, 2 MiB backing, what faults do to I/O.
 */
#ifndef PUGMARK_REPLAY_PIN_POOL_H
#define PUGMARK_REPLAY_PIN_POOL_H

#include "replay/access.h"
#include "replay/pin-cell.h"
#include "replay/pin-trace.h"
#include "sim/background.h"

enum { PIN_POOL_VMS_MAX = 64 };

struct pin_pool_vm {
	struct trace *trace;
	const char *path; /* for messages */
	struct pin_devices devices;
	char name[80];      /* of the VM, else of its file; filled by the caller */
	uint64_t vm_pages;  /* 0: as many as the trace touches; set by the run */
	uint64_t offset_ns; /* of its trace's time 0 on the common clock; set by the run */
};

struct pin_pool_job {
	const struct policy *policy;
	const void *policy_params;
	struct quantity budget; /* of each VM */
	struct quantity pool;   /* pages, or a share of all VMs' memory */
	enum pin_companion companion;

	/* set by the run */
	uint64_t pool_pages, budget_pages; /* budget: of all VMs */
	struct pin_job *vms;               /* as many as VMs, with their results; free it */
	uint64_t max_1s;                   /* IOPFs of all VMs in a second of the common clock */
};

struct pin_pool_run {
	struct pin_pool_vm *vms;
	size_t nvms;
	struct access_config access;
	struct hostmem_config memory;
	const struct iopf_config *iopf;
	const struct swap_config *swap;
	struct background_config background;
	struct pin_params params;
	uint64_t seed;
	/* told the events so far; may be NULL */
	void (*progress)(void *ctx, uint64_t events);
	void *progress_ctx;
};

/* is_aligned: all traces tell their wall clock, else all begin together. */
int pin_pool_run(const struct pin_pool_run *run, struct pin_pool_job *jobs, size_t njobs,
		 bool *is_aligned_out, struct err *e);

#endif
