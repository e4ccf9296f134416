// SPDX-License-Identifier: MIT
/*
 * The life of a fault as one slot that steps from stage to stage. The page is
 * kept in a table from detect to the end of update; a fault that finds its page
 * there joins and ends when the first one ends. Servers are taken for sched ..
 * update (pri: .. map, its response is the group's), or only for sched when
 * holds_server is no; they serve first come, first served.
 */
#include "sim/iopf.h"
#include "sim/iopf-impl.h"

#include <assert.h>
#include <string.h>

enum { STAGE_HIST_BITS = 5, TOTAL_HIST_BITS = 7 };

/* ---- lists ---- */

void iopf_list_push(struct iopf *f, struct iopf_list *l, uint32_t id)
{
	f->slots[id].next = IOPF_NIL;
	if (l->n++)
		f->slots[l->tail].next = id;
	else
		l->head = id;
	l->tail = id;
}

uint32_t iopf_list_pop(struct iopf *f, struct iopf_list *l)
{
	if (!l->n)
		return IOPF_NIL;

	const uint32_t id = l->head;
	l->head = f->slots[id].next;
	l->n--;
	return id;
}

/* ---- pages on their way ---- */

static uint64_t key_of(const struct iopf *f, uint32_t vm, uint32_t page)
{
	const bool by_region = f->c.join == IOPF_JOIN_REGION && f->hooks.region;

	return (uint64_t)vm << 32 | (by_region ? f->hooks.region(f->hooks.ctx, vm, page) : page);
}

static uint64_t home_of(const struct iopf *f, uint64_t key)
{
	return splitmix64_mix(key) & f->table_mask;
}

/* The slot with that key, or IOPF_NIL; where it is or would go. */
static uint32_t find_key(const struct iopf *f, uint64_t key, uint64_t *place_out)
{
	uint64_t place = home_of(f, key);

	while (f->table[place] != IOPF_NIL && f->slots[f->table[place]].key != key)
		place = (place + 1) & f->table_mask;
	*place_out = place;
	return f->table[place];
}

/* Entries behind the gap move up, unless that would put them before their home. */
static void forget_key(struct iopf *f, struct iopf_slot *s)
{
	uint64_t gap;

	if (!s->is_keyed)
		return;
	s->is_keyed = false;
	find_key(f, s->key, &gap);
	for (uint64_t i = (gap + 1) & f->table_mask; f->table[i] != IOPF_NIL;
	     i = (i + 1) & f->table_mask) {
		const uint64_t home = home_of(f, f->slots[f->table[i]].key);
		if (((i - home) & f->table_mask) >= ((i - gap) & f->table_mask)) {
			f->table[gap] = f->table[i];
			gap = i;
		}
	}
	f->table[gap] = IOPF_NIL;
}

/* ---- servers ---- */

static struct iopf_line *line_of(struct iopf *f, const struct iopf_slot *s)
{
	return &f->lines[s->fault.queue % f->nlines];
}

static void start_service(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];

	s->has_server = true;
	s->served_from = now;
	s->fault.wait_ns = ns_sub(now, s->fault.at[IOPF_SCHED]).v;
	iopf_post_step(f, id, now, iopf_draw(f, IOPF_SCHED));
}

static void wait_for_server(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_line *line = line_of(f, &f->slots[id]);

	if (line->idle) {
		line->idle--;
		start_service(f, id, now);
		return;
	}
	iopf_list_push(f, &line->waiting, id);
	if (f->counts.line_max < line->waiting.n)
		f->counts.line_max = line->waiting.n;
}

static void release_server(struct iopf *f, struct iopf_slot *s, struct ns now)
{
	struct iopf_line *line = line_of(f, s);

	if (!s->has_server)
		return;
	s->has_server = false;
	f->counts.server_busy_ns += ns_sub(now, s->served_from).v;
	const uint32_t next = iopf_list_pop(f, &line->waiting);
	if (next == IOPF_NIL)
		line->idle++;
	else
		start_service(f, next, now);
}

/* ---- stages ---- */

uint64_t iopf_draw(struct iopf *f, enum iopf_stage s)
{
	return quantile_draw(&f->stage[s], &f->stage_rng[s]);
}

static void step_event(void *ctx, uint64_t id, struct ns now)
{
	iopf_step(ctx, (uint32_t)id, now);
}

