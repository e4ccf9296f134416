// SPDX-License-Identifier: MIT
/* What a command that is swept says about its options. Private to sweep. */
#ifndef PUGMARK_REPLAY_SWEEP_COMMAND_H
#define PUGMARK_REPLAY_SWEEP_COMMAND_H

#include "replay/sweep-config.h"

/* Gives each axis of an option its kind; refuses what cannot be swept. */
int sweep_command_ask(struct sweep_config *c, struct err *e);

/* Has the command look at every value of the axes. */
int sweep_command_check(const struct sweep_config *c, struct err *e);

#endif
