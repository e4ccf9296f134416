// SPDX-License-Identifier: MIT
/* The rule by which rows become page requests, at its edges. */
#include "store/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_range_from_page_0_keeps_its_length(void **state)
{
	(void)state;
	assert_int_equal(pages_range(0, 4).first, 0);
	assert_int_equal(pages_range(0, 4).count, 4);
	assert_int_equal(pages_range(0, UINT64_MAX).count, UINT64_MAX);
	assert_int_equal(pages_of_dma(DMA_MAP, 0, 1).count, 1);
}

static void a_range_past_the_last_number_is_cut_there(void **state)
{
	(void)state;
	assert_int_equal(pages_range(UINT64_MAX, 1).count, 1);
	assert_int_equal(pages_range(UINT64_MAX, 9).count, 1);
	assert_int_equal(pages_range(UINT64_MAX - 3, 4).count, 4);
	assert_int_equal(pages_range(UINT64_MAX - 3, 5).count, 4);
	assert_int_equal(pages_range(1, UINT64_MAX).count, UINT64_MAX);
}

static void no_pages_stay_no_pages(void **state)
{
	(void)state;
	assert_int_equal(pages_range(0, 0).count, 0);
	assert_int_equal(pages_range(7, 0).count, 0);
	assert_int_equal(pages_range(UINT64_MAX, 0).count, 0);
}

static void bytes_touch_every_page_between_their_ends(void **state)
{
	(void)state;
	assert_int_equal(pages_of_io(IO_READ, 0, 4096).count, 1);
	assert_int_equal(pages_of_io(IO_READ, 7, 1024).count, 2);
	assert_int_equal(pages_of_io(IO_WRITE, 15, 512).first, 1);
	assert_int_equal(pages_of_io(IO_WRITE, 0, 0).count, 0);
	assert_int_equal(pages_of_io(IO_FLUSH, 8, 4096).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_from_page_0_keeps_its_length),
		cmocka_unit_test(a_range_past_the_last_number_is_cut_there),
		cmocka_unit_test(no_pages_stay_no_pages),
		cmocka_unit_test(bytes_touch_every_page_between_their_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
