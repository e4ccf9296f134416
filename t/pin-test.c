// SPDX-License-Identifier: MIT
/*
 * Pinning with reclaim in the loop: against a slow model of an LRU host and an
 * LRU pin list written from the prose, and identities that hold for any policy.
 */
#include "replay/pin-cell.h"

#include "base/rng.h"
#include "base/units.h"
#include "replay/pin-design.h"
#include "replay/pin-explain.h"
#include "replay/pin-goal.h"
#include "replay/pin-log.h"
#include "replay/pin-pulse.h"
#include "replay/pin-rank.h"
#include "replay/pin-schedule.h"
#include "sim/background.h"
#include "sim/iopf.h"
#include "t/pin-scene.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

/* ---- the slow model ---- */

struct row {
	uint32_t page[PAGES];
	unsigned n;
};

static int row_find(const struct row *r, uint32_t page)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->page[i] == page)
			return (int)i;
	return -1;
}

static void row_drop(struct row *r, uint32_t page)
{
	const int at = row_find(r, page);
	assert_true(at >= 0);
	r->n--;
	memmove(r->page + at, r->page + at + 1, (r->n - (unsigned)at) * sizeof(r->page[0]));
}

struct naive {
	struct row lru, pins; /* oldest first; pinned pages are not in lru */
	bool seen[PAGES];
	uint64_t limit, budget, iopf[PIN_CLASSES], cpu_major;
};

static bool naive_is_in(const struct naive *m, uint32_t page)
{
	return row_find(&m->lru, page) >= 0 || row_find(&m->pins, page) >= 0;
}

/* True: the page was swapped out. */
static bool naive_bring(struct naive *m, uint32_t page)
{
	if (naive_is_in(m, page))
		return false;
	while (m->lru.n && m->lru.n + m->pins.n + 1 > m->limit)
		row_drop(&m->lru, m->lru.page[0]);
	m->lru.page[m->lru.n++] = page;
	const bool was_seen = m->seen[page];
	m->seen[page] = true;
	return was_seen;
}

static void naive_pin(struct naive *m, uint32_t page)
{
	if (!m->budget)
		return;
	if (row_find(&m->pins, page) >= 0) {
		row_drop(&m->pins, page);
		m->pins.page[m->pins.n++] = page;
		return;
	}
	if (m->pins.n == m->budget) {
		const uint32_t victim = m->pins.page[0];
		row_drop(&m->pins, victim);
		m->lru.page[m->lru.n++] = victim;
		while (m->lru.n && m->lru.n + m->pins.n > m->limit)
			row_drop(&m->lru, m->lru.page[0]);
		naive_bring(m, page); /* room for the victim may have cost the page itself */
	}
	row_drop(&m->lru, page);
	m->pins.page[m->pins.n++] = page;
}

static void naive_event(struct naive *m, const struct scene *s, const struct pin_event *e)
{
	const bool was_swapped = naive_bring(m, e->page);
	if (e->kind == PIN_CPU) {
		m->cpu_major += was_swapped;
		if (row_find(&m->lru, e->page) >= 0) {
			row_drop(&m->lru, e->page);
			m->lru.page[m->lru.n++] = e->page;
		}
		return;
	}
	m->iopf[s->class_of_dev[e->dev]] += was_swapped;
	naive_pin(m, e->page);
}

static void faults_equal_a_slow_model(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene *s = scene_new(seed);
		for (uint64_t budget = 0; budget <= 20; budget += 5) {
			const uint64_t ppm = 100000 + 50000 * (seed % 8);
			struct naive m = { .limit = pin_limit_pages(PAGES, ppm), .budget = budget };
			for (unsigned i = 0; i < EVENTS; i++)
				naive_event(&m, s, &s->events[i]);
			const struct pin_result r =
				run(s, "lru", budget, ppm, PIN_BY_TRACE, NULL, NULL);
			assert_int_equal(pin_iopf(&r.by_class[PIN_NIC]), m.iopf[PIN_NIC]);
			assert_int_equal(pin_iopf(&r.by_class[PIN_BLOCK]), m.iopf[PIN_BLOCK]);
			assert_int_equal(r.host.major[TOUCH_CPU], m.cpu_major);
			assert_int_equal(r.pinned_pages, m.pins.n);
		}
		scene_free(s);
	}
}

