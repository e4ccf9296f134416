// SPDX-License-Identifier: MIT
/* Event formats: what the kernel writes is understood, anything else is refused with its line. */
#include "collect/evformat.h"
#include "collect/ringbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct evformat f;

static int parse(const char *text, struct err *e)
{
	return evformat_parse(text, strlen(text), &f, e);
}

static const struct evfield *field(const char *name)
{
	const struct evfield *found = evformat_find(&f, name);
	assert_non_null(found);
	return found;
}

static const char sample[] =
	"name: dma_map_sg\n"
	"ID: 370\n"
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:__data_loc char[] device;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc u64[] phys_addrs;\toffset:12;\tsize:4;\tsigned:0;\n"
	"\tfield:__rel_loc unsigned int[] lengths;\toffset:16;\tsize:4;\tsigned:0;\n"
	"\tfield:char disk[32];\toffset:20;\tsize:32;\tsigned:0;\n"
	"\tfield:u8 cdw10[24];\toffset:52;\tsize:24;\tsigned:0;\n"
	"\tfield:unsigned long caller[4];\toffset:80;\tsize:32;\tsigned:0;\n"
	"\tfield:enum dma_data_direction dir;\toffset:112;\tsize:4;\tsigned:0;\n"
	"\tfield:struct foo * where;\toffset:120;\tsize:8;\tsigned:0;\n"
	"\n"
	"print fmt: \"%s\", ({ char *s; field:nonsense; s; }), REC->dir\n"
	"\tfield:never read\n";

static void all_kinds_of_fields_are_read(void **state)
{
	struct err e;
	(void)state;
	assert_int_equal(parse(sample, &e), 0);
	assert_string_equal(f.name, "dma_map_sg");
	assert_int_equal(f.id, 370);
	assert_int_equal(f.nfields, 10);

	assert_int_equal(field("common_pid")->offset, 4);
	assert_true(field("common_pid")->is_signed);
	assert_false(field("common_type")->is_signed);
	assert_int_equal(field("device")->kind, EVFIELD_DATA_LOC);
	assert_int_equal(field("device")->elem_bytes, 1);
	assert_int_equal(field("phys_addrs")->elem_bytes, 8);
	assert_int_equal(field("lengths")->kind, EVFIELD_REL_LOC);
	assert_int_equal(field("lengths")->elem_bytes, 4);
	assert_true(field("disk")->is_array);
	assert_int_equal(field("disk")->elem_bytes, 1);
	assert_int_equal(field("cdw10")->elem_bytes, 1);
	assert_int_equal(field("caller")->elem_bytes, 8);
	assert_int_equal(field("dir")->offset, 112);
	assert_false(field("dir")->is_array);
	assert_int_equal(field("where")->size, 8);
	assert_null(evformat_find(&f, "nonsense"));
}

static void a_bad_line_is_refused_with_its_number(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "name: x\n\tfield:int a", "line 2: field without ';'" },
		{ "field:int a;\toffset:0;\n", "line 1: expected offset:N; size:N;" },
		{ "field:int a;\toffset:x;\tsize:4;\n", "line 1: expected offset:N; size:N;" },
		{ "ID: none\n", "line 1: ID is not a number" },
		{ "ID: 99999999999\n", "line 1: ID is not a number" },
		{ "\n\nfield:;\toffset:0;\tsize:4;\n", "line 3: field without a name" },
		{ "field:int ];\toffset:0;\tsize:4;\n", "line 1: field without a name" },
		{ "field:int a;\toffset:4294967295;\tsize:4294967295;\n",
		  "line 1: field ends at byte 8589934590, at most 1048576 expected" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err e = {};
		assert_int_equal(parse(cases[i].text, &e), ERR_FORMAT);
		assert_string_equal(e.msg, cases[i].message);
	}
}

static void any_prefix_of_a_format_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n <= strlen(sample); n++) {
		struct err e = {};
		char *exact = test_malloc(n + 1); /* overruns are seen by cmocka's guards */
		memcpy(exact, sample, n);
		const int rc = evformat_parse(exact, n, &f, &e);
		assert_true(rc == 0 || (rc == ERR_FORMAT && e.msg[0]));
		test_free(exact);
	}
}

static void more_fields_than_fit_are_counted(void **state)
{
	char text[16384] = "";
	struct err e;
	size_t n = 0;
	(void)state;
	for (unsigned i = 0; i < EVFORMAT_FIELDS_MAX + 3; i++)
		n += (size_t)sprintf(text + n, "field:int f%u;\toffset:%u;\tsize:4;\tsigned:1;\n",
				     i, 4 * i);
	assert_int_equal(parse(text, &e), 0);
	assert_int_equal(f.nfields, EVFORMAT_FIELDS_MAX);
	assert_int_equal(f.fields_left_out, 3);
}

