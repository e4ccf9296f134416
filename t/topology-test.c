// SPDX-License-Identifier: MIT
/* Sockets from made-up machines of every shape, with noise; each seed is another machine. */
#include "sim/topology.h"

#include "base/cleanup.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CPUS_MAX = 256, SEEDS = 6 };

/* Latencies in ns by what two CPUs share; sizes in CPUs, 0: there is no such thing. */
struct shape {
	unsigned nodes, node_cpus, core_cpus, cache_cpus, die_cpus;
	uint32_t core, cache, die, node, near,
		far;        /* near, far: half of the nodes are one hop away */
	unsigned noise_ppm; /* standard deviation */
	unsigned missing_ppm;
	bool has_home; /* only the last node's own latencies are those of a node */
};

struct machine {
	unsigned n;
	uint32_t v[CPUS_MAX * CPUS_MAX];
	uint16_t node[CPUS_MAX];
};

/* Near enough to normal: twelve uniform numbers. In ppm of a standard deviation. */
static int64_t normal_ppm(struct rng *r)
{
	int64_t sum = -6000000;
	for (int i = 0; i < 12; i++)
		sum += (int64_t)rng_below(r, 1000001);
	return sum;
}

static uint32_t latency(const struct shape *s, unsigned a, unsigned b)
{
	const unsigned na = a / s->node_cpus, nb = b / s->node_cpus;
	if (s->core_cpus && a / s->core_cpus == b / s->core_cpus)
		return s->core;
	if (s->cache_cpus && a / s->cache_cpus == b / s->cache_cpus)
		return s->cache;
	if (s->die_cpus && a / s->die_cpus == b / s->die_cpus)
		return s->die;
	if (na == nb && (!s->has_home || na + 1 == s->nodes))
		return s->node;
	return s->far && na / (s->nodes / 2) != nb / (s->nodes / 2) ? s->far : s->near;
}

/* CPUs are numbered at random. */
static void make(const struct shape *s, uint64_t seed, struct machine *m)
{
	unsigned place[CPUS_MAX];
	struct rng r;
	rng_init(&r, seed, "topology-test");
	m->n = s->nodes * s->node_cpus;
	for (unsigned i = 0; i < m->n; i++)
		place[i] = i;
	for (unsigned i = m->n; i > 1; i--) {
		const unsigned k = (unsigned)rng_below(&r, i), kept = place[i - 1];
		place[i - 1] = place[k];
		place[k] = kept;
	}
	for (unsigned i = 0; i < m->n; i++) {
		m->node[i] = (uint16_t)(place[i] / s->node_cpus);
		m->v[i * m->n + i] = 0;
		for (unsigned k = 0; k < i; k++) {
			const int64_t ps = (int64_t)latency(s, place[i], place[k]) * 1000;
			const int64_t off = ps * normal_ppm(&r) / 1000000 * s->noise_ppm / 1000000;
			const int64_t x = ps + off > ps / 3 ? ps + off : ps / 3;
			const bool is_missing = rng_below(&r, 1000000) < s->missing_ppm;
			m->v[i * m->n + k] = m->v[k * m->n + i] = is_missing ? 0 : (uint32_t)x;
		}
	}
}

static bool is_right(const struct machine *m, const uint16_t *group)
{
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < i; k++)
			if ((group[i] == group[k]) != (m->node[i] == m->node[k]))
				return false;
	return true;
}

struct score {
	unsigned right, wrong, undecided;
	enum topology_basis last;
};

static struct score score(const struct shape *s)
{
	_free_ struct machine *m = malloc(sizeof(*m));
	struct score out = {};
	assert_non_null(m);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint16_t group[CPUS_MAX];
		struct topology t;
		struct err e = {};
		make(s, seed, m);
		assert_int_equal(topology_find(m->v, m->n, 1, &t, group, &e), 0);
		out.last = t.basis;
		if (!t.is_decided)
			out.undecided++;
		else if (is_right(m, group))
			out.right++;
		else
			out.wrong++;
	}
	return out;
}

static void check_all_right(const struct shape *s)
{
	const struct score x = score(s);
	if (x.right < SEEDS)
		fail_msg("%u nodes of %u: %u wrong, %u undecided: %s", s->nodes, s->node_cpus,
			 x.wrong, x.undecided, topology_reasons[x.last]);
}

static void check_none_decided(const struct shape *s, enum topology_basis basis)
{
	const struct score x = score(s);
	if (x.undecided < SEEDS || x.last != basis)
		fail_msg("%u right, %u wrong: %s", x.right, x.wrong, topology_reasons[x.last]);
}

