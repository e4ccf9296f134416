// SPDX-License-Identifier: MIT
/* What a run tells: figures per VM, host cores, and the audit of every station. */
#include "sim/nvme-impl.h"

/* ---- virtual machines ---- */

static void add_up(struct nvme_vm_result *all, const struct nvme_vm_result *r)
{
	all->requests += r->requests;
	all->bytes += r->bytes;
	all->span_ns = r->span_ns > all->span_ns ? r->span_ns : all->span_ns;
	for (int i = 0; i < NVME_STAGES; i++)
		all->stage_ns[i] += r->stage_ns[i];
	all->kicks += r->kicks;
	all->kicks_suppressed += r->kicks_suppressed;
	all->exits += r->exits;
	all->irqs += r->irqs;
	all->wakes += r->wakes;
	all->guest_busy_ns += r->guest_busy_ns;
	all->guest_direct_ns += r->guest_direct_ns;
	all->guest_indirect_ns += r->guest_indirect_ns;
	all->guest_sync_ns += r->guest_sync_ns;
	all->guest_spin_ns += r->guest_spin_ns;
	hist_merge(&all->latency, &r->latency);
	for (int i = 0; i < NVME_OPS; i++)
		hist_merge(&all->by_op[i], &r->by_op[i]);
}

static int init_hists(struct nvme_vm_result *r, unsigned bits, struct arena *a, struct err *e)
{
	if (hist_init(&r->latency, bits, a) || hist_init(&r->by_op[NVME_READ], bits, a) ||
	    hist_init(&r->by_op[NVME_WRITE], bits, a))
		return nvme_no_memory(e);
	return 0;
}

/* CPU of the vCPUs: what is not lost to exits is the useful part. */
static void add_guest_cpu(const struct nvme *n, const struct nvme_vm *vm, struct nvme_vm_result *r)
{
	const uint64_t now = n->net.q.now.v;
	uint64_t busy = 0;

	for (uint64_t i = 0; i < n->c.guest.vcpus; i++) {
		const struct nvme_vcpu *v = &vm->vcpus[i];
		busy += v->scan.busy_ns;
		r->wakes += v->scan.wakes;
		if (n->c.guest.wait == NVME_GUEST_POLL)
			r->guest_spin_ns += nvme_scan_spun(&v->scan, now);
	}
	for (uint32_t i = 0; i < n->pairs_per_vm; i++)
		r->guest_spin_ns += vm->pairs[i].hybrid.spun_ns;
	const uint64_t lost = r->guest_direct_ns + r->guest_indirect_ns + r->guest_sync_ns;
	r->guest_busy_ns = busy > lost ? busy - lost : 0;
	if (n->c.path.notify != NVME_NOTIFY_NATIVE)
		r->exits += r->wakes; /* each began with a halt that left the guest */
}

static int tell_vm(struct nvme *n, uint32_t i, struct nvme_vm_result *r, struct err *e)
{
	const struct nvme_vm *vm = &n->vms[i];
	const struct nvme_meter *m = &n->net.meters[i];

	*r = vm->counts;
	r->requests = m->requests;
	r->bytes = m->bytes;
	r->span_ns = m->last > n->net.counted_from ? m->last - n->net.counted_from : 0;
	for (int k = 0; k < NVME_STAGES; k++)
		r->stage_ns[k] = m->stage[k];
	r->by_op[NVME_READ] = m->by_op[NVME_READ];
	r->by_op[NVME_WRITE] = m->by_op[NVME_WRITE];
	if (hist_init(&r->latency, m->by_op->sub_bits, n->arena))
		return nvme_no_memory(e);
	hist_merge(&r->latency, &m->by_op[NVME_READ]);
	hist_merge(&r->latency, &m->by_op[NVME_WRITE]);
	add_guest_cpu(n, vm, r);
	return 0;
}

static int tell_vms(struct nvme *n, struct nvme_result *out, struct err *e)
{
	struct nvme_vm_result *vms = arena_alloc(n->arena, n->nvms + 1, sizeof(*vms));
	int rc = vms ? init_hists(&vms[n->nvms], n->net.meters->by_op->sub_bits, n->arena, e)
		     : nvme_no_memory(e);

	for (uint32_t i = 0; !rc && i < n->nvms; i++) {
		rc = tell_vm(n, i, &vms[i], e);
		if (!rc)
			add_up(&vms[n->nvms], &vms[i]);
	}
	out->nvms = n->nvms;
	out->vms = vms;
	return rc;
}

/* ---- host cores ---- */

static void tell_core(const struct nvme *n, const struct nvme_thread *t, struct nvme_core_result *r)
{
	*r = (struct nvme_core_result){
		.name = t->name,
		.busy_ns = t->scan.busy_ns,
		.spin_ns = nvme_scan_spun(&t->scan, n->net.q.now.v),
		.rounds = t->scan.rounds,
		.requests = t->scan.audit.left,
	};
}

