// SPDX-License-Identifier: MIT
/* What the user of `pugmark pin` says, checked. Private to the command. */
#ifndef PUGMARK_REPLAY_PIN_OPTIONS_H
#define PUGMARK_REPLAY_PIN_OPTIONS_H

#include "base/quantity.h"
#include "replay/access.h"
#include "replay/pin-cell.h"
#include "replay/pin-design.h"
#include "replay/pin-goal.h"
#include "replay/pin-pool.h"
#include "replay/pin-trace.h"
#include "reports/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PIN_POLICIES_MAX = 64,
	PIN_BUDGETS_MAX = 256,
	PIN_OVERCOMMITS_MAX = 64,
	PIN_SEEDS_MAX = 64,
	PIN_FAULT_RATES_MAX = 64,
	PIN_POOLS_MAX = 16,
};

struct pin_options {
	struct cli cli;
	const char *others[PIN_POOL_VMS_MAX]; /* traces beside path, of a pool */
	size_t nothers;
	struct quantity pools[PIN_POOLS_MAX];
	size_t npools;
	const char *pin_map; /* what policy map pins; NULL: nothing was said */
	uint64_t pin_map_at_ns;
	const char *path, *plot, *timeline, *footprint, *results, *design;
	struct policy_chosen policies[PIN_POLICIES_MAX];
	struct quantity budgets[PIN_BUDGETS_MAX];
	uint64_t overcommits_ppm[PIN_OVERCOMMITS_MAX], seeds[PIN_SEEDS_MAX];
	bool companions[PIN_COMPANIONS];
	size_t npolicies, nbudgets, novercommits, nseeds, ncompanions;
	struct cli_sets sets;
	uint64_t memory_bytes, threads, recording; /* 0: not said */
	struct rate rates[PIN_FAULT_RATES_MAX];    /* per_ns 0: without a unit so far */
	size_t nrates;
	enum access_model model;
	struct pin_goal goal;
	bool has_own_policy, has_own_budget;
	bool has_own_goal, has_own_overcommit, wants_assumptions, tries_inputs, explains,
		is_backtest;
	bool compares_backends;
};

/* Does not come back from wrong usage. The options begin zeroed. */
void pin_options_parse(struct pin_options *o, int argc, char **argv);

/*
 * Parameters: defaults, --design, --set; the sections that such devices use.
 * Policies, budgets and overcommits that the user has not named are the design's.
 */
int pin_options_design(struct pin_options *o, const struct pin_devices *devices,
		       struct pin_design *d, struct err *e);

/* Whether budgets make a difference to the policy. */
bool pin_takes_budget(const struct policy *p);

/* The command where --pool was given: its exit status. */
int cmd_pin_pool(struct pin_options *o);

#endif
