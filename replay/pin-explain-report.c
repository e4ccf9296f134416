// SPDX-License-Identifier: MIT
/*
 * Tables of `pugmark pin --explain`: by device and use, by page range, by how
 * long pages had been idle, by time, by burst. For people the largest of each,
 * for programs (almost) all.
 */
#include "replay/pin-explain.h"

#include "base/cleanup.h"
#include "base/units.h"
#include "replay/pin-figures.h"
#include "store/trace-meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 6, TOLD = 1000 }; /* rows for people, for programs */

struct telling {
	struct report *report;
	const struct pin_answer *answer;
	const struct pin_story *story;
	struct trace_device_info *devices;
	unsigned ndevices;
	size_t most; /* rows of a table */
};

static const char *device_name(const struct telling *t, unsigned dev)
{
	for (unsigned i = 0; i < t->ndevices; i++)
		if (t->devices[i].dev == dev)
			return t->devices[i].bdf;
	return "unknown";
}

static const char *class_name(const struct telling *t, unsigned dev)
{
	return pin_class_names[t->answer->devices->class_of_dev[dev]];
}

static uint64_t share_ppm(const struct telling *t, uint64_t n)
{
	return quantity_ratio_ppm(n, t->story->log.n);
}

/* UINT64_MAX is "none" */
static struct report_value known(uint64_t v)
{
	return v == UINT64_MAX ? REPORT_NULL() : REPORT_U(v);
}

/* ---- by device and use ---- */

struct fault {
	uint16_t dev;
	uint8_t use;
	uint32_t page;
	uint64_t idle_ns;
};

static int by_group(const void *pa, const void *pb)
{
	const struct fault *a = pa, *b = pb;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->use != b->use)
		return a->use < b->use ? -1 : 1;
	return a->idle_ns < b->idle_ns ? -1 : a->idle_ns > b->idle_ns;
}

struct group {
	uint16_t dev;
	uint8_t use;
	uint64_t iopf, pages, idle_p50_ns, mapped_mean_ns, dmas, maps;
};

static int by_iopf(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;
	if (a->iopf != b->iopf)
		return a->iopf > b->iopf ? -1 : 1;
	return a->dev != b->dev ? (a->dev < b->dev ? -1 : 1) : a->use - b->use;
}

/* n faults of one device and use, by idle time; seen: pages that were counted for it (all false).
 */
static struct group sum_group(const struct pin_story *s, const struct fault *f, size_t n,
			      uint8_t *seen)
{
	struct group g = { .dev = f->dev, .use = f->use, .iopf = n };
	uint64_t mapped_ns = 0, finished = 0;
	g.idle_p50_ns = f[(n - 1) / 2].idle_ns;
	for (size_t i = 0; i < n; i++) {
		const struct pin_page_story *p = &s->pages[f[i].page];
		if (seen[f[i].page])
			continue;
		seen[f[i].page] = 1;
		g.pages++;
		g.dmas += p->dmas;
		g.maps += p->maps;
		mapped_ns += p->mapped_ns;
		finished += p->finished;
	}
	g.mapped_mean_ns = finished ? mapped_ns / finished : UINT64_MAX;
	for (size_t i = 0; i < n; i++)
		seen[f[i].page] = 0;
	return g;
}

static const struct report_column use_columns[] = {
	{ "device", NULL, REPORT_TEXT, 0 },
	{ "device_class", "class", REPORT_TEXT, 0 },
	{ "use", NULL, REPORT_TEXT, 0 },
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "share", NULL, REPORT_PPM, REPORT_ONLY_TABLE },
	{ "pages", NULL, REPORT_U64, 0 },
	{ "idle_p50_ns", "idle before, median", REPORT_NS, 0 },
	{ "dma_pages", "uses of them", REPORT_U64, 0 },
	{ "mappings", NULL, REPORT_U64, 0 },
	{ "mapped_mean_ns", "mapped, mean", REPORT_NS, 0 },
};

