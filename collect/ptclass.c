// SPDX-License-Identifier: MIT
/*
 * One snapshot at a time: the extended page table as a map, then the guest's
 * table as a stream. Leaf tables of the guest and the entries that point to
 * them are joined by frame at the end, so that they may come in any order.
 */
#include "collect/ptclass.h"

#include "collect/ptmap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct leaf {
	uint64_t frame;
	size_t counts; /* its place in counts: nodes + 1, the last of errors */
};

struct ptclass {
	struct ptdump *guest, *extended;
	struct ptnodes where;
	struct ptmap map;
	uint16_t *counts;
	size_t ncounts, counts_cap;
	struct leaf *leaves;
	size_t nleaves, leaves_cap;
	uint64_t *points; /* frames that entries of level 2 point to */
	size_t npoints, points_cap;
	uint64_t *sums; /* entries, then huge */
	struct ptclass_counts out;
};

int ptclass_new(struct ptdump *guest, struct ptdump *extended, struct ptclass **out, struct err *e)
{
	struct ptclass *c = *out = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->guest = guest;
	c->extended = extended;
	return 0;
}

void ptclass_free(struct ptclass *c)
{
	if (!c)
		return;
	ptmap_deinit(&c->map);
	ptnodes_deinit(&c->where);
	free(c->counts);
	free(c->leaves);
	free(c->points);
	free(c->sums);
	free(c);
}

void ptclass_of_socket(const struct ptclass_counts *c, const uint64_t *counts, unsigned socket,
		       uint64_t out[PTCLASS_KINDS])
{
	memset(out, 0, PTCLASS_KINDS * sizeof(*out));
	for (unsigned guest = 0; guest < c->nodes; guest++)
		for (unsigned extended = 0; extended < c->nodes; extended++)
			out[(guest == socket ? PTCLASS_LL : PTCLASS_RL) + (extended != socket)] +=
				counts[guest * c->nodes + extended];
}

/* ---- the extended page table ---- */

/* Up to the next item of a snapshot, its numamap taken: that item, 0 at the end. */
static int next_of_extended(struct ptclass *c, struct err *e)
{
	struct ptdump *d = c->extended;
	int item;
	while ((item = ptdump_next(d, e)) == PTDUMP_NODE) {
		struct err why = {};
		const int rc = ptnodes_add(&c->where, &d->node, &why);
		if (rc == ERR_FORMAT)
			ptdump_damage(d, "%s", why.msg);
		else if (rc)
			return err_set(e, rc, "%s", why.msg);
	}
	return item;
}

static int read_extended(struct ptclass *c, struct err *e)
{
	struct ptdump *d = c->extended;
	int item = next_of_extended(c, e), rc;
	if (item <= 0)
		return item;
	if (!c->where.n)
		return err_set(e, ERR_FORMAT,
			       "%.120s: line %" PRIu64 ": expected <numamap> with the nodes of the "
			       "host before <ptdump>",
			       input_name(d->in), d->line);
	ptmap_deinit(&c->map);
	rc = ptmap_init(&c->map, &c->where, e);
	while (!rc && (item = next_of_extended(c, e)) == PTDUMP_LEVEL)
		rc = ptmap_add(&c->map, &d->table, e);
	if (rc || item < 0)
		return rc ? rc : item;
	rc = ptmap_finish(&c->map, d, e);
	return rc ? rc : 1;
}

/* ---- the guest's table ---- */

/* Room for n more of an array that grows by doubling; false without memory. */
static bool reserve(void *array, size_t size, size_t n, size_t more, size_t *cap)
{
	void **p = array;
	if (n + more <= *cap)
		return true;
	const size_t want = *cap ? *cap + *cap / 2 + more : 1024 + more;
	void *grown = reallocarray(*p, want, size);
	if (!grown)
		return false;
	*p = grown;
	*cap = want;
	return true;
}

static bool add_leaf(struct ptclass *c, const struct ptdump_table *t)
{
	const unsigned nodes = c->where.nodes;
	if (!reserve(&c->leaves, sizeof(*c->leaves), c->nleaves, 1, &c->leaves_cap) ||
	    !reserve(&c->counts, sizeof(*c->counts), c->ncounts, nodes + 1, &c->counts_cap))
		return false;
	uint16_t *counts = &c->counts[c->ncounts];
	memset(counts, 0, (nodes + 1) * sizeof(*counts));
	for (unsigned i = 0; i < t->n; i++) {
		const unsigned node = ptmap_table_node(&c->map, ptdump_frame(t->entry[i]));
		counts[node < nodes ? node : nodes]++;
	}
	c->leaves[c->nleaves++] = (struct leaf){ t->frame, c->ncounts };
	c->ncounts += nodes + 1;
	return true;
}

