// SPDX-License-Identifier: MIT
/* MSR and MQSim traces: rows, order, what is told by line, and guards against wrong units. */
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "t/damage.h"
#include "t/tracedat-rows.h"

static struct rows import_text(const char *format, const char *text)
{
	return rows_of_bytes_as(format, text, strlen(text));
}

static void msr_counts_in_100_ns_since_1601(void **state)
{
	(void)state;
	struct rows r = import_text("msr",
				    "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime\n"
				    "128166372003061629,hm,1,Read,383496192,32768,413\n"
				    "128166372016853991,hm,1,Write,2822144,4096,1205\n"
				    "128166372016382155,hm,0,read,512,4096,7\n\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.damaged, 0);
	assert_int_equal(r.nio, 3);
	assert_int_equal(r.io[0].ts, 0);
	assert_int_equal(r.io[0].lat, 41300);
	assert_int_equal(r.io[0].lba, 749016);
	assert_int_equal(r.io[0].bytes, 32768);
	assert_int_equal(r.io[1].ts, UINT64_C(13320526) * 100); /* sorted by time */
	assert_int_equal(r.io[1].op, IO_READ);
	assert_int_equal(r.io[2].op, IO_WRITE);
	assert_int_not_equal(r.io[1].dev, r.io[0].dev);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE bdf = 'hm.1'"), 1);
	/* 2007-02-22 17:00:00 UTC */
	assert_int_equal(rows_number(&r, "SELECT real_ns / 1000000000 FROM clock"), 1172163600);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'unit_warning'"), 0);
	rows_free(&r);
}

static void a_row_far_out_of_order_is_kept_and_counted(void **state)
{
	(void)state;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	for (unsigned i = 0; i < 100000; i++)
		fprintf(f, "%u 0 %u 8 1\n", i == 99999 ? 7 : i * 1000, i);
	fclose(f);
	struct rows r = rows_of_bytes_as("mqsim", text, n);
	assert_int_equal(r.nio, 100000);
	for (size_t i = 1; i < r.nio; i++)
		assert_true(r.io[i].ts >= r.io[i - 1].ts);
	assert_int_equal(rows_number(&r, "SELECT v FROM meta WHERE k = 'io_time_backwards'"), 1);
	rows_free(&r);
	free(text);
}

static void mqsim_has_five_columns(void **state)
{
	(void)state;
	struct rows r =
		import_text("mqsim", "0 0 350344 16 1\n1700 1 20853168 8 0\n1650 0 0 1 1\n");
	assert_int_equal(r.nio, 3);
	assert_int_equal(r.io[0].op, IO_READ);
	assert_int_equal(r.io[0].bytes, 8192);
	assert_int_equal(r.io[0].lat, UINT64_MAX);
	assert_int_equal(r.io[1].ts, 1650);
	assert_int_equal(r.io[2].op, IO_WRITE);
	rows_free(&r);

	r = import_text("mqsim",
			"0 0 0 8 1\n1 0 0 8 2\n2 0 0\n3 9999 0 8 1\n4 0 1 99999999999 0\n");
	assert_int_equal(r.nio, 1);
	assert_int_equal(r.damaged, 4);
	assert_string_equal(r.first_damage,
			    "in: line 2: expected five decimal columns: arrival_ns device "
			    "first_sector sectors type (0 or 1)");
	rows_free(&r);
}

/* n requests, each `step` units after the one before */
static struct rows import_steps(const char *format, uint64_t first, uint64_t step, unsigned n)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	for (unsigned i = 0; i < n; i++) {
		const unsigned long long at = first + i * step;
		if (!strcmp(format, "msr"))
			fprintf(f, "%llu,a,0,Read,0,512,1\n", at);
		else if (!strcmp(format, "mqsim"))
			fprintf(f, "%llu 0 0 8 1\n", at);
		else
			fprintf(f, "%s%llu /f read 0 512\n", i ? "" : "fio version 3 iolog\n", at);
	}
	fclose(f);
	const struct rows r = rows_of_bytes_as(format, text, bytes);
	free(text);
	return r;
}

static void an_implausible_rate_or_date_names_the_likely_unit(void **state)
{
	(void)state;
	const uint64_t filetime = UINT64_C(128166372003061629);
	static const char *const key =
		"SELECT %s FROM meta WHERE k = 'unit_warning' AND v LIKE '%%%s%%'";
	static const struct {
		const char *format, *says; /* NULL: nothing */
		uint64_t first, step;
	} cases[] = {
		{ "mqsim", NULL, 0, 10000 },
		{ "mqsim", "1,000 times longer", 0, 10 },    /* microseconds: 100,000 a second */
		{ "mqsim", "1,000,000 times longer", 0, 0 }, /* all in one moment */
		{ "fio-iolog", NULL, 0, 100 },
		{ "fio-iolog", "1,000 times shorter", 0, 700000000 }, /* nanoseconds */
		{ "msr", "seconds since 1970", 1700000000, 1 },
		{ "msr", "microseconds since 1970", UINT64_C(1700000000000000), 100 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char sql[200];
		struct rows r = import_steps(cases[i].format, cases[i].first, cases[i].step, 100);
		snprintf(sql, sizeof(sql), key, "count(*)", cases[i].says ? cases[i].says : "");
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.nio, 100);
		if (!cases[i].step)
			assert_int_not_equal(
				rows_number(&r,
					    "SELECT count(*) FROM meta WHERE k = 'unit_warning'"),
				0);
		else
			assert_int_equal(rows_number(&r, sql), cases[i].says != NULL);
		rows_free(&r);
	}
	struct rows r = import_steps("msr", filetime, 1000, 100);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'unit_warning'"), 0);
	rows_free(&r);
}

static void damage_of_any_kind_keeps_what_stood_before(void **state)
{
	(void)state;
	static const char msr[] = "128166372003061629,hm,1,Read,383496192,32768,413\n"
				  "128166372016853991,hm,1,Write,2822144,4096,1205\n"
				  "128166372016853999,hm,2,Write,2822144,4096,1205\n";
	static const char mqsim[] = "0 0 350344 16 1\n1700 1 20853168 8 0\n1650 0 0 1 1\n";

	damage_everything("msr", (const uint8_t *)msr, sizeof(msr) - 1, true, 1);
	damage_everything("mqsim", (const uint8_t *)mqsim, sizeof(mqsim) - 1, true, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(msr_counts_in_100_ns_since_1601),
		cmocka_unit_test(a_row_far_out_of_order_is_kept_and_counted),
		cmocka_unit_test(mqsim_has_five_columns),
		cmocka_unit_test(an_implausible_rate_or_date_names_the_likely_unit),
		cmocka_unit_test(damage_of_any_kind_keeps_what_stood_before),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
