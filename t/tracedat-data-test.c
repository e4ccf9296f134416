// SPDX-License-Identifier: MIT
/*
 * The project's trace-cmd recordings against figures found by other programs:
 * counts, sums and distinct values of fields (perf, trace-cmd report; as in
 * collect/values.json), and the pages a device really touched (guest/, logged
 * by the emulator outside the guest).
 */
#include "collect/tracedat.h"
#include "t/tracedat-rows.h"
#include "t/values-check.h"

static void no_damage(void *ctx, const char *sentence)
{
	(void)ctx;
	fail_msg("damage: %s", sentence);
}

static void no_missed(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	(void)ctx;
	fail_msg("cpu %u: %lu missed from %lu to %lu", cpu, n, from, to);
}

static void check_file(const char *name, json_t *file)
{
	struct checks c = {};
	char path[160];
	checks_load(&c, file);

	struct err e = {};
	struct input *in;
	struct tracedat *t = NULL;
	struct tracedat_event ev;
	const struct tracedat_handlers h = { &c, checks_bind, no_damage, no_missed };
	uint64_t first = 0, last = 0;
	int rc;
	snprintf(path, sizeof(path), "collect/%s", name);
	if (input_open(data_path(path), &in, &e) || tracedat_open(in, &h, &t, &e))
		fail_msg("%s", e.msg);
	while ((rc = tracedat_next(t, &ev, &e)) == 1) {
		first = first ? first : ev.ts;
		last = ev.ts;
		checks_count(&c, ev.data, ev.len);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(first, json_integer_value(json_object_get(file, "first_ts")));
	assert_int_equal(last, json_integer_value(json_object_get(file, "last_ts")));
	checks_compare(&c, name);
	tracedat_close(t);
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
	json_object_foreach(all, name, file) if (strstr(name, ".dat") && !strstr(name, ".data"))
	{
		check_file(name, file);
		n++;
	}
	assert_int_equal(n, 4);
	json_decref(all);
}

/* ---- rows ---- */

static struct rows import_file(const char *name)
{
	struct err e = {};
	struct input *in;
	if (input_open(data_path(name), &in, &e))
		fail_msg("%s", e.msg);
	struct rows r = rows_import(in);
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

static void four_thousand_reads_are_as_many_rows_of_each_kind(void **state)
{
	static const char *const names[] = { "trace-v6-dma-iommu.dat",
					     "trace-v7-zstd-dma-iommu.dat" };
	static const size_t counts[] = { 1000, 4000 };
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		char name[64];
		snprintf(name, sizeof(name), "collect/%s", names[i]);
		need(name);
		struct rows r = import_file(name);
		assert_int_equal(r.ndma, 2 * counts[i]);
		assert_int_equal(r.nio, counts[i]);
		for (size_t k = 0; k < r.ndma; k++) {
			assert_int_equal(r.dma[k].as, AS_PA);
			assert_int_equal(r.dma[k].dir, DIR_FROM_DEVICE);
			assert_int_equal(r.dma[k].bytes, 4096);
		}
		for (size_t k = 0; k < r.nio; k++) {
			assert_int_equal(r.io[k].bytes, 4096);
			assert_int_equal(r.io[k].op, IO_READ);
			assert_int_not_equal(r.io[k].qid, UINT16_MAX);
			assert_int_not_equal(r.io[k].lat, UINT64_MAX);
		}
		assert_int_equal(rows_account(&r, "iommu:map", "stored"), counts[i]);
		assert_int_equal(rows_account(&r, "nvme:nvme_sq", "filtered"), counts[i]);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE class = 'nvme' "
						 "AND bdf = '0000:00:06.0'"),
				 1);
		rows_free(&r);
	}
}

static void a_cut_recording_tells_how_many_records_are_missing(void **state)
{
	struct err e = {};
	struct input *in;
	(void)state;
	need("collect/trace-v7-zstd-dma-iommu.dat");
	assert_int_equal(input_open(data_path("collect/trace-v7-zstd-dma-iommu.dat"), &in, &e), 0);
	assert_int_equal(input_random(in, &e), 0);
	for (size_t n = 20000; n < input_size(in); n += 40000) {
		uint8_t *p = malloc(n);
		assert_int_equal(input_pread(in, p, n, 0, &e), 0);
		struct rows r = rows_of_bytes(p, n);
		assert_int_equal(r.rc, 0);
		assert_true(r.damaged);
		const uint64_t seen = rows_number(&r, "SELECT sum(seen) FROM account");
		assert_int_equal(
			rows_number(&r, "SELECT sum(n_lost) FROM loss WHERE cause = 'damage'"),
			36000 - seen);
		rows_free(&r);
		free(p);
	}
	input_close(in);
}

static void faults_of_an_instance_buffer_are_rows(void **state)
{
	(void)state;
	need("collect/trace-v7-instance-faults.dat");
	struct rows r = import_file("collect/trace-v7-instance-faults.dat");
	assert_int_equal(r.nfault, 10007);
	for (size_t i = 0; i < r.nfault; i++)
		assert_int_equal(r.fault[i].write, 1); /* recorded with error_code == 6 */
	rows_free(&r);
}

