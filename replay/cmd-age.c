// SPDX-License-Identifier: MIT
/*
 * pugmark age: the first screen of every analysis. Which memory lies idle for
 * how long, and how often does a device come back to it?
 */
#include "replay/commands.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "base/units.h"
#include "replay/age-report.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/progress.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum {
	ASKED_MAX = 32,          /* the rest of AGE_TAUS_MAX is for the plot */
	COMPARED_ROWS = 4000000, /* up to here all models are run unasked: it takes no second */
};

struct options {
	struct cli cli;
	const char *path, *plot, *results;
	enum access_model model;
	bool compares, without_cpu;
	uint64_t memory_bytes, recording; /* 0: not said */
	struct cli_sets sets;
	struct access_config access; /* what [access] fills */
	uint64_t taus[ASKED_MAX];
	size_t ntaus;
};

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Sorts, and drops what comes twice. */
static unsigned sort_taus(uint64_t *taus, unsigned n)
{
	unsigned kept = 0;
	qsort(taus, n, sizeof(*taus), by_value);
	for (unsigned i = 0; i < n; i++)
		if (!kept || taus[kept - 1] != taus[i])
			taus[kept++] = taus[i];
	return kept;
}

static int add_tau(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	uint64_t *tau = &o->taus[o->ntaus++];
	const int rc = quantity_parse_ns(text, tau, e);
	if (!rc && !*tau)
		return err_set(e, ERR_USAGE, "'%s': an age is longer than 0", text);
	return rc;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "tau",
	  .arg = "T,..",
	  .kind = CLI_LIST,
	  AT(ntaus),
	  .each = add_tau,
	  .most = ASKED_MAX,
	  .help = "Ages at which a page is reclaimed (10s,1m,1h); default: a grid up to the "
		  "trace's length" },
	ACCESS_OPTION(AT(model)),
	{ .name = "compare-access",
	  .kind = CLI_FLAG,
	  AT(compares),
	  .help = "Run all access models, also on a large trace" },
	{ .name = "no-cpu", .kind = CLI_FLAG, AT(without_cpu), .help = "Leave the cpu rows out" },
	CLI_OPTION_RECORDING(AT(recording)),
	CLI_OPTION_SET(AT(sets), "One parameter, as access.live_period=1s"),
	{ .name = "memory",
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(memory_bytes),
	  .least = PAGE_BYTES,
	  .help = "Memory of the VM; default: what the trace says" },
	CLI_OPTION_PLOT(AT(plot), "Draw faults a day and reclaimable memory by tau"),
	CLI_OPTION_RESULTS(AT(results)),
};

/* ---- the grid ---- */

/* What is asked for, or ages that the trace is long enough for. */
static void default_taus(struct options *o, uint64_t exposure_ns)
{
	static const uint64_t grid_ms[] = { 10,       100,      1000,     10000,   60000,
					    300000,   600000,   1800000,  3600000, 7200000,
					    14400000, 28800000, 43200000, 86400000 };
	const bool is_short = exposure_ns < 60 * NS_PER_SEC;
	for (size_t i = is_short ? 0 : 2; i < sizeof(grid_ms) / sizeof(*grid_ms); i++)
		if (!o->ntaus || grid_ms[i] * NS_PER_MS < exposure_ns)
			o->taus[o->ntaus++] = grid_ms[i] * NS_PER_MS;
}

struct grid {
	uint64_t taus[AGE_TAUS_MAX];
	bool is_asked[AGE_TAUS_MAX];
	unsigned n, verdict;
};

/* 1, 2, 5, 10 .. ms up to the length, for a smooth curve. */
static void add_plot_taus(struct grid *g, uint64_t exposure_ns)
{
	uint64_t decade = NS_PER_MS;
	for (unsigned i = 0; g->n < AGE_TAUS_MAX; i++) {
		static const unsigned steps[] = { 1, 2, 5 };
		const uint64_t tau = decade * steps[i % 3];
		if (tau >= exposure_ns || decade > UINT64_MAX / 100)
			break;
		if (tau >= exposure_ns / 10000)
			g->taus[g->n++] = tau;
		decade *= i % 3 == 2 ? 10 : 1;
	}
	g->n = sort_taus(g->taus, g->n);
}

/*
 * The verdict speaks of 10 minutes (what proactive reclaim commonly waits), of
 * the longest age below it that half the trace can show, else of the shortest.
 */
static void make_grid(struct grid *g, const struct options *o, uint64_t exposure_ns)
{
	memcpy(g->taus, o->taus, o->ntaus * sizeof(*o->taus));
	g->n = (unsigned)o->ntaus;
	if (o->plot || o->results)
		add_plot_taus(g, exposure_ns);
	bool is_found = false;
	for (unsigned i = 0; i < g->n; i++) {
		g->is_asked[i] =
			bsearch(&g->taus[i], o->taus, o->ntaus, sizeof(*o->taus), by_value);
		if (!g->is_asked[i])
			continue;
		if (!is_found || (g->taus[i] <= 600 * NS_PER_SEC && g->taus[i] <= exposure_ns / 2))
			g->verdict = i;
		is_found = true;
	}
}

