// SPDX-License-Identifier: MIT
/* SipHash against its published vectors; permutations as permutations. */
#include "base/permute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct siphash_key key = { { UINT64_C(0x0706050403020100),
					  UINT64_C(0x0f0e0d0c0b0a0908) } };

/* Appendix A of the paper, and the first of the reference implementation's vectors */
static void siphash_gives_the_published_values(void **state)
{
	uint8_t text[15];
	(void)state;
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	assert_int_equal(siphash(&key, text, 15), UINT64_C(0xa129ca6149be45e5));
	assert_int_equal(siphash(&key, text, 0), UINT64_C(0x726fdb47dd0e0e31));
	assert_int_equal(siphash(&key, text, 8), UINT64_C(0x93f5f5799a932462));
}

static void every_image_is_in_the_domain_and_taken_once(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 3, 5, 16, 100, 511, 512, 513, 4097, 100000 };
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t *taken = calloc(sizes[i], 1);
		for (uint64_t x = 0; x < sizes[i]; x++) {
			const uint64_t y = permute(&key, sizes[i] - 1, x);
			assert_true(y < sizes[i]);
			assert_false(taken[y]);
			taken[y] = 1;
			assert_int_equal(permute_back(&key, sizes[i] - 1, y), x);
		}
		free(taken);
	}
}

static void the_widest_domain_comes_back_too(void **state)
{
	(void)state;
	for (uint64_t x = 1; x; x <<= 1) {
		assert_int_equal(permute_back(&key, UINT64_MAX, permute(&key, UINT64_MAX, x)), x);
		assert_true(permute(&key, UINT64_MAX - 1, x) != UINT64_MAX);
	}
}

static void an_open_domain_is_permuted_between_powers_of_two(void **state)
{
	enum { BITS = 6, N = 1 << 12 };
	uint8_t taken[N] = {};
	(void)state;
	for (uint64_t x = 0; x < N; x++) {
		const uint64_t y = permute_open(&key, BITS, x);
		assert_true(y < N && !taken[y]);
		taken[y] = 1;
		if (x >> BITS)
			assert_int_equal(__builtin_clzll(y), __builtin_clzll(x));
		else
			assert_false(y >> BITS);
	}
	assert_int_equal(permute_open(&key, BITS, UINT64_MAX) >> 63, 1);
}

/* Chi-squared of where 256 neighbours go, in 16 classes, over 64 keys: 15 degrees of freedom each,
 * so 960 with a deviation of 44. */
static void neighbours_are_spread_and_keys_differ(void **state)
{
	uint64_t chi_16 = 0, same = 0;
	(void)state;
	for (uint64_t k = 0; k < 64; k++) {
		const struct siphash_key a = { { k, 1 } }, b = { { k, 2 } };
		unsigned n[16] = {};
		for (uint64_t x = 0; x < 256; x++) {
			const uint64_t y = permute(&a, 4095, x);
			n[y >> 8]++;
			same += y == permute(&b, 4095, x);
		}
		for (unsigned i = 0; i < 16; i++)
			chi_16 += (n[i] - 16) * (n[i] - 16);
	}
	assert_in_range(chi_16 / 16, 960 - 5 * 44, 960 + 5 * 44);
	assert_in_range(same, 0, 20); /* 4 expected of 16384 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_the_published_values),
		cmocka_unit_test(every_image_is_in_the_domain_and_taken_once),
		cmocka_unit_test(the_widest_domain_comes_back_too),
		cmocka_unit_test(an_open_domain_is_permuted_between_powers_of_two),
		cmocka_unit_test(neighbours_are_spread_and_keys_differ),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
