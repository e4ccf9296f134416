// SPDX-License-Identifier: MIT
/*
 * Families with a fixed population: networks of stations, hashed channels,
 * deterministic rings, hybrid polling, and a request split over idle channels.
 */
#include "replay/check-run.h"

#include "base/units.h"
#include "sim/nvme-complete.h"
#include "sim/nvme-device.h"

#include <stdio.h>

enum { POPULATION_MAX = 100000, SERVERS_MAX = 4096, RING_MAX = NVME_NET_STAGES_MAX / 2 };

static int make_load(struct check_run *r, uint64_t population, struct check_service think,
		     struct nvme_node *first)
{
	nvme_load_init(&r->load, &r->net, NVME_LOAD_CLOSED, (uint32_t)population, 0);
	r->load.node.next = first;
	return check_run_cost(r, &r->load.gap, think, "think");
}

static uint64_t read_population(struct check_run *r)
{
	return check_count(&r->args, "population", 1, POPULATION_MAX);
}

/* think_dist, think_ns; neither: none */
static struct check_service read_think(struct check_run *r)
{
	if (!check_has(&r->args, "think_ns"))
		return (struct check_service){};
	return check_service(&r->args, "think_dist", "think_ns", &r->arena);
}

/* ---- stations in a ring ---- */

struct ring {
	const char *name[RING_MAX];
	char own[RING_MAX][24];
	uint64_t servers[RING_MAX];
	struct check_service service[RING_MAX];
	double mean_ns[RING_MAX];
	size_t n;
};

static void read_stations(struct check_run *r, struct ring *ring)
{
	const json_t *list = check_array(&r->args, "stations");

	if (json_array_size(list) > RING_MAX)
		err_set(r->e, ERR_UNUSABLE, "%s: stations: at most %d", r->args.where, RING_MAX);
	for (size_t i = 0; i < json_array_size(list) && i < RING_MAX; i++, ring->n++) {
		const json_t *o = json_array_get(list, i);
		struct check_args a = check_args_of(o, r->args.where, r->e);
		snprintf(ring->own[i], sizeof(ring->own[i]), "%zu", i);
		const char *name = json_string_value(json_object_get(o, "name"));
		ring->name[i] = name ? name : ring->own[i];
		check_ignore(&a, "name");
		ring->servers[i] = check_count_or(&a, "servers", 1, SERVERS_MAX, 1);
		ring->mean_ns[i] = json_number_value(json_object_get(o, "mean_ns"));
		ring->service[i] = check_service(&a, "service", "mean_ns", &r->arena);
		check_args_end(&a);
	}
}

static int run_ring(struct check_run *r, const struct ring *ring, uint64_t population,
		    struct check_service think)
{
	struct nvme_node *first = &r->load.node;

	if (check_run_net(r, (uint32_t)population, (uint32_t)ring->n * 2, 1))
		return r->e->code;
	for (size_t i = ring->n; i--;) {
		struct nvme_station *s = check_run_station(r, ring->name[i], ring->servers[i],
							   ring->service[i], (uint32_t)i * 2);
		if (!s)
			return r->e->code;
		s->node.next = first;
		first = &s->node;
	}
	if (make_load(r, population, think, first))
		return r->e->code;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	double wait = 0;
	for (size_t i = 0; i < ring->n; i++)
		wait += check_run_stage(r, (uint32_t)i * 2);
	check_sheet_put(r->sheet, wait, "mean_wait_ns");
	for (size_t i = 0; i < ring->n; i++)
		check_sheet_put(r->sheet,
				check_run_stage(r, (uint32_t)i * 2) +
					check_run_stage(r, (uint32_t)i * 2 + 1),
				"resp_%.30s_ns", ring->name[i]);
	return rc;
}

int check_closed(struct check_run *r, unsigned variant)
{
	struct ring ring = {};
	const uint64_t population = read_population(r);
	const struct check_service think = read_think(r);
	(void)variant;

	read_stations(r, &ring);
	return check_run_goes_on(r) ? run_ring(r, &ring, population, think) : r->e->code;
}

/* A link's rate must be that of the last station, else it is somebody's mistake. */
static void read_link(struct check_run *r, const struct ring *ring, double *bytes)
{
	const double rate = check_number_or(&r->args, "link_bytes_per_ns", 1e-6, 1e6, 0);

	*bytes = check_number_or(&r->args, "block_bytes", 1, 1e12, 0);
	if (r->e->code || rate <= 0 || !ring->n)
		return;
	const double ns = *bytes / rate, mean = ring->mean_ns[ring->n - 1];
	if (mean < ns * 0.999 || mean > ns * 1.001)
		err_set(r->e, ERR_UNUSABLE,
			"%s: link_bytes_per_ns: a block takes %g ns, but the last station %g",
			r->args.where, ns, mean);
}

int check_tandem(struct check_run *r, unsigned variant)
{
	struct ring ring = {};
	double stage[CHECK_LIST_MAX] = {}, bytes = 0;
	const uint64_t population = read_population(r);
	(void)variant;

	if (check_has(&r->args, "stages_ns")) {
		ring.n = check_numbers(&r->args, "stages_ns", 0, stage);
		if (ring.n > RING_MAX)
			return err_set(r->e, ERR_UNUSABLE, "%s: stages_ns: at most %d",
				       r->args.where, RING_MAX);
		const uint64_t servers =
			check_count_or(&r->args, "servers_each", 1, SERVERS_MAX, 1);
		for (size_t i = 0; i < ring.n; i++) {
			snprintf(ring.own[i], sizeof(ring.own[i]), "%zu", i);
			ring.name[i] = ring.own[i];
			ring.servers[i] = servers;
			ring.service[i].fixed_q16 = (uint64_t)(stage[i] * 65536 + 0.5);
		}
	} else {
		read_stations(r, &ring);
	}
	const struct check_service think = read_think(r);
	read_link(r, &ring, &bytes);
	if (!check_run_goes_on(r))
		return r->e->code;
	const int rc = run_ring(r, &ring, population, think);
	const double *rate = check_sheet_find(r->sheet, "throughput_per_s");
	if (bytes > 0 && rate)
		check_sheet_put(r->sheet, *rate * bytes / 1e6, "bandwidth_MBps");
	return rc;
}

