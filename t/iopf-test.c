// SPDX-License-Identifier: MIT
/*
 * The life of I/O page faults: exact stage sums, joining, service in line
 * against closed forms, the page-request queue at its limits, and what each
 * backend charges beside faults.
 */
#include "sim/iopf.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define US       NS_PER_US

enum { ENDED_MAX = 20000 };

/* A run with what ended in it, in order. */
struct run {
	struct arena arena;
	struct iopf_config c;
	struct evq q;
	struct iopf *f;
	struct err e;

	struct iopf_fault *ended;
	size_t nended;
	uint64_t resolves;
	uint64_t resolve_ns; /* what the hook answers */
};

static uint64_t resolve(void *ctx, const struct iopf_fault *fault, struct ns now)
{
	struct run *r = ctx;

	(void)fault;
	(void)now;
	r->resolves++;
	return r->resolve_ns;
}

static void done(void *ctx, const struct iopf_fault *fault)
{
	struct run *r = ctx;

	assert_true(r->nended < ENDED_MAX);
	r->ended[r->nended++] = *fault;
}

static uint32_t region(void *ctx, uint32_t vm, uint32_t page)
{
	(void)ctx;
	(void)vm;
	return page / 512;
}

/* Zeroed stages: what a test does not set takes no time. */
static void configure(struct run *r, int backend)
{
	*r = (struct run){ .resolve_ns = 100 * US };
	r->ended = calloc(ENDED_MAX, sizeof(*r->ended));
	assert_non_null(r->ended);
	struct param_set s = { .arena = &r->arena };
	assert_int_equal(param_set_add(&s, iopf_params, iopf_nparams, &r->c, &r->e), 0);
	r->c.backend = backend;
}

static void use_profile(struct run *r, const char *backend)
{
	configure(r, 0);
	struct param_set s = { .arena = &r->arena };
	assert_int_equal(param_set_add(&s, iopf_params, iopf_nparams, &r->c, &r->e), 0);
	if (iopf_read_profile(&s, backend, &r->e))
		fail_msg("%s", r->e.msg);
}

static void start(struct run *r, bool has_resolve_hook, uint64_t seed)
{
	const struct iopf_hooks hooks = { .ctx = r,
					  .resolve = has_resolve_hook ? resolve : NULL,
					  .done = done,
					  .region = region };

	assert_int_equal(evq_init(&r->q, (uint32_t)(2 * r->c.slots + 16), &r->arena), 0);
	if (iopf_new(&r->c, &hooks, &r->q, seed, &r->arena, &r->f, &r->e))
		fail_msg("%s", r->e.msg);
}

static void raise_pages(struct run *r, uint64_t at_ns, uint16_t dev, uint16_t queue,
			const uint32_t *pages, uint32_t n)
{
	const struct iopf_request request = {
		.dev = dev, .queue = queue, .pages = pages, .npages = n
	};

	evq_run_until(&r->q, (struct ns){ at_ns });
	iopf_raise(r->f, &request);
}

static void raise_page(struct run *r, uint64_t at_ns, uint16_t queue, uint32_t page)
{
	raise_pages(r, at_ns, 0, queue, &page, 1);
}

static void finish(struct run *r)
{
	while (evq_run_next(&r->q))
		;
	if (iopf_check(r->f, &r->e))
		fail_msg("%s", r->e.msg);
	assert_int_equal(iopf_counts(r->f)->open, 0);
}

static void end(struct run *r)
{
	free(r->ended);
	arena_deinit(&r->arena);
}

static uint64_t total_of(const struct iopf_fault *f)
{
	return f->at[IOPF_STAGES].v - f->at[0].v;
}

static uint64_t stage_of(const struct iopf_fault *f, enum iopf_stage s)
{
	return f->at[s + 1].v - f->at[s].v;
}

/* ---- one fault ---- */

