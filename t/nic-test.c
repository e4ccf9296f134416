// SPDX-License-Identifier: MIT
/*
 * A NIC behind faults: drops and closures in closed form, TCP's recovery by case,
 * and both ways in which the published 300 ms can come about (check A5).
 */
#include "sim/nic.h"
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define US       NS_PER_US
#define MS       NS_PER_MS

static struct nic_config preset(void)
{
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct nic_config c;
	struct err e;

	if (param_set_add(&s, nic_params, nic_nparams, &c, &e))
		fail_msg("%s", e.msg);
	arena_deinit(&a);
	return c;
}

static struct nic_result run(const struct nic_config *c, const struct nic_fault *faults, size_t n,
			     struct arena *a)
{
	struct nic_result r;
	struct err e;

	assert_int_equal(nic_result_init(&r, a), 0);
	if (nic_run(c, faults, n, 1, &r, &e))
		fail_msg("%s", e.msg);
	return r;
}

static struct quantile constant(uint64_t ns, struct arena *a)
{
	const struct dist d = dist_const(ns);
	struct quantile q;
	struct err e;

	assert_int_equal(quantile_init(&q, &d, a, &e), 0);
	return q;
}

/* ---- the ring ---- */

static void drops_are_packets_in_the_blocked_time_beyond_the_room(void **state)
{
	static const struct {
		uint64_t per_s, blocked_ns, room, drops;
	} cases[] = {
		{ 1000000, 200 * US, 512, 0 }, { 1000000, 500 * US, 256, 244 },
		{ 1000000, 500 * US, 0, 500 }, { 5000000, 300 * US, 1023, 477 },
		{ 100000, 500 * US, 50, 0 },   { 100000, 500 * US, 49, 1 },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct nic_fault fault = { 1000, cases[i].blocked_ns };
		struct nic_config c = preset();
		struct arena a = {};

		c.packets = (struct rate){ cases[i].per_s, NS_PER_SEC };
		c.free_descriptors = cases[i].room;
		assert_int_equal(nic_drops(c.packets, cases[i].blocked_ns, cases[i].room),
				 cases[i].drops);
		const struct nic_result r = run(&c, &fault, 1, &a);
		assert_int_equal(r.drops, cases[i].drops);
		assert_int_equal(r.longest_gap_ns, cases[i].blocked_ns);
		arena_deinit(&a);
	}
}

static void a_cold_ring_is_closed_for_n_times_d(void **state)
{
	static const struct {
		size_t n;
		uint64_t blocked_ns, gap_ns;
	} cases[] = {
		{ 1024, 300 * US, 307200 * US }, /* the published 300 ms */
		{ 1, 300 * US, 300 * US },
		{ 256, 100 * US, 25600 * US },
	};
	struct nic_fault faults[1024];
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct nic_config c = preset();
		struct arena a = {};
		struct rng rng;
		const struct quantile d = constant(cases[i].blocked_ns, &a);

		rng_init(&rng, 1, "cold");
		nic_make_cold(5000, &d, cases[i].n, &rng, faults);
		const struct nic_result r = run(&c, faults, cases[i].n, &a);
		assert_int_equal(r.closures, 1);
		assert_int_equal(r.faults, cases[i].n);
		assert_int_equal(r.longest_gap_ns, cases[i].gap_ns);
		assert_int_equal(r.closed_ns, cases[i].gap_ns);
		arena_deinit(&a);
	}
}

/* 100,000/s for 307.2 ms are 30,720: all lost but those the last fault's free descriptors take. */
static void a_cold_ring_without_a_buffer_loses_what_arrives(void **state)
{
	struct nic_fault faults[1024];
	struct nic_config c = preset();
	struct arena a = {};
	struct rng rng;
	const struct quantile d = constant(300 * US, &a);
	(void)state;

	rng_init(&rng, 1, "cold");
	nic_make_cold(0, &d, 1024, &rng, faults);
	c.free_descriptors = 10;
	assert_int_equal(run(&c, faults, 1024, &a).drops, 30720 - 10);
	/* with a buffer each fault's end takes one packet out and lets one in */
	c.free_descriptors = 0;
	c.buffer_packets = 30;
	assert_int_equal(run(&c, faults, 1024, &a).drops, 30720 - 30 - 1023);
	arena_deinit(&a);
}

static void faults_far_apart_close_the_ring_one_by_one(void **state)
{
	const struct nic_fault faults[] = { { 0, 100 }, { 50, 100 }, { 201, 100 }, { 1000, 5 } };
	const struct nic_config c = preset();
	struct arena a = {};
	(void)state;

	const struct nic_result r = run(&c, faults, COUNT(faults), &a);
	assert_int_equal(r.closures, 3);
	assert_int_equal(r.longest_gap_ns, 200);
	assert_int_equal(r.closed_ns, 305);
	arena_deinit(&a);
}

/* ---- TCP ---- */