void iopf_post_step(struct iopf *f, uint32_t id, struct ns now, uint64_t after_ns)
{
	const struct evq_handle h = evq_post(f->q, ns_add(now, (struct ns){ after_ns }),
					     EVQ_COMPLETION, step_event, f, id);

	assert(evq_is_posted(f->q, h)); /* the queue was made too small */
	(void)h;
}

/* Bitmap entries of all functions for one page; the batch's first costs first_ns. */
static void count_bitmap(struct iopf *f, uint64_t first_ns)
{
	f->counts.bitmap_updates += f->c.functions;
	for (uint64_t i = 0; i < f->c.functions; i++) {
		if (f->in_batch == 0) {
			f->counts.bitmap_writes++;
			f->counts.bitmap_ns += first_ns;
		} else {
			f->counts.bitmap_ns += quantile_draw(&f->batch_extra, &f->bitmap_rng);
		}
		f->in_batch = (f->in_batch + 1) % f->c.batch_entries;
	}
}

static void enter_resolve(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];
	const uint64_t drawn = iopf_draw(f, IOPF_RESOLVE); /* in any case: streams stay in step */

	if (!f->c.holds_server)
		release_server(f, s, now);
	const uint64_t ns = f->hooks.resolve ? f->hooks.resolve(f->hooks.ctx, &s->fault, now)
					     : drawn;
	if (ns == IOPF_LATER)
		return;
	s->is_failed = ns == IOPF_REFUSED;
	iopf_post_step(f, id, now, s->is_failed ? 0 : ns);
}

static void enter_stage(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];
	const enum iopf_stage stage = s->stage;
	const bool is_pri = f->c.backend == IOPF_PRI;
	uint64_t ns;

	switch (stage) {
	case IOPF_REPORT:
		if (is_pri) {
			iopf_prq_report(f, id, now);
			return;
		}
		break;
	case IOPF_IRQ:
		if (is_pri) {
			iopf_prq_wait(f, id, now);
			return;
		}
		break;
	case IOPF_SCHED:
		wait_for_server(f, id, now);
		return;
	case IOPF_RESOLVE:
		enter_resolve(f, id, now);
		return;
	case IOPF_UPDATE:
		if (is_pri) {
			release_server(f, s, now);
			iopf_prq_respond(f, id, now);
			return;
		}
		ns = iopf_draw(f, IOPF_UPDATE);
		if (f->c.backend == IOPF_VPRI && !s->is_failed)
			count_bitmap(f, ns);
		iopf_post_step(f, id, now, ns);
		return;
	default:
		break;
	}
	iopf_post_step(f, id, now, s->is_failed && stage == IOPF_MAP ? 0 : iopf_draw(f, stage));
}

void iopf_step(struct iopf *f, uint32_t id, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];

	s->fault.at[s->stage + 1] = now;
	if (s->stage == IOPF_UPDATE) {
		forget_key(f, s); /* a later fault on the page is a new one */
		release_server(f, s, now);
		if (f->c.backend == IOPF_PRI)
			iopf_prq_answered(f, id, now);
	}
	if (++s->stage == IOPF_STAGES)
		iopf_end(f, id, s->is_failed ? IOPF_FAILED : IOPF_DONE, now);
	else
		enter_stage(f, id, now);
}

void iopf_resolved(struct iopf *f, uint32_t id, bool is_there)
{
	assert(id < f->c.slots && f->slots[id].is_used && f->slots[id].stage == IOPF_RESOLVE);
	f->slots[id].is_failed = !is_there;
	iopf_step(f, id, f->q->now);
}

/* ---- beginning and end ---- */

static uint32_t take_slot(struct iopf *f, const struct iopf_request *r, uint32_t page)
{
	const uint32_t id = f->free_slot;
	struct iopf_slot *s;

	f->counts.raised++;
	if (id == IOPF_NIL)
		return id;
	s = &f->slots[id];
	f->free_slot = s->next;
	*s = (struct iopf_slot){
		.fault = { .vm = r->vm,
			   .page = page,
			   .dev = r->dev,
			   .queue = r->queue,
			   .tag = r->tag,
			   .id = id },
		.next = IOPF_NIL,
		.group = IOPF_NIL,
		.is_used = true,
	};
	s->fault.at[0] = f->q->now;
	if (++f->counts.open > f->counts.open_max)
		f->counts.open_max = f->counts.open;
	return id;
}

