// SPDX-License-Identifier: MIT
/*
 * The order of an event: time first (ticks that are due), then the host (is the
 * page there? reclaim for what comes in), then the policy, which learns of the
 * access and may pin. A policy therefore never prevents the fault it is told of.
 *
 * A DMA to a page whose PAE is clear is an IOPF: major when the page must be
 * read from swap, minor when it lies in the swap cache. A page that was never
 * in memory is allocated and counted apart (`first`), as the recordings do.
 */
#include "replay/pin-cell.h"

#include "base/units.h"
#include "replay/pin-cell-impl.h"
#include "replay/pin-log.h"
#include "replay/pin-pulse.h"
#include "replay/pin-uses.h"

enum { AHEAD = 12 }; /* events looked ahead */

/*
 * Until when events need no more than on_quiet does: all that on_event does
 * by time must be here. To be called after whatever may change the host, or
 * what is to happen next.
 */
static void note_quiet(struct pin_cell *c)
{
	uint64_t until_ns = c->life.due_ns;
	c->quiet = hostmem_quiet(c->host);
	until_ns = until_ns < c->next_tick_ns ? until_ns : c->next_tick_ns;
	until_ns = until_ns < c->next_epoch_ns ? until_ns : c->next_epoch_ns;
	until_ns = until_ns < c->quiet.until_ns ? until_ns : c->quiet.until_ns;
	const bool is_never = c->is_frozen || c->cpu_follows || c->hardware.sees_dma ||
			      c->is_stepped;
	c->quiet.until_ns = is_never ? 0 : until_ns;
}

/* ---- pins ---- */

/* The host is told of it later, unless somebody else pins there or takes pages. */
static bool put_late(struct pin_cell *c, uint32_t page, bool is_unpin)
{
	const bool is_alone = !c->is_frozen && !c->hardware.held && !c->shared->pool;
	return is_alone && pin_late_put(&c->late, page, is_unpin, c->now_ns);
}

static void pin_page(struct pin_cell *c, uint32_t page)
{
	pin_cell_count_pinned(c);
	c->pins.held_pages++;
	if (c->pins.held_pages > c->pinned_max)
		c->pinned_max = c->pins.held_pages;
	if (put_late(c, page, false))
		return;
	pin_late_settle(&c->late);
	c->life.cause = PIN_CAUSE_PIN;
	if (!pin_hardware_holds(&c->hardware, page))
		hostmem_pin(c->host, page, (struct ns){ c->now_ns });
	note_quiet(c);
}

static void unpin_page(struct pin_cell *c, uint32_t page)
{
	pin_cell_count_pinned(c);
	c->pins.held_pages--;
	if (c->is_frozen)
		pin_schedule_unpin(&c->schedule, page);
	if (put_late(c, page, true))
		return;
	pin_late_settle(&c->late);
	if (!pin_hardware_holds(&c->hardware, page))
		hostmem_unpin(c->host, page, (struct ns){ c->now_ns });
	note_quiet(c);
}

static bool pins_pin(struct policy_pins *pins, uint32_t page)
{
	struct pin_cell *c = (struct pin_cell *)pins;
	if (c->holders[page])
		return true;
	if (pins->held_pages >= pins->budget_pages) {
		c->refused++;
		return false;
	}
	c->holders[page] = 1;
	pin_page(c, page);
	return true;
}

static void pins_unpin(struct policy_pins *pins, uint32_t page)
{
	struct pin_cell *c = (struct pin_cell *)pins;
	if (!c->holders[page])
		return;
	c->holders[page] = 0;
	unpin_page(c, page);
}

/* A list takes or drops a page; with several lists the first and the last one count. */
static void list_takes(struct pin_cell *c, uint32_t page)
{
	if (!c->holders || !c->holders[page]++)
		pin_page(c, page);
}

static void list_drops(struct pin_cell *c, uint32_t page)
{
	if (!c->holders || !--c->holders[page])
		unpin_page(c, page);
}

/* ---- what a policy sees ---- */

static struct pin_cell *cell_of_view(const struct policy_view *view)
{
	return (struct pin_cell *)((char *)(uintptr_t)view - offsetof(struct pin_cell, view));
}

static bool view_is_resident(const struct policy_view *view, uint32_t page)
{
	const struct pin_cell *c = cell_of_view(view);
	if (c->is_frozen && c->schedule.is[page] == PIN_GONE)
		return false;
	return hostmem_page_state(c->host, page) == HOSTMEM_RESIDENT;
}

