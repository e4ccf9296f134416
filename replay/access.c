// SPDX-License-Identifier: MIT
/*
 * Rows to page accesses: a table of (device unmaps?, op, dir) per model gives
 * what a row means, so that the columns of the trace are handed on as they are.
 * Only where cpu rows are merged in, columns are copied, in runs.
 */
#include "replay/access.h"

#include "replay/live.h"
#include "replay/slots.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEVICES = 1 << 16,
	SOURCES = 1 << 16,
	MERGE_ROWS = 1 << 14,
	TOUCH = ACCESS_TOUCH,
	WRITE = ACCESS_TOUCH | ACCESS_WRITE,
};

const char *const access_model_names[] = { "near", "start", "end", "sweep", NULL };

/* A stream being read, and the rows of its batch that were not handed out yet. */
struct side {
	struct trace_reader *reader;
	const struct batch *batch;
	uint8_t *what; /* of the batch's rows */
	uint32_t what_cap, at, n;
	bool is_end;
};

/* cpu rows as they are handed on: those of a batch, or what memslots make of them. */
struct cpu_rows {
	const uint64_t *ts, *first, *period;
	const uint32_t *npages, *count;
	const uint16_t *vm;
};

struct access {
	struct trace *trace;
	const struct trace_stream_info *dma_stream, *cpu_stream; /* cpu: NULL where unused */
	struct access_info info;
	struct side dma, cpu;
	struct slots slots;   /* where cpu rows are of another space */
	struct pieces pieces; /* likewise */
	struct cpu_rows cpu_rows;
	uint8_t meaning[2][DMA_OP_COUNT][DIR_COUNT]; /* [0]: of devices that unmap */
	uint8_t never_unmaps[DEVICES];
	uint64_t *sources; /* survey: a bit per source that made rows */
	struct {           /* merged rows */
		uint64_t ts[MERGE_ROWS], first[MERGE_ROWS], period[MERGE_ROWS];
		uint32_t npages[MERGE_ROWS], count[MERGE_ROWS];
		uint16_t dev[MERGE_ROWS];
		uint8_t what[MERGE_ROWS];
	} * merged;
	struct live live;        /* where there is a period */
	struct access_batch raw; /* rows that uses of live areas go between ... */
	size_t raw_at;           /* ... and how many of them were handed out */
};

const struct param access_params[] = {
	{ "access", "live_period", PARAM_NS, NULL,
	  "500ms | guess | a ring of 1,024 descriptors at 2,000 packets/s", 0, 0,
	  "How often a working device uses each coherent area (alloc .. free); 0: once, at alloc",
	  offsetof(struct access_config, live_period_ns), NULL },
};
const size_t access_nparams = sizeof(access_params) / sizeof(*access_params);

void access_models(struct choices *c)
{
	choices_add_names(c, access_model_names);
}

/* ---- what rows mean ---- */

static bool may_write(unsigned dir)
{
	return dir != DIR_TO_DEVICE;
}

static bool may_read(unsigned dir)
{
	return dir != DIR_FROM_DEVICE;
}

static unsigned used(unsigned dir)
{
	return may_write(dir) ? WRITE : TOUCH;
}

static unsigned meaning_of_map(enum access_model model, unsigned dir, bool never_unmaps)
{
	if (model == ACCESS_START)
		return used(dir);
	if (never_unmaps)
		return may_write(dir) ? WRITE | ACCESS_LIVE_BEGIN : TOUCH;

	const unsigned open = may_write(dir) ? ACCESS_OPEN : 0;
	switch (model) {
	case ACCESS_NEAR:
		return open | (may_read(dir) ? TOUCH : 0);
	case ACCESS_SWEEP:
		return open | used(dir);
	default:
		return open;
	}
}

static unsigned meaning_of_unmap(enum access_model model, unsigned dir)
{
	const unsigned close = may_write(dir) ? ACCESS_CLOSE : 0;
	switch (model) {
	case ACCESS_START:
		return 0;
	case ACCESS_NEAR:
		return may_write(dir) ? close | WRITE : 0;
	default:
		return close | used(dir);
	}
}

