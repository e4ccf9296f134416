// SPDX-License-Identifier: MIT
/*
 * The parts of the network: scanners against one that takes an event for each
 * look, stations with stalls against a walk through time, and accounts that
 * notice what is wrong.
 */
#include "base/rng.h"
#include "sim/nvme-device.h"
#include "sim/nvme-load.h"
#include "sim/nvme-scan.h"
#include "sim/nvme-station.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { JOBS = 3000, QUEUES = 5 };

struct world {
	struct arena arena;
	struct nvme_net net;
	struct nvme_node sink;
	uint64_t done[JOBS]; /* when job i was finished */
	uint32_t ndone;
};

static void finish(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct world *w = (struct world *)((char *)node - offsetof(struct world, sink));

	w->done[job] = now;
	w->ndone++;
}

static void begin(struct world *w)
{
	const struct nvme_net_config c = {
		.jobs = JOBS, .parts = 16, .nstages = 3, .nmeters = 1, .events = 2 * JOBS, .seed = 7
	};

	memset(w, 0, sizeof(*w));
	assert_int_equal(nvme_net_init(&w->net, &c, &w->arena), 0);
	w->sink = (struct nvme_node){ .enter = finish, .net = &w->net };
}

/* ---- arrivals at given times ---- */

struct arrival {
	uint64_t at;
	uint32_t queue;
};

struct feed {
	struct world *w;
	struct nvme_node *nodes[QUEUES];
	const struct arrival *arrivals;
};

static void arrive(void *ctx, uint64_t i, struct ns now)
{
	struct feed *f = ctx;
	struct nvme_node *node = f->nodes[f->arrivals[i].queue];
	const uint32_t job = nvme_job_take(&f->w->net);
	const struct nvme_job as = { .born = now.v, .mark = now.v, .parent = NVME_NO_JOB };

	assert_int_equal(job, i); /* in order */
	nvme_job_begin(&f->w->net, job, &as);
	node->enter(node, job, now.v);
}

static void feed_all(struct feed *f)
{
	for (uint64_t i = 0; i < JOBS; i++)
		nvme_post(&f->w->net, f->arrivals[i].at, EVQ_ARRIVAL, arrive, f, i);
	while (nvme_net_run(&f->w->net, UINT64_MAX))
		;
	assert_int_equal(f->w->ndone, JOBS);
}

static void draw_arrivals(struct arrival *a, struct rng *g, uint64_t gap)
{
	uint64_t at = 0;

	for (int i = 0; i < JOBS; i++) {
		at += 2 * (1 + rng_below(g, gap));
		a[i] = (struct arrival){ at - 1, (uint32_t)rng_below(g, QUEUES) };
	}
}

/* ---- the plain scanner ---- */

/*
 * One look at a time.
 */
static void scan_plainly(const struct arrival *a, uint64_t look, uint64_t service, int visit,
			 uint64_t burst, uint64_t *done)
{
	uint32_t waiting[QUEUES][JOBS], head[QUEUES] = {}, tail[QUEUES] = {}, next = 0, n = 0;
	uint64_t now = 0;
	uint32_t at = 0;

	for (uint32_t finished = 0; finished < JOBS;) {
		now += look;
		at = (at + 1) % QUEUES;
		for (; next < JOBS && a[next].at <= now; next++, n++)
			waiting[a[next].queue][tail[a[next].queue]++] = next;
		uint64_t allowed = visit == NVME_VISIT_EXHAUSTIVE ? UINT64_MAX
				   : visit == NVME_VISIT_GATED    ? tail[at] - head[at]
								  : burst;
		while (head[at] < tail[at] && allowed--) {
			now += service;
			done[waiting[at][head[at]++]] = now;
			finished++;
			for (; next < JOBS && a[next].at < now; next++, n++)
				waiting[a[next].queue][tail[a[next].queue]++] = next;
		}
	}
}

