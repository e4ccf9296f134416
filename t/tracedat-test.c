// SPDX-License-Identifier: MIT
/*
 * trace.dat files: made by hand for what must hold of any, and the project's
 * recordings against the figures that other programs found in them.
 */
#include "collect/evformat.h"
#include "collect/tracedat.h"
#include "t/tracedat-make.h"
#include "t/tracedat-rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char nvme[] = "0000:00:06.0";

/* ---- events without importing ---- */

struct events {
	int rc;
	struct err e;
	uint64_t damaged, missed;
	char first_damage[240];
	size_t n, cap;
	struct event {
		uint64_t ts;
		uint32_t cpu, hash;
	} * list;
};

static int no_format(void *ctx, const char *system, const char *text, size_t n, struct err *e)
{
	struct evformat f;
	(void)ctx;
	(void)system;
	(void)e;
	evformat_parse(text, n, &f, NULL);
	return 0;
}

static void on_damage(void *ctx, const char *sentence)
{
	struct events *x = ctx;
	assert_memory_equal(sentence, "byte ", 5);
	if (!x->damaged++)
		snprintf(x->first_damage, sizeof(x->first_damage), "%s", sentence);
}

static void on_missed(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	struct events *x = ctx;
	(void)cpu;
	assert_true(from <= to);
	x->missed += n ? n : 1;
}

static struct events read_events(const void *p, size_t n)
{
	struct events x = {};
	struct input *in;
	struct tracedat *t = NULL;
	struct tracedat_event ev;
	const struct tracedat_handlers h = { &x, no_format, on_damage, on_missed };

	assert_int_equal(input_open_memory("made.dat", p, n, &in, &x.e), 0);
	x.rc = tracedat_open(in, &h, &t, &x.e);
	while (!x.rc && tracedat_next(t, &ev, &x.e) == 1) {
		uint32_t hash = ev.len;
		for (uint32_t i = 0; i < ev.len; i++)
			hash = hash * 31 + ev.data[i];
		if (x.n == x.cap) {
			x.cap = x.cap ? 2 * x.cap : 64;
			x.list = realloc(x.list, x.cap * sizeof(*x.list));
		}
		if (x.n)
			assert_true(ev.ts >= x.list[x.n - 1].ts);
		x.list[x.n++] = (struct event){ ev.ts, ev.cpu, hash };
	}
	tracedat_close(t);
	input_close(in);
	return x;
}

/* ---- made files ---- */

/* A bit of everything on one CPU, from `t` on. */
static void put_work(struct mk_cpu *c, uint64_t t, int pid, unsigned cid)
{
	static const uint64_t phys[] = { 0x500000, 0x700000, 0x900000 };
	const uint64_t own = (uint64_t)(pid - 42) << 24; /* a device has an IOVA but once */
	const uint64_t dma[] = { own + 0xfffd0000, own + 0xfffd2000 };
	static const uint32_t len[] = { 8192, 4096 };

	mk_setup(c, t, pid, 1, cid, 2, 8 * cid, 8);
	mk_iommu_map(c, t + 10, pid, own + 0xffff0000, 0x4c72000, 4096);
	mk_map_page(c, t + 20, pid, nvme, 0x4c72000, own + 0xffff0000, 4096, 2);
	mk_issue(c, t + 30, pid, 8 * cid, 4096, "RS");
	mk_nvme_complete(c, t + 1000, pid, 1, cid);
	mk_complete(c, t + 1010, pid, 8 * cid, 8, "RS");
	mk_iommu_unmap(c, t + 1020, pid, own + 0xffff0000, 4096);
	mk_dma(c, t + 1030, pid, MK_UNMAP_PAGE, nvme, own + 0xffff0000, 4096, 2);
	mk_iommu_map(c, t + 2000, pid, own + 0xfffe0000, 0x100000, 4096);
	mk_iommu_map(c, t + 2010, pid, own + 0xfffe1000, 0x300000, 8192);
	mk_dma(c, t + 2020, pid, MK_ALLOC, nvme, own + 0xfffe0000, 12288, 0);
	mk_dma(c, t + 2030, pid, MK_FREE, nvme, own + 0xfffe0000, 12288, 0);
	mk_iommu_unmap(c, t + 2040, pid, own + 0xfffe0000, 12288);
	mk_map_sg(c, t + 3000, pid, "0000:00:07.0", phys, 3, dma, len, 2, 2, 1);
	mk_unmap_sg(c, t + 3010, pid, "0000:00:07.0", phys, 3, 1);
	mk_fault(c, t + 4000, pid, 0x7f0000001000 + t, 6);
}

