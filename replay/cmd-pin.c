// SPDX-License-Identifier: MIT
/*
 * pugmark pin: how much of a VM must stay pinned so that its pass-through
 * devices hardly ever meet a page that the host has swapped out, and what that
 * costs the guest's CPU. Policies x budgets x overcommits x CPU companions x
 * seeds, decoded once.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/pin-backtest.h"
#include "replay/pin-design.h"
#include "replay/pin-report.h"
#include "replay/policy-load.h"
#include "reports/cli.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "store/trace-meta.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	POLICIES_MAX = 64,
	BUDGETS_MAX = 256,
	OVERCOMMITS_MAX = 64,
	SEEDS_MAX = 64,
	SETS_MAX = 256,
	THREADS_MAX = 256,
	SERIES_MAX = PIN_VERDICTS_MAX, /* companions x overcommits */
};

/* What all configurations together may take in memory before they run in turns. */
static const uint64_t memory_bound_bytes = UINT64_C(4) << 30;

static const char *const default_goal = "iopf.max_1s<=10";

struct options {
	struct cli cli;
	const char *path, *plot, *results, *design;
	char reclaim[100]; /* --reclaim as --set has it */
	char args[1000];   /* the command line, for the results file */
	struct pin_chosen policies[POLICIES_MAX];
	struct quantity budgets[BUDGETS_MAX];
	uint64_t overcommits_ppm[OVERCOMMITS_MAX], seeds[SEEDS_MAX];
	bool companions[PIN_COMPANIONS];
	size_t npolicies, nbudgets, novercommits, nseeds, nsets;
	const char *sets[SETS_MAX];
	uint64_t memory_bytes, threads;
	enum access_model model;
	struct pin_goal goal;
	bool has_goal, has_companions, wants_assumptions, is_backtest;
};

enum {
	KEY_CPU = 256,
	KEY_MEMORY,
	KEY_RECLAIM,
	KEY_ACCESS,
	KEY_DESIGN,
	KEY_SET,
	KEY_GOAL,
	KEY_SEED,
	KEY_THREADS,
	KEY_PLOT,
	KEY_RESULTS,
	KEY_ASSUMPTIONS,
	KEY_BACKTEST,
};

static const struct argp_option option_table[] = {
	{ "policy", 'p', "P,..", 0, "Who pins, or files of your own; default: none,lru,at-risk",
	  0 },
	{ "budget", 'b', "N|N%,..", 0,
	  "Pages that may be pinned, or a share of the VM; default: 1%,2%,5%,10%,20%", 0 },
	{ "overcommit", 'o', "N%,..", 0,
	  "Share of the VM that the host takes away; default: 10%,20%,30%", 0 },
	{ "cpu", KEY_CPU, "C,..", 0,
	  "What the CPU does: trace, background, cold, touched; default: trace if recorded, else "
	  "the other three",
	  0 },
	{ "memory", 'm', "SIZE", 0,
	  "Memory of the VM; default: what the trace says, else the pages it touches", 0 },
	{ "reclaim", KEY_RECLAIM, "R", 0, "Short for --set memory.reclaim=R", 0 },
	{ "access", KEY_ACCESS, "MODEL", 0, "near, start, end or sweep; default: near", 0 },
	{ "design", KEY_DESIGN, "FILE.ini", 0, "Parameters from a file", 0 },
	{ "set", KEY_SET, "S.K=V", 0, "One parameter", 0 },
	{ "goal", 'g', "GOAL", 0,
	  "As 'iopf.max_1s<=1,cpu_major<=5/s'; exit status 1 when no budget meets it", 0 },
	{ "seed", KEY_SEED, "S,..", 0, "Of the declared CPU load and policies that draw", 0 },
	{ "threads", KEY_THREADS, "N", 0, "Default: one a processor; never changes a count", 0 },
	{ "plot", KEY_PLOT, "FILE", 0, "Draw faults by pinned share: .svg, .png, .pdf, or -", 0 },
	{ "results", KEY_RESULTS, "FILE", 0, "Add the counts to a results file", 0 },
	{ "assumptions", KEY_ASSUMPTIONS, NULL, 0, "Print every parameter with its source", 0 },
	{ "backtest", KEY_BACKTEST, NULL, 0,
	  "Pin nothing; compare with the faults that the trace recorded", 0 },
	{ 0 },
};