static const unsigned node_counts[] = { 1, 2, 4, 8 };

static void nodes_are_found_with_noise(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned cpus = 6; cpus <= 24; cpus += 18) {
			const struct shape few = { .nodes = node_counts[i],
						   .node_cpus = cpus,
						   .node = 50,
						   .near = 120,
						   .noise_ppm = 60000 };
			check_all_right(&few);
			struct shape close = few; /* a ratio of 1.6 */
			close.node = 80;
			close.near = 130;
			close.noise_ppm = 40000;
			check_all_right(&close);
		}
}

static void threads_of_a_core_are_no_sockets(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const struct shape two = { .nodes = node_counts[i],
					   .node_cpus = 24,
					   .core_cpus = 2,
					   .core = 8,
					   .node = 47,
					   .near = 135,
					   .noise_ppm = 50000 };
		check_all_right(&two);
		struct shape four = two;
		four.core_cpus = 4;
		check_all_right(&four);
	}
}

static void nodes_two_hops_apart_are_nodes(void **state)
{
	(void)state;
	for (unsigned nodes = 4; nodes <= 8; nodes *= 2) {
		const struct shape s = { .nodes = nodes,
					 .node_cpus = 16,
					 .core_cpus = 2,
					 .core = 9,
					 .node = 50,
					 .near = 120,
					 .far = 190,
					 .noise_ppm = 50000 };
		check_all_right(&s);
	}
}

static void caches_of_chiplets_are_no_sockets(void **state)
{
	(void)state;
	const struct shape one = { .nodes = 1,
				   .node_cpus = 64,
				   .core_cpus = 2,
				   .cache_cpus = 16,
				   .core = 12,
				   .cache = 25,
				   .node = 115,
				   .noise_ppm = 40000 };
	check_all_right(&one);
	struct shape two = one;
	two.nodes = 2;
	two.node_cpus = 32;
	two.near = 300;
	check_all_right(&two);
	struct shape desktop = one;
	desktop.node_cpus = 32;
	desktop.cache = 19;
	desktop.core = 7;
	desktop.node = 80;
	check_all_right(&desktop);
}

/* Zen 2 with a line at home on one socket: the other's chiplets are as far from each other. */
static void a_home_socket_gives_the_other(void **state)
{
	(void)state;
	const struct shape s = { .nodes = 2,
				 .node_cpus = 32,
				 .core_cpus = 2,
				 .cache_cpus = 4,
				 .core = 9,
				 .cache = 25,
				 .node = 125,
				 .near = 230,
				 .noise_ppm = 30000,
				 .has_home = true };
	check_all_right(&s);
	struct shape four = s; /* a quarter of the CPUs: nothing tells the other three apart */
	four.nodes = 4;
	check_none_decided(&four, TOPOLOGY_UNEVEN);
}

static void what_may_be_a_cache_or_a_socket_is_undecided(void **state)
{
	(void)state;
	const struct shape quick = {
		.nodes = 4, .node_cpus = 8, .node = 24, .near = 110, .noise_ppm = 30000
	};
	check_none_decided(&quick, TOPOLOGY_CACHE);
	/* Zen 1: two caches of four cores on one die, and two such dies in one package */
	const struct shape zen = { .nodes = 2,
				   .node_cpus = 8,
				   .core_cpus = 2,
				   .core = 14,
				   .node = 41,
				   .near = 120,
				   .noise_ppm = 20000 };
	check_none_decided(&zen, TOPOLOGY_CACHE);
	const struct shape dies = { .nodes = 1,
				    .node_cpus = 64,
				    .core_cpus = 2,
				    .cache_cpus = 8,
				    .die_cpus = 16,
				    .core = 14,
				    .cache = 38,
				    .die = 130,
				    .node = 220,
				    .noise_ppm = 20000 };
	const struct score x = score(&dies);
	assert_int_equal(x.wrong, 0);
	assert_int_equal(x.last, TOPOLOGY_DIE);
}

static void noise_that_hides_nodes_is_never_a_wrong_answer(void **state)
{
	(void)state;
	unsigned wrong = 0, undecided = 0;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned noise = 80000; noise <= 320000; noise *= 2) {
			const struct shape near = { .nodes = node_counts[i],
						    .node_cpus = 6,
						    .node = 100,
						    .near = 140,
						    .noise_ppm = noise };
			const struct score x = score(&near);
			wrong += x.wrong;
			undecided += x.undecided;
		}
	assert_int_equal(wrong, 0);
	assert_in_range(undecided, 1, 12 * SEEDS);
}

