// SPDX-License-Identifier: MIT
/*
 * Families with arrivals from outside: one line and c servers, hashed channels,
 * loss, priorities, stalls, a token bucket, coalesced interrupts.
 */
#include "replay/check-run.h"

#include "sim/nvme-complete.h"
#include "sim/nvme-device.h"

#include <stdio.h>

enum { OPEN_ROOM = 1 << 16, SERVERS_MAX = 4096, CHANNELS_MAX = 64 };

static const double rate_max = 1e9;
static const char *const arrivals[] = { "poisson", "const", NULL };

/* Rate and kind of arrivals. */
static struct check_service read_arrivals(struct check_run *r, const char *key)
{
	const bool is_const = check_word_or_first(&r->args, "arrival", arrivals);

	return check_gap(&r->args, check_number(&r->args, key, 1e-3, rate_max), is_const,
			 &r->arena);
}

static int make_load(struct check_run *r, struct nvme_load *l, struct check_service gap,
		     const char *name, struct nvme_node *first)
{
	nvme_load_init(l, &r->net, NVME_LOAD_PACED, OPEN_ROOM, 0);
	l->node.next = first;
	return check_run_cost(r, &l->gap, gap, name);
}

/* ---- one line ---- */

/* From where the waiting ended in no time. */
static void put_waits(struct check_run *r)
{
	const double none = (double)r->net.meters[0].wait_zero / (double)r->net.meters[0].requests;

	check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_wait_ns");
	check_sheet_put(r->sheet, none, "p_wait_zero");
	check_sheet_put(r->sheet, 1 - none, "prob_wait");
}

int check_open(struct check_run *r, unsigned variant)
{
	static const char *const queues[] = { "single_fifo", NULL };
	const struct check_service gap = read_arrivals(r, "lambda_per_s");
	const struct check_service s =
		check_service(&r->args, "service", "mean_service_ns", &r->arena);
	const uint64_t servers = check_count_or(&r->args, "servers", 1, SERVERS_MAX, 1);
	(void)variant;

	check_word_or_first(&r->args, "queue", queues);
	if (!check_run_goes_on(r))
		return r->e->code;
	if (check_run_net(r, OPEN_ROOM, 2, 1))
		return r->e->code;
	r->net.zero_stage = 0;
	struct nvme_station *station = check_run_station(r, "server", servers, s, 0);
	if (!station || make_load(r, &r->load, gap, "arrivals", &station->node))
		return r->e->code;
	station->node.next = &r->load.node;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	put_waits(r);
	return rc;
}

int check_open_hashed(struct check_run *r, unsigned variant)
{
	static const char *const routings[] = { "uniform_random", NULL };
	const struct check_service gap = read_arrivals(r, "lambda_per_s");
	const struct check_service s =
		check_service(&r->args, "service", "mean_service_ns", &r->arena);
	const uint64_t channels = check_count(&r->args, "channels", 1, CHANNELS_MAX);
	struct nvme_node *targets[CHANNELS_MAX];
	struct nvme_router router;
	(void)variant;

	check_word_or_first(&r->args, "routing", routings);
	if (!check_run_goes_on(r) || check_run_net(r, OPEN_ROOM, 2, 1))
		return r->e->code;
	r->net.zero_stage = 0;
	for (uint64_t i = 0; i < channels; i++) {
		char name[32];
		snprintf(name, sizeof(name), "channel%u", (unsigned)i);
		struct nvme_station *c = check_run_station(r, "channel", 1, s, 0);
		if (!c || check_run_cost(r, &c->cost[0], s, name))
			return r->e->code;
		c->node.next = &r->load.node;
		targets[i] = &c->node;
	}
	nvme_router_init(&router, &r->net, NVME_ROUTE_RANDOM, targets, (uint32_t)channels,
			 "router");
	if (make_load(r, &r->load, gap, "arrivals", &router.node))
		return r->e->code;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	put_waits(r);
	return rc;
}

