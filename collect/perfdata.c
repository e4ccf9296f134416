// SPDX-License-Identifier: MIT
/* An open perf.data: its events, their numbers, and the records that are not samples. */
#include "collect/perfdata.h"

#include "collect/perfdata-impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTRS_MAX = 1 << 16,
	ATTR_LEAST_BYTES = 64, /* PERF_ATTR_SIZE_VER0 */
	IDS_LEAST = 64,        /* slots */
	ID_FILE_BYTES = 8,
	MISC_LOST_BY_BPF = 1 << 15,
};

/* flags of struct perf_event_attr */
static const uint64_t attr_freq = UINT64_C(1) << 10;
static const uint64_t attr_sample_id_all = UINT64_C(1) << 18;
static const uint64_t attr_use_clockid = UINT64_C(1) << 25;

void perfdata_damage(struct perfdata *d, uint64_t offset, const char *fmt, ...)
{
	char what[200], sentence[240];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(sentence, sizeof(sentence), "byte %" PRIu64 ": %s", offset, what);
	d->h.damage(d->h.ctx, sentence);
}

/* ---- events and their numbers ---- */

static uint64_t attr_u64(const uint8_t *p, size_t n, size_t at)
{
	return n >= at + 8 ? le64_get(p + at) : 0;
}

int perfdata_add_attr(struct perfdata *d, const uint8_t *p, size_t n, uint32_t *index_out,
		      struct err *e)
{
	if (n < ATTR_LEAST_BYTES)
		return err_set(e, ERR_FORMAT, "an event of %zu bytes, at least %u expected", n,
			       ATTR_LEAST_BYTES);
	if (d->nattrs == ATTRS_MAX)
		return err_set(e, ERR_FORMAT, "more than %u events", ATTRS_MAX);
	if (d->nattrs == d->attrs_cap) {
		const uint32_t cap = d->attrs_cap ? 2 * d->attrs_cap : 16;
		struct perfdata_attr *q = realloc(d->attrs, cap * sizeof(*q));
		if (!q)
			return err_set(e, ERR_NOMEM, "no memory for %u events", cap);
		d->attrs = q;
		d->attrs_cap = cap;
	}
	const uint64_t flags = le64_get(p + 40);
	d->attrs[d->nattrs] = (struct perfdata_attr){
		.type = le32_get(p),
		.config = le64_get(p + 8),
		.period = le64_get(p + 16),
		.sample_type = le64_get(p + 24),
		.read_format = le64_get(p + 32),
		.branch_sample_type = attr_u64(p, n, 72),
		.regs_user = attr_u64(p, n, 80),
		.is_freq = flags & attr_freq,
		.has_id_trailer = flags & attr_sample_id_all,
		.has_clockid = flags & attr_use_clockid && n >= 96,
		.clockid = n >= 96 ? (int32_t)le32_get(p + 92) : 0,
	};
	*index_out = d->nattrs++;
	return 0;
}