/* All policies that decide as they go, by the registry. */
static const char *online[64];

static void find_online(void)
{
	size_t n = 0;
	for (size_t i = 0; policies[i]; i++)
		if (!policies[i]->needs_future)
			online[n++] = policies[i]->name;
	for (size_t i = 0; pin_policies[i]; i++)
		if (!pin_policies[i]->pinning->needs_hindsight &&
		    !pin_policies[i]->pinning->needs_map && !pin_policies[i]->pinning->is_unbounded)
			online[n++] = pin_policies[i]->name;
}

static void a_policy_without_budget_is_none(void **state)
{
	(void)state;
	struct scene *s = scene_new(3);
	for (unsigned c = 0; c < PIN_COMPANIONS; c++) {
		const struct pin_result none = run(s, "none", 0, 400000, c, NULL, NULL);
		for (unsigned i = 0; online[i]; i++) {
			struct pin_result r = run(s, online[i], 0, 400000, c, NULL, NULL);
			r.pins_refused = none.pins_refused;
			assert_memory_equal(&r, &none, sizeof(r));
		}
	}
	scene_free(s);
}

static void static_all_never_faults(void **state)
{
	(void)state;
	struct scene *s = scene_new(4);
	for (uint64_t ppm = 0; ppm < 1000000; ppm += 150000) {
		const struct pin_result r = run(s, "static-all", 0, ppm, PIN_BY_TRACE, NULL, NULL);
		assert_int_equal(pin_iopf(&r.total), 0);
		assert_int_equal(r.host.major[TOUCH_CPU], 0);
		assert_int_equal(r.pinned_mean_ppm, 1000000);
		assert_int_equal(r.host.overflow_max, PAGES - pin_limit_pages(PAGES, ppm));
	}
	scene_free(s);
}

/* These pin by what a page is, not by what there is room for. */
static bool pins_by_kind(const char *name)
{
	return !strcmp(name, "none") || !strcmp(name, "static-ring") || !strcmp(name, "region");
}

static void room_for_all_is_static_all_after_the_first_touch(void **state)
{
	(void)state;
	static const char *const sets[] = { "pin.tau=1000h", NULL };
	struct scene *s = scene_new(5);
	s->sets = sets;
	for (unsigned i = 0; online[i]; i++) {
		if (pins_by_kind(online[i]))
			continue;
		for (uint64_t ppm = 0; ppm < 1000000; ppm += 300000) {
			const struct pin_result cold =
				run(s, online[i], PAGES, ppm, PIN_BY_COLD, NULL, NULL);
			const struct pin_result touched =
				run(s, online[i], PAGES, ppm, PIN_BY_TOUCHED, NULL, NULL);
			assert_int_equal(pin_iopf(&cold.total), 0);
			assert_int_equal(pin_iopf(&touched.total), 0);
			assert_int_equal(cold.total.first, PAGES);
			assert_int_equal(cold.pinned_pages, PAGES);
			assert_int_equal(cold.host.overflow_max,
					 PAGES - pin_limit_pages(PAGES, ppm));
		}
	}
	scene_free(s);
}

static void classes_sum_to_the_total(void **state)
{
	(void)state;
	struct scene *s = scene_new(6);
	for (unsigned i = 0; online[i]; i++) {
		const struct pin_result r = run(s, online[i], 10, 400000, PIN_BY_TRACE, NULL, NULL);
		uint64_t accesses = 0, iopf = 0, worst = 0;
		for (unsigned k = 0; k < PIN_CLASSES; k++) {
			accesses += r.by_class[k].dma_pages;
			iopf += pin_iopf(&r.by_class[k]);
			worst += r.by_class[k].max_1s;
		}
		assert_int_equal(accesses, r.total.dma_pages);
		assert_int_equal(iopf, pin_iopf(&r.total));
		assert_true(iopf > 0 && r.total.max_1s <= worst && r.total.max_1s > 0);
	}
	scene_free(s);
}

