// SPDX-License-Identifier: MIT
/*
 * Placement of page tables: what must hold whatever the latencies are. Random
 * placement leaves (1/N)^2 of the walks local (vMitosis, abstract); replication
 * never adds remote references; one node is no NUMA at all; the guest's and the
 * host's penalties add; data that moves leaves its tables behind.
 */
#include "base/rng.h"
#include "sim/numa-move.h"
#include "sim/numa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 40000, BATCH = 1000, DESIGNS_MAX = 12 };

/* Small caches, so that a small footprint reaches memory. */
static const struct numa_machine machine = {
	.l2_bytes = 16 << 10,
	.l2_ways = 4,
	.llc_bytes = 256 << 10,
	.llc_ways = 8,
	.l2_cycles = 10,
	.llc_cycles = 50,
	.local_cycles = 200,
	.remote_ppm = 1750000,
	.contended_ppm = 3300000,
	.map = { 2522, 2701 },
	.unmap = { 2134, 2282 },
	.protect = { 939, 1144 },
	.move_cycles = 4600,
	.streaming_lines = 4,
};

struct play {
	struct arena arena;
	struct param_set set;
	struct walk_config walk;
	struct walk_counts refs;
	struct numa_counts counts[DESIGNS_MAX];
};

static void configure(struct play *p, const char *const *sets)
{
	struct err e = {};

	p->set.arena = &p->arena;
	int rc = param_set_add(&p->set, walk_params, walk_nparams, &p->walk, &e);
	for (size_t i = 0; sets && sets[i] && !rc; i++)
		rc = param_assign(&p->set, sets[i], &e);
	if (!rc)
		rc = walk_config_resolve(&p->walk, &p->set, &e);
	if (rc)
		fail_msg("%s", e.msg);
}

/* Random words of 1 GiB under the designs. */
static void play(struct play *p, const char *const *sets, const struct numa_config *designs,
		 size_t n)
{
	const struct numa_config *all[DESIGNS_MAX];
	struct err e = {};
	struct walk *w;
	struct numa *m;
	struct rng rng;

	*p = (struct play){};
	configure(p, sets);
	const struct walk_config *one = &p->walk;
	for (size_t i = 0; i < n; i++)
		all[i] = &designs[i];
	assert_int_equal(walk_new(&one, 1, &p->arena, &w, &e), 0);
	assert_int_equal(numa_new(&machine, all, n, &p->arena, &m, &e), 0);
	assert_int_equal(walk_observe(w, 0, numa_walk, m, &e), 0);
	rng_init(&rng, 1, "numa-test");
	for (unsigned i = 0; i < ROWS; i += BATCH) {
		uint64_t va[BATCH];
		uint32_t bytes[BATCH];
		for (unsigned k = 0; k < BATCH; k++) {
			va[k] = (UINT64_C(1) << 40) + rng_below(&rng, 1 << 27) * 8;
			bytes[k] = 8;
		}
		numa_begin(m, 0, va, BATCH);
		assert_int_equal(walk_access(w, 0, va, bytes, BATCH, &e), 0);
		numa_end(m);
	}
	walk_counts(w, 0, &p->refs);
	for (size_t i = 0; i < n; i++)
		numa_counts(m, i, &p->counts[i]);
	arena_deinit(&p->arena);
}

static const char *const nested[] = { "walk.mode=nested", NULL };

static uint64_t far_refs(const struct numa_counts *c)
{
	uint64_t n = 0;
	for (int t = 0; t < NUMA_TABLES; t++)
		n += c->refs[t][NUMA_AT_REMOTE] + c->refs[t][NUMA_AT_CONTENDED];
	return n;
}

static uint64_t all_refs(const struct numa_counts *c)
{
	uint64_t n = 0;
	for (int t = 0; t < NUMA_TABLES; t++)
		for (int s = 0; s < NUMA_SERVED; s++)
			n += c->refs[t][s];
	return n;
}

static struct numa_config random_on(uint64_t nodes)
{
	return (struct numa_config){ .nodes = nodes,
				     .span = NUMA_WIDE,
				     .toucher = NUMA_SPREAD,
				     .place = { NUMA_INTERLEAVE, NUMA_INTERLEAVE } };
}

