// SPDX-License-Identifier: MIT
/*
 * What a guest's kernel does to its tables: TLB entries that go, exits of shadow
 * paging that follow, the share of a boot, tags; and what counts cost in cycles.
 */
#include "base/rng.h"
#include "sim/walk-cost.h"

#include "t/walk-scene.h"

static const uint64_t pages[] = { 0x400000, 0x401000, 0x402000, 0x403000 };

static void update(struct scene *s, enum walk_op op, uint32_t space, uint64_t va, uint64_t count)
{
	const struct walk_update u = { .op = op, .space = space, .va = va, .count = count };
	if (walk_update(s->walk, &u, &s->e))
		fail_msg("%s", s->e.msg);
}

/* n accesses anywhere in so many pages from 1 GiB on */
static void access_random(struct scene *s, struct rng *rng, uint64_t in_pages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t va = 0x40000000 + (rng_below(rng, in_pages) << 12);
		scene_access(s, &va, 1);
	}
}

/* ---- shadow paging ---- */

static void naive_shadow_exits_for_each_entry_but_the_root(void **state)
{
	struct scene s = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=shadow-naive");
	scene_add(&s, "walk.mode=shadow-naive walk.populated=yes");
	scene_add(&s, "walk.mode=native");
	scene_start(&s);
	rng_init(&rng, 1, "walk-update");
	access_random(&s, &rng, 5000, 20000);
	const struct walk_counts c = scene_counts(&s, 0), mapped = scene_counts(&s, 1);
	assert_int_equal(c.exits, c.data_pages + c.table_pages - 1);
	assert_int_equal(c.updates, c.exits);
	assert_int_equal(mapped.exits, 0);
	assert_int_equal(mapped.data_pages, c.data_pages);
	assert_int_equal(scene_counts(&s, 2).exits, 0);
	assert_int_equal(scene_counts(&s, 2).total_refs, c.total_refs);
	scene_end(&s);
}

/*
 * Three pages of one leaf table: 3 entries above it, its first write, 3 pages that
 * are missing in the shadow. A switch takes one and makes it read-only again.
 */
static void unsync_shadow_exits_once_a_leaf_table_until_a_switch(void **state)
{
	struct scene s = {};
	(void)state;
	scene_add(&s, "walk.mode=shadow-unsync");
	scene_start(&s);
	scene_access(&s, pages, 3);
	assert_int_equal(scene_counts(&s, 0).exits, 3 + 1 + 3);
	update(&s, WALK_SET, 0, pages[0], 3); /* rewritten: nobody is told */
	assert_int_equal(scene_counts(&s, 0).exits, 7);
	assert_int_equal(scene_counts(&s, 0).updates, 6 + 3);
	update(&s, WALK_INVLPG, 0, pages[0], 1);
	assert_int_equal(scene_counts(&s, 0).exits, 8);
	update(&s, WALK_CR3, 5, UINT64_MAX, 1); /* another space: its tables only */
	assert_int_equal(scene_counts(&s, 0).synced_tables, 0);
	update(&s, WALK_CR3, 0, UINT64_MAX, 1);
	assert_int_equal(scene_counts(&s, 0).synced_tables, 1);
	assert_int_equal(scene_counts(&s, 0).exits, 10);
	scene_access(&s, &pages[3], 1);
	assert_int_equal(scene_counts(&s, 0).exits, 12);
	scene_end(&s);
}

static void entries_of_unknown_pages_are_counted(void **state)
{
	struct scene s = {};
	(void)state;
	scene_add(&s, "walk.mode=shadow-naive");
	scene_add(&s, "walk.mode=shadow-unsync");
	scene_start(&s);
	update(&s, WALK_SET, 0, UINT64_MAX, 1000);
	update(&s, WALK_FORK, 0, UINT64_MAX, 513);
	assert_int_equal(scene_counts(&s, 0).updates, 1000 + 2 * 513);
	assert_int_equal(scene_counts(&s, 0).exits, 1000 + 2 * 513);
	assert_int_equal(scene_counts(&s, 1).exits, 2 + 2);
	scene_end(&s);
}

static void a_storm_of_spawns_costs_naive_shadow_most(void **state)
{
	struct scene s = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=shadow-naive walk.populated=yes walk.spawn_every=1000");
	scene_add(&s, "walk.mode=shadow-unsync walk.populated=yes walk.spawn_every=1000");
	scene_add(&s, "walk.mode=nested walk.populated=yes walk.spawn_every=1000");
	scene_start(&s);
	rng_init(&rng, 2, "walk-update");
	access_random(&s, &rng, 100, 10000);
	const struct walk_counts naive = scene_counts(&s, 0), unsync = scene_counts(&s, 1);
	assert_int_equal(naive.process_accesses, 10 * 400);
	assert_int_equal(naive.accesses, 14000);
	assert_int_equal(naive.mapped_pages, 100);
	assert_int_equal(naive.cr3_writes, 10 * 4);
	/* fork twice, exec, copies, the child's pages and tables there and away */
	assert_true(naive.updates > 10 * (3 * 600 + 60 + 2 * 400));
	assert_true(naive.exits == naive.updates + naive.cr3_writes);
	assert_true(3 * unsync.exits < naive.exits);
	assert_int_equal(scene_counts(&s, 2).exits, 0);
	assert_int_equal(scene_counts(&s, 2).process_accesses, 4000);
	scene_end(&s);
}