static void the_bitmap_takes_64_kib_per_gib_and_64_mib_per_tib(void **state)
{
	(void)state;
	assert_int_equal(iopf_bitmap_bytes(UINT64_C(1) << 30, 1), 65536);
	assert_int_equal(iopf_bitmap_bytes(UINT64_C(1) << 40, 1), UINT64_C(64) << 20);
	assert_int_equal(iopf_bitmap_bytes(UINT64_C(1) << 30, 3), 3 * 65536);
	assert_int_equal(iopf_bitmap_bytes(4096, 1), 1);
	assert_int_equal(iopf_bitmap_bytes(4 * 4096 + 1, 1), 2);
	assert_int_equal(iopf_bitmap_bytes(0, 1), 0);
	assert_int_equal(iopf_bitmap_bytes_of(UINT64_C(1) << 30, 2 << 20, 1), 65536 / 512);
	assert_int_equal(iopf_bitmap_bytes_of((2 << 20) + 1, 2 << 20, 1), 1);
}

static void constant_stages_are_stamped_one_after_the_other(void **state)
{
	struct run r;
	uint64_t sum = 0;
	(void)state;

	configure(&r, IOPF_VPRI);
	for (int i = 0; i < IOPF_STAGES; i++)
		r.c.stage[i] = dist_const((uint64_t)(i + 1) * 1000);
	start(&r, false, 1);
	raise_page(&r, 5000, 0, 7);
	finish(&r);
	assert_int_equal(r.nended, 1);
	assert_int_equal(r.ended[0].outcome, IOPF_DONE);
	for (int i = 0; i < IOPF_STAGES; i++) {
		assert_int_equal(r.ended[0].at[i].v, 5000 + sum);
		sum += (uint64_t)(i + 1) * 1000;
	}
	assert_int_equal(r.ended[0].at[IOPF_STAGES].v, 5000 + sum);
	end(&r);
}

static void the_page_may_arrive_later_or_never(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.stage[IOPF_UPDATE] = dist_const(US);
	r.resolve_ns = IOPF_LATER;
	start(&r, true, 1);
	raise_page(&r, 0, 0, 1);
	raise_page(&r, 0, 1, 2);
	evq_run_until(&r.q, (struct ns){ 50 * US });
	assert_int_equal(r.nended, 0);
	iopf_resolved(r.f, 0, true);
	iopf_resolved(r.f, 1, false);
	finish(&r);
	assert_int_equal(r.nended, 2);
	assert_int_equal(r.ended[0].outcome, IOPF_DONE);
	assert_int_equal(stage_of(&r.ended[0], IOPF_RESOLVE), 50 * US);
	assert_int_equal(total_of(&r.ended[0]), 51 * US);
	assert_int_equal(r.ended[1].outcome, IOPF_FAILED);
	end(&r);
}

static void a_refused_page_fails_and_the_server_goes_on(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.servers = 1;
	r.resolve_ns = IOPF_REFUSED;
	start(&r, true, 1);
	raise_page(&r, 0, 0, 1);
	raise_page(&r, 0, 0, 2);
	finish(&r);
	assert_int_equal(iopf_counts(r.f)->failed, 2);
	assert_int_equal(iopf_counts(r.f)->bitmap_updates, 0);
	end(&r);
}

static void without_support_a_fault_fails_at_once(void **state)
{
	static const char *const names[] = { "none", "static" };
	struct run r;
	(void)state;

	for (size_t i = 0; i < COUNT(names); i++) {
		use_profile(&r, names[i]);
		start(&r, true, 1);
		raise_page(&r, 10, 0, 1);
		finish(&r);
		assert_int_equal(iopf_counts(r.f)->failed, 1);
		assert_int_equal(total_of(&r.ended[0]), 0);
		assert_int_equal(r.resolves, 0);
		assert_false(iopf_traits(r.c.backend).can_fault);
		end(&r);
	}
}

/* ---- joining ---- */

static void a_second_fault_on_the_same_page_joins_and_brings_nothing_in(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.stage[IOPF_REPORT] = dist_const(10 * US);
	start(&r, true, 1);
	raise_page(&r, 0, 0, 7);
	raise_page(&r, 30 * US, 1, 7);
	raise_page(&r, 40 * US, 2, 8);
	raise_page(&r, 50 * US, 3, 7);
	finish(&r);
	assert_int_equal(r.resolves, 2);
	assert_int_equal(iopf_counts(r.f)->joined, 2);
	assert_int_equal(r.ended[0].outcome, IOPF_DONE);
	assert_int_equal(r.ended[1].outcome, IOPF_JOINED);
	assert_int_equal(total_of(&r.ended[1]), 80 * US); /* ends with the first, at 110 */
	assert_int_equal(total_of(&r.ended[2]), 60 * US);
	assert_int_equal(r.ended[2].queue, 3);
	assert_int_equal(stage_of(&r.ended[1], IOPF_REPORT), 0);
	assert_int_equal(stage_of(&r.ended[1], IOPF_RESOLVE), 80 * US);
	end(&r);
}

