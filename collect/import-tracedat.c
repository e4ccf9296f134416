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
#include "collect/pointimport.h"
#include "collect/tracedat.h"
#include "collect/tracepoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t jiffy_ns = 10 * NS_PER_MS; /* "uptime" counts 1/100 s */

struct tracedat_import {
	struct pointimport p;
	uint64_t mult, shift; /* ticks to ns: ticks * mult >> shift */
};

/* ---- what the reader tells ---- */

static int add_format(void *ctx, const char *system, const char *text, size_t n, struct err *e)
{
	struct tracedat_import *t = ctx;
	return pointimport_format(&t->p, system, text, n, e);
}

static void on_damage(void *ctx, const char *sentence)
{
	struct tracedat_import *t = ctx;
	pointimport_damage(&t->p, sentence);
}

static uint64_t to_ns(const struct tracedat_import *t, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * t->mult >> t->shift);
}

/* A loss in front of the first record has no time yet: it is told as of time 0. */
static uint64_t since_base(const struct tracedat_import *t, uint64_t ticks)
{
	const uint64_t ns = to_ns(t, ticks);
	return t->p.has_base && ns > t->p.base ? ns - t->p.base : 0;
}

static void on_missed(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	struct tracedat_import *t = ctx;
	pointimport_lost(&t->p, cpu, since_base(t, from), since_base(t, to), n);
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
			       input_name(t->p.im->in), i->clock);
	}
	return 0;
}

static void show_progress(struct tracedat_import *t, const struct tracedat *d)
{
	struct import *im = t->p.im;
	if (im->progress && !t->p.is_silent)
		im->progress(im->ctx, tracedat_position(d), tracedat_info(d)->data_bytes);
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
		t->p.last = pointimport_time(&t->p, to_ns(t, ev.ts));
		rc = tracepoints_event(t->p.points, t->p.last, ev.cpu, ev.data, ev.len, e);
		if (rc)
			return rc;
		if (n % POINTIMPORT_PROGRESS_EVENTS == 0)
			show_progress(t, d);
	}
	*all_out = rc == 0;
	return rc < 0 ? rc : tracepoints_finish(t->p.points, e);
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
	int rc = tracepoints_new(o, &t->p.points, e);
	if (!rc)
		rc = tracedat_open(t->p.im->in, &handlers, out, e);
	if (!rc)
		rc = choose_clock(t, tracedat_info(*out), e);
	return rc;
}

/* The first pass; its tracepoints are the caller's to free. */
static int learn(struct import *im, uint64_t mappings_max, struct tracepoints **out, bool *all_out,
		 struct err *e)
{
	const struct tracepoint_options o = { .as = im->options->as, .mappings_max = mappings_max };
	struct tracedat_import *t = calloc(1, sizeof(*t));
	struct tracedat *d = NULL;
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory to import a trace.dat");
	t->p.im = im;
	t->p.is_silent = true;
	int rc = open_pass(t, &o, &d, e);
	if (!rc)
		rc = decode(t, d, POINTIMPORT_LEARN_EVENTS, all_out, e);
	tracedat_close(d);
	*out = t->p.points;
	free(t);
	return rc;
}

/* ---- what the trace says beside its rows ---- */

static int put_meta(struct tracedat_import *t, const struct tracedat_info *i, struct err *e)
{
	struct trace_writer *w = t->p.im->w;
	char origin[TRACEDAT_TEXT_BYTES + 48];
	snprintf(origin, sizeof(origin), "trace.dat version %u, trace-cmd %s", i->version,
		 i->writer[0] ? i->writer : "unknown");
	int rc = trace_writer_meta(w, "origin", origin, e);
	if (!rc)
		rc = trace_writer_meta(w, "clock", i->clock[0] ? i->clock : "unknown", e);
	if (!rc)
		rc = pointimport_put_number(&t->p, "clock_base_ns", t->p.base, e);
	if (!rc)
		rc = pointimport_put_clock(&t->p, i->clock, UINT64_MAX, e);
	if (!rc && i->offset[0])
		rc = trace_writer_meta(w, "clock_offset", i->offset, e);
	if (!rc && i->uname[0])
		rc = trace_writer_host(w, "kernel", i->uname, e);
	if (!rc && i->ncpus)
		rc = trace_writer_host(
			w, "cpus", (snprintf(origin, sizeof(origin), "%u", i->ncpus), origin), e);
	return rc;
}

/* Tells what the ring buffer lost: flagged in the pages, and known to the kernel beyond that. */
static int put_losses(struct tracedat_import *t, const struct tracedat *d, struct err *e)
{
	char detail[160];
	uint64_t lost = 0;
	int rc = pointimport_put_losses(&t->p, "flagged in front of a page", e);

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
		rc = trace_writer_loss(t->p.im->w, NULL, 0, t->p.last, said - r[i].missed, "ring",
				       detail, e);
	}
	if (rc || !lost)
		return rc;
	const struct trace_account a = { .seen = lost, .ring_lost = lost };
	return trace_writer_account(t->p.im->w, "ring:lost", &a, e);
}

/* What a person should know about these rows. */
static int put_remarks(struct tracedat_import *t, const struct tracedat *d, struct err *e)
{
	char text[240];
	int rc = 0;
	if (tracedat_info(d)->has_mixed_clocks) {
		snprintf(text, sizeof(text),
			 "%.100s: its buffers use different clocks: times across "
			 "buffers do not compare",
			 input_name(t->p.im->in));
		pointimport_warn(&t->p, text);
		rc = trace_writer_meta(t->p.im->w, "clock_remark", text, e);
	}
	return rc ? rc : pointimport_put_remarks(&t->p, e);
}

/* Damage: what it cost is the kernel's count of records without those we got. */
static int put_damage(struct tracedat_import *t, const struct tracedat *d, struct err *e)
{
	struct import *im = t->p.im;
	if (input_damage(im->in))
		import_damage(im, "%s", input_damage(im->in));
	if (!im->at.damaged)
		return 0;

	size_t n;
	uint64_t lost = 0;
	bool is_known = false;
	const struct tracedat_cpu_report *r = tracedat_reports(d, &n);
	for (size_t i = 0; i < n; i++) {
		is_known |= r[i].has_stat;
		if (r[i].has_stat && r[i].recorded > r[i].records)
			lost += r[i].recorded - r[i].records;
	}
	return trace_writer_loss(im->w, NULL, 0, t->p.last, is_known ? lost : UINT64_MAX, "damage",
				 im->first_damage.msg, e);
}

/* Frees what the first pass learnt as soon as it is taken over. */
static int second_pass(struct tracedat_import *t, uint64_t mappings_max, struct tracepoints *learnt,
		       bool learnt_all, struct tracedat **d, struct err *e)
{
	const struct tracepoint_options o = {
		.as = t->p.im->options->as,
		.mappings_max = mappings_max,
		.learnt = learnt,
		.learnt_all = learnt_all,
		.sink = pointimport_sink(&t->p),
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
		rc = pointimport_put_accounts(&t->p, e);
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
	t->p.im = im;

	int rc = input_random(im->in, e);
	const uint64_t mappings_max = rc ? 0 : pointimport_mappings_max(input_size(im->in));
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
	tracepoints_free(t->p.points);
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
