// SPDX-License-Identifier: MIT
/*
 * The behavioural generator: a VM as its processes use it. Nothing is drawn
 * from a table of distances or of bursts; they follow from who does what when.
 *
 *	batch	started by cron, walks all of its heap and of the cached files once,
 *		always in the same order: what LRU-like reclaim serves worst
 *	report	runs after it and then sleeps: reads from the disk into buffers of
 *		its own, and into the oldest page-cache frames, which the guest
 *		gives it again; answers through a queue of the NIC that is idle
 *		otherwise. CPU ages of all these pages are the highest in the VM.
 *	server	receives into a ring, sends from a slab, writes into files that
 *		grow at their end; a flusher writes dirty extents back in order;
 *		comes round to each part of its heap every few minutes
 *	scan	reads files once, with readahead that doubles, into frames of the
 *		free list, which are warm
 *
 * The rates of server and scan follow the hours of a day. Source of the shape:
 * research/iopf.md sections 1 and 5 (an idle page that comes back is the one
 * that faults; DMA does not refresh what the host knows). Left out: what memory
 * holds, fragmentation of the guest's frames, several VMs.
 */
#include "replay/gen-model.h"

#include <stdlib.h>

enum { HOURS = 24, FIRST_WINDOW_PAGES = 4 };

enum {
	PART_BATCH,
	PART_REPORT,
	PART_SERVE,
	PART_EPOCH,
	PART_RECEIVE,
	PART_WRITE,
	PART_APPEND,
	PART_FLUSH,
	PART_SCAN,
	PARTS
};

/* One page of memory each, in this order, from page 0. */
struct layout {
	struct gen_span hot, slab, pool, ring, standby, buffers, recycled, dead, served, files,
		heap;
};

struct machine {
	const struct gen_common *c;
	const struct gen_behaviour *p;
	struct gen_emit *m;
	struct layout at;
	struct gen_part parts[PARTS];
	uint32_t hours[HOURS]; /* percent */

	/* batch: extents of files and heap */
	uint64_t walk_step, walk_steps, walk_gap_ns, cycle;
	/* report: pages still to come */
	uint64_t buffers_left, recycled_left, standby_left, buffer_at, recycled_at, standby_at;
	/* server */
	uint64_t serve_at;
	uint64_t ring_at, ring_used, train_left;
	uint64_t extents, grown; /* of files */
	uint8_t *is_dirty;       /* by extent */
	/* scan */
	uint64_t pool_at, file_left, window;
};

static const uint64_t HOUR_NS = 3600 * NS_PER_SEC;

/* ---- times ---- */

static int parse_hours(const char *text, uint32_t *hours_out, struct err *e)
{
	for (unsigned i = 0; i < HOURS; i++) {
		char *end;
		const unsigned long v = strtoul(text, &end, 10);
		if (end == text || v < 1 || v > 1000)
			return err_set(e, ERR_USAGE,
				       "day.hours: expected 24 numbers of percent, 1 to 1000; "
				       "number %u is '%.20s'",
				       i + 1, text);
		hours_out[i] = (uint32_t)v;
		text = end;
	}
	return 0;
}

/* A time between 0 and twice the mean of a rate at this hour. */
static uint64_t draw_gap(struct machine *v, struct gen_part *self, struct rate rate)
{
	return gen_gap(&self->rng, rate, v->hours[v->m->now_ns / HOUR_NS % HOURS]);
}

/* Half to one and a half of it. */
static uint64_t draw_about(struct gen_part *self, uint64_t ns)
{
	return gen_between(&self->rng, ns / 2, ns + ns / 2);
}

/* ---- batch and report ---- */

static struct gen_span walked(const struct machine *v)
{
	return (struct gen_span){ v->at.files.first, v->at.files.pages + v->at.heap.pages };
}

static void batch_starts(struct machine *v, struct gen_part *self)
{
	const uint64_t span = gen_between(&self->rng, v->p->walk_least_ns, v->p->walk_most_ns);
	const uint64_t extent = v->p->extent_pages;

	v->walk_step = 0;
	v->walk_steps = (walked(v).pages + extent - 1) / extent;
	v->walk_gap_ns = span / (v->walk_steps + 1);
	v->cycle++;
}

