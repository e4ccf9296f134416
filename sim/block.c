// SPDX-License-Identifier: MIT
/*
 * Block I/O behind stalls, simulated. Queues are independent of each other but
 * for the stalls they share; each has its own streams of arrivals and service,
 * drawn alike with and without stalls. Requests of a queue start in order: when
 * a server is free and no stall is open.
 */
#include "sim/block.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

enum { LATENCY_BITS = 9, QUEUES_MAX = 4096, SERVERS_MAX = 65536 };

const char *const block_scope_names[] = { "queue", "channel", "device", NULL };
const char *const block_arrival_names[] = { "open", "closed", NULL };

#define ROW(name, type, unit, preset, min, max, help, field, choices) \
	{                                                             \
		"block", name, type, unit, preset, min, max, help,    \
			offsetof(struct block_config, field), choices \
	}

const struct param block_params[] = {
	ROW("scope", PARAM_CHOICE, NULL, "queue", 0, 0, "What an open fault stops", scope,
	    block_scope_names),
	ROW("queues", PARAM_U64, "queues", "1", 1, QUEUES_MAX, "Of the device", queues, NULL),
	ROW("channels", PARAM_U64, "channels", "1", 1, QUEUES_MAX,
	    "Groups of queues, for scope = channel; a divisor of queues", channels, NULL),
	ROW("servers", PARAM_U64, "requests", "0", 0, SERVERS_MAX,
	    "Of a queue, served at a time; 0: no limit", servers, NULL),
	ROW("service", PARAM_DIST, NULL,
	    "p50 100us p99.9 157us | guess | the base on which the published knees were fitted", 0,
	    0, "Latency without faults or waiting", service, NULL),
	ROW("counts_victim", PARAM_BOOL, NULL, "no", 0, 0,
	    "The request whose own DMA faults is among those counted", counts_victim, NULL),
	ROW("arrivals", PARAM_CHOICE, NULL, "open", 0, 0,
	    "Poisson, or a fixed number in flight (hides stalls when low)", arrivals,
	    block_arrival_names),
	ROW("rate", PARAM_RATE, NULL,
	    "5000/s | guess | the load of the published knees is not told", 1, 1000000000,
	    "Open: requests of a queue", rate, NULL),
	ROW("depth", PARAM_U64, "requests", "1", 1, SERVERS_MAX, "Closed: of a queue in flight",
	    depth, NULL),
	ROW("think", PARAM_DIST, NULL, "0", 0, 0, "Closed: from a completion to the next request",
	    think, NULL),
};
const size_t block_nparams = sizeof(block_params) / sizeof(block_params[0]);

uint64_t block_domains(const struct block_config *c)
{
	switch ((enum block_scope)c->scope) {
	case BLOCK_QUEUE:
		return c->queues;
	case BLOCK_CHANNEL:
		return c->channels;
	case BLOCK_DEVICE:
		break;
	}
	return 1;
}

int block_result_init(struct block_result *r, struct arena *a)
{
	*r = (struct block_result){};
	return hist_init(&r->latency, LATENCY_BITS, a);
}

/* ---- stalls ---- */

/* Merged stalls, domain after domain: one that begins while another is open prolongs it. */
struct stalls {
	struct block_stall *list;
	size_t *first; /* of each domain; one more than domains */
};

static int merge_stalls(struct stalls *m, const struct block_config *c,
			const struct block_stall *stalls, size_t n, struct arena *a)
{
	const uint64_t domains = block_domains(c);

	m->list = arena_alloc(a, n, sizeof(*m->list));
	m->first = arena_alloc(a, domains + 1, sizeof(*m->first));
	if (!m->list || !m->first)
		return ERR_NOMEM;
	size_t used = 0;
	for (uint64_t d = 0; d < domains; d++) {
		m->first[d] = used;
		for (size_t i = 0; i < n; i++) {
			struct block_stall *last = used > m->first[d] ? &m->list[used - 1] : NULL;
			if (stalls[i].queue % domains != d)
				continue;
			if (!last || stalls[i].from_ns > last->until_ns)
				m->list[used++] = stalls[i];
			else if (stalls[i].until_ns > last->until_ns)
				last->until_ns = stalls[i].until_ns;
		}
	}
	m->first[domains] = used;
	return 0;
}

/* ---- one queue ---- */

struct queue {
	const struct block_stall *stall, *end; /* the first that is not over */
	uint64_t *free_at; /* when each server is free, or client ready: a heap, least first */
	struct rng service, victims;
};

