// SPDX-License-Identifier: MIT
/* A run: its making, its loop. What it is made of is in the other sim/nvme-*.c. */
#include "sim/nvme.h"
#include "base/quantile-shapes.h"
#include "sim/nvme-impl.h"

#include <string.h>

enum { TABLES_MAX = 64, JOBS_MAX = 1 << 20 };

/* ---- helpers of all parts ---- */

int nvme_no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for this load: fewer VMs, jobs or entries");
}

void nvme_name(char *out, size_t size, const char *what, uint32_t i)
{
	char digits[12];
	size_t n = 0, at = strlen(what);

	do
		digits[n++] = (char)('0' + i % 10);
	while (i /= 10);
	at = at < size - n - 1 ? at : size - n - 1;
	memcpy(out, what, at);
	while (n)
		out[at++] = digits[--n];
	out[at] = 0;
}

bool nvme_dist_is_nothing(const struct dist *d)
{
	return d->kind == DIST_CONST && !d->a_ns;
}

/* Tables are made once for a parameter, however many use it. */
static int find_table(struct nvme *n, const struct dist *d, const struct nvme_cost **out,
		      const char *what, struct err *e)
{
	for (uint32_t i = 0; i < n->ntables; i++)
		if (n->tables[i].of == d) {
			*out = &n->tables[i].cost;
			return 0;
		}
	if (n->ntables == TABLES_MAX)
		return err_set(e, ERR_BUG, "more than %d distributions", TABLES_MAX);
	struct nvme_table *t = &n->tables[n->ntables++];
	t->of = d;
	*out = &t->cost;
	return nvme_cost_init(&t->cost, d, n->net.seed, what, n->arena, e);
}

int nvme_make_cost(struct nvme *n, struct nvme_cost *c, const struct dist *d, const char *user,
		   const char *what, struct err *e)
{
	const struct nvme_cost *from = NULL;
	char name[NVME_NAME_BYTES * 3];

	if (d->kind == DIST_CONST) {
		nvme_cost_const(c, d->a_ns << NVME_COST_BITS);
		return 0;
	}
	const int rc = find_table(n, d, &from, what, e);
	if (rc)
		return rc;
	const size_t at = strlen(user) < NVME_NAME_BYTES ? strlen(user) : NVME_NAME_BYTES;
	memcpy(name, user, at);
	name[at] = ' ';
	strncpy(name + at + 1, what, sizeof(name) - at - 2);
	name[sizeof(name) - 1] = 0;
	nvme_cost_copy(c, from, n->net.seed, name);
	return 0;
}

uint64_t nvme_dist_mean(struct nvme *n, const struct dist *d)
{
	const struct nvme_cost *from = NULL;
	struct err e = {};

	if (d->kind == DIST_CONST || find_table(n, d, &from, "mean", &e))
		return d->a_ns;
	return nvme_cost_mean(from);
}

int nvme_make_exponential(struct nvme *n, struct nvme_cost *c, const struct rate *r,
			  const char *name, struct err *e)
{
	const uint64_t mean_256 = (uint64_t)(((unsigned __int128)r->per_ns << 8) / r->count);
	struct quantile *q = arena_alloc(n->arena, 1, sizeof(*q));
	int rc = q ? quantile_exponential(q, mean_256, n->arena, e) : nvme_no_memory(e);

	if (!rc && nvme_cost_table(c, q, n->net.seed, name, n->arena))
		rc = nvme_no_memory(e);
	return rc;
}

/* ---- making ---- */

static uint64_t weight_of(const char *text, uint32_t vm)
{
	uint64_t weight = 1;

	for (uint32_t i = 0; text && *text; i++) {
		weight = 0;
		for (; *text >= '0' && *text <= '9' && weight < UINT32_MAX / 10; text++)
			weight = weight * 10 + (uint64_t)(*text - '0');
		if (i == vm || !strchr(text, ','))
			break;
		text = strchr(text, ',') + 1;
		text += strspn(text, " ");
	}
	return weight ? weight : 1;
}

static int make_shared(struct nvme *n, struct err *e)
{
	const struct nvme_host_config *h = &n->c.host;
	const struct dist *dists[NVME_SHARED_COSTS] = {
		[NVME_SHARED_EXIT] = &h->exit,
		[NVME_SHARED_INDIRECT] = &h->exit_indirect,
		[NVME_SHARED_EXIT_USER] = &h->exit_user,
		[NVME_SHARED_EVENTFD] = &h->eventfd,
		[NVME_SHARED_INJECT] = &h->inject,
		[NVME_SHARED_POSTED] = &h->posted,
		[NVME_SHARED_EOI] = &h->eoi,
	};
	int rc = 0;

	for (int i = 0; !rc && i < NVME_SHARED_COSTS; i++) {
		char name[NVME_NAME_BYTES];
		nvme_name(name, sizeof(name), "host cost ", (uint32_t)i);
		rc = nvme_make_cost(n, &n->shared[i], dists[i], "host", name, e);
	}
	return rc;
}

