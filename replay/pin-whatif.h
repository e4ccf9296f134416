// SPDX-License-Identifier: MIT
/*
 * pugmark pin --fault-rate: what block I/O and the NIC suffer at rates that
 * somebody names, and at what rate a limit on a quantile breaks. Nothing is
 * replayed; of the trace only the kinds of devices matter. Private to the command.
 */
#ifndef PUGMARK_REPLAY_PIN_WHATIF_H
#define PUGMARK_REPLAY_PIN_WHATIF_H

#include "replay/pin-design.h"
#include "replay/pin-goal.h"
#include "replay/pin-trace.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "sim/consequence.h"

struct pin_whatif {
	const struct pin_design *design;
	const struct pin_devices *devices;
	const struct rate *rates;
	size_t nrates;
	const struct pin_goal *goal; /* limits of block quantiles; NULL: P99.9 and P99.99 +10 % */
	uint64_t seed;

	/* set by pin_whatif_run */
	struct arena arena;
	struct dist blocked_points;
	struct quantile blocked;
	struct block_whatif *block; /* CONSEQUENCE_QUANTILES for each rate; NULL: no such device */
	struct nic_whatif *nic;     /* one for each rate; likewise */
	struct pin_limit {
		uint64_t ppm, rise_ppm;
		bool is_broken; /* without any fault */
		struct block_bracket bracket;
	} limits[PIN_GOAL_MAX];
	size_t nlimits;
};

/* ERR_NO: the backend has no faults; ERR_USAGE: a goal of something else. The arena is the caller's
 * to release. */
int pin_whatif_run(struct pin_whatif *w, struct err *e);

/* Everything between report_begin and report_end; false: a limit breaks at one of the rates. */
bool pin_whatif_report(struct report *r, const struct pin_whatif *w, bool is_json);

struct pin_options;

/* The part of `pugmark pin` behind --fault-rate. Gives the exit status. */
int cmd_pin_whatif(struct pin_options *o);

extern const char pin_whatif_script[];

/* Fills the plot and ends it, also on failure. */
int pin_whatif_plot(struct plot *p, const struct pin_whatif *w, struct err *e);

#endif
