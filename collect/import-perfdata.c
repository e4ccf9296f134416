// SPDX-License-Identifier: MIT
/*
 * perf.data of perf record: its tracepoints go the way of trace.dat
 * (collect/tracepoint.h), page-fault events become `fault` rows, sampled
 * loads and stores (perf mem, IBS, PEBS) `mem` rows, samples of TLB misses and
 * page walks `walk` rows, both marked as a sample in time; other events are
 * counted as filtered. Several files are parts of one recording (--switch-output), in
 * the order given: mappings and samples go on from one to the next.
 *
 * Two passes over each file, as for trace.dat. Time 0 is the first sample.
 * What perf knows of losses is not more than the file says: LOST records and
 * the kernel's own counts at the end of newer files; a counter to compare the
 * samples with is not in it, so `unaccounted` is 0 here and says nothing.
 */
#include "base/bytes.h"
#include "collect/faultjoin.h"
#include "collect/import.h"
#include "collect/perfdata.h"
#include "collect/perfqueue.h"
#include "collect/perfsource.h"
#include "collect/pointimport.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t queue_least = 4 << 20, queue_most = 256 << 20;

struct perf_import {
	struct pointimport p;
	struct perfsources sources;
	struct perfqueue *queue;
	struct faultjoin *faults;
	struct perfdata *file;      /* the one at hand */
	struct perfdata_info first; /* of the first file that could be read */
	const char *clock;          /* of its events, NULL before the first */
	uint32_t nparts;
	bool has_formats, has_mixed_clocks;
	/* times of samples as the files have them: the latest, and of the file at hand */
	uint64_t newest, part_first, part_last;
	bool has_part;
	uint64_t damage_from, damage_to;
	bool is_damage_open;
	uint64_t ring_lost, samples_lost, throttled, unknown, skipped;
	uint64_t unknown_points; /* samples of tracepoints without a format */
};

/* ---- what the reader tells ---- */

static int add_format(void *ctx, const char *system, const char *text, size_t n, struct err *e)
{
	struct perf_import *t = ctx;
	t->has_formats = true;
	return pointimport_format(&t->p, system, text, n, e);
}

static void on_damage(void *ctx, const char *sentence)
{
	struct perf_import *t = ctx;
	if (!t->p.is_silent && !t->damage_to && !t->is_damage_open)
		t->damage_from = t->newest;
	t->is_damage_open = true;
	pointimport_damage(&t->p, sentence);
}

static uint64_t since_base(const struct perf_import *t, uint64_t ns)
{
	return t->p.has_base && ns > t->p.base ? ns - t->p.base : 0;
}

static void on_lost(void *ctx, uint32_t cpu, uint64_t from, uint64_t to, uint64_t n)
{
	struct perf_import *t = ctx;
	if (!t->p.has_base && t->newest) /* nothing left the queue yet */
		pointimport_time(&t->p, t->part_first);
	pointimport_lost(&t->p, cpu, since_base(t, from), since_base(t, to), n);
}

/* ---- samples to rows ---- */

static int put_fault_row(void *ctx, const struct fault_event *row, struct err *e)
{
	struct perf_import *t = ctx;
	struct trace_stream *s;
	const int rc = pointimport_stream(&t->p, KIND_FAULT, &s, e);
	t->p.im->at.stored++;
	return rc ? rc : fault_put(s, row, e);
}

/* Which events tell of faults: known from the list of events once samples come. */
static int begin_faults(struct perf_import *t, struct err *e)
{
	uint32_t n = 0;
	const struct perfdata_attr *a = t->file ? perfdata_attrs(t->file, &n) : NULL;
	struct faultjoin_options o = { .row = put_fault_row, .ctx = t };
	for (uint32_t i = 0; i < n; i++) {
		const enum perfsource_use use = perfsource_use_of(&a[i]);
		const char *name = tracepoints_name(t->p.points, a[i].config);
		o.events |= use == PERFSOURCE_FAULT                              ? FAULTJOIN_ANY
			    : use == PERFSOURCE_MINOR || use == PERFSOURCE_MAJOR ? FAULTJOIN_OUTCOME
										 : 0;
		o.has_minor |= use == PERFSOURCE_MINOR;
		if (use == PERFSOURCE_TRACEPOINT && name && !strncmp(name, "exceptions:", 11))
			o.events |= FAULTJOIN_EXCEPTION;
	}
	return faultjoin_new(&o, &t->faults, e);
}

