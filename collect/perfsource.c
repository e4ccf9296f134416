// SPDX-License-Identifier: MIT
/* What events of perf are good for, and their accounts. */
#include "collect/perfsource.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOURCES_MAX = 1 << 12, /* beyond, events share one account */
	/* mem_op of union perf_mem_data_src: bits 0 to 4 */
	MEM_OP_LOAD = 1 << 1,
	MEM_OP_STORE = 1 << 2,
};

/* Of the processor's events those about TLBs and page walks, by number or by their makers' names.
 */
static bool is_walk(const struct perfdata_attr *a)
{
	if (a->type == PERFDATA_HW_CACHE)
		return (a->config & 0xff) == PERFDATA_CACHE_DTLB ||
		       (a->config & 0xff) == PERFDATA_CACHE_ITLB;
	return a->type != PERFDATA_BREAKPOINT &&
	       (strcasestr(a->name, "walk") || strcasestr(a->name, "tlb"));
}

enum perfsource_use perfsource_use_of(const struct perfdata_attr *a)
{
	if (!(a->sample_type & PERFDATA_HAS_TIME))
		return PERFSOURCE_NO_TIME;
	if (a->type == PERFDATA_TRACEPOINT)
		return a->sample_type & PERFDATA_HAS_RAW ? PERFSOURCE_TRACEPOINT
							 : PERFSOURCE_NO_RAW;
	const bool has_addr = a->sample_type & PERFDATA_HAS_ADDR;
	if (a->type == PERFDATA_SOFTWARE) {
		const enum perfsource_use use =
			a->config == PERFDATA_PAGE_FAULTS    ? PERFSOURCE_FAULT
			: a->config == PERFDATA_FAULTS_MINOR ? PERFSOURCE_MINOR
			: a->config == PERFDATA_FAULTS_MAJOR ? PERFSOURCE_MAJOR
							     : PERFSOURCE_OTHER;
		return use != PERFSOURCE_OTHER && !has_addr ? PERFSOURCE_NO_ADDRESS : use;
	}
	if (is_walk(a))
		return PERFSOURCE_WALK;
	return has_addr && a->sample_type & PERFDATA_HAS_DATA_SRC ? PERFSOURCE_MEMORY
								  : PERFSOURCE_OTHER;
}

/* As the decoder of tracepoints calls it, as perf does, or made of its numbers. */
static void name_source(const struct perfdata_attr *a, const struct tracepoints *points, char *out,
			size_t cap)
{
	static const char *const software[] = {
		"cpu-clock",        "task-clock",   "page-faults",  "context-switches",
		"cpu-migrations",   "minor-faults", "major-faults", "alignment-faults",
		"emulation-faults", "dummy",        "bpf-output",   "cgroup-switches",
	};
	const char *known = a->type == PERFDATA_TRACEPOINT ? tracepoints_name(points, a->config)
							   : NULL;
	if (!known && a->name[0])
		known = a->name;
	if (!known && a->type == PERFDATA_SOFTWARE &&
	    a->config < sizeof(software) / sizeof(*software))
		known = software[a->config];
	if (known)
		snprintf(out, cap, "%s", known);
	else
		snprintf(out, cap, "%s:%" PRIu64,
			 a->type == PERFDATA_TRACEPOINT ? "tracepoint" : "event", a->config);
}

