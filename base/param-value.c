// SPDX-License-Identifier: MIT
/* Values of parameters by type: parsing, bounds, storing, and the canonical text. */
#include "base/param-value.h"
#include "base/nearest.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *name, const char *ending)
{
	const size_t n = strlen(name), m = strlen(ending);

	return n > m && !strcmp(name + n - m, ending);
}

/* The factor of a bare number when the name says its unit; 0 if it does not. */
static uint64_t unit_of_name(const struct param *p)
{
	switch (p->type) {
	case PARAM_NS:
		return ends_in(p->name, "_ns")   ? 1
		       : ends_in(p->name, "_us") ? NS_PER_US
		       : ends_in(p->name, "_ms") ? NS_PER_MS
		       : ends_in(p->name, "_s")  ? NS_PER_SEC
						 : 0;
	case PARAM_PPM:
		return ends_in(p->name, "_ppm");
	case PARAM_RATE:
		return ends_in(p->name, "_per_s");
	default:
		return 0;
	}
}

/* A bare number in the unit of the name: true if it is one. */
static bool parse_bare(const struct param *p, const char *text, struct param_parsed *out)
{
	const uint64_t factor = unit_of_name(p);
	uint64_t v;

	if (!factor || quantity_parse_count(text, &v, NULL) ||
	    __builtin_mul_overflow(v, factor, &v))
		return false;
	*out = (struct param_parsed){ .number = v, .per_ns = NS_PER_SEC };
	return true;
}

static int parse_bool(const char *text, uint64_t *out, struct err *e)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i])) {
			*out = i % 2;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "'%.60s' is neither yes nor no", text);
}

static int parse_choice(const struct param *p, const char *text, uint64_t *out, struct err *e)
{
	char all[160] = "";
	size_t n = 0, used = 0;

	for (; p->choices[n]; n++) {
		if (!strcmp(p->choices[n], text)) {
			*out = n;
			return 0;
		}
		const int len = used < sizeof(all) ? snprintf(all + used, sizeof(all) - used,
							      "%s%s", n ? ", " : "", p->choices[n])
						   : 0;
		used += len > 0 ? (size_t)len : 0;
	}
	const char *near = nearest_word(text, p->choices, n);
	if (near)
		return err_set(e, ERR_USAGE, "no '%.50s': did you mean '%s'?", text, near);
	return err_set(e, ERR_USAGE, "'%.50s' is none of %s", text, all);
}

int param_value_parse(const struct param *p, const char *text, struct param_parsed *out,
		      struct err *e)
{
	struct quantity q = {};
	struct rate r = {};
	int err = 0;

	*out = (struct param_parsed){ .text = text };
	if (parse_bare(p, text, out))
		return 0;
	switch (p->type) {
	case PARAM_U64:
		return quantity_parse_count(text, &out->number, e);
	case PARAM_BYTES:
		return quantity_parse_bytes(text, &out->number, e);
	case PARAM_NS:
		return quantity_parse_ns(text, &out->number, e);
	case PARAM_PPM:
		return quantity_parse_ppm(text, &out->number, e);
	case PARAM_QUANTITY:
		err = quantity_parse(text, &q, e);
		*out = (struct param_parsed){ .number = q.value, .is_ppm = q.is_ppm };
		return err;
	case PARAM_RATE:
		err = quantity_parse_rate(text, &r, e);
		*out = (struct param_parsed){ .number = r.count, .per_ns = r.per_ns };
		return err;
	case PARAM_BOOL:
		return parse_bool(text, &out->number, e);
	case PARAM_CHOICE:
		return parse_choice(p, text, &out->number, e);
	case PARAM_TEXT:
		return 0;
	case PARAM_DIST:
		return dist_parse(text, &out->dist, e);
	}
	return err_set(e, ERR_BUG, "parameter type %d", (int)p->type);
}

struct quantity_text param_show_number(const struct param *p, uint64_t v)
{
	switch (p->type) {
	case PARAM_BYTES:
		return quantity_bytes(v);
	case PARAM_NS:
		return quantity_ns(v);
	case PARAM_PPM:
		return quantity_ppm(v);
	default:
		return quantity_count(v);
	}
}

static int check_bounds(const struct param *p, const char *text, const struct param_parsed *v,
			struct err *e)
{
	const bool has_bounds = p->type <= PARAM_RATE && !v->is_ppm;