static int show_uses(const struct telling *t, struct err *e)
{
	const struct pin_story *s = t->story;
	const size_t n = s->log.n;
	_free_ struct fault *f = calloc(n + 1, sizeof(*f));
	_free_ uint8_t *seen = calloc((size_t)s->npages + 1, 1);
	_free_ struct group *groups = NULL;
	size_t ngroups = 0;
	if (!f || !seen)
		return err_set(e, ERR_NOMEM, "no memory to explain %zu faults", n);
	for (size_t i = 0; i < n; i++)
		f[i] = (struct fault){
			.dev = s->log.entries[i].dev,
			.page = s->log.entries[i].page,
			.use = (uint8_t)pin_use_of(&s->pages[s->log.entries[i].page]),
			.idle_ns = s->before[i].idle_ns,
		};
	qsort(f, n, sizeof(*f), by_group);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && f[next].dev == f[i].dev && f[next].use == f[i].use;)
			next++;
		struct group *grown = realloc(groups, (ngroups + 1) * sizeof(*groups));
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory to explain %zu faults", n);
		groups = grown;
		groups[ngroups++] = sum_group(s, &f[i], next - i, seen);
	}
	if (ngroups)
		qsort(groups, ngroups, sizeof(*groups), by_iopf);
	report_table(t->report, "explain_uses", "By device and use", use_columns,
		     sizeof(use_columns) / sizeof(*use_columns));
	for (size_t i = 0; i < ngroups && i < t->most; i++) {
		const struct group *g = &groups[i];
		report_row(t->report,
			   (struct report_value[]){
				   REPORT_S(device_name(t, g->dev)),
				   REPORT_S(class_name(t, g->dev)), REPORT_S(pin_use_names[g->use]),
				   REPORT_U(g->iopf), REPORT_U(share_ppm(t, g->iopf)),
				   REPORT_U(g->pages), known(g->idle_p50_ns), REPORT_U(g->dmas),
				   REPORT_U(g->maps), known(g->mapped_mean_ns) });
	}
	return 0;
}

/* ---- by page range ---- */

struct range {
	uint64_t first, last; /* frames */
	uint64_t pages, iopf, uses[PIN_USES];
};

static int by_frame(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;
	return a->first < b->first ? -1 : a->first > b->first;
}

static int by_faults(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;
	if (a->iopf != b->iopf)
		return a->iopf > b->iopf ? -1 : 1;
	return by_frame(pa, pb);
}

/* Pages that faulted, by frame; neighbours at most 8 pages apart become one range. */
static size_t make_ranges(const struct pin_story *s, struct range *out)
{
	enum { GAP = 8 };
	size_t n = 0, merged = 0;
	for (uint32_t i = 0; i < s->npages; i++) {
		const struct pin_page_story *p = &s->pages[i];
		if (!p->faults)
			continue;
		struct range *r = &out[n++];
		*r = (struct range){ s->frames[i], s->frames[i], 1, p->faults, { 0 } };
		r->uses[pin_use_of(p)] = p->faults;
	}
	if (!n)
		return 0;
	qsort(out, n, sizeof(*out), by_frame);
	for (size_t i = 1; i < n; i++) {
		struct range *to = &out[merged];
		if (out[i].first - to->last > GAP) {
			out[++merged] = out[i];
			continue;
		}
		to->last = out[i].last;
		to->pages++;
		to->iopf += out[i].iopf;
		for (unsigned u = 0; u < PIN_USES; u++)
			to->uses[u] += out[i].uses[u];
	}
	qsort(out, merged + 1, sizeof(*out), by_faults);
	return merged + 1;
}

static const struct report_column range_columns[] = {
	{ "first_pfn", NULL, REPORT_ID, REPORT_ONLY_JSON },
	{ "last_pfn", NULL, REPORT_ID, REPORT_ONLY_JSON },
	{ "pfns", NULL, REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "pages", "pages that faulted", REPORT_U64, 0 },
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "share", NULL, REPORT_PPM, REPORT_ONLY_TABLE },
	{ "use", "mostly", REPORT_TEXT, 0 },
};

static int show_ranges(const struct telling *t, struct err *e)
{
	_free_ struct range *ranges = calloc((size_t)t->story->npages + 1, sizeof(*ranges));
	if (!ranges)
		return err_set(e, ERR_NOMEM, "no memory for page ranges");
	const size_t n = make_ranges(t->story, ranges);
	report_table(t->report, "explain_ranges", "By page range", range_columns,
		     sizeof(range_columns) / sizeof(*range_columns));
	for (size_t i = 0; i < n && i < t->most; i++) {
		const struct range *r = &ranges[i];
		struct pin_text text;
		unsigned use = 0;
		for (unsigned u = 1; u < PIN_USES; u++)
			use = r->uses[u] > r->uses[use] ? u : use;
		const int len =
			snprintf(text.s, sizeof(text.s), "0x%llx", (unsigned long long)r->first);
		if (r->last > r->first)
			snprintf(text.s + len, sizeof(text.s) - (size_t)len, "-0x%llx",
				 (unsigned long long)r->last);
		report_row(t->report,
			   (struct report_value[]){
				   REPORT_U(r->first), REPORT_U(r->last), REPORT_S(text.s),
				   REPORT_U(r->pages), REPORT_U(r->iopf),
				   REPORT_U(share_ppm(t, r->iopf)), REPORT_S(pin_use_names[use]) });
	}
	if (n > t->most)
		report_text(t->report, "and %s more ranges", quantity_count(n - t->most).s);
	return 0;
}

