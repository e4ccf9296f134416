// SPDX-License-Identifier: MIT
/*
 * A second opinion on generated workloads: host memory as one exact LRU list by
 * CPU recency, which device accesses do not refresh; a fault puts its page at
 * the head. No swap device, no time. Pinning is idealised: a page that faulted
 * is pinned for good while the budget lasts. Not the product's model (sim/),
 * so that one checks the other.
 */
#ifndef PUGMARK_T_GEN_REPLAY_H
#define PUGMARK_T_GEN_REPLAY_H

#include "replay/gen.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_SECOND = 1000000000 };

struct host {
	uint64_t npages, limit, resident, budget, pinned;
	uint32_t *next, *prev; /* npages is the head of the list */
	uint8_t *is_resident, *is_pinned;
	uint64_t faults[GEN_DEVICES], cpu_faults;
	uint64_t second[GEN_DEVICES], in_second[GEN_DEVICES], worst_second[GEN_DEVICES];
	uint32_t *page_faults;
};

static inline void host_init(struct host *h, uint64_t npages, uint64_t limit, uint64_t budget)
{
	*h = (struct host){ .npages = npages, .limit = limit, .budget = budget };
	h->next = calloc(npages + 1, sizeof(*h->next));
	h->prev = calloc(npages + 1, sizeof(*h->prev));
	h->is_resident = calloc(npages, 1);
	h->is_pinned = calloc(npages, 1);
	h->page_faults = calloc(npages, sizeof(*h->page_faults));
	if (!h->next || !h->prev || !h->is_resident || !h->is_pinned || !h->page_faults)
		abort();
	h->next[npages] = h->prev[npages] = (uint32_t)npages;
}

static inline void host_deinit(struct host *h)
{
	free(h->next);
	free(h->prev);
	free(h->is_resident);
	free(h->is_pinned);
	free(h->page_faults);
}

static inline void host_unlink(struct host *h, uint32_t page)
{
	h->next[h->prev[page]] = h->next[page];
	h->prev[h->next[page]] = h->prev[page];
}

static inline void host_link(struct host *h, uint32_t page)
{
	const uint32_t head = (uint32_t)h->npages;
	h->next[page] = h->next[head];
	h->prev[page] = head;
	h->prev[h->next[head]] = page;
	h->next[head] = page;
}

static inline void host_bring_in(struct host *h, uint32_t page)
{
	h->is_resident[page] = true;
	if (++h->resident > h->limit && h->prev[h->npages] != h->npages) {
		const uint32_t victim = h->prev[h->npages];
		host_unlink(h, victim);
		h->is_resident[victim] = false;
		h->resident--;
	}
	if (!h->is_pinned[page])
		host_link(h, page);
}

static inline void host_cpu(struct host *h, uint32_t page)
{
	if (!h->is_resident[page]) {
		h->cpu_faults++;
		host_bring_in(h, page);
	} else if (!h->is_pinned[page]) {
		host_unlink(h, page);
		host_link(h, page);
	}
}

static inline void host_dma(struct host *h, uint32_t page, unsigned dev, uint64_t ts)
{
	if (h->is_resident[page])
		return;
	const uint64_t second = ts / HOST_SECOND;
	h->faults[dev]++;
	h->page_faults[page]++;
	h->in_second[dev] = second == h->second[dev] ? h->in_second[dev] + 1 : 1;
	h->second[dev] = second;
	if (h->in_second[dev] > h->worst_second[dev])
		h->worst_second[dev] = h->in_second[dev];
	if (h->pinned < h->budget) {
		h->is_pinned[page] = true;
		h->pinned++;
	}
	host_bring_in(h, page);
}

/* What a trace says of each page that a device used. */
struct footprint {
	uint64_t npages, window_ns, window;
	uint32_t *visits[GEN_DEVICES], *seen[GEN_DEVICES]; /* number of window, plus one */
	uint64_t unique[GEN_DEVICES], late[GEN_DEVICES];   /* sums over windows */
};

static inline void footprint_init(struct footprint *f, uint64_t npages, uint64_t window_ns)
{
	*f = (struct footprint){ .npages = npages, .window_ns = window_ns };
	for (unsigned d = 0; d < GEN_DEVICES; d++) {
		f->visits[d] = calloc(npages, sizeof(**f->visits));
		f->seen[d] = calloc(npages, sizeof(**f->seen));
		if (!f->visits[d] || !f->seen[d])
			abort();
	}
}

static inline void footprint_deinit(struct footprint *f)
{
	for (unsigned d = 0; d < GEN_DEVICES; d++) {
		free(f->visits[d]);
		free(f->seen[d]);
	}
}

static inline void footprint_dma(struct footprint *f, uint32_t page, unsigned dev, uint64_t ts)
{
	const uint32_t window = (uint32_t)(ts / f->window_ns) + 1;
	f->visits[dev][page]++;
	if (f->seen[dev][page] == window)
		return;
	f->seen[dev][page] = window;
	f->unique[dev]++;
	f->late[dev] += ts % f->window_ns >= f->window_ns / 3 * 2;
}

/* Pages visited more than twice, of those visited, in ppm. */
static inline uint64_t footprint_often_ppm(const struct footprint *f, unsigned dev)
{
	uint64_t visited = 0, often = 0;
	for (uint64_t i = 0; i < f->npages; i++) {
		visited += f->visits[dev][i] > 0;
		often += f->visits[dev][i] > 2;
	}
	return visited ? often * 1000000 / visited : 0;
}

#endif
