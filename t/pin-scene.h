// SPDX-License-Identifier: MIT
/*
 * A small VM for tests of pinning: a NIC that walks a ring, a disk that draws,
 * a CPU, and one configuration run over it.
 */
#ifndef PUGMARK_T_PIN_SCENE_H
#define PUGMARK_T_PIN_SCENE_H

#include "base/rng.h"
#include "base/units.h"
#include "replay/pin-cell.h"
#include "replay/pin-uses.h"
#include "t/policy-sets.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { PAGES = 48, EVENTS = 6000 };

struct scene {
	struct arena arena;
	struct param_set set;
	struct pin_shared shared;
	uint8_t class_of_dev[1 << 16], list_of_dev[1 << 16];
	struct pin_event events[EVENTS];
	struct pin_block block;
	struct pin_uses uses;    /* of the last run's events */
	const char *const *sets; /* of policies, as after --set; NULL at the end */
};

static inline void assign(struct scene *s, const char *text)
{
	struct err e = {};
	if (param_assign(&s->set, text, &e))
		fail_msg("%s", e.msg);
}

/* Devices 0 (a NIC that walks a ring) and 1 (a disk that draws), and the CPU. */
static inline void draw_events(struct scene *s, uint64_t seed)
{
	struct rng r;
	uint64_t now = 0;
	rng_init(&r, seed, "pin-test");
	for (unsigned i = 0; i < EVENTS; i++) {
		now += rng_below(&r, 50) ? rng_below(&r, 2 * NS_PER_MS) : 40 * NS_PER_SEC;
		const unsigned what = (unsigned)rng_below(&r, 3);
		s->events[i] = (struct pin_event){
			.ts_ns = now,
			.kind = what == 2 ? PIN_CPU : PIN_DMA,
			.dev = what == 2 ? UINT16_MAX : (uint16_t)what,
			.page = what == 0 ? i % 8 : (uint32_t)rng_below(&r, PAGES),
		};
	}
	s->block = (struct pin_block){ s->events, EVENTS };
}

static inline struct scene *scene_new(uint64_t seed)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct err e = {};
	s->set.arena = &s->arena;
	if (param_set_add(&s->set, hostmem_params, hostmem_nparams, &s->shared.memory, &e) ||
	    param_set_add(&s->set, pin_params, pin_nparams, &s->shared.params, &e))
		fail_msg("%s", e.msg);
	assign(s, "memory.reclaim=lru");
	assign(s, "memory.readahead=1");
	memset(s->class_of_dev, PIN_OTHER, sizeof(s->class_of_dev));
	s->class_of_dev[0] = PIN_NIC;
	s->class_of_dev[1] = PIN_BLOCK;
	s->list_of_dev[1] = 1;
	s->shared.vm_pages = PAGES;
	s->shared.class_of_dev = s->class_of_dev;
	s->shared.list_of_dev = s->list_of_dev;
	s->shared.nlists = 1;
	s->shared.seed = seed;
	draw_events(s, seed);
	return s;
}

static inline void scene_free(struct scene *s)
{
	arena_deinit(&s->arena);
	pin_uses_deinit(&s->uses);
	free(s);
}

/* What is told to cells by whoever feeds them. */
static inline void note_uses(struct scene *s)
{
	pin_uses_deinit(&s->uses);
	assert_int_equal(pin_uses_init(&s->uses, PAGES, 1U << PIN_USE_DMA | 1U << PIN_USE_CPU), 0);
	for (size_t i = 0; i < s->block.n; i++) {
		const struct pin_event *ev = &s->block.events[i];
		if (ev->kind == PIN_DMA || ev->kind == PIN_CPU)
			pin_uses_note(&s->uses, ev->kind == PIN_CPU ? PIN_USE_CPU : PIN_USE_DMA,
				      ev->page, ev->ts_ns);
	}
	s->shared.uses = &s->uses;
}

static inline struct pin_result run_logged(struct scene *s, const char *policy, uint64_t budget,
					   uint64_t overcommit_ppm, enum pin_companion companion,
					   const struct policy_hindsight *h,
					   struct policy_hindsight *record, struct pin_log *log)
{
	struct pin_job job = {
		.policy = policy_find_pinning(policy),
		.budget_pages = budget,
		.overcommit_ppm = overcommit_ppm,
		.companion = companion,
		.log = log,
	};
	struct pin_cell *c;
	struct err e = {};
	assert_non_null(job.policy);
	note_uses(s);
	job.policy_params = policy_sets(job.policy, s->sets, &s->arena);
	if (pin_cell_new(&s->shared, &job, h, &c, &e))
		fail_msg("%s", e.msg);
	if (record)
		assert_int_equal(pin_cell_record(c, &e), 0);
	pin_cell_run(c, &s->block);
	if (pin_cell_end(c, &e))
		fail_msg("%s: %s", policy, e.msg);
	if (record)
		assert_int_equal(pin_cell_hindsight(c, record, &e), 0);
	pin_cell_free(c);
	return job.result;
}

static inline struct pin_result run(struct scene *s, const char *policy, uint64_t budget,
				    uint64_t overcommit_ppm, enum pin_companion companion,
				    const struct policy_hindsight *h,
				    struct policy_hindsight *record)
{
	return run_logged(s, policy, budget, overcommit_ppm, companion, h, record, NULL);
}

#endif
