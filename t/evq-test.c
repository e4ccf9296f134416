// SPDX-License-Identifier: MIT
/*
 * The event queue: a total order, cancelling, and a million random events
 * against a sorted list.
 */
#include "sim/evq.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct journal {
	uint64_t args[64], times[64];
	size_t n;
};

static void note(void *ctx, uint64_t arg, struct ns now)
{
	struct journal *j = ctx;

	if (j->n < COUNT(j->args)) {
		j->times[j->n] = now.v;
		j->args[j->n++] = arg;
	}
}

static void same_time_events_run_by_priority_then_by_order_of_posting(void **state)
{
	struct arena a = {};
	struct journal j = {};
	struct evq q;
	(void)state;

	assert_int_equal(evq_init(&q, 16, &a), 0);
	evq_post(&q, (struct ns){ 20 }, EVQ_COMPLETION, note, &j, 5);
	evq_post(&q, (struct ns){ 10 }, EVQ_TICK, note, &j, 4);
	evq_post(&q, (struct ns){ 10 }, EVQ_ARRIVAL, note, &j, 2);
	evq_post(&q, (struct ns){ 10 }, EVQ_ARRIVAL, note, &j, 3);
	evq_post(&q, (struct ns){ 10 }, EVQ_COMPLETION, note, &j, 0);
	evq_post(&q, (struct ns){ 10 }, EVQ_SERVICE, note, &j, 1);
	while (evq_run_next(&q))
		;
	assert_int_equal(j.n, 6);
	for (size_t i = 0; i < j.n; i++)
		assert_int_equal(j.args[i], i);
	arena_deinit(&a);
}

static void run_until_stops_at_its_time_and_sets_the_clock(void **state)
{
	struct arena a = {};
	struct journal j = {};
	struct evq q;
	struct ns next;
	(void)state;

	assert_int_equal(evq_init(&q, 16, &a), 0);
	for (uint64_t i = 1; i <= 3; i++)
		evq_post(&q, (struct ns){ i * 100 }, EVQ_ARRIVAL, note, &j, i);
	evq_run_until(&q, (struct ns){ 200 });
	assert_int_equal(j.n, 2);
	evq_run_until(&q, (struct ns){ 250 });
	assert_int_equal(j.n, 2);
	assert_int_equal(q.now.v, 250);
	assert_true(evq_next_at(&q, &next));
	assert_int_equal(next.v, 300);
	evq_post(&q, (struct ns){ 10 }, EVQ_ARRIVAL, note, &j, 9); /* in the past: now */
	assert_true(evq_run_next(&q));
	assert_int_equal(j.times[2], 250);
	arena_deinit(&a);
}

static void a_cancelled_event_never_runs_and_its_handle_goes_stale(void **state)
{
	struct arena a = {};
	struct journal j = {};
	struct evq q;
	(void)state;

	assert_int_equal(evq_init(&q, 4, &a), 0);
	const struct evq_handle first = evq_post(&q, (struct ns){ 1 }, EVQ_TICK, note, &j, 1);
	const struct evq_handle second = evq_post(&q, (struct ns){ 2 }, EVQ_TICK, note, &j, 2);
	assert_true(evq_cancel(&q, first));
	assert_false(evq_cancel(&q, first));
	const struct evq_handle third = evq_post(&q, (struct ns){ 3 }, EVQ_TICK, note, &j, 3);
	assert_int_equal(third.slot, first.slot); /* the slot lives on, the handle does not */
	assert_false(evq_is_posted(&q, first));
	assert_true(evq_is_posted(&q, third));
	while (evq_run_next(&q))
		;
	assert_int_equal(j.n, 2);
	assert_int_equal(j.args[0], 2);
	assert_int_equal(j.args[1], 3);
	assert_false(evq_cancel(&q, second));
	assert_false(evq_cancel(&q, (struct evq_handle){}));
	arena_deinit(&a);
}

static void a_full_queue_refuses_and_keeps_what_it_has(void **state)
{
	struct arena a = {};
	struct journal j = {};
	struct evq q;
	(void)state;

	assert_int_equal(evq_init(&q, 2, &a), 0);
	assert_true(evq_is_posted(&q, evq_post(&q, (struct ns){ 2 }, EVQ_TICK, note, &j, 2)));
	assert_true(evq_is_posted(&q, evq_post(&q, (struct ns){ 1 }, EVQ_TICK, note, &j, 1)));
	assert_false(evq_is_posted(&q, evq_post(&q, (struct ns){ 0 }, EVQ_TICK, note, &j, 0)));
	while (evq_run_next(&q))
		;
	assert_int_equal(j.n, 2);
	assert_int_equal(j.args[0], 1);
	assert_true(evq_is_posted(&q, evq_post(&q, (struct ns){ 3 }, EVQ_TICK, note, &j, 3)));
	arena_deinit(&a);
}

