// SPDX-License-Identifier: MIT
/*
 * The whole path: what must hold for every configuration (a few hundred drawn at
 * random), and what a person would expect of particular ones.
 */
#include "sim/nvme.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct run {
	struct arena texts, arena;
	struct param_set set;
	struct nvme_config c;
	struct nvme_result r;
	const struct nvme_vm_result *all;
	struct err e;
};

static void begin(struct run *r)
{
	*r = (struct run){};
	r->set.arena = &r->texts;
	if (param_set_add(&r->set, nvme_params, nvme_nparams, &r->c, &r->e))
		fail_msg("%s", r->e.msg);
	r->c.load.requests = 20000;
}

static void end(struct run *r)
{
	arena_deinit(&r->arena);
	arena_deinit(&r->texts);
}

/* The result's own checks: flow, Little, utilisation, stages. */
static int go_from(struct run *r, const struct nvme_source *source,
		   const struct nvme_stalls *stalls)
{
	struct nvme *n;
	int rc = nvme_new(&r->c, source, stalls, &r->arena, &n, &r->e);

	while (!rc && (rc = nvme_run(n, 5000, &r->e)) > 0)
		rc = 0;
	if (!rc)
		rc = nvme_finish(n, &r->r, &r->e);
	r->all = rc ? NULL : &r->r.vms[r->r.nvms];
	return rc;
}

static void go(struct run *r)
{
	if (go_from(r, NULL, NULL))
		fail_msg("%s", r->e.msg);
}

static uint64_t iops(const struct nvme_vm_result *v)
{
	return v->span_ns ? v->requests * NS_PER_SEC / v->span_ns : 0;
}

static struct dist ns(uint64_t v)
{
	return dist_const(v);
}

static struct dist about(uint64_t v)
{
	return (struct dist){ .kind = DIST_EXPONENTIAL, .a_ns = v };
}

/* ---- paths to start from ---- */

static void use_device(struct run *r)
{
	r->c.device.channels = 7;
	r->c.device.read = about(7000);
	r->c.device.write = about(9000);
	r->c.device.front = ns(1000);
	r->c.device.link_read_rate = 2400000000;
}

static void use_guest(struct run *r)
{
	r->c.guest.submit = ns(1000);
	r->c.guest.irq = ns(1500);
	r->c.guest.complete = ns(800);
}

static void use_polled_path(struct run *r)
{
	struct nvme_path_config *p = &r->c.path;

	use_device(r);
	use_guest(r);
	p->doorbell = NVME_BELL_POLLED;
	p->workers = 1;
	p->wait = NVME_WAIT_SPIN;
	p->look = ns(50);
	p->request = ns(300);
	p->translate = ns(200);
	p->reap = NVME_REAP_THREAD;
	p->reap_look = ns(50);
	p->reap_request = ns(200);
	p->notify = NVME_NOTIFY_POSTED;
	r->c.host.posted = ns(500);
}

static void use_kicked_path(struct run *r)
{
	struct nvme_path_config *p = &r->c.path;

	use_device(r);
	use_guest(r);
	p->doorbell = NVME_BELL_MMIO_KERNEL;
	p->workers = 1;
	p->round = ns(1000);
	p->request = ns(3000);
	p->reap = NVME_REAP_WORKER;
	p->reap_request = ns(1000);
	p->notify = NVME_NOTIFY_INJECT;
	p->eoi_exit = true;
	r->c.host = (struct nvme_host_config){ .exit = ns(1000),
					       .exit_indirect = ns(500),
					       .exit_user = ns(4000),
					       .eventfd = ns(400),
					       .thread_wake = ns(3000),
					       .irq = ns(1000),
					       .inject = ns(1000),
					       .posted = ns(300),
					       .eoi = ns(1000) };
}

/* ---- what must hold for all ---- */

static void draw_device(struct run *r, struct rng *g)
{
	struct nvme_device_config *d = &r->c.device;

	use_device(r);
	d->channels = 1 + rng_below(g, 8);
	d->placement = (int)rng_below(g, 2);
	d->channel_rate = rng_below(g, 2) * 800000000;
	d->link_write_rate = rng_below(g, 2) * 2000000000;
	d->back = ns(rng_below(g, 2) * 700);
	d->transfer_bytes = rng_below(g, 2) ? 16384 : 0;
	d->buffer_bytes = rng_below(g, 2) * 65536;
	d->buffer_write = ns(2000);
}

