// SPDX-License-Identifier: MIT
/*
 * The screen of pugmark report --compare: the verdict, what was not compared,
 * then the figures that differ. What all their configurations share stands above
 * the table; those within noise are for --verbose and JSON.
 */
#include "reports/compare.h"

#include "base/cleanup.h"
#include "base/quantity.h"
#include "reports/section.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN_ROWS = 30 };

/* What is beyond noise first, large changes before small ones. */
static int by_weight(const void *x, const void *y)
{
	const struct difference *a = x, *b = y;
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict ? -1 : 1;
	if (a->change_ppm != b->change_ppm)
		return a->change_ppm > b->change_ppm ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

/* ---- sentences ---- */

/* "Only in the old file: cache 6 figures of 4 configurations, as policy=lru, size_pages=2." */
static void show_alone(struct report *r, const char *which, const struct alone *list)
{
	for (const struct alone *a = list; a < list + COMMANDS_MAX && a->command; a++)
		report_text(
			r, "Only in the %s file: %s, %s figure%s of %s configuration%s%s%.120s.",
			which, a->command, quantity_count(a->figures).s, a->figures == 1 ? "" : "s",
			quantity_count(a->configs).s, a->configs == 1 ? "" : "s",
			!*a->example      ? ""
			: a->configs == 1 ? ": "
					  : ", as ",
			a->example);
}

static void show_verdict(struct report *r, const struct comparison *c)
{
	const uint64_t *n = c->counts;
	const uint64_t all = n[0] + n[1] + n[2] + n[3];
	if (*c->why)
		report_text(r,
			    "No question is in both files: %s. Compared are configurations that "
			    "are otherwise the same.",
			    c->why);
	if (!n[NOISE_BEYOND] && !n[NOISE_UNKNOWN])
		report_text(r,
			    "NO CHANGE beyond noise: %s figures are the same, %s differ as much "
			    "as their seeds do.",
			    quantity_count(n[NOISE_SAME]).s, quantity_count(n[NOISE_WITHIN]).s);
	else
		report_text(r,
			    "CHANGED: of %s figures %s differ beyond the noise of their seeds "
			    "(99 %%), %s within it; %s are the same.",
			    quantity_count(all).s, quantity_count(n[NOISE_BEYOND]).s,
			    quantity_count(n[NOISE_WITHIN]).s, quantity_count(n[NOISE_SAME]).s);
	if (n[NOISE_BEYOND])
		report_text(r, "Of as many that differ %s would by chance.",
			    quantity_count((n[NOISE_BEYOND] + n[NOISE_WITHIN] + 99) / 100).s);
	if (n[NOISE_UNKNOWN])
		report_text(r,
			    "%s differ under one seed: noise is not known (run both with --seed "
			    "1,2,3,..).",
			    quantity_count(n[NOISE_UNKNOWN]).s);
	if (c->only_old || c->only_new)
		report_text(r, "Not compared: %s figures only in the old file, %s only in the new.",
			    quantity_count(c->only_old).s, quantity_count(c->only_new).s);
	show_alone(r, "old", c->old_alone);
	show_alone(r, "new", c->new_alone);
}

/* ---- the table ---- */

static const struct report_column columns[] = {
	{ "noise", "is it noise", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "command", NULL, REPORT_TEXT, 0 },
	{ "trace", NULL, REPORT_TEXT, 0 },
	{ "configuration", NULL, REPORT_TEXT, 0 },
	{ "metric", NULL, REPORT_TEXT, REPORT_ONLY_JSON },
	{ "metric_text", "metric", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "bucket", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "old_text", "old", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "new_text", "new", REPORT_TEXT, REPORT_ONLY_TABLE },
	{ "old", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "new", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "difference", NULL, REPORT_I64, REPORT_ONLY_JSON },
	{ "change_ppm", "change", REPORT_CHANGE, 0 },
	{ "old_seeds", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "new_seeds", NULL, REPORT_U64, REPORT_ONLY_JSON },
	{ "is_beyond_noise", NULL, REPORT_BOOL, REPORT_ONLY_JSON },
};

static void show_row(struct report *r, const struct difference *d, const char *config)
{
	const enum report_type type = section_type_of(d->metric, false);
	_free_ char *old = report_value_text(type, &REPORT_I(d->old));
	_free_ char *new = report_value_text(type, &REPORT_I(d->new));
	int64_t difference;
	char at_bucket[120];
	const char *metric = d->bucket ? at_bucket : d->metric;
	const bool is_too_far = __builtin_sub_overflow(d->new, d->old, &difference);
	const bool is_known = d->verdict != NOISE_UNKNOWN;
	const struct report_value change = d->change_ppm == UINT64_MAX ? REPORT_NULL()
					   : d->new < d->old ? REPORT_I(-(int64_t)d->change_ppm)
							     : REPORT_I((int64_t)d->change_ppm);
	if (d->bucket)
		snprintf(at_bucket, sizeof(at_bucket), "%s at %" PRId64, d->metric, d->bucket);
	report_row(r, (struct report_value[]){
			      REPORT_S(noise_verdict_names[d->verdict]), REPORT_S(d->command),
			      REPORT_S(d->trace), REPORT_S(config), REPORT_S(d->metric),
			      REPORT_S(metric), REPORT_I(d->bucket), REPORT_S(old), REPORT_S(new),
			      REPORT_I(d->old), REPORT_I(d->new),
			      is_too_far ? REPORT_NULL() : REPORT_I(difference), change,
			      REPORT_U(d->old_seeds), REPORT_U(d->new_seeds),
			      is_known ? REPORT_B(d->verdict == NOISE_BEYOND) : REPORT_NULL() });
}

/* "policy=lru, cpu=cold": the part at p, its length; where the next one begins, or NULL. */
static const char *next_part(const char *p, size_t *len_out)
{
	const char *end = strstr(p, ", ");
	*len_out = end ? (size_t)(end - p) : strlen(p);
	return end ? end + 2 : NULL;
}

static bool has_part(const char *config, const char *part, size_t len)
{
	for (const char *p = config; p;) {
		size_t n;
		const char *next = next_part(p, &n);
		if (n == len && !memcmp(p, part, len))
			return true;
		p = next;
	}
	return false;
}

/* Parts of a configuration that are in all n of the list, or those that are not; caller frees. */
static char *parts_of(const char *config, const struct difference *list, size_t n, bool shared)
{
	char *out = NULL;
	size_t bytes;
	FILE *f = open_memstream(&out, &bytes);
	for (const char *p = config; f && p;) {
		size_t len, i = 0;
		const char *next = next_part(p, &len);
		while (i < n && has_part(list[i].config, p, len))
			i++;
		if (len && (i == n) == shared)
			fprintf(f, "%s%.*s", ftell(f) ? ", " : "", (int)len, p);
		p = next;
	}
	if (f)
		fclose(f);
	return out;
}

static void show_table(struct report *r, const struct cli *cli, const struct comparison *c)
{
	const uint64_t worth = c->counts[NOISE_BEYOND] + c->counts[NOISE_UNKNOWN];
	const bool is_all = cli->is_json || cli->is_verbose;
	const size_t most = is_all ? c->n : worth < SCREEN_ROWS ? (size_t)worth : SCREEN_ROWS;
	const bool has_shared = !cli->is_json && most > 1;
	_free_ char *shared = has_shared ? parts_of(c->list->config, c->list, most, true) : NULL;
	if (!is_all && most < c->n)
		report_text(r, "--verbose shows all %s figures that differ, also within noise.",
			    quantity_count(c->n).s);
	if (!most && !cli->is_json)
		return;
	if (shared && *shared)
		report_text(r, "All have %s.", shared);
	report_table(r, "rows",
		     is_all         ? "What differs"
		     : most < worth ? "What differs most"
				    : "What differs beyond noise, or may",
		     columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < most; i++) {
		_free_ char *own = has_shared ? parts_of(c->list[i].config, c->list, most, false)
					      : NULL;
		show_row(r, &c->list[i], own ? own : c->list[i].config);
	}
}

/* ---- by metric ---- */

struct moved {
	const char *command, *metric;
	uint64_t n, rose;
	uint64_t least_ppm, most_ppm; /* of the size of a change; UINT64_MAX: from 0 */
};

/* What differs beyond noise, or may; the list is in order of weight. */
static size_t sum_up(const struct comparison *c, struct moved *out)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct difference *d = &c->list[i];
		size_t k = 0;
		if (d->verdict == NOISE_WITHIN)
			break;
		while (k < n &&
		       (strcmp(out[k].command, d->command) || strcmp(out[k].metric, d->metric)))
			k++;
		if (k == n)
			out[n++] = (struct moved){ .command = d->command,
						   .metric = d->metric,
						   .least_ppm = UINT64_MAX };
		struct moved *m = &out[k];
		m->n++;
		m->rose += d->new > d->old;
		m->least_ppm = d->change_ppm < m->least_ppm ? d->change_ppm : m->least_ppm;
		m->most_ppm = d->change_ppm > m->most_ppm ? d->change_ppm : m->most_ppm;
	}
	return n;
}