static void numbers_have_the_sign_of_their_format(void **state)
{
	static const uint8_t rec[8] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint64_t v;
	(void)state;
	for (uint32_t size = 1; size <= 8; size *= 2) {
		const struct evfield s = { .size = size, .is_signed = true }, u = { .size = size };
		assert_true(evfield_u64(&s, rec, sizeof(rec), &v));
		assert_int_equal(v, (uint64_t)-2);
		assert_true(evfield_u64(&u, rec, sizeof(rec), &v));
		assert_int_equal(v, (UINT64_MAX >> (64 - 8 * size)) - 1);
	}
	const struct evfield three = { .size = 3 };
	assert_false(evfield_u64(&three, rec, sizeof(rec), &v));
}

static void a_record_that_ends_early_is_refused(void **state)
{
	const uint8_t rec[16] = {};
	const struct evfield number = { .offset = 12, .size = 8 };
	const struct evfield text = { .offset = 12, .size = 4, .kind = EVFIELD_DATA_LOC };
	const struct evfield far = { .offset = EVFIELD_END_MAX, .size = 1 };
	const uint8_t *p;
	uint64_t v;
	size_t len;
	(void)state;
	assert_false(evfield_u64(&number, rec, 16, &v));
	assert_false(evfield_u64(&far, rec, 16, &v));
	assert_false(evfield_bytes(&text, rec, 15, &p, &len));
	assert_true(evfield_bytes(&text, rec, 16, &p, &len));
	assert_int_equal(len, 0);
}

static void dynamic_strings_are_found_where_they_point(void **state)
{
	uint8_t rec[24] = {};
	const struct evfield loc = { .offset = 4, .size = 4, .kind = EVFIELD_DATA_LOC };
	const struct evfield rel = { .offset = 4, .size = 4, .kind = EVFIELD_REL_LOC };
	const char *s;
	size_t len;
	(void)state;
	memcpy(rec + 16, "0000:00", 8);
	le32_put(rec + 4, 8 << 16 | 16);
	assert_true(evfield_string(&loc, rec, sizeof(rec), &s, &len));
	assert_int_equal(len, 7);
	assert_memory_equal(s, "0000:00", 7);
	le32_put(rec + 4, 8 << 16 | 8); /* counted from byte 8 */
	assert_true(evfield_string(&rel, rec, sizeof(rec), &s, &len));
	assert_int_equal(len, 7);

	le32_put(rec + 4, 9 << 16 | 16);
	assert_false(evfield_string(&loc, rec, sizeof(rec), &s, &len));
	le32_put(rec + 4, 0xffffffff);
	assert_false(evfield_string(&loc, rec, sizeof(rec), &s, &len));
	assert_false(evfield_string(&rel, rec, sizeof(rec), &s, &len));
	le32_put(rec + 4, 4 << 16 | 16); /* without its 0 */
	assert_true(evfield_string(&loc, rec, sizeof(rec), &s, &len));
	assert_int_equal(len, 4);
}

static void header_page_of_32_and_64_bit_kernels_is_understood(void **state)
{
	static const char narrow[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				     "\tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;\n"
				     "\tfield: char data;\toffset:12;\tsize:4084;\tsigned:0;\n";
	static const char no_data[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				      "\tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;\n";
	static const char overlap[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				      "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				      "\tfield: char data;\toffset:12;\tsize:4084;\tsigned:0;\n";
	struct ringbuf_layout l;
	struct err e = {};
	(void)state;
	assert_int_equal(ringbuf_layout_parse(narrow, strlen(narrow), &l, &e), 0);
	assert_int_equal(l.commit_bytes, 4);
	assert_int_equal(l.data_offset, 12);
	assert_int_equal(ringbuf_layout_parse(no_data, strlen(no_data), &l, &e), ERR_FORMAT);
	assert_int_equal(ringbuf_layout_parse(overlap, strlen(overlap), &l, &e), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_of_fields_are_read),
		cmocka_unit_test(a_bad_line_is_refused_with_its_number),
		cmocka_unit_test(any_prefix_of_a_format_is_read_or_refused),
		cmocka_unit_test(more_fields_than_fit_are_counted),
		cmocka_unit_test(numbers_have_the_sign_of_their_format),
		cmocka_unit_test(a_record_that_ends_early_is_refused),
		cmocka_unit_test(dynamic_strings_are_found_where_they_point),
		cmocka_unit_test(header_page_of_32_and_64_bit_kernels_is_understood),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
