// SPDX-License-Identifier: MIT
/*
 * Makes trace.dat files of few events for tests and seeds: versions 6 and 7,
 * plain or zstd, any CPUs and instances. Formats are those of Linux 6.12 as
 * far as fields go. Memory is the test's: mk_free.
 */
#ifndef PUGMARK_T_TRACEDAT_MAKE_H
#define PUGMARK_T_TRACEDAT_MAKE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#ifndef MK_PAGE_BYTES
#define MK_PAGE_BYTES 4096 /* seeds for the fuzzer are made with less */
#endif

enum { MK_PAGE = MK_PAGE_BYTES, MK_HEAD = 16, MK_CHUNK_PAGES = 2 };

/* numbers of the events, as in common_type */
enum mk_event {
	MK_PRINT = 5,
	MK_MAP_PAGE = 100,
	MK_UNMAP_PAGE,
	MK_ALLOC,
	MK_FREE,
	MK_MAP_SG,
	MK_UNMAP_SG,
	MK_IOMMU_MAP,
	MK_IOMMU_UNMAP,
	MK_ISSUE,
	MK_COMPLETE,
	MK_SETUP,
	MK_NVME_COMPLETE,
	MK_FAULT,
	MK_REFUSED,
	MK_PRQ,
	MK_QI,
};

struct mk {
	uint8_t *p;
	size_t n, cap;
};

static inline void mk_put(struct mk *m, const void *p, size_t n)
{
	if (m->n + n > m->cap) {
		m->cap = 2 * (m->n + n) + 64;
		m->p = realloc(m->p, m->cap);
	}
	if (n)
		memcpy(m->p + m->n, p, n);
	m->n += n;
}

static inline void mk_free(struct mk *m)
{
	free(m->p);
	*m = (struct mk){};
}

static inline void mk_number(struct mk *m, uint64_t v, unsigned bytes)
{
	uint8_t b[8];
	le64_put(b, v);
	mk_put(m, b, bytes);
}

static inline void mk_text(struct mk *m, const char *s)
{
	mk_put(m, s, strlen(s) + 1);
}

static inline void mk_zeros(struct mk *m, size_t n)
{
	while (n--)
		mk_number(m, 0, 1);
}

/* ---- formats ---- */

#define MK_COMMON                                                                      \
	"format:\n"                                                                    \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"         \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"         \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

#define MK_FIELD(type, offset, size) \
	"\tfield:" type ";\toffset:" #offset ";\tsize:" #size ";\tsigned:0;\n"

