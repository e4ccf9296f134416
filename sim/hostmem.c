// SPDX-License-Identifier: MIT
/*
 * Transitions of pages and their accounting: set_state is the only place where a
 * page changes its state, hostmem_evict the only way out of memory. What
 * comes and goes together, a page or a 2 MiB page, is a unit, known by its first
 * page. Everything
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

static inline void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static inline void bit_clear(uint64_t *bits, uint32_t i)
{
	bits[i / 64] &= ~(UINT64_C(1) << i % 64);
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

/* The only place where a page, or all of a 2 MiB page, changes its state. */
static inline void set_state(struct hostmem *h, uint32_t unit, enum hostmem_state state)
{
	struct hostpage *p = &h->pages[unit];
	const uint32_t n = unit_pages(h, unit);
	*count_of(h, p) -= n;
	for (uint32_t i = 0; i < n; i++)
		p[i].flags = (p[i].flags & ~(uint32_t)PAGE_STATE) | state;
	*count_of(h, p) += n;
}

/* How many pages one call of a hook is about: the grain of the device's table. */
static inline uint32_t hook_step(const struct hostmem *h, uint32_t npages)
{
	return h->c.huge == HUGE_WHOLE ? npages : 1;
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
	       hostpool_shrink(h, now))
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

static bool has_pins(const struct hostmem *h, uint32_t unit)
{
	return unit_pages(h, unit) > 1 ? h->huge[unit / HOSTMEM_HUGE_PAGES].pins
				       : h->pages[unit].flags & PAGE_PINNED;
}

static void link_unit(struct hostmem *h, uint32_t unit, enum page_origin origin, struct ns now)
{
	if (has_pins(h, unit) || !h->reclaim->add)
		return;
	h->reclaim->add(h, unit, origin, now);
	h->pages[unit].flags |= PAGE_LISTED;
}

static void unlink_unit(struct hostmem *h, uint32_t unit)
{
	struct hostpage *p = &h->pages[unit];
	if (!(p->flags & PAGE_LISTED))
		return;
	if (h->reclaim->remove)
		h->reclaim->remove(h, unit);
	p->flags &= ~(uint32_t)PAGE_LISTED;
}

/* The page tables get the page; of its time outside nothing is kept. */
static void map_unit(struct hostmem *h, uint32_t unit, struct ns now)
{
	struct hostpage *p = &h->pages[unit];
	const uint32_t n = unit_pages(h, unit);
	assert(page_state(p) == HOSTMEM_RESIDENT && !(p->flags & PAGE_MAPPED));
	for (uint32_t i = 0; i < n; i++) {
		p[i].flags = (p[i].flags & ~(uint32_t)(PAGE_READAHEAD | PAGE_CLEAN)) | PAGE_MAPPED;
		p[i].cpu_stamp = 0;
		bit_set(h->mapped, unit + i);
	}
	for (uint32_t i = 0; i < n && h->hooks.pae_set; i += hook_step(h, n))
		h->hooks.pae_set(h->hooks.ctx, unit + i, now);
}

/* A page that is mapped becomes pinned. */
static void pin_mapped(struct hostmem *h, uint32_t page)
{
	const uint32_t unit = unit_of(h, page);
	unlink_unit(h, unit);
	h->pages[page].flags |= PAGE_PINNED;
	h->n.pinned++;
	if (unit_pages(h, unit) > 1)
		h->huge[unit / HOSTMEM_HUGE_PAGES].pins++;
}

static inline void mark_touch(struct hostmem *h, uint32_t page, enum hostmem_touch by,
			      struct ns now)
{
	struct hostpage *p = &h->pages[page];
	if (by == TOUCH_CPU)
		p->cpu_stamp = stamp_of(now);
	if (by == TOUCH_CPU || h->c.dma_sets_accessed)
		h->pages[unit_of(h, page)].flags |= PAGE_ACCESSED;
}

/* A fault that mapped the page: the page tables of the process that took it have the bit. */
static void mark_fault(struct hostmem *h, uint32_t page, enum hostmem_touch by, struct ns now)
{
	mark_touch(h, page, by, now);
	h->pages[unit_of(h, page)].flags |= PAGE_ACCESSED;
}

