// SPDX-License-Identifier: MIT
/* Ranges to numbered pages, mappings counted by page, the declared load merged in. */
#include "replay/pin-feed.h"

#include <stdlib.h>
#include <string.h>

int pin_feed_init(struct pin_feed *f, struct access *a, const char *path,
		  const struct pin_feed_config *c, struct err *e)
{
	*f = (struct pin_feed){
		.access = a,
		.path = path,
		.config = *c,
		.first_ns = UINT64_MAX,
	};
	if (!f->config.block_events)
		f->config.block_events = PIN_FEED_BLOCK;
	const unsigned uses = 1U << PIN_USE_DMA | (unsigned)c->wants_cpu << PIN_USE_CPU |
			      (c->background ? 1U << PIN_USE_BACKGROUND : 0);
	int rc = pageids_init(&f->ids, e);
	if (!rc && c->vm_pages && pin_uses_init(&f->uses, c->vm_pages, uses))
		rc = err_set(e, ERR_NOMEM, "no memory for the uses of %llu pages",
			     (unsigned long long)c->vm_pages);
	if (!rc && c->background)
		rc = background_init(&f->background, c->background, (uint32_t)c->vm_pages, c->seed,
				     e);
	return rc;
}

void pin_feed_deinit(struct pin_feed *f)
{
	pageids_deinit(&f->ids);
	pin_uses_deinit(&f->uses);
	free(f->mappings);
	f->mappings = NULL;
}

/* ---- the trace: rows to pages ---- */

enum { KINDS_PER_PAGE = 2 }; /* a row may both use a page and map it */

struct gathered {
	uint64_t page[PIN_FEED_BATCH];
	uint32_t id[PIN_FEED_BATCH];
	uint64_t ts_ns[PIN_FEED_BATCH];
	uint16_t dev[PIN_FEED_BATCH];
	uint8_t what[PIN_FEED_BATCH];
	size_t n;
};

/* 1, or 0 at the end of the trace. */
static int gather(struct pin_feed *f, struct gathered *g, struct err *e)
{
	/* mappings count even if nobody wants them: numbers may not depend on who pins */
	const unsigned wanted = ACCESS_TOUCH | ACCESS_OPEN | ACCESS_CLOSE | ACCESS_LIVE_BEGIN |
				ACCESS_LIVE_END;
	const bool wants_cpu = f->config.wants_cpu;
	g->n = 0;
	while (g->n < PIN_FEED_BATCH) {
		if (f->row == f->batch.n) {
			if (g->n) /* its columns are borrowed, but nothing of them is kept */
				return 1;
			const int rc = access_next(f->access, &f->batch, e);
			f->row = 0;
			f->within = 0;
			if (rc <= 0) {
				f->batch.n = 0;
				return rc;
			}
		}
		const size_t r = f->row;
		if (f->config.until_ns && f->batch.ts_ns[r] >= f->config.until_ns)
			return g->n > 0;
		const uint8_t what = f->batch.what[r];
		const bool skips = !(what & wanted) || (what & ACCESS_BY_CPU && !wants_cpu);
		const uint32_t npages = skips ? 0 : f->batch.npages[r];
		for (; f->within < npages && g->n < PIN_FEED_BATCH; f->within++) {
			g->page[g->n] = f->batch.first[r] + f->within;
			g->ts_ns[g->n] = f->batch.ts_ns[r];
			g->dev[g->n] = f->batch.dev[r];
			g->what[g->n++] = what;
		}
		if (f->within >= npages) {
			f->row++;
			f->within = 0;
		}
	}
	return 1;
}

static int make_mapping_room(struct pin_feed *f, struct err *e)
{
	if (pin_feed_pages(f) <= f->mappings_cap)
		return 0;
	size_t cap = f->mappings_cap ? f->mappings_cap : PIN_FEED_BATCH;
	while (cap < pin_feed_pages(f))
		cap *= 2;
	uint32_t *grown = realloc(f->mappings, cap * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for the mappings of %llu pages",
			       (unsigned long long)pin_feed_pages(f));
	memset(grown + f->mappings_cap, 0, (cap - f->mappings_cap) * sizeof(*grown));
	f->mappings = grown;
	f->mappings_cap = cap;
	return 0;
}

static void stage(struct pin_feed *f, const struct gathered *g, size_t i, enum pin_event_kind kind)
{
	f->staged[f->nstaged++] = (struct pin_event){
		.ts_ns = g->ts_ns[i],
		.page = g->id[i],
		.dev = g->dev[i],
		.kind = (uint8_t)kind,
		.is_write = g->what[i] & ACCESS_WRITE,
	};
}