static const struct mk_format {
	const char *system, *name;
	enum mk_event id;
	const char *fields;
} mk_formats[] = {
	{ "dma", "dma_map_page", MK_MAP_PAGE,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("u64 phys_addr", 16, 8)
		  MK_FIELD("u64 dma_addr", 24, 8) MK_FIELD("size_t size", 32, 8)
			  MK_FIELD("enum dma_data_direction dir", 40, 4) },
	{ "dma", "dma_unmap_page", MK_UNMAP_PAGE,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("u64 addr", 16, 8)
		  MK_FIELD("size_t size", 24, 8) MK_FIELD("enum dma_data_direction dir", 32, 4) },
	{ "dma", "dma_alloc", MK_ALLOC,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("u64 dma_addr", 16, 8)
		  MK_FIELD("size_t size", 24, 8) MK_FIELD("enum dma_data_direction dir", 32, 4) },
	{ "dma", "dma_free", MK_FREE,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("u64 dma_addr", 16, 8)
		  MK_FIELD("size_t size", 24, 8) MK_FIELD("enum dma_data_direction dir", 32, 4) },
	{ "dma", "dma_map_sg", MK_MAP_SG,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("int full_ents", 12, 4)
		  MK_FIELD("bool truncated", 16, 1) MK_FIELD("__data_loc u64[] phys_addrs", 20, 4)
			  MK_FIELD("__data_loc u64[] dma_addrs", 24, 4)
				  MK_FIELD("__data_loc unsigned int[] lengths", 28, 4)
					  MK_FIELD("enum dma_data_direction dir", 32, 4) },
	{ "dma", "dma_unmap_sg", MK_UNMAP_SG,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("__data_loc u64[] addrs", 12, 4)
		  MK_FIELD("enum dma_data_direction dir", 16, 4) },
	{ "iommu", "map", MK_IOMMU_MAP,
	  MK_FIELD("u64 iova", 8, 8) MK_FIELD("u64 paddr", 16, 8) MK_FIELD("size_t size", 24, 8) },
	{ "iommu", "unmap", MK_IOMMU_UNMAP,
	  MK_FIELD("u64 iova", 8, 8) MK_FIELD("size_t size", 16, 8)
		  MK_FIELD("size_t unmapped_size", 24, 8) },
	{ "iommu", "io_page_fault", MK_REFUSED,
	  MK_FIELD("__data_loc char[] device", 8, 4) MK_FIELD("u64 iova", 16, 8)
		  MK_FIELD("int flags", 24, 4) },
	{ "block", "block_rq_issue", MK_ISSUE,
	  MK_FIELD("dev_t dev", 8, 4) MK_FIELD("sector_t sector", 16, 8)
		  MK_FIELD("unsigned int nr_sector", 24, 4) MK_FIELD("unsigned int bytes", 28, 4)
			  MK_FIELD("char rwbs[8]", 32, 8) },
	{ "block", "block_rq_complete", MK_COMPLETE,
	  MK_FIELD("dev_t dev", 8, 4) MK_FIELD("sector_t sector", 16, 8)
		  MK_FIELD("unsigned int nr_sector", 24, 4) MK_FIELD("char rwbs[8]", 28, 8) },
	{ "nvme", "nvme_setup_cmd", MK_SETUP,
	  MK_FIELD("char disk[32]", 8, 32) MK_FIELD("int ctrl_id", 40, 4) MK_FIELD("int qid", 44, 4)
		  MK_FIELD("u8 opcode", 48, 1) MK_FIELD("u16 cid", 50, 2)
			  MK_FIELD("u32 nsid", 52, 4) MK_FIELD("u8 cdw10[24]", 56, 24) },
	{ "nvme", "nvme_complete_rq", MK_NVME_COMPLETE,
	  MK_FIELD("int ctrl_id", 8, 4) MK_FIELD("int qid", 12, 4) MK_FIELD("int cid", 16, 4) },
	{ "exceptions", "page_fault_user", MK_FAULT,
	  MK_FIELD("unsigned long address", 8, 8) MK_FIELD("unsigned long ip", 16, 8)
		  MK_FIELD("unsigned long error_code", 24, 8) },
	{ "intel_iommu", "prq_report", MK_PRQ,
	  MK_FIELD("u64 dw0", 8, 8) MK_FIELD("u64 dw1", 16, 8) MK_FIELD("unsigned long seq", 24, 8)
		  MK_FIELD("__data_loc char[] dev", 32, 4) },
	{ "intel_iommu", "qi_submit", MK_QI, MK_FIELD("u64 qw0", 8, 8) MK_FIELD("u64 qw1", 16, 8) },
};
enum { MK_FORMATS = sizeof(mk_formats) / sizeof(*mk_formats) };

static const char mk_header_page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				     "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				     "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				     "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";

static inline size_t mk_format_text(const struct mk_format *f, char *out, size_t cap)
{
	return (size_t)snprintf(out, cap, "name: %s\nID: %d\n" MK_COMMON "%s\nprint fmt: \"\"\n",
				f->name, (int)f->id, f->fields);
}

static inline void mk_sized_text(struct mk *m, const char *s, size_t n)
{
	mk_number(m, n, 8);
	mk_put(m, s, n);
}

static inline void mk_put_header_info(struct mk *m)
{
	mk_text(m, "header_page");
	mk_sized_text(m, mk_header_page, strlen(mk_header_page));
	mk_text(m, "header_event");
	mk_sized_text(m, "x\n", 2);
}

static inline void mk_put_ftrace_formats(struct mk *m)
{
	static const char print[] = "name: print\nID: 5\n" MK_COMMON
				    "\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;\n";
	mk_number(m, 1, 4);
	mk_sized_text(m, print, strlen(print));
}

static inline void mk_put_event_formats(struct mk *m)
{
	uint32_t systems = 0;
	for (unsigned i = 0; i < MK_FORMATS; i++)
		systems += !i || strcmp(mk_formats[i].system, mk_formats[i - 1].system);
	mk_number(m, systems, 4);
	for (unsigned i = 0; i < MK_FORMATS;) {
		unsigned k = i;
		while (k < MK_FORMATS && !strcmp(mk_formats[k].system, mk_formats[i].system))
			k++;
		mk_text(m, mk_formats[i].system);
		mk_number(m, k - i, 4);
		for (; i < k; i++) {
			char text[2048];
			mk_sized_text(m, text, mk_format_text(&mk_formats[i], text, sizeof(text)));
		}
	}
}

