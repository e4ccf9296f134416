// SPDX-License-Identifier: MIT
/* pugmark pin --fault-rate: the trace says which devices there are, the design all else. */
#include "replay/pin-whatif.h"

#include "base/cleanup.h"
#include "replay/pin-options.h"
#include "reports/banner.h"
#include "reports/params.h"

#include <stdlib.h>

struct work {
	struct pin_options *options;
	struct trace *trace;
	struct pin_devices devices;
	struct pin_design design;
	struct pin_whatif whatif;
	struct plot *plot;
};

static int prepare(struct work *w, struct err *e)
{
	struct pin_options *o = w->options;
	int rc = trace_open(o->path, &w->trace, e);
	if (!rc)
		rc = banner_choose_recording(&o->cli, "pin", w->trace, o->recording, KIND_DMA, e);
	if (!rc && o->plot)
		rc = plot_begin(o->plot, pin_whatif_script, &w->plot, e);
	if (!rc)
		rc = pin_devices_read(w->trace, &w->devices, e);
	const struct pin_design_sources sources = {
		.path = o->design,
		.sets = o->sets.text,
		.nsets = o->sets.n,
		.functions = w->devices.nlists,
	};
	if (!rc)
		rc = pin_design_read(&w->design, &sources, e);
	if (!rc && o->wants_assumptions && !o->cli.is_json)
		params_print_values(stdout, &w->design.set);
	w->whatif = (struct pin_whatif){
		.design = &w->design,
		.devices = &w->devices,
		.rates = o->rates,
		.nrates = o->nrates,
		.goal = o->has_own_goal ? &o->goal : NULL,
		.seed = o->seeds[0],
	};
	return rc;
}

/* The plot comes last, as it may share standard output. */
static int hand_out(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = trace_digest(w->trace, digest, e);
	if (rc)
		return rc;
	struct report *r = report_begin(stdout, cli_format(&o->cli), "pin", o->path, digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	const bool is_kept = pin_whatif_report(r, &w->whatif, o->cli.is_json);
	if (o->wants_assumptions && o->cli.is_json) {
		params_report_begin(r);
		params_report_values(r, o->design, &w->design.set);
	}
	const int status =
		cli_report_end("pin", r, is_kept || !o->has_own_goal ? EXIT_DONE : EXIT_NO);
	struct plot *plot = status > EXIT_NO ? NULL : take_ptr(w->plot);
	if (!plot)
		return status;
	rc = pin_whatif_plot(plot, &w->whatif, e);
	return rc ? rc : status;
}

int cmd_pin_whatif(struct pin_options *o)
{
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("pin", &e);
	}
	w->options = o;
	int rc = prepare(w, &e);
	if (!rc)
		rc = pin_whatif_run(&w->whatif, &e);
	if (!rc)
		rc = hand_out(w, &e);
	if (w->plot)
		plot_abort(w->plot);
	trace_close(w->trace);
	arena_deinit(&w->whatif.arena);
	arena_deinit(&w->design.arena);
	return rc < 0 ? cli_fail("pin", &e) : rc;
}
