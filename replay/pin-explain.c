// SPDX-License-Identifier: MIT
/*
 * The second pass has the same feed as the first one, so pages have the same
 * numbers and each fault of the log meets its access again, in order.
 */
#include "replay/pin-explain.h"

#include "base/cleanup.h"
#include "replay/pin-feed.h"

#include <stdlib.h>
#include <string.h>

const char *const pin_use_names[] = { "ring", "pool", "data", NULL };

enum { OFTEN = 16 };

enum pin_use pin_use_of(const struct pin_page_story *p)
{
	if (p->maps && p->dmas / p->maps >= OFTEN)
		return PIN_USE_RING;
	return (p->maps ? p->maps : p->dmas) >= OFTEN ? PIN_USE_POOL : PIN_USE_DATA;
}

/* ---- the second pass ---- */

struct reading {
	struct pin_story *story;
	enum pin_companion companion;
	size_t next; /* fault of the log */
	uint64_t bin_ns;
};

static bool is_next_fault(const struct reading *r, const struct pin_event *ev)
{
	const struct pin_log *l = &r->story->log;
	if (r->next == l->n)
		return false;
	const struct pin_log_entry *x = &l->entries[r->next];
	return x->raised_ns == ev->ts_ns && x->page == ev->page && x->dev == ev->dev;
}

static void note_density(struct reading *r, const struct pin_event *ev)
{
	struct pin_story *s = r->story;
	const uint64_t column = (ev->ts_ns - s->first_ns) / r->bin_ns;
	if (column < PIN_MAP_COLUMNS)
		s->density[s->row_of[ev->page]][column]++;
}

static void on_dma(struct reading *r, const struct pin_event *ev, struct pin_page_story *p)
{
	if (is_next_fault(r, ev)) {
		r->story->before[r->next++] = (struct pin_before){
			.idle_ns = p->last_ns == UINT64_MAX ? UINT64_MAX : ev->ts_ns - p->last_ns,
			.mapped_ns = p->mapped_since_ns == UINT64_MAX
					     ? UINT64_MAX
					     : ev->ts_ns - p->mapped_since_ns,
		};
		p->faults++;
	}
	p->dmas++;
	p->last_ns = ev->ts_ns;
	note_density(r, ev);
}

static void on_event(struct reading *r, const struct pin_event *ev)
{
	if (ev->page >= r->story->npages) /* the declared load's alone */
		return;
	struct pin_page_story *p = &r->story->pages[ev->page];
	switch (ev->kind) {
	case PIN_DMA:
		on_dma(r, ev, p);
		return;
	case PIN_CPU:
	case PIN_BACKGROUND:
		p->last_ns = ev->ts_ns;
		return;
	case PIN_MAP:
		p->maps++;
		p->mapped_since_ns = ev->ts_ns;
		return;
	default:
		if (p->mapped_since_ns == UINT64_MAX)
			return;
		p->finished++;
		p->mapped_ns += ev->ts_ns - p->mapped_since_ns;
		p->mapped_since_ns = UINT64_MAX;
	}
}

static int read_all(struct reading *r, struct pin_feed *f, struct err *e)
{
	_free_ struct pin_event *events = calloc(PIN_FEED_BLOCK, sizeof(*events));
	struct pin_block b = { .events = events };
	int rc;
	if (!events)
		return err_set(e, ERR_NOMEM, "no memory for events");
	while ((rc = pin_feed_next(f, &b, e)) > 0)
		for (size_t i = 0; i < b.n; i++)
			on_event(r, &b.events[i]);
	if (!rc && r->next != r->story->log.n)
		return err_set(e, ERR_BUG, "of %zu faults only %zu met their accesses again",
			       r->story->log.n, r->next);
	return rc;
}

