// SPDX-License-Identifier: MIT
/* The rows of section [walk-costs], the profiles of processors, and the sums. */
#include "sim/walk-cost.h"

#include "base/embedded.h"

#include <string.h>

enum { LINE_BYTES = 64, LEVELS_OF_BOTH = 2 * PAGETABLE_LEVELS_MAX };

const char *const walk_processor_names[] = { "skylake", "zen2", "zen4", NULL };

#define ROW(name, type, unit, preset, max, field, choices, help)      \
	{                                                             \
		"walk-costs", name, type, unit, preset, 0, max, help, \
			offsetof(struct walk_costs, field), choices   \
	}
#define CYCLES(name, preset, field, help) \
	ROW(name, PARAM_U64, "cycles", preset, CYCLES_MAX, field, NULL, help)
#define BYTES(name, preset, field, help) ROW(name, PARAM_BYTES, NULL, preset, 0, field, NULL, help)

enum { CYCLES_MAX = 1000000 };

const struct param walk_cost_params[] = {
	ROW("processor", PARAM_CHOICE, NULL, "skylake", 0, processor, walk_processor_names,
	    "Whose profile gives TLBs and costs that the design does not"),
	CYCLES("access", "8 | guess", access, "An access and the work until the next, translated"),
	ROW("exposed", PARAM_PPM, NULL,
	    "64% | derived | vMitosis logs: canneal (gups 50%, btree 91%)", PPM_PER_ONE,
	    exposed_ppm, NULL, "Share of translation that execution cannot hide"),
	ROW("data_exposed", PARAM_PPM, NULL, "52% | guess", PPM_PER_ONE, data_exposed_ppm, NULL,
	    "Likewise, of the data of an access that walks"),
	CYCLES("stlb_hit", "7 | guess", stlb_hit, "Hit of the second TLB"),
	BYTES("l1_tables", "8K | guess", cache_bytes[0], "Lines of tables in the first cache"),
	BYTES("l2_tables", "256K | guess", cache_bytes[1], "In the second"),
	BYTES("llc_tables", "4M | guess", cache_bytes[2], "In the last-level cache"),
	BYTES("llc_data", "16M | guess", llc_data_bytes, "There, lines of data"),
	CYCLES("l1", "5 | guess", cache[0], "Reference that hits the first cache"),
	CYCLES("l2", "14 | guess", cache[1], "The second"),
	CYCLES("llc", "70 | guess", cache[2], "The last-level cache"),
	CYCLES("memory", "230 | guess", memory, "Memory"),
	CYCLES("exit", "1539 | published | kvm list 12 Mar 2020, vmcall round trip, Skylake", exit,
	       "To the host and back"),
	CYCLES("handling", "1000 | guess", handling,
	       "Work of the host in an exit of shadow paging"),
	CYCLES("sync_table", "600 | guess", sync_table, "Reading a leaf table again"),
	CYCLES("tag_hit", "4 | guess | our tag model", tag_hit, "Tag that its cache holds"),
	CYCLES("tag_miss", "70 | guess | our tag model", tag_miss, "Tag that it does not"),
	CYCLES("revoke", "4000 | guess | an exit, a shootdown", revoke,
	       "Page that the host takes under TPT"),
};
const size_t walk_cost_nparams = sizeof(walk_cost_params) / sizeof(walk_cost_params[0]);

int walk_read_processor(struct param_set *s, const char *name, struct err *e)
{
	static const char folder[] = "sim/profiles/processor-";
	char path[64] = "";
	for (size_t i = 0; walk_processor_names[i]; i++)
		if (!strcmp(name, walk_processor_names[i])) {
			strcpy(path, folder);
			strcat(path, name);
			strcat(path, ".ini");
		}
	const char *text = *path ? embedded_text(path) : NULL;
	if (!text)
		return err_set(e, ERR_BUG, "no profile of a processor '%.40s'", name);
	return param_read_text(s, path, text, strlen(text), PARAM_PROFILE, e);
}

/* ---- sums ---- */

static uint64_t add(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, &a) ? UINT64_MAX : a;
}