/* Faults that a tracepoint tells. */
static int on_exception(void *ctx, const struct fault_event *row, struct err *e)
{
	struct pointimport *p = ctx;
	struct perf_import *t = (struct perf_import *)((char *)p - offsetof(struct perf_import, p));
	const int rc = t->faults ? 0 : begin_faults(t, e);
	return rc ? rc : faultjoin_event(t->faults, FAULTJOIN_EXCEPTION, row->asid, row, e);
}

static int on_fault(struct perf_import *t, struct perfsource *x, const struct perfdata_sample *s,
		    struct err *e)
{
	struct fault_event row = {
		.ts = t->p.last,
		.asid = s->pid,
		.va = s->addr,
		.pfn = UINT64_MAX,
		.ip = s->ip,
		.major = x->use == PERFSOURCE_MAJOR   ? 1
			 : x->use == PERFSOURCE_MINOR ? 0
						      : UINT8_MAX,
		.write = UINT8_MAX,
		.lat = UINT64_MAX,
	};
	int rc = t->faults ? 0 : begin_faults(t, e);
	if (!rc)
		rc = perfsource_number(x, t->p.im->w, &row.source, e);
	const enum faultjoin_event what = x->use == PERFSOURCE_FAULT ? FAULTJOIN_ANY
								     : FAULTJOIN_OUTCOME;
	x->account.stored++;
	return rc ? rc : faultjoin_event(t->faults, what, s->tid, &row, e);
}

static int on_memory(struct perf_import *t, struct perfsource *x, const struct perfdata_sample *s,
		     struct err *e)
{
	struct mem_event row = { .ts = t->p.last, .asid = s->pid, .va = s->addr };
	struct trace_stream *stream;
	if (!s->addr || !perfsource_access(s->data_src, &row.rw)) {
		x->account.filtered++;
		return 0;
	}
	uint16_t source;
	int rc = perfsource_number(x, t->p.im->w, &source, e);
	if (!rc)
		rc = pointimport_stream(&t->p, KIND_MEM, &stream, e);
	x->account.stored++;
	t->p.im->at.stored++;
	return rc ? rc : mem_put(stream, &row, e);
}

/* A row stands for as many events as the sample says; for one where nobody does. */
static int on_walk(struct perf_import *t, uint32_t number, const struct perfdata_sample *s,
		   struct err *e)
{
	struct perfsource *x = &t->sources.list[number];
	struct walk_event row = {
		.ts = t->p.last,
		.cpu = s->cpu < UINT16_MAX ? (uint16_t)s->cpu : UINT16_MAX,
		.asid = s->pid,
		.counter = (uint16_t)number,
		.va = s->addr ? s->addr : UINT64_MAX,
		.count = s->period                  ? s->period
			 : x->is_freq || !x->period ? 1
						    : x->period,
		.cycles = UINT64_MAX,
		.period = UINT64_MAX,
	};
	struct trace_stream *stream;
	int rc = perfsource_number(x, t->p.im->w, &row.source, e);
	if (!rc)
		rc = pointimport_stream(&t->p, KIND_WALK, &stream, e);
	x->account.stored++;
	t->p.im->at.stored++;
	return rc ? rc : walk_put(stream, &row, e);
}

/* A sample in order of time; its attr is the number of its source. */
static int on_sample(struct perf_import *t, const struct perfdata_sample *s, bool is_dropped,
		     struct err *e)
{
	struct perfsource *x = &t->sources.list[s->attr];
	if (x->use == PERFSOURCE_TRACEPOINT && !is_dropped && s->raw_len >= 2 &&
	    le16_get(s->raw) == x->config) {
		t->p.last = pointimport_time(&t->p, s->ts);
		t->unknown_points += !t->has_formats;
		return tracepoints_event(t->p.points, t->p.last, s->cpu, s->raw, s->raw_len, e);
	}
	x->account.seen++;
	if (is_dropped || x->use == PERFSOURCE_TRACEPOINT) {
		x->account.decode_error++;
		import_damage(t->p.im, "%s: a sample of %s has a time or a type that cannot be",
			      input_name(t->p.im->in), x->name);
		return 0;
	}
	t->p.last = pointimport_time(&t->p, s->ts);
	switch (x->use) {
	case PERFSOURCE_FAULT:
	case PERFSOURCE_MINOR:
	case PERFSOURCE_MAJOR:
		return on_fault(t, x, s, e);
	case PERFSOURCE_MEMORY:
		return on_memory(t, x, s, e);
	case PERFSOURCE_WALK:
		return on_walk(t, s->attr, s, e);
	default:
		x->account.filtered++;
		return 0;
	}
}

