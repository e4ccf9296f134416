// SPDX-License-Identifier: MIT
/*
 * Streaming reader: chunk after chunk, decoded columns, filtered by time,
 * device and page. Each chunk is fetched in a transaction of its own, so a
 * reader never holds back the writer's checkpoints. With `threaded` a second
 * thread decodes ahead; the order of batches is the same.
 */
#include "store/reader.h"

#include "store/chunk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 3 };

/* What the chunk table says of a chunk, loaded once: 64 bytes per 64Ki rows. */
struct chunk_ref {
	unsigned file;
	uint32_t n;
	int64_t chunk_id, seq;
	uint64_t first_ns, last_ns;
	bool is_whole; /* no row can be filtered out by time */
};

/* A decoded chunk and what came of it. */
struct slot {
	struct chunk_decoder *dec;
	struct batch batch;
	void *columns[KIND_MAX_COLUMNS];
	uint32_t *keep; /* rows that pass the filters */
	uint32_t keep_cap;
	uint16_t *translated[3]; /* columns of a merged recording */
	uint32_t translated_cap;
	int rc; /* 1 batch, 0 end, negative error */
	struct err err;
	bool is_full;
};

struct trace_reader {
	const struct trace *trace;
	const struct kind *kind;
	struct trace_select sel;
	uint64_t decode_mask; /* selected columns and those the filters need */
	/* columns that a merge translates; sel.dev is as in the rows */
	struct {
		int column;
		const struct trace_renumber *numbers;
	} renumbered[3];
	unsigned nrenumbered;
	struct chunk_ref *refs;
	size_t nrefs, next;
	sqlite3 *db; /* of refs[].file == open_file */
	sqlite3_stmt *fetch;
	unsigned open_file;
	struct slot slots[SLOTS];
	unsigned head; /* slot handed out last */
	bool is_threaded, is_started, is_stopping;
	bool is_holding; /* the caller has slots[head] */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* ---- which chunks ---- */

static bool is_wanted(const struct trace_select *sel, const struct kind *k, sqlite3_stmt *st)
{
	const uint64_t devs = (uint64_t)sqlite3_column_int64(st, 5);

	if (sel->dev >= 0 && k->dev >= 0 && !(devs >> (sel->dev & 63) & 1))
		return false;
	if (sel->pfn_last && k->pfn >= 0) {
		if (sqlite3_column_type(st, 6) == SQLITE_NULL)
			return false;
		return (uint64_t)sqlite3_column_int64(st, 6) <= sel->pfn_last &&
		       (uint64_t)sqlite3_column_int64(st, 7) >= sel->pfn_first;
	}
	return true;
}

static int add_ref(struct trace_reader *r, unsigned file, sqlite3_stmt *st, size_t *cap,
		   struct err *e)
{
	if (r->nrefs == *cap) {
		*cap = *cap ? 2 * *cap : 64;
		struct chunk_ref *grown = realloc(r->refs, *cap * sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "out of memory");
		r->refs = grown;
	}
	const uint64_t first = (uint64_t)sqlite3_column_int64(st, 3);
	const uint64_t last = (uint64_t)sqlite3_column_int64(st, 4);
	r->refs[r->nrefs++] = (struct chunk_ref){
		.file = file,
		.chunk_id = sqlite3_column_int64(st, 0),
		.seq = sqlite3_column_int64(st, 1),
		.n = (uint32_t)sqlite3_column_int64(st, 2),
		.first_ns = first,
		.last_ns = last,
		.is_whole = first >= r->sel.from_ns && (!r->sel.to_ns || last < r->sel.to_ns),
	};
	return 0;
}

static int load_refs(struct trace_reader *r, int64_t stream_id, struct err *e)
{
	size_t cap = 0;
	int rc = 0;
	for (unsigned f = 0; !rc && f < r->trace->nfiles; f++) {
		const struct trace_file *file = &r->trace->files[f];
		sqlite3_stmt *st;
		rc = db_prepare(file->db, file->path,
				"SELECT chunk_id, seq, n, first_ns, last_ns, dev_mask, pfn_first,"
				" pfn_last FROM chunk WHERE stream_id = ?1"
				/* times from 2^63 on are negative here */
				" AND (last_ns >= ?2 OR last_ns < 0)"
				" AND (?3 < 0 OR (first_ns >= 0 AND first_ns < ?3)) ORDER BY seq",
				&st, e);
		if (rc)
			break;
		sqlite3_bind_int64(st, 1, stream_id);
		sqlite3_bind_int64(st, 2, (int64_t)r->sel.from_ns);
		sqlite3_bind_int64(st, 3, r->sel.to_ns ? (int64_t)r->sel.to_ns : -1);
		int step;
		while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW)
			if (is_wanted(&r->sel, r->kind, st))
				rc = add_ref(r, f, st, &cap, e);
		if (!rc && step != SQLITE_DONE)
			rc = db_error(file->db, file->path, "reading the list of chunks", e);
		sqlite3_finalize(st);
	}
	return rc;
}

