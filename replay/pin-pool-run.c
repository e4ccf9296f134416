// SPDX-License-Identifier: MIT
/*
 * Of all VMs the one whose next event is earliest goes on; of several the first.
 * The others' clocks are not brought along with each event: what they do by
 * themselves has a time at which it is due (a tick, a page that arrives), and a
 * VM goes on until the next such time of any other. What is due happens in order
 * of time over all VMs, because they stand in one line of the swap device. Where
 * the VM that goes on takes memory from another, that one is told the time first.
 *
 * The order of turns is the same for all configurations: it is found once, and
 * they share the threads.
 */
#include "replay/pin-pool-impl.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { TURNS_MAX = 1 << 16 };

/* ---- turns ---- */

static int advance_block(struct pool_source *x, struct err *e)
{
	struct pin_event *const free_events = x->block.events;
	x->at = 0;
	x->block = x->ahead;
	x->ahead = (struct pin_block){ .events = free_events };
	return pin_feed_next(&x->feed, &x->ahead, e);
}

static int fill(struct pool_session *s, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < s->run->nvms && rc >= 0; i++) {
		struct pool_source *x = &s->sources[i];
		if (x->at == x->block.n && x->ahead.n)
			rc = advance_block(x, e);
	}
	return rc < 0 ? rc : 0;
}

static uint64_t common_ns(const struct pool_session *s, size_t vm)
{
	const struct pool_source *x = &s->sources[vm];
	return x->block.events[x->at].ts_ns + s->run->vms[vm].offset_ns;
}

static bool has_event(const struct pool_source *x)
{
	return x->at < x->block.n;
}

/* The VM with the earliest event (nvms: none has any), and until when it is alone. */
static size_t next_vm(const struct pool_session *s, uint64_t *until_out)
{
	const size_t n = s->run->nvms;
	size_t best = n;
	for (size_t i = 0; i < n; i++)
		if (has_event(&s->sources[i]) &&
		    (best == n || common_ns(s, i) < common_ns(s, best)))
			best = i;
	*until_out = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		if (i == best || !has_event(&s->sources[i]))
			continue;
		/* of several at one time the first goes on */
		const uint64_t until_ns = common_ns(s, i) + (i > best);
		*until_out = until_ns < *until_out ? until_ns : *until_out;
	}
	return best;
}

/* Turns until a block is used up whose VM has another one. */
static void find_turns(struct pool_session *s)
{
	uint64_t until_ns;
	size_t vm;
	s->nturns = 0;
	while (s->nturns < TURNS_MAX && (vm = next_vm(s, &until_ns)) < s->run->nvms) {
		struct pool_source *x = &s->sources[vm];
		const size_t from = x->at;
		do {
			s->end_ns = common_ns(s, vm);
			x->at++;
		} while (x->at < x->block.n && common_ns(s, vm) < until_ns);
		const bool is_out = x->at == x->block.n;
		s->turns[s->nturns++] = (struct pool_turn){ .vm = (uint32_t)vm,
							    .from = (uint32_t)from,
							    .n = (uint32_t)(x->at - from),
							    .is_last = is_out && !x->ahead.n };
		if (is_out && x->ahead.n)
			return;
	}
}

/* ---- a lane ---- */

static uint64_t own_ns(const struct pool_session *s, size_t vm, uint64_t at_ns)
{
	const uint64_t offset_ns = s->run->vms[vm].offset_ns;
	return at_ns > offset_ns ? at_ns - offset_ns : 0;
}

static void note_due(const struct pool_session *s, struct pool_lane *l, size_t vm)
{
	const uint64_t due_ns = l->is_over[vm] ? pin_cell_life_due_ns(l->cells[vm])
					       : pin_cell_due_ns(l->cells[vm]);
	if (__builtin_add_overflow(due_ns, s->run->vms[vm].offset_ns, &l->due_ns[vm]))
		l->due_ns[vm] = UINT64_MAX;
}

