// SPDX-License-Identifier: MIT
/*
 * Proactive reclaim by idle age, in the manner of kidled and DAMOS: a page that
 * was not touched for `age` leaves at that very moment, at most age_rate of
 * them a second (0: no bound). Beyond the limit, the oldest page goes.
 *
 * Real scanners see an access only when they pass by; here the age is exact,
 * so that `age` (one pass over the trace) must count the same faults. That
 * costs 8 bytes a page more than the other models: 32.
 */
#include "sim/reclaim.h"

struct age {
	uint64_t *last_ns; /* by page: last touch that reclaim sees */
	struct ns second;  /* start of the second that the rate is counted in */
	uint64_t taken;    /* in that second */
	struct ns now;
};

static uint32_t head(const struct hostmem *h)
{
	return h->c.npages;
}

static void age_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	(void)origin;
	struct age *a = h->model;
	a->last_ns[page] = now.v;
	list32_push_front(h->nodes, head(h), page);
}

static void age_remove(struct hostmem *h, uint32_t page)
{
	list32_remove(h->nodes, page);
}

static void age_touch(struct hostmem *h, uint32_t page)
{
	struct age *a = h->model;
	a->last_ns[page] = a->now.v;
	list32_remove(h->nodes, page);
	list32_push_front(h->nodes, head(h), page);
}

static uint64_t age_shrink(struct hostmem *h, struct ns now)
{
	if (list32_is_empty(h->nodes, head(h)))
		return 0;
	const uint32_t page = list32_back(h->nodes, head(h));
	list32_remove(h->nodes, page);
	return hostmem_take(h, page, 0, now);
}

static bool may_take(struct hostmem *h, struct ns now)
{
	struct age *a = h->model;
	if (!h->c.age_pages_per_s)
		return true;
	if (now.v - a->second.v >= NS_PER_SEC) {
		a->second = now;
		a->taken = 0;
	}
	return a->taken < h->c.age_pages_per_s;
}

static void age_advance(struct hostmem *h, struct ns now)
{
	struct age *a = h->model;
	a->now = now;
	while (!list32_is_empty(h->nodes, head(h))) {
		const uint32_t oldest = list32_back(h->nodes, head(h));
		if (now.v - a->last_ns[oldest] < h->c.age_ns || !may_take(h, now))
			return;
		a->taken += age_shrink(h, now);
	}
}

/* What comes onto an empty list comes later than now. */
static struct ns age_due(const struct hostmem *h)
{
	const struct age *a = h->model;
	const bool is_empty = list32_is_empty(h->nodes, head(h));
	const uint64_t oldest_ns = is_empty ? a->now.v : a->last_ns[list32_back(h->nodes, head(h))];
	uint64_t due_ns;
	if (__builtin_add_overflow(oldest_ns, h->c.age_ns, &due_ns))
		due_ns = UINT64_MAX;
	return (struct ns){ due_ns };
}

static int age_init(struct hostmem *h, struct arena *arena)
{
	struct age *a = h->model = arena_alloc(arena, 1, sizeof(*a));
	if (!a)
		return ERR_NOMEM;
	a->last_ns = arena_alloc(arena, h->c.npages, sizeof(*a->last_ns));
	return a->last_ns ? 0 : ERR_NOMEM;
}

const struct reclaim reclaim_age = {
	.name = "age",
	.nheads = 1,
	.init = age_init,
	.add = age_add,
	.remove = age_remove,
	.touch = age_touch,
	.shrink = age_shrink,
	.advance = age_advance,
	.due = age_due,
};
