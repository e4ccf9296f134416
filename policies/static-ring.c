// SPDX-License-Identifier: MIT
/*
 * Static-ring: rings and packet buffers are a bounded set that devices use over
 * and over, or keep mapped for long; everything else comes and goes. A page is
 * taken for one of the set when one of its mappings stays live for live_time,
 * or after `uses` accesses that each followed the one before within gap. Such a
 * page is pinned and stays so; when the budget is spent nothing more is.
 */
#include "base/param.h"
#include "base/units.h"
#include "policies/pinning.h"

struct static_ring_params {
	uint64_t uses, gap_ns, live_ns;
};

static const struct param static_ring_params[] = {
	{ "pin", "ring_uses", PARAM_U64, "accesses", "16 | guess", 2, 255,
	  "static-ring: accesses in a row that make a page one of a ring",
	  offsetof(struct static_ring_params, uses), NULL },
	{ "pin", "ring_gap", PARAM_NS, NULL, "10s | guess", 1, 0,
	  "static-ring: a longer pause between two accesses ends the row",
	  offsetof(struct static_ring_params, gap_ns), NULL },
	{ "pin", "ring_live", PARAM_NS, NULL, "60s | guess", 1, 0,
	  "static-ring: a mapping that lives this long makes its pages part of a ring",
	  offsetof(struct static_ring_params, live_ns), NULL },
};

struct static_ring {
	const struct static_ring_params *params;
	uint64_t *last_ns; /* by page: of its last access */
	uint8_t *uses;     /* by page: in a row so far */
	/* mappings in order of their begin; a page's newer one makes the older stale */
	struct live {
		uint64_t from_ns;
		uint32_t page;
	} * queue;
	uint32_t *place; /* by page: 1 + its place in the queue; 0: not mapped */
	uint32_t size, tail, n;
};

static void *static_ring_init(const struct policy_setup *setup)
{
	struct static_ring *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->params = setup->params;
	s->size = setup->npages;
	s->last_ns = arena_alloc(setup->arena, setup->npages, sizeof(*s->last_ns));
	s->uses = arena_alloc(setup->arena, setup->npages, sizeof(*s->uses));
	s->queue = arena_alloc(setup->arena, setup->npages, sizeof(*s->queue));
	s->place = arena_alloc(setup->arena, setup->npages, sizeof(*s->place));
	return s->last_ns && s->uses && s->queue && s->place ? s : NULL;
}

static void static_ring_access(void *state, const struct policy_access *a, struct policy_pins *pins)
{
	struct static_ring *s = state;
	const bool follows = a->now_ns - s->last_ns[a->page] <= s->params->gap_ns;
	s->last_ns[a->page] = a->now_ns;
	if (s->uses[a->page] >= s->params->uses)
		return;
	s->uses[a->page] = follows ? s->uses[a->page] + 1 : 1;
	if (s->uses[a->page] >= s->params->uses)
		pins->pin(pins, a->page);
}

/* Drops what is stale or known to be old from the front of the queue. */
static void pass_front(struct static_ring *s, uint64_t now_ns, struct policy_pins *pins)
{
	while (s->n) {
		const struct live front = s->queue[s->tail];
		const bool is_current = s->place[front.page] == s->tail + 1;
		if (is_current && now_ns - front.from_ns < s->params->live_ns)
			return;
		if (is_current) {
			s->place[front.page] = 0;
			s->uses[front.page] = (uint8_t)s->params->uses;
			pins->pin(pins, front.page);
		}
		s->tail = s->tail + 1 == s->size ? 0 : s->tail + 1;
		s->n--;
	}
}

static void static_ring_map(void *state, uint32_t page, uint64_t now_ns, struct policy_pins *pins)
{
	struct static_ring *s = state;
	pass_front(s, now_ns, pins);
	if (s->n == s->size) /* full of stale entries: this mapping goes unseen */
		return;
	const uint32_t at = (uint32_t)(((uint64_t)s->tail + s->n++) % s->size);
	s->queue[at] = (struct live){ now_ns, page };
	s->place[page] = at + 1;
}

static void static_ring_release(void *state, uint32_t page, uint64_t now_ns,
				struct policy_pins *pins)
{
	struct static_ring *s = state;
	(void)now_ns, (void)pins;
	s->place[page] = 0;
}

static void static_ring_tick(void *state, uint64_t now_ns, struct policy_pins *pins)
{
	pass_front(state, now_ns, pins);
}

static const struct policy_pinning static_ring_pinning = {
	.access = static_ring_access,
	.map = static_ring_map,
	.release = static_ring_release,
	.tick = static_ring_tick,
};

const struct policy policy_static_ring = {
	.abi = POLICY_ABI,
	.name = "static-ring",
	.summary = "pin for good what devices recycle or keep mapped: rings and packet buffers",
	.source = "-",
	.init = static_ring_init,
	.pinning = &static_ring_pinning,
	.params = static_ring_params,
	.nparams = sizeof(static_ring_params) / sizeof(*static_ring_params),
	.params_bytes = sizeof(struct static_ring_params),
};
