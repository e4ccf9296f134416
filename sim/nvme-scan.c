// SPDX-License-Identifier: MIT
/*
 * Scanners. A tour over queues of which few have work is one event: the next
 * queue with work is known, and an arrival on the way to it shortens the move.
 */
#include "sim/nvme-scan.h"
#include "base/units.h"

static void arrive(struct nvme_scan *s, uint32_t q, uint64_t now);
static void end_service(void *ctx, uint64_t arg, struct ns now);
static void end_second(void *ctx, uint64_t arg, struct ns now);

/* ---- which queue is next ---- */

static uint32_t distance_to(const struct nvme_scan *s, uint32_t q)
{
	return s->order == NVME_ORDER_PRIORITY ? 1 : q > s->at ? q - s->at : q + s->n - s->at;
}

static uint32_t find_from(const struct nvme_scan *s, uint32_t first, uint32_t end)
{
	for (uint32_t w = first / 64; first < end; first = ++w * 64) {
		const uint64_t bits = s->has_work[w] & ~UINT64_C(0) << first % 64;
		if (bits)
			return w * 64 + (uint32_t)__builtin_ctzll(bits);
	}
	return s->n;
}

/* Some queue has work. */
static uint32_t find_next(const struct nvme_scan *s)
{
	uint32_t best = find_from(s, s->at + 1 < s->n ? s->at + 1 : 0, s->n);

	if (best == s->n)
		best = find_from(s, 0, s->n);
	if (s->order != NVME_ORDER_PRIORITY)
		return best;
	for (uint32_t q = find_from(s, 0, s->n); q < s->n;
	     q = q + 1 < s->n ? find_from(s, q + 1, s->n) : s->n)
		if (s->queues[q].weight > s->queues[best].weight)
			best = q;
	return best;
}

/* ---- moving, idling, waking ---- */

static void end_move(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_scan *s = ctx;

	s->spun_ns += now.v - s->left_at;
	arrive(s, s->order == NVME_ORDER_PRIORITY ? find_next(s) : (uint32_t)arg, now.v);
}

/* Towards queue q, which it reaches after `distance` looks. */
static void move(struct nvme_scan *s, uint32_t q, uint64_t distance)
{
	s->state = NVME_SCAN_MOVING;
	s->distance = distance;
	s->move = evq_post(&s->net->q, (struct ns){ s->left_at + distance * s->look_ns },
			   EVQ_SERVICE, end_move, s, q);
}

static void depart(struct nvme_scan *s, uint64_t now)
{
	s->left_at = now;
	if (s->audit.inside) {
		const uint32_t q = find_next(s);
		if (s->look_ns)
			move(s, q, distance_to(s, q));
		else
			arrive(s, q, now);
		return;
	}
	s->state = NVME_SCAN_IDLE;
}

static void end_wake(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_scan *s = ctx;
	(void)arg;

	arrive(s, find_next(s), now.v);
}

/* Looks since it left until it comes by that queue, not before now. */
static uint64_t distance_from_now(const struct nvme_scan *s, uint32_t q, uint64_t now)
{
	const uint64_t tour = s->order == NVME_ORDER_PRIORITY ? 1 : s->n;
	const uint64_t distance = distance_to(s, q);
	const uint64_t first = s->left_at + distance * s->look_ns;

	if (first >= now)
		return distance;
	return distance + (now - first + tour * s->look_ns - 1) / (tour * s->look_ns) * tour;
}

static void find_work(struct nvme_scan *s, uint32_t q, uint64_t now)
{
	if (nvme_scan_is_asleep(s, now)) {
		s->spun_ns += s->spin_ns;
		s->wakes++;
		s->state = NVME_SCAN_WAKING;
		const uint64_t ns = s->wake ? nvme_cost_take(s->wake, 0) : 0;
		if (ns)
			nvme_post(s->net, now + ns, EVQ_SERVICE, end_wake, s, 0);
		else
			arrive(s, q, now);
		return;
	}
	if (!s->look_ns) {
		s->spun_ns += now - s->left_at;
		arrive(s, q, now);
		return;
	}
	move(s, q, distance_from_now(s, q, now));
}

/* It passes by this queue before it gets to where it is going. */
static void shorten(struct nvme_scan *s, uint32_t q, uint64_t now)
{
	const uint64_t distance = distance_from_now(s, q, now);

	if (distance >= s->distance)
		return;
	evq_cancel(&s->net->q, s->move);
	move(s, q, distance);
}

static void enter(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_scan_queue *q = (struct nvme_scan_queue *)node;
	struct nvme_scan *s = q->scan;

	nvme_audit_enter(&s->audit, &s->net->jobs[job], now);
	nvme_line_push(s->net, &q->line, job);
	s->has_work[q->index / 64] |= UINT64_C(1) << q->index % 64;
	if (s->state == NVME_SCAN_IDLE)
		find_work(s, q->index, now);
	else if (s->state == NVME_SCAN_MOVING)
		shorten(s, q->index, now);
}

