// SPDX-License-Identifier: MIT
/*
 * A network of queueing nodes: what all of sim/nvme-*.c share. Jobs (I/Os) are
 * numbers into one pool; a node takes a job by its `enter` and hands it on to
 * `next` when done. Time is spent in stages, and every ns of a job belongs to
 * one: nvme_spend closes the span since the last mark.
 *
 * Memory: taken at the start from the run's arena.
 */
#ifndef PUGMARK_SIM_NVME_NET_H
#define PUGMARK_SIM_NVME_NET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hist.h"
#include "sim/evq.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define NVME_NO_JOB     UINT32_MAX
#define NVME_NOT_SERVED UINT64_MAX

enum { NVME_NET_STAGES_MAX = 24 };

struct nvme_job {
	uint64_t born;         /* when it was asked for */
	uint64_t mark;         /* since when it is in its present stage */
	uint64_t entered;      /* the station it is in, */
	uint64_t served;       /* and its service there: since when; NVME_NOT_SERVED */
	struct nvme_audit *at; /* NULL: none that keeps accounts */
	uint64_t stall;        /* station: its stall clock at the start of service */
	uint64_t ready;        /* hybrid polling: not seen before */
	uint64_t lba;          /* in 512 bytes */
	uint32_t bytes;
	uint32_t vm, thread, queue; /* queue: pair, counted over all VMs */
	uint32_t next;              /* in a line */
	uint32_t parent, parts;     /* split requests: whose part; how many are on their way */
	uint64_t second_ns;         /* scan: the part of the service that counts apart */
	uint8_t op, klass;
	bool is_part, is_out; /* out: issued and not yet finished */
};

/* A line of jobs, linked by their `next`. */
struct nvme_line {
	uint32_t head, tail, n;
};

struct nvme_net;

struct nvme_node {
	void (*enter)(struct nvme_node *node, uint32_t job, uint64_t now);
	struct nvme_net *net;
	struct nvme_node *next;
	const char *name;
};

/* Two accounts of one station, by the clock and by its jobs: sim/nvme-audit.h. */
struct nvme_audit {
	uint64_t entered, left, inside, busy, most;
	uint64_t clock;           /* up to which the areas are counted */
	uint64_t area, busy_area; /* ns of jobs, of servers; below 2^64 for any sane run */
	uint64_t sojourn, served; /* sums over jobs */
};

/* What is counted of finished jobs. */
struct nvme_meter {
	uint64_t requests, bytes;
	uint64_t first, last; /* completions: the last before counting, the last */
	struct hist *latency; /* NULL: not wanted */
	struct hist *by_op;   /* likewise, one for each op */
	uint64_t *stage;      /* nstages sums */
	uint64_t wait_zero;   /* jobs without time in zero_stage */
};

struct nvme_net {
	struct evq q;
	struct arena *arena;
	uint64_t seed;

	struct nvme_job *jobs;
	uint64_t *stage; /* of job j: at j * nstages */
	uint32_t njobs, nparts, nstages, zero_stage;
	uint32_t free_job, free_part; /* lists by next */

	struct nvme_audit all; /* all loads: issued to finished */
	bool is_settled;
	struct nvme_meter *meters; /* by vm */
	uint32_t nmeters;
	uint64_t warmup, target; /* completions not counted, then counted; target 0: no end */
	uint64_t completed, broken;
	uint64_t counted_from; /* when the warm-up ended */
	bool is_over;
	void (*on_counting)(void *ctx, uint64_t now); /* may be NULL: the warm-up is over */
	void *on_counting_ctx;
	uint64_t issued, events;
};

/* Jobs for requests and for parts of split requests; stages up to NVME_NET_STAGES_MAX. */
struct nvme_net_config {
	uint32_t jobs, parts, nstages, nmeters, events;
	unsigned latency_bits; /* of histograms; 0: none */
	uint64_t seed, warmup, target;
};

/* 0 or ERR_NOMEM. */
int nvme_net_init(struct nvme_net *net, const struct nvme_net_config *c, struct arena *a);

/* Runs until the target is reached or nothing is left, at most so many events: whether more is to
 * do. */
bool nvme_net_run(struct nvme_net *net, uint64_t events);

/* A job to begin with, as the last one left it; NVME_NO_JOB when all are in use. */
uint32_t nvme_job_take(struct nvme_net *net);
void nvme_job_begin(struct nvme_net *net, uint32_t job, const struct nvme_job *as);

/* A part, begun; likewise. */
uint32_t nvme_part_new(struct nvme_net *net, uint64_t now);
void nvme_job_free(struct nvme_net *net, uint32_t job);

/* A finished request: it is counted, and stays the caller's. */
void nvme_count(struct nvme_net *net, uint32_t job, uint64_t now);

/* The warm-up is over, whatever was completed. */
void nvme_begin_counting(struct nvme_net *net, uint64_t now);

static inline void nvme_spend(struct nvme_net *net, uint32_t job, uint32_t stage, uint64_t now)
{
	struct nvme_job *j = &net->jobs[job];

	net->stage[(uint64_t)job * net->nstages + stage] += now - j->mark;
	j->mark = now;
}

static inline void nvme_pass(const struct nvme_node *node, uint32_t job, uint64_t now)
{
	node->next->enter(node->next, job, now);
}

static inline void nvme_post(struct nvme_net *net, uint64_t at, enum evq_priority priority,
			     evq_fn fn, void *ctx, uint64_t arg)
{
	const struct evq_handle h = evq_post(&net->q, (struct ns){ at }, priority, fn, ctx, arg);

	assert(h.slot != UINT32_MAX); /* each job, source and server has room for its event */
	(void)h;
}

static inline struct nvme_line nvme_line_empty(void)
{
	return (struct nvme_line){ NVME_NO_JOB, NVME_NO_JOB, 0 };
}

static inline void nvme_line_push(struct nvme_net *net, struct nvme_line *l, uint32_t job)
{
	net->jobs[job].next = NVME_NO_JOB;
	if (l->n++)
		net->jobs[l->tail].next = job;
	else
		l->head = job;
	l->tail = job;
}

static inline uint32_t nvme_line_pop(struct nvme_net *net, struct nvme_line *l)
{
	const uint32_t job = l->head;

	l->head = net->jobs[job].next;
	l->n--;
	return job;
}

#endif
