// SPDX-License-Identifier: MIT
/*
 * Stations. Nothing is cancelled at a stall: the station has a clock of stalled
 * time, and a service that ends finds out how much of its span was stalled and
 * goes on for as long.
 */
#include "sim/nvme-station.h"

/* Stalled ns up to now. */
static inline uint64_t stall_clock(const struct nvme_station *s, uint64_t now)
{
	return s->stall_booked - (s->stall_until > now ? s->stall_until - now : 0);
}

static void end_service(void *ctx, uint64_t job, struct ns now);

static void start(struct nvme_station *s, uint32_t job, uint64_t now)
{
	struct nvme_net *net = s->node.net;
	struct nvme_job *j = &net->jobs[job];
	const uint32_t kind = s->serves_by_op ? j->op : s->nclasses > 1 ? j->klass : 0;
	const uint64_t ns = nvme_cost_take(&s->cost[kind], j->bytes);

	nvme_spend(net, job, s->wait_stage, now);
	nvme_audit_start(&s->audit, j, now);
	j->stall = stall_clock(s, now);
	s->stall_drawn += ns;
	nvme_post(net, now + ns, EVQ_COMPLETION, end_service, s, job);
}

static void start_next(struct nvme_station *s, uint64_t now)
{
	for (uint32_t i = 0; i < s->nclasses; i++)
		if (s->line[i].n) {
			start(s, nvme_line_pop(s->node.net, &s->line[i]), now);
			return;
		}
}

/* Whether stalls fell into the service; then it goes on for as long. */
static bool is_stalled(struct nvme_station *s, uint32_t job, uint64_t now)
{
	struct nvme_net *net = s->node.net;
	struct nvme_job *j = &net->jobs[job];
	const uint64_t clock = stall_clock(s, now), missing = clock - j->stall;

	if (!missing)
		return false;
	nvme_audit_tick(&s->audit, now);
	const uint64_t resume = s->stall_until > now ? s->stall_until : now;
	/* what was served before belongs to service, what was stalled to the stall's stage */
	net->stage[(uint64_t)job * net->nstages + s->stall_stage] += missing + (resume - now);
	net->stage[(uint64_t)job * net->nstages + s->serve_stage] -= missing + (resume - now);
	j->stall = s->stall_booked;
	nvme_post(net, resume + missing, EVQ_COMPLETION, end_service, s, job);
	return true;
}

static void end_service(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme_station *s = ctx;
	struct nvme_net *net = s->node.net;
	const uint32_t job = (uint32_t)arg;

	if (s->stall_booked && is_stalled(s, job, now.v))
		return;
	nvme_spend(net, job, s->serve_stage, now.v);
	nvme_audit_leave(&s->audit, &net->jobs[job], now.v);
	start_next(s, now.v);
	nvme_pass(&s->node, job, now.v);
}

static void enter(struct nvme_node *node, uint32_t job, uint64_t now)
{
	struct nvme_station *s = (struct nvme_station *)node;
	struct nvme_job *j = &node->net->jobs[job];

	if (s->capacity && s->audit.inside >= s->capacity) {
		s->nrefused++;
		s->refused->enter(s->refused, job, now);
		return;
	}
	nvme_audit_enter(&s->audit, j, now);
	if (s->audit.busy < s->servers)
		start(s, job, now);
	else
		nvme_line_push(node->net, &s->line[s->nclasses > 1 ? j->klass : 0], job);
}

void nvme_station_init(struct nvme_station *s, struct nvme_net *net, const char *name,
		       uint32_t servers, uint32_t nclasses)
{
	*s = (struct nvme_station){
		.node = { .enter = enter, .net = net, .name = name },
		.servers = servers,
		.nclasses = nclasses,
	};
	for (uint32_t i = 0; i < NVME_CLASSES_MAX; i++)
		s->line[i] = nvme_line_empty();
}

void nvme_station_stall(struct nvme_station *s, uint64_t now, uint64_t length_ns)
{
	s->stall_until = (s->stall_until > now ? s->stall_until : now) + length_ns;
	s->stall_booked += length_ns;
}