/* ---- the work ---- */

struct work {
	const struct options *options;
	struct grid grid;
	struct age_run runs[ACCESS_MODELS];
	unsigned nruns;
	struct plot *plot;
	struct arena arena;
	struct param_set params; /* [access] */
};

static int add_all(const struct options *o, struct access *in, struct age *age, struct err *e)
{
	struct progress progress;
	struct access_batch b;
	const struct access_info *info = access_info(in);
	uint64_t rows = 0;
	int rc;
	progress_init(&progress, "age", "events", info->dma_rows + info->cpu_rows, o->cli.is_quiet);
	while ((rc = access_next(in, &b, e)) > 0) {
		rc = age_add(age, &b, e);
		if (rc)
			break;
		progress_set(&progress, rows += b.n);
	}
	progress_end(&progress);
	return rc;
}

static int keep_results(struct age_run *run, struct access *in, struct age *age,
			uint64_t exposure_ns, struct err *e)
{
	const struct age_result *results;
	size_t n;
	const int rc = age_finish(age, exposure_ns, &results, &n, e);
	if (rc)
		return rc;
	run->info = *access_info(in);
	run->n = n;
	run->results = malloc(n * sizeof(*results));
	if (!run->results)
		return err_set(e, ERR_NOMEM, "out of memory");
	memcpy(run->results, results, n * sizeof(*results));
	return 0;
}

/* cpu rows that were sampled apart from the dma rows tell nothing of most pages. */
static bool is_cpu_usable(const struct access_info *i)
{
	return i->cpu_sample_ppm == i->dma_sample_ppm || i->cpu_sample_ppm == PPM_PER_ONE;
}

static int open_accesses(struct trace *t, const struct options *o, enum access_model model,
			 struct access **out, bool *left_out, struct err *e)
{
	struct access_config c = o->access;
	c.model = model;
	c.threaded = true;
	c.without_cpu = o->without_cpu;
	c.dma_stream = c.cpu_stream = -1;
	int rc = access_open(t, &c, out, e);
	if (rc || !access_info(*out)->cpu_rows || is_cpu_usable(access_info(*out)))
		return rc;
	access_close(*out);
	*left_out = c.without_cpu = true;
	return access_open(t, &c, out, e);
}

static int run_model(struct work *w, struct trace *t, enum access_model model, struct age_answer *a,
		     struct err *e)
{
	struct access *in;
	struct age *age = NULL;
	int rc = open_accesses(t, w->options, model, &in, &a->is_cpu_left_out, e);
	if (rc)
		return rc;
	rc = age_new(w->grid.taus, w->grid.n, &age, e);
	if (!rc)
		rc = add_all(w->options, in, age, e);
	if (!rc)
		rc = keep_results(&w->runs[w->nruns++], in, age, a->length_ns, e);
	age_free(age);
	access_close(in);
	return rc;
}

static int run_models(struct work *w, struct trace *t, struct age_answer *a, struct err *e)
{
	const struct options *o = w->options;
	int rc = run_model(w, t, o->model, a, e);
	const struct access_info *i = &w->runs[0].info;
	const bool compares = o->compares || i->dma_rows + i->cpu_rows <= COMPARED_ROWS;
	for (int m = 0; m < ACCESS_MODELS && !rc && compares; m++)
		if (m != (int)o->model)
			rc = run_model(w, t, (enum access_model)m, a, e);
	return rc;
}

/* ---- what the trace says ---- */

/* The VM of the trace, of a merge the recording's: its name (the caller frees) and memory. Several:
 * neither is known. */
static void find_vm(const struct trace *t, unsigned nrecordings, char **name_out,
		    uint64_t *pages_out)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = trace_sqlite(t, trace_nfiles(t) - 1);
	if (sqlite3_prepare_v2(db,
			       "SELECT max(name), max(mem_pages) FROM vm WHERE ?1 < 2 OR vm_id = ?2"
			       " HAVING count(*) = 1",
			       -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_int64(st, 1, nrecordings) == SQLITE_OK &&
	    sqlite3_bind_int64(st, 2, trace_own_vm(t)) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		const int64_t pages = sqlite3_column_int64(st, 1);
		*name_out = name ? strdup(name) : NULL;
		*pages_out = pages > 0 ? (uint64_t)pages : 0;
	}
	sqlite3_finalize(st);
}

static uint64_t length_ns(const struct trace *t)
{
	uint64_t end = 0;
	for (unsigned i = 0; i < trace_nstreams(t); i++) {
		const uint64_t last = trace_stream_info(t, i)->last_ns;
		end = last > end ? last : end;
	}
	return end;
}

