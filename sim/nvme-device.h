// SPDX-License-Identifier: MIT
/*
 * Parts of a device: delays that occupy nothing, choosing a channel, splitting
 * long requests, and the write buffer. Channels and links are stations.
 */
#ifndef PUGMARK_SIM_NVME_DEVICE_H
#define PUGMARK_SIM_NVME_DEVICE_H

#include "base/rng.h"
#include "sim/nvme-cost.h"
#include "sim/nvme-net.h"

struct nvme_delay {
	struct nvme_node node;
	struct nvme_cost cost;
	uint32_t stage;
};
void nvme_delay_init(struct nvme_delay *d, struct nvme_net *net, uint32_t stage);

/* To one of n nodes: at random, by the stripe of the address, or by a number of the request. */
enum nvme_route { NVME_ROUTE_RANDOM, NVME_ROUTE_STRIPE, NVME_ROUTE_VM, NVME_ROUTE_QUEUE };
struct nvme_router {
	struct nvme_node node;
	struct nvme_node **targets; /* borrowed */
	uint32_t n;
	enum nvme_route by;
	uint64_t stripe_bytes;
	struct rng rng;
};
void nvme_router_init(struct nvme_router *r, struct nvme_net *net, enum nvme_route by,
		      struct nvme_node **targets, uint32_t n, const char *name);

/* Requests of one kind go to `next`, all others to `other`. */
struct nvme_fork {
	struct nvme_node node, *other;
	bool (*takes)(const struct nvme_job *j);
};
void nvme_fork_init(struct nvme_fork *f, struct nvme_net *net,
		    bool (*takes)(const struct nvme_job *j));

/* Holds what comes while it is stopped. Stops queue behind each other. */
struct nvme_stopper {
	struct nvme_node node;
	uint64_t until;
	uint32_t stage;
	struct nvme_line line;
};
void nvme_stopper_init(struct nvme_stopper *s, struct nvme_net *net, uint32_t stage);
void nvme_stopper_stop(struct nvme_stopper *s, uint64_t now, uint64_t length_ns);

/*
 * Requests above `most` bytes go on as parts of at most so many; when the last
 * part enters `join`, the request goes to join.next. The part that came last
 * lends the request its stages. Parts that find no room wait.
 */
struct nvme_split {
	struct nvme_node node, join;
	uint32_t most;        /* 0: nothing is split */
	uint32_t parts, room; /* on their way; at most */
	struct nvme_line line;
};
void nvme_split_init(struct nvme_split *s, struct nvme_net *net, uint32_t most, uint32_t room);

/*
 * Writes are done when they are in the buffer; what is in it goes on to `drain`
 * as parts, and frees its room when these enter `drained`. Reads pass on to
 * node.next, and so do writes that are done, to `done`.
 */
struct nvme_buffer {
	struct nvme_node node, drained;
	struct nvme_node *drain, *done;
	uint64_t bytes, used;
	uint32_t parts, room; /* on their way to the channels; at most */
	struct nvme_cost cost;
	uint32_t wait_stage, stage;
	struct nvme_line line;
};
void nvme_buffer_init(struct nvme_buffer *b, struct nvme_net *net, uint64_t bytes, uint32_t room);

#endif
