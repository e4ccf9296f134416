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
#include "replay/policy-params.h"
#include "replay/trace-source.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/progress.h"

#include <stdlib.h>
#include <string.h>

enum {
	POLICIES_MAX = 64,
	SIZES_MAX = 1000,
	SAMPLE_MIN = 64,
	SAMPLE_MAX = 1 << 26,
};

struct options {
	struct cli cli;
	const char *path, *stream, *plot, *results;
	const struct policy *policies[POLICIES_MAX];
	const char *policy_names[POLICIES_MAX];
	struct cache_size sizes[SIZES_MAX];
	size_t npolicies, nsizes;
	struct cli_sets sets;
	bool has_own_sizes, wants_curve;
	uint64_t sample_pages, seed, threads;
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

static int add_policy(void *mine, char *name, struct err *e)
{
	struct options *o = mine;
	o->policy_names[o->npolicies] = name;
	const int rc = policy_load(name, &o->policies[o->npolicies++], e);
	if (!rc)
		drop_repeated_policy(o);
	return rc;
}

static int add_size(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	struct cache_size *s = &o->sizes[o->nsizes++];
	s->text = text;
	const int rc = quantity_parse(text, &s->asked, e);
	if (!rc && !s->asked.value)
		return err_set(e, ERR_USAGE, "'%s': a cache holds at least one page", text);
	if (!rc)
		drop_repeated_size(o);
	return rc;
}

/* Nothing asked for: everything on one screen. The future bounds all, so min comes with them. */
static int check(void *mine, struct err *e)
{
	struct options *o = mine;
	if (o->sample_pages && !o->wants_curve)
		return err_set(e, ERR_USAGE, "--sample is for --curve");
	if (!o->npolicies && !o->wants_curve)
		while (policies[o->npolicies]) {
			o->policies[o->npolicies] = policies[o->npolicies];
			o->policy_names[o->npolicies] = policies[o->npolicies]->name;
			o->npolicies++;
		}
	return 0;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "policy",
	  .key = 'p',
	  .arg = "P,..",
	  .kind = CLI_LIST,
	  AT(npolicies),
	  .each = add_policy,
	  .most = POLICIES_MAX,
	  .choices = policy_names,
	  .files = "so",
	  .help = "Policies to replay, or files of your own (./mine.so); default: all" },
	{ .name = "size",
	  .key = 's',
	  .arg = "N|N%,..",
	  .kind = CLI_LIST,
	  AT(nsizes),
	  .each = add_size,
	  .most = SIZES_MAX,
	  .fallback = "1%,5%,10%,25%,50%",
	  .given = offsetof(struct options, has_own_sizes),
	  .help = "Cache sizes in pages, or of the unique pages" },
	{ .name = "curve",
	  .kind = CLI_FLAG,
	  AT(wants_curve),
	  .help = "The LRU misses of every size, in one pass" },
	{ .name = "sample",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(sample_pages),
	  .least = SAMPLE_MIN,
	  .most = SAMPLE_MAX,
	  .help = "Estimate the curve from N pages (fixed memory)" },
	CLI_OPTION_SEED(AT(seed), "Of the sample, and of policies that draw"),
	CLI_OPTION_SET(AT(sets), "One parameter of a policy, as pin.2q_in=30%"),
	{ .name = "stream",
	  .arg = "K",
	  .kind = CLI_TEXT,
	  AT(stream),
	  .help = "Kind (object, io, dma) or number of the stream" },
	CLI_OPTION_THREADS(AT(threads)),
	CLI_OPTION_PLOT(AT(plot), "Draw misses by size"),
	CLI_OPTION_RESULTS(AT(results)),
};

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Replays the page requests of a trace through caches: a page is resident while its"
	       " policy holds it, and a miss always admits.\v"
	       "Examples:\n"
	       "  pugmark cache disk.db\n"
	       "  pugmark cache disk.db --policy lru,./mine.so,min --size 10%,64K\n"
	       "  pugmark cache disk.db --curve --sample 8192",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "trace",
	.only = offsetof(struct options, path),
	.check = check,
};

/* ---- the work ---- */

struct work {
	const struct options *options;
	struct arena arena;
	struct param_set params;
	struct policy_chosen chosen[POLICIES_MAX];
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
		w->jobs[i].policy_params = w->chosen[i / o->nsizes].params;
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
					 .args = o->cli.args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .seed = o->seed,
					 .trace = a->trace };
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

static int read_params(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	for (size_t i = 0; i < o->npolicies; i++)
		w->chosen[i].policy = o->policies[i];
	w->params.arena = &w->arena;
	int rc = policy_params_add(&w->params, w->chosen, o->npolicies, e);
	for (size_t i = 0; i < o->sets.n && !rc; i++)
		rc = param_assign(&w->params, o->sets.text[i], e);
	param_section_use(&w->params, "pin");
	return rc;
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
		.params = &w->params,
		.npolicies = o->npolicies,
		.sizes = w->sizes,
		.nsizes = o->nsizes,
		.has_own_sizes = o->has_own_sizes,
	};
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = read_params(w, e);
	if (!rc && o->results)
		rc = check_results(o->results, e);
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
	cli_options_parse(&command, argc, argv, o);
	o->threads = cli_threads(o->threads);
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
	arena_deinit(&w->arena);
	free(w->jobs);
	return rc < 0 ? cli_fail("cache", &e) : rc;
}