static void note_touched(const struct pool_session *s, struct pool_lane *l)
{
	for (size_t i = 0; i < l->ntouched; i++)
		note_due(s, l, l->touched[i]);
	l->ntouched = 0;
	l->stop = false;
}

void pool_lane_touch(void *ctx, struct ns now)
{
	const struct pool_place *p = ctx;
	struct pool_lane *l = p->lane;
	pin_cell_catch_up(l->cells[p->vm], now.v);
	for (size_t i = 0; i < l->ntouched; i++)
		if (l->touched[i] == p->vm)
			return;
	l->touched[l->ntouched++] = p->vm;
	l->stop = true;
}

/* The VM whose next due time is earliest, but for one; nvms: all are. */
static size_t next_due(const struct pool_session *s, const struct pool_lane *l, size_t but_for)
{
	size_t best = s->run->nvms;
	for (size_t i = 0; i < s->run->nvms; i++)
		if (i != but_for && l->due_ns[i] < UINT64_MAX &&
		    (best == s->run->nvms || l->due_ns[i] < l->due_ns[best]))
			best = i;
	return best;
}

/* What is due up to a time, in order of time over all VMs. */
static void settle(const struct pool_session *s, struct pool_lane *l, uint64_t until_ns)
{
	size_t vm;
	while ((vm = next_due(s, l, s->run->nvms)) < s->run->nvms && l->due_ns[vm] <= until_ns) {
		const uint64_t due_ns = own_ns(s, vm, l->due_ns[vm]);
		if (l->is_over[vm])
			pin_cell_advance_life(l->cells[vm], due_ns);
		else
			pin_cell_advance(l->cells[vm], due_ns);
		note_touched(s, l);
		note_due(s, l, vm);
	}
}

static void bring_along(const struct pool_session *s, struct pool_lane *l, size_t vm,
			uint64_t now_ns)
{
	for (size_t i = 0; i < s->run->nvms; i++) {
		const uint64_t own = own_ns(s, i, now_ns);
		if (i != vm && !l->is_over[i])
			pin_cell_advance(l->cells[i], own);
		pin_cell_catch_up(l->cells[i], own);
	}
}

static void count_second(struct pool_lane *l, uint64_t second, uint64_t raised)
{
	l->in_second = raised + (second == l->second ? l->in_second : 0);
	l->second = second;
	l->job->max_1s = l->in_second > l->job->max_1s ? l->in_second : l->job->max_1s;
}