static void set_meanings(struct access *a)
{
	const unsigned swept = a->info.live_period_ns ? ACCESS_SWEPT : 0;
	for (unsigned never = 0; never < 2; never++)
		for (unsigned dir = 0; dir < DIR_COUNT; dir++) {
			uint8_t(*m)[DIR_COUNT] = a->meaning[never];
			m[DMA_MAP][dir] = (uint8_t)meaning_of_map(a->info.model, dir, never);
			m[DMA_UNMAP][dir] = (uint8_t)meaning_of_unmap(a->info.model, dir);
			m[DMA_ALLOC][dir] = (uint8_t)(used(dir) | swept | ACCESS_LIVE_BEGIN);
			m[DMA_FREE][dir] = (uint8_t)(swept | ACCESS_LIVE_END);
			m[DMA_ACCESS][dir] = dir == DIR_UNKNOWN ? TOUCH : (uint8_t)used(dir);
			m[DMA_DIRTY][dir] = WRITE;
		}
}

/* Spaces whose page numbers may be compared: a guest's physical addresses are guest-physical. */
static unsigned space_group(unsigned as)
{
	return as == AS_GPA || as == AS_UNKNOWN ? AS_PA : as;
}

/* Room for the meanings of the batch's rows. */
static int make_room(struct side *s, struct err *e)
{
	s->at = 0;
	s->n = s->batch->n;
	if (s->n <= s->what_cap)
		return 0;
	free(s->what);
	s->what = malloc(s->n);
	s->what_cap = s->what ? s->n : 0;
	return s->what ? 0 : err_set(e, ERR_NOMEM, "no memory for %u rows", s->n);
}

/* 1 with rows in s, 0 at the end. */
static int fill(struct side *s, struct err *e)
{
	if (s->is_end)
		return 0;
	int rc = trace_reader_next(s->reader, &s->batch, e);
	if (rc <= 0) {
		s->is_end = true;
		s->at = s->n = 0;
		return rc;
	}
	rc = make_room(s, e);
	return rc ? rc : 1;
}

/* A range that no memory has is damage: it would be expanded page by page. */
static bool has_frame(uint64_t first, uint32_t npages)
{
	return first <= UINT64_MAX - ACCESS_ROW_PAGES_MAX && npages <= ACCESS_ROW_PAGES_MAX;
}

static int fill_dma(struct access *a, struct err *e)
{
	struct side *s = &a->dma;
	const int rc = fill(s, e);
	if (rc <= 0)
		return rc;

	const uint16_t *dev = batch_u16(s->batch, DMA_COL_dev);
	const uint8_t *op = batch_u8(s->batch, DMA_COL_op);
	const uint8_t *dir = batch_u8(s->batch, DMA_COL_dir);
	const uint8_t *as = batch_u8(s->batch, DMA_COL_as);
	const uint64_t *first = batch_u64(s->batch, DMA_COL_pfn);
	const uint32_t *npages = batch_u32(s->batch, DMA_COL_npages);
	const unsigned group = space_group(a->info.space);
	unsigned directions = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		s->what[i] = 0;
		if (op[i] >= DMA_OP_COUNT || dir[i] >= DIR_COUNT)
			continue;
		directions |= 1U << dir[i];
		if (__builtin_expect(!has_frame(first[i], npages[i]), 0))
			a->info.dma_unknown++;
		else if (__builtin_expect(space_group(as[i]) != group, 0))
			a->info.dma_outside++;
		else
			s->what[i] = a->meaning[a->never_unmaps[dev[i]]][op[i]][dir[i]];
	}
	a->info.directions |= directions;
	return 1;
}

static unsigned meaning_of_cpu(const struct batch *b, uint32_t i)
{
	return ACCESS_BY_CPU | (batch_u8(b, CPU_COL_write)[i] == 1 ? WRITE : TOUCH);
}