static bool view_is_pinned(const struct policy_view *view, uint32_t page)
{
	return cell_of_view(view)->holders[page];
}

static uint64_t view_cpu_age_ns(const struct policy_view *view, uint32_t page, uint64_t now_ns)
{
	return hostmem_cpu_age_ns(cell_of_view(view)->host, page, (struct ns){ now_ns });
}

/* ---- what the host and the faults tell ---- */

static void on_leave(void *ctx, uint32_t page, struct ns now)
{
	struct pin_cell *c = ctx;
	uint32_t n;
	const uint32_t first = hostmem_unit(c->host, page, &n);
	for (uint32_t i = first; i < first + n && c->records; i++)
		pin_recorder_leaves(&c->recorder, i, c->event, now.v);
	if (c->is_timed)
		pin_life_pae_clear(&c->life, page, now);
}

static void on_map(void *ctx, uint32_t page, struct ns now)
{
	pin_life_pae_set(&((struct pin_cell *)ctx)->life, page, now);
}

static void on_read(void *ctx, uint32_t page, uint32_t slot, bool is_readahead, struct ns now)
{
	pin_life_swap_in(&((struct pin_cell *)ctx)->life, page, slot, is_readahead, now);
}

static void on_write(void *ctx, uint32_t page, uint32_t slot, struct ns now)
{
	pin_life_swap_out(&((struct pin_cell *)ctx)->life, page, slot, now);
}

static inline void touch_by_cpu(struct pin_cell *c, uint32_t page, bool is_write, struct ns now)
{
	pin_late_settle(&c->late);
	c->life.cause = PIN_CAUSE_CPU;
	hostmem_touch(c->host, page, TOUCH_CPU, is_write, now);
	if (c->life.nlate)
		pin_life_settle(&c->life);
}

static void on_fault_ended(void *ctx, const struct iopf_fault *f)
{
	struct pin_cell *c = ctx;
	struct pin_counts *counts[] = { &c->classes[c->class_of_list[f->dev]].counts,
					&c->classes[PIN_CLASSES].counts };
	for (unsigned i = 0; i < 2; i++) {
		counts[i]->done += f->outcome == IOPF_DONE;
		counts[i]->failed += f->outcome == IOPF_FAILED;
		counts[i]->joined += f->outcome == IOPF_JOINED;
	}
	if (c->job->log)
		pin_log_end(c->job->log, (int64_t)f->tag, f->outcome,
			    f->at[IOPF_RESOLVE + 1].v - f->at[IOPF_RESOLVE].v,
			    f->at[IOPF_STAGES].v);
	if (c->cpu_follows)
		touch_by_cpu(c, f->page, false, c->life.q.now);
}

void pin_cell_wire(struct pin_cell *c, struct hostmem_hooks *out)
{
	c->pins.pin = pins_pin;
	c->pins.unpin = pins_unpin;
	c->view.is_resident = view_is_resident;
	c->view.is_pinned = view_is_pinned;
	c->view.cpu_age_ns = view_cpu_age_ns;
	*out = (struct hostmem_hooks){ .ctx = c, .pae_clear = on_leave };
	if (!c->is_timed)
		return;
	out->pae_set = on_map;
	out->swap_in = on_read;
	out->swap_out = on_write;
	c->life.ctx = c;
	c->life.ended = on_fault_ended;
}

/* ---- events ---- */

static uint64_t log_iopf(struct pin_cell *c, const struct pin_event *ev, enum touch_result r)
{
	const struct pin_log_entry entry = {
		.raised_ns = c->now_ns,
		.ended_ns = c->now_ns,
		.page = ev->page,
		.dev = ev->dev,
		.kind = r == TOUCH_MINOR  ? PIN_FAULT_MINOR
			: r == TOUCH_JOIN ? PIN_FAULT_LATE
					  : PIN_FAULT_MAJOR,
		.outcome = c->is_timed ? IOPF_OPEN : IOPF_DONE,
	};
	return (uint64_t)pin_log_raise(c->job->log, &entry);
}

