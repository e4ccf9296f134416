// SPDX-License-Identifier: MIT
/*
 * Oracle-frozen: knows when pages were swapped out and missed while nobody
 * pinned, and pins over just those times, as many as the budget allows. An
 * absence that ends in a fault is an interval, and a pin over all of it saves
 * one fault. The most intervals of which never more than K overlap: in order of
 * their begins, and whenever there is one too many, the one that ends last goes
 * (Faigle and Nawijn 1995, Belady's rule on intervals).
 *
 * On the frozen schedule (pin.residency = frozen) no policy has fewer faults.
 * With reclaim in the loop it is an opinion like others: what it saves is
 * taken elsewhere. There it pins an epoch ahead.
 */
#include "policies/pinning.h"

enum { UNSEEN, CHOSEN, ENDED, DROPPED };

struct oracle {
	const struct policy_hindsight *h;
	const struct policy_view *view;
	uint8_t *fate;  /* by absence */
	uint32_t *heap; /* absences that overlap now: the one that ends last on top */
	uint32_t nheap;
	uint32_t next;   /* of by_from, with reclaim in the loop */
	uint32_t *until; /* by page: 1 + the absence it is pinned for */
};

/* Absences are ordered by their ends, so the greater index ends later. */
static void heap_push(struct oracle *s, uint32_t absence)
{
	uint32_t at = s->nheap++;
	for (; at && s->heap[(at - 1) / 2] < absence; at = (at - 1) / 2)
		s->heap[at] = s->heap[(at - 1) / 2];
	s->heap[at] = absence;
}

static uint32_t heap_pop(struct oracle *s)
{
	const uint32_t top = s->heap[0], last = s->heap[--s->nheap];
	uint32_t at = 0;
	for (uint32_t child; (child = 2 * at + 1) < s->nheap; at = child) {
		child += child + 1 < s->nheap && s->heap[child + 1] > s->heap[child];
		if (s->heap[child] <= last)
			break;
		s->heap[at] = s->heap[child];
	}
	s->heap[at] = last;
	return top;
}

static void choose(struct oracle *s, uint32_t budget)
{
	const struct policy_hindsight *h = s->h;
	uint32_t live = 0, ended = 0;
	for (uint32_t i = 0; i < h->nabsences; i++) {
		const uint32_t absence = h->by_from[i];
		for (; ended < h->nabsences && h->absences[ended].to <= h->absences[absence].from;
		     ended++)
			if (s->fate[ended] == CHOSEN) {
				s->fate[ended] = ENDED;
				live--;
			}
		s->fate[absence] = CHOSEN;
		heap_push(s, absence);
		if (++live <= budget)
			continue;
		/* what ended already ends before the new one: it is never on top here */
		s->fate[heap_pop(s)] = DROPPED;
		live--;
	}
}

static void *oracle_init(const struct policy_setup *setup)
{
	struct oracle *s = arena_alloc(setup->arena, 1, sizeof(*s));
	if (!s)
		return NULL;
	s->h = setup->hindsight;
	s->view = setup->view;
	s->fate = arena_alloc(setup->arena, (size_t)s->h->nabsences + 1, sizeof(*s->fate));
	s->heap = arena_alloc(setup->arena, (size_t)s->h->nabsences + 1, sizeof(*s->heap));
	s->until = arena_alloc(setup->arena, setup->npages, sizeof(*s->until));
	if (!s->fate || !s->heap || !s->until)
		return NULL;
	choose(s, setup->capacity_pages);
	if (s->h->is_frozen) /* leaving tells: no looking ahead */
		s->next = s->h->nabsences;
	return s;
}

static bool is_chosen(const struct oracle *s, uint32_t absence)
{
	return s->fate[absence] == CHOSEN || s->fate[absence] == ENDED;
}

static void oracle_leaving(void *state, uint32_t absence, struct policy_pins *pins)
{
	struct oracle *s = state;
	const uint32_t page = s->h->absences[absence].page;
	if (is_chosen(s, absence) && pins->pin(pins, page))
		s->until[page] = absence + 1;
}

static void oracle_access(void *state, const struct policy_access *a, struct policy_pins *pins)
{
	struct oracle *s = state;
	const uint32_t until = s->until[a->page];
	if (!until || a->now_ns < s->h->absences[until - 1].to_ns)
		return;
	s->until[a->page] = 0;
	pins->unpin(pins, a->page);
}

static void oracle_tick(void *state, uint64_t now_ns, struct policy_pins *pins)
{
	struct oracle *s = state;
	const struct policy_hindsight *h = s->h;
	for (; s->next < h->nabsences; s->next++) {
		const uint32_t absence = h->by_from[s->next];
		const struct policy_absence *x = &h->absences[absence];
		if (x->from_ns > now_ns + s->view->epoch_ns)
			return;
		if (is_chosen(s, absence) && x->to_ns > now_ns && pins->pin(pins, x->page))
			s->until[x->page] = absence + 1;
	}
}

static const struct policy_pinning oracle_pinning = {
	.needs_hindsight = true,
	.access = oracle_access,
	.tick = oracle_tick,
	.leaving = oracle_leaving,
};

const struct policy policy_oracle_frozen = {
	.abi = POLICY_ABI,
	.name = "oracle-frozen",
	.summary = "hindsight: pin over the absences that end in faults; a bound when frozen",
	.source = "U. Faigle and W. M. Nawijn, Discrete Applied Mathematics 58, 1995",
	.init = oracle_init,
	.pinning = &oracle_pinning,
};