static void batch_ends(struct machine *v, struct gen_part *self)
{
	struct gen_part *report = &v->parts[PART_REPORT];
	const uint64_t delay = gen_between(&self->rng, v->p->delay_least_ns, v->p->delay_most_ns);
	const bool is_skipped = gen_chance(&self->rng, v->p->skip_ppm);

	v->walk_steps = 0;
	self->at_ns = v->cycle * v->p->period_ns;
	if (is_skipped)
		return;
	v->buffers_left = gen_between(&report->rng, v->p->buffer_least, v->p->buffer_pages);
	v->recycled_left = gen_between(&report->rng, v->p->recycled_least, v->p->recycled_most);
	v->standby_left = gen_between(&report->rng, v->p->standby_least, v->p->standby_most);
	v->buffer_at = 0;
	report->at_ns = v->m->now_ns + delay;
}

static void batch(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const uint64_t extent = v->p->extent_pages;
	const struct gen_span all = walked(v);

	if (!v->walk_steps)
		batch_starts(v, self);
	if (v->walk_step == v->walk_steps) {
		batch_ends(v, self);
		return;
	}
	const uint64_t from = v->walk_step * extent;
	const uint64_t n = all.pages - from < extent ? all.pages - from : extent;
	gen_cpu(v->m, all.first + from, n, true, 0);
	v->walk_step++;
	self->at_ns += v->walk_gap_ns;
}

/* The device fills a page, then the process reads it. */
static void receive_page(struct machine *v, enum gen_device dev, const struct gen_span *span,
			 uint64_t *at)
{
	const uint64_t page = span->first + *at;

	gen_dma(v->m, dev, DIR_FROM_DEVICE, page, 1);
	gen_cpu(v->m, page, 1, false, 0);
	*at = (*at + 1) % span->pages;
}

static void report(void *model, struct gen_part *self)
{
	struct machine *v = model;

	if (v->buffers_left) {
		v->buffers_left--;
		receive_page(v, GEN_BLOCK, &v->at.buffers, &v->buffer_at);
	} else if (v->recycled_left) {
		v->recycled_left--;
		receive_page(v, GEN_BLOCK, &v->at.recycled, &v->recycled_at);
	} else if (v->standby_left) {
		v->standby_left--;
		receive_page(v, GEN_NIC, &v->at.standby, &v->standby_at);
	} else {
		self->at_ns = GEN_NEVER;
		return;
	}
	self->at_ns += draw_about(self, v->p->report_gap_ns);
}

/* ---- what is always in use ---- */

static void touch_ring(struct machine *v)
{
	const struct gen_span *r = &v->at.ring;
	const uint64_t n = v->ring_used < r->pages ? v->ring_used : r->pages;
	const uint64_t from = (v->ring_at + r->pages - n) % (r->pages ? r->pages : 1);
	const uint64_t head = r->pages - from < n ? r->pages - from : n;

	gen_cpu(v->m, r->first + from, head, false, v->c->epoch_ns);
	gen_cpu(v->m, r->first, n - head, false, v->c->epoch_ns);
	v->ring_used = 0;
}

static void epoch(void *model, struct gen_part *self)
{
	struct machine *v = model;

	gen_cpu(v->m, v->at.hot.first, v->at.hot.pages, true, v->c->epoch_ns);
	gen_cpu(v->m, v->at.slab.first, v->at.slab.pages, true, v->c->epoch_ns);
	gen_cpu(v->m, v->at.pool.first, v->at.pool.pages, true, v->c->epoch_ns);
	touch_ring(v);
	self->at_ns += v->c->epoch_ns;
}

/* ---- server ---- */

static void serve(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const struct gen_span *heap = &v->at.served;
	const uint64_t extent = v->p->extent_pages;
	const uint64_t room = heap->pages - v->serve_at;
	const uint64_t n = room < extent ? room : extent;

	gen_cpu(v->m, heap->first + v->serve_at, n, true, 0);
	v->serve_at = (v->serve_at + n) % heap->pages;
	self->at_ns =
		gen_add_ns(self->at_ns, v->p->serve_ns / ((heap->pages + extent - 1) / extent) + 1);
}

