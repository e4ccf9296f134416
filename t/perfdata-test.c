// SPDX-License-Identifier: MIT
/*
 * perf.data files made by hand: the forms a recording may have, losses, joins
 * of page faults, parts of one recording. Damage: t/perfdata-damage-test.c.
 */
#include "collect/perfdata.h"
#include "collect/perfqueue.h"
#include "t/perfdata-form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_same_rows(const struct rows *a, const struct rows *b)
{
	assert_int_equal(a->ndma, b->ndma);
	assert_int_equal(a->nio, b->nio);
	assert_int_equal(a->nfault, b->nfault);
	assert_memory_equal(a->dma, b->dma, a->ndma * sizeof(*a->dma));
	assert_memory_equal(a->io, b->io, a->nio * sizeof(*a->io));
	assert_memory_equal(a->fault, b->fault, a->nfault * sizeof(*a->fault));
	assert_int_equal(rows_number(a, "SELECT count(*) FROM account WHERE seen != stored + "
					"filtered + ring_lost + shed + decode_error + unaccounted"),
			 0);
}

static void all_forms_give_the_rows_that_trace_dat_gives(void **state)
{
	struct mk dat = make_tracedat();
	struct rows want = rows_of_bytes(dat.p, dat.n);
	(void)state;
	assert_int_equal(want.ndma, 2 * 2 * WORKS);
	for (enum form form = 0; form < FORMS; form++) {
		struct mk m = make_form(form, 50);
		struct rows r = import_bytes(&m, 1);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.damaged, 0);
		assert_same_rows(&r, &want);
		assert_int_equal(rows_account(&r, "iommu:map", "stored"), 2 * WORKS);
		assert_int_equal(rows_number(&r,
					     "SELECT count(*) FROM host WHERE hostname = 'made' "
					     "AND kernel = '6.18.0-made' AND cpus = 4"),
				 1);
		assert_int_equal(rows_number(&r, "SELECT v FROM meta WHERE k = 'clock_base_ns'"),
				 1000000000);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'origin' AND "
						 "v LIKE '%compressed%'"),
				 form >= FILE_ZSTD);
		assert_int_equal(rows_number(&r, "SELECT real_ns FROM clock WHERE trace_ns = 0"),
				 UINT64_C(1700000000999995000));
		rows_free(&r);
		mk_free(&m);
	}
	rows_free(&want);
	mk_free(&dat);
}

static void parts_of_a_recording_are_one_recording(void **state)
{
	struct pf_attr attrs[MK_FORMATS];
	const unsigned n = pf_tracepoints(attrs);
	struct mk dat = make_tracedat(), part[3], files[3];
	struct rows want = rows_of_bytes(dat.p, dat.n);
	struct mk records = make_records(&dat, attrs, 50);
	(void)state;
	/* cut at records, in the middle of rounds and of mappings */
	size_t at = 0;
	for (unsigned i = 0; i < 3; i++) {
		part[i] = (struct mk){};
		const size_t end = i < 2 ? records.n / 3 * (i + 1) : records.n;
		while (at < end) {
			mk_put(&part[i], records.p + at, le16_get(records.p + at + 6));
			at += le16_get(records.p + at + 6);
		}
		files[i] = pf_file(attrs, n, &part[i], "made");
	}
	struct rows r = import_bytes(files, 3);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.damaged, 0);
	assert_same_rows(&r, &want);
	assert_int_equal(rows_number(&r, "SELECT v FROM meta WHERE k = 'parts'"), 3);
	rows_free(&r);

	/* perf was killed in the last: its formats are those of the others */
	files[2].n -= 30000;
	assert_true(files[2].n > 4096);
	r = import_bytes(files, 3);
	assert_int_equal(r.rc, 0);
	assert_true(r.damaged);
	assert_true(r.ndma > want.ndma * 2 / 3);
	for (size_t i = 0; i < r.nio; i++)
		assert_int_equal(r.io[i].ts, want.io[i].ts);
	rows_free(&r);

	/* in the wrong order, and of another machine */
	const struct mk wrong[] = { files[1], files[0] };
	r = import_bytes(wrong, 2);
	assert_int_equal(r.rc, ERR_USAGE);
	assert_non_null(strstr(r.e.msg, "b.data lies before the file"));
	rows_free(&r);
	struct mk other = pf_file(attrs, n, &part[1], "elsewhere");
	const struct mk mixed[] = { files[0], other };
	r = import_bytes(mixed, 2);
	assert_int_equal(r.rc, ERR_USAGE);
	assert_non_null(strstr(r.e.msg, "a recording of host elsewhere"));
	rows_free(&r);

	mk_free(&other);
	for (unsigned i = 0; i < 3; i++) {
		mk_free(&part[i]);
		mk_free(&files[i]);
	}
	mk_free(&records);
	mk_free(&dat);
	rows_free(&want);
}

