// SPDX-License-Identifier: MIT
/* Page faults of CPUs by address: of the recorded process, or of all. */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!probe_lacks_event(h, "exceptions", "page_fault_user",
			       "an x86 kernel has it; elsewhere use --probe majfault", out))
		probe_say(out, PROBE_USABLE, "", "");
}

static const struct probe_tracepoint tracepoints[] = { { "exceptions", "page_fault_user", false },
						       {} };

const struct probe probe_fault = {
	.name = "fault",
	.summary = "CPU page faults by address (exceptions:page_fault_user)",
	.coverage = "user-mode faults of CPUs, virtual addresses",
	.side = PROBE_CPU,
	.is_of_target = true,
	.tracepoints = tracepoints,
	.look = look,
};
