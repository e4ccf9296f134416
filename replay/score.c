// SPDX-License-Identifier: MIT
/* Runs the parts of a design, each feeding the next. */
#include "replay/score.h"

#include "base/cleanup.h"
#include "replay/pin-consequence.h"
#include "replay/walk-feed.h"
#include "store/trace-meta.h"

#include <stdlib.h>
#include <string.h>

const uint64_t score_ppm[SCORE_QUANTILES] = { 990000, 999000, 999900 };

static const char no_dma[] = "no trace has dma rows";
static const char no_mem[] = "no trace has mem rows (every access of a program)";

static uint64_t share_ppm(unsigned __int128 part, uint64_t whole)
{
	return whole ? (uint64_t)(part * PPM_PER_ONE / whole) : 0;
}

/* ---- memory ---- */

static enum pin_companion companion_of(const struct trace *t)
{
	const struct trace_stream_info *cpu = trace_find_stream(t, KIND_CPU);
	return cpu && cpu->rows ? PIN_BY_TRACE : PIN_BY_BACKGROUND;
}

static void take_memory(struct score_memory *m, const struct score_design *d)
{
	const struct pin_result *x = &m->job.result;
	const struct pin_facts *f = &m->facts;
	const uint64_t in_use = x->host.resident + x->host.in + x->host.out;
	m->exposure_ns = f->last_ns - f->first_ns;
	m->returned_bytes = (f->vm_pages > in_use ? f->vm_pages - in_use : 0) * PAGE_BYTES;
	m->bitmap_bytes = pin_bitmap_bytes(f, d->pin.iopf, d->pin.iopf->functions);
	m->split_ppm = share_ppm((unsigned __int128)x->host.split_pages, f->vm_pages);
	m->host_ppm = share_ppm(x->service_ns, m->exposure_ns);
	m->guest_ppm = share_ppm(x->map_ns, m->exposure_ns);
	m->stalled_ppm = share_ppm(x->cpu_stall_ns, m->exposure_ns);
}

static int run_memory(const struct score_run *r, struct score_design *d, struct score_memory *m,
		      struct err *e)
{
	enum { MEMORY_GIB = 4 };
	const struct score_input *in = r->input;
	struct trace *t = in->trace[SCORE_MEMORY];
	const struct pin_consequence_config effect = {
		.iopf = d->pin.iopf,
		.block = d->pin.block,
		.nic = d->pin.nic,
		.list_of_dev = in->devices.list_of_dev,
		.class_of_list = in->devices.class_of_list,
		.nlists = in->devices.nlists,
	};
	struct pin_run run = {
		.trace = t,
		.path = in->path[SCORE_MEMORY],
		.access = { .model = ACCESS_NEAR,
			    .threaded = r->threads > 1,
			    .live_period_ns = d->pin.access.live_period_ns,
			    .dma_stream = -1,
			    .cpu_stream = -1 },
		.vm_pages = r->vm_bytes ? r->vm_bytes / PAGE_BYTES : trace_vm_pages(t, 0),
		.class_of_dev = in->devices.class_of_dev,
		.list_of_dev = in->devices.list_of_dev,
		.nlists = in->devices.nlists,
		.memory = d->pin.memory,
		.iopf = d->pin.iopf,
		.swap = d->pin.swap,
		.effect = &effect,
		.background = d->pin.background,
		.params = d->pin.pin,
		.seed = r->seed,
		.threads = r->threads,
		.memory_bytes = (uint64_t)MEMORY_GIB << 30,
	};
	m->job = (struct pin_job){
		.policy = d->policy.policy,
		.policy_params = d->policy.params,
		.budget = d->budget,
		.overcommit_ppm = d->overcommit_ppm,
		.companion = companion_of(t),
		.log = &m->log,
	};
	pin_log_init(&m->log, PIN_CONSEQUENCE_FAULTS_MAX);
	int rc = pin_design_limits(&d->pin, &run.limits, e);
	if (!rc)
		rc = pin_run(&run, &m->job, 1, &m->facts, e);
	if (!rc)
		take_memory(m, d);
	return rc;
}

/* ---- nvme, stopped by the memory's faults ---- */

/* Block faults of the log, in the order in which they were raised, as stalls. */
struct stalls {
	const struct score_input *in;
	const struct score_memory *memory;
	uint64_t origin_ns, scale_ppm;
	size_t next;
	uint64_t given, given_ns;
};