static int make_meters(struct nvme *n, struct err *e)
{
	/* percentiles are told at most 0.2, 0.8 or 3.1 % too high */
	const unsigned bits = n->nvms <= 8 ? 9 : n->nvms <= 64 ? 7 : 5;

	for (uint32_t i = 0; i < n->nvms; i++) {
		struct hist *h = arena_alloc(n->arena, NVME_OPS, sizeof(*h));
		if (!h || hist_init(&h[NVME_READ], bits, n->arena) ||
		    hist_init(&h[NVME_WRITE], bits, n->arena))
			return nvme_no_memory(e);
		n->net.meters[i].by_op = h;
	}
	return 0;
}

static int make_net(struct nvme *n, struct err *e)
{
	const struct nvme_load_config *l = &n->c.load;
	const uint64_t jobs = nvme_jobs_needed(n), parts = nvme_parts_needed(n);
	const uint64_t warmup =
		l->arrival == NVME_TRACE || !l->requests
			? 0
			: (uint64_t)((unsigned __int128)l->requests * l->warmup_ppm / PPM_PER_ONE);
	/* an event each: requests, threads, interrupts under way, loads, timers */
	const uint64_t events = jobs + parts + 4 * (uint64_t)n->npairs +
				n->nvms * (n->c.guest.vcpus + 2) * 2 + 4 * NVME_THREADS_MAX + 64;
	const bool ends_by_time = !l->requests && l->arrival != NVME_TRACE;
	const struct nvme_net_config c = {
		.jobs = (uint32_t)jobs,
		.parts = (uint32_t)parts,
		.nstages = NVME_STAGES,
		.nmeters = n->nvms,
		.events = (uint32_t)events,
		.seed = l->seed,
		.warmup = ends_by_time ? UINT64_MAX : warmup,
		.target = l->arrival == NVME_TRACE ? 0 : l->requests - warmup,
	};

	if (jobs > JOBS_MAX || events > UINT32_MAX || nvme_net_init(&n->net, &c, n->arena))
		return nvme_no_memory(e);
	return make_meters(n, e);
}

static int make_all(struct nvme *n, struct err *e)
{
	const struct nvme_guest_config *g = &n->c.guest;
	const uint64_t one_a_job = n->c.load.jobs < g->vcpus ? n->c.load.jobs : g->vcpus;

	n->nvms = (uint32_t)n->c.load.vms;
	n->pairs_per_vm = (uint32_t)(g->queues ? g->queues : one_a_job);
	n->npairs = n->nvms * n->pairs_per_vm;
	n->tables = arena_alloc(n->arena, TABLES_MAX, sizeof(*n->tables));
	n->vms = arena_alloc(n->arena, n->nvms, sizeof(*n->vms));
	if (!n->vms || !n->tables)
		return nvme_no_memory(e);
	for (uint32_t i = 0; i < n->nvms; i++) {
		n->vms[i].run = n;
		n->vms[i].index = i;
		n->vms[i].weight = weight_of(n->c.load.weights, i);
	}
	int rc = make_net(n, e);
	if (!rc)
		rc = make_shared(n, e);
	if (!rc)
		rc = nvme_make_drive(n, e);
	if (!rc)
		rc = nvme_make_guest(n, e);
	if (!rc)
		rc = nvme_make_host(n, e);
	return rc ? rc : nvme_make_requests(n, e);
}

int nvme_new(const struct nvme_config *c, const struct nvme_source *source,
	     const struct nvme_stalls *stalls, struct arena *a, struct nvme **out, struct err *e)
{
	struct nvme *n = arena_alloc(a, 1, sizeof(*n));

	if (!n)
		return nvme_no_memory(e);
	n->c = *c;
	n->arena = a;
	n->has_source = source;
	if (source)
		n->source = *source;
	if (stalls)
		n->stalls = *stalls;
	int rc = nvme_config_check(&n->c, e);
	if (!rc && c->load.arrival == NVME_TRACE && !source)
		rc = err_set(e, ERR_USAGE, "load: arrival = trace needs a trace");
	if (!rc && source && (c->load.arrival == NVME_POISSON || c->load.arrival == NVME_FIXED))
		rc = err_set(e, ERR_USAGE,
			     "load: requests of a trace come at its times (trace) or one after "
			     "the other (closed)");
	const bool stalls_channels = (stalls || c->load.stall_rate.count) &&
				     c->load.stall_scope == NVME_STALL_CHANNEL;
	if (!rc && stalls_channels && c->device.placement != NVME_HASHED)
		rc = err_set(e, ERR_USAGE,
			     "load: a fault stops the channel of its address (stall_scope = "
			     "channel): that needs placement = hashed");
	if (!rc)
		rc = make_all(n, e);
	if (rc)
		return rc;
	nvme_start_requests(n);
	nvme_start_admin(n);
	nvme_start_stalls(n);
	*out = n;
	return 0;
}

int nvme_run(struct nvme *n, uint64_t completions, struct err *e)
{
	enum { EVENTS_BETWEEN = 4096 };
	const uint64_t end = n->net.completed + completions;
	bool goes_on = true;

	while (goes_on && n->net.completed < end)
		goes_on = nvme_net_run(&n->net, EVENTS_BETWEEN);
	if (n->err.code) {
		*e = n->err;
		return e->code;
	}
	return goes_on;
}
