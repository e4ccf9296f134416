// SPDX-License-Identifier: MIT
/* Importers: what they store, what they say of bad input, and going on after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "base/bytes.h"
#include "base/cleanup.h"
#include "collect/import.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct import_options options = { .as = AS_PA };

struct outcome {
	int rc;
	struct err e;
	struct import_cursor at;
	char first[sizeof(((struct err *)0)->msg)]; /* damage, or the error */
	unsigned warnings;
};

static void count_warning(void *ctx, const char *sentence)
{
	(void)sentence;
	++*(unsigned *)ctx;
}

static struct outcome import_bytes(const char *format, const void *data, size_t n)
{
	struct outcome o = {};
	struct import im = {
		.options = &options, .is_last = true, .warn = count_warning, .ctx = &o.warnings
	};

	assert_int_equal(input_open_memory("in", data, n, &im.in, &o.e), 0);
	assert_int_equal(trace_writer_open_null(&im.w, &o.e), 0);
	o.rc = importer_find(format)->run(&im, &o.e);
	o.at = im.at;
	snprintf(o.first, sizeof(o.first), "%s", o.rc ? o.e.msg : im.first_damage.msg);
	trace_writer_abort(im.w);
	input_close(im.in);
	return o;
}

/* ---- text formats ---- */

struct text_case {
	const char *format, *text;
	int rc;
	uint64_t stored, filtered, bad;
	const char *says; /* of the first damage, or the error */
};

