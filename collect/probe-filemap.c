// SPDX-License-Identifier: MIT
/*
 * Frames of the page cache as they are put into it: where buffered I/O will go,
 * without BPF and without the DMA API. Inferred: the device's access follows,
 * at a time and in a direction that are not told.
 */
#include "collect/probe-look.h"

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	if (!probe_lacks_event(h, "filemap", "mm_filemap_add_to_page_cache",
			       "use --probe block-bpf, which tells the pages of each request", out))
		probe_say(out, PROBE_USABLE,
			  "sees buffered I/O only, once a page: neither direct I/O nor writeback",
			  "for each request and its direction: --probe block-bpf");
}

static const struct probe_tracepoint tracepoints[] = {
	{ "filemap", "mm_filemap_add_to_page_cache", false },
	{},
};

const struct probe probe_filemap = {
	.name = "filemap",
	.summary = "frames of buffered I/O (filemap:mm_filemap_add_to_page_cache)",
	.coverage = "inferred: page-cache inserts, direction not told",
	.side = PROBE_DEVICE,
	.tracepoints = tracepoints,
	.look = look,
};
