// SPDX-License-Identifier: MIT
/*
 * The statistical generator: no processes, no causes. Four independent sources
 * draw from quantile tables:
 *
 *	touch	which extent the CPU uses next, by its depth in an LRU stack of all
 *		extents (Mattson's stack model, run backwards)
 *	ring	the same for NIC buffers; the gaps between rows are a table too
 *	disk	the same for file extents, with a share of draws that are fresh; the
 *		CPU writes an extent just before the disk reads it
 *	burst	rare bursts of device accesses to few pages that nothing else uses:
 *		gap, sizes, spacing and the depth of each page are tables
 *
 * A table is a text of `share:value` pairs, `0%:0 90%:5% 100%:94%`: quantiles,
 * linear between. Depths are shares: of memory (touch), else of the stack. Left
 * out: the hours of a day, dependence between the sources.
 */
#include "replay/gen-model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- quantile tables ---- */

enum { QUANTILES_MAX = 24 };

enum unit { UNIT_SHARE, UNIT_COUNT, UNIT_TIME };

struct table {
	size_t n;
	uint64_t share_ppm[QUANTILES_MAX], value[QUANTILES_MAX];
};

static int parse_value(const char *text, enum unit unit, uint64_t *out, struct err *e)
{
	switch (unit) {
	case UNIT_SHARE:
		return quantity_parse_ppm(text, out, e);
	case UNIT_COUNT:
		return quantity_parse_count(text, out, e);
	default:
		return quantity_parse_ns(text, out, e);
	}
}

/* One `share:value` word, cut at its colon in place. */
static int parse_pair(char *word, enum unit unit, struct table *t, struct err *e)
{
	char *colon = strchr(word, ':');
	if (!colon)
		return err_set(e, ERR_USAGE, "'%.40s': expected share:value", word);
	if (t->n == QUANTILES_MAX)
		return err_set(e, ERR_USAGE, "more than %d quantiles", QUANTILES_MAX);
	*colon = 0;
	int rc = quantity_parse_ppm(word, &t->share_ppm[t->n], e);
	if (!rc)
		rc = parse_value(colon + 1, unit, &t->value[t->n], e);
	if (rc)
		return rc;
	if (t->n &&
	    (t->share_ppm[t->n] <= t->share_ppm[t->n - 1] || t->value[t->n] < t->value[t->n - 1]))
		return err_set(e, ERR_USAGE, "'%.20s:%.20s': shares and values must rise", word,
			       colon + 1);
	t->n++;
	return 0;
}

static int parse_table(const char *name, const char *text, enum unit unit, struct table *t,
		       struct err *e)
{
	char line[PARAM_LINE_BYTES_MAX + 1], *save, *word;
	int rc = 0;

	*t = (struct table){};
	if ((size_t)snprintf(line, sizeof(line), "%s", text) >= sizeof(line))
		return err_set(e, ERR_USAGE, "%s: more than %d characters", name,
			       PARAM_LINE_BYTES_MAX);
	for (word = strtok_r(line, " ", &save); word && !rc; word = strtok_r(NULL, " ", &save))
		rc = parse_pair(word, unit, t, e);
	if (!rc && (t->n < 2 || t->share_ppm[0] || t->share_ppm[t->n - 1] != PPM_PER_ONE))
		rc = err_set(e, ERR_USAGE, "expected quantiles from 0%% to 100%%");
	return rc ? err_prefix(e, "%s", name) : 0;
}

static uint64_t draw(const struct table *t, struct rng *r)
{
	const uint64_t u = rng_below(r, PPM_PER_ONE);
	size_t i = 1;

	while (t->share_ppm[i] <= u)
		i++;
	const uint64_t span = t->share_ppm[i] - t->share_ppm[i - 1];
	const unsigned __int128 rise = (unsigned __int128)(t->value[i] - t->value[i - 1]) *
				       (u - t->share_ppm[i - 1]) / span;
	return t->value[i - 1] + (uint64_t)rise;
}

/* ---- LRU stacks ---- */

struct stack {
	uint32_t *order; /* most recent first */
	uint64_t n;
};

static int stack_init(struct stack *s, uint64_t room)
{
	s->order = calloc(room + 1, sizeof(*s->order));
	s->n = 0;
	return s->order ? 0 : ERR_NOMEM;
}