static void mapped_memory_comes_and_goes(void **state)
{
	struct scene s = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=shadow-naive walk.populated=no walk.mmap_every=1000");
	scene_add(&s, "walk.mode=shadow-naive walk.mmap_every=1000 walk.mmap_pages=40");
	scene_start(&s);
	rng_init(&rng, 3, "walk-update");
	access_random(&s, &rng, 50, 3000);
	assert_int_equal(scene_counts(&s, 0).mapped_pages, 50);
	assert_int_equal(scene_counts(&s, 0).data_pages, 50 + 3 * 16);
	assert_int_equal(scene_counts(&s, 0).invlpgs, 3 * 16);
	assert_int_equal(scene_counts(&s, 1).invlpgs, 0); /* from 33 pages on Linux flushes all */
	assert_int_equal(scene_counts(&s, 1).cr3_writes, 3);
	scene_end(&s);
}

/* ---- TLBs ---- */

static void invlpg_takes_the_page_and_all_walk_caches(void **state)
{
	struct scene s = {};
	(void)state;
	scene_add(&s, "walk.mode=native");
	scene_start(&s);
	scene_access(&s, pages, 2);
	update(&s, WALK_INVLPG, 0, pages[0], 1);
	scene_access(&s, &pages[1], 1);
	assert_int_equal(scene_counts(&s, 0).stlb_miss, 2);
	scene_access(&s, pages, 1);
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.stlb_miss, 3);
	assert_int_equal(c.guest_refs, 4 + 1 + 4);
	scene_end(&s);
}

static void a_switch_flushes_all_without_pcid_only(void **state)
{
	struct scene s = {};
	(void)state;
	scene_add(&s, "walk.pcid=yes");
	scene_add(&s, "walk.pcid=no");
	scene_start(&s);
	scene_access(&s, pages, 3);
	update(&s, WALK_CR3, 7, UINT64_MAX, 1);
	update(&s, WALK_CR3, 0, UINT64_MAX, 1);
	scene_access(&s, pages, 3);
	assert_int_equal(scene_counts(&s, 0).stlb_miss, 3);
	assert_int_equal(scene_counts(&s, 1).stlb_miss, 6);
	assert_int_equal(scene_counts(&s, 1).guest_refs, 2 * (4 + 1 + 1));
	scene_end(&s);
}

/* What is left are the root and, in TLBs, other spaces. */
static void an_address_space_that_ends_leaves_nothing(void **state)
{
	struct scene s = {};
	const uint32_t bytes = 8;
	(void)state;
	scene_add(&s, "walk.mode=nested");
	scene_start(&s);
	scene_access(&s, pages, 3);
	assert_int_equal(walk_access(s.walk, 9, pages, &bytes, 1, &s.e), 0);
	update(&s, WALK_EXIT, 0, UINT64_MAX, 0);
	assert_int_equal(scene_counts(&s, 0).mapped_pages, 1);
	assert_int_equal(walk_access(s.walk, 9, pages, &bytes, 1, &s.e), 0);
	assert_int_equal(scene_counts(&s, 0).stlb_miss, 4);
	scene_access(&s, pages, 3);
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.stlb_miss, 7);
	assert_int_equal(c.mapped_pages, 4);
	assert_int_equal(c.data_pages, 7);
	assert_int_equal(c.updates, (3 + 3) + (3 + 1) + (3 + 3) + (3 + 3));
	scene_end(&s);
}

static void a_cleared_page_is_new_when_it_is_used_again(void **state)
{
	struct scene s = {};
	(void)state;
	scene_add(&s, "walk.mode=native");
	scene_start(&s);
	scene_access(&s, pages, 2);
	update(&s, WALK_CLEAR, 0, pages[0], 2);
	update(&s, WALK_INVLPG, 0, pages[0], 1);
	scene_access(&s, pages, 1);
	assert_int_equal(scene_counts(&s, 0).data_pages, 3);
	assert_int_equal(scene_counts(&s, 0).mapped_pages, 1);
	scene_end(&s);
}

