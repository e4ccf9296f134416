// SPDX-License-Identifier: MIT
/*
 * Mappings that drivers make through the DMA API: device, direction, address,
 * bytes. Tracepoints since kernel 6.12; dma_map_page is dma_map_phys from 6.18
 * on, so every name is optional and look() wants one of the two.
 */
#include "collect/probe-look.h"

#include <stdio.h>

static const char no_events[] =
	"use a kernel from 6.12 on, or --probe iommu (no device names) and block-bpf";

static void look(const struct hostfacts *h, struct probe_finding *out)
{
	const bool is_new = hostfacts_has_event(h, "dma", "dma_map_phys");
	if (probe_lacks_event(h, "dma", is_new ? "dma_map_phys" : "dma_map_page", no_events, out))
		return;
	probe_say(out, PROBE_USABLE, "", "");
	probe_is_blind_to_devices(h, out);
}

static const struct probe_tracepoint tracepoints[] = {
	{ "dma", "dma_map_page", true },       { "dma", "dma_map_phys", true },
	{ "dma", "dma_unmap_page", true },     { "dma", "dma_unmap_phys", true },
	{ "dma", "dma_map_resource", true },   { "dma", "dma_unmap_resource", true },
	{ "dma", "dma_map_sg", true },         { "dma", "dma_unmap_sg", true },
	{ "dma", "dma_alloc", true },          { "dma", "dma_free", true },
	{ "dma", "dma_alloc_pages", true },    { "dma", "dma_free_pages", true },
	{ "dma", "dma_alloc_sgt", true },      { "dma", "dma_free_sgt", true },
	{ "net", "net_dev_start_xmit", true }, {},
};

const struct probe probe_dma = {
	.name = "dma",
	.summary = "mappings of the DMA API: device, direction, pages (dma:*)",
	.coverage = "both directions, real addresses, mappings",
	.side = PROBE_DEVICE,
	.is_default = true,
	.tracepoints = tracepoints,
	.look = look,
};