/* Rows of a train follow closely; the pause after it keeps the mean rate. */
static uint64_t receive_gap(struct machine *v, struct gen_part *self)
{
	if (v->train_left) {
		v->train_left--;
		return draw_about(self, v->p->train_gap_ns);
	}
	const uint64_t rows = gen_between(&self->rng, 1, 2 * v->p->train_rows - 1);
	const struct rate per_train = { v->p->rx_rate.count,
					v->p->rx_rate.per_ns * v->p->train_rows };
	v->train_left = rows - 1;
	return draw_gap(v, self, per_train);
}

static void receive(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const struct gen_span *r = &v->at.ring;
	const uint64_t batch_pages = gen_between(&self->rng, 1, v->p->batch_pages);
	const uint64_t n = r->pages - v->ring_at < batch_pages ? r->pages - v->ring_at
							       : batch_pages;

	gen_dma(v->m, GEN_NIC, DIR_FROM_DEVICE, r->first + v->ring_at, n);
	v->ring_at = (v->ring_at + n) % r->pages;
	v->ring_used += n;
	if (gen_chance(&self->rng, v->p->tx_ppm))
		gen_dma(v->m, GEN_NIC, DIR_TO_DEVICE,
			v->at.slab.first + rng_below(&self->rng, v->at.slab.pages), 1);
	self->at_ns = gen_add_ns(self->at_ns, receive_gap(v, self));
}

static void dirty(struct machine *v, uint64_t extent, uint64_t n)
{
	const uint64_t pages = v->p->file_extent_pages;

	for (uint64_t i = 0; i < n; i++)
		v->is_dirty[extent + i] = 1;
	gen_cpu(v->m, v->at.files.first + extent * pages, n * pages, true, 0);
}

static void write_extent(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const uint64_t hot = gen_share(v->grown, v->p->hot_extents_ppm);
	const bool is_hot = hot && gen_chance(&self->rng, v->p->hot_writes_ppm);

	if (v->grown)
		dirty(v, rng_below(&self->rng, is_hot ? hot : v->grown), 1);
	self->at_ns = gen_add_ns(self->at_ns, draw_gap(v, self, v->p->write_rate));
}

/* The end of a file is rewritten until it is full: tail_extents are open at a time. */
static void append(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const uint64_t start = gen_share(v->extents, v->p->grown_ppm);
	const uint64_t gap = v->c->duration_ns / (v->extents - start + 1);

	if (v->grown == v->extents) {
		self->at_ns = GEN_NEVER;
		return;
	}
	v->grown++;
	const uint64_t n = v->grown < v->p->tail_extents ? v->grown : v->p->tail_extents;
	dirty(v, v->grown - n, n);
	self->at_ns += gap;
}

/* Dirty extents leave in the order of their pages; neighbours in one request. */
static void flush(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const uint64_t pages = v->p->file_extent_pages;

	for (uint64_t i = 0; i < v->grown; i++) {
		const uint64_t from = i;
		while (i < v->grown && v->is_dirty[i])
			v->is_dirty[i++] = 0;
		gen_dma(v->m, GEN_BLOCK, DIR_TO_DEVICE, v->at.files.first + from * pages,
			(i - from) * pages);
	}
	self->at_ns += v->p->flush_ns;
}

/* ---- scan ---- */

static void scan(void *model, struct gen_part *self)
{
	struct machine *v = model;
	const struct gen_span *pool = &v->at.pool;
	const uint64_t room = pool->pages - v->pool_at;

	if (!v->file_left) {
		v->file_left = gen_between(&self->rng, v->p->scan_least, v->p->scan_most);
		v->window = FIRST_WINDOW_PAGES;
	}
	uint64_t n = v->window < v->file_left ? v->window : v->file_left;
	n = n < room ? n : room;
	gen_dma(v->m, GEN_BLOCK, DIR_FROM_DEVICE, pool->first + v->pool_at, n);
	gen_cpu(v->m, pool->first + v->pool_at, n, false, 0);
	v->pool_at = (v->pool_at + n) % pool->pages;
	v->file_left -= n;
	v->window = 2 * v->window < v->p->window_pages ? 2 * v->window : v->p->window_pages;
	self->at_ns = gen_add_ns(self->at_ns, v->file_left ? draw_about(self, v->p->window_gap_ns)
							   : draw_gap(v, self, v->p->scan_rate));
}

/* ---- a run ---- */

