// SPDX-License-Identifier: MIT
/*
 * What the answer rests on: the configuration that decided is run again with one
 * input changed at a time (access model, reclaim, how warm memory is at the
 * start, the declared load, whether DMA sets accessed bits, the size of the VM
 * where nobody told it). What the CPU does is compared from the runs at hand.
 * Nothing else changes, above all not the pins: it is the answer's sensitivity,
 * not the best answer under that input.
 */
#ifndef PUGMARK_REPLAY_PIN_DECIDE_H
#define PUGMARK_REPLAY_PIN_DECIDE_H

#include "replay/pin-report.h"

enum { PIN_INPUTS_MAX = 24 };

struct pin_input {
	char name[32], from[40], to[40];
	struct pin_result result; /* under the first seed */
	bool flips;               /* YES becomes NO, or NO YES */
};

struct pin_inputs {
	const struct pin_job *job; /* what was changed */
	struct pin_input all[PIN_INPUTS_MAX];
	unsigned n;
	bool was_run; /* else only the companions at hand were compared */
};

/* The run is that of the answer; without runs only companions are compared. */
int pin_inputs_try(const struct pin_run *run, const struct pin_answer *a, bool may_run,
		   struct pin_inputs *out, struct err *e);

/* The line `Decided by`, and for programs and --verbose the table `inputs`. */
void pin_show_decision(struct report *r, const struct pin_answer *a);
void pin_show_inputs(struct report *r, const struct pin_answer *a);

#endif
