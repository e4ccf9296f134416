// SPDX-License-Identifier: MIT
/*
 * pugmark walk: what native, shadow and nested paging and TPT cost in page-walk
 * references and cycles on this trace, all of them in one pass over its accesses.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/design.h"
#include "replay/walk-feed.h"
#include "replay/walk-report.h"
#include "replay/walk-try.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <stdlib.h>

enum {
	DESIGNS_MAX = 64,
	TRIED_ROWS = 1000000, /* up to here inputs are tried unasked: it takes a second or two */
};

struct options {
	struct cli cli;
	const char *path, *plot, *results;
	bool wants_assumptions, tries_inputs;
	const char *designs[DESIGNS_MAX];
	size_t ndesigns;
	struct cli_sets sets;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "design",
	  .key = 'd',
	  .arg = "F,..",
	  .kind = CLI_LIST,
	  AT(ndesigns),
	  .texts = offsetof(struct options, designs),
	  .most = DESIGNS_MAX,
	  .fallback = "native,nested,shadow-naive,shadow-unsync,tpt-opt,tpt-naive",
	  .choices = design_names_walk,
	  .files = "ini",
	  .help = "Designs to score: built-in ones by name, or files" },
	CLI_OPTION_SET(AT(sets), "One parameter of all designs, as walk.stlb=2048/16"),
	{ .name = "assumptions",
	  .kind = CLI_FLAG,
	  AT(wants_assumptions),
	  .help = "List every parameter with kind and source, then answer" },
	{ .name = "try-inputs",
	  .kind = CLI_FLAG,
	  AT(tries_inputs),
	  .help = "Compare fastest and slowest design with guesses at other values, also on a "
		  "large trace; --verbose lists them" },
	CLI_OPTION_PLOT(AT(plot), "Draw references by level and design"),
	CLI_OPTION_RESULTS(AT(results)),
};

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Plays the loads and stores of a trace through TLBs, walk caches and page tables of "
	       "one or more designs: misses, walks, references to tables, and what they cost.\v"
	       "Examples:\n"
	       "  pugmark walk mem.db\n"
	       "  pugmark walk mem.db --design nested,./mine.ini --set walk.stlb=2048/16",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.what = "trace",
	.only = offsetof(struct options, path),
};

/* ---- the work ---- */

struct work {
	const struct options *options;
	struct arena arena;
	struct walk_design designs[DESIGNS_MAX];
	struct walk_row rows[DESIGNS_MAX];
	struct progress progress;
	struct plot *plot;
	struct walk_tries tries;
};

static void show_progress(void *ctx, uint64_t done)
{
	progress_set(ctx, done);
}

static int read_designs(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	int rc = 0;
	for (size_t i = 0; i < o->ndesigns && !rc; i++) {
		struct walk_design *d = &w->designs[i];
		rc = walk_design_read(o->designs[i], o->sets.text, o->sets.n, &w->arena, d, e);
		if (!rc)
			d->name = design_name_among(o->designs, o->ndesigns, i, &w->arena);
		if (!rc && !d->name)
			rc = err_set(e, ERR_NOMEM, "no memory for %s", o->designs[i]);
	}
	return rc;
}

static int play(struct work *w, struct trace *t, const struct trace_stream_info *stream,
		struct err *e)
{
	const struct options *o = w->options;
	const struct walk_config *configs[DESIGNS_MAX];
	struct walk *walk;
	for (size_t i = 0; i < o->ndesigns; i++) {
		struct walk_config *c = &w->designs[i].config;
		walk_design_fit(c, stream->rows, trace_vm_pages(t, 0));
		configs[i] = c;
	}
	int rc = walk_new(configs, o->ndesigns, &w->arena, &walk, e);
	if (rc)
		return rc;
	progress_init(&w->progress, "walk", "accesses", stream->rows, o->cli.is_quiet);
	rc = walk_feed(walk, t, stream, show_progress, &w->progress, e);
	progress_end(&w->progress);
	for (size_t i = 0; i < o->ndesigns && !rc; i++) {
		w->rows[i].design = &w->designs[i];
		walk_counts(walk, i, &w->rows[i].counts);
		walk_cost(&w->designs[i].costs, &w->designs[i].config, &w->rows[i].counts,
			  &w->rows[i].cycles);
	}
	return rc;
}

