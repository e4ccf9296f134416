// SPDX-License-Identifier: MIT
/* The table of methods, and what they share. */
#include "collect/touch.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "collect/procmaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPS_BYTES_MAX = 1 << 25 };

static const struct touch_method methods[TOUCH_METHODS] = {
	[TOUCH_SCAN] = { .name = "pagemap-scan",
			 .coverage = "writes only, of ranges that the process registered with "
				     "userfaultfd (write-protect, asynchronous)",
			 .is_write = true,
			 .look = touch_scan_look },
	[TOUCH_IDLE] = { .name = "page-idle",
			 .coverage = "touches of any kind and by whoever maps the page; guests of "
				     "KVM included",
			 .look = touch_idle_look },
	[TOUCH_SOFT_DIRTY] = { .name = "soft-dirty",
			       .coverage = "writes only; one between reading and clearing the "
					   "marks is missed",
			       .is_write = true,
			       .look = touch_soft_dirty_look },
};

const struct touch_method *touch_method(enum touch_method_id id)
{
	return &methods[id];
}

int touch_look(struct touch *t, const struct touch_method *m, struct err *e)
{
	const int rc = m->look(t, e);
	t->has_baseline |= !rc;
	return rc;
}

void touch_deinit(struct touch *t)
{
	touch_runs_free(&t->known);
	touch_runs_free(&t->written);
	if (t->has_marks)
		close(t->marks);
}

int touch_open(const struct touch *t, const char *name, int flags, int *fd_out, struct err *e)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/proc/%d/%s", t->root, (int)t->pid, name);
	*fd_out = open(path, flags | O_CLOEXEC);
	if (*fd_out >= 0)
		return 0;
	return err_set(e,
		       errno == EACCES || errno == EPERM   ? ERR_PERM
		       : errno == ENOENT || errno == ESRCH ? ERR_NOINPUT
							   : ERR_IO,
		       "%s: %s", path, strerror(errno));
}

/* ---- pagemap ---- */

typedef int chunk_fn(void *ctx, uint64_t page, const uint64_t *entries, size_t n, struct err *e);

static int walk_mapping(int fd, const struct procmap *m, uint64_t *entries, chunk_fn *chunk,
			void *ctx, struct err *e)
{
	const uint64_t end = m->end >> PAGE_SHIFT;
	for (uint64_t page = m->start >> PAGE_SHIFT; page < end;) {
		const size_t n = end - page < TOUCH_CHUNK_PAGES ? end - page : TOUCH_CHUNK_PAGES;
		const ssize_t got =
			pread(fd, entries, n * sizeof(*entries), (off_t)(page * sizeof(*entries)));
		if (got < (ssize_t)sizeof(*entries))
			return got < 0 ? err_set(e, errno == ESRCH ? ERR_NOINPUT : ERR_IO,
						 "pagemap: %s", strerror(errno))
				       : 0; /* the end of what a process may have, or its death */
		const size_t read = (size_t)got / sizeof(*entries);
		const int rc = chunk(ctx, page, entries, read, e);
		if (rc)
			return rc;
		page += read;
	}
	return 0;
}

int touch_walk(struct touch *t, chunk_fn *chunk, void *ctx, struct err *e)
{
	_free_ uint64_t *entries = malloc(TOUCH_CHUNK_PAGES * sizeof(*entries));
	_free_ char *text = NULL;
	char path[300];
	struct procmaps maps = {};
	size_t n;
	int fd, rc = touch_open(t, "pagemap", O_RDONLY, &fd, e);
	if (rc)
		return rc;
	if (!entries)
		rc = err_set(e, ERR_NOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/proc/%d/maps", t->root, (int)t->pid);
	if (!rc)
		rc = procfile_read(path, MAPS_BYTES_MAX, &text, &n, e);
	if (!rc && !n)
		rc = err_set(e, ERR_NOINPUT, "%s: empty: the process has ended", path);
	if (!rc)
		rc = procmaps_parse(text, n, &maps, e);
	for (size_t i = 0; i < maps.n && !rc; i++)
		if (maps.list[i].name[0] != '[' || !strncmp(maps.list[i].name, "[heap]", 6) ||
		    !strncmp(maps.list[i].name, "[stack", 6) ||
		    !strncmp(maps.list[i].name, "[anon", 5))
			rc = walk_mapping(fd, &maps.list[i], entries, chunk, ctx, e);
	procmaps_free(&maps);
	close(fd);
	return rc;
}
