// SPDX-License-Identifier: MIT
/*
 * pugmark pin --compare-backends: one pass with a configuration for each
 * backend, the first of the policies and budgets, the middle overcommit.
 */
#include "replay/pin-compare.h"

#include "base/cleanup.h"
#include "replay/pin-consequence.h"
#include "replay/pin-log.h"
#include "replay/pin-options.h"
#include "reports/banner.h"
#include "reports/params.h"
#include "store/trace-meta.h"

#include <stdlib.h>

struct work {
	struct pin_options *options;
	struct trace *trace;
	struct pin_devices devices;
	struct pin_design designs[PIN_BACKENDS];
	struct pin_job jobs[PIN_BACKENDS];
	struct pin_facts facts;
	struct pin_log log; /* of the first */
	struct pin_compare compare;
	struct plot *plot;
};

static int read_designs(struct work *w, struct err *e)
{
	struct pin_options *o = w->options;
	int rc = 0;
	for (unsigned b = 0; b < PIN_BACKENDS && !rc; b++) {
		const struct pin_design_sources sources = {
			.chosen = o->policies,
			.nchosen = 1,
			.path = o->design,
			.sets = o->sets.text,
			.nsets = o->sets.n,
			.backend = iopf_backend_names[b],
			.functions = w->devices.nlists,
		};
		rc = pin_design_read(&w->designs[b], &sources, e);
		if (!rc && o->wants_assumptions && !o->cli.is_json)
			params_print_values(stdout, &w->designs[b].set);
	}
	return rc;
}

/* The first that was chosen; else the trace's, else the declared load. */
static enum pin_companion companion_of(const struct pin_options *o, const struct trace *t)
{
	const struct trace_stream_info *cpu = trace_find_stream(t, KIND_CPU);
	for (unsigned c = 0; c < PIN_COMPANIONS; c++)
		if (o->companions[c])
			return (enum pin_companion)c;
	return cpu && cpu->rows ? PIN_BY_TRACE : PIN_BY_BACKGROUND;
}

static void make_jobs(struct work *w)
{
	const struct pin_options *o = w->options;
	for (unsigned b = 0; b < PIN_BACKENDS; b++)
		w->jobs[b] = (struct pin_job){
			.policy = o->policies[0].policy,
			.policy_params = o->policies[0].params,
			.budget = o->budgets[0],
			.overcommit_ppm = o->overcommits_ppm[o->novercommits / 2],
			.companion = companion_of(o, w->trace),
			.iopf = w->designs[b].iopf,
		};
	pin_log_init(&w->log, PIN_CONSEQUENCE_FAULTS_MAX);
	w->jobs[0].log = &w->log;
}

static int replay(struct work *w, struct err *e)
{
	enum { MEMORY_GIB = 4 };
	const struct pin_options *o = w->options;
	const struct pin_design *d = &w->designs[0];
	const struct pin_consequence_config effect = {
		.iopf = d->iopf,
		.block = d->block,
		.nic = d->nic,
		.list_of_dev = w->devices.list_of_dev,
		.class_of_list = w->devices.class_of_list,
		.nlists = w->devices.nlists,
	};
	const struct pin_run run = {
		.trace = w->trace,
		.path = o->path,
		.access = { .model = o->model,
			    .threaded = o->threads > 1,
			    .live_period_ns = d->access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.vm_pages = o->memory_bytes ? o->memory_bytes / PAGE_BYTES
					    : trace_vm_pages(w->trace, 0),
		.class_of_dev = w->devices.class_of_dev,
		.list_of_dev = w->devices.list_of_dev,
		.nlists = w->devices.nlists,
		.memory = d->memory,
		.iopf = d->iopf,
		.swap = d->swap,
		.effect = &effect,
		.background = d->background,
		.params = d->pin,
		.seed = o->seeds[0],
		.threads = (unsigned)o->threads,
		.memory_bytes = (uint64_t)MEMORY_GIB << 30,
	};
	return pin_run(&run, w->jobs, PIN_BACKENDS, &w->facts, e);
}

static int compare(struct work *w, struct err *e)
{
	struct pin_compare *c = &w->compare;
	const uint64_t exposure_ns = w->facts.last_ns - w->facts.first_ns;
	*c = (struct pin_compare){
		.devices = &w->devices,
		.facts = &w->facts,
		.designs = w->designs,
		.jobs = w->jobs,
		.exposure_ns = exposure_ns ? exposure_ns : 1,
		/* while one is served, as many as that come together */
		.burst = pin_compare_burst(&w->log, w->jobs[0].result.fault_p50_ns),
	};
	return pin_compare_sweep(c, w->options->seeds[0], e);
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
	pin_compare_report(r, &w->compare, o->cli.is_json);
	if (o->wants_assumptions && o->cli.is_json)
		params_report_begin(r);
	for (unsigned b = 0; b < PIN_BACKENDS && o->wants_assumptions && o->cli.is_json; b++)
		params_report_values(r, iopf_backend_names[b], &w->designs[b].set);
	const int status = cli_report_end("pin", r, EXIT_DONE);
	struct plot *plot = status ? NULL : take_ptr(w->plot);
	if (!plot)
		return status;
	rc = pin_compare_plot(plot, &w->compare, e);
	return rc ? rc : status;
}

static int run(struct work *w, struct err *e)
{
	const struct pin_options *o = w->options;
	int rc = trace_open(o->path, &w->trace, e);
	if (!rc)
		rc = banner_choose_recording(&o->cli, "pin", w->trace, o->recording, KIND_DMA, e);
	if (!rc && o->plot)
		rc = plot_begin(o->plot, pin_compare_script, &w->plot, e);
	if (!rc)
		rc = pin_devices_read(w->trace, &w->devices, e);
	if (!rc)
		rc = read_designs(w, e);
	if (rc)
		return rc;
	make_jobs(w);
	rc = replay(w, e);
	if (!rc)
		rc = compare(w, e);
	return rc ? rc : hand_out(w, e);
}

int cmd_pin_compare(struct pin_options *o)
{
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	if (!w) {
		err_set(&e, ERR_NOMEM, "out of memory");
		return cli_fail("pin", &e);
	}
	w->options = o;
	const int rc = run(w, &e);
	if (w->plot)
		plot_abort(w->plot);
	trace_close(w->trace);
	pin_log_deinit(&w->log);
	for (unsigned b = 0; b < PIN_BACKENDS; b++)
		arena_deinit(&w->designs[b].arena);
	return rc < 0 ? cli_fail("pin", &e) : rc;
}