/* ---- options ---- */

static void add_policy(struct options *o, char *name, const struct argp_state *state)
{
	struct err e = {};
	if (!*name)
		argp_error(state, "--policy: an empty name in the list");
	const int rc = policy_load_pinning(name, &o->policies[o->npolicies++].policy, &e);
	if (rc == ERR_USAGE)
		cli_bad_value(state, "--policy", &e);
	else if (rc)
		exit(cli_fail("pin", &e));
}

static void add_budget(struct options *o, char *text, const struct argp_state *state)
{
	struct err e = {};
	struct quantity *q = &o->budgets[o->nbudgets++];
	int rc = quantity_parse(text, q, &e);
	if (!rc && q->is_ppm && q->value > PPM_PER_ONE)
		rc = err_set(&e, ERR_USAGE, "'%s': more than the VM has", text);
	if (rc)
		cli_bad_value(state, "--budget", &e);
}

static void add_overcommit(struct options *o, char *text, const struct argp_state *state)
{
	struct err e = {};
	uint64_t *ppm = &o->overcommits_ppm[o->novercommits++];
	int rc = quantity_parse_ppm(text, ppm, &e);
	if (!rc && *ppm >= PPM_PER_ONE)
		rc = err_set(&e, ERR_USAGE, "'%s': nothing of the VM would be left", text);
	if (rc)
		cli_bad_value(state, "--overcommit", &e);
}