static void put_two_cpus(struct mk_cpu c[2])
{
	c[0] = (struct mk_cpu){ .cpu = 0 };
	c[1] = (struct mk_cpu){ .cpu = 1 };
	for (unsigned i = 0; i < 40; i++) {
		put_work(&c[0], 1000000000 + i * UINT64_C(200000000), 42, 2 * i);
		put_work(&c[1], 1000000005 + i * UINT64_C(200000000), 43, 2 * i + 1);
	}
}

static struct mk make_file(unsigned version, bool zstd)
{
	struct mk_cpu c[2];
	put_two_cpus(c);
	const struct mk m = version == 6 ? mk_file_v6(c, 2, 0) : mk_file_v7(c, 2, zstd, NULL);
	mk_cpu_free(&c[0]);
	mk_cpu_free(&c[1]);
	return m;
}

static void all_versions_and_codecs_give_the_same_rows(void **state)
{
	static const struct {
		unsigned version;
		bool zstd;
	} forms[] = { { 6, false }, { 7, false }, { 7, true } };
	struct rows first = {};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mk m = make_file(forms[i].version, forms[i].zstd);
		struct rows r = rows_of_bytes(m.p, m.n);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.damaged, 0);
		assert_int_equal(r.ndma, 80 * (2 + 4 + 6));
		assert_int_equal(r.nio, 80);
		assert_int_equal(r.nfault, 80);
		if (i) {
			assert_memory_equal(r.dma, first.dma, r.ndma * sizeof(*r.dma));
			assert_memory_equal(r.io, first.io, r.nio * sizeof(*r.io));
			assert_memory_equal(r.fault, first.fault, r.nfault * sizeof(*r.fault));
			rows_free(&r);
		} else {
			first = r;
		}
		mk_free(&m);
	}
	rows_free(&first);
}

static void rows_say_what_the_events_said(void **state)
{
	struct mk_cpu c = {};
	(void)state;
	mk_add(&c, 999999000, mk_record(MK_PRINT, 1)); /* time 0, though it is of no use */
	put_work(&c, 1000000000, 42, 5);
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.rc, 0);

	static const struct dma_event want[] = {
		{ 1010, 0, DMA_MAP, DIR_FROM_DEVICE, AS_PA, 0x4c72, 1, 0, 4096, 0, 0, 0 },
		{ 2020, 0, DMA_UNMAP, DIR_FROM_DEVICE, AS_PA, 0x4c72, 1, 0, 4096, 0, 0, 0 },
		{ 3000, 0, DMA_ALLOC, DIR_BOTH, AS_PA, 0x100, 1, 0, 4096, 1, 0, 0 },
		{ 3010, 0, DMA_ALLOC, DIR_BOTH, AS_PA, 0x300, 2, 0, 8192, 1, 0, 0 },
		{ 3030, 0, DMA_FREE, DIR_BOTH, AS_PA, 0x100, 1, 0, 4096, 1, 0, 0 },
		{ 3030, 0, DMA_FREE, DIR_BOTH, AS_PA, 0x300, 2, 0, 8192, 1, 0, 0 },
		{ 4000, 1, DMA_MAP, DIR_TO_DEVICE, AS_PA, 0x500, 1, 0, 4096, 3, 0, 0 },
		{ 4000, 1, DMA_MAP, DIR_TO_DEVICE, AS_PA, 0x700, 1, 0, 4096, 3, 0, 0 },
		{ 4000, 1, DMA_MAP, DIR_TO_DEVICE, AS_PA, 0x900, 1, 0, 4096, 3, 0, 0 },
		{ 4010, 1, DMA_UNMAP, DIR_TO_DEVICE, AS_PA, 0x500, 1, 0, 4096, 3, 0, 0 },
		{ 4010, 1, DMA_UNMAP, DIR_TO_DEVICE, AS_PA, 0x700, 1, 0, 4096, 3, 0, 0 },
		{ 4010, 1, DMA_UNMAP, DIR_TO_DEVICE, AS_PA, 0x900, 1, 0, 4096, 3, 0, 0 },
	};
	assert_int_equal(r.ndma, sizeof(want) / sizeof(*want));
	const uint16_t disk = r.dma[0].dev, other = r.dma[6].dev;
	assert_int_not_equal(disk, other);
	for (size_t i = 0; i < r.ndma; i++) {
		struct dma_event got = r.dma[i];
		assert_int_equal(got.dev, want[i].dev ? other : disk);
		got.dev = want[i].dev;
		got.source = 0;
		assert_memory_equal(&got, &want[i], sizeof(got));
	}
	assert_int_equal(r.nio, 1);
	assert_int_equal(r.io[0].ts, 1030);
	assert_int_equal(r.io[0].lat, 980);
	assert_int_equal(r.io[0].qid, 1);
	assert_int_equal(r.io[0].cid, 5);
	assert_int_equal(r.io[0].lba, 40);
	assert_int_equal(r.io[0].bytes, 4096);
	assert_int_equal(r.nfault, 1);
	assert_int_equal(r.fault[0].va, 0x7f0000001000 + 1000000000);
	assert_int_equal(r.fault[0].asid, 42);
	assert_int_equal(r.fault[0].write, 1);
	assert_int_equal(r.fault[0].major, UINT8_MAX);
	assert_int_equal(rows_account(&r, "ftrace:print", "filtered"), 1);
	assert_int_equal(rows_account(&r, "iommu:map", "stored"), 3);
	assert_int_equal(
		rows_number(&r, "SELECT count(*) FROM account WHERE seen != stored + filtered"), 0);
	assert_int_equal(rows_number(&r, "SELECT v FROM meta WHERE k = 'clock_base_ns'"),
			 999999000);
	rows_free(&r);
	mk_free(&m);
	mk_cpu_free(&c);
}

