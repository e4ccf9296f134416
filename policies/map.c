// SPDX-License-Identifier: MIT
/*
 * Map: pins what a pin map says (pugmark-pinmap(5)), from its start until each
 * page's expiry, and decides nothing itself. Pages that are swapped out at the
 * start are brought in then. What wrote the map knew a past; nothing of what
 * happens after the start changes it.
 */
#include "policies/pinning.h"

struct map {
	const struct policy_map *map;
	size_t expired; /* of map->pages */
	bool has_begun;
	uint64_t due_ns; /* the start, then the next expiry */
};

static void *map_init(const struct policy_setup *setup)
{
	struct map *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (s)
		*s = (struct map){ .map = setup->map, .due_ns = setup->map->from_ns };
	return s;
}

static void act(struct map *s, uint64_t now_ns, struct policy_pins *pins)
{
	const struct policy_map *m = s->map;
	for (size_t i = 0; i < m->n && !s->has_begun; i++)
		if (m->pages[i].until_ns > now_ns)
			pins->pin(pins, m->pages[i].page);
	s->has_begun = true;
	for (; s->expired < m->n && m->pages[s->expired].until_ns <= now_ns; s->expired++)
		pins->unpin(pins, m->pages[s->expired].page);
	s->due_ns = s->expired < m->n ? m->pages[s->expired].until_ns : UINT64_MAX;
}

static void map_start(void *state, struct policy_pins *pins)
{
	struct map *s = state;
	if (!s->due_ns)
		act(s, 0, pins);
}

static void map_access(void *state, const struct policy_access *a, struct policy_pins *pins)
{
	struct map *s = state;
	if (a->now_ns >= s->due_ns)
		act(s, a->now_ns, pins);
}

static void map_tick(void *state, uint64_t now_ns, struct policy_pins *pins)
{
	struct map *s = state;
	if (now_ns >= s->due_ns)
		act(s, now_ns, pins);
}

static const struct policy_pinning map_pinning = {
	.needs_map = true,
	.start = map_start,
	.access = map_access,
	.tick = map_tick,
};

const struct policy policy_map = {
	.abi = POLICY_ABI,
	.name = "map",
	.summary = "a pin map: pins what it lists, from its start until each page expires",
	.source = "-",
	.init = map_init,
	.pinning = &map_pinning,
};