/* How many events are before a time, on the VM's own clock. */
static size_t events_before(const struct pin_event *ev, size_t n, uint64_t until_ns)
{
	size_t low = 0, high = n;
	if (!n || ev[n - 1].ts_ns < until_ns)
		return n;
	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (ev[mid].ts_ns < until_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void run_turn(const struct pool_session *s, struct pool_lane *l, const struct pool_turn *t)
{
	const uint64_t offset_ns = s->run->vms[t->vm].offset_ns;
	struct pin_cell *c = l->cells[t->vm];
	struct pin_event *ev = s->sources[t->vm].block.events + t->from;
	for (size_t left = t->n, n; left; ev += n, left -= n) {
		const uint64_t at_ns = ev->ts_ns + offset_ns, second = at_ns / NS_PER_SEC;
		settle(s, l, at_ns);
		const size_t next = next_due(s, l, t->vm);
		uint64_t until_ns = (second + 1) * NS_PER_SEC;
		if (next < s->run->nvms && l->due_ns[next] < until_ns)
			until_ns = l->due_ns[next];
		n = s->run->is_stepwise ? 1 : events_before(ev, left, until_ns - offset_ns);
		if (s->run->is_stepwise)
			bring_along(s, l, t->vm, at_ns);
		const uint64_t raised = pin_cell_raised(c);
		n = pin_cell_run(c, &(struct pin_block){ ev, n });
		count_second(l, second, pin_cell_raised(c) - raised);
		note_touched(s, l);
		note_due(s, l, t->vm);
	}
	if (t->is_last) {
		l->is_over[t->vm] = true;
		note_due(s, l, t->vm);
	}
}

/* ---- lanes and threads ---- */

struct crew {
	struct pool_session *s;
	atomic_size_t next; /* lane of this round */
	bool is_over;
	pthread_mutex_t gate;
	pthread_barrier_t barrier;
};

static void run_lanes(struct crew *c)
{
	for (;;) {
		const size_t j = atomic_fetch_add(&c->next, 1);
		if (j >= c->s->njobs)
			return;
		for (size_t i = 0; i < c->s->nturns; i++)
			run_turn(c->s, &c->s->lanes[j], &c->s->turns[i]);
	}
}

static void *help(void *arg)
{
	struct crew *c = arg;
	pthread_mutex_lock(&c->gate); /* opened once it is known how many there are */
	pthread_mutex_unlock(&c->gate);
	for (;;) {
		pthread_barrier_wait(&c->barrier);
		if (c->is_over)
			return NULL;
		run_lanes(c);
		pthread_barrier_wait(&c->barrier);
	}
}

static int lead(struct crew *c, struct err *e)
{
	struct pool_session *s = c->s;
	uint64_t events = 0;
	int rc;
	while (!(rc = fill(s, e))) {
		find_turns(s);
		if (!s->nturns)
			break;
		c->next = 0;
		pthread_barrier_wait(&c->barrier);
		run_lanes(c);
		pthread_barrier_wait(&c->barrier);
		for (size_t i = 0; i < s->nturns; i++)
			events += s->turns[i].n;
		if (s->run->progress)
			s->run->progress(s->run->progress_ctx, events);
	}
	c->is_over = true;
	pthread_barrier_wait(&c->barrier);
	return rc;
}

/* Helpers that could not be started are done without. */
static int run_crew(struct pool_session *s, struct err *e)
{
	const size_t wanted = s->run->threads < s->njobs ? s->run->threads : s->njobs;
	const size_t helpers = wanted > 1 ? wanted - 1 : 0;
	struct crew c = { .s = s };
	_free_ pthread_t *threads = calloc(helpers + 1, sizeof(*threads));
	if (!threads)
		return err_set(e, ERR_NOMEM, "no memory for %zu threads", helpers);
	unsigned started = 0;
	pthread_mutex_init(&c.gate, NULL);
	pthread_mutex_lock(&c.gate);
	while (started < helpers && !pthread_create(&threads[started], NULL, help, &c))
		started++;
	pthread_barrier_init(&c.barrier, NULL, started + 1);
	pthread_mutex_unlock(&c.gate);
	const int rc = lead(&c, e);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&c.barrier);
	pthread_mutex_destroy(&c.gate);
	return rc;
}

/* Beginnings of all traces; who has no event is over. */
static int prime(struct pool_session *s, struct err *e)
{
	for (size_t i = 0; i < s->run->nvms; i++) {
		struct pool_source *x = &s->sources[i];
		const int rc = pin_feed_next(&x->feed, &x->ahead, e);
		if (rc < 0)
			return rc;
		for (size_t j = 0; j < s->njobs; j++) {
			s->lanes[j].is_over[i] = !x->ahead.n;
			note_due(s, &s->lanes[j], i);
		}
	}
	return 0;
}

/* All that is on its way comes, also in order of time over all VMs. */
static void finish(const struct pool_session *s, struct pool_lane *l)
{
	for (size_t i = 0; i < s->run->nvms; i++) {
		l->is_over[i] = true;
		note_due(s, l, i);
	}
	settle(s, l, UINT64_MAX - 1);
}

int pool_session_run(struct pool_session *s, struct err *e)
{
	_free_ struct pool_turn *turns = calloc(TURNS_MAX, sizeof(*turns));
	if (!turns)
		return err_set(e, ERR_NOMEM, "no memory for the order of VMs");
	s->turns = turns;
	int rc = prime(s, e);
	if (!rc)
		rc = run_crew(s, e);
	for (size_t j = 0; j < s->njobs && !rc; j++)
		finish(s, &s->lanes[j]);
	return rc;
}
