// SPDX-License-Identifier: MIT
/*
 * At-risk: pins the pages that devices will come back to after the host has
 * taken them. A page is at risk when three things meet: devices return to it
 * (DMA history), the guest's CPU does not keep it warm (host coldness, since
 * DMA sets no accessed bit that reclaim sees), and such returns have faulted
 * before (past faults). Our own design from the published facts on VPRI's
 * Adaptive DMA Protector (SOSP '24 slides); that algorithm is not public, and
 * this is not it.
 *
 *	visit	first access of a page after an epoch or more without one
 *	return	a visit after an idle time above the danger age, or a fault
 *	danger	how long reclaim lets pages lie: a running 10 % quantile of the
 *		idle times of pages that faulted
 *	score	32 * min(returns + faults, 31) + log2(visits), 0 while the CPU
 *		has touched the page within a quarter of the danger age
 *
 * Every epoch the best scores are pinned, as many as most of the budget allows, and of
 * equal ones those that are pinned already; these also keep their score while
 * the CPU uses them, so that pins do not come and go with it. A page that
 * faults is pinned at once while there is room, and with it
 *
 *	company	pages with near numbers (hence first touched with it) that devices
 *		last used together with it: they are about to be used again, as rings
 *		are after a pause
 *	ahead	what a device that walks comes to next, of which no history tells: as
 *		many pages on one side of it as lie in a row on the other side and
 *		were used just now. A cold ring of n pages faults log2(n) times, not n.
 *
 * Returns and faults halve after half_life. A budget for the whole VM leaves
 * nothing to choose: what devices use is pinned.
 */
#include "base/param.h"
#include "base/units.h"
#include "policies/pinning.h"

struct at_risk_params {
	uint64_t half_life_ns, danger_ns, together_ns;
	uint64_t min_visits, reserve_ppm, reach_pages, strangers;
};

static const struct param at_risk_params[] = {
	{ "pin", "at_risk_half_life", PARAM_NS, NULL, "12h | calibrated | policies/at-risk.md",
	  NS_PER_SEC, 0, "at-risk: after this time past returns and faults count half",
	  offsetof(struct at_risk_params, half_life_ns), NULL },
	{ "pin", "at_risk_min_visits", PARAM_U64, "visits", "2 | guess", 1, 0,
	  "at-risk: a page without returns needs this many visits to be pinned",
	  offsetof(struct at_risk_params, min_visits), NULL },
	{ "pin", "at_risk_reserve_ppm", PARAM_PPM, NULL, "10% | calibrated | policies/at-risk.md",
	  0, 1000000, "at-risk: share of the budget that is kept for what comes with faults",
	  offsetof(struct at_risk_params, reserve_ppm), NULL },
	{ "pin", "at_risk_danger", PARAM_NS, NULL, "4min | calibrated | policies/at-risk.md",
	  NS_PER_MS, 0,
	  "at-risk: an idle time from which on pages are in danger, until faults tell",
	  offsetof(struct at_risk_params, danger_ns), NULL },
	{ "pin", "at_risk_together", PARAM_NS, NULL, "1s | guess", 1, 0,
	  "at-risk: pages used no further apart are used together",
	  offsetof(struct at_risk_params, together_ns), NULL },
	{ "pin", "at_risk_reach", PARAM_U64, "pages", "64 | calibrated | policies/at-risk.md", 0,
	  1 << 20,
	  "at-risk: company and pages ahead are looked for so far on either side of a fault",
	  offsetof(struct at_risk_params, reach_pages), NULL },
	{ "pin", "at_risk_strangers", PARAM_U64, "pages", "8 | guess", 1, 0,
	  "at-risk: company ends after so many pages that are none",
	  offsetof(struct at_risk_params, strangers), NULL },
};

enum {
	RETURNS_MAX = 31,
	SCORES = (RETURNS_MAX + 1) * 32,
};

struct risk {
	uint16_t visits, returns;
	bool is_candidate; /* in the list of those that an epoch looks at */
	bool is_pinned;
};

struct at_risk {
	const struct policy_view *view;
	const struct at_risk_params *params;
	struct risk *risk; /* by page */
	uint64_t *last_ns; /* by page: 1 + time of its last access; 0: none */
	uint32_t *seen;    /* pages with a visit, in order of the first */
	uint16_t *score;   /* of the candidates, for one epoch */
	uint32_t nseen;
	uint64_t danger_ns, halve_at_ns;
	bool has_room_for_all;
	uint32_t count[SCORES]; /* of one epoch */
};

