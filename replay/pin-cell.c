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

#include "base/arena.h"
#include "base/cluster.h"
#include "base/hist.h"
#include "base/quantity.h"
#include "base/rng.h"
#include "base/units.h"
#include "replay/pin-hardware.h"
#include "replay/pin-late.h"
#include "replay/pin-life.h"
#include "replay/pin-log.h"
#include "replay/pin-pulse.h"
#include "replay/pin-schedule.h"
#include "replay/pin-tally.h"
#include "replay/pin-uses.h"

#include <stdlib.h>
#include <string.h>

const char *const pin_companion_names[] = { "trace", "background", "cold", "touched", NULL };
const char *const pin_class_names[] = { "nic", "block", "other", NULL };

static const char *const list_names[] = { "shared", "device", NULL };
static const char *const fault_names[] = { "timed", "instant", NULL };
static const char *const residency_names[] = { "live", "frozen", NULL };

const struct param pin_params[] = {
	{ "pin", "lists", PARAM_CHOICE, NULL, "shared", 0, 0,
	  "Replacement policies: one list and budget for all devices, or a part for each",
	  offsetof(struct pin_params, lists), list_names },
	{ "pin", "residency", PARAM_CHOICE, NULL, "live", 0, 0,
	  "live: reclaim reacts to pins; frozen: pages leave when they did without pins",
	  offsetof(struct pin_params, residency), residency_names },
	{ "pin", "faults", PARAM_CHOICE, NULL, "timed", 0, 0,
	  "timed: [iopf] and the swap device take time; instant: pages are there at once",
	  offsetof(struct pin_params, faults), fault_names },
	{ "pin", "epoch", PARAM_NS, NULL, "30s | guess", NS_PER_MS, 0,
	  "Time between two looks of a policy that works by epochs",
	  offsetof(struct pin_params, epoch_ns), NULL },
	{ "pin", "populated", PARAM_BOOL, NULL, "no", 0, 0,
	  "At the start all memory of the VM is resident, else it comes at first touch",
	  offsetof(struct pin_params, is_populated), NULL },
};
const size_t pin_nparams = sizeof(pin_params) / sizeof(*pin_params);

enum {
	AHEAD = 12,               /* events looked ahead */
	CELL_LISTS_MAX = 256,     /* a list number is a byte */
	PINNED_SUB_BITS = 6,      /* of the distribution of pinned pages: 1.6 % */
	CELL_TICKS_MAX = 1 << 17, /* in one gap between events: a day and a half of seconds */
};

struct class_state {
	struct pin_counts counts;
	struct pin_tally tally;
};

struct pin_cell {
	struct policy_pins pins; /* first: the policy's handle is the cell */
	struct policy_view view;
	const struct pin_shared *shared;
	struct pin_job *job;
	struct arena arena;
	struct hostmem *host;

	const struct policy *policy;
	void *lists[CELL_LISTS_MAX]; /* states of the policy */
	uint64_t requests[CELL_LISTS_MAX];
	uint8_t *holders; /* by page: lists that hold it; NULL: one list, which knows by itself */
	struct policy_page *pages; /* view.pages */

	uint8_t wants[PIN_RELEASE + 1]; /* by event kind */
	bool cpu_follows;
	uint64_t now_ns, next_tick_ns, next_epoch_ns, first_ns;
	uint64_t next_second_ns; /* of the host; next_tick_ns is that or the next limit's time */
	size_t next_limit;
	struct hostmem_quiet quiet; /* see note_quiet */
	struct pin_late late;
	struct class_state classes[PIN_CLASSES + 1]; /* the last one: all */
	uint64_t pinned_since_ns;
	unsigned __int128 pinned_page_ns;
	uint64_t pinned_max, refused;
	struct hist pinned; /* pages, each second */

	uint64_t event; /* accesses by device and CPU so far */
	struct pin_recorder recorder;
	struct pin_schedule schedule;
	bool records, is_frozen;

	bool is_timed;
	uint64_t raised;        /* IOPFs: each ends done, failed or joined */
	struct cluster cluster; /* they, by groups of pages */
	struct pin_life life;
	struct pin_hardware hardware;
	uint8_t class_of_list[CELL_LISTS_MAX]; /* of the devices that faulted */
};

