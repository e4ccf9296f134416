// SPDX-License-Identifier: MIT
/* Blocks of each design's replay, forecasts from them, and a pin map learned and applied. */
#include "replay/score-backtest.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "base/units.h"
#include "replay/pin-pulse.h"
#include "replay/pin-rank.h"
#include "replay/pinmap-choose.h"
#include "store/trace-meta.h"

#include <stdlib.h>

const char *const score_metric_names[] = { "iopf",      "iopf_max_1s",    "fault_time_ns",
					   "cpu_major", "returned_bytes", NULL };

enum { BLOCKS = SCORE_BACKTEST_BLOCKS, FAULTS_MAX = 1 << 24 };

struct series {
	uint64_t of[SCORE_METRICS][BLOCKS];
};

struct work {
	const struct score_run *run;
	struct score_backtest *out;
	struct pin_pulses pulses;
	struct pin_log log;
	struct pin_facts facts;
	struct pin_result result;
	size_t nlearned; /* blocks */
};

static struct pinmap_lesson lesson_of(const struct work *w, struct score_design *d)
{
	const struct score_run *r = w->run;
	return (struct pinmap_lesson){
		.trace = r->input->trace[SCORE_MEMORY],
		.path = r->input->path[SCORE_MEMORY],
		.devices = &r->input->devices,
		.design = &d->pin,
		.design_name = d->name,
		.vm_pages = r->vm_bytes / PAGE_BYTES,
		.budget = d->budget,
		.overcommit_ppm = d->overcommit_ppm,
		.to_ns = UINT64_MAX,
		.seed = r->seed,
		.threads = r->threads,
	};
}

/* ---- blocks ---- */

static size_t block_of(const struct score_backtest *b, uint64_t at_ns)
{
	const uint64_t past = at_ns > b->from_ns ? at_ns - b->from_ns : 0;
	const size_t i = past / b->block_ns;
	return i < BLOCKS ? i : BLOCKS - 1;
}

static void fill_faults(const struct work *w, struct series *s)
{
	uint64_t second = UINT64_MAX, n = 0;
	for (size_t i = 0; i < w->log.n; i++) {
		const struct pin_log_entry *x = &w->log.entries[i];
		const size_t b = block_of(w->out, x->raised_ns);
		const uint64_t own = x->raised_ns / NS_PER_SEC;
		n = own == second ? n + 1 : 1;
		second = own;
		s->of[SCORE_IOPF][b]++;
		if (n > s->of[SCORE_IOPF_WORST][b])
			s->of[SCORE_IOPF_WORST][b] = n;
		if (x->ended_ns > x->raised_ns)
			s->of[SCORE_FAULT_TIME][b] += x->ended_ns - x->raised_ns;
	}
}

/* Pulses come each second: what is between two belongs to the block of the second one. */
static void fill_pulses(const struct work *w, struct series *s)
{
	uint64_t pages[BLOCKS] = {}, pulses[BLOCKS] = {}, before = 0, last = 0;
	for (size_t i = 0; i < w->pulses.n; i++) {
		const struct pin_pulse *p = &w->pulses.all[i];
		const size_t b = block_of(w->out, p->at_ns ? p->at_ns - 1 : 0);
		s->of[SCORE_CPU_MAJOR][b] += p->cpu_major - before;
		before = p->cpu_major;
		pages[b] += w->facts.vm_pages > p->resident ? w->facts.vm_pages - p->resident : 0;
		pulses[b]++;
	}
	s->of[SCORE_CPU_MAJOR][BLOCKS - 1] += w->result.host.major[TOUCH_CPU] - before;
	for (size_t b = 0; b < BLOCKS; b++) {
		if (pulses[b])
			last = pages[b] / pulses[b] * PAGE_BYTES;
		s->of[SCORE_RETURNED][b] = last;
	}
}

