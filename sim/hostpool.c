// SPDX-License-Identifier: MIT
/*
 * A pool of VMs under one limit. Whose turn it is to give up pages goes by
 * smooth weighted round robin: each round every VM gains as many credits as it
 * has pages charged, and the one with the most pays the sum of all.
 */
#include "sim/reclaim.h"

struct member {
	struct hostmem *h;
	int64_t credit;
	uint64_t offset_ns; /* of its time 0 on the pool's clock */
	void (*before)(void *ctx, struct ns now);
	void *ctx;
};

struct hostmem_pool {
	struct member *vms;
	uint32_t n, max;
	uint64_t limit;
};

int hostmem_pool_new(uint64_t limit_pages, uint32_t nvms_max, struct arena *arena,
		     struct hostmem_pool **out, struct err *e)
{
	if (!limit_pages)
		return err_set(e, ERR_USAGE, "a pool of 0 pages leaves its VMs no memory");
	struct hostmem_pool *p = arena_alloc(arena, 1, sizeof(*p));
	if (!p)
		return err_set(e, ERR_NOMEM, "pool of VMs: out of memory");
	p->limit = limit_pages;
	p->max = nvms_max;
	p->vms = arena_alloc(arena, nvms_max, sizeof(*p->vms));
	if (!p->vms)
		return err_set(e, ERR_NOMEM, "pool of %u VMs: out of memory", nvms_max);
	*out = p;
	return 0;
}

int hostmem_pool_join(struct hostmem_pool *p, struct hostmem *h, struct err *e)
{
	if (p->n == p->max)
		return err_set(e, ERR_USAGE, "the pool has its %u VMs already", p->max);
	if (h->pool || hostmem_charged(h))
		return err_set(e, ERR_USAGE, "a VM joins one pool, before its first page");
	h->pool_place = p->n;
	p->vms[p->n++].h = h;
	h->pool = p;
	return 0;
}

void hostmem_pool_place(struct hostmem *h, uint64_t offset_ns,
			void (*before)(void *ctx, struct ns now), void *ctx)
{
	struct member *m = &h->pool->vms[h->pool_place];
	m->offset_ns = offset_ns;
	m->before = before;
	m->ctx = ctx;
}

uint64_t hostmem_pool_charged(const struct hostmem_pool *p)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < p->n; i++)
		sum += hostmem_charged(p->vms[i].h);
	return sum;
}

uint64_t hostpool_limit(const struct hostmem_pool *p)
{
	return p->limit;
}

static struct member *next_turn(struct hostmem_pool *p)
{
	struct member *best = NULL;
	int64_t sum = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		struct member *m = &p->vms[i];
		m->credit += (int64_t)hostmem_charged(m->h);
		sum += (int64_t)hostmem_charged(m->h);
		if (!best || m->credit > best->credit)
			best = m;
	}
	if (best)
		best->credit -= sum;
	return best;
}

/* now: of the pool's clock; a VM that has not begun is at its time 0. */
static uint64_t shrink(struct member *m, const struct hostmem *asking, uint64_t now)
{
	if (!m->h->reclaim->shrink)
		return 0;
	const struct ns own = { now > m->offset_ns ? now - m->offset_ns : 0 };
	if (m->before && m->h != asking)
		m->before(m->ctx, own);
	return m->h->reclaim->shrink(m->h, own);
}

static uint64_t shrink_any(struct hostmem_pool *p, const struct hostmem *asking, uint64_t now)
{
	struct member *m = next_turn(p);
	uint64_t freed = m ? shrink(m, asking, now) : 0;
	/* all of that VM may be pinned: the others are asked in their order */
	for (uint32_t i = 0; i < p->n && !freed; i++)
		freed = shrink(&p->vms[i], asking, now);
	return freed;
}

uint64_t hostpool_shrink(struct hostmem *asking, struct ns now)
{
	struct hostmem_pool *p = asking->pool;
	return shrink_any(p, asking, now.v + p->vms[asking->pool_place].offset_ns);
}

void hostmem_pool_set_limit(struct hostmem_pool *p, uint64_t pages, struct ns now)
{
	p->limit = pages;
	while (hostmem_pool_charged(p) > p->limit && shrink_any(p, NULL, now.v))
		;
}
