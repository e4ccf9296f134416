// SPDX-License-Identifier: MIT
/*
 * Policies by name, or from a shared object out of the tree: a name with a
 * slash is a file that defines `const struct policy pugmark_policy`.
 */
#ifndef PUGMARK_REPLAY_POLICY_LOAD_H
#define PUGMARK_REPLAY_POLICY_LOAD_H

#include "base/choices.h"
#include "base/err.h"
#include "policies/policy.h"

/*
 * ERR_USAGE names the nearest policy for an unknown name, ERR_NOINPUT a file
 * that is missing, ERR_UNUSABLE one that is no policy of this version. A loaded
 * object stays until the process ends.
 */
int policy_load(const char *name, const struct policy **out, struct err *e);

/* What pugmark cache has built in, what pin has, and all. */
void policy_names(struct choices *c);
void policy_names_pinning(struct choices *c);
void policy_names_all(struct choices *c);

/* Likewise for pin: also those that only pin, but none that needs the future of requests. */
int policy_load_pinning(const char *name, const struct policy **out, struct err *e);

#endif
