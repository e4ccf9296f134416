// SPDX-License-Identifier: MIT
/* One matrix is answered by find_once(); the public function asks it again of variants. */
#include "sim/topology.h"

#include "base/rng.h"
#include "sim/linkage.h"

#include <stdlib.h>
#include <string.h>

#define PPM UINT64_C(1000000)

enum {
	GAP_PPM = 1250000, /* of a level */
	THREADS_MAX = 8,
	THREADS_BELOW_PS = 18000,
	CACHE_BELOW_PS = 28000,  /* of any size, in a machine with threads */
	CACHE_UNSURE_PS = 30000, /* up to here it may be one too */
	SMALL_CACHE_CORES = 4,   /* a cache of so few cores may be slower */
	SMALL_CACHE_BELOW_PS = 45000,
	MODAL_PPM = 900000, /* CPUs in groups of the most common size, of a level below sockets */
	THREADS_MODAL_PPM = 800000,
	MAJOR_PART = 8, /* a group of an eighth of the CPUs is no outlier */
	ROUNDS = 24,
	JITTER_PPM = 50000,
	DROP_ONE_IN = 20,
	STABLE_PPM = 800000,
	ONE_SPREAD_PPM = 1360000,    /* of one socket's latencies, 95th over 5th percentile */
	INSIDE_SPREAD_PPM = 2200000, /* inside several sockets, 90th over 10th */
};

const char *const topology_reasons[TOPOLOGY_BASES] = {
	[TOPOLOGY_ONE] = "no gap in the latencies that could lie between sockets",
	[TOPOLOGY_LEVEL] = "a gap in the latencies between groups of equal size",
	[TOPOLOGY_HOME] =
		"half of the CPUs are near each other, the others near none: a line's home "
		"socket and the other one",
	[TOPOLOGY_FEW] = "so few CPUs may as well be one to a socket",
	[TOPOLOGY_NO_PAIRS] = "some CPUs have no measured pair with the others",
	[TOPOLOGY_CACHE] = "the groups may be sockets or cores that share a cache",
	[TOPOLOGY_DIE] = "the groups may be sockets or dies of two caches",
	[TOPOLOGY_UNEVEN] = "there is a gap, but the groups beside it differ in size",
	[TOPOLOGY_TOO_MANY] = "more groups than sockets are known of",
	[TOPOLOGY_SPREAD] = "the latencies differ too much to tell whether they hide groups",
	[TOPOLOGY_UNSTABLE] =
		"CPUs are as near to another group as to theirs, or slightly different "
		"latencies give other groups",
};

/* ---- the hierarchy ---- */

struct tree {
	const uint32_t *v;
	unsigned n;
	struct linkage_merge *merges; /* n - 1 */
	uint32_t *scratch;            /* n * n / 2 */
};

/* A cut of the hierarchy: the clusters after the first `merged` merges. */
struct cut {
	uint16_t *of;   /* each CPU's cluster: its least CPU */
	uint16_t *size; /* of a cluster, at its least CPU */
	unsigned merged, clusters;
	unsigned most; /* the most common size, by CPUs; the larger of two */
	uint64_t most_ppm;
	unsigned largest, smallest;
	uint64_t gap_ppm;
};

static int tree_init(struct tree *t, const uint32_t *v, unsigned n, struct err *e)
{
	*t = (struct tree){ .v = v, .n = n };
	t->merges = calloc(n, sizeof(*t->merges));
	t->scratch = malloc(((size_t)n * n / 2 + 1) * sizeof(*t->scratch));
	if (!t->merges || !t->scratch)
		return err_set(e, ERR_NOMEM, "no memory for %u CPUs", n);
	return linkage_build(v, n, t->merges, e);
}

static void tree_deinit(struct tree *t)
{
	free(t->merges);
	free(t->scratch);
}

static void measure_sizes(struct cut *c, unsigned n)
{
	c->clusters = c->largest = c->most = 0;
	c->smallest = n;
	unsigned cpus_of_most = 0;
	for (unsigned i = 0; i < n; i++) {
		const unsigned size = c->size[i];
		if (!size)
			continue;
		c->clusters++;
		c->largest = size > c->largest ? size : c->largest;
		c->smallest = size < c->smallest ? size : c->smallest;
		unsigned cpus = 0;
		for (unsigned k = i; k < n; k++)
			cpus += c->size[k] == size ? size : 0;
		if (cpus > cpus_of_most || (cpus == cpus_of_most && size > c->most)) {
			cpus_of_most = cpus;
			c->most = size;
		}
	}
	c->most_ppm = cpus_of_most * PPM / n;
}

