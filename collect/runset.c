// SPDX-License-Identifier: MIT
/* Sorted blocks under a directory; a full block is split, an empty one is dropped. */
#include "collect/runset.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_RUNS = 128 };

struct runset_block {
	uint32_t n;
	struct iommu_run runs[BLOCK_RUNS];
};

static bool is_after(const struct iommu_run *r, uint64_t iova, uint64_t order)
{
	return r->iova != iova ? r->iova > iova : r->order > order;
}

/* First block whose first run lies after the key; 0 .. nblocks. */
static uint32_t block_after(const struct runset *s, uint64_t iova, uint64_t order)
{
	uint32_t lo = 0, hi = s->nblocks;
	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (is_after(&s->blocks[mid]->runs[0], iova, order))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static uint32_t run_after(const struct runset_block *b, uint64_t iova, uint64_t order)
{
	uint32_t lo = 0, hi = b->n;
	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (is_after(&b->runs[mid], iova, order))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Makes room for one more block at index at. */
static struct runset_block *insert_block(struct runset *s, uint32_t at)
{
	if (s->nblocks == s->cap) {
		const uint32_t cap = s->cap ? s->cap * 2 : 4;
		struct runset_block **p = realloc(s->blocks, cap * sizeof(*p));
		if (!p)
			return NULL;
		s->blocks = p;
		s->cap = cap;
	}
	struct runset_block *b = malloc(sizeof(*b));
	if (!b)
		return NULL;
	b->n = 0;
	memmove(s->blocks + at + 1, s->blocks + at, (s->nblocks - at) * sizeof(*s->blocks));
	s->blocks[at] = b;
	s->nblocks++;
	return b;
}

int runset_add(struct runset *s, const struct iommu_run *run, struct err *e)
{
	uint32_t at = block_after(s, run->iova, run->order);
	if (at)
		at--;
	else if (!s->nblocks && !insert_block(s, 0))
		return err_set(e, ERR_NOMEM, "no memory for %llu IOMMU mappings",
			       (unsigned long long)s->count + 1);

	struct runset_block *b = s->blocks[at];
	if (b->n == BLOCK_RUNS) {
		struct runset_block *upper = insert_block(s, at + 1);
		if (!upper)
			return err_set(e, ERR_NOMEM, "no memory for %llu IOMMU mappings",
				       (unsigned long long)s->count + 1);
		b->n = BLOCK_RUNS / 2;
		upper->n = BLOCK_RUNS - b->n;
		memcpy(upper->runs, b->runs + b->n, upper->n * sizeof(*b->runs));
		if (!is_after(&upper->runs[0], run->iova, run->order))
			b = upper;
	}
	const uint32_t i = run_after(b, run->iova, run->order);
	memmove(b->runs + i + 1, b->runs + i, (b->n - i) * sizeof(*b->runs));
	b->runs[i] = *run;
	b->n++;
	s->count++;
	return 0;
}

void runset_remove(struct runset *s, struct runset_pos pos)
{
	struct runset_block *b = s->blocks[pos.block];
	b->n--;
	memmove(b->runs + pos.i, b->runs + pos.i + 1, (b->n - pos.i) * sizeof(*b->runs));
	s->count--;
	if (b->n)
		return;
	if (s->nblocks == 1)
		return; /* the last one stays: most sets hover around a single run */
	free(b);
	s->nblocks--;
	memmove(s->blocks + pos.block, s->blocks + pos.block + 1,
		(s->nblocks - pos.block) * sizeof(*s->blocks));
}

void runset_deinit(struct runset *s)
{
	for (uint32_t i = 0; i < s->nblocks; i++)
		free(s->blocks[i]);
	free(s->blocks);
	*s = (struct runset){};
}

bool runset_floor(const struct runset *s, uint64_t iova, uint64_t order, struct runset_pos *out)
{
	if (!s->count)
		return false;
	const uint32_t block = block_after(s, iova, order);
	if (!block)
		return false;
	*out = (struct runset_pos){ block - 1, run_after(s->blocks[block - 1], iova, order) - 1 };
	return true;
}

bool runset_ceiling(const struct runset *s, uint64_t iova, uint64_t order, struct runset_pos *out)
{
	struct runset_pos pos;
	if (!s->count)
		return false;
	if (!runset_floor(s, iova, order, &pos)) {
		*out = (struct runset_pos){};
		return true;
	}
	const struct iommu_run *r = runset_at(s, pos);
	if (r->iova != iova || r->order != order) {
		if (++pos.i == s->blocks[pos.block]->n) {
			pos.i = 0;
			if (++pos.block == s->nblocks)
				return false;
		}
	}
	*out = pos;
	return true;
}

bool runset_previous(const struct runset *s, struct runset_pos *pos)
{
	if (pos->i) {
		pos->i--;
		return true;
	}
	if (!pos->block)
		return false;
	pos->block--;
	pos->i = s->blocks[pos->block]->n - 1;
	return true;
}

struct iommu_run *runset_at(const struct runset *s, struct runset_pos pos)
{
	return &s->blocks[pos.block]->runs[pos.i];
}