static void events_of_instances_are_merged_in_order_of_time(void **state)
{
	struct mk_cpu c[3] = { { .cpu = 1 },
			       { .cpu = 0, .instance = "pf" },
			       { .cpu = 3, .instance = "pf" } };
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		mk_fault(&c[(i * 7 + i / 5) % 3], 5000 + 10 * (uint64_t)i, 1, i, 4);
	for (unsigned k = 0; k < 3; k++) /* at one time: in order of CPUs */
		mk_fault(&c[k], 100000, 1, c[k].cpu, 4);
	struct mk m = mk_file_v7(c, 3, true, NULL);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.nfault, 3003);
	for (unsigned i = 0; i < 3000; i++) {
		assert_int_equal(r.fault[i].va, i);
		assert_int_equal(r.fault[i].ts, 10 * (uint64_t)i);
	}
	assert_int_equal(r.fault[3000].va, 0);
	assert_int_equal(r.fault[3001].va, 1);
	assert_int_equal(r.fault[3002].va, 3);
	rows_free(&r);
	mk_free(&m);
	for (unsigned k = 0; k < 3; k++)
		mk_cpu_free(&c[k]);
}

static void lost_events_are_accounted_once(void **state)
{
	static const struct {
		unsigned overrun, lost;
	} cases[] = { { 0, 8 }, { 3, 8 }, { 20, 20 } }; /* statistics include what pages flag */
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mk_cpu c = {};
		mk_fault(&c, 1000, 1, 0x1000, 4);
		mk_page_end(&c);
		c.missed = 7;
		mk_fault(&c, 9000, 1, 0x2000, 4);
		mk_page_end(&c);
		c.missed = UINT64_MAX; /* without a number: one at least */
		mk_fault(&c, 9500, 1, 0x3000, 4);
		struct mk m = mk_file_v6(&c, 1, cases[i].overrun);
		struct rows r = rows_of_bytes(m.p, m.n);
		assert_int_equal(r.nfault, 3);
		assert_int_equal(rows_account(&r, "ring:lost", "seen"), cases[i].lost);
		assert_int_equal(rows_account(&r, "ring:lost", "ring_lost"), cases[i].lost);
		assert_int_equal(
			rows_number(&r, "SELECT sum(n_lost) FROM loss WHERE cause = 'ring'"),
			cases[i].lost);
		assert_int_equal(rows_number(&r, "SELECT count(*) FROM loss WHERE n_lost = 7 AND "
						 "from_ns = 0 AND to_ns = 8000"),
				 1);
		rows_free(&r);
		mk_free(&m);
		mk_cpu_free(&c);
	}
}