static void a_scanner_that_skips_empty_tours_serves_as_one_that_makes_them(void **state)
{
	static struct world w;
	static struct arrival arrivals[JOBS];
	static uint64_t expected[JOBS];
	struct rng g;
	(void)state;

	rng_init(&g, 3, "tours");
	for (int round = 0; round < 60; round++) {
		/* the scanner moves at even times, requests come at odd ones: no ties */
		const uint64_t look = 2 * (1 + rng_below(&g, 700));
		const uint64_t service = 2 * (rng_below(&g, 900) + 50);
		struct feed f = { .w = &w, .arrivals = arrivals };
		struct nvme_scan s;
		struct nvme_cost request;
		const int visit = round % 3;
		draw_arrivals(arrivals, &g, 300 + rng_below(&g, 20000));
		begin(&w);
		assert_int_equal(nvme_scan_init(&s, &w.net, "scan", QUEUES), 0);
		nvme_cost_const(&request, service << NVME_COST_BITS);
		s.look_ns = look;
		s.spin_ns = NVME_FOR_EVER;
		for (int q = 0; q < QUEUES; q++) {
			s.queues[q].visit = visit;
			s.queues[q].burst = 2;
			s.queues[q].request = &request;
			s.queues[q].serve_stage = s.queues[q].second_stage = 1;
			s.queues[q].node.next = &w.sink;
			f.nodes[q] = &s.queues[q].node;
		}
		feed_all(&f);
		scan_plainly(arrivals, look, service, visit, 2, expected);
		for (int i = 0; i < JOBS; i++)
			if (w.done[i] != expected[i])
				fail_msg("round %d, job %d: %llu, expected %llu", round, i,
					 (unsigned long long)w.done[i],
					 (unsigned long long)expected[i]);
		/* all of its time is work or looking */
		assert_int_equal(s.busy_ns + nvme_scan_spun(&s, w.net.q.now.v), w.net.q.now.v);
		arena_deinit(&w.arena);
	}
}

static void a_sleeping_scanner_is_woken_once_for_a_burst(void **state)
{
	static struct world w;
	static struct arrival arrivals[JOBS];
	struct feed f = { .w = &w, .arrivals = arrivals };
	struct nvme_scan s;
	struct nvme_cost request, wake;
	(void)state;

	for (int i = 0; i < JOBS; i++) /* ten at a time, 100 us apart */
		arrivals[i] = (struct arrival){ 100000 * (1 + i / 10) + (uint64_t)i % 10, 0 };
	begin(&w);
	assert_int_equal(nvme_scan_init(&s, &w.net, "scan", 1), 0);
	nvme_cost_const(&request, 1000 << NVME_COST_BITS);
	nvme_cost_const(&wake, 3000 << NVME_COST_BITS);
	s.wake = &wake;
	s.spin_ns = 20000;
	s.queues->request = &request;
	s.queues->serve_stage = s.queues->second_stage = 1;
	s.queues->node.next = &w.sink;
	f.nodes[0] = &s.queues->node;
	feed_all(&f);
	assert_int_equal(s.wakes, JOBS / 10);
	assert_int_equal(w.done[0], 100000 + 3000 + 1000);
	assert_int_equal(w.done[19], 200000 + 3000 + 10000);
	assert_int_equal(nvme_scan_spun(&s, w.net.q.now.v), JOBS / 10 * 20000);
	arena_deinit(&w.arena);
}

/* ---- stalls ---- */

struct stall_at {
	struct nvme_station *s;
	uint64_t length;
};

static void stall_now(void *ctx, uint64_t arg, struct ns now)
{
	struct stall_at *st = ctx;
	(void)arg;

	nvme_station_stall(st->s, now.v, st->length);
}

/* One server, first come, first served, time in steps of 1 ns that a stall may take away. */
static void serve_plainly(const struct arrival *a, const uint64_t *stalls, int nstalls,
			  uint64_t length, uint64_t service, uint64_t *done)
{
	uint64_t free_at = 0, until = 0;
	int k = 0;

	for (int i = 0; i < JOBS; i++) {
		uint64_t now = a[i].at > free_at ? a[i].at : free_at, left = service;
		for (; k < nstalls && stalls[k] <= now; k++)
			until = (until > stalls[k] ? until : stalls[k]) + length;
		while (left) {
			if (until > now)
				now = until;
			/* serves until done, or the next stall */
			const uint64_t next = k < nstalls ? stalls[k] : UINT64_MAX;
			if (next > now && next - now >= left) {
				now += left;
				left = 0;
			} else if (next > now) {
				left -= next - now;
				now = next;
			}
			for (; left && k < nstalls && stalls[k] <= now; k++)
				until = (until > stalls[k] ? until : stalls[k]) + length;
		}
		done[i] = free_at = now;
	}
}

