// SPDX-License-Identifier: MIT
/* What DAMON's sysfs files and the records of its tracepoint tell, from copies of both. */
#include "collect/damon.h"

#include "base/units.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { RECORD_BYTES = 48, KDAMOND = 77 };

static const uint64_t aggregation_ns = 100 * NS_PER_MS;

/* As Linux 6.18 lays it out. */
static const char format[] = "name: damon_aggregated\nID: 767\nformat:\n"
			     "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			     "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
			     "\tfield:unsigned long target_id;\toffset:8;\tsize:8;\tsigned:0;\n"
			     "\tfield:unsigned int nr_regions;\toffset:16;\tsize:4;\tsigned:0;\n"
			     "\tfield:unsigned long start;\toffset:24;\tsize:8;\tsigned:0;\n"
			     "\tfield:unsigned long end;\toffset:32;\tsize:8;\tsigned:0;\n"
			     "\tfield:unsigned int nr_accesses;\toffset:40;\tsize:4;\tsigned:0;\n"
			     "\tfield:unsigned int age;\toffset:44;\tsize:4;\tsigned:0;\n"
			     "\nprint fmt: \"\"\n";

static void find_fields(const char *text, struct damon_fields *out)
{
	struct evformat f;
	struct err e = {};
	assert_int_equal(evformat_parse(text, strlen(text), &f, &e), 0);
	assert_int_equal(damon_fields_find(&f, out, &e), 0);
}

static void fill(uint8_t rec[RECORD_BYTES], int32_t pid, uint64_t target, uint64_t start,
		 uint64_t end, uint32_t accesses)
{
	memset(rec, 0, RECORD_BYTES);
	memcpy(rec + 4, &pid, sizeof(pid));
	memcpy(rec + 8, &target, sizeof(target));
	memcpy(rec + 24, &start, sizeof(start));
	memcpy(rec + 32, &end, sizeof(end));
	memcpy(rec + 40, &accesses, sizeof(accesses));
}

static void set_up(struct damon *d, bool is_physical)
{
	*d = (struct damon){ .n = 1 };
	d->list[0] = (struct damon_kdamond){ .pid = KDAMOND,
					     .is_physical = is_physical,
					     .unit = 1,
					     .aggregation_ns = aggregation_ns,
					     .targets = { 500, 600 },
					     .ntargets = is_physical ? 1 : 2 };
}

static bool decode(struct damon *d, uint64_t ts_ns, uint64_t target, uint64_t start, uint64_t end,
		   struct damon_region *out)
{
	struct damon_fields f;
	uint8_t rec[RECORD_BYTES];
	find_fields(format, &f);
	fill(rec, KDAMOND, target, start, end, 7);
	return damon_region_decode(d, &f, ts_ns, rec, sizeof(rec), out);
}

/* ---- records ---- */

static void a_region_of_physical_memory_is_pages_of_the_aggregation_before(void **state)
{
	struct damon d;
	struct damon_region x;
	(void)state;
	set_up(&d, true);
	assert_true(decode(&d, NS_PER_SEC, 0, 0x100000000, 0x100600000, &x));
	assert_ptr_equal(x.kdamond, &d.list[0]);
	assert_int_equal(x.process, 0);
	assert_int_equal(x.page, 0x100000);
	assert_int_equal(x.npages, 0x600);
	assert_int_equal(x.count, 7);
	assert_int_equal(x.told_ns, NS_PER_SEC);
	assert_int_equal(x.period_ns, aggregation_ns);
}

static void the_next_aggregation_covers_the_time_since_the_one_before(void **state)
{
	struct damon d;
	struct damon_region x;
	(void)state;
	set_up(&d, true);
	assert_true(decode(&d, 1000, 0, 0x1000, 0x2000, &x));
	assert_true(decode(&d, 1007, 0, 0x2000, 0x9000, &x));
	assert_int_equal(x.told_ns, 1000); /* all of one have its time */
	assert_true(decode(&d, 1000 + 130 * NS_PER_MS, 0, 0x1000, 0x3000, &x));
	assert_int_equal(x.told_ns, 1000 + 130 * NS_PER_MS);
	assert_int_equal(x.period_ns, 130 * NS_PER_MS);
	assert_true(decode(&d, 1003 + 130 * NS_PER_MS, 0, 0x3000, 0x9000, &x));
	assert_int_equal(x.period_ns, 130 * NS_PER_MS);
	/* one region alone, again and again */
	assert_true(decode(&d, 1000 + 230 * NS_PER_MS, 0, 0x3000, 0x9000, &x));
	assert_int_equal(x.period_ns, 100 * NS_PER_MS);
}

static void a_gap_is_not_taken_for_an_aggregation(void **state)
{
	struct damon d;
	struct damon_region x;
	(void)state;
	set_up(&d, true);
	assert_true(decode(&d, 1000, 0, 0x1000, 0x2000, &x));
	assert_true(decode(&d, 3600 * NS_PER_SEC, 0, 0x1000, 0x2000, &x));
	assert_int_equal(x.period_ns, aggregation_ns);
}

static void regions_of_processes_say_whose_they_are(void **state)
{
	struct damon d;
	struct damon_region x;
	(void)state;
	set_up(&d, false);
	assert_true(decode(&d, 1, 0, 0x7f0000000000, 0x7f0000001000, &x));
	assert_int_equal(x.process, 500);
	assert_true(decode(&d, 2, 1, 0x1000, 0x2000, &x));
	assert_int_equal(x.process, 600);
	assert_int_equal(x.told_ns, 1); /* the second target of the same aggregation */
	assert_true(decode(&d, 3, 2, 0x1000, 0x2000, &x));
	assert_int_equal(x.process, 0); /* one that came after sysfs was read */
}

