// SPDX-License-Identifier: MIT
/*
 * trace.dat of trace-cmd: what its tracepoints tell about DMA mappings, block
 * requests and page faults (collect/tracepoint.h). Two passes: the first, over
 * at most LEARN_EVENTS records, finds which tracepoints there are and what the
 * devices are for; the second makes the rows.
 *
 * Time 0 is the first record of the file, whatever it is; "clock" and
 * "clock_base_ns" in the trace's meta say what it was. Ticks are converted by
 * the file's own factor, or refused. Losses: what pages flag, and what the
 * kernel's statistics say beyond that, on an accounting line "ring:lost".
 */
#include "base/units.h"
#include "collect/import.h"
#include "collect/tracedat.h"
#include "collect/tracepoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LEARN_EVENTS = 2 * 1000 * 1000,
	LOSSES_MAX = 256, /* rows; what comes then is added to the last */
	MAPPINGS_LEAST = 1 << 16,
	MAPPING_BYTES = 96, /* that a live mapping takes at least */
	PROGRESS_EVENTS = 1 << 16,
	SENTENCES = 5,
};

static const uint64_t jiffy_ns = 10 * NS_PER_MS; /* "uptime" counts 1/100 s */

struct loss {
	uint64_t from, to, n; /* ns since the base */
	uint32_t cpu;
};

struct tracedat_import {
	struct import *im;
	struct tracepoints *points;
	bool is_first_pass;
	uint64_t mult, shift; /* ticks to ns: ticks * mult >> shift */
	uint64_t base;        /* ns, time 0 of the rows */
	bool has_base;
	uint64_t last; /* ns since the base, of the last record */
	struct loss losses[LOSSES_MAX];
	unsigned nlosses;
	uint64_t bad_formats;
	struct trace_stream *dma, *io, *fault;
};

/* ---- rows ---- */

static int stream_of(struct tracedat_import *t, enum kind_id kind, struct trace_stream **s,
		     struct err *e)
{
	return *s ? 0 : trace_writer_stream(t->im->w, kind, s, e);
}

static int put_dma(void *ctx, const struct dma_event *row, struct err *e)
{
	struct tracedat_import *t = ctx;
	const int rc = stream_of(t, KIND_DMA, &t->dma, e);
	t->im->at.stored++;
	return rc ? rc : dma_put(t->dma, row, e);
}

static int put_io(void *ctx, const struct io_event *row, struct err *e)
{
	struct tracedat_import *t = ctx;
	const int rc = stream_of(t, KIND_IO, &t->io, e);
	t->im->at.stored++;
	return rc ? rc : io_put(t->io, row, e);
}

static int put_fault(void *ctx, const struct fault_event *row, struct err *e)
{
	struct tracedat_import *t = ctx;
	const int rc = stream_of(t, KIND_FAULT, &t->fault, e);
	t->im->at.stored++;
	return rc ? rc : fault_put(t->fault, row, e);
}

static int device_number(void *ctx, const struct trace_device *d, uint16_t *dev_out, struct err *e)
{
	struct tracedat_import *t = ctx;
	return trace_writer_device(t->im->w, d, dev_out, e);
}

static int source_number(void *ctx, const char *name, const char *coverage, uint16_t *source_out,
			 struct err *e)
{
	struct tracedat_import *t = ctx;
	return trace_writer_source(t->im->w, name, coverage, source_out, e);
}

/* ---- what the reader tells ---- */

static int add_format(void *ctx, const char *system, const char *text, size_t n, struct err *e)
{
	struct tracedat_import *t = ctx;
	struct evformat f;
	struct err why = {};
	if (!evformat_parse(text, n, &f, &why))
		return tracepoints_add(t->points, system, &f, e);
	if (!t->is_first_pass && t->bad_formats++ < SENTENCES)
		import_damage(t->im, "%s: format of %s:%.32s: %.100s", input_name(t->im->in),
			      system, f.name, why.msg);
	return 0;
}

static void on_damage(void *ctx, const char *sentence)
{
	struct tracedat_import *t = ctx;
	if (!t->is_first_pass)
		import_damage(t->im, "%s: %s", input_name(t->im->in), sentence);
}

static uint64_t to_ns(const struct tracedat_import *t, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * t->mult >> t->shift);
}

