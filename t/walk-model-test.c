// SPDX-License-Identifier: MIT
/*
 * Page walks against a second model of the same text (data/walk/oracle/README.md)
 * that shares nothing with the first: caches with time stamps, tables in a hash
 * by level and address, recursion instead of stages. Random geometry, levels and
 * page sizes, 1G and mixed ones too, which the oracle's files do not have.
 */
#include "base/rng.h"

#include <stdlib.h>
#include <uthash.h>

#include "t/walk-scene.h"

enum { ROUNDS = 150, ACCESSES = 3000, CACHE_MAX = 256 };

/* ---- caches with time stamps ---- */

struct cache {
	uint64_t key[CACHE_MAX], stamp[CACHE_MAX]; /* stamp 0: empty */
	uint32_t entries, ways;
};

struct place {
	uint32_t first, n;
};

static struct place set_of(const struct cache *c, uint64_t number)
{
	const uint32_t sets = c->ways ? c->entries / c->ways : 1;
	return (struct place){ (uint32_t)(number % sets) * c->ways, c->ways };
}

static int find(const struct cache *c, uint64_t number, uint64_t key)
{
	const struct place p = set_of(c, number);
	for (uint32_t i = p.first; i < p.first + p.n; i++)
		if (c->stamp[i] && c->key[i] == key)
			return (int)i;
	return -1;
}

static void put(struct cache *c, uint64_t number, uint64_t key, uint64_t now)
{
	const struct place p = set_of(c, number);
	uint32_t oldest = p.first;
	for (uint32_t i = p.first; i < p.first + p.n; i++)
		oldest = c->stamp[i] < c->stamp[oldest] ? i : oldest;
	if (p.n) {
		c->key[oldest] = key;
		c->stamp[oldest] = now;
	}
}

static bool hit(struct cache *c, uint64_t number, uint64_t key, uint64_t now)
{
	const int at = find(c, number, key);
	if (at >= 0)
		c->stamp[at] = now;
	return at >= 0;
}

/* ---- the second model ---- */

struct frame {
	struct {
		uint64_t level, number;
	} at; /* level 0: data */
	uint64_t frame;
	UT_hash_handle hh;
};

struct slow {
	const struct walk_config *c;
	struct cache l1[WALK_PAGES], stlb, stlb_1g, ntlb, guest[6], host[6];
	struct frame *frames;
	uint64_t now, next_frame;
	struct walk_counts n;
};

static struct cache cache_of(struct walk_cache size)
{
	return (struct cache){ .entries = size.entries, .ways = size.ways };
}

static struct slow *slow_new(const struct walk_config *c)
{
	struct slow *s = calloc(1, sizeof(*s));
	s->c = c;
	for (int i = 0; i < WALK_PAGES; i++)
		s->l1[i] = cache_of(c->l1[i]);
	s->stlb = cache_of(c->stlb);
	s->stlb_1g = cache_of(c->stlb_1g);
	s->ntlb = cache_of(c->ntlb);
	for (int k = 2; k <= 5; k++) {
		s->guest[k] = (struct cache){ .entries = c->guest_pwc[k], .ways = c->guest_pwc[k] };
		s->host[k] = (struct cache){ .entries = c->host_pwc[k], .ways = c->host_pwc[k] };
	}
	s->next_frame = 0x100;
	return s;
}

static void slow_free(struct slow *s)
{
	struct frame *f, *next;
	HASH_ITER(hh, s->frames, f, next)
	{
		HASH_DEL(s->frames, f);
		free(f);
	}
	free(s);
}

/* Of a table (level), or of data (level 0, number in pages of its size); made if need be. */
static uint64_t frame_of(struct slow *s, uint64_t level, uint64_t number, uint64_t frames)
{
	struct frame *f, wanted = { .at = { level, number } };
	HASH_FIND(hh, s->frames, &wanted.at, sizeof(wanted.at), f);
	if (f)
		return f->frame;
	f = calloc(1, sizeof(*f));
	f->at.level = level;
	f->at.number = number;
	f->frame = (s->next_frame + frames - 1) / frames * frames;
	s->next_frame = f->frame + frames;
	HASH_ADD(hh, s->frames, at, sizeof(f->at), f);
	s->n.table_pages += level > 0;
	s->n.data_pages += level == 0;
	return f->frame;
}

