// SPDX-License-Identifier: MIT
/*
 * blktrace files made here, of either byte order: which records become rows,
 * what is merged, counted and told; and the project's own recordings against
 * the counts of blkparse (collect/COUNTS.md).
 */
#include "base/bytes.h"
#include "collect/blktrace.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "t/damage.h"
#include "t/tracedat-rows.h"

enum {
	ACT_Q = 1 | 0x19 << 16,  /* write, sync, queue */
	ACT_D = 7 | 0x49 << 16,  /* read, sync, issue */
	ACT_DW = 7 | 0x4a << 16, /* write */
	ACT_C = 8 | 0x89 << 16,
	ACT_R = 6 | 0x21 << 16,
	ACT_U = 10 | 0x10 << 16,
	NOTE_TIME = 1 | 0x400 << 16,
	NOTE_MESSAGE = 2 | 0x400 << 16,
	SDA = 8 << 20,
};

struct file {
	uint8_t p[8192];
	size_t n;
	bool is_big;
	uint32_t sequence;
};

static void put(struct file *f, unsigned at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		f->p[f->n + at + (f->is_big ? bytes - 1 - i : i)] = (uint8_t)(v >> 8 * i);
}

/* A record with its pdu; notes have no sequence number. */
static void record(struct file *f, uint64_t ts, uint32_t action, uint64_t sector, uint32_t bytes,
		   const void *pdu, uint16_t pdu_bytes)
{
	const bool is_note = action >> 26 & 1;

	memset(f->p + f->n, 0, BLKTRACE_RECORD_BYTES);
	put(f, 0, 0x65617407, 4);
	put(f, 4, is_note ? 0 : ++f->sequence, 4);
	put(f, 8, ts, 8);
	put(f, 16, sector, 8);
	put(f, 24, bytes, 4);
	put(f, 28, action, 4);
	put(f, 32, 77, 4);
	put(f, 36, SDA, 4);
	put(f, 46, pdu_bytes, 2);
	if (pdu_bytes)
		memcpy(f->p + f->n + BLKTRACE_RECORD_BYTES, pdu, pdu_bytes);
	f->n += BLKTRACE_RECORD_BYTES + pdu_bytes;
}

static void plain(struct file *f, uint64_t ts, uint32_t action, uint64_t sector)
{
	record(f, ts, action, sector, 4096, NULL, 0);
}

static struct rows import_files(struct file **files, unsigned n)
{
	struct input *in[4];
	struct err e;

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(input_open_memory("in", files[i]->p, files[i]->n, &in[i], &e), 0);
	const struct rows r = rows_import_as("blktrace", in, n);
	for (unsigned i = 0; i < n; i++)
		input_close(in[i]);
	return r;
}

static void check_row(const struct io_event *row, uint64_t ts, uint64_t lat, uint8_t op,
		      uint64_t lba)
{
	assert_int_equal(row->ts, ts);
	assert_int_equal(row->lat, lat);
	assert_int_equal(row->op, op);
	assert_int_equal(row->lba, lba);
}

static void a_request_is_a_row_from_issue_to_completion_in_either_byte_order(void **state)
{
	(void)state;
	for (unsigned is_big = 0; is_big < 2; is_big++) {
		struct file f = { .is_big = is_big }, *files[] = { &f };
		uint8_t time[8];
		f.n = 0;
		for (unsigned i = 0; i < 4; i++) { /* 5 s and 7 ns, in the file's order */
			time[is_big ? 3 - i : i] = i ? 0 : 5;
			time[is_big ? 7 - i : 4 + i] = i ? 0 : 7;
		}
		record(&f, 1000, NOTE_TIME, 0, 0, time, 8);
		plain(&f, 1100, ACT_Q, 64);
		record(&f, 1150, ACT_U, 0, 0, "\0\0\0\0\0\0\0\1", 8);
		plain(&f, 1200, ACT_D, 64);
		record(&f, 1250, NOTE_MESSAGE, 0, 0, "hello", 5);
		plain(&f, 1300, ACT_DW, 128);
		plain(&f, 1500, ACT_C, 64);
		struct rows r = import_files(files, 1);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.nio, 2);
		check_row(&r.io[0], 200, 300, IO_READ, 64);
		check_row(&r.io[1], 300, UINT64_MAX, IO_WRITE, 128);
		assert_int_equal(r.io[0].bytes, 4096);
		assert_int_equal(r.damaged, 0);
		assert_int_equal(rows_account(&r, "block:D", "stored"), 2);
		assert_int_equal(rows_account(&r, "block:Q", "filtered"), 1);
		assert_int_equal(rows_account(&r, "block:note", "filtered"), 2);
		assert_int_equal(rows_number(&r, "SELECT real_ns FROM clock"), 5000000007);
		assert_int_equal(rows_number(&r, "SELECT mono_ns FROM clock"), 1000);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE bdf = '8:0'"),
				 1);
		rows_free(&r);
	}
}