/* ---- filters ---- */

static bool touches(uint64_t first, uint64_t npages, const struct trace_select *sel)
{
	uint64_t last;
	if (__builtin_add_overflow(first, npages ? npages - 1 : 0, &last))
		last = UINT64_MAX;
	return first <= sel->pfn_last && last >= sel->pfn_first;
}

static bool passes(const struct trace_reader *r, const struct batch *b, uint32_t i)
{
	const struct trace_select *sel = &r->sel;
	const struct kind *k = b->kind;
	const uint64_t ts = batch_u64(b, 0)[i];

	if (ts < sel->from_ns || (sel->to_ns && ts >= sel->to_ns))
		return false;
	if (sel->dev >= 0 && k->dev >= 0 && batch_u16(b, (unsigned)k->dev)[i] != sel->dev)
		return false;
	if (sel->pfn_last && k->pfn >= 0) {
		const uint64_t pfn = batch_u64(b, (unsigned)k->pfn)[i];
		const uint64_t pages = k->npages >= 0 ? batch_u32(b, (unsigned)k->npages)[i] : 1;
		if (pfn == UINT64_MAX && k->columns[k->pfn].is_nullable)
			return false;
		return touches(pfn, pages, sel);
	}
	return true;
}

/* first row with ts >= limit, in a chunk whose times never go backwards */
static uint32_t lower_bound(const uint64_t *ts, uint32_t n, uint64_t limit)
{
	uint32_t low = 0, high = n;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (ts[middle] < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Rows of the batch whose times are asked for, in a chunk whose times never go backwards. */
static void cut_times(const struct trace_reader *r, struct slot *s, uint32_t from, uint32_t to)
{
	s->batch.n = to > from ? to - from : 0;
	s->batch.first_row = from;
	for (unsigned c = 0; c < r->kind->ncolumns; c++)
		if (s->batch.col[c])
			s->batch.col[c] = (const uint8_t *)s->batch.col[c] +
					  (size_t)from * r->kind->columns[c].width_bytes;
}

static void gather(void *column, unsigned width, const uint32_t *keep, uint32_t n)
{
	switch (width) {
	case 1:
		for (uint32_t i = 0; i < n; i++)
			((uint8_t *)column)[i] = ((uint8_t *)column)[keep[i]];
		break;
	case 2:
		for (uint32_t i = 0; i < n; i++)
			((uint16_t *)column)[i] = ((uint16_t *)column)[keep[i]];
		break;
	case 4:
		for (uint32_t i = 0; i < n; i++)
			((uint32_t *)column)[i] = ((uint32_t *)column)[keep[i]];
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			((uint64_t *)column)[i] = ((uint64_t *)column)[keep[i]];
	}
}

static int keep_rows(struct trace_reader *r, struct slot *s, struct err *e)
{
	if (s->batch.n > s->keep_cap) {
		free(s->keep);
		s->keep = malloc(s->batch.n * sizeof(*s->keep));
		s->keep_cap = s->keep ? s->batch.n : 0;
		if (!s->keep)
			return err_set(e, ERR_NOMEM, "out of memory");
	}
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->batch.n; i++) {
		s->keep[n] = i;
		n += passes(r, &s->batch, i);
	}
	for (unsigned c = 0; c < r->kind->ncolumns; c++)
		if (s->columns[c])
			gather(s->columns[c], r->kind->columns[c].width_bytes, s->keep, n);
	s->batch.n = n;
	s->batch.rows = s->keep;
	return 0;
}

/* ---- one chunk ---- */

/* A decoding thread has connections of its own; otherwise the trace's serve. */
static void close_file(struct trace_reader *r)
{
	sqlite3_finalize(r->fetch);
	if (r->is_threaded)
		sqlite3_close(r->db);
	r->fetch = NULL;
	r->db = NULL;
}

static int open_file(struct trace_reader *r, unsigned file, struct err *e)
{
	if (r->db && r->open_file == file)
		return 0;
	close_file(r);
	r->open_file = file;
	const struct trace_file *f = &r->trace->files[file];
	int rc = 0;
	if (r->is_threaded)
		rc = db_open_readonly(f->path, TRACE_APPLICATION_ID, &r->db, e);
	else
		r->db = f->db;
	if (!rc)
		rc = db_prepare(r->db, f->path, "SELECT blob FROM chunk WHERE chunk_id = ?",
				&r->fetch, e);
	return rc;
}

static int check_ref(const struct chunk_ref *ref, const struct chunk_header *h, struct err *e)
{
	if (h->n == ref->n && h->first_ns == ref->first_ns && h->last_ns == ref->last_ns)
		return 0;
	return err_set(e, ERR_FORMAT, "the chunk table and the chunk disagree");
}

/* Rows up to a time, were the times spread evenly, and some more. */
static uint32_t guess_rows(const struct chunk_ref *ref, uint64_t to_ns)
{
	const uint64_t span = ref->last_ns - ref->first_ns;
	if (!to_ns || to_ns > ref->last_ns || !span)
		return ref->n;
	const uint64_t rows =
		(uint64_t)((unsigned __int128)ref->n * (to_ns - ref->first_ns) / span);
	return rows + ref->n / 16 + 1 < ref->n ? (uint32_t)(rows + ref->n / 16 + 1) : ref->n;
}

/* The times of a chunk, at least up to the end of the selection; *rows_out: how many. */
static int decode_times(struct trace_reader *r, const struct chunk_ref *ref, struct slot *s,
			const void *blob, size_t blob_bytes, struct chunk_header *h,
			uint32_t *rows_out, struct err *e)
{
	*rows_out = guess_rows(ref, r->sel.to_ns);
	int rc = chunk_decode(s->dec, r->kind, blob, blob_bytes, 1, *rows_out, h, s->columns, e);
	if (rc || *rows_out >= h->n)
		*rows_out = rc ? 0 : h->n;
	else if (((uint64_t *)s->columns[0])[*rows_out - 1] < r->sel.to_ns)
		rc = chunk_decode(s->dec, r->kind, blob, blob_bytes, 1, *rows_out = h->n, h,
				  s->columns, e);
	return rc;
}

/* A part of the chunk: the times first, then of the other columns only what is needed. */
static int decode_slice(struct trace_reader *r, const struct chunk_ref *ref, struct slot *s,
			const void *blob, size_t blob_bytes, struct chunk_header *h, struct err *e)
{
	uint32_t rows;
	int rc = decode_times(r, ref, s, blob, blob_bytes, h, &rows, e);
	if (rc)
		return rc;
	if (!h->is_monotone)
		return chunk_decode(s->dec, r->kind, blob, blob_bytes, r->decode_mask, UINT32_MAX,
				    h, s->columns, e);

	uint64_t *ts = s->columns[0];
	const uint32_t from = lower_bound(ts, rows, r->sel.from_ns);
	const uint32_t to = r->sel.to_ns ? lower_bound(ts, rows, r->sel.to_ns) : rows;
	if (from < to && r->decode_mask != 1)
		rc = chunk_decode(s->dec, r->kind, blob, blob_bytes, r->decode_mask & ~1ULL, to, h,
				  s->columns, e);
	s->columns[0] = ts;
	memcpy(s->batch.col, s->columns, sizeof(s->columns));
	cut_times(r, s, from, to);
	return rc;
}

static int decode_blob(struct trace_reader *r, const struct chunk_ref *ref, struct slot *s,
		       const void *blob, size_t blob_bytes, struct err *e)
{
	const bool is_filtered = r->sel.dev >= 0 || r->sel.pfn_last;
	const bool is_slice = !is_filtered && !ref->is_whole;
	struct chunk_header h;
	int rc;

	s->batch = (struct batch){ .kind = r->kind, .seq = (uint64_t)ref->seq };
	if (is_slice)
		rc = decode_slice(r, ref, s, blob, blob_bytes, &h, e);
	else
		rc = chunk_decode(s->dec, r->kind, blob, blob_bytes, r->decode_mask, UINT32_MAX, &h,
				  s->columns, e);
	if (!rc)
		rc = check_ref(ref, &h, e);
	if (rc)
		return err_prefix(e, "%s: stream %s, chunk %lld", r->trace->files[ref->file].path,
				  r->kind->name, (long long)ref->seq);
	if (is_slice && h.is_monotone)
		return 0;

	s->batch.n = h.n;
	memcpy(s->batch.col, s->columns, sizeof(s->columns));
	return is_filtered || is_slice ? keep_rows(r, s, e) : 0;
}

static int decode_ref(struct trace_reader *r, const struct chunk_ref *ref, struct slot *s,
		      struct err *e)
{
	int rc = open_file(r, ref->file, e);
	if (rc)
		return rc;

	const char *path = r->trace->files[ref->file].path;
	sqlite3_bind_int64(r->fetch, 1, ref->chunk_id);
	const int step = sqlite3_step(r->fetch);
	if (step == SQLITE_ROW)
		rc = decode_blob(r, ref, s, sqlite3_column_blob(r->fetch, 0),
				 (size_t)sqlite3_column_bytes(r->fetch, 0), e);
	else if (step == SQLITE_DONE)
		rc = err_set(e, ERR_FORMAT, "%s: stream %s, chunk %lld: it has vanished", path,
			     r->kind->name, (long long)ref->seq);
	else
		rc = db_error(r->db, path, "reading a chunk", e);
	sqlite3_reset(r->fetch);
	return rc;
}

/* Into columns of our own: the decoder may give out what it holds of constants. */
static int translate(const struct trace_reader *r, struct slot *s, struct err *e)
{
	const uint32_t n = s->batch.n;

	if (r->nrenumbered && n > s->translated_cap) {
		s->translated_cap = 0;
		for (unsigned k = 0; k < r->nrenumbered; k++) {
			free(s->translated[k]);
			s->translated[k] = malloc(n * sizeof(*s->translated[k]));
			if (!s->translated[k])
				return err_set(e, ERR_NOMEM, "out of memory");
		}
		s->translated_cap = n;
	}
	for (unsigned k = 0; k < r->nrenumbered; k++) {
		const void **column = &s->batch.col[r->renumbered[k].column];
		const uint16_t *v = *column;
		for (uint32_t i = 0; v && i < n; i++)
			s->translated[k][i] = renumber(r->renumbered[k].numbers, v[i]);
		*column = v ? s->translated[k] : NULL;
	}
	return 1;
}

/* Fills a slot with the next batch that has a row, the end, or an error. */
static void fill(struct trace_reader *r, struct slot *s)
{
	s->rc = 0;
	while (r->next < r->nrefs) {
		s->rc = decode_ref(r, &r->refs[r->next++], s, &s->err);
		if (s->rc)
			return;
		if (s->batch.n) {
			for (unsigned c = 0; c < r->kind->ncolumns; c++)
				if (!(r->sel.columns >> c & 1))
					s->batch.col[c] = NULL;
			s->rc = translate(r, s, &s->err);
			return;
		}
	}
}

/* ---- the decoding thread ---- */

static void *decode_ahead(void *arg)
{
	struct trace_reader *r = arg;
	unsigned at = 0;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		struct slot *s = &r->slots[at];
		while (s->is_full && !r->is_stopping)
			pthread_cond_wait(&r->changed, &r->lock);
		if (r->is_stopping)
			break;
		pthread_mutex_unlock(&r->lock);
		fill(r, s);
		pthread_mutex_lock(&r->lock);
		s->is_full = true;
		pthread_cond_broadcast(&r->changed);
		if (!s->rc)
			break;
		at = (at + 1) % SLOTS;
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static struct slot *next_threaded(struct trace_reader *r)
{
	if (!r->is_started) {
		r->head = SLOTS - 1;
		r->is_started = !pthread_create(&r->thread, NULL, decode_ahead, r);
		if (!r->is_started)
			return NULL; /* no thread to be had: decode here */
	} else if (!r->slots[r->head].rc) {
		return &r->slots[r->head]; /* the end stays the end */
	}

	pthread_mutex_lock(&r->lock);
	if (r->is_holding) { /* the caller is done with it */
		r->slots[r->head].is_full = false;
		pthread_cond_broadcast(&r->changed);
	}
	r->is_holding = true;
	r->head = (r->head + 1) % SLOTS;
	while (!r->slots[r->head].is_full)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
	return &r->slots[r->head];
}

static void stop_thread(struct trace_reader *r)
{
	if (!r->is_started)
		return;
	pthread_mutex_lock(&r->lock);
	r->is_stopping = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->is_started = r->is_stopping = r->is_holding = false;
	for (unsigned i = 0; i < SLOTS; i++)
		r->slots[i].is_full = false;
}

/* ---- public ---- */

static uint64_t decode_mask(const struct kind *k, const struct trace_select *sel)
{
	uint64_t mask = sel->columns | 1;
	if (sel->dev >= 0 && k->dev >= 0)
		mask |= UINT64_C(1) << k->dev;
	if (sel->pfn_last && k->pfn >= 0)
		mask |= UINT64_C(1) << k->pfn;
	if (sel->pfn_last && k->npages >= 0)
		mask |= UINT64_C(1) << k->npages;
	return mask;
}

static void renumber_column(struct trace_reader *r, int column,
			    const struct trace_renumber *numbers)
{
	if (column < 0 || !numbers->to)
		return;
	r->renumbered[r->nrenumbered].column = column;
	r->renumbered[r->nrenumbered++].numbers = numbers;
}

/* The number of a device in the rows of a stream; -1: its recording does not know the device. */
static int number_of_device(const struct trace_renumber *r, int dev)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->to[i] == dev)
			return (int)i;
	return (uint32_t)dev >= r->n ? dev : -1;
}