/* ---- pages ---- */

struct mk_cpu {
	struct mk pages; /* whole ones */
	struct mk page;  /* data of the one being filled */
	uint64_t page_ts, ts;
	uint64_t missed; /* to be flagged in the page being filled; UINT64_MAX: without number */
	uint32_t cpu;
	const char *instance, *clock; /* NULL: "" and "mono" */
};

static inline void mk_page_end(struct mk_cpu *c)
{
	if (!c->page.n)
		return;
	uint64_t commit = c->page.n;
	if (c->missed)
		commit |= UINT64_C(1) << 31;
	if (c->missed && c->missed != UINT64_MAX) {
		commit |= UINT64_C(1) << 30;
		mk_number(&c->page, c->missed, 8);
	}
	mk_number(&c->pages, c->page_ts, 8);
	mk_number(&c->pages, commit, 8);
	mk_put(&c->pages, c->page.p, c->page.n);
	mk_zeros(&c->pages, MK_PAGE - MK_HEAD - c->page.n);
	c->page.n = 0;
	c->missed = 0;
}

static inline void mk_event(struct mk_cpu *c, uint64_t ts, const struct mk *rec)
{
	const size_t words = (rec->n + 3) / 4;
	if (c->page.n + 4 * words + 24 > MK_PAGE - MK_HEAD)
		mk_page_end(c);
	if (!c->page.n)
		c->page_ts = c->ts = ts;
	uint64_t delta = ts - c->ts;
	if (delta >= 1 << 27) {
		mk_number(&c->page, (delta & ((1 << 27) - 1)) << 5 | 30, 4);
		mk_number(&c->page, delta >> 27, 4);
		delta = 0;
	}
	c->ts = ts;
	if (words && words <= 28) {
		mk_number(&c->page, delta << 5 | words, 4);
	} else {
		mk_number(&c->page, delta << 5, 4);
		mk_number(&c->page, 4 * words + 4, 4);
	}
	mk_put(&c->page, rec->p, rec->n);
	mk_zeros(&c->page, 4 * words - rec->n);
}

/* ---- records ---- */

static inline struct mk mk_record(enum mk_event id, int pid)
{
	struct mk r = {};
	mk_number(&r, (uint64_t)id, 4);
	mk_number(&r, (uint64_t)pid, 4);
	return r;
}

static inline void mk_pad_to(struct mk *r, size_t n)
{
	if (r->n < n)
		mk_zeros(r, n - r->n);
}

/* a __data_loc of what is appended at the record's end, written at `at` */
static inline void mk_data_loc(struct mk *r, size_t at, const void *p, size_t n)
{
	mk_pad_to(r, (r->n + 3) / 4 * 4);
	le32_put(r->p + at, (uint32_t)(n << 16 | r->n));
	mk_put(r, p, n);
}

static inline void mk_add(struct mk_cpu *c, uint64_t ts, struct mk r)
{
	mk_event(c, ts, &r);
	mk_free(&r);
}

static inline void mk_map_page(struct mk_cpu *c, uint64_t ts, int pid, const char *dev,
			       uint64_t phys, uint64_t dma, uint64_t size, unsigned dir)
{
	struct mk r = mk_record(MK_MAP_PAGE, pid);
	mk_pad_to(&r, 16);
	mk_number(&r, phys, 8);
	mk_number(&r, dma, 8);
	mk_number(&r, size, 8);
	mk_number(&r, dir, 8);
	mk_data_loc(&r, 8, dev, strlen(dev) + 1);
	mk_add(c, ts, r);
}

/* dma_unmap_page, dma_alloc and dma_free look alike */
static inline void mk_dma(struct mk_cpu *c, uint64_t ts, int pid, enum mk_event id, const char *dev,
			  uint64_t dma, uint64_t size, unsigned dir)
{
	struct mk r = mk_record(id, pid);
	mk_pad_to(&r, 16);
	mk_number(&r, dma, 8);
	mk_number(&r, size, 8);
	mk_number(&r, dir, 8);
	mk_data_loc(&r, 8, dev, strlen(dev) + 1);
	mk_add(c, ts, r);
}