static void page_requests_and_their_answers_are_one_row(void **state)
{
	struct mk_cpu c = {};
	(void)state;
	mk_prq(&c, 1000, nvme, 0x30, 5, 7, 0x1000, true, false);
	mk_prq(&c, 1010, nvme, 0x30, 5, 7, 0x2000, false, true);
	mk_prq(&c, 1020, nvme, 0x30, 6, 7, 0x3000, false, true); /* another process */
	mk_qi(&c, 1500, 2, 0x30, 5, 7, 0);                       /* no answer */
	mk_qi(&c, 2000, 9, 0x30, 5, 7, 0);
	mk_qi(&c, 2100, 9, 0x30, 6, 7, 1);
	mk_qi(&c, 2200, 9, 0x30, 6, 7, 0); /* nobody waits any more */
	mk_refused(&c, 2300, nvme, 0x4000, 1);
	mk_prq(&c, 2400, nvme, 0x30, 5, 8, 0x5000, false, true);
	struct mk m = mk_file_v6(&c, 1, 0);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.rc, 0);
	static const struct {
		uint64_t ts, resume, pfn;
		uint32_t pasid;
		uint8_t write, last, outcome;
	} want[] = { { 0, 1000, 1, 5, 1, 0, OUTCOME_DONE },
		     { 10, 1000, 2, 5, 0, 1, OUTCOME_DONE },
		     { 20, 1100, 3, 6, 0, 1, OUTCOME_FAILED },
		     { 1300, UINT64_MAX, 4, UINT32_MAX, 1, UINT8_MAX, OUTCOME_FAILED },
		     { 1400, UINT64_MAX, 5, 5, 0, 1, OUTCOME_UNKNOWN } };
	assert_int_equal(r.niopf, 5);
	for (unsigned i = 0; i < 5; i++) {
		const struct iopf_event *x = &r.iopf[i];
		assert_int_equal(x->ts, want[i].ts);
		assert_int_equal(x->report, i == 3 ? UINT64_MAX : want[i].ts);
		assert_int_equal(x->resume, want[i].resume);
		assert_int_equal(x->pfn, want[i].pfn);
		assert_int_equal(x->pasid, want[i].pasid);
		assert_int_equal(x->write, want[i].write);
		assert_int_equal(x->last, want[i].last);
		assert_int_equal(x->outcome, want[i].outcome);
		assert_int_equal(x->as, AS_IOVA);
		assert_int_equal(x->source == r.iopf[0].source, i != 3);
	}
	assert_int_equal(rows_account(&r, "intel_iommu:prq_report", "stored"), 4);
	assert_int_equal(rows_account(&r, "intel_iommu:qi_submit", "stored"), 2);
	assert_int_equal(rows_account(&r, "intel_iommu:qi_submit", "filtered"), 2);
	assert_int_equal(rows_account(&r, "iommu:io_page_fault", "stored"), 1);
	rows_free(&r);
	mk_free(&m);
	mk_cpu_free(&c);
}

static void a_cut_scatter_list_is_told(void **state)
{
	static const uint64_t phys[] = { 0x500000, 0x700000 }, dma[] = { 0x1000, 0x2000 };
	static const uint32_t len[] = { 4096, 4096 };
	struct mk_cpu c = {};
	(void)state;
	mk_map_sg(&c, 1000, 1, nvme, phys, 2, dma, len, 2, 200, 1);
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.ndma, 2);
	assert_int_equal(rows_number(&r, "SELECT n_lost FROM loss WHERE cause = 'parse'"), 198);
	rows_free(&r);
	mk_free(&m);
	mk_cpu_free(&c);
}

