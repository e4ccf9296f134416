// SPDX-License-Identifier: MIT
/*
 * The join of dma:* and iommu:* events. Three tables: rows in order of time
 * that still wait (a ring), iommu:map events nobody claimed (runset), claimed
 * mappings that live (mapset); and a short list of unmappings of which only
 * one of the two events has come. Every table is bounded.
 */
#include "collect/dmajoin.h"

#include "base/units.h"
#include "collect/mapset.h"
#include "collect/runset.h"

#include <stdlib.h>
#include <string.h>

enum {
	HELD_MIN = 64,
	HELD_MAX = 1 << 16,
	CLOSES = 1 << 10,
	CANDIDATES_MAX = 16, /* runs with the same IOVA that are looked at */
};

static const uint64_t default_hold_ns =
	10 * NS_PER_SEC; /* a guest's CPU may stand still for seconds */
static const uint64_t any_iova = UINT64_MAX;

/* A row that waits for its partner, or for those in front of it. */
struct held {
	struct dma_event row;
	bool is_complete;
	bool is_void;      /* its pages went into another row */
	bool is_ambiguous; /* unmapping of an IOVA that several devices have */
	uint64_t iova, iova_len;
};

enum close_kind { CLOSE_DONE, AWAIT_DMA, AWAIT_IOMMU };

/* An unmapping of which one event has come. */
struct close {
	struct dmajoin_context c;
	uint8_t kind;
	uint16_t dev;       /* DMAJOIN_NO_DEVICE: not known yet */
	uint64_t iova, len; /* iova any_iova: not known */
	uint64_t slot;      /* of the row to complete, or UINT64_MAX */
};

struct dmajoin {
	struct dmajoin_options o;
	struct dmajoin_stats stats;

	struct held *held; /* ring, [head, tail) by slot & mask */
	uint64_t head, tail, mask;

	struct runset runs;
	struct mapset maps;
	struct iommu_run *picked; /* runs of the mapping at hand */
	size_t npicked, picked_cap;

	struct close closes[CLOSES]; /* newest at (nclose - 1) % CLOSES */
	uint64_t nclose, nopen;
	uint64_t next_req;
};

/* ---- rows ---- */

static struct held *held_at(struct dmajoin *j, uint64_t slot)
{
	return slot >= j->head && slot < j->tail ? &j->held[slot & j->mask] : NULL;
}

static void set_span(struct dma_event *r, uint8_t as, uint64_t addr, uint64_t len)
{
	const uint64_t pages = span_pages(addr, len);
	r->as = as;
	r->pfn = addr >> PAGE_SHIFT;
	r->offset = addr & (PAGE_BYTES - 1);
	r->npages = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
	r->bytes = len;
}

static struct dma_event new_row(uint64_t ts, uint16_t dev, uint8_t op, uint8_t dir, uint64_t req,
				enum dmajoin_source source)
{
	return (struct dma_event){
		.ts = ts,
		.dev = dev,
		.op = op,
		.dir = dir,
		.req = req,
		.source = (uint16_t)source,
	};
}

static void set_piece(struct dmajoin *j, struct dma_event *r, const struct mapset_piece *p)
{
	set_span(r, p->is_iova ? AS_IOVA : (uint8_t)j->o.as, p->addr, p->len);
}

static void resolve_ambiguous(struct dmajoin *j, struct held *h);

static int pop_held(struct dmajoin *j, struct err *e)
{
	struct held *h = &j->held[j->head & j->mask];
	if (h->is_ambiguous && !h->is_complete)
		resolve_ambiguous(j, h);
	const bool is_void = h->is_void;
	const struct dma_event row = h->row;
	j->head++;
	return is_void ? 0 : j->o.row(j->o.ctx, &row, e);
}