static int lay_out(const struct gen_common *c, const struct gen_behaviour *p, struct layout *out,
		   struct err *e)
{
	const uint64_t pages = c->memory_bytes >> PAGE_SHIFT;
	const uint64_t extents = gen_share(pages, p->file_ppm) / p->file_extent_pages;
	struct gen_span rest = { 0, pages };
	const struct {
		const char *name;
		struct gen_span *out;
		uint64_t pages;
	} cuts[] = {
		{ "process.hot", &out->hot, gen_share(pages, p->hot_ppm) },
		{ "nic.slab_pages", &out->slab, p->slab_pages },
		{ "scan.pool_pages", &out->pool, p->pool_pages },
		{ "nic.ring_pages", &out->ring, p->ring_pages },
		{ "standby.ring_pages", &out->standby, p->standby_pages },
		{ "report.buffer_pages", &out->buffers, p->buffer_pages },
		{ "report.recycled_pages", &out->recycled, p->recycled_pages },
		{ "process.dead", &out->dead, gen_share(pages, p->dead_ppm) },
		{ "process.served", &out->served, gen_share(pages, p->served_ppm) },
		{ "file.size", &out->files, extents * p->file_extent_pages },
	};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		const int rc = gen_cut(&rest, cuts[i].pages, cuts[i].name, cuts[i].out, e);
		if (rc)
			return rc;
	}
	return gen_cut(&rest, rest.pages, "process", &out->heap, e);
}

static int check_order(const char *name, uint64_t least, uint64_t most, struct err *e)
{
	return least <= most ? 0 : err_set(e, ERR_USAGE, "%s: its least is above its most", name);
}

int gen_behaviour_check(const struct gen_common *c, const struct gen_behaviour *p, struct err *e)
{
	uint32_t hours[HOURS];
	struct layout at;
	int rc = parse_hours(p->hours, hours, e);

	if (!rc)
		rc = lay_out(c, p, &at, e);
	if (!rc)
		rc = check_order("cron.walk", p->walk_least_ns, p->walk_most_ns, e);
	if (!rc)
		rc = check_order("cron.delay", p->delay_least_ns, p->delay_most_ns, e);
	if (!rc)
		rc = check_order("standby", p->standby_least, p->standby_most, e);
	if (!rc)
		rc = check_order("report.recycled", p->recycled_least, p->recycled_most, e);
	if (!rc)
		rc = check_order("report.buffer", p->buffer_least, p->buffer_pages, e);
	if (!rc)
		rc = check_order("scan", p->scan_least, p->scan_most, e);
	if (rc)
		return rc;
	if (p->period_ns <= p->walk_most_ns || p->period_ns - p->walk_most_ns <= p->delay_most_ns)
		return err_set(e, ERR_USAGE,
			       "cron.period: walk and delay must end before the next one begins");
	if (p->standby_most && !p->standby_pages)
		return err_set(e, ERR_USAGE, "standby.ring_pages: the queue has no ring");
	if (p->recycled_most && !p->recycled_pages)
		return err_set(e, ERR_USAGE, "report.recycled_pages: there are none");
	if (p->rx_rate.count && (!p->ring_pages || !p->slab_pages))
		return err_set(e, ERR_USAGE, "nic: traffic needs ring_pages and slab_pages");
	if (p->scan_rate.count && !p->pool_pages)
		return err_set(e, ERR_USAGE, "scan.pool_pages: reading needs frames");
	return 0;
}

/*
 * The VM has run for long: each page has been used, the idle ones longest ago.
 */
static void begin(struct machine *v)
{
	const struct layout *at = &v->at;
	const struct gen_span *const by_age[] = { &at->recycled, &at->buffers, &at->standby,
						  &at->dead,     &at->files,   &at->heap,
						  &at->served,   &at->pool,    &at->ring,
						  &at->slab,     &at->hot };

	for (size_t i = 0; i < sizeof(by_age) / sizeof(*by_age); i++)
		gen_cpu(v->m, by_age[i]->first, by_age[i]->pages, true, 0);
}

static void wake(struct machine *v, unsigned part, const char *name,
		 void (*step)(void *, struct gen_part *), bool is_on, uint64_t first_ns,
		 uint64_t seed)
{
	struct gen_part *g = &v->parts[part];

	*g = (struct gen_part){ .name = name, .step = step };
	rng_init(&g->rng, seed, name);
	g->at_ns = is_on ? first_ns : GEN_NEVER;
}