static int replay(struct work *w, struct score_design *d, struct series *s, struct err *e)
{
	const struct pinmap_lesson l = lesson_of(w, d);
	const struct trace_stream_info *cpu = trace_find_stream(l.trace, KIND_CPU);
	const uint64_t vm = l.vm_pages ? l.vm_pages : trace_vm_pages(l.trace, 0);
	struct pin_job job = {
		.policy = d->policy.policy,
		.policy_params = d->policy.params,
		.budget = d->budget,
		.overcommit_ppm = d->overcommit_ppm,
		.companion = cpu && cpu->rows ? PIN_BY_TRACE : PIN_BY_BACKGROUND,
		.log = &w->log,
		.pulses = &w->pulses,
	};
	struct pin_run run;
	w->pulses.n = 0;
	w->pulses.apart_ns = 0;
	int rc = pinmap_run_of(&l, vm, 0, &run, e);
	if (!rc)
		rc = pin_run(&run, &job, 1, &w->facts, e);
	if (rc)
		return rc;
	w->result = job.result;
	if (w->facts.access.dma_sample_ppm < PPM_PER_ONE)
		return err_set(e, ERR_UNUSABLE,
			       "%s: holds a share of all pages: a back-test needs all", l.path);
	if (!pin_log_is_whole(&w->log))
		return err_set(e, ERR_UNUSABLE, "%s: has more than %d I/O page faults", l.path,
			       FAULTS_MAX);
	struct score_backtest *b = w->out;
	b->from_ns = w->facts.first_ns;
	b->to_ns = w->facts.last_ns + 1;
	b->block_ns = (b->to_ns - b->from_ns + BLOCKS - 1) / BLOCKS;
	b->split_ns = b->from_ns + w->nlearned * b->block_ns;
	*s = (struct series){};
	fill_faults(w, s);
	fill_pulses(w, s);
	return 0;
}

/* ---- forecasts ---- */

