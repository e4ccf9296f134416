// SPDX-License-Identifier: MIT
/*
 * Between a completion and whoever is told: interrupts for several completions
 * together, and hybrid polling (sleep about half the mean, then spin; Linux
 * block layer, 2016).
 */
#ifndef PUGMARK_SIM_NVME_COMPLETE_H
#define PUGMARK_SIM_NVME_COMPLETE_H

#include "sim/nvme-cost.h"
#include "sim/nvme-net.h"

/*
 * An interrupt is raised at `count` completions, or timer_ns after the first
 * one that waits. Count 0 and timer 0: never by it.
 */
struct nvme_coalesce {
	struct nvme_node node; /* next: takes all that waited, in order */
	uint64_t count, timer_ns;
	uint32_t stage;
	struct nvme_line line;
	struct evq_handle timer;
	uint64_t raised;
	void (*on_raise)(void *ctx, uint64_t now); /* may be NULL; before the completions go on */
	void *ctx;
};
void nvme_coalesce_init(struct nvme_coalesce *c, struct nvme_net *net, uint64_t count,
			uint64_t timer_ns);

/*
 * Requests pass `submit` on their way out and enter `node` when done: not seen
 * before the sleep and the wake-up are over.
 */
struct nvme_hybrid {
	struct nvme_node node, submit;
	struct nvme_cost sleep, wake;
	uint32_t stage;
	uint64_t spun_ns;
};
void nvme_hybrid_init(struct nvme_hybrid *h, struct nvme_net *net);

#endif
