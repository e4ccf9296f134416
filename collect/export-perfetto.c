// SPDX-License-Identifier: MIT
/*
 * Chrome trace-event JSON, which ui.perfetto.dev opens: a process per device
 * with a track per queue. Block requests are complete events (instants where
 * the latency is not known), map .. unmap and alloc .. free async spans by
 * device and page, other DMA rows instants, I/O page faults complete events
 * from detection to resume, CPU faults instants of a process per VM. Streams
 * come one after another; the viewers sort. Times are microseconds with three
 * decimals, so nothing is lost.
 */
#include "base/units.h"
#include "collect/export.h"
#include "reports/report.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_VM_PID = 1 << 17 }; /* above all devices (pid = device + 1) */

static void put_us(struct outbuf *o, const char *key, uint64_t ns)
{
	outbuf_text(o, key);
	outbuf_u64(o, ns / NS_PER_US);
	outbuf_char(o, '.');
	for (uint64_t div = 100; div; div /= 10)
		outbuf_char(o, (char)('0' + ns % NS_PER_US / div % 10));
}

static void put_number(struct outbuf *o, const char *key, uint64_t v)
{
	outbuf_text(o, key);
	outbuf_u64(o, v);
}

/* `,{"ph":"X","cat":"io","name":"read","pid":1,"tid":2,"ts":3.000` */
static void begin_event(struct outbuf *o, const char *ph, const char *cat, const char *name,
			uint64_t pid, uint64_t tid, uint64_t ts)
{
	outbuf_text(o, ",\n{\"ph\":\"");
	outbuf_text(o, ph);
	outbuf_text(o, "\",\"cat\":\"");
	outbuf_text(o, cat);
	outbuf_text(o, "\",\"name\":\"");
	outbuf_text(o, name);
	put_number(o, "\",\"pid\":", pid);
	put_number(o, ",\"tid\":", tid);
	put_us(o, ",\"ts\":", ts);
}

/* A complete event where the duration is known, an instant otherwise. */
static void begin_span(struct outbuf *o, const char *cat, const char *name, uint64_t pid,
		       uint64_t tid, uint64_t ts, bool has_end, uint64_t duration)
{
	begin_event(o, has_end ? "X" : "i", cat, name, pid, tid, ts);
	if (has_end)
		put_us(o, ",\"dur\":", duration);
	else
		outbuf_text(o, ",\"s\":\"t\"");
}

static const char *name_of(const char *const *names, uint64_t v)
{
	for (uint64_t i = 0; names[i]; i++)
		if (i == v)
			return names[i];
	return "unknown";
}

static int put_io(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	struct outbuf *o = &x->out;

	(void)ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		const uint64_t lat = batch_u64(b, IO_COL_lat)[i], lba = batch_u64(b, IO_COL_lba)[i];
		const uint16_t qid = batch_u16(b, IO_COL_qid)[i];
		begin_span(o, "io", name_of(kind_io_op_names, batch_u8(b, IO_COL_op)[i]),
			   batch_u16(b, IO_COL_dev)[i] + 1U, qid == UINT16_MAX ? 0 : qid,
			   batch_u64(b, IO_COL_ts)[i], lat != UINT64_MAX, lat);
		put_number(o, ",\"args\":{\"bytes\":", batch_u64(b, IO_COL_bytes)[i]);
		if (lba != UINT64_MAX)
			put_number(o, ",\"lba\":", lba);
		outbuf_text(o, "}}");
	}
	return o->error ? outbuf_flush(o, e) : 0;
}

/* "b" for what begins a span, "e" for what ends one, "i": neither */
static const char *dma_phase(uint8_t op)
{
	switch (op) {
	case DMA_MAP:
	case DMA_ALLOC:
		return "b";
	case DMA_UNMAP:
	case DMA_FREE:
		return "e";
	default:
		return "i";
	}
}

static int put_dma(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	struct outbuf *o = &x->out;

	(void)ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		const uint8_t op = batch_u8(b, DMA_COL_op)[i];
		const uint16_t dev = batch_u16(b, DMA_COL_dev)[i];
		const uint64_t pfn = batch_u64(b, DMA_COL_pfn)[i];
		const char *ph = dma_phase(op);
		const bool is_span = *ph != 'i' && pfn != UINT64_MAX;
		/* both ends of a span have one name */
		const char *name = !is_span ? name_of(kind_dma_op_names, op)
				   : op == DMA_MAP || op == DMA_UNMAP ? "mapped"
								      : "allocated";
		begin_event(o, is_span ? ph : "i", "dma", name, dev + 1U, 0,
			    batch_u64(b, DMA_COL_ts)[i]);
		if (is_span) {
			put_number(o, ",\"id\":\"", dev);
			put_number(o, ":", pfn);
			outbuf_text(o, "\"");
		} else {
			outbuf_text(o, ",\"s\":\"t\"");
		}
		put_number(o, ",\"args\":{\"npages\":", batch_u32(b, DMA_COL_npages)[i]);
		put_number(o, ",\"bytes\":", batch_u64(b, DMA_COL_bytes)[i]);
		if (pfn != UINT64_MAX)
			put_number(o, ",\"pfn\":", pfn);
		outbuf_text(o, ",\"dir\":\"");
		outbuf_text(o, name_of(kind_dir_names, batch_u8(b, DMA_COL_dir)[i]));
		outbuf_text(o, "\"}}");
	}
	return o->error ? outbuf_flush(o, e) : 0;
}

