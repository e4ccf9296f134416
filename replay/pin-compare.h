// SPDX-License-Identifier: MIT
/*
 * pugmark pin --compare-backends: the six profiles of sim/iopf.h side by side.
 * First on the trace, each replayed with the same policy, budget and overcommit;
 * then under sweeps around the trace's own rates of requests and faults
 * (sim/iopf-compare.h), with the loads at which two of them change places.
 * Private to the command.
 */
#ifndef PUGMARK_REPLAY_PIN_COMPARE_H
#define PUGMARK_REPLAY_PIN_COMPARE_H

#include "replay/pin-design.h"
#include "replay/pin-trace.h"
#include "replay/pin.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "sim/iopf-compare.h"

enum {
	PIN_BACKENDS = 6,
	PIN_LOADS = 13, /* 1/64, 1/32 .. 64 times the trace's */
	PIN_LOADS_MIDDLE = PIN_LOADS / 2,
	PIN_CROSSINGS_MAX = 64,
};

enum {
	PIN_SWEEP_LOAD,   /* requests and faults together: a busier VM */
	PIN_SWEEP_FAULTS, /* faults alone: the same VM with less memory */
	PIN_SWEEPS
};

struct pin_compare {
	const struct pin_devices *devices;
	const struct pin_facts *facts;
	const struct pin_design *designs; /* PIN_BACKENDS, as iopf_backend_names */
	const struct pin_job *jobs;       /* likewise, and run */
	uint64_t exposure_ns;
	uint64_t burst; /* faults at a time in the trace; 0: it has none */

	/* set by pin_compare_sweep: what rises from load to load */
	struct pin_sweep {
		struct iopf_load loads[PIN_LOADS];
		struct iopf_compared rows[PIN_LOADS * PIN_BACKENDS];
		struct iopf_crossing crossings[PIN_CROSSINGS_MAX];
		uint32_t ncrossings;
	} sweeps[PIN_SWEEPS];
};

struct pin_log;

/* Faults that begin within this time of the one before belong to one burst. */
uint64_t pin_compare_burst(const struct pin_log *log, uint64_t within_ns);

int pin_compare_sweep(struct pin_compare *c, uint64_t seed, struct err *e);

void pin_compare_report(struct report *r, const struct pin_compare *c, bool is_json);

extern const char pin_compare_script[];

/* Fills the plot and ends it, also on failure. */
int pin_compare_plot(struct plot *p, const struct pin_compare *c, struct err *e);

struct pin_options;

/* The part of `pugmark pin` behind --compare-backends. Gives the exit status. */
int cmd_pin_compare(struct pin_options *o);

#endif
