// SPDX-License-Identifier: MIT
/*
 * The list of faults goes through one event queue; each domain (what one fault
 * stops) has its faults in line and at most one of them open. What was open when
 * becomes the stalls of block devices and the closures of rings.
 */
#include "sim/consequence.h"
#include "base/units.h"

#include <string.h>

enum { RINGS_MAX = 64, LONE_FAULTS = 100000 };

static const uint32_t nothing = UINT32_MAX;

const uint64_t consequence_ppm[CONSEQUENCE_QUANTILES] = { 500000, 990000, 999000, 999900 };

struct domain {
	uint32_t open;       /* index of its open fault */
	uint32_t head, tail; /* of those in line */
};

struct run {
	const struct consequence_config *c;
	const struct consequence_fault *faults;
	struct consequence *out;
	struct arena arena;
	struct evq q;
	struct iopf *f;

	struct domain *domains;
	uint32_t per_device;       /* domains */
	uint32_t *next;            /* in line, by fault */
	struct block_stall *spans; /* of each fault: open from, until */
};

static uint32_t domain_of(const struct run *r, uint16_t dev, uint16_t queue)
{
	const bool is_block = r->c->class_of[dev] == CONSEQUENCE_BLOCK;
	const uint64_t n = is_block ? block_domains(r->c->block) : RINGS_MAX;

	return dev * r->per_device + (uint32_t)(queue % n);
}

static void raise_next(void *ctx, uint64_t domain, struct ns now);

/* An event of its own, so that a long line does not nest calls. */
static void post_next(struct run *r, uint32_t domain)
{
	evq_post(&r->q, r->q.now, EVQ_ARRIVAL, raise_next, r, domain);
}

static void raise_next(void *ctx, uint64_t domain, struct ns now)
{
	struct run *r = ctx;
	struct domain *d = &r->domains[domain];
	const uint32_t i = d->head;
	const struct consequence_fault *f = &r->faults[i];
	const struct iopf_request request = {
		.vm = f->vm,
		.dev = f->dev,
		.queue = f->queue,
		.pages = &f->page,
		.npages = 1,
		.tag = i,
	};

	d->head = r->next[i];
	r->spans[i] = (struct block_stall){ now.v, now.v, f->queue };
	if (f->is_late && !iopf_is_on_its_way(r->f, f->vm, f->page)) {
		r->out[f->dev].faults++;
		r->out[f->dev].joined++;
		if (d->head != nothing)
			post_next(r, (uint32_t)domain);
		return;
	}
	d->open = i;
	iopf_raise(r->f, &request);
}

static void ended(void *ctx, const struct iopf_fault *f)
{
	struct run *r = ctx;
	const uint32_t domain = domain_of(r, f->dev, f->queue);
	struct domain *d = &r->domains[domain];
	struct consequence *out = &r->out[f->dev];
	const uint64_t blocked_ns = f->at[IOPF_STAGES].v - f->at[0].v;

	r->spans[d->open].until_ns = f->at[IOPF_STAGES].v;
	d->open = nothing;
	out->faults++;
	out->done += f->outcome == IOPF_DONE;
	out->failed += f->outcome == IOPF_FAILED;
	out->joined += f->outcome == IOPF_JOINED;
	out->blocked_ns += blocked_ns;
	if (blocked_ns > out->blocked_max_ns)
		out->blocked_max_ns = blocked_ns;
	if (d->head != nothing)
		post_next(r, domain);
}

static uint64_t resolve(void *ctx, const struct iopf_fault *f, struct ns now)
{
	const struct run *r = ctx;

	return r->c->resolve(r->c->ctx, f, now);
}

static void stand_in_line(struct run *r, uint32_t i)
{
	const uint32_t domain = domain_of(r, r->faults[i].dev, r->faults[i].queue);
	struct domain *d = &r->domains[domain];
	const bool is_idle = d->open == nothing && d->head == nothing;

	r->next[i] = nothing;
	if (d->head == nothing)
		d->head = i;
	else
		r->next[d->tail] = i;
	d->tail = i;
	if (is_idle)
		post_next(r, domain);
}

