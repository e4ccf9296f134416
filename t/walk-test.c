// SPDX-License-Identifier: MIT
/*
 * Page walks in closed form: references without caches, what each cache saves,
 * the frames of the bump layout, what an observer is told. Whole traces are
 * compared with the oracle in walk-oracle-test.c.
 */
#include "base/rng.h"

#include "t/walk-scene.h"

static const char *const no_caches = "walk.guest_pwc=none walk.host_pwc=none walk.ntlb=none";

/* References of the first walk. */
static uint64_t first_refs(const char *settings)
{
	struct scene s = {};
	const uint64_t va = 0x7f1234567890;
	char text[300];
	snprintf(text, sizeof(text), "%s %s", settings, no_caches);
	scene_add(&s, text);
	scene_start(&s);
	scene_access(&s, &va, 1);
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.stlb_miss, 1);
	assert_int_equal(c.walk_refs_hist[c.total_refs], 1);
	scene_end(&s);
	return c.total_refs;
}

static void the_published_reference_counts_come_out(void **state)
{
	(void)state;
	assert_int_equal(first_refs("walk.mode=native"), 4);
	assert_int_equal(first_refs("walk.guest_levels=5"), 5);
	assert_int_equal(first_refs("walk.guest_page=2M"), 3);
	assert_int_equal(first_refs("walk.mode=nested"), 24);
	assert_int_equal(first_refs("walk.mode=nested walk.guest_levels=5 walk.host_levels=5"), 35);
	assert_int_equal(first_refs("walk.mode=nested walk.host_page=2M"), 19);
	assert_int_equal(first_refs("walk.mode=nested walk.guest_page=2M walk.host_page=4K"), 19);
	assert_int_equal(first_refs("walk.mode=nested walk.guest_page=2M walk.host_page=2M"), 15);
}

static void every_pair_of_levels_costs_g_plus_1_times_h_plus_1_less_1(void **state)
{
	int pairs = 0;
	(void)state;
	for (int gl = 3; gl <= 5; gl++)
		for (int gp = 0; gp < WALK_PAGES; gp++)
			for (int hl = 3; hl <= 5; hl++)
				for (int hp = 0; hp < WALK_PAGES; hp++) {
					char text[200];
					snprintf(text, sizeof(text),
						 "walk.mode=nested walk.guest_levels=%d "
						 "walk.guest_page=%s walk.host_levels=%d "
						 "walk.host_page=%s",
						 gl, walk_page_names[gp], hl, walk_page_names[hp]);
					const int g = gl - gp, h = hl - hp;
					struct scene s = {};
					strcat(text, " walk.guest_pwc=none walk.host_pwc=none");
					strcat(text, " walk.ntlb=none");
					scene_add(&s, text);
					scene_start(&s);
					const uint64_t va = 0x1234567890; /* 39 bits hold it */
					scene_access(&s, &va, 1);
					const struct walk_counts c = scene_counts(&s, 0);
					assert_int_equal(c.total_refs, (g + 1) * (h + 1) - 1);
					assert_int_equal(c.guest_refs, g);
					assert_int_equal(c.host_refs_for_data, h);
					assert_int_equal(c.ntlb_lookup, g + 1);
					scene_end(&s);
					pairs++;
				}
	assert_int_equal(pairs, 81);
}

/* Two pages of one 2 MiB region, then one of the next, without TLBs. */
static void a_walk_cache_starts_below_its_deepest_hit(void **state)
{
	struct scene s = {};
	const uint64_t va[] = { 0x400000, 0x401000, 0x600000, 0x40000000, 0x8000000000 };
	(void)state;
	scene_add(&s, "walk.guest_pwc=4:4_3:8_2:32");
	scene_start(&s);
	static const unsigned refs[] = { 4, 1, 2, 3, 4 };
	uint64_t sum = 0;
	for (size_t i = 0; i < 5; i++) {
		scene_access(&s, &va[i], 1);
		sum += refs[i];
		assert_int_equal(scene_counts(&s, 0).guest_refs, sum);
	}
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.guest_start_level[4], 2);
	assert_int_equal(c.guest_start_level[1], 1);
	assert_int_equal(c.table_pages, 1 + 3 + 1 + 2 + 3);
	scene_end(&s);
}

