// SPDX-License-Identifier: MIT
/* The registry: one line a policy, alphabetical. */
#include "policies/policy.h"

#include <string.h>

#define POLICIES(P)           \
	P(policy_arc)         \
	P(policy_clock)       \
	P(policy_fifo)        \
	P(policy_lfu)         \
	P(policy_lru)         \
	P(policy_min)         \
	P(policy_s3fifo)      \
	P(policy_s3fifo_2025) \
	P(policy_sieve)

#define P(symbol) extern const struct policy symbol;
POLICIES(P)
#undef P

#define P(symbol) &symbol,
const struct policy *const policies[] = { POLICIES(P) NULL };
#undef P

const struct policy *policy_find(const char *name)
{
	for (size_t i = 0; policies[i]; i++)
		if (!strcmp(policies[i]->name, name))
			return policies[i];
	return NULL;
}