static inline void mk_map_sg(struct mk_cpu *c, uint64_t ts, int pid, const char *dev,
			     const uint64_t *phys, unsigned nphys, const uint64_t *dma,
			     const uint32_t *len, unsigned ndma, unsigned full, unsigned dir)
{
	struct mk r = mk_record(MK_MAP_SG, pid);
	mk_pad_to(&r, 12);
	mk_number(&r, full, 4);
	mk_number(&r, full > ndma, 4);
	mk_pad_to(&r, 32);
	mk_number(&r, dir, 4);
	mk_data_loc(&r, 8, dev, strlen(dev) + 1);
	mk_data_loc(&r, 20, phys, 8 * (size_t)nphys);
	mk_data_loc(&r, 24, dma, 8 * (size_t)ndma);
	mk_data_loc(&r, 28, len, 4 * (size_t)ndma);
	mk_add(c, ts, r);
}

static inline void mk_unmap_sg(struct mk_cpu *c, uint64_t ts, int pid, const char *dev,
			       const uint64_t *phys, unsigned n, unsigned dir)
{
	struct mk r = mk_record(MK_UNMAP_SG, pid);
	mk_pad_to(&r, 16);
	mk_number(&r, dir, 4);
	mk_data_loc(&r, 8, dev, strlen(dev) + 1);
	mk_data_loc(&r, 12, phys, 8 * (size_t)n);
	mk_add(c, ts, r);
}

static inline void mk_iommu_map(struct mk_cpu *c, uint64_t ts, int pid, uint64_t iova,
				uint64_t paddr, uint64_t size)
{
	struct mk r = mk_record(MK_IOMMU_MAP, pid);
	mk_number(&r, iova, 8);
	mk_number(&r, paddr, 8);
	mk_number(&r, size, 8);
	mk_add(c, ts, r);
}

static inline void mk_iommu_unmap(struct mk_cpu *c, uint64_t ts, int pid, uint64_t iova,
				  uint64_t size)
{
	struct mk r = mk_record(MK_IOMMU_UNMAP, pid);
	mk_number(&r, iova, 8);
	mk_number(&r, size, 8);
	mk_number(&r, size, 8);
	mk_add(c, ts, r);
}

static inline void mk_issue(struct mk_cpu *c, uint64_t ts, int pid, uint64_t sector, uint32_t bytes,
			    const char *rwbs)
{
	struct mk r = mk_record(MK_ISSUE, pid);
	char letters[8] = "";
	snprintf(letters, sizeof(letters), "%s", rwbs);
	mk_number(&r, 259 << 20, 8);
	mk_number(&r, sector, 8);
	mk_number(&r, bytes / 512, 4);
	mk_number(&r, bytes, 4);
	mk_put(&r, letters, 8);
	mk_add(c, ts, r);
}

static inline void mk_complete(struct mk_cpu *c, uint64_t ts, int pid, uint64_t sector,
			       uint32_t sectors, const char *rwbs)
{
	struct mk r = mk_record(MK_COMPLETE, pid);
	char letters[8] = "";
	snprintf(letters, sizeof(letters), "%s", rwbs);
	mk_number(&r, 259 << 20, 8);
	mk_number(&r, sector, 8);
	mk_number(&r, sectors, 4);
	mk_put(&r, letters, 8);
	mk_add(c, ts, r);
}

static inline void mk_setup(struct mk_cpu *c, uint64_t ts, int pid, unsigned qid, unsigned cid,
			    unsigned opcode, uint64_t slba, unsigned blocks)
{
	struct mk r = mk_record(MK_SETUP, pid);
	char disk[32] = "";
	if (qid)
		strcpy(disk, "nvme0n1");
	mk_put(&r, disk, sizeof(disk));
	mk_number(&r, 0, 4);
	mk_number(&r, qid, 4);
	mk_number(&r, opcode, 2);
	mk_number(&r, cid, 2);
	mk_number(&r, 1, 4);
	mk_number(&r, slba, 8);
	mk_number(&r, blocks - 1, 8);
	mk_number(&r, 0, 8);
	mk_add(c, ts, r);
}

static inline void mk_nvme_complete(struct mk_cpu *c, uint64_t ts, int pid, unsigned qid,
				    unsigned cid)
{
	struct mk r = mk_record(MK_NVME_COMPLETE, pid);
	mk_number(&r, 0, 4);
	mk_number(&r, qid, 4);
	mk_number(&r, cid, 4);
	mk_add(c, ts, r);
}

static inline void mk_fault(struct mk_cpu *c, uint64_t ts, int pid, uint64_t va, unsigned error)
{
	struct mk r = mk_record(MK_FAULT, pid);
	mk_number(&r, va, 8);
	mk_number(&r, 0x400000, 8);
	mk_number(&r, error, 8);
	mk_add(c, ts, r);
}