static void no_policy_beats_the_oracle_when_residency_is_frozen(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct scene *s = scene_new(seed);
		struct policy_hindsight h;
		const struct pin_result live = run(s, "none", 0, 400000, PIN_BY_TRACE, NULL, &h);
		h.is_frozen = true;
		s->shared.params.residency = PIN_FROZEN;
		const struct pin_result none = run(s, "none", 0, 400000, PIN_BY_TRACE, &h, NULL);
		assert_int_equal(pin_iopf(&none.total), pin_iopf(&live.total));
		assert_int_equal(none.total.max_1s, live.total.max_1s);
		uint64_t before = pin_iopf(&none.total);
		for (uint64_t budget = 0; budget <= PAGES; budget += 4) {
			const struct pin_result bound =
				run(s, "oracle-frozen", budget, 400000, PIN_BY_TRACE, &h, NULL);
			assert_true(pin_iopf(&bound.total) <= before);
			before = pin_iopf(&bound.total);
			for (unsigned i = 0; online[i]; i++) {
				const struct pin_result r =
					run(s, online[i], budget, 400000, PIN_BY_TRACE, &h, NULL);
				assert_true(pin_iopf(&r.total) >= before);
			}
			const struct pin_result fixed =
				run(s, "best-static", budget, 400000, PIN_BY_TRACE, &h, NULL);
			assert_true(pin_iopf(&fixed.total) >= before);
		}
		assert_int_equal(before, 0);
		pin_hindsight_free(&h);
		scene_free(s);
	}
}

/* Absences that cover each other in pairs: 2 pins save 2 of 3, not more. */
static void the_oracle_keeps_what_ends_first(void **state)
{
	(void)state;
	struct scene *s = scene_new(1);
	const struct policy_absence absences[] = {
		{ .from = 2, .to = 5, .page = 0 },
		{ .from = 3, .to = 6, .page = 1 },
		{ .from = 1, .to = 9, .page = 2 },
		{ .from = 6, .to = 10, .page = 3 },
	};
	const uint32_t by_from[] = { 2, 0, 1, 3 }, faults[PAGES] = { 1, 1, 1, 1 };
	const struct policy_hindsight h = { faults, absences, by_from, 4, PAGES, true };
	s->shared.params.residency = PIN_FROZEN;
	for (unsigned i = 0; i < 10; i++)
		s->events[i] = (struct pin_event){ .ts_ns = i, .page = 20, .kind = PIN_DMA };
	s->events[4].page = 0; /* event 5 */
	s->events[5].page = 1;
	s->events[8].page = 2;
	s->events[9].page = 3;
	s->block.n = 10;
	static const unsigned want[] = { 4, 2, 1, 0 };
	for (uint64_t budget = 0; budget < 4; budget++) {
		const struct pin_result r =
			run(s, "oracle-frozen", budget, 0, PIN_BY_TRACE, &h, NULL);
		assert_int_equal(pin_iopf(&r.total), want[budget]);
	}
	scene_free(s);
}

/* The NIC keeps its 8 pages if it has a list of its own, and loses them to the disk if not. */
static void a_shared_list_lets_block_traffic_evict_nic_pages(void **state)
{
	(void)state;
	struct scene *s = scene_new(7);
	for (unsigned i = 0; i < EVENTS; i++) /* a NIC page after each 20 of the disk */
		if (s->events[i].kind == PIN_DMA) {
			s->events[i].dev = i % 20 ? 1 : 0;
			s->events[i].page = i % 20 ? 8 + i % 40 : i / 20 % 8;
		}
	const struct pin_result shared = run(s, "lru", 16, 500000, PIN_BY_COLD, NULL, NULL);
	s->shared.nlists = 2;
	const struct pin_result apart = run(s, "lru", 16, 500000, PIN_BY_COLD, NULL, NULL);
	assert_true(pin_iopf(&shared.by_class[PIN_NIC]) > 50);
	assert_int_equal(pin_iopf(&apart.by_class[PIN_NIC]), 0);
	assert_true(pin_iopf(&apart.by_class[PIN_BLOCK]) >= pin_iopf(&shared.by_class[PIN_BLOCK]));
	scene_free(s);
}

