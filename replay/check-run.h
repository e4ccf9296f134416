// SPDX-License-Identifier: MIT
/*
 * One run of a closed-form case on the stations of sim/nvme-*.h: a network, what
 * it is built of, and the sheet of figures that it measured.
 */
#ifndef PUGMARK_REPLAY_CHECK_RUN_H
#define PUGMARK_REPLAY_CHECK_RUN_H

#include "replay/check-args.h"
#include "sim/nvme-load.h"
#include "sim/nvme-scan.h"
#include "sim/nvme-station.h"

enum { CHECK_FIGURES_MAX = 160, CHECK_STATIONS_MAX = 96, CHECK_NAME_BYTES = 48 };

struct check_figure {
	char key[CHECK_NAME_BYTES];
	double value;
};

struct check_sheet {
	struct check_figure figures[CHECK_FIGURES_MAX];
	size_t n;
};

/* NULL when it was not measured. */
const double *check_sheet_find(const struct check_sheet *s, const char *key);
void __attribute__((format(printf, 3, 4)))
check_sheet_put(struct check_sheet *s, double value, const char *fmt, ...);

struct check_watch {
	const struct nvme_audit *audit;
	const char *name;
	uint32_t servers;
	uint64_t area, busy_area, entered, left; /* when counting began */
};

struct check_run {
	struct arena arena;
	struct nvme_net net;
	struct check_args args;
	const json_t *expect, *simulated; /* what is asked for; simulated may be NULL */
	uint64_t seed, completions;
	bool only_parses; /* the parameters are read, then nothing is done */
	struct check_watch watch[CHECK_STATIONS_MAX];
	size_t nwatch;
	struct nvme_load load;
	uint64_t refused_before, issued_before;
	struct check_sheet *sheet;
	struct err *e;
};

/* Whether to go on: the parameters are right, and this is no rehearsal. */
bool check_run_goes_on(struct check_run *r);

/* jobs at a time, nstages, nmeters. Room for events is made for nodes besides jobs. */
int check_run_net(struct check_run *r, uint32_t jobs, uint32_t nstages, uint32_t nmeters);

int check_run_cost(struct check_run *r, struct nvme_cost *c, struct check_service s,
		   const char *name);

/* A station; its stages are `stage` (waiting) and stage + 1. */
struct nvme_station *check_run_station(struct check_run *r, const char *name, uint64_t servers,
				       struct check_service s, uint32_t stage);
void check_run_watch(struct check_run *r, const struct nvme_audit *a, const char *name,
		     uint64_t servers);

/* Runs to the end, audits every station, and puts down what all runs have in common. */
int check_run_all(struct check_run *r);

/* Mean ns a counted request spent in a stage. */
double check_run_stage(const struct check_run *r, uint32_t stage);

struct check_family {
	const char *kind;
	/* Number of runs a case needs; each may run in a thread of its own. */
	unsigned variants;
	int (*run)(struct check_run *r, unsigned variant);
	const char *figures; /* patterns of what it measures besides the common ones */
};
extern const struct check_family check_families[];

int check_open(struct check_run *r, unsigned variant);
int check_open_hashed(struct check_run *r, unsigned variant);
int check_open_loss(struct check_run *r, unsigned variant);
int check_priority(struct check_run *r, unsigned variant);
int check_stall(struct check_run *r, unsigned variant);
int check_ratelimit(struct check_run *r, unsigned variant);
int check_coalesce(struct check_run *r, unsigned variant);
int check_closed(struct check_run *r, unsigned variant);
int check_closed_hashed(struct check_run *r, unsigned variant);
int check_closed_det(struct check_run *r, unsigned variant);
int check_tandem(struct check_run *r, unsigned variant);
int check_hybrid(struct check_run *r, unsigned variant);
int check_forkjoin(struct check_run *r, unsigned variant);
int check_vacation(struct check_run *r, unsigned variant);
int check_cyclic(struct check_run *r, unsigned variant);
int check_wrr(struct check_run *r, unsigned variant);

#endif