static void a_fault_after_the_end_is_a_new_one(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.stage[IOPF_RESUME] = dist_const(10 * US);
	start(&r, true, 1);
	raise_page(&r, 0, 0, 7);
	raise_page(&r, 105 * US, 0, 7); /* the page is there, the device not yet told */
	raise_page(&r, 500 * US, 0, 7);
	finish(&r);
	assert_int_equal(r.resolves, 3);
	assert_int_equal(iopf_counts(r.f)->done, 3);
	end(&r);
}

static void faults_join_by_2_mib_region_when_asked(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.join = IOPF_JOIN_REGION;
	start(&r, true, 1);
	raise_page(&r, 0, 0, 0);
	raise_page(&r, 1, 0, 511);
	raise_page(&r, 2, 0, 512);
	finish(&r);
	assert_int_equal(r.resolves, 2);
	assert_int_equal(iopf_counts(r.f)->joined, 1);
	end(&r);
}

/* Many pages at a time through the table of pages on their way, each joined once. */
static void every_fault_ends_done_failed_or_joined(void **state)
{
	struct run r;
	struct rng rng;
	(void)state;

	use_profile(&r, "vpri");
	r.c.slots = 256;
	start(&r, false, 1);
	rng_init(&rng, 1, "faults");
	for (uint64_t i = 0, t = 0; i < 10000; i++) {
		t += rng_below(&rng, 5 * US);
		raise_page(&r, t, (uint16_t)rng_below(&rng, 8), (uint32_t)rng_below(&rng, 300));
		if (i % 64 == 0 && iopf_check(r.f, &r.e))
			fail_msg("%s", r.e.msg);
	}
	finish(&r);
	const struct iopf_counts *n = iopf_counts(r.f);
	assert_int_equal(n->raised, 10000);
	assert_int_equal(n->done + n->failed + n->joined, n->raised);
	assert_true(n->done > 100 && n->joined > 100 && n->no_slot > 100);
	assert_int_equal(n->failed, n->no_slot);
	assert_int_equal(r.nended, n->raised); /* those without a slot too */
	assert_int_equal(n->open_max, 256);
	end(&r);
}

/* ---- service ---- */

static void a_burst_is_served_in_order_of_arrival_by_k_servers(void **state)
{
	enum { BURST = 40, SERVERS = 4 };
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.servers = SERVERS;
	r.c.stage[IOPF_SCHED] = dist_const(10 * US);
	start(&r, true, 1);
	for (uint32_t i = 0; i < BURST; i++)
		raise_page(&r, 0, 0, i);
	finish(&r);
	for (uint32_t i = 0; i < BURST; i++) {
		assert_int_equal(r.ended[i].page, i);
		assert_int_equal(r.ended[i].wait_ns, i / SERVERS * 110 * US);
		assert_int_equal(total_of(&r.ended[i]), (i / SERVERS + 1) * 110 * US);
	}
	assert_int_equal(iopf_counts(r.f)->line_max, BURST - SERVERS);
	assert_int_equal(iopf_counts(r.f)->server_busy_ns, BURST * 110 * US);
	end(&r);
}

static void a_server_that_does_not_wait_for_the_swap_serves_more(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.servers = 1;
	r.c.holds_server = false;
	r.c.stage[IOPF_SCHED] = dist_const(10 * US);
	start(&r, true, 1);
	for (uint32_t i = 0; i < 5; i++)
		raise_page(&r, 0, 0, i);
	finish(&r);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(total_of(&r.ended[i]), (i + 1) * 10 * US + 100 * US);
	end(&r);
}

