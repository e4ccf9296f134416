// SPDX-License-Identifier: MIT
/* Designs of page-table placement: files, or the letters of vMitosis (LL, RRI, FM ...). */
#ifndef PUGMARK_REPLAY_NUMA_DESIGN_H
#define PUGMARK_REPLAY_NUMA_DESIGN_H

#include "base/arena.h"
#include "sim/numa-config.h"
#include "sim/walk-config.h"

struct numa_design {
	const char *name; /* arena: the letters, or the file without folder and ending */
	struct param_set set;
	struct walk_config walk;
	struct numa_config numa;
	struct numa_machine machine;
};

/*
 * Defaults, the built-in machine (sim/profiles/numa-cascade-lake.ini) or the
 * profile given, what the letters or the file say, then `sets`. Everything lives
 * in the arena. ERR_USAGE, ERR_NOINPUT, ERR_FORMAT.
 */
int numa_design_read(const char *name, const char *machine, const char *const *sets, size_t nsets,
		     struct arena *a, struct numa_design *out, struct err *e);

#endif