static inline void mk_refused(struct mk_cpu *c, uint64_t ts, const char *dev, uint64_t iova,
			      unsigned flags)
{
	struct mk r = mk_record(MK_REFUSED, 0);
	mk_pad_to(&r, 16);
	mk_number(&r, iova, 8);
	mk_number(&r, flags, 4);
	mk_data_loc(&r, 8, dev, strlen(dev) + 1);
	mk_add(c, ts, r);
}

/* A page request (write, last of its group), as VT-d has it. */
static inline void mk_prq(struct mk_cpu *c, uint64_t ts, const char *dev, unsigned rid,
			  unsigned pasid, unsigned group, uint64_t addr, bool write, bool last)
{
	struct mk r = mk_record(MK_PRQ, 0);
	mk_number(&r, 1 | 1 << 8 | (uint64_t)rid << 16 | (uint64_t)pasid << 32, 8);
	mk_number(&r, addr | (uint64_t)group << 3 | last << 2 | write << 1 | 1, 8);
	mk_number(&r, 0, 8);
	mk_pad_to(&r, 36);
	mk_data_loc(&r, 32, dev, strlen(dev) + 1);
	mk_add(c, ts, r);
}

/* The answer to a group, or (type other than 9) another descriptor. */
static inline void mk_qi(struct mk_cpu *c, uint64_t ts, unsigned type, unsigned rid, unsigned pasid,
			 unsigned group, unsigned code)
{
	struct mk r = mk_record(MK_QI, 0);
	mk_number(&r,
		  type | 1 << 4 | (uint64_t)code << 12 | (uint64_t)rid << 16 |
			  (uint64_t)pasid << 32,
		  8);
	mk_number(&r, (uint64_t)group << 3, 8);
	mk_add(c, ts, r);
}

/* ---- files ---- */

static inline void mk_option(struct mk *m, unsigned id, const void *p, size_t n)
{
	mk_number(m, id, 2);
	mk_number(m, n, 4);
	mk_put(m, p, n);
}

static inline void mk_align(struct mk *m)
{
	mk_zeros(m, (MK_PAGE - m->n % MK_PAGE) % MK_PAGE);
}

static inline void mk_start(struct mk *m, const char *version)
{
	mk_put(m,
	       "\x17\x08"
	       "Dtracing",
	       10);
	mk_text(m, version);
	mk_number(m, 0, 1);
	mk_number(m, 8, 1);
	mk_number(m, MK_PAGE, 4);
}

/* Text of a CPUSTAT option. */
static inline size_t mk_stat_text(char *out, size_t cap, unsigned cpu, unsigned overrun)
{
	return 1 + (size_t)snprintf(out, cap,
				    "CPU: %u\nentries: 0\noverrun: %u\ncommit overrun: 0\n"
				    "bytes: 0\ndropped events: 0\nread events: 0\n",
				    cpu, overrun);
}

/* Version 6, top buffer only: one CPU each, numbered from 0. */
static inline struct mk mk_file_v6(struct mk_cpu *cpus, unsigned n, unsigned overrun)
{
	static const char clock[] = "local global [mono] boot";
	char stat[256];
	struct mk m = {};
	mk_start(&m, "6");
	mk_put_header_info(&m);
	mk_put_ftrace_formats(&m);
	mk_put_event_formats(&m);
	mk_number(&m, 0, 4);
	mk_number(&m, 0, 4);
	mk_number(&m, 0, 8);
	mk_number(&m, n, 4);
	mk_text(&m, "options  ");
	mk_option(&m, 4, clock, sizeof(clock));
	mk_option(&m, 2, stat, mk_stat_text(stat, sizeof(stat), 0, overrun));
	mk_number(&m, 0, 2);
	mk_text(&m, "flyrecord");
	const size_t table = m.n;
	mk_zeros(&m, 16 * (size_t)n);
	for (unsigned i = 0; i < n; i++) {
		mk_page_end(&cpus[i]);
		mk_align(&m);
		le64_put(m.p + table + 16 * i, m.n);
		le64_put(m.p + table + 16 * i + 8, cpus[i].pages.n);
		mk_put(&m, cpus[i].pages.p, cpus[i].pages.n);
	}
	return m;
}