static uint64_t since_base(const struct tracedat_import *t, uint64_t ticks)
{
	const uint64_t ns = to_ns(t, ticks);
	return t->has_base && ns > t->base ? ns - t->base : 0;
}

static void on_missed(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	struct tracedat_import *t = ctx;
	if (t->is_first_pass)
		return;
	const struct loss x = { since_base(t, from), since_base(t, to), n ? n : 1, cpu };
	if (t->nlosses < LOSSES_MAX) {
		t->losses[t->nlosses++] = x;
		return;
	}
	struct loss *last = &t->losses[LOSSES_MAX - 1];
	last->n += x.n;
	if (x.to > last->to)
		last->to = x.to;
	if (x.from < last->from)
		last->from = x.from;
}

/* ---- one pass ---- */

/* How the file's clock counts. */
static int choose_clock(struct tracedat_import *t, const struct tracedat_info *i, struct err *e)
{
	t->mult = 1;
	t->shift = 0;
	if (i->has_tsc && i->tsc_mult && i->tsc_shift < 64) {
		t->mult = i->tsc_mult;
		t->shift = i->tsc_shift;
	} else if (!strcmp(i->clock, "uptime")) {
		t->mult = jiffy_ns;
	} else if (!strcmp(i->clock, "x86-tsc") || !strcmp(i->clock, "counter")) {
		return err_set(e, ERR_UNUSABLE,
			       "%s: its clock %s does not count time, and the file has no factor "
			       "(TSC2NSEC): record with -C mono",
			       input_name(t->im->in), i->clock);
	}
	return 0;
}

static void show_progress(struct tracedat_import *t, const struct tracedat *d)
{
	if (t->im->progress)
		t->im->progress(t->im->ctx, tracedat_position(d), tracedat_info(d)->data_bytes);
}

/* Decodes up to `most` records; *all_out: there were no more. */
static int decode(struct tracedat_import *t, struct tracedat *d, uint64_t most, bool *all_out,
		  struct err *e)
{
	struct tracedat_event ev;
	int rc = 0;
	for (uint64_t n = 0; n < most; n++) {
		rc = tracedat_next(d, &ev, e);
		if (rc <= 0)
			break;
		const uint64_t ns = to_ns(t, ev.ts);
		if (!t->has_base) {
			t->base = ns;
			t->has_base = true;
		}
		t->last = ns > t->base ? ns - t->base : 0;
		rc = tracepoints_event(t->points, t->last, ev.cpu, ev.data, ev.len, e);
		if (rc)
			return rc;
		if (n % PROGRESS_EVENTS == 0 && !t->is_first_pass)
			show_progress(t, d);
	}
	*all_out = rc == 0;
	return rc < 0 ? rc : tracepoints_finish(t->points, e);
}

static int open_pass(struct tracedat_import *t, const struct tracepoint_options *o,
		     struct tracedat **out, struct err *e)
{
	const struct tracedat_handlers handlers = {
		.ctx = t,
		.format = add_format,
		.damage = on_damage,
		.missed = on_missed,
	};
	int rc = tracepoints_new(o, &t->points, e);
	if (!rc)
		rc = tracedat_open(t->im->in, &handlers, out, e);
	if (!rc)
		rc = choose_clock(t, tracedat_info(*out), e);
	return rc;
}

/* The first pass; its tracepoints are the caller's to free. */
static int learn(struct import *im, uint64_t mappings_max, struct tracepoints **out, bool *all_out,
		 struct err *e)
{
	struct tracedat_import t = { .im = im, .is_first_pass = true };
	const struct tracepoint_options o = { .as = im->options->as, .mappings_max = mappings_max };
	struct tracedat *d = NULL;
	int rc = open_pass(&t, &o, &d, e);
	if (!rc)
		rc = decode(&t, d, LEARN_EVENTS, all_out, e);
	tracedat_close(d);
	*out = t.points;
	return rc;
}

/* ---- what the trace says beside its rows ---- */

static int put_number(struct trace_writer *w, const char *key, uint64_t v, struct err *e)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, v);
	return trace_writer_meta(w, key, text, e);
}

