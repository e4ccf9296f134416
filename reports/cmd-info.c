// SPDX-License-Identifier: MIT
/*
 * pugmark info: what is in a trace, what it saw and what it lost. The first
 * thing to run on a file from elsewhere.
 */
#include "reports/commands.h"

#include "base/quantity.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/report.h"
#include "store/aggregate.h"
#include "store/characterise.h"
#include "store/trace.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct options {
	struct cli cli;
	const char *path;
	bool wants_locality;
};

static const struct cli_option options[] = {
	{ .name = "characterise",
	  .kind = CLI_FLAG,
	  .offset = offsetof(struct options, wants_locality),
	  .help = "Add locality measures: re-touches, growth, bursts and runs by class of "
		  "device" },
};

/* Tables that are one SQL query: its columns are the report's, in order. */
struct listing {
	const char *name, *title, *sql;
	const char *brief; /* what a screen shows instead, without --verbose */
	unsigned ncolumns;
	struct report_column columns[10];
};

static const struct listing listings[] = {
	{ "hosts",
	  "Hosts",
	  "SELECT hostname, kernel, cpu, cpus FROM host ORDER BY host_id",
	  NULL,
	  4,
	  { { "hostname", "host", REPORT_TEXT, 0 },
	    { "kernel", NULL, REPORT_TEXT, 0 },
	    { "cpu", NULL, REPORT_TEXT, 0 },
	    { "cpus", NULL, REPORT_U64, 0 } } },
	{ "devices",
	  "Devices",
	  "SELECT dev_id, bdf, class, driver, queues, NULL, coverage FROM device ORDER BY dev_id",
	  NULL,
	  7,
	  { { "dev", NULL, REPORT_U64, 0 },
	    { "bdf", "device", REPORT_TEXT, 0 },
	    { "class", NULL, REPORT_TEXT, 0 },
	    { "driver", NULL, REPORT_TEXT, 0 },
	    { "queues", NULL, REPORT_U64, REPORT_ONLY_JSON },
	    { "mapped_pages", "pages mapped", REPORT_U64, 0 },
	    { "coverage", NULL, REPORT_TEXT, 0 } } },
	{ "sources",
	  "Sources that kept a share of all pages (sampled by hash of the number)",
	  "SELECT name, kind, coverage, granularity, period_ns, coalesce(sample_ppm, 1000000)"
	  " FROM source ORDER BY source_id",
	  "SELECT name, kind, coverage, granularity, period_ns, sample_ppm FROM source"
	  " WHERE sample_ppm > 0 AND sample_ppm < 1000000 ORDER BY source_id",
	  6,
	  { { "source", NULL, REPORT_TEXT, 0 },
	    { "kind", NULL, REPORT_TEXT, 0 },
	    { "coverage", NULL, REPORT_TEXT, 0 },
	    { "granularity_bytes", "granularity", REPORT_BYTES, 0 },
	    { "period_ns", "period", REPORT_NS, 0 },
	    { "sample_ppm", "pages kept", REPORT_PPM, 0 } } },
	{ "distributions",
	  "Distributions told by the recording",
	  "SELECT subject, op, quantity, n, min, mean_e6 / 1000000,"
	  " (SELECT y FROM distribution_point p WHERE p.dist_id = d.dist_id"
	  "  AND shape = 'quantile' AND x = 50000000),"
	  " (SELECT y FROM distribution_point p WHERE p.dist_id = d.dist_id"
	  "  AND shape = 'quantile' AND x = 99000000),"
	  " (SELECT y FROM distribution_point p WHERE p.dist_id = d.dist_id"
	  "  AND shape = 'quantile' AND x = 99900000), max"
	  " FROM distribution d ORDER BY dist_id",
	  NULL,
	  10,
	  { { "subject", NULL, REPORT_TEXT, 0 },
	    { "op", NULL, REPORT_TEXT, 0 },
	    { "quantity", NULL, REPORT_TEXT, 0 },
	    { "n", "values", REPORT_U64, 0 },
	    { "min", NULL, REPORT_U64, 0 },
	    { "mean", NULL, REPORT_U64, 0 },
	    { "p50", NULL, REPORT_U64, 0 },
	    { "p99", NULL, REPORT_U64, 0 },
	    { "p999", "p99.9", REPORT_U64, 0 },
	    { "max", NULL, REPORT_U64, 0 } } },
	{ "loss",
	  "Losses",
	  "SELECT stream, from_ns, to_ns, n_lost, cause, detail FROM loss ORDER BY loss_id",
	  NULL,
	  6,
	  { { "stream", NULL, REPORT_TEXT, 0 },
	    { "from_ns", "from", REPORT_NS, 0 },
	    { "to_ns", "to", REPORT_NS, 0 },
	    { "lost", "events", REPORT_U64, 0 },
	    { "cause", NULL, REPORT_TEXT, 0 },
	    { "detail", NULL, REPORT_TEXT, 0 } } },
	{ "accounting",
	  "Accounting (seen = the sum of the rest; two events joined into one row are both stored)",
	  "SELECT source, seen, stored, filtered, ring_lost, shed, decode_error, unaccounted"
	  " FROM account ORDER BY source",
	  "SELECT source, seen, stored, filtered, ring_lost, shed, decode_error, unaccounted"
	  " FROM account WHERE seen <> filtered UNION ALL"
	  " SELECT '(' || count(*) || ' others)', sum(seen), 0, sum(filtered), 0, 0, 0, 0"
	  " FROM account WHERE seen = filtered HAVING count(*) > 0",
	  8,
	  { { "source", NULL, REPORT_TEXT, 0 },
	    { "seen", NULL, REPORT_U64, 0 },
	    { "stored", NULL, REPORT_U64, 0 },
	    { "filtered", NULL, REPORT_U64, 0 },
	    { "ring_lost", "ring lost", REPORT_U64, 0 },
	    { "shed", NULL, REPORT_U64, 0 },
	    { "decode_error", "decode error", REPORT_U64, 0 },
	    { "unaccounted", NULL, REPORT_U64, 0 } } },
};

