// SPDX-License-Identifier: MIT
/* Leaf sizes by region: the text of a design, and the pick. */
#include "sim/leafmap.h"

#include "base/quantity.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_SHIFT = 21 };

/* Of an address's low 48 bits: with or without its sign extension the region is the same. */
static uint64_t region_of(uint64_t va)
{
	return va << 16 >> (16 + REGION_SHIFT);
}

static const char *scan_hex(const char *p, uint64_t *out)
{
	char *end;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	if (!strspn(p, "0123456789abcdefABCDEF") || strspn(p, "0123456789abcdefABCDEF") > 16)
		return NULL;
	*out = strtoull(p, &end, 16);
	return end;
}

static int parse_ranges(struct leafmap *m, const char *text, struct err *e)
{
	for (const char *p = text;; p++) {
		uint64_t first, last;
		if (m->nranges == LEAFMAP_RANGES_MAX)
			return err_set(e, ERR_USAGE, "'%.80s': at most %d ranges", text,
				       LEAFMAP_RANGES_MAX);
		p = scan_hex(p, &first);
		p = p && *p == '-' ? scan_hex(p + 1, &last) : NULL;
		if (!p || (*p && *p != ',') || last < first)
			return err_set(e, ERR_USAGE,
				       "'%.80s': expected none, a share (40%%), or ranges of "
				       "hexadecimal addresses (7f0000000000-7fffffffffff,..)",
				       text);
		m->ranges[m->nranges].first = region_of(first);
		m->ranges[m->nranges++].last = region_of(last);
		if (!*p)
			return 0;
	}
}

int leafmap_parse(struct leafmap *m, const char *text, struct err *e)
{
	struct quantity share;
	if (!text || !strcmp(text, "none"))
		return 0;
	if (m->level != 1)
		return err_set(e, ERR_USAGE,
			       "'%.80s': only a guest of 4K pages mixes in larger ones", text);
	m->is_mixed = true;
	if (strchr(text, '-'))
		return parse_ranges(m, text, e);
	const int rc = quantity_parse(text, &share, e);
	if (rc || !share.is_ppm || share.value > 1000000)
		return err_set(e, ERR_USAGE,
			       "'%.80s': expected none, a share up to 100%%, or ranges", text);
	m->share_ppm = share.value;
	return 0;
}

/* splitmix64's finaliser: neighbours fall apart */
static uint64_t scatter(uint64_t v)
{
	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return v ^ (v >> 31);
}

bool leafmap_is_large(const struct leafmap *m, uint64_t va)
{
	const uint64_t region = region_of(va);
	for (unsigned i = 0; i < m->nranges; i++)
		if (region >= m->ranges[i].first && region <= m->ranges[i].last)
			return true;
	return (uint64_t)(((unsigned __int128)scatter(region) * 1000000) >> 64) < m->share_ppm;
}

struct leafmap leafmap_cap(const struct leafmap *m, unsigned level)
{
	struct leafmap capped = *m;
	if (level < 2)
		return (struct leafmap){ .level = 1 };
	if (capped.level > level)
		capped.level = level;
	return capped;
}

bool leafmap_is_equal(const struct leafmap *a, const struct leafmap *b)
{
	if (a->level != b->level || a->is_mixed != b->is_mixed || a->share_ppm != b->share_ppm ||
	    a->nranges != b->nranges)
		return false;
	return !memcmp(a->ranges, b->ranges, a->nranges * sizeof(a->ranges[0]));
}
