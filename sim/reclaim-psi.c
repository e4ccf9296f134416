// SPDX-License-Identifier: MIT
/*
 * Proactive reclaim steered by pressure, after Senpai (J. Weiner et al., "TMO:
 * Transparent Memory Offloading in Datacenters", ASPLOS 2022): every psi_period
 *
 *	reclaim = resident * 0.05 % * max(0, 1 - pressure / psi_target)
 *
 * where pressure is the share of the period spent in major faults: their count
 * times psi_fault, since this model does not see how long each one took. Which
 * pages go is left to a clock over accessed bits, as is reclaim at the limit.
 */
#include "sim/reclaim.h"

enum { RECLAIM_PPM = 500 };

struct psi {
	struct ns decided;
	uint64_t major; /* at that time */
};

static void psi_tick(struct hostmem *h, struct ns now)
{
	struct psi *s = h->model;
	const uint64_t period_ns = ns_sub(now, s->decided).v;
	if (period_ns < h->c.psi_period_ns)
		return;

	const uint64_t major = h->n.major[TOUCH_CPU] + h->n.major[TOUCH_DMA];
	const unsigned __int128 stall_ns =
		(unsigned __int128)(major - s->major) * h->c.psi_fault_ns;
	const uint64_t pressure_ppm = (uint64_t)(stall_ns * 1000000 / period_ns);
	s->decided = now;
	s->major = major;
	if (pressure_ppm >= h->c.psi_target_ppm)
		return;

	const uint64_t room_ppm = h->c.psi_target_ppm - pressure_ppm;
	uint64_t pages = (uint64_t)((unsigned __int128)h->n.resident * RECLAIM_PPM * room_ppm /
				    h->c.psi_target_ppm / 1000000);
	for (uint64_t freed; pages && (freed = reclaim_clock.shrink(h, now));)
		pages -= freed < pages ? freed : pages;
}

static int psi_init(struct hostmem *h, struct arena *arena)
{
	h->model = arena_alloc(arena, 1, sizeof(struct psi));
	return h->model ? 0 : ERR_NOMEM;
}

static void psi_add(struct hostmem *h, uint32_t page, enum page_origin origin, struct ns now)
{
	reclaim_clock.add(h, page, origin, now);
}

static void psi_remove(struct hostmem *h, uint32_t page)
{
	reclaim_clock.remove(h, page);
}

static uint64_t psi_shrink(struct hostmem *h, struct ns now)
{
	return reclaim_clock.shrink(h, now);
}

const struct reclaim reclaim_psi = {
	.name = "psi",
	.nheads = 1,
	.init = psi_init,
	.add = psi_add,
	.remove = psi_remove,
	.shrink = psi_shrink,
	.tick = psi_tick,
};
