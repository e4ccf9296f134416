// SPDX-License-Identifier: MIT
/* The join of block and NVMe events: one row per request, in order of submission. */
#include "collect/iojoin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SDA = 1, NVME = 2, NVME0 = 3, ROWS_MAX = 1 << 17 };

static struct io_event rows[ROWS_MAX];
static size_t nrows;
static struct iojoin *join;
static struct err e;

static int keep(void *ctx, const struct io_event *row, struct err *ignored)
{
	(void)ctx;
	(void)ignored;
	assert_true(nrows < ROWS_MAX);
	if (nrows)
		assert_true(row->ts >= rows[nrows - 1].ts);
	rows[nrows++] = *row;
	return 0;
}

static int begin_with(bool has_block_complete)
{
	const struct iojoin_options o = { .has_block_complete = has_block_complete, .row = keep };
	nrows = 0;
	return iojoin_new(&o, &join, &e);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(true);
}

static int end(void **state)
{
	(void)state;
	iojoin_free(join);
	return 0;
}

static int issue(uint64_t ts, uint32_t cpu, uint64_t sector, uint32_t bytes, const char *rwbs)
{
	const struct iojoin_context c = { ts, cpu, 1 };
	struct iojoin_block b = {
		.dev = SDA, .sector = sector, .sectors = bytes / 512, .bytes = bytes
	};
	strncpy(b.rwbs, rwbs, sizeof(b.rwbs) - 1);
	return iojoin_block_issue(join, &c, &b, &e);
}

static int complete(uint64_t ts, uint64_t sector, uint32_t sectors)
{
	const struct iojoin_context c = { ts, 0, 0 };
	const struct iojoin_block b = { .dev = SDA, .sector = sector, .sectors = sectors };
	return iojoin_block_complete(join, &c, &b, &e);
}

static int setup(uint64_t ts, uint32_t cpu, uint16_t qid, uint16_t cid, uint8_t opcode,
		 uint64_t slba, uint32_t nlb)
{
	const struct iojoin_context c = { ts, cpu, 1 };
	const struct iojoin_nvme n = { .dev = qid ? NVME : NVME0,
				       .nsid = 1,
				       .qid = qid,
				       .cid = cid,
				       .opcode = opcode,
				       .slba = slba,
				       .nlb = nlb };
	return iojoin_nvme_setup(join, &c, &n, &e);
}

static int nvme_complete(uint64_t ts, uint16_t qid, uint16_t cid)
{
	const struct iojoin_context c = { ts, 0, 0 };
	const struct iojoin_nvme n = { .qid = qid, .cid = cid };
	return iojoin_nvme_complete(join, &c, &n, &e);
}

#define ok(call) assert_int_equal(call, 0)

static void finish(void)
{
	ok(iojoin_finish(join, &e));
}

static void expect(size_t i, uint64_t ts, uint64_t lat, uint16_t dev, uint16_t qid, uint16_t cid,
		   enum io_op op, uint64_t lba, uint64_t bytes)
{
	assert_true(i < nrows);
	assert_int_equal(rows[i].ts, ts);
	assert_int_equal(rows[i].lat, lat);
	assert_int_equal(rows[i].dev, dev);
	assert_int_equal(rows[i].qid, qid);
	assert_int_equal(rows[i].cid, cid);
	assert_int_equal(rows[i].op, op);
	assert_int_equal(rows[i].lba, lba);
	assert_int_equal(rows[i].bytes, bytes);
}

static void a_request_told_by_four_events_is_one_row(void **state)
{
	(void)state;
	ok(setup(10, 0, 1, 7, 2, 100, 1)); /* blocks of 4096 bytes */
	ok(issue(12, 0, 800, 4096, "RS"));
	ok(nvme_complete(50, 1, 7));
	ok(complete(52, 800, 8));
	assert_int_equal(nrows, 1);
	expect(0, 12, 40, SDA, 1, 7, IO_READ, 800, 4096);
	assert_int_equal(rows[0].source, IOJOIN_BOTH);
}