static struct report_value size_of_change(uint64_t ppm)
{
	return ppm == UINT64_MAX ? REPORT_NULL() : REPORT_U(ppm);
}

static int show_metrics(struct report *r, const struct comparison *c, struct err *e)
{
	static const struct report_column of_metrics[] = {
		{ "command", NULL, REPORT_TEXT, 0 },
		{ "metric", NULL, REPORT_TEXT, 0 },
		{ "differ", "figures that differ", REPORT_U64, 0 },
		{ "rose", NULL, REPORT_U64, 0 },
		{ "fell", NULL, REPORT_U64, 0 },
		{ "least_ppm", "by", REPORT_PPM, 0 },
		{ "most_ppm", "to", REPORT_PPM, 0 },
	};
	_free_ struct moved *list = calloc(c->n + 1, sizeof(*list));
	if (!list)
		return err_set(e, ERR_NOMEM, "no memory for the comparison");
	const size_t n = sum_up(c, list);
	if (!n)
		return 0;
	report_table(r, "metrics", "What changed", of_metrics,
		     sizeof(of_metrics) / sizeof(*of_metrics));
	for (size_t i = 0; i < n; i++) {
		const struct moved *m = &list[i];
		report_row(r, (struct report_value[]){
				      REPORT_S(m->command), REPORT_S(m->metric), REPORT_U(m->n),
				      REPORT_U(m->rose), REPORT_U(m->n - m->rose),
				      size_of_change(m->least_ppm), size_of_change(m->most_ppm) });
	}
	return 0;
}

int compare_show(struct report *r, const struct cli *cli, struct comparison *c, struct err *e)
{
	if (c->n)
		qsort(c->list, c->n, sizeof(*c->list), by_weight);
	report_member_u64(r, "same", c->counts[NOISE_SAME]);
	report_member_u64(r, "within_noise", c->counts[NOISE_WITHIN]);
	report_member_u64(r, "beyond_noise", c->counts[NOISE_BEYOND]);
	report_member_u64(r, "noise_not_known", c->counts[NOISE_UNKNOWN]);
	report_member_u64(r, "only_old", c->only_old);
	report_member_u64(r, "only_new", c->only_new);
	if (*c->why)
		report_member_text(r, "designs", c->why);
	show_verdict(r, c);
	const int rc = show_metrics(r, c, e);
	if (!rc && (c->n || cli->is_json))
		show_table(r, cli, c);
	return rc;
}
