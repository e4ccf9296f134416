// SPDX-License-Identifier: MIT
/*
 * Static-all: all memory of the VM is pinned at the start, as VFIO does today.
 * No page can be swapped out, so no device ever faults, and nothing can be
 * taken back from the VM.
 */
#include "policies/pinning.h"

struct static_all {
	uint32_t npages;
};

static void *static_all_init(const struct policy_setup *setup)
{
	struct static_all *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (s)
		s->npages = setup->npages;
	return s;
}

static void static_all_start(void *state, struct policy_pins *pins)
{
	const struct static_all *s = state;
	for (uint32_t page = 0; page < s->npages; page++)
		pins->pin(pins, page);
}

static const struct policy_pinning static_all_pinning = {
	.is_unbounded = true,
	.start = static_all_start,
};

const struct policy policy_static_all = {
	.abi = POLICY_ABI,
	.name = "static-all",
	.summary = "pin the whole VM at the start, as VFIO does; the budget does not apply",
	.source = "Linux, Documentation/driver-api/vfio.rst",
	.init = static_all_init,
	.pinning = &static_all_pinning,
};