int check_closed_det(struct check_run *r, unsigned variant)
{
	struct ring ring = { .n = 1, .name = { "server" } };
	const uint64_t population = read_population(r);
	const struct check_service think = read_think(r);
	(void)variant;

	ring.servers[0] = check_count_or(&r->args, "servers", 1, SERVERS_MAX, 1);
	ring.service[0] = check_service(&r->args, "service", "mean_ns", &r->arena);
	return check_run_goes_on(r) ? run_ring(r, &ring, population, think) : r->e->code;
}

/* ---- channels ---- */

static int make_channels(struct check_run *r, struct nvme_node **targets, uint64_t n,
			 struct check_service s, struct nvme_node *next)
{
	for (uint64_t i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof(name), "channel%u", (unsigned)i);
		struct nvme_station *c = check_run_station(r, "channel", 1, s, 0);
		if (!c || check_run_cost(r, &c->cost[0], s, name))
			return r->e->code;
		c->node.next = next;
		targets[i] = &c->node;
	}
	return 0;
}

int check_closed_hashed(struct check_run *r, unsigned variant)
{
	static const char *const routings[] = { "uniform_random", NULL };
	const uint64_t population = read_population(r);
	const struct check_service think = read_think(r);
	const struct check_service s = check_service(&r->args, "service", "mean_ns", &r->arena);
	const uint64_t channels = check_count(&r->args, "channels", 1, 64);
	struct nvme_node *targets[64];
	struct nvme_router router;
	(void)variant;

	check_word_or_first(&r->args, "routing", routings);
	if (!check_run_goes_on(r) || check_run_net(r, (uint32_t)population, 2, 1) ||
	    make_channels(r, targets, channels, s, &r->load.node))
		return r->e->code;
	nvme_router_init(&router, &r->net, NVME_ROUTE_RANDOM, targets, (uint32_t)channels,
			 "router");
	if (make_load(r, population, think, &router.node))
		return r->e->code;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	check_sheet_put(r->sheet, check_run_stage(r, 0), "mean_wait_ns");
	return rc;
}

/* One request of as many blocks as there are chunks, over channels striped by a block. */
int check_forkjoin(struct check_run *r, unsigned variant)
{
	enum { CHUNK_BYTES = PAGE_BYTES };
	const uint64_t population = read_population(r);
	const struct check_service s = check_service(&r->args, "service", "mean_ns", &r->arena);
	const uint64_t chunks = check_count(&r->args, "chunks", 1, 64);
	const uint64_t channels = check_count(&r->args, "channels", chunks, 64);
	struct nvme_node *targets[64];
	struct nvme_router router;
	struct nvme_split split;
	(void)variant;

	if (!check_run_goes_on(r) || check_run_net(r, (uint32_t)population, 2, 1))
		return r->e->code;
	nvme_split_init(&split, &r->net, CHUNK_BYTES, 1024);
	if (make_channels(r, targets, channels, s, &split.join))
		return r->e->code;
	nvme_router_init(&router, &r->net, NVME_ROUTE_STRIPE, targets, (uint32_t)channels,
			 "router");
	router.stripe_bytes = CHUNK_BYTES;
	split.node.next = &router.node;
	split.join.next = &r->load.node;
	if (make_load(r, population, (struct check_service){}, &split.node))
		return r->e->code;
	r->load.bytes = (uint32_t)chunks * CHUNK_BYTES;
	nvme_load_start(&r->load);
	return check_run_all(r);
}

/* ---- hybrid polling ---- */

int check_hybrid(struct check_run *r, unsigned variant)
{
	const uint64_t population = read_population(r);
	const struct check_service s = check_service(&r->args, "service", "mean_ns", &r->arena);
	const double nap = check_number(&r->args, "sleep_ns", 0, 1e12);
	const double wake = check_number(&r->args, "wake_cost_ns", 0, 1e12);
	struct nvme_hybrid h;
	(void)variant;

	if (!check_run_goes_on(r) || check_run_net(r, (uint32_t)population, 3, 1))
		return r->e->code;
	struct nvme_station *device = check_run_station(r, "device", population, s, 0);
	nvme_hybrid_init(&h, &r->net);
	if (!device || make_load(r, population, (struct check_service){}, &h.submit))
		return r->e->code;
	nvme_cost_const(&h.sleep, (uint64_t)(nap * 65536 + 0.5));
	nvme_cost_const(&h.wake, (uint64_t)(wake * 65536 + 0.5));
	h.stage = 2;
	h.submit.next = &device->node;
	device->node.next = &h.node;
	h.node.next = &r->load.node;
	nvme_load_start(&r->load);
	const int rc = check_run_all(r);
	const double *mean = check_sheet_find(r->sheet, "mean_resp_ns");
	check_sheet_put(r->sheet, mean ? *mean : 0, "latency_ns");
	check_sheet_put(r->sheet, (double)h.spun_ns / (double)r->net.completed, "spin_ns");
	return rc;
}