static void vcpu_affined_service_queues_per_vcpu(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.service = IOPF_VCPU;
	r.c.servers = 4;
	start(&r, true, 1);
	raise_page(&r, 0, 0, 1);
	raise_page(&r, 0, 4, 2); /* the same vCPU */
	raise_page(&r, 0, 1, 3);
	finish(&r);
	assert_int_equal(total_of(&r.ended[0]), 100 * US);
	assert_int_equal(total_of(&r.ended[1]), 100 * US);
	assert_int_equal(r.ended[1].page, 3);
	assert_int_equal(total_of(&r.ended[2]), 200 * US);
	end(&r);
}

/* Erlang's C: the chance to wait in M/M/k, with load a = lambda / mu. */
static double erlang_c(unsigned k, double a)
{
	double term = 1, sum = 1;

	for (unsigned i = 1; i < k; i++) {
		term *= a / i;
		sum += term;
	}
	term *= a / k;
	const double wait = term * k / (k - a);
	return wait / (sum + wait);
}

static void waiting_in_line_is_that_of_a_queue_with_k_servers(void **state)
{
	static const struct {
		uint64_t servers, gap_ns;
	} cases[] = { { 1, 200 * US }, { 4, 35 * US } };
	enum { FAULTS = 400000 };
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = {};
		struct evq q;
		struct err e;
		struct rng rng;
		struct quantile gap;
		struct iopf *f;
		struct iopf_config c = { .servers = cases[i].servers,
					 .slots = 4096,
					 .functions = 1,
					 .batch_entries = 1,
					 .holds_server = true };
		const struct dist exponential = { .kind = DIST_EXPONENTIAL,
						  .a_ns = cases[i].gap_ns };

		c.stage[IOPF_RESOLVE] = (struct dist){ .kind = DIST_EXPONENTIAL, .a_ns = 100 * US };
		assert_int_equal(evq_init(&q, 8192, &a), 0);
		assert_int_equal(iopf_new(&c, NULL, &q, 1, &a, &f, &e), 0);
		assert_int_equal(quantile_init(&gap, &exponential, &a, &e), 0);
		rng_init(&rng, 1, "arrivals");
		for (uint32_t n = 0; n < FAULTS; n++) {
			const struct iopf_request r = { .pages = &n, .npages = 1 };
			evq_run_until(&q, ns_add(q.now, (struct ns){ quantile_draw(&gap, &rng) }));
			iopf_raise(f, &r);
		}
		while (evq_run_next(&q))
			;
		const double load = 100.0 * US / (double)cases[i].gap_ns;
		const double k = (double)cases[i].servers;
		const double wait = erlang_c((unsigned)k, load) * 100 * US / (k - load);
		const double ours = (double)hist_mean(iopf_stage_hist(f, IOPF_SCHED));
		assert_int_equal(iopf_counts(f)->done, FAULTS);
		assert_true(fabs(ours / wait - 1) < 0.03);
		arena_deinit(&a);
	}
}

/* ---- exact sums over everything random ---- */

static void stages_sum_to_the_whole_for_every_backend(void **state)
{
	(void)state;
	for (int b = 0; iopf_backend_names[b]; b++) {
		struct run r;
		struct rng rng;

		use_profile(&r, iopf_backend_names[b]);
		start(&r, false, 3);
		rng_init(&rng, 3, "faults");
		for (uint64_t i = 0, t = 0; i < 5000; i++) {
			uint32_t pages[16];
			const uint32_t n = 1 + (uint32_t)rng_below(&rng, 3);
			for (uint32_t k = 0; k < n; k++)
				pages[k] = (uint32_t)rng_below(&rng, 5000);
			t += rng_below(&rng, 200 * US);
			raise_pages(&r, t, (uint16_t)rng_below(&rng, 3),
				    (uint16_t)rng_below(&rng, 8), pages, n);
		}
		finish(&r);
		for (size_t i = 0; i < r.nended; i++) {
			uint64_t sum = 0;
			for (int s = 0; s < IOPF_STAGES; s++) {
				assert_true(r.ended[i].at[s].v <= r.ended[i].at[s + 1].v);
				sum += stage_of(&r.ended[i], (enum iopf_stage)s);
			}
			assert_int_equal(sum, total_of(&r.ended[i]));
			assert_true(r.ended[i].wait_ns <= stage_of(&r.ended[i], IOPF_SCHED));
		}
		assert_int_equal(iopf_counts(r.f)->raised, r.nended);
		assert_true(iopf_traits(r.c.backend).can_fault ? iopf_counts(r.f)->done > 0
							       : iopf_counts(r.f)->done == 0);
		end(&r);
	}
}

