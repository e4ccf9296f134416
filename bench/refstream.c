// SPDX-License-Identifier: MIT
/*
 * Reference stream. zipf(1) is drawn by inverting the harmonic sum with
 * integers only: a table of cumulative weights and a binary search. Page
 * numbers are a fixed scramble of the rank, so hot pages are not neighbours.
 */
#include "bench/refstream.h"

#include <stdlib.h>

enum {
	BLOCK_PAGES = 1 << 20,
};

struct nic {
	uint64_t base, at, pages;
};

struct disk {
	uint64_t base, page;
	unsigned left; /* pages to go of the current run */
};

struct refstream {
	uint64_t state[4], now, req;
	unsigned dev;
	int vary_all;
	struct nic nic[2];
	struct disk disk[2];
	uint64_t *cumulative; /* BLOCK_PAGES weights */
};

/* xoshiro256**, kept here so that the stream never changes with base/rng */
static uint64_t draw(struct refstream *r)
{
	uint64_t *s = r->state;
	const uint64_t x = s[1] * 5, result = (x << 7 | x >> 57) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return result;
}

/* true in ppm of 1,000,000 cases */
static int chance(struct refstream *r, uint32_t ppm)
{
	return (draw(r) >> 32) * 1000000 >> 32 < ppm;
}

static uint64_t below(struct refstream *r, uint32_t n)
{
	return (draw(r) >> 32) * n >> 32;
}

struct refstream *refstream_new(uint64_t seed, int vary_all)
{
	struct refstream *r = calloc(1, sizeof(*r));
	uint64_t *cumulative = malloc(BLOCK_PAGES * sizeof(*cumulative));
	if (!r || !cumulative) {
		free(r);
		free(cumulative);
		return NULL;
	}
	for (int i = 0; i < 4; i++) { /* splitmix64 */
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		r->state[i] = z ^ z >> 31;
	}
	uint64_t sum = 0;
	for (uint64_t rank = 0; rank < BLOCK_PAGES; rank++)
		cumulative[rank] = sum += (UINT64_C(1) << 40) / (rank + 1);
	r->cumulative = cumulative;
	r->vary_all = vary_all;
	r->nic[0] = (struct nic){ .base = 0x10000, .pages = 4096 };
	r->nic[1] = (struct nic){ .base = 0x20000, .pages = 2048 };
	r->disk[0].base = 0x100000;
	r->disk[1].base = 0x300000;
	return r;
}

void refstream_free(struct refstream *r)
{
	if (r)
		free(r->cumulative);
	free(r);
}

static uint64_t zipf_page(struct refstream *r)
{
	const uint64_t x = draw(r) % r->cumulative[BLOCK_PAGES - 1];
	uint32_t low = 0, high = BLOCK_PAGES - 1;

	while (low < high) {
		const uint32_t middle = (low + high) / 2;
		if (r->cumulative[middle] > x)
			high = middle;
		else
			low = middle + 1;
	}
	return (uint64_t)low * 0x9e375 % BLOCK_PAGES; /* odd multiplier: a permutation */
}

/* exponential-like gaps in bursts: geometric over halves of a mean */
static uint64_t gap_ns(struct refstream *r)
{
	const uint64_t mean = chance(r, 800000) ? 380 : 1250;
	uint64_t whole = 0;

	while (draw(r) >> 63) /* each half-life is about 0.69 of the mean */
		whole++;
	return (whole * 1024 + below(r, 1024)) * mean * 665 / (1024 * 1000);
}

static void next_nic(struct refstream *r, struct nic *nic, struct dma_event *out)
{
	nic->at = chance(r, 20000) ? below(r, (uint32_t)nic->pages) : (nic->at + 1) % nic->pages;
	out->pfn = nic->base + nic->at;
	out->op = chance(r, 850000) ? DMA_MAP : DMA_UNMAP;
	out->bytes = chance(r, 700000) ? 1514 : 60 + below(r, 1454);
}

static void next_disk(struct refstream *r, struct disk *disk, struct dma_event *out)
{
	if (!disk->left) {
		disk->page = zipf_page(r);
		disk->left = 1;
		while (chance(r, 560000))
			disk->left++;
	}
	disk->left--;
	out->pfn = disk->base + disk->page++;
	out->op = chance(r, 850000) ? DMA_MAP : DMA_UNMAP;
	out->bytes = chance(r, 870000) ? 4096 : 512 * (1 + below(r, 8));
}

void refstream_next(struct refstream *r, struct dma_event *out)
{
	r->now += gap_ns(r);
	if (!chance(r, 620000))
		r->dev = "\0\1\2\3\2\3"[below(r, 6)];
	*out = (struct dma_event){
		.ts = r->now,
		.dev = (uint16_t)r->dev,
		.dir = DIR_FROM_DEVICE,
		.as = AS_GPA,
		.npages = 1,
		.req = UINT64_MAX,
	};
	if (r->dev < 2)
		next_nic(r, &r->nic[r->dev], out);
	else
		next_disk(r, &r->disk[r->dev - 2], out);
	if (!r->vary_all)
		return;
	out->dir = chance(r, 700000) ? DIR_FROM_DEVICE : DIR_TO_DEVICE;
	out->as = chance(r, 900000) ? AS_GPA : AS_IOVA;
	out->npages = chance(r, 800000) ? 1 : 1 + (uint32_t)below(r, 16);
	out->offset = chance(r, 700000) ? 0 : (uint16_t)(64 * below(r, 64));
	out->req = r->req++;
	out->source = (uint16_t)below(r, 3);
}
