// SPDX-License-Identifier: MIT
/*
 * Soft-dirty bits (Documentation/admin-guide/mm/soft-dirty.rst): bit 55 of a
 * pagemap entry, cleared for the whole process by clear_refs. That writes its
 * page table and takes the bits from others who use them (CRIU): may_reset is
 * the user's word for it.
 */
#include "collect/touch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const uint64_t is_soft_dirty = UINT64_C(1) << 55;
static const uint64_t is_there = UINT64_C(3) << 62; /* in memory, or in swap */

static int tell_chunk(void *ctx, uint64_t page, const uint64_t *entries, size_t n, struct err *e)
{
	struct touch *t = ctx;
	int rc = 0;
	for (size_t i = 0, end; i < n && !rc; i = end) {
		const bool is_touched = entries[i] & is_soft_dirty && entries[i] & is_there;
		end = i + 1;
		while (is_touched && end < n && entries[end] & is_soft_dirty &&
		       entries[end] & is_there)
			end++;
		if (is_touched && t->has_baseline)
			rc = t->found(t->ctx, page + i, end - i, e);
	}
	return rc;
}

static int clear_marks(struct touch *t, struct err *e)
{
	const int rc = t->has_marks ? 0 : touch_open(t, "clear_refs", O_WRONLY, &t->marks, e);
	if (rc)
		return rc;
	t->has_marks = true;
	if (pwrite(t->marks, "4", 1, 0) != 1)
		return err_set(e, errno == ESRCH ? ERR_NOINPUT : ERR_FEATURE,
			       "clear_refs of process %d: %s", (int)t->pid, strerror(errno));
	return 0;
}

int touch_soft_dirty_look(struct touch *t, struct err *e)
{
	const int rc = t->has_baseline ? touch_walk(t, tell_chunk, t, e) : 0;
	return rc ? rc : clear_marks(t, e);
}
