// SPDX-License-Identifier: MIT
/*
 * Accesses of pages counted over a short time instead of kept one by one: a
 * busy device maps the same pages thousands of times a second, and of each page
 * a row and a count is all that models of memory ask for.
 *
 * What counts: an access; a mapping that the device reads (to-device, both) at
 * its map; one that it writes (from-device, both) at its unmap. When a mapping
 * was live is lost. Allocations are not counted, they are few and last.
 */
#ifndef PUGMARK_COLLECT_EPOCH_H
#define PUGMARK_COLLECT_EPOCH_H

#include "base/err.h"
#include "store/kinds.h"

#include <stdbool.h>
#include <stdint.h>

enum { EPOCH_RANGE_PAGES = 512 }; /* longer rows are one row as they are */

struct epoch;

int epoch_new(struct epoch **out, struct err *e);
void epoch_free(struct epoch *x);

/* Whether a row is to be counted; else it is kept as it is. */
bool epoch_wants(const struct dma_event *row);

/* Counts a row that is wanted; one that is neither access nor the end it is read at is dropped. */
int epoch_add(struct epoch *x, const struct dma_event *row, struct err *e);

/* Bytes it holds. */
uint64_t epoch_bytes(const struct epoch *x);

/*
 * Hands out what was counted as access rows at a time, in order of device,
 * source and page; neighbours with the same count are one row. Empties it.
 */
typedef int (*epoch_put)(void *ctx, const struct dma_event *row, struct err *e);
int epoch_take(struct epoch *x, uint64_t ts, epoch_put put, void *ctx, struct err *e);

#endif