/* All rows of the batch, in pieces. */
static int join_batch(struct access *a, struct err *e)
{
	struct side *s = &a->cpu;
	const struct batch *b = s->batch;
	const uint64_t *first = batch_u64(b, CPU_COL_pfn);
	const uint32_t *npages = batch_u32(b, CPU_COL_npages);
	const uint8_t *as = batch_u8(b, CPU_COL_as);
	const unsigned group = space_group(a->info.space);
	struct pieces *p = &a->pieces;
	int rc = 0;
	p->n = 0;
	for (uint32_t i = 0; i < b->n && !rc; i++) {
		const struct piece row = {
			.first = first[i],
			.npages = npages[i],
			.ts_ns = batch_u64(b, CPU_COL_ts)[i],
			.period_ns = batch_u64(b, CPU_COL_period)[i],
			.count = batch_u32(b, CPU_COL_count)[i],
			.vm = batch_u16(b, CPU_COL_vm)[i],
			.what = (uint8_t)meaning_of_cpu(b, i),
		};
		bool is_inside = has_frame(first[i], npages[i]);
		if (!is_inside) {
			a->info.cpu_outside++;
		} else if (space_group(as[i]) == group) {
			rc = pieces_put(p, &row, e);
		} else {
			rc = pieces_join(p, &a->slots, (enum address_space)as[i], &row, &is_inside,
					 e);
			a->info.cpu_joined += is_inside;
			a->info.cpu_outside += !is_inside;
		}
	}
	a->cpu_rows =
		(struct cpu_rows){ p->ts_ns, p->first, p->period_ns, p->npages, p->count, p->vm };
	s->n = (uint32_t)p->n;
	return rc ? rc : 1;
}

static int fill_cpu(struct access *a, struct err *e)
{
	struct side *s = &a->cpu;
	const int rc = fill(s, e);
	if (rc <= 0)
		return rc;
	if (a->slots.n)
		return join_batch(a, e);

	const struct batch *b = s->batch;
	const uint8_t *as = batch_u8(b, CPU_COL_as);
	a->cpu_rows = (struct cpu_rows){
		batch_u64(b, CPU_COL_ts),     batch_u64(b, CPU_COL_pfn),
		batch_u64(b, CPU_COL_period), batch_u32(b, CPU_COL_npages),
		batch_u32(b, CPU_COL_count),  batch_u16(b, CPU_COL_vm),
	};
	const unsigned group = space_group(a->info.space);
	for (uint32_t i = 0; i < s->n; i++) {
		const bool is_page = has_frame(a->cpu_rows.first[i], a->cpu_rows.npages[i]) &&
				     space_group(as[i]) == group;
		a->info.cpu_outside += !is_page;
		s->what[i] = is_page ? (uint8_t)meaning_of_cpu(b, i) : 0;
	}
	return 1;
}

/* ---- merging ---- */

/* Rows of s (at times t) from s->at on that come before ts; with_equal: also those at ts. */
static uint32_t run_before(const struct side *s, const uint64_t *t, uint64_t ts, bool with_equal,
			   uint32_t max)
{
	const uint32_t end = s->n - s->at < max ? s->n : s->at + max;
	uint32_t i = s->at;
	while (i < end && (t[i] < ts || (with_equal && t[i] == ts)))
		i++;
	return i - s->at;
}

static void put_dma(struct access *a, size_t to, uint32_t n)
{
	const struct side *s = &a->dma;
	const struct batch *b = s->batch;
	memcpy(a->merged->ts + to, batch_u64(b, DMA_COL_ts) + s->at, n * sizeof(uint64_t));
	memcpy(a->merged->first + to, batch_u64(b, DMA_COL_pfn) + s->at, n * sizeof(uint64_t));
	memcpy(a->merged->npages + to, batch_u32(b, DMA_COL_npages) + s->at, n * sizeof(uint32_t));
	memcpy(a->merged->dev + to, batch_u16(b, DMA_COL_dev) + s->at, n * sizeof(uint16_t));
	memcpy(a->merged->what + to, s->what + s->at, n);
	for (size_t i = to; i < to + n; i++) {
		a->merged->count[i] = 1;
		a->merged->period[i] = UINT64_MAX;
	}
}

