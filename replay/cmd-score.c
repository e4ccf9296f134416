// SPDX-License-Identifier: MIT
/* pugmark score: whole designs side by side on one recording. */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/design.h"
#include "replay/score-options.h"
#include "replay/score-plot.h"
#include "reports/banner.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <stdlib.h>

struct work {
	struct score_options *options;
	struct trace *traces[SCORE_TRACES_MAX];
	struct score_input input;
	struct score_design designs[SCORE_DESIGNS_MAX];
	struct score_result *results;
	struct score_answer answer;
	const char *unused[SCORE_TRACES_MAX];
	struct progress progress;
	struct plot *plot;
};

/* Each part takes the first trace that has rows of its kind. */
static int open_traces(struct work *w, struct err *e)
{
	static const enum kind_id kind_of[SCORE_PARTS] = { KIND_DMA, KIND_IO, KIND_MEM, KIND_MEM };
	const struct score_options *o = w->options;
	int rc = 0;
	for (size_t i = 0; i < o->npaths && !rc; i++) {
		rc = trace_open(o->paths[i], &w->traces[i], e);
		bool is_least;
		if (!rc)
			banner_show(&o->cli, "score", w->traces[i]);
		if (!rc)
			w->answer.lost_events += banner_lost_events(w->traces[i], &is_least);
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

static bool is_input(const struct param_set *s, const struct param *p)
{
	return s && param_section_is_used(s, p->section) && param_find(s, p->section, p->name);
}

/* Each parameter once, whatever designs have it. */
static void count_inputs(struct work *w, size_t design, unsigned part)
{
	const struct param_set *s = score_part_set(&w->designs[design], part);
	for (size_t i = 0; s && i < s->n; i++) {
		const struct param_entry *x = &s->entries[i];
		bool is_new = is_input(s, x->param);
		for (size_t k = 0; k < design && is_new; k++)
			is_new = !is_input(score_part_set(&w->designs[k], part), x->param);
		w->answer.nparams += is_new;
		w->answer.nguesses += is_new && x->kind == PARAM_GUESS;
	}
}

static int read_designs(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
	int rc = 0;
	for (size_t i = 0; i < o->ndesigns && !rc; i++) {
		struct score_design *d = &w->designs[i];
		d->path = o->designs[i];
		rc = score_design_read(d, o->sets.text, o->sets.n, &w->input, e);
		if (!rc)
			d->name = design_name_among(o->designs, o->ndesigns, i, &d->arena);
		if (!rc && !d->name)
			rc = err_set(e, ERR_NOMEM, "no memory for %s", o->designs[i]);
		if (!rc && o->wants_assumptions && !o->cli.is_json)
			printf("%s; design %s\n", i ? "\n" : "", d->name);
		for (unsigned p = 0; p < SCORE_PARTS && !rc; p++) {
			count_inputs(w, i, p);
			if (d->has[p] && o->wants_assumptions && !o->cli.is_json)
				params_print_values(stdout, score_part_set(d, p));
		}
	}
	return rc;
}

static int run_all(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
	struct score_run run = { .input = &w->input,
				 .vm_bytes = o->memory_bytes,
				 .threads = (unsigned)o->threads };
	int rc = 0;
	progress_init(&w->progress, "score", "designs", o->ndesigns * o->nseeds, o->cli.is_quiet);
	for (size_t s = 0; s < o->nseeds && !rc; s++) {
		struct score_result *results = &w->results[s * o->ndesigns];
		run.seed = o->seeds[s];
		for (size_t i = 0; i < o->ndesigns && !rc; i++) {
			run.earlier = w->results;
			run.nearlier = s * o->ndesigns + i;
			rc = score_design_run(&run, &w->designs[i], &results[i], e);
			progress_set(&w->progress, s * o->ndesigns + i + 1);
		}
		if (!rc)
			score_mark_pareto(results, o->ndesigns);
	}
	progress_end(&w->progress);
	return rc;
}

static void report_assumptions(struct report *r, const struct work *w)
{
	params_report_begin(r);
	for (size_t i = 0; i < w->options->ndesigns; i++)
		for (unsigned p = 0; p < SCORE_PARTS; p++)
			if (w->designs[i].has[p])
				params_report_values(r, w->designs[i].name,
						     score_part_set(&w->designs[i], p));
}

static int hand_out(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
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
	if (o->wants_assumptions && o->cli.is_json)
		report_assumptions(r, w);
	const int status = cli_report_end("score", r, EXIT_DONE);
	struct plot *plot = status ? NULL : take_ptr(w->plot); /* it may share standard output */
	rc = plot ? score_plot(plot, o->paths[0], &w->answer, e) : 0;
	return rc ? rc : status;
}

/* With the reason of the first part that could not run. */
static int check_usable(const struct work *w, struct err *e)
{
	const char *why = NULL;
	for (size_t i = 0; i < w->options->ndesigns; i++)
		for (unsigned p = 0; p < SCORE_PARTS; p++) {
			if (w->results[i].ran[p])
				return 0;
			why = why ? why : w->results[i].why_not[p];
		}
	return err_set(e, ERR_UNUSABLE, "%.80s: no part of any design can run: %s",
		       w->options->paths[0], why ? why : "none has a section");
}

static int score(struct work *w, struct err *e)
{
	struct score_options *o = w->options;
	int rc = open_traces(w, e);
	if (w->input.trace[SCORE_WALK])
		score_options_add_usual(o);
	if (!rc)
		rc = read_designs(w, e);
	if (!rc && o->plot)
		rc = plot_begin(o->plot, SCORE_PLOT_SCRIPT, &w->plot, e);
	w->results = rc ? NULL : calloc(o->ndesigns * o->nseeds, sizeof(*w->results));
	if (!rc && !w->results)
		rc = err_set(e, ERR_NOMEM, "no memory for the results");
	if (!rc)
		rc = run_all(w, e);
	if (!rc)
		rc = check_usable(w, e);
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
	_free_ struct score_options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("score", &e);
	}
	score_options_parse(o, argc, argv);
	if (o->pool.value)
		return cmd_score_pool(o);
	if (o->is_backtest)
		return cmd_score_backtest(o);
	w->options = o;
	const int rc = score(w, &e);
	for (size_t i = 0; w->results && i < o->ndesigns * o->nseeds; i++)
		score_result_deinit(&w->results[i]);
	for (size_t i = 0; i < o->ndesigns; i++)
		score_design_deinit(&w->designs[i]);
	for (size_t i = 0; i < o->npaths; i++)
		trace_close(w->traces[i]);
	if (w->plot)
		plot_abort(w->plot);
	free(w->results);
	return rc < 0 ? cli_fail("score", &e) : rc;
}
