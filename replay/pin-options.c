// SPDX-License-Identifier: MIT
/* Options of `pugmark pin`: the table, and what a number or a shared reader cannot take. */
#include "replay/pin-options.h"

#include "base/units.h"
#include "replay/design.h"
#include "replay/policy-load.h"

#include <stdio.h>
#include <string.h>

static int add_policy(void *mine, char *name, struct err *e)
{
	struct pin_options *o = mine;
	return policy_load_pinning(name, &o->policies[o->npolicies++].policy, e);
}

static int add_budget(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	struct quantity *q = &o->budgets[o->nbudgets++];
	const int rc = quantity_parse(text, q, e);
	if (!rc && q->is_ppm && q->value > PPM_PER_ONE)
		return err_set(e, ERR_USAGE, "'%s': more than the VM has", text);
	return rc;
}

static int add_overcommit(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	uint64_t *ppm = &o->overcommits_ppm[o->novercommits++];
	const int rc = quantity_parse_ppm(text, ppm, e);
	if (!rc && *ppm >= PPM_PER_ONE)
		return err_set(e, ERR_USAGE, "'%s': nothing of the VM would be left", text);
	return rc;
}

static void companions(struct choices *c)
{
	choices_add_names(c, pin_companion_names);
}

static int add_seed(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	return quantity_parse_count(text, &o->seeds[o->nseeds++], e);
}

/* `0,1,2/s`: what has no unit has that of the next one that has. */
static int add_rate(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	struct rate *r = &o->rates[o->nrates++];
	*r = (struct rate){};
	if (!strchr(text, '/'))
		return quantity_parse_count(text, &r->count, e);
	const int rc = quantity_parse_rate(text, r, e);
	for (size_t i = o->nrates - 1; !rc && i-- > 0 && !o->rates[i].per_ns;)
		o->rates[i].per_ns = r->per_ns;
	return rc;
}

static int set_goal(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	return pin_goal_parse(text, &o->goal, e);
}

static int take_trace(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	if (!o->path) {
		o->path = text;
		return 0;
	}
	if (o->nothers == PIN_POOL_VMS_MAX - 1)
		return err_set(e, ERR_USAGE, "more than %d traces", PIN_POOL_VMS_MAX);
	o->others[o->nothers++] = text;
	return 0;
}

/* A share of all VMs' memory, or bytes. */
static int add_pool(void *mine, char *text, struct err *e)
{
	struct pin_options *o = mine;
	struct quantity *q = &o->pools[o->npools++];
	q->is_ppm = strchr(text, '%');
	const int rc = q->is_ppm ? quantity_parse_ppm(text, &q->value, e)
				 : quantity_parse_bytes(text, &q->value, e);
	q->value /= q->is_ppm ? 1 : PAGE_BYTES;
	if (!rc && (!q->value || (q->is_ppm && q->value > PPM_PER_ONE)))
		return err_set(e, ERR_USAGE, "'%s': expected at least a page, at most 100%%", text);
	return rc;
}

/* A pin map is tried by policy map, beside those that were asked for. */
static int add_map(struct pin_options *o, struct err *e)
{
	for (size_t i = 0; i < o->npolicies; i++)
		if (o->policies[i].policy->pinning && o->policies[i].policy->pinning->needs_map)
			return 0;
	if (o->npolicies == PIN_POLICIES_MAX)
		return err_set(e, ERR_USAGE, "more than %d policies", PIN_POLICIES_MAX);
	o->has_own_policy = true;
	o->policies[o->npolicies++].policy = policy_find_pinning("map");
	return 0;
}

static int check_map(struct pin_options *o, struct err *e)
{
	if (!o->pin_map)
		return o->pin_map_at_ns ? err_set(e, ERR_USAGE, "--pin-map-at: with --pin-map") : 0;
	if (o->npools || o->nrates || o->is_backtest || o->compares_backends || o->explains ||
	    o->timeline || o->footprint)
		return err_set(e, ERR_USAGE,
			       "--pin-map: not with --pool, --fault-rate, --backtest, "
			       "--compare-backends, --explain or a picture over time");
	return add_map(o, e);
}

