// SPDX-License-Identifier: MIT
/*
 * From faults to ranges: pages are counted, ranked, cut to the budget, extended
 * beside rows of them, given a reason and an expiry, and put into ranges.
 */
#include "replay/pinmap-choose.h"

#include "base/cleanup.h"
#include "base/units.h"

#include <stdlib.h>

/* One page with faults, or one beside such. */
struct page {
	uint64_t frame;
	uint64_t first_ns, last_ns, longest_ns; /* faults; between two of them */
	uint64_t expires_ns;
	uint32_t id, faults, spells;
	enum pinmap_reason reason;
};

struct pages {
	struct page *v;
	size_t n;
};

enum {
	EXPIRY_STEPS = 32, /* of the past: so that neighbours make a range */
};

static uint64_t frame_of(const struct pinmap_past *p, uint32_t id)
{
	return pinmap_frame(p->frames, &p->facts, id);
}

/* ---- counting ---- */

/* A fault that joins one under way belongs to the same use. */
static void count_fault(struct page *x, const struct pin_log_entry *f)
{
	x->faults++;
	if (f->kind == PIN_FAULT_LATE && x->spells)
		return;
	if (x->spells++) {
		const uint64_t away = f->raised_ns - x->last_ns;
		x->longest_ns = away > x->longest_ns ? away : x->longest_ns;
	} else {
		x->first_ns = f->raised_ns;
	}
	x->last_ns = f->raised_ns;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the pages of a pin map");
}

static int count_pages(const struct pinmap_past *p, uint64_t from_ns, uint64_t to_ns,
		       struct pages *out, struct err *e)
{
	_free_ uint32_t *place = calloc(p->facts.unique_pages + 1, sizeof(*place)); /* 1 + */
	size_t cap = 0;
	if (!place)
		return no_memory(e);
	for (size_t i = 0; i < p->log.n; i++) {
		const struct pin_log_entry *f = &p->log.entries[i];
		if (f->raised_ns < from_ns || f->raised_ns >= to_ns)
			continue;
		if (!place[f->page] && out->n == cap) {
			cap = cap ? 2 * cap : 1024;
			struct page *grown = reallocarray(out->v, cap, sizeof(*grown));
			if (!grown)
				return no_memory(e);
			out->v = grown;
		}
		if (!place[f->page]) {
			out->v[out->n] =
				(struct page){ .id = f->page, .frame = frame_of(p, f->page) };
			place[f->page] = (uint32_t)++out->n;
		}
		count_fault(&out->v[place[f->page] - 1], f);
	}
	return 0;
}

/* ---- ranking ---- */

static int by_worth(const void *a, const void *b)
{
	const struct page *x = a, *y = b;
	if (x->faults != y->faults)
		return x->faults > y->faults ? -1 : 1;
	if (x->last_ns != y->last_ns)
		return x->last_ns < y->last_ns ? -1 : 1;
	return x->frame < y->frame ? -1 : 1;
}

static int by_frame(const void *a, const void *b)
{
	const struct page *x = a, *y = b;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* ---- expiry ---- */

static int by_time(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* For how long pages stay away that come back, but for 5 %; the past where none came back. */
static int usual_absence(const struct pages *p, uint64_t past_ns, uint64_t *out, struct err *e)
{
	_free_ uint64_t *away = calloc(p->n + 1, sizeof(*away));
	size_t n = 0;
	if (!away)
		return no_memory(e);
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].spells > 1)
			away[n++] = p->v[i].longest_ns;
	qsort(away, n, sizeof(*away), by_time);
	*out = n ? away[(n - 1) * 19 / 20] : past_ns;
	return 0;
}

static void give_reasons(const struct pinmap_past *p, struct pages *chosen, uint64_t from_ns,
			 uint64_t to_ns, uint64_t absence_ns)
{
	const uint64_t past_ns = to_ns - from_ns;
	const uint64_t step = past_ns / EXPIRY_STEPS ? past_ns / EXPIRY_STEPS : 1;
	for (size_t i = 0; i < chosen->n; i++) {
		struct page *x = &chosen->v[i];
		uint64_t long_ns = past_ns;
		if (x->reason != PINMAP_AHEAD) {
			const bool is_live = to_ns == p->noted_ns &&
					     pinmap_past_is_live(p, x->id, from_ns + past_ns / 2);
			x->reason = is_live         ? PINMAP_COHERENT
				    : x->spells > 1 ? PINMAP_RETURNS
						    : PINMAP_ONCE;
			if (x->reason == PINMAP_RETURNS)
				long_ns = x->last_ns - x->first_ns + absence_ns;
		}
		long_ns = (long_ns / step + 1) * step;
		x->expires_ns = long_ns < past_ns ? long_ns : past_ns;
	}
}

/* ---- ahead ---- */

/*
 * Rows: pages that fault, with gaps of at most a few pages. On either side of a
 * row come as many pages as it has, up to its neighbour, while there is room.
 */
enum { GAP_MAX = 8, ROW_LEAST = 4 };

