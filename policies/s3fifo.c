// SPDX-License-Identifier: MIT
/*
 * S3-FIFO: a small queue S (10 %) filters pages seen once, a main queue M
 * keeps the rest with up to three further rounds, a ghost queue G remembers
 * what S dropped: a page asked for again while in G goes straight to M. A
 * page leaves S for M when it was hit twice there.
 *
 * Two variants are in use and differ by up to 4 % in misses, so both are named:
 * `s3fifo` is the paper's; `s3fifo-2025` also fills M with new pages while S is
 * full and nothing has been evicted yet. Unlike libCacheSim, which below 20
 * pages holds nothing at all, small capacities work as the text says.
 */
#include "policies/policy.h"

enum where { NOWHERE, IN_S, IN_M, IN_G };
enum { TOUCHES_MAX = 3 };

/* A queue of pages in a ring; M and S are never longer than the capacity. */
struct s3queue {
	uint32_t *page;
	uint32_t size, head, n; /* head: the oldest */
};

struct s3fifo {
	uint8_t *where;  /* by page: enum where, touches << 2 */
	uint32_t *gslot; /* by page in G: its place in g */
	uint32_t *g;     /* pages in order of arrival; those that left are stale */
	uint32_t gsize, gtail, ghead;
	uint32_t gheld, gcapacity;
	struct s3queue s, m;
	uint32_t capacity, scapacity;
	bool fills_m; /* the 2025 variant, until the first eviction */
};

static void *s3fifo_init(const struct policy_setup *setup)
{
	struct s3fifo *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->capacity = setup->capacity_pages;
	s->scapacity = (uint32_t)((double)s->capacity * 0.10);
	s->gcapacity = (uint32_t)((double)s->capacity * 0.90);
	s->gsize = 2 * s->gcapacity + 64;
	s->s.size = s->m.size = s->capacity;
	s->where = arena_alloc(setup->arena, setup->npages, sizeof(*s->where));
	s->gslot = arena_alloc(setup->arena, setup->npages, sizeof(*s->gslot));
	s->g = arena_alloc(setup->arena, s->gsize, sizeof(*s->g));
	s->s.page = arena_alloc(setup->arena, s->capacity, sizeof(*s->s.page));
	s->m.page = arena_alloc(setup->arena, s->capacity, sizeof(*s->m.page));
	return s->where && s->gslot && s->g && s->s.page && s->m.page ? s : NULL;
}

static void *s3fifo_2025_init(const struct policy_setup *setup)
{
	struct s3fifo *s = s3fifo_init(setup);
	if (s)
		s->fills_m = true;
	return s;
}

POLICY_INLINE void s3fifo_prefetch(void *state, uint32_t page)
{
	struct s3fifo *s = state;
	__builtin_prefetch(&s->where[page], 1);
}

POLICY_INLINE void s3queue_push(struct s3queue *q, uint32_t page)
{
	const uint64_t slot = (uint64_t)q->head + q->n++;
	q->page[slot < q->size ? slot : slot - q->size] = page;
}

POLICY_INLINE uint32_t s3queue_pop(struct s3queue *q)
{
	const uint32_t page = q->page[q->head];
	q->head = q->head + 1 == q->size ? 0 : q->head + 1;
	q->n--;
	return page;
}

POLICY_INLINE bool s3fifo_is_ghost(const struct s3fifo *s, uint32_t slot)
{
	return s->where[s->g[slot]] == IN_G && s->gslot[s->g[slot]] == slot;
}

static void s3fifo_compact_ghosts(struct s3fifo *s)
{
	uint32_t live = 0;
	for (uint32_t i = s->gtail; i < s->ghead; i++) {
		if (!s3fifo_is_ghost(s, i))
			continue;
		s->gslot[s->g[i]] = live;
		s->g[live++] = s->g[i];
	}
	s->gtail = 0;
	s->ghead = live;
}

POLICY_INLINE void s3fifo_add_ghost(struct s3fifo *s, uint32_t page)
{
	s->where[page] = NOWHERE;
	if (!s->gcapacity)
		return;
	if (s->gheld == s->gcapacity) {
		while (!s3fifo_is_ghost(s, s->gtail))
			s->gtail++;
		s->where[s->g[s->gtail++]] = NOWHERE;
		s->gheld--;
	}
	if (__builtin_expect(s->ghead == s->gsize, 0))
		s3fifo_compact_ghosts(s);
	s->where[page] = IN_G;
	s->gslot[page] = s->ghead;
	s->g[s->ghead++] = page;
	s->gheld++;
}

POLICY_INLINE uint32_t s3fifo_evict(struct s3fifo *s)
{
	for (;;) {
		if (s->m.n > s->capacity - s->scapacity || !s->s.n) {
			const uint32_t page = s3queue_pop(&s->m);
			const unsigned touches = s->where[page] >> 2;
			if (!touches) {
				s->where[page] = NOWHERE;
				return page;
			}
			s->where[page] = (uint8_t)(IN_M | (touches - 1) << 2);
			s3queue_push(&s->m, page);
			continue;
		}
		while (s->s.n) {
			const uint32_t page = s3queue_pop(&s->s);
			if (s->where[page] >> 2 < 2) {
				s3fifo_add_ghost(s, page);
				return page;
			}
			s->where[page] = IN_M;
			s3queue_push(&s->m, page);
		}
	}
}

POLICY_INLINE uint32_t s3fifo_access(void *state, uint32_t page, uint64_t request,
				     uint64_t next_use)
{
	struct s3fifo *s = state;
	(void)request, (void)next_use;
	const uint8_t was = s->where[page];
	if (was != NOWHERE && was != IN_G) {
		s->where[page] = was >> 2 < TOUCHES_MAX ? was + (1 << 2) : was;
		return POLICY_HIT;
	}

	if (was == IN_G) { /* leaves before the eviction, which may need its place */
		s->where[page] = NOWHERE;
		s->gheld--;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->s.n + s->m.n == s->capacity) {
		victim = s3fifo_evict(s);
		s->fills_m = false;
	}
	const bool to_m = was == IN_G || (s->fills_m && s->s.n >= s->scapacity);
	s->where[page] = to_m ? IN_M : IN_S;
	s3queue_push(to_m ? &s->m : &s->s, page);
	return victim;
}

POLICY_RUN(s3fifo)

const struct policy policy_s3fifo = {
	.abi = POLICY_ABI,
	.name = "s3fifo",
	.summary = "small, main and ghost FIFO queues; the paper's version",
	.source = "J. Yang et al., FIFO queues are all you need, SOSP 2023",
	.init = s3fifo_init,
	.access = s3fifo_access,
	.run = s3fifo_run,
	.prefetch = s3fifo_prefetch,
};

const struct policy policy_s3fifo_2025 = {
	.abi = POLICY_ABI,
	.name = "s3fifo-2025",
	.summary = "s3fifo that fills the main queue before the first eviction",
	.source = "libCacheSim since late 2024",
	.init = s3fifo_2025_init,
	.access = s3fifo_access,
	.run = s3fifo_run,
	.prefetch = s3fifo_prefetch,
};