static void ranges_that_the_iommu_merged_are_split_only_where_that_is_sure(void **state)
{
	static const uint64_t pages[] = { 0x500800, 0x700000, 0x900000 }, dma[] = { 0x1800 };
	static const uint64_t doubt[] = { 0x500000, 0x700000 };
	static const uint32_t len[] = { 0x800 + 4096 + 0x200 }, long_len[] = { 4 * 4096 };
	static const uint64_t long_dma[] = { 0x8000 };
	struct mk_cpu c = {};
	(void)state;
	mk_map_sg(&c, 1000, 1, nvme, pages, 3, dma, len, 1, 1, 1);
	mk_map_sg(&c, 2000, 1, nvme, doubt, 2, long_dma, long_len, 1, 1, 1);
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.ndma, 5);
	assert_int_equal(r.dma[0].pfn << 12 | r.dma[0].offset, 0x500800);
	assert_int_equal(r.dma[0].bytes, 0x800);
	assert_int_equal(r.dma[1].bytes, 4096);
	assert_int_equal(r.dma[2].pfn, 0x900);
	assert_int_equal(r.dma[2].bytes, 0x200);
	assert_int_equal(r.dma[3].as, AS_PA);
	assert_int_equal(r.dma[3].npages, 1);
	assert_int_equal(r.dma[4].as, AS_IOVA); /* where the first range ends is not known */
	assert_int_equal(r.dma[4].bytes, 3 * 4096);
	rows_free(&r);
	mk_free(&m);
	mk_cpu_free(&c);
}

static void coherent_memory_of_a_device_without_iommu_has_frames(void **state)
{
	(void)state;
	for (unsigned translated = 0; translated < 2; translated++) {
		struct mk_cpu c = {};
		mk_dma(&c, 1000, 1, MK_ALLOC, nvme, 0x123000, 8192, 0);
		for (unsigned i = 0; i < 20; i++) {
			const uint64_t phys = 0x500000 + 4096 * (uint64_t)i;
			const uint64_t bus = translated && i == 10 ? 0xffff0000 : phys;
			mk_map_page(&c, 2000 + i, 1, nvme, phys, bus, 4096, 1);
		}
		mk_dma(&c, 3000, 1, MK_FREE, nvme, 0x123000, 8192, 0);
		mk_dma(&c, 4000, 1, MK_UNMAP_PAGE, nvme, 0x999000, 4096, 1);
		struct mk m = mk_file_v7(&c, 1, false, NULL);
		struct rows r = rows_of_bytes(m.p, m.n);
		assert_int_equal(r.ndma, 23);
		for (size_t i = 0; i < 23; i += i ? 1 : 21) {
			assert_int_equal(r.dma[i].as, translated ? AS_IOVA : AS_PA);
			assert_int_equal(r.dma[i].pfn, i == 22 ? 0x999 : 0x123);
		}
		assert_int_equal(r.dma[1].as, AS_PA);
		/* and it is told that the address is a conclusion */
		assert_int_equal(r.dma[0].source == r.dma[1].source, translated);
		rows_free(&r);
		mk_free(&m);
		mk_cpu_free(&c);
	}
}

static void ticks_become_time_by_the_files_factor_or_are_refused(void **state)
{
	struct mk_cpu c = { .clock = "x86-tsc" };
	struct mk more = {}, factor = {};
	(void)state;
	mk_fault(&c, 1000000, 1, 0x1000, 4);
	mk_fault(&c, 3000000, 1, 0x1000, 4);
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.rc, ERR_UNUSABLE);
	assert_non_null(strstr(r.e.msg, "x86-tsc"));
	rows_free(&r);
	mk_free(&m);

	mk_number(&factor, 5, 4); /* 5 / 4 ns a tick */
	mk_number(&factor, 2, 4);
	mk_number(&factor, 0, 8);
	mk_option(&more, 14, factor.p, factor.n);
	m = mk_file_v7(&c, 1, false, &more);
	r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.fault[1].ts, 2500000);
	rows_free(&r);
	mk_free(&m);
	mk_free(&more);
	mk_free(&factor);
	mk_cpu_free(&c);
}

/* ---- damage ---- */