/* Between two rows each takes its half. */
static void add_span(struct pages *to, uint64_t first, uint64_t last, size_t *room)
{
	for (uint64_t f = first; f <= last && *room; f++, --*room)
		to->v[to->n++] = (struct page){ .frame = f, .reason = PINMAP_AHEAD };
}

/* Of the pages that were added only those stay that the replay has seen: others may be no memory.
 */
static int keep_seen(const struct pinmap_past *p, struct pages *all, size_t n, struct err *e)
{
	_free_ uint8_t *is_seen = calloc(all->n - n + 1, 1);
	if (!is_seen)
		return no_memory(e);
	qsort(all->v + n, all->n - n, sizeof(*all->v), by_frame);
	for (uint32_t id = 0; id < p->facts.unique_pages && all->n > n; id++) {
		const struct page key = { .frame = frame_of(p, id) };
		struct page *x = bsearch(&key, all->v + n, all->n - n, sizeof(key), by_frame);
		if (!x)
			continue;
		x->id = id;
		is_seen[x - all->v - n] = 1;
	}
	size_t kept = n;
	for (size_t i = n; i < all->n; i++)
		if (is_seen[i - n])
			all->v[kept++] = all->v[i];
	all->n = kept;
	return 0;
}

static size_t row_end(const struct pages *p, size_t i)
{
	while (i + 1 < p->n && p->v[i + 1].frame - p->v[i].frame <= GAP_MAX)
		i++;
	return i;
}

/* Pages by frame; those that were chosen stay the first ones. */
static int go_ahead(const struct pinmap_past *p, struct pages *chosen, size_t room, struct err *e)
{
	const size_t n = chosen->n;
	const struct pages base = { chosen->v, n };
	struct pages grown = { calloc(n + room + 1, sizeof(*grown.v)), 0 };
	if (!grown.v)
		return no_memory(e);
	for (size_t i = 0; i < n; i++)
		grown.v[grown.n++] = base.v[i];
	for (size_t i = 0, end; i < n; i = end + 1) {
		end = row_end(&base, i);
		const uint64_t first = base.v[i].frame, last = base.v[end].frame;
		uint64_t length = end - i + 1;
		if (length < ROW_LEAST)
			continue;
		length = length < room / 2 ? length : room / 2; /* on either side */
		const uint64_t below = i ? (base.v[i - 1].frame + first) / 2 + 1 : 0;
		const uint64_t above = end + 1 < n ? (last + base.v[end + 1].frame) / 2
						   : p->facts.highest_page;
		const uint64_t from = first > below + length ? first - length : below;
		const uint64_t to = above > last + length ? last + length : above;
		if (first)
			add_span(&grown, from, first - 1, &room);
		add_span(&grown, last + 1, to, &room);
	}
	free(chosen->v);
	*chosen = grown;
	return keep_seen(p, chosen, n, e);
}

/* ---- ranges ---- */

static int put_ranges(const struct pages *p, struct pinmap *out, struct err *e)
{
	out->ranges = calloc(p->n + 1, sizeof(*out->ranges));
	out->nranges = 0;
	out->pinned_pages = p->n;
	if (!out->ranges)
		return err_set(e, ERR_NOMEM, "no memory for the ranges of a pin map");
	for (size_t i = 0; i < p->n; i++) {
		const struct page *x = &p->v[i];
		struct pinmap_range *r = &out->ranges[out->nranges];
		if (out->nranges && r[-1].first + r[-1].npages == x->frame &&
		    r[-1].reason == x->reason && r[-1].expires_ns == x->expires_ns) {
			r[-1].npages++;
			r[-1].iopf += x->faults;
			continue;
		}
		*r = (struct pinmap_range){ x->frame, 1, x->reason, x->expires_ns, x->faults };
		out->nranges++;
	}
	return 0;
}

int pinmap_choose(const struct pinmap_past *p, uint64_t from_ns, uint64_t to_ns,
		  uint64_t budget_pages, const struct pinmap_variant *v, struct pinmap *out,
		  struct err *e)
{
	struct pages pages = {};
	uint64_t absence_ns = 0;
	int rc = count_pages(p, from_ns, to_ns, &pages, e);
	if (!rc)
		rc = usual_absence(&pages, to_ns - from_ns, &absence_ns, e);
	if (!rc && pages.n) {
		if (pages.n)
			qsort(pages.v, pages.n, sizeof(*pages.v), by_worth);
		const uint64_t part = (pages.n + v->part - 1) / v->part;
		pages.n = part < budget_pages ? part : budget_pages;
		if (pages.n)
			qsort(pages.v, pages.n, sizeof(*pages.v), by_frame);
		if (v->goes_ahead)
			rc = go_ahead(p, &pages, budget_pages - pages.n, e);
	}
	if (!rc) {
		give_reasons(p, &pages, from_ns, to_ns, absence_ns);
		if (pages.n)
			qsort(pages.v, pages.n, sizeof(*pages.v), by_frame);
		rc = put_ranges(&pages, out, e);
	}
	free(pages.v);
	return rc;
}
