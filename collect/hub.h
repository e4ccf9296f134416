// SPDX-License-Identifier: MIT
/*
 * Tracepoints of all probes that want some, through one set of rings, decoded
 * and joined (collect/tracepoint.h) into rows of a recording. Private to the
 * recording.
 */
#ifndef PUGMARK_COLLECT_HUB_H
#define PUGMARK_COLLECT_HUB_H

#include "base/err.h"
#include "collect/probe.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct hub;

struct hub_config {
	struct recording *recording;
	const struct probe *const *probes; /* those with tracepoints are taken */
	unsigned nprobes;
	bool is_of_target; /* the probes of the target, or all others */
	pid_t pid;         /* the target; 0: everything */
	bool waits_for_exec;
	uint64_t ring_bytes;
	bool via_tracefs; /* a tracefs instance of our own instead of perf rings */
};

/* NULL in *out when no probe has a tracepoint for it. */
int hub_open(const struct hub_config *c, struct hub **out, struct err *e);
int hub_start(struct hub *h, struct err *e);

/* Takes what lies before now. */
int hub_poll(struct hub *h, uint64_t now_ns, struct err *e);

/* No row of a kind that is still to come is older than this; UINT64_MAX: none waits. */
uint64_t hub_oldest_ns(const struct hub *h, unsigned kind);

/* The rest, with the accounts; frees h. */
int hub_stop(struct hub *h, struct err *e);

#endif
