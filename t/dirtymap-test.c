// SPDX-License-Identifier: MIT
/* Dirty bitmaps against a stand-in for iommufd that remembers which pages a device wrote. */
#include "collect/dirtymap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE = 4096, PAGES = 3 * DIRTYMAP_PIECE_BITS / 2 }; /* one and a half pieces */

struct stand_in {
	bool is_on, written[PAGES];
	uint64_t base; /* address of its first page */
	unsigned reads;
	int set_error, read_error;
};

static int set_tracking(void *ctx, bool is_on)
{
	struct stand_in *x = ctx;
	if (!x->set_error)
		x->is_on = is_on;
	return x->set_error;
}

/* As the kernel: bits are set, never cleared, and outside the mapped range it is an error. */
static int read_clear(void *ctx, uint64_t iova, uint64_t length, uint64_t page, uint64_t *bitmap)
{
	struct stand_in *x = ctx;
	if (x->read_error)
		return x->read_error;
	if (!x->is_on || iova < x->base || iova + length > x->base + (uint64_t)PAGES * PAGE)
		return -EINVAL;
	x->reads++;
	for (uint64_t at = 0; at < length; at += PAGE) {
		bool *w = &x->written[(iova - x->base + at) / PAGE];
		if (*w)
			bitmap[at / page / 64] |= UINT64_C(1) << (at / page % 64);
		*w = false;
	}
	return 0;
}

static const struct dirtymap_ops ops = { set_tracking, read_clear };

struct seen {
	uint64_t n, iova[64], length[64];
};

static int note(void *ctx, uint64_t iova, uint64_t length, struct err *e)
{
	struct seen *s = ctx;
	(void)e;
	assert_true(s->n < 64);
	s->iova[s->n] = iova;
	s->length[s->n++] = length;
	return 0;
}

static struct dirtymap *make(struct stand_in *x, uint64_t page_bytes)
{
	struct dirtymap *m = calloc(1, sizeof(*m));
	m->ops = &ops;
	m->ctx = x;
	m->iova = x->base;
	m->length = (uint64_t)PAGES * PAGE;
	m->page_bytes = page_bytes;
	return m;
}

static void writes_between_two_looks_are_told_once_as_runs(void **state)
{
	struct stand_in *x = calloc(1, sizeof(*x));
	struct seen s = {};
	(void)state;
	x->base = UINT64_C(1) << 32;
	struct dirtymap *m = make(x, PAGE);
	x->is_on = true;
	x->written[3] = true; /* before the beginning: not ours to tell */
	assert_int_equal(dirtymap_begin(m, NULL), 0);
	assert_true(x->is_on);
	assert_int_equal(x->reads, 2);

	static const size_t pages[] = {
		0, 63, 64, 65, 1000, DIRTYMAP_PIECE_BITS - 1, DIRTYMAP_PIECE_BITS, PAGES - 1
	};
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		x->written[pages[i]] = true;
	assert_int_equal(dirtymap_read(m, note, &s, NULL), 0);
	assert_int_equal(s.n, 5);
	static const struct {
		uint64_t page, n;
	} runs[] = {
		{ 0, 1 }, { 63, 3 }, { 1000, 1 }, { DIRTYMAP_PIECE_BITS - 1, 2 }, { PAGES - 1, 1 }
	};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(s.iova[i], x->base + runs[i].page * PAGE);
		assert_int_equal(s.length[i], runs[i].n * PAGE);
	}
	s.n = 0;
	assert_int_equal(dirtymap_read(m, note, &s, NULL), 0);
	assert_int_equal(s.n, 0);
	assert_int_equal(dirtymap_end(m, NULL), 0);
	assert_false(x->is_on);
	free(m);
	free(x);
}

static void a_coarser_bitmap_tells_whole_grains(void **state)
{
	struct stand_in *x = calloc(1, sizeof(*x));
	struct dirtymap *m = make(x, 2 << 20);
	struct seen s = {};
	(void)state;
	assert_int_equal(dirtymap_begin(m, NULL), 0);
	x->written[513] = x->written[700] = true;
	assert_int_equal(dirtymap_read(m, note, &s, NULL), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.iova[0], 2 << 20);
	assert_int_equal(s.length[0], 2 << 20);
	free(m);
	free(x);
}

static void what_the_kernel_refuses_is_said_and_tracking_ends(void **state)
{
	struct stand_in *x = calloc(1, sizeof(*x));
	struct dirtymap *m = make(x, PAGE);
	struct err e = {};
	(void)state;
	x->set_error = -EOPNOTSUPP;
	assert_int_equal(dirtymap_begin(m, &e), ERR_FEATURE);
	assert_non_null(strstr(e.msg, "does not track"));
	x->set_error = -ENOTTY;
	assert_int_equal(dirtymap_begin(m, &e), ERR_FEATURE);
	assert_non_null(strstr(e.msg, "6.7"));
	x->set_error = 0;
	x->read_error = -ENOENT;
	assert_int_equal(dirtymap_begin(m, &e), ERR_FEATURE);
	assert_false(x->is_on);
	m->length = 5000;
	assert_int_equal(dirtymap_begin(m, &e), ERR_USAGE);
	m->length = PAGE;
	m->iova = UINT64_MAX - PAGE + 1;
	assert_int_equal(dirtymap_begin(m, &e), ERR_USAGE);
	free(m);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_between_two_looks_are_told_once_as_runs),
		cmocka_unit_test(a_coarser_bitmap_tells_whole_grains),
		cmocka_unit_test(what_the_kernel_refuses_is_said_and_tracking_ends),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
