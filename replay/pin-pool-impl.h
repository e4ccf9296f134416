// SPDX-License-Identifier: MIT
/*
 * The inside of a pool's replay: pin-pool.c makes VMs and configurations and
 * takes their results, pin-pool-run.c moves them.
 */
#ifndef PUGMARK_REPLAY_PIN_POOL_IMPL_H
#define PUGMARK_REPLAY_PIN_POOL_IMPL_H

#include "base/arena.h"
#include "replay/pin-feed.h"
#include "replay/pin-pool.h"

struct pool_source {
	struct access *access;
	struct pin_feed feed;
	struct pin_block block, ahead; /* ahead has no events: block is the last one */
	size_t at;                     /* of block */
	bool is_open;
};

/* Events of one VM that nobody else's come between. */
struct pool_turn {
	uint32_t vm, from, n;
	bool is_last; /* the trace has no others */
};

struct pool_lane;

/* One VM of a lane, as hostmem_pool_place has it. */
struct pool_place {
	struct pool_lane *lane;
	uint32_t vm;
};

/* A configuration of all VMs, and how far it is. */
struct pool_lane {
	struct pin_pool_job *job;
	struct pin_cell **cells; /* by VM, as are the next five */
	struct pin_shared *shared;
	struct pool_place *places;
	struct pin_log *logs;
	uint64_t *due_ns; /* on the common clock */
	bool *is_over;    /* its trace is at its end */
	struct swap *station;
	bool stop;         /* the VM that runs has taken pages of others: */
	uint32_t *touched; /* these */
	size_t ntouched;
	uint64_t second, in_second; /* of the common clock: IOPFs of all VMs */
};

struct pool_session {
	const struct pin_pool_run *run;
	struct pool_source *sources;
	struct pool_lane *lanes; /* by job */
	size_t njobs;
	struct pool_turn *turns;
	size_t nturns;
	uint64_t end_ns; /* of the last event, on the common clock */
	struct arena arena;
};

/* All events through all lanes; then what is on its way. */
int pool_session_run(struct pool_session *s, struct err *e);

/* For hostmem_pool_place, ctx a struct pool_place. */
void pool_lane_touch(void *ctx, struct ns now);

#endif