/* The least of a heap grows. */
static void replace_least(uint64_t *heap, uint64_t n, uint64_t v)
{
	uint64_t i = 0;

	for (;;) {
		uint64_t child = 2 * i + 1;
		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1] < heap[child])
			child++;
		if (heap[child] >= v)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = v;
}

/* Times asked about must not go back. */
static uint64_t stalled_for(struct queue *q, uint64_t at_ns)
{
	while (q->stall < q->end && q->stall->until_ns <= at_ns)
		q->stall++;
	return q->stall < q->end && q->stall->from_ns <= at_ns ? q->stall->until_ns - at_ns : 0;
}

/* Runs one request; returns its latency. */
static uint64_t serve(struct queue *q, const struct block_config *c, uint64_t at_ns,
		      uint64_t service_ns, struct block_result *r)
{
	uint64_t start = at_ns;

	if (c->servers && q->free_at[0] > start)
		start = q->free_at[0];
	const uint64_t stalled = stalled_for(q, start);
	const uint64_t latency = start + stalled - at_ns + service_ns;
	if (c->servers)
		replace_least(q->free_at, c->servers, at_ns + latency);
	r->ios++;
	r->stalled += stalled > 0;
	r->stalled_ns += stalled;
	hist_record(&r->latency, latency);
	return latency;
}

/* The faulting requests themselves wait for the whole stall. */
static void serve_victims(const struct stalls *m, uint64_t domain, const struct block_stall *stalls,
			  size_t n, uint32_t queue, struct queue *q, const struct quantile *service,
			  struct block_result *r)
{
	const struct block_stall *merged = &m->list[m->first[domain]];

	for (size_t i = 0; i < n; i++) {
		if (stalls[i].queue != queue)
			continue;
		while (merged->until_ns < stalls[i].until_ns)
			merged++;
		const uint64_t stalled = merged->until_ns - stalls[i].from_ns;
		r->ios++;
		r->victims++;
		r->stalled++;
		r->stalled_ns += stalled;
		hist_record(&r->latency, stalled + quantile_draw(service, &q->victims));
	}
}

/* ---- a run ---- */

struct run {
	struct arena arena; /* of this call */
	struct quantile service, gap, think;
	struct stalls merged;
	struct queue *queues;
	uint64_t *clients;
};

static int check(const struct block_config *c, struct err *e)
{
	if (!c->queues || c->queues > QUEUES_MAX || !c->channels || c->queues % c->channels)
		return err_set(e, ERR_USAGE, "block.channels must divide block.queues");
	if (c->arrivals == BLOCK_OPEN && (!c->rate.count || !c->rate.per_ns))
		return err_set(e, ERR_USAGE, "block.rate must not be 0 for open arrivals");
	if (c->arrivals == BLOCK_CLOSED && (!c->depth || c->depth > SERVERS_MAX))
		return err_set(e, ERR_USAGE, "block.depth must be between 1 and %d", SERVERS_MAX);
	return 0;
}

static int begin(struct run *run, const struct block_config *c, const struct block_stall *stalls,
		 size_t n, uint64_t seed, struct err *e)
{
	const struct dist gap = { .kind = DIST_EXPONENTIAL,
				  .a_ns = c->rate.count ? c->rate.per_ns / c->rate.count : 0 };
	int err = check(c, e);

	if (!err)
		err = quantile_init(&run->service, &c->service, &run->arena, e);
	if (!err)
		err = quantile_init(&run->gap, &gap, &run->arena, e);
	if (!err)
		err = quantile_init(&run->think, &c->think, &run->arena, e);
	if (err)
		return err_prefix(e, "block");
	run->queues = arena_alloc(&run->arena, c->queues, sizeof(*run->queues));
	run->clients = arena_alloc(&run->arena, c->depth, sizeof(*run->clients));
	if (merge_stalls(&run->merged, c, stalls, n, &run->arena) || !run->queues || !run->clients)
		return err_set(e, ERR_NOMEM, "out of memory for block I/O");
	for (uint64_t i = 0; i < c->queues; i++) {
		struct queue *q = &run->queues[i];
		const uint64_t domain = i % block_domains(c);
		const uint64_t own = splitmix64_mix(rng_seed(seed, "block.queue") ^ i);
		q->stall = &run->merged.list[run->merged.first[domain]];
		q->end = &run->merged.list[run->merged.first[domain + 1]];
		q->free_at = arena_alloc(&run->arena, c->servers, sizeof(*q->free_at));
		if (!q->free_at)
			return err_set(e, ERR_NOMEM, "out of memory for block I/O");
		rng_init(&q->service, own, "service");
		rng_init(&q->victims, own, "victims");
	}
	return 0;
}