/* Gives out what is complete or has waited long enough. */
static int release(struct dmajoin *j, uint64_t now, struct err *e)
{
	while (j->head < j->tail) {
		const struct held *h = &j->held[j->head & j->mask];
		if (!h->is_complete && !h->is_void && now - h->row.ts < j->o.hold_ns)
			break;
		const int rc = pop_held(j, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int grow_held(struct dmajoin *j, struct err *e)
{
	const uint64_t cap = j->held ? j->mask + 1 : 0, bigger = cap ? 2 * cap : HELD_MIN;
	struct held *p = malloc(bigger * sizeof(*p));
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory for %llu rows", (unsigned long long)bigger);
	for (uint64_t slot = j->head; slot < j->tail; slot++)
		p[slot & (bigger - 1)] = j->held[slot & j->mask];
	free(j->held);
	j->held = p;
	j->mask = bigger - 1;
	return 0;
}

/* Puts a row that may have to wait; *slot_out tells where (UINT64_MAX: it is out already). */
static int put(struct dmajoin *j, const struct held *h, uint64_t *slot_out, struct err *e)
{
	*slot_out = UINT64_MAX;
	if (h->is_complete && j->head == j->tail)
		return j->o.row(j->o.ctx, &h->row, e);
	if (!j->held || j->tail - j->head > j->mask) {
		const int rc = j->held && j->mask + 1 == HELD_MAX ? pop_held(j, e)
								  : grow_held(j, e);
		if (rc)
			return rc;
	}
	*slot_out = j->tail;
	j->held[j->tail++ & j->mask] = *h;
	return 0;
}

static int put_row(struct dmajoin *j, const struct dma_event *row, struct err *e)
{
	uint64_t slot;
	return put(j, &(struct held){ .row = *row, .is_complete = true }, &slot, e);
}

/* ---- halves of an unmapping ---- */

static bool same_context(const struct dmajoin_context *a, const struct dmajoin_context *b)
{
	return a->pid == b->pid && (a->pid || a->cpu == b->cpu);
}

static void push_close(struct dmajoin *j, const struct close *x)
{
	struct close *dst = &j->closes[j->nclose++ % CLOSES];
	if (dst->kind == CLOSE_DONE)
		j->nopen++;
	*dst = *x;
}

/*
 * The newest open half of this context and kind that concerns addr; it is
 * taken. Scans as many as are open, and stops at those too old to matter.
 */
static bool take_close(struct dmajoin *j, const struct dmajoin_context *c, enum close_kind kind,
		       uint16_t dev, uint64_t addr, struct close *out)
{
	uint64_t open = j->nopen;
	for (uint64_t i = 0; open && i < CLOSES && i < j->nclose; i++) {
		struct close *x = &j->closes[(j->nclose - 1 - i) % CLOSES];
		if (x->kind == CLOSE_DONE)
			continue;
		open--;
		if (c->ts - x->c.ts > j->o.hold_ns) {
			x->kind = CLOSE_DONE; /* its partner was lost */
			j->nopen--;
			continue;
		}
		if (x->kind != kind || !same_context(&x->c, c))
			continue;
		if (x->iova != any_iova &&
		    (addr < x->iova || addr - x->iova >= (x->len ? x->len : 1)))
			continue;
		if (kind == AWAIT_DMA && x->dev != DMAJOIN_NO_DEVICE && x->dev != dev)
			continue;
		*out = *x;
		x->kind = CLOSE_DONE;
		j->nopen--;
		return true;
	}
	return false;
}

/* ---- mapping ---- */

int dmajoin_iommu_map(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova,
		      uint64_t paddr, uint64_t len, struct err *e)
{
	int rc = release(j, c->ts, e);
	if (rc)
		return rc;

	const uint64_t req = j->next_req++;
	const bool is_tracked = len && len <= UINT64_MAX - iova &&
				j->runs.count < j->o.mappings_max;
	struct held h = {
		.row = new_row(c->ts, DMAJOIN_NO_DEVICE, DMA_MAP, DIR_UNKNOWN, req, DMAJOIN_IOMMU),
		.is_complete = !j->o.has_dma || !is_tracked,
	};
	set_span(&h.row, (uint8_t)j->o.as, paddr, len);
	uint64_t slot;
	rc = put(j, &h, &slot, e);
	if (rc)
		return rc;
	if (!is_tracked) {
		j->stats.untracked++;
		return 0;
	}
	return runset_add(&j->runs,
			  &(struct iommu_run){ .iova = iova,
					       .order = req,
					       .len = len,
					       .paddr = paddr,
					       .slot = slot,
					       .cpu = c->cpu,
					       .pid = c->pid },
			  e);
}

/* The newest run of this context that starts at iova and, where known, leads dma_addr to phys. */
static bool find_run(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova,
		     uint64_t dma_addr, uint64_t phys, struct runset_pos *out)
{
	struct runset_pos pos;
	if (!runset_floor(&j->runs, iova, UINT64_MAX, &pos))
		return false;
	for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
		const struct iommu_run *r = runset_at(&j->runs, pos);
		if (r->iova != iova)
			return false;
		const struct dmajoin_context rc = { .cpu = r->cpu, .pid = r->pid };
		if (same_context(&rc, c) && dma_addr - iova < r->len &&
		    (phys == DMAJOIN_NO_PHYS || r->paddr + (dma_addr - iova) == phys)) {
			*out = pos;
			return true;
		}
		if (!runset_previous(&j->runs, &pos))
			return false;
	}
	return false;
}

static int pick(struct dmajoin *j, struct runset_pos pos, struct err *e)
{
	if (j->npicked == j->picked_cap) {
		const size_t cap = j->picked_cap ? 2 * j->picked_cap : 16;
		struct iommu_run *p = realloc(j->picked, cap * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %zu IOMMU mappings", cap);
		j->picked = p;
		j->picked_cap = cap;
	}
	j->picked[j->npicked++] = *runset_at(&j->runs, pos);
	runset_remove(&j->runs, pos);
	return 0;
}

/*
 * Takes the runs that make up [seg->dma_addr, end): the first starts with the
 * IOMMU page that dma_addr lies in (4, 16 or 64 KiB), the others follow it.
 * is_open: as many as follow.
 */
static int pick_runs(struct dmajoin *j, const struct dmajoin_context *c,
		     const struct dmajoin_segment *seg, uint64_t end, bool is_open, struct err *e)
{
	struct runset_pos pos;
	bool found = find_run(j, c, seg->dma_addr & ~(uint64_t)(PAGE_BYTES - 1), seg->dma_addr,
			      seg->phys, &pos);

	j->npicked = 0;
	for (uint64_t page = 0x3fff; !found && page <= 0xffff && seg->phys != DMAJOIN_NO_PHYS;
	     page = page << 2 | 3)
		found = find_run(j, c, seg->dma_addr & ~page, seg->dma_addr, seg->phys, &pos);
	while (found) {
		const int rc = pick(j, pos, e);
		if (rc)
			return rc;
		const struct iommu_run *r = &j->picked[j->npicked - 1];
		const uint64_t next = r->iova + r->len;
		found = (is_open || next < end) && r->len &&
			find_run(j, c, next, next, DMAJOIN_NO_PHYS, &pos);
	}
	return 0;
}

/* The mapping at hand: what its rows have in common, and where its pieces go. */
struct mapping {
	struct mapset_entry entry;
	uint8_t op;
	uint32_t at, last; /* in the mapset, MAPSET_NONE: not there (yet) */
	uint64_t ts;
	size_t npieces;
};

static int add_piece(struct dmajoin *j, struct mapping *m, const struct mapset_piece *p,
		     struct err *e)
{
	if (m->npieces++) {
		return m->at == MAPSET_NONE ? 0 : mapset_add_piece(&j->maps, m->at, p, &m->last, e);
	}
	m->entry.first = *p;
	if (m->entry.iova_len)
		mapset_drop_iova(&j->maps, m->entry.dev, m->entry.iova);
	const int rc = mapset_add(&j->maps, &m->entry, &m->at, e);
	if (!rc && m->at == MAPSET_NONE)
		j->stats.untracked++;
	return rc;
}

/* Bytes that the segments say of [lo, hi): scatter lists leave holes at page ends. */
static uint64_t bytes_within(const struct dmajoin_segment *segs, size_t n, uint64_t lo, uint64_t hi)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		const uint64_t begin = segs[i].dma_addr, end = begin + segs[i].len;
		const uint64_t a = begin > lo ? begin : lo, b = end < hi ? end : hi;
		sum += b > a ? b - a : 0;
	}
	return sum;
}

/*
 * Completes the rows of the picked runs, cut to [lo, hi): one row for each
 * physical range. Runs that continue their neighbour's frames join its row.
 */
static int fill_runs(struct dmajoin *j, struct mapping *m, const struct dmajoin_segment *segs,
		     size_t n, uint64_t lo, uint64_t hi, struct err *e)
{
	for (size_t i = 0; i < j->npicked;) {
		const struct iommu_run *r = &j->picked[i];
		struct held *h = held_at(j, r->slot);
		const uint64_t begin = r->iova > lo ? r->iova : lo;
		uint64_t end = r->iova + r->len;
		size_t k = i + 1;
		for (; k < j->npicked; k++) {
			const struct iommu_run *x = &j->picked[k];
			struct held *hx = held_at(j, x->slot);
			if (x->paddr != r->paddr + (x->iova - r->iova) || !h != !hx)
				break;
			if (hx)
				hx->is_void = true;
			end = x->iova + x->len;
		}
		if (end > hi)
			end = hi;
		const struct mapset_piece p = { .addr = r->paddr + (begin - r->iova),
						.len = end > begin ? end - begin : 0 };
		if (h) {
			h->row.dev = m->entry.dev;
			h->row.dir = m->entry.dir;
			h->row.op = m->op;
			h->row.req = m->entry.req;
			h->row.source = DMAJOIN_BOTH;
			set_piece(j, &h->row, &p);
			if (n > 1)
				h->row.bytes = bytes_within(segs, n, begin, end);
			h->is_complete = true;
		} else {
			j->stats.late++;
		}
		const int rc = add_piece(j, m, &p, e);
		if (rc)
			return rc;
		i = k;
	}
	return 0;
}

/* What of a segment lies at or behind IOVA `from`. */
static struct mapset_piece segment_piece(const struct dmajoin_segment *seg, uint64_t from)
{
	struct mapset_piece p = { .addr = seg->phys, .len = seg->len };
	p.is_iova = seg->phys == DMAJOIN_NO_PHYS;
	if (p.is_iova)
		p.addr = seg->dma_addr;
	if (from > seg->dma_addr) {
		const uint64_t cut = from - seg->dma_addr < p.len ? from - seg->dma_addr : p.len;
		p.addr += cut;
		p.len -= cut;
	}
	return p;
}

/* Rows for the segments from IOVA `from` on, which no iommu:map described. */
static int put_segments(struct dmajoin *j, struct mapping *m, const struct dmajoin_segment *segs,
			size_t n, uint64_t from, struct err *e)
{
	for (size_t i = 0; i < n;) {
		struct mapset_piece p = segment_piece(&segs[i++], from);
		if (!p.len && from)
			continue;
		for (; i < n; i++) {
			const struct mapset_piece next = segment_piece(&segs[i], from);
			if (next.is_iova != p.is_iova || next.addr != p.addr + p.len)
				break;
			p.len += next.len;
		}

		struct dma_event row =
			new_row(m->ts, m->entry.dev, m->op, m->entry.dir, m->entry.req,
				m->entry.is_inferred ? DMAJOIN_INFERRED : DMAJOIN_DMA);
		set_piece(j, &row, &p);
		int rc = put_row(j, &row, e);
		if (!rc)
			rc = add_piece(j, m, &p, e);
		if (rc)
			return rc;
	}
	return 0;
}

int dmajoin_map(struct dmajoin *j, const struct dmajoin_context *c, uint16_t dev, uint8_t dir,
		enum dma_op op, const struct dmajoin_segment *segs, size_t n, bool is_list,
		bool is_cut, struct err *e)
{
	const struct dmajoin_segment *last = &segs[n - 1];
	const uint64_t lo = segs[0].dma_addr, hi = last->dma_addr + last->len;
	j->npicked = 0;
	int rc = hi >= lo ? pick_runs(j, c, &segs[0], hi, is_cut, e) : 0;
	if (rc)
		return rc;

	struct mapping m = {
		.entry = { .dma_addr = lo,
			   .dev = dev,
			   .dir = dir,
			   .is_alloc = op == DMA_ALLOC,
			   .is_list = is_list,
			   .is_inferred = segs[0].is_inferred },
		.op = (uint8_t)op,
		.at = MAPSET_NONE,
		.last = MAPSET_NONE,
		.ts = c->ts,
	};
	uint64_t covered = 0;
	if (j->npicked) {
		const struct iommu_run *first = &j->picked[0], *end = &j->picked[j->npicked - 1];
		covered = end->iova + end->len;
		m.entry.iova = first->iova;
		m.entry.iova_len = covered - first->iova;
		m.entry.req = first->order;
		j->stats.joined++;
		rc = fill_runs(j, &m, segs, n, lo, is_cut && covered > hi ? covered : hi, e);
	} else {
		m.entry.req = j->next_req++;
	}
	if (!rc && (!j->npicked || covered < hi))
		rc = put_segments(j, &m, segs, n, covered, e);
	if (!rc)
		rc = release(j, c->ts, e);
	return rc ? rc : is_cut && covered <= hi;
}

/* ---- unmapping ---- */

/* Puts the rows of a mapping that ends and removes it; skip: its first row is elsewhere. */
static int end_mapping(struct dmajoin *j, uint32_t at, uint64_t ts, bool skip_first, struct err *e)
{
	const struct mapset_entry m = j->maps.entries[at];
	struct mapset_piece p = m.first;
	for (;;) {
		struct dma_event row = new_row(ts, m.dev, m.is_alloc ? DMA_FREE : DMA_UNMAP, m.dir,
					       m.req,
					       m.iova_len      ? DMAJOIN_BOTH
					       : m.is_inferred ? DMAJOIN_INFERRED
							       : DMAJOIN_DMA);
		set_piece(j, &row, &p);
		const int rc = skip_first ? 0 : put_row(j, &row, e);
		if (rc)
			return rc;
		skip_first = false;
		if (p.next == MAPSET_NONE)
			break;
		p = j->maps.pieces[p.next];
	}
	mapset_remove(&j->maps, at);
	return 0;
}

static void fill_from_mapping(struct dmajoin *j, struct held *h, const struct mapset_entry *m)
{
	h->row.dev = m->dev;
	h->row.dir = m->dir;
	h->row.op = m->is_alloc ? DMA_FREE : DMA_UNMAP;
	h->row.req = m->req;
	h->row.source = DMAJOIN_BOTH;
	set_piece(j, &h->row, &m->first);
}

/* No dma_unmap_* said which device it was: the one that mapped first, and its first range only. */
static void resolve_ambiguous(struct dmajoin *j, struct held *h)
{
	bool has_others;
	const uint32_t at = mapset_find_iova(&j->maps, h->iova, h->iova_len, &has_others);
	if (at == MAPSET_NONE)
		return;
	fill_from_mapping(j, h, &j->maps.entries[at]);
	mapset_remove(&j->maps, at);
}

/* The run at pos, of this context if one with the same start is. */
static struct runset_pos prefer_context(struct dmajoin *j, const struct dmajoin_context *c,
					struct runset_pos pos)
{
	struct runset_pos best = pos, end;
	const uint64_t iova = runset_at(&j->runs, pos)->iova;
	if (!runset_floor(&j->runs, iova, UINT64_MAX, &end))
		return pos;
	for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
		const struct iommu_run *r = runset_at(&j->runs, end);
		const struct dmajoin_context rc = { .cpu = r->cpu, .pid = r->pid };
		if (r->iova != iova)
			break;
		best = end;
		if (same_context(&rc, c) || !runset_previous(&j->runs, &end))
			break;
	}
	return best;
}

