// SPDX-License-Identifier: MIT
/*
 * The device: front -> split -> link of writes -> write buffer -> channels ->
 * link of reads -> join -> back. Least busy is one line for all channels; hashed
 * a line each.
 */
#include "sim/nvme-impl.h"

#include "base/units.h"

enum { PARTS = 4096 };

static bool is_write(const struct nvme_job *j)
{
	return j->op == NVME_WRITE;
}

static bool is_read(const struct nvme_job *j)
{
	return j->op == NVME_READ;
}

/* A copy of a write that is out of the buffer. */
static bool is_drained(const struct nvme_job *j)
{
	return j->is_part && j->parent == NVME_NO_JOB;
}

static int make_service(struct nvme *n, struct nvme_cost *c, const struct dist *d,
			const struct quantile *table, const char *name, const char *what,
			struct err *e)
{
	if (!table)
		return nvme_make_cost(n, c, d, name, what, e);
	return nvme_cost_table(c, table, n->net.seed, name, n->arena) ? nvme_no_memory(e) : 0;
}

static int make_channel(struct nvme *n, uint32_t i, struct nvme_node *next, struct err *e)
{
	const struct nvme_device_config *c = &n->c.device;
	const bool is_hashed = c->placement == NVME_HASHED;
	struct nvme_station *s = &n->drive.channels[i];
	char *name = arena_alloc(n->arena, NVME_NAME_BYTES, 1);

	if (!name)
		return nvme_no_memory(e);
	nvme_name(name, NVME_NAME_BYTES, "channel", i);
	nvme_station_init(s, &n->net, is_hashed ? name : "channels",
			  is_hashed ? 1 : (uint32_t)c->channels, 1);
	s->node.next = next;
	s->wait_stage = NVME_DEVICE_WAIT;
	s->serve_stage = NVME_DEVICE;
	s->stall_stage = NVME_IOPF;
	s->serves_by_op = true;
	int rc = make_service(n, &s->cost[NVME_READ], &c->read, c->read_table, name,
			      "nvme-device read", e);
	if (!rc)
		rc = make_service(n, &s->cost[NVME_WRITE], &c->write, c->write_table, name,
				  "nvme-device write", e);
	nvme_cost_per_byte(&s->cost[NVME_READ], c->channel_rate);
	nvme_cost_per_byte(&s->cost[NVME_WRITE], c->channel_rate);
	n->drive.targets[i] = &s->node;
	return rc;
}

static int make_channels(struct nvme *n, struct nvme_node *next, struct err *e)
{
	struct nvme_drive *d = &n->drive;
	int rc = 0;

	d->n = n->c.device.placement == NVME_HASHED ? (uint32_t)n->c.device.channels : 1;
	d->channels = arena_alloc(n->arena, d->n, sizeof(*d->channels));
	d->targets = arena_alloc(n->arena, d->n, sizeof(*d->targets));
	if (!d->channels || !d->targets)
		return nvme_no_memory(e);
	for (uint32_t i = 0; !rc && i < d->n; i++)
		rc = make_channel(n, i, next, e);
	nvme_router_init(&d->router, &n->net, NVME_ROUTE_STRIPE, d->targets, d->n, "stripes");
	d->router.stripe_bytes = n->c.device.stripe_bytes;
	return rc;
}

static void make_link(struct nvme *n, struct nvme_station *s, const char *name, uint64_t rate,
		      struct nvme_node *next)
{
	nvme_station_init(s, &n->net, name, 1, 1);
	nvme_cost_per_byte(&s->cost[0], rate);
	s->wait_stage = NVME_LINK_WAIT;
	s->serve_stage = s->stall_stage = NVME_LINK;
	s->node.next = next;
}

/* From the channels on, backwards. */
static struct nvme_node *wire_back(struct nvme *n, struct nvme_node *join)
{
	struct nvme_drive *d = &n->drive;
	struct nvme_node *next = join;

	if (n->c.device.buffer_bytes) {
		nvme_fork_init(&d->drained, &n->net, is_drained);
		d->drained.node.next = &d->buffer.drained;
		d->drained.other = join;
		next = &d->drained.node;
	}
	if (n->c.device.link_read_rate) {
		make_link(n, &d->link_read, "link of reads", n->c.device.link_read_rate, next);
		nvme_fork_init(&d->reads, &n->net, is_read);
		d->reads.node.next = &d->link_read.node;
		d->reads.other = next;
		next = &d->reads.node;
	}
	return next;
}

/* Up to the channels; where parts of requests begin. */
static int wire_front(struct nvme *n, struct nvme_node *join, struct nvme_node **first,
		      struct err *e)
{
	struct nvme_drive *d = &n->drive;
	const struct nvme_device_config *c = &n->c.device;
	struct nvme_node *next = d->n > 1 ? &d->router.node : &d->channels->node;
	int rc = 0;

	if (c->buffer_bytes) {
		nvme_buffer_init(&d->buffer, &n->net, c->buffer_bytes, PARTS);
		d->buffer.wait_stage = NVME_DEVICE_WAIT;
		d->buffer.stage = NVME_DEVICE;
		d->buffer.node.next = d->buffer.drain = next;
		d->buffer.done = join;
		rc = nvme_make_cost(n, &d->buffer.cost, &c->buffer_write, "buffer",
				    "nvme-device buffer_write", e);
		next = &d->buffer.node;
	}
	if (c->link_write_rate) {
		make_link(n, &d->link_write, "link of writes", c->link_write_rate, next);
		nvme_fork_init(&d->writes, &n->net, is_write);
		d->writes.node.next = &d->link_write.node;
		d->writes.other = next;
		next = &d->writes.node;
	}
	*first = next;
	return rc;
}