static __attribute__((noinline)) void on_iopf(struct pin_cell *c, struct class_state *s,
					      const struct pin_event *ev, enum touch_result r)
{
	struct class_state *both[] = { s, &c->classes[PIN_CLASSES] };
	c->raised++;
	cluster_count(&c->cluster, ev->page);
	if (c->records && r != TOUCH_JOIN)
		pin_recorder_fault(&c->recorder, ev->page, c->event, c->now_ns);
	for (unsigned i = 0; i < 2; i++) {
		both[i]->counts.done += !c->is_timed;
		both[i]->counts.minor += r == TOUCH_MINOR;
		pin_tally_add(&both[i]->tally, c->now_ns, c->shared->middle_ns);
	}
	const uint64_t number = c->job->log ? log_iopf(c, ev, r) : 0;
	if (!c->is_timed)
		return;
	const uint8_t list = c->shared->list_of_dev[ev->dev];
	c->class_of_list[list] = c->shared->class_of_dev[ev->dev];
	/* traces know no queues: a NIC has one ring, a block device many in turn */
	const bool is_block = c->class_of_list[list] == PIN_BLOCK;
	const uint16_t queue = is_block ? (uint16_t)splitmix64_mix(c->raised) : list;
	pin_life_raise(&c->life, ev->page, list, queue, number, c->now_ns);
}

static inline bool is_iopf(enum touch_result r)
{
	return r != TOUCH_HIT && r != TOUCH_FIRST;
}

static inline void tell_list(struct pin_cell *c, const struct pin_event *ev)
{
	const unsigned i = c->shared->nlists > 1 ? c->shared->list_of_dev[ev->dev] : 0;
	if (!c->lists[i])
		return;
	const uint32_t victim =
		c->policy->access(c->lists[i], ev->page, c->requests[i]++, POLICY_NEVER);
	if (victim == POLICY_HIT)
		return;
	if (victim != POLICY_ROOM)
		list_drops(c, victim);
	list_takes(c, ev->page);
}

static inline void tell_pinning(struct pin_cell *c, const struct pin_event *ev, bool is_fault)
{
	if (c->pages) {
		struct policy_page *p = &c->pages[ev->page];
		p->last_dma_ns = ev->ts_ns;
		p->dmas += p->dmas != UINT32_MAX;
		p->faults += is_fault && p->faults != UINT32_MAX;
	}
	if (!c->policy->pinning->access)
		return;
	const struct policy_access a = {
		.now_ns = ev->ts_ns,
		.page = ev->page,
		.dev = ev->dev,
		.is_write = ev->is_write,
		.is_fault = is_fault,
	};
	c->policy->pinning->access(c->lists[0], &a, &c->pins);
}

static inline void on_dma(struct pin_cell *c, const struct pin_event *ev)
{
	const struct ns now = { ev->ts_ns };
	struct class_state *s = &c->classes[c->shared->class_of_dev[ev->dev]];
	c->life.cause = PIN_CAUSE_DMA;
	enum touch_result r = hostmem_touch(c->host, ev->page, TOUCH_DMA, ev->is_write, now);
	if (c->is_frozen && pin_schedule_use(&c->schedule, ev->page))
		r = TOUCH_MAJOR;
	s->counts.dma_pages++;
	if (__builtin_expect(r != TOUCH_HIT, 0)) {
		if (r == TOUCH_FIRST)
			s->counts.first++;
		else
			on_iopf(c, s, ev, r);
	}
	if (c->policy->pinning)
		tell_pinning(c, ev, is_iopf(r));
	else
		tell_list(c, ev);
	if (c->cpu_follows && !(c->is_timed && is_iopf(r))) /* else when the fault has ended */
		touch_by_cpu(c, ev->page, false, now);
}

static void pulse(struct pin_cell *c, uint64_t now_ns)
{
	const struct hostmem_counts *h = hostmem_counts(c->host);
	const struct pin_pulse p = {
		.at_ns = now_ns,
		.cpu_major = h->major[TOUCH_CPU],
		.resident = (uint32_t)(h->resident + h->in + h->out),
		.pinned = c->pins.held_pages,
	};
	pin_pulses_add(c->job->pulses, &p);
}

/* A backend has its part in the access. */
static __attribute__((noinline)) void on_seen_dma(struct pin_cell *c, const struct pin_event *ev)
{
	pin_hardware_before(&c->hardware, ev->page, c->shared->list_of_dev[ev->dev], ev->ts_ns);
	on_dma(c, ev);
	pin_hardware_after(&c->hardware, ev->page, ev->ts_ns);
}