/* ---- a million events ---- */

enum { MILLION = 1000000 };

struct expected {
	uint64_t at, order; /* as the queue must have it */
	uint32_t id;
	bool is_cancelled;
};

static int compare(const void *x, const void *y)
{
	const struct expected *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

struct replay {
	const struct expected *next, *end;
	uint64_t wrong, ran;
};

static void check_next(void *ctx, uint64_t arg, struct ns now)
{
	struct replay *r = ctx;

	while (r->next < r->end && r->next->is_cancelled)
		r->next++;
	r->wrong += r->next == r->end || r->next->id != arg || r->next->at != now.v;
	r->next += r->next < r->end;
	r->ran++;
}

static void a_million_random_events_run_as_a_sorted_list_has_them(void **state)
{
	struct arena a = {};
	struct rng rng;
	struct evq q;
	struct expected *list = calloc(MILLION, sizeof(*list));
	struct evq_handle *handles = calloc(MILLION, sizeof(*handles));
	struct replay r = {};
	uint64_t cancelled = 0;
	(void)state;

	assert_true(list && handles);
	assert_int_equal(evq_init(&q, MILLION, &a), 0);
	rng_init(&rng, 1, "evq");
	for (uint32_t i = 0; i < MILLION; i++) { /* many share their time */
		const uint64_t at = rng_below(&rng, MILLION / 4);
		const enum evq_priority priority = (enum evq_priority)rng_below(&rng, 4);
		list[i] = (struct expected){ at, (uint64_t)priority << 56 | i, i, false };
		handles[i] = evq_post(&q, (struct ns){ at }, priority, check_next, &r, i);
	}
	for (uint32_t i = 0; i < MILLION; i++) {
		if (rng_below(&rng, 4) == 0) {
			assert_true(evq_cancel(&q, handles[i]));
			list[i].is_cancelled = true;
			cancelled++;
		}
	}
	qsort(list, MILLION, sizeof(*list), compare);
	r.next = list;
	r.end = list + MILLION;
	while (evq_run_next(&q))
		;
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.ran + cancelled, MILLION);
	free(list);
	free(handles);
	arena_deinit(&a);
}

/* Each event posts its successor at a random distance: the steady state of a simulation. */
struct chains {
	struct evq *q;
	struct rng rng;
	uint64_t digest, ran;
};

static void hop(void *ctx, uint64_t arg, struct ns now)
{
	struct chains *c = ctx;

	c->digest = splitmix64_mix(c->digest ^ now.v ^ arg << 40);
	if (++c->ran < MILLION)
		evq_post(c->q, (struct ns){ now.v + rng_below(&c->rng, 64) }, EVQ_ARRIVAL, hop, c,
			 arg);
}

static uint64_t run_chains(uint64_t seed)
{
	struct arena a = {};
	struct evq q;
	struct chains c = { .q = &q };

	assert_int_equal(evq_init(&q, 1000, &a), 0);
	rng_init(&c.rng, seed, "chains");
	for (uint64_t i = 0; i < 1000; i++)
		evq_post(&q, (struct ns){ 0 }, EVQ_ARRIVAL, hop, &c, i);
	while (evq_run_next(&q))
		;
	assert_true(c.ran >= MILLION);
	arena_deinit(&a);
	return c.digest;
}

static void two_runs_of_a_simulation_are_identical(void **state)
{
	(void)state;
	assert_int_equal(run_chains(7), run_chains(7));
	assert_int_not_equal(run_chains(7), run_chains(8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_time_events_run_by_priority_then_by_order_of_posting),
		cmocka_unit_test(run_until_stops_at_its_time_and_sets_the_clock),
		cmocka_unit_test(a_cancelled_event_never_runs_and_its_handle_goes_stale),
		cmocka_unit_test(a_full_queue_refuses_and_keeps_what_it_has),
		cmocka_unit_test(a_million_random_events_run_as_a_sorted_list_has_them),
		cmocka_unit_test(two_runs_of_a_simulation_are_identical),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
