// SPDX-License-Identifier: MIT
/* A pin map's page numbers to those of a replay. */
#include "replay/pinmap-learn.h"

#include "base/cleanup.h"
#include "base/units.h"

#include <stdlib.h>

uint64_t pinmap_frame(const uint64_t *frames, const struct pin_facts *f, uint32_t id)
{
	enum { HUGE_SHIFT = 9 };
	const unsigned shift = f->huge ? HUGE_SHIFT : 0;
	return (frames[id >> shift] << shift) + (id & ((UINT32_C(1) << shift) - 1));
}

static int by_expiry(const void *a, const void *b)
{
	const struct policy_mapped *x = a, *y = b;
	if (x->until_ns != y->until_ns)
		return x->until_ns < y->until_ns ? -1 : 1;
	return x->page < y->page ? -1 : x->page > y->page;
}

static uint64_t until(const struct pinmap_range *r, uint64_t start_ns)
{
	uint64_t at;
	return __builtin_add_overflow(start_ns, r->expires_ns, &at) ? UINT64_MAX : at;
}

/* Those that the replay touches; *found_out of each range is counted up. */
static size_t take_seen(const struct pinmap *m, uint64_t start_ns, const uint64_t *frames,
			const struct pin_facts *f, uint64_t *found, struct policy_mapped *out)
{
	size_t n = 0;
	for (uint64_t id = 0; id < f->unique_pages; id++) {
		const uint64_t page = pinmap_frame(frames, f, (uint32_t)id);
		const size_t i = pinmap_find(m, page);
		if (i == m->nranges || m->ranges[i].first > page)
			continue;
		found[i]++;
		out[n++] = (struct policy_mapped){ until(&m->ranges[i], start_ns), (uint32_t)id };
	}
	return n;
}

int pinmap_apply(const struct pinmap *m, uint64_t start_ns, const uint64_t *frames,
		 const struct pin_facts *facts, struct policy_map *out, struct err *e)
{
	_free_ uint64_t *found = calloc(m->nranges + 1, sizeof(*found));
	_free_ struct policy_mapped *pages = NULL;
	if (m->pinned_pages > facts->vm_pages)
		return err_set(e, ERR_USAGE, "the pin map has %llu pages, the VM only %llu",
			       (unsigned long long)m->pinned_pages,
			       (unsigned long long)facts->vm_pages);
	pages = calloc(m->pinned_pages + 1, sizeof(*pages));
	if (!found || !pages)
		return err_set(e, ERR_NOMEM, "no memory for the pages of the pin map");
	size_t n = take_seen(m, start_ns, frames, facts, found, pages);
	uint64_t other = facts->unique_pages;
	for (size_t i = 0; i < m->nranges; i++)
		for (uint64_t k = found[i]; k < m->ranges[i].npages; k++) {
			if (other == facts->vm_pages)
				return err_set(e, ERR_USAGE,
					       "the pin map has pages that a VM of %llu pages has "
					       "not: is it another VM's?",
					       (unsigned long long)facts->vm_pages);
			pages[n++] = (struct policy_mapped){ until(&m->ranges[i], start_ns),
							     (uint32_t)other++ };
		}
	qsort(pages, n, sizeof(*pages), by_expiry);
	*out = (struct policy_map){ .pages = take_ptr(pages), .n = n, .from_ns = start_ns };
	return 0;
}