static int begin(struct run *r, size_t n, struct err *e)
{
	const struct iopf_hooks hooks = { .ctx = r,
					  .resolve = r->c->resolve ? resolve : NULL,
					  .done = ended };
	const uint64_t blocks = block_domains(r->c->block);
	struct iopf_config iopf = *r->c->iopf;

	r->per_device = blocks > RINGS_MAX ? (uint32_t)blocks : RINGS_MAX;
	const uint32_t ndomains = r->c->ndevices * r->per_device;
	iopf.slots = ndomains ? ndomains : 1; /* one open in each: there is always a slot */
	r->domains = arena_alloc(&r->arena, ndomains, sizeof(*r->domains));
	r->next = arena_alloc(&r->arena, n, sizeof(*r->next));
	r->spans = arena_alloc(&r->arena, n, sizeof(*r->spans));
	if (!r->domains || !r->next || !r->spans ||
	    evq_init(&r->q, (uint32_t)(iopf.slots + ndomains + 16), &r->arena))
		return err_set(e, ERR_NOMEM, "out of memory for the consequences of faults");
	memset(r->domains, 0xff, ndomains * sizeof(*r->domains));
	return iopf_new(&iopf, &hooks, &r->q, r->c->seed, &r->arena, &r->f, e);
}

/* ---- what follows ---- */

/* The spans of one device, or of one of its rings (ring < RINGS_MAX). */
static size_t spans_of(const struct run *r, size_t n, uint16_t dev, uint32_t ring,
		       struct block_stall *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (r->faults[i].dev == dev &&
		    (ring == RINGS_MAX || r->faults[i].queue % RINGS_MAX == ring))
			out[found++] = r->spans[i];
	return found;
}

static int judge_block(struct run *r, size_t n, uint16_t dev, struct block_stall *spans,
		       struct err *e)
{
	const size_t found = spans_of(r, n, dev, RINGS_MAX, spans);
	struct block_wait none = {}, some;
	struct quantile service;
	if (!block_has_closed_form(r->c->block))
		return block_measure(r->c->block, spans, found, r->c->span_ns, r->c->seed,
				     consequence_ppm, CONSEQUENCE_QUANTILES, r->out[dev].base_ns,
				     r->out[dev].latency_ns, NULL, e);
	int err = quantile_init(&service, &r->c->block->service, &r->arena, e);

	if (!err)
		err = block_wait_measured(&some, r->c->block, spans, found, r->c->span_ns,
					  &r->arena, e);
	for (int i = 0; !err && i < CONSEQUENCE_QUANTILES; i++) {
		r->out[dev].base_ns[i] = block_quantile(&none, &service, consequence_ppm[i]);
		r->out[dev].latency_ns[i] = block_quantile(&some, &service, consequence_ppm[i]);
	}
	return err;
}

static int judge_nic(struct run *r, size_t n, uint16_t dev, struct block_stall *spans,
		     struct err *e)
{
	struct nic_fault *faults = arena_alloc(&r->arena, n, sizeof(*faults));
	struct consequence *out = &r->out[dev];
	struct nic_result sum;
	int err = faults && !nic_result_init(&sum, &r->arena)
			  ? 0
			  : err_set(e, ERR_NOMEM, "out of memory for a NIC");

	uint64_t used = 0;
	for (size_t i = 0; i < n; i++)
		if (r->faults[i].dev == dev)
			used |= UINT64_C(1) << r->faults[i].queue % RINGS_MAX;
	for (uint32_t ring = 0; !err && ring < RINGS_MAX; ring++) {
		if (!(used >> ring & 1))
			continue;
		const size_t found = spans_of(r, n, dev, ring, spans);
		size_t closed = 0; /* those that blocked at all */
		for (size_t i = 0; i < found; i++)
			if (spans[i].until_ns > spans[i].from_ns)
				faults[closed++] =
					(struct nic_fault){ spans[i].from_ns,
							    spans[i].until_ns - spans[i].from_ns };
		err = nic_run(r->c->nic, faults, closed, r->c->seed + ring, &sum, e);
	}
	if (err)
		return err;
	out->drops = sum.drops;
	out->closed_ns = sum.closed_ns;
	out->longest_gap_ns = sum.longest_gap_ns;
	out->longest_stall_ns = sum.longest_stall_ns;
	memcpy(out->flows, sum.flows, sizeof(out->flows));
	return 0;
}

