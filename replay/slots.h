// SPDX-License-Identifier: MIT
/*
 * Where guest memory lies in its VMM and on the host, over time: the `memslot`
 * rows of a trace. They tell the guest page behind a host-virtual page (of the
 * VMM's process) or a host-physical one. Nothing is guessed: a page in no slot
 * has no guest page. Where two slots hold the same page (aliases), the one that
 * was written first counts.
 */
#ifndef PUGMARK_REPLAY_SLOTS_H
#define PUGMARK_REPLAY_SLOTS_H

#include "base/err.h"
#include "store/kinds.h"
#include "store/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	uint64_t gpa, hva, hpa; /* first pages; UINT64_MAX: not known */
	uint64_t npages;
	uint64_t from_ns, to_ns; /* to_ns UINT64_MAX: to the end */
	uint64_t vm;
};

struct slots {
	struct slot *list;
	size_t n;
};

/* No rows are no error. Slots that would wrap are ERR_FORMAT. */
int slots_read(const struct trace *t, struct slots *out, struct err *e);
void slots_free(struct slots *s);

/* Whether any slot tells pages of this space. */
bool slots_know(const struct slots *s, enum address_space as);

/*
 * Pages from `page` on that lie in one slot at that time, at least 1, with the
 * first one's guest page. 0: in none; then *gpa_out is the number of pages that
 * are outside, too (UINT64_MAX: all). vm UINT16_MAX: any.
 */
uint64_t slots_find(const struct slots *s, uint16_t vm, enum address_space as, uint64_t page,
		    uint64_t ts_ns, uint64_t *gpa_out);

/* A cpu row, or the part of one that lies in one slot. */
struct piece {
	uint64_t first, ts_ns, period_ns;
	uint32_t npages, count;
	uint16_t vm;
	uint8_t what; /* enum access_what */
};

/* The same by columns, as access.h hands rows on. */
struct pieces {
	uint64_t *ts_ns, *first, *period_ns;
	uint32_t *npages, *count;
	uint16_t *vm;
	uint8_t *what;
	size_t cap, n;
};
void pieces_free(struct pieces *p);

/* ERR_NOMEM. */
int pieces_put(struct pieces *p, const struct piece *row, struct err *e);

/* The parts of a row of that space whose guest pages slots tell; is_inside: that is all of it. */
int pieces_join(struct pieces *p, const struct slots *s, enum address_space as,
		const struct piece *row, bool *is_inside_out, struct err *e);

#endif
