// SPDX-License-Identifier: MIT
/*
 * PAGEMAP_SCAN (Linux 6.7, Documentation/admin-guide/mm/pagemap.rst): pages
 * written since they were write-protected. Only ranges that the process itself
 * registered with userfaultfd for asynchronous write-protection have the mark;
 * from outside all others look written.
 *
 * With may_reset each look write-protects again what it found. Without it the
 * marks are only read: a page shows once, until the process protects it anew.
 * What lies in a range that was not there at the last look is left out: its
 * pages may have been written long before.
 */
#include "collect/touch.h"

#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { REGIONS = 2048 };

/* As the kernel has them; <linux/fs.h> of Debian 12 does not. */
struct region {
	uint64_t start, end, categories;
};
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan)

static const uint64_t is_wp_allowed = 1 << 0, is_written = 1 << 1; /* categories */
static const uint64_t write_protects = 1 << 0;                     /* flag */
#ifdef __aarch64__
static const uint64_t user_end = UINT64_C(0xfffffffff000);
#else
static const uint64_t user_end = UINT64_C(0x7ffffffff000); /* where mmap stays, 5 levels too */
#endif

typedef int region_fn(struct touch *t, struct touch_run run, void *ctx, struct err *e);

/* All regions of these categories, in order of address. */
static int scan(struct touch *t, int fd, uint64_t categories, uint64_t flags, region_fn *each,
		void *ctx, struct err *e)
{
	struct region regions[REGIONS];
	struct scan s = { .size = sizeof(s),
			  .flags = flags,
			  .end = user_end,
			  .vec = (uintptr_t)regions,
			  .vec_len = REGIONS,
			  .category_mask = categories,
			  .return_mask = categories };
	int rc = 0;
	while (!rc && s.start < s.end) {
		const int n = ioctl(fd, SCAN_IOCTL, &s);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e,
				       errno == ESRCH                       ? ERR_NOINPUT
				       : errno == ENOTTY || errno == EINVAL ? ERR_FEATURE
									    : ERR_IO,
				       "PAGEMAP_SCAN of process %d: %s%s", (int)t->pid,
				       strerror(errno), errno == ENOTTY ? ": needs Linux 6.7" : "");
		for (int i = 0; i < n && i < REGIONS && !rc; i++)
			rc = each(t,
				  (struct touch_run){ regions[i].start >> PAGE_SHIFT,
						      regions[i].end >> PAGE_SHIFT },
				  ctx, e);
		if (s.walk_end <= s.start)
			break;
		s.start = s.walk_end;
	}
	return rc;
}

static int collect(struct touch *t, struct touch_run run, void *ctx, struct err *e)
{
	(void)t;
	return touch_runs_add(ctx, run, e);
}

/* The look at hand. */
struct pass {
	struct touch_runs written; /* without reset */
	size_t at_known, at_written;
};

/* Of a run in a known range: what was not written at the last look. */
static int tell_new(struct touch *t, struct pass *p, struct touch_run run, struct err *e)
{
	struct touch_run part;
	int rc = 0;
	while (!rc &&
	       touch_runs_part(&t->written, &p->at_written, false, &run.page, run.end, &part))
		rc = t->found(t->ctx, part.page, part.end - part.page, e);
	return rc;
}

static int tell(struct touch *t, struct touch_run run, void *ctx, struct err *e)
{
	struct pass *p = ctx;
	struct touch_run part, rest = run;
	int rc = t->may_reset ? 0 : touch_runs_add(&p->written, run, e);
	while (!rc && t->has_baseline &&
	       touch_runs_part(&t->known, &p->at_known, true, &rest.page, rest.end, &part))
		rc = tell_new(t, p, part, e);
	return rc;
}

int touch_scan_look(struct touch *t, struct err *e)
{
	struct touch_runs ranges = {};
	struct pass p = {};
	int fd, rc = touch_open(t, "pagemap", O_RDONLY, &fd, e);
	if (rc)
		return rc;
	/* ranges first: each of them is then certainly protected by what follows */
	rc = scan(t, fd, is_wp_allowed, 0, collect, &ranges, e);
	if (!rc)
		rc = scan(t, fd, is_wp_allowed | is_written, t->may_reset ? write_protects : 0,
			  tell, &p, e);
	close(fd);
	if (rc) {
		touch_runs_free(&ranges);
		touch_runs_free(&p.written);
		return rc;
	}
	touch_runs_free(&t->known);
	touch_runs_free(&t->written);
	t->known = ranges;
	t->written = p.written;
	return 0;
}

int touch_scan_has_ranges(const struct touch *t, bool *has_out, struct err *e)
{
	struct touch_runs ranges = {};
	struct touch other = *t;
	int fd, rc = touch_open(t, "pagemap", O_RDONLY, &fd, e);
	*has_out = false;
	if (rc)
		return rc;
	rc = scan(&other, fd, is_wp_allowed, 0, collect, &ranges, e);
	close(fd);
	*has_out = ranges.n;
	touch_runs_free(&ranges);
	return rc;
}