/* What a server did for a done fault itself; a bitmap entry is in bitmap_ns. */
static uint64_t service_of(const struct iopf_fault *fault)
{
	const struct ns *at = fault->at;

	return at[IOPF_SCHED + 1].v - at[IOPF_SCHED].v - fault->wait_ns + at[IOPF_MAP + 1].v -
	       at[IOPF_MAP].v;
}

static void finish(struct iopf *f, struct iopf_slot *s, enum iopf_outcome outcome)
{
	s->fault.outcome = (uint8_t)outcome;
	f->counts.done += outcome == IOPF_DONE;
	f->counts.failed += outcome == IOPF_FAILED;
	f->counts.joined += outcome == IOPF_JOINED;
	f->counts.open--;
	if (outcome == IOPF_DONE) {
		f->counts.service_ns += service_of(&s->fault);
		for (int i = 0; i < IOPF_STAGES; i++)
			hist_record(&f->stage_hist[i], s->fault.at[i + 1].v - s->fault.at[i].v);
		hist_record(&f->total_hist, s->fault.at[IOPF_STAGES].v - s->fault.at[0].v);
	}
	/* the slot is free once the hook has returned: it may raise again */
	if (f->hooks.done)
		f->hooks.done(f->hooks.ctx, &s->fault);
	s->is_used = false;
	s->next = f->free_slot;
	f->free_slot = s->fault.id;
}

/* A joined fault passes its stages with the first one, as far as it was there yet. */
static void finish_joined(struct iopf *f, const struct iopf_fault *first, uint32_t id)
{
	struct iopf_slot *s = &f->slots[id];

	for (int i = 1; i <= IOPF_STAGES; i++)
		s->fault.at[i] = first->at[i].v > s->fault.at[0].v ? first->at[i] : s->fault.at[0];
	finish(f, s, first->outcome == IOPF_DONE ? IOPF_JOINED : IOPF_FAILED);
}

void iopf_end(struct iopf *f, uint32_t id, enum iopf_outcome outcome, struct ns now)
{
	struct iopf_slot *s = &f->slots[id];
	struct iopf_list waiting = s->joined;
	uint32_t joined;

	for (int i = s->stage; i < IOPF_STAGES; i++) /* stages not reached take no time */
		s->fault.at[i + 1] = now;
	forget_key(f, s);
	release_server(f, s, now);
	s->fault.outcome = (uint8_t)outcome;
	const struct iopf_fault first = s->fault;
	finish(f, s, outcome);
	while ((joined = iopf_list_pop(f, &waiting)) != IOPF_NIL)
		finish_joined(f, &first, joined);
}

/* True when the page is on its way already, and this fault waits for it. */
static bool join(struct iopf *f, uint32_t id)
{
	struct iopf_slot *s = &f->slots[id];
	uint64_t place;

	s->key = key_of(f, s->fault.vm, s->fault.page);
	const uint32_t first = find_key(f, s->key, &place);
	if (first == IOPF_NIL) {
		f->table[place] = id;
		s->is_keyed = true;
		return false;
	}
	iopf_list_push(f, &f->slots[first].joined, id);
	return true;
}

/* More faults are open than there are slots: this one never was. */
static void fail_without_slot(struct iopf *f, const struct iopf_request *r, uint32_t page)
{
	struct iopf_fault fault = { .vm = r->vm,
				    .page = page,
				    .dev = r->dev,
				    .queue = r->queue,
				    .tag = r->tag,
				    .id = IOPF_NIL,
				    .outcome = IOPF_FAILED };

	for (int i = 0; i <= IOPF_STAGES; i++)
		fault.at[i] = f->q->now;
	f->counts.failed++;
	f->counts.no_slot++;
	if (f->hooks.done)
		f->hooks.done(f->hooks.ctx, &fault);
}

/* A fault that cannot be served at all ends where it began. */
static bool ends_at_once(struct iopf *f, uint32_t id, const struct iopf_request *r, uint32_t page)
{
	const bool is_off = f->devices[r->dev].is_pri_off;

	if (id == IOPF_NIL) {
		fail_without_slot(f, r, page);
		return true;
	}
	if (iopf_traits(f->c.backend).can_fault && !is_off)
		return false;
	f->counts.pri_off += is_off;
	iopf_end(f, id, IOPF_FAILED, f->q->now);
	return true;
}