static void leave_swap_cache(struct hostmem *h, uint32_t unit)
{
	struct hostpage *p = &h->pages[unit];
	const uint32_t n = unit_pages(h, unit);
	if (p->flags & PAGE_READAHEAD) {
		h->slots.hits++;
		h->n.readahead_hits++;
	}
	for (uint32_t i = 0; i < n; i++)
		swapslots_release(&h->slots, p[i].slot);
	h->n.swap_cache -= n;
}

/* Memory for what is swapped; from here on it is charged. */
static void start_read(struct hostmem *h, uint32_t unit, bool is_readahead, struct ns now)
{
	struct hostpage *p = &h->pages[unit];
	const uint32_t n = unit_pages(h, unit);
	make_room(h, n, now);
	set_state(h, unit, HOSTMEM_IN);
	for (uint32_t i = 0; i < n; i++) {
		p[i].flags &= ~(uint32_t)(PAGE_MAPPED | PAGE_WANTED | PAGE_PROMISED |
					  PAGE_ACCESSED | PAGE_REFERENCED | PAGE_ACTIVE);
		p[i].flags |= PAGE_CLEAN | (is_readahead ? PAGE_READAHEAD : 0);
	}
	h->n.swap_in += n;
	h->n.readahead += is_readahead;
	note_overflow(h);
	if (h->hooks.swap_in)
		h->hooks.swap_in(h->hooks.ctx, unit, p->slot, is_readahead, now);
}

/* Who waited for a page of it, or pinned one, has it now. */
static void serve(struct hostmem *h, uint32_t page, uint32_t why, struct ns now)
{
	if (why & PAGE_WANTED_CPU)
		mark_fault(h, page, TOUCH_CPU, now);
	if (why & PAGE_WANTED_DMA)
		mark_fault(h, page, TOUCH_DMA, now);
	if (why & PAGE_PROMISED)
		pin_mapped(h, page);
}

static void finish_read(struct hostmem *h, uint32_t unit, struct ns now)
{
	enum { WHY = PAGE_WANTED | PAGE_PROMISED };
	struct hostpage *p = &h->pages[unit];
	const uint32_t n = unit_pages(h, unit);
	uint32_t any = 0;
	for (uint32_t i = 0; i < n; i++)
		any |= p[i].flags & WHY;
	set_state(h, unit, HOSTMEM_RESIDENT);
	h->n.swap_cache += n;
	/* the model wants the shadow, which mapping overwrites */
	if (!(any & PAGE_PROMISED))
		link_unit(h, unit, any ? ORIGIN_SWAP : ORIGIN_READAHEAD, now);
	if (!any)
		return;
	leave_swap_cache(h, unit);
	map_unit(h, unit, now);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t why = p[i].flags & WHY;
		p[i].flags &= ~(uint32_t)WHY;
		if (why)
			serve(h, unit + i, why, now);
	}
}

/* Brings in, around the slot, what readahead takes for near. */
static void read_ahead(struct hostmem *h, uint32_t page, struct ns now)
{
	uint32_t first, last;
	swapslots_window(&h->slots, h->pages[page].slot, &first, &last);
	for (uint32_t slot = first; slot <= last && slot >= first; slot++) {
		const uint32_t near = h->slots.page[slot];
		if (near == SWAPSLOT_NONE || near == page ||
		    page_state(&h->pages[near]) != HOSTMEM_SWAPPED)
			continue;
		start_read(h, near, true, now);
		if (h->c.is_instant)
			finish_read(h, near, now);
	}
}

/* why: bits of finish_read */
static void swap_in(struct hostmem *h, uint32_t page, uint32_t why, struct ns now)
{
	const uint32_t unit = unit_of(h, page);
	if (unit_pages(h, unit) == 1)
		read_ahead(h, page, now);
	start_read(h, unit, false, now);
	h->pages[page].flags |= why;
	if (h->c.is_instant)
		finish_read(h, unit, now);
}

static void allocate(struct hostmem *h, uint32_t unit, enum page_origin origin, struct ns now)
{
	make_room(h, unit_pages(h, unit), now);
	set_state(h, unit, HOSTMEM_RESIDENT);
	link_unit(h, unit, origin, now);
	map_unit(h, unit, now);
	note_overflow(h);
}

