// SPDX-License-Identifier: MIT
/*
 * What a policy is that only pins. It is told of device accesses, of I/O page
 * faults among them, of mappings that end and of the passing of time, and says
 * which pages to pin and to unpin. It never sees the model: what it may know of
 * the host stands in struct policy_view.
 *
 * Time is ns since the start of the trace. Every function may be missing.
 */
#ifndef PUGMARK_POLICIES_PINNING_H
#define PUGMARK_POLICIES_PINNING_H

#include "policies/policy.h"

/* What the devices did to a page; kept only for policies that say needs_history. */
struct policy_page {
	uint64_t last_dma_ns;
	uint32_t dmas;   /* accesses; saturates */
	uint32_t faults; /* of them I/O page faults; saturates */
};

/* Read only, and no more than the host of a pass-through device can know. */
struct policy_view {
	const struct policy_page *pages; /* by page; NULL without needs_history */
	uint32_t npages;
	uint64_t epoch_ns; /* between ticks */
	bool (*is_resident)(const struct policy_view *view, uint32_t page);
	bool (*is_pinned)(const struct policy_view *view, uint32_t page);
	/* since the host last saw the accessed bit that the CPU sets; UINT64_MAX: never */
	uint64_t (*cpu_age_ns)(const struct policy_view *view, uint32_t page, uint64_t now_ns);
};

/* One device access to one page, after its fault, if it is one, has begun. */
struct policy_access {
	uint64_t now_ns;
	uint32_t page;
	uint16_t dev;
	bool is_write; /* the device writes memory */
	bool is_fault; /* the host had swapped the page out */
};

/*
 * How a policy pins. pin refuses (false) what is beyond the budget; pinning a
 * pinned page and unpinning another are no changes. A page that is swapped out
 * is brought in by pinning it.
 */
struct policy_pins {
	bool (*pin)(struct policy_pins *pins, uint32_t page);
	void (*unpin)(struct policy_pins *pins, uint32_t page);
	uint32_t budget_pages, held_pages;
};

struct policy_pinning {
	bool needs_history;   /* view.pages is kept */
	bool needs_hindsight; /* setup.hindsight is made by a run without pinning first */
	bool is_unbounded;    /* pins without a budget: static-all */
	bool needs_map;       /* setup.map says what to pin, and is its own budget */

	void (*start)(void *state, struct policy_pins *pins);
	void (*access)(void *state, const struct policy_access *a, struct policy_pins *pins);
	/* the page's first live mapping by any device begins, its last one ends */
	void (*map)(void *state, uint32_t page, uint64_t now_ns, struct policy_pins *pins);
	void (*release)(void *state, uint32_t page, uint64_t now_ns, struct policy_pins *pins);
	void (*tick)(void *state, uint64_t now_ns, struct policy_pins *pins);
	/* frozen residency only: absence i of the hindsight begins unless its page is pinned */
	void (*leaving)(void *state, uint32_t absence, struct policy_pins *pins);
};

/* Pages to pin from a time on, each until a time of its own: in order of until_ns. */
struct policy_map {
	const struct policy_mapped {
		uint64_t until_ns; /* UINT64_MAX: to the end */
		uint32_t page;
	} * pages;
	size_t n;
	uint64_t from_ns;
};

/*
 * A time in which a page was swapped out, ended by a device's fault on it. It
 * lasts from after event `from` (a number in the stream of events) to event `to`.
 */
struct policy_absence {
	uint64_t from, to;
	uint64_t from_ns, to_ns;
	uint32_t page;
};

/* What happened when nobody pinned, on the same trace, reclaim and companion. */
struct policy_hindsight {
	const uint32_t *faults;                /* I/O page faults by page */
	const struct policy_absence *absences; /* by `to` */
	const uint32_t *by_from;               /* their indices, by `from` */
	uint32_t nabsences;
	uint32_t npages;
	bool is_frozen; /* the run follows it: pins change nothing but what they cover */
};

#endif