static uint64_t digest_of_run(uint64_t seed)
{
	struct run r;
	uint64_t digest = 0;

	use_profile(&r, "pri");
	start(&r, false, seed);
	for (uint32_t i = 0; i < 2000; i++)
		raise_page(&r, i * 20 * US, (uint16_t)(i % 5), i);
	finish(&r);
	for (size_t i = 0; i < r.nended; i++)
		digest = splitmix64_mix(digest ^ r.ended[i].at[IOPF_STAGES].v ^
					(uint64_t)r.ended[i].page << 40);
	end(&r);
	return digest;
}

static void the_seed_decides_all(void **state)
{
	(void)state;
	assert_int_equal(digest_of_run(1), digest_of_run(1));
	assert_int_not_equal(digest_of_run(1), digest_of_run(2));
}

/* ---- page-request queue ---- */

static void configure_prq(struct run *r, uint64_t entries, int head)
{
	configure(r, IOPF_PRI);
	r->c.prq_entries = entries;
	r->c.prq_head = head;
	r->c.servers = 64;
	r->c.device_requests = 1000;
	r->c.prq_entry = dist_const(US);
	r->c.prq_retry = dist_const(50 * US);
	r->resolve_ns = 0;
}

static void raise_burst(struct run *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		raise_page(r, 0, 0, i);
}

static void a_full_request_queue_drops_and_the_device_asks_again(void **state)
{
	struct run r;
	(void)state;

	configure_prq(&r, 10, IOPF_HEAD_BATCH);
	start(&r, true, 1);
	raise_burst(&r, 12);
	finish(&r);
	const struct iopf_counts *n = iopf_counts(r.f);
	assert_int_equal(n->prq_overflow, 2);
	assert_int_equal(n->prq_requests, 14);
	assert_int_equal(n->prq_used_max, 10);
	assert_int_equal(n->done, 12);
	assert_int_equal(stage_of(&r.ended[0], IOPF_REPORT), 0);
	assert_int_equal(stage_of(&r.ended[11], IOPF_REPORT), 50 * US); /* waiting is in report */
	assert_int_equal(r.ended[11].retries, 1);
	end(&r);
}

/*
 * Three requests come first and are read at 1.5, 2.5 and 3.5 us; the queue has
 * room for four, and two more come at 2 us, when one has been read. Head by batch: one
 * place is free, and one of the two is dropped. Head by entry: both fit.
 */
static void entries_come_back_only_when_the_batch_is_read(void **state)
{
	static const struct {
		int head;
		uint64_t overflow;
	} cases[] = { { IOPF_HEAD_BATCH, 1 }, { IOPF_HEAD_EACH, 0 } };
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run r;
		configure_prq(&r, 4, cases[i].head);
		r.c.stage[IOPF_IRQ] = dist_const(500);
		start(&r, true, 1);
		raise_burst(&r, 3);
		raise_page(&r, 2000, 0, 100);
		raise_page(&r, 2000, 0, 101);
		finish(&r);
		assert_int_equal(iopf_counts(r.f)->prq_overflow, cases[i].overflow);
		assert_int_equal(iopf_counts(r.f)->done, 5);
		end(&r);
	}
}

static void a_queue_that_was_full_is_empty_again_after_its_batch(void **state)
{
	static const int heads[] = { IOPF_HEAD_BATCH, IOPF_HEAD_EACH };
	(void)state;

	for (size_t i = 0; i < COUNT(heads); i++) {
		struct run r;
		configure_prq(&r, 10, heads[i]);
		r.c.stage[IOPF_IRQ] = dist_const(500);
		start(&r, true, 1);
		for (uint64_t burst = 0; burst < 20; burst++)
			for (uint32_t page = 0; page < 10; page++)
				raise_page(&r, burst * NS_PER_MS, 0, page);
		finish(&r);
		assert_int_equal(iopf_counts(r.f)->prq_used_max, 10);
		assert_int_equal(iopf_counts(r.f)->prq_overflow, 0);
		assert_int_equal(iopf_counts(r.f)->done, 200);
		end(&r);
	}
}