static const struct text_case text_cases[] = {
	{ "requests", "time_us,object_id\n1,2\n1,3\n", 0, 2, 0, 0, "" },
	{ "requests", "# a\n\n 7 ,\t8 \r\n9,9", 0, 2, 0, 0, "" },
	{ "requests", "1,18446744073709551615\n", 0, 1, 0, 0, "" },
	{ "requests", "1,18446744073709551616\n2,2\n", 0, 1, 0, 1,
	  "in: line 1: expected two decimal numbers: time_us,object_id" },
	{ "requests", "1,000000000000000000000000000002\n", 0, 1, 0, 0, "" },
	{ "requests", "1,2\n2,3,4\n3,4\n", 0, 2, 0, 1,
	  "in: line 2: expected two decimal numbers: time_us,object_id" },
	{ "requests", "1,2\n-2,3\n", 0, 1, 0, 1,
	  "in: line 2: expected two decimal numbers: time_us,object_id" },
	{ "requests", "1,2\ntime_us,object_id\n", 0, 1, 0, 1,
	  "in: line 2: expected two decimal numbers: time_us,object_id" },
	{ "requests", "7,1\n6,1\n7,2\n", 0, 2, 0, 1, "in: line 2: time goes backwards" },
	{ "requests", "18446744073709551,1\n18446744073709552,1\n", 0, 1, 0, 1,
	  "in: line 2: time above 584 years" },
	{ "requests", "hello\n", ERR_UNUSABLE, 0, 0, 1,
	  "in: line 1: expected two decimal numbers: time_us,object_id (no row is usable)" },
	{ "requests", "", ERR_UNUSABLE, 0, 0, 0, "in: holds no row" },
	{ "lis", "1 1 0 0\n2 30 0 1\n", 0, 2, 0, 0, "" },
	{ "lis", "1\t1  0 0 \r\n\n2 1 9 1", 0, 2, 0, 0, "" },
	{ "lis", "1 1 0 0\n5 0 0 1\n", 0, 1, 1, 0, "" },
	{ "lis", "1 1 0 0\n5 1 0\n", 0, 1, 0, 1,
	  "in: line 2: expected four decimal columns: first_block n_blocks ignored "
	  "request_number" },
	{ "lis", "1 1 0 1\n1 1 0 0\n", 0, 1, 0, 1,
	  "in: line 2: time goes backwards (fourth column)" },
	{ "lis", "1 1 0 0\n1 4294967296 0 1\n", 0, 1, 0, 1, "in: line 2: block range too large" },
	{ "lis", "1 1 0 0\n18446744073709551615 1 0 1\n", 0, 1, 0, 1,
	  "in: line 2: block range too large" },
	{ "lis", "1 1 0 0\n1 1 0 18446744073710\n", 0, 1, 0, 1,
	  "in: line 2: request number too large" },
	{ "lackey", "==1== x\nI  10,3\n L 10,8\n S 1F,1\n M ffff,4\n", 0, 3, 2, 0, "" },
	{ "lackey", " L 10,8\nhello\n L 10,8", 0, 2, 0, 1,
	  "in: line 2: expected ' L addr,size' (or S, M, I)" },
	{ "lackey", " L 10,8\n L 10000000000000000,8\n", 0, 1, 0, 1,
	  "in: line 2: expected ' L addr,size' (or S, M, I)" },
	{ "lackey", " L 10,8\n L ffffffffffffffff,2\n", 0, 1, 0, 1,
	  "in: line 2: expected a size of 1 byte to 4 GiB within 64 bits" },
	{ "lackey", " L 10,0\n", ERR_UNUSABLE, 0, 0, 1,
	  "in: line 1: expected a size of 1 byte to 4 GiB within 64 bits (no row is usable)" },
	{ "csv", "ts_ns,pfn\n0,0x1f\n1,2\n", 0, 2, 0, 0, "" },
	{ "csv", "pfn , ts_ns\r\n 3 , 4 \r\nNULL,4\n,5", 0, 3, 0, 0, "" },
	{ "csv", "ts_ns,pfn\n5,1\n4,1\n", 0, 1, 0, 1,
	  "in: line 3: time goes backwards: 4 ns after 5" },
	{ "csv", "ts_ns,pfn,npages\n5,1,4294967296\n6,1,1\n", 0, 1, 0, 1,
	  "in: line 2: column npages: expected a number up to 4294967295" },
	{ "csv", "ts_ns,pfn,op\n5,1,fly\n6,1,map\n7,1,9\n8,1,5\n", 0, 2, 0, 2,
	  "in: line 2: column op: expected map, unmap, alloc, free, access, dirty" },
	{ "csv", "ts_ns,pfn\n5\n6,1\n7,1,1\n", 0, 1, 0, 2,
	  "in: line 2: expected 2 columns, as in the header" },
	{ "csv", "ts_ns,va\n5,1\n", ERR_UNUSABLE, 0, 0, 0,
	  "in: line 1: the columns fit 4 kinds: add a line '# kind: NAME' before them" },
	{ "csv", "# kind: mem\nts_ns,va\n5,1\n", 0, 1, 0, 0, "" },
	{ "csv", "ts_ns,pfn,pfn\n5,1\n", ERR_UNUSABLE, 0, 0, 0,
	  "in: line 1: expected a header with ts_ns and other columns of one kind" },
	{ "csv", "pfn,npages\n5,1\n", ERR_UNUSABLE, 0, 0, 0,
	  "in: line 1: expected a header with ts_ns and other columns of one kind" },
	{ "vscsi", "too short", ERR_UNUSABLE, 0, 0, 0,
	  "in: byte 0: expected vSCSI records of version 1 or 2" },
	{ "oracle-general", "too short", ERR_UNUSABLE, 0, 0, 1,
	  "in: byte 0: 9 bytes left, expected a record of 24 (no row is usable)" },
};

static void text_is_stored_or_told_by_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text_cases) / sizeof(text_cases[0]); i++) {
		const struct text_case *c = &text_cases[i];
		const struct outcome o = import_bytes(c->format, c->text, strlen(c->text));
		if (o.rc != c->rc || strcmp(o.first, c->says))
			print_message("# %s: %s", c->format, c->text);
		assert_int_equal(o.rc, c->rc);
		assert_string_equal(o.first, c->says);
		assert_int_equal(o.at.stored, c->stored);
		assert_int_equal(o.at.filtered, c->filtered);
		assert_int_equal(o.at.bad, c->bad);
	}
}

static void many_bad_lines_are_counted_but_told_only_five_times(void **state)
{
	(void)state;
	char text[4000] = "1,1\n";
	for (int i = 0; i < 500; i++)
		strcat(text, "bad\n");
	const struct outcome o = import_bytes("requests", text, strlen(text));
	assert_int_equal(o.rc, 0);
	assert_int_equal(o.at.bad, 500);
	assert_int_equal(o.at.damaged, 500);
	assert_int_equal(o.warnings, 5);
}

