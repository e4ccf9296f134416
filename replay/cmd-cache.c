// SPDX-License-Identifier: MIT
/*
 * pugmark cache: the classical view, in which resident means held by the
 * policy. Which policy misses least on this trace, at which size, and how far
 * is it from the bound?
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/cache-report.h"
#include "replay/pageids.h"
#include "replay/policy-load.h"
#include "replay/trace-source.h"
#include "reports/banner.h"
#include "reports/cli.h"
#include "reports/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	POLICIES_MAX = 64,
	SIZES_MAX = 1000,
	SAMPLE_MIN = 64,
	SAMPLE_MAX = 1 << 26,
	THREADS_MAX = 256,
};

struct options {
	struct cli cli;
	const char *path, *stream, *plot, *results;
	char args[1000]; /* the command line, for the results file */
	const struct policy *policies[POLICIES_MAX];
	const char *policy_names[POLICIES_MAX];
	struct cache_size sizes[SIZES_MAX];
	size_t npolicies, nsizes;
	bool has_own_sizes, wants_curve, has_seed;
	uint64_t sample_pages, seed, threads;
};

enum { KEY_CURVE = 256, KEY_SAMPLE, KEY_SEED, KEY_STREAM, KEY_THREADS, KEY_PLOT, KEY_RESULTS };

static const struct argp_option option_table[] = {
	{ "policy", 'p', "P,..", 0,
	  "Policies to replay, or files of your own (./mine.so); default: all", 0 },
	{ "size", 's', "N|N%,..", 0,
	  "Cache sizes in pages, or of the unique pages; default: 1%,5%,10%,25%,50%", 0 },
	{ "curve", KEY_CURVE, NULL, 0, "The LRU misses of every size, in one pass", 0 },
	{ "sample", KEY_SAMPLE, "N", 0, "Estimate the curve from N pages (fixed memory)", 0 },
	{ "seed", KEY_SEED, "S", 0, "Of the sample, and of policies that draw; default: 1", 0 },
	{ "stream", KEY_STREAM, "K", 0, "Kind (object, io, dma) or number of the stream", 0 },
	{ "threads", KEY_THREADS, "N", 0, "Default: one a processor; never changes a count", 0 },
	{ "plot", KEY_PLOT, "FILE", 0,
	  "Draw misses by size: .svg, .png, .pdf, or - for the terminal", 0 },
	{ "results", KEY_RESULTS, "FILE", 0, "Add the counts to a results file", 0 },
	{ 0 },
};

/* Drops the last policy if it was named before. */
static void drop_repeated_policy(struct options *o)
{
	const size_t last = o->npolicies - 1;
	for (size_t i = 0; i < last; i++)
		if (o->policies[i] == o->policies[last]) {
			o->npolicies = last;
			return;
		}
}

static void drop_repeated_size(struct options *o)
{
	const size_t last = o->nsizes - 1;
	const struct quantity *q = &o->sizes[last].asked;
	for (size_t i = 0; i < last; i++)
		if (o->sizes[i].asked.value == q->value && o->sizes[i].asked.is_ppm == q->is_ppm) {
			o->nsizes = last;
			return;
		}
}

static void parse_policies(struct options *o, char *list, const struct argp_state *state)
{
	char *parts[POLICIES_MAX];
	const int n = cli_split(list, parts, POLICIES_MAX);
	if (n < 0)
		argp_error(state, "more than %d policies", POLICIES_MAX);
	o->npolicies = 0;
	for (int i = 0; i < n; i++) {
		struct err e = {};
		if (!*parts[i])
			argp_error(state, "--policy: an empty name in the list");
		o->policy_names[o->npolicies] = parts[i];
		const int rc = policy_load(parts[i], &o->policies[o->npolicies++], &e);
		if (rc == ERR_USAGE)
			cli_bad_value(state, "--policy", &e);
		else if (rc)
			exit(cli_fail("cache", &e));
		drop_repeated_policy(o);
	}
}

static void parse_sizes(struct options *o, char *list, const struct argp_state *state)
{
	char *parts[SIZES_MAX];
	const int n = cli_split(list, parts, SIZES_MAX);
	if (n < 0)
		argp_error(state, "more than %d sizes", SIZES_MAX);
	o->nsizes = 0;
	for (int i = 0; i < n; i++) {
		struct err e = {};
		struct cache_size *s = &o->sizes[o->nsizes++];
		if (!*parts[i])
			argp_error(state, "--size: an empty size in the list");
		s->text = parts[i];
		int rc = quantity_parse(parts[i], &s->asked, &e);
		if (!rc && !s->asked.value)
			rc = err_set(&e, ERR_USAGE, "'%s': a cache holds at least one page",
				     parts[i]);
		if (rc)
			cli_bad_value(state, "--size", &e);
		drop_repeated_size(o);
	}
}