static void overflow_collapses_throughput(void **state)
{
	uint64_t last[2];
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct run r;
		configure_prq(&r, i ? 512 : 16, IOPF_HEAD_BATCH);
		start(&r, true, 1);
		raise_burst(&r, 512);
		finish(&r);
		last[i] = r.ended[511].at[IOPF_STAGES].v;
		assert_int_equal(iopf_counts(r.f)->done, 512);
		end(&r);
	}
	assert_int_equal(last[1], 512 * US); /* one entry a us */
	assert_true(last[0] > 2 * 512 * US); /* mostly pauses */
}

static void a_request_that_never_finds_room_fails_after_its_retries(void **state)
{
	struct run r;
	(void)state;

	configure_prq(&r, 1, IOPF_HEAD_BATCH);
	r.c.prq_retries = 2;
	r.c.prq_entry = dist_const(NS_PER_SEC);
	start(&r, true, 1);
	raise_burst(&r, 2);
	finish(&r);
	assert_int_equal(iopf_counts(r.f)->failed, 1);
	assert_int_equal(iopf_counts(r.f)->prq_overflow, 3);
	assert_int_equal(total_of(&r.ended[0]), 100 * US);
	end(&r);
}

static void a_device_has_so_many_requests_outstanding_and_no_more(void **state)
{
	struct run r;
	(void)state;

	configure_prq(&r, 512, IOPF_HEAD_BATCH);
	r.c.device_requests = 2;
	r.c.prq_entry = dist_const(0);
	r.resolve_ns = 100 * US;
	start(&r, true, 1);
	raise_burst(&r, 6);
	raise_pages(&r, 0, 1, 0, (const uint32_t[]){ 100 }, 1); /* another device */
	finish(&r);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(total_of(&r.ended[i]), 100 * US);
	assert_int_equal(total_of(&r.ended[3]), 200 * US);
	assert_int_equal(stage_of(&r.ended[6], IOPF_REPORT), 200 * US);
	end(&r);
}

static void a_group_is_answered_when_its_last_page_is_mapped(void **state)
{
	uint32_t pages[5] = { 0, 1, 2, 3, 4 };
	struct run r;
	(void)state;

	configure_prq(&r, 512, IOPF_HEAD_BATCH);
	r.c.servers = 1; /* one page after the other */
	r.resolve_ns = 100 * US;
	r.c.stage[IOPF_UPDATE] = dist_const(3 * US);
	start(&r, true, 1);
	raise_pages(&r, 0, 0, 0, pages, 5);
	finish(&r);
	assert_int_equal(iopf_counts(r.f)->prq_groups, 1);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(r.ended[i].at[IOPF_STAGES].v, 1 * US + 500 * US + 3 * US);
	assert_int_equal(stage_of(&r.ended[0], IOPF_UPDATE), 403 * US);
	end(&r);
}

static void groups_have_at_most_512_pages(void **state)
{
	uint32_t pages[1300];
	struct run r;
	(void)state;

	for (uint32_t i = 0; i < 1300; i++)
		pages[i] = i;
	configure_prq(&r, 4096, IOPF_HEAD_BATCH);
	r.c.device_requests = 4096;
	start(&r, true, 1);
	raise_pages(&r, 0, 0, 0, pages, 1300);
	finish(&r);
	assert_int_equal(iopf_counts(r.f)->prq_groups, 3);
	assert_int_equal(iopf_counts(r.f)->done, 1300);
	end(&r);
}

static void a_failure_ends_pri_for_a_function_but_never_for_a_virtual_one(void **state)
{
	(void)state;
	for (int is_vf = 0; is_vf < 2; is_vf++) {
		struct run r;
		configure_prq(&r, 512, IOPF_HEAD_BATCH);
		r.c.is_vf = is_vf;
		r.resolve_ns = IOPF_REFUSED;
		start(&r, true, 1);
		raise_page(&r, 0, 0, 1);
		evq_run_until(&r.q, (struct ns){ NS_PER_MS });
		r.resolve_ns = 0;
		raise_page(&r, NS_PER_MS, 0, 2);
		raise_pages(&r, NS_PER_MS, 1, 0, (const uint32_t[]){ 3 }, 1);
		finish(&r);
		assert_int_equal(iopf_counts(r.f)->failed, is_vf ? 1 : 2);
		assert_int_equal(iopf_counts(r.f)->pri_off, is_vf ? 0 : 1);
		assert_int_equal(iopf_counts(r.f)->done, is_vf ? 2 : 1);
		end(&r);
	}
}

