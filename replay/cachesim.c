// SPDX-License-Identifier: MIT
/*
 * Policy replay: threads take jobs one by one, a job runs over all blocks of
 * the requests, so that its state stays in the cache and is freed before the
 * next one starts.
 */
#include "replay/cachesim.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/rng.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* how far next-use look-ups are asked for in advance */
enum { AHEAD = 16 };

static int future_block(const uint32_t *ids, size_t n, uint64_t first, uint64_t *seen,
			uint32_t *distance_out, struct err *e)
{
	for (size_t i = n; i--;) {
		__builtin_prefetch(&seen[ids[i >= AHEAD ? i - AHEAD : 0]], 1);
		const uint64_t now = first + i + 1, next = seen[ids[i]];
		const uint64_t distance = next ? next - now : 0;
		if (distance > UINT32_MAX)
			return err_set(e, ERR_FEATURE,
				       "request %llu is used again %llu requests later: a policy "
				       "that needs the future sees 2^32",
				       (unsigned long long)now - 1, (unsigned long long)distance);
		distance_out[i] = (uint32_t)distance;
		seen[ids[i]] = now;
	}
	for (size_t i = n; i < SPOOL_BLOCK; i++)
		distance_out[i] = 0;
	return 0;
}

int cachesim_future(const struct spool *requests, uint32_t npages, struct spool *out, struct err *e)
{
	struct arena a = {};
	uint64_t *seen = arena_alloc(&a, npages, sizeof(*seen)); /* 1 + request, 0: not yet */
	uint32_t *scratch = arena_alloc(&a, SPOOL_BLOCK, sizeof(*scratch));
	uint32_t *distance = arena_alloc(&a, SPOOL_BLOCK, sizeof(*distance));
	int rc = 0;

	if (!seen || !scratch || !distance)
		rc = err_set(e, ERR_NOMEM, "no memory for the next uses of %u pages", npages);
	for (uint64_t block = spool_blocks(requests); block-- && !rc;) {
		const uint32_t *ids;
		size_t n;
		rc = spool_get(requests, block, scratch, &ids, &n, e);
		if (!rc)
			rc = future_block(ids, n, block * SPOOL_BLOCK, seen, distance, e);
		if (!rc)
			rc = spool_put(out, distance, SPOOL_BLOCK, e);
	}
	arena_deinit(&a);
	return rc ? rc : spool_finish(out, e);
}

/* What a thread needs to read blocks. */
struct reader {
	uint32_t ids[SPOOL_BLOCK], distance[SPOOL_BLOCK];
	uint64_t next_use[SPOOL_BLOCK];
};

static int read_future(const struct cachesim *sim, struct reader *r, uint64_t block, size_t n,
		       struct err *e)
{
	const uint32_t *distance;
	size_t padded;
	const int rc = spool_get(sim->future, spool_blocks(sim->requests) - 1 - block, r->distance,
				 &distance, &padded, e);
	const uint64_t first = block * SPOOL_BLOCK;
	for (size_t i = 0; i < n && !rc; i++)
		r->next_use[i] = distance[i] ? first + i + distance[i] : POLICY_NEVER;
	return rc;
}

static uint64_t run_batch(const struct policy *p, void *state, const struct policy_batch *b)
{
	if (p->run)
		return p->run(state, b);
	uint64_t misses = 0;
	for (size_t i = 0; i < b->n; i++) {
		const uint64_t next = b->next_use ? b->next_use[i] : POLICY_NEVER;
		misses += p->access(state, b->pages[i], b->first + i, next) != POLICY_HIT;
	}
	return misses;
}

static int run_job(const struct cachesim *sim, struct cachesim_job *job, struct reader *r,
		   struct err *e)
{
	const struct policy *p = job->policy;
	const uint32_t most = sim->npages ? sim->npages : 1;
	struct arena a = {};
	const struct policy_setup setup = {
		.arena = &a,
		.npages = sim->npages,
		.capacity_pages = job->size_pages < most ? (uint32_t)job->size_pages : most,
		.nrequests = sim->requests->n,
		.seed = rng_seed(sim->seed, p->name),
		.params = job->policy_params,
	};
	void *state = p->init(&setup);
	int rc = state ? 0
		       : err_set(e, ERR_NOMEM, "no memory for %s of %u pages", p->name,
				 setup.capacity_pages);

	job->misses = 0;
	for (uint64_t block = 0; block < spool_blocks(sim->requests) && !rc; block++) {
		struct policy_batch b = { .first = block * SPOOL_BLOCK };
		rc = spool_get(sim->requests, block, r->ids, &b.pages, &b.n, e);
		if (!rc && p->needs_future) {
			rc = read_future(sim, r, block, b.n, e);
			b.next_use = r->next_use;
		}
		if (!rc)
			job->misses += run_batch(p, state, &b);
	}
	if (state && p->deinit)
		p->deinit(state);
	arena_deinit(&a);
	/* what no policy can do, but one from elsewhere may claim */
	if (!rc && (job->misses < sim->npages || job->misses > sim->requests->n))
		rc = err_set(e, ERR_UNUSABLE,
			     "policy %.40s counts %llu misses in %llu requests for %u pages: its "
			     "code is wrong",
			     p->name, (unsigned long long)job->misses,
			     (unsigned long long)sim->requests->n, sim->npages);
	return rc;
}

/* What the threads share. */
struct crew {
	const struct cachesim *sim;
	struct cachesim_job *jobs;
	size_t njobs, done;
	atomic_size_t next;
	atomic_int has_failed;
	pthread_mutex_t lock; /* of done, rc and err */
	int rc;
	struct err err;
};

static void *work(void *arg)
{
	struct crew *c = arg;
	_free_ struct reader *r = malloc(sizeof(*r));
	size_t i;

	while (!c->has_failed && (i = c->next++) < c->njobs) {
		struct err err = {};
		const int rc = r ? run_job(c->sim, &c->jobs[i], r, &err)
				 : err_set(&err, ERR_NOMEM, "no memory to read requests");
		pthread_mutex_lock(&c->lock);
		if (rc && !c->rc) {
			c->rc = rc;
			c->err = err;
			c->has_failed = 1;
		}
		c->done++;
		if (c->sim->finished)
			c->sim->finished(c->sim->finished_ctx, c->done);
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

int cachesim_run(const struct cachesim *sim, struct cachesim_job *jobs, size_t njobs, struct err *e)
{
	struct crew crew = { .sim = sim, .jobs = jobs, .njobs = njobs };
	unsigned helpers = sim->threads > 1 ? sim->threads - 1 : 0, started = 0;
	_free_ pthread_t *threads = calloc(helpers + 1, sizeof(*threads));

	for (size_t i = 0; i < njobs; i++)
		if (jobs[i].policy->needs_future && !sim->future)
			return err_set(e, ERR_BUG, "%s without the future", jobs[i].policy->name);
	if (!threads)
		return err_set(e, ERR_NOMEM, "no memory for %u threads", helpers);

	pthread_mutex_init(&crew.lock, NULL);
	while (started < helpers && started + 1 < njobs &&
	       !pthread_create(&threads[started], NULL, work, &crew))
		started++;
	work(&crew);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&crew.lock);
	if (crew.rc && e)
		*e = crew.err;
	return crew.rc;
}
