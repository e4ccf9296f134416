// SPDX-License-Identifier: MIT
/* A ring of requests that wait for their answers; there are never many at a time. */
#include "collect/prqjoin.h"

#include "base/units.h"

#include <stdlib.h>

enum {
	ROWS_MAX = 1 << 12, /* a VT-d queue has 512 entries at most for one device */
	RESPONSE_TYPE = 9,  /* of a descriptor: page group response */
	NO_PASID = UINT32_MAX,
};

static const uint64_t wait_most_ns = 10000 * NS_PER_MS;

/* Who asked: what an answer repeats. */
struct asker {
	uint32_t pasid;
	uint16_t rid, group;
};

struct waiting {
	struct iopf_event row;
	struct asker asker;
	bool is_done;
};

struct prqjoin {
	int (*row)(void *ctx, const struct iopf_event *row, struct err *e);
	void *ctx;
	struct waiting ring[ROWS_MAX];
	uint64_t first, next; /* serial numbers of rows that wait: [first, next) */
};

int prqjoin_new(int (*row)(void *ctx, const struct iopf_event *row, struct err *e), void *ctx,
		struct prqjoin **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return err_set(e, ERR_NOMEM, "no memory to join page requests");
	(*out)->row = row;
	(*out)->ctx = ctx;
	return 0;
}

void prqjoin_free(struct prqjoin *j)
{
	free(j);
}

static uint64_t bits(uint64_t v, unsigned from, unsigned n)
{
	return v >> from & ((UINT64_C(1) << n) - 1);
}

static struct iopf_event new_row(uint64_t ts, uint16_t dev, uint64_t addr, uint8_t write)
{
	const uint64_t none = UINT64_MAX;
	return (struct iopf_event){
		.ts = ts,
		.report = none,
		.irq = none,
		.sched = none,
		.resolve = none,
		.map = none,
		.update = none,
		.resume = none,
		.dev = dev,
		.queue = UINT16_MAX,
		.as = AS_IOVA,
		.pfn = addr >> PAGE_SHIFT,
		.npages = 1,
		.write = write,
		.pasid = NO_PASID,
		.group = UINT32_MAX,
		.last = UINT8_MAX,
		.outcome = OUTCOME_UNKNOWN,
		.tier = TIER_UNKNOWN,
	};
}

static int give_ready(struct prqjoin *j, uint64_t now, struct err *e)
{
	int rc = 0;
	while (!rc && j->first < j->next) {
		const struct waiting *w = &j->ring[j->first % ROWS_MAX];
		const bool is_old = now > w->row.ts && now - w->row.ts > wait_most_ns;
		if (!w->is_done && !is_old && j->next - j->first < ROWS_MAX)
			break;
		rc = j->row(j->ctx, &j->ring[j->first++ % ROWS_MAX].row, e);
	}
	return rc;
}

static int add(struct prqjoin *j, const struct waiting *w, struct err *e)
{
	const int rc = give_ready(j, w->row.ts, e);
	if (rc)
		return rc;
	j->ring[j->next++ % ROWS_MAX] = *w;
	return w->is_done ? give_ready(j, w->row.ts, e) : 0;
}

int prqjoin_request(struct prqjoin *j, uint64_t ts, uint16_t dev, uint64_t qw0, uint64_t qw1,
		    struct err *e)
{
	struct waiting w = {
		.row = new_row(ts, dev, qw1, (uint8_t)bits(qw1, 1, 1)),
		.asker = { .pasid = bits(qw0, 8, 1) ? (uint32_t)bits(qw0, 32, 20) : NO_PASID,
			   .rid = (uint16_t)bits(qw0, 16, 16),
			   .group = (uint16_t)bits(qw1, 3, 9) },
	};
	w.row.report = ts;
	w.row.pasid = w.asker.pasid;
	w.row.group = w.asker.group;
	w.row.last = (uint8_t)bits(qw1, 2, 1);
	w.row.source = PRQJOIN_REQUEST;
	return add(j, &w, e);
}

static bool is_same(const struct asker *a, const struct asker *b)
{
	return a->pasid == b->pasid && a->rid == b->rid && a->group == b->group;
}

int prqjoin_descriptor(struct prqjoin *j, uint64_t ts, uint64_t qw0, uint64_t qw1, struct err *e)
{
	if (bits(qw0, 0, 4) != RESPONSE_TYPE)
		return 1;
	const struct asker asker = {
		.pasid = bits(qw0, 4, 1) ? (uint32_t)bits(qw0, 32, 20) : NO_PASID,
		.rid = (uint16_t)bits(qw0, 16, 16),
		.group = (uint16_t)bits(qw1, 3, 9),
	};
	const bool is_success = !bits(qw0, 12, 4);
	bool is_any = false;
	for (uint64_t i = j->first; i < j->next; i++) {
		struct waiting *w = &j->ring[i % ROWS_MAX];
		if (w->is_done || !is_same(&w->asker, &asker))
			continue;
		w->row.resume = ts;
		w->row.outcome = is_success ? OUTCOME_DONE : OUTCOME_FAILED;
		w->is_done = is_any = true;
	}
	const int rc = give_ready(j, ts, e);
	return rc ? rc : !is_any;
}

int prqjoin_error(struct prqjoin *j, uint64_t ts, uint16_t dev, uint64_t iova, uint8_t write,
		  struct err *e)
{
	struct waiting w = { .row = new_row(ts, dev, iova, write), .is_done = true };
	w.row.outcome = OUTCOME_FAILED;
	w.row.source = PRQJOIN_ERROR;
	return add(j, &w, e);
}

uint64_t prqjoin_oldest(const struct prqjoin *j)
{
	return j->first < j->next ? j->ring[j->first % ROWS_MAX].row.ts : UINT64_MAX;
}

int prqjoin_finish(struct prqjoin *j, struct err *e)
{
	int rc = 0;
	while (!rc && j->first < j->next)
		rc = j->row(j->ctx, &j->ring[j->first++ % ROWS_MAX].row, e);
	return rc;
}