static int put_fault(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	struct outbuf *o = &x->out;

	(void)ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		const uint64_t lat = batch_u64(b, FAULT_COL_lat)[i];
		const uint64_t va = batch_u64(b, FAULT_COL_va)[i];
		const uint8_t major = batch_u8(b, FAULT_COL_major)[i];
		begin_span(o, "fault", major == 1 ? "major fault" : "fault",
			   FIRST_VM_PID + batch_u16(b, FAULT_COL_vm)[i],
			   batch_u32(b, FAULT_COL_asid)[i], batch_u64(b, FAULT_COL_ts)[i],
			   lat != UINT64_MAX, lat);
		if (va != UINT64_MAX) {
			put_number(o, ",\"args\":{\"va\":", va);
			outbuf_char(o, '}');
		}
		outbuf_char(o, '}');
	}
	return o->error ? outbuf_flush(o, e) : 0;
}

static int put_iopf(struct export *x, const struct batch *b, void *ctx, struct err *e)
{
	struct outbuf *o = &x->out;

	(void)ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		const uint64_t ts = batch_u64(b, IOPF_COL_ts)[i];
		const uint64_t resume = batch_u64(b, IOPF_COL_resume)[i];
		const uint16_t queue = batch_u16(b, IOPF_COL_queue)[i];
		begin_span(o, "iopf", "I/O page fault", batch_u16(b, IOPF_COL_dev)[i] + 1U,
			   queue == UINT16_MAX ? 0 : queue, ts,
			   resume != UINT64_MAX && resume >= ts, resume - ts);
		put_number(o, ",\"args\":{\"pfn\":", batch_u64(b, IOPF_COL_pfn)[i]);
		outbuf_text(o, ",\"outcome\":\"");
		outbuf_text(o, name_of(kind_outcome_names, batch_u8(b, IOPF_COL_outcome)[i]));
		outbuf_text(o, "\"}}");
	}
	return o->error ? outbuf_flush(o, e) : 0;
}

/* Names of the processes; the first event, so that each later one begins with a comma. */
static int put_names(struct export *x, struct err *e)
{
	char *text = NULL;
	size_t n;
	sqlite3_stmt *st = NULL;
	FILE *f = open_memstream(&text, &n);
	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory");

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
	      "{\"ph\":\"M\",\"name\":\"trace\",\"pid\":0,\"tid\":0,\"ts\":0,\"args\":{\"path\":",
	      f);
	report_json_string(f, trace_path(x->t));
	fputs("}}", f);
	const unsigned last = trace_nfiles(x->t) - 1; /* knows all names of a set */
	if (!sqlite3_prepare_v2(trace_sqlite(x->t, last), "SELECT dev_id, bdf FROM device", -1, &st,
				NULL))
		while (sqlite3_step(st) == SQLITE_ROW) {
			const char *bdf = (const char *)sqlite3_column_text(st, 1);
			fprintf(f,
				",\n{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":%lld,"
				"\"tid\":0,\"ts\":0,\"args\":{\"name\":",
				(long long)sqlite3_column_int64(st, 0) + 1);
			report_json_string(f, bdf ? bdf : "unknown");
			fputs("}}", f);
		}
	sqlite3_finalize(st);
	const bool is_ok = !fclose(f) && text;
	if (is_ok)
		outbuf_bytes(&x->out, text, n);
	free(text);
	return is_ok ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static int run(struct export *x, struct err *e)
{
	static int (*const put[KIND_COUNT])(struct export *, const struct batch *, void *,
					    struct err *) = {
		[KIND_IO] = put_io,
		[KIND_DMA] = put_dma,
		[KIND_FAULT] = put_fault,
		[KIND_IOPF] = put_iopf,
	};
	int rc = put_names(x, e);

	for (unsigned i = 0; !rc && i < trace_nstreams(x->t); i++) {
		const struct trace_stream_info *s = trace_stream_info(x->t, i);
		if (put[s->kind->id] && (!x->stream || x->stream == s))
			rc = export_each_batch(x, s, 0, put[s->kind->id], NULL, e);
	}
	outbuf_text(&x->out, "\n]}\n");
	return rc;
}

static const enum kind_id shown_kinds[] = { KIND_IO, KIND_DMA, KIND_FAULT, KIND_IOPF, KIND_COUNT };

const struct exporter export_perfetto = {
	.name = "perfetto",
	.summary = "io, dma, fault and iopf as JSON for ui.perfetto.dev",
	.kinds = shown_kinds,
	.is_of_all = true,
	.run = run,
};