static uint64_t parse_count(const char *arg, const char *option, uint64_t least, uint64_t most,
			    const struct argp_state *state)
{
	struct err e = {};
	uint64_t n = 0;
	int rc = quantity_parse_count(arg, &n, &e);
	if (!rc && (n < least || n > most))
		rc = err_set(&e, ERR_USAGE, "'%s': expected %llu to %llu", arg,
			     (unsigned long long)least, (unsigned long long)most);
	if (rc)
		cli_bad_value(state, option, &e);
	return n;
}

static void check(struct options *o, const struct argp_state *state)
{
	if (!o->path)
		argp_error(state, "which trace?");
	if (o->results && (!*o->results || !strcmp(o->results, "-")))
		argp_error(state, "--results '%s': a results file has a name", o->results);
	if (o->sample_pages && !o->wants_curve)
		argp_error(state, "--sample is for --curve");
	if (o->plot && !strcmp(o->plot, "-") && o->cli.is_json)
		argp_error(state, "--json and --plot - both want standard output");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->cli;
		return 0;
	case 'p':
		parse_policies(o, arg, state);
		return 0;
	case 's':
		parse_sizes(o, arg, state);
		o->has_own_sizes = true;
		return 0;
	case KEY_CURVE:
		o->wants_curve = true;
		return 0;
	case KEY_SAMPLE:
		o->sample_pages = parse_count(arg, "--sample", SAMPLE_MIN, SAMPLE_MAX, state);
		return 0;
	case KEY_SEED:
		o->seed = parse_count(arg, "--seed", 0, UINT64_MAX, state);
		return 0;
	case KEY_THREADS:
		o->threads = parse_count(arg, "--threads", 1, THREADS_MAX, state);
		return 0;
	case KEY_PLOT:
		o->plot = arg;
		return 0;
	case KEY_RESULTS:
		o->results = arg;
		return 0;
	case KEY_STREAM:
		o->stream = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one trace at a time: '%s' is too many", arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		check(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the work ---- */

struct work {
	const struct options *options;
	struct trace_source source;
	struct pageids ids;
	struct spool requests, future;
	struct curve curve;
	struct cachesim_job *jobs;
	struct cache_size sizes[SIZES_MAX];
	struct progress progress;
	struct plot *plot;
};

static void show_progress(void *ctx, uint64_t done)
{
	progress_set(ctx, done);
}

static int read_requests(struct work *w, struct err *e)
{
	const struct page_source source = { trace_source_next, &w->source };
	int rc = pageids_init(&w->ids, e);
	if (!rc)
		rc = spool_init(&w->requests, SPOOL_MEMORY_BYTES, e);
	return rc ? rc : pageids_ingest(&w->ids, &source, &w->requests, e);
}

static int make_curve(struct work *w, struct err *e)
{
	const struct page_source source = { trace_source_next, &w->source };
	const struct options *o = w->options;
	if (!o->sample_pages)
		return curve_exact(&w->requests, w->ids.n, &w->curve, e);
	trace_source_rewind(&w->source);
	return curve_sample(&source, (uint32_t)o->sample_pages, o->seed, &w->curve, e);
}

static int replay(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	const size_t n = o->npolicies * o->nsizes;
	bool needs_future = false;
	w->jobs = calloc(n, sizeof(*w->jobs));
	if (!w->jobs)
		return err_set(e, ERR_NOMEM, "no memory for %zu runs", n);
	for (size_t i = 0; i < n; i++) {
		w->jobs[i].policy = o->policies[i / o->nsizes];
		w->jobs[i].size_pages = w->sizes[i % o->nsizes].pages;
		needs_future |= w->jobs[i].policy->needs_future;
	}
	if (needs_future) {
		int rc = spool_init(&w->future, SPOOL_MEMORY_BYTES, e);
		if (!rc)
			rc = cachesim_future(&w->requests, w->ids.n, &w->future, e);
		if (rc)
			return rc;
	}

	progress_init(&w->progress, "replay", "runs", n, o->cli.is_quiet);
	const struct cachesim sim = {
		.requests = &w->requests,
		.future = needs_future ? &w->future : NULL,
		.npages = w->ids.n,
		.seed = o->seed,
		.threads = (unsigned)o->threads,
		.finished = show_progress,
		.finished_ctx = &w->progress,
	};
	const int rc = cachesim_run(&sim, w->jobs, n, e);
	progress_end(&w->progress);
	return rc;
}

/* Reads and replays what the options ask for; w->sizes gets its pages. */
static int read_and_replay(struct work *w, uint64_t *requests_out, uint64_t *unique_out,
			   struct err *e)
{
	const struct options *o = w->options;
	const bool reads = o->npolicies || !o->sample_pages;
	progress_init(&w->progress, "read", "events", w->source.info->rows, o->cli.is_quiet);
	w->source.progress = show_progress;
	w->source.progress_ctx = &w->progress;
	int rc = reads ? read_requests(w, e) : 0;
	if (!rc && o->wants_curve)
		rc = make_curve(w, e);
	progress_end(&w->progress);
	if (rc)
		return rc;

	*requests_out = reads ? w->requests.n : w->curve.requests;
	*unique_out = reads ? w->ids.n : w->curve.unique_pages;
	if (!*requests_out)
		return err_set(e, ERR_UNUSABLE, "%s: its %s stream asks for no page", o->path,
			       w->source.info->kind->name);
	for (size_t i = 0; i < o->nsizes; i++) {
		w->sizes[i] = o->sizes[i];
		w->sizes[i].pages = cache_size_pages(o->sizes[i].asked, *unique_out);
	}
	return o->npolicies ? replay(w, e) : 0;
}

/* Prints, stores and draws; the plot comes last, as it may share standard output. */
static int hand_out(struct work *w, const struct cache_answer *a, const char *digest, struct err *e)
{
	const struct options *o = w->options;
	const struct results_run run = { .command = "cache",
					 .args = o->args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .seed = o->seed };
	if (o->results) {
		const int rc = cache_store(o->results, &run, a, e);
		if (rc)
			return rc;
	}
	struct report *r = report_begin(stdout, cli_format(&o->cli), "cache", o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	cache_report(r, a, o->cli.is_json, o->cli.is_verbose);
	const int status = cli_report_end("cache", r, EXIT_DONE);
	struct plot *p = status ? NULL : take_ptr(w->plot);
	if (!p)
		return status;
	const int rc = cache_plot(p, a, e);
	if (!rc && strcmp(o->plot, "-"))
		cli_note(&o->cli, "cache", "%s: drawn", o->plot);
	return rc ? rc : status;
}

/* No hour of replay before a results file that cannot be written. */
static int check_results(const char *path, struct err *e)
{
	struct results *r;
	const int rc = results_open(path, &r, e);

	if (!rc)
		results_abort(r);
	return rc;
}

static int answer(struct trace *t, struct work *w, struct err *e)
{
	const struct options *o = w->options;
	bool is_least;
	struct cache_answer a = {
		.trace = t,
		.lost_events = banner_lost_events(t, &is_least),
		.seed = o->seed,
		.sample_pages = o->sample_pages,
		.policies = o->policies,
		.policy_names = o->policy_names,
		.npolicies = o->npolicies,
		.sizes = w->sizes,
		.nsizes = o->nsizes,
		.has_own_sizes = o->has_own_sizes,
	};
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = o->results ? check_results(o->results, e) : 0;
	if (!rc && o->plot)
		rc = plot_begin(o->plot, cache_plot_script(o->wants_curve), &w->plot, e);
	if (!rc)
		rc = trace_source_find(t, o->stream, &a.stream, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	if (!rc)
		rc = trace_source_open(&w->source, t, a.stream, e);
	if (!rc)
		rc = read_and_replay(w, &a.requests, &a.unique_pages, e);
	if (rc)
		return rc;

	a.jobs = w->jobs;
	a.curve = o->wants_curve ? &w->curve : NULL;
	return hand_out(w, &a, digest, e);
}

/* Nothing asked for: everything on one screen. The future bounds all, so min comes with them. */
static void set_defaults(struct options *o)
{
	static char sizes[] = "1%,5%,10%,25%,50%";
	if (!o->npolicies && !o->wants_curve)
		while (policies[o->npolicies]) {
			o->policies[o->npolicies] = policies[o->npolicies];
			o->policy_names[o->npolicies] = policies[o->npolicies]->name;
			o->npolicies++;
		}
	if (!o->has_own_sizes)
		parse_sizes(o, sizes, NULL);
	if (!o->threads) {
		const long n = sysconf(_SC_NPROCESSORS_ONLN);
		o->threads = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (uint64_t)n;
	}
}

static const struct argp_child children[] = { { &cli_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.args_doc = "TRACE",
	.doc = "Replays the page requests of a trace through caches: a page is resident while its"
	       " policy holds it, and a miss always admits.\v"
	       "Examples:\n"
	       "  pugmark cache disk.db\n"
	       "  pugmark cache disk.db --policy lru,./mine.so,min --size 10%,64K\n"
	       "  pugmark cache disk.db --curve --sample 8192",
	.children = children,
};

int cmd_cache(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct trace *t;
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("cache", &e);
	}
	o->seed = 1;
	for (int i = 0; i < argc; i++)
		snprintf(o->args + strlen(o->args), sizeof(o->args) - strlen(o->args), "%s%s",
			 i ? " " : "", argv[i]);
	cli_parse(&argp, argc, argv, o);
	set_defaults(o);
	w->options = o;
	w->requests.fd = w->future.fd = -1;

	int rc = trace_open(o->path, &t, &e);
	if (!rc) {
		banner_show(&o->cli, "cache", t);
		rc = answer(t, w, &e);
		if (w->source.reader)
			trace_source_close(&w->source);
		if (w->plot)
			plot_abort(w->plot);
		trace_close(t);
	}
	pageids_deinit(&w->ids);
	spool_deinit(&w->requests);
	spool_deinit(&w->future);
	curve_deinit(&w->curve);
	free(w->jobs);
	return rc < 0 ? cli_fail("cache", &e) : rc;
}
