// SPDX-License-Identifier: MIT
/*
 * Aggregates over columns: see aggregate.h. A group is found by indexing, not
 * hashing: at most 65,536 devices and 256 operations and directions, of which
 * a trace uses few.
 */
#include "store/aggregate.h"

#include "base/pagemap.h"
#include "store/pages.h"

#include <stdlib.h>
#include <string.h>

/* pages of one row that are expanded: beyond, a damaged row would take forever */
enum { ROW_PAGES_MAX = 1 << 24 };

void aggregate_deinit(struct aggregate *a)
{
	free(a->cells);
	*a = (struct aggregate){};
}

static uint64_t bit(int column)
{
	return column >= 0 ? UINT64_C(1) << column : 0;
}

static int open_reader(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		       uint64_t columns, struct trace_reader **out, struct err *e)
{
	const struct trace_select sel = {
		.stream = stream,
		.columns = columns,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.dev = -1,
	};
	return trace_reader_open(t, &sel, out, e);
}

/* ---- by device, operation, direction ---- */

struct group {
	uint64_t rows, pages, bytes, first_ns, last_ns;
};

/* Groups of one device: 256 operations x 4 directions at most, made at first use. */
enum { OPS = 256, DIRS = DIR_COUNT };

struct groups {
	struct group *of_dev[65536];
	unsigned by;
	size_t used;
};

static struct group *dev_groups(struct groups *g, uint16_t dev)
{
	if (!g->of_dev[dev])
		g->of_dev[dev] = calloc((size_t)OPS * DIRS, sizeof(struct group));
	return g->of_dev[dev];
}

/* A column of sizes: 8 bytes a row, or 4 (io, pkt); all bits set where a size is not known. */
struct sizes {
	const uint64_t *wide;
	const uint32_t *narrow;
};

static struct sizes sizes_of(const struct batch *b)
{
	const struct kind *k = b->kind;
	struct sizes s = {};
	if (k->bytes >= 0 && k->columns[k->bytes].width_bytes == 8)
		s.wide = b->col[k->bytes];
	else if (k->bytes >= 0 && k->columns[k->bytes].width_bytes == 4)
		s.narrow = b->col[k->bytes];
	return s;
}

static uint64_t size_at(const struct sizes *s, uint32_t i)
{
	if (s->wide)
		return s->wide[i] == UINT64_MAX ? 0 : s->wide[i];
	return s->narrow && s->narrow[i] != UINT32_MAX ? s->narrow[i] : 0;
}

struct group_columns {
	const uint64_t *ts;
	struct sizes bytes;
	const uint16_t *dev;
	const uint8_t *op, *dir;
	const uint32_t *npages;
	const uint64_t *pfn;
};

static void load_columns(const struct batch *b, unsigned by, struct group_columns *c)
{
	const struct kind *k = b->kind;
	const int dir = kind_column_find(k, "dir");

	*c = (struct group_columns){
		.ts = b->col[0],
		.bytes = sizes_of(b),
		.dev = by & AGGREGATE_DEV && k->dev >= 0 ? b->col[k->dev] : NULL,
		.op = by & AGGREGATE_OP && k->op >= 0 ? b->col[k->op] : NULL,
		.dir = by & AGGREGATE_DIR && dir >= 0 ? b->col[dir] : NULL,
		.npages = k->npages >= 0 ? b->col[k->npages] : NULL,
	};
}

static void add_times(struct group *g, uint64_t ts)
{
	if (!g->rows || ts < g->first_ns)
		g->first_ns = ts;
	if (!g->rows || ts > g->last_ns)
		g->last_ns = ts;
}

static int add_rows(struct groups *groups, const struct batch *b, bool has_times)
{
	struct group_columns c;
	load_columns(b, groups->by, &c);
	struct group *all = dev_groups(groups, 0);
	if (!all)
		return ERR_NOMEM;

	for (uint32_t i = 0; i < b->n; i++) {
		struct group *of_dev = all;
		if (c.dev) {
			of_dev = groups->of_dev[c.dev[i]];
			if (!of_dev && !(of_dev = dev_groups(groups, c.dev[i])))
				return ERR_NOMEM;
		}
		const unsigned dir = c.dir ? c.dir[i] % DIRS : 0;
		struct group *g = &of_dev[(c.op ? c.op[i] : 0) * DIRS + dir];
		if (has_times)
			add_times(g, c.ts[i]);
		g->rows++;
		g->pages += c.npages ? c.npages[i] : 0;
		g->bytes += size_at(&c.bytes, i);
	}
	return 0;
}

enum { EVENT_CELLS = 8 };

