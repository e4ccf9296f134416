// SPDX-License-Identifier: MIT
/*
 * pugmark nvme: which way from a guest to an NVMe drive serves this I/O, at
 * what host and guest CPU cost, shared by how many VMs?
 */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/nvme-options.h"
#include "replay/nvme-published.h"
#include "reports/banner.h"
#include "reports/params.h"
#include "reports/progress.h"
#include "store/results.h"

#include <stdlib.h>
#include <string.h>

struct work {
	struct nvme_options *options;
	struct nvme_trace_facts facts;
	struct nvme_point *points;
	size_t n;
	struct plot *plots[NVME_PLOTS];
	char doubt[240];
};

/* ---- what is there ---- */

static int list_profiles(const struct cli *cli, struct err *e)
{
	static const struct report_column columns[] = {
		{ "kind", NULL, REPORT_TEXT, 0 },
		{ "name", NULL, REPORT_TEXT, 0 },
		{ "summary", NULL, REPORT_TEXT, 0 },
	};
	struct report *r = report_begin(stdout, cli_format(cli), "nvme", NULL, NULL);

	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	report_table(r, "rows", NULL, columns, 3);
	for (int k = 0; k < NVME_PROFILES; k++) {
		_choices_ struct choices c = {};
		nvme_profiles(&c, (enum nvme_profile)k);
		for (size_t i = 0; i < c.n; i++) {
			char brief[CHOICE_BRIEF_CHARS];
			report_row(r, (struct report_value[]){
					      REPORT_S(nvme_profile_kinds[k]),
					      REPORT_S(c.list[i].name),
					      REPORT_S(choice_brief(&c.list[i], brief)) });
		}
	}
	return cli_report_end("nvme", r, EXIT_DONE);
}

/* ---- a question ---- */

static int begin_plots(struct work *w, struct err *e)
{
	int rc = 0;
	for (int i = 0; i < NVME_PLOTS && !rc; i++)
		if (w->options->plots[i])
			rc = plot_begin(w->options->plots[i],
					nvme_plot_script((enum nvme_picture)i), &w->plots[i], e);
	return rc;
}

static int draw(struct work *w, const struct nvme_answer *a, struct err *e)
{
	int rc = 0;
	for (int i = 0; i < NVME_PLOTS && !rc; i++) {
		struct plot *p = take_ptr(w->plots[i]);
		if (p)
			rc = nvme_plot((enum nvme_picture)i, p, a, e);
	}
	return rc;
}

static void finished(void *ctx, uint64_t done)
{
	progress_set(ctx, done);
}

static int run(struct work *w, const char *trace, struct err *e)
{
	const struct nvme_options *o = w->options;
	struct progress progress;
	const struct nvme_points how = {
		.trace = trace,
		.facts = &w->facts,
		.threads = (unsigned)o->threads,
		.finished = finished,
		.finished_ctx = &progress,
	};
	progress_init(&progress, "nvme", "points", w->n, o->cli.is_quiet);
	const int rc = nvme_points_run(&how, w->points, w->n, e);
	progress_end(&progress);
	return rc;
}

static int store(const struct work *w, const struct nvme_answer *a, const char *digest,
		 struct err *e)
{
	const struct nvme_options *o = w->options;
	struct trace *t = NULL;
	int rc = o->trace ? trace_open(o->trace, &t, e) : 0;
	const struct results_run run = {
		.command = "nvme",
		.args = o->cli.args,
		.trace_path = o->trace,
		.trace_digest = digest,
		.seed = a->points->design.config.load.seed,
		.trace = t,
	};

	if (!rc)
		rc = nvme_store(o->results, &run, a, e);
	if (t)
		trace_close(t);
	return rc;
}

static int hand_out(struct work *w, const struct nvme_answer *a, const char *digest, struct err *e)
{
	const struct nvme_options *o = w->options;
	struct report *r = report_begin(stdout, cli_format(&o->cli), "nvme", o->trace, digest);

	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	nvme_report(r, a, o->cli.is_json, o->cli.is_verbose);
	const int status = cli_report_end("nvme", r, EXIT_DONE);
	int rc = status ? 0 : draw(w, a, e);
	if (!rc && !status && o->results)
		rc = store(w, a, digest, e);
	return rc ? rc : status;
}

static void show_assumptions(const struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (i && !strcmp(w->points[i].label, w->points[i - 1].label))
			continue;
		printf("# %s\n", w->points[i].label);
		params_print_values(stdout, &w->points[i].design.set);
	}
}

static int answer(struct work *w, const char *digest, struct err *e)
{
	const struct nvme_options *o = w->options;
	struct nvme_answer a = {
		.trace = o->trace,
		.facts = o->trace ? &w->facts : NULL,
		.doubt = w->doubt[0] ? w->doubt : NULL,
	};
	int rc = nvme_options_points(o, a.facts, &w->points, &w->n, &a.axis, e);

	a.points = w->points;
	a.n = w->n;
	if (!rc && o->wants_assumptions && !o->cli.is_json)
		show_assumptions(w);
	if (!rc)
		rc = begin_plots(w, e);
	if (!rc)
		rc = run(w, o->trace, e);
	return rc ? rc : hand_out(w, &a, digest, e);
}

static int answer_trace(struct work *w, struct err *e)
{
	char digest[TRACE_DIGEST_CHARS + 1];
	const struct nvme_options *o = w->options;
	struct trace *t;
	int rc = trace_open(o->trace, &t, e);

	if (rc)
		return rc;
	banner_show(&o->cli, "nvme", t);
	rc = nvme_trace_look(t, &w->facts, e);
	if (!rc && nvme_trace_doubt(&w->facts, w->doubt, sizeof(w->doubt)))
		cli_note(&o->cli, "nvme", "%s: %s", o->trace, w->doubt);
	if (!rc)
		rc = trace_digest(t, digest, e);
	trace_close(t);
	return rc ? rc : answer(w, digest, e);
}

static void end(struct work *w)
{
	for (int i = 0; i < NVME_PLOTS; i++)
		if (w->plots[i])
			plot_abort(w->plots[i]);
	for (size_t i = 0; i < w->n; i++)
		nvme_point_deinit(&w->points[i]);
	free(w->points);
}

int cmd_nvme(int argc, char **argv)
{
	_free_ struct nvme_options *o = calloc(1, sizeof(*o));
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	int rc;

	if (!o || !w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("nvme", &e);
	}
	nvme_options_parse(o, argc, argv);
	w->options = o;
	if (o->wants_list)
		rc = list_profiles(&o->cli, &e);
	else if (o->wants_published)
		rc = nvme_published(&o->cli, (unsigned)o->threads, &e);
	else
		rc = o->trace ? answer_trace(w, &e) : answer(w, NULL, &e);
	end(w);
	return rc < 0 ? cli_fail("nvme", &e) : rc;
}