static void draw_path(struct run *r, struct rng *g)
{
	struct nvme_path_config *p = &r->c.path;

	if (rng_below(g, 4)) {
		use_kicked_path(r);
		p->doorbell = 1 + (int)rng_below(g, 4);
		p->workers = 1 + rng_below(g, 3);
		p->wait = p->doorbell == NVME_BELL_POLLED ? NVME_WAIT_SPIN : (int)rng_below(g, 3);
		p->emulation_thread = rng_below(g, 2);
		p->emulation = ns(700);
		p->handover = ns(600);
		p->reap = (int)rng_below(g, 4);
		p->notify = 1 + (int)rng_below(g, 3);
		p->eoi_exit = p->notify != NVME_NOTIFY_EXITLESS && rng_below(g, 2);
	}
	p->kick = (int)rng_below(g, 2);
	p->cq_bell = (int)rng_below(g, 3);
	p->big_lock = p->workers && rng_below(g, 2);
	p->spin_ns = 5000;
	p->order = (int)rng_below(g, 3);
	p->visit = (int)rng_below(g, 3);
	p->burst = 1 + rng_below(g, 4);
	p->spread = (int)rng_below(g, 2);
	p->look = ns(rng_below(g, 2) * 70);
	p->copy_rate = rng_below(g, 2) * 5000000000;
	p->translate = ns(150);
	p->pin = ns(rng_below(g, 2) * 90);
	p->reapers = 1 + rng_below(g, 2);
	p->admin_rate.count = p->workers ? rng_below(g, 2) * 2000 : 0;
	p->admin = ns(10000);
	p->reap_look = ns(rng_below(g, 2) * 60);
	p->coalesce_count = 1 + rng_below(g, 2) * 3;
	p->coalesce_ns = 8000;
}

static void draw_load(struct run *r, struct rng *g)
{
	struct nvme_load_config *l = &r->c.load;

	l->vms = 1 + rng_below(g, 4);
	l->jobs = 1 + rng_below(g, 3);
	l->depth = 1 + rng_below(g, 20);
	l->arrival = (int)rng_below(g, 3);
	l->think = about(rng_below(g, 2) * 3000);
	l->rate.count = 20000 + rng_below(g, 400000); /* at times far too much */
	l->read_ppm = rng_below(g, 3) * 500000;
	l->blocks = rng_below(g, 2) ? "4K" : "512 20%, 4K 50%, 64K 30%";
	l->pattern = (int)rng_below(g, 2);
	l->requests = 3000;
	l->weights = "3,1,2";
	l->stall_rate.count = rng_below(g, 2) * 500;
	l->stall = about(50000);
	l->stall_scope = (int)rng_below(g, 3);
	if (l->stall_scope == NVME_STALL_CHANNEL)
		r->c.device.placement = NVME_HASHED;
	l->seed = rng_next(g);
	r->c.guest.vcpus = 1 + rng_below(g, 3);
	r->c.guest.queues = rng_below(g, 4);
	r->c.guest.queue_entries = rng_below(g, 2) ? 1023 : 4;
	r->c.guest.wait = (int)rng_below(g, 3);
	r->c.guest.poll_look = ns(100);
	r->c.guest.hybrid_sleep = ns(4000);
	r->c.guest.hybrid_wake = ns(500);
	r->c.guest.wake = ns(rng_below(g, 2) * 2000);
	r->c.guest.halt_poll_ns = rng_below(g, 2) * 10000;
}

static void stages_sum_to_latencies(const struct nvme_vm_result *v)
{
	uint64_t sum = 0;

	for (int i = 0; i < NVME_STAGES; i++)
		sum += v->stage_ns[i];
	assert_true(sum == (uint64_t)v->latency.sum);
	assert_int_equal(v->latency.count, v->requests);
}

