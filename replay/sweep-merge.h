// SPDX-License-Identifier: MIT
/* `pugmark sweep --merge`: results files, and those in folders of sweeps. Private to sweep. */
#ifndef PUGMARK_REPLAY_SWEEP_MERGE_H
#define PUGMARK_REPLAY_SWEEP_MERGE_H

#include "base/arena.h"
#include "reports/cli.h"

#include <stddef.h>

enum { SWEEP_MERGE_PATHS_MAX = 4096 };

struct sweep_merge_paths {
	const char *path[SWEEP_MERGE_PATHS_MAX];
	size_t n;
};

/* The exit status, 3 when a damaged file was left out; or a negative code. */
int sweep_merge(const struct cli *cli, const struct sweep_merge_paths *paths, const char *output,
		struct arena *a, struct err *e);

#endif
