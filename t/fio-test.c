// SPDX-License-Identifier: MIT
/*
 * fio's logs, iologs and JSON: files made here, and real output of fio 3.33
 * against figures of a separate script (nvme/fio/expected.json).
 */
#include "base/units.h"
#include "store/trace-distribution.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "t/damage.h"
#include "t/tracedat-rows.h"

static struct rows import_named(const char *format, const char *name, const char *text)
{
	struct input *in;
	struct err e;

	assert_int_equal(input_open_memory(name, text, strlen(text), &in, &e), 0);
	const struct rows r = rows_import_as(format, &in, 1);
	input_close(in);
	return r;
}

static uint64_t distribution(const struct rows *r, const char *column, const char *op)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "SELECT %s FROM distribution WHERE op = '%s'", column, op);
	return rows_number(r, sql);
}

static uint64_t point(const struct rows *r, const char *op, const char *shape, uint64_t x)
{
	char sql[300];
	snprintf(sql, sizeof(sql),
		 "SELECT y FROM distribution_point JOIN distribution USING (dist_id)"
		 " WHERE op = '%s' AND shape = '%s' AND x = %llu",
		 op, shape, (unsigned long long)x);
	return rows_number(r, sql);
}

/* ---- logs ---- */

static void a_latency_log_is_rows_and_a_distribution(void **state)
{
	(void)state;
	/* in order of completion: 7.0 ms - 6 ms was issued first */
	struct rows r = import_named("fio-log", "x_lat.1.log",
				     "5, 1000000, 0, 4096, 8192, 0\n7, 6000000, 1, 512, 1024, 0\n"
				     "7, 2000000, 0, 4096, 0, 0\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.nio, 3);
	assert_int_equal(r.io[0].ts, NS_PER_MS);
	assert_int_equal(r.io[0].lat, 6000000);
	assert_int_equal(r.io[0].op, IO_WRITE);
	assert_int_equal(r.io[0].lba, 2);
	assert_int_equal(r.io[1].ts, 4 * NS_PER_MS);
	assert_int_equal(r.io[2].ts, 5 * NS_PER_MS);
	assert_int_equal(distribution(&r, "n", "read"), 2);
	assert_int_equal(distribution(&r, "sum", "read"), 3000000);
	assert_int_equal(distribution(&r, "mean_e6", "read"), UINT64_C(1500000000000));
	assert_int_equal(point(&r, "read", "quantile", 50000000), 1000000);
	assert_int_equal(point(&r, "read", "quantile", 60000000), 2000000);
	assert_int_equal(rows_account(&r, "fio:lat_ns", "stored"), 3);
	rows_free(&r);
}

static void columns_tell_the_layout(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"5, 1000, 1, 4096\n",
		"5, 1000, 1, 4096, 0\n",
		"5, 1000, 1, 4096, 8192, 0\n",
		"5, 1000, 1, 4096, 8192, 0, 777\n",
		"5, 900, 1000, 1, 4096, 8192, 0, 777\n",
	};
	for (unsigned i = 0; i < 5; i++) {
		struct rows r = import_named("fio-log", "x_clat.1.log", lines[i]);
		assert_int_equal(r.nio, 1);
		assert_int_equal(r.io[0].op, IO_WRITE);
		assert_int_equal(r.io[0].bytes, 4096);
		assert_int_equal(r.io[0].lba, i < 2 ? UINT64_MAX : 16);
		assert_int_equal(r.io[0].ts, i < 3 ? 5 * NS_PER_MS - 1000 : 777);
		assert_int_equal(distribution(&r, "quantity = 'clat_ns'", "write"), 1);
		rows_free(&r);
	}
}

static void averages_and_other_logs_are_distributions_only(void **state)
{
	(void)state;
	static const struct {
		const char *name, *quantity, *text;
	} logs[] = {
		{ "x_lat.1.log", "lat_ns", "10, 4491, 0, 0, 0\n20, 4000, 0, 0, 0\n" },
		{ "a/x_slat.1.log", "slat_ns", "10, 4491, 0, 512, 0\n20, 4000, 0, 512, 0\n" },
		{ "x_bw.2.log", "bw_kib_per_s", "10, 4491, 0, 512, 0\n20, 4000, 0, 512, 0\n" },
		{ "x_iops.1.log.zst", "iops", "10, 4491, 0, 512, 0\n20, 4000, 0, 512, 0\n" },
	};
	for (unsigned i = 0; i < 4; i++) {
		struct rows r = import_named("fio-log", logs[i].name, logs[i].text);
		char sql[100];
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.nio, 0);
		snprintf(sql, sizeof(sql), "SELECT n FROM distribution WHERE quantity = '%s'",
			 logs[i].quantity);
		assert_int_equal(rows_number(&r, sql), 2);
		assert_int_equal(distribution(&r, "max", "read"), 4491);
		rows_free(&r);
	}
}

