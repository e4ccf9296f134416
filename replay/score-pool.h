// SPDX-License-Identifier: MIT
/*
 * Which VMs of one host are safe to overcommit, and how much comes back from all
 * of them. For each VM alone the shares of its memory that may be taken are
 * tried one by one, as `pugmark pin` does (its numbers are that command's with
 * the VM's seed); then all together, under the host's memory and on one swap
 * device (replay/pin-pool.h), by replay/pool-search.h.
 *
 * What a VM gives back is what its own limit takes from it, less what pins hold
 * above the limit: memory that the host can promise to somebody else. The pool
 * takes more than the limits do where it is smaller than their sum and the VMs
 * need it in turn.
 */
#ifndef PUGMARK_REPLAY_SCORE_POOL_H
#define PUGMARK_REPLAY_SCORE_POOL_H

#include "replay/pin-goal.h"
#include "replay/pin-pool.h"
#include "replay/pin.h"
#include "replay/pool-search.h"
#include "replay/score.h"
#include "store/trace.h"

enum {
	SCORE_POOL_LEVELS = 9,             /* 0 and the shares that are tried */
	SCORE_POOL_NO_ROOM = PIN_GOAL_MAX, /* beside the goal's conditions: the pool overflowed */
};
extern const uint64_t score_pool_levels_ppm[SCORE_POOL_LEVELS];

/* A VM under a design, alone; lengths of arrays are levels. */
struct score_alone {
	struct score_design design;
	enum pin_companion companion;
	struct pin_facts facts;
	struct pin_job jobs[SCORE_POOL_LEVELS];
	uint64_t bytes[SCORE_POOL_LEVELS];
	int failing[SCORE_POOL_LEVELS]; /* condition of the goal; -1: all hold */
	unsigned top;                   /* highest from which all below it meet the goal */
	bool is_hopeless;               /* not even with nothing taken */
	bool is_non_monotone;           /* a higher one meets it again */
};

/* A design for all VMs of the host. */
struct score_pool_result {
	const char *name;
	struct score_alone *alone; /* by VM, as is joint */
	struct pool_found found;
	struct pin_pool_job joint; /* the choice that was found, or nothing taken */
	uint64_t joint_bytes[PIN_POOL_VMS_MAX];
	uint64_t all_pages, asked_pages;
	uint64_t pool_pages;   /* that the choice was found to hold with: at least asked_pages */
	uint64_t limits_pages; /* sum of the VMs' own limits in it */
	uint64_t alone_bytes;  /* sum over VMs of what each gives alone: bounds what limits give */
	uint64_t back_bytes;   /* from all together */
	unsigned tries;
};

struct score_pool_run {
	struct pin_pool_vm *vms;
	size_t nvms;
	const struct pin_goal *goal;
	struct quantity pool; /* pages, or the share of all VMs' memory that the host has */
	uint64_t seed;
	unsigned threads;
	/* told what is done of how much, in replays of all VMs; may be NULL */
	void (*progress)(void *ctx, uint64_t replays);
	void *progress_ctx;
};

/*
 * One design, by path, with sets as for score_design_read. unusable_out: the VM
 * whose trace is of no use, if that is the error (ERR_UNUSABLE), else nvms.
 * is_aligned_out as of pin_pool_run. To be released whatever came out.
 */
int score_pool_design(const struct score_pool_run *r, const char *path, const char *const *sets,
		      size_t nsets, struct score_pool_result *out, bool *is_aligned_out,
		      size_t *unusable_out, struct err *e);
void score_pool_deinit(struct score_pool_result *r, size_t nvms);

/* Time of its accesses. */
uint64_t score_pool_exposure_ns(const struct pin_facts *f);

#endif