static uint32_t slot_of(uint64_t id, uint32_t mask)
{
	return (uint32_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;
}

static int grow_ids(struct perfdata *d, struct err *e)
{
	const uint32_t slots = d->ids ? 2 * (d->ids_mask + 1) : IDS_LEAST;
	struct perfdata_id *ids = calloc(slots, sizeof(*ids));
	if (!ids)
		return err_set(e, ERR_NOMEM, "no memory for the numbers of %u events", slots);
	for (uint32_t i = 0; d->ids && i <= d->ids_mask; i++) {
		if (!d->ids[i].id)
			continue;
		uint32_t s = slot_of(d->ids[i].id, slots - 1);
		while (ids[s].id)
			s = (s + 1) & (slots - 1);
		ids[s] = d->ids[i];
	}
	free(d->ids);
	d->ids = ids;
	d->ids_mask = slots - 1;
	d->last_id = NULL;
	return 0;
}

int perfdata_add_id(struct perfdata *d, uint64_t id, uint32_t attr, struct err *e)
{
	if (!id || perfdata_find_id(d, id))
		return 0;
	if (d->nids >= d->ids_budget) /* sections that overlap */
		return err_set(e, ERR_FORMAT, "more numbers of events than the file has room for");
	if (!d->ids || 2 * (d->nids + 1) > d->ids_mask + 1) {
		const int rc = grow_ids(d, e);
		if (rc)
			return rc;
	}
	uint32_t s = slot_of(id, d->ids_mask);
	while (d->ids[s].id)
		s = (s + 1) & d->ids_mask;
	d->ids[s] = (struct perfdata_id){ id, attr, PERFDATA_FREE_ORDERS + d->nids++ };
	return 0;
}

struct perfdata_id *perfdata_find_id(struct perfdata *d, uint64_t id)
{
	if (d->last_id && d->last_id->id == id)
		return d->last_id;
	if (!d->ids || !id)
		return NULL;
	for (uint32_t s = slot_of(id, d->ids_mask); d->ids[s].id; s = (s + 1) & d->ids_mask)
		if (d->ids[s].id == id)
			return d->last_id = &d->ids[s];
	return NULL;
}

/* ---- opening ---- */

int perfdata_open(struct input *in, const struct perfdata_handlers *handlers, struct perfdata **out,
		  struct err *e)
{
	*out = NULL;
	int rc = input_random(in, e);
	if (rc)
		return rc;

	struct perfdata *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(e, ERR_NOMEM, "no memory to open a perf.data");
	d->in = in;
	d->size = input_size(in);
	d->h = *handlers;
	d->ids_budget = d->size / ID_FILE_BYTES;
	struct err why = {};
	rc = perfdata_read_meta(d, &why);
	if (rc) {
		perfdata_close(d);
		return rc == ERR_FORMAT
			       ? err_set(e, ERR_UNUSABLE, "%s: %.180s", input_name(in), why.msg)
			       : err_set(e, rc, "%s: %.200s", input_name(in), why.msg);
	}
	*out = d;
	return 0;
}

void perfdata_close(struct perfdata *d)
{
	if (!d)
		return;
	ZSTD_freeDCtx(d->zstd);
	free(d->plain);
	free(d->buf);
	free(d->ids);
	free(d->attrs);
	free(d);
}

const struct perfdata_info *perfdata_info(const struct perfdata *d)
{
	return &d->info;
}

const struct perfdata_attr *perfdata_attrs(const struct perfdata *d, uint32_t *n_out)
{
	*n_out = d->nattrs;
	return d->attrs;
}

uint64_t perfdata_position(const struct perfdata *d)
{
	const uint64_t left = d->end > d->pos ? d->end - d->pos : 0;
	return d->info.data_bytes > left ? d->info.data_bytes - left : 0;
}

/* ---- records ---- */

/* LOST: records of any event that found no room in a buffer. */
static void on_lost(struct perfdata *d, const struct perfdata_record *r)
{
	struct perfdata_attr *attr;
	uint64_t ts;
	uint32_t cpu;
	if (r->size < PERFDATA_HEAD_BYTES + 16)
		return;
	const uint64_t n = le64_get(r->p + 16);
	perfdata_parse_trailer(d, r, &ts, &cpu, &attr);
	d->info.ring_lost += n;
	const uint64_t from = d->cpu_last[cpu % PERFDATA_CPUS];
	d->h.lost(d->h.ctx, cpu, from && from < ts ? from : ts, ts, n);
}

/*
 * LOST_SAMPLES: while recording the hardware lost some; at the end of a file,
 * without a time, perf tells each event's own count, which are the samples
 * among the records that LOST told already.
 */
static void on_lost_samples(struct perfdata *d, const struct perfdata_record *r)
{
	struct perfdata_attr *attr;
	uint64_t ts;
	uint32_t cpu;
	if (r->size < PERFDATA_HEAD_BYTES + 8)
		return;
	const uint64_t n = le64_get(r->p + 8);
	perfdata_parse_trailer(d, r, &ts, &cpu, &attr);
	if (r->misc & MISC_LOST_BY_BPF) {
		if (attr)
			attr->bpf_dropped += n;
	} else if (!ts && attr) {
		attr->lost += n;
	} else {
		d->info.lost_samples += n;
		d->h.lost(d->h.ctx, cpu, d->cpu_last[cpu % PERFDATA_CPUS], ts, n);
	}
}

/* 1: *out is a sample; 0: none, and what is wrong was told. */
static int on_sample(struct perfdata *d, const struct perfdata_record *r,
		     struct perfdata_sample *out)
{
	struct perfdata_attr *attr;
	if (perfdata_parse_sample(d, r, out, &attr)) {
		attr->samples++;
		if (out->cpu != UINT32_MAX)
			d->cpu_last[out->cpu % PERFDATA_CPUS] = out->ts;
		return 1;
	}
	if (attr) {
		attr->bad++;
		perfdata_damage(d, r->at, "a sample of %u bytes is shorter than its event says",
				r->size);
	} else {
		d->info.unknown++;
		perfdata_damage(d, r->at, "a sample of an event that the file does not announce");
	}
	return 0;
}

int perfdata_next(struct perfdata *d, struct perfdata_sample *out, struct err *e)
{
	struct perfdata_record r;
	int rc;
	while ((rc = perfdata_next_record(d, &r, e)) == 1) {
		switch (r.type) {
		case RECORD_SAMPLE:
			if (on_sample(d, &r, out))
				return 1;
			break;
		case RECORD_FINISHED_ROUND:
			*out = (struct perfdata_sample){ .is_round_end = true };
			return 1;
		case RECORD_LOST:
			on_lost(d, &r);
			break;
		case RECORD_LOST_SAMPLES:
			on_lost_samples(d, &r);
			break;
		case RECORD_THROTTLE:
			d->info.throttled++;
			break;
		case RECORD_ATTR:
		case RECORD_TRACING_DATA:
		case RECORD_EVENT_UPDATE:
		case RECORD_TIME_CONV:
		case RECORD_FEATURE:
			rc = perfdata_read_meta_record(d, &r, e);
			if (rc)
				return rc;
			break;
		default: /* mappings, names of processes and the like */
			break;
		}
	}
	return rc;
}