static void put_cpu(struct access *a, size_t to, uint32_t n)
{
	const struct side *s = &a->cpu;
	const struct cpu_rows *c = &a->cpu_rows;
	const uint8_t *what = a->slots.n ? a->pieces.what : s->what;
	memcpy(a->merged->ts + to, c->ts + s->at, n * sizeof(uint64_t));
	memcpy(a->merged->first + to, c->first + s->at, n * sizeof(uint64_t));
	memcpy(a->merged->npages + to, c->npages + s->at, n * sizeof(uint32_t));
	memcpy(a->merged->dev + to, c->vm + s->at, n * sizeof(uint16_t));
	memcpy(a->merged->what + to, what + s->at, n);
	memcpy(a->merged->count + to, c->count + s->at, n * sizeof(uint32_t));
	memcpy(a->merged->period + to, c->period + s->at, n * sizeof(uint64_t));
}

/* Both sides hold rows, or are at their end: moves one run. */
static uint32_t merge_run(struct access *a, size_t to)
{
	struct side *dma = &a->dma, *cpu = &a->cpu;
	const uint32_t room = (uint32_t)(MERGE_ROWS - to);
	const bool has_dma = dma->at < dma->n, has_cpu = cpu->at < cpu->n;
	const uint64_t cpu_ts = has_cpu ? a->cpu_rows.ts[cpu->at] : UINT64_MAX;
	const uint64_t *const dma_ts = has_dma ? batch_u64(dma->batch, 0) : NULL;
	uint32_t n = has_dma ? run_before(dma, dma_ts, cpu_ts, true, room) : 0;
	if (n) {
		put_dma(a, to, n);
		dma->at += n;
		return n;
	}
	n = has_cpu ? run_before(cpu, a->cpu_rows.ts, has_dma ? dma_ts[dma->at] : UINT64_MAX,
				 !has_dma, room)
		    : 0;
	put_cpu(a, to, n);
	cpu->at += n;
	return n;
}

/* A batch of which no slot knows a row is empty. */
static int refill_cpu(struct access *a, struct err *e)
{
	int rc = 1;
	while (rc > 0 && a->cpu.at == a->cpu.n)
		rc = fill_cpu(a, e);
	return rc;
}

static int next_merged(struct access *a, struct access_batch *out, struct err *e)
{
	size_t n = 0;
	while (n < MERGE_ROWS) {
		int rc = a->dma.at < a->dma.n ? 1 : fill_dma(a, e);
		if (rc >= 0)
			rc = refill_cpu(a, e);
		if (rc < 0)
			return rc;
		if (a->dma.at == a->dma.n && a->cpu.at == a->cpu.n)
			break;
		n += merge_run(a, n);
	}
	*out = (struct access_batch){
		.ts_ns = a->merged->ts,
		.first = a->merged->first,
		.npages = a->merged->npages,
		.dev = a->merged->dev,
		.what = a->merged->what,
		.count = a->merged->count,
		.period_ns = a->merged->period,
		.n = n,
	};
	return n > 0;
}

static int next_raw(struct access *a, struct access_batch *out, struct err *e)
{
	if (a->cpu_stream)
		return next_merged(a, out, e);

	const int rc = fill_dma(a, e);
	if (rc <= 0)
		return rc;
	const struct batch *b = a->dma.batch;
	*out = (struct access_batch){
		.ts_ns = batch_u64(b, DMA_COL_ts),
		.first = batch_u64(b, DMA_COL_pfn),
		.npages = batch_u32(b, DMA_COL_npages),
		.dev = batch_u16(b, DMA_COL_dev),
		.what = a->dma.what,
		.n = a->dma.n,
	};
	return 1;
}

