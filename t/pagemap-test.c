// SPDX-License-Identifier: MIT
/* Page map: against a plain sorted list of frames, over all three levels of distance. */
#include "base/pagemap.h"
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { N = 60000 };

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

static uint32_t lookup(const struct pagemap *m, uint64_t pfn)
{
	return pagemap_lookup(m, (struct pfn){ pfn });
}

static void put(struct pagemap *m, uint64_t pfn, uint32_t v)
{
	uint32_t *slot = pagemap_get(m, (struct pfn){ pfn });

	assert_non_null(slot);
	*slot = v;
}

/* what a walk must meet next */
struct walk {
	const uint64_t *pfns;
	const uint32_t *values;
	size_t i;
	uint64_t stop_at;
};

static int check_next(void *ctx, struct pfn pfn, uint32_t *slot)
{
	struct walk *w = ctx;

	if (pfn.v != w->pfns[w->i])
		fail_msg("met frame %#llx, expected %#llx", (unsigned long long)pfn.v,
			 (unsigned long long)w->pfns[w->i]);
	if (w->values)
		assert_int_equal(*slot, w->values[w->i]);
	w->i++;
	return pfn.v == w->stop_at ? 7 : 0;
}

/* frames of every magnitude, in runs as devices make them */
static size_t make_frames(uint64_t *pfns)
{
	uint64_t seed = 3;
	size_t n = 0;

	while (n < N) {
		const uint64_t start = next_random(&seed) >> (next_random(&seed) % 64);
		for (uint64_t i = next_random(&seed) % 40; i-- && n < N;)
			pfns[n++] = start + i; /* may wrap: frame 0 follows the last */
	}
	qsort(pfns, n, sizeof(*pfns), compare);
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (!m || pfns[m - 1] != pfns[i])
			pfns[m++] = pfns[i];
	return m;
}

static void check_like_a_list(uint64_t direct_pages)
{
	uint64_t *pfns = calloc(N, sizeof(*pfns));
	uint32_t *values = calloc(N, sizeof(*values));
	const size_t n = make_frames(pfns);
	struct pagemap m;
	uint64_t seed = 5;

	assert_int_equal(pagemap_init(&m, direct_pages), 0);
	for (size_t k = 0; k < 2 * n; k++) { /* in no order, many twice, then the rest */
		const size_t i = k < n ? next_random(&seed) % n : k - n;
		if (!values[i])
			values[i] = (uint32_t)(i + 1);
		assert_true(lookup(&m, pfns[i]) == 0 || lookup(&m, pfns[i]) == i + 1);
		put(&m, pfns[i], values[i]);
	}
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(lookup(&m, pfns[i]), i + 1);
		if (i + 1 < n && pfns[i + 1] != pfns[i] + 1)
			assert_int_equal(lookup(&m, pfns[i] + 1), 0);
	}

	struct walk w = { .pfns = pfns, .values = values, .stop_at = pfns[n - 1] };
	assert_int_equal(pagemap_each(&m, check_next, &w), 7);
	assert_int_equal(w.i, n);
	w = (struct walk){ .pfns = pfns, .values = values, .stop_at = pfns[n / 3] };
	assert_int_equal(pagemap_each(&m, check_next, &w), 7);
	assert_int_equal(w.i, n / 3 + 1);
	pagemap_deinit(&m);
	free(pfns);
	free(values);
}

static void frames_of_every_magnitude_are_kept_apart(void **state)
{
	(void)state;
	check_like_a_list(0);
}

static void a_direct_map_behaves_the_same(void **state)
{
	(void)state;
	check_like_a_list(1);
	check_like_a_list(1000); /* ends inside a region */
	check_like_a_list(1 << 20);
}

static void the_corners_of_the_address_space_work(void **state)
{
	const uint64_t border = (uint64_t)PAGEMAP_DIRECTORY_MAX << PAGEMAP_LEAF_SHIFT;
	const uint64_t pfns[] = {
		0, 511, 512, border - 1, border, border + 511, UINT64_MAX - 512, UINT64_MAX
	};
	struct pagemap m;
	(void)state;

	assert_int_equal(pagemap_init(&m, 0), 0);
	for (size_t i = COUNT(pfns); i--;) {
		assert_int_equal(lookup(&m, pfns[i]), 0);
		put(&m, pfns[i], UINT32_MAX - (uint32_t)i);
	}
	for (size_t i = 0; i < COUNT(pfns); i++)
		assert_int_equal(lookup(&m, pfns[i]), UINT32_MAX - i);
	struct walk w = { .pfns = pfns, .stop_at = 1 };
	assert_int_equal(pagemap_each(&m, check_next, &w), 0);
	assert_int_equal(w.i, COUNT(pfns));
	pagemap_deinit(&m);
}

static void memory_follows_the_touched_regions(void **state)
{
	const uint64_t tib_pages = UINT64_C(1) << 28;
	struct pagemap m;
	(void)state;

	assert_int_equal(pagemap_init(&m, 0), 0);
	assert_int_equal(pagemap_memory_bytes(&m), 0);
	assert_int_equal(lookup(&m, 12345), 0); /* a look costs nothing */
	assert_int_equal(pagemap_memory_bytes(&m), 0);

	/* 1 TiB, one page touched in each 1 GiB: a directory of 4 MiB and 1,024 leaves */
	for (uint64_t pfn = 0; pfn < tib_pages; pfn += 1 << 18)
		put(&m, pfn, 1);
	assert_in_range(pagemap_memory_bytes(&m), (4 << 20) + (2 << 20), (4 << 20) + (4 << 20));
	/* the rest of those regions is free of charge */
	const size_t before = pagemap_memory_bytes(&m);
	for (uint64_t pfn = 0; pfn < tib_pages; pfn += 1 << 18)
		put(&m, pfn + 511, 1);
	assert_int_equal(pagemap_memory_bytes(&m), before);
	pagemap_deinit(&m);

	/* scattered over 2^64: no directory at all */
	assert_int_equal(pagemap_init(&m, 0), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		put(&m, i << 53, 1);
	assert_in_range(pagemap_memory_bytes(&m), 2000 << 10, 4200 << 10);
	pagemap_deinit(&m);
}

static void slots_stay_where_they_are(void **state)
{
	struct pagemap m;
	(void)state;

	assert_int_equal(pagemap_init(&m, 0), 0);
	uint32_t *first = pagemap_get(&m, (struct pfn){ 77 });
	*first = 5;
	for (uint64_t i = 0; i < 5000; i++)
		put(&m, i << 9, 1);
	for (uint64_t i = 1; i < 5000; i++)
		put(&m, i << 40, 1);
	assert_ptr_equal(pagemap_get(&m, (struct pfn){ 77 }), first);
	assert_int_equal(*first, 5);
	pagemap_deinit(&m);
}

static void a_direct_array_beyond_memory_is_refused(void **state)
{
	struct pagemap m;
	(void)state;

	assert_int_equal(pagemap_init(&m, UINT64_MAX), ERR_NOMEM);
	assert_int_equal(pagemap_init(&m, UINT64_MAX / 4 + 1), ERR_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_every_magnitude_are_kept_apart),
		cmocka_unit_test(a_direct_map_behaves_the_same),
		cmocka_unit_test(the_corners_of_the_address_space_work),
		cmocka_unit_test(memory_follows_the_touched_regions),
		cmocka_unit_test(slots_stay_where_they_are),
		cmocka_unit_test(a_direct_array_beyond_memory_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