static void a_device_that_comes_late_is_known_by_what_it_does(void **state)
{
	struct pf_attr attrs[MK_FORMATS];
	const unsigned n = pf_tracepoints(attrs);
	struct mk dat = make_tracedat();
	struct mk records = make_records(&dat, attrs, 50), none = {};
	(void)state;
	struct mk_cpu c = {};
	mk_fault(&c, 900000000, 1, 0x1000, 4);
	pf_sample(&none, attrs, attr_of(MK_FAULT), 900000000, 0, 1, 0, c.page.p + 4, c.page.n - 4);
	const struct mk files[] = { pf_file(attrs, n, &none, "made"),
				    pf_file(attrs, n, &records, "made") };
	struct rows r = import_bytes(files, 2);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.ndma, 4 * WORKS);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM device WHERE class = 'nvme' AND "
					 "bdf = '0000:00:06.0'"),
			 1);
	rows_free(&r);
	for (unsigned i = 0; i < 2; i++) {
		struct mk m = files[i];
		mk_free(&m);
	}
	mk_free(&none);
	mk_free(&records);
	mk_free(&dat);
	mk_cpu_free(&c);
}

/* ---- losses ---- */

static void lost_records_are_accounted_once(void **state)
{
	static const struct {
		uint64_t ring, own, other; /* LOST records; counts of the event and of another */
		uint64_t line, total;      /* on ring:lost; in all */
	} cases[] = {
		{ 7, 0, 0, 7, 7 },          /* an older perf */
		{ 7, 5, 1, 1, 7 },          /* one of the seven was no sample */
		{ 0, 5, 1, UINT64_MAX, 6 }, /* LOST records were lost too */
	};
	const unsigned fault = attr_of(MK_FAULT), map = attr_of(MK_IOMMU_MAP);
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pf_attr attrs[MK_FORMATS];
		const unsigned n = pf_tracepoints(attrs);
		struct mk_cpu c = {};
		struct mk records = {};
		mk_fault(&c, 1000, 1, 0x1000, 4);
		const uint8_t *raw = c.page.p + 4;
		const size_t raw_n = c.page.n - 4;
		pf_sample(&records, attrs, fault, 1000, 0, 1, 0, raw, raw_n);
		if (cases[i].ring)
			pf_lost(&records, 4000, 0, cases[i].ring);
		pf_sample(&records, attrs, fault, 9000, 0, 1, 0, raw, raw_n);
		pf_round(&records);
		if (cases[i].own)
			pf_lost_samples(&records, 0, fault, 0, cases[i].own, 0);
		if (cases[i].other)
			pf_lost_samples(&records, 0, map, 1, cases[i].other, 0);
		struct mk m = pf_file(attrs, n, &records, "made");
		struct rows r = import_bytes(&m, 1);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.damaged, 0);
		assert_int_equal(r.nfault, 2);
		assert_int_equal(rows_account(&r, "exceptions:page_fault_user", "seen"),
				 2 + cases[i].own);
		assert_int_equal(rows_account(&r, "exceptions:page_fault_user", "ring_lost"),
				 cases[i].own);
		assert_int_equal(rows_account(&r, "ring:lost", "ring_lost"), cases[i].line);
		assert_int_equal(rows_number(&r, "SELECT sum(ring_lost) FROM account"),
				 cases[i].total);
		assert_int_equal(
			rows_number(&r, "SELECT sum(n_lost) FROM loss WHERE cause = 'ring'"),
			cases[i].total);
		if (cases[i].ring)
			assert_int_equal(rows_number(&r,
						     "SELECT count(*) FROM loss WHERE from_ns = "
						     "0 AND to_ns = 3000"),
					 1);
		rows_free(&r);
		mk_free(&m);
		mk_free(&records);
		mk_cpu_free(&c);
	}
}

