// SPDX-License-Identifier: MIT
/*
 * Designs grouped by their [walk]: each group has one model of a node's caches,
 * watching one design of the page-walk model, and one design of its own with
 * all tables local. One group is native, for the work besides walking.
 */
#include "replay/numa-run.h"

#include <string.h>

struct group {
	struct numa *model;
	const struct numa_config **members;
	size_t n; /* the last one has all tables local */
};

struct numa_run {
	const struct numa_design *designs;
	size_t ndesigns;
	struct group *groups;
	size_t ngroups, native_group;
	size_t *group_of, *place_of; /* of each design */
	struct walk *walk;
	struct walk_config native;
	struct numa_config local;
};

static bool is_same_walk(const struct walk_config *a, const struct walk_config *b)
{
	return a->mode == b->mode && a->guest_page == b->guest_page &&
	       a->host_page == b->host_page && a->guest_levels == b->guest_levels &&
	       a->host_levels == b->host_levels && a->frames == b->frames &&
	       a->vm_memory == b->vm_memory && leafmap_is_equal(&a->leaves, &b->leaves) &&
	       !memcmp(a->l1, b->l1, sizeof(a->l1)) &&
	       !memcmp(&a->stlb, &b->stlb, sizeof(a->stlb)) &&
	       !memcmp(&a->stlb_1g, &b->stlb_1g, sizeof(a->stlb_1g)) &&
	       !memcmp(&a->ntlb, &b->ntlb, sizeof(a->ntlb)) &&
	       !memcmp(a->guest_pwc, b->guest_pwc, sizeof(a->guest_pwc)) &&
	       !memcmp(a->host_pwc, b->host_pwc, sizeof(a->host_pwc));
}

/* Puts each design into a group; configs gets the walk of each. */
static void sort_designs(struct numa_run *r, const struct walk_config **configs)
{
	for (size_t i = 0; i < r->ndesigns; i++) {
		const struct numa_design *d = &r->designs[i];
		size_t g = 0;
		while (g < r->ngroups && !is_same_walk(configs[g], &d->walk))
			g++;
		if (g == r->ngroups)
			configs[r->ngroups++] = &d->walk;
		r->group_of[i] = g;
		r->place_of[i] = r->groups[g].n;
		r->groups[g].members[r->groups[g].n++] = &d->numa;
	}
	r->native = r->designs[0].walk;
	r->native.mode = WALK_NATIVE;
	r->native.guest_page = r->native.host_page = WALK_4K;
	r->native.leaves = (struct leafmap){ .level = 1 };
	while (r->native_group < r->ngroups && !is_same_walk(configs[r->native_group], &r->native))
		r->native_group++;
	if (r->native_group == r->ngroups)
		configs[r->ngroups++] = &r->native;
	for (size_t g = 0; g < r->ngroups; g++)
		r->groups[g].members[r->groups[g].n++] = &r->local;
}

static int check_machines(const struct numa_design *designs, size_t n, struct err *e)
{
	for (size_t i = 1; i < n; i++)
		if (memcmp(&designs[i].machine, &designs[0].machine, sizeof(designs->machine)))
			return err_set(e, ERR_USAGE,
				       "%s and %s differ in [machine]: one replay has one machine",
				       designs[0].name, designs[i].name);
	return 0;
}

static int init_groups(struct numa_run *r, const struct walk_config **configs, struct arena *a,
		       struct err *e)
{
	int rc = walk_new(configs, r->ngroups, a, &r->walk, e);

	for (size_t g = 0; g < r->ngroups && !rc; g++) {
		rc = numa_new(&r->designs[0].machine, r->groups[g].members, r->groups[g].n, a,
			      &r->groups[g].model, e);
		if (!rc)
			rc = walk_observe(r->walk, g, numa_walk, r->groups[g].model, e);
	}
	return rc;
}

int numa_run_new(const struct numa_design *designs, size_t n, struct arena *a,
		 struct numa_run **out, struct err *e)
{
	struct numa_run *r = arena_alloc(a, 1, sizeof(*r));
	const struct walk_config **configs = arena_alloc(a, n + 1, sizeof(*configs));
	if (!r || !configs)
		return err_set(e, ERR_NOMEM, "no memory for %zu designs", n);
	*r = (struct numa_run){ .designs = designs, .ndesigns = n };
	r->groups = arena_alloc(a, n + 1, sizeof(*r->groups));
	r->group_of = arena_alloc(a, n, sizeof(*r->group_of));
	r->place_of = arena_alloc(a, n, sizeof(*r->place_of));
	if (!r->groups || !r->group_of || !r->place_of)
		return err_set(e, ERR_NOMEM, "no memory for %zu designs", n);
	for (size_t g = 0; g <= n; g++) {
		r->groups[g] = (struct group){};
		r->groups[g].members = arena_alloc(a, n + 1, sizeof(*r->groups[g].members));
		if (!r->groups[g].members)
			return err_set(e, ERR_NOMEM, "no memory for %zu designs", n);
	}
	const int rc = check_machines(designs, n, e);
	if (rc)
		return rc;
	r->local = (struct numa_config){ .nodes = designs[0].numa.nodes };
	sort_designs(r, configs);
	*out = r;
	return init_groups(r, configs, a, e);
}