static void rows_leave_in_the_order_of_submission(void **state)
{
	(void)state;
	ok(setup(1, 0, 1, 1, 1, 0, 8));
	ok(setup(2, 1, 2, 1, 1, 8, 8));
	ok(issue(3, 1, 8, 4096, "WS"));
	ok(issue(4, 0, 0, 4096, "W"));
	ok(complete(9, 0, 8));
	assert_int_equal(nrows, 0); /* the other was submitted before */
	ok(complete(10, 8, 8));
	assert_int_equal(nrows, 2);
	expect(0, 3, 7, SDA, 2, 1, IO_WRITE, 8, 4096);
	expect(1, 4, 5, SDA, 1, 1, IO_WRITE, 0, 4096);
}

static void equal_requests_complete_oldest_first(void **state)
{
	(void)state;
	ok(issue(1, 0, 64, 512, "R"));
	ok(issue(2, 1, 64, 512, "R"));
	ok(complete(10, 64, 1));
	ok(complete(30, 64, 1));
	assert_int_equal(complete(40, 64, 1), 1);
	expect(0, 1, 9, SDA, UINT16_MAX, UINT16_MAX, IO_READ, 64, 512);
	expect(1, 2, 28, SDA, UINT16_MAX, UINT16_MAX, IO_READ, 64, 512);
}

static void a_request_completed_in_parts_ends_with_the_last(void **state)
{
	(void)state;
	ok(issue(1, 0, 0, 4096, "W"));
	ok(complete(5, 0, 2));
	ok(complete(6, 2, 2));
	assert_int_equal(nrows, 0);
	ok(complete(9, 4, 4));
	expect(0, 1, 8, SDA, UINT16_MAX, UINT16_MAX, IO_WRITE, 0, 4096);
}

static void letters_of_the_block_layer_become_operations(void **state)
{
	static const struct {
		const char *rwbs;
		enum io_op op;
	} cases[] = { { "R", IO_READ },     { "RAM", IO_READ }, { "WS", IO_WRITE },
		      { "FWFS", IO_WRITE }, { "FF", IO_FLUSH }, { "F", IO_FLUSH },
		      { "DS", IO_DISCARD }, { "N", IO_OTHER },  { "FN", IO_OTHER },
		      { "", IO_OTHER },     { "ZA", IO_OTHER } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ok(issue(i, 0, i, 512, cases[i].rwbs));
		ok(complete(i, i, 1));
		assert_int_equal(rows[i].op, cases[i].op);
	}
}

static void flushes_and_passthrough_have_no_lba(void **state)
{
	(void)state;
	ok(setup(1, 0, 1, 3, 0, 0, 1));
	ok(issue(2, 0, 0, 0, "FF"));
	ok(nvme_complete(8, 1, 3));
	ok(complete(9, UINT64_MAX, 0));
	expect(0, 2, 7, SDA, 1, 3, IO_FLUSH, UINT64_MAX, 0);

	ok(setup(11, 0, 0, 12, 6, 0, 1)); /* identify, on the admin queue */
	const struct iojoin_context c = { 12, 0, 1 };
	const struct iojoin_block b = { .dev = SDA, .sector = 0, .bytes = 4096, .rwbs = "N" };
	ok(iojoin_block_issue(join, &c, &b, &e));
	ok(nvme_complete(18, 0, 12));
	ok(complete(19, UINT64_MAX, 8));
	expect(1, 12, 7, NVME0, 0, 12, IO_OTHER, UINT64_MAX, 4096);
}