/* Unmaps [lo, hi) of one run: a row, and what is left of the run stays. */
static int end_run(struct dmajoin *j, const struct dmajoin_context *c, struct runset_pos pos,
		   uint64_t lo, uint64_t hi, struct err *e)
{
	const struct iommu_run r = *runset_at(&j->runs, pos);
	struct held *h = held_at(j, r.slot);
	if (h)
		h->is_complete = true; /* who unmaps it like that is not the DMA API */

	struct dma_event row =
		new_row(c->ts, DMAJOIN_NO_DEVICE, DMA_UNMAP, DIR_UNKNOWN, r.order, DMAJOIN_IOMMU);
	set_span(&row, (uint8_t)j->o.as, r.paddr + (lo - r.iova), hi - lo);
	runset_remove(&j->runs, pos);
	int rc = put_row(j, &row, e);
	if (!rc && lo > r.iova) {
		struct iommu_run left = r;
		left.len = lo - r.iova;
		rc = runset_add(&j->runs, &left, e);
	}
	if (!rc && hi < r.iova + r.len) {
		struct iommu_run right = r;
		right.iova = hi;
		right.paddr += hi - r.iova;
		right.len -= hi - r.iova;
		rc = runset_add(&j->runs, &right, e);
	}
	return rc;
}

/* Unmaps [iova, iova + len) of unclaimed runs; *found_out: there were some. */
static int end_runs(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova, uint64_t len,
		    bool *found_out, struct err *e)
{
	const uint64_t end = len > UINT64_MAX - iova ? UINT64_MAX : iova + len;
	struct runset_pos pos;
	*found_out = false;
	for (uint64_t at = iova; at < end;) {
		/* a run that starts before `at` and reaches beyond it, else the next one */
		bool found = runset_floor(&j->runs, at, UINT64_MAX, &pos);
		if (found) {
			const struct iommu_run *r = runset_at(&j->runs, pos);
			found = at - r->iova < r->len;
		}
		if (!found)
			found = runset_ceiling(&j->runs, at, 0, &pos);
		if (!found || runset_at(&j->runs, pos)->iova >= end)
			break;
		struct runset_pos best = prefer_context(j, c, pos);
		const struct iommu_run *b = runset_at(&j->runs, best);
		if (b->iova < at && at - b->iova >= b->len)
			best = pos;

		const struct iommu_run *r = runset_at(&j->runs, best);
		const uint64_t run_end = r->iova + r->len;
		const uint64_t lo = r->iova > at ? r->iova : at, hi = run_end < end ? run_end : end;
		if (hi <= lo) { /* an empty run */
			at = lo + 1;
			continue;
		}
		*found_out = true;
		const int rc = end_run(j, c, best, lo, hi, e);
		if (rc)
			return rc;
		at = hi;
	}
	return 0;
}