enum { DEVICE_ID = 0, DEVICE_PAGES = 5 }; /* columns of devices */

/* What no query of the file tells; a device that has no dma row, or damage, leaves it unknown. */
static void fill_mapped_pages(struct trace *t, struct report_value *device)
{
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		uint64_t pages = 0;
		if (trace_stream_info(t, i)->kind->id == KIND_DMA &&
		    !aggregate_unique_pages(t, i, (int)device[DEVICE_ID].u, &pages, NULL) && pages)
			device[DEVICE_PAGES] = REPORT_U(pages);
	}
}

static bool has_rows(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	const bool has = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
			 sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return has;
}

/* Facts of a set are complete in its last file, losses are spread over all. */
static void show_listing(struct report *r, struct trace *t, const struct listing *l,
			 const struct cli *cli)
{
	const bool is_json = cli->is_json;
	const char *sql = l->brief && !is_json && !cli->is_verbose ? l->brief : l->sql;
	const unsigned last = trace_nfiles(t) - 1;
	const bool is_spread = !strcmp(l->name, "loss");
	if (!is_json && !is_spread && !has_rows(trace_sqlite(t, last), sql))
		return;

	bool is_started = false;
	for (unsigned f = is_spread ? 0 : last; f <= last; f++) {
		sqlite3_stmt *st;
		if (sqlite3_prepare_v2(trace_sqlite(t, f), sql, -1, &st, NULL) != SQLITE_OK)
			continue;
		while (sqlite3_step(st) == SQLITE_ROW) {
			struct report_value v[10];
			for (unsigned c = 0; c < l->ncolumns; c++) {
				v[c] = l->columns[c].type == REPORT_TEXT
					       ? REPORT_S((const char *)sqlite3_column_text(st,
											    (int)c))
					       : REPORT_U((uint64_t)sqlite3_column_int64(st,
											 (int)c));
				v[c].is_null = sqlite3_column_type(st, (int)c) == SQLITE_NULL;
			}
			if (!strcmp(l->name, "devices"))
				fill_mapped_pages(t, v);
			if (!is_started)
				report_table(r, l->name, l->title, l->columns, l->ncolumns);
			is_started = true;
			report_row(r, v);
		}
		sqlite3_finalize(st);
	}
	if (is_json && !is_started)
		report_table(r, l->name, l->title, l->columns, l->ncolumns);
}

static const struct report_column stream_columns[] = {
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "events", NULL, REPORT_U64, 0 },
	{ "first_ts_ns", "first", REPORT_NS, 0 },
	{ "last_ts_ns", "last", REPORT_NS, 0 },
	{ "unique_pages", "unique pages", REPORT_U64, 0 },
	{ "chunks", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "stored_bytes", "stored", REPORT_BYTES, 0 },
	{ "is_sealed", "sealed", REPORT_BOOL, 0 },
	{ "digest", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
};