static int next_stall(void *ctx, struct nvme_stall *out, struct err *e)
{
	struct stalls *s = ctx;
	const struct pin_log *log = &s->memory->log;
	(void)e;
	while (s->next < log->n) {
		const struct pin_log_entry *x = &log->entries[s->next++];
		if (s->in->devices.class_of_dev[x->dev] != PIN_BLOCK ||
		    x->raised_ns < s->origin_ns || x->ended_ns <= x->raised_ns)
			continue;
		const unsigned __int128 at =
			(unsigned __int128)(x->raised_ns - s->origin_ns) * s->scale_ppm;
		*out = (struct nvme_stall){ .at = { (uint64_t)(at / PPM_PER_ONE) },
					    .length_ns = x->ended_ns - x->raised_ns,
					    .place = x->page };
		s->given++;
		s->given_ns += out->length_ns;
		return 1;
	}
	return 0;
}

static int by_length(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/*
 * A generated load has no times of its own: the memory's block faults then come
 * as a Poisson stream of their mean rate, as long as theirs were.
 */
static int spread_stalls(const struct score_input *in, const struct score_memory *m,
			 struct nvme_load_config *load, struct score_nvme *out, struct err *e)
{
	static const uint64_t at_ppm[] = { 0,      100000, 250000, 500000, 750000,
					   900000, 950000, 990000, 999000, 1000000 };
	_free_ uint64_t *lengths = calloc(m->log.n + 1, sizeof(*lengths));
	size_t n = 0;
	if (!lengths)
		return err_set(e, ERR_NOMEM, "no memory for the lengths of stalls");
	for (size_t i = 0; i < m->log.n; i++) {
		const struct pin_log_entry *x = &m->log.entries[i];
		if (in->devices.class_of_dev[x->dev] != PIN_BLOCK || x->ended_ns <= x->raised_ns)
			continue;
		lengths[n] = x->ended_ns - x->raised_ns;
		out->stalled_ns += lengths[n++];
	}
	out->stalls = n;
	if (!n)
		return 0;
	qsort(lengths, n, sizeof(*lengths), by_length);
	load->stall = (struct dist){ .kind = DIST_POINTS };
	for (size_t i = 0; i < sizeof(at_ppm) / sizeof(*at_ppm); i++)
		load->stall.points[load->stall.npoints++] = (struct dist_point){
			at_ppm[i],
			lengths[(size_t)((unsigned __int128)(n - 1) * at_ppm[i] / PPM_PER_ONE)]
		};
	load->stall_rate = (struct rate){ .count = n, .per_ns = m->exposure_ns };
	return 0;
}

static int run_load(const struct score_input *in, const struct nvme_design *d,
		    const struct nvme_config *c, const struct nvme_stalls *stalls, struct arena *a,
		    struct nvme_result *out, struct err *e)
{
	enum { STEP = 1 << 16 };
	struct nvme_trace *io = NULL;
	struct nvme *model;
	int rc = 0;
	if (in->trace[SCORE_NVME])
		rc = nvme_trace_open(in->path[SCORE_NVME], &in->io, d, &io, e);
	const struct nvme_source source = { .next = nvme_trace_next, .ctx = io };
	if (!rc)
		rc = nvme_new(c, io ? &source : NULL, stalls, a, &model, e);
	if (!rc)
		while ((rc = nvme_run(model, STEP, e)) > 0)
			;
	if (!rc)
		rc = nvme_finish(model, out, e);
	if (io)
		nvme_trace_close(io);
	return rc;
}

static void take_quantiles(const struct nvme_result *r, uint64_t *out)
{
	for (unsigned q = 0; q < SCORE_QUANTILES; q++)
		out[q] = hist_percentile(&r->vms[r->nvms].latency, score_ppm[q]);
}

static void take_cpu(const struct nvme_result *r, struct score_nvme *out)
{
	const struct nvme_vm_result *all = &r->vms[r->nvms];
	unsigned __int128 host = 0;
	for (uint32_t i = 0; i < r->ncores; i++)
		host += r->cores[i].busy_ns + r->cores[i].spin_ns;
	out->host_ppm = share_ppm(host, r->end_ns);
	out->guest_ppm = share_ppm((unsigned __int128)all->guest_direct_ns +
					   all->guest_indirect_ns + all->guest_sync_ns,
				   r->end_ns);
	out->requests = all->requests;
	out->milli_iops = all->span_ns ? (uint64_t)((unsigned __int128)all->requests * 1000 *
						    NS_PER_SEC / all->span_ns)
				       : 0;
}

static int run_nvme(const struct score_run *r, const struct score_design *d,
		    const struct score_memory *m, struct score_nvme *out, struct err *e)
{
	const struct score_input *in = r->input;
	struct nvme_config c = d->nvme.config;
	struct stalls list = { .in = in,
			       .memory = m,
			       .origin_ns = in->io.first_ns,
			       .scale_ppm = d->nvme.choice.time_scale_ppm };
	const struct nvme_stalls stalls = { .next = next_stall, .ctx = &list };
	struct nvme_result x;
	_arena_ struct arena a = {};
	c.load.seed = r->seed;
	out->is_generated = !in->trace[SCORE_NVME];
	int rc = run_load(in, &d->nvme, &c, NULL, &a, &x, e);
	if (rc)
		return rc;
	take_quantiles(&x, out->base_ns);
	if (m && out->is_generated)
		rc = spread_stalls(in, m, &c.load, out, e);
	if (!rc && m)
		rc = run_load(in, &d->nvme, &c, out->is_generated ? NULL : &stalls, &a, &x, e);
	if (rc)
		return rc;
	out->stalls += list.given;
	out->stalled_ns += list.given_ns;
	take_quantiles(&x, out->ns);
	take_cpu(&x, out);
	return 0;
}

/* ---- walk, with the memory's split pages ---- */

static bool is_same_text(const struct param_set *a, const struct param_set *b)
{
	_free_ char *x = param_canonical(a), *y = param_canonical(b);
	return x && y && !strcmp(x, y);
}

const struct score_result *score_find_same(const struct score_run *r, const struct score_design *d,
					   enum score_part part)
{
	for (size_t i = 0; i < r->nearlier; i++) {
		const struct score_result *x = &r->earlier[i];
		if (!x->ran[part] || !x->design->small.name != !d->small.name ||
		    !x->design->numa_small.name != !d->numa_small.name ||
		    x->design->has[SCORE_WALK] != d->has[SCORE_WALK])
			continue;
		if (part == SCORE_NUMA && !is_same_text(&x->design->numa.set, &d->numa.set))
			continue;
		if (!d->has[SCORE_WALK] || is_same_text(&x->design->walk.set, &d->walk.set))
			return x;
	}
	return NULL;
}

static void mix_walk(struct score_walk *w, bool has_small, uint64_t split_ppm)
{
	struct walk_cycles *c = &w->cycles;
	*c = w->unsplit;
	if (!has_small)
		return;
	c->walk = score_mix(w->unsplit.walk, w->small.walk, split_ppm);
	c->translation = score_mix(w->unsplit.translation, w->small.translation, split_ppm);
	c->total = score_mix(w->unsplit.total, w->small.total, split_ppm);
	c->translation_ppm = share_ppm((unsigned __int128)c->total - c->base, c->total);
}

static int run_walk(const struct score_run *r, struct score_design *d, uint64_t split_ppm,
		    struct score_walk *out, struct err *e)
{
	const struct score_result *same = score_find_same(r, d, SCORE_WALK);
	const struct walk_config *configs[] = { &d->walk.config, &d->small.config };
	const size_t n = d->small.name ? 2 : 1;
	struct trace *t = r->input->trace[SCORE_WALK];
	const struct trace_stream_info *stream;
	struct walk *w;
	_arena_ struct arena a = {};
	if (same) {
		*out = same->walk;
		mix_walk(out, n > 1, split_ppm);
		return 0;
	}
	int rc = walk_feed_find(t, &stream, e);
	for (size_t i = 0; i < n && !rc; i++) {
		struct walk_config *c = i ? &d->small.config : &d->walk.config;
		walk_design_fit(c, stream->rows, trace_vm_pages(t, 0));
	}
	if (!rc)
		rc = walk_new(configs, n, &a, &w, e);
	if (!rc)
		rc = walk_feed(w, t, stream, NULL, NULL, e);
	if (rc)
		return rc;
	walk_counts(w, 0, &out->counts);
	walk_cost(&d->walk.costs, &d->walk.config, &out->counts, &out->unsplit);
	if (n > 1) {
		struct walk_counts counts;
		walk_counts(w, 1, &counts);
		walk_cost(&d->small.costs, &d->small.config, &counts, &out->small);
	}
	mix_walk(out, n > 1, split_ppm);
	return 0;
}

/* ---- together ---- */

int score_design_run(const struct score_run *r, struct score_design *d, struct score_result *out,
		     struct err *e)
{
	const struct score_input *in = r->input;
	int rc = 0;
	out->design = d;
	if (d->has[SCORE_MEMORY] && in->trace[SCORE_MEMORY]) {
		rc = run_memory(r, d, &out->memory, e);
		out->ran[SCORE_MEMORY] = !rc;
	} else if (d->has[SCORE_MEMORY]) {
		out->why_not[SCORE_MEMORY] = no_dma;
	}
	if (!rc && d->has[SCORE_NVME]) {
		rc = run_nvme(r, d, out->ran[SCORE_MEMORY] ? &out->memory : NULL, &out->nvme, e);
		out->ran[SCORE_NVME] = !rc;
	}
	if (!rc && d->has[SCORE_WALK] && in->trace[SCORE_WALK]) {
		rc = run_walk(r, d, out->memory.split_ppm, &out->walk, e);
		out->ran[SCORE_WALK] = !rc;
	} else if (d->has[SCORE_WALK]) {
		out->why_not[SCORE_WALK] = no_mem;
	}
	if (!rc && d->has[SCORE_NUMA] && in->trace[SCORE_NUMA]) {
		rc = score_numa_run(r, d, out->memory.split_ppm, &out->numa, e);
		out->ran[SCORE_NUMA] = !rc;
	} else if (d->has[SCORE_NUMA]) {
		out->why_not[SCORE_NUMA] = no_mem;
	}
	if (!rc)
		score_numa_couple(out);
	out->host_ppm = out->memory.host_ppm + out->nvme.host_ppm;
	out->guest_ppm = out->memory.guest_ppm + out->nvme.guest_ppm;
	return rc ? err_prefix(e, "%s", d->name) : 0;
}

void score_result_deinit(struct score_result *r)
{
	pin_log_deinit(&r->memory.log);
}

/* What a design is judged by, each so that less is better; UINT64_MAX: not known. */
enum { MERITS = 9 };

static void merits(const struct score_result *r, uint64_t out[MERITS])
{
	const struct pin_result *x = &r->memory.job.result;
	const bool has_memory = r->ran[SCORE_MEMORY];
	out[0] = has_memory ? UINT64_MAX - 1 - r->memory.returned_bytes : UINT64_MAX;
	out[1] = r->ran[SCORE_NVME] ? r->nvme.ns[SCORE_QUANTILES - 1] : UINT64_MAX;
	out[2] = has_memory ? x->effect.nic_gap_ns : UINT64_MAX;
	out[3] = has_memory ? x->host.major[TOUCH_CPU] : UINT64_MAX;
	out[4] = r->ran[SCORE_WALK] ? r->walk.placed_cycles : UINT64_MAX;
	out[5] = r->host_ppm + r->guest_ppm;
	out[6] = has_memory ? x->cpu_stall_ns : UINT64_MAX;
	out[7] = r->ran[SCORE_NUMA] && !r->ran[SCORE_WALK] ? r->numa.cycles : UINT64_MAX;
	/* what nobody does costs nothing: copies of tables, tags */
	out[8] = r->numa.result.update_cycles + r->revoke_cycles;
}

static bool dominates(const struct score_result *a, const struct score_result *b)
{
	uint64_t x[MERITS], y[MERITS];
	bool is_better = false;
	merits(a, x);
	merits(b, y);
	for (unsigned i = 0; i < MERITS; i++) {
		if (x[i] == UINT64_MAX || y[i] == UINT64_MAX) {
			if (x[i] != y[i])
				return false;
			continue;
		}
		if (x[i] > y[i])
			return false;
		is_better |= x[i] < y[i];
	}
	return is_better;
}

void score_mark_pareto(struct score_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct score_result *r = &results[i];
		const bool has_run = r->ran[SCORE_MEMORY] || r->ran[SCORE_NVME] ||
				     r->ran[SCORE_WALK] || r->ran[SCORE_NUMA];
		results[i].is_pareto = has_run && !r->memory.job.result.total.failed;
		for (size_t k = 0; k < n; k++)
			if (!results[k].memory.job.result.total.failed &&
			    dominates(&results[k], &results[i]))
				results[i].is_pareto = false;
	}
}