	if (!has_bounds || (v->number >= p->min && (!p->max || v->number <= p->max)))
		return 0;
	if (!p->max)
		return err_set(e, ERR_USAGE, "%.60s is less than %s", text,
			       param_show_number(p, p->min).s);
	return err_set(e, ERR_USAGE, "%.60s is not between %s and %s", text,
		       param_show_number(p, p->min).s, param_show_number(p, p->max).s);
}

int param_value_store(const struct param *p, const char *text, void *base, struct err *e)
{
	struct param_parsed v;
	int err = param_value_parse(p, text, &v, e);

	if (!err)
		err = check_bounds(p, text, &v, e);
	if (err || !base)
		return err;

	void *field = (char *)base + p->offset;
	switch (p->type) {
	case PARAM_U64:
	case PARAM_BYTES:
	case PARAM_NS:
	case PARAM_PPM:
		*(uint64_t *)field = v.number;
		break;
	case PARAM_QUANTITY:
		*(struct quantity *)field = (struct quantity){ v.number, v.is_ppm };
		break;
	case PARAM_RATE:
		*(struct rate *)field = (struct rate){ v.number, v.per_ns };
		break;
	case PARAM_BOOL:
		*(bool *)field = v.number;
		break;
	case PARAM_CHOICE:
		*(int *)field = (int)v.number;
		break;
	case PARAM_TEXT:
		*(const char **)field = text;
		break;
	case PARAM_DIST:
		*(struct dist *)field = v.dist;
		break;
	}
	return 0;
}

/* ---- canonical text ---- */

/* Text that grows; failed once memory is out. */
struct growing {
	char *text;
	size_t n, cap;
	bool has_failed;
};

static void append_text(struct growing *g, const char *text)
{
	const size_t n = strlen(text) + 1;

	if (g->has_failed)
		return;
	if (g->cap - g->n < n) {
		const size_t cap = 2 * g->cap + n + 64;
		char *bigger = realloc(g->text, cap);
		if (!bigger) {
			g->has_failed = true;
			return;
		}
		g->text = bigger;
		g->cap = cap;
	}
	memcpy(g->text + g->n, text, n);
	g->n += n - 1;
}

static void append_number(struct growing *g, uint64_t v, const char *unit)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, v);
	append_text(g, digits);
	append_text(g, unit);
}

static void append_canonical(struct growing *g, const struct param_entry *entry)
{
	const struct param *p = entry->param;
	struct param_parsed v;

	if (param_value_parse(p, entry->text, &v, NULL))
		return; /* cannot be: it was parsed when it was given */
	append_text(g, p->section);
	append_text(g, ".");
	append_text(g, p->name);
	append_text(g, "=");
	if (p->type == PARAM_TEXT)
		append_text(g, v.text);
	else if (p->type == PARAM_DIST)
		append_text(g, dist_show(&v.dist).s);
	else if (p->type == PARAM_CHOICE)
		append_text(g, p->choices[v.number]);
	else if (p->type == PARAM_BOOL)
		append_text(g, v.number ? "yes" : "no");
	else
		append_number(g, v.number, v.is_ppm ? "ppm" : "");
	if (p->type == PARAM_RATE) {
		append_text(g, "/");
		append_number(g, v.per_ns, "ns");
	}
	append_text(g, "\n");
}

static int compare_entries(const void *a, const void *b)
{
	const struct param *x = (*(const struct param_entry *const *)a)->param;
	const struct param *y = (*(const struct param_entry *const *)b)->param;
	const int order = strcmp(x->section, y->section);

	return order ? order : strcmp(x->name, y->name);
}

char *param_canonical(const struct param_set *s)
{
	const struct param_entry **sorted = calloc(s->n ? s->n : 1, sizeof(*sorted));
	struct growing g = {};
	size_t n = 0;

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].kind != PARAM_UNSET &&
		    param_section_is_used(s, s->entries[i].param->section))
			sorted[n++] = &s->entries[i];
	qsort(sorted, n, sizeof(*sorted), compare_entries);
	append_text(&g, "");
	for (size_t i = 0; i < n; i++)
		append_canonical(&g, sorted[i]);
	free(sorted);
	if (!g.has_failed)
		return g.text;
	free(g.text);
	return NULL;
}
