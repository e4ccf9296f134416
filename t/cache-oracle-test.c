// SPDX-License-Identifier: MIT
/*
 * The whole path from ranges to misses against the miss counts of two real
 * traces, which another simulator made (data/cache/ORACLE.md). Skips when the
 * data is absent.
 */
#include "replay/cachesim.h"
#include "replay/curve.h"
#include "replay/pageids.h"
#include "t/cache-data.h"

#include <math.h>
#include <strings.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

struct loaded {
	struct trace_data data;
	struct pageids ids;
	struct spool requests, future;
};

/* small_memory: most of the requests go through the temporary file */
static bool load(struct loaded *l, bool (*read)(struct trace_data *), bool small_memory)
{
	*l = (struct loaded){};
	if (!read(&l->data))
		return false;
	struct page_array array = { .ranges = { l->data.first, l->data.count, l->data.n } };
	const struct page_source source = { page_array_next, &array };
	const size_t memory = small_memory ? 3 * SPOOL_BLOCK * sizeof(uint32_t)
					   : SPOOL_MEMORY_BYTES;
	struct err e = {};
	if (pageids_init(&l->ids, &e) || spool_init(&l->requests, memory, &e) ||
	    spool_init(&l->future, memory, &e) ||
	    pageids_ingest(&l->ids, &source, &l->requests, &e) ||
	    cachesim_future(&l->requests, l->ids.n, &l->future, &e))
		fail_msg("%s", e.msg);
	return true;
}

static void unload(struct loaded *l)
{
	data_free(&l->data);
	pageids_deinit(&l->ids);
	spool_deinit(&l->requests);
	spool_deinit(&l->future);
}

/* the oracle's names, where they are not ours in capitals */
static const struct policy *find_policy(char *name)
{
	if (!strcmp(name, "Belady"))
		return policy_find("min");
	if (!strcmp(name, "S3FIFO_2025"))
		return policy_find("s3fifo-2025");
	if (!strcmp(name, "S3FIFOv0"))
		return policy_find("s3fifo");
	for (size_t i = 0; policies[i]; i++)
		if (!strcasecmp(policies[i]->name, name))
			return policies[i];
	fail_msg("no policy %s", name);
	return NULL;
}

enum { ROWS_MAX = 64 };

struct row {
	struct cachesim_job job;
	uint64_t requests, misses;
};

static size_t read_rows(const char *file, struct row *rows)
{
	size_t bytes, n = 0;
	char *text = (char *)data_read(file, &bytes), *save = NULL;
	assert_non_null(text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[32];
		unsigned long long size, requests, misses;
		if (sscanf(line, "%31[^,],%llu,%llu,%llu", name, &size, &requests, &misses) != 4)
			continue;
		assert_true(n < ROWS_MAX);
		rows[n++] = (struct row){
			.job = { .policy = find_policy(name), .size_pages = size },
			.requests = requests,
			.misses = misses,
		};
	}
	free(text);
	return n;
}

static void check_rows(const struct loaded *l, const char *file, size_t want_rows, unsigned threads)
{
	struct row rows[ROWS_MAX];
	struct cachesim_job jobs[ROWS_MAX];
	const size_t n = read_rows(file, rows);
	assert_int_equal(n, want_rows);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rows[i].requests, l->requests.n);
		jobs[i] = rows[i].job;
	}
	const struct cachesim sim = { .requests = &l->requests,
				      .future = &l->future,
				      .npages = l->ids.n,
				      .threads = threads };
	struct err e = {};
	if (cachesim_run(&sim, jobs, n, &e))
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < n; i++)
		if (jobs[i].misses != rows[i].misses)
			fail_msg("%s of %llu pages: %llu misses, not %llu", jobs[i].policy->name,
				 (unsigned long long)jobs[i].size_pages,
				 (unsigned long long)jobs[i].misses,
				 (unsigned long long)rows[i].misses);
}

static void cloudphysics_misses_equal_the_oracle_in_all_50_rows(void **unused)
{
	(void)unused;
	struct loaded l;
	if (!load(&l, data_vscsi, false))
		skip();
	assert_int_equal(l.requests.n, 1141869);
	assert_int_equal(l.ids.n, 269210);
	check_rows(&l, "cp_vscsi_4k.oracle.csv", 40, 1);
	check_rows(&l, "cp_vscsi_4k.s3fifo_variants.csv", 10, 1);
	unload(&l);
}

static void oltp_misses_equal_the_oracle_in_all_50_rows(void **unused)
{
	(void)unused;
	struct loaded l;
	if (!load(&l, data_lis, false))
		skip();
	assert_int_equal(l.requests.n, 914145);
	assert_int_equal(l.ids.n, 186880);
	check_rows(&l, "OLTP.oracle.csv", 40, 1);
	check_rows(&l, "OLTP.s3fifo_variants.csv", 10, 1);
	unload(&l);
}

