// SPDX-License-Identifier: MIT
/* Reads the parts of a design, each with the tables of its own command. */
#include "replay/score.h"

#include "replay/design.h"
#include "replay/policy-load.h"
#include "replay/score-fit.h"

#include <stdio.h>
#include <string.h>

const char *const score_part_names[SCORE_PARTS + 1] = { "memory", "nvme", "walk", "numa", NULL };

static const char usual_policy[] = "none", usual_budget[] = "5%", usual_overcommit[] = "20%";

/* What --set touches counts as said by the design. */
static const struct {
	enum score_part part;
	const char *section;
} parts[] = {
	{ SCORE_MEMORY, "memory" },  { SCORE_MEMORY, "pin" },       { SCORE_MEMORY, "iopf" },
	{ SCORE_NVME, "nvme" },      { SCORE_NVME, "nvme-device" }, { SCORE_NVME, "nvme-host" },
	{ SCORE_NVME, "nvme-path" }, { SCORE_NVME, "nvme-guest" },  { SCORE_NVME, "nvme-load" },
	{ SCORE_WALK, "walk" },      { SCORE_WALK, "walk-costs" },  { SCORE_NUMA, "numa" },
	{ SCORE_NUMA, "machine" },
};

enum { PARTS_SECTIONS = sizeof(parts) / sizeof(*parts), SETS_MAX = 256 };

static bool names_section(const char *assignment, const char *section)
{
	const size_t n = strlen(section);
	return !strncmp(assignment, section, n) && assignment[n] == '.';
}

/* Which tables are walked is said by [walk]: numa reads it as well. */
static bool is_section_of(enum score_part part, unsigned k)
{
	return parts[k].part == part || (part == SCORE_NUMA && !strcmp(parts[k].section, "walk"));
}

/* The assignments that touch a section of the part; all that touch no part's go to all. */
static size_t sets_of(enum score_part part, const char *const *sets, size_t n, const char **out)
{
	size_t kept = 0;
	for (size_t i = 0; i < n && kept < SETS_MAX; i++) {
		bool is_ours = false, is_others = false;
		for (unsigned k = 0; k < PARTS_SECTIONS; k++) {
			const bool is_named = names_section(sets[i], parts[k].section);
			is_ours |= is_named && is_section_of(part, k);
			is_others |= is_named && !is_section_of(part, k);
		}
		const bool is_of_memory = part == SCORE_MEMORY && !is_others;
		if (is_ours || is_of_memory)
			out[kept++] = sets[i];
	}
	return kept;
}

/* A --set of numa.* tells every design with page walks that its host has nodes. */
static bool is_set(const char *const *sets, size_t nsets, const char *section)
{
	bool is_one = false;
	for (size_t i = 0; i < nsets; i++)
		is_one |= names_section(sets[i], section);
	return is_one;
}

static int find_parts(struct score_design *d, const char *const *sets, size_t nsets, struct err *e)
{
	bool has[PARTS_SECTIONS];
	const char *names[PARTS_SECTIONS];
	for (unsigned i = 0; i < PARTS_SECTIONS; i++)
		names[i] = parts[i].section;
	const int rc = design_find_sections(d->path, names, PARTS_SECTIONS, has, e);
	for (unsigned i = 0; i < PARTS_SECTIONS && !rc; i++)
		d->has[parts[i].part] |= has[i];
	d->has[SCORE_NUMA] |= d->has[SCORE_WALK] && is_set(sets, nsets, "numa");
	return rc;
}

/* One of a list that the design may give for other commands: it stands alone here. */
static int take_one(const char *text, const char *usual, char *out, size_t bytes, struct err *e)
{
	if (text && strchr(text, ','))
		return err_set(e, ERR_USAGE, "'%.60s': a design to score has one", text);
	snprintf(out, bytes, "%s", text ? text : usual);
	return 0;
}

static int read_choice(struct score_design *d, struct err *e)
{
	const struct pin_choice *c = &d->pin.choice;
	const struct param_set *set = &d->pin.set;
	char policy[PARAM_LINE_BYTES_MAX + 1], budget[80], overcommit[80];
	int rc = take_one(c->policy, usual_policy, policy, sizeof(policy), e);
	if (!rc)
		rc = policy_load_pinning(policy, &d->policy.policy, e);
	if (rc)
		return param_blame(set, "pin", "policy", e);
	rc = take_one(c->budget, usual_budget, budget, sizeof(budget), e);
	if (!rc)
		rc = quantity_parse(budget, &d->budget, e);
	if (rc)
		return param_blame(set, "pin", "budget", e);
	rc = take_one(c->overcommit, usual_overcommit, overcommit, sizeof(overcommit), e);
	if (!rc)
		rc = quantity_parse_ppm(overcommit, &d->overcommit_ppm, e);
	if (!rc && d->overcommit_ppm >= PPM_PER_ONE)
		rc = err_set(e, ERR_USAGE, "'%.60s': nothing would be left", overcommit);
	if (rc)
		return param_blame(set, "memory", "overcommit", e);
	const struct policy_pinning *p = d->policy.policy->pinning;
	if (p && p->is_unbounded)
		d->budget = (struct quantity){ .value = PPM_PER_ONE, .is_ppm = true };
	return rc;
}

