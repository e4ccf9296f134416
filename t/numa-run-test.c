// SPDX-License-Identifier: MIT
/*
 * Run times and costs out of references: the work follows from the share of
 * native walks, writes of copies cost what Mitosis' table 5 says, copies take
 * (N - 1) tables for each, and what streams is told to be bound by bandwidth.
 */
#include "base/rng.h"
#include "replay/numa-run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 20000, DESIGNS_MAX = 8 };

struct scene {
	struct arena arena;
	struct numa_design designs[DESIGNS_MAX];
	struct numa_run *run;
	size_t n;
};

static void open_designs(struct scene *s, const char *const *names, const char *const *sets)
{
	struct err e = {};
	size_t nsets = 0;

	*s = (struct scene){};
	while (sets && sets[nsets])
		nsets++;
	for (; names[s->n]; s->n++)
		if (numa_design_read(names[s->n], NULL, sets, nsets, &s->arena, &s->designs[s->n],
				     &e))
			fail_msg("%s", e.msg);
	if (numa_run_new(s->designs, s->n, &s->arena, &s->run, &e))
		fail_msg("%s", e.msg);
}

/* Random words of 2 GiB, or every word from the beginning. */
static void feed(struct scene *s, bool is_random)
{
	static uint64_t va[ROWS];
	static uint32_t bytes[ROWS];
	struct err e = {};
	struct rng rng;

	rng_init(&rng, 7, "numa-run-test");
	for (uint64_t i = 0; i < ROWS; i++) {
		va[i] = (UINT64_C(1) << 40) + (is_random ? rng_below(&rng, 1 << 25) : i) * 64;
		bytes[i] = 8;
	}
	assert_int_equal(numa_run_rows(s->run, 0, va, bytes, ROWS, &e), 0);
}

static struct numa_result result(const struct scene *s, size_t i, const struct numa_known *known)
{
	struct numa_result r;
	numa_run_result(s->run, i, known, &r);
	return r;
}

static const struct numa_known known = { .native_walk_ppm = 400000, .vm_pages = 1 << 20 };

static void the_work_follows_from_the_share_of_native_walks(void **state)
{
	static const char *const names[] = { "L", "LL", "RRI", NULL };
	struct scene s;
	(void)state;

	open_designs(&s, names, NULL);
	feed(&s, true);
	const struct numa_result l = result(&s, 0, &known), ll = result(&s, 1, &known);
	const struct numa_result rri = result(&s, 2, &known);
	/* natively 40 % are walks: the work is one and a half times as much */
	assert_int_equal(l.cycles[NUMA_TABLES], l.native_cycles);
	assert_int_equal(l.work_cycles, l.native_cycles * 3 / 2);
	assert_int_equal(l.run_cycles, l.native_cycles + l.work_cycles);
	/* and the same under any design */
	assert_int_equal(ll.work_cycles, l.work_cycles);
	assert_int_equal(rri.work_cycles, l.work_cycles);
	assert_int_equal(ll.run_cycles, ll.local_run_cycles);
	assert_int_equal(rri.local_run_cycles, ll.run_cycles);
	assert_true(rri.run_cycles > ll.run_cycles);
	arena_deinit(&s.arena);
}

static void nothing_is_predicted_of_an_unknown_program(void **state)
{
	static const char *const names[] = { "RRI", NULL };
	static const char *const sets[] = { "numa.native_walk=40%", NULL };
	const struct numa_known nothing = {};
	struct scene s;
	(void)state;

	open_designs(&s, names, NULL);
	feed(&s, true);
	assert_int_equal(result(&s, 0, &nothing).run_cycles, 0);
	const struct numa_result r = result(&s, 0, &known);
	assert_true(r.run_cycles > 0);
	arena_deinit(&s.arena);

	/* a design's own word counts more than the trace's */
	const struct numa_known other = { .native_walk_ppm = 900000 };
	open_designs(&s, names, sets);
	feed(&s, true);
	assert_int_equal(result(&s, 0, &other).run_cycles, r.run_cycles);
	arena_deinit(&s.arena);
}

