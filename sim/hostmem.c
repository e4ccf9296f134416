// SPDX-License-Identifier: MIT
/*
 * Transitions of pages and their accounting: set_state is the only place where a
 * page changes its state, hostmem_evict the only way out of memory. Everything
 * a reclaim model decides is behind struct reclaim.
 */
#include "sim/hostmem.h"
#include "sim/reclaim.h"

#include <assert.h>
#include <string.h>

static const struct reclaim *const models[] = {
	[RECLAIM_NONE] = &reclaim_none,   [RECLAIM_LRU] = &reclaim_lru,
	[RECLAIM_CLOCK] = &reclaim_clock, [RECLAIM_TWO_LIST] = &reclaim_two_list,
	[RECLAIM_MGLRU] = &reclaim_mglru, [RECLAIM_AGE] = &reclaim_age,
	[RECLAIM_PSI] = &reclaim_psi,
};

static inline bool is_known(const struct hostmem *h, uint32_t page)
{
	return page < h->c.npages;
}

static inline uint32_t stamp_of(struct ns now)
{
	const uint64_t units = (now.v >> STAMP_SHIFT) + 1;
	return units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

static inline uint64_t *count_of(struct hostmem *h, const struct hostpage *p)
{
	switch (page_state(p)) {
	case HOSTMEM_RESIDENT:
		return &h->n.resident;
	case HOSTMEM_IN:
		return &h->n.in;
	case HOSTMEM_OUT:
		return &h->n.out;
	case HOSTMEM_SWAPPED:
		return &h->n.swapped[h->c.tier];
	default:
		return &h->n.absent;
	}
}

/* The only place where a page changes its state. */
static inline void set_state(struct hostmem *h, struct hostpage *p, enum hostmem_state state)
{
	--*count_of(h, p);
	p->flags = (p->flags & ~(uint32_t)PAGE_STATE) | state;
	++*count_of(h, p);
}

/* What a limit leaves for pages of the VM. */
static uint64_t room_of(const struct hostmem_config *c, uint64_t limit)
{
	const uint64_t tables = (uint64_t)((unsigned __int128)c->vm_pages * c->index_ppm / 1000000);
	return limit > tables ? limit - tables : 1;
}

static void note_overflow(struct hostmem *h)
{
	const uint64_t charged = hostmem_charged(h);
	h->n.overflow = charged > h->limit ? charged - h->limit : 0;
	if (h->n.overflow > h->n.overflow_max)
		h->n.overflow_max = h->n.overflow;
}

/* Reclaims until `pages` more fit, or nothing is left to take. */
static void make_room(struct hostmem *h, uint64_t pages, struct ns now)
{
	while (hostmem_charged(h) + pages > h->limit && h->reclaim->shrink &&
	       h->reclaim->shrink(h, now))
		;
	if (!h->pool)
		return;
	while (hostmem_pool_charged(h->pool) + pages > hostpool_limit(h->pool) &&
	       hostpool_shrink(h->pool, now))
		;
}

/* One round, or as much of it as there is time for. */
static enum reclaim_progress work_for_limit(struct hostmem *h, struct ns until)
{
	enum reclaim_progress what = RECLAIM_NOTHING;
	if (h->reclaim->work)
		what = h->reclaim->work(h, h->limit_work, until, &h->limit_work);
	else if (h->reclaim->shrink && h->reclaim->shrink(h, h->limit_work))
		what = RECLAIM_FREED;
	h->is_limit_work_open = what == RECLAIM_UNDER_WAY;
	return what;
}

/*
 * A falling limit is in force only when reclaim has got there, as in the kernel
 * (version 1 of memory groups); meanwhile the guest runs on, and what it uses
 * before reclaim looks at it counts as used.
 */
static void pursue_limit(struct hostmem *h, struct ns now)
{
	while (h->limit_work.v <= now.v &&
	       (h->is_limit_work_open || hostmem_charged(h) > h->limit_goal))
		if (work_for_limit(h, now) == RECLAIM_NOTHING)
			break;
	if (!h->is_limit_work_open &&
	    (hostmem_charged(h) <= h->limit_goal || h->limit_work.v <= now.v))
		h->limit = h->limit_goal;
	note_overflow(h);
}

static void link_page(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	if (p->flags & PAGE_PINNED || !h->reclaim->add)
		return;
	h->reclaim->add(h, page, origin, now);
	p->flags |= PAGE_LISTED;
}

static void unlink_page(struct hostmem *h, uint32_t page)
{
	struct hostpage *p = &h->pages[page];
	if (!(p->flags & PAGE_LISTED))
		return;
	if (h->reclaim->remove)
		h->reclaim->remove(h, page);
	p->flags &= ~(uint32_t)PAGE_LISTED;
}

/* The page tables get the page; of its time outside nothing is kept. */
static void map_page(struct hostmem *h, uint32_t page, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	assert(page_state(p) == HOSTMEM_RESIDENT && !(p->flags & PAGE_MAPPED));
	p->flags = (p->flags & ~(uint32_t)(PAGE_READAHEAD | PAGE_CLEAN)) | PAGE_MAPPED;
	p->cpu_stamp = p->dma_stamp = 0;
	if (h->hooks.pae_set)
		h->hooks.pae_set(h->hooks.ctx, page, now);
}

static inline void mark_touch(struct hostmem *h, struct hostpage *p, enum hostmem_touch by,
			      struct ns now)
{
	if (by == TOUCH_CPU)
		p->cpu_stamp = stamp_of(now);
	else
		p->dma_stamp = stamp_of(now);
	if (by == TOUCH_CPU || h->c.dma_sets_accessed)
		p->flags |= PAGE_ACCESSED;
}

/* A fault that mapped the page: the page tables of the process that took it have the bit. */
static void mark_fault(struct hostmem *h, uint32_t page, enum hostmem_touch by, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	mark_touch(h, p, by, now);
	p->flags |= PAGE_ACCESSED;
}

static void leave_swap_cache(struct hostmem *h, struct hostpage *p)
{
	if (p->flags & PAGE_READAHEAD) {
		h->slots.hits++;
		h->n.readahead_hits++;
	}
	swapslots_release(&h->slots, p->slot);
	h->n.swap_cache--;
}

/* Memory for a page that is swapped; from here on it is charged. */
static void start_read(struct hostmem *h, uint32_t page, bool is_readahead, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	make_room(h, 1, now);
	set_state(h, p, HOSTMEM_IN);
	p->flags &= ~(uint32_t)(PAGE_MAPPED | PAGE_WANTED | PAGE_PROMISED | PAGE_ACCESSED |
				PAGE_REFERENCED | PAGE_ACTIVE);
	p->flags |= PAGE_CLEAN | (is_readahead ? PAGE_READAHEAD : 0);
	h->n.swap_in++;
	h->n.readahead += is_readahead;
	note_overflow(h);
	if (h->hooks.swap_in)
		h->hooks.swap_in(h->hooks.ctx, page, p->slot, is_readahead, now);
}

static void finish_read(struct hostmem *h, uint32_t page, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	const bool is_wanted = p->flags & PAGE_WANTED, is_pin = p->flags & PAGE_PROMISED;
	set_state(h, p, HOSTMEM_RESIDENT);
	p->flags &= ~(uint32_t)(PAGE_WANTED | PAGE_PROMISED);
	h->n.swap_cache++;
	if (is_pin) {
		p->flags |= PAGE_PINNED;
		h->n.pinned++;
	}
	/* the model wants the shadow, which mapping overwrites */
	link_page(h, page, is_wanted || is_pin ? ORIGIN_SWAP : ORIGIN_READAHEAD, now);
	if (is_wanted || is_pin) {
		leave_swap_cache(h, p);
		map_page(h, page, now);
	}
}

/* Brings the page in and, around its slot, what readahead takes for near. */
static void swap_in(struct hostmem *h, uint32_t page, uint32_t why, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	uint32_t first, last;
	swapslots_window(&h->slots, p->slot, &first, &last);
	for (uint32_t slot = first; slot <= last && slot >= first; slot++) {
		const uint32_t near = h->slots.page[slot];
		if (near == SWAPSLOT_NONE || near == page ||
		    page_state(&h->pages[near]) != HOSTMEM_SWAPPED)
			continue;
		start_read(h, near, true, now);
		if (h->c.is_instant)
			finish_read(h, near, now);
	}
	start_read(h, page, false, now);
	p->flags |= why;
	if (h->c.is_instant)
		finish_read(h, page, now);
}

static void allocate(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	make_room(h, 1, now);
	set_state(h, p, HOSTMEM_RESIDENT);
	link_page(h, page, origin, now);
	map_page(h, page, now);
	note_overflow(h);
}

/* An OUT page was asked for again: its memory is still there. */
static void take_back(struct hostmem *h, uint32_t page, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	make_room(h, 1, now);
	swapslots_release(&h->slots, p->slot);
	set_state(h, p, HOSTMEM_RESIDENT);
	link_page(h, page, ORIGIN_BACK, now);
	map_page(h, page, now);
	note_overflow(h);
}

/* A page that is not mapped is asked for; why: PAGE_WANTED_* or PAGE_PROMISED. */
static enum touch_result fault(struct hostmem *h, uint32_t page, uint32_t why, struct ns now)
{
	struct hostpage *p = &h->pages[page];

	switch (page_state(p)) {
	case HOSTMEM_ABSENT:
		allocate(h, page, ORIGIN_FIRST, now);
		return TOUCH_FIRST;
	case HOSTMEM_RESIDENT:
		leave_swap_cache(h, p);
		map_page(h, page, now);
		return TOUCH_MINOR;
	case HOSTMEM_OUT:
		take_back(h, page, now);
		return TOUCH_MINOR;
	case HOSTMEM_IN:
		p->flags |= why;
		return TOUCH_JOIN;
	default:
		swap_in(h, page, why, now);
		return TOUCH_MAJOR;
	}
}

/* After an event, about a page or (UINT32_MAX) about none. */
static inline void check_event(struct hostmem *h, uint32_t page)
{
#ifdef PUGMARK_DEBUG
	hostmem_check_event(h, page);
#else
	(void)h, (void)page;
#endif
}

/* --- for the models --- */

bool hostmem_evict(struct hostmem *h, uint32_t page, uint32_t shadow, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	const struct hostmem_hooks *k = &h->hooks;
	assert(page_state(p) == HOSTMEM_RESIDENT && !(p->flags & PAGE_PINNED));

	const bool was_mapped = p->flags & PAGE_MAPPED;
	p->flags &= ~(uint32_t)(PAGE_LISTED | PAGE_MAPPED);
	if (was_mapped) {
		/* the device first, then what is under way, then the CPU, then the write */
		if (k->pae_clear)
			k->pae_clear(k->ctx, page, now);
		if (k->drain)
			k->drain(k->ctx, page, now);
		if (k->unmap)
			k->unmap(k->ctx, page, now);
		p->slot = swapslots_take(&h->slots, page, h->writer);
		h->n.swap_out++;
		h->n.swap_cache++;
		if (k->swap_out)
			k->swap_out(k->ctx, page, p->slot, now);
		p->flags |= PAGE_CLEAN;
		if (h->c.is_writeback_async)
			return false;
	} else {
		h->n.dropped_clean++;
	}
	p->shadow = shadow;
	p->flags &= ~(uint32_t)(PAGE_ACCESSED | PAGE_READAHEAD);
	h->n.swap_cache--;
	set_state(h, p, was_mapped && !h->c.is_instant ? HOSTMEM_OUT : HOSTMEM_SWAPPED);
	note_overflow(h);
	return true;
}

/* --- public --- */

int hostmem_new(const struct hostmem_config *c, const struct hostmem_hooks *hooks,
		struct arena *arena, struct hostmem **out, struct err *e)
{
	const int bad = hostmem_config_check(c, e);
	if (bad)
		return bad;

	struct hostmem *h = arena_alloc(arena, 1, sizeof(*h));
	if (!h)
		return err_set(e, ERR_NOMEM, "host memory: out of memory");
	h->c = *c;
	h->limit = h->limit_goal = room_of(c, c->limit_pages);
	h->reclaim = models[c->reclaim];
	h->n.absent = c->vm_pages;
	if (hooks)
		h->hooks = *hooks;
	/* the other models take memory from a page at once */
	h->c.is_writeback_async &= c->reclaim == RECLAIM_TWO_LIST;
	h->nodes = arena_alloc(arena, (size_t)c->npages + h->reclaim->nheads, sizeof(*h->nodes));
	h->pages = arena_alloc(arena, c->npages, sizeof(*h->pages));
	if (!h->nodes || !h->pages ||
	    swapslots_init(&h->slots, c->npages, (uint32_t)c->slot_writers,
			   (uint32_t)c->readahead_pages, arena))
		return err_set(e, ERR_NOMEM, "host memory: out of memory for %u pages", c->npages);
	for (uint32_t i = 0; i < h->reclaim->nheads; i++)
		list32_init(h->nodes, c->npages + i);
	if (h->reclaim->init && h->reclaim->init(h, arena))
		return err_set(e, ERR_NOMEM, "host memory: out of memory for %s", h->reclaim->name);
	*out = h;
	return 0;
}

void hostmem_populate(struct hostmem *h, uint32_t page, struct ns now)
{
	assert(is_known(h, page));
	if (page_state(&h->pages[page]) != HOSTMEM_ABSENT)
		return;
	allocate(h, page, ORIGIN_POPULATE, now);
	check_event(h, page);
}

void hostmem_prefetch(const struct hostmem *h, uint32_t page)
{
	__builtin_prefetch(&h->pages[page], 1);
	__builtin_prefetch(&h->nodes[page], 1);
}

enum touch_result hostmem_touch(struct hostmem *h, uint32_t page, enum hostmem_touch by,
				bool is_write, struct ns now)
{
	(void)is_write; /* shared memory: a page that came in is dirty at once */
	assert(is_known(h, page));
	struct hostpage *p = &h->pages[page];
	h->n.touches++;
	if (__builtin_expect(h->limit_goal < h->limit, 0))
		pursue_limit(h, now);
	if (h->reclaim->advance)
		h->reclaim->advance(h, now);
	if (__builtin_expect(p->flags & PAGE_MAPPED, 1)) {
		mark_touch(h, p, by, now);
		if (h->reclaim->touch && p->flags & PAGE_LISTED &&
		    (by == TOUCH_CPU || h->c.dma_sets_accessed))
			h->reclaim->touch(h, page);
		check_event(h, UINT32_MAX);
		return TOUCH_HIT;
	}

	const enum touch_result r =
		fault(h, page, by == TOUCH_CPU ? PAGE_WANTED_CPU : PAGE_WANTED_DMA, now);
	if (p->flags & PAGE_MAPPED)
		mark_fault(h, page, by, now);
	/* readahead put it on a list already: this is its first use, not its arrival */
	if (r == TOUCH_MINOR && h->reclaim->touch && p->flags & PAGE_LISTED &&
	    (by == TOUCH_CPU || h->c.dma_sets_accessed))
		h->reclaim->touch(h, page);
	h->n.first += r == TOUCH_FIRST;
	h->n.joined += r == TOUCH_JOIN;
	h->n.minor[by] += r == TOUCH_MINOR;
	h->n.major[by] += r == TOUCH_MAJOR;
	check_event(h, page);
	return r;
}

void hostmem_arrived(struct hostmem *h, uint32_t page, struct ns now)
{
	assert(is_known(h, page));
	struct hostpage *p = &h->pages[page];
	if (page_state(p) != HOSTMEM_IN)
		return;
	const uint32_t wanted = p->flags & PAGE_WANTED;
	finish_read(h, page, now);
	/* whoever waited uses it now */
	if (wanted & PAGE_WANTED_CPU)
		mark_fault(h, page, TOUCH_CPU, now);
	if (wanted & PAGE_WANTED_DMA)
		mark_fault(h, page, TOUCH_DMA, now);
	check_event(h, page);
}

void hostmem_written(struct hostmem *h, uint32_t page, uint32_t slot, struct ns now)
{
	(void)now;
	assert(is_known(h, page));
	struct hostpage *p = &h->pages[page];
	if (page_state(p) == HOSTMEM_OUT && p->slot == slot)
		set_state(h, p, HOSTMEM_SWAPPED);
	check_event(h, page);
}

enum touch_result hostmem_pin(struct hostmem *h, uint32_t page, struct ns now)
{
	assert(is_known(h, page));
	struct hostpage *p = &h->pages[page];
	enum touch_result r = TOUCH_HIT;
	h->n.pin_ops++;
	if (!(p->flags & PAGE_MAPPED)) {
		r = fault(h, page, PAGE_PROMISED, now);
		h->n.pin_swap_in += r == TOUCH_MAJOR;
	}
	if (p->flags & PAGE_MAPPED && !(p->flags & PAGE_PINNED)) {
		unlink_page(h, page);
		p->flags |= PAGE_PINNED;
		h->n.pinned++;
	}
	check_event(h, page);
	return r;
}

void hostmem_unpin(struct hostmem *h, uint32_t page, struct ns now)
{
	assert(is_known(h, page));
	struct hostpage *p = &h->pages[page];
	h->n.unpin_ops++;
	if (page_state(p) == HOSTMEM_IN && p->flags & PAGE_PROMISED) {
		/* nobody waits for it any more: it stays as if readahead had asked */
		p->flags &= ~(uint32_t)PAGE_PROMISED;
	} else if (p->flags & PAGE_PINNED) {
		p->flags &= ~(uint32_t)PAGE_PINNED;
		h->n.pinned--;
		link_page(h, page, ORIGIN_BACK, now);
		make_room(h, 0, now);
		note_overflow(h);
	}
	check_event(h, page);
}

void hostmem_set_limit(struct hostmem *h, uint64_t pages, struct ns now)
{
	h->limit_goal = room_of(&h->c, pages);
	if (h->limit_goal >= h->limit) {
		if (h->is_limit_work_open)
			work_for_limit(h, (struct ns){ UINT64_MAX });
		h->limit = h->limit_goal;
		note_overflow(h);
	} else {
		if (h->limit_work.v < now.v)
			h->limit_work = now;
		pursue_limit(h, now);
	}
	check_event(h, UINT32_MAX);
}

void hostmem_flush_stats(struct hostmem *h, struct ns now)
{
	if (h->reclaim->flush)
		h->reclaim->flush(h, now);
}

void hostmem_tick(struct hostmem *h, struct ns now)
{
	if (h->limit_goal < h->limit)
		pursue_limit(h, now);
	if (h->reclaim->advance)
		h->reclaim->advance(h, now);
	if (h->reclaim->tick)
		h->reclaim->tick(h, now);
	note_overflow(h);
	check_event(h, UINT32_MAX);
}

enum hostmem_state hostmem_page_state(const struct hostmem *h, uint32_t page)
{
	return page_state(&h->pages[page]);
}

bool hostmem_is_mapped(const struct hostmem *h, uint32_t page)
{
	return h->pages[page].flags & PAGE_MAPPED;
}

bool hostmem_is_pinned(const struct hostmem *h, uint32_t page)
{
	return h->pages[page].flags & PAGE_PINNED;
}

static uint64_t age_of(uint32_t stamp, struct ns now)
{
	const uint32_t at = stamp_of(now);
	if (!stamp)
		return UINT64_MAX;
	return at > stamp ? (uint64_t)(at - stamp) << STAMP_SHIFT : 0;
}

uint64_t hostmem_cpu_age_ns(const struct hostmem *h, uint32_t page, struct ns now)
{
	return hostmem_is_mapped(h, page) ? age_of(h->pages[page].cpu_stamp, now) : UINT64_MAX;
}

uint64_t hostmem_dma_age_ns(const struct hostmem *h, uint32_t page, struct ns now)
{
	return hostmem_is_mapped(h, page) ? age_of(h->pages[page].dma_stamp, now) : UINT64_MAX;
}

uint64_t hostmem_idle_ns(const struct hostmem *h, uint32_t page, struct ns now)
{
	const struct hostpage *p = &h->pages[page];
	return age_of(p->cpu_stamp > p->dma_stamp ? p->cpu_stamp : p->dma_stamp, now);
}

const struct hostmem_counts *hostmem_counts(const struct hostmem *h)
{
	return &h->n;
}

uint64_t hostmem_limit(const struct hostmem *h)
{
	return h->limit;
}