uint64_t pin_limit_pages(uint64_t vm_pages, uint64_t overcommit_ppm)
{
	const unsigned __int128 out = (unsigned __int128)vm_pages * overcommit_ppm / PPM_PER_ONE;
	const uint64_t limit = vm_pages - (uint64_t)out;
	return limit ? limit : 1;
}

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
	const bool is_never = c->is_frozen || c->cpu_follows || c->hardware.sees_dma;
	c->quiet.until_ns = is_never ? 0 : until_ns;
}

/* ---- pins ---- */

static void count_pinned(struct pin_cell *c)
{
	c->pinned_page_ns +=
		(unsigned __int128)c->pins.held_pages * (c->now_ns - c->pinned_since_ns);
	c->pinned_since_ns = c->now_ns;
}

/* The host is told of it later, unless somebody else pins there or takes pages. */
static bool put_late(struct pin_cell *c, uint32_t page, bool is_unpin)
{
	const bool is_alone = !c->is_frozen && !c->hardware.held && !c->shared->pool;
	return is_alone && pin_late_put(&c->late, page, is_unpin, c->now_ns);
}

static void pin_page(struct pin_cell *c, uint32_t page)
{
	count_pinned(c);
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
	count_pinned(c);
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

/* ---- making and ending ---- */

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

static const struct iopf_config *iopf_of(const struct pin_cell *c)
{
	return c->job->iopf ? c->job->iopf : c->shared->iopf;
}

static uint64_t scheduled_limit(const struct pin_cell *c, size_t step)
{
	const uint64_t share_ppm = c->shared->limits.steps[step].share_ppm;
	return pin_limit_pages(c->shared->vm_pages, PPM_PER_ONE - share_ppm);
}

static void note_tick(struct pin_cell *c)
{
	const struct limits *l = &c->shared->limits;
	const uint64_t limit_ns =
		c->next_limit < l->n && !c->is_frozen ? l->steps[c->next_limit].at_ns : UINT64_MAX;
	c->next_tick_ns = limit_ns < c->next_second_ns ? limit_ns : c->next_second_ns;
}

static int make_host(struct pin_cell *c, struct err *e)
{
	const struct pin_shared *s = c->shared;
	struct hostmem_config config = s->memory;
	config.vm_pages = config.npages = s->vm_pages;
	config.limit_pages = pin_limit_pages(s->vm_pages, c->job->overcommit_ppm);
	if (s->limits.n && !s->limits.steps[0].at_ns)
		config.limit_pages = scheduled_limit(c, 0);
	config.is_instant = !c->is_timed;
	if (c->is_frozen) { /* it still knows ages and pins */
		config.limit_pages = s->vm_pages;
		config.reclaim = RECLAIM_NONE;
	}
	if (hist_init(&c->pinned, PINNED_SUB_BITS, &c->arena))
		return err_set(e, ERR_NOMEM, "no memory for %u pages", s->vm_pages);
	const struct hostmem_hooks instant = { .ctx = c, .pae_clear = on_leave };
	const struct hostmem_hooks timed = { .ctx = c,
					     .pae_set = on_map,
					     .pae_clear = on_leave,
					     .swap_in = on_read,
					     .swap_out = on_write };
	int rc = 0;
	if (c->is_timed)
		rc = pin_life_init(&c->life, iopf_of(c), s->swap, config.tier, s->vm_pages, s->seed,
				   &c->arena, e);
	if (!rc)
		rc = hostmem_new(&config, c->is_timed ? &timed : &instant, &c->arena, &c->host, e);
	if (!rc && s->pool)
		rc = hostmem_pool_join(s->pool, c->host, e);
	c->life.host = c->late.host = c->host;
	c->life.ctx = c;
	c->life.ended = on_fault_ended;
	if (!rc)
		rc = pin_hardware_init(&c->hardware, c->is_frozen ? NULL : iopf_of(c), c->is_timed,
				       s->vm_pages, &c->arena, e);
	c->hardware.host = c->host;
	c->hardware.life = &c->life;
	for (uint32_t page = 0; page < s->vm_pages && s->params.is_populated && !rc; page++)
		hostmem_populate(c->host, page, (struct ns){ 0 });
	return rc;
}

static uint32_t list_budget(const struct pin_cell *c, unsigned list)
{
	const uint64_t n = c->shared->nlists, budget = c->pins.budget_pages;
	return (uint32_t)(budget / n + (list < budget % n));
}

/* A list of 0 pages has no state and pins nothing. */
static int make_lists(struct pin_cell *c, const struct policy_setup *setup, struct err *e)
{
	const bool only_pins = c->policy->pinning;
	const unsigned n = only_pins ? 1 : c->shared->nlists;
	for (unsigned i = 0; i < n; i++) {
		struct policy_setup own = *setup;
		own.capacity_pages = only_pins ? c->pins.budget_pages : list_budget(c, i);
		if (!own.capacity_pages && !only_pins)
			continue;
		c->lists[i] = c->policy->init(&own);
		if (!c->lists[i])
			return err_set(e, ERR_NOMEM, "no memory for policy %.40s", c->policy->name);
	}
	return 0;
}

static int make_policy(struct pin_cell *c, const struct policy_hindsight *hindsight, struct err *e)
{
	const struct pin_shared *s = c->shared;
	const struct policy_pinning *p = c->policy->pinning;
	const bool is_unbounded = p && p->is_unbounded;
	c->pins.pin = pins_pin;
	c->pins.unpin = pins_unpin;
	c->pins.budget_pages = is_unbounded || c->job->budget_pages > s->vm_pages
				       ? s->vm_pages
				       : (uint32_t)c->job->budget_pages;
	if (p || s->nlists > 1 || c->hardware.held) {
		c->holders = arena_alloc(&c->arena, s->vm_pages, sizeof(*c->holders));
		if (!c->holders)
			return err_set(e, ERR_NOMEM, "no memory for %u pages", s->vm_pages);
	}
	if (p && p->needs_history) {
		c->pages = arena_alloc(&c->arena, s->vm_pages, sizeof(*c->pages));
		if (!c->pages)
			return err_set(e, ERR_NOMEM, "no memory for %u pages", s->vm_pages);
	}
	c->view = (struct policy_view){
		.pages = c->pages,
		.npages = s->vm_pages,
		.epoch_ns = s->params.epoch_ns,
		.is_resident = view_is_resident,
		.is_pinned = view_is_pinned,
		.cpu_age_ns = view_cpu_age_ns,
	};
	const struct policy_setup setup = {
		.arena = &c->arena,
		.npages = s->vm_pages,
		.seed = rng_seed(s->seed, c->policy->name),
		.params = c->job->policy_params,
		.view = &c->view,
		.hindsight = hindsight,
	};
	return make_lists(c, &setup, e);
}

static void choose_events(struct pin_cell *c)
{
	const struct policy_pinning *p = c->policy->pinning;
	c->wants[PIN_DMA] = true;
	c->wants[PIN_CPU] = c->job->companion == PIN_BY_TRACE;
	c->wants[PIN_BACKGROUND] = c->job->companion == PIN_BY_BACKGROUND;
	const bool is_pinned_by_map = c->hardware.traits.pins_on_map;
	c->wants[PIN_MAP] = (p && p->map) || is_pinned_by_map;
	c->wants[PIN_RELEASE] = (p && p->release) || is_pinned_by_map;
	c->cpu_follows = c->job->companion == PIN_BY_TOUCHED;
	c->next_second_ns = NS_PER_SEC;
	note_tick(c);
	c->next_epoch_ns = p && p->tick ? c->shared->params.epoch_ns : UINT64_MAX;
}

int pin_cell_new(const struct pin_shared *shared, struct pin_job *job,
		 const struct policy_hindsight *hindsight, struct pin_cell **out, struct err *e)
{
	struct pin_cell *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ERR_NOMEM, "no memory for a configuration");
	c->shared = shared;
	c->job = job;
	c->policy = job->policy;
	c->first_ns = UINT64_MAX;
	c->is_frozen = shared->params.residency == PIN_FROZEN && hindsight;
	c->is_timed = shared->iopf && !c->is_frozen && shared->params.faults == PIN_TIMED;
	c->life.due_ns = UINT64_MAX;
	if (job->log)
		pin_log_clear(job->log);
	int rc = make_host(c, e);
	choose_events(c);
	if (!rc && c->is_frozen)
		rc = pin_schedule_init(&c->schedule, hindsight, &c->arena, e);
	if (!rc)
		rc = make_policy(c, hindsight, e);
	if (rc) {
		pin_cell_free(c);
		return rc;
	}
	c->hardware.holders = c->holders;
	pin_hardware_start(&c->hardware);
	if (c->policy->pinning && c->policy->pinning->start)
		c->policy->pinning->start(c->lists[0], &c->pins);
	*out = c;
	return 0;
}