/* OUT was asked for again: its memory is still there. */
static void take_back(struct hostmem *h, uint32_t unit, struct ns now)
{
	const uint32_t n = unit_pages(h, unit);
	make_room(h, n, now);
	for (uint32_t i = 0; i < n; i++)
		swapslots_release(&h->slots, h->pages[unit + i].slot);
	set_state(h, unit, HOSTMEM_RESIDENT);
	link_unit(h, unit, ORIGIN_BACK, now);
	map_unit(h, unit, now);
	note_overflow(h);
}

/* A page that is not mapped is asked for; why: PAGE_WANTED_* or PAGE_PROMISED. */
static enum touch_result fault(struct hostmem *h, uint32_t page, uint32_t why, struct ns now)
{
	struct hostpage *p = &h->pages[page];
	const uint32_t unit = unit_of(h, page);

	switch (page_state(p)) {
	case HOSTMEM_ABSENT:
		allocate(h, unit, ORIGIN_FIRST, now);
		return TOUCH_FIRST;
	case HOSTMEM_RESIDENT:
		leave_swap_cache(h, unit);
		map_unit(h, unit, now);
		return TOUCH_MINOR;
	case HOSTMEM_OUT:
		take_back(h, unit, now);
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

/* The device first, then what is under way, then the CPU, then the write. */
static void write_out(struct hostmem *h, uint32_t unit, struct ns now)
{
	struct hostpage *p = &h->pages[unit];
	const struct hostmem_hooks *k = &h->hooks;
	const uint32_t n = unit_pages(h, unit);
	if (k->pae_clear)
		k->pae_clear(k->ctx, unit, now);
	if (k->drain)
		k->drain(k->ctx, unit, now);
	if (k->unmap)
		k->unmap(k->ctx, unit, now);
	for (uint32_t i = 0; i < n; i++) {
		p[i].slot = swapslots_take(&h->slots, unit + i, h->writer);
		p[i].flags |= PAGE_CLEAN;
	}
	h->n.swap_out += n;
	h->n.swap_cache += n;
	if (k->swap_out)
		k->swap_out(k->ctx, unit, p->slot, now);
}

static bool evict_unit(struct hostmem *h, uint32_t unit, uint32_t shadow, struct ns now)
{
	struct hostpage *p = &h->pages[unit];
	const uint32_t n = unit_pages(h, unit);
	assert(page_state(p) == HOSTMEM_RESIDENT && !has_pins(h, unit));

	const bool was_mapped = p->flags & PAGE_MAPPED;
	for (uint32_t i = 0; i < n; i++) {
		p[i].flags &= ~(uint32_t)(PAGE_LISTED | PAGE_MAPPED);
		bit_clear(h->mapped, unit + i);
	}
	if (was_mapped) {
		write_out(h, unit, now);
		if (h->c.is_writeback_async)
			return false;
	} else {
		h->n.dropped_clean += n;
	}
	for (uint32_t i = 0; i < n; i++) {
		p[i].shadow = shadow;
		p[i].flags &= ~(uint32_t)(PAGE_ACCESSED | PAGE_READAHEAD);
	}
	h->n.swap_cache -= n;
	set_state(h, unit, was_mapped && !h->c.is_instant ? HOSTMEM_OUT : HOSTMEM_SWAPPED);
	note_overflow(h);
	return true;
}

/* A 2 MiB page becomes 512, for good; all of them leave. */
static bool evict_split(struct hostmem *h, uint32_t unit, uint32_t shadow, struct ns now)
{
	h->huge[unit / HOSTMEM_HUGE_PAGES].is_whole = false;
	h->n.split_pages += HOSTMEM_HUGE_PAGES;
	for (uint32_t i = 1; i < HOSTMEM_HUGE_PAGES; i++)
		if (!evict_unit(h, unit + i, shadow, now))
			link_unit(h, unit + i, ORIGIN_SPLIT, now);
	return evict_unit(h, unit, shadow, now);
}

bool hostmem_evict(struct hostmem *h, uint32_t page, uint32_t shadow, struct ns now)
{
	if (h->c.huge == HUGE_SPLIT && unit_pages(h, page) > 1)
		return evict_split(h, page, shadow, now);
	return evict_unit(h, page, shadow, now);
}

static bool make_huge(struct hostmem *h, struct arena *arena)
{
	const uint32_t n = h->c.npages / HOSTMEM_HUGE_PAGES;
	if (h->c.huge == HUGE_NO || !n)
		return true;
	h->huge = arena_alloc(arena, n, sizeof(*h->huge));
	for (uint32_t i = 0; h->huge && i < n; i++)
		h->huge[i].is_whole = true;
	return h->huge;
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
	h->mapped = arena_alloc(arena, (size_t)c->npages / 64 + 1, sizeof(*h->mapped));
	if (!h->nodes || !h->pages || !h->mapped || !make_huge(h, arena) ||
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
	allocate(h, unit_of(h, page), ORIGIN_POPULATE, now);
	check_event(h, page);
}

void hostmem_prefetch(const struct hostmem *h, uint32_t page)
{
	__builtin_prefetch(&h->pages[page], 1);
	__builtin_prefetch(&h->nodes[page], 1);
}

void hostmem_prefetch_neighbours(const struct hostmem *h, uint32_t page)
{
	__builtin_prefetch(&h->nodes[h->nodes[page].prev], 1);
	__builtin_prefetch(&h->nodes[h->nodes[page].next], 1);
}

static inline void tell_touch(struct hostmem *h, uint32_t unit, enum hostmem_touch by)
{
	if (h->reclaim->touch && h->pages[unit].flags & PAGE_LISTED &&
	    (by == TOUCH_CPU || h->c.dma_sets_accessed))
		h->reclaim->touch(h, unit);
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
		mark_touch(h, page, by, now);
		tell_touch(h, unit_of(h, page), by);
		check_event(h, UINT32_MAX);
		return TOUCH_HIT;
	}

	const enum touch_result r =
		fault(h, page, by == TOUCH_CPU ? PAGE_WANTED_CPU : PAGE_WANTED_DMA, now);
	if (p->flags & PAGE_MAPPED)
		mark_fault(h, page, by, now);
	/* readahead put it on a list already: this is its first use, not its arrival */
	if (r == TOUCH_MINOR)
		tell_touch(h, unit_of(h, page), by);
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
	finish_read(h, unit_of(h, page), now);
	check_event(h, page);
}

void hostmem_written(struct hostmem *h, uint32_t page, uint32_t slot, struct ns now)
{
	(void)now;
	assert(is_known(h, page));
	struct hostpage *p = &h->pages[page];
	if (page_state(p) == HOSTMEM_OUT && p->slot == slot)
		set_state(h, page, HOSTMEM_SWAPPED);
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
	if (p->flags & PAGE_MAPPED && !(p->flags & PAGE_PINNED))
		pin_mapped(h, page);
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
		if (unit_pages(h, page) > 1)
			h->huge[page / HOSTMEM_HUGE_PAGES].pins--;
		link_unit(h, unit_of(h, page), ORIGIN_BACK, now);
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

uint32_t hostmem_unit(const struct hostmem *h, uint32_t page, uint32_t *npages_out)
{
	*npages_out = unit_pages(h, page);
	return unit_of(h, page);
}

enum hostmem_state hostmem_page_state(const struct hostmem *h, uint32_t page)
{
	return page_state(&h->pages[page]);
}

bool hostmem_is_mapped(const struct hostmem *h, uint32_t page)
{
	return h->mapped[page / 64] >> page % 64 & 1;
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

struct hostmem_quiet hostmem_quiet(const struct hostmem *h)
{
	if (h->c.dma_sets_accessed || h->limit_goal < h->limit)
		return (struct hostmem_quiet){ .mapped = h->mapped };
	return (struct hostmem_quiet){
		.mapped = h->mapped,
		.until_ns = h->reclaim->due ? h->reclaim->due(h).v : UINT64_MAX,
	};
}

void hostmem_note_hits(struct hostmem *h, uint64_t n)
{
	h->n.touches += n;
}

const struct hostmem_counts *hostmem_counts(const struct hostmem *h)
{
	return &h->n;
}

uint64_t hostmem_limit(const struct hostmem *h)
{
	return h->limit;
}