static int drain(struct perf_import *t, struct err *e)
{
	struct perfdata_sample s;
	bool is_dropped;
	int rc = 0;
	while (!rc && perfqueue_pop(t->queue, &s, &is_dropped))
		rc = on_sample(t, &s, is_dropped, e);
	return rc;
}

/* ---- one file ---- */

/* Takes a sample as the file has it. */
static int take(struct perf_import *t, struct perfdata_sample *s, struct err *e)
{
	uint32_t number;
	int rc = perfsources_of(&t->sources, t->file, s->attr, t->p.points, &number, e);
	if (rc)
		return rc;
	struct perfsource *x = &t->sources.list[number];
	if (x->use == PERFSOURCE_NO_TIME) {
		x->account.seen++;
		x->account.filtered++;
		return 0;
	}
	if (!t->has_part)
		t->part_first = t->part_last = s->ts;
	t->has_part = true;
	t->part_last = s->ts > t->part_last ? s->ts : t->part_last;
	t->newest = s->ts > t->newest ? s->ts : t->newest;
	if (t->is_damage_open) {
		t->is_damage_open = false;
		t->damage_to = s->ts > t->damage_to ? s->ts : t->damage_to;
	}
	s->attr = number;
	if (x->use != PERFSOURCE_TRACEPOINT)
		s->raw_len = 0;
	rc = perfqueue_push(t->queue, s, e);
	return rc > 0 ? drain(t, e) : rc;
}

static int read_file(struct perf_import *t, struct err *e)
{
	struct import *im = t->p.im;
	struct perfdata_sample s;
	int rc;
	for (uint64_t n = 0; (rc = perfdata_next(t->file, &s, e)) == 1; n++) {
		rc = !s.is_round_end                 ? take(t, &s, e)
		     : perfqueue_end_round(t->queue) ? drain(t, e)
						     : 0;
		if (rc)
			return rc;
		if (n % POINTIMPORT_PROGRESS_EVENTS == 0 && im->progress)
			im->progress(im->ctx, perfdata_position(t->file),
				     perfdata_info(t->file)->data_bytes);
	}
	return rc;
}

/* The first pass: what tracepoints and devices there are. */
static int learn(struct import *im, const struct tracepoint_options *o, struct tracepoints **out,
		 bool *all_out, struct err *e)
{
	struct perf_import *t = calloc(1, sizeof(*t));
	struct perfdata_sample s;
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory to import a perf.data");
	const struct perfdata_handlers handlers = { t, add_format, on_damage, on_lost };
	t->p.im = im;
	t->p.is_silent = true;
	int rc = tracepoints_new(o, &t->p.points, e);
	if (!rc)
		rc = perfdata_open(im->in, &handlers, &t->file, e);
	for (uint64_t n = 0; !rc && n < POINTIMPORT_LEARN_EVENTS; n++) {
		rc = perfdata_next(t->file, &s, e);
		if (rc <= 0) {
			*all_out = !rc;
			break;
		}
		rc = s.raw_len ? tracepoints_event(t->p.points, s.ts, s.cpu, s.raw, s.raw_len, e)
			       : 0;
	}
	perfdata_close(t->file);
	*out = t->p.points;
	free(t);
	return rc < 0 ? rc : 0;
}

/* Of a further file: devices that come first in it. */
static int learn_more(struct perf_import *t, struct err *e)
{
	const struct tracepoint_options o = {
		.as = t->p.im->options->as,
		.mappings_max = pointimport_mappings_max(input_size(t->p.im->in)),
	};
	struct tracepoints *learnt = NULL;
	bool is_all;
	const int rc = learn(t->p.im, &o, &learnt, &is_all, e);
	if (!rc)
		tracepoints_learn(t->p.points, learnt);
	tracepoints_free(learnt);
	return rc;
}