static void stage_use(struct pin_feed *f, const struct gathered *g, size_t i)
{
	const bool is_cpu = g->what[i] & ACCESS_BY_CPU;
	pin_uses_note(&f->uses, is_cpu ? PIN_USE_CPU : PIN_USE_DMA, g->id[i], g->ts_ns[i]);
	stage(f, g, i, is_cpu ? PIN_CPU : PIN_DMA);
}

/* A mapping begins before its use and ends after it; a row is never both begin and end. */
static void stage_mapped(struct pin_feed *f, const struct gathered *g, size_t i)
{
	const uint8_t what = g->what[i];
	uint32_t *live = &f->mappings[g->id[i]];
	if (what & (ACCESS_OPEN | ACCESS_LIVE_BEGIN) && !(*live)++)
		stage(f, g, i, PIN_MAP);
	if (what & ACCESS_TOUCH)
		stage_use(f, g, i);
	if (what & (ACCESS_CLOSE | ACCESS_LIVE_END) && *live && !--*live)
		stage(f, g, i, PIN_RELEASE);
}

uint64_t pin_feed_pages(const struct pin_feed *f)
{
	return (uint64_t)f->ids.n << f->config.run_shift;
}

/* Pages, or the runs they lie in, get their numbers. */
static int number(struct pin_feed *f, struct gathered *g, struct err *e)
{
	const unsigned shift = f->config.run_shift;
	uint64_t runs[PIN_FEED_BATCH];
	for (size_t i = 0; i < g->n && shift; i++)
		runs[i] = g->page[i] >> shift;
	int rc = pageids_map(&f->ids, shift ? runs : g->page, g->n, g->id, e);
	if (!rc && pin_feed_pages(f) > HOSTMEM_PAGES_MAX)
		rc = err_set(e, ERR_FEATURE, "%s: touches more than the %d pages that are modelled",
			     f->path, HOSTMEM_PAGES_MAX);
	if (!rc && f->config.vm_pages && pin_feed_pages(f) > f->config.vm_pages)
		rc = err_set(
			e, ERR_UNUSABLE,
			"%s: touches more than the %llu pages that its VM has%s: --memory SIZE "
			"says how large it is",
			f->path, (unsigned long long)f->config.vm_pages,
			shift ? ", by pages of 2 MiB" : "");
	for (size_t i = 0; i < g->n && shift && !rc; i++)
		g->id[i] = g->id[i] << shift | (uint32_t)(g->page[i] & ((1U << shift) - 1));
	return rc;
}

/* Fills `staged`; 0 at the end. */
static int stage_next(struct pin_feed *f, struct err *e)
{
	struct gathered g;
	int rc = gather(f, &g, e);
	f->nstaged = f->staged_at = 0;
	if (rc <= 0)
		return rc;
	rc = number(f, &g, e);
	if (!rc && f->config.wants_mappings)
		rc = make_mapping_room(f, e);
	if (rc)
		return rc;

	for (size_t i = 0; i < g.n; i++)
		f->last_pfn = g.page[i] > f->last_pfn ? g.page[i] : f->last_pfn;
	if (f->first_ns == UINT64_MAX)
		f->first_ns = g.ts_ns[0];
	f->last_ns = g.ts_ns[g.n - 1];
	for (size_t i = 0; i < g.n; i++)
		if (f->config.wants_mappings)
			stage_mapped(f, &g, i);
		else if (g.what[i] & ACCESS_TOUCH)
			stage_use(f, &g, i);
	return 1;
}

/* ---- blocks ---- */

static void put_background(struct pin_feed *f, struct pin_block *b)
{
	const struct background_touch t = background_next(&f->background);
	pin_uses_note(&f->uses, PIN_USE_BACKGROUND, t.page, t.ts_ns);
	b->events[b->n++] = (struct pin_event){
		.ts_ns = t.ts_ns,
		.page = t.page,
		.dev = UINT16_MAX,
		.kind = PIN_BACKGROUND,
	};
}

/* Moves what is staged, with the declared load up to its times, as far as there is room. */
static void merge(struct pin_feed *f, struct pin_block *b)
{
	while (f->staged_at < f->nstaged && b->n < f->config.block_events) {
		const struct pin_event *next = &f->staged[f->staged_at];
		if (f->config.background && background_peek(&f->background) < next->ts_ns) {
			put_background(f, b);
			continue;
		}
		b->events[b->n++] = *next;
		f->staged_at++;
	}
}

int pin_feed_next(struct pin_feed *f, struct pin_block *b, struct err *e)
{
	b->n = 0;
	while (b->n < f->config.block_events && !f->is_ended) {
		if (f->staged_at == f->nstaged) {
			const int rc = stage_next(f, e);
			if (rc < 0)
				return rc;
			f->is_ended = !rc;
		}
		merge(f, b);
	}
	return b->n > 0;
}
