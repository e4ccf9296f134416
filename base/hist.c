// SPDX-License-Identifier: MIT
/*
 * Log-linear histogram: a bucket's number is the exponent followed by the
 * sub_bits bits after the leading one, so that buckets are contiguous and
 * ordered by value. The idea is HdrHistogram's (G. Tene) and fio's; the
 * numbering is the plain one, without their half-empty first group.
 */
#include "base/hist.h"
#include "base/err.h"

#include <assert.h>
#include <string.h>

static size_t bucket_count(unsigned sub_bits)
{
	return (size_t)(65 - sub_bits) << sub_bits;
}

static size_t bucket_of(const struct hist *h, uint64_t v)
{
	const unsigned b = h->sub_bits;

	if (v >> b == 0)
		return v;
	const unsigned shift = 63 - b - (unsigned)__builtin_clzll(v);
	return ((size_t)shift << b) + (v >> shift);
}

/* The greatest value of a bucket. */
static uint64_t bucket_end(const struct hist *h, size_t i)
{
	const unsigned b = h->sub_bits;

	if (i >> b == 0)
		return i;
	const unsigned shift = (unsigned)(i >> b) - 1;
	const uint64_t top = (i & ((UINT64_C(1) << b) - 1)) + (UINT64_C(1) << b);
	return (top << shift) + ((UINT64_C(1) << shift) - 1);
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

int hist_init(struct hist *h, unsigned sub_bits, struct arena *a)
{
	assert(sub_bits >= HIST_SUB_BITS_MIN && sub_bits <= HIST_SUB_BITS_MAX);
	*h = (struct hist){ .sub_bits = sub_bits, .min = UINT64_MAX };
	h->buckets = arena_alloc(a, bucket_count(sub_bits), sizeof(*h->buckets));
	return h->buckets ? 0 : ERR_NOMEM;
}

void hist_reset(struct hist *h)
{
	memset(h->buckets, 0, bucket_count(h->sub_bits) * sizeof(*h->buckets));
	*h = (struct hist){ .sub_bits = h->sub_bits, .min = UINT64_MAX, .buckets = h->buckets };
}

void hist_record(struct hist *h, uint64_t v)
{
	hist_record_n(h, v, 1);
}

void hist_record_n(struct hist *h, uint64_t v, uint64_t n)
{
	uint64_t *bucket = &h->buckets[bucket_of(h, v)];

	if (!n)
		return;
	*bucket = add_saturating(*bucket, n);
	h->count = add_saturating(h->count, n);
	h->sum += (unsigned __int128)v * n;
	if (v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
}

void hist_merge(struct hist *h, const struct hist *src)
{
	assert(h->sub_bits == src->sub_bits);
	for (size_t i = 0; i < bucket_count(h->sub_bits); i++)
		h->buckets[i] = add_saturating(h->buckets[i], src->buckets[i]);
	h->count = add_saturating(h->count, src->count);
	h->sum += src->sum;
	if (src->min < h->min)
		h->min = src->min;
	if (src->max > h->max)
		h->max = src->max;
}

uint64_t hist_percentile(const struct hist *h, uint64_t ppm)
{
	const unsigned __int128 scaled = (unsigned __int128)h->count * ppm;
	const unsigned __int128 rank = (scaled + 999999) / 1000000;
	uint64_t seen = 0;

	if (!h->count)
		return 0;
	if (rank <= 1)
		return h->min;
	if (rank >= h->count)
		return h->max;
	for (size_t i = bucket_of(h, h->min);; i++) {
		seen = add_saturating(seen, h->buckets[i]);
		if (seen >= rank) {
			const uint64_t end = bucket_end(h, i);
			return end < h->max ? end : h->max;
		}
	}
}

uint64_t hist_mean(const struct hist *h)
{
	return h->count ? (uint64_t)(h->sum / h->count) : 0;
}

uint64_t hist_count_to(const struct hist *h, uint64_t v)
{
	const size_t last = bucket_of(h, v);
	uint64_t n = 0;

	for (size_t i = 0; i <= last; i++)
		n = add_saturating(n, h->buckets[i]);
	return n;
}