static int begin(struct perf_import *t, struct err *e)
{
	struct import *im = t->p.im;
	struct tracepoint_options o = {
		.as = im->options->as,
		.mappings_max = pointimport_mappings_max(input_size(im->in)),
	};
	struct tracepoints *learnt = NULL;
	bool is_all = false;
	int rc = learn(im, &o, &learnt, &is_all, e);
	o.learnt = learnt;
	o.learnt_all = is_all && im->is_last && !im->at.file;
	o.sink = pointimport_sink(&t->p);
	o.sink.fault = on_exception;
	if (!rc)
		rc = tracepoints_new(&o, &t->p.points, e);
	tracepoints_free(learnt);
	uint64_t most = 2 * input_size(im->in);
	most = most < queue_least ? queue_least : most > queue_most ? queue_most : most;
	if (!rc)
		rc = perfqueue_new(most, &t->queue, e);
	return rc;
}

/* Parts of one recording only: of one host, in order of time, by one clock. */
static int check_part(struct perf_import *t, struct err *e)
{
	const struct perfdata_info *i = perfdata_info(t->file);
	const char *file = input_name(t->p.im->in);
	if (t->nparts && strcmp(i->hostname, t->first.hostname) && i->hostname[0] &&
	    t->first.hostname[0])
		return err_set(e, ERR_USAGE,
			       "%.90s is a recording of host %.60s, those before of %.60s: import "
			       "each into a trace of its own",
			       file, i->hostname, t->first.hostname);
	return 0;
}

/* What a file has told by its end. */
static int harvest(struct perf_import *t, struct err *e)
{
	const struct perfdata_info *i = perfdata_info(t->file);
	uint32_t n;
	const struct perfdata_attr *a = perfdata_attrs(t->file, &n);
	t->ring_lost += i->ring_lost;
	t->samples_lost += i->lost_samples;
	t->throttled += i->throttled;
	t->unknown += i->unknown;
	t->skipped += i->skipped;
	for (uint32_t k = 0; k < n; k++) {
		const char *clock = perfsource_clock(&a[k]);
		t->has_mixed_clocks |= t->clock && strcmp(t->clock, clock);
		t->clock = t->clock ? t->clock : clock;
	}
	if (!t->nparts || !t->first.hostname[0])
		t->first = *i;
	t->nparts++;
	return perfsources_harvest(&t->sources, t->file, t->p.points, e);
}

static int import_file(struct perf_import *t, struct err *e)
{
	const struct perfdata_handlers handlers = { t, add_format, on_damage, on_lost };
	const uint64_t first = t->part_first, last = t->part_last;
	int rc = t->queue ? learn_more(t, e) : begin(t, e);
	if (!rc)
		rc = perfdata_open(t->p.im->in, &handlers, &t->file, e);
	if (!rc)
		rc = check_part(t, e);
	if (rc)
		return rc;
	t->has_part = false;
	perfsources_next_file(&t->sources);
	perfqueue_next_file(t->queue);
	rc = read_file(t, e);
	if (!rc && t->nparts && t->has_part && t->part_first < first && t->part_last < last)
		rc = err_set(
			e, ERR_USAGE,
			"%.120s lies before the file named in front of it: name the parts of a "
			"recording in order of time",
			input_name(t->p.im->in));
	return rc ? rc : harvest(t, e);
}

/* ---- what the trace says beside its rows ---- */