/* A section, compressed where the file is; returns its offset. */
static inline uint64_t mk_section(struct mk *m, unsigned id, const struct mk *data, bool zstd)
{
	const uint64_t offset = m->n;
	mk_number(m, id, 2);
	mk_number(m, zstd, 2);
	mk_number(m, 0, 4);
	if (!zstd) {
		mk_number(m, data->n, 8);
		mk_put(m, data->p, data->n);
		return offset;
	}
	const size_t cap = ZSTD_compressBound(data->n);
	uint8_t *packed = malloc(cap);
	const size_t n = ZSTD_compress(packed, cap, data->p, data->n, 3);
	mk_number(m, n + 8, 8);
	mk_number(m, n, 4);
	mk_number(m, data->n, 4);
	mk_put(m, packed, n);
	free(packed);
	return offset;
}

/* Pages of a CPU as chunks of MK_CHUNK_PAGES. */
static inline void mk_put_chunks(struct mk *m, const struct mk *pages)
{
	const size_t chunk = MK_CHUNK_PAGES * MK_PAGE, cap = ZSTD_compressBound(chunk);
	uint8_t *packed = malloc(cap);
	mk_number(m, (pages->n + chunk - 1) / chunk, 4);
	for (size_t at = 0; at < pages->n; at += chunk) {
		const size_t plain = pages->n - at < chunk ? pages->n - at : chunk;
		const size_t n = ZSTD_compress(packed, cap, pages->p + at, plain, 3);
		mk_number(m, n, 4);
		mk_number(m, plain, 4);
		mk_put(m, packed, n);
	}
	free(packed);
}

/* The buffer of cpus[0 .. n), its option and the end of an options section at `link`. */
static inline void mk_put_buffer(struct mk *m, struct mk_cpu *cpus, unsigned n, bool zstd,
				 uint64_t *link)
{
	struct mk option = {}, options = {};
	const uint64_t section = m->n;
	mk_number(m, 3, 2);
	mk_number(m, zstd, 2);
	mk_number(m, 0, 4);
	mk_number(m, 0, 8);
	mk_number(&option, section, 8);
	mk_text(&option, cpus->instance ? cpus->instance : "");
	mk_text(&option, cpus->clock ? cpus->clock : "mono");
	mk_number(&option, MK_PAGE, 4);
	mk_number(&option, n, 4);
	for (unsigned i = 0; i < n; i++) {
		mk_page_end(&cpus[i]);
		mk_align(m);
		const uint64_t at = m->n;
		if (zstd)
			mk_put_chunks(m, &cpus[i].pages);
		else
			mk_put(m, cpus[i].pages.p, cpus[i].pages.n);
		mk_number(&option, cpus[i].cpu, 4);
		mk_number(&option, at, 8);
		mk_number(&option, m->n - at - (zstd ? 4 : 0), 8);
	}
	le64_put(m->p + section + 8, m->n - section - 16);

	le64_put(m->p + *link, m->n);
	mk_option(&options, 3, option.p, option.n);
	mk_option(&options, 0, "\0\0\0\0\0\0\0", 8);
	mk_section(m, 0, &options, false);
	*link = m->n - 8;
	mk_free(&option);
	mk_free(&options);
}

/*
 * Version 7: cpus with the same instance, next to each other, make one buffer.
 * more: further options, or NULL.
 */
static inline struct mk mk_file_v7(struct mk_cpu *cpus, unsigned n, bool zstd,
				   const struct mk *more)
{
	struct mk m = {}, s = {}, options = {};
	mk_start(&m, "7");
	mk_text(&m, zstd ? "zstd" : "none");
	mk_text(&m, zstd ? "1.5.4" : "");
	const size_t first = m.n;
	mk_zeros(&m, 8);

	void (*const put[])(struct mk *) = { mk_put_header_info, mk_put_ftrace_formats,
					     mk_put_event_formats };
	for (unsigned i = 0; i < 3; i++) {
		uint8_t offset[8];
		s.n = 0;
		put[i](&s);
		le64_put(offset, mk_section(&m, 16 + i, &s, zstd));
		mk_option(&options, 16 + i, offset, 8);
	}
	mk_option(&options, 5, "Linux test 6.12", sizeof("Linux test 6.12"));
	if (more)
		mk_put(&options, more->p, more->n);
	mk_option(&options, 0, "\0\0\0\0\0\0\0", 8);
	le64_put(m.p + first, m.n);
	mk_section(&m, 0, &options, false);
	uint64_t link = m.n - 8;
	for (unsigned i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n; k++)
			if (cpus[k].instance != cpus[i].instance)
				break;
		mk_put_buffer(&m, cpus + i, k - i, zstd, &link);
	}
	mk_free(&s);
	mk_free(&options);
	return m;
}

static inline void mk_cpu_free(struct mk_cpu *c)
{
	mk_free(&c->pages);
	mk_free(&c->page);
}

#endif
