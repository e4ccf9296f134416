// SPDX-License-Identifier: MIT
/*
 * Best-static: in hindsight, the pages that faulted most while nobody pinned
 * are pinned from the start to the end. What a fixed set could have saved; with
 * reclaim in the loop not quite a bound, because other pages fault instead.
 */
#include "policies/pinning.h"

struct best_static {
	const struct policy_hindsight *hindsight;
	uint32_t *count; /* pages by faults, the last one for FAULTS_MAX and more */
};

enum { FAULTS_MAX = 1 << 16 };

static void *best_static_init(const struct policy_setup *setup)
{
	struct best_static *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->hindsight = setup->hindsight;
	s->count = arena_alloc(setup->arena, FAULTS_MAX + 1, sizeof(*s->count));
	return s->count ? s : NULL;
}

static uint32_t faults_of(const struct best_static *s, uint32_t page)
{
	const uint32_t n = s->hindsight->faults[page];
	return n < FAULTS_MAX ? n : FAULTS_MAX;
}

/* Pages with most faults first; of equal ones the lower numbers. */
static void best_static_start(void *state, struct policy_pins *pins)
{
	struct best_static *s = state;
	const uint32_t npages = s->hindsight->npages;
	for (uint32_t page = 0; page < npages; page++)
		s->count[faults_of(s, page)]++;
	uint32_t least = FAULTS_MAX, room = pins->budget_pages;
	while (least > 1 && s->count[least] <= room)
		room -= s->count[least--];
	for (uint32_t page = 0; page < npages; page++)
		if (faults_of(s, page) > least || (faults_of(s, page) == least && room && room--))
			pins->pin(pins, page);
}

static const struct policy_pinning best_static_pinning = {
	.needs_hindsight = true,
	.start = best_static_start,
};

const struct policy policy_best_static = {
	.abi = POLICY_ABI,
	.name = "best-static",
	.summary = "hindsight: pin from the start what faulted most while nobody pinned",
	.source = "-",
	.init = best_static_init,
	.pinning = &best_static_pinning,
};
