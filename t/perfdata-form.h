// SPDX-License-Identifier: MIT
/* One recording, made as trace.dat, in each form that perf.data may have. For tests with cmocka. */
#ifndef PUGMARK_T_PERFDATA_FORM_H
#define PUGMARK_T_PERFDATA_FORM_H

#include "collect/tracedat.h"
#include "t/perfdata-make.h"
#include "t/tracedat-rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char nvme[] = "0000:00:06.0";

static inline void put_work(struct mk_cpu *c, uint64_t t, int pid, unsigned cid)
{
	const uint64_t own = (uint64_t)(pid - 42) << 24;
	mk_setup(c, t, pid, 1, cid, 2, 8 * cid, 8);
	mk_iommu_map(c, t + 10, pid, own + 0xffff0000, 0x4c72000, 4096);
	mk_map_page(c, t + 20, pid, nvme, 0x4c72000, own + 0xffff0000, 4096, 2);
	mk_issue(c, t + 30, pid, 8 * cid, 4096, "RS");
	mk_nvme_complete(c, t + 1000, pid, 1, cid);
	mk_complete(c, t + 1010, pid, 8 * cid, 8, "RS");
	mk_iommu_unmap(c, t + 1020, pid, own + 0xffff0000, 4096);
	mk_dma(c, t + 1030, pid, MK_UNMAP_PAGE, nvme, own + 0xffff0000, 4096, 2);
	mk_fault(c, t + 4000, pid, 0x7f0000001000 + t, 6);
}

enum { WORKS = 40, EVENTS = WORKS * 2 * 9, WORK_NS = 10000 };

static inline struct mk make_tracedat(void)
{
	struct mk_cpu c[2] = { { .cpu = 0 }, { .cpu = 1 } };
	for (unsigned i = 0; i < WORKS; i++) {
		put_work(&c[0], 1000000000 + i * (uint64_t)WORK_NS, 42, 2 * i);
		put_work(&c[1], 1000000005 + i * (uint64_t)WORK_NS, 43, 2 * i + 1);
	}
	struct mk m = mk_file_v6(c, 2, 0);
	mk_cpu_free(&c[0]);
	mk_cpu_free(&c[1]);
	return m;
}

static inline int no_format(void *ctx, const char *system, const char *text, size_t n,
			    struct err *e)
{
	(void)ctx, (void)system, (void)text, (void)n, (void)e;
	return 0;
}
static inline void no_damage(void *ctx, const char *sentence)
{
	(void)ctx;
	fail_msg("%s", sentence);
}
static inline void no_missed(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	(void)ctx, (void)cpu, (void)from, (void)to, (void)n;
}

static inline unsigned attr_of(unsigned id)
{
	unsigned i = 0;
	while ((unsigned)mk_formats[i].id != id)
		i++;
	return i;
}

/* The records of the CPUs one after another, in rounds, as perf writes them. */
static inline struct mk make_records(const struct mk *tracedat, const struct pf_attr *attrs,
				     unsigned per_round)
{
	struct mk out = {}, rounds[2] = {};
	struct err e = {};
	struct input *in;
	struct tracedat *t = NULL;
	struct tracedat_event ev;
	unsigned n = 0;
	const struct tracedat_handlers h = { NULL, no_format, no_damage, no_missed };
	assert_int_equal(input_open_memory("made.dat", tracedat->p, tracedat->n, &in, &e), 0);
	assert_int_equal(tracedat_open(in, &h, &t, &e), 0);
	bool is_more = true;
	while (is_more) {
		is_more = tracedat_next(t, &ev, &e) == 1;
		if (is_more)
			pf_sample(&rounds[ev.cpu], attrs, attr_of(le16_get(ev.data)), ev.ts, ev.cpu,
				  le32_get(ev.data + 4), 0, ev.data, ev.len);
		if (!is_more || ++n % per_round == 0) {
			for (unsigned k = 0; k < 2; k++) {
				mk_put(&out, rounds[k].p, rounds[k].n);
				rounds[k].n = 0;
			}
			pf_round(&out);
		}
	}
	tracedat_close(t);
	input_close(in);
	mk_free(&rounds[0]);
	mk_free(&rounds[1]);
	return out;
}

static inline struct rows import_bytes(const struct mk *files, unsigned n)
{
	static const char *const names[] = { "a.data", "b.data", "c.data" };
	struct input *in[3];
	struct err e = {};
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(input_open_memory(names[i], files[i].p, files[i].n, &in[i], &e),
				 0);
	const struct rows r = rows_import_as("perf-data", in, n);
	for (unsigned i = 0; i < n; i++)
		input_close(in[i]);
	return r;
}

enum form { FILE_FORM, PIPE_FORM, FILE_ZSTD, PIPE_ZSTD, PIPE_ZSTD2, FORMS };

static inline struct mk make_form(enum form form, unsigned per_round)
{
	struct pf_attr attrs[MK_FORMATS];
	const unsigned n = pf_tracepoints(attrs);
	struct mk dat = make_tracedat();
	struct mk records = make_records(&dat, attrs, per_round);
	if (form >= FILE_ZSTD) {
		struct mk packed = pf_compress(&records, form == PIPE_ZSTD2 ? 83 : 81, 3001);
		mk_free(&records);
		records = packed;
	}
	struct mk m = form == FILE_FORM || form == FILE_ZSTD ? pf_file(attrs, n, &records, "made")
							     : pf_pipe(attrs, n, &records, "made");
	mk_free(&records);
	mk_free(&dat);
	return m;
}

#endif
