// SPDX-License-Identifier: MIT
/* pugmark check: the engine of `pugmark nvme` against systems with known answers. */
#include "replay/commands.h"

#include "replay/check.h"
#include "reports/options.h"

#include <inttypes.h>
#include <stdlib.h>

struct options {
	struct cli cli;
	const char *path;
	uint64_t threads, seed, most;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct cli_option options[] = {
	CLI_OPTION_SEED(AT(seed), "Of all random streams"),
	{ .name = "most",
	  .arg = "N",
	  .kind = CLI_COUNT,
	  .least = 1000,
	  AT(most),
	  .help = "Cut every case to so many completions: faster, and beyond its tolerance "
		  "by chance" },
	CLI_OPTION_THREADS(AT(threads)),
};

static const struct cli_command command = {
	.args_doc = "CASES.json",
	.doc = "Runs systems with known answers (M/M/1, closed networks, polling, coalescing ..) "
	       "on the engine of `pugmark nvme`, and compares: TAP, a line a case.\v"
	       "Examples:\n"
	       "  pugmark check oracle.json\n"
	       "  pugmark check --json oracle.json",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.cli_offset = offsetof(struct options, cli),
	.what = "file of cases",
	.only = offsetof(struct options, path),
};

/* ---- TAP ---- */

/* How far off, in parts of what is expected. */
static double off_by(const struct check_compared *f)
{
	return f->expected != 0 ? (f->ours - f->expected) / f->expected : f->ours;
}

/* The one that comes nearest to its tolerance, or is farthest beyond. */
static const struct check_compared *find_worst(const struct check_verdict *v)
{
	const struct check_compared *worst = v->figures;
	double most = -1;

	for (size_t i = 0; i < v->n; i++) {
		const struct check_compared *f = &v->figures[i];
		const double off = off_by(f) < 0 ? -off_by(f) : off_by(f);
		const double share =
			(f->is_within ? 0 : 1e9) + (f->tolerance > 0 ? off / f->tolerance : off);
		if (share > most) {
			most = share;
			worst = f;
		}
	}
	return worst;
}

static void print_figure(const struct check_compared *f)
{
	printf("%s ours %.10g, expected %.10g, off %+.4f %% of %g %%", f->key, f->ours, f->expected,
	       off_by(f) * 100, f->tolerance * 100);
}

static void tell_tap(void *ctx, size_t i, const struct check_verdict *v)
{
	const struct options *o = ctx;

	printf("%s %zu - %s ", v->is_ok ? "ok" : "not ok", i + 1, v->id);
	print_figure(find_worst(v));
	if (v->n > 1)
		printf(" (worst of %zu)", v->n);
	putchar('\n');
	if (v->broken)
		printf("# %s\n", v->broken);
	for (size_t k = 0; k < v->n; k++) {
		if (!o->cli.is_verbose && v->figures[k].is_within)
			continue;
		fputs("#   ", stdout);
		print_figure(&v->figures[k]);
		puts(v->figures[k].is_within ? "" : " <-- beyond");
	}
	fflush(stdout);
}

/* ---- JSON ---- */

static const struct report_column columns[] = {
	{ "id", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "kind", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "key", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "ours", NULL, REPORT_LIST, REPORT_EVERYWHERE },
	{ "expected", NULL, REPORT_LIST, REPORT_EVERYWHERE },
	{ "off_ppm", NULL, REPORT_I64, REPORT_EVERYWHERE },
	{ "tolerance_ppm", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "completions", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "ok", NULL, REPORT_BOOL, REPORT_EVERYWHERE },
	{ "broken", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
};

static int64_t in_ppm(double x)
{
	const double ppm = x * 1e6;

	return ppm > 1e15 ? 1000000000000000 : ppm < -1e15 ? -1000000000000000 : (int64_t)ppm;
}

static void tell_json(void *ctx, size_t i, const struct check_verdict *v)
{
	struct report *r = ctx;
	(void)i;

	for (size_t k = 0; k < v->n; k++) {
		const struct check_compared *f = &v->figures[k];
		char ours[40], expected[40];
		snprintf(ours, sizeof(ours), "%.10g", f->ours);
		snprintf(expected, sizeof(expected), "%.10g", f->expected);
		report_row(r, (const struct report_value[]){
				      REPORT_S(v->id),
				      REPORT_S(v->kind),
				      REPORT_S(f->key),
				      { .s = ours },
				      { .s = expected },
				      REPORT_I(in_ppm(off_by(f))),
				      REPORT_U((uint64_t)in_ppm(f->tolerance)),
				      REPORT_U(v->completions),
				      REPORT_B(f->is_within && !v->broken),
				      REPORT_S(v->broken),
			      });
	}
}

/* ---- the command ---- */

static int run(const struct options *o, struct err *e)
{
	struct check_set *set;
	struct check_how how = {
		.threads = cli_threads(o->threads),
		.seed = o->seed,
		.most = o->most,
		.tell = tell_tap,
		.ctx = (void *)(uintptr_t)o,
	};
	int rc = check_open_file(o->path, &set, e);
	struct report *r = NULL;

	if (rc)
		return rc;
	if (o->cli.is_json) {
		r = report_begin(stdout, REPORT_JSON, "check", NULL, NULL);
		if (!r) {
			check_close(set);
			return err_set(e, ERR_NOMEM, "no memory for the results");
		}
		report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(columns[0]));
		how.tell = tell_json;
		how.ctx = r;
	} else {
		printf("1..%zu\n", check_ncases(set));
	}
	rc = check_all(set, &how, e);
	check_close(set);
	if (!r || rc == 0 || rc == ERR_NO) {
		const int status = rc ? EXIT_NO : EXIT_DONE;
		if (r)
			return cli_report_end("check", r, status);
		return rc == 0 || rc == ERR_NO ? status : rc;
	}
	return rc;
}

int cmd_check(int argc, char **argv)
{
	struct options o = {};
	struct err e = {};

	cli_options_parse(&command, argc, argv, &o);
	const int status = run(&o, &e);
	return status < 0 ? cli_fail("check", &e) : status;
}
