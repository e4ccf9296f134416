// SPDX-License-Identifier: MIT
/* Rows of tracepoints into a trace, and what the trace says beside them. */
#include "collect/pointimport.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	MAPPINGS_LEAST = 1 << 16,
	MAPPING_BYTES = 96, /* that a live mapping takes at least */
};

uint64_t pointimport_mappings_max(uint64_t bytes)
{
	const uint64_t n = bytes / MAPPING_BYTES;
	return n > MAPPINGS_LEAST ? n : MAPPINGS_LEAST;
}

/* ---- rows ---- */

int pointimport_stream(struct pointimport *p, enum kind_id kind, struct trace_stream **out,
		       struct err *e)
{
	struct trace_stream **s = &p->streams[kind];
	const int rc = *s ? 0 : trace_writer_stream(p->im->w, kind, s, e);
	*out = *s;
	return rc;
}

#define PUT(lower, UPPER)                                                                 \
	static int put_##lower(void *ctx, const struct lower##_event *row, struct err *e) \
	{                                                                                 \
		struct pointimport *p = ctx;                                              \
		struct trace_stream *s;                                                   \
		const int rc = pointimport_stream(p, KIND_##UPPER, &s, e);                \
		p->im->at.stored++;                                                       \
		return rc ? rc : lower##_put(s, row, e);                                  \
	}
PUT(dma, DMA)
PUT(io, IO)
PUT(fault, FAULT)
PUT(iopf, IOPF)

static int device_number(void *ctx, const struct trace_device *d, uint16_t *dev_out, struct err *e)
{
	struct pointimport *p = ctx;
	return trace_writer_device(p->im->w, d, dev_out, e);
}

static int source_number(void *ctx, const char *name, const char *coverage, uint16_t *source_out,
			 struct err *e)
{
	struct pointimport *p = ctx;
	return trace_writer_source(p->im->w, name, coverage, source_out, e);
}

struct tracepoint_sink pointimport_sink(struct pointimport *p)
{
	return (struct tracepoint_sink){
		.ctx = p,
		.dma = put_dma,
		.io = put_io,
		.fault = put_fault,
		.iopf = put_iopf,
		.device = device_number,
		.source = source_number,
	};
}

/* ---- what a reader tells ---- */

int pointimport_format(struct pointimport *p, const char *system, const char *text, size_t n,
		       struct err *e)
{
	struct evformat f;
	struct err why = {};
	if (!evformat_parse(text, n, &f, &why)) {
		const char *known = p->is_silent ? NULL : tracepoints_name(p->points, f.id);
		char name[TRACEPOINT_NAME_BYTES];
		snprintf(name, sizeof(name), "%.63s:%.63s", system, f.name);
		if (known && strcmp(known, name) && p->bad_formats++ < POINTIMPORT_SENTENCES)
			import_damage(p->im,
				      "%s: event %u is %s here and was %s before: a recording "
				      "of another boot?",
				      input_name(p->im->in), f.id, name, known);
		return tracepoints_add(p->points, system, &f, e);
	}
	if (!p->is_silent && p->bad_formats++ < POINTIMPORT_SENTENCES)
		import_damage(p->im, "%s: format of %s:%.32s: %.100s", input_name(p->im->in),
			      system, f.name, why.msg);
	return 0;
}

void pointimport_damage(struct pointimport *p, const char *sentence)
{
	if (!p->is_silent)
		import_damage(p->im, "%s: %s", input_name(p->im->in), sentence);
}

uint64_t pointimport_time(struct pointimport *p, uint64_t ns)
{
	if (!p->has_base) {
		p->base = ns;
		p->has_base = true;
	}
	return ns > p->base ? ns - p->base : 0;
}

void pointimport_lost(struct pointimport *p, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	if (p->is_silent)
		return;
	const struct pointimport_loss x = { from, to, n ? n : 1, cpu };
	if (p->nlosses < POINTIMPORT_LOSSES_MAX) {
		p->losses[p->nlosses++] = x;
		return;
	}
	struct pointimport_loss *last = &p->losses[POINTIMPORT_LOSSES_MAX - 1];
	last->n += x.n;
	if (x.to > last->to)
		last->to = x.to;
	if (x.from < last->from)
		last->from = x.from;
}

void pointimport_warn(struct pointimport *p, const char *sentence)
{
	if (p->im->warn)
		p->im->warn(p->im->ctx, sentence);
}

/* ---- what the trace says beside its rows ---- */

int pointimport_put_losses(struct pointimport *p, const char *how, struct err *e)
{
	char detail[160];
	int rc = 0;
	for (unsigned i = 0; !rc && i < p->nlosses; i++) {
		const struct pointimport_loss *x = &p->losses[i];
		snprintf(detail, sizeof(detail), "%scpu %u: %s",
			 i == POINTIMPORT_LOSSES_MAX - 1 ? "and more, " : "", x->cpu, how);
		rc = trace_writer_loss(p->im->w, NULL, x->from, x->to, x->n, "ring", detail, e);
	}
	return rc;
}

int pointimport_put_accounts(struct pointimport *p, struct err *e)
{
	const char *name;
	struct trace_account a;
	int rc = 0;
	for (size_t i = 0; !rc && tracepoints_account(p->points, i, &name, &a); i++) {
		if (!a.seen)
			continue;
		rc = trace_writer_account(p->im->w, name, &a, e);
	}
	return rc;
}

int pointimport_put_number(struct pointimport *p, const char *key, uint64_t v, struct err *e)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, v);
	return trace_writer_meta(p->im->w, key, text, e);
}

