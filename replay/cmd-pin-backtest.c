// SPDX-License-Identifier: MIT
/*
 * pugmark pin --backtest: settings in the order of who knows better: the
 * model's defaults, the one host profile, what the recording tells of its own
 * run, the user's design, --set.
 */
#include "replay/pin-backtest.h"

#include "base/cleanup.h"
#include "base/embedded.h"
#include "replay/backtest-report.h"
#include "replay/backtest.h"
#include "replay/design.h"
#include "reports/banner.h"

#include <stdlib.h>
#include <string.h>

static const char profile[] = "sim/profiles/host-linux-6.18.ini";

struct work {
	const struct pin_backtest_options *options;
	struct trace *trace;
	struct backtest_recording recording;
	struct backtest_config config;
	struct hostmem_config memory;
	struct arena arena;
	struct param_set params;
	struct backtest_result result;
	struct plot *plot;
};

static int read_settings(struct work *w, struct err *e)
{
	const struct pin_backtest_options *o = w->options;
	const char *text = embedded_text(profile);

	w->params.arena = &w->arena;
	int rc = param_set_add(&w->params, hostmem_params, hostmem_nparams, &w->memory, e);
	if (!rc)
		rc = param_set_add(&w->params, backtest_params, backtest_nparams, &w->config, e);
	if (!rc && text)
		rc = param_read_text(&w->params, profile, text, strlen(text), PARAM_PROFILE, e);
	if (!rc)
		rc = backtest_assign(&w->recording, &w->params, e);
	if (!rc && o->design)
		rc = design_read(&w->params, o->design, "memory", e);
	for (size_t i = 0; !rc && i < o->nsets; i++)
		rc = param_assign(&w->params, o->sets[i], e);
	return rc;
}

static int run(struct work *w, struct err *e)
{
	const struct pin_backtest_options *o = w->options;
	int rc = trace_open(o->path, &w->trace, e);

	if (!rc)
		rc = banner_choose_recording(o->cli, "pin", w->trace, 0, KIND_DMA, e);
	if (!rc && o->plot)
		rc = plot_begin(o->plot, backtest_plot_script, &w->plot, e);
	if (!rc)
		rc = backtest_recording_init(&w->recording, w->trace, e);
	if (!rc)
		rc = read_settings(w, e);
	return rc ? rc : backtest_run(&w->recording, &w->config, &w->memory, &w->result, e);
}

/* The plot comes last, as it may share standard output. */
static int hand_out(struct work *w, struct err *e)
{
	const struct backtest_answer answer = { &w->recording, &w->config, &w->memory, &w->result,
						&w->params };
	char digest[TRACE_DIGEST_CHARS + 1];

	const int rc = trace_digest(w->trace, digest, e);
	if (rc)
		return rc;
	struct report *r =
		report_begin(stdout, cli_format(w->options->cli), "pin", w->options->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	backtest_report(r, &answer);
	const int status = cli_report_end("pin", r, EXIT_DONE);
	struct plot *plot = status ? NULL : take_ptr(w->plot);
	if (!plot)
		return status;
	backtest_plot(plot, &answer);
	const int failed = plot_end(plot, e);
	return failed ? failed : status;
}

int cmd_pin_backtest(const struct pin_backtest_options *o)
{
	struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	int rc = w ? 0 : err_set(&e, ERR_NOMEM, "out of memory");

	if (!w)
		return cli_fail("pin", &e);
	w->options = o;
	rc = run(w, &e);
	if (!rc)
		rc = hand_out(w, &e);
	backtest_result_deinit(&w->result);
	backtest_recording_deinit(&w->recording);
	if (w->plot)
		plot_abort(w->plot);
	trace_close(w->trace);
	arena_deinit(&w->arena);
	free(w);
	return rc < 0 ? cli_fail("pin", &e) : rc;
}
