// SPDX-License-Identifier: MIT
/* Chained hash over a pool of entries; indices instead of pointers, so that the pool may move. */
#include "collect/mapset.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHAIN_MAX = 64,
	HEADS_MIN = 256,
	BY_BUS = 0,
	BY_PHYS = 1,
};

static uint32_t hash_page(uint64_t addr)
{
	return (uint32_t)((addr >> PAGE_SHIFT) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

void mapset_init(struct mapset *s, uint64_t max)
{
	*s = (struct mapset){
		.max = max < UINT32_MAX / 2 ? max : UINT32_MAX / 2,
		.entries_free = MAPSET_NONE,
		.pieces_free = MAPSET_NONE,
		.offset_mask = PAGE_BYTES - 1,
	};
}

void mapset_deinit(struct mapset *s)
{
	free(s->entries);
	free(s->pieces);
	free(s->heads[BY_BUS]);
	free(s->heads[BY_PHYS]);
	*s = (struct mapset){};
}

static void link_in(struct mapset *s, uint32_t at, int by)
{
	struct mapset_entry *m = &s->entries[at];
	uint32_t *head = &s->heads[by][m->hash[by] & s->mask];
	m->next[by] = *head;
	*head = at;
}

static void link_out(struct mapset *s, uint32_t at, int by)
{
	uint32_t *link = &s->heads[by][s->entries[at].hash[by] & s->mask];
	while (*link != at)
		link = &s->entries[*link].next[by];
	*link = s->entries[at].next[by];
}

/* Doubles the heads; entries are linked again, the oldest first so that order stays. */
static int grow_heads(struct mapset *s, struct err *e)
{
	const uint32_t n = s->mask ? 2 * (s->mask + 1) : HEADS_MIN;
	for (int by = BY_BUS; by <= BY_PHYS; by++) {
		uint32_t *fresh = malloc(n * sizeof(*fresh));
		if (!fresh)
			return err_set(e, ERR_NOMEM, "no memory for %llu live mappings",
				       (unsigned long long)s->live);
		memset(fresh, 0xff, n * sizeof(*fresh));
		uint32_t *old = s->heads[by];
		const uint32_t nold = s->mask ? s->mask + 1 : 0;
		for (uint32_t h = 0; h < nold; h++) {
			uint32_t reversed = MAPSET_NONE;
			for (uint32_t at = old[h], next; at != MAPSET_NONE; at = next) {
				next = s->entries[at].next[by];
				s->entries[at].next[by] = reversed;
				reversed = at;
			}
			for (uint32_t at = reversed, next; at != MAPSET_NONE; at = next) {
				next = s->entries[at].next[by];
				uint32_t *head = &fresh[s->entries[at].hash[by] & (n - 1)];
				s->entries[at].next[by] = *head;
				*head = at;
			}
		}
		free(old);
		s->heads[by] = fresh;
	}
	s->mask = n - 1;
	return 0;
}

/* An index into a pool: from its free list, or new; MAPSET_NONE when memory is out. */
static uint32_t pool_take(void **pool, size_t size, uint32_t *n, uint32_t *cap)
{
	if (*n == *cap) {
		const uint32_t bigger = *cap ? *cap * 2 : 64;
		void *p = realloc(*pool, bigger * size);
		if (!p)
			return MAPSET_NONE;
		*pool = p;
		*cap = bigger;
	}
	return (*n)++;
}

/* The chain that at was linked into may hold CHAIN_MAX entries. */
static void cut_chain(struct mapset *s, uint32_t at, int by)
{
	uint32_t last = at;
	for (unsigned n = 1; s->entries[last].next[by] != MAPSET_NONE; n++) {
		last = s->entries[last].next[by];
		if (n == CHAIN_MAX) {
			mapset_remove(s, last);
			return;
		}
	}
}

int mapset_add(struct mapset *s, const struct mapset_entry *m, uint32_t *at_out, struct err *e)
{
	*at_out = MAPSET_NONE;
	if (s->live >= s->max)
		return 0;
	if (!s->mask || s->live > s->mask) {
		const int rc = grow_heads(s, e);
		if (rc)
			return rc;
	}

	uint32_t at = s->entries_free;
	if (at != MAPSET_NONE)
		s->entries_free = s->entries[at].next[BY_BUS];
	else
		at = pool_take((void **)&s->entries, sizeof(*s->entries), &s->nentries,
			       &s->entries_cap);
	if (at == MAPSET_NONE)
		return err_set(e, ERR_NOMEM, "no memory for %llu live mappings",
			       (unsigned long long)s->live);

	struct mapset_entry *dst = &s->entries[at];
	*dst = *m;
	dst->first.next = MAPSET_NONE;
	dst->hash[BY_BUS] = hash_page(m->iova_len ? m->iova : m->dma_addr);
	dst->hash[BY_PHYS] = hash_page(m->first.addr);
	if (m->iova_len)
		s->offset_mask |= m->dma_addr - m->iova;
	s->live++;
	link_in(s, at, BY_BUS);
	if (m->is_list)
		link_in(s, at, BY_PHYS);
	cut_chain(s, at, BY_BUS);
	if (m->is_list)
		cut_chain(s, at, BY_PHYS);
	*at_out = at;
	return 0;
}

int mapset_add_piece(struct mapset *s, uint32_t at, const struct mapset_piece *p, uint32_t *last,
		     struct err *e)
{
	uint32_t i = s->pieces_free;
	if (i != MAPSET_NONE)
		s->pieces_free = s->pieces[i].next;
	else if (s->npieces < s->max)
		i = pool_take((void **)&s->pieces, sizeof(*s->pieces), &s->npieces, &s->pieces_cap);
	else
		return 0; /* full: the unmapping will lack these pages */
	if (i == MAPSET_NONE)
		return err_set(e, ERR_NOMEM, "no memory for %u pieces of mappings", s->npieces);

	s->pieces[i] = *p;
	s->pieces[i].next = MAPSET_NONE;
	*(*last == MAPSET_NONE ? &s->entries[at].first.next : &s->pieces[*last].next) = i;
	*last = i;
	return 0;
}

void mapset_remove(struct mapset *s, uint32_t at)
{
	struct mapset_entry *m = &s->entries[at];
	link_out(s, at, BY_BUS);
	if (m->is_list)
		link_out(s, at, BY_PHYS);
	for (uint32_t i = m->first.next, next; i != MAPSET_NONE; i = next) {
		next = s->pieces[i].next;
		s->pieces[i].next = s->pieces_free;
		s->pieces_free = i;
	}
	m->next[BY_BUS] = s->entries_free;
	s->entries_free = at;
	s->live--;
}

static uint32_t chain(const struct mapset *s, int by, uint64_t addr)
{
	return s->mask ? s->heads[by][hash_page(addr) & s->mask] : MAPSET_NONE;
}

void mapset_drop_iova(struct mapset *s, uint16_t dev, uint64_t iova)
{
	for (uint32_t at = chain(s, BY_BUS, iova), next; at != MAPSET_NONE; at = next) {
		next = s->entries[at].next[BY_BUS];
		const struct mapset_entry *m = &s->entries[at];
		if (m->iova_len && m->iova == iova && m->dev == dev)
			mapset_remove(s, at);
	}
}

uint32_t mapset_find_dma(const struct mapset *s, uint16_t dev, uint64_t dma_addr)
{
	uint32_t found = MAPSET_NONE;
	/* an IOVA starts at a multiple of the IOMMU's page, which may be larger than ours */
	for (uint64_t page = PAGE_BYTES - 1;; page = page << 2 | 3) {
		for (uint32_t at = chain(s, BY_BUS, dma_addr & ~page); at != MAPSET_NONE;
		     at = s->entries[at].next[BY_BUS])
			if (s->entries[at].dma_addr == dma_addr && s->entries[at].dev == dev)
				found = at;
		if (found != MAPSET_NONE || page >= s->offset_mask || page >= UINT64_C(0xffff))
			return found;
	}
}

uint32_t mapset_find_list(const struct mapset *s, uint16_t dev, uint64_t phys)
{
	uint32_t found = MAPSET_NONE;
	for (uint32_t at = chain(s, BY_PHYS, phys); at != MAPSET_NONE;
	     at = s->entries[at].next[BY_PHYS])
		if (s->entries[at].first.addr == phys && s->entries[at].dev == dev)
			found = at;
	return found;
}

uint32_t mapset_find_iova(const struct mapset *s, uint64_t iova, uint64_t len, bool *has_others)
{
	uint32_t found = MAPSET_NONE;
	*has_others = false;
	for (uint32_t at = chain(s, BY_BUS, iova); at != MAPSET_NONE;
	     at = s->entries[at].next[BY_BUS]) {
		const struct mapset_entry *m = &s->entries[at];
		if (!m->iova_len || m->iova != iova || m->iova_len != len)
			continue;
		if (found != MAPSET_NONE && s->entries[found].dev != m->dev)
			*has_others = true;
		found = at;
	}
	return found;
}