/* What lies at a depth, moved to the top. */
static uint32_t stack_take(struct stack *s, uint64_t depth)
{
	const uint64_t i = depth < s->n ? depth : s->n - 1;
	const uint32_t what = s->order[i];

	memmove(s->order + 1, s->order, i * sizeof(*s->order));
	s->order[0] = what;
	return what;
}

static void stack_add(struct stack *s, uint32_t what)
{
	memmove(s->order + 1, s->order, s->n++ * sizeof(*s->order));
	s->order[0] = what;
}

/* ---- sources ---- */

enum { PART_TOUCH, PART_EPOCH, PART_RING, PART_DISK, PART_BURST, PARTS };

enum { WRITE_LEAD_NS = 1000000, EVEN_PERCENT = 100 };

struct tables {
	struct table touch_depth, ring_depth, ring_gap, disk_depth;
	struct table burst_gap, burst_nic, burst_block, burst_spacing, burst_depth;
};

struct drawn {
	const struct gen_common *c;
	const struct gen_statistics *p;
	struct gen_emit *m;
	struct tables t;
	struct gen_span hot, ring, nic, block, lonely, dead, disk, all; /* all: disk and after it */
	struct gen_part parts[PARTS];
	struct stack touch, rings, disks, nics, blocks;
	uint64_t extents, disk_extents;
	uint32_t written; /* extent that the disk reads next */
	bool is_written;
	uint64_t nic_left, block_left, nic_done, block_done, lonely_at;
};

static uint64_t stack_depth(const struct table *t, struct rng *r, uint64_t n)
{
	return draw(t, r) * n / PPM_PER_ONE;
}

static void touch(void *model, struct gen_part *self)
{
	struct drawn *v = model;
	const uint64_t pages = v->p->extent_pages;
	const uint64_t memory = v->c->memory_bytes >> PAGE_SHIFT;
	const uint64_t depth = stack_depth(&v->t.touch_depth, &self->rng, memory / pages);
	const uint64_t from = stack_take(&v->touch, depth) * pages;
	const uint64_t n = v->all.pages - from < pages ? v->all.pages - from : pages;

	gen_cpu(v->m, v->all.first + from, n, false, 0);
	self->at_ns = gen_add_ns(self->at_ns, gen_gap(&self->rng, v->p->touch_rate, EVEN_PERCENT));
}

static void epoch(void *model, struct gen_part *self)
{
	struct drawn *v = model;

	gen_cpu(v->m, v->hot.first, v->hot.pages, true, v->c->epoch_ns);
	gen_cpu(v->m, v->ring.first, v->ring.pages, true, v->c->epoch_ns);
	self->at_ns += v->c->epoch_ns;
}

static void ring(void *model, struct gen_part *self)
{
	struct drawn *v = model;
	const uint64_t depth = stack_depth(&v->t.ring_depth, &self->rng, v->rings.n);
	const bool is_sent = gen_chance(&self->rng, v->p->ring_tx_ppm);

	gen_dma(v->m, GEN_NIC, is_sent ? DIR_TO_DEVICE : DIR_FROM_DEVICE,
		v->ring.first + stack_take(&v->rings, depth), 1);
	self->at_ns = gen_add_ns(self->at_ns, 1 + draw(&v->t.ring_gap, &self->rng));
}

static uint32_t draw_disk(struct drawn *v, struct gen_part *self)
{
	const bool is_fresh = gen_chance(&self->rng, v->p->disk_fresh_ppm);

	if (v->disks.n < v->disk_extents && (is_fresh || !v->disks.n)) {
		stack_add(&v->disks, (uint32_t)v->disks.n);
		return v->disks.order[0];
	}
	return stack_take(&v->disks, stack_depth(&v->t.disk_depth, &self->rng, v->disks.n));
}

/* The CPU writes, a little later the disk takes it. */
static void disk(void *model, struct gen_part *self)
{
	struct drawn *v = model;
	const uint64_t pages = v->p->disk_extent_pages;

	v->is_written = !v->is_written;
	if (v->is_written) {
		v->written = draw_disk(v, self);
		gen_cpu(v->m, v->disk.first + v->written * pages, pages, true, 0);
		self->at_ns += WRITE_LEAD_NS;
		return;
	}
	const bool is_read = gen_chance(&self->rng, v->p->disk_read_ppm);
	gen_dma(v->m, GEN_BLOCK, is_read ? DIR_FROM_DEVICE : DIR_TO_DEVICE,
		v->disk.first + v->written * pages, pages);
	self->at_ns = gen_add_ns(self->at_ns, gen_gap(&self->rng, v->p->disk_rate, EVEN_PERCENT));
}