/* 2^32 pages of which two are there: no time is spent on the others. */
static void clearing_much_clears_what_is_there(void **state)
{
	struct scene s = {};
	(void)state;
	scene_add(&s, "walk.mode=native");
	scene_start(&s);
	scene_access(&s, pages, 2);
	update(&s, WALK_CLEAR, 0, 0, UINT64_C(1) << 32);
	update(&s, WALK_INVLPG, 0, 0, UINT64_C(1) << 32);
	assert_int_equal(scene_counts(&s, 0).mapped_pages, 0);
	assert_int_equal(scene_counts(&s, 0).updates, 3 + 2 + 2);
	scene_access(&s, pages, 2);
	assert_int_equal(scene_counts(&s, 0).stlb_miss, 4);
	scene_end(&s);
}

/* ---- TPT ---- */

static void a_boot_walks_as_nested_paging_and_then_no_more(void **state)
{
	struct scene s = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=tpt-opt");
	scene_add(&s, "walk.mode=nested");
	scene_add(&s, "walk.mode=tpt-opt");
	scene_add(&s, "walk.mode=tpt-opt walk.host_page=2M"); /* a host side of its own */
	s.configs[0].boot_accesses = 1500;
	s.configs[2].boot_accesses = 1000000;
	s.configs[3].boot_accesses = 1500;
	scene_start(&s);
	rng_init(&rng, 4, "walk-update");
	access_random(&s, &rng, 100000, 1500);
	const struct walk_counts half = scene_counts(&s, 1), large = scene_counts(&s, 3);
	access_random(&s, &rng, 100000, 1500);
	const struct walk_counts booted = scene_counts(&s, 0), nested = scene_counts(&s, 1);
	assert_true(half.host_refs > 1500 && nested.host_refs > half.host_refs);
	assert_int_equal(booted.host_refs, half.host_refs);
	assert_int_equal(booted.boot_host_refs, half.host_refs);
	assert_memory_equal(booted.host_refs_level, half.host_refs_level,
			    sizeof(half.host_refs_level));
	assert_int_equal(scene_counts(&s, 2).host_refs, nested.host_refs);
	assert_int_equal(scene_counts(&s, 2).tag_lookups, 0);
	assert_int_equal(scene_counts(&s, 3).host_refs, large.host_refs);
	scene_end(&s);
}

static void each_reference_and_the_data_look_a_tag_up(void **state)
{
	struct scene s = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=tpt-naive");
	scene_add(&s, "walk.mode=tpt-opt walk.tag_cache=none");
	scene_start(&s);
	rng_init(&rng, 5, "walk-update");
	access_random(&s, &rng, 100000, 5000);
	const struct walk_counts c = scene_counts(&s, 0), none = scene_counts(&s, 1);
	assert_int_equal(c.tag_lookups, c.guest_refs + c.stlb_miss);
	assert_true(c.tag_misses > 0 && c.tag_misses < c.tag_lookups);
	assert_int_equal(none.tag_misses, none.tag_lookups);
	assert_int_equal(none.tag_lookups, c.tag_lookups);
	scene_end(&s);
}

static void revoked_pages_are_counted_by_accesses(void **state)
{
	struct scene s = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=tpt-opt walk.revokes_per_maccess=2000");
	scene_start(&s);
	rng_init(&rng, 6, "walk-update");
	access_random(&s, &rng, 10, 5000);
	assert_int_equal(scene_counts(&s, 0).revokes, 10);
	scene_end(&s);
}

/* ---- cycles ---- */

/* 100 lines: 25 in each cache and in memory. */
static const struct walk_costs costs = {
	.access = 10,
	.stlb_hit = 7,
	.exposed_ppm = 500000,
	.cache_bytes = { 25 * 64, 25 * 64, 25 * 64 },
	.cache = { 4, 12, 40 },
	.memory = 200,
	.exit = 1000,
	.handling = 500,
	.sync_table = 100,
	.tag_hit = 3,
	.tag_miss = 50,
	.revoke = 4000,
};

static void references_cost_what_the_cache_of_their_lines_does(void **state)
{
	const struct walk_config design = { .mode = WALK_SHADOW_UNSYNC, .leaves = { .level = 1 } };
	struct walk_counts c = { .accesses = 1000, .stlb_hit = 10, .exits = 2, .synced_tables = 3 };
	struct walk_cycles y;
	(void)state;
	c.guest_refs_level[1] = 400;
	c.guest_lines[1] = 99;
	walk_cost(&costs, &design, &c, &y);
	assert_int_equal(y.walk, 100 * (4 + 12 + 40 + 200));
	assert_int_equal(y.base, 10000);
	assert_int_equal(y.translation, (y.walk + 70) / 2);
	assert_int_equal(y.exits, 2 * 1500 + 3 * 100);
	assert_int_equal(y.total, y.base + y.translation + y.exits);

	/* a level with more references a line has the near caches first */
	c.host_refs_level[2] = 400;
	c.host_lines[2] = 24;
	walk_cost(&costs, &design, &c, &y);
	assert_int_equal(y.host_level[2], 400 * 4);
	assert_int_equal(y.guest_level[1], 100 * (12 + 40 + 2 * 200));
}