static struct access_batch slice(const struct access_batch *b, size_t at, size_t n)
{
	return (struct access_batch){
		.ts_ns = b->ts_ns + at,
		.first = b->first + at,
		.npages = b->npages + at,
		.dev = b->dev + at,
		.what = b->what + at,
		.count = b->count ? b->count + at : NULL,
		.period_ns = b->period_ns ? b->period_ns + at : NULL,
		.n = n,
	};
}

/* Rows, cut where uses of live areas go between. */
static int next_swept(struct access *a, struct access_batch *out, struct err *e)
{
	for (;;) {
		if (live_take(&a->live, out))
			return 1;
		const size_t at = a->raw_at;
		if (at == a->raw.n) {
			const int rc = next_raw(a, &a->raw, e);
			a->raw_at = 0;
			if (rc <= 0) {
				a->raw.n = 0;
				return rc;
			}
			continue;
		}
		const int rc = live_pass(&a->live, &a->raw, at, &a->raw_at, e);
		if (rc)
			return rc;
		a->info.live_areas = a->live.told_max;
		a->info.live_pages = a->live.pages_max;
		if (a->raw_at == at)
			continue;
		*out = slice(&a->raw, at, a->raw_at - at);
		return 1;
	}
}

int access_next(struct access *a, struct access_batch *out, struct err *e)
{
	return a->info.live_period_ns ? next_swept(a, out, e) : next_raw(a, out, e);
}

/* ---- opening ---- */

#define BIT(c) (UINT64_C(1) << (c))

static bool has_row(const struct trace *t, const char *sql)
{
	bool found = false;
	for (unsigned f = 0; f < trace_nfiles(t) && !found; f++) {
		sqlite3_stmt *st = NULL;
		found = sqlite3_prepare_v2(trace_sqlite(t, f), sql, -1, &st, NULL) == SQLITE_OK &&
			sqlite3_step(st) == SQLITE_ROW;
		sqlite3_finalize(st);
	}
	return found;
}

/* Whether a source recorded but a share of all pages: then it matters who made which row. */
static bool has_samples(const struct trace *t)
{
	return has_row(t, "SELECT 1 FROM source WHERE sample_ppm > 0 AND sample_ppm < 1000000");
}

/*
 * Of the devices that have rows, bits of their number modulo 64, as the list
 * of chunks has them; all bits where two devices would share one.
 */
static uint64_t all_devices(const struct trace *t)
{
	uint64_t mask = 0;
	if (has_row(t, "SELECT 1 FROM device WHERE dev_id > 63 AND dev_id < 65535"))
		return UINT64_MAX;
	for (unsigned f = 0; f < trace_nfiles(t); f++) {
		sqlite3_stmt *st = NULL;
		if (sqlite3_prepare_v2(trace_sqlite(t, f),
				       "SELECT DISTINCT dev_mask FROM chunk JOIN stream"
				       " USING (stream_id) WHERE kind = 'dma'",
				       -1, &st, NULL) != SQLITE_OK)
			return UINT64_MAX;
		while (sqlite3_step(st) == SQLITE_ROW)
			mask |= (uint64_t)sqlite3_column_int64(st, 0);
		sqlite3_finalize(st);
	}
	return mask;
}

enum { HAS_ROWS = 1, MAPS = 2, UNMAPS = 4 };

struct survey {
	uint8_t device[DEVICES]; /* HAS_ROWS .. */
	uint64_t spaces[AS_COUNT];
	uint64_t wanted, unmap; /* devices modulo 64: that there are, that unmap */
};

static void survey_batch(struct survey *v, const struct batch *b)
{
	const uint16_t *dev = batch_u16(b, DMA_COL_dev);
	const uint8_t *op = batch_u8(b, DMA_COL_op), *dir = batch_u8(b, DMA_COL_dir);
	const uint8_t *as = batch_u8(b, DMA_COL_as);
	for (uint32_t i = 0; i < b->n; i++) {
		const bool counts = may_write(dir[i]);
		v->device[dev[i]] |= (uint8_t)(HAS_ROWS | (counts && op[i] == DMA_MAP ? MAPS : 0) |
					       (counts && op[i] == DMA_UNMAP ? UNMAPS : 0));
		v->unmap |= (uint64_t)(counts && op[i] == DMA_UNMAP) << (dev[i] & 63);
		v->spaces[as[i] < AS_COUNT ? as[i] : AS_UNKNOWN]++;
	}
}

