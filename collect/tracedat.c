// SPDX-License-Identifier: MIT
/*
 * An open trace.dat: the table of CPUs and a heap that merges their records.
 * The CPU whose record was given last is moved on only at the next call, so
 * that the record stays valid until then.
 */
#include "collect/tracedat.h"

#include "base/bytes.h"
#include "collect/tracedat-impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUFFERS_MAX = 1 << 12,
	CHUNK_COUNT_BYTES = 4,
};

static const uint64_t buffer_budget_least = 4 << 20;

const uint8_t tracedat_magic[TRACEDAT_MAGIC_BYTES] = { 0x17, 0x08, 'D', 't', 'r',
						       'a',  'c',  'i', 'n', 'g' };

void tracedat_damage(struct tracedat *t, uint64_t offset, const char *fmt, ...)
{
	char what[200], sentence[240];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(sentence, sizeof(sentence), "byte %" PRIu64 ": %s", offset, what);
	t->h.damage(t->h.ctx, sentence);
}

/* ---- tables ---- */

static int grow(void **p, uint32_t *cap, size_t size, struct err *e)
{
	const uint32_t n = *cap ? *cap * 2 : 8;
	void *q = realloc(*p, n * size);
	if (!q)
		return err_set(e, ERR_NOMEM, "no memory for the tables of a trace.dat");
	*p = q;
	*cap = n;
	return 0;
}

struct tracedat_cpu_report *tracedat_report(struct tracedat *t, const char *buffer, uint32_t cpu)
{
	for (size_t i = 0; i < t->nreports; i++)
		if (t->reports[i].cpu == cpu && !strcmp(t->reports[i].buffer, buffer))
			return &t->reports[i];
	if (t->nreports == REPORTS_MAX)
		return &t->spare_report;

	/* never moved: CPUs point into it */
	struct tracedat_cpu_report *r = &t->reports[t->nreports++];
	*r = (struct tracedat_cpu_report){ .cpu = cpu };
	snprintf(r->buffer, sizeof(r->buffer), "%s", buffer);
	return r;
}

int tracedat_add_buffer(struct tracedat *t, const char *name, const char *clock, uint64_t offset,
			struct err *e)
{
	if (t->nbuffers == BUFFERS_MAX)
		return err_set(e, ERR_FORMAT, "more than %u buffers", BUFFERS_MAX);
	if (t->nbuffers == t->buffers_cap) {
		const int rc = grow((void **)&t->buffers, &t->buffers_cap, sizeof(*t->buffers), e);
		if (rc)
			return rc;
	}
	struct tracedat_buffer *b = &t->buffers[t->nbuffers++];
	*b = (struct tracedat_buffer){ .offset = offset };
	snprintf(b->name, sizeof(b->name), "%.*s", TRACEDAT_NAME_BYTES - 1, name);
	snprintf(b->clock, sizeof(b->clock), "%.*s", TRACEDAT_NAME_BYTES - 1, clock);
	return 0;
}

int tracedat_add_cpu(struct tracedat *t, uint32_t buffer, uint32_t cpu, uint64_t offset,
		     uint64_t size, uint32_t page_bytes, bool is_compressed, struct err *e)
{
	if (!size)
		return 0;
	if (is_compressed && size <= UINT64_MAX - CHUNK_COUNT_BYTES)
		size += CHUNK_COUNT_BYTES; /* the count in front of the chunks is not counted */
	if (page_bytes < RINGBUF_PAGE_MIN || page_bytes > RINGBUF_PAGE_MAX) {
		tracedat_damage(t, offset, "cpu %u: pages of %u bytes", cpu, page_bytes);
		return 0;
	}
	if (offset >= t->size) {
		tracedat_damage(t, t->size,
				"the file ends here, all %" PRIu64
				" bytes of cpu %u at byte %" PRIu64 " are lost",
				size, cpu, offset);
		t->missing_bytes = t->missing_bytes > UINT64_MAX - size ? UINT64_MAX
									: t->missing_bytes + size;
		return 0;
	}
	if (size > t->size - offset) {
		tracedat_damage(t, t->size,
				"the file ends here, cpu %u has %" PRIu64 " of %" PRIu64 " bytes",
				cpu, t->size - offset, size);
		size = t->size - offset;
	}
	/* no two CPUs share bytes: what they claim together cannot exceed the file */
	if (size > t->size - t->claimed_bytes) {
		tracedat_damage(t, offset, "cpu %u: its %" PRIu64 " bytes overlap other data", cpu,
				size);
		return 0;
	}
	t->claimed_bytes += size;

	if (t->ncpus == t->cpus_cap) {
		const int rc = grow((void **)&t->cpus, &t->cpus_cap, sizeof(*t->cpus), e);
		if (rc)
			return rc;
	}
	t->cpus[t->ncpus++] = (struct tracedat_cpu){
		.cpu = cpu,
		.buffer = buffer,
		.page_bytes = page_bytes,
		.is_compressed = is_compressed,
		.pos = offset,
		.end = offset + size,
	};
	t->info.data_bytes += size;
	return 0;
}

