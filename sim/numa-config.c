// SPDX-License-Identifier: MIT
/* The rows of sections [numa] and [machine], their checks, and the letters of vMitosis. */
#include "sim/numa-config.h"

#include "sim/walk-config.h"

#include <string.h>

static const char *const span_names[] = { "thin", "wide", NULL };
static const char *const view_names[] = { "visible", "oblivious", "told", "measured", NULL };
static const char *const toucher_names[] = { "main", "spread", NULL };
const char *const numa_place_names[] = { "local", "remote", "first-touch", "interleave", NULL };
const char *const numa_fix_names[] = { "none", "migrate", "replicate", NULL };

#define ROW(name, type, unit, text, min, max, help, field, choices)  \
	{                                                            \
		"numa", name, type, unit, text, min, max, help,      \
			offsetof(struct numa_config, field), choices \
	}
#define CHOICE(name, text, help, field, choices) \
	ROW(name, PARAM_CHOICE, NULL, text, 0, 0, help, field, choices)

const struct param numa_params[] = {
	ROW("nodes", PARAM_U64, "nodes", "4", 1, NUMA_NODES_MAX, "Of the host", nodes, NULL),
	CHOICE("span", "thin", "Threads run on one node, or on all", span, span_names),
	CHOICE("gpt", "local", "Where the guest's (or the only) tables lie", place[NUMA_GPT],
	       numa_place_names),
	CHOICE("ept", "local", "Where the host's tables lie", place[NUMA_EPT], numa_place_names),
	CHOICE("data", "local", "Where data lies", data, numa_place_names),
	CHOICE("first_touch", "spread", "Who touched memory first", toucher, toucher_names),
	ROW("interference", PARAM_BOOL, NULL, "no", 0, 0,
	    "Another program streams through the memory of the other nodes", is_contended, NULL),
	CHOICE("gpt_fix", "none", "What is done about the guest's tables", fix[NUMA_GPT],
	       numa_fix_names),
	CHOICE("ept_fix", "none", "What is done about the host's tables", fix[NUMA_EPT],
	       numa_fix_names),
	CHOICE("guest_view", "visible", "What the guest knows of the nodes", view, view_names),
	ROW("exposed", PARAM_PPM, NULL, "100%", 0, 1000000,
	    "Walk cycles that the program waits for", exposed_ppm, NULL),
	ROW("native_walk", PARAM_PPM, NULL, "0%", 0, 990000,
	    "Share of time in walks natively with local tables; 0: as the trace says",
	    native_walk_ppm, NULL),
};
const size_t numa_nparams = sizeof(numa_params) / sizeof(*numa_params);

#define MACHINE(name, type, unit, text, min, max, help, field)     \
	{                                                          \
		"machine", name, type, unit, text, min, max, help, \
			offsetof(struct numa_machine, field), NULL \
	}
#define CYCLES(name, text, help, field) \
	MACHINE(name, PARAM_U64, "cycles", text, 1, 100000, help, field)
#define CACHE_MOST (UINT64_C(1) << 30)

/* Values come from a profile, sim/profiles/numa-*.ini. */
const struct param numa_machine_params[] = {
	MACHINE("l2", PARAM_BYTES, NULL, "1M", 4096, CACHE_MOST, "Cache of a core", l2_bytes),
	MACHINE("l2_ways", PARAM_U64, "ways", "16", 1, 64, "Its ways", l2_ways),
	MACHINE("llc", PARAM_BYTES, NULL, "36608K", 4096, CACHE_MOST, "Cache of a socket",
		llc_bytes),
	MACHINE("llc_ways", PARAM_U64, "ways", "11", 1, 64, "Its ways", llc_ways),
	CYCLES("l2_hit", "14", "A table entry that lies in it", l2_cycles),
	CYCLES("llc_hit", "60", "A table entry that lies in it", llc_cycles),
	CYCLES("local", "200", "A table entry in the memory of the own node", local_cycles),
	MACHINE("remote", PARAM_PPM, NULL, "170%", 1000000, 100000000,
		"In that of another node, of the local time", remote_ppm),
	MACHINE("contended", PARAM_PPM, NULL, "300%", 1000000, 100000000,
		"In that of another node with interference", contended_ppm),
	CYCLES("map", "2522", "Entry written, one copy", map.off),
	CYCLES("map_replicated", "2701", "All copies", map.on),
	CYCLES("unmap", "2134", "Entry cleared, one copy", unmap.off),
	CYCLES("unmap_replicated", "2282", "All copies", unmap.on),
	CYCLES("protect", "939", "Entry changed, one copy", protect.off),
	CYCLES("protect_replicated", "1144", "All copies", protect.on),
	CYCLES("move_table", "4600", "One table to another node", move_cycles),
	MACHINE("streaming", PARAM_U64, "lines", "4", 1, 1000,
		"Lines of data from memory for a walk from which on bandwidth counts",
		streaming_lines),
};
const size_t numa_machine_nparams = sizeof(numa_machine_params) / sizeof(*numa_machine_params);