static void any_configuration_keeps_the_laws_exactly(void **state)
{
	struct rng g;
	(void)state;

	rng_init(&g, 5, "configurations");
	for (int i = 0; i < 250; i++) {
		struct run r;
		begin(&r);
		draw_device(&r, &g);
		draw_path(&r, &g);
		draw_load(&r, &g);
		if (go_from(&r, NULL, NULL))
			fail_msg("configuration %d: %s", i, r.e.msg);
		assert_int_equal(r.all->requests, 2700);
		for (uint32_t k = 0; k <= r.r.nvms; k++)
			stages_sum_to_latencies(&r.r.vms[k]);
		for (uint32_t k = 0; k < r.r.nstations; k++) {
			assert_int_equal(r.r.stations[k].little_ppm, 0);
			assert_int_equal(r.r.stations[k].use_ppm, 0);
		}
		end(&r);
	}
}

static void each_stage_of_a_lone_request_takes_what_was_configured(void **state)
{
	static const struct {
		enum nvme_stage stage;
		uint64_t ns;
	} expected[] = {
		{ NVME_GUEST_SUBMIT, 1000 },   { NVME_WORKER, 300 },  { NVME_TRANSLATE, 200 },
		{ NVME_EMULATION, 1300 },      { NVME_DEVICE, 8000 }, { NVME_REAP, 200 },
		{ NVME_GUEST_COMPLETE, 2300 }, { NVME_NOTIFY, 4000 }, { NVME_SQ, 0 },
		{ NVME_DOORBELL, 0 },          { NVME_IOPF, 0 },      { NVME_DEVICE_WAIT, 0 }
	};
	struct run r;
	(void)state;

	begin(&r);
	use_polled_path(&r);
	r.c.device.read = ns(7000);
	r.c.path.emulation_thread = true;
	r.c.path.emulation = ns(700);
	r.c.path.handover = ns(600); /* it looks so often: seen at the next look */
	r.c.guest.wake = ns(4000);
	r.c.path.look = r.c.path.reap_look = ns(0);
	go(&r);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (expected[i].stage == NVME_EMULATION)
			assert_in_range(r.all->stage_ns[NVME_EMULATION], 700 * r.all->requests,
					1300 * r.all->requests);
		else
			assert_int_equal(r.all->stage_ns[expected[i].stage],
					 expected[i].ns * r.all->requests);
	assert_in_range(r.all->stage_ns[NVME_LINK] / r.all->requests, 1706, 1707);
	end(&r);
}

static void two_runs_are_identical(void **state)
{
	struct run a, b;
	(void)state;

	begin(&a);
	use_kicked_path(&a);
	a.c.load.jobs = 3;
	a.c.load.depth = 5;
	go(&a);
	begin(&b);
	b.c = a.c;
	go(&b);
	assert_int_equal(a.r.events, b.r.events);
	assert_int_equal(a.r.end_ns, b.r.end_ns);
	assert_memory_equal(a.all->stage_ns, b.all->stage_ns, sizeof(a.all->stage_ns));
	end(&a);
	end(&b);
}

static void memory_does_not_grow_with_the_run(void **state)
{
	size_t bytes[2];
	(void)state;

	for (int i = 0; i < 2; i++) {
		struct run r;
		begin(&r);
		use_polled_path(&r);
		r.c.load.arrival = NVME_POISSON;
		r.c.load.rate.count = 900000; /* beyond the device: the rest waits at the source */
		r.c.load.requests = i ? 400000 : 20000;
		go(&r);
		bytes[i] = r.arena.total_bytes;
		assert_int_equal(r.all->stage_ns[NVME_SOURCE] > 0, i);
		end(&r);
	}
	assert_int_equal(bytes[0], bytes[1]);
	assert_true(bytes[0] < 64 << 20);
}

/* ---- properties ---- */

static uint64_t iops_with_channels(uint64_t channels, struct dist service, int placement)
{
	struct run r;

	begin(&r);
	r.c.device.channels = channels;
	r.c.device.read = service;
	r.c.device.placement = placement;
	r.c.load.jobs = 4;
	r.c.load.depth = 8;
	go(&r);
	const uint64_t rate = iops(r.all);
	end(&r);
	return rate;
}

