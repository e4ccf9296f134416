// SPDX-License-Identifier: MIT
/*
 * Fault hardware side by side: each design under each load of a sweep, and the
 * loads at which two designs change places. Faults come in Poisson bursts, as a
 * DMA of many pages or a cold ring makes them; each also stands for one page that
 * was reclaimed before (bitmap update or device-TLB invalidation).
 *
 * Costs of requests are means times their number. A snooping design above its
 * threshold is passed through: no cost and no fault, but all memory has to stay,
 * as with static pinning. What that memory is worth is not weighed here.
 */
#ifndef PUGMARK_SIM_IOPF_COMPARE_H
#define PUGMARK_SIM_IOPF_COMPARE_H

#include "base/quantity.h"
#include "sim/iopf.h"

struct iopf_load {
	uint64_t x;                   /* what is swept, for crossings: rises */
	struct rate requests, faults; /* I/O requests and faults of the VM */
	uint64_t burst;               /* faults at a time, at least 1 */
};

struct iopf_design {
	const char *name;
	const struct iopf_config *config;
};

enum iopf_metric {
	IOPF_BLOCKED_MEAN, /* from raised to end, ns */
	IOPF_BLOCKED_P99,
	IOPF_BLOCKED_P999,
	IOPF_REQUEST_NS, /* added to a request on average: lookup or snooping, and its share of
			    faults */
	IOPF_HOST_NS,    /* host CPU in a second of load, ns */
	IOPF_METRICS
};
extern const char *const iopf_metric_names[IOPF_METRICS + 1];

struct iopf_compared {
	uint32_t design, load; /* indices */
	uint64_t metric[IOPF_METRICS];
	uint64_t faults, failed; /* simulated */
	uint64_t overflow;       /* of them found the page-request queue full, retries included */
	bool pins_all;           /* no fault because nothing can be reclaimed */
};

/* rows_out[load * ndesigns + design], from about nfaults simulated faults each. */
int iopf_compare(const struct iopf_design *designs, uint32_t ndesigns,
		 const struct iopf_load *loads, uint32_t nloads, uint64_t nfaults, uint64_t seed,
		 struct iopf_compared *rows_out, struct err *e);

/* Below x the first design has less of the metric, above it the second. */
struct iopf_crossing {
	uint32_t first, second; /* designs */
	enum iopf_metric metric;
	uint64_t x; /* on a straight line between the two loads around it */
};

/*
 * All crossings of one metric, by x; returns how many there are, of which at most
 * cap are written. Designs that pin all memory are left out where they do.
 */
uint32_t iopf_crossings(const struct iopf_compared *rows, uint32_t ndesigns,
			const struct iopf_load *loads, uint32_t nloads, enum iopf_metric metric,
			struct iopf_crossing *out, uint32_t cap);

#endif