int check_open_loss(struct check_run *r, unsigned variant)
{
	const struct check_service gap = read_arrivals(r, "lambda_per_s");
	const struct check_service s =
		check_service(&r->args, "service", "mean_service_ns", &r->arena);
	const uint64_t servers = check_count_or(&r->args, "servers", 1, SERVERS_MAX, 1);
	const uint64_t capacity = check_count(&r->args, "capacity_total", 1, OPEN_ROOM);
	(void)variant;

	if (!check_run_goes_on(r) || check_run_net(r, OPEN_ROOM + 1, 2, 1))
		return r->e->code;
	struct nvme_station *station = check_run_station(r, "server", servers, s, 0);
	if (!station || make_load(r, &r->load, gap, "arrivals", &station->node))
		return r->e->code;
	r->load.room = OPEN_ROOM + 1;
	station->capacity = capacity;
	station->refused = &r->load.refusal;
	station->node.next = &r->load.node;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_wait_ns");
	check_sheet_put(r->sheet,
			(double)(r->load.refused - r->refused_before) /
				(double)(r->net.issued - r->issued_before),
			"block_prob");
	return rc;
}

/* ---- classes ---- */

int check_priority(struct check_run *r, unsigned variant)
{
	static const char *const disciplines[] = { "nonpreemptive", NULL };
	const json_t *list = check_array(&r->args, "classes");
	const size_t n = json_array_size(list);
	struct check_service gaps[NVME_CLASSES_MAX], services[NVME_CLASSES_MAX];
	(void)variant;

	check_word_or_first(&r->args, "discipline", disciplines);
	if (n > NVME_CLASSES_MAX)
		return err_set(r->e, ERR_UNUSABLE, "%s: classes: at most %d", r->args.where,
			       NVME_CLASSES_MAX);
	for (size_t i = 0; i < n; i++) {
		struct check_args a = check_args_of(json_array_get(list, i), r->args.where, r->e);
		gaps[i] = check_gap(&a, check_number(&a, "lambda_per_s", 1e-3, rate_max), false,
				    &r->arena);
		services[i] = check_service(&a, "service", "mean_ns", &r->arena);
		check_args_end(&a);
	}
	if (!check_run_goes_on(r) || check_run_net(r, OPEN_ROOM * 2, 2, (uint32_t)n))
		return r->e->code;
	struct nvme_station *s = arena_alloc(&r->arena, 1, sizeof(*s));
	struct nvme_load *loads = arena_alloc(&r->arena, n, sizeof(*loads));
	if (!s || !loads)
		return err_set(r->e, ERR_NOMEM, "out of memory for a station");
	nvme_station_init(s, &r->net, "server", 1, (uint32_t)n);
	s->serve_stage = s->stall_stage = 1;
	check_run_watch(r, &s->audit, "server", 1);
	struct nvme_node *targets[NVME_CLASSES_MAX];
	struct nvme_router back;
	nvme_router_init(&back, &r->net, NVME_ROUTE_VM, targets, (uint32_t)n, "back");
	s->node.next = &back.node;
	for (size_t i = 0; i < n; i++) {
		char name[2][32];
		snprintf(name[0], sizeof(name[0]), "arrivals%zu", i);
		snprintf(name[1], sizeof(name[1]), "service%zu", i);
		if (make_load(r, &loads[i], gaps[i], name[0], &s->node) ||
		    check_run_cost(r, &s->cost[i], services[i], name[1]))
			return r->e->code;
		loads[i].vm = loads[i].klass = (uint32_t)i;
		targets[i] = &loads[i].node;
		nvme_load_start(&loads[i]);
	}
	const int rc = check_run_all(r);
	check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_wait_ns");
	for (size_t i = 0; i < n; i++) {
		const struct nvme_meter *m = &r->net.meters[i];
		const double wait = (double)m->stage[0] / (double)m->requests;
		check_sheet_put(r->sheet, wait, "mean_wait_%zu_ns", i);
		if (i == 0 || i + 1 == n)
			check_sheet_put(r->sheet, wait, "mean_wait_%s_ns", i ? "lo" : "hi");
	}
	return rc;
}

/* ---- stalls ---- */

static void stall_station(void *station, uint64_t now, uint64_t length_ns)
{
	nvme_station_stall(station, now, length_ns);
}

enum { WITH_STALLS, WITHOUT_STALLS };

