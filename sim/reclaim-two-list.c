// SPDX-License-Identifier: MIT
/*
 * Reclaim as Linux does it without MGLRU, for a memory group that holds shared
 * or anonymous guest memory. Written from general knowledge of mm/vmscan.c and
 * mm/workingset.c up to 6.18, not from their text: each rule is our account of
 * the kernel, checked only against data/swap; but the walk over groups was looked
 * up. What makes it differ from LRU:
 *
 * - An access sets a bit; only a scan reads and clears it. On the inactive
 *   list a page found accessed is kept once and activated when found again;
 *   unless it was referenced before it came there: a page once activated stays
 *   "referenced", so after deactivation one sight is enough.
 * - Deactivation takes pages from the old end whether accessed or not, and
 *   clears the bit: of two pages equally hot, the one touched since then wins.
 * - New and swapped-in pages start inactive. One that comes back within
 *   (evictions + activations since) <= active pages starts active.
 * - One round frees 32 pages. Priority 12 .. 0 scans size >> priority of each
 *   list (times a share that shrinks as swapping costs), so that a round goes
 *   through several priorities; each may deactivate 32 more. A priority stops
 *   when it has freed 32 itself, a round when all of them together have.
 * - A round visits the group and those below it at each priority, and breaks off
 *   where it has its batch; the next one goes on behind that place. So with
 *   groups below (child_groups) it spends its first priority on them.
 * - Deactivation is allowed while the inactive list is low or while refaults
 *   were activated since the last round. Both are judged by statistics that
 *   are flushed every 2 s (stat_period) and when somebody reads them, and that
 *   count the whole group, the VMM's own memory included (foreign_inactive).
 * - With a disk, a page taken is unmapped and written but stays in the swap
 *   cache; it is freed when a scan meets it again, at the old end of the list.
 *   A round that finds nothing free goes on writing until the first write is
 *   back (writeback_pages).
 * - Work for a lower limit takes time (scan) and alternates with the guest's
 *   touches; a round for a fault is over at once.
 *
 * Left out: file pages, per-CPU batches before the list, TLB entries that hide
 * accesses, several zones and nodes, writes that fail, several tasks reclaiming
 * at one time, pages of zeros, which recent kernels do not write.
 */
#include "sim/reclaim.h"

enum { INACTIVE, ACTIVE, WRITING, HEADS };
enum { PRIORITY_DEFAULT = 12, RETRIES = 16, CHUNK = 32, GIB_SHIFT = 30 - PAGE_SHIFT };

/* One try at freeing a batch; it can be left off between any two chunks and gone on with. */
struct round {
	struct hostmem *h;
	struct two_list *t;
	struct ns now;
	uint64_t inactive, active; /* to be scanned yet at this priority */
	uint64_t pass_freed;       /* at this priority */
	uint64_t freed, written;
	int priority;
	unsigned tries;
	bool may_deactivate, is_forced, has_skipped, is_open;
};

struct two_list {
	uint64_t size[2];
	uint64_t age;         /* evictions and activations so far */
	uint64_t activations; /* of refaults */
	struct {
		uint64_t size[2], activations;
		struct ns at;
	} stat;                     /* as of the last flush */
	uint64_t activations_known; /* stat.activations at the end of the last round */
	struct round limit;         /* of whoever lowers the limit, while the VM runs on */
	bool is_walk_past_vm;       /* the next round looks at the groups below first */
};

static uint32_t head(const struct hostmem *h, unsigned list)
{
	return h->c.npages + list;
}

static void two_list_flush(struct hostmem *h, struct ns now)
{
	struct two_list *t = h->model;
	t->stat.size[INACTIVE] = t->size[INACTIVE];
	t->stat.size[ACTIVE] = t->size[ACTIVE];
	t->stat.activations = t->activations;
	t->stat.at = now;
}

/* What flushes them at a steady pace does so whoever else did meanwhile. */
static void flush_if_due(struct hostmem *h, struct ns now)
{
	const struct two_list *t = h->model;
	const uint64_t period = h->c.stat_period_ns;
	if (!period || now.v / period != t->stat.at.v / period)
		two_list_flush(h, now);
}

static uint64_t square_root(uint64_t v)
{
	uint64_t r = 0;
	while ((r + 1) * (r + 1) <= v)
		r++;
	return r;
}

