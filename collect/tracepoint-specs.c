// SPDX-License-Identifier: MIT
/*
 * The table of tracepoints, by kernel 6.12 to 6.18; a name with '|' lists what
 * kernels call a field.
 */
#include "collect/tracepoint-specs.h"

#include <stddef.h>
#include <string.h>

static const struct tracepoint_spec specs[] = {
	{ "dma",
	  "dma_map_page",
	  DMA_MAP_ONE,
	  { "device", "dir", "dma_addr", "size", "phys_addr" } },
	{ "dma",
	  "dma_map_phys",
	  DMA_MAP_ONE,
	  { "device", "dir", "dma_addr", "size", "phys_addr" } },
	{ "dma",
	  "dma_map_resource",
	  DMA_MAP_ONE,
	  { "device", "dir", "dma_addr", "size", "phys_addr" } },
	{ "dma", "dma_unmap_page", DMA_UNMAP_ONE, { "device", "dir", "addr|dma_addr", "size" } },
	{ "dma", "dma_unmap_phys", DMA_UNMAP_ONE, { "device", "dir", "addr|dma_addr", "size" } },
	{ "dma",
	  "dma_unmap_resource",
	  DMA_UNMAP_ONE,
	  { "device", "dir", "addr|dma_addr", "size" } },
	{ "dma", "dma_alloc", DMA_ALLOC_ONE, { "device", "?dir", "dma_addr", "size" } },
	{ "dma", "dma_alloc_pages", DMA_ALLOC_ONE, { "device", "?dir", "dma_addr", "size" } },
	{ "dma",
	  "dma_alloc_sgt",
	  DMA_ALLOC_LIST,
	  { "device", "?dir", "dma_addr", "size", "phys_addrs" } },
	{ "dma", "dma_free", DMA_FREE_ONE, { "device", "?dir", "dma_addr", "size" } },
	{ "dma", "dma_free_pages", DMA_FREE_ONE, { "device", "?dir", "dma_addr", "size" } },
	{ "dma", "dma_free_sgt", DMA_FREE_ONE, { "device", "?dir", "dma_addr", "size" } },
	{ "dma",
	  "dma_map_sg",
	  DMA_MAP_LIST,
	  { "device", "dir", "phys_addrs", "dma_addrs", "lengths", "?truncated", "?full_ents" } },
	{ "dma", "dma_unmap_sg", DMA_UNMAP_LIST, { "device", "dir", "addrs|phys_addrs" } },
	{ "iommu", "map", IOMMU_MAP, { "iova", "paddr", "size" } },
	{ "iommu", "unmap", IOMMU_UNMAP, { "iova", "size" } },
	{ "block",
	  "block_rq_issue",
	  BLOCK_ISSUE,
	  { "dev", "sector", "nr_sector", "rwbs", "bytes" } },
	{ "block", "block_rq_complete", BLOCK_COMPLETE, { "dev", "sector", "nr_sector", "?rwbs" } },
	{ "nvme",
	  "nvme_setup_cmd",
	  NVME_SETUP,
	  { "ctrl_id", "qid", "cid", "disk", "opcode", "nsid", "cdw10" } },
	{ "nvme", "nvme_complete_rq", NVME_COMPLETE, { "ctrl_id", "qid", "cid" } },
	{ "exceptions", "page_fault_user", PAGE_FAULT, { "address", "ip", "error_code" } },
	{ "exceptions", "page_fault_kernel", PAGE_FAULT, { "address", "ip", "error_code" } },
	{ "net", "net_dev_start_xmit", XMIT, {} },
	{ "intel_iommu", "prq_report", PRQ_REPORT, { "dev", "dw0", "dw1" } },
	{ "intel_iommu", "qi_submit", QI_SUBMIT, { "qw0", "qw1" } },
	{ "iommu", "io_page_fault", IO_PAGE_FAULT, { "device", "iova", "?flags" } },
	{ "filemap", "mm_filemap_add_to_page_cache", PAGE_CACHE_ADD, { "pfn", "s_dev", "?order" } },
	{ "vmscan", "mm_vmscan_write_folio", RECLAIM_WRITE, { "pfn", "reclaim_flags" } },
};

const struct tracepoint_spec *tracepoint_spec_find(const char *system, const char *name)
{
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		if (!strcmp(specs[i].name, name) && !strcmp(specs[i].system, system))
			return &specs[i];
	return NULL;
}
