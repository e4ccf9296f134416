// SPDX-License-Identifier: MIT
/*
 * How fast the queueing engine is, in requests and events per CPU second, best
 * of three.
 *
 *	bench-nvme [OUT.json]
 *
 *	queue	a hundred waiting events, each posting its successor
 *	mm1	one station, random arrivals and services
 *	device	a trace of 4 KiB requests at given times on a device of 7 channels
 *		and a link, no path: what other device simulators are compared with
 *		(MQSim 37,000 to 88,000 requests/s, which runs an FTL besides)
 *	path	guest, polled doorbell, worker, device, reaper, interrupt
 *
 * No figure here is a test.
 */
#include "base/quantile-shapes.h"
#include "sim/nvme-load.h"
#include "sim/nvme-station.h"
#include "sim/nvme.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { ROUNDS = 3, EVENTS = 20000000, REQUESTS = 5000000 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void __attribute__((noreturn)) fail(const char *why)
{
	fprintf(stderr, "bench-nvme: %s\n", why);
	exit(70);
}

struct speed {
	double requests, events, start_s; /* per CPU second; until the first event */
};

/* ---- queue ---- */

struct hold {
	struct evq q;
	struct rng r;
};

static void hold(void *ctx, uint64_t arg, struct ns now)
{
	struct hold *h = ctx;
	evq_post(&h->q, (struct ns){ now.v + (rng_next(&h->r) >> 50) }, EVQ_SERVICE, hold, h, arg);
}

static struct speed run_queue(void)
{
	struct arena a = {};
	struct hold h;
	if (evq_init(&h.q, 128, &a))
		fail("out of memory");
	rng_init(&h.r, 1, "hold");
	for (uint64_t i = 0; i < 100; i++)
		hold(&h, i, (struct ns){ 0 });
	const double start = cpu_s();
	for (int i = 0; i < EVENTS; i++)
		evq_run_next(&h.q);
	const struct speed s = { .events = EVENTS / (cpu_s() - start) };
	arena_deinit(&a);
	return s;
}

/* ---- one station ---- */

static struct speed run_mm1(void)
{
	struct arena a = {};
	struct nvme_net net;
	struct nvme_station s;
	struct nvme_load l;
	struct quantile gap, service;
	struct err e;
	const struct nvme_net_config c = {
		.jobs = 1 << 16,
		.parts = 1,
		.nstages = 2,
		.nmeters = 1,
		.events = 1 << 17,
		.latency_bits = 10,
		.seed = 1,
		.target = REQUESTS,
	};
	const double begin = cpu_s();
	if (nvme_net_init(&net, &c, &a) || quantile_exponential(&gap, 12500 << 8, &a, &e) ||
	    quantile_exponential(&service, 10000 << 8, &a, &e))
		fail("out of memory");
	nvme_station_init(&s, &net, "server", 1, 1);
	nvme_load_init(&l, &net, NVME_LOAD_PACED, 1 << 16, 0);
	if (nvme_cost_table(&l.gap, &gap, 1, "arrivals", &a) ||
	    nvme_cost_table(&s.cost[0], &service, 1, "service", &a))
		fail("out of memory");
	s.serve_stage = s.stall_stage = 1;
	s.node.next = &l.node;
	l.node.next = &s.node;
	nvme_load_start(&l);
	const double start = cpu_s();
	while (nvme_net_run(&net, UINT64_MAX))
		;
	const double took = cpu_s() - start;
	const struct speed speed = { (double)net.completed / took, (double)net.events / took,
				     start - begin };
	arena_deinit(&a);
	return speed;
}

/* ---- configurations ---- */

static void configure(struct nvme_config *c, struct arena *a)
{
	struct param_set set = { .arena = a };
	struct err e;
	if (param_set_add(&set, nvme_params, nvme_nparams, c, &e))
		fail(e.msg);
	c->device.channels = 7;
	c->device.read = (struct dist){ .kind = DIST_EXPONENTIAL, .a_ns = 7000 };
	c->device.link_read_rate = 2400000000;
	c->load.requests = REQUESTS;
}