static void a_straddling_access_touches_the_last_page_too(void **state)
{
	struct scene s = {};
	const uint64_t va = 0x400ffc;
	const uint32_t sizes[] = { 4, 5, 0 };
	(void)state;
	scene_add(&s, "walk.mode=native");
	scene_start(&s);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(walk_access(s.walk, 0, &va, &sizes[i], 1, &s.e), 0);
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.accesses, 4);
	assert_int_equal(c.data_pages, 2);
	assert_int_equal(c.l1_miss, 2);
	scene_end(&s);
}

/* 64 entries of 4 ways: 16 sets, so pages 16 apart meet. */
static void the_fifth_page_of_a_set_drives_out_the_oldest(void **state)
{
	struct scene s = {};
	uint64_t va[5];
	(void)state;
	for (uint64_t i = 0; i < 5; i++)
		va[i] = (0x400 + 16 * i) << 12;
	scene_add(&s, "walk.l1_dtlb_4k=64/4");
	scene_start(&s);
	scene_access(&s, va, 4);
	scene_access(&s, va, 1); /* the first is the most recent now */
	scene_access(&s, &va[4], 1);
	assert_int_equal(scene_counts(&s, 0).l1_miss, 5);
	scene_access(&s, va, 1);
	assert_int_equal(scene_counts(&s, 0).l1_miss, 5);
	scene_access(&s, &va[1], 1); /* was the oldest */
	assert_int_equal(scene_counts(&s, 0).l1_miss, 6);
	assert_int_equal(scene_counts(&s, 0).stlb_hit, 1);
	scene_end(&s);
}

static void without_a_first_tlb_each_access_misses_it(void **state)
{
	struct scene s = {};
	const uint64_t va[] = { 0x400000, 0x400008, 0x400010 };
	(void)state;
	scene_add(&s, "walk.l1_dtlb_4k=none");
	scene_add(&s, "walk.l1_dtlb_4k=none walk.stlb=none");
	scene_start(&s);
	scene_access(&s, va, 3);
	assert_int_equal(scene_counts(&s, 0).l1_miss, 3);
	assert_int_equal(scene_counts(&s, 0).stlb_miss, 1);
	assert_int_equal(scene_counts(&s, 1).stlb_miss, 3);
	scene_end(&s);
}

/* Address spaces have tables and TLB entries of their own. */
static void the_same_address_in_another_space_is_another_page(void **state)
{
	struct scene s = {};
	const uint64_t va = 0x400000;
	const uint32_t bytes = 8, spaces[] = { 700, 3, 700, 3 };
	(void)state;
	scene_add(&s, "walk.mode=nested");
	scene_start(&s);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(walk_access(s.walk, spaces[i], &va, &bytes, 1, &s.e), 0);
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.stlb_miss, 2);
	assert_int_equal(c.data_pages, 2);
	assert_int_equal(c.table_pages, 8);
	scene_end(&s);
}

static void an_address_that_the_levels_cannot_hold_is_refused(void **state)
{
	struct scene s = {};
	const uint64_t va[] = { 0xffff800000001000, 0x800000000000 };
	const uint32_t bytes[] = { 8, 8 };
	(void)state;
	scene_add(&s, "walk.mode=native");
	scene_start(&s);
	assert_int_equal(walk_access(s.walk, 0, va, bytes, 1, &s.e), 0);
	assert_int_equal(walk_access(s.walk, 0, va, bytes, 2, &s.e), ERR_UNUSABLE);
	assert_non_null(strstr(s.e.msg, "0x800000000000"));
	scene_end(&s);
}

/* ---- mixed leaves ---- */