/* Two lines of 1,856 bins: 3 in bin 5, 2 in bin 700, of another direction 1 in the last */
static char *make_histogram(void)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	for (unsigned line = 0; line < 3; line++) {
		fprintf(f, "%u, %u, 4096", 500 * line, line == 2);
		for (unsigned i = 0; i < 1856; i++)
			fprintf(f, ", %u",
				line == 2  ? i == 1855
				: i == 5   ? 1 + line
				: i == 700 ? 1
					   : 0);
		fputc('\n', f);
	}
	fclose(f);
	return text;
}

static void histograms_are_added_up(void **state)
{
	(void)state;
	char *text = make_histogram();
	struct rows r = import_named("fio-log", "x_clat_hist.1.log", text);

	assert_int_equal(r.rc, 0);
	assert_int_equal(distribution(&r, "n", "read"), 5);
	assert_int_equal(distribution(&r, "n", "write"), 1);
	assert_int_equal(point(&r, "read", "bin", 5), 3);
	/* 700 = 10 * 64 + 60: (64 + 60) << 9, 512 wide */
	assert_int_equal(point(&r, "read", "bin", (124 << 9) + 256), 2);
	assert_int_equal(rows_number(&r, "SELECT quantity = 'clat_ns' FROM distribution"), 1);
	rows_free(&r);
	assert_true(importer_find("fio-log")->sniff((const uint8_t *)text, strlen(text), true) > 0);
	free(text);
}

/* ---- iologs ---- */