/* ---- references ---- */

static void every_reference_of_the_walker_is_served_somewhere(void **state)
{
	static const char *const modes[][2] = { { "walk.mode=native", NULL },
						{ "walk.mode=nested", NULL } };
	const struct numa_config one = random_on(4);
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct play p;
		play(&p, modes[i], &one, 1);
		assert_int_equal(all_refs(&p.counts[0]), p.refs.total_refs);
		assert_int_equal(p.counts[0].walks, p.refs.stlb_miss);
		assert_int_equal(p.counts[0].rows, ROWS);
		assert_true(far_refs(&p.counts[0]) > 0);
	}
}

static void random_placement_leaves_one_in_n_squared_local(void **state)
{
	static const uint64_t nodes[] = { 1, 2, 4, 8 };
	struct numa_config designs[4];
	struct play p;
	uint64_t before = UINT64_MAX;
	(void)state;

	for (size_t i = 0; i < 4; i++)
		designs[i] = random_on(nodes[i]);
	play(&p, nested, designs, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct numa_counts *c = &p.counts[i];
		const uint64_t ppm = quantity_ratio_ppm(c->classes[NUMA_LL], c->walks);
		const uint64_t want = PPM_PER_ONE / (nodes[i] * nodes[i]);
		/* 512 leaf tables of either kind: four deviations of as many draws */
		assert_in_range(ppm, want - want / 4, want + want / 4);
		assert_true(ppm <= before); /* more nodes, never more of them local */
		before = ppm;
		assert_int_equal(c->classes[NUMA_LL] + c->classes[NUMA_LR] + c->classes[NUMA_RL] +
					 c->classes[NUMA_RR],
				 c->walks);
	}
}

static void one_node_is_no_numa(void **state)
{
	struct numa_config designs[DESIGNS_MAX];
	struct play p;
	size_t n = 0;
	(void)state;

	designs[n++] = (struct numa_config){ .nodes = 4 }; /* all local */
	for (int span = NUMA_THIN; span <= NUMA_WIDE; span++)
		for (int place = NUMA_LOCAL; place <= NUMA_INTERLEAVE; place++)
			designs[n++] = (struct numa_config){ .nodes = 1,
							     .span = span,
							     .is_contended = true,
							     .place = { place, place } };
	play(&p, nested, designs, n);
	for (size_t i = 1; i < n; i++)
		assert_memory_equal(&p.counts[i], &p.counts[0], sizeof(p.counts[0]));
}

static void replication_never_adds_remote_references(void **state)
{
	(void)state;
	for (int place = NUMA_LOCAL; place <= NUMA_INTERLEAVE; place++)
		for (int toucher = NUMA_MAIN; toucher <= NUMA_SPREAD; toucher++) {
			struct numa_config designs[4];
			struct play p;
			for (int i = 0; i < 4; i++) {
				designs[i] = random_on(4);
				designs[i].toucher = toucher;
				for (int t = 0; t < NUMA_TABLES; t++) {
					designs[i].place[t] = place;
					designs[i].fix[t] = i >> t & 1 ? NUMA_REPLICATE : NUMA_NONE;
				}
			}
			play(&p, nested, designs, 4);
			for (int i = 1; i < 4; i++)
				assert_true(far_refs(&p.counts[i]) <= far_refs(&p.counts[0]));
			assert_int_equal(far_refs(&p.counts[3]), 0);
			assert_int_equal(p.counts[3].classes[NUMA_LL], p.counts[3].walks);
		}
}

/* T(RR) = T(LR) + T(RL) - T(LL), with interference too */
static void penalties_of_guest_and_host_add(void **state)
{
	static const char *const letters[] = { "LL", "LR", "RL", "RR", "LRI", "RLI", "RRI" };
	struct numa_config designs[7];
	struct numa_letters says;
	uint64_t cycles[7];
	struct play p;
	(void)state;

	for (size_t i = 0; i < 7; i++) {
		designs[i] = (struct numa_config){ .nodes = 4 };
		assert_true(numa_config_letters(letters[i], &designs[i], &says));
	}
	play(&p, nested, designs, 7);
	for (size_t i = 0; i < 7; i++)
		cycles[i] = numa_cycles(&machine, &p.counts[i], NUMA_TABLES);
	assert_int_equal(cycles[3], cycles[1] + cycles[2] - cycles[0]);
	assert_int_equal(cycles[6], cycles[4] + cycles[5] - cycles[0]);
	for (size_t i = 1; i < 7; i++)
		assert_true(cycles[i] > cycles[0]);
	assert_true(cycles[6] > cycles[3]);
}