/* The cut after so many merges. */
static void cut_at(const struct tree *t, unsigned merged, struct cut *c)
{
	const unsigned n = t->n;
	for (unsigned i = 0; i < n; i++) {
		c->of[i] = (uint16_t)i;
		c->size[i] = 1;
	}
	/* a name that was merged away points to a smaller one */
	for (unsigned i = 0; i < merged; i++) {
		const struct linkage_merge *m = &t->merges[i];
		c->of[m->b] = (uint16_t)m->a;
		c->size[m->a] = (uint16_t)(c->size[m->a] + c->size[m->b]);
		c->size[m->b] = 0;
	}
	for (unsigned i = 0; i < n; i++)
		c->of[i] = c->of[c->of[i]];
	c->merged = merged;
	measure_sizes(c, n);
}

/* Of the next merge over the last before; merged from 1 to n - 2. */
static uint64_t gap_after(const struct tree *t, unsigned merged)
{
	const uint64_t below = t->merges[merged - 1].height, above = t->merges[merged].height;
	return below ? above * PPM / below : UINT64_MAX;
}

/*
 * Of pairs in one cluster of `in` (NULL: any) but in two of `finer` (NULL: any)
 * the latency below which a share of them lies; 0: no pairs.
 */
static uint32_t quantile_between(struct tree *t, const uint16_t *in, const uint16_t *finer,
				 unsigned percent)
{
	uint64_t k = 0;
	for (unsigned i = 0; i < t->n; i++)
		for (unsigned j = 0; j < i; j++) {
			const uint32_t x = t->v[(size_t)i * t->n + j];
			if (x && (!in || in[i] == in[j]) && (!finer || finer[i] != finer[j]))
				t->scratch[k++] = x;
		}
	const uint64_t at = k ? (k - 1) * percent / 100 : 0;
	return k ? linkage_select(t->scratch, (uint32_t)k, (uint32_t)at) : 0;
}

static uint32_t median_between(struct tree *t, const uint16_t *in, const uint16_t *finer)
{
	return quantile_between(t, in, finer, 50);
}

/* A high percentile over the low one that leaves out as much. */
static uint64_t spread_between(struct tree *t, const uint16_t *in, const uint16_t *finer,
			       unsigned percent)
{
	const uint64_t low = quantile_between(t, in, finer, percent);
	return low ? quantile_between(t, in, finer, 100 - percent) * PPM / low : PPM;
}

/* ---- levels ---- */

enum { CUTS = 3 };

struct search {
	struct tree tree;
	struct topology *out;
	uint16_t *memory;
	struct cut here, below, answer; /* below: the last level that is none of sockets */
	bool is_unsure_cache, is_unsure_die;
	unsigned uneven; /* gaps with groups of different sizes */
};

static int search_init(struct search *s, const uint32_t *v, unsigned n, struct topology *out,
		       struct err *e)
{
	*s = (struct search){ .out = out };
	*out = (struct topology){ .threads = 1 };
	s->memory = calloc(2 * CUTS * (size_t)n, sizeof(*s->memory));
	if (!s->memory)
		return err_set(e, ERR_NOMEM, "no memory for %u CPUs", n);
	struct cut *const cuts[CUTS] = { &s->here, &s->below, &s->answer };
	for (unsigned i = 0; i < CUTS; i++) {
		cuts[i]->of = s->memory + 2 * i * (size_t)n;
		cuts[i]->size = cuts[i]->of + n;
	}
	const int rc = tree_init(&s->tree, v, n, e);
	if (!rc)
		cut_at(&s->tree, 0, &s->below);
	return rc;
}

static void search_deinit(struct search *s)
{
	tree_deinit(&s->tree);
	free(s->memory);
}

enum verdict { IS_NONE, IS_THREADS, IS_CACHE, IS_UNSURE, IS_DIE, IS_SOCKETS, IS_TOO_MANY };

