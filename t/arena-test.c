// SPDX-License-Identifier: MIT
/* Arena: zeroed, aligned, apart from each other, and refusing what cannot be. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	/* around half a block, a block, a huge page: each way of taking memory */
	static const size_t sizes[] = { 1,     63,    64,    65,      32767,   32768,
					32769, 65535, 65536, 2097151, 2097152, 5000000 };
	struct arena a = {};
	unsigned char *p[200];
	size_t total = 0;
	(void)state;

	for (size_t i = 0; i < COUNT(p); i++) {
		const size_t n = i < 60 ? sizes[i % COUNT(sizes)] : i;
		p[i] = arena_alloc(&a, n, 1);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 64, 0);
		for (size_t k = 0; k < n; k++)
			if (p[i][k])
				fail_msg("byte %zu of %zu is not zero", k, n);
		memset(p[i], (int)i + 1, n);
		total += n;
	}
	for (size_t i = 0; i < COUNT(p); i++) {
		const size_t n = i < 60 ? sizes[i % COUNT(sizes)] : i;
		for (size_t k = 0; k < n; k++)
			if (p[i][k] != i + 1)
				fail_msg("byte %zu of request %zu was overwritten", k, i);
	}
	assert_in_range(a.total_bytes, total, total + COUNT(p) * 64);
	arena_deinit(&a);
	assert_null(a.head);
	assert_int_equal(a.total_bytes, 0);
}

static void sizes_that_overflow_are_refused(void **state)
{
	struct arena a = {};
	(void)state;

	assert_null(arena_alloc(&a, SIZE_MAX, 2));
	assert_null(arena_alloc(&a, SIZE_MAX / 2 + 2, 1));
	assert_null(arena_alloc(&a, UINT64_C(1) << 33, UINT64_C(1) << 33));
	assert_null(arena_alloc(&a, SIZE_MAX / 4, 1)); /* beyond any machine */
	assert_non_null(arena_alloc(&a, 10, 10));      /* and nothing is lost */
	arena_deinit(&a);
}

static void nothing_is_a_valid_request(void **state)
{
	struct arena a = {};
	(void)state;

	assert_non_null(arena_alloc(&a, 0, 8));
	assert_non_null(arena_alloc(&a, 8, 0));
	assert_non_null(arena_alloc(&a, 0, SIZE_MAX));
	arena_deinit(&a);
}

static void an_arena_can_be_used_again(void **state)
{
	struct arena a = {};
	(void)state;

	arena_deinit(&a); /* of nothing */
	for (int round = 0; round < 3; round++) {
		char *copy = arena_strdup(&a, "pugmark");
		assert_string_equal(copy, "pugmark");
		char *big = arena_alloc(&a, 3 << 20, 1);
		assert_int_equal(big[12345], 0);
		big[12345] = 1;
		arena_deinit(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(nothing_is_a_valid_request),
		cmocka_unit_test(an_arena_can_be_used_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
