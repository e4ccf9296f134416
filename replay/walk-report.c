// SPDX-License-Identifier: MIT
/* Rows of `pugmark walk`: counters named as in the oracle's files (data/walk/oracle). */
#include "replay/walk-report.h"

#include <inttypes.h>
#include <stdio.h>

enum { OBJECT_BYTES = 1200 }; /* WALK_REFS_MAX pairs of `"35":20 digits,` */

/* {"4":1,"1":935736}: what is 0 is left out. */
static const char *object_text(const uint64_t *v, unsigned n, bool is_descending,
			       char out[OBJECT_BYTES])
{
	size_t used = 0;
	out[used++] = '{';
	for (unsigned i = 0; i < n; i++) {
		const unsigned at = is_descending ? n - 1 - i : i;
		if (v[at])
			used += (size_t)snprintf(out + used, OBJECT_BYTES - used,
						 "%s\"%u\":%" PRIu64, used > 1 ? "," : "", at,
						 v[at]);
	}
	out[used++] = '}';
	out[used] = 0;
	return out;
}

static const struct report_column columns[] = {
	{ "design", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "mode", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	{ "accesses", NULL, REPORT_U64, REPORT_EVERYWHERE },
	{ "l1_hit", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "l1_miss", "L1 misses", REPORT_U64, REPORT_EVERYWHERE },
	{ "stlb_hit", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "stlb_miss", "walks", REPORT_U64, REPORT_EVERYWHERE },
	{ "guest_refs", "guest refs", REPORT_U64, REPORT_EVERYWHERE },
	{ "host_refs", "host refs", REPORT_U64, REPORT_EVERYWHERE },
	{ "host_refs_for_tables", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "host_refs_for_data", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "total_refs", "refs", REPORT_U64, REPORT_EVERYWHERE },
	{ "ntlb_lookup", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "ntlb_hit", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "data_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "table_pages", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "guest_refs_level", NULL, REPORT_LIST, REPORT_ONLY_JSON },
	{ "host_refs_level", NULL, REPORT_LIST, REPORT_ONLY_JSON },
	{ "guest_start_level", NULL, REPORT_LIST, REPORT_ONLY_JSON },
	{ "walk_refs_hist", NULL, REPORT_LIST, REPORT_ONLY_JSON },
};

static void show_row(struct report *r, const struct walk_row *row)
{
	char guest[OBJECT_BYTES], host[OBJECT_BYTES], start[OBJECT_BYTES], hist[OBJECT_BYTES];
	const struct walk_counts *c = &row->counts;
	const unsigned levels = PAGETABLE_LEVELS_MAX + 1;
	const struct report_value values[] = {
		REPORT_S(row->design->name),
		REPORT_S(walk_mode_names[row->design->config.mode]),
		REPORT_U(c->accesses),
		REPORT_U(c->l1_hit),
		REPORT_U(c->l1_miss),
		REPORT_U(c->stlb_hit),
		REPORT_U(c->stlb_miss),
		REPORT_U(c->guest_refs),
		REPORT_U(c->host_refs),
		REPORT_U(c->host_refs_for_tables),
		REPORT_U(c->host_refs_for_data),
		REPORT_U(c->total_refs),
		REPORT_U(c->ntlb_lookup),
		REPORT_U(c->ntlb_hit),
		REPORT_U(c->data_pages),
		REPORT_U(c->table_pages),
		REPORT_S(object_text(c->guest_refs_level, levels, true, guest)),
		REPORT_S(object_text(c->host_refs_level, levels, true, host)),
		REPORT_S(object_text(c->guest_start_level, levels, true, start)),
		REPORT_S(object_text(c->walk_refs_hist, WALK_REFS_MAX + 1, false, hist)),
	};
	report_row(r, values);
}

void walk_report(struct report *r, const struct walk_answer *a)
{
	report_table(r, "rows", NULL, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < a->nrows; i++)
		show_row(r, &a->rows[i]);
}