static void a_line_above_64_kib_ends_the_input_as_damage(void **state)
{
	(void)state;
	static char text[100000] = "1,1\n2,2\n";
	memset(text + 8, '3', sizeof(text) - 8);
	const struct outcome o = import_bytes("requests", text, sizeof(text));
	assert_int_equal(o.rc, 0);
	assert_int_equal(o.at.stored, 2);
	assert_int_equal(o.at.bad, 1);
	assert_string_equal(o.first, "in: byte 8: line above 64 KiB: is this text?");
}

/* ---- binary formats ---- */

static uint8_t *put_v1(uint8_t *p, uint16_t cmd, uint16_t ver, uint32_t len, uint64_t lbn,
		       uint64_t ts)
{
	le32_put(p, 7);
	le32_put(p + 4, len);
	le32_put(p + 8, 1);
	le16_put(p + 12, cmd);
	le16_put(p + 14, ver);
	le64_put(p + 16, lbn);
	le64_put(p + 24, ts);
	return p + 32;
}

static void vscsi_records_are_stored_filtered_or_told_by_byte(void **state)
{
	(void)state;
	uint8_t data[10 * 32] = {}, *p = data;
	p = put_v1(p, 0x28, 0x100, 4096, 8, 1000);
	p = put_v1(p, 0x2a, 0x100, 512, 9, 1000);
	p = put_v1(p, 0x35, 0x100, 0, 0, 1001);   /* SYNCHRONIZE CACHE: no data */
	p = put_v1(p, 0x12, 0x100, 36, 0, 1002);  /* INQUIRY: no blocks */
	p = put_v1(p, 0x28, 0x300, 512, 1, 1003); /* no such version */
	p = put_v1(p, 0x28, 0x100, 512, 1, 999);  /* backwards */
	p = put_v1(p, 0x28, 0x100, 512, UINT64_MAX, 1004);
	p = put_v1(p, 0x93, 0x100, 512, 1, 1005);
	memcpy(p, "tail", 4);
	const struct outcome o = import_bytes("vscsi", data, (size_t)(p + 4 - data));
	assert_int_equal(o.rc, 0);
	assert_int_equal(o.at.stored, 3);
	assert_int_equal(o.at.filtered, 2);
	assert_int_equal(o.at.bad, 4);
	assert_int_equal(o.at.first, 1000);
	assert_int_equal(o.at.last_ns, 5000);
	assert_string_equal(o.first, "in: byte 128: expected a record of vSCSI version 1");

	const struct outcome cut = import_bytes("vscsi", data, 2 * 32 + 31);
	assert_int_equal(cut.at.stored, 2);
	assert_int_equal(cut.at.bad, 1);
	assert_string_equal(cut.first, "in: byte 64: 31 bytes left, expected a record of 32");
}

static void put_oracle(uint8_t *p, uint32_t seconds, uint64_t id, uint64_t next)
{
	le32_put(p, seconds);
	le64_put(p + 4, id);
	le32_put(p + 12, 4096);
	le64_put(p + 16, next);
}

static int score_of(const char *name, const void *data, size_t n)
{
	return importer_find(name)->sniff(data, n, true);
}

static void oraclegeneral_is_known_by_its_next_requests(void **state)
{
	(void)state;
	uint8_t data[6 * 24];
	for (uint64_t base = 0; base < 2; base++) { /* requests counted from 0 or from 1 */
		for (uint32_t i = 0; i < 6; i++)
			put_oracle(data + i * 24, i, i % 3, i < 3 ? i + 3 + base : UINT64_MAX);
		assert_true(score_of("oracle-general", data, sizeof(data)) > 0);
	}
	for (uint32_t i = 0; i < 6; i++) /* the next request is of another page */
		put_oracle(data + i * 24, i, i % 3, i < 3 ? i + 2 : UINT64_MAX);
	assert_int_equal(score_of("oracle-general", data, sizeof(data)), 0);
	for (uint32_t i = 0; i < 6; i++) /* time goes backwards */
		put_oracle(data + i * 24, 9 - i, i, UINT64_MAX);
	assert_int_equal(score_of("oracle-general", data, sizeof(data)), 0);
	memset(data, 0, sizeof(data));
	assert_int_equal(score_of("oracle-general", data, sizeof(data)), 0);
}