/* Nobody mapped this IOVA since the recording started: dma_unmap_* may tell the device. */
static int unmap_unknown(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova,
			 uint64_t len, bool is_ambiguous, struct err *e)
{
	struct held h = {
		.row = new_row(c->ts, DMAJOIN_NO_DEVICE, DMA_UNMAP, DIR_UNKNOWN, UINT64_MAX,
			       DMAJOIN_IOMMU),
		.is_complete = !j->o.has_dma,
		.is_ambiguous = is_ambiguous,
		.iova = iova,
		.iova_len = len,
	};
	uint64_t slot;
	set_span(&h.row, AS_IOVA, iova, len);
	if (!is_ambiguous)
		j->stats.unknown++;
	const int rc = put(j, &h, &slot, e);
	if (!rc && j->o.has_dma)
		push_close(j, &(struct close){ .c = *c,
					       .kind = AWAIT_DMA,
					       .dev = DMAJOIN_NO_DEVICE,
					       .iova = iova,
					       .len = len,
					       .slot = slot });
	return rc;
}

int dmajoin_iommu_unmap(struct dmajoin *j, const struct dmajoin_context *c, uint64_t iova,
			uint64_t len, struct err *e)
{
	int rc = release(j, c->ts, e);
	struct close half;
	if (rc)
		return rc;
	if (take_close(j, c, AWAIT_IOMMU, 0, iova, &half)) {
		j->stats.joined++;
		return 0;
	}

	bool has_others, found;
	const uint32_t at = mapset_find_iova(&j->maps, iova, len, &has_others);
	struct runset_pos pos;
	const bool is_claimed = at != MAPSET_NONE &&
				!(find_run(j, c, iova, iova, DMAJOIN_NO_PHYS, &pos) &&
				  runset_at(&j->runs, pos)->order > j->maps.entries[at].req);
	if (!is_claimed) {
		rc = end_runs(j, c, iova, len, &found, e);
		return rc || found ? rc : unmap_unknown(j, c, iova, len, false, e);
	}
	if (has_others)
		return unmap_unknown(j, c, iova, len, true, e);

	push_close(j, &(struct close){ .c = *c,
				       .kind = AWAIT_DMA,
				       .dev = j->maps.entries[at].dev,
				       .iova = iova,
				       .len = len,
				       .slot = UINT64_MAX });
	return end_mapping(j, at, c->ts, false, e);
}