/* Devices come back within a fault's life: those accesses join it, and nothing is read twice. */
static void faults_that_take_time_are_joined(void **state)
{
	(void)state;
	struct scene *s = scene_new(9);
	struct pin_design d;
	struct err e = {};
	assert_int_equal(pin_design_init(&d, NULL, 0, &e), 0);
	s->shared.iopf = d.iopf;
	s->shared.swap = d.swap;
	for (unsigned i = 0; i < EVENTS; i++) /* 20 us apart, each page twice */
		s->events[i].ts_ns = i * UINT64_C(20000);
	for (unsigned i = 1; i < EVENTS; i += 2)
		s->events[i].page = s->events[i - 1].page;
	for (unsigned i = 0; online[i]; i++) {
		const struct pin_result r = run(s, online[i], 6, 400000, PIN_BY_COLD, NULL, NULL);
		assert_true(r.total.joined > 0 && r.total.done > 0);
		assert_int_equal(r.total.failed, 0);
		assert_int_equal(r.host.swap_in,
				 r.host.major[TOUCH_DMA] + r.host.readahead + r.host.pin_swap_in);
		assert_true(r.fault_p50_ns > 0 && r.fault_p50_ns <= r.fault_p99_ns);
		assert_int_equal(r.host.in, 0);
		assert_true(r.bitmap_updates > 0);
	}
	/* with room for one open fault the others fail, and their pages come all the same */
	assert_int_equal(param_assign(&d.set, "iopf.slots=1", &e), 0);
	const struct pin_result crowded = run(s, "lru", 6, 400000, PIN_BY_COLD, NULL, NULL);
	assert_true(crowded.total.failed > 0 && crowded.total.done > 0);
	assert_int_equal(crowded.host.in, 0);
	arena_deinit(&d.arena);
	scene_free(s);
}

/* Counts of a log by class and kind of end are those of the result. */
static void log_tells(const struct scene *s, const struct pin_log *log, const struct pin_result *r)
{
	struct pin_counts by_class[PIN_CLASSES] = {};
	uint64_t longest = 0;
	for (size_t i = 0; i < log->n; i++) {
		const struct pin_log_entry *x = &log->entries[i];
		struct pin_counts *k = &by_class[s->class_of_dev[x->dev]];
		assert_true(x->ended_ns >= x->raised_ns && x->page < PAGES);
		assert_true(!i || x->raised_ns >= x[-1].raised_ns);
		k->done += x->outcome == IOPF_DONE;
		k->failed += x->outcome == IOPF_FAILED;
		k->joined += x->outcome == IOPF_JOINED;
		k->minor += x->kind == PIN_FAULT_MINOR;
		if (x->outcome == IOPF_DONE && x->ended_ns - x->raised_ns > longest)
			longest = x->ended_ns - x->raised_ns;
	}
	for (unsigned k = 0; k < PIN_CLASSES; k++) {
		assert_int_equal(by_class[k].done, r->by_class[k].done);
		assert_int_equal(by_class[k].failed, r->by_class[k].failed);
		assert_int_equal(by_class[k].joined, r->by_class[k].joined);
		assert_int_equal(by_class[k].minor, r->by_class[k].minor);
	}
	assert_int_equal(longest, r->fault_max_ns);
}

static void a_log_has_every_fault_and_changes_nothing(void **state)
{
	(void)state;
	struct scene *s = scene_new(10);
	struct pin_design d;
	struct pin_log log;
	struct err e = {};
	assert_int_equal(pin_design_init(&d, NULL, 0, &e), 0);
	pin_log_init(&log, SIZE_MAX);
	for (unsigned timed = 0; timed < 2; timed++) {
		s->shared.iopf = timed ? d.iopf : NULL;
		s->shared.swap = timed ? d.swap : NULL;
		for (unsigned i = 0; online[i]; i++) {
			const struct pin_result bare =
				run(s, online[i], 6, 400000, PIN_BY_TRACE, NULL, NULL);
			const struct pin_result r =
				run_logged(s, online[i], 6, 400000, PIN_BY_TRACE, NULL, NULL, &log);
			assert_memory_equal(&r, &bare, sizeof(r));
			assert_true(pin_log_is_whole(&log) && log.n == pin_iopf(&r.total));
			log_tells(s, &log, &r);
		}
	}
	pin_log_deinit(&log);
	arena_deinit(&d.arena);
	scene_free(s);
}

