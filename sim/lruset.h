// SPDX-License-Identifier: MIT
/*
 * Set-associative caches of keys under true LRU: TLBs, walk caches, tag caches.
 * A set is an array of `ways` keys, most recent first, so that a hit on a hot
 * key costs one comparison and the victim is always the last. Fully associative
 * is one set. All inline: a model touches one several times an access.
 *
 * Leaves out: other replacement (hardware has pseudo-LRU trees), and what an
 * entry holds besides its key.
 */
#ifndef PUGMARK_SIM_LRUSET_H
#define PUGMARK_SIM_LRUSET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* No key of a caller's may be this. */
#define LRUSET_EMPTY UINT64_MAX

struct lruset {
	uint64_t *keys;       /* arena: nsets times ways */
	uint64_t mask;        /* nsets - 1 if that is a power of two, else 0 */
	uint32_t nsets, ways; /* ways 0: no cache at all, nothing ever hits */
};

static inline void lruset_clear(struct lruset *c)
{
	for (uint64_t i = 0; i < (uint64_t)c->nsets * c->ways; i++)
		c->keys[i] = LRUSET_EMPTY;
}

/* entries a multiple of ways, or both 0. false: out of memory */
static inline bool lruset_init(struct lruset *c, uint32_t entries, uint32_t ways, struct arena *a)
{
	const uint32_t nsets = ways ? entries / ways : 1;
	*c = (struct lruset){ .nsets = nsets,
			      .ways = ways,
			      .mask = nsets & (nsets - 1) ? 0 : nsets - 1 };
	c->keys = arena_alloc(a, entries, sizeof(*c->keys));
	if (c->keys)
		lruset_clear(c);
	return c->keys;
}

/* The set that a number (page, line) falls into: the number modulo the sets. */
static inline uint64_t *lruset_at(const struct lruset *c, uint64_t number)
{
	const uint64_t set = c->mask || c->nsets == 1 ? number & c->mask : number % c->nsets;
	return c->keys + set * c->ways;
}

/*
 * Looks up and makes most recent in one sweep: each key moves one place down
 * until the looked-for one, or the victim, falls out. Whether it was there.
 */
static inline bool lruset_touch(const struct lruset *c, uint64_t number, uint64_t key)
{
	uint64_t *set = lruset_at(c, number), moved = key;
	for (uint32_t i = 0; i < c->ways; i++) {
		const uint64_t old = set[i];
		set[i] = moved;
		if (old == key)
			return true;
		moved = old;
	}
	return false;
}

/* For fully associative ones (one set): makes a key most recent if it is there. */
static inline bool lruset_promote(const struct lruset *c, uint64_t key)
{
	uint32_t at = 0;
	while (at < c->ways && c->keys[at] != key)
		at++;
	if (at == c->ways)
		return false;
	for (; at; at--)
		c->keys[at] = c->keys[at - 1];
	c->keys[0] = key;
	return true;
}

/* Likewise: puts in a key that is not there, in the place of the oldest. */
static inline void lruset_insert(const struct lruset *c, uint64_t key)
{
	for (uint32_t at = c->ways; at > 1; at--)
		c->keys[at - 1] = c->keys[at - 2];
	if (c->ways)
		c->keys[0] = key;
}

/* Drops the keys that fn tells; the others keep their order. */
static inline void lruset_drop(struct lruset *c, bool (*fn)(uint64_t key, uint64_t wanted),
			       uint64_t wanted)
{
	for (uint64_t *set = c->keys; set < c->keys + (uint64_t)c->nsets * c->ways;
	     set += c->ways) {
		uint32_t kept = 0;
		for (uint32_t i = 0; i < c->ways; i++)
			if (set[i] != LRUSET_EMPTY && !fn(set[i], wanted))
				set[kept++] = set[i];
		while (kept < c->ways)
			set[kept++] = LRUSET_EMPTY;
	}
}

#endif