static void more_channels_never_lower_closed_loop_throughput(void **state)
{
	(void)state;

	for (int placement = 0; placement < 2; placement++)
		for (uint64_t c = 1; c < 40; c += 3) {
			const uint64_t few = iops_with_channels(c, ns(10000), placement);
			const uint64_t more = iops_with_channels(c + 3, ns(10000), placement);
			assert_true(more >= few);
			/* random service: up to what 20,000 draws can tell */
			assert_true(iops_with_channels(c + 3, about(10000), placement) * 100 >=
				    iops_with_channels(c, about(10000), placement) * 99);
		}
}

static void more_outstanding_never_lower_throughput_nor_latency(void **state)
{
	uint64_t rate = 0, latency = 0;
	(void)state;

	for (uint64_t depth = 1; depth <= 64; depth *= 2) {
		struct run r;
		begin(&r);
		use_polled_path(&r);
		r.c.device.read = ns(7000);
		r.c.load.depth = depth;
		go(&r);
		assert_true(iops(r.all) >= rate);
		assert_true(hist_mean(&r.all->latency) >= latency);
		rate = iops(r.all);
		latency = hist_mean(&r.all->latency);
		end(&r);
	}
}

static void fewer_exits_never_make_it_slower(void **state)
{
	static const struct {
		int doorbell, notify;
		bool eoi_exit;
	} steps[] = { { NVME_BELL_MMIO_USER, NVME_NOTIFY_INJECT, true },
		      { NVME_BELL_MMIO_KERNEL, NVME_NOTIFY_INJECT, true },
		      { NVME_BELL_SHADOW, NVME_NOTIFY_INJECT, true },
		      { NVME_BELL_SHADOW, NVME_NOTIFY_INJECT, false },
		      { NVME_BELL_SHADOW, NVME_NOTIFY_POSTED, false },
		      { NVME_BELL_SHADOW, NVME_NOTIFY_EXITLESS, false } };
	uint64_t rate = 0, exits = UINT64_MAX;
	(void)state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct run r;
		begin(&r);
		use_kicked_path(&r);
		r.c.device.read = ns(7000);
		r.c.path.doorbell = steps[i].doorbell;
		r.c.path.notify = steps[i].notify;
		r.c.path.eoi_exit = steps[i].eoi_exit;
		r.c.guest.halt_poll_ns = NS_PER_SEC;
		go(&r);
		assert_true(iops(r.all) >= rate);
		assert_true(r.all->exits <= exits);
		rate = iops(r.all);
		exits = r.all->exits;
		end(&r);
	}
	assert_int_equal(exits, 20000); /* the kicks of a worker that sleeps */
}

/* ---- doorbells and interrupts ---- */

static void a_polled_doorbell_never_exits_and_an_mmio_one_always_does(void **state)
{
	struct run r;
	(void)state;

	begin(&r);
	use_polled_path(&r);
	r.c.guest.halt_poll_ns = NS_PER_SEC;
	go(&r);
	assert_int_equal(r.all->kicks, 0);
	assert_int_equal(r.all->exits, 0);
	assert_int_equal(r.all->guest_direct_ns + r.all->guest_sync_ns, 0);
	end(&r);
	begin(&r);
	use_kicked_path(&r);
	r.c.load.depth = 8;
	go(&r);
	assert_true(r.all->kicks >= 20000 && r.all->kicks <= 20008);
	assert_int_equal(r.all->kicks_suppressed, 0);
	end(&r);
}

static void shadow_doorbells_are_rung_less_the_more_is_outstanding(void **state)
{
	uint64_t kicks = UINT64_MAX;
	(void)state;

	for (uint64_t depth = 1; depth <= 16; depth *= 4) {
		struct run r;
		begin(&r);
		use_kicked_path(&r);
		r.c.path.doorbell = NVME_BELL_SHADOW;
		r.c.load.depth = depth;
		go(&r);
		assert_true(r.all->kicks + r.all->kicks_suppressed >= 20000);
		assert_true(r.all->kicks < kicks);
		kicks = r.all->kicks;
		end(&r);
	}
	assert_true(kicks < 10000);
}

