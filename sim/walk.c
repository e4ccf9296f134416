// SPDX-License-Identifier: MIT
/* Designs made of shared stages, and what they counted. */
#include "sim/walk.h"
#include "sim/walk-impl.h"

#include <string.h>

struct design {
	const struct walk_config *config;
	struct walk_tlb *tlb;
	struct walk_guest *guest;
	struct walk_host *host; /* NULL: one table is walked */
	struct walk_tags *tags; /* NULL: nobody looks at any */
	struct walk_boot {      /* what there was when the guest took over */
		bool is_over;
		uint64_t refs_for_tables, refs_for_data, ntlb_lookup, ntlb_hit, refs_level[LEVELS];
		uint64_t tag_lookups, tag_misses;
	} boot;
};

struct walk {
	struct arena *arena;
	struct design *designs;
	size_t ndesigns;
	struct walk_tlb *tlbs;
	unsigned levels; /* fewest of all guests: what addresses must fit */
	uint32_t spaces[WALK_SPACES_MAX], nspaces; /* by slot */
	uint32_t slot;                             /* of the last access */
	uint64_t rows, boot_row;                   /* of accesses; where a boot is over next */
	uint64_t revoked;                          /* pages, by updates */
};

/* ---- stages, shared where they are equal ---- */

static struct walk_tlb *find_tlb(struct walk *w, const struct walk_config *c, struct err *e)
{
	struct walk_tlb **at = &w->tlbs;
	while (*at && !walk_tlb_is_equal((*at)->config, c))
		at = &(*at)->next;
	if (*at)
		return *at;
	struct walk_tlb *t = arena_alloc(w->arena, 1, sizeof(*t));
	if (!t || !walk_tlb_init(t, c, w->arena)) {
		err_set(e, ERR_NOMEM, "no memory for TLBs");
		return NULL;
	}
	return walk_schedule_new(t, w->arena, e) ? NULL : (*at = t);
}

static struct walk_guest *find_guest(struct walk *w, struct walk_tlb *t,
				     const struct walk_config *c, struct err *e)
{
	struct walk_guest **at = &t->guests;
	while (*at && !walk_guest_is_equal((*at)->config, c))
		at = &(*at)->next;
	if (*at)
		return *at;
	struct walk_guest *g = arena_alloc(w->arena, 1, sizeof(*g));
	if (!g) {
		err_set(e, ERR_NOMEM, "no memory for walks");
		return NULL;
	}
	return walk_guest_init(g, c, w->arena, e) ? NULL : (*at = g);
}

static struct walk_host *find_host(struct walk *w, struct walk_guest *g,
				   const struct walk_config *c, struct err *e)
{
	struct walk_host **at = &g->hosts;
	while (*at && !walk_host_is_equal((*at)->config, c))
		at = &(*at)->next;
	if (*at)
		return *at;
	struct walk_host *h = arena_alloc(w->arena, 1, sizeof(*h));
	if (!h || !walk_host_init(h, c, w->arena)) {
		err_set(e, ERR_NOMEM, "no memory for the nested TLB");
		return NULL;
	}
	return *at = h;
}

static struct walk_tags *find_tags(struct walk *w, struct walk_guest *g,
				   const struct walk_config *c, struct err *e)
{
	struct walk_tags **at = &g->tags;
	while (*at && !walk_tags_is_equal((*at)->config, c))
		at = &(*at)->next;
	if (*at)
		return *at;
	struct walk_tags *t = arena_alloc(w->arena, 1, sizeof(*t));
	if (!t || !walk_tags_init(t, c, w->arena)) {
		err_set(e, ERR_NOMEM, "no memory for the tag cache");
		return NULL;
	}
	return *at = t;
}