/* Faults, packets, walks may not tell a single page, which is not "no page". */
static bool always_tells_pages(const struct kind *k)
{
	if (k->id == KIND_IO || k->id == KIND_MEM)
		return true;
	return k->pfn >= 0 && !k->columns[k->pfn].is_nullable;
}

static int show_streams(struct report *r, struct trace *t, struct err *e)
{
	report_table(r, "streams", "Streams", stream_columns,
		     sizeof(stream_columns) / sizeof(*stream_columns));
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		const struct trace_stream_info *s = trace_stream_info(t, i);
		uint64_t pages;
		const int rc = aggregate_unique_pages(t, i, -1, &pages, e);
		if (rc)
			return rc;
		const bool has_pages = pages || always_tells_pages(s->kind);
		report_row(r, (struct report_value[]){ REPORT_S(s->kind->name), REPORT_U(s->rows),
						       REPORT_U(s->first_ns), REPORT_U(s->last_ns),
						       has_pages ? REPORT_U(pages) : REPORT_NULL(),
						       REPORT_U(s->chunks), REPORT_U(s->blob_bytes),
						       REPORT_U(s->is_sealed),
						       REPORT_S(s->digest[0] ? s->digest : NULL) });
	}
	return 0;
}

/* ---- locality ---- */

static const struct report_column locality_columns[] = {
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "touches", "page touches", REPORT_U64, 0 },
	{ "unique_pages", "unique pages", REPORT_U64, 0 },
	{ "once_ppm", "touched once", REPORT_PPM, 0 },
	{ "more_than_twice_ppm", "more than twice", REPORT_PPM, 0 },
	{ "top1_ppm", "touches in top 1 %", REPORT_PPM, 0 },
	{ "top10_ppm", "in top 10 %", REPORT_PPM, 0 },
	{ "top50_ppm", "in top 50 %", REPORT_PPM, 0 },
};

/* Pages come most touched first. */
static void show_stream_locality(struct report *r, const struct trace_stream_info *s,
				 const struct aggregate *pages)
{
	uint64_t touches = 0, once = 0, often = 0, top[3] = {};
	static const unsigned percent[3] = { 1, 10, 50 };

	for (size_t i = 0; i < pages->nrows; i++) {
		const uint64_t n = (uint64_t)pages->cells[pages->ncolumns * i + 2];
		touches += n;
		once += n == 1;
		often += n > 2;
		for (size_t j = 0; j < 3; j++)
			top[j] += i * 100 < pages->nrows * percent[j] ? n : 0;
	}
	report_row(r, (struct report_value[]){ REPORT_S(s->kind->name), REPORT_U(touches),
					       REPORT_U(pages->nrows),
					       REPORT_U(quantity_ratio_ppm(once, pages->nrows)),
					       REPORT_U(quantity_ratio_ppm(often, pages->nrows)),
					       REPORT_U(quantity_ratio_ppm(top[0], touches)),
					       REPORT_U(quantity_ratio_ppm(top[1], touches)),
					       REPORT_U(quantity_ratio_ppm(top[2], touches)) });
}

static int show_locality(struct report *r, struct trace *t, struct err *e)
{
	report_table(r, "locality", "Locality of pages", locality_columns,
		     sizeof(locality_columns) / sizeof(*locality_columns));
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		struct aggregate pages;
		const int rc = aggregate_pages(t, i, 0, 0, 0, &pages, e);
		if (rc)
			return rc;
		if (pages.nrows)
			show_stream_locality(r, trace_stream_info(t, i), &pages);
		aggregate_deinit(&pages);
	}
	return 0;
}

/* ---- shape ---- */

static const struct report_column shape_columns[] = {
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "class", NULL, REPORT_TEXT, 0 },
	{ "touches", "page touches", REPORT_U64, REPORT_ONLY_JSON },
	{ "unique_pages", "unique pages", REPORT_U64, 0 },
	{ "more_than_twice_ppm", "more than twice", REPORT_PPM, 0 },
	{ "late_ppm", "new in last third", REPORT_PPM, 0 },
	{ "windows", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "window_late_ppm", "of 30 min", REPORT_PPM, 0 },
	{ "seconds", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "mean_1s", "mean/s", REPORT_U64, REPORT_ONLY_TABLE },
	{ "peak_1s", "peak/s", REPORT_U64, 0 },
	{ "dispersion_ppm", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "dispersion", "var/mean", REPORT_U64, REPORT_ONLY_TABLE },
	{ "runs", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "run_pages", "mean run", REPORT_U64, REPORT_ONLY_TABLE },
	{ "longest_run_pages", "longest", REPORT_U64, 0 },
};