/* Can the groups of this level be sockets? inside: median latency that is new in them. */
static enum verdict judge(const struct search *s, uint32_t inside)
{
	const struct topology *o = s->out;
	const struct cut *c = &s->here;
	const unsigned cores = c->most / o->threads;
	const bool has_threads = o->threads > 1, is_many = c->clusters > TOPOLOGY_SOCKETS_MAX;
	if (c->most <= THREADS_MAX && inside < THREADS_BELOW_PS && s->below.merged == 0)
		return IS_THREADS;
	if (c->most <= SMALL_CACHE_CORES && is_many)
		return IS_CACHE;
	if (inside < CACHE_BELOW_PS)
		return has_threads ? IS_CACHE : IS_UNSURE;
	if (has_threads && cores <= SMALL_CACHE_CORES && inside < SMALL_CACHE_BELOW_PS)
		return is_many ? IS_CACHE : IS_UNSURE;
	if (inside < CACHE_UNSURE_PS)
		return IS_UNSURE;
	if (o->cache_cpus && c->most == 2 * o->cache_cpus &&
	    o->cache_cpus <= SMALL_CACHE_CORES * o->threads)
		return IS_DIE;
	return is_many ? IS_TOO_MANY : IS_SOCKETS;
}

/* Groups of equal size: almost all below sockets, within a quarter for sockets. */
static bool is_even(const struct search *s, const struct cut *c)
{
	const uint64_t least = c->most <= s->out->threads ? THREADS_MODAL_PPM : MODAL_PPM;
	return c->most > 1 && (c->most_ppm >= least || c->largest * 4 <= c->smallest * 5);
}

static bool is_even_enough_for_sockets(const struct cut *c)
{
	return c->largest * 4 <= c->smallest * 5;
}

static void keep_below(struct search *s)
{
	const struct cut old = s->below;
	s->below = s->here;
	s->here = old;
}

/*
 * Threads are looked for first: where some pairs are missing or slow their
 * level has no gap of its own for all CPUs.
 */
static void find_threads(struct search *s)
{
	for (unsigned merged = 1; merged + 1 < s->tree.n; merged++) {
		if (gap_after(&s->tree, merged) < GAP_PPM)
			continue;
		cut_at(&s->tree, merged, &s->here);
		const struct cut *c = &s->here;
		if (c->most < 2 || c->most > THREADS_MAX || c->most_ppm < THREADS_MODAL_PPM)
			continue;
		const uint32_t inside = median_between(&s->tree, c->of, NULL);
		if (inside && inside < THREADS_BELOW_PS && c->most > s->out->threads)
			s->out->threads = c->most;
	}
}

/* Groups that are no outliers: several, or one of far from all CPUs. */
static bool is_uneven(const struct search *s, const struct cut *c)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->tree.n; i++)
		n += c->size[i] && c->size[i] * MAJOR_PART >= s->tree.n &&
		     c->size[i] > c->most / 2 && c->size[i] > s->out->threads;
	return n > 1 || (n == 1 && c->largest * MAJOR_PART <= s->tree.n * (MAJOR_PART - 1));
}

/* From the finest level up; true when one is that of sockets (or there are too many). */
static bool find_level(struct search *s)
{
	for (unsigned merged = 1; merged + 1 < s->tree.n; merged++) {
		const uint64_t gap = gap_after(&s->tree, merged);
		if (gap < GAP_PPM)
			continue;
		cut_at(&s->tree, merged, &s->here);
		struct cut *c = &s->here;
		c->gap_ppm = gap;
		if (!is_even(s, c) || c->most == s->below.most) {
			s->uneven += is_uneven(s, c);
			continue;
		}
		const uint32_t inside = median_between(&s->tree, c->of, s->below.of);
		const enum verdict v = judge(s, inside);
		if (v == IS_SOCKETS || v == IS_TOO_MANY) {
			if (!is_even_enough_for_sockets(c)) {
				s->uneven++;
				continue;
			}
			s->out->basis = s->is_unsure_cache ? TOPOLOGY_CACHE
					: v == IS_SOCKETS  ? TOPOLOGY_LEVEL
							   : TOPOLOGY_TOO_MANY;
			s->out->inside_ps = inside;
			return true;
		}
		if (v == IS_CACHE || v == IS_UNSURE)
			s->out->cache_cpus = c->most > s->out->threads ? c->most : 0;
		s->is_unsure_cache |= v == IS_UNSURE;
		s->is_unsure_die |= v == IS_DIE;
		s->uneven = 0;
		keep_below(s);
	}
	return false;
}

/* ---- a line's home ---- */

/* Half of the CPUs in one cluster of at least three chiplets, none of the others near another. */
static bool is_home(const struct search *s, const struct cut *c)
{
	const unsigned n = s->tree.n, chiplet = s->below.most;
	if (n % 2 || c->largest != n / 2 || c->largest < 3 * chiplet)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (c->size[i] && c->size[i] != c->largest && c->size[i] > chiplet)
			return false;
	return c->clusters >= 3;
}

