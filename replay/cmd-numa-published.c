// SPDX-License-Identifier: MIT
/*
 * pugmark numa published: the figures of vMitosis and Mitosis beside ours, from
 * generated traces of the same programs; how far off, and of what kind.
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/numa-programs.h"
#include "reports/options.h"
#include "reports/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND "numa published"

struct options {
	struct cli cli;
	const char *machine, *plot;
	struct cli_sets sets;
	uint64_t accesses, seed;
	bool calibrates;
	size_t nchosen;
	bool is_chosen[NUMA_WORKLOADS];
};

static void list_programs(struct choices *c)
{
	for (size_t i = 0; i < NUMA_WORKLOADS; i++)
		choices_add(c, numa_thin[i].workload, NULL, NULL);
}

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	{ .name = "workload",
	  .arg = "W,..",
	  .kind = CLI_CHOICES,
	  AT(nchosen),
	  .chosen = offsetof(struct options, is_chosen),
	  .choices = list_programs,
	  .what = "program",
	  .help = "Only these programs" },
	{ .name = "accesses",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  AT(accesses),
	  .least = 1 << 10,
	  .most = 1 << 30,
	  .fallback = "1048576",
	  .help = "Of each trace; the first three quarters fill caches" },
	CLI_OPTION_SEED(AT(seed), "Of the traces"),
	CLI_OPTION_SET(AT(sets), "One parameter of all designs, as machine.local=180"),
	{ .name = "machine",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(machine),
	  .files = "ini",
	  .help = "Profile with [machine]; default: four Cascade Lake" },
	{ .name = "calibrate",
	  .kind = CLI_FLAG,
	  AT(calibrates),
	  .help = "Only tell machine.remote and .contended that the rows of gups ask for" },
	CLI_OPTION_PLOT(AT(plot), "Draw the thin speed-ups beside the published ones"),
};

static const struct cli_command command = {
	.doc = "Predicts the run times that vMitosis and Mitosis published, from traces of the "
	       "same "
	       "programs made here, and sets them side by side.\v"
	       "Examples:\n"
	       "  pugmark numa published\n"
	       "  pugmark numa published --workload redis,xsbench\n"
	       "  pugmark numa published --seed 2 --json\n"
	       "  pugmark numa published --calibrate",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct options, cli),
};

struct work {
	const struct options *options;
	struct arena arena; /* of designs, which outlive the runs */
	struct numa_program of[NUMA_WORKLOADS];
	struct numa_rows rows;
};

/* ---- what is said ---- */

static const struct report_column columns[] = {
	{ "work", NULL, REPORT_TEXT, 0 },
	{ "workload", NULL, REPORT_TEXT, 0 },
	{ "quantity", NULL, REPORT_TEXT, 0 },
	{ "unit", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "published_ppm", "published", REPORT_PPM, 0 },
	{ "ours_ppm", "ours", REPORT_PPM, 0 },
	{ "error_ppm", "error", REPORT_CHANGE, 0 },
	{ "kind", NULL, REPORT_TEXT, 0 },
	{ "target_ppm", "target", REPORT_PPM, 0 },
	{ "is_inside", "inside", REPORT_BOOL, 0 },
	{ "hosts", NULL, REPORT_U64, 0 },
	{ "rests_on", "rests on", REPORT_TEXT, 0 },
};

static void put_row(struct report *r, const struct numa_row *row)
{
	const bool is_played = row->kind != NUMA_NOT_ADDRESSED;

	report_row(r, (struct report_value[]){
			      REPORT_S(row->work), REPORT_S(row->workload), REPORT_S(row->quantity),
			      REPORT_S("ratio"), REPORT_U(row->published_ppm),
			      is_played ? REPORT_U(row->ours_ppm) : REPORT_NULL(),
			      is_played ? REPORT_I(numa_row_error_ppm(row)) : REPORT_NULL(),
			      REPORT_S(numa_row_kind_names[row->kind]),
			      row->target_ppm ? REPORT_U(row->target_ppm) : REPORT_NULL(),
			      row->target_ppm ? REPORT_B(numa_row_is_inside(row)) : REPORT_NULL(),
			      REPORT_U(row->has_two_hosts ? 2 : 1), REPORT_S(row->rests_on) });
}

static void say_verdict(struct report *r, const struct numa_rows *rows)
{
	uint64_t inside[NUMA_NOT_ADDRESSED + 1] = {}, all[NUMA_NOT_ADDRESSED + 1] = {};

	for (size_t i = 0; i < rows->n; i++) {
		const struct numa_row *row = &rows->row[i];
		if (!row->target_ppm)
			continue;
		all[row->kind]++;
		inside[row->kind] += numa_row_is_inside(row);
	}
	report_text(r,
		    "%" PRIu64 " of %" PRIu64 " predicted figures are inside their target, %" PRIu64
		    " of %" PRIu64 " sums of published ones.",
		    inside[NUMA_PREDICTED], all[NUMA_PREDICTED], inside[NUMA_ARITHMETIC],
		    all[NUMA_ARITHMETIC]);
	for (size_t i = 0; i < rows->n; i++) {
		const struct numa_row *row = &rows->row[i];
		if (!strcmp(row->work, "vMitosis abstract"))
			report_text(r,
				    "Speed-up of page-table migration, %s: %s published, %s ours.",
				    row->workload, quantity_ppm(row->published_ppm).s,
				    quantity_ppm(row->ours_ppm).s);
	}
	report_text(r, "Latency ratios are calibrated on gups LR, RL, LRI, RLI; the share of "
		       "native walks of a program is Mitosis' LP-LD row, for memcached a guess. "
		       "Hosts 2: the published ratio is of runs on two machines.");
}