static uint64_t table_of(struct slow *s, uint64_t level, uint64_t va)
{
	return frame_of(s, level, va >> (12 + 9 * level), 1);
}

static uint64_t translate(struct slow *s, uint64_t gpa)
{
	const unsigned leaf = (unsigned)s->c->host_page + 1;
	const uint64_t page = gpa >> (12 + 9 * (leaf - 1));
	unsigned level = (unsigned)s->c->host_levels;
	uint64_t refs = 0;
	s->now++;
	s->n.ntlb_lookup++;
	if (hit(&s->ntlb, page, page, s->now)) {
		s->n.ntlb_hit++;
		return 0;
	}
	for (unsigned k = leaf + 1; k <= s->c->host_levels; k++)
		if (hit(&s->host[k], 0, gpa >> (12 + 9 * (k - 1)), s->now)) {
			level = k - 1;
			break;
		}
	for (;; level--) {
		refs++;
		s->now++;
		s->n.host_refs_level[level]++;
		if (level == leaf)
			break;
		put(&s->host[level], 0, gpa >> (12 + 9 * (level - 1)), s->now);
	}
	put(&s->ntlb, page, page, ++s->now);
	return refs;
}

static void walk(struct slow *s, uint64_t va)
{
	const unsigned leaf = leafmap_level(&s->c->leaves, va), top = (unsigned)s->c->guest_levels;
	const bool is_nested = s->c->mode == WALK_NESTED;
	const unsigned shift = 12 + 9 * (leaf - 1);
	unsigned level = top;
	uint64_t refs = 0, host = 0;
	bool knows_host = false;
	for (unsigned k = top; k >= leaf; k--)
		table_of(s, k, va);
	const uint64_t data =
		frame_of(s, 0, va >> shift | (uint64_t)leaf << 60, UINT64_C(1) << (shift - 12));
	for (unsigned k = leaf + 1; k <= top && !knows_host; k++)
		if (hit(&s->guest[k], 0, va >> (12 + 9 * (k - 1)), ++s->now)) {
			level = k - 1;
			knows_host = true;
		}
	s->n.guest_start_level[level]++;
	for (;; level--) {
		if (is_nested && !knows_host)
			host += translate(s, table_of(s, level, va) << 12);
		knows_host = false;
		refs++;
		if (level == leaf)
			break;
		put(&s->guest[level], 0, va >> (12 + 9 * (level - 1)), ++s->now);
	}
	s->n.guest_refs += refs;
	s->n.host_refs_for_tables += host;
	if (is_nested) {
		const uint64_t more =
			translate(s, (data << 12) + (va & ((UINT64_C(1) << shift) - 1)));
		s->n.host_refs_for_data += more;
		host += more;
	}
	s->n.walk_refs_hist[refs + host]++;
}

static void touch(struct slow *s, uint64_t va)
{
	unsigned level = leafmap_level(&s->c->leaves, va);
	if (s->c->mode != WALK_NATIVE && (unsigned)s->c->host_page + 1 < level)
		level = (unsigned)s->c->host_page + 1;
	const uint64_t page = va >> (12 + 9 * (level - 1));
	struct cache *second = level == 3 ? &s->stlb_1g : &s->stlb;
	const uint64_t key = page << 2 | level;
	s->n.accesses++;
	s->now++;
	if (hit(&s->l1[level - 1], page, page, s->now))
		return;
	s->n.l1_miss++;
	if (!hit(second, page, key, s->now)) {
		s->n.stlb_miss++;
		walk(s, va);
		put(second, page, key, ++s->now);
	}
	put(&s->l1[level - 1], page, page, ++s->now);
}

/* ---- random designs and accesses ---- */

static uint64_t pick(struct rng *r, uint64_t from, uint64_t to)
{
	return from + rng_below(r, to - from + 1);
}

static void add_cache(char *out, const char *key, struct rng *r)
{
	const unsigned ways = (unsigned)pick(r, 1, 6), sets = (unsigned)pick(r, 1, 9);
	if (pick(r, 0, 5))
		sprintf(out + strlen(out), " walk.%s=%u/%u", key, ways * sets, ways);
	else
		sprintf(out + strlen(out), " walk.%s=none", key);
}

