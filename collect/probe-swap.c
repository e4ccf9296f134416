// SPDX-License-Identifier: MIT
/*
 * Pages that reclaim writes to swap, by frame (vmscan:mm_vmscan_write_folio).
 * The kernel tells neither whose page it is nor when it comes back: that is a
 * major fault (--probe majfault).
 */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (probe_lacks_event(h, "vmscan", "mm_vmscan_write_folio",
			      "use --probe majfault for what comes back from swap", out))
		return;
	if (!h->has_swap)
		probe_say(out, PROBE_BLIND, "no swap is in use: nothing will be written to it",
			  "swapon, if pages should leave memory");
	else
		probe_say(out, PROBE_USABLE,
			  "writes only, by frame; what comes back is a major fault",
			  "record with --probe swap,majfault");
}

static const struct probe_tracepoint tracepoints[] = {
	{ "vmscan", "mm_vmscan_write_folio", false },
	{},
};

const struct probe probe_swap = {
	.name = "swap",
	.summary = "pages that reclaim writes to swap (vmscan:mm_vmscan_write_folio)",
	.coverage = "writes only, first frame of a folio",
	.side = PROBE_CPU,
	.tracepoints = tracepoints,
	.look = look,
};
