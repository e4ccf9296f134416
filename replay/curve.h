// SPDX-License-Identifier: MIT
/*
 * LRU miss curves: the misses of every cache size from one pass, exact (Mattson
 * et al. 1970) or from a sample of pages (SHARDS with a fixed number of pages
 * and adjustment; C. A. Waldspurger et al., FAST 2015).
 */
#ifndef PUGMARK_REPLAY_CURVE_H
#define PUGMARK_REPLAY_CURVE_H

#include "base/arena.h"
#include "base/err.h"
#include "replay/source.h"
#include "replay/spool.h"

#include <stdbool.h>
#include <stdint.h>

struct curve {
	struct arena arena;
	uint64_t requests, unique_pages;
	uint64_t step_pages; /* sizes are multiples of it: 1 when exact */
	uint64_t n;          /* sizes 0, step .. (n - 1) * step; flat from there on */
	uint64_t *misses;    /* by size / step */
};

/* Memory while it runs: 13.6 bytes a page; afterwards 8. */
int curve_exact(const struct spool *requests, uint32_t npages, struct curve *out, struct err *e);

/*
 * Keeps max_pages pages, drawn evenly under seed, so memory is
 * fixed: about 60 bytes for each of them and 2 MiB for the curve. Counts are
 * estimates; unique_pages too.
 */
int curve_sample(const struct page_source *source, uint32_t max_pages, uint64_t seed,
		 struct curve *out, struct err *e);

void curve_deinit(struct curve *c);

/* Whether misses[i] is worth a row: the first, the last, and where it falls. i at least 1. */
static inline bool curve_is_step(const struct curve *c, uint64_t i)
{
	return i == 1 || i + 1 == c->n || c->misses[i] != c->misses[i - 1];
}

/* Misses of an LRU cache of size_pages. */
static inline uint64_t curve_misses(const struct curve *c, uint64_t size_pages)
{
	const uint64_t i = size_pages / c->step_pages;
	return c->misses[i < c->n ? i : c->n - 1];
}

#endif