/* Twice: what the policy is says which parameters it has. */
static int read_memory(struct score_design *d, const char *const *sets, size_t nsets,
		       const struct score_input *in, struct err *e)
{
	const char *ours[SETS_MAX];
	struct pin_design_sources s = {
		.path = d->path,
		.sets = ours,
		.nsets = sets_of(SCORE_MEMORY, sets, nsets, ours),
		.functions = in->devices.nlists,
	};
	int rc = pin_design_read(&d->pin, &s, e);
	if (!rc)
		rc = read_choice(d, e);
	if (rc)
		return rc;
	arena_deinit(&d->pin.arena);
	s.chosen = &d->policy;
	s.nchosen = 1;
	rc = pin_design_read(&d->pin, &s, e);
	for (unsigned k = 0; k < PIN_CLASSES; k++)
		if (in->devices.ndevices[k] && k != PIN_OTHER)
			param_section_use(&d->pin.set, pin_class_names[k]);
	return rc;
}

static int read_nvme(struct score_design *d, const char *const *sets, size_t nsets,
		     const struct score_input *in, struct err *e)
{
	const char *ours[SETS_MAX];
	const char *from_trace[] = { "nvme-load.arrival=trace", NULL };
	const struct nvme_design_sources s = {
		.firsts = in->trace[SCORE_NVME] ? from_trace : NULL,
		.file = d->path,
		.sets = ours,
		.nsets = sets_of(SCORE_NVME, sets, nsets, ours),
		.devices = in->io.ndevices,
	};
	return nvme_design_read(&d->nvme, &s, e);
}

static bool splits(const struct score_design *d)
{
	return d->has[SCORE_MEMORY] && d->pin.memory.huge != HUGE_NO;
}

static int read_walk(struct score_design *d, const char *const *sets, size_t nsets, struct err *e)
{
	const char *ours[SETS_MAX + 1];
	const size_t n = sets_of(SCORE_WALK, sets, nsets, ours);
	const int rc = walk_design_read(d->path, ours, n, &d->arena, &d->walk, e);
	if (rc || !splits(d))
		return rc;
	ours[n] = "walk.host_page=4K";
	return walk_design_read(d->path, ours, n + 1, &d->arena, &d->small, e);
}

/* [walk] once among the parameters: as the part of that name has it. */
static void leave_walk(struct param_set *s)
{
	for (size_t i = 0; i < s->nsections; i++)
		if (!strcmp(s->sections[i].name, "walk"))
			s->sections[i].is_used = false;
}

/* Where tables of the host lie is no matter of a design that walks none; what to do about them is.
 */
static size_t leave_host_tables(const struct score_design *d, const char **sets, size_t n)
{
	static const char place[] = "numa.ept=";
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (!d->has[SCORE_WALK] || d->walk.config.mode == WALK_NESTED ||
		    strncmp(sets[i], place, sizeof(place) - 1) != 0)
			sets[kept++] = sets[i];
	return kept;
}

static int read_numa(struct score_design *d, const char *const *sets, size_t nsets, struct err *e)
{
	const char *ours[SETS_MAX + 1];
	const size_t n = leave_host_tables(d, ours, sets_of(SCORE_NUMA, sets, nsets, ours));
	int rc = numa_design_read(d->path, NULL, ours, n, &d->arena, &d->numa, e);
	if (!rc && d->has[SCORE_WALK])
		leave_walk(&d->numa.set);
	if (rc || !splits(d))
		return rc;
	ours[n] = "walk.host_page=4K";
	return numa_design_read(d->path, NULL, ours, n + 1, &d->arena, &d->numa_small, e);
}

int score_design_read(struct score_design *d, const char *const *sets, size_t nsets,
		      const struct score_input *in, struct err *e)
{
	d->name = design_name(d->path, &d->arena);
	int rc = d->name ? find_parts(d, sets, nsets, e)
			 : err_set(e, ERR_NOMEM, "no memory for %s", d->path);
	if (!rc && d->has[SCORE_MEMORY])
		rc = read_memory(d, sets, nsets, in, e);
	if (!rc && d->has[SCORE_NVME])
		rc = read_nvme(d, sets, nsets, in, e);
	if (!rc && d->has[SCORE_WALK])
		rc = read_walk(d, sets, nsets, e);
	if (!rc && d->has[SCORE_NUMA])
		rc = read_numa(d, sets, nsets, e);
	if (!rc && !d->has[SCORE_MEMORY] && !d->has[SCORE_NVME] && !d->has[SCORE_WALK] &&
	    !d->has[SCORE_NUMA])
		rc = err_set(e, ERR_USAGE, "%s: has no section of memory, nvme, walk or numa",
			     d->path);
	return rc ? rc : score_fit_check(d, e);
}

const struct param_set *score_part_set(const struct score_design *d, enum score_part part)
{
	const struct param_set *sets[SCORE_PARTS] = { &d->pin.set, &d->nvme.set, &d->walk.set,
						      &d->numa.set };
	return d->has[part] ? sets[part] : NULL;
}

void score_design_deinit(struct score_design *d)
{
	arena_deinit(&d->pin.arena);
	nvme_design_deinit(&d->nvme);
	arena_deinit(&d->arena);
}
