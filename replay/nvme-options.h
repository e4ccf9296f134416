// SPDX-License-Identifier: MIT
/* The options of `pugmark nvme`, and the points they ask for. */
#ifndef PUGMARK_REPLAY_NVME_OPTIONS_H
#define PUGMARK_REPLAY_NVME_OPTIONS_H

#include "replay/nvme-report.h"
#include "reports/options.h"

enum {
	NVME_LIST_MAX = 32, /* values of an option */
	NVME_POINTS_MAX = 1024,
};

struct nvme_list {
	const char *text[NVME_LIST_MAX];
};

struct nvme_options {
	struct cli cli;
	const char *trace;
	struct nvme_list designs, paths, depths, vms, blocks, rates;
	size_t ndesigns, npaths, ndepths, nvms, nblocks, nrates;
	const char *device, *host, *results;
	const char *plots[NVME_PLOTS];
	uint64_t jobs, requests, seed, threads;
	int mix; /* of --rw */
	bool has_mix, has_jobs, has_requests, has_seed;
	bool wants_assumptions, wants_published, wants_list;
	struct cli_sets sets;
};

void nvme_options_parse(struct nvme_options *o, int argc, char **argv);

/*
 * Reads the designs of all points; *points_out is the caller's to free, each
 * with nvme_point_deinit, also after a failure. facts NULL: no trace.
 */
int nvme_options_points(const struct nvme_options *o, const struct nvme_trace_facts *facts,
			struct nvme_point **points_out, size_t *n_out, enum nvme_axis *axis_out,
			struct err *e);

#endif
