// SPDX-License-Identifier: MIT
/* Families of one server that visits queues: vacations, cyclic polling, weights. */
#include "replay/check-run.h"

#include "base/units.h"
#include "sim/nvme-device.h"

#include <stdio.h>

enum { OPEN_ROOM = 1 << 16, QUEUES_MAX = 64 };

static const char *const arrivals[] = { "poisson", NULL };

/* A scanner of n queues of one kind, each with its own load; all is the arena's. */
struct tour {
	struct nvme_scan scan;
	struct nvme_cost request;
	struct nvme_load loads[QUEUES_MAX];
};

static struct tour *make_tour(struct check_run *r, uint64_t n, enum nvme_load_kind kind,
			      uint64_t room, struct check_service gap, struct check_service service)
{
	struct tour *t = arena_alloc(&r->arena, 1, sizeof(*t));

	if (!t || check_run_net(r, (uint32_t)(room * n), 2, (uint32_t)n) ||
	    nvme_scan_init(&t->scan, &r->net, "server", (uint32_t)n)) {
		if (!r->e->code)
			err_set(r->e, ERR_NOMEM, "out of memory for %u queues", (unsigned)n);
		return NULL;
	}
	if (check_run_cost(r, &t->request, service, "service"))
		return NULL;
	check_run_watch(r, &t->scan.audit, "server", 1);
	t->scan.spin_ns = NVME_FOR_EVER;
	for (uint64_t i = 0; i < n; i++) {
		char name[32];
		struct nvme_scan_queue *q = &t->scan.queues[i];
		struct nvme_load *l = &t->loads[i];
		snprintf(name, sizeof(name), "arrivals%u", (unsigned)i);
		nvme_load_init(l, &r->net, kind, (uint32_t)room, (uint32_t)i);
		if (check_run_cost(r, &l->gap, gap, name))
			return NULL;
		l->node.next = &q->node;
		q->node.next = &l->node;
		q->request = &t->request;
		q->serve_stage = q->second_stage = 1;
	}
	return t;
}

static int run_tour(struct check_run *r, struct tour *t)
{
	for (uint32_t i = 0; i < t->scan.n; i++)
		nvme_load_start(&t->loads[i]);
	return check_run_all(r);
}

int check_vacation(struct check_run *r, unsigned variant)
{
	static const char *const rules[] = { "when idle the server looks every V", NULL };
	const double rate = check_number(&r->args, "lambda_per_s", 1e-3, 1e9);
	const struct check_service gap = check_gap(&r->args, rate, false, &r->arena);
	const struct check_service s =
		check_service(&r->args, "service", "mean_service_ns", &r->arena);
	const uint64_t interval = check_count(&r->args, "poll_interval_ns", 0, 1000000000);
	(void)variant;

	check_word_or_first(&r->args, "arrival", arrivals);
	check_word_or_first(&r->args, "rule", rules);
	if (!check_run_goes_on(r))
		return r->e->code;
	struct tour *t = make_tour(r, 1, NVME_LOAD_PACED, OPEN_ROOM, gap, s);
	if (!t)
		return r->e->code;
	t->scan.look_ns = interval;
	t->scan.queues[0].visit = NVME_VISIT_EXHAUSTIVE;
	const int rc = run_tour(r, t);
	check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_wait_ns");
	return rc;
}

/* A variant for each discipline. */
int check_cyclic(struct check_run *r, unsigned variant)
{
	static const char *const keys[] = { "mean_wait_exhaustive_ns", "mean_wait_gated_ns",
					    "mean_wait_limited1_ns" };
	static const int visits[] = { NVME_VISIT_EXHAUSTIVE, NVME_VISIT_GATED, NVME_VISIT_BURST };
	static const char *const switches[] = { "const", NULL };
	const uint64_t n = check_count(&r->args, "queues", 1, QUEUES_MAX);
	const double rate = check_number(&r->args, "lambda_per_queue_per_s", 1e-3, 1e9);
	const struct check_service gap = check_gap(&r->args, rate, false, &r->arena);
	const struct check_service s = check_service(&r->args, "service", "mean_ns", &r->arena);
	const uint64_t look = check_count(&r->args, "switch_ns", 0, 1000000000);

	check_word_or_first(&r->args, "switch_dist", switches);
	if (!check_run_goes_on(r) || !json_object_get(r->expect, keys[variant]))
		return r->e->code;
	struct tour *t = make_tour(r, n, NVME_LOAD_PACED, OPEN_ROOM / 8, gap, s);
	if (!t)
		return r->e->code;
	t->scan.look_ns = look;
	for (uint64_t i = 0; i < n; i++)
		t->scan.queues[i].visit = visits[variant];
	const int rc = run_tour(r, t);
	r->sheet->n = 0; /* three runs: only what tells which is which */
	check_sheet_put(r->sheet, check_run_stage(r, 0), "%s", keys[variant]);
	return rc;
}

int check_wrr(struct check_run *r, unsigned variant)
{
	double weights[CHECK_LIST_MAX] = {};
	const size_t n = check_counts(&r->args, "weights", 1, weights);
	const struct check_service s = check_service(&r->args, "service", "mean_ns", &r->arena);
	const uint64_t each = check_count(&r->args, "population_each", 1, 10000);
	(void)variant;

	check_count_or(&r->args, "servers", 1, 1, 1);
	if (!check_run_goes_on(r))
		return r->e->code;
	struct tour *t = make_tour(r, n, NVME_LOAD_CLOSED, each, (struct check_service){}, s);
	if (!t)
		return r->e->code;
	t->scan.order = NVME_ORDER_WRR;
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		t->scan.queues[i].visit = NVME_VISIT_BURST;
		t->scan.queues[i].weight = (uint64_t)weights[i];
	}
	const int rc = run_tour(r, t);
	for (size_t i = 0; i < n; i++)
		sum += (double)r->net.meters[i].requests;
	for (size_t i = 0; i < n; i++)
		check_sheet_put(r->sheet, (double)r->net.meters[i].requests / sum, "share_%zu", i);
	return rc;
}
