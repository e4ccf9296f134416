// SPDX-License-Identifier: MIT
/* Sentences that several probes' look() share. */
#ifndef PUGMARK_COLLECT_PROBE_LOOK_H
#define PUGMARK_COLLECT_PROBE_LOOK_H

#include "collect/hostfacts.h"
#include "collect/probe.h"

/* Fills out; formats as printf. */
void probe_say(struct probe_finding *out, enum probe_status status, const char *reason,
	       const char *remedy);
void probe_sayf(struct probe_finding *out, enum probe_status status, const char *remedy,
		const char *reason_format, ...) __attribute__((format(printf, 4, 5)));

/*
 * What stands between us and tracepoints of a system whoever we are: true, and
 * out says so, when there is no tracefs, no such event or no right to it.
 */
bool probe_lacks_event(const struct hostfacts *h, const char *system, const char *event,
		       const char *remedy_if_absent, struct probe_finding *out);

/* dma:* and iommu:* alike: devices whose DMA the host's kernel does not map. True when all. */
bool probe_is_blind_to_devices(const struct hostfacts *h, struct probe_finding *out);

#endif
