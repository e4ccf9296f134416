// SPDX-License-Identifier: MIT
/* None: nothing is pinned. What reclaim does to a device that nobody protects. */
#include "policies/pinning.h"

static void *none_init(const struct policy_setup *setup)
{
	return arena_alloc(setup->arena, 0, 1); /* no state, but not NULL */
}

static const struct policy_pinning none_pinning = {};

const struct policy policy_none = {
	.abi = POLICY_ABI,
	.name = "none",
	.summary = "pin nothing: the reference that every saving is measured against",
	.source = "-",
	.init = none_init,
	.pinning = &none_pinning,
};