static uint64_t sum_of(const uint64_t *v, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

/* What a period of n blocks had, as the metric adds up. */
static uint64_t take(enum score_metric m, const uint64_t *v, size_t n)
{
	uint64_t most = 0;
	for (size_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	return m == SCORE_IOPF_WORST ? most : m == SCORE_RETURNED ? sum_of(v, n) / n : sum_of(v, n);
}

static struct forecast foresee(const struct work *w, const struct series *s, enum score_metric m,
			       size_t n, size_t ahead)
{
	const struct score_backtest *b = w->out;
	const uint64_t to = b->from_ns + n * b->block_ns;
	const uint64_t burst = pinmap_burst(&w->log, b->from_ns, to, to - b->from_ns);
	const uint64_t faults = sum_of(s->of[SCORE_IOPF], n);
	const uint64_t time = faults ? sum_of(s->of[SCORE_FAULT_TIME], n) / faults : NS_PER_MS;
	struct forecast_past p = { s->of[m], n, 1 };
	if (m == SCORE_IOPF || m == SCORE_IOPF_WORST)
		p.burst = burst;
	else if (m == SCORE_FAULT_TIME)
		p.burst = burst * time;
	const uint64_t ppm = ahead * PPM_PER_ONE;
	return m == SCORE_IOPF_WORST ? forecast_worst(&p, ppm)
	       : m == SCORE_RETURNED ? forecast_mean(&p, ppm)
				     : forecast_sum(&p, ppm);
}

static bool is_inside(const struct forecast *f, uint64_t v)
{
	return v >= f->low && v <= f->high;
}

static void fill_row(const struct work *w, const struct series *s, enum score_metric m,
		     struct score_backtest_row *row)
{
	const size_t n = w->nlearned, rest = BLOCKS - n;
	const uint64_t *v = s->of[m];
	row->metric = score_metric_names[m];
	row->learned = take(m, v, n);
	row->forecast = foresee(w, s, m, n, rest);
	row->actual = take(m, v + n, rest);
	row->is_inside = is_inside(&row->forecast, row->actual);
	row->is_idle = !row->learned && !row->actual;
	for (size_t k = SCORE_BACKTEST_LEAST; k < BLOCKS; k++) {
		const struct forecast f = foresee(w, s, m, k, 1);
		row->trials++;
		row->covered += is_inside(&f, take(m, v + k, 1));
	}
}

static void count_order(struct score_backtest *b)
{
	for (size_t i = 0; i < b->nrows; i += SCORE_METRICS)
		for (size_t k = i + SCORE_METRICS; k < b->nrows; k += SCORE_METRICS) {
			const struct score_backtest_row *x = &b->rows[i], *y = &b->rows[k];
			const int order = pin_rank_order(x->actual, y->actual);
			const uint64_t u = x->forecast.middle, v = y->forecast.middle;
			b->pairs += order != 0;
			b->ordered += order && order == (u > v) - (u < v);
		}
}

static void count_covered(struct score_backtest *b)
{
	for (size_t i = 0; i < b->nrows; i++) {
		const struct score_backtest_row *x = &b->rows[i];
		if (x->is_idle || x->is_map)
			continue;
		b->tried++;
		b->inside += x->is_inside;
		b->trials += x->trials;
		b->covered += x->covered;
	}
}

/* ---- the pin map ---- */

static uint64_t faults_in(const struct pin_log *log, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t n = 0;
	for (size_t i = 0; i < log->n; i++)
		n += log->entries[i].raised_ns >= from_ns && log->entries[i].raised_ns < to_ns;
	return n;
}

/* Thousandths a day to faults in a time. */
static struct forecast of_time(const struct pinmap_interval *i, uint64_t ns)
{
	const unsigned __int128 day = (unsigned __int128)86400 * NS_PER_SEC * 1000;
	return (struct forecast){ (uint64_t)(i->low * (unsigned __int128)ns / day),
				  (uint64_t)((i->middle * (unsigned __int128)ns + day / 2) / day),
				  (uint64_t)((i->high * (unsigned __int128)ns + day - 1) / day) };
}

static void add_map_row(struct score_backtest *b, const char *metric, uint64_t learned,
			struct forecast f, uint64_t actual)
{
	b->rows[b->nrows++] = (struct score_backtest_row){
		.design = b->map_design,
		.metric = metric,
		.learned = learned,
		.forecast = f,
		.actual = actual,
		.is_inside = is_inside(&f, actual),
		.is_map = true,
	};
}

static void fill_map_rows(struct score_backtest *b, const struct pinmap_past *p,
			  const struct pin_log *log)
{
	const struct pinmap_forecast *f = &b->map.forecast;
	const uint64_t to_ns = b->split_ns + f->horizon_ns; /* as long as its ranges last */
	const uint64_t learned = faults_in(&p->log, 0, b->split_ns);
	const uint64_t without = faults_in(&p->log, b->split_ns, to_ns);
	const uint64_t with = faults_in(log, b->split_ns, to_ns);
	const uint64_t left = with < without ? with : without;
	const struct forecast cut = { f->cut_ppm.low, f->cut_ppm.middle, f->cut_ppm.high };
	uint64_t spared = 0;
	for (size_t i = 0; i < b->map.nranges; i++)
		spared += b->map.ranges[i].iopf;
	add_map_row(b, "iopf_without_map", learned, of_time(&f->without, f->horizon_ns), without);
	add_map_row(b, "iopf_with_map", learned - spared, of_time(&f->with, f->horizon_ns), with);
	add_map_row(b, "cut_ppm", quantity_ratio_ppm(spared, learned), cut,
		    quantity_ratio_ppm(without - left, without));
}

static int run_map(struct work *w, const struct pinmap_lesson *l, const struct pinmap_past *past,
		   struct err *e)
{
	struct score_backtest *b = w->out;
	struct policy_map pages = {};
	struct pin_run run;
	struct pin_facts facts;
	struct pin_job job = {
		.policy = policy_find_pinning("map"),
		.map = &pages,
		.overcommit_ppm = l->overcommit_ppm,
		.companion = past->job.companion,
		.log = &w->log,
	};
	int rc = pinmap_learn_from(l, past, &b->map, e);
	if (rc)
		return rc;
	rc = pinmap_apply(&b->map, b->split_ns, past->frames, &past->facts, &pages, e);
	if (!rc)
		rc = pinmap_run_of(l, past->facts.vm_pages, 0, &run, e);
	if (!rc)
		rc = pin_run(&run, &job, 1, &facts, e);
	if (!rc)
		fill_map_rows(b, past, &w->log);
	free((void *)pages.pages);
	return rc;
}

static int back_test_map(struct work *w, struct score_design *d, struct err *e)
{
	struct score_backtest *b = w->out;
	struct pinmap_past past = {};
	struct pinmap_lesson l = lesson_of(w, d);
	l.to_ns = b->split_ns;
	l.horizon_ns = b->to_ns - b->split_ns;
	int rc = pinmap_past_run(&l, 0, &past, e);
	b->map_design = d->name;
	if (!rc)
		rc = run_map(w, &l, &past, e);
	pinmap_past_deinit(&past);
	return rc;
}

/* A backend that pins on its own leaves a map nothing to do. */
static bool can_fault(const struct score_design *d)
{
	const struct iopf_traits t = iopf_traits(d->pin.iopf->backend);
	return d->has[SCORE_MEMORY] && !t.pins_on_map && d->pin.iopf->backend != IOPF_STATIC;
}

/* ---- all ---- */

static int back_test(struct work *w, struct score_design *designs, size_t n, struct err *e)
{
	struct score_backtest *b = w->out;
	struct score_design *mapped = NULL;
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		struct series s;
		if (!designs[i].has[SCORE_MEMORY])
			continue;
		rc = replay(w, &designs[i], &s, e);
		for (enum score_metric m = 0; m < SCORE_METRICS && !rc; m++) {
			struct score_backtest_row *row = &b->rows[b->nrows++];
			row->design = designs[i].name;
			fill_row(w, &s, m, row);
		}
		if (!mapped && can_fault(&designs[i]))
			mapped = &designs[i];
		if (rc)
			err_prefix(e, "%s", designs[i].name);
	}
	if (!rc && !b->nrows)
		rc = err_set(e, ERR_USAGE, "no design has a section of memory to back-test");
	if (rc)
		return rc;
	count_order(b);
	count_covered(b);
	return mapped ? back_test_map(w, mapped, e) : 0;
}

int score_backtest_run(const struct score_run *r, struct score_design *designs, size_t ndesigns,
		       uint64_t split_ppm, struct score_backtest *out, struct err *e)
{
	_free_ struct work *w = calloc(1, sizeof(*w));
	out->rows = calloc(ndesigns * SCORE_METRICS + SCORE_BACKTEST_MAP_ROWS, sizeof(*out->rows));
	if (!w || !out->rows)
		return err_set(e, ERR_NOMEM, "no memory for a back-test");
	if (!r->input->trace[SCORE_MEMORY])
		return err_set(e, ERR_UNUSABLE, "no trace has dma rows: nothing to back-test");
	w->run = r;
	w->out = out;
	w->nlearned = (split_ppm * BLOCKS + PPM_PER_ONE / 2) / PPM_PER_ONE;
	w->nlearned = w->nlearned > FORECAST_BLOCKS_LEAST ? w->nlearned : FORECAST_BLOCKS_LEAST;
	w->nlearned = w->nlearned < BLOCKS ? w->nlearned : BLOCKS - 1;
	out->split_ppm = w->nlearned * PPM_PER_ONE / BLOCKS;
	pin_log_init(&w->log, FAULTS_MAX);
	const int rc = back_test(w, designs, ndesigns, e);
	pin_log_deinit(&w->log);
	return rc;
}

void score_backtest_deinit(struct score_backtest *b)
{
	free(b->rows);
	pinmap_deinit(&b->map);
	*b = (struct score_backtest){};
}
