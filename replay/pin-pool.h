// SPDX-License-Identifier: MIT
/*
 * Several VMs of one host, each with a trace of its own, replayed on one clock:
 * they share the host's memory (struct hostmem_pool) and, unless memory.swap_device
 * says own, one swap device. When memory is full a VM that asks for some may take
 * it from another, and whoever swaps waits for all who do: peaks at the same time
 * hurt more than peaks in turn.
 *
 * Each VM has its policy, its budget, its CPU's load and, if the job says so, a
 * limit of its own below the pool's. A VM keeps its own clock: what it does is
 * what it does alone, but for what it shares. After its trace's end it keeps what
 * it has, and others may take it. Left out: looking back (hindsight, frozen
 * residency), schedules, samples, 2 MiB backing, memory that is protected from
 * the pool (memory.min).
 */
#ifndef PUGMARK_REPLAY_PIN_POOL_H
#define PUGMARK_REPLAY_PIN_POOL_H

#include "replay/access.h"
#include "replay/pin-cell.h"
#include "replay/pin-trace.h"
#include "sim/background.h"

enum { PIN_POOL_VMS_MAX = 64 };

struct block_config;
struct nic_config;

struct pin_pool_vm {
	struct trace *trace;
	const char *path; /* for messages */
	struct pin_devices devices;
	char name[80];              /* of the VM, else of its file; filled by the caller */
	uint64_t vm_pages;          /* 0: as many as the trace touches; set by the run */
	uint64_t offset_ns;         /* of its trace's time 0 on the common clock; set by the run */
	uint64_t first_ns, last_ns; /* of its accesses, on its own clock; set by the run */
};

/* What VMs of one job do not have in common. */
struct pin_pool_own {
	uint64_t overcommit_ppm; /* tells its own limit; 0: it has none */
	enum pin_companion companion;
	const struct iopf_config *iopf; /* NULL: the run's */
};

struct pin_pool_job {
	const struct policy *policy;
	const void *policy_params;
	struct quantity budget; /* of each VM */
	struct quantity pool;   /* pages, or the share of all VMs' memory that is taken away */
	enum pin_companion companion;
	const struct pin_pool_own *own; /* by VM; NULL: no limits, and the companion of all */

	/* set by the run */
	uint64_t pool_pages, budget_pages; /* budget: of all VMs */
	struct pin_job *vms;               /* as many as VMs, with their results; free it */
	uint64_t max_1s;                   /* IOPFs of all VMs in a second of the common clock */
	/* of the shared swap device, or the busiest of the VMs' own: share of its time that it was
	 * busy; work in its busiest second (swap_peak_ppm); longest wait in its line */
	uint64_t swap_busy_ppm, swap_peak_ppm, swap_wait_max_ns;
};

/* The seed of a VM of several: `pugmark pin --seed` with it is that VM alone. */
uint64_t pin_pool_seed(uint64_t seed, const struct pin_pool_vm *vm, size_t nvms);

/*
 * VMs of one name get the names of their files instead, without the folder and ".db";
 * where these are equal too, numbers in order.
 */
void pin_pool_tell_apart(struct pin_pool_vm *const *vms, size_t n);

struct pin_pool_run {
	struct pin_pool_vm *vms;
	size_t nvms;
	struct access_config access;
	struct hostmem_config memory;
	const struct iopf_config *iopf;
	const struct swap_config *swap;
	const struct block_config *block; /* NULL, as nic: nobody asks for result.effect */
	const struct nic_config *nic;
	struct background_config background;
	struct pin_params params;
	uint64_t seed;
	unsigned threads; /* 0: 1; jobs share them */
	/* every clock goes along with every event: slow, and no number is another. For tests */
	bool is_stepwise;
	/* told the events so far; may be NULL */
	void (*progress)(void *ctx, uint64_t events);
	void *progress_ctx;
};

/* is_aligned: all traces tell their wall clock, else all begin together. */
int pin_pool_run(const struct pin_pool_run *run, struct pin_pool_job *jobs, size_t njobs,
		 bool *is_aligned_out, struct err *e);

/* Bytes that one job of such VMs takes while it runs, roughly; their vm_pages are known. */
uint64_t pin_pool_job_bytes(const struct pin_pool_vm *vms, size_t nvms);

#endif