static void samples_that_a_filter_program_refused_are_no_loss(void **state)
{
	struct pf_attr attrs[] = {
		{ .type = 1, .config = 2, .sample_type = PF_FAULT_TYPE, .period = 1 }
	};
	struct mk records = {};
	(void)state;
	pf_sample(&records, attrs, 0, 1000, 0, 1, 0x5000, NULL, 0);
	pf_lost_samples(&records, 0, 0, 0, 9, 1 << 15);
	/* the hardware lost two while recording */
	pf_lost_samples(&records, 2000, 0, 0, 2, 0);
	struct mk m = pf_file(attrs, 1, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.rc, 0);
	assert_int_equal(rows_account(&r, "page-faults", "filtered"), 9);
	assert_int_equal(rows_account(&r, "page-faults", "ring_lost"), 0);
	assert_int_equal(rows_account(&r, "ring:lost", "ring_lost"), 2);
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

/* ---- events that are no tracepoints ---- */

static void a_fault_told_three_times_is_one_row(void **state)
{
	struct pf_attr attrs[MK_FORMATS + 2];
	unsigned n = pf_tracepoints(attrs);
	const unsigned any = n++, major = n++, exception = attr_of(MK_FAULT);
	attrs[any] = (struct pf_attr){
		.type = 1, .config = 2, .sample_type = PF_FAULT_TYPE | 1 << 8 | 1 << 10, .period = 1
	};
	attrs[major] = attrs[any];
	attrs[major].config = 6;
	struct mk records = {};
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct mk_cpu c = {};
		const uint64_t t = 1000 + 1000 * (uint64_t)i, va = 0x1000 + 0x1000 * (uint64_t)i;
		mk_fault(&c, t, 7, va, 6);
		if (i != 4) /* of the kernel: no page_fault_user */
			pf_sample(&records, attrs, exception, t, 0, 7, 0, c.page.p + 4,
				  c.page.n - 4);
		if (i != 5)
			pf_sample(&records, attrs, any, t + 10, 0, 7, va, NULL, 0);
		if (i == 1 || i == 4)
			pf_sample(&records, attrs, major, t + 500, 0, 7, va, NULL, 0);
		mk_cpu_free(&c);
	}
	pf_round(&records);
	struct mk m = pf_file(attrs, n, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.nfault, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(r.fault[i].ts, 1000 * i + (i == 4 ? 10 : 0));
		assert_int_equal(r.fault[i].va, 0x1000 + 0x1000 * i);
		/* of the last nothing came any more: it may have been major */
		assert_int_equal(r.fault[i].major, i == 1 || i == 4 ? 1 : i == 5 ? 255 : 0);
		assert_int_equal(r.fault[i].write, i == 4 ? 255 : 1);
	}
	assert_int_equal(rows_account(&r, "exceptions:page_fault_user", "stored"), 5);
	assert_int_equal(rows_account(&r, "page-faults", "stored"), 5);
	assert_int_equal(rows_account(&r, "major-faults", "stored"), 2);
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

/* A sample with all that may stand in front of its weight and source. */
static void put_memory(struct mk *m, unsigned k, uint64_t ts, uint64_t addr, uint64_t source)
{
	const size_t at = pf_begin(m, 9, 2);
	mk_number(m, pf_id(0, 0), 8);
	mk_number(m, 0x400000, 8);
	mk_number(m, UINT64_C(9) << 32 | 8, 8); /* thread 9 of process 8 */
	mk_number(m, ts, 8);
	mk_number(m, addr, 8);
	mk_number(m, 2, 8);      /* group of two values */
	mk_zeros(m, 8 + 2 * 16); /* enabled, then value and number each */
	mk_number(m, k, 8);      /* callchain */
	mk_zeros(m, 8 * (size_t)k);
	mk_number(m, 4, 4); /* raw */
	mk_number(m, 1, 4);
	mk_number(m, k, 8); /* branches, with their index */
	mk_zeros(m, 8 + 24 * (size_t)k);
	mk_number(m, k & 1, 8); /* registers: ABI, then three where there is one */
	mk_zeros(m, k & 1 ? 24 : 0);
	mk_number(m, 8 * k, 8); /* stack, and how much of it is of use */
	mk_zeros(m, 8 * (size_t)k + (k ? 8 : 0));
	mk_number(m, 77, 8); /* weight */
	mk_number(m, source, 8);
	mk_zeros(m, 8); /* what follows is not looked at */
	pf_end(m, at);
}

static void sampled_loads_and_stores_are_marked_as_a_sample(void **state)
{
	struct pf_attr attrs[] = { {
		.type = 4,
		.config = 0x1cd,
		.sample_type = 1 << 16 | 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 |
			       1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15,
		.period = 1000,
		.read_format = 1 | 4 | 8,
		.branch_type = 1 << 17,
		.regs = 7,
		.name = "cpu/mem-loads/P",
	} };
	static const uint64_t sources[] = { 1 << 1, 1 << 2, 1 << 1 | 1 << 2, 1, 1 << 1 };
	struct mk records = {};
	(void)state;
	for (unsigned k = 0; k < 5; k++)
		put_memory(&records, k, 1000 + k, k == 4 ? 0 : 0x7000 + k, sources[k] | 5 << 5);
	struct mk m = pf_file(attrs, 1, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.damaged, 0);
	assert_int_equal(r.nmem, 3);
	for (unsigned k = 0; k < 3; k++) {
		assert_int_equal(r.mem[k].va, 0x7000 + k);
		assert_int_equal(r.mem[k].asid, 8);
		assert_int_equal(r.mem[k].rw, k == 0 ? MEM_LOAD : k == 1 ? MEM_STORE : MEM_MODIFY);
	}
	assert_int_equal(rows_account(&r, "cpu/mem-loads/P", "filtered"), 2);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'sampled_kinds' AND "
					 "v = 'mem'"),
			 1);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM source WHERE coverage LIKE "
					 "'sampled, one of 1000%'"),
			 1);
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

