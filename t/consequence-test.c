// SPDX-License-Identifier: MIT
/*
 * From fault times to tails and gaps: cold rings through the whole fault service,
 * stalls of queues and devices, and the shipped VPRI profile against the
 * published knees.
 */
#include "sim/consequence.h"
#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define US NS_PER_US

enum { NIC, DISK, DEVICES };

struct models {
	struct arena arena;
	struct param_set set;
	struct iopf_config iopf;
	struct block_config block;
	struct nic_config nic;
	enum consequence_class class_of[DEVICES];
	struct consequence_config c;
	struct err e;
};

/* A profile, or NULL: stages of 0 that a test fills. */
static void configure(struct models *m, const char *profile)
{
	*m = (struct models){ .class_of = { CONSEQUENCE_NIC, CONSEQUENCE_BLOCK } };
	m->set.arena = &m->arena;
	assert_int_equal(param_set_add(&m->set, iopf_params, iopf_nparams, &m->iopf, &m->e), 0);
	assert_int_equal(param_set_add(&m->set, block_params, block_nparams, &m->block, &m->e), 0);
	assert_int_equal(param_set_add(&m->set, nic_params, nic_nparams, &m->nic, &m->e), 0);
	if (profile && iopf_read_profile(&m->set, profile, &m->e))
		fail_msg("%s", m->e.msg);
	m->c = (struct consequence_config){
		.iopf = &m->iopf,
		.block = &m->block,
		.nic = &m->nic,
		.class_of = m->class_of,
		.ndevices = DEVICES,
		.span_ns = 3600 * NS_PER_SEC,
		.seed = 1,
	};
}

static void run(struct models *m, const struct consequence_fault *faults, size_t n,
		struct consequence *out, struct consequence_service *service_out)
{
	if (consequence_run(&m->c, faults, n, out, service_out, &m->e))
		fail_msg("%s", m->e.msg);
	arena_deinit(&m->arena);
}

static void a_cold_ring_of_1024_is_closed_for_307_ms(void **state)
{
	struct consequence_fault faults[1024];
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	(void)state;

	configure(&m, NULL);
	m.iopf.stage[IOPF_REPORT] = dist_const(100 * US);
	m.iopf.stage[IOPF_RESOLVE] = dist_const(200 * US);
	for (uint32_t i = 0; i < 1024; i++) /* all at once in the trace */
		faults[i] = (struct consequence_fault){ .at_ns = 5000, .page = i, .dev = NIC };
	run(&m, faults, 1024, out, &service);
	assert_int_equal(out[NIC].longest_gap_ns, 307200 * US);
	assert_int_equal(out[NIC].done, 1024);
	assert_int_equal(out[NIC].blocked_max_ns, 300 * US); /* one after the other: no line */
	assert_int_equal(out[DISK].faults, 0);
	assert_int_equal(service.counts.open_max, 1);
	assert_int_equal(service.stage_mean_ns[IOPF_REPORT], 100 * US);
	assert_int_equal(service.total_mean_ns, 300 * US);
}

static void rings_of_a_nic_close_apart_from_each_other(void **state)
{
	struct consequence_fault faults[4];
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	(void)state;

	configure(&m, NULL);
	m.iopf.stage[IOPF_RESOLVE] = dist_const(300 * US);
	for (uint16_t i = 0; i < 4; i++)
		faults[i] = (struct consequence_fault){ .page = i, .dev = NIC, .queue = i % 2 };
	run(&m, faults, 4, out, &service);
	assert_int_equal(out[NIC].longest_gap_ns, 600 * US);
	assert_int_equal(out[NIC].closed_ns, 1200 * US);
	assert_int_equal(service.counts.open_max, 2);
}

static void what_a_fault_stops_raises_no_other(void **state)
{
	static const struct {
		int scope;
		uint64_t blocked_max_ns;
	} cases[] = { { BLOCK_QUEUE, 300 * US }, { BLOCK_DEVICE, 300 * US } };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct consequence_fault faults[8];
		struct consequence out[DEVICES];
		struct consequence_service service;
		struct models m;

		configure(&m, NULL);
		m.iopf.stage[IOPF_RESOLVE] = dist_const(300 * US);
		m.iopf.servers = 8;
		m.block.queues = 4;
		m.block.scope = cases[i].scope;
		for (uint16_t k = 0; k < 8; k++)
			faults[k] = (struct consequence_fault){ .page = k,
								.dev = DISK,
								.queue = k % 4 };
		run(&m, faults, 8, out, &service);
		assert_int_equal(service.counts.open_max, i ? 1 : 4);
		assert_int_equal(out[DISK].done, 8);
		assert_int_equal(out[DISK].blocked_max_ns, cases[i].blocked_max_ns);
	}
}