static bool find_home(struct search *s)
{
	for (unsigned merged = s->below.merged + 1; merged + 1 < s->tree.n; merged++) {
		const uint64_t gap = gap_after(&s->tree, merged);
		if (gap < GAP_PPM)
			continue;
		cut_at(&s->tree, merged, &s->here);
		if (!is_home(s, &s->here))
			continue;
		s->here.gap_ppm = gap;
		struct cut *c = &s->here;
		unsigned first_of_rest = s->tree.n;
		for (unsigned i = 0; i < s->tree.n; i++) {
			if (c->size[c->of[i]] == c->largest)
				continue;
			first_of_rest = first_of_rest < i ? first_of_rest : i;
			c->of[i] = (uint16_t)(s->tree.n + first_of_rest);
		}
		s->out->basis = TOPOLOGY_HOME;
		return true;
	}
	return false;
}

/* ---- one matrix ---- */

/* Names groups from 0 in order of their first CPU; how many. */
static unsigned number_groups(const uint16_t *of, unsigned n, uint16_t *group_out)
{
	unsigned groups = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned first = 0;
		while (of[first] != of[i])
			first++;
		group_out[i] = first == i ? (uint16_t)groups++ : group_out[first];
	}
	return groups;
}

/* May the latencies hide what we look for? Some outliers inside sockets are not uncommon. */
static bool is_spread(struct search *s, const uint16_t *group)
{
	const struct topology *o = s->out;
	if (o->basis == TOPOLOGY_LEVEL)
		return spread_between(&s->tree, group, s->below.of, 10) > INSIDE_SPREAD_PPM;
	return o->basis == TOPOLOGY_ONE &&
	       spread_between(&s->tree, NULL, s->below.of, 5) > ONE_SPREAD_PPM;
}

static uint32_t median_to(struct tree *t, unsigned cpu, const uint16_t *group, unsigned which)
{
	uint32_t k = 0;
	for (unsigned i = 0; i < t->n; i++)
		if (group[i] == which && t->v[(size_t)cpu * t->n + i])
			t->scratch[k++] = t->v[(size_t)cpu * t->n + i];
	return k ? linkage_select(t->scratch, k, (k - 1) / 2) : 0;
}

/* Is some CPU nearer to another group than to its own? */
static bool is_misplaced(struct search *s, const uint16_t *group)
{
	for (unsigned i = 0; i < s->tree.n && s->out->basis == TOPOLOGY_LEVEL; i++) {
		const uint32_t own = median_to(&s->tree, i, group, group[i]);
		for (unsigned g = 0; g < s->out->sockets; g++) {
			const uint32_t other = median_to(&s->tree, i, group, g);
			if (g != group[i] && other && own >= other)
				return true;
		}
	}
	return false;
}

static void answer(struct search *s, bool is_variant, uint16_t *group_out)
{
	struct topology *o = s->out;
	const unsigned n = s->tree.n;
	memset(group_out, 0, n * sizeof(*group_out));
	o->sockets = 1;
	o->is_decided = true;
	if (n > 1 && n < TOPOLOGY_CPUS_LEAST) {
		o->basis = TOPOLOGY_FEW;
	} else if (n > 1 && s->tree.merges[n - 2].height == UINT32_MAX) {
		o->basis = TOPOLOGY_NO_PAIRS;
	} else if (find_level(s) || find_home(s)) {
		o->sockets = number_groups(s->here.of, n, group_out);
		o->gap_ppm = s->here.gap_ppm;
		o->inside_ps = median_between(&s->tree, group_out, s->below.of);
		o->across_ps = median_between(&s->tree, NULL, group_out);
	} else {
		o->basis = s->uneven            ? TOPOLOGY_UNEVEN
			   : s->is_unsure_die   ? TOPOLOGY_DIE
			   : s->is_unsure_cache ? TOPOLOGY_CACHE
						: TOPOLOGY_ONE;
		o->inside_ps = median_between(&s->tree, NULL, s->below.of);
	}
	/* variants are wider by what makes them so */
	if (!is_variant && is_misplaced(s, group_out))
		o->basis = TOPOLOGY_UNSTABLE;
	else if (!is_variant && is_spread(s, group_out))
		o->basis = TOPOLOGY_SPREAD;
	if (o->basis < TOPOLOGY_FEW)
		return;
	o->is_decided = false;
	o->sockets = 0;
	memset(group_out, 0, n * sizeof(*group_out));
}