static void a_recording_that_lacks_something_says_what(void **state)
{
	static const struct {
		struct pf_attr attr;
		const char *want;
	} cases[] = {
		{ { .type = 1, .config = 2, .sample_type = 1 << 16 | 1 << 2 }, "holds no event" },
		{ { .type = 0, .config = 0, .sample_type = 1 << 16 | 1 << 2 }, "holds no event" },
		{ { .type = 1, .config = 2, .sample_type = 1 << 16 | 1 << 3 }, "holds no event" },
	};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mk records = {};
		pf_sample(&records, &cases[i].attr, 0, 1000, 0, 1, 0x5000, NULL, 0);
		struct mk m = pf_file(&cases[i].attr, 1, &records, "made");
		struct rows r = import_bytes(&m, 1);
		assert_int_equal(r.rc, ERR_UNUSABLE);
		assert_non_null(strstr(r.e.msg, cases[i].want));
		rows_free(&r);
		mk_free(&m);
		mk_free(&records);
	}
}

static void the_clock_of_the_recording_is_named(void **state)
{
	struct pf_attr attr = { .type = 1,
				.config = 2,
				.sample_type = PF_FAULT_TYPE,
				.period = 1,
				.has_clock = true,
				.clockid = 1 };
	struct mk records = {};
	(void)state;
	pf_sample(&records, &attr, 0, 6000, 0, 1, 0x5000, NULL, 0);
	struct mk m = pf_pipe(&attr, 1, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(
		rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'clock' AND v = 'mono'"), 1);
	assert_int_equal(rows_number(&r, "SELECT real_ns FROM clock WHERE mono_ns = 6000"),
			 UINT64_C(1700000000000001000));
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

/* Bits of perf_event_attr.sample_type: the address, the period, the data source. */
enum { WITH_ADDR = 1 << 3, WITH_PERIOD = 1 << 8, WITH_DATA_SRC = 1 << 15 };

static void sampled_page_walks_are_rows_that_stand_for_others(void **state)
{
	const uint64_t base = PF_FAULT_TYPE & ~WITH_ADDR;
	struct pf_attr attrs[] = {
		{ .type = 4,
		  .config = 0x1008,
		  .sample_type = base | WITH_ADDR,
		  .period = 2003,
		  .name = "dtlb_load_misses.WALK_completed:pp" },
		{ .type = 3,
		  .config = 3 | 1 << 16,
		  .sample_type = base | WITH_PERIOD,
		  .period = 4000,
		  .is_freq = true,
		  .name = "dTLB-load-misses" },
		{ .type = 0, .config = 0, .sample_type = base, .period = 1000, .name = "cycles" },
	};
	struct mk records = {};
	(void)state;
	pf_sample(&records, attrs, 0, 1000, 1, 42, 0x7f0000005008, NULL, 0);
	pf_sample(&records, attrs, 1, 2000, 0, 43, 0, NULL, 0);
	pf_sample(&records, attrs, 2, 3000, 0, 43, 0, NULL, 0);
	struct mk m = pf_file(attrs, 3, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.rc, 0);
	assert_int_equal(rows_number(&r, "SELECT sum(n) FROM chunk JOIN stream USING (stream_id)"
					 " WHERE kind = 'walk'"),
			 2);
	assert_int_equal(rows_account(&r, "dtlb_load_misses.WALK_completed:pp", "stored"), 1);
	assert_int_equal(rows_account(&r, "dTLB-load-misses", "stored"), 1);
	assert_int_equal(rows_account(&r, "cycles", "filtered"), 1);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'sampled_kinds'"
					 " AND v = 'walk'"),
			 1);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM source WHERE coverage LIKE"
					 " 'sampled, one of 2003: page walks%'"),
			 1);
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

