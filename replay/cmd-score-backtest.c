// SPDX-License-Identifier: MIT
/* pugmark score --backtest: what a recording's first part tells of its second. */
#include "replay/commands.h"

#include "base/cleanup.h"
#include "replay/score-backtest.h"
#include "replay/score-options.h"
#include "reports/banner.h"
#include "store/results.h"

#include <stdlib.h>

struct work {
	const struct score_options *options;
	struct trace *trace;
	struct score_input input;
	struct score_design designs[SCORE_DESIGNS_MAX];
	struct score_backtest result;
};

static int read_all(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
	int rc = trace_open(o->paths[0], &w->trace, e);
	if (!rc)
		rc = banner_choose_recording(&o->cli, "score", w->trace, 0, KIND_DMA, e);
	if (rc)
		return rc;
	banner_show(&o->cli, "score", w->trace);
	const struct trace_stream_info *dma = trace_find_stream(w->trace, KIND_DMA);
	if (dma && dma->rows) {
		w->input.trace[SCORE_MEMORY] = w->trace;
		w->input.path[SCORE_MEMORY] = o->paths[0];
		rc = pin_devices_read(w->trace, &w->input.devices, e);
	}
	for (size_t i = 0; i < o->ndesigns && !rc; i++) {
		w->designs[i].path = o->designs[i];
		rc = score_design_read(&w->designs[i], o->sets.text, o->sets.n, &w->input, e);
	}
	return rc;
}

/* Intervals as they are, of each design and metric. */
static int store(const char *path, const struct results_run *run, const struct score_backtest *b,
		 struct err *e)
{
	struct results *r;
	int rc = results_open(path, &r, e);
	if (rc)
		return rc;
	rc = results_begin_run(r, run, e);
	for (size_t i = 0; i < b->nrows && !rc; i++) {
		const struct score_backtest_row *x = &b->rows[i];
		const struct {
			const char *name;
			uint64_t value;
		} numbers[] = {
			{ "learned", x->learned },
			{ "low", x->forecast.low },
			{ "predicted", x->forecast.middle },
			{ "high", x->forecast.high },
			{ "actual", x->actual },
			{ "inside", x->is_inside },
			{ "trials", x->trials },
			{ "covered", x->covered },
		};
		char config[400];
		snprintf(config, sizeof(config),
			 "design=%.100s\nbacktest=%s\nsplit_ppm=%llu\nforecast_of=%s\n", x->design,
			 x->is_map ? "map" : "blocks", (unsigned long long)b->split_ppm, x->metric);
		for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers) && !rc; k++)
			rc = results_put(r, config, numbers[k].name, 0, (int64_t)numbers[k].value,
					 e);
	}
	return rc ? (results_abort(r), rc) : results_close(r, e);
}

static int hand_out(struct work *w, struct err *e)
{
	const struct score_options *o = w->options;
	char digest[TRACE_DIGEST_CHARS + 1];
	int rc = trace_digest(w->trace, digest, e);
	if (!rc && o->pin_map && !w->result.map_design)
		rc = err_set(e, ERR_USAGE,
			     "--pin-map: no design has faults that a map could spare");
	if (!rc && o->pin_map)
		rc = pinmap_write(&w->result.map, o->pin_map, e);
	const struct results_run run = { .command = "score",
					 .args = o->cli.args,
					 .trace_path = o->paths[0],
					 .trace_digest = digest,
					 .seed = o->seeds[0],
					 .trace = w->trace };
	if (!rc && o->results)
		rc = store(o->results, &run, &w->result, e);
	if (rc)
		return rc;
	struct report *r = report_begin(stdout, cli_format(&o->cli), "score", o->paths[0], digest);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the results");
	score_backtest_report(r, &w->result);
	return cli_report_end("score", r, EXIT_DONE);
}

int cmd_score_backtest(struct score_options *o)
{
	_free_ struct work *w = calloc(1, sizeof(*w));
	struct err e = {};
	int rc = w ? 0 : err_set(&e, ERR_NOMEM, "out of memory");
	if (!w)
		return cli_fail("score", &e);
	w->options = o;
	rc = read_all(w, &e);
	const struct score_run run = { .input = &w->input,
				       .vm_bytes = o->memory_bytes,
				       .seed = o->seeds[0],
				       .threads = (unsigned)o->threads };
	if (!rc)
		rc = score_backtest_run(&run, w->designs, o->ndesigns, o->split_ppm, &w->result,
					&e);
	if (!rc)
		rc = hand_out(w, &e);
	score_backtest_deinit(&w->result);
	for (size_t i = 0; i < o->ndesigns; i++)
		score_design_deinit(&w->designs[i]);
	trace_close(w->trace);
	return rc < 0 ? cli_fail("score", &e) : rc;
}
