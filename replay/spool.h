// SPDX-License-Identifier: MIT
/*
 * A long row of 32-bit numbers, written once and read any number of times by
 * blocks, forwards or backwards, by any number of threads. Up to a fixed bound
 * it stays in memory; what is beyond lies in an unlinked temporary file in
 * $TMPDIR, so memory does not grow with the trace.
 */
#ifndef PUGMARK_REPLAY_SPOOL_H
#define PUGMARK_REPLAY_SPOOL_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SPOOL_BLOCK = 1 << 14, /* numbers a block; the last may be shorter */
	SPOOL_MEMORY_BYTES = 64 << 20,
};

struct spool {
	struct arena arena;
	uint32_t *memory; /* the first memory_max numbers */
	uint64_t n, memory_max;
	uint32_t *pending; /* the block being filled, once memory is full */
	int fd;            /* -1: no file yet */
};

/* memory_bytes: bound of what stays in memory; rounded down to whole blocks. */
int spool_init(struct spool *s, size_t memory_bytes, struct err *e);
void spool_deinit(struct spool *s);

int spool_put(struct spool *s, const uint32_t *values, size_t n, struct err *e);

/* After the last put, before the first get. */
int spool_finish(struct spool *s, struct err *e);

static inline uint64_t spool_blocks(const struct spool *s)
{
	return (s->n + SPOOL_BLOCK - 1) / SPOOL_BLOCK;
}

/*
 * A block's numbers: a pointer into memory, or into scratch (SPOOL_BLOCK
 * numbers, the caller's) when they come from the file.
 */
int spool_get(const struct spool *s, uint64_t block, uint32_t *scratch, const uint32_t **values_out,
	      size_t *n_out, struct err *e);

#endif