static int check(void *mine, struct err *e)
{
	struct pin_options *o = mine;
	const int rc = o->path ? check_map(o, e) : 0;
	if (rc)
		return rc;
	if (!o->path)
		return err_set(e, ERR_USAGE, "which trace?");
	if (o->nrates && !o->rates[o->nrates - 1].per_ns)
		return err_set(e, ERR_USAGE, "--fault-rate: the last one needs a unit, as 10/s");
	const bool wants_replay = o->is_backtest || o->results || o->explains;
	if (o->compares_backends && (wants_replay || o->nrates || o->has_own_goal))
		return err_set(e, ERR_USAGE,
			       "--compare-backends stands alone: no --goal, --results, --explain, "
			       "--fault-rate or --backtest beside it");
	if (o->nrates && (wants_replay || o->has_own_overcommit))
		return err_set(e, ERR_USAGE,
			       "--fault-rate replays nothing: no --overcommit, --results, "
			       "--explain or --backtest beside it");
	if (o->nothers && !o->npools)
		return err_set(
			e, ERR_USAGE,
			"one trace at a time: '%s' is too many; --pool SIZE makes them VMs of "
			"one host",
			o->others[0]);
	if (o->npools && (o->has_own_goal || o->has_own_overcommit || o->plot || o->results ||
			  o->is_backtest || o->memory_bytes || o->nrates || o->compares_backends ||
			  o->timeline || o->footprint || o->explains || o->recording))
		return err_set(e, ERR_USAGE,
			       "--pool: not with --overcommit, --goal, --memory, --fault-rate, "
			       "--compare-backends, --results, "
			       "--backtest, --explain, --recording, or a picture");
	return 0;
}

#define AT(member) .offset = offsetof(struct pin_options, member)

