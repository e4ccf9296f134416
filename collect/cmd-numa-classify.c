// SPDX-License-Identifier: MIT
/*
 * pugmark numa classify: local and remote page tables of a virtual machine,
 * from dumps of its guest's and its extended page table.
 */
#include "collect/commands.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "collect/ptclass.h"
#include "reports/options.h"
#include "reports/plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "numa classify"

struct options {
	struct cli cli;
	const char *guest, *extended, *plot;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	CLI_OPTION_PLOT(AT(plot), "Draw the shares of each socket (of the last snapshot)"),
};

static int take_dump(void *mine, char *text, struct err *e)
{
	struct options *o = mine;
	const char **dump = o->guest ? &o->extended : &o->guest;
	if (*dump)
		return err_set(e, ERR_USAGE, "'%s': a third dump: expected GPT EPT", text);
	*dump = text;
	return 0;
}

static int check(void *mine, struct err *e)
{
	const struct options *o = mine;
	if (!o->extended)
		return err_set(e, ERR_USAGE,
			       "expected two dumps: the guest's page table and the extended one");
	if (!strcmp(o->guest, "-") && !strcmp(o->extended, "-"))
		return err_set(e, ERR_USAGE, "only one of the dumps can be standard input");
	return 0;
}

static const struct cli_command command = {
	.args_doc = "GPT EPT",
	.doc = "Classes the leaf entries of a guest's page table as each socket sees them: LL, LR, "
	       "RL, RR, first letter the guest's leaf table, second the extended page table's, "
	       "local or remote. Reads dumps of the Mitosis tool, plain or compressed.\v"
	       "Example:\n"
	       "  pugmark numa classify gpt.txt.gz ept.txt.gz --plot classes.svg",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
	.argument = take_dump,
	.check = check,
};

struct work {
	const struct options *options;
	struct ptdump guest, extended;
	struct ptclass *classes;
	struct report *report;
	struct plot *plot;
	uint64_t snapshots;
	uint64_t (*bars)[PTCLASS_KINDS];
	unsigned sockets;
};

static void warn(void *ctx, const char *sentence)
{
	const struct work *w = ctx;
	cli_note(&w->options->cli, COMMAND, "%s", sentence);
}

/* ---- one snapshot ---- */

static const struct report_column columns[] = {
	{ "dump", NULL, REPORT_ID, REPORT_ONLY_JSON },
	{ "socket", NULL, REPORT_ID, 0 },
	{ "ll", "LL", REPORT_U64, 0 },
	{ "lr", "LR", REPORT_U64, 0 },
	{ "rl", "RL", REPORT_U64, 0 },
	{ "rr", "RR", REPORT_U64, 0 },
	{ "err", "no mapping", REPORT_U64, 0 },
	{ "ll_share", "LL %", REPORT_PPM, REPORT_ONLY_TABLE },
	{ "lr_share", "LR %", REPORT_PPM, REPORT_ONLY_TABLE },
	{ "rl_share", "RL %", REPORT_PPM, REPORT_ONLY_TABLE },
	{ "rr_share", "RR %", REPORT_PPM, REPORT_ONLY_TABLE },
	{ "huge_ll", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "huge_lr", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "huge_rl", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "huge_rr", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "huge_err", NULL, REPORT_U64, REPORT_ONLY_JSON },
};

static uint64_t sum(const uint64_t *v, size_t n)
{
	uint64_t all = 0;
	for (size_t i = 0; i < n; i++)
		all += v[i];
	return all;
}

static void show_row(struct work *w, const struct ptclass_counts *c, unsigned socket)
{
	uint64_t n[PTCLASS_KINDS], huge[PTCLASS_KINDS];
	struct report_value share[PTCLASS_KINDS];
	ptclass_of_socket(c, c->entries, socket, n);
	ptclass_of_socket(c, c->huge, socket, huge);
	const uint64_t all = sum(n, PTCLASS_KINDS);
	for (int i = 0; i < PTCLASS_KINDS; i++)
		share[i] = all ? REPORT_U(quantity_ratio_ppm(n[i], all)) : REPORT_NULL();
	report_row(w->report,
		   (struct report_value[]){
			   REPORT_U(w->snapshots), REPORT_U(socket), REPORT_U(n[0]), REPORT_U(n[1]),
			   REPORT_U(n[2]), REPORT_U(n[3]), REPORT_U(c->errors), share[0], share[1],
			   share[2], share[3], REPORT_U(huge[0]), REPORT_U(huge[1]),
			   REPORT_U(huge[2]), REPORT_U(huge[3]), REPORT_U(c->huge_errors) });
}

/* The mean over the sockets, beside what chance gives. */
static void show_verdict(struct work *w, const struct ptclass_counts *c)
{
	const uint64_t all = sum(c->entries, (size_t)c->nodes * c->nodes);
	const uint64_t huge = sum(c->huge, (size_t)c->nodes * c->nodes) + c->huge_errors;
	uint64_t local = 0;
	for (unsigned i = 0; i < c->nodes; i++)
		local += c->entries[i * c->nodes + i];
	const uint64_t chance = PPM_PER_ONE / ((uint64_t)c->nodes * c->nodes);
	const uint64_t ppm = quantity_ratio_ppm(local, all * c->nodes);
	report_text(w->report,
		    "Snapshot %" PRIu64 ": %s leaf entries (%s of 2 MiB). Seen from the average of "
		    "%u sockets %" PRIu64 ".%02" PRIu64 " %% are local in both tables; random "
		    "placement: %" PRIu64 ".%02" PRIu64 " %%.",
		    w->snapshots, quantity_count(all + c->errors).s, quantity_count(huge).s,
		    c->nodes, ppm / 10000, ppm % 10000 / 100, chance / 10000, chance % 10000 / 100);
	if (c->unreached || c->missing)
		report_text(w->report,
			    "Left out: %s leaf tables that no entry points to; %s entries point to "
			    "tables that the dump does not hold.",
			    quantity_count(c->unreached).s, quantity_count(c->missing).s);
}