static struct speed run_config(const struct nvme_config *c, const struct nvme_source *source)
{
	struct arena a = {};
	struct nvme *n;
	struct nvme_result r;
	struct err e;
	int rc;
	const double begin = cpu_s();
	if (nvme_new(c, source, NULL, &a, &n, &e))
		fail(e.msg);
	const double start = cpu_s();
	while ((rc = nvme_run(n, 1 << 20, &e)) > 0)
		;
	const double took = cpu_s() - start;
	if (rc || nvme_finish(n, &r, &e))
		fail(e.msg);
	const struct speed speed = { (double)r.completed / took, (double)r.events / took,
				     start - begin };
	arena_deinit(&a);
	return speed;
}

struct trace {
	struct rng r;
	uint64_t at, n;
};

static int next_request(void *ctx, struct nvme_request *out, struct err *e)
{
	struct trace *t = ctx;
	const uint64_t bits = rng_next(&t->r);
	(void)e;
	if (t->n == REQUESTS)
		return 0;
	t->at += bits >> 52; /* 2 us apart on average */
	t->n++;
	*out = (struct nvme_request){
		.at = { t->at }, .lba = (bits & 0xffffff) * 8, .bytes = 4096, .op = NVME_READ
	};
	return 1;
}

static struct speed run_device(void)
{
	struct arena a = {};
	struct nvme_config c = {};
	struct trace t = {};
	const struct nvme_source source = { next_request, &t };
	rng_init(&t.r, 1, "trace");
	configure(&c, &a);
	c.load.arrival = NVME_TRACE;
	const struct speed s = run_config(&c, &source);
	arena_deinit(&a);
	return s;
}

static struct speed run_path(void)
{
	struct arena a = {};
	struct nvme_config c = {};
	configure(&c, &a);
	c.device.front = dist_const(1000);
	c.guest.submit = dist_const(1000);
	c.guest.irq = dist_const(1500);
	c.guest.complete = dist_const(800);
	c.host.posted = dist_const(500);
	c.path.doorbell = NVME_BELL_POLLED;
	c.path.workers = 1;
	c.path.wait = NVME_WAIT_SPIN;
	c.path.look = dist_const(50);
	c.path.request = dist_const(300);
	c.path.translate = dist_const(200);
	c.path.reap = NVME_REAP_THREAD;
	c.path.reap_look = dist_const(50);
	c.path.reap_request = dist_const(200);
	c.path.notify = NVME_NOTIFY_POSTED;
	c.load.jobs = 4;
	c.load.depth = 32;
	const struct speed s = run_config(&c, NULL);
	arena_deinit(&a);
	return s;
}

static void measure(json_t *o, const char *name, struct speed (*run)(void))
{
	struct speed best = {};
	for (int round = 0; round < ROUNDS; round++) {
		const struct speed s = run();
		if (s.events > best.events)
			best = s;
	}
	json_t *r = json_object();
	if (best.requests > 0)
		json_object_set_new(r, "requests_per_s", json_integer((json_int_t)best.requests));
	json_object_set_new(r, "events_per_s", json_integer((json_int_t)best.events));
	json_object_set_new(r, "start_us", json_integer((json_int_t)(best.start_s * 1e6)));
	json_object_set_new(o, name, r);
	printf("  %-8s %7.2f M requests/s  %7.2f M events/s  start %6.2f ms\n", name,
	       best.requests / 1e6, best.events / 1e6, best.start_s * 1e3);
}

int main(int argc, char **argv)
{
	json_t *result = json_object();
	struct rusage usage;
	measure(result, "queue", run_queue);
	measure(result, "mm1", run_mm1);
	measure(result, "device", run_device);
	measure(result, "path", run_path);
	getrusage(RUSAGE_SELF, &usage);
	json_object_set_new(result, "rss_kib", json_integer(usage.ru_maxrss));
	printf("  rss %ld KiB\n", usage.ru_maxrss);

	int rc = 0;
	if (argc > 1 && json_dump_file(result, argv[1], JSON_INDENT(2))) {
		fprintf(stderr, "bench-nvme: %s cannot be written\n", argv[1]);
		rc = 73;
	}
	json_decref(result);
	return rc;
}