static const struct cli_option options[] = {
	{ .name = "policy",
	  .key = 'p',
	  .arg = "P,..",
	  .kind = CLI_LIST,
	  AT(npolicies),
	  .each = add_policy,
	  .most = PIN_POLICIES_MAX,
	  .fallback = "none,lru,at-risk",
	  .given = offsetof(struct pin_options, has_own_policy),
	  .choices = policy_names_pinning,
	  .files = "so",
	  .help = "Who pins, or files of your own" },
	{ .name = "budget",
	  .key = 'b',
	  .arg = "N|N%,..",
	  .kind = CLI_LIST,
	  AT(nbudgets),
	  .each = add_budget,
	  .most = PIN_BUDGETS_MAX,
	  .fallback = "1%,2%,5%,10%,20%",
	  .given = offsetof(struct pin_options, has_own_budget),
	  .help = "Pages that may be pinned, or a share of the VM" },
	{ .name = "overcommit",
	  .key = 'o',
	  .arg = "N%,..",
	  .kind = CLI_LIST,
	  AT(novercommits),
	  .each = add_overcommit,
	  .most = PIN_OVERCOMMITS_MAX,
	  .fallback = "10%,20%,30%",
	  .given = offsetof(struct pin_options, has_own_overcommit),
	  .help = "Share of the VM that the host takes away" },
	{ .name = "pool",
	  .arg = "SIZE|N%,..",
	  .kind = CLI_LIST,
	  AT(npools),
	  .each = add_pool,
	  .most = PIN_POOLS_MAX,
	  .help = "Several traces are VMs of one host that has so much memory for them, or that "
		  "share of theirs" },
	{ .name = "cpu",
	  .arg = "C,..",
	  .kind = CLI_CHOICES,
	  AT(ncompanions),
	  .chosen = offsetof(struct pin_options, companions),
	  .choices = companions,
	  .what = "load",
	  .help = "What the CPU does, by default trace if recorded, else the others" },
	{ .name = "memory",
	  .key = 'm',
	  .arg = "SIZE",
	  .kind = CLI_BYTES,
	  AT(memory_bytes),
	  .least = PAGE_BYTES,
	  .help = "Memory of the VM; default: what the trace says, else the pages it touches" },
	{ .name = "reclaim",
	  .arg = "R",
	  .kind = CLI_SET_AS,
	  AT(sets),
	  .set_as = "memory.reclaim",
	  .help = "Short for --set memory.reclaim=R" },
	{ .name = "backend",
	  .arg = "B",
	  .kind = CLI_SET_AS,
	  AT(sets),
	  .set_as = "iopf.backend",
	  .choices = iopf_backends,
	  .help = "Short for --set iopf.backend=B" },
	ACCESS_OPTION(AT(model)),
	{ .name = "design",
	  .arg = "FILE.ini",
	  .kind = CLI_TEXT,
	  AT(design),
	  .choices = design_names_pin,
	  .files = "ini",
	  .help = "Parameters from a file, or a built-in design by name" },
	CLI_OPTION_RECORDING(AT(recording)),
	CLI_OPTION_SET(AT(sets), "One parameter"),
	{ .name = "goal",
	  .key = 'g',
	  .arg = "GOAL",
	  .kind = CLI_CALL,
	  .each = set_goal,
	  .fallback = "iopf.max_1s<=10",
	  .given = offsetof(struct pin_options, has_own_goal),
	  .help = "As 'iopf.max_1s<=1,cpu_major<=5/s'; given: exit status 1 if no budget meets "
		  "it" },
	{ .name = "seed",
	  .arg = "S,..",
	  .kind = CLI_LIST,
	  AT(nseeds),
	  .each = add_seed,
	  .most = PIN_SEEDS_MAX,
	  .fallback = "1",
	  .help = "Of the declared CPU load and policies that draw" },
	CLI_OPTION_THREADS(AT(threads)),
	CLI_OPTION_PLOT(AT(plot), "Draw faults by pinned share"),
	{ .name = "plot-timeline",
	  .arg = "FILE",
	  .kind = CLI_PLOT,
	  AT(timeline),
	  .help = "Likewise faults and memory of the answer over time" },
	{ .name = "plot-footprint",
	  .arg = "FILE",
	  .kind = CLI_PLOT,
	  AT(footprint),
	  .help = "Likewise which pages devices use over time, and where the faults are" },
	{ .name = "explain",
	  .kind = CLI_FLAG,
	  AT(explains),
	  .help = "Tell which devices, pages and times are behind the faults of the answer" },
	{ .name = "pin-map",
	  .arg = "FILE",
	  .kind = CLI_TEXT,
	  AT(pin_map),
	  .help = "Also policy map: what this pin map says (pugmark score --backtest --pin-map)" },
	{ .name = "pin-map-at",
	  .arg = "TIME",
	  .kind = CLI_NS,
	  AT(pin_map_at_ns),
	  .help = "When the map starts, after the start of the trace; default: 0" },
	{ .name = "try-inputs",
	  .kind = CLI_FLAG,
	  AT(tries_inputs),
	  .help = "Run the answer with other inputs, also for JSON or on a large trace" },
	CLI_OPTION_RESULTS(AT(results)),
	CLI_OPTION_ASSUMPTIONS(AT(wants_assumptions)),
	{ .name = "fault-rate",
	  .arg = "R,..",
	  .kind = CLI_LIST,
	  AT(nrates),
	  .each = add_rate,
	  .most = PIN_FAULT_RATES_MAX,
	  .help = "Replay nothing: what I/O suffers at these rates, as 0,1,2,5,10/s, and where "
		  "a limit breaks" },
	{ .name = "compare-backends",
	  .kind = CLI_FLAG,
	  AT(compares_backends),
	  .help = "The fault hardware side by side, on the trace and under other loads" },
	{ .name = "backtest",
	  .kind = CLI_FLAG,
	  AT(is_backtest),
	  .help = "Pin nothing; compare with the faults that the trace recorded" },
};

