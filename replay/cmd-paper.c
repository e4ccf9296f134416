// SPDX-License-Identifier: MIT
/* pugmark paper: the published figures of the works it follows, beside ours. */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "replay/paper-figures.h"
#include "reports/options.h"
#include "reports/progress.h"
#include "reports/report.h"
#include "store/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What runs, and what its figures are of. */
static const struct part {
	const char *name, *summary;
	int (*add)(struct paper *p, unsigned threads, struct err *e);
} parts[] = {
	{ "vpri", "VPRI", paper_add_vpri },
	{ "walks", "TPT, and references of walks", paper_add_walks },
	{ "nvme", "MDev-NVMe, IOCore and others", paper_add_nvme },
	{ "numa", "vMitosis, Mitosis", paper_add_numa },
};
enum { PARTS = sizeof(parts) / sizeof(*parts) };

struct options {
	struct cli cli;
	bool is_chosen[PARTS];
	size_t nchosen;
	uint64_t threads;
	const char *plot, *results;
	int ending; /* number of */
	bool has_ending;
};

static void list_parts(struct choices *c)
{
	for (size_t i = 0; i < PARTS; i++)
		choices_add(c, parts[i].name, parts[i].summary, NULL);
}

static const char *const endings[] = { "svg", "png", "pdf", NULL };

static void list_endings(struct choices *c)
{
	choices_add_names(c, endings);
}

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	if (o->has_ending && !o->plot)
		return err_set(e, ERR_USAGE, "--plot-format needs --plot DIR");
	return 0;
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "part",
	  .arg = "P,..",
	  .kind = CLI_CHOICES,
	  AT(nchosen),
	  .chosen = offsetof(struct options, is_chosen),
	  .choices = list_parts,
	  .listed = "Parts",
	  .help = "Only these parts" },
	{ .name = "plot",
	  .arg = "DIR",
	  .kind = CLI_TEXT,
	  AT(plot),
	  .help = "Draw the figures of the works, published beside ours, a file each; DIR is made "
		  "if it is not there" },
	{ .name = "plot-format",
	  .arg = "F",
	  .kind = CLI_CHOICE,
	  AT(ending),
	  .given = offsetof(struct options, has_ending),
	  .choices = list_endings,
	  .what = "format",
	  .help = "Of the figures, svg if it is not said" },
	{ .name = "results",
	  .arg = "FILE",
	  .kind = CLI_RESULTS,
	  AT(results),
	  .help = "Add the figures to a results file" },
	{ .name = "threads",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(threads),
	  .least = 1,
	  .most = 256,
	  .help = "Default: one a processor; never changes a figure" },
};

static const struct cli_command command = {
	.doc = "Sets every published figure that the models can address beside theirs, says which "
	       "were predicted and which fitted, and gives the command that makes each.\v"
	       "Examples:\n"
	       "  pugmark paper\n"
	       "  pugmark paper --part vpri,walks --json\n"
	       "  pugmark paper --plot figures",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.check = check,
};

/* ---- in print ---- */

struct value_text {
	char s[sizeof(struct quantity_text) + 8];
};

static struct value_text value_text(enum paper_unit unit, uint64_t v)
{
	struct value_text t;
	const char *after = unit == PAPER_PER_S ? "/s" : unit == PAPER_PER_DAY ? "/day" : "";
	const struct quantity_text q = unit == PAPER_PPM     ? quantity_ppm(v)
				       : unit == PAPER_NS    ? quantity_ns(v)
				       : unit == PAPER_BYTES ? quantity_bytes(v)
							     : quantity_count(v);
	snprintf(t.s, sizeof(t.s), "%s%s", q.s, after);
	return t;
}

static const struct report_column columns[] = {
	{ "work", NULL, REPORT_TEXT, 0 },
	{ "quantity", NULL, REPORT_TEXT, 0 },
	{ "unit", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "published", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "published_most", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "ours", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "published_text", "published", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "ours_text", "ours", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "error_ppm", "error", REPORT_CHANGE, 0 },
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "figure", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "command", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "why", "note", REPORT_TEXT, 0 },
};

static void show_row(struct report *r, const struct paper_row *x)
{
	const bool is_ours = x->kind != PAPER_NOT_ADDRESSED;
	char published[2 * sizeof(struct value_text) + 8];
	if (x->published_most)
		snprintf(published, sizeof(published), "%s to %s",
			 value_text(x->unit, x->published).s,
			 value_text(x->unit, x->published_most).s);
	else
		snprintf(published, sizeof(published), "%s", value_text(x->unit, x->published).s);
	const struct value_text ours = value_text(x->unit, x->ours);
	report_row(r, (struct report_value[]){
			      REPORT_S(x->work),
			      REPORT_S(x->quantity),
			      REPORT_S(paper_unit_names[x->unit]),
			      REPORT_U(x->published),
			      x->published_most ? REPORT_U(x->published_most) : REPORT_NULL(),
			      is_ours ? REPORT_U(x->ours) : REPORT_NULL(),
			      { .s = published },
			      REPORT_S(is_ours ? ours.s : NULL),
			      is_ours ? REPORT_I(paper_error_ppm(x)) : REPORT_NULL(),
			      REPORT_S(paper_kind_names[x->kind]),
			      REPORT_S(paper_figure_of(x)),
			      REPORT_S(x->command),
			      REPORT_S(x->why) });
}

static int run(const struct options *o, struct paper *p, size_t *nfigures_out, struct err *e)
{
	struct progress progress;
	const char *ending = endings[o->ending];
	int rc = o->plot ? paper_plot_check(o->plot, ending, e) : 0;
	*nfigures_out = 0;
	progress_init(&progress, "paper", "parts", PARTS, o->cli.is_quiet);
	for (size_t i = 0; i < PARTS && !rc; i++) {
		if (!o->nchosen || o->is_chosen[i])
			rc = parts[i].add(p, (unsigned)o->threads, e);
		progress_set(&progress, i + 1);
	}
	progress_end(&progress);
	if (!rc && o->plot)
		rc = paper_plot(p, o->plot, ending, nfigures_out, e);
	const struct results_run run = { .command = "paper", .args = o->cli.args };
	return rc || !o->results ? rc : paper_store(o->results, &run, p, e);
}

int cmd_paper(int argc, char **argv)
{
	_arena_ struct arena a = {};
	struct options o = {};
	struct paper p = { .arena = &a };
	struct err e = {};
	size_t nfigures;
	cli_options_parse(&command, argc, argv, &o);
	o.threads = cli_threads(o.threads);
	if (run(&o, &p, &nfigures, &e))
		return cli_fail("paper", &e);
	struct report *r = report_begin(stdout, cli_format(&o.cli), "paper", NULL, NULL);
	if (!r) {
		err_set(&e, ERR_NOMEM, "no memory for the figures");
		return cli_fail("paper", &e);
	}
	paper_say(r, &p);
	if (o.plot)
		report_text(r, "%zu figures are in %s.", nfigures, o.plot);
	report_table(r, "rows", "Published figures, and ours", columns,
		     sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < p.n; i++)
		show_row(r, &p.rows[i]);
	return cli_report_end("paper", r, EXIT_DONE);
}
