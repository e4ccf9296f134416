// SPDX-License-Identifier: MIT
/* What the user of `pugmark score` says, checked. Private to the command. */
#ifndef PUGMARK_REPLAY_SCORE_OPTIONS_H
#define PUGMARK_REPLAY_SCORE_OPTIONS_H

#include "replay/pin-goal.h"
#include "replay/score-report.h"
#include "reports/options.h"

enum { SCORE_TRACES_MAX = 64 };

struct score_options {
	struct cli cli;
	const char *paths[SCORE_TRACES_MAX];
	size_t npaths;
	const char *designs[SCORE_DESIGNS_MAX], *results, *plot;
	uint64_t seeds[SCORE_SEEDS_MAX];
	size_t ndesigns, nseeds;
	bool has_usual_designs; /* nobody said which */
	struct cli_sets sets;
	uint64_t memory_bytes, threads;
	bool wants_assumptions;
	struct quantity pool; /* of several VMs; value 0: they are none */
	struct pin_goal slo;
	const char *pin_maps;
	bool has_own_overcommit, has_own_slo;
	bool is_backtest, has_own_split;
	uint64_t split_ppm;  /* of a back-test: what it learns from */
	const char *pin_map; /* it writes its map there; NULL: nowhere */
};

/* With a trace of addresses, the usual designs are also those that differ in page tables. */
void score_options_add_usual(struct score_options *o);

/* Does not come back from wrong usage. The options begin zeroed. */
void score_options_parse(struct score_options *o, int argc, char **argv);

/* The command where --pool was given: its exit status. */
int cmd_score_pool(struct score_options *o);
/* The command where --backtest was given: its exit status. */
int cmd_score_backtest(struct score_options *o);

#endif
