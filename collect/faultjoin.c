// SPDX-License-Identifier: MIT
/* A ring of rows that wait, and for each task the last of them. */
#include "collect/faultjoin.h"

#include "base/units.h"

#include <stdlib.h>

enum { ROWS_MAX = 1 << 12, TASKS = 1 << 12 };

static const uint64_t wait_most_ns = 1000 * NS_PER_MS;

struct waiting {
	struct fault_event row;
	uint32_t task;
	uint8_t has; /* enum faultjoin_event, ORed */
	bool is_done;
};

/* The newest row of a task; tasks that share the place push each other out. */
struct last {
	uint32_t task;
	uint64_t serial;
};

struct faultjoin {
	struct faultjoin_options o;
	struct waiting ring[ROWS_MAX];
	uint64_t first, next; /* serial numbers of the rows that wait: [first, next) */
	struct last tasks[TASKS];
};

int faultjoin_new(const struct faultjoin_options *o, struct faultjoin **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_NOMEM, "no memory to join page faults");
	(*out)->o = *o;
	return 0;
}

void faultjoin_free(struct faultjoin *j)
{
	free(j);
}

static int give_first(struct faultjoin *j, struct err *e)
{
	return j->o.row(j->o.ctx, &j->ring[j->first++ % ROWS_MAX].row, e);
}

/* Rows at the front that need not wait any longer at a time. */
static int give_ready(struct faultjoin *j, uint64_t now, struct err *e)
{
	int rc = 0;
	while (!rc && j->first < j->next) {
		const struct waiting *w = &j->ring[j->first % ROWS_MAX];
		const bool is_old = now > w->row.ts && now - w->row.ts > wait_most_ns;
		if (!w->is_done && !is_old && j->next - j->first < ROWS_MAX)
			break;
		rc = give_first(j, e);
	}
	return rc;
}

/* The task's newest row that waits, or NULL. */
static struct waiting *find(struct faultjoin *j, uint32_t task)
{
	const struct last *l = &j->tasks[task % TASKS];
	if (l->task != task || l->serial < j->first || l->serial >= j->next)
		return NULL;
	return &j->ring[l->serial % ROWS_MAX];
}

int faultjoin_event(struct faultjoin *j, enum faultjoin_event what, uint32_t task,
		    const struct fault_event *row, struct err *e)
{
	if (!(j->o.events & ~(unsigned)what))
		return j->o.row(j->o.ctx, row, e); /* nothing to join with */

	struct waiting *w = find(j, task);
	if (w && !w->is_done && !(w->has & what) && w->has < what &&
	    w->row.va >> PAGE_SHIFT == row->va >> PAGE_SHIFT) {
		w->has |= (uint8_t)what;
		if (what == FAULTJOIN_OUTCOME)
			w->row.major = row->major;
		w->is_done = w->has == j->o.events;
		return give_ready(j, row->ts, e);
	}
	if (w && !w->is_done) {
		if (j->o.events & FAULTJOIN_OUTCOME && !j->o.has_minor && w->row.major == UINT8_MAX)
			w->row.major = 0;
		w->is_done = true;
	}
	const int rc = give_ready(j, row->ts, e);
	if (rc)
		return rc;
	j->ring[j->next % ROWS_MAX] =
		(struct waiting){ .row = *row, .task = task, .has = (uint8_t)what };
	j->tasks[task % TASKS] = (struct last){ task, j->next++ };
	return 0;
}

int faultjoin_finish(struct faultjoin *j, struct err *e)
{
	int rc = 0;
	while (!rc && j->first < j->next)
		rc = give_first(j, e);
	return rc;
}
