// SPDX-License-Identifier: MIT
/* Random streams: the published vectors of both generators, seeding by name, bounds. */
#include "base/rng.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

/* first outputs for seed 1234567, as published on Rosetta Code */
static void splitmix64_gives_the_published_values(void **unused)
{
	(void)unused;
	static const uint64_t want[] = {
		UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
		UINT64_C(16408922859458223821),
	};
	uint64_t state = 1234567;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(splitmix64_next(&state), want[i]);
}

/* outputs of the authors' reference program for the state {1, 2, 3, 4} */
static void xoshiro256_starstar_gives_the_published_values(void **unused)
{
	(void)unused;
	static const uint64_t want[] = {
		UINT64_C(11520),
		UINT64_C(0),
		UINT64_C(1509978240),
		UINT64_C(1215971899390074240),
		UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600),
		UINT64_C(16172922978634559625),
		UINT64_C(8476171486693032832),
		UINT64_C(10595114339597558777),
		UINT64_C(2904607092377533576),
	};
	struct rng r = { { 1, 2, 3, 4 } };
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(rng_next(&r), want[i]);
}

static void streams_differ_by_seed_and_by_name_and_repeat(void **unused)
{
	(void)unused;
	struct rng a, same, other_name, other_seed, prefix;
	rng_init(&a, 1, "cache");
	rng_init(&same, 1, "cache");
	rng_init(&other_name, 1, "swap");
	rng_init(&other_seed, 2, "cache");
	rng_init(&prefix, 1, "cach");
	for (int i = 0; i < 100; i++) {
		const uint64_t v = rng_next(&a);
		assert_int_equal(v, rng_next(&same));
		assert_int_not_equal(v, rng_next(&other_name));
		assert_int_not_equal(v, rng_next(&other_seed));
		assert_int_not_equal(v, rng_next(&prefix));
	}
}

static void bounded_draws_stay_below_and_reach_every_value_evenly(void **unused)
{
	(void)unused;
	struct rng r;
	rng_init(&r, 7, "below");
	unsigned seen[10] = {};
	for (int i = 0; i < 100000; i++) {
		const uint64_t v = rng_below(&r, 10);
		assert_true(v < 10);
		seen[v]++;
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(seen[i], 9600, 10400); /* 4 sigma is 380 */
	assert_int_equal(rng_below(&r, 1), 0);

	/* just above 2^63 almost every second draw must be rejected */
	const uint64_t large = (UINT64_C(1) << 63) + 1;
	for (int i = 0; i < 1000; i++)
		assert_true(rng_below(&r, large) < large);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splitmix64_gives_the_published_values),
		cmocka_unit_test(xoshiro256_starstar_gives_the_published_values),
		cmocka_unit_test(streams_differ_by_seed_and_by_name_and_repeat),
		cmocka_unit_test(bounded_draws_stay_below_and_reach_every_value_evenly),
	};
	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