/* a * b / c, rounded down; a * b may need 128 bits. */
static uint64_t part(uint64_t a, uint64_t b, uint64_t c)
{
	const unsigned __int128 q = (unsigned __int128)a * b / c;
	return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

/* The references to tables of one level of one side. */
struct stream {
	uint64_t refs, lines;
	uint64_t *cycles;
};

/* Most references a line first; equal ones in the order they came. */
static void sort(struct stream *s, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		const struct stream moved = s[i];
		unsigned at = i;
		for (; at; at--) {
			const unsigned __int128 a = (unsigned __int128)moved.refs * s[at - 1].lines;
			if (a <= (unsigned __int128)s[at - 1].refs * moved.lines)
				break;
			s[at] = s[at - 1];
		}
		s[at] = moved;
	}
}

static void price(const struct walk_costs *p, struct stream *s, unsigned n)
{
	uint64_t room[WALK_CACHES];
	for (int i = 0; i < WALK_CACHES; i++)
		room[i] = p->cache_bytes[i] / LINE_BYTES;
	sort(s, n);
	for (unsigned i = 0; i < n; i++) {
		uint64_t left = s[i].lines;
		for (int k = 0; k < WALK_CACHES; k++) {
			const uint64_t here = left < room[k] ? left : room[k];
			room[k] -= here;
			left -= here;
			const uint64_t refs = part(s[i].refs, here, s[i].lines);
			*s[i].cycles = add(*s[i].cycles, times(refs, p->cache[k]));
		}
		const uint64_t refs = part(s[i].refs, left, s[i].lines);
		*s[i].cycles = add(*s[i].cycles, times(refs, p->memory));
	}
}

static void price_walks(const struct walk_costs *p, const struct walk_counts *c,
			struct walk_cycles *out)
{
	struct stream streams[LEVELS_OF_BOTH];
	unsigned n = 0;
	for (unsigned level = 1; level <= PAGETABLE_LEVELS_MAX; level++) {
		/* lines may be gone since they were read: a process that exited */
		if (c->guest_refs_level[level])
			streams[n++] = (struct stream){ c->guest_refs_level[level],
							c->guest_lines[level] + 1,
							&out->guest_level[level] };
		if (c->host_refs_level[level])
			streams[n++] = (struct stream){ c->host_refs_level[level],
							c->host_lines[level] + 1,
							&out->host_level[level] };
	}
	price(p, streams, n);
	for (unsigned level = 1; level <= PAGETABLE_LEVELS_MAX; level++)
		out->walk = add(out->walk, add(out->guest_level[level], out->host_level[level]));
}

/* Data of the accesses that walk. */
static uint64_t price_data(const struct walk_costs *p, const struct walk_config *d,
			   const struct walk_counts *c)
{
	const uint64_t bytes =
		times(c->mapped_pages, UINT64_C(1) << pagetable_shift(d->leaves.level));
	const uint64_t near = bytes < p->llc_data_bytes ? bytes : p->llc_data_bytes;
	const uint64_t hits = bytes ? part(c->stlb_miss, near, bytes) : 0;
	const uint64_t all =
		add(times(hits, p->cache[WALK_CACHES - 1]), times(c->stlb_miss - hits, p->memory));
	return part(all, p->data_exposed_ppm, PPM_PER_ONE);
}

void walk_cost(const struct walk_costs *p, const struct walk_config *d, const struct walk_counts *c,
	       struct walk_cycles *out)
{
	*out = (struct walk_cycles){ .base = add(times(c->accesses, p->access),
						 price_data(p, d, c)),
				     .stlb = times(c->stlb_hit, p->stlb_hit) };
	price_walks(p, c, out);
	if (d->mode == WALK_TPT_NAIVE)
		out->tags =
			add(times(c->tag_lookups, p->tag_hit), times(c->tag_misses, p->tag_miss));
	const uint64_t shown = add(add(out->walk, out->stlb), out->tags);
	out->translation = part(shown, p->exposed_ppm, PPM_PER_ONE);
	out->exits = add(times(c->exits, add(p->exit, p->handling)),
			 times(c->synced_tables, p->sync_table));
	out->revokes = times(c->revokes, p->revoke);
	const uint64_t on_top = add(add(out->translation, out->exits), out->revokes);
	out->total = add(out->base, on_top);
	out->translation_ppm = quantity_ratio_ppm(on_top, out->total);
}