/* dma_unmap_* of a row that iommu:unmap has put without knowing the device. */
static int complete_unmap(struct dmajoin *j, const struct close *half, uint16_t dev, uint8_t dir,
			  enum dma_op op, uint64_t dma_addr, uint64_t len, struct err *e)
{
	struct held *h = held_at(j, half->slot);
	const uint32_t at = h && h->is_ambiguous ? mapset_find_dma(&j->maps, dev, dma_addr)
						 : MAPSET_NONE;
	if (!h) {
		j->stats.late++;
		return 0;
	}
	h->is_complete = true;
	if (at != MAPSET_NONE) {
		fill_from_mapping(j, h, &j->maps.entries[at]);
		return end_mapping(j, at, j->held[(j->tail - 1) & j->mask].row.ts, true, e);
	}
	h->row.dev = dev;
	h->row.dir = dir;
	h->row.op = (uint8_t)op;
	h->row.source = DMAJOIN_BOTH;
	set_span(&h->row, AS_IOVA, dma_addr, len);
	return 0;
}

int dmajoin_unmap(struct dmajoin *j, const struct dmajoin_context *c, uint16_t dev, uint8_t dir,
		  enum dma_op op, const struct dmajoin_segment *seg, struct err *e)
{
	const uint64_t dma_addr = seg->dma_addr, len = seg->len;
	struct close half;
	int rc = release(j, c->ts, e);
	if (rc)
		return rc;
	if (take_close(j, c, AWAIT_DMA, dev, dma_addr, &half)) {
		j->stats.joined++;
		if (half.dev == DMAJOIN_NO_DEVICE)
			rc = complete_unmap(j, &half, dev, dir, op, dma_addr, len, e);
		return rc ? rc : release(j, c->ts, e);
	}

