// SPDX-License-Identifier: MIT
/* Parameters of one policy for a test. */
#ifndef PUGMARK_T_POLICY_SETS_H
#define PUGMARK_T_POLICY_SETS_H

#include "replay/policy-params.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

/* Defaults and `sets`, texts as after --set, NULL at the end (or NULL); the arena's. */
static inline const void *policy_sets(const struct policy *p, const char *const *sets,
				      struct arena *a)
{
	struct param_set set = { .arena = a };
	struct policy_chosen chosen = { .policy = p };
	struct err e = {};
	int rc = policy_params_add(&set, &chosen, 1, &e);
	for (; sets && *sets && !rc; sets++)
		rc = param_assign(&set, *sets, &e);
	if (rc)
		fail_msg("%s", e.msg);
	return chosen.params;
}

#endif