static void note_sources(uint64_t *sources, const uint16_t *source, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sources[source[i] / 64] |= UINT64_C(1) << (source[i] % 64);
}

static int read_survey(struct access *a, struct survey *v, bool all, struct err *e)
{
	const struct trace_select select = {
		.stream = a->dma_stream->id,
		.columns = BIT(DMA_COL_dev) | BIT(DMA_COL_op) | BIT(DMA_COL_dir) | BIT(DMA_COL_as) |
			   (all ? BIT(DMA_COL_source) : 0),
		.dev = -1,
	};
	struct trace_reader *r;
	const struct batch *b;
	int rc = trace_reader_open(a->trace, &select, &r, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(r, &b, e)) > 0) {
		survey_batch(v, b);
		if (all)
			note_sources(a->sources, batch_u16(b, DMA_COL_source), b->n);
		else if (!(v->wanted & ~v->unmap))
			break; /* every device unmaps: no more to learn */
	}
	trace_reader_close(r);
	return rc < 0 ? rc : 0;
}

/* The space of most rows, of the spaces that may be compared. */
static enum address_space main_space(const struct survey *v)
{
	uint64_t group[AS_COUNT] = {}, most = 0;
	enum address_space best = AS_UNKNOWN;
	for (unsigned as = 0; as < AS_COUNT; as++)
		group[space_group(as)] += v->spaces[as];
	for (unsigned as = 1; as < AS_COUNT; as++)
		if (group[as] > most) {
			most = group[as];
			best = (enum address_space)as;
		}
	if (best == AS_PA)
		best = v->spaces[AS_GPA] > v->spaces[AS_PA]       ? AS_GPA
		       : v->spaces[AS_UNKNOWN] > v->spaces[AS_PA] ? AS_UNKNOWN
								  : AS_PA;
	return best;
}

/* The least share that a source of these rows kept. */
static uint64_t least_sample(struct access *a, uint64_t *sources)
{
	uint64_t least = UINT64_MAX, most = 0;
	for (unsigned f = 0; f < trace_nfiles(a->trace); f++) {
		sqlite3_stmt *st = NULL;
		if (sqlite3_prepare_v2(trace_sqlite(a->trace, f),
				       "SELECT source_id, sample_ppm FROM source", -1, &st,
				       NULL) != SQLITE_OK)
			continue;
		while (sqlite3_step(st) == SQLITE_ROW) {
			const uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);
			const int64_t ppm = sqlite3_column_int64(st, 1);
			const uint64_t share = ppm > 0 && ppm < 1000000 ? (uint64_t)ppm : 1000000;
			if (id >= SOURCES || !(sources[id / 64] >> (id % 64) & 1))
				continue;
			least = share < least ? share : least;
			most = share > most ? share : most;
		}
		sqlite3_finalize(st);
	}
	a->info.is_sample_mixed |= least < most;
	return least == UINT64_MAX ? 1000000 : least;
}

static int survey_cpu_sources(struct access *a, struct err *e)
{
	const struct trace_select select = { .stream = a->cpu_stream->id,
					     .columns = BIT(CPU_COL_source),
					     .dev = -1 };
	struct trace_reader *r;
	const struct batch *b;
	int rc = trace_reader_open(a->trace, &select, &r, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(r, &b, e)) > 0)
		note_sources(a->sources, batch_u16(b, CPU_COL_source), b->n);
	trace_reader_close(r);
	return rc;
}

/*
 * Whether cpu rows can tell guest pages: those of the space of the dma rows do,
 * host addresses do by memslots.
 */