static void writes_of_copies_cost_what_was_published(void **state)
{
	static const char *const names[] = { "I", "IM", "RIM", "RR", NULL };
	struct numa_known recorded = known;
	struct scene s;
	(void)state;

	recorded.updates = (struct numa_updates){ .map = 10, .unmap = 100, .protect = 1000 };
	open_designs(&s, names, NULL);
	feed(&s, true);
	/* Mitosis, table 5: 179, 148 and 205 cycles more, for each of two kinds of table */
	assert_int_equal(result(&s, 1, &recorded).update_cycles,
			 2 * (10 * 179 + 100 * 148 + 1000 * 205));
	assert_int_equal(result(&s, 0, &recorded).update_cycles, 0);
	assert_int_equal(result(&s, 3, &recorded).update_cycles, 0);
	/* a table that moves is written once; natively there is one kind */
	const struct numa_result moved = result(&s, 2, &recorded);
	assert_int_equal(moved.update_cycles, moved.tables[NUMA_GPT] * 4600);
	assert_int_equal(moved.tables[NUMA_EPT], 0);
	arena_deinit(&s.arena);
}

static void copies_take_a_table_a_node_more(void **state)
{
	static const char *const names[] = { "IM", "I", NULL };
	static const char *const sets[][2] = { { "numa.nodes=1", NULL },
					       { "numa.nodes=4", NULL },
					       { "numa.nodes=8", NULL } };
	static const uint64_t nodes[] = { 1, 4, 8 };
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		struct scene s;
		open_designs(&s, names, sets[i]);
		feed(&s, true);
		const struct numa_result r = result(&s, 0, &known);
		assert_int_equal(r.memory_bytes, (nodes[i] - 1) * 2 * r.tables[NUMA_GPT] * 4096);
		assert_int_equal(r.vm_memory_bytes, (nodes[i] - 1) * 2 * ((1 << 20) / 512) * 4096);
		assert_int_equal(result(&s, 1, &known).memory_bytes, 0);
		arena_deinit(&s.arena);
	}
}

static void what_streams_is_bound_by_bandwidth(void **state)
{
	static const char *const names[] = { "RRI", NULL };
	(void)state;

	for (int is_random = 0; is_random < 2; is_random++) {
		struct scene s;
		open_designs(&s, names, NULL);
		feed(&s, is_random);
		assert_int_equal(result(&s, 0, &known).is_bandwidth_bound, !is_random);
		arena_deinit(&s.arena);
	}
}

static void the_warm_up_does_not_count_but_warms(void **state)
{
	static const char *const names[] = { "LL", NULL };
	struct scene s;
	(void)state;

	open_designs(&s, names, NULL);
	feed(&s, true);
	const struct numa_result cold = result(&s, 0, &known);
	numa_run_warm(s.run);
	assert_int_equal(result(&s, 0, &known).counts.walks, 0);
	feed(&s, true);
	const struct numa_result warm = result(&s, 0, &known);
	assert_int_equal(warm.counts.rows, ROWS);
	assert_true(numa_memory_refs(&warm.counts, NUMA_GPT) <
		    numa_memory_refs(&cold.counts, NUMA_GPT));
	arena_deinit(&s.arena);
}

static void one_replay_has_one_machine(void **state)
{
	struct scene s = {};
	struct err e = {};
	static const char *const set = "machine.local=300";
	(void)state;

	assert_int_equal(numa_design_read("LL", NULL, NULL, 0, &s.arena, &s.designs[0], &e), 0);
	assert_int_equal(numa_design_read("RR", NULL, &set, 1, &s.arena, &s.designs[1], &e), 0);
	assert_int_equal(numa_run_new(s.designs, 2, &s.arena, &s.run, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "one machine"));
	arena_deinit(&s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_work_follows_from_the_share_of_native_walks),
		cmocka_unit_test(nothing_is_predicted_of_an_unknown_program),
		cmocka_unit_test(writes_of_copies_cost_what_was_published),
		cmocka_unit_test(copies_take_a_table_a_node_more),
		cmocka_unit_test(what_streams_is_bound_by_bandwidth),
		cmocka_unit_test(the_warm_up_does_not_count_but_warms),
		cmocka_unit_test(one_replay_has_one_machine),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