void pin_cell_free(struct pin_cell *c)
{
	for (unsigned i = 0; c && i < CELL_LISTS_MAX; i++)
		if (c->lists[i] && c->policy->deinit)
			c->policy->deinit(c->lists[i]);
	if (c) {
		pin_recorder_deinit(&c->recorder);
		pin_life_deinit(&c->life);
		arena_deinit(&c->arena);
	}
	free(c);
}

int pin_cell_record(struct pin_cell *c, struct err *e)
{
	c->records = true;
	return pin_recorder_init(&c->recorder, c->shared->vm_pages, &c->arena, e);
}

int pin_cell_hindsight(struct pin_cell *c, struct policy_hindsight *out, struct err *e)
{
	return pin_recorder_take(&c->recorder, out, e);
}

static int check_books(const struct pin_cell *c, struct err *e)
{
	const struct hostmem_counts *h = hostmem_counts(c->host);
	uint64_t states = h->absent + h->resident + h->in + h->out;
	for (unsigned t = 0; t < HOSTMEM_TIERS; t++)
		states += h->swapped[t];
	if (states != c->shared->vm_pages)
		return err_set(e, ERR_BUG, "%s: the states of %u pages sum to %llu",
			       c->policy->name, c->shared->vm_pages, (unsigned long long)states);
	if (pin_iopf(&c->classes[PIN_CLASSES].counts) != c->raised)
		return err_set(e, ERR_BUG, "%s: %llu faults began, %llu ended", c->policy->name,
			       (unsigned long long)c->raised,
			       (unsigned long long)pin_iopf(&c->classes[PIN_CLASSES].counts));
	uint64_t held = c->pins.held_pages;
	for (uint32_t page = 0; page < c->shared->vm_pages && c->hardware.held; page++)
		held += c->hardware.held[page] && !c->holders[page];
	if (h->pinned != held)
		return err_set(e, ERR_BUG, "%s: %llu pages are held, %llu pinned", c->policy->name,
			       (unsigned long long)held, (unsigned long long)h->pinned);
	return 0;
}