static void counts_stay_when_requests_are_on_file_and_threads_share_the_work(void **unused)
{
	(void)unused;
	struct loaded l;
	if (!load(&l, data_lis, true))
		skip();
	assert_true(l.requests.fd >= 0);
	check_rows(&l, "OLTP.oracle.csv", 40, 3);
	unload(&l);
}

/* Mean over 100 sizes of |sampled - exact| miss ratio, for each of ten seeds. */
static void check_sampling(bool (*read)(struct trace_data *))
{
	struct loaded l;
	if (!load(&l, read, false))
		skip();
	struct curve exact, sampled;
	struct err e = {};
	double sum = 0;
	assert_int_equal(curve_exact(&l.requests, l.ids.n, &exact, &e), 0);
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct page_array array = { .ranges = { l.data.first, l.data.count, l.data.n } };
		const struct page_source source = { page_array_next, &array };
		assert_int_equal(curve_sample(&source, 8192, seed, &sampled, &e), 0);
		assert_int_equal(sampled.requests, exact.requests);
		double error = 0;
		for (uint64_t i = 1; i <= 100; i++) {
			const uint64_t size = exact.unique_pages * i / 100;
			error += fabs((double)curve_misses(&sampled, size) -
				      (double)curve_misses(&exact, size)) /
				 (double)exact.requests / 100;
		}
		curve_deinit(&sampled);
		if (error > 0.015)
			fail_msg("seed %d: mean error %f above 0.015", (int)seed, error);
		sum += error;
	}
	if (getenv("VERBOSE"))
		print_message("# mean error %f\n", sum / 10);
	if (sum / 10 > 0.008)
		fail_msg("mean error of ten seeds %f above 0.008", sum / 10);
	curve_deinit(&exact);
	unload(&l);
}

static void sampling_8192_pages_of_cloudphysics_errs_below_the_goal(void **unused)
{
	(void)unused;
	check_sampling(data_vscsi);
}

static void sampling_8192_pages_of_oltp_errs_below_the_goal(void **unused)
{
	(void)unused;
	check_sampling(data_lis);
}

/* The curve at the oracle's sizes, and at 50 more against the simulation. */
static void check_curve(bool (*read)(struct trace_data *), const char *file)
{
	struct loaded l;
	if (!load(&l, read, false))
		skip();
	struct row rows[ROWS_MAX];
	struct cachesim_job jobs[50];
	struct curve curve;
	struct err e = {};
	const size_t n = read_rows(file, rows);
	assert_int_equal(curve_exact(&l.requests, l.ids.n, &curve, &e), 0);
	for (size_t i = 0; i < n; i++)
		if (rows[i].job.policy == policy_find("lru"))
			assert_int_equal(curve_misses(&curve, rows[i].job.size_pages),
					 rows[i].misses);

	for (uint64_t i = 0; i < 50; i++)
		jobs[i] = (struct cachesim_job){ .policy = policy_find("lru"),
						 .size_pages = 1 + l.ids.n * i / 49 };
	const struct cachesim sim = { .requests = &l.requests, .npages = l.ids.n, .threads = 2 };
	assert_int_equal(cachesim_run(&sim, jobs, 50, &e), 0);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(curve_misses(&curve, jobs[i].size_pages), jobs[i].misses);
	assert_int_equal(curve_misses(&curve, l.ids.n), l.ids.n);
	curve_deinit(&curve);
	unload(&l);
}

static void the_lru_curve_of_cloudphysics_equals_oracle_and_simulation(void **unused)
{
	(void)unused;
	check_curve(data_vscsi, "cp_vscsi_4k.oracle.csv");
}

static void the_lru_curve_of_oltp_equals_oracle_and_simulation(void **unused)
{
	(void)unused;
	check_curve(data_lis, "OLTP.oracle.csv");
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cloudphysics_misses_equal_the_oracle_in_all_50_rows),
		cmocka_unit_test(oltp_misses_equal_the_oracle_in_all_50_rows),
		cmocka_unit_test(counts_stay_when_requests_are_on_file_and_threads_share_the_work),
		cmocka_unit_test(the_lru_curve_of_cloudphysics_equals_oracle_and_simulation),
		cmocka_unit_test(the_lru_curve_of_oltp_equals_oracle_and_simulation),
		cmocka_unit_test(sampling_8192_pages_of_cloudphysics_errs_below_the_goal),
		cmocka_unit_test(sampling_8192_pages_of_oltp_errs_below_the_goal),
	};
	return cmocka_run_group_tests_name("cache-oracle", tests, NULL, NULL);
}