/* The same page for a disk and a NIC at once: one swap-in, both wait. */
static void a_fault_of_another_device_joins(void **state)
{
	const struct consequence_fault faults[] = {
		{ .at_ns = 0, .page = 7, .dev = NIC },
		{ .at_ns = 100 * US, .page = 7, .dev = DISK },
	};
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	(void)state;

	configure(&m, NULL);
	m.iopf.stage[IOPF_RESOLVE] = dist_const(300 * US);
	run(&m, faults, 2, out, &service);
	assert_int_equal(out[NIC].done, 1);
	assert_int_equal(out[DISK].joined, 1);
	assert_int_equal(out[DISK].blocked_ns, 200 * US);
}

/* 10 Poisson faults/s of 200 us: P99.9 is 201.1 us by the closed form (t/block-test). */
/* In the replay both met an absent page; the ring waited for the first, and then it was there. */
static void what_comes_to_a_page_that_was_on_its_way_finds_it(void **state)
{
	const struct consequence_fault faults[] = {
		{ .at_ns = 0, .page = 7, .dev = NIC },
		{ .at_ns = 100 * US, .page = 7, .dev = NIC, .is_late = true },
		{ .at_ns = 100 * US, .page = 8, .dev = NIC },
		{ .at_ns = 250 * US, .page = 7, .dev = DISK, .is_late = true },
		{ .at_ns = 700 * US, .page = 8, .dev = DISK, .is_late = true },
	};
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	(void)state;

	configure(&m, NULL);
	m.iopf.stage[IOPF_RESOLVE] = dist_const(300 * US);
	run(&m, faults, 5, out, &service);
	assert_int_equal(out[NIC].done, 2);
	assert_int_equal(out[NIC].joined, 1);
	assert_int_equal(out[NIC].longest_gap_ns, 600 * US);
	assert_int_equal(out[DISK].joined, 2);
	assert_int_equal(out[DISK].blocked_ns, 50 * US);
	assert_int_equal(service.counts.raised, 3);
}

static void poisson_faults_give_the_quantiles_of_the_tail_law(void **state)
{
	enum { FAULTS = 36000 };
	struct consequence_fault *faults = calloc(FAULTS, sizeof(*faults));
	const struct dist exponential = { .kind = DIST_EXPONENTIAL, .a_ns = NS_PER_SEC / 10 };
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct quantile gap;
	struct models m;
	struct rng rng;
	(void)state;

	configure(&m, NULL);
	m.iopf.stage[IOPF_RESOLVE] = dist_const(200 * US);
	assert_int_equal(quantile_init(&gap, &exponential, &m.arena, &m.e), 0);
	rng_init(&rng, 1, "times");
	uint64_t at = 0;
	for (uint32_t i = 0; i < FAULTS; i++) {
		at += quantile_draw(&gap, &rng);
		faults[i] = (struct consequence_fault){ .at_ns = at, .page = i, .dev = DISK };
	}
	m.c.span_ns = at;
	run(&m, faults, FAULTS, out, &service);
	assert_true(fabs((double)out[DISK].base_ns[2] / 157e3 - 1) < 2e-3);
	assert_true(fabs((double)out[DISK].latency_ns[2] / 201.1e3 - 1) < 0.02);
	assert_int_equal(out[DISK].base_ns[0], 100000);
	free(faults);
}

static void without_support_faults_fail_and_block_nothing(void **state)
{
	struct consequence_fault faults[1000];
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	(void)state;

	configure(&m, "none");
	for (uint32_t i = 0; i < 1000; i++)
		faults[i] = (struct consequence_fault){ .page = i, .dev = DISK };
	run(&m, faults, 1000, out, &service);
	assert_int_equal(out[DISK].failed, 1000);
	assert_int_equal(out[DISK].blocked_ns, 0);
	assert_memory_equal(out[DISK].base_ns, out[DISK].latency_ns, sizeof(out[DISK].base_ns));
}

static uint64_t resolve_in_a_ms(void *ctx, const struct iopf_fault *f, struct ns now)
{
	(void)f;
	(void)now;
	++*(unsigned *)ctx;
	return NS_PER_MS;
}

static void the_swap_model_may_resolve(void **state)
{
	const struct consequence_fault faults[] = { { .page = 1, .dev = DISK },
						    { .at_ns = 5, .page = 2, .dev = NIC } };
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	unsigned calls = 0;
	(void)state;

	configure(&m, NULL);
	m.c.resolve = resolve_in_a_ms;
	m.c.ctx = &calls;
	run(&m, faults, 2, out, &service);
	assert_int_equal(calls, 2);
	assert_int_equal(out[DISK].blocked_ns, NS_PER_MS);
	assert_int_equal(out[NIC].longest_gap_ns, NS_PER_MS);
}

