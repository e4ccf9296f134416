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
	uint64_t rows, walks;
	uint64_t fetched, fetched_before; /* lines from memory: ever, and in the warm-up */
	uint64_t cached[NUMA_TABLES + 1]
		       [NUMA_AT_LOCAL]; /* the same for all designs; the last: data */
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

/* A line by its key, and the number that picks its set in either cache. */
struct line {
	uint64_t key, number;
};

/* Its sets are fetched ahead: they seldom lie in the caches of the machine that runs this. */
static struct line find_line(const struct numa *m, enum line_kind kind, uint64_t line)
{
	const uint64_t key = ((uint64_t)kind << KIND_SHIFT) + line + m->space;
	const struct line l = { key, splitmix64_mix(key) >> 32 };
	const uint64_t *set = lruset_at(&m->llc, l.number);

	__builtin_prefetch(lruset_at(&m->l2, l.number));
	__builtin_prefetch(set);
	__builtin_prefetch(set + m->llc.ways - 1);
	return l;
}

/* Where a line is found; it is in both caches afterwards. */
static enum numa_served serve(struct numa *m, struct line l)
{
	if (lruset_touch(&m->l2, l.number, l.key))
		return NUMA_IN_L2;
	if (lruset_touch(&m->llc, l.number, l.key))
		return NUMA_IN_LLC;
	m->fetched++;
	return NUMA_AT_LOCAL;
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

static enum numa_served distance(const struct numa_config *c, bool is_near)
{
	return is_near ? NUMA_AT_LOCAL : c->is_contended ? NUMA_AT_CONTENDED : NUMA_AT_REMOTE;
}

/* A reference that memory serves: whose, depends on the design. */
static void account(struct numa *m, int table, uint64_t key, uint64_t row)
{
	for (size_t i = 0; i < m->ndesigns; i++) {
		struct design *d = &m->designs[i];
		const unsigned node = node_of_row(d->config, row);
		const unsigned at = numa_table_node(d->config, table, node, key);
		d->counts.refs[table][distance(d->config, at == node)]++;
	}
}

/* The data of a row, by its page. */
static void use_data(struct numa *m, size_t row)
{
	const uint64_t va = m->va[row];
	const enum numa_served served = serve(m, find_line(m, LINE_DATA, va >> LINE_SHIFT));
	const uint64_t key = ((uint64_t)LINE_DATA << KIND_SHIFT) + (va >> 12) + m->space;

	m->rows++;
	if (served < NUMA_AT_LOCAL) {
		m->cached[NUMA_TABLES][served]++;
		return;
	}
	for (size_t i = 0; i < m->ndesigns; i++) {
		struct design *d = &m->designs[i];
		const struct numa_config *c = d->config;
		const unsigned node = node_of_row(c, m->rows_before + row);
		const bool is_near = numa_node_of(c, c->data, node, key) == node;
		d->counts.data[distance(c, is_near)]++;
	}
}

/* A reference to come: an entry of the guest's table, or the host's, of a level. */
struct ref {
	struct line line;
	uint64_t page; /* the table's, as a key */
	int table;
	unsigned level;
};

static struct ref plan(const struct numa *m, int table, unsigned level, uint64_t address)
{
	const uint64_t entry = address >> pagetable_shift(level);
	const uint64_t line = entry >> (LINE_SHIFT - ENTRY_SHIFT);
	const enum line_kind kind = table == NUMA_GPT ? LINE_GPT : LINE_EPT;

	return (struct ref){ find_line(m, kind, ((uint64_t)level << LEVEL_SHIFT) + line),
			     table_key(table, level, entry >> 9) + m->space, table, level };
}

static void refer(struct numa *m, const struct ref *r, uint64_t row)
{
	const enum numa_served served = serve(m, r->line);

	if (served < NUMA_AT_LOCAL)
		m->cached[r->table][served]++;
	else
		account(m, r->table, r->page, row);
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
static void plan_walk(const struct numa *m, const struct walk_record *walk, struct ref *out)
{
	for (uint32_t i = 0; i < walk->nrefs;) {
		uint32_t end = i;
		while (end < walk->nrefs && walk->refs[end].is_host)
			end++;
		const uint64_t frame =
			end < walk->nrefs ? numa_frame_of_table(walk->va, walk->refs[end].level)
					  : numa_frame_of_data(walk->va);
		const uint64_t gpa = (frame << 12) + (walk->va & 0xfff);
		for (; i < end; i++)
			out[i] = plan(m, NUMA_EPT, walk->refs[i].level, gpa);
		if (i < walk->nrefs) {
			out[i] = plan(m, NUMA_GPT, walk->refs[i].level, walk->va);
			i++;
		}
	}
}

void numa_walk(void *ctx, const struct walk_record *walk)
{
	struct numa *m = ctx;
	const uint64_t row = m->rows_before + walk->row;
	unsigned leaf[NUMA_TABLES] = { 1, 1 };
	struct ref refs[WALK_REFS_MAX];

	plan_walk(m, walk, refs);
	while (m->next_row < walk->row && m->next_row < m->nrows)
		use_data(m, m->next_row++);
	m->walks++;
	for (uint32_t i = 0; i < walk->nrefs; i++) {
		leaf[refs[i].table] = refs[i].level;
		refer(m, &refs[i], row);
	}
	classify(m, leaf[NUMA_GPT], leaf[NUMA_EPT], walk->va, row);
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
	m->rows = m->walks = 0;
	m->fetched_before = m->fetched;
	memset(m->cached, 0, sizeof(m->cached));
	for (size_t i = 0; i < m->ndesigns; i++)
		m->designs[i].counts = (struct numa_counts){};
}

bool numa_is_cold(const struct numa *m)
{
	const uint64_t lines = (uint64_t)m->llc.nsets * m->llc.ways;
	return m->fetched_before < lines && (m->fetched - m->fetched_before) * 100 > m->rows;
}

void numa_counts(const struct numa *m, size_t design, struct numa_counts *out)
{
	*out = m->designs[design].counts;
	out->rows = m->rows;
	out->walks = m->walks;
	memcpy(out->data, m->cached[NUMA_TABLES], sizeof(m->cached[NUMA_TABLES]));
	for (int t = NUMA_GPT; t < NUMA_TABLES; t++)
		memcpy(out->refs[t], m->cached[t], sizeof(m->cached[t]));
}

uint64_t numa_data_lines(const struct numa_counts *c)
{
	return c->data[NUMA_AT_LOCAL] + c->data[NUMA_AT_REMOTE] + c->data[NUMA_AT_CONTENDED];
}

uint64_t numa_memory_refs(const struct numa_counts *c, int table)
{
	const uint64_t *refs = c->refs[table];
	return refs[NUMA_AT_LOCAL] + refs[NUMA_AT_REMOTE] + refs[NUMA_AT_CONTENDED];
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
