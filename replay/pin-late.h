// SPDX-License-Identifier: MIT
/*
 * Pins and unpins that the host is told of later. One of a page that is mapped
 * only takes it off the reclaimer's lists, or puts it back, which nobody looks
 * at before the host is asked for something. Until then they wait, in their
 * order and with their times, so that the memory they need can be asked for
 * all at once: nothing but speed depends on it.
 */
#ifndef PUGMARK_REPLAY_PIN_LATE_H
#define PUGMARK_REPLAY_PIN_LATE_H

#include "sim/hostmem.h"

enum { PIN_LATE_MAX = 32 };

struct pin_late {
	struct hostmem *host; /* set by the owner */
	struct {
		uint64_t at_ns;
		uint32_t page;
		bool is_unpin;
	} pins[PIN_LATE_MAX];
	unsigned n;
};

/* To be called before the host is asked for anything that pins may change. */
static inline void pin_late_settle(struct pin_late *l)
{
	const unsigned n = l->n;
	for (unsigned i = 0; i < n; i++)
		hostmem_prefetch_neighbours(l->host, l->pins[i].page);
	for (unsigned i = 0; i < n; i++) {
		const struct ns at = { l->pins[i].at_ns };
		if (l->pins[i].is_unpin)
			hostmem_unpin(l->host, l->pins[i].page, at);
		else
			hostmem_pin(l->host, l->pins[i].page, at);
	}
	l->n = 0;
}

/* False: tell the host at once, for it would bring the page, or reclaim for what is too much. */
static inline bool pin_late_put(struct pin_late *l, uint32_t page, bool is_unpin, uint64_t now_ns)
{
	if (!hostmem_is_mapped(l->host, page) || hostmem_counts(l->host)->overflow)
		return false;
	if (l->n == PIN_LATE_MAX)
		pin_late_settle(l);
	hostmem_prefetch(l->host, page);
	l->pins[l->n].at_ns = now_ns;
	l->pins[l->n].page = page;
	l->pins[l->n++].is_unpin = is_unpin;
	return true;
}

#endif
