// SPDX-License-Identifier: MIT
/*
 * Where requests come from and go to.
 *
 *	closed	a number of requests, each born anew when it has finished and the
 *		think time is over
 *	paced	born at intervals, whatever becomes of them
 *	pulled	born at the times of a source (a trace)
 *
 * An open load holds at most `room` requests. One that finds no room is born at
 * its time all the same, and waits at the source: memory stays bounded whatever
 * the load.
 */
#ifndef PUGMARK_SIM_NVME_LOAD_H
#define PUGMARK_SIM_NVME_LOAD_H

#include "sim/nvme-audit.h"
#include "sim/nvme-cost.h"
#include "sim/nvme-net.h"
#include "sim/nvme.h"

enum nvme_load_kind { NVME_LOAD_CLOSED, NVME_LOAD_PACED, NVME_LOAD_PULLED };

struct nvme_load {
	struct nvme_node node;    /* finished requests enter here; next: where they begin */
	struct nvme_node refusal; /* refused ones enter here */
	enum nvme_load_kind kind;
	uint32_t out;       /* issued and not finished */
	uint32_t room;      /* closed: the population */
	uint32_t vm, klass; /* of its requests */
	uint32_t bytes;     /* likewise, unless `fill` says otherwise */
	uint32_t source_stage;
	struct nvme_cost gap; /* paced: between births; closed: think time */
	uint64_t remaining;   /* births still allowed */
	uint64_t next_at;     /* of the request that waits at the source, or comes next */
	uint64_t refused;
	bool is_starved;
	bool ends_run; /* its last request ends the run; other things might go on for ever */

	/* Gives a request its address and the rest; false: there are no more. May be NULL. */
	bool (*fill)(void *ctx, uint32_t job, uint64_t now);
	/* Pulled: when the next request comes; false: there are no more. */
	bool (*pull)(void *ctx, uint64_t *at_out);
	void *ctx;
};

/* Fill gap, class, fill, pull and node.next afterwards, then nvme_load_start. */
void nvme_load_init(struct nvme_load *l, struct nvme_net *net, enum nvme_load_kind kind,
		    uint32_t room, uint32_t vm);
void nvme_load_start(struct nvme_load *l);

/*
 * Token bucket: full with `burst` at the start, filled at a rate; a request
 * takes a token or waits for it, first come, first served.
 */
struct nvme_bucket {
	struct nvme_node node;
	uint64_t token_q16; /* ns a token, 2^-16 */
	uint64_t burst;
	uint64_t full_q16; /* when the bucket is full again */
	uint32_t stage;
	struct nvme_line line;
	uint64_t admitted, first_wait,
		last; /* the time of the first that waited, and of the last */
	uint64_t waited;
};
void nvme_bucket_init(struct nvme_bucket *b, struct nvme_net *net, uint64_t token_q16,
		      uint64_t burst);

/* So many at a time are beyond the gate; the others wait, first come, first served. */
struct nvme_gate {
	struct nvme_node node;
	uint64_t entries, inside;
	uint32_t stage;
	struct nvme_line line;
	uint64_t waited;
};
void nvme_gate_init(struct nvme_gate *g, struct nvme_net *net, uint64_t entries, uint32_t stage);
void nvme_gate_release(struct nvme_gate *g, uint64_t now);

/* Poisson stalls, each handed to `stall`. */
struct nvme_stall_process {
	struct nvme_net *net;
	struct nvme_cost gap, length;
	void (*stall)(void *ctx, uint64_t now, uint64_t length_ns);
	void *ctx;
	uint64_t stalls, total_ns;
};
void nvme_stall_start(struct nvme_stall_process *p);

#endif