int numa_run_rows(struct numa_run *r, uint32_t space, const uint64_t *va, const uint32_t *bytes,
		  size_t n, struct err *e)
{
	for (size_t g = 0; g < r->ngroups; g++)
		numa_begin(r->groups[g].model, space, va, n);
	const int rc = walk_access(r->walk, space, va, bytes, n, e);
	for (size_t g = 0; g < r->ngroups; g++)
		numa_end(r->groups[g].model);
	return rc;
}

void numa_run_warm(struct numa_run *r)
{
	for (size_t g = 0; g < r->ngroups; g++)
		numa_restart(r->groups[g].model);
}

/* ---- results ---- */

uint64_t numa_ratio_ppm(uint64_t a, uint64_t b)
{
	return b ? (uint64_t)(((unsigned __int128)a * PPM_PER_ONE + b / 2) / b) : 0;
}

static uint64_t share(uint64_t v, uint64_t ppm)
{
	return (uint64_t)((unsigned __int128)v * ppm / PPM_PER_ONE);
}

static uint64_t local_cycles(const struct numa_run *r, size_t group)
{
	const struct group *g = &r->groups[group];
	struct numa_counts c;

	numa_counts(g->model, g->n - 1, &c);
	return numa_cycles(&r->designs[0].machine, &c, NUMA_TABLES);
}

static void find_run_time(struct numa_result *out, const struct numa_config *c, uint64_t walk_ppm)
{
	const uint64_t walks = share(out->native_cycles, c->exposed_ppm);

	if (c->native_walk_ppm)
		walk_ppm = c->native_walk_ppm;
	if (!walk_ppm || walk_ppm >= PPM_PER_ONE || !out->native_cycles)
		return;
	out->work_cycles =
		(uint64_t)((unsigned __int128)walks * (PPM_PER_ONE - walk_ppm) / walk_ppm);
	out->run_cycles = out->work_cycles + share(out->cycles[NUMA_TABLES], c->exposed_ppm);
	out->local_run_cycles = out->work_cycles + share(out->local_cycles, c->exposed_ppm);
}

static uint64_t more_cycles(const struct numa_machine *m, const struct numa_updates *u)
{
	return u->map * (m->map.on - m->map.off) + u->unmap * (m->unmap.on - m->unmap.off) +
	       u->protect * (m->protect.on - m->protect.off);
}

/*
 * Unless updates were recorded, entries written are those of the pages and
 * tables that the stream touched. The host has a leaf table for as much memory
 * as the guest has one for, and of a VM's memory tables take 1/512 of either.
 */
static void find_costs(const struct numa_run *r, size_t design, const struct numa_known *known,
		       struct numa_result *out)
{
	enum { ENTRIES = 512, TABLE_BYTES = 4096 };
	const struct numa_design *d = &r->designs[design];
	const struct numa_machine *m = &d->machine;
	const struct numa_updates *u = &known->updates;
	const uint64_t copies = d->numa.nodes - 1;
	struct walk_counts w;

	walk_counts(r->walk, r->group_of[design], &w);
	out->tables[NUMA_GPT] = w.table_pages;
	out->tables[NUMA_EPT] = d->walk.mode == WALK_NESTED ? w.table_pages : 0;
	out->updates = u->map || u->unmap || u->protect
			       ? *u
			       : (struct numa_updates){ .map = w.data_pages + w.table_pages };
	for (int t = NUMA_GPT; t < NUMA_TABLES; t++) {
		if (!out->tables[t])
			continue;
		if (d->numa.fix[t] == NUMA_REPLICATE && copies) {
			out->update_cycles += more_cycles(m, &out->updates);
			out->memory_bytes += copies * out->tables[t] * TABLE_BYTES;
			out->vm_memory_bytes += copies * (known->vm_pages / ENTRIES) * TABLE_BYTES;
		} else if (d->numa.fix[t] == NUMA_MIGRATE && d->numa.place[t] != NUMA_LOCAL) {
			out->update_cycles += out->tables[t] * m->move_cycles;
		}
	}
}

void numa_run_result(const struct numa_run *r, size_t design, const struct numa_known *known,
		     struct numa_result *out)
{
	const struct numa_design *d = &r->designs[design];
	const struct group *g = &r->groups[r->group_of[design]];

	*out = (struct numa_result){ .design = d };
	numa_counts(g->model, r->place_of[design], &out->counts);
	for (int t = 0; t <= NUMA_TABLES; t++)
		out->cycles[t] = numa_cycles(&d->machine, &out->counts, t);
	out->native_cycles = local_cycles(r, r->native_group);
	out->local_cycles = local_cycles(r, r->group_of[design]);
	out->is_cold = numa_is_cold(g->model);
	out->is_bandwidth_bound = numa_data_lines(&out->counts) >
				  d->machine.streaming_lines * out->counts.walks;
	find_run_time(out, &d->numa, known->native_walk_ppm);
	find_costs(r, design, known, out);
}
