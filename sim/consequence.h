// SPDX-License-Identifier: MIT
/*
 * From faults to what their users notice, in one call: the fault hardware serves
 * a list of fault times (sim/iopf.h), the devices stop meanwhile, and block I/O
 * and TCP suffer (sim/block.h, sim/nic.h).
 *
 * While a fault stops a queue, channel, device or ring, that one raises no other:
 * its next fault begins when the last has ended, so an idle ring that is cold
 * faults descriptor after descriptor. The times in the list are those of a trace
 * in which nothing had to wait; what a stall would have moved beyond the next
 * fault's own wait (think times, back-pressure of the guest) is not modelled.
 */
#ifndef PUGMARK_SIM_CONSEQUENCE_H
#define PUGMARK_SIM_CONSEQUENCE_H

#include "sim/block.h"
#include "sim/iopf.h"
#include "sim/nic.h"

enum consequence_class { CONSEQUENCE_NONE, CONSEQUENCE_NIC, CONSEQUENCE_BLOCK };

/* A DMA met an absent page; in order of at_ns. */
struct consequence_fault {
	uint64_t at_ns;
	uint32_t vm, page;
	uint16_t dev; /* below IOPF_DEVICES_MAX */
	uint16_t queue;
	bool is_late; /* the page was on its way then: no fault if it is no more when its turn comes
		       */
};

struct consequence_config {
	const struct iopf_config *iopf;
	const struct block_config *block;
	const struct nic_config *nic;
	const enum consequence_class *class_of; /* of each device */
	uint16_t ndevices;
	uint64_t span_ns, seed;

	/*
	 * Brings a page, as iopf_hooks.resolve (tag: the fault's index); NULL: the
	 * design's distribution.
	 */
	uint64_t (*resolve)(void *ctx, const struct iopf_fault *f, struct ns now);
	void *ctx;
};

enum { CONSEQUENCE_QUANTILES = 4 };
/* P50, P99, P99.9, P99.99 */
extern const uint64_t consequence_ppm[CONSEQUENCE_QUANTILES];

struct consequence {
	uint64_t faults, done, failed, joined;
	uint64_t blocked_ns, blocked_max_ns; /* sum over faults; the longest */

	/* block: latency without and with the faults */
	uint64_t base_ns[CONSEQUENCE_QUANTILES], latency_ns[CONSEQUENCE_QUANTILES];

	/* NIC, all rings together */
	uint64_t drops, closed_ns, longest_gap_ns, longest_stall_ns;
	uint64_t flows[NIC_RECOVERIES];
};

/* What the fault service as a whole did. */
struct consequence_service {
	struct iopf_counts counts;
	uint64_t stage_mean_ns[IOPF_STAGES];
	uint64_t total_mean_ns, total_p50_ns, total_p99_ns, total_p999_ns;
};

/* Fills out[0 .. ndevices-1]. ERR_USAGE for a fault of a device that is not there, ERR_NOMEM. */
int consequence_run(const struct consequence_config *c, const struct consequence_fault *faults,
		    size_t n, struct consequence *out, struct consequence_service *service_out,
		    struct err *e);

/*
 * How long a single fault blocks, with nobody else in line: for --fault-rate rows
 * (block_whatif, nic_whatif). Quantiles of simulated faults, as points. ERR_NO
 * when the backend has no faults.
 */
int consequence_lone_fault(const struct iopf_config *c, uint64_t seed, struct dist *out,
			   struct err *e);

#endif