uint32_t nvme_parts_needed(const struct nvme *n)
{
	const uint32_t admin = n->c.path.admin_rate.count ? n->nvms * NVME_ADMIN_WAITING : 0;

	return 2 * PARTS + admin; /* of split requests, and of the buffer */
}

/* ---- stalls ---- */

static void stall_one(struct nvme *n, uint32_t vm, uint64_t place, uint64_t now, uint64_t length_ns)
{
	n->nstalls++;
	switch ((enum nvme_stall_scope)n->c.load.stall_scope) {
	case NVME_STALL_QUEUE:
		nvme_stopper_stop(&n->vms[vm % n->nvms].stopper, now, length_ns);
		break;
	case NVME_STALL_CHANNEL:
		nvme_station_stall(&n->drive.channels[place % n->drive.n], now, length_ns);
		break;
	case NVME_STALL_DEVICE:
		for (uint32_t i = 0; i < n->drive.n; i++)
			nvme_station_stall(&n->drive.channels[i], now, length_ns);
		break;
	}
}

static void stall_somewhere(void *ctx, uint64_t now, uint64_t length_ns)
{
	struct nvme *n = ctx;
	const uint64_t where = rng_next(&n->stall_process.length.rng) >> 32;

	stall_one(n, (uint32_t)where, where, now, length_ns);
}

static void pulled_stall(void *ctx, uint64_t arg, struct ns now);

static void pull_stall(struct nvme *n)
{
	const int rc = n->stalls.next(n->stalls.ctx, &n->next_stall, &n->err);

	if (rc > 0)
		nvme_post(&n->net, n->next_stall.at.v, EVQ_ARRIVAL, pulled_stall, n, 0);
	else if (rc < 0) {
		n->err.code = n->err.code ? n->err.code : (enum err_code)rc;
		n->net.is_over = true;
	}
}

static void pulled_stall(void *ctx, uint64_t arg, struct ns now)
{
	struct nvme *n = ctx;
	(void)arg;

	stall_one(n, n->next_stall.vm, n->next_stall.place, now.v, n->next_stall.length_ns);
	pull_stall(n);
}

static int make_stalls(struct nvme *n, struct err *e)
{
	struct nvme_stall_process *p = &n->stall_process;
	const struct nvme_load_config *l = &n->c.load;

	*p = (struct nvme_stall_process){ .net = &n->net, .stall = stall_somewhere, .ctx = n };
	if (n->stalls.next || !l->stall_rate.count)
		return 0;
	int rc = nvme_make_exponential(n, &p->gap, &l->stall_rate, "stalls", e);
	if (!rc && nvme_cost_stratify(&p->gap, n->arena))
		rc = nvme_no_memory(e);
	if (!rc)
		rc = nvme_make_cost(n, &p->length, &l->stall, "stall", "nvme-load stall", e);
	rng_init(&p->length.rng, n->net.seed, "stall");
	return rc;
}

void nvme_start_stalls(struct nvme *n)
{
	if (n->stalls.next)
		pull_stall(n);
	else if (n->c.load.stall_rate.count)
		nvme_stall_start(&n->stall_process);
}

/* ---- all of it ---- */

/* Stops of one VM's queue come before everything else. */
static int make_stoppers(struct nvme *n, struct err *e)
{
	struct nvme_node **nodes = arena_alloc(n->arena, n->nvms, sizeof(*nodes));

	if (!nodes)
		return nvme_no_memory(e);
	for (uint32_t i = 0; i < n->nvms; i++) {
		nvme_stopper_init(&n->vms[i].stopper, &n->net, NVME_IOPF);
		n->vms[i].stopper.node.next = n->drive.entry;
		nodes[i] = &n->vms[i].stopper.node;
	}
	nvme_router_init(&n->to_stoppers, &n->net, NVME_ROUTE_VM, nodes, n->nvms, "stoppers");
	n->drive.entry = &n->to_stoppers.node;
	return 0;
}

int nvme_make_drive(struct nvme *n, struct err *e)
{
	struct nvme_drive *d = &n->drive;
	const struct nvme_device_config *c = &n->c.device;
	const bool has_stalls = n->stalls.next || n->c.load.stall_rate.count;
	struct nvme_node *first = NULL, *end = &n->to_reap.node;

	nvme_delay_init(&d->front, &n->net, NVME_DEVICE);
	nvme_delay_init(&d->back, &n->net, NVME_DEVICE);
	int rc = nvme_make_cost(n, &d->front.cost, &c->front, "front", "nvme-device front", e);
	if (!rc)
		rc = nvme_make_cost(n, &d->back.cost, &c->back, "back", "nvme-device back", e);
	if (!rc)
		rc = make_stalls(n, e);
	if (rc)
		return rc;
	d->back.node.next = end;
	if (!nvme_cost_is_nothing(&d->back.cost))
		end = &d->back.node;
	nvme_split_init(&d->split, &n->net, (uint32_t)c->transfer_bytes, PARTS);
	d->split.join.next = end;
	rc = make_channels(n, wire_back(n, &d->split.join), e);
	if (!rc)
		rc = wire_front(n, &d->split.join, &first, e);
	d->split.node.next = first;
	d->front.node.next = &d->split.node;
	d->entry = nvme_cost_is_nothing(&d->front.cost) ? &d->split.node : &d->front.node;
	if (!rc && has_stalls && n->c.load.stall_scope == NVME_STALL_QUEUE)
		rc = make_stoppers(n, e);
	return rc;
}