/*
 * What is out of memory at the end is cold if nobody touched it in the time
 * after which proactive reclaim would have taken it ([memory] age), else forced.
 */
static void split_returned(const struct pin_cell *c, struct pin_result *r)
{
	const uint64_t age_ns = c->shared->memory.age_ns;
	const unsigned uses = 1U << PIN_USE_DMA | (unsigned)c->wants[PIN_CPU] << PIN_USE_CPU |
			      (unsigned)c->wants[PIN_BACKGROUND] << PIN_USE_BACKGROUND;
	for (uint32_t page = 0; page < c->shared->vm_pages; page++) {
		if (hostmem_page_state(c->host, page) != HOSTMEM_SWAPPED)
			continue;
		const uint64_t idle_ns = c->now_ns - pin_uses_last_ns(c->shared->uses, uses, page);
		r->cold_pages += idle_ns >= age_ns;
		r->forced_pages += idle_ns < age_ns;
	}
}

static void take_hardware(struct pin_cell *c, struct pin_result *r)
{
	struct pin_hardware *h = &c->hardware;
	pin_hardware_end(h, c->now_ns);
	r->passed_ns = h->passed_ns;
	r->backend_pinned_max = h->held_max;
	r->maps = h->maps;
	r->map_faults = h->map_faults;
	r->map_ns = h->maps * h->map_mean_ns;
}