static void *at_risk_init(const struct policy_setup *setup)
{
	struct at_risk *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->view = setup->view;
	s->params = setup->params;
	s->danger_ns = s->params->danger_ns;
	s->has_room_for_all = setup->capacity_pages >= setup->npages;
	s->halve_at_ns = s->params->half_life_ns;
	s->risk = arena_alloc(setup->arena, setup->npages, sizeof(*s->risk));
	s->last_ns = arena_alloc(setup->arena, setup->npages, sizeof(*s->last_ns));
	s->seen = arena_alloc(setup->arena, setup->npages, sizeof(*s->seen));
	s->score = arena_alloc(setup->arena, setup->npages, sizeof(*s->score));
	return s->risk && s->last_ns && s->seen && s->score ? s : NULL;
}

/* A step of the running 10 % quantile: nine small steps up weigh one down. */
static void learn_danger(struct at_risk *s, uint64_t idle_ns)
{
	if (idle_ns < s->danger_ns)
		s->danger_ns -= s->danger_ns / 8;
	else
		s->danger_ns += s->danger_ns / 72;
	if (s->danger_ns < s->view->epoch_ns)
		s->danger_ns = s->view->epoch_ns;
}

static void try_pin(struct at_risk *s, uint32_t page, struct policy_pins *pins)
{
	if (!s->risk[page].is_pinned)
		s->risk[page].is_pinned = pins->pin(pins, page);
}

static void make_candidate(struct at_risk *s, uint32_t page)
{
	if (s->risk[page].is_candidate)
		return;
	s->risk[page].is_candidate = true;
	s->seen[s->nseen++] = page;
}

static void at_risk_visit(struct at_risk *s, const struct policy_access *a, uint64_t idle_ns,
			  struct policy_pins *pins)
{
	struct risk *r = &s->risk[a->page];
	r->visits += r->visits != UINT16_MAX;
	const uint16_t weight = a->is_fault ? 2 : idle_ns >= s->danger_ns;
	r->returns = r->returns + weight > UINT16_MAX ? UINT16_MAX : r->returns + weight;
	if (r->returns || r->visits >= s->params->min_visits)
		make_candidate(s, a->page);
	if (!a->is_fault)
		return;
	if (idle_ns != UINT64_MAX)
		learn_danger(s, idle_ns);
	try_pin(s, a->page, pins);
}

/* A page beside another, or UINT32_MAX: there is none. */
static uint32_t beside(const struct at_risk *s, uint32_t page, int64_t by)
{
	const int64_t at = (int64_t)page + by;
	return at < 0 || at >= (int64_t)s->view->npages ? UINT32_MAX : (uint32_t)at;
}

static bool was_used_at(const struct at_risk *s, uint32_t page, uint64_t then_ns)
{
	const uint64_t ns = s->last_ns[page];
	const uint64_t apart = ns > then_ns ? ns - then_ns : then_ns - ns;
	return ns && apart <= s->params->together_ns;
}

/* One side of the page: the pages that were last used when it was. */
static void pin_company(struct at_risk *s, uint32_t page, int64_t side, uint64_t last_ns,
			struct policy_pins *pins)
{
	uint64_t strangers = 0;
	for (int64_t i = 1; i <= (int64_t)s->params->reach_pages; i++) {
		const uint32_t at = beside(s, page, i * side);
		if (at == UINT32_MAX || strangers == s->params->strangers)
			return;
		if (!was_used_at(s, at, last_ns))
			strangers++;
		else if (s->risk[at].is_candidate)
			try_pin(s, at, pins);
	}
}

/* One side of the page: as many pages as were used just now on the other side. */
static void pin_ahead(struct at_risk *s, uint32_t page, int64_t side, uint64_t now_ns,
		      struct policy_pins *pins)
{
	int64_t behind = 0;
	for (; behind < (int64_t)s->params->reach_pages; behind++) {
		const uint32_t at = beside(s, page, -side * (behind + 1));
		if (at == UINT32_MAX || !was_used_at(s, at, now_ns + 1))
			break;
	}
	for (int64_t i = 1; i <= behind; i++) {
		const uint32_t at = beside(s, page, side * i);
		if (at == UINT32_MAX)
			return;
		make_candidate(s, at);
		try_pin(s, at, pins);
	}
}

static void at_risk_prefetch(void *state, uint32_t page)
{
	struct at_risk *s = state;
	__builtin_prefetch(&s->last_ns[page], 1);
}