/* QEMU's main loop and its doorbells: only one of them works at a time. */
static void a_lock_takes_away_what_depth_gives(void **state)
{
	uint64_t rates[2][2];
	(void)state;

	for (int lock = 0; lock < 2; lock++)
		for (int deep = 0; deep < 2; deep++) {
			struct run r;
			begin(&r);
			use_kicked_path(&r);
			r.c.device.read = ns(0);
			r.c.path.doorbell = NVME_BELL_MMIO_USER;
			r.c.path.cq_bell = NVME_CQ_BELL_USER;
			r.c.path.request = ns(20000);
			r.c.path.big_lock = lock;
			r.c.load.depth = deep ? 8 : 1;
			go(&r);
			rates[lock][deep] = iops(r.all);
			end(&r);
		}
	assert_true(rates[1][0] <= rates[0][0]);
	assert_true(rates[1][1] * 100 < rates[0][1] * 90);
	/* request, both doorbells and the reaping are serial: 20 + 2 x 4 + 1 us and more */
	assert_true(rates[1][1] < NS_PER_SEC / 29000);
	assert_true(rates[0][1] > NS_PER_SEC / 29000);
}

static void admin_commands_take_the_worker_from_io(void **state)
{
	struct run without, with;
	(void)state;

	begin(&without);
	use_polled_path(&without);
	without.c.path.order = NVME_ORDER_PRIORITY;
	go(&without);
	begin(&with);
	with.c = without.c;
	with.c.path.admin_rate.count = 1000;
	with.c.path.admin = ns(50000);
	go(&with);
	const uint64_t more = with.r.cores[0].busy_ns * 1000 / with.r.end_ns -
			      without.r.cores[0].busy_ns * 1000 / without.r.end_ns;
	assert_in_range(more, 40, 60); /* 5 % of a core */
	assert_true(hist_mean(&with.all->latency) > hist_mean(&without.all->latency));
	end(&without);
	end(&with);
}

static void coalescing_trades_interrupts_for_latency(void **state)
{
	struct run one, eight;
	(void)state;

	begin(&one);
	use_polled_path(&one);
	one.c.guest.submit = one.c.guest.irq = one.c.guest.complete = ns(50);
	one.c.load.depth = 8;
	go(&one);
	begin(&eight);
	eight.c = one.c;
	eight.c.path.coalesce_count = 4;
	eight.c.path.coalesce_ns = 20000;
	go(&eight);
	assert_true(eight.all->irqs * 3 < one.all->irqs);
	assert_true(hist_mean(&eight.all->latency) > hist_mean(&one.all->latency));
	end(&one);
	end(&eight);
}

/* ---- queues, blocks, buffer ---- */

static void a_full_submission_queue_holds_requests_back(void **state)
{
	struct run r;
	(void)state;

	begin(&r);
	use_device(&r);
	r.c.load.depth = 32;
	r.c.guest.queue_entries = 4;
	go(&r);
	assert_true(r.all->stage_ns[NVME_SQ] > 0);
	for (uint32_t i = 0; i < r.r.nstations; i++)
		if (!strcmp(r.r.stations[i].name, "channels"))
			assert_true(r.r.stations[i].most <= 4);
	end(&r);
}

static void long_requests_are_split_at_the_largest_transfer(void **state)
{
	struct run r;
	(void)state;

	begin(&r);
	r.c.device.read = ns(10000);
	r.c.device.transfer_bytes = 131072;
	r.c.load.blocks = "1M";
	r.c.load.requests = 1000;
	go(&r);
	assert_int_equal(r.r.stations[1].left, 8 * 1000);
	assert_int_equal(hist_mean(&r.all->latency), 80000); /* one channel, part after part */
	end(&r);
}

