// SPDX-License-Identifier: MIT
/* The tracepoints that have a decoder (collect/tracepoint.c), and the fields that it needs. */
#ifndef PUGMARK_COLLECT_TRACEPOINT_SPECS_H
#define PUGMARK_COLLECT_TRACEPOINT_SPECS_H

enum { TRACEPOINT_FIELDS_MAX = 8 };

enum tracepoint_kind {
	OTHER, /* seen and filtered */
	XMIT,  /* likewise, but tells what the next mapping is for */
	DMA_MAP_ONE,
	DMA_UNMAP_ONE,
	DMA_ALLOC_ONE,
	DMA_ALLOC_LIST,
	DMA_FREE_ONE,
	DMA_MAP_LIST,
	DMA_UNMAP_LIST,
	IOMMU_MAP,
	IOMMU_UNMAP,
	BLOCK_ISSUE,
	BLOCK_COMPLETE,
	NVME_SETUP,
	NVME_COMPLETE,
	PAGE_FAULT,
	PRQ_REPORT,
	QI_SUBMIT,
	IO_PAGE_FAULT,
	PAGE_CACHE_ADD,
	RECLAIM_WRITE,
};

/* Fields in the order the decoder knows them; a leading '?' makes one optional. */
struct tracepoint_spec {
	const char *system, *name;
	enum tracepoint_kind kind;
	const char *fields[TRACEPOINT_FIELDS_MAX];
};

/* NULL: a tracepoint that is only counted. */
const struct tracepoint_spec *tracepoint_spec_find(const char *system, const char *name);

#endif
