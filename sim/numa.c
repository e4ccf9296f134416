// SPDX-License-Identifier: MIT
/*
 * References of page walks by where they are served. A reference reads 8 bytes
 * of a line of 64; the line is looked for in a core's cache, then a socket's
 * (both LRU, shared with the program's data), else in the memory of the node
 * that the table's page lies on. Source of the placements: vMitosis (ASPLOS'21)
 * and Mitosis (ASPLOS'20).
 */
#include "sim/numa.h"

#include "base/rng.h"
#include "sim/lruset.h"

#include <string.h>

enum {
	LINE_SHIFT = 6,
	ENTRY_SHIFT = 3,     /* 8 bytes */
	TURN_ROWS_SHIFT = 6, /* wide: a node's thread runs for so many rows */
	KIND_SHIFT = 60,
	LEVEL_SHIFT = 56,
	TABLE_FRAME_SHIFT = 41, /* above all data of 48 bits, and of those of 57 that there are */
};

/* In the key of a line: table pages of either kind, or data. */
enum line_kind { LINE_GPT, LINE_EPT, LINE_DATA };

struct design {
	const struct numa_config *config;
	struct numa_counts counts;
};

struct numa {
	const struct numa_machine *machine;
	struct lruset l2, llc;
	struct design *designs;
	size_t ndesigns;

	const uint64_t *va; /* of this batch */
	size_t nrows, next_row;
	uint64_t rows_before; /* this batch */
	uint64_t space;       /* mixed into keys */
	uint64_t rows, walks, data_lines;
	uint64_t cached[NUMA_TABLES][NUMA_AT_LOCAL]; /* the same for all designs */
};

/* ---- layout ---- */

/*
 * Linux takes pages that cannot move, tables among them, out of blocks of their
 * own: tables of a level lie side by side, far from data.
 */
uint64_t numa_frame_of_data(uint64_t va)
{
	return va >> 12;
}

uint64_t numa_frame_of_table(uint64_t va, unsigned level)
{
	return ((uint64_t)level << TABLE_FRAME_SHIFT) + (va >> pagetable_shift(level + 1));
}

/* ---- placement ---- */

unsigned numa_node_of(const struct numa_config *c, int place, unsigned node, uint64_t key)
{
	const bool is_one_toucher = c->toucher == NUMA_MAIN || c->span == NUMA_THIN;

	switch ((enum numa_place)place) {
	case NUMA_LOCAL:
		return node;
	case NUMA_REMOTE:
		return (unsigned)((node + 1) % c->nodes);
	case NUMA_FIRST_TOUCH:
		if (is_one_toucher)
			return 0;
		break;
	case NUMA_INTERLEAVE:
		break;
	}
	/* whoever came first, or whose turn it was: independent of who asks */
	return (unsigned)(((unsigned __int128)splitmix64_mix(key) * c->nodes) >> 64);
}

unsigned numa_table_node(const struct numa_config *c, int table, unsigned node, uint64_t key)
{
	const bool is_moved = c->fix[table] == NUMA_MIGRATE && c->span == NUMA_THIN;

	/* a migrated table goes where most of its pages are: a thin program's are on its node */
	if (c->fix[table] == NUMA_REPLICATE || is_moved)
		return node;
	return numa_node_of(c, c->place[table], node, key);
}

/* ---- setting up ---- */

static bool cache_init(struct lruset *c, uint64_t bytes, uint64_t ways, struct arena *a)
{
	const uint64_t entries = (bytes >> LINE_SHIFT) / ways * ways;
	return lruset_init(c, (uint32_t)entries, (uint32_t)ways, a);
}

int numa_new(const struct numa_machine *machine, const struct numa_config *const *designs, size_t n,
	     struct arena *a, struct numa **out, struct err *e)
{
	struct numa *m = arena_alloc(a, 1, sizeof(*m));
	if (!m)
		return err_set(e, ERR_NOMEM, "no memory for the caches of a node");
	m->machine = machine;
	m->designs = arena_alloc(a, n, sizeof(*m->designs));
	m->ndesigns = n;
	if (!m->designs || !cache_init(&m->l2, machine->l2_bytes, machine->l2_ways, a) ||
	    !cache_init(&m->llc, machine->llc_bytes, machine->llc_ways, a))
		return err_set(e, ERR_NOMEM, "no memory for the caches of a node");
	for (size_t i = 0; i < n; i++)
		m->designs[i].config = designs[i];
	*out = m;
	return 0;
}

/* ---- references ---- */

/* Where a line is found; it is in both caches afterwards. */
static enum numa_served serve(struct numa *m, enum line_kind kind, uint64_t line)
{
	const uint64_t key = ((uint64_t)kind << KIND_SHIFT) + line + m->space;
	const uint64_t number = splitmix64_mix(key) >> 32;

	if (lruset_touch(&m->l2, number, key))
		return NUMA_IN_L2;
	return lruset_touch(&m->llc, number, key) ? NUMA_IN_LLC : NUMA_AT_LOCAL;
}

static void use_data(struct numa *m, size_t row)
{
	m->rows++;
	m->data_lines += serve(m, LINE_DATA, m->va[row] >> LINE_SHIFT) == NUMA_AT_LOCAL;
}

static unsigned node_of_row(const struct numa_config *c, uint64_t row)
{
	return c->span == NUMA_THIN ? 0
				    : (unsigned)(splitmix64_mix(row >> TURN_ROWS_SHIFT) % c->nodes);
}

/* The page of a table of a level, as a number for its place. */
static uint64_t table_key(int table, unsigned level, uint64_t page)
{
	return ((uint64_t)table << KIND_SHIFT) + ((uint64_t)level << LEVEL_SHIFT) + page;
}