static void addresses_may_count_more_than_bytes(void **state)
{
	struct damon d;
	struct damon_region x;
	(void)state;
	set_up(&d, true);
	d.list[0].unit = 1024;
	assert_true(decode(&d, 1, 0, 4, 8, &x));
	assert_int_equal(x.page, 1);
	assert_int_equal(x.npages, 1);
	assert_false(decode(&d, 1, 0, 4, UINT64_MAX, &x));
}

static void a_kdamond_that_sysfs_does_not_tell_of_is_not_taken_for_another(void **state)
{
	struct damon d;
	struct damon_fields f;
	struct damon_region x;
	uint8_t rec[RECORD_BYTES];
	(void)state;
	set_up(&d, true);
	find_fields(format, &f);
	fill(rec, KDAMOND + 1, 0, 0x1000, 0x2000, 1);
	assert_true(damon_region_decode(&d, &f, 1, rec, sizeof(rec), &x));
	assert_null(x.kdamond);
}

static void records_that_cannot_be_are_refused(void **state)
{
	struct damon d;
	struct damon_fields f;
	struct damon_region x;
	uint8_t rec[RECORD_BYTES];
	(void)state;
	set_up(&d, true);
	find_fields(format, &f);
	assert_false(decode(&d, 1, 0, 0x2000, 0x2000, &x));
	assert_false(decode(&d, 1, 0, 0x2000, 0x1000, &x));
	fill(rec, KDAMOND, 0, 0x1000, 0x2000, 1);
	for (size_t n = 0; n < 44; n++)
		assert_false(damon_region_decode(&d, &f, 1, rec, n, &x));
	assert_true(damon_region_decode(&d, &f, 1, rec, 44, &x));
}

static void a_format_without_a_field_is_refused_by_its_name(void **state)
{
	static const char text[] = "name: damon_aggregated\nID: 1\nformat:\n"
				   "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n";
	struct evformat f;
	struct damon_fields fields;
	struct err e = {};
	(void)state;
	assert_int_equal(evformat_parse(text, sizeof(text) - 1, &f, &e), 0);
	assert_int_equal(damon_fields_find(&f, &fields, &e), ERR_FORMAT);
	assert_non_null(strstr(e.msg, "target_id"));
}

/* ---- sysfs ---- */

static void put(const char *root, const char *name, const char *text)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/sys/kernel/mm/damon/admin/kdamonds/%s", root, name);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		mkdir(path, 0700);
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_kdamond(const char *root, const char *number, const char *operations)
{
	static const char *const files[][2] = {
		{ "state", "on\n" },
		{ "pid", "77\n" },
		{ "contexts/nr_contexts", "1\n" },
		{ "contexts/0/monitoring_attrs/intervals/sample_us", "5000\n" },
		{ "contexts/0/monitoring_attrs/intervals/aggr_us", "100000\n" },
		{ "contexts/0/targets/nr_targets", "2\n" },
		{ "contexts/0/targets/0/pid_target", "500\n" },
		{ "contexts/0/targets/1/pid_target", "600\n" },
	};
	char name[200];
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(name, sizeof(name), "%s/%s", number, files[i][0]);
		put(root, name, files[i][1]);
	}
	snprintf(name, sizeof(name), "%s/contexts/0/operations", number);
	put(root, name, operations);
}

static void those_that_are_on_are_found_with_what_they_monitor(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char root[200], command[240];
	struct damon d;
	(void)state;
	snprintf(root, sizeof(root), "%s/pugmark-damon.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(root));
	damon_read(&d, root);
	assert_int_equal(d.n, 0);
	put(root, "nr_kdamonds", "4\n");
	put_kdamond(root, "0", "paddr\n");
	put_kdamond(root, "1", "vaddr\n");
	put_kdamond(root, "2", "paddr\n");
	put(root, "2/state", "off\n");
	put_kdamond(root, "3", "something-new\n");
	damon_read(&d, root);
	assert_int_equal(d.n, 2);
	assert_true(d.list[0].is_physical);
	assert_int_equal(d.list[0].pid, 77);
	assert_int_equal(d.list[0].unit, 1);
	assert_int_equal(d.list[0].aggregation_ns, aggregation_ns);
	assert_int_equal(d.list[1].ntargets, 2);
	assert_int_equal(damon_monitors(&d, 0), aggregation_ns);
	assert_int_equal(damon_monitors(&d, 600), aggregation_ns);
	assert_int_equal(damon_monitors(&d, 700), 0);
	put(root, "0/state", "off\n");
	damon_read(&d, root);
	assert_int_equal(damon_monitors(&d, 0), 0);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_region_of_physical_memory_is_pages_of_the_aggregation_before),
		cmocka_unit_test(the_next_aggregation_covers_the_time_since_the_one_before),
		cmocka_unit_test(a_gap_is_not_taken_for_an_aggregation),
		cmocka_unit_test(regions_of_processes_say_whose_they_are),
		cmocka_unit_test(addresses_may_count_more_than_bytes),
		cmocka_unit_test(a_kdamond_that_sysfs_does_not_tell_of_is_not_taken_for_another),
		cmocka_unit_test(records_that_cannot_be_are_refused),
		cmocka_unit_test(a_format_without_a_field_is_refused_by_its_name),
		cmocka_unit_test(those_that_are_on_are_found_with_what_they_monitor),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