static int init_design(struct walk *w, struct design *d, const struct walk_config *c, struct err *e)
{
	const bool is_tpt = walk_mode_is_tpt(c->mode);
	d->config = c;
	d->tlb = find_tlb(w, c, e);
	d->guest = d->tlb ? find_guest(w, d->tlb, c, e) : NULL;
	if (!d->guest)
		return e->code;
	if (c->guest_levels < w->levels)
		w->levels = (unsigned)c->guest_levels;
	d->boot.is_over = !is_tpt || !c->boot_accesses;
	if (!d->boot.is_over && c->boot_accesses < w->boot_row)
		w->boot_row = c->boot_accesses;
	if (is_tpt && !(d->tags = find_tags(w, d->guest, c, e)))
		return e->code;
	if (c->mode != WALK_NESTED && d->boot.is_over)
		return 0;
	d->host = find_host(w, d->guest, c, e);
	return d->host ? 0 : (int)e->code;
}

int walk_new(const struct walk_config *const *designs, size_t n, struct arena *a, struct walk **out,
	     struct err *e)
{
	struct walk *w = arena_alloc(a, 1, sizeof(*w));
	struct design *all = arena_alloc(a, n, sizeof(*all));
	if (!w || !all)
		return err_set(e, ERR_NOMEM, "no memory for page walks");
	w->arena = a;
	w->designs = all;
	w->ndesigns = n;
	w->levels = PAGETABLE_LEVELS_MAX;
	w->boot_row = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		const int rc = init_design(w, &all[i], designs[i], e);
		if (rc)
			return rc;
	}
	*out = w;
	return 0;
}

int walk_observe(struct walk *w, size_t design, walk_observer fn, void *ctx, struct err *e)
{
	struct design *d = &w->designs[design];
	struct walk_listener **at = d->host ? &d->host->listeners : &d->guest->listeners;
	struct walk_listener *l = arena_alloc(w->arena, 1, sizeof(*l));
	if (!l)
		return err_set(e, ERR_NOMEM, "no memory for an observer");
	*l = (struct walk_listener){ fn, ctx, *at };
	*at = l;
	d->guest->is_observed = true;
	return 0;
}

/* ---- accesses ---- */

static int find_slot(struct walk *w, uint32_t space, struct err *e)
{
	if (w->nspaces && w->spaces[w->slot] == space)
		return 0;
	for (w->slot = 0; w->slot < w->nspaces; w->slot++)
		if (w->spaces[w->slot] == space)
			return 0;
	if (w->nspaces == WALK_SPACES_MAX)
		return err_set(e, ERR_UNUSABLE, "more than %d address spaces", WALK_SPACES_MAX);
	w->spaces[w->nspaces++] = space;
	return 0;
}

static int check_addresses(const struct walk *w, const uint64_t *va, size_t n, struct err *e)
{
	const unsigned bits = 12 + 9 * w->levels;
	const uint64_t half = UINT64_C(1) << (bits - 1);
	uint64_t beyond = 0;
	for (size_t i = 0; i < n; i++)
		beyond |= (va[i] + half) >> bits;
	if (!beyond)
		return 0;
	while (pagetable_reaches(w->levels, *va))
		va++;
	return err_set(e, ERR_UNUSABLE, "address 0x%llx does not fit %u levels (%u bits)",
		       (unsigned long long)*va, w->levels, bits);
}

/* Rows until something of the process model is due, that, and so on. */
static int run_scheduled(struct walk_tlb *t, uint32_t slot, const uint64_t *va,
			 const uint32_t *bytes, size_t n, uint32_t first_row, struct err *e)
{
	struct walk_schedule *s = t->schedule;
	int rc = 0;
	for (size_t i = 0; i < n && !rc;) {
		const uint64_t due = walk_schedule_next(s) - s->rows;
		const size_t k = n - i < due ? n - i : (size_t)due;
		rc = walk_tlb_play(t, slot, va + i, bytes + i, k, first_row + (uint32_t)i, e);
		i += k;
		s->rows += k;
		s->row = first_row + (uint32_t)i - 1;
		if (!rc && k == due)
			rc = walk_schedule_run(t, slot, e);
	}
	return rc;
}