static void a_full_log_counts_what_it_misses(void **state)
{
	(void)state;
	struct scene *s = scene_new(11);
	struct pin_log log, whole;
	pin_log_init(&whole, SIZE_MAX);
	pin_log_init(&log, 300);
	run_logged(s, "none", 0, 400000, PIN_BY_COLD, NULL, NULL, &whole);
	const struct pin_result r = run_logged(s, "none", 0, 400000, PIN_BY_COLD, NULL, NULL, &log);
	assert_false(pin_log_is_whole(&log));
	assert_int_equal(log.n, 300);
	assert_int_equal(log.n + log.missed, pin_iopf(&r.total));
	assert_int_equal(log.full_ns, whole.entries[300].raised_ns);
	assert_memory_equal(log.entries, whole.entries, 300 * sizeof(*log.entries));
	pin_log_deinit(&whole);
	pin_log_deinit(&log);
	scene_free(s);
}

/* All that is out at the end, by how long nobody touched it: at least [memory] age, or less. */
static void returned_pages_are_cold_or_forced(void **state)
{
	(void)state;
	struct scene *s = scene_new(10);
	const uint64_t end_ns = s->events[EVENTS - 1].ts_ns;
	uint64_t last_ns[PAGES] = { 0 }, before = UINT64_MAX;
	for (unsigned i = 0; i < EVENTS; i++)
		last_ns[s->events[i].page] = s->events[i].ts_ns;
	for (uint64_t age_s = 0; age_s <= 4096; age_s = age_s ? 2 * age_s : 1) {
		s->shared.memory.age_ns = age_s * NS_PER_SEC;
		const struct pin_result r = run(s, "lru", 4, 500000, PIN_BY_TRACE, NULL, NULL);
		uint64_t idle = 0;
		for (unsigned page = 0; page < PAGES; page++)
			idle += end_ns - last_ns[page] + NS_PER_SEC >= age_s * NS_PER_SEC;
		assert_int_equal(r.cold_pages + r.forced_pages,
				 PAGES - r.host.resident - r.host.absent);
		assert_true(r.cold_pages + r.forced_pages >= PAGES / 2 && r.cold_pages <= idle);
		assert_true(r.cold_pages <= before);
		before = r.cold_pages;
		assert_int_equal(age_s ? 0 : r.forced_pages, 0);
	}
	assert_int_equal(before, 0);
	scene_free(s);
}

/* The halves of a trace sum to it, and so do seconds above a rate to what one counts by hand. */
static void faults_are_counted_by_half_and_second(void **state)
{
	(void)state;
	static const uint64_t at_ms[] = { 100,   200,   1100,  2000,  2100,  2200,
					  9000,  10500, 10600, 10700, 10800, 10810,
					  10820, 10830, 10840, 10850, 10860 };
	struct pin_tally t = {};
	for (unsigned i = 0; i < sizeof(at_ms) / sizeof(*at_ms); i++)
		pin_tally_add(&t, at_ms[i] * NS_PER_MS, 2100 * NS_PER_MS);
	pin_tally_end(&t);
	assert_int_equal(t.first_half, 4);
	assert_int_equal(t.second.max, 10);
	assert_int_equal(t.ten_seconds.max, 10);
	assert_int_equal(t.seconds_over[0], 3); /* 0, 2 and 10 */
	assert_int_equal(t.seconds_over[1], 0); /* ten is not above ten */

	struct scene *s = scene_new(11);
	s->shared.middle_ns = s->events[EVENTS / 2].ts_ns;
	const struct pin_result r = run(s, "none", 0, 500000, PIN_BY_TRACE, NULL, NULL);
	s->block.n = EVENTS / 2;
	const struct pin_result half = run(s, "none", 0, 500000, PIN_BY_TRACE, NULL, NULL);
	assert_int_equal(r.total.first_half, pin_iopf(&half.total));
	assert_true(pin_iopf(&r.total) > pin_iopf(&half.total));
	assert_true(r.pinned_p99 == 0 && r.total.seconds_over[0] >= r.total.seconds_over[1]);
	scene_free(s);
}