static void one_warm_fault_with_later_segments_stalls_no_flow_for_5_ms(void **state)
{
	const struct nic_config c = preset();
	(void)state;

	for (uint64_t blocked = 10 * US; blocked <= 500 * US; blocked += 10 * US) {
		for (uint64_t lost = 1; lost <= 50; lost++) {
			const struct nic_loss loss = {
				.lost = lost, .later = 3, .blocked_ns = blocked, .gap_ns = 160 * US
			};
			const struct nic_stall s = nic_recover(&c, &loss);
			assert_int_equal(s.by, NIC_FAST);
			assert_int_equal(s.stall_ns, blocked + 480 * US + MS);
			assert_true(s.stall_ns <= 5 * MS);
			assert_int_equal(s.timeouts, 0);
		}
	}
}

static void fewer_than_three_later_segments_wait_a_quarter_rtt_more(void **state)
{
	const struct nic_config c = preset();
	const struct nic_loss loss = {
		.lost = 2, .later = 1, .blocked_ns = 200 * US, .gap_ns = 100 * US
	};
	(void)state;

	const struct nic_stall s = nic_recover(&c, &loss);
	assert_int_equal(s.by, NIC_FAST);
	assert_int_equal(s.stall_ns, 200 * US + 100 * US + 250 * US + MS);
}

static void a_lost_tail_is_probed_first(void **state)
{
	struct nic_config c = preset();
	struct nic_loss loss = { .lost = 1, .blocked_ns = 300 * US, .gap_ns = 100 * US };
	struct nic_stall s = nic_recover(&c, &loss);
	(void)state;

	assert_int_equal(s.by, NIC_PROBE);
	assert_int_equal(s.stall_ns, 10 * MS); /* max(2 SRTT, 10 ms) */
	loss.lost = 4;                         /* the probe's answer tells of the other three */
	s = nic_recover(&c, &loss);
	assert_int_equal(s.stall_ns, 300 * US + 10 * MS + MS);
	c.srtt_ns = 20 * MS;
	loss.lost = 1;
	assert_int_equal(nic_recover(&c, &loss).stall_ns, 40 * MS);
}

static void a_lost_probe_leaves_the_retransmission_timeout(void **state)
{
	const struct nic_config c = preset();
	struct nic_loss loss = { .lost = 1, .blocked_ns = 50 * MS, .gap_ns = 100 * US };
	struct nic_stall s = nic_recover(&c, &loss);
	(void)state;

	assert_int_equal(s.by, NIC_RTO);
	assert_int_equal(s.timeouts, 1);
	assert_int_equal(s.stall_ns, 10 * MS + 201 * MS);
	assert_true(s.stall_ns >= c.rto_min_ns);
	loss.blocked_ns = 307200 * US; /* the first timeout falls into the closure too */
	s = nic_recover(&c, &loss);
	assert_int_equal(s.timeouts, 2);
	assert_int_equal(s.stall_ns, 10 * MS + 201 * MS + 402 * MS);
}

static void linux_since_4_13_waits_rto_min_for_a_single_segment(void **state)
{
	struct nic_config c = preset();
	struct nic_loss loss = { .lost = 1, .blocked_ns = 300 * US };
	(void)state;

	c.tlp = NIC_TLP_LINUX;
	assert_int_equal(nic_recover(&c, &loss).stall_ns, 202 * MS);
	loss.lost = 2;
	assert_int_equal(nic_recover(&c, &loss).stall_ns, 4 * MS + MS);
}

static void a_lost_connection_request_waits_a_second_and_doubles(void **state)
{
	const struct nic_config c = preset();
	struct nic_loss loss = { .lost = 1, .blocked_ns = 300 * US, .is_syn = true };
	struct nic_stall s = nic_recover(&c, &loss);
	(void)state;

	assert_int_equal(s.by, NIC_SYN);
	assert_int_equal(s.stall_ns, NS_PER_SEC);
	loss.blocked_ns = 1500 * MS;
	assert_int_equal(nic_recover(&c, &loss).stall_ns, 3 * NS_PER_SEC);
}

/* A fault of 300 us alone cannot make 300 ms: a cold ring can, and so can a timeout. */
static void the_published_300_ms_has_two_compositions(void **state)
{
	struct nic_config c = preset();
	struct arena a = {};
	struct nic_fault faults[1024];
	struct rng rng;
	const struct quantile d = constant(300 * US, &a);
	(void)state;

	const struct nic_fault one = { 0, 300 * US };
	c.free_descriptors = 0;
	c.burst_segments = 1000000; /* hardly a tail */
	assert_true(run(&c, &one, 1, &a).longest_stall_ns < 5 * MS);

	rng_init(&rng, 1, "cold");
	nic_make_cold(0, &d, 1024, &rng, faults);
	const struct nic_result cold = run(&c, faults, 1024, &a);
	assert_int_equal(cold.longest_gap_ns, 307200 * US);

	/* 100 cold descriptors are 30 ms; a tail lost in them, its probe too, makes 211 */
	c.burst_segments = 1;
	const struct nic_result tail = run(&c, faults, 100, &a);
	assert_int_equal(tail.longest_gap_ns, 30 * MS);
	assert_true(tail.flows[NIC_RTO] > 0);
	assert_in_range(tail.longest_stall_ns, 200 * MS, 320 * MS);
	arena_deinit(&a);
}

