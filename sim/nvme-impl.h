// SPDX-License-Identifier: MIT
/*
 * Private to sim/nvme*.c: one run, and what it is assembled from. Everything is
 * the arena's.
 *
 *	nvme-requests	loads, and what a request asks for
 *	nvme-guest	submission gates, vCPUs, doorbells, notification
 *	nvme-host	workers, emulation thread, reapers
 *	nvme-drive	the device, its stalls
 */
#ifndef PUGMARK_SIM_NVME_IMPL_H
#define PUGMARK_SIM_NVME_IMPL_H

#include "sim/nvme-complete.h"
#include "sim/nvme-device.h"
#include "sim/nvme-load.h"
#include "sim/nvme-scan.h"
#include "sim/nvme-station.h"
#include "sim/nvme.h"

enum { NVME_NAME_BYTES = 24, NVME_ADMIN_WAITING = 16 };

struct nvme_vcpu {
	struct nvme_scan scan; /* its completion queues, then submissions */
	struct nvme_cost submit, irq, complete, wake;
	struct nvme_vm *vm;
	uint64_t debt_ns; /* owed to caches and TLB, paid when the visit ends */
	char name[NVME_NAME_BYTES];
};

/* A queue pair of a VM, seen from the guest. */
struct nvme_pair {
	struct nvme_gate gate; /* entries of the submission queue */
	struct nvme_coalesce coalesce;
	struct nvme_hybrid hybrid;
	struct nvme_node notify, seen; /* completions on their way to the vCPU; handled */
	struct nvme_node *told;        /* where the host's side puts completions */
	struct nvme_line pending;      /* until the interrupt is delivered */
	bool is_pending, is_injected;
	struct nvme_scan_queue *cq;
	struct nvme_scan *worker; /* who takes its requests, or NULL */
	struct nvme_lock *lock;   /* of exits to user space, or NULL */
	struct nvme_node *submit; /* where the vCPU's driver sends them */
	struct nvme_vm *vm;
	struct nvme_vcpu *vcpu;
	uint32_t index; /* over all VMs */
};

struct nvme_vm {
	struct nvme *run;
	struct nvme_load load;
	struct nvme_vcpu *vcpus;
	struct nvme_pair *pairs;
	struct nvme_vm_result counts; /* over the whole run */
	struct nvme_stopper stopper;
	struct nvme_node dispatch; /* to the vCPU of the request's job */
	struct rng rng;            /* addresses, sizes, directions */
	uint64_t *at;              /* sequential: next address of each job, in bytes */
	uint64_t issued;
	uint32_t index;
	uint64_t weight;
};

/* Admin commands of a VM: work for its worker that is no I/O. */
struct nvme_admin {
	struct nvme *run;
	struct nvme_node done;
	struct nvme_scan_queue *queue;
	struct nvme_cost gap;
	uint32_t waiting;
};

/* A host thread. */
struct nvme_thread {
	struct nvme_scan scan;
	struct nvme_cost round, request, second, page, reap_round, reap_request, admin, wake;
	struct nvme_lock lock;
	char name[NVME_NAME_BYTES];
};

/* A device interrupt on its way to a thread that may be asleep. */
struct nvme_irq {
	struct nvme_node node;
	struct nvme_scan *scan;
	struct nvme_cost cost;
	uint32_t stage;
};

struct nvme_drive {
	struct nvme_delay front, back;
	struct nvme_split split;
	struct nvme_fork writes, reads, drained;
	struct nvme_buffer buffer;
	struct nvme_router router;
	struct nvme_station *channels, link_read, link_write;
	struct nvme_node **targets;
	uint32_t n; /* stations of channels: one of many servers, or many of one */
	struct nvme_node *entry;
};

/* Costs of the host that all VMs draw from. */
enum nvme_shared {
	NVME_SHARED_EXIT,
	NVME_SHARED_INDIRECT,
	NVME_SHARED_EXIT_USER,
	NVME_SHARED_EVENTFD,
	NVME_SHARED_INJECT,
	NVME_SHARED_POSTED,
	NVME_SHARED_EOI,
	NVME_SHARED_COSTS
};

/* The table of a parameter. */
struct nvme_table {
	const struct dist *of;
	struct nvme_cost cost;
};

struct nvme {
	struct nvme_config c;
	struct nvme_net net;
	struct arena *arena;
	struct nvme_vm *vms;
	uint32_t nvms, pairs_per_vm, npairs, nworkers, nreapers;
	struct nvme_pair **pair; /* by index */

	struct nvme_thread *workers, *reapers, *emulator;
	struct nvme_admin *admins; /* by VM; NULL: none */
	struct nvme_irq *irqs;     /* by pair: device interrupts, where there are any */

	struct nvme_drive drive;
	struct nvme_router to_loads, to_gates, to_submit, to_stoppers, to_reap;
	struct nvme_node **load_nodes, **gate_nodes, **submit_nodes, **reap_nodes;

	struct nvme_cost shared[NVME_SHARED_COSTS];
	struct nvme_table *tables;
	uint32_t ntables;

	struct nvme_source source;
	bool has_source;
	struct nvme_request next_request; /* of the source */

	struct nvme_stalls stalls;
	struct nvme_stall next_stall;
	struct nvme_stall_process stall_process;
	uint64_t nstalls;

	struct err err; /* of the source */
};

/* A cost with a random stream for its user; messages name `what`. */
int nvme_make_cost(struct nvme *n, struct nvme_cost *c, const struct dist *d, const char *user,
		   const char *what, struct err *e);
int nvme_make_exponential(struct nvme *n, struct nvme_cost *c, const struct rate *r,
			  const char *name, struct err *e);
bool nvme_dist_is_nothing(const struct dist *d);
uint64_t nvme_dist_mean(struct nvme *n, const struct dist *d);
void nvme_name(char *out, size_t size, const char *what, uint32_t i);
int nvme_no_memory(struct err *e);

/* Of the pool. */
uint64_t nvme_jobs_needed(const struct nvme *n);
uint32_t nvme_parts_needed(const struct nvme *n);

/* In this order. */
int nvme_make_drive(struct nvme *n, struct err *e);
int nvme_make_guest(struct nvme *n, struct err *e);
int nvme_make_host(struct nvme *n, struct err *e);
int nvme_make_requests(struct nvme *n, struct err *e);

void nvme_start_requests(struct nvme *n);
void nvme_start_admin(struct nvme *n);
void nvme_start_stalls(struct nvme *n);

#endif