static int survey_cpu_spaces(struct access *a, struct err *e)
{
	const struct trace_select select = { .stream = a->cpu_stream->id,
					     .columns = BIT(CPU_COL_as),
					     .dev = -1 };
	struct trace_reader *r;
	const struct batch *b;
	unsigned seen = 0;
	int rc = trace_reader_open(a->trace, &select, &r, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(r, &b, e)) > 0) {
		const uint8_t *as = batch_u8(b, CPU_COL_as);
		for (uint32_t i = 0; i < b->n; i++)
			seen |= 1U << (as[i] < AS_COUNT ? as[i] : AS_UNKNOWN);
	}
	trace_reader_close(r);
	if (!rc && seen & (1U << AS_HVA | 1U << AS_HPA) &&
	    space_group(a->info.space) == space_group(AS_GPA))
		rc = slots_read(a->trace, &a->slots, e);
	bool is_usable = false;
	unsigned other = AS_UNKNOWN;
	for (unsigned as = 0; as < AS_COUNT; as++) {
		if (!(seen >> as & 1))
			continue;
		is_usable |= space_group(as) == space_group(a->info.space) ||
			     slots_know(&a->slots, (enum address_space)as);
		other = as;
	}
	if (rc || is_usable)
		return rc;
	return err_set(e, ERR_UNUSABLE,
		       "%s: its cpu rows are %s, its dma rows %s, and it has no memslots that join "
		       "them: leave them out (age --no-cpu, pin --cpu cold,touched)",
		       trace_path(a->trace), kind_as_names[other], kind_as_names[a->info.space]);
}

static int survey_samples(struct access *a, struct err *e)
{
	a->info.dma_sample_ppm = least_sample(a, a->sources);
	if (!a->cpu_stream)
		return 0;
	memset(a->sources, 0, SOURCES / 8);
	const int rc = survey_cpu_sources(a, e);
	a->info.cpu_sample_ppm = rc ? 0 : least_sample(a, a->sources);
	return rc;
}

static int survey(struct access *a, struct err *e)
{
	const bool is_sampled = has_samples(a->trace);
	struct survey *v = calloc(1, sizeof(*v));
	a->sources = calloc(SOURCES / 64, sizeof(*a->sources));
	if (!v || !a->sources) {
		free(v);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	v->wanted = all_devices(a->trace);
	int rc = read_survey(a, v, is_sampled, e);
	a->info.space = main_space(v);
	for (unsigned d = 0; d < DEVICES; d++) {
		a->never_unmaps[d] = (v->device[d] & (MAPS | UNMAPS)) == MAPS;
		a->info.devices += v->device[d] & HAS_ROWS;
		a->info.devices_no_unmap += a->never_unmaps[d];
	}
	free(v);
	a->info.dma_sample_ppm = a->info.cpu_sample_ppm = 1000000;
	if (!rc && is_sampled)
		rc = survey_samples(a, e);
	return rc;
}

static int find_stream(const struct trace *t, int wanted, enum kind_id kind,
		       const struct trace_stream_info **out, struct err *e)
{
	*out = NULL;
	if (wanted < 0) {
		*out = trace_find_stream(t, kind);
	} else {
		if ((unsigned)wanted < trace_nstreams(t))
			*out = trace_stream_info(t, (unsigned)wanted);
		if (!*out || (*out)->kind->id != kind)
			return err_set(e, ERR_USAGE, "%s: stream %d is not of kind %s",
				       trace_path(t), wanted, kinds[kind].name);
	}
	if (*out && !(*out)->rows)
		*out = NULL;
	return 0;
}

static int find_streams(struct access *a, const struct access_config *c, struct err *e)
{
	struct trace *t = a->trace;
	int rc = find_stream(t, c->dma_stream, KIND_DMA, &a->dma_stream, e);
	if (!rc && !c->without_cpu)
		rc = find_stream(t, c->cpu_stream, KIND_CPU, &a->cpu_stream, e);
	if (rc)
		return rc;
	if (!a->dma_stream)
		return err_set(e, ERR_UNUSABLE,
			       trace_find_stream(t, KIND_IO) || trace_find_stream(t, KIND_OBJECT)
				       ? "%s: no dma rows: an LBA is not a memory page"
				       : "%s: no dma rows: no device uses memory in this trace",
			       trace_path(t));
	if (trace_is_sampled(t, a->dma_stream->kind))
		return err_set(e, ERR_UNUSABLE,
			       "%s: its dma rows are a sample in time: not every access is known",
			       trace_path(t));
	a->info.dma_rows = a->dma_stream->rows;
	a->info.cpu_rows = a->cpu_stream ? a->cpu_stream->rows : 0;
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		const uint64_t last = trace_stream_info(t, i)->last_ns;
		a->info.end_ns = last > a->info.end_ns ? last : a->info.end_ns;
	}
	return 0;
}