static int run_chunk(struct walk *w, const uint64_t *va, const uint32_t *bytes, size_t n,
		     uint32_t first_row, struct err *e)
{
	int rc = check_addresses(w, va, n, e);
	for (struct walk_tlb *t = w->tlbs; t && !rc; t = t->next)
		rc = t->schedule ? run_scheduled(t, w->slot, va, bytes, n, first_row, e)
				 : walk_tlb_play(t, w->slot, va, bytes, n, first_row, e);
	return rc;
}

/* A host side that nobody needs any more is played no longer. */
static void unlink_host(struct walk *w, struct design *done)
{
	for (size_t i = 0; i < w->ndesigns; i++)
		if (w->designs[i].host == done->host &&
		    (w->designs[i].config->mode == WALK_NESTED || !w->designs[i].boot.is_over))
			return;
	struct walk_host **at = &done->guest->hosts;
	while (*at && *at != done->host)
		at = &(*at)->next;
	if (*at)
		*at = done->host->next;
}

static void end_boots(struct walk *w)
{
	w->boot_row = UINT64_MAX;
	for (size_t i = 0; i < w->ndesigns; i++) {
		struct design *d = &w->designs[i];
		if (d->boot.is_over)
			continue;
		if (d->config->boot_accesses > w->rows) {
			if (d->config->boot_accesses < w->boot_row)
				w->boot_row = d->config->boot_accesses;
			continue;
		}
		d->boot.is_over = true;
		d->boot.refs_for_tables = d->host->refs_for_tables;
		d->boot.refs_for_data = d->host->refs_for_data;
		d->boot.ntlb_lookup = d->host->ntlb_lookup;
		d->boot.ntlb_hit = d->host->ntlb_hit;
		memcpy(d->boot.refs_level, d->host->refs_level, sizeof(d->boot.refs_level));
		d->boot.tag_lookups = d->tags->lookups;
		d->boot.tag_misses = d->tags->misses;
		unlink_host(w, d);
	}
}

int walk_access(struct walk *w, uint32_t space, const uint64_t *va, const uint32_t *bytes, size_t n,
		struct err *e)
{
	int rc = find_slot(w, space, e);
	for (size_t i = 0, k; i < n && !rc; i += k) {
		k = n - i < CHUNK_ROWS ? n - i : CHUNK_ROWS;
		k = w->boot_row - w->rows < k ? (size_t)(w->boot_row - w->rows) : k;
		rc = run_chunk(w, va + i, bytes + i, k, (uint32_t)i, e);
		w->rows += k;
		if (w->rows == w->boot_row)
			end_boots(w);
	}
	return rc;
}

int walk_update(struct walk *w, const struct walk_update *u, struct err *e)
{
	const uint32_t before = w->slot;
	if (u->op == WALK_REVOKE) {
		w->revoked += u->count;
		return 0;
	}
	int rc = find_slot(w, u->space, e);
	for (struct walk_tlb *t = w->tlbs; t && !rc; t = t->next)
		rc = walk_tlb_update(t, w->slot, u, e);
	w->slot = before;
	return rc;
}

/* ---- counts ---- */

static void count_tlb(const struct walk_tlb *t, struct walk_counts *out)
{
	out->accesses = t->accesses;
	out->l1_hit = t->accesses - t->l1_miss;
	out->l1_miss = t->l1_miss;
	out->stlb_hit = t->l1_miss - t->stlb_miss;
	out->stlb_miss = t->stlb_miss;
	out->process_accesses = t->schedule ? t->schedule->process_accesses : 0;
}

static uint32_t count_roots(const struct walk_guest *g)
{
	uint32_t n = 0;
	for (uint32_t slot = 0; slot <= WALK_SPACES_MAX; slot++)
		n += g->roots[slot] != NULL;
	return n;
}