void iopf_raise(struct iopf *f, const struct iopf_request *r)
{
	const struct ns now = f->q->now;
	uint32_t group = IOPF_NIL, members = 0;

	assert(r->dev < IOPF_DEVICES_MAX);
	for (uint32_t i = 0; i < r->npages; i++) {
		const uint32_t id = take_slot(f, r, r->pages[i]);
		if (ends_at_once(f, id, r, r->pages[i]) || join(f, id))
			continue;
		if (f->c.backend == IOPF_PRI) {
			if (members == 0 || members == f->c.prq_group_pages) {
				group = iopf_group_open(f, 0);
				members = 0;
			}
			members++;
			f->groups[group].left++;
			f->slots[id].group = group;
		}
		iopf_post_step(f, id, now, iopf_draw(f, IOPF_DETECT));
	}
}

bool iopf_is_on_its_way(const struct iopf *f, uint32_t vm, uint32_t page)
{
	uint64_t place;

	return find_key(f, key_of(f, vm, page), &place) != IOPF_NIL;
}

/* ---- costs beside faults ---- */

void iopf_residency(struct iopf *f, uint32_t vm, uint32_t page, bool is_present)
{
	(void)vm;
	(void)page;
	if (f->c.backend == IOPF_VPRI) {
		const bool is_first = f->in_batch == 0;
		const uint64_t ns = is_first ? quantile_draw(&f->stage[IOPF_UPDATE], &f->bitmap_rng)
					     : 0;
		count_bitmap(f, ns);
	} else if (f->c.backend == IOPF_PRI && !is_present) {
		f->counts.tlb_invalidations += f->c.functions;
		for (uint64_t i = 0; i < f->c.functions; i++)
			f->counts.tlb_ns += quantile_draw(&f->tlb_invalidate, &f->tlb_rng);
	}
}

/* Windows follow one another; what one counted decides about the next. */
static void roll_window(struct iopf *f, struct iopf_device *d, struct ns now)
{
	const uint64_t window_ns = f->c.passthrough_window_ns;
	const uint64_t windows = (now.v - d->window_start_ns) / window_ns;

	if (!f->c.passthrough_iops || !windows)
		return;
	const bool was_passed = d->is_passed;
	const unsigned __int128 counted = (unsigned __int128)d->window_requests * NS_PER_SEC;
	d->is_passed = windows == 1 &&
		       counted >= (unsigned __int128)f->c.passthrough_iops * window_ns;
	d->window_requests = 0;
	d->window_start_ns += windows * window_ns;
	f->counts.passthrough_switches += d->is_passed != was_passed;
}

uint64_t iopf_request(struct iopf *f, uint16_t dev, struct ns now)
{
	assert(dev < IOPF_DEVICES_MAX);
	struct iopf_device *d = &f->devices[dev];

	if (f->c.backend != IOPF_SNOOP)
		return 0;
	roll_window(f, d, now);
	d->window_requests++;
	f->counts.requests++;
	const uint64_t ns = quantile_draw(&f->request_cost, &f->request_rng);
	if (d->is_passed) {
		f->counts.requests_passed++;
		return 0;
	}
	f->counts.request_ns += ns;
	return ns;
}

void iopf_no_request(struct iopf *f, uint16_t dev, struct ns now)
{
	if (f->c.backend == IOPF_SNOOP)
		roll_window(f, &f->devices[dev], now);
}

bool iopf_is_passed_through(const struct iopf *f, uint16_t dev)
{
	return dev < IOPF_DEVICES_MAX && f->devices[dev].is_passed;
}

/* ---- a run ---- */

static int init_tables(struct iopf *f, struct arena *a, struct err *e)
{
	const struct {
		struct quantile *q;
		const struct dist *d;
	} others[] = {
		{ &f->batch_extra, &f->c.batch_extra },
		{ &f->prq_entry, &f->c.prq_entry },
		{ &f->prq_retry, &f->c.prq_retry },
		{ &f->tlb_invalidate, &f->c.tlb_invalidate },
		{ &f->request_cost, &f->c.request_cost },
	};
	int err = 0;

	for (int i = 0; !err && i < IOPF_STAGES; i++) {
		err = quantile_init(&f->stage[i], &f->c.stage[i], a, e);
		if (err)
			return err_prefix(e, "iopf.%s", iopf_stage_names[i]);
	}
	for (size_t i = 0; !err && i < sizeof(others) / sizeof(others[0]); i++)
		err = quantile_init(others[i].q, others[i].d, a, e);
	return err;
}

