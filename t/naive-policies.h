// SPDX-License-Identifier: MIT
/*
 * The policies once more, slowly: ordered arrays, linear searches, written from
 * the prose and from nothing in policies/. A test compares every single result
 * of the fast ones with these.
 */
#ifndef PUGMARK_T_NAIVE_POLICIES_H
#define PUGMARK_T_NAIVE_POLICIES_H

#include "policies/policy.h"

#include <string.h>

enum { NAIVE_MAX = 512 };

/* pages in an order, oldest first */
struct row {
	uint32_t page[NAIVE_MAX];
	unsigned mark[NAIVE_MAX];
	uint64_t when[NAIVE_MAX];
	unsigned n;
};

static int row_find(const struct row *r, uint32_t page)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->page[i] == page)
			return (int)i;
	return -1;
}

static void row_add(struct row *r, uint32_t page, unsigned mark)
{
	r->page[r->n] = page;
	r->when[r->n] = 0;
	r->mark[r->n++] = mark;
}

static uint32_t row_drop(struct row *r, unsigned i)
{
	const uint32_t page = r->page[i];
	r->n--;
	memmove(r->page + i, r->page + i + 1, (r->n - i) * sizeof(r->page[0]));
	memmove(r->mark + i, r->mark + i + 1, (r->n - i) * sizeof(r->mark[0]));
	memmove(r->when + i, r->when + i + 1, (r->n - i) * sizeof(r->when[0]));
	return page;
}

struct naive {
	const char *name;
	unsigned capacity;
	const uint32_t *trace; /* for min */
	uint64_t ntrace;
	struct row a, b, c, d; /* a: the only or first row; others as the policy says */
	int hand;              /* sieve: index into a, or -1 */
	double p;
	bool has_evicted;
};

static uint32_t naive_simple(struct naive *s, uint32_t page)
{
	const bool is_lru = !strcmp(s->name, "lru"), is_clock = !strcmp(s->name, "clock");
	const int at = row_find(&s->a, page);
	if (at >= 0) {
		s->a.mark[at] = is_clock;
		if (is_lru)
			row_add(&s->a, row_drop(&s->a, (unsigned)at), 0);
		return POLICY_HIT;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		while (s->a.mark[0])
			row_add(&s->a, row_drop(&s->a, 0), 0);
		victim = row_drop(&s->a, 0);
	}
	row_add(&s->a, page, 0);
	return victim;
}

static uint32_t naive_lfu(struct naive *s, uint32_t page, uint64_t now)
{
	const int at = row_find(&s->a, page);
	if (at >= 0) {
		s->a.mark[at]++;
		s->a.when[at] = now;
		return POLICY_HIT;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		unsigned least = 0;
		for (unsigned i = 1; i < s->a.n; i++)
			if (s->a.mark[i] < s->a.mark[least] ||
			    (s->a.mark[i] == s->a.mark[least] && s->a.when[i] < s->a.when[least]))
				least = i;
		victim = row_drop(&s->a, least);
	}
	row_add(&s->a, page, 1);
	s->a.when[s->a.n - 1] = now;
	return victim;
}

static uint32_t naive_sieve(struct naive *s, uint32_t page)
{
	const int at = row_find(&s->a, page);
	if (at >= 0) {
		s->a.mark[at] = 1;
		return POLICY_HIT;
	}
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		unsigned o = s->hand < 0 ? 0 : (unsigned)s->hand;
		while (s->a.mark[o]) {
			s->a.mark[o] = 0;
			o = (o + 1) % s->a.n;
		}
		s->hand = o + 1 == s->a.n ? -1 : (int)o; /* the neighbour slides into its place */
		victim = row_drop(&s->a, o);
	}
	row_add(&s->a, page, 0);
	return victim;
}

/* a, b = T1, T2; c, d = B1, B2 */
static uint32_t naive_arc_replace(struct naive *s, bool in_b2)
{
	const bool first = (s->a.n > 0 && (s->a.n > s->p || (s->a.n == s->p && in_b2))) ||
			   s->b.n == 0;
	const uint32_t page = row_drop(first ? &s->a : &s->b, 0);
	row_add(first ? &s->c : &s->d, page, 0);
	return page;
}