static void regions_of_2m_have_a_leaf_one_level_higher(void **state)
{
	struct scene s = {};
	const uint64_t va[] = { 0x40000000, 0x40001000, 0x7f0000000000, 0x7f0000001000 };
	(void)state;
	scene_add(&s, "walk.guest_2m=7f0000000000-7f00001fffff walk.guest_pwc=none");
	scene_add(&s, "walk.guest_2m=100% walk.guest_pwc=none");
	scene_add(&s, "walk.guest_page=2M walk.guest_pwc=none");
	scene_start(&s);
	scene_access(&s, va, 4);
	const struct walk_counts c = scene_counts(&s, 0);
	assert_int_equal(c.stlb_miss, 3); /* two small pages, one large */
	assert_int_equal(c.guest_refs, 4 + 4 + 3);
	assert_int_equal(c.data_pages, 3);
	const struct walk_counts all = scene_counts(&s, 1), uniform = scene_counts(&s, 2);
	assert_memory_equal(&all, &uniform, sizeof(all));
	scene_end(&s);
}

static void a_share_of_regions_is_near_what_was_asked(void **state)
{
	struct leafmap m = { .level = 1 };
	struct err e = {};
	uint64_t large = 0;
	(void)state;
	assert_int_equal(leafmap_parse(&m, "40%", &e), 0);
	for (uint64_t region = 0; region < 100000; region++)
		large += leafmap_level(&m, region << 21) == 2;
	assert_in_range(large, 39500, 40500);
}

/* ---- properties on random accesses ---- */

static void more_ways_at_equal_sets_never_miss_more(void **state)
{
	static const char *const sizes[] = { "16/1", "32/2", "64/4", "128/8", "256/16", "512/32" };
	struct scene s = {};
	struct rng rng;
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		char text[200];
		snprintf(text, sizeof(text), "walk.l1_dtlb_4k=%s walk.stlb=%s", sizes[i], sizes[i]);
		scene_add(&s, text);
	}
	scene_start(&s);
	rng_init(&rng, 5, "walk-test");
	for (int i = 0; i < 200000; i++) {
		const uint64_t a = rng_below(&rng, 200), b = rng_below(&rng, 200);
		const uint64_t va = (0x1000 + a * b / 40) << 12;
		scene_access(&s, &va, 1);
	}
	for (size_t i = 1; i < s.n; i++) {
		assert_true(scene_counts(&s, i).l1_miss < scene_counts(&s, i - 1).l1_miss);
		assert_true(scene_counts(&s, i).stlb_miss <= scene_counts(&s, i - 1).stlb_miss);
	}
	scene_end(&s);
}

/* ---- observers ---- */

struct told {
	uint64_t walks, guest, host, wrong;
	struct walk_record last;
	struct walk_ref refs[WALK_REFS_MAX];
};

static void hear(void *ctx, const struct walk_record *walk)
{
	struct told *t = ctx;
	t->walks++;
	for (uint32_t i = 0; i < walk->nrefs; i++) {
		t->guest += !walk->refs[i].is_host;
		t->host += walk->refs[i].is_host;
		t->refs[i] = walk->refs[i];
	}
	t->last = *walk;
}

static void an_observer_is_told_every_reference(void **state)
{
	struct scene s = {};
	struct told nested = {}, native = {};
	struct rng rng;
	(void)state;
	scene_add(&s, "walk.mode=nested");
	scene_add(&s, "walk.mode=native");
	scene_add(&s, "walk.mode=nested walk.host_page=2M"); /* nobody listens to this one */
	scene_start(&s);
	assert_int_equal(walk_observe(s.walk, 0, hear, &nested, &s.e), 0);
	assert_int_equal(walk_observe(s.walk, 1, hear, &native, &s.e), 0);
	rng_init(&rng, 6, "walk-test");
	for (int i = 0; i < 20000; i++) {
		const uint64_t va = rng_below(&rng, 1 << 20) << 12;
		scene_access(&s, &va, 1);
	}
	const struct walk_counts c = scene_counts(&s, 0), n = scene_counts(&s, 1);
	assert_int_equal(nested.walks, c.stlb_miss);
	assert_int_equal(nested.guest, c.guest_refs);
	assert_int_equal(nested.host, c.host_refs);
	assert_int_equal(native.guest, n.guest_refs);
	assert_int_equal(native.host, 0);
	scene_end(&s);
}

