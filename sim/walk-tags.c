// SPDX-License-Identifier: MIT
/*
 * TPT's page tags: who owns a host page, looked up for each table page read and
 * for the data page of each walk. Frames of the guest stand for those of the
 * host: a host that scatters them breaks lines of tags apart, and misses more.
 */
#include "sim/walk-impl.h"

enum { TAGS_PER_LINE_SHIFT = 5 }; /* 2 bytes each in a line of 64 */

bool walk_tags_is_equal(const struct walk_config *a, const struct walk_config *b)
{
	return a->tags.entries == b->tags.entries && a->tags.ways == b->tags.ways;
}

bool walk_tags_init(struct walk_tags *t, const struct walk_config *c, struct arena *a)
{
	*t = (struct walk_tags){ .config = c };
	return lruset_init(&t->cache, c->tags.entries, c->tags.ways, a);
}

static inline void look_up(struct walk_tags *t, uint64_t frame)
{
	const uint64_t line = frame >> TAGS_PER_LINE_SHIFT;
	t->lookups++;
	t->misses += !lruset_touch(&t->cache, line, line);
}

void walk_tags_run(struct walk_tags *t, const struct walk_path *p)
{
	for (unsigned level = p->start; level >= p->leaf; level--)
		look_up(t, p->table[level]->frame);
	look_up(t, p->data_gpa >> 12);
}
