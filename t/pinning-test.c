// SPDX-License-Identifier: MIT
/*
 * Policies that only pin, driven by hand: what they hold against their
 * definitions. The host here is merciless: a page that is not pinned is swapped
 * out at once, so that each use of one after its first is a fault.
 */
#include "policies/pinning.h"

#include "base/rng.h"
#include "base/units.h"
#include "t/pin-scene.h"
#include "t/policy-sets.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { EPOCH_S = 30 };

struct desk {
	struct policy_pins pins; /* first: the policy's handle is the desk */
	struct policy_view view;
	struct arena arena;
	const struct policy *policy;
	void *state;
	uint8_t *is_pinned;
	uint64_t now_ns, next_epoch_ns, faults;
};

static bool desk_pin(struct policy_pins *pins, uint32_t page)
{
	struct desk *d = (struct desk *)pins;
	if (!d->is_pinned[page] && pins->held_pages == pins->budget_pages)
		return false;
	pins->held_pages += !d->is_pinned[page];
	d->is_pinned[page] = true;
	return true;
}

static void desk_unpin(struct policy_pins *pins, uint32_t page)
{
	struct desk *d = (struct desk *)pins;
	pins->held_pages -= d->is_pinned[page];
	d->is_pinned[page] = false;
}

static uint64_t never(const struct policy_view *view, uint32_t page, uint64_t now_ns)
{
	(void)view, (void)page, (void)now_ns;
	return UINT64_MAX;
}

static struct desk *desk_new(const char *policy, uint32_t npages, uint32_t budget, uint64_t seed,
			     const char *const *sets)
{
	struct desk *d = calloc(1, sizeof(*d));
	d->policy = policy_find_pinning(policy);
	d->pins = (struct policy_pins){ desk_pin, desk_unpin, budget, 0 };
	d->view = (struct policy_view){ .npages = npages,
					.epoch_ns = EPOCH_S * NS_PER_SEC,
					.cpu_age_ns = never };
	d->next_epoch_ns = d->view.epoch_ns;
	d->is_pinned = arena_alloc(&d->arena, npages, 1);
	const struct policy_setup setup = { .arena = &d->arena,
					    .npages = npages,
					    .capacity_pages = budget,
					    .seed = seed,
					    .params = policy_sets(d->policy, sets, &d->arena),
					    .view = &d->view };
	d->state = d->policy->init(&setup);
	assert_non_null(d->state);
	return d;
}

static void desk_free(struct desk *d)
{
	arena_deinit(&d->arena);
	free(d);
}

/* Time passes, epoch by epoch. */
static void wait_until(struct desk *d, uint64_t ns)
{
	for (; d->next_epoch_ns <= ns; d->next_epoch_ns += d->view.epoch_ns)
		d->policy->pinning->tick(d->state, d->next_epoch_ns, &d->pins);
	d->now_ns = ns;
}

static void use(struct desk *d, uint32_t page, bool is_swapped)
{
	const struct policy_access a = { .now_ns = d->now_ns,
					 .page = page,
					 .is_fault = is_swapped && !d->is_pinned[page] };
	d->faults += a.is_fault;
	d->policy->pinning->access(d->state, &a, &d->pins);
	assert_true(d->pins.held_pages <= d->pins.budget_pages);
}

static uint32_t pinned_between(const struct desk *d, uint32_t first, uint32_t end)
{
	uint32_t n = 0;
	for (uint32_t page = first; page < end; page++)
		n += d->is_pinned[page];
	return n;
}

/* ---- working-set ---- */

/* Used within tau, and among those at most the budget's number of latest ones. */
static bool belongs(const uint64_t *last_ns, uint32_t npages, uint32_t page, uint64_t now_ns,
		    uint64_t tau_ns, uint32_t budget)
{
	uint32_t later = 0;
	if (!last_ns[page] || now_ns - last_ns[page] > tau_ns)
		return false;
	for (uint32_t other = 0; other < npages; other++)
		later += last_ns[other] > last_ns[page];
	return later < budget;
}

