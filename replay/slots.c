// SPDX-License-Identifier: MIT
/* A VM has few slots (QEMU: some ten): they are looked through. Rows are cut at their borders. */
#include "replay/slots.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static uint64_t number(sqlite3_stmt *st, int column)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL
		       ? UINT64_MAX
		       : (uint64_t)sqlite3_column_int64(st, column);
}

static bool wraps(uint64_t first, uint64_t npages)
{
	return first != UINT64_MAX && first > UINT64_MAX - 1 - npages;
}

static int add(struct slots *s, sqlite3_stmt *st, const char *path, struct err *e)
{
	const struct slot slot = {
		.gpa = number(st, 0),
		.hva = number(st, 1),
		.hpa = number(st, 2),
		.npages = number(st, 3),
		.from_ns = number(st, 4),
		.to_ns = number(st, 5),
		.vm = number(st, 6),
	};
	if (wraps(slot.gpa, slot.npages) || wraps(slot.hva, slot.npages) ||
	    wraps(slot.hpa, slot.npages))
		return err_set(e, ERR_FORMAT, "%s: memslot at guest page %llu: %llu pages wrap",
			       path, (unsigned long long)slot.gpa, (unsigned long long)slot.npages);
	struct slot *grown = realloc(s->list, (s->n + 1) * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for %zu memslots", s->n + 1);
	s->list = grown;
	s->list[s->n++] = slot;
	return 0;
}

int slots_read(const struct trace *t, struct slots *out, struct err *e)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = trace_sqlite(t, trace_nfiles(t) - 1);
	int rc = 0;
	*out = (struct slots){};
	if (sqlite3_prepare_v2(db,
			       "SELECT gpa_pfn, hva_pfn, hpa_pfn, npages, from_ns, to_ns, vm_id"
			       " FROM memslot WHERE npages > 0 ORDER BY memslot_id",
			       -1, &st, NULL) != SQLITE_OK)
		return 0;
	while (!rc && sqlite3_step(st) == SQLITE_ROW)
		rc = add(out, st, trace_path(t), e);
	sqlite3_finalize(st);
	if (rc)
		slots_free(out);
	return rc;
}

void slots_free(struct slots *s)
{
	free(s->list);
	*s = (struct slots){};
}

static uint64_t first_of(const struct slot *s, enum address_space as)
{
	return as == AS_HVA ? s->hva : as == AS_HPA ? s->hpa : UINT64_MAX;
}

bool slots_know(const struct slots *s, enum address_space as)
{
	for (size_t i = 0; i < s->n; i++)
		if (first_of(&s->list[i], as) != UINT64_MAX)
			return true;
	return false;
}

uint64_t slots_find(const struct slots *s, uint16_t vm, enum address_space as, uint64_t page,
		    uint64_t ts_ns, uint64_t *gpa_out)
{
	uint64_t until = UINT64_MAX; /* the next slot that begins behind the page, or page itself */
	const struct slot *found = NULL;
	for (size_t i = 0; i < s->n; i++) {
		const struct slot *x = &s->list[i];
		const uint64_t first = first_of(x, as);
		if (first == UINT64_MAX || (vm != UINT16_MAX && x->vm != vm) ||
		    ts_ns < x->from_ns || ts_ns >= x->to_ns)
			continue;
		if (page >= first && page - first < x->npages)
			found = found ? found : x;
		else if (first > page && first < until && !found)
			until = first; /* a slot written earlier takes over from there */
	}
	if (!found) {
		*gpa_out = until == UINT64_MAX ? UINT64_MAX : until - page;
		return 0;
	}
	const uint64_t into = page - first_of(found, as), left = found->npages - into;
	*gpa_out = found->gpa + into;
	return until - page < left ? until - page : left;
}

/* ---- rows in pieces ---- */

enum { PIECES_MIN = 1 << 14 };

/* column_at: the address of a pointer of any type. */
static bool grow_column(void *column_at, size_t bytes)
{
	void *column;
	memcpy(&column, column_at, sizeof(column));
	column = realloc(column, bytes);
	if (!column)
		return false;
	memcpy(column_at, &column, sizeof(column));
	return true;
}

static bool grow(struct pieces *p)
{
	const size_t cap = p->cap ? 2 * p->cap : PIECES_MIN;
	if (!grow_column(&p->ts_ns, cap * sizeof(*p->ts_ns)) ||
	    !grow_column(&p->first, cap * sizeof(*p->first)) ||
	    !grow_column(&p->period_ns, cap * sizeof(*p->period_ns)) ||
	    !grow_column(&p->npages, cap * sizeof(*p->npages)) ||
	    !grow_column(&p->count, cap * sizeof(*p->count)) ||
	    !grow_column(&p->vm, cap * sizeof(*p->vm)) ||
	    !grow_column(&p->what, cap * sizeof(*p->what)))
		return false;
	p->cap = cap;
	return true;
}

void pieces_free(struct pieces *p)
{
	free(p->ts_ns);
	free(p->first);
	free(p->period_ns);
	free(p->npages);
	free(p->count);
	free(p->vm);
	free(p->what);
	*p = (struct pieces){};
}

int pieces_put(struct pieces *p, const struct piece *row, struct err *e)
{
	if (p->n == p->cap && !grow(p))
		return err_set(e, ERR_NOMEM, "no memory to join cpu rows with guest memory");
	p->ts_ns[p->n] = row->ts_ns;
	p->first[p->n] = row->first;
	p->period_ns[p->n] = row->period_ns;
	p->npages[p->n] = row->npages;
	p->count[p->n] = row->count;
	p->vm[p->n] = row->vm;
	p->what[p->n++] = row->what;
	return 0;
}

int pieces_join(struct pieces *p, const struct slots *s, enum address_space as,
		const struct piece *row, bool *is_inside_out, struct err *e)
{
	struct piece part = *row;
	uint64_t page = row->first;
	uint32_t left = row->npages;
	int rc = 0;
	*is_inside_out = true;
	while (left && !rc) {
		uint64_t gpa;
		uint64_t n = slots_find(s, row->vm, as, page, row->ts_ns, &gpa);
		const bool is_inside = n;
		n = n ? n : gpa;
		part.npages = n < left ? (uint32_t)n : left;
		part.first = gpa;
		if (is_inside)
			rc = pieces_put(p, &part, e);
		*is_inside_out &= is_inside;
		page += part.npages;
		left -= part.npages;
	}
	return rc;
}
