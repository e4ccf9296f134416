// SPDX-License-Identifier: MIT
/*
 * The project's perf recordings against figures that other programs found in
 * them (collect/values.json: perf script), sample by sample and as rows.
 */
#include "collect/perfdata.h"
#include "collect/perfqueue.h"
#include "t/tracedat-rows.h"
#include "t/values-check.h"

static void no_damage(void *ctx, const char *sentence)
{
	(void)ctx;
	fail_msg("damage: %s", sentence);
}

static void no_loss(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	(void)ctx;
	fail_msg("cpu %u: %lu lost from %lu to %lu", cpu, n, from, to);
}

/* Events that are no tracepoints have their address only. */
static void count_address(struct checks *c, const char *event, const struct perfdata_sample *s)
{
	for (size_t i = 0; i < c->n; i++) {
		struct check *x = &c->list[i];
		if (strcmp(x->event, event))
			continue;
		if (!strcmp(x->key, "n"))
			x->got++;
		else if (!strcmp(x->key, "distinct_page"))
			set_add(&x->distinct, s->addr >> PAGE_SHIFT);
		else
			fail_msg("no figure %s of %s is known", x->key, event);
	}
}

struct reading {
	struct checks c;
	uint64_t first, last;
	const struct perfdata *d;
};

static void take_all(struct reading *r, struct perfqueue *q)
{
	struct perfdata_sample s;
	bool is_dropped;
	uint32_t n;
	const struct perfdata_attr *a = perfdata_attrs(r->d, &n);
	while (perfqueue_pop(q, &s, &is_dropped)) {
		assert_false(is_dropped);
		assert_true(s.ts >= r->last);
		r->first = r->first ? r->first : s.ts;
		r->last = s.ts;
		if (a[s.attr].type == PERFDATA_TRACEPOINT)
			checks_count(&r->c, s.raw, s.raw_len);
		else
			count_address(&r->c, a[s.attr].name[0] ? a[s.attr].name : "page-faults",
				      &s);
	}
}

static void check_file(const char *name, json_t *file)
{
	struct reading r = {};
	struct err e = {};
	struct input *in;
	struct perfdata *d = NULL;
	struct perfqueue *q = NULL;
	struct perfdata_sample s;
	char path[160];
	const struct perfdata_handlers h = { &r.c, checks_bind, no_damage, no_loss };
	int rc;
	checks_load(&r.c, file);
	snprintf(path, sizeof(path), "collect/%s", name);
	if (input_open(data_path(path), &in, &e) || perfdata_open(in, &h, &d, &e) ||
	    perfqueue_new(UINT64_MAX, &q, &e))
		fail_msg("%s", e.msg);
	r.d = d;
	while ((rc = perfdata_next(d, &s, &e)) == 1) {
		if (!s.is_round_end)
			assert_int_equal(perfqueue_push(q, &s, &e), 0);
		else if (perfqueue_end_round(q))
			take_all(&r, q);
	}
	assert_int_equal(rc, 0);
	perfqueue_finish(q);
	take_all(&r, q);
	assert_int_equal(perfqueue_stats(q)->lifted, 0);
	assert_int_equal(r.first, json_integer_value(json_object_get(file, "first_ts")));
	assert_int_equal(r.last, json_integer_value(json_object_get(file, "last_ts")));
	checks_compare(&r.c, name);
	perfqueue_free(q);
	perfdata_close(d);
	input_close(in);
}

static void every_figure_of_the_recordings_comes_out(void **state)
{
	const char *name;
	json_t *file;
	unsigned n = 0;
	(void)state;
	need("collect/values.json");
	json_t *all = json_load_file(data_path("collect/values.json"), 0, NULL);
	json_object_foreach(all, name, file) if (strstr(name, ".data"))
	{
		check_file(name, file);
		n++;
	}
	assert_int_equal(n, 7);
	json_decref(all);
}

/* ---- rows ---- */

static struct rows import_file(const char *name)
{
	struct err e = {};
	struct input *in;
	char path[160];
	snprintf(path, sizeof(path), "collect/%s", name);
	need(path);
	if (input_open(data_path(path), &in, &e))
		fail_msg("%s", e.msg);
	struct rows r = rows_import_as("perf-data", &in, 1);
	if (r.rc)
		fail_msg("%s", r.e.msg);
	input_close(in);
	assert_int_equal(r.damaged, 0);
	assert_int_equal(rows_number(&r,
				     "SELECT count(*) FROM account WHERE seen != stored + "
				     "filtered + ring_lost + shed + decode_error + unaccounted"),
			 0);
	return r;
}

static void reads_of_a_disk_are_as_many_rows_of_each_kind(void **state)
{
	static const char *const names[] = { "perf-dma-iommu-nvme.data",
					     "perf-dma-iommu-nvme-zstd.data" };
	static const size_t counts[] = { 1500, 3000 };
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rows r = import_file(names[i]);
		assert_int_equal(r.ndma, 2 * counts[i]);
		assert_int_equal(r.nio, counts[i]);
		for (size_t k = 0; k < r.ndma; k++) {
			assert_int_equal(r.dma[k].as, AS_PA);
			assert_int_equal(r.dma[k].dir, DIR_FROM_DEVICE);
			assert_int_equal(r.dma[k].bytes, 4096);
		}
		for (size_t k = 0; k < r.nio; k++)
			assert_int_not_equal(r.io[k].lat, UINT64_MAX);
		assert_int_equal(rows_account(&r, "iommu:map", "stored"), counts[i]);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE class = 'nvme' "
						 "AND bdf = '0000:00:06.0'"),
				 1);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM host WHERE kernel = "
						 "'6.12.117+deb12-amd64' AND cpus = 2"),
				 1);
		rows_free(&r);
	}
}

static void a_recording_of_iommu_events_alone_has_frames_and_no_device(void **state)
{
	(void)state;
	struct rows r = import_file("perf-iommu-pipe.data");
	assert_int_equal(r.ndma, 2400);
	assert_int_equal(r.nfault, 97);
	for (size_t k = 0; k < r.ndma; k++) {
		assert_int_equal(r.dma[k].as, AS_PA);
		assert_int_equal(r.dma[k].dir, DIR_UNKNOWN);
	}
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE bdf = 'unknown'"), 1);
	rows_free(&r);
}

static void page_fault_events_with_address_are_fault_rows(void **state)
{
	struct set pages = {};
	(void)state;
	struct rows r = import_file("perf-faults-addr.data");
	assert_int_equal(r.nfault, 8029);
	for (size_t k = 0; k < r.nfault; k++) {
		assert_int_equal(r.fault[k].major, UINT8_MAX);
		assert_true(k == 0 || r.fault[k].ts >= r.fault[k - 1].ts);
		set_add(&pages, r.fault[k].va >> PAGE_SHIFT);
	}
	assert_true(set_pack(&pages) > 8000);
	free(pages.v);
	assert_int_equal(rows_account(&r, "page-faults", "stored"), 8029);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'clock_of_tsc'"), 1);
	rows_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_figure_of_the_recordings_comes_out),
		cmocka_unit_test(reads_of_a_disk_are_as_many_rows_of_each_kind),
		cmocka_unit_test(a_recording_of_iommu_events_alone_has_frames_and_no_device),
		cmocka_unit_test(page_fault_events_with_address_are_fault_rows),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
