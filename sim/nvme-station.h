// SPDX-License-Identifier: MIT
/*
 * A station: equal servers, a line for each class (class 0 first, nobody is
 * interrupted), room for so many requests, and stalls. A stall stops all servers
 * at once; stalls queue behind each other, and service resumes after them
 * (preempt-resume).
 */
#ifndef PUGMARK_SIM_NVME_STATION_H
#define PUGMARK_SIM_NVME_STATION_H

#include "sim/nvme-audit.h"
#include "sim/nvme-cost.h"
#include "sim/nvme-net.h"

enum { NVME_CLASSES_MAX = 4 };

struct nvme_station {
	struct nvme_node node;
	struct nvme_audit audit;
	uint32_t servers;
	uint32_t wait_stage, serve_stage, stall_stage;
	uint64_t capacity;         /* inside; 0: no limit */
	struct nvme_node *refused; /* takes those beyond it */
	uint64_t nrefused;
	bool serves_by_op;                       /* cost[op], else cost[class] */
	struct nvme_cost cost[NVME_CLASSES_MAX]; /* of class 0 if there is one */
	struct nvme_line line[NVME_CLASSES_MAX];
	uint32_t nclasses;
	uint64_t stall_booked, stall_until; /* ns of all stalls; end of the last one */
	uint64_t stall_drawn;               /* sum of services, without stalls */
};

/* Fill servers, stages, capacity, costs and node.next afterwards. */
void nvme_station_init(struct nvme_station *s, struct nvme_net *net, const char *name,
		       uint32_t servers, uint32_t nclasses);

/* From now on, or after the stalls before it. */
void nvme_station_stall(struct nvme_station *s, uint64_t now, uint64_t length_ns);

#endif