static void count_guest(const struct walk_guest *g, struct walk_counts *out)
{
	const struct pagetables *p = &g->tables;
	for (unsigned level = 1; level < LEVELS; level++)
		out->guest_refs += g->refs_level[level];
	memcpy(out->guest_refs_level, g->refs_level, sizeof(g->refs_level));
	memcpy(out->guest_start_level, g->start_level, sizeof(g->start_level));
	memcpy(out->guest_lines, p->lines, sizeof(p->lines));
	memcpy(out->walk_refs_hist, g->refs_hist, sizeof(g->refs_hist));
	out->data_pages = p->data_pages;
	out->table_pages = p->table_pages;
	out->mapped_pages = p->mapped_pages;
	out->guest_frames = p->next_frame - p->first_frame + p->spread.frames;
	out->updates = p->data_pages + p->table_pages - count_roots(g) + g->writes.updates -
		       g->writes.populated;
	out->invlpgs = g->writes.invlpgs;
	out->cr3_writes = g->writes.cr3_writes;
}

/* A line of the host's tables reaches 8 entries: those with memory that the guest uses. */
static void count_host_lines(const struct design *d, struct walk_counts *out)
{
	for (unsigned level = d->host->leaf; level <= d->config->host_levels; level++)
		out->host_lines[level] =
			pagetables_regions(&d->guest->tables, pagetable_shift(level) + 3);
}

static void count_host(const struct design *d, struct walk_counts *out)
{
	const struct walk_host *h = d->host;
	const struct walk_boot *b = &d->boot;
	const bool is_frozen = walk_mode_is_tpt(d->config->mode) && b->is_over;
	out->host_refs_for_tables = is_frozen ? b->refs_for_tables : h->refs_for_tables;
	out->host_refs_for_data = is_frozen ? b->refs_for_data : h->refs_for_data;
	out->host_refs = out->host_refs_for_tables + out->host_refs_for_data;
	out->ntlb_lookup = is_frozen ? b->ntlb_lookup : h->ntlb_lookup;
	out->ntlb_hit = is_frozen ? b->ntlb_hit : h->ntlb_hit;
	memcpy(out->host_refs_level, is_frozen ? b->refs_level : h->refs_level,
	       sizeof(out->host_refs_level));
	if (d->config->mode == WALK_NESTED)
		memcpy(out->walk_refs_hist, h->refs_hist, sizeof(h->refs_hist));
	count_host_lines(d, out);
}

static void count_tpt(const struct walk *w, const struct design *d, struct walk_counts *out)
{
	out->boot_host_refs = out->host_refs;
	if (!d->boot.is_over)
		return;
	out->tag_lookups = d->tags->lookups - d->boot.tag_lookups;
	out->tag_misses = d->tags->misses - d->boot.tag_misses;
	out->revokes = w->revoked + (uint64_t)((unsigned __int128)w->rows *
					       d->config->revokes_per_maccess / 1000000);
}

void walk_counts(const struct walk *w, size_t design, struct walk_counts *out)
{
	const struct design *d = &w->designs[design];
	*out = (struct walk_counts){};
	count_tlb(d->tlb, out);
	count_guest(d->guest, out);
	if (d->host)
		count_host(d, out);
	if (d->tags)
		count_tpt(w, d, out);
	if (d->config->mode == WALK_SHADOW_NAIVE) {
		out->exits = out->updates + out->cr3_writes;
	} else if (d->config->mode == WALK_SHADOW_UNSYNC) {
		out->exits = d->guest->writes.unsync_exits;
		out->synced_tables = d->guest->writes.synced_tables;
	}
	out->total_refs = out->guest_refs + out->host_refs;
}

const struct pagetable *walk_table(const struct walk *w, size_t design, uint32_t id)
{
	const struct pagetables *p = &w->designs[design].guest->tables;
	return id < p->ntables ? pagetables_get(p, id) : NULL;
}