static void a_stalled_service_goes_on_where_it_was_interrupted(void **state)
{
	enum { STALLS = 400 };
	static struct world w;
	static struct arrival arrivals[JOBS];
	static uint64_t expected[JOBS], stalls[STALLS];
	struct rng g;
	(void)state;

	rng_init(&g, 4, "stalls");
	for (int round = 0; round < 40; round++) {
		const uint64_t service = 500 + rng_below(&g, 1000);
		struct feed f = { .w = &w, .arrivals = arrivals };
		struct nvme_station s;
		struct stall_at st = { &s, 100 + rng_below(&g, 20000) };
		uint64_t at = 0;
		draw_arrivals(arrivals, &g, 1000 + rng_below(&g, 2000));
		begin(&w);
		nvme_station_init(&s, &w.net, "server", 1, 1);
		nvme_cost_const(&s.cost[0], service << NVME_COST_BITS);
		s.serve_stage = 1;
		s.stall_stage = 2;
		s.node.next = &w.sink;
		f.nodes[0] = &s.node;
		for (int i = 0; i < JOBS; i++)
			arrivals[i].queue = 0;
		for (int i = 0; i < STALLS; i++) {
			stalls[i] = at += 1 + rng_below(&g, 12000);
			nvme_post(&w.net, at, EVQ_COMPLETION, stall_now, &st, 0);
		}
		feed_all(&f);
		serve_plainly(arrivals, stalls, STALLS, st.length, service, expected);
		uint64_t served = 0;
		for (int i = 0; i < JOBS; i++) {
			if (w.done[i] != expected[i])
				fail_msg("round %d, job %d: %llu, expected %llu", round, i,
					 (unsigned long long)w.done[i],
					 (unsigned long long)expected[i]);
			served += w.net.stage[(uint64_t)i * 3 + 1];
		}
		/* stalls are told apart from service to the ns */
		assert_int_equal(served, JOBS * service);
		nvme_audit_settle(&w.net);
		struct err e;
		assert_int_equal(nvme_audit_check(&s.audit, "server", w.net.q.now.v, &e), 0);
		arena_deinit(&w.arena);
	}
}

/* ---- costs ---- */

static void fractions_of_a_nanosecond_are_carried(void **state)
{
	struct nvme_cost c;
	uint64_t sum = 0;
	(void)state;

	nvme_cost_const(&c, (UINT64_C(1706) << NVME_COST_BITS) + 43691); /* 1706.6667 */
	for (int i = 0; i < 3000; i++)
		sum += nvme_cost_take(&c, 0);
	assert_int_equal(sum, 5120000);
	nvme_cost_const(&c, 0);
	nvme_cost_per_byte(&c, 2400000000);
	sum = 0;
	for (int i = 0; i < 3000; i++)
		sum += nvme_cost_take(&c, 4096);
	assert_in_range(sum, 5119999, 5120000);
}

/* ---- accounts ---- */

static void an_account_that_does_not_close_is_noticed(void **state)
{
	struct nvme_audit good = { .entered = 5,
				   .left = 5,
				   .clock = 100,
				   .area = 1000,
				   .sojourn = 1000,
				   .busy_area = 300,
				   .served = 300 };
	struct nvme_audit bad;
	struct err e;
	(void)state;

	assert_int_equal(nvme_audit_check(&good, "s", 100, &e), 0);
	bad = good;
	bad.left = 4;
	assert_int_equal(nvme_audit_check(&bad, "s", 100, &e), ERR_BUG);
	bad = good;
	bad.sojourn = 1002; /* 0.2 % */
	assert_int_equal(nvme_audit_check(&bad, "s", 100, &e), ERR_BUG);
	assert_non_null(strstr(e.msg, "Little"));
	bad = good;
	bad.busy_area = 299;
	assert_int_equal(nvme_audit_check(&bad, "s", 100, &e), ERR_BUG);
	assert_non_null(strstr(e.msg, "utilisation"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scanner_that_skips_empty_tours_serves_as_one_that_makes_them),
		cmocka_unit_test(a_sleeping_scanner_is_woken_once_for_a_burst),
		cmocka_unit_test(a_stalled_service_goes_on_where_it_was_interrupted),
		cmocka_unit_test(fractions_of_a_nanosecond_are_carried),
		cmocka_unit_test(an_account_that_does_not_close_is_noticed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
