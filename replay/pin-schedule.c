// SPDX-License-Identifier: MIT
/* Absences are noted when they end, hence in order of their ends. */
#include "replay/pin-schedule.h"

#include <stdlib.h>

int pin_recorder_init(struct pin_recorder *r, uint32_t npages, struct arena *a, struct err *e)
{
	*r = (struct pin_recorder){ .npages = npages };
	r->from = arena_alloc(a, npages, sizeof(*r->from));
	r->from_ns = arena_alloc(a, npages, sizeof(*r->from_ns));
	r->faults = calloc(npages, sizeof(*r->faults));
	if (!r->from || !r->from_ns || !r->faults)
		return err_set(e, ERR_NOMEM, "no memory for the history of %u pages", npages);
	return 0;
}

void pin_recorder_deinit(struct pin_recorder *r)
{
	free(r->faults);
	free(r->absences);
	*r = (struct pin_recorder){};
}

void pin_recorder_fault(struct pin_recorder *r, uint32_t page, uint64_t event, uint64_t now_ns)
{
	r->faults[page] += r->faults[page] != UINT32_MAX;
	if (r->n == r->cap) {
		const size_t cap = r->cap ? 2 * r->cap : 1024;
		struct policy_absence *grown =
			cap > UINT32_MAX ? NULL : realloc(r->absences, cap * sizeof(*r->absences));
		if (!grown) {
			r->has_failed = true;
			return;
		}
		r->absences = grown;
		r->cap = cap;
	}
	r->absences[r->n++] = (struct policy_absence){
		.from = r->from[page],
		.from_ns = r->from_ns[page],
		.to = event,
		.to_ns = now_ns,
		.page = page,
	};
}

struct begin {
	uint64_t from;
	uint32_t absence;
};

static int by_begin(const void *a, const void *b)
{
	const struct begin *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->absence < y->absence ? -1 : x->absence > y->absence;
}

int pin_recorder_take(struct pin_recorder *r, struct policy_hindsight *out, struct err *e)
{
	struct begin *begins = calloc(r->n + 1, sizeof(*begins));
	uint32_t *by_from = calloc(r->n + 1, sizeof(*by_from));
	if (!begins || !by_from || r->has_failed) {
		free(begins);
		free(by_from);
		return err_set(e, ERR_NOMEM, "no memory for %zu absences", r->n);
	}
	for (size_t i = 0; i < r->n; i++)
		begins[i] = (struct begin){ r->absences[i].from, (uint32_t)i };
	qsort(begins, r->n, sizeof(*begins), by_begin);
	for (size_t i = 0; i < r->n; i++)
		by_from[i] = begins[i].absence;
	free(begins);
	*out = (struct policy_hindsight){
		.faults = r->faults,
		.absences = r->absences,
		.by_from = by_from,
		.nabsences = (uint32_t)r->n,
		.npages = r->npages,
	};
	r->faults = NULL;
	r->absences = NULL;
	return 0;
}

void pin_hindsight_free(struct policy_hindsight *h)
{
	free((void *)(uintptr_t)h->faults);
	free((void *)(uintptr_t)h->absences);
	free((void *)(uintptr_t)h->by_from);
	*h = (struct policy_hindsight){};
}

int pin_schedule_init(struct pin_schedule *s, const struct policy_hindsight *h, struct arena *a,
		      struct err *e)
{
	*s = (struct pin_schedule){ .h = h };
	s->is = arena_alloc(a, h->npages, sizeof(*s->is));
	return s->is ? 0 : err_set(e, ERR_NOMEM, "no memory for %u pages", h->npages);
}