static void add_companion(struct options *o, char *name, const struct argp_state *state)
{
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		if (!strcmp(pin_companion_names[c], name)) {
			o->companions[c] = o->has_companions = true;
			return;
		}
	argp_error(state, "--cpu: '%s' is none of trace, background, cold, touched", name);
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

static void add_seed(struct options *o, char *text, const struct argp_state *state)
{
	o->seeds[o->nseeds++] = parse_count(text, "--seed", 0, UINT64_MAX, state);
}

/* A list, which replaces one given before. */
static void parse_list(struct options *o, char *list, size_t *n, int max, const char *option,
		       void (*add)(struct options *, char *, const struct argp_state *),
		       const struct argp_state *state)
{
	char *parts[BUDGETS_MAX];
	const int count = cli_split(list, parts, max);
	if (count < 0)
		argp_error(state, "%s: more than %d", option, max);
	if (n)
		*n = 0;
	for (int i = 0; i < count; i++)
		add(o, parts[i], state);
}

static void parse_memory(struct options *o, const char *arg, const struct argp_state *state)
{
	struct err e = {};
	int rc = quantity_parse_bytes(arg, &o->memory_bytes, &e);
	if (!rc && o->memory_bytes < PAGE_BYTES)
		rc = err_set(&e, ERR_USAGE, "'%s': less than a page", arg);
	if (rc)
		cli_bad_value(state, "--memory", &e);
}

static void add_set(struct options *o, const char *assignment, const struct argp_state *state)
{
	if (o->nsets == SETS_MAX)
		argp_error(state, "more than %d --set", SETS_MAX);
	o->sets[o->nsets++] = assignment;
}

static void set_reclaim(struct options *o, const char *name, const struct argp_state *state)
{
	snprintf(o->reclaim, sizeof(o->reclaim), "memory.reclaim=%s", name);
	add_set(o, o->reclaim, state);
}

static void parse_goal(struct options *o, const char *arg, const struct argp_state *state)
{
	struct err e = {};
	if (pin_goal_parse(arg, &o->goal, &e))
		cli_bad_value(state, "--goal", &e);
	o->has_goal = true;
}

static void check(const struct options *o, const struct argp_state *state)
{
	if (!o->path)
		argp_error(state, "which trace?");
	if (o->results && (!*o->results || !strcmp(o->results, "-")))
		argp_error(state, "--results '%s': a results file has a name", o->results);
	if (o->plot && !strcmp(o->plot, "-") && o->cli.is_json)
		argp_error(state, "--json and --plot - both want standard output");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct err e = {};
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->cli;
		return 0;
	case 'p':
		parse_list(o, arg, &o->npolicies, POLICIES_MAX, "--policy", add_policy, state);
		return 0;
	case 'b':
		parse_list(o, arg, &o->nbudgets, BUDGETS_MAX, "--budget", add_budget, state);
		return 0;
	case 'o':
		parse_list(o, arg, &o->novercommits, OVERCOMMITS_MAX, "--overcommit",
			   add_overcommit, state);
		return 0;
	case KEY_CPU:
		parse_list(o, arg, NULL, PIN_COMPANIONS, "--cpu", add_companion, state);
		return 0;
	case KEY_SEED:
		parse_list(o, arg, &o->nseeds, SEEDS_MAX, "--seed", add_seed, state);
		return 0;
	case 'm':
		parse_memory(o, arg, state);
		return 0;
	case KEY_RECLAIM:
		set_reclaim(o, arg, state);
		return 0;
	case KEY_ACCESS:
		if (access_model_parse(arg, &o->model, &e))
			cli_bad_value(state, "--access", &e);
		return 0;
	case KEY_DESIGN:
		o->design = arg;
		return 0;
	case KEY_SET:
		add_set(o, arg, state);
		return 0;
	case 'g':
		parse_goal(o, arg, state);
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
	case KEY_ASSUMPTIONS:
		o->wants_assumptions = true;
		return 0;
	case KEY_BACKTEST:
		o->is_backtest = true;
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

/* Lists that nobody gave. */
static void set_defaults(struct options *o)
{
	static char names[] = "none,lru,at-risk", budgets[] = "1%,2%,5%,10%,20%",
		    overcommits[] = "10%,20%,30%", seeds[] = "1";
	if (!o->npolicies)
		parse_list(o, names, NULL, POLICIES_MAX, "", add_policy, NULL);
	if (!o->nbudgets)
		parse_list(o, budgets, NULL, BUDGETS_MAX, "", add_budget, NULL);
	if (!o->novercommits)
		parse_list(o, overcommits, NULL, OVERCOMMITS_MAX, "", add_overcommit, NULL);
	if (!o->nseeds)
		parse_list(o, seeds, NULL, SEEDS_MAX, "", add_seed, NULL);
	if (!o->has_goal)
		pin_goal_parse(default_goal, &o->goal, NULL);
	if (!o->threads) {
		const long n = sysconf(_SC_NPROCESSORS_ONLN);
		o->threads = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (uint64_t)n;
	}
}

/* ---- the design ---- */

static int make_design(struct options *o, struct pin_design *d, struct err *e)
{
	int rc = pin_design_init(d, o->policies, o->npolicies, e);
	if (!rc && o->design)
		rc = param_read(&d->set, o->design, PARAM_DESIGN, e);
	for (size_t i = 0; i < o->nsets && !rc; i++)
		rc = param_assign(&d->set, o->sets[i], e);
	if (o->companions[PIN_BY_BACKGROUND])
		param_section_use(&d->set, "background");
	return rc;
}

static void count_guesses(const struct param_set *s, struct pin_answer *a)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!s->entries[i].base || !param_section_is_used(s, s->entries[i].param->section))
			continue;
		a->nparams++;
		a->nguesses += s->entries[i].kind == PARAM_GUESS;
	}
}

/* ---- the work ---- */

struct work {
	struct options *options;
	struct pin_design design;
	struct pin_devices devices;
	struct pin_facts facts;
	struct pin_job *jobs;
	size_t njobs; /* of a seed */
	struct progress progress;
	struct plot *plot;
};

static bool takes_budget(const struct policy *p)
{
	static const struct policy_pinning nothing = {};
	return !p->pinning ||
	       (!p->pinning->is_unbounded && memcmp(p->pinning, &nothing, sizeof(nothing)));
}

