// SPDX-License-Identifier: MIT
/*
 * The reference stream of the store benchmarks: synthetic, deterministic, and
 * as hard to compress as the one the goals were measured on (research notes:
 * two NICs walking rings of 4096 and 2048 pages with 2 % jumps, two block
 * devices with zipf(1) runs over 1M pages, bursty choice of device, 1.81 M
 * events/s). Time, device, op, page and bytes vary; the rest is constant.
 */
#ifndef PUGMARK_BENCH_REFSTREAM_H
#define PUGMARK_BENCH_REFSTREAM_H

#include "store/kinds.h"

#include <stdint.h>

struct refstream;

/* vary_all: the constant columns vary as well (page counts, offsets, requests ...). */
struct refstream *refstream_new(uint64_t seed, int vary_all);
void refstream_next(struct refstream *r, struct dma_event *out);
void refstream_free(struct refstream *r);

#endif
