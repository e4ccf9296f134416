// SPDX-License-Identifier: MIT
/* Nearest neighbours are kept for each cluster and looked for again where a merge touched them. */
#include "sim/linkage.h"

#include <stdlib.h>
#include <string.h>

enum { QUANTILE = 4 }; /* the lower quarter */

struct state {
	const uint32_t *v;
	unsigned n, nalive;
	uint32_t *d;                 /* n x n, between clusters */
	uint32_t *alive;             /* names, ascending */
	uint32_t *next, *last;       /* points of a cluster as a list; next[end] = n */
	uint32_t *nearest, *at_dist; /* of each cluster */
	uint32_t *scratch;
};

uint32_t linkage_select(uint32_t *v, uint32_t n, uint32_t k)
{
	uint32_t from = 0, to = n; /* the answer lies in from .. to - 1 */
	while (to - from > 1) {
		const uint32_t a = v[from], b = v[from + (to - from) / 2], c = v[to - 1];
		const uint32_t pivot = a < b ? (b < c   ? b
						: a < c ? c
							: a)
					     : (a < c   ? a
						: b < c ? c
							: b);
		uint32_t below = from, i = from, above = to;
		while (i < above) {
			const uint32_t x = v[i];
			if (x < pivot) {
				v[i++] = v[below];
				v[below++] = x;
			} else if (x > pivot) {
				v[i] = v[--above];
				v[above] = x;
			} else {
				i++;
			}
		}
		if (k < below)
			to = below;
		else if (k >= above)
			from = above;
		else
			return pivot;
	}
	return v[from];
}

static uint32_t distance(struct state *s, uint32_t a, uint32_t b)
{
	uint32_t n = 0;
	for (uint32_t i = a; i < s->n; i = s->next[i])
		for (uint32_t k = b; k < s->n; k = s->next[k]) {
			s->scratch[n] = s->v[(size_t)i * s->n + k];
			n += s->scratch[n] != 0;
		}
	return n ? linkage_select(s->scratch, n, (n - 1) / QUANTILE) : UINT32_MAX;
}

static void find_nearest(struct state *s, uint32_t c)
{
	s->at_dist[c] = UINT32_MAX;
	s->nearest[c] = s->n;
	for (unsigned i = 0; i < s->nalive; i++) {
		const uint32_t other = s->alive[i];
		const uint32_t d = s->d[(size_t)c * s->n + other];
		if (other != c && (s->nearest[c] == s->n || d < s->at_dist[c])) {
			s->nearest[c] = other;
			s->at_dist[c] = d;
		}
	}
}

static void merge(struct state *s, uint32_t a, uint32_t b)
{
	s->next[s->last[a]] = b;
	s->last[a] = s->last[b];
	unsigned at = 0;
	while (s->alive[at] != b)
		at++;
	s->nalive--;
	memmove(&s->alive[at], &s->alive[at + 1], (s->nalive - at) * sizeof(*s->alive));
	for (unsigned i = 0; i < s->nalive; i++) {
		const uint32_t c = s->alive[i];
		if (c == a)
			continue;
		const uint32_t d = distance(s, a, c);
		s->d[(size_t)a * s->n + c] = s->d[(size_t)c * s->n + a] = d;
	}
	for (unsigned i = 0; i < s->nalive; i++) {
		const uint32_t c = s->alive[i];
		if (c == a || s->nearest[c] == a || s->nearest[c] == b ||
		    s->d[(size_t)c * s->n + a] < s->at_dist[c])
			find_nearest(s, c);
	}
}

static uint32_t closest(const struct state *s)
{
	uint32_t best = s->alive[0];
	for (unsigned i = 1; i < s->nalive; i++)
		if (s->at_dist[s->alive[i]] < s->at_dist[best])
			best = s->alive[i];
	return best;
}

static void begin(struct state *s)
{
	s->nalive = s->n;
	for (uint32_t i = 0; i < s->n; i++) {
		s->alive[i] = s->last[i] = i;
		s->next[i] = s->n;
		for (uint32_t k = 0; k < s->n; k++) {
			const uint32_t x = s->v[(size_t)i * s->n + k];
			s->d[(size_t)i * s->n + k] = x ? x : UINT32_MAX;
		}
	}
	for (uint32_t i = 0; i < s->n; i++)
		find_nearest(s, i);
}

static void run(struct state *s, struct linkage_merge *out)
{
	uint32_t height = 0;
	begin(s);
	for (unsigned i = 0; i + 1 < s->n; i++) {
		const uint32_t c = closest(s), other = s->nearest[c];
		height = s->at_dist[c] > height ? s->at_dist[c] : height;
		out[i] = (struct linkage_merge){ c < other ? c : other, c < other ? other : c,
						 height };
		merge(s, out[i].a, out[i].b);
	}
}

int linkage_build(const uint32_t *v, unsigned n, struct linkage_merge *out, struct err *e)
{
	if (n > LINKAGE_POINTS_MAX)
		return err_set(e, ERR_USAGE, "%u points: expected at most %d", n,
			       LINKAGE_POINTS_MAX);
	const size_t pairs = (size_t)n * n;
	struct state s = { .v = v, .n = n };
	/* a merge compares at most a quarter of all pairs at a time */
	uint32_t *all = calloc(2 * pairs + 5 * (size_t)n + 1, sizeof(*all));
	if (!all)
		return err_set(e, ERR_NOMEM, "no memory for %u points", n);
	s.d = all;
	s.scratch = s.d + pairs;
	s.alive = s.scratch + pairs;
	s.next = s.alive + n;
	s.last = s.next + n;
	s.nearest = s.last + n;
	s.at_dist = s.nearest + n;
	run(&s, out);
	free(all);
	return 0;
}