/* Small lists split evenly; 1 GiB keeps a quarter inactive, 10 GiB a tenth. */
static bool inactive_is_low(const struct hostmem *h)
{
	const struct two_list *t = h->model;
	const uint64_t inactive = t->stat.size[INACTIVE] + h->c.foreign_inactive_pages;
	const uint64_t gib = (inactive + t->stat.size[ACTIVE]) >> GIB_SHIFT;
	return inactive * (gib ? square_root(10 * gib) : 1) < t->stat.size[ACTIVE];
}

static void put(struct hostmem *h, unsigned list, uint32_t page)
{
	struct two_list *t = h->model;
	struct hostpage *p = &h->pages[page];
	p->flags = (p->flags & ~(uint32_t)PAGE_ACTIVE) | (list == ACTIVE ? PAGE_ACTIVE : 0);
	list32_push_front(h->nodes, head(h, list), page);
	t->size[list] += unit_pages(h, page);
	t->age += list == ACTIVE ? unit_pages(h, page) : 0;
}

static void two_list_remove(struct hostmem *h, uint32_t page)
{
	struct two_list *t = h->model;
	list32_remove(h->nodes, page);
	t->size[h->pages[page].flags & PAGE_ACTIVE ? ACTIVE : INACTIVE] -= unit_pages(h, page);
}

static void two_list_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	struct two_list *t = h->model;
	struct hostpage *p = &h->pages[page];
	flush_if_due(h, now);

	p->flags &= ~(uint32_t)PAGE_REFERENCED;
	if (origin == ORIGIN_SPLIT) { /* the next scan meets it, as after a write */
		p->flags &= ~(uint32_t)PAGE_ACTIVE;
		list32_push_back(h->nodes, head(h, INACTIVE), page);
		t->size[INACTIVE]++;
		return;
	}
	if (origin == ORIGIN_POPULATE) /* whoever wrote it has left its mark */
		p->flags |= PAGE_REFERENCED;
	unsigned list = INACTIVE;
	if (origin == ORIGIN_SWAP || origin == ORIGIN_READAHEAD) {
		h->n.refaults++;
		const uint32_t distance = (uint32_t)t->age - p->shadow;
		if (distance <= t->stat.size[ACTIVE]) {
			list = ACTIVE;
			t->activations++;
			h->n.refault_activations++;
		}
	}
	put(h, list, page);
}

/* The writes are done: their pages are free for the next scan. */
static void finish_writes(struct round *r)
{
	struct hostmem *h = r->h;
	while (!list32_is_empty(h->nodes, head(h, WRITING))) {
		const uint32_t page = list32_front(h->nodes, head(h, WRITING));
		list32_remove(h->nodes, page);
		list32_push_back(h->nodes, head(h, INACTIVE), page);
	}
	r->written = 0;
}

