// SPDX-License-Identifier: MIT
/*
 * Which pages a process touched since the last look, by what the kernel marks in
 * its page table. A method looks once a period; what it costs the process and
 * what it does not see is its own (the table in collect/touch.c).
 */
#ifndef PUGMARK_COLLECT_TOUCH_H
#define PUGMARK_COLLECT_TOUCH_H

#include "base/err.h"
#include "collect/touch-runs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The order of `touch.method`'s choices. */
enum touch_method_id {
	TOUCH_AUTO,
	TOUCH_SCAN,
	TOUCH_IDLE,
	TOUCH_SOFT_DIRTY,
	TOUCH_METHODS,
	TOUCH_DAMON = TOUCH_METHODS /* not looked at here: the probe damon */
};

struct touch {
	char root[200]; /* "", or a folder with copies of /proc and /sys for tests */
	pid_t pid;
	bool may_reset;    /* marks of the process that others may rely on are taken back */
	bool has_baseline; /* a look before this one: what it finds is new */

	/* told of the pages touched, in order of address, by a look; stops at an error */
	int (*found)(void *ctx, uint64_t page, uint64_t npages, struct err *e);
	void *ctx;

	/* private to the methods */
	int marks; /* what is written to mark again, once it is open: rights are given up later */
	bool has_marks;
	struct touch_runs known;   /* scan: ranges that were there at the last look */
	struct touch_runs written; /* scan without reset: as it was at the last look */
};

struct touch_method {
	const char *name, *coverage;
	bool is_write; /* tells writes; else touches of any kind */
	/* 0; ERR_NOINPUT: the process has ended; other errors are for people */
	int (*look)(struct touch *t, struct err *e);
};

/* Of those that look: not TOUCH_AUTO, not TOUCH_DAMON. */
const struct touch_method *touch_method(enum touch_method_id id);

/* 0, and has_baseline from then on. */
int touch_look(struct touch *t, const struct touch_method *m, struct err *e);
void touch_deinit(struct touch *t);

/* Whether the process has ranges that PAGEMAP_SCAN can tell writes of; ERR_FEATURE, ERR_PERM .. */
int touch_scan_has_ranges(const struct touch *t, bool *has_out, struct err *e);

/* Opens ROOT/proc/PID/NAME. */
int touch_open(const struct touch *t, const char *name, int flags, int *fd_out, struct err *e);

/* The methods, for touch.c. */
int touch_scan_look(struct touch *t, struct err *e);
int touch_idle_look(struct touch *t, struct err *e);
int touch_soft_dirty_look(struct touch *t, struct err *e);

/*
 * All pages of the process, as /proc/PID/pagemap has them, n entries from a page
 * on at a time.
 */
int touch_walk(struct touch *t,
	       int (*chunk)(void *ctx, uint64_t page, const uint64_t *entries, size_t n,
			    struct err *e),
	       void *ctx, struct err *e);

enum { TOUCH_CHUNK_PAGES = 1 << 14 };

#endif
