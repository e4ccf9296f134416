// SPDX-License-Identifier: MIT
/*
 * Idle page tracking (Documentation/admin-guide/mm/idle_page_tracking.rst): a
 * bitmap by frame; a bit that was set and is clear now: touched by any CPU,
 * through any page table, a KVM guest's included. The kernel keeps for reclaim
 * what the bits take from it (PG_young). Pages outside the LRU have no bit and
 * always look touched; they are few in what a process maps.
 */
#include "collect/touch.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 512 }; /* of the bitmap, read at a time */

static const uint64_t is_present = UINT64_C(1) << 63;
static const uint64_t frame_mask = (UINT64_C(1) << 55) - 1;

struct place {
	uint64_t frame;
	uint32_t index; /* within the chunk */
};

struct pass {
	struct touch *touch;
	int bitmap;
	struct place places[TOUCH_CHUNK_PAGES];
	bool is_touched[TOUCH_CHUNK_PAGES];
	uint64_t words[WORDS], first_word; /* a block of the bitmap */
	size_t nwords;
};

static int by_frame(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static int fail(const char *what, struct err *e)
{
	return err_set(e, ERR_IO, "page_idle/bitmap: %s: %s", what, strerror(errno));
}

/* The word, from the block that was read last or another. */
static int get_word(struct pass *p, uint64_t at, uint64_t *out, struct err *e)
{
	if (at < p->first_word || at - p->first_word >= p->nwords) {
		const ssize_t got = pread(p->bitmap, p->words, sizeof(p->words),
					  (off_t)(at * sizeof(uint64_t)));
		if (got < 0)
			return fail("reading", e);
		p->first_word = at;
		p->nwords = (size_t)got / sizeof(uint64_t);
		if (!p->nwords) { /* frames beyond the bitmap have no bit */
			*out = UINT64_MAX;
			return 0;
		}
	}
	*out = p->words[at - p->first_word];
	return 0;
}

/* Frames of one word: which were touched; those are marked idle again, and only those. */
static int check_word(struct pass *p, const struct place *places, size_t n, struct err *e)
{
	const uint64_t at = places->frame / 64;
	uint64_t word = 0, marks = 0;
	const int rc = get_word(p, at, &word, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		const uint64_t bit = UINT64_C(1) << places[i].frame % 64;
		p->is_touched[places[i].index] = !(word & bit);
		marks |= ~word & bit;
	}
	if (marks && pwrite(p->bitmap, &marks, sizeof(marks), (off_t)(at * sizeof(marks))) < 0)
		return fail("writing", e);
	return 0;
}

static int check_chunk(void *ctx, uint64_t page, const uint64_t *entries, size_t n, struct err *e)
{
	struct pass *p = ctx;
	struct touch *t = p->touch;
	size_t nplaces = 0;
	int rc = 0;
	memset(p->is_touched, 0, n * sizeof(*p->is_touched));
	for (size_t i = 0; i < n; i++)
		if (entries[i] & is_present && entries[i] & frame_mask)
			p->places[nplaces++] =
				(struct place){ entries[i] & frame_mask, (uint32_t)i };
	qsort(p->places, nplaces, sizeof(*p->places), by_frame);
	p->nwords = 0; /* the kernel's bits go on changing */
	for (size_t i = 0, end; i < nplaces && !rc; i = end) {
		for (end = i + 1;
		     end < nplaces && p->places[end].frame / 64 == p->places[i].frame / 64;)
			end++;
		rc = check_word(p, &p->places[i], end - i, e);
	}
	for (size_t i = 0, end; i < n && !rc && t->has_baseline; i = end) {
		for (end = i + 1; end < n && p->is_touched[end] == p->is_touched[i];)
			end++;
		if (p->is_touched[i])
			rc = t->found(t->ctx, page + i, end - i, e);
	}
	return rc;
}

static int open_bitmap(struct touch *t, struct err *e)
{
	char path[300];
	if (t->has_marks)
		return 0;
	snprintf(path, sizeof(path), "%s/sys/kernel/mm/page_idle/bitmap", t->root);
	t->marks = open(path, O_RDWR | O_CLOEXEC);
	t->has_marks = t->marks >= 0;
	return t->has_marks ? 0
			    : err_set(e, errno == ENOENT ? ERR_FEATURE : ERR_PERM, "%s: %s", path,
				      strerror(errno));
}

int touch_idle_look(struct touch *t, struct err *e)
{
	const int rc = open_bitmap(t, e);
	if (rc)
		return rc;
	_free_ struct pass *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, ERR_NOMEM, "out of memory");
	p->touch = t;
	p->bitmap = t->marks;
	return touch_walk(t, check_chunk, p, e);
}