/* ---- serving ---- */

static uint64_t second_part(struct nvme_scan_queue *q, uint32_t bytes)
{
	uint64_t ns = q->second ? nvme_cost_take(q->second, bytes) : 0;

	if (q->second_page && !nvme_cost_is_nothing(q->second_page))
		for (uint64_t page = 0; page < bytes; page += PAGE_BYTES)
			ns += nvme_cost_take(q->second_page, 0);
	return ns;
}

/* before: what the visit itself costs */
static void serve(struct nvme_scan *s, struct nvme_scan_queue *q, uint64_t before, uint64_t now)
{
	const uint32_t job = nvme_line_pop(s->net, &q->line);
	struct nvme_job *j = &s->net->jobs[job];

	if (!q->line.n)
		s->has_work[q->index / 64] &= ~(UINT64_C(1) << q->index % 64);
	s->allowed--;
	j->second_ns = second_part(q, j->bytes);
	const uint64_t ns =
		before + (q->request ? nvme_cost_take(q->request, j->bytes) : 0) + j->second_ns;
	const uint64_t locked_ns = s->lock ? nvme_lock_take(s->lock, now, ns) : 0;
	nvme_spend(s->net, job, q->wait_stage, now + locked_ns);
	nvme_audit_start(&s->audit, j, now);
	s->busy_ns += ns;
	nvme_post(s->net, now + locked_ns + ns, EVQ_COMPLETION, end_service, s, job);
}

static void arrive(struct nvme_scan *s, uint32_t at, uint64_t now)
{
	struct nvme_scan_queue *q = &s->queues[at];
	uint64_t before = q->round ? nvme_cost_take(q->round, 0) : 0;

	s->state = NVME_SCAN_SERVING;
	s->at = at;
	s->rounds++;
	s->allowed = UINT64_MAX;
	if (q->visit == NVME_VISIT_GATED)
		s->allowed = q->line.n;
	else if (q->visit == NVME_VISIT_BURST)
		s->allowed = q->burst * (s->order == NVME_ORDER_WRR ? q->weight : 1);
	if (q->on_visit)
		before += q->on_visit(q, now);
	serve(s, q, before, now);
}

static void end_visit(void *ctx, uint64_t arg, struct ns now)
{
	(void)arg;
	depart(ctx, now.v);
}

/* The request goes on first: what it brings about is seen before the scanner leaves. */
static void finish(struct nvme_scan *s, struct nvme_scan_queue *q, uint32_t job, uint64_t now)
{
	nvme_audit_leave(&s->audit, &s->net->jobs[job], now);
	nvme_pass(&q->node, job, now);
	if (q->line.n && s->allowed) {
		serve(s, q, 0, now);
		return;
	}
	const uint64_t ns = q->on_leave ? q->on_leave(q, now) : 0;
	s->busy_ns += ns;
	if (ns)
		nvme_post(s->net, now + ns, EVQ_SERVICE, end_visit, s, 0);
	else
		depart(s, now);
}

static void end_service(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_scan *s = ctx;
	struct nvme_scan_queue *q = &s->queues[s->at];
	const uint32_t job = (uint32_t)arg;
	const uint64_t second = s->net->jobs[job].second_ns;

	nvme_spend(s->net, job, q->serve_stage, now.v - second);
	nvme_spend(s->net, job, q->second_stage, now.v);
	const uint64_t more = q->on_served ? q->on_served(q, job, now.v) : 0;
	s->busy_ns += more;
	if (more)
		nvme_post(s->net, now.v + more, EVQ_COMPLETION, end_second, s, job);
	else
		finish(s, q, job, now.v);
}

static void end_second(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_scan *s = ctx;
	struct nvme_scan_queue *q = &s->queues[s->at];

	nvme_spend(s->net, (uint32_t)arg, q->second_stage, now.v);
	finish(s, q, (uint32_t)arg, now.v);
}

int nvme_scan_init(struct nvme_scan *s, struct nvme_net *net, const char *name, uint32_t n)
{
	*s = (struct nvme_scan){ .net = net, .name = name, .n = n, .nwords = n / 64 + 1 };
	s->queues = arena_alloc(net->arena, n, sizeof(*s->queues));
	s->has_work = arena_alloc(net->arena, s->nwords, sizeof(*s->has_work));
	if (!s->queues || !s->has_work)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		s->queues[i] = (struct nvme_scan_queue){
			.node = { .enter = enter, .net = net, .name = name },
			.scan = s,
			.line = nvme_line_empty(),
			.index = i,
			.visit = NVME_VISIT_GATED,
			.burst = 1,
			.weight = 1,
		};
	return 0;
}

uint64_t nvme_scan_spun(const struct nvme_scan *s, uint64_t now)
{
	const uint64_t idle = now - s->left_at;

	if (s->state == NVME_SCAN_IDLE)
		return s->spun_ns + (idle < s->spin_ns ? idle : s->spin_ns);
	return s->spun_ns + (s->state == NVME_SCAN_MOVING ? idle : 0);
}