static void a_file_cut_anywhere_gives_its_first_events_or_a_sentence(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 3; form++) {
		struct mk_cpu c = {};
		for (unsigned i = 0; i < 600; i++)
			mk_fault(&c, 1000 + 1000 * (uint64_t)i, 1, i, 4);
		struct mk m = form ? mk_file_v7(&c, 1, form == 2, NULL) : mk_file_v6(&c, 1, 0);
		struct events whole = read_events(m.p, m.n);
		assert_int_equal(whole.n, 600);
		size_t last = 0;
		for (size_t n = 0; n < m.n; n += 64) {
			struct events cut = read_events(m.p, n);
			if (cut.rc) {
				assert_int_equal(cut.rc, ERR_UNUSABLE);
				assert_non_null(strstr(cut.e.msg, "made.dat: "));
				assert_true(strstr(cut.e.msg, "cut short") ||
					    strstr(cut.e.msg, "no records"));
				assert_int_equal(cut.n, 0);
			} else {
				assert_true(cut.damaged);
			}
			assert_true(cut.n >= last && cut.n <= 600);
			assert_memory_equal(cut.list ? cut.list : whole.list, whole.list,
					    cut.n * sizeof(*cut.list));
			last = cut.n;
			free(cut.list);
		}
		if (form <
		    2) /* the last cut is in the last page: all records of the others are there */
			assert_true(last >= 400);
		else
			assert_true(last >= 200);
		free(whole.list);
		mk_free(&m);
		mk_cpu_free(&c);
	}
}

static void data_of_all_cpus_are_found_when_the_last_options_are_cut_off(void **state)
{
	(void)state;
	for (unsigned zstd = 0; zstd < 2; zstd++) {
		struct mk m = make_file(7, zstd);
		struct events whole = read_events(m.p, m.n);
		struct events cut = read_events(m.p, m.n - 40); /* inside the buffer's option */
		assert_int_equal(cut.rc, 0);
		assert_int_equal(cut.n, whole.n);
		assert_memory_equal(cut.list, whole.list, whole.n * sizeof(*whole.list));
		assert_true(cut.damaged);
		struct events none = read_events(m.p, m.n - 100); /* before the options */
		assert_int_equal(none.rc, 0);
		assert_non_null(strstr(none.first_damage,
				       ": the file ends here, but its options begin at byte "));
		free(none.list);
		free(whole.list);
		free(cut.list);
		mk_free(&m);
	}
}

static void a_damaged_byte_anywhere_never_breaks_the_order_of_time(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 3; form++) {
		struct mk m = make_file(form ? 7 : 6, form == 2);
		for (size_t i = 0; i < m.n; i += 13) {
			const uint8_t was = m.p[i];
			m.p[i] ^= (uint8_t)(1 + i % 255);
			struct events x = read_events(m.p, m.n); /* checks the order */
			free(x.list);
			m.p[i] = was;
		}
		mk_free(&m);
	}
}

static void a_page_from_the_future_does_not_take_the_rest_along(void **state)
{
	struct mk_cpu c = {};
	(void)state;
	for (unsigned i = 0; i < 600; i++)
		mk_fault(&c, 1000 + 1000 * (uint64_t)i, 1, i, 4);
	struct mk m = mk_file_v6(&c, 1, 0);
	struct events whole = read_events(m.p, m.n);
	const size_t first_page = m.n - c.pages.n;
	for (size_t page = 0; page < c.pages.n / MK_PAGE; page++) {
		uint8_t *high = m.p + first_page + page * MK_PAGE + 6;
		*high = 1; /* 2^48 ns later */
		struct events x = read_events(m.p, m.n);
		assert_true(x.n >= 600 - 120);
		/* of the last page nobody can tell */
		if (page + 1 < c.pages.n / MK_PAGE) {
			assert_int_equal(x.damaged, 1);
			assert_int_equal(x.list[x.n - 1].ts, whole.list[599].ts);
		}
		free(x.list);
		*high = 0;
	}
	free(whole.list);
	mk_free(&m);
	mk_cpu_free(&c);
}

static void options_that_run_in_a_circle_end(void **state)
{
	struct mk_cpu c = {};
	(void)state;
	mk_fault(&c, 1000, 1, 1, 4);
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	/* the last option says that the next section is the first one */
	const size_t options = m.n - 8, first = (size_t)le64_get(m.p + 10 + 2 + 2 + 4 + 5 + 1);
	le64_put(m.p + options, first);
	struct events x = read_events(m.p, m.n);
	assert_int_equal(x.rc, 0);
	assert_int_equal(x.n, 1);
	assert_int_equal(x.damaged, 1);
	free(x.list);
	mk_free(&m);
	mk_cpu_free(&c);
}