static void missing_pairs_do_not_matter(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const struct shape s = { .nodes = node_counts[i],
					 .node_cpus = 12,
					 .core_cpus = 2,
					 .core = 8,
					 .node = 50,
					 .near = 120,
					 .noise_ppm = 30000,
					 .missing_ppm = 20000 };
		const struct score x = score(&s);
		assert_int_equal(x.wrong, 0);
		assert_in_range(x.right, SEEDS / 2, SEEDS);
	}
}

static void the_numbers_of_cpus_do_not_matter(void **state)
{
	(void)state;
	const struct shape s = { .nodes = 4,
				 .node_cpus = 12,
				 .core_cpus = 2,
				 .core = 8,
				 .node = 50,
				 .near = 120,
				 .noise_ppm = 80000 };
	_free_ struct machine *m = malloc(sizeof(*m)), *turned = malloc(sizeof(*turned));
	assert_true(m && turned);
	make(&s, 5, m);
	turned->n = m->n;
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < m->n; k++)
			turned->v[(m->n - 1 - i) * m->n + m->n - 1 - k] = m->v[i * m->n + k];
	uint16_t group[CPUS_MAX], other[CPUS_MAX];
	struct topology a, b;
	struct err e;
	assert_int_equal(topology_find(m->v, m->n, 1, &a, group, &e), 0);
	assert_int_equal(topology_find(turned->v, m->n, 1, &b, other, &e), 0);
	assert_true(a.is_decided && b.is_decided);
	assert_int_equal(a.inside_ps, b.inside_ps);
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < i; k++)
			assert_true((group[i] == group[k]) ==
				    (other[m->n - 1 - i] == other[m->n - 1 - k]));
}

static void the_same_matrix_gives_the_same_answer(void **state)
{
	(void)state;
	const struct shape s = {
		.nodes = 2, .node_cpus = 12, .node = 80, .near = 120, .noise_ppm = 120000
	};
	_free_ struct machine *m = malloc(sizeof(*m));
	assert_non_null(m);
	make(&s, 3, m);
	uint16_t group[CPUS_MAX], again[CPUS_MAX];
	struct topology a, b;
	struct err e;
	assert_int_equal(topology_find(m->v, m->n, 7, &a, group, &e), 0);
	assert_int_equal(topology_find(m->v, m->n, 7, &b, again, &e), 0);
	assert_int_equal(a.confidence_ppm, b.confidence_ppm);
	assert_memory_equal(group, again, m->n * sizeof(*group));
}

static void little_or_no_data_is_no_trouble(void **state)
{
	(void)state;
	uint32_t v[16] = {};
	uint16_t group[4];
	struct topology t;
	struct err e;
	assert_int_equal(topology_find(v, 1, 1, &t, group, &e), 0);
	assert_true(t.is_decided && t.sockets == 1 && group[0] == 0);
	assert_int_equal(topology_find(v, 4, 1, &t, group, &e), 0); /* nothing measured */
	assert_false(t.is_decided);
	assert_int_equal(t.basis, TOPOLOGY_NO_PAIRS);
	v[1] = v[4] = 50000;
	v[11] = v[14] = 60000; /* 0-1 and 2-3, nothing between */
	assert_int_equal(topology_find(v, 4, 1, &t, group, &e), 0);
	assert_int_equal(t.basis, TOPOLOGY_NO_PAIRS);
	v[1] = v[2] = 50000; /* two CPUs: of one socket, or of two? */
	assert_int_equal(topology_find(v, 2, 1, &t, group, &e), 0);
	assert_int_equal(t.basis, TOPOLOGY_FEW);
	assert_int_equal(topology_find(v, 0, 1, &t, group, &e), ERR_USAGE);
	assert_int_equal(topology_find(v, TOPOLOGY_CPUS_MAX + 1, 1, &t, group, &e), ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_are_found_with_noise),
		cmocka_unit_test(threads_of_a_core_are_no_sockets),
		cmocka_unit_test(nodes_two_hops_apart_are_nodes),
		cmocka_unit_test(caches_of_chiplets_are_no_sockets),
		cmocka_unit_test(a_home_socket_gives_the_other),
		cmocka_unit_test(what_may_be_a_cache_or_a_socket_is_undecided),
		cmocka_unit_test(noise_that_hides_nodes_is_never_a_wrong_answer),
		cmocka_unit_test(missing_pairs_do_not_matter),
		cmocka_unit_test(the_numbers_of_cpus_do_not_matter),
		cmocka_unit_test(the_same_matrix_gives_the_same_answer),
		cmocka_unit_test(little_or_no_data_is_no_trouble),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