/* The backend pins before the policy looks, and lets go after it. */
static void on_mapping(struct pin_cell *c, const struct pin_event *ev)
{
	const struct policy_pinning *p = c->policy->pinning;
	const bool is_map = ev->kind == PIN_MAP, is_own = c->hardware.traits.pins_on_map;
	if (is_own && is_map)
		pin_hardware_map(&c->hardware, ev->page, ev->ts_ns);
	if (is_map && p && p->map)
		p->map(c->lists[0], ev->page, ev->ts_ns, &c->pins);
	if (!is_map && p && p->release)
		p->release(c->lists[0], ev->page, ev->ts_ns, &c->pins);
	if (is_own && !is_map)
		pin_hardware_unmap(&c->hardware, ev->page, ev->ts_ns);
}

/* A limit's time, or a second of the host's. */
static void tick_host(struct pin_cell *c, uint64_t at, uint64_t second)
{
	const struct limits *l = &c->shared->limits;
	const struct ns now = { at };
	for (; c->next_limit < l->n && l->steps[c->next_limit].at_ns <= at; c->next_limit++)
		if (!c->is_frozen)
			hostmem_set_limit(c->host, pin_cell_limit_at(c, c->next_limit), now);
	if (at >= c->next_second_ns) {
		if (c->hardware.npassed)
			pin_hardware_tick(&c->hardware, at);
		hostmem_tick(c->host, now);
		hist_record_n(&c->pinned, c->pins.held_pages, second / NS_PER_SEC);
		if (c->job->pulses)
			pulse(c, at);
		if (__builtin_add_overflow(at, second, &c->next_second_ns))
			c->next_second_ns = UINT64_MAX;
	}
	pin_cell_note_tick(c);
}

/*
 * Of a VM alone the clock of faults stands where its last step ended, and a step
 * goes to the next event or tick. In a pool it was brought there in smaller ones.
 */
static inline void run_life(struct pin_cell *c, uint64_t at_ns)
{
	if (at_ns < c->life.due_ns && !c->is_stepped)
		return;
	pin_life_run(&c->life, at_ns);
	c->is_stepped = false;
}

/* Ticks up to a time; a gap without end in sight is walked in longer steps. */
static __attribute__((noinline)) void on_ticks(struct pin_cell *c, uint64_t until_ns)
{
	const uint64_t gap = until_ns - c->now_ns;
	const uint64_t least = gap / CELL_TICKS_MAX;
	const uint64_t second = least > NS_PER_SEC ? least : NS_PER_SEC;
	const uint64_t epoch_ns = c->shared->params.epoch_ns;
	const uint64_t epoch = least > epoch_ns ? least : epoch_ns;
	for (;;) {
		const bool is_epoch = c->next_epoch_ns < c->next_tick_ns;
		const uint64_t at = is_epoch ? c->next_epoch_ns : c->next_tick_ns;
		if (at > until_ns || at == UINT64_MAX)
			return;
		run_life(c, at);
		c->now_ns = c->life.event_ns = at;
		if (is_epoch) {
			c->policy->pinning->tick(c->lists[0], at, &c->pins);
			pin_late_settle(&c->late);
			if (__builtin_add_overflow(at, epoch, &c->next_epoch_ns))
				c->next_epoch_ns = UINT64_MAX;
		} else {
			tick_host(c, at, second);
		}
	}
}

/* Frozen: what left after the event before now is gone, unless it is pinned. */
static __attribute__((noinline)) void follow_schedule(struct pin_cell *c)
{
	const struct policy_pinning *p = c->policy->pinning;
	uint32_t absence;
	while ((absence = pin_schedule_next(&c->schedule, c->event + 1)) != UINT32_MAX) {
		const uint32_t page = c->schedule.h->absences[absence].page;
		if (p && p->leaving)
			p->leaving(c->lists[0], absence, &c->pins);
		c->schedule.is[page] = hostmem_is_pinned(c->host, page) ? PIN_KEPT : PIN_GONE;
	}
}

static inline void on_event(struct pin_cell *c, const struct pin_event *ev)
{
	pin_late_settle(&c->late);
	if (c->is_frozen && ev->kind <= PIN_BACKGROUND)
		follow_schedule(c);
	if (ev->ts_ns >= c->next_tick_ns || ev->ts_ns >= c->next_epoch_ns)
		on_ticks(c, ev->ts_ns);
	run_life(c, ev->ts_ns);
	c->now_ns = c->life.event_ns = ev->ts_ns;
	c->event += ev->kind <= PIN_BACKGROUND;
	switch (ev->kind) {
	case PIN_DMA:
		if (__builtin_expect(c->hardware.sees_dma, 0))
			on_seen_dma(c, ev);
		else
			on_dma(c, ev);
		return;
	case PIN_CPU:
	case PIN_BACKGROUND:
		touch_by_cpu(c, ev->page, ev->is_write, (struct ns){ ev->ts_ns });
		return;
	default:
		on_mapping(c, ev);
	}
}