static void put_group(struct aggregate *out, const struct groups *groups, unsigned dev, unsigned op,
		      unsigned dir, const struct group *g, bool has_times)
{
	int64_t *cell = &out->cells[out->nrows++ * EVENT_CELLS];
	cell[0] = groups->by & AGGREGATE_DEV ? (int64_t)dev : INT64_MIN;
	cell[1] = groups->by & AGGREGATE_OP ? (int64_t)op : INT64_MIN;
	cell[2] = groups->by & AGGREGATE_DIR ? (int64_t)dir : INT64_MIN;
	cell[3] = (int64_t)g->rows;
	cell[4] = (int64_t)g->pages;
	cell[5] = (int64_t)g->bytes;
	cell[6] = has_times ? (int64_t)g->first_ns : INT64_MIN;
	cell[7] = has_times ? (int64_t)g->last_ns : INT64_MIN;
}

static int put_groups(struct aggregate *out, const struct groups *groups, bool has_times,
		      struct err *e)
{
	size_t n = 0;
	for (unsigned dev = 0; dev < 65536; dev++)
		for (unsigned i = 0; groups->of_dev[dev] && i < OPS * DIRS; i++)
			n += groups->of_dev[dev][i].rows != 0;
	*out = (struct aggregate){ .ncolumns = EVENT_CELLS,
				   .cells = calloc(n + 1, EVENT_CELLS * sizeof(int64_t)) };
	if (!out->cells)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (unsigned dev = 0; dev < 65536; dev++)
		for (unsigned i = 0; groups->of_dev[dev] && i < OPS * DIRS; i++)
			if (groups->of_dev[dev][i].rows)
				put_group(out, groups, dev, i / DIRS, i % DIRS,
					  &groups->of_dev[dev][i], has_times);
	return 0;
}

int aggregate_events(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		     unsigned by, bool has_times, struct aggregate *out, struct err *e)
{
	const struct kind *k = trace_stream_info(t, stream)->kind;
	uint64_t columns = bit(k->npages) | bit(k->bytes);
	columns |= by & AGGREGATE_DEV ? bit(k->dev) : 0;
	columns |= by & AGGREGATE_OP ? bit(k->op) : 0;
	columns |= by & AGGREGATE_DIR ? bit(kind_column_find(k, "dir")) : 0;
	columns |= has_times || !columns ? 1 : 0;

	struct groups *groups = calloc(1, sizeof(*groups));
	struct trace_reader *r = NULL;
	const struct batch *b;
	int rc = groups ? open_reader(t, stream, from_ns, to_ns, columns, &r, e)
			: err_set(e, ERR_NOMEM, "out of memory");
	if (groups)
		groups->by = by;
	while (!rc && (rc = trace_reader_next(r, &b, e)) > 0) {
		rc = add_rows(groups, b, has_times);
		if (rc)
			err_set(e, ERR_NOMEM, "out of memory");
	}
	if (!rc)
		rc = put_groups(out, groups, has_times, e);
	trace_reader_close(r);
	for (unsigned dev = 0; groups && dev < 65536; dev++)
		free(groups->of_dev[dev]);
	free(groups);
	return rc;
}

/* ---- over time ---- */

struct bucket {
	uint64_t index, rows, bytes;
};

/* Rows come nearly in order: the bucket is almost always the last one. */
static struct bucket *find_bucket(struct bucket **list, size_t *n, size_t *cap, uint64_t index)
{
	size_t at = *n;
	while (at && (*list)[at - 1].index > index)
		at--;
	if (at && (*list)[at - 1].index == index)
		return &(*list)[at - 1];
	if (*n == *cap) {
		*cap = *cap ? 2 * *cap : 1024;
		struct bucket *grown = realloc(*list, *cap * sizeof(*grown));
		if (!grown)
			return NULL;
		*list = grown;
	}
	memmove(&(*list)[at + 1], &(*list)[at], (*n - at) * sizeof(**list));
	(*n)++;
	(*list)[at] = (struct bucket){ .index = index };
	return &(*list)[at];
}

int aggregate_hist(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		   uint64_t bucket_ns, struct aggregate *out, struct err *e)
{
	const struct kind *k = trace_stream_info(t, stream)->kind;
	struct bucket *list = NULL;
	size_t n = 0, cap = 0;
	struct trace_reader *r;
	const struct batch *b;
	if (!bucket_ns)
		return err_set(e, ERR_USAGE, "a bucket of 0 ns");

	int rc = open_reader(t, stream, from_ns, to_ns, 1 | bit(k->bytes), &r, e);
	if (rc)
		return rc;
	while (!rc && (rc = trace_reader_next(r, &b, e)) > 0) {
		const uint64_t *ts = b->col[0];
		const struct sizes bytes = sizes_of(b);
		struct bucket *at = NULL;
		rc = 0;
		for (uint32_t i = 0; i < b->n; i++) {
			if (!at || ts[i] / bucket_ns != at->index)
				at = find_bucket(&list, &n, &cap, ts[i] / bucket_ns);
			if (!at) {
				rc = err_set(e, ERR_NOMEM, "out of memory");
				break;
			}
			at->rows++;
			at->bytes += size_at(&bytes, i);
		}
	}
	trace_reader_close(r);
	*out = (struct aggregate){ .ncolumns = 3, .nrows = n, .cells = calloc(n + 1, 24) };
	if (!rc && !out->cells)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; !rc && i < n; i++) {
		out->cells[3 * i] = (int64_t)(list[i].index * bucket_ns);
		out->cells[3 * i + 1] = (int64_t)list[i].rows;
		out->cells[3 * i + 2] = (int64_t)list[i].bytes;
	}
	free(list);
	if (rc)
		aggregate_deinit(out);
	return rc;
}

