// SPDX-License-Identifier: MIT
/*
 * Address spaces and simulated time as types, so that the compiler refuses to
 * add a guest address to a host one. Each wraps one uint64_t and costs nothing
 * at any optimisation level. Convert only by the functions below.
 *
 * Leaves out: wall-clock time (never inside a model) and page sizes other than
 * the 4 KiB base page, which carry their order beside the frame number.
 */
#ifndef PUGMARK_BASE_UNITS_H
#define PUGMARK_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PAGE_SHIFT = 12,
	PAGE_BYTES = 1 << PAGE_SHIFT,
	BLOCK_BYTES = 512, /* the unit of an LBA */
};

#define NS_PER_US  UINT64_C(1000)
#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

/* nanoseconds since the start of the trace */
struct ns {
	uint64_t v;
};

/* guest-physical, I/O-virtual and host-physical byte addresses */
struct gpa {
	uint64_t v;
};
struct iova {
	uint64_t v;
};
struct hpa {
	uint64_t v;
};

/* number of a 4 KiB page frame */
struct pfn {
	uint64_t v;
};

static inline struct ns ns_add(struct ns a, struct ns b)
{
	return (struct ns){ a.v + b.v };
}

/* a - b, and 0 where b is later: a clock that steps back must not wrap */
static inline struct ns ns_sub(struct ns a, struct ns b)
{
	return (struct ns){ a.v > b.v ? a.v - b.v : 0 };
}

static inline struct pfn gpa_to_pfn(struct gpa a)
{
	return (struct pfn){ a.v >> PAGE_SHIFT };
}

static inline struct pfn iova_to_pfn(struct iova a)
{
	return (struct pfn){ a.v >> PAGE_SHIFT };
}

static inline struct pfn hpa_to_pfn(struct hpa a)
{
	return (struct pfn){ a.v >> PAGE_SHIFT };
}

/*
 * Pages touched by len_bytes starting at addr; 0 bytes touch no page. Cannot
 * overflow: a span that would wrap the address space is cut at its end.
 */
static inline uint64_t span_pages(uint64_t addr, uint64_t len_bytes)
{
	if (!len_bytes)
		return 0;

	const uint64_t last = addr + (len_bytes - 1) < addr ? UINT64_MAX : addr + (len_bytes - 1);
	return (last >> PAGE_SHIFT) - (addr >> PAGE_SHIFT) + 1;
}

#endif
