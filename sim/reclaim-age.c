// SPDX-License-Identifier: MIT
/*
 * Proactive reclaim by idle age, in the manner of kidled and DAMOS: a page that
 * was not touched for `age` leaves at that very moment, at most age_rate of
 * them a second (0: no bound). Beyond the limit, the oldest page goes.
 *
 * Real scanners see an access only when they pass by; here the age is exact,
 * so that `age` (one pass over the trace) must count the same faults.
 *
 * A last touch takes 5 bytes: the shadow, which only pages outside need, and a
 * byte. The list is in the order of touches, so what they leave out, the epoch
 * of 18 minutes, changes seldom along it: a mark stands there for each epoch
 * that began, before the pages of the one that ended. There are marks for 52
 * days; whoever was idle for longer counts as idle for so long.
 */
#include "sim/reclaim.h"

enum { EPOCH_SHIFT = 40, UPPER_SHIFT = 32, MARKS = 4096 };

_Static_assert(HOSTMEM_AGE_MAX_NS <= (uint64_t)(MARKS - 1) << EPOCH_SHIFT,
	       "marks tell any age that may be asked for");

struct age {
	uint8_t *upper;        /* by page: last touch, bits 32 to 39; 0 to 31 are the shadow */
	uint64_t back, newest; /* epochs of the oldest pages and of now, at most MARKS apart */
	struct ns second;      /* start of the second that the rate is counted in */
	uint64_t taken;        /* in that second */
	struct ns now;
};

/* Behind it among the nodes: the marks. */
static uint32_t head(const struct hostmem *h)
{
	return h->c.npages;
}

static uint32_t mark_of(const struct hostmem *h, uint64_t epoch)
{
	return head(h) + 1 + (uint32_t)(epoch % MARKS);
}

/* The epoch that a mark begins, of those after the one behind it. */
static uint64_t epoch_of(const struct hostmem *h, uint32_t mark, uint64_t behind)
{
	return behind + 1 + (mark - mark_of(h, behind + 1)) % MARKS;
}

static void drop_mark(struct hostmem *h, uint32_t mark)
{
	list32_remove(h->nodes, mark);
	list32_init(h->nodes, mark); /* removing it again does nothing */
}

/* Those that no page is left behind. */
static void drop_marks(struct hostmem *h)
{
	struct age *a = h->model;
	for (uint32_t at; (at = list32_back(h->nodes, head(h))) > head(h); drop_mark(h, at))
		a->back = epoch_of(h, at, a->back);
}

static void begin_epoch(struct hostmem *h, uint64_t epoch)
{
	struct age *a = h->model;
	drop_marks(h);
	a->newest = epoch;
	if (list32_is_empty(h->nodes, head(h))) {
		a->back = epoch;
		return;
	}
	for (; epoch - a->back > MARKS; a->back++)
		drop_mark(h, mark_of(h, a->back + 1));
	list32_push_front(h->nodes, head(h), mark_of(h, epoch));
}

/* The page goes to the front. */
static void note(struct hostmem *h, uint32_t page, struct ns now)
{
	struct age *a = h->model;
	if (__builtin_expect(now.v >> EPOCH_SHIFT > a->newest, 0))
		begin_epoch(h, now.v >> EPOCH_SHIFT);
	a->upper[page] = (uint8_t)(now.v >> UPPER_SHIFT);
	h->pages[page].shadow = (uint32_t)now.v;
	list32_push_front(h->nodes, head(h), page);
}

/* The page at the back, and its last touch; the head: there is none. */
static uint32_t oldest(const struct hostmem *h, struct ns *last_out)
{
	const struct age *a = h->model;
	uint64_t epoch = a->back;
	uint32_t at = list32_back(h->nodes, head(h));
	for (; at > head(h); at = h->nodes[at].prev)
		epoch = epoch_of(h, at, epoch);
	if (at != head(h))
		last_out->v = epoch << EPOCH_SHIFT | (uint64_t)a->upper[at] << UPPER_SHIFT |
			      h->pages[at].shadow;
	return at;
}

static void age_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	(void)origin;
	note(h, page, now);
}

static void age_remove(struct hostmem *h, uint32_t page)
{
	list32_remove(h->nodes, page);
}

static void age_touch(struct hostmem *h, uint32_t page)
{
	const struct age *a = h->model;
	list32_remove(h->nodes, page);
	note(h, page, a->now);
}

static uint64_t age_shrink(struct hostmem *h, struct ns now)
{
	struct ns last;
	const uint32_t page = oldest(h, &last);
	if (page == head(h))
		return 0;
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
	struct ns last;
	a->now = now;
	drop_marks(h);
	while (oldest(h, &last) != head(h)) {
		if (now.v - last.v < h->c.age_ns || !may_take(h, now))
			return;
		a->taken += age_shrink(h, now);
	}
}

/* What comes onto an empty list comes later than now. */
static struct ns age_due(const struct hostmem *h)
{
	const struct age *a = h->model;
	struct ns last = a->now;
	oldest(h, &last);
	uint64_t due_ns;
	if (__builtin_add_overflow(last.v, h->c.age_ns, &due_ns))
		due_ns = UINT64_MAX;
	return (struct ns){ due_ns };
}

static int age_init(struct hostmem *h, struct arena *arena)
{
	struct age *a = h->model = arena_alloc(arena, 1, sizeof(*a));
	if (!a)
		return ERR_NOMEM;
	a->upper = arena_alloc(arena, h->c.npages, sizeof(*a->upper));
	return a->upper ? 0 : ERR_NOMEM;
}

const struct reclaim reclaim_age = {
	.name = "age",
	.nheads = 1 + MARKS,
	.init = age_init,
	.add = age_add,
	.remove = age_remove,
	.touch = age_touch,
	.shrink = age_shrink,
	.advance = age_advance,
	.due = age_due,
};