/* ---- beside faults ---- */

static void bitmap_updates_are_charged_per_change_and_function_batched_or_not(void **state)
{
	static const struct {
		uint64_t batch, writes, ns;
	} cases[] = {
		{ 1, 2000, 2000 * UINT64_C(1742) },
		{ 100, 20, 20 * UINT64_C(1742) + 1980 * UINT64_C(20) },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run r;
		configure(&r, IOPF_VPRI);
		r.c.functions = 2;
		r.c.batch_entries = cases[i].batch;
		r.c.stage[IOPF_UPDATE] = dist_const(1742);
		r.c.batch_extra = dist_const(20);
		start(&r, true, 1);
		for (uint32_t page = 0; page < 1000; page++)
			iopf_residency(r.f, 0, page, page % 2);
		assert_int_equal(iopf_counts(r.f)->bitmap_updates, 2000);
		assert_int_equal(iopf_counts(r.f)->bitmap_writes, cases[i].writes);
		assert_int_equal(iopf_counts(r.f)->bitmap_ns, cases[i].ns);
		end(&r);
	}
}

static void a_reclaimed_page_leaves_the_device_tlb(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_PRI);
	r.c.tlb_invalidate = dist_const(2 * US);
	start(&r, true, 1);
	iopf_residency(r.f, 0, 1, false);
	iopf_residency(r.f, 0, 1, true); /* nothing to take out */
	assert_int_equal(iopf_counts(r.f)->tlb_invalidations, 1);
	assert_int_equal(iopf_counts(r.f)->tlb_ns, 2 * US);
	assert_int_equal(iopf_counts(r.f)->bitmap_updates, 0);
	end(&r);
}

static void snooping_gives_way_above_its_threshold_and_comes_back(void **state)
{
	struct run r;
	uint64_t t = 0;
	(void)state;

	configure(&r, IOPF_SNOOP);
	r.c.request_cost = dist_const(US);
	r.c.passthrough_iops = 1000;
	r.c.passthrough_window_ns = NS_PER_SEC;
	start(&r, true, 1);
	for (int i = 0; i < 999; i++, t += NS_PER_SEC / 999) /* below: snooped */
		assert_int_equal(iopf_request(r.f, 0, (struct ns){ t }), US);
	t = NS_PER_SEC;
	for (int i = 0; i < 2000; i++, t += NS_PER_SEC / 2000) /* above, but not known yet */
		assert_int_equal(iopf_request(r.f, 0, (struct ns){ t }), US);
	assert_false(iopf_is_passed_through(r.f, 0));
	t = 2 * NS_PER_SEC;
	assert_int_equal(iopf_request(r.f, 0, (struct ns){ t }), 0);
	assert_true(iopf_is_passed_through(r.f, 0));
	assert_false(iopf_is_passed_through(r.f, 1));
	assert_int_equal(iopf_request(r.f, 0, (struct ns){ 3 * NS_PER_SEC }), US); /* idle: back */
	assert_int_equal(iopf_counts(r.f)->passthrough_switches, 2);
	assert_int_equal(iopf_counts(r.f)->requests_passed, 1);
	assert_int_equal(iopf_counts(r.f)->request_ns, 3000 * US);
	for (int i = 0; i < 2000; i++) /* pressure, and then a long pause */
		iopf_request(r.f, 0, (struct ns){ 3 * NS_PER_SEC + 1 });
	iopf_request(r.f, 0, (struct ns){ 9 * NS_PER_SEC });
	assert_false(iopf_is_passed_through(r.f, 0));
	for (int i = 0; i < 2000; i++) /* pressure for a second, and then nobody comes */
		iopf_request(r.f, 0, (struct ns){ 10 * NS_PER_SEC + 1 });
	iopf_no_request(r.f, 0, (struct ns){ 11 * NS_PER_SEC });
	assert_true(iopf_is_passed_through(r.f, 0));
	iopf_no_request(r.f, 0, (struct ns){ 12 * NS_PER_SEC });
	assert_false(iopf_is_passed_through(r.f, 0));
	end(&r);
}