static void init_streams(struct iopf *f, uint64_t seed)
{
	const uint64_t stages = rng_seed(seed, "iopf.stages");

	for (int i = 0; i < IOPF_STAGES; i++)
		rng_init(&f->stage_rng[i], stages, iopf_stage_names[i]);
	rng_init(&f->bitmap_rng, seed, "iopf.bitmap");
	rng_init(&f->prq_rng, seed, "iopf.prq");
	rng_init(&f->tlb_rng, seed, "iopf.tlb");
	rng_init(&f->request_rng, seed, "iopf.request");
}

static int init_memory(struct iopf *f, struct arena *a)
{
	const uint64_t nslots = f->c.slots;
	uint64_t table = 2;

	while (table < 2 * nslots)
		table *= 2;
	f->table_mask = table - 1;
	f->nlines = f->c.service == IOPF_VCPU ? f->c.servers : 1;
	f->slots = arena_alloc(a, nslots, sizeof(*f->slots));
	f->table = arena_alloc(a, table, sizeof(*f->table));
	f->lines = arena_alloc(a, f->nlines, sizeof(*f->lines));
	if (!f->slots || !f->table || !f->lines)
		return ERR_NOMEM;
	memset(f->table, 0xff, table * sizeof(*f->table));
	for (uint32_t i = 0; i < nslots; i++)
		f->slots[i].next = i + 1 < nslots ? i + 1 : IOPF_NIL;
	for (uint64_t i = 0; i < f->nlines; i++)
		f->lines[i].idle = f->c.servers / f->nlines;
	for (int i = 0; i < IOPF_STAGES; i++)
		if (hist_init(&f->stage_hist[i], STAGE_HIST_BITS, a))
			return ERR_NOMEM;
	return hist_init(&f->total_hist, TOTAL_HIST_BITS, a);
}

int iopf_new(const struct iopf_config *c, const struct iopf_hooks *hooks, struct evq *q,
	     uint64_t seed, struct arena *a, struct iopf **out, struct err *e)
{
	struct iopf *f = arena_alloc(a, 1, sizeof(*f));

	if (!f)
		return err_set(e, ERR_NOMEM, "out of memory for I/O page faults");
	f->c = *c;
	f->q = q;
	if (hooks)
		f->hooks = *hooks;
	if (q->capacity < c->slots + 2)
		return err_set(e, ERR_BUG, "an event queue of %u for %llu faults", q->capacity,
			       (unsigned long long)c->slots);
	const int err = init_tables(f, a, e);
	if (err)
		return err;
	init_streams(f, seed);
	if (init_memory(f, a) || iopf_prq_init(f, a))
		return err_set(e, ERR_NOMEM, "out of memory for I/O page faults");
	*out = f;
	return 0;
}

const struct iopf_counts *iopf_counts(const struct iopf *f)
{
	return &f->counts;
}

const struct hist *iopf_stage_hist(const struct iopf *f, enum iopf_stage s)
{
	return &f->stage_hist[s];
}

const struct hist *iopf_total_hist(const struct iopf *f)
{
	return &f->total_hist;
}

int iopf_check(const struct iopf *f, struct err *e)
{
	const struct iopf_counts *n = &f->counts;
	uint64_t used = 0, busy = 0, idle = 0;

	for (uint64_t i = 0; i < f->c.slots; i++) {
		used += f->slots[i].is_used;
		busy += f->slots[i].is_used && f->slots[i].has_server;
	}
	for (uint64_t i = 0; i < f->nlines; i++)
		idle += f->lines[i].idle;
	if (n->raised != n->done + n->failed + n->joined + n->open || used != n->open)
		return err_set(e, ERR_BUG,
			       "I/O page faults: of %llu raised %llu done, %llu failed, "
			       "%llu joined, %llu open",
			       (unsigned long long)n->raised, (unsigned long long)n->done,
			       (unsigned long long)n->failed, (unsigned long long)n->joined,
			       (unsigned long long)n->open);
	if (idle + busy != f->c.servers)
		return err_set(e, ERR_BUG, "I/O page faults: of %llu servers %llu idle, %llu busy",
			       (unsigned long long)f->c.servers, (unsigned long long)idle,
			       (unsigned long long)busy);
	return 0;
}