void pin_cell_advance(struct pin_cell *c, uint64_t now_ns)
{
	if (now_ns < c->now_ns) /* what was due before, by a clock that lags behind */
		now_ns = c->now_ns;
	pin_late_settle(&c->late);
	if (now_ns >= c->next_tick_ns || now_ns >= c->next_epoch_ns)
		on_ticks(c, now_ns);
	if (now_ns >= c->life.due_ns) {
		pin_life_run(&c->life, now_ns);
		c->is_stepped = true;
	}
	c->now_ns = c->life.event_ns = now_ns;
}

void pin_cell_catch_up(struct pin_cell *c, uint64_t now_ns)
{
	c->life.event_ns = now_ns > c->life.event_ns ? now_ns : c->life.event_ns;
}

void pin_cell_place(struct pin_cell *c, void (*before)(void *ctx, struct ns now), void *ctx)
{
	hostmem_pool_place(c->host, c->shared->offset_ns, before, ctx);
}

uint64_t pin_cell_life_due_ns(const struct pin_cell *c)
{
	return c->life.due_ns;
}

uint64_t pin_cell_due_ns(const struct pin_cell *c)
{
	const uint64_t tick = c->next_tick_ns < c->next_epoch_ns ? c->next_tick_ns
								 : c->next_epoch_ns;
	return c->life.due_ns < tick ? c->life.due_ns : tick;
}

void pin_cell_advance_life(struct pin_cell *c, uint64_t now_ns)
{
	pin_life_run(&c->life, now_ns);
}

const struct swap *pin_cell_swap(const struct pin_cell *c)
{
	return c->life.swap;
}

uint64_t pin_cell_raised(const struct pin_cell *c)
{
	return c->raised;
}

static inline bool is_mapped(const struct pin_cell *c, uint32_t page)
{
	return c->quiet.mapped[page / 64] >> page % 64 & 1;
}

static inline bool is_quiet(const struct pin_cell *c, const struct pin_event *ev)
{
	return ev->kind == PIN_DMA && ev->ts_ns < c->quiet.until_ns && is_mapped(c, ev->page);
}

/* Nothing is due and the page is there: as on_event, of which only the policy is left. */
static inline void on_quiet(struct pin_cell *c, const struct pin_event *ev)
{
	c->now_ns = c->life.event_ns = ev->ts_ns;
	c->event++;
	c->classes[c->shared->class_of_dev[ev->dev]].counts.dma_pages++;
	if (c->policy->pinning)
		tell_pinning(c, ev, false);
	else
		tell_list(c, ev);
}

/* Counts that are summed once a block: they change with every event. */
static void sum_up(struct pin_cell *c, uint64_t hits)
{
	struct pin_counts *all = &c->classes[PIN_CLASSES].counts;
	hostmem_note_hits(c->host, hits);
	all->dma_pages = all->first = 0;
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		all->dma_pages += c->classes[k].counts.dma_pages;
		all->first += c->classes[k].counts.first;
	}
}

size_t pin_cell_run(struct pin_cell *c, const struct pin_block *b)
{
	void *list = c->shared->nlists > 1 ? NULL : c->lists[0];
	void (*prefetch)(void *, uint32_t) = list ? c->policy->prefetch : NULL;
	const bool *stop = c->shared->stop;
	uint64_t hits = 0;
	size_t i = 0;
	note_quiet(c);
	for (; i < b->n; i++) {
		const struct pin_event *ahead = &b->events[i + AHEAD < b->n ? i + AHEAD : i];
		if (ahead->kind == PIN_DMA) {
			if (prefetch)
				prefetch(list, ahead->page);
			if (!is_mapped(c, ahead->page))
				hostmem_prefetch(c->host, ahead->page);
		} else if (c->wants[ahead->kind]) {
			hostmem_prefetch(c->host, ahead->page);
		}
		const struct pin_event *ev = &b->events[i];
		if (is_quiet(c, ev)) {
			on_quiet(c, ev);
			hits++;
		} else if (c->wants[ev->kind]) {
			if (stop && ev->ts_ns >= pin_cell_due_ns(c))
				break;
			on_event(c, ev);
			note_quiet(c);
			if (stop && *stop) {
				i++;
				break;
			}
		}
	}
	sum_up(c, hits);
	return i;
}
