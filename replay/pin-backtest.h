// SPDX-License-Identifier: MIT
/* The part of `pugmark pin` behind --backtest. */
#ifndef PUGMARK_REPLAY_PIN_BACKTEST_H
#define PUGMARK_REPLAY_PIN_BACKTEST_H

#include "reports/cli.h"

#include <stddef.h>

/* What the user said; borrowed. */
struct pin_backtest_options {
	const struct cli *cli;
	const char *path;        /* of the trace */
	const char *plot;        /* target, or NULL */
	const char *design;      /* INI file, or NULL */
	const char *const *sets; /* of --set, in order */
	size_t nsets;
};

/* Runs the back-test and prints it; messages are in the name of `pin`. Gives the exit status. */
int cmd_pin_backtest(const struct pin_backtest_options *o);

#endif