static void iologs_of_both_versions_are_issues(void **state)
{
	(void)state;
	struct rows r = import_named("fio-iolog", "x.iolog",
				     "fio version 3 iolog\n27 /d/f add\n452 /d/f open\n"
				     "456 /d/f read 8192 4096\n577 /d/f write 0 512\n"
				     "600 /d/f sync 0 0\n700 /d/g trim 512 512\n858 /d/f close\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.nio, 4);
	assert_int_equal(r.io[0].ts, 456 * NS_PER_US);
	assert_int_equal(r.io[0].lat, UINT64_MAX);
	assert_int_equal(r.io[0].lba, 16);
	assert_int_equal(r.io[1].op, IO_WRITE);
	assert_int_equal(r.io[2].op, IO_FLUSH);
	assert_int_equal(r.io[3].op, IO_DISCARD);
	assert_int_not_equal(r.io[3].dev, r.io[0].dev);
	assert_int_equal(rows_account(&r, "io", "filtered"), 3);
	rows_free(&r);

	r = import_named("fio-iolog", "x.iolog",
			 "fio version 2 iolog\nf add\nf open\nf wait 100 0\nf read 0 512\n"
			 "f wait 300\nf read 512 512\nf wait 50 0\nf read 0 512\nf wait 60 0\n"
			 "f read 0 512\nf close\n");
	assert_int_equal(r.nio, 4);
	assert_int_equal(r.io[0].ts, 100 * NS_PER_US);
	assert_int_equal(r.io[1].ts, 300 * NS_PER_US); /* from the start */
	assert_int_equal(r.io[2].ts, 350 * NS_PER_US); /* went back: from the wait before */
	assert_int_equal(r.io[3].ts, 410 * NS_PER_US);
	rows_free(&r);
}

/* ---- JSON ---- */

static const char json[] =
	"fio: talks before\n"
	"{ \"fio version\" : \"fio-3.33\", \"jobs\" : [ { \"jobname\" : \"one\","
	"\"job options\" : { \"name\" : \"x\", \"list\" : [1, 2, [3]] }, \"read\" : { \"iops\" : "
	"12.5,"
	"\"clat_ns\" : { \"min\" : 3, \"max\" : 90, \"mean\" : 4.25, \"stddev\" : 1.000001, \"N\" "
	": 7,"
	"\"percentile\" : { \"50.000000\" : 4, \"99.999999\" : 90 }, \"bins\" : { \"4\" : 6, "
	"\"90\" : 1 } },"
	"\"lat_ns\" : { \"min\" : 0, \"max\" : 0, \"mean\" : 0.0, \"stddev\" : 0.0, \"N\" : 0 } } "
	"},"
	"{ \"jobname\" : \"one\", \"sync\" : { \"lat_ns\" : { \"N\" : 2, \"mean\" : -1.0 } } } ],"
	"\"disk_util\" : [] }\nand after\n";

static void json_is_distributions_of_jobs(void **state)
{
	(void)state;
	struct rows r = import_named("fio-json", "out.json", json);

	assert_int_equal(r.rc, 0);
	assert_int_equal(r.damaged, 0);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM distribution"), 2);
	assert_int_equal(distribution(&r, "n", "read"), 7);
	assert_int_equal(distribution(&r, "mean_e6", "read"), 4250000);
	assert_int_equal(distribution(&r, "stddev_e6", "read"), 1000001);
	assert_int_equal(distribution(&r, "per_second_e6", "read"), 12500000);
	assert_int_equal(distribution(&r, "subject = 'one'", "read"), 1);
	assert_int_equal(distribution(&r, "subject = 'one (2)'", "flush"), 1);
	assert_int_equal(distribution(&r, "mean_e6 IS NULL", "flush"), 1);
	assert_int_equal(point(&r, "read", "quantile", 50000000), 4);
	assert_int_equal(point(&r, "read", "quantile", 99999999), 90);
	assert_int_equal(point(&r, "read", "bin", 4), 6);
	rows_free(&r);
}

static void cut_json_keeps_what_was_closed(void **state)
{
	(void)state;
	const size_t last = sizeof(json) - 1 - strlen("\nand after\n"); /* behind the last brace */
	const char *second = strstr(json, "\"jobname\" : \"one\", \"sync\"");
	uint64_t before = 0;
	int rc = ERR_UNUSABLE;

	for (size_t n = 0; n < last; n++) {
		const struct damage_result r = damage_copy("fio-json", (const uint8_t *)json, n);
		assert_true(r.rc == rc || !r.rc); /* usable once, usable from there on */
		rc = r.rc;
		assert_true(n == 0 || r.damaged == 1);
	}
	assert_int_equal(rc, 0);
	assert_non_null(second);
	for (const char *end = second; end < json + last; end += 40) {
		char text[sizeof(json)];
		snprintf(text, sizeof(text), "%.*s", (int)(end - json), json);
		struct rows r = import_named("fio-json", "out.json", text);
		assert_int_equal(r.rc, 0);
		const uint64_t told = rows_number(&r, "SELECT count(*) FROM distribution");
		assert_true(told >= before && told >= 1);
		before = told;
		rows_free(&r);
	}
	assert_int_equal(before, 2);
}

/* ---- damage ---- */

static void damage_of_any_kind_keeps_what_stood_before(void **state)
{
	(void)state;
	static const char log[] = "5, 1000000, 0, 4096, 8192, 0\n7, 6000000, 1, 512, 1024, 0\n"
				  "7, 2000000, 0, 4096, 0, 0\n9, 12, 0, 4096, 512, 0\n";
	static const char iolog[] = "fio version 3 iolog\n27 /d/f add\n452 /d/f open\n"
				    "456 /d/f read 8192 4096\n577 /d/f write 0 512\n";

	damage_everything("fio-log", (const uint8_t *)log, sizeof(log) - 1, true, 1);
	damage_everything("fio-iolog", (const uint8_t *)iolog, sizeof(iolog) - 1, true, 1);
	for (size_t at = 0; at < sizeof(json) - 1; at++) {
		uint8_t text[sizeof(json) - 1];
		memcpy(text, json, sizeof(text));
		text[at] ^= 0x15;
		damage_copy("fio-json", text, sizeof(text));
	}
}

/* ---- real output ---- */

static char *data_path(const char *name)
{
	static char path[4096];
	const char *dir = getenv("DATA"), *tails[] = { "", ".zst" };

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/nvme/fio/%s%s", dir ? dir : "../shared/data", name,
			 tails[i]);
		if (!access(path, R_OK))
			return path;
	}
	return NULL;
}

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* fio's and python's %f, as many millionths */
static uint64_t millionths(const json_t *o, const char *key)
{
	return (uint64_t)(json_number_value(json_object_get(o, key)) * 1e6 + 0.5);
}

static void check_log(const struct rows *r, const json_t *want, const char *name)
{
	const char *op;
	json_t *d;
	uint64_t bytes = 0, rows = 0;
	const bool is_lat = strstr(name, "lat.") && !strstr(name, "slat");

	json_object_foreach(json_object_get(want, "by_dir"), op, d)
	{
		const char *dir = *op == '0' ? "read" : *op == '1' ? "write" : "discard";
		rows += number(d, "n");
		assert_int_equal(distribution(r, "n", dir), number(d, "n"));
		assert_int_equal(distribution(r, "sum", dir), number(d, "sum"));
		assert_int_equal(distribution(r, "min", dir), number(d, "min"));
		assert_int_equal(distribution(r, "max", dir), number(d, "max"));
		assert_int_equal(distribution(r, "mean_e6", dir) / 10,
				 (uint64_t)(json_number_value(json_object_get(d, "mean")) * 1e5));
		assert_int_equal(point(r, dir, "quantile", 50000000), number(d, "p50"));
		assert_int_equal(point(r, dir, "quantile", 99000000), number(d, "p99"));
		assert_int_equal(point(r, dir, "quantile", 99900000), number(d, "p999"));
	}
	assert_int_equal(rows, number(want, "rows"));
	for (size_t i = 0; i < r->nio; i++)
		bytes += r->io[i].bytes;
	if (is_lat && number(want, "bytes_col_sum")) {
		assert_int_equal(r->nio, number(want, "rows"));
		assert_int_equal(bytes, number(want, "bytes_col_sum"));
	}
}

