// SPDX-License-Identifier: MIT
/*
 * Screens of `pugmark walk`. For people: the verdict, one row a design, what
 * would change it. For programs: counters named as in the oracle's files
 * (data/walk/oracle), and the cycles derived from them.
 */
#include "replay/walk-report.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "replay/walk-try.h"
#include "reports/params.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* ---- for programs ---- */

/* Counters and cycles that are one number, in the order of the rows. */
static const struct {
	const char *key;
	size_t offset;
	bool is_cycles;
} numbers[] = {
#define COUNT(key)                                             \
	{                                                      \
#key, offsetof(struct walk_counts, key), false \
	}
#define CYCLES(key, field)                                     \
	{                                                      \
		key, offsetof(struct walk_cycles, field), true \
	}
	COUNT(accesses),
	COUNT(l1_hit),
	COUNT(l1_miss),
	COUNT(stlb_hit),
	COUNT(stlb_miss),
	COUNT(guest_refs),
	COUNT(host_refs),
	COUNT(host_refs_for_tables),
	COUNT(host_refs_for_data),
	COUNT(total_refs),
	COUNT(ntlb_lookup),
	COUNT(ntlb_hit),
	COUNT(data_pages),
	COUNT(table_pages),
	COUNT(mapped_pages),
	COUNT(guest_frames),
	COUNT(process_accesses),
	COUNT(updates),
	COUNT(invlpgs),
	COUNT(cr3_writes),
	COUNT(exits),
	COUNT(synced_tables),
	COUNT(tag_lookups),
	COUNT(tag_misses),
	COUNT(revokes),
	COUNT(boot_host_refs),
	CYCLES("base_cycles", base),
	CYCLES("walk_cycles", walk),
	CYCLES("stlb_cycles", stlb),
	CYCLES("tag_cycles", tags),
	CYCLES("translation_cycles", translation),
	CYCLES("exit_cycles", exits),
	CYCLES("revoke_cycles", revokes),
	CYCLES("total_cycles", total),
	CYCLES("translation_ppm", translation_ppm),
};

enum { NUMBERS = sizeof(numbers) / sizeof(*numbers), OBJECTS = 4, NAMES = 2 };

static uint64_t number_of(const struct walk_row *row, size_t i)
{
	const char *base = numbers[i].is_cycles ? (const char *)&row->cycles
						: (const char *)&row->counts;
	uint64_t v;
	memcpy(&v, base + numbers[i].offset, sizeof(v));
	return v;
}

