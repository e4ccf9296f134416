// SPDX-License-Identifier: MIT
/* Designs of page walks: sections [walk] and [walk-costs], and the profile of a processor. */
#ifndef PUGMARK_REPLAY_WALK_DESIGN_H
#define PUGMARK_REPLAY_WALK_DESIGN_H

#include "base/arena.h"
#include "base/param.h"
#include "sim/walk-cost.h"

struct walk_design {
	const char *name; /* arena: of the file, without folder and ending */
	struct param_set set;
	struct walk_config config;
	struct walk_costs costs;
};

/* What a design takes from the trace: its rows, and the VM's memory (0: it does not say). */
void walk_design_fit(struct walk_config *c, uint64_t rows, uint64_t vm_pages);

/*
 * Reads a design: defaults, the profile of the processor that comes out in the
 * end, the file (a name with a '/' or that ends in .ini) or the built-in one of
 * that name, then `sets` (section.key=value). Everything lives in the arena.
 * ERR_USAGE, ERR_NOINPUT, ERR_FORMAT.
 */
int walk_design_read(const char *path, const char *const *sets, size_t nsets, struct arena *a,
		     struct walk_design *out, struct err *e);

#endif