static int put_meta(struct perf_import *t, struct err *e)
{
	struct trace_writer *w = t->p.im->w;
	const struct perfdata_info *i = &t->first;
	char text[PERFDATA_TEXT_BYTES + 64];
	snprintf(text, sizeof(text), "perf.data%s%s, perf %s", i->is_pipe ? " of a pipe" : "",
		 i->has_compressed ? ", compressed" : "", i->writer[0] ? i->writer : "unknown");
	int rc = trace_writer_meta(w, "origin", text, e);
	if (!rc)
		rc = trace_writer_meta(w, "clock", t->clock ? t->clock : "perf", e);
	if (!rc)
		rc = pointimport_put_number(&t->p, "clock_base_ns", t->p.base, e);
	const uint64_t real = i->has_wall ? i->wall_ns + (t->p.base - i->clock_ns) : UINT64_MAX;
	if (!rc)
		rc = pointimport_put_clock(&t->p, t->clock ? t->clock : "perf", real, e);
	if (!rc && i->has_tsc) {
		snprintf(text, sizeof(text), "%" PRIu64 " + (ticks * %" PRIu64 " >> %" PRIu64 ")",
			 i->tsc_zero, i->tsc_mult, i->tsc_shift);
		rc = trace_writer_meta(w, "clock_of_tsc", text, e);
	}
	if (!rc && i->command[0])
		rc = trace_writer_meta(w, "recorded_by", i->command, e);
	if (!rc && t->nparts > 1)
		rc = pointimport_put_number(&t->p, "parts", t->nparts, e);
	if (!rc && i->hostname[0])
		rc = trace_writer_host(w, "hostname", i->hostname, e);
	if (!rc && i->kernel[0])
		rc = trace_writer_host(w, "kernel", i->kernel, e);
	if (!rc && i->cpu[0])
		rc = trace_writer_host(w, "cpu", i->cpu, e);
	snprintf(text, sizeof(text), "%u", i->ncpus);
	return rc || !i->ncpus ? rc : trace_writer_host(w, "cpus", text, e);
}

/* Kinds whose rows are a sample, and events of which no row could be made. */
static int put_sampled(struct perf_import *t, struct err *e)
{
	static const char *const needs[PERFSOURCE_USES] = {
		[PERFSOURCE_NO_TIME] = "no time: record with -T",
		[PERFSOURCE_NO_ADDRESS] = "no address: record with -d",
		[PERFSOURCE_NO_RAW] = "no fields: record with -R",
	};
	char sampled[64] = "", text[240];
	for (uint32_t i = 0; i < t->sources.n; i++) {
		const struct perfsource *x = &t->sources.list[i];
		if (needs[x->use]) {
			snprintf(text, sizeof(text), "samples of %.100s have %s", x->name,
				 needs[x->use]);
			pointimport_warn(&t->p, text);
		}
		const char *kind = perfsource_kind(x);
		if (!kind || !perfsource_is_sampled(x) || strstr(sampled, kind))
			continue;
		const size_t used = strlen(sampled);
		snprintf(sampled + used, sizeof(sampled) - used, "%s%s", used ? " " : "", kind);
		snprintf(text, sizeof(text), "%.100s was sampled: not every event has a row%s",
			 x->name,
			 x->use == PERFSOURCE_MEMORY || x->use == PERFSOURCE_WALK
				 ? ""
				 : "; -c 1 records them all");
		pointimport_warn(&t->p, text);
	}
	return sampled[0] ? trace_writer_meta(t->p.im->w, "sampled_kinds", sampled, e) : 0;
}

static int put_remarks(struct perf_import *t, struct err *e)
{
	struct trace_writer *w = t->p.im->w;
	const struct perfqueue_stats *q = perfqueue_stats(t->queue);
	char text[240];
	int rc = 0;
	if (t->has_mixed_clocks) {
		snprintf(text, sizeof(text),
			 "its events use different clocks: times do not compare");
		pointimport_warn(&t->p, text);
		rc = trace_writer_meta(w, "clock_remark", text, e);
	}
	if (!rc && q->lifted)
		rc = pointimport_put_number(&t->p, "perf_samples_late", q->lifted, e);
	if (!rc && t->throttled) {
		snprintf(text, sizeof(text),
			 "the kernel stopped an event for a while %" PRIu64
			 " times (throttling): how many were not sampled is not known",
			 t->throttled);
		pointimport_warn(&t->p, text);
		rc = trace_writer_loss(w, NULL, 0, t->p.last, UINT64_MAX, "sampling", text, e);
	}
	if (!rc)
		rc = put_sampled(t, e);
	return rc ? rc : pointimport_put_remarks(&t->p, e);
}

/*
 * Lost: LOST records tell records of any kind by buffer, the counts at the end
 * of the file samples by event, both of the same losses.
 */