/* A reference that memory serves: whose, depends on the design. */
static void account(struct numa *m, int table, uint64_t key, uint64_t row)
{
	for (size_t i = 0; i < m->ndesigns; i++) {
		struct design *d = &m->designs[i];
		const unsigned node = node_of_row(d->config, row);
		enum numa_served at = NUMA_AT_LOCAL;
		if (numa_table_node(d->config, table, node, key) != node)
			at = d->config->is_contended ? NUMA_AT_CONTENDED : NUMA_AT_REMOTE;
		d->counts.refs[table][at]++;
	}
}

/* An entry of the table of a level that maps the address: the guest's, or the host's. */
static void refer(struct numa *m, int table, unsigned level, uint64_t address, uint64_t row)
{
	const uint64_t entry = address >> pagetable_shift(level);
	const uint64_t line = entry >> (LINE_SHIFT - ENTRY_SHIFT);
	const enum line_kind kind = table == NUMA_GPT ? LINE_GPT : LINE_EPT;

	const enum numa_served served = serve(m, kind, ((uint64_t)level << LEVEL_SHIFT) + line);

	if (served < NUMA_AT_LOCAL)
		m->cached[table][served]++;
	else
		account(m, table, table_key(table, level, entry >> 9) + m->space, row);
}

static void classify(struct numa *m, unsigned guest_leaf, unsigned host_leaf, uint64_t va,
		     uint64_t row)
{
	const uint64_t gpa = numa_frame_of_data(va) << 12;
	const uint64_t gpt = table_key(NUMA_GPT, guest_leaf, va >> pagetable_shift(guest_leaf + 1));
	const uint64_t ept = table_key(NUMA_EPT, host_leaf, gpa >> pagetable_shift(host_leaf + 1));

	for (size_t i = 0; i < m->ndesigns; i++) {
		struct design *d = &m->designs[i];
		const unsigned node = node_of_row(d->config, row);
		const bool is_far = numa_table_node(d->config, NUMA_GPT, node, gpt + m->space) !=
				    node;
		const bool is_host_far =
			numa_table_node(d->config, NUMA_EPT, node, ept + m->space) != node;
		d->counts.classes[2 * is_far + is_host_far]++;
	}
}

/*
 * The host's references come in front of the guest's that they make possible:
 * a run of them translates the guest table that is read next, the last run the
 * data.
 */
void numa_walk(void *ctx, const struct walk_record *walk)
{
	struct numa *m = ctx;
	const uint64_t row = m->rows_before + walk->row;
	unsigned guest_leaf = 1, host_leaf = 1;

	while (m->next_row < walk->row && m->next_row < m->nrows)
		use_data(m, m->next_row++);
	m->walks++;
	for (uint32_t i = 0; i < walk->nrefs;) {
		uint32_t end = i;
		while (end < walk->nrefs && walk->refs[end].is_host)
			end++;
		const uint64_t frame =
			end < walk->nrefs ? numa_frame_of_table(walk->va, walk->refs[end].level)
					  : numa_frame_of_data(walk->va);
		const uint64_t gpa = (frame << 12) + (walk->va & 0xfff);
		for (; i < end; i++) {
			host_leaf = walk->refs[i].level;
			refer(m, NUMA_EPT, host_leaf, gpa, row);
		}
		if (i < walk->nrefs) {
			guest_leaf = walk->refs[i++].level;
			refer(m, NUMA_GPT, guest_leaf, walk->va, row);
		}
	}
	classify(m, guest_leaf, host_leaf, walk->va, row);
}

void numa_begin(struct numa *m, uint32_t space, const uint64_t *va, size_t n)
{
	m->va = va;
	m->nrows = n;
	m->next_row = 0;
	/* an address of 57 bits as a line or entry leaves these bits of a key free */
	m->space = (uint64_t)(space & 0xf) << 52;
}

void numa_end(struct numa *m)
{
	while (m->next_row < m->nrows)
		use_data(m, m->next_row++);
	m->rows_before += m->nrows;
}

/* ---- results ---- */

void numa_restart(struct numa *m)
{
	m->rows = m->walks = m->data_lines = 0;
	memset(m->cached, 0, sizeof(m->cached));
	for (size_t i = 0; i < m->ndesigns; i++)
		m->designs[i].counts = (struct numa_counts){};
}

void numa_counts(const struct numa *m, size_t design, struct numa_counts *out)
{
	*out = m->designs[design].counts;
	out->rows = m->rows;
	out->walks = m->walks;
	out->data_lines = m->data_lines;
	for (int t = NUMA_GPT; t < NUMA_TABLES; t++)
		memcpy(out->refs[t], m->cached[t], sizeof(m->cached[t]));
}

uint64_t numa_cycles(const struct numa_machine *machine, const struct numa_counts *c, int table)
{
	/* in millionths of a cycle, so that ratios are not rounded away */
	const uint64_t cost_ppm[NUMA_SERVED] = {
		[NUMA_IN_L2] = machine->l2_cycles * PPM_PER_ONE,
		[NUMA_IN_LLC] = machine->llc_cycles * PPM_PER_ONE,
		[NUMA_AT_LOCAL] = machine->local_cycles * PPM_PER_ONE,
		[NUMA_AT_REMOTE] = machine->local_cycles * machine->remote_ppm,
		[NUMA_AT_CONTENDED] = machine->local_cycles * machine->contended_ppm,
	};
	unsigned __int128 sum = 0;

	for (int t = NUMA_GPT; t < NUMA_TABLES; t++)
		for (int s = 0; s < NUMA_SERVED && (table == NUMA_TABLES || table == t); s++)
			sum += (unsigned __int128)c->refs[t][s] * cost_ppm[s];
	return (uint64_t)((sum + PPM_PER_ONE / 2) / PPM_PER_ONE);
}
