// SPDX-License-Identifier: MIT
/*
 * The programs of vMitosis and Mitosis, generated and judged: what the published
 * figures are set beside (replay/numa-published.h).
 */
#ifndef PUGMARK_REPLAY_NUMA_PROGRAMS_H
#define PUGMARK_REPLAY_NUMA_PROGRAMS_H

#include "replay/numa-published.h"

struct numa_published_setup {
	const char *machine;     /* profile with [machine]; NULL: four Cascade Lake */
	const char *const *sets; /* section.key=value of all designs */
	size_t nsets;
	uint64_t accesses; /* of each trace; the first three quarters fill caches */
	uint64_t seed;
};

struct numa_program {
	struct numa_result results[NUMA_PUBLISHED_DESIGNS_MAX];
	uint64_t guest_ends_ppm[NUMA_TIMELINES_MAX], vm_ends_ppm[NUMA_TIMELINES_MAX];
	const char *rests_on; /* static */
	bool has_run;
};

/* Runs the program of that number (numa_thin). Designs live in the arena; out begins zeroed. */
int numa_program_run(const struct numa_published_setup *s, size_t number, struct arena *a,
		     struct numa_program *out, struct err *e);

/* Rows of those of all NUMA_WORKLOADS that have run. */
void numa_programs_rows(const struct numa_program *programs, struct numa_rows *out);

#endif
