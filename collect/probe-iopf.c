// SPDX-License-Identifier: MIT
/*
 * Recoverable I/O page faults: intel_iommu:prq_report and the page group
 * response (qi_submit) that ends it, a real round trip. iommu:io_page_fault is
 * the error path, not PRI, and is recorded as such.
 */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (probe_lacks_event(h, "intel_iommu", "prq_report",
			      "needs a VT-d IOMMU with PRI and the intel_iommu driver; "
			      "iommu:io_page_fault is an error path, not PRI",
			      out))
		return;
	probe_say(out, PROBE_USABLE, "", "");
}

static const struct probe_tracepoint tracepoints[] = {
	{ "intel_iommu", "prq_report", false },
	{ "intel_iommu", "qi_submit", true },
	{ "iommu", "io_page_fault", true },
	{},
};

const struct probe probe_iopf = {
	.name = "iopf",
	.summary = "recoverable I/O page faults and their round trip (intel_iommu:prq_report)",
	.coverage = "page requests of devices with PRI",
	.side = PROBE_DEVICE,
	.is_default = true,
	.tracepoints = tracepoints,
	.look = look,
};