static int put_losses(struct perf_import *t, struct err *e)
{
	struct trace_writer *w = t->p.im->w;
	uint64_t by_event = 0, n = t->samples_lost;
	int rc = pointimport_put_losses(&t->p, "told by perf", e);
	for (uint32_t i = 0; i < t->sources.n; i++)
		by_event += t->sources.list[i].account.ring_lost;
	if (!rc && by_event > t->ring_lost)
		rc = trace_writer_loss(w, NULL, 0, t->p.last, by_event - t->ring_lost, "ring",
				       "the events' own counts at the end", e);
	else
		n += t->ring_lost - by_event;
	const struct trace_account lost = { .seen = n, .ring_lost = n };
	if (!rc && n)
		rc = trace_writer_account(w, "ring:lost", &lost, e);
	const struct trace_account unknown = { .seen = t->unknown, .decode_error = t->unknown };
	if (!rc && t->unknown)
		rc = trace_writer_account(w, "perf:unknown", &unknown, e);
	return rc;
}

static int put_damage(struct perf_import *t, struct err *e)
{
	struct import *im = t->p.im;
	if (!im->at.damaged)
		return 0;
	const uint64_t to = t->is_damage_open || !t->damage_to ? t->p.last
							       : since_base(t, t->damage_to);
	return trace_writer_loss(im->w, NULL, since_base(t, t->damage_from), to, UINT64_MAX,
				 "damage", im->first_damage.msg, e);
}

/* All that waits becomes rows; then what is to be said. */
static int finish(struct perf_import *t, struct err *e)
{
	perfqueue_finish(t->queue);
	int rc = drain(t, e);
	if (!rc)
		rc = tracepoints_finish(t->p.points, e);
	if (!rc && t->faults)
		rc = faultjoin_finish(t->faults, e);
	if (!rc)
		rc = put_remarks(t, e);
	if (!rc)
		rc = put_damage(t, e);
	if (!rc)
		rc = put_meta(t, e);
	if (!rc)
		rc = perfsources_put_accounts(&t->sources, t->p.points, t->p.im->w, e);
	return rc ? rc : put_losses(t, e);
}

/* ---- life ---- */

static void state_free(void *state)
{
	struct perf_import *t = state;
	perfdata_close(t->file);
	perfqueue_free(t->queue);
	faultjoin_free(t->faults);
	perfsources_deinit(&t->sources);
	tracepoints_free(t->p.points);
	free(t);
}

static int nothing_usable(const struct perf_import *t, struct err *e)
{
	const struct import *im = t->p.im;
	const char *file = input_name(im->in);
	if (t->unknown_points && !t->has_formats)
		return err_set(
			e, ERR_UNUSABLE,
			"%.80s: the formats of its tracepoints stand behind the samples and are "
			"cut off: nothing can be decoded (a pipe, -o -, has them in front)",
			file);
	if (im->first_damage.code)
		return err_set(e, ERR_UNUSABLE, "%.200s (no row is usable)", im->first_damage.msg);
	return err_set(e, ERR_UNUSABLE,
		       "%s: holds no event of dma, iommu, block, nvme, exceptions, page faults or "
		       "memory accesses that we use",
		       file);
}

static int run(struct import *im, struct err *e)
{
	struct perf_import *t = im->state;
	struct err why = {};
	if (!t) {
		t = im->state = calloc(1, sizeof(*t));
		im->state_free = state_free;
		if (!t)
			return err_set(e, ERR_NOMEM, "no memory to import a perf.data");
		t->p.im = im;
	}
	int rc = import_file(t, &why);
	if (input_damage(im->in))
		import_damage(im, "%s", input_damage(im->in));
	if (rc == ERR_UNUSABLE && im->is_last && t->nparts) {
		import_damage(im, "%s", why.msg); /* the parts before it are of use */
		rc = 0;
	}
	if (!rc && im->is_last)
		rc = finish(t, &why);
	perfdata_close(t->file);
	t->file = NULL;
	if (rc)
		return err_set(e, rc, "%s", why.msg);
	return !im->is_last || im->at.stored ? 0 : nothing_usable(t, e);
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	return n >= PERFDATA_MAGIC_BYTES && !memcmp(head, perfdata_magic, PERFDATA_MAGIC_BYTES)
		       ? 100
		       : 0;
}

const struct importer import_perfdata = {
	.name = "perf-data",
	.summary = "perf record, file or pipe form, with -z or without; parts in order",
	.extensions = "data",
	.sniff = sniff,
	.run = run,
	.is_appendable = true,
};