static const struct cli_command command = {
	.args_doc = "TRACE [TRACE... --pool SIZE]",
	.doc = "Replays the DMA of a trace on a host that reclaims memory: how many I/O page "
	       "faults, with what pinned?\v"
	       "Examples:\n"
	       "  pugmark pin web7.db\n"
	       "  pugmark pin web7.db --policy none,lru,at-risk --budget 1%,5% --overcommit 20%\n"
	       "  pugmark pin web7.db --goal 'iopf.max_1s<=1,cpu_major<=5/s'",
	.options = options,
	.noptions = sizeof(options) / sizeof(*options),
	.cli_offset = offsetof(struct pin_options, cli),
	.argument = take_trace,
	.check = check,
};

static int read_design(const struct pin_options *o, const struct pin_devices *devices,
		       struct pin_design *d, struct err *e)
{
	const struct pin_design_sources sources = {
		.chosen = (struct policy_chosen *)(uintptr_t)o->policies,
		.nchosen = o->npolicies,
		.path = o->design,
		.sets = o->sets.text,
		.nsets = o->sets.n,
		.functions = devices->nlists,
	};
	return pin_design_read(d, &sources, e);
}

/* A list of the design, unless the user gave one: 1 when it was taken. */
static int take_choice(struct pin_options *o, const char *text, bool is_own, size_t *n, size_t most,
		       cli_each each, struct err *e)
{
	char copy[PARAM_LINE_BYTES_MAX + 1];
	if (!text || is_own)
		return 0;
	snprintf(copy, sizeof(copy), "%s", text);
	*n = 0;
	int rc = 0;
	for (char *rest = copy, *part; !rc && (part = strsep(&rest, ","));) {
		part += strspn(part, " ");
		part[strcspn(part, " ")] = 0;
		rc = *n < most ? each(o, part, e) : err_set(e, ERR_USAGE, "more than %zu", most);
	}
	return rc ? rc : 1;
}

static int take_choices(struct pin_options *o, const struct pin_design *d, struct err *e)
{
	const struct pin_choice *c = &d->choice;
	int taken = take_choice(o, c->overcommit, o->has_own_overcommit, &o->novercommits,
				PIN_OVERCOMMITS_MAX, add_overcommit, e);
	if (taken < 0)
		return param_blame(&d->set, "memory", "overcommit", e);
	o->has_own_overcommit |= taken == 1;
	taken = take_choice(o, c->budget, o->has_own_budget, &o->nbudgets, PIN_BUDGETS_MAX,
			    add_budget, e);
	if (taken < 0)
		return param_blame(&d->set, "pin", "budget", e);
	taken = take_choice(o, c->policy, o->has_own_policy, &o->npolicies, PIN_POLICIES_MAX,
			    add_policy, e);
	return taken < 0 ? param_blame(&d->set, "pin", "policy", e) : taken;
}

int pin_options_design(struct pin_options *o, const struct pin_devices *devices,
		       struct pin_design *d, struct err *e)
{
	int rc = read_design(o, devices, d, e);
	if (!rc)
		rc = take_choices(o, d, e);
	if (rc == 1) { /* once more, with the parameters of the policies that it chose */
		arena_deinit(&d->arena);
		rc = read_design(o, devices, d, e);
	}
	if (o->companions[PIN_BY_BACKGROUND])
		param_section_use(&d->set, "background");
	if (devices->ndevices[PIN_BLOCK])
		param_section_use(&d->set, "block");
	if (devices->ndevices[PIN_NIC])
		param_section_use(&d->set, "nic");
	return rc;
}

bool pin_takes_budget(const struct policy *p)
{
	static const struct policy_pinning nothing = {};
	return !p->pinning || (!p->pinning->is_unbounded && !p->pinning->needs_map &&
			       memcmp(p->pinning, &nothing, sizeof(nothing)));
}

void pin_options_parse(struct pin_options *o, int argc, char **argv)
{
	cli_options_parse(&command, argc, argv, o);
	o->threads = cli_threads(o->threads);
}