static void files_of_several_cpus_are_merged_by_time(void **state)
{
	(void)state;
	struct file a = {}, b = {}, *files[] = { &b, &a };
	plain(&a, 1000, ACT_D, 8);
	plain(&a, 1400, ACT_D, 24);
	plain(&b, 1200, ACT_D, 16);
	plain(&b, 1300, ACT_C, 8);
	plain(&b, 1600, ACT_C, 24);
	plain(&a, 1700, ACT_C, 16);
	struct rows r = import_files(files, 2);
	assert_int_equal(r.nio, 3);
	check_row(&r.io[0], 0, 300, IO_READ, 8);
	check_row(&r.io[1], 200, 500, IO_READ, 16);
	check_row(&r.io[2], 400, 200, IO_READ, 24);
	rows_free(&r);
}

static void records_of_a_pipe_are_put_in_order(void **state)
{
	(void)state;
	struct file f = {}, *files[] = { &f };
	plain(&f, 1300, ACT_C, 8);
	plain(&f, 1400, ACT_D, 16);
	plain(&f, 1000, ACT_D, 8);
	plain(&f, 1900, ACT_C, 16);
	struct rows r = import_files(files, 1);
	assert_int_equal(r.nio, 2);
	check_row(&r.io[0], 0, 300, IO_READ, 8);
	check_row(&r.io[1], 400, 500, IO_READ, 16);
	rows_free(&r);
}

static void a_device_of_bios_begins_at_q_and_a_requeue_takes_the_issue_back(void **state)
{
	(void)state;
	struct file q = {}, *files[] = { &q };
	plain(&q, 1000, ACT_Q, 8);
	plain(&q, 1100, ACT_C, 8);
	struct rows r = import_files(files, 1);
	assert_int_equal(r.nio, 1);
	check_row(&r.io[0], 0, 100, IO_READ, 8);
	rows_free(&r);

	struct file f = {};
	files[0] = &f;
	plain(&f, 1000, ACT_D, 8);
	plain(&f, 1100, ACT_R, 8);
	plain(&f, 1200, ACT_D, 8);
	plain(&f, 1250, ACT_C, 8);
	plain(&f, 1300, ACT_C, 64); /* submitted before the recording */
	r = import_files(files, 1);
	assert_int_equal(r.nio, 1);
	check_row(&r.io[0], 200, 50, IO_READ, 8);
	assert_int_equal(rows_account(&r, "block:R", "filtered"), 1);
	assert_int_equal(rows_account(&r, "block:C", "filtered"), 1);
	rows_free(&r);
}

static void missing_sequence_numbers_are_lost_and_none_are_needed(void **state)
{
	(void)state;
	struct file f = {}, *files[] = { &f };
	plain(&f, 1000, ACT_D, 8);
	plain(&f, 1100, ACT_C, 8);
	f.sequence += 7;
	plain(&f, 1200, ACT_D, 8);
	plain(&f, 1300, ACT_C, 8);
	struct rows r = import_files(files, 1);
	assert_int_equal(r.nio, 2);
	assert_int_equal(rows_account(&r, "block:lost", "ring_lost"), 7);
	assert_int_equal(rows_number(&r, "SELECT n_lost FROM loss WHERE cause = 'ring'"), 7);
	assert_int_equal(rows_number(&r, "SELECT from_ns FROM loss WHERE cause = 'ring'"), 100);
	assert_int_equal(rows_number(&r, "SELECT to_ns FROM loss WHERE cause = 'ring'"), 300);
	rows_free(&r);

	f.n = 0;
	for (unsigned i = 0; i < 4; i++) {
		f.sequence = UINT32_MAX; /* the next is 0 */
		plain(&f, 1000 + i, i % 2 ? ACT_C : ACT_D, 8);
	}
	r = import_files(files, 1);
	assert_int_equal(r.nio, 2);
	assert_int_equal(r.damaged, 0);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM loss"), 0);
	rows_free(&r);
}

