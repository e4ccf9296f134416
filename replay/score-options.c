// SPDX-License-Identifier: MIT
/* Options of `pugmark score`. */
#include "replay/score-options.h"

#include <string.h>

static int add_seed(void *mine, char *text, struct err *e)
{
	struct score_options *o = mine;
	return quantity_parse_count(text, &o->seeds[o->nseeds++], e);
}

static int take_trace(void *mine, char *text, struct err *e)
{
	struct score_options *o = mine;
	if (o->npaths == SCORE_TRACES_MAX)
		return err_set(e, ERR_USAGE, "more than %d traces", SCORE_TRACES_MAX);
	o->paths[o->npaths++] = text;
	return 0;
}

/* A share of all VMs' memory, or bytes. */
static int set_pool(void *mine, char *text, struct err *e)
{
	struct quantity *q = &((struct score_options *)mine)->pool;
	q->is_ppm = strchr(text, '%');
	const int rc = q->is_ppm ? quantity_parse_ppm(text, &q->value, e)
				 : quantity_parse_bytes(text, &q->value, e);
	q->value /= q->is_ppm ? 1 : PAGE_BYTES;
	if (!rc && (!q->value || (q->is_ppm && q->value > PPM_PER_ONE)))
		return err_set(e, ERR_USAGE, "'%s': expected at least a page, at most 100%%", text);
	return rc;
}

static int set_slo(void *mine, char *text, struct err *e)
{
	return pin_goal_parse(text, &((struct score_options *)mine)->slo, e);
}

static int check_pool(struct score_options *o, struct err *e)
{
	if (o->has_own_overcommit || o->memory_bytes || o->nseeds > 1)
		return err_set(e, ERR_USAGE,
			       "--pool finds the overcommit of each VM, whose memory its trace "
			       "tells: not with --overcommit, --memory or several seeds");
	if (o->plot)
		return err_set(e, ERR_USAGE,
			       "--plot: not with --pool; --results and `pugmark "
			       "report` draw what comes back");
	if (!o->ndesigns)
		o->designs[o->ndesigns++] = "vpri";
	return 0;
}

/* A share of the recording, neither nothing nor all of it. */
static int set_split(void *mine, char *text, struct err *e)
{
	struct score_options *o = mine;
	const int rc = quantity_parse_ppm(text, &o->split_ppm, e);
	if (!rc && (!o->split_ppm || o->split_ppm >= PPM_PER_ONE))
		return err_set(e, ERR_USAGE, "'%s': expected more than 0, less than 100%%", text);
	return rc;
}

static int check_backtest(const struct score_options *o, struct err *e)
{
	if (!o->is_backtest)
		return o->has_own_split || o->pin_map
			       ? err_set(e, ERR_USAGE, "--split and --pin-map: with --backtest")
			       : 0;
	if (o->npaths > 1 || o->nseeds > 1)
		return err_set(e, ERR_USAGE, "--backtest: expected one trace and one seed");
	if (o->plot || o->wants_assumptions)
		return err_set(e, ERR_USAGE, "--backtest: not with --plot or --assumptions");
	return 0;
}

static int check(void *mine, struct err *e)
{
	struct score_options *o = mine;
	if (!o->npaths)
		return err_set(e, ERR_USAGE, "which trace?");
	if (o->pool.value && o->is_backtest)
		return err_set(e, ERR_USAGE, "--backtest: of one VM, not with --pool");
	if (o->pool.value)
		return check_pool(o, e);
	if (o->has_own_slo || o->pin_maps)
		return err_set(e, ERR_USAGE,
			       "--slo and --pin-maps are for VMs of a host: --pool says of what "
			       "one");
	return check_backtest(o, e);
}

static const char *const usual_designs[] = { "today",  "vpri", "pri", "snoop",
					     "viommu", "mdev", "best" };
static const char *const usual_with_walks[] = { "tpt", "vmitosis" };

static void add_designs(struct score_options *o, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		o->designs[o->ndesigns++] = names[i];
}