static void a_thin_program_whose_tables_follow_is_as_if_local(void **state)
{
	struct numa_config designs[4];
	struct numa_letters says;
	struct play p;
	(void)state;

	static const char *const letters[] = { "LL", "RRIM", "LRI", "RRIG" };
	for (size_t i = 0; i < 4; i++) {
		designs[i] = (struct numa_config){ .nodes = 4 };
		assert_true(numa_config_letters(letters[i], &designs[i], &says));
	}
	play(&p, nested, designs, 4);
	assert_memory_equal(&p.counts[1], &p.counts[0], sizeof(p.counts[0]));
	assert_memory_equal(&p.counts[3], &p.counts[2], sizeof(p.counts[0]));
}

/* ---- letters ---- */

static void letters_mean_what_the_artifact_says(void **state)
{
	struct numa_config c = { .nodes = 4 };
	struct numa_letters l;
	(void)state;

	assert_true(numa_config_letters("RLI", &c, &l));
	assert_int_equal(c.place[NUMA_GPT], NUMA_REMOTE);
	assert_int_equal(c.place[NUMA_EPT], NUMA_LOCAL);
	assert_true(c.is_contended && !l.is_native && !l.is_huge);
	assert_true(numa_config_letters("TFRRIE", &c, &l));
	assert_true(l.is_huge && l.is_fragmented && c.span == NUMA_THIN);
	assert_int_equal(c.fix[NUMA_EPT], NUMA_MIGRATE);
	assert_int_equal(c.fix[NUMA_GPT], NUMA_NONE);
	assert_true(numa_config_letters("RIM", &c, &l) && l.is_native);
	assert_int_equal(c.fix[NUMA_GPT], NUMA_MIGRATE);
	assert_true(numa_config_letters("TOFMP", &c, &l));
	assert_true(l.is_huge && !l.is_fragmented && c.span == NUMA_WIDE);
	assert_int_equal(c.view, NUMA_TOLD);
	assert_int_equal(c.fix[NUMA_EPT], NUMA_REPLICATE);
	assert_true(numa_config_letters("FA", &c, &l) && c.fix[NUMA_GPT] == NUMA_NONE);
}

static void other_letters_mean_nothing(void **state)
{
	static const char *const none[] = { "",    "X",    "LLX", "RRIX", "LRIEG", "M",
					    "OFM", "OFMX", "FMP", "TFF",  "IA",    "ll" };
	struct numa_config c = { .nodes = 4 };
	struct numa_letters l;
	(void)state;

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		if (numa_config_letters(none[i], &c, &l))
			fail_msg("'%s' was taken", none[i]);
}

static void pairs_that_cannot_be_are_refused_with_the_reason(void **state)
{
	struct numa_config c = { .nodes = 4, .fix = { NUMA_NONE, NUMA_REPLICATE } };
	struct err e = {};
	(void)state;

	assert_int_equal(numa_config_check(&c, WALK_NATIVE, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "no tables of a host"));
	assert_int_equal(numa_config_check(&c, WALK_TPT_OPT, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "under TPT the guest's own table"));
	assert_int_equal(numa_config_check(&c, WALK_SHADOW_UNSYNC, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "the shadow table is the only one"));
	assert_int_equal(numa_config_check(&c, WALK_NESTED, &e), 0);
	c.view = NUMA_OBLIVIOUS;
	c.fix[NUMA_GPT] = NUMA_REPLICATE;
	assert_int_equal(numa_config_check(&c, WALK_NESTED, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "told"));
	c.view = NUMA_TOLD;
	assert_int_equal(numa_config_check(&c, WALK_NESTED, &e), 0);
}

