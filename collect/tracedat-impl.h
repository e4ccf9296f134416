// SPDX-License-Identifier: MIT
/*
 * Private to collect/tracedat*.c: the state of an open trace.dat, its section
 * reader and its per-CPU streams.
 */
#ifndef PUGMARK_COLLECT_TRACEDAT_IMPL_H
#define PUGMARK_COLLECT_TRACEDAT_IMPL_H

#include "collect/ringbuf.h"
#include "collect/tracedat.h"

#include <zstd.h>

enum {
	SECTION_RAW_BYTES = 1 << 14,
	FORMAT_TEXT_MAX = 1 << 16, /* fields come first; what lies beyond is print format */
	REPORTS_MAX = 1 << 13,
};

/*
 * Sequential reader of metadata: a plain range of the file, or one compressed
 * section decoded as a stream, so that memory does not depend on what the
 * section claims to hold.
 */
struct section {
	struct input *in;
	uint64_t begin, pos, end; /* bytes of the file; pos is behind the buffered ones */
	ZSTD_DCtx *zstd;          /* NULL: plain */
	uint64_t plain_left;      /* decoded bytes left, zstd only */
	ZSTD_inBuffer raw;
	uint8_t buf[SECTION_RAW_BYTES];
};

/* zstd is NULL for plain bytes; otherwise a compression header follows at begin. */
int section_open(struct section *s, struct input *in, uint64_t begin, uint64_t end, ZSTD_DCtx *zstd,
		 struct err *e);
int section_read(struct section *s, void *dst, size_t n, struct err *e);
int section_skip(struct section *s, uint64_t n, struct err *e);
int section_u16(struct section *s, uint16_t *out, struct err *e);
int section_u32(struct section *s, uint32_t *out, struct err *e);
int section_u64(struct section *s, uint64_t *out, struct err *e);
/* Terminated by 0 in the file; what does not fit is read and dropped. */
int section_string(struct section *s, char *dst, size_t cap, struct err *e);
/* Offset in the file of the next byte (of the section when it is compressed), for sentences. */
uint64_t section_offset(const struct section *s);
/* Bytes that may still be read; an upper bound when compressed. */
uint64_t section_left(const struct section *s);

/* The records of one CPU in one buffer. */
struct tracedat_cpu {
	struct tracedat_cpu_report *report;
	uint32_t cpu, buffer, page_bytes, order; /* order breaks ties of time */
	bool is_compressed, is_ended;
	uint64_t pos, end;    /* next byte to read and end of this CPU's data in the file */
	uint32_t chunks_left; /* compressed only */

	uint8_t *buf; /* whole pages, [buf_pos, buf_len) not yet opened */
	uint32_t buf_cap, buf_len, buf_pos;
	uint64_t buf_offset; /* in the file, of buf[0]; of the last chunk when compressed */

	struct ringbuf_page page;
	uint64_t page_offset; /* in the file, for sentences */
	bool page_is_cut;     /* the file ends inside it */
	uint64_t limit;       /* no record of this page may be later */
	struct ringbuf_record rec;
	uint64_t last; /* time of the last record, never decreases */
	bool has_last;
};

struct tracedat_buffer {
	char name[TRACEDAT_NAME_BYTES], clock[TRACEDAT_NAME_BYTES];
	uint64_t offset; /* of its section (v7) */
};

struct tracedat {
	struct input *in;
	uint64_t size;
	struct tracedat_handlers h;
	struct tracedat_info info;
	struct ringbuf_layout layout;
	bool has_layout, has_formats, is_compressed;
	char *text;                            /* FORMAT_TEXT_MAX + 1 bytes, while opening */
	char stat_buffer[TRACEDAT_NAME_BYTES]; /* CPUSTAT options that follow belong to it */

	struct tracedat_buffer *buffers;
	uint32_t nbuffers, buffers_cap;
	struct tracedat_cpu *cpus;
	uint32_t ncpus, cpus_cap;
	struct tracedat_cpu_report *reports;
	size_t nreports;
	struct tracedat_cpu_report spare_report; /* shared by CPUs beyond REPORTS_MAX */

	struct tracedat_cpu **heap;
	uint32_t nheap;
	bool is_started;

	ZSTD_DCtx *zstd;
	uint8_t *packed; /* one compressed chunk */
	size_t packed_cap;
	uint64_t claimed_bytes; /* of the file, by all CPUs */
	uint64_t missing_bytes; /* that lie behind the end of the file, as far as it tells */
	uint64_t buffer_budget; /* bytes of page buffers that may still be taken */
};

/* "byte N: ..." to the damage handler */
void tracedat_damage(struct tracedat *t, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* tracedat-meta.c: header, formats, options; fills buffers and cpus. */
int tracedat_read_meta(struct tracedat *t, struct err *e);

/* The report of a CPU, made at first use; the spare one when there are too many. */
struct tracedat_cpu_report *tracedat_report(struct tracedat *t, const char *buffer, uint32_t cpu);

int tracedat_add_buffer(struct tracedat *t, const char *name, const char *clock, uint64_t offset,
			struct err *e);
/* Claims [offset, offset + size) of the file for one CPU of a buffer. */
int tracedat_add_cpu(struct tracedat *t, uint32_t buffer, uint32_t cpu, uint64_t offset,
		     uint64_t size, uint32_t page_bytes, bool is_compressed, struct err *e);

/* tracedat-cpu.c */
/* 1 when s->rec holds the next record, 0 at the end, negative on an I/O error. */
int tracedat_cpu_advance(struct tracedat *t, struct tracedat_cpu *s, struct err *e);
/* End of the CPU data that start at offset (compressed), as far as the file goes. */
uint64_t tracedat_chunks_end(struct tracedat *t, uint64_t offset, uint64_t limit);

#endif
