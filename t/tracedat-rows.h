// SPDX-License-Identifier: MIT
/*
 * Imports a recording, of a file or made by the test, into a trace of its own
 * and reads everything back: rows, accounting, losses, meta. A trace.dat unless
 * the test names another format.
 */
#ifndef PUGMARK_T_TRACEDAT_ROWS_H
#define PUGMARK_T_TRACEDAT_ROWS_H

#include "collect/import.h"
#include "store/trace.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rows {
	int rc; /* of the import */
	struct err e;
	uint64_t damaged;
	char first_damage[240];
	struct dma_event *dma;
	struct io_event *io;
	struct fault_event *fault;
	struct pkt_event *pkt;
	struct mem_event *mem;
	struct iopf_event *iopf;
	size_t ndma, nio, nfault, npkt, nmem, niopf;
	struct trace *trace; /* for rows_number; NULL when the import failed */
	char path[512];
};

#define ROWS_COLUMN(field, type, sql, transform, pack, null, names) \
	row->field = (type)batch_value(b, column++, i);
#define ROWS_READ(lower, UPPER)                                                             \
	static inline size_t rows_read_##lower(struct trace *t, struct lower##_event **out) \
	{                                                                                   \
		const struct trace_stream_info *s = trace_find_stream(t, KIND_##UPPER);     \
		struct trace_reader *r;                                                     \
		const struct batch *b;                                                      \
		size_t n = 0;                                                               \
		if (!s)                                                                     \
			return 0;                                                           \
		const struct trace_select all = { .stream = s->id, .dev = -1 };             \
		*out = calloc(s->rows, sizeof(**out));                                      \
		if (trace_reader_open(t, &all, &r, NULL))                                   \
			return 0;                                                           \
		while (trace_reader_next(r, &b, NULL) == 1)                                 \
			for (uint32_t i = 0; i < b->n && n < s->rows; i++) {                \
				struct lower##_event *row = &(*out)[n++];                   \
				unsigned column = 0;                                        \
				UPPER##_COLUMNS(ROWS_COLUMN)                                \
			}                                                                   \
		trace_reader_close(r);                                                      \
		return n;                                                                   \
	}
ROWS_READ(dma, DMA)
ROWS_READ(io, IO)
ROWS_READ(fault, FAULT)
ROWS_READ(pkt, PKT)
ROWS_READ(mem, MEM)
ROWS_READ(iopf, IOPF)

/* One input, or several: side by side for a format with is_parallel, else one after another. */
static inline struct rows rows_import_as(const char *format, struct input **all, unsigned n)
{
	static unsigned number;
	const struct trace_writer_options options = { .collector = "test", .clock = "trace" };
	const struct import_options as = { .as = AS_PA };
	struct rows r = {};
	const struct importer *importer = importer_find(format);
	struct import im = { .options = &as };

	if (n > 1 && importer->is_parallel) {
		im.all = all;
		im.nall = n;
	}
	const char *tmp = getenv("TMPDIR");
	snprintf(r.path, sizeof(r.path), "%s/tracedat-test-%d-%u.db",
		 tmp && *tmp ? tmp : "/var/tmp", (int)getpid(), number++);
	unlink(r.path);
	r.rc = trace_writer_open(r.path, &options, &im.w, &r.e);
	if (r.rc)
		return r;
	const unsigned runs = importer->is_parallel ? 1 : n;
	for (unsigned i = 0; !r.rc && i < runs; i++) {
		im.in = all[i];
		im.is_last = i + 1 == runs;
		r.rc = importer->run(&im, &r.e);
		im.at.file++;
	}
	if (im.state_free)
		im.state_free(im.state);
	r.damaged = im.at.damaged;
	memcpy(r.first_damage, im.first_damage.msg, sizeof(r.first_damage));
	if (r.rc) {
		trace_writer_abort(im.w);
		return r;
	}
	r.rc = trace_writer_seal(im.w, &r.e);
	if (!r.rc)
		r.rc = trace_open(r.path, &r.trace, &r.e);
	if (!r.rc) {
		r.ndma = rows_read_dma(r.trace, &r.dma);
		r.nio = rows_read_io(r.trace, &r.io);
		r.nfault = rows_read_fault(r.trace, &r.fault);
		r.npkt = rows_read_pkt(r.trace, &r.pkt);
		r.nmem = rows_read_mem(r.trace, &r.mem);
		r.niopf = rows_read_iopf(r.trace, &r.iopf);
	}
	return r;
}

static inline struct rows rows_import(struct input *in)
{
	return rows_import_as("trace-dat", &in, 1);
}

static inline struct rows rows_of_bytes_as(const char *format, const void *p, size_t n)
{
	struct input *in;
	struct rows r = {};
	r.rc = input_open_memory("in", p, n, &in, &r.e);
	if (r.rc)
		return r;
	r = rows_import_as(format, &in, 1);
	input_close(in);
	return r;
}

static inline struct rows rows_of_bytes(const void *p, size_t n)
{
	struct input *in;
	struct rows r = {};
	r.rc = input_open_memory("made.dat", p, n, &in, &r.e);
	if (r.rc)
		return r;
	r = rows_import(in);
	input_close(in);
	return r;
}

/* The first column of the first row of a query; UINT64_MAX when there is none. */
static inline uint64_t rows_number(const struct rows *r, const char *sql)
{
	sqlite3_stmt *st;
	uint64_t v = UINT64_MAX;
	if (sqlite3_prepare_v2(trace_sqlite(r->trace, 0), sql, -1, &st, NULL))
		return v;
	if (sqlite3_step(st) == SQLITE_ROW)
		v = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

/* One column of a line of the accounting; UINT64_MAX when there is no such line. */
static inline uint64_t rows_account(const struct rows *r, const char *source, const char *column)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "SELECT \"%s\" FROM account WHERE source = '%s'", column,
		 source);
	return rows_number(r, sql);
}

static inline void rows_free(struct rows *r)
{
	trace_close(r->trace);
	if (r->path[0])
		unlink(r->path);
	free(r->dma);
	free(r->io);
	free(r->fault);
	free(r->pkt);
	free(r->mem);
	free(r->iopf);
	*r = (struct rows){};
}

#endif