	const uint32_t at = mapset_find_dma(&j->maps, dev, dma_addr);
	half = (struct close){ .c = *c, .kind = AWAIT_IOMMU, .dev = dev };
	if (at != MAPSET_NONE) {
		half.iova = j->maps.entries[at].iova;
		half.len = j->maps.entries[at].iova_len;
		rc = end_mapping(j, at, c->ts, false, e);
	} else {
		const struct mapset_piece p = segment_piece(seg, 0);
		j->stats.unknown++;
		half.iova = dma_addr & ~(uint64_t)(PAGE_BYTES - 1);
		half.len = PAGE_BYTES;
		struct dma_event row = new_row(c->ts, dev, (uint8_t)op, dir, UINT64_MAX,
					       seg->is_inferred ? DMAJOIN_INFERRED : DMAJOIN_DMA);
		set_piece(j, &row, &p);
		rc = put_row(j, &row, e);
	}
	/* dma_free* comes before its iommu:unmap */
	if (!rc && j->o.has_iommu && op == DMA_FREE && half.len)
		push_close(j, &half);
	return rc;
}

int dmajoin_unmap_list(struct dmajoin *j, const struct dmajoin_context *c, uint16_t dev,
		       uint8_t dir, const uint64_t *phys, size_t n, struct err *e)
{
	int rc = release(j, c->ts, e);
	if (rc)
		return rc;

	const uint32_t at = mapset_find_list(&j->maps, dev, phys[0]);
	struct close half = { .c = *c, .kind = AWAIT_IOMMU, .dev = dev, .iova = any_iova };
	if (at != MAPSET_NONE) {
		half.iova = j->maps.entries[at].iova;
		half.len = j->maps.entries[at].iova_len;
		rc = end_mapping(j, at, c->ts, false, e);
	} else {
		j->stats.unknown++;
		for (size_t i = 0; !rc && i < n; i++) {
			struct dma_event row =
				new_row(c->ts, dev, DMA_UNMAP, dir, UINT64_MAX, DMAJOIN_DMA);
			set_span(&row, (uint8_t)j->o.as, phys[i], 0);
			row.npages = 1;
			rc = put_row(j, &row, e);
		}
	}
	if (!rc && j->o.has_iommu && (half.len || half.iova == any_iova))
		push_close(j, &half);
	return rc;
}