static void add_jobs(struct work *w, enum pin_companion companion, uint64_t overcommit_ppm)
{
	const struct options *o = w->options;
	for (size_t p = 0; p < o->npolicies; p++) {
		const struct policy *policy = o->policies[p].policy;
		struct pin_job job = {
			.policy = policy,
			.policy_params = o->policies[p].params,
			.companion = companion,
			.overcommit_ppm = overcommit_ppm,
		};
		if (!takes_budget(policy)) {
			job.budget.value = policy->pinning->is_unbounded ? PPM_PER_ONE : 0;
			job.budget.is_ppm = policy->pinning->is_unbounded;
			w->jobs[w->njobs++] = job;
			continue;
		}
		for (size_t b = 0; b < o->nbudgets; b++) {
			job.budget = o->budgets[b];
			w->jobs[w->njobs++] = job;
		}
	}
}

/* All jobs of a seed, and room for the other seeds. */
static int make_jobs(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	size_t n = 0;
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		n += o->companions[c] ? o->novercommits : 0;
	if (n > SERIES_MAX)
		return err_set(e, ERR_USAGE, "more than %d overcommits x companions", SERIES_MAX);
	w->jobs = calloc(n * o->npolicies * o->nbudgets * o->nseeds, sizeof(*w->jobs));
	if (!w->jobs)
		return err_set(e, ERR_NOMEM, "no memory for the configurations");
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		for (size_t i = 0; o->companions[c] && i < o->novercommits; i++)
			add_jobs(w, c, o->overcommits_ppm[i]);
	for (size_t s = 1; s < o->nseeds; s++)
		memcpy(w->jobs + s * w->njobs, w->jobs, w->njobs * sizeof(*w->jobs));
	return 0;
}

static void show_progress(void *ctx, uint64_t done)
{
	progress_set(ctx, done);
}

static int by_budget(const void *a, const void *b)
{
	const struct pin_job *x = a, *y = b;
	return x->budget_pages < y->budget_pages ? -1 : x->budget_pages > y->budget_pages;
}

/* Budgets in ascending order: only the run knows how many pages a share is. */
static void sort_budgets(struct pin_job *jobs, size_t n)
{
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && jobs[next].policy == jobs[i].policy &&
				   jobs[next].companion == jobs[i].companion &&
				   jobs[next].overcommit_ppm == jobs[i].overcommit_ppm;)
			next++;
		qsort(&jobs[i], next - i, sizeof(*jobs), by_budget);
	}
}

static void choose_companions(struct options *o, const struct trace *t)
{
	if (o->has_companions)
		return;
	const struct trace_stream_info *cpu = trace_find_stream(t, KIND_CPU);
	if (cpu && cpu->rows)
		o->companions[PIN_BY_TRACE] = true;
	else
		o->companions[PIN_BY_BACKGROUND] = o->companions[PIN_BY_COLD] =
			o->companions[PIN_BY_TOUCHED] = true;
}