void score_options_add_usual(struct score_options *o)
{
	if (o->has_usual_designs)
		add_designs(o, usual_with_walks,
			    sizeof(usual_with_walks) / sizeof(*usual_with_walks));
}

#define AT(member) .offset = offsetof(struct score_options, member)

static const struct cli_option options[] = {
	{ .name = "design",
	  .key = 'd',
	  .arg = "F,..",
	  .kind = CLI_LIST,
	  AT(ndesigns),
	  .texts = offsetof(struct score_options, designs),
	  .most = SCORE_DESIGNS_MAX,
	  .choices = design_names,
	  .files = "ini",
	  .help = "Designs to score: built-in ones by name, or files; default: "
		  "today,vpri,pri,snoop,viommu,mdev,best, and of a trace with addresses tpt and "
		  "vmitosis" },
	{ .name = "overcommit",
	  .key = 'o',
	  .arg = "N%",
	  .kind = CLI_SET_AS,
	  AT(sets),
	  .set_as = "memory.overcommit",
	  .given = offsetof(struct score_options, has_own_overcommit),
	  .help = "Share of the VM that the host takes away, of all designs" },
	{ .name = "memory",
	  .key = 'm',
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(memory_bytes),
	  .least = PAGE_BYTES,
	  .help = "Memory of the VM; default: what the trace says, else the pages it touches" },
	{ .name = "pool",
	  .arg = "SIZE|N%",
	  .kind = CLI_CALL,
	  .each = set_pool,
	  .help = "The traces are VMs of one host that has so much memory for them, or that share "
		  "of theirs: how much of each may be taken? Design vpri if none is named" },
	{ .name = "slo",
	  .arg = "GOAL",
	  .kind = CLI_CALL,
	  .each = set_slo,
	  .fallback = "iopf.max_1s<=10",
	  .given = offsetof(struct score_options, has_own_slo),
	  .help = "What each VM of a pool must meet, as --goal of pugmark pin" },
	{ .name = "pin-maps",
	  .arg = "DIR",
	  .kind = CLI_TEXT,
	  AT(pin_maps),
	  .help = "Write what to pin of each VM of a pool that may be overcommitted into DIR" },
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
	CLI_OPTION_THREADS(AT(threads)),
	CLI_OPTION_PLOT(AT(plot), "Draw what designs give back against the tail of I/O"),
	CLI_OPTION_RESULTS(AT(results)),
	CLI_OPTION_ASSUMPTIONS(AT(wants_assumptions)),
	{ .name = "backtest",
	  .kind = CLI_FLAG,
	  AT(is_backtest),
	  .help = "Learn from the first part of the trace, predict the second, and count how often "
		  "the intervals hold" },
	{ .name = "split",
	  .arg = "N%",
	  .kind = CLI_CALL,
	  .each = set_split,
	  .fallback = "50%",
	  .given = offsetof(struct score_options, has_own_split),
	  .help = "Share of the trace that --backtest learns from" },
	{ .name = "pin-map",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(pin_map),
	  .help = "Where --backtest writes the pin map that it learned" },
};

static const struct cli_command command = {
	.args_doc = "TRACE [TRACE..]",
	.doc = "Scores whole designs: memory given back, I/O page faults, what they do to I/O, "
	       "page "
	       "walks, cores. Of several traces each part takes the first that has its rows.\v"
	       "Examples:\n"
	       "  pugmark score web7.db\n"
	       "  pugmark score web7.db mem.db --design vpri,./mine.ini --overcommit 30%\n"
	       "  pugmark score fleet/*.db --pool 90% --slo 'iopf.max_1s<=10,cpu_major<=5/s'",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct score_options, cli),
	.argument = take_trace,
	.check = check,
};

void score_options_parse(struct score_options *o, int argc, char **argv)
{
	cli_options_parse(&command, argc, argv, o);
	o->threads = cli_threads(o->threads);
	o->has_usual_designs = !o->ndesigns;
	if (o->has_usual_designs)
		add_designs(o, usual_designs, sizeof(usual_designs) / sizeof(*usual_designs));
}
