// SPDX-License-Identifier: MIT
/*
 * Generated workloads have the published shape (research: block:NIC faults 2:1,
 * at most 3,000 a day, more than 20 in a second, more than 70 % of block pages
 * visited more than twice, a bounded NIC footprint, a block footprint that
 * grows), on seeds they were not calibrated on, under a reclaim that is not the
 * product's. Days are cut to hours and memory to a quarter here;
 * t/long/gen.t has the whole.
 */
#include "base/rng.h"
#include "replay/gen.h"
#include "t/gen-replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define must(call)                                        \
	do {                                              \
		if (call)                                 \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

enum { LIMITS = 3, HOURS = 6 };
static const uint64_t window_ns = 1800 * (uint64_t)HOST_SECOND;

static struct gen *open_profile(struct arena *arena, const char *profile, const char *const *sets)
{
	struct err e = {};
	struct gen *g;
	must(gen_open(profile, arena, &g, &e));
	for (size_t i = 0; sets && sets[i]; i++)
		must(gen_assign(g, sets[i], &e));
	must(gen_prepare(g, &e));
	return g;
}

/* ---- rows as they are ---- */

struct rows {
	uint64_t n, hash, last_ns, pages, outside, back;
};

static void mix_row(struct rows *r, uint64_t ts, uint64_t pfn, uint64_t npages, uint64_t rest)
{
	r->n++;
	r->back += ts < r->last_ns;
	r->last_ns = ts;
	r->outside += !npages || pfn + npages > r->pages;
	r->hash = splitmix64_mix(r->hash ^ ts);
	r->hash = splitmix64_mix(r->hash ^ pfn);
	r->hash = splitmix64_mix(r->hash ^ npages << 32 ^ rest);
}

static int see_dma(void *ctx, const struct dma_event *row, struct err *e)
{
	(void)e;
	mix_row(ctx, row->ts, row->pfn, row->npages, 1 + row->dev + ((uint64_t)row->dir << 16));
	return 0;
}

static int see_cpu(void *ctx, const struct cpu_event *row, struct err *e)
{
	(void)e;
	mix_row(ctx, row->ts, row->pfn, row->npages, row->write);
	return 0;
}

/* mem rows as pages of the memory */
static int see_mem(void *ctx, const struct mem_event *row, struct err *e)
{
	const uint64_t first = (row->va - GEN_VA_BASE) >> 12;
	const uint64_t last = (row->va + row->bytes - 1 - GEN_VA_BASE) >> 12;
	(void)e;
	mix_row(ctx, row->ts, first, last - first + 1, row->rw + (row->va << 8));
	return 0;
}

static struct rows rows_of(const struct gen *g, uint64_t seed)
{
	struct err e = {};
	struct rows r = { .pages = gen_pages(g) };
	const struct gen_sink sink = { &r, see_dma, see_cpu, see_mem };
	must(gen_run(g, seed, &sink, &e));
	return r;
}

static void the_seed_alone_decides_the_rows(void **state)
{
	static const char *const sets[] = { "gen.memory=64M", "gen.duration=20min", NULL };
	struct arena arena = {};
	_choices_ struct choices names = {};
	(void)state;

	gen_profiles(&names);
	assert_true(names.n > 0);
	for (size_t i = 0; i < names.n; i++) {
		const struct gen *g = open_profile(&arena, names.list[i].name, sets);
		const struct rows a = rows_of(g, 1), b = rows_of(g, 1), c = rows_of(g, 2);
		assert_true(a.n > 1000);
		assert_int_equal(a.hash, b.hash);
		assert_int_not_equal(a.hash, c.hash);
	}
	arena_deinit(&arena);
}

static void rows_stay_in_order_and_in_the_memory(void **state)
{
	static const char *const sets[] = { "gen.memory=64M", "gen.duration=2h", NULL };
	struct arena arena = {};
	_choices_ struct choices names = {};
	(void)state;

	gen_profiles(&names);
	for (size_t i = 0; i < names.n; i++) {
		const struct gen *g = open_profile(&arena, names.list[i].name, sets);
		const struct rows r = rows_of(g, 5);
		assert_int_equal(r.back, 0);
		assert_int_equal(r.outside, 0);
		assert_true(r.last_ns < gen_duration_ns(g));
	}
	arena_deinit(&arena);
}

/* ---- addresses ---- */

struct seen {
	uint64_t rows, writes, distinct, bytes;
	unsigned char *is_page_seen;
};

static int note_mem(void *ctx, const struct mem_event *row, struct err *e)
{
	struct seen *s = ctx;
	const uint64_t page = (row->va - GEN_VA_BASE) >> 12;
	(void)e;
	s->rows++;
	s->writes += row->rw != MEM_LOAD;
	s->bytes += row->bytes;
	s->distinct += !s->is_page_seen[page];
	s->is_page_seen[page] = 1;
	return 0;
}

static struct seen pages_of(const char *profile, const char *const *sets)
{
	struct arena arena = {};
	const struct gen *g = open_profile(&arena, profile, sets);
	struct seen s = { .is_page_seen = calloc(gen_pages(g), 1) };
	const struct gen_sink sink = { .ctx = &s, .mem = note_mem };
	struct err e = {};

	assert_non_null(s.is_page_seen);
	assert_true(gen_makes_mem(g));
	must(gen_run(g, 3, &sink, &e));
	free(s.is_page_seen);
	arena_deinit(&arena);
	return s;
}

/* n draws from P pages leave P (1 - 1/P)^n of them alone: 90,000 from 14,745 leave 33 */
static void gups_asks_for_any_page_and_writes_it(void **state)
{
	static const char *const sets[] = { "gen.memory=64M", "mem.size=90%", "mem.accesses=90000",
					    NULL };
	const struct seen s = pages_of("gups", sets);
	(void)state;

	assert_int_equal(s.rows, 90000);
	assert_int_equal(s.writes, 90000);
	assert_in_range(s.distinct, 14745 - 33 - 25, 14745 - 33 + 25);
}

/* 64 MiB x 90 % / 256 B are 235,929 leaves: 16^4 is less, 16^5 is not, so six nodes a lookup */
static void a_lookup_in_a_tree_costs_a_node_a_level(void **state)
{
	static const char *const sets[] = { "gen.memory=64M", "mem.size=90%", "mem.accesses=60000",
					    "mem.updates=50%", NULL };
	const struct seen s = pages_of("btree", sets);
	(void)state;

	/* the writes fall on leaves: half of 10,000 lookups, within four deviations */
	assert_in_range(s.writes, 5000 - 200, 5000 + 200);
}

/* Hot keys are asked for again, so fewer pages are seen. */
static void hot_keys_make_the_footprint_smaller(void **state)
{
	static const char *const even[] = { "gen.memory=256M", "mem.accesses=20000",
					    "mem.hot_operations=0%", NULL };
	static const char *const hot[] = { "gen.memory=256M", "mem.accesses=20000",
					   "mem.hot_operations=90%", "mem.hot_keys=0.01%", NULL };
	(void)state;

	assert_true(pages_of("memcached", hot).distinct * 2 < pages_of("memcached", even).distinct);
}

static int refuse_row(void *ctx, const struct cpu_event *row, struct err *e)
{
	(void)row;
	++*(unsigned *)ctx;
	return err_set(e, ERR_IO, "no more room");
}

static void a_sink_that_fails_ends_the_run(void **state)
{
	struct arena arena = {};
	struct err e = {};
	unsigned calls = 0;
	const struct gen_sink sink = { &calls, NULL, refuse_row, NULL };
	(void)state;

	assert_int_equal(gen_run(open_profile(&arena, "nic", NULL), 1, &sink, &e), ERR_IO);
	assert_string_equal(e.msg, "no more room");
	assert_int_equal(calls, 1);
	arena_deinit(&arena);
}

/* ---- the published shape ---- */

struct judged {
	struct host hosts[LIMITS]; /* 10, 20, 30 % less than the VM has */
	struct footprint footprint;
};

static int judge_dma(void *ctx, const struct dma_event *row, struct err *e)
{
	struct judged *j = ctx;
	(void)e;
	for (uint32_t i = 0; i < row->npages; i++) {
		const uint32_t page = (uint32_t)row->pfn + i;
		footprint_dma(&j->footprint, page, row->dev, row->ts);
		for (unsigned k = 0; k < LIMITS; k++)
			host_dma(&j->hosts[k], page, row->dev, row->ts);
	}
	return 0;
}

static int judge_cpu(void *ctx, const struct cpu_event *row, struct err *e)
{
	struct judged *j = ctx;
	(void)e;
	for (uint32_t i = 0; i < row->npages; i++)
		for (unsigned k = 0; k < LIMITS; k++)
			host_cpu(&j->hosts[k], (uint32_t)row->pfn + i);
	return 0;
}

static void judge(struct judged *j, const char *profile, uint64_t seed)
{
	static const char *const sets[] = { "gen.memory=256M", "gen.duration=6h", NULL };
	struct arena arena = {};
	struct err e = {};
	const struct gen *g = open_profile(&arena, profile, sets);
	const struct gen_sink sink = { j, judge_dma, judge_cpu, NULL };
	const uint64_t n = gen_pages(g);

	for (unsigned k = 0; k < LIMITS; k++)
		host_init(&j->hosts[k], n, n * (9 - k) / 10, 0);
	footprint_init(&j->footprint, n, window_ns);
	must(gen_run(g, seed, &sink, &e));
	arena_deinit(&arena);
}

static void judged_deinit(struct judged *j)
{
	for (unsigned k = 0; k < LIMITS; k++)
		host_deinit(&j->hosts[k]);
	footprint_deinit(&j->footprint);
}

static void check_faults(const struct host *h)
{
	const uint64_t nic = h->faults[GEN_NIC], block = h->faults[GEN_BLOCK];

	assert_true(nic > 20);
	assert_in_range(block * 100 / nic, 150, 270);
	assert_true((nic + block) * 24 / HOURS <= 3500); /* a quarter of a day scatters */
	assert_true(h->worst_second[GEN_BLOCK] > 20);
}

static void check_recurrence(const struct host *h)
{
	uint64_t pages = 0, again = 0;
	for (uint64_t i = 0; i < h->npages; i++) {
		pages += h->page_faults[i] > 0;
		again += h->page_faults[i] > 1 ? h->page_faults[i] - 1 : 0;
	}
	/* of all faults more than half were on a page that had faulted before */
	assert_true(2 * again > h->faults[GEN_NIC] + h->faults[GEN_BLOCK]);
	assert_true(pages < h->npages / 100);
}

static void check_profile(const char *profile)
{
	struct judged j;
	judge(&j, profile, 2);
	for (unsigned k = 0; k < LIMITS; k++) {
		check_faults(&j.hosts[k]);
		check_recurrence(&j.hosts[k]);
	}
	assert_memory_equal(j.hosts[0].page_faults, j.hosts[LIMITS - 1].page_faults,
			    j.hosts[0].npages * sizeof(*j.hosts[0].page_faults));

	const struct footprint *f = &j.footprint;
	assert_true(footprint_often_ppm(f, GEN_BLOCK) > 700000);
	assert_true(f->late[GEN_NIC] * 100 < 5 * f->unique[GEN_NIC]);
	assert_true(f->late[GEN_BLOCK] * 100 >= 20 * f->unique[GEN_BLOCK]);
	judged_deinit(&j);
}

static void production_has_the_published_shape_at_every_limit(void **state)
{
	(void)state;
	check_profile("production");
}

static void so_has_the_other_generator(void **state)
{
	(void)state;
	check_profile("production-stat");
}

static int note_dma(void *ctx, const struct dma_event *row, struct err *e)
{
	(void)e;
	for (uint32_t i = 0; i < row->npages; i++)
		footprint_dma(ctx, (uint32_t)row->pfn + i, row->dev, row->ts);
	return 0;
}

static int ignore_cpu(void *ctx, const struct cpu_event *row, struct err *e)
{
	(void)ctx, (void)row, (void)e;
	return 0;
}

static void note_footprint(struct footprint *f, const char *profile)
{
	struct arena arena = {};
	struct err e = {};
	const struct gen *g = open_profile(&arena, profile, NULL);
	const struct gen_sink sink = { f, note_dma, ignore_cpu, NULL };
	footprint_init(f, gen_pages(g), window_ns);
	must(gen_run(g, 3, &sink, &e));
	arena_deinit(&arena);
}

static void the_nic_profile_is_a_bounded_ring(void **state)
{
	struct footprint f;
	(void)state;

	note_footprint(&f, "nic");
	assert_true(f.late[GEN_NIC] * 100 < 5 * f.unique[GEN_NIC]);
	assert_in_range(f.unique[GEN_NIC], 1024, 2048);
	assert_int_equal(f.unique[GEN_BLOCK], 0);
	footprint_deinit(&f);
}

static void the_block_profile_is_a_growing_cache(void **state)
{
	struct footprint f;
	(void)state;

	note_footprint(&f, "block");
	assert_true(f.late[GEN_BLOCK] * 100 >= 20 * f.unique[GEN_BLOCK]);
	assert_true(footprint_often_ppm(&f, GEN_BLOCK) > 700000);
	assert_int_equal(f.unique[GEN_NIC], 0);
	footprint_deinit(&f);
}

/* ---- parameters ---- */

static void check_refused(const char *profile, const char *assignment, const char *sentence)
{
	struct arena arena = {};
	struct err e = {};
	struct gen *g;
	must(gen_open(profile, &arena, &g, &e));
	int rc = gen_assign(g, assignment, &e);
	if (!rc)
		rc = gen_prepare(g, &e);
	assert_int_equal(rc, ERR_USAGE);
	if (!strstr(e.msg, sentence))
		fail_msg("%s: expected '%s' in '%s'", assignment, sentence, e.msg);
	arena_deinit(&arena);
}

static void what_cannot_be_played_is_refused(void **state)
{
	(void)state;
	check_refused("production", "process.dead=100%", "memory is too small");
	check_refused("production", "cron.period=15min", "before the next one begins");
	check_refused("production", "cron.walk_least=25min", "cron.walk");
	check_refused("production", "report.buffer_least=400", "report.buffer");
	check_refused("production", "nic.ring_pages=0", "nic: traffic needs");
	check_refused("production", "standby.ring_pages=0", "standby.ring_pages");
	check_refused("production", "report.recycled_pages=0", "report.recycled_pages");
	check_refused("production", "scan.pool_pages=0", "scan.pool_pages");
	check_refused("production", "day.hours=1 2 x", "number 3");
	check_refused("production-stat", "ring.depth=0%:0%", "from 0% to 100%");
	check_refused("production-stat", "ring.gap=0%:1ms 100%", "expected share:value");
	check_refused("production-stat", "ring.gap=0%:1ms 0%:2ms 100%:3ms", "must rise");
	check_refused("production-stat", "touch.dead=99.5%", "memory is too small");
	check_refused("production-stat", "burst.lonely_pages=0", "burst.block");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_alone_decides_the_rows),
		cmocka_unit_test(rows_stay_in_order_and_in_the_memory),
		cmocka_unit_test(gups_asks_for_any_page_and_writes_it),
		cmocka_unit_test(a_lookup_in_a_tree_costs_a_node_a_level),
		cmocka_unit_test(hot_keys_make_the_footprint_smaller),
		cmocka_unit_test(a_sink_that_fails_ends_the_run),
		cmocka_unit_test(production_has_the_published_shape_at_every_limit),
		cmocka_unit_test(so_has_the_other_generator),
		cmocka_unit_test(the_nic_profile_is_a_bounded_ring),
		cmocka_unit_test(the_block_profile_is_a_growing_cache),
		cmocka_unit_test(what_cannot_be_played_is_refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
