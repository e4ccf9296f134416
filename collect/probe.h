// SPDX-License-Identifier: MIT
/*
 * Live sources. A probe is one file with one `const struct probe` and one line
 * in collect/probes.c: what it is called, what it needs and sees, how it starts,
 * is polled and stops. `doctor` asks look() of every probe, `record` runs those
 * that were asked for.
 *
 * A probe that only wants tracepoints names them and has no functions: the
 * recording reads them for all such probes through one ring a CPU, so that
 * events that belong together (dma:*, iommu:*) come in one order.
 *
 * The rules of a good neighbour hold for every probe: nothing of the host's own
 * tracing is touched, nothing of ours stays enabled after stop or death, every
 * event is accounted for.
 */
#ifndef PUGMARK_COLLECT_PROBE_H
#define PUGMARK_COLLECT_PROBE_H

#include "base/choices.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hostfacts;
struct param;
struct recording;

enum probe_status { PROBE_USABLE, PROBE_BLIND, PROBE_DENIED, PROBE_ABSENT, PROBE_STATUSES };
extern const char *const probe_status_names[]; /* "usable" ... */

/* What look() found out. reason and remedy: whole sentences; empty only when usable. */
struct probe_finding {
	enum probe_status status;
	char reason[320], remedy[320];
};

enum probe_side { PROBE_DEVICE, PROBE_CPU, PROBE_WALK };

struct probe_tracepoint {
	const char *system, *event;
	bool is_optional; /* not all kernels have it */
};

struct probe {
	const char *name;     /* for --probe */
	const char *summary;  /* one line for help, doctor and the manual */
	const char *coverage; /* of its source row: what of the DMA or the CPU's touches it sees */
	enum probe_side side;
	bool is_default; /* recorded unless others are asked for, where it is usable */

	const struct probe_tracepoint *tracepoints; /* ends with {}; or NULL */
	bool is_of_target; /* its tracepoints only of the recorded process, where there is one */

	/* What --set may say ("NAME.key=value"): fills a zeroed struct of config_bytes. */
	const struct param *params;
	size_t nparams, config_bytes;

	/* Without tracepoints: after its start it needs no right but privilege_recording; else it
	 * keeps privilege_unsaid too. */
	bool drops_rights;

	/* Changes nothing on the host. */
	void (*look)(const struct hostfacts *h, struct probe_finding *out);

	/*
	 * Where there are no tracepoints. poll takes what has come and is called at
	 * each tick and when a watched file (recording_watch) is readable; all rows
	 * before a tick's time must have been put when it comes back. stop takes the
	 * rest, accounts for all (also after an error) and frees the state.
	 */
	int (*start)(struct recording *r, void **state_out, struct err *e);
	int (*poll)(void *state, uint64_t now_ns, struct err *e);
	int (*stop)(void *state, struct err *e);

	/* No row of a kind still to come is older (trace time); UINT64_MAX, or no function: none
	 * is older than the last poll. */
	uint64_t (*oldest_ns)(const void *state, unsigned kind);
};

/* In order of registration, NULL at the end. */
extern const struct probe *const probes[];

extern const struct probe probe_agent, probe_block, probe_block_bpf, probe_census, probe_damon,
	probe_dma, probe_fault, probe_filemap, probe_iommu, probe_iommufd, probe_iopf,
	probe_majfault, probe_memslots, probe_net, probe_nvme, probe_pagemap, probe_pmu, probe_swap,
	probe_touch;

void probe_names(struct choices *c);

/* By name, or NULL. */
const struct probe *probe_find(const char *name);

#endif