/* ---- by page ---- */

enum { PAGE_CELLS = 5 };

struct page {
	uint64_t pfn, touches, first_ns, last_ns;
};

struct pages {
	struct pagemap index; /* page -> number in list, plus 1 */
	struct page *list;
	size_t n, cap;
};

static int touch(struct pages *p, uint64_t pfn, uint64_t ts)
{
	uint32_t *slot = pagemap_get(&p->index, (struct pfn){ pfn });
	if (!slot)
		return ERR_NOMEM;
	if (!*slot) {
		if (p->n == p->cap) {
			p->cap = p->cap ? 2 * p->cap : 4096;
			struct page *grown = realloc(p->list, p->cap * sizeof(*grown));
			if (!grown || p->cap > UINT32_MAX)
				return ERR_NOMEM;
			p->list = grown;
		}
		p->list[p->n++] = (struct page){ .pfn = pfn, .first_ns = ts };
		*slot = (uint32_t)p->n;
	}
	struct page *page = &p->list[*slot - 1];
	page->touches++;
	page->last_ns = ts;
	return 0;
}

/* Of the rows selected; the columns follow from the stream. */
static int collect_pages(struct trace *t, struct trace_select select, struct pages *p,
			 struct err *e)
{
	const uint64_t columns = pages_columns(trace_stream_info(t, select.stream)->kind->id);
	struct trace_reader *r;
	const struct batch *b;
	if (!columns) /* packets, walks: no page in it */
		return 0;

	select.columns = columns | 1;
	int rc = trace_reader_open(t, &select, &r, e);
	if (rc)
		return rc;
	while (!rc && (rc = trace_reader_next(r, &b, e)) > 0) {
		const uint64_t *ts = b->col[0];
		rc = 0;
		for (uint32_t i = 0; !rc && i < b->n; i++) {
			const struct row_pages pages = pages_of_row(b, i);
			const uint64_t n = pages.count < ROW_PAGES_MAX ? pages.count
								       : ROW_PAGES_MAX;
			for (uint64_t j = 0; !rc && j < n; j++)
				rc = touch(p, pages.first + j, ts[i]);
		}
		if (rc)
			err_set(e, ERR_NOMEM, "out of memory for %zu pages", p->n);
	}
	trace_reader_close(r);
	return rc;
}

static int by_touches(const void *a, const void *b)
{
	const struct page *x = a, *y = b;
	if (x->touches != y->touches)
		return x->touches > y->touches ? -1 : 1;
	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

int aggregate_pages(struct trace *t, unsigned stream, uint64_t from_ns, uint64_t to_ns,
		    uint64_t limit, struct aggregate *out, struct err *e)
{
	struct pages p = {};
	if (pagemap_init(&p.index, 0))
		return err_set(e, ERR_NOMEM, "out of memory");

	const struct trace_select select = {
		.stream = stream,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.dev = -1,
	};
	int rc = collect_pages(t, select, &p, e);
	if (!rc && p.n)
		qsort(p.list, p.n, sizeof(*p.list), by_touches);
	const size_t n = limit && limit < p.n ? (size_t)limit : p.n;
	const bool has_dev = trace_stream_info(t, stream)->kind->id == KIND_IO;
	*out = (struct aggregate){ .ncolumns = PAGE_CELLS, .nrows = n };
	if (!rc)
		out->cells = calloc(n + 1, PAGE_CELLS * sizeof(int64_t));
	if (!rc && !out->cells)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; !rc && i < n; i++) {
		const uint64_t page = p.list[i].pfn, dev = page >> PAGES_DEVICE_SHIFT;
		const int64_t cells[PAGE_CELLS] = {
			has_dev ? (int64_t)dev : INT64_MIN,
			(int64_t)(has_dev ? page ^ dev << PAGES_DEVICE_SHIFT : page),
			(int64_t)p.list[i].touches,
			(int64_t)p.list[i].first_ns,
			(int64_t)p.list[i].last_ns,
		};
		memcpy(&out->cells[PAGE_CELLS * i], cells, sizeof(cells));
	}
	free(p.list);
	pagemap_deinit(&p.index);
	if (rc)
		aggregate_deinit(out);
	return rc;
}

int aggregate_unique_pages(struct trace *t, unsigned stream, int dev, uint64_t *pages_out,
			   struct err *e)
{
	struct pages p = {};
	if (pagemap_init(&p.index, 0))
		return err_set(e, ERR_NOMEM, "out of memory");

	const struct trace_select select = { .stream = stream, .dev = dev };
	const int rc = collect_pages(t, select, &p, e);
	*pages_out = p.n;
	free(p.list);
	pagemap_deinit(&p.index);
	return rc;
}
