// SPDX-License-Identifier: MIT
/*
 * Fault hardware side by side: costs that can be computed by hand, where designs
 * cross, and the shipped profiles over a sweep.
 */
#include "sim/iopf-compare.h"
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define US       NS_PER_US

static struct iopf_config preset(int backend)
{
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct iopf_config c;
	struct err e;

	assert_int_equal(param_set_add(&s, iopf_params, iopf_nparams, &c, &e), 0);
	c.backend = backend;
	arena_deinit(&a);
	return c;
}

static struct iopf_config profile(const char *backend)
{
	struct arena a = {};
	struct param_set s = { .arena = &a };
	struct iopf_config c;
	struct err e;

	assert_int_equal(param_set_add(&s, iopf_params, iopf_nparams, &c, &e), 0);
	if (iopf_read_profile(&s, backend, &e))
		fail_msg("%s", e.msg);
	arena_deinit(&a);
	return c;
}

static struct iopf_load load_of(uint64_t x, uint64_t requests, uint64_t faults, uint64_t burst)
{
	return (struct iopf_load){
		.x = x,
		.requests = { requests, NS_PER_SEC },
		.faults = { faults, NS_PER_SEC },
		.burst = burst,
	};
}

/*
 * Snooping costs 1 us a request; the bitmap costs nothing a request and 50 us a
 * fault (40 of a server, 5 to set the entry, 5 to clear it at reclaim). At 1,000
 * faults/s they cost the same at 50,000 requests/s.
 */
static void snooping_and_bitmap_cross_where_arithmetic_says(void **state)
{
	struct iopf_config vpri = preset(IOPF_VPRI), snoop = preset(IOPF_SNOOP);
	const struct iopf_design designs[] = { { "vpri", &vpri }, { "snoop", &snoop } };
	struct iopf_load loads[10];
	struct iopf_compared rows[20];
	struct iopf_crossing crossing;
	struct err e;
	(void)state;

	vpri.lookup = dist_const(69);
	vpri.stage[IOPF_SCHED] = dist_const(30 * US);
	vpri.stage[IOPF_RESOLVE] = dist_const(100 * US);
	vpri.stage[IOPF_MAP] = dist_const(10 * US);
	vpri.stage[IOPF_UPDATE] = dist_const(5 * US);
	snoop.request_cost = dist_const(1 * US);
	for (uint64_t i = 0; i < 10; i++)
		loads[i] = load_of(4000 + 10000 * i, 4000 + 10000 * i, 1000, 1);
	assert_int_equal(iopf_compare(designs, 2, loads, 10, 2000, 1, rows, &e), 0);
	assert_int_equal(rows[0].metric[IOPF_HOST_NS], 1000 * 50 * US);
	assert_int_equal(rows[1].metric[IOPF_HOST_NS], 4000 * US);
	assert_int_equal(rows[0].metric[IOPF_BLOCKED_MEAN], 145 * US);
	assert_int_equal(rows[0].metric[IOPF_REQUEST_NS], 69 + 145 * US / 4);
	assert_int_equal(iopf_crossings(rows, 2, loads, 10, IOPF_HOST_NS, &crossing, 1), 1);
	assert_int_equal(crossing.x, 50000);
	assert_int_equal(crossing.first, 1); /* snooping is cheaper below */
	assert_int_equal(crossing.second, 0);
}

static void a_passed_through_design_is_out_of_the_race(void **state)
{
	struct iopf_config vpri = preset(IOPF_VPRI), snoop = preset(IOPF_SNOOP);
	const struct iopf_design designs[] = { { "vpri", &vpri }, { "snoop", &snoop } };
	const struct iopf_load loads[] = { load_of(1, 10000, 10, 1), load_of(2, 90000, 10, 1) };
	struct iopf_compared rows[4];
	struct err e;
	(void)state;

	snoop.request_cost = dist_const(US);
	snoop.passthrough_iops = 50000;
	assert_int_equal(iopf_compare(designs, 2, loads, 2, 100, 1, rows, &e), 0);
	assert_false(rows[1].pins_all);
	assert_int_equal(rows[1].metric[IOPF_HOST_NS], 10000 * US);
	assert_true(rows[3].pins_all);
	assert_int_equal(rows[3].metric[IOPF_HOST_NS], 0);
	assert_int_equal(iopf_crossings(rows, 2, loads, 2, IOPF_HOST_NS, NULL, 0), 0);
}