static int put_meta(struct tracedat_import *t, const struct tracedat_info *i, struct err *e)
{
	struct trace_writer *w = t->im->w;
	char origin[TRACEDAT_TEXT_BYTES + 48];
	snprintf(origin, sizeof(origin), "trace.dat version %u, trace-cmd %s", i->version,
		 i->writer[0] ? i->writer : "unknown");
	int rc = trace_writer_meta(w, "origin", origin, e);
	if (!rc)
		rc = trace_writer_meta(w, "clock", i->clock[0] ? i->clock : "unknown", e);
	if (!rc)
		rc = put_number(w, "clock_base_ns", t->base, e);
	if (!rc && i->offset[0])
		rc = trace_writer_meta(w, "clock_offset", i->offset, e);
	if (!rc && i->uname[0])
		rc = trace_writer_host(w, "kernel", i->uname, e);
	if (!rc && i->ncpus)
		rc = trace_writer_host(
			w, "cpus", (snprintf(origin, sizeof(origin), "%u", i->ncpus), origin), e);
	return rc;
}

static int put_accounts(struct tracedat_import *t, struct err *e)
{
	const char *name;
	struct trace_account a;
	int rc = 0;
	for (size_t i = 0; !rc && tracepoints_account(t->points, i, &name, &a); i++) {
		if (!a.seen)
			continue;
		rc = trace_writer_account(t->im->w, name, &a, e);
	}
	return rc;
}

/* Tells what the ring buffer lost: flagged in the pages, and known to the kernel beyond that. */
static int put_losses(struct tracedat_import *t, const struct tracedat *d, struct err *e)
{
	char detail[160];
	uint64_t lost = 0;
	int rc = 0;
	for (unsigned i = 0; !rc && i < t->nlosses; i++) {
		const struct loss *x = &t->losses[i];
		snprintf(detail, sizeof(detail), "%s cpu %u: flagged in front of a page",
			 i == LOSSES_MAX - 1 ? "and more," : "", x->cpu);
		rc = trace_writer_loss(t->im->w, NULL, x->from, x->to, x->n, "ring",
				       detail + (detail[0] == ' '), e);
	}

	size_t n;
	const struct tracedat_cpu_report *r = tracedat_reports(d, &n);
	for (size_t i = 0; !rc && i < n; i++) {
		const uint64_t said = r[i].overrun + r[i].dropped;
		lost += r[i].missed;
		if (!r[i].has_stat || said <= r[i].missed)
			continue;
		lost += said - r[i].missed;
		snprintf(detail, sizeof(detail),
			 "buffer \"%s\" cpu %u: the kernel's statistics say "
			 "overrun %" PRIu64 ", dropped %" PRIu64,
			 r[i].buffer, r[i].cpu, r[i].overrun, r[i].dropped);
		rc = trace_writer_loss(t->im->w, NULL, 0, t->last, said - r[i].missed, "ring",
				       detail, e);
	}
	if (rc || !lost)
		return rc;
	const struct trace_account a = { .seen = lost, .ring_lost = lost };
	return trace_writer_account(t->im->w, "ring:lost", &a, e);
}

static void warn(struct tracedat_import *t, const char *sentence)
{
	if (t->im->warn)
		t->im->warn(t->im->ctx, sentence);
}

/* What a person should know about these rows. */
static int put_remarks(struct tracedat_import *t, const struct tracedat *d, struct err *e)
{
	const char *file = input_name(t->im->in), *field, *name;
	const struct tracedat_info *i = tracedat_info(d);
	struct tracepoint_stats s;
	char text[240];
	int rc = 0;
	tracepoints_stats(t->points, &s);
	if (i->has_mixed_clocks) {
		snprintf(text, sizeof(text),
			 "%.100s: its buffers use different clocks: times across "
			 "buffers do not compare",
			 file);
		warn(t, text);
		rc = trace_writer_meta(t->im->w, "clock_remark", text, e);
	}
	if (!rc && s.cut_lists) {
		snprintf(text, sizeof(text),
			 "the kernel recorded only the first segments of %" PRIu64 " scatter lists",
			 s.cut_lists);
		warn(t, text);
		rc = trace_writer_loss(t->im->w, "dma", 0, t->last, s.cut_segments, "parse", text,
				       e);
	}
	if (!rc && s.untracked) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " mappings were too many to follow at a time: "
			 "their unmappings have IOVAs only",
			 s.untracked);
		warn(t, text);
		rc = trace_writer_meta(t->im->w, "dma_remark", text, e);
	}
	if (!rc && s.guessed_lba)
		rc = put_number(t->im->w, "io_lba_of_guessed_block_size", s.guessed_lba, e);
	if (!rc && s.incomplete_io)
		rc = put_number(t->im->w, "io_incomplete", s.incomplete_io, e);
	for (size_t k = 0; !rc; k++) {
		struct trace_account a;
		if (!tracepoints_account(t->points, k, &name, &a))
			break;
		if (!a.decode_error || !tracepoints_undecodable(t->points, k, &field))
			continue;
		import_damage(t->im, "%s: %s has no field '%s': %" PRIu64 " records left out", file,
			      name, field, a.decode_error);
	}
	return rc;
}