static void a_fault_without_a_slot_is_told_to_have_failed(void **state)
{
	static const uint32_t pages[] = { 4, 5 };
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	r.c.slots = 1;
	start(&r, true, 1);
	evq_run_until(&r.q, (struct ns){ 3 * US });
	iopf_raise(r.f, &(struct iopf_request){
				.dev = 2, .queue = 7, .pages = pages, .npages = 2, .tag = 99 });
	assert_int_equal(r.nended, 1); /* at once, before the first one */
	assert_int_equal(r.ended[0].page, 5);
	assert_int_equal(r.ended[0].outcome, IOPF_FAILED);
	assert_int_equal(r.ended[0].at[0].v, 3 * US);
	assert_int_equal(total_of(&r.ended[0]), 0);
	finish(&r);
	assert_int_equal(r.nended, 2);
	assert_int_equal(r.ended[1].outcome, IOPF_DONE);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(r.ended[i].tag, 99);
		assert_int_equal(r.ended[i].dev, 2);
		assert_int_equal(r.ended[i].queue, 7);
	}
	assert_int_equal(iopf_counts(r.f)->no_slot, 1);
	end(&r);
}

static void a_queue_too_small_is_our_bug_and_said_so(void **state)
{
	struct run r;
	(void)state;

	configure(&r, IOPF_VPRI);
	assert_int_equal(evq_init(&r.q, 16, &r.arena), 0);
	assert_int_equal(iopf_new(&r.c, NULL, &r.q, 1, &r.arena, &r.f, &r.e), ERR_BUG);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bitmap_takes_64_kib_per_gib_and_64_mib_per_tib),
		cmocka_unit_test(constant_stages_are_stamped_one_after_the_other),
		cmocka_unit_test(the_page_may_arrive_later_or_never),
		cmocka_unit_test(a_refused_page_fails_and_the_server_goes_on),
		cmocka_unit_test(without_support_a_fault_fails_at_once),
		cmocka_unit_test(a_second_fault_on_the_same_page_joins_and_brings_nothing_in),
		cmocka_unit_test(a_fault_after_the_end_is_a_new_one),
		cmocka_unit_test(faults_join_by_2_mib_region_when_asked),
		cmocka_unit_test(every_fault_ends_done_failed_or_joined),
		cmocka_unit_test(a_burst_is_served_in_order_of_arrival_by_k_servers),
		cmocka_unit_test(a_server_that_does_not_wait_for_the_swap_serves_more),
		cmocka_unit_test(vcpu_affined_service_queues_per_vcpu),
		cmocka_unit_test(waiting_in_line_is_that_of_a_queue_with_k_servers),
		cmocka_unit_test(stages_sum_to_the_whole_for_every_backend),
		cmocka_unit_test(the_seed_decides_all),
		cmocka_unit_test(a_full_request_queue_drops_and_the_device_asks_again),
		cmocka_unit_test(entries_come_back_only_when_the_batch_is_read),
		cmocka_unit_test(a_queue_that_was_full_is_empty_again_after_its_batch),
		cmocka_unit_test(overflow_collapses_throughput),
		cmocka_unit_test(a_request_that_never_finds_room_fails_after_its_retries),
		cmocka_unit_test(a_device_has_so_many_requests_outstanding_and_no_more),
		cmocka_unit_test(a_group_is_answered_when_its_last_page_is_mapped),
		cmocka_unit_test(groups_have_at_most_512_pages),
		cmocka_unit_test(a_failure_ends_pri_for_a_function_but_never_for_a_virtual_one),
		cmocka_unit_test(bitmap_updates_are_charged_per_change_and_function_batched_or_not),
		cmocka_unit_test(a_reclaimed_page_leaves_the_device_tlb),
		cmocka_unit_test(snooping_gives_way_above_its_threshold_and_comes_back),
		cmocka_unit_test(a_fault_without_a_slot_is_told_to_have_failed),
		cmocka_unit_test(a_queue_too_small_is_our_bug_and_said_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
