// SPDX-License-Identifier: MIT
/*
 * Points of a question to the NVMe model: one design under one load each. They
 * share nothing but the trace's file, so any number of threads gives the same
 * rows.
 */
#ifndef PUGMARK_REPLAY_NVME_RUN_H
#define PUGMARK_REPLAY_NVME_RUN_H

#include "replay/nvme-design.h"
#include "replay/nvme-trace.h"
#include "sim/nvme.h"

struct nvme_point {
	char label[64];            /* of the design: what rows are called by */
	struct nvme_design design; /* to be released, with what it read */
	struct arena arena;        /* of the result */
	struct nvme_result result;
};

struct nvme_points {
	const char *trace;                    /* path, or NULL: loads are generated */
	const struct nvme_trace_facts *facts; /* of it */
	unsigned threads;                     /* 0: 1 */
	void (*finished)(void *ctx,
			 uint64_t done); /* after each, by one thread at a time; or NULL */
	void *finished_ctx;
};

/* Runs them all; the first failure by number is told. */
int nvme_points_run(const struct nvme_points *how, struct nvme_point *points, size_t n,
		    struct err *e);

void nvme_point_deinit(struct nvme_point *p);

/* All VMs of a result together. */
static inline const struct nvme_vm_result *nvme_total(const struct nvme_result *r)
{
	return &r->vms[r->nvms];
}

/* Requests in 10^-3 a second. */
uint64_t nvme_milli_iops(const struct nvme_vm_result *v);

/* CPU time of host and guest for each request. */
uint64_t nvme_cpu_each_ns(const struct nvme_result *r);

/* The station that is nearest to its limit, and how busy it is. */
const struct nvme_audit_result *nvme_bottleneck(const struct nvme_result *r, uint64_t *use_ppm_out);

/* Time of all host cores together, of one core's time: 2,000,000 is two cores. */
struct nvme_host_cpu {
	uint64_t busy_ppm, spin_ppm, idle_ppm;
};
struct nvme_host_cpu nvme_host_cpu(const struct nvme_result *r);

#endif