static void a_working_set_is_what_was_used_within_tau(void **state)
{
	(void)state;
	enum { N = 60 };
	static const char *const sets[] = { "pin.tau=100s", NULL };
	for (uint32_t budget = 0; budget <= N; budget += 12) {
		struct desk *d = desk_new("working-set", N, budget, 1, sets);
		uint64_t last_ns[N] = {}, now = 0;
		struct rng r;
		rng_init(&r, budget, "working-set");
		for (unsigned i = 0; i < 4000; i++) {
			now += 1 + rng_below(&r, 20) * rng_below(&r, 2) * rng_below(&r, NS_PER_SEC);
			wait_until(d, now);
			const uint32_t page = (uint32_t)(rng_below(&r, N) * rng_below(&r, N) / N);
			use(d, page, true);
			last_ns[page] = now;
			for (uint32_t p = 0; p < N; p++)
				assert_int_equal(
					d->is_pinned[p],
					belongs(last_ns, N, p, now, 100 * NS_PER_SEC, budget));
		}
		desk_free(d);
	}
}

static void a_working_set_without_end_is_lru(void **state)
{
	(void)state;
	static const char *const sets[] = { "pin.tau=1000h", NULL };
	struct scene *s = scene_new(11);
	s->sets = sets;
	for (uint64_t budget = 0; budget <= PAGES; budget += 6) {
		const struct pin_result lru =
			run(s, "lru", budget, 400000, PIN_BY_TRACE, NULL, NULL);
		const struct pin_result set =
			run(s, "working-set", budget, 400000, PIN_BY_TRACE, NULL, NULL);
		assert_memory_equal(&set, &lru, sizeof(lru));
	}
	scene_free(s);
}

/* The budget is its answer: as large as what is used, however much more it may have. */
static void a_working_set_needs_no_budget(void **state)
{
	(void)state;
	struct desk *d = desk_new("working-set", 1000, 1000, 1, NULL);
	for (unsigned i = 0; i < 3000; i++) {
		wait_until(d, i * NS_PER_SEC);
		use(d, i < 1000 ? i : i % 7, true);
	}
	assert_int_equal(d->pins.held_pages, 7);
	desk_free(d);
}

/* ---- region ---- */

enum { VM = 100000 };

/* Two minutes in which pages first .. first + n - 1 are used all the time. */
static struct desk *watch(uint32_t first, uint32_t n, uint32_t budget, uint64_t seed)
{
	struct desk *d = desk_new("region", VM, budget, seed, NULL);
	for (uint64_t ms = 0; ms < 120000; ms += 4) {
		wait_until(d, ms * NS_PER_MS);
		if (n < 10)
			for (uint32_t i = 0; i < n; i++)
				use(d, first + i, true);
		else /* each page once in 4 s at least, many in each interval */
			for (uint32_t i = 0; i < n / 40; i++)
				use(d, first + (uint32_t)(ms / 4 * (n / 40) + i) % n, true);
	}
	wait_until(d, 120 * NS_PER_SEC);
	return d;
}

static void regions_find_a_large_hot_area(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct desk *d = watch(33333, 20000, 20000, seed);
		const uint32_t right = pinned_between(d, 33333, 53333);
		assert_int_equal(d->pins.held_pages, 20000);
		assert_true(right > 16000);
		desk_free(d);
	}
}

/* Four pages in use without pause, which any list has at once. */
static void regions_miss_a_small_hot_spot(void **state)
{
	(void)state;
	unsigned found = 0;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct desk *d = watch(54321, 4, 100, seed);
		found += pinned_between(d, 54321, 54325) > 0;
		assert_true(d->faults > 4 * 29000);
		desk_free(d);
	}
	assert_true(found <= 1);
	struct desk *d = desk_new("working-set", VM, 100, 1, NULL);
	for (unsigned i = 0; i < 400; i++)
		use(d, 54321 + i % 4, i >= 4);
	assert_int_equal(d->faults, 0);
	desk_free(d);
}