int gen_behaviour_run(const struct gen_common *c, const struct gen_behaviour *p, uint64_t seed,
		      struct gen_emit *m, struct err *e)
{
	struct machine v = { .c = c, .p = p, .m = m };
	int rc = parse_hours(p->hours, v.hours, e);
	if (!rc)
		rc = lay_out(c, p, &v.at, e);
	if (rc)
		return rc;
	v.extents = v.at.files.pages / p->file_extent_pages;
	v.grown = gen_share(v.extents, p->grown_ppm);
	v.is_dirty = calloc(v.extents + 1, 1);
	if (!v.is_dirty)
		return err_set(e, ERR_NOMEM, "no memory for %llu extents",
			       (unsigned long long)v.extents);

	const bool has_files = v.extents > 0;
	wake(&v, PART_BATCH, "gen.batch", batch, true, NS_PER_SEC, seed);
	wake(&v, PART_REPORT, "gen.report", report, false, 0, seed);
	wake(&v, PART_SERVE, "gen.serve", serve, v.at.served.pages > 0, NS_PER_MS, seed);
	wake(&v, PART_EPOCH, "gen.epoch", epoch, true, c->epoch_ns, seed);
	wake(&v, PART_RECEIVE, "gen.receive", receive, p->rx_rate.count, NS_PER_MS, seed);
	wake(&v, PART_WRITE, "gen.write", write_extent, has_files && p->write_rate.count, NS_PER_MS,
	     seed);
	wake(&v, PART_APPEND, "gen.append", append, has_files, NS_PER_MS, seed);
	wake(&v, PART_FLUSH, "gen.flush", flush, has_files, p->flush_ns, seed);
	wake(&v, PART_SCAN, "gen.scan", scan, p->scan_rate.count, NS_PER_MS, seed);
	begin(&v);
	rc = gen_play(v.parts, PARTS, &v, c, m);
	free(v.is_dirty);
	return rc;
}

#define ROW(section, name, type, unit, text, min, max, help, field) \
	{                                                           \
		section, name, type, unit, text, min, max, help,    \
			offsetof(struct gen_behaviour, field), NULL \
	}
#define PAGES_MAX (1 << 28)
#define NS_MAX    (UINT64_C(366) * 86400 * NS_PER_SEC)
#define EVEN_HOURS                                                                         \
	"100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 " \
	"100 100 100 100"

