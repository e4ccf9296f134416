// SPDX-License-Identifier: MIT
/* Parameters of policies: rows of section [pin], for commands that run several policies. */
#ifndef PUGMARK_REPLAY_POLICY_PARAMS_H
#define PUGMARK_REPLAY_POLICY_PARAMS_H

#include "base/param.h"
#include "policies/policy.h"

#include <stddef.h>

struct policy_chosen {
	const struct policy *policy;
	void *params; /* set by policy_params_add, for policy_setup.params; the set's arena */
};

/*
 * Adds the rows of the policies that were chosen, and those of all others, which
 * are checked only: a design may be made for more policies than are run.
 */
int policy_params_add(struct param_set *set, struct policy_chosen *chosen, size_t n, struct err *e);

/* Parameters of one policy with their defaults, in the arena; NULL if it has none. */
int policy_params_default(const struct policy *p, struct arena *a, const void **out, struct err *e);

/* The policy's lines of param_canonical; the caller frees, NULL when memory is out. */
char *policy_params_canonical(const struct param_set *set, const struct policy *p);

#endif