/* Damage: what it cost is the kernel's count of records without those we got. */
static int put_damage(struct tracedat_import *t, const struct tracedat *d, struct err *e)
{
	if (input_damage(t->im->in))
		import_damage(t->im, "%s", input_damage(t->im->in));
	if (!t->im->at.damaged)
		return 0;

	size_t n;
	uint64_t lost = 0;
	const struct tracedat_cpu_report *r = tracedat_reports(d, &n);
	for (size_t i = 0; i < n; i++)
		if (r[i].has_stat && r[i].recorded > r[i].records)
			lost += r[i].recorded - r[i].records;
	return trace_writer_loss(t->im->w, NULL, 0, t->last, lost, "damage",
				 t->im->first_damage.msg, e);
}

/* Frees what the first pass learnt as soon as it is taken over. */
static int second_pass(struct tracedat_import *t, uint64_t mappings_max, struct tracepoints *learnt,
		       bool learnt_all, struct tracedat **d, struct err *e)
{
	const struct tracepoint_options o = {
		.as = t->im->options->as,
		.mappings_max = mappings_max,
		.learnt = learnt,
		.learnt_all = learnt_all,
		.sink = { t, put_dma, put_io, put_fault, device_number, source_number },
	};
	bool is_all;
	int rc = open_pass(t, &o, d, e);
	tracepoints_free(learnt);
	if (!rc)
		rc = decode(t, *d, UINT64_MAX, &is_all, e);
	if (!rc)
		rc = put_remarks(t, *d, e);
	if (!rc)
		rc = put_damage(t, *d, e);
	if (!rc)
		rc = put_meta(t, tracedat_info(*d), e);
	if (!rc)
		rc = put_accounts(t, e);
	return rc ? rc : put_losses(t, *d, e);
}

static int run(struct import *im, struct err *e)
{
	struct tracedat_import *t = calloc(1, sizeof(*t));
	struct tracepoints *learnt = NULL;
	struct tracedat *d = NULL;
	bool is_all = false;
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory to import a trace.dat");
	t->im = im;

	int rc = input_random(im->in, e);
	uint64_t mappings_max = rc ? 0 : input_size(im->in) / MAPPING_BYTES;
	if (mappings_max < MAPPINGS_LEAST)
		mappings_max = MAPPINGS_LEAST;
	if (!rc)
		rc = learn(im, mappings_max, &learnt, &is_all, e);
	if (!rc)
		rc = second_pass(t, mappings_max, learnt, is_all, &d, e);
	else
		tracepoints_free(learnt);
	if (!rc && !im->at.stored) {
		rc = im->first_damage.code ? err_set(e, ERR_UNUSABLE, "%.200s (no row is usable)",
						     im->first_damage.msg)
					   : err_set(e, ERR_UNUSABLE,
						     "%s: holds no event of dma, iommu, block, "
						     "nvme or exceptions that we use",
						     input_name(im->in));
	}
	tracedat_close(d);
	tracepoints_free(t->points);
	free(t);
	return rc;
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	return n >= TRACEDAT_MAGIC_BYTES && !memcmp(head, tracedat_magic, TRACEDAT_MAGIC_BYTES)
		       ? 100
		       : 0;
}

const struct importer import_tracedat = {
	.name = "trace-dat",
	.summary = "trace-cmd recordings, versions 6 and 7",
	.extensions = "dat",
	.sniff = sniff,
	.run = run,
};