/* What the plot draws: the classes of each socket in the last snapshot. */
static int keep_bars(struct work *w, const struct ptclass_counts *c, struct err *e)
{
	uint64_t(*bars)[PTCLASS_KINDS] = reallocarray(w->bars, c->nodes, sizeof(*bars));
	if (!bars)
		return err_set(e, ERR_NOMEM, "out of memory");
	w->bars = bars;
	w->sockets = c->nodes;
	for (unsigned socket = 0; socket < c->nodes; socket++)
		ptclass_of_socket(c, c->entries, socket, bars[socket]);
	return 0;
}

static int show(struct work *w, const struct ptclass_counts *c, struct err *e)
{
	const struct cli *cli = &w->options->cli;
	const bool is_first = !w->report;
	if (is_first)
		w->report = report_begin(stdout, cli_format(cli), COMMAND, NULL, NULL);
	if (!w->report)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	w->snapshots++;
	if (!cli->is_json)
		show_verdict(w, c);
	if (!cli->is_json || is_first)
		report_table(w->report, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned socket = 0; socket < c->nodes; socket++)
		show_row(w, c, socket);
	return keep_bars(w, c, e);
}

static void put_shares(FILE *out, const uint64_t n[PTCLASS_KINDS])
{
	const uint64_t all = sum(n, PTCLASS_KINDS);
	for (int i = 0; i < PTCLASS_KINDS; i++) {
		const uint64_t ppm = quantity_ratio_ppm(n[i], all);
		fprintf(out, " %" PRIu64 ".%04" PRIu64, ppm / 10000, ppm % 10000);
	}
}

static int draw(struct work *w, struct err *e)
{
	struct plot *p = take_ptr(w->plot);
	plot_set(p, "title", w->options->guest);
	FILE *out = plot_data(p, "data");
	for (unsigned socket = 0; socket < w->sockets; socket++) {
		fprintf(out, "%u", socket);
		put_shares(out, w->bars[socket]);
		putc('\n', out);
	}
	plot_data_end(p);
	return plot_end(p, e);
}

/* ---- the command ---- */

static const struct err *first_damage(const struct work *w)
{
	return w->extended.damages ? &w->extended.first_damage : &w->guest.first_damage;
}

/* ERR_UNUSABLE when there is not one snapshot. */
static int classify(struct work *w, struct err *e)
{
	const struct ptclass_counts *c;
	struct err why = {};
	int rc;
	while ((rc = ptclass_next(w->classes, &c, &why)) > 0) {
		rc = show(w, c, e);
		if (rc)
			return rc;
	}
	if (rc < 0 && (rc != ERR_FORMAT || !w->snapshots))
		return err_set(e, rc, "%s", why.msg);
	if (rc < 0) {
		cli_note(&w->options->cli, COMMAND, "%s", why.msg);
		w->extended.damages++;
	}
	if (w->snapshots)
		return 0;
	const struct err *damage = first_damage(w);
	if (damage->code)
		return err_set(e, ERR_UNUSABLE, "%.200s (no snapshot is usable)", damage->msg);
	return err_set(e, ERR_UNUSABLE,
		       "%s and %s hold no snapshot in common: expected <ptdump ..>",
		       w->options->guest, w->options->extended);
}

/* Results are whole: how they end. */
static int finish(struct work *w, struct err *e)
{
	const uint64_t damages = w->guest.damages + w->extended.damages;
	if (damages)
		cli_note(&w->options->cli, COMMAND,
			 "%" PRIu64 " damaged places: what they held is not counted", damages);
	const int status = cli_report_end(COMMAND, w->report, damages ? EXIT_DAMAGED : EXIT_DONE);
	if (!w->plot || (status != EXIT_DONE && status != EXIT_DAMAGED))
		return status;
	const int rc = draw(w, e);
	return rc ? rc : status;
}

static int run(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	int rc = o->plot ? plot_begin(o->plot, "numa-classify", &w->plot, e) : 0;
	if (!rc)
		rc = input_open(o->guest, &w->guest.in, e);
	if (!rc)
		rc = input_open(o->extended, &w->extended.in, e);
	if (!rc)
		rc = ptclass_new(&w->guest, &w->extended, &w->classes, e);
	if (!rc)
		rc = classify(w, e);
	if (rc && w->report)
		cli_report_end(COMMAND, take_ptr(w->report), EXIT_DONE);
	return rc ? rc : finish(w, e);
}

int cmd_numa_classify(int argc, char **argv)
{
	struct options o = {};
	struct work w = { .options = &o };
	struct err e = {};
	cli_options_parse(&command, argc, argv, &o);
	w.guest.warn = w.extended.warn = warn;
	w.guest.ctx = w.extended.ctx = &w;
	const int rc = run(&w, &e);
	if (w.plot)
		plot_abort(w.plot);
	ptclass_free(w.classes);
	input_close(w.guest.in);
	input_close(w.extended.in);
	free(w.bars);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