static int run_all(struct work *w, struct trace *t, const char **memory_from, struct err *e)
{
	const struct options *o = w->options;
	struct pin_run run = {
		.trace = t,
		.path = o->path,
		.access = { .model = o->model,
			    .threaded = o->threads > 1,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.class_of_dev = w->devices.class_of_dev,
		.list_of_dev = w->devices.list_of_dev,
		.nlists = w->devices.nlists,
		.memory = w->design.memory,
		.iopf = w->design.iopf,
		.swap = w->design.swap,
		.background = w->design.background,
		.params = w->design.pin,
		.threads = (unsigned)o->threads,
		.memory_bytes = memory_bound_bytes,
		.progress = show_progress,
		.progress_ctx = &w->progress,
	};
	*memory_from = o->memory_bytes ? "--memory" : "as the trace says";
	run.vm_pages = o->memory_bytes ? o->memory_bytes / PAGE_BYTES : trace_vm_pages(t, 0);
	if (!run.vm_pages)
		*memory_from = "the pages it touches";
	int rc = 0;
	progress_init(&w->progress, "replay", "events", 0, o->cli.is_quiet);
	for (size_t s = 0; s < o->nseeds && !rc; s++) {
		run.seed = o->seeds[s];
		rc = pin_run(&run, w->jobs + s * w->njobs, w->njobs, &w->facts, e);
		sort_budgets(w->jobs + s * w->njobs, w->njobs);
		run.vm_pages = w->facts.vm_pages;
	}
	progress_end(&w->progress);
	return rc;
}

/* Prints, stores and draws; the plot comes last, as it may share standard output. */
static int hand_out(struct work *w, const struct pin_answer *a, const char *digest, struct err *e)
{
	const struct options *o = w->options;
	const struct results_run run = { .command = "pin",
					 .args = o->args,
					 .trace_path = o->path,
					 .trace_digest = digest,
					 .seed = o->seeds[0] };
	if (o->results) {
		const int rc = pin_store(o->results, &run, a, e);
		if (rc)
			return rc;
	}
	struct report *r = report_begin(stdout, cli_format(&o->cli), "pin", o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	const bool is_yes = pin_report(r, a, o->cli.is_json, o->cli.is_verbose);
	const int status = cli_report_end("pin", r, is_yes || !o->has_goal ? EXIT_DONE : EXIT_NO);
	struct plot *p = status > EXIT_NO ? NULL : take_ptr(w->plot);
	if (!p)
		return status;
	const int rc = pin_plot(p, a, e);
	return rc ? rc : status;
}

static int answer(struct trace *t, struct work *w, struct err *e)
{
	struct options *o = w->options;
	char digest[TRACE_DIGEST_CHARS + 1];
	const char *memory_from = NULL;
	choose_companions(o, t);
	int rc = make_design(o, &w->design, e);
	if (!rc && o->wants_assumptions && !o->cli.is_json)
		params_print_values(stdout, &w->design.set);
	if (!rc && o->plot)
		rc = plot_begin(o->plot, "pin", &w->plot, e);
	if (!rc)
		rc = pin_devices_read(t, &w->devices, e);
	if (!rc)
		rc = trace_digest(t, digest, e);
	if (!rc)
		rc = make_jobs(w, e);
	if (!rc)
		rc = run_all(w, t, &memory_from, e);
	if (rc)
		return rc;

	_free_ char *canonical = param_canonical(&w->design.set);
	struct pin_answer a = {
		.trace = t,
		.facts = &w->facts,
		.devices = &w->devices,
		.jobs = w->jobs,
		.njobs = w->njobs,
		.seeds = o->seeds,
		.nseeds = o->nseeds,
		.goal = &o->goal,
		.has_own_goal = o->has_goal,
		.memory_from = memory_from,
		.canonical = canonical,
		.reclaim = param_find(&w->design.set, "memory", "reclaim")->text,
	};
	if (!canonical)
		return err_set(e, ERR_NOMEM, "no memory for the design");
	a.lost_events = pin_lost_events(t, &a.has_unknown_loss);
	count_guesses(&w->design.set, &a);
	return hand_out(w, &a, digest, e);
}

static const struct argp_child children[] = { { &cli_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.args_doc = "TRACE",
	.doc = "Replays the DMA of a trace on a host that reclaims memory: how many I/O page "
	       "faults,"
	       " with what pinned?\v"
	       "Examples:\n"
	       "  pugmark pin web7.db\n"
	       "  pugmark pin web7.db --policy none,lru,at-risk --budget 1%,5% --overcommit 20%\n"
	       "  pugmark pin web7.db --goal 'iopf.max_1s<=1,cpu_major<=5/s'",
	.children = children,
};

int cmd_pin(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct trace *t;
	struct err e = {};
	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("pin", &e);
	}
	for (int i = 0; i < argc; i++)
		snprintf(o->args + strlen(o->args), sizeof(o->args) - strlen(o->args), "%s%s",
			 i ? " " : "", argv[i]);
	cli_parse(&argp, argc, argv, o);
	if (o->is_backtest)
		return cmd_pin_backtest(&(struct pin_backtest_options){ .cli = &o->cli,
									.path = o->path,
									.plot = o->plot,
									.design = o->design,
									.sets = o->sets,
									.nsets = o->nsets });
	set_defaults(o);
	w->options = o;

	int rc = trace_open(o->path, &t, &e);
	if (!rc) {
		rc = answer(t, w, &e);
		if (w->plot)
			plot_abort(w->plot);
		trace_close(t);
	}
	free(w->jobs);
	arena_deinit(&w->design.arena);
	return rc < 0 ? cli_fail("pin", &e) : rc;
}