/* Cheaper stages, but a small queue: better alone, worse when a cold ring comes at once. */
static void a_small_request_queue_loses_its_lead_in_bursts(void **state)
{
	struct iopf_config vpri = preset(IOPF_VPRI), pri = preset(IOPF_PRI);
	const struct iopf_design designs[] = { { "vpri", &vpri }, { "pri", &pri } };
	struct iopf_load loads[9];
	struct iopf_compared rows[18];
	struct iopf_crossing crossing;
	struct err e;
	(void)state;

	vpri.servers = pri.servers = 1024;
	vpri.stage[IOPF_RESOLVE] = dist_const(120 * US);
	pri.stage[IOPF_RESOLVE] = dist_const(100 * US);
	pri.prq_entries = 32;
	pri.device_requests = 1024;
	pri.prq_entry = dist_const(200);
	pri.prq_retry = dist_const(50 * US);
	for (uint64_t i = 0; i < 9; i++)
		loads[i] = load_of(UINT64_C(1) << i, 10000, 100, UINT64_C(1) << i);
	assert_int_equal(iopf_compare(designs, 2, loads, 9, 20000, 1, rows, &e), 0);
	assert_int_equal(rows[1].overflow, 0);
	assert_true(rows[17].overflow > 0);
	assert_int_equal(rows[17].failed, 0);
	assert_int_equal(iopf_crossings(rows, 2, loads, 9, IOPF_BLOCKED_P999, &crossing, 1), 1);
	assert_int_equal(crossing.first, 1);
	assert_in_range(crossing.x, 32, 64); /* the first burst that does not fit */
}

static void crossings_come_in_order_and_touching_is_none(void **state)
{
	enum { A = 0, B = 1, C = 2 };
	static const uint64_t y[][3] = {
		{ 10, 20, 5 }, { 20, 20, 5 }, { 30, 20, 5 }, { 30, 40, 35 }, { 30, 40, 50 },
	};
	struct iopf_load loads[5];
	struct iopf_compared rows[15] = {};
	struct iopf_crossing out[8];
	(void)state;

	for (uint32_t l = 0; l < 5; l++) {
		loads[l] = load_of(100 * l, 1, 1, 1);
		for (uint32_t d = 0; d < 3; d++)
			rows[3 * l + d].metric[IOPF_HOST_NS] = y[l][d];
	}
	assert_int_equal(iopf_crossings(rows, 3, loads, 5, IOPF_HOST_NS, out, 8), 4);
	assert_int_equal(out[0].x, 100); /* A and B, over a load where they are equal */
	assert_int_equal(out[0].first, A);
	assert_int_equal(out[1].x, 250); /* B and A again */
	assert_int_equal(out[1].first, B);
	assert_int_equal(out[2].x, 283); /* C and A */
	assert_int_equal(out[3].x, 333); /* C and B */
	assert_int_equal(out[3].second, B);
	assert_int_equal(iopf_crossings(rows, 3, loads, 5, IOPF_HOST_NS, out, 2), 4);
	assert_int_equal(out[0].x, 100);
	assert_int_equal(out[1].x, 250);
}

static void no_line_is_drawn_over_a_load_where_all_is_pinned(void **state)
{
	static const uint64_t y[][2] = { { 10, 20 }, { 0, 0 }, { 20, 10 } };
	struct iopf_load loads[3];
	struct iopf_compared rows[6] = {};
	struct iopf_crossing out;
	(void)state;

	for (uint32_t l = 0; l < 3; l++) {
		loads[l] = load_of(100 * l, 1, 1, 1);
		for (uint32_t d = 0; d < 2; d++)
			rows[2 * l + d].metric[IOPF_HOST_NS] = y[l][d];
	}
	assert_int_equal(iopf_crossings(rows, 2, loads, 3, IOPF_HOST_NS, &out, 1), 1);
	rows[3].pins_all = true;
	assert_int_equal(iopf_crossings(rows, 2, loads, 3, IOPF_HOST_NS, &out, 1), 0);
}

static void the_shipped_profiles_can_be_compared(void **state)
{
	struct iopf_config configs[6];
	struct iopf_design designs[6];
	struct iopf_load loads[4];
	struct iopf_compared rows[24], again[24];
	struct err e;
	(void)state;

	for (int b = 0; iopf_backend_names[b]; b++) {
		configs[b] = profile(iopf_backend_names[b]);
		designs[b] = (struct iopf_design){ iopf_backend_names[b], &configs[b] };
	}
	for (uint64_t i = 0, requests = 1000; i < 4; i++, requests *= 10)
		loads[i] = load_of(requests, requests, requests / 1000, 16);
	assert_int_equal(iopf_compare(designs, 6, loads, 4, 2000, 1, rows, &e), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int b = (int)rows[i].design;
		if (b == IOPF_NONE)
			assert_int_equal(rows[i].failed, rows[i].faults);
		else
			assert_int_equal(rows[i].failed, 0);
		if (b == IOPF_STATIC)
			assert_true(rows[i].pins_all);
		if (b == IOPF_VPRI || b == IOPF_PRI)
			assert_in_range(rows[i].metric[IOPF_BLOCKED_MEAN], 100 * US, 2000 * US);
	}
	assert_int_equal(iopf_compare(designs, 6, loads, 4, 2000, 1, again, &e), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_memory_equal(rows[i].metric, again[i].metric, sizeof(rows[i].metric));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snooping_and_bitmap_cross_where_arithmetic_says),
		cmocka_unit_test(a_passed_through_design_is_out_of_the_race),
		cmocka_unit_test(a_small_request_queue_loses_its_lead_in_bursts),
		cmocka_unit_test(crossings_come_in_order_and_touching_is_none),
		cmocka_unit_test(no_line_is_drawn_over_a_load_where_all_is_pinned),
		cmocka_unit_test(the_shipped_profiles_can_be_compared),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