static void take_life(struct pin_cell *c, struct pin_result *r)
{
	const struct hist *h = iopf_total_hist(c->life.iopf);
	r->fault_p50_ns = hist_percentile(h, PPM_PER_ONE / 2);
	r->fault_p99_ns = hist_percentile(h, PPM_PER_ONE / 100 * 99);
	r->fault_max_ns = h->count ? h->max : 0;
	const struct iopf_counts *n = iopf_counts(c->life.iopf);
	r->bitmap_updates = n->bitmap_updates;
	r->bitmap_writes = n->bitmap_writes;
	r->update_ns = n->bitmap_ns + n->tlb_ns;
	r->tlb_invalidations = n->tlb_invalidations;
	r->requests = n->requests;
	r->requests_passed = n->requests_passed;
	r->service_ns = n->service_ns + r->update_ns + n->request_ns;
	r->cpu_stall_ns = c->life.cpu_stall_ns;
}

int pin_cell_end(struct pin_cell *c, struct err *e)
{
	struct pin_result *r = &c->job->result;
	*r = (struct pin_result){};
	pin_late_settle(&c->late);
	const int rc = c->is_timed ? pin_life_finish(&c->life, e) : 0;
	if (rc)
		return rc;
	if (c->job->log && c->job->log->has_failed)
		return err_set(e, ERR_NOMEM, "no memory for a log of faults");
	for (unsigned k = 0; k <= PIN_CLASSES; k++) {
		struct class_state *s = &c->classes[k];
		pin_tally_end(&s->tally);
		s->counts.max_1s = s->tally.second.max;
		s->counts.max_10s = s->tally.ten_seconds.max;
		s->counts.first_half = s->tally.first_half;
		memcpy(s->counts.seconds_over, s->tally.seconds_over,
		       sizeof(s->tally.seconds_over));
		*(k < PIN_CLASSES ? &r->by_class[k] : &r->total) = s->counts;
	}
	r->kept_ppm = PPM_PER_ONE;
	r->kept_iopf = c->raised;
	r->kept_squares = cluster_squares(&c->cluster);
	count_pinned(c);
	r->host = *hostmem_counts(c->host);
	r->pinned_pages = c->pins.held_pages;
	r->pinned_max = c->pinned_max;
	r->pins_refused = c->refused;
	const unsigned __int128 whole = (unsigned __int128)c->shared->vm_pages * c->now_ns;
	r->pinned_mean_ppm =
		whole ? (uint64_t)((c->pinned_page_ns * PPM_PER_ONE + whole / 2) / whole)
		      : quantity_ratio_ppm(c->pins.held_pages, c->shared->vm_pages);
	hist_record(&c->pinned, c->pins.held_pages);
	r->pinned_p99 = hist_percentile(&c->pinned, PPM_PER_ONE / 100 * 99);
	r->pinned_p99 = r->pinned_p99 < c->pinned_max ? r->pinned_p99 : c->pinned_max;
	split_returned(c, r);
	take_hardware(c, r);
	if (c->is_timed)
		take_life(c, r);
	return check_books(c, e);
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
			hostmem_set_limit(c->host, scheduled_limit(c, c->next_limit), now);
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
	note_tick(c);
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
		if (at >= c->life.due_ns)
			pin_life_run(&c->life, at);
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
	if (ev->ts_ns >= c->life.due_ns)
		pin_life_run(&c->life, ev->ts_ns);
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
	if (now_ns <= c->now_ns)
		return;
	pin_late_settle(&c->late);
	if (now_ns >= c->next_tick_ns || now_ns >= c->next_epoch_ns)
		on_ticks(c, now_ns);
	if (now_ns >= c->life.due_ns)
		pin_life_run(&c->life, now_ns);
	c->now_ns = c->life.event_ns = now_ns;
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

void pin_cell_run(struct pin_cell *c, const struct pin_block *b)
{
	void *list = c->shared->nlists > 1 ? NULL : c->lists[0];
	void (*prefetch)(void *, uint32_t) = list ? c->policy->prefetch : NULL;
	uint64_t hits = 0;
	note_quiet(c);
	for (size_t i = 0; i < b->n; i++) {
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
			on_event(c, ev);
			note_quiet(c);
		}
	}
	hostmem_note_hits(c->host, hits);
	/* the total's accesses are summed once a block: they change with every event */
	struct pin_counts *all = &c->classes[PIN_CLASSES].counts;
	all->dma_pages = all->first = 0;
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		all->dma_pages += c->classes[k].counts.dma_pages;
		all->first += c->classes[k].counts.first;
	}
}
