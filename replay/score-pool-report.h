// SPDX-License-Identifier: MIT
/* What `pugmark score --pool` found out, and how it is shown and stored. Private to the command. */
#ifndef PUGMARK_REPLAY_SCORE_POOL_REPORT_H
#define PUGMARK_REPLAY_SCORE_POOL_REPORT_H

#include "replay/score-pool.h"
#include "reports/report.h"
#include "store/results.h"

/* A trace of which nothing can be said. */
struct score_pool_other {
	char name[80];
	const char *path;
	char why[240];
	uint64_t vm_pages; /* 0: not known */
};

struct score_pool_answer {
	const struct pin_pool_vm *vms;
	const uint64_t *lost_events; /* by VM */
	size_t nvms;
	const struct score_pool_other *others;
	size_t nothers;
	const struct score_pool_result *results; /* by design */
	size_t ndesigns, best;
	const struct pin_goal *slo;
	const char *digests; /* of all VMs, for results files */
	uint64_t seed;
	bool is_aligned;
	size_t nguesses, nparams;
	const char *maps; /* folder of pin maps, nmaps of them; NULL: nobody asked */
	size_t nmaps;
};

/* What of a VM's memory comes back: its pages at the end of the joint replay. */
struct score_pool_split {
	uint64_t never_touched, cold, forced; /* bytes; they sum to what comes back */
};
struct score_pool_split score_pool_split(const struct score_pool_result *x, size_t vm);

/* VMs by what comes back from them together, then alone; of equals by name. */
void score_pool_rank(const struct score_pool_answer *a, const struct score_pool_result *x,
		     size_t *order_out);

/* The design that gives most in the pool that was asked for. */
size_t score_pool_best(const struct score_pool_result *results, size_t n);

static inline bool score_pool_holds(const struct score_pool_result *x)
{
	return x->found.holds && x->pool_pages == x->asked_pages;
}

/* Everything between report_begin and report_end. */
void score_pool_report(struct report *r, const struct score_pool_answer *a, bool is_json);

/* Adds runs to a results file: one a design. */
int score_pool_store(const char *path, const struct results_run *run,
		     const struct score_pool_answer *a, struct err *e);

/*
 * A pin map (replay/pinmap.h) of each VM that the best design overcommits, as
 * DIR/VM.json; DIR is made. n_out: how many. ERR_CREATE, ERR_PERM.
 */
int score_pool_write_maps(const char *dir, const struct score_pool_answer *a, unsigned threads,
			  size_t *n_out, struct err *e);

#endif