static int read_again(const struct pin_run *run, struct reading *r, struct err *e)
{
	struct access_config config = run->access;
	_free_ struct pin_feed *f = calloc(1, sizeof(*f));
	struct access *a;
	if (!f)
		return err_set(e, ERR_NOMEM, "no memory to read the trace");
	config.without_cpu = r->companion != PIN_BY_TRACE;
	int rc = access_open(run->trace, &config, &a, e);
	if (rc)
		return rc;
	const struct pin_feed_config feed = {
		.vm_pages = run->vm_pages,
		.wants_mappings = true,
		.wants_cpu = r->companion == PIN_BY_TRACE,
		.background = r->companion == PIN_BY_BACKGROUND ? &run->background : NULL,
		.seed = run->seed,
	};
	rc = pin_feed_init(f, a, run->path, &feed, e);
	if (!rc)
		rc = read_all(r, f, e);
	pin_feed_deinit(f);
	access_close(a);
	return rc;
}

/* ---- all of it ---- */

static int run_logged(const struct pin_run *run, struct pin_story *s, struct err *e)
{
	struct pin_run own = *run;
	struct pin_facts facts;
	struct pin_job *j = &s->job;
	own.progress = NULL;
	own.frames_out = &s->frames;
	j->budget = (struct quantity){ .value = j->budget_pages };
	j->log = &s->log;
	j->pulses = s->pulses;
	const int rc = pin_run(&own, j, 1, &facts, e);
	s->npages = (uint32_t)facts.unique_pages;
	s->first_ns = facts.first_ns;
	s->last_ns = facts.last_ns;
	return rc;
}

struct place {
	uint64_t frame;
	uint32_t page;
};

static int by_frame(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static int make_rows(struct pin_story *s, struct err *e)
{
	_free_ struct place *places = calloc((size_t)s->npages + 1, sizeof(*places));
	if (!places)
		return err_set(e, ERR_NOMEM, "no memory to sort %u pages", s->npages);
	for (uint32_t i = 0; i < s->npages; i++)
		places[i] = (struct place){ s->frames[i], i };
	qsort(places, s->npages, sizeof(*places), by_frame);
	s->nrows = s->npages < PIN_MAP_ROWS ? s->npages : PIN_MAP_ROWS;
	for (uint32_t i = s->npages; i-- > 0;) {
		const uint64_t row = (uint64_t)i * s->nrows / s->npages;
		s->row_of[places[i].page] = (uint8_t)row;
		s->row_frame[row] = places[i].frame;
	}
	return 0;
}

static int make_room(struct pin_story *s, struct err *e)
{
	s->pages = calloc((size_t)s->npages + 1, sizeof(*s->pages));
	s->before = calloc(s->log.n + 1, sizeof(*s->before));
	s->density = calloc(PIN_MAP_ROWS, sizeof(*s->density));
	s->row_of = calloc((size_t)s->npages + 1, 1);
	if (!s->pages || !s->before || !s->density || !s->row_of)
		return err_set(e, ERR_NOMEM, "no memory to explain %zu faults", s->log.n);
	for (uint32_t i = 0; i < s->npages; i++)
		s->pages[i].last_ns = s->pages[i].mapped_since_ns = UINT64_MAX;
	return make_rows(s, e);
}

int pin_story_tell(const struct pin_run *run, const struct pin_job *job, uint64_t seed,
		   struct pin_story *s, struct err *e)
{
	struct pin_run own = *run;
	own.seed = seed;
	*s = (struct pin_story){ .job = *job };
	pin_log_init(&s->log, PIN_EXPLAIN_FAULTS_MAX);
	s->pulses = calloc(1, sizeof(*s->pulses));
	if (!s->pulses)
		return err_set(e, ERR_NOMEM, "no memory for a timeline");
	int rc = run_logged(&own, s, e);
	if (!rc)
		rc = make_room(s, e);
	if (rc)
		return rc;
	struct reading r = {
		.story = s,
		.companion = job->companion,
		.bin_ns = (s->last_ns - s->first_ns) / PIN_MAP_COLUMNS + 1,
	};
	return read_again(&own, &r, e);
}

void pin_story_deinit(struct pin_story *s)
{
	pin_log_deinit(&s->log);
	free(s->pulses);
	free(s->frames);
	free(s->pages);
	free(s->before);
	free(s->density);
	free(s->row_of);
	*s = (struct pin_story){};
}