/* Programs whose caches were still cold. */
static void say_cold(struct report *r, const struct work *w)
{
	for (size_t i = 0; i < NUMA_WORKLOADS; i++)
		if (w->of[i].results[0].is_cold)
			report_text(r,
				    "WARNING %s: three quarters of %" PRIu64
				    " accesses have not filled a "
				    "socket's cache: take more.",
				    numa_thin[i].workload, w->options->accesses);
}

static int show(const struct work *w, struct err *e)
{
	struct report *r = report_begin(stdout, cli_format(&w->options->cli), COMMAND, NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	say_verdict(r, &w->rows);
	say_cold(r, w);
	report_table(r, "rows", "Run times by placement of page tables", columns,
		     sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < w->rows.n; i++)
		put_row(r, &w->rows.row[i]);
	return cli_report_end(COMMAND, r, EXIT_DONE);
}

static int show_calibration(const struct work *w, struct err *e)
{
	static const struct report_column two[] = {
		{ "parameter", NULL, REPORT_TEXT, 0 },
		{ "value_ppm", "value", REPORT_PPM, 0 },
		{ "used_ppm", "in use", REPORT_PPM, 0 },
	};
	const struct numa_machine *m = &w->of[0].results[0].design->machine;
	uint64_t remote, contended;
	struct report *r = report_begin(stdout, cli_format(&w->options->cli), COMMAND, NULL, NULL);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	numa_published_calibrate(&w->of[0].results[0], &remote, &contended);
	report_table(r, "rows", "From gups LR, RL, LRI and RLI over LL alone", two, 3);
	report_row(r, (struct report_value[]){ REPORT_S("machine.remote"), REPORT_U(remote),
					       REPORT_U(m->remote_ppm) });
	report_row(r, (struct report_value[]){ REPORT_S("machine.contended"), REPORT_U(contended),
					       REPORT_U(m->contended_ppm) });
	return cli_report_end(COMMAND, r, EXIT_DONE);
}

static void put_bars(FILE *out, const struct numa_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct numa_row *r = &rows->row[i];
		if (strcmp(r->quantity, "speed-up RRI/RRIM") != 0)
			continue;
		fprintf(out, "%s %" PRIu64 ".%06" PRIu64 " %" PRIu64 ".%06" PRIu64 "\n",
			r->workload, r->published_ppm / PPM_PER_ONE, r->published_ppm % PPM_PER_ONE,
			r->ours_ppm / PPM_PER_ONE, r->ours_ppm % PPM_PER_ONE);
	}
}

static int draw(struct plot *p, const struct numa_rows *rows, struct err *e)
{
	plot_set(p, "title", "Speed-up of page-table migration, thin programs");
	put_bars(plot_data(p, "data"), rows);
	plot_data_end(p);
	return plot_end(p, e);
}

static int run(struct work *w, struct err *e)
{
	const struct options *o = w->options;
	const struct numa_published_setup setup = {
		.machine = o->machine,
		.sets = o->sets.text,
		.nsets = o->sets.n,
		.accesses = o->accesses,
		.seed = o->seed,
	};
	const size_t n = o->calibrates ? 1 : NUMA_WORKLOADS; /* gups is the first */
	struct progress progress;
	struct plot *p = NULL;
	int rc = o->plot && !o->calibrates ? plot_begin(o->plot, "numa-published", &p, e) : 0;

	progress_init(&progress, COMMAND, "programs", n, o->cli.is_quiet);
	for (size_t i = 0; i < n && !rc; i++) {
		if (o->nchosen && !o->is_chosen[i] && !o->calibrates)
			continue;
		rc = numa_program_run(&setup, i, &w->arena, &w->of[i], e);
		progress_set(&progress, i + 1);
	}
	progress_end(&progress);
	if (rc) {
		if (p)
			plot_abort(p);
		return rc;
	}
	if (o->calibrates)
		return show_calibration(w, e);
	numa_programs_rows(w->of, &w->rows);
	rc = p ? draw(p, &w->rows, e) : 0;
	return rc ? rc : show(w, e);
}

int cmd_numa_published(int argc, char **argv)
{
	_free_ struct options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};

	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail(COMMAND, &e);
	}
	cli_options_parse(&command, argc, argv, o);
	w->options = o;
	const int rc = run(w, &e);
	arena_deinit(&w->arena);
	return rc < 0 ? cli_fail(COMMAND, &e) : rc;
}
