// SPDX-License-Identifier: MIT
/* What the runs of all families share: the network's start, its end, and the common figures. */
#include "replay/check-run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LATENCY_BITS = 10, EVENTS_BESIDE_JOBS = 256 };

const double *check_sheet_find(const struct check_sheet *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->figures[i].key, key))
			return &s->figures[i].value;
	return NULL;
}

void check_sheet_put(struct check_sheet *s, double value, const char *fmt, ...)
{
	struct check_figure *f = &s->figures[s->n];
	va_list args;

	if (s->n == CHECK_FIGURES_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(f->key, sizeof(f->key), fmt, args);
	va_end(args);
	f->value = value;
	s->n++;
}

bool check_run_goes_on(struct check_run *r)
{
	check_args_end(&r->args);
	return !r->e->code && !r->only_parses;
}

static void note_counting(void *ctx, uint64_t now)
{
	struct check_run *r = ctx;

	for (size_t i = 0; i < r->nwatch; i++) {
		struct check_watch *w = &r->watch[i];
		struct nvme_audit a = *w->audit;
		nvme_audit_tick(&a, now);
		w->area = a.area;
		w->busy_area = a.busy_area;
		w->entered = a.entered;
		w->left = a.left;
	}
	r->refused_before = r->load.refused;
	r->issued_before = r->net.issued;
}

int check_run_net(struct check_run *r, uint32_t jobs, uint32_t nstages, uint32_t nmeters)
{
	const struct nvme_net_config c = {
		.jobs = jobs,
		.parts = 1024,
		.nstages = nstages,
		.nmeters = nmeters,
		.events = jobs + 1024 + EVENTS_BESIDE_JOBS,
		.latency_bits = LATENCY_BITS,
		.seed = r->seed,
		.warmup = r->completions / 10,
		.target = r->completions,
	};

	if (nvme_net_init(&r->net, &c, &r->arena))
		return err_set(r->e, ERR_NOMEM, "out of memory for %u requests", jobs);
	r->net.on_counting = note_counting;
	r->net.on_counting_ctx = r;
	return 0;
}

int check_run_cost(struct check_run *r, struct nvme_cost *c, struct check_service s,
		   const char *name)
{
	if (!s.table) {
		nvme_cost_const(c, s.fixed_q16);
		return 0;
	}
	if (nvme_cost_table(c, s.table, r->seed, name, &r->arena))
		return err_set(r->e, ERR_NOMEM, "out of memory for a distribution");
	return 0;
}

void check_run_watch(struct check_run *r, const struct nvme_audit *a, const char *name,
		     uint64_t servers)
{
	assert(r->nwatch < CHECK_STATIONS_MAX);
	r->watch[r->nwatch++] =
		(struct check_watch){ .audit = a, .name = name, .servers = (uint32_t)servers };
}

struct nvme_station *check_run_station(struct check_run *r, const char *name, uint64_t servers,
				       struct check_service s, uint32_t stage)
{
	struct nvme_station *station = arena_alloc(&r->arena, 1, sizeof(*station));

	if (!station) {
		err_set(r->e, ERR_NOMEM, "out of memory for a station");
		return NULL;
	}
	nvme_station_init(station, &r->net, name, (uint32_t)servers, 1);
	station->wait_stage = stage;
	station->serve_stage = station->stall_stage = stage + 1;
	if (check_run_cost(r, &station->cost[0], s, name))
		return NULL;
	check_run_watch(r, &station->audit, name, servers);
	return station;
}

double check_run_stage(const struct check_run *r, uint32_t stage)
{
	double sum = 0, n = 0;

	for (uint32_t i = 0; i < r->net.nmeters; i++) {
		sum += (double)r->net.meters[i].stage[stage];
		n += (double)r->net.meters[i].requests;
	}
	return sum / n;
}

/* p99_resp_ns, p999_ns: the digits after the second are decimals. */
static void put_percentile(struct check_run *r, const char *key)
{
	uint64_t ppm = 0, unit = 100000;
	const char *p = key + 1;

	if (*key != 'p')
		return;
	for (; *p >= '0' && *p <= '9' && unit; p++, unit /= 10)
		ppm += (uint64_t)(*p - '0') * unit;
	if (p - key < 3 || (strcmp(p, "_resp_ns") && strcmp(p, "_ns")))
		return;
	const struct hist *h = r->net.meters[0].latency;
	check_sheet_put(r->sheet, (double)hist_percentile(h, ppm), "%.40s", key);
}

static void put_percentiles(struct check_run *r, const json_t *asked)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)asked, key, value) put_percentile(r, key);
}

/* Of what was counted, over all meters. */
static void put_common(struct check_run *r)
{
	const struct nvme_meter *m = r->net.meters;
	const double span = (double)(r->net.q.now.v - r->net.counted_from);
	double requests = 0, resp = 0;

	for (uint32_t i = 0; i < r->net.nmeters; i++) {
		requests += (double)m[i].requests;
		resp += (double)m[i].latency->sum;
	}
	check_sheet_put(r->sheet, resp / requests, "mean_resp_ns");
	check_sheet_put(r->sheet, requests / span * 1e9, "throughput_per_s");
	double inside = 0, busy = 0, servers = 0;
	for (size_t i = 0; i < r->nwatch; i++) {
		const struct check_watch *w = &r->watch[i];
		struct nvme_audit a = *w->audit;
		nvme_audit_tick(&a, r->net.q.now.v);
		inside += (double)(a.area - w->area) / span;
		busy += (double)(a.busy_area - w->busy_area) / span;
		servers += w->servers;
		check_sheet_put(r->sheet, (double)(a.busy_area - w->busy_area) / span / w->servers,
				"util_%.40s", w->name);
	}
	check_sheet_put(r->sheet, inside, "mean_in_system");
	check_sheet_put(r->sheet, busy / servers, "util");
	put_percentiles(r, r->expect);
	put_percentiles(r, r->simulated);
}

static int audit(struct check_run *r)
{
	const uint64_t now = r->net.q.now.v;

	nvme_audit_settle(&r->net);
	int rc = nvme_audit_check(&r->net.all, "all", now, r->e);

	for (size_t i = 0; !rc && i < r->nwatch; i++)
		rc = nvme_audit_check(r->watch[i].audit, r->watch[i].name, now, r->e);
	if (!rc && r->net.broken)
		rc = err_set(r->e, ERR_BUG,
			     "%llu requests whose stages do not sum to their latency",
			     (unsigned long long)r->net.broken);
	return rc;
}

int check_run_all(struct check_run *r)
{
	while (nvme_net_run(&r->net, UINT64_MAX))
		;
	if (!r->net.is_over)
		return err_set(r->e, ERR_BUG, "it ended after %llu of %llu completions",
			       (unsigned long long)r->net.completed,
			       (unsigned long long)(r->net.warmup + r->net.target));
	put_common(r);
	return audit(r);
}