const struct param gen_behaviour_params[] = {
	ROW("process", "dead", PARAM_PPM, NULL, "0%", 0, 1000000, "Memory that is never used again",
	    dead_ppm),
	ROW("process", "hot", PARAM_PPM, NULL, "1%", 0, 1000000, "Memory used in each epoch",
	    hot_ppm),
	ROW("process", "served", PARAM_PPM, NULL, "0%", 0, 1000000, "Heap of the server",
	    served_ppm),
	ROW("process", "serve_period", PARAM_NS, NULL, "10min", NS_PER_MS, NS_MAX,
	    "Time in which the server uses each part of its heap once", serve_ns),
	ROW("process", "extent_pages", PARAM_U64, "pages", "64", 1, PAGES_MAX,
	    "Pages that batch and server use at a time", extent_pages),
	ROW("day", "hours", PARAM_TEXT, "percent", EVEN_HOURS, 0, 0,
	    "Activity in the 24 hours from midnight; the trace starts at midnight", hours),
	ROW("cron", "period", PARAM_NS, NULL, "30min", NS_PER_SEC, NS_MAX,
	    "Between two starts of the batch process", period_ns),
	ROW("cron", "walk_least", PARAM_NS, NULL, "15min", NS_PER_MS, NS_MAX,
	    "Shortest run of the batch process", walk_least_ns),
	ROW("cron", "walk_most", PARAM_NS, NULL, "19min", NS_PER_MS, NS_MAX, "Longest",
	    walk_most_ns),
	ROW("cron", "delay_least", PARAM_NS, NULL, "1min", 0, NS_MAX,
	    "From its end to the report, at least", delay_least_ns),
	ROW("cron", "delay_most", PARAM_NS, NULL, "8min", 0, NS_MAX, "At most", delay_most_ns),
	ROW("cron", "skip", PARAM_PPM, NULL, "0%", 0, 1000000,
	    "Batches that have nothing to report", skip_ppm),
	ROW("nic", "ring_pages", PARAM_U64, "pages", "1024", 0, PAGES_MAX,
	    "Receive buffers of the busy queue", ring_pages),
	ROW("nic", "slab_pages", PARAM_U64, "pages", "256", 0, PAGES_MAX, "Send buffers",
	    slab_pages),
	ROW("nic", "rx_rate", PARAM_RATE, NULL, "0/s", 0, 10000000,
	    "Receive rows at 100 % activity", rx_rate),
	ROW("nic", "batch_pages", PARAM_U64, "pages", "8", 1, 4096,
	    "Pages of a receive row, at most", batch_pages),
	ROW("nic", "train_rows", PARAM_U64, "rows", "32", 1, 100000, "Mean length of a train",
	    train_rows),
	ROW("nic", "train_gap", PARAM_NS, NULL, "100us", 1, NS_MAX, "Between rows of a train",
	    train_gap_ns),
	ROW("nic", "tx", PARAM_PPM, NULL, "40%", 0, 1000000, "Send rows per receive row", tx_ppm),
	ROW("standby", "ring_pages", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "Receive buffers of the queue that only the report uses", standby_pages),
	ROW("standby", "least", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "Pages received in a report, at least", standby_least),
	ROW("standby", "most", PARAM_U64, "pages", "0", 0, PAGES_MAX, "At most", standby_most),
	ROW("file", "size", PARAM_PPM, NULL, "0%", 0, 1000000,
	    "Share of memory that files take at the end", file_ppm),
	ROW("file", "grown", PARAM_PPM, NULL, "20%", 0, 1000000, "Of it, there at the start",
	    grown_ppm),
	ROW("file", "extent_pages", PARAM_U64, "pages", "8", 1, 4096, "Pages written at a time",
	    file_extent_pages),
	ROW("file", "write_rate", PARAM_RATE, NULL, "0/s", 0, 1000000,
	    "Extents written at 100 % activity", write_rate),
	ROW("file", "hot_extents", PARAM_PPM, NULL, "20%", 0, 1000000,
	    "Extents, from the oldest, that take more writes", hot_extents_ppm),
	ROW("file", "hot_writes", PARAM_PPM, NULL, "60%", 0, 1000000, "Writes that they take",
	    hot_writes_ppm),
	ROW("file", "flush", PARAM_NS, NULL, "30s", NS_PER_MS, NS_MAX, "Between two writebacks",
	    flush_ns),
	ROW("file", "tail_extents", PARAM_U64, "extents", "12", 1, 4096,
	    "Extents at the end of a file that are not full yet", tail_extents),
	ROW("scan", "rate", PARAM_RATE, NULL, "0/s", 0, 1000000, "Files read at 100 % activity",
	    scan_rate),
	ROW("scan", "pool_pages", PARAM_U64, "pages", "512", 0, PAGES_MAX,
	    "Frames of the free list", pool_pages),
	ROW("scan", "window_pages", PARAM_U64, "pages", "32", 1, 4096, "Readahead grows up to this",
	    window_pages),
	ROW("scan", "least", PARAM_U64, "pages", "16", 1, PAGES_MAX, "Smallest file", scan_least),
	ROW("scan", "most", PARAM_U64, "pages", "1024", 1, PAGES_MAX, "Largest", scan_most),
	ROW("scan", "window_gap", PARAM_NS, NULL, "2ms", 1, NS_MAX, "Between two windows",
	    window_gap_ns),
	ROW("report", "buffer_pages", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "I/O buffers of the report, used from the first on", buffer_pages),
	ROW("report", "buffer_least", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "Of them used, at least", buffer_least),
	ROW("report", "recycled_pages", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "Oldest page-cache frames, given in turn", recycled_pages),
	ROW("report", "recycled_least", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "Of them read into, at least", recycled_least),
	ROW("report", "recycled_most", PARAM_U64, "pages", "0", 0, PAGES_MAX, "At most",
	    recycled_most),
	ROW("report", "gap", PARAM_NS, NULL, "3ms", 1, NS_MAX, "Between two pages of a report",
	    report_gap_ns),
};
const size_t gen_behaviour_nparams = sizeof(gen_behaviour_params) / sizeof(*gen_behaviour_params);
