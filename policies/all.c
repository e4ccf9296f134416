// SPDX-License-Identifier: MIT
/* The registry: one line a policy, alphabetical; those that only pin have a list of their own. */
#include "policies/policy.h"

#include <string.h>

#define POLICIES(P)           \
	P(policy_2q)          \
	P(policy_arc)         \
	P(policy_clock)       \
	P(policy_fifo)        \
	P(policy_lfu)         \
	P(policy_lru)         \
	P(policy_lru_k)       \
	P(policy_min)         \
	P(policy_s3fifo)      \
	P(policy_s3fifo_2025) \
	P(policy_sieve)

#define PIN_POLICIES(P)         \
	P(policy_at_risk)       \
	P(policy_best_static)   \
	P(policy_map)           \
	P(policy_none)          \
	P(policy_oracle_frozen) \
	P(policy_region)        \
	P(policy_static_all)    \
	P(policy_static_ring)   \
	P(policy_working_set)

#define P(symbol) extern const struct policy symbol;
POLICIES(P)
PIN_POLICIES(P)
#undef P

#define P(symbol) &symbol,
const struct policy *const policies[] = { POLICIES(P) NULL };
const struct policy *const pin_policies[] = { PIN_POLICIES(P) NULL };
#undef P

static const struct policy *find(const struct policy *const *list, const char *name)
{
	for (size_t i = 0; list[i]; i++)
		if (!strcmp(list[i]->name, name))
			return list[i];
	return NULL;
}

const struct policy *policy_find(const char *name)
{
	return find(policies, name);
}

const struct policy *policy_find_pinning(const char *name)
{
	const struct policy *p = find(pin_policies, name);
	return p ? p : find(policies, name);
}
