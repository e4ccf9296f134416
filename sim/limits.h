// SPDX-License-Identifier: MIT
/*
 * How a host's limit on a VM changes over time, as people write it:
 *
 *	0s:80%,10m:70%,2h:100%
 *
 * From each time on (from the start of the trace) the VM may have that share of
 * its memory. Times ascend. Before the first one another limit holds, which is
 * the caller's knowledge.
 */
#ifndef PUGMARK_SIM_LIMITS_H
#define PUGMARK_SIM_LIMITS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/param.h"

#include <stddef.h>
#include <stdint.h>

struct limits_step {
	uint64_t at_ns, share_ppm; /* share: above 0, at most 10^6 */
};

struct limits {
	const struct limits_step *steps; /* arena */
	size_t n;
};

/* Row of section [memory]. */
struct limits_config {
	const char *schedule; /* NULL: none */
};
extern const struct param limits_params[];
extern const size_t limits_nparams;

/* Steps are parted by commas or line ends. NULL or nothing: no steps. ERR_USAGE, ERR_NOMEM. */
int limits_parse(const char *text, struct arena *a, struct limits *out, struct err *e);

#endif
