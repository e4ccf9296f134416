// SPDX-License-Identifier: MIT
/*
 * pugmark numa replay: what it costs on this trace that page tables lie on
 * other nodes than the threads that walk them, and what migrating or
 * replicating them gives and costs.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/design.h"
#include "replay/numa-answer.h"
#include "replay/numa-feed.h"
#include "replay/walk-design.h"
#include "replay/walk-feed.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <stdlib.h>
#include <string.h>

#define COMMAND "numa replay"

struct options {
	struct cli cli;
	const char *path, *plot, *machine, *results;
	const char *designs[NUMA_DESIGNS_MAX];
	size_t ndesigns;
	struct cli_sets sets;
	uint64_t warm_ppm, seed;
	bool moves;
	enum numa_mover mover;
};

static int set_warm(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	uint64_t ppm;
	if (quantity_parse_ppm(text, &ppm, e) || ppm >= PPM_PER_ONE)
		return err_set(e, ERR_USAGE, "'%.40s': expected a share below 100%%", text);
	o->warm_ppm = ppm;
	return 0;
}

static void list_movers(struct choices *c)
{
	static const char *const names[] = {
		[NUMA_GUEST_MOVES] = "guest", [NUMA_VM_MOVES] = "vm", NULL
	};
	choices_add_names(c, names);
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "design",
	  .key = 'd',
	  .arg = "D,..",
	  .kind = CLI_LIST,
	  AT(ndesigns),
	  .texts = offsetof(struct options, designs),
	  .most = NUMA_DESIGNS_MAX,
	  .fallback = "LL,LR,RL,RR,LRI,RLI,RRI,RRIE,RRIG,RRIM",
	  .choices = design_names_walk,
	  .files = "ini",
	  .help = "Letters as in vMitosis, built-in designs, or files" },
	CLI_OPTION_SET(AT(sets), "One parameter of all designs, as machine.remote=150%"),
	{ .name = "machine",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(machine),
	  .files = "ini",
	  .help = "Profile with [machine]: latencies and caches; default: four Cascade Lake" },
	{ .name = "warm-up",
	  .arg = "SHARE",
	  .kind = CLI_CALL,
	  .each = set_warm,
	  .fallback = "50%",
	  .help = "Of the rows, that only fill caches" },
	{ .name = "move",
	  .arg = "WHO",
	  .kind = CLI_CHOICE,
	  AT(mover),
	  .given = offsetof(struct options, moves),
	  .choices = list_movers,
	  .what = "mover",
	  .help = "Also a timeline: the program, or its whole VM, moves to another node" },
	CLI_OPTION_SEED(AT(seed), "Of the order in which pages move"),
	CLI_OPTION_PLOT(AT(plot), "Draw run times by design, or the timeline"),
	CLI_OPTION_RESULTS(AT(results)),
};

static const struct cli_command command = {
	.args_doc = "TRACE",
	.doc = "Plays the loads and stores of a trace through page tables that lie on NUMA nodes: "
	       "references by where they are served, run time over that with local tables, cost of "
	       "migrating or replicating them.\v"
	       "Examples:\n"
	       "  pugmark gen memcached -o m.db && pugmark numa replay m.db\n"
	       "  pugmark numa replay m.db --design F,FM,OF,OFMP --set numa.nodes=8\n"
	       "  pugmark numa replay m.db --move guest --plot move.svg",
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
	struct numa_design designs[NUMA_DESIGNS_MAX];
	struct numa_result results[NUMA_DESIGNS_MAX];
	struct numa_answer answer;
	struct numa_move_config move;
	struct numa_run *run;
	struct plot *plot;
};

/* Sections by name, so that each --set reaches the set that has it. */
static bool is_of_move(const char *set)
{
	return !strncmp(set, "move.", 5);
}

