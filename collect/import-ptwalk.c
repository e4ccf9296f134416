// SPDX-License-Identifier: MIT
/*
 * Counts of a guest's page tables that were read from its memory while it was
 * paused: a JSON array with one object a look, in order:
 *
 *	{"phase": 1, "tables": {"L1n0": 48, ..}, "pte_page_node_vs_data_node": {"pt0->d0": 24576,
 *..}}
 *
 * LxnY are tables of level x on node Y, ptA->dB leaf entries whose table is on A
 * and whose page on B: ptpage rows. Looks have no time but their order, one a
 * second; other members are passed over ("leaves" are sums of the last).
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "collect/import.h"
#include "collect/jsonpull.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 26, MILLION = 1000000, LEVELS_MAX = 5 };

struct state {
	struct import *im;
	struct trace_stream *stream;
	struct jsonpull json;
	struct ptpage_event row;
	uint64_t looks;
};

/* "L1n0" or "pt0->d1" into the row; false when it is neither. */
static bool name_place(struct ptpage_event *row, const char *where, const char *name)
{
	unsigned a, b;
	int end = 0;
	if (!strcmp(where, "tables")) {
		if (sscanf(name, "L%un%u%n", &a, &b, &end) != 2 || name[end] || !a ||
		    a > LEVELS_MAX || b >= UINT16_MAX)
			return false;
		row->level = (uint8_t)a;
		row->node = (uint16_t)b;
		row->data_node = UINT16_MAX;
		return true;
	}
	if (sscanf(name, "pt%u->d%u%n", &a, &b, &end) != 2 || name[end] || a >= UINT16_MAX ||
	    b >= UINT16_MAX)
		return false;
	row->level = 1;
	row->node = (uint16_t)a;
	row->data_node = (uint16_t)b;
	return true;
}

static int take_number(struct state *s, struct err *e)
{
	const char *where = jsonpull_name(&s->json, 1), *name = jsonpull_name(&s->json, 0);
	uint64_t count_e6;
	if (strcmp(where, "tables") && strcmp(where, "pte_page_node_vs_data_node"))
		return 0;
	if (!name_place(&s->row, where, name) || !jsonpull_millionths(&s->json, &count_e6) ||
	    count_e6 % MILLION) {
		import_bad_record(s->im, s->json.at,
				  "expected \"LxnY\" or \"ptA->dB\" with a count");
		return 0;
	}
	s->row.count = count_e6 / MILLION;
	s->im->at.stored++;
	return ptpage_put(s->stream, &s->row, e);
}

static int decode(struct state *s, struct err *e)
{
	for (;;) {
		int rc = 0;
		switch (jsonpull_next(&s->json)) {
		case JSON_END:
			return 0;
		case JSON_BAD:
			import_bad_record(s->im, s->json.at, "expected JSON");
			return 0;
		case JSON_OBJECT:
			if (s->json.depth == 2)
				s->im->at.last_ns = s->row.ts = s->looks++ * NS_PER_SEC;
			break;
		case JSON_NUMBER:
			rc = take_number(s, e);
			break;
		default:
			break;
		}
		if (rc)
			return rc;
	}
}

static int run(struct import *im, struct err *e)
{
	struct state s = { .im = im, .row = { .asid = UINT32_MAX, .ept = 0, .pfn = UINT64_MAX } };
	_free_ char *text = NULL;
	size_t n = 0;
	int rc = trace_writer_stream(im->w, KIND_PTPAGE, &s.stream, e);
	if (!rc)
		rc = trace_writer_source(im->w, "ptwalk", "tables and leaf entries of one process",
					 &s.row.source, e);
	if (!rc)
		rc = import_whole(im, TEXT_BYTES_MAX, &text, &n, e);
	if (rc)
		return rc;
	jsonpull_init(&s.json, text, n);
	rc = decode(&s, e);
	if (!rc && input_damage(im->in))
		import_damage(im, "%s", input_damage(im->in));
	return rc ? rc : import_end(im, "ptpage", e);
}

static int sniff(const uint8_t *head, size_t n, bool is_whole)
{
	(void)is_whole;
	return memmem(head, n, "\"pte_page_node_vs_data_node\"", 28) ? 95 : 0;
}

const struct importer import_ptwalk = {
	.name = "ptwalk",
	.summary = "a guest's page tables by node, counted from outside (JSON)",
	.extensions = "json",
	.sniff = sniff,
	.run = run,
	.clock = "sequence",
};