/* The place of a source, made when it is new. */
static int find_or_add(struct perfsources *ss, const struct perfdata_attr *a,
		       const struct tracepoints *points, uint32_t *at_out, struct err *e)
{
	struct perfsource x = {
		.use = perfsource_use_of(a),
		.config = a->config,
		.period = a->period,
		.is_freq = a->is_freq,
	};
	name_source(a, points, x.name, sizeof(x.name));
	for (uint32_t i = 0; i < ss->n; i++)
		if (ss->list[i].use == x.use && !strcmp(ss->list[i].name, x.name)) {
			*at_out = i;
			return 0;
		}
	if (ss->n == SOURCES_MAX) {
		*at_out = SOURCES_MAX - 1;
		return 0;
	}
	if (ss->n + 1 == SOURCES_MAX)
		x = (struct perfsource){ .name = "perf:other events" };
	if (ss->n == ss->cap) {
		const uint32_t cap = ss->cap ? 2 * ss->cap : 16;
		struct perfsource *p = realloc(ss->list, cap * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %u events", cap);
		ss->list = p;
		ss->cap = cap;
	}
	ss->list[ss->n] = x;
	*at_out = ss->n++;
	return 0;
}

int perfsources_of(struct perfsources *ss, const struct perfdata *file, uint32_t attr,
		   const struct tracepoints *points, uint32_t *number_out, struct err *e)
{
	if (attr < ss->nattrs && ss->of_attr[attr]) {
		*number_out = ss->of_attr[attr] - 1;
		return 0;
	}
	uint32_t n, at = 0;
	const struct perfdata_attr *a = perfdata_attrs(file, &n);
	if (attr >= ss->nattrs) {
		uint32_t *p = realloc(ss->of_attr, n * sizeof(*p));
		if (!p)
			return err_set(e, ERR_NOMEM, "no memory for %u events", n);
		memset(p + ss->nattrs, 0, (n - ss->nattrs) * sizeof(*p));
		ss->of_attr = p;
		ss->nattrs = n;
	}
	const int rc = find_or_add(ss, &a[attr], points, &at, e);
	if (rc)
		return rc;
	ss->of_attr[attr] = at + 1;
	*number_out = at;
	return 0;
}

void perfsources_next_file(struct perfsources *ss)
{
	free(ss->of_attr);
	ss->of_attr = NULL;
	ss->nattrs = 0;
}

int perfsources_harvest(struct perfsources *ss, const struct perfdata *file,
			const struct tracepoints *points, struct err *e)
{
	uint32_t n, at;
	const struct perfdata_attr *a = perfdata_attrs(file, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!a[i].bad && !a[i].lost && !a[i].bpf_dropped)
			continue;
		const int rc = perfsources_of(ss, file, i, points, &at, e);
		if (rc)
			return rc;
		struct trace_account *x = &ss->list[at].account;
		x->seen += a[i].bad + a[i].lost + a[i].bpf_dropped;
		x->decode_error += a[i].bad;
		x->ring_lost += a[i].lost;
		x->filtered += a[i].bpf_dropped;
	}
	return 0;
}

void perfsources_deinit(struct perfsources *ss)
{
	free(ss->list);
	free(ss->of_attr);
}

const char *perfsource_kind(const struct perfsource *x)
{
	static const struct {
		const char *system, *kind;
	} systems[] = { { "dma:", "dma" },
			{ "iommu:", "dma" },
			{ "block:", "io" },
			{ "nvme:", "io" },
			{ "exceptions:", "fault" } };
	if (x->use == PERFSOURCE_MEMORY)
		return "mem";
	if (x->use == PERFSOURCE_WALK)
		return "walk";
	if (x->use == PERFSOURCE_FAULT || x->use == PERFSOURCE_MINOR || x->use == PERFSOURCE_MAJOR)
		return "fault";
	for (size_t i = 0;
	     x->use == PERFSOURCE_TRACEPOINT && i < sizeof(systems) / sizeof(*systems); i++)
		if (!strncmp(x->name, systems[i].system, strlen(systems[i].system)))
			return systems[i].kind;
	return NULL;
}

bool perfsource_is_sampled(const struct perfsource *x)
{
	/* what a processor samples are never all its loads, nor all walks, whatever the period */
	return x->is_freq || x->period > 1 || x->use == PERFSOURCE_MEMORY ||
	       x->use == PERFSOURCE_WALK;
}