static void a_damaged_record_costs_itself_only(void **state)
{
	(void)state;
	struct file f = {}, *files[] = { &f };
	for (unsigned i = 0; i < 10; i++)
		plain(&f, 1000 + 10 * i, i % 2 ? ACT_C : ACT_D, 8);
	f.p[2 * BLKTRACE_RECORD_BYTES] ^= 0x40;               /* the third, an issue: its magic */
	le16_put(f.p + 5 * BLKTRACE_RECORD_BYTES + 46, 9999); /* a pdu that is not there */
	struct rows r = import_files(files, 1);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.nio, 4);
	assert_int_equal(r.damaged, 2);
	assert_string_equal(r.first_damage, "in: byte 96: expected a blktrace record of version 7");
	assert_int_equal(rows_account(&r, "block:lost", "decode_error"), 2);
	assert_int_equal(rows_account(&r, "block:lost", "ring_lost"), 0);
	assert_int_equal(rows_account(&r, "block:C", "seen"), 5);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM loss WHERE cause = 'parse'"), 1);
	rows_free(&r);
}

static void damage_of_any_kind_keeps_what_stood_before(void **state)
{
	(void)state;
	struct file f = {};
	record(&f, 900, NOTE_TIME, 0, 0, "\1\2\3\4\5\6\7\0", 8);
	for (unsigned i = 0; i < 20; i++)
		plain(&f, 1000 + 10 * i, i % 2 ? ACT_C : ACT_D, 8 * (i / 2));
	damage_everything("blktrace", f.p, f.n, false, 1);
}

/* ---- recordings ---- */

static uint8_t *read_data(const char *name, size_t *n_out)
{
	char path[4096];
	const char *dir = getenv("DATA");
	snprintf(path, sizeof(path), "%s/collect/%s", dir ? dir : "../shared/data", name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("# %s is absent\n", path);
		skip();
	}
	uint8_t *p = malloc(1 << 20);
	*n_out = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

/* Lines of the table in COUNTS.md */
static void recordings_have_the_counts_of_blkparse(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t n;
	} files[] = {
		{ "blk-ftracebin-nvme.blktrace.0", 1500 },
		{ "blktrace8-nvme.blktrace.0", 163 },
		{ "blktrace8-nvme.blktrace.1", 837 },
	};
	static const char *const letters[] = { "C", "D", "G", "P", "Q", "U" };
	for (size_t i = 0; i < 3; i++) {
		size_t n;
		uint8_t *p = read_data(files[i].name, &n);
		struct rows r = rows_of_bytes_as("blktrace", p, n);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.damaged, 0);
		assert_int_equal(r.nio, files[i].n);
		for (size_t k = 0; k < 6; k++) {
			char name[16];
			snprintf(name, sizeof(name), "block:%s", letters[k]);
			assert_int_equal(rows_account(&r, name, "seen"), files[i].n);
		}
		for (size_t k = 0; k < r.nio; k++) {
			assert_int_equal(r.io[k].bytes, 4096);
			assert_int_equal(r.io[k].op, IO_READ);
			assert_true(r.io[k].lat > 1000 && r.io[k].lat < 1000000000);
		}
		rows_free(&r);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_a_row_from_issue_to_completion_in_either_byte_order),
		cmocka_unit_test(files_of_several_cpus_are_merged_by_time),
		cmocka_unit_test(records_of_a_pipe_are_put_in_order),
		cmocka_unit_test(a_device_of_bios_begins_at_q_and_a_requeue_takes_the_issue_back),
		cmocka_unit_test(missing_sequence_numbers_are_lost_and_none_are_needed),
		cmocka_unit_test(a_damaged_record_costs_itself_only),
		cmocka_unit_test(damage_of_any_kind_keeps_what_stood_before),
		cmocka_unit_test(recordings_have_the_counts_of_blkparse),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