static int open_readers(struct access *a, bool threaded, struct err *e)
{
	const struct trace_select dma = {
		.stream = a->dma_stream->id,
		.columns = BIT(DMA_COL_ts) | BIT(DMA_COL_dev) | BIT(DMA_COL_op) | BIT(DMA_COL_dir) |
			   BIT(DMA_COL_as) | BIT(DMA_COL_pfn) | BIT(DMA_COL_npages),
		.dev = -1,
		.threaded = threaded,
	};
	const int rc = trace_reader_open(a->trace, &dma, &a->dma.reader, e);
	if (rc || !a->cpu_stream)
		return rc;

	const struct trace_select cpu = {
		.stream = a->cpu_stream->id,
		.columns = BIT(CPU_COL_ts) | BIT(CPU_COL_vm) | BIT(CPU_COL_as) | BIT(CPU_COL_pfn) |
			   BIT(CPU_COL_npages) | BIT(CPU_COL_count) | BIT(CPU_COL_period) |
			   BIT(CPU_COL_write),
		.dev = -1,
		.threaded = threaded,
	};
	a->merged = malloc(sizeof(*a->merged));
	if (!a->merged)
		return err_set(e, ERR_NOMEM, "out of memory");
	return trace_reader_open(a->trace, &cpu, &a->cpu.reader, e);
}

int access_open(struct trace *t, const struct access_config *c, struct access **out, struct err *e)
{
	struct access *a = calloc(1, sizeof(*a));
	*out = NULL;
	if (!a)
		return err_set(e, ERR_NOMEM, "out of memory");
	a->trace = t;
	a->info.model = c->model;
	a->info.live_period_ns = c->live_period_ns;
	set_meanings(a);
	int rc = c->live_period_ns ? live_init(&a->live, c->live_period_ns, e) : 0;
	if (!rc)
		rc = find_streams(a, c, e);
	if (!rc)
		rc = survey(a, e);
	if (!rc && a->info.space == AS_LBA)
		rc = err_set(e, ERR_UNUSABLE,
			     "%s: its dma rows hold LBAs: an LBA is not a memory page",
			     trace_path(t));
	if (!rc && a->cpu_stream)
		rc = survey_cpu_spaces(a, e);
	if (!rc)
		rc = open_readers(a, c->threaded, e);
	if (rc) {
		access_close(a);
		return rc;
	}
	*out = a;
	return 0;
}

void access_close(struct access *a)
{
	if (!a)
		return;
	trace_reader_close(a->dma.reader);
	trace_reader_close(a->cpu.reader);
	free(a->dma.what);
	free(a->cpu.what);
	free(a->sources);
	free(a->merged);
	live_deinit(&a->live);
	slots_free(&a->slots);
	pieces_free(&a->pieces);
	free(a);
}

const struct access_info *access_info(const struct access *a)
{
	return &a->info;
}

static void rewind_side(struct side *s)
{
	if (s->reader)
		trace_reader_rewind(s->reader);
	s->at = s->n = 0;
	s->is_end = false;
}

void access_rewind(struct access *a)
{
	rewind_side(&a->dma);
	rewind_side(&a->cpu);
	if (a->info.live_period_ns)
		live_clear(&a->live);
	a->raw.n = a->raw_at = 0;
	a->info.dma_unknown = a->info.dma_outside = a->info.cpu_outside = a->info.cpu_joined = 0;
}