static void a_write_buffer_hides_the_medium_until_it_is_full(void **state)
{
	struct run r;
	(void)state;

	begin(&r);
	r.c.device.write = ns(100000);
	r.c.device.buffer_bytes = 1 << 20;
	r.c.device.buffer_write = ns(5000);
	r.c.load.read_ppm = 0;
	r.c.load.requests = 200; /* less than the buffer holds */
	go(&r);
	assert_int_equal(r.all->latency.max, 5000);
	end(&r);
	begin(&r);
	r.c.device.write = ns(100000);
	r.c.device.buffer_bytes = 1 << 20;
	r.c.device.buffer_write = ns(5000);
	r.c.load.read_ppm = 0;
	r.c.load.requests = 5000;
	go(&r);
	assert_in_range(iops(r.all), 9900, 10100); /* 100 us each, in the end */
	end(&r);
}

/* ---- sharing ---- */

static void equal_machines_get_equal_shares(void **state)
{
	struct run r;
	(void)state;

	begin(&r);
	use_polled_path(&r);
	r.c.load.vms = 4;
	r.c.load.depth = 32;
	r.c.load.requests = 100000;
	go(&r);
	for (int i = 0; i < 4; i++)
		assert_in_range(r.r.vms[i].requests, 90000 / 4 * 95 / 100, 90000 / 4 * 105 / 100);
	end(&r);
}

static void a_saturated_worker_serves_by_weight(void **state)
{
	struct run r;
	(void)state;

	begin(&r);
	use_polled_path(&r);
	r.c.path.request = ns(20000); /* it is the bottleneck */
	r.c.path.order = NVME_ORDER_WRR;
	r.c.path.visit = NVME_VISIT_BURST;
	r.c.load.weights = "2,3,5";
	r.c.load.vms = 3;
	r.c.load.depth = 64;
	r.c.load.requests = 50000;
	go(&r);
	for (int i = 0; i < 3; i++) {
		static const uint64_t tenths[] = { 2, 3, 5 };
		assert_in_range(r.r.vms[i].requests, 4500 * tenths[i] - 100,
				4500 * tenths[i] + 100);
	}
	end(&r);
}

/* ---- faults ---- */

static void stalls_raise_the_tail_and_are_a_stage_of_their_own(void **state)
{
	struct run calm, r;
	(void)state;

	begin(&calm);
	use_device(&calm);
	calm.c.load.arrival = NVME_POISSON;
	calm.c.load.requests = 100000;
	go(&calm);
	for (int scope = 0; scope < 3; scope++) {
		begin(&r);
		r.c = calm.c;
		r.c.device.placement = NVME_HASHED;
		r.c.load.stall_rate.count = 20;
		r.c.load.stall = ns(500000);
		r.c.load.stall_scope = scope;
		go(&r);
		assert_true(r.all->stage_ns[NVME_IOPF] > 0);
		assert_true(r.all->latency.max > 400000 &&
			    r.all->latency.max > calm.all->latency.max);
		end(&r);
	}
	assert_int_equal(calm.all->stage_ns[NVME_IOPF], 0);
	end(&calm);
}

/* ---- traces ---- */

struct list {
	const struct nvme_request *rows;
	size_t n, at;
};

static int next_row(void *ctx, struct nvme_request *out, struct err *e)
{
	struct list *l = ctx;
	(void)e;

	if (l->at == l->n)
		return 0;
	*out = l->rows[l->at++];
	return 1;
}

static int next_fault(void *ctx, struct nvme_stall *out, struct err *e)
{
	bool *is_done = ctx;
	(void)e;

	*out = (struct nvme_stall){ .at = { 5000 }, .length_ns = 100000 };
	return *is_done ? 0 : (*is_done = true, 1);
}

static void a_trace_is_replayed_at_its_times_to_its_end(void **state)
{
	static const struct nvme_request rows[] = {
		{ .at = { 1000 }, .bytes = 4096 },
		{ .at = { 2000 }, .bytes = 4096, .vm = 1, .op = NVME_WRITE },
		{ .at = { 2000000 }, .bytes = 4096, .job = 1 },
	};
	struct list l = { rows, 3, 0 };
	bool is_done = false;
	struct run r;
	(void)state;

	begin(&r);
	r.c.load.arrival = NVME_TRACE;
	r.c.load.vms = r.c.load.jobs = 2;
	r.c.device.read = r.c.device.write = ns(10000);
	const struct nvme_stalls stalls = { next_fault, &is_done };
	const struct nvme_source source = { next_row, &l };
	assert_int_equal(go_from(&r, &source, &stalls), 0);
	assert_int_equal(r.all->requests, 3);
	assert_int_equal(r.r.vms[1].by_op[NVME_WRITE].count, 1);
	/* 4 us of service before the fault, which lasts until 105 us */
	assert_int_equal(r.r.vms[0].latency.max, 111000 - 1000);
	assert_int_equal(r.r.vms[1].latency.max, 121000 - 2000);
	assert_int_equal(r.r.vms[0].latency.min, 10000);
	end(&r);
}

