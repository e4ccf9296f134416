// SPDX-License-Identifier: MIT
/* pugmark score: whole designs side by side on one recording. */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/score-report.h"
#include "reports/banner.h"
#include "reports/options.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <stdlib.h>

enum { TRACES_MAX = 8 };

struct options {
	struct cli cli;
	const char *paths[TRACES_MAX];
	size_t npaths;
	const char *designs[SCORE_DESIGNS_MAX], *results;
	uint64_t seeds[SCORE_SEEDS_MAX];
	size_t ndesigns, nseeds;
	struct cli_sets sets;
	uint64_t memory_bytes, threads;
	bool wants_assumptions;
};

static int add_seed(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	return quantity_parse_count(text, &o->seeds[o->nseeds++], e);
}

static int take_trace(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	if (o->npaths == TRACES_MAX)
		return err_set(e, ERR_USAGE, "more than %d traces", TRACES_MAX);
	o->paths[o->npaths++] = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	struct options *o = mine;
	return o->npaths ? 0 : err_set(e, ERR_USAGE, "which trace?");
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "design",
	  .key = 'd',
	  .arg = "F,..",
	  .kind = CLI_LIST,
	  AT(ndesigns),
	  .texts = offsetof(struct options, designs),
	  .most = SCORE_DESIGNS_MAX,
	  .fallback = "today,vpri,pri,snoop,viommu,mdev",
	  .help = "Designs to score: built-in ones by name, or files" },
	{ .name = "overcommit",
	  .key = 'o',
	  .arg = "N%",
	  .kind = CLI_SET_AS,
	  AT(sets),
	  .set_as = "memory.overcommit",
	  .help = "Share of the VM that the host takes away, of all designs" },
	{ .name = "memory",
	  .key = 'm',
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(memory_bytes),
	  .least = PAGE_BYTES,
	  .help = "Memory of the VM; default: what the trace says, else the pages it touches" },
	{ .name = "set",
	  .arg = "S.K=V",
	  .kind = CLI_SET,
	  AT(sets),
	  .help = "One parameter of all designs" },
	{ .name = "seed",
	  .arg = "S,..",
	  .kind = CLI_LIST,
	  AT(nseeds),
	  .each = add_seed,
	  .most = SCORE_SEEDS_MAX,
	  .fallback = "1",
	  .help = "Of all that is drawn; several tell how sure the counts are" },
	{ .name = "threads",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(threads),
	  .least = 1,
	  .most = 256,
	  .help = "Default: one a processor; never changes a number" },
	{ .name = "results",
	  .arg = "FILE",
	  .kind = CLI_RESULTS,
	  AT(results),
	  .help = "Add the numbers to a results file" },
	{ .name = "assumptions",
	  .kind = CLI_FLAG,
	  AT(wants_assumptions),
	  .help = "Print every parameter of every design with its source" },
};

static const struct cli_command command = {
	.args_doc = "TRACE [TRACE..]",
	.doc = "Scores whole designs: memory given back, I/O page faults, what they do to I/O, "
	       "page "
	       "walks, cores. Of several traces each part takes the first that has its rows.\v"
	       "Examples:\n"
	       "  pugmark score web7.db\n"
	       "  pugmark score web7.db mem.db --design vpri,./mine.ini --overcommit 30%",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_trace,
	.check = check,
};

struct work {
	const struct options *options;
	struct trace *traces[TRACES_MAX];
	struct score_input input;
	struct score_design designs[SCORE_DESIGNS_MAX];
	struct score_result *results;
	struct score_answer answer;
	const char *unused[TRACES_MAX];
	struct progress progress;
};

/* Each part takes the first trace that has rows of its kind. */
static int open_traces(struct work *w, struct err *e)
{
	static const enum kind_id kind_of[SCORE_PARTS] = { KIND_DMA, KIND_IO, KIND_MEM };
	const struct options *o = w->options;
	int rc = 0;
	for (size_t i = 0; i < o->npaths && !rc; i++) {
		rc = trace_open(o->paths[i], &w->traces[i], e);
		if (!rc)
			banner_show(&o->cli, "score", w->traces[i]);
		for (unsigned p = 0; p < SCORE_PARTS && !rc; p++) {
			const struct trace_stream_info *s =
				trace_find_stream(w->traces[i], kind_of[p]);
			if (!s || !s->rows || w->input.trace[p])
				continue;
			w->input.trace[p] = w->traces[i];
			w->input.path[p] = o->paths[i];
		}
	}
	for (size_t i = 0; i < o->npaths && !rc; i++) {
		bool is_used = false;
		for (unsigned p = 0; p < SCORE_PARTS; p++)
			is_used |= w->input.trace[p] == w->traces[i];
		if (!is_used)
			w->unused[w->answer.nunused++] = o->paths[i];
	}
	w->answer.unused = w->unused;
	if (!rc && w->input.trace[SCORE_MEMORY])
		rc = pin_devices_read(w->input.trace[SCORE_MEMORY], &w->input.devices, e);
	if (!rc && w->input.trace[SCORE_NVME])
		rc = nvme_trace_look(w->input.trace[SCORE_NVME], &w->input.io, e);
	return rc;
}