static void take(struct round *r, uint32_t page)
{
	struct hostmem *h = r->h;
	struct hostpage *p = &h->pages[page];
	const uint64_t charged = hostmem_charged(h), written = h->n.swap_out;
	if (hostmem_evict(h, page, (uint32_t)r->t->age, r->now)) {
		const uint64_t freed = charged - hostmem_charged(h);
		r->t->age += freed;
		r->pass_freed += freed;
		return;
	}
	p->flags |= PAGE_LISTED;
	list32_push_back(h->nodes, head(h, WRITING), page);
	r->t->size[INACTIVE] += unit_pages(h, page);
	r->written += h->n.swap_out - written;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void scan_inactive(struct round *r, uint64_t n)
{
	struct hostmem *h = r->h;
	while (n && !list32_is_empty(h->nodes, head(h, INACTIVE))) {
		const uint32_t page = list32_back(h->nodes, head(h, INACTIVE));
		n -= least(n, unit_pages(h, page));
		struct hostpage *p = &h->pages[page];
		const bool was_referenced = p->flags & PAGE_REFERENCED;
		const bool is_accessed = p->flags & PAGE_ACCESSED;
		two_list_remove(h, page);
		h->n.scanned++;
		r->now.v += h->c.scan_ns;
		p->flags &= ~(uint32_t)(PAGE_REFERENCED | PAGE_ACCESSED);
		if (!is_accessed) {
			take(r, page);
			if (r->written >= h->c.writeback_pages)
				finish_writes(r);
			continue;
		}
		p->flags |= PAGE_REFERENCED;
		h->n.activated += was_referenced;
		put(h, was_referenced ? ACTIVE : INACTIVE, page);
	}
}

static void scan_active(struct round *r, uint64_t n)
{
	struct hostmem *h = r->h;
	while (n && !list32_is_empty(h->nodes, head(h, ACTIVE))) {
		const uint32_t page = list32_back(h->nodes, head(h, ACTIVE));
		n -= least(n, unit_pages(h, page));
		two_list_remove(h, page);
		h->pages[page].flags &= ~(uint32_t)PAGE_ACCESSED;
		put(h, INACTIVE, page);
		h->n.deactivated++;
	}
}

static void begin_pass(struct round *r)
{
	struct hostmem *h = r->h;
	const uint64_t share = r->priority ? h->c.anon_scan_ppm : 1000000;
	flush_if_due(h, r->now);
	r->may_deactivate = r->is_forced || inactive_is_low(h) ||
			    r->t->stat.activations != r->t->activations_known;
	r->inactive = (r->t->size[INACTIVE] >> r->priority) * share / 1000000;
	r->active = (r->t->size[ACTIVE] >> r->priority) * share / 1000000;
	r->pass_freed = 0;
}

static void begin_try(struct round *r)
{
	struct two_list *t = r->t;
	r->has_skipped = false;
	r->priority = PRIORITY_DEFAULT - t->is_walk_past_vm;
	t->is_walk_past_vm = false;
	begin_pass(r);
}

static void begin_round(struct round *r, struct hostmem *h, struct ns now)
{
	*r = (struct round){ .h = h, .t = h->model, .now = now, .is_open = true };
	begin_try(r);
}

/* One chunk of each list at the current priority; false when this try is over. */
static bool step(struct round *r)
{
	struct hostmem *h = r->h;
	/* what other priorities freed does not count here: a round may free twice its batch */
	if (r->inactive && r->pass_freed < h->c.batch_pages) {
		const uint64_t n = least(r->inactive, CHUNK), m = least(r->active, CHUNK);
		r->inactive -= n;
		r->active -= m;
		scan_inactive(r, n);
		if (r->may_deactivate)
			scan_active(r, m);
		else
			r->has_skipped |= m > 0;
		return true;
	}
	if (inactive_is_low(h))
		scan_active(r, CHUNK);
	r->freed += r->pass_freed;
	if (r->freed >= h->c.batch_pages)
		r->t->is_walk_past_vm = h->c.has_child_groups;
	if (r->freed >= h->c.batch_pages || !r->priority)
		return false;
	r->priority--;
	begin_pass(r);
	return true;
}

/*
 * One failure spares what was accessed, and is followed by a try that may
 * deactivate; the charge goes on so as often as the kernel's. False when the
 * round is over.
 */
static bool try_again(struct round *r)
{
	finish_writes(r);
	r->t->activations_known = r->t->stat.activations;
	if (r->freed || ++r->tries == RETRIES)
		return false;
	/* foreign pages make the inactive list look long when the VM has none left there */
	if (!r->t->size[INACTIVE])
		scan_active(r, CHUNK);
	if (!(r->t->size[INACTIVE] + r->t->size[ACTIVE]))
		return false;
	r->is_forced = r->has_skipped;
	begin_try(r);
	return true;
}

/* Goes on until the round is over (true) or its time is up. */
static bool run(struct round *r, struct ns until)
{
	while (r->now.v <= until.v)
		if (!step(r) && !try_again(r)) {
			r->is_open = false;
			return true;
		}
	return false;
}

static uint64_t two_list_shrink(struct hostmem *h, struct ns now)
{
	struct round r;
	h->writer = (h->writer + 1) % h->slots.nwriters;
	begin_round(&r, h, now);
	run(&r, (struct ns){ UINT64_MAX });
	return r.freed;
}

static enum reclaim_progress two_list_work(struct hostmem *h, struct ns from, struct ns until,
					   struct ns *end_out)
{
	struct round *r = &((struct two_list *)h->model)->limit;
	if (!r->is_open) {
		h->writer = (h->writer + 1) % h->slots.nwriters;
		begin_round(r, h, from);
	}
	const bool is_over = run(r, until);
	*end_out = r->now;
	if (!is_over)
		return RECLAIM_UNDER_WAY;
	return r->freed ? RECLAIM_FREED : RECLAIM_NOTHING;
}

static int two_list_init(struct hostmem *h, struct arena *arena)
{
	h->model = arena_alloc(arena, 1, sizeof(struct two_list));
	return h->model ? 0 : ERR_NOMEM;
}

const struct reclaim reclaim_two_list = {
	.name = "two-list",
	.nheads = HEADS,
	.init = two_list_init,
	.add = two_list_add,
	.remove = two_list_remove,
	.shrink = two_list_shrink,
	.work = two_list_work,
	.flush = two_list_flush,
};