static void run_open(struct run *run, const struct block_config *c, struct queue *q,
		     uint64_t span_ns, struct rng arrivals, struct block_result *r)
{
	/* in 1/256 ns, so that rounding the gaps does not change the rate */
	const uint64_t span_256 = span_ns << 8;
	uint64_t at_256 = quantile_at_256(&run->gap, rng_next(&arrivals) >> 32);

	while (at_256 < span_256) {
		serve(q, c, at_256 >> 8, quantile_draw(&run->service, &q->service), r);
		at_256 += quantile_at_256(&run->gap, rng_next(&arrivals) >> 32);
	}
}

static void run_closed(struct run *run, const struct block_config *c, struct queue *q,
		       uint64_t span_ns, struct rng thinking, struct block_result *r)
{
	memset(run->clients, 0, c->depth * sizeof(*run->clients));
	for (uint64_t at; (at = run->clients[0]) < span_ns;) {
		const uint64_t service = quantile_draw(&run->service, &q->service);
		const uint64_t latency = serve(q, c, at, service, r);
		const uint64_t think = quantile_draw(&run->think, &thinking);
		/* a request that takes no time must not stop the clock */
		replace_least(run->clients, c->depth, at + (latency + think ? latency + think : 1));
	}
}

int block_run(const struct block_config *c, const struct block_stall *stalls, size_t nstalls,
	      uint64_t span_ns, uint64_t seed, struct block_result *r, struct err *e)
{
	struct run run = {};
	int err = span_ns >> 56 ? err_set(e, ERR_USAGE, "block: a span above two years")
				: begin(&run, c, stalls, nstalls, seed, e);

	for (uint64_t i = 0; !err && i < c->queues; i++) {
		const uint64_t own = splitmix64_mix(rng_seed(seed, "block.queue") ^ i);
		struct rng arrivals;
		rng_init(&arrivals, own, "arrivals");
		if (c->arrivals == BLOCK_OPEN)
			run_open(&run, c, &run.queues[i], span_ns, arrivals, r);
		else
			run_closed(&run, c, &run.queues[i], span_ns, arrivals, r);
		if (c->counts_victim)
			serve_victims(&run.merged, i % block_domains(c), stalls, nstalls,
				      (uint32_t)i, &run.queues[i], &run.service, r);
	}
	arena_deinit(&run.arena);
	return err;
}

int block_run_trace(const struct block_config *c, const struct block_stall *stalls, size_t nstalls,
		    const struct block_requests *q, uint64_t seed, struct block_result *r,
		    struct err *e)
{
	struct run run = {};
	const int err = begin(&run, c, stalls, nstalls, seed, e);

	for (size_t i = 0; !err && i < q->n; i++) {
		struct queue *queue = &run.queues[q->queue ? q->queue[i] % c->queues : 0];
		const uint64_t drawn = quantile_draw(&run.service, &queue->service);
		serve(queue, c, q->at_ns[i], q->service_ns ? q->service_ns[i] : drawn, r);
	}
	arena_deinit(&run.arena);
	return err;
}

int block_make_stalls(const struct block_config *c, struct rate faults,
		      const struct quantile *blocked, uint64_t span_ns, uint64_t seed,
		      struct block_stall **out, size_t *n_out, struct err *e)
{
	const struct dist gap = { .kind = DIST_EXPONENTIAL,
				  .a_ns = faults.count ? faults.per_ns / faults.count : 0 };
	struct arena a = {};
	struct quantile gaps;
	struct rng times, queues, lengths;
	size_t n = 0, cap = 0;

	*out = NULL;
	*n_out = 0;
	if (!faults.count)
		return 0;
	if (!gap.a_ns)
		return err_set(e, ERR_USAGE, "more than a fault a ns");
	int err = quantile_init(&gaps, &gap, &a, e);
	rng_init(&times, seed, "block.faults");
	rng_init(&queues, seed, "block.fault-queues");
	rng_init(&lengths, seed, "block.blocked");
	for (uint64_t at = 0; !err && (at += quantile_draw(&gaps, &times)) < span_ns;) {
		if (n == cap) {
			cap = cap ? 2 * cap : 1024;
			struct block_stall *bigger = realloc(*out, cap * sizeof(**out));
			if (!bigger) {
				err = err_set(e, ERR_NOMEM, "out of memory for faults");
				break;
			}
			*out = bigger;
		}
		(*out)[n++] = (struct block_stall){
			.from_ns = at,
			.until_ns = at + quantile_draw(blocked, &lengths),
			.queue = (uint32_t)rng_below(&queues, c->queues),
		};
	}
	arena_deinit(&a);
	if (err) {
		free(*out);
		*out = NULL;
		n = 0;
	}
	*n_out = n;
	return err;
}
