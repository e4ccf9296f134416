// SPDX-License-Identifier: MIT
/* Histogram: the promised error bound against sorted values, on kind and on hostile sets. */
#include "base/hist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { N = 20000 };

static const uint64_t some_ppm[] = { 0,      1,      50,     10000,  250000, 500000,
				     900000, 990000, 999000, 999900, 999999, 1000000 };

/* splitmix64: S. Vigna, public domain constants */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* exact <= told <= exact * (1 + 2^-bits), and exact at both ends */
static void check_against_sorted(uint64_t *v, size_t n, unsigned bits)
{
	struct arena a = {};
	struct hist h;
	unsigned __int128 sum = 0;

	assert_int_equal(hist_init(&h, bits, &a), 0);
	for (size_t i = 0; i < n; i++) {
		hist_record(&h, v[i]);
		sum += v[i];
	}
	qsort(v, n, sizeof(*v), compare);
	assert_int_equal(h.count, n);
	assert_int_equal(h.min, v[0]);
	assert_int_equal(h.max, v[n - 1]);
	assert_true(h.sum == sum);
	assert_int_equal(hist_mean(&h), (uint64_t)(sum / n));
	for (size_t i = 0; i < COUNT(some_ppm); i++) {
		const uint64_t rank = (n * some_ppm[i] + 999999) / 1000000;
		const uint64_t exact = v[rank ? rank - 1 : 0];
		const uint64_t told = hist_percentile(&h, some_ppm[i]);
		if (told < exact || told - exact > exact >> bits)
			fail_msg("bits %u ppm %llu: told %llu, exact %llu", bits,
				 (unsigned long long)some_ppm[i], (unsigned long long)told,
				 (unsigned long long)exact);
		if (exact >> (bits + 1) == 0)
			assert_int_equal(told, exact);
	}
	assert_int_equal(hist_percentile(&h, 0), v[0]);
	assert_int_equal(hist_percentile(&h, 1000000), v[n - 1]);
	arena_deinit(&a);
}

static void check_all_bits(uint64_t *v, size_t n)
{
	static const unsigned bits[] = { 1, 5, 7, 16 };

	for (size_t i = 0; i < COUNT(bits); i++)
		check_against_sorted(v, n, bits[i]);
}

static void percentiles_of_random_sets_keep_the_bound(void **state)
{
	uint64_t *v = calloc(N, sizeof(*v));
	uint64_t seed = 1;
	(void)state;

	for (int spread = 0; spread < 64; spread += 9) { /* of every magnitude */
		for (size_t i = 0; i < N; i++)
			v[i] = next_random(&seed) >> spread;
		check_all_bits(v, N);
	}
	for (size_t i = 0; i < N; i++) /* all magnitudes at once */
		v[i] = next_random(&seed) >> (next_random(&seed) % 64);
	check_all_bits(v, N);
	free(v);
}

static void percentiles_of_hostile_sets_keep_the_bound(void **state)
{
	uint64_t v[400];
	size_t n = 0;
	(void)state;

	for (unsigned b = 0; b < 64; b++) { /* each side of each power of two */
		v[n++] = UINT64_C(1) << b;
		v[n++] = (UINT64_C(1) << b) - 1;
		v[n++] = (UINT64_C(1) << b) + 1;
	}
	v[n++] = UINT64_MAX;
	check_all_bits(v, n);

	uint64_t one[] = { 300 };
	check_all_bits(one, 1);
	uint64_t zero[] = { 0, 0, 0 };
	check_all_bits(zero, 3);
	uint64_t greatest[] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	check_all_bits(greatest, 3);
	for (n = 0; n < 400; n++) /* a long plain, one tower */
		v[n] = n ? 1000 : UINT64_C(1) << 40;
	check_all_bits(v, n);
}

static void an_empty_histogram_answers_zero(void **state)
{
	struct arena a = {};
	struct hist h;
	(void)state;

	assert_int_equal(hist_init(&h, 7, &a), 0);
	assert_int_equal(a.total_bytes, (65 - 7) * 128 * 8); /* the formula of the header */
	assert_int_equal(hist_percentile(&h, 500000), 0);
	assert_int_equal(hist_mean(&h), 0);
	assert_int_equal(hist_count_to(&h, UINT64_MAX), 0);
	hist_record_n(&h, 7, 0); /* no time at all */
	assert_int_equal(h.count, 0);
	assert_int_equal(h.max, 0);
	arena_deinit(&a);
}

static void merging_is_the_same_as_recording_together(void **state)
{
	struct arena a = {};
	struct hist h[3];
	uint64_t seed = 7;
	(void)state;

	for (size_t i = 0; i < COUNT(h); i++)
		assert_int_equal(hist_init(&h[i], 6, &a), 0);
	for (size_t i = 0; i < N; i++) {
		const uint64_t v = next_random(&seed) >> (i % 50), n = i % 3;
		hist_record_n(&h[i % 2], v, n);
		for (uint64_t k = 0; k < n; k++)
			hist_record(&h[2], v);
	}
	hist_merge(&h[0], &h[1]);
	assert_memory_equal(h[0].buckets, h[2].buckets, ((65 - 6) << 6) * sizeof(uint64_t));
	assert_int_equal(h[0].count, h[2].count);
	assert_int_equal(h[0].min, h[2].min);
	assert_int_equal(h[0].max, h[2].max);
	assert_true(h[0].sum == h[2].sum);

	hist_reset(&h[0]);
	hist_reset(&h[1]);
	hist_merge(&h[0], &h[1]); /* nothing with nothing */
	assert_int_equal(h[0].count, 0);
	assert_int_equal(h[0].min, UINT64_MAX);
	assert_int_equal(hist_percentile(&h[0], 990000), 0);
	arena_deinit(&a);
}

static void counts_saturate_instead_of_wrapping(void **state)
{
	struct arena a = {};
	struct hist h;
	(void)state;

	assert_int_equal(hist_init(&h, 5, &a), 0);
	hist_record_n(&h, 10, UINT64_MAX);
	hist_record_n(&h, 10, UINT64_MAX);
	hist_record_n(&h, 5000, 3);
	assert_int_equal(h.count, UINT64_MAX);
	assert_int_equal(hist_percentile(&h, 500000), 10);
	assert_int_equal(hist_percentile(&h, 1000000), 5000);
	arena_deinit(&a);
}

static void counts_up_to_a_value_follow_the_buckets(void **state)
{
	struct arena a = {};
	struct hist h;
	(void)state;

	assert_int_equal(hist_init(&h, 5, &a), 0);
	for (uint64_t v = 0; v < 64; v++)
		hist_record(&h, v);
	assert_int_equal(hist_count_to(&h, 0), 1);
	assert_int_equal(hist_count_to(&h, 41), 42); /* exact below 2^6 */
	assert_int_equal(hist_count_to(&h, UINT64_MAX), 64);
	arena_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_of_random_sets_keep_the_bound),
		cmocka_unit_test(percentiles_of_hostile_sets_keep_the_bound),
		cmocka_unit_test(an_empty_histogram_answers_zero),
		cmocka_unit_test(merging_is_the_same_as_recording_together),
		cmocka_unit_test(counts_saturate_instead_of_wrapping),
		cmocka_unit_test(counts_up_to_a_value_follow_the_buckets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
