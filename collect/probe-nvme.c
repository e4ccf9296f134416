// SPDX-License-Identifier: MIT
/* Commands of NVMe controllers and their completion. Data pages are not in these events. */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!probe_lacks_event(h, "nvme", "nvme_setup_cmd",
			       "no NVMe driver is loaded (modprobe nvme), or --probe block", out))
		probe_say(out, PROBE_USABLE, "", "");
}

static const struct probe_tracepoint tracepoints[] = { { "nvme", "nvme_setup_cmd", false },
						       { "nvme", "nvme_complete_rq", false },
						       {} };

const struct probe probe_nvme = {
	.name = "nvme",
	.summary = "NVMe commands: queue, LBA, latency (nvme:*)",
	.coverage = "requests, no memory addresses",
	.side = PROBE_DEVICE,
	.is_default = true,
	.tracepoints = tracepoints,
	.look = look,
};
