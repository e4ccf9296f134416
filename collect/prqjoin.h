// SPDX-License-Identifier: MIT
/*
 * Page requests of devices (PRI) as the VT-d driver tells them: prq_report when
 * it takes a request from the queue, qi_submit of a page group response when it
 * answers. One iopf row per request; all requests of a group share the answer,
 * found by requester, PASID and group index. Between the two lies what the host
 * does about a fault: `resume` - `report`.
 *
 * Rows leave in order, when they are answered, after 10 s of the recording
 * (outcome unknown), or when ROWS_MAX wait. The times before the driver reads a
 * request (detection, queue, interrupt) are not told. An access that the IOMMU
 * refuses (io_page_fault) is a failed row of a source of its own.
 *
 * Source: VT-d specification, chapters 7 (page requests) and 6.5.2.9 (page
 * group response); drivers/iommu/intel/prq.c of 6.12.
 */
#ifndef PUGMARK_COLLECT_PRQJOIN_H
#define PUGMARK_COLLECT_PRQJOIN_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stdint.h>

/* In a row's `source` until the caller puts a number of its own there. */
enum prqjoin_source { PRQJOIN_REQUEST, PRQJOIN_ERROR, PRQJOIN_SOURCES };

struct prqjoin;

int prqjoin_new(int (*row)(void *ctx, const struct iopf_event *row, struct err *e), void *ctx,
		struct prqjoin **out, struct err *e);
void prqjoin_free(struct prqjoin *j);

/* A page request descriptor, its first two quadwords. */
int prqjoin_request(struct prqjoin *j, uint64_t ts, uint16_t dev, uint64_t qw0, uint64_t qw1,
		    struct err *e);

/* A descriptor for the IOMMU; 1 when it is no answer to a request that waits. */
int prqjoin_descriptor(struct prqjoin *j, uint64_t ts, uint64_t qw0, uint64_t qw1, struct err *e);

/* write: 0, 1, or UINT8_MAX where it is not told. */
int prqjoin_error(struct prqjoin *j, uint64_t ts, uint16_t dev, uint64_t iova, uint8_t write,
		  struct err *e);

/* Gives out all rows that wait. */
int prqjoin_finish(struct prqjoin *j, struct err *e);

/* No row that is still to come is older; UINT64_MAX: none waits. */
uint64_t prqjoin_oldest(const struct prqjoin *j);

#endif
