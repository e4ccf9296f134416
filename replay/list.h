// SPDX-License-Identifier: MIT
/* pugmark list: what is built in here, in sim/ and policies/, and what others hand in. */
#ifndef PUGMARK_REPLAY_LIST_H
#define PUGMARK_REPLAY_LIST_H

#include "reports/catalogue.h"

/* What there is to list; others: tables, NULL at the end. */
void list_add_names(struct choices *c, const struct catalogue *const *others);

/* The command; `names` fills what completes its argument. */
int list_run(const struct catalogue *const *others, choices_fill names, int argc, char **argv);

#endif
