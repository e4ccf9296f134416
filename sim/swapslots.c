// SPDX-License-Identifier: MIT
#include "sim/swapslots.h"
#include "base/err.h"

#include <stdbool.h>
#include <string.h>

int swapslots_init(struct swapslots *s, uint32_t npages, uint32_t nwriters, uint32_t window_max,
		   struct arena *arena)
{
	*s = (struct swapslots){ .nwriters = nwriters, .window_max = window_max };
	/* a writer may sit on a cluster that has room while another needs a slot */
	s->nclusters = npages / SWAPSLOTS_CLUSTER + nwriters + 1;

	const size_t nslots = (size_t)s->nclusters * SWAPSLOTS_CLUSTER;
	s->page = arena_alloc(arena, nslots, sizeof(*s->page));
	s->used = arena_alloc(arena, s->nclusters, sizeof(*s->used));
	s->queue_next = arena_alloc(arena, s->nclusters, sizeof(*s->queue_next));
	if (!s->page || !s->used || !s->queue_next)
		return ERR_NOMEM;

	memset(s->page, 0xff, nslots * sizeof(*s->page));
	for (uint32_t i = 0; i < s->nclusters; i++)
		s->queue_next[i] = i;
	for (uint32_t i = 0; i < nwriters; i++)
		s->writer[i].cluster = SWAPSLOT_NONE;
	s->queue_first = s->queue_last = SWAPSLOT_NONE;
	/* as the kernel starts: a window at once, before anything was hit */
	s->hits = 4;
	s->last_slot = SWAPSLOT_NONE - 1;
	return 0;
}

static bool is_open(const struct swapslots *s, uint32_t cluster)
{
	for (uint32_t i = 0; i < s->nwriters; i++)
		if (s->writer[i].cluster == cluster)
			return true;
	return false;
}

static void enqueue(struct swapslots *s, uint32_t cluster)
{
	if (s->queue_next[cluster] != cluster || s->queue_last == cluster)
		return;
	if (s->queue_last == SWAPSLOT_NONE)
		s->queue_first = cluster;
	else
		s->queue_next[s->queue_last] = cluster;
	s->queue_last = cluster;
}

static uint32_t dequeue(struct swapslots *s)
{
	const uint32_t cluster = s->queue_first;
	if (cluster == SWAPSLOT_NONE)
		return s->nopened++;
	if (cluster == s->queue_last)
		s->queue_first = s->queue_last = SWAPSLOT_NONE;
	else
		s->queue_first = s->queue_next[cluster];
	s->queue_next[cluster] = cluster;
	return cluster;
}

uint32_t swapslots_take(struct swapslots *s, uint32_t page, uint32_t writer)
{
	for (;;) {
		const uint32_t cluster = s->writer[writer].cluster;
		if (cluster != SWAPSLOT_NONE) {
			const uint32_t base = cluster * SWAPSLOTS_CLUSTER;
			for (uint32_t i = s->writer[writer].next; i < SWAPSLOTS_CLUSTER; i++) {
				if (s->page[base + i] != SWAPSLOT_NONE)
					continue;
				s->page[base + i] = page;
				s->used[cluster]++;
				s->writer[writer].next = i + 1;
				return base + i;
			}
			s->writer[writer].cluster = SWAPSLOT_NONE;
			/* slots behind the writer's back were given up meanwhile */
			if (s->used[cluster] < SWAPSLOTS_CLUSTER)
				enqueue(s, cluster);
		}
		s->writer[writer].cluster = dequeue(s);
		s->writer[writer].next = 0;
	}
}

void swapslots_release(struct swapslots *s, uint32_t slot)
{
	const uint32_t cluster = slot / SWAPSLOTS_CLUSTER;
	s->page[slot] = SWAPSLOT_NONE;
	s->used[cluster]--;
	if (!is_open(s, cluster))
		enqueue(s, cluster);
}

void swapslots_window(struct swapslots *s, uint32_t slot, uint32_t *first_out, uint32_t *last_out)
{
	*first_out = *last_out = slot;
	if (s->window_max <= 1)
		return;

	const uint32_t hits = s->hits;
	uint32_t pages = 4;
	if (hits)
		while (pages < hits + 2)
			pages *= 2;
	else
		pages = slot == s->last_slot + 1 || slot + 1 == s->last_slot ? 2 : 1;
	if (pages > s->window_max)
		pages = s->window_max;
	if (pages < s->window / 2)
		pages = s->window / 2;
	if (!hits)
		s->last_slot = slot;
	s->hits = 0;
	s->window = pages;
	*first_out = slot & ~(pages - 1);
	*last_out = slot | (pages - 1);
}
