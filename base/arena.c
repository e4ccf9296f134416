// SPDX-License-Identifier: MIT
/*
 * Arena of chained blocks. Small requests share a block; a request above half
 * a block is mapped alone, so that huge pages can be advised and growth of one
 * table never copies another.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	ALIGN_BYTES = 64,
	BLOCK_SIZE_BYTES = 1 << 16,
	HUGE_BYTES = 2 << 20,
};

struct arena_block {
	struct arena_block *next;
	size_t used_bytes;
	size_t size_bytes; /* of the whole block, this header included */
	bool is_mapped;
	_Alignas(ALIGN_BYTES) unsigned char data[];
};

static struct arena_block *new_block(size_t payload_bytes)
{
	size_t size;
	if (__builtin_add_overflow(payload_bytes, sizeof(struct arena_block), &size))
		return NULL;

	const bool map = size >= HUGE_BYTES;
	struct arena_block *b;
	if (map) {
		b = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (b == MAP_FAILED)
			return NULL;
		madvise(b, size, MADV_HUGEPAGE); /* advice only: failure costs speed */
	} else {
		if (posix_memalign((void **)&b, ALIGN_BYTES, size))
			return NULL;
		memset(b, 0, size);
	}
	b->size_bytes = size;
	b->is_mapped = map;
	return b;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	size_t want;
	if (__builtin_mul_overflow(n, size, &want) || want > SIZE_MAX / 2)
		return NULL;
	want = (want + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);

	struct arena_block *b = a->head;
	if (!b || b->size_bytes - sizeof(*b) - b->used_bytes < want) {
		const bool alone = want > BLOCK_SIZE_BYTES / 2;
		struct arena_block *fresh = new_block(alone ? want : BLOCK_SIZE_BYTES);
		if (!fresh)
			return NULL;
		if (alone && b) { /* keep filling the shared block */
			fresh->next = b->next;
			b->next = fresh;
		} else {
			fresh->next = b;
			a->head = fresh;
		}
		b = fresh;
	}

	void *p = b->data + b->used_bytes;
	b->used_bytes += want;
	a->total_bytes += want;
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	const size_t n = strlen(s) + 1;
	char *copy = arena_alloc(a, n, 1);
	return copy ? memcpy(copy, s, n) : NULL;
}

void arena_deinit(struct arena *a)
{
	for (struct arena_block *b = a->head; b;) {
		struct arena_block *next = b->next;
		if (b->is_mapped)
			munmap(b, b->size_bytes);
		else
			free(b);
		b = next;
	}
	*a = (struct arena){};
}