/* A 2 MiB page lies in one leaf of the extended page table, whichever size that maps. */
static void add_huge(struct ptclass *c, unsigned guest, uint64_t prefix)
{
	const unsigned nodes = c->where.nodes;
	const unsigned extended = ptmap_table_node(&c->map, prefix * PTDUMP_ENTRIES);
	if (guest >= nodes || extended >= nodes) {
		c->out.errors++;
		c->out.huge_errors++;
		return;
	}
	c->sums[guest * nodes + extended]++;
	c->sums[nodes * nodes + guest * nodes + extended]++;
}

static bool add_level_2(struct ptclass *c, const struct ptdump_table *t)
{
	const unsigned guest = ptmap_host_node(&c->map, t->frame);
	if (!reserve(&c->points, sizeof(*c->points), c->npoints, t->n, &c->points_cap))
		return false;
	for (unsigned i = 0; i < t->n; i++)
		if (t->entry[i] & PTDUMP_TABLE)
			c->points[c->npoints++] = ptdump_frame(t->entry[i]);
		else
			add_huge(c, guest, ptdump_frame(t->entry[i]));
	return true;
}

static int read_guest(struct ptclass *c, struct err *e)
{
	struct ptdump *d = c->guest;
	int item;
	while ((item = ptdump_next(d, e)) == PTDUMP_NODE) {
		/* the guest's own nodes say nothing of the host's */
	}
	if (item <= 0)
		return item;
	while ((item = ptdump_next(d, e)) == PTDUMP_LEVEL || item == PTDUMP_NODE) {
		if (item == PTDUMP_NODE || d->table.level > 2)
			continue;
		if (!(d->table.level == 1 ? add_leaf(c, &d->table) : add_level_2(c, &d->table)))
			return err_set(e, ERR_NOMEM, "no memory for %zu page tables", c->nleaves);
	}
	return item < 0 ? item : 1;
}

/* ---- joining ---- */

static int by_frame(const void *pa, const void *pb)
{
	const struct leaf *a = pa, *b = pb;
	return a->frame != b->frame ? (a->frame > b->frame ? 1 : -1)
				    : (a->counts > b->counts) - (a->counts < b->counts);
}

static int by_value(const void *pa, const void *pb)
{
	const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
	return (a > b) - (a < b);
}

static void count_leaf(struct ptclass *c, const struct leaf *leaf, uint64_t times)
{
	const unsigned nodes = c->where.nodes;
	const unsigned guest = ptmap_host_node(&c->map, leaf->frame);
	const uint16_t *counts = &c->counts[leaf->counts];
	for (unsigned i = 0; i <= nodes; i++)
		if (i == nodes || guest >= nodes)
			c->out.errors += counts[i] * times;
		else
			c->sums[guest * nodes + i] += counts[i] * times;
}

/* Both in order of frame; of two tables at one frame the first holds. */
static void join(struct ptclass *c)
{
	if (c->nleaves)
		qsort(c->leaves, c->nleaves, sizeof(*c->leaves), by_frame);
	if (c->npoints)
		qsort(c->points, c->npoints, sizeof(*c->points), by_value);
	size_t at = 0;
	for (size_t i = 0; i < c->nleaves; i++) {
		const uint64_t frame = c->leaves[i].frame;
		if (i && frame == c->leaves[i - 1].frame) {
			ptdump_damage(c->guest,
				      "the snapshot before has two tables of level 1 at %" PRIx64,
				      frame);
			continue;
		}
		for (; at < c->npoints && c->points[at] < frame; at++)
			c->out.missing++;
		uint64_t times = 0;
		for (; at < c->npoints && c->points[at] == frame; at++)
			times++;
		c->out.unreached += !times;
		count_leaf(c, &c->leaves[i], times);
	}
	c->out.missing += c->npoints - at;
}

static int start_snapshot(struct ptclass *c, struct err *e)
{
	const unsigned nodes = c->where.nodes;
	c->ncounts = c->nleaves = c->npoints = 0;
	free(c->sums);
	c->sums = calloc(2 * (size_t)nodes * nodes, sizeof(*c->sums));
	if (!c->sums)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->out = (struct ptclass_counts){ .nodes = nodes,
					  .entries = c->sums,
					  .huge = c->sums + (size_t)nodes * nodes };
	return 0;
}

int ptclass_next(struct ptclass *c, const struct ptclass_counts **out, struct err *e)
{
	const int has_extended = read_extended(c, e);
	int rc = has_extended > 0 ? start_snapshot(c, e) : has_extended;
	if (rc < 0)
		return rc;
	if (!has_extended) { /* whatever the guest's dump has more stands alone */
		rc = ptdump_next(c->guest, e);
		if (rc > 0)
			ptdump_damage(c->guest, "a snapshot that the other dump has no equal of");
		return rc < 0 ? rc : 0;
	}
	rc = read_guest(c, e);
	if (!rc)
		ptdump_damage(c->extended, "a snapshot that the other dump has no equal of");
	if (rc <= 0)
		return rc;
	join(c);
	*out = &c->out;
	return 1;
}
