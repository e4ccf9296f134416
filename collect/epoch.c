// SPDX-License-Identifier: MIT
/*
 * An open hash of pages, emptied by sorting: pages of one buffer lie side by
 * side, and become one row.
 */
#include "collect/epoch.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 1 << 12, SLOTS_MAX = 1 << 24 };

struct slot {
	uint64_t whose, pfn, bytes; /* whose: device, source, address space, direction */
	uint32_t count;             /* 0: free */
};

static uint64_t whose(const struct dma_event *row)
{
	return (uint64_t)row->dev << 32 | (uint64_t)row->source << 16 | (uint64_t)row->as << 8 |
	       row->dir;
}

struct epoch {
	struct slot *slots;
	uint32_t mask, n;
};

int epoch_new(struct epoch **out, struct err *e)
{
	struct epoch *x = calloc(1, sizeof(*x));
	if (x)
		x->slots = calloc(SLOTS_FIRST, sizeof(*x->slots));
	if (!x || !x->slots) {
		epoch_free(x);
		return err_set(e, ERR_NOMEM, "no memory to count pages");
	}
	x->mask = SLOTS_FIRST - 1;
	*out = x;
	return 0;
}

void epoch_free(struct epoch *x)
{
	if (x)
		free(x->slots);
	free(x);
}

uint64_t epoch_bytes(const struct epoch *x)
{
	return ((uint64_t)x->mask + 1) * sizeof(*x->slots);
}

bool epoch_wants(const struct dma_event *row)
{
	return row->op == DMA_MAP || row->op == DMA_UNMAP || row->op == DMA_ACCESS;
}

static bool is_access(const struct dma_event *row)
{
	if (row->op == DMA_MAP)
		return row->dir != DIR_FROM_DEVICE;
	return row->op == DMA_ACCESS || row->dir == DIR_FROM_DEVICE || row->dir == DIR_BOTH;
}

static bool is_same(const struct slot *a, const struct slot *b)
{
	return a->pfn == b->pfn && a->whose == b->whose;
}

static struct slot *find(const struct epoch *x, const struct slot *key)
{
	uint64_t h = key->pfn + key->whose * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
	for (uint32_t i = (uint32_t)(h >> 32) & x->mask;; i = (i + 1) & x->mask)
		if (!x->slots[i].count || is_same(&x->slots[i], key))
			return &x->slots[i];
}

static int grow(struct epoch *x, struct err *e)
{
	const uint32_t slots = x->mask + 1;
	struct epoch larger = { .mask = 2 * slots - 1, .n = x->n };
	if (slots < SLOTS_MAX)
		larger.slots = calloc(2 * (size_t)slots, sizeof(*larger.slots));
	if (!larger.slots)
		return err_set(e, ERR_NOMEM, "no memory to count %u pages", x->n);
	for (uint32_t i = 0; i < slots; i++)
		if (x->slots[i].count)
			*find(&larger, &x->slots[i]) = x->slots[i];
	free(x->slots);
	*x = larger;
	return 0;
}

int epoch_add(struct epoch *x, const struct dma_event *row, struct err *e)
{
	const uint32_t npages = row->npages ? row->npages : 1;
	if (!is_access(row))
		return 0;
	for (uint32_t i = 0; i < npages; i++) {
		const struct slot key = { .whose = whose(row), .pfn = row->pfn + i };
		if (x->n >= x->mask / 2) {
			const int rc = grow(x, e);
			if (rc)
				return rc;
		}
		struct slot *s = find(x, &key);
		if (!s->count) {
			*s = key;
			x->n++;
		}
		s->count += s->count < UINT32_MAX;
		s->bytes += row->bytes / npages + (i < row->bytes % npages);
	}
	return 0;
}

static int in_order(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	if (x->whose != y->whose)
		return x->whose < y->whose ? -1 : 1;
	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, RADIX_LEAST = 64 };

static uint64_t word_of(const struct slot *s, bool is_whose)
{
	return is_whose ? s->whose : s->pfn;
}

/* By one digit of a word, keeping the order of equal ones. */
static void sort_by(const struct slot *from, struct slot *to, uint32_t n, bool is_whose,
		    unsigned shift)
{
	uint32_t at[DIGITS] = {};
	for (uint32_t i = 0; i < n; i++)
		at[word_of(&from[i], is_whose) >> shift & (DIGITS - 1)]++;
	for (uint32_t digit = 0, next = 0; digit < DIGITS; digit++) {
		const uint32_t count = at[digit];
		at[digit] = next;
		next += count;
	}
	for (uint32_t i = 0; i < n; i++)
		to[at[word_of(&from[i], is_whose) >> shift & (DIGITS - 1)]++] = from[i];
}

/* As in_order says, digit by digit: pages of a tick differ in few of them. */
static void sort(struct slot *slots, uint32_t n)
{
	struct slot *from = slots, *to = n < RADIX_LEAST ? NULL : malloc(n * sizeof(*to));
	struct slot *const other = to;
	uint64_t pfn_bits = 0, whose_bits = 0;
	if (!other) {
		qsort(slots, n, sizeof(*slots), in_order);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		pfn_bits |= slots[i].pfn ^ slots[0].pfn;
		whose_bits |= slots[i].whose ^ slots[0].whose;
	}
	for (unsigned digit = 0; digit < 2 * 64 / DIGIT_BITS; digit++) {
		const bool is_whose = digit >= 64 / DIGIT_BITS;
		const unsigned shift = digit % (64 / DIGIT_BITS) * DIGIT_BITS;
		if (!((is_whose ? whose_bits : pfn_bits) >> shift & (DIGITS - 1)))
			continue;
		sort_by(from, to, n, is_whose, shift);
		struct slot *const sorted = to;
		to = from;
		from = sorted;
	}
	if (from != slots)
		memcpy(slots, from, n * sizeof(*slots));
	free(other);
}

static bool goes_on(const struct slot *a, const struct slot *b)
{
	const struct slot next = { .whose = a->whose, .pfn = a->pfn + 1 };
	return is_same(&next, b) && a->count == b->count;
}

int epoch_take(struct epoch *x, uint64_t ts, epoch_put put, void *ctx, struct err *e)
{
	uint32_t n = 0;
	int rc = 0;
	for (uint32_t i = 0; i <= x->mask; i++)
		if (x->slots[i].count)
			x->slots[n++] = x->slots[i];
	sort(x->slots, n);
	for (uint32_t from = 0, to; from < n && !rc; from = to) {
		const struct slot *s = &x->slots[from];
		uint64_t bytes = s->bytes;
		for (to = from + 1; to < n && goes_on(&x->slots[to - 1], &x->slots[to]); to++)
			bytes += x->slots[to].bytes;
		const struct dma_event row = { .ts = ts,
					       .dev = (u16)(s->whose >> 32),
					       .op = DMA_ACCESS,
					       .dir = (u8)s->whose,
					       .as = (u8)(s->whose >> 8),
					       .pfn = s->pfn,
					       .npages = to - from,
					       .bytes = bytes,
					       .req = UINT64_MAX,
					       .source = (u16)(s->whose >> 16),
					       .count = s->count };
		rc = put(ctx, &row, e);
	}
	memset(x->slots, 0, ((size_t)x->mask + 1) * sizeof(*x->slots));
	x->n = 0;
	return rc;
}