/* Pages that truth.csv says a device touched behind the IOMMU. */
static struct set true_pages(const char *name)
{
	struct err e = {};
	struct input *in;
	struct set s = {};
	const char *p;
	size_t n;
	if (input_open(data_path(name), &in, &e))
		fail_msg("%s", e.msg);
	while (input_lines(in, &p, &n, &e) == 1)
		for (const char *end = p + n, *nl; p < end; p = nl + 1) {
			unsigned long iova, gpa;
			nl = memchr(p, '\n', (size_t)(end - p) + 1);
			if (sscanf(p, "%*[^,],%*[^,],%*[^,],%lx,%lx", &iova, &gpa) == 2 &&
			    iova != gpa)
				set_add(&s, gpa >> PAGE_SHIFT);
		}
	input_close(in);
	set_pack(&s);
	return s;
}

static void check_guest(const char *folder, size_t maps, size_t unmaps, size_t pages,
			const char *bdf, const char *class)
{
	char name[64], sql[120];
	size_t nmap = 0, hit = 0;
	struct set mapped = {};
	snprintf(name, sizeof(name), "guest/%s/truth.csv.zst", folder);
	need(name);
	struct set truth = true_pages(name);
	assert_int_equal(truth.n, pages);

	snprintf(name, sizeof(name), "guest/%s/trace.dat.zst", folder);
	struct rows r = import_file(name);
	for (size_t i = 0; i < r.ndma; i++) {
		const struct dma_event *x = &r.dma[i];
		assert_int_equal(x->as, AS_PA);
		if (x->op != DMA_MAP && x->op != DMA_ALLOC)
			continue;
		nmap++;
		for (uint32_t k = 0; k < x->npages; k++)
			set_add(&mapped, x->pfn + k);
	}
	set_pack(&mapped);
	for (size_t i = 0; i < truth.n; i++)
		hit += set_has(&mapped, truth.v[i]);
	assert_int_equal(hit, truth.n);
	assert_int_equal(nmap, maps); /* iommu:map events: nothing is stored twice */
	assert_int_equal(r.ndma - nmap, unmaps);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM device WHERE bdf = '%s' AND class = '%s'",
		 bdf, class);
	assert_int_equal(rows_number(&r, sql), 1);
	free(truth.v);
	free(mapped.v);
	rows_free(&r);
}

static void every_page_the_disk_touched_was_mapped(void **state)
{
	(void)state;
	check_guest("a-fio-direct", 18922, 18892, 44, "0000:00:06.0", "nvme");
}

static void every_page_the_network_card_touched_was_mapped(void **state)
{
	(void)state;
	check_guest("c-net-rx", 25948, 25690, 781, "0000:00:05.0", "nic");
}

static void requests_of_the_guest_are_those_the_device_saw(void **state)
{
	uint64_t bytes = 0, admin = 0, reads = 0;
	(void)state;
	need("guest/a-fio-direct/trace.dat.zst");
	struct rows r = import_file("guest/a-fio-direct/trace.dat.zst");
	for (size_t i = 0; i < r.nio; i++) {
		const struct io_event *x = &r.io[i];
		assert_int_not_equal(x->lat, UINT64_MAX);
		if (x->qid == UINT16_MAX) /* the system disk, virtio */
			continue;
		admin += x->qid == 0;
		reads += x->qid != 0 && x->op == IO_READ;
		bytes += x->qid ? x->bytes : 0;
	}
	/* nvme_setup_cmd: 18,899; the device's own count has one read more, of the firmware */
	assert_int_equal(admin, 18);
	assert_int_equal(reads, 18881);
	assert_int_equal(bytes, 77337088 - 512);
	rows_free(&r);
}

static void partial_unmappings_of_vfio_keep_their_frames(void **state)
{
	size_t unmaps = 0;
	(void)state;
	need("guest/e-edu-faults/trace.dat.zst");
	struct rows r = import_file("guest/e-edu-faults/trace.dat.zst");
	assert_int_equal(r.ndma, 25 + 26);
	for (size_t i = 0; i < r.ndma; i++) {
		assert_int_equal(r.dma[i].as, AS_PA);
		assert_int_not_equal(r.dma[i].req, UINT64_MAX);
		unmaps += r.dma[i].op == DMA_UNMAP;
	}
	assert_int_equal(unmaps, 26);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE bdf = 'unknown'"), 1);
	rows_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_figure_of_the_recordings_comes_out),
		cmocka_unit_test(four_thousand_reads_are_as_many_rows_of_each_kind),
		cmocka_unit_test(a_cut_recording_tells_how_many_records_are_missing),
		cmocka_unit_test(faults_of_an_instance_buffer_are_rows),
		cmocka_unit_test(every_page_the_disk_touched_was_mapped),
		cmocka_unit_test(every_page_the_network_card_touched_was_mapped),
		cmocka_unit_test(requests_of_the_guest_are_those_the_device_saw),
		cmocka_unit_test(partial_unmappings_of_vfio_keep_their_frames),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