static int check_memory(const struct age_answer *a, bool is_asked, struct err *e)
{
	const uint64_t pages = a->runs->results[a->runs->n - 1].pages;
	if (!a->memory_pages || a->memory_pages >= pages)
		return 0;
	return err_set(e, is_asked ? ERR_USAGE : ERR_UNUSABLE,
		       "%s: %llu different pages are used, but the VM has %llu%s",
		       trace_path(a->trace), (unsigned long long)pages,
		       (unsigned long long)a->memory_pages, is_asked ? " (--memory)" : "");
}

/* ---- the command ---- */

static int hand_out(struct work *w, const struct age_answer *a, const char *digest, struct err *e)
{
	const struct options *o = w->options;
	const struct results_run run = { .command = "age",
					 .args = o->cli.args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .trace = a->trace };
	const int stored = o->results ? age_store(o->results, &run, a, e) : 0;
	if (stored)
		return stored;
	struct report *r = report_begin(stdout, cli_format(&o->cli), "age", o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	age_report(r, a, o->cli.is_json, o->cli.is_verbose);
	const int status = cli_report_end("age", r, EXIT_DONE);
	struct plot *p = status ? NULL : take_ptr(w->plot);
	const int rc = p ? age_plot(p, a, e) : 0;
	return rc ? rc : status;
}

static int answer(struct trace *t, struct options *o, struct work *w, struct age_answer *a,
		  struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	a->length_ns = length_ns(t);
	if (!o->ntaus)
		default_taus(o, a->length_ns);
	make_grid(&w->grid, o, a->length_ns);
	a->taus = w->grid.taus;
	a->is_asked = w->grid.is_asked;
	a->ntaus = w->grid.n;
	a->verdict = w->grid.verdict;
	a->lost_events = banner_lost_events(t, &a->is_lost_least);
	int rc = o->plot ? plot_begin(o->plot, "age", &w->plot, e) : 0;
	if (!rc)
		rc = run_models(w, t, a, e);
	if (rc)
		return rc;
	a->runs = w->runs;
	a->nruns = w->nruns;
	if (!a->length_ns)
		return err_set(e, ERR_UNUSABLE, "%s: all events are at time 0: no page has an age",
			       o->path);
	a->memory_pages = o->memory_bytes ? o->memory_bytes >> PAGE_SHIFT : a->memory_pages;
	rc = check_memory(a, o->memory_bytes, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	return rc ? rc : hand_out(w, a, digest, e);
}

static int read_params(struct options *o, struct work *w, struct err *e)
{
	w->params.arena = &w->arena;
	int rc = param_set_add(&w->params, access_params, access_nparams, &o->access, e);
	for (size_t i = 0; i < o->sets.n && !rc; i++)
		rc = param_assign(&w->params, o->sets.text[i], e);
	param_section_use(&w->params, "access");
	return rc;
}

static int open_and_answer(struct options *o, struct work *w, struct err *e)
{
	struct age_answer a = {};
	struct trace *t;
	int rc = read_params(o, w, e);
	if (!rc)
		rc = trace_open(o->path, &t, e);
	if (rc)
		return rc;
	const unsigned nrecordings = trace_nrecordings(t);
	rc = banner_choose_recording(&o->cli, "age", t, o->recording, KIND_DMA, e);
	if (rc) {
		trace_close(t);
		return rc;
	}
	banner_show(&o->cli, "age", t);
	_free_ char *vm_name = NULL;
	_free_ struct trace_device_info *devices = NULL;
	find_vm(t, nrecordings, &vm_name, &a.memory_pages);
	rc = trace_devices(t, &devices, &a.ndevices, e);
	a.trace = t;
	a.is_cpu_unwanted = o->without_cpu;
	a.params = &w->params;
	a.vm_name = vm_name;
	a.devices = devices;
	if (!rc)
		rc = answer(t, o, w, &a, e);
	if (w->plot)
		plot_abort(w->plot);
	for (unsigned i = 0; i < w->nruns; i++)
		free(w->runs[i].results);
	trace_close(t);
	return rc;
}

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Counts how often a device comes back to a page that was idle for tau or longer "
	       "(with reclaim at that age: an I/O page fault), and how much memory is idle that "
	       "long.\v"
	       "Examples:\n"
	       "  pugmark age nic.db\n"
	       "  pugmark age nic.db --tau 100ms,1s,10s --memory 1G --plot age.svg\n"
	       "  pugmark age nic.db --results results.db",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "trace",
	.only = offsetof(struct options, path),
};

int cmd_age(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("age", &e);
	}
	cli_options_parse(&command, argc, argv, o);
	o->ntaus = sort_taus(o->taus, (unsigned)o->ntaus);
	w->options = o;
	const int rc = open_and_answer(o, w, &e);
	arena_deinit(&w->arena);
	return rc < 0 ? cli_fail("age", &e) : rc;
}