static int tell_cores(struct nvme *n, struct nvme_result *out, struct err *e)
{
	const uint32_t most = n->nworkers + n->nreapers + 1;
	struct nvme_core_result *cores = arena_alloc(n->arena, most, sizeof(*cores));

	if (!cores)
		return nvme_no_memory(e);
	for (uint32_t i = 0; i < n->nworkers; i++)
		tell_core(n, &n->workers[i], &cores[out->ncores++]);
	if (n->emulator)
		tell_core(n, n->emulator, &cores[out->ncores++]);
	for (uint32_t i = 0; i < n->nreapers; i++)
		tell_core(n, &n->reapers[i], &cores[out->ncores++]);
	out->cores = cores;
	return 0;
}

/* ---- audit ---- */

struct auditor {
	struct nvme *n;
	struct nvme_audit_result *results;
	uint32_t count, room;
	struct err *e;
	int rc;
};

static void audit_one(struct auditor *au, const struct nvme_audit *a, const char *name,
		      uint64_t servers)
{
	const uint64_t now = au->n->net.q.now.v;
	struct nvme_audit end = *a;

	nvme_audit_tick(&end, now);
	if (!au->rc)
		au->rc = nvme_audit_check(a, name, now, au->e);
	if (au->count == au->room)
		return;
	au->results[au->count++] = (struct nvme_audit_result){
		.name = name,
		.entered = a->entered,
		.left = a->left,
		.inside = a->inside,
		.servers = servers,
		.busy_ns = end.busy_area,
		.area_ns = end.area,
		.most = a->most,
		.little_ppm = nvme_residual_ppm(end.area, a->sojourn),
		.use_ppm = nvme_residual_ppm(end.busy_area, a->served),
	};
}

static void audit_all(struct auditor *au)
{
	struct nvme *n = au->n;
	const struct nvme_drive *d = &n->drive;

	audit_one(au, &n->net.all, "all", 1);
	for (uint32_t i = 0; i < n->nworkers; i++)
		audit_one(au, &n->workers[i].scan.audit, n->workers[i].name, 1);
	if (n->emulator)
		audit_one(au, &n->emulator->scan.audit, n->emulator->name, 1);
	for (uint32_t i = 0; i < d->n; i++)
		audit_one(au, &d->channels[i].audit, d->channels[i].node.name,
			  d->channels[i].servers);
	if (n->c.device.link_read_rate)
		audit_one(au, &d->link_read.audit, d->link_read.node.name, 1);
	if (n->c.device.link_write_rate)
		audit_one(au, &d->link_write.audit, d->link_write.node.name, 1);
	for (uint32_t i = 0; i < n->nreapers; i++)
		audit_one(au, &n->reapers[i].scan.audit, n->reapers[i].name, 1);
	for (uint32_t i = 0; i < n->nvms; i++)
		for (uint64_t k = 0; k < n->c.guest.vcpus; k++)
			audit_one(au, &n->vms[i].vcpus[k].scan.audit, n->vms[i].vcpus[k].name, 1);
}

static int tell_stations(struct nvme *n, struct nvme_result *out, struct err *e)
{
	struct auditor au = { .n = n, .e = e };

	nvme_audit_settle(&n->net);
	au.room = 4 + n->nworkers + n->drive.n + n->nreapers + n->nvms * (uint32_t)n->c.guest.vcpus;
	au.results = arena_alloc(n->arena, au.room, sizeof(*au.results));
	if (!au.results)
		return nvme_no_memory(e);
	audit_all(&au);
	out->stations = au.results;
	out->nstations = au.count;
	return au.rc;
}

/* Flow over the whole run: what was issued is completed or inside. */
static int check_flow(const struct nvme *n, struct err *e)
{
	const struct nvme_net *net = &n->net;

	if (net->issued != net->completed + net->all.inside)
		return err_set(e, ERR_BUG,
			       "%llu requests were issued, %llu completed, %llu are "
			       "under way",
			       (unsigned long long)net->issued, (unsigned long long)net->completed,
			       (unsigned long long)net->all.inside);
	if (net->broken)
		return err_set(e, ERR_BUG, "%llu requests whose stages do not sum to their latency",
			       (unsigned long long)net->broken);
	return 0;
}

int nvme_finish(struct nvme *n, struct nvme_result *out, struct err *e)
{
	*out = (struct nvme_result){
		.events = n->net.events,
		.issued = n->net.issued,
		.completed = n->net.completed,
		.end_ns = n->net.q.now.v,
	};
	int rc = tell_vms(n, out, e);
	if (!rc)
		rc = tell_cores(n, out, e);
	if (!rc)
		rc = tell_stations(n, out, e);
	return rc ? rc : check_flow(n, e);
}