/* A page that this burst has not had yet: those it had are the top `done` of the stack. */
static void burst_page(struct drawn *v, struct gen_part *self, enum gen_device dev,
		       const struct gen_span *span, struct stack *s, uint64_t *done)
{
	const uint64_t below = s->n - *done;
	const uint64_t depth = *done + stack_depth(&v->t.burst_depth, &self->rng, below);
	const uint64_t page = span->first + stack_take(s, depth);

	(*done)++;
	gen_dma(v->m, dev, DIR_FROM_DEVICE, page, 1);
	gen_cpu(v->m, page, 1, false, 0);
}

static void burst_lonely(struct drawn *v)
{
	const uint64_t page = v->lonely.first + v->lonely_at;

	v->lonely_at = (v->lonely_at + 1) % v->lonely.pages;
	gen_dma(v->m, GEN_BLOCK, DIR_FROM_DEVICE, page, 1);
	gen_cpu(v->m, page, 1, false, 0);
}

static void burst(void *model, struct gen_part *self)
{
	struct drawn *v = model;

	if (v->block_left) {
		v->block_left--;
		if (v->block_done == v->blocks.n ||
		    (v->lonely.pages && gen_chance(&self->rng, v->p->lonely_ppm)))
			burst_lonely(v);
		else
			burst_page(v, self, GEN_BLOCK, &v->block, &v->blocks, &v->block_done);
	} else if (v->nic_left && v->nic_done < v->nics.n) {
		v->nic_left--;
		burst_page(v, self, GEN_NIC, &v->nic, &v->nics, &v->nic_done);
	} else {
		v->block_done = v->nic_done = 0;
		v->block_left = draw(&v->t.burst_block, &self->rng);
		v->nic_left = draw(&v->t.burst_nic, &self->rng);
		self->at_ns = gen_add_ns(self->at_ns, 1 + draw(&v->t.burst_gap, &self->rng));
		return;
	}
	self->at_ns = gen_add_ns(self->at_ns, 1 + draw(&v->t.burst_spacing, &self->rng));
}

/* ---- a run ---- */

