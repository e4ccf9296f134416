// SPDX-License-Identifier: MIT
/*
 * pugmark numa census: page-table pages by NUMA node, of this host now, or as
 * a trace's ptpage rows have them: its last snapshot beside the first.
 */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "base/units.h"
#include "collect/ptcensus.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/plot.h"
#include "reports/progress.h"
#include "store/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "numa census"

enum { LIVE_SLICE_PAGES = 1 << 18 };

struct options {
	struct cli cli;
	const char *trace, *plot;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	CLI_OPTION_PLOT(AT(plot), "Of a trace: draw tables by node over time"),
};

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	if (o->plot && !o->trace)
		return err_set(e, ERR_USAGE, "--plot is for a trace: one census has no timeline");
	return 0;
}

static const struct cli_command command = {
	.args_doc = "[TRACE]",
	.doc = "Counts pages that hold page tables by NUMA node: of this host (for root), or in a "
	       "trace with ptpage rows (record --probe census or pagemap, imported dumps).\v"
	       "Examples:\n"
	       "  pugmark numa census\n"
	       "  pugmark numa census host.db --plot tables.svg",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "trace",
	.only = offsetof(struct options, trace),
	.is_optional = true,
	.check = check,
};

static const struct report_column columns[] = {
	{ "ts_ns", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "asid", "process", REPORT_ID, 0 },
	{ "is_ept", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
	{ "level", NULL, REPORT_ID, 0 },
	{ "node", NULL, REPORT_ID, 0 },
	{ "data_node", "maps node", REPORT_ID, 0 },
	{ "count", NULL, REPORT_U64, 0 },
	{ "share", NULL, REPORT_PPM, REPORT_ONLY_TABLE },
	{ "was", "at first", REPORT_U64, REPORT_ONLY_TABLE },
	{ "node_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
};
enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

/* ---- this host ---- */

static uint64_t node_pages(const struct ptcensus *c, unsigned node)
{
	uint64_t pages = 0;
	for (size_t i = 0; i < c->nodes.n; i++)
		if (c->nodes.spans[i].node == node)
			pages += c->nodes.spans[i].end - c->nodes.spans[i].first;
	return pages;
}

static void look_at_all(struct ptcensus *c, bool is_quiet)
{
	struct progress progress;
	progress_init(&progress, "census", "pages", ptcensus_pages(c), is_quiet);
	ptcensus_begin(c);
	while (!ptcensus_go_on(c, LIVE_SLICE_PAGES))
		progress_set(&progress, c->looked_at);
	progress_end(&progress);
}

static void show_host(struct report *r, const struct ptcensus *c)
{
	unsigned nodes = 0;
	uint64_t all = 0;
	for (unsigned i = 0; i < c->nodes.nodes; i++) {
		all += c->counts[i];
		nodes += node_pages(c, i) != 0;
	}
	report_text(r, "%s pages hold page tables (%s).%s", quantity_count(all).s,
		    quantity_bytes(all << PAGE_SHIFT).s,
		    nodes == 1 ? " This host has one node: all of them are on it." : "");
	report_text(r, "Tables that KVM makes for guests are not among them: the kernel does not "
		       "mark those.");
	report_table(r, "rows", NULL, columns, COLUMNS);
	for (unsigned i = 0; i < c->nodes.nodes; i++) {
		const uint64_t pages = node_pages(c, i);
		if (pages)
			report_row(r, (struct report_value[COLUMNS]){
					      REPORT_NULL(), REPORT_NULL(), REPORT_NULL(),
					      REPORT_NULL(), REPORT_U(i), REPORT_NULL(),
					      REPORT_U(c->counts[i]),
					      REPORT_U(quantity_ratio_ppm(c->counts[i], all)),
					      REPORT_NULL(), REPORT_U(pages) });
	}
}

static int census_of_host(const struct options *o, struct err *e)
{
	struct ptcensus *c;
	const int rc = ptcensus_open("", &c, e);
	if (rc == ERR_PERM)
		return err_set(e, ERR_PERM,
			       "/proc/kpageflags is for root: run as root or with "
			       "CAP_DAC_READ_SEARCH and CAP_SYS_ADMIN");
	if (rc)
		return rc;
	look_at_all(c, o->cli.is_quiet);
	struct report *r = report_begin(stdout, cli_format(&o->cli), COMMAND, NULL, NULL);
	if (r)
		show_host(r, c);
	ptcensus_close(c);
	return r ? cli_report_end(COMMAND, r, EXIT_DONE)
		 : err_set(e, ERR_NOMEM, "no memory for the results");
}

/* ---- a trace ---- */

struct rows {
	struct ptpage_event *v; /* in order of series, time, node, data node */
	size_t n, cap;
};

static bool is_entries(const struct ptpage_event *r)
{
	return r->data_node != UINT16_MAX;
}

/* Rows of one series differ in time and nodes only. */
static int compare_series(const struct ptpage_event *a, const struct ptpage_event *b)
{
	if (a->asid != b->asid)
		return a->asid < b->asid ? -1 : 1;
	if (a->ept != b->ept)
		return a->ept < b->ept ? -1 : 1;
	if (is_entries(a) != is_entries(b))
		return is_entries(a) ? 1 : -1;
	return (a->level < b->level) - (a->level > b->level);
}

static int compare_rows(const void *pa, const void *pb)
{
	const struct ptpage_event *a = pa, *b = pb;
	const int series = compare_series(a, b);
	if (series)
		return series;
	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	return (a->data_node > b->data_node) - (a->data_node < b->data_node);
}

static int add_batch(struct rows *rows, const struct batch *b, struct err *e)
{
	if (rows->n + b->n > rows->cap) {
		const size_t cap = 2 * (rows->n + b->n);
		struct ptpage_event *more = reallocarray(rows->v, cap, sizeof(*more));
		if (!more)
			return err_set(e, ERR_NOMEM, "no memory for %zu rows", cap);
		rows->v = more;
		rows->cap = cap;
	}
	for (uint32_t i = 0; i < b->n; i++)
		rows->v[rows->n++] = (struct ptpage_event){
			.ts = batch_u64(b, PTPAGE_COL_ts)[i],
			.asid = batch_u32(b, PTPAGE_COL_asid)[i],
			.ept = batch_u8(b, PTPAGE_COL_ept)[i],
			.level = batch_u8(b, PTPAGE_COL_level)[i],
			.node = batch_u16(b, PTPAGE_COL_node)[i],
			.data_node = batch_u16(b, PTPAGE_COL_data_node)[i],
			.count = batch_u64(b, PTPAGE_COL_count)[i],
		};
	return 0;
}

/* Rows that tell of the same (single pages, say) become one. */
static void sum_equal(struct rows *rows)
{
	size_t n = 0;
	if (rows->n)
		qsort(rows->v, rows->n, sizeof(*rows->v), compare_rows);
	for (size_t i = 0; i < rows->n; i++)
		if (n && !compare_rows(&rows->v[n - 1], &rows->v[i]))
			rows->v[n - 1].count += rows->v[i].count;
		else
			rows->v[n++] = rows->v[i];
	rows->n = n;
}

static int read_rows(struct trace *t, struct rows *rows, struct err *e)
{
	const struct trace_stream_info *info = trace_find_stream(t, KIND_PTPAGE);
	if (!info || !info->rows)
		return err_set(
			e, ERR_UNUSABLE,
			"%s: has no ptpage rows: record --probe census or pagemap, or import "
			"a dump",
			trace_path(t));
	const struct trace_select sel = { .stream = info->id };
	struct trace_reader *reader;
	const struct batch *b;
	int rc = trace_reader_open(t, &sel, &reader, e);
	if (rc)
		return rc;
	while ((rc = trace_reader_next(reader, &b, e)) > 0 && !(rc = add_batch(rows, b, e)))
		continue;
	trace_reader_close(reader);
	sum_equal(rows);
	return rc;
}

/* The snapshot that begins at row i: up to which row, and the sum. */
static size_t snapshot_end(const struct rows *rows, size_t i, uint64_t *sum_out)
{
	size_t end = i;
	*sum_out = 0;
	for (; end < rows->n && rows->v[end].ts == rows->v[i].ts &&
	       !compare_series(&rows->v[end], &rows->v[i]);
	     end++)
		*sum_out += rows->v[end].count;
	return end;
}

static size_t series_end(const struct rows *rows, size_t i)
{
	size_t end = i;
	while (end < rows->n && !compare_series(&rows->v[end], &rows->v[i]))
		end++;
	return end;
}

static struct report_value unless(uint64_t v, uint64_t none)
{
	return v == none ? REPORT_NULL() : REPORT_U(v);
}

static void put_row(struct report *r, const struct ptpage_event *x, uint64_t sum, uint64_t was)
{
	report_row(r, (struct report_value[COLUMNS]){
			      REPORT_U(x->ts), unless(x->asid, UINT32_MAX),
			      x->ept == UINT8_MAX ? REPORT_NULL() : REPORT_B(x->ept),
			      unless(x->level, UINT8_MAX), REPORT_U(x->node),
			      unless(x->data_node, UINT16_MAX), REPORT_U(x->count),
			      REPORT_U(quantity_ratio_ppm(x->count, sum)), REPORT_U(was),
			      REPORT_NULL() });
}

/* What a row's place counted in the first snapshot of its series. */
static uint64_t count_at_first(const struct rows *rows, size_t first, const struct ptpage_event *x)
{
	uint64_t sum;
	const size_t end = snapshot_end(rows, first, &sum);
	for (size_t i = first; i < end; i++)
		if (rows->v[i].node == x->node && rows->v[i].data_node == x->data_node)
			return rows->v[i].count;
	return 0;
}

/* People see the last snapshot of each series, programs see all. */
static void put_series(struct report *r, const struct rows *rows, size_t first, bool is_json)
{
	const size_t end = series_end(rows, first);
	uint64_t sum;
	for (size_t i = first, next; i < end; i = next) {
		next = snapshot_end(rows, i, &sum);
		for (size_t k = i; k < next && (is_json || next == end); k++)
			put_row(r, &rows->v[k], sum, count_at_first(rows, first, &rows->v[k]));
	}
}

/* Of entries: how many lie in a table on another node than what they map. */
static void tell_remote(struct report *r, const struct rows *rows, size_t first)
{
	const size_t end = series_end(rows, first);
	const struct ptpage_event *x = &rows->v[first];
	uint64_t sum = 0, remote = 0, at_first = 0;
	for (size_t i = first, next; i < end; i = next) {
		next = snapshot_end(rows, i, &sum);
		remote = 0;
		for (size_t k = i; k < next; k++)
			remote += rows->v[k].node != rows->v[k].data_node ? rows->v[k].count : 0;
		if (i == first)
			at_first = quantity_ratio_ppm(remote, sum);
	}
	const uint64_t now = quantity_ratio_ppm(remote, sum);
	report_text(r,
		    "Level %u: of %s entries %" PRIu64 ".%" PRIu64
		    " %% lie in a table on another node than what they map; at first %" PRIu64
		    ".%" PRIu64 " %%.",
		    x->level, quantity_count(sum).s, now / 10000, now % 10000 / 1000,
		    at_first / 10000, at_first % 10000 / 1000);
}

static unsigned count_nodes(const struct rows *rows)
{
	unsigned nodes = 0;
	for (size_t i = 0; i < rows->n; i++)
		nodes = rows->v[i].node >= nodes ? rows->v[i].node + 1U : nodes;
	return nodes;
}

static void show_trace(struct report *r, const struct rows *rows, const struct options *o)
{
	for (size_t i = 0; i < rows->n && !o->cli.is_json; i = series_end(rows, i))
		if (is_entries(&rows->v[i]))
			tell_remote(r, rows, i);
	if (count_nodes(rows) == 1)
		report_text(r, "All rows are of one node.");
	report_table(r, "rows", o->cli.is_json ? NULL : "The last snapshot, beside the first",
		     columns, COLUMNS);
	for (size_t i = 0; i < rows->n; i = series_end(rows, i))
		put_series(r, rows, i, o->cli.is_json);
}

/* ---- the timeline ---- */

static int by_time(const void *pa, const void *pb)
{
	const struct ptpage_event *a = pa, *b = pb;
	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/* Tables of all levels by node at each time; where there are none, what else was counted. */
static int draw(const struct options *o, struct rows *rows, struct plot *p, struct err *e)
{
	const unsigned nodes = count_nodes(rows);
	char text[16];
	bool has_tables = false;
	for (size_t i = 0; i < rows->n; i++)
		has_tables |= !is_entries(&rows->v[i]) && rows->v[i].level;
	snprintf(text, sizeof(text), "%u", nodes);
	plot_set(p, "title", o->trace);
	plot_set(p, "nodes", text);
	qsort(rows->v, rows->n, sizeof(*rows->v), by_time);
	FILE *out = plot_data(p, "data");
	for (size_t i = 0; i < rows->n;) {
		const uint64_t ts = rows->v[i].ts;
		fprintf(out, "%" PRIu64 ".%09" PRIu64, ts / NS_PER_SEC, ts % NS_PER_SEC);
		for (unsigned node = 0; node < nodes; node++) {
			uint64_t sum = 0;
			for (; i < rows->n && rows->v[i].ts == ts && rows->v[i].node == node; i++)
				if (!has_tables || (!is_entries(&rows->v[i]) && rows->v[i].level))
					sum += rows->v[i].count;
			fprintf(out, " %" PRIu64, sum);
		}
		putc('\n', out);
	}
	plot_data_end(p);
	return plot_end(p, e);
}

static int answer(const struct options *o, struct trace *t, struct plot **plot, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	struct rows rows = {};
	int rc = read_rows(t, &rows, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	struct report *r =
		rc ? NULL : report_begin(stdout, cli_format(&o->cli), COMMAND, o->trace, digest);
	if (!rc && !r)
		rc = err_set(e, ERR_NOMEM, "no memory for the results");
	if (!rc) {
		show_trace(r, &rows, o);
		rc = cli_report_end(COMMAND, r, EXIT_DONE);
		if (!rc && *plot)
			rc = draw(o, &rows, take_ptr(*plot), e);
	}
	free(rows.v);
	return rc;
}

static int census_of_trace(const struct options *o, struct err *e)
{
	struct trace *t = NULL;
	struct plot *plot = NULL;
	int rc = o->plot ? plot_begin(o->plot, "numa-census", &plot, e) : 0;
	if (!rc)
		rc = trace_open(o->trace, &t, e);
	if (!rc) {
		banner_show(&o->cli, COMMAND, t);
		rc = answer(o, t, &plot, e);
		trace_close(t);
	}
	if (plot)
		plot_abort(plot);
	return rc;
}

int cmd_numa_census(int argc, char **argv)
{
	struct options o = {};
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);
	const int rc = o.trace ? census_of_trace(&o, &e) : census_of_host(&o, &e);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