static uint32_t naive_arc(struct naive *s, uint32_t page)
{
	const int t1 = row_find(&s->a, page), t2 = row_find(&s->b, page);
	const int b1 = row_find(&s->c, page), b2 = row_find(&s->d, page);
	const bool is_full = s->a.n + s->b.n == s->capacity;
	uint32_t victim = POLICY_ROOM;
	if (t1 >= 0 || t2 >= 0) {
		row_drop(t1 >= 0 ? &s->a : &s->b, (unsigned)(t1 >= 0 ? t1 : t2));
		row_add(&s->b, page, 0);
		return POLICY_HIT;
	}
	if (b1 >= 0 || b2 >= 0) {
		double d = b1 >= 0 ? (double)s->d.n / s->c.n : (double)s->c.n / s->d.n;
		if (d < 1)
			d = 1;
		s->p = b1 >= 0 ? s->p + d : s->p - d;
		if (s->p > s->capacity)
			s->p = s->capacity;
		if (s->p < 0)
			s->p = 0;
		row_drop(b1 >= 0 ? &s->c : &s->d, (unsigned)(b1 >= 0 ? b1 : b2));
		if (is_full)
			victim = naive_arc_replace(s, b2 >= 0);
		row_add(&s->b, page, 0);
		return victim;
	}
	if (is_full && s->a.n + s->c.n >= s->capacity) {
		if (s->c.n) {
			row_drop(&s->c, 0);
			victim = naive_arc_replace(s, false);
		} else {
			victim = row_drop(&s->a, 0);
		}
	} else if (is_full) {
		if (s->a.n + s->b.n + s->c.n + s->d.n >= 2 * s->capacity && s->d.n)
			row_drop(&s->d, 0);
		victim = naive_arc_replace(s, false);
	}
	row_add(&s->a, page, 0);
	return victim;
}

/* a = S, b = M, c = ghosts */
static uint32_t naive_s3fifo_evict(struct naive *s)
{
	const unsigned s_cap = (unsigned)(s->capacity * 0.10), m_cap = s->capacity - s_cap;
	const unsigned g_cap = (unsigned)(s->capacity * 0.90);
	for (;;) {
		if (s->b.n > m_cap || s->a.n == 0) {
			const unsigned mark = s->b.mark[0];
			const uint32_t page = row_drop(&s->b, 0);
			if (!mark)
				return page;
			row_add(&s->b, page, (mark > 3 ? 3 : mark) - 1);
			continue;
		}
		const unsigned mark = s->a.mark[0];
		const uint32_t page = row_drop(&s->a, 0);
		if (mark >= 2) {
			/* S is emptied first, even when M is above its share meanwhile */
			row_add(&s->b, page, 0);
			while (s->a.n && s->a.mark[0] >= 2)
				row_add(&s->b, row_drop(&s->a, 0), 0);
			if (!s->a.n)
				continue;
			row_add(&s->c, row_drop(&s->a, 0), 0);
		} else {
			row_add(&s->c, page, 0);
		}
		const uint32_t victim = s->c.page[s->c.n - 1];
		while (s->c.n > g_cap)
			row_drop(&s->c, 0);
		return victim;
	}
}

static uint32_t naive_s3fifo(struct naive *s, uint32_t page)
{
	const unsigned s_cap = (unsigned)(s->capacity * 0.10);
	const int in_s = row_find(&s->a, page), in_m = row_find(&s->b, page);
	const int ghost = row_find(&s->c, page);
	if (in_s >= 0 || in_m >= 0) {
		(in_s >= 0 ? &s->a : &s->b)->mark[in_s >= 0 ? in_s : in_m]++;
		return POLICY_HIT;
	}
	if (ghost >= 0)
		row_drop(&s->c, (unsigned)ghost);
	uint32_t victim = POLICY_ROOM;
	if (s->a.n + s->b.n + 1 > s->capacity) {
		victim = naive_s3fifo_evict(s);
		s->has_evicted = true;
	}
	const bool fill = !strcmp(s->name, "s3fifo-2025") && !s->has_evicted && s->a.n >= s_cap;
	row_add(ghost >= 0 || fill ? &s->b : &s->a, page, 0);
	return victim;
}

static uint64_t naive_next_use(const struct naive *s, uint32_t page, uint64_t now)
{
	for (uint64_t t = now + 1; t < s->ntrace; t++)
		if (s->trace[t] == page)
			return t;
	return POLICY_NEVER;
}

static uint32_t naive_min(struct naive *s, uint32_t page, uint64_t now)
{
	if (row_find(&s->a, page) >= 0)
		return POLICY_HIT;
	uint32_t victim = POLICY_ROOM;
	if (s->a.n == s->capacity) {
		unsigned far = 0;
		for (unsigned i = 1; i < s->a.n; i++)
			if (naive_next_use(s, s->a.page[i], now) >
			    naive_next_use(s, s->a.page[far], now))
				far = i;
		victim = row_drop(&s->a, far);
	}
	row_add(&s->a, page, 0);
	return victim;
}

static uint32_t naive_access(struct naive *s, uint32_t page, uint64_t now)
{
	if (!strcmp(s->name, "lfu"))
		return naive_lfu(s, page, now);
	if (!strcmp(s->name, "sieve"))
		return naive_sieve(s, page);
	if (!strcmp(s->name, "arc"))
		return naive_arc(s, page);
	if (!strncmp(s->name, "s3fifo", 6))
		return naive_s3fifo(s, page);
	if (!strcmp(s->name, "min"))
		return naive_min(s, page, now);
	return naive_simple(s, page);
}

#endif
