// SPDX-License-Identifier: MIT
/*
 * Working set: what devices used within the last tau is pinned, and nothing
 * else; how much that is, is the policy's answer. W(t, tau) of the paper, for
 * devices instead of a process. Where it is larger than the budget, the pages
 * used last are pinned: with a tau beyond the trace that is LRU.
 */
#include "base/list32.h"
#include "base/param.h"
#include "base/units.h"
#include "policies/pinning.h"

struct working_set_params {
	uint64_t tau_ns;
};

static const struct param working_set_params[] = {
	{ "pin", "tau", PARAM_NS, NULL, "10min | guess", NS_PER_MS, 0,
	  "working-set: a page that devices did not use for so long is let go",
	  offsetof(struct working_set_params, tau_ns), NULL },
};

struct working_set {
	uint64_t tau_ns;
	struct list32_node *nodes; /* pages that are pinned, used last in front; then the head */
	uint8_t *is_in;            /* by page: on that list */
	uint64_t *last_ns;         /* by page: of its last use */
	uint32_t npages;
};

static void *working_set_init(const struct policy_setup *setup)
{
	const struct working_set_params *params = setup->params;
	struct working_set *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->tau_ns = params->tau_ns;
	s->npages = setup->npages;
	s->nodes = arena_alloc(setup->arena, (size_t)s->npages + 1, sizeof(*s->nodes));
	s->is_in = arena_alloc(setup->arena, s->npages, sizeof(*s->is_in));
	s->last_ns = arena_alloc(setup->arena, s->npages, sizeof(*s->last_ns));
	if (!s->nodes || !s->is_in || !s->last_ns)
		return NULL;
	list32_init(s->nodes, s->npages);
	return s;
}

static void drop_oldest(struct working_set *s, struct policy_pins *pins)
{
	const uint32_t page = list32_back(s->nodes, s->npages);
	list32_remove(s->nodes, page);
	s->is_in[page] = false;
	pins->unpin(pins, page);
}

static void working_set_tick(void *state, uint64_t now_ns, struct policy_pins *pins)
{
	struct working_set *s = state;
	while (!list32_is_empty(s->nodes, s->npages) &&
	       now_ns - s->last_ns[list32_back(s->nodes, s->npages)] > s->tau_ns)
		drop_oldest(s, pins);
}

static void working_set_access(void *state, const struct policy_access *a, struct policy_pins *pins)
{
	struct working_set *s = state;
	s->last_ns[a->page] = a->now_ns;
	if (s->is_in[a->page])
		list32_remove(s->nodes, a->page);
	else if (!pins->budget_pages)
		return;
	list32_push_front(s->nodes, s->npages, a->page);
	working_set_tick(state, a->now_ns, pins);
	if (s->is_in[a->page])
		return;
	if (pins->held_pages == pins->budget_pages)
		drop_oldest(s, pins);
	s->is_in[a->page] = pins->pin(pins, a->page);
}

static const struct policy_pinning working_set_pinning = {
	.access = working_set_access,
	.tick = working_set_tick,
};

const struct policy policy_working_set = {
	.abi = POLICY_ABI,
	.name = "working-set",
	.summary = "pin what devices used within tau; how much that is, is the answer",
	.source = "P. J. Denning, The working set model, CACM 11(5), 1968",
	.init = working_set_init,
	.pinning = &working_set_pinning,
	.params = working_set_params,
	.nparams = sizeof(working_set_params) / sizeof(*working_set_params),
	.params_bytes = sizeof(struct working_set_params),
};
