// SPDX-License-Identifier: MIT
/*
 * Arena: many allocations, one release. A run's state lives in one arena, so
 * no hot path allocates and no model has to free. Memory is zeroed, aligned to
 * 64 bytes; large tables advise huge pages (1.3-1.75x on random access).
 */
#ifndef PUGMARK_BASE_ARENA_H
#define PUGMARK_BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *head; /* newest block */
	size_t total_bytes;       /* given out, for memory reports */
};

/* An arena is ready when zeroed: `struct arena a = {};` */

/*
 * Zeroed memory owned by the arena; NULL when memory is out or n * size
 * overflows. n or size may be 0: the result is then a valid, empty pointer.
 */
__attribute__((visibility("default"))) /* loaded policies call it */
void *
arena_alloc(struct arena *a, size_t n, size_t size);

/* A copy of s owned by the arena, or NULL. */
char *arena_strdup(struct arena *a, const char *s);

/* Releases everything; the arena may be used again. */
void arena_deinit(struct arena *a);

/* released at the end of its scope */
#define _arena_ __attribute__((cleanup(arena_deinit)))

#endif