static uint64_t rounded(uint64_t a, uint64_t b)
{
	return b ? a / b + (a % b >= b - b / 2) : 0;
}

static void show_class_shape(struct report *r, const char *kind, const char *class,
			     const struct characteristics *c)
{
	const uint64_t window_ppm = quantity_ratio_ppm(c->window_late_pages, c->window_pages);

	report_row(r,
		   (struct report_value[]){
			   REPORT_S(kind), REPORT_S(class), REPORT_U(c->touches),
			   REPORT_U(c->unique_pages),
			   REPORT_U(quantity_ratio_ppm(c->often_pages, c->unique_pages)),
			   REPORT_U(quantity_ratio_ppm(c->late_pages, c->unique_pages)),
			   REPORT_U(c->windows), c->windows ? REPORT_U(window_ppm) : REPORT_NULL(),
			   REPORT_U(c->seconds), REPORT_U(rounded(c->touches, c->seconds)),
			   REPORT_U(c->peak_1s), REPORT_U(c->dispersion_ppm),
			   REPORT_U(rounded(c->dispersion_ppm, PPM_PER_ONE)), REPORT_U(c->runs),
			   REPORT_U(rounded(c->touches, c->runs)),
			   REPORT_U(c->longest_run_pages) });
}

/* Only of kinds whose rows tell their device. */
static int show_shape(struct report *r, struct trace *t, struct err *e)
{
	report_table(r, "shape", "Shape by class of device", shape_columns,
		     sizeof(shape_columns) / sizeof(*shape_columns));
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		const struct kind *k = trace_stream_info(t, i)->kind;
		struct characteristics classes[CLASS_COUNT];
		if (k->dev < 0)
			continue;
		const int rc = characterise_stream(t, i, classes, e);
		if (rc)
			return rc;
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			if (classes[c].touches)
				show_class_shape(r, k->name, characterise_class_names[c],
						 &classes[c]);
	}
	return 0;
}

/* ---- the screen ---- */

static void show_verdict(struct report *r, const struct trace *t)
{
	uint64_t events = 0, last = 0;
	bool is_least;
	const bool has_lost = banner_lost_events(t, &is_least) || is_least;
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		const struct trace_stream_info *s = trace_stream_info(t, i);
		events += s->rows;
		last = s->last_ns > last ? s->last_ns : last;
	}
	report_text(r, "%s: %s events over %s, %s, %s.", trace_path(t), quantity_count(events).s,
		    quantity_ns(last).s,
		    banner_is_sealed(t) ? "complete"
					: "NOT SEALED (being written, or its writer died)",
		    has_lost ? "EVENTS WERE LOST (see below)" : "no loss recorded");
	char set[PATH_MAX];
	if (trace_set_of(trace_path(t), set, sizeof(set)))
		report_text(r, "It is one file of the set %s: the others are not shown.", set);
}

static int show(struct trace *t, const struct options *o, int *status_out, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = trace_digest(t, digest, e);
	if (rc)
		return rc;

	struct report *r = report_begin(stdout, cli_format(&o->cli), "info", trace_path(t), digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	show_verdict(r, t);
	rc = show_streams(r, t, e);
	for (size_t i = 0; !rc && i < sizeof(listings) / sizeof(*listings); i++)
		show_listing(r, t, &listings[i], &o->cli);
	if (!rc && o->wants_locality)
		rc = show_locality(r, t, e);
	if (!rc && o->wants_locality)
		rc = show_shape(r, t, e);
	*status_out = cli_report_end("info", r, EXIT_DONE);
	return rc;
}

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Shows the streams, devices, losses and accounting of a trace.\v"
	       "Example:\n  pugmark info nic.db",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "trace",
	.only = offsetof(struct options, path),
};

int cmd_info(int argc, char **argv)
{
	struct options o = {};
	struct trace *t;
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);

	int status = EXIT_DONE;
	int rc = trace_open(o.path, &t, &e);
	if (!rc) {
		rc = show(t, &o, &status, &e);
		trace_close(t);
	}
	return rc ? cli_fail("info", &e) : status;
}