static void samples_repeat_with_the_seed(void **state)
{
	(void)state;
	struct desk *a = watch(33333, 20000, 5000, 1), *b = watch(33333, 20000, 5000, 1),
		    *c = watch(33333, 20000, 5000, 2);
	assert_memory_equal(a->is_pinned, b->is_pinned, VM);
	assert_memory_not_equal(a->is_pinned, c->is_pinned, VM);
	desk_free(a);
	desk_free(b);
	desk_free(c);
}

/* A year of silence is no work: IDLE aggregations at most, then a step. */
static void regions_sleep_while_nothing_is_used(void **state)
{
	(void)state;
	struct desk *d = desk_new("region", VM, 100, 1, NULL);
	use(d, 5, false);
	d->now_ns = UINT64_C(365) * 24 * 3600 * NS_PER_SEC;
	use(d, 5, false);
	d->now_ns = UINT64_MAX - 1;
	use(d, 5, false);
	desk_free(d);
}

/* ---- at-risk ---- */

/* A ring of n pages, all swapped out and never used by a device so far. */
static uint64_t faults_of_cold_ring(uint32_t n, int32_t step, const char *const *sets)
{
	struct desk *d = desk_new("at-risk", 10000, 5000, 1, sets);
	for (uint32_t i = 0; i < n; i++) {
		d->now_ns += 100 * NS_PER_US;
		use(d, (uint32_t)(5000 + (int32_t)i * step), true);
	}
	const uint64_t faults = d->faults;
	desk_free(d);
	return faults;
}

static void a_cold_ring_faults_as_the_logarithm_of_its_pages(void **state)
{
	(void)state;
	static const char *const blind[] = { "pin.at_risk_reach=0", NULL };
	for (uint32_t bits = 0; bits <= 6; bits++) {
		assert_int_equal(faults_of_cold_ring(1 << bits, 1, NULL), bits + 1);
		assert_int_equal(faults_of_cold_ring(1 << bits, -1, NULL), bits + 1);
		assert_int_equal(faults_of_cold_ring(1 << bits, 1, blind), 1 << bits);
	}
	/* beyond its reach of 64 pages, once in 65 */
	assert_int_equal(faults_of_cold_ring(128 + 65 * 10, 1, NULL), 8 + 10);
	/* pages that lie apart announce nothing */
	assert_int_equal(faults_of_cold_ring(100, 2, NULL), 100);
}

/* The ring rests for an hour: the first of its pages that faults brings back its company. */
static void a_ring_that_wakes_up_faults_once_at_most(void **state)
{
	(void)state;
	struct desk *d = desk_new("at-risk", 10000, 40, 1, NULL);
	for (unsigned round = 0; round < 5; round++) {
		const uint64_t before = d->faults;
		wait_until(d, (1 + round * UINT64_C(3600)) * NS_PER_SEC);
		for (uint32_t i = 0; i < 32; i++) {
			d->now_ns += 100 * NS_PER_US;
			use(d, 700 + i, round > 0);
		}
		assert_true(round < 2 || d->faults - before <= 1);
		/* others ask for room meanwhile, and do not come back */
		for (uint32_t i = 0; i < 60; i++) {
			wait_until(d, d->now_ns + 5 * NS_PER_SEC);
			use(d, 2000 + 100 * i + round, false);
		}
	}
	desk_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_working_set_is_what_was_used_within_tau),
		cmocka_unit_test(a_working_set_without_end_is_lru),
		cmocka_unit_test(a_working_set_needs_no_budget),
		cmocka_unit_test(regions_find_a_large_hot_area),
		cmocka_unit_test(regions_miss_a_small_hot_spot),
		cmocka_unit_test(samples_repeat_with_the_seed),
		cmocka_unit_test(regions_sleep_while_nothing_is_used),
		cmocka_unit_test(a_cold_ring_faults_as_the_logarithm_of_its_pages),
		cmocka_unit_test(a_ring_that_wakes_up_faults_once_at_most),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