/* The two designs that the verdict compares, with guesses at other values. */
static int try_inputs(struct work *w, struct trace *t, struct walk_answer *a, struct err *e)
{
	const struct options *o = w->options;
	const bool is_small = a->stream->rows <= TRIED_ROWS && !o->cli.is_json;
	const struct walk_row *fast = walk_fastest(a), *slow = walk_slowest(a);
	if (!fast || fast == slow || !(o->tries_inputs || is_small))
		return 0;
	const struct walk_try_sources sources = {
		.fast = o->designs[fast - w->rows],
		.slow = o->designs[slow - w->rows],
		.sets = o->sets.text,
		.nsets = o->sets.n,
		.trace = t,
		.stream = a->stream,
	};
	w->tries.fast = fast;
	w->tries.slow = slow;
	a->tries = &w->tries;
	return walk_try(&sources, &w->arena, &w->tries, e);
}

/* Prints, stores and draws; the plot comes last, as it may share standard output. */
static int hand_out(struct work *w, const struct walk_answer *a, const char *digest, struct err *e)
{
	const struct options *o = w->options;
	const struct results_run run = { .command = "walk",
					 .args = o->cli.args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .trace = a->trace };
	const int stored = o->results ? walk_store(o->results, &run, a, e) : 0;
	if (stored)
		return stored;
	if (o->wants_assumptions && !o->cli.is_json)
		walk_assumptions(stdout, NULL, a);
	struct report *r = report_begin(stdout, cli_format(&o->cli), "walk", o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	walk_report(r, a, o->cli.is_json, o->cli.is_verbose);
	if (o->wants_assumptions && o->cli.is_json)
		walk_assumptions(NULL, r, a);
	const int status = cli_report_end("walk", r, EXIT_DONE);
	struct plot *p = status ? NULL : take_ptr(w->plot);
	const int drawn = p ? walk_plot(p, a, e) : 0;
	return drawn ? drawn : status;
}

/* What the trace knows of its program. */
static int read_known(struct walk_answer *a, struct trace *t, struct err *e)
{
	const int rc = trace_meta_u64(t, "native_walk_ppm", &a->native_walk_ppm, e);
	if (rc < 0)
		return rc;
	if (a->native_walk_ppm >= PPM_PER_ONE)
		return err_set(e, ERR_UNUSABLE, "%s: its native_walk_ppm is not below 1000000",
			       trace_path(t));
	return 0;
}

static int answer(struct trace *t, struct work *w, struct err *e)
{
	bool is_least;
	struct walk_answer a = { .trace = t,
				 .rows = w->rows,
				 .nrows = w->options->ndesigns,
				 .lost_events = banner_lost_events(t, &is_least) };
	char digest[TRACE_DIGEST_CHARS + 1];
	_free_ char *source = trace_meta(t, "native_walk_source");
	a.native_source = source;
	a.vm_pages = trace_vm_pages(t, 0);
	a.sample_ppm = walk_feed_sample_ppm(t);
	int rc = read_designs(w, e);
	if (!rc && w->options->plot)
		rc = plot_begin(w->options->plot, "walk", &w->plot, e);
	if (!rc)
		rc = walk_feed_find(t, &a.stream, e);
	if (!rc)
		rc = read_known(&a, t, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	if (!rc)
		rc = play(w, t, a.stream, e);
	if (!rc)
		rc = try_inputs(w, t, &a, e);
	return rc ? rc : hand_out(w, &a, digest, e);
}

int cmd_walk(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct trace *t;
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("walk", &e);
	}
	cli_options_parse(&command, argc, argv, o);
	w->options = o;
	int rc = trace_open(o->path, &t, &e);
	if (!rc) {
		banner_show(&o->cli, "walk", t);
		rc = answer(t, w, &e);
		if (w->plot)
			plot_abort(w->plot);
		trace_close(t);
	}
	arena_deinit(&w->arena);
	return rc < 0 ? cli_fail("walk", &e) : rc;
}