/* Only nested walks read a table of the host beside the one that numa.gpt is about. */
static const char *why_no_ept(int mode)
{
	if (walk_mode_is_tpt(mode))
		return "under TPT the guest's own table leads to frames of the host, so no table "
		       "of the host is there to place, migrate or replicate; numa.gpt and "
		       "numa.gpt_fix are that table's";
	if (walk_mode_is_shadow(mode))
		return "the shadow table is the only one that is walked, so none of the host's is "
		       "beside it; numa.gpt and numa.gpt_fix are that table's";
	return mode == WALK_NATIVE ? "walk.mode native has no tables of a host" : NULL;
}

int numa_config_check(const struct numa_config *c, int mode, struct err *e)
{
	const bool touches_ept = c->fix[NUMA_EPT] != NUMA_NONE || c->place[NUMA_EPT] != NUMA_LOCAL;
	const char *why = touches_ept ? why_no_ept(mode) : NULL;

	if (why)
		return err_set(e, ERR_USAGE, "numa.ept, numa.ept_fix: %s", why);
	if (c->view == NUMA_OBLIVIOUS && c->fix[NUMA_GPT] == NUMA_REPLICATE)
		return err_set(
			e, ERR_USAGE,
			"numa.gpt_fix=replicate: an oblivious guest knows no nodes to have a "
			"copy on: guest_view=told (NO-P) or measured (NO-F)");
	return 0;
}

static bool has_sets(uint64_t bytes, uint64_t ways)
{
	return bytes / 64 >= ways;
}

int numa_machine_check(const struct numa_machine *m, struct err *e)
{
	if (!has_sets(m->l2_bytes, m->l2_ways) || !has_sets(m->llc_bytes, m->llc_ways))
		return err_set(e, ERR_USAGE, "machine: a cache is smaller than one of its sets");
	if (m->contended_ppm < m->remote_ppm)
		return err_set(e, ERR_USAGE, "machine.contended is less than machine.remote");
	return 0;
}

/* ---- letters ---- */

static bool skip(const char **p, const char *word)
{
	const size_t n = strlen(word);

	if (strncmp(*p, word, n))
		return false;
	*p += n;
	return true;
}

/* RR, or R where there is no table of a host */
static bool thin_letters(const char *p, struct numa_config *c, bool is_native)
{
	for (int t = NUMA_GPT; t < (is_native ? NUMA_EPT : NUMA_TABLES); t++, p++) {
		if (*p != 'L' && *p != 'R')
			return false;
		c->place[t] = *p == 'R' ? NUMA_REMOTE : NUMA_LOCAL;
	}
	c->is_contended = skip(&p, "I");
	const bool is_both = skip(&p, "M");
	if (is_both || (!is_native && skip(&p, "E")))
		c->fix[NUMA_EPT] = is_native ? NUMA_NONE : NUMA_MIGRATE;
	if (is_both || (!is_native && c->fix[NUMA_EPT] == NUMA_NONE && skip(&p, "G")))
		c->fix[NUMA_GPT] = NUMA_MIGRATE;
	return !*p;
}

static bool wide_letters(const char *p, struct numa_config *c)
{
	c->span = NUMA_WIDE;
	c->view = skip(&p, "O") ? NUMA_OBLIVIOUS : NUMA_VISIBLE;
	if (*p != 'F' && *p != 'I')
		return false;
	c->data = *p++ == 'F' ? NUMA_FIRST_TOUCH : NUMA_INTERLEAVE;
	c->place[NUMA_GPT] = c->place[NUMA_EPT] = c->data;
	(void)(c->data == NUMA_FIRST_TOUCH && skip(&p, "A")); /* moves data, no tables */
	if (!skip(&p, "M"))
		return !*p;
	c->fix[NUMA_GPT] = c->fix[NUMA_EPT] = NUMA_REPLICATE;
	if (c->view == NUMA_OBLIVIOUS)
		c->view = skip(&p, "P") ? NUMA_TOLD : skip(&p, "F") ? NUMA_MEASURED : c->view;
	return !*p && c->view != NUMA_OBLIVIOUS;
}

bool numa_config_letters(const char *letters, struct numa_config *out,
			 struct numa_letters *letters_out)
{
	/* TF alone is a wide design of huge pages, TFLL a thin one of fragmented memory */
	static const struct {
		const char *prefix;
		struct numa_letters says;
	} prefixes[] = {
		{ "TF", { .is_huge = true, .is_fragmented = true } },
		{ "T", { .is_huge = true } },
		{ "", {} },
	};
	const struct numa_config plain = { .nodes = out->nodes,
					   .toucher = NUMA_SPREAD,
					   .exposed_ppm = out->exposed_ppm,
					   .native_walk_ppm = out->native_walk_ppm };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		const char *p = letters;
		if (!skip(&p, prefixes[i].prefix))
			continue;
		*letters_out = prefixes[i].says;
		for (int native = 0; native < 2; native++) {
			*out = plain;
			letters_out->is_native = native;
			if (thin_letters(p, out, native))
				return true;
		}
		*out = plain;
		letters_out->is_native = false;
		if (!letters_out->is_fragmented && wide_letters(p, out))
			return true;
	}
	return false;
}