static int read_designs(struct work *w, const struct trace *t, struct err *e)
{
	const struct options *o = w->options;
	const char *mine[CLI_SETS_MAX];
	struct param_set move = { .arena = &w->arena };
	size_t n = 0;
	int rc = param_set_add(&move, numa_move_params, numa_move_nparams, &w->move, e);

	for (size_t i = 0; i < o->sets.n && !rc; i++) {
		if (is_of_move(o->sets.text[i]))
			rc = param_assign(&move, o->sets.text[i], e);
		else
			mine[n++] = o->sets.text[i];
	}
	for (size_t i = 0; i < o->ndesigns && !rc; i++) {
		struct numa_design *d = &w->designs[i];
		rc = numa_design_read(o->designs[i], o->machine, mine, n, &w->arena, d, e);
		if (!rc)
			d->name = design_name_among(o->designs, o->ndesigns, i, &w->arena);
		if (!rc && !d->name)
			rc = err_set(e, ERR_NOMEM, "no memory for %s", o->designs[i]);
	}
	for (size_t i = 0; i < o->ndesigns && !rc; i++)
		walk_design_fit(&w->designs[i].walk, 0, trace_vm_pages(t, 0));
	return rc ? rc : numa_run_new(w->designs, o->ndesigns, &w->arena, &w->run, e);
}

static void show_progress(void *ctx, uint64_t rows)
{
	progress_set(ctx, rows);
}

static int feed(struct work *w, struct trace *t, const struct trace_stream_info *stream,
		struct err *e)
{
	struct progress progress;
	progress_init(&progress, COMMAND, "accesses", stream->rows, w->options->cli.is_quiet);
	const int rc =
		numa_feed(w->run, t, stream, w->answer.warm_rows, show_progress, &progress, e);
	progress_end(&progress);
	return rc;
}

/* A timeline is of the first nested design. */
static int move(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	for (size_t i = 0; i < o->ndesigns; i++)
		if (w->designs[i].walk.mode == WALK_NESTED)
			return numa_answer_move(&w->answer, &w->results[i], o->mover, o->seed,
						&w->arena, e);
	return err_set(e, ERR_USAGE, "--move needs a design of nested page tables, such as LL");
}

static int judge(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	struct numa_answer *a = &w->answer;

	for (size_t i = 0; i < o->ndesigns; i++)
		numa_run_result(w->run, i, &a->known, &w->results[i]);
	a->results = w->results;
	a->nresults = o->ndesigns;
	a->move = &w->move;
	return o->moves ? move(w, e) : 0;
}

static int hand_out(struct work *w, const struct trace *t, const char *digest, struct err *e)
{
	const struct options *o = w->options;
	const struct results_run run = { .command = "numa",
					 .args = o->cli.args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .seed = o->seed,
					 .trace = t };
	const int stored = o->results ? numa_store(o->results, &run, &w->answer, e) : 0;

	if (stored)
		return stored;
	if (w->plot) {
		struct plot *p = w->plot;
		w->plot = NULL;
		numa_plot(p, &w->answer);
		const int rc = plot_end(p, e);
		if (rc)
			return rc;
	}
	struct report *r = report_begin(stdout, cli_format(&o->cli), COMMAND, o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	numa_report(r, &w->answer, o->cli.is_json);
	return cli_report_end(COMMAND, r, EXIT_DONE);
}

static int answer(struct trace *t, struct work *w, struct err *e)
{
	const struct options *o = w->options;
	const struct trace_stream_info *stream;
	char digest[TRACE_DIGEST_CHARS + 1];
	_free_ char *source = trace_meta(t, "native_walk_source");
	_free_ char *profile = trace_meta(t, "profile");
	int rc = read_designs(w, t, e);

	w->answer.path = o->path;
	w->answer.native_source = source;
	w->answer.profile = profile;
	if (!rc)
		rc = walk_feed_find(t, &stream, e);
	if (!rc)
		rc = numa_feed_known(t, &w->answer.known, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	if (!rc && o->plot)
		rc = plot_begin(o->plot, o->moves ? "numa-move" : "numa-replay", &w->plot, e);
	if (rc)
		return rc;
	w->answer.warm_rows =
		(uint64_t)((unsigned __int128)stream->rows * o->warm_ppm / PPM_PER_ONE);
	rc = feed(w, t, stream, e);
	if (!rc)
		rc = judge(w, e);
	return rc ? rc : hand_out(w, t, digest, e);
}

int cmd_numa_replay(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct trace *t;
	struct err e = {};

	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	cli_options_parse(&command, argc, argv, o);
	w->options = o;
	int rc = trace_open(o->path, &t, &e);
	if (!rc) {
		banner_show(&o->cli, COMMAND, t);
		rc = answer(t, w, &e);
		trace_close(t);
	}
	if (w->plot)
		plot_abort(w->plot);
	arena_deinit(&w->arena);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