static void check_iolog(const struct rows *r, const json_t *want)
{
	static const char *const actions[] = { "read", "write", "trim", "sync" };
	const json_t *counts = json_object_get(want, "actions");
	uint64_t all = 0, bytes = 0, n[IO_OP_COUNT] = {};

	for (size_t i = 0; i < r->nio; i++) {
		bytes += r->io[i].bytes;
		n[r->io[i].op]++;
	}
	assert_int_equal(n[IO_READ], number(counts, "read"));
	assert_int_equal(n[IO_WRITE], number(counts, "write"));
	assert_int_equal(n[IO_DISCARD], number(counts, "trim"));
	assert_int_equal(n[IO_FLUSH], number(counts, "sync"));
	for (size_t i = 0; i < 4; i++)
		all += number(counts, actions[i]);
	assert_int_equal(r->nio, all);
	assert_int_equal(bytes, number(want, "bytes"));
	assert_true(r->io[r->nio - 1].ts <= number(want, "last_ts") * NS_PER_US);
	assert_int_equal(rows_account(r, "io", "filtered"),
			 number(counts, "add") + number(counts, "open") + number(counts, "close"));
}

static void check_json(const struct rows *r, const json_t *want)
{
	static const char *const ops[] = { "read", "write" };
	json_t *job, *share;
	size_t i;

	json_array_foreach(json_object_get(want, "jobs"), i, job) for (size_t k = 0; k < 2; k++)
	{
		const json_t *d = json_object_get(job, ops[k]);
		char op[80];
		const char *key;
		if (!d)
			continue;
		snprintf(op, sizeof(op), "%s' AND quantity = 'clat_ns", ops[k]);
		assert_int_equal(distribution(r, "n", op), number(d, "total_ios"));
		assert_int_equal(distribution(r, "mean_e6", op), millionths(d, "clat_mean"));
		assert_int_equal(distribution(r, "per_second_e6", op), millionths(d, "iops"));
		json_object_foreach(json_object_get(d, "pct"), key, share) assert_int_equal(
			point(r, op, "quantile", (uint64_t)(atof(key) * 1e6 + 0.5)),
			(uint64_t)json_integer_value(share));
	}
}

static void check_file(const char *name, const json_t *want)
{
	const char *kind = json_string_value(json_object_get(want, "kind"));
	const char *path = data_path(name);
	struct input *in;
	struct err e = {};

	assert_non_null(path);
	assert_int_equal(input_open(path, &in, &e), 0);
	const struct importer *importer = importer_sniff(in, &e);
	if (!strcmp(kind, "log") && !number(want, "rows")) {
		assert_null(importer); /* an empty file, legal */
		input_close(in);
		return;
	}
	assert_non_null(importer);
	struct rows r = rows_import_as(importer->name, &in, 1);
	input_close(in);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.damaged, 0);
	if (!strcmp(kind, "log"))
		check_log(&r, want, name);
	else if (!strcmp(kind, "iolog3"))
		check_iolog(&r, want);
	else if (!strcmp(kind, "hist"))
		assert_int_equal(rows_number(&r, "SELECT sum(n) FROM distribution"),
				 number(want, "total"));
	else
		check_json(&r, want);
	rows_free(&r);
}

static void real_files_give_what_another_program_found(void **state)
{
	(void)state;
	const char *path = data_path("expected.json"), *name;
	json_t *all = path ? json_load_file(path, 0, NULL) : NULL, *want;
	if (!all) {
		print_message("# nvme/fio is absent\n");
		skip();
	}
	assert_true(json_object_size(all) >= 20);
	json_object_foreach(all, name, want) check_file(name, want);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_latency_log_is_rows_and_a_distribution),
		cmocka_unit_test(columns_tell_the_layout),
		cmocka_unit_test(averages_and_other_logs_are_distributions_only),
		cmocka_unit_test(histograms_are_added_up),
		cmocka_unit_test(iologs_of_both_versions_are_issues),
		cmocka_unit_test(json_is_distributions_of_jobs),
		cmocka_unit_test(cut_json_keeps_what_was_closed),
		cmocka_unit_test(damage_of_any_kind_keeps_what_stood_before),
		cmocka_unit_test(real_files_give_what_another_program_found),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