/* ---- sniffing ---- */

static const char *sniff_bytes(const char *name, const void *data, size_t n, struct err *e)
{
	struct input *in;
	assert_int_equal(input_open_memory(name, data, n, &in, e), 0);
	const struct importer *found = importer_sniff(in, e);
	input_close(in);
	return found ? found->name : NULL;
}

static void formats_are_told_by_their_bytes(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "requests", "time_us,object_id\n" },
		{ "requests", "time_us,object_id\nfirst,line\nis,bad\n1,1\n" },
		{ "requests", "1,2\nbad\n2,3\n3,4\n" },
		{ "requests", "1,2" },
		{ "lis", "1 1 0 0\nbad\n2 1 0 1\n" },
		{ "lackey", "==1== Lackey, an example\n==1== \nI  04001000,3\n L 10,8\n" },
		{ "lackey", " L 10,8\n" },
		{ "csv", "ts_ns,dev,op,pfn\n" },
		{ "csv", "# kind: walk\nts_ns,va\n" },
		{ "csv", "ts_ns,asid,va,bytes,rw\n0,0,1,8,load\n" },
	};
	struct err e = {};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(sniff_bytes("x", cases[i][1], strlen(cases[i][1]), &e),
				    cases[i][0]);
	uint8_t v1[64];
	put_v1(put_v1(v1, 0x28, 0x100, 512, 1, 5), 0x2a, 0x100, 512, 1, 6);
	assert_string_equal(sniff_bytes("x", v1, 64, &e), "vscsi");
}

static void junk_is_refused_with_the_list_of_formats(void **state)
{
	(void)state;
	uint8_t junk[4096];
	struct err e = {};
	uint64_t x = 1;
	for (size_t i = 0; i < sizeof(junk); i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		junk[i] = (uint8_t)(x >> 56);
	}
	for (size_t n = 1; n < sizeof(junk); n += 13)
		for (size_t at = 0; at + n <= sizeof(junk) && at < 200; at += 17)
			assert_null(sniff_bytes("x", junk + at, n, &e));
	assert_int_equal(e.code, ERR_UNUSABLE);
	assert_non_null(strstr(e.msg, "x: no known format; --format takes "));
	for (const struct importer *const *i = importers; *i; i++)
		assert_non_null(strstr(e.msg, (*i)->name));

	static const char prose[] = "Words, and 12 numbers, 13\nin lines\n";
	assert_null(sniff_bytes("x", prose, sizeof(prose) - 1, &e));
	memset(junk, 0, sizeof(junk));
	assert_null(sniff_bytes("x", junk, sizeof(junk), &e));
	assert_null(sniff_bytes("x", "", 0, &e));
	assert_string_equal(e.msg, "x: is empty");
}

/* ---- going on after a crash ---- */

enum { LINES = 5000, CHUNK = 512 };

static char *many_lines(const char *format, size_t *n_out)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n_out);
	for (unsigned i = 0; i < LINES; i++) {
		if (i % 700 == 699)
			fputs("bad\n", f);
		if (!strcmp(format, "requests"))
			fprintf(f, "%u,%u\n", i * 3, i * 7 % 1000);
		else if (!strcmp(format, "lis"))
			fprintf(f, "%u %u 0 %u\n", i * 7 % 1000, i % 4, i);
		else if (!strcmp(format, "lackey"))
			fprintf(f, i % 3 ? " L %x,8\n" : "I  %x,3\n", i * 64);
		else
			fprintf(f, "%s%u,nic%u,%u\n", i ? "" : "ts_ns,dev,pfn\n", i, i % 3, i);
	}
	fclose(f);
	return text;
}

static void crash(void *ctx, const struct kind *k, uint64_t rows, uint64_t offset)
{
	unsigned *left = ctx;
	(void)k, (void)rows, (void)offset;
	if (left && !--*left)
		_exit(9); /* like kill -9: nothing is closed */
}

