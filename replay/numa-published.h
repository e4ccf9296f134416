// SPDX-License-Identifier: MIT
/*
 * The published run times of vMitosis (ASPLOS'21) and Mitosis (ASPLOS'20) beside
 * ours from generated traces. A row is
 *
 *	predicted	ours comes out of a trace and the machine's latencies
 *	calibrated	the published figure set a latency (gups LR, RL, LRI, RLI)
 *	arithmetic	ours is a sum of other published run times
 *	identity	ours is counted, the other follows from a formula
 *	not addressed	nothing here plays it
 */
#ifndef PUGMARK_REPLAY_NUMA_PUBLISHED_H
#define PUGMARK_REPLAY_NUMA_PUBLISHED_H

#include "replay/numa-answer.h"

enum numa_row_kind {
	NUMA_PREDICTED,
	NUMA_CALIBRATED,
	NUMA_ARITHMETIC,
	NUMA_IDENTITY,
	NUMA_NOT_ADDRESSED,
};
extern const char *const numa_row_kind_names[];

struct numa_row {
	const char *work;     /* "vMitosis thin" ... */
	const char *workload; /* or "" */
	const char *quantity; /* "RRI/LL" ... */
	enum numa_row_kind kind;
	uint64_t published_ppm, ours_ppm;
	uint64_t target_ppm;     /* the error that would do; 0: none was set */
	bool is_target_absolute; /* of ours - published, else of that over published */
	bool has_two_hosts;      /* the published ratio is of runs on two machines */
	const char *rests_on;    /* a figure of the program, or NULL */
};

enum {
	NUMA_ROWS_MAX = 400,
	NUMA_THIN_CONFIGS = 10,
	NUMA_WORKLOADS = 6,
	NUMA_PUBLISHED_DESIGNS_MAX = 32,
};

/* One workload of the thin runs: mean seconds times ten, by configuration. */
struct numa_thin {
	const char *workload; /* also the generator's profile */
	uint16_t deciseconds[NUMA_THIN_CONFIGS];
	bool is_on_two_hosts; /* all but LL, RRI, RRIE ran on the other one */
};
extern const char *const numa_thin_configs[NUMA_THIN_CONFIGS + 1];
extern const struct numa_thin numa_thin[NUMA_WORKLOADS];

struct numa_rows {
	struct numa_row row[NUMA_ROWS_MAX];
	size_t n;
};

/* The designs that the rows of a workload need; n of them. */
const char *const *numa_published_designs(size_t workload, size_t *n_out);

/* What a workload gave: results in the order of its designs (NULL: not played), end states of a
 * move of the guest and of the VM. */
struct numa_measured {
	const struct numa_result *results;
	const char *rests_on;                         /* the share of native walks */
	const uint64_t *guest_ends_ppm, *vm_ends_ppm; /* 4 and 2 */
};

/* All rows of what was played, those of sums included. */
void numa_published_rows(const struct numa_measured *m, struct numa_rows *out);

/* machine.remote and .contended at which gups' means of LR and RL, LRI and RLI come out. */
void numa_published_calibrate(const struct numa_result *gups_local, uint64_t *remote_ppm_out,
			      uint64_t *contended_ppm_out);

/* (ours - published) / published in ppm */
int64_t numa_row_error_ppm(const struct numa_row *r);

/* Whether its target holds; false without one. */
bool numa_row_is_inside(const struct numa_row *r);

#endif