static void an_empty_trace_ends_at_once_whatever_else_goes_on(void **state)
{
	struct list l = {};
	struct run r;
	(void)state;

	begin(&r);
	r.c.load.arrival = NVME_TRACE;
	r.c.load.stall_rate.count = 1000;
	r.c.load.stall = ns(100);
	const struct nvme_source source = { next_row, &l };
	assert_int_equal(go_from(&r, &source, NULL), 0);
	assert_int_equal(r.all->requests, 0);
	assert_int_equal(r.r.end_ns, 0);
	end(&r);
}

static void a_trace_replayed_closed_ends_with_its_last_request(void **state)
{
	static const struct nvme_request rows[] = { { .bytes = 4096 },
						    { .bytes = 4096 },
						    { .bytes = 8192 } };
	struct list l = { rows, 3, 0 };
	struct run r;
	(void)state;

	begin(&r);
	r.c.load.vms = 2;
	r.c.load.stall_rate.count = 1000;
	r.c.load.stall = ns(1);
	r.c.load.warmup_ppm = 0;
	r.c.device.read = ns(10000);
	const struct nvme_source source = { next_row, &l };
	assert_int_equal(go_from(&r, &source, NULL), 0);
	assert_int_equal(r.all->requests, 3);
	assert_int_equal(r.all->bytes, 16384);
	assert_int_equal(r.r.end_ns, 30000);
	end(&r);
}

static void a_trace_beyond_the_load_is_refused(void **state)
{
	static const struct nvme_request row = { .bytes = 4096, .vm = 7 };
	struct list l = { &row, 1, 0 };
	struct run r;
	(void)state;

	begin(&r);
	r.c.load.arrival = NVME_TRACE;
	const struct nvme_source source = { next_row, &l };
	assert_int_equal(go_from(&r, &source, NULL), ERR_BUG);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_configuration_keeps_the_laws_exactly),
		cmocka_unit_test(each_stage_of_a_lone_request_takes_what_was_configured),
		cmocka_unit_test(two_runs_are_identical),
		cmocka_unit_test(memory_does_not_grow_with_the_run),
		cmocka_unit_test(more_channels_never_lower_closed_loop_throughput),
		cmocka_unit_test(more_outstanding_never_lower_throughput_nor_latency),
		cmocka_unit_test(fewer_exits_never_make_it_slower),
		cmocka_unit_test(a_polled_doorbell_never_exits_and_an_mmio_one_always_does),
		cmocka_unit_test(shadow_doorbells_are_rung_less_the_more_is_outstanding),
		cmocka_unit_test(a_lock_takes_away_what_depth_gives),
		cmocka_unit_test(admin_commands_take_the_worker_from_io),
		cmocka_unit_test(coalescing_trades_interrupts_for_latency),
		cmocka_unit_test(a_full_submission_queue_holds_requests_back),
		cmocka_unit_test(long_requests_are_split_at_the_largest_transfer),
		cmocka_unit_test(a_write_buffer_hides_the_medium_until_it_is_full),
		cmocka_unit_test(equal_machines_get_equal_shares),
		cmocka_unit_test(a_saturated_worker_serves_by_weight),
		cmocka_unit_test(stalls_raise_the_tail_and_are_a_stage_of_their_own),
		cmocka_unit_test(a_trace_is_replayed_at_its_times_to_its_end),
		cmocka_unit_test(an_empty_trace_ends_at_once_whatever_else_goes_on),
		cmocka_unit_test(a_trace_replayed_closed_ends_with_its_last_request),
		cmocka_unit_test(a_trace_beyond_the_load_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