/* False when a filter leaves nothing. */
static bool prepare_numbers(struct trace_reader *r, const struct trace_stream_state *s)
{
	if (r->sel.as_stored)
		return true;
	renumber_column(r, r->kind->dev, &s->dev);
	renumber_column(r, kind_column_find(r->kind, "vm"), &s->vm);
	renumber_column(r, kind_column_find(r->kind, "source"), &s->source);
	if (r->sel.dev < 0 || r->kind->dev < 0)
		return true;
	r->sel.dev = number_of_device(&s->dev, r->sel.dev);
	return r->sel.dev >= 0;
}

int trace_reader_open(struct trace *t, const struct trace_select *sel, struct trace_reader **out,
		      struct err *e)
{
	if (sel->stream >= t->nstreams)
		return err_set(e, ERR_BUG, "%s: no stream %u", t->path, sel->stream);

	struct trace_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	const struct trace_stream_state *s = &t->streams[sel->stream];
	r->trace = t;
	r->kind = s->info.kind;
	r->sel = *sel;
	const uint64_t all = (UINT64_C(1) << r->kind->ncolumns) - 1;
	r->sel.columns = sel->columns ? sel->columns & all : all;
	r->decode_mask = decode_mask(r->kind, &r->sel);
	r->is_threaded = sel->threaded;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);

	int rc = prepare_numbers(r, s) ? load_refs(r, s->stream_id, e) : 0;
	for (unsigned i = 0; !rc && i < (r->is_threaded ? SLOTS : 1); i++)
		if (!(r->slots[i].dec = chunk_decoder_new()))
			rc = err_set(e, ERR_NOMEM, "out of memory");
	if (rc) {
		trace_reader_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

int trace_reader_next(struct trace_reader *r, const struct batch **out, struct err *e)
{
	struct slot *s = r->is_threaded ? next_threaded(r) : NULL;
	if (!s) { /* not asked for, or no thread to be had */
		s = &r->slots[0];
		fill(r, s);
	}
	if (s->rc < 0 && e)
		*e = s->err;
	*out = s->rc > 0 ? &s->batch : NULL;
	return s->rc;
}

void trace_reader_rewind(struct trace_reader *r)
{
	stop_thread(r);
	r->next = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		r->slots[i].rc = 0;
}

void trace_reader_close(struct trace_reader *r)
{
	if (!r)
		return;
	stop_thread(r);
	close_file(r);
	for (unsigned i = 0; i < SLOTS; i++) {
		chunk_decoder_free(r->slots[i].dec);
		free(r->slots[i].keep);
		for (unsigned k = 0; k < 3; k++)
			free(r->slots[i].translated[k]);
	}
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r->refs);
	free(r);
}
