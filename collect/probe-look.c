// SPDX-License-Identifier: MIT
/* What doctor says of sources that fail for the same reasons. */
#include "collect/probe-look.h"

#include <stdarg.h>
#include <stdio.h>

void probe_say(struct probe_finding *out, enum probe_status status, const char *reason,
	       const char *remedy)
{
	out->status = status;
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
	snprintf(out->remedy, sizeof(out->remedy), "%s", remedy);
}

void probe_sayf(struct probe_finding *out, enum probe_status status, const char *remedy,
		const char *reason_format, ...)
{
	va_list ap;
	va_start(ap, reason_format);
	vsnprintf(out->reason, sizeof(out->reason), reason_format, ap);
	va_end(ap);
	out->status = status;
	snprintf(out->remedy, sizeof(out->remedy), "%s", remedy);
}

bool probe_lacks_event(const struct hostfacts *h, const char *system, const char *event,
		       const char *remedy_if_absent, struct probe_finding *out)
{
	if (!h->has_tracefs) {
		const bool is_root = hostfacts_may(h, HOST_CAP_DAC_READ) ||
				     hostfacts_may(h, HOST_CAP_SYS_ADMIN);
		if (is_root)
			probe_say(out, PROBE_ABSENT,
				  "tracefs is not mounted, or not in this kernel",
				  "mount -t tracefs tracefs /sys/kernel/tracing");
		else
			probe_say(out, PROBE_DENIED, "tracefs is not readable for this user",
				  "run as root or with CAP_DAC_READ_SEARCH and CAP_PERFMON");
		return true;
	}
	if (!hostfacts_has_event(h, system, event)) {
		probe_sayf(out, PROBE_ABSENT, remedy_if_absent, "kernel %s has no tracepoint %s:%s",
			   h->kernel, system, event);
		return true;
	}
	if (!hostfacts_may_trace(h)) {
		probe_sayf(out, PROBE_DENIED,
			   "run as root or with CAP_PERFMON, or set kernel.perf_event_paranoid=-1",
			   "kernel.perf_event_paranoid is %d and CAP_PERFMON is missing",
			   h->perf_paranoid);
		return true;
	}
	return false;
}

bool probe_is_blind_to_devices(const struct hostfacts *h, struct probe_finding *out)
{
	const unsigned all = h->virtio.n + h->assigned.n;
	if (h->assigned.n)
		probe_sayf(out, PROBE_USABLE,
			   "use --probe agent or iommufd, or record inside the guest",
			   "blind to %u device%s assigned to guests: guest memory is mapped once, "
			   "their DMA is never seen here (%s)",
			   h->assigned.n, h->assigned.n == 1 ? "" : "s", h->assigned.names);
	else if (h->virtio_direct.n)
		probe_sayf(out, PROBE_USABLE,
			   "start the VM with iommu_platform=on, or use --probe block-bpf and "
			   "filemap, or record in the host's VMM with --probe agent",
			   "blind to %u of %u virtio devices, which have no ACCESS_PLATFORM and "
			   "skip the DMA API: %s",
			   h->virtio_direct.n, h->virtio.n, h->virtio_direct.names);
	if (!all || h->pci.n > h->virtio.n)
		return false;
	if (h->virtio_direct.n + h->assigned.n < all)
		return false;
	out->status = PROBE_BLIND;
	return true;
}