static int parse_tables(const struct gen_statistics *p, struct tables *t, struct err *e)
{
	const struct {
		const char *name, *text;
		enum unit unit;
		struct table *out;
	} all[] = {
		{ "touch.depth", p->touch_depth, UNIT_SHARE, &t->touch_depth },
		{ "ring.depth", p->ring_depth, UNIT_SHARE, &t->ring_depth },
		{ "ring.gap", p->ring_gap, UNIT_TIME, &t->ring_gap },
		{ "disk.depth", p->disk_depth, UNIT_SHARE, &t->disk_depth },
		{ "burst.gap", p->burst_gap, UNIT_TIME, &t->burst_gap },
		{ "burst.nic", p->burst_nic, UNIT_COUNT, &t->burst_nic },
		{ "burst.block", p->burst_block, UNIT_COUNT, &t->burst_block },
		{ "burst.spacing", p->burst_spacing, UNIT_TIME, &t->burst_spacing },
		{ "burst.depth", p->burst_depth, UNIT_SHARE, &t->burst_depth },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const int rc = parse_table(all[i].name, all[i].text, all[i].unit, all[i].out, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int lay_out(struct drawn *v, struct err *e)
{
	const struct gen_statistics *p = v->p;
	const uint64_t pages = v->c->memory_bytes >> PAGE_SHIFT;
	struct gen_span rest = { 0, pages };
	v->disk_extents = gen_share(pages, p->disk_ppm) / p->disk_extent_pages;
	const struct {
		const char *name;
		struct gen_span *out;
		uint64_t pages;
	} cuts[] = {
		{ "touch.hot", &v->hot, gen_share(pages, p->hot_ppm) },
		{ "ring.pages", &v->ring, p->ring_pages },
		{ "burst.nic_pages", &v->nic, p->nic_pages },
		{ "burst.block_pages", &v->block, p->block_pages },
		{ "burst.lonely_pages", &v->lonely, p->lonely_pages },
		{ "touch.dead", &v->dead, gen_share(pages, p->dead_ppm) },
	};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		const int rc = gen_cut(&rest, cuts[i].pages, cuts[i].name, cuts[i].out, e);
		if (rc)
			return rc;
	}
	v->all = rest;
	v->extents = (rest.pages + p->extent_pages - 1) / p->extent_pages;
	return gen_cut(&rest, v->disk_extents * p->disk_extent_pages, "disk.size", &v->disk, e);
}

int gen_statistics_check(const struct gen_common *c, const struct gen_statistics *p, struct err *e)
{
	struct drawn v = { .c = c, .p = p };
	int rc = parse_tables(p, &v.t, e);
	if (!rc)
		rc = lay_out(&v, e);
	if (rc)
		return rc;
	if (!v.extents)
		return err_set(e, ERR_USAGE, "the memory is too small: nothing is left to touch");
	const uint64_t most = v.t.burst_block.value[v.t.burst_block.n - 1];
	if (most && !p->lonely_pages && most > p->block_pages)
		return err_set(e, ERR_USAGE, "burst.block: %llu pages, but there are %llu",
			       (unsigned long long)most, (unsigned long long)p->block_pages);
	return 0;
}

static int make_stacks(struct drawn *v, struct err *e)
{
	const struct {
		struct stack *out;
		uint64_t room, filled;
	} all[] = {
		{ &v->touch, v->extents, v->extents },
		{ &v->rings, v->ring.pages, v->ring.pages },
		{ &v->disks, v->disk_extents, gen_share(v->disk_extents, v->p->disk_grown_ppm) },
		{ &v->nics, v->nic.pages, v->nic.pages },
		{ &v->blocks, v->block.pages, v->block.pages },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (stack_init(all[i].out, all[i].room))
			return err_set(e, ERR_NOMEM, "no memory for %llu extents",
				       (unsigned long long)all[i].room);
		for (uint64_t k = 0; k < all[i].filled; k++)
			all[i].out->order[k] = (uint32_t)(all[i].filled - 1 - k);
		all[i].out->n = all[i].filled;
	}
	return 0;
}

/* As if it had run for long: the idle pages were used longest ago. */
static void begin(struct drawn *v)
{
	const struct gen_span *const by_age[] = { &v->lonely, &v->block, &v->nic, &v->dead,
						  &v->all,    &v->ring,  &v->hot };

	for (size_t i = 0; i < sizeof(by_age) / sizeof(*by_age); i++)
		gen_cpu(v->m, by_age[i]->first, by_age[i]->pages, true, 0);
}

static void wake(struct drawn *v, unsigned part, const char *name,
		 void (*step)(void *, struct gen_part *), uint64_t first_ns, uint64_t seed)
{
	v->parts[part] = (struct gen_part){ .name = name, .at_ns = first_ns, .step = step };
	rng_init(&v->parts[part].rng, seed, name);
}

int gen_statistics_run(const struct gen_common *c, const struct gen_statistics *p, uint64_t seed,
		       struct gen_emit *m, struct err *e)
{
	struct drawn v = { .c = c, .p = p, .m = m };
	int rc = parse_tables(p, &v.t, e);
	if (!rc)
		rc = lay_out(&v, e);
	if (!rc)
		rc = make_stacks(&v, e);
	if (!rc) {
		const uint64_t first = NS_PER_MS;
		wake(&v, PART_TOUCH, "gen.touch", touch, p->touch_rate.count ? first : GEN_NEVER,
		     seed);
		wake(&v, PART_EPOCH, "gen.epoch", epoch, c->epoch_ns, seed);
		wake(&v, PART_RING, "gen.ring", ring, v.ring.pages ? first : GEN_NEVER, seed);
		wake(&v, PART_DISK, "gen.disk", disk,
		     p->disk_rate.count && v.disk_extents ? first : GEN_NEVER, seed);
		/* its first step only draws the first gap */
		wake(&v, PART_BURST, "gen.burst", burst, first, seed);
		begin(&v);
		rc = gen_play(v.parts, PARTS, &v, c, m);
	}
	free(v.touch.order);
	free(v.rings.order);
	free(v.disks.order);
	free(v.nics.order);
	free(v.blocks.order);
	return rc;
}

#define ROW(section, name, type, unit, text, min, max, help, field)  \
	{                                                            \
		section, name, type, unit, text, min, max, help,     \
			offsetof(struct gen_statistics, field), NULL \
	}
#define PAGES_MAX (1 << 28)

const struct param gen_statistics_params[] = {
	ROW("touch", "dead", PARAM_PPM, NULL, "0%", 0, 1000000, "Memory that is never used again",
	    dead_ppm),
	ROW("touch", "hot", PARAM_PPM, NULL, "1%", 0, 1000000, "Memory used in each epoch",
	    hot_ppm),
	ROW("touch", "extent_pages", PARAM_U64, "pages", "64", 1, PAGES_MAX, "Pages of a CPU row",
	    extent_pages),
	ROW("touch", "rate", PARAM_RATE, NULL, "0/s", 0, 10000000, "Extents touched", touch_rate),
	ROW("touch", "depth", PARAM_TEXT, "share:share of memory", "0%:0% 100%:100%", 0, 0,
	    "LRU depth of the extent touched next", touch_depth),
	ROW("ring", "pages", PARAM_U64, "pages", "0", 0, PAGES_MAX, "NIC buffers", ring_pages),
	ROW("ring", "tx", PARAM_PPM, NULL, "0%", 0, 1000000, "Rows that the NIC reads",
	    ring_tx_ppm),
	ROW("ring", "depth", PARAM_TEXT, "share:share of pages", "0%:0% 100%:100%", 0, 0,
	    "LRU depth of the buffer used next", ring_depth),
	ROW("ring", "gap", PARAM_TEXT, "share:time", "0%:1ms 100%:200ms", 0, 0,
	    "Between two NIC rows", ring_gap),
	ROW("disk", "size", PARAM_PPM, NULL, "0%", 0, 1000000, "Memory that the disk may use",
	    disk_ppm),
	ROW("disk", "grown", PARAM_PPM, NULL, "20%", 0, 1000000, "Of it, in use at the start",
	    disk_grown_ppm),
	ROW("disk", "extent_pages", PARAM_U64, "pages", "8", 1, 4096, "Pages of a disk row",
	    disk_extent_pages),
	ROW("disk", "rate", PARAM_RATE, NULL, "0/s", 0, 1000000, "Disk rows", disk_rate),
	ROW("disk", "fresh", PARAM_PPM, NULL, "0%", 0, 1000000,
	    "Rows for an extent not used before, while there is one", disk_fresh_ppm),
	ROW("disk", "read", PARAM_PPM, NULL, "0%", 0, 1000000,
	    "Rows that the disk writes to memory", disk_read_ppm),
	ROW("disk", "depth", PARAM_TEXT, "share:share of extents", "0%:0% 100%:100%", 0, 0,
	    "LRU depth of the extent used next", disk_depth),
	ROW("burst", "nic_pages", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "NIC pages that only bursts use", nic_pages),
	ROW("burst", "block_pages", PARAM_U64, "pages", "0", 0, PAGES_MAX, "Disk pages, likewise",
	    block_pages),
	ROW("burst", "lonely_pages", PARAM_U64, "pages", "0", 0, PAGES_MAX,
	    "Disk pages used in turn, long apart", lonely_pages),
	ROW("burst", "lonely", PARAM_PPM, NULL, "0%", 0, 1000000,
	    "Disk pages of a burst that come from them", lonely_ppm),
	ROW("burst", "gap", PARAM_TEXT, "share:time", "0%:30min 100%:60min", 0, 0,
	    "Between two bursts", burst_gap),
	ROW("burst", "nic", PARAM_TEXT, "share:pages", "0%:0 100%:0", 0, 0, "NIC pages of a burst",
	    burst_nic),
	ROW("burst", "block", PARAM_TEXT, "share:pages", "0%:0 100%:0", 0, 0,
	    "Disk pages of a burst", burst_block),
	ROW("burst", "spacing", PARAM_TEXT, "share:time", "0%:1ms 100%:5ms", 0, 0,
	    "Between two pages of a burst", burst_spacing),
	ROW("burst", "depth", PARAM_TEXT, "share:share of pages", "0%:0% 100%:100%", 0, 0,
	    "LRU depth of the page used next, among those the burst has not used", burst_depth),
};
const size_t gen_statistics_nparams =
	sizeof(gen_statistics_params) / sizeof(*gen_statistics_params);
