// SPDX-License-Identifier: MIT
/* Mappings in the IOMMU: IOVA and frame, without device; joined with dma:* where both are seen. */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (probe_lacks_event(h, "iommu", "map", "use a kernel with CONFIG_IOMMU_API", out))
		return;
	if (!h->has_iommu) {
		probe_say(out, PROBE_BLIND, "no IOMMU translates here: nothing is ever mapped",
			  "enable the IOMMU (intel_iommu=on), or use --probe dma or block-bpf");
		return;
	}
	if (h->is_passthrough) {
		probe_say(out, PROBE_BLIND,
			  "the IOMMU is in passthrough mode: drivers map nothing in it",
			  "boot without iommu.passthrough=1 and iommu=pt, or use --probe dma");
		return;
	}
	probe_say(out, PROBE_USABLE, "", "");
	probe_is_blind_to_devices(h, out);
}

static const struct probe_tracepoint tracepoints[] = { { "iommu", "map", false },
						       { "iommu", "unmap", false },
						       {} };

const struct probe probe_iommu = {
	.name = "iommu",
	.summary = "IOVA and frame of each mapping in the IOMMU (iommu:map, unmap)",
	.coverage = "both directions, real addresses, mappings without device",
	.side = PROBE_DEVICE,
	.is_default = true,
	.tracepoints = tracepoints,
	.look = look,
};
