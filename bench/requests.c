// SPDX-License-Identifier: MIT
/* Requests for benchmarks. Only here is floating point used, to draw ranks. */
#include "bench/requests.h"

#include "base/rng.h"

#include <stdbool.h>
#include <stdlib.h>

void requests_zipf(uint64_t *pages)
{
	double *sum = malloc(ZIPF_OBJECTS * sizeof(*sum)), total = 0;
	struct rng r;
	rng_init(&r, 1, "zipf");
	for (int i = 0; i < ZIPF_OBJECTS; i++)
		sum[i] = total += 1.0 / (i + 1);
	for (int i = 0; i < ZIPF_REQUESTS; i++) {
		const double u = (double)(rng_next(&r) >> 11) * 0x1p-53 * total;
		int low = 0, high = ZIPF_OBJECTS - 1;
		while (low < high) {
			const int middle = (low + high) / 2;
			if (sum[middle] < u)
				low = middle + 1;
			else
				high = middle;
		}
		pages[i] = splitmix64_mix((uint64_t)low) >> 16;
	}
	free(sum);
}

void requests_block(uint64_t *pages)
{
	struct extent {
		uint64_t first;
		uint32_t pages, at;
	} *extents = calloc(BLOCK_EXTENTS, sizeof(*extents));
	struct rng r;
	rng_init(&r, 1, "block");
	for (uint32_t i = 0; i < BLOCK_EXTENTS; i++)
		extents[i] = (struct extent){ .first = (uint64_t)i << 10 | rng_below(&r, 800),
					      .pages = 8 + (uint32_t)rng_below(&r, 121) };
	for (size_t i = 0; i < BLOCK_REQUESTS;) {
		const bool is_hot = rng_below(&r, 100) < 60;
		struct extent *x = &extents[is_hot ? rng_below(&r, BLOCK_EXTENTS / 10) * 10
						   : rng_below(&r, BLOCK_EXTENTS)];
		if (rng_below(&r, 2))
			x->at = (uint32_t)rng_below(&r, x->pages);
		for (uint64_t n = 1 + rng_below(&r, 64); n && i < BLOCK_REQUESTS; n--) {
			pages[i++] = x->first + x->at;
			x->at = x->at + 1 == x->pages ? 0 : x->at + 1;
		}
	}
	free(extents);
}
