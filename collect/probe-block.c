// SPDX-License-Identifier: MIT
/* Requests of the block layer: sector, bytes, latency; an LBA is not a memory page. */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!probe_lacks_event(h, "block", "block_rq_issue",
			       "use a kernel with CONFIG_BLK_DEV_IO_TRACE", out))
		probe_say(out, PROBE_USABLE, "", "");
}

static const struct probe_tracepoint tracepoints[] = { { "block", "block_rq_issue", false },
						       { "block", "block_rq_complete", false },
						       {} };

const struct probe probe_block = {
	.name = "block",
	.summary = "block requests: sector, bytes, latency (block_rq_issue, block_rq_complete)",
	.coverage = "requests, no memory addresses",
	.side = PROBE_DEVICE,
	.is_default = true,
	.tracepoints = tracepoints,
	.look = look,
};