int perfsource_number(struct perfsource *x, struct trace_writer *w, uint16_t *number_out,
		      struct err *e)
{
	static const char *const what[PERFSOURCE_USES] = {
		[PERFSOURCE_FAULT] = "page faults with their address; asid is the process's number",
		[PERFSOURCE_MINOR] = "minor page faults; asid is the process's number",
		[PERFSOURCE_MAJOR] = "major page faults; asid is the process's number",
		[PERFSOURCE_MEMORY] = "loads and stores that the processor sampled; asid is the "
				      "process's number, bytes are not told",
		[PERFSOURCE_WALK] = "page walks that the processor sampled, a distribution; "
				    "asid is the process's number",
	};
	char coverage[200];
	int rc = 0;
	if (!x->has_number) {
		const char *text = what[x->use] ? what[x->use] : "";
		if (x->is_freq)
			snprintf(coverage, sizeof(coverage),
				 "sampled, about %" PRIu64 " a second: %s", x->period, text);
		else if (x->period > 1)
			snprintf(coverage, sizeof(coverage), "sampled, one of %" PRIu64 ": %s",
				 x->period, text);
		else
			snprintf(coverage, sizeof(coverage), "%s%s",
				 perfsource_is_sampled(x) ? "" : "all ", text);
		rc = trace_writer_source(w, x->name, coverage, &x->number, e);
		x->has_number = !rc;
	}
	*number_out = x->number;
	return rc;
}

bool perfsource_access(uint64_t data_src, uint8_t *rw_out)
{
	switch (data_src & (MEM_OP_LOAD | MEM_OP_STORE)) {
	case MEM_OP_LOAD:
		*rw_out = MEM_LOAD;
		return true;
	case MEM_OP_STORE:
		*rw_out = MEM_STORE;
		return true;
	case MEM_OP_LOAD | MEM_OP_STORE:
		*rw_out = MEM_MODIFY;
		return true;
	default:
		return false;
	}
}

const char *perfsource_clock(const struct perfdata_attr *a)
{
	static const struct {
		int32_t id;
		const char *name;
	} clocks[] = {
		{ 0, "realtime" }, { 1, "mono" }, { 4, "mono_raw" }, { 7, "boot" }, { 11, "tai" }
	};
	if (!a->has_clockid)
		return "perf";
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
		if (clocks[i].id == a->clockid)
			return clocks[i].name;
	return "unknown";
}

/* ---- accounts ---- */

static void add_account(struct trace_account *to, const struct trace_account *a)
{
	to->seen += a->seen;
	to->stored += a->stored;
	to->filtered += a->filtered;
	to->ring_lost += a->ring_lost;
	to->shed += a->shed;
	to->decode_error += a->decode_error;
	to->unaccounted += a->unaccounted;
}

/* Adds the accounts of sources of that name. */
static void add_sources(const struct perfsources *ss, const char *name, uint32_t from,
			struct trace_account *to)
{
	for (uint32_t i = from; i < ss->n; i++)
		if (!strcmp(ss->list[i].name, name))
			add_account(to, &ss->list[i].account);
}

static bool has_line(const struct perfsources *ss, const struct tracepoints *points, uint32_t at)
{
	const char *name;
	struct trace_account a;
	for (uint32_t i = 0; i < at; i++)
		if (!strcmp(ss->list[i].name, ss->list[at].name))
			return true;
	for (size_t i = 0; tracepoints_account(points, i, &name, &a); i++)
		if (!strcmp(name, ss->list[at].name))
			return true;
	return false;
}

int perfsources_put_accounts(const struct perfsources *ss, const struct tracepoints *points,
			     struct trace_writer *w, struct err *e)
{
	const char *name;
	struct trace_account a;
	int rc = 0;
	for (size_t i = 0; !rc && tracepoints_account(points, i, &name, &a); i++) {
		add_sources(ss, name, 0, &a);
		if (a.seen)
			rc = trace_writer_account(w, name, &a, e);
	}
	for (uint32_t i = 0; !rc && i < ss->n; i++) {
		if (has_line(ss, points, i))
			continue;
		a = (struct trace_account){};
		add_sources(ss, ss->list[i].name, i, &a);
		if (a.seen)
			rc = trace_writer_account(w, ss->list[i].name, &a, e);
	}
	return rc;
}