/* ---- life ---- */

int dmajoin_new(const struct dmajoin_options *o, struct dmajoin **out, struct err *e)
{
	struct dmajoin *j = calloc(1, sizeof(*j));
	if (!j)
		return err_set(e, ERR_NOMEM, "no memory to join DMA events");
	j->o = *o;
	if (!j->o.hold_ns)
		j->o.hold_ns = default_hold_ns;
	mapset_init(&j->maps, o->mappings_max);
	*out = j;
	return 0;
}

void dmajoin_free(struct dmajoin *j)
{
	if (!j)
		return;
	runset_deinit(&j->runs);
	mapset_deinit(&j->maps);
	free(j->held);
	free(j->picked);
	free(j);
}

int dmajoin_advance(struct dmajoin *j, uint64_t now, struct err *e)
{
	return j->head < j->tail && now > j->held[j->head & j->mask].row.ts ? release(j, now, e)
									    : 0;
}

uint64_t dmajoin_oldest(const struct dmajoin *j)
{
	return j->head < j->tail ? j->held[j->head & j->mask].row.ts : UINT64_MAX;
}

int dmajoin_finish(struct dmajoin *j, struct err *e)
{
	while (j->head < j->tail) {
		const int rc = pop_held(j, e);
		if (rc)
			return rc;
	}
	j->stats.live = j->maps.live + j->runs.count;
	return 0;
}

const struct dmajoin_stats *dmajoin_stats(const struct dmajoin *j)
{
	return &j->stats;
}