static void sampled_loads_are_a_sample_even_at_period_one(void **state)
{
	struct pf_attr attr = { .type = 4,
				.config = 0x1cd,
				.sample_type = PF_FAULT_TYPE | WITH_DATA_SRC,
				.period = 1,
				.name = "cpu/mem-loads,ldlat=30/P",
				.data_src = 1 << 1 };
	struct mk records = {};
	(void)state;
	pf_sample(&records, &attr, 0, 1000, 1, 42, 0x7f0000005008, NULL, 0);
	struct mk m = pf_file(&attr, 1, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.rc, 0);
	assert_int_equal(rows_account(&r, "cpu/mem-loads,ldlat=30/P", "stored"), 1);
	assert_int_equal(rows_number(&r, "SELECT count(*) FROM meta WHERE k = 'sampled_kinds'"
					 " AND v = 'mem'"),
			 1);
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

static void data_of_other_devices_are_stepped_over(void **state)
{
	struct pf_attr attr = { .type = 1, .config = 2, .sample_type = PF_FAULT_TYPE, .period = 1 };
	struct mk records = {};
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		pf_sample(&records, &attr, 0, 6000 + i, 0, 1, 0x5000, NULL, 0);
		const size_t at = pf_begin(&records, 71, 0); /* AUXTRACE: its data follow */
		mk_number(&records, 4096, 8);
		mk_zeros(&records, 32);
		pf_end(&records, at);
		for (unsigned k = 0; k < 512; k++)
			mk_number(&records, UINT64_C(0x0018000200000009),
				  8); /* looks like a sample */
	}
	struct mk m = pf_file(&attr, 1, &records, "made");
	struct rows r = import_bytes(&m, 1);
	assert_int_equal(r.damaged, 0);
	assert_int_equal(r.nfault, 3);
	rows_free(&r);
	mk_free(&m);
	mk_free(&records);
}