static void tags_cost_only_where_they_are_looked_up_in_series(void **state)
{
	struct walk_config design = { .mode = WALK_TPT_OPT, .leaves = { .level = 1 } };
	const struct walk_counts c = { .tag_lookups = 100, .tag_misses = 10, .revokes = 2 };
	struct walk_cycles y;
	(void)state;
	walk_cost(&costs, &design, &c, &y);
	assert_int_equal(y.total, 2 * 4000);
	design.mode = WALK_TPT_NAIVE;
	walk_cost(&costs, &design, &c, &y);
	assert_int_equal(y.total, (100 * 3 + 10 * 50) / 2 + 2 * 4000);
}

static void data_of_walks_is_far_as_the_pages_do_not_fit(void **state)
{
	const struct walk_config design = { .leaves = { .level = 1 } };
	struct walk_costs p = costs;
	const struct walk_counts c = { .stlb_miss = 1000, .mapped_pages = 100 };
	struct walk_cycles y;
	(void)state;
	p.data_exposed_ppm = 250000;
	p.llc_data_bytes = 60 * 4096;
	walk_cost(&p, &design, &c, &y);
	assert_int_equal(y.base, (600 * 40 + 400 * 200) / 4);
}

static void sums_saturate(void **state)
{
	const struct walk_config design = { .leaves = { .level = 3 } };
	struct walk_counts c = { .accesses = UINT64_MAX,
				 .stlb_miss = UINT64_MAX,
				 .mapped_pages = UINT64_MAX,
				 .exits = UINT64_MAX };
	struct walk_cycles y;
	(void)state;
	c.guest_refs_level[1] = UINT64_MAX;
	walk_cost(&costs, &design, &c, &y);
	assert_int_equal(y.total, UINT64_MAX);
}

/* ---- profiles ---- */

static void every_number_of_a_processor_has_a_kind_and_a_source(void **state)
{
	(void)state;
	for (size_t i = 0; walk_processor_names[i]; i++) {
		struct arena a = {};
		struct param_set s = { .arena = &a };
		struct walk_config config = {};
		struct walk_costs p = {};
		struct err e = {};
		size_t values = 0;
		assert_int_equal(param_set_add(&s, walk_params, walk_nparams, &config, &e), 0);
		assert_int_equal(param_set_add(&s, walk_cost_params, walk_cost_nparams, &p, &e), 0);
		if (walk_read_processor(&s, walk_processor_names[i], &e) ||
		    walk_config_resolve(&config, &s, &e))
			fail_msg("%s", e.msg);
		for (size_t k = 0; k < s.n; k++) {
			if (!s.entries[k].file)
				continue;
			values++;
			if (s.entries[k].kind < PARAM_SPEC || !*s.entries[k].source)
				fail_msg("%s: no kind or no source", s.entries[k].origin);
		}
		assert_int_equal(values, 8 + walk_cost_nparams - 1);
		assert_true(p.cache[0] < p.cache[1] && p.cache[1] < p.cache[2]);
		assert_true(p.cache[2] < p.memory);
		arena_deinit(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(naive_shadow_exits_for_each_entry_but_the_root),
		cmocka_unit_test(unsync_shadow_exits_once_a_leaf_table_until_a_switch),
		cmocka_unit_test(entries_of_unknown_pages_are_counted),
		cmocka_unit_test(a_storm_of_spawns_costs_naive_shadow_most),
		cmocka_unit_test(mapped_memory_comes_and_goes),
		cmocka_unit_test(invlpg_takes_the_page_and_all_walk_caches),
		cmocka_unit_test(a_switch_flushes_all_without_pcid_only),
		cmocka_unit_test(an_address_space_that_ends_leaves_nothing),
		cmocka_unit_test(a_cleared_page_is_new_when_it_is_used_again),
		cmocka_unit_test(clearing_much_clears_what_is_there),
		cmocka_unit_test(a_boot_walks_as_nested_paging_and_then_no_more),
		cmocka_unit_test(each_reference_and_the_data_look_a_tag_up),
		cmocka_unit_test(revoked_pages_are_counted_by_accesses),
		cmocka_unit_test(references_cost_what_the_cache_of_their_lines_does),
		cmocka_unit_test(tags_cost_only_where_they_are_looked_up_in_series),
		cmocka_unit_test(data_of_walks_is_far_as_the_pages_do_not_fit),
		cmocka_unit_test(sums_saturate),
		cmocka_unit_test(every_number_of_a_processor_has_a_kind_and_a_source),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