static void add_pwc(char *out, const char *key, struct rng *r)
{
	bool is_first = true;
	sprintf(out + strlen(out), " walk.%s=", key);
	for (int level = 5; level >= 2; level--)
		if (pick(r, 0, 2)) {
			sprintf(out + strlen(out), "%s%d:%d", is_first ? "" : "_", level,
				(int)pick(r, 1, 5));
			is_first = false;
		}
	if (is_first)
		strcat(out, "none");
}

static void random_design(char *out, struct rng *r)
{
	static const char *const caches[] = { "l1_dtlb_4k", "l1_dtlb_2m", "l1_dtlb_1g",
					      "stlb",       "stlb_1g",    "ntlb" };
	const int page = (int)pick(r, 0, 2);
	sprintf(out,
		"walk.mode=%s walk.guest_page=%s walk.host_page=%s walk.guest_levels=%d "
		"walk.host_levels=%d",
		pick(r, 0, 3) ? "nested" : "native", walk_page_names[page],
		walk_page_names[pick(r, 0, 2)], (int)pick(r, 3, 5), (int)pick(r, 3, 5));
	if (!page && pick(r, 0, 1))
		sprintf(out + strlen(out), " walk.guest_2m=%d%%", (int)pick(r, 10, 90));
	for (size_t i = 0; i < sizeof(caches) / sizeof(*caches); i++)
		add_cache(out, caches[i], r);
	add_pwc(out, "guest_pwc", r);
	add_pwc(out, "host_pwc", r);
}

/* Near, in a few regions, or anywhere in 38 bits: what 3 levels hold without a sign. */
static uint64_t random_va(struct rng *r, uint64_t before)
{
	switch (pick(r, 0, 3)) {
	case 0:
		return before ^ pick(r, 0, 16383);
	case 1:
		return (pick(r, 0, 3) << 33) + (pick(r, 0, 40) << 12) + pick(r, 0, 4095);
	case 2:
		return (pick(r, 0, 60) << 21) + pick(r, 0, 4095);
	default:
		return rng_below(r, UINT64_C(1) << 38);
	}
}

static void play(struct rng *r, int round)
{
	struct scene s = {};
	char text[1000];
	random_design(text, r);
	scene_add(&s, text);
	scene_start(&s);
	struct slow *slow = slow_new(&s.configs[0]);
	uint64_t va = 0x400000;
	for (int i = 0; i < ACCESSES; i++) {
		const uint32_t bytes = (uint32_t)pick(r, 1, 64);
		va = random_va(r, va);
		if (walk_access(s.walk, 0, &va, &bytes, 1, &s.e))
			fail_msg("%s", s.e.msg);
		touch(slow, va);
		if ((va & 4095) + bytes > 4096)
			touch(slow, (va | 4095) + 1);
	}
	const struct walk_counts c = scene_counts(&s, 0), *n = &slow->n;
	if (c.accesses != n->accesses || c.l1_miss != n->l1_miss || c.stlb_miss != n->stlb_miss ||
	    c.guest_refs != n->guest_refs || c.host_refs_for_tables != n->host_refs_for_tables ||
	    c.host_refs_for_data != n->host_refs_for_data || c.ntlb_lookup != n->ntlb_lookup ||
	    c.ntlb_hit != n->ntlb_hit || c.data_pages != n->data_pages ||
	    c.table_pages != n->table_pages)
		fail_msg("round %d: %s: walks %lu and %lu, guest %lu and %lu, host %lu and %lu",
			 round, text, c.stlb_miss, n->stlb_miss, c.guest_refs, n->guest_refs,
			 c.host_refs, n->host_refs_for_tables + n->host_refs_for_data);
	assert_memory_equal(c.walk_refs_hist, n->walk_refs_hist, sizeof(c.walk_refs_hist));
	assert_memory_equal(c.guest_start_level, n->guest_start_level, sizeof(c.guest_start_level));
	assert_memory_equal(c.host_refs_level, n->host_refs_level, sizeof(c.host_refs_level));
	slow_free(slow);
	scene_end(&s);
}

static void random_designs_count_as_the_second_model_does(void **state)
{
	struct rng r;
	(void)state;
	rng_init(&r, 1, "walk-model");
	for (int round = 0; round < ROUNDS; round++)
		play(&r, round);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_designs_count_as_the_second_model_does),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