/* A compressed CPU's data start with the number of chunks. */
static int read_chunk_count(struct tracedat *t, struct tracedat_cpu *s, struct err *e)
{
	uint8_t b[CHUNK_COUNT_BYTES];
	if (s->end - s->pos < sizeof(b)) {
		s->pos = s->end;
		return 0;
	}
	const int rc = input_pread(t->in, b, sizeof(b), s->pos, e);
	s->chunks_left = rc ? 0 : le32_get(b);
	s->pos += sizeof(b);
	return rc;
}

static int by_cpu_then_buffer(const void *a, const void *b)
{
	const struct tracedat_cpu *x = a, *y = b;
	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->buffer != y->buffer)
		return x->buffer < y->buffer ? -1 : 1;
	return x->pos < y->pos ? -1 : x->pos > y->pos;
}

/* After the tables are complete: order, reports, the clock in use. */
static int prepare_cpus(struct tracedat *t, struct err *e)
{
	if (t->ncpus)
		qsort(t->cpus, t->ncpus, sizeof(*t->cpus), by_cpu_then_buffer);
	t->heap = calloc(t->ncpus ? t->ncpus : 1, sizeof(*t->heap));
	if (!t->heap)
		return err_set(e, ERR_NOMEM, "no memory for %u CPUs", t->ncpus);

	uint32_t first = UINT32_MAX;
	for (uint32_t i = 0; i < t->ncpus; i++)
		if (t->cpus[i].buffer < first)
			first = t->cpus[i].buffer;
	for (uint32_t i = 0; i < t->ncpus; i++) {
		struct tracedat_cpu *s = &t->cpus[i];
		s->order = i;
		s->report = tracedat_report(t, t->buffers[s->buffer].name, s->cpu);
		if (strcmp(t->buffers[s->buffer].clock, t->buffers[first].clock))
			t->info.has_mixed_clocks = true;
		const int rc = s->is_compressed ? read_chunk_count(t, s, e) : 0;
		if (rc)
			return rc;
	}
	if (t->ncpus && t->buffers[first].clock[0])
		memcpy(t->info.clock, t->buffers[first].clock, sizeof(t->info.clock));
	t->info.nbuffers = t->nbuffers;
	return 0;
}

/* ---- opening ---- */

static int open_meta(struct tracedat *t, struct err *e)
{
	struct err why = {};
	const int rc = tracedat_read_meta(t, &why);

	if (rc && (rc != ERR_FORMAT || !t->has_layout || !t->has_formats || !t->ncpus)) {
		return rc == ERR_FORMAT
			       ? err_set(e, ERR_UNUSABLE, "%s: %.180s: cut short or damaged",
					 input_name(t->in), why.msg)
			       : err_set(e, rc, "%s: %s", input_name(t->in), why.msg);
	}
	if (rc)
		t->h.damage(t->h.ctx, why.msg);
	if (!t->has_layout || !t->has_formats)
		return err_set(e, ERR_UNUSABLE,
			       "%s: neither page header nor event formats can be read: cut short "
			       "or damaged",
			       input_name(t->in));
	if (!t->ncpus && t->missing_bytes)
		return err_set(e, ERR_UNUSABLE,
			       "%s: byte %" PRIu64 ": the file ends here, before its first record; "
			       "at least %" PRIu64 " bytes are missing: it was cut short",
			       input_name(t->in), t->size, t->missing_bytes);
	if (!t->ncpus)
		return err_set(e, ERR_UNUSABLE,
			       "%s: holds no records of any CPU: nothing was recorded, or it was "
			       "cut short",
			       input_name(t->in));
	return prepare_cpus(t, e);
}