/* A CPU fault waits for its read as long as the station takes: all of one length without others. */
static void cpu_faults_stall_the_guest(void **state)
{
	(void)state;
	struct scene *s = scene_new(12);
	struct pin_design d;
	struct err e = {};
	assert_int_equal(pin_design_init(&d, NULL, 0, &e), 0);
	assert_int_equal(param_assign(&d.set, "memory.ssd_read=100us", &e), 0);
	assert_int_equal(param_assign(&d.set, "memory.ssd_page=0", &e), 0);
	s->shared.iopf = d.iopf;
	s->shared.swap = d.swap;
	s->shared.memory.tier = HOSTMEM_SSD;
	s->shared.memory.is_writeback_async = false;
	for (unsigned i = 0; i < EVENTS; i++) { /* far apart: nobody stands in line */
		s->events[i].ts_ns = i * NS_PER_SEC;
		s->events[i].kind = PIN_CPU;
	}
	const struct pin_result r = run(s, "none", 0, 500000, PIN_BY_TRACE, NULL, NULL);
	assert_true(r.host.major[TOUCH_CPU] > 100);
	assert_int_equal(r.cpu_stall_ns, r.host.major[TOUCH_CPU] * 100 * NS_PER_US);
	arena_deinit(&d.arena);
	scene_free(s);
}

/* Held pages by the second: 99 of 100 seconds see what P99 tells. */
static void the_p99_of_pins_is_by_time(void **state)
{
	(void)state;
	struct scene *s = scene_new(13);
	for (unsigned i = 0; i < EVENTS; i++)
		s->events[i] = (struct pin_event){
			.ts_ns = i * NS_PER_SEC,
			.kind = PIN_DMA,
			.page = i < EVENTS / 1000 * 985 ? 0 : i % 20,
		};
	const struct pin_result r = run(s, "lru", 20, 0, PIN_BY_TRACE, NULL, NULL);
	assert_int_equal(r.pinned_max, 20);
	assert_int_equal(r.pinned_p99, 20); /* 1.5 % of the time */
	for (unsigned i = 0; i < EVENTS; i++)
		s->events[i].page = i < EVENTS / 1000 * 995 ? 0 : i % 20;
	const struct pin_result few = run(s, "lru", 20, 0, PIN_BY_TRACE, NULL, NULL);
	assert_int_equal(few.pinned_max, 20);
	assert_int_equal(few.pinned_p99, 1);
	scene_free(s);
}

/* A long trace keeps pulses over all of its time, no two nearer than the present distance. */
static void pulses_thin_out_evenly(void **state)
{
	(void)state;
	struct pin_pulses *p = calloc(1, sizeof(*p));
	const uint64_t seconds = 5 * PIN_PULSES_MAX;
	for (uint64_t i = 0; i < seconds; i++)
		pin_pulses_add(p, &(struct pin_pulse){ .at_ns = i * NS_PER_SEC, .cpu_major = i });
	assert_int_equal(p->apart_ns, 8 * NS_PER_SEC);
	assert_in_range(p->n, PIN_PULSES_MAX / 2, PIN_PULSES_MAX);
	for (size_t i = 0; i < p->n; i++) {
		assert_int_equal(p->all[i].at_ns, i * p->apart_ns);
		assert_int_equal(p->all[i].cpu_major, i * 8);
	}
	assert_int_equal(p->n, (seconds + 7) / 8);
	free(p);
}

