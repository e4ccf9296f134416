// SPDX-License-Identifier: MIT
/*
 * The invariants of DESIGN section 5. Builds with PUGMARK_DEBUG (debug, asan)
 * check them after every event: what the counters must say of all pages each
 * time, the page that the event was about, and now and then every page, so
 * seldom that a page is looked at once an event on average.
 */
#include "sim/reclaim.h"

#include <assert.h>

enum { AUDIT_EVENTS_MIN = 1024 };

/* What must hold of one page. */
static bool page_is_sound(const struct hostmem *h, uint32_t page)
{
	const struct hostpage *p = &h->pages[page];
	const enum hostmem_state state = page_state(p);
	const bool is_mapped = p->flags & PAGE_MAPPED;

	if (is_mapped != hostmem_is_mapped(h, page))
		return false;
	if (is_mapped && state != HOSTMEM_RESIDENT)
		return false;
	if (p->flags & PAGE_PINNED && !is_mapped)
		return false;
	if (p->flags & PAGE_PINNED && p->flags & PAGE_LISTED)
		return false;
	if (p->flags & PAGE_LISTED && state != HOSTMEM_RESIDENT)
		return false;
	if (state == HOSTMEM_ABSENT || is_mapped)
		return true;
	return h->slots.page[p->slot] == page;
}

/* What must hold of 512 pages that are one. */
static bool huge_is_sound(const struct hostmem *h, uint32_t unit)
{
	const struct hostpage *p = &h->pages[unit];
	enum { ALIKE = PAGE_STATE | PAGE_MAPPED };
	uint32_t pins = 0;
	if (!h->huge[unit / HOSTMEM_HUGE_PAGES].is_whole)
		return !h->huge[unit / HOSTMEM_HUGE_PAGES].pins;
	for (uint32_t i = 0; i < HOSTMEM_HUGE_PAGES; i++) {
		pins += (p[i].flags & PAGE_PINNED) != 0;
		if ((p[i].flags ^ p->flags) & ALIKE || (i && p[i].flags & PAGE_LISTED))
			return false;
	}
	return pins == h->huge[unit / HOSTMEM_HUGE_PAGES].pins &&
	       (!pins || !(p->flags & PAGE_LISTED));
}

static uint64_t sum_states(const struct hostmem_counts *n)
{
	uint64_t sum = n->absent + n->resident + n->in + n->out;
	for (unsigned i = 0; i < HOSTMEM_TIERS; i++)
		sum += n->swapped[i];
	return sum;
}

int hostmem_check(const struct hostmem *h, struct err *e)
{
	uint64_t states[HOSTMEM_STATES] = {}, pinned = 0, cached = 0;
	for (uint32_t i = 0; i < h->c.npages; i++) {
		const struct hostpage *p = &h->pages[i];
		if (!page_is_sound(h, i))
			return err_set(e, ERR_BUG, "page %u: flags %#x contradict each other", i,
				       p->flags);
		if (h->huge && i % HOSTMEM_HUGE_PAGES == 0 && !huge_is_sound(h, i))
			return err_set(e, ERR_BUG, "page %u: its 2 MiB page is not one", i);
		states[page_state(p)]++;
		pinned += hostmem_is_pinned(h, i);
		cached += page_state(p) == HOSTMEM_RESIDENT && !hostmem_is_mapped(h, i);
	}
	const struct hostmem_counts *n = &h->n;
	const uint64_t swapped = sum_states(n) - n->absent - n->resident - n->in - n->out;
	if (states[HOSTMEM_RESIDENT] != n->resident || states[HOSTMEM_IN] != n->in ||
	    states[HOSTMEM_OUT] != n->out || states[HOSTMEM_SWAPPED] != swapped ||
	    pinned != n->pinned || cached != n->swap_cache || sum_states(n) != h->c.vm_pages)
		return err_set(e, ERR_BUG, "the counters differ from the pages they count");
	if (hostmem_charged(h) > h->limit + n->overflow)
		return err_set(e, ERR_BUG, "%llu pages charged: expected %llu + %llu overflow",
			       (unsigned long long)hostmem_charged(h), (unsigned long long)h->limit,
			       (unsigned long long)n->overflow);
	return 0;
}

void hostmem_check_event(struct hostmem *h, uint32_t page)
{
	const struct hostmem_counts *n = &h->n;
	assert(sum_states(n) == h->c.vm_pages);
	assert(n->pinned + n->swap_cache <= n->resident);
	assert(hostmem_charged(h) <= h->limit + n->overflow);
	assert(page == UINT32_MAX || page_is_sound(h, page));
	(void)n, (void)page; /* without assertions */

	if (++h->unaudited < AUDIT_EVENTS_MIN || h->unaudited < h->c.npages)
		return;
	struct err e = {};
	h->unaudited = 0;
	const int rc = hostmem_check(h, &e);
	assert(!rc);
	(void)rc;
}
