// SPDX-License-Identifier: MIT
/* Tracepoints of the kernel's memory management to rows; part of collect/tracepoint.c. */
#ifndef PUGMARK_COLLECT_TRACEPOINT_MEMORY_H
#define PUGMARK_COLLECT_TRACEPOINT_MEMORY_H

#include "collect/evformat.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * filemap:mm_filemap_add_to_page_cache, fields pfn, s_dev and (NULL: not told)
 * order: the frames that a block device will fill, or that will be written to
 * it; which of the two is not told. Fills all of row but device and source.
 * False: cannot be.
 */
bool memory_page_cache(const struct evfield *pfn, const struct evfield *s_dev,
		       const struct evfield *order, const uint8_t *rec, size_t n,
		       struct dma_event *row, uint32_t *s_dev_out);

/*
 * vmscan:mm_vmscan_write_folio, fields pfn and reclaim_flags: a page of reclaim
 * on its way out, to swap unless it is a file's. Fills all of row but source.
 */
bool memory_reclaim_write(const struct evfield *pfn, const struct evfield *flags,
			  const uint8_t *rec, size_t n, struct swap_event *row, bool *is_swap_out);

#endif