static void counts_have_an_order_beyond_chance(void **state)
{
	(void)state;
	assert_int_equal(pin_rank_order(0, 0), 0);
	assert_int_equal(pin_rank_order(0, 3), 0);
	assert_int_equal(pin_rank_order(0, 4), -1);
	assert_int_equal(pin_rank_order(4, 0), 1);
	assert_int_equal(pin_rank_order(100, 127), 0);  /* 27^2 = 729 < 3.84 * 227 */
	assert_int_equal(pin_rank_order(100, 130), -1); /* 900 > 883 */
	assert_int_equal(pin_rank_order(UINT64_MAX, 0), 1);
}

static void pages_are_told_by_how_they_are_used(void **state)
{
	(void)state;
	const struct pin_page_story ring = { .dmas = 16, .maps = 1 },
				    pool = { .dmas = 20, .maps = 16 },
				    data = { .dmas = 15, .maps = 1 }, often = { .dmas = 16 },
				    seldom = { .dmas = 15 };
	assert_int_equal(pin_use_of(&ring), PIN_USE_RING);
	assert_int_equal(pin_use_of(&pool), PIN_USE_POOL);
	assert_int_equal(pin_use_of(&data), PIN_USE_DATA);
	assert_int_equal(pin_use_of(&often), PIN_USE_POOL);
	assert_int_equal(pin_use_of(&seldom), PIN_USE_DATA);
}

static void blocks_may_be_cut_anywhere(void **state)
{
	(void)state;
	struct scene *s = scene_new(8);
	const struct pin_result whole = run(s, "arc", 10, 300000, PIN_BY_TRACE, NULL, NULL);
	struct pin_job job = { .policy = policy_find("arc"),
			       .budget_pages = 10,
			       .overcommit_ppm = 300000,
			       .companion = PIN_BY_TRACE };
	struct pin_cell *c;
	struct err e = {};
	assert_int_equal(pin_cell_new(&s->shared, &job, NULL, &c, &e), 0);
	for (unsigned i = 0, n; i < EVENTS; i += n) {
		n = EVENTS - i < 1 + i % 77 ? EVENTS - i : 1 + i % 77;
		pin_cell_run(c, &(struct pin_block){ s->events + i, n });
	}
	assert_int_equal(pin_cell_end(c, &e), 0);
	pin_cell_free(c);
	assert_memory_equal(&job.result, &whole, sizeof(whole));
	scene_free(s);
}

static void the_answer_is_the_least_budget_from_which_all_pass(void **state)
{
	(void)state;
	const bool none[] = { false, false, false }, all[] = { true, true, true },
		   late[] = { false, true, true }, cliff[] = { true, false, true };
	assert_int_equal(pin_goal_least(none, 3).least, -1);
	assert_int_equal(pin_goal_least(all, 3).least, 0);
	assert_int_equal(pin_goal_least(late, 3).least, 1);
	assert_false(pin_goal_least(late, 3).is_non_monotone);
	assert_int_equal(pin_goal_least(cliff, 3).least, 2);
	assert_true(pin_goal_least(cliff, 3).is_non_monotone);
}

static void goals_are_counts_rates_and_shares(void **state)
{
	(void)state;
	struct pin_goal g;
	struct err e = {};
	struct pin_result r = { .total = { .done = 7, .max_1s = 3 }, .pinned_max = 5 };
	r.by_class[PIN_NIC].done = 2;
	r.host.major[TOUCH_CPU] = 50;
	const uint64_t ten_s = 10 * NS_PER_SEC;
	assert_int_equal(pin_goal_parse("iopf<=7,iopf.max_1s<=3, nic.iopf <= 2", &g, &e), 0);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s), -1);
	assert_int_equal(pin_goal_parse("iopf<=7,cpu_major<=5/s", &g, &e), 0);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s), -1);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s - 1), 1);
	assert_int_equal(pin_goal_parse("pinned<=5%", &g, &e), 0);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s), -1);
	assert_int_equal(pin_goal_failing(&g, &r, 99, ten_s), 0);
	r.total.seconds_over[0] = 4;
	r.cpu_stall_ns = NS_PER_SEC / 10;
	assert_int_equal(pin_goal_parse("iopf.seconds_over_1<=4,cpu_stall<=1%", &g, &e), 0);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s), -1);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s / 2), 1);
	assert_int_equal(pin_goal_parse("iopf.seconds_over_1<=30/min", &g, &e), 0);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s), -1);
	assert_int_equal(pin_goal_failing(&g, &r, 100, ten_s / 2), 0);
	static const char *const bad[] = {
		"cpu_stall<=5/s", "iopf", "iopf<1",   "iopf.max_1s<=1/s", "nic.cpu_major<=1",
		"iopf<=",         "",     "iopf<=1,", "pinned<=5",        NULL
	};
	for (unsigned i = 0; bad[i]; i++)
		assert_int_equal(pin_goal_parse(bad[i], &g, &e), ERR_USAGE);
}