static void two_cpus_that_claim_the_same_bytes_are_told(void **state)
{
	struct mk_cpu c[2] = { { .cpu = 0 }, { .cpu = 1 } };
	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		mk_fault(&c[0], 1000 + i, 1, i, 4);
	mk_fault(&c[1], 1000, 1, 1, 4);
	struct mk m = mk_file_v6(c, 2, 0);
	uint8_t *table = m.p + m.n - c[0].pages.n - c[1].pages.n;
	while (memcmp(table, "flyrecord", 10))
		table--;
	memcpy(table + 10 + 16, table + 10, 16);
	struct events x = read_events(m.p, m.n);
	assert_int_equal(x.rc, 0);
	assert_int_equal(x.n, 2000);
	assert_int_equal(x.damaged, 1);
	free(x.list);
	mk_free(&m);
	mk_cpu_free(&c[0]);
	mk_cpu_free(&c[1]);
}

static void what_is_not_supported_is_refused_with_its_reason(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		size_t n;
		int rc;
		const char *reason;
	} cases[] = {
		{ 0, "x", 1, ERR_UNUSABLE, "not a trace.dat" },
		{ 10, "5", 1, ERR_UNUSABLE, "version \"5\", 6 or 7 expected" },
		{ 12, "\1", 1, ERR_UNUSABLE, "big-endian" },
		{ 14, "\1\0\0\0", 4, ERR_UNUSABLE, "pages of 1 bytes" },
		{ 18, "zlib", 4, ERR_FEATURE, "compression \"zlib\"" },
	};
	struct mk_cpu c = {};
	(void)state;
	mk_fault(&c, 1000, 1, 1, 4);
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t was[8];
		memcpy(was, m.p + cases[i].offset, sizeof(was));
		memcpy(m.p + cases[i].offset, cases[i].bytes, cases[i].n);
		struct events x = read_events(m.p, m.n);
		assert_int_equal(x.rc, cases[i].rc);
		assert_non_null(strstr(x.e.msg, cases[i].reason));
		memcpy(m.p + cases[i].offset, was, sizeof(was));
	}
	mk_free(&m);
	mk_cpu_free(&c);
}

static void a_recording_of_other_events_is_refused(void **state)
{
	struct mk_cpu c = {};
	(void)state;
	mk_add(&c, 1000, mk_record(MK_PRINT, 1));
	struct mk m = mk_file_v7(&c, 1, false, NULL);
	struct rows r = rows_of_bytes(m.p, m.n);
	assert_int_equal(r.rc, ERR_UNUSABLE);
	assert_non_null(strstr(r.e.msg, "holds no event of"));
	rows_free(&r);
	mk_free(&m);
	mk_cpu_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_versions_and_codecs_give_the_same_rows),
		cmocka_unit_test(rows_say_what_the_events_said),
		cmocka_unit_test(events_of_instances_are_merged_in_order_of_time),
		cmocka_unit_test(lost_events_are_accounted_once),
		cmocka_unit_test(page_requests_and_their_answers_are_one_row),
		cmocka_unit_test(a_cut_scatter_list_is_told),
		cmocka_unit_test(ranges_that_the_iommu_merged_are_split_only_where_that_is_sure),
		cmocka_unit_test(coherent_memory_of_a_device_without_iommu_has_frames),
		cmocka_unit_test(ticks_become_time_by_the_files_factor_or_are_refused),
		cmocka_unit_test(a_file_cut_anywhere_gives_its_first_events_or_a_sentence),
		cmocka_unit_test(data_of_all_cpus_are_found_when_the_last_options_are_cut_off),
		cmocka_unit_test(a_damaged_byte_anywhere_never_breaks_the_order_of_time),
		cmocka_unit_test(a_page_from_the_future_does_not_take_the_rest_along),
		cmocka_unit_test(options_that_run_in_a_circle_end),
		cmocka_unit_test(two_cpus_that_claim_the_same_bytes_are_told),
		cmocka_unit_test(what_is_not_supported_is_refused_with_its_reason),
		cmocka_unit_test(a_recording_of_other_events_is_refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