int pointimport_put_clock(struct pointimport *p, const char *clock, uint64_t real_ns, struct err *e)
{
	const struct trace_clock c = {
		.mono_ns = strcmp(clock, "mono") ? UINT64_MAX : p->base,
		.boot_ns = strcmp(clock, "boot") ? UINT64_MAX : p->base,
		.real_ns = strcmp(clock, "realtime") ? real_ns : p->base,
	};
	if (c.mono_ns == UINT64_MAX && c.boot_ns == UINT64_MAX && c.real_ns == UINT64_MAX)
		return 0;
	return trace_writer_clock(p->im->w, &c, e);
}

static void tell_undecodable(struct pointimport *p)
{
	const char *field, *name;
	struct trace_account a;
	for (size_t k = 0; tracepoints_account(p->points, k, &name, &a); k++)
		if (a.decode_error && tracepoints_undecodable(p->points, k, &field))
			import_damage(p->im,
				      "%s: %s has no field '%s': %" PRIu64 " records left out",
				      input_name(p->im->in), name, field, a.decode_error);
}

int pointimport_put_remarks(struct pointimport *p, struct err *e)
{
	struct tracepoint_stats s;
	char text[240];
	int rc = 0;
	tracepoints_stats(p->points, &s);
	if (s.cut_lists) {
		snprintf(text, sizeof(text),
			 "the kernel recorded only the first segments of %" PRIu64 " scatter lists",
			 s.cut_lists);
		pointimport_warn(p, text);
		rc = trace_writer_loss(p->im->w, "dma", 0, p->last, s.cut_segments, "parse", text,
				       e);
	}
	if (!rc && s.untracked) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " mappings were too many to follow at a time: "
			 "their unmappings have IOVAs only",
			 s.untracked);
		pointimport_warn(p, text);
		rc = trace_writer_meta(p->im->w, "dma_remark", text, e);
	}
	if (!rc && s.guessed_lba)
		rc = pointimport_put_number(p, "io_lba_of_guessed_block_size", s.guessed_lba, e);
	if (!rc && s.incomplete_io)
		rc = pointimport_put_number(p, "io_incomplete", s.incomplete_io, e);
	if (!rc)
		tell_undecodable(p);
	return rc;
}
