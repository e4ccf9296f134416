// SPDX-License-Identifier: MIT
/* Options of `pugmark score`. */
#include "replay/score-options.h"

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

static int check(void *mine, struct err *e)
{
	struct score_options *o = mine;
	return o->npaths ? 0 : err_set(e, ERR_USAGE, "which trace?");
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
	CLI_OPTION_THREADS(AT(threads)),
	CLI_OPTION_PLOT(AT(plot), "Draw what designs give back against the tail of I/O"),
	CLI_OPTION_RESULTS(AT(results)),
	CLI_OPTION_ASSUMPTIONS(AT(wants_assumptions)),
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