static void list_json(struct report *r, const struct walk_answer *a)
{
	static const char *const objects[OBJECTS] = { "guest_refs_level", "host_refs_level",
						      "guest_start_level", "walk_refs_hist" };
	struct report_column columns[NAMES + NUMBERS + 1 + OBJECTS] = {
		{ "design", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
		{ "mode", NULL, REPORT_TEXT, REPORT_EVERYWHERE },
	};
	unsigned n = NAMES;
	for (size_t i = 0; i < NUMBERS; i++)
		columns[n++] = (struct report_column){ numbers[i].key, NULL, REPORT_U64, 0 };
	columns[n++] = (struct report_column){ "over_native_ppm", NULL, REPORT_U64, 0 };
	for (size_t i = 0; i < OBJECTS; i++)
		columns[n++] = (struct report_column){ objects[i], NULL, REPORT_LIST, 0 };
	report_table(r, "rows", NULL, columns, n);
	for (size_t k = 0; k < a->nrows; k++) {
		const struct walk_row *row = &a->rows[k], *native = walk_native(a, row);
		const struct walk_counts *c = &row->counts;
		const unsigned levels = PAGETABLE_LEVELS_MAX + 1;
		char text[OBJECTS][OBJECT_BYTES];
		struct report_value v[NAMES + NUMBERS + 1 + OBJECTS] = {
			REPORT_S(row->design->name),
			REPORT_S(walk_mode_names[row->design->config.mode]),
		};
		n = NAMES;
		for (size_t i = 0; i < NUMBERS; i++)
			v[n++] = REPORT_U(number_of(row, i));
		v[n++] = native ? REPORT_U(quantity_ratio_ppm(row->cycles.total,
							      native->cycles.total))
				: REPORT_NULL();
		v[n++] = REPORT_S(object_text(c->guest_refs_level, levels, true, text[0]));
		v[n++] = REPORT_S(object_text(c->host_refs_level, levels, true, text[1]));
		v[n++] = REPORT_S(object_text(c->guest_start_level, levels, true, text[2]));
		v[n] = REPORT_S(object_text(c->walk_refs_hist, WALK_REFS_MAX + 1, false, text[3]));
		report_row(r, v);
	}
}

/* ---- for people ---- */

static const struct report_column columns[] = {
	{ "design", NULL, REPORT_TEXT, 0 },
	{ "walks", NULL, REPORT_U64, 0 },
	{ "guest_refs", "guest refs", REPORT_U64, 0 },
	{ "host_refs", "host refs", REPORT_U64, 0 },
	{ "refs_a_walk", "refs/walk", REPORT_TEXT, 0 },
	{ "cycles_a_walk", "cycles/walk", REPORT_U64, 0 },
	{ "exits", NULL, REPORT_U64, 0 },
	{ "translation_ppm", "translation", REPORT_PPM, 0 },
	{ "over_native", "vs native", REPORT_TEXT, 0 },
};

static void show_row(struct report *r, const struct walk_answer *a, const struct walk_row *row)
{
	const struct walk_counts *c = &row->counts;
	const struct walk_row *native = walk_native(a, row);
	const struct quantity_text refs = walk_ratio(c->total_refs, c->stlb_miss);
	const struct quantity_text over =
		walk_ratio(row->cycles.total, native ? native->cycles.total : 0);
	report_row(r, (struct report_value[]){
			      REPORT_S(row->design->name), REPORT_U(c->stlb_miss),
			      REPORT_U(c->guest_refs), REPORT_U(c->host_refs), REPORT_S(refs.s),
			      REPORT_U(c->stlb_miss ? row->cycles.walk / c->stlb_miss : 0),
			      REPORT_U(c->exits), REPORT_U(row->cycles.translation_ppm),
			      REPORT_S(over.s) });
}

static void list_tries(struct report *r, const struct walk_tries *t)
{
	static const struct report_column tried[] = {
		{ "input", NULL, REPORT_TEXT, 0 },
		{ "from", NULL, REPORT_TEXT, 0 },
		{ "fast", "faster", REPORT_TEXT, 0 },
		{ "slow", "slower", REPORT_TEXT, 0 },
		{ "slow_over_fast_ppm", "times", REPORT_PPM, 0 },
	};
	report_table(r, "inputs", "Guesses at other values", tried, 5);
	for (size_t i = 0; i < t->n; i++)
		report_row(r, (struct report_value[]){ REPORT_S(t->all[i].input),
						       REPORT_S(t->all[i].from),
						       REPORT_S(t->fast->design->name),
						       REPORT_S(t->slow->design->name),
						       REPORT_U(t->all[i].ratio_ppm) });
}

void walk_report(struct report *r, const struct walk_answer *a, bool is_json, bool is_verbose)
{
	if (is_json) {
		walk_show_calibration(r, a);
		list_json(r, a);
		if (a->tries)
			list_tries(r, a->tries);
		return;
	}
	walk_verdict(r, a);
	report_table(r, "rows",
		     "By design (translation: share of the time, exits to the host with it)",
		     columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < a->nrows; i++)
		show_row(r, a, &a->rows[i]);
	walk_outlook(r, a);
	if (is_verbose && a->tries)
		list_tries(r, a->tries);
}

/* ---- what was taken for granted ---- */

/* Designs differ in their mode at least: that alone is no reason to list one again. */
static bool is_listed(const struct walk_answer *a, size_t design)
{
	const struct param_set *s = &a->rows[design].design->set;
	for (size_t i = 0; i < design; i++) {
		const struct param_set *before = &a->rows[i].design->set;
		bool is_same = true;
		for (size_t k = 0; k < s->n && is_same; k++)
			is_same = !strcmp(s->entries[k].param->name, "mode")
					  ? true
					  : !strcmp(s->entries[k].text ? s->entries[k].text : "",
						    before->entries[k].text
							    ? before->entries[k].text
							    : "");
		if (is_same)
			return true;
	}
	return false;
}

void walk_assumptions(FILE *out, struct report *r, const struct walk_answer *a)
{
	if (r)
		params_report_begin(r);
	for (size_t i = 0; i < a->nrows; i++) {
		const struct walk_design *d = a->rows[i].design;
		if (is_listed(a, i))
			continue;
		if (r) {
			params_report_values(r, d->name, &d->set);
			continue;
		}
		fprintf(out, "%s; design %s\n", i ? "\n" : "", d->name);
		params_print_values(out, &d->set);
	}
}
