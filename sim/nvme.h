// SPDX-License-Identifier: MIT
/*
 * NVMe queueing through a virtualization path: the whole way of an I/O as
 * stations (sim/nvme-net.h), assembled from one configuration.
 *
 *	guest submit (vCPU) -> SQ slot -> doorbell -> host worker -> translate ->
 *	emulation thread -> device -> reap -> notify -> guest complete (vCPU)
 *
 * A run is pure: the same configuration, requests and seed give the same bytes.
 * Memory is taken when the run is made, from the caller's arena, and does not
 * grow with the number of requests.
 *
 * Leaves out: FTL and garbage collection (give an empirical service time),
 * PCIe credits, host scheduling of other work, cache contents.
 */
#ifndef PUGMARK_SIM_NVME_H
#define PUGMARK_SIM_NVME_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hist.h"
#include "base/units.h"
#include "sim/nvme-config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an I/O's time goes; a request's stage times sum exactly to its latency. */
enum nvme_stage {
	NVME_SOURCE,         /* an open load's request that found no room in the guest */
	NVME_GUEST_SUBMIT,   /* vCPU: waiting for it, block layer, driver */
	NVME_SQ,             /* waits for a free submission entry */
	NVME_DOORBELL,       /* vCPU stopped by the exit of a doorbell */
	NVME_PICKUP,         /* until a host worker looks at the queue and gets to the entry */
	NVME_WORKER,         /* host worker */
	NVME_TRANSLATE,      /* LBA and PRP translation, pinning */
	NVME_EMULATION,      /* hand-over to the emulation thread, and its work */
	NVME_IOPF,           /* device stopped by an I/O page fault */
	NVME_DEVICE_WAIT,    /* waits for a channel, or room in the write buffer */
	NVME_DEVICE,         /* served by a channel; fixed delays of the controller */
	NVME_LINK_WAIT,      /* waits for the link */
	NVME_LINK,           /* the transfer */
	NVME_REAP_WAIT,      /* completed, not yet seen by the host */
	NVME_REAP,           /* host's work on the completion */
	NVME_NOTIFY,         /* coalescing, delivery, until the vCPU handles it or looks */
	NVME_GUEST_COMPLETE, /* vCPU: handler and driver */
	NVME_STAGES
};
extern const char *const nvme_stage_names[NVME_STAGES + 1]; /* "source", .., NULL */

enum nvme_op { NVME_READ, NVME_WRITE, NVME_OPS };

struct nvme_request {
	struct ns at; /* open loads: when it is issued; does not fall */
	uint64_t lba; /* in 512 bytes */
	uint32_t bytes;
	uint32_t vm, job; /* below the configured numbers */
	enum nvme_op op;
};

/* Requests from elsewhere (a trace): 1 and a request, 0 at the end, or negative with a sentence. */
struct nvme_source {
	int (*next)(void *ctx, struct nvme_request *out, struct err *e);
	void *ctx;
};

/* Stops part of the device at a time for so long; stalls of a part queue behind each other. */
struct nvme_stall {
	struct ns at; /* does not fall */
	uint64_t length_ns;
	uint32_t vm;    /* scope queue: this VM's requests, on their way to the device */
	uint64_t place; /* scope channel: modulo the number of channels */
};

/* Like nvme_source; the scope is load.stall_scope. */
struct nvme_stalls {
	int (*next)(void *ctx, struct nvme_stall *out, struct err *e);
	void *ctx;
};

struct nvme_vm_result {
	uint64_t requests, bytes; /* completed after the warm-up */
	uint64_t lost;            /* refused: nothing on this path refuses, so 0 */
	uint64_t span_ns;         /* from the warm-up's last completion to the last one */
	struct hist latency, by_op[NVME_OPS];
	uint64_t stage_ns[NVME_STAGES]; /* sums over the counted requests */

	/* over the whole run */
	uint64_t kicks,
		kicks_suppressed;    /* doorbells that exited; of submissions that had not to */
	uint64_t exits, irqs, wakes; /* wakes: of a halted vCPU */
	uint64_t guest_busy_ns;      /* driver, block layer, handlers: the useful part */
	uint64_t guest_direct_ns;    /* world switches */
	uint64_t guest_indirect_ns;  /* refilling caches and TLB after them */
	uint64_t guest_sync_ns;      /* stopped while the host emulates */
	uint64_t guest_spin_ns;      /* polling for completions */
};

/* A host core that does I/O work: worker, reaper, emulation thread, interrupt handler. */
struct nvme_core_result {
	const char *name;
	uint64_t busy_ns, spin_ns; /* the rest of the run is idle */
	uint64_t rounds, requests; /* requests / rounds: the batch that it found */
};

/* The operational laws of one station; both residuals must stay below 1000 ppm. */
struct nvme_audit_result {
	const char *name;
	uint64_t entered, left, inside; /* entered = left + inside, exactly */
	uint64_t servers;
	uint64_t busy_ns;             /* server-ns */
	uint64_t area_ns;             /* request-ns */
	uint64_t most;                /* inside at a time */
	uint64_t little_ppm, use_ppm; /* |L - X R| / L and |U - X S| / U */
};

struct nvme_result {
	uint64_t events, issued, completed;
	uint64_t end_ns; /* of the last event */
	uint32_t nvms, ncores, nstations;
	const struct nvme_vm_result *vms; /* nvms of them, then one of all */
	const struct nvme_core_result *cores;
	const struct nvme_audit_result *stations;
};

struct nvme;

/*
 * The configuration is copied. source NULL: requests are generated as [nvme-load]
 * says; stalls NULL: likewise. ERR_USAGE with a sentence for what cannot be.
 */
int nvme_new(const struct nvme_config *c, const struct nvme_source *source,
	     const struct nvme_stalls *stalls, struct arena *a, struct nvme **out, struct err *e);

/* Runs until so many more requests have completed: 1, or 0 when all are done. */
int nvme_run(struct nvme *n, uint64_t completions, struct err *e);

/*
 * The figures so far; the arena's. ERR_BUG when a station breaks flow
 * conservation, Little's law or the utilisation law, or a request's stages do
 * not sum to its latency.
 */
int nvme_finish(struct nvme *n, struct nvme_result *out, struct err *e);

#endif