static void at_risk_access(void *state, const struct policy_access *a, struct policy_pins *pins)
{
	struct at_risk *s = state;
	uint64_t *last = &s->last_ns[a->page];
	const uint64_t idle_ns = *last ? a->now_ns + 1 - *last : UINT64_MAX;
	for (int64_t side = -1; side <= 1 && a->is_fault; side += 2) {
		if (*last)
			pin_company(s, a->page, side, *last, pins);
		pin_ahead(s, a->page, side, a->now_ns, pins);
	}
	*last = a->now_ns + 1;
	if (a->is_fault)
		at_risk_visit(s, a, idle_ns, pins);
	else if (idle_ns >= s->view->epoch_ns) /* a first access is no return */
		at_risk_visit(s, a, idle_ns == UINT64_MAX ? 0 : idle_ns, pins);
	if (s->has_room_for_all)
		try_pin(s, a->page, pins);
}

static inline uint16_t score_of(const struct at_risk *s, uint32_t page, uint64_t now_ns)
{
	const struct risk r = s->risk[page];
	if (!r.is_pinned && s->view->cpu_age_ns(s->view, page, now_ns) < s->danger_ns / 4)
		return 0;
	const unsigned returns = r.returns < RETURNS_MAX ? r.returns : RETURNS_MAX;
	const unsigned log = r.visits ? 31 - (unsigned)__builtin_clz(r.visits) : 0;
	return (uint16_t)(32 * returns + log + 1);
}

static void halve(struct at_risk *s)
{
	for (uint32_t i = 0; i < s->nseen; i++) {
		s->risk[s->seen[i]].returns /= 2;
		s->risk[s->seen[i]].visits = (uint16_t)((s->risk[s->seen[i]].visits + 1) / 2);
	}
}

/* Least score that is pinned, and how many of just that score. */
static unsigned find_cut(const struct at_risk *s, uint32_t budget, uint32_t *of_cut_out)
{
	unsigned cut = SCORES;
	while (cut > 1 && s->count[cut - 1] <= budget)
		budget -= s->count[--cut];
	*of_cut_out = budget;
	return cut - 1;
}

static void at_risk_tick(void *state, uint64_t now_ns, struct policy_pins *pins)
{
	struct at_risk *s = state;
	if (s->has_room_for_all)
		return;
	if (now_ns >= s->halve_at_ns) {
		halve(s);
		s->halve_at_ns += s->params->half_life_ns;
	}
	__builtin_memset(s->count, 0, sizeof(s->count));
	for (uint32_t i = 0; i < s->nseen; i++) {
		s->score[i] = score_of(s, s->seen[i], now_ns);
		s->count[s->score[i]]++;
	}
	uint32_t of_cut;
	const uint64_t reserve = (uint64_t)pins->budget_pages * s->params->reserve_ppm / 1000000;
	const unsigned cut = find_cut(s, pins->budget_pages - (uint32_t)reserve, &of_cut);
	/* those that stay first, so that there is room for those that come */
	for (uint32_t i = 0; i < s->nseen; i++) {
		struct risk *r = &s->risk[s->seen[i]];
		if (!r->is_pinned || s->score[i] > cut)
			continue;
		if (cut && s->score[i] == cut && of_cut) {
			of_cut--;
			continue;
		}
		pins->unpin(pins, s->seen[i]);
		r->is_pinned = false;
		s->score[i] = 0; /* not again in this epoch */
	}
	for (uint32_t i = 0; i < s->nseen; i++) {
		if (s->score[i] < cut || !s->score[i] || s->risk[s->seen[i]].is_pinned)
			continue;
		if (s->score[i] > cut)
			try_pin(s, s->seen[i], pins);
		else if (of_cut && of_cut--)
			try_pin(s, s->seen[i], pins);
	}
}

static const struct policy_pinning at_risk_pinning = {
	.access = at_risk_access,
	.tick = at_risk_tick,
};

const struct policy policy_at_risk = {
	.abi = POLICY_ABI,
	.name = "at-risk",
	.summary = "pin what devices return to after the host has let it grow cold",
	.source = "ours, after VPRI's published facts (SOSP '24 slides); not ADP",
	.init = at_risk_init,
	.prefetch = at_risk_prefetch,
	.pinning = &at_risk_pinning,
	.params = at_risk_params,
	.nparams = sizeof(at_risk_params) / sizeof(*at_risk_params),
	.params_bytes = sizeof(struct at_risk_params),
};