/* Root in frame 0x100, tables top-down, then the data page. */
static void an_observer_can_name_each_table(void **state)
{
	struct scene s = {};
	struct told t = {};
	const uint64_t va = 0x7f1234567890;
	(void)state;
	scene_add(&s, "walk.mode=nested");
	scene_start(&s);
	assert_int_equal(walk_observe(s.walk, 0, hear, &t, &s.e), 0);
	scene_access(&s, &va, 1);
	/* with caches: the root by four host references, then what shares its host leaf table */
	static const struct walk_ref want[] = {
		{ 0, 4, true },  { 0, 3, true }, { 0, 2, true },  { 0, 1, true },
		{ 0, 4, false }, { 0, 1, true }, { 1, 3, false }, { 0, 1, true },
		{ 2, 2, false }, { 0, 1, true }, { 3, 1, false }, { 0, 1, true },
	};
	assert_int_equal(t.last.nrefs, 12);
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(t.refs[i].table, want[i].table);
		assert_int_equal(t.refs[i].level, want[i].level);
		assert_int_equal(t.refs[i].is_host, want[i].is_host);
	}
	assert_int_equal(t.last.data_pfn, 0x104);
	assert_int_equal(t.last.va, va);
	for (uint32_t id = 0; id < 4; id++) {
		assert_int_equal(walk_table(s.walk, 0, id)->frame, 0x100 + id);
		assert_int_equal(walk_table(s.walk, 0, id)->level, 4 - id);
	}
	assert_null(walk_table(s.walk, 0, 4));
	scene_end(&s);
}

/* ---- what is refused ---- */

static void refused(const char *assignment, const char *part)
{
	struct arena a = {};
	struct param_set set = { .arena = &a };
	struct walk_config c = {};
	struct err e = {};
	assert_int_equal(param_set_add(&set, walk_params, walk_nparams, &c, &e), 0);
	int rc = param_assign(&set, assignment, &e);
	if (!rc)
		rc = walk_config_resolve(&c, &set, &e);
	if (rc != ERR_USAGE || !strstr(e.msg, part))
		fail_msg("%s: %d '%s', expected '%s'", assignment, rc, e.msg, part);
	arena_deinit(&a);
}

static void a_wrong_value_is_named_with_its_key(void **state)
{
	(void)state;
	refused("walk.stlb=1536/13", "walk.stlb: '1536/13'");
	refused("walk.stlb=1536", "entries/ways");
	refused("walk.stlb=0/1", "entries/ways");
	refused("walk.ntlb=64/4 x", "walk.ntlb");
	refused("walk.l1_dtlb_1g=99999999/1", "walk.l1_dtlb_1g");
	refused("walk.guest_pwc=1:4", "walk.guest_pwc: '1:4'");
	refused("walk.guest_pwc=2:4 2:8", "once");
	refused("walk.host_pwc=4:4,3:8", "walk.host_pwc");
	refused("walk.guest_2m=101%", "walk.guest_2m");
	refused("walk.guest_2m=7f-6f", "ranges");
	refused("walk.guest_2m=xyz-6f", "ranges");
	refused("walk.guest_levels=2", "3");
	refused("walk.guest_levels=6", "5");
	refused("walk.mode=nestet", "nestet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_reference_counts_come_out),
		cmocka_unit_test(every_pair_of_levels_costs_g_plus_1_times_h_plus_1_less_1),
		cmocka_unit_test(a_walk_cache_starts_below_its_deepest_hit),
		cmocka_unit_test(a_straddling_access_touches_the_last_page_too),
		cmocka_unit_test(the_fifth_page_of_a_set_drives_out_the_oldest),
		cmocka_unit_test(without_a_first_tlb_each_access_misses_it),
		cmocka_unit_test(the_same_address_in_another_space_is_another_page),
		cmocka_unit_test(an_address_that_the_levels_cannot_hold_is_refused),
		cmocka_unit_test(regions_of_2m_have_a_leaf_one_level_higher),
		cmocka_unit_test(a_share_of_regions_is_near_what_was_asked),
		cmocka_unit_test(more_ways_at_equal_sets_never_miss_more),
		cmocka_unit_test(an_observer_is_told_every_reference),
		cmocka_unit_test(an_observer_can_name_each_table),
		cmocka_unit_test(a_wrong_value_is_named_with_its_key),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
