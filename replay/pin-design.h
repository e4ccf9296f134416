// SPDX-License-Identifier: MIT
/* Parameters of a pin replay: [access], [memory], [background], [pin], [iopf], [block], [nic]. */
#ifndef PUGMARK_REPLAY_PIN_DESIGN_H
#define PUGMARK_REPLAY_PIN_DESIGN_H

#include "base/arena.h"
#include "base/param.h"
#include "replay/access.h"
#include "replay/pin-cell.h"
#include "replay/policy-params.h"
#include "sim/background.h"
#include "sim/limits.h"

/* What a design may choose itself: lists, as --policy, --budget and --overcommit take them. */
struct pin_choice {
	const char *policy, *budget, *overcommit; /* NULL: not said */
};
extern const struct param pin_choice_params[];
extern const size_t pin_choice_nparams;

struct pin_design {
	struct arena arena;
	struct param_set set;
	struct pin_choice choice;
	struct access_config access; /* what [access] fills */
	struct hostmem_config memory;
	struct background_config background;
	struct pin_params pin;
	struct limits_config limits;
	struct iopf_config *iopf; /* arena, as is the next */
	struct swap_config *swap;
	struct block_config *block; /* likewise, and the next */
	struct nic_config *nic;
};

/* Where the values come from, in this order; strings are borrowed. */
struct pin_design_sources {
	struct policy_chosen *chosen; /* whose parameters are filled in */
	size_t nchosen;
	const char *path; /* design, or NULL */
	const char *const *sets;
	size_t nsets;
	const char *backend; /* NULL: as design or sets say, else vpri */
	unsigned functions;  /* devices in the trace; 0: not known */
};

/*
 * Defaults of all rows, those of policies that were not chosen included; the
 * profile of the [iopf] backend that comes out in the end; the functions of the
 * trace; then what the user says. The arena is to be released.
 */
int pin_design_read(struct pin_design *d, const struct pin_design_sources *s, struct err *e);

/* The same without any source but a profile: defaults. */
int pin_design_init(struct pin_design *d, struct policy_chosen *chosen, size_t n, struct err *e);

/*
 * The schedule of limits: memory.limit_schedule, or the text of the file that it
 * names, which then becomes the parameter's value. ERR_USAGE, ERR_NOINPUT, ERR_UNUSABLE.
 */
int pin_design_limits(struct pin_design *d, struct limits *out, struct err *e);

#endif
