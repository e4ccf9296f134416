// SPDX-License-Identifier: MIT
/*
 * Hash table of cache lines: a line holds five pages and their numbers, and a
 * full line overflows into the next. A lookup is one miss, and pages are looked
 * up in groups whose lines have been asked for before (16 ahead), so the
 * misses overlap. Nothing is ever removed.
 */
#include "replay/pageids.h"

#include "policies/policy.h"
#include "replay/spool.h"

#include <string.h>
#include <sys/mman.h>

enum {
	LINE_SLOTS = 5,
	AHEAD = 16,
	FIRST_LINES = 1 << 10,
	BATCH = 4096,
};

struct pageids_line {
	uint64_t page[LINE_SLOTS];
	uint32_t id[LINE_SLOTS];
	uint32_t n;
};

_Static_assert(sizeof(struct pageids_line) == 64, "a line of the table is a cache line");

static size_t line_count(const struct pageids *p)
{
	return (size_t)1 << (64 - p->shift);
}

/* Two rounds of multiplication: strides and aligned page numbers spread as well as random ones. */
static inline size_t line_of(const struct pageids *p, uint64_t page)
{
	uint64_t h = page * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h >> p->shift;
}

static struct pageids_line *map_lines(size_t n)
{
	const size_t bytes = n * sizeof(struct pageids_line);
	void *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return NULL;
	madvise(m, bytes, MADV_HUGEPAGE); /* advice only: failure costs speed */
	return m;
}

static int set_lines(struct pageids *p, unsigned log2_lines, struct err *e)
{
	const size_t n = (size_t)1 << log2_lines;
	p->lines = map_lines(n);
	if (!p->lines)
		return err_set(e, ERR_NOMEM, "no memory for the numbers of %u pages", p->n);
	p->shift = 64 - log2_lines;
	const size_t max = n * LINE_SLOTS / 5 * 4;
	p->n_max = max < POLICY_PAGES_MAX ? (uint32_t)max : POLICY_PAGES_MAX;
	return 0;
}

int pageids_init(struct pageids *p, struct err *e)
{
	*p = (struct pageids){};
	return set_lines(p, __builtin_ctz(FIRST_LINES), e);
}

void pageids_deinit(struct pageids *p)
{
	if (p->lines)
		munmap(p->lines, pageids_bytes(p));
	*p = (struct pageids){};
}

void pageids_list(const struct pageids *p, uint64_t *pages_out)
{
	for (size_t i = 0; i < line_count(p); i++)
		for (uint32_t k = 0; k < p->lines[i].n && k < LINE_SLOTS; k++)
			pages_out[p->lines[i].id[k]] = p->lines[i].page[k];
}

size_t pageids_bytes(const struct pageids *p)
{
	return line_count(p) * sizeof(struct pageids_line);
}

static void insert(struct pageids *p, uint64_t page, uint32_t id)
{
	const size_t mask = line_count(p) - 1;
	size_t at = line_of(p, page);
	while (p->lines[at].n == LINE_SLOTS)
		at = (at + 1) & mask;
	struct pageids_line *line = &p->lines[at];
	line->page[line->n] = page;
	line->id[line->n++] = id;
}

static int grow(struct pageids *p, struct err *e)
{
	if (p->n >= POLICY_PAGES_MAX)
		return err_set(e, ERR_FEATURE, "more than %u different pages", POLICY_PAGES_MAX);

	struct pageids old = *p;
	const int rc = set_lines(p, 64 - old.shift + 1, e);
	if (rc) {
		*p = old;
		return rc;
	}
	/* neighbours stay neighbours, so the new table is written front to back */
	for (size_t i = 0; i < line_count(&old); i++)
		for (uint32_t k = 0; k < old.lines[i].n; k++)
			insert(p, old.lines[i].page[k], old.lines[i].id[k]);
	munmap(old.lines, pageids_bytes(&old));
	return 0;
}

/* Slots of a line that were never used hold page 0: only the first n count. */
static inline uint32_t find_or_add(struct pageids *p, uint64_t page)
{
	const size_t mask = line_count(p) - 1;
	for (size_t at = line_of(p, page);; at = (at + 1) & mask) {
		struct pageids_line *line = &p->lines[at];
		unsigned match = 0;
		for (unsigned k = 0; k < LINE_SLOTS; k++)
			match |= (unsigned)(line->page[k] == page) << k;
		match &= (1U << line->n) - 1;
		if (match)
			return line->id[__builtin_ctz(match)];
		if (line->n == LINE_SLOTS)
			continue;
		line->page[line->n] = page;
		line->id[line->n++] = p->n;
		return p->n++;
	}
}

int pageids_map(struct pageids *p, const uint64_t *pages, size_t n, uint32_t *ids_out,
		struct err *e)
{
	for (size_t i = 0; i < n;) {
		if (p->n == p->n_max) {
			const int rc = grow(p, e);
			if (rc)
				return rc;
		}
		/* all of these may be new */
		const size_t room = p->n_max - p->n, end = n - i < room ? n : i + room;
		for (size_t k = i; k < end && k < i + AHEAD; k++)
			__builtin_prefetch(&p->lines[line_of(p, pages[k])], 1);
		for (; i < end; i++) {
			const size_t ahead = i + AHEAD < end ? i + AHEAD : i;
			__builtin_prefetch(&p->lines[line_of(p, pages[ahead])], 1);
			ids_out[i] = find_or_add(p, pages[i]);
		}
	}
	return 0;
}

static int flush(struct pageids *p, const uint64_t *pages, size_t n, struct spool *out,
		 struct err *e)
{
	uint32_t ids[BATCH];
	const int rc = pageids_map(p, pages, n, ids, e);
	return rc ? rc : spool_put(out, ids, n, e);
}

/* One page a range: no copy. */
static int ingest_single(struct pageids *p, const struct page_ranges *r, struct spool *out,
			 struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < r->n && !rc; i += BATCH)
		rc = flush(p, r->first + i, r->n - i < BATCH ? r->n - i : BATCH, out, e);
	return rc;
}

static int ingest_ranges(struct pageids *p, const struct page_ranges *r, struct spool *out,
			 struct err *e)
{
	uint64_t pages[BATCH];
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		for (uint32_t k = 0; k < r->count[i]; k++) {
			pages[n++] = r->first[i] + k;
			if (n < BATCH)
				continue;
			const int rc = flush(p, pages, n, out, e);
			if (rc)
				return rc;
			n = 0;
		}
	}
	return flush(p, pages, n, out, e);
}

int pageids_ingest(struct pageids *p, const struct page_source *source, struct spool *out,
		   struct err *e)
{
	struct page_ranges r;
	int rc;
	while ((rc = page_source_next(source, &r, e)) > 0) {
		rc = r.count ? ingest_ranges(p, &r, out, e) : ingest_single(p, &r, out, e);
		if (rc)
			return rc;
	}
	return rc ? rc : spool_finish(out, e);
}