/* ---- flows of a run ---- */

static void flows_recover_fast_in_bursts_and_by_probe_at_their_ends(void **state)
{
	enum { FAULTS = 10000 };
	struct nic_config c = preset();
	struct nic_fault *faults = calloc(FAULTS, sizeof(*faults));
	struct arena a = {};
	(void)state;

	assert_non_null(faults);
	for (size_t i = 0; i < FAULTS; i++)
		faults[i] = (struct nic_fault){ i * NS_PER_SEC, 200 * US };
	c.free_descriptors = 4; /* 20 packets arrive: 16 lost, one a flow */
	const struct nic_result r = run(&c, faults, FAULTS, &a);
	assert_int_equal(r.drops, FAULTS * 16);
	assert_int_equal(r.flows[NIC_FAST] + r.flows[NIC_PROBE], FAULTS * 16);
	/* the lost segment is the last of 44 by chance */
	assert_in_range(r.flows[NIC_PROBE], FAULTS * 16 / 44 * 95 / 100,
			FAULTS * 16 / 44 * 105 / 100);
	assert_int_equal(r.longest_stall_ns, 10 * MS);
	assert_int_equal(r.stall.count, FAULTS * 16);
	free(faults);
	arena_deinit(&a);
}

static void a_fault_that_loses_nothing_only_delays(void **state)
{
	const struct nic_fault fault = { 0, 200 * US };
	const struct nic_config c = preset(); /* 20 packets, 512 free */
	struct arena a = {};
	(void)state;

	const struct nic_result r = run(&c, &fault, 1, &a);
	assert_int_equal(r.drops, 0);
	assert_int_equal(r.flows[NIC_DELAYED], 16);
	assert_int_equal(r.longest_stall_ns, 200 * US);
	arena_deinit(&a);
}

static void what_if_rows_scale_with_the_rate(void **state)
{
	static const struct rate rates[] = { { 0, NS_PER_SEC },
					     { 1, NS_PER_SEC },
					     { 10, NS_PER_SEC } };
	struct nic_config c = preset();
	struct nic_whatif rows[3], again[3];
	struct arena a = {};
	struct err e;
	const struct quantile d = constant(300 * US, &a);
	(void)state;

	c.free_descriptors = 10; /* 30 packets: 20 lost */
	assert_int_equal(nic_whatif(&c, &d, rates, 3, 1, rows, &e), 0);
	assert_int_equal(rows[0].drops_per_day, 0);
	assert_in_range(rows[1].drops_per_day, 86400 * 20 * 98 / 100, 86400 * 20 * 102 / 100);
	assert_in_range(rows[2].drops_per_day, 864000 * 20 * 98 / 100, 864000 * 20 * 102 / 100);
	assert_int_equal(nic_whatif(&c, &d, rates, 3, 1, again, &e), 0);
	assert_memory_equal(rows, again, sizeof(rows));
	const struct rate absurd = { 5000, NS_PER_SEC };
	assert_int_equal(nic_whatif(&c, &d, &absurd, 1, 1, rows, &e), ERR_USAGE);
	arena_deinit(&a);
}

static void a_nic_without_packets_is_refused(void **state)
{
	struct nic_config c = preset();
	struct nic_result r = {};
	struct err e;
	(void)state;

	c.packets.count = 0;
	assert_int_equal(nic_run(&c, NULL, 0, 1, &r, &e), ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_are_packets_in_the_blocked_time_beyond_the_room),
		cmocka_unit_test(a_cold_ring_is_closed_for_n_times_d),
		cmocka_unit_test(a_cold_ring_without_a_buffer_loses_what_arrives),
		cmocka_unit_test(faults_far_apart_close_the_ring_one_by_one),
		cmocka_unit_test(one_warm_fault_with_later_segments_stalls_no_flow_for_5_ms),
		cmocka_unit_test(fewer_than_three_later_segments_wait_a_quarter_rtt_more),
		cmocka_unit_test(a_lost_tail_is_probed_first),
		cmocka_unit_test(a_lost_probe_leaves_the_retransmission_timeout),
		cmocka_unit_test(linux_since_4_13_waits_rto_min_for_a_single_segment),
		cmocka_unit_test(a_lost_connection_request_waits_a_second_and_doubles),
		cmocka_unit_test(the_published_300_ms_has_two_compositions),
		cmocka_unit_test(flows_recover_fast_in_bursts_and_by_probe_at_their_ends),
		cmocka_unit_test(a_fault_that_loses_nothing_only_delays),
		cmocka_unit_test(what_if_rows_scale_with_the_rate),
		cmocka_unit_test(a_nic_without_packets_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