/* Pops what may leave; times never decrease. */
static uint64_t pop_all(struct perfqueue *q, uint64_t *last)
{
	struct perfdata_sample s;
	bool is_dropped;
	uint64_t n = 0;
	for (; perfqueue_pop(q, &s, &is_dropped); n++) {
		assert_false(is_dropped);
		assert_true(s.ts >= *last);
		assert_int_equal(s.raw_len, 24);
		assert_memory_equal(s.raw, &s.addr,
				    8); /* its own bytes, wherever they were moved */
		*last = s.ts;
	}
	return n;
}

static void rounds_that_are_too_large_leave_by_halves(void **state)
{
	enum { SAMPLES = 20000, RUN = 500 };
	static const uint64_t bounds[] = { 64 << 10, UINT64_MAX };
	(void)state;
	for (unsigned b = 0; b < 2; b++) {
		struct perfqueue *q;
		struct err e = {};
		uint64_t last = 0, out = 0;
		assert_int_equal(perfqueue_new(bounds[b], &q, &e), 0);
		for (uint64_t i = 0; i < SAMPLES; i++) {
			/* runs of two CPUs in turn, over the same time */
			const uint64_t cpu = i / RUN % 2, k = i / (2 * RUN) * RUN + i % RUN;
			uint64_t raw[3] = { i };
			const struct perfdata_sample s = { .ts = 1000 * k + cpu,
							   .addr = i,
							   .order = (uint32_t)cpu,
							   .raw = (const uint8_t *)raw,
							   .raw_len = sizeof(raw) };
			const int rc = perfqueue_push(q, &s, &e);
			assert_true(rc == 0 || (rc == 1 && bounds[b] != UINT64_MAX));
			out += pop_all(q, &last);
			if (i % (2 * RUN) == 2 * RUN - 1 && perfqueue_end_round(q))
				out += pop_all(q, &last);
		}
		perfqueue_finish(q);
		out += pop_all(q, &last);
		assert_int_equal(out, SAMPLES);
		/* with room for all, none was late */
		assert_int_equal(perfqueue_stats(q)->lifted != 0, bounds[b] != UINT64_MAX);
		perfqueue_free(q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_give_the_rows_that_trace_dat_gives),
		cmocka_unit_test(parts_of_a_recording_are_one_recording),
		cmocka_unit_test(a_device_that_comes_late_is_known_by_what_it_does),
		cmocka_unit_test(lost_records_are_accounted_once),
		cmocka_unit_test(samples_that_a_filter_program_refused_are_no_loss),
		cmocka_unit_test(a_fault_told_three_times_is_one_row),
		cmocka_unit_test(sampled_loads_and_stores_are_marked_as_a_sample),
		cmocka_unit_test(a_recording_that_lacks_something_says_what),
		cmocka_unit_test(the_clock_of_the_recording_is_named),
		cmocka_unit_test(sampled_page_walks_are_rows_that_stand_for_others),
		cmocka_unit_test(sampled_loads_are_a_sample_even_at_period_one),
		cmocka_unit_test(data_of_other_devices_are_stepped_over),
		cmocka_unit_test(rounds_that_are_too_large_leave_by_halves),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