static const struct param_set *set_of(const struct score_design *d, unsigned part)
{
	const struct param_set *sets[SCORE_PARTS] = { &d->pin.set, &d->nvme.set, &d->walk.set };
	return d->has[part] ? sets[part] : NULL;
}

static bool is_input(const struct param_set *s, const struct param *p)
{
	return s && param_section_is_used(s, p->section) && param_find(s, p->section, p->name);
}

/* Each parameter once, whatever designs have it. */
static void count_inputs(struct work *w, size_t design, unsigned part)
{
	const struct param_set *s = set_of(&w->designs[design], part);
	for (size_t i = 0; s && i < s->n; i++) {
		const struct param_entry *x = &s->entries[i];
		bool is_new = is_input(s, x->param);
		for (size_t k = 0; k < design && is_new; k++)
			is_new = !is_input(set_of(&w->designs[k], part), x->param);
		w->answer.nparams += is_new;
		w->answer.nguesses += is_new && x->kind == PARAM_GUESS;
	}
}

static int read_designs(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	int rc = 0;
	for (size_t i = 0; i < o->ndesigns && !rc; i++) {
		struct score_design *d = &w->designs[i];
		d->path = o->designs[i];
		rc = score_design_read(d, o->sets.text, o->sets.n, &w->input, e);
		for (unsigned p = 0; p < SCORE_PARTS && !rc; p++) {
			count_inputs(w, i, p);
			if (d->has[p] && o->wants_assumptions && !o->cli.is_json)
				params_print_values(stdout, set_of(d, p));
		}
	}
	return rc;
}

static int run_all(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	struct score_run run = { .input = &w->input,
				 .vm_bytes = o->memory_bytes,
				 .threads = (unsigned)o->threads };
	int rc = 0;
	progress_init(&w->progress, "score", "designs", o->ndesigns * o->nseeds, o->cli.is_quiet);
	for (size_t s = 0; s < o->nseeds && !rc; s++) {
		struct score_result *results = &w->results[s * o->ndesigns];
		run.seed = o->seeds[s];
		for (size_t i = 0; i < o->ndesigns && !rc; i++) {
			rc = score_design_run(&run, &w->designs[i], &results[i], e);
			progress_set(&w->progress, s * o->ndesigns + i + 1);
		}
		if (!rc)
			score_mark_pareto(results, o->ndesigns);
	}
	progress_end(&w->progress);
	return rc;
}

static int hand_out(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = trace_digest(w->traces[0], digest, e);
	const struct results_run run = { .command = "score",
					 .args = o->cli.args,
					 .trace_path = o->paths[0],
					 .trace_digest = digest,
					 .seed = o->seeds[0],
					 .trace = w->traces[0] };
	if (!rc && o->results)
		rc = score_store(o->results, &run, &w->answer, e);
	if (rc)
		return rc;
	struct report *r = report_begin(stdout, cli_format(&o->cli), "score", o->paths[0], digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	score_report(r, &w->answer);
	return cli_report_end("score", r, EXIT_DONE);
}

static int score(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	int rc = open_traces(w, e);
	if (!rc)
		rc = read_designs(w, e);
	w->results = rc ? NULL : calloc(o->ndesigns * o->nseeds, sizeof(*w->results));
	if (!rc && !w->results)
		rc = err_set(e, ERR_NOMEM, "no memory for the results");
	if (!rc)
		rc = run_all(w, e);
	const struct trace *memory = w->input.trace[SCORE_MEMORY];
	w->answer.memory_from = o->memory_bytes ? "--memory"
				: memory && trace_vm_pages(memory, 0)
					? "as the trace says"
					: "the pages it touches: --memory";
	w->answer.input = &w->input;
	w->answer.results = w->results;
	w->answer.ndesigns = o->ndesigns;
	w->answer.nseeds = o->nseeds;
	w->answer.seeds = o->seeds;
	return rc ? rc : hand_out(w, e);
}

int cmd_score(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("score", &e);
	}
	cli_options_parse(&command, argc, argv, o);
	o->threads = cli_threads(o->threads);
	w->options = o;
	const int rc = score(w, &e);
	for (size_t i = 0; w->results && i < o->ndesigns * o->nseeds; i++)
		score_result_deinit(&w->results[i]);
	for (size_t i = 0; i < o->ndesigns; i++)
		score_design_deinit(&w->designs[i]);
	for (size_t i = 0; i < o->npaths; i++)
		trace_close(w->traces[i]);
	free(w->results);
	return rc < 0 ? cli_fail("score", &e) : rc;
}