static int find_once(const uint32_t *v, unsigned n, bool is_variant, struct topology *out,
		     uint16_t *group_out, struct err *e)
{
	struct search s;
	const int rc = search_init(&s, v, n, out, e);
	if (!rc) {
		find_threads(&s);
		answer(&s, is_variant, group_out);
	}
	search_deinit(&s);
	return rc;
}

/* ---- variants ---- */

/* Every latency up to 5 % off, one in ten missing. */
static void vary(const uint32_t *v, unsigned n, struct rng *r, uint32_t *out)
{
	for (unsigned i = 0; i < n; i++) {
		out[(size_t)i * n + i] = 0;
		for (unsigned k = 0; k < i; k++) {
			const uint64_t x = v[(size_t)i * n + k];
			const uint64_t by = PPM - JITTER_PPM + rng_below(r, 2 * JITTER_PPM + 1);
			const bool is_kept = rng_below(r, DROP_ONE_IN) != 0;
			out[(size_t)i * n + k] = out[(size_t)k * n + i] =
				is_kept ? (uint32_t)(x * by / PPM) : 0;
		}
	}
}

/* How many of ROUNDS variants give the same groups. */
static int count_same(const uint32_t *v, unsigned n, uint64_t seed, const struct topology *t,
		      const uint16_t *group, unsigned *same_out, struct err *e)
{
	struct rng r;
	struct topology other;
	uint32_t *varied = malloc((size_t)n * n * sizeof(*varied));
	uint16_t *other_group = malloc(n * sizeof(*other_group));
	int rc = varied && other_group ? 0 : err_set(e, ERR_NOMEM, "no memory for %u CPUs", n);
	rng_init(&r, seed, "topology");
	*same_out = 0;
	for (unsigned i = 0; i < ROUNDS && !rc; i++) {
		vary(v, n, &r, varied);
		rc = find_once(varied, n, true, &other, other_group, e);
		if (!rc && other.is_decided == t->is_decided &&
		    !memcmp(other_group, group, n * sizeof(*group)))
			++*same_out;
	}
	free(varied);
	free(other_group);
	return rc;
}

/* CPUs that have any pair, and their matrix (the caller frees). */
static uint32_t *measured_part(const uint32_t *v, unsigned n, uint16_t *cpu, unsigned *n_out)
{
	unsigned used = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;
		while (k < n && (k == i || !v[(size_t)i * n + k]))
			k++;
		if (k < n || n == 1)
			cpu[used++] = (uint16_t)i;
	}
	uint32_t *part = calloc((size_t)used * used + 1, sizeof(*part));
	for (unsigned i = 0; part && i < used; i++)
		for (unsigned k = 0; k < used; k++)
			part[(size_t)i * used + k] = i == k ? 0 : v[(size_t)cpu[i] * n + cpu[k]];
	*n_out = used;
	return part;
}

static int find_part(const uint32_t *v, unsigned n, uint64_t seed, struct topology *out,
		     uint16_t *group, struct err *e)
{
	unsigned same;
	int rc = find_once(v, n, false, out, group, e);
	if (!rc)
		rc = count_same(v, n, seed, out, group, &same, e);
	if (rc)
		return rc;
	out->confidence_ppm = (same + 1) * PPM / (ROUNDS + 2);
	if (out->is_decided && out->confidence_ppm < STABLE_PPM) {
		out->is_decided = false;
		out->basis = TOPOLOGY_UNSTABLE;
		out->sockets = 0;
		memset(group, 0, n * sizeof(*group));
	}
	return 0;
}

int topology_find(const uint32_t *v, unsigned n, uint64_t seed, struct topology *out,
		  uint16_t *group_out, struct err *e)
{
	*out = (struct topology){ .basis = TOPOLOGY_NO_PAIRS };
	if (!n || n > TOPOLOGY_CPUS_MAX)
		return err_set(e, ERR_USAGE, "%u CPUs: expected 1 to %d", n, TOPOLOGY_CPUS_MAX);
	unsigned used = 0;
	uint16_t *cpu = calloc(2 * (size_t)n, sizeof(*cpu)), *group = cpu ? cpu + n : NULL;
	uint32_t *part = cpu ? measured_part(v, n, cpu, &used) : NULL;
	int rc = part ? 0 : err_set(e, ERR_NOMEM, "no memory for %u CPUs", n);
	if (!rc && used)
		rc = find_part(part, used, seed, out, group, e);
	for (unsigned i = 0; i < n; i++)
		group_out[i] = UINT16_MAX;
	for (unsigned i = 0; !rc && i < used; i++)
		group_out[cpu[i]] = group[i];
	free(part);
	free(cpu);
	return rc;
}
