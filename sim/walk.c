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
};

struct walk {
	struct arena *arena;
	struct design *designs;
	size_t ndesigns;
	struct walk_tlb *tlbs;
	unsigned levels; /* fewest of all guests: what addresses must fit */
	uint32_t spaces[WALK_SPACES_MAX], nspaces; /* by slot */
	uint32_t slot;                             /* of the last access */
	struct walk_miss misses[MISSES_MAX];
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
	return *at = t;
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

static int init_design(struct walk *w, struct design *d, const struct walk_config *c, struct err *e)
{
	d->config = c;
	d->tlb = find_tlb(w, c, e);
	d->guest = d->tlb ? find_guest(w, d->tlb, c, e) : NULL;
	if (!d->guest)
		return e->code;
	if (c->guest_levels < w->levels)
		w->levels = (unsigned)c->guest_levels;
	if (c->mode != WALK_NESTED)
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

static int run_chunk(struct walk *w, const uint64_t *va, const uint32_t *bytes, size_t n,
		     uint32_t first_row, struct err *e)
{
	int rc = check_addresses(w, va, n, e);
	for (struct walk_tlb *t = w->tlbs; t && !rc; t = t->next) {
		const size_t nmisses = walk_tlb_run(t, w->slot, va, bytes, n, w->misses);
		for (struct walk_guest *g = t->guests; g && !rc; g = g->next)
			rc = walk_guest_run(g, w->slot, w->misses, nmisses, first_row, e);
	}
	return rc;
}

int walk_access(struct walk *w, uint32_t space, const uint64_t *va, const uint32_t *bytes, size_t n,
		struct err *e)
{
	int rc = find_slot(w, space, e);
	for (size_t i = 0; i < n && !rc; i += CHUNK_ROWS) {
		const size_t left = n - i;
		rc = run_chunk(w, va + i, bytes + i, left < CHUNK_ROWS ? left : CHUNK_ROWS,
			       (uint32_t)i, e);
	}
	return rc;
}

/* ---- counts ---- */

static void count_host(const struct walk_host *h, struct walk_counts *out)
{
	out->host_refs_for_tables = h->refs_for_tables;
	out->host_refs_for_data = h->refs_for_data;
	out->host_refs = h->refs_for_tables + h->refs_for_data;
	out->ntlb_lookup = h->ntlb_lookup;
	out->ntlb_hit = h->ntlb_hit;
	memcpy(out->host_refs_level, h->refs_level, sizeof(h->refs_level));
	memcpy(out->walk_refs_hist, h->refs_hist, sizeof(h->refs_hist));
}

void walk_counts(const struct walk *w, size_t design, struct walk_counts *out)
{
	const struct design *d = &w->designs[design];
	const struct walk_tlb *t = d->tlb;
	const struct walk_guest *g = d->guest;
	*out = (struct walk_counts){
		.accesses = t->accesses,
		.l1_hit = t->accesses - t->l1_miss,
		.l1_miss = t->l1_miss,
		.stlb_hit = t->l1_miss - t->stlb_miss,
		.stlb_miss = t->stlb_miss,
		.data_pages = g->tables.data_pages,
		.table_pages = g->tables.table_pages,
	};
	for (unsigned level = 1; level < LEVELS; level++)
		out->guest_refs += g->refs_level[level];
	memcpy(out->guest_refs_level, g->refs_level, sizeof(g->refs_level));
	memcpy(out->guest_start_level, g->start_level, sizeof(g->start_level));
	memcpy(out->walk_refs_hist, g->refs_hist, sizeof(g->refs_hist));
	if (d->host)
		count_host(d->host, out);
	out->total_refs = out->guest_refs + out->host_refs;
}

const struct pagetable *walk_table(const struct walk *w, size_t design, uint32_t id)
{
	const struct pagetables *p = &w->designs[design].guest->tables;
	return id < p->ntables ? pagetables_get(p, id) : NULL;
}
