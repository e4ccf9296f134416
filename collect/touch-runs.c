// SPDX-License-Identifier: MIT
/* Runs of pages in one array. */
#include "collect/touch-runs.h"

#include <stdlib.h>

int touch_runs_add(struct touch_runs *r, struct touch_run x, struct err *e)
{
	struct touch_run *last = r->n ? &r->list[r->n - 1] : NULL;
	if (last && (last->end == x.page || r->n == TOUCH_RUNS_MAX)) {
		r->is_coarse |= last->end != x.page;
		last->end = x.end;
		return 0;
	}
	if (r->n == r->cap) {
		const size_t cap = r->cap ? 2 * r->cap : 64;
		struct touch_run *list = realloc(r->list, cap * sizeof(*list));
		if (!list)
			return err_set(e, ERR_NOMEM, "no memory for %zu runs of pages", cap);
		r->list = list;
		r->cap = cap;
	}
	r->list[r->n++] = x;
	return 0;
}

void touch_runs_free(struct touch_runs *r)
{
	free(r->list);
	*r = (struct touch_runs){};
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool touch_runs_part(const struct touch_runs *r, size_t *at, bool is_in, uint64_t *from,
		     uint64_t end, struct touch_run *part_out)
{
	while (*from < end) {
		while (*at < r->n && r->list[*at].end <= *from)
			++*at;
		const struct touch_run *x = *at < r->n ? &r->list[*at] : NULL;
		const bool is_inside = x && x->page <= *from;
		const uint64_t to = least(end, !x ? end : is_inside ? x->end : x->page);
		*part_out = (struct touch_run){ *from, to };
		*from = to;
		if (is_inside == is_in)
			return true;
	}
	return false;
}