int tracedat_open(struct input *in, const struct tracedat_handlers *handlers, struct tracedat **out,
		  struct err *e)
{
	*out = NULL;
	int rc = input_random(in, e);
	if (rc)
		return rc;

	struct tracedat *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory to open a trace.dat");
	t->in = in;
	t->size = input_size(in);
	t->h = *handlers;
	t->buffer_budget = t->size > buffer_budget_least / 2 ? 2 * t->size : buffer_budget_least;
	t->zstd = ZSTD_createDCtx();
	t->text = malloc(FORMAT_TEXT_MAX);
	t->reports = calloc(REPORTS_MAX, sizeof(*t->reports)); /* touched as far as it is used */
	rc = t->zstd && t->text && t->reports
		     ? open_meta(t, e)
		     : err_set(e, ERR_NOMEM, "no memory to open a trace.dat");
	free(t->text);
	t->text = NULL;
	if (rc) {
		tracedat_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tracedat_close(struct tracedat *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->ncpus; i++)
		free(t->cpus[i].buf);
	ZSTD_freeDCtx(t->zstd);
	free(t->packed);
	free(t->heap);
	free(t->cpus);
	free(t->buffers);
	free(t->reports);
	free(t->text);
	free(t);
}

const struct tracedat_info *tracedat_info(const struct tracedat *t)
{
	return &t->info;
}

const struct tracedat_cpu_report *tracedat_reports(const struct tracedat *t, size_t *n_out)
{
	*n_out = t->nreports;
	return t->reports;
}

uint64_t tracedat_position(const struct tracedat *t)
{
	uint64_t left = 0;
	for (uint32_t i = 0; i < t->ncpus; i++)
		left += t->cpus[i].end - t->cpus[i].pos;
	return t->info.data_bytes > left ? t->info.data_bytes - left : 0;
}

/* ---- merging ---- */

static bool is_before(const struct tracedat_cpu *a, const struct tracedat_cpu *b)
{
	return a->rec.ts != b->rec.ts ? a->rec.ts < b->rec.ts : a->order < b->order;
}

static void sift_down(struct tracedat *t, uint32_t i)
{
	struct tracedat_cpu *s = t->heap[i];
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= t->nheap)
			break;
		if (child + 1 < t->nheap && is_before(t->heap[child + 1], t->heap[child]))
			child++;
		if (!is_before(t->heap[child], s))
			break;
		t->heap[i] = t->heap[child];
		i = child;
	}
	t->heap[i] = s;
}

static int start(struct tracedat *t, struct err *e)
{
	for (uint32_t i = 0; i < t->ncpus; i++) {
		const int rc = tracedat_cpu_advance(t, &t->cpus[i], e);
		if (rc < 0)
			return rc;
		if (rc)
			t->heap[t->nheap++] = &t->cpus[i];
	}
	for (uint32_t i = t->nheap / 2; i-- > 0;)
		sift_down(t, i);
	t->is_started = true;
	return 0;
}

static int move_on(struct tracedat *t, struct err *e)
{
	const int rc = tracedat_cpu_advance(t, t->heap[0], e);
	if (rc < 0)
		return rc;
	if (!rc)
		t->heap[0] = t->heap[--t->nheap];
	if (t->nheap)
		sift_down(t, 0);
	return 0;
}

int tracedat_next(struct tracedat *t, struct tracedat_event *out, struct err *e)
{
	if (!t->is_started || t->nheap) {
		const int rc = t->is_started ? move_on(t, e) : start(t, e);
		if (rc)
			return rc;
	}
	if (!t->nheap)
		return 0;

	const struct tracedat_cpu *s = t->heap[0];
	*out = (struct tracedat_event){ s->rec.ts, s->cpu, s->buffer, s->rec.data, s->rec.len };
	return 1;
}
