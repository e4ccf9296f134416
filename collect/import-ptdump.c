// SPDX-License-Identifier: MIT
/*
 * A page-table dump (ptdump.h) as ptpage rows: of each snapshot the tables by
 * level and node, and the leaf entries by node of their table and node of the
 * page they map. Needs the dump's own numamap: frames of a guest's table are
 * the guest's, and only with the extended page table (numa classify) it can be
 * told where they are. Snapshots have no time but their order: one a second.
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "collect/import.h"
#include "collect/ptdump.h"
#include "collect/ptnodes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEAF_LEVELS = 2 };

struct state {
	struct import *im;
	struct trace_stream *stream;
	struct ptdump dump;
	struct ptnodes where;
	struct ptpage_event row;
	uint64_t tables[PTDUMP_LEVELS + 1][PTNODES_NONE + 1];
	uint64_t *entries; /* by level, node of the table, node of the page */
	uint64_t outside;  /* frames that no range holds */
};

static uint64_t *entries_at(struct state *s, unsigned level, unsigned node)
{
	return &s->entries[((size_t)level * (PTNODES_NONE + 1) + node) * (PTNODES_NONE + 1)];
}

static void count_table(struct state *s)
{
	const struct ptdump_table *t = &s->dump.table;
	const unsigned node = ptnodes_find(&s->where, t->frame);
	s->tables[t->level][node]++;
	s->outside += node == PTNODES_NONE;
	if (t->level > LEAF_LEVELS)
		return;
	uint64_t *of = entries_at(s, t->level, node);
	for (unsigned i = 0; i < t->n; i++) {
		const uint64_t frame = ptdump_frame(t->entry[i]);
		if (t->level == 2 && t->entry[i] & PTDUMP_TABLE)
			continue;
		const unsigned data =
			ptnodes_find(&s->where, t->level == 2 ? frame * PTDUMP_ENTRIES : frame);
		of[data]++;
		s->outside += data == PTNODES_NONE;
	}
}

static int put(struct state *s, unsigned level, unsigned node, unsigned data, uint64_t count,
	       struct err *e)
{
	if (!count || node == PTNODES_NONE || data == PTNODES_NONE)
		return 0;
	s->row.level = (uint8_t)level;
	s->row.node = (uint16_t)node;
	s->row.data_node = (uint16_t)data;
	s->row.count = count;
	s->im->at.stored++;
	return ptpage_put(s->stream, &s->row, e);
}

static int put_snapshot(struct state *s, struct err *e)
{
	const unsigned nodes = s->where.nodes;
	int rc = 0;
	s->row.asid = (uint32_t)s->dump.process;
	for (unsigned level = PTDUMP_LEVELS; level >= 1; level--)
		for (unsigned node = 0; node < nodes && !rc; node++)
			rc = put(s, level, node, UINT16_MAX, s->tables[level][node], e);
	for (unsigned level = LEAF_LEVELS; level >= 1; level--)
		for (unsigned node = 0; node < nodes; node++)
			for (unsigned data = 0; data < nodes && !rc; data++)
				rc = put(s, level, node, data, entries_at(s, level, node)[data], e);
	s->im->at.last_ns = s->row.ts;
	s->row.ts += NS_PER_SEC;
	memset(s->tables, 0, sizeof(s->tables));
	for (unsigned level = 1; level <= LEAF_LEVELS; level++)
		memset(entries_at(s, level, 0), 0,
		       sizeof(uint64_t) * (PTNODES_NONE + 1) * (PTNODES_NONE + 1));
	return rc;
}

static void warn(void *ctx, const char *sentence)
{
	struct state *s = ctx;
	import_damage(s->im, "%s", sentence);
}

static int read_dump(struct state *s, struct err *e)
{
	struct err why = {};
	int item, rc = 0;
	while (!rc && (item = ptdump_next(&s->dump, e)) > 0) {
		if (item == PTDUMP_NODE && ptnodes_add(&s->where, &s->dump.node, &why))
			ptdump_damage(&s->dump, "%s", why.msg);
		else if (item == PTDUMP_BEGIN && !s->where.n)
			return err_set(e, ERR_UNUSABLE,
				       "%.120s: line %" PRIu64
				       ": expected <numamap> before <ptdump>: where a guest's "
				       "frames are needs its extended table (numa classify)",
				       input_name(s->im->in), s->dump.line);
		else if (item == PTDUMP_LEVEL)
			count_table(s);
		else if (item == PTDUMP_DONE)
			rc = put_snapshot(s, e);
	}
	return rc ? rc : item;
}

static int run(struct import *im, struct err *e)
{
	_free_ struct state *s = calloc(1, sizeof(*s));
	_free_ uint64_t *entries = calloc((LEAF_LEVELS + 1) * (size_t)(PTNODES_NONE + 1),
					  (PTNODES_NONE + 1) * sizeof(*entries));
	if (!s || !entries)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->im = im;
	s->entries = entries;
	s->dump = (struct ptdump){ .in = im->in, .warn = warn, .ctx = s };
	s->row = (struct ptpage_event){ .ept = UINT8_MAX, .pfn = UINT64_MAX };
	int rc = trace_writer_stream(im->w, KIND_PTPAGE, &s->stream, e);
	if (!rc)
		rc = trace_writer_source(im->w, "ptdump", "tables and leaf entries of one process",
					 &s->row.source, e);
	if (!rc)
		rc = read_dump(s, e);
	ptnodes_deinit(&s->where);
	if (rc)
		return rc;
	im->at.bad += s->dump.damages;
	if (s->outside)
		import_damage(im, "%s: %" PRIu64 " frames lie outside of the numamap's nodes",
			      input_name(im->in), s->outside);
	return import_end(im, "ptpage", e);
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	if (memmem(head, n, "<ptdump process=", 16))
		return 95;
	return n > 9 && !memcmp(head, "<numamap>", 9) ? 60 : 0;
}

const struct importer import_ptdump = {
	.name = "ptdump",
	.summary = "page-table dumps of the Mitosis tool: tables and leaf entries by node",
	.extensions = "txt",
	.sniff = sniff,
	.run = run,
	.clock = "sequence",
};