/* Imports into path, dying after so many commits (0: never); the digest of the sealed trace. */
static struct import_cursor import_file(const char *format, const char *path, const char *text,
					size_t n, unsigned commits, char *digest_out)
{
	const struct trace_writer_options wo = {
		.collector = "test",
		.args = "test",
		.clock = "trace",
		.chunk_rows = CHUNK,
		.resume = true,
		.committed = crash,
		.committed_ctx = commits ? &commits : NULL,
	};
	const struct importer *importer = importer_find(format);
	struct import im = { .options = &options, .is_last = true };
	struct err e = {};
	assert_int_equal(input_open_memory("in", text, n, &im.in, &e), 0);
	assert_int_equal(trace_writer_open(path, &wo, &im.w, &e), 0);
	import_resume(&im, importer);
	assert_int_equal(importer->run(&im, &e), 0);
	assert_int_equal(trace_writer_seal(im.w, &e), 0);
	input_close(im.in);

	struct trace *t;
	assert_int_equal(trace_open(path, &t, &e), 0);
	assert_int_equal(trace_digest(t, digest_out, &e), 0);
	trace_close(t);
	return im.at;
}

static void an_import_killed_after_any_commit_ends_the_same(void **state)
{
	(void)state;
	static const char *const formats[] = { "requests", "lis", "lackey", "csv" };
	char whole[TRACE_DIGEST_CHARS + 1], resumed[TRACE_DIGEST_CHARS + 1];
	const char *path = "build/import-test.db";

	for (size_t f = 0; f < 4; f++) {
		size_t n;
		_free_ char *text = many_lines(formats[f], &n);
		unlink(path);
		const struct import_cursor want = import_file(formats[f], path, text, n, 0, whole);
		assert_int_equal(want.bad, 7);
		for (unsigned commits = 1; commits < 6; commits += 2) {
			unlink(path);
			fflush(NULL);
			const pid_t child = fork();
			if (!child) {
				import_file(formats[f], path, text, n, commits, resumed);
				_exit(0);
			}
			int status;
			assert_int_equal(waitpid(child, &status, 0), child);
			assert_int_equal(WEXITSTATUS(status), 9);
			const struct import_cursor got =
				import_file(formats[f], path, text, n, 0, resumed);
			assert_string_equal(resumed, whole);
			assert_memory_equal(&got, &want, sizeof(got));
		}
		unlink(path);
	}
}

static void a_cursor_of_any_size_survives_its_text(void **state)
{
	(void)state;
	const uint64_t most = INT64_MAX; /* of offsets and counts of a file */
	const struct import_cursor big = {
		.file = UINT32_MAX,
		.base = most,
		.line = most,
		.first = UINT64_MAX,
		.last_ns = UINT64_MAX,
		.bad_from_ns = UINT64_MAX,
		.damaged = most,
		.stored = most,
		.filtered = most,
		.bad = most,
	};
	struct import_cursor got;
	char text[IMPORT_POSITION_CHARS];
	import_cursor_print(&big, text);
	import_cursor_parse(&got, text);
	assert_memory_equal(&got, &big, sizeof(got));

	const struct import_cursor none = {};
	import_cursor_parse(&got, "");
	assert_memory_equal(&got, &none, sizeof(got));
	import_cursor_parse(&got, "line=12 unknown=3 bad=4 junk");
	assert_int_equal(got.line, 12);
	assert_int_equal(got.bad, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_stored_or_told_by_line),
		cmocka_unit_test(many_bad_lines_are_counted_but_told_only_five_times),
		cmocka_unit_test(a_line_above_64_kib_ends_the_input_as_damage),
		cmocka_unit_test(vscsi_records_are_stored_filtered_or_told_by_byte),
		cmocka_unit_test(oraclegeneral_is_known_by_its_next_requests),
		cmocka_unit_test(formats_are_told_by_their_bytes),
		cmocka_unit_test(junk_is_refused_with_the_list_of_formats),
		cmocka_unit_test(an_import_killed_after_any_commit_ends_the_same),
		cmocka_unit_test(a_cursor_of_any_size_survives_its_text),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