/* ---- by idle age ---- */

static const struct report_column idle_columns[] = {
	{ "idle", NULL, REPORT_TEXT, 0 },
	{ "idle_below_ns", NULL, REPORT_NS, REPORT_ONLY_JSON }, /* NULL: no bound */
	{ "iopf", "IOPF", REPORT_U64, 0 },
	{ "share", NULL, REPORT_PPM, REPORT_ONLY_TABLE },
};

static void show_idle(const struct telling *t)
{
	static const struct {
		const char *text;
		uint64_t below_ns; /* UINT64_MAX: no bound */
	} ages[] = {
		{ "below 1 s", NS_PER_SEC },
		{ "1 to 10 s", 10 * NS_PER_SEC },
		{ "10 s to 1 min", 60 * NS_PER_SEC },
		{ "1 to 10 min", 600 * NS_PER_SEC },
		{ "10 min to 1 h", 3600 * NS_PER_SEC },
		{ "1 h to 1 day", 86400 * NS_PER_SEC },
		{ "a day or more", UINT64_MAX },
		{ "not touched before in the trace", UINT64_MAX },
	};
	enum { N = sizeof(ages) / sizeof(*ages), NEVER = N - 1 };
	uint64_t count[N] = { 0 };
	for (size_t i = 0; i < t->story->log.n; i++) {
		const uint64_t idle_ns = t->story->before[i].idle_ns;
		unsigned k = idle_ns == UINT64_MAX ? NEVER : 0;
		while (k < NEVER && idle_ns >= ages[k].below_ns)
			k++;
		count[k]++;
	}
	report_table(t->report, "explain_idle", "By time since anybody had touched the page",
		     idle_columns, sizeof(idle_columns) / sizeof(*idle_columns));
	for (unsigned k = 0; k < N; k++)
		if (count[k] || t->most == TOLD)
			report_row(t->report,
				   (struct report_value[]){
					   REPORT_S(ages[k].text), known(ages[k].below_ns),
					   REPORT_U(count[k]), REPORT_U(share_ppm(t, count[k])) });
}

/* ---- by time ---- */

static const struct report_column time_columns[] = {
	{ "from_ns", "from", REPORT_NS, 0 },     { "length_ns", "length", REPORT_NS, 0 },
	{ "iopf", "IOPF", REPORT_U64, 0 },       { "share", NULL, REPORT_PPM, REPORT_ONLY_TABLE },
	{ "device", "most by", REPORT_TEXT, 0 }, { "iopf_max_1s", "worst 1s", REPORT_U64, 0 },
};

struct span {
	size_t from, n; /* log entries */
	uint64_t from_ns, length_ns;
};

static void span_row(const struct telling *t, const struct span *x)
{
	const struct pin_log_entry *e = t->story->log.entries + x->from;
	_free_ uint32_t *by_dev = calloc(1 << 16, sizeof(*by_dev));
	struct pin_tally tally = { .first_half = 0 };
	unsigned most = 0;
	for (size_t i = 0; i < x->n && by_dev; i++) {
		by_dev[e[i].dev]++;
		most = by_dev[e[i].dev] > by_dev[most] ? e[i].dev : most;
		pin_tally_add(&tally, e[i].raised_ns, 0);
	}
	pin_tally_end(&tally);
	report_row(t->report,
		   (struct report_value[]){ REPORT_U(x->from_ns), REPORT_U(x->length_ns),
					    REPORT_U(x->n), REPORT_U(share_ppm(t, x->n)),
					    x->n ? REPORT_S(device_name(t, most)) : REPORT_NULL(),
					    REPORT_U(tally.second.max) });
}

