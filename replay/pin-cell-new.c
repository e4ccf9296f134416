// SPDX-License-Identifier: MIT
/* Making a configuration: its parameters, host memory, policy, and the events it wants. */
#include "replay/pin-cell-impl.h"

#include "base/rng.h"
#include "base/units.h"
#include "replay/pin-log.h"

#include <stdlib.h>

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

uint64_t pin_limit_pages(uint64_t vm_pages, uint64_t overcommit_ppm)
{
	const unsigned __int128 out = (unsigned __int128)vm_pages * overcommit_ppm / PPM_PER_ONE;
	const uint64_t limit = vm_pages - (uint64_t)out;
	return limit ? limit : 1;
}

static const struct iopf_config *iopf_of(const struct pin_cell *c)
{
	return c->job->iopf ? c->job->iopf : c->shared->iopf;
}

uint64_t pin_cell_limit_at(const struct pin_cell *c, size_t step)
{
	const uint64_t share_ppm = c->shared->limits.steps[step].share_ppm;
	return pin_limit_pages(c->shared->vm_pages, PPM_PER_ONE - share_ppm);
}

void pin_cell_note_tick(struct pin_cell *c)
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
		config.limit_pages = pin_cell_limit_at(c, 0);
	config.is_instant = !c->is_timed;
	if (c->is_frozen) { /* it still knows ages and pins */
		config.limit_pages = s->vm_pages;
		config.reclaim = RECLAIM_NONE;
	}
	if (hist_init(&c->pinned, PINNED_SUB_BITS, &c->arena))
		return err_set(e, ERR_NOMEM, "no memory for %u pages", s->vm_pages);
	int rc = 0;
	if (c->is_timed)
		rc = pin_life_init(&c->life, iopf_of(c), s->station ? NULL : s->swap, config.tier,
				   s->vm_pages, s->seed, &c->arena, e);
	if (c->is_timed && s->station) {
		c->life.swap = s->station;
		c->life.is_swap_shared = true;
		c->life.swap_ahead_ns = s->offset_ns;
	}
	struct hostmem_hooks hooks;
	pin_cell_wire(c, &hooks);
	if (!rc)
		rc = hostmem_new(&config, &hooks, &c->arena, &c->host, e);
	if (!rc && s->pool)
		rc = hostmem_pool_join(s->pool, c->host, e);
	c->life.host = c->late.host = c->host;
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
	if (p && p->needs_map && !c->job->map)
		return err_set(e, ERR_USAGE,
			       "policy %.40s: which pages? A pin map says so: pin --pin-map FILE",
			       c->policy->name);
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
	c->view.pages = c->pages;
	c->view.npages = s->vm_pages;
	c->view.epoch_ns = s->params.epoch_ns;
	const struct policy_setup setup = {
		.arena = &c->arena,
		.npages = s->vm_pages,
		.seed = rng_seed(s->seed, c->policy->name),
		.params = c->job->policy_params,
		.view = &c->view,
		.hindsight = hindsight,
		.map = c->job->map,
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
	pin_cell_note_tick(c);
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
