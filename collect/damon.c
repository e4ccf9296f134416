// SPDX-License-Identifier: MIT
/* DAMON's sysfs files (admin/kdamonds/N/..) and the records of its tracepoint. */
#include "collect/damon.h"

#include "base/units.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_NUMBER_BITS = 52, PERIODS_MOST = 16 };

/* ---- sysfs ---- */

static bool read_text(const char *folder, const char *name, char *out, size_t size)
{
	char path[PATH_MAX + 100];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "re");
	*out = 0;
	if (!f)
		return false;
	const size_t n = fread(out, 1, size - 1, f);
	fclose(f);
	out[n] = 0;
	out[strcspn(out, "\n")] = 0;
	return n;
}

static uint64_t read_number(const char *folder, const char *name, uint64_t otherwise)
{
	char text[32];
	return read_text(folder, name, text, sizeof(text)) ? strtoull(text, NULL, 10) : otherwise;
}

static void read_targets(const char *folder, struct damon_kdamond *k)
{
	const uint64_t n = read_number(folder, "contexts/0/targets/nr_targets", 0);
	for (unsigned i = 0; i < n && i < DAMON_TARGETS_MAX; i++) {
		char name[80];
		snprintf(name, sizeof(name), "contexts/0/targets/%u/pid_target", i);
		k->targets[k->ntargets++] = (int32_t)read_number(folder, name, 0);
	}
}

/* Whether it is on, and of a sort that is known: one context, its addresses pages of 4 KiB or so.
 */
static bool read_kdamond(const char *folder, struct damon_kdamond *k)
{
	char state[16], operations[16];
	*k = (struct damon_kdamond){};
	if (!read_text(folder, "state", state, sizeof(state)) || strcmp(state, "on") ||
	    read_number(folder, "contexts/nr_contexts", 0) != 1)
		return false;
	read_text(folder, "contexts/0/operations", operations, sizeof(operations));
	k->is_physical = !strcmp(operations, "paddr");
	if (!k->is_physical && strcmp(operations, "vaddr") && strcmp(operations, "fvaddr"))
		return false;
	k->pid = (int32_t)read_number(folder, "pid", 0);
	k->unit = read_number(folder, "contexts/0/addr_unit", 1);
	k->sample_ns = NS_PER_US *
		       read_number(folder, "contexts/0/monitoring_attrs/intervals/sample_us", 0);
	k->aggregation_ns =
		NS_PER_US * read_number(folder, "contexts/0/monitoring_attrs/intervals/aggr_us", 0);
	read_targets(folder, k);
	return k->pid > 0 && k->unit && k->unit <= PAGE_BYTES && k->aggregation_ns;
}

void damon_read(struct damon *d, const char *root)
{
	char folder[PATH_MAX];
	memset(d, 0, sizeof(*d));
	snprintf(folder, sizeof(folder), "%s/sys/kernel/mm/damon/admin/kdamonds", root);
	const uint64_t n = read_number(folder, "nr_kdamonds", 0);
	for (unsigned i = 0; i < n && d->n < DAMON_KDAMONDS_MAX; i++) {
		snprintf(folder, sizeof(folder), "%s/sys/kernel/mm/damon/admin/kdamonds/%u", root,
			 i);
		d->n += read_kdamond(folder, &d->list[d->n]);
	}
}

static bool tells_of(const struct damon_kdamond *k, int32_t process)
{
	for (unsigned i = 0; i < k->ntargets && !k->is_physical; i++)
		if (process && k->targets[i] == process)
			return true;
	return !process && k->is_physical;
}

uint64_t damon_monitors(const struct damon *d, int32_t process)
{
	uint64_t longest = 0;
	for (unsigned i = 0; i < d->n; i++)
		if (tells_of(&d->list[i], process) && d->list[i].aggregation_ns > longest)
			longest = d->list[i].aggregation_ns;
	return longest;
}

/* ---- records ---- */

int damon_fields_find(const struct evformat *f, struct damon_fields *out, struct err *e)
{
	const struct {
		const char *name;
		struct evfield *to;
	} wanted[] = { { "common_pid", &out->pid },
		       { "target_id", &out->target },
		       { "start", &out->start },
		       { "end", &out->end },
		       { "nr_accesses", &out->accesses } };
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		const struct evfield *found = evformat_find(f, wanted[i].name);
		if (!found)
			return err_set(e, ERR_FORMAT, "damon:damon_aggregated has no field %s",
				       wanted[i].name);
		*wanted[i].to = *found;
	}
	return 0;
}

/* Regions of an aggregation come by target and in order of address: one that does not begins the
 * next, which covers the time since then. */
static uint64_t period_of(struct damon_kdamond *k, uint64_t target, uint64_t start, uint64_t ts_ns)
{
	const bool is_next = target < k->target || (target == k->target && start <= k->start);
	if (!k->told_ns || is_next) {
		k->before_ns = k->told_ns;
		k->told_ns = ts_ns;
	}
	k->target = target;
	k->start = start;
	/* a gap is not a period: somebody stopped it for a while, or records were lost */
	if (!k->before_ns || k->told_ns - k->before_ns > PERIODS_MOST * k->aggregation_ns)
		return k->aggregation_ns;
	return k->told_ns - k->before_ns;
}

static struct damon_kdamond *find_kdamond(struct damon *d, uint64_t pid)
{
	for (unsigned i = 0; i < d->n; i++)
		if ((uint64_t)d->list[i].pid == pid)
			return &d->list[i];
	return NULL;
}

bool damon_region_decode(struct damon *d, const struct damon_fields *f, uint64_t ts_ns,
			 const uint8_t *rec, size_t n, struct damon_region *out)
{
	uint64_t pid, target, start, end, count, first, last;
	*out = (struct damon_region){};
	if (!evfield_u64(&f->pid, rec, n, &pid) || !evfield_u64(&f->target, rec, n, &target) ||
	    !evfield_u64(&f->start, rec, n, &start) || !evfield_u64(&f->end, rec, n, &end) ||
	    !evfield_u64(&f->accesses, rec, n, &count))
		return false;
	struct damon_kdamond *k = find_kdamond(d, pid);
	if (!k)
		return true;
	if (__builtin_mul_overflow(start, k->unit, &first) ||
	    __builtin_mul_overflow(end, k->unit, &last) || first >= last || count > UINT32_MAX)
		return false;
	out->kdamond = k;
	out->process = k->is_physical || target >= k->ntargets ? 0 : k->targets[target];
	out->page = first >> PAGE_SHIFT;
	out->npages = ((last - 1) >> PAGE_SHIFT) - out->page + 1;
	out->count = (uint32_t)count;
	out->period_ns = period_of(k, target, start, ts_ns);
	out->told_ns = k->told_ns;
	return (out->page + out->npages) >> PAGE_NUMBER_BITS == 0;
}