/* ---- a move ---- */

static void data_that_moves_leaves_its_tables_behind(void **state)
{
	struct arena arena = {};
	struct numa_leaves l;
	uint64_t n[2][2];
	(void)state;

	assert_true(numa_leaves_init(&l, 24576 + 10, &arena));
	assert_int_equal(l.n, 49);
	numa_leaves_move(&l, UINT64_MAX);
	numa_leaves_count(&l, n);
	assert_int_equal(n[0][1], 24586);
	assert_int_equal(n[0][0] + n[1][0] + n[1][1], 0);
	/* until something makes them follow */
	assert_int_equal(numa_leaves_follow(&l), 49);
	numa_leaves_count(&l, n);
	assert_int_equal(n[1][1], 24586);
	arena_deinit(&arena);
}

static void a_table_follows_when_more_than_half_of_its_pages_went(void **state)
{
	struct arena arena = {};
	struct numa_leaves l;
	(void)state;

	assert_true(numa_leaves_init(&l, 512, &arena));
	numa_leaves_move(&l, 256);
	assert_int_equal(numa_leaves_follow(&l), 0);
	numa_leaves_move(&l, 1);
	assert_int_equal(numa_leaves_follow(&l), 1);
	assert_int_equal(numa_leaves_follow(&l), 0);
	arena_deinit(&arena);
}

/* Ends at run / (run + what stays away), for each fix and mover. */
static void a_timeline_ends_where_the_arithmetic_says(void **state)
{
	static const struct numa_move_config c = { 350, 50, 100, 500000 };
	static const struct numa_pace pace = { 1000000, { 400000, 600000 }, 300000 };
	static const struct {
		enum numa_mover mover;
		int fix[NUMA_TABLES];
		uint64_t end_ppm;
	} of[] = {
		{ NUMA_GUEST_MOVES, { NUMA_NONE, NUMA_NONE }, 500000 },
		{ NUMA_GUEST_MOVES, { NUMA_MIGRATE, NUMA_NONE }, 625000 },
		{ NUMA_GUEST_MOVES, { NUMA_NONE, NUMA_MIGRATE }, 714285 },
		{ NUMA_GUEST_MOVES, { NUMA_MIGRATE, NUMA_MIGRATE }, 1000000 },
		{ NUMA_VM_MOVES, { NUMA_NONE, NUMA_NONE }, 625000 },
		{ NUMA_VM_MOVES, { NUMA_NONE, NUMA_MIGRATE }, 1000000 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		struct arena arena = {};
		struct numa_sample s[350];
		struct err e = {};
		assert_int_equal(
			numa_move_play(&c, of[i].mover, of[i].fix, &pace, 1, &arena, s, &e), 0);
		assert_int_equal(s[49].throughput_ppm, 1000000);
		/* all is away: 1 / (1 + 0.4 + 0.6 + half of 0.3) */
		assert_int_equal(s[50].throughput_ppm, 465116);
		assert_in_range(numa_move_end_ppm(s, 350, 50), of[i].end_ppm - 1,
				of[i].end_ppm + 1);
		for (int k = 51; k < 350; k++)
			assert_true(s[k].throughput_ppm >= s[k - 1].throughput_ppm);
		arena_deinit(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reference_of_the_walker_is_served_somewhere),
		cmocka_unit_test(random_placement_leaves_one_in_n_squared_local),
		cmocka_unit_test(one_node_is_no_numa),
		cmocka_unit_test(replication_never_adds_remote_references),
		cmocka_unit_test(penalties_of_guest_and_host_add),
		cmocka_unit_test(a_thin_program_whose_tables_follow_is_as_if_local),
		cmocka_unit_test(letters_mean_what_the_artifact_says),
		cmocka_unit_test(other_letters_mean_nothing),
		cmocka_unit_test(pairs_that_cannot_be_are_refused_with_the_reason),
		cmocka_unit_test(data_that_moves_leaves_its_tables_behind),
		cmocka_unit_test(a_table_follows_when_more_than_half_of_its_pages_went),
		cmocka_unit_test(a_timeline_ends_where_the_arithmetic_says),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
