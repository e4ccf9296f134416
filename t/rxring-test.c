// SPDX-License-Identifier: MIT
/* Received packets take the buffers of a ring in turn. */
#include "collect/rxring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void is_at(const struct dma_event *row, uint64_t page, uint64_t offset, uint64_t bytes,
		  uint32_t npages)
{
	assert_int_equal(row->pfn, page);
	assert_int_equal(row->offset, offset);
	assert_int_equal(row->bytes, bytes);
	assert_int_equal(row->npages, npages);
}

static void each_packet_takes_the_next_buffer_and_the_first_one_again_after_the_last(void **state)
{
	struct rxring r = { .slots = 3, .buffer_bytes = 2048 };
	struct dma_event rows[RXRING_ROWS_MAX] = {};
	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(rxring_place(&r, 1514, rows), 1);
		is_at(rows, 0, 0, 1514, 1);
		assert_int_equal(rxring_place(&r, 60, rows), 1);
		is_at(rows, 0, 2048, 60, 1);
		assert_int_equal(rxring_place(&r, 2048, rows), 1);
		is_at(rows, 1, 0, 2048, 1);
	}
}

static void a_large_packet_takes_as_many_as_it_fills(void **state)
{
	struct rxring r = { .slots = 8, .buffer_bytes = 2048 };
	struct dma_event rows[RXRING_ROWS_MAX] = {};
	(void)state;
	assert_int_equal(rxring_place(&r, 100, rows), 1);
	assert_int_equal(rxring_place(&r, 9000, rows), 1);
	is_at(rows, 0, 2048, 9000, 3);
	assert_int_equal(r.next, 6);
}

static void one_that_comes_to_the_end_goes_on_at_the_beginning(void **state)
{
	struct rxring r = { .slots = 4, .buffer_bytes = 2048, .next = 3 };
	struct dma_event rows[RXRING_ROWS_MAX] = {};
	(void)state;
	assert_int_equal(rxring_place(&r, 4097, rows), 2);
	is_at(&rows[0], 1, 2048, 2048, 1);
	is_at(&rows[1], 0, 0, 2049, 1);
	assert_int_equal(r.next, 2);
}

static void one_larger_than_the_ring_fills_it(void **state)
{
	struct rxring r = { .slots = 2, .buffer_bytes = 4096, .next = 1 };
	struct dma_event rows[RXRING_ROWS_MAX] = {};
	(void)state;
	assert_int_equal(rxring_place(&r, UINT32_MAX, rows), 2);
	is_at(&rows[0], 1, 0, 4096, 1);
	is_at(&rows[1], 0, 0, 4096, 1);
	assert_int_equal(r.next, 1);
	struct rxring one = { .slots = 1, .buffer_bytes = 64 };
	assert_int_equal(rxring_place(&one, 0, rows), 1);
	is_at(&rows[0], 0, 0, 1, 1);
	assert_int_equal(one.next, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_packet_takes_the_next_buffer_and_the_first_one_again_after_the_last),
		cmocka_unit_test(a_large_packet_takes_as_many_as_it_fills),
		cmocka_unit_test(one_that_comes_to_the_end_goes_on_at_the_beginning),
		cmocka_unit_test(one_larger_than_the_ring_fills_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
