// SPDX-License-Identifier: MIT
/*
 * Engine local: a process a task, as many at a time as there are processors.
 * With fewer tasks than processors each gets several threads. Workers die with
 * us: a killed sweep loses what was in flight and nothing else.
 */
#include "replay/sweep-engine.h"

#include "base/cleanup.h"
#include "reports/options.h"

#include <stdlib.h>

enum { LOOK_EVERY_MS = 200 };

struct crew {
	struct sweep_run *run;
	struct sweep_job *workers; /* task NULL: idle */
	unsigned *attempts;        /* of each missing task */
	size_t *queue;             /* places in missing, of nqueued tasks to start */
	size_t nworkers, nqueued, nrunning;
	unsigned threads;
};

static size_t place_of(const struct crew *c, const struct sweep_task *t)
{
	size_t i = 0;
	while (&c->run->plan->tasks[c->run->missing[i]] != t)
		i++;
	return i;
}

static int start(struct crew *c, struct sweep_job *worker, struct err *e)
{
	struct sweep_run *r = c->run;
	const size_t place = c->queue[--c->nqueued];
	const struct sweep_task *t = &r->plan->tasks[r->missing[place]];
	const int rc = sweep_job_start(worker, r->folder, r->plan, t, c->threads, e);
	if (rc) {
		worker->task = NULL;
		return rc;
	}
	c->attempts[place]++;
	c->nrunning++;
	return 0;
}

/* A worker that has ended is idle; its task is queued again if that may help. */
static void look_at(struct crew *c, struct sweep_job *worker)
{
	struct err e = {};
	const struct sweep_task *t = worker->task;
	const enum sweep_end end = sweep_job_poll(worker, c->run->arena, &e);
	if (end == SWEEP_RUNS)
		return;
	worker->task = NULL;
	c->nrunning--;
	const size_t place = place_of(c, t);
	if (end != SWEEP_KILLED || c->attempts[place] > c->run->retries)
		return;
	c->run->note(c->run->note_ctx, e.msg);
	c->queue[c->nqueued++] = place;
}

static int work(struct crew *c, int *signal_out, struct err *e)
{
	int rc = 0;
	while (!rc && (c->nqueued || c->nrunning)) {
		for (size_t i = 0; i < c->nworkers && !rc; i++)
			if (!c->workers[i].task && c->nqueued)
				rc = start(c, &c->workers[i], e);
		*signal_out = sweep_wait(LOOK_EVERY_MS);
		if (*signal_out)
			rc = err_set(e, ERR_NO, "stopped");
		for (size_t i = 0; i < c->nworkers && !rc; i++)
			if (c->workers[i].task)
				look_at(c, &c->workers[i]);
		sweep_show_progress(c->run);
	}
	for (size_t i = 0; i < c->nworkers; i++)
		if (c->workers[i].task)
			sweep_job_stop(&c->workers[i]);
	return rc;
}

static int run(struct sweep_run *r, int *signal_out, struct err *e)
{
	const unsigned cores = cli_threads(r->jobs);
	const size_t nworkers = r->nmissing < cores ? r->nmissing : cores;
	_free_ struct sweep_job *workers = calloc(nworkers, sizeof(*workers));
	_free_ unsigned *attempts = calloc(r->nmissing, sizeof(*attempts));
	_free_ size_t *queue = calloc(r->nmissing, sizeof(*queue));
	if (!workers || !attempts || !queue)
		return err_set(e, ERR_NOMEM, "no memory for %zu workers", nworkers);
	for (size_t i = 0; i < r->nmissing; i++)
		queue[i] = r->nmissing - 1 - i; /* taken from its end: in the plan's order */
	struct crew c = { .run = r,
			  .workers = workers,
			  .attempts = attempts,
			  .queue = queue,
			  .nworkers = nworkers,
			  .nqueued = r->nmissing,
			  .threads = (unsigned)(cores / nworkers) };
	return work(&c, signal_out, e);
}

const struct sweep_engine sweep_local = {
	.name = "local",
	.summary = "a process a task on this machine's processors",
	.run = run,
};