static int judge_devices(struct run *r, size_t n, struct err *e)
{
	struct block_stall *spans = arena_alloc(&r->arena, n, sizeof(*spans));
	int err = spans ? 0 : err_set(e, ERR_NOMEM, "out of memory for the consequences of faults");

	for (uint16_t dev = 0; !err && dev < r->c->ndevices; dev++) {
		if (r->c->class_of[dev] == CONSEQUENCE_BLOCK)
			err = judge_block(r, n, dev, spans, e);
		else if (r->c->class_of[dev] == CONSEQUENCE_NIC)
			err = judge_nic(r, n, dev, spans, e);
	}
	return err;
}

static void tell_service(const struct iopf *f, struct consequence_service *out)
{
	const struct hist *total = iopf_total_hist(f);

	*out = (struct consequence_service){
		.counts = *iopf_counts(f),
		.total_mean_ns = hist_mean(total),
		.total_p50_ns = hist_percentile(total, 500000),
		.total_p99_ns = hist_percentile(total, 990000),
		.total_p999_ns = hist_percentile(total, 999000),
	};
	for (int i = 0; i < IOPF_STAGES; i++)
		out->stage_mean_ns[i] = hist_mean(iopf_stage_hist(f, (enum iopf_stage)i));
}

int consequence_run(const struct consequence_config *c, const struct consequence_fault *faults,
		    size_t n, struct consequence *out, struct consequence_service *service_out,
		    struct err *e)
{
	struct run r = { .c = c, .faults = faults, .out = out };
	int err = 0;

	memset(out, 0, c->ndevices * sizeof(*out));
	for (size_t i = 0; !err && i < n; i++)
		if (faults[i].dev >= c->ndevices || c->ndevices > IOPF_DEVICES_MAX)
			err = err_set(e, ERR_USAGE, "a fault of device %u of %u", faults[i].dev,
				      c->ndevices);
	if (!err && n >= nothing)
		err = err_set(e, ERR_USAGE, "more than 2^32 faults");
	if (!err)
		err = begin(&r, n, e);
	for (size_t i = 0; !err && i < n; i++) {
		evq_run_until(&r.q, (struct ns){ faults[i].at_ns });
		stand_in_line(&r, (uint32_t)i);
	}
	while (!err && evq_run_next(&r.q))
		;
	if (!err)
		err = iopf_check(r.f, e);
	if (!err)
		err = judge_devices(&r, n, e);
	if (!err)
		tell_service(r.f, service_out);
	arena_deinit(&r.arena);
	return err;
}

int consequence_lone_fault(const struct iopf_config *c, uint64_t seed, struct dist *out,
			   struct err *e)
{
	static const uint64_t ppm[] = { 0,      10000,  100000, 250000, 500000, 750000,
					900000, 990000, 999000, 999900, 1000000 };
	struct arena a = {};
	struct iopf_config lone = *c;
	struct evq q;
	struct iopf *f;

	if (!iopf_traits(c->backend).can_fault)
		return err_set(e, ERR_NO, "the backend %s has no faults to wait for",
			       iopf_backend_names[c->backend]);
	lone.slots = 1;
	int err = evq_init(&q, 4, &a) ? err_set(e, ERR_NOMEM, "out of memory for a fault")
				      : iopf_new(&lone, NULL, &q, seed, &a, &f, e);
	for (uint32_t page = 0; !err && page < LONE_FAULTS; page++) {
		const struct iopf_request r = { .pages = &page, .npages = 1 };
		iopf_raise(f, &r);
		while (evq_run_next(&q))
			;
	}
	*out = (struct dist){ .kind = DIST_POINTS };
	for (size_t i = 0; !err && i < sizeof(ppm) / sizeof(ppm[0]); i++)
		out->points[out->npoints++] =
			(struct dist_point){ ppm[i], hist_percentile(iopf_total_hist(f), ppm[i]) };
	arena_deinit(&a);
	return err;
}