/* The shortest of these that gives at most 48 rows: hours, for a trace of two days or less. */
static uint64_t bin_length_ns(uint64_t length_ns)
{
	static const uint64_t length_s[] = { 1, 10, 60, 600, 3600 };
	enum { BINS = 48 };
	for (unsigned i = 0; i < sizeof(length_s) / sizeof(*length_s); i++)
		if (length_ns / NS_PER_SEC / length_s[i] < BINS)
			return length_s[i] * NS_PER_SEC;
	return 86400 * NS_PER_SEC;
}

/* Only for programs and --verbose: people have the bursts. */
static void show_times(const struct telling *t)
{
	const struct pin_log *l = &t->story->log;
	const uint64_t bin = bin_length_ns(t->story->last_ns);
	report_table(t->report, "explain_times", "By time", time_columns,
		     sizeof(time_columns) / sizeof(*time_columns));
	size_t at = 0;
	for (uint64_t from = 0; from <= t->story->last_ns; from += bin) {
		struct span x = { .from = at, .from_ns = from, .length_ns = bin };
		while (at + x.n < l->n && l->entries[at + x.n].raised_ns < from + bin)
			x.n++;
		at += x.n;
		span_row(t, &x);
	}
}

static int by_size(const void *pa, const void *pb)
{
	const struct span *a = pa, *b = pb;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return a->from < b->from ? -1 : 1;
}

/* A burst ends where no fault comes for a second. */
static int show_bursts(const struct telling *t, struct err *e)
{
	const struct pin_log *l = &t->story->log;
	_free_ struct span *spans = calloc(l->n + 1, sizeof(*spans));
	size_t n = 0;
	if (!spans)
		return err_set(e, ERR_NOMEM, "no memory for bursts");
	for (size_t i = 0, next; i < l->n; i = next) {
		for (next = i + 1;
		     next < l->n &&
		     l->entries[next].raised_ns - l->entries[next - 1].raised_ns < NS_PER_SEC;)
			next++;
		spans[n++] = (struct span){
			.from = i,
			.n = next - i,
			.from_ns = l->entries[i].raised_ns,
			.length_ns = l->entries[next - 1].raised_ns - l->entries[i].raised_ns,
		};
	}
	qsort(spans, n, sizeof(*spans), by_size);
	report_table(t->report, "explain_bursts", "The largest bursts (no second without a fault)",
		     time_columns, sizeof(time_columns) / sizeof(*time_columns));
	for (size_t i = 0; i < n && i < t->most; i++)
		span_row(t, &spans[i]);
	if (n > t->most)
		report_text(t->report, "and %s more bursts", quantity_count(n - t->most).s);
	return 0;
}

/* ---- all ---- */

static void show_title(const struct telling *t)
{
	const struct pin_job *j = &t->story->job;
	const struct pin_log *l = &t->story->log;
	struct report *r = t->report;
	report_member_text(r, "explain_policy", j->policy->name);
	report_member_text(r, "explain_cpu", pin_companion_names[j->companion]);
	report_member_u64(r, "explain_overcommit_ppm", j->overcommit_ppm);
	report_member_u64(r, "explain_budget_pages", j->budget_pages);
	report_member_u64(r, "explain_iopf", pin_iopf(&j->result.total));
	report_member_u64(r, "explain_iopf_missed", l->missed);
	report_text(r, "%s", "");
	report_text(r, "Behind the %s IOPF of %s at %s with %s pinned, cpu %s%s",
		    quantity_count(pin_iopf(&j->result.total)).s, j->policy->name,
		    pin_percent(j->overcommit_ppm).s, pin_memory(j->result.pinned_max).s,
		    pin_companion_names[j->companion],
		    l->missed ? " (THE FIRST ONES ONLY: there are more than the log holds)" : "");
}

int pin_show_story(struct report *r, const struct pin_answer *a, const struct pin_story *s,
		   bool is_json, bool is_verbose, struct err *e)
{
	struct telling t = { .report = r, .answer = a, .story = s, .most = is_json ? TOLD : SHOWN };
	int rc = trace_devices(a->trace, &t.devices, &t.ndevices, e);
	if (rc)
		return rc;
	show_title(&t);
	rc = show_uses(&t, e);
	if (!rc && !is_json)
		report_text(r, "ring: used 16 times or more in a mapping; pool: mapped (without "
			       "mappings: used) 16 times or more; data: less often");
	if (!rc)
		rc = show_ranges(&t, e);
	if (!rc)
		show_idle(&t);
	if (!rc)
		rc = show_bursts(&t, e);
	if (!rc && (is_json || is_verbose))
		show_times(&t);
	free(t.devices);
	return rc;
}