int check_stall(struct check_run *r, unsigned variant)
{
	const struct check_service gap = read_arrivals(r, "lambda_per_s");
	const struct check_service s =
		check_service(&r->args, "service", "mean_service_ns", &r->arena);
	const double rate = check_number(&r->args, "stall_rate_per_s", 1e-6, 1e6);
	const double length = check_number(&r->args, "stall_ns", 0, 1e12);
	const struct check_service stall_gap = check_gap(&r->args, rate, false, &r->arena);
	struct nvme_stall_process p = { .net = &r->net, .stall = stall_station };

	if (!check_run_goes_on(r) || check_run_net(r, OPEN_ROOM, 2, 1))
		return r->e->code;
	struct nvme_station *station = check_run_station(r, "server", 1, s, 0);
	if (!station || make_load(r, &r->load, gap, "arrivals", &station->node) ||
	    check_run_cost(r, &p.gap, stall_gap, "stalls") ||
	    (p.gap.table && nvme_cost_stratify(&p.gap, &r->arena)))
		return r->e->code;
	nvme_cost_const(&p.length, (uint64_t)(length * 65536 + 0.5));
	station->node.next = &r->load.node;
	p.ctx = station;
	nvme_load_start(&r->load);
	if (variant == WITH_STALLS)
		nvme_stall_start(&p);
	const int rc = check_run_all(r);
	const double now = (double)r->net.q.now.v;
	const double ahead =
		station->stall_until > r->net.q.now.v ? (double)station->stall_until - now : 0;
	if (variant == WITH_STALLS) {
		check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_wait_ns");
		check_sheet_put(r->sheet, (double)p.total_ns / now - ahead / now,
				"frac_stall_time");
		return rc;
	}
	const double *mean = check_sheet_find(r->sheet, "mean_resp_ns");
	const double without = mean ? *mean : 0;
	r->sheet->n = 0; /* the rest speaks of the run with stalls */
	check_sheet_put(r->sheet, without, "mean_resp_nostall_ns");
	return rc;
}

/* ---- token bucket ---- */

static void end_of_time(void *ctx, uint64_t arg, struct ns now)
{
	struct check_run *r = ctx;
	(void)arg;
	(void)now;

	r->net.is_over = true;
}

int check_ratelimit(struct check_run *r, unsigned variant)
{
	const struct check_service gap = read_arrivals(r, "offered_per_s");
	const double rate = check_number(&r->args, "rate_per_s", 1e-3, 1e9);
	const uint64_t burst = check_count(&r->args, "burst", 1, 1000000);
	const double seconds = check_number(&r->args, "duration_s", 1e-6, 1e5);
	struct nvme_bucket bucket;
	(void)variant;

	if (!check_run_goes_on(r) || check_run_net(r, 1 << 20, 1, 1))
		return r->e->code;
	r->net.warmup = 0;
	r->net.target = UINT64_MAX; /* the clock ends it */
	nvme_bucket_init(&bucket, &r->net, (uint64_t)(1e9 / rate * 65536 + 0.5), burst);
	if (make_load(r, &r->load, gap, "arrivals", &bucket.node))
		return r->e->code;
	bucket.node.next = &r->load.node;
	r->load.room = 1 << 20;
	nvme_load_start(&r->load);
	nvme_post(&r->net, (uint64_t)(seconds * 1e9), EVQ_TICK, end_of_time, r, 0);
	const int rc = check_run_all(r);
	check_sheet_put(r->sheet, (double)bucket.admitted, "admitted");
	if (bucket.waited > 1)
		check_sheet_put(r->sheet,
				(double)(bucket.last - bucket.first_wait) /
					(double)(bucket.waited - 1),
				"steady_gap_ns");
	return rc;
}

/* ---- coalesced interrupts ---- */

int check_coalesce(struct check_run *r, unsigned variant)
{
	const struct check_service gap = read_arrivals(r, "lambda_per_s");
	const uint64_t count = check_count_or(&r->args, "threshold", 1, 65536, 0);
	const double timer = check_number_or(&r->args, "timer_ns", 1, 1e12, 0);
	struct nvme_coalesce c;
	(void)variant;

	check_ignore(&r->args, "timer_rule");
	if (!r->e->code && !count && timer <= 0)
		err_set(r->e, ERR_UNUSABLE, "%s: neither threshold nor timer_ns", r->args.where);
	if (!check_run_goes_on(r) || check_run_net(r, OPEN_ROOM * 2, 1, 1))
		return r->e->code;
	nvme_coalesce_init(&c, &r->net, count, (uint64_t)(timer + 0.5));
	if (make_load(r, &r->load, gap, "arrivals", &c.node))
		return r->e->code;
	c.node.next = &r->load.node;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	const double span = (double)r->net.q.now.v;
	check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_extra_ns");
	check_sheet_put(r->sheet, (double)c.raised / span * 1e9, "irq_per_s");
	return rc;
}