static void nvme_alone_is_a_row_with_the_completion_of_the_driver(void **state)
{
	(void)state;
	ok(setup(1, 0, 1, 3, 2, 16, 8));
	ok(nvme_complete(9, 1, 3));
	expect(0, 1, 8, NVME, 1, 3, IO_READ, 16, 4096);
	assert_int_equal(rows[0].source, IOJOIN_NVME);
	assert_int_equal(iojoin_stats(join)->guessed_lba, 1);

	/* once a joined request has told the size of a block, it is used */
	ok(setup(11, 0, 1, 4, 2, 100, 1));
	ok(issue(12, 0, 800, 4096, "R"));
	ok(nvme_complete(13, 1, 4));
	ok(complete(14, 800, 8));
	ok(setup(21, 0, 1, 5, 2, 16, 2));
	ok(nvme_complete(22, 1, 5));
	expect(2, 21, 1, NVME, 1, 5, IO_READ, 128, 8192);
	assert_int_equal(iojoin_stats(join)->guessed_lba, 1);
}

static void without_block_completions_the_drivers_end_the_row(void **state)
{
	(void)state;
	end(state);
	begin_with(false);
	ok(setup(1, 0, 1, 3, 2, 16, 8));
	ok(issue(2, 0, 16, 4096, "R"));
	ok(nvme_complete(9, 1, 3));
	expect(0, 2, 7, SDA, 1, 3, IO_READ, 16, 4096);
}

static void different_requests_are_not_joined(void **state)
{
	(void)state;
	ok(setup(1, 0, 1, 1, 2, 100, 8)); /* other sector */
	ok(issue(2, 0, 800, 4096, "R"));
	ok(setup(3, 0, 1, 2, 1, 1600, 8)); /* other direction */
	ok(issue(4, 0, 1600, 4096, "R"));
	ok(setup(5, 1, 1, 3, 2, 2400, 8)); /* other CPU */
	ok(issue(6, 0, 2400, 4096, "R"));
	finish();
	assert_int_equal(nrows, 6);
	assert_int_equal(iojoin_stats(join)->joined, 0);
}

static void a_request_that_never_completes_holds_back_65536_others_at_most(void **state)
{
	(void)state;
	ok(issue(0, 0, 1 << 30, 512, "R"));
	for (uint64_t i = 1; i < 70000; i++) {
		ok(issue(i, 0, i, 512, "R"));
		ok(complete(i, i, 1));
	}
	assert_true(nrows > 60000);
	finish();
	assert_int_equal(nrows, 70000);
	expect(0, 0, UINT64_MAX, SDA, UINT16_MAX, UINT16_MAX, IO_READ, 1 << 30, 512);
	expect(69999, 69999, 0, SDA, UINT16_MAX, UINT16_MAX, IO_READ, 69999, 512);
	assert_int_equal(iojoin_stats(join)->incomplete, 1);
}

static void a_command_number_used_again_ends_the_lost_request(void **state)
{
	(void)state;
	ok(setup(1, 0, 1, 3, 2, 16, 8));
	ok(setup(5, 0, 1, 3, 2, 32, 8));
	assert_int_equal(nrows, 1);
	expect(0, 1, UINT64_MAX, NVME, 1, 3, IO_READ, 16, 4096);
	ok(nvme_complete(9, 1, 3));
	expect(1, 5, 4, NVME, 1, 3, IO_READ, 32, 4096);
}

static void completions_without_submission_are_told(void **state)
{
	(void)state;
	assert_int_equal(complete(1, 5, 8), 1);
	assert_int_equal(nvme_complete(2, 1, 1), 1);
	ok(issue(3, 0, 5, 4096, "R"));
	assert_int_equal(complete(4, 6, 8), 1);
	finish();
	assert_int_equal(nrows, 1);
	assert_int_equal(iojoin_stats(join)->orphans, 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_told_by_four_events_is_one_row),
		T(rows_leave_in_the_order_of_submission),
		T(equal_requests_complete_oldest_first),
		T(a_request_completed_in_parts_ends_with_the_last),
		T(letters_of_the_block_layer_become_operations),
		T(flushes_and_passthrough_have_no_lba),
		T(nvme_alone_is_a_row_with_the_completion_of_the_driver),
		T(without_block_completions_the_drivers_end_the_row),
		T(different_requests_are_not_joined),
		T(a_request_that_never_completes_holds_back_65536_others_at_most),
		T(a_command_number_used_again_ends_the_lost_request),
		T(completions_without_submission_are_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