/* Steps of the zipf staircase have equal weight at theta 1; halves at theta 2. */
static void the_declared_load_follows_its_law(void **state)
{
	(void)state;
	enum { N = 1024, DRAWS = 200000 };
	static const uint64_t theta[] = { 0, 1000000, 2000000 };
	for (unsigned t = 0; t < 3; t++) {
		const struct background_config c = { .rate = { 1000, NS_PER_SEC },
						     .theta_ppm = theta[t],
						     .pages_ppm = 1000000 };
		struct background b;
		struct err e = {};
		unsigned count[N] = {}, hot = 0;
		uint64_t last = 0;
		assert_int_equal(background_init(&b, &c, N, 5, &e), 0);
		const uint32_t first = (uint32_t)b.offset; /* the page of rank 0 */
		for (unsigned i = 0; i < DRAWS; i++) {
			const struct background_touch x = background_next(&b);
			assert_true(x.page < N && x.ts_ns >= last);
			last = x.ts_ns;
			count[x.page]++;
		}
		for (unsigned i = 0; i < N; i++)
			hot += count[i] > 0;
		/* 10 whole steps and a last one of a single page; share of rank 0 in ppm */
		static const unsigned least[] = { 700, 95000, 495000 },
				      most[] = { 1250, 105000, 505000 };
		const uint64_t share = count[first] * UINT64_C(1000000) / DRAWS;
		assert_true(share >= least[t] && share <= most[t]);
		assert_true(t == 2 || hot == N);
		/* 200,000 gaps of 1 ms: mean within 1 % */
		assert_true(last > UINT64_C(198) * NS_PER_SEC && last < UINT64_C(202) * NS_PER_SEC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_equal_a_slow_model),
		cmocka_unit_test(a_policy_without_budget_is_none),
		cmocka_unit_test(static_all_never_faults),
		cmocka_unit_test(room_for_all_is_static_all_after_the_first_touch),
		cmocka_unit_test(classes_sum_to_the_total),
		cmocka_unit_test(no_policy_beats_the_oracle_when_residency_is_frozen),
		cmocka_unit_test(the_oracle_keeps_what_ends_first),
		cmocka_unit_test(a_shared_list_lets_block_traffic_evict_nic_pages),
		cmocka_unit_test(faults_that_take_time_are_joined),
		cmocka_unit_test(a_log_has_every_fault_and_changes_nothing),
		cmocka_unit_test(a_full_log_counts_what_it_misses),
		cmocka_unit_test(returned_pages_are_cold_or_forced),
		cmocka_unit_test(faults_are_counted_by_half_and_second),
		cmocka_unit_test(cpu_faults_stall_the_guest),
		cmocka_unit_test(the_p99_of_pins_is_by_time),
		cmocka_unit_test(pulses_thin_out_evenly),
		cmocka_unit_test(counts_have_an_order_beyond_chance),
		cmocka_unit_test(pages_are_told_by_how_they_are_used),
		cmocka_unit_test(blocks_may_be_cut_anywhere),
		cmocka_unit_test(the_answer_is_the_least_budget_from_which_all_pass),
		cmocka_unit_test(goals_are_counts_rates_and_shares),
		cmocka_unit_test(the_declared_load_follows_its_law),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	find_online();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