static void every_profile_ends_every_fault(void **state)
{
	(void)state;
	for (int b = 0; iopf_backend_names[b]; b++) {
		struct consequence_fault faults[2000];
		struct consequence out[DEVICES], again[DEVICES];
		struct consequence_service service;
		struct models m;

		configure(&m, iopf_backend_names[b]);
		for (uint32_t i = 0; i < 2000; i++)
			faults[i] = (struct consequence_fault){
				.at_ns = i / 100 * NS_PER_MS,
				.page = i % 1500,
				.dev = (uint16_t)(i % DEVICES),
				.queue = (uint16_t)(i % 7),
			};
		assert_int_equal(consequence_run(&m.c, faults, 2000, again, &service, &m.e), 0);
		run(&m, faults, 2000, out, &service);
		assert_int_equal(out[NIC].faults + out[DISK].faults, 2000);
		for (int d = 0; d < DEVICES; d++)
			assert_int_equal(out[d].done + out[d].failed + out[d].joined,
					 out[d].faults);
		assert_memory_equal(out, again, sizeof(out));
	}
}

static void a_fault_of_an_unknown_device_is_refused(void **state)
{
	const struct consequence_fault fault = { .dev = DEVICES };
	struct consequence out[DEVICES];
	struct consequence_service service;
	struct models m;
	(void)state;

	configure(&m, NULL);
	assert_int_equal(consequence_run(&m.c, &fault, 1, out, &service, &m.e), ERR_USAGE);
	assert_non_null(strstr(m.e.msg, "device 2 of 2"));
	arena_deinit(&m.arena);
}

/* A3 with the whole life of a fault instead of a constant. */
static void the_shipped_profiles_reproduce_both_published_knees(void **state)
{
	static const char *const profiles[] = { "vpri", "pri" };
	static const struct rate rates[] = { { 1, NS_PER_SEC },
					     { 5, NS_PER_SEC },
					     { 10, NS_PER_SEC } };
	static const uint64_t ppms[] = { 999000, 999900 };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct block_whatif rows[6];
		struct quantile blocked;
		struct models m;
		struct dist d;

		configure(&m, profiles[i]);
		assert_int_equal(consequence_lone_fault(&m.iopf, 1, &d, &m.e), 0);
		assert_int_equal(quantile_init(&blocked, &d, &m.arena, &m.e), 0);
		assert_int_equal(
			block_whatif(&m.block, &blocked, rates, 3, ppms, 2, 100000, rows, &m.e), 0);
		assert_true(rows[4].change_ppm >= 100000); /* P99.9 at 10/s */
		assert_true(rows[2].change_ppm < 100000);  /* not at 5/s */
		assert_true(rows[1].change_ppm >= 100000); /* P99.99 at 1/s */
		assert_true(rows[0].change_ppm < 30000);   /* P99.9 at 1/s */
		arena_deinit(&m.arena);
	}
}

static void a_lone_fault_of_constant_stages_is_constant(void **state)
{
	struct models m;
	struct dist d;
	(void)state;

	configure(&m, NULL);
	for (int s = 0; s < IOPF_STAGES; s++)
		m.iopf.stage[s] = dist_const(10 * US);
	assert_int_equal(consequence_lone_fault(&m.iopf, 1, &d, &m.e), 0);
	for (size_t i = 0; i < d.npoints; i++)
		assert_int_equal(d.points[i].ns, 80 * US);
	m.iopf.backend = IOPF_STATIC;
	assert_int_equal(consequence_lone_fault(&m.iopf, 1, &d, &m.e), ERR_NO);
	arena_deinit(&m.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cold_ring_of_1024_is_closed_for_307_ms),
		cmocka_unit_test(rings_of_a_nic_close_apart_from_each_other),
		cmocka_unit_test(what_a_fault_stops_raises_no_other),
		cmocka_unit_test(a_fault_of_another_device_joins),
		cmocka_unit_test(what_comes_to_a_page_that_was_on_its_way_finds_it),
		cmocka_unit_test(poisson_faults_give_the_quantiles_of_the_tail_law),
		cmocka_unit_test(without_support_faults_fail_and_block_nothing),
		cmocka_unit_test(the_swap_model_may_resolve),
		cmocka_unit_test(every_profile_ends_every_fault),
		cmocka_unit_test(a_fault_of_an_unknown_device_is_refused),
		cmocka_unit_test(the_shipped_profiles_reproduce_both_published_knees),
		cmocka_unit_test(a_lone_fault_of_constant_stages_is_constant),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
